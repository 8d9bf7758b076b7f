/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_adopt: two golden sets of any text, divided by a NUL: the prompts of the first with the
 * entries of the second. Whatever is adopted can be resolved and rendered. */
#include <stddef.h>
#include <stdint.h>

#include "core/golden/adopt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render_all(const struct golden_set *set, struct arena *arena)
{
    for (size_t i = 0; i < set->entry_count && i < 16; i++) {
        struct chat chat;
        struct err err;
        if (golden_render(set, i, arena, &chat, &err) != 0)
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_make(data, size);
    struct view former = view_split(&rest, '\0');
    struct view present = rest.ptr != NULL ? rest : view_of("");
    struct view file = VIEW("golden/set");
    struct problems problems;
    struct golden_set set = {0};
    struct adopted adopted = {0};
    struct arena arena;

    arena_init(&arena, 64 << 20);
    problems_init(&problems, &arena, file);
    int code = golden_load_adopting(&arena, file, former, file, present, &problems, &set, &adopted);
    for (size_t i = 0; code == 0 && i < set.file_count; i++)
        code = golden_file_put(&set, i, view_of("{}"));
    if (code == 0 && golden_resolve(&set, &problems) == 0)
        render_all(&set, &arena);
    arena_release(&arena);
    return 0;
}
