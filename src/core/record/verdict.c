/* SPDX-License-Identifier: Apache-2.0
 *
 * verdict: see verdict.h. */
#include "core/record/verdict.h"

const char *severity_name(enum severity severity)
{
    static const char *const names[SEVERITY_COUNT] = {"improved", "none", "minor", "major",
                                                      "critical"};
    return names[severity];
}
