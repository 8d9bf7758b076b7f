/* SPDX-License-Identifier: Apache-2.0
 *
 * html_facts: who ran what on what, with which versions, and what it cost. */
#include "base/mem.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/order.h"
#include "stats/percentile.h"

/* ---- the run -------------------------------------------------------------------------------- */

static void add_fact(struct strbuf *out, const char *name, struct view value)
{
    if (value.len == 0)
        return;
    strbuf_add_text(out, "<dt>");
    html_say(out, name);
    strbuf_add_text(out, "</dt><dd><bdi>");
    html_add(out, value);
    strbuf_add_text(out, "</bdi></dd>");
}

/* An address becomes a link only where it is one of the web. */
static void add_link(struct strbuf *out, const char *name, struct view address)
{
    if (!view_starts(address, view_of("https://")) && !view_starts(address, view_of("http://"))) {
        add_fact(out, name, address);
        return;
    }
    strbuf_add_text(out, "<dt>");
    html_say(out, name);
    strbuf_add_text(out, "</dt><dd><a rel=\"noreferrer noopener\" href=\"");
    html_add_attribute(out, address);
    strbuf_add_text(out, "\"><bdi>");
    html_add(out, address);
    strbuf_add_text(out, "</bdi></a></dd>");
}

static void add_commit(struct strbuf *out, const struct provenance *provenance)
{
    if (provenance->commit.len == 0)
        return;
    strbuf_add_text(out, "<dt>Commit</dt><dd><code>");
    html_add(out, provenance->commit);
    strbuf_add_text(out, "</code>");
    if (provenance->is_dirty)
        strbuf_add_text(out, " and changes that are not committed");
    strbuf_add_text(out, "</dd>");
}

static void add_numbers(struct strbuf *out, const struct run *run)
{
    strbuf_add_text(out, "<dt>Took</dt><dd>");
    html_duration(out, run->elapsed_ns);
    strbuf_add_text(out, "</dd><dt>Questions</dt><dd>");
    html_count(out, (int64_t)run->asked);
    strbuf_add_text(out, run->recorded_answers ? " recorded, " : " asked, ");
    html_count(out, (int64_t)run->answered);
    strbuf_add_text(out, " answered");
    if (!run->recorded_answers)
        html_printf(out, "; %u of each", run->repeat);
    strbuf_add_text(out, "</dd><dt>Seed</dt><dd>");
    html_printf(out, "%llu", (unsigned long long)run->seed);
    strbuf_add_text(out, "</dd><dt>Tokens</dt><dd>");
    html_count(out, run->tokens_in);
    strbuf_add_text(out, " in, ");
    html_count(out, run->tokens_out);
    strbuf_add_text(out, run->tokens_estimated ? " out (estimated from the texts)" : " out");
    strbuf_add_text(out, "</dd><dt>Cost</dt><dd>");
    if (run->cost_known)
        report_add_dollars(out, run->cost_nano_usd);
    else
        strbuf_add_text(out, "not known: no price is set for the model");
    strbuf_add_text(out, "</dd>");
}

static void add_run(struct strbuf *out, const struct run *run, const struct report_options *options)
{
    const struct provenance *provenance = &run->provenance;

    strbuf_add_text(out, "<dl class=facts>");
    add_fact(out, "Run", run->id);
    strbuf_add_text(out, "<dt>Started</dt><dd>");
    html_time(out, run->started_unix_s);
    strbuf_add_text(out, "</dd>");
    add_fact(out, "By", provenance->who);
    add_commit(out, provenance);
    add_link(out, "CI job", provenance->ci);
    strbuf_add_text(out, "<dt>Program</dt><dd>");
    if (provenance->program.len != 0)
        html_add(out, provenance->program);
    else
        html_printf(out, "assay %s", options->assay_version != NULL ? options->assay_version : "");
    strbuf_add_text(out, "</dd>");
    add_fact(out, "Suite", run->suite);
    add_fact(out, "Golden set", run->golden_file);
    add_fact(out, "Baseline", run->baseline_file.len != 0 ? run->baseline_file : view_of("none"));
    add_fact(out, "Scored by", run->scorer);
    add_numbers(out, run);
    strbuf_add_text(out, "</dl>\n");
}

/* ---- targets -------------------------------------------------------------------------------- */

enum { TARGETS_MAX = 64 };

struct tally {
    struct view target, model;
    size_t entries, scored, answers;
    int64_t score_micro, tokens_in, tokens_out, cost_nano_usd;
    double *latencies_ms;
    size_t latency_count;
};

static struct tally *tally_of(struct tally *tallies, size_t *count, const struct run_entry *entry)
{
    for (size_t i = 0; i < *count; i++)
        if (view_equal(tallies[i].target, entry->target)
            && view_equal(tallies[i].model, entry->model))
            return &tallies[i];
    if (*count == TARGETS_MAX)
        return NULL;
    tallies[*count] = (struct tally){.target = entry->target, .model = entry->model};
    return &tallies[(*count)++];
}

static void count_entry(struct tally *tally, const struct run_entry *entry)
{
    tally->entries++;
    if (entry->scored_count > 0) {
        tally->scored++;
        tally->score_micro += entry->score.total_micro;
    }
    for (size_t i = 0; i < entry->sample_count; i++) {
        const struct sample *sample = &entry->samples[i];
        if (!sample->asked || sample->answer.reply.code != 0)
            continue;
        tally->answers++;
        tally->tokens_in += sample->answer.reply.usage.tokens_in;
        tally->tokens_out += sample->answer.reply.usage.tokens_out;
        tally->cost_nano_usd += sample->cost_nano_usd;
        if (tally->latencies_ms != NULL && sample->answer.latency_ns > 0)
            tally->latencies_ms[tally->latency_count++] = (double)sample->answer.latency_ns / 1e6;
    }
}

static void add_latency(struct strbuf *out, const struct tally *tally, double q)
{
    strbuf_add_text(out, "<td class=n>");
    if (tally->latency_count > 0)
        html_duration(
            out, (uint64_t)(percentile_of(tally->latencies_ms, tally->latency_count, q) * 1e6));
    else
        strbuf_add_text(out, "–");
}

static void add_target(struct strbuf *out, struct tally *tally, const struct run *run)
{
    percentile_sort(tally->latencies_ms, tally->latency_count);
    strbuf_add_text(out, "<tr><th scope=row><bdi>");
    html_add(out, tally->target);
    strbuf_add_text(out, "</bdi><td><bdi>");
    html_add(out, tally->model);
    strbuf_add_text(out, "</bdi><td class=n>");
    html_count(out, (int64_t)tally->entries);
    strbuf_add_text(out, "<td class=n>");
    html_count(out, (int64_t)tally->answers);
    strbuf_add_text(out, "<td class=n>");
    html_score(out, tally->scored > 0 ? (int32_t)(tally->score_micro / (int64_t)tally->scored)
                                      : SCORE_ABSENT);
    add_latency(out, tally, 0.5);
    add_latency(out, tally, 0.95);
    strbuf_add_text(out, "<td class=n>");
    html_count(out, tally->tokens_in);
    strbuf_add_text(out, "<td class=n>");
    html_count(out, tally->tokens_out);
    strbuf_add_text(out, "<td class=n>");
    if (run->cost_known)
        report_add_dollars(out, tally->cost_nano_usd);
    else
        strbuf_add_text(out, "–");
    strbuf_add_text(out, "</tr>\n");
}

/* Room for the latencies of each target, as many as its entries have samples. */
static void tally_targets(const struct run *run, struct tally *tallies, size_t *count)
{
    size_t samples[TARGETS_MAX] = {0};

    for (size_t i = 0; i < run->entry_count; i++) {
        struct tally *tally = tally_of(tallies, count, &run->entries[i]);
        if (tally != NULL)
            samples[tally - tallies] += run->entries[i].sample_count;
    }
    for (size_t i = 0; i < *count; i++)
        tallies[i].latencies_ms = mem_new(samples[i], sizeof *tallies[i].latencies_ms);
    for (size_t i = 0; i < run->entry_count; i++) {
        struct tally *tally = tally_of(tallies, count, &run->entries[i]);
        if (tally != NULL)
            count_entry(tally, &run->entries[i]);
    }
}

static void add_targets(struct strbuf *out, const struct run *run)
{
    struct tally tallies[TARGETS_MAX];
    size_t count = 0;

    tally_targets(run, tallies, &count);
    strbuf_add_text(out,
                    "<div class=scroll tabindex=0 role=group aria-label=Targets><table "
                    "class=figures><caption>Targets</caption><thead><tr><th scope=col>target<th "
                    "scope=col>model<th scope=col class=n>entries<th scope=col class=n>answers<th "
                    "scope=col class=n>mean score<th scope=col class=n>time, median<th scope=col "
                    "class=n>time, p95<th scope=col class=n>tokens in<th scope=col class=n>tokens "
                    "out<th scope=col class=n>cost</tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++) {
        add_target(out, &tallies[i], run);
        mem_free(tallies[i].latencies_ms);
    }
    strbuf_add_text(out, "</tbody></table></div>\n");
}

void html_facts(struct strbuf *out, const struct run *run, const struct report_options *options)
{
    html_section_open(out, "run", "The run");
    add_run(out, run, options);
    if (run->entry_count > 0)
        add_targets(out, run);
    html_section_close(out);
}
