/* SPDX-License-Identifier: Apache-2.0
 *
 * spy_outside: see spy_outside.h. */
#include "spy_outside.h"

#include <stdio.h>

#include "base/mem.h"

enum { MILLION = 1000000 };

static struct spy *spy_of(struct outside *outside)
{
    return (struct spy *)outside;
}

static void trace(const struct spy *spy, struct id id, const char *what, size_t bytes,
                  const char *text)
{
    if (spy->traced < 0)
        return;
    printf("%15.9f  asker %d connection %u.%u: %s", (double)spy->inner->ops->now(spy->inner) / 1e9,
           spy->traced, id.slot, id.generation, what);
    if (bytes > 0)
        printf(" %zu", bytes);
    printf("%s%s\n", text[0] != '\0' ? ": " : "", text);
}

static void ended(struct spy_connection *connection)
{
    connection->spy->open -= connection->open ? 1 : 0;
    connection->open = false;
}

static void heard(void *context, const struct outside_event *event)
{
    struct spy_connection *connection = context;
    struct spy *spy = connection->spy;
    static const char *const kinds[] = {"opened", "bytes", "writable", "accepted", "closed"};

    trace(spy, connection->id, kinds[event->kind], event->bytes.len, event->text);
    if (event->kind == OUTSIDE_CLOSED) {
        ended(connection);
        if (rng_below(&spy->rng, MILLION) < spy->swallow_micro) {
            spy->swallowed++;
            return;
        }
    }
    connection->listener(connection->context, event);
}

static uint64_t spy_now(struct outside *outside)
{
    return spy_of(outside)->inner->ops->now(spy_of(outside)->inner);
}

static int64_t spy_unix_s(struct outside *outside)
{
    return spy_of(outside)->inner->ops->unix_s(spy_of(outside)->inner);
}

static int spy_open(struct outside *outside, const struct outside_endpoint *endpoint,
                    outside_listener *listener, void *context, struct id *ret_connection)
{
    struct spy *spy = spy_of(outside);
    if (spy->made == SPY_CONNECTIONS_MAX)
        return ERR_LIMIT;
    struct spy_connection *connection = &spy->connections[spy->made];

    *connection = (struct spy_connection){.spy = spy, .listener = listener, .context = context};
    int code = spy->inner->ops->open(spy->inner, endpoint, heard, connection, &connection->id);
    if (code != 0)
        return code;
    spy->made++;
    trace(spy, connection->id, "open", 0, "");
    connection->open = true;
    if (++spy->open > spy->open_most)
        spy->open_most = spy->open;
    *ret_connection = connection->id;
    return 0;
}

static int spy_listen(struct outside *outside, const struct outside_port *port,
                      outside_listener *listener, void *context, struct id *ret_listening,
                      uint16_t *ret_port, struct err *reterr)
{
    struct spy *spy = spy_of(outside);
    return spy->inner->ops->listen(spy->inner, port, listener, context, ret_listening, ret_port,
                                   reterr);
}

static int spy_write(struct outside *outside, struct id connection, struct view bytes)
{
    trace(spy_of(outside), connection, "write", bytes.len, "");
    return spy_of(outside)->inner->ops->write(spy_of(outside)->inner, connection, bytes);
}

static void spy_pause(struct outside *outside, struct id connection, bool paused)
{
    spy_of(outside)->inner->ops->pause(spy_of(outside)->inner, connection, paused);
}

static void spy_close(struct outside *outside, struct id connection)
{
    struct spy *spy = spy_of(outside);

    trace(spy, connection, "close", 0, "");
    for (uint32_t i = spy->made; i > 0; i--)
        if (id_equal(spy->connections[i - 1].id, connection)) {
            ended(&spy->connections[i - 1]);
            break;
        }
    spy->inner->ops->close(spy->inner, connection);
}

static void spy_reset(struct outside *outside, struct id connection)
{
    struct spy *spy = spy_of(outside);

    trace(spy, connection, "reset", 0, "");
    for (uint32_t i = spy->made; i > 0; i--)
        if (id_equal(spy->connections[i - 1].id, connection)) {
            ended(&spy->connections[i - 1]);
            break;
        }
    spy->inner->ops->reset(spy->inner, connection);
}

static int spy_wake_at(struct outside *outside, uint64_t at_ns, outside_timer_listener *listener,
                       void *context)
{
    return spy_of(outside)->inner->ops->wake_at(spy_of(outside)->inner, at_ns, listener, context);
}

static const struct outside_ops spy_ops = {
    .now = spy_now,
    .unix_s = spy_unix_s,
    .open = spy_open,
    .listen = spy_listen,
    .write = spy_write,
    .pause = spy_pause,
    .close = spy_close,
    .reset = spy_reset,
    .wake_at = spy_wake_at,
};

void spy_init(struct spy *spy, struct outside *inner, uint64_t seed)
{
    *spy = (struct spy){.outside = {.ops = &spy_ops}, .inner = inner, .traced = -1};
    spy->connections = mem_new(SPY_CONNECTIONS_MAX, sizeof *spy->connections);
    assert_always(spy->connections != NULL);
    rng_init_named(&spy->rng, seed, (struct view)VIEW("spy"));
}

void spy_release(struct spy *spy)
{
    mem_free(spy->connections);
    *spy = (struct spy){0};
}
