/* SPDX-License-Identifier: Apache-2.0
 *
 * github: a run as workflow commands of GitHub Actions, which become annotations at the entries'
 * lines: ::error file=…,line=…,title=…::message.
 *
 * GitHub shows ten errors and ten warnings of a step, the first ones: so the gate comes first, then
 * the worst entries, then how many more there are. Whatever the texts hold, a command is one line:
 * % CR LF are escaped, and : and , in properties; control characters become spaces. Paths are as
 * they were named, relative to the folder assay ran in.
 * Source: docs.github.com, "Workflow commands for GitHub Actions"; actions/toolkit,
 * packages/core/src/command.ts. */
#include "base/utf8.h"
#include "report/columns.h"
#include "report/order.h"
#include "report/report.h"

enum { SHOWN_MAX = 10, TEXT_BYTES_MAX = 1000 };

struct annotating {
    const struct run *run;
    struct strbuf *out;
    const char *level; /* "error", "warning" */
    size_t room;       /* annotations of this level that may still come */
    size_t left_out;
};

static void add_escaped(struct strbuf *out, struct view text, bool is_property)
{
    struct view cut = utf8_cut(text, TEXT_BYTES_MAX);

    for (size_t pos = 0; pos < cut.len;) {
        uint32_t c = utf8_next(cut, &pos, NULL);
        if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ',')))
            strbuf_printf(out, "%%%02X", (unsigned)c);
        else
            strbuf_add_codepoint(out, c < 0x20 || c == 0x7f ? ' ' : columns_shown(c));
    }
    if (cut.len < text.len)
        strbuf_add_text(out, "…");
}

static struct view without_dot(struct view path)
{
    return view_starts(path, view_of("./")) ? view_slice(path, 2, path.len) : path;
}

static void annotate(struct annotating *annotating, struct view file, uint32_t line,
                     struct view title, struct view text)
{
    struct strbuf *out = annotating->out;

    strbuf_printf(out, "::%s ", annotating->level);
    if (file.len > 0) {
        strbuf_add_text(out, "file=");
        add_escaped(out, without_dot(file), true);
        strbuf_printf(out, ",line=%u,", line > 0 ? line : 1);
    }
    strbuf_add_text(out, "title=");
    add_escaped(out, title, true);
    strbuf_add_text(out, "::");
    add_escaped(out, text, false);
    strbuf_add_byte(out, '\n');
}

static void visit(void *context, const struct run_entry *entry)
{
    struct annotating *annotating = context;
    struct strbuf title;

    if (entry->is_quarantined || entry->is_signed_off)
        return;
    if (annotating->room <= 1) { /* the last place is for how many more there are */
        annotating->left_out++;
        return;
    }
    annotating->room--;
    strbuf_init(&title, TEXT_BYTES_MAX * 4);
    strbuf_printf(&title, "assay %s: %.*s", report_group_name(report_group_of(entry)),
                  VIEW_ARG(entry->id));
    if (report_has_targets(annotating->run))
        strbuf_printf(&title, " @%.*s", VIEW_ARG(entry->target));
    annotate(annotating, entry->file, entry->line, strbuf_view(&title),
             entry->scored_count > 0 ? entry->reason : entry->error_text);
    strbuf_release(&title);
}

static void tell_left_out(struct annotating *annotating)
{
    struct strbuf text;

    if (annotating->left_out == 0)
        return;
    strbuf_init(&text, TEXT_BYTES_MAX);
    strbuf_printf(&text, "%zu more entr%s: see the report", annotating->left_out,
                  annotating->left_out == 1 ? "y" : "ies");
    annotate(annotating, view_of(""), 0, view_of("assay"), strbuf_view(&text));
    strbuf_release(&text);
}

/* The gate's sentences in one annotation. */
static void tell_gate(struct annotating *annotating, const char *outcome,
                      const struct view *sentences, size_t count)
{
    struct strbuf title;
    struct strbuf text;

    if (count == 0)
        return;
    strbuf_init(&title, TEXT_BYTES_MAX);
    strbuf_init(&text, TEXT_BYTES_MAX * 40);
    strbuf_printf(&title, "assay: suite %.*s %s", VIEW_ARG(annotating->run->suite), outcome);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_add_byte(&text, '\n');
        strbuf_add(&text, sentences[i]);
    }
    annotating->room--;
    annotate(annotating, view_of(""), 0, strbuf_view(&title), strbuf_view(&text));
    strbuf_release(&title);
    strbuf_release(&text);
}

void report_github(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    static const enum report_group errors[] = {GROUP_CRITICAL, GROUP_FAILED, GROUP_ERROR};
    const struct gate *gate = &run->gate;
    bool fails = gate->outcome == GATE_FAIL;
    struct annotating annotating = {.run = run, .out = out, .level = "error", .room = SHOWN_MAX};

    (void)options;
    if (fails)
        tell_gate(&annotating, "failed", gate->reasons, gate->reason_count);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        report_visit(run, errors[i], visit, &annotating);
    tell_left_out(&annotating);

    annotating.level = "warning";
    annotating.room = SHOWN_MAX;
    annotating.left_out = 0;
    if (!fails && gate->outcome == GATE_SIGNOFF)
        tell_gate(&annotating, "waits for sign-off", gate->reasons, gate->reason_count);
    tell_gate(&annotating, "has warnings", gate->warnings, gate->warning_count);
    report_visit(run, GROUP_MAJOR, visit, &annotating);
    report_visit(run, GROUP_MINOR, visit, &annotating);
    tell_left_out(&annotating);
}
