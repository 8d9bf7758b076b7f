/* SPDX-License-Identifier: Apache-2.0
 *
 * doctor_coverage: `assay doctor --coverage`: what the golden sets of a project look at.
 *
 * Asks nobody. Threads: the main thread. */
#ifndef ASSAY_CLI_DOCTOR_COVERAGE_H
#define ASSAY_CLI_DOCTOR_COVERAGE_H

#include "app/plan.h"
#include "cli/command.h"

/* The suite of `options`, or every suite. Prints; returns the exit status. */
int doctor_coverage(struct cli *cli, const struct plan_options *options, bool as_json);

#endif
