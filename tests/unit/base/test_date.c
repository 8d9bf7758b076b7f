/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/date.h; the C library's timegm is the reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "base/date.h"
#include "base/rng.h"

static const int64_t YEAR_1_S = -62135596800;
static const int64_t YEAR_9999_S = 253402300799;

static void every_day_of_ten_thousand_years_goes_out_and_comes_back(void **state)
{
    (void)state;
    char text[DATE_ISO_SIZE];
    int64_t back;

    for (int64_t at = YEAR_1_S; at <= YEAR_9999_S; at += 86400 + 1) {
        date_iso(at, text);
        if (date_parse(view_of(text), &back) != 0 || back != at)
            fail_msg("%lld: %s", (long long)at, text);
    }
}

static void http_dates_are_read_in_the_form_that_may_be_sent(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994     ",
    };
    int64_t at;

    assert_int_equal(date_parse_http(view_of("Sun, 06 Nov 1994 08:49:37 GMT"), &at), 0);
    assert_int_equal(at, 784111777);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(date_parse_http(view_of(wrong[i]), &at), ERR_INVALID);
}

static void it_agrees_with_the_c_library(void **state)
{
    (void)state;
    struct rng rng;
    const uint64_t seed = 99;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int i = 0; i < 100000; i++) {
        int64_t at = YEAR_1_S + (int64_t)rng_below(&rng, (uint64_t)(YEAR_9999_S - YEAR_1_S));
        time_t when = at;
        struct tm tm;
        char ours[DATE_ISO_SIZE];
        char theirs[40];
        assert_non_null(gmtime_r(&when, &tm));
        snprintf(theirs, sizeof theirs, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        date_iso(at, ours);
        assert_string_equal(ours, theirs);
    }
}

static void the_basic_form_is_what_aws_signs(void **state)
{
    (void)state;
    char text[DATE_BASIC_SIZE];

    date_basic(1440938160, text);
    assert_string_equal(text, "20150830T123600Z");
    date_basic(0, text);
    assert_string_equal(text, "19700101T000000Z");
}

static void times_out_of_range_are_held_at_its_ends(void **state)
{
    (void)state;
    char text[DATE_ISO_SIZE];

    date_iso(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
    date_iso(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static void offsets_fractions_and_lower_case_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t at;
    } cases[] = {{"1970-01-01T00:00:00Z", 0},
                 {"1970-01-01t00:00:01z", 1},
                 {"1970-01-01 00:00:00Z", 0},
                 {"1970-01-01T09:00:00+09:00", 0},
                 {"1969-12-31T16:00:00-08:00", 0},
                 {"1970-01-01T00:00:00.999999999Z", 0},
                 {"2026-11-23T16:33:00.5+00:30", 1795449780},
                 {"2000-02-29T00:00:00Z", 951782400},
                 {"2016-12-31T23:59:60Z", 1483228800}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t at = -1;
        assert_int_equal(date_parse(view_of(cases[i].text), &at), 0);
        if (at != cases[i].at)
            fail_msg("%s: %lld", cases[i].text, (long long)at);
    }
}

static void what_is_no_date_is_refused_and_the_output_untouched(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "2026",
                         "2026-11-23",
                         "2026-11-23T16:33:00",
                         "2026-11-23T16:33Z",
                         "2026-11-23T16:33:00ZZ",
                         "2026-11-23T16:33:00.Z",
                         "2026-11-23T16:33:00+0900",
                         "2026-11-23T16:33:00+24:00",
                         "2026-11-23T16:33:00+09:60",
                         "2026-11-23T24:00:00Z",
                         "2026-11-23T16:60:00Z",
                         "2026-11-23T16:33:61Z",
                         "2026-00-23T16:33:00Z",
                         "2026-13-23T16:33:00Z",
                         "2026-11-00T16:33:00Z",
                         "2026-11-31T16:33:00Z",
                         "2026-02-29T16:33:00Z",
                         "9999-12-31T23:59:59-00:01",
                         "0001-01-01T00:00:00+00:01",
                         "1900-02-29T00:00:00Z",
                         "0000-01-01T00:00:00Z",
                         "-001-01-01T00:00:00Z",
                         "2026/11/23T16:33:00Z",
                         "2026-11-23_16:33:00Z",
                         "2026-11- 3T16:33:00Z"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t at = 42;
        if (date_parse(view_of(bad[i]), &at) != ERR_INVALID || at != 42)
            fail_msg("'%s' was read as %lld", bad[i], (long long)at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_ten_thousand_years_goes_out_and_comes_back),
        cmocka_unit_test(it_agrees_with_the_c_library),
        cmocka_unit_test(http_dates_are_read_in_the_form_that_may_be_sent),
        cmocka_unit_test(the_basic_form_is_what_aws_signs),
        cmocka_unit_test(times_out_of_range_are_held_at_its_ends),
        cmocka_unit_test(offsets_fractions_and_lower_case_are_read),
        cmocka_unit_test(what_is_no_date_is_refused_and_the_output_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
