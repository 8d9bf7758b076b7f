/* SPDX-License-Identifier: Apache-2.0
 *
 * html_compare: the page of a comparison: which side is better and how sure that is, metrics with
 * their intervals, groups, what it costs and how long it takes, the judge. */
#include "report/html_compare.h"

#include <math.h>
#include <stdio.h>

#include "report/html.h"
#include "report/order.h"
#include "report/svg.h"

static const double SURE = 0.05;

/* ---- head ----------------------------------------------------------------------------------- */

static void add_side(struct strbuf *out, const struct comparison *comparison, int side)
{
    const struct run *run = comparison->sides[side];

    strbuf_printf(out, "<dt>%c</dt><dd><bdi><strong>", 'A' + side);
    html_add(out, comparison->names[side]);
    strbuf_add_text(out, "</strong></bdi> · run <bdi>");
    html_add(out, run->id);
    strbuf_add_text(out, "</bdi>, suite <bdi>");
    html_add(out, run->suite);
    strbuf_add_text(out, "</bdi>, ");
    html_time(out, run->started_unix_s);
    html_printf(out, ", %zu entr%s × %u, scored by ", run->entry_count,
                run->entry_count == 1 ? "y" : "ies", run->repeat);
    html_add(out, run->scorer);
    strbuf_add_text(out, "</dd>");
}

static void add_tile(struct strbuf *out, const char *class_name, const char *sign, const char *name,
                     size_t count)
{
    strbuf_printf(out, "<li class=\"tile %s%s\" data-group=%s><strong>", class_name,
                  count == 0 ? " zero" : "", class_name);
    html_count(out, (int64_t)count);
    strbuf_add_text(out, "</strong> ");
    html_state(out, class_name, sign, name);
    strbuf_add_text(out, "</li>");
}

static void add_warnings(struct strbuf *out, const struct comparison *comparison)
{
    if (comparison->warning_count == 0)
        return;
    strbuf_add_text(out, "<div class=advice><h2>To keep in mind</h2><ul>");
    for (size_t i = 0; i < comparison->warning_count; i++) {
        strbuf_add_text(out, "<li dir=auto>");
        html_add(out, comparison->warnings[i]);
        strbuf_add_text(out, "</li>");
    }
    strbuf_add_text(out, "</ul></div>\n");
}

/* Without its first sentence where the headline says just that. */
static void add_summary(struct strbuf *out, struct view summary, const char *headline)
{
    struct view rest = view_slice(summary, strlen(headline), summary.len);

    if (view_starts(summary, view_of(headline)) && view_starts(rest, view_of(". ")))
        summary = view_slice(rest, 2, rest.len);
    html_add(out, summary);
}

static void add_verdict(struct strbuf *out, const struct comparison *comparison)
{
    static const struct {
        const char *class_name, *sign, *words;
    } headlines[] = {
        [COMPARE_UNDECIDED] = {"wait", "?", "No difference that chance does not explain"},
        [COMPARE_EQUAL] = {"pass", "=", "The same"},
        [COMPARE_A_BETTER] = {"wait", "A", "A is better"},
        [COMPARE_B_BETTER] = {"pass", "B", "B is better"},
        [COMPARE_MIXED] = {"wait", "±", "Better in one way, worse in another"},
    };
    enum compare_outcome outcome = comparison->outcome;

    strbuf_printf(out,
                  "<section id=verdict class=\"verdict %s\" aria-labelledby=h-verdict><p "
                  "class=sign aria-hidden=true>%s</p><div><h1 id=h-verdict>%s</h1><p "
                  "class=reasons>",
                  headlines[outcome].class_name, headlines[outcome].sign, headlines[outcome].words);
    add_summary(out, comparison->summary, headlines[outcome].words);
    strbuf_add_text(out, "</p><dl class=\"facts sides\">");
    add_side(out, comparison, COMPARE_A);
    add_side(out, comparison, COMPARE_B);
    strbuf_add_text(out, "</dl></div></section>\n<ul class=tiles aria-label=\"Entries by what "
                         "became of them\">");
    size_t differ = comparison->count - comparison->same - comparison->without_answer;
    size_t checks = comparison->broke + comparison->healed;
    add_tile(out, "broke", "✕", "pass on A alone", comparison->broke);
    add_tile(out, "healed", "✓", "pass on B alone", comparison->healed);
    add_tile(out, "differs", "≠", "other answers", differ > checks ? differ - checks : 0);
    add_tile(out, "same", "=", "same answers", comparison->same);
    if (comparison->without_answer > 0)
        add_tile(out, "unanswered", "!", "no answer", comparison->without_answer);
    strbuf_add_text(out, "</ul>\n");
    add_warnings(out, comparison);
}

/* ---- metrics -------------------------------------------------------------------------------- */

static bool is_shown(const struct compared_group *group, enum compare_group_kind kind)
{
    bool is_sure = group->p_adjusted <= SURE && group->difference != 0;
    return group->kind == kind
           && (kind == COMPARE_ALL || group->metric == COMPARE_SCORE || is_sure);
}

static void add_label(struct strbuf *out, const struct compared_group *group)
{
    if (group->kind == COMPARE_ALL) {
        html_say(out, compare_metric_name(group->metric));
        return;
    }
    strbuf_add_text(out, "<bdi class=tag>");
    html_add(out, group->value);
    strbuf_add_text(out, "</bdi>");
    if (group->metric != COMPARE_SCORE)
        html_printf(out, " %s", compare_metric_name(group->metric));
}

static void add_group(struct strbuf *out, const struct compared_group *group)
{
    bool is_alone = group->kind == COMPARE_ALL && group->metric == COMPARE_SCORE;
    double p = is_alone ? group->p : group->p_adjusted;

    strbuf_add_text(out, "<tr><th scope=row>");
    add_label(out, group);
    strbuf_printf(out, "<td class=n>%.3f<td class=n>%.3f<td class=n>", group->mean[0],
                  group->mean[1]);
    html_change(out, group->difference);
    strbuf_add_text(out, "<td class=n>");
    html_change(out, group->low);
    strbuf_add_text(out, " to ");
    html_change(out, group->high);
    strbuf_printf(out, "<td class=n>%.4f<td class=n>", p);
    html_count(out, (int64_t)group->entries);
    strbuf_add_text(out, p > SURE                ? "<td>not told apart</tr>\n"
                         : group->difference > 0 ? "<td>↑ B is higher</tr>\n"
                                                 : "<td>↓ B is lower</tr>\n");
}

static void draw_group(struct strbuf *out, const struct compared_group *group,
                       const struct svg_scale *scale, double y)
{
    const char *class_name = group->high < 0  ? "interval fell"
                             : group->low > 0 ? "interval rose"
                                              : "interval";
    struct strbuf label;

    strbuf_init(&label, 256);
    if (group->kind == COMPARE_ALL)
        strbuf_add_text(&label, compare_metric_name(group->metric));
    else
        report_add_line(&label, group->value, 18);
    svg_text(out, "name", 120, y + 4, "end", strbuf_view(&label));
    strbuf_reset(&label);
    svg_line(out, class_name, svg_at(scale, group->low), y, svg_at(scale, group->high), y);
    svg_circle(out, "now", svg_at(scale, group->difference), y, 4.5);
    html_change(&label, group->difference);
    svg_text(out, "value", 556, y + 4, "end", strbuf_view(&label));
    strbuf_release(&label);
}

static void draw_groups(struct strbuf *out, const struct comparison *comparison,
                        enum compare_group_kind kind, const char *heading)
{
    enum { STEP = 26, TOP = 20, ROWS_MAX = 24 };
    struct svg_scale scale = {.from = -0.05, .to = 0.05, .low = 132, .high = 496};
    double bottom = TOP - 14;
    size_t rows = 0;

    for (size_t i = 0; i < comparison->group_count; i++) {
        const struct compared_group *group = &comparison->groups[i];
        if (!is_shown(group, kind) || (kind != COMPARE_ALL && group->metric != COMPARE_SCORE)
            || rows++ >= ROWS_MAX)
            continue;
        scale.from = fmin(scale.from, group->low - 0.01);
        scale.to = fmax(scale.to, group->high + 0.01);
        bottom += STEP;
    }
    rows = 0;
    html_figure_open(out, heading);
    svg_open(out, 560, bottom + 42, "Difference of the means, B less A, with 95 percent intervals");
    svg_axis_below(out, &scale, TOP - 14, bottom, 6, true);
    svg_line(out, "zero", svg_at(&scale, 0), TOP - 14, svg_at(&scale, 0), bottom);
    for (size_t i = 0; i < comparison->group_count; i++) {
        const struct compared_group *group = &comparison->groups[i];
        if (is_shown(group, kind) && (kind == COMPARE_ALL || group->metric == COMPARE_SCORE)
            && rows++ < ROWS_MAX)
            draw_group(out, group, &scale, TOP + (double)(rows - 1) * STEP);
    }
    svg_text(out, "label", 496, bottom + 34, "end", view_of("B − A"));
    svg_close(out);
    html_figure_close(out, "The dot is the difference of the means, the line its 95 % interval. A "
                           "line that does not touch zero is a difference that chance does not "
                           "explain.");
}

static void add_groups(struct strbuf *out, const struct comparison *comparison,
                       enum compare_group_kind kind, const char *id, const char *heading)
{
    size_t shown = 0;

    for (size_t i = 0; i < comparison->group_count; i++)
        shown += is_shown(&comparison->groups[i], kind);
    if (shown == 0)
        return;
    html_section_open(out, id, heading);
    draw_groups(out, comparison, kind,
                kind == COMPARE_ALL ? "Difference of each metric" : "Difference of the score");
    strbuf_printf(out,
                  "<div class=scroll tabindex=0 role=group aria-label=\"%s\"><table class=figures>"
                  "<thead><tr><th scope=col>%s<th scope=col class=n>A<th scope=col class=n>B<th "
                  "scope=col class=n>B − A<th scope=col class=n>95 %% interval<th scope=col "
                  "class=n>p<th scope=col class=n>entries<th scope=col>says</tr></thead><tbody>\n",
                  heading, kind == COMPARE_ALL ? "metric" : "group");
    for (size_t i = 0; i < comparison->group_count; i++)
        if (is_shown(&comparison->groups[i], kind))
            add_group(out, &comparison->groups[i]);
    strbuf_add_text(out, "</tbody></table></div>\n");
    html_section_close(out);
}

/* ---- cost, tokens, time --------------------------------------------------------------------- */

static void add_amount(struct strbuf *out, const char *label, int decimals,
                       const struct compared_amount *amount)
{
    if (!amount->is_known)
        return;
    const char *unit = decimals > 0 ? "$" : "";
    strbuf_printf(out, "<tr><th scope=row>%s<td class=n>%s%.*f<td class=n>%s%.*f<td class=n>",
                  label, unit, decimals, amount->mean[0], unit, decimals, amount->mean[1]);
    if (amount->ratio > 0)
        strbuf_printf(out, "× %.2f", amount->ratio);
    strbuf_add_text(out, "</tr>\n");
}

static void add_times(struct strbuf *out, const char *label, const double ms[2],
                      double difference_ms, double low_ms, double high_ms)
{
    strbuf_printf(out,
                  "<tr><th scope=row>%s<td class=n>%.0f ms<td class=n>%.0f ms<td class=n>%+.0f ms "
                  "(%+.0f to %+.0f)</tr>\n",
                  label, ms[0], ms[1], difference_ms, low_ms, high_ms);
}

static void add_figures(struct strbuf *out, const struct comparison *comparison)
{
    const struct compared_latency *latency = &comparison->latency;

    html_section_open(out, "figures", "Cost, tokens, time");
    strbuf_add_text(out, "<div class=scroll tabindex=0 role=group aria-label=\"Cost, tokens, "
                         "time\"><table class=figures><thead><tr><th scope=col>an answer<th "
                         "scope=col class=n>A<th scope=col class=n>B<th scope=col class=n>B "
                         "against A</tr></thead><tbody>\n");
    add_amount(out, "cost", 6, &comparison->cost_usd);
    add_amount(out, "tokens in", 0, &comparison->tokens_in);
    add_amount(out, comparison->tokens_estimated ? "tokens out (estimated)" : "tokens out", 0,
               &comparison->tokens_out);
    if (latency->is_known) {
        add_times(out, "time, median", latency->median_ms, latency->median_difference_ms,
                  latency->median_low_ms, latency->median_high_ms);
        add_times(out, "time, p95", latency->p95_ms, latency->p95_difference_ms,
                  latency->p95_low_ms, latency->p95_high_ms);
    }
    strbuf_printf(
        out,
        "<tr><th scope=row>entries that pass<td class=n>%zu<td class=n>%zu<td "
        "class=n>%zu on B alone, %zu on A alone (p = %.4f)</tr>\n</tbody></table></div>\n",
        comparison->passed[COMPARE_A], comparison->passed[COMPARE_B], comparison->healed,
        comparison->broke, comparison->checks_p);
    if (comparison->likeness_micro != SCORE_ABSENT) {
        strbuf_add_text(out, "<p>B's answers are like A's to ");
        html_score(out, comparison->likeness_micro);
        strbuf_add_text(out, " (");
        html_add(out, comparison->likeness_measure);
        strbuf_add_text(out, ").</p>\n");
    }
    html_section_close(out);
}

/* ---- the judge ------------------------------------------------------------------------------ */

static void add_tally(struct strbuf *out, const struct compared_tally *row)
{
    const struct pairwise_tally *tally = &row->tally;

    strbuf_add_text(out, "<tr><th scope=row>");
    if (row->kind == COMPARE_ALL)
        strbuf_add_text(out, "all");
    else
        html_add(out, row->value);
    strbuf_printf(
        out,
        "<td class=n>%zu<td class=n>%zu<td class=n>%zu<td class=n>%.1f %%<td class=n>%.1f "
        "to %.1f %%<td class=n>%.4f</tr>\n",
        tally->wins[0], tally->wins[1], tally->ties, 100 * tally->rate, 100 * tally->low,
        100 * tally->high, tally->p);
}

static void add_judging(struct strbuf *out, const struct comparison *comparison)
{
    const struct compared_judging *judging = comparison->judging;

    if (judging == NULL || judging->count == 0)
        return;
    const struct pairwise_tally *all = &judging->tallies[0].tally;
    html_section_open(out, "judge", "What the judge prefers");
    strbuf_add_text(out, "<p>Judged by <bdi>");
    html_add(out, judging->target);
    strbuf_add_text(out, "</bdi>, each pair in both orders. ");
    html_printf(out,
                "%zu of %zu rounds turned with the order of the answers (they count as ties); the "
                "first shown was preferred in %zu of %zu votes. Asked %llu times, %llu without a "
                "verdict.",
                all->turned, all->rounds, all->votes_first, all->votes,
                (unsigned long long)judging->asked, (unsigned long long)judging->failed);
    if (judging->is_over_budget || judging->is_interrupted)
        strbuf_add_text(out, " Some pairs were not judged.");
    strbuf_add_text(out, "</p>\n<details class=rules><summary>The rubric</summary><div class=text "
                         "dir=auto>");
    html_add(out, judging->rubric);
    strbuf_add_text(out, "</div></details>\n<div class=scroll tabindex=0 role=group "
                         "aria-label=Verdicts><table class=figures><thead><tr><th "
                         "scope=col>entries<th scope=col class=n>A wins<th scope=col class=n>B "
                         "wins<th scope=col class=n>ties<th scope=col class=n>B of decided<th "
                         "scope=col class=n>95 % interval<th scope=col class=n>p</tr></thead>"
                         "<tbody>\n");
    for (size_t i = 0; i < judging->count; i++)
        add_tally(out, &judging->tallies[i]);
    strbuf_add_text(out, "</tbody></table></div>\n");
    html_section_close(out);
}

/* ---- the page ------------------------------------------------------------------------------- */

void report_compare_html(const struct comparison *comparison,
                         const struct compare_report_options *options, struct strbuf *out)
{
    struct strbuf title;

    strbuf_init(&title, 1 << 16);
    strbuf_add(&title, comparison->names[COMPARE_A]);
    strbuf_add_text(&title, " and ");
    strbuf_add(&title, comparison->names[COMPARE_B]);
    html_page_open(out, strbuf_view(&title));
    html_bar(out, strbuf_view(&title), "compare");
    strbuf_release(&title);
    add_verdict(out, comparison);
    if (options->by == COMPARE_SHOW_ALL || options->by == COMPARE_SHOW_METRICS) {
        add_groups(out, comparison, COMPARE_ALL, "metrics", "Metrics");
        add_figures(out, comparison);
    }
    if (options->by == COMPARE_SHOW_ALL || options->by == COMPARE_SHOW_LANGUAGES)
        add_groups(out, comparison, COMPARE_BY_LANGUAGE, "languages", "By language");
    if (options->by == COMPARE_SHOW_ALL || options->by == COMPARE_SHOW_TAGS)
        add_groups(out, comparison, COMPARE_BY_TAG, "tags", "By tag");
    add_judging(out, comparison);
    if (options->by == COMPARE_SHOW_ALL || options->by == COMPARE_SHOW_ENTRIES)
        html_compare_entries(out, comparison);
    html_page_close(out, options->assay_version);
}
