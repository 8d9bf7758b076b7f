/* SPDX-License-Identifier: Apache-2.0
 *
 * bad_peers: see bad_peers.h. One row a server, and what it says as bytes. */
#include "bad_peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/asker.h"
#include "asker_contract.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "wire/eventstream.h"

static const uint64_t MILLISECOND = 1000000;
static const uint64_t TIMEOUT_NS = 1500000000;

enum {
    PEERS_MAX = 64,
    PREFACE_BYTES = 24,
    FRAME_HEAD_BYTES = 9,
    FRAME_HEADERS = 1,
    LONG_BYTES = 100000
};

enum ending { STAYS, CLOSES, BREAKS /* by a reset, soon */ };

enum speech { HTTP1, HTTP2, HTTP2_LONG /* question */, BEDROCK };

struct bad_peer {
    const char *name;
    enum speech speech;
    struct view greeting; /* as soon as a connection is there */
    struct view answer;   /* to each request; of HTTP/2 the stream's id stands in its frames' heads,
                           * as 0x7f000000 to be replaced */
    struct view again;    /* and then this, for ever */
    enum ending ending;   /* after the answer */
    int code;
    const char *says;
};

#define SETTINGS "\0\0\0\4\0\0\0\0\0"
#define STREAM "\x7f\0\0\0"
#define EVENTS \
    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n" \
    "Content-Length: 1000\r\n\r\n"

static const struct bad_peer bad_peers[] = {
    {"1xx for ever", HTTP1, VIEW(""), VIEW("HTTP/1.1 100 Continue\r\n\r\n"),
     VIEW("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), STAYS, ERR_PROTOCOL,
     "1xx responses without end"},
    {"headers for ever", HTTP1, VIEW(""), VIEW("HTTP/1.1 200 OK\r\n"),
     VIEW("X-Header: 0123456789012345678901234567890123456789\r\n"), STAYS, ERR_LIMIT, "header"},
    {"one header for ever", HTTP1, VIEW(""), VIEW("HTTP/1.1 200 OK\r\nX-Long: "),
     VIEW("012345678901234567890123456789012345678901234567890123456789012345678901234567890123"),
     STAYS, ERR_LIMIT, "header"},
    {"a status line for ever", HTTP1, VIEW(""), VIEW("HTTP/1.1 200 "),
     VIEW("012345678901234567890123456789012345678901234567890123456789"), STAYS, ERR_LIMIT, ""},
    {"closes in a chunk", HTTP1, VIEW(""),
     VIEW("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc"), VIEW(""), CLOSES,
     ERR_CLOSED, "closed"},
    {"closes in a head", HTTP1, VIEW(""), VIEW("HTTP/1.1 200 OK\r\nX-"), VIEW(""), CLOSES,
     ERR_CLOSED, "closed"},
    {"closes at once", HTTP1, VIEW(""), VIEW(""), VIEW(""), CLOSES, ERR_CLOSED,
     "without an answer"},
    {"breaks in a body without a length", HTTP1, VIEW(""), VIEW("HTTP/1.1 200 OK\r\n\r\n{}"),
     VIEW(""), BREAKS, ERR_CLOSED, "reset"},
    {"two framings", HTTP1, VIEW(""),
     VIEW("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), VIEW(""),
     STAYS, ERR_PROTOCOL, "Transfer-Encoding"},
    {"two lengths", HTTP1, VIEW(""),
     VIEW("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), VIEW(""), STAYS,
     ERR_PROTOCOL, "Content-Length"},
    {"a chunk of 16 exabytes", HTTP1, VIEW(""),
     VIEW("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n"), VIEW(""),
     STAYS, ERR_LIMIT, ""},
    {"a chunk of no size", HTTP1, VIEW(""),
     VIEW("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), VIEW(""), STAYS,
     ERR_PROTOCOL, ""},
    {"a body of a terabyte", HTTP1, VIEW(""),
     VIEW("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"), VIEW(""), STAYS, ERR_LIMIT,
     ""},
    {"another protocol", HTTP1, VIEW(""),
     VIEW("HTTP/1.1 101 Switching Protocols\r\n"
          "Connection: upgrade\r\nUpgrade: x\r\n\r\n"),
     VIEW(""), STAYS, ERR_PROTOCOL, "protocol"},
    {"no HTTP", HTTP1, VIEW("220 mail.example ESMTP\r\n"), VIEW(""), VIEW(""), STAYS, ERR_PROTOCOL,
     ""},
    {"silence", HTTP1, VIEW(""), VIEW(""), VIEW(""), STAYS, ERR_TIMEOUT, "nothing came back"},
    {"HTTP/2 to who speaks HTTP/1.1", HTTP1, VIEW(SETTINGS), VIEW(""), VIEW(""), STAYS,
     ERR_PROTOCOL, "speak HTTP/2 alone: write `http: 2`"},
    {"TLS to who speaks without", HTTP1, VIEW(""), VIEW("\x15\3\1\0\2\2\x28"), VIEW(""), STAYS,
     ERR_PROTOCOL, "speak TLS: write https://"},
    {"a redirect", HTTP1, VIEW(""),
     VIEW("HTTP/1.1 308 Permanent Redirect\r\nLocation: https://moved.test/v2\r\n"
          "Content-Length: 0\r\n\r\n"),
     VIEW(""), STAYS, ERR_PROTOCOL, "HTTP 308 to https://moved.test/v2; a redirect"},
    {"an error", HTTP1, VIEW(""), VIEW("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
     VIEW(""), STAYS, ERR_REFUSED, "HTTP 400"},
    {"no JSON", HTTP1, VIEW(""), VIEW("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"), VIEW(""),
     STAYS, ERR_PROTOCOL, "not JSON"},
    {"compressed", HTTP1, VIEW(""),
     VIEW("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
          "\x1f\x8b\x08\0"),
     VIEW(""), STAYS, ERR_PROTOCOL, "compressed (gzip) though nobody asked"},

    {"HTTP/1.1 to who speaks HTTP/2", HTTP2, VIEW("HTTP/1.1 400 Bad Request\r\n\r\n"), VIEW(""),
     VIEW(""), STAYS, ERR_PROTOCOL, "seems to speak HTTP/1.1: write `http: 1.1`"},
    {"garbage frames", HTTP2, VIEW("\x9c\x11\x42\xfe\xed\x01\x02\x03\x04\x05\x06\x07\x08\x09"),
     VIEW(""), VIEW(""), STAYS, ERR_PROTOCOL, ""},
    {"silence after SETTINGS", HTTP2, VIEW(SETTINGS), VIEW(""), VIEW(""), STAYS, ERR_TIMEOUT,
     "nothing came back"},
    {"no window", HTTP2_LONG, VIEW("\0\0\6\4\0\0\0\0\0\0\4\0\0\0\0"), VIEW(""), VIEW(""), STAYS,
     ERR_TIMEOUT, "did not take all of the request"},
    {"no streams allowed", HTTP2, VIEW("\0\0\6\4\0\0\0\0\0\0\3\0\0\0\0"), VIEW(""), VIEW(""), STAYS,
     ERR_TIMEOUT, ""},
    {"GOAWAY at once", HTTP2,
     VIEW(SETTINGS "\0\0\10\7\0\0\0\0\0"
                   "\0\0\0\0\0\0\0\0"),
     VIEW(""), VIEW(""), STAYS, ERR_CLOSED, ""},
    {"GOAWAY with an error", HTTP2, VIEW(SETTINGS),
     VIEW("\0\0\14\7\0\0\0\0\0"
          "\0\0\0\0\0\0\0\13"
          "ca\nm"),
     VIEW(""), STAYS, ERR_CLOSED, "goes away (ENHANCE_YOUR_CALM: ca?m)"},
    {"refuses each stream", HTTP2, VIEW(SETTINGS), VIEW("\0\0\4\3\0" STREAM "\0\0\0\7"), VIEW(""),
     STAYS, ERR_CLOSED, ""},
    {"resets each stream", HTTP2, VIEW(SETTINGS), VIEW("\0\0\4\3\0" STREAM "\0\0\0\2"), VIEW(""),
     STAYS, ERR_CLOSED, "INTERNAL_ERROR"},
    {"SETTINGS for ever", HTTP2, VIEW(SETTINGS), VIEW(SETTINGS), VIEW(SETTINGS SETTINGS SETTINGS),
     STAYS, ERR_LIMIT, "SETTINGS"},
    {"PING for ever", HTTP2, VIEW(SETTINGS), VIEW(SETTINGS),
     VIEW("\0\0\10\6\0\0\0\0\0"
          "12345678"),
     STAYS, ERR_LIMIT, "PING"},
    {"headers that are no HPACK", HTTP2, VIEW(SETTINGS),
     VIEW("\0\0\4\1\4" STREAM "\xff\xff\xff\xff"), VIEW(""), STAYS, ERR_PROTOCOL, ""},
    {"a head without end", HTTP2, VIEW(SETTINGS), VIEW("\0\0\1\1\0" STREAM "\x88"),
     VIEW("\0\0\5\11\0" STREAM "\x40\1a\1b"), STAYS, ERR_LIMIT, ""},
    {"a body before its head", HTTP2, VIEW(SETTINGS), VIEW("\0\0\1\0\0" STREAM "x"), VIEW(""),
     STAYS, ERR_PROTOCOL, ""},
    {"a frame of 16 MiB", HTTP2, VIEW(SETTINGS), VIEW("\xff\xff\xff\0\0" STREAM), VIEW(""), STAYS,
     ERR_PROTOCOL, ""},
    {"half a frame", HTTP2, VIEW(SETTINGS), VIEW("\0\0\4\1"), VIEW(""), CLOSES, ERR_CLOSED, ""},

    {"a frame whose length lies", BEDROCK, VIEW(""),
     VIEW(EVENTS "\x7f\xff\xff\xff\0\0\0\0\0\0\0\0xxxx"), VIEW("x"), STAYS, ERR_PROTOCOL,
     "AWS event stream"},
    {"a frame whose checksum lies", BEDROCK, VIEW(""),
     VIEW(EVENTS "\0\0\0\x10\0\0\0\0\x05\xc2\x48\xeb\0\0\0\0"), VIEW("x"), STAYS, ERR_PROTOCOL,
     "AWS event stream"},
};

/* ---- the server ----------------------------------------------------------------------------- */

struct peer {
    struct server *server;
    struct id connection;
    struct strbuf in; /* of HTTP/2: what is no whole frame yet */
    bool prefaced;
    uint32_t stream;
    bool floods;
};

struct server {
    const struct bad_peer *bad;
    struct outside *outside;
    struct id listening;
    struct peer peers[PEERS_MAX];
    int accepted;
};

static bool speaks_http2(const struct bad_peer *bad)
{
    return bad->speech == HTTP2 || bad->speech == HTTP2_LONG;
}

static void say(struct peer *peer, struct view bytes)
{
    static const struct view mark = VIEW(STREAM);
    struct outside *outside = peer->server->outside;
    struct strbuf out;

    if (bytes.len == 0)
        return;
    strbuf_init(&out, 4096);
    strbuf_add(&out, bytes);
    for (size_t at = 0; speaks_http2(peer->server->bad) && at + 4 <= out.len; at++)
        if (view_equal(view_slice(strbuf_view(&out), at, at + 4), mark)) {
            const uint32_t id = peer->stream;
            const char bytes_of_id[] = {(char)(id >> 24), (char)(id >> 16), (char)(id >> 8),
                                        (char)id};
            memcpy(out.ptr + at, bytes_of_id, 4);
        }
    (void)!outside->ops->write(outside, peer->connection, strbuf_view(&out));
    strbuf_release(&out);
}

static void flood(void *context, uint64_t now_ns)
{
    struct peer *peer = context;
    struct outside *outside = peer->server->outside;

    for (int i = 0; i < 200; i++)
        say(peer, peer->server->bad->again);
    assert_int_equal(outside->ops->wake_at(outside, now_ns + MILLISECOND, flood, peer), 0);
}

static void break_off(void *context, uint64_t now_ns)
{
    struct peer *peer = context;

    (void)now_ns;
    peer->server->outside->ops->reset(peer->server->outside, peer->connection);
    peer->connection = (struct id){0};
}

static void answer(struct peer *peer)
{
    struct outside *outside = peer->server->outside;
    const struct bad_peer *bad = peer->server->bad;

    say(peer, bad->answer);
    if (bad->ending == CLOSES) {
        outside->ops->close(outside, peer->connection);
        peer->connection = (struct id){0};
    } else if (bad->ending == BREAKS) {
        uint64_t soon_ns = outside->ops->now(outside) + 50 * MILLISECOND;
        assert_int_equal(outside->ops->wake_at(outside, soon_ns, break_off, peer), 0);
    } else if (bad->again.len > 0 && !peer->floods) {
        peer->floods = true;
        flood(peer, outside->ops->now(outside));
    }
}

/* Looks for HEADERS. */
static void read_frames(struct peer *peer)
{
    if (!peer->prefaced && peer->in.len >= PREFACE_BYTES) {
        strbuf_consume(&peer->in, PREFACE_BYTES);
        peer->prefaced = true;
    }
    while (peer->prefaced && peer->in.len >= FRAME_HEAD_BYTES && !id_is_none(peer->connection)) {
        const unsigned char *head = (const unsigned char *)peer->in.ptr;
        size_t len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (peer->in.len < FRAME_HEAD_BYTES + len)
            return;
        bool is_request = head[3] == FRAME_HEADERS;
        peer->stream =
            (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8];
        strbuf_consume(&peer->in, FRAME_HEAD_BYTES + len);
        if (is_request)
            answer(peer);
    }
}

static void forget(struct peer *peer)
{
    struct outside *outside = peer->server->outside;

    if (peer->floods)
        (void)!outside->ops->wake_at(outside, UINT64_MAX, flood, peer);
    if (peer->server->bad->ending == BREAKS)
        (void)!outside->ops->wake_at(outside, UINT64_MAX, break_off, peer);
    peer->floods = false;
    peer->connection = (struct id){0};
}

static void listener(void *context, const struct outside_event *event)
{
    struct server *server = context;

    if (event->kind == OUTSIDE_ACCEPTED) {
        assert_in_range(server->accepted, 0, PEERS_MAX - 1);
        struct peer *peer = &server->peers[server->accepted++];
        *peer = (struct peer){.server = server, .connection = event->connection};
        strbuf_init(&peer->in, 1 << 20);
        say(peer, server->bad->greeting);
        return;
    }
    for (int i = 0; i < server->accepted; i++) {
        struct peer *peer = &server->peers[i];
        if (!id_equal(peer->connection, event->connection))
            continue;
        if (event->kind == OUTSIDE_CLOSED) {
            forget(peer);
        } else if (event->kind == OUTSIDE_BYTES && speaks_http2(server->bad)) {
            strbuf_add(&peer->in, event->bytes);
            read_frames(peer);
        } else if (event->kind == OUTSIDE_BYTES) {
            answer(peer);
        }
        return;
    }
}

/* ---- the question --------------------------------------------------------------------------- */

struct outcome {
    struct stage *stage;
    int count;
    int code;
    uint64_t latency_ns;
    char text[500];
};

static void done(void *context, struct id id, const struct answer *answer)
{
    struct outcome *outcome = context;

    (void)id;
    outcome->count++;
    outcome->code = answer->reply.code;
    outcome->latency_ns = answer->latency_ns;
    snprintf(outcome->text, sizeof outcome->text, "%.*s", VIEW_ARG(answer->reply.error_text));
    outcome->stage->stop(outcome->stage);
}

static struct outcome ask(const struct bad_peer *bad)
{
    struct stage *stage = stage_new();
    struct server *server = mem_new(1, sizeof *server);
    struct outcome outcome = {.stage = stage};
    struct asker *asker = NULL;
    struct err err = {0};
    uint16_t port = 0;
    char url[64];

    server->bad = bad;
    server->outside = stage->outside;
    assert_int_equal(stage->outside->ops->listen(stage->outside,
                                                 &(struct outside_port){.host = VIEW("127.0.0.1")},
                                                 listener, server, &server->listening, &port, &err),
                     0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    const struct provider_target target = {
        .kind = bad->speech == BEDROCK ? PROVIDER_BEDROCK : PROVIDER_OPENAI,
        .name = VIEW("bad"),
        .model = VIEW("m"),
        .region = VIEW("us-east-1"),
        .api_key = VIEW("key-123456"),
        .url = view_of(url),
    };
    const struct asker_options options = {
        .target = &target,
        .timeout_ns = TIMEOUT_NS,
        .seed = 1,
        .http = speaks_http2(bad) ? ASKER_HTTP_2 : ASKER_HTTP_1,
        .stream = bad->speech == BEDROCK,
    };
    struct strbuf question;
    strbuf_init(&question, 1 << 20);
    strbuf_add_repeated(&question, '?', bad->speech == HTTP2_LONG ? LONG_BYTES : 1);
    const struct chat_message message = {.role = CHAT_USER, .text = strbuf_view(&question)};
    const struct chat chat = {.messages = &message, .message_count = 1};
    assert_int_equal(asker_new(stage->outside, NULL, &options, &asker, &err), 0);
    assert_int_equal(asker_ask(asker, &chat, done, &outcome, NULL, &err), 0);
    strbuf_release(&question);
    stage->run(stage);
    asker_free(asker);
    stage->outside->ops->close(stage->outside, server->listening);
    for (int i = 0; i < server->accepted; i++) {
        struct peer *peer = &server->peers[i];
        stage->outside->ops->close(stage->outside, peer->connection);
        forget(peer);
        strbuf_release(&peer->in);
    }
    mem_free(server);
    stage_free(stage);
    return outcome;
}

static void every_bad_peer_gets_an_error_with_its_name_in_time(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bad_peers / sizeof bad_peers[0]; i++) {
        const struct bad_peer *bad = &bad_peers[i];
        struct outcome outcome = ask(bad);
        bool in_time = outcome.latency_ns <= TIMEOUT_NS + 1000 * MILLISECOND;
        bool named = strstr(outcome.text, "127.0.0.1:") != NULL;
        if (outcome.count == 1 && outcome.code == bad->code && in_time && named
            && strstr(outcome.text, bad->says) != NULL)
            continue;
        print_error("%s: %d, %s after %.3f s: %s\n", bad->name, outcome.count,
                    outcome.code == 0 ? "an answer" : err_name(outcome.code),
                    (double)outcome.latency_ns / 1e9, outcome.text);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

int bad_peers_run(const char *name)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_peer_gets_an_error_with_its_name_in_time),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
