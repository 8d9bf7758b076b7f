/* SPDX-License-Identifier: Apache-2.0
 *
 * markdown: the run as a comment on a pull request (GitHub's flavour). What a model said is quoted
 * as escaped HTML inside a table, so that it can neither format nor link nor mention anybody. */
#include <stdio.h>

#include "base/utf8.h"
#include "report/columns.h"
#include "report/changes.h"
#include "report/gate_words.h"
#include "report/losses.h"
#include "report/markdown_parts.h"
#include "report/order.h"
#include "report/report.h"
#include "text/difference.h"

enum {
    ROWS_MAX = 30,
    DETAILS_MAX = 8,
    ANSWER_BYTES_MAX = 1500,
    ADVICE_MAX = 8,
    LINES_MAX = 40,
    SENTENCES_MAX = 5
};

struct writing {
    const struct run *run;
    struct strbuf *out;
    size_t shown;
};

static void add_cut(struct strbuf *out, struct view text)
{
    struct view cut = utf8_cut(text, ANSWER_BYTES_MAX);

    markdown_add_escaped(out, cut);
    if (cut.len < text.len)
        strbuf_printf(out, " … (%zu bytes more)", text.len - cut.len);
}

static void write_head(struct writing *writing)
{
    const struct run *run = writing->run;
    const struct gate *gate = &run->gate;
    static const char *const words[] = {"✅ passed", "❌ failed", "⚠️ waits for sign-off",
                                        "✅ passed, statistics inconclusive"};

    strbuf_add_text(writing->out, "## assay: ");
    markdown_add_escaped(writing->out, run->suite);
    strbuf_printf(writing->out, " %s\n\n", words[gate->outcome]);
    for (size_t i = 0; i < gate->reason_count; i++) {
        strbuf_add_text(writing->out, "- ");
        markdown_add_escaped(writing->out, gate->reasons[i]);
        strbuf_add_byte(writing->out, '\n');
    }
    for (size_t i = 0; i < gate->warning_count; i++) {
        strbuf_add_text(writing->out, "- ⚠️ ");
        markdown_add_escaped(writing->out, gate->warnings[i]);
        strbuf_add_byte(writing->out, '\n');
    }
    for (size_t i = 0; i < writing->run->drift_count; i++) {
        strbuf_add_text(writing->out, "- ⚠️ drift: ");
        markdown_add_escaped(writing->out, writing->run->drift[i]);
        strbuf_add_byte(writing->out, '\n');
    }
}

static void add_name(struct writing *writing, const struct run_entry *entry)
{
    markdown_add_escaped(writing->out, entry->id);
    if (!report_has_targets(writing->run))
        return;
    strbuf_add_text(writing->out, " &#64;");
    markdown_add_escaped(writing->out, entry->target);
}

static void add_fluency(struct strbuf *out, const struct run_entry *entry)
{
    struct strbuf words;

    strbuf_init(&words, ANSWER_BYTES_MAX);
    report_add_fluency(&words, entry);
    if (words.len > 0) {
        strbuf_add_text(out, "<br>");
        markdown_add_escaped(out, strbuf_view(&words));
    }
    strbuf_release(&words);
}

static void add_words(struct strbuf *out, const struct run_entry *entry)
{
    struct strbuf words;

    strbuf_init(&words, ANSWER_BYTES_MAX);
    gate_words_entry(entry, &words);
    markdown_add_escaped(out, strbuf_view(&words));
    strbuf_release(&words);
}

static void write_row(void *context, const struct run_entry *entry)
{
    struct writing *writing = context;
    struct strbuf *out = writing->out;

    if (writing->shown++ >= ROWS_MAX)
        return;
    strbuf_printf(out, "| %s | ", report_group_name(report_group_of(entry)));
    add_name(writing, entry);
    strbuf_add_text(out, " | ");
    report_add_score(out,
                     entry->baseline != NULL ? entry->baseline_score.total_micro : SCORE_ABSENT);
    strbuf_add_text(out, " | ");
    report_add_score(out, entry->scored_count > 0 ? entry->score.total_micro : SCORE_ABSENT);
    strbuf_add_text(out, " | ");
    markdown_add_escaped(
        out, utf8_cut(entry->scored_count > 0 ? entry->reason : entry->error_text, 400));
    add_words(out, entry);
    add_fluency(out, entry);
    strbuf_add_text(out, " |\n");
}

static const enum report_group bad_groups[] = {GROUP_CRITICAL, GROUP_MAJOR, GROUP_FAILED,
                                               GROUP_ERROR, GROUP_MINOR};
enum { BAD_GROUPS = sizeof bad_groups / sizeof bad_groups[0] };

static size_t count_bad(const struct run *run)
{
    size_t count = 0;

    for (size_t i = 0; i < run->entry_count; i++)
        for (size_t g = 0; g < BAD_GROUPS; g++)
            count += report_group_of(&run->entries[i]) == bad_groups[g];
    return count;
}

static void write_table(struct writing *writing)
{
    if (count_bad(writing->run) == 0)
        return;
    strbuf_add_text(writing->out, "\n| | entry | before | now | what |\n|---|---|---|---|---|\n");
    writing->shown = 0;
    for (size_t g = 0; g < BAD_GROUPS; g++)
        report_visit(writing->run, bad_groups[g], write_row, writing);
    if (writing->shown > ROWS_MAX)
        strbuf_printf(writing->out, "\n… and %zu more\n", writing->shown - ROWS_MAX);
}

/* One side of a comparison, what the other side lacks in bold. */
static void write_side(struct writing *writing, const struct difference *parts, size_t count,
                       enum difference_kind own)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count && bytes < ANSWER_BYTES_MAX; i++) {
        struct view text = utf8_cut(parts[i].text, ANSWER_BYTES_MAX - bytes);
        if (parts[i].kind != own && parts[i].kind != DIFFERENCE_SAME)
            continue;
        bytes += parts[i].text.len;
        if (parts[i].kind == own)
            strbuf_add_text(writing->out, "<b>");
        markdown_add_escaped(writing->out, text);
        if (parts[i].kind == own)
            strbuf_add_text(writing->out, "</b>");
    }
    if (bytes >= ANSWER_BYTES_MAX)
        strbuf_add_text(writing->out, " …");
}

static void write_pair(struct writing *writing, struct view before, struct view now)
{
    struct arena arena;
    const struct difference *parts;
    size_t count;

    arena_init(&arena, 64 << 20);
    strbuf_add_text(writing->out, "<table><tr><th>accepted</th><th>now</th></tr><tr><td>\n\n");
    if (difference_of(NULL, &arena, before, now, &parts, &count) == 0) {
        write_side(writing, parts, count, DIFFERENCE_REMOVED);
        strbuf_add_text(writing->out, "\n\n</td><td>\n\n");
        write_side(writing, parts, count, DIFFERENCE_ADDED);
    } else {
        add_cut(writing->out, before);
        strbuf_add_text(writing->out, "\n\n</td><td>\n\n");
        add_cut(writing->out, now);
    }
    strbuf_add_text(writing->out, "\n\n</td></tr></table>\n");
    arena_release(&arena);
}

static void write_sentences(struct writing *writing, const char *label,
                            const struct view *sentences, size_t count)
{
    if (count == 0)
        return;
    strbuf_printf(writing->out, "\n%s:\n\n", label);
    for (size_t i = 0; i < count && i < SENTENCES_MAX; i++) {
        strbuf_add_text(writing->out, "- ");
        add_cut(writing->out, sentences[i]);
        strbuf_add_byte(writing->out, '\n');
    }
    if (count > SENTENCES_MAX)
        strbuf_printf(writing->out, "- and %zu more\n", count - SENTENCES_MAX);
}

/* Both answers side by side, and, of long ones, the sentences that went and came. */
static void write_answers(struct writing *writing, const struct run_entry *entry,
                          struct view answer)
{
    struct losses losses;
    struct arena arena;

    arena_init(&arena, 64 << 20);
    write_pair(writing, report_nearest_accepted(entry, answer, &arena), answer);
    if (report_losses(entry, &arena, &losses) == 0) {
        write_sentences(writing, "Lost", losses.lost, losses.lost_count);
        write_sentences(writing, "Added", losses.added, losses.added_count);
    }
    arena_release(&arena);
}

static void write_detail(void *context, const struct run_entry *entry)
{
    struct writing *writing = context;
    const struct sample *worst = report_worst_sample(entry);

    if (writing->shown++ >= DETAILS_MAX || worst == NULL)
        return;
    strbuf_add_text(writing->out, "\n<details><summary>");
    add_name(writing, entry);
    strbuf_add_text(writing->out, "</summary>\n\n");
    strbuf_add_text(writing->out, "asked: ");
    add_cut(writing->out, entry->question);
    strbuf_add_text(writing->out, "\n\n");
    if (entry->baseline != NULL && entry->baseline->answer_count > 0) {
        write_answers(writing, entry, worst->answer.reply.text);
    } else {
        strbuf_add_text(writing->out, "answer: ");
        add_cut(writing->out, worst->answer.reply.text);
        strbuf_add_byte(writing->out, '\n');
    }
    strbuf_add_text(writing->out, "\n</details>\n");
}

static void write_details(struct writing *writing)
{
    static const enum report_group groups[] = {GROUP_CRITICAL, GROUP_MAJOR, GROUP_FAILED};

    writing->shown = 0;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        report_visit(writing->run, groups[g], write_detail, writing);
}

static void write_group(void *context, const struct changes_group *group)
{
    struct writing *writing = context;
    struct view rest = group->removed_and_added;
    size_t shown = 0;

    if (writing->shown++ >= DETAILS_MAX)
        return;
    strbuf_printf(writing->out, "\nPrompt%s ", group->count > 1 ? "s" : "");
    markdown_add_escaped(writing->out, group->names);
    strbuf_printf(writing->out, " changed from %.*s to %.*s%s:\n\n```diff\n",
                  VIEW_ARG(group->first->before_version), VIEW_ARG(group->first->version),
                  group->count > 1 ? ", …" : "");
    while (rest.len > 0 && shown++ < LINES_MAX) {
        struct view line = view_split(&rest, '\n');
        for (size_t pos = 0; pos < line.len;) { /* a fence inside must not end ours */
            uint32_t codepoint = utf8_next(line, &pos, NULL);
            strbuf_add_codepoint(writing->out,
                                 codepoint == '`' ? 0x2019 : columns_shown(codepoint));
        }
        strbuf_add_byte(writing->out, '\n');
    }
    strbuf_add_text(writing->out, "```\n");
}

static void write_changes(struct writing *writing)
{
    writing->shown = 0;
    changes_visit(writing->run, write_group, writing);
}

static void write_figures(struct writing *writing)
{
    const struct run *run = writing->run;
    const struct statistics *all = &run->gate.all;
    struct strbuf *out = writing->out;

    strbuf_add_byte(out, '\n');
    gate_words_size(run, out);
    strbuf_add_text(out, ", scored by ");
    markdown_add_escaped(out, run->scorer);
    strbuf_add_text(out, ": score ");
    report_add_score(out, run->mean.total_micro);
    strbuf_add_text(out, ", similarity ");
    report_add_score(out, run->mean.similarity_micro);
    strbuf_add_text(out, ", keywords ");
    report_add_score(out, run->mean.keywords_micro);
    if (run->fluency_known) {
        strbuf_add_text(out, ", fluency ");
        report_add_score(out, run->fluency_micro);
    }
    if (all->known) {
        strbuf_add_text(out, "; ");
        gate_words_statistics(all, out);
    }
    if (run->cost_known) {
        strbuf_add_text(out, "; cost ");
        report_add_dollars(out, run->cost_nano_usd);
    }
    strbuf_add_byte(out, '\n');
}

/* Both sides of the gate, and where a drop comes from. */
static void write_gate(struct writing *writing)
{
    const struct gate *gate = &writing->run->gate;
    struct strbuf words;

    if (!gate->all.known)
        return;
    strbuf_init(&words, ANSWER_BYTES_MAX);
    strbuf_add_text(writing->out, "\nThe gate: ");
    gate_words_sides(gate, writing->out);
    strbuf_add_text(writing->out, ".\n");
    for (size_t i = 0; i < gate->explanation_count && i < GATE_WORDS_EXPLANATIONS_MAX; i++) {
        strbuf_reset(&words);
        gate_words_explanation(&gate->explanations[i], &words);
        strbuf_add_text(writing->out, i == 0 ? "\n- " : "- ");
        markdown_add_escaped(writing->out, strbuf_view(&words));
        strbuf_add_byte(writing->out, '\n');
    }
    if (gate->checks_broke + gate->checks_healed > 0) {
        strbuf_add_text(writing->out, gate->explanation_count == 0 ? "\n- " : "- ");
        gate_words_checks(gate, writing->out);
        strbuf_add_byte(writing->out, '\n');
    }
    strbuf_release(&words);
}

static void write_advice(struct writing *writing)
{
    struct strbuf said;
    strbuf_init(&said, 1 << 16);
    size_t count = report_advice(writing->run, &said, ADVICE_MAX);
    struct view rest = strbuf_view(&said);

    if (count > 0)
        strbuf_add_text(writing->out, "\n**What to do**\n\n");
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(writing->out, "- ");
        markdown_add_escaped(writing->out, view_split(&rest, '\n'));
        strbuf_add_byte(writing->out, '\n');
    }
    strbuf_release(&said);
}

void report_markdown(const struct run *run, const struct report_options *options,
                     struct strbuf *out)
{
    static void (*const parts[])(struct writing *) = {write_head,   write_table,   write_gate,
                                                      write_advice, write_changes, write_figures,
                                                      write_details};
    struct writing writing = {.run = run, .out = out};

    (void)options;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t before = out->len;
        parts[i](&writing);
        if (out->len <= REPORT_MARKDOWN_MAX - 200)
            continue;
        strbuf_cut(out, before); /* a part that does not fit is left out whole */
        strbuf_add_text(out, "\n(the rest is too long for a comment)\n");
        return;
    }
}
