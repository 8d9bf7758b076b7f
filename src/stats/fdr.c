/* SPDX-License-Identifier: Apache-2.0
 *
 * fdr: see fdr.h. */
#include "stats/fdr.h"

#include "base/mem.h"

struct ranked {
    double p;
    size_t index;
};

static int compare_p(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* What Yekutieli's correction multiplies by: 1 + 1/2 + … + 1/count. */
static double penalty(enum fdr_method method, size_t count)
{
    double sum = 0;

    if (method == FDR_BENJAMINI_HOCHBERG)
        return 1;
    for (size_t i = count; i > 0; i--)
        sum += 1.0 / (double)i;
    return sum;
}

int fdr_adjust(enum fdr_method method, const double *p, size_t count, double *ret_adjusted)
{
    if (count == 0)
        return 0;
    struct ranked *ranked = mem_new(count, sizeof *ranked);
    if (ranked == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (!(p[i] >= 0 && p[i] <= 1)) {
            mem_free(ranked);
            return ERR_INVALID;
        }
        ranked[i] = (struct ranked){.p = p[i], .index = i};
    }
    qsort(ranked, count, sizeof *ranked, compare_p);
    double factor = penalty(method, count) * (double)count;
    double least = 1;
    for (size_t rank = count; rank > 0; rank--) {
        double adjusted = ranked[rank - 1].p * factor / (double)rank;
        least = adjusted < least ? adjusted : least;
        ret_adjusted[ranked[rank - 1].index] = least;
    }
    mem_free(ranked);
    return 0;
}
