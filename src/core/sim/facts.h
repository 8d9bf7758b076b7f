/* SPDX-License-Identifier: Apache-2.0
 *
 * facts: what a prompt states: lines "Key: value", <key>value</key>, members of JSON, and lines of
 * prose about a title with a price, a number of volumes or a word about stock.
 *
 * Views into the text read. Pure. Threads: no state. Limits: FACTS_MAX facts, the rest is not
 * seen. */
#ifndef ASSAY_CORE_SIM_FACTS_H
#define ASSAY_CORE_SIM_FACTS_H

#include <stdint.h>

#include "core/sim/knowledge.h"

enum { FACTS_MAX = 400 };

struct fact {
    enum slot slot;
    uint32_t record; /* facts about one thing share a record */
    bool given;      /* stood in documents, not in the question around them */
    struct view value;
};

struct facts {
    struct fact items[FACTS_MAX];
    size_t count;
    uint32_t record;
};

/* Adds what the text states; `documents` says that it is material rather than question. */
void facts_read(struct facts *facts, struct view text, bool documents);

/* The value that belongs to the subject (a title or an order number as the prompt has it; empty:
 * any), from its own record, else from one that names no other. ptr NULL where there is none. */
struct view facts_get(const struct facts *facts, enum slot slot, struct view subject);

/* The i-th title stated in documents, ptr NULL past the last. */
struct view facts_title(const struct facts *facts, size_t i);

/* Words of shops: is it in stock? 1 yes, 0 no, -1: the text does not say. */
int facts_stock(struct view text);

#endif
