/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8: see utf8.h. */
#include "base/utf8.h"

/* The length a sequence has by its first byte, 0 where no sequence starts so. */
static size_t length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    if (first >= 0xf0 && first <= 0xf4)
        return 4;
    return 0;
}

/* Of the second byte the range is narrower after E0, ED, F0 and F4 (RFC 3629, section 4). */
static bool second_fits(unsigned char first, unsigned char second)
{
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high;
}

/* How many bytes of the sequence that starts the text are there and fit. */
static size_t fitting(struct view text, size_t len)
{
    size_t have = 1;

    if (text.len > 1 && second_fits((unsigned char)text.ptr[0], (unsigned char)text.ptr[1]))
        for (have = 2; have < len && have < text.len; have++)
            if (((unsigned char)text.ptr[have] & 0xc0u) != 0x80u)
                break;
    return have < len ? have : len;
}

uint32_t utf8_next(struct view text, size_t *pos, bool *ret_bad)
{
    static const unsigned char mask[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    struct view rest = view_slice(text, *pos, text.len);
    assert_always(rest.len > 0);
    unsigned char first = (unsigned char)rest.ptr[0];
    size_t len = length_of(first);
    bool bad = len == 0 || fitting(rest, len) < len;

    if (ret_bad != NULL)
        *ret_bad = bad;
    if (bad) {
        *pos += 1;
        return 0xfffd;
    }
    uint32_t codepoint = first & mask[len];
    for (size_t i = 1; i < len; i++)
        codepoint = codepoint << 6 | ((unsigned char)rest.ptr[i] & 0x3fu);
    *pos += len;
    return codepoint;
}

bool utf8_valid(struct view text, size_t *ret_bad_at)
{
    for (size_t pos = 0; pos < text.len;) {
        if ((unsigned char)text.ptr[pos] < 0x80) {
            pos++;
            continue;
        }
        size_t at = pos;
        bool bad;
        utf8_next(text, &pos, &bad);
        if (bad) {
            if (ret_bad_at != NULL)
                *ret_bad_at = at;
            return false;
        }
    }
    return true;
}

size_t utf8_count(struct view text)
{
    size_t count = 0;

    for (size_t pos = 0; pos < text.len; count++)
        utf8_next(text, &pos, NULL);
    return count;
}

struct view utf8_cut(struct view text, size_t max)
{
    struct view cut = view_slice(text, 0, max);
    return cut.len < text.len ? view_slice(cut, 0, cut.len - utf8_tail(cut)) : cut;
}

size_t utf8_tail(struct view text)
{
    for (size_t back = 1; back <= 3 && back <= text.len; back++) {
        unsigned char byte = (unsigned char)text.ptr[text.len - back];
        if ((byte & 0xc0u) == 0x80u)
            continue;
        size_t len = length_of(byte);
        struct view rest = view_slice(text, text.len - back, text.len);
        return len > back && fitting(rest, len) == back ? back : 0;
    }
    return 0;
}
