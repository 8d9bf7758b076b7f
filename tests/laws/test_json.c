/* SPDX-License-Identifier: Apache-2.0
 *
 * What holds for every JSON text: any cut gives the same events and errors, the tree says what the
 * scanner says, what is written reads back the same, and memory is bounded. On random documents
 * from a printed seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "json_record.h"

enum { DOCUMENTS = 3000, SEED = 1 };

static struct rng rng;
static struct strbuf text;
static struct strbuf whole;
static struct strbuf other;

static int set_up(void **state)
{
    (void)state;
    print_message("seed %d\n", SEED);
    rng_init(&rng, SEED);
    strbuf_init(&text, RECORD_BYTES_MAX);
    strbuf_init(&whole, RECORD_BYTES_MAX);
    strbuf_init(&other, RECORD_BYTES_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    strbuf_release(&text);
    strbuf_release(&whole);
    strbuf_release(&other);
    return 0;
}

static int next_document(void)
{
    strbuf_reset(&text);
    strbuf_reset(&whole);
    json_random(&rng, &text);
    return json_record(strbuf_view(&text), NULL, 0, &whole);
}

static void assert_same_record(void)
{
    if (!view_equal(strbuf_view(&whole), strbuf_view(&other)))
        fail_msg("document %s\nwhole:\n%s\ncut:\n%s", strbuf_text(&text), strbuf_text(&whole),
                 strbuf_text(&other));
}

static int by_offset(const void *a, const void *b)
{
    size_t left = *(const size_t *)a;
    size_t right = *(const size_t *)b;
    return (left > right) - (left < right);
}

static void any_cut_gives_the_same_events_and_errors(void **state)
{
    (void)state;
    size_t valid = 0;

    for (size_t i = 0; i < DOCUMENTS; i++) {
        valid += next_document() == 0;
        for (size_t round = 0; round < 8; round++) {
            size_t cuts[6];
            for (size_t k = 0; k < 6; k++)
                cuts[k] = rng_below(&rng, text.len + 1);
            qsort(cuts, 6, sizeof cuts[0], by_offset);
            strbuf_reset(&other);
            json_record(strbuf_view(&text), cuts, 6, &other);
            assert_same_record();
        }
        strbuf_reset(&other);
        json_record_bytes(strbuf_view(&text), &other);
        assert_same_record();
    }
    print_message("%zu of %d documents valid\n", valid, DOCUMENTS);
    assert_true(valid > DOCUMENTS / 2 && valid < DOCUMENTS);
}

static void the_tree_says_what_the_scanner_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        struct arena arena;
        struct json *root;
        struct err err = {0};
        int code = next_document();
        arena_init(&arena, 16 << 20);
        assert_int_equal(json_parse(&arena, strbuf_view(&text), &root, &err), code);
        assert_int_equal(json_valid(strbuf_view(&text), NULL), code == 0);
        if (code == 0) {
            strbuf_reset(&whole);
            strbuf_reset(&other);
            json_record_without_places(strbuf_view(&text), &whole);
            json_record_tree(root, &other);
            assert_same_record();
        } else {
            assert_true(view_find(strbuf_view(&whole), view_of(err.text), 0) < whole.len);
        }
        arena_release(&arena);
    }
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        struct arena arena;
        struct json *root;
        struct json *again;
        struct json_writer writer;
        if (next_document() != 0)
            continue;
        arena_init(&arena, 16 << 20);
        assert_int_equal(json_parse(&arena, strbuf_view(&text), &root, NULL), 0);
        for (unsigned indent = 0; indent <= 4; indent += 2) {
            strbuf_reset(&other);
            json_writer_init(&writer, &other, indent);
            json_write_tree(&writer, root);
            assert_int_equal(strbuf_status(&other), 0);
            assert_int_equal(json_parse(&arena, strbuf_view(&other), &again, NULL), 0);
            assert_true(json_same_tree(root, again));
        }
        arena_release(&arena);
    }
}

static void a_tree_takes_bounded_memory_and_any_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < DOCUMENTS / 10; i++) {
        struct arena arena;
        struct json *root;
        int expected = next_document();
        arena_init(&arena, 16 << 20);
        for (unsigned long n = 1; n < 50; n++) {
            mem_fail_at(n);
            int code = json_parse(&arena, strbuf_view(&text), &root, NULL);
            mem_fail_at(0);
            size_t used = arena.used;
            arena_release(&arena);
            assert_true(used <= 3 * (text.len * (sizeof(struct json) + 1) + 4096));
            if (code == expected)
                break;
            assert_int_equal(code, ERR_MEMORY);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same_events_and_errors),
        cmocka_unit_test(the_tree_says_what_the_scanner_says),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(a_tree_takes_bounded_memory_and_any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
