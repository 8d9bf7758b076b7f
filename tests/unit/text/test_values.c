/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/values.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "text/values.h"

enum { WORDS_SIZE = 2048 };

/* What the reader makes of a text, in words: "[6円 = 6 yen]…", weak values in lower brackets. */
static void describe(const struct value *value, struct view text, char *out, size_t size)
{
    size_t len = strlen(out);
    char tail[96] = "";

    switch (value->kind) {
    case VALUE_NUMBER:
    case VALUE_MONEY:
        (void)snprintf(tail, sizeof tail, "%llde%d %s", (long long)value->number.digits,
                       (int)value->number.exponent, value_unit_name(value->unit));
        break;
    case VALUE_DATE:
        (void)snprintf(tail, sizeof tail, "%d-%d-%d", value->year, value->month, value->day);
        break;
    case VALUE_TIME:
        (void)snprintf(tail, sizeof tail, "%d:%02d", value->hour, value->minute);
        break;
    case VALUE_WEEKDAY:
        (void)snprintf(tail, sizeof tail, "day %d", value->day);
        break;
    case VALUE_CODE:
    case VALUE_ADDRESS:
    case VALUE_TITLE:
        (void)snprintf(tail, sizeof tail, "%s", value_kind_name(value->kind));
        break;
    }
    (void)snprintf(out + len, size - len, "%s%.*s=%s%s", len > 0 ? "; " : "",
                   (int)(value->end - value->start), text.ptr + value->start,
                   value->is_weak ? "weak " : "", tail);
    for (len = strlen(out); len > 0 && out[len - 1] == ' '; len--)
        out[len - 1] = '\0';
}

static void assert_values(const char *source, const char *expected)
{
    struct arena arena;
    struct normalised spelled;
    struct value_reader reader;
    struct value value;
    char said[WORDS_SIZE] = "";
    size_t last = 0;

    arena_init(&arena, (size_t)1 << 24);
    assert_int_equal(values_spell(&arena, view_of(source), &spelled), 0);
    value_reader_init(&reader, spelled.text);
    while (value_next(&reader, &value)) {
        assert_true(value.start < value.end && value.end <= spelled.text.len
                    && value.start >= last);
        last = value.start;
        describe(&value, spelled.text, said, sizeof said);
    }
    if (strcmp(said, expected) != 0)
        fail_msg("%s\n  is read as   %s\n  rather than  %s", source, said, expected);
    arena_release(&arena);
}

static void the_same_price_is_the_same_however_it_is_written(void **state)
{
    (void)state;

    assert_values("六百円", "六百円=6e2 yen");
    assert_values("６００円", "600円=6e2 yen");
    assert_values("¥600", "¥600=6e2 yen");
    assert_values("￥６００", "¥600=6e2 yen");
    assert_values("JPY 600", "JPY 600=6e2 yen");
    assert_values("600 yen", "600 yen=6e2 yen");
    assert_values("陸", ""); /* a name as often as a numeral */
    assert_values("壱万弐千円", "壱万弐千円=12e3 yen");
}

static void scales_mix_and_add_up_exactly(void **state)
{
    (void)state;

    assert_values("1万2千円", "1万2千円=12e3 yen");
    assert_values("76億1,600万円", "76億1,600万円=7616e6 yen");
    assert_values("650百万円", "650百万円=65e7 yen");
    assert_values("500(百万円)", "500(百万円)=5e8 yen");
    assert_values("5.2 万トン", "5.2 万トン=52e9 grams");
    assert_values("0.1兆円", "0.1兆円=1e11 yen");
    assert_values("$5.2 million", "$5.2 million=52e5 dollars");
    assert_values("$5M and 10k", "$5M=5e6 dollars; 10k=1e4");
    assert_values("2 billion yen", "2 billion yen=2e9 yen");
    assert_values("十二万三千四百五十六人", "十二万三千四百五十六人=123456e0 people");
    assert_values("2千3百個", "2千3百個=23e2 pieces");
}

static void separators_and_points_are_read_and_lists_are_not_numbers(void **state)
{
    (void)state;

    assert_values("1,800円と１，８００円", "1,800円=18e2 yen; 1,800円=18e2 yen");
    assert_values("65,676,291 人", "65,676,291 人=65676291e0 people");
    assert_values("1,2,3", "1=1e0; 2=2e0; 3=3e0");
    assert_values("1.50kg", "1.50kg=15e2 grams");
    assert_values("12,34", "12=12e0; 34=34e0");
    assert_values("123456789012345678901234567890", "123456789012345678901234567890=code");
}

static void dates_are_the_same_in_any_form(void **state)
{
    static const char *const forms[] = {
        "2024年4月1日",     "２０２４年４月１日", "二〇二四年四月一日", "令和6年4月1日",
        "令和六年四月一日", "2024-04-01",         "2024/4/1",           "2024.4.1",
        "R6.4.1",           "April 1st, 2024",    "April 1, 2024",      "1 April 2024",
        "Apr. 1, 2024",     "4/1/2024",           "2024 年 4 月 1 日",  "1st of April, 2024",
    };
    (void)state;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct arena arena;
        struct normalised spelled;
        struct value_reader reader;
        struct value value;
        arena_init(&arena, 1 << 20);
        assert_int_equal(values_spell(&arena, view_of(forms[i]), &spelled), 0);
        value_reader_init(&reader, spelled.text);
        if (!value_next(&reader, &value) || value.kind != VALUE_DATE || value.year != 2024
            || value.month != 4 || value.day != 1 || value.end != spelled.text.len)
            fail_msg("%s is not read as 2024-04-01", forms[i]);
        arena_release(&arena);
    }
    assert_values("令和元年", "令和元年=2019-0-0");
    assert_values("平成25年度", "平成25年度=2013-0-0");
    assert_values("昭和64年1月7日", "昭和64年1月7日=1989-1-7");
    assert_values("2024年度、4月、4月3日", "2024年度=2024-0-0; 4月=0-4-0; 4月3日=0-4-3");
    assert_values("in April 2024 and the 1990s", "April 2024=2024-4-0; 1990s=1990-0-0");
    assert_values("1990年代", "1990年代=1990-0-0");
    assert_values("You may march", "");
}

static void years_and_days_that_last_are_durations(void **state)
{
    (void)state;

    assert_values(
        "3日間、3週間、3ヶ月、3か月、3カ月、3年間",
        "3日間=2592e2 seconds; 3週間=18144e2 seconds; 3ヶ月=3e0 months; 3か月=3e0 months; "
        "3カ月=3e0 months; 3年間=36e0 months");
    assert_values("1週間", "1週間=6048e2 seconds");
    assert_values("7 days", "7 days=6048e2 seconds");
    assert_values("3時間30分", "3時間=108e2 seconds; 30分=18e2 seconds");
    assert_values("a 5-year-old, 12 months, two weeks",
                  "5-year-old=5e0 years of age; 12 months=12e0 months; two weeks=12096e2 seconds");
    assert_values("3〜5日", "3=2592e2 seconds; 5日=432e3 seconds");
    assert_values("10-20 days", "10=864e3 seconds; 20 days=1728e3 seconds");
}

static void times_of_day_and_weekdays_are_known(void **state)
{
    (void)state;

    assert_values("午後3時、15:00、3 pm、3p.m.",
                  "午後3時=15:00; 15:00=15:00; 3 pm=15:00; 3p.m.=15:00");
    assert_values("15時30分、午前9時半", "15時30分=15:30; 午前9時半=9:30");
    assert_values("2024-04-01T10:15", "2024-04-01=2024-4-1; 10:15=10:15");
    assert_values("月曜日と金曜、Sunday", "月曜日=day 1; 金曜=day 5; Sunday=day 7");
}

static void shares_are_percentages(void **state)
{
    (void)state;

    assert_values(
        "25%、２５％、25パーセント、2割5分、25 percent",
        "25%=25e0 percent; 25%=25e0 percent; 25パーセント=25e0 percent; 2割5分=25e0 percent; "
        "25 percent=25e0 percent");
    assert_values("4分の1", "4分の1=25e0 percent");
    assert_values("1000ppm", "1000ppm=1e-1 percent");
}

static void measures_meet_in_one_unit(void **state)
{
    (void)state;

    assert_values("1.5km 1500m 1500メートル", "1.5km=15e2 metres; 1500m=15e2 metres; "
                                              "1500メートル=15e2 metres");
    assert_values("2kg ㎏ ５㎏ 0.5GB", "2kg=2e3 grams; 5kg=5e3 grams; 0.5GB=5e8 bytes");
    assert_values(
        "2591.22平方キロメートル 259,122ha",
        "2591.22平方キロメートル=259122e4 square metres; 259,122ha=259122e4 square metres");
}

static void counters_and_ordinals_are_read(void **state)
{
    (void)state;

    assert_values("全23巻、第3巻、vol. 3、Volume 3",
                  "23巻=23e0 volume; 3巻=3e0 volume; vol. 3=3e0 volume; Volume 3=3e0 volume");
    assert_values("3冊、12話、29位、3rd",
                  "3冊=3e0 books; 12話=12e0 episode; 29位=29e0 place; 3rd=3e0");
    assert_values("三冊と二十五名", "三冊=3e0 books; 二十五名=25e0 people");
}

static void numerals_inside_words_claim_nothing(void **state)
{
    (void)state;

    assert_values("三重県の一般的な方法", "三=weak 3e0; 一=weak 1e0");
    assert_values("一つの例、一人、一部",
                  "一つ=weak 1e0 pieces; 一人=weak 1e0 people; 一=weak 1e0");
    assert_values("one of them, first", "one=weak 1e0; first=weak 1e0");
    assert_values("twenty-five, two hundred and five, two million",
                  "twenty-five=25e0; two hundred and five=205e0; two million=2e6");
}

static void codes_addresses_and_titles_are_kept_whole(void **state)
{
    (void)state;

    assert_values("会議室A325、BN-2041、COVID-19", "A325=code; BN-2041=code; COVID-19=weak code");
    assert_values("03-1234-5678と3-2-1", "03-1234-5678=code; 3-2-1=code");
    assert_values("詳細はhttps://example.com/a?b=1です", "https://example.com/a?b=1=address");
    assert_values("help@example.comまで", "help@example.com=address");
    assert_values("『鬼滅の刃』第1話", "『鬼滅の刃』=title; 1話=1e0 episode");
    assert_values("the \"Iron Maiden\" cover", "\"Iron Maiden\"=title");
    assert_values("it \"did not work\"", "\"did not work\"=weak title");
    assert_values("「全3巻」", "「全3巻」=title; 3巻=3e0 volume");
}

static void citation_marks_are_no_values(void **state)
{
    (void)state;

    assert_values("600円です[1]。在庫あり【2】[資料3][1, 2]", "600円=6e2 yen");
}

static void a_number_of_no_known_unit_says_so(void **state)
{
    struct value_reader reader;
    struct value value;
    (void)state;

    value_reader_init(&reader, view_of("300エピタス"));
    assert_true(value_next(&reader, &value));
    assert_int_equal(value.unit, UNIT_OTHER);
    value_reader_init(&reader, view_of("300以上"));
    assert_true(value_next(&reader, &value));
    assert_int_equal(value.unit, UNIT_NONE);
}

static void rounding_is_announced_by_words(void **state)
{
    static const char *const rounded[] = {"約600円",       "600円ほど",    "600円程度",
                                          "about 600 yen", "over 600 yen", "およそ600円"};
    struct value_reader reader;
    struct value value;
    (void)state;

    for (size_t i = 0; i < sizeof rounded / sizeof rounded[0]; i++) {
        value_reader_init(&reader, view_of(rounded[i]));
        assert_true(value_next(&reader, &value) && value.is_about);
    }
    value_reader_init(&reader, view_of("600円です"));
    assert_true(value_next(&reader, &value) && !value.is_about);
}

static void the_way_back_leads_to_the_bytes_that_were_said(void **state)
{
    struct view source = view_of("定価は６００円、ｶﾞﾝﾀﾞﾑ①");
    struct arena arena;
    struct normalised spelled;
    struct value_reader reader;
    struct value value;
    size_t start = 0;
    size_t end = 0;
    (void)state;

    arena_init(&arena, 1 << 20);
    assert_int_equal(values_spell(&arena, source, &spelled), 0);
    value_reader_init(&reader, spelled.text);
    assert_true(value_next(&reader, &value));
    normalised_source(&spelled, value.start, value.end, &start, &end);
    assert_true(view_is(view_slice(source, start, end), "６００円"));
    arena_release(&arena);
}

static void decimals_are_exact(void **state)
{
    struct decimal result;
    (void)state;

    assert_true(decimal_equal(decimal_of(1500, -2), decimal_of(15, 0)));
    assert_true(decimal_equal(decimal_of(0, 7), decimal_of(0, 0)));
    assert_true(decimal_add(decimal_of(1, -1), decimal_of(2, -1), &result));
    assert_true(decimal_equal(result, decimal_of(3, -1)));
    assert_true(decimal_multiply(decimal_of(11, -1), decimal_of(3, 0), &result));
    assert_true(decimal_equal(result, decimal_of(33, -1)));
    assert_false(decimal_add(decimal_of(1, 30), decimal_of(1, 0), &result));
    assert_false(decimal_multiply(decimal_of(INT64_MAX, 0), decimal_of(3, 0), &result));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_price_is_the_same_however_it_is_written),
        cmocka_unit_test(scales_mix_and_add_up_exactly),
        cmocka_unit_test(separators_and_points_are_read_and_lists_are_not_numbers),
        cmocka_unit_test(dates_are_the_same_in_any_form),
        cmocka_unit_test(years_and_days_that_last_are_durations),
        cmocka_unit_test(times_of_day_and_weekdays_are_known),
        cmocka_unit_test(shares_are_percentages),
        cmocka_unit_test(measures_meet_in_one_unit),
        cmocka_unit_test(counters_and_ordinals_are_read),
        cmocka_unit_test(numerals_inside_words_claim_nothing),
        cmocka_unit_test(codes_addresses_and_titles_are_kept_whole),
        cmocka_unit_test(citation_marks_are_no_values),
        cmocka_unit_test(a_number_of_no_known_unit_says_so),
        cmocka_unit_test(rounding_is_announced_by_words),
        cmocka_unit_test(the_way_back_leads_to_the_bytes_that_were_said),
        cmocka_unit_test(decimals_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
