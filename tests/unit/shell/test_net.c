/* SPDX-License-Identifier: Apache-2.0
 *
 * What only real sockets can go through: raw peers that half-close, reset or never read, and a
 * process that runs out of descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"
#include "shell/os/clock.h"

static const uint64_t MS = 1000000;
static const struct view LOCAL = VIEW("127.0.0.1");

struct fixture {
    struct loop *loop;
    struct net *net;
    struct outside *outside;
    struct id listening;
    struct id last; /* the connection of the last event */
    uint16_t port;
    unsigned accepted, opened, closed, answered;
    uint64_t answered_ns;
    size_t bytes;
    int code;
    char text[ERR_TEXT_MAX];
    size_t write_on_bytes; /* how much to write when bytes come, in one go */
    int write_code;
    bool close_on_bytes;
};

static void on_event(void *context, const struct outside_event *event)
{
    struct fixture *fixture = context;
    struct outside *outside = fixture->outside;

    fixture->last = event->connection;
    if (event->kind == OUTSIDE_ACCEPTED)
        fixture->accepted++;
    if (event->kind == OUTSIDE_OPENED)
        fixture->opened++;
    if (event->kind == OUTSIDE_BYTES) {
        fixture->bytes += event->bytes.len;
        char *answer = mem_new(fixture->write_on_bytes + 1, 1);
        assert_non_null(answer);
        fixture->write_code = outside->ops->write(outside, event->connection,
                                                  view_make(answer, fixture->write_on_bytes));
        mem_free(answer);
        fixture->answered++;
        fixture->answered_ns = clock_now_ns();
        if (fixture->close_on_bytes)
            outside->ops->close(outside, event->connection);
    }
    if (event->kind == OUTSIDE_CLOSED) {
        fixture->closed++;
        fixture->code = event->code;
        snprintf(fixture->text, sizeof fixture->text, "%s", event->text);
    }
}

static int set_up(void **state)
{
    struct net_options options = {.connections_max = 4};
    struct fixture *fixture = mem_new(1, sizeof *fixture);
    struct err err;

    assert_non_null(fixture);
    assert_int_equal(loop_new(&fixture->loop, &err), 0);
    assert_int_equal(net_new(fixture->loop, &options, &fixture->net, &err), 0);
    fixture->outside = net_outside(fixture->net);
    struct outside_port port = {.host = LOCAL};
    assert_int_equal(fixture->outside->ops->listen(fixture->outside, &port, on_event, fixture,
                                                   &fixture->listening, &fixture->port, &err),
                     0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    net_free(fixture->net);
    loop_free(fixture->loop);
    mem_free(fixture);
    return 0;
}

static void on_time(void *context, uint64_t now_ns)
{
    (void)now_ns;
    loop_stop(context);
}

static void run(struct fixture *fixture, uint64_t for_ns)
{
    uint64_t until_ns = clock_now_ns() + for_ns;

    assert_int_equal(loop_wake_at(fixture->loop, until_ns, on_time, fixture->loop), 0);
    loop_run(fixture->loop);
}

/* Lets time pass until the count is reached, ten seconds at most: machines may be busy. */
static void await_count(struct fixture *fixture, const unsigned *count, unsigned wanted)
{
    for (int i = 0; i < 2000 && *count < wanted; i++)
        run(fixture, 5 * MS);
    assert_int_equal(*count, wanted);
}

static void await_taken(struct fixture *fixture, uint32_t wanted)
{
    for (int i = 0; i < 2000 && net_taken(fixture->net) != wanted; i++)
        run(fixture, 5 * MS);
    assert_int_equal(net_taken(fixture->net), wanted);
}

static int raw_connect(const struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(fixture->port),
                                  .sin_addr.s_addr = htonl(0x7f000001)};
    int raw = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(raw >= 0);
    assert_int_equal(connect(raw, (struct sockaddr *)&address, sizeof address), 0);
    return raw;
}

/* Reads what is there now; stops at the end or where it would wait. */
static size_t raw_read(int raw, bool *ret_ended)
{
    static char bytes[65536];
    size_t sum = 0;
    ssize_t got;

    *ret_ended = false;
    while ((got = recv(raw, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        sum += (size_t)got;
    *ret_ended = got == 0;
    return sum;
}

static void a_peer_that_only_stops_sending_still_gets_its_answer(void **state)
{
    struct fixture *fixture = *state;
    size_t sum = 0;
    bool ended = false;
    int raw = raw_connect(fixture);

    fixture->write_on_bytes = 3000000;
    assert_int_equal(send(raw, "?", 1, 0), 1);
    assert_int_equal(shutdown(raw, SHUT_WR), 0);
    for (int i = 0; i < 2000 && !ended; i++) {
        run(fixture, 5 * MS);
        sum += raw_read(raw, &ended);
    }
    assert_int_equal(sum, 3000000);
    assert_true(ended);
    assert_int_equal(fixture->closed, 1);
    assert_int_equal(fixture->code, 0);
    close(raw);
    await_taken(fixture, 1);
}

static void a_reset_is_told_as_a_broken_connection(void **state)
{
    struct fixture *fixture = *state;
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    int raw = raw_connect(fixture);

    await_count(fixture, &fixture->accepted, 1);
    assert_int_equal(setsockopt(raw, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(raw);
    await_count(fixture, &fixture->closed, 1);
    assert_int_equal(fixture->code, ERR_CLOSED);
    assert_non_null(strstr(fixture->text, "connection broke"));
}

static void writing_to_who_is_gone_ends_as_broken_and_not_as_a_signal(void **state)
{
    struct fixture *fixture = *state;
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    static char bytes[1000000];
    int raw = raw_connect(fixture);

    await_count(fixture, &fixture->accepted, 1);
    assert_int_equal(setsockopt(raw, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(raw);
    assert_int_equal(fixture->outside->ops->write(fixture->outside, fixture->last,
                                                  view_make(bytes, sizeof bytes)),
                     ERR_BUSY);
    await_count(fixture, &fixture->closed, 1);
    assert_int_equal(fixture->code, ERR_CLOSED);
}

static void a_close_waits_a_second_for_who_does_not_read_and_no_longer(void **state)
{
    struct fixture *fixture = *state;
    int raw = raw_connect(fixture);

    fixture->write_on_bytes = 40000000;
    fixture->close_on_bytes = true;
    assert_int_equal(send(raw, "?", 1, 0), 1);
    await_count(fixture, &fixture->answered, 1);
    assert_int_equal(fixture->write_code, ERR_BUSY);
    await_taken(fixture, 1);
    assert_true(clock_now_ns() - fixture->answered_ns >= 900 * MS);
    assert_int_equal(fixture->closed, 0);
    close(raw);
}

static void who_finds_all_places_taken_is_let_in_when_one_is_free(void **state)
{
    struct fixture *fixture = *state;
    int raws[5];

    for (size_t i = 0; i < 5; i++)
        raws[i] = raw_connect(fixture);
    await_count(fixture, &fixture->accepted, 3);
    run(fixture, 30 * MS);
    assert_int_equal(fixture->accepted, 3);
    close(raws[0]);
    await_count(fixture, &fixture->accepted, 4);
    close(raws[1]);
    close(raws[2]);
    await_count(fixture, &fixture->accepted, 5);
    close(raws[3]);
    close(raws[4]);
}

static void out_of_descriptors_is_said_with_the_remedy(void **state)
{
    struct fixture *fixture = *state;
    struct outside_endpoint endpoint = {
        .host = LOCAL, .port = fixture->port, .connect_in_ns = 1000 * MS};
    struct rlimit before, small;
    struct id id;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(next);
    small = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    run(fixture, MS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    int code = fixture->outside->ops->open(fixture->outside, &endpoint, on_event, fixture, &id);
    run(fixture, 20 * MS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(code, 0);
    assert_int_equal(fixture->closed, 1);
    assert_int_equal(fixture->code, ERR_UNREACHABLE);
    assert_non_null(strstr(fixture->text, "too many open files"));
    assert_non_null(strstr(fixture->text, "ulimit -n"));
}

static void an_address_that_is_not_ours_cannot_be_listened_on(void **state)
{
    struct fixture *fixture = *state;
    struct outside_port foreign = {.host = VIEW("192.0.2.1")};
    struct outside_port none = {.host = VIEW("no-such-host.invalid")};
    struct id id;
    uint16_t port;
    struct err err = {0};

    assert_int_equal(fixture->outside->ops->listen(fixture->outside, &foreign, on_event, fixture,
                                                   &id, &port, &err),
                     ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, "address of this machine"));
    assert_int_equal(
        fixture->outside->ops->listen(fixture->outside, &none, on_event, fixture, &id, &port, &err),
        ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, "no-such-host.invalid"));
}

static void version_six_works_where_the_machine_has_it(void **state)
{
    struct fixture *fixture = *state;
    static const struct view local6 = VIEW("::1");
    struct outside_port port = {.host = local6};
    struct outside_endpoint endpoint = {.host = local6, .connect_in_ns = 1000 * MS};
    struct id id;
    struct err err = {0};

    if (fixture->outside->ops->listen(fixture->outside, &port, on_event, fixture,
                                      &fixture->listening, &endpoint.port, &err)
        != 0) {
        print_message("%s: not tried\n", err.text);
        skip();
    }
    assert_int_equal(
        fixture->outside->ops->open(fixture->outside, &endpoint, on_event, fixture, &id), 0);
    await_count(fixture, &fixture->opened, 1);
    await_count(fixture, &fixture->accepted, 1);
}

static void no_memory_to_open_is_an_error_and_leaves_no_place_taken(void **state)
{
    struct fixture *fixture = *state;
    struct outside_endpoint endpoint = {
        .host = LOCAL, .port = fixture->port, .connect_in_ns = 1000 * MS};
    unsigned failures = 0;
    struct id id;

    for (unsigned long n = 1; n < 8; n++) {
        mem_fail_at(n);
        int code = fixture->outside->ops->open(fixture->outside, &endpoint, on_event, fixture, &id);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        failures += code != 0;
        if (code == 0)
            fixture->outside->ops->close(fixture->outside, id);
        await_taken(fixture, 1);
    }
    assert_true(failures > 0);
}

int main(void)
{
#define WITH_NET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_NET(a_peer_that_only_stops_sending_still_gets_its_answer),
        WITH_NET(a_reset_is_told_as_a_broken_connection),
        WITH_NET(writing_to_who_is_gone_ends_as_broken_and_not_as_a_signal),
        WITH_NET(a_close_waits_a_second_for_who_does_not_read_and_no_longer),
        WITH_NET(who_finds_all_places_taken_is_let_in_when_one_is_free),
        WITH_NET(out_of_descriptors_is_said_with_the_remedy),
        WITH_NET(an_address_that_is_not_ours_cannot_be_listened_on),
        WITH_NET(version_six_works_where_the_machine_has_it),
        WITH_NET(no_memory_to_open_is_an_error_and_leaves_no_place_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
