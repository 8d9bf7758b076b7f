/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/support.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "text/support.h"

enum { WORDS_SIZE = 4096, ROOM = 1 << 28 };

static const char SHOP[] =
    "『鬼滅の刃』は全23巻。第1巻は六百円、発売日は2016年6月3日です。在庫は32冊あります。"
    "送料は500円、3〜5日でお届けします。会員は10%OFF。重さは180g。注文番号はBN-2041です。"
    "営業時間は午前10時から午後8時まで、月曜日は休みです。お問い合わせはhttps://example.com/"
    "helpへ。";

/* Judges an answer; the unsupported values with a bar between them are in `ret_values`. */
static void judge(const char *source, const char *question, const char *answer, bool low,
                  char *ret_values, struct support_report *ret_report)
{
    const struct view sources[] = {view_of(source)};
    const struct support_options options = {
        .floor_micro = SUPPORT_FLOOR_MICRO,
        .values = !low,
        .low = low,
    };
    struct support_sources *made = NULL;
    struct support_report report;
    struct arena arena;

    arena_init(&arena, ROOM);
    assert_int_equal(support_sources_new(sources, 1, view_of(question), NULL, &made), 0);
    assert_int_equal(support_judge(&arena, made, view_of(answer), NULL, &options, &report), 0);
    ret_values[0] = '\0';
    for (size_t i = 0; i < report.value_count; i++) {
        size_t len = strlen(ret_values);
        struct view text =
            view_slice(view_of(answer), report.values[i].value.start, report.values[i].value.end);
        (void)snprintf(ret_values + len, WORDS_SIZE - len, "%s%.*s", i > 0 ? "|" : "",
                       VIEW_ARG(text));
    }
    if (ret_report != NULL)
        *ret_report = report;
    support_sources_free(made);
    arena_release(&arena);
}

static void assert_found(const char *question, const char *answer, const char *expected)
{
    char found[WORDS_SIZE];

    judge(SHOP, question, answer, false, found, NULL);
    if (strcmp(found, expected) != 0)
        fail_msg("%s\n  found     %s\n  expected  %s", answer, found, expected);
}

static void assert_found_in(const char *source, const char *question, const char *answer,
                            const char *expected)
{
    char found[WORDS_SIZE];

    judge(source, question, answer, false, found, NULL);
    if (strcmp(found, expected) != 0)
        fail_msg("%s\n  found     %s\n  expected  %s", answer, found, expected);
}

static void values_of_a_source_are_supported_in_any_form(void **state)
{
    (void)state;

    assert_found("", "第1巻は600円（￥６００、600 yen）です。", "");
    assert_found("", "2016/6/3、2016年、6月3日、平成28年6月に出ました。", "");
    assert_found("", "二十三巻、在庫三十二冊、重さ0.18kgです。", "");
    assert_found("", "10時から20時まで。Mondayは休みです。", "");
    assert_found("", "番号bn2041、https://example.com/help、『鬼滅の刃』です。", "");
    assert_found("", "5日以内に届きます。", "");
}

static void values_that_are_in_no_source_are_found_with_their_bytes(void **state)
{
    (void)state;

    assert_found("", "第1巻は650円です。", "650円");
    assert_found("", "全25巻で、2017年6月3日に出ました。", "25巻|2017年6月3日");
    assert_found("", "３週間で届きます。", "３週間");
    assert_found("", "在庫は32個、15%OFFです。", "32個|15%");
    assert_found("", "水曜日は休み、午後9時までです。", "水曜日|午後9時");
    assert_found("", "『呪術廻戦』もあります。番号はBN-2042です。", "『呪術廻戦』|BN-2042");
    assert_found("", "詳しくはhttps://example.com/faqへ。", "https://example.com/faq");
}

static void what_the_user_said_is_a_source(void **state)
{
    (void)state;

    assert_found("5,000円以内で7冊ください", "5,000円以内で7冊ですね。", "");
    assert_found("注文A-9981の件です", "注文A-9981を確認しました。", "");
}

static void numbering_and_counts_of_the_own_list_do_not_cry_wolf(void **state)
{
    (void)state;

    assert_found("", "おすすめは次の4点です。\n1. 鬼滅の刃\n2. 在庫あり\n3. 送料500円\n4. 会員\n",
                 "");
    assert_found(
        "", "手順は3つです。\nステップ1：選ぶ\nステップ2：払う\nステップ3：待つ\n\n- a\n- b\n- c",
        "");
    assert_found("", "600円です[1]。在庫は32冊です[12]。", "");
}

static void arithmetic_on_named_operands_follows(void **state)
{
    (void)state;

    assert_found("3冊買います", "3冊×600円=1,800円です。", "");
    assert_found("3冊でいくらですか", "1,800円です。", "");
    assert_found("", "600円に送料500円で、1,100円です。", "");
    assert_found("", "会員は10%OFFで540円です。", "");
    assert_found("", "600円に送料500円で、1,200円です。", "1,200円");
    assert_found("3冊買います", "3冊×600円=1,900円です。", "1,900円");
}

static void a_total_that_is_asked_for_passes_unless_it_looks_like_a_slip(void **state)
{
    static const char TABLE[] = "| 品 | 円 |\n|---|---|\n| A | 1200 |\n| B | 3450 |\n| C | 980 |\n";
    (void)state;

    assert_found_in(TABLE, "合計はいくらですか", "5,630円です。", "");
    assert_found_in(TABLE, "合計はいくらですか", "Bは3,470円です。", "3,470円");
}

static void days_between_two_dates_follow_where_a_period_is_asked_for(void **state)
{
    static const char DATES[] = "締切は2024年9月18日、採用予定日は2025年4月1日です。";
    (void)state;

    assert_found_in(DATES, "締切から採用までの期間は何日ですか", "195日", "");
    assert_found_in(DATES, "締切から採用までの期間は何日ですか", "185日", "185日");
    assert_found_in(DATES, "締切はいつですか", "195日後です。", "195日");
}

static void rounding_is_allowed_where_it_is_said_or_exact(void **state)
{
    static const char AREA[] = "面積は2,591,220人、参加者は11,847人、割合は55.8%です。";
    (void)state;

    assert_found_in(AREA, "", "約260万人、約1万2千人です。", "");
    assert_found_in(AREA, "", "259万人、56%です。", "");
    assert_found_in(AREA, "", "約300万人です。", "300万人");
    assert_found_in(AREA, "", "57%です。", "57%");
}

static void a_heading_gives_cells_their_unit_and_scale(void **state)
{
    static const char HTML[] = "<table><tr><th>部門</th><th>利益(百万円)</th></tr><tr><td>家電</"
                               "td><td>510</td></tr></table>";
    static const char AREA[] = "| 県 | 面積 (ha) |\n|---|---|\n| 鳥東県 | 259,122 |\n";
    (void)state;

    assert_found_in(HTML, "", "家電は510(百万円)、5億1千万円です。", "");
    assert_found_in(HTML, "", "家電は610(百万円)です。", "610(百万円)");
    assert_found_in(AREA, "", "2591.22平方キロメートルです。", "");
    assert_found_in("品,価格\nA,32800\n", "", "32800円です。", "");
}

static void units_that_differ_are_told_apart(void **state)
{
    static const char FACTS[] = "会員は79,000人、期間は40日、容量は16GB、濃度は1000ppmです。";
    (void)state;

    assert_found_in(FACTS, "", "79,000件", "79,000件");
    assert_found_in(FACTS, "", "40週間", "40週間");
    assert_found_in(FACTS, "", "16MB", "16MB");
    assert_found_in(FACTS, "", "0.1%、16,000MB", "");
}

static void json_answers_and_sources_are_read(void **state)
{
    static const char SOURCE[] = "{\"title\": \"\\u9b3c\\u6ec5\\u306e\\u5203\", \"price\": 600}";
    (void)state;

    assert_found_in(SOURCE, "", "「鬼滅の刃」は600円です。", "");
    assert_found_in(SOURCE, "", "{\"text\": \"\\u4fa1\\u683c\\u306f700\\u5186\", \"price\": 600}",
                    "700\\u5186");
}

static void the_nearest_value_is_shown(void **state)
{
    static const char SOURCE[] = "AはA社の450円、BはB社の3,000円です。";
    const struct view sources[] = {view_of(SOURCE)};
    const struct support_options options = {.values = true};
    struct support_sources *made = NULL;
    struct support_report report;
    struct arena arena;
    struct view answer = view_of("Bは3,500円です。");
    (void)state;

    arena_init(&arena, ROOM);
    assert_int_equal(support_sources_new(sources, 1, (struct view){0}, NULL, &made), 0);
    assert_int_equal(support_judge(&arena, made, answer, NULL, &options, &report), 0);
    assert_int_equal(report.value_total, 1);
    assert_true(view_is(report.values[0].nearest, "3,000円"));
    assert_string_equal(support_value_message(&arena, answer, &report.values[0]),
                        "3,500円 (money) stands in no source; the nearest is 3,000円");
    support_sources_free(made);
    arena_release(&arena);
}

static void nothing_is_held_against_no_source(void **state)
{
    const struct support_options options = {.values = true, .low = true};
    struct support_sources *made = NULL;
    struct support_report report;
    struct arena arena;
    (void)state;

    arena_init(&arena, ROOM);
    assert_int_equal(support_sources_new(NULL, 0, view_of("いくら"), NULL, &made), 0);
    assert_int_equal(support_judge(&arena, made, view_of("600円です。"), NULL, &options, &report),
                     0);
    assert_true(report.value_count == 0 && report.judged == 0 && report.mean_micro == -1);
    support_sources_free(made);
    arena_release(&arena);
}

static int64_t lowest(const char *source, const char *question, const char *answer)
{
    char found[WORDS_SIZE];
    struct support_report report;

    judge(source, question, answer, true, found, &report);
    return report.lowest_micro;
}

static void a_claim_in_the_words_of_a_source_is_carried_and_one_in_others_is_not(void **state)
{
    static const char ENGLISH[] = "The film was released in Japan in March. It won two awards for "
                                  "animation. The director lives in Kyoto.";
    (void)state;

    assert_true(lowest(SHOP, "", "鬼滅の刃の第1巻は在庫があります。") > 700000);
    assert_true(lowest(SHOP, "", "宇宙探査機が惑星の軌道に到達した。") < SUPPORT_FLOOR_MICRO);
    assert_true(lowest(ENGLISH, "", "The films were released in Japan.") > 900000);
    assert_true(lowest(ENGLISH, "", "Economists expect interest rates to fall.") == 0);
}

static void greetings_questions_and_single_words_are_not_judged(void **state)
{
    (void)state;

    assert_int_equal(lowest(SHOP, "", "お問い合わせありがとうございます。"), -1);
    assert_int_equal(lowest(SHOP, "", "他にご希望の惑星軌道探査はありますか？"), -1);
    assert_int_equal(lowest(SHOP, "", "はい。"), -1);
}

static void words_of_the_question_say_nothing_new(void **state)
{
    (void)state;

    assert_int_equal(
        lowest(SHOP, "惑星探査機の軌道計算と燃料消費", "惑星探査機の軌道計算と燃料消費"), -1);
}

static int64_t certain(void *context, struct view claim, struct view source)
{
    (void)claim;
    (void)source;
    return *(const int64_t *)context;
}

static void a_similarity_can_only_raise_a_score(void **state)
{
    const struct view sources[] = {view_of("鬼滅の刃は全23巻の漫画作品です。")};
    struct support_sources *made = NULL;
    struct support_report report;
    struct arena arena;
    int64_t similar = 950000;
    struct support_options options = {.low = true, .similarity = certain, .context = &similar};
    struct view answer = view_of("鬼滅の刃は惑星探査の記録映画作品です。");
    (void)state;

    arena_init(&arena, ROOM);
    assert_int_equal(support_sources_new(sources, 1, (struct view){0}, NULL, &made), 0);
    assert_int_equal(support_judge(&arena, made, answer, NULL, &options, &report), 0);
    assert_int_equal(report.lowest_micro, 950000);
    similar = 1;
    assert_int_equal(support_judge(&arena, made, answer, NULL, &options, &report), 0);
    assert_true(report.lowest_micro > 1 && report.lowest_micro < 950000);
    support_sources_free(made);
    arena_release(&arena);
}

/* A morphology that knows one word a kanji run: enough to see that it is asked. */
static int one_word(void *context, struct arena *arena, struct view text,
                    const struct morpheme **ret_morphemes, size_t *ret_count)
{
    struct morpheme *morpheme = arena_new(arena, 1, sizeof *morpheme);

    (*(int *)context)++;
    if (morpheme == NULL)
        return ERR_MEMORY;
    *morpheme = (struct morpheme){.end = text.len, .base = text, .kind = MORPHEME_NOUN};
    *ret_morphemes = morpheme;
    *ret_count = 1;
    return 0;
}

static void a_morphology_is_asked_for_japanese_alone(void **state)
{
    int asked = 0;
    const struct morphology morphology = {.analyse = one_word, .context = &asked};
    const struct view sources[] = {view_of("漫画です。\nA comic.\n")};
    struct support_sources *made = NULL;
    (void)state;

    assert_int_equal(support_sources_new(sources, 1, (struct view){0}, &morphology, &made), 0);
    assert_int_equal(asked, 1);
    support_sources_free(made);
}

static void a_megabyte_of_values_takes_no_more_than_a_moment(void **state)
{
    size_t size = 1024 * 1024;
    char *text = mem_new(size + 1, 1);
    char found[WORDS_SIZE];
    struct support_report report;
    (void)state;

    assert_non_null(text);
    for (size_t i = 0; i + 8 <= size; i += 8)
        (void)snprintf(text + i, 9, "%06zu, ", i * 7919 % 1000000);
    judge("12円と34冊", "", text, false, found, &report);
    assert_true(report.checked > 100000);
    assert_int_equal(report.value_count, SUPPORT_FINDINGS_MAX);
    mem_free(text);
}

static void any_allocation_may_fail(void **state)
{
    const struct view sources[] = {view_of(SHOP)};
    const struct support_options options = {.values = true, .low = true};
    (void)state;

    for (unsigned long n = 1; n < 200; n++) {
        struct support_sources *made = NULL;
        struct support_report report;
        struct arena arena;
        arena_init(&arena, ROOM);
        mem_fail_at(n);
        int status = support_sources_new(sources, 1, view_of("いくら"), NULL, &made);
        if (status == 0)
            status = support_judge(&arena, made, view_of("第2巻は７００円です。"), NULL, &options,
                                   &report);
        mem_fail_at(0);
        assert_true(status == 0 || status == ERR_MEMORY);
        support_sources_free(made);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_a_source_are_supported_in_any_form),
        cmocka_unit_test(values_that_are_in_no_source_are_found_with_their_bytes),
        cmocka_unit_test(what_the_user_said_is_a_source),
        cmocka_unit_test(numbering_and_counts_of_the_own_list_do_not_cry_wolf),
        cmocka_unit_test(arithmetic_on_named_operands_follows),
        cmocka_unit_test(a_total_that_is_asked_for_passes_unless_it_looks_like_a_slip),
        cmocka_unit_test(days_between_two_dates_follow_where_a_period_is_asked_for),
        cmocka_unit_test(rounding_is_allowed_where_it_is_said_or_exact),
        cmocka_unit_test(a_heading_gives_cells_their_unit_and_scale),
        cmocka_unit_test(units_that_differ_are_told_apart),
        cmocka_unit_test(json_answers_and_sources_are_read),
        cmocka_unit_test(the_nearest_value_is_shown),
        cmocka_unit_test(nothing_is_held_against_no_source),
        cmocka_unit_test(a_claim_in_the_words_of_a_source_is_carried_and_one_in_others_is_not),
        cmocka_unit_test(greetings_questions_and_single_words_are_not_judged),
        cmocka_unit_test(words_of_the_question_say_nothing_new),
        cmocka_unit_test(a_similarity_can_only_raise_a_score),
        cmocka_unit_test(a_morphology_is_asked_for_japanese_alone),
        cmocka_unit_test(a_megabyte_of_values_takes_no_more_than_a_moment),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
