/* SPDX-License-Identifier: Apache-2.0
 *
 * plan_expectations: see plan_expectations.h. Two expect the same where their mappings are the same
 * JSON text. */
#include "app/plan_expectations.h"

#include "base/map.h"

static const size_t KEY_BYTES_MAX = (size_t)64 << 20;

struct compiling {
    struct plan *plan;
    struct map known; /* what is expected as JSON text → struct expectation */
    struct strbuf key;
    struct err *reterr;
};

static int no_memory(const struct compiling *compiling)
{
    return fail(compiling->reterr, ERR_MEMORY, "no memory for what is expected");
}

static int compile(struct compiling *compiling, size_t entry)
{
    struct plan *plan = compiling->plan;
    const struct expectation_place place = golden_place(&plan->set, entry);

    int code = expectation_new(&plan->set.entries[entry].expect, &place, &plan->expectations[entry],
                               compiling->reterr);
    if (code == 0)
        plan->compiled[plan->compiled_count++] = plan->expectations[entry];
    return code;
}

static int compile_shared(struct compiling *compiling, size_t entry)
{
    struct plan *plan = compiling->plan;
    const struct json *at = plan->set.entries[entry].expect.at;
    struct json_writer writer;
    struct view key;

    strbuf_reset(&compiling->key);
    json_writer_init(&writer, &compiling->key, 0);
    if (at != NULL)
        json_write_tree(&writer, at);
    if (strbuf_status(&compiling->key) != 0)
        return compile(compiling, entry); /* too long to be compared */
    plan->expectations[entry] = map_get(&compiling->known, strbuf_view(&compiling->key));
    if (plan->expectations[entry] != NULL)
        return 0;
    int code = compile(compiling, entry);
    if (code != 0)
        return code;
    if (arena_copy(&plan->arena, strbuf_view(&compiling->key), &key) != 0
        || map_put(&compiling->known, key, plan->expectations[entry]) != 0)
        return no_memory(compiling);
    return 0;
}

static int compile_all(struct compiling *compiling)
{
    struct plan *plan = compiling->plan;
    int code = 0;

    for (size_t i = 0; i < plan->item_count && code == 0; i++) {
        size_t entry = plan->items[i].entry;
        if (plan->expectations[entry] != NULL)
            continue;
        bool is_own = plan->set.entries[entry].expect.check_count > 0;
        code = is_own ? compile(compiling, entry) : compile_shared(compiling, entry);
    }
    return code;
}

int plan_expectations_make(struct plan *plan, struct err *reterr)
{
    struct compiling compiling = {.plan = plan, .reterr = reterr};
    size_t count = plan->set.entry_count;

    plan->expectations = arena_new(&plan->arena, count, sizeof(struct expectation *));
    plan->compiled = arena_new(&plan->arena, count, sizeof(struct expectation *));
    if (plan->expectations == NULL || plan->compiled == NULL)
        return no_memory(&compiling);
    map_init(&compiling.known, count, 14);
    strbuf_init(&compiling.key, KEY_BYTES_MAX);
    int code = compile_all(&compiling);
    strbuf_release(&compiling.key);
    map_release(&compiling.known);
    return code;
}

void plan_expectations_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->compiled_count; i++)
        expectation_free(plan->compiled[i]);
}
