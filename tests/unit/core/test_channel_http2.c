/* SPDX-License-Identifier: Apache-2.0
 *
 * The row of HTTP/2 against the server's side of wire/http2. One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/call/channel.h"
#include "wire/http2.h"

static const struct channel_codec *const codec = &channel_http2;

enum { EVENTS_MAX = 64, TEXT_MAX = 200 };

/* What the client's side said. */
struct said {
    enum channel_event_kind kind;
    uint32_t stream;
    int status;
    int code;
    bool unprocessed;
    uint32_t streams;
    char text[TEXT_MAX]; /* body, piece or text */
    char header[TEXT_MAX];
};

struct pair {
    struct channel *client;
    struct http2 *server;
    size_t split; /* bytes go to the client in pieces of this */
    struct said said[EVENTS_MAX];
    int count;
    int failed; /* of the client's feed */
    uint32_t asked[EVENTS_MAX];
    int asked_count;
    size_t body_bytes; /* that the server read */
};

static void open_pair(struct pair *pair, const struct http2_limits *limits)
{
    *pair = (struct pair){.split = 1000000};
    pair->client = codec->make(false);
    pair->server = http2_new(HTTP2_SERVER, limits);
    assert_non_null(pair->client);
    assert_non_null(pair->server);
}

static void close_pair(struct pair *pair)
{
    codec->free(pair->client);
    http2_free(pair->server);
}

static void note(struct pair *pair, const struct channel_event *event)
{
    assert_in_range(pair->count, 0, EVENTS_MAX - 1);
    struct said *said = &pair->said[pair->count++];
    struct view text = event->kind == CHANNEL_PIECE      ? event->piece
                       : event->kind == CHANNEL_COMPLETE ? event->response->body
                                                         : event->text;

    *said = (struct said){.kind = event->kind,
                          .stream = event->stream,
                          .code = event->code,
                          .unprocessed = event->unprocessed,
                          .streams = event->streams};
    snprintf(said->text, sizeof said->text, "%.*s", VIEW_ARG(text));
    if (event->response == NULL)
        return;
    said->status = event->response->status;
    snprintf(said->header, sizeof said->header, "%.*s",
             VIEW_ARG(http_header_get(&event->response->headers, "x-id")));
}

static void feed_client(struct pair *pair, struct view bytes)
{
    struct channel_event event;
    struct err err = {0};
    int code = 0;

    for (size_t at = 0; code == 0 && (at < bytes.len || at == 0); at += pair->split) {
        struct view rest = view_slice(bytes, at, at + pair->split);
        while ((code = codec->feed(pair->client, &rest, &event, &err)) == 1)
            note(pair, &event);
    }
    pair->failed = code;
}

static void feed_server(struct pair *pair, struct view bytes)
{
    struct http2_event event;

    while (http2_feed(pair->server, &bytes, &event, NULL) == 1) {
        if (event.kind == HTTP2_BODY)
            pair->body_bytes += event.body.len;
        if (event.kind == HTTP2_END)
            pair->asked[pair->asked_count++] = event.stream;
    }
}

/* Until nobody has anything to say. */
static void exchange(struct pair *pair)
{
    struct strbuf bytes;
    bool more = true;

    strbuf_init(&bytes, 1 << 20);
    while (more && pair->failed == 0) {
        strbuf_reset(&bytes);
        assert_int_equal(codec->take(pair->client, &bytes, CHANNEL_TAKE_BYTES, NULL), 0);
        more = bytes.len > 0;
        feed_server(pair, strbuf_view(&bytes));
        strbuf_reset(&bytes);
        assert_int_equal(http2_take(pair->server, &bytes, CHANNEL_TAKE_BYTES, NULL), 0);
        more = more || bytes.len > 0;
        feed_client(pair, strbuf_view(&bytes));
    }
    strbuf_release(&bytes);
}

static struct http_request post(struct view body)
{
    struct http_request request = {.method = VIEW("POST"), .target = VIEW("/x"), .body = body};

    assert_int_equal(
        http_header_add(&request.headers, (struct view)VIEW("Host"), (struct view)VIEW("h.test")),
        0);
    return request;
}

static uint32_t send(struct pair *pair, const char *body, bool in_pieces)
{
    struct http_request request = post(view_of(body));
    struct err err = {0};
    uint32_t stream = 0;

    if (codec->send(pair->client, &request, in_pieces, &stream, &err) != 0)
        fail_msg("%s", err.text);
    return stream;
}

static void respond(struct pair *pair, uint32_t stream, int status, const char *body, bool end)
{
    struct http_response response = {.status = status, .body = view_of(body)};
    char id[20];

    snprintf(id, sizeof id, "id-%u", stream);
    assert_int_equal(http_header_add(&response.headers, (struct view)VIEW("x-id"), view_of(id)), 0);
    assert_int_equal(http2_send_response_head(pair->server, stream, &response, end, NULL), 0);
}

/* The n-th event of that kind; fails the test where there is none. */
static const struct said *find(const struct pair *pair, enum channel_event_kind kind, int n)
{
    for (int i = 0; i < pair->count; i++)
        if (pair->said[i].kind == kind && n-- == 0)
            return &pair->said[i];
    fail_msg("no event %d of kind %d", n, kind);
    return NULL;
}

static void many_streams_share_one_connection_and_end_in_any_order(void **state)
{
    (void)state;
    for (size_t split = 1; split < 200; split += split < 20 ? 1 : 37) {
        struct pair pair;
        uint32_t streams[3];
        open_pair(&pair, NULL);
        pair.split = split;
        for (int i = 0; i < 3; i++)
            streams[i] = send(&pair, "question", false);
        exchange(&pair);
        assert_int_equal(pair.asked_count, 3);
        respond(&pair, streams[2], 200, "third", true);
        exchange(&pair);
        respond(&pair, streams[0], 404, "first", true);
        exchange(&pair);
        assert_int_equal(find(&pair, CHANNEL_COMPLETE, 0)->stream, streams[2]);
        assert_string_equal(find(&pair, CHANNEL_COMPLETE, 0)->text, "third");
        assert_int_equal(find(&pair, CHANNEL_COMPLETE, 1)->status, 404);
        assert_string_equal(find(&pair, CHANNEL_COMPLETE, 1)->text, "first");
        respond(&pair, streams[1], 200, "second", true);
        exchange(&pair);
        const struct said *last = find(&pair, CHANNEL_COMPLETE, 2);
        char id[20];
        snprintf(id, sizeof id, "id-%u", streams[1]);
        assert_string_equal(last->header, id);
        close_pair(&pair);
    }
}

static void the_peers_limit_is_told_and_kept(void **state)
{
    (void)state;
    const struct http2_limits limits = {.streams = 2};
    struct pair pair;
    struct http_request request = post((struct view)VIEW("q"));
    struct err err = {0};
    uint32_t stream;

    open_pair(&pair, &limits);
    exchange(&pair);
    assert_int_equal(find(&pair, CHANNEL_CAPACITY, 0)->streams, 2);
    uint32_t first = send(&pair, "q", false);
    send(&pair, "q", false);
    assert_int_equal(codec->send(pair.client, &request, false, &stream, &err), ERR_BUSY);
    exchange(&pair);
    respond(&pair, first, 200, "a", true);
    exchange(&pair);
    assert_int_equal(codec->send(pair.client, &request, false, &stream, &err), 0);
    close_pair(&pair);
}

static void a_good_answer_comes_in_pieces_an_error_whole(void **state)
{
    (void)state;
    struct pair pair;

    open_pair(&pair, NULL);
    uint32_t good = send(&pair, "q", true);
    uint32_t bad = send(&pair, "q", true);
    exchange(&pair);
    respond(&pair, good, 200, "", false);
    respond(&pair, bad, 429, "", false);
    static const char *const parts[] = {"one ", "two"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(http2_send_body(pair.server, good, view_of(parts[i]), i == 1, NULL), 0);
        assert_int_equal(http2_send_body(pair.server, bad, view_of(parts[i]), i == 1, NULL), 0);
        exchange(&pair);
    }
    assert_string_equal(find(&pair, CHANNEL_PIECE, 0)->text, "one ");
    assert_string_equal(find(&pair, CHANNEL_PIECE, 1)->text, "two");
    assert_string_equal(find(&pair, CHANNEL_COMPLETE, 0)->text, "");
    assert_int_equal(find(&pair, CHANNEL_COMPLETE, 1)->stream, bad);
    assert_string_equal(find(&pair, CHANNEL_COMPLETE, 1)->text, "one two");
    close_pair(&pair);
}

static void a_stream_fails_alone(void **state)
{
    (void)state;
    struct pair pair;

    open_pair(&pair, NULL);
    uint32_t refused = send(&pair, "q", false);
    uint32_t broken = send(&pair, "q", false);
    uint32_t good = send(&pair, "q", false);
    exchange(&pair);
    http2_reset(pair.server, refused, HTTP2_REFUSED_STREAM);
    http2_reset(pair.server, broken, HTTP2_INTERNAL_ERROR);
    respond(&pair, good, 200, "fine", true);
    exchange(&pair);
    for (int i = 0; i < 2; i++) {
        const struct said *failed = find(&pair, CHANNEL_FAILED, i);
        assert_int_equal(failed->code, ERR_CLOSED);
        assert_int_equal(failed->unprocessed, failed->stream == refused);
        if (failed->stream == broken)
            assert_non_null(strstr(failed->text, "INTERNAL_ERROR"));
    }
    assert_string_equal(find(&pair, CHANNEL_COMPLETE, 0)->text, "fine");
    close_pair(&pair);
}

static void a_peer_that_goes_away_finishes_what_it_started(void **state)
{
    (void)state;
    struct pair pair;
    struct http_request request = post((struct view)VIEW("q"));
    struct err err = {0};
    uint32_t stream;

    open_pair(&pair, NULL);
    uint32_t started = send(&pair, "q", false);
    exchange(&pair);
    http2_goaway(pair.server);
    exchange(&pair);
    find(&pair, CHANNEL_DRAINING, 0);
    assert_int_equal(codec->send(pair.client, &request, false, &stream, &err), ERR_CLOSED);
    respond(&pair, started, 200, "done", true);
    exchange(&pair);
    assert_string_equal(find(&pair, CHANNEL_COMPLETE, 0)->text, "done");
    close_pair(&pair);
}

static void what_is_cancelled_is_never_named_again(void **state)
{
    (void)state;
    struct pair pair;

    open_pair(&pair, NULL);
    uint32_t gone = send(&pair, "q", false);
    exchange(&pair);
    respond(&pair, gone, 200, "half", false);
    int before = pair.count;
    assert_true(codec->cancel(pair.client, gone));
    assert_true(codec->cancel(pair.client, gone));
    exchange(&pair);
    for (int i = before; i < pair.count; i++)
        assert_int_not_equal(pair.said[i].stream, gone);
    uint32_t next = send(&pair, "q", false);
    exchange(&pair);
    respond(&pair, next, 200, "next", true);
    exchange(&pair);
    assert_string_equal(find(&pair, CHANNEL_COMPLETE, 0)->text, "next");
    close_pair(&pair);
}

static void a_large_request_goes_out_as_the_windows_open(void **state)
{
    (void)state;
    enum { LARGE = 300000 };
    struct pair pair;
    struct strbuf body;
    struct err err = {0};
    uint32_t stream;

    open_pair(&pair, NULL);
    strbuf_init(&body, LARGE);
    strbuf_add_repeated(&body, 'x', LARGE);
    struct http_request request = post(strbuf_view(&body));
    assert_int_equal(codec->send(pair.client, &request, false, &stream, &err), 0);
    assert_true(codec->stalled(pair.client, stream));
    exchange(&pair);
    assert_false(codec->stalled(pair.client, stream));
    assert_int_equal(pair.body_bytes, LARGE);
    strbuf_release(&body);
    close_pair(&pair);
}

static void a_stream_that_is_paused_stops_its_server_and_no_other(void **state)
{
    (void)state;
    enum { LARGE = 3 * 1024 * 1024 };
    struct pair pair;
    struct strbuf body;

    open_pair(&pair, NULL);
    strbuf_init(&body, LARGE);
    strbuf_add_repeated(&body, 'y', LARGE);
    uint32_t held = send(&pair, "q", false);
    uint32_t other = send(&pair, "q", false);
    exchange(&pair);
    assert_true(codec->pause(pair.client, held, true));
    respond(&pair, held, 200, "", false);
    assert_int_equal(http2_send_body(pair.server, held, strbuf_view(&body), true, NULL), 0);
    respond(&pair, other, 200, "free", true);
    exchange(&pair);
    assert_int_equal(find(&pair, CHANNEL_COMPLETE, 0)->stream, other);
    assert_true(http2_queued(pair.server, held) > 0);
    assert_true(codec->pause(pair.client, held, false));
    exchange(&pair);
    assert_int_equal(find(&pair, CHANNEL_COMPLETE, 1)->stream, held);
    strbuf_release(&body);
    close_pair(&pair);
}

static void a_ping_is_answered(void **state)
{
    (void)state;
    struct pair pair;
    struct err err = {0};

    open_pair(&pair, NULL);
    exchange(&pair);
    assert_int_equal(codec->ping(pair.client, &err), 0);
    assert_int_equal(codec->ping(pair.client, &err), ERR_BUSY);
    exchange(&pair);
    find(&pair, CHANNEL_PONG, 0);
    assert_int_equal(codec->ping(pair.client, &err), 0);
    close_pair(&pair);
}

static void after_a_reset_it_is_as_new(void **state)
{
    (void)state;
    struct pair pair;

    open_pair(&pair, NULL);
    send(&pair, "q", false);
    exchange(&pair);
    http2_free(pair.server);
    pair.server = http2_new(HTTP2_SERVER, NULL);
    assert_int_equal(codec->reset(pair.client), 0);
    pair.count = 0;
    uint32_t stream = send(&pair, "q", false);
    exchange(&pair);
    respond(&pair, stream, 200, "new", true);
    exchange(&pair);
    assert_string_equal(find(&pair, CHANNEL_COMPLETE, 0)->text, "new");
    close_pair(&pair);
}

static void an_end_with_streams_under_way_is_an_error(void **state)
{
    (void)state;
    struct pair pair;
    struct channel_event event;
    struct err err = {0};

    open_pair(&pair, NULL);
    exchange(&pair);
    assert_int_equal(codec->finish(pair.client, &event, &err), 0);
    send(&pair, "q", false);
    exchange(&pair);
    assert_int_equal(codec->finish(pair.client, &event, &err), ERR_CLOSED);
    assert_true(err.text[0] != '\0');
    close_pair(&pair);
}

static void running_out_of_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 80; n++) {
        struct http_request request = post((struct view)VIEW("q"));
        struct strbuf out;
        struct err err = {0};
        uint32_t stream;
        strbuf_init(&out, 1 << 20);
        mem_fail_at(n);
        struct channel *channel = codec->make(true);
        int code =
            channel == NULL ? ERR_MEMORY : codec->send(channel, &request, false, &stream, &err);
        if (code == 0)
            code = codec->take(channel, &out, CHANNEL_TAKE_BYTES, &err);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        codec->free(channel);
        strbuf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_streams_share_one_connection_and_end_in_any_order),
        cmocka_unit_test(the_peers_limit_is_told_and_kept),
        cmocka_unit_test(a_good_answer_comes_in_pieces_an_error_whole),
        cmocka_unit_test(a_stream_fails_alone),
        cmocka_unit_test(a_peer_that_goes_away_finishes_what_it_started),
        cmocka_unit_test(what_is_cancelled_is_never_named_again),
        cmocka_unit_test(a_large_request_goes_out_as_the_windows_open),
        cmocka_unit_test(a_stream_that_is_paused_stops_its_server_and_no_other),
        cmocka_unit_test(a_ping_is_answered),
        cmocka_unit_test(after_a_reset_it_is_as_new),
        cmocka_unit_test(an_end_with_streams_under_way_is_an_error),
        cmocka_unit_test(running_out_of_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
