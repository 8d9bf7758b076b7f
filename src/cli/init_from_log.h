/* SPDX-License-Identifier: Apache-2.0
 *
 * init_from_log: `assay init --from-log`: a project whose golden set is proposed from traffic.
 *
 * Threads: the main thread. */
#ifndef ASSAY_CLI_INIT_FROM_LOG_H
#define ASSAY_CLI_INIT_FROM_LOG_H

#include "cli/command.h"

/* Reads the log and writes the project into `dir`; returns the exit status: 2 also where lines were
 * bad, after the good ones were used. */
int init_from_log(struct cli *cli, const char *log, const char *dir, size_t entries);

#endif
