/* SPDX-License-Identifier: Apache-2.0
 *
 * expectation_internal: what is expected, compiled: shared by expectation.c, which makes it, and
 * those who hold an answer against it.
 *
 * Threads: constant once made. */
#ifndef ASSAY_CORE_VALIDATE_EXPECTATION_INTERNAL_H
#define ASSAY_CORE_VALIDATE_EXPECTATION_INTERNAL_H

#include "base/arena.h"
#include "base/utf8.h"
#include "core/validate/expectation.h"
#include "text/keywords.h"
#include "text/language.h"
#include "text/schema.h"
#include "text/structure.h"

/* The checks, in the order of the table in expectation.c. */
enum expectation_check {
    EXPECTATION_KEYWORDS,
    EXPECTATION_FORBIDDEN,
    EXPECTATION_FORMAT,
    EXPECTATION_LANGUAGE,
    EXPECTATION_LENGTH,
    EXPECTATION_PATTERN,
};

enum { EXPECTATION_CHECKS = EXPECTATION_PATTERN + 1, EXPECTATION_TREE_BYTES_MAX = 256 << 20 };

struct expected_keyword {
    enum expectation_check check; /* KEYWORDS or FORBIDDEN */
    struct view shown;            /* for messages */
};

struct expected_pattern {
    struct view name; /* "pattern.price" */
    struct view shown;
    bool is_forbidden;
    enum severity severity;
};

struct examine_checks; /* examine.h */

struct expectation {
    struct arena arena;
    const struct examine_checks *checks; /* NULL: none */
    enum severity severities[EXPECTATION_CHECKS];

    struct keywords *keywords;
    struct expected_keyword *keyword_items;
    size_t keyword_count;
    size_t expected_count;
    size_t forbidden_count;

    struct keywords *patterns;
    struct expected_pattern *pattern_items;
    size_t pattern_count;

    bool has_format;   /* something is asked of the form */
    bool has_language; /* `any` where it was said */
    struct structure_spec structure;
    struct schema *schema;
    struct view language;
    int64_t min_chars;
    int64_t max_chars;
};

/* "keywords", "forbidden", … */
struct view expectation_check_name(enum expectation_check check);

#endif
