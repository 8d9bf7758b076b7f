/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_signoff: any bytes as a file of sign-offs. What is refused says where; what is accepted is
 * written and accepted again, word for word, and held against a run. */
#include "core/golden/signoff.h"

enum { ARENA_MAX = 64 * 1024 * 1024, WRITTEN_MAX = 64 * 1024 * 1024 };

static void write_all(const struct signoffs *signoffs, struct strbuf *out)
{
    strbuf_init(out, WRITTEN_MAX);
    for (size_t i = 0; i < signoffs->count; i++)
        signoff_write(&signoffs->items[i], "0", out);
}

static void write_and_read(const struct signoffs *before, struct arena *arena)
{
    struct strbuf first;
    struct strbuf second = {0};
    struct signoffs after;
    struct err err = {0};

    write_all(before, &first);
    if (strbuf_status(&first) == 0) {
        int code = signoff_parse(arena, view_of("again"), strbuf_view(&first), &after, &err);
        assert_always(code == 0 || code == ERR_MEMORY);
        if (code == 0) {
            write_all(&after, &second);
            assert_always(after.count == before->count);
            assert_always(view_equal(strbuf_view(&first), strbuf_view(&second)));
            strbuf_release(&second);
        }
    }
    strbuf_release(&first);
}

/* The run that the first sign-off speaks of. */
static void hold_against_a_run(const struct signoffs *signoffs, struct arena *arena)
{
    static struct baseline_entry baseline;
    struct run_entry entry = {.baseline = &baseline, .scored_count = 1, .severity = SEVERITY_MAJOR};
    struct run run = {.entries = &entry, .entry_count = 1};

    if (signoffs->count > 0) {
        run.suite = signoffs->items[0].suite;
        entry.id = signoffs->items[0].entries[0].id;
        entry.target = signoffs->items[0].entries[0].target;
        entry.model = signoffs->items[0].entries[0].model;
        entry.prompt_hash = signoffs->items[0].entries[0].version;
    }
    int code = signoff_apply(signoffs, &run, "2026-11-24", arena);
    assert_always(code == 0 || code == ERR_MEMORY || code == ERR_LIMIT);
    assert_always(code != 0 || !entry.is_signed_off || entry.signoff_lapsed.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct signoffs signoffs;
    struct err err = {0};

    arena_init(&arena, ARENA_MAX);
    int code = signoff_parse(&arena, view_of("fuzz"), view_make(data, size), &signoffs, &err);
    assert_always(code == 0 || err.text[0] != '\0');
    if (code == 0) {
        write_and_read(&signoffs, &arena);
        hold_against_a_run(&signoffs, &arena);
    }
    arena_release(&arena);
    return 0;
}
