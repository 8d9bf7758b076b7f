/* SPDX-License-Identifier: Apache-2.0
 *
 * merge: see merge.h. */
#include "core/golden/merge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "core/golden/shard.h"
#include "core/pool/account.h"

enum { POOLS_BYTES_MAX = 64 << 20, POOLS_MAX = 1024, KEY_BYTES = 64 };

struct joining {
    const struct merge_part *parts;
    size_t count;
    struct arena *arena;
    struct run *run;
    struct err *reterr;
};

static int no_memory(const struct joining *joining)
{
    return fail(joining->reterr, ERR_MEMORY, "no memory to join these runs");
}

/* ---- entries -------------------------------------------------------------------------------- */

static int join_entries(struct joining *joining)
{
    struct run *run = joining->run;

    run->entry_count = 0;
    for (size_t i = 0; i < joining->count; i++)
        run->entry_count += joining->parts[i].run.entry_count;
    run->entries = arena_new(joining->arena, run->entry_count, sizeof *run->entries);
    if (run->entries == NULL)
        return no_memory(joining);
    for (size_t i = 0; i < joining->count; i++) {
        const struct run *part = &joining->parts[i].run;
        struct shard shard = {part->shard_index, part->shard_count};
        for (size_t n = 0; n < part->entry_count; n++)
            run->entries[shard_item(&shard, n)] = part->entries[n];
    }
    return 0;
}

/* "version before" of a change, in the caller's bytes. */
static struct view key_of(struct view version, struct view before, char bytes[KEY_BYTES])
{
    int len = snprintf(bytes, KEY_BYTES, "%.*s %.*s", VIEW_ARG(version), VIEW_ARG(before));
    return view_make(bytes, len > 0 && len < KEY_BYTES ? (size_t)len : 0);
}

/* All changes of all parts by their versions. */
static int index_changes(struct joining *joining, struct map *index)
{
    char bytes[KEY_BYTES];
    int code = 0;

    for (size_t i = 0; i < joining->count; i++)
        for (size_t j = 0; j < joining->parts[i].run.change_count && code == 0; j++) {
            const struct prompt_change *change = &joining->parts[i].run.changes[j];
            struct view key = key_of(change->version, change->before_version, bytes);
            code = arena_copy(joining->arena, key, &key);
            if (code == 0)
                code = map_put(index, key, (void *)(uintptr_t)change);
        }
    return code;
}

/* A change of a prompt is told once, in the order in which entries come to it. */
static int list_changes(struct joining *joining, struct map *index)
{
    struct run *run = joining->run;
    struct prompt_change *changes = arena_new(joining->arena, index->count, sizeof *changes);
    char bytes[KEY_BYTES];
    size_t count = 0;

    if (changes == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < run->entry_count && count < index->count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!entry->prompt_changed || entry->baseline == NULL)
            continue;
        struct view key = key_of(entry->prompt_hash, entry->baseline->prompt_hash, bytes);
        const struct prompt_change *change = map_get(index, key);
        if (change == NULL)
            continue;
        changes[count++] = *change;
        if (map_put(index, key, NULL) != 0) /* it is told */
            return ERR_MEMORY;
    }
    run->changes = changes;
    run->change_count = count;
    return 0;
}

static int join_changes(struct joining *joining)
{
    struct map index;

    map_init(&index, (size_t)1 << 30, 10);
    int code = index_changes(joining, &index);
    if (code == 0)
        code = list_changes(joining, &index);
    map_release(&index);
    return code == 0 ? 0 : no_memory(joining);
}

/* ---- the head ------------------------------------------------------------------------------- */

/* Of what files say: their sum need not be a number that there is. */
static int64_t sum_of(int64_t one, int64_t other)
{
    return other > INT64_MAX - one ? INT64_MAX : one + other;
}

static void add_counts(struct run *run, const struct run *part)
{
    run->asked += part->asked;
    run->answered += part->answered;
    run->tokens_in = sum_of(run->tokens_in, part->tokens_in);
    run->tokens_out = sum_of(run->tokens_out, part->tokens_out);
    run->cost_nano_usd = sum_of(run->cost_nano_usd, part->cost_nano_usd);
    run->undecided += part->undecided;
    run->cost_known = run->cost_known || part->cost_known;
    run->tokens_estimated = run->tokens_estimated || part->tokens_estimated;
    run->interrupted = run->interrupted || part->interrupted;
    run->recorded_answers = run->recorded_answers || part->recorded_answers;
    run->rounds = run->rounds > part->rounds ? run->rounds : part->rounds;
    run->gate.noise_known = run->gate.noise_known && part->gate.noise_known;
    run->gate.recorded_ahead = run->gate.recorded_ahead || part->gate.recorded_ahead;
    run->gate.max_cost_reached = run->gate.max_cost_reached || part->gate.max_cost_reached;
    if (part->gate.stale > run->gate.stale)
        run->gate.stale = part->gate.stale;
}

/* From the first that began to the last that ended. */
static void join_times(struct joining *joining)
{
    static const uint64_t second_ns = 1000000000;
    struct run *run = joining->run;

    for (size_t i = 0; i < joining->count; i++)
        if (joining->parts[i].run.started_unix_s < run->started_unix_s)
            run->started_unix_s = joining->parts[i].run.started_unix_s;
    run->elapsed_ns = 0;
    for (size_t i = 0; i < joining->count; i++) {
        const struct run *part = &joining->parts[i].run;
        uint64_t late_s = (uint64_t)part->started_unix_s - (uint64_t)run->started_unix_s;
        if (late_s > UINT32_MAX)
            late_s = 0; /* a clock of another world */
        uint64_t ended_ns = late_s * second_ns + part->elapsed_ns;
        if (ended_ns > run->elapsed_ns)
            run->elapsed_ns = ended_ns;
    }
}

/* What all parts agree on; the rest is not known of the whole. */
static void join_provenance(struct joining *joining)
{
    struct provenance *whole = &joining->run->provenance;
    struct view none = view_of("");

    for (size_t i = 1; i < joining->count; i++) {
        const struct provenance *part = &joining->parts[i].run.provenance;
        whole->is_dirty = whole->is_dirty || part->is_dirty;
        if (!view_equal(whole->who, part->who))
            whole->who = none;
        if (!view_equal(whole->commit, part->commit))
            whole->commit = none;
        if (!view_equal(whole->program, part->program))
            whole->program = none;
        if (!view_equal(whole->ci, part->ci))
            whole->ci = none;
    }
}

static int join_head(struct joining *joining)
{
    const struct run *first = &joining->parts[0].run;
    struct gate gate = {
        .noise_known = first->gate.noise_known,
        .recorded_ahead = first->gate.recorded_ahead,
        .max_cost_reached = first->gate.max_cost_reached,
        .stale = first->gate.stale,
    };

    *joining->run = *first;
    joining->run->gate = gate;
    joining->run->shard_index = 0;
    joining->run->shard_count = 0;
    joining->run->drift = NULL;
    joining->run->drift_count = 0;
    for (size_t i = 1; i < joining->count; i++)
        add_counts(joining->run, &joining->parts[i].run);
    join_times(joining);
    join_provenance(joining);
    return 0;
}

/* ---- pools ---------------------------------------------------------------------------------- */

struct pools {
    struct pool_account *accounts;
    size_t count;
};

/* Adds one to the account of its name, or starts that. */
static int add_pool(struct joining *joining, struct pools *pools, const struct merge_part *part,
                    const struct json *object)
{
    struct pool_account account;
    struct err err = {0};

    int code = pool_account_read(object, &account, &err);
    if (code != 0)
        return fail(joining->reterr, code, "%s: pools: %s", part->name, err.text);
    for (size_t i = 0; i < pools->count; i++)
        if (view_equal(pools->accounts[i].name, account.name)) {
            code = pool_account_add(&pools->accounts[i], &account);
            pool_account_release(&account);
            return code == 0 ? 0
                             : fail(joining->reterr, code, "%s: pool '%.*s': %s", part->name,
                                    VIEW_ARG(pools->accounts[i].name), err_text(code));
        }
    if (pools->count == POOLS_MAX) {
        pool_account_release(&account);
        return fail(joining->reterr, ERR_LIMIT, "%s: more than %d pools", part->name, POOLS_MAX);
    }
    pools->accounts[pools->count++] = account;
    return 0;
}

static int add_pools(struct joining *joining, struct pools *pools, const struct merge_part *part,
                     struct arena *scratch)
{
    struct json *list;
    struct err err = {0};

    if (part->run.pools_json.len == 0)
        return 0;
    int code = json_parse(scratch, part->run.pools_json, &list, &err);
    if (code != 0)
        return fail(joining->reterr, code, "%s: pools: %s", part->name, err.text);
    for (const struct json *item = json_is(list, JSON_ARRAY) ? list->child : NULL;
         item != NULL && code == 0; item = item->next)
        code = add_pool(joining, pools, part, item);
    return code;
}

static int write_pools(struct joining *joining, const struct pools *pools)
{
    struct json_writer writer;
    struct strbuf text;

    strbuf_init(&text, POOLS_BYTES_MAX);
    json_writer_init(&writer, &text, 0);
    json_write_array(&writer);
    for (size_t i = 0; i < pools->count; i++)
        pool_account_write(&writer, &pools->accounts[i]);
    json_write_end(&writer, ']');
    int code = strbuf_status(&text);
    if (code == 0)
        code = arena_copy(joining->arena, strbuf_view(&text), &joining->run->pools_json);
    strbuf_release(&text);
    return code == 0 ? 0 : no_memory(joining);
}

static int join_pools(struct joining *joining)
{
    struct pools pools = {0};
    struct arena scratch;

    arena_init(&scratch, POOLS_BYTES_MAX * 4);
    pools.accounts = arena_new(&scratch, POOLS_MAX, sizeof *pools.accounts);
    int code = pools.accounts != NULL ? 0 : no_memory(joining);
    for (size_t i = 0; i < joining->count && code == 0; i++)
        code = add_pools(joining, &pools, &joining->parts[i], &scratch);
    joining->run->pools_json = view_of("");
    if (code == 0 && pools.count > 0)
        code = write_pools(joining, &pools);
    for (size_t i = 0; i < pools.count; i++)
        pool_account_release(&pools.accounts[i]);
    arena_release(&scratch);
    return code;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int by_shard(const void *a, const void *b)
{
    const struct run *x = &((const struct merge_part *)a)->run;
    const struct run *y = &((const struct merge_part *)b)->run;

    if (x->shard_count != y->shard_count)
        return (x->shard_count > y->shard_count) - (x->shard_count < y->shard_count);
    return (x->shard_index > y->shard_index) - (x->shard_index < y->shard_index);
}

int merge_runs(struct merge_part *parts, size_t count, struct arena *arena, struct run *ret_run,
               struct err *reterr)
{
    static int (*const steps[])(struct joining *) = {join_head, join_entries, join_changes,
                                                     join_pools};
    struct run run;
    struct joining joining = {parts, count, arena, &run, reterr};

    if (count == 0)
        return fail(reterr, ERR_USAGE, "there is nothing to join");
    qsort(parts, count, sizeof *parts, by_shard);
    int code = merge_check(parts, count, reterr);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && code == 0; i++)
        code = steps[i](&joining);
    if (code == 0)
        *ret_run = run;
    return code;
}
