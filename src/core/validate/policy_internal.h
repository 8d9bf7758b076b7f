/* SPDX-License-Identifier: Apache-2.0
 *
 * policy_internal: what the files of policy share with nobody else: the keys of a row as its table
 * reads them.
 *
 * Every such struct begins with what all rows have. */
#ifndef ASSAY_CORE_VALIDATE_POLICY_INTERNAL_H
#define ASSAY_CORE_VALIDATE_POLICY_INTERNAL_H

#include "core/validate/extract.h"
#include "core/validate/policy.h"
#include "text/personal.h"

enum {
    POLICY_ORDER_ID = PERSONAL_KIND_COUNT, /* the further kind of personal data, by order_id: */
    POLICY_PERSONAL_KINDS,
    POLICY_PATTERN_MAX = 4096,
};

_Static_assert(POLICY_PERSONAL_KINDS <= 32, "policy.h has room for 32 kinds of personal data");

struct policy_row_keys {
    struct view check;
    enum policy_action action;
    bool log;
    const struct json *severity;
};

struct policy_plain_keys {
    struct policy_row_keys row;
};

struct policy_personal_data_keys {
    struct policy_row_keys row;
    struct policy_personal_data options;
    struct config_list kinds;
    const struct json *allow;
    const struct json *actions;
};

struct policy_value_keys {
    struct policy_row_keys row;
    struct policy_value options;
    const struct json *allow;
};

struct policy_assert_keys {
    struct policy_row_keys row;
    struct policy_assert options;
    struct assert_item_keys keys;
};

struct policy_judge_keys {
    struct policy_row_keys row;
    struct policy_judge options;
    struct view scale;
};

#define POLICY_KEYS(kind) \
    struct policy_##kind##_keys { \
        struct policy_row_keys row; \
        struct policy_##kind options; \
    }

POLICY_KEYS(secret);
POLICY_KEYS(injection);
POLICY_KEYS(prompt_leak);
POLICY_KEYS(canary);
POLICY_KEYS(stop_reason);
POLICY_KEYS(length);
POLICY_KEYS(low);
POLICY_KEYS(pattern);
POLICY_KEYS(exec);
POLICY_KEYS(guardrail);
POLICY_KEYS(fluency);

#undef POLICY_KEYS

/* One kind of row: its name, its table, and the size of its keys. */
struct policy_kind {
    const char *name;
    enum policy_when when;
    enum policy_action action;
    bool log;
    enum severity severity;
    bool by_default;
    const struct config_table *table;
    size_t keys_size;
    size_t options_at; /* of its options among the keys; 0: none */
};

extern const struct policy_kind policy_kinds[POLICY_CHECK_KINDS];

struct policy_root_keys {
    const struct json *checks;
    const struct json *expect;
    struct {
        enum policy_after after;
    } stream;
    struct view retry_prompt;
    const struct json *fallback;
    const struct json *extract;
    bool lookalikes;
};

extern const struct config_table policy_root_table;
extern const char *const policy_actions[];

/* What the options of a row are before anything is read. */
void policy_begin_options(enum policy_check_kind kind, void *keys);

/* Options that need more than a look at one key. What is wrong goes to the reader's problems; fails
 * with ERR_MEMORY only. `at` is the row's mapping; NULL: there is none. */
MUST_CHECK int policy_finish_options(const struct config_reader *reader,
                                     const struct policy_check *row, const struct json *at,
                                     void *keys);

#endif
