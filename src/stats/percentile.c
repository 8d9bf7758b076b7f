/* SPDX-License-Identifier: Apache-2.0
 *
 * percentile: see percentile.h. */
#include "stats/percentile.h"

#include <stdlib.h>

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int compare_ints(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void percentile_sort(double *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof *values, compare_doubles);
}

void percentile_sort_int(int64_t *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof *values, compare_ints);
}

/* The place of the quantile: index *ret_low, and how far towards the next. */
static double place(size_t count, double q, size_t *ret_low)
{
    double clamped = q > 0 ? (q < 1 ? q : 1) : 0;
    double at = clamped * (double)(count - 1);
    size_t low = (size_t)at;

    *ret_low = low < count - 1 ? low : count - 1;
    return at - (double)*ret_low;
}

double percentile_of(const double *sorted, size_t count, double q)
{
    size_t low = 0;

    if (count == 0)
        return 0;
    double towards = place(count, q, &low);
    double next = low + 1 < count ? sorted[low + 1] : sorted[low];
    return sorted[low] + towards * (next - sorted[low]);
}

double percentile_of_int(const int64_t *sorted, size_t count, double q)
{
    size_t low = 0;

    if (count == 0)
        return 0;
    double towards = place(count, q, &low);
    double here = (double)sorted[low];
    double next = low + 1 < count ? (double)sorted[low + 1] : here;
    return here + towards * (next - here);
}
