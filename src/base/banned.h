/* SPDX-License-Identifier: Apache-2.0
 *
 * banned: functions that are not used here, each with what takes its place. The build includes this
 * file before every source (-include) and turns the warning into an error; `alloca` and arrays of
 * variable length are refused by -Walloca and -Wvla.
 *
 * Why no #pragma poison: it also refuses the words in headers of libraries (OpenSSL has parameters
 * named rand), and it cannot say what to write instead. */
#ifndef ASSAY_BASE_BANNED_H
#define ASSAY_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name, instead) /* NOLINTNEXTLINE(bugprone-macro-parentheses) */ \
    extern __typeof__(name) name __attribute__((deprecated("banned here: use " instead)))

BANNED(strcpy, "snprintf or base/strbuf.h");
BANNED(strncpy, "snprintf or base/strbuf.h");
BANNED(strcat, "base/strbuf.h");
BANNED(strncat, "base/strbuf.h");
BANNED(sprintf, "snprintf or base/strbuf.h");
BANNED(vsprintf, "vsnprintf or base/strbuf.h");
BANNED(strtok, "view_split of base/view.h");
BANNED(strtok_r, "view_split of base/view.h");
BANNED(rand, "base/rng.h, seeded");
BANNED(srand, "base/rng.h, seeded");
BANNED(rand_r, "base/rng.h, seeded");
BANNED(random, "base/rng.h, seeded");
BANNED(drand48, "base/rng.h, seeded");
BANNED(time, "shell/os/clock.h; below the shell, time is an argument");
BANNED(clock, "shell/os/clock.h; below the shell, time is an argument");
BANNED(localtime, "base/date.h");
BANNED(gmtime, "base/date.h");
BANNED(ctime, "base/date.h");
BANNED(asctime, "base/date.h");

#undef BANNED

/* The C library defines these inline, where no attribute can be added any more. */
#define atoi(text) banned_here_use_view_to_int(text)
#define atol(text) banned_here_use_view_to_int(text)
#define atof(text) banned_here_use_view_to_double(text)

#endif
