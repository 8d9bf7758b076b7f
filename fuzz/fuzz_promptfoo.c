/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_promptfoo: any bytes as a promptfoo configuration, whose files hold other bytes of the same
 * input: what follows a line "====" is what files of YAML and JSON hold, a second one parts what
 * tables and texts hold. What is imported must load as a golden set. The first byte chooses
 * JSON. */
#include "config/problems.h"
#include "core/golden/entries.h"
#include "core/golden/promptfoo.h"

enum { ARENA_MAX = 256 * 1024 * 1024 };

struct parts {
    struct view tree;
    struct view text;
};

static int read_part(void *context, struct view path, struct view *ret_text, struct err *reterr)
{
    const struct parts *parts = context;
    bool is_text = view_ends(path, view_of(".csv")) || view_ends(path, view_of(".txt"))
                   || view_ends(path, view_of(".jsonl"));
    struct view text = is_text ? parts->text : parts->tree;

    if (text.ptr == NULL)
        return fail(reterr, ERR_MISSING, "no such file");
    *ret_text = text;
    return 0;
}

/* The golden set that was made, with every file it names; a prompt that does not compile is a note
 * of the import and a problem of the set, so only its reading is asked for. */
static void load(const struct promptfoo_imported *imported, struct arena *arena)
{
    for (size_t i = 0; i < imported->file_count; i++) {
        const struct promptfoo_file *file = &imported->files[i];
        struct problems problems;
        struct golden_set set;
        if (!view_is(file->path, "golden/promptfoo.yaml"))
            continue;
        problems_init(&problems, arena, file->path);
        int code = golden_load(arena, file->path, file->text, GOLDEN_FORM_AUTO, &problems, &set);
        assert_always(code == 0 || code == ERR_MEMORY || code == ERR_CONFIG);
        assert_always(code != 0 || set.entry_count == imported->entries);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char separator[] = "\n====\n";
    struct parts parts = {.tree = {.ptr = NULL}};
    struct promptfoo_imported imported;
    struct arena arena;
    struct err err = {.code = 0};

    if (size == 0)
        return 0;
    struct view text = view_make(data + 1, size - 1);
    size_t end = view_find(text, view_of(separator), 0);
    if (end < text.len) {
        parts.tree = view_slice(text, end + sizeof separator - 1, text.len);
        size_t second = view_find(parts.tree, view_of(separator), 0);
        if (second < parts.tree.len)
            parts.text = view_slice(parts.tree, second + sizeof separator - 1, parts.tree.len);
        parts.tree = view_slice(parts.tree, 0, second);
    }
    text = view_slice(text, 0, end);
    arena_init(&arena, ARENA_MAX);
    const struct promptfoo_options options = {read_part, &parts};
    int code = promptfoo_import(&arena, view_of(data[0] % 2 == 0 ? "c.yaml" : "c.json"), text,
                                &options, &imported, &err);
    if (code == 0)
        load(&imported, &arena);
    else
        assert_always(err.text[0] != '\0');
    arena_release(&arena);
    return 0;
}
