/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency_order: how unusual the order of a sentence's words is, by a table of which word classes
 * follow which two in Japanese (fluency_order.inc, made by tools/fluency/order.py).
 *
 * Function words are classes of their own, other words are known by their part of speech and
 * inflection, so that the table is small and says nothing of the subject. It knows the classes of
 * IPADIC; with another dictionary most are unseen.
 * Threads: a constant table. */
#ifndef ASSAY_TEXT_FLUENCY_ORDER_H
#define ASSAY_TEXT_FLUENCY_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"
#include "text/morphology.h"

struct order_sum {
    uint32_t count;  /* classes, the end included */
    uint32_t unseen; /* that the table does not know */
    uint64_t cost;   /* −log of their probabilities, in sixteenths */
};

/* Adds a sentence. `has_end`: its full stop is there, so that the end counts. */
void order_add(struct order_sum *sum, struct view text, const struct morpheme *morphemes,
               size_t count, bool has_end);

#endif
