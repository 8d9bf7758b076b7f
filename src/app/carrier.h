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
    void *context;
    struct arena request_arena;
    const struct http_request *request; /* http and exec */
    const struct chat *chat;            /* sim */
    uint64_t asked_ns;
    int64_t tokens; /* reserved */
    bool cancelled;
    struct arena answer_arena; /* of the last attempt */
    struct reply reply;        /* how the last attempt ended; code 0 and no text: not at all */
};

struct carrier;

struct carrier_ops {
    void (*open)(struct carrier *carrier, struct id connection);
    void (*close)(struct carrier *carrier, struct id connection);
    void (*send)(struct carrier *carrier, struct ask *ask, struct id connection);
    void (*abandon)(struct carrier *carrier, struct ask *ask, struct id connection);
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
    struct carrier *carrier;
    struct call_machine machine;
    struct slots asks;
    struct ring pending; /* struct call_event: told and not fed yet */
    const struct http_response *response;
    struct id response_ask;  /* whose it is, while it is being told */
    struct err open_failure; /* of the last connection that could not be opened */
    uint64_t wake_ns;        /* when the outside will wake us; UINT64_MAX: not */
    bool driving;
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

void asker_opened(struct asker *asker, struct id connection);
void asker_open_failed(struct asker *asker, struct id connection, int code, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The connection is gone, and with it the stream of `ask` where that is not NULL. `unsent`: nothing
 * of its request had left. */
void asker_closed(struct asker *asker, struct id connection, struct ask *ask, int code, bool unsent,
                  const char *format, ...) PRINTF_LIKE(6, 7);

/* The first byte of the response is there. */
void asker_began(struct asker *asker, const struct ask *ask);

/* The response is there and was read into ask->reply. `response` (NULL where there is none) is
 * handed on to a raw request's listener. */
void asker_responded(struct asker *asker, struct ask *ask, const struct http_response *response,
                     bool reusable);

/* It will not be; the connection carries nothing more. */
void asker_lost(struct asker *asker, struct ask *ask, int code, bool may_retry, bool unsent,
                const char *format, ...) PRINTF_LIKE(6, 7);

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
