/* SPDX-License-Identifier: Apache-2.0
 *
 * pipe: bytes from end to end (see end.h).
 *
 *   write → out → pieces on their way (at most a window) → BYTES, or the inbox of a paused end
 *
 * What the receiver has not taken fills the window, then `out`, then the writer hears BUSY. */
#include "base/mem.h"
#include "world/end.h"

static const uint64_t SECOND_NS = 1000000000;
static const uint64_t RESEND_NS = 200000000;

/* Written and not on its way. */
static size_t waiting(const struct end *end)
{
    return end->out.len - end->out_at;
}

/* Nothing that it sends arrives any more: its owner is told when it gives up. */
static void get_stuck(struct end *end, uint64_t given_up_ns)
{
    end->dark = true;
    if (end->stuck)
        return;
    end->stuck = true;
    struct world_event *event = world_send(end->world, given_up_ns, EVENT_OVER, end->id);
    if (event != NULL) {
        event->code = ERR_TIMEOUT;
        event->text = "the connection timed out: the peer does not answer";
    }
}

/* When what leaves now arrives: never before what left earlier. UINT64_MAX: it does not. */
static uint64_t arrival_ns(struct end *end, size_t len)
{
    uint64_t leaves_ns = end->world->now_ns;
    uint64_t given_up_ns = 0;

    if (end->link.bytes_per_s != 0) {
        if (leaves_ns < end->line_free_ns)
            leaves_ns = end->line_free_ns;
        leaves_ns += (uint64_t)len * 1000000000u / end->link.bytes_per_s;
        end->line_free_ns = leaves_ns;
    }
    uint64_t at_ns = world_arrival(end, leaves_ns, RESEND_NS, &given_up_ns);
    if (at_ns == UINT64_MAX) {
        get_stuck(end, given_up_ns);
        return at_ns;
    }
    if (at_ns < end->last_arrival_ns)
        at_ns = end->last_arrival_ns;
    end->last_arrival_ns = at_ns;
    return at_ns;
}

void world_send_over(struct end *end, int code, const char *text)
{
    struct world *world = end->world;
    struct end *peer = world_find(world, end->peer);

    if (code != 0 && !world_arrives(end))
        return;
    uint64_t at_ns = code != 0 ? world->now_ns + world_delay_ns(end) : arrival_ns(end, 0);
    if (at_ns == UINT64_MAX)
        return;
    if (at_ns < end->last_arrival_ns)
        at_ns = end->last_arrival_ns;
    struct world_event *event = world_send(world, at_ns, EVENT_OVER, end->peer);
    if (event != NULL) {
        event->code = code;
        event->text = text;
    }
    if (peer != NULL)
        peer->over_coming = true;
}

/* The accepting side is gone without a word: nobody hears anything any more. */
static void vanish(struct end *end)
{
    struct end *peer = world_find(end->world, end->peer);

    end->world->counts.vanished++;
    end->dark = true;
    if (peer != NULL)
        peer->dark = true;
}

/* The accepting side's fault has come: both sides hear of it, each in its time. True where the
 * end may go on. */
static bool strike(struct end *end)
{
    struct world *world = end->world;
    enum end_fault fault = end->fault;

    end->fault = FAULT_NONE;
    if (fault == FAULT_VANISH) {
        vanish(end);
        return true;
    }
    if (fault == FAULT_RESET)
        world->counts.resets++;
    else
        world->counts.cuts++;
    strbuf_release(&end->out);
    end->out_at = 0;
    world_send_over(end, fault == FAULT_RESET ? ERR_CLOSED : 0,
                    fault == FAULT_RESET ? "the peer reset the connection" : "the peer closed");
    struct world_event *own = world_send(world, world->now_ns, EVENT_OVER, end->id);
    if (own != NULL) {
        own->code = ERR_CLOSED;
        own->text = "the connection broke while sending";
    }
    return false;
}

static size_t piece_len(struct end *end)
{
    size_t len = waiting(end);
    size_t room = end->window - end->on_way;

    if (end->link.piece_bytes != 0) {
        uint64_t most = end->link.piece_bytes < len ? end->link.piece_bytes : len;
        len = (size_t)(1 + rng_below(&end->rng, most));
    }
    if (len > room)
        len = room;
    if (end->fault != FAULT_NONE && len > end->fault_in_bytes)
        len = (size_t)end->fault_in_bytes;
    return len;
}

static bool send_piece(struct end *end, size_t len)
{
    struct world *world = end->world;
    uint64_t at_ns = arrival_ns(end, len);
    if (at_ns == UINT64_MAX)
        return false;
    char *bytes = mem_new(len, 1);
    struct world_event *event =
        bytes != NULL ? world_send(world, at_ns, EVENT_PIECE, end->peer) : NULL;

    if (event == NULL) {
        mem_free(bytes);
        world->status = ERR_MEMORY;
        return false;
    }
    memcpy(bytes, end->out.ptr + end->out_at, len);
    end->out_at += len;
    if (end->out_at > end->out.len / 2) {
        strbuf_consume(&end->out, end->out_at);
        end->out_at = 0;
    }
    event->bytes = bytes;
    event->len = len;
    event->from = end->id;
    end->on_way += len;
    end->fault_in_bytes -= end->fault != FAULT_NONE ? len : 0;
    world->counts.pieces++;
    world->counts.bytes += len;
    return true;
}

/* Sends what the window has room for; a closing end that sent all of it says so and is gone. */
void world_pump(struct end *end)
{
    struct world *world = end->world;

    if (end->state != END_OPEN && end->state != END_CLOSING)
        return;
    while (waiting(end) != 0 && end->on_way < end->window && !end->stuck) {
        size_t len = piece_len(end);
        if (len == 0) {
            if (!strike(end))
                return;
        } else if (!send_piece(end, len)) {
            break;
        }
    }
    if (end->busy_said && end->state == END_OPEN && waiting(end) < WORLD_QUEUE_LOW) {
        end->busy_said = false;
        (void)world_send(world, world->now_ns, EVENT_WRITABLE, end->id);
    }
    if (end->state == END_CLOSING && waiting(end) == 0) {
        world_send_over(end, 0, "the peer closed");
        world_release(end);
    }
}

void world_taken(struct world *world, struct id from, size_t len)
{
    struct end *sender = world_find(world, from);

    if (sender == NULL)
        return;
    sender->on_way -= len < sender->on_way ? len : sender->on_way;
    world_pump(sender);
}

/* The receiver took bytes, or will when it comes round to it. */
static void take_bytes(struct world *world, uint64_t in_ns, struct id from, size_t len)
{
    if (in_ns == 0) {
        world_taken(world, from, len);
        return;
    }
    struct world_event *event = world_send(world, world->now_ns + in_ns, EVENT_TAKEN, from);
    if (event != NULL)
        event->len = len;
}

/* Hands bytes to the owner; false where the end is gone afterwards. */
static bool hand_over(struct end *end, struct view bytes)
{
    struct world *world = end->world;
    struct id from = end->peer;
    struct outside_event event = {
        .kind = OUTSIDE_BYTES, .connection = end->id, .bytes = bytes, .text = ""};
    uint64_t takes_in_ns = end->takes_in_ns;
    bool lives = world_emit(end, &event);

    take_bytes(world, takes_in_ns, from, bytes.len);
    return lives;
}

void world_piece_arrives(struct end *end, const struct world_event *event)
{
    struct view bytes = view_make(event->bytes, event->len);

    if (end->state != END_OPEN) {
        world_taken(end->world, event->from, event->len);
    } else if (end->paused || end->inbox.len != 0) {
        strbuf_add(&end->inbox, bytes);
        if (strbuf_status(&end->inbox) != 0)
            end->world->status = ERR_MEMORY;
    } else {
        (void)hand_over(end, bytes);
    }
}

void world_over_arrives(struct end *end, const struct world_event *event)
{
    if (end->state == END_CLOSING || end->state == END_SHAKING) {
        world_release(end);
        return;
    }
    end->world->counts.timed_out += event->code == ERR_TIMEOUT ? 1 : 0;
    /* A reset does not wait for a reader. */
    if (event->code == 0 && (end->paused || end->inbox.len != 0)) {
        end->over = true;
        end->over_code = event->code;
        end->over_text = event->text;
        return;
    }
    world_say_closed(end, event->code, event->text);
}

void world_resumed(struct end *end)
{
    if (end->paused || end->state != END_OPEN)
        return;
    if (end->inbox.len != 0) {
        struct strbuf inbox = end->inbox;
        strbuf_init(&end->inbox, WORLD_WINDOW);
        bool lives = hand_over(end, strbuf_view(&inbox));
        strbuf_release(&inbox);
        if (!lives || end->state != END_OPEN)
            return;
    }
    if (end->over && !end->paused && end->inbox.len == 0)
        world_say_closed(end, end->over_code, end->over_text);
}

void world_pause(struct outside *outside, struct id id, bool paused)
{
    struct end *end = world_find_owned((struct world *)outside, id);

    if (end == NULL || end->paused == paused)
        return;
    end->paused = paused;
    if (!paused)
        (void)world_send(end->world, end->world->now_ns, EVENT_RESUMED, id);
}

int world_write(struct outside *outside, struct id id, struct view bytes)
{
    struct end *end = world_find_owned((struct world *)outside, id);

    if (end == NULL || end->state == END_LISTENING)
        return ERR_CLOSED;
    if (bytes.len > WORLD_QUEUE_LIMIT - waiting(end))
        return ERR_LIMIT;
    strbuf_add(&end->out, bytes);
    if (strbuf_status(&end->out) != 0) {
        end->out.status = 0;
        return ERR_LIMIT;
    }
    bool busy = waiting(end) > WORLD_QUEUE_HIGH;
    if (busy)
        end->busy_said = true;
    world_pump(end);
    return busy ? ERR_BUSY : 0;
}

void world_close_open(struct end *end)
{
    struct world *world = end->world;

    end->state = END_CLOSING;
    strbuf_release(&end->inbox);
    (void)world_send(world, world->now_ns + SECOND_NS, EVENT_GIVE_UP, end->id);
    world_pump(end);
}

void world_reset(struct end *end)
{
    world_send_over(end, ERR_CLOSED, "the peer reset the connection");
    world_release(end);
}

void world_give_up(struct end *end)
{
    if (end->state == END_CLOSING)
        world_reset(end);
}
