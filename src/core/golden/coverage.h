/* SPDX-License-Identifier: Apache-2.0
 *
 * coverage: what a golden set looks at, as a matrix of languages, query types and formats, what of
 * it is thin and by which rule, and the smallest loss each part of it could show.
 *
 *   language  that the entry expects; else a tag that is a language's code; else that of its
 *             variables' texts; "und" where nothing tells
 *   type      the entry's first tag that is no language; else its prompt's name; "-" where it has
 *             neither
 *   format    that the entry expects; "any" where it expects none
 *
 * Every entry is in one cell. The smallest loss is that of the cell's mean score which a test with
 * the power of stats/effect.h sees: 2.486 · sqrt(noise² · 2/K / n), where the noise is that of one
 * answer within an entry, measured on accepted answers or assumed.
 *
 * It judges no answer. What it says of a prompt's instructions (the rule `unseen-instruction`) is
 * known from words alone: a hint, no proof.
 * Memory: the caller's arena; views of the golden set. Threads: no state.
 * Limits: COVERAGE_CELLS_MAX cells; what comes after joins the type "(others)". */
#ifndef ASSAY_CORE_GOLDEN_COVERAGE_H
#define ASSAY_CORE_GOLDEN_COVERAGE_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "core/golden/baseline.h"
#include "core/golden/entries.h"

enum {
    COVERAGE_CELLS_MAX = 2000,
    COVERAGE_FEW = 5,                     /* entries below which a part is thin */
    COVERAGE_NOISE_ASSUMED_MICRO = 80000, /* of one answer, where nothing was measured */
    COVERAGE_LOSS_LARGE_MICRO = 200000,   /* a critical loss, which a cell should see */
};

struct coverage_cell {
    struct view language;
    struct view type;
    struct view format;
    size_t entries;
    size_t with_keywords;
    size_t with_forbidden;
    size_t with_checks;  /* that expect anything at all of the answer itself */
    int64_t least_micro; /* the smallest loss of the mean score that could be seen */
};

enum coverage_rule {
#define RULE(id, name, help) COVERAGE_##id,
#include "core/golden/coverage_rules.def"
#undef RULE
    COVERAGE_RULE_COUNT,
};

/* Something thin. */
struct coverage_gap {
    enum coverage_rule rule;
    struct view subject; /* the language, type, prompt or entry */
    uint32_t line;       /* in the golden set; 0: none in particular */
    const char *message; /* with the remedy */
};

struct coverage {
    const struct coverage_cell *cells; /* by language, type, format */
    size_t cell_count;
    const struct coverage_cell *languages; /* sums: type and format empty */
    size_t language_count;
    const struct coverage_cell *types; /* sums: language and format empty */
    size_t type_count;
    struct coverage_cell all;
    const struct coverage_gap *gaps; /* by rule, then by place */
    size_t gap_count;
    uint32_t repeat;
    int64_t noise_micro;
    bool noise_is_assumed;
};

struct coverage_options {
    uint32_t repeat;     /* answers an entry gets in a run; at least 1 */
    int64_t noise_micro; /* of one answer's score within an entry; negative: not measured */
};

/* A resolved set. ERR_MEMORY. */
MUST_CHECK int coverage_of(struct arena *arena, const struct golden_set *set,
                           const struct coverage_options *options, struct coverage *ret_coverage);

/* The standard deviation of one accepted answer's score within its entry, pooled over the entries
 * that have several; -1 where none has. */
int64_t coverage_noise(const struct baseline *baseline);

/* "few-entries", and what the rule says. */
const char *coverage_rule_name(enum coverage_rule rule);
const char *coverage_rule_help(enum coverage_rule rule);

/* The matrix and the gaps as text, and as members of a JSON object that is open: "coverage": {…}.
 */
void coverage_text(const struct coverage *coverage, struct strbuf *out);
void coverage_json(const struct coverage *coverage, struct json_writer *writer);

#endif
