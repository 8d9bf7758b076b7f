/* SPDX-License-Identifier: Apache-2.0
 *
 * assay bisect: finds the commit of a git history that made a suite's answers worse. */
#include <stdio.h>

#include "app/bisect.h"
#include "cli/command.h"
#include "cli/model_dir.h"
#include "report/bisect.h"
#include "shell/net/loop.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "shell/os/signals.h"
#include "shell/os/terminal.h"

enum { BISECT_BYTES_MAX = 256 << 20 };

struct bisect_command_options {
    struct common_options common;
    const char *config;
    const char *suite;
    const char *target;
    const char *good;
    const char *bad;
    struct option_list entries;
    struct option_list tags;
    struct option_list overrides;
    struct option_list outputs;
    const char *format;
    int64_t calls_max;
    int64_t cost_nano_usd_max;
    int64_t repeat;
    int64_t concurrency;
    int64_t seed;
    bool restart;
};

#define AT(member) offsetof(struct bisect_command_options, member)
#define SEED_MAX (((int64_t)1 << 53) - 1)

static const struct option items[] = {
    {"good", 0, OPTION_TEXT, "REV", AT(good), "a commit, tag or branch whose prompts were good",
     NULL, 0, 0},
    {"bad", 0, OPTION_TEXT, "REV", AT(bad), "one whose prompts are worse (default: HEAD)", NULL, 0,
     0},
    {"config", 'c', OPTION_TEXT, "FILE", AT(config),
     "the configuration (default: assay.yaml in this folder)", NULL, 0, 0},
    {"suite", 's', OPTION_TEXT, "SUITE", AT(suite), "which suite, where there are several", NULL, 0,
     0},
    {"target", 't', OPTION_TEXT, "TARGET", AT(target), "ask this target instead of the suite's",
     NULL, 0, 0},
    {"entry", 0, OPTION_LIST, "ID", AT(entries), "only this entry; repeatable", NULL, 0, 0},
    {"filter", 0, OPTION_LIST, "TAG", AT(tags), "only entries with this tag; repeatable", NULL, 0,
     0},
    {"repeat", 'n', OPTION_INT, "K", AT(repeat),
     "answers to each entry at each end (default: 15 in all, at least 3)", NULL, 1, 1000},
    {"max-calls", 0, OPTION_INT, "N", AT(calls_max),
     "ask so many questions at most (default: 500 more than comparing the ends takes)", NULL, 1,
     1000000000},
    {"max-cost", 0, OPTION_DOLLARS, "D", AT(cost_nano_usd_max), "spend so many dollars at most",
     NULL, 0, 0},
    {"restart", 0, OPTION_FLAG, NULL, AT(restart), "forget what an earlier search found out", NULL,
     0, 0},
    {"set", 0, OPTION_LIST, "KEY=VALUE", AT(overrides),
     "override one setting at every commit, like suites.manga.concurrency=5; repeatable", NULL, 0,
     0},
    {"jobs", 'j', OPTION_INT, "N", AT(concurrency), "at most so many questions at once", NULL, 1,
     10000},
    {"seed", 0, OPTION_INT, "N", AT(seed), "of everything that is drawn by chance", NULL, 0,
     SEED_MAX},
    {"format", 'f', OPTION_CHOICE, "FORMAT", AT(format),
     "what goes to standard output: text, json, markdown", "text,json,markdown", 0, 0},
    {"output", 'o', OPTION_LIST, "FORMAT=FILE", AT(outputs),
     "also write a report to a file, like json=bisect.json; repeatable", NULL, 0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct searching {
    struct cli *cli;
    const struct bisect_command_options *options;
    struct arena arena;
    struct host host;
    struct bisect_run *run;
    bool shows;
    size_t shown; /* of progress, to clear the line */
};

/* ---- progress ------------------------------------------------------------------------------- */

static void clear_progress(struct searching *searching)
{
    if (searching->shown > 0)
        fprintf(stderr, "\r%*s\r", (int)searching->shown, "");
    searching->shown = 0;
}

static void show_progress(void *context, const struct bisect_progress *progress)
{
    static const char *const phases[] = {
        [BISECT_SURVEY_GOOD] = "the good end", [BISECT_SURVEY_BAD] = "the bad end",
        [BISECT_CALIBRATE] = "both ends",      [BISECT_PROBE] = "searching",
        [BISECT_CONFIRM] = "confirming",       [BISECT_ENDED] = "done",
    };
    struct searching *searching = context;

    if (!searching->shows)
        return;
    clear_progress(searching);
    int len = fprintf(stderr, "%s: %llu asked", phases[progress->phase],
                      (unsigned long long)progress->calls);
    if (progress->credible > 0 && len > 0)
        len += fprintf(stderr, ", %zu commits left, the likeliest %.3f", progress->credible,
                       progress->posterior);
    searching->shown = len > 0 ? (size_t)len : 0;
    fflush(stderr);
}

static void on_signal(void *context, int number)
{
    struct searching *searching = context;

    (void)number;
    clear_progress(searching);
    fputs("assay: stopping; what is known is reported, the same command goes on (Ctrl-C again ends "
          "at once)\n",
          stderr);
    bisect_run_interrupt(searching->run);
}

/* ---- reports -------------------------------------------------------------------------------- */

static int check_outputs(const struct bisect_command_options *options, struct err *reterr)
{
    for (size_t i = 0; i < options->outputs.count; i++) {
        struct view rest = view_of(options->outputs.items[i]);
        struct view format = view_split(&rest, '=');
        if (rest.len == 0 || report_bisect_format(format) == NULL)
            return fail(reterr, ERR_USAGE,
                        "--output: '%s' must be FORMAT=FILE with text, json or markdown, like "
                        "json=bisect.json",
                        options->outputs.items[i]);
    }
    return 0;
}

static int write_output(const struct bisect_report *report, const char *output, struct err *reterr)
{
    struct view rest = view_of(output);
    struct view format = view_split(&rest, '=');
    struct strbuf text;

    strbuf_init(&text, BISECT_BYTES_MAX);
    report_bisect_format(format)->write(report, ASSAY_VERSION, &text);
    int code = strbuf_status(&text);
    code = code == 0 ? file_write(rest.ptr, strbuf_view(&text), reterr)
                     : fail(reterr, code, "%s: this report is too large", rest.ptr);
    strbuf_release(&text);
    return code;
}

static int report(struct searching *searching)
{
    const struct bisect_report *found = NULL;
    const struct option_list *outputs = &searching->options->outputs;
    struct err err = {0};
    struct strbuf text;

    int code = bisect_run_report(searching->run, &found, &err);
    if (code != 0)
        return command_fail(searching->cli, code, &err);
    int status = found->exit_status;
    for (size_t i = 0; i < outputs->count; i++) {
        code = write_output(found, outputs->items[i], &err);
        if (code == 0)
            continue;
        int failed = command_fail(searching->cli, code, &err);
        status = status == 0 ? failed : status;
    }
    strbuf_init(&text, BISECT_BYTES_MAX);
    report_bisect_format(view_of(searching->options->format))->write(found, ASSAY_VERSION, &text);
    int printed = command_print(searching->cli, &text);
    strbuf_release(&text);
    return status == 0 ? printed : status;
}

/* ---- the search ----------------------------------------------------------------------------- */

static int search(struct searching *searching)
{
    struct err err = {0};
    int code = signals_start(searching->host.loop, on_signal, searching, &err);

    if (code == 0) {
        code = bisect_run_go(searching->run, &err);
        signals_stop();
    }
    clear_progress(searching);
    if (code == 0)
        return report(searching);
    int failed = command_fail(searching->cli, code, &err);
    (void)report(searching); /* what is known; why it ended says how */
    return failed;
}

static int open_run(struct searching *searching, const struct plan_options *plan, struct err *err)
{
    const struct bisect_command_options *options = searching->options;
    struct strbuf program;

    strbuf_init(&program, 4096);
    int code = env_program(&program, err);
    struct bisect_run_options wish = {
        .plan = plan,
        .good = options->good,
        .bad = options->bad,
        .repeat = (uint32_t)options->repeat,
        .calls_max = (uint64_t)options->calls_max,
        .cost_nano_usd_max = options->cost_nano_usd_max,
        .restart = options->restart,
        .model_dir = model_dir_find(&searching->arena),
        .dictionary_dir = dictionary_dir_named(&searching->arena),
        .program = arena_string(&searching->arena, strbuf_view(&program)),
        .assay_version = ASSAY_VERSION,
        .progress = show_progress,
        .progress_context = searching,
    };
    strbuf_release(&program);
    if (code == 0)
        code = host_open(&searching->host, err);
    if (code == 0)
        code = bisect_run_new(&wish, &searching->host, &searching->run, err);
    return code;
}

static int carry_out(struct searching *searching)
{
    const struct bisect_command_options *options = searching->options;
    const struct plan_options plan = {
        .config = options->config,
        .suite = options->suite,
        .target = options->target,
        .ids = options->entries.items,
        .id_count = options->entries.count,
        .tags = options->tags.items,
        .tag_count = options->tags.count,
        .overrides = options->overrides.items,
        .override_count = options->overrides.count,
        .concurrency = options->concurrency,
        .seed = options->seed,
    };
    struct err err = {0};

    int code = open_run(searching, &plan, &err);
    return code == 0 ? search(searching) : command_fail(searching->cli, code, &err);
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct bisect_command_options options = {.format = "text", .bad = "HEAD", .seed = -1};
    struct searching searching = {.cli = cli, .options = &options};
    struct operands operands;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    int code = check_outputs(&options, &err);
    if (operands.count > 0)
        code = fail(&err, ERR_USAGE, "'%s' is not understood here: bisect takes options only",
                    operands.items[0]);
    else if (options.good == NULL)
        code = fail(&err, ERR_USAGE,
                    "say which commit was good: --good REV (a tag, a branch, HEAD~20, a hash)");
    if (code != 0)
        return command_fail(cli, code, &err);
    searching.shows = !cli->quiet && terminal_is(2);
    arena_init(&searching.arena, 64 << 20);
    status = carry_out(&searching);
    bisect_run_free(searching.run);
    host_close(&searching.host);
    arena_release(&searching.arena);
    return status;
}

const struct command command_bisect = {
    .name = "bisect",
    .summary = "finds the commit that made answers worse in a git history of prompts",
    .operands = "--good REV",
    .details =
        "Between a good and a bad commit, finds the one from which on answers are worse, although "
        "the same question may pass once and fail the next time. Prompts, templates, parameters, "
        "models, schemas and settings are read from each commit; the entries and what they expect "
        "are those of the work tree, matched by id. Nothing is checked out: work tree, index and "
        "stash stay as they are.\n"
        "\n"
        "One answer passes when no check of weight fails that the good end's answers passed, and "
        "its score is less than a major drop (.10) below theirs. First both ends are compared; "
        "where they do not differ measurably nothing is searched. Then the commit is asked whose "
        "answer tells most, by the entries that fell, until one commit has a probability of .95; "
        "that one is checked on all entries it changed.\n"
        "\n"
        "Commits that ask the same as the one before cannot be at fault and cost nothing; commits "
        "that do not load are skipped and named; of merges the line of first parents is followed. "
        "State lies in .assay/bisect: the same command goes on where an earlier one ended.\n"
        "\n"
        "Exit status: 0 found; 1 not found within the budget, or the ends do not differ (the "
        "report says which); 2 usage or configuration; 3 a target, store or git could not be used; "
        "130 interrupted (what is known is reported).",
    .examples = "  assay bisect --good v1.4.0\n"
                "  assay bisect --good v1.4.0 --bad main --suite manga --max-cost 2.00\n"
                "  assay bisect --good HEAD~30 --entry rec-ja-001 -o json=bisect.json\n",
    .tables = {&table},
    .run = run,
};
