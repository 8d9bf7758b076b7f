/* SPDX-License-Identifier: Apache-2.0
 *
 * html_compare_entries: the table of a comparison's entries, each with both answers side by side
 * and the words that differ, and the lists of entries that one side lacks. */
#include <stdio.h>

#include "base/utf8.h"
#include "report/html.h"
#include "report/html_answer.h"
#include "report/html_compare.h"
#include "report/html_parts.h"
#include "report/order.h"

enum { ARENA_BYTES_MAX = 64 << 20, ORDER_BYTES_MAX = 64 << 20, ONLY_MAX = 200, ID_BYTES_MAX = 600 };

struct writing {
    struct strbuf *out;
    size_t rows;
    size_t bare;
    size_t bytes;
};

/* ---- states --------------------------------------------------------------------------------- */

struct state {
    const char *class_name, *sign, *name;
};

static struct state state_of(const struct compared_entry *entry)
{
    static const struct state broke = {"broke", "✕", "broke"};
    static const struct state healed = {"healed", "✓", "healed"};
    static const struct state same = {"same", "=", "same"};
    static const struct state differs = {"differs", "≠", "differs"};
    static const struct state unanswered = {"unanswered", "!", "no answer"};

    return entry->broke        ? broke
           : entry->healed     ? healed
           : !entry->is_judged ? unanswered
           : entry->is_same    ? same
                               : differs;
}

/* ---- the inside of an entry ----------------------------------------------------------------- */

static const struct sample *shown_sample(const struct compared_entry *entry, int side)
{
    return entry->shown[side] < 0 ? NULL : &entry->sides[side]->samples[entry->shown[side]];
}

static void add_side(struct strbuf *out, struct arena *arena, const struct compared_entry *entry,
                     int side, struct html_marked marked)
{
    const struct sample *sample = shown_sample(entry, side);
    const struct run_entry *of = entry->sides[side];
    char heading[8], note[160] = "";

    snprintf(heading, sizeof heading, "%c", 'A' + side);
    if (of->sample_count > 1 && sample != NULL)
        snprintf(note, sizeof note, ", answer %ld of %zu", entry->shown[side] + 1,
                 of->sample_count);
    html_side_open(out, heading, note);
    if (sample == NULL) {
        strbuf_add_text(out, "<p>");
        html_add(out, of->error_text.len != 0 ? utf8_cut(of->error_text, HTML_SMALL_BYTES_MAX)
                                              : view_of("There is no answer."));
        strbuf_add_text(out, "</p></div>");
        return;
    }
    marked.text = sample->answer.reply.text;
    marked.language = html_language(sample->language);
    marked.findings = sample->verdict.findings;
    marked.finding_count = sample->verdict.count;
    html_answer(out, arena, marked);
    html_findings(out, sample->verdict.findings, sample->verdict.count);
    strbuf_add_text(out, "</div>");
}

static void add_pair(struct strbuf *out, struct arena *arena, const struct compared_entry *entry)
{
    const struct sample *a = shown_sample(entry, COMPARE_A);
    const struct sample *b = shown_sample(entry, COMPARE_B);
    struct html_marked marked = {.text = view_of("")};

    if (a != NULL && b != NULL
        && html_difference(arena, utf8_cut(a->answer.reply.text, HTML_TEXT_BYTES_MAX),
                           utf8_cut(b->answer.reply.text, HTML_TEXT_BYTES_MAX), &marked.parts,
                           &marked.part_count)
               != 0)
        marked.part_count = 0;
    strbuf_add_text(out, "<div class=pair>");
    marked.own = DIFFERENCE_REMOVED;
    add_side(out, arena, entry, COMPARE_A, marked);
    marked.own = DIFFERENCE_ADDED;
    add_side(out, arena, entry, COMPARE_B, marked);
    strbuf_add_text(out, "</div>\n");
}

static void add_judge(struct strbuf *out, const struct pairwise_pair *pair)
{
    static const char *const words[] = {
        [PAIRWISE_UNKNOWN] = "The judge gave no verdict",
        [PAIRWISE_A] = "The judge prefers A",
        [PAIRWISE_B] = "The judge prefers B",
        [PAIRWISE_EVEN] = "The judge prefers neither",
    };

    if (pair == NULL)
        return;
    struct view said = pair->winner == PAIRWISE_UNKNOWN ? pair->error : pair->reason;
    strbuf_add_text(out, "<p dir=auto><strong>");
    html_say(out, words[pair->winner]);
    strbuf_add_text(out, "</strong>");
    if (pair->turned > 0)
        html_printf(out, " (turned with the order in %zu of %zu rounds)", pair->turned,
                    pair->decided);
    if (said.len > 0) {
        strbuf_add_text(out, ": ");
        html_add(out, utf8_cut(said, HTML_SMALL_BYTES_MAX));
    }
    strbuf_add_text(out, "</p>\n");
}

static void add_parts(struct strbuf *out, const struct compared_entry *entry)
{
    static const char *const weights[COMPARE_METRICS] = {
        [COMPARE_SCORE] = "",        [COMPARE_SIMILARITY] = "0.40",
        [COMPARE_KEYWORDS] = "0.25", [COMPARE_STRUCTURE] = "0.15",
        [COMPARE_LANGUAGE] = "0.20", [COMPARE_FLUENCY] = "told only",
    };

    strbuf_add_text(out, "<h3>Metrics</h3><table class=parts><thead><tr><th>metric<th>weight<th "
                         "class=n>A<th class=n>B<th>0 to 1</tr></thead><tbody>");
    for (int metric = 0; metric < COMPARE_METRICS; metric++) {
        struct html_part part = {.name = compare_metric_name((enum compare_metric)metric),
                                 .weight = weights[metric],
                                 .before_micro = entry->metrics_micro[0][metric],
                                 .now_micro = entry->metrics_micro[1][metric]};
        html_part_row(out, &part, true);
    }
    strbuf_add_text(out, "</tbody></table>");
    if (entry->is_tested) {
        strbuf_add_text(out, "<p class=small>");
        html_printf(out, "By its repeats alone: p = %.4f, corrected %.4f.", entry->p,
                    entry->p_adjusted);
        strbuf_add_text(out, "</p>");
    }
}

static void add_inside(struct strbuf *out, const struct compared_entry *entry)
{
    const struct run_entry *a = entry->sides[COMPARE_A];
    struct arena arena;

    arena_init(&arena, ARENA_BYTES_MAX);
    strbuf_add_text(out, "<div class=inside>");
    if (a->question.len != 0) {
        strbuf_add_text(out, "<h3>Question</h3>");
        html_answer_plain(out, &arena, a->question, view_of(""));
    }
    add_pair(out, &arena, entry);
    add_judge(out, entry->pair);
    add_parts(out, entry);
    strbuf_add_text(out, "</div>");
    arena_release(&arena);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void add_id(struct strbuf *out, const struct compared_entry *entry)
{
    const struct run_entry *a = entry->sides[COMPARE_A];
    const struct run_entry *b = entry->sides[COMPARE_B];

    strbuf_add_text(out, "<th scope=row><bdi>");
    html_add(out, utf8_cut(a->id, ID_BYTES_MAX));
    strbuf_add_text(out, "</bdi>");
    if (view_equal(a->target, b->target))
        return;
    strbuf_add_text(out, " <span class=at>@<bdi>");
    html_add(out, a->target);
    strbuf_add_text(out, "</bdi> and @<bdi>");
    html_add(out, b->target);
    strbuf_add_text(out, "</bdi></span>");
}

static void add_row(struct strbuf *out, const struct compared_entry *entry)
{
    struct state state = state_of(entry);

    strbuf_add_text(out, "<tr><td>");
    html_state(out, state.class_name, state.sign, state.name);
    add_id(out, entry);
    for (int side = 0; side < 2; side++) {
        strbuf_add_text(out, "<td class=n>");
        html_score(out, entry->metrics_micro[side][COMPARE_SCORE]);
    }
    strbuf_add_text(out, "<td class=n>");
    if (entry->is_known[COMPARE_SCORE])
        html_change(out, (double)entry->difference_micro[COMPARE_SCORE] / MICRO);
    else
        strbuf_add_text(out, "–");
    html_list_traits(out, entry->sides[COMPARE_A], entry->language);
}

static void add_why(struct strbuf *out, const struct compared_entry *entry)
{
    const struct run_entry *failed = entry->sides[entry->broke ? COMPARE_B : COMPARE_A];

    if (entry->broke || entry->healed) {
        strbuf_add_text(out, entry->broke ? "fails on B" : "fails on A");
        for (size_t i = 0; i < failed->failed_count && i < 3; i++) {
            strbuf_add_text(out, i == 0 ? ": " : ", ");
            html_add(out, failed->failed[i].check);
        }
    } else if (entry->is_same) {
        strbuf_add_text(out, "the same answers");
    } else if (!entry->is_judged) {
        strbuf_add_text(out, "a side has no answer");
    } else {
        strbuf_add_text(out, "other answers");
    }
    if (entry->likeness_micro != SCORE_ABSENT && !entry->is_same) {
        strbuf_add_text(out, ", alike to ");
        html_score(out, entry->likeness_micro);
    }
}

static void add_entry(struct writing *writing, const struct compared_entry *entry)
{
    struct strbuf *out = writing->out;

    strbuf_printf(out, "<tbody class=\"entry %s\" id=e%zu>", state_of(entry).class_name,
                  writing->rows);
    add_row(out, entry);
    strbuf_printf(out, "<tr class=more><td colspan=%d>", HTML_LIST_COLUMNS);
    if (writing->bytes >= HTML_ANSWERS_BYTES_MAX) {
        writing->bare++;
        strbuf_add_text(out, "<p class=why dir=auto>");
        add_why(out, entry);
        strbuf_add_text(out, "</p>");
    } else {
        size_t before = out->len;
        strbuf_add_text(out, "<details><summary dir=auto>");
        add_why(out, entry);
        strbuf_add_text(out, "</summary><noscript>\n");
        add_inside(out, entry);
        strbuf_add_text(out, "</noscript></details>");
        writing->bytes += out->len - before;
    }
    strbuf_add_text(out, "</tr></tbody>\n");
}

static void add_only(struct strbuf *out, const struct comparison *comparison, int side)
{
    size_t count = comparison->only_count[side];

    if (count == 0)
        return;
    strbuf_add_text(out, "<p>");
    html_printf(out, "Only on %c, %zu: ", 'A' + side, count);
    for (size_t i = 0; i < count && i < ONLY_MAX; i++) {
        strbuf_add_text(out, i > 0 ? ", <bdi>" : "<bdi>");
        html_add(out, utf8_cut(comparison->only[side][i]->id, ID_BYTES_MAX));
        strbuf_add_text(out, "</bdi>");
    }
    strbuf_add_text(out, count > ONLY_MAX ? " …</p>\n" : ".</p>\n");
}

void html_compare_entries(struct strbuf *out, const struct comparison *comparison)
{
    struct writing writing = {.out = out};
    struct arena arena;

    arena_init(&arena, ORDER_BYTES_MAX);
    const struct compared_entry **order = compare_order(comparison, &arena);
    html_section_open(out, "entries", "Entries");
    html_list_open(out, "A", "B", "B − A",
                   "Every entry with its score on both sides, those that differ most first; the "
                   "line below each opens its answers");
    for (size_t i = 0; order != NULL && i < comparison->count && i < HTML_ROWS_MAX; i++) {
        writing.rows++;
        add_entry(&writing, order[i]);
    }
    html_list_close(out);
    if (writing.bare > 0 || writing.rows < comparison->count) {
        strbuf_add_text(out, "<p class=limit role=note>");
        html_printf(
            out,
            "To keep this page small, %zu of %zu entries are listed, %zu of them with their "
            "answers; the JSON report (-o json=FILE) holds them all.",
            writing.rows, comparison->count, writing.rows - writing.bare);
        strbuf_add_text(out, "</p>\n");
    }
    add_only(out, comparison, COMPARE_A);
    add_only(out, comparison, COMPARE_B);
    html_section_close(out);
    arena_release(&arena);
}
