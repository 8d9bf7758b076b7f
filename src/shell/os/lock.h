/* SPDX-License-Identifier: Apache-2.0
 *
 * lock: one process at a time, by flock(2) on a file of its own, which stays. The lock ends with
 * the process that holds it, however that ends.
 *
 * Blocking: waits at most as long as it is told. Threads: one owner a lock. Not here: file systems
 * over a network whose flock holds on one machine only. */
#ifndef ASSAY_SHELL_OS_LOCK_H
#define ASSAY_SHELL_OS_LOCK_H

#include <stdint.h>

#include "base/err.h"

struct lock {
    int descriptor; /* −1: not held */
};

/* Makes the file where there is none, and holds it. ERR_LOCKED where another process still does
 * after that time; ERR_READ_ONLY and others of shell/os/file.h. */
MUST_CHECK int lock_take(struct lock *lock, const char *path, uint64_t wait_ns, struct err *reterr);

/* One that is not held is fine. */
void lock_give(struct lock *lock);

#endif
