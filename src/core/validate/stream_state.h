/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_state: the hold-back machine as its parts share it: stream.c takes the text in and judges,
 * stream_release.c lets it out. */
#ifndef ASSAY_CORE_VALIDATE_STREAM_STATE_H
#define ASSAY_CORE_VALIDATE_STREAM_STATE_H

#include "core/validate/stream.h"
#include "core/validate/stream_escapes.h"
#include "core/validate/stream_spans.h"
#include "core/validate/stream_text.h"

enum sentence_part {
    SENTENCE_WITHIN,
    SENTENCE_AFTER_WIDE,   /* behind 。！？, closing quotes may follow */
    SENTENCE_AFTER_NARROW, /* behind . ! ?, which end a sentence before white space only */
};

/* Matches in order of arrival, or of their start. */
struct match_list {
    struct hold_match *items;
    size_t first;
    size_t count; /* with those before `first` */
    size_t capacity;
};

struct hold {
    const struct policy *policy;
    size_t rule_count;
    uint32_t *row_at; /* rows[row_at[rule], row_at[rule + 1]) have that rule */
    uint32_t *rows;
    uint32_t *told; /* matches told of each rule, then of the leak watch */

    struct spelling *spelling;
    struct scanner *scanner;  /* NULL: no rules */
    struct leak_watch *leaks; /* NULL: no secret text */
    struct escapes escapes;   /* with HOLD_JSON */
    struct hold_subject subject;

    struct held_text text;
    uint64_t clear; /* all matches before are told */
    uint64_t cut_at;
    bool is_finished;
    bool is_over; /* what may leave has left */
    int failed;

    struct match_list waiting; /* start at `clear` or later: by start */
    struct match_list ready;
    uint64_t match_count;

    struct mask_spans spans;
    uint64_t masked_to; /* the end of the mask that left last; 0: none */
    bool is_masked;
    bool hole_covered; /* the hole lies within a mask */
    bool hole_in_string;
    bool in_string; /* with HOLD_JSON: the first byte that is kept stands in a string, */
    bool escaped;   /* behind a backslash */

    enum sentence_part part;
    uint64_t sentence_at;   /* looked for ends so far */
    uint64_t sentence_from; /* where the current one starts */
    uint64_t sentences_to;  /* the end of the last one that passed */

    struct strbuf out;
    bool is_taken; /* what is in `out` has left */
};

/* Lets out what may leave now. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int hold_let_out(struct hold *hold);

#endif
