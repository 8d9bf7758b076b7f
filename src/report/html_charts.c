/* SPDX-License-Identifier: Apache-2.0
 *
 * html_charts: the drawings of a run: changes of all entries, parts of the score before and now,
 * the gate's intervals, latencies, and the suite's past. Groups and noise are in
 * html_charts_groups.c. */
#include "report/html.h"
#include "report/html_parts.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "report/order.h"
#include "report/svg.h"
#include "stats/percentile.h"

enum { WIDTH = 460, LEFT = 112, RIGHT = 448, CAPTION_SIZE = 600 };

static double changed_by(const struct run_entry *entry)
{
    return -(double)entry->drop_micro / MICRO;
}

static bool is_compared(const struct run_entry *entry)
{
    return entry->baseline != NULL && entry->scored_count > 0;
}

/* ---- changes of all entries ----------------------------------------------------------------- */

enum { BINS = 64, DOTS_MAX = 400, CHANGES_HEIGHT = 210, CHANGES_BOTTOM = 174, CHANGES_TOP = 34 };

struct changes {
    struct svg_scale x;
    size_t bins[BINS];
    size_t highest;
    size_t entries;
    enum report_group
        worst[BINS]; /* of the entries in a bin; the scale's severities are by place */
};

static void span_changes(const struct run *run, double *ret_low, double *ret_high)
{
    *ret_low = -0.25;
    *ret_high = 0.1;
    for (size_t i = 0; i < run->entry_count; i++) {
        if (!is_compared(&run->entries[i]))
            continue;
        *ret_low = fmin(*ret_low, changed_by(&run->entries[i]) - 0.02);
        *ret_high = fmax(*ret_high, changed_by(&run->entries[i]) + 0.02);
    }
    *ret_low = fmax(*ret_low, -1);
    *ret_high = fmin(*ret_high, 1);
}

static size_t bin_of(const struct changes *changes, double change)
{
    double share = (change - changes->x.from) / (changes->x.to - changes->x.from);
    double bin = floor(share * BINS);
    return bin < 0 ? 0 : bin >= BINS ? BINS - 1 : (size_t)bin;
}

static void count_changes(const struct run *run, struct changes *changes)
{
    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!is_compared(entry))
            continue;
        size_t *bin = &changes->bins[bin_of(changes, changed_by(entry))];
        *bin += 1;
        changes->entries++;
        if (*bin > changes->highest)
            changes->highest = *bin;
    }
}

/* A dot an entry, stacked; of many entries a bar a bin. */
static void draw_dots(struct strbuf *out, const struct run *run, const struct changes *changes)
{
    size_t stacked[BINS] = {0};
    double room = (CHANGES_BOTTOM - CHANGES_TOP) / (double)(changes->highest + 1);
    double step = fmin(room, 8.4);

    for (int group = 0; group < GROUP_COUNT; group++)
        for (size_t i = 0; i < run->entry_count; i++) {
            const struct run_entry *entry = &run->entries[i];
            char class_name[32];
            if (!is_compared(entry) || (int)report_group_of(entry) != group)
                continue;
            size_t bin = bin_of(changes, changed_by(entry));
            double x =
                changes->x.low + ((double)bin + 0.5) * (changes->x.high - changes->x.low) / BINS;
            snprintf(class_name, sizeof class_name, "dot %s", html_group_class(group));
            svg_circle(out, class_name, x, CHANGES_BOTTOM - 4 - (double)stacked[bin]++ * step,
                       fmin(step / 2, 3.4));
        }
}

static void draw_bars(struct strbuf *out, const struct changes *changes)
{
    double wide = (changes->x.high - changes->x.low) / BINS;

    for (size_t i = 0; i < BINS; i++) {
        double high =
            (double)changes->bins[i] / (double)changes->highest * (CHANGES_BOTTOM - CHANGES_TOP);
        if (changes->bins[i] > 0)
            svg_rect(out, "column", changes->x.low + (double)i * wide + 0.5,
                     CHANGES_BOTTOM - fmax(high, 1), wide - 1, fmax(high, 1));
    }
}

static void draw_thresholds(struct strbuf *out, const struct svg_scale *scale)
{
    static const struct {
        double at;
        const char *name;
    } marks[] = {{-0.20, "critical"}, {-0.10, "major"}, {-0.05, "minor"}};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        double x = svg_at(scale, marks[i].at);
        svg_line(out, "threshold", x, 16, x, CHANGES_BOTTOM);
        if (i < 2 || scale->to - scale->from < 0.6)
            svg_text(out, "tick", x - 3, 24, "end", view_of(marks[i].name));
    }
    svg_line(out, "zero", svg_at(scale, 0), 16, svg_at(scale, 0), CHANGES_BOTTOM);
}

void html_chart_changes(struct strbuf *out, const struct run *run)
{
    struct changes changes = {.x = {.low = 12, .high = RIGHT}};
    char caption[CAPTION_SIZE];

    span_changes(run, &changes.x.from, &changes.x.to);
    count_changes(run, &changes);
    if (changes.entries == 0)
        return;
    html_figure_open(out, "How far each entry moved");
    svg_open(out, WIDTH, CHANGES_HEIGHT, "Distribution of the change of the score over entries");
    svg_axis_below(out, &changes.x, CHANGES_TOP, CHANGES_BOTTOM, 7, true);
    draw_thresholds(out, &changes.x);
    if (changes.entries <= DOTS_MAX)
        draw_dots(out, run, &changes);
    else
        draw_bars(out, &changes);
    svg_text(out, "label", RIGHT, CHANGES_HEIGHT - 4, "end", view_of("score now − score accepted"));
    svg_close(out);
    snprintf(caption, sizeof caption,
             "%s; %zu entr%s. Left of a dashed line a fall is of that severity; a failed check "
             "weighs more than its score shows.",
             changes.entries <= DOTS_MAX ? "Each dot is an entry" : "Each bar counts entries",
             changes.entries, changes.entries == 1 ? "y" : "ies");
    html_figure_close(out, caption);
}

/* ---- parts of the score --------------------------------------------------------------------- */

struct mean {
    double sum;
    size_t count;
};

static void add_to(struct mean *mean, int32_t micro)
{
    if (micro == SCORE_ABSENT)
        return;
    mean->sum += (double)micro / MICRO;
    mean->count++;
}

static void means_of(const struct score *score, struct mean *means)
{
    add_to(&means[0], score->total_micro);
    add_to(&means[1], score->similarity_micro);
    add_to(&means[2], score->keywords_micro);
    add_to(&means[3], score->structure_micro);
    add_to(&means[4], score->language_micro);
}

static void draw_part(struct strbuf *out, const struct svg_scale *scale, double y,
                      const struct mean *before, const struct mean *now)
{
    double at_now = svg_at(scale, now->sum / (double)now->count);
    char text[32];

    svg_line(out, "rail", scale->low, y, scale->high, y);
    if (before->count > 0) {
        double at_before = svg_at(scale, before->sum / (double)before->count);
        svg_line(out, at_now < at_before - 0.5 ? "moved fell" : "moved", at_before, y, at_now, y);
        svg_circle(out, "before", at_before, y, 4.5);
    }
    svg_circle(out, "now", at_now, y, 4.5);
    snprintf(text, sizeof text, "%.3f", now->sum / (double)now->count);
    svg_text(out, "value", RIGHT, y + 4, "end", view_of(text));
}

void html_chart_parts(struct strbuf *out, const struct run *run)
{
    enum { PARTS = 6, STEP = 27, TOP = 18 };
    static const char *const names[PARTS] = {"score",     "similarity", "keywords",
                                             "structure", "language",   "fluency"};
    struct mean before[PARTS] = {{0, 0}}, now[PARTS] = {{0, 0}};
    struct svg_scale scale = {.from = 0, .to = 1, .low = LEFT, .high = RIGHT - 52};
    bool has_before = false;
    size_t row = 0;

    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (entry->scored_count == 0)
            continue;
        means_of(&entry->score, now);
        if (entry->fluency_known)
            add_to(&now[5], entry->fluency_micro);
        if (entry->baseline == NULL)
            continue;
        has_before = true;
        means_of(&entry->baseline_score, before);
        if (entry->fluency_known)
            add_to(&before[5], entry->baseline_fluency_micro);
    }
    if (now[0].count == 0)
        return;
    html_figure_open(out, "Parts of the score");
    svg_open(out, WIDTH, 210, "Mean of each part of the score, accepted and now");
    svg_axis_below(out, &scale, TOP - 10, TOP + PARTS * STEP - 8, 4, false);
    for (size_t i = 0; i < PARTS; i++) {
        double y = TOP + (double)row * STEP;
        if (now[i].count == 0)
            continue;
        svg_text(out, i == 0 ? "name strong" : "name", LEFT - 12, y + 4, "end", view_of(names[i]));
        draw_part(out, &scale, y, &before[i], &now[i]);
        row++;
    }
    svg_close(out);
    html_figure_close(out, has_before ? "Hollow: the accepted answers. Solid: now. Means over "
                                        "entries; fluency is no part of the score."
                                      : "Means over entries; fluency is no part of the score.");
}

/* ---- the gate's intervals ------------------------------------------------------------------- */

void html_chart_statistics(struct strbuf *out, const struct run *run)
{
    enum { STEP = 34, TOP = 22 };
    const struct {
        const char *name;
        const struct statistics *statistics;
    } rows[] = {{"all", &run->gate.all},
                {"changed", &run->gate.changed},
                {"untouched", &run->gate.untouched}};
    struct svg_scale scale = {.from = -0.05, .to = 0.05, .low = 84, .high = 486};
    double bottom = TOP - 14;
    size_t row = 0;

    for (size_t i = 0; i < 3; i++) {
        if (!rows[i].statistics->known)
            continue;
        scale.from = fmin(scale.from, rows[i].statistics->low - 0.01);
        scale.to = fmax(scale.to, rows[i].statistics->high + 0.01);
        bottom += STEP;
    }
    html_figure_open(out, "Mean change of the score");
    svg_open(out, 560, bottom + 44, "Mean change of the score with its 90 percent interval");
    svg_axis_below(out, &scale, TOP - 14, bottom, 6, true);
    svg_line(out, "zero", svg_at(&scale, 0), TOP - 14, svg_at(&scale, 0), bottom);
    for (size_t i = 0; i < 3; i++) {
        const struct statistics *statistics = rows[i].statistics;
        double y = TOP + (double)row * STEP;
        struct strbuf text;
        if (!statistics->known)
            continue;
        row++;
        const char *class_name = statistics->high < 0  ? "interval fell"
                                 : statistics->low > 0 ? "interval rose"
                                                       : "interval";
        svg_text(out, "name", 72, y + 4, "end", view_of(rows[i].name));
        svg_line(out, class_name, svg_at(&scale, statistics->low), y,
                 svg_at(&scale, statistics->high), y);
        svg_circle(out, "now", svg_at(&scale, statistics->mean), y, 5);
        strbuf_init(&text, 64);
        html_change(&text, statistics->mean);
        svg_text(out, "value", 556, y + 4, "end", strbuf_view(&text));
        strbuf_release(&text);
    }
    svg_text(out, "label", 486, bottom + 36, "end", view_of("score now − score accepted"));
    svg_close(out);
    html_figure_close(out,
                      "The dot is the mean, the line its 90 % bootstrap interval. A line wholly "
                      "left of zero is a fall that chance does not explain.");
}

/* ---- latency -------------------------------------------------------------------------------- */

static size_t latencies_of(const struct run *run, double **ret_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < run->entry_count; i++)
        count += run->entries[i].sample_count;
    double *ms = mem_new(count, sizeof *ms);
    count = 0;
    for (size_t i = 0; i < run->entry_count && ms != NULL; i++)
        for (size_t j = 0; j < run->entries[i].sample_count; j++) {
            const struct sample *sample = &run->entries[i].samples[j];
            if (sample->asked && sample->answer.reply.code == 0 && sample->answer.latency_ns > 0)
                ms[count++] = (double)sample->answer.latency_ns / 1e6;
        }
    *ret_ms = ms;
    percentile_sort(ms, count);
    return count;
}

static void draw_percentile(struct strbuf *out, const struct svg_scale *scale, double ms,
                            const char *name, double y)
{
    double x = svg_at(scale, log10(ms));
    struct strbuf text;

    svg_line(out, "threshold", x, y - 4, x, 160);
    strbuf_init(&text, 64);
    strbuf_printf(&text, "%s ", name);
    html_duration(&text, (uint64_t)(ms * 1e6));
    svg_text(out, "tick", x < 300 ? x + 4 : x - 4, y + 4, x < 300 ? "start" : "end",
             strbuf_view(&text));
    strbuf_release(&text);
}

static void draw_decades(struct strbuf *out, const struct svg_scale *scale)
{
    static const double marks[] = {1, 2, 5};
    double step = scale->to - scale->from;

    for (int power = -4; power < 8; power++)
        for (size_t i = 0; i < (step < 1.6 ? 3U : 1U); i++) {
            double ms = marks[i] * pow(10, power);
            struct strbuf text;
            if (log10(ms) < scale->from || log10(ms) > scale->to)
                continue;
            strbuf_init(&text, 64);
            if (ms >= 1000)
                strbuf_printf(&text, "%g s", ms / 1000);
            else
                strbuf_printf(&text, "%g ms", ms);
            svg_line(out, "grid", svg_at(scale, log10(ms)), 40, svg_at(scale, log10(ms)), 160);
            svg_text(out, "tick", svg_at(scale, log10(ms)), 176, "middle", strbuf_view(&text));
            strbuf_release(&text);
        }
}

void html_chart_latency(struct strbuf *out, const struct run *run)
{
    enum { COLUMNS = 48 };
    struct svg_scale x = {.low = 12, .high = RIGHT};
    size_t bins[COLUMNS] = {0}, highest = 0;
    double *ms = NULL;
    char caption[CAPTION_SIZE];
    size_t count = run->recorded_answers ? 0 : latencies_of(run, &ms);

    if (count >= 3 && ms[count - 1] >= 1) { /* a simulator's microseconds say nothing */
        double middle = (log10(ms[0]) + log10(ms[count - 1])) / 2;
        x.from = fmin(log10(ms[0]) - 0.1, middle - 0.4);
        x.to = fmax(log10(ms[count - 1]) + 0.1, middle + 0.4);
        for (size_t i = 0; i < count; i++) {
            size_t bin = (size_t)((log10(ms[i]) - x.from) / (x.to - x.from) * COLUMNS);
            bin = bin < COLUMNS ? bin : COLUMNS - 1;
            if (++bins[bin] > highest)
                highest = bins[bin];
        }
        html_figure_open(out, "Time to answer");
        svg_open(out, WIDTH, 210, "Distribution of the time to answer");
        draw_decades(out, &x);
        for (size_t i = 0; i < COLUMNS; i++) {
            double high = (double)bins[i] / (double)highest * 116;
            if (bins[i] > 0)
                svg_rect(out, "column", x.low + (double)i * (x.high - x.low) / COLUMNS + 0.5,
                         160 - fmax(high, 1.5), (x.high - x.low) / COLUMNS - 1, fmax(high, 1.5));
        }
        svg_line(out, "axis", x.low, 160, x.high, 160);
        draw_percentile(out, &x, percentile_of(ms, count, 0.5), "median", 14);
        draw_percentile(out, &x, percentile_of(ms, count, 0.95), "p95", 30);
        svg_close(out);
        snprintf(caption, sizeof caption,
                 "%zu answers, waiting and retries included; logarithmic scale.", count);
        html_figure_close(out, caption);
    }
    mem_free(ms);
}

/* ---- the section ---------------------------------------------------------------------------- */

void html_charts(struct strbuf *out, const struct run *run, const struct report_options *options)
{
    struct strbuf drawn;

    strbuf_init(&drawn, 4 << 20);
    html_chart_changes(&drawn, run);
    html_chart_parts(&drawn, run);
    html_chart_groups(&drawn, run, true);
    html_chart_groups(&drawn, run, false);
    html_chart_noise(&drawn, run);
    html_chart_latency(&drawn, run);
    html_chart_past(&drawn, run, options);
    if (drawn.len > 0) {
        html_section_open(out, "charts", "In pictures");
        strbuf_add_text(out, "<div class=charts>");
        strbuf_add(out, strbuf_view(&drawn));
        strbuf_add_text(out, "</div>");
        html_section_close(out);
    }
    strbuf_release(&drawn);
}
