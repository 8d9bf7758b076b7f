/* SPDX-License-Identifier: Apache-2.0
 *
 * gitlab: a run for GitLab's merge requests: Code Quality (JSON), metrics (OpenMetrics text), and
 * variables for later jobs (dotenv), which GitHub's $GITHUB_OUTPUT takes too.
 *
 * A fingerprint is the same as long as the same entry has the same trouble, so that GitLab can tell
 * new trouble from old. Source: docs.gitlab.com/ci/testing/code_quality/ (format of the report),
 * docs.gitlab.com/ci/testing/metrics_reports/, docs.gitlab.com/ci/yaml/artifacts_reports/ (dotenv:
 * NAME=VALUE, letters, digits and _ in names, no line breaks). */
#include <stdio.h>

#include "base/digest.h"
#include "base/utf8.h"
#include "report/order.h"
#include "report/report.h"
#include "wire/json.h"

enum { TEXT_BYTES_MAX = 1000, FINGERPRINT_BYTES_MAX = 1 << 20 };

/* ---- Code Quality ---------------------------------------------------------------------------- */

struct writing {
    const struct run *run;
    struct json_writer *writer;
};

static void write_fingerprint(struct json_writer *writer, struct view suite, struct view id,
                              struct view target, const char *what)
{
    char hex[DIGEST_HEX_SIZE];
    struct strbuf text;

    strbuf_init(&text, FINGERPRINT_BYTES_MAX);
    strbuf_add(&text, suite);
    strbuf_add_byte(&text, 0);
    strbuf_add(&text, id);
    strbuf_add_byte(&text, 0);
    strbuf_add(&text, target);
    strbuf_add_byte(&text, 0);
    strbuf_add_text(&text, what);
    struct digest digest = digest_of(strbuf_view(&text));
    digest_hex(&digest, hex);
    strbuf_release(&text);
    json_member_text(writer, "fingerprint", hex);
}

static void write_location(struct json_writer *writer, struct view path, uint32_t line)
{
    if (view_starts(path, view_of("./")))
        path = view_slice(path, 2, path.len);
    json_member_object(writer, "location");
    json_member_string(writer, "path", path);
    json_member_object(writer, "lines");
    json_member_int(writer, "begin", line > 0 ? line : 1);
    json_write_end(writer, '}');
    json_write_end(writer, '}');
}

static void write_issue(void *context, const struct run_entry *entry)
{
    static const char *const severities[GROUP_COUNT] = {
        [GROUP_CRITICAL] = "critical", [GROUP_MAJOR] = "major", [GROUP_FAILED] = "critical",
        [GROUP_ERROR] = "major",       [GROUP_MINOR] = "minor", [GROUP_IMPROVED] = "info",
        [GROUP_FINE] = "info",
    };
    struct writing *writing = context;
    struct json_writer *writer = writing->writer;
    enum report_group group = report_group_of(entry);
    bool is_excused = entry->is_quarantined || entry->is_signed_off;
    char check[64];
    struct strbuf text;

    strbuf_init(&text, TEXT_BYTES_MAX * 2);
    strbuf_add(&text, utf8_cut(entry->id, TEXT_BYTES_MAX / 4));
    strbuf_add_text(&text, " @");
    strbuf_add(&text, utf8_cut(entry->target, TEXT_BYTES_MAX / 4));
    strbuf_add_text(&text, ": ");
    strbuf_add(&text, utf8_cut(entry->scored_count > 0 ? entry->reason : entry->error_text,
                               TEXT_BYTES_MAX));
    snprintf(check, sizeof check, "assay.%s", report_group_name(group));
    json_write_object(writer);
    json_member_string(writer, "description", strbuf_view(&text));
    json_member_text(writer, "check_name", check);
    write_fingerprint(writer, writing->run->suite, entry->id, entry->target, check);
    json_member_text(writer, "severity", is_excused ? "info" : severities[group]);
    write_location(writer, entry->file, entry->line);
    json_write_end(writer, '}');
    strbuf_release(&text);
}

/* What no entry shows: the suite fell as a whole. */
static void write_gate(struct writing *writing)
{
    const struct run *run = writing->run;
    struct json_writer *writer = writing->writer;
    struct strbuf text;

    if (run->gate.outcome != GATE_FAIL)
        return;
    strbuf_init(&text, TEXT_BYTES_MAX * 40);
    strbuf_printf(&text, "suite %.*s failed", VIEW_ARG(run->suite));
    for (size_t i = 0; i < run->gate.reason_count; i++) {
        strbuf_add_text(&text, i == 0 ? ": " : "; ");
        strbuf_add(&text, run->gate.reasons[i]);
    }
    json_write_object(writer);
    json_member_string(writer, "description", utf8_cut(strbuf_view(&text), TEXT_BYTES_MAX * 2));
    json_member_text(writer, "check_name", "assay.gate");
    write_fingerprint(writer, run->suite, view_of(""), view_of(""), "assay.gate");
    json_member_text(writer, "severity", "blocker");
    write_location(writer, run->golden_file, 1);
    json_write_end(writer, '}');
    strbuf_release(&text);
}

void report_gitlab(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    static const enum report_group groups[] = {GROUP_CRITICAL, GROUP_FAILED, GROUP_ERROR,
                                               GROUP_MAJOR, GROUP_MINOR};
    struct json_writer writer;
    struct writing writing = {run, &writer};

    (void)options;
    json_writer_init(&writer, out, 1);
    json_write_array(&writer);
    write_gate(&writing);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        report_visit(run, groups[i], write_issue, &writing);
    json_write_end(&writer, ']');
    strbuf_add_byte(out, '\n');
}

/* ---- figures --------------------------------------------------------------------------------- */

struct figure {
    const char *name;
    bool known;
    double value;
    int decimals;
};

enum { FIGURES = 14 };

static struct figure score_figure(const char *name, int32_t score_micro)
{
    return (struct figure){name, score_micro != SCORE_ABSENT, (double)score_micro / MICRO, 6};
}

static struct figure count_figure(const char *name, size_t count)
{
    return (struct figure){name, true, (double)count, 0};
}

static void figures_of(const struct run *run, struct figure ret_figures[FIGURES])
{
    const struct gate *gate = &run->gate;
    const struct figure figures[FIGURES] = {
        score_figure("score", run->mean.total_micro),
        score_figure("similarity", run->mean.similarity_micro),
        score_figure("keyword_coverage", run->mean.keywords_micro),
        {"mean_change", gate->all.known, gate->all.mean, 6},
        {"p_value", gate->all.known, gate->all.p, 6},
        count_figure("entries", run->entry_count),
        count_figure("critical", gate->counts[SEVERITY_CRITICAL]),
        count_figure("major", gate->counts[SEVERITY_MAJOR]),
        count_figure("minor", gate->counts[SEVERITY_MINOR]),
        count_figure("failed_checks", gate->failed_checks),
        count_figure("errors", gate->errors),
        count_figure("quarantined", gate->quarantined),
        {"cost_usd", run->cost_known, (double)run->cost_nano_usd / 1e9, 6},
        {"exit_status", true, gate->exit_status, 0},
    };
    memcpy(ret_figures, figures, sizeof figures);
}

/* A label's value: \ " and line ends escaped. */
static void add_label(struct strbuf *out, struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\' || text.ptr[i] == '"')
            strbuf_add_byte(out, '\\');
        strbuf_add_byte(out, text.ptr[i] == '\n' ? ' ' : text.ptr[i]);
    }
}

void report_metrics(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    struct figure figures[FIGURES];

    (void)options;
    figures_of(run, figures);
    for (size_t i = 0; i < FIGURES; i++) {
        if (!figures[i].known)
            continue;
        strbuf_printf(out, "# TYPE assay_%s gauge\nassay_%s{suite=\"", figures[i].name,
                      figures[i].name);
        add_label(out, run->suite);
        strbuf_printf(out, "\"} %.*f\n", figures[i].decimals, figures[i].value);
    }
    strbuf_add_text(out, "# EOF\n");
}

static void add_variable(struct strbuf *out, const char *name, struct view value)
{
    strbuf_add_text(out, "ASSAY_");
    for (const char *c = name; *c != '\0'; c++)
        strbuf_add_byte(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    strbuf_add_byte(out, '=');
    for (size_t i = 0; i < value.len; i++)
        strbuf_add_byte(out, (unsigned char)value.ptr[i] < 0x20 ? ' ' : value.ptr[i]);
    strbuf_add_byte(out, '\n');
}

void report_dotenv(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    struct figure figures[FIGURES];
    char number[64];

    (void)options;
    add_variable(out, "outcome", view_of(gate_outcome_name(run->gate.outcome)));
    add_variable(out, "suite", run->suite);
    add_variable(out, "run", run->id);
    figures_of(run, figures);
    for (size_t i = 0; i < FIGURES; i++) {
        if (!figures[i].known)
            continue;
        snprintf(number, sizeof number, "%.*f", figures[i].decimals, figures[i].value);
        add_variable(out, figures[i].name, view_of(number));
    }
}
