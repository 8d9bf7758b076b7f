/* SPDX-License-Identifier: Apache-2.0
 *
 * machine_watch: what must hold inside a call machine and its pool after every single event: what
 * is kept twice (a count and a list, a state and a stream) agrees, no limit is passed, no deadline
 * missed. It reads the private parts on purpose. For tests. */
#ifndef ASSAY_TESTS_MACHINE_WATCH_H
#define ASSAY_TESTS_MACHINE_WATCH_H

#include "core/call/inside.h"
#include "core/pool/pool_inside.h"

enum { PROBLEM_BYTES = 300 };

/* The first thing that did not hold; "" while all holds. */
struct problem {
    char text[PROBLEM_BYTES];
    uint64_t at_ns;
};

/* Keeps the first. */
void problem_say(struct problem *problem, uint64_t now_ns, const char *format, ...)
    PRINTF_LIKE(3, 4);

#define HOLDS(problem, now_ns, condition, ...) \
    do { \
        if (!(condition)) \
            problem_say(problem, now_ns, __VA_ARGS__); \
    } while (0)

/* What was counted on the way. */
struct census {
    uint32_t connections;
    uint32_t states[POOL_STATE_END];
    uint32_t streams;
    uint32_t calls[CALL_STATE_END];
    uint32_t held;    /* calls that are not absent */
    int64_t reserved; /* tokens of those in flight */
};

void machine_check(const struct call_machine *machine, uint64_t now_ns, struct problem *problem,
                   struct census *ret_census);

#endif
