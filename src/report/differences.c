/* SPDX-License-Identifier: Apache-2.0
 *
 * differences: see differences.h. A longest common subsequence of lines by the usual table, between
 * the common ends. */
#include "report/differences.h"

#include "base/mem.h"

struct lines {
    struct view items[DIFFERENCES_LINES_MAX];
    size_t count;
};

struct comparing {
    struct lines before;
    struct lines after;
    uint16_t *lengths; /* (before + 1) × (after + 1): of the subsequence from here on */
};

static void split(struct view text, struct lines *lines)
{
    struct view rest = text;

    while (rest.len > 0 && lines->count < DIFFERENCES_LINES_MAX)
        lines->items[lines->count++] = view_split(&rest, '\n');
}

static uint16_t *cell(struct comparing *comparing, size_t i, size_t j)
{
    return &comparing->lengths[i * (comparing->after.count + 1) + j];
}

static void fill(struct comparing *comparing)
{
    for (size_t i = comparing->before.count; i-- > 0;)
        for (size_t j = comparing->after.count; j-- > 0;) {
            if (view_equal(comparing->before.items[i], comparing->after.items[j])) {
                *cell(comparing, i, j) = (uint16_t)(*cell(comparing, i + 1, j + 1) + 1);
                continue;
            }
            uint16_t down = *cell(comparing, i + 1, j);
            uint16_t right = *cell(comparing, i, j + 1);
            *cell(comparing, i, j) = down > right ? down : right;
        }
}

static size_t walk(struct comparing *comparing,
                   void (*line)(void *context, char sign, struct view text), void *context)
{
    const struct lines *before = &comparing->before;
    const struct lines *after = &comparing->after;
    size_t i = 0;
    size_t j = 0;
    size_t told = 0;

    while (i < before->count || j < after->count) {
        if (i < before->count && j < after->count
            && view_equal(before->items[i], after->items[j])) {
            i++;
            j++;
            continue;
        }
        told++;
        if (j == after->count
            || (i < before->count && *cell(comparing, i + 1, j) >= *cell(comparing, i, j + 1)))
            line(context, '-', before->items[i++]);
        else
            line(context, '+', after->items[j++]);
    }
    return told;
}

size_t differences_lines(struct view before, struct view after,
                         void (*line)(void *context, char sign, struct view text), void *context)
{
    struct comparing *comparing = mem_new(1, sizeof *comparing);
    size_t told = 0;

    if (comparing == NULL)
        return 0;
    split(before, &comparing->before);
    split(after, &comparing->after);
    comparing->lengths = mem_new((comparing->before.count + 1) * (comparing->after.count + 1),
                                 sizeof *comparing->lengths);
    if (comparing->lengths != NULL) {
        fill(comparing);
        told = walk(comparing, line, context);
    }
    mem_free(comparing->lengths);
    mem_free(comparing);
    return told;
}
