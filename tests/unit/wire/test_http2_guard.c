/* SPDX-License-Identifier: Apache-2.0
 *
 * What a peer of HTTP/2 can make us do for nothing: as much as each budget says, and then the
 * connection ends with a text that says what it did. And what a peer with good reasons may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../laws/http2_bytes.h"
#include "http2_pair.h"

enum { ROUNDS_MAX = 20000 };

/* A connection whose other end is written by hand. */
struct flood {
    struct http2 *http2;
    struct strbuf in;
    struct strbuf out;
    struct err err;
    bool answers; /* what is whole is answered */
    bool takes;   /* what there is to say is read */
    uint32_t answered;
    uint32_t resets;
};

static void begin(struct flood *flood, enum http2_side side)
{
    *flood = (struct flood){.http2 = http2_new(side, NULL), .answers = true, .takes = true};
    assert_non_null(flood->http2);
    strbuf_init(&flood->in, 1 << 20);
    strbuf_init(&flood->out, 1 << 20);
    if (side == HTTP2_SERVER)
        strbuf_add_text(&flood->in, HTTP2_PREFACE);
    http2_bytes_frame(&flood->in, &(struct http2_bytes){.type = SETTINGS});
}

static void finish(struct flood *flood)
{
    http2_free(flood->http2);
    strbuf_release(&flood->in);
    strbuf_release(&flood->out);
}

static void look_at(struct flood *flood, const struct http2_event *event)
{
    const struct http_response response = {.status = 200};

    flood->resets += event->kind == HTTP2_RESET;
    if (event->kind != HTTP2_END || !flood->answers)
        return;
    assert_int_equal(http2_send_response_head(flood->http2, event->stream, &response, true, NULL),
                     0);
    flood->answered++;
}

/* Feeds what stands in `in`; 0 or the error. */
static int feed(struct flood *flood)
{
    struct view rest = strbuf_view(&flood->in);
    struct http2_event event;
    int code;

    while ((code = http2_feed(flood->http2, &rest, &event, &flood->err)) == 1)
        look_at(flood, &event);
    strbuf_reset(&flood->in);
    if (!flood->takes)
        return code;
    strbuf_reset(&flood->out);
    assert_int_equal(http2_take(flood->http2, &flood->out, HTTP2_TAKE_BYTES, NULL), 0);
    return code;
}

static void add(struct flood *flood, uint8_t type, uint8_t flags, uint32_t stream,
                struct view payload)
{
    http2_bytes_frame(&flood->in, &(struct http2_bytes){type, flags, stream, payload, 0});
}

/* ---- floods: each function writes what the peer does in one round --------------------------- */

static uint32_t number_of(size_t round)
{
    return (uint32_t)(2 * round + 1);
}

static void opens_and_cancels(struct flood *flood, size_t round)
{
    add(flood, HEADERS, END_HEADERS, number_of(round), (struct view)VIEW(POST));
    http2_bytes_number(&flood->in, RST_STREAM, number_of(round), HTTP2_CANCEL);
}

static void asks_what_must_be_refused(struct flood *flood, size_t round)
{
    add(flood, HEADERS, HEAD_ONLY, number_of(round), (struct view)VIEW("\x84" GET));
}

/* "Made you reset": each stream is opened well and then broken. */
static void breaks_what_it_opened(struct flood *flood, size_t round)
{
    add(flood, HEADERS, END_HEADERS, number_of(round), (struct view)VIEW(POST));
    http2_bytes_number(&flood->in, WINDOW_UPDATE, number_of(round), 0x7fffffff);
}

static void pings(struct flood *flood, size_t round)
{
    (void)round;
    add(flood, PING, 0, 0, (struct view)VIEW("12345678"));
}

static void sets(struct flood *flood, size_t round)
{
    (void)round;
    add(flood, SETTINGS, 0, 0, (struct view){0});
}

static void prioritises(struct flood *flood, size_t round)
{
    add(flood, PRIORITY, 0, number_of(round), (struct view)VIEW("\0\0\0\0\x10"));
}

static void opens_windows(struct flood *flood, size_t round)
{
    (void)round;
    http2_bytes_number(&flood->in, WINDOW_UPDATE, 0, 1);
}

static void sends_nothing(struct flood *flood, size_t round)
{
    if (round == 0)
        add(flood, HEADERS, END_HEADERS, 1, (struct view)VIEW(POST));
    add(flood, DATA, 0, 1, (struct view){0});
}

static void sends_padding(struct flood *flood, size_t round)
{
    if (round == 0)
        add(flood, HEADERS, END_HEADERS, 1, (struct view)VIEW(POST));
    add(flood, DATA, PADDED, 1, (struct view)VIEW("\x03\0\0\0"));
}

static void sends_what_nobody_knows(struct flood *flood, size_t round)
{
    (void)round;
    add(flood, 0x77, 0, 0, (struct view)VIEW("?"));
}

static void continues_for_ever(struct flood *flood, size_t round)
{
    if (round == 0)
        add(flood, HEADERS, 0, 1, (struct view)VIEW(GET));
    add(flood, CONTINUATION, 0, 1, (struct view){0});
}

/* `accept-encoding` of the static table, over and over. */
static void continues_at_length(struct flood *flood, size_t round)
{
    struct strbuf fields;
    strbuf_init(&fields, 16000);

    strbuf_add_repeated(&fields, '\x90', 16000);
    add(flood, round == 0 ? HEADERS : CONTINUATION, 0, 1, strbuf_view(&fields));
    strbuf_release(&fields);
}

static void answers_with_interim(struct flood *flood, size_t round)
{
    (void)round;
    add(flood, HEADERS, END_HEADERS, 1,
        (struct view)VIEW("\x08\x03"
                          "103"));
}

static void pushes(struct flood *flood, size_t round)
{
    (void)round;
    add(flood, PUSH_PROMISE, END_HEADERS, 1, (struct view)VIEW("\0\0\0\x02" GET));
}

struct case_of_flood {
    const char *name;
    enum http2_side side;
    void (*round)(struct flood *flood, size_t round);
    size_t rounds; /* that are allowed */
    int code;
    const char *text;
};

static const struct case_of_flood floods[] = {
    {"rapid reset", HTTP2_SERVER, opens_and_cancels, 200, ERR_LIMIT,
     "the client opened and cancelled more than 200 requests"},
    {"requests that must be refused", HTTP2_SERVER, asks_what_must_be_refused, 200, ERR_LIMIT,
     "the client opened and cancelled more than 200 requests"},
    {"made you reset", HTTP2_SERVER, breaks_what_it_opened, 200, ERR_LIMIT,
     "the client opened and cancelled more than 200 requests"},
    {"PING", HTTP2_SERVER, pings, 1000, ERR_LIMIT, "the client sent more than 1,000 PING frames"},
    {"PING from a server", HTTP2_CLIENT, pings, 1000, ERR_LIMIT,
     "the server sent more than 1,000 PING frames"},
    {"SETTINGS", HTTP2_SERVER, sets, 99, ERR_LIMIT,
     "the client sent more than 100 SETTINGS frames"},
    {"SETTINGS from a server", HTTP2_CLIENT, sets, 99, ERR_LIMIT,
     "the server sent more than 100 SETTINGS frames"},
    {"PRIORITY", HTTP2_SERVER, prioritises, 500, ERR_LIMIT,
     "the client sent more than 500 PRIORITY frames"},
    {"WINDOW_UPDATE", HTTP2_SERVER, opens_windows, 4000, ERR_LIMIT,
     "the client sent more than 4,000 WINDOW_UPDATE frames"},
    {"empty DATA", HTTP2_SERVER, sends_nothing, 200, ERR_LIMIT,
     "the client sent more than 200 DATA frames that carry and end nothing"},
    {"DATA of padding", HTTP2_SERVER, sends_padding, 200, ERR_LIMIT,
     "the client sent more than 200 DATA frames that carry and end nothing"},
    {"unknown frames", HTTP2_SERVER, sends_what_nobody_knows, 1000, ERR_LIMIT,
     "the client sent more than 1,000 frames that change nothing"},
    {"CONTINUATION", HTTP2_SERVER, continues_for_ever, 8, ERR_LIMIT,
     "the client sent more than 8 CONTINUATION frames for one head"},
    {"a head without end", HTTP2_SERVER, continues_at_length, 8, ERR_LIMIT,
     "the client sent a head that is more than twice as large as is allowed"},
    {"interim answers", HTTP2_CLIENT, answers_with_interim, 20, ERR_LIMIT,
     "the server sent more than 20 interim answers (1xx) to one request"},
    {"pushed streams", HTTP2_CLIENT, pushes, 0, ERR_PROTOCOL,
     "the server pushed a stream, which nobody asked for"},
};

static void ask_one(struct flood *flood)
{
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    uint32_t stream;

    request.headers.items[0] = (struct http_header){VIEW("host"), VIEW("h")};
    request.headers.count = 1;
    assert_int_equal(http2_send_request(flood->http2, &request, true, &stream, NULL), 0);
}

static void a_flood_ends_the_connection_where_its_budget_ends(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        struct flood flood;
        struct http2_bytes frame;
        size_t round = 0;
        int code = 0;
        begin(&flood, floods[i].side);
        flood.answers = false;
        if (floods[i].side != HTTP2_SERVER)
            ask_one(&flood);
        while (code == 0 && round < ROUNDS_MAX) {
            floods[i].round(&flood, round++);
            code = feed(&flood);
        }
        if (code != floods[i].code || strstr(flood.err.text, floods[i].text) == NULL)
            fail_msg("%s: %s after %zu rounds: %s", floods[i].name, err_name(code), round,
                     code < 0 ? flood.err.text : "");
        if (round != floods[i].rounds + 1)
            fail_msg("%s: ended after %zu rounds", floods[i].name, round);
        assert_true(http2_bytes_find(strbuf_view(&flood.out), GOAWAY, false, &frame));
        assert_int_equal(http2_bytes_u32(frame.payload, 4),
                         code == ERR_LIMIT ? HTTP2_ENHANCE_YOUR_CALM : HTTP2_PROTOCOL_ERROR);
        finish(&flood);
    }
}

static void a_peer_that_does_not_read_its_answers_is_cut_off(void **state)
{
    (void)state;
    struct flood flood;
    int code = 0;
    begin(&flood, HTTP2_SERVER);
    flood.takes = false;

    for (size_t round = 0; code == 0 && round < 200000; round++) {
        pings(&flood, round);
        if (round % 50 == 0)
            http2_tick(flood.http2);
        for (int i = 0; i < 10 && round % 10 == 0; i++)
            http2_tick(flood.http2);
        code = feed(&flood);
    }
    assert_int_equal(code, ERR_LIMIT);
    assert_string_equal(flood.err.text, "the client asks for answers and does not read them");
    finish(&flood);
}

/* ---- what is no flood ----------------------------------------------------------------------- */

static void half_of_all_requests_may_be_cancelled(void **state)
{
    (void)state;
    struct flood flood;
    begin(&flood, HTTP2_SERVER);

    for (size_t round = 0; round < 5000; round += 2) {
        opens_and_cancels(&flood, round);
        add(&flood, HEADERS, HEAD_ONLY, number_of(round + 1), (struct view)VIEW(GET));
        assert_int_equal(feed(&flood), 0);
    }
    assert_int_equal(flood.answered, 2500);
    assert_int_equal(flood.resets, 2500);
    finish(&flood);
}

static void requests_earn_pings_and_windows(void **state)
{
    (void)state;
    struct flood flood;
    begin(&flood, HTTP2_SERVER);

    for (size_t round = 0; round < 10000; round++) {
        add(&flood, HEADERS, HEAD_ONLY, number_of(round), (struct view)VIEW(GET));
        pings(&flood, round);
        opens_windows(&flood, round);
        prioritises(&flood, round);
        assert_int_equal(feed(&flood), 0);
    }
    assert_int_equal(flood.answered, 10000);
    finish(&flood);
}

static void an_idle_connection_may_be_kept_awake_for_ever(void **state)
{
    (void)state;
    struct flood flood;
    begin(&flood, HTTP2_SERVER);

    for (size_t second = 0; second < 20000; second++) {
        http2_tick(flood.http2);
        pings(&flood, second);
        assert_int_equal(feed(&flood), 0);
    }
    finish(&flood);
}

static void a_reader_in_small_pieces_is_no_flood(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct strbuf bytes;
    const struct http_response response = {.status = 200};
    http2_pair_init(&pair, NULL, NULL);
    pair.answers = false;
    strbuf_init(&bytes, 1 << 20);
    strbuf_add_repeated(&bytes, 'x', 1 << 20);

    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    http2_pair_run(&pair);
    assert_int_equal(http2_send_response_head(pair.server.http2, 1, &response, false, NULL), 0);
    for (int round = 0; round < 20; round++) {
        struct strbuf updates;
        assert_int_equal(http2_send_body(pair.server.http2, 1, strbuf_view(&bytes), false, NULL),
                         0);
        http2_pair_run(&pair);
        strbuf_init(&updates, 1 << 20);
        for (int i = 0; i < 1024; i++) /* as if 1 KiB were read at a time */
            http2_bytes_number(&updates, WINDOW_UPDATE, 1, 1);
        http2_pair_feed(&pair, true, strbuf_view(&updates));
        assert_int_equal(pair.server.code, 0);
        strbuf_release(&updates);
    }
    assert_int_equal(pair.client.body.len, 20 << 20);
    strbuf_release(&bytes);
    http2_pair_release(&pair);
}

static void a_window_of_nothing_shows_as_stalled(void **state)
{
    (void)state;
    struct flood flood;
    struct http2_status status;
    const struct http_response response = {.status = 200, .body = VIEW("0123456789")};
    begin(&flood, HTTP2_SERVER);
    flood.answers = false;

    add(&flood, SETTINGS, 0, 0, (struct view)VIEW("\0\x04\0\0\0\0"));
    add(&flood, HEADERS, HEAD_ONLY, 1, (struct view)VIEW(GET));
    assert_int_equal(feed(&flood), 0);
    assert_int_equal(http2_send_response_head(flood.http2, 1, &response, true, NULL), 0);
    assert_int_equal(feed(&flood), 0);
    status = http2_status(flood.http2);
    assert_true(status.stalled);
    assert_int_equal(status.queued_bytes, 10);
    assert_int_equal(status.sent_bytes, 0);

    http2_bytes_number(&flood.in, WINDOW_UPDATE, 1, 1); /* a byte at a time */
    assert_int_equal(feed(&flood), 0);
    status = http2_status(flood.http2);
    assert_true(status.stalled);
    assert_int_equal(status.sent_bytes, 1);
    http2_bytes_number(&flood.in, WINDOW_UPDATE, 1, 100);
    assert_int_equal(feed(&flood), 0);
    status = http2_status(flood.http2);
    assert_false(status.stalled);
    assert_int_equal(status.sent_bytes, 10);
    finish(&flood);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_ends_the_connection_where_its_budget_ends),
        cmocka_unit_test(a_peer_that_does_not_read_its_answers_is_cut_off),
        cmocka_unit_test(half_of_all_requests_may_be_cancelled),
        cmocka_unit_test(requests_earn_pings_and_windows),
        cmocka_unit_test(an_idle_connection_may_be_kept_awake_for_ever),
        cmocka_unit_test(a_reader_in_small_pieces_is_no_flood),
        cmocka_unit_test(a_window_of_nothing_shows_as_stalled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
