/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_profile: a simulator's profile out of a YAML file (docs/simulator.md).
 *
 * Blocking. Threads: no state. Limit: 1 MiB a file. */
#ifndef ASSAY_APP_SIM_PROFILE_H
#define ASSAY_APP_SIM_PROFILE_H

#include "core/sim/settings.h"

/* Reads the file over *profile; what it does not name stays. ERR_CONFIG with "FILE:LINE:COLUMN: …",
 * or why the file cannot be read; *profile is untouched then. */
MUST_CHECK int sim_profile_load(const char *path, struct sim_profile *profile, struct err *reterr);

#endif
