/* SPDX-License-Identifier: Apache-2.0
 *
 * run_after: what `assay test` and `assay merge` do once their report is printed: they tell the CI
 * that they run in (--ci auto), and those whom `alerts:` names. Neither changes the exit status.
 *
 * Blocking, alerts at most for their deadline. Threads: the main thread. */
#ifndef ASSAY_CLI_RUN_AFTER_H
#define ASSAY_CLI_RUN_AFTER_H

#include "app/host.h"
#include "cli/golden.h"

/* --ci, --no-alerts: members of struct golden_options. */
extern const struct options_table run_after_options_table;

#define RUN_AFTER_CI_HELP \
    "auto: in GitHub Actions also annotate the entries, add to the step's summary and set its " \
    "outputs (ASSAY_OUTCOME, …); none: do not"
#define RUN_AFTER_ALERTS_HELP "send nothing to alert channels"

struct run_after {
    const char *ci; /* as --ci has it; NULL: none */
    bool no_alerts;
    const struct host *host; /* NULL: no alerts either */
    const struct settings *settings;
    const char *state_dir;
    struct arena *arena;
    bool is_partial; /* as in struct alerts_options */
};

/* `status` is what the command will end with. */
void run_after(const struct run_after *after, const struct run *run, int status);

#endif
