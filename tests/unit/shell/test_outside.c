/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract of wire/outside.h, kept by sockets and by the simulated network alike: every test
 * runs over both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "outside_rig.h"

static const uint64_t MS = 1000000;
static const uint64_t SECOND = 1000000000;
static const struct view LOCAL = VIEW("127.0.0.1");

enum { BYTES_MAX = 80 * 1024 * 1024 };

/* One side, and what it heard. */
struct side {
    struct rig *rig;
    struct id connection;
    struct id listening;
    uint16_t port;
    unsigned opened, accepted, writable, closed, pieces;
    int code;
    char text[512];
    struct strbuf bytes;
    bool echo;           /* writes back what comes */
    bool close_accepted; /* closes at once who comes */
    bool pause_accepted;
    size_t stop_at_bytes; /* stops the rig when so many came */
    bool stop_at_open, stop_at_closed, stop_at_writable, stop_at_accepted;
};

/* True while the test is inside a call of the outside: no event may come then. */
static bool in_call;

static struct outside *outside_of(const struct side *side)
{
    return rig_outside(side->rig);
}

static int write_to(struct side *side, struct view bytes)
{
    struct outside *outside = outside_of(side);
    bool nested = in_call;

    in_call = true;
    int code = outside->ops->write(outside, side->connection, bytes);
    in_call = nested;
    return code;
}

static void pause_side(struct side *side, bool paused)
{
    struct outside *outside = outside_of(side);

    in_call = true;
    outside->ops->pause(outside, side->connection, paused);
    in_call = false;
}

static void close_side(struct side *side)
{
    struct outside *outside = outside_of(side);

    in_call = true;
    outside->ops->close(outside, side->connection);
    in_call = false;
}

static void reset_side(struct side *side)
{
    struct outside *outside = outside_of(side);

    in_call = true;
    outside->ops->reset(outside, side->connection);
    in_call = false;
}

static void heard_bytes(struct side *side, const struct outside_event *event)
{
    side->pieces++;
    strbuf_add(&side->bytes, event->bytes);
    if (side->echo)
        assert_int_equal(write_to(side, event->bytes), 0);
    if (side->stop_at_bytes != 0 && side->bytes.len >= side->stop_at_bytes)
        rig_stop(side->rig);
}

static void heard_accepted(struct side *side, const struct outside_event *event)
{
    side->accepted++;
    side->connection = event->connection;
    assert_true(id_equal(event->listening, side->listening));
    if (side->pause_accepted)
        pause_side(side, true);
    if (side->close_accepted)
        close_side(side);
    if (side->stop_at_accepted)
        rig_stop(side->rig);
}

static void on_event(void *context, const struct outside_event *event)
{
    struct side *side = context;

    assert_false(in_call);
    assert_non_null(event->text);
    switch (event->kind) {
    case OUTSIDE_OPENED:
        side->opened++;
        if (side->stop_at_open)
            rig_stop(side->rig);
        return;
    case OUTSIDE_BYTES:
        heard_bytes(side, event);
        return;
    case OUTSIDE_WRITABLE:
        side->writable++;
        if (side->stop_at_writable)
            rig_stop(side->rig);
        return;
    case OUTSIDE_ACCEPTED:
        heard_accepted(side, event);
        return;
    case OUTSIDE_CLOSED:
        side->closed++;
        side->code = event->code;
        snprintf(side->text, sizeof side->text, "%s", event->text);
        if (side->stop_at_closed)
            rig_stop(side->rig);
        return;
    }
}

static void side_init(struct side *side, struct rig *rig)
{
    memset(side, 0, sizeof *side);
    side->rig = rig;
    strbuf_init(&side->bytes, BYTES_MAX);
}

static void listen_at(struct side *side, struct rig *rig)
{
    struct outside *outside = rig_outside(rig);
    struct err err;

    side_init(side, rig);
    struct outside_port port = {.host = LOCAL};
    assert_int_equal(
        outside->ops->listen(outside, &port, on_event, side, &side->listening, &side->port, &err),
        0);
    assert_true(side->port != 0);
}

static int open_to(struct side *side, struct rig *rig, uint16_t port, uint64_t connect_in_ns)
{
    struct outside *outside = rig_outside(rig);
    struct outside_endpoint endpoint = {
        .host = LOCAL, .port = port, .connect_in_ns = connect_in_ns};

    side_init(side, rig);
    in_call = true;
    int code = outside->ops->open(outside, &endpoint, on_event, side, &side->connection);
    in_call = false;
    return code;
}

/* A client and a server that know each other. */
static void connect_both(struct side *client, struct side *server, struct rig *rig)
{
    listen_at(server, rig);
    assert_int_equal(open_to(client, rig, server->port, 5 * SECOND), 0);
    client->stop_at_open = true;
    rig_run(rig, 5 * SECOND);
    server->stop_at_accepted = true;
    if (server->accepted == 0)
        rig_run(rig, 5 * SECOND);
    assert_int_equal(client->opened, 1);
    assert_int_equal(server->accepted, 1);
    client->stop_at_open = false;
    server->stop_at_accepted = false;
}

static void release(struct side *side)
{
    strbuf_release(&side->bytes);
}

/* So many bytes whose order can be told. */
static struct view make_bytes(size_t len)
{
    char *bytes = mem_new(len, 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    return view_make(bytes, len);
}

static void what_is_written_on_one_end_arrives_on_the_other_in_order(void **state)
{
    struct side client, server;
    struct view bytes = make_bytes(200000);

    connect_both(&client, &server, *state);
    server.echo = true;
    client.stop_at_bytes = bytes.len;
    assert_int_equal(write_to(&client, bytes), 0);
    rig_run(*state, 5 * SECOND);
    assert_true(view_equal(strbuf_view(&client.bytes), bytes));
    assert_true(view_equal(strbuf_view(&server.bytes), bytes));
    mem_free((void *)(uintptr_t)bytes.ptr);
    release(&client);
    release(&server);
}

static void a_port_where_nobody_listens_refuses_and_says_so(void **state)
{
    struct side client, server;
    struct outside *outside = rig_outside(*state);

    listen_at(&server, *state);
    outside->ops->close(outside, server.listening);
    assert_int_equal(open_to(&client, *state, server.port, 5 * SECOND), 0);
    client.stop_at_closed = true;
    rig_run(*state, 5 * SECOND);
    assert_int_equal(client.opened, 0);
    assert_int_equal(client.closed, 1);
    assert_int_equal(client.code, ERR_UNREACHABLE);
    assert_non_null(strstr(client.text, "refused"));
    assert_non_null(strstr(client.text, "start the server"));
}

static void a_connect_that_is_never_answered_times_out(void **state)
{
    struct side client;
    struct outside *outside = rig_outside(*state);
    uint16_t port = rig_silent_port(*state);
    uint64_t start_ns = outside->ops->now(outside);

    assert_int_equal(open_to(&client, *state, port, 150 * MS), 0);
    client.stop_at_closed = true;
    rig_run(*state, 5 * SECOND);
    assert_int_equal(client.closed, 1);
    assert_int_equal(client.code, ERR_TIMEOUT);
    assert_non_null(strstr(client.text, "connecting"));
    assert_true(outside->ops->now(outside) - start_ns >= 150 * MS);
}

static void a_connect_without_time_times_out_at_once(void **state)
{
    struct side client;
    uint16_t port = rig_silent_port(*state);

    assert_int_equal(open_to(&client, *state, port, 0), 0);
    client.stop_at_closed = true;
    rig_run(*state, SECOND);
    assert_int_equal(client.code, ERR_TIMEOUT);
}

static void what_was_queued_before_a_close_arrives_and_then_the_clean_end(void **state)
{
    struct side client, server;
    struct view bytes = make_bytes(1000000);

    connect_both(&client, &server, *state);
    client.stop_at_closed = true;
    assert_int_equal(write_to(&server, bytes), ERR_BUSY);
    close_side(&server);
    rig_run(*state, 5 * SECOND);
    assert_true(view_equal(strbuf_view(&client.bytes), bytes));
    assert_int_equal(client.closed, 1);
    assert_int_equal(client.code, 0);
    assert_int_equal(server.closed, 0);
    mem_free((void *)(uintptr_t)bytes.ptr);
    release(&client);
}

static void a_last_answer_survives_unread_bytes_of_the_peer(void **state)
{
    struct side client, server;
    struct view bytes = make_bytes(100000);
    static const struct view answer = VIEW("413, go away");

    connect_both(&client, &server, *state);
    client.stop_at_closed = true;
    assert_int_equal(write_to(&client, bytes), 0);
    assert_int_equal(write_to(&server, answer), 0);
    close_side(&server);
    rig_run(*state, 5 * SECOND);
    assert_true(view_equal(strbuf_view(&client.bytes), answer));
    assert_int_equal(client.code, 0);
    mem_free((void *)(uintptr_t)bytes.ptr);
    release(&client);
}

static void who_closed_hears_nothing_more_and_its_id_is_dead(void **state)
{
    struct side client, server;
    static const struct view word = VIEW("word");

    connect_both(&client, &server, *state);
    assert_int_equal(write_to(&server, word), 0);
    close_side(&client);
    close_side(&client);
    assert_int_equal(write_to(&client, word), ERR_CLOSED);
    pause_side(&client, true);
    server.stop_at_closed = true;
    rig_run(*state, 5 * SECOND);
    assert_int_equal(client.pieces + client.closed, 0);
    assert_int_equal(server.closed, 1);
    assert_int_equal(write_to(&server, word), ERR_CLOSED);
    struct side nobody;
    side_init(&nobody, *state);
    assert_int_equal(write_to(&nobody, word), ERR_CLOSED);
}

static void who_resets_hears_nothing_more_and_its_peer_hears_of_it(void **state)
{
    struct side client, server;
    static const struct view word = VIEW("word");

    connect_both(&client, &server, *state);
    client.stop_at_bytes = word.len;
    client.stop_at_closed = true;
    assert_int_equal(write_to(&server, word), 0);
    rig_run(*state, 5 * SECOND);
    reset_side(&server);
    reset_side(&server);
    assert_int_equal(write_to(&server, word), ERR_CLOSED);
    rig_run(*state, 5 * SECOND);
    assert_true(view_equal(strbuf_view(&client.bytes), word));
    assert_int_equal(client.closed, 1);
    assert_int_equal(client.code, ERR_CLOSED);
    assert_int_equal(server.closed, 0);
    release(&client);
}

static void a_paused_end_hears_nothing_until_it_resumes(void **state)
{
    struct side client, server;
    static const struct view word = VIEW("word");

    connect_both(&client, &server, *state);
    pause_side(&client, true);
    assert_int_equal(write_to(&server, word), 0);
    close_side(&server);
    rig_run(*state, 50 * MS);
    assert_int_equal(client.pieces + client.closed, 0);
    pause_side(&client, false);
    client.stop_at_closed = true;
    rig_run(*state, 5 * SECOND);
    assert_true(view_equal(strbuf_view(&client.bytes), word));
    assert_int_equal(client.code, 0);
    release(&client);
}

static void a_writer_hears_busy_then_writable_and_nothing_is_lost(void **state)
{
    struct side client, server;
    struct view bytes = make_bytes(100000);
    size_t written = 0;
    int code = 0;

    connect_both(&client, &server, *state);
    pause_side(&server, true);
    while (code == 0) {
        code = write_to(&client, bytes);
        written += bytes.len;
        if (code == 0)
            rig_run(*state, 2 * MS);
        assert_true(written < 64 * 1024 * 1024);
    }
    assert_int_equal(code, ERR_BUSY);
    rig_run(*state, 20 * MS);
    assert_int_equal(client.writable, 0);
    pause_side(&server, false);
    client.stop_at_writable = true;
    rig_run(*state, 5 * SECOND);
    assert_int_equal(client.writable, 1);
    server.stop_at_bytes = written;
    if (server.bytes.len < written)
        rig_run(*state, 5 * SECOND);
    assert_int_equal(server.bytes.len, written);
    for (size_t at = 0; at < written; at += bytes.len)
        assert_memory_equal(server.bytes.ptr + at, bytes.ptr, bytes.len);
    mem_free((void *)(uintptr_t)bytes.ptr);
    release(&server);
}

static void more_than_64_mib_in_the_queue_are_refused_whole(void **state)
{
    struct side client, server;
    struct view bytes = make_bytes(40 * 1024 * 1024);

    connect_both(&client, &server, *state);
    pause_side(&server, true);
    assert_int_equal(write_to(&client, bytes), ERR_BUSY);
    assert_int_equal(write_to(&client, bytes), ERR_LIMIT);
    rig_run(*state, 10 * MS);
    pause_side(&server, false);
    server.stop_at_bytes = bytes.len;
    rig_run(*state, 20 * SECOND);
    rig_run(*state, 10 * MS);
    assert_true(view_equal(strbuf_view(&server.bytes), bytes));
    mem_free((void *)(uintptr_t)bytes.ptr);
    release(&server);
}

static void what_is_written_before_opened_is_sent_after_it(void **state)
{
    struct side client, server;
    static const struct view word = VIEW("early");

    listen_at(&server, *state);
    assert_int_equal(open_to(&client, *state, server.port, 5 * SECOND), 0);
    assert_int_equal(write_to(&client, word), 0);
    server.stop_at_bytes = word.len;
    rig_run(*state, 5 * SECOND);
    assert_true(view_equal(strbuf_view(&server.bytes), word));
    assert_int_equal(client.opened, 1);
    release(&server);
}

static void closing_while_it_opens_says_nothing(void **state)
{
    struct side client, server;

    listen_at(&server, *state);
    assert_int_equal(open_to(&client, *state, server.port, 5 * SECOND), 0);
    close_side(&client);
    rig_run(*state, 50 * MS);
    assert_int_equal(client.opened + client.closed, 0);
}

static void closing_inside_the_accepted_event_is_fine(void **state)
{
    struct side client, server;

    listen_at(&server, *state);
    server.close_accepted = true;
    assert_int_equal(open_to(&client, *state, server.port, 5 * SECOND), 0);
    client.stop_at_closed = true;
    rig_run(*state, 5 * SECOND);
    assert_int_equal(client.opened, 1);
    assert_int_equal(client.code, 0);
}

static void a_port_that_is_taken_is_refused_with_the_remedy(void **state)
{
    struct side server;
    struct outside *outside = rig_outside(*state);
    struct id id;
    struct err err = {0};

    listen_at(&server, *state);
    struct outside_port port = {.host = LOCAL, .port = server.port};
    assert_int_equal(outside->ops->listen(outside, &port, on_event, &server, &id, NULL, &err),
                     ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, "already in use"));
    assert_non_null(strstr(err.text, "choose another port"));
}

static void taken_places_are_a_limit_and_come_back(void **state)
{
    struct rig *rig = *state;
    struct outside *outside = rig_outside(rig);
    struct side sides[5];
    uint16_t port = rig_silent_port(rig);

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(open_to(&sides[i], rig, port, 20 * MS), 0);
    assert_int_equal(open_to(&sides[4], rig, port, 20 * MS), ERR_LIMIT);
    outside->ops->close(outside, sides[0].connection);
    assert_int_equal(open_to(&sides[4], rig, port, 20 * MS), 0);
    rig_run(rig, 100 * MS);
    for (size_t i = 1; i < 5; i++)
        assert_int_equal(sides[i].code, ERR_TIMEOUT);
    assert_int_equal(open_to(&sides[0], rig, port, 20 * MS), 0);
}

struct alarm {
    struct rig *rig;
    uint64_t at_ns;
    unsigned fired;
    unsigned order;
};

static unsigned alarms_fired;

static void on_alarm(void *context, uint64_t now_ns)
{
    struct alarm *alarm = context;
    struct outside *outside = rig_outside(alarm->rig);

    assert_false(in_call);
    assert_true(now_ns >= alarm->at_ns);
    assert_true(outside->ops->now(outside) == now_ns);
    alarm->fired++;
    alarm->order = ++alarms_fired;
}

static void set_alarm(struct alarm *alarm, struct rig *rig, uint64_t at_ns)
{
    struct outside *outside = rig_outside(rig);

    alarm->rig = rig;
    alarm->at_ns = at_ns;
    in_call = true;
    assert_int_equal(outside->ops->wake_at(outside, at_ns, on_alarm, alarm), 0);
    in_call = false;
}

static void timers_fire_once_in_order_and_never_early(void **state)
{
    struct outside *outside = rig_outside(*state);
    struct alarm alarms[6] = {{0}};
    uint64_t now_ns = outside->ops->now(outside);

    alarms_fired = 0;
    set_alarm(&alarms[0], *state, now_ns + 30 * MS + 7);
    set_alarm(&alarms[1], *state, now_ns + 10 * MS);
    set_alarm(&alarms[2], *state, now_ns + 10 * MS);
    set_alarm(&alarms[3], *state, now_ns + 20 * MS);
    set_alarm(&alarms[3], *state, UINT64_MAX);
    set_alarm(&alarms[4], *state, now_ns + 5 * MS);
    set_alarm(&alarms[4], *state, now_ns + 25 * MS);
    set_alarm(&alarms[5], *state, 0);
    rig_run(*state, 60 * MS);
    assert_int_equal(alarms[5].order, 1);
    assert_int_equal(alarms[1].order, 2);
    assert_int_equal(alarms[2].order, 3);
    assert_int_equal(alarms[4].order, 4);
    assert_int_equal(alarms[0].order, 5);
    assert_int_equal(alarms[3].fired, 0);
    assert_int_equal(alarms_fired, 5);
}

static void the_date_is_a_date(void **state)
{
    struct outside *outside = rig_outside(*state);

    assert_true(outside->ops->unix_s(outside) > 1700000000);
}

static int set_up_sockets(void **state)
{
    *state = rig_new(RIG_SOCKETS, 0);
    return 0;
}

static int set_up_world(void **state)
{
    *state = rig_new(RIG_WORLD, 0);
    return 0;
}

static int set_up_four_sockets(void **state)
{
    *state = rig_new(RIG_SOCKETS, 4);
    return 0;
}

static int set_up_four_places(void **state)
{
    *state = rig_new(RIG_WORLD, 4);
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

#define OVER_BOTH(test) \
    {#test " (sockets)", test, set_up_sockets, tear_down, NULL}, \
    { \
#test " (world)", test, set_up_world, tear_down, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(what_is_written_on_one_end_arrives_on_the_other_in_order),
        OVER_BOTH(a_port_where_nobody_listens_refuses_and_says_so),
        OVER_BOTH(a_connect_that_is_never_answered_times_out),
        OVER_BOTH(a_connect_without_time_times_out_at_once),
        OVER_BOTH(what_was_queued_before_a_close_arrives_and_then_the_clean_end),
        OVER_BOTH(a_last_answer_survives_unread_bytes_of_the_peer),
        OVER_BOTH(who_closed_hears_nothing_more_and_its_id_is_dead),
        OVER_BOTH(who_resets_hears_nothing_more_and_its_peer_hears_of_it),
        OVER_BOTH(a_paused_end_hears_nothing_until_it_resumes),
        OVER_BOTH(a_writer_hears_busy_then_writable_and_nothing_is_lost),
        OVER_BOTH(more_than_64_mib_in_the_queue_are_refused_whole),
        OVER_BOTH(what_is_written_before_opened_is_sent_after_it),
        OVER_BOTH(closing_while_it_opens_says_nothing),
        OVER_BOTH(closing_inside_the_accepted_event_is_fine),
        OVER_BOTH(a_port_that_is_taken_is_refused_with_the_remedy),
        OVER_BOTH(timers_fire_once_in_order_and_never_early),
        OVER_BOTH(the_date_is_a_date),
        {"taken_places_are_a_limit_and_come_back (sockets)", taken_places_are_a_limit_and_come_back,
         set_up_four_sockets, tear_down, NULL},
        {"taken_places_are_a_limit_and_come_back (world)", taken_places_are_a_limit_and_come_back,
         set_up_four_places, tear_down, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
