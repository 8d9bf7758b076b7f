/* SPDX-License-Identifier: Apache-2.0
 *
 * html_entries: the table of all entries, the worst first. Each is a body of two rows: its
 * figures, and a line that says why and opens to its answers (html_entry.c). Sorting, filtering and
 * searching are the script's; the table reads without it.
 *
 * The inside of an entry stands in <noscript>: where scripts run it is text to the browser, which
 * then has a tenth of the elements to build before the page is ready, and the script makes elements
 * of it when the entry is opened; where none run it is as it stands. */
#include "base/utf8.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/order.h"

enum { REASON_BYTES_MAX = 600 };

struct writing {
    const struct run *run;
    struct strbuf *out;
    size_t rows;
    size_t bare;  /* rows without their answers */
    size_t bytes; /* of answers so far */
    bool has_targets;
};

static struct view language_of(const struct run_entry *entry)
{
    const struct sample *worst = report_worst_sample(entry);
    return worst != NULL ? worst->language : view_of("");
}

static void add_marks(struct strbuf *out, const struct run_entry *entry)
{
    const struct {
        bool holds;
        const char *word;
    } marks[] = {
        {entry->is_quarantined, "quarantined"},
        {entry->is_signed_off, "signed off"},
        {entry->flaky, "flaky"},
        {entry->prompt_changed, "prompt changed"},
        {entry->model_changed, "other model"},
        {entry->params_changed, "other parameters"},
    };

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (marks[i].holds)
            strbuf_printf(out, " <span class=note>%s</span>", marks[i].word);
}

static void add_figures(struct writing *writing, const struct run_entry *entry)
{
    struct strbuf *out = writing->out;
    bool is_compared = entry->baseline != NULL && entry->scored_count > 0;

    strbuf_add_text(out, "<td class=n>");
    html_score(out, is_compared ? entry->baseline_score.total_micro : SCORE_ABSENT);
    strbuf_add_text(out, "<td class=n>");
    html_score(out, entry->scored_count > 0 ? entry->score.total_micro : SCORE_ABSENT);
    strbuf_add_text(out, "<td class=n>");
    if (is_compared)
        html_change(out, -(double)entry->drop_micro / MICRO);
    else
        strbuf_add_text(out, "–");
}

void html_list_traits(struct strbuf *out, const struct run_entry *entry, struct view language)
{
    strbuf_add_text(out, "<td class=tags>");
    for (size_t i = 0; i < entry->tag_count; i++) {
        strbuf_add_text(out, "<bdi class=tag>");
        html_add(out, entry->tags[i]);
        strbuf_add_text(out, "</bdi> ");
    }
    strbuf_add_text(out, "<td class=lang>");
    html_add(out, language);
    strbuf_add_text(out, "<td class=prompt><bdi>");
    html_add(out, utf8_cut(entry->prompt, REASON_BYTES_MAX));
    strbuf_add_text(out, "</bdi></tr>\n");
}

static void add_row(struct writing *writing, const struct run_entry *entry)
{
    struct strbuf *out = writing->out;

    strbuf_add_text(out, "<tr><td>");
    html_badge(out, (int)report_group_of(entry));
    strbuf_add_text(out, "<th scope=row><bdi>");
    html_add(out, utf8_cut(entry->id, REASON_BYTES_MAX));
    strbuf_add_text(out, "</bdi>");
    if (writing->has_targets) {
        strbuf_add_text(out, " <span class=at>@<bdi>");
        html_add(out, entry->target);
        strbuf_add_text(out, "</bdi></span>");
    }
    add_figures(writing, entry);
    html_list_traits(out, entry, language_of(entry));
}

/* Why it stands where it stands, in a line: what opens the entry. */
static void add_why(struct strbuf *out, const struct run_entry *entry)
{
    struct view why = entry->scored_count > 0 ? entry->reason : entry->error_text;

    if (why.len == 0 && entry->fluency_known)
        why = entry->fluency_reason;
    if (why.len != 0) {
        html_add(out, utf8_cut(why, REASON_BYTES_MAX));
    } else {
        strbuf_add_text(out, "<span class=asked>");
        struct view question = view_trim(entry->question);
        html_add(out, utf8_cut(question, 160));
        strbuf_add_text(out, question.len > 160 ? "…</span>" : "</span>");
    }
    add_marks(out, entry);
}

static void add_entry(struct writing *writing, const struct run_entry *entry)
{
    struct strbuf *out = writing->out;
    int group = (int)report_group_of(entry);

    strbuf_printf(out, "<tbody class=\"entry %s\" id=e%zu>", html_group_class(group),
                  (size_t)(entry - writing->run->entries) + 1);
    add_row(writing, entry);
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
        html_entry(out, writing->run, entry);
        strbuf_add_text(out, "</noscript></details>");
        writing->bytes += out->len - before;
    }
    strbuf_add_text(out, "</tr></tbody>\n");
}

static void visit(void *context, const struct run_entry *entry)
{
    struct writing *writing = context;

    if (writing->rows++ < HTML_ROWS_MAX)
        add_entry(writing, entry);
}

/* What the script fills: hidden where none runs. */
static void add_filters(struct strbuf *out)
{
    strbuf_add_text(
        out,
        "<form id=filters class=js role=search aria-label=\"Entries\">"
        "<p class=find><label for=find>Find in entries</label><input id=find type=search "
        "autocomplete=off spellcheck=false placeholder=\"id, question, answer, reason …\"> "
        "<kbd title=\"press / to search\">/</kbd></p>"
        "<fieldset id=groups><legend>What became of it</legend></fieldset>"
        "<p class=picks><label>Tag <select id=by-tag><option value=\"\">all</select></label> "
        "<label>Language <select id=by-lang><option value=\"\">all</select></label> "
        "<label>Prompt <select id=by-prompt><option value=\"\">all</select></label></p>"
        "<p class=acts><span id=shown role=status aria-live=polite></span> <button type=button "
        "id=show-all>Show all</button> <button type=button id=open-all>Open shown</button> <button "
        "type=button id=close-all>Close</button></p></form>\n"
        "<p class=\"js keys\">Keys: <kbd>/</kbd> search, <kbd>j</kbd> <kbd>k</kbd> or <kbd>↓</kbd> "
        "<kbd>↑</kbd> next and previous entry, <kbd>Enter</kbd> open, <kbd>Esc</kbd> leave the "
        "search.</p>\n");
}

static void add_limits(const struct writing *writing)
{
    struct strbuf *out = writing->out;

    if (writing->bare > 0) {
        strbuf_add_text(out, "<p class=limit role=note>");
        html_printf(out,
                    "To keep this page small, the %zu entries that did best are listed without "
                    "their answers; the JSON report (-o json=FILE) holds them all.",
                    writing->bare);
        strbuf_add_text(out, "</p>\n");
    }
    if (writing->rows > HTML_ROWS_MAX) {
        strbuf_add_text(out, "<p class=limit role=note>");
        html_printf(out,
                    "Of %zu entries the worst %d are listed; the JSON report (-o json=FILE) holds "
                    "them all.",
                    writing->rows, HTML_ROWS_MAX);
        strbuf_add_text(out, "</p>\n");
    }
}

void html_list_open(struct strbuf *out, const char *before, const char *now, const char *change,
                    const char *caption)
{
    add_filters(out);
    strbuf_add_text(out, "<table id=list><caption class=quiet>");
    html_say(out, caption);
    strbuf_printf(
        out,
        "</caption><thead><tr><th scope=col data-sort=group>State<th scope=col "
        "data-sort=text>Entry<th scope=col class=n data-sort=number>%s<th scope=col "
        "class=n data-sort=number>%s<th scope=col class=n data-sort=number>%s<th scope=col "
        "class=tags data-sort=text>Tags<th scope=col class=lang data-sort=text><abbr "
        "title=\"Language of the answer\">Lang</abbr><th scope=col class=prompt "
        "data-sort=text>Prompt</tr></thead>\n",
        before, now, change);
}

void html_list_close(struct strbuf *out)
{
    strbuf_add_text(out, "</table>\n<p id=nothing hidden>No entry fits these filters.</p>\n");
}

void html_entries(struct strbuf *out, const struct run *run)
{
    struct writing writing = {.run = run, .out = out, .has_targets = report_has_targets(run)};

    if (run->entry_count == 0)
        return;
    html_section_open(out, "entries", "Entries");
    html_list_open(
        out, "Before", "Now", "Change",
        "Every entry with its score before and now, the worst first; the line below each "
        "opens its answers");
    for (int group = 0; group < GROUP_COUNT; group++)
        report_visit(run, (enum report_group)group, visit, &writing);
    html_list_close(out);
    add_limits(&writing);
    html_section_close(out);
}
