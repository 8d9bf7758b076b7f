/* SPDX-License-Identifier: Apache-2.0
 *
 * answer: one answer to one question: the reply, how long and how many attempts it took, and, of
 * one that came in pieces, how they came. The same record from a test, a load run or the gateway.
 *
 * Views only: an answer handed to a listener holds until the listener returns; answer_copy keeps
 * it.
 * Threads: values. */
#ifndef ASSAY_CORE_RECORD_ANSWER_H
#define ASSAY_CORE_RECORD_ANSWER_H

#include "base/arena.h"
#include "provider/chat.h"

/* The times between pieces of text. Pieces that come in one read of a socket came at once. */
struct answer_gaps {
    uint32_t count; /* pieces but the first; 0 also where the answer did not come in pieces */
    uint64_t sum_ns;
    uint64_t max_ns;
};

struct answer {
    struct reply reply;
    uint64_t latency_ns;     /* from submission to the last byte, waiting and retries included */
    uint64_t first_byte_ns;  /* from the last attempt's send to its first byte; 0 where unknown */
    uint64_t waited_ns;      /* of latency_ns, before the last attempt was sent */
    uint64_t ttft_ns;        /* from the last attempt's send to its first text; 0 where unknown */
    struct answer_gaps gaps; /* of the last attempt */
    uint32_t attempts;       /* requests that were sent, those on a dead connection included */
};

/* A copy whose views live in the arena. ERR_MEMORY leaves ret_copy untouched. */
MUST_CHECK int answer_copy(struct arena *arena, const struct answer *answer,
                           struct answer *ret_copy);

#endif
