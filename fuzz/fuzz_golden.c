/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_golden: any bytes as a golden set whose files hold other bytes of the same input; every
 * entry of a set that resolves renders. The first byte chooses the form; what follows a line
 * "====" is what files hold. */
#include "core/golden/entries.h"

enum { ARENA_MAX = 64 * 1024 * 1024, RENDERED_MAX = 50 };

static void render_all(const struct golden_set *set, struct arena *arena)
{
    for (size_t i = 0; i < set->entry_count && i < RENDERED_MAX; i++) {
        struct chat chat;
        struct err err = {.code = 0};
        int code = golden_render(set, i, arena, &chat, &err);
        assert_always(code == 0 || code == ERR_MEMORY || code == ERR_LIMIT);
        assert_always(code != 0 || chat.message_count > 0);
        assert_always(set->prompts[set->entries[i].prompt].version[0] != '\0');
    }
}

static int resolve(struct golden_set *set, struct view content, struct problems *problems)
{
    for (size_t i = 0; i < set->file_count; i++) {
        if (content.ptr == NULL)
            golden_file_missing(set, i, "no such file", problems);
        else if (golden_file_put(set, i, content) != 0)
            return ERR_MEMORY;
    }
    return golden_resolve(set, problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char separator[] = "\n====\n";
    struct arena arena;
    struct problems problems;
    struct golden_set set;
    struct view content = {.ptr = NULL};

    if (size == 0)
        return 0;
    struct view text = view_make(data + 1, size - 1);
    size_t end = view_find(text, view_of(separator), 0);
    if (end < text.len)
        content = view_slice(text, end + sizeof separator - 1, text.len);
    text = view_slice(text, 0, end);

    arena_init(&arena, ARENA_MAX);
    problems_init(&problems, &arena, view_of("g/f"));
    int code =
        golden_load(&arena, view_of("g/f"), text, (enum golden_form)(data[0] % 4), &problems, &set);
    if (code != ERR_MEMORY) {
        assert_always((code == 0) == (problems.total == 0));
        code = resolve(&set, content, &problems);
        if (code == 0)
            render_all(&set, &arena);
        assert_always(code == ERR_MEMORY || (code == 0) == (problems.total == 0));
    }
    arena_release(&arena);
    return 0;
}
