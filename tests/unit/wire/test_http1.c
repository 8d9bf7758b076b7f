/* SPDX-License-Identifier: Apache-2.0
 *
 * What the HTTP/1.1 codec refuses and why, where its limits lie, and what the writer will not
 * write. That cuts never matter is shown in tests/laws/test_http1.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/http1.h"

/* Feeds it all and returns the code; the events' kinds as letters (H B T E U) into ret_kinds. */
static int feed_all(struct http1_parser *parser, const char *text, char *ret_kinds,
                    struct err *reterr)
{
    struct view rest = view_of(text);
    struct http1_event event;
    size_t count = 0;
    int code;

    while ((code = http1_feed(parser, &rest, &event, reterr)) == 1)
        ret_kinds[count++] = "HBTEU"[event.kind];
    ret_kinds[count] = '\0';
    return code;
}

struct misuse {
    const char *text;
    int status;
    const char *says;
};

#define POST "POST / HTTP/1.1\r\nHost: h\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct misuse requests[] = {
    {POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Transfer-Encoding"},
    {POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", 400, ""},
    {POST "Content-Length: 4\r\nContent-Length: 5\r\n\r\n", 400, ""},
    {POST "Content-Length: 4\r\nContent-Length: 4\r\n\r\n", 400, ""},
    {POST "Content-Length: 4, 4\r\n\r\n", 400, "Content-Length"},
    {POST "Content-Length: -4\r\n\r\n", 400, "Content-Length"},
    {POST "Content-Length: +4\r\n\r\n", 400, "Content-Length"},
    {POST "Content-Length: 0x4\r\n\r\n", 400, "Content-Length"},
    {POST "Content-Length: 4 4\r\n\r\n", 400, "Content-Length"},
    {POST "Content-Length: \r\n\r\n", 400, "Content-Length"},
    {POST "Content-Length: 99999999999999999999\r\n\r\n", 400, "overflow"},
    {POST "Content-Length : 4\r\n\r\n", 400, ""},
    {POST "Content-Length\r\n\r\n", 400, ""},
    {POST "Transfer-Encoding : chunked\r\n\r\n", 400, ""},
    {POST "Transfer-Encoding: xchunked\r\n\r\n", 501, "other than 'chunked'"},
    {POST "Transfer-Encoding: identity\r\n\r\n", 501, "other than 'chunked'"},
    {POST "Transfer-Encoding: chunked, identity\r\n\r\n", 400, ""},
    {POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "other than 'chunked'"},
    {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, ""},
    {POST "Transfer-Encoding:\r\n chunked\r\n\r\n", 400, "folded"},
    {POST "X: a\r\n\tb\r\n\r\n", 400, "folded"},
    {" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400, "folded"},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0"},
    {"GET / HTTP/1.1\r\n\r\n", 400, "no Host"},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "more than one Host"},
    {"GET / HTTP/1.1\nHost: h\n\n", 400, "CR LF"},
    {"GET / HTTP/1.1\r\nHost: h\n\r\n", 400, "CR LF"},
    {"GET / HTTP/1.1\r\nHost: h\r\n\n", 400, "CR LF"},
    {"GET / HTTP/1.1\rHost: h\r\n\r\n", 400, "CR LF"},
    {"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400, "CR LF"},
    {"GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", 400, "CR LF"},
    {"GET / HTTP/1.1\r\nHost: h\r\nX: a\x01\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nHost: h\r\nX: a\x7f\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nHost: h\r\nX\x80: a\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nHost: h\r\nX(y): a\r\n\r\n", 400, ""},
    {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "request line"},
    {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "request line"},
    {"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "request line"},
    {"GET /\xe6\xbc\xab HTTP/1.1\r\nHost: h\r\n\r\n", 400, ""},
    {"GET /#x HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target"},
    {"GET /\r\nHost: h\r\n\r\n", 400, "request line"},
    {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505, ""},
    {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "version"},
    {"GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505, ""},
    {"GET / http/1.1\r\nHost: h\r\n\r\n", 400, "request line"},
    {"SETUP / RTSP/1.0\r\nHost: h\r\n\r\n", 400, "request line"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/2 preface"},
    {"NONSENSE / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "method"},
    {"\x16\x03\x01\x02\x01\x01\r\n", 400, "request line"},
    {CHUNKED "5\r\nhelloX", 400, "longer than its size"},
    {CHUNKED "5\r\nhello\n", 400, "longer than its size"},
    {CHUNKED "5\r\nhello\rX", 400, "longer than its size"},
    {CHUNKED "5\nhello\r\n", 400, "CR LF"},
    {CHUNKED "x\r\n", 400, "chunk size"},
    {CHUNKED "0x5\r\n", 400, "chunk size"},
    {CHUNKED "-5\r\n", 400, "chunk size"},
    {CHUNKED " 5\r\n", 400, "chunk size"},
    {CHUNKED "5 \r\n", 400, "chunk size"},
    {CHUNKED "\r\n", 400, "chunk size"},
    {CHUNKED "5;a\rb\r\n", 400, "stray CR"},
    {CHUNKED "10000000000000005\r\n", 400, "overflow"},
    {CHUNKED "0\r\nContent-Length: 5\r\n\r\n", 400, ""},
    {CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, ""},
    {CHUNKED "0\r\nHost: x\r\n\r\n", 400, "trailer"},
    {CHUNKED "0\r\nX: y\r\n z\r\n\r\n", 400, "folded"},
    {CHUNKED "0\r\nX: y\n\r\n", 400, "CR LF"},
};

static const struct misuse responses[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
     "Transfer-Encoding"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "other than 'chunked'"},
    {"HTTP/1.1 99 OK\r\n\r\n", 400, ""},
    {"HTTP/1.1 099 OK\r\n\r\n", 400, ""},
    {"HTTP/1.1 2000 OK\r\n\r\n", 400, ""},
    {"HTTP/1.1 OK\r\n\r\n", 400, ""},
    {"HTTP/2 200\r\n\r\n", 0, ""},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", 400, "empty line"},
    {"SSH-2.0-OpenSSH_9\r\n", 400, "no status line"},
    {"\x15\x03\x01", 400, "seems to speak TLS"},
    {"\x16\x03\x03\r\n", 400, "seems to speak TLS"},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", 400, "101 without"},
    {"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello", 400, "1xx"},
    {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", 400, "folded"},
};

static void expect_refused(enum http1_side side, const struct misuse *misuse)
{
    struct http1_parser *parser = http1_parser_new(side, NULL);
    struct err err = {0};
    char kinds[20];
    int code = feed_all(parser, misuse->text, kinds, &err);

    if (code != ERR_PROTOCOL || strstr(err.text, misuse->says) == NULL
        || (misuse->status != 0 && http1_error_status(parser) != misuse->status))
        fail_msg("'%s' gave %d, status %d, events %s: %s", misuse->text, code,
                 http1_error_status(parser), kinds, err.text);
    err.text[0] = '\0';
    assert_int_equal(feed_all(parser, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", kinds, &err),
                     ERR_PROTOCOL);
    assert_true(err.text[0] != '\0');
    http1_parser_free(parser);
}

static void malformed_requests_are_refused_for_ever(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        expect_refused(HTTP1_READS_REQUESTS, &requests[i]);
}

static void malformed_responses_are_refused_for_ever(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++)
        expect_refused(HTTP1_READS_RESPONSES, &responses[i]);
}

static void a_nul_byte_in_a_head_is_refused(void **state)
{
    (void)state;
    struct http1_parser *parser = http1_parser_new(HTTP1_READS_REQUESTS, NULL);
    struct http1_event event;
    struct view rest = view_make("GET / HTTP/1.1\r\nHost: h\0\r\n\r\n", 28);

    assert_int_equal(http1_feed(parser, &rest, &event, NULL), ERR_PROTOCOL);
    http1_parser_free(parser);
}

static const struct http1_limits limits = {.start_line_bytes = 30,
                                           .header_bytes = 40,
                                           .headers = 3,
                                           .chunk_line_bytes = 10,
                                           .body_bytes = 8};

struct limit_case {
    enum http1_side side;
    const char *text;
    int status; /* 0: it fits */
};

static const struct limit_case limit_cases[] = {
    {HTTP1_READS_REQUESTS, "GET /aaaaaaaaaaaaaa HTTP/1.0\r\n\r\n", 0},
    {HTTP1_READS_REQUESTS, "GET /aaaaaaaaaaaaaaaaa HTTP/1.0\r\n\r\n", 414},
    {HTTP1_READS_REQUESTS, "GET / HTTP/1.0\r\nX: 45678901234567890123456789012345678\r\n\r\n", 0},
    {HTTP1_READS_REQUESTS, "GET / HTTP/1.0\r\nX: 456789012345678\r\nY: 456789012345678\r\n\r\n", 0},
    {HTTP1_READS_REQUESTS, "GET / HTTP/1.0\r\nX: 456789012345678\r\nY: 4567890123456789\r\n\r\n",
     431},
    {HTTP1_READS_REQUESTS, "GET / HTTP/1.0\r\na:\r\nb:\r\nc:\r\n\r\n", 0},
    {HTTP1_READS_REQUESTS, "GET / HTTP/1.0\r\na:\r\nb:\r\nc:\r\nd:\r\n\r\n", 431},
    {HTTP1_READS_REQUESTS, "PUT / HTTP/1.0\r\nContent-Length: 8\r\n\r\n12345678", 0},
    {HTTP1_READS_REQUESTS, "PUT / HTTP/1.0\r\nContent-Length: 9\r\n\r\n", 413},
    {HTTP1_READS_RESPONSES, "HTTP/1.1 200 OK\r\n\r\n12345678", 0},
    {HTTP1_READS_RESPONSES, "HTTP/1.1 200 OK\r\n\r\n123456789", 413},
    {HTTP1_READS_RESPONSES,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n4\r\n1234\r\n0\r\n\r\n", 0},
    {HTTP1_READS_RESPONSES,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n", 413},
    {HTTP1_READS_RESPONSES, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=1234\r\n", 0},
    {HTTP1_READS_RESPONSES, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=12345\r\n",
     400},
    {HTTP1_READS_RESPONSES,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na:\r\nb:\r\nc:\r\nd:\r\n\r\n", 431},
};

static void every_size_has_a_limit_and_says_its_number(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof limit_cases / sizeof limit_cases[0]; i++) {
        const struct limit_case *here = &limit_cases[i];
        struct http1_parser *parser = http1_parser_new(here->side, &limits);
        struct err err = {0};
        char kinds[20];
        int code = feed_all(parser, here->text, kinds, &err);
        if (code != (here->status == 0 ? 0 : ERR_LIMIT)
            || http1_error_status(parser) != here->status)
            fail_msg("'%s' gave %d (%d): %s", here->text, code, http1_error_status(parser),
                     err.text);
        assert_true(code == 0 || strstr(err.text, "than the limit of ") != NULL);
        http1_parser_free(parser);
    }
}

static void informational_responses_are_passed_over_but_not_for_ever(void **state)
{
    (void)state;
    struct http1_parser *parser = http1_parser_new(HTTP1_READS_RESPONSES, NULL);
    char kinds[20];
    int code = 0;

    assert_int_equal(
        feed_all(parser,
                 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", kinds,
                 NULL),
        0);
    assert_string_equal(kinds, "HE");
    for (int i = 0; i < 100 && code == 0; i++)
        code = feed_all(parser, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", kinds, NULL);
    assert_int_equal(code, ERR_PROTOCOL);
    http1_parser_free(parser);
}

static void a_parser_stops_after_each_message_and_tells_how_much_it_took(void **state)
{
    (void)state;
    struct http1_parser *parser = http1_parser_new(HTTP1_READS_REQUESTS, NULL);
    struct http1_event event;
    struct view rest =
        view_of("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    size_t half = rest.len / 2;

    assert_int_equal(http1_feed(parser, &rest, &event, NULL), 1);
    assert_true(view_is(event.head->target, "/1"));
    assert_int_equal(http1_feed(parser, &rest, &event, NULL), 1);
    assert_int_equal(event.kind, HTTP1_END);
    assert_true(view_is(event.head->target, "/1"));
    assert_int_equal(rest.len, half);
    assert_int_equal(http1_feed(parser, &rest, &event, NULL), 1);
    assert_true(view_is(event.head->target, "/2"));
    http1_parser_free(parser);
}

static void body_bytes_are_never_copied(void **state)
{
    (void)state;
    struct http1_parser *parser = http1_parser_new(HTTP1_READS_RESPONSES, NULL);
    struct http1_event event;
    const char *text =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    struct view rest = view_of(text);

    assert_int_equal(http1_feed(parser, &rest, &event, NULL), 1);
    assert_int_equal(http1_feed(parser, &rest, &event, NULL), 1);
    assert_int_equal(event.kind, HTTP1_BODY);
    assert_ptr_equal(event.body.ptr, strstr(text, "hello"));
    http1_parser_free(parser);
}

struct keep {
    const char *text;
    bool keep_alive;
};

static const struct keep keeps[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true},
    {"HTTP/1.1 204 No Content\r\n\r\n", true},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", true},
};

static void whether_the_connection_can_go_on_is_told(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof keeps / sizeof keeps[0]; i++) {
        struct http1_parser *parser = http1_parser_new(HTTP1_READS_RESPONSES, NULL);
        struct http1_event event = {.kind = HTTP1_BODY};
        struct view rest = view_of(keeps[i].text);
        while (http1_feed(parser, &rest, &event, NULL) == 1)
            ;
        assert_int_equal(event.kind, HTTP1_END);
        assert_int_equal(event.keep_alive, keeps[i].keep_alive);
        http1_parser_free(parser);
    }
}

static void a_message_cut_short_is_told_from_one_that_ends(void **state)
{
    (void)state;
    struct http1_parser *parser = http1_parser_new(HTTP1_READS_RESPONSES, NULL);
    struct http1_event event;
    char kinds[20];

    assert_int_equal(http1_finish(parser, &event, NULL), 0);
    assert_int_equal(
        feed_all(parser, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", kinds, NULL), 0);
    assert_true(http1_in_message(parser));
    struct err err = {0};
    assert_int_equal(http1_finish(parser, &event, &err), ERR_CLOSED);
    assert_non_null(strstr(err.text, "in the middle of a response"));
    http1_parser_reset(parser);
    assert_false(http1_in_message(parser));
    assert_int_equal(feed_all(parser, "HTTP/1.1 200 OK\r\n\r\nab", kinds, NULL), 0);
    assert_int_equal(http1_finish(parser, &event, NULL), 1);
    assert_int_equal(event.kind, HTTP1_END);
    assert_false(event.keep_alive);
    assert_int_equal(http1_finish(parser, &event, NULL), 0);
    http1_parser_free(parser);
}

static struct http_request request_for(const char *method, const char *target)
{
    struct http_request request = {.method = view_of(method), .target = view_of(target)};

    request.headers.items[request.headers.count++] =
        (struct http_header){.name = VIEW("Host"), .value = VIEW("h")};
    return request;
}

static void the_writer_refuses_whatever_could_be_read_as_more(void **state)
{
    (void)state;
    const struct {
        const char *method, *target, *name, *value;
        enum http1_framing framing;
    } bad[] = {
        {"GET x", "/", NULL, NULL, HTTP1_NO_BODY},
        {"", "/", NULL, NULL, HTTP1_NO_BODY},
        {"GET", "", NULL, NULL, HTTP1_NO_BODY},
        {"GET", "/ HTTP/1.1\r\nX: y", NULL, NULL, HTTP1_NO_BODY},
        {"GET", "/a b", NULL, NULL, HTTP1_NO_BODY},
        {"GET", "/", "X: y\r\nZ", "1", HTTP1_NO_BODY},
        {"GET", "/", "", "1", HTTP1_NO_BODY},
        {"GET", "/", "X", "1\r\nInjected: 1", HTTP1_NO_BODY},
        {"GET", "/", "X", "1\nInjected: 1", HTTP1_NO_BODY},
        {"GET", "/", "Content-Length", "5", HTTP1_NO_BODY},
        {"GET", "/", "content-length", "5", HTTP1_LENGTH},
        {"GET", "/", "Transfer-Encoding", "chunked", HTTP1_LENGTH},
        {"GET", "/", "Transfer-Encoding", "chunked", HTTP1_CHUNKED},
        {"GET", "/", NULL, NULL, HTTP1_UNTIL_CLOSE},
    };
    struct strbuf out;
    strbuf_init(&out, 10000);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http_request request = request_for(bad[i].method, bad[i].target);
        struct err err = {0};
        if (bad[i].name != NULL)
            request.headers.items[request.headers.count++] =
                (struct http_header){.name = view_of(bad[i].name), .value = view_of(bad[i].value)};
        assert_int_equal(http1_write_request_head(&out, &request, bad[i].framing, &err),
                         ERR_INVALID);
        assert_true(err.text[0] != '\0');
        assert_int_equal(out.len, 0);
    }
    struct http_request request = request_for("GET", "/");
    request.headers.count = 0;
    assert_int_equal(http1_write_request_head(&out, &request, HTTP1_NO_BODY, NULL), ERR_INVALID);
    struct http_response response = {.status = 204};
    assert_int_equal(http1_write_response_head(&out, &response, HTTP1_LENGTH, NULL), ERR_INVALID);
    response.status = 20;
    assert_int_equal(http1_write_response_head(&out, &response, HTTP1_LENGTH, NULL), ERR_INVALID);
    strbuf_release(&out);
}

static void heads_are_written_in_one_form(void **state)
{
    (void)state;
    struct strbuf out;
    struct http_request request = request_for("POST", "/x?y");
    struct http_response response = {.status = 404, .body = VIEW("none")};
    strbuf_init(&out, 10000);

    request.body = (struct view)VIEW("abc");
    assert_int_equal(http1_write_request_head(&out, &request, HTTP1_LENGTH, NULL), 0);
    assert_string_equal(strbuf_text(&out),
                        "POST /x?y HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
    strbuf_reset(&out);
    assert_int_equal(http1_write_response_head(&out, &response, HTTP1_UNTIL_CLOSE, NULL), 0);
    assert_string_equal(strbuf_text(&out), "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
    strbuf_reset(&out);
    assert_int_equal(http1_write_response_head(&out, &response, HTTP1_CHUNKED, NULL), 0);
    http1_write_chunk(&out, (struct view)VIEW("0123456789abcdef"));
    assert_int_equal(http1_write_last_chunk(&out, NULL, NULL), 0);
    assert_string_equal(strbuf_text(&out),
                        "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "10\r\n0123456789abcdef\r\n0\r\n\r\n");
    strbuf_reset(&out);
    out.limit = 20;
    assert_int_equal(http1_write_response_head(&out, &response, HTTP1_CHUNKED, NULL), ERR_LIMIT);
    assert_int_equal(out.len, 0);
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_requests_are_refused_for_ever),
        cmocka_unit_test(malformed_responses_are_refused_for_ever),
        cmocka_unit_test(a_nul_byte_in_a_head_is_refused),
        cmocka_unit_test(every_size_has_a_limit_and_says_its_number),
        cmocka_unit_test(informational_responses_are_passed_over_but_not_for_ever),
        cmocka_unit_test(a_parser_stops_after_each_message_and_tells_how_much_it_took),
        cmocka_unit_test(body_bytes_are_never_copied),
        cmocka_unit_test(whether_the_connection_can_go_on_is_told),
        cmocka_unit_test(a_message_cut_short_is_told_from_one_that_ends),
        cmocka_unit_test(the_writer_refuses_whatever_could_be_read_as_more),
        cmocka_unit_test(heads_are_written_in_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
