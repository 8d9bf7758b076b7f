/* SPDX-License-Identifier: Apache-2.0
 *
 * clock: what time it is. Only drivers and commands ask; a machine is told.
 *
 * Threads: no state. */
#ifndef ASSAY_SHELL_OS_CLOCK_H
#define ASSAY_SHELL_OS_CLOCK_H

#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC: for waits and latencies. */
uint64_t clock_now_ns(void);

/* Seconds since 1970 UTC: for dates and signatures. */
int64_t clock_unix_s(void);

/* CPU time of the whole process, user and system, in nanoseconds. */
uint64_t clock_cpu_ns(void);

#endif
