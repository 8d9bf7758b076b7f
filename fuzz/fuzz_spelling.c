/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_spelling: any bytes, cut anywhere: the same spelling and the same way back, valid UTF-8,
 * places in order. The first byte chooses flags and cuts. */
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "text/spelling.h"

enum { ROOM = 64 * 1024 * 1024, CUTS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Appends the spelling, and behind each byte its place. */
static void spell(struct spelling *spelling, struct view text, uint32_t cuts, struct strbuf *out)
{
    uint64_t at;
    uint64_t last = 0;

    strbuf_init(out, ROOM);
    spelling_reset(spelling);
    for (size_t pos = 0; pos < text.len;) {
        struct view piece = view_slice(text, pos, cuts == 0 ? text.len : pos + 1 + (cuts >> 29));
        cuts = cuts == 0 ? 0 : cuts * 1664525u + 1013904223u;
        assert_always(spelling_feed(spelling, piece) == 0);
        pos += piece.len;
    }
    assert_always(spelling_finish(spelling) == 0);
    struct view window = spelling_window(spelling, &at);
    assert_always(utf8_valid(window, NULL));
    for (size_t i = 0; i < window.len; i++) {
        uint64_t start = spelling_start(spelling, i);
        uint64_t end = spelling_end(spelling, i);
        assert_always(start >= last && start < end && end <= text.len);
        last = start;
        strbuf_printf(out, "%02x %llu %llu\n", (unsigned char)window.ptr[i],
                      (unsigned long long)start, (unsigned long long)end);
    }
    assert_always(strbuf_status(out) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_make(data, size);
    struct spelling *spelling;
    struct strbuf whole;

    if (size == 0)
        return 0;
    assert_always(spelling_new(data[0] & SPELLING_LOOKALIKES, &spelling) == 0);
    text = view_slice(text, 1, text.len);
    spell(spelling, text, 0, &whole);
    for (uint32_t i = 1; i <= CUTS; i++) {
        struct strbuf pieces;
        spell(spelling, text, data[0] * 7919u + i, &pieces);
        assert_always(view_equal(strbuf_view(&whole), strbuf_view(&pieces)));
        strbuf_release(&pieces);
    }
    strbuf_release(&whole);
    spelling_free(spelling);
    return 0;
}
