/* SPDX-License-Identifier: Apache-2.0
 *
 * isotonic: see isotonic.h. Blocks of equal fitted values; a value that breaks the order is pooled
 * with the blocks before it until none does. */
#include "stats/isotonic.h"

#include <math.h>

#include "base/mem.h"

struct block {
    double mean;
    double weight;
    size_t count;
};

static int check(const double *values, const double *weights, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]) || (weights != NULL && !(weights[i] > 0 && isfinite(weights[i]))))
            return ERR_INVALID;
    return 0;
}

static struct block pooled(const struct block *a, const struct block *b)
{
    double weight = a->weight + b->weight;
    return (struct block){
        .mean = (a->mean * a->weight + b->mean * b->weight) / weight,
        .weight = weight,
        .count = a->count + b->count,
    };
}

int isotonic_fit(const double *values, const double *weights, size_t count, bool falls,
                 double *ret_fitted)
{
    double sign = falls ? -1 : 1;
    size_t blocks = 0;
    size_t at = 0;

    int code = check(values, weights, count);
    if (code != 0 || count == 0)
        return code;
    struct block *list = mem_new(count, sizeof *list);
    if (list == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct block block = {sign * values[i], weights != NULL ? weights[i] : 1, 1};
        while (blocks > 0 && list[blocks - 1].mean >= block.mean)
            block = pooled(&list[--blocks], &block);
        list[blocks++] = block;
    }
    for (size_t i = 0; i < blocks; i++)
        for (size_t j = 0; j < list[i].count; j++)
            ret_fitted[at++] = sign * list[i].mean;
    mem_free(list);
    return 0;
}
