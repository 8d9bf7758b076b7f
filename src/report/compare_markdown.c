/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_markdown: a comparison as a comment on a pull request (GitHub's flavour). What models
 * said is quoted as escaped HTML, as in markdown.c. */
#include "base/utf8.h"
#include "report/compare.h"
#include "report/markdown_parts.h"
#include "report/order.h"
#include "text/difference.h"

enum {
    ANSWER_BYTES_MAX = 3000,
    GROUPS_MAX = 30,
    NAMES_MAX = 20,
    ARENA_BYTES_MAX = 1 << 30,
    ENTRY_BYTES_MAX = 64 * ANSWER_BYTES_MAX,
    DOLLAR_DECIMALS = 6,
};

static const double Q_MAX = .05;

struct writing {
    const struct comparison *comparison;
    const struct compare_report_options *options;
    struct strbuf *out;
};

static void add_head(struct writing *writing)
{
    static const char *const words[] = {
        [COMPARE_UNDECIDED] = "no difference that chance does not explain",
        [COMPARE_EQUAL] = "the same answers",
        [COMPARE_A_BETTER] = "A is better",
        [COMPARE_B_BETTER] = "B is better",
        [COMPARE_MIXED] = "better by one measure, worse by another",
    };
    const struct comparison *comparison = writing->comparison;

    strbuf_printf(writing->out, "## assay compare: %s\n\n", words[comparison->outcome]);
    for (int side = 0; side < 2; side++) {
        strbuf_printf(writing->out, "- **%c**: ", "AB"[side]);
        markdown_add_escaped(writing->out, comparison->names[side]);
        strbuf_printf(writing->out, " (%zu entries)\n", comparison->sides[side]->entry_count);
    }
    strbuf_add_byte(writing->out, '\n');
    markdown_add_escaped(writing->out, comparison->summary);
    strbuf_add_byte(writing->out, '\n');
    for (size_t i = 0; i < comparison->warning_count; i++) {
        strbuf_add_text(writing->out, "\n⚠️ ");
        markdown_add_escaped(writing->out, comparison->warnings[i]);
        strbuf_add_byte(writing->out, '\n');
    }
}

static void add_group(struct writing *writing, const struct compared_group *group)
{
    bool sure = group->p_adjusted <= Q_MAX && group->difference != 0;

    strbuf_add_text(writing->out, "| ");
    if (group->kind == COMPARE_ALL)
        strbuf_add_text(writing->out, "all");
    else
        markdown_add_escaped(writing->out, group->value);
    strbuf_printf(writing->out, " | %s | %.3f | %.3f | %s%+.3f%s | %+.3f … %+.3f | %.3f | %zu |\n",
                  compare_metric_name(group->metric), group->mean[0], group->mean[1],
                  sure ? "**" : "", group->difference, sure ? "**" : "", group->low, group->high,
                  group->p_adjusted, group->entries);
}

static bool is_wanted(const struct writing *writing, const struct compared_group *group)
{
    static const enum compare_by of_kinds[] = {[COMPARE_ALL] = COMPARE_SHOW_METRICS,
                                               [COMPARE_BY_LANGUAGE] = COMPARE_SHOW_LANGUAGES,
                                               [COMPARE_BY_TAG] = COMPARE_SHOW_TAGS};
    enum compare_by by = writing->options->by;

    if (by != COMPARE_SHOW_ALL)
        return by == of_kinds[group->kind];
    return group->kind == COMPARE_ALL || group->metric == COMPARE_SCORE
           || (group->p_adjusted <= Q_MAX && group->difference != 0);
}

static void add_groups(struct writing *writing)
{
    const struct comparison *comparison = writing->comparison;
    size_t shown = 0;

    for (size_t i = 0; i < comparison->group_count && shown < GROUPS_MAX; i++) {
        if (!is_wanted(writing, &comparison->groups[i]))
            continue;
        if (shown++ == 0)
            strbuf_add_text(writing->out,
                            "\n| of | metric | A | B | B − A | 95 % interval | p | entries |\n"
                            "|---|---|---|---|---|---|---|---|\n");
        add_group(writing, &comparison->groups[i]);
    }
}

static void add_amount(struct writing *writing, const char *label, int decimals,
                       const struct compared_amount *amount)
{
    if (!amount->is_known)
        return;
    const char *unit = decimals > 0 ? "$" : "";
    strbuf_printf(writing->out, "| %s | %s%.*f | %s%.*f | ", label, unit, decimals,
                  amount->mean[COMPARE_A], unit, decimals, amount->mean[COMPARE_B]);
    if (amount->ratio > 0)
        strbuf_printf(writing->out, "× %.2f", amount->ratio);
    strbuf_add_text(writing->out, " |\n");
}

static void add_figures(struct writing *writing)
{
    const struct comparison *comparison = writing->comparison;
    const struct compared_latency *latency = &comparison->latency;

    if (writing->options->by != COMPARE_SHOW_ALL && writing->options->by != COMPARE_SHOW_METRICS)
        return;
    strbuf_add_text(writing->out, "\n| | A | B | |\n|---|---|---|---|\n");
    strbuf_printf(writing->out,
                  "| entries that pass | %zu | %zu | %zu on B alone, %zu on A alone, p = %.3f |\n",
                  comparison->passed[0], comparison->passed[1], comparison->healed,
                  comparison->broke, comparison->checks_p);
    add_amount(writing, "cost an answer", DOLLAR_DECIMALS, &comparison->cost_usd);
    add_amount(writing, "tokens in", 0, &comparison->tokens_in);
    add_amount(writing, "tokens out", 0, &comparison->tokens_out);
    if (!latency->is_known)
        return;
    strbuf_printf(writing->out, "| latency, median | %.0f ms | %.0f ms | %+.0f (%+.0f … %+.0f) |\n",
                  latency->median_ms[0], latency->median_ms[1], latency->median_difference_ms,
                  latency->median_low_ms, latency->median_high_ms);
    strbuf_printf(writing->out, "| latency, p95 | %.0f ms | %.0f ms | %+.0f (%+.0f … %+.0f) |\n",
                  latency->p95_ms[0], latency->p95_ms[1], latency->p95_difference_ms,
                  latency->p95_low_ms, latency->p95_high_ms);
}

static void add_judging(struct writing *writing)
{
    const struct compared_judging *judging = writing->comparison->judging;

    if (judging == NULL)
        return;
    strbuf_add_text(writing->out, "\nJudged by ");
    markdown_add_escaped(writing->out, judging->target);
    strbuf_add_text(writing->out, ":\n\n| | A wins | B wins | ties | B of decided (95 %) | p |\n"
                                  "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < judging->count && i < GROUPS_MAX; i++) {
        const struct pairwise_tally *tally = &judging->tallies[i].tally;
        strbuf_add_text(writing->out, "| ");
        if (judging->tallies[i].kind == COMPARE_ALL)
            strbuf_add_text(writing->out, "all");
        else
            markdown_add_escaped(writing->out, judging->tallies[i].value);
        strbuf_printf(writing->out, " | %zu | %zu | %zu | %.1f %% (%.1f … %.1f) | %.3f |\n",
                      tally->wins[0], tally->wins[1], tally->ties, 100 * tally->rate,
                      100 * tally->low, 100 * tally->high, tally->p);
    }
    const struct pairwise_tally *all = &judging->tallies[0].tally;
    strbuf_printf(writing->out, "\n%zu of %zu rounds turned with the order of the answers.\n",
                  all->turned, all->rounds);
}

/* One side of an answer, what the other side lacks in bold. */
static void add_answer(struct writing *writing, const struct difference *parts, size_t count,
                       enum difference_kind own)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count && bytes < ANSWER_BYTES_MAX; i++) {
        if (parts[i].kind != own && parts[i].kind != DIFFERENCE_SAME)
            continue;
        struct view text = utf8_cut(parts[i].text, ANSWER_BYTES_MAX - bytes);
        bytes += parts[i].text.len;
        strbuf_add_text(writing->out, parts[i].kind == own ? "<b>" : "");
        markdown_add_escaped(writing->out, text);
        strbuf_add_text(writing->out, parts[i].kind == own ? "</b>" : "");
    }
    if (bytes >= ANSWER_BYTES_MAX)
        strbuf_add_text(writing->out, " …");
}

static void add_answers(struct writing *writing, const struct compared_entry *entry)
{
    const struct difference *parts;
    struct view texts[2];
    struct arena arena;
    size_t count;

    for (int side = 0; side < 2; side++)
        texts[side] = entry->shown[side] < 0
                          ? view_of("")
                          : entry->sides[side]->samples[entry->shown[side]].answer.reply.text;
    arena_init(&arena, ARENA_BYTES_MAX);
    if (difference_of(writing->options->morphology, &arena, texts[0], texts[1], &parts, &count)
        == 0) {
        strbuf_add_text(writing->out, "<table><tr><th>A</th><th>B</th></tr><tr><td>\n\n");
        add_answer(writing, parts, count, DIFFERENCE_REMOVED);
        strbuf_add_text(writing->out, "\n\n</td><td>\n\n");
        add_answer(writing, parts, count, DIFFERENCE_ADDED);
        strbuf_add_text(writing->out, "\n\n</td></tr></table>\n");
    }
    arena_release(&arena);
}

static void add_entry(struct writing *writing, const struct compared_entry *entry)
{
    strbuf_add_text(writing->out, "\n<details><summary>");
    markdown_add_escaped(writing->out, entry->sides[COMPARE_A]->id);
    if (entry->is_known[COMPARE_SCORE])
        strbuf_printf(writing->out, ": %.3f → %.3f",
                      (double)entry->metrics_micro[COMPARE_A][COMPARE_SCORE] / MICRO,
                      (double)entry->metrics_micro[COMPARE_B][COMPARE_SCORE] / MICRO);
    if (entry->broke || entry->healed)
        strbuf_add_text(writing->out, entry->broke ? ", fails on B" : ", fails on A");
    if (entry->pair != NULL)
        strbuf_printf(writing->out, ", judge: %s", pairwise_winner_name(entry->pair->winner));
    strbuf_add_text(writing->out, "</summary>\n\n");
    add_answers(writing, entry);
    strbuf_add_text(writing->out, "\n</details>\n");
}

/* Escaping makes texts longer: only once it is written is it known whether an entry fits. */
static void add_where_it_fits(struct writing *writing, const struct compared_entry *entry)
{
    struct strbuf text;
    struct writing trial = *writing;

    strbuf_init(&text, ENTRY_BYTES_MAX);
    trial.out = &text;
    add_entry(&trial, entry);
    if (strbuf_status(&text) == 0 && writing->out->len + text.len <= COMPARE_MARKDOWN_MAX)
        strbuf_add(writing->out, strbuf_view(&text));
    strbuf_release(&text);
}

static void add_entries(struct writing *writing)
{
    const struct comparison *comparison = writing->comparison;
    struct arena arena;

    if (writing->options->by != COMPARE_SHOW_ALL && writing->options->by != COMPARE_SHOW_ENTRIES)
        return;
    arena_init(&arena, ARENA_BYTES_MAX);
    const struct compared_entry **order = compare_order(comparison, &arena);
    for (size_t i = 0; order != NULL && i < comparison->count && i < writing->options->limit; i++)
        if (!order[i]->is_same && order[i]->is_judged)
            add_where_it_fits(writing, order[i]);
    arena_release(&arena);
}

static void add_only(struct writing *writing)
{
    const struct comparison *comparison = writing->comparison;

    for (int side = 0; side < 2; side++) {
        size_t count = comparison->only_count[side];
        if (count == 0)
            continue;
        strbuf_printf(writing->out, "\nIn %c alone (%zu): ", "AB"[side], count);
        for (size_t i = 0; i < count && i < NAMES_MAX; i++) {
            strbuf_add_text(writing->out, i > 0 ? ", " : "");
            markdown_add_escaped(writing->out, utf8_cut(comparison->only[side][i]->id, 80));
        }
        strbuf_add_text(writing->out, count > NAMES_MAX ? ", …\n" : "\n");
    }
}

void report_compare_markdown(const struct comparison *comparison,
                             const struct compare_report_options *options, struct strbuf *out)
{
    struct writing writing = {.comparison = comparison, .options = options, .out = out};

    add_head(&writing);
    add_groups(&writing);
    add_figures(&writing);
    add_judging(&writing);
    add_only(&writing);
    add_entries(&writing);
}
