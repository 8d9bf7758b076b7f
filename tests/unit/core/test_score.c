/* SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic of scores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/golden/score.h"

static struct score whole(int32_t similarity, int32_t keywords, int32_t structure, int32_t language)
{
    struct score score = score_absent();

    score.similarity_micro = similarity;
    score.keywords_micro = keywords;
    score.structure_micro = structure;
    score.language_micro = language;
    return score;
}

static void losing_the_whole_language_part_of_a_perfect_answer_is_critical(void **state)
{
    (void)state;
    struct score before = whole(MICRO, MICRO, MICRO, MICRO);
    struct score now = whole(MICRO, MICRO, MICRO, 0);
    struct severity_limits limits = severity_limits_default();

    int32_t drop_micro = score_total(&before) - score_total(&now);
    assert_int_equal(drop_micro, 200000);
    assert_int_equal(severity_of_drop(drop_micro, &limits), SEVERITY_CRITICAL);
}

static void a_part_that_is_absent_leaves_its_weight_to_the_others(void **state)
{
    (void)state;
    struct score score = whole(SCORE_ABSENT, MICRO, 0, MICRO);

    assert_int_equal(score_total(&score), 750000); /* (25 + 20) / 60 */
    score = score_absent();
    assert_int_equal(score_total(&score), SCORE_ABSENT);
}

static void each_severity_starts_exactly_at_its_limit(void **state)
{
    (void)state;
    struct severity_limits limits = severity_limits_default();
    const struct {
        int32_t drop_micro;
        enum severity severity;
    } rows[] = {
        {200000, SEVERITY_CRITICAL}, {199999, SEVERITY_MAJOR}, {100000, SEVERITY_MAJOR},
        {99999, SEVERITY_MINOR},     {50000, SEVERITY_MINOR},  {49999, SEVERITY_NONE},
        {0, SEVERITY_NONE},          {-49999, SEVERITY_NONE},  {-50000, SEVERITY_IMPROVED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(severity_of_drop(rows[i].drop_micro, &limits), rows[i].severity);
}

static void a_new_answer_is_compared_with_as_many_references_as_an_accepted_one(void **state)
{
    (void)state;
    const int32_t similarities[] = {900000, 600000, 300000};

    /* leaving out the nearest leaves .6, leaving out either other leaves .9 */
    assert_int_equal(similarity_to_accepted(similarities, 3, 3), 800000);
    /* an accepted answer against the other two: the nearest of them */
    assert_int_equal(similarity_to_accepted(similarities, 3, 0), 600000);
    assert_int_equal(similarity_to_accepted(similarities, 1, 1), 900000);
    assert_int_equal(similarity_to_accepted(similarities, 1, 0), SCORE_ABSENT);
}

static void unchanged_answers_score_like_their_baseline_on_average(void **state)
{
    (void)state;
    /* four answers of equal mutual similarity: a fifth like them must not look like a loss */
    const int32_t among[] = {MICRO, 800000, 800000, 800000};
    const int32_t fresh[] = {800000, 800000, 800000, 800000};

    assert_int_equal(similarity_to_accepted(among, 4, 0), similarity_to_accepted(fresh, 4, 4));
}

static void a_mean_counts_only_the_scores_that_have_the_part(void **state)
{
    (void)state;
    struct score scores[] = {whole(SCORE_ABSENT, MICRO, MICRO, 0), whole(500000, 0, MICRO, MICRO)};
    struct score mean = score_mean(scores, 2);

    assert_int_equal(mean.similarity_micro, 500000);
    assert_int_equal(mean.keywords_micro, 500000);
    assert_int_equal(mean.structure_micro, MICRO);
    assert_int_equal(mean.language_micro, 500000);
    assert_int_equal(score_mean(scores, 0).keywords_micro, SCORE_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losing_the_whole_language_part_of_a_perfect_answer_is_critical),
        cmocka_unit_test(a_part_that_is_absent_leaves_its_weight_to_the_others),
        cmocka_unit_test(each_severity_starts_exactly_at_its_limit),
        cmocka_unit_test(a_new_answer_is_compared_with_as_many_references_as_an_accepted_one),
        cmocka_unit_test(unchanged_answers_score_like_their_baseline_on_average),
        cmocka_unit_test(a_mean_counts_only_the_scores_that_have_the_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
