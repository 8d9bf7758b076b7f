/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_measure: the figures of a shape, see scan_shape.h.
 *
 * The ways: a repetition within a repetition can share the same text in exponentially many ways
 * ((a+)+), unless each round of the outer one has a character that the inner one cannot take:
 * ([a-z]+\.)+ can be shared in one way only. What is left to chance here, PCRE2's limit of steps
 * bounds while matching. */
#include <math.h>

#include "text/scan_shape.h"

static size_t sum(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

static size_t product(size_t a, size_t b)
{
    return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

/* What a round of a repetition holds: characters that may be taken a varying number of times, and
 * in how many ways. */
struct round {
    struct scan_chars varying;
    bool varies;
    double choices;
};

static void look_for_varying(const struct shape *shape, struct round *round);

static void look_into_repeat(const struct shape *repeat, struct round *round)
{
    const struct shape *child = repeat->child;

    if (repeat->max > 1 && repeat->max != repeat->min && child != NULL) {
        round->varies = true;
        round->choices *=
            repeat->max == SHAPE_UNBOUNDED ? (double)INFINITY : repeat->max - repeat->min + 1;
        if (child->kind == SHAPE_CHARS)
            scan_chars_join(&round->varying, child->chars);
        else
            round->varying = scan_chars_all();
        return;
    }
    if (child != NULL && repeat->max > 0)
        look_for_varying(child, round);
}

static void look_for_varying(const struct shape *shape, struct round *round)
{
    if (shape->kind == SHAPE_REPEAT)
        look_into_repeat(shape, round);
    else if (shape->kind == SHAPE_ROW || shape->kind == SHAPE_CHOICE)
        for (const struct shape *child = shape->child; child != NULL; child = child->next)
            look_for_varying(child, round);
}

/* Whether every way through the shape takes a character that is none of the varying ones. */
static bool parts(const struct shape *shape, const struct scan_chars *varying)
{
    bool found = shape->kind == SHAPE_CHOICE;

    if (shape->kind == SHAPE_CHARS)
        return scan_chars_disjoint(shape->chars, varying);
    if (shape->kind == SHAPE_REPEAT)
        return shape->min > 0 && shape->child != NULL && parts(shape->child, varying);
    for (const struct shape *child = shape->child; shape->kind != SHAPE_AHEAD && child != NULL;
         child = child->next)
        found = shape->kind == SHAPE_CHOICE ? found && parts(child, varying)
                                            : found || parts(child, varying);
    return found;
}

/* The ways in which the rounds of a repetition can share a text. */
static double ways_of_repeat(const struct shape *repeat, double ways_of_child)
{
    struct round round = {.varying = scan_chars_none(), .choices = 1};

    if (repeat->max <= 1 || repeat->child == NULL)
        return ways_of_child;
    look_for_varying(repeat->child, &round);
    if (!round.varies || parts(repeat->child, &round.varying))
        return ways_of_child;
    if (repeat->max == SHAPE_UNBOUNDED)
        return (double)INFINITY;
    return pow(round.choices, repeat->max);
}

static struct shape_figures of_repeat(const struct shape *repeat)
{
    struct shape_figures figures = {.ways = 1};

    if (repeat->child == NULL)
        return figures;
    figures = shape_measure(repeat->child);
    figures.width_min = product(figures.width_min, repeat->min);
    if (figures.width_max > 0)
        figures.width_max =
            repeat->max == SHAPE_UNBOUNDED ? SIZE_MAX : product(figures.width_max, repeat->max);
    figures.ways = ways_of_repeat(repeat, figures.ways);
    return figures;
}

static struct shape_figures of_children(const struct shape *shape)
{
    bool is_choice = shape->kind == SHAPE_CHOICE;
    struct shape_figures all = {.width_min = is_choice ? SIZE_MAX : 0, .ways = 1};

    for (const struct shape *child = shape->child; child != NULL; child = child->next) {
        struct shape_figures one = shape_measure(child);
        all.ahead = one.ahead > all.ahead ? one.ahead : all.ahead;
        all.ways = one.ways > all.ways ? one.ways : all.ways;
        if (is_choice) {
            all.width_min = one.width_min < all.width_min ? one.width_min : all.width_min;
            all.width_max = one.width_max > all.width_max ? one.width_max : all.width_max;
        } else {
            all.width_min = sum(all.width_min, one.width_min);
            all.width_max = sum(all.width_max, one.width_max);
        }
    }
    return all;
}

struct shape_figures shape_measure(const struct shape *shape)
{
    struct shape_figures figures = {.ways = 1};

    if (shape->kind == SHAPE_CHARS) {
        figures.width_min = scan_chars_width_min(shape->chars);
        figures.width_max = scan_chars_width_max(shape->chars);
    } else if (shape->kind == SHAPE_AHEAD) {
        struct shape_figures inside = shape_measure(shape->child);
        figures.ahead = sum(inside.width_max, inside.ahead);
        figures.ways = inside.ways;
    } else {
        figures = shape->kind == SHAPE_REPEAT ? of_repeat(shape) : of_children(shape);
    }
    return figures;
}
