/* SPDX-License-Identifier: Apache-2.0
 *
 * chat: what a model is asked and what it answered, whichever API carries it.
 *
 * Views only: who makes a chat or a reply says how long its bytes live. Threads: values. */
#ifndef ASSAY_PROVIDER_CHAT_H
#define ASSAY_PROVIDER_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"
#include "wire/json.h"

enum chat_role { CHAT_USER, CHAT_ASSISTANT };

struct chat_message {
    enum chat_role role;
    struct view text;
};

struct chat {
    struct view system; /* empty: none */
    const struct chat_message *messages;
    size_t message_count;
    const struct json *params; /* object: max_tokens, temperature, top_p, stop, …; NULL: none */
    bool stream;               /* the answer is wanted in pieces, where its API has them */
    uint64_t
        sample; /* which repeat of the same question this is, from 0; real models never see it */
};

struct usage {
    int64_t tokens_in; /* without those read from a cache */
    int64_t tokens_out;
    int64_t cache_read_tokens;
    int64_t cache_write_tokens;
    bool known;     /* the answer carried usage, or it was estimated */
    bool estimated; /* counted from the text, not by the provider */
};

/* How generation ended, whatever each API calls it. */
enum stop_reason {
    STOP_UNKNOWN,
    STOP_END,       /* end_turn, stop */
    STOP_LENGTH,    /* max_tokens, length */
    STOP_SEQUENCE,  /* stop_sequence */
    STOP_TOOL_USE,  /* tool_use, tool_calls */
    STOP_FILTERED,  /* content_filtered, content_filter, refusal */
    STOP_GUARDRAIL, /* guardrail_intervened */
    STOP_MALFORMED, /* malformed_model_output, malformed_tool_use */
    STOP_CONTEXT,   /* model_context_window_exceeded */
};

/* "end_turn", "max_tokens", …: Bedrock's Converse words, "unknown" for STOP_UNKNOWN. */
const char *stop_reason_name(enum stop_reason stop);

/* Any provider's word for it. */
enum stop_reason stop_reason_read(struct view word);

/* What came back for one request: an answer (code 0) or an error. */
struct reply {
    int code;                /* 0, or an error of errors.def */
    bool may_retry;          /* of an error: the same request may succeed later */
    uint64_t retry_after_ns; /* of an error: what the server asked for, 0 where nothing */
    int http_status;         /* 0 where no HTTP was spoken */
    struct view text;        /* of an answer; valid UTF-8, repaired with U+FFFD where it was not */
    bool text_repaired;      /* the answer's bytes were not valid UTF-8 */
    struct usage usage;
    enum stop_reason stop;
    struct view stop_text;  /* the provider's own word */
    struct view request_id; /* empty where none was given */
    struct view model;      /* the model that says it answered */
    struct view error_type; /* "ThrottlingException", "rate_limit_error" */
    struct view error_text; /* for people: what went wrong and what to do; never holds a secret */
};

#endif
