/* SPDX-License-Identifier: Apache-2.0
 *
 * Names with several addresses, some of which do not answer (RFC 8305), by a resolver of the test;
 * and what every connection's socket is set to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net_rig.h"
#include "shell/os/clock.h"

enum { PLACES = 40, FILLERS = 4 };

struct place {
    bool version_six;
    uint16_t port; /* of loopback: what the resolver says counts, not what was asked */
};

struct fixture {
    struct net_rig rig;
    struct net_side server;
    struct net_side client;
    struct place places[PLACES];
    size_t count;
    int status;
    unsigned asked;
    uint16_t refusing;
    uint16_t silent;
    int refusing_descriptor;
    int silent_descriptor;
    int fillers[FILLERS];
};

static int resolve(void *context, const char *host, uint16_t port,
                   struct sockaddr_storage *ret_addresses, size_t max, size_t *ret_count)
{
    struct fixture *fixture = context;

    assert_string_equal(host, "several.test");
    assert_int_equal(port, 443);
    assert_true(fixture->count <= max);
    fixture->asked++;
    for (size_t i = 0; i < fixture->count; i++) {
        const struct place *place = &fixture->places[i];
        if (place->version_six) {
            struct sockaddr_in6 *address = (void *)&ret_addresses[i];
            *address = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                             .sin6_port = htons(place->port),
                                             .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        } else {
            struct sockaddr_in *address = (void *)&ret_addresses[i];
            *address = (struct sockaddr_in){.sin_family = AF_INET,
                                            .sin_port = htons(place->port),
                                            .sin_addr.s_addr = htonl(0x7f000001)};
        }
    }
    *ret_count = fixture->count;
    return fixture->status;
}

static int bind_local(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t len = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return descriptor;
}

/* A port whose queue of connections is full: Linux drops the SYN. */
static void make_silent(struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};

    fixture->silent_descriptor = bind_local(&fixture->silent);
    assert_int_equal(listen(fixture->silent_descriptor, 0), 0);
    address.sin_port = htons(fixture->silent);
    for (size_t i = 0; i < FILLERS; i++) {
        fixture->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(fixture->fillers[i], (struct sockaddr *)&address, sizeof address);
    }
}

static int set_up(void **state)
{
    struct fixture *fixture = mem_new(1, sizeof *fixture);
    struct net_options options = {.lookup = resolve, .lookup_context = fixture};
    struct outside_port port = {.host = VIEW("127.0.0.1")};

    assert_non_null(fixture);
    net_rig_init(&fixture->rig, &options);
    net_side_init(&fixture->server, &fixture->rig);
    net_side_init(&fixture->client, &fixture->rig);
    net_side_listen(&fixture->server, &port);
    fixture->refusing_descriptor = bind_local(&fixture->refusing);
    make_silent(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    net_rig_release(&fixture->rig);
    net_side_release(&fixture->server);
    net_side_release(&fixture->client);
    close(fixture->refusing_descriptor);
    close(fixture->silent_descriptor);
    for (size_t i = 0; i < FILLERS; i++)
        close(fixture->fillers[i]);
    mem_free(fixture);
    return 0;
}

static void add_place(struct fixture *fixture, bool version_six, uint16_t port)
{
    fixture->places[fixture->count++] = (struct place){version_six, port};
}

static void open_several(struct net_side *side, uint64_t connect_in_ns)
{
    struct outside_endpoint endpoint = {
        .host = VIEW("several.test"), .port = 443, .connect_in_ns = connect_in_ns};

    net_side_open(side, &endpoint);
}

/* Opens and waits for OPENED; the time it took. */
static uint64_t time_to_open(struct fixture *fixture)
{
    uint64_t start_ns = clock_now_ns();
    unsigned opened = fixture->client.opened;

    open_several(&fixture->client, 20000 * MS);
    net_rig_await(&fixture->rig, &fixture->client.opened, opened + 1);
    net_side_close(&fixture->client);
    return clock_now_ns() - start_ns;
}

static void an_address_that_refuses_is_followed_by_the_next_at_once(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 6; i++)
        add_place(fixture, false, fixture->refusing);
    add_place(fixture, false, fixture->server.port);
    assert_true(time_to_open(fixture) < 1250 * MS); /* 1,500 ms, were each given its time */
}

static void an_address_that_stays_silent_is_overtaken_after_250_ms(void **state)
{
    struct fixture *fixture = *state;

    add_place(fixture, false, fixture->silent);
    add_place(fixture, false, fixture->server.port);
    uint64_t took_ns = time_to_open(fixture);
    assert_true(took_ns >= 250 * MS && took_ns < 2000 * MS);
}

static void an_address_that_failed_lately_comes_last_the_next_time(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 4; i++)
        add_place(fixture, false, fixture->silent);
    add_place(fixture, false, fixture->server.port);
    assert_true(time_to_open(fixture) >= 1000 * MS);
    assert_true(time_to_open(fixture) < 900 * MS);
    assert_int_equal(fixture->asked, 2); /* the name is looked up for every connection */
}

static void an_address_that_works_again_is_no_longer_last(void **state)
{
    struct fixture *fixture = *state;
    struct net_side second;
    struct outside_port port = {.host = VIEW("127.0.0.1"), .port = fixture->refusing};

    net_side_init(&second, &fixture->rig);
    add_place(fixture, false, fixture->refusing);
    add_place(fixture, false, fixture->server.port);
    (void)time_to_open(fixture);
    close(fixture->refusing_descriptor);
    net_side_listen(&second, &port);
    fixture->count = 1; /* it alone: tried, and found well */
    (void)time_to_open(fixture);
    fixture->count = 2;
    (void)time_to_open(fixture);
    net_rig_await(&fixture->rig, &second.accepted, 2);
    fixture->refusing_descriptor = dup(fixture->silent_descriptor);
    net_side_release(&second);
}

static void families_are_tried_in_turn(void **state)
{
    struct fixture *fixture = *state;
    struct net_side six;
    struct outside_port port = {.host = VIEW("::1")};
    struct err err;

    net_side_init(&six, &fixture->rig);
    /* Six silent ones of the resolver's favourite family first: the other family is the second to
     * be tried, so one stagger is enough. */
    for (int i = 0; i < 6; i++)
        add_place(fixture, false, fixture->silent);
    if (fixture->rig.outside->ops->listen(fixture->rig.outside, &port, NULL, NULL, &six.listening,
                                          &six.port, &err)
        != 0) {
        print_message("%s: not tried\n", err.text);
        skip();
    }
    fixture->rig.outside->ops->close(fixture->rig.outside, six.listening);
    net_side_listen(&six, &port);
    add_place(fixture, true, six.port);
    uint64_t took_ns = time_to_open(fixture);
    assert_true(took_ns >= 250 * MS && took_ns < 1250 * MS);
    net_side_release(&six);
}

static void all_that_ask_at_the_same_time_share_a_lookup(void **state)
{
    struct fixture *fixture = *state;
    struct net_side sides[5];

    add_place(fixture, false, fixture->server.port);
    for (size_t i = 0; i < 5; i++) {
        net_side_init(&sides[i], &fixture->rig);
        open_several(&sides[i], 20000 * MS);
    }
    for (size_t i = 0; i < 5; i++)
        net_rig_await(&fixture->rig, &sides[i].opened, 1);
    assert_int_equal(fixture->asked, 1);
    for (size_t i = 0; i < 5; i++)
        net_side_release(&sides[i]);
}

static void a_name_that_moved_is_found_at_its_new_place(void **state)
{
    struct fixture *fixture = *state;

    add_place(fixture, false, fixture->server.port);
    (void)time_to_open(fixture);
    struct net_side moved;
    struct outside_port port = {.host = VIEW("127.0.0.1")};
    net_side_init(&moved, &fixture->rig);
    net_side_listen(&moved, &port);
    fixture->places[0].port = moved.port;
    (void)time_to_open(fixture);
    net_rig_await(&fixture->rig, &moved.accepted, 1);
    net_side_release(&moved);
}

static void when_none_answers_the_error_names_the_host_the_first_reason_and_how_many(void **state)
{
    struct fixture *fixture = *state;

    add_place(fixture, false, fixture->refusing);
    add_place(fixture, false, fixture->refusing);
    open_several(&fixture->client, 20000 * MS);
    net_rig_await(&fixture->rig, &fixture->client.closed, 1);
    assert_int_equal(fixture->client.code, ERR_UNREACHABLE);
    assert_non_null(strstr(fixture->client.text, "several.test:443: the connection was refused"));
    assert_non_null(strstr(fixture->client.text, "(2 addresses tried)"));
    assert_int_equal(net_counts(fixture->rig.net).open_failed, 1);
    fixture->count = 0;
    add_place(fixture, false, fixture->silent);
    open_several(&fixture->client, 60 * MS);
    net_rig_await(&fixture->rig, &fixture->client.closed, 2);
    assert_int_equal(fixture->client.code, ERR_TIMEOUT);
    assert_non_null(strstr(fixture->client.text, "several.test:443: connecting took longer"));
}

static void each_way_a_lookup_can_fail_says_what_helps(void **state)
{
    static const struct {
        int status;
        const char *says;
    } rows[] = {
        {UV_EAI_NONAME, "no such host; check the name"},
        {UV_EAI_NODATA, "the host has no address"},
        {UV_EAI_AGAIN, "the name server does not answer; check this machine's network and DNS"},
        {UV_EAI_FAIL, "the name server failed"},
        {0, "the host has no address"},
    };
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture->status = rows[i].status;
        open_several(&fixture->client, 20000 * MS);
        net_rig_await(&fixture->rig, &fixture->client.closed, i + 1);
        assert_int_equal(fixture->client.code, ERR_UNREACHABLE);
        if (strstr(fixture->client.text, rows[i].says) == NULL
            || strstr(fixture->client.text, "several.test:443: ") != fixture->client.text)
            fail_msg("'%s' lacks '%s'", fixture->client.text, rows[i].says);
    }
}

static void more_addresses_than_are_tried_still_show_both_families(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 30; i++)
        add_place(fixture, true, fixture->refusing);
    add_place(fixture, false, fixture->server.port);
    (void)time_to_open(fixture);
}

static void a_lookup_under_way_ends_with_the_net(void **state)
{
    struct fixture *fixture = *state;

    add_place(fixture, false, fixture->server.port);
    open_several(&fixture->client, 20000 * MS);
    assert_int_equal(fixture->asked, 1);
}

/* Sockets of this process whose peer, or own end, is that port. */
static unsigned check_sockets(uint16_t port)
{
    unsigned found = 0;

    for (int descriptor = 3; descriptor < 200; descriptor++) {
        struct sockaddr_in ends[2] = {{0}};
        socklen_t len = sizeof ends[0];
        int values[5] = {0};
        static const int levels[5] = {SOL_SOCKET, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP,
                                      IPPROTO_TCP};
        static const int names[5] = {SO_KEEPALIVE, TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL,
                                     TCP_KEEPCNT};
        if (getpeername(descriptor, (struct sockaddr *)&ends[0], &len) != 0
            || getsockname(descriptor, (struct sockaddr *)&ends[1], &len) != 0
            || (ends[0].sin_port != htons(port) && ends[1].sin_port != htons(port)))
            continue;
        found++;
        for (size_t i = 0; i < 5; i++) {
            len = sizeof values[i];
            assert_int_equal(getsockopt(descriptor, levels[i], names[i], &values[i], &len), 0);
        }
        assert_int_equal(values[0], 1);
        assert_int_equal(values[1], 1);
        assert_int_equal(values[2], 60);
        assert_int_equal(values[3], 10);
        assert_int_equal(values[4], 3);
    }
    return found;
}

static void dead_peers_are_looked_for_and_small_writes_leave_at_once_on_both_ends(void **state)
{
    struct fixture *fixture = *state;

    add_place(fixture, false, fixture->server.port);
    open_several(&fixture->client, 20000 * MS);
    net_rig_await(&fixture->rig, &fixture->server.accepted, 1);
    net_rig_await(&fixture->rig, &fixture->client.opened, 1);
    assert_int_equal(check_sockets(fixture->server.port), 2);
}

int main(void)
{
#define WITH_NET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_NET(an_address_that_refuses_is_followed_by_the_next_at_once),
        WITH_NET(an_address_that_stays_silent_is_overtaken_after_250_ms),
        WITH_NET(an_address_that_failed_lately_comes_last_the_next_time),
        WITH_NET(an_address_that_works_again_is_no_longer_last),
        WITH_NET(families_are_tried_in_turn),
        WITH_NET(all_that_ask_at_the_same_time_share_a_lookup),
        WITH_NET(a_name_that_moved_is_found_at_its_new_place),
        WITH_NET(when_none_answers_the_error_names_the_host_the_first_reason_and_how_many),
        WITH_NET(each_way_a_lookup_can_fail_says_what_helps),
        WITH_NET(more_addresses_than_are_tried_still_show_both_families),
        WITH_NET(a_lookup_under_way_ends_with_the_net),
        WITH_NET(dead_peers_are_looked_for_and_small_writes_leave_at_once_on_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
