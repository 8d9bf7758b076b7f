/* SPDX-License-Identifier: Apache-2.0
 *
 * entries: a golden set, read and checked: prompts, entries and what each entry expects.
 *
 * Three steps, since nothing here reads a file:
 *   golden_load      the set's own text → a golden_set, and in set.files[] every file it names
 *   golden_file_put  the text of each of those (or golden_file_missing)
 *   golden_resolve   templates compiled, variables checked, versions known
 * after which golden_render makes the question of any entry. Every step collects what is wrong in
 * `problems` (FILE:LINE:COLUMN: message, up to 20), so that one run shows it all.
 *
 * YAML: a mapping with `prompts:` and `entries:`. JSON: the same as one document.
 * JSON Lines: each line is one of
 *   {"prompts": {"NAME": {…}, …}}               prompts, as in YAML
 *   {"prompt": {"name": "NAME", "text": "…"}}   one prompt (no "id" in the line)
 *   {"id": "…", "prompt": "NAME", …}            an entry, the same keys as in YAML
 * in any order; empty lines are skipped. An entry may carry its prompt itself: `prompt:` as a
 * mapping, or `text:`, `file:`, `messages:`, `system:`, `system_text:` in the entry.
 *
 * A template's version is the first 12 hex digits of a SHA-256: of the template's bytes where a
 * prompt is one text of the user without system (so `sha256sum FILE` shows it); otherwise of the
 * parts joined, the system first, each as "ROLE LENGTH\nBYTES\n" with ROLE system, user or
 * assistant and LENGTH decimal. Parameters are not part of it. File contents are taken as they
 * are, byte for byte.
 *
 * Judges no answer, compiles no regular expression and no schema: text/ does.
 * Memory: everything lives in the arena of golden_load. Threads: one owner while loading, then
 * read-only. Limits: 100,000 entries, 10,000 prompts, 1,000 messages a prompt, ids of 200 bytes
 * without control characters, and those of config/yaml.h. */
#ifndef ASSAY_CORE_GOLDEN_ENTRIES_H
#define ASSAY_CORE_GOLDEN_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/view.h"
#include "config/problems.h"
#include "config/spec.h"
#include "core/validate/expectation.h"
#include "provider/chat.h"
#include "wire/json.h"

enum {
    GOLDEN_ENTRIES_MAX = 100000,
    GOLDEN_PROMPTS_MAX = 10000,
    GOLDEN_MESSAGES_MAX = 1000,
    GOLDEN_ID_SIZE_MAX = 200,
};

/* No file: the text stands in the golden set itself. */
#define GOLDEN_NO_FILE SIZE_MAX

struct template; /* wire/template.h */

/* One template of a prompt. */
struct golden_part {
    bool given;
    enum chat_role role;             /* of a message */
    size_t file;                     /* index into files, or GOLDEN_NO_FILE */
    struct view text;                /* the template's source; of a file once it was put */
    const struct template *template; /* once resolved */
    const struct json *at;           /* the value that gave it, for messages */
};

struct golden_prompt {
    struct view name; /* empty: an entry's own */
    struct golden_part system;
    struct golden_part *messages; /* one user message for `text:` or `file:` */
    size_t message_count;
    const struct json *params;       /* mapping; NULL: none */
    struct config_list variables;    /* that its templates use, each once; once resolved */
    char version[DIGEST_SHORT_SIZE]; /* once resolved, as said above */
    const struct json *at;
};

struct golden_entry {
    struct view id;
    size_t prompt;             /* index into prompts */
    const struct json *vars;   /* mapping; NULL: none */
    const struct json *params; /* mapping, over the prompt's; NULL: none */
    struct expect expect;
    struct config_list tags;
    uint32_t line; /* where the entry starts */
    uint32_t column;
    const struct json *at;
};

enum golden_file_kind { GOLDEN_FILE_TEMPLATE, GOLDEN_FILE_SCHEMA };

/* A file that the set names; each path and kind once. */
struct golden_file {
    struct view path;  /* resolved against the set's folder */
    struct view named; /* as it was first written */
    enum golden_file_kind kind;
    uint32_t line; /* of the value that first named it */
    uint32_t column;
    bool put;
    bool missing;
    struct view text;
    const struct json *schema; /* of a schema, once resolved */
};

struct golden_set {
    struct arena *arena;
    struct view file;
    struct golden_prompt *prompts; /* named ones first, then the entries' own */
    size_t prompt_count;
    struct golden_entry *entries; /* in the order of the file */
    size_t entry_count;
    struct golden_file *files;
    size_t file_count;
};

enum golden_form {
    GOLDEN_FORM_AUTO, /* by extension (.jsonl .ndjson, .json, otherwise YAML); without one, by the
                         first line: a whole JSON object means JSON Lines */
    GOLDEN_FORM_YAML,
    GOLDEN_FORM_JSON,
    GOLDEN_FORM_LINES,
};

/* Reads the set's own text, which need not outlive the call. What is wrong goes to problems
 * (initialised by the caller); the returned set is usable for the next steps even when something
 * was, so that they can report what else is. Returns 0, ERR_CONFIG, ERR_MEMORY (ret_set
 * untouched). */
MUST_CHECK int golden_load(struct arena *arena, struct view file, struct view text,
                           enum golden_form form, struct problems *problems,
                           struct golden_set *ret_set);

/* Hands in the text of set->files[i], which is copied. */
MUST_CHECK int golden_file_put(struct golden_set *set, size_t i, struct view text);

/* Says that set->files[i] could not be read, and why ("no such file"). */
int golden_file_missing(struct golden_set *set, size_t i, const char *why,
                        struct problems *problems);

/* Compiles the templates and checks each entry's variables against them; reads the schemas; works
 * out versions. Every file must have been put or said to be missing. Returns 0, ERR_CONFIG where
 * problems has anything, ERR_MEMORY. */
MUST_CHECK int golden_resolve(struct golden_set *set, struct problems *problems);

/* The question of entry i of a resolved set, in the arena: system, messages, and the prompt's
 * parameters with the entry's over them. ERR_MEMORY, ERR_LIMIT (a rendered part past 16 MiB). */
MUST_CHECK int golden_render(const struct golden_set *set, size_t i, struct arena *arena,
                             struct chat *ret_chat, struct err *reterr);

/* The members of `over` over those of `base` in a new mapping; a null in `over` takes a member
 * away. Either may be NULL; of both NULL comes. */
MUST_CHECK int golden_merge(struct arena *arena, const struct json *base, const struct json *over,
                            const struct json **ret_merged);

/* The entry of that id; NULL where there is none. */
const struct golden_entry *golden_entry_of(const struct golden_set *set, struct view id);

/* Where entry i stands, for messages about what it expects. */
struct expectation_place golden_place(const struct golden_set *set, size_t i);

/* True where the entry carries the tag. */
bool golden_has_tag(const struct golden_entry *entry, struct view tag);

/* The tables of keys, for `assay --dump-tables`. */
const struct config_table *golden_table(void);

#endif
