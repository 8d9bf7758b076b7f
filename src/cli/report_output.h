/* SPDX-License-Identifier: Apache-2.0
 *
 * report_output: a run's reports: the --format on standard output and every -o FORMAT=FILE, each
 * written in pieces where its format can, so that a large run's report is never in memory whole.
 *
 * Blocking. Threads: the main thread. */
#ifndef ASSAY_CLI_REPORT_OUTPUT_H
#define ASSAY_CLI_REPORT_OUTPUT_H

#include "app/plan_texts.h"
#include "cli/command.h"
#include "report/report.h"

struct report_output {
    const struct cli *cli;
    const struct option_list *files; /* FORMAT=FILE */
    const char *format;              /* of standard output */
    bool verbose;
    const struct report_past *past; /* earlier runs, for html; NULL: not known */
    size_t past_count;
    struct plan_texts *texts; /* trimmed while reports go through them; NULL: none */
};

/* Every FORMAT=FILE must name a format and a file, no file twice: to be asked before anything is
 * done. ERR_USAGE. */
MUST_CHECK int report_output_check(const struct option_list *files, struct err *reterr);

/* Whether a page is among them, which draws earlier runs; other reports do without. */
bool report_output_wants_past(const struct report_output *output);

/* Writes every file; 0, or the exit status of what could not be written (told). */
int report_output_files(const struct report_output *output, const struct run *run);

/* Prints on standard output, with the exit status that the command will end with; 0, or another
 * one where it could not be printed (told). */
int report_output_print(const struct report_output *output, const struct run *run, int exit_status);

/* Of two exit statuses the one that the contract's order picks: 130, 2, 1, 3, 4, 0. */
int report_output_worse(int a, int b);

#endif
