/* SPDX-License-Identifier: Apache-2.0
 *
 * html_run: the page of a golden run: its sections in order, and the first of them, the verdict. */
#include "report/html.h"
#include "report/html_parts.h"
#include "report/order.h"

enum { ADVICE_MAX = 16 };

/* ---- the verdict ---------------------------------------------------------------------------- */

struct headline {
    const char *class_name;
    const char *sign;
    const char *words;
};

static struct headline headline_of(const struct run *run)
{
    static const struct headline of_outcome[] = {
        [GATE_PASS] = {"pass", "✓", "Passed"},
        [GATE_FAIL] = {"fail", "✕", "Failed"},
        [GATE_SIGNOFF] = {"wait", "▲", "Waits for a sign-off"},
        [GATE_INCONCLUSIVE] = {"wait", "?", "Passed, but the statistics are inconclusive"},
    };
    static const struct headline interrupted = {"fail", "!", "Interrupted"};
    static const struct headline unanswered = {"fail", "!", "Some questions got no answer"};
    static const struct headline silent = {"fail", "!", "No question was answered"};
    static const struct headline recorded = {"pass", "✓", "Recorded as the baseline"};
    static const struct headline empty = {"wait", "?", "Nothing was tested"};
    enum gate_outcome outcome = run->gate.outcome;

    if (run->interrupted)
        return interrupted;
    if (run->entry_count == 0)
        return empty;
    if (run->gate.errors == run->entry_count)
        return silent;
    if (view_is(run->kind, "baseline"))
        return recorded;
    if (run->gate.exit_status == 3)
        return unanswered;
    return of_outcome[outcome <= GATE_INCONCLUSIVE ? outcome : GATE_FAIL];
}

static void add_sentences(struct strbuf *out, const char *class_name, const struct view *sentences,
                          size_t count)
{
    if (count == 0)
        return;
    strbuf_printf(out, "<ul class=\"%s\">", class_name);
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(out, "<li dir=auto>");
        html_add(out, sentences[i]);
        strbuf_add_text(out, "</li>");
    }
    strbuf_add_text(out, "</ul>\n");
}

static void add_tile(struct strbuf *out, int group, size_t count)
{
    strbuf_printf(out, "<li class=\"tile %s%s\" data-group=%s><strong>", html_group_class(group),
                  count == 0 ? " zero" : "", html_group_class(group));
    html_count(out, (int64_t)count);
    strbuf_add_text(out, "</strong> ");
    html_badge(out, group);
    strbuf_add_text(out, "</li>");
}

static void add_tiles(struct strbuf *out, const struct run *run)
{
    size_t counts[GROUP_COUNT] = {0};

    for (size_t i = 0; i < run->entry_count; i++)
        counts[report_group_of(&run->entries[i])]++;
    strbuf_add_text(out, "<ul class=tiles aria-label=\"Entries by what became of them\">");
    for (int group = 0; group < GROUP_COUNT; group++)
        if (counts[group] > 0 || group == GROUP_CRITICAL || group == GROUP_MAJOR
            || group == GROUP_FINE)
            add_tile(out, group, counts[group]);
    strbuf_add_text(out, "</ul>\n");
}

static void add_advice(struct strbuf *out, const struct run *run)
{
    struct strbuf said;

    strbuf_init(&said, 1 << 16);
    size_t count = report_advice(run, &said, ADVICE_MAX);
    struct view rest = strbuf_view(&said);
    if (count + run->gate.advice_count > 0)
        strbuf_add_text(out, "<div class=advice><h2>What to do</h2>");
    for (size_t i = 0; i < count; i++) {
        struct view line = view_split(&rest, '\n');
        strbuf_add_text(out, i == 0 ? "<ul><li dir=auto>" : "<li dir=auto>");
        html_add(out, line);
        strbuf_add_text(out, i + 1 == count ? "</li></ul>" : "</li>");
    }
    add_sentences(out, "", run->gate.advice, run->gate.advice_count);
    if (count + run->gate.advice_count > 0)
        strbuf_add_text(out, "</div>\n");
    strbuf_release(&said);
}

static void add_facts_line(struct strbuf *out, const struct run *run)
{
    strbuf_add_text(out, "<p class=facts-line>");
    html_time(out, run->started_unix_s);
    strbuf_add_text(out, " · ");
    html_count(out, (int64_t)run->entry_count);
    strbuf_add_text(out, run->entry_count == 1 ? " entry" : " entries");
    if (!run->recorded_answers)
        html_printf(out, " × %u answer%s", run->repeat, run->repeat == 1 ? "" : "s");
    if (run->shard_count > 1)
        html_printf(out, " · shard %u of %u only", run->shard_index, run->shard_count);
    strbuf_add_text(out, " · mean score <strong>");
    html_score(out, run->mean.total_micro);
    strbuf_add_text(out, "</strong>");
    if (run->gate.all.known) {
        strbuf_add_text(out, " (");
        html_change(out, run->gate.all.mean);
        strbuf_add_text(out, " against the baseline)");
    }
    strbuf_add_text(out, "</p>\n");
}

void html_verdict(struct strbuf *out, const struct run *run)
{
    struct headline headline = headline_of(run);

    strbuf_printf(out,
                  "<section id=verdict class=\"verdict %s\" aria-labelledby=h-verdict>"
                  "<p class=sign aria-hidden=true>%s</p><div><h1 id=h-verdict>",
                  headline.class_name, headline.sign);
    html_say(out, headline.words);
    strbuf_add_text(out, "</h1>\n");
    add_facts_line(out, run);
    add_sentences(out, "reasons", run->gate.reasons, run->gate.reason_count);
    if (run->gate.reason_count == 0 && run->entry_count > 0)
        strbuf_add_text(out, run->gate.compared > 0
                                 ? "<p>No entry fell behind its accepted answers.</p>\n"
                                 : "<p>Every answer passed the checks of its entry. There is no "
                                   "baseline to compare with yet.</p>\n");
    if (run->entry_count == 0)
        strbuf_add_text(out, "<p>No entry of the golden set was picked: see its "
                             "<code>entries:</code> and the filters of the command.</p>\n");
    strbuf_add_text(out, "</div></section>\n");
    if (run->entry_count > 0)
        add_tiles(out, run);
    add_advice(out, run);
}

/* ---- the page ------------------------------------------------------------------------------- */

static void add_title(struct strbuf *title, const struct run *run)
{
    strbuf_add(title, run->suite);
    strbuf_add_text(title, ": ");
    strbuf_add_text(title, headline_of(run).words);
}

void report_html(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    struct strbuf title;

    strbuf_init(&title, 1 << 16);
    add_title(&title, run);
    html_page_open(out, strbuf_view(&title));
    strbuf_release(&title);
    html_bar(out, run->suite, view_is(run->kind, "baseline") ? "baseline" : "test");
    html_verdict(out, run);
    html_gate(out, run);
    html_changes(out, run);
    html_charts(out, run, options);
    html_entries(out, run);
    html_facts(out, run, options);
    html_page_close(out, options->assay_version);
}
