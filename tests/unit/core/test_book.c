/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise; then random attempts against a ledger of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/quota/book.h"

static const uint64_t SECOND = 1000000000;
static const uint64_t MINUTE = 60000000000;

enum { SONNET, HAIKU, PROFILE, ALL, ENTRIES };

static const struct book_limits entries[ENTRIES] = {
    [SONNET] = {.requests_a_minute = 10, .tokens_a_minute = 10000},
    [HAIKU] = {.requests_a_minute = 100, .tokens_a_minute = 20000},
    [PROFILE] = {.tokens_a_minute = 12000},
    [ALL] = {.requests_a_day = 500, .tokens_a_day = 100000},
};
static const struct book_key keys[] = {
    {.entries = {SONNET, ALL}, .count = 2},
    {.entries = {HAIKU, ALL}, .count = 2},
    {.entries = {SONNET, PROFILE, ALL}, .count = 3},
    {.count = 0},
};
enum { KEYS = sizeof keys / sizeof keys[0] };

static void start(struct book *book)
{
    assert_int_equal(
        book_init(book,
                  &(struct book_settings){
                      .entries = entries, .entry_count = ENTRIES, .keys = keys, .key_count = KEYS},
                  0),
        0);
}

static void one_entry_without_room_takes_nothing_from_the_others(void **state)
{
    (void)state;
    struct book book;
    struct book_hold hold;

    start(&book);
    assert_int_equal(book_reserve(&book, 0, 0, 9000, &hold), 0);
    for (int i = 0; i < 50; i++) /* the model has no room, the profile and the day would have */
        assert_int_equal(book_reserve(&book, 0, 2, 9000, &hold), ERR_THROTTLED);
    assert_int_equal(book.entries[ALL].day_tokens.taken, 9000);
    assert_int_equal(book.entries[ALL].day_requests.taken, 1);
    assert_true(bucket_wait(&book.entries[PROFILE].tokens, 0, 12000) == 0);
    book_release(&book);
}

static void keys_that_share_an_entry_share_its_room(void **state)
{
    (void)state;
    struct book book;
    struct book_hold hold;

    start(&book);
    assert_int_equal(book_reserve(&book, 0, 0, 6000, &hold), 0);
    assert_int_equal(book_reserve(&book, 0, 2, 6000, &hold), ERR_THROTTLED);
    assert_int_equal(book_reserve(&book, 0, 1, 20000, &hold), 0); /* another model */
    assert_true(book_at(&book, 0, 2, 6000) == 12 * SECOND);       /* 2000 of 10000 a minute */
    assert_int_equal(book_reserve(&book, 12 * SECOND, 2, 6000, &hold), 0);
    book_release(&book);
}

static void a_settlement_returns_to_every_entry(void **state)
{
    (void)state;
    struct book book;
    struct book_hold hold;

    start(&book);
    assert_int_equal(book_reserve(&book, 0, 2, 10000, &hold), 0);
    book_settle(&book, SECOND, &hold, 1000, true);
    assert_int_equal(book.entries[ALL].day_tokens.taken, 1000);
    assert_int_equal(book.entries[ALL].day_requests.taken, 1);
    assert_int_equal(book_reserve(&book, SECOND, 2, 9000, &hold), 0);
    book_settle(&book, SECOND, &hold, 9000, false); /* never sent */
    assert_int_equal(book.entries[ALL].day_tokens.taken, 1000);
    assert_int_equal(book.entries[ALL].day_requests.taken, 1);
    book_release(&book);
}

static void what_no_wait_could_bring_is_said_at_once(void **state)
{
    (void)state;
    struct book book;
    struct book_hold hold;

    start(&book);
    assert_int_equal(book_possible(&book, 0, 10000), 0);
    assert_int_equal(book_possible(&book, 0, 10001), ERR_LIMIT);
    assert_int_equal(book_possible(&book, 1, 20001), ERR_LIMIT);
    assert_int_equal(book_possible(&book, 3, INT64_MAX), 0);
    assert_int_equal(book_reserve(&book, 0, 3, 50000000, &hold), 0);
    book_release(&book);
}

static void keys_and_limits_out_of_range_are_refused(void **state)
{
    (void)state;
    struct book book;
    const struct book_limits negative = {.tokens_a_day = -1};
    const struct book_key elsewhere = {.entries = {1}, .count = 1};
    const struct book_key twice = {.entries = {0, 0}, .count = 2};
    const struct book_settings wrong[] = {
        {.entries = &negative, .entry_count = 1},
        {.entries = entries, .entry_count = 1, .keys = &elsewhere, .key_count = 1},
        {.entries = entries, .entry_count = 1, .keys = &twice, .key_count = 1},
        {.entries = entries, .entry_count = BOOK_ENTRIES_MAX + 1},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(book_init(&book, &wrong[i], 0), ERR_LIMIT);
}

static void running_out_of_memory_at_the_start_leaves_nothing_behind(void **state)
{
    (void)state;
    struct book book;

    for (unsigned long n = 1; n <= 2; n++) {
        mem_fail_at(n);
        assert_int_equal(book_init(&book, &(struct book_settings){.entry_count = 0}, 0),
                         ERR_MEMORY);
        mem_fail_at(0);
    }
}

/* ---- a ledger ------------------------------------------------------------------------------- */

enum { HISTORY = 4000, HELD = 64 };

/* Each entry of a minute as exact arithmetic has it: level in tokens × ns of a minute. */
struct ledger {
    int64_t level[ENTRIES];
    uint64_t at_ns;
};

static void ledger_pass(struct ledger *ledger, uint64_t now_ns)
{
    for (int i = 0; i < ENTRIES; i++) {
        int64_t rate = entries[i].tokens_a_minute;
        int64_t full = rate * (int64_t)MINUTE;
        int64_t level = ledger->level[i] + (int64_t)(now_ns - ledger->at_ns) * rate;
        ledger->level[i] = level < full ? level : full;
    }
    ledger->at_ns = now_ns;
}

static void ledger_take(struct ledger *ledger, uint32_t key, int64_t tokens)
{
    for (uint32_t i = 0; i < keys[key].count; i++) {
        uint32_t entry = keys[key].entries[i];
        if (entries[entry].tokens_a_minute == 0)
            continue;
        ledger->level[entry] -= tokens * (int64_t)MINUTE;
        assert_true(tokens <= 0 || ledger->level[entry] >= 0);
    }
}

static void a_shadow_ledger_never_finds_it_overspent(void **state)
{
    (void)state;

    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct rng rng;
        struct book book;
        struct ledger ledger = {.at_ns = 0};
        struct book_hold held[HELD];
        uint32_t count = 0;
        uint64_t now_ns = 0;
        print_message("seed %d\n", (int)seed);
        rng_init(&rng, seed);
        start(&book);
        for (int i = 0; i < ENTRIES; i++)
            ledger.level[i] = entries[i].tokens_a_minute * (int64_t)MINUTE;
        for (int step = 0; step < HISTORY; step++) {
            now_ns += rng_below(&rng, 3 * SECOND);
            ledger_pass(&ledger, now_ns);
            uint32_t key = (uint32_t)rng_below(&rng, KEYS);
            int64_t tokens = (int64_t)rng_below(&rng, 5000);
            uint64_t at_ns = book_at(&book, now_ns, key, tokens);
            if (count < HELD && book_reserve(&book, now_ns, key, tokens, &held[count]) == 0) {
                assert_true(at_ns == now_ns);
                ledger_take(&ledger, key, tokens);
                count++;
            } else {
                assert_true(count == HELD || at_ns > now_ns);
            }
            if (count > 0 && rng_below(&rng, 2) == 0) {
                struct book_hold hold = held[rng_below(&rng, count)];
                for (uint32_t i = 0; i < count; i++)
                    if (held[i].at_ns == hold.at_ns && held[i].key == hold.key) {
                        hold = held[i];
                        held[i] = held[--count];
                        break;
                    }
                int64_t used = (int64_t)rng_below(&rng, (uint64_t)hold.tokens + 1);
                book_settle(&book, now_ns, &hold, used, true);
                ledger_take(&ledger, hold.key, used - hold.tokens);
                ledger_pass(&ledger, now_ns); /* full is full */
            }
        }
        book_release(&book);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_entry_without_room_takes_nothing_from_the_others),
        cmocka_unit_test(keys_that_share_an_entry_share_its_room),
        cmocka_unit_test(a_settlement_returns_to_every_entry),
        cmocka_unit_test(what_no_wait_could_bring_is_said_at_once),
        cmocka_unit_test(keys_and_limits_out_of_range_are_refused),
        cmocka_unit_test(running_out_of_memory_at_the_start_leaves_nothing_behind),
        cmocka_unit_test(a_shadow_ledger_never_finds_it_overspent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
