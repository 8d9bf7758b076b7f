/* SPDX-License-Identifier: Apache-2.0
 *
 * The laws of the event-stream codec: any cut gives the same events, and what is written reads
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_record.h"
#include "wire/sse.h"

static void add_random_stream(struct rng *rng, struct strbuf *out)
{
    static const char *const parts[] = {
        "data", "data: ", "data:", "event: ", "id: ", "retry: ",      "\n", "\r",      "\r\n",
        "\n\n", ":",      "x",     "12",      " ",    "\xef\xbb\xbf", "漫", "\r\n\r\n"};
    size_t count = (size_t)rng_below(rng, 40);

    for (size_t i = 0; i < count; i++)
        strbuf_add_text(out, parts[rng_below(rng, sizeof parts / sizeof parts[0])]);
}

static void compare(struct view text, size_t limit)
{
    struct strbuf whole;
    struct strbuf pieces;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&pieces, STREAM_RECORD_BYTES_MAX);

    int code = stream_record_sse(text, limit, &(struct stream_cuts){.count = 0}, &whole);
    for (size_t at = 1; at < text.len; at++) {
        strbuf_reset(&pieces);
        assert_int_equal(
            stream_record_sse(text, limit, &(struct stream_cuts){.at = &at, .count = 1}, &pieces),
            code);
        assert_string_equal(strbuf_text(&pieces), strbuf_text(&whole));
    }
    strbuf_reset(&pieces);
    assert_int_equal(
        stream_record_sse(text, limit, &(struct stream_cuts){.every_byte = true}, &pieces), code);
    assert_string_equal(strbuf_text(&pieces), strbuf_text(&whole));
    strbuf_release(&whole);
    strbuf_release(&pieces);
}

static void any_cut_in_two_and_every_byte_alone_give_the_same_events(void **state)
{
    (void)state;
    const uint64_t seed = 20261123;
    struct rng rng;
    struct strbuf text;
    rng_init(&rng, seed);
    strbuf_init(&text, 10000);
    print_message("seed %llu\n", (unsigned long long)seed);

    for (int round = 0; round < 1500; round++) {
        strbuf_reset(&text);
        add_random_stream(&rng, &text);
        compare(strbuf_view(&text), round % 3 == 0 ? 24 : 0);
    }
    strbuf_release(&text);
}

static void what_is_written_reads_back_however_it_is_cut(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);

    for (int round = 0; round < 500; round++) {
        char bytes[60];
        size_t len = (size_t)rng_below(&rng, sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = "ab: \n{\"\xe6"[rng_below(&rng, 8)];
        struct sse_event written = {.event = VIEW("e"), .data = {bytes, len}, .retry_ms = -1};
        struct sse_parser parser;
        struct sse_event event;
        struct strbuf out;
        strbuf_init(&out, 10000);
        sse_parser_init(&parser, 0);
        assert_int_equal(sse_write(&out, &written), 0);
        size_t at = (size_t)rng_below(&rng, out.len);
        struct view rest = view_slice(strbuf_view(&out), 0, at);
        assert_int_equal(sse_feed(&parser, &rest, &event, NULL), 0);
        rest = view_slice(strbuf_view(&out), at, out.len);
        assert_int_equal(sse_feed(&parser, &rest, &event, NULL), 1);
        assert_true(view_equal(event.data, written.data));
        strbuf_release(&out);
        sse_parser_release(&parser);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_in_two_and_every_byte_alone_give_the_same_events),
        cmocka_unit_test(what_is_written_reads_back_however_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
