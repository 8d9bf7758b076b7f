/* SPDX-License-Identifier: Apache-2.0
 *
 * asker: asks one target, whatever its kind: the driver that marries the call machine (core/call)
 * with the outside, or with processes, or with a simulator in this process.
 *
 *   asker_new → asker_ask … → (the loop runs) done, done, … → asker_free
 *
 * Every ask that was taken gets exactly one call of its `done`, with an answer or with a reply that
 * says by code and error_text what went wrong; none comes later than the ask's deadline plus what
 * the loop is late. `done` is never called from inside asker_ask or asker_cancel; it may call them.
 * What it does not do: print, wait, keep answers.
 *
 * Memory: from base/mem, bounded: max_in_flight connections, waiting_max asks with a copy of their
 * request each, and an answer of at most ASKER_ANSWER_BYTES_MAX for each one in flight.
 * Threads: belongs to the loop of its outside. */
#ifndef ASSAY_APP_ASKER_H
#define ASSAY_APP_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slots.h"
#include "base/view.h"
#include "core/pool/pool.h"
#include "core/quota/breaker.h"
#include "core/quota/burn.h"
#include "core/quota/gradient.h"
#include "core/quota/retry.h"
#include "core/record/answer.h"
#include "provider/chat.h"
#include "provider/provider.h"
#include "wire/http.h"
#include "wire/outside.h"

struct asker;
struct keeper; /* app/keeper.h */
struct loop;   /* shell/os/loop.h */

enum {
    ASKER_ANSWER_BYTES_MAX = 32 * 1024 * 1024,
    ASKER_IN_FLIGHT_MAX = 10000,
    ASKER_PROCESSES_MAX = 100, /* of kind exec, which is never asked more at once */
    ASKER_WAITING_MAX = 1000000,
};

/* Which HTTP is spoken; `http:` of a target. */
enum asker_http {
    ASKER_HTTP_AUTO, /* over TLS whichever the server prefers, HTTP/1.1 otherwise */
    ASKER_HTTP_1,    /* HTTP/1.1 */
    ASKER_HTTP_2,    /* HTTP/2, without TLS by prior knowledge */
};

/* A simulator in this process: fills the reply (views into the arena) and how long it would have
 * taken. A reply with a code is an answer too, and is retried as one from a server would be. Fails
 * with ERR_MEMORY only. */
typedef int asker_simulate(void *context, const struct chat *chat, struct view model,
                           struct arena *arena, struct reply *ret_reply, uint64_t *ret_latency_ns);

/* Its connections; zero, where nothing else is said, is the default. */
struct asker_pool {
    uint32_t connections_min;
    uint32_t connections_max; /* 0, or more than may be in flight: as many as that */
    uint64_t checkout_in_ns;  /* 0: as long as the ask has */
    uint64_t idle_ns;         /* 0: 300 s */
    uint64_t lifetime_ns;     /* 0: 1 h */
    uint64_t check_every_ns;  /* 0: 60 s */
    bool auto_size;           /* the maximum moves between min and max (core/pool/autosize.h) */
};

struct asker_options {
    const struct provider_target *target; /* holds, with its views, until asker_free */
    uint64_t timeout_ns;    /* of one ask, from asker_ask to done, waiting and retries included;
                             * 0: 30 s */
    uint64_t connect_in_ns; /* 0: 5 s; a little less than timeout_ns, where that is 1 s to 5 s */
    uint32_t max_in_flight; /* 0: 50 */
    uint32_t waiting_max;   /* asks that may wait beyond those in flight; 0: 4096 */
    uint32_t attempts;      /* of one ask, the first included; 0: 3 */
    int64_t rpm;            /* requests a minute; 0: no limit */
    int64_t tpm;            /* tokens a minute, reserved and settled as Bedrock does; 0: no limit */
    int64_t rpd;            /* requests in any 24 hours; 0: no limit */
    int64_t tpd;            /* tokens in any 24 hours; 0: no limit */
    struct burn_rates burn; /* how tokens count against tpm and tpd */
    struct retry_settings retry; /* its attempts are taken from above */
    bool adaptive;               /* slows down when throttled, as the AWS SDKs do */
    bool by_latency;             /* as many in flight as latency shows to be borne, at most above */
    struct gradient_settings gradient; /* of by_latency */
    struct breaker_settings breaker;
    bool tls_insecure;       /* the peer's certificate is not verified */
    struct view tls_ca_file; /* PEM of further authorities; holds until asker_free */
    uint64_t seed;           /* of the retry delays */
    /* Who signs where the provider signs and the target has no api_key; holds until asker_free.
     * NULL: nobody. */
    struct keeper *keeper;
    struct asker_pool pool;
    /* Told when auto_size moved the pool's maximum, and why; NULL: nobody. */
    void (*resized)(void *context, const struct asker *asker, uint32_t from, uint32_t to,
                    const char *why);
    void *resized_context;
    enum asker_http http;
    uint32_t streams_max; /* on one connection of HTTP/2; 0: as many as it may carry */
    bool stream;          /* answers are asked for in pieces */
    /* An HTTP proxy to connect through; hold until asker_free. */
    struct view proxy_host; /* empty: none */
    uint16_t proxy_port;
    struct view proxy_user; /* "user:password"; empty: none. Secret */
    /* exec: the command and its arguments; holds until asker_free. */
    const struct view *command;
    size_t command_count;
    /* sim: who answers. */
    asker_simulate *simulate;
    void *simulate_context;
};

/* How asks went so far. */
struct asker_stats {
    uint64_t asked;     /* taken by asker_ask */
    uint64_t answered;  /* done with code 0 */
    uint64_t failed;    /* done with another code, cancelled ones included */
    uint64_t attempts;  /* requests that were sent */
    uint64_t retries;   /* of those, beyond an ask's first */
    uint64_t throttled; /* responses that said so */
    uint32_t in_flight; /* asks that hold a connection or wait for one */
    uint32_t waiting;   /* asks taken and not in flight */
    struct pool_metrics pool;
};

/* Called once for each ask. The answer and its views hold until it returns (answer_copy keeps
 * them). */
typedef void asker_done(void *context, struct id ask, const struct answer *answer);

/* Called for each piece of text of an answer that comes in pieces, before its done; once with the
 * whole text for one that does not. From then on the question is not asked a second time. The text
 * holds until it returns. It may call asker_ask, asker_cancel and asker_pause. */
typedef void asker_piece(void *context, struct id ask, struct view text);

/* A question with all that can be said about it; zero, where nothing else is said, is nothing. */
struct asker_question {
    const struct chat *chat;
    asker_done *done;
    asker_piece *piece; /* NULL: nobody listens to pieces */
    void *context;
    uint64_t timeout_ns; /* 0: the options' */
    uint64_t caller;     /* whose it is: callers take turns; 0: nobody's in particular */
    uint32_t weight;     /* of the caller's turns; 0: 1 */
};

/* The same for raw requests. `response` is NULL where none came whole; a response with an error
 * status is given beside the reply that it was read as. */
typedef void asker_raw_done(void *context, struct id ask, const struct http_response *response,
                            const struct answer *answer);

/* Makes an asker. `loop` is needed for kind exec alone and may be NULL otherwise. Nothing is
 * connected yet. ERR_CONFIG with the remedy where the target cannot be asked, ERR_DENIED where
 * nobody signs, ERR_UNSUPPORTED for kinds that cannot be asked yet (websocket), ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK int asker_new(struct outside *outside, struct loop *loop,
                         const struct asker_options *options, struct asker **ret_asker,
                         struct err *reterr);

/* True where targets of that kind are reached over HTTP. */
bool asker_speaks_http(enum provider_kind kind);

/* Ends all connections and processes and frees it. Asks that are not done never will be: cancel
 * them first where their end matters. Not from inside done. NULL is fine. */
void asker_free(struct asker *asker);

/* Takes a chat, which is copied at once. ERR_BUSY: as many as allowed are waiting, ask again after
 * a done; ERR_CONFIG and others of the provider where the chat cannot be put to this target;
 * ERR_LIMIT where it needs more tokens than tpm allows at all. `ret_ask` may be NULL. */
MUST_CHECK int asker_ask(struct asker *asker, const struct chat *chat, asker_done *done,
                         void *context, struct id *ret_ask, struct err *reterr);

/* The same with more to say. The chat is asked for in pieces where the options or the chat say
 * so. */
MUST_CHECK int asker_put(struct asker *asker, const struct asker_question *question,
                         struct id *ret_ask, struct err *reterr);

/* The same for a request of the caller's own to the same server (provider/embeddings.h),
 * which is copied at once: whole target, headers and key as a provider builds them; Host,
 * Content-Length and the signature are added here. A response of status 400 and up is read as the
 * provider's errors are and retried as such. ERR_UNSUPPORTED for exec and sim. */
MUST_CHECK int asker_ask_raw(struct asker *asker, const struct http_request *request,
                             asker_raw_done *done, void *context, struct id *ret_ask,
                             struct err *reterr);

/* The ask ends soon with ERR_CANCELLED; one that is done already is left alone. */
void asker_cancel(struct asker *asker, struct id ask);
void asker_cancel_all(struct asker *asker);

/* Back-pressure: while an ask is paused its server is soon stopped from sending. One that is done
 * is left alone. Its deadline goes on. */
void asker_pause(struct asker *asker, struct id ask, bool paused);

void asker_stats(const struct asker *asker, struct asker_stats *ret_stats);

/* What its pool did so far, for a report (core/pool/account.h): texts and histograms are borrowed
 * until the asker goes on or ends. False where nothing is connected (exec, sim). */
struct pool_account;
bool asker_account(const struct asker *asker, struct pool_account *ret_account);

/* The target that it asks. */
const struct provider_target *asker_target(const struct asker *asker);

#endif
