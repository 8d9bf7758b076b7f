/* SPDX-License-Identifier: Apache-2.0
 *
 * member: one call machine and its driver in a history of messages (messages.h): carries out its
 * effects, keeps its own books of connections, calls and quotas, and holds the machine to them.
 * member.c has the books, messages.c what travels and when. */
#ifndef ASSAY_TESTS_MEMBER_H
#define ASSAY_TESTS_MEMBER_H

#include "base/rng.h"
#include "base/timers.h"
#include "core/call/call.h"
#include "core/pool/share.h"
#include "machine_watch.h"

enum {
    MEMBERS_MAX = 3,
    MEMBER_CALLS = 40,
    MEMBER_CONNECTIONS = 8,
    MEMBER_ENTRIES = 4, /* of quotas; the first is the upstream's own */
    MEMBER_KEYS = 3,
    MEMBER_LIVES_MAX = 1 << 20,
};

/* A call as its owner knows it. */
struct member_call {
    struct id id;
    uint64_t number; /* of this call, never used again */
    uint64_t deadline_ns;
    uint32_t key;
    int64_t tokens;
    uint32_t sends;
    uint64_t attempt; /* under way: its number; 0: none */
    uint64_t on;      /* the life of the connection it is on */
    bool cancelled;
    bool begun;
};

/* A connection: its place in the pool, and which of all that ever had that place. */
struct member_line {
    struct id id;
    uint64_t life; /* never used again; 0: there is none */
    bool open;
    bool checking;
    bool draining;
    uint32_t streams;
};

struct play;

struct member {
    struct play *play;
    uint32_t number;
    struct call_machine machine;
    struct call_settings settings;
    struct slots calls; /* struct member_call */
    struct member_line lines[MEMBER_CONNECTIONS];
    int64_t tokens[MEMBER_ENTRIES]; /* reserved or used, less what came back */
    int64_t requests[MEMBER_ENTRIES];
    uint64_t submitted;
    uint64_t done;
    uint64_t by_code[ERR_ORDER_END]; /* index: minus the code */
};

/* What a service does of itself, and how long news take: drawn for each history. */
struct temper {
    uint64_t latency_ns;
    uint64_t answer_ns;
    uint32_t slow_micro;       /* news that take a hundred times as long */
    uint32_t open_fails_micro; /* of opens; likewise below, of what happens */
    uint32_t open_hangs_micro;
    uint32_t closes_micro; /* of connections: after a while */
    uint32_t drains_micro;
    uint32_t capacity_micro;
    uint32_t fails_micro; /* of requests */
    uint32_t silent_micro;
    uint32_t lost_micro; /* the stream ends without an answer */
    uint32_t throttles_micro;
    uint32_t check_fails_micro;
    uint64_t out_from_ns; /* nothing works */
    uint64_t out_until_ns;
};

struct message;
typedef void message_handler(struct message *message);

/* Something on its way. */
struct message {
    struct play *play;
    message_handler *arrives;
    struct member *member;
    struct call_event event;
    uint64_t life;    /* of the connection; 0: it is about none */
    uint64_t attempt; /* of the call; 0: it is about none */
    struct share_event share;
    struct message *next; /* among all, to be freed */
    struct message **previous;
};

struct play {
    struct timers timers;
    struct message *messages;
    struct rng rng;
    struct temper temper;
    struct share share;
    uint32_t share_limit;
    bool shared;
    struct member members[MEMBERS_MAX];
    uint32_t member_count;
    uint64_t now_ns;
    uint64_t numbers; /* given to lives, calls and attempts */
    uint64_t late;    /* events that came too late for a machine */
    uint64_t fed;
    bool trace;
    bool calms; /* nothing goes wrong any more */
    struct problem problem;
};

/* messages.c: sends it, to arrive after so long. */
struct message *play_send(struct play *play, struct member *member, uint64_t in_ns,
                          message_handler *arrives);
/* An effect's consequences: what the service will say to it. */
void play_open(struct member *member, const struct member_line *line);
void play_check(struct member *member, const struct member_line *line);
void play_request(struct member *member, const struct member_call *call, struct id connection);
void play_permits(struct member *member, const struct call_effect *effect);

/* member.c */
void member_init(struct member *member, struct play *play, uint32_t number,
                 const struct call_settings *settings);
void member_release(struct member *member);
void member_submit(struct member *member);
void member_cancel(struct member *member, struct id call);
/* Connection events of that life, and events of that attempt. Those that are over are told all the
 * same where the machine must find out by the id. */
void member_tell_connection(struct member *member, const struct call_event *event, uint64_t life);
void member_tell_attempt(struct member *member, const struct call_event *event, uint64_t attempt);
void member_tell(struct member *member, const struct call_event *event);
void member_tick(struct member *member);
/* When all is done. */
void member_check_rest(struct member *member);

extern const struct book_limits member_entries[MEMBER_ENTRIES - 1];
extern const struct book_key member_keys[MEMBER_KEYS - 1];

#endif
