/* SPDX-License-Identifier: Apache-2.0
 *
 * What a histogram promises: buckets as HdrHistogram has them, a thousandth of precision, sums
 * without loss, percentiles that never read too low. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/histogram.h"
#include "base/mem.h"
#include "base/rng.h"

enum { VALUES = 5000 };

static const uint64_t hour_us = UINT64_C(3600000000);

static struct histogram make(uint64_t highest)
{
    struct histogram histogram;

    assert_int_equal(histogram_init(&histogram, highest), 0);
    return histogram;
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* Spread over many powers of 2, so that every width of bucket is met. */
static uint64_t any_value(struct rng *rng, unsigned bits)
{
    return rng_next(rng) >> (64 - 1 - rng_below(rng, bits));
}

static void buckets_follow_each_other_without_gap_or_overlap(void **state)
{
    (void)state;
    uint64_t next = 0;

    for (size_t i = 0; i < HISTOGRAM_LEN_MAX; i++) {
        assert_int_equal(histogram_low(i), next);
        assert_int_equal(histogram_index(histogram_low(i)), i);
        assert_int_equal(histogram_index(histogram_high(i)), i);
        next = histogram_high(i) + 1;
    }
    assert_int_equal(histogram_index(HISTOGRAM_HIGHEST_MAX),
                     HISTOGRAM_LEN_MAX - HISTOGRAM_LEN_MAX / 54);
}

static void a_bucket_is_no_wider_than_a_thousandth_of_its_values(void **state)
{
    (void)state;

    for (size_t i = 0; i < HISTOGRAM_LEN_MAX; i++) {
        uint64_t width = histogram_high(i) - histogram_low(i) + 1;
        assert_true(width == 1 || width <= histogram_low(i) / 1000);
    }
}

static void there_are_as_many_buckets_as_hdrhistogram_has(void **state)
{
    (void)state;
    /* HdrHistogram(1, highest, 3).counts_len */
    static const struct {
        uint64_t highest;
        size_t len;
    } cases[] = {
        {2, 2048},           {2047, 2048},           {2048, 3072},
        {4095, 3072},        {4096, 4096},           {1000000, 11264},
        {3600000000, 23552}, {3600000000000, 33792}, {UINT64_C(1) << 62, HISTOGRAM_LEN_MAX},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct histogram histogram = make(cases[i].highest);
        assert_int_equal(histogram.len, cases[i].len);
        histogram_release(&histogram);
    }
}

static void a_range_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct histogram histogram;

    assert_int_equal(histogram_init(&histogram, 0), ERR_INVALID);
    assert_int_equal(histogram_init(&histogram, 1), ERR_INVALID);
    assert_int_equal(histogram_init(&histogram, HISTOGRAM_HIGHEST_MAX + 1), ERR_INVALID);
    mem_fail_at(1);
    assert_int_equal(histogram_init(&histogram, 1000), ERR_MEMORY);
    mem_fail_at(0);
}

static void an_empty_one_answers_zero(void **state)
{
    (void)state;
    struct histogram histogram = make(hour_us);

    assert_int_equal(histogram.total, 0);
    assert_int_equal(histogram_min(&histogram), 0);
    assert_int_equal(histogram_max(&histogram), 0);
    assert_int_equal(histogram_percentile(&histogram, 990000), 0);
    assert_true(histogram_mean(&histogram) == 0);
    histogram_release(&histogram);
}

static void percentiles_are_the_nearest_rank_to_a_thousandth(void **state)
{
    (void)state;
    static const uint32_t shares[] = {1,      1000,   10000,  250000, 500000, 900000,
                                      990000, 999000, 999900, 999999, 1000000};
    const uint64_t seed = 7;
    static uint64_t values[VALUES];
    struct rng rng;
    struct histogram histogram = make(UINT64_C(1) << 40);
    rng_init(&rng, seed);
    print_message("seed %llu\n", (unsigned long long)seed);

    for (size_t i = 0; i < VALUES; i++) {
        values[i] = any_value(&rng, 40);
        histogram_record(&histogram, values[i]);
    }
    qsort(values, VALUES, sizeof values[0], by_value);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        uint64_t rank = ((uint64_t)shares[i] * VALUES + 999999) / 1000000;
        uint64_t exact = values[rank - 1];
        uint64_t read = histogram_percentile(&histogram, shares[i]);
        assert_true(read >= exact && read - exact <= exact / 1000);
    }
    assert_int_equal(histogram_percentile(&histogram, 0), values[0]);
    assert_int_equal(histogram_min(&histogram), values[0]);
    assert_int_equal(histogram_max(&histogram), values[VALUES - 1]);
    histogram_release(&histogram);
}

static void the_mean_is_right_to_a_thousandth(void **state)
{
    (void)state;
    struct rng rng;
    struct histogram histogram = make(hour_us);
    double sum = 0;
    rng_init(&rng, 11);

    for (int i = 0; i < VALUES; i++) {
        uint64_t value = rng_below(&rng, 100000000);
        sum += (double)value;
        histogram_record(&histogram, value);
    }
    double mean = histogram_mean(&histogram);
    assert_true(mean > sum / VALUES * 0.999 && mean < sum / VALUES * 1.001);
    histogram_release(&histogram);
}

static void parts_add_up_to_the_whole_in_any_order(void **state)
{
    (void)state;
    struct rng rng;
    struct histogram whole = make(hour_us);
    struct histogram parts[3] = {make(hour_us), make(hour_us), make(hour_us)};
    struct histogram sum = make(hour_us);
    rng_init(&rng, 13);

    for (int i = 0; i < VALUES; i++) {
        uint64_t value = any_value(&rng, 33);
        histogram_record(&whole, value);
        histogram_record(&parts[rng_below(&rng, 3)], value);
    }
    for (size_t i = 3; i-- > 0;)
        assert_int_equal(histogram_merge(&sum, &parts[i]), 0);
    assert_memory_equal(sum.counts, whole.counts, whole.len * sizeof whole.counts[0]);
    assert_int_equal(sum.total, whole.total);
    assert_int_equal(sum.min, whole.min);
    assert_int_equal(sum.max, whole.max);
    assert_int_equal(sum.clipped, whole.clipped);
    for (size_t i = 0; i < 3; i++)
        histogram_release(&parts[i]);
    histogram_release(&whole);
    histogram_release(&sum);
}

static void a_sum_that_would_lose_something_is_refused_whole(void **state)
{
    (void)state;
    struct histogram small = make(1000);
    struct histogram large = make(hour_us);

    histogram_record(&small, 5);
    histogram_record(&large, 2047);
    assert_int_equal(histogram_merge(&small, &large), 0);
    histogram_record(&large, 2048);
    assert_int_equal(histogram_merge(&small, &large), ERR_LIMIT);
    assert_int_equal(small.total, 2);
    assert_int_equal(histogram_max(&small), 2047);
    assert_int_equal(histogram_merge(&large, &small), 0);
    assert_int_equal(large.total, 4);
    assert_int_equal(histogram_min(&large), 5);
    histogram_release(&small);
    histogram_release(&large);
}

static void a_value_past_the_range_is_counted_and_said(void **state)
{
    (void)state;
    struct histogram histogram = make(1000);

    histogram_record(&histogram, 2047);
    assert_int_equal(histogram.clipped, 0);
    histogram_record(&histogram, UINT64_MAX);
    assert_int_equal(histogram_record_n(&histogram, 2048, 3), 0);
    assert_int_equal(histogram.clipped, 4);
    assert_int_equal(histogram.total, 5);
    assert_int_equal(histogram_max(&histogram), 2047);
    assert_int_equal(histogram_percentile(&histogram, 999999), 2047);
    histogram_release(&histogram);
}

static void too_many_values_are_refused(void **state)
{
    (void)state;
    struct histogram histogram = make(1000);
    struct histogram other = make(1000);

    assert_int_equal(histogram_record_n(&histogram, 1, HISTOGRAM_TOTAL_MAX - 1), 0);
    assert_int_equal(histogram_record_n(&histogram, 2, 2), ERR_LIMIT);
    assert_int_equal(histogram_record_n(&histogram, 2, UINT64_MAX), ERR_LIMIT);
    assert_int_equal(histogram_record_n(&histogram, 2, 1), 0);
    assert_int_equal(histogram_record_n(&histogram, 3, 0), 0);
    assert_int_equal(histogram_max(&histogram), 2);
    assert_int_equal(histogram_percentile(&histogram, 999999), 1);
    histogram_record(&other, 1);
    assert_int_equal(histogram_merge(&histogram, &other), ERR_LIMIT);
    assert_int_equal(histogram.total, HISTOGRAM_TOTAL_MAX);
    histogram_release(&histogram);
    histogram_release(&other);
}

static void reset_forgets_everything(void **state)
{
    (void)state;
    struct histogram histogram = make(1000);

    histogram_record(&histogram, 7);
    histogram_record(&histogram, 7000);
    histogram_reset(&histogram);
    assert_int_equal(histogram.total, 0);
    assert_int_equal(histogram.clipped, 0);
    histogram_record(&histogram, 9);
    assert_int_equal(histogram_min(&histogram), 9);
    assert_int_equal(histogram_percentile(&histogram, 1000000), 9);
    histogram_release(&histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_follow_each_other_without_gap_or_overlap),
        cmocka_unit_test(a_bucket_is_no_wider_than_a_thousandth_of_its_values),
        cmocka_unit_test(there_are_as_many_buckets_as_hdrhistogram_has),
        cmocka_unit_test(a_range_that_cannot_be_is_refused),
        cmocka_unit_test(an_empty_one_answers_zero),
        cmocka_unit_test(percentiles_are_the_nearest_rank_to_a_thousandth),
        cmocka_unit_test(the_mean_is_right_to_a_thousandth),
        cmocka_unit_test(parts_add_up_to_the_whole_in_any_order),
        cmocka_unit_test(a_sum_that_would_lose_something_is_refused_whole),
        cmocka_unit_test(a_value_past_the_range_is_counted_and_said),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(reset_forgets_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
