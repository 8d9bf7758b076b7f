/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/map.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"

enum { MANY = 5000 };

static char keys[MANY][16];

static struct view key_of(size_t i)
{
    snprintf(keys[i], sizeof keys[i], "key-%zu", i);
    return view_of(keys[i]);
}

static void what_was_put_is_found_and_nothing_else(void **state)
{
    (void)state;
    struct map map;

    map_init(&map, MANY, 42);
    assert_null(map_get(&map, view_of("key-0")));
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(map_put(&map, key_of(i), keys[i]), 0);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(&map, view_of(keys[i])), keys[i]);
    assert_null(map_get(&map, view_of("key-5000")));
    assert_null(map_get(&map, view_of("key-")));
    assert_null(map_get(&map, view_make(NULL, 0)));
    map_release(&map);
}

static void the_order_of_insertion_is_kept_and_replacing_keeps_the_place(void **state)
{
    (void)state;
    struct map map;
    char other;

    map_init(&map, MANY, 1);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(map_put(&map, key_of(99 - i), keys[99 - i]), 0);
    assert_int_equal(map_put(&map, view_of("key-50"), &other), 0);
    assert_int_equal(map.count, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_true(view_is(map.entries[i].key, keys[99 - i]));
        assert_ptr_equal(map.entries[i].value, i == 49 ? &other : keys[99 - i]);
    }
    map_release(&map);
}

static void a_full_map_refuses_new_keys_and_still_replaces(void **state)
{
    (void)state;
    struct map map;
    char other;

    map_init(&map, 3, 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(map_put(&map, key_of(i), keys[i]), 0);
    assert_int_equal(map_put(&map, key_of(3), keys[3]), ERR_LIMIT);
    assert_null(map_get(&map, view_of("key-3")));
    assert_int_equal(map_put(&map, key_of(1), &other), 0);
    assert_ptr_equal(map_get(&map, view_of("key-1")), &other);
    map_release(&map);
}

/* Keys whose hashes meet in the lowest bits, whatever the size of the table so far. */
static void keys_that_collide_are_kept_apart(void **state)
{
    (void)state;
    struct map map;
    size_t put = 0;

    map_init(&map, MANY, 7);
    for (size_t i = 0; i < MANY; i++)
        if (map_hash(key_of(i), 7) % 64 == 3) {
            assert_int_equal(map_put(&map, view_of(keys[i]), keys[i]), 0);
            put++;
        }
    assert_true(put > 40);
    assert_int_equal(map.count, put);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(&map, view_of(keys[i])),
                         map_hash(view_of(keys[i]), 7) % 64 == 3 ? keys[i] : NULL);
    map_release(&map);
}

static void a_failing_allocation_changes_nothing(void **state)
{
    (void)state;

    for (unsigned long n = 1; n < 8; n++) {
        struct map map;
        size_t put = 0;
        int code = 0;
        map_init(&map, MANY, 3);
        mem_fail_at(n);
        while (put < 200 && (code = map_put(&map, key_of(put), keys[put])) == 0)
            put++;
        mem_fail_at(0);
        assert_int_equal(code, ERR_MEMORY);
        assert_int_equal(map.count, put);
        for (size_t i = 0; i < 200; i++)
            assert_ptr_equal(map_get(&map, key_of(i)), i < put ? keys[i] : NULL);
        assert_int_equal(map_put(&map, key_of(put), keys[put]), 0);
        map_release(&map);
    }
}

static void a_key_may_hold_any_bytes(void **state)
{
    (void)state;
    struct map map;
    int one;
    int two;
    int three;

    map_init(&map, 10, 5);
    assert_int_equal(map_put(&map, view_make("a\0b", 3), &one), 0);
    assert_int_equal(map_put(&map, view_make("a\0c", 3), &two), 0);
    assert_int_equal(map_put(&map, view_make(NULL, 0), &three), 0);
    assert_ptr_equal(map_get(&map, view_make("a\0b", 3)), &one);
    assert_ptr_equal(map_get(&map, view_make("a\0c", 3)), &two);
    assert_ptr_equal(map_get(&map, view_of("")), &three);
    assert_null(map_get(&map, view_of("a")));
    map_release(&map);
    assert_null(map_get(&map, view_of("")));
}

/* Values of an independent SipHash-1-3, key (seed, ~seed), message 00 01 02 …: it is the published
 * function, whatever the length modulo eight. */
static void the_hash_is_siphash_1_3(void **state)
{
    (void)state;
    unsigned char bytes[32];
    static const struct {
        size_t len;
        uint64_t hash;
    } expected[] = {
        {0, 0x7a39a0a3602cd672u},  {1, 0xe99bbbbd167c4617u},  {7, 0xddb8794e0272d354u},
        {8, 0x9366216f206d91bdu},  {9, 0x62b18d7a542bde7fu},  {15, 0xd2856ec5a925f6d5u},
        {16, 0x79c221b3f1dc8b31u}, {31, 0x32b3547b5429d4acu},
    };

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_true(map_hash(view_make(bytes, expected[i].len), 0x0706050403020100u)
                    == expected[i].hash);
    assert_true(map_hash(view_of("x"), 1) != map_hash(view_of("x"), 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found_and_nothing_else),
        cmocka_unit_test(the_order_of_insertion_is_kept_and_replacing_keeps_the_place),
        cmocka_unit_test(a_full_map_refuses_new_keys_and_still_replaces),
        cmocka_unit_test(keys_that_collide_are_kept_apart),
        cmocka_unit_test(a_failing_allocation_changes_nothing),
        cmocka_unit_test(a_key_may_hold_any_bytes),
        cmocka_unit_test(the_hash_is_siphash_1_3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
