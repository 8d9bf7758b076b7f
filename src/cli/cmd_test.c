/* SPDX-License-Identifier: Apache-2.0
 *
 * assay test: runs a golden set, compares with the baseline, gates. */
#include <stdio.h>

#include "app/history.h"
#include "cli/golden.h"
#include "cli/report_output.h"
#include "cli/run_after.h"

/* What the run leaves behind; a history that cannot be written is told after the report. */
static int save(struct golden_command *command)
{
    struct err err = {0};

    if (command->plan.shard.count > 1)
        return 0; /* 'assay merge --save' keeps the whole */
    int code = history_save(&command->plan, command->result, ASSAY_VERSION, &err);

    if (code == 0)
        return 0;
    command_fail(command->cli, code, &err);
    return err_exit_status(ERR_IO); /* a store that could not be used, whatever kept it */
}

/* What drifts is told beside the result; that it could not be looked for takes nothing from it. */
static void watch(struct golden_command *command)
{
    struct err err = {0};

    if (golden_run_watch(command->run, &err) != 0)
        fprintf(stderr, "%s\n", err.text);
}

static int tell_bad_lines(struct golden_command *command)
{
    if (!command->has_recorded || command->recorded.bad_lines == 0)
        return 0;
    return command_fail(command->cli, ERR_SYNTAX, &command->recorded.first_bad);
}

/* Of one of several targets alone nobody knows whether the others are well again. */
static void after(struct golden_command *command, int status)
{
    const struct golden_options *options = command->options;
    const struct run_after told = {
        .ci = options->ci,
        .no_alerts = options->no_alerts,
        .host = &command->host,
        .settings = &command->plan.settings,
        .state_dir = command->plan.state_dir,
        .arena = &command->plan.arena,
        .is_partial = options->tags.count > 0 || options->filter_failing
                      || command->plan.target_count < command->plan.suite->target_count,
    };

    run_after(&told, command->result, status);
}

static int run_planned(struct golden_command *command)
{
    int status = 0;

    if (command->options->dry_run)
        return golden_dry_run(command);
    if (golden_execute(command, "test", false, &status) != 0)
        return status;
    watch(command);
    status = report_output_worse(command->result->gate.exit_status, golden_write_outputs(command));
    status = report_output_worse(status, save(command));
    status = report_output_worse(status, tell_bad_lines(command));
    status = report_output_worse(status, golden_print(command, status));
    after(command, status);
    return status;
}

/* --filter-failing needs the suite before it knows the entries: the plan is made twice. */
static int only_failing(struct golden_command *command, struct plan_options *plan_options,
                        struct arena *arena, int *ret_exit)
{
    struct err err = {0};
    const char **ids;
    size_t count = 0;

    int code = plan_make(plan_options, &command->plan, &err);
    if (code == 0) {
        code = history_failing(&command->plan, arena, &ids, &count, &err);
        plan_release(&command->plan);
    }
    if (code == 0 && count == 0) {
        fputs("nothing failed in the suite's last run\n", stderr);
        *ret_exit = 0;
        return 1;
    }
    if (code != 0) {
        *ret_exit = command_fail(command->cli, code, &err);
        return code;
    }
    plan_options->ids = ids;
    plan_options->id_count = count;
    return 0;
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct golden_options options = golden_options_default();
    struct golden_command command = {.cli = cli, .options = &options};
    struct operands operands;
    struct arena arena;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    if (operands.count > 0) {
        fail(&err, ERR_USAGE, "'%s' is not understood here: test takes options only",
             operands.items[0]);
        return command_fail(cli, ERR_USAGE, &err);
    }
    struct plan_options plan_options = golden_plan_options(&options);
    arena_init(&arena, 64 << 20);
    if ((!options.filter_failing || only_failing(&command, &plan_options, &arena, &status) == 0)
        && golden_open(&command, &plan_options, &status) == 0)
        status = run_planned(&command);
    golden_close(&command);
    arena_release(&arena);
    return status;
}

const struct command command_test = {
    .name = "test",
    .summary = "runs a golden set, compares with the baseline, gates",
    .operands = "",
    .details =
        "Asks the suite's target every entry of its golden set, checks each answer, compares it "
        "with the baseline where there is one, and says by its exit status whether the change may "
        "pass.\n"
        "\n"
        "An entry without a baseline is judged by its checks alone. With one, its score "
        "(similarity "
        ".40, keywords .25, structure .15, language .20) is compared with the accepted answers': a "
        "drop of .20 is critical, .10 major, .05 minor, and a check that newly fails counts as "
        "well. "
        "Over the whole suite a permutation test finds drops too small for any single entry. The "
        "report says what the drop comes from, and the smallest one that the set could have seen.\n"
        "\n"
        "--repeat auto asks those entries again whose answers can still change the verdict, within "
        "--max-cost. Entries under 'quarantine:' decide nothing until their day; a major "
        "regression that was signed off ('assay signoff') passes.\n"
        "\n"
        "Exit status: 0 passed; 1 the gate failed; 2 usage or configuration; 3 a target, store or "
        "file could not be used; 4 a major regression waits for sign-off; 130 interrupted (what "
        "was "
        "measured is reported).",
    .examples = "  assay test\n"
                "  assay test --suite manga --filter ja --repeat 3\n"
                "  assay test -o junit=report.xml -o markdown=comment.md\n"
                "  assay test --responses answers.jsonl\n"
                "  assay test --shard 0/4 -o json=0.json\n",
    .tables = {&golden_options_table, &run_after_options_table},
    .run = run,
};
