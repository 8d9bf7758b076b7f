/* SPDX-License-Identifier: Apache-2.0
 *
 * values_spell: brings a text into the form that the reader of values.h knows.
 *
 * Japanese text is full of full-width signs, so these are folded here, in one pass; only a text
 * with half-width kana, circled or squared forms, or combining marks goes through ICU. */
#include "text/values.h"

#include "base/utf8.h"

enum { ROOM_FOR_OFFSETS = 2 };

/* What has to go through NFKC. */
static bool is_compatibility(uint32_t codepoint)
{
    return (codepoint >= 0xff5f && codepoint <= 0xffdc) || codepoint == 0x3099
           || codepoint == 0x309a || (codepoint >= 0x2460 && codepoint <= 0x24ff)
           || (codepoint >= 0x2150 && codepoint <= 0x218f)
           || (codepoint >= 0x3200 && codepoint <= 0x33ff)
           || (codepoint >= 0x0300 && codepoint <= 0x036f)
           || (codepoint >= 0x2070 && codepoint <= 0x209f) || codepoint == 0xb2 || codepoint == 0xb3
           || (codepoint >= 0x1d400 && codepoint <= 0x1d7ff);
}

/* The ASCII form of a full-width sign or a space; 0 where it stays. */
static char narrow(uint32_t codepoint)
{
    if (codepoint >= 0xff01 && codepoint <= 0xff5e)
        return (char)(codepoint - 0xfee0);
    if (codepoint == 0x3000 || codepoint == 0xa0 || codepoint == 0x202f || codepoint == 0x2009)
        return ' ';
    if (codepoint == 0x2010 || codepoint == 0x2011 || codepoint == 0x2212)
        return '-';
    return '\0';
}

/* What has to be done: 0 nothing, 1 folding, 2 NFKC. */
static int work_for(struct view text)
{
    int work = 0;

    for (size_t pos = 0; pos < text.len;) {
        unsigned char lead = (unsigned char)text.ptr[pos];
        if (lead < 0xc2 || (lead >= 0xe4 && lead <= 0xe9)) {
            pos++; /* ASCII, ideographs, and the rest of either */
            continue;
        }
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        if (is_compatibility(codepoint))
            return 2;
        if (narrow(codepoint) != '\0' || codepoint == 0xffe5)
            work = 1;
    }
    return work;
}

static void fold(struct view text, char *out, uint32_t *starts, uint32_t *ends, size_t *ret_len)
{
    size_t len = 0;

    for (size_t pos = 0; pos < text.len;) {
        size_t start = pos;
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        char ascii = codepoint < 0x80 ? '\0' : narrow(codepoint);
        size_t from = len;
        if (ascii != '\0') {
            out[len++] = ascii;
        } else if (codepoint == 0xffe5) { /* ￥ */
            out[len++] = '\xc2';
            out[len++] = '\xa5';
        } else {
            memcpy(out + len, text.ptr + start, pos - start);
            len += pos - start;
        }
        for (size_t i = from; i < len; i++) {
            starts[i] = (uint32_t)start;
            ends[i] = (uint32_t)pos;
        }
    }
    *ret_len = len;
}

int values_spell(struct arena *arena, struct view text, struct normalised *ret_spelled)
{
    int work = work_for(text);

    if (text.len > NORMALISE_SOURCE_MAX)
        return ERR_LIMIT;
    if (work == 0) {
        *ret_spelled = (struct normalised){.text = text};
        return 0;
    }
    if (work == 2)
        return normalise_text(arena, text, NORMALISE_OFFSETS, ret_spelled);
    char *out = arena_new(arena, text.len, 1);
    uint32_t *places = arena_new(arena, text.len, ROOM_FOR_OFFSETS * sizeof *places);
    size_t len = 0;
    if (out == NULL || places == NULL)
        return ERR_MEMORY;
    fold(text, out, places, places + text.len, &len);
    *ret_spelled = (struct normalised){
        .text = view_make(out, len),
        .start_at = places,
        .end_at = places + text.len,
    };
    return 0;
}
