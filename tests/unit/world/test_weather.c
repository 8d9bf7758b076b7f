/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies between two ends of the simulated network: loss, partitions, peers that vanish, readers
 * that are slow, names with several addresses; and that each costs exactly what it should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "world/world.h"

enum { PORT = 80 };

static const uint64_t MS = 1000000;
static const uint64_t SECOND = 1000000000;
static const struct view HERE = VIEW("10.0.0.1");
static const struct view THERE = VIEW("10.0.0.2");

/* One side: what it heard last. */
struct side {
    struct world *world;
    struct id connection;
    bool open;
    bool closed;
    int code;
    uint64_t at_ns; /* of the last event */
    size_t bytes;
    uint32_t writable;
};

/* A client, and a server that only listens. */
struct pair {
    struct world *world;
    struct outside *outside;
    struct side client;
    struct side server;
};

static void on_event(void *context, const struct outside_event *event)
{
    struct side *side = context;

    side->at_ns = world_now(side->world);
    side->open = side->open || event->kind == OUTSIDE_OPENED || event->kind == OUTSIDE_ACCEPTED;
    if (event->kind == OUTSIDE_ACCEPTED)
        side->connection = event->connection;
    side->bytes += event->bytes.len;
    side->writable += event->kind == OUTSIDE_WRITABLE ? 1 : 0;
    if (event->kind == OUTSIDE_CLOSED) {
        side->closed = true;
        side->code = event->code;
    }
}

static void begin(struct pair *pair, const struct world_link *link)
{
    struct err err;
    struct id listening;
    struct outside_port port = {.host = VIEW("0.0.0.0"), .port = PORT};

    *pair = (struct pair){0};
    assert_int_equal(world_new(&(struct world_options){.seed = 5}, &pair->world), 0);
    assert_int_equal(world_set_link(pair->world, (struct view){0}, 0, link), 0);
    pair->outside = world_outside(pair->world);
    pair->client.world = pair->world;
    pair->server.world = pair->world;
    assert_int_equal(pair->outside->ops->listen(pair->outside, &port, on_event, &pair->server,
                                                &listening, NULL, &err),
                     0);
}

static void open_to(struct pair *pair, struct view host)
{
    struct outside_endpoint endpoint = {.host = host, .port = PORT, .connect_in_ns = 20 * SECOND};

    assert_int_equal(pair->outside->ops->open(pair->outside, &endpoint, on_event, &pair->client,
                                              &pair->client.connection),
                     0);
}

static int send_bytes(struct pair *pair, const struct side *side, size_t len)
{
    struct strbuf bytes;

    strbuf_init(&bytes, 1 << 24);
    strbuf_add_repeated(&bytes, 'x', len);
    int code = pair->outside->ops->write(pair->outside, side->connection, strbuf_view(&bytes));
    strbuf_release(&bytes);
    return code;
}

static void run_for(struct pair *pair, uint64_t ns)
{
    assert_int_equal(world_run(pair->world, world_now(pair->world) + ns), 0);
}

static void cut_off(struct pair *pair, struct view host, uint64_t from_ns, uint64_t for_ns)
{
    uint64_t begin_ns = world_now(pair->world) + from_ns;

    assert_int_equal(world_partition(pair->world, host, 0, begin_ns, begin_ns + for_ns), 0);
}

static void what_is_lost_comes_later_and_in_order(void **state)
{
    (void)state;
    static const struct world_link link = {
        .latency_ns = 10000000, .loss_micro = 300000, .piece_bytes = 10, .give_up_ns = 1u << 31};
    struct pair pair;

    begin(&pair, &link);
    open_to(&pair, HERE);
    run_for(&pair, 15 * SECOND);
    assert_true(pair.client.open && pair.server.open);
    assert_int_equal(send_bytes(&pair, &pair.client, 200), 0);
    run_for(&pair, 100 * SECOND);
    assert_int_equal(pair.server.bytes, 200);
    assert_true(world_counts(pair.world).lost > 3);
    assert_false(pair.client.closed);
    world_free(pair.world);
}

static void a_partition_holds_bytes_up_and_lets_them_through_when_it_ends(void **state)
{
    (void)state;
    static const struct world_link link = {.latency_ns = 10000000};
    struct pair pair;

    begin(&pair, &link);
    open_to(&pair, HERE);
    run_for(&pair, SECOND);
    cut_off(&pair, HERE, 0, 3 * SECOND);
    uint64_t sent_ns = world_now(pair.world);
    assert_int_equal(send_bytes(&pair, &pair.client, 5), 0);
    run_for(&pair, 100 * SECOND);
    assert_int_equal(pair.server.bytes, 5);
    /* Sent again after 0.2, 0.6, 1.4 and 3 s. */
    assert_true(pair.server.at_ns == sent_ns + 3000 * MS + 10 * MS);
    assert_int_equal(world_counts(pair.world).cut_off, 4);
    world_free(pair.world);
}

static void
a_sender_who_is_not_heard_gives_up_and_its_peer_knows_nothing_until_it_sends(void **state)
{
    (void)state;
    static const struct world_link link = {.latency_ns = 10000000, .give_up_ns = 5000000000};
    struct pair pair;

    begin(&pair, &link);
    open_to(&pair, HERE);
    run_for(&pair, SECOND);
    cut_off(&pair, HERE, 0, 60 * SECOND);
    uint64_t sent_ns = world_now(pair.world);
    assert_int_equal(send_bytes(&pair, &pair.client, 5), 0);
    run_for(&pair, 59 * SECOND);
    assert_true(pair.client.closed && pair.client.code == ERR_TIMEOUT);
    assert_true(pair.client.at_ns == sent_ns + 5 * SECOND);
    assert_false(pair.server.closed);
    run_for(&pair, 60 * SECOND);
    assert_false(pair.server.closed); /* half open */
    assert_int_equal(send_bytes(&pair, &pair.server, 5), 0);
    run_for(&pair, SECOND);
    assert_true(pair.server.closed && pair.server.code == ERR_CLOSED);
    assert_int_equal(world_counts(pair.world).found_dead, 1);
    world_free(pair.world);
}

static void a_reset_in_a_partition_is_lost(void **state)
{
    (void)state;
    static const struct world_link link = {.latency_ns = 10000000};
    struct pair pair;

    begin(&pair, &link);
    open_to(&pair, HERE);
    run_for(&pair, SECOND);
    cut_off(&pair, HERE, 0, SECOND);
    pair.outside->ops->reset(pair.outside, pair.client.connection);
    run_for(&pair, 100 * SECOND);
    assert_false(pair.server.closed);
    world_free(pair.world);
}

static void a_goodbye_in_a_partition_arrives_after_it(void **state)
{
    (void)state;
    static const struct world_link link = {.latency_ns = 10000000};
    struct pair pair;

    begin(&pair, &link);
    open_to(&pair, HERE);
    run_for(&pair, SECOND);
    cut_off(&pair, HERE, 0, SECOND);
    pair.outside->ops->close(pair.outside, pair.client.connection);
    run_for(&pair, 100 * SECOND);
    assert_true(pair.server.closed && pair.server.code == 0);
    world_free(pair.world);
}

static void a_peer_that_vanishes_says_nothing_and_hears_nothing(void **state)
{
    (void)state;
    static const struct world_link link = {
        .latency_ns = 1000000, .vanish_micro = 1000000, .fault_bytes = 1};
    struct pair pair;

    begin(&pair, &link);
    open_to(&pair, HERE);
    run_for(&pair, SECOND);
    assert_int_equal(send_bytes(&pair, &pair.server, 100), 0);
    run_for(&pair, SECOND);
    assert_true(pair.client.bytes <= 1);
    assert_int_equal(world_counts(pair.world).vanished, 1);
    run_for(&pair, 1000 * SECOND);
    assert_false(pair.client.closed); /* it did not send, so it cannot know */
    assert_true(pair.server.closed && pair.server.code == ERR_TIMEOUT);
    assert_int_equal(send_bytes(&pair, &pair.client, 100), 0);
    run_for(&pair, 100 * SECOND);
    assert_true(pair.client.closed && pair.client.code == ERR_TIMEOUT);
    world_free(pair.world);
}

static void a_slow_reader_holds_its_writer_up(void **state)
{
    (void)state;
    static const struct world_link link = {.latency_ns = 1000000,
                                           .slow_micro = 1000000,
                                           .slow_ns = 1000000000,
                                           .slow_window_bytes = 10000};
    struct pair pair;

    begin(&pair, &link);
    open_to(&pair, HERE);
    run_for(&pair, SECOND);
    assert_int_equal(send_bytes(&pair, &pair.client, 400000), ERR_BUSY);
    run_for(&pair, 10 * SECOND + MS);
    /* 10,000 bytes a round of 1.001 s. */
    assert_in_range(pair.server.bytes, 90000, 110000);
    assert_int_equal(pair.client.writable, 0);
    run_for(&pair, 40 * SECOND);
    assert_int_equal(pair.server.bytes, 400000);
    assert_int_equal(pair.client.writable, 1);
    world_free(pair.world);
}

static void a_name_leads_to_its_first_address_that_is_reached(void **state)
{
    (void)state;
    static const struct world_link link = {.latency_ns = 10000000};
    const struct view addresses[] = {HERE, THERE};
    const struct world_name name = {
        .addresses = addresses, .address_count = 2, .lookup_ns = 5 * MS, .stagger_ns = 100 * MS};
    struct pair pair;

    for (int cut = 0; cut < 2; cut++) {
        begin(&pair, &link);
        assert_int_equal(world_set_name(pair.world, view_of("models.test"), &name), 0);
        if (cut == 1)
            cut_off(&pair, HERE, 0, 15 * SECOND);
        uint64_t began_ns = world_now(pair.world);
        open_to(&pair, view_of("models.test"));
        run_for(&pair, 19 * SECOND);
        assert_true(pair.client.open);
        assert_true(pair.client.at_ns == began_ns + (cut == 1 ? 125 : 25) * MS);
        assert_int_equal(world_counts(pair.world).other_address, cut);
        assert_int_equal(world_counts(pair.world).opened, 1);
        world_free(pair.world);
    }
}

static void a_name_that_is_not_found_fails_the_open_for_as_long(void **state)
{
    (void)state;
    static const struct world_link link = {.latency_ns = 10000000};
    struct pair pair;

    begin(&pair, &link);
    struct world_name name = {.addresses = &HERE,
                              .address_count = 1,
                              .lookup_ns = 5 * MS,
                              .fails_from_ns = 0,
                              .fails_until_ns = world_now(pair.world) + SECOND};
    assert_int_equal(world_set_name(pair.world, view_of("models.test"), &name), 0);
    open_to(&pair, view_of("models.test"));
    run_for(&pair, SECOND);
    assert_true(pair.client.closed && pair.client.code == ERR_UNREACHABLE);
    assert_int_equal(world_counts(pair.world).lookups_failed, 1);
    pair.client = (struct side){.world = pair.world};
    open_to(&pair, view_of("models.test"));
    run_for(&pair, SECOND);
    assert_true(pair.client.open);
    world_free(pair.world);
}

static void a_name_may_have_so_many_addresses_and_no_more(void **state)
{
    (void)state;
    static const struct world_link link = {0};
    struct view addresses[WORLD_ADDRESSES_MAX + 1] = {HERE, HERE, HERE, HERE, HERE};
    struct world_name name = {.addresses = addresses, .address_count = WORLD_ADDRESSES_MAX + 1};
    struct pair pair;

    begin(&pair, &link);
    assert_int_equal(world_set_name(pair.world, view_of("x"), &name), ERR_LIMIT);
    world_free(pair.world);
}

static void count_one(void *context, uint64_t now_ns)
{
    (void)now_ns;
    ++*(uint64_t *)context;
}

static void the_watcher_sees_every_event(void **state)
{
    (void)state;
    static const struct world_link link = {.latency_ns = 10000000};
    struct pair pair;
    uint64_t seen = 0;

    begin(&pair, &link);
    world_watch(pair.world, count_one, &seen);
    open_to(&pair, HERE);
    run_for(&pair, SECOND);
    assert_true(seen > 1);
    assert_true(seen == world_counts(pair.world).events);
    world_free(pair.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_lost_comes_later_and_in_order),
        cmocka_unit_test(a_partition_holds_bytes_up_and_lets_them_through_when_it_ends),
        cmocka_unit_test(
            a_sender_who_is_not_heard_gives_up_and_its_peer_knows_nothing_until_it_sends),
        cmocka_unit_test(a_reset_in_a_partition_is_lost),
        cmocka_unit_test(a_goodbye_in_a_partition_arrives_after_it),
        cmocka_unit_test(a_peer_that_vanishes_says_nothing_and_hears_nothing),
        cmocka_unit_test(a_slow_reader_holds_its_writer_up),
        cmocka_unit_test(a_name_leads_to_its_first_address_that_is_reached),
        cmocka_unit_test(a_name_that_is_not_found_fails_the_open_for_as_long),
        cmocka_unit_test(a_name_may_have_so_many_addresses_and_no_more),
        cmocka_unit_test(the_watcher_sees_every_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
