/* SPDX-License-Identifier: Apache-2.0
 *
 * run_after: what `assay test` does once its report is printed: tells the CI that it runs in
 * (--ci auto), and those whom `alerts:` names. Neither changes the exit status.
 *
 * Blocking, alerts at most for their deadline. Threads: the main thread. */
#ifndef ASSAY_CLI_RUN_AFTER_H
#define ASSAY_CLI_RUN_AFTER_H

#include "cli/golden.h"

/* --ci, --no-alerts: members of struct golden_options. */
extern const struct options_table run_after_options_table;

/* `status` is what the command will end with. */
void run_after(struct golden_command *command, int status);

#endif
