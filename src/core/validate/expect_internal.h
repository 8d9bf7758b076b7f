/* SPDX-License-Identifier: Apache-2.0
 *
 * expect_internal: what expect.c and its tables share with nobody else. */
#ifndef ASSAY_CORE_VALIDATE_EXPECT_INTERNAL_H
#define ASSAY_CORE_VALIDATE_EXPECT_INTERNAL_H

#include "core/validate/expect.h"

struct expect_keyword_keys {
    struct view text;
    struct config_list any;
    struct view match;
    int64_t at_least;
    bool whole_word;
};

struct expect_keys {
    const struct json *keywords;
    const struct json *forbidden;
    bool whole_words;
    struct view language;
    enum expect_format format;
    enum expect_fenced fenced;
    const struct json *schema;
    int64_t min_chars;
    int64_t max_chars;
    struct config_list elements;
    const struct json *tools;
    struct config_list command;
    const struct json *checks;
};

extern const struct config_table expect_keyword_table;
extern const char *const expect_elements[]; /* in the order of the bits, NULL at the end */

#endif
