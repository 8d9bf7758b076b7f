/* SPDX-License-Identifier: Apache-2.0
 *
 * html_charts_groups: drawings of what a mean over all entries hides: each language and tag with
 * its interval, each entry's fall against its noise; the suite's past with its control lines. */
#include "report/html.h"
#include "report/html_parts.h"

#include <math.h>
#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "report/order.h"
#include "report/svg.h"
#include "stats/bootstrap.h"

enum { WIDTH = 460, LEFT = 132, RIGHT = 448, CAPTION_SIZE = 600 };

static bool is_compared(const struct run_entry *entry)
{
    return entry->baseline != NULL && entry->scored_count > 0;
}

/* ---- languages and tags --------------------------------------------------------------------- */

enum {
    NAME_COLUMNS = 18,
    GROUPS_MAX = 1000,
    GROUPS_SHOWN_MAX = 12,
    GROUP_ENTRIES_MAX = 20000,
    SEED = 7
};

struct group {
    struct view name;
    int64_t *values_micro; /* changes */
    size_t count;
    double mean;
    struct interval interval;
    bool has_interval;
};

struct groups {
    struct map map; /* name → struct group */
    size_t entries;
};

static void put_change(struct groups *groups, struct view name, int64_t change_micro)
{
    struct group *group = map_get(&groups->map, name);

    if (name.len == 0)
        return;
    if (group == NULL) {
        group = mem_new(1, sizeof *group);
        if (group == NULL || map_put(&groups->map, name, group) != 0) {
            mem_free(group);
            return;
        }
        group->name = name;
        group->values_micro = mem_new(groups->entries, sizeof *group->values_micro);
    }
    if (group->values_micro != NULL && group->count < groups->entries)
        group->values_micro[group->count++] = change_micro;
}

static void collect(const struct run *run, bool by_language, struct groups *groups)
{
    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        const struct sample *worst = report_worst_sample(entry);
        if (!is_compared(entry))
            continue;
        if (by_language && worst != NULL)
            put_change(groups, worst->language, -(int64_t)entry->drop_micro);
        for (size_t j = 0; j < entry->tag_count && !by_language; j++)
            put_change(groups, entry->tags[j], -(int64_t)entry->drop_micro);
    }
}

static void reckon(struct group *group)
{
    size_t count = group->count < GROUP_ENTRIES_MAX ? group->count : GROUP_ENTRIES_MAX;
    double sum = 0;

    for (size_t i = 0; i < group->count; i++)
        sum += (double)group->values_micro[i];
    group->mean = group->count > 0 ? sum / (double)group->count / MICRO : 0;
    group->has_interval =
        count >= 3
        && bootstrap_mean(group->values_micro, NULL, count, 0.90, SEED, &group->interval) == 0;
}

/* The largest groups first, so that the shown ones are those with most to say. */
static int by_count(const void *a, const void *b)
{
    const struct map_entry *first = a;
    const struct map_entry *second = b;
    const struct group *one = first->value;
    const struct group *other = second->value;

    if (one->count != other->count)
        return one->count > other->count ? -1 : 1;
    return view_compare(one->name, other->name);
}

static void draw_group(struct strbuf *out, const struct svg_scale *scale, const struct group *group,
                       double y)
{
    struct strbuf name;
    double low = group->has_interval ? group->interval.low_micro / MICRO : group->mean;
    double high = group->has_interval ? group->interval.high_micro / MICRO : group->mean;
    const char *class_name = !group->has_interval ? "interval"
                             : high < 0           ? "interval fell"
                             : low > 0            ? "interval rose"
                                                  : "interval";
    char text[48];

    strbuf_init(&name, 256);
    report_add_line(&name, group->name, NAME_COLUMNS);
    svg_text(out, "name", LEFT - 12, y + 4, "end", strbuf_view(&name));
    strbuf_release(&name);
    svg_line(out, class_name, svg_at(scale, low), y, svg_at(scale, high), y);
    svg_circle(out, "now", svg_at(scale, group->mean), y, 4);
    snprintf(text, sizeof text, "%zu", group->count);
    svg_text(out, "value quiet", RIGHT, y + 4, "end", view_of(text));
}

static void draw_groups(struct strbuf *out, struct groups *groups, bool by_language)
{
    enum { STEP = 24, TOP = 24 };
    size_t shown = groups->map.count < GROUPS_SHOWN_MAX ? groups->map.count : GROUPS_SHOWN_MAX;
    struct svg_scale scale = {.from = -0.05, .to = 0.05, .low = LEFT, .high = RIGHT - 40};
    double bottom = TOP + (double)shown * STEP - 8;
    char caption[CAPTION_SIZE];

    for (size_t i = 0; i < shown; i++) {
        struct group *group = groups->map.entries[i].value;
        reckon(group);
        scale.from = fmin(scale.from, group->mean - 0.01);
        scale.to = fmax(scale.to, group->mean + 0.01);
        if (group->has_interval) {
            scale.from = fmin(scale.from, group->interval.low_micro / MICRO - 0.01);
            scale.to = fmax(scale.to, group->interval.high_micro / MICRO + 0.01);
        }
    }
    html_figure_open(out, by_language ? "By language of the answer" : "By tag");
    svg_open(out, WIDTH, bottom + 26, "Mean change of the score by group, with intervals");
    svg_text(out, "tick", RIGHT, 12, "end", view_of("entries"));
    svg_axis_below(out, &scale, TOP - 12, bottom, 5, true);
    svg_line(out, "zero", svg_at(&scale, 0), TOP - 12, svg_at(&scale, 0), bottom);
    for (size_t i = 0; i < shown; i++)
        draw_group(out, &scale, groups->map.entries[i].value, TOP + (double)i * STEP);
    svg_close(out);
    snprintf(caption, sizeof caption,
             "Mean change of the score with its 90 %% bootstrap interval, where a group has three "
             "entries.%s",
             groups->map.count > shown ? " The largest groups are shown." : "");
    html_figure_close(out, caption);
}

void html_chart_groups(struct strbuf *out, const struct run *run, bool by_language)
{
    struct groups groups = {.entries = run->entry_count};

    map_init(&groups.map, GROUPS_MAX, SEED);
    collect(run, by_language, &groups);
    if (groups.map.count > 1) { /* of one the mean of all says as much */
        qsort(groups.map.entries, groups.map.count, sizeof *groups.map.entries, by_count);
        draw_groups(out, &groups, by_language);
    }
    for (size_t i = 0; i < groups.map.count; i++) {
        struct group *group = groups.map.entries[i].value;
        mem_free(group->values_micro);
        mem_free(group);
    }
    map_release(&groups.map);
}

/* ---- noise ---------------------------------------------------------------------------------- */

enum { NOISE_DOTS_MAX = 1500 };

static bool has_noise(const struct run_entry *entry)
{
    return is_compared(entry) && entry->noise_micro != SCORE_ABSENT && entry->noise_micro >= 0;
}

static void draw_noise(struct strbuf *out, const struct run *run, const struct svg_scale *x,
                       const struct svg_scale *y)
{
    size_t shown = 0;

    for (int group = 0; group < GROUP_COUNT; group++)
        for (size_t i = 0; i < run->entry_count && shown < NOISE_DOTS_MAX; i++) {
            const struct run_entry *entry = &run->entries[i];
            char class_name[32];
            if (!has_noise(entry) || (int)report_group_of(entry) != group)
                continue;
            shown++;
            snprintf(class_name, sizeof class_name, "dot %s", html_group_class(group));
            svg_circle(out, class_name, svg_at(x, (double)entry->noise_micro / MICRO),
                       svg_at(y, (double)entry->drop_micro / MICRO), 3.4);
        }
}

void html_chart_noise(struct strbuf *out, const struct run *run)
{
    struct svg_scale x = {.from = 0, .to = 0.02, .low = 52, .high = RIGHT};
    struct svg_scale y = {.from = -0.05, .to = 0.1, .low = 170, .high = 14};
    size_t count = 0;

    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!has_noise(entry))
            continue;
        count += entry->noise_micro > 0;
        x.to = fmax(x.to, (double)entry->noise_micro / MICRO * 1.1);
        y.from = fmin(y.from, (double)entry->drop_micro / MICRO - 0.02);
        y.to = fmax(y.to, (double)entry->drop_micro / MICRO + 0.02);
    }
    if (count == 0)
        return;
    html_figure_open(out, "Falls against each entry's own noise");
    svg_open(out, WIDTH, 210, "Fall of the score of each entry against its standard error");
    svg_axis_left(out, &y, 48, RIGHT, 5);
    svg_axis_below(out, &x, 14, 170, 6, false);
    double reach = fmin(x.to, y.to / 2); /* the line fall = 2 × noise, as far as it is in sight */
    svg_line(out, "threshold", svg_at(&x, 0), svg_at(&y, 0), svg_at(&x, reach),
             svg_at(&y, 2 * reach));
    draw_noise(out, run, &x, &y);
    svg_text(out, "label", RIGHT, 206, "end", view_of("noise (one standard error)"));
    svg_close(out);
    html_figure_close(out,
                      "Up: how far the score fell. Above the dashed line an entry fell by more "
                      "than twice what its answers vary by themselves.");
}

/* ---- the past ------------------------------------------------------------------------------- */

enum { PAST_SHOWN_MAX = 60, PAST_FOR_CONTROL = 5 };

/* Control lines of single values: mean ± 2.66 mean moving ranges (Shewhart's individuals chart). */
static bool control_of(const double *values, size_t count, double *ret_mean, double *ret_reach)
{
    double sum = 0, ranges = 0;

    if (count < PAST_FOR_CONTROL)
        return false;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
        ranges += i > 0 ? fabs(values[i] - values[i - 1]) : 0;
    }
    *ret_mean = sum / (double)count;
    *ret_reach = 2.66 * ranges / (double)(count - 1);
    return true;
}

static void draw_control(struct strbuf *out, const double *values, size_t count,
                         struct svg_scale *y)
{
    double mean = 0, reach = 0;

    for (size_t i = 0; i <= count; i++) { /* this run too, which the control lines leave out */
        y->from = fmin(y->from, values[i] - 0.01);
        y->to = fmax(y->to, values[i] + 0.01);
    }
    bool is_known = control_of(values, count, &mean, &reach);
    if (is_known) {
        y->from = fmax(0, fmin(y->from, mean - reach - 0.01));
        y->to = fmin(1.02, fmax(y->to, mean + reach + 0.01));
    }
    svg_axis_left(out, y, 48, RIGHT, 5);
    if (!is_known)
        return;
    svg_rect(out, "band", 48, svg_at(y, mean + reach), RIGHT - 48,
             svg_at(y, mean - reach) - svg_at(y, mean + reach));
    svg_line(out, "threshold", 48, svg_at(y, mean), RIGHT, svg_at(y, mean));
}

static void draw_past(struct strbuf *out, const double *values, size_t count)
{
    struct svg_scale y = {.from = 1, .to = 0, .low = 174, .high = 14};
    struct svg_scale x = {.from = 0, .to = (double)count, .low = 58, .high = RIGHT - 8};

    draw_control(out, values, count, &y);
    for (size_t i = 1; i <= count; i++)
        svg_line(out, "trend", svg_at(&x, (double)i - 1), svg_at(&y, values[i - 1]),
                 svg_at(&x, (double)i), svg_at(&y, values[i]));
    for (size_t i = 0; i <= count; i++)
        svg_circle(out, i == count ? "now" : "before", svg_at(&x, (double)i), svg_at(&y, values[i]),
                   i == count ? 5 : 3);
}

void html_chart_past(struct strbuf *out, const struct run *run,
                     const struct report_options *options)
{
    double values[PAST_SHOWN_MAX + 1];
    size_t count = 0;
    size_t skipped =
        options->past_count > PAST_SHOWN_MAX ? options->past_count - PAST_SHOWN_MAX : 0;
    char caption[CAPTION_SIZE];

    for (size_t i = skipped; options->past != NULL && i < options->past_count; i++)
        if (options->past[i].mean_micro != SCORE_ABSENT)
            values[count++] = (double)options->past[i].mean_micro / MICRO;
    if (count == 0 || run->mean.total_micro == SCORE_ABSENT || run->entry_count == 0)
        return;
    values[count] = (double)run->mean.total_micro / MICRO;
    html_figure_open(out, "This suite over time");
    svg_open(out, WIDTH, 210, "Mean score of past runs of this suite, and of this one");
    draw_past(out, values, count);
    svg_text(out, "label", RIGHT, 204, "end", view_of("this run →"));
    svg_close(out);
    snprintf(caption, sizeof caption, "Mean score of %zu run%s before and of this one (solid).%s",
             count, count == 1 ? "" : "s",
             count >= PAST_FOR_CONTROL
                 ? " The band is what runs vary within by themselves (individuals control chart)."
                 : "");
    html_figure_close(out, caption);
}
