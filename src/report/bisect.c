/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect: see bisect.h. */
#include "report/bisect.h"

#include "report/markdown_parts.h"
#include "report/verdicts.h"
#include "wire/json.h"

enum { NAME_LEN = 12, SKIPPED_MAX = 10, REASON_COLUMNS = 160 };

static const struct bisect_format formats[] = {
    {"text", report_bisect_text},
    {"json", report_bisect_json},
    {"markdown", report_bisect_markdown},
};

const struct bisect_format *report_bisect_format(struct view name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (view_is(name, formats[i].name))
            return &formats[i];
    return NULL;
}

static struct view short_name(const struct bisect_commit *commit)
{
    return view_slice(commit->name, 0, NAME_LEN);
}

static double rate_of(struct bisect_rate rate)
{
    return rate.answers > 0 ? (double)rate.passes / rate.answers : 0;
}

/* The contrast that says whether the ends differ. */
static const struct bisect_contrast *ends_of(const struct bisect_result *result)
{
    return result->calibration.entries > 0 ? &result->calibration : &result->survey;
}

/* ---- in a sentence -------------------------------------------------------------------------- */

static void add_ends(const struct bisect_result *result, struct strbuf *out)
{
    const struct bisect_contrast *ends = ends_of(result);

    strbuf_printf(out, "%u of %u answers pass at the good end, %u of %u at the bad one (p = %.3g",
                  ends->before.passes, ends->before.answers, ends->after.passes,
                  ends->after.answers, ends->p_answers);
    if (result->survey.entries >= 2)
        strbuf_printf(out, "; over all %zu entries p = %.3g", result->survey.entries,
                      result->survey.p_entries);
    strbuf_add_byte(out, ')');
}

static void add_same_ends(const struct bisect_report *report, struct strbuf *out)
{
    strbuf_add_text(out, "good and bad do not differ measurably: ");
    add_ends(&report->result, out);
    strbuf_add_text(out, ". Name the entries that got worse (--entry), ask more often (--repeat), "
                         "or check that the fault is in the prompts at all");
}

static void add_same_asked(const struct bisect_report *report, struct strbuf *out)
{
    (void)report;
    strbuf_add_text(out,
                    "good and bad ask the very same questions: the prompts, parameters, models "
                    "and schemas that this suite uses did not change between them. If answers "
                    "did get worse, the model behind its name changed, or the entries did");
}

static void add_best(const struct bisect_report *report, struct strbuf *out)
{
    const struct bisect_commit *best = &report->commits[report->result.best];

    strbuf_printf(out, "%.*s ", VIEW_ARG(short_name(best)));
    verdict_add_visible(out, best->subject);
    strbuf_printf(out, " (probability %.3f)", report->result.posterior);
}

static void add_unfinished(const struct bisect_report *report, struct strbuf *out)
{
    if (!report->result.is_searched) {
        strbuf_add_text(out, "the ends were not compared yet");
        return;
    }
    strbuf_add_text(out, "likeliest so far: ");
    add_best(report, out);
    strbuf_printf(out, "; %zu commits are not ruled out", report->credible_count);
}

static void add_found(const struct bisect_report *report, struct strbuf *out)
{
    strbuf_add_text(out, "first bad commit: ");
    add_best(report, out);
}

static void add_budget(const struct bisect_report *report, struct strbuf *out)
{
    strbuf_add_text(out, "not found within the budget; ");
    add_unfinished(report, out);
    strbuf_add_text(out, ". The same command with a larger --max-calls or --max-cost goes on");
}

static void add_interrupted(const struct bisect_report *report, struct strbuf *out)
{
    strbuf_add_text(out, "interrupted; ");
    add_unfinished(report, out);
    strbuf_add_text(out, ". The same command goes on from here");
}

static void add_unanswered(const struct bisect_report *report, struct strbuf *out)
{
    strbuf_add_text(out, "answers could not be had; ");
    add_unfinished(report, out);
}

void report_bisect_verdict(const struct bisect_report *report, struct strbuf *out)
{
    static void (*const verdicts[])(const struct bisect_report *, struct strbuf *) = {
        [BISECT_RUNNING] = add_unfinished,    [BISECT_FOUND] = add_found,
        [BISECT_SAME_ENDS] = add_same_ends,   [BISECT_SAME_ASKED] = add_same_asked,
        [BISECT_BUDGET] = add_budget,         [BISECT_INTERRUPTED] = add_interrupted,
        [BISECT_UNANSWERED] = add_unanswered,
    };
    verdicts[report->result.outcome](report, out);
}

/* ---- text ----------------------------------------------------------------------------------- */

static void text_commit(const struct bisect_report *report, struct strbuf *out)
{
    const struct bisect_result *result = &report->result;
    const struct bisect_commit *best = &report->commits[result->best];

    strbuf_printf(out, "  commit  %.*s\n  author  ", VIEW_ARG(best->name));
    verdict_add_visible(out, best->author);
    strbuf_printf(out, "\n  date    %.*s\n  subject ", VIEW_ARG(best->date));
    verdict_add_visible(out, best->subject);
    strbuf_printf(out, "\n  passes  %.2f before, %.2f from it on (estimated)\n", result->p_good,
                  result->p_bad);
    if (result->is_confirmed && result->confirmation.entries > 0)
        strbuf_printf(
            out,
            "  checked on all %zu entries it changed: %u of %u answers pass before it, %u "
            "of %u at it (p = %.3g)%s\n",
            result->confirmation.entries, result->confirmation.before.passes,
            result->confirmation.before.answers, result->confirmation.after.passes,
            result->confirmation.after.answers, result->confirmation.p_answers,
            result->confirmation.p_answers < .05
                ? ""
                : ": too few to tell on their own, the search itself is surer");
}

static void text_credible(const struct bisect_report *report, struct strbuf *out)
{
    if (!report->result.is_searched)
        return;
    strbuf_printf(out, "\n95 %% of the probability lies on %zu of %zu commits:\n",
                  report->credible_count, report->commit_count - 1);
    for (size_t i = 0; i < report->credible_count; i++) {
        const struct bisect_commit *commit = &report->commits[report->credible[i]];
        strbuf_printf(out, "  %6.3f  %.*s  ", commit->posterior, VIEW_ARG(short_name(commit)));
        if (commit->seen.answers > 0)
            strbuf_printf(out, "%u/%u pass  ", commit->seen.passes, commit->seen.answers);
        verdict_add_visible(out, commit->subject);
        strbuf_add_byte(out, '\n');
    }
}

static void text_skipped(const struct bisect_report *report, struct strbuf *out)
{
    size_t told = 0;

    for (size_t i = 0; i < report->commit_count; i++) {
        const struct bisect_commit *commit = &report->commits[i];
        if (commit->skipped.len == 0)
            continue;
        if (told == 0)
            strbuf_add_text(out, "\nskipped, since they do not load:\n");
        if (told++ == SKIPPED_MAX) {
            strbuf_add_text(out, "  … and others\n");
            return;
        }
        strbuf_printf(out, "  %.*s  ", VIEW_ARG(short_name(commit)));
        verdict_add_visible(out, view_slice(commit->skipped, 0, REASON_COLUMNS));
        strbuf_add_byte(out, '\n');
    }
}

static void text_lines(struct view text, const char *indent, struct strbuf *out)
{
    while (text.len > 0) {
        struct view line = view_split(&text, '\n');
        strbuf_add_text(out, indent);
        verdict_add_visible(out, line);
        strbuf_add_byte(out, '\n');
        if (text.ptr == NULL)
            return;
    }
}

static void add_calls(const struct bisect_report *report, struct strbuf *out)
{
    const struct bisect_result *result = &report->result;

    strbuf_printf(out, "%llu questions", (unsigned long long)result->calls);
    if (report->calls_max > 0)
        strbuf_printf(out, " of at most %llu", (unsigned long long)report->calls_max);
    if (report->cost_known)
        strbuf_printf(out, ", $%.4f", (double)report->cost_nano_usd / 1e9);
    if (result->is_searched)
        strbuf_printf(
            out, "; %zu of %zu commits change what is asked, %zu of %zu entries were probed",
            result->versions, report->commit_count - 1, result->discordant, result->entries_asked);
}

void report_bisect_text(const struct bisect_report *report, const char *assay_version,
                        struct strbuf *out)
{
    (void)assay_version;
    strbuf_printf(out, "suite %.*s, %zu commits from %.*s to %.*s\n", VIEW_ARG(report->suite),
                  report->commit_count - 1, VIEW_ARG(short_name(&report->commits[0])),
                  VIEW_ARG(short_name(&report->commits[report->commit_count - 1])));
    report_bisect_verdict(report, out);
    strbuf_add_byte(out, '\n');
    if (report->result.outcome == BISECT_FOUND)
        text_commit(report, out);
    text_credible(report, out);
    if (report->diff.len > 0) {
        strbuf_printf(out, "\nwhat %.*s changed:\n",
                      VIEW_ARG(short_name(&report->commits[report->result.best])));
        text_lines(report->diff, "  ", out);
    }
    text_skipped(report, out);
    strbuf_add_byte(out, '\n');
    if (report->result.is_searched) {
        strbuf_add_text(out, "the ends: ");
        add_ends(&report->result, out);
        strbuf_add_byte(out, '\n');
    }
    add_calls(report, out);
    strbuf_add_byte(out, '\n');
    for (size_t i = 0; i < report->note_count; i++) {
        strbuf_add_text(out, "note: ");
        verdict_add_visible(out, report->notes[i]);
        strbuf_add_byte(out, '\n');
    }
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void json_rate(struct json_writer *writer, const char *key, struct bisect_rate rate)
{
    json_member_object(writer, key);
    json_member_int(writer, "passed", rate.passes);
    json_member_int(writer, "answers", rate.answers);
    json_write_end(writer, '}');
}

static void json_contrast(struct json_writer *writer, const char *key,
                          const struct bisect_contrast *contrast)
{
    if (contrast->entries == 0)
        return;
    json_member_object(writer, key);
    json_member_int(writer, "entries", (int64_t)contrast->entries);
    json_rate(writer, "before", contrast->before);
    json_rate(writer, "after", contrast->after);
    json_member_double(writer, "mean_change", contrast->mean);
    json_member_double(writer, "p_answers", contrast->p_answers);
    json_member_double(writer, "p_entries", contrast->p_entries);
    json_write_end(writer, '}');
}

static void json_commit(struct json_writer *writer, const struct bisect_commit *commit)
{
    json_write_object(writer);
    json_member_string(writer, "commit", commit->name);
    json_member_string(writer, "subject", commit->subject);
    json_member_string(writer, "author", commit->author);
    json_member_string(writer, "date", commit->date);
    if (commit->merged.len > 0)
        json_member_string(writer, "merged", commit->merged);
    if (commit->skipped.len > 0)
        json_member_string(writer, "skipped", commit->skipped);
    json_member_bool(writer, "changed", commit->is_changed);
    json_member_double(writer, "probability", commit->posterior);
    if (commit->seen.answers > 0)
        json_rate(writer, "seen", commit->seen);
    json_write_end(writer, '}');
}

static void json_search(struct json_writer *writer, const struct bisect_report *report)
{
    const struct bisect_result *result = &report->result;

    if (!result->is_searched)
        return;
    json_member_string(writer, "best", report->commits[result->best].name);
    json_member_string(writer, "before", report->commits[result->before].name);
    json_member_double(writer, "probability", result->posterior);
    json_member_double(writer, "pass_rate_before", result->p_good);
    json_member_double(writer, "pass_rate_after", result->p_bad);
    if (result->is_confirmed)
        json_contrast(writer, "confirmation", &result->confirmation);
    json_member_array(writer, "credible");
    for (size_t i = 0; i < report->credible_count; i++)
        json_write_string(writer, report->commits[report->credible[i]].name);
    json_write_end(writer, ']');
    json_member_string(writer, "diff", report->diff);
}

void report_bisect_json(const struct bisect_report *report, const char *assay_version,
                        struct strbuf *out)
{
    const struct bisect_result *result = &report->result;
    struct json_writer writer;

    json_writer_init(&writer, out, 2);
    json_write_object(&writer);
    json_member_text(&writer, "assay", assay_version);
    json_member_text(&writer, "kind", "bisect");
    json_member_int(&writer, "schema", 1);
    json_member_string(&writer, "suite", report->suite);
    if (report->target != NULL)
        json_member_text(&writer, "target", report->target);
    json_member_text(&writer, "outcome", bisect_outcome_name(result->outcome));
    json_member_string(&writer, "good", report->commits[0].name);
    json_member_string(&writer, "bad", report->commits[report->commit_count - 1].name);
    json_search(&writer, report);
    json_contrast(&writer, "survey", &result->survey);
    json_contrast(&writer, "ends", &result->calibration);
    json_member_int(&writer, "repeat", result->repeat);
    json_member_int(&writer, "entries_compared", (int64_t)result->entries_asked);
    json_member_array(&writer, "entries_probed");
    for (size_t i = 0; i < report->discordant_count; i++)
        json_write_string(&writer, report->discordant[i]);
    json_write_end(&writer, ']');
    json_member_int(&writer, "calls", (int64_t)result->calls);
    json_member_int(&writer, "calls_before", (int64_t)report->calls_before);
    if (report->calls_max > 0)
        json_member_int(&writer, "calls_max", (int64_t)report->calls_max);
    if (report->cost_known)
        json_member_fixed(&writer, "cost_usd", report->cost_nano_usd, 9);
    json_member_array(&writer, "commits");
    for (size_t i = 0; i < report->commit_count; i++)
        json_commit(&writer, &report->commits[i]);
    json_write_end(&writer, ']');
    json_member_array(&writer, "notes");
    for (size_t i = 0; i < report->note_count; i++)
        json_write_string(&writer, report->notes[i]);
    json_write_end(&writer, ']');
    json_member_int(&writer, "exit_status", report->exit_status);
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}

/* ---- Markdown ------------------------------------------------------------------------------- */

static void markdown_credible(const struct bisect_report *report, struct strbuf *out)
{
    strbuf_add_text(out, "\n| probability | commit | passes | subject | author |\n"
                         "| ---: | --- | ---: | --- | --- |\n");
    for (size_t i = 0; i < report->credible_count; i++) {
        const struct bisect_commit *commit = &report->commits[report->credible[i]];
        strbuf_printf(out, "| %.3f | %.*s | ", commit->posterior, VIEW_ARG(short_name(commit)));
        if (commit->seen.answers > 0)
            strbuf_printf(out, "%.2f (%u)", rate_of(commit->seen), commit->seen.answers);
        strbuf_add_text(out, " | ");
        markdown_add_escaped(out, commit->subject);
        strbuf_add_text(out, " | ");
        markdown_add_escaped(out, commit->author);
        strbuf_add_text(out, " |\n");
    }
}

void report_bisect_markdown(const struct bisect_report *report, const char *assay_version,
                            struct strbuf *out)
{
    struct strbuf words;

    (void)assay_version;
    strbuf_init(&words, 1 << 20);
    report_bisect_verdict(report, &words);
    strbuf_add_text(out, "## assay bisect: ");
    markdown_add_escaped(out, report->suite);
    strbuf_add_text(out, "\n\n");
    markdown_add_escaped(out, strbuf_view(&words));
    strbuf_add_text(out, "\n");
    if (report->result.is_searched)
        markdown_credible(report, out);
    if (report->diff.len > 0) {
        strbuf_add_text(out, "\n<details><summary>What it changed</summary>\n\n<pre>");
        struct view rest = report->diff;
        while (rest.len > 0) {
            markdown_add_escaped(out, view_split(&rest, '\n'));
            strbuf_add_text(out, "<br>");
            if (rest.ptr == NULL)
                break;
        }
        strbuf_add_text(out, "</pre>\n\n</details>\n");
    }
    strbuf_add_byte(out, '\n');
    strbuf_reset(&words);
    add_calls(report, &words);
    markdown_add_escaped(out, strbuf_view(&words));
    strbuf_add_text(out, "\n");
    for (size_t i = 0; i < report->note_count; i++) {
        strbuf_add_text(out, "- ");
        markdown_add_escaped(out, report->notes[i]);
        strbuf_add_byte(out, '\n');
    }
    strbuf_release(&words);
}
