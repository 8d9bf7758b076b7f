/* SPDX-License-Identifier: Apache-2.0
 *
 * server_internal: what the files of the server share: a peer, a request, and who does what.
 * Private to server*.c.
 *
 *   server.c           ports, time, life
 *   server_peer.c      a connection: its protocol, bytes in and out, patience
 *   server_request.c   a request: collecting it, answering it, progress
 *
 * Whatever happens (an event, a moment, a call of the handler) marks peers; the marked ones are
 * moved on at the end of it, so that nobody is called back from inside a call. Outside of events a
 * mark wakes the server by its timer.
 * Memory and threads: as server.h says. */
#ifndef ASSAY_APP_SERVER_INTERNAL_H
#define ASSAY_APP_SERVER_INTERNAL_H

#include "app/server.h"
#include "base/arena.h"
#include "base/slots.h"
#include "core/pool/alarms.h"

enum {
    SERVER_STEP_BYTES = 64 * 1024,       /* of an answer, handed to the outside at a time */
    SERVER_HELD_MAX_BYTES = 1024 * 1024, /* bytes that came while they could not be taken */
    SERVER_PROGRESS_BYTES = 1024,        /* less than so many in its time is none */
};

enum request_state {
    REQUEST_COLLECTING, /* its body comes */
    REQUEST_TOLD,       /* the handler has it */
    REQUEST_REFUSED,    /* answered here; the handler never heard of it, or hears no more */
};

struct peer;

struct request {
    struct id id;
    struct peer *peer;
    struct request *next; /* of the same peer */
    uint32_t stream;
    enum request_state state;
    struct arena arena;        /* its head, given back once it is answered */
    struct http_request *http; /* in the arena; NULL afterwards */
    struct strbuf body;
    size_t charged; /* of the budget, for head and body */
    bool answered;  /* an answer has begun */
    uint64_t began_at_ns;
    uint64_t due_at_ns;   /* the handler's wish */
    uint64_t check_at_ns; /* when progress is looked at */
    uint64_t given_bytes; /* of its answer, to the session */
    uint64_t seen_bytes;  /* when progress was looked at last: received, or sent */
    uint64_t seen_given_bytes;
};

/* What a peer is waited for, and so how long. */
enum peer_wait {
    PEER_WAITS_ANEW, /* something came: its time begins again */
    PEER_WAITS_REQUEST,
    PEER_WAITS_HEAD,    /* the rest of one */
    PEER_WAITS_READER,  /* to read what it was sent */
    PEER_WAITS_MESSAGE, /* of a WebSocket */
    PEER_WAITS_FOREVER, /* its requests have times of their own */
};

struct peer {
    struct id id;
    struct id connection;    /* of the outside */
    struct session *session; /* NULL until the protocol is known */
    struct request *requests;
    struct peer *next_marked;
    struct strbuf held; /* bytes that came and cannot be taken yet */
    enum peer_wait waits_for;
    uint64_t websocket_at_ns; /* since when it is one */
    uint64_t ticked_at_ns;
    bool tls;
    bool marked;
    bool paused;
    bool blocked; /* the outside's queue is full: WRITABLE goes on */
};

struct server {
    struct outside *outside;
    struct server_options options;
    struct server_handler handler;
    void *context;
    struct id listening;
    struct slots peers;
    struct slots requests;
    /* By slot of the peers, then of the requests, then the end of draining. */
    struct alarms alarms;
    struct id *by_connection; /* by the outside's slot: whose connection it is */
    size_t by_connection_count;
    struct session_budget budget;
    struct peer *marked;
    struct strbuf scratch; /* on its way from a session to the outside */
    uint64_t woken_for_ns; /* what the outside's timer is set to */
    bool inside;           /* marked peers are moved on at the end of what happens now */
    bool draining;
    void (*drained)(void *context);
    void *drained_context;
    struct server_figures figures;
    int64_t date_unix_s; /* of `date` */
    char date[32];
};

/* server.c */
uint64_t server_now(const struct server *server);
/* Moves the peer on at the end of what happens now, or soon. */
void server_mark(struct server *server, struct peer *peer);

/* server_peer.c */
void peer_accept(struct server *server, const struct outside_event *event);
void peer_bytes(struct server *server, struct peer *peer, struct view bytes);
/* Takes what can be taken, says what can be said, tells what is to be told. The peer may be gone
 * afterwards. */
void peer_move_on(struct server *server, struct peer *peer);
/* Its patience is over. */
void peer_alarm(struct server *server, struct peer *peer);
/* Takes no more requests. */
void peer_shut(struct server *server, struct peer *peer);
/* Forgets a peer whose connection is over. */
void peer_forget(struct server *server, struct peer *peer);
/* Closes at once: by a reset, or in an orderly way. */
void peer_end(struct server *server, struct peer *peer, bool reset);

/* server_request.c */
/* Deals with an event of the session that concerns requests. The peer lives on. */
void request_event(struct server *server, struct peer *peer, const struct session_event *event);
void request_alarm(struct server *server, struct request *request);
/* The connection is over. */
void request_lose_all(struct server *server, struct peer *peer);

#endif
