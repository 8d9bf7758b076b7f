/* SPDX-License-Identifier: Apache-2.0
 *
 * order: see order.h. */
#include "report/order.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "report/columns.h"

enum report_group report_group_of(const struct run_entry *entry)
{
    static const enum report_group groups[SEVERITY_COUNT] = {
        [SEVERITY_CRITICAL] = GROUP_CRITICAL, [SEVERITY_MAJOR] = GROUP_MAJOR,
        [SEVERITY_MINOR] = GROUP_MINOR,       [SEVERITY_IMPROVED] = GROUP_IMPROVED,
        [SEVERITY_NONE] = GROUP_FINE,
    };

    if (entry->scored_count == 0)
        return GROUP_ERROR;
    if (entry->baseline == NULL)
        return entry->passed ? GROUP_FINE : GROUP_FAILED;
    return groups[entry->severity];
}

const char *report_group_name(enum report_group group)
{
    static const char *const names[GROUP_COUNT] = {"CRITICAL", "MAJOR",    "FAILED", "ERROR",
                                                   "minor",    "improved", "ok"};
    return names[group];
}

/* Those that fell furthest first, then in the run's order (entries of a run lie in one array). */
static int by_drop(const void *a, const void *b)
{
    const struct run_entry *first = *(const struct run_entry *const *)a;
    const struct run_entry *second = *(const struct run_entry *const *)b;

    if (first->drop_micro != second->drop_micro)
        return first->drop_micro > second->drop_micro ? -1 : 1;
    return first < second ? -1 : first > second;
}

void report_visit(const struct run *run, enum report_group group,
                  void (*visit)(void *context, const struct run_entry *entry), void *context)
{
    const struct run_entry **picked = mem_new(run->entry_count, sizeof(void *));
    size_t count = 0;

    if (picked == NULL)
        return;
    for (size_t i = 0; i < run->entry_count; i++)
        if (report_group_of(&run->entries[i]) == group)
            picked[count++] = &run->entries[i];
    qsort(picked, count, sizeof(void *), by_drop);
    for (size_t i = 0; i < count; i++)
        visit(context, picked[i]);
    mem_free(picked);
}

bool report_has_targets(const struct run *run)
{
    for (size_t i = 1; i < run->entry_count; i++)
        if (!view_equal(run->entries[i].target, run->entries[0].target))
            return true;
    return false;
}

const struct sample *report_worst_sample(const struct run_entry *entry)
{
    const struct sample *worst = NULL;

    for (size_t i = 0; i < entry->sample_count; i++) {
        const struct sample *sample = &entry->samples[i];
        if (!sample->scored)
            continue;
        if (worst == NULL || sample->score.total_micro < worst->score.total_micro
            || (sample->score.total_micro == worst->score.total_micro
                && sample->verdict.count > worst->verdict.count))
            worst = sample;
    }
    return worst;
}

/* One line of a text that others wrote: white space folded, controls made visible, cut to fit. */
void report_add_line(struct strbuf *out, struct view text, size_t columns)
{
    size_t used = 0;
    bool space = false;

    for (size_t pos = 0; pos < text.len;) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        if (codepoint == ' ' || codepoint == '\n' || codepoint == '\t' || codepoint == '\r') {
            space = used > 0;
            continue;
        }
        codepoint = columns_shown(codepoint);
        size_t wide = columns_of(codepoint) + space;
        if (used + wide + 1 > columns) {
            strbuf_add_text(out, "…");
            return;
        }
        if (space)
            strbuf_add_byte(out, ' ');
        space = false;
        strbuf_add_codepoint(out, codepoint);
        used += wide;
    }
    if (used == 0)
        strbuf_add_text(out, "(nothing)");
}

void report_add_score(struct strbuf *out, int32_t score_micro)
{
    if (score_micro == SCORE_ABSENT)
        strbuf_add_text(out, "–");
    else
        strbuf_printf(out, "%.3f", (double)score_micro / MICRO);
}

void report_add_fluency(struct strbuf *out, const struct run_entry *entry)
{
    if (!entry->fluency_known || entry->fluency_reason.len == 0)
        return;
    strbuf_add_text(out, "fluency ");
    if (entry->baseline_fluency_micro != SCORE_ABSENT) {
        report_add_score(out, entry->baseline_fluency_micro);
        strbuf_add_text(out, " → ");
    }
    report_add_score(out, entry->fluency_micro);
    strbuf_add_text(out, ": ");
    strbuf_add(out, entry->fluency_reason);
}

void report_add_dollars(struct strbuf *out, int64_t nano_usd)
{
    if (nano_usd > 0 && nano_usd < 100000)
        strbuf_add_text(out, "< $0.0001");
    else
        strbuf_printf(out, "$%.4f", (double)nano_usd / 1e9);
}

/* ---- advice --------------------------------------------------------------------------------- */

static size_t count_failed(const struct run *run, const char *check, struct view tag)
{
    size_t count = 0;

    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        bool tagged = tag.len == 0;
        bool failed = false;
        for (size_t j = 0; j < entry->tag_count && !tagged; j++)
            tagged = view_equal(entry->tags[j], tag);
        for (size_t j = 0; j < entry->failed_count && !failed; j++)
            failed = view_is(entry->failed[j].check, check);
        count += tagged && failed;
    }
    return count;
}

/* A sentence of the table: %zu is the count, {one|several} what follows it. */
static void add_advice(const char *sentence, size_t count, struct strbuf *sentences)
{
    struct view rest = view_of(sentence);
    size_t number = view_find(rest, view_of("%zu"), 0);
    size_t one = view_find(rest, view_of("{"), 0);
    size_t several = view_find(rest, view_of("|"), 0);
    size_t end = view_find(rest, view_of("}"), 0);

    strbuf_add(sentences, view_slice(rest, 0, number));
    strbuf_printf(sentences, "%zu ", count);
    strbuf_add(sentences, count == 1 ? view_slice(rest, one + 1, several)
                                     : view_slice(rest, several + 1, end));
    strbuf_add(sentences, view_slice(rest, end + 1, rest.len));
}

static size_t advise_checks(const struct run *run, struct strbuf *sentences, size_t max)
{
    static const struct {
        const char *check;
        const char *tag;
        const char *advice;
    } rows[] = {
        {"language", "ja",
         "Japanese answers were lost: %zu {entry tagged ja answers|entries tagged ja answer} in "
         "another language; restore "
         "the instruction that names the language, or name it in the prompt"},
        {"language", "",
         "%zu {entry answers|entries answer} in another language than expected; say in the prompt "
         "which language "
         "to answer in"},
        {"format", "",
         "%zu {entry breaks its|entries break their} format; restore the instruction that asks for "
         "it, with its keys"},
        {"keywords", "",
         "%zu {entry lacks words it|entries lack words they} must have; see whether the prompt "
         "still asks for them"},
        {"forbidden", "",
         "%zu {entry says what it|entries say what they} must not; restore the instruction that "
         "forbids it"},
        {"length", "",
         "%zu {entry misses its|entries miss their} length limits; state the limit in the prompt"},
    };
    size_t said = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && said < max; i++) {
        size_t count = count_failed(run, rows[i].check, view_of(rows[i].tag));
        if (count == 0 || (i == 1 && said > 0))
            continue;
        strbuf_printf(sentences, "%s", said > 0 ? "\n" : "");
        add_advice(rows[i].advice, count, sentences);
        said++;
    }
    return said;
}

/* What Japanese answers lost that the score does not see. */
static size_t advise_fluency(const struct run *run, struct strbuf *sentences, size_t said,
                             size_t max)
{
    size_t register_changed = 0, garbled = 0;

    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!entry->fluency_known || entry->fluency_reason.len == 0)
            continue;
        register_changed += entry->register_changed;
        garbled += !entry->register_changed;
    }
    if (register_changed > 0 && said < max)
        strbuf_printf(sentences,
                      "%sJapanese answers changed their register in %zu entr%s (です・ます against "
                      "だ・である); restore the instruction that sets the tone",
                      said++ > 0 ? "\n" : "", register_changed,
                      register_changed == 1 ? "y" : "ies");
    if (garbled > 0 && said < max)
        strbuf_printf(
            sentences,
            "%s%zu entr%s less fluent than what was accepted; see what changed: encoding, "
            "max_tokens, temperature, the model",
            said++ > 0 ? "\n" : "", garbled, garbled == 1 ? "y reads" : "ies read");
    return said;
}

size_t report_advice(const struct run *run, struct strbuf *sentences, size_t max)
{
    size_t said = advise_fluency(run, sentences, advise_checks(run, sentences, max), max);

    if (said < max && run->change_count > 0
        && run->gate.counts[SEVERITY_CRITICAL] + run->gate.counts[SEVERITY_MAJOR] > 0) {
        strbuf_printf(sentences,
                      "%sprompt '%.*s' changed from version %.*s to %.*s since the "
                      "baseline: see what it lost",
                      said > 0 ? "\n" : "", VIEW_ARG(run->changes[0].prompt),
                      VIEW_ARG(run->changes[0].before_version), VIEW_ARG(run->changes[0].version));
        said++;
    }
    if (said < max && run->gate.counts[SEVERITY_MAJOR] > 0 && run->gate.exit_status == 4) {
        strbuf_printf(sentences,
                      "%slet this pass with 'assay signoff @last --by WHO --reason WHY', or accept "
                      "the new answers with 'assay baseline --update ENTRY…'",
                      said > 0 ? "\n" : "");
        said++;
    }
    return said;
}
