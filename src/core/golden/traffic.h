/* SPDX-License-Identifier: Apache-2.0
 *
 * traffic: recorded requests → proposals for a golden set.
 *
 *   traffic_read    one line of a log → question, system prompt, answer
 *   traffic_add     takes it: the first TRAFFIC_SAMPLE show what system prompt and template they
 *                   have in common; questions are put into clusters of near-equal wording
 *   traffic_propose the clusters asked most, each language with its share, one question each
 *
 * Lines are Bedrock's model invocation logs (as in S3, or wrapped by a CloudWatch export), requests
 * and answers of the OpenAI and Anthropic APIs ({request, response}, {body, response}, or the
 * request itself), and {prompt|messages|question|input, response?, system?}.
 *
 * A system prompt is the most frequent one; a template is what four in five of the different
 * questions of the sample begin or end with, where that is long enough to be no accident. What is
 * between is {{question}}; more slots than one are not recovered.
 *
 * Clusters, all digits alike: MinHash (Broder 1997) of character 3-grams finds candidates, the
 * cosine of n-grams (text/similarity.h) decides. Personal data is not known here: whoever writes
 * proposals masks them.
 * Memory: its own arena; TRAFFIC_CLUSTERS_MAX clusters of TRAFFIC_TEXT_MAX bytes each at the most,
 * however many lines there are. Threads: one owner. */
#ifndef ASSAY_CORE_GOLDEN_TRAFFIC_H
#define ASSAY_CORE_GOLDEN_TRAFFIC_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "wire/json.h"

enum {
    TRAFFIC_TEXT_MAX = 4096, /* bytes of a question or an answer that is kept */
    TRAFFIC_SYSTEM_MAX =
        65536, /* of a system prompt, and of a question while the template is learnt */
    TRAFFIC_SYSTEMS_MAX = 64,    /* different system prompts that are counted */
    TRAFFIC_SAMPLE = 500,        /* lines that show the template */
    TRAFFIC_CLUSTERS_MAX = 8192, /* further questions are counted alone */
    TRAFFIC_ANSWERS_EACH = 3,    /* answers of a cluster that are kept */
    TRAFFIC_SAME_MICRO = 700000, /* cosine from which two questions are one */
};

/* One line's request. Views of the line's tree. */
struct traffic_record {
    struct view system;   /* empty: none */
    struct view question; /* what the user said last */
    struct view response; /* empty: none, or not text */
    struct view model;
    struct view region; /* of Bedrock's logs; empty elsewhere */
    bool has_turns;     /* there were turns before the question, which a proposal does not have */
};

/* ERR_SYNTAX with reterr (no place) where the tree has no question; ERR_MEMORY. */
MUST_CHECK int traffic_read(struct arena *arena, const struct json *line,
                            struct traffic_record *ret_record, struct err *reterr);

struct traffic;

MUST_CHECK int traffic_new(struct traffic **ret_traffic);
void traffic_free(struct traffic *traffic); /* NULL is fine */

/* Copies what it keeps. ERR_MEMORY. */
MUST_CHECK int traffic_add(struct traffic *traffic, const struct traffic_record *record,
                           uint64_t line);

struct traffic_proposal {
    struct view question; /* without what the template has */
    struct view language; /* of the question: "ja", "und" */
    uint64_t count;       /* questions of the cluster */
    uint64_t line;        /* of the first */
    const struct view *answers;
    size_t answer_count;
    struct view answer_language; /* of all answers; empty: they do not agree, or there are none */
    bool answers_are_json;
    int64_t max_chars; /* 0: none proposed */
};

struct traffic_proposals {
    const struct traffic_proposal *items; /* the most asked first */
    size_t count;
    struct view system; /* the most frequent system prompt, {{ escaped; empty: none */
    uint64_t systems;   /* different ones that were seen (counted up to a bound) */
    int64_t system_share_micro;
    struct view template; /* with {{question}} */
    struct view model;    /* what Bedrock's logs name most often; empty: none */
    struct view region;
    uint64_t questions;
    uint64_t clusters;
    uint64_t with_turns; /* questions that had turns before them */
    uint64_t uncounted;  /* questions past TRAFFIC_CLUSTERS_MAX that fit no cluster */
};

/* Up to `most` of them, each language with its share and five at least where it has them. Ends
 * adding. ERR_MEMORY. */
MUST_CHECK int traffic_propose(struct traffic *traffic, struct arena *arena, size_t most,
                               struct traffic_proposals *ret_proposals);

/* The golden set as YAML, and the recorded answers as JSON Lines for --responses. */
void traffic_write_golden(const struct traffic_proposals *proposals, struct view source,
                          struct strbuf *out);
void traffic_write_answers(const struct traffic_proposals *proposals, struct strbuf *out);

#endif
