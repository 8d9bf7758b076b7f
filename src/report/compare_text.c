/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_text: a comparison for people at a terminal: who the sides are, which is better, tables
 * of what differs, and the entries that differ most. */
#include <math.h>
#include <stdio.h>

#include "base/date.h"
#include "base/utf8.h"
#include "report/compare_parts.h"
#include "report/order.h"

enum { COLUMNS_DEFAULT = 80, LABEL = 22, LINES_MAX = 1000, DOLLAR_DECIMALS = 6 };

static const double Q_MAX = .05;

void compare_paint(struct compare_printing *printing, enum column_style style, const char *text)
{
    static const char *const codes[] = {"\033[0m", "\033[31m", "\033[32m", "\033[2m", "\033[1m"};

    if (printing->options->color && style != COLUMN_PLAIN)
        strbuf_add_text(printing->out, codes[style]);
    strbuf_add_text(printing->out, text);
    if (printing->options->color && style != COLUMN_PLAIN)
        strbuf_add_text(printing->out, codes[COLUMN_PLAIN]);
}

void compare_add_signed(struct strbuf *out, int32_t difference_micro)
{
    strbuf_printf(out, "%+.3f", (double)difference_micro / MICRO);
}

/* ---- head ------------------------------------------------------------------------------------ */

/* "sonnet", or "sonnet and 2 more". */
static void add_targets(struct compare_printing *printing, const struct run *run)
{
    size_t others = 0;

    if (run->entry_count == 0 || run->entries[0].target.len == 0)
        return;
    strbuf_add_text(printing->out, ", ");
    report_add_line(printing->out, run->entries[0].target, 40);
    for (size_t i = 1; i < run->entry_count && others == 0; i++)
        others += !view_equal(run->entries[i].target, run->entries[0].target);
    if (others > 0)
        strbuf_add_text(printing->out, " and others");
    else if (run->entries[0].model.len > 0
             && !view_equal(run->entries[0].model, run->entries[0].target)) {
        strbuf_add_text(printing->out, " (");
        report_add_line(printing->out, run->entries[0].model, 60);
        strbuf_add_byte(printing->out, ')');
    }
}

static void add_side(struct compare_printing *printing, enum compare_which side)
{
    const struct run *run = printing->comparison->sides[side];

    compare_paint(printing, COLUMN_BOLD, side == COMPARE_A ? "A  " : "B  ");
    report_add_line(printing->out, printing->comparison->names[side], printing->width);
    strbuf_add_text(printing->out, ": ");
    if (run->suite.len > 0) {
        strbuf_add_text(printing->out, "suite ");
        report_add_line(printing->out, run->suite, 60);
        strbuf_add_text(printing->out, ", ");
    }
    if (run->started_unix_s > 0) {
        char date[DATE_ISO_SIZE];
        date_iso(run->started_unix_s, date);
        strbuf_printf(printing->out, "%s, ", date);
    }
    strbuf_printf(printing->out, "%zu %s", run->entry_count,
                  run->entry_count == 1 ? "entry" : "entries");
    if (run->repeat > 1)
        strbuf_printf(printing->out, " × %u", run->repeat);
    add_targets(printing, run);
    strbuf_add_byte(printing->out, '\n');
}

static void add_wrapped(struct compare_printing *printing, struct view text,
                        enum column_style style, size_t indent)
{
    struct column column;

    column_init(&column, printing->width > indent + 20 ? printing->width - indent : 20,
                printing->options->color);
    column.lines_max = LINES_MAX;
    column_put(&column, text, style);
    column_end(&column);
    column_write(&column, indent, printing->out);
    column_release(&column);
}

static void add_summary(struct compare_printing *printing)
{
    static const enum column_style styles[] = {
        [COMPARE_UNDECIDED] = COLUMN_BOLD, [COMPARE_EQUAL] = COLUMN_BOLD,
        [COMPARE_A_BETTER] = COLUMN_RED,   [COMPARE_B_BETTER] = COLUMN_GREEN,
        [COMPARE_MIXED] = COLUMN_BOLD,
    };
    const struct comparison *comparison = printing->comparison;

    strbuf_add_byte(printing->out, '\n');
    add_wrapped(printing, comparison->summary, styles[comparison->outcome], 0);
    for (size_t i = 0; i < comparison->warning_count; i++) {
        if (i == 0)
            strbuf_add_byte(printing->out, '\n');
        add_wrapped(printing, comparison->warnings[i], COLUMN_DIM, 2);
    }
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* The text and blanks up to so many columns. */
static void add_label(struct compare_printing *printing, struct view text, const char *suffix)
{
    struct strbuf label;
    size_t columns = 0;

    strbuf_init(&label, 4096);
    report_add_line(&label, text, LABEL - strlen(suffix));
    strbuf_add_text(&label, suffix);
    struct view shown = strbuf_view(&label);
    for (size_t pos = 0; pos < shown.len;)
        columns += columns_of(utf8_next(shown, &pos, NULL));
    strbuf_add(printing->out, shown);
    strbuf_add_repeated(printing->out, ' ', columns < LABEL ? LABEL - columns : 1);
    strbuf_release(&label);
}

static void add_group(struct compare_printing *printing, const struct compared_group *group,
                      struct view label)
{
    bool sure = group->p_adjusted <= Q_MAX && group->difference != 0;
    char line[160];

    add_label(printing, label, "");
    snprintf(line, sizeof line, "%7.3f %7.3f  %+7.3f  %+.3f … %+.3f  %6.3f %6zu", group->mean[0],
             group->mean[1], group->difference, group->low, group->high, group->p_adjusted,
             group->entries);
    compare_paint(printing,
                  !sure                   ? COLUMN_PLAIN
                  : group->difference > 0 ? COLUMN_GREEN
                                          : COLUMN_RED,
                  line);
    strbuf_add_byte(printing->out, '\n');
}

static bool shows(const struct compare_printing *printing, enum compare_by by)
{
    return printing->options->by == COMPARE_SHOW_ALL || printing->options->by == by;
}

static void add_table_head(struct compare_printing *printing, const char *title)
{
    char line[160];

    snprintf(line, sizeof line, "\n%-*s%7s %7s  %7s  %-15s  %6s %6s", LABEL, title, "A", "B",
             "B − A", "95 % interval", "p", "n");
    compare_paint(printing, COLUMN_DIM, line);
    strbuf_add_byte(printing->out, '\n');
}

static void add_metrics(struct compare_printing *printing)
{
    const struct comparison *comparison = printing->comparison;
    size_t shown = 0;

    if (!shows(printing, COMPARE_SHOW_METRICS))
        return;
    for (size_t i = 0; i < comparison->group_count; i++)
        if (comparison->groups[i].kind == COMPARE_ALL) {
            if (shown++ == 0)
                add_table_head(printing, "metric");
            add_group(printing, &comparison->groups[i],
                      view_of(compare_metric_name(comparison->groups[i].metric)));
        }
    if (comparison->broke + comparison->healed + comparison->passed[0] > 0)
        strbuf_printf(printing->out,
                      "%-*s%7zu %7zu  %zu pass on B alone, %zu on A alone  %.3f %6zu\n", LABEL,
                      "entries that pass", comparison->passed[COMPARE_A],
                      comparison->passed[COMPARE_B], comparison->healed, comparison->broke,
                      comparison->checks_p, comparison->count - comparison->without_answer);
}

/* By language or by tag: the score, and what else differs for sure; all where only this was asked
 * for. */
static void add_parts(struct compare_printing *printing, enum compare_group_kind kind,
                      enum compare_by by, const char *title)
{
    const struct comparison *comparison = printing->comparison;
    size_t shown = 0;

    if (!shows(printing, by))
        return;
    for (size_t i = 0; i < comparison->group_count; i++) {
        const struct compared_group *group = &comparison->groups[i];
        bool wanted = group->metric == COMPARE_SCORE || printing->options->by == by
                      || (group->p_adjusted <= Q_MAX && group->difference != 0);
        if (group->kind != kind || !wanted)
            continue;
        if (shown++ == 0)
            add_table_head(printing, title);
        struct strbuf label;
        strbuf_init(&label, 4096);
        strbuf_add(&label, group->value);
        if (group->metric != COMPARE_SCORE)
            strbuf_printf(&label, " %s", compare_metric_name(group->metric));
        add_group(printing, group, strbuf_view(&label));
        strbuf_release(&label);
    }
    if (shown == 0 && printing->options->by == by)
        strbuf_printf(printing->out, "\nno %s has five entries or more; fewer can show nothing\n",
                      title);
}

static void add_amount(struct compare_printing *printing, const char *label, int decimals,
                       const struct compared_amount *amount)
{
    char values[2][48];

    if (!amount->is_known)
        return;
    for (int side = 0; side < 2; side++)
        snprintf(values[side], sizeof values[side], "%s%.*f", decimals > 0 ? "$" : "", decimals,
                 amount->mean[side]);
    strbuf_printf(printing->out, "%-*s%10s %10s", LABEL, label, values[0], values[1]);
    if (amount->ratio > 0)
        strbuf_printf(printing->out, "  × %.2f", amount->ratio);
    strbuf_add_byte(printing->out, '\n');
}

/* To the nearest one, and no "-0". */
static double whole(double ms)
{
    return round(ms) + 0.0;
}

static void add_times(struct compare_printing *printing, const char *label, const double ms[2],
                      double difference, double low, double high)
{
    strbuf_printf(printing->out, "%-*s%7.0f ms %7.0f ms  %+.0f ms (%+.0f … %+.0f)\n", LABEL, label,
                  ms[0], ms[1], whole(difference), whole(low), whole(high));
}

static void add_figures(struct compare_printing *printing)
{
    const struct comparison *comparison = printing->comparison;
    const struct compared_latency *latency = &comparison->latency;

    if (!shows(printing, COMPARE_SHOW_METRICS))
        return;
    strbuf_add_byte(printing->out, '\n');
    add_amount(printing, "cost an answer", DOLLAR_DECIMALS, &comparison->cost_usd);
    add_amount(printing, "tokens in", 0, &comparison->tokens_in);
    add_amount(printing, comparison->tokens_estimated ? "tokens out (estimate)" : "tokens out", 0,
               &comparison->tokens_out);
    if (latency->is_known) {
        add_times(printing, "latency, median", latency->median_ms, latency->median_difference_ms,
                  latency->median_low_ms, latency->median_high_ms);
        add_times(printing, "latency, p95", latency->p95_ms, latency->p95_difference_ms,
                  latency->p95_low_ms, latency->p95_high_ms);
    }
    strbuf_printf(printing->out, "%-*s%zu of %zu entries", LABEL, "same answers", comparison->same,
                  comparison->count);
    if (comparison->likeness_micro != SCORE_ABSENT) {
        strbuf_add_text(printing->out, "; B's answers are like A's to ");
        report_add_score(printing->out, comparison->likeness_micro);
        strbuf_add_text(printing->out, " (");
        report_add_line(printing->out, comparison->likeness_measure, 60);
        strbuf_add_byte(printing->out, ')');
    }
    if (comparison->changed_prompts > 0)
        strbuf_printf(printing->out, "\n%-*s%zu of %zu entries", LABEL, "other prompts",
                      comparison->changed_prompts, comparison->count);
    strbuf_add_byte(printing->out, '\n');
}

/* ---- the judge ------------------------------------------------------------------------------- */

static void add_tally(struct compare_printing *printing, const struct compared_tally *row)
{
    const struct pairwise_tally *tally = &row->tally;
    bool wanted = row->kind == COMPARE_ALL
                  || shows(printing, row->kind == COMPARE_BY_TAG ? COMPARE_SHOW_TAGS
                                                                 : COMPARE_SHOW_LANGUAGES);
    if (!wanted)
        return;
    add_label(printing, row->kind == COMPARE_ALL ? view_of("all") : row->value,
              row->kind == COMPARE_BY_TAG        ? " (tag)"
              : row->kind == COMPARE_BY_LANGUAGE ? " (language)"
                                                 : "");
    strbuf_printf(printing->out, "%6zu %6zu %6zu", tally->wins[0], tally->wins[1], tally->ties);
    if (tally->wins[0] + tally->wins[1] > 0)
        strbuf_printf(printing->out, "  %5.1f %% (%.1f … %.1f)  %.3f\n", 100 * tally->rate,
                      100 * tally->low, 100 * tally->high, tally->p);
    else
        strbuf_add_text(printing->out, "  none is decided\n");
}

static void add_bias(struct compare_printing *printing, const struct compared_judging *judging)
{
    const struct pairwise_tally *all = &judging->tallies[0].tally;

    if (all->rounds > 0)
        strbuf_printf(
            printing->out,
            "  %zu of %zu rounds turned with the order of the answers; the first shown was "
            "preferred in %zu of %zu votes\n",
            all->turned, all->rounds, all->votes_first, all->votes);
    if (judging->rounds > 1 && all->rounds > 0)
        strbuf_printf(printing->out, "  the rounds of a pair agree in %.1f %%\n",
                      100 * (double)all->agreeing / (double)all->rounds);
    strbuf_printf(printing->out, "  asked %llu times, %llu without a verdict",
                  (unsigned long long)judging->asked, (unsigned long long)judging->failed);
    if (judging->has_cost) {
        strbuf_add_text(printing->out, ", cost ");
        report_add_dollars(printing->out, judging->cost_nano_usd);
    }
    strbuf_add_byte(printing->out, '\n');
    if (judging->is_over_budget)
        strbuf_add_text(printing->out, "  --max-cost was reached: some pairs were not judged\n");
    if (judging->is_interrupted)
        strbuf_add_text(printing->out, "  interrupted: some pairs were not judged\n");
}

static void add_judging(struct compare_printing *printing)
{
    const struct compared_judging *judging = printing->comparison->judging;
    char line[160];

    if (judging == NULL)
        return;
    strbuf_add_text(printing->out, "\njudged by ");
    report_add_line(printing->out, judging->target, 60);
    snprintf(line, sizeof line, "\n%-*s%6s %6s %6s  %s", LABEL, "", "A", "B", "ties",
             "B wins, of decided (95 %)   p");
    compare_paint(printing, COLUMN_DIM, line);
    strbuf_add_byte(printing->out, '\n');
    for (size_t i = 0; i < judging->count; i++)
        add_tally(printing, &judging->tallies[i]);
    add_bias(printing, judging);
}

void report_compare_text(const struct comparison *comparison,
                         const struct compare_report_options *options, struct strbuf *out)
{
    struct compare_printing printing = {
        .comparison = comparison,
        .options = options,
        .out = out,
        .width = options->columns != 0 ? options->columns : COLUMNS_DEFAULT,
    };

    add_side(&printing, COMPARE_A);
    add_side(&printing, COMPARE_B);
    add_summary(&printing);
    add_metrics(&printing);
    add_figures(&printing);
    add_parts(&printing, COMPARE_BY_LANGUAGE, COMPARE_SHOW_LANGUAGES, "language");
    add_parts(&printing, COMPARE_BY_TAG, COMPARE_SHOW_TAGS, "tag");
    add_judging(&printing);
    if (shows(&printing, COMPARE_SHOW_ENTRIES))
        compare_print_entries(&printing);
}
