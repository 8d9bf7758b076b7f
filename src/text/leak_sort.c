/* SPDX-License-Identifier: Apache-2.0
 *
 * leak_sort: the suffix array of a text of numbers, by doubling: sorted by 1, 2, 4, … words, until
 * deep enough or until no two places are alike. Each round is two counting sorts, so that a text
 * that repeats itself takes no longer than any other. */
#include "base/mem.h"
#include "text/leak_internal.h"

struct sorter {
    size_t count;
    uint32_t *order;   /* places, sorted so far */
    uint32_t *classes; /* of a place: places alike so far share one */
    uint32_t *scratch;
    uint32_t *counts; /* of a class */
    size_t kinds;     /* classes there are */
};

/* The places of `scratch` into `order`, by their class, those alike in the order they had. */
static void sort_by_class(struct sorter *sorter)
{
    memset(sorter->counts, 0, (sorter->kinds + 1) * sizeof *sorter->counts);
    for (size_t i = 0; i < sorter->count; i++)
        sorter->counts[sorter->classes[i] + 1]++;
    for (size_t i = 1; i <= sorter->kinds; i++)
        sorter->counts[i] += sorter->counts[i - 1];
    for (size_t i = 0; i < sorter->count; i++) {
        uint32_t place = sorter->scratch[i];
        sorter->order[sorter->counts[sorter->classes[place]]++] = place;
    }
}

/* The class of what stands `by` words behind a place, 0 where the text has ended. */
static uint32_t class_behind(const struct sorter *sorter, uint32_t place, size_t by)
{
    return place + by < sorter->count ? sorter->classes[place + by] + 1 : 0;
}

/* New classes from the order: alike are those whose halves are. */
static void classify(struct sorter *sorter, size_t by)
{
    uint32_t kind = 0;

    for (size_t i = 0; i < sorter->count; i++) {
        uint32_t place = sorter->order[i];
        uint32_t before = i > 0 ? sorter->order[i - 1] : place;
        if (i > 0
            && (sorter->classes[place] != sorter->classes[before]
                || class_behind(sorter, place, by) != class_behind(sorter, before, by)))
            kind++;
        sorter->scratch[place] = kind;
    }
    memcpy(sorter->classes, sorter->scratch, sorter->count * sizeof *sorter->classes);
    sorter->kinds = sorter->count > 0 ? (size_t)kind + 1 : 0;
}

static void sort(struct sorter *sorter, size_t depth)
{
    for (size_t i = 0; i < sorter->count; i++)
        sorter->scratch[i] = (uint32_t)i;
    sort_by_class(sorter);
    for (size_t by = 1; by < depth && sorter->kinds < sorter->count; by *= 2) {
        size_t at = 0;
        for (size_t i = by < sorter->count ? sorter->count - by : 0; i < sorter->count; i++)
            sorter->scratch[at++] = (uint32_t)i;
        for (size_t i = 0; i < sorter->count; i++)
            if (sorter->order[i] >= by)
                sorter->scratch[at++] = sorter->order[i] - (uint32_t)by;
        sort_by_class(sorter);
        classify(sorter, by);
    }
}

int leak_sort(const uint32_t *text, size_t count, uint32_t words, size_t depth,
              uint32_t *ret_suffixes)
{
    size_t most = count > words ? count : words;
    struct sorter sorter = {.count = count,
                            .classes = mem_new(count, sizeof *sorter.classes),
                            .scratch = mem_new(count, sizeof *sorter.scratch),
                            .counts = mem_new(most + 1, sizeof *sorter.counts),
                            .kinds = words};
    int code = ERR_MEMORY;

    if (sorter.classes != NULL && sorter.scratch != NULL && sorter.counts != NULL) {
        sorter.order = ret_suffixes;
        memcpy(sorter.classes, text, count * sizeof *text);
        sort(&sorter, depth);
        code = 0;
    }
    mem_free(sorter.classes);
    mem_free(sorter.scratch);
    mem_free(sorter.counts);
    return code;
}
