/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's driver, over sockets and over the simulated network: who is served, in which order,
 * and how those end that misuse it, while others are served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/server.h"
#include "base/mem.h"
#include "outside_rig.h"
#include "wire/http2.h"
#include "wire/websocket.h"

enum { BYTES_MAX = 128 * 1024 * 1024, BIG_BYTES = 4 * 1024 * 1024 };

static const uint64_t MS = 1000000;

/* ---- a server whose paths say what it does --------------------------------------------------- */

struct service {
    struct rig *rig;
    struct outside *outside;
    struct server *server;
    uint16_t port;
    char *big;
    struct id kept; /* of /never and /later */
    bool memory_fails;
    unsigned requests, sent, lost, writable, drained;
    struct strbuf order; /* paths as they came */
};

static void give(struct service *service, struct id id, const char *body, bool in_pieces)
{
    const struct http_response response = {.status = 200, .body = view_of(body)};
    int code = server_respond(service->server, id, &response, in_pieces);

    if (code == ERR_MEMORY && service->memory_fails)
        server_reset(service->server, id);
    else
        assert_true(code == 0 || code == ERR_BUSY);
}

static void on_request(void *context, const struct server_request *request)
{
    struct service *service = context;
    struct server *server = service->server;
    char path_text[64]; /* the request's own views end with its answer */
    char text[96];

    snprintf(path_text, sizeof path_text, "%.*s", VIEW_ARG(request->http->target));
    struct view path = view_of(path_text);
    service->requests++;
    strbuf_add(&service->order, path);
    if (view_is(path, "/never") || view_is(path, "/later")) {
        service->kept = request->id;
        if (view_is(path, "/later"))
            server_wake_at(server, request->id,
                           service->outside->ops->now(service->outside) + 50 * MS);
    } else if (view_is(path, "/reset") || view_is(path, "/cut")) {
        give(service, request->id, "", true);
        assert_int_equal(server_piece(server, request->id, view_of("half"), false), 0);
        if (view_is(path, "/cut"))
            server_cut(server, request->id);
        else
            server_reset(server, request->id);
        assert_int_equal(server_piece(server, request->id, view_of("x"), true), ERR_CLOSED);
    } else if (view_is(path, "/big")) {
        const struct http_response big = {.status = 200,
                                          .body = view_make(service->big, BIG_BYTES)};
        assert_int_equal(server_respond(server, request->id, &big, false), ERR_BUSY);
    } else if (view_is(path, "/ws")) {
        assert_int_equal(server_upgrade(server, request->id), request->websocket ? 0 : ERR_REFUSED);
    } else {
        snprintf(text, sizeof text, "<%.*s %zu>", VIEW_ARG(path), request->http->body.len);
        give(service, request->id, text, false);
    }
}

static void on_over(void *context, struct id request, bool sent)
{
    struct service *service = context;

    service->sent += sent;
    service->lost += !sent;
    assert_int_equal(server_piece(service->server, request, view_of("x"), true), ERR_CLOSED);
}

static void on_writable(void *context, struct id request)
{
    (void)request;
    ((struct service *)context)->writable++;
}

static void on_due(void *context, struct id request)
{
    give(context, request, "<later>", false);
}

static void on_message(void *context, struct id request, struct view bytes, bool is_text)
{
    struct service *service = context;
    bool bye = view_is(bytes, "bye");

    assert_true(is_text);
    assert_int_equal(server_piece(service->server, request, bytes, bye), 0);
}

static void on_drained(void *context)
{
    ((struct service *)context)->drained++;
}

static const struct server_handler handler = {on_request, on_over, on_writable, on_due, on_message};

static void service_start(struct service *service, struct rig *rig,
                          const struct server_options *options)
{
    struct server_options short_times = options != NULL ? *options : (struct server_options){0};
    struct err err;

    *service = (struct service){.rig = rig, .outside = rig_outside(rig)};
    strbuf_init(&service->order, BYTES_MAX);
    service->big = mem_new(BIG_BYTES, 1);
    memset(service->big, 'b', BIG_BYTES);
    short_times.head_in_ns = 200 * MS;
    short_times.body_in_ns = 200 * MS;
    short_times.stall_in_ns = 300 * MS;
    short_times.idle_in_ns = 600 * MS;
    short_times.websocket_idle_in_ns = 300 * MS;
    assert_int_equal(server_new(service->outside, &short_times, &handler, service, &service->server,
                                &service->port, &err),
                     0);
}

/* Every request ended once, and nothing is kept. */
static void service_stop(struct service *service)
{
    server_free(service->server);
    strbuf_release(&service->order);
    mem_free(service->big);
}

static void all_is_over(struct service *service)
{
    struct server_figures figures = server_figures(service->server);

    assert_int_equal(figures.under_way, 0);
    assert_int_equal(figures.buffered_bytes, 0);
    assert_int_equal(figures.requests, figures.sent + figures.lost);
    assert_int_equal(figures.requests, service->requests);
}

/* ---- clients --------------------------------------------------------------------------------- */

struct client {
    struct rig *rig;
    struct outside *outside;
    struct id connection;
    struct strbuf got;
    struct http2 *http2; /* NULL: bytes alone */
    struct strbuf events;
    bool open;
    bool closed;
    int code;
};

static void client_flush(struct client *client)
{
    struct strbuf out;
    struct err err;

    strbuf_init(&out, BYTES_MAX);
    (void)!http2_take(client->http2, &out, BYTES_MAX / 2, &err);
    if (out.len != 0 && !client->closed)
        (void)!client->outside->ops->write(client->outside, client->connection, strbuf_view(&out));
    strbuf_release(&out);
}

static void heard_http2(struct client *client, struct view rest)
{
    struct http2_event event;
    struct err err;

    while (http2_feed(client->http2, &rest, &event, &err) == 1) {
        if (event.kind == HTTP2_BODY)
            strbuf_add(&client->got, event.body);
        if (event.kind == HTTP2_END)
            strbuf_printf(&client->events, "%u END\n", event.stream);
        if (event.kind == HTTP2_RESET)
            strbuf_printf(&client->events, "%u RESET %s\n", event.stream,
                          http2_code_name(event.code));
        if (event.kind == HTTP2_GOAWAY)
            strbuf_printf(&client->events, "GOAWAY %s\n", http2_code_name(event.code));
    }
    client_flush(client);
}

static void on_event(void *context, const struct outside_event *event)
{
    struct client *client = context;

    if (event->kind == OUTSIDE_OPENED)
        client->open = true;
    if (event->kind == OUTSIDE_BYTES && client->http2 != NULL)
        heard_http2(client, event->bytes);
    else if (event->kind == OUTSIDE_BYTES)
        strbuf_add(&client->got, event->bytes);
    if (event->kind == OUTSIDE_CLOSED) {
        client->closed = true;
        client->code = event->code;
    }
}

static void client_open(struct client *client, const struct service *service, bool http2)
{
    const struct outside_endpoint endpoint = {
        .host = VIEW("127.0.0.1"), .port = service->port, .connect_in_ns = 1000 * MS};

    *client = (struct client){.rig = service->rig, .outside = service->outside};
    strbuf_init(&client->got, BYTES_MAX);
    strbuf_init(&client->events, BYTES_MAX);
    if (http2)
        client->http2 = http2_new(HTTP2_CLIENT_PLAIN, NULL);
    assert_int_equal(client->outside->ops->open(client->outside, &endpoint, on_event, client,
                                                &client->connection),
                     0);
    for (int i = 0; i < 100 && !client->open; i++)
        rig_run(client->rig, 5 * MS);
    assert_true(client->open);
}

static void client_free(struct client *client)
{
    if (!client->closed)
        client->outside->ops->close(client->outside, client->connection);
    http2_free(client->http2);
    strbuf_release(&client->got);
    strbuf_release(&client->events);
}

static void client_send_bytes(struct client *client, struct view bytes)
{
    int code = client->outside->ops->write(client->outside, client->connection, bytes);

    assert_true(code == 0 || code == ERR_BUSY);
}

static void client_send(struct client *client, const char *bytes)
{
    client_send_bytes(client, view_of(bytes));
}

static uint32_t client_ask(struct client *client, const char *target)
{
    struct http_request request = {.method = VIEW("GET"), .target = view_of(target)};
    uint32_t stream = 0;
    struct err err;

    assert_int_equal(http_header_add(&request.headers, view_of("host"), view_of("h")), 0);
    (void)!http2_send_request(client->http2, &request, true, &stream, &err);
    client_flush(client);
    return stream;
}

/* Runs until the words came, or so long. */
static bool comes(struct client *client, const char *words, uint64_t in_ns)
{
    for (uint64_t ran = 0; ran <= in_ns; ran += 5 * MS) {
        if (strstr(strbuf_text(&client->got), words) != NULL
            || strstr(strbuf_text(&client->events), words) != NULL)
            return true;
        rig_run(client->rig, 5 * MS);
    }
    return false;
}

static bool closes(struct client *client, uint64_t in_ns)
{
    for (uint64_t ran = 0; ran <= in_ns && !client->closed; ran += 5 * MS)
        rig_run(client->rig, 5 * MS);
    return client->closed;
}

/* Another one is served. */
static void others_are_served(struct service *service)
{
    struct client other;

    client_open(&other, service, false);
    client_send(&other, "GET /other HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    assert_true(comes(&other, "</other 0>", 1000 * MS));
    client_free(&other);
}

/* ---- promises -------------------------------------------------------------------------------- */

static void requests_in_a_row_are_answered_in_order_on_one_connection(void **state)
{
    struct service service;
    struct client client;

    service_start(&service, *state, NULL);
    client_open(&client, &service, false);
    client_send(&client, "GET /later HTTP/1.1\r\nhost: h\r\n\r\n"
                         "POST /b HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc"
                         "GET /c HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_true(comes(&client, "</c 0>", 2000 * MS));
    const char *got = strbuf_text(&client.got);
    assert_true(strstr(got, "<later>") < strstr(got, "</b 3>"));
    assert_true(strstr(got, "</b 3>") < strstr(got, "</c 0>"));
    assert_non_null(strstr(got, "date: "));
    client_send(&client, "GET /d HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_true(comes(&client, "</d 0>", 1000 * MS));
    rig_run(*state, 10 * MS);
    all_is_over(&service);
    assert_int_equal(service.sent, 4);
    assert_int_equal(server_figures(service.server).connections, 1);
    client_free(&client);
    service_stop(&service);
}

static void http2_by_its_preface_answers_whoever_is_ready(void **state)
{
    struct service service;
    struct client client;

    service_start(&service, *state, NULL);
    client_open(&client, &service, true);
    client_ask(&client, "/later");
    client_ask(&client, "/quick");
    client_ask(&client, "/big");
    assert_true(comes(&client, "1 END", 3000 * MS));
    assert_true(comes(&client, "5 END", 3000 * MS));
    assert_true(view_starts(strbuf_view(&client.events), view_of("3 END")));
    assert_true(client.got.len > BIG_BYTES);
    rig_run(*state, 10 * MS);
    all_is_over(&service);
    client_free(&client);
    service_stop(&service);
}

static void a_head_that_does_not_come_in_time_ends_its_connection_alone(void **state)
{
    static const struct view starts[] = {
        VIEW("GET / HT"),
        VIEW("PRI * HTT"),
        VIEW("GET / HTTP/1.1\r\nx: y\r\n"),
        /* HTTP/2: half of a HEADERS frame; a whole one whose block goes on */
        VIEW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\6\1\4\0\0\0\1\x82"),
        VIEW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\1\1\0\0\0\0\1\x82"),
    };

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct service service;
        struct client slow;
        service_start(&service, *state, NULL);
        client_open(&slow, &service, false);
        client_send_bytes(&slow, starts[i]);
        for (int k = 0; k < 3; k++) {
            rig_run(*state, 40 * MS);
            if (i == 2)
                client_send(&slow, "x: y\r\n");
        }
        others_are_served(&service);
        assert_true(closes(&slow, 500 * MS));
        assert_int_equal(server_figures(service.server).timeouts, 1);
        client_free(&slow);
        service_stop(&service);
    }
}

static void a_body_that_hardly_comes_is_408(void **state)
{
    struct service service;
    struct client slow;

    service_start(&service, *state, NULL);
    client_open(&slow, &service, false);
    client_send(&slow, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\nabc");
    rig_run(*state, 100 * MS);
    client_send(&slow, "d");
    others_are_served(&service);
    assert_true(comes(&slow, "HTTP/1.1 408 ", 1000 * MS));
    assert_true(closes(&slow, 2000 * MS));
    assert_int_equal(service.requests, 1); /* the other's */
    all_is_over(&service);
    client_free(&slow);
    service_stop(&service);
}

static void who_does_not_read_is_given_up_and_its_memory_comes_back(void **state)
{
    struct service service;
    struct client stalled;

    service_start(&service, *state, NULL);
    client_open(&stalled, &service, false);
    stalled.outside->ops->pause(stalled.outside, stalled.connection, true);
    for (int i = 0; i < 20; i++)
        client_send(&stalled, "GET /big HTTP/1.1\r\nhost: h\r\n\r\n");
    rig_run(*state, 50 * MS);
    assert_int_equal(server_figures(service.server).under_way, 1);
    others_are_served(&service);
    rig_run(*state, 1500 * MS);
    assert_int_equal(server_figures(service.server).open, 0);
    all_is_over(&service);
    client_free(&stalled);
    service_stop(&service);
}

/* 4 MiB in more than twice the time that one who reads nothing has. */
static void who_reads_slowly_but_steadily_gets_all_of_it(void **state)
{
    struct service service;
    struct client slow;

    service_start(&service, *state, NULL);
    client_open(&slow, &service, false);
    client_send(&slow, "GET /big HTTP/1.1\r\nhost: h\r\n\r\n");
    slow.outside->ops->pause(slow.outside, slow.connection, true);
    for (int i = 0; i < 60 && !slow.closed; i++) {
        size_t enough = (size_t)(i + 1) * (BIG_BYTES / 60);
        slow.outside->ops->pause(slow.outside, slow.connection, false);
        for (int k = 0; k < 5 && slow.got.len < enough; k++)
            rig_run(*state, 1 * MS);
        slow.outside->ops->pause(slow.outside, slow.connection, true);
        rig_run(*state, 15 * MS);
    }
    slow.outside->ops->pause(slow.outside, slow.connection, false);
    rig_run(*state, 100 * MS);
    assert_int_equal(server_figures(service.server).timeouts, 0);
    assert_true(slow.got.len > BIG_BYTES);
    client_free(&slow);
    rig_run(*state, 50 * MS);
    all_is_over(&service);
    service_stop(&service);
}

static void one_connection_too_many_is_told_503(void **state)
{
    const struct server_options options = {.connections_max = 2};
    struct service service;
    struct client clients[3];

    service_start(&service, *state, &options);
    for (int i = 0; i < 3; i++)
        client_open(&clients[i], &service, false);
    assert_true(comes(&clients[2], "HTTP/1.1 503 ", 1000 * MS));
    assert_true(closes(&clients[2], 2000 * MS));
    client_send(&clients[0], "GET /a HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_true(comes(&clients[0], "</a 0>", 1000 * MS));
    assert_int_equal(server_figures(service.server).turned_away, 1);
    for (int i = 0; i < 3; i++)
        client_free(&clients[i]);
    service_stop(&service);
}

static void requests_past_their_places_and_bodies_past_the_budget_are_503(void **state)
{
    const struct server_options options = {.requests_max = 1, .buffered_max_bytes = 100000};
    struct service service;
    struct client first;
    struct client second;

    service_start(&service, *state, &options);
    client_open(&first, &service, false);
    client_open(&second, &service, false);
    client_send(&first, "POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 200000\r\n\r\n");
    assert_true(comes(&first, "HTTP/1.1 503 ", 1000 * MS));
    client_free(&first);
    client_send(&second, "GET /never HTTP/1.1\r\nhost: h\r\n\r\n");
    rig_run(*state, 20 * MS);
    client_open(&first, &service, false);
    client_send(&first, "GET /b HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_true(comes(&first, "HTTP/1.1 503 ", 1000 * MS));
    give(&service, service.kept, "<at last>", false);
    assert_true(comes(&second, "<at last>", 1000 * MS));
    client_free(&first);
    client_free(&second);
    service_stop(&service);
}

static void a_reset_is_heard_as_one_and_a_cut_as_an_end(void **state)
{
    struct service service;
    struct client client;

    service_start(&service, *state, NULL);
    client_open(&client, &service, false);
    client_send(&client, "GET /reset HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_true(closes(&client, 1000 * MS));
    assert_int_equal(client.code, ERR_CLOSED);
    client_free(&client);
    client_open(&client, &service, false);
    client_send(&client, "GET /cut HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_true(closes(&client, 2000 * MS));
    assert_int_equal(client.code, 0);
    assert_true(view_ends(strbuf_view(&client.got), view_of("4\r\nhalf\r\n")));
    client_free(&client);
    client_open(&client, &service, true);
    client_ask(&client, "/reset");
    client_ask(&client, "/lives");
    assert_true(comes(&client, "1 RESET INTERNAL_ERROR", 1000 * MS));
    assert_true(comes(&client, "3 END", 1000 * MS));
    assert_int_equal(service.lost, 0); /* the handler did it itself */
    client_free(&client);
    service_stop(&service);
}

static void who_leaves_is_told_to_the_handler(void **state)
{
    const struct server_options options = {.leaves_with_peer = true};
    struct service service;
    struct client client;

    service_start(&service, *state, &options);
    client_open(&client, &service, true);
    uint32_t stream = client_ask(&client, "/never");
    rig_run(*state, 50 * MS);
    http2_reset(client.http2, stream, HTTP2_CANCEL);
    client_flush(&client);
    rig_run(*state, 50 * MS);
    assert_int_equal(service.lost, 1);
    client_ask(&client, "/never");
    rig_run(*state, 50 * MS);
    client_free(&client);
    rig_run(*state, 50 * MS);
    assert_int_equal(service.lost, 2);
    client_open(&client, &service, false);
    client_send(&client, "GET /never HTTP/1.1\r\nhost: h\r\n\r\n");
    rig_run(*state, 50 * MS);
    client_free(&client);
    rig_run(*state, 50 * MS);
    assert_int_equal(service.lost, 3);
    all_is_over(&service);
    service_stop(&service);
}

static void draining_answers_what_is_under_way_and_ends_the_rest(void **state)
{
    struct service service;
    struct client idle, busy, stream, stays;

    service_start(&service, *state, NULL);
    client_open(&idle, &service, false);
    client_open(&stays, &service, false);
    client_open(&busy, &service, false);
    client_open(&stream, &service, true);
    client_send(&stays, "GET /never HTTP/1.1\r\nhost: h\r\n\r\n");
    rig_run(*state, 20 * MS);
    client_send(&busy, "GET /later HTTP/1.1\r\nhost: h\r\n\r\n");
    client_ask(&stream, "/later");
    rig_run(*state, 20 * MS);
    server_drain(service.server, 300 * MS, on_drained, &service);
    assert_true(comes(&busy, "<later>", 1000 * MS));
    assert_true(comes(&stream, "1 END", 1000 * MS));
    assert_true(comes(&stream, "GOAWAY NO_ERROR", 1000 * MS));
    assert_true(closes(&idle, 1000 * MS));
    assert_true(closes(&busy, 2000 * MS));
    assert_true(closes(&stream, 2000 * MS));
    rig_run(*state, 400 * MS);
    assert_int_equal(service.drained, 1);
    assert_int_equal(server_figures(service.server).open, 0);
    assert_true(closes(&stays, 1000 * MS));
    all_is_over(&service);
    client_free(&idle);
    client_free(&busy);
    client_free(&stream);
    client_free(&stays);
    service_stop(&service);
}

static void draining_a_server_without_peers_is_over_soon(void **state)
{
    struct service service;

    service_start(&service, *state, NULL);
    server_drain(service.server, 300 * MS, on_drained, &service);
    rig_run(*state, 50 * MS);
    assert_int_equal(service.drained, 1);
    service_stop(&service);
}

static void a_websocket_echoes_and_ends_when_nothing_is_said(void **state)
{
    static const char ask[] =
        "GET /ws HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    for (int silent = 0; silent < 2; silent++) {
        struct service service;
        struct client client;
        service_start(&service, *state, NULL);
        client_open(&client, &service, false);
        client_send(&client, ask);
        assert_true(comes(&client, "101 Switching", 1000 * MS));
        client_send(&client, "\x81\x82\x01\x01\x01\x01ih"); /* "hi", masked with ones */
        assert_true(comes(&client, "hi", 1000 * MS));
        if (!silent) {
            client_send(&client, "\x81\x83\x01\x01\x01\x01\x63\x78\x64"); /* "bye" */
            assert_true(comes(&client, "bye\x88\x02\x03\xe8", 1000 * MS));
        }
        assert_true(closes(&client, 3000 * MS));
        rig_run(*state, 50 * MS);
        assert_int_equal(server_figures(service.server).open, 0);
        all_is_over(&service);
        client_free(&client);
        service_stop(&service);
    }
}

static void a_window_that_never_opens_costs_its_stream_and_no_other(void **state)
{
    struct service service;
    struct client client;

    service_start(&service, *state, NULL);
    client_open(&client, &service, true);
    uint32_t stream = client_ask(&client, "/big");
    http2_hold(client.http2, stream, true);
    rig_run(*state, 20 * MS);
    client_ask(&client, "/quick");
    assert_true(comes(&client, "3 END", 1000 * MS));
    others_are_served(&service);
    assert_true(comes(&client, "1 RESET", 3000 * MS));
    rig_run(*state, 20 * MS);
    all_is_over(&service);
    client_free(&client);
    service_stop(&service);
}

static void requests_that_are_cancelled_at_once_end_their_connection_alone(void **state)
{
    struct service service;
    struct client client;

    service_start(&service, *state, NULL);
    client_open(&client, &service, true);
    rig_run(*state, 20 * MS);
    for (int i = 0; i < 20000 && !client.closed; i++) {
        uint32_t stream = client_ask(&client, "/never");
        http2_reset(client.http2, stream, HTTP2_CANCEL);
        client_flush(&client);
        if (i % 50 == 0)
            rig_run(*state, 1 * MS);
    }
    assert_true(closes(&client, 2000 * MS));
    assert_true(service.requests < 5000);
    others_are_served(&service);
    rig_run(*state, 20 * MS);
    all_is_over(&service);
    client_free(&client);
    service_stop(&service);
}

static void a_server_can_be_freed_in_the_middle_of_everything(void **state)
{
    struct service service;
    struct client one, two;

    service_start(&service, *state, NULL);
    client_open(&one, &service, false);
    client_open(&two, &service, true);
    client_send(&one, "GET /big HTTP/1.1\r\nhost: h\r\n\r\nGET /never HTTP/1.1\r\nho");
    client_ask(&two, "/never");
    client_ask(&two, "/big");
    rig_run(*state, 10 * MS);
    service_stop(&service);
    rig_run(*state, 50 * MS);
    client_free(&one);
    client_free(&two);
}

static void memory_that_runs_out_ends_requests_and_connections_not_the_server(void **state)
{
    for (unsigned long n = 1; n < 120; n += 3) {
        struct service service;
        struct client one, two;
        service_start(&service, *state, NULL);
        service.memory_fails = true;
        client_open(&one, &service, false);
        client_open(&two, &service, true);
        client_send(&one, "POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc");
        client_ask(&two, "/b");
        mem_fail_at(n);
        rig_run(*state, 5 * MS);
        mem_fail_at(0);
        client_free(&one);
        client_free(&two);
        service_stop(&service);
        rig_run(*state, 1 * MS);
    }
}

static int sockets_setup(void **state)
{
    *state = rig_new(RIG_SOCKETS, 0);
    return 0;
}

static int world_setup(void **state)
{
    *state = rig_new(RIG_WORLD, 0);
    return 0;
}

static int rig_teardown(void **state)
{
    rig_free(*state);
    return 0;
}

#define OVER_BOTH(test) \
    {#test " (sockets)", test, sockets_setup, rig_teardown, NULL}, \
    { \
#test " (world)", test, world_setup, rig_teardown, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(requests_in_a_row_are_answered_in_order_on_one_connection),
        OVER_BOTH(http2_by_its_preface_answers_whoever_is_ready),
        OVER_BOTH(a_head_that_does_not_come_in_time_ends_its_connection_alone),
        OVER_BOTH(a_body_that_hardly_comes_is_408),
        OVER_BOTH(who_does_not_read_is_given_up_and_its_memory_comes_back),
        /* Not over sockets: the kernel's buffers open again in steps of their own. */
        cmocka_unit_test_setup_teardown(who_reads_slowly_but_steadily_gets_all_of_it, world_setup,
                                        rig_teardown),
        OVER_BOTH(one_connection_too_many_is_told_503),
        OVER_BOTH(requests_past_their_places_and_bodies_past_the_budget_are_503),
        OVER_BOTH(a_reset_is_heard_as_one_and_a_cut_as_an_end),
        OVER_BOTH(who_leaves_is_told_to_the_handler),
        OVER_BOTH(draining_answers_what_is_under_way_and_ends_the_rest),
        OVER_BOTH(draining_a_server_without_peers_is_over_soon),
        OVER_BOTH(a_websocket_echoes_and_ends_when_nothing_is_said),
        OVER_BOTH(a_window_that_never_opens_costs_its_stream_and_no_other),
        OVER_BOTH(requests_that_are_cancelled_at_once_end_their_connection_alone),
        OVER_BOTH(a_server_can_be_freed_in_the_middle_of_everything),
        cmocka_unit_test_setup_teardown(
            memory_that_runs_out_ends_requests_and_connections_not_the_server, sockets_setup,
            rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
