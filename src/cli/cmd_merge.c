/* SPDX-License-Identifier: Apache-2.0
 *
 * assay merge: the reports of a run's shards as the report of the one run they make. */
#include <stdio.h>

#include "app/history.h"
#include "app/history_past.h"
#include "app/plan.h"
#include "cli/gate_settings.h"
#include "cli/report_output.h"
#include "cli/run_after.h"
#include "config/alerts.h"
#include "core/golden/fluent.h"
#include "core/golden/judge.h"
#include "core/golden/merge.h"
#include "report/run_read.h"
#include "shell/os/file_map.h"

static const size_t REPORT_MAX = (size_t)4 << 30;
static const size_t RUNS_BYTES_MAX = (size_t)16 << 30;

struct merge_options {
    struct common_options common;
    const char *config;
    struct option_list overrides;
    const char *format;
    struct option_list outputs;
    bool save;
    bool strict;
    const char *major;
    bool verbose;
    const char *ci;
    bool no_alerts;
};

#define AT(member) offsetof(struct merge_options, member)

static const struct option items[] = {
    {"config", 'c', OPTION_TEXT, "FILE", AT(config),
     "the configuration, for the gate (default: assay.yaml in this folder)", NULL, 0, 0},
    {"set", 0, OPTION_LIST, "KEY=VALUE", AT(overrides),
     "override one setting, like suites.manga.strict=true; repeatable", NULL, 0, 0},
    {"format", 'f', OPTION_CHOICE, "FORMAT", AT(format),
     "what goes to standard output: text, json, markdown, junit, html, github, gitlab, metrics, "
     "dotenv",
     "text,json,markdown,junit,html,github,gitlab,metrics,dotenv", 0, 0},
    {"output", 'o', OPTION_LIST, "FORMAT=FILE", AT(outputs),
     "also write a report to a file, like json=whole.json; repeatable", NULL, 0, 0},
    {"save", 0, OPTION_FLAG, NULL, AT(save), "keep the whole as one run of the history", NULL, 0,
     0},
    {"strict", 0, OPTION_FLAG, NULL, AT(strict),
     "fail also below a floor and where statistics are inconclusive", NULL, 0, 0},
    {"major", 0, OPTION_CHOICE, "WHAT", AT(major),
     "what a major regression does without a sign-off: warn (exit 0), fail (exit 1); default: exit "
     "4",
     "warn,fail", 0, 0},
    {"verbose", 'v', OPTION_FLAG, NULL, AT(verbose), "show entries that are fine too", NULL, 0, 0},
    {"ci", 0, OPTION_CHOICE, "WHAT", AT(ci), RUN_AFTER_CI_HELP, "auto,none", 0, 0},
    {"no-alerts", 0, OPTION_FLAG, NULL, AT(no_alerts), RUN_AFTER_ALERTS_HELP, NULL, 0, 0},
};

static const struct options_table options_table = {items, sizeof items / sizeof items[0]};

struct merging {
    struct cli *cli;
    const struct merge_options *options;
    const struct operands *files;
    struct arena arena;
    struct settings settings;
    struct plan plan; /* of --save */
    struct run run;
};

static int read_parts(struct merging *merging, struct merge_part *parts, struct err *reterr)
{
    int code = 0;

    for (size_t i = 0; i < merging->files->count && code == 0; i++) {
        struct file_map map;
        parts[i].name = merging->files->items[i];
        code = file_map_open(parts[i].name, REPORT_MAX, &map, reterr);
        if (code != 0)
            break;
        code = run_read(&merging->arena, view_of(parts[i].name), map.text, &parts[i].run, reterr);
        file_map_close(&map);
    }
    return code;
}

static int join(struct merging *merging, struct err *reterr)
{
    struct merge_part *parts = arena_new(&merging->arena, merging->files->count, sizeof *parts);

    if (parts == NULL)
        return fail(reterr, ERR_MEMORY, "no memory to join these runs");
    int code = read_parts(merging, parts, reterr);
    if (code == 0)
        code = merge_runs(parts, merging->files->count, &merging->arena, &merging->run, reterr);
    return code;
}

/* The gate over the whole, by the settings of its suite and what the shards' gates knew. */
static int decide(struct merging *merging, struct err *reterr)
{
    const struct merge_options *options = merging->options;
    const struct gate known = merging->run.gate;
    const struct settings *settings = &merging->settings;

    int code = plan_settings(&merging->arena, options->config, options->overrides.items,
                             options->overrides.count, &merging->settings, reterr);
    if (code != 0)
        return code;
    if (settings->file.len == 0)
        return fail(reterr, ERR_CONFIG,
                    "there is no assay.yaml here, and the gate follows its settings: -c FILE names "
                    "one");
    const struct settings_suite *suite = settings_suite_of(settings, merging->run.suite);
    if (suite == NULL)
        return fail(reterr, ERR_CONFIG, "%.*s: has no suite '%.*s', which these runs are of",
                    VIEW_ARG(settings->file), VIEW_ARG(merging->run.suite));
    struct gate_options gate = gate_settings(suite, options->strict, options->major);
    gate.stale_count = (int64_t)known.stale;
    gate.noise_known = known.noise_known;
    gate.recorded_ahead = known.recorded_ahead;
    gate.max_cost_reached = known.max_cost_reached;
    judge_noise(&merging->run);
    fluent_mean(&merging->run);
    if (gate_decide(&merging->run, &gate, &merging->arena) != 0)
        return fail(reterr, ERR_MEMORY, "no memory to judge the run");
    return 0;
}

static int save(struct merging *merging)
{
    const struct merge_options *options = merging->options;
    struct err err = {0};
    const char *suite = arena_string(&merging->arena, merging->run.suite);
    struct plan_options plan_options = {
        .config = options->config,
        .suite = suite,
        .overrides = options->overrides.items,
        .override_count = options->overrides.count,
        .seed = -1,
        .any_scorer = true,
    };

    int code = suite != NULL ? plan_make(&plan_options, &merging->plan, &err) : ERR_MEMORY;
    if (code == 0)
        code = history_save(&merging->plan, &merging->run, ASSAY_VERSION, &err);
    plan_release(&merging->plan);
    if (code == 0)
        return 0;
    command_fail(merging->cli, code, &err);
    return err_exit_status(ERR_IO);
}

/* Alerts need a loop, whose making may fail: said, and no reason to fail the merge. */
static void after(struct merging *merging, int status)
{
    const struct merge_options *options = merging->options;
    struct run_after told = {
        .ci = options->ci,
        .no_alerts = options->no_alerts || merging->settings.alerts->channel_count == 0,
        .settings = &merging->settings,
        .state_dir =
            merging->settings.folder.len == 0
                ? ".assay"
                : arena_printf(&merging->arena, "%.*s/.assay", VIEW_ARG(merging->settings.folder)),
        .arena = &merging->arena,
    };
    struct host host = {0};
    struct err err = {0};

    if (!told.no_alerts && told.state_dir != NULL) {
        if (host_open(&host, &err) == 0)
            told.host = &host;
        else
            fprintf(stderr, "assay: alerts: %s\n", err.text);
    }
    run_after(&told, &merging->run, status);
    host_close(&host);
}

static void add_past(struct merging *merging, struct report_output *output)
{
    const struct merge_options *options = merging->options;

    if (report_output_wants_past(output)
        && history_past_configured(options->config, options->overrides.items,
                                   options->overrides.count, &merging->run, &merging->arena,
                                   &output->past, &output->past_count)
               != 0)
        output->past_count = 0;
}

static int report(struct merging *merging)
{
    const struct merge_options *options = merging->options;
    struct report_output output = {
        .cli = merging->cli,
        .files = &options->outputs,
        .format = options->format,
        .verbose = options->verbose,
    };
    add_past(merging, &output);
    int status = report_output_worse(merging->run.gate.exit_status,
                                     report_output_files(&output, &merging->run));

    if (options->save)
        status = report_output_worse(status, save(merging));
    status = report_output_worse(status, report_output_print(&output, &merging->run, status));
    after(merging, status);
    return status;
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct merge_options options = {.format = "text"};
    struct operands operands;
    struct merging merging = {.cli = cli, .options = &options, .files = &operands};
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    arena_init(&merging.arena, RUNS_BYTES_MAX);
    int code = report_output_check(&options.outputs, &err);
    if (code == 0 && operands.count == 0)
        code = fail(&err, ERR_USAGE,
                    "name the reports to join: those of 'assay test --shard I/N -o json=FILE'");
    if (code == 0)
        code = join(&merging, &err);
    if (code == 0)
        code = decide(&merging, &err);
    status = code == 0 ? report(&merging) : command_fail(cli, code, &err);
    arena_release(&merging.arena);
    return status;
}

const struct command command_merge = {
    .name = "merge",
    .summary = "one result out of the shards of a run",
    .operands = "FILE…",
    .details =
        "Joins the JSON reports of 'assay test --shard I/N' into the run that one process would "
        "have made: entries in the order of the golden set, counts, costs and the pools' "
        "histograms added up, and the gate decided anew over the whole, by the settings of "
        "assay.yaml and with the same statistics. The exit status is the gate's.\n"
        "\n"
        "Shards that do not belong together are refused by name: another suite, another state of "
        "the golden set, the baseline or a prompt, another seed or other repeats, a shard twice, "
        "one missing.",
    .examples = "  assay merge shard-*.json\n"
                "  assay merge shard-*.json -o json=whole.json -o junit=report.xml --save\n",
    .tables = {&options_table},
    .run = run,
};
