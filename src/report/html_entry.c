/* SPDX-License-Identifier: Apache-2.0
 *
 * html_entry: the inside of an entry: what was asked, the answer that shows its loss best beside
 * the nearest accepted one, the parts of the score, what checks found, and every sample. */
#include <stdio.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "report/html.h"
#include "report/html_answer.h"
#include "report/html_parts.h"
#include "report/losses.h"
#include "report/order.h"

enum {
    ARENA_BYTES_MAX = 64 << 20,
    SAMPLES_MAX = 20,
    ACCEPTED_MAX = 10,
    SENTENCES_MAX = 12,
    LONG_BYTES = 2000 /* both answers together */
};

struct writing {
    struct strbuf *out;
    const struct run_entry *entry;
    struct arena arena;
    struct view shown_now; /* texts that stand in the page already */
    struct view shown_accepted;
};

/* ---- what was asked ------------------------------------------------------------------------- */

static void add_question(struct writing *writing)
{
    const struct run_entry *entry = writing->entry;
    struct strbuf *out = writing->out;

    strbuf_add_text(out, "<p class=where>prompt <bdi>");
    html_add(out, utf8_cut(entry->prompt, HTML_SMALL_BYTES_MAX));
    strbuf_add_text(out, "</bdi> <code>");
    html_add(out, entry->prompt_hash);
    strbuf_add_text(out, "</code>");
    if (entry->model.len != 0) {
        strbuf_add_text(out, " · model <bdi>");
        html_add(out, entry->model);
        strbuf_add_text(out, "</bdi>");
    }
    if (entry->params.len != 0) {
        strbuf_add_text(out, " <code>");
        html_add(out, utf8_cut(entry->params, HTML_SMALL_BYTES_MAX));
        strbuf_add_text(out, "</code>");
    }
    if (entry->file.len != 0) {
        strbuf_add_text(out, " · <span class=file><bdi>");
        html_add(out, entry->file);
        html_printf(out, ":%u", entry->line);
        strbuf_add_text(out, "</bdi></span>");
    }
    strbuf_add_text(out, "</p>\n");
    if (entry->question.len != 0) {
        strbuf_add_text(out, "<h3>Question</h3>");
        html_answer_plain(writing->out, &writing->arena, entry->question, view_of(""));
    }
}

/* ---- the score ------------------------------------------------------------------------------ */

static void add_scores(struct writing *writing)
{
    const struct run_entry *entry = writing->entry;
    struct score absent = score_absent();
    const struct score *now = &entry->score;
    const struct score *before = entry->baseline != NULL ? &entry->baseline_score : &absent;
    const struct html_part parts[] = {
        {"score", "", before->total_micro, now->total_micro},
        {"similarity", "0.40", before->similarity_micro, now->similarity_micro},
        {"keywords", "0.25", before->keywords_micro, now->keywords_micro},
        {"structure", "0.15", before->structure_micro, now->structure_micro},
        {"language", "0.20", before->language_micro, now->language_micro},
        {"fluency", "told only", entry->fluency_known ? entry->baseline_fluency_micro : -1,
         entry->fluency_known ? entry->fluency_micro : -1},
    };
    struct strbuf *out = writing->out;
    bool has_before = entry->baseline != NULL;

    if (entry->scored_count == 0)
        return;
    strbuf_printf(
        out,
        "<h3>Score</h3><table class=parts><thead><tr><th>part<th>weight%s<th class=n>now<th>0 "
        "to 1</tr></thead><tbody>",
        has_before ? "<th class=n>before" : "");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        html_part_row(out, &parts[i], has_before);
    strbuf_add_text(out, "</tbody></table>");
    if (has_before && entry->noise_micro != SCORE_ABSENT && entry->noise_micro > 0) {
        strbuf_add_text(out, "<p class=small>");
        html_printf(out, "The score varies by ± %.3f by chance alone (one standard error).",
                    (double)entry->noise_micro / MICRO);
        strbuf_add_text(out, "</p>\n");
    }
}

/* ---- answers side by side ------------------------------------------------------------------- */

/* "Accepted, the nearest of 3" where there are several. */
static void open_side(struct strbuf *out, const char *heading, const char *which, size_t count)
{
    char note[64] = "";

    if (count > 1)
        snprintf(note, sizeof note, ", %s of %zu", which, count);
    html_side_open(out, heading, note);
}

static void add_alone(struct writing *writing, const struct sample *worst, const char *heading)
{
    open_side(writing->out, heading, "the lowest", writing->entry->scored_count);
    html_answer(writing->out, &writing->arena,
                (struct html_marked){.text = worst->answer.reply.text,
                                     .language = html_language(worst->language),
                                     .findings = worst->verdict.findings,
                                     .finding_count = worst->verdict.count});
    html_findings(writing->out, worst->verdict.findings, worst->verdict.count);
    strbuf_add_text(writing->out, "</div>\n");
    writing->shown_now = worst->answer.reply.text;
}

static void add_pair(struct writing *writing, const struct sample *worst)
{
    const struct run_entry *entry = writing->entry;
    struct view now = worst->answer.reply.text;
    struct view accepted = report_nearest_accepted(entry, now, &writing->arena);
    struct html_marked before = {.text = accepted, .own = DIFFERENCE_REMOVED};
    struct html_marked after = {.text = now,
                                .own = DIFFERENCE_ADDED,
                                .language = html_language(worst->language),
                                .findings = worst->verdict.findings,
                                .finding_count = worst->verdict.count};
    size_t count = 0;

    writing->shown_accepted = accepted;
    writing->shown_now = now;
    if (view_equal(accepted, now)) {
        add_alone(writing, worst, "Now, word for word as accepted");
        return;
    }
    if (html_difference(&writing->arena, utf8_cut(accepted, HTML_TEXT_BYTES_MAX),
                        utf8_cut(now, HTML_TEXT_BYTES_MAX), &before.parts, &count)
        == 0) {
        after.parts = before.parts;
        before.part_count = after.part_count = count;
    }
    strbuf_add_text(writing->out, "<div class=pair>");
    open_side(writing->out, "Accepted", "the nearest", entry->baseline->answer_count);
    html_answer(writing->out, &writing->arena, before);
    strbuf_add_text(writing->out, "</div>");
    open_side(writing->out, "Now", "the lowest", entry->scored_count);
    html_answer(writing->out, &writing->arena, after);
    html_findings(writing->out, worst->verdict.findings, worst->verdict.count);
    strbuf_add_text(writing->out, "</div></div>\n");
}

static void add_sentences(struct strbuf *out, const char *heading, const char *tag,
                          const struct view *sentences, size_t count)
{
    if (count == 0)
        return;
    strbuf_add_text(out, "<h3>");
    html_say(out, heading);
    strbuf_add_text(out, "</h3><ul class=sentences>");
    for (size_t i = 0; i < count && i < SENTENCES_MAX; i++) {
        strbuf_printf(out, "<li dir=auto><%s>", tag);
        html_add(out, utf8_cut(sentences[i], HTML_SMALL_BYTES_MAX));
        strbuf_printf(out, "</%s></li>", tag);
    }
    if (count > SENTENCES_MAX) {
        strbuf_add_text(out, "<li>");
        html_printf(out, "and %zu more", count - SENTENCES_MAX);
        strbuf_add_text(out, "</li>");
    }
    strbuf_add_text(out, "</ul>");
}

static void add_losses(struct writing *writing)
{
    struct losses losses;

    /* of short answers the sides show it at once; of those that hold nobody asks */
    if (report_group_of(writing->entry) > GROUP_MINOR
        || writing->shown_now.len + writing->shown_accepted.len < LONG_BYTES
        || report_losses(writing->entry, &writing->arena, &losses) != 0)
        return;
    add_sentences(writing->out, "Sentences that went", "del", losses.lost, losses.lost_count);
    add_sentences(writing->out, "Sentences that came", "ins", losses.added, losses.added_count);
}

/* ---- samples -------------------------------------------------------------------------------- */

static void add_sample_figures(struct strbuf *out, const struct sample *sample, size_t number)
{
    const struct reply *reply = &sample->answer.reply;

    strbuf_printf(out, "<tr><td class=n>%zu<td class=n>", number);
    html_score(out, sample->scored ? sample->score.total_micro : SCORE_ABSENT);
    strbuf_add_text(out, "<td>");
    html_add(out, sample->language);
    strbuf_add_text(out, "<td class=n>");
    html_duration(out, sample->answer.latency_ns);
    strbuf_add_text(out, "<td class=n>");
    if (reply->usage.known)
        html_printf(out, "%lld → %lld%s", (long long)reply->usage.tokens_in,
                    (long long)reply->usage.tokens_out, reply->usage.estimated ? " (est.)" : "");
    strbuf_add_text(out, "<td class=n>");
    if (sample->cost_nano_usd > 0)
        report_add_dollars(out, sample->cost_nano_usd);
    strbuf_add_text(out, "<td>");
    html_say(out, reply->code == 0 ? stop_reason_name(reply->stop) : err_name(reply->code));
    strbuf_add_text(out, "<td dir=auto>");
}

static void add_sample_text(struct writing *writing, const struct sample *sample)
{
    const struct reply *reply = &sample->answer.reply;
    struct strbuf *out = writing->out;

    if (reply->code != 0) {
        html_add(out, utf8_cut(reply->error_text, HTML_SMALL_BYTES_MAX));
    } else if (view_equal(reply->text, writing->shown_now)) {
        strbuf_add_text(out, "<span class=quiet>shown above</span>");
    } else if (view_equal(reply->text, writing->shown_accepted)) {
        strbuf_add_text(out, "<span class=quiet>the accepted answer</span>");
    } else {
        html_answer_plain(writing->out, &writing->arena,
                          utf8_cut(reply->text, HTML_SMALL_BYTES_MAX), sample->language);
        html_cut_note(out, reply->text, utf8_cut(reply->text, HTML_SMALL_BYTES_MAX));
        html_findings(out, sample->verdict.findings, sample->verdict.count);
    }
    strbuf_add_text(out, "</tr>\n");
}

static void add_samples(struct writing *writing)
{
    const struct run_entry *entry = writing->entry;
    struct strbuf *out = writing->out;
    size_t shown = 0;

    strbuf_add_text(out, "<h3>Samples</h3><div class=scroll tabindex=0 role=group "
                         "aria-label=Samples><table class=samples><thead><tr><th class=n>#<th "
                         "class=n>score<th>lang<th class=n>time<th class=n>tokens in → out<th "
                         "class=n>cost<th>ended<th>answer</tr></thead><tbody>\n");
    for (size_t i = 0; i < entry->sample_count && shown < SAMPLES_MAX; i++) {
        if (!entry->samples[i].asked)
            continue;
        shown++;
        add_sample_figures(out, &entry->samples[i], i + 1);
        add_sample_text(writing, &entry->samples[i]);
    }
    strbuf_add_text(out, "</tbody></table></div>");
    if (entry->sample_count > SAMPLES_MAX) {
        strbuf_add_text(out, "<p class=limit>");
        html_printf(out, "%d of %zu samples are shown.", SAMPLES_MAX, entry->sample_count);
        strbuf_add_text(out, "</p>");
    }
}

static void add_other_accepted(struct writing *writing)
{
    const struct baseline_entry *baseline = writing->entry->baseline;
    struct strbuf *out = writing->out;
    size_t others = 0;

    for (size_t i = 0; baseline != NULL && i < baseline->answer_count; i++) {
        struct view text = baseline->answers[i].text;
        bool is_known = view_equal(text, writing->shown_accepted);
        for (size_t j = 0; j < i && !is_known; j++)
            is_known = view_equal(text, baseline->answers[j].text);
        if (is_known || others++ >= ACCEPTED_MAX)
            continue;
        if (others == 1)
            strbuf_add_text(out, "<h3>Also accepted</h3>");
        html_answer_plain(writing->out, &writing->arena, utf8_cut(text, HTML_SMALL_BYTES_MAX),
                          view_of(""));
    }
}

void html_entry(struct strbuf *out, const struct run *run, const struct run_entry *entry)
{
    struct writing writing = {.out = out, .entry = entry};
    const struct sample *worst = report_worst_sample(entry);

    (void)run;
    arena_init(&writing.arena, ARENA_BYTES_MAX);
    strbuf_add_text(out, "<div class=inside>");
    add_question(&writing);
    if (worst != NULL && entry->baseline != NULL && entry->baseline->answer_count > 0)
        add_pair(&writing, worst);
    else if (worst != NULL)
        add_alone(&writing, worst, "Answer");
    add_losses(&writing);
    add_scores(&writing);
    add_samples(&writing);
    add_other_accepted(&writing);
    strbuf_add_text(out, "</div>");
    arena_release(&writing.arena);
}
