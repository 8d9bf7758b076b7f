/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_traffic: any bytes as the lines of a log. What can be read is added and proposed; the golden
 * set that is written loads, and its template compiles. */
#include "core/golden/entries.h"
#include "core/golden/traffic.h"

enum { ARENA_MAX = 256 * 1024 * 1024, WRITTEN_MAX = 64 * 1024 * 1024 };

static void check(const struct traffic_proposals *proposals, struct arena *arena)
{
    struct problems problems;
    struct golden_set set;
    struct strbuf out;

    strbuf_init(&out, WRITTEN_MAX);
    traffic_write_answers(proposals, &out);
    strbuf_reset(&out);
    traffic_write_golden(proposals, view_of("a log"), &out);
    problems_init(&problems, arena, view_of("g.yaml"));
    int code =
        golden_load(arena, view_of("g.yaml"), strbuf_view(&out), GOLDEN_FORM_YAML, &problems, &set);
    assert_always(code == 0 || code == ERR_MEMORY);
    assert_always(code != 0 || set.entry_count == proposals->count);
    for (size_t i = 0; code == 0 && i < set.file_count; i++) {
        bool is_system = view_ends(set.files[i].path, view_of("system.md"));
        code = golden_file_put(&set, i, is_system ? proposals->system : proposals->template);
    }
    if (code == 0)
        code = golden_resolve(&set, &problems);
    assert_always(code == 0 || code == ERR_MEMORY);
    strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct traffic *traffic = NULL;
    struct traffic_proposals proposals;
    struct view rest = view_make(data, size);
    struct arena arena;
    uint64_t number = 0;
    size_t added = 0;

    if (traffic_new(&traffic) != 0)
        return 0;
    arena_init(&arena, ARENA_MAX);
    while (rest.ptr != NULL) {
        struct view line = view_split(&rest, '\n');
        struct traffic_record record;
        struct json *tree;
        struct err err = {.code = 0};
        number++;
        if (json_parse(&arena, line, &tree, NULL) == 0
            && traffic_read(&arena, tree, &record, &err) == 0
            && traffic_add(traffic, &record, number) == 0)
            added++;
    }
    if (added > 0 && traffic_propose(traffic, &arena, 10, &proposals) == 0 && proposals.count > 0)
        check(&proposals, &arena);
    traffic_free(traffic);
    arena_release(&arena);
    return 0;
}
