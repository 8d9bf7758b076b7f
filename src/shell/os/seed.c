/* SPDX-License-Identifier: Apache-2.0
 *
 * seed: see seed.h. The kernel may hand out less than was asked for, or be interrupted. */
#include "shell/os/seed.h"

#include <errno.h>
#include <sys/random.h>

#include "base/err.h"

void seed_fill(void *bytes, size_t size)
{
    unsigned char *at = bytes;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        assert_always(got > 0 || errno == EINTR);
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}

uint64_t seed_random(void)
{
    uint64_t bits;

    seed_fill(&bits, sizeof bits);
    return bits;
}
