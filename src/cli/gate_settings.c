/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_settings: see gate_settings.h. */
#include "cli/gate_settings.h"

static enum gate_major major_of(const struct settings_suite *suite, const char *said)
{
    static const enum gate_major of_settings[] = {
        [SETTINGS_MAJOR_SIGNOFF] = GATE_MAJOR_SIGNOFF,
        [SETTINGS_MAJOR_WARN] = GATE_MAJOR_WARN,
        [SETTINGS_MAJOR_FAIL] = GATE_MAJOR_FAIL,
    };

    if (said == NULL)
        return of_settings[suite->major];
    return view_is(view_of(said), "warn") ? GATE_MAJOR_WARN : GATE_MAJOR_FAIL;
}

struct gate_options gate_settings(const struct settings_suite *suite, bool strict,
                                  const char *major)
{
    static const enum gate_mode modes[] = {
        [SETTINGS_GATE_BOTH] = GATE_BOTH,
        [SETTINGS_GATE_SEVERITY] = GATE_SEVERITY,
        [SETTINGS_GATE_STATISTICS] = GATE_STATISTICS,
    };

    return (struct gate_options){
        .mode = modes[suite->gate],
        .major = major_of(suite, major),
        .strict = strict || suite->strict,
        .limits = {.critical_micro = (int32_t)suite->thresholds.critical_micro,
                   .major_micro = (int32_t)suite->thresholds.major_micro,
                   .minor_micro = (int32_t)suite->thresholds.minor_micro},
        .similarity_floor_micro = (int32_t)suite->floors.similarity_micro,
        .keywords_floor_micro = (int32_t)suite->floors.keywords_micro,
        .score_floor_micro = (int32_t)suite->floors.score_micro,
    };
}
