/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/slots.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/slots.h"

static void capacity_is_given_out_zeroed_and_no_further(void **state)
{
    (void)state;
    struct slots slots;
    struct id ids[5];
    struct id none = {7, 7};

    assert_int_equal(slots_init(&slots, 5, 24), 0);
    for (size_t i = 0; i < 5; i++) {
        unsigned char *item = slots_take(&slots, &ids[i]);
        assert_non_null(item);
        assert_false(id_is_none(ids[i]));
        for (size_t k = 0; k < 24; k++)
            assert_int_equal(item[k], 0);
        memset(item, 0xff, 24);
    }
    assert_null(slots_take(&slots, &none));
    assert_true(none.slot == 7 && none.generation == 7);
    slots_give(&slots, ids[2]);
    unsigned char *again = slots_take(&slots, &none);
    assert_non_null(again);
    assert_int_equal(again[23], 0);
    slots_release(&slots);
}

static void an_id_finds_its_tenancy_and_no_later_one(void **state)
{
    (void)state;
    struct slots slots;
    struct id first;
    struct id second;

    assert_int_equal(slots_init(&slots, 1, 8), 0);
    void *item = slots_take(&slots, &first);
    assert_ptr_equal(slots_get(&slots, first), item);
    slots_give(&slots, first);
    assert_null(slots_get(&slots, first));
    assert_ptr_equal(slots_take(&slots, &second), item);
    assert_null(slots_get(&slots, first));
    assert_ptr_equal(slots_get(&slots, second), item);
    assert_int_equal(first.slot, second.slot);
    assert_false(id_equal(first, second));
    slots_release(&slots);
}

static void ids_that_were_never_given_find_nobody(void **state)
{
    (void)state;
    struct slots slots;
    struct id id;

    assert_int_equal(slots_init(&slots, 3, 8), 0);
    assert_null(slots_get(&slots, (struct id){0, 0}));
    assert_null(slots_get(&slots, (struct id){0, 1}));
    assert_null(slots_get(&slots, (struct id){3, 1}));
    assert_null(slots_get(&slots, (struct id){UINT32_MAX, 1}));
    assert_non_null(slots_take(&slots, &id));
    assert_null(slots_get(&slots, (struct id){id.slot, id.generation + 1}));
    assert_null(slots_get(&slots, (struct id){id.slot, id.generation + 2}));
    slots_release(&slots);
    assert_null(slots_get(&slots, id));
    assert_null(slots_take(&slots, &id));
}

static void packing_and_unpacking_is_lossless(void **state)
{
    (void)state;
    struct id id = {.slot = 0x00abcdef, .generation = 0xfedcba99};

    assert_true(id_equal(id_unpack(id_pack(id)), id));
    assert_true(id_is_none(id_unpack(0)));
}

static void visiting_finds_all_that_are_taken(void **state)
{
    (void)state;
    struct slots slots;
    struct id ids[10];
    size_t found = 0;

    assert_int_equal(slots_init(&slots, 10, sizeof(int)), 0);
    for (int i = 0; i < 10; i++)
        *(int *)slots_take(&slots, &ids[i]) = i;
    for (int i = 0; i < 10; i += 2)
        slots_give(&slots, ids[i]);
    for (uint32_t place = 0; place < slots.capacity; place++) {
        struct id id;
        int *item = slots_at(&slots, place, &id);
        if (item == NULL)
            continue;
        assert_true(id_equal(id, ids[*item]));
        assert_int_equal(*item % 2, 1);
        found++;
    }
    assert_int_equal(found, 5);
    slots_release(&slots);
}

static void a_long_random_life_agrees_with_a_plain_list(void **state)
{
    (void)state;
    enum { PLACES = 17, STEPS = 50000 };
    struct slots slots;
    struct rng rng;
    struct id held[PLACES];
    uint64_t mark[PLACES];
    size_t count = 0;
    const uint64_t seed = 20261123;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    assert_int_equal(slots_init(&slots, PLACES, sizeof(uint64_t)), 0);
    for (uint64_t step = 1; step < STEPS; step++) {
        struct id id;
        if (rng_below(&rng, 2) == 0) {
            uint64_t *item = slots_take(&slots, &id);
            assert_int_equal(item != NULL, count < PLACES);
            if (item == NULL)
                continue;
            *item = step;
            mark[count] = step;
            held[count++] = id;
        } else if (count > 0) {
            size_t which = (size_t)rng_below(&rng, count);
            uint64_t *item = slots_get(&slots, held[which]);
            assert_non_null(item);
            assert_true(*item == mark[which]);
            slots_give(&slots, held[which]);
            assert_null(slots_get(&slots, held[which]));
            held[which] = held[--count];
            mark[which] = mark[count];
        }
        assert_int_equal(slots.taken, count);
    }
    slots_release(&slots);
}

static void sizes_out_of_range_and_missing_memory_are_refused(void **state)
{
    (void)state;
    struct slots slots = {.capacity = 77};

    assert_int_equal(slots_init(&slots, 0, 8), ERR_LIMIT);
    assert_int_equal(slots_init(&slots, (1u << 24) + 1, 8), ERR_LIMIT);
    assert_int_equal(slots_init(&slots, 2, SIZE_MAX), ERR_MEMORY);
    for (unsigned long n = 1; n <= 3; n++) {
        mem_fail_at(n);
        assert_int_equal(slots_init(&slots, 4, 8), ERR_MEMORY);
        mem_fail_at(0);
    }
    assert_int_equal(slots.capacity, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capacity_is_given_out_zeroed_and_no_further),
        cmocka_unit_test(an_id_finds_its_tenancy_and_no_later_one),
        cmocka_unit_test(ids_that_were_never_given_find_nobody),
        cmocka_unit_test(packing_and_unpacking_is_lossless),
        cmocka_unit_test(visiting_finds_all_that_are_taken),
        cmocka_unit_test(a_long_random_life_agrees_with_a_plain_list),
        cmocka_unit_test(sizes_out_of_range_and_missing_memory_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
