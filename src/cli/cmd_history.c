/* SPDX-License-Identifier: Apache-2.0
 *
 * assay history: past runs, their course, what drifts; one of them in any report's form; forgetting
 * old ones. */
#include <stdio.h>

#include "app/history.h"
#include "app/history_look.h"
#include "app/history_past.h"
#include "app/run_find.h"
#include "cli/report_output.h"
#include "shell/os/clock.h"
#include "shell/os/env.h"
#include "shell/os/terminal.h"

enum { LAST_DEFAULT = 20, LAST_MAX = 100000, OUTPUT_BYTES_MAX = 1 << 30 };

static const size_t ARENA_BYTES_MAX = (size_t)16 << 30;

struct history_options {
    struct common_options common;
    const char *config;
    struct option_list overrides;
    const char *suite;
    const char *entry;
    int64_t last;
    const char *format;
    struct option_list outputs;
    bool verbose;
    const char *keep;
    bool dry_run;
};

#define AT(member) offsetof(struct history_options, member)

static const struct option items[] = {
    {"config", 'c', OPTION_TEXT, "FILE", AT(config), "whose history (default: assay.yaml)", NULL, 0,
     0},
    {"set", 0, OPTION_LIST, "KEY=VALUE", AT(overrides),
     "override one setting, like history=old.db; repeatable", NULL, 0, 0},
    {"suite", 's', OPTION_TEXT, "NAME", AT(suite), "runs of this suite alone", NULL, 0, 0},
    {"entry", 0, OPTION_TEXT, "ID", AT(entry), "the course of this entry", NULL, 0, 0},
    {"last", 'n', OPTION_INT, "N", AT(last), "so many runs in the table (default: 20)", NULL, 1,
     LAST_MAX},
    {"format", 'f', OPTION_CHOICE, "FORMAT", AT(format),
     "text (default), json or markdown; of 'show' also junit, html, github, gitlab, metrics, "
     "dotenv",
     "text,json,markdown,junit,html,github,gitlab,metrics,dotenv", 0, 0},
    {"output", 'o', OPTION_LIST, "FORMAT=FILE", AT(outputs),
     "of 'show' and 'export': also write a report to a file; repeatable", NULL, 0, 0},
    {"verbose", 'v', OPTION_FLAG, NULL, AT(verbose), "of 'show': entries that are fine too", NULL,
     0, 0},
    {"keep", 0, OPTION_TEXT, "AGE|N", AT(keep),
     "of 'prune': runs younger than 90d (12w, 36h), or the newest N of each suite and kind", NULL,
     0, 0},
    {"dry-run", 0, OPTION_FLAG, NULL, AT(dry_run), "of 'prune': only say how many would go", NULL,
     0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct asking {
    struct cli *cli;
    const struct history_options *options;
    const char *run; /* of show and export */
    struct arena arena;
};

/* ---- the table ------------------------------------------------------------------------------ */

/* Whether whoever reads standard output may not know blocks. */
static bool is_ascii(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct view value = env_get(view_of(names[i]));
        if (value.len == 0)
            continue;
        for (size_t at = 0; at < value.len; at++) {
            struct view rest = view_slice(value, at, at + 5);
            if (view_equal_nocase(rest, view_of("utf-8"))
                || view_equal_nocase(view_slice(rest, 0, 4), view_of("utf8")))
                return false;
        }
        return true;
    }
    return true;
}

static void write_report(const struct asking *asking, struct history_report *report,
                         struct strbuf *out)
{
    struct view format = view_of(asking->options->format);
    enum terminal_color color = TERMINAL_COLOR_AUTO;
    struct err ignored;

    if (terminal_color_read(view_of(asking->cli->color), &color, &ignored) != 0)
        color = TERMINAL_COLOR_AUTO;
    report->assay_version = ASSAY_VERSION;
    report->ascii = is_ascii();
    report->color = terminal_colored(1, color);
    report->columns = terminal_columns(1);
    if (view_is(format, "json"))
        report_history_json(report, out);
    else if (view_is(format, "markdown"))
        report_history_markdown(report, out);
    else
        report_history_text(report, out);
}

static int list(struct asking *asking)
{
    const struct history_options *options = asking->options;
    const struct history_wish wish = {
        .config = options->config,
        .overrides = options->overrides.items,
        .override_count = options->overrides.count,
        .suite = options->suite,
        .entry = options->entry,
        .last = (uint32_t)options->last,
    };
    struct history_report report;
    struct view format = view_of(options->format);
    struct err err = {0};
    struct strbuf out;
    int status;

    if (!view_is(format, "text") && !view_is(format, "json") && !view_is(format, "markdown")) {
        fail(&err, ERR_USAGE, "--format: %s is a form of one run: 'assay history show RUN -f %s'",
             options->format, options->format);
        return command_fail(asking->cli, ERR_USAGE, &err);
    }
    int code = history_look(&wish, &asking->arena, &report, &err);
    if (code != 0)
        return command_fail(asking->cli, code, &err);
    strbuf_init(&out, OUTPUT_BYTES_MAX);
    write_report(asking, &report, &out);
    code = strbuf_status(&out);
    if (code != 0) {
        fail(&err, code, "no memory for the report");
        status = command_fail(asking->cli, code, &err);
    } else {
        status = command_print(asking->cli, &out);
    }
    strbuf_release(&out);
    return status;
}

/* ---- one run -------------------------------------------------------------------------------- */

static int show_as(struct asking *asking, const char *format)
{
    const struct history_options *options = asking->options;
    const struct run_find where = {
        .config = options->config,
        .suite = options->suite,
        .overrides = options->overrides.items,
        .override_count = options->overrides.count,
    };
    struct report_output output = {.cli = asking->cli,
                                   .files = &options->outputs,
                                   .format = format,
                                   .verbose = options->verbose};
    struct err err = {0};
    struct run run;

    int code = report_output_check(&options->outputs, &err);
    if (code == 0)
        code = run_find(&where, asking->run, &asking->arena, &run, &err);
    if (code != 0)
        return command_fail(asking->cli, code, &err);
    if (report_output_wants_past(&output)
        && history_past_configured(options->config, options->overrides.items,
                                   options->overrides.count, &run, &asking->arena, &output.past,
                                   &output.past_count)
               != 0)
        output.past_count = 0;
    int status = report_output_files(&output, &run);
    return report_output_worse(status, report_output_print(&output, &run, run.gate.exit_status));
}

static int show(struct asking *asking)
{
    return show_as(asking, asking->options->format);
}

static int export_run(struct asking *asking)
{
    return show_as(asking, "json");
}

/* ---- forgetting ----------------------------------------------------------------------------- */

static void tell_pruned(const struct asking *asking, const struct store *store, size_t count)
{
    if (!asking->cli->quiet)
        printf("%zu run%s %s %s\n", count, count == 1 ? "" : "s",
               asking->options->dry_run ? "would be deleted from" : "deleted from",
               store_label(store));
}

static int prune(struct asking *asking)
{
    const struct history_options *options = asking->options;
    struct store *store = NULL;
    struct store_keep keep = {0};
    struct err err = {0};
    size_t count = 0;

    if (options->keep == NULL) {
        fail(&err, ERR_USAGE,
             "prune: say what to keep: --keep 90d, or --keep 500 (runs of each "
             "suite)");
        return command_fail(asking->cli, ERR_USAGE, &err);
    }
    int code = history_keep_read(options->keep, clock_unix_s(), &keep, &err);
    keep.suite = view_of(options->suite);
    keep.dry_run = options->dry_run;
    if (code == 0)
        code = history_open_configured(options->config, options->overrides.items,
                                       options->overrides.count, &store, &err);
    if (code == 0) {
        code = store_prune(store, &keep, &count, &err);
        if (code == 0 || count > 0)
            tell_pruned(asking, store, count);
    }
    store_close(store);
    return code == 0 ? 0 : command_fail(asking->cli, code, &err);
}

/* ---- the command ---------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t operands; /* after the name */
    int (*run)(struct asking *asking);
} actions[] = {
    {"show", 1, show},
    {"export", 1, export_run},
    {"prune", 0, prune},
};

static int carry_out(struct asking *asking, const struct operands *operands)
{
    struct err err = {0};

    if (operands->count == 0)
        return list(asking);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (!view_is(view_of(operands->items[0]), actions[i].name))
            continue;
        if (operands->count == 1 + actions[i].operands) {
            asking->run = operands->items[1];
            return actions[i].run(asking);
        }
        fail(&err, ERR_USAGE,
             actions[i].operands == 1 ? "%s: give one run: its id, @last, @prev"
                                      : "%s: takes options only",
             actions[i].name);
        return command_fail(asking->cli, ERR_USAGE, &err);
    }
    fail(&err, ERR_USAGE,
         "'%s' is not understood here: show RUN, export RUN or prune are; options "
         "alone list the runs",
         operands->items[0]);
    return command_fail(asking->cli, ERR_USAGE, &err);
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct history_options options = {.format = "text", .last = LAST_DEFAULT};
    struct operands operands = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    struct asking asking = {.cli = cli, .options = &options};
    arena_init(&asking.arena, ARENA_BYTES_MAX);
    status = carry_out(&asking, &operands);
    arena_release(&asking.arena);
    return status;
}

const struct command command_history = {
    .name = "history",
    .summary = "past runs, their course and what drifts; show, export or prune them",
    .operands = "[show RUN|export RUN|prune]",
    .details =
        "Lists past runs, the last recorded first whatever their clocks said: verdict, mean score, "
        "entries that failed, cost, versions of the prompts. Under it each suite's course as a "
        "sparkline, its control lines, and whether it drifts. --entry ID shows the course of one "
        "entry.\n"
        "\n"
        "Runs are compared where nothing that people change differs: versions of the prompts, "
        "model, parameters, scorer, golden set and baseline, and the entries themselves; otherwise "
        "a new series begins. DRIFT is said where a series fell or rose for good: a bet on the "
        "ranks "
        "of the scores (an e-CUSUM) that raises a false alarm once in 100 runs on average at most, "
        "and a change of at least .005. The chart's marks (beyond a control line; nine in a row on "
        "one side; six in one direction; two of three near a line) are for the eye alone. 'assay "
        "test' warns of drift too; its exit status never depends on it.\n"
        "\n"
        "'show RUN' prints a past run as 'assay test' did, in any of its formats; 'export RUN' its "
        "whole JSON report. RUN is an id or the unique beginning of one, @last, @prev, "
        "version:HASH (the newest run that used that version of a prompt), or a JSON report.\n"
        "\n"
        "'prune --keep 90d' deletes runs that started earlier, 'prune --keep 500' all but the "
        "newest 500 of each suite and kind. Template versions are kept.\n"
        "\n"
        "The history lies in .assay/history.db beside assay.yaml, or where `history:` says: "
        "another "
        "file, or a PostgreSQL database, postgres://USER:${PASSWORD}@HOST/DATABASE.\n"
        "\n"
        "Exit status: 0 whatever the runs said; 2 usage, configuration, or no such run; 3 the "
        "history or a file could not be used.",
    .examples = "  assay history\n"
                "  assay history --suite manga --last 50\n"
                "  assay history --entry rec-ja-001 -f json\n"
                "  assay history show @prev -o html=report.html\n"
                "  assay history prune --keep 90d --dry-run\n",
    .tables = {&table},
    .run = run,
};
