/* SPDX-License-Identifier: Apache-2.0
 *
 * What two texts share, against values reckoned by hand from the papers' formulas. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "text/overlap.h"

static size_t distance(const char *a, const char *b)
{
    size_t found = 0;

    assert_int_equal(overlap_distance(view_of(a), view_of(b), &found), 0);
    return found;
}

static void edits_are_counted_in_characters(void **state)
{
    (void)state;
    assert_int_equal(distance("kitten", "sitting"), 3);
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(distance("abc", "abc"), 0);
    assert_int_equal(distance("鬼滅の刃", "鬼滅の歯"), 1);
    assert_int_equal(distance("flaw", "lawn"), 2);
}

static void the_distance_is_symmetric(void **state)
{
    static const char *const texts[] = {"", "a", "ab", "hello world", "hallo welt", "日本語"};

    (void)state;
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 6; j++)
            assert_int_equal(distance(texts[i], texts[j]), distance(texts[j], texts[i]));
}

static void a_text_too_long_for_the_table_is_refused(void **state)
{
    static char text[OVERLAP_CHARS_MAX + 2];
    size_t found;

    (void)state;
    memset(text, 'x', OVERLAP_CHARS_MAX + 1);
    assert_int_equal(overlap_distance(view_of(text), view_of("x"), &found), ERR_LIMIT);
}

static void words_are_what_white_space_parts(void **state)
{
    (void)state;
    assert_int_equal(overlap_words(view_of(" one\ttwo\r\nthree,four ")), 3);
    assert_int_equal(overlap_words(view_of("")), 0);
    assert_int_equal(overlap_words(view_of("日本語 の")), 2);
}

static void rouge_is_the_share_of_the_reference_that_is_there(void **state)
{
    double share = -1;

    (void)state;
    assert_int_equal(overlap_rouge(view_of("Hello there"), view_of("hello world"), 1, &share), 0);
    assert_true(fabs(share - (0.5)) < 1e-9);
    assert_int_equal(overlap_rouge(view_of("the cat"), view_of("the the cat."), 1, &share), 0);
    assert_true(fabs(share - (0.5)) < 1e-9); /* each as often as both have it, signs apart */
    assert_int_equal(overlap_rouge(view_of("a b c"), view_of("a b d"), 2, &share), 0);
    assert_true(fabs(share - (0.5)) < 1e-9);
    assert_int_equal(overlap_rouge(view_of("a"), view_of(""), 1, &share), 0);
    assert_true(fabs(share - (0)) < 1e-9);
}

static void bleu_multiplies_precisions_and_punishes_brevity(void **state)
{
    const struct view long_one = VIEW("the cat sat on the mat today");
    const struct view both[] = {VIEW("no such words"), VIEW("the cat sat on the mat")};
    double score = -1;

    (void)state;
    assert_int_equal(overlap_bleu(view_of("The cat sat on the mat"), both, 2, &score), 0);
    assert_true(fabs(score - (1)) < 1e-9);
    assert_int_equal(overlap_bleu(view_of("the cat sat on the mat"), &long_one, 1, &score), 0);
    assert_true(fabs(score - (exp(1 - 7.0 / 6))) < 1e-9);
    assert_int_equal(overlap_bleu(view_of(" "), &long_one, 1, &score), 0);
    assert_true(fabs(score - (0)) < 1e-9);
}

static void gleu_is_the_smaller_of_precision_and_recall(void **state)
{
    const struct view reference = VIEW("a b");
    double score = -1;

    (void)state;
    /* 1-grams 2 of 3 and 2, 2-grams 1 of 2 and 1, one 3-gram: 3 of 6 against 3 of 3. */
    assert_int_equal(overlap_gleu(view_of("a b c"), &reference, 1, &score), 0);
    assert_true(fabs(score - (0.5)) < 1e-9);
}

static void no_memory_is_told(void **state)
{
    const struct view reference = VIEW("a b c d");
    double score;
    size_t found;

    (void)state;
    for (unsigned long n = 1; n <= 3; n++) {
        mem_fail_at(n);
        assert_int_equal(overlap_distance(view_of("ab"), view_of("cd"), &found), ERR_MEMORY);
        mem_fail_at(n);
        assert_int_equal(overlap_bleu(view_of("a b c d"), &reference, 1, &score), ERR_MEMORY);
        mem_fail_at(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_are_counted_in_characters),
        cmocka_unit_test(the_distance_is_symmetric),
        cmocka_unit_test(a_text_too_long_for_the_table_is_refused),
        cmocka_unit_test(words_are_what_white_space_parts),
        cmocka_unit_test(rouge_is_the_share_of_the_reference_that_is_there),
        cmocka_unit_test(bleu_multiplies_precisions_and_punishes_brevity),
        cmocka_unit_test(gleu_is_the_smaller_of_precision_and_recall),
        cmocka_unit_test(no_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
