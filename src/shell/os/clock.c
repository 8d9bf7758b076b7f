/* SPDX-License-Identifier: Apache-2.0
 *
 * clock: see clock.h. */
#include "shell/os/clock.h"

#include <time.h>

#include "base/err.h"

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;

    assert_always(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_now_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_unix_s(void)
{
    return (int64_t)(read_ns(CLOCK_REALTIME) / 1000000000u);
}

uint64_t clock_cpu_ns(void)
{
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}
