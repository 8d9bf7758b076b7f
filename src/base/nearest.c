/* SPDX-License-Identifier: Apache-2.0
 *
 * nearest: see nearest.h. Three rows of the edit matrix are enough for swaps of neighbours. */
#include "base/nearest.h"

static unsigned char lower(char byte)
{
    unsigned char value = (unsigned char)byte;

    return value >= 'A' && value <= 'Z' ? (unsigned char)(value + ('a' - 'A')) : value;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t nearest_distance(struct view a, struct view b)
{
    if (a.len > NEAREST_BYTES_MAX || b.len > NEAREST_BYTES_MAX)
        return NEAREST_BYTES_MAX + 1;

    size_t rows[3][NEAREST_BYTES_MAX + 1];
    size_t *two_before = rows[0];
    size_t *before = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b.len; j++)
        before[j] = two_before[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t differs = lower(a.ptr[i - 1]) != lower(b.ptr[j - 1]);
            row[j] = least(before[j] + 1, row[j - 1] + 1);
            row[j] = least(row[j], before[j - 1] + differs);
            if (i > 1 && j > 1 && lower(a.ptr[i - 1]) == lower(b.ptr[j - 2])
                && lower(a.ptr[i - 2]) == lower(b.ptr[j - 1]))
                row[j] = least(row[j], two_before[j - 2] + 1);
        }
        size_t *reused = two_before;
        two_before = before;
        before = row;
        row = reused;
    }
    return before[b.len];
}

/* The candidate where it is nearer than *best, else `so_far`. */
static struct view nearer(struct view word, struct view candidate, struct view so_far, size_t *best)
{
    size_t distance = nearest_distance(word, candidate);

    if (distance >= *best)
        return so_far;
    *best = distance;
    return candidate;
}

static size_t first_too_far(struct view word)
{
    return least((word.len < 3 ? 1 : word.len / 3) + 1, NEAREST_BYTES_MAX + 1);
}

struct view nearest_of(struct view word, const struct view *names, size_t count)
{
    struct view found = {0};
    size_t best = first_too_far(word);

    for (size_t i = 0; i < count; i++)
        found = nearer(word, names[i], found, &best);
    return found;
}

struct view nearest_text(struct view word, const char *const *names)
{
    struct view found = {0};
    size_t best = first_too_far(word);

    for (size_t i = 0; names[i] != NULL; i++)
        found = nearer(word, view_of(names[i]), found, &best);
    return found;
}
