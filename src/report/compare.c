/* SPDX-License-Identifier: Apache-2.0
 *
 * compare: the table of formats of a comparison, and the order in which entries are shown. */
#include "report/compare.h"

#include <stdlib.h>

static const struct compare_format formats[] = {
    {"text", report_compare_text},
    {"json", report_compare_json},
    {"markdown", report_compare_markdown},
    {"html", report_compare_html},
};

const struct compare_format *compare_format_named(struct view name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (view_is(name, formats[i].name))
            return &formats[i];
    return NULL;
}

const char *compare_format_names(void)
{
    return "text, json, markdown, html";
}

/* How much there is to see: checks first, then scores, then texts. */
static int64_t interest_of(const struct compared_entry *entry)
{
    int64_t score = llabs((long long)entry->difference_micro[COMPARE_SCORE]);
    int64_t unlike = entry->likeness_micro == SCORE_ABSENT ? MICRO : MICRO - entry->likeness_micro;

    if (!entry->is_judged)
        return -1;
    if (entry->is_same && score == 0)
        return 0;
    return (entry->broke || entry->healed ? INT64_C(4) << 50 : 0) + (score << 25) + unlike + 1;
}

static int by_interest(const void *a, const void *b)
{
    const struct compared_entry *first = *(const struct compared_entry *const *)a;
    const struct compared_entry *second = *(const struct compared_entry *const *)b;
    int64_t difference = interest_of(second) - interest_of(first);

    if (difference != 0)
        return difference < 0 ? -1 : 1;
    return first < second ? -1 : first > second; /* A's order */
}

const struct compared_entry **compare_order(const struct comparison *comparison,
                                            struct arena *arena)
{
    const struct compared_entry **order =
        arena_new(arena, comparison->count + 1, sizeof(struct compared_entry *));

    if (order == NULL)
        return NULL;
    for (size_t i = 0; i < comparison->count; i++)
        order[i] = &comparison->entries[i];
    if (comparison->count > 1)
        qsort(order, comparison->count, sizeof(struct compared_entry *), by_interest);
    return order;
}
