/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo_internal: what the files of promptfoo share with nobody else.
 *
 * Threads: one owner. */
#ifndef ASSAY_CORE_GOLDEN_PROMPTFOO_INTERNAL_H
#define ASSAY_CORE_GOLDEN_PROMPTFOO_INTERNAL_H

#include "base/map.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "core/golden/promptfoo.h"
#include "wire/json.h"

enum {
    PROMPTFOO_TEXT_MAX = 64 << 20,
    PROMPTFOO_PROMPTS_MAX = 1000,
    PROMPTFOO_TARGETS_MAX = 100,
    PROMPTFOO_COMBINATIONS_MAX = 10000, /* of one test's variables */
};

struct promptfoo_prompt {
    struct view name;        /* in the golden set */
    struct view label;       /* as promptfoo has it, for filters */
    struct view source;      /* the text or path it was written as, for filters too */
    struct view id;          /* stated beside `raw`; empty: none */
    struct view text;        /* of a text prompt, our template; empty: a chat */
    const struct json *chat; /* mapping for the golden set: messages, system_text */
    const struct view *names;
    size_t name_count;
};

struct promptfoo {
    struct arena *arena;
    const struct promptfoo_options *options;
    struct view folder; /* of the configuration */
    const struct json *root;
    struct err *reterr;

    struct view at_file; /* what is read now, for notes */
    uint32_t at_base;    /* lines before it */

    struct promptfoo_note *notes;
    size_t note_count;
    size_t note_room;
    size_t lost_count;

    struct promptfoo_file *files;
    size_t file_count;
    size_t file_room;

    struct promptfoo_prompt prompts[PROMPTFOO_PROMPTS_MAX];
    size_t prompt_count;
    struct json *targets; /* mapping */
    struct json *suite_targets;
    struct view grader; /* name of the target that judges where none is named; empty: not yet */

    struct json *entries; /* array */
    struct map ids;
    size_t assertions;
    struct strbuf references; /* JSON Lines for --responses */
    struct strbuf answers;
    bool scripts[2]; /* Python, JavaScript */
};

/* A test and where it stands. */
struct promptfoo_test {
    const struct json *at; /* mapping */
    struct view file;
    uint32_t base;
};

struct promptfoo_tests {
    struct promptfoo_test *items;
    size_t count;
    size_t room;
};

/* ---- promptfoo.c ----------------------------------------------------------------------------- */

/* One more note at a value (NULL: line 1). ERR_MEMORY. */
MUST_CHECK int promptfoo_lost(struct promptfoo *foo, const struct json *at, struct view what,
                              const char *format, ...) PRINTF_LIKE(4, 5);
MUST_CHECK int promptfoo_told(struct promptfoo *foo, const struct json *at, struct view what,
                              const char *format, ...) PRINTF_LIKE(4, 5);
MUST_CHECK int promptfoo_add_file(struct promptfoo *foo, const char *path, struct view text);

/* "file://a/b.txt" → "a/b.txt"; false for anything else. */
bool promptfoo_is_file(struct view value, struct view *ret_path);
/* The text of a file; *ret_text.ptr NULL where it cannot be had, which is noted. ERR_MEMORY. */
MUST_CHECK int promptfoo_load(struct promptfoo *foo, const struct json *at, struct view path,
                              struct view *ret_text);
/* A file of YAML or JSON as a tree; NULL where it is none, which is noted. */
MUST_CHECK int promptfoo_load_tree(struct promptfoo *foo, const struct json *at, struct view path,
                                   struct json **ret_tree);

/* Letters, digits and dashes of a text, at most 60, for names; "x" where nothing is left. */
struct view promptfoo_slug(struct promptfoo *foo, struct view text);
/* A value as text: of a text itself, else its JSON. Memory: the arena; ptr NULL on failure. */
struct view promptfoo_text_of(struct promptfoo *foo, const struct json *value);
/* Members made by hand. ERR_MEMORY. */
MUST_CHECK int promptfoo_set_text(struct promptfoo *foo, struct json *object, const char *key,
                                  struct view text);
MUST_CHECK int promptfoo_set_copy(struct promptfoo *foo, struct json *object, struct view key,
                                  const struct json *value);
MUST_CHECK int promptfoo_append_copy(struct promptfoo *foo, struct json *array,
                                     const struct json *value);

/* ---- promptfoo_text.c ------------------------------------------------------------------------ */

/* A template of theirs as one of ours; what it cannot say is noted and stands there as it was. */
MUST_CHECK int promptfoo_template(struct promptfoo *foo, const struct json *at, struct view text,
                                  struct view *ret_text);
/* The text with its slots filled from the variables. */
MUST_CHECK int promptfoo_fill(struct promptfoo *foo, const struct json *at, struct view text,
                              const struct json *vars, struct view *ret_text);

/* ---- promptfoo_prompts.c, promptfoo_targets.c ------------------------------------------------ */

MUST_CHECK int promptfoo_read_prompts(struct promptfoo *foo);
MUST_CHECK int promptfoo_read_targets(struct promptfoo *foo);
/* The name of the target of a provider, made where it is new; empty where it cannot be carried. */
MUST_CHECK int promptfoo_target(struct promptfoo *foo, const struct json *provider,
                                struct view *ret_name);

/* ---- promptfoo_csv.c, promptfoo_tests.c, promptfoo_assert.c ---------------------------------- */

/* Rows of a table as tests. */
MUST_CHECK int promptfoo_read_csv(struct promptfoo *foo, struct view file, struct view text,
                                  struct promptfoo_tests *tests);
MUST_CHECK int promptfoo_add_test(struct promptfoo *foo, struct promptfoo_tests *tests,
                                  const struct json *at, struct view file, uint32_t base);
/* All tests, combinations and prompts → foo->entries. */
MUST_CHECK int promptfoo_read_tests(struct promptfoo *foo);

/* What becomes of the assertions of one test. */
struct promptfoo_expect {
    const struct json *vars; /* as texts */
    const struct json *options;
    const struct json *threshold;
    struct json *keywords;
    struct json *forbidden;
    struct json *checks;
    struct json *of;       /* of the set that a threshold makes; NULL: none */
    struct view reference; /* of `similar` */
    unsigned checks_named;
};

MUST_CHECK int promptfoo_assertion(struct promptfoo *foo, struct promptfoo_expect *expect,
                                   const struct json *at);
/* The expect mapping; NULL where nothing is expected. */
MUST_CHECK int promptfoo_expect_done(struct promptfoo *foo, struct promptfoo_expect *expect,
                                     struct json **ret_expect);

/* The programs that run assertions in their languages: Python, JavaScript. */
extern const char *const promptfoo_scripts[2];
extern const char *const promptfoo_script_names[2];

#endif
