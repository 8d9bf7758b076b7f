/* SPDX-License-Identifier: Apache-2.0
 *
 * golden: what `assay test` and `assay baseline` share: options, the run under a loop with progress
 * and Ctrl-C, the reports.
 *
 * Threads: the main thread. */
#ifndef ASSAY_CLI_GOLDEN_H
#define ASSAY_CLI_GOLDEN_H

#include "app/golden_run.h"
#include "cli/command.h"

struct golden_options {
    struct common_options common;
    const char *config;
    const char *suite;
    const char *target;
    struct option_list tags;
    struct option_list overrides;
    struct option_list outputs;
    const char *format;
    const char *responses;
    const char *major;
    const char *shard;
    const char *repeat; /* "3", "auto", "auto:12" */
    int64_t max_cost_nano_usd;
    int64_t concurrency;
    int64_t seed;
    bool no_cache;
    bool strict;
    bool dry_run;
    bool filter_failing;
    bool verbose;
    /* of test */
    const char *ci;
    bool no_alerts;
    /* of baseline */
    struct option_list updates;
    bool rescore;
    bool check;
    bool yes;
};

/* The defaults. */
struct golden_options golden_options_default(void);

/* Options that both commands take. */
extern const struct options_table golden_options_table;

struct golden_command {
    struct cli *cli;
    const struct golden_options *options;
    struct plan plan;
    struct host host;
    struct recorded recorded;
    bool has_recorded;
    struct golden_run *run;
    const struct run *result; /* once it ran */
    size_t shown;             /* of progress, to clear the line */
    uint64_t told_ns;
};

/* Checks the options against one another and makes the plan. 0, or the exit status in ret_exit. */
MUST_CHECK int golden_open(struct golden_command *command, const struct plan_options *plan_options,
                           int *ret_exit);
void golden_close(struct golden_command *command);

/* Asks, waits, judges: command->result. 0, or the exit status in ret_exit. */
MUST_CHECK int golden_execute(struct golden_command *command, const char *kind, bool rescore,
                              int *ret_exit);

/* Writes every -o; 0, or the exit status of what could not be written. */
int golden_write_outputs(struct golden_command *command);

/* Prints the --format on standard output, with the exit status that the command will end with; 0,
 * or another one where it could not be printed. */
int golden_print(struct golden_command *command, int exit_status);

/* What would be asked, how often, at what cost (--dry-run). */
int golden_dry_run(struct golden_command *command);

/* Plan options as the command line has them. */
struct plan_options golden_plan_options(const struct golden_options *options);

#endif
