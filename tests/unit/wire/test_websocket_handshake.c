/* SPDX-License-Identifier: Apache-2.0
 *
 * The WebSocket handshake, as bytes through the HTTP/1.1 codec: RFC 6455's example, both sides with
 * each other, and what each refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/http1.h"
#include "wire/websocket_handshake.h"

enum { HEAD_BYTES_MAX = 8192 };

static const char sample_key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char sample_accept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/* Reads one head; what came last is in ret_kind. The parser must live as long as the head. */
static const struct http1_head *read_head(struct http1_parser *parser, struct view bytes,
                                          enum http1_event_kind *ret_kind)
{
    struct http1_event event;
    struct err err = {0};
    const struct http1_head *head = NULL;

    while (http1_feed(parser, &bytes, &event, &err) == 1) {
        head = event.head != NULL ? event.head : head;
        *ret_kind = event.kind;
        if (event.kind == HTTP1_UPGRADE || event.kind == HTTP1_END)
            break;
    }
    assert_string_equal(err.text, "");
    assert_non_null(head);
    return head;
}

static void a_key_is_answered_as_in_the_specification(void **state)
{
    (void)state;
    struct websocket_accept accept;
    struct websocket_key key;
    struct websocket_key other;
    struct rng rng;
    rng_init(&rng, 3);

    websocket_accept_of(view_of(sample_key), &accept);
    assert_string_equal(accept.text, sample_accept);
    websocket_key_draw(&rng, &key);
    websocket_key_draw(&rng, &other);
    assert_int_equal(strlen(key.text), WEBSOCKET_KEY_LEN);
    assert_string_not_equal(key.text, other.text);
}

/* ---- the client ----------------------------------------------------------------------------- */

static void make_request(struct http_request *request)
{
    *request = (struct http_request){.target = VIEW("/chat")};
    assert_int_equal(http_header_add(&request->headers, view_of("Host"), view_of("example.com")),
                     0);
}

static void a_request_is_written_as_a_server_expects_it(void **state)
{
    (void)state;
    struct http_request request;
    struct websocket_key key;
    struct strbuf out;
    strbuf_init(&out, HEAD_BYTES_MAX);
    memcpy(key.text, sample_key, sizeof sample_key);
    make_request(&request);

    assert_int_equal(websocket_request(&request, &key, view_of("chat, superchat"), NULL), 0);
    assert_int_equal(http1_write_request_head(&out, &request, HTTP1_NO_BODY, NULL), 0);
    assert_string_equal(strbuf_text(&out), "GET /chat HTTP/1.1\r\n"
                                           "Host: example.com\r\n"
                                           "Upgrade: websocket\r\n"
                                           "Connection: Upgrade\r\n"
                                           "Sec-WebSocket-Version: 13\r\n"
                                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                           "Sec-WebSocket-Protocol: chat, superchat\r\n"
                                           "\r\n");
    make_request(&request);
    assert_int_equal(websocket_request(&request, &key, view_of(""), NULL), 0);
    assert_int_equal(request.headers.count, 5);
    strbuf_release(&out);
}

static void a_request_that_cannot_be_is_not_made(void **state)
{
    (void)state;
    struct http_request request;
    struct websocket_key key;
    struct err err;
    struct view host = VIEW("a");
    memcpy(key.text, sample_key, sizeof sample_key);

    make_request(&request);
    assert_int_equal(
        http_header_add(&request.headers, view_of("sec-websocket-extensions"), view_of("x")), 0);
    assert_int_equal(websocket_request(&request, &key, view_of(""), &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "Sec-WebSocket-Extensions"));
    make_request(&request);
    assert_int_equal(websocket_request(&request, &key, view_of("ok, not ok"), &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "'not ok'"));
    make_request(&request);
    request.body = view_of("x");
    assert_int_equal(websocket_request(&request, &key, view_of(""), &err), ERR_INVALID);
    make_request(&request);
    while (request.headers.count < HTTP_HEADERS_MAX - 3)
        assert_int_equal(http_header_add(&request.headers, view_of("X"), host), 0);
    assert_int_equal(websocket_request(&request, &key, view_of(""), &err), ERR_LIMIT);
}

struct reply {
    const char *bytes;
    int code;
    const char *says; /* or the subprotocol that was chosen */
};

static void check_reply(const struct reply *reply, const char *subprotocols)
{
    struct http1_parser *parser = http1_parser_new(HTTP1_READS_RESPONSES, NULL);
    enum http1_event_kind kind = HTTP1_HEAD;
    struct websocket_key key;
    struct view chosen = {0};
    struct err err = {0};
    memcpy(key.text, sample_key, sizeof sample_key);
    assert_non_null(parser);

    const struct http1_head *head = read_head(parser, view_of(reply->bytes), &kind);
    assert_int_equal(websocket_accepted(head, &key, view_of(subprotocols), &chosen, &err),
                     reply->code);
    if (reply->code == 0) {
        assert_int_equal(kind, HTTP1_UPGRADE);
        assert_true(view_is(chosen, reply->says));
    } else {
        assert_non_null(strstr(err.text, reply->says));
    }
    http1_parser_free(parser);
}

#define SWITCHING \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: foo, upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static void an_answer_that_agrees_is_accepted(void **state)
{
    (void)state;
    static const struct reply replies[] = {
        {SWITCHING ACCEPT "\r\n", 0, ""},
        {SWITCHING ACCEPT "Sec-WebSocket-Protocol: superchat\r\n\r\n", 0, "superchat"},
        {SWITCHING ACCEPT "Sec-WebSocket-Extensions: \r\n\r\n", 0, ""},
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
        check_reply(&replies[i], "chat, superchat");
}

static void an_answer_that_does_not_is_refused_by_name(void **state)
{
    (void)state;
    static const struct reply replies[] = {
        {SWITCHING "\r\n", ERR_PROTOCOL, "no header Sec-WebSocket-Accept"},
        {SWITCHING ACCEPT ACCEPT "\r\n", ERR_PROTOCOL, "more than one header Sec-WebSocket-Accept"},
        {SWITCHING "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", ERR_PROTOCOL,
         "'S3pPLMBiTxaQ9kYGzzhZRbK+xOo=', which does not answer our key"},
        {SWITCHING ACCEPT "Sec-WebSocket-Extensions: permessage-deflate; a=1\r\n\r\n", ERR_PROTOCOL,
         "turned on the extension 'permessage-deflate'"},
        {SWITCHING ACCEPT "Sec-WebSocket-Protocol: soap\r\n\r\n", ERR_PROTOCOL,
         "chose the subprotocol 'soap'"},
        {SWITCHING ACCEPT
         "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat\r\n\r\n",
         ERR_PROTOCOL, "more than one header Sec-WebSocket-Protocol"},
        {SWITCHING ACCEPT "Sec-WebSocket-Protocol: CHAT\r\n\r\n", ERR_PROTOCOL,
         "chose the subprotocol 'CHAT'"},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
         ERR_PROTOCOL, "without the header Upgrade: websocket"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ERR_PROTOCOL, "answered 200 OK instead"},
        {"HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\n\r\n", ERR_PROTOCOL, "301"},
        {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", ERR_DENIED, "401 Unauthorized"},
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ERR_DENIED, "403 Forbidden"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ERR_REFUSED, "404 Not Found"},
        {"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", ERR_THROTTLED, "429"},
        {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", ERR_UPSTREAM, "503"},
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
        check_reply(&replies[i], "chat, superchat");
}

static void an_upgrade_that_the_connection_does_not_name_is_none(void **state)
{
    (void)state;
    struct http1_head head = {.status = 101};
    struct websocket_key key;
    struct err err;
    memcpy(key.text, sample_key, sizeof sample_key);

    assert_int_equal(http_header_add(&head.headers, view_of("Upgrade"), view_of("websocket")), 0);
    assert_int_equal(websocket_accepted(&head, &key, view_of(""), NULL, &err), ERR_PROTOCOL);
    assert_non_null(strstr(err.text, "without the header Connection: Upgrade"));
}

/* ---- the server ----------------------------------------------------------------------------- */

struct request {
    const char *bytes;
    int status;
    const char *says; /* in the error, or the subprotocol that is chosen */
};

#define ASK \
    "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

static void check_request(const struct request *request, const char *subprotocols,
                          struct http_response *ret_response, struct websocket_answer *ret_answer)
{
    struct http1_parser *parser = http1_parser_new(HTTP1_READS_REQUESTS, NULL);
    enum http1_event_kind kind = HTTP1_HEAD;
    struct err err = {0};
    assert_non_null(parser);

    const struct http1_head *head = read_head(parser, view_of(request->bytes), &kind);
    int code = websocket_answer(head, view_of(subprotocols), ret_answer, &err);
    assert_int_equal(ret_answer->status, request->status);
    assert_int_equal(code, request->status == 101 ? 0 : ERR_REFUSED);
    if (code == 0) {
        assert_int_equal(kind, HTTP1_UPGRADE);
        assert_string_equal(ret_answer->accept.text, sample_accept);
        assert_true(view_is(ret_answer->subprotocol, request->says));
    } else {
        assert_non_null(strstr(err.text, request->says));
    }
    websocket_response(ret_answer, view_of("why"), ret_response);
    http1_parser_free(parser);
}

static void requests_are_answered_with_what_both_speak(void **state)
{
    (void)state;
    static const struct request requests[] = {
        {ASK KEY VERSION "\r\n", 101, ""},
        {ASK KEY VERSION "Sec-WebSocket-Protocol: soap, superchat, chat\r\n\r\n", 101, "superchat"},
        {ASK KEY VERSION "Sec-WebSocket-Protocol: soap\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
         101, "chat"},
        {ASK KEY VERSION "Sec-WebSocket-Protocol: CHAT\r\n\r\n", 101, ""},
        {ASK KEY VERSION "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 101, ""},
        {ASK KEY VERSION "Content-Length: 0\r\n\r\n", 101, ""},
        {"GET / HTTP/1.1\r\nHost: a\r\nUPGRADE: foo, WebSocket\r\nConnection: UPGRADE\r\n" KEY
             VERSION "\r\n",
         101, ""},
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct http_response response;
        struct websocket_answer answer;
        check_request(&requests[i], "chat,superchat", &response, &answer);
        assert_true(view_is(http_header_get(&response.headers, "upgrade"), "websocket"));
        assert_true(view_is(http_header_get(&response.headers, "connection"), "Upgrade"));
        assert_true(
            view_is(http_header_get(&response.headers, "sec-websocket-accept"), sample_accept));
        assert_true(view_is(http_header_get(&response.headers, "sec-websocket-protocol"),
                            requests[i].says));
        /* What a client offers to be compressed comes uncompressed. */
        assert_null(http_header_get(&response.headers, "sec-websocket-extensions").ptr);
    }
}

static void requests_that_cannot_be_answered_are_told_what_would_be(void **state)
{
    (void)state;
    static const struct request requests[] = {
        {ASK KEY "Sec-WebSocket-Version: 8\r\n\r\n", 426, "not '8'"},
        {ASK KEY "\r\n", 426, "version 13"},
        {ASK KEY VERSION VERSION "\r\n", 426, "version 13"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 426, "ask for it with Upgrade: websocket"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405, "not POST"},
        {"GET / HTTP/1.0\r\nUpgrade: websocket\r\n\r\n", 400, "HTTP/1.0"},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n" KEY VERSION "\r\n", 400,
         "Connection: Upgrade"},
        {ASK VERSION "\r\n", 400, "one header Sec-WebSocket-Key"},
        {ASK KEY KEY VERSION "\r\n", 400, "one header Sec-WebSocket-Key"},
        {ASK VERSION "Sec-WebSocket-Key: short\r\n\r\n", 400, "16 bytes in base64"},
        {ASK VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=!\r\n\r\n", 400,
         "'dGhlIHNhbXBsZSBub25jZQ=!' is not 16 bytes"},
        {ASK VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ1=\r\n\r\n", 400, "is not 16 bytes"},
        {ASK VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ12\r\n\r\n", 400, "is not 16 bytes"},
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct http_response response;
        struct websocket_answer answer;
        check_request(&requests[i], "", &response, &answer);
        assert_int_equal(response.status, requests[i].status);
        assert_true(view_is(response.body, "why"));
        assert_true(view_is(http_header_get(&response.headers, "sec-websocket-version"),
                            response.status == 426 ? "13" : ""));
        assert_true(view_is(http_header_get(&response.headers, "upgrade"),
                            response.status == 426 ? "websocket" : ""));
        assert_true(view_is(http_header_get(&response.headers, "allow"),
                            response.status == 405 ? "GET" : ""));
    }
}

static void a_request_with_a_body_is_refused(void **state)
{
    (void)state;
    struct http1_head head = {
        .method = VIEW("GET"), .version_minor = 1, .has_length = true, .length = 1};
    struct websocket_answer answer;

    assert_int_equal(http_header_add(&head.headers, view_of("Upgrade"), view_of("websocket")), 0);
    assert_int_equal(http_header_add(&head.headers, view_of("Connection"), view_of("Upgrade")), 0);
    assert_true(websocket_is_asked_for(&head));
    assert_int_equal(websocket_answer(&head, view_of(""), &answer, NULL), ERR_REFUSED);
    assert_int_equal(answer.status, 400);
}

static void without_memory_the_server_is_unavailable(void **state)
{
    (void)state;
    struct http1_parser *parser = http1_parser_new(HTTP1_READS_REQUESTS, NULL);
    enum http1_event_kind kind = HTTP1_HEAD;
    struct websocket_answer answer;
    assert_non_null(parser);
    const struct http1_head *head = read_head(parser, view_of(ASK KEY VERSION "\r\n"), &kind);

    mem_fail_at(1);
    assert_int_equal(websocket_answer(head, view_of(""), &answer, NULL), ERR_MEMORY);
    mem_fail_at(0);
    assert_int_equal(answer.status, 503);
    http1_parser_free(parser);
}

static void both_sides_agree_with_each_other(void **state)
{
    (void)state;
    struct http1_parser *reads_request = http1_parser_new(HTTP1_READS_REQUESTS, NULL);
    struct http1_parser *reads_response = http1_parser_new(HTTP1_READS_RESPONSES, NULL);
    enum http1_event_kind kind = HTTP1_HEAD;
    struct http_request request;
    struct http_response response;
    struct websocket_answer answer;
    struct websocket_key key;
    struct view chosen;
    struct strbuf bytes;
    struct rng rng;
    rng_init(&rng, 11);
    strbuf_init(&bytes, HEAD_BYTES_MAX);
    websocket_key_draw(&rng, &key);
    make_request(&request);

    assert_int_equal(websocket_request(&request, &key, view_of("a,b"), NULL), 0);
    assert_int_equal(http1_write_request_head(&bytes, &request, HTTP1_NO_BODY, NULL), 0);
    const struct http1_head *head = read_head(reads_request, strbuf_view(&bytes), &kind);
    assert_int_equal(websocket_answer(head, view_of("c, b"), &answer, NULL), 0);
    websocket_response(&answer, (struct view){0}, &response);
    strbuf_reset(&bytes);
    assert_int_equal(http1_write_response_head(&bytes, &response, HTTP1_NO_BODY, NULL), 0);
    head = read_head(reads_response, strbuf_view(&bytes), &kind);
    assert_int_equal(kind, HTTP1_UPGRADE);
    assert_int_equal(websocket_accepted(head, &key, view_of("a,b"), &chosen, NULL), 0);
    assert_true(view_is(chosen, "b"));
    strbuf_release(&bytes);
    http1_parser_free(reads_request);
    http1_parser_free(reads_response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_answered_as_in_the_specification),
        cmocka_unit_test(a_request_is_written_as_a_server_expects_it),
        cmocka_unit_test(a_request_that_cannot_be_is_not_made),
        cmocka_unit_test(an_answer_that_agrees_is_accepted),
        cmocka_unit_test(an_answer_that_does_not_is_refused_by_name),
        cmocka_unit_test(an_upgrade_that_the_connection_does_not_name_is_none),
        cmocka_unit_test(requests_are_answered_with_what_both_speak),
        cmocka_unit_test(requests_that_cannot_be_answered_are_told_what_would_be),
        cmocka_unit_test(a_request_with_a_body_is_refused),
        cmocka_unit_test(without_memory_the_server_is_unavailable),
        cmocka_unit_test(both_sides_agree_with_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
