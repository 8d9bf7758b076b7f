/* SPDX-License-Identifier: Apache-2.0
 *
 * extract: sources, expected language and format, and tags, read by rules out of what a client
 * sends that knows nothing of them: headers, metadata of the request, tagged blocks of the prompt,
 * results of tools, the language of the question.
 *
 *   extract:
 *     sources: [{tag: documents}, {tool_results: true}, {header: x-rag-sources}, {metadata: rag}]
 *     language: [{header: x-language}, {metadata: language}, {follow: question}]
 *     format: {header: x-format}
 *     tags: {metadata: tags}
 *
 * Of sources and tags all rules count; of language and format the first that finds anything. A
 * block <documents>…</documents> is one source, or as many as it has blocks of the same inner tag
 * (<document index="1">…</document>). A value that is a JSON array of texts is several.
 *
 * The language of the question is only followed where it is Japanese or English beyond doubt and
 * the question asks for no other ("in English please", 英語で). What is followed is a guess: an answer
 * must then be mostly in another language to fail.
 *
 * Understands messages as the APIs of Anthropic, OpenAI and Bedrock's Converse write them.
 * Memory: views of the input, or the caller's arena. Threads: no state. Limits: EXTRACT_SOURCES_MAX
 * sources, further ones are left out. */
#ifndef ASSAY_CORE_VALIDATE_EXTRACT_H
#define ASSAY_CORE_VALIDATE_EXTRACT_H

#include "base/arena.h"
#include "config/spec.h"
#include "core/validate/expect.h"
#include "provider/chat.h"

enum { EXTRACT_SOURCES_MAX = 1000, EXTRACT_TAGS_MAX = 100, EXTRACT_RULES_MAX = 32 };

enum extract_kind {
    EXTRACT_TAG,          /* a tagged block of the system prompt or a user's message */
    EXTRACT_HEADER,       /* a header, its name without regard to case */
    EXTRACT_METADATA,     /* a member of the metadata; dots lead inwards */
    EXTRACT_TOOL_RESULTS, /* what tools answered */
    EXTRACT_FOLLOW,       /* the language of the question */
};

struct extract_rule {
    enum extract_kind kind;
    struct view name;
};

struct extract_rules {
    const struct extract_rule *items;
    size_t count;
};

struct policy_extract {
    bool is_stated; /* false: the default rules */
    struct extract_rules sources;
    struct extract_rules language;
    struct extract_rules format;
    struct extract_rules tags;
};

struct extract_header {
    struct view name;
    struct view value;
};

/* What the client sent; whatever is not there is NULL or empty. */
struct extract_input {
    const struct extract_header *headers;
    size_t header_count;
    const struct json *metadata; /* Converse's requestMetadata, or `metadata` */
    const struct chat *chat;
    const struct json *messages; /* of the request's own body, for the results of tools */
};

struct extracted {
    const struct view *sources;
    size_t source_count;
    struct view language;      /* "ja", …; empty: nothing says */
    bool is_followed;          /* the language is only that of the question */
    enum expect_format format; /* EXPECT_FORMAT_NONE: nothing says */
    const struct view *tags;
    size_t tag_count;
    struct view question; /* the last message of the user without the blocks that were sources */
};

/* The rules that hold where a policy states none. */
const struct policy_extract *extract_default(void);

/* Reads `extract:`; NULL: the default. Problems are reported; fails with ERR_MEMORY only. */
MUST_CHECK int extract_read(const struct config_reader *reader, const struct json *at,
                            const struct policy_extract **ret_extract);

/* ERR_MEMORY. What a rule finds but cannot be used (a language that is none) counts as not
 * found. */
MUST_CHECK int extract_run(const struct policy_extract *rules, const struct extract_input *input,
                           struct arena *arena, struct extracted *ret_extracted);

/* The language that an answer to this question should have: "ja" or "en"; empty where the question
 * leaves it open. ERR_MEMORY. */
MUST_CHECK int extract_followed(struct view question, struct view *ret_language);

extern const struct config_table extract_table;

#endif
