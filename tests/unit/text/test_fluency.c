/* SPDX-License-Identifier: Apache-2.0
 *
 * Promises of text/fluency.h that need no dictionary. What words tell is in
 * tests/unit/engine/test_fluency_words.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "text/fluency.h"
#include "text/fluency_internal.h"

static struct fluency read_view(struct view text)
{
    struct arena arena;
    struct fluency fluency;

    arena_init(&arena, (size_t)256 << 20);
    assert_int_equal(fluency_of(&arena, text, NULL, &fluency), 0);
    arena_release(&arena);
    return fluency;
}

static struct fluency read_text(const char *text)
{
    return read_view(view_of(text));
}

static int32_t part_of(const char *text, enum fluency_part part)
{
    return read_text(text).parts_micro[part];
}

static void assert_lower(enum fluency_part part, const char *bad, const char *good)
{
    if (part_of(bad, part) >= part_of(good, part) || part_of(good, part) != FLUENCY_ONE)
        print_error("%s: '%s' has %d, '%s' has %d\n", fluency_part_name(part), bad,
                    part_of(bad, part), good, part_of(good, part));
    assert_true(part_of(bad, part) < part_of(good, part));
    assert_int_equal(part_of(good, part), FLUENCY_ONE);
}

/* ---- encodings ------------------------------------------------------------------------------ */

static void text_read_in_a_wrong_encoding_is_broken(void **state)
{
    static const char *const broken[] = {
        "\xff\xfe本",                   /* no UTF-8 */
        "本\xef\xbf\xbdです。",         /* U+FFFD */
        "本\x01です。",                 /* a control character */
        "縺薙ｌ縺ｯ譛ｬ縺ｧ縺吶€",         /* UTF-8 as CP932 */
        "ã\x81\x93ã‚Œã¯æœ¬ã§ã™ã€‚",     /* as CP1252 */
        "銇撱倢銇湰銇с仚",              /* as GBK */
        "г‚гЃ“г‚ЊгЃЇ",                  /* as CP1251 */
        "､ｳ､・ﾏﾋﾜ､ﾇ､ｹ｡｣",               /* EUC-JP as CP932 */
        "\\u3053\\u308c\\u306f\\u672c", /* escapes that nobody undid */
        "&#12371;&#12428;&#12399;",
        "????????",
        "donâ€™t",
    };

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_lower(FLUENCY_BYTES, broken[i], "これは本です。");
}

static void honest_text_of_any_script_is_not_broken(void **state)
{
    static const char *const whole[] = {
        "",
        "これは本です。ｶﾀｶﾅも、ＡＢＣも、“引用”も—。",
        "Größe, café, naïveté, Ærø: “œuvre” — 5 € … don’t",
        "Привет, мир. Что говорит гражданин?",
        "繁體中文與简体中文。",
        "안녕하세요",
        "C:\\users\\name, R&D, why?? really?",
        "👨‍👩‍👧 ♪ ①②③ ㈱",
    };

    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (fluency_bytes(view_of(whole[i])) != FLUENCY_ONE)
            print_error("text %zu\n", i);
        assert_int_equal(fluency_bytes(view_of(whole[i])), FLUENCY_ONE);
    }
}

/* ---- loops ---------------------------------------------------------------------------------- */

static void loops_are_found(void **state)
{
    static const char *const loops[] = {
        "私は本を読んで本を読んで本を読んでいました。",
        "おすすめの漫画はおすすめの漫画は面白いです。",
        "ああああああああああああ",
        "I think that I think that I think that it is fine.",
        "It is very very very very good.",
        "在庫はありません。在庫はありません。在庫はありません。",
    };

    (void)state;
    for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++)
        assert_lower(FLUENCY_REPETITION, loops[i], "おすすめの漫画は面白いです。");
}

static void what_languages_repeat_is_no_loop(void **state)
{
    static const char *const natural[] = {
        "ますます面白く、いろいろな人がだんだん増えました。",
        "ひとつひとつ見ていきましょう。",
        "Had he had it, he would have.",
        "| 1 | 1 | 1 | 1 |\n| 0 | 0 | 0 | 0 |",
        "----------------------------------------",
    };

    (void)state;
    for (size_t i = 0; i < sizeof natural / sizeof natural[0]; i++) {
        if (part_of(natural[i], FLUENCY_REPETITION) != FLUENCY_ONE)
            print_error("text %zu\n", i);
        assert_int_equal(part_of(natural[i], FLUENCY_REPETITION), FLUENCY_ONE);
    }
}

static void passages_that_come_again_far_away_are_found(void **state)
{
    static const char *const passage =
        "この商品は現在在庫がありませんので、入荷までお待ちください。";
    struct strbuf text;

    (void)state;
    strbuf_init(&text, 1 << 16);
    for (int i = 0; i < 6; i++) {
        strbuf_add_text(&text, passage);
        strbuf_printf(&text, "%s", i % 2 == 0 ? "また別の話です。" : "ところで天気がよいですね。");
    }
    assert_true(read_view(strbuf_view(&text)).parts_micro[FLUENCY_REPETITION] < FLUENCY_ONE / 2);
    strbuf_release(&text);
}

/* ---- signs ---------------------------------------------------------------------------------- */

static void brackets_need_partners(void **state)
{
    (void)state;
    assert_lower(FLUENCY_BRACKETS, "「鬼滅の刃は面白いです。", "「鬼滅の刃」は面白いです。");
    assert_lower(FLUENCY_BRACKETS, "鬼滅の刃』は面白いです。", "『鬼滅の刃』は面白いです。");
    assert_lower(FLUENCY_BRACKETS, "全23巻（完結です。", "全23巻（完結)です。");
    assert_lower(FLUENCY_BRACKETS, "[a (b]", "1) one\n2) two\na) three :)");
    assert_lower(FLUENCY_BRACKETS, "(a", "code: `if (x` stands alone");
}

static void a_last_sentence_ends(void **state)
{
    (void)state;
    assert_lower(FLUENCY_ENDING, "おすすめは鬼滅の刃です。次におすすめなのは、",
                 "おすすめは鬼滅の刃です。");
    assert_lower(FLUENCY_ENDING, "この本を", "この本です");
    assert_lower(FLUENCY_ENDING, "I would recommend the", "I would recommend it.");
    assert_lower(FLUENCY_ENDING, "It is good. I would also like to recommend these other books",
                 "- one\n- two and a half");
    assert_int_equal(part_of("鬼滅の刃", FLUENCY_ENDING), FLUENCY_ONE); /* a title */
    assert_int_equal(part_of(" ", FLUENCY_ENDING), FLUENCY_ABSENT);
}

static void a_value_of_json_need_not_end(void **state)
{
    (void)state;
    assert_int_equal(part_of("{\"title\": \"本を\"}", FLUENCY_ENDING), FLUENCY_ABSENT);
}

static void mixed_width_is_told(void **state)
{
    (void)state;
    assert_lower(FLUENCY_WIDTH, "第１巻と第2巻があります。", "第1巻と第2巻があります。");
    assert_lower(FLUENCY_WIDTH, "ﾏﾝｶﾞとアニメがあります。", "マンガとアニメがあります。");
    assert_int_equal(part_of("全２３巻です。", FLUENCY_WIDTH), FLUENCY_ONE);
}

static void simplified_glyphs_in_japanese_are_told(void **state)
{
    (void)state;
    assert_lower(FLUENCY_GLYPHS, "この漫画は读みやすいです。", "この漫画は読みやすいです。");
}

/* ---- register ------------------------------------------------------------------------------- */

static void a_sentence_says_its_register(void **state)
{
    static const struct {
        const char *sentence;
        enum fluency_style style;
    } rows[] = {
        {"これは本です。", FLUENCY_POLITE},
        {"本を読みました！", FLUENCY_POLITE},
        {"ありませんでした。", FLUENCY_POLITE},
        {"いかがですか？", FLUENCY_POLITE},
        {"面白いですよね（笑）", FLUENCY_POLITE},
        {"お待ちください。", FLUENCY_POLITE},
        {"これは本だ。", FLUENCY_PLAIN},
        {"本を読んだ", FLUENCY_PLAIN},
        {"重要な作品である。", FLUENCY_PLAIN},
        {"面白くない。", FLUENCY_PLAIN},
        {"読むのか？", FLUENCY_STYLE_NONE},
        {"鬼滅の刃", FLUENCY_STYLE_NONE},
        {"「これは本だ」", FLUENCY_STYLE_NONE},
        {"ありがとう！", FLUENCY_STYLE_NONE},
        {"", FLUENCY_STYLE_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (fluency_style_of(view_of(rows[i].sentence)) != rows[i].style)
            print_error("row %zu\n", i);
        assert_int_equal(fluency_style_of(view_of(rows[i].sentence)), rows[i].style);
    }
}

static void mixed_registers_lower_the_part_and_lists_do_not(void **state)
{
    struct fluency mixed = read_text("これは本です。あれは机だ。");
    struct fluency list = read_text(
        "おすすめです。\n\n- 絵が美しい。\n- 話が面白い。\n\nぜひどうぞ読んでみてください。");

    (void)state;
    assert_int_equal(mixed.style, FLUENCY_STYLE_MIXED);
    assert_int_equal(mixed.parts_micro[FLUENCY_REGISTER], 0);
    assert_int_equal(list.style, FLUENCY_POLITE);
    assert_int_equal(list.parts_micro[FLUENCY_REGISTER], FLUENCY_ONE);
    assert_int_equal(read_text("1. 絵が美しい。\n2. 話が面白い。").style, FLUENCY_PLAIN);
    assert_int_equal(read_text("1. 絵が美しいです。\n").style, FLUENCY_POLITE);
}

static void a_register_other_than_the_accepted_one_counts_in_full(void **state)
{
    struct fluency polite = read_text("この本は面白いです。ぜひ読んでください。");
    struct fluency plain = read_text("この本は面白い。ぜひ読むべきだ。");
    struct fluency_change change;
    char words[FLUENCY_WORDS_SIZE];

    (void)state;
    assert_true(polite.score_micro == FLUENCY_ONE && plain.score_micro == FLUENCY_ONE);
    fluency_compare(&plain, &polite, 1, &change);
    assert_true(change.style_changed);
    assert_int_equal(change.parts_micro[FLUENCY_REGISTER], 0);
    assert_true(change.score_micro <= FLUENCY_ONE / 2);
    fluency_change_words(&change, words);
    assert_non_null(strstr(words, "from polite (です・ます) to plain (だ・である)"));
    fluency_compare(&polite, &polite, 1, &change);
    assert_false(change.style_changed);
    assert_int_equal(change.score_micro, FLUENCY_ONE);
    fluency_change_words(&change, words);
    assert_string_equal(words, "");
}

static void what_was_accepted_already_does_not_count_again(void **state)
{
    struct fluency accepted = read_text("在庫は 1) あり、(2 なし です。");
    struct fluency now = read_text("在庫は 1) あり、(2 なし でした。");
    struct fluency_change change;

    (void)state;
    assert_true(now.parts_micro[FLUENCY_BRACKETS] < FLUENCY_ONE);
    fluency_compare(&now, &accepted, 1, &change);
    assert_int_equal(change.parts_micro[FLUENCY_BRACKETS], FLUENCY_ONE);
}

static void without_accepted_texts_nothing_changes(void **state)
{
    struct fluency now = read_text("これは本です。あれは机だ。「");
    struct fluency_change change;

    (void)state;
    fluency_compare(&now, NULL, 0, &change);
    assert_int_equal(change.score_micro, now.score_micro);
    assert_memory_equal(change.parts_micro, now.parts_micro, sizeof now.parts_micro);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void japanese_parts_are_absent_from_english(void **state)
{
    struct fluency english = read_text("This is a book (and a good one).");

    (void)state;
    for (int i = FLUENCY_ORDER; i < FLUENCY_PARTS; i++)
        assert_int_equal(english.parts_micro[i], FLUENCY_ABSENT);
    assert_int_equal(english.score_micro, FLUENCY_ONE);
    assert_int_equal(english.style, FLUENCY_STYLE_NONE);
}

static void without_a_dictionary_the_parts_of_words_are_absent(void **state)
{
    struct fluency japanese = read_text("これは本です。");

    (void)state;
    assert_int_equal(japanese.parts_micro[FLUENCY_ORDER], FLUENCY_ABSENT);
    assert_int_equal(japanese.parts_micro[FLUENCY_COST], FLUENCY_ABSENT);
    assert_int_equal(japanese.parts_micro[FLUENCY_UNKNOWN], FLUENCY_ABSENT);
    assert_int_equal(japanese.parts_micro[FLUENCY_REGISTER], FLUENCY_ONE);
}

static void the_score_is_the_product_of_what_parts_leave(void **state)
{
    struct fluency both = read_text("「これは本です。あれは机です、");

    (void)state;
    assert_int_equal(both.parts_micro[FLUENCY_BRACKETS], FLUENCY_ONE / 2);
    assert_int_equal(both.parts_micro[FLUENCY_ENDING], 0);
    assert_int_equal(both.score_micro, 900000 * 8 / 10); /* (1 − .2 × .5) × (1 − .2) */
}

/* Of all bytes, of signs and kana, or of what looks like UTF-8. */
static char any_byte(struct rng *rng, size_t sort)
{
    static const char some[] = "「」\n(aあ";

    if (sort == 0)
        return (char)rng_below(rng, 256);
    if (sort == 1)
        return some[rng_below(rng, sizeof some - 1)];
    return (char)(0xe3u - rng_below(rng, 110));
}

static void any_bytes_are_judged_and_every_value_is_a_share(void **state)
{
    const uint64_t seed = 77;
    struct rng rng;
    char text[600];

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (size_t round = 0; round < 400; round++) {
        size_t len = (size_t)rng_below(&rng, sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = any_byte(&rng, round % 3);
        struct fluency fluency = read_view(view_make(text, len));
        assert_in_range(fluency.score_micro, 0, FLUENCY_ONE);
        for (int i = 0; i < FLUENCY_PARTS; i++)
            assert_true(fluency.parts_micro[i] >= FLUENCY_ABSENT
                        && fluency.parts_micro[i] <= FLUENCY_ONE);
    }
}

static void a_huge_text_is_bounded(void **state)
{
    struct strbuf text;

    (void)state;
    strbuf_init(&text, (size_t)12 << 20);
    while (text.len < (size_t)10 << 20)
        strbuf_add_text(&text, "「あいうえおかきくけこ本を読む");
    struct fluency fluency = read_view(strbuf_view(&text));
    assert_int_equal(fluency.parts_micro[FLUENCY_REPETITION], 0);
    assert_int_equal(fluency.parts_micro[FLUENCY_ENDING],
                     FLUENCY_ABSENT); /* its end was not seen */
    strbuf_release(&text);
}

static void no_memory_is_an_error(void **state)
{
    struct arena arena;
    struct fluency fluency;

    (void)state;
    arena_init(&arena, 64);
    assert_int_equal(fluency_of(&arena, view_of("これは本です。"), NULL, &fluency), ERR_MEMORY);
    arena_release(&arena);
    for (unsigned long n = 1; n < 200; n++) {
        arena_init(&arena, 1 << 20);
        mem_fail_at(n);
        int code = fluency_of(&arena, view_of("これは本です。"), NULL, &fluency);
        mem_fail_at(0);
        arena_release(&arena);
        if (code == 0)
            return;
        assert_int_equal(code, ERR_MEMORY);
    }
    assert_true(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_read_in_a_wrong_encoding_is_broken),
        cmocka_unit_test(honest_text_of_any_script_is_not_broken),
        cmocka_unit_test(loops_are_found),
        cmocka_unit_test(what_languages_repeat_is_no_loop),
        cmocka_unit_test(passages_that_come_again_far_away_are_found),
        cmocka_unit_test(brackets_need_partners),
        cmocka_unit_test(a_last_sentence_ends),
        cmocka_unit_test(a_value_of_json_need_not_end),
        cmocka_unit_test(mixed_width_is_told),
        cmocka_unit_test(simplified_glyphs_in_japanese_are_told),
        cmocka_unit_test(a_sentence_says_its_register),
        cmocka_unit_test(mixed_registers_lower_the_part_and_lists_do_not),
        cmocka_unit_test(a_register_other_than_the_accepted_one_counts_in_full),
        cmocka_unit_test(what_was_accepted_already_does_not_count_again),
        cmocka_unit_test(without_accepted_texts_nothing_changes),
        cmocka_unit_test(japanese_parts_are_absent_from_english),
        cmocka_unit_test(without_a_dictionary_the_parts_of_words_are_absent),
        cmocka_unit_test(the_score_is_the_product_of_what_parts_leave),
        cmocka_unit_test(any_bytes_are_judged_and_every_value_is_a_share),
        cmocka_unit_test(a_huge_text_is_bounded),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
