/* SPDX-License-Identifier: Apache-2.0
 *
 * fair: a queue that shares what it waits for among callers, by weight, in tokens.
 *
 * Start-time fair queueing: a caller's next item has a start tag, its cost moves the tag of the one
 * behind it, and the least tag goes first. So over any time in which two callers both wait, what
 * they got differs (each by its weight) by no more than one item of each; a caller that was away
 * starts with the present, not with a credit. Items of one caller keep their order, but for those
 * that are put first (they were served before and come again).
 *
 * A lane is a queue of its own: what cannot be admitted in one lane holds up nobody in another.
 * What it does not do: expire items; whoever knows their deadlines takes them out.
 *
 * Memory: one block for items and one for flows from base/mem at fair_init. Threads: one owner.
 * Time: none. Limits: items and lanes as given, items of one caller as set, 65,536 callers with
 * items at once. Source: Goyal, Vin and Cheng, "Start-time fair queuing", SIGCOMM 1996. */
#ifndef ASSAY_CORE_QUOTA_FAIR_H
#define ASSAY_CORE_QUOTA_FAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { FAIR_LANES_MAX = 256, FAIR_WEIGHT_MAX = 1000, FAIR_FLOWS_MAX = 65536 };

struct fair_settings {
    uint32_t items_max;      /* item numbers run from 0 to this; at most 2^24 */
    uint32_t lanes;          /* 0: one */
    uint32_t per_caller_max; /* items of one caller in one lane; 0: items_max */
};

struct fair_request {
    uint32_t item; /* not in the queue */
    uint32_t lane;
    uint64_t caller; /* any number; all items of one number share */
    uint32_t weight; /* of the caller, as of its last item; 0: 1 */
    uint64_t cost;   /* tokens, at most 2^32 - 1; 0 is taken as 1 */
    bool first;      /* before all other items of its caller, and free of charge where `charged` */
    bool charged;    /* its cost was paid before */
};

struct fair_item;
struct fair_flow;
struct fair_lane;

struct fair {
    struct fair_settings settings;
    struct fair_item *items;
    struct fair_flow *flows; /* a caller in a lane each */
    struct fair_lane *lanes;
    uint32_t *heaps;  /* of each lane: its flows that wait, the least start tag first */
    uint32_t *hashes; /* of caller and lane → flow + 1, the first of a chain */
    uint32_t flows_max;
    uint32_t hash_count; /* a power of two */
    uint32_t free_first; /* flow + 1; 0: none; likewise below */
    uint32_t rest_first; /* flows without items, the one that rests longest first */
    uint32_t rest_last;
    uint32_t count; /* items in the queue */
    uint64_t turns; /* orders what has equal tags */
};

/* ERR_LIMIT for settings out of range, ERR_MEMORY. */
MUST_CHECK int fair_init(struct fair *fair, const struct fair_settings *settings);
void fair_release(struct fair *fair);

/* ERR_BUSY where the caller has as many in the queue as it may (items put first always may), or
 * where there are too many callers. */
MUST_CHECK int fair_add(struct fair *fair, const struct fair_request *request);

/* Whose turn it is in the lane; false: nobody waits. */
bool fair_first(const struct fair *fair, uint32_t lane, uint32_t *ret_item);

/* The item whose turn it is leaves, served: its caller is charged. */
void fair_serve(struct fair *fair, uint32_t item);

/* An item leaves unserved: nobody is charged. */
void fair_remove(struct fair *fair, uint32_t item);

bool fair_has(const struct fair *fair, uint32_t item);
uint32_t fair_waiting(const struct fair *fair, uint32_t lane);

#endif
