/* SPDX-License-Identifier: Apache-2.0
 *
 * expect: what an answer is to be like: keywords, forbidden words, language, format, lengths,
 * checks; the same keys in a golden set's entry, in a policy and in a line of `assay score` or
 * `assay validate`.
 *
 * Reads and checks the mapping as far as that goes without files, regular expressions and an
 * answer; expectation.h compiles it.
 * Memory: refers to the tree and to the reader's arena. Threads: read-only once read. */
#ifndef ASSAY_CORE_VALIDATE_EXPECT_H
#define ASSAY_CORE_VALIDATE_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"
#include "config/problems.h"
#include "config/spec.h"
#include "core/record/verdict.h"
#include "wire/json.h"

/* No file: the schema stands in the mapping itself, or there is none. */
#define EXPECT_NO_FILE SIZE_MAX

struct expect_keyword {
    const struct view *texts; /* any of these spellings; of a pattern the one pattern */
    size_t text_count;        /* at least 1 */
    bool is_pattern;          /* a regular expression (`match:`) */
    bool whole_word;
    int64_t at_least; /* times, 1 unless stated */
    uint32_t line;
    uint32_t column;
};

struct expect_keywords {
    const struct expect_keyword *items;
    size_t count;
};

enum expect_format {
    EXPECT_FORMAT_NONE,
    EXPECT_FORMAT_TEXT,
    EXPECT_FORMAT_JSON,
    EXPECT_FORMAT_MARKDOWN
};

enum expect_fenced { EXPECT_FENCED_FORBID, EXPECT_FENCED_ALLOW };

/* Elements of Markdown, as bits. */
enum expect_element {
    EXPECT_HEADING = 1,
    EXPECT_LIST = 2,
    EXPECT_TABLE = 4,
    EXPECT_CODE = 8,
    EXPECT_LINK = 16,
};

/* One of `checks:`: a name alone, or a mapping with `check: NAME`, its options and `severity:`. */
struct expect_check {
    struct view name;
    bool has_severity;
    enum severity severity;
    const struct json *at; /* the name, or the mapping */
    uint32_t line;
    uint32_t column;
};

struct expect {
    struct expect_keywords keywords;
    struct expect_keywords forbidden;
    struct view language; /* "en", "ja", "zh", "ko", "mixed", another code; "any" unless stated */
    enum expect_format format;
    enum expect_fenced fenced;
    const struct json *schema; /* the JSON Schema, of a file once the reader has it; NULL: none */
    size_t schema_file;        /* what the reader's name_file said, or EXPECT_NO_FILE */
    int64_t min_chars;         /* -1: none */
    int64_t max_chars;
    unsigned elements;          /* expect_element bits; 0: none asked for */
    const struct json *tools;   /* as written; NULL: none */
    struct config_list command; /* program and arguments, or one line for a shell */
    bool command_is_line;
    const struct expect_check *checks;
    size_t check_count;
    const struct json *at; /* the mapping; NULL: nothing is expected */
};

struct expect_reader {
    const struct config_reader *config;
    /* Takes the name of a schema's file: its number, for schema_file. ERR_MEMORY. NULL where no
     * files are read: then a name is refused. */
    int (*name_file)(void *context, const struct json *value, size_t *ret_file);
    void *context;
};

/* Nothing is expected. */
struct expect expect_none(void);

/* Reads the mapping; NULL: nothing is expected. What is wrong goes to the reader's problems; fails
 * with ERR_MEMORY only. */
MUST_CHECK int expect_read(const struct expect_reader *reader, const struct json *at,
                           struct expect *ret_expect);

/* "critical", "major", "minor", "none" of a `severity:`; NULL and null leave both as they are.
 * Anything else is a problem. */
void expect_read_severity(struct problems *problems, const struct json *value, bool *has_severity,
                          enum severity *severity);

/* The keys of such a mapping. */
extern const struct config_table expect_table;

#endif
