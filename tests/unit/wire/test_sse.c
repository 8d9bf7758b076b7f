/* SPDX-License-Identifier: Apache-2.0
 *
 * The event stream as the WHATWG standard reads it, and as we write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/sse.h"

struct example {
    const char *stream;
    const char *events; /* "event|data|id|retry" each, ended by LF */
};

static const struct example examples[] = {
    {"data: YHOO\ndata: +2\ndata: 10\n\n", "|YHOO++2+10||-1\n"},
    {": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
     "|first event|1|-1\n|second event||-1\n"},
    {"data\n\ndata\ndata\n\ndata:", "|||-1\n|+||-1\n"},
    {"data:test\n\ndata: test\n\n", "|test||-1\n|test||-1\n"},
    {"\xef\xbb\xbf"
     "data: a\r\rdata: b\r\n\r\ndata: c\n\n",
     "|a||-1\n|b||-1\n|c||-1\n"},
    {"event: x\n\nevent: y\ndata: 1\n\ndata: 2\n\n", "y|1||-1\n|2||-1\n"},
    {"retry: 3000\nid: 7\n\ndata: a\n\nretry: -1\nretry: 1x\nid: a\ndata: b\n\n",
     "|a|7|3000\n|b|a|3000\n"},
    {"unknown: 1\ndataX: 2\ndata : 3\n\n", ""},
    {"data: {\"a\":1}\n\ndata: [DONE]\n\n", "|{\"a\":1}||-1\n|[DONE]||-1\n"},
    {"data: x\n", ""},
    {"", ""},
};

static void events_are_read_as_the_standard_says(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct sse_parser parser;
        struct sse_event event;
        struct strbuf got;
        struct view rest = view_of(examples[i].stream);
        sse_parser_init(&parser, 0);
        strbuf_init(&got, 10000);
        while (sse_feed(&parser, &rest, &event, NULL) == 1) {
            strbuf_add(&got, event.event);
            strbuf_add_byte(&got, '|');
            for (size_t j = 0; j < event.data.len; j++)
                strbuf_add_byte(&got, event.data.ptr[j] == '\n' ? '+' : event.data.ptr[j]);
            strbuf_printf(&got, "|%.*s|%lld\n", VIEW_ARG(event.id), (long long)event.retry_ms);
        }
        assert_string_equal(strbuf_text(&got), examples[i].events);
        strbuf_release(&got);
        sse_parser_release(&parser);
    }
}

static void an_id_with_nul_is_ignored(void **state)
{
    (void)state;
    struct sse_parser parser;
    struct sse_event event;
    struct view rest = view_make("id: a\0b\ndata: x\n\n", 17);
    sse_parser_init(&parser, 0);

    assert_int_equal(sse_feed(&parser, &rest, &event, NULL), 1);
    assert_int_equal(event.id.len, 0);
    sse_parser_release(&parser);
}

static void an_event_past_the_limit_is_an_error_for_ever(void **state)
{
    (void)state;
    struct sse_parser parser;
    struct sse_event event;
    struct err err = {0};
    sse_parser_init(&parser, 20);

    struct view rest = view_of("data: 1234567890\n\ndata: 1234567890\ndata: 1\n\n");
    assert_int_equal(sse_feed(&parser, &rest, &event, &err), 1);
    assert_int_equal(sse_feed(&parser, &rest, &event, &err), ERR_LIMIT);
    assert_non_null(strstr(err.text, "20 bytes"));
    rest = view_of("data: x\n\n");
    assert_int_equal(sse_feed(&parser, &rest, &event, &err), ERR_LIMIT);
    sse_parser_release(&parser);
}

static void a_line_without_end_meets_the_limit_too(void **state)
{
    (void)state;
    struct sse_parser parser;
    struct sse_event event;
    int code = 0;
    size_t fed = 0;
    sse_parser_init(&parser, 0);

    while (code == 0) {
        struct view rest = view_of("0123456789abcdef");
        code = sse_feed(&parser, &rest, &event, NULL);
        fed += 16;
    }
    assert_int_equal(code, ERR_LIMIT);
    assert_true(fed <= SSE_EVENT_BYTES_MAX + 16);
    sse_parser_release(&parser);
}

static void comments_keep_a_stream_open_without_end(void **state)
{
    (void)state;
    struct sse_parser parser;
    struct sse_event event;
    sse_parser_init(&parser, 100);

    for (int i = 0; i < 1000; i++) {
        struct view rest = view_of(": keep-alive\n");
        assert_int_equal(sse_feed(&parser, &rest, &event, NULL), 0);
    }
    struct view rest = view_of("data: x\n\n");
    assert_int_equal(sse_feed(&parser, &rest, &event, NULL), 1);
    sse_parser_release(&parser);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    const struct sse_event written[] = {
        {.data = VIEW("{\"a\":1}"), .retry_ms = -1},
        {.event = VIEW("delta"), .data = VIEW(""), .id = VIEW("9"), .retry_ms = 5},
        {.event = VIEW("x"), .data = VIEW(" two\nlines\n\n"), .id = VIEW("10"), .retry_ms = 0},
    };
    struct strbuf out;
    struct sse_parser parser;
    struct sse_event event;
    strbuf_init(&out, 10000);
    sse_parser_init(&parser, 0);

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sse_write(&out, &written[i]), 0);
        sse_write_comment(&out, view_of("ping\r\ndata: not an event"));
    }
    struct view rest = strbuf_view(&out);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sse_feed(&parser, &rest, &event, NULL), 1);
        assert_true(view_equal(event.event, written[i].event));
        assert_true(view_equal(event.data, written[i].data));
        assert_true(view_equal(event.id, written[i].id));
        assert_int_equal(event.retry_ms, written[i].retry_ms);
    }
    assert_int_equal(sse_feed(&parser, &rest, &event, NULL), 0);
    strbuf_release(&out);
    sse_parser_release(&parser);
}

static void line_ends_in_data_become_data_lines_and_elsewhere_are_refused(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 1000);

    assert_int_equal(
        sse_write(&out, &(struct sse_event){.data = VIEW("a\r\nb\rc\nd"), .retry_ms = -1}), 0);
    assert_string_equal(strbuf_text(&out), "data: a\ndata: b\ndata: c\ndata: d\n\n");
    strbuf_reset(&out);
    assert_int_equal(sse_write(&out, &(struct sse_event){.event = VIEW("a\ndata: x")}),
                     ERR_INVALID);
    assert_int_equal(sse_write(&out, &(struct sse_event){.id = VIEW("a\rb")}), ERR_INVALID);
    assert_int_equal(sse_write(&out, &(struct sse_event){.id = {"a\0b", 3}}), ERR_INVALID);
    assert_int_equal(out.len, 0);
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read_as_the_standard_says),
        cmocka_unit_test(an_id_with_nul_is_ignored),
        cmocka_unit_test(an_event_past_the_limit_is_an_error_for_ever),
        cmocka_unit_test(a_line_without_end_meets_the_limit_too),
        cmocka_unit_test(comments_keep_a_stream_open_without_end),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(line_ends_in_data_become_data_lines_and_elsewhere_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
