/* SPDX-License-Identifier: Apache-2.0
 *
 * banned: functions that are not used here, each with what takes its place. The build includes this
 * file before every source (-include); a use is a compile error that names the replacement. */
#ifndef ASSAY_BASE_BANNED_H
#define ASSAY_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison gets strcpy strcat strncpy strncat strtok strtok_r
#pragma GCC poison sprintf vsprintf
#pragma GCC poison rand srand rand_r drand48
#pragma GCC poison atoi atol atof
#pragma GCC poison localtime gmtime ctime asctime
#undef alloca
#pragma GCC poison alloca
/* strcpy, strcat, strncpy, strncat, sprintf: base/strbuf.h or snprintf
 * strtok: view_split in base/view.h       rand: base/rng.h, seeded
 * atoi, atol, atof: view_to_int, view_to_double in base/view.h
 * localtime, gmtime: base/date.h           alloca: base/arena.h */

#endif
