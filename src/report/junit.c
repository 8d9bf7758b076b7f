/* SPDX-License-Identifier: Apache-2.0
 *
 * junit: the run as JUnit XML, in the form that the Jenkins plugin's schema describes: failures for
 * what the gate minds, errors for what got no answer, skipped for what is bad and was set apart: in
 * quarantine, or signed off. The gate is a testcase of its own, which fails where the gate failed
 * and no entry shows why (the suite fell as a whole), so that GitLab, Jenkins and GitHub are never
 * green over a failed run; passed otherwise, since the same trouble is not told twice. */
#include <stdio.h>

#include "base/date.h"
#include "base/utf8.h"
#include "report/gate_words.h"
#include "report/order.h"
#include "report/report.h"

/* XML 1.0 allows no control character but tab, LF and CR: those become U+FFFD. */
static void add_escaped(struct strbuf *out, struct view text)
{
    for (size_t pos = 0; pos < text.len;) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        if (codepoint == '<')
            strbuf_add_text(out, "&lt;");
        else if (codepoint == '>')
            strbuf_add_text(out, "&gt;");
        else if (codepoint == '&')
            strbuf_add_text(out, "&amp;");
        else if (codepoint == '"')
            strbuf_add_text(out, "&quot;");
        else if (codepoint == '\n' || codepoint == '\t' || codepoint == '\r')
            strbuf_printf(out, "&#%u;", codepoint);
        else if (codepoint < 0x20 || codepoint == 0xfffe || codepoint == 0xffff)
            strbuf_add_codepoint(out, 0xfffd);
        else
            strbuf_add_codepoint(out, codepoint);
    }
}

static bool is_bad(const struct run_entry *entry)
{
    enum report_group group = report_group_of(entry);
    return group == GROUP_CRITICAL || group == GROUP_MAJOR || group == GROUP_FAILED;
}

static bool is_skipped(const struct run_entry *entry)
{
    return (entry->is_quarantined && (is_bad(entry) || entry->scored_count == 0))
           || (entry->is_signed_off && report_group_of(entry) == GROUP_MAJOR);
}

static bool is_failure(const struct run_entry *entry)
{
    return is_bad(entry) && !is_skipped(entry);
}

static bool is_error(const struct run_entry *entry)
{
    return entry->scored_count == 0 && !is_skipped(entry);
}

static void add_skipped(struct strbuf *out, const struct run_entry *entry)
{
    struct strbuf words;

    strbuf_init(&words, 1 << 16);
    strbuf_add(&words, entry->scored_count == 0 ? entry->error_text : entry->reason);
    gate_words_entry(entry, &words);
    strbuf_add_text(out, "      <skipped message=\"");
    add_escaped(out, strbuf_view(&words));
    strbuf_add_text(out, "\"/>\n");
    strbuf_release(&words);
}

static void add_attribute(struct strbuf *out, const char *name, struct view value)
{
    strbuf_printf(out, " %s=\"", name);
    add_escaped(out, value);
    strbuf_add_byte(out, '"');
}

static double seconds_of(const struct run_entry *entry)
{
    double seconds = 0;

    for (size_t i = 0; i < entry->sample_count; i++)
        seconds += (double)entry->samples[i].answer.latency_ns / 1e9;
    return seconds;
}

static void add_outcome(struct strbuf *out, const struct run_entry *entry)
{
    const struct sample *worst = report_worst_sample(entry);

    if (is_skipped(entry)) {
        add_skipped(out, entry);
        return;
    }
    if (entry->scored_count == 0) {
        strbuf_add_text(out, "      <error");
        add_attribute(out, "type", view_of(err_name(entry->code)));
        add_attribute(out, "message", entry->error_text);
        strbuf_add_text(out, "/>\n");
        return;
    }
    if (!is_failure(entry))
        return;
    strbuf_add_text(out, "      <failure");
    add_attribute(out, "type", view_of(report_group_name(report_group_of(entry))));
    add_attribute(out, "message", entry->reason);
    strbuf_add_byte(out, '>');
    if (entry->baseline != NULL && entry->baseline->answer_count > 0) {
        strbuf_add_text(out, "accepted:\n");
        add_escaped(out, entry->baseline->answers[0].text);
        strbuf_add_text(out, "\n\nnow:\n");
    }
    if (worst != NULL)
        add_escaped(out, worst->answer.reply.text);
    strbuf_add_text(out, "</failure>\n");
}

static void add_fluency(struct strbuf *out, const struct run_entry *entry)
{
    struct strbuf words;

    strbuf_init(&words, 1 << 16);
    report_add_fluency(&words, entry);
    if (words.len > 0) {
        strbuf_add_text(out, "      <system-out>");
        add_escaped(out, strbuf_view(&words));
        strbuf_add_text(out, "</system-out>\n");
    }
    strbuf_release(&words);
}

static void add_case(struct strbuf *out, const struct run *run, const struct run_entry *entry)
{
    char name[64];

    strbuf_add_text(out, "    <testcase");
    add_attribute(out, "classname", run->suite);
    strbuf_add_text(out, " name=\"");
    add_escaped(out, entry->id);
    strbuf_add_text(out, " @");
    add_escaped(out, entry->target);
    strbuf_add_byte(out, '"');
    add_attribute(out, "file", entry->file);
    snprintf(name, sizeof name, " line=\"%u\" time=\"%.3f\"", entry->line, seconds_of(entry));
    strbuf_add_text(out, name);
    if (entry->scored_count > 0 && !is_bad(entry) && entry->fluency_reason.len == 0) {
        strbuf_add_text(out, "/>\n");
        return;
    }
    strbuf_add_text(out, ">\n");
    add_outcome(out, entry);
    add_fluency(out, entry);
    strbuf_add_text(out, "    </testcase>\n");
}

static void add_gate(struct strbuf *out, const struct run *run, bool fails)
{
    strbuf_add_text(out, "    <testcase");
    add_attribute(out, "classname", run->suite);
    add_attribute(out, "name", view_of("gate"));
    add_attribute(out, "file", run->golden_file);
    strbuf_add_text(out, " line=\"1\" time=\"0.000\"");
    if (!fails) {
        strbuf_add_text(out, "/>\n");
        return;
    }
    strbuf_add_text(out, ">\n      <failure type=\"gate\"");
    add_attribute(out, "message",
                  run->gate.reason_count > 0 ? run->gate.reasons[0] : view_of("the gate failed"));
    strbuf_add_byte(out, '>');
    for (size_t i = 0; i < run->gate.reason_count; i++) {
        add_escaped(out, run->gate.reasons[i]);
        strbuf_add_byte(out, '\n');
    }
    strbuf_add_text(out, "</failure>\n    </testcase>\n");
}

/* What is of the suite as a whole. */
static void add_properties(struct strbuf *out, const struct run *run)
{
    struct strbuf words;

    if (!run->gate.all.known)
        return;
    strbuf_init(&words, 1 << 16);
    strbuf_add_text(out, "    <properties>\n      <property name=\"statistics\"");
    gate_words_statistics(&run->gate.all, &words);
    add_attribute(out, "value", strbuf_view(&words));
    strbuf_add_text(out, "/>\n      <property name=\"gate\"");
    strbuf_reset(&words);
    gate_words_sides(&run->gate, &words);
    add_attribute(out, "value", strbuf_view(&words));
    strbuf_add_text(out, "/>\n    </properties>\n");
    strbuf_release(&words);
}

void report_junit(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    size_t failures = 0;
    size_t errors = 0;
    size_t skipped = 0;
    char date[DATE_ISO_SIZE];

    (void)options;
    for (size_t i = 0; i < run->entry_count; i++) {
        failures += is_failure(&run->entries[i]);
        errors += is_error(&run->entries[i]);
        skipped += is_skipped(&run->entries[i]);
    }
    bool gate_fails = run->gate.outcome == GATE_FAIL && failures + errors == 0;
    date_iso(run->started_unix_s, date);
    strbuf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
    add_attribute(out, "name", run->suite);
    strbuf_printf(out,
                  " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\" "
                  "timestamp=\"%.19s\">\n",
                  run->entry_count + 1, failures + gate_fails, errors, skipped,
                  (double)run->elapsed_ns / 1e9, date);
    add_properties(out, run);
    for (size_t i = 0; i < run->entry_count; i++)
        add_case(out, run, &run->entries[i]);
    add_gate(out, run, gate_fails);
    strbuf_add_text(out, "  </testsuite>\n</testsuites>\n");
}
