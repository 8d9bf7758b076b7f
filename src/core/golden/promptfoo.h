/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo: the tests of promptfoo, another tool of this kind (promptfooconfig.yaml), as a golden
 * set, an assay.yaml and prompts.
 *
 * Nothing here reads a file: promptfoo_import asks for texts by `read`. What is made is a list of
 * files (text and where it goes) and a list of notes: everything that could not be carried, each
 * with the place it stands at and why. Nothing is dropped without a note.
 *
 *   prompts      texts, file:// (.txt and .md, parts divided by lines "---"; .json chats);
 *                {{ name }} becomes {{name}}; filters, {% %}, expressions and patterns of names
 *                are noted
 *   providers    openai: anthropic: bedrock: http(s):// exec: → targets; others are noted
 *   tests        in the file, or file:// of YAML, JSON, JSON Lines, CSV; defaultTest; scenarios;
 *                variables with several values: every combination
 *   assert       one row of promptfoo_asserts.def a type; not-, weight, threshold, assert-set
 *
 * Source: the project's documentation (site/docs/configuration). Memory: the caller's arena.
 * Threads: no state. Limits: PROMPTFOO_ENTRIES_MAX entries, PROMPTFOO_NOTES_MAX notes kept. */
#ifndef ASSAY_CORE_GOLDEN_PROMPTFOO_H
#define ASSAY_CORE_GOLDEN_PROMPTFOO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { PROMPTFOO_ENTRIES_MAX = 100000, PROMPTFOO_NOTES_MAX = 10000 };

/* What could not be carried, or was carried with a difference. */
struct promptfoo_note {
    struct view file;
    uint32_t line;
    struct view what; /* "similar", "{{ x | upper }}", "providers" */
    const char *why;  /* with what to do */
    bool is_lost;     /* false: carried, and worth knowing */
};

/* A file to write: path relative to the output folder. */
struct promptfoo_file {
    struct view path;
    struct view text;
};

struct promptfoo_options {
    /* Text of a file that the configuration names, path as resolved against the configuration's
     * folder; ERR_MISSING and others with reterr. */
    int (*read)(void *context, struct view path, struct view *ret_text, struct err *reterr);
    void *context;
};

struct promptfoo_imported {
    const struct promptfoo_file *files;
    size_t file_count;
    const struct promptfoo_note *notes; /* in the order of their finding */
    size_t note_count;
    size_t lost_count; /* of them */
    size_t entries;
    size_t prompts;
    size_t targets;
    size_t assertions; /* carried */
};

/* ERR_CONFIG with "FILE:LINE:COLUMN: …" where the text is no configuration, ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK int promptfoo_import(struct arena *arena, struct view file, struct view text,
                                const struct promptfoo_options *options,
                                struct promptfoo_imported *ret_imported, struct err *reterr);

#endif
