/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a run, in any order, make the run again; counts and histograms add up without loss;
 * what does not belong together is refused and nothing is returned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "core/golden/merge.h"
#include "core/golden/shard.h"
#include "core/pool/account.h"

enum { ITEMS_MAX = 40, PARTS_MAX = 9, ARENA_MAX = 64 << 20 };

static struct run_entry entries[ITEMS_MAX];
static char ids[ITEMS_MAX][8];

/* Shard `index` of `count` of a run of so many items. */
static struct merge_part part_of(struct arena *arena, uint32_t index, uint32_t count, size_t items)
{
    struct shard shard = {index, count};
    struct run run = {
        .id = view_of("r"),
        .kind = view_of("test"),
        .suite = view_of("s"),
        .golden_version = view_of("0123456789ab"),
        .scorer = view_of("none"),
        .started_unix_s = 1000 + index,
        .elapsed_ns = 5000000000,
        .seed = 7,
        .repeat = 1,
        .shard_index = index,
        .shard_count = count,
        .entries = arena_new(arena, items + 1, sizeof *run.entries),
        .asked = 1,
        .cost_known = true,
        .cost_nano_usd = 3,
        .gate.noise_known = true,
    };

    assert_non_null(run.entries);
    for (size_t item = 0; item < items; item++) {
        snprintf(ids[item], sizeof ids[item], "e%zu", item);
        entries[item] = (struct run_entry){.id = view_of(ids[item]),
                                           .target = view_of("t"),
                                           .prompt = view_of("p"),
                                           .prompt_hash = view_of("ba9876543210")};
        if (shard_has(&shard, item))
            run.entries[run.entry_count++] = entries[item];
    }
    return (struct merge_part){.name = "part.json", .run = run};
}

static void parts_in_any_order_are_the_whole_in_its_order(void **state)
{
    (void)state;
    for (uint32_t count = 2; count <= PARTS_MAX; count++)
        for (size_t items = 0; items < ITEMS_MAX; items += 3) {
            struct merge_part parts[PARTS_MAX];
            struct arena arena;
            struct run run;
            struct err err = {0};

            arena_init(&arena, ARENA_MAX);
            for (uint32_t i = 0; i < count; i++)
                parts[i] = part_of(&arena, (count + 1 - i) % count, count, items);
            if (merge_runs(parts, count, &arena, &run, &err) != 0)
                fail_msg("%u parts of %zu: %s", count, items, err.text);
            assert_int_equal(run.entry_count, items);
            for (size_t item = 0; item < items; item++)
                assert_true(view_is(run.entries[item].id, ids[item]));
            assert_int_equal(run.asked, count);
            assert_int_equal(run.cost_nano_usd, 3 * count);
            assert_int_equal(run.started_unix_s, 1000);
            assert_int_equal(run.elapsed_ns, 5000000000 + (count - 1) * 1000000000ull);
            assert_int_equal(run.shard_count, 0);
            assert_true(run.gate.noise_known);
            arena_release(&arena);
        }
}

static void spoil_seed(struct merge_part *parts)
{
    parts[1].run.seed = 8;
}

static void spoil_scorer(struct merge_part *parts)
{
    parts[1].run.scorer = view_of("tfidf/1");
}

static void spoil_golden_set(struct merge_part *parts)
{
    parts[2].run.golden_version = view_of("ffffffffffff");
}

static void spoil_suite(struct merge_part *parts)
{
    parts[2].run.suite = view_of("other");
}

static void spoil_repeat(struct merge_part *parts)
{
    parts[1].run.repeat = 3;
}

static void spoil_prompt(struct merge_part *parts)
{
    parts[1].run.entries[0].prompt_hash = view_of("000000000000");
}

static void spoil_entry(struct merge_part *parts)
{
    parts[1].run.entries[0].id = parts[0].run.entries[0].id;
}

static void spoil_size(struct merge_part *parts)
{
    parts[2].run.entry_count = 0;
}

static void spoil_index(struct merge_part *parts)
{
    parts[1].run.shard_index = 0;
}

static void spoil_count(struct merge_part *parts)
{
    for (size_t i = 0; i < 3; i++)
        parts[i].run.shard_count = UINT32_MAX;
}

static void what_does_not_belong_together_is_refused_in_words(void **state)
{
    static const struct {
        void (*spoil)(struct merge_part *parts);
        const char *says;
    } rows[] = {
        {spoil_seed, "part.json: its seed is 8, that of part.json 7"},
        {spoil_scorer, "part.json: its embedding is 'tfidf/1', that of part.json 'none'"},
        {spoil_golden_set, "part.json: its golden set's version is 'ffffffffffff'"},
        {spoil_suite, "part.json: its suite is 'other'"},
        {spoil_repeat, "part.json: its repeat is 3"},
        {spoil_prompt, "part.json: prompt 'p' has version"},
        {spoil_entry, "part.json: has entry 'e0' @t, which is in part.json too"},
        {spoil_size, "part.json: has"},
        {spoil_index, "part.json and part.json are both shard 0 of 3"},
        {spoil_count, "part.json: says it is one of 4294967295 shards: at most 100000"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct merge_part parts[3];
        struct arena arena;
        struct run run = {.seed = 99};
        struct err err = {0};

        arena_init(&arena, ARENA_MAX);
        for (uint32_t p = 0; p < 3; p++)
            parts[p] = part_of(&arena, p, 3, 10);
        rows[i].spoil(parts);
        assert_int_equal(merge_runs(parts, 3, &arena, &run, &err), ERR_CONFIG);
        assert_int_equal(run.seed, 99);
        if (!view_starts(view_of(err.text), view_of(rows[i].says)))
            fail_msg("%s: not '%s'", err.text, rows[i].says);
        arena_release(&arena);
    }
}

static void what_befell_one_part_befell_the_whole(void **state)
{
    struct merge_part parts[3];
    struct arena arena;
    struct run run;
    struct err err = {0};

    (void)state;
    arena_init(&arena, ARENA_MAX);
    for (uint32_t p = 0; p < 3; p++)
        parts[p] = part_of(&arena, p, 3, 6);
    parts[0].run.undecided = 2;
    parts[1].run.undecided = 3;
    parts[1].run.rounds = 4;
    parts[1].run.gate.max_cost_reached = true;
    parts[2].run.interrupted = parts[2].run.tokens_estimated = true;
    parts[2].run.gate.noise_known = false;
    parts[2].run.gate.stale = 7;
    assert_int_equal(merge_runs(parts, 3, &arena, &run, &err), 0);
    assert_int_equal(run.undecided, 5);
    assert_int_equal(run.rounds, 4);
    assert_int_equal(run.gate.stale, 7);
    assert_true(run.interrupted && run.tokens_estimated && run.gate.max_cost_reached);
    assert_false(run.gate.noise_known);
    arena_release(&arena);
}

static void sums_that_no_number_holds_stay_the_largest(void **state)
{
    struct merge_part parts[2];
    struct arena arena;
    struct run run;
    struct err err = {0};

    (void)state;
    arena_init(&arena, ARENA_MAX);
    for (uint32_t p = 0; p < 2; p++) {
        parts[p] = part_of(&arena, p, 2, 4);
        parts[p].run.tokens_in = parts[p].run.cost_nano_usd = INT64_MAX - 1;
    }
    assert_int_equal(merge_runs(parts, 2, &arena, &run, &err), 0);
    assert_int_equal(run.tokens_in, INT64_MAX);
    assert_int_equal(run.cost_nano_usd, INT64_MAX);
    arena_release(&arena);
}

/* A pool that served so many requests of one millisecond. */
static struct view pool_text(struct strbuf *out, uint64_t requests)
{
    struct pool_account account = {.name = view_of("t"),
                                   .connections_max = 4,
                                   .streams_max = 1,
                                   .metrics = {.checkouts = requests,
                                               .connections_max = 4,
                                               .elapsed_ns = 1000000000,
                                               .utilization_micro = 500000,
                                               .utilization_open_micro = 500000}};
    struct histogram *all = (struct histogram *)&account.histograms;
    struct json_writer writer;

    for (size_t i = 0; i < sizeof account.histograms / sizeof *all; i++)
        assert_int_equal(histogram_init(&all[i], 3600000000000), 0);
    assert_int_equal(histogram_record_n(&account.histograms.service_ns, 1000000, requests), 0);
    strbuf_init(out, 1 << 20);
    json_writer_init(&writer, out, 0);
    json_write_array(&writer);
    pool_account_write(&writer, &account);
    json_write_end(&writer, ']');
    pool_account_release(&account);
    return strbuf_view(out);
}

static void pools_of_one_name_add_up_without_loss(void **state)
{
    struct merge_part parts[2];
    struct strbuf texts[2];
    struct arena arena;
    struct run run;
    struct json *list;
    struct pool_account account;
    struct err err = {0};

    (void)state;
    arena_init(&arena, ARENA_MAX);
    for (uint32_t p = 0; p < 2; p++) {
        parts[p] = part_of(&arena, p, 2, 4);
        parts[p].run.pools_json = pool_text(&texts[p], 100 + p);
    }
    assert_int_equal(merge_runs(parts, 2, &arena, &run, &err), 0);
    assert_int_equal(json_parse(&arena, run.pools_json, &list, &err), 0);
    assert_int_equal(list->count, 1);
    assert_int_equal(pool_account_read(list->child, &account, &err), 0);
    assert_int_equal(account.connections_max, 8);
    assert_int_equal(account.metrics.checkouts, 201);
    assert_int_equal(account.metrics.utilization_micro, 500000);
    assert_int_equal(account.histograms.service_ns.total, 201);
    pool_account_release(&account);
    for (size_t p = 0; p < 2; p++)
        strbuf_release(&texts[p]);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_in_any_order_are_the_whole_in_its_order),
        cmocka_unit_test(what_does_not_belong_together_is_refused_in_words),
        cmocka_unit_test(what_befell_one_part_befell_the_whole),
        cmocka_unit_test(sums_that_no_number_holds_stay_the_largest),
        cmocka_unit_test(pools_of_one_name_add_up_without_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
