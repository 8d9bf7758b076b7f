/* SPDX-License-Identifier: Apache-2.0
 *
 * recorded: answers that were given elsewhere, in place of a target (--responses FILE): JSON Lines
 *   {"id": "rec-ja-001", "response": "…"}
 *   {"id": "rec-ja-002", "responses": ["…", "…"], "usage": {…}, "stop_reason": "…", "latency_ms":
 * 812} An empty response is a response. Several lines of one id are its repeats.
 *
 * Memory: the caller's arena, the answers' texts with its keeper. Threads: one owner. Limit: 1,000
 * answers an id. */
#ifndef ASSAY_APP_RECORDED_H
#define ASSAY_APP_RECORDED_H

#include "base/arena.h"
#include "base/map.h"
#include "core/record/answer.h"
#include "core/record/text_keeper.h"

enum { RECORDED_EACH_MAX = 1000 };

struct recorded_entry {
    struct view id;
    struct answer *answers;
    size_t count;
    size_t room;   /* of answers */
    uint32_t line; /* of the first */
    bool used;     /* for whoever matches them with a golden set */
};

struct recorded {
    struct recorded_entry **entries;
    size_t count;
    size_t room;
    size_t bad_lines; /* lines that could not be read; the others still count */
    struct err first_bad;
    struct map index;
};

/* Reads the text, which is not kept; answers go to the keeper, where there is one. A bad line is
 * counted, the first told in first_bad ("FILE:LINE: …"), and the others still count.
 * ERR_MEMORY. */
MUST_CHECK int recorded_parse(struct arena *arena, struct view file, struct view text,
                              struct recorded *ret_recorded);
MUST_CHECK int recorded_parse_kept(struct arena *arena, const struct text_keeper *keeper,
                                   struct view file, struct view text,
                                   struct recorded *ret_recorded);
void recorded_release(struct recorded *recorded);

/* NULL where there is none of that id. */
struct recorded_entry *recorded_find(const struct recorded *recorded, struct view id);

#endif
