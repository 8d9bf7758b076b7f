/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/difference.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "text/difference.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 256 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* "same[-removed][+added]" */
static void shows(const char *before, const char *after, const char *expected)
{
    struct difference difference;
    struct strbuf out;

    strbuf_init(&out, 10000);
    assert_int_equal(difference_of(&arena, view_of(before), view_of(after), &difference), 0);
    for (size_t i = 0; i < difference.count; i++) {
        static const char *const open[] = {"", "[-", "[+"}, *const close[] = {"", "]", "]"};
        strbuf_add_text(&out, open[difference.spans[i].kind]);
        strbuf_add(&out, difference.spans[i].text);
        strbuf_add_text(&out, close[difference.spans[i].kind]);
    }
    assert_string_equal(strbuf_text(&out), expected);
    strbuf_release(&out);
}

static void words_and_runs_of_japanese_are_the_pieces(void **state)
{
    (void)state;

    shows("The price is 600 yen.", "The price is 700 yen.", "The price is [-600][+700] yen.");
    shows("鬼滅の刃は在庫があります。", "鬼滅の刃は品切れです。",
          "鬼滅の刃は[-在庫があります][+品切れです]。");
    shows("a b c", "a c", "a [-b ]c");
    shows("a c", "a b c", "a [+b ]c");
}

static void the_ends_of_the_scale(void **state)
{
    (void)state;

    shows("", "", "");
    shows("same text", "same text", "same text");
    shows("", "new", "[+new]");
    shows("old", "", "[-old]");
    shows("old", "new", "[-old][+new]");
}

static void puts_together(struct view before, struct view after)
{
    struct difference difference;
    struct strbuf old, new;

    strbuf_init(&old, 1 << 24);
    strbuf_init(&new, 1 << 24);
    assert_int_equal(difference_of(&arena, before, after, &difference), 0);
    for (size_t i = 0; i < difference.count; i++) {
        if (difference.spans[i].kind != DIFFERENCE_ADDED)
            strbuf_add(&old, difference.spans[i].text);
        if (difference.spans[i].kind != DIFFERENCE_REMOVED)
            strbuf_add(&new, difference.spans[i].text);
        if (i > 0)
            assert_int_not_equal(difference.spans[i].kind, difference.spans[i - 1].kind);
    }
    assert_true(view_equal(strbuf_view(&old), before));
    assert_true(view_equal(strbuf_view(&new), after));
    strbuf_release(&old);
    strbuf_release(&new);
}

static void the_spans_always_put_both_texts_together(void **state)
{
    static const char *const words[] = {"a", "b", " ", "漢", "かな", ".", "\n", "\xff"};
    static const uint64_t seed = 31;
    struct rng rng;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int round = 0; round < 2000; round++) {
        struct strbuf texts[2];
        for (int i = 0; i < 2; i++) {
            strbuf_init(&texts[i], 10000);
            for (uint64_t n = rng_below(&rng, 30); n > 0; n--)
                strbuf_add_text(&texts[i], words[rng_below(&rng, 8)]);
        }
        puts_together(strbuf_view(&texts[0]), strbuf_view(&texts[1]));
        strbuf_release(&texts[0]);
        strbuf_release(&texts[1]);
    }
}

static void texts_with_nothing_in_common_meet_the_bound(void **state)
{
    struct strbuf before, after;
    struct difference difference;
    (void)state;

    strbuf_init(&before, 1 << 20);
    strbuf_init(&after, 1 << 20);
    strbuf_add_text(&before, "head ");
    strbuf_add_text(&after, "head ");
    for (int i = 0; i < 3000; i++) {
        strbuf_printf(&before, "x%d,", i);
        strbuf_printf(&after, "y%d;", i);
    }
    assert_int_equal(difference_of(&arena, strbuf_view(&before), strbuf_view(&after), &difference),
                     0);
    assert_true(difference.is_coarse);
    assert_int_equal(difference.count, 3);
    puts_together(strbuf_view(&before), strbuf_view(&after));
    strbuf_release(&before);
    strbuf_release(&after);
}

static void no_memory_is_an_error(void **state)
{
    bool done = false;
    (void)state;

    for (unsigned long at = 1; !done && at < 100; at++) {
        struct difference difference;
        struct arena fresh;
        arena_init(&fresh, 1 << 20);
        mem_fail_at(at);
        int code = difference_of(&fresh, view_of("a b c d"), view_of("b x d y"), &difference);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        done = code == 0;
        arena_release(&fresh);
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_runs_of_japanese_are_the_pieces),
        cmocka_unit_test(the_ends_of_the_scale),
        cmocka_unit_test(the_spans_always_put_both_texts_together),
        cmocka_unit_test(texts_with_nothing_in_common_meet_the_bound),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
