/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_baseline: any bytes as a baseline file. What is accepted is found again entry by entry, and
 * what is written from it is accepted again with as many entries and answers. */
#include "core/golden/baseline.h"

enum { ARENA_MAX = 64 * 1024 * 1024, WRITTEN_MAX = 64 * 1024 * 1024 };

static size_t count_answers(const struct baseline *baseline)
{
    size_t count = 0;

    for (size_t i = 0; i < baseline->entry_count; i++) {
        const struct baseline_entry *entry = &baseline->entries[i];
        assert_always(entry->answer_count > 0);
        assert_always(baseline_find(baseline, entry->id, entry->target) == entry);
        count += entry->answer_count;
    }
    return count;
}

static void write_and_read(const struct baseline *before)
{
    struct strbuf out;
    struct arena arena;
    struct baseline after;
    struct err err = {0};

    arena_init(&arena, ARENA_MAX);
    strbuf_init(&out, WRITTEN_MAX);
    baseline_write(before, "0", &out);
    if (strbuf_status(&out) == 0) {
        int code = baseline_parse(&arena, view_of("again"), strbuf_view(&out), &after, &err);
        assert_always(code == 0 || code == ERR_MEMORY);
        assert_always(code != 0 || after.entry_count == before->entry_count);
        assert_always(code != 0 || count_answers(&after) == count_answers(before));
    }
    strbuf_release(&out);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct baseline baseline;
    struct err err = {0};

    arena_init(&arena, ARENA_MAX);
    int code = baseline_parse(&arena, view_of("fuzz"), view_make(data, size), &baseline, &err);
    assert_always(code == 0 || err.text[0] != '\0');
    if (code == 0)
        write_and_read(&baseline);
    arena_release(&arena);
    return 0;
}
