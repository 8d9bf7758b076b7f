/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_escapes: JSON as a reader sees it, its escapes resolved (\n, \", \u3042, surrogate pairs),
 * while it streams by, with the way back. For stream*.c only.
 *
 * No grammar: a backslash begins an escape wherever it stands; one that is none stays as it came. A
 * lone surrogate is U+FFFD. What it makes of a text does not depend on how it was cut.
 *
 * Memory: base/mem, an entry an escape that was not forgotten. Threads: one owner. */
#ifndef ASSAY_CORE_VALIDATE_STREAM_ESCAPES_H
#define ASSAY_CORE_VALIDATE_STREAM_ESCAPES_H

#include "base/strbuf.h"

enum { ESCAPE_BYTES_MAX = 12 }; /* \ud83d\ude00 */

/* One escape: bytes of the result came from bytes of the source. */
struct escape {
    uint64_t at; /* of the result */
    uint64_t end;
    uint64_t source_at;
    uint64_t source_end;
};

struct escapes {
    struct strbuf out; /* what the last call resolved */
    struct escape *items;
    size_t first;
    size_t count;
    size_t capacity;
    uint64_t source; /* bytes taken, without those that wait */
    uint64_t made;
    uint64_t base_source; /* where the source stands behind all that is forgotten, */
    uint64_t base_made;   /* and the result */
    char waiting[ESCAPE_BYTES_MAX];
    size_t waiting_len;
    bool in_string; /* the source ends within a string */
};

void escapes_init(struct escapes *escapes);
void escapes_release(struct escapes *escapes);
void escapes_reset(struct escapes *escapes);

/* Resolves; ret_text holds until the next call. ERR_MEMORY. */
MUST_CHECK int escapes_feed(struct escapes *escapes, struct view source, struct view *ret_text);
/* The source has ended: an escape that is cut short stays as it came. */
MUST_CHECK int escapes_finish(struct escapes *escapes, struct view *ret_text);

/* Of a byte of the result: where what it came from starts, and ends, in the source. escapes_start
 * also takes the end of the result. */
uint64_t escapes_start(const struct escapes *escapes, uint64_t at);
uint64_t escapes_end(const struct escapes *escapes, uint64_t at);

/* Bytes of the source before that are not asked for any more. */
void escapes_forget(struct escapes *escapes, uint64_t source_before);
/* What came from source bytes from..to is told apart no more. */
void escapes_join(struct escapes *escapes, uint64_t from, uint64_t to);

#endif
