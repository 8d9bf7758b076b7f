/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulator's server over a simulated network: HTTP as clients really send it, late, split and
 * in a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/sim_server.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "wire/websocket.h"
#include "world/world.h"

static const uint64_t SECOND = 1000000000;
static const char ASK[] =
    "POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\ncontent-length: 69\r\n\r\n"
    "{\"model\":\"sim\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello there!\"}]}";

struct client {
    struct outside *outside;
    struct id connection;
    struct strbuf got;
    uint64_t first_ns; /* when its first byte came */
    bool open;
    bool closed;
    int code; /* of the close */
};

struct rig {
    struct world *world;
    struct outside *outside;
    struct sim_server *server;
    uint16_t port;
};

static void on_event(void *context, const struct outside_event *event)
{
    struct client *client = context;

    if (event->kind == OUTSIDE_OPENED)
        client->open = true;
    if (event->kind == OUTSIDE_BYTES) {
        if (client->got.len == 0)
            client->first_ns = client->outside->ops->now(client->outside);
        strbuf_add(&client->got, event->bytes);
    }
    if (event->kind == OUTSIDE_CLOSED) {
        client->closed = true;
        client->code = event->code;
    }
}

static struct rig rig_with(struct sim_server_options options, size_t piece_bytes)
{
    struct rig rig = {0};
    struct err err;
    const struct world_link link = {.latency_ns = 100000, .piece_bytes = piece_bytes};

    assert_int_equal(world_new(&(struct world_options){.seed = 3}, &rig.world), 0);
    assert_int_equal(world_set_link(rig.world, view_of(""), 0, &link), 0);
    rig.outside = world_outside(rig.world);
    options.service.sim.profile = sim_profile_default();
    assert_int_equal(sim_server_new(rig.outside, &options, &rig.server, &rig.port, &err), 0);
    return rig;
}

static void rig_free(struct rig *rig)
{
    sim_server_free(rig->server);
    world_free(rig->world);
}

static void run_for(struct rig *rig, uint64_t ns)
{
    assert_int_equal(world_run(rig->world, world_now(rig->world) + ns), 0);
}

static void client_open(struct rig *rig, struct client *client)
{
    const struct outside_endpoint endpoint = {
        .host = VIEW("127.0.0.1"), .port = rig->port, .connect_in_ns = SECOND};

    *client = (struct client){.outside = rig->outside};
    strbuf_init(&client->got, (size_t)64 << 20);
    assert_int_equal(
        rig->outside->ops->open(rig->outside, &endpoint, on_event, client, &client->connection), 0);
    run_for(rig, SECOND / 100);
    assert_true(client->open);
}

static void client_free(struct client *client)
{
    strbuf_release(&client->got);
}

static void client_send(struct client *client, struct view bytes)
{
    int code = client->outside->ops->write(client->outside, client->connection, bytes);

    assert_true(code == 0 || code == ERR_BUSY);
}

static size_t count(const struct client *client, const char *words)
{
    size_t found = 0;
    struct view got = strbuf_view(&client->got);

    for (size_t at = view_find(got, view_of(words), 0); at < got.len;
         at = view_find(got, view_of(words), at + 1))
        found++;
    return found;
}

static void a_request_is_answered_and_the_connection_kept(void **state)
{
    (void)state;
    struct rig rig = rig_with((struct sim_server_options){0}, 0);
    struct client client;

    client_open(&rig, &client);
    for (size_t i = 1; i <= 3; i++) {
        client_send(&client, view_of(ASK));
        run_for(&rig, SECOND / 10);
        assert_int_equal(count(&client, "HTTP/1.1 200 OK\r\n"), i);
    }
    assert_false(client.closed);
    assert_int_equal(sim_server_figures(rig.server).answers, 3);
    assert_int_equal(sim_server_figures(rig.server).server.connections, 1);
    client_free(&client);
    rig_free(&rig);
}

static void requests_in_a_row_are_answered_in_order_whatever_their_pieces(void **state)
{
    (void)state;

    for (size_t piece = 0; piece < 60; piece += 7) {
        struct rig rig = rig_with(
            (struct sim_server_options){
                .service.sim = {.latency = {.kind = SIM_LATENCY_FIXED, .low_ns = SECOND / 10}}},
            piece);
        struct client client;
        struct strbuf all;
        client_open(&rig, &client);
        strbuf_init(&all, 1 << 20);
        for (int i = 0; i < 4; i++)
            strbuf_add_text(&all,
                            i % 2 == 0 ? ASK : "GET /v1/models HTTP/1.1\r\nhost: sim\r\n\r\n");
        client_send(&client, strbuf_view(&all));
        run_for(&rig, SECOND);
        assert_int_equal(count(&client, "HTTP/1.1 200 OK\r\n"), 4);
        struct view got = strbuf_view(&client.got);
        size_t first = view_find(got, view_of("chat.completion"), 0);
        size_t second = view_find(got, view_of("\"list\""), 0);
        assert_true(first < second && second < view_find(got, view_of("chat.completion"), second));
        strbuf_release(&all);
        client_free(&client);
        rig_free(&rig);
    }
}

static void an_answer_takes_its_latency_and_keeps_no_one_else_waiting(void **state)
{
    (void)state;
    struct rig rig =
        rig_with((struct sim_server_options){.service.sim = {.latency = {.kind = SIM_LATENCY_FIXED,
                                                                         .low_ns = 2 * SECOND}}},
                 0);
    struct client slow;
    struct client quick;

    client_open(&rig, &slow);
    client_open(&rig, &quick);
    uint64_t from_ns = world_now(rig.world);
    client_send(&slow, view_of(ASK));
    client_send(&quick, view_of("GET / HTTP/1.1\r\nhost: sim\r\n\r\n"));
    run_for(&rig, SECOND);
    assert_int_equal(slow.got.len, 0);
    assert_int_equal(count(&quick, "assay sim"), 1);
    run_for(&rig, 2 * SECOND);
    assert_in_range(slow.first_ns - from_ns, 2 * SECOND, 2 * SECOND + SECOND / 100);
    client_free(&slow);
    client_free(&quick);
    rig_free(&rig);
}

static void what_is_no_http_gets_its_status_and_the_connection_ends(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *status;
    } wrong[] = {
        {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 30000000\r\n\r\n", "HTTP/1.1 413 "},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
         "HTTP/1.1 400 "},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct rig rig = rig_with((struct sim_server_options){0}, 0);
        struct client client;
        client_open(&rig, &client);
        client_send(&client, view_of(wrong[i].request));
        run_for(&rig, 3 * SECOND);
        if (!view_starts(strbuf_view(&client.got), view_of(wrong[i].status)))
            fail_msg("%s: %s", wrong[i].request, strbuf_text(&client.got));
        assert_true(client.closed);
        client_free(&client);
        rig_free(&rig);
    }
}

static void too_many_headers_are_431(void **state)
{
    (void)state;
    struct rig rig = rig_with((struct sim_server_options){0}, 0);
    struct client client;
    struct strbuf request;

    client_open(&rig, &client);
    strbuf_init(&request, 1 << 20);
    strbuf_add_text(&request, "GET / HTTP/1.1\r\nhost: a\r\nx: ");
    strbuf_add_repeated(&request, 'x', 70 * 1024);
    strbuf_add_text(&request, "\r\n\r\n");
    client_send(&client, strbuf_view(&request));
    run_for(&rig, 3 * SECOND);
    assert_true(view_starts(strbuf_view(&client.got), view_of("HTTP/1.1 431 ")));
    strbuf_release(&request);
    client_free(&client);
    rig_free(&rig);
}

static void connection_close_and_http_1_0_are_honoured(void **state)
{
    (void)state;
    struct rig rig = rig_with((struct sim_server_options){0}, 0);
    struct client one;
    struct client two;

    client_open(&rig, &one);
    client_send(&one, view_of("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
    client_open(&rig, &two);
    client_send(&two, view_of("GET / HTTP/1.0\r\n\r\n"));
    run_for(&rig, 3 * SECOND);
    assert_int_equal(count(&one, "connection: close"), 1);
    assert_true(one.closed);
    assert_int_equal(count(&two, " 200 OK"), 1);
    assert_true(two.closed);
    client_free(&one);
    client_free(&two);
    rig_free(&rig);
}

static void a_head_request_gets_no_body(void **state)
{
    (void)state;
    struct rig rig = rig_with((struct sim_server_options){0}, 0);
    struct client client;

    client_open(&rig, &client);
    client_send(&client, view_of("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n"));
    run_for(&rig, SECOND);
    assert_true(client.got.len > 0);
    assert_true(view_ends(strbuf_view(&client.got), view_of("\r\n\r\n")));
    client_free(&client);
    rig_free(&rig);
}

static void idle_connections_are_closed_and_busy_ones_are_not(void **state)
{
    (void)state;
    struct rig rig = rig_with((struct sim_server_options){.server = {.idle_in_ns = 10 * SECOND,
                                                                     .head_in_ns = 10 * SECOND}},
                              0);
    struct client idle;
    struct client busy;

    client_open(&rig, &idle);
    client_open(&rig, &busy);
    client_send(&idle, view_of("POST /v1/chat/comple"));
    for (int i = 0; i < 6; i++) {
        client_send(&busy, view_of(ASK));
        run_for(&rig, 4 * SECOND);
    }
    assert_true(idle.closed);
    assert_false(busy.closed);
    assert_int_equal(count(&busy, " 200 OK"), 6);
    client_free(&idle);
    client_free(&busy);
    rig_free(&rig);
}

static void one_connection_too_many_is_told_so(void **state)
{
    (void)state;
    struct rig rig = rig_with((struct sim_server_options){.server.connections_max = 2}, 0);
    struct client clients[3];

    for (int i = 0; i < 3; i++)
        client_open(&rig, &clients[i]);
    run_for(&rig, 2 * SECOND);
    assert_int_equal(count(&clients[2], " 503 "), 1);
    assert_true(clients[2].closed);
    assert_false(clients[0].closed);
    client_send(&clients[0], view_of(ASK));
    run_for(&rig, SECOND);
    assert_int_equal(count(&clients[0], " 200 OK"), 1);
    for (int i = 0; i < 3; i++)
        client_free(&clients[i]);
    rig_free(&rig);
}

static void a_peer_that_leaves_while_its_answer_is_due_harms_no_one(void **state)
{
    (void)state;
    struct rig rig =
        rig_with((struct sim_server_options){.service.sim = {.latency = {.kind = SIM_LATENCY_FIXED,
                                                                         .low_ns = 2 * SECOND}}},
                 0);
    struct client leaves;
    struct client stays;

    client_open(&rig, &leaves);
    client_send(&leaves, view_of(ASK));
    run_for(&rig, SECOND / 2);
    rig.outside->ops->close(rig.outside, leaves.connection);
    client_open(&rig, &stays);
    client_send(&stays, view_of(ASK));
    run_for(&rig, 5 * SECOND);
    assert_int_equal(leaves.got.len, 0);
    assert_int_equal(count(&stays, " 200 OK"), 1);
    client_free(&leaves);
    client_free(&stays);
    rig_free(&rig);
}

static void a_server_can_be_freed_in_the_middle_of_everything(void **state)
{
    (void)state;
    struct rig rig =
        rig_with((struct sim_server_options){.service.sim = {.latency = {.kind = SIM_LATENCY_FIXED,
                                                                         .low_ns = 2 * SECOND}}},
                 0);
    struct client client;

    client_open(&rig, &client);
    client_send(&client, view_of(ASK));
    client_send(&client, view_of("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf"));
    run_for(&rig, SECOND / 2);
    sim_server_free(rig.server);
    rig.server = NULL;
    run_for(&rig, 5 * SECOND);
    assert_true(client.closed);
    client_free(&client);
    rig_free(&rig);
}

static const char STREAM[] =
    "POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\ncontent-length: 83\r\n\r\n"
    "{\"model\":\"sim\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello "
    "there!\"}]}";

static void a_stream_comes_in_pieces_over_its_time(void **state)
{
    (void)state;
    struct rig rig =
        rig_with((struct sim_server_options){.service.sim = {.latency = {.kind = SIM_LATENCY_FIXED,
                                                                         .low_ns = 4 * SECOND}}},
                 0);
    struct client client;

    client_open(&rig, &client);
    uint64_t from_ns = world_now(rig.world);
    client_send(&client, view_of(STREAM));
    run_for(&rig, 2 * SECOND);
    assert_in_range(client.first_ns - from_ns, SECOND / 2, 2 * SECOND);
    size_t half = client.got.len;
    assert_int_equal(count(&client, "[DONE]"), 0);
    run_for(&rig, 3 * SECOND);
    assert_int_equal(count(&client, "[DONE]"), 1);
    assert_true(half > 0 && client.got.len > half + 100);
    client_send(&client, view_of("GET / HTTP/1.1\r\nhost: sim\r\n\r\n"));
    run_for(&rig, SECOND);
    assert_int_equal(count(&client, " 200 OK"), 2);
    client_free(&client);
    rig_free(&rig);
}

static void trouble_ends_answers_as_it_is_asked_to(void **state)
{
    (void)state;
    static const struct {
        enum sim_trouble trouble;
        bool closes;
        int code;
    } kinds[] = {{SIM_TROUBLE_RESET, true, ERR_CLOSED},
                 {SIM_TROUBLE_CUT, true, 0},
                 {SIM_TROUBLE_SILENT, false, 0}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int streams = 0; streams < 2; streams++) {
            struct sim_server_options options = {0};
            options.service.troubles.rates[kinds[i].trouble] = 1;
            struct rig rig = rig_with(options, 0);
            struct client client;
            client_open(&rig, &client);
            client_send(&client, view_of(streams ? STREAM : ASK));
            run_for(&rig, 60 * SECOND);
            assert_int_equal(client.closed, kinds[i].closes);
            assert_int_equal(client.code, kinds[i].code);
            assert_int_equal(count(&client, "[DONE]"), 0);
            assert_int_equal(sim_server_figures(rig.server).answers, 0);
            assert_int_equal(sim_server_figures(rig.server).server.under_way, !kinds[i].closes);
            client_free(&client);
            rig_free(&rig);
        }
}

static void quotas_are_given_back_by_answers_that_were_given_up(void **state)
{
    (void)state;
    struct rig rig = rig_with(
        (struct sim_server_options){
            .service = {.sim = {.latency = {.kind = SIM_LATENCY_FIXED, .low_ns = 10 * SECOND}},
                        .tokens_a_minute = 5000}},
        0);
    struct client leaves;
    struct client stays;

    client_open(&rig, &leaves);
    client_send(&leaves, view_of(STREAM)); /* reserves 4,096 and what it asks */
    run_for(&rig, 5 * SECOND);
    client_open(&rig, &stays);
    client_send(&stays, view_of(ASK));
    run_for(&rig, SECOND);
    assert_int_equal(count(&stays, "HTTP/1.1 429 "), 1);
    rig.outside->ops->reset(rig.outside, leaves.connection);
    run_for(&rig, 10 * SECOND);
    client_send(&stays, view_of(ASK));
    run_for(&rig, 20 * SECOND);
    assert_int_equal(count(&stays, " 200 OK"), 1);
    client_free(&leaves);
    client_free(&stays);
    rig_free(&rig);
}

static void messages_of_a_websocket_are_answered_one_after_the_other(void **state)
{
    (void)state;
    static const char ask[] =
        "GET /ws HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct rig rig =
        rig_with((struct sim_server_options){.service.sim = {.latency = {.kind = SIM_LATENCY_FIXED,
                                                                         .low_ns = SECOND}}},
                 0);
    struct websocket *websocket;
    struct client client;
    struct strbuf frames;
    struct rng rng;
    struct err err;

    rng_init(&rng, 1);
    websocket = websocket_new(WEBSOCKET_CLIENT, NULL, &rng);
    strbuf_init(&frames, 1 << 20);
    for (int i = 0; i < 3; i++)
        assert_int_equal(websocket_send(websocket, WEBSOCKET_TEXT,
                                        view_of("{\"action\":\"message\",\"text\":\"Hello!\"}"),
                                        true, &err),
                         0);
    assert_int_equal(websocket_take(websocket, &frames), 0);
    client_open(&rig, &client);
    client_send(&client, view_of(ask));
    client_send(&client, strbuf_view(&frames));
    run_for(&rig, SECOND + SECOND / 10);
    assert_int_equal(count(&client, "\"end\""), 1);
    run_for(&rig, 2 * SECOND + SECOND / 10);
    assert_int_equal(count(&client, "\"end\""), 3);
    assert_int_equal(sim_server_figures(rig.server).answers, 3);
    run_for(&rig, 11 * 60 * SECOND);
    assert_true(client.closed);
    strbuf_release(&frames);
    websocket_free(websocket);
    client_free(&client);
    rig_free(&rig);
}

/* Many large vectors: 16 MiB for each such request. */
static void ask_large(struct client *client)
{
    struct strbuf body;
    struct strbuf request;

    strbuf_init(&body, 1 << 20);
    strbuf_init(&request, 1 << 20);
    strbuf_add_text(&body, "{\"model\":\"e\",\"dimensions\":3072,\"encoding_format\":\"base64\","
                           "\"input\":[\"a\"");
    for (int i = 0; i < 1023; i++)
        strbuf_add_text(&body, ",\"a\"");
    strbuf_add_text(&body, "]}");
    strbuf_printf(&request,
                  "POST /v1/embeddings HTTP/1.1\r\nhost: a\r\ncontent-length: %zu\r\n\r\n",
                  body.len);
    strbuf_add(&request, strbuf_view(&body));
    client_send(client, strbuf_view(&request));
    strbuf_release(&request);
    strbuf_release(&body);
}

static void an_answer_that_finds_no_room_is_503_and_the_connection_is_kept(void **state)
{
    (void)state;
    struct rig rig =
        rig_with((struct sim_server_options){.server.buffered_max_bytes = (size_t)8 << 20}, 0);
    struct client client;

    client_open(&rig, &client);
    ask_large(&client);
    run_for(&rig, SECOND);
    assert_int_equal(count(&client, "HTTP/1.1 503 "), 1);
    assert_int_equal(count(&client, "service_unavailable"), 1);
    client_send(&client, view_of(ASK));
    run_for(&rig, SECOND);
    assert_int_equal(count(&client, "HTTP/1.1 200 OK"), 1);
    assert_int_equal(sim_server_figures(rig.server).answers, 1);
    assert_int_equal(sim_server_figures(rig.server).errors, 1);
    client_free(&client);
    rig_free(&rig);
}

static void a_websocket_that_asks_too_much_at_once_is_told_so_and_closed(void **state)
{
    (void)state;
    static const char ask[] =
        "GET http://h/ws HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct rig rig =
        rig_with((struct sim_server_options){.service.sim = {.latency = {.kind = SIM_LATENCY_FIXED,
                                                                         .low_ns = SECOND}}},
                 0);
    struct websocket *websocket;
    struct client client;
    struct strbuf message;
    struct strbuf frames;
    struct rng rng;
    struct err err;

    rng_init(&rng, 1);
    websocket = websocket_new(WEBSOCKET_CLIENT, NULL, &rng);
    strbuf_init(&frames, 1 << 20);
    strbuf_init(&message, 1 << 20);
    strbuf_add_text(&message, "{\"text\":\"");
    strbuf_add_repeated(&message, 'a', 30000);
    strbuf_add_text(&message, "\"}");
    client_open(&rig, &client);
    client_send(&client, view_of(ask));
    for (int i = 0; i < 40; i++) {
        strbuf_reset(&frames);
        assert_int_equal(
            websocket_send(websocket, WEBSOCKET_TEXT, strbuf_view(&message), true, &err), 0);
        assert_int_equal(websocket_take(websocket, &frames), 0);
        client_send(&client, strbuf_view(&frames));
        run_for(&rig, SECOND / 1000);
    }
    assert_int_equal(count(&client, "\"LimitExceeded\""), 1);
    assert_true(view_ends(strbuf_view(&client.got), view_of("\x88\x02\x03\xe8"))); /* goodbye */
    run_for(&rig, 60 * SECOND);
    assert_true(client.closed);
    assert_int_equal(client.code, 0);
    assert_int_equal(sim_server_figures(rig.server).server.under_way, 0);
    strbuf_release(&message);
    strbuf_release(&frames);
    websocket_free(websocket);
    client_free(&client);
    rig_free(&rig);
}

static void an_address_that_cannot_be_had_is_an_error(void **state)
{
    (void)state;
    struct rig rig = rig_with((struct sim_server_options){0}, 0);
    struct sim_server_options taken = {.server.port.port = rig.port};
    struct sim_server *server;
    uint16_t port;
    struct err err;

    assert_int_equal(sim_server_new(rig.outside, &taken, &server, &port, &err), ERR_UNREACHABLE);
    rig_free(&rig);
}

static void memory_that_runs_out_ends_a_connection_not_the_server(void **state)
{
    (void)state;

    for (unsigned long n = 1; n < 60; n++) {
        struct rig rig = rig_with((struct sim_server_options){0}, 0);
        struct client client;
        client_open(&rig, &client);
        client_send(&client, view_of(ASK));
        mem_fail_at(n);
        (void)!world_run(rig.world, world_now(rig.world) + SECOND);
        mem_fail_at(0);
        sim_server_free(rig.server);
        rig.server = NULL;
        client_free(&client);
        rig_free(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_and_the_connection_kept),
        cmocka_unit_test(requests_in_a_row_are_answered_in_order_whatever_their_pieces),
        cmocka_unit_test(an_answer_takes_its_latency_and_keeps_no_one_else_waiting),
        cmocka_unit_test(what_is_no_http_gets_its_status_and_the_connection_ends),
        cmocka_unit_test(too_many_headers_are_431),
        cmocka_unit_test(connection_close_and_http_1_0_are_honoured),
        cmocka_unit_test(a_head_request_gets_no_body),
        cmocka_unit_test(idle_connections_are_closed_and_busy_ones_are_not),
        cmocka_unit_test(one_connection_too_many_is_told_so),
        cmocka_unit_test(a_peer_that_leaves_while_its_answer_is_due_harms_no_one),
        cmocka_unit_test(a_server_can_be_freed_in_the_middle_of_everything),
        cmocka_unit_test(a_stream_comes_in_pieces_over_its_time),
        cmocka_unit_test(trouble_ends_answers_as_it_is_asked_to),
        cmocka_unit_test(quotas_are_given_back_by_answers_that_were_given_up),
        cmocka_unit_test(messages_of_a_websocket_are_answered_one_after_the_other),
        cmocka_unit_test(an_answer_that_finds_no_room_is_503_and_the_connection_is_kept),
        cmocka_unit_test(a_websocket_that_asks_too_much_at_once_is_told_so_and_closed),
        cmocka_unit_test(an_address_that_cannot_be_had_is_an_error),
        cmocka_unit_test(memory_that_runs_out_ends_a_connection_not_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
