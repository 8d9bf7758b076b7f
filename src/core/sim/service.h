/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the simulator as a service: an HTTP request in, what is to be sent and when out, no
 * sockets. A sim behind the APIs of real services (serve.c has the routes), with quotas that
 * reserve and settle as Bedrock's do, and trouble on purpose.
 *
 *     serve → (head at latency_ns, each piece when it is due, then the ending) → settle
 *
 * Same service, request, serial and quota level: the same bytes at the same times.
 * Pure. Memory: answers in the caller's arena; quotas from base/mem. Threads: one owner.
 * Time: nanoseconds, passed in, never back. Limits: SERVICE_MODELS_MAX models with a quota of their
 * own, all others share one. Source: Amazon Bedrock User Guide, "How tokens are counted". */
#ifndef ASSAY_CORE_SIM_SERVICE_H
#define ASSAY_CORE_SIM_SERVICE_H

#include "core/quota/bucket.h"
#include "core/sim/sim.h"
#include "wire/http.h"

enum { SIM_BODY_MAX_BYTES = 25 * 1000 * 1000, SERVICE_MODELS_MAX = 64 };

/* Trouble that requests meet at random, one row each in troubles.def. */
enum sim_trouble {
#define TROUBLE(name, word, explains) SIM_TROUBLE_##name,
#include "core/sim/troubles.def"
#undef TROUBLE
    SIM_TROUBLE_COUNT,
};

struct sim_troubles {
    double rates[SIM_TROUBLE_COUNT]; /* probability of each, for one request */
    double slow_factor;              /* how many times as long a slow answer takes; 0: 10 */
};

/* Reads "throttle:0.01,reset:0.001" or "slow:0.05:20" (a tenth parameter of slow is its factor)
 * into *troubles; kinds not named stay as they are. ERR_USAGE with the remedy otherwise. */
MUST_CHECK int sim_troubles_parse(struct view text, struct sim_troubles *troubles,
                                  struct err *reterr);
const char *sim_trouble_word(enum sim_trouble trouble);

/* One part of a body that is sent when its time has come. */
struct sim_piece {
    uint64_t after_ns; /* since the piece before it, of the first since the head */
    struct view bytes;
};

/* How the answer ends. */
enum sim_ending {
    SIM_ENDS_WELL,
    SIM_ENDS_RESET,  /* the connection (of HTTP/2: the stream) is reset after what was sent */
    SIM_ENDS_CUT,    /* the connection is closed in an orderly way, though more was announced */
    SIM_ENDS_SILENT, /* nothing more comes, and the connection stays */
};

struct sim_bill {
    uint32_t account; /* whose quota, plus 1; 0: nobody's */
    int64_t reserved; /* tokens */
    int64_t used;
};

struct sim_served {
    struct http_response response; /* its body is the whole where there are no pieces */
    bool without_head;             /* not even the head is sent before the ending */
    uint64_t latency_ns;           /* until the head is sent */
    const struct sim_piece *pieces;
    size_t piece_count; /* 0: response.body is the body */
    size_t cut_bytes;   /* of RESET and CUT without pieces: so much of the body is sent before */
    enum sim_ending ending;
    struct sim_bill bill;
};

struct sim_service_options {
    struct sim sim;
    struct sim_troubles troubles;
    int64_t requests_a_minute; /* for each model; 0: no limit */
    int64_t tokens_a_minute;   /* likewise */
};

struct sim_service;

/* ERR_LIMIT for a quota that is none, ERR_MEMORY. The options are copied. */
MUST_CHECK int sim_service_new(const struct sim_service_options *options, uint64_t now_ns,
                               struct sim_service **ret_service);
void sim_service_free(struct sim_service *service);

/* Answers one request. A header x-assay-sample: N asks for the N-th sample of the same request. The
 * views of ret_served live in the arena; its response has content-type, but no content-length: that
 * is the codec's. Fails with ERR_MEMORY only. */
MUST_CHECK int sim_service_serve(struct sim_service *service, uint64_t now_ns,
                                 const struct http_request *request, struct arena *arena,
                                 struct sim_served *ret_served);

/* Says instead that there is no room for this request's answer: 503 (Anthropic's 529) in the words
 * of the API that was asked, a few hundred bytes. ERR_MEMORY. */
MUST_CHECK int sim_service_refuse(struct sim_service *service, const struct http_request *request,
                                  struct arena *arena, struct sim_served *ret_served);

/* The path of a request's target, still encoded: without the query, and without the scheme and the
 * authority that a client may write before it (RFC 9112, section 3.2.2). */
struct view sim_service_path(struct view target);

/* Answers one WebSocket message, {"action": "message", "text": "…", "model"?: "…"}: each piece is
 * one message, {"type": "token", "text": "…"} and at last {"type": "end", …} or
 * {"type": "error", "error": …, "message": …}. */
MUST_CHECK int sim_service_message(struct sim_service *service, uint64_t now_ns,
                                   struct view message, struct arena *arena,
                                   struct sim_served *ret_served);

/* The answer is over, sent or given up: what was reserved and not used goes back. */
void sim_service_settle(struct sim_service *service, uint64_t now_ns, const struct sim_bill *bill);

#endif
