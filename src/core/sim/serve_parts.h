/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_parts: what the API families share: one exchange, its outcome, reading text out of content,
 * answers in pieces. Private to service.c and serve*.c.
 *
 * Pure. Memory: the exchange's arena. Threads: one owner. */
#ifndef ASSAY_CORE_SIM_SERVE_PARTS_H
#define ASSAY_CORE_SIM_SERVE_PARTS_H

#include "base/rng.h"
#include "base/strbuf.h"
#include "core/sim/service.h"

enum {
    SERVE_MESSAGES_MAX = 10000,
    SERVE_BYTES_MAX = 32 * 1024 * 1024, /* of one answer */
};

struct exchange {
    struct sim_service *service;
    const struct sim *sim;
    const struct http_request *request;
    struct view path;        /* without the query, still encoded */
    const struct json *body; /* NULL where the request has none or it is no JSON */
    uint64_t now_ns;
    uint64_t serial;
    uint64_t sample; /* of x-assay-sample */
    uint64_t id;     /* of the request: the same for the same server, request and serial */
    struct arena *arena;
    struct sim_served *served;
    struct sim_piece *pieces;        /* served->pieces, once there are any */
    const struct sim_fault *trouble; /* what this request meets at random; NULL: nothing */
    bool fails_midstream;            /* likewise */
};

/* ---- routes: each answers the exchange (fills served) and returns 0 or ERR_MEMORY ----------- */

MUST_CHECK int serve_route(struct exchange *exchange);
MUST_CHECK int serve_no_room(struct exchange *exchange); /* 503: memory or the budget is short */
MUST_CHECK int serve_bedrock(struct exchange *exchange);
MUST_CHECK int serve_guardrail(struct exchange *exchange);
MUST_CHECK int serve_message(struct exchange *exchange); /* of a WebSocket */
MUST_CHECK int serve_converse(struct exchange *exchange, struct view model, bool stream);
MUST_CHECK int serve_bedrock_embedding(struct exchange *exchange, struct view model);
MUST_CHECK int serve_openai_chat(struct exchange *exchange);
MUST_CHECK int serve_openai_embeddings(struct exchange *exchange);
MUST_CHECK int serve_openai_models(struct exchange *exchange);
MUST_CHECK int serve_openai_model(struct exchange *exchange);
MUST_CHECK int serve_anthropic_messages(struct exchange *exchange);
MUST_CHECK int serve_anthropic_count(struct exchange *exchange);
MUST_CHECK int serve_anthropic_fault(struct exchange *exchange, const struct sim_fault *fault);

/* ---- answers -------------------------------------------------------------------------------- */

/* An OpenAI error object; param and code may be NULL. */
MUST_CHECK int serve_openai_error(struct exchange *exchange, int status, const char *type,
                                  const char *param, const char *code, struct view message);
MUST_CHECK int serve_openai_fault(struct exchange *exchange, const struct sim_fault *fault);
/* An answer of OpenAI's: JSON with its request id; releases out. */
MUST_CHECK int serve_openai_finish(struct exchange *exchange, int status, struct strbuf *out);

/* Chat completions in pieces; and what whole ones share with them. */
MUST_CHECK int serve_openai_stream(struct exchange *exchange, struct view model,
                                   const struct reply *replies, size_t count);
void openai_write_usage(struct json_writer *writer, int64_t tokens_in, int64_t tokens_out);
const char *openai_finish_reason(enum stop_reason stop);

/* The same for Bedrock: message, type and request id as the service model says. */
MUST_CHECK int serve_bedrock_error(struct exchange *exchange, int status, const char *type,
                                   struct view message);
MUST_CHECK int serve_bedrock_invalid(struct exchange *exchange, const char *message);
MUST_CHECK int serve_bedrock_fault(struct exchange *exchange, const struct sim_fault *fault);
MUST_CHECK int serve_bedrock_finish(struct exchange *exchange, struct strbuf *out);
/* Token counts and latency in the headers that InvokeModel has. */
MUST_CHECK int serve_bedrock_counts(struct exchange *exchange, const struct usage *usage);
MUST_CHECK int serve_bedrock_request_id(struct exchange *exchange);

/* Puts the JSON that out holds into the response and releases out. */
MUST_CHECK int serve_json(struct exchange *exchange, int status, struct strbuf *out);

/* Adds a header; value is copied. ERR_MEMORY. */
MUST_CHECK int serve_header(struct exchange *exchange, const char *name, struct view value);

/* ---- requests ------------------------------------------------------------------------------- */

/* Reads a string or an array of parts with text ({"text": …}, also "content" of tool results) into
 * one text, parts on lines of their own. False where it is neither. *code gets ERR_MEMORY. */
bool serve_content(struct exchange *exchange, const struct json *content, struct view *ret_text,
                   int *code);

/* A chat as it is being read: the first problem stays. */
struct reading {
    struct exchange *exchange;
    struct chat chat;
    struct chat_message *messages;
    const char *problem; /* NULL: none */
    int code;
};

/* "messages" and "system" of Claude's and Converse's bodies; Converse allows no plain strings. */
void reading_messages(struct reading *reading, const struct json *body, bool strings);
void reading_system(struct reading *reading, const struct json *body);
/* A number within its range where it is there. */
void reading_number(struct reading *reading, const struct json *value, double low, double high,
                    const char *problem);
/* The same for an integer. */
void reading_integer(struct reading *reading, const struct json *value, double low, double high,
                     const char *no_integer, const char *problem);

/* Which error the model's id (`mark` and its type at its end) or chance ask for; NULL: none. */
const struct sim_fault *serve_fault(const struct exchange *exchange, struct view model);
/* The same for an error after a stream began, ".stream-fault-TYPE". */
const struct sim_fault *serve_stream_fault(const struct exchange *exchange, struct view model);

/* Takes the tokens that a request reserves from its model's quota: NULL, or the fault that says
 * they are not there. */
const struct sim_fault *serve_reserve(struct exchange *exchange, struct view model, int64_t in,
                                      int64_t out_max);
/* What it used after all. */
void serve_used(struct exchange *exchange, struct view model, const struct usage *usage);

/* Asks the model within its quota: the chat's params and system as given. A reply with a code is an
 * error to be told; where *ret_fault is not NULL in that fault's words. */
MUST_CHECK int serve_ask(struct exchange *exchange, struct chat *chat, struct view model,
                         struct reply *ret_reply, const struct sim_fault **ret_fault);

/* ---- answers in pieces ---------------------------------------------------------------------- */

struct serve_stream {
    struct exchange *exchange;
    const struct reply *reply;
    struct view model;
    int64_t choice;    /* of OpenAI's n */
    int64_t tokens_in; /* of all choices together */
    int64_t tokens_out;
    uint64_t first_ns; /* of the answer's time, before the first piece */
    uint64_t whole_ns;
    struct sim_piece *pieces;
    size_t count;
    size_t capacity;
    struct strbuf bytes; /* of the piece that is being written */
    struct rng rng;
    int code;
};

/* How an API says it. Each appends what belongs into the present piece to stream->bytes. */
struct serve_form {
    const char *content_type;
    void (*begin)(struct serve_stream *stream); /* with the first text */
    void (*delta)(struct serve_stream *stream, struct view text);
    void (*end)(struct serve_stream *stream);    /* with the last */
    void (*finish)(struct serve_stream *stream); /* after all choices; may be NULL */
    void (*fault)(struct serve_stream *stream, const struct sim_fault *fault);
};

/* Answers with `count` replies, one after the other, in pieces of a few tokens each, the first
 * after a quarter of the answer's time. Headers besides content-type are the caller's. */
MUST_CHECK int serve_stream(struct exchange *exchange, const struct serve_form *form,
                            struct view model, const struct reply *replies, size_t count);

/* A frame of Bedrock's streams: message_type "event" or "exception", and of which type. Releases
 * json. */
void serve_frame(struct serve_stream *stream, const char *message_type, struct view type,
                 struct strbuf *json);
struct view serve_padding(struct serve_stream *stream);
/* An exception, as such a frame. */
void serve_exception_frame(struct serve_stream *stream, const struct sim_fault *fault);

/* ---- Claude's messages, on Bedrock and at Anthropic ------------------------------------------ */

/* Reads a body of the Messages API, but for what only one of the two has. */
void claude_read(struct reading *reading, const struct json *body);
void claude_write(const struct exchange *exchange, const char *id_prefix, struct view model,
                  const struct reply *reply, struct strbuf *out);
/* Writes the stream's events, each by `event` with its name and its JSON. */
typedef void claude_event(struct serve_stream *stream, const char *name, struct view json);
void claude_begin(struct serve_stream *stream, const char *id_prefix, claude_event *event);
void claude_delta(struct serve_stream *stream, struct view text, claude_event *event);
void claude_end(struct serve_stream *stream, bool with_metrics, claude_event *event);
int64_t claude_tokens(const struct chat *chat);

/* ---- embeddings ----------------------------------------------------------------------------- */

/* A vector of length 1: texts with common words and characters lie near each other. ERR_MEMORY. */
MUST_CHECK int serve_embed(struct arena *arena, struct view text, size_t dimensions,
                           float **ret_vector);
void serve_write_vector(struct json_writer *writer, const float *vector, size_t count);

#endif
