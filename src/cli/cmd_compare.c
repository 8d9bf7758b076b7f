/* SPDX-License-Identifier: Apache-2.0
 *
 * assay compare: two runs, versions, targets or files of answers side by side. */
#include <stdio.h>

#include "app/compare_run.h"
#include "app/pairwise.h"
#include "app/provenance.h"
#include "app/words.h"
#include "cli/command.h"
#include "cli/model_dir.h"
#include "cli/report_output.h"
#include "report/compare.h"
#include "shell/net/loop.h"
#include "shell/os/clock.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "shell/os/signals.h"
#include "shell/os/terminal.h"

enum { RUBRIC_BYTES_MAX = 1 << 20, PROGRESS_EVERY_NS = 100000000 };

#define SEED_MAX (((int64_t)1 << 53) - 1)

struct compare_command_options {
    struct common_options common;
    const char *config;
    const char *suite;
    struct option_list tags;
    struct option_list overrides;
    struct option_list outputs;
    const char *format;
    const char *by;
    const char *judge;
    const char *rubric;
    int64_t limit;
    int64_t repeat;
    int64_t concurrency;
    int64_t seed;
    int64_t max_cost_nano_usd;
    bool no_cache;
    bool dry_run;
    bool fail_if_worse;
};

#define AT(member) offsetof(struct compare_command_options, member)

static const struct option items[] = {
    {"config", 'c', OPTION_TEXT, "FILE", AT(config),
     "the configuration (default: assay.yaml in this folder)", NULL, 0, 0},
    {"suite", 's', OPTION_TEXT, "SUITE", AT(suite), "which suite, where there are several", NULL, 0,
     0},
    {"by", 0, OPTION_CHOICE, "WHAT", AT(by),
     "show one table alone: entry, tag, language, metric (default: all)",
     "entry,tag,language,metric", 0, 0},
    {"filter", 0, OPTION_LIST, "TAG", AT(tags),
     "only entries with this tag; repeatable, any counts", NULL, 0, 0},
    {"limit", 'l', OPTION_INT, "N", AT(limit), "show so many entries with their answers (10)", NULL,
     0, 1000000},
    {"repeat", 'n', OPTION_INT, "N", AT(repeat),
     "ask live sides so often, and the judge so many rounds (at most 25)", NULL, 1, 1000},
    {"judge", 0, OPTION_TEXT, "TARGET", AT(judge),
     "ask this target which answer of each entry is better, in both orders", NULL, 0, 0},
    {"rubric", 0, OPTION_TEXT, "TEXT", AT(rubric), "what the judge goes by; @FILE reads it", NULL,
     0, 0},
    {"max-cost", 0, OPTION_DOLLARS, "DOLLARS", AT(max_cost_nano_usd),
     "ask nothing more once both sides and the judge have cost so much", NULL, 0, 0},
    {"set", 0, OPTION_LIST, "KEY=VALUE", AT(overrides),
     "override one setting for both sides; repeatable", NULL, 0, 0},
    {"jobs", 'j', OPTION_INT, "N", AT(concurrency), "at most so many questions at once a side",
     NULL, 1, 10000},
    {"seed", 0, OPTION_INT, "N", AT(seed), "of everything that is drawn by chance", NULL, 0,
     SEED_MAX},
    {"format", 'f', OPTION_CHOICE, "FORMAT", AT(format),
     "what goes to standard output: text, json, markdown, html", "text,json,markdown,html", 0, 0},
    {"output", 'o', OPTION_LIST, "FORMAT=FILE", AT(outputs),
     "also write a report to a file, like markdown=comment.md; repeatable", NULL, 0, 0},
    {"no-cache", 0, OPTION_FLAG, NULL, AT(no_cache),
     "neither read nor keep embeddings: likeness by character n-grams", NULL, 0, 0},
    {"dry-run", 0, OPTION_FLAG, NULL, AT(dry_run),
     "tell what would be asked, how often and at what cost; ask nothing", NULL, 0, 0},
    {"fail-if-worse", 0, OPTION_FLAG, NULL, AT(fail_if_worse),
     "exit 1 where B is worse by any measure and more than chance explains", NULL, 0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct comparing {
    struct cli *cli;
    const struct compare_command_options *options;
    struct arena arena;
    struct host host;
    struct compare_run run;
    struct settings settings;
    struct pairwise *pairwise;
    struct words *words;
    const struct settings_target *judge;
    struct view rubric;
    struct err judge_err;
    bool is_interrupted;
    size_t shown; /* of progress, to clear the line */
    uint64_t told_ns;
};

/* ---- progress and signals -------------------------------------------------------------------- */

static void clear_progress(struct comparing *comparing)
{
    if (comparing->shown > 0)
        fputs("\r\033[K", stderr);
    comparing->shown = 0;
}

static bool may_tell(struct comparing *comparing)
{
    uint64_t now_ns = clock_now_ns();

    if (comparing->cli->quiet || !terminal_is(2) || now_ns - comparing->told_ns < PROGRESS_EVERY_NS)
        return false;
    comparing->told_ns = now_ns;
    comparing->shown = 1;
    return true;
}

static void show_progress(void *context, const struct golden_progress *progress)
{
    if (!may_tell(context))
        return;
    fprintf(stderr, "\r%zu of %zu answers", progress->answered, progress->total);
    if (progress->errors > 0)
        fprintf(stderr, ", %zu errors", progress->errors);
    fputs("\033[K", stderr);
    fflush(stderr);
}

static void show_judging(void *context, size_t done, size_t total)
{
    if (!may_tell(context))
        return;
    fprintf(stderr, "\r%zu of %zu verdicts\033[K", done, total);
    fflush(stderr);
}

static void on_signal(void *context, int number)
{
    struct comparing *comparing = context;

    (void)number;
    clear_progress(comparing);
    fputs("assay: stopping; what was measured is reported (Ctrl-C again ends at once)\n", stderr);
    comparing->is_interrupted = true;
    if (comparing->pairwise != NULL)
        pairwise_interrupt(comparing->pairwise);
    else
        compare_run_interrupt(&comparing->run);
}

static void on_ended(void *context)
{
    struct comparing *comparing = context;

    loop_stop(comparing->host.loop);
}

/* ---- plan ------------------------------------------------------------------------------------ */

static int check_outputs(const struct option_list *outputs, struct err *reterr)
{
    for (size_t i = 0; i < outputs->count; i++) {
        struct view rest = view_of(outputs->items[i]);
        struct view format = view_split(&rest, '=');
        if (rest.len == 0)
            return fail(reterr, ERR_USAGE, "--output: '%s' must be FORMAT=FILE, like json=out.json",
                        outputs->items[i]);
        if (compare_format_named(format) == NULL)
            return fail(reterr, ERR_USAGE, "--output: there is no format '%.*s', only %s",
                        VIEW_ARG(format), compare_format_names());
    }
    return 0;
}

static int read_rubric(struct comparing *comparing, struct err *reterr)
{
    const char *given = comparing->options->rubric;
    struct strbuf text;

    if (given == NULL)
        return 0;
    if (comparing->options->judge == NULL)
        return fail(reterr, ERR_USAGE, "--rubric is for a judge: say --judge TARGET");
    comparing->rubric = view_of(given);
    if (given[0] != '@')
        return 0;
    strbuf_init(&text, RUBRIC_BYTES_MAX);
    int code = file_read(given + 1, &text, reterr);
    if (code == 0 && arena_copy(&comparing->arena, strbuf_view(&text), &comparing->rubric) != 0)
        code = fail(reterr, ERR_MEMORY, "%s: no memory for this rubric", given + 1);
    strbuf_release(&text);
    if (code == 0 && view_trim(comparing->rubric).len == 0)
        code = fail(reterr, ERR_USAGE, "--rubric: %s is empty", given + 1);
    return code;
}

static int find_judge(struct comparing *comparing, struct err *reterr)
{
    const struct compare_command_options *options = comparing->options;

    int code = read_rubric(comparing, reterr);
    if (code != 0 || options->judge == NULL)
        return code;
    if (options->repeat > PAIRWISE_ROUNDS_MAX)
        return fail(reterr, ERR_USAGE, "--repeat: a judge is asked at most %d rounds",
                    PAIRWISE_ROUNDS_MAX);
    code = plan_settings(&comparing->arena, options->config, options->overrides.items,
                         options->overrides.count, &comparing->settings, reterr);
    if (code != 0)
        return code;
    comparing->judge = settings_target_of(&comparing->settings, view_of(options->judge));
    if (comparing->judge == NULL)
        return fail(reterr, ERR_CONFIG, "--judge: there is no target '%s'%s%.*s", options->judge,
                    comparing->settings.file.len > 0 ? " in " : "",
                    VIEW_ARG(comparing->settings.file));
    return 0;
}

static bool looks_live(const char *name)
{
    return strncmp(name, "target:", 7) == 0 || strncmp(name, "rev:", 4) == 0
           || strncmp(name, "set:", 4) == 0;
}

/* Each live side may spend its share of --max-cost; what is left is the judge's. */
static struct compare_side_options side_options_of(const struct compare_command_options *options,
                                                   const char *const names[2])
{
    int64_t live = (int64_t)looks_live(names[0]) + (int64_t)looks_live(names[1]);
    int64_t share_micro = live > 0 ? options->max_cost_nano_usd / live / 1000 : 0;

    return (struct compare_side_options){
        .config = options->config,
        .suite = options->suite,
        .tags = options->tags.items,
        .tag_count = options->tags.count,
        .overrides = options->overrides.items,
        .override_count = options->overrides.count,
        .repeat = options->repeat,
        .concurrency = options->concurrency,
        .seed = options->seed,
        .max_cost_micro = options->max_cost_nano_usd < 0 ? 0
                          : share_micro > 0              ? share_micro
                                                         : 1,
    };
}

/* What a revision and today's golden set do not share. */
static void tell_adopted(const struct comparing *comparing)
{
    for (int i = 0; i < 2; i++) {
        const struct compare_side *side = &comparing->run.sides[i];
        const struct adopted *adopted = &side->plan.adopted;
        for (size_t u = 0; side->has_plan && u < adopted->unmatched_count; u++)
            fprintf(stderr, "assay compare: %s: entry '%.*s' %s%.*s\n", side->name,
                    VIEW_ARG(adopted->unmatched[u].id),
                    adopted->unmatched[u].is_extra ? "is there alone, and is not asked"
                                                   : "is left out: ",
                    VIEW_ARG(adopted->unmatched[u].why));
    }
}

/* ---- run ------------------------------------------------------------------------------------- */

static int run_sides(struct comparing *comparing, struct err *reterr)
{
    struct strbuf program;
    struct golden_run_options options = {
        .kind = "test",
        .model_dir = model_dir_find(&comparing->arena),
        .dictionary_dir = dictionary_dir_named(&comparing->arena),
        .no_cache = comparing->options->no_cache,
        .progress = show_progress,
        .progress_context = comparing,
    };

    if (!compare_run_is_pending(&comparing->run))
        return 0;
    strbuf_init(&program, 4096);
    int code = env_program(&program, reterr);
    options.program = arena_string(&comparing->arena, strbuf_view(&program));
    strbuf_release(&program);
    if (code == 0)
        code = compare_run_start(&comparing->run, &comparing->host, &options, on_ended, comparing,
                                 reterr);
    if (code == 0)
        code = signals_start(comparing->host.loop, on_signal, comparing, reterr);
    if (code != 0)
        return code;
    loop_run(comparing->host.loop);
    signals_stop();
    clear_progress(comparing);
    return 0;
}

/* --max-cost less what the live sides cost. */
static int64_t left_for_judge(const struct comparing *comparing)
{
    int64_t left = comparing->options->max_cost_nano_usd;

    if (left < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        if (comparing->run.sides[i].is_live)
            left -= comparing->run.sides[i].result->cost_nano_usd;
    return left > 0 ? left : 0;
}

static int open_judge(struct comparing *comparing, struct err *reterr)
{
    const struct compare_command_options *options = comparing->options;
    struct pairwise_options pairwise = {
        .settings = &comparing->settings,
        .target = comparing->judge,
        .rubric = comparing->rubric,
        .rounds = options->repeat > 0 ? (size_t)options->repeat : 1,
        .at_once = (uint32_t)options->concurrency,
        .seed = options->seed > 0 ? (uint64_t)options->seed : 0,
        .max_cost_nano_usd = left_for_judge(comparing),
        .progress = show_judging,
        .progress_context = comparing,
    };

    return pairwise_new(&comparing->host, &comparing->run.comparison, &pairwise,
                        &comparing->pairwise, reterr);
}

static int run_judge(struct comparing *comparing, struct err *reterr)
{
    if (comparing->judge == NULL || comparing->is_interrupted)
        return 0;
    int code = open_judge(comparing, reterr);
    if (code == 0)
        code = signals_start(comparing->host.loop, on_signal, comparing, reterr);
    if (code != 0)
        return code;
    pairwise_start(comparing->pairwise, on_ended, comparing);
    loop_run(comparing->host.loop);
    signals_stop();
    clear_progress(comparing);
    return pairwise_finish(comparing->pairwise, &comparing->arena, reterr);
}

/* ---- print ----------------------------------------------------------------------------------- */

static enum compare_by by_of(const char *by)
{
    static const char *const names[] = {
        [COMPARE_SHOW_ENTRIES] = "entry",
        [COMPARE_SHOW_TAGS] = "tag",
        [COMPARE_SHOW_LANGUAGES] = "language",
        [COMPARE_SHOW_METRICS] = "metric",
    };

    for (int i = COMPARE_SHOW_ENTRIES; by != NULL && i <= COMPARE_SHOW_METRICS; i++)
        if (view_is(view_of(by), names[i]))
            return (enum compare_by)i;
    return COMPARE_SHOW_ALL;
}

static struct compare_report_options report_options_of(const struct comparing *comparing)
{
    enum terminal_color color = TERMINAL_COLOR_AUTO;
    struct err ignored;

    if (terminal_color_read(view_of(comparing->cli->color), &color, &ignored) != 0)
        color = TERMINAL_COLOR_AUTO;
    return (struct compare_report_options){
        .assay_version = ASSAY_VERSION,
        .color = terminal_colored(1, color),
        .columns = terminal_columns(1),
        .by = by_of(comparing->options->by),
        .limit = (size_t)comparing->options->limit,
        .morphology = words_morphology(comparing->words, 0),
    };
}

static int write_file(struct comparing *comparing, const char *output, struct err *reterr)
{
    struct compare_report_options options = report_options_of(comparing);
    struct view rest = view_of(output);
    struct view format = view_split(&rest, '=');
    struct strbuf text;

    options.color = false;
    strbuf_init(&text, REPORT_BYTES_MAX);
    compare_format_named(format)->write(&comparing->run.comparison, &options, &text);
    int code = strbuf_status(&text);
    if (code == 0)
        code = file_write(rest.ptr, strbuf_view(&text), reterr);
    else
        fail(reterr, code, "%s: this report is too large", rest.ptr);
    strbuf_release(&text);
    return code;
}

/* 0, or the exit status of what could not be written. */
static int print(struct comparing *comparing)
{
    struct compare_report_options options = report_options_of(comparing);
    struct strbuf text;
    int status = 0;

    for (size_t i = 0; i < comparing->options->outputs.count; i++) {
        struct err err = {0};
        int code = write_file(comparing, comparing->options->outputs.items[i], &err);
        if (code == 0)
            continue;
        command_fail(comparing->cli, code, &err);
        status = err_exit_status(ERR_IO);
    }
    strbuf_init(&text, REPORT_BYTES_MAX);
    compare_format_named(view_of(comparing->options->format))
        ->write(&comparing->run.comparison, &options, &text);
    int printed = command_print(comparing->cli, &text);
    strbuf_release(&text);
    return printed != 0 ? printed : status;
}

static int print_forecast(struct comparing *comparing, struct err *reterr)
{
    const struct compare_run *run = &comparing->run;
    struct strbuf out;

    strbuf_init(&out, 1 << 20);
    int code = compare_run_forecast(run, &out, reterr);
    if (code == 0 && comparing->judge != NULL && compare_run_is_pending(run)) {
        strbuf_printf(&out,
                      "judge %s: two questions a pair and round, once the answers are there\n",
                      comparing->options->judge);
    } else if (code == 0 && comparing->judge != NULL) {
        code = compare_run_finish(&comparing->run, comparing->options->no_cache, reterr);
        if (code == 0)
            code = open_judge(comparing, reterr);
        if (code == 0)
            code = pairwise_forecast(comparing->pairwise, &out);
    }
    if (code == 0)
        code = command_print(comparing->cli, &out);
    strbuf_release(&out);
    return code;
}

/* A live side of which no answer could be had is a target that cannot be used. */
static int tell_silent(const struct comparing *comparing)
{
    for (int i = 0; i < 2; i++) {
        const struct compare_side *side = &comparing->run.sides[i];
        if (!side->is_live || side->result->answered > 0 || side->result->entry_count == 0)
            continue;
        struct err err = {0};
        fail(&err, ERR_UNREACHABLE, "%s: no answer could be had: %.*s", side->name,
             VIEW_ARG(side->result->entries[0].error_text));
        return command_fail(comparing->cli, ERR_UNREACHABLE, &err);
    }
    return 0;
}

static int exit_status_of(const struct comparing *comparing, int printed)
{
    enum compare_outcome outcome = comparing->run.comparison.outcome;
    bool worse = outcome == COMPARE_A_BETTER || outcome == COMPARE_MIXED;

    if (comparing->is_interrupted)
        return err_exit_status(ERR_CANCELLED);
    int status = report_output_worse(printed, tell_silent(comparing));
    if (comparing->options->fail_if_worse && worse)
        status = report_output_worse(status, err_exit_status(ERR_FAILED));
    return status;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int compare(struct comparing *comparing, struct err *reterr, int *ret_exit)
{
    if (comparing->options->dry_run)
        return print_forecast(comparing, reterr);
    int code = run_sides(comparing, reterr);
    if (code == 0)
        code = compare_run_finish(&comparing->run, comparing->options->no_cache, reterr);
    int judged = code == 0 ? run_judge(comparing, &comparing->judge_err) : 0;
    if (code == 0)
        code = words_open(dictionary_dir_named(&comparing->arena), 1, &comparing->words, reterr);
    if (code == 0)
        *ret_exit = exit_status_of(comparing, print(comparing));
    if (code == 0 && judged != 0) /* what was compared without it was printed */
        *ret_exit = report_output_worse(
            *ret_exit, command_fail(comparing->cli, judged, &comparing->judge_err));
    return code;
}

static int compare_names(struct comparing *comparing, const char *const names[2])
{
    struct compare_side_options side_options = side_options_of(comparing->options, names);
    struct err err = {0};
    int status = 0;

    int code = check_outputs(&comparing->options->outputs, &err);
    if (code == 0)
        code = find_judge(comparing, &err);
    if (code == 0)
        code = compare_run_open(&comparing->run, names, &side_options, &err);
    if (code == 0)
        code = host_open(&comparing->host, &err);
    if (code == 0) {
        tell_adopted(comparing);
        code = compare(comparing, &err, &status);
    }
    if (code != 0)
        status = code > 0 ? code : command_fail(comparing->cli, code, &err);
    pairwise_free(comparing->pairwise);
    words_close(comparing->words);
    compare_run_release(&comparing->run);
    host_close(&comparing->host);
    return status;
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct compare_command_options options = {
        .format = "text", .seed = -1, .max_cost_nano_usd = -1, .limit = COMPARE_LIMIT_DEFAULT};
    struct comparing comparing = {.cli = cli, .options = &options};
    struct operands operands;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    if (operands.count != 2) {
        fail(&err, ERR_USAGE,
             "two sides are compared, and %zu %s named: say like 'assay compare @prev @last'",
             operands.count, operands.count == 1 ? "was" : "were");
        return command_fail(cli, ERR_USAGE, &err);
    }
    arena_init(&comparing.arena, (size_t)1 << 30);
    status = compare_names(&comparing, operands.items);
    arena_release(&comparing.arena);
    return status;
}

const struct command command_compare = {
    .name = "compare",
    .summary = "two runs, versions, targets or files of answers side by side",
    .operands = "A B",
    .details =
        "Compares two sides entry by entry and says which one is better, by how much and how sure "
        "that is; neither needs a baseline. A side is a run of the history (its id or the start of "
        "it, @last, @prev, version:HASH12), the accepted answers (@baseline), a JSON report, a "
        "file "
        "of recorded answers (JSON Lines {\"id\", \"response\"}; scored by the suite's golden "
        "set), "
        "or is asked now: target:NAME asks another target, rev:REV the prompts and settings of a "
        "git revision, set:KEY=VALUE with a setting changed; parts are joined by commas. What is "
        "asked for a comparison is not kept in the history.\n"
        "\n"
        "Entries are matched by id and target; what one side lacks is listed. Differences are B − "
        "A. p comes from sign flips over entries, the interval from a BCa bootstrap, checks from "
        "an exact McNemar test; what is shown by language, tag and metric is adjusted for looking "
        "at many things at once.\n"
        "\n"
        "--judge asks a model which of the two answers is better, each pair in both orders, and "
        "tells how often its verdict turned with the order.\n"
        "\n"
        "Exit status: 0 whatever the comparison says; 1 with --fail-if-worse where B is worse; 2 "
        "usage or configuration, two sides without a common entry; 3 a target, store or file could "
        "not be used; 130 interrupted (what was measured is reported).",
    .examples = "  assay compare @prev @last\n"
                "  assay compare @baseline @last --by entry --limit 30\n"
                "  assay compare target:sonnet target:haiku --repeat 3 --max-cost 2.00\n"
                "  assay compare rev:HEAD~1 rev:HEAD --judge sonnet\n"
                "  assay compare old.jsonl new.jsonl -o markdown=comment.md\n",
    .tables = {&table},
    .run = run,
};
