/* SPDX-License-Identifier: Apache-2.0
 *
 * queue: what happens, in order of time (see end.h). One heap orders everything: what is on its
 * way, and the timers of those who asked to be woken. */
#include "base/mem.h"
#include "world/end.h"

static void handle(struct end *end, const struct world_event *event)
{
    struct outside_event writable = {.kind = OUTSIDE_WRITABLE, .connection = end->id, .text = ""};

    switch (event->kind) {
    case EVENT_CONNECT:
        world_connect_arrives(end, event->code);
        return;
    case EVENT_OPENED:
        world_opened(end);
        return;
    case EVENT_SHAKEN:
        world_shaken(end);
        return;
    case EVENT_UNSHAKEN:
        if (end->state == END_SHAKING)
            world_reset(end);
        return;
    case EVENT_FAILED:
    case EVENT_DEADLINE:
        if (end->state == END_OPENING)
            world_fail_opening(end, event->code, event->text);
        return;
    case EVENT_PIECE:
        world_piece_arrives(end, event);
        return;
    case EVENT_OVER:
        world_over_arrives(end, event);
        return;
    case EVENT_WRITABLE:
        if (end->state == END_OPEN)
            (void)world_emit(end, &writable);
        return;
    case EVENT_RESUMED:
        world_resumed(end);
        return;
    case EVENT_GIVE_UP:
        world_give_up(end);
        return;
    case EVENT_TAKEN:
        world_taken(end->world, end->id, event->len);
        return;
    }
}

/* Bytes for somebody who is gone: their sender hears that nobody knows the connection. */
static void found_dead(struct world *world, const struct world_event *event)
{
    struct end *sender = world_find(world, event->from);
    if (sender == NULL || sender->over_coming)
        return;

    world->counts.found_dead++;
    if (!world_arrives(sender))
        return;
    sender->over_coming = true;
    struct world_event *over =
        world_send(world, world->now_ns + world_delay_ns(sender), EVENT_OVER, sender->id);
    if (over != NULL) {
        over->code = ERR_CLOSED;
        over->text = "the peer reset the connection";
    }
}

void world_on_event(void *context, uint64_t now_ns)
{
    struct world_event *event = context;
    struct end *end = world_find(event->world, event->to);

    (void)now_ns;
    if (end != NULL)
        handle(end, event);
    else if (event->kind == EVENT_PIECE)
        found_dead(event->world, event);
    mem_free(event->bytes);
    mem_free(event);
}

struct world_event *world_send(struct world *world, uint64_t at_ns, enum world_event_kind kind,
                               struct id to)
{
    struct world_event *event = mem_new(1, sizeof *event);

    if (event != NULL) {
        *event = (struct world_event){.world = world, .kind = kind, .to = to};
        if (timers_set(&world->queue, at_ns, world_on_event, event) == 0)
            return event;
    }
    mem_free(event);
    world->status = ERR_MEMORY;
    return NULL;
}

int world_run(struct world *world, uint64_t until_ns)
{
    struct view nothing = {0};
    struct timer due;
    uint64_t left = world->events_max;

    world->stopped = false;
    while (!world->stopped && timers_pop(&world->queue, until_ns, &due)) {
        if (due.at_ns > world->now_ns)
            world->now_ns = due.at_ns;
        world->counts.events++;
        if (due.listener != world_on_event)
            world_remember(world, UINT64_MAX, (struct id){0}, 0, nothing);
        due.listener(due.context, world->now_ns);
        if (world->status != 0)
            return world->status;
        if (world->watcher != NULL)
            world->watcher(world->watcher_context, world->now_ns);
        if (--left == 0)
            return ERR_LIMIT;
    }
    if (!world->stopped && until_ns != UINT64_MAX && until_ns > world->now_ns)
        world->now_ns = until_ns;
    return 0;
}
