/* SPDX-License-Identifier: Apache-2.0
 *
 * The public scorer, linked as a user links it: against the shared library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <assay/assay.h>

static void an_answer_is_scored_and_what_failed_is_named(void **state)
{
    static const char line[] =
        "{\"id\":\"a\",\"text\":\"Hello there, dear reader of comics.\",\"reference\":\"Hello "
        "there, dear reader of "
        "comics.\",\"expect\":{\"language\":\"ja\",\"keywords\":[\"comics\"]}}";
    struct assay_scorer *scorer;
    char *result = NULL;
    char error[256];

    (void)state;
    assert_int_equal(assay_scorer_new(ASSAY_SIMILARITY_NGRAMS, NULL, &scorer, error, sizeof error),
                     0);
    assert_int_equal(
        assay_scorer_score(scorer, line, sizeof line - 1, &result, error, sizeof error), 0);
    assert_int_equal(assay_json_check(result, strlen(result), error, sizeof error), 0);
    assert_non_null(strstr(result, "\"similarity\":1,"));
    assert_non_null(strstr(result, "\"keyword_coverage\":1,"));
    assert_non_null(strstr(result, "\"check\":\"language\""));
    assay_text_free(result);
    assay_scorer_free(scorer);
}

static void bad_input_is_refused_with_a_reason(void **state)
{
    struct assay_scorer *scorer;
    char *result = NULL;
    char error[256];

    (void)state;
    assert_int_not_equal(
        assay_scorer_new(ASSAY_SIMILARITY_MODEL, "/nonexistent", &scorer, error, sizeof error), 0);
    assert_non_null(strstr(error, "/nonexistent"));
    assert_int_equal(assay_scorer_new(ASSAY_SIMILARITY_NONE, NULL, &scorer, NULL, 0), 0);
    assert_int_not_equal(assay_scorer_score(scorer, "{", 1, &result, error, sizeof error), 0);
    assert_null(result);
    assert_true(strlen(error) > 0);
    assert_int_not_equal(assay_scorer_score(scorer, "{}", 2, &result, error, 8), 0);
    assert_true(strlen(error) < 8);
    assay_scorer_free(scorer);
    assay_scorer_free(NULL);
}

/* What depends on words is there with a dictionary only. */
static void a_dictionary_brings_the_parts_of_words(void **state)
{
    static const char line[] = "{\"id\":\"a\",\"text\":\"昨日は図書館で本を読みました。\"}";
    struct assay_scorer *scorer;
    char *result = NULL;
    char error[256];

    (void)state;
    assert_int_equal(assay_scorer_new(ASSAY_SIMILARITY_NONE, NULL, &scorer, NULL, 0), 0);
    assert_int_equal(assay_scorer_score(scorer, line, sizeof line - 1, &result, NULL, 0), 0);
    assert_non_null(strstr(result, "\"fluency\":{\"score\":1,"));
    assert_null(strstr(result, "\"order\""));
    assay_text_free(result);
    assert_int_not_equal(assay_scorer_dictionary(scorer, "/nonexistent", error, sizeof error), 0);
    assert_non_null(strstr(error, "/nonexistent"));
    if (assay_scorer_dictionary(scorer, NULL, error, sizeof error) != 0) {
        print_message("no Japanese dictionary on this machine: %s\n", error);
        assay_scorer_free(scorer);
        skip();
    }
    assert_int_equal(assay_scorer_score(scorer, line, sizeof line - 1, &result, NULL, 0), 0);
    assert_non_null(strstr(result, "\"order\":0.9"));
    assay_text_free(result);
    assay_scorer_free(scorer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_scored_and_what_failed_is_named),
        cmocka_unit_test(bad_input_is_refused_with_a_reason),
        cmocka_unit_test(a_dictionary_brings_the_parts_of_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
