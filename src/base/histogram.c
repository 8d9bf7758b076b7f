/* SPDX-License-Identifier: Apache-2.0
 *
 * histogram: see histogram.h. `shift` is by how many bits a bucket's values were cut. */
#include "base/histogram.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

enum { HALF = 1 << HISTOGRAM_HALF_BITS, MICRO = 1000000 };

size_t histogram_index(uint64_t value)
{
    /* Values below 2 × HALF are counted one by one: the narrowest width has two halves. */
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | (2 * HALF - 1));
    unsigned shift = bits - (HISTOGRAM_HALF_BITS + 1);

    return (size_t)shift * HALF + (size_t)(value >> shift);
}

static unsigned shift_of(size_t index)
{
    return index < 2 * HALF ? 0 : (unsigned)(index / HALF) - 1;
}

uint64_t histogram_low(size_t index)
{
    unsigned shift = shift_of(index);

    return (uint64_t)(index - (size_t)shift * HALF) << shift;
}

uint64_t histogram_high(size_t index)
{
    return histogram_low(index) + ((UINT64_C(1) << shift_of(index)) - 1);
}

int histogram_init(struct histogram *histogram, uint64_t highest)
{
    if (highest < 2 || highest > HISTOGRAM_HIGHEST_MAX)
        return ERR_INVALID;
    /* To the end of the width that holds `highest`. */
    size_t len = ((size_t)shift_of(histogram_index(highest)) + 2) * HALF;
    uint64_t *counts = mem_new(len, sizeof *counts);

    if (counts == NULL)
        return ERR_MEMORY;
    *histogram =
        (struct histogram){.counts = counts, .len = len, .highest = highest, .min = UINT64_MAX};
    return 0;
}

void histogram_release(struct histogram *histogram)
{
    mem_free(histogram->counts);
    *histogram = (struct histogram){.min = UINT64_MAX};
}

void histogram_reset(struct histogram *histogram)
{
    memset(histogram->counts, 0, histogram->len * sizeof *histogram->counts);
    histogram->total = 0;
    histogram->clipped = 0;
    histogram->min = UINT64_MAX;
    histogram->max = 0;
}

static void count(struct histogram *histogram, uint64_t value, uint64_t times)
{
    size_t index = histogram_index(value);

    if (index >= histogram->len) {
        index = histogram->len - 1;
        value = histogram_high(index);
        histogram->clipped += times;
    }
    histogram->counts[index] += times;
    histogram->total += times;
    if (value < histogram->min)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
}

void histogram_record(struct histogram *histogram, uint64_t value)
{
    /* One by one, the 2^62 values that are left before an overflow take a century. */
    count(histogram, value, 1);
}

static bool has_room(const struct histogram *histogram, uint64_t more)
{
    return histogram->total <= HISTOGRAM_TOTAL_MAX
           && more <= HISTOGRAM_TOTAL_MAX - histogram->total;
}

int histogram_record_n(struct histogram *histogram, uint64_t value, uint64_t times)
{
    if (!has_room(histogram, times))
        return ERR_LIMIT;
    if (times > 0)
        count(histogram, value, times);
    return 0;
}

int histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->total == 0)
        return 0;
    size_t used = histogram_index(from->max) + 1;
    if (used > into->len || !has_room(into, from->total))
        return ERR_LIMIT;
    for (size_t i = 0; i < used; i++)
        into->counts[i] += from->counts[i];
    into->total += from->total;
    into->clipped += from->clipped;
    into->min = from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
    return 0;
}

/* ceil(total × share), at least 1, without a product that overflows. */
static uint64_t rank_of(uint64_t total, uint32_t share_micro)
{
    uint64_t whole = total / MICRO * share_micro;
    uint64_t part = total % MICRO * share_micro;
    uint64_t rank = whole + (part + MICRO - 1) / MICRO;

    return rank > 0 ? rank : 1;
}

uint64_t histogram_percentile(const struct histogram *histogram, uint32_t share_micro)
{
    if (histogram->total == 0)
        return 0;
    if (share_micro == 0)
        return histogram->min;
    if (share_micro >= MICRO)
        return histogram->max;
    uint64_t rank = rank_of(histogram->total, share_micro);
    uint64_t passed = 0;
    size_t index = histogram_index(histogram->min);

    for (;; index++) {
        passed += histogram->counts[index];
        if (passed >= rank)
            break;
    }
    uint64_t high = histogram_high(index);
    return high < histogram->max ? high : histogram->max;
}

uint64_t histogram_min(const struct histogram *histogram)
{
    return histogram->total > 0 ? histogram->min : 0;
}

uint64_t histogram_max(const struct histogram *histogram)
{
    return histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
    double sum = 0;

    if (histogram->total == 0)
        return 0;
    size_t last = histogram_index(histogram->max);
    for (size_t i = histogram_index(histogram->min); i <= last; i++) {
        /* The middle as HdrHistogram has it: of buckets wider than 1, half their width up. */
        uint64_t width = UINT64_C(1) << shift_of(i);
        uint64_t middle = histogram_low(i) + width / 2;
        sum += (double)histogram->counts[i] * (double)middle;
    }
    return sum / (double)histogram->total;
}
