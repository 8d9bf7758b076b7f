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
#include "base/utf8.h"
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
static void shows_with(const struct morphology *morphology, const char *before, const char *after,
                       const char *expected)
{
    const struct difference *parts;
    size_t count;
    struct strbuf out;

    strbuf_init(&out, 10000);
    assert_int_equal(
        difference_of(morphology, &arena, view_of(before), view_of(after), &parts, &count), 0);
    for (size_t i = 0; i < count; i++) {
        static const char *const open[] = {"", "[-", "[+"}, *const close[] = {"", "]", "]"};
        strbuf_add_text(&out, open[parts[i].kind]);
        strbuf_add(&out, parts[i].text);
        strbuf_add_text(&out, close[parts[i].kind]);
    }
    assert_string_equal(strbuf_text(&out), expected);
    strbuf_release(&out);
}

static void shows(const char *before, const char *after, const char *expected)
{
    shows_with(NULL, before, after, expected);
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

static void puts_together(const struct morphology *morphology, struct view before,
                          struct view after, size_t *ret_kept_bytes)
{
    const struct difference *parts;
    size_t count;
    struct strbuf old, new;

    strbuf_init(&old, 1 << 24);
    strbuf_init(&new, 1 << 24);
    *ret_kept_bytes = 0;
    assert_int_equal(difference_of(morphology, &arena, before, after, &parts, &count), 0);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].kind != DIFFERENCE_ADDED)
            strbuf_add(&old, parts[i].text);
        if (parts[i].kind != DIFFERENCE_REMOVED)
            strbuf_add(&new, parts[i].text);
        if (parts[i].kind == DIFFERENCE_SAME)
            *ret_kept_bytes += parts[i].text.len;
        if (i > 0)
            assert_int_not_equal(parts[i].kind, parts[i - 1].kind);
        if (i > 0 && parts[i - 1].kind == DIFFERENCE_ADDED)
            assert_int_equal(parts[i].kind, DIFFERENCE_SAME);
    }
    assert_true(view_equal(strbuf_view(&old), before));
    assert_true(view_equal(strbuf_view(&new), after));
    strbuf_release(&old);
    strbuf_release(&new);
}

/* A dictionary of characters: each second one ends a word. */
static int analyse_pairs(void *context, struct arena *memory, struct view text,
                         const struct morpheme **ret_morphemes, size_t *ret_count)
{
    struct morpheme *list = arena_new(memory, text.len + 1, sizeof *list);
    size_t count = 0;
    (void)context;

    if (list == NULL)
        return ERR_MEMORY;
    for (size_t pos = 0; pos < text.len;) {
        list[count].start = pos;
        utf8_next(text, &pos, NULL);
        if (pos < text.len)
            utf8_next(text, &pos, NULL);
        list[count++].end = pos;
    }
    *ret_morphemes = list;
    *ret_count = count;
    return 0;
}

static const struct morphology pairs = {.analyse = analyse_pairs};

static void a_dictionary_cuts_japanese_and_nothing_else(void **state)
{
    (void)state;

    shows("今日は晴れ", "今日は曇り", "今日は[-晴れ][+曇り]");
    shows_with(&pairs, "犬猫鳥馬", "犬猫牛馬", "犬猫[-鳥馬][+牛馬]");
    shows_with(&pairs, "漢字かなカナ", "漢字かかカナ", "漢字[-かな][+かか]カナ");
    shows_with(&pairs, "abcdef", "abcxef", "[-abcdef][+abcxef]");
}

static void marks_stay_with_what_they_stand_on(void **state)
{
    (void)state;

    shows("か\u3099き", "かき", "[-か\u3099き][+かき]");
    shows("👍🏽 ok", "👍🏿 ok", "[-👍🏽][+👍🏿] ok");
    shows("👨\u200d👩\u200d👧!", "👨\u200d👩\u200d👦!", "[-👨\u200d👩\u200d👧][+👨\u200d👩\u200d👦]!");
    shows("\u0301a", "a", "[-\u0301]a");
}

static void draw_text(struct rng *rng, uint64_t words, struct strbuf *text)
{
    static const char *const choices[] = {"a",  "b",    " ",  "漢",   "かな",   ".",
                                          "\n", "\xff", "カ", "the ", "\u3099", "\xe3\x81"};

    strbuf_init(text, 100000);
    for (uint64_t n = rng_below(rng, words); n > 0; n--)
        strbuf_add_text(text, choices[rng_below(rng, sizeof choices / sizeof choices[0])]);
}

static void the_parts_always_put_both_texts_together(void **state)
{
    static const uint64_t seed = 31;
    struct rng rng;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int round = 0; round < 4000; round++) {
        struct strbuf texts[2];
        size_t kept;
        draw_text(&rng, round < 3000 ? 30 : 300, &texts[0]);
        draw_text(&rng, round < 3000 ? 30 : 300, &texts[1]);
        puts_together(round % 2 == 0 ? NULL : &pairs, strbuf_view(&texts[0]),
                      strbuf_view(&texts[1]), &kept);
        strbuf_release(&texts[0]);
        strbuf_release(&texts[1]);
    }
}

enum { SHORT_MAX = 40 };

/* The length of the longest common subsequence of bytes, by the whole table. */
static size_t most_in_common(struct view a, struct view b)
{
    size_t table[SHORT_MAX + 1][SHORT_MAX + 1] = {{0}};

    for (size_t i = 1; i <= a.len; i++)
        for (size_t j = 1; j <= b.len; j++) {
            size_t most = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1];
            table[i][j] = a.ptr[i - 1] == b.ptr[j - 1] ? table[i - 1][j - 1] + 1 : most;
        }
    return table[a.len][b.len];
}

/* Signs are words of one byte each, so that bytes kept are words kept. */
static void no_shorter_script_of_changes_exists(void **state)
{
    static const char signs[] = "!#%&*+-/";
    static const uint64_t seed = 37;
    struct rng rng;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int round = 0; round < 20000; round++) {
        char texts[2][SHORT_MAX];
        size_t lengths[2];
        size_t kept;
        uint64_t variety = 1 + rng_below(&rng, sizeof signs - 1);
        for (int i = 0; i < 2; i++) {
            lengths[i] = (size_t)rng_below(&rng, SHORT_MAX + 1);
            for (size_t at = 0; at < lengths[i]; at++)
                texts[i][at] = signs[rng_below(&rng, variety)];
        }
        struct view before = view_make(texts[0], lengths[0]);
        struct view after = view_make(texts[1], lengths[1]);
        puts_together(NULL, before, after, &kept);
        assert_int_equal(kept, most_in_common(before, after));
    }
}

static void texts_with_little_in_common_meet_the_bound(void **state)
{
    struct strbuf before, after;
    const struct difference *parts;
    size_t count;
    size_t kept;
    (void)state;

    strbuf_init(&before, 1 << 20);
    strbuf_init(&after, 1 << 20);
    strbuf_add_text(&before, "head ");
    strbuf_add_text(&after, "head ");
    for (int i = 0; i < 3000; i++) {
        strbuf_printf(&before, "x%d,", i);
        strbuf_printf(&after, "y%d;", i);
    }
    strbuf_add_text(&before, "= tail");
    strbuf_add_text(&after, "= tail");
    assert_int_equal(
        difference_of(NULL, &arena, strbuf_view(&before), strbuf_view(&after), &parts, &count), 0);
    assert_int_equal(count, 4);
    assert_int_equal(parts[0].kind, DIFFERENCE_SAME);
    assert_true(view_is(parts[3].text, "= tail"));
    puts_together(NULL, strbuf_view(&before), strbuf_view(&after), &kept);
    strbuf_release(&before);
    strbuf_release(&after);
}

static void past_the_bound_what_both_ends_reached_is_kept(void **state)
{
    struct strbuf before, after;
    size_t kept;
    (void)state;

    strbuf_init(&before, 1 << 22);
    strbuf_init(&after, 1 << 22);
    for (int i = 0; i < 20000; i++) {
        strbuf_printf(&before, "w%d,%c", i, i % 2 == 0 ? '(' : '<');
        strbuf_printf(&after, "w%d,%c", i, i % 2 == 0 ? '(' : '>');
    }
    puts_together(NULL, strbuf_view(&before), strbuf_view(&after), &kept);
    assert_true(kept > 10000);
    strbuf_release(&before);
    strbuf_release(&after);
}

static void no_memory_is_an_error(void **state)
{
    bool done = false;
    (void)state;

    for (unsigned long at = 1; !done && at < 100; at++) {
        const struct difference *parts;
        size_t count;
        struct arena fresh;
        arena_init(&fresh, 1 << 20);
        mem_fail_at(at);
        int code =
            difference_of(&pairs, &fresh, view_of("a b c d"), view_of("b x d y"), &parts, &count);
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
        cmocka_unit_test(a_dictionary_cuts_japanese_and_nothing_else),
        cmocka_unit_test(marks_stay_with_what_they_stand_on),
        cmocka_unit_test(the_parts_always_put_both_texts_together),
        cmocka_unit_test(no_shorter_script_of_changes_exists),
        cmocka_unit_test(texts_with_little_in_common_meet_the_bound),
        cmocka_unit_test(past_the_bound_what_both_ends_reached_is_kept),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
