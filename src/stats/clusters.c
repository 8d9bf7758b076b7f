/* SPDX-License-Identifier: Apache-2.0
 *
 * clusters: see clusters.h. */
#include "stats/clusters.h"

#include "base/mem.h"

static const int64_t VALUE_MAX = INT64_C(1) << 31;

static int compare_numbers(const void *a, const void *b)
{
    const struct cluster *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* Puts neighbours of one number together. */
static size_t merge(struct cluster *list, size_t count)
{
    size_t merged = 0;

    for (size_t i = 1; i < count; i++) {
        if (list[i].number == list[merged].number) {
            list[merged].sum += list[i].sum;
            list[merged].size += list[i].size;
        } else {
            list[++merged] = list[i];
        }
    }
    return merged + 1;
}

int clusters_init(struct clusters *clusters, const int64_t *values, const uint32_t *numbers,
                  size_t count)
{
    if (count == 0 || count > CLUSTERS_COUNT_MAX)
        return ERR_INVALID;
    struct cluster *list = mem_new(count, sizeof *list);
    int64_t sum = 0;
    if (list == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (values[i] > VALUE_MAX || values[i] < -VALUE_MAX) {
            mem_free(list);
            return ERR_INVALID;
        }
        list[i] = (struct cluster){
            .number = numbers != NULL ? numbers[i] : (uint32_t)i, .size = 1, .sum = values[i]};
        sum += values[i];
    }
    *clusters = (struct clusters){.list = list, .count = count, .values = count, .sum = sum};
    if (numbers != NULL) {
        qsort(list, count, sizeof *list, compare_numbers);
        clusters->count = merge(list, count);
    }
    return 0;
}

void clusters_release(struct clusters *clusters)
{
    mem_free(clusters->list);
    *clusters = (struct clusters){0};
}
