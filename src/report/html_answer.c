/* SPDX-License-Identifier: Apache-2.0
 *
 * html_answer: see html_answer.h. */
#include "report/html_answer.h"

#include "base/utf8.h"
#include "report/html.h"

enum { FINDINGS_MAX = 20, EVIDENCE_BYTES_MAX = 200 };

void html_cut_note(struct strbuf *out, struct view whole, struct view cut)
{
    if (cut.len == whole.len)
        return;
    strbuf_add_text(out, "<p class=limit>… ");
    html_count(out, (int64_t)(whole.len - cut.len));
    strbuf_add_text(out, " more bytes are left out here; the JSON report holds them.</p>");
}

void html_answer(struct strbuf *out, struct arena *arena, struct html_marked marked)
{
    struct view whole = marked.text;

    marked.text = utf8_cut(whole, HTML_TEXT_BYTES_MAX);
    if (html_add_marked(out, arena, &marked) != 0) {
        strbuf_add_text(out, "<div class=text dir=auto>");
        html_add(out, marked.text);
        strbuf_add_text(out, "</div>");
    }
    html_cut_note(out, whole, marked.text);
}

void html_answer_plain(struct strbuf *out, struct arena *arena, struct view text,
                       struct view language)
{
    html_answer(out, arena,
                (struct html_marked){.text = text, .language = html_language(language)});
}

void html_side_open(struct strbuf *out, const char *heading, const char *note)
{
    strbuf_add_text(out, "<div class=side><h3>");
    html_say(out, heading);
    if (note[0] != '\0') {
        strbuf_add_text(out, "<span class=quiet>");
        html_say(out, note);
        strbuf_add_text(out, "</span>");
    }
    strbuf_add_text(out, "</h3>");
}

static void add_finding(struct strbuf *out, const struct finding *finding)
{
    strbuf_printf(out, "<li><span class=\"check %s\">", severity_name(finding->severity));
    html_add(out, finding->check);
    strbuf_add_text(out, "</span> <span dir=auto>");
    html_add(out, utf8_cut(finding->message, HTML_SMALL_BYTES_MAX));
    strbuf_add_text(out, "</span>");
    if (finding->evidence.len != 0 && finding->end > finding->start) {
        strbuf_add_text(out, ": <q dir=auto>");
        html_add(out, utf8_cut(finding->evidence, EVIDENCE_BYTES_MAX));
        strbuf_add_text(out, "</q>");
    }
    strbuf_add_text(out, "</li>");
}

void html_findings(struct strbuf *out, const struct finding *findings, size_t count)
{
    if (count == 0)
        return;
    strbuf_add_text(out, "<ul class=findings>");
    for (size_t i = 0; i < count && i < FINDINGS_MAX; i++)
        add_finding(out, &findings[i]);
    if (count > FINDINGS_MAX) {
        strbuf_add_text(out, "<li>");
        html_printf(out, "and %zu more", count - FINDINGS_MAX);
        strbuf_add_text(out, "</li>");
    }
    strbuf_add_text(out, "</ul>");
}

void html_part_row(struct strbuf *out, const struct html_part *part, bool has_before)
{
    if (part->now_micro == SCORE_ABSENT && part->before_micro == SCORE_ABSENT)
        return;
    strbuf_printf(out, "<tr><th>%s<td class=quiet>%s", part->name, part->weight);
    if (has_before) {
        strbuf_add_text(out, "<td class=n>");
        html_score(out, part->before_micro);
    }
    strbuf_add_text(out, "<td class=n>");
    html_score(out, part->now_micro);
    strbuf_add_text(out, "<td>");
    html_part_bar(out, has_before ? part->before_micro : SCORE_ABSENT, part->now_micro);
    strbuf_add_text(out, "</tr>");
}
