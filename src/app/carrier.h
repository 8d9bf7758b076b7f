/* SPDX-License-Identifier: Apache-2.0
 *
 * carrier: what carries an asker's attempts: connections of HTTP, processes, or a simulator in this
 * process: one row of functions for each. Private to asker.c, ask.c and carrier_*.c.
 *
 * A carrier does what the call machine's effects say and tells what came of it with the asker_*
 * functions below, which may be called at any time: from inside a carrier's function they are
 * remembered and done after it. Not telling twice: after `abandon` or `close` the asker listens no
 * more.
 * Threads: the loop's. */
#ifndef ASSAY_APP_CARRIER_H
#define ASSAY_APP_CARRIER_H

#include "app/asker.h"
#include "base/slots.h"
#include "core/call/call.h"
#include "core/pool/account.h"
#include "core/pool/autosize.h"
#include "core/pool/ring.h"

enum {
    ASK_REQUEST_BYTES_MAX = 128 * 1024 * 1024, /* what the copy of a request may take */
    ASK_ANSWER_BYTES_MAX = 256 * 1024 * 1024,  /* what reading an answer may take */
};

/* One ask, from asker_ask to done. */
struct ask {
    struct id id;
    asker_done *done;
    asker_raw_done *raw_done; /* of a raw request, else NULL */
    asker_piece *piece;       /* NULL: nobody listens */
    void *context;
    struct arena request_arena;
    const struct http_request *request; /* http and exec */
    const struct chat *chat;            /* sim */
    uint64_t asked_ns;
    uint64_t timeout_ns;
    int64_t tokens; /* reserved */
    bool cancelled;
    bool paused;
    struct arena answer_arena; /* of the last attempt */
    struct reply reply;        /* how the last attempt ended; code 0 and no text: not at all */
    bool in_pieces;            /* the answer is asked for in pieces */
    bool stalled;              /* the last attempt ended before the peer took all of the request */
    uint64_t sent_ns;          /* the last attempt; likewise below */
    uint64_t first_text_ns;    /* 0: none came */
    uint64_t last_text_ns;
    struct answer_gaps gaps;
    void *carried; /* the carrier's own, of an attempt */
};

/* How an attempt ended that brought no reply. */
struct ask_loss {
    int code;
    bool may_retry;
    bool unsent;      /* nothing of its request had left */
    bool unprocessed; /* the peer says that it did nothing about it */
    bool reusable;    /* the connection can carry another stream */
};

struct carrier;

struct carrier_ops {
    void (*open)(struct carrier *carrier, struct id connection);
    void (*close)(struct carrier *carrier, struct id connection);
    void (*send)(struct carrier *carrier, struct ask *ask, struct id connection);
    void (*abandon)(struct carrier *carrier, struct ask *ask, struct id connection);
    /* Tell asker_checked whether the connection lives. NULL: it always does. */
    void (*check)(struct carrier *carrier, struct id connection);
    /* Back-pressure of an ask that was sent. NULL: there is nothing to hold up. */
    void (*pause)(struct carrier *carrier, struct ask *ask, bool paused);
    /* The carrier's own times, where it has any; else NULL both. */
    void (*tick)(struct carrier *carrier, uint64_t now_ns);
    uint64_t (*deadline)(const struct carrier *carrier);
    void (*free)(struct carrier *carrier);
};

/* The first member of every carrier. */
struct carrier {
    const struct carrier_ops *ops;
};

struct asker {
    struct outside *outside;
    struct asker_options options;
    const struct provider *provider;
    struct arena arena; /* of the address */
    struct provider_address address;
    struct view peer; /* "host:port", for messages; empty where nothing is connected to */
    struct carrier *carrier;
    struct call_machine machine;
    struct slots asks;
    uint32_t crowd;      /* the most asks at once since memory was last given back */
    struct ring pending; /* struct call_event: told and not fed yet */
    const struct http_response *response;
    struct id response_ask;  /* whose it is, while it is being told */
    struct err open_failure; /* of the last connection, where it could not be opened */
    struct autosize autosize;
    uint64_t autosize_ns; /* when the present window ends; UINT64_MAX: never */
    uint64_t wake_ns;     /* when the outside will wake us; UINT64_MAX: not */
    bool driving;
    uint32_t held;
    uint64_t asked;
};

MUST_CHECK int carrier_http_new(struct asker *asker, struct carrier **ret_carrier,
                                struct err *reterr);
MUST_CHECK int carrier_exec_new(struct asker *asker, struct loop *loop,
                                struct carrier **ret_carrier, struct err *reterr);
MUST_CHECK int carrier_sim_new(struct asker *asker, struct carrier **ret_carrier,
                               struct err *reterr);

/* ---- what a carrier tells ------------------------------------------------------------------- */

uint64_t asker_now(const struct asker *asker);

/* The ask of that id; NULL where it is done. */
struct ask *asker_find(const struct asker *asker, struct id ask);

/* Between hold and release what is told is remembered, and done at the last release. */
void asker_hold(struct asker *asker);
void asker_release(struct asker *asker);

/* `streams`: how many it carries at once. */
void asker_opened(struct asker *asker, struct id connection, uint32_t streams);
void asker_open_failed(struct asker *asker, struct id connection, int code, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* So many streams at once from now on; no more streams; alive or (code) not. */
void asker_capacity(struct asker *asker, struct id connection, uint32_t streams);
void asker_drain(struct asker *asker, struct id connection);
void asker_checked(struct asker *asker, struct id connection, int code);

/* The connection is gone, and with it all its streams, whose asks were told why by ask_failed.
 * `unsent`: nothing of their requests had left. */
void asker_closed(struct asker *asker, struct id connection, int code, bool unsent);

/* The first byte of the response is there. */
void asker_began(struct asker *asker, const struct ask *ask);

/* A piece of its text is there. The ask may be done when this returns. */
void asker_said(struct asker *asker, struct ask *ask, struct view text);

/* The response is there and was read into ask->reply. `response` (NULL where there is none) is
 * handed on to a raw request's listener. */
void asker_responded(struct asker *asker, struct ask *ask, const struct http_response *response,
                     bool reusable);

/* It will not be. */
void asker_lost(struct asker *asker, struct ask *ask, const struct ask_loss *loss,
                const char *format, ...) PRINTF_LIKE(4, 5);

/* Says why the attempt ended, where asker_closed is told next. */
void ask_failed(struct ask *ask, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- for asker.c: asker_pool.c -------------------------------------------------------------- */

/* The pool of its call machine, as the options have it. */
struct pool_settings asker_pool_settings(const struct asker *asker, uint32_t streams_max);
void asker_autosize_begin(struct asker *asker);
/* Where a window is over: moves the maximum, as an event that is still to be fed. */
void asker_autosize(struct asker *asker, uint64_t now_ns);

/* ---- for asker.c and ask.c ------------------------------------------------------------------ */

/* Fills in what is asked: ask.c. */
MUST_CHECK int ask_take_chat(const struct asker *asker, struct ask *ask, const struct chat *chat,
                             struct err *reterr);
MUST_CHECK int ask_take_request(const struct asker *asker, struct ask *ask,
                                const struct http_request *request, struct err *reterr);

/* The answer of an ask whose call is done: ask.c. Views into the ask's arena or literals. */
void ask_answer(const struct asker *asker, struct ask *ask, const struct call_effect *done,
                struct answer *ret_answer);

#endif
