/* SPDX-License-Identifier: Apache-2.0
 *
 * asserts: plain demands on the bytes of an answer, as other tools' tests have them, with exact
 * case and spelling (keywords fold both):
 *
 *   - {check: assert.capital, type: contains, value: Paris}
 *   - {check: assert.short, type: words, max: 40}
 *   - check: assert.either
 *     threshold: 0.5                  # of the weights; without one, every one must hold
 *     of:
 *       - {type: starts_with, value: Yes, weight: 2}
 *       - {type: contains_any, value: [sure, certainly], ignore_case: true}
 *       - {type: regex, value: 'sorry', not: true}
 *
 * What is asked of an answer's latency, cost or ending is only judged where an answer came from a
 * target or a recording; of a text alone it holds.
 *
 * Regular expressions are PCRE2, over the answer in NFKC; `contains` and its kin compare bytes, or
 * NFKC without case with `ignore_case`.
 * Memory: what is read refers to the tree and the arena. Threads: constant once read. */
#ifndef ASSAY_CORE_VALIDATE_ASSERTS_H
#define ASSAY_CORE_VALIDATE_ASSERTS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "config/spec.h"
#include "provider/chat.h"
#include "wire/json.h"

enum { ASSERT_DEPTH_MAX = 8 };

enum assert_type {
#define ASSERT(id, ...) ASSERT_##id,
#include "core/validate/asserts.def"
#undef ASSERT
    ASSERT_TYPE_COUNT,
};

/* One demand. */
struct assert_item {
    enum assert_type type;
    const struct view *texts; /* of TEXT the one */
    size_t text_count;
    const struct json *tree; /* of TREE and of a value that is no text; NULL: none */
    bool ignore_case;
    bool is_not;
    bool has_min;
    bool has_max;
    bool has_threshold;
    double min;
    double max;
    double threshold;
    double weight;
    const struct assert_item *of; /* of ALL */
    size_t of_count;
};

/* The same as a table reads it. */
struct assert_item_keys {
    unsigned type;
    const struct json *value;
    bool ignore_case;
    bool is_not;
    const struct json *min;
    const struct json *max;
    const struct json *threshold;
    const struct json *weight;
    const struct json *of;
};

/* The fields of a demand, for the table of a row that has them among its own. */
#define ASSERT_FIELDS(at) \
    {.key = "type", \
     .type = CONFIG_CHOICE, \
     .offset = (at) + offsetof(struct assert_item_keys, type), \
     .choices = assert_type_names, \
     .help = "what is demanded; with 'of': all"}, \
        {.key = "value", \
         .type = CONFIG_RAW, \
         .offset = (at) + offsetof(struct assert_item_keys, value), \
         .help = "what the answer is held against"}, \
        {.key = "ignore_case", \
         .type = CONFIG_BOOL, \
         .offset = (at) + offsetof(struct assert_item_keys, ignore_case), \
         .help = "capitals and full-width forms are the same as small ones"}, \
        {.key = "not", \
         .type = CONFIG_BOOL, \
         .offset = (at) + offsetof(struct assert_item_keys, is_not), \
         .help = "the answer must not be so"}, \
        {.key = "min", \
         .type = CONFIG_RAW, \
         .offset = (at) + offsetof(struct assert_item_keys, min), \
         .help = "words at least"}, \
        {.key = "max", \
         .type = CONFIG_RAW, \
         .offset = (at) + offsetof(struct assert_item_keys, max), \
         .help = "words, milliseconds or dollars at most"}, \
        {.key = "threshold", \
         .type = CONFIG_RAW, \
         .offset = (at) + offsetof(struct assert_item_keys, threshold), \
         .help = "edits at most, or the score or share of weights at least"}, \
        {.key = "weight", \
         .type = CONFIG_RAW, \
         .offset = (at) + offsetof(struct assert_item_keys, weight), \
         .help = "what it counts for within 'of' (1)"}, \
    { \
        .key = "of", .type = CONFIG_RAW, .offset = (at) + offsetof(struct assert_item_keys, of), \
        .help = "several demands, each with these keys" \
    }

extern const char *const assert_type_names[]; /* NULL at the end */
const char *assert_type_name(enum assert_type type);

/* Makes a demand of the keys of the mapping `at`. What is wrong goes to the reader's problems;
 * fails with ERR_MEMORY only. */
MUST_CHECK int assert_read(const struct config_reader *reader, const struct json *at,
                           const struct assert_item_keys *keys, struct assert_item *ret_item);

/* An answer, and what is known of how it came. */
struct assert_subject {
    struct view answer;
    bool knows_figures; /* false: a text alone, of which figures are not asked */
    bool has_latency;
    uint64_t latency_ns;
    bool has_cost;
    int64_t cost_nano_usd;
    bool has_stop;
    enum stop_reason stop;
};

struct assert_result {
    bool passes;
    double score;    /* 0..1 */
    const char *why; /* in the arena; NULL where it passes */
};

/* ERR_LIMIT with reterr where a text is too long to be judged; ERR_MEMORY. */
MUST_CHECK int assert_evaluate(const struct assert_item *item, const struct assert_subject *subject,
                               struct arena *arena, struct assert_result *ret_result,
                               struct err *reterr);

#endif
