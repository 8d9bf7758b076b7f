/* SPDX-License-Identifier: Apache-2.0
 *
 * entries_internal: what the files of entries share with one another and with nobody else.
 *
 * Threads: one owner. */
#ifndef ASSAY_CORE_GOLDEN_ENTRIES_INTERNAL_H
#define ASSAY_CORE_GOLDEN_ENTRIES_INTERNAL_H

#include "base/map.h"
#include "core/golden/entries.h"

/* A golden set on its way. */
struct golden_loader {
    struct arena *arena;
    struct problems *problems;
    struct config_reader reader;
    struct golden_set *set;
    struct map ids;          /* → struct json, the entry that used it first */
    struct map prompt_names; /* → struct golden_prompt */
    struct map files;        /* kind and path → index + 1 */
    size_t file_capacity;
};

/* A prompt as its table reads it; an entry may carry the same keys. */
struct golden_prompt_keys {
    struct view text;
    struct view file;
    struct view system;
    struct view system_text;
    const struct json *messages;
    const struct json *params;
};

struct golden_message_keys {
    unsigned role;
    struct view text;
    struct view file;
};

struct golden_entry_keys {
    struct view id;
    const struct json *prompt;
    struct golden_prompt_keys own; /* the prompt in the entry itself */
    const struct json *vars;
    const struct json *expect;
    struct config_list tags;
};

struct golden_root_keys {
    const struct json *prompts;
    const struct json *entries;
};

/* The order of `role:`. */
enum golden_role { GOLDEN_ROLE_USER, GOLDEN_ROLE_ASSISTANT, GOLDEN_ROLE_SYSTEM };

const struct config_table *golden_prompt_table(void);
const struct config_table *golden_message_table(void);
const struct config_table *golden_entry_table(void);

/* The set's text as one tree {prompts, entries}, whatever form it has. ERR_CONFIG where it cannot
 * be read at all; lines of JSON Lines that cannot are left out and reported. */
MUST_CHECK int golden_read_text(struct arena *arena, struct view file, struct view text,
                                enum golden_form form, struct problems *problems,
                                struct json **ret_root);

/* The second half of golden_load: a tree as golden_read_text makes it (NULL: it could not be read,
 * and problems say so) → a set. */
MUST_CHECK int golden_load_tree(struct arena *arena, struct view file, const struct json *root,
                                struct problems *problems, struct golden_set *ret_set);

/* The index of the file that `value` names, which joins set->files where it is new. */
MUST_CHECK int golden_name_file(struct golden_loader *loader, const struct json *value,
                                enum golden_file_kind kind, size_t *ret_index);

/* Parts of a prompt from its keys; `at` is the mapping they stand in. Problems are reported;
 * fails with ERR_MEMORY only. */
MUST_CHECK int golden_read_prompt(struct golden_loader *loader, const struct json *at,
                                  const struct golden_prompt_keys *keys,
                                  struct golden_prompt *ret_prompt);

#endif
