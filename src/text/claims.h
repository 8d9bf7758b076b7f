/* SPDX-License-Identifier: Apache-2.0
 *
 * claims: an answer cut into what it claims: sentences, list items, table rows, and the scalars of
 * a JSON answer, each with the bytes where it stands.
 *
 * A sentence ends at 。！？, at . ! ? before white space (not behind Mr., No. or an initial), and at
 * the end of a line; inside Japanese quotes only at the end of a line. The marker of a list item,
 * the signs of a heading and "Step 3:" are no part of a claim; fenced code, rules, and a table's
 * ruler are none. What a claim is for (a greeting, a question, a refusal, a lead-in that ends in a
 * colon) is told, because it is not to be held against the sources. By tables: claims_words.def.
 *
 * Memory: the caller's arena. Threads: no state. Time: linear. Limit: CLAIMS_MAX claims; of
 * prose the last is all that is left, of JSON what stands behind it is none, and is_partial. */
#ifndef ASSAY_TEXT_CLAIMS_H
#define ASSAY_TEXT_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { CLAIMS_MAX = 100000 };

enum claim_form { CLAIM_SENTENCE, CLAIM_ITEM, CLAIM_ROW, CLAIM_JSON };

enum claim_role {
    CLAIM_STATEMENT,
    CLAIM_QUESTION,
    CLAIM_GREETING, /* thanks, good-byes, offers of help */
    CLAIM_REFUSAL,  /* says that the answer is not known, or not given */
    CLAIM_LEAD_IN,  /* "The features are:" */
};

struct claim {
    struct view text; /* of the answer; of a JSON string what it says, in the arena */
    size_t start;     /* bytes of the answer */
    size_t end;
    const uint32_t *offsets; /* text.len + 1 places: where in the answer each byte of `text` came
                                from; NULL: start + i */
    enum claim_form form;
    enum claim_role role;
};

struct claims {
    const struct claim *items;
    size_t count;
    uint64_t lists;  /* bit n: there is a list or table of n items, what "3つ" may count; n < 64 */
    bool is_partial; /* there were more than CLAIMS_MAX */
};

/* ERR_MEMORY. */
MUST_CHECK int claims_of(struct arena *arena, struct view answer, struct claims *ret_claims);

/* The same without roles, which take half the time: for sources. */
MUST_CHECK int claims_of_source(struct arena *arena, struct view source, struct claims *ret_claims);

/* The bytes of the answer behind text[start, end) of a claim. */
void claim_source(const struct claim *claim, size_t start, size_t end, size_t *ret_start,
                  size_t *ret_end);

#endif
