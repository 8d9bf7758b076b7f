/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_text: the bytes of a text that have not left yet, of which a stretch in the middle may
 * have been dropped. For stream*.c only.
 *
 *     at ───────── hole_start ···· hole_end ───────── end        without a hole both are UINT64_MAX
 *
 * Memory: base/mem, one block; what is passed is moved out when it is more than what stays.
 * Threads: one owner. */
#ifndef ASSAY_CORE_VALIDATE_STREAM_TEXT_H
#define ASSAY_CORE_VALIDATE_STREAM_TEXT_H

#include "base/strbuf.h"

struct held_text {
    struct strbuf bytes;
    size_t passed; /* of bytes: before `at` */
    uint64_t at;   /* the first byte that is kept */
    uint64_t end;  /* bytes so far */
    uint64_t hole_start;
    uint64_t hole_end;
};

void held_init(struct held_text *held, size_t limit);
void held_release(struct held_text *held);
void held_reset(struct held_text *held);

/* ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int held_add(struct held_text *held, struct view bytes);

/* The bytes from..to that are kept, without those of the hole; holds until the next add or drop. */
struct view held_view(const struct held_text *held, uint64_t from, uint64_t to);

/* Nothing before that position is needed any more. */
void held_pass(struct held_text *held, uint64_t before);

/* Drops what stands from `from` to the end; makes a hole or lengthens the one there is, which
 * starts at a character. */
void held_drop(struct held_text *held, uint64_t from);

static inline bool held_has_hole(const struct held_text *held)
{
    return held->hole_start != UINT64_MAX;
}

static inline size_t held_kept(const struct held_text *held)
{
    return held->bytes.len - held->passed;
}

#endif
