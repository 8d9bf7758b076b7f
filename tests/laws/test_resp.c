/* SPDX-License-Identifier: Apache-2.0
 *
 * The laws of Redis's protocol: any cut gives the same events and the same error, and what is
 * written reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame_record.h"

enum { WORDS_MAX = 6, WORD_BYTES_MAX = 20 };

static void compare(struct view text, enum resp_side side, const struct resp_limits *limits)
{
    struct strbuf whole;
    struct strbuf pieces;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&pieces, STREAM_RECORD_BYTES_MAX);

    int code = frame_record_resp(text, side, limits, &(struct stream_cuts){.count = 0}, &whole);
    for (size_t at = 1; at <= text.len; at++) {
        struct stream_cuts cuts = {.at = &at, .count = at < text.len, .every_byte = at == text.len};
        strbuf_reset(&pieces);
        assert_int_equal(frame_record_resp(text, side, limits, &cuts, &pieces), code);
        assert_string_equal(strbuf_text(&pieces), strbuf_text(&whole));
    }
    strbuf_release(&whole);
    strbuf_release(&pieces);
}

static void any_cut_gives_the_same_events_of_any_bytes(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "*1\r\n",
        "*2\r\n",
        "*0\r\n",
        "*-1\r\n",
        "%1\r\n",
        "~2\r\n",
        ">1\r\n",
        "|1\r\n",
        "$-1\r\n",
        "$0\r\n\r\n",
        "$3\r\nabc\r\n",
        "$2\r\n\r\n\r\n",
        "!1\r\nx\r\n",
        "=5\r\ntxt:a\r\n",
        "+OK\r\n",
        "-ERR\r\n",
        ":12\r\n",
        "_\r\n",
        "#t\r\n",
        ",1.5\r\n",
        "(99\r\n",
        "PING\r\n",
        "GET 'a b'\n",
        "\r\n",
        "\r",
        "\n",
        "x",
        "$3\r\nab\r\n",
        "$9\r\n",
        "\"",
    };
    static const struct resp_limits small = {
        .bulk_bytes = 3, .value_bytes = 40, .line_bytes = 6, .elements = 5, .depth = 2};
    const uint64_t seed = 20261123;
    struct rng rng;
    struct strbuf text;
    rng_init(&rng, seed);
    strbuf_init(&text, 10000);
    print_message("seed %llu\n", (unsigned long long)seed);

    for (int round = 0; round < 3000; round++) {
        size_t count = 1 + (size_t)rng_below(&rng, 12);
        strbuf_reset(&text);
        for (size_t i = 0; i < count; i++)
            strbuf_add_text(&text, parts[rng_below(&rng, sizeof parts / sizeof parts[0])]);
        compare(strbuf_view(&text), round % 2 == 0 ? RESP_READS_REPLIES : RESP_READS_COMMANDS,
                round % 3 == 0 ? &small : NULL);
    }
    strbuf_release(&text);
}

static void commands_that_are_written_read_back_however_they_are_cut(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);

    for (int round = 0; round < 300; round++) {
        char bytes[WORD_BYTES_MAX];
        struct view words[WORDS_MAX];
        size_t count = 1 + (size_t)rng_below(&rng, WORDS_MAX);
        struct strbuf out;
        struct resp_parser parser;
        struct resp_event event;
        strbuf_init(&out, 10000);
        resp_parser_init(&parser, RESP_READS_COMMANDS, NULL);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)rng_below(&rng, 256);
        for (size_t i = 0; i < count; i++)
            words[i] = view_make(bytes, (size_t)rng_below(&rng, sizeof bytes));
        resp_write_command(&out, words, count);
        struct view rest = strbuf_view(&out);
        assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
        assert_int_equal(event.count, count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(resp_feed(&parser, &rest, &event, NULL), 1);
            assert_true(event.last && view_equal(event.text, words[i]));
            assert_int_equal(event.complete, i + 1 == count);
        }
        assert_int_equal(rest.len, 0);
        assert_false(resp_in_value(&parser));
        compare(strbuf_view(&out), RESP_READS_COMMANDS, NULL);
        compare(strbuf_view(&out), RESP_READS_REPLIES, NULL);
        resp_parser_release(&parser);
        strbuf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same_events_of_any_bytes),
        cmocka_unit_test(commands_that_are_written_read_back_however_they_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
