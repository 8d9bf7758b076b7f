/* SPDX-License-Identifier: Apache-2.0
 *
 * html_gate: why the gate decided as it did: what the statistics say of each family of entries,
 * what a fall comes from, checks that broke, warnings, and the rules in one table. */
#include "report/html.h"
#include "report/html_parts.h"

struct family {
    const char *name;
    const struct statistics *statistics;
};

enum { FAMILIES = 3 };

static size_t families_of(const struct gate *gate, struct family ret_families[FAMILIES])
{
    const struct family all[FAMILIES] = {
        {"all compared entries", &gate->all},
        {"prompt, model or parameters changed", &gate->changed},
        {"untouched", &gate->untouched},
    };
    size_t count = 0;

    for (size_t i = 0; i < FAMILIES; i++)
        if (all[i].statistics->known)
            ret_families[count++] = all[i];
    return count;
}

static void add_outcome(struct strbuf *out, enum gate_outcome outcome)
{
    static const char *const words[] = {[GATE_PASS] = "✓ no fall",
                                        [GATE_FAIL] = "✕ fell",
                                        [GATE_SIGNOFF] = "▲ sign-off",
                                        [GATE_INCONCLUSIVE] = "? inconclusive"};
    html_say(out, outcome <= GATE_INCONCLUSIVE ? words[outcome] : "–");
}

static const double SMALLEST_P = 0.0001;

static void add_p(struct strbuf *out, double p)
{
    if (p >= 0 && p < SMALLEST_P)
        strbuf_add_text(out, "&lt; 0.0001");
    else if (p >= 0 && p <= 1)
        strbuf_printf(out, "%.4f", p);
    else
        strbuf_add_text(out, "–");
}

static void add_family(struct strbuf *out, const struct family *family)
{
    const struct statistics *statistics = family->statistics;

    strbuf_add_text(out, "<tr><th scope=row>");
    html_say(out, family->name);
    strbuf_add_text(out, "<td class=n>");
    html_count(out, (int64_t)statistics->entries);
    strbuf_add_text(out, "<td class=n>");
    html_change(out, statistics->mean);
    strbuf_add_text(out, "<td class=n>");
    html_change(out, statistics->low);
    strbuf_add_text(out, " to ");
    html_change(out, statistics->high);
    strbuf_add_text(out, "<td class=n>");
    add_p(out, statistics->p);
    strbuf_add_text(out, "<td class=n>");
    if (statistics->smallest_effect > 0)
        strbuf_printf(out, "%.3f", statistics->smallest_effect);
    else
        strbuf_add_text(out, "–");
    strbuf_add_text(out, "<td>");
    add_outcome(out, statistics->outcome);
    if (statistics->repeats_needed > 0)
        html_printf(out, "; --repeat %zu would decide", statistics->repeats_needed);
    strbuf_add_text(out, "</tr>\n");
}

static void add_statistics(struct strbuf *out, const struct run *run)
{
    struct family families[FAMILIES];
    size_t count = families_of(&run->gate, families);

    if (count == 0)
        return;
    html_chart_statistics(out, run);
    strbuf_add_text(out,
                    "<div class=scroll tabindex=0 role=group aria-label=Statistics><table "
                    "class=figures><caption>Score now less score accepted, entry by entry</caption>"
                    "<thead><tr><th scope=col>entries<th scope=col class=n>number<th scope=col "
                    "class=n>mean change<th scope=col class=n>90 % interval<th scope=col class=n>p "
                    "(fell)<th scope=col class=n>smallest visible fall<th scope=col>says</tr>"
                    "</thead><tbody>\n");
    for (size_t i = 0; i < count; i++)
        add_family(out, &families[i]);
    strbuf_add_text(out, "</tbody></table></div>\n");
}

static void add_explanation(struct strbuf *out, const struct explanation *explanation)
{
    static const char *const names[] = {
        [EXPLAIN_SUITE] = "the suite", [EXPLAIN_LANGUAGE] = "language", [EXPLAIN_TAG] = "tag"};

    strbuf_add_text(out, "<tr><th scope=row>");
    html_say(out, names[explanation->group]);
    if (explanation->value.len != 0) {
        strbuf_add_text(out, " <bdi class=tag>");
        html_add(out, explanation->value);
        strbuf_add_text(out, "</bdi>");
    }
    strbuf_add_text(out, "<td>");
    html_add(out, explanation->metric);
    strbuf_add_text(out, "<td class=n>");
    html_count(out, (int64_t)explanation->entries);
    strbuf_add_text(out, "<td class=n>");
    html_change(out, explanation->mean);
    strbuf_add_text(out, "<td class=n>");
    add_p(out, explanation->p);
    strbuf_add_text(out, "<td class=n>");
    add_p(out, explanation->p_adjusted);
    strbuf_add_text(out, "</tr>\n");
}

enum { EXPLANATIONS_SHOWN = 8 };

static void add_rows(struct strbuf *out, const struct gate *gate, size_t from, size_t to)
{
    strbuf_add_text(
        out, "<div class=scroll tabindex=0 role=group aria-label=\"What the fall comes "
             "from\"><table class=figures><thead><tr><th scope=col>group<th scope=col>part of "
             "the score<th scope=col class=n>entries<th scope=col class=n>mean change<th "
             "scope=col class=n>p<th scope=col class=n>p, corrected</tr></thead><tbody>\n");
    for (size_t i = from; i < to; i++)
        add_explanation(out, &gate->explanations[i]);
    strbuf_add_text(out, "</tbody></table></div>\n");
}

static void add_explanations(struct strbuf *out, const struct gate *gate)
{
    size_t count = gate->explanation_count;
    size_t shown = count < EXPLANATIONS_SHOWN ? count : EXPLANATIONS_SHOWN;

    if (count == 0)
        return;
    strbuf_add_text(
        out, "<h3>What the fall comes from</h3><p class=small>Parts of the score over groups "
             "of entries that fell by more than chance explains, the gravest first; p is "
             "corrected for the number of looks (Benjamini–Hochberg).</p>\n");
    add_rows(out, gate, 0, shown);
    if (count == shown)
        return;
    strbuf_add_text(out, "<details class=rules><summary>");
    html_printf(out, "%zu more", count - shown);
    strbuf_add_text(out, "</summary>");
    add_rows(out, gate, shown, count);
    strbuf_add_text(out, "</details>\n");
}

static void add_checks(struct strbuf *out, const struct gate *gate)
{
    if (gate->checks_broke + gate->checks_healed == 0)
        return;
    strbuf_add_text(out, "<p>Checks: ");
    html_printf(out, "%zu entr%s passed before and fail%s now, %zu the other way round",
                gate->checks_broke, gate->checks_broke == 1 ? "y" : "ies",
                gate->checks_broke == 1 ? "s" : "", gate->checks_healed);
    strbuf_add_text(out, " (exact McNemar test, p ");
    if (gate->checks_p >= SMALLEST_P)
        strbuf_add_text(out, "= ");
    add_p(out, gate->checks_p);
    strbuf_add_text(out, ").</p>\n");
}

static void add_warnings(struct strbuf *out, const struct gate *gate, const struct run *run)
{
    const struct {
        const char *heading;
        const struct view *items;
        size_t count;
    } lists[] = {
        {"Warnings", gate->warnings, gate->warning_count},
        {"Slow changes that the history shows", run->drift, run->drift_count},
    };

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (lists[i].count == 0)
            continue;
        strbuf_add_text(out, "<h3>");
        html_say(out, lists[i].heading);
        strbuf_add_text(out, "</h3><ul class=warnings>");
        for (size_t j = 0; j < lists[i].count; j++) {
            strbuf_add_text(out, "<li dir=auto>");
            html_add(out, lists[i].items[j]);
            strbuf_add_text(out, "</li>");
        }
        strbuf_add_text(out, "</ul>\n");
    }
}

static void add_rules(struct strbuf *out)
{
    strbuf_add_text(
        out,
        "<details class=rules><summary>How the gate decides</summary><dl>"
        "<dt>critical</dt><dd>The score fell by 0.20 or more, or an answer newly fails a check of "
        "safety, format or unsupported values. Any one fails the gate.</dd>"
        "<dt>major</dt><dd>The score fell by 0.10 or more, or another check newly fails. Needs a "
        "recorded sign-off; a tenth of the entries, and at least two, fail the gate.</dd>"
        "<dt>minor</dt><dd>The score fell by 0.05 or more. Logged for trends.</dd>"
        "<dt>statistics</dt><dd>All answers of a family of entries together: a one-sided "
        "permutation test of the fall, and a 90 % bootstrap interval around the mean. They see "
        "what "
        "is too small to see in one entry, and say when a set is too small to tell.</dd>"
        "<dt>score</dt><dd>0.40 similarity to the accepted answers + 0.25 keyword coverage + 0.15 "
        "structure + 0.20 language.</dd></dl></details>\n");
}

void html_gate(struct strbuf *out, const struct run *run)
{
    if (run->entry_count == 0)
        return;
    html_section_open(out, "gate", "Why");
    add_statistics(out, run);
    if (run->gate.compared == 0)
        strbuf_add_text(out, "<p>There are no accepted answers to compare with: the checks of each "
                             "entry decide. <code>assay baseline</code> records these answers as "
                             "accepted.</p>\n");
    add_checks(out, &run->gate);
    add_explanations(out, &run->gate);
    add_warnings(out, &run->gate, run);
    if (run->gate.quarantined + run->gate.signed_off > 0) {
        strbuf_add_text(out, "<p>");
        html_printf(out, "%zu quarantined (reported, decides nothing), %zu signed off.",
                    run->gate.quarantined, run->gate.signed_off);
        strbuf_add_text(out, "</p>\n");
    }
    add_rules(out);
    html_section_close(out);
}
