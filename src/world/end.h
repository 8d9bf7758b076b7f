/* SPDX-License-Identifier: Apache-2.0
 *
 * end: what the files of world share: one end of a connection, and the events on their way.
 * Private to world.
 *
 *   world.c   the table of functions, the world made and freed
 *   queue.c   the clock and the queue of events
 *   connect.c connecting and listening
 *   way.c     what lies between: links, loss, partitions, names
 *   pipe.c    bytes from end to end: pieces, delays, back-pressure, faults, closing
 *
 * Nothing happens inside a caller's call: all of it is an event, ordered by time and then by the
 * order in which it was caused. */
#ifndef ASSAY_WORLD_END_H
#define ASSAY_WORLD_END_H

#include "base/rng.h"
#include "base/slots.h"
#include "base/strbuf.h"
#include "base/timers.h"
#include "world/world.h"

enum {
    WORLD_QUEUE_LOW = 64 * 1024,
    WORLD_QUEUE_HIGH = 256 * 1024,
    WORLD_QUEUE_LIMIT = 64 * 1024 * 1024,
    WORLD_WINDOW = 64 * 1024, /* bytes of one direction on their way or not taken yet */
    WORLD_HOST_SIZE = 256,
};

enum end_state {
    END_FREE,
    END_OPENING,
    END_SHAKING, /* the accepting end during the TLS handshake: its owner has not heard of it */
    END_OPEN,
    END_LISTENING,
    END_CLOSING, /* closed by its owner, what was queued is on its way */
    END_STATES,
};

enum end_fault { FAULT_NONE, FAULT_RESET, FAULT_CUT, FAULT_VANISH };

struct end {
    struct world *world;
    struct id id;
    enum end_state state;
    outside_listener *listener;
    void *context;
    struct id peer;
    struct world_link link;
    struct rng rng;
    struct strbuf out; /* written; what lies past out_at is not on its way */
    size_t out_at;
    struct strbuf inbox;      /* arrived while paused */
    size_t window;            /* so many of its bytes may be on their way */
    uint64_t takes_in_ns;     /* this end takes what arrives so late */
    size_t on_way;            /* bytes of this end that the peer has not taken */
    uint64_t line_free_ns;    /* when the last byte left, where the line has a speed */
    uint64_t last_arrival_ns; /* nothing of this end arrives before it */
    enum end_fault fault;
    uint64_t fault_in_bytes;
    uint64_t offset_ns;  /* of an interleaved world: all it sends is so late */
    bool dark;           /* nothing that it sends arrives any more */
    bool stuck;          /* and it has tried: it will be told */
    bool over_coming;    /* it will hear of its peer's end */
    int name;            /* of the world's names, -1: its host is an address */
    uint32_t tries_left; /* addresses that were not reached yet */
    bool paused;
    bool busy_said;
    bool over; /* the peer's end has come, to be said after the inbox */
    int over_code;
    const char *over_text;
    char host[WORLD_HOST_SIZE]; /* where it listens, or the other side did that it was opened to */
    uint16_t port;
    struct id listening; /* of an accepted end */
    bool with_tls;
    char alpn[OUTSIDE_ALPN_BYTES_MAX]; /* what is offered, or of a port spoken */
    size_t alpn_len;
    struct view alpn_chosen; /* lies in alpn */
};

enum world_event_kind {
    EVENT_CONNECT,  /* reaches the peer's host */
    EVENT_OPENED,   /* the answer is back */
    EVENT_SHAKEN,   /* the last of the TLS handshake reaches the accepting end */
    EVENT_UNSHAKEN, /* the time of a TLS handshake is over */
    EVENT_FAILED,   /* the connect came to nothing */
    EVENT_DEADLINE, /* of the connect */
    EVENT_PIECE,    /* bytes arrive */
    EVENT_OVER,     /* the peer's end, clean or not, arrives */
    EVENT_WRITABLE,
    EVENT_RESUMED, /* reading again: what the inbox holds */
    EVENT_GIVE_UP, /* a closing end has had its second */
    EVENT_TAKEN,   /* a slow reader took bytes of this end */
};

struct world_event {
    struct world *world;
    enum world_event_kind kind;
    struct id to;
    struct id from;   /* of PIECE */
    int code;         /* of CONNECT: which of the name's addresses */
    const char *text; /* a literal */
    char *bytes;      /* of PIECE */
    size_t len;
};

struct world_place {
    char host[WORLD_HOST_SIZE];
    uint16_t port;
    struct world_link link;
};

struct world_gap {
    char host[WORLD_HOST_SIZE]; /* "": any */
    uint16_t port;              /* 0: any */
    uint64_t from_ns;
    uint64_t until_ns;
};

struct world_entry {
    char name[WORLD_HOST_SIZE];
    char addresses[WORLD_ADDRESSES_MAX][WORLD_HOST_SIZE];
    struct world_name settings;
};

struct world {
    struct outside outside;
    struct slots ends;
    struct timers queue;
    struct rng rng;
    uint64_t now_ns;
    int64_t started_unix_s;
    uint64_t events_max;
    uint64_t hash;
    struct world_counts counts;
    struct world_link link; /* of all places that have none of their own */
    struct world_place *places;
    size_t place_count;
    struct world_gap *gaps;
    size_t gap_count;
    struct world_entry *names;
    size_t name_count;
    void (*watcher)(void *context, uint64_t now_ns);
    void *watcher_context;
    bool interleave;
    uint16_t port_next;
    bool stopped;
    int status; /* the first failure inside an event; world_run returns it */
};

/* queue.c */
/* Puts an event into the queue; NULL (and world->status) where memory ran out. */
struct world_event *world_send(struct world *world, uint64_t at_ns, enum world_event_kind kind,
                               struct id to);
/* The timer's listener of what is on its way; every other is somebody who is woken. */
void world_on_event(void *context, uint64_t now_ns);

/* world.c */
/* Into the history. */
void world_remember(struct world *world, uint64_t kind, struct id id, uint64_t code,
                    struct view bytes);
/* Tells the listener, and the history; false where the end is no longer its owner's. */
bool world_emit(struct end *end, const struct outside_event *event);
/* Says CLOSED and gives the place back. */
void world_say_closed(struct end *end, int code, const char *text);
void world_release(struct end *end);
/* The end, NULL where it is dead; `find_owned` also where its owner closed it. */
struct end *world_find(const struct world *world, struct id id);
struct end *world_find_owned(const struct world *world, struct id id);
bool world_chance(struct rng *rng, uint32_t micro);
struct end *world_take(struct world *world, enum end_state state, outside_listener *listener,
                       void *context);

/* connect.c */
struct end *world_find_listening(const struct world *world, const char *host, uint16_t port);
bool world_alpn_is_sound(struct view alpn);
void world_alpn_set(struct end *end, struct view alpn);
/* Sends the connects of an end that is opening, to all addresses of where it goes. */
void world_connect(struct end *client);
void world_connect_arrives(struct end *client, int address);
void world_opened(struct end *end);
void world_shaken(struct end *accepted);
/* An opening end that gives up (text NULL: its owner does, and hears nothing). */
void world_fail_opening(struct end *end, int code, const char *text);

/* way.c */
/* When what leaves now arrives: latency, and what loss and partitions cost. UINT64_MAX: never; the
 * sender gives up at ret_given_up_ns (not touched else). resend_ns: after how long at first. */
uint64_t world_arrival(struct end *end, uint64_t leaves_ns, uint64_t resend_ns,
                       uint64_t *ret_given_up_ns);
/* Whether a single sending now would arrive. */
bool world_arrives(struct end *end);
/* One way now: latency, jitter, and the odd spike. */
uint64_t world_delay_ns(struct end *end);
/* The way to that address is the end's from now on. */
void world_aim(struct end *end, const char *host);
int world_find_name(const struct world *world, const char *host);

/* pipe.c */
void world_pump(struct end *end);
void world_piece_arrives(struct end *end, const struct world_event *event);
void world_over_arrives(struct end *end, const struct world_event *event);
void world_resumed(struct end *end);
void world_give_up(struct end *end);
int world_write(struct outside *outside, struct id id, struct view bytes);
void world_pause(struct outside *outside, struct id id, bool paused);
void world_close_open(struct end *end);
/* The peer hears of a reset, the place is given back. */
void world_reset(struct end *end);
/* The peer's peer is gone: code 0 in an orderly way, else by a reset that is sent once. */
void world_send_over(struct end *end, int code, const char *text);
/* The sender's window opens. */
void world_taken(struct world *world, struct id from, size_t len);

#endif
