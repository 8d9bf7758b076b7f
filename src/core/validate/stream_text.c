/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_text: see stream_text.h. */
#include "core/validate/stream_text.h"

void held_init(struct held_text *held, size_t limit)
{
    *held = (struct held_text){.hole_start = UINT64_MAX, .hole_end = UINT64_MAX};
    strbuf_init(&held->bytes, limit);
}

void held_release(struct held_text *held)
{
    strbuf_release(&held->bytes);
}

void held_reset(struct held_text *held)
{
    strbuf_reset(&held->bytes);
    held->passed = 0;
    held->at = 0;
    held->end = 0;
    held->hole_start = UINT64_MAX;
    held->hole_end = UINT64_MAX;
}

/* Where the byte at that position stands in the block; of the hole, where it would. */
static size_t place(const struct held_text *held, uint64_t position)
{
    uint64_t missing = position <= held->hole_start ? 0
                       : position < held->hole_end  ? position - held->hole_start
                                                    : held->hole_end - held->hole_start;

    return held->passed + (size_t)(position - held->at - missing);
}

int held_add(struct held_text *held, struct view bytes)
{
    if (held->passed > held->bytes.len - held->passed) {
        strbuf_consume(&held->bytes, held->passed);
        held->passed = 0;
    }
    strbuf_add(&held->bytes, bytes);
    if (strbuf_status(&held->bytes) != 0)
        return strbuf_status(&held->bytes);
    held->end += bytes.len;
    return 0;
}

struct view held_view(const struct held_text *held, uint64_t from, uint64_t to)
{
    from = from < held->at ? held->at : from > held->end ? held->end : from;
    to = to < from ? from : to > held->end ? held->end : to;
    return view_slice(strbuf_view(&held->bytes), place(held, from), place(held, to));
}

void held_pass(struct held_text *held, uint64_t before)
{
    assert_always(before <= held->end);
    if (before <= held->at)
        return;
    held->passed = place(held, before);
    held->at = before;
    if (held_has_hole(held) && before >= held->hole_start) {
        uint64_t end = held->hole_end;
        held->hole_start = before >= end ? UINT64_MAX : before;
        held->hole_end = before >= end ? UINT64_MAX : end;
    }
}

void held_drop(struct held_text *held, uint64_t from)
{
    if (held_has_hole(held)) {
        assert_always(from >= held->hole_end);
        from = held->hole_end;
    } else {
        size_t at = place(held, from);
        while (from > held->at && ((unsigned char)held->bytes.ptr[at] & 0xc0) == 0x80) {
            at--;
            from--;
        }
        held->hole_start = from;
    }
    strbuf_cut(&held->bytes, place(held, from));
    held->hole_end = held->end;
}
