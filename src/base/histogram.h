/* SPDX-License-Identifier: Apache-2.0
 *
 * histogram: counts of values in log-linear buckets, as HdrHistogram has them with a lowest value
 * of 1 and 3 significant digits: whatever is recorded is known to one part in a thousand, in memory
 * that does not grow.
 *
 *     index   0 … 2047 │ 2048 … 3071 │ 3072 … 4095 │ …    1024 buckets for each further power of 2
 *     value   0 … 2047 │ 2048 … 4095 │ 4096 … 8191 │ …
 *     width          1 │           2 │           4 │ …
 *
 * Histograms of one range add up without loss, in any order; percentiles are taken of the sum and
 * never averaged. The unit of the values is the caller's (put it into the name). wire/hdrlog.h
 * writes and reads them as HdrHistogram's tools do.
 *
 * What it does not do: forget (reset only), correct for requests that were sent late (measure from
 * the planned start instead).
 * Memory: one block, at init: 8 KiB for each power of 2 past 1024 (1 µs to 1 h: 184 KiB).
 * Threads: one owner. Limits: values up to 2^62, 2^62 of them.
 * Source: HdrHistogram, http://hdrhistogram.org. */
#ifndef ASSAY_BASE_HISTOGRAM_H
#define ASSAY_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HISTOGRAM_HIGHEST_MAX (UINT64_C(1) << 62)
#define HISTOGRAM_TOTAL_MAX (UINT64_C(1) << 62)

enum {
    HISTOGRAM_DIGITS = 3,
    HISTOGRAM_HALF_BITS = 10, /* buckets of one width, but the narrowest: 2 to this power */
    HISTOGRAM_LEN_MAX = 54 << HISTOGRAM_HALF_BITS, /* buckets for HISTOGRAM_HIGHEST_MAX */
};

struct histogram {
    uint64_t *counts;
    size_t len;       /* buckets */
    uint64_t highest; /* as given to init */
    uint64_t total;   /* values recorded */
    uint64_t min;     /* exact; UINT64_MAX where nothing was recorded */
    uint64_t max;     /* exact; 0 where nothing was recorded */
    uint64_t clipped; /* values past the last bucket, which were counted in it */
};

/* Empty, for values from 0 up to `highest` at least (2 … HISTOGRAM_HIGHEST_MAX). ERR_INVALID,
 * ERR_MEMORY. */
MUST_CHECK int histogram_init(struct histogram *histogram, uint64_t highest);
void histogram_release(struct histogram *histogram);

/* Forgets every value; keeps the memory. */
void histogram_reset(struct histogram *histogram);

/* Counts the value once, in a few nanoseconds. One past the last bucket is counted there, as that
 * bucket's highest value, and in `clipped`. */
void histogram_record(struct histogram *histogram, uint64_t value);

/* The same `count` times. ERR_LIMIT, and nothing recorded, past HISTOGRAM_TOTAL_MAX values. */
MUST_CHECK int histogram_record_n(struct histogram *histogram, uint64_t value, uint64_t count);

/* Adds every count of `from`. ERR_LIMIT, and nothing added, where a value of it lies past the last
 * bucket of `into` or the values became too many. */
MUST_CHECK int histogram_merge(struct histogram *into, const struct histogram *from);

/* The smallest value that at least this share of all values (in millionths: 999000 is p99.9) does
 * not exceed: the highest of its bucket, but not above the exact maximum; for 0 the exact minimum.
 * 0 where nothing was recorded. By nearest rank, rounded up, so that no percentile reads lower than
 * it was (some HdrHistogram ports round the rank to the nearest instead). */
uint64_t histogram_percentile(const struct histogram *histogram, uint32_t share_micro);

/* Exact; 0 where nothing was recorded. */
uint64_t histogram_min(const struct histogram *histogram);
uint64_t histogram_max(const struct histogram *histogram);

/* Of the middles of the buckets, to one part in two thousand; 0 where nothing was recorded. */
double histogram_mean(const struct histogram *histogram);

/* Where a value is counted, whatever the range; and the lowest and highest value counted at an
 * index below HISTOGRAM_LEN_MAX. */
size_t histogram_index(uint64_t value);
uint64_t histogram_low(size_t index);
uint64_t histogram_high(size_t index);

#endif
