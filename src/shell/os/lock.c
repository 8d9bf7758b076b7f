/* SPDX-License-Identifier: Apache-2.0
 *
 * lock: see lock.h. */
#include "shell/os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "shell/os/clock.h"
#include "shell/os/file.h"

static const long again_ns = 5 * 1000 * 1000;

int lock_take(struct lock *lock, const char *path, uint64_t wait_ns, struct err *reterr)
{
    uint64_t until_ns = clock_now_ns() + wait_ns;
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

    lock->descriptor = -1;
    if (descriptor < 0)
        return file_fail(reterr, errno, true, "open", path);
    while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        int error = errno;
        if ((error == EWOULDBLOCK || error == EINTR) && clock_now_ns() < until_ns) {
            nanosleep(&(struct timespec){.tv_nsec = again_ns}, NULL);
            continue;
        }
        close(descriptor);
        if (error != EWOULDBLOCK && error != EINTR)
            return file_fail(reterr, error, true, "lock", path);
        return fail(reterr, ERR_LOCKED, "%s: another process holds it", path);
    }
    lock->descriptor = descriptor;
    return 0;
}

void lock_give(struct lock *lock)
{
    if (lock->descriptor >= 0)
        close(lock->descriptor); /* which ends the lock */
    lock->descriptor = -1;
}
