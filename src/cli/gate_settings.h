/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_settings: how strict the gate is, out of a suite's settings and the command line.
 *
 * Threads: no state. */
#ifndef ASSAY_CLI_GATE_SETTINGS_H
#define ASSAY_CLI_GATE_SETTINGS_H

#include "config/settings.h"
#include "core/golden/gate.h"

/* `major` is "warn", "fail" or NULL: as the suite says. What only a run knows is left out. */
struct gate_options gate_settings(const struct settings_suite *suite, bool strict,
                                  const char *major);

#endif
