/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_words: see gate_words.h. */
#include "report/gate_words.h"

static const double Q_ENTRIES = .10;
static const double P_SHOWN_MIN = .0001;

static const char *severities_say(const struct gate *gate)
{
    size_t major = gate->counts[SEVERITY_MAJOR];

    if (gate->counts[SEVERITY_CRITICAL] > 0 || gate->failed_checks > 0
        || (major >= 2 && major * 10 >= gate->compared))
        return "fail";
    return major > gate->signed_off ? "wait for a sign-off" : "pass";
}

static const char *outcome_says(const struct statistics *statistics)
{
    static const char *const words[] = {
        [GATE_PASS] = "pass",
        [GATE_FAIL] = "fail",
        [GATE_SIGNOFF] = "wait",
        [GATE_INCONCLUSIVE] = "are inconclusive",
    };
    return words[statistics->outcome];
}

void gate_words_sides(const struct gate *gate, struct strbuf *out)
{
    if (!gate->all.known)
        return;
    strbuf_printf(out, "severities %s, statistics ", severities_say(gate));
    if (gate->changed.known && gate->untouched.known)
        strbuf_printf(out, "%s for the %zu entries that were changed and %s for the %zu others",
                      outcome_says(&gate->changed), gate->changed.entries,
                      outcome_says(&gate->untouched), gate->untouched.entries);
    else
        strbuf_add_text(out, outcome_says(&gate->all));
}

static void add_p(double p, struct strbuf *out)
{
    strbuf_printf(out, "p %s %.4f", p < P_SHOWN_MIN ? "<" : "=", p < P_SHOWN_MIN ? P_SHOWN_MIN : p);
}

void gate_words_statistics(const struct statistics *statistics, struct strbuf *out)
{
    strbuf_printf(out, "mean change %+.3f (90 %% interval %+.3f to %+.3f), ", statistics->mean,
                  statistics->low, statistics->high);
    add_p(statistics->p, out);
    if (statistics->smallest_effect > 0)
        strbuf_printf(out, "; the smallest drop this set could have seen is %.3f",
                      statistics->smallest_effect);
    else if (statistics->entries == 1)
        strbuf_add_text(out, "; one entry cannot tell the smallest drop that it could have seen");
    else
        strbuf_add_text(out,
                        "; every entry changed alike, so the smallest drop that this set could "
                        "have seen is unknown");
}

void gate_words_explanation(const struct explanation *explanation, struct strbuf *out)
{
    static const char *const groups[] = {
        [EXPLAIN_SUITE] = " of all entries",
        [EXPLAIN_LANGUAGE] = " of entries in ",
        [EXPLAIN_TAG] = " of entries tagged ",
    };

    strbuf_add(out, explanation->metric);
    strbuf_add_text(out, groups[explanation->group]);
    strbuf_add(out, explanation->value);
    strbuf_printf(out, " fell by %.3f over %zu entries (", -explanation->mean,
                  explanation->entries);
    add_p(explanation->p, out);
    strbuf_printf(out, ", adjusted %.4f)", explanation->p_adjusted);
}

void gate_words_checks(const struct gate *gate, struct strbuf *out)
{
    if (gate->checks_broke + gate->checks_healed == 0)
        return;
    strbuf_printf(out, "the checks of %zu entr%s broke and of %zu healed (", gate->checks_broke,
                  gate->checks_broke == 1 ? "y" : "ies", gate->checks_healed);
    add_p(gate->checks_p, out);
    strbuf_add_byte(out, ')');
}

void gate_words_entry(const struct run_entry *entry, struct strbuf *out)
{
    if (entry->noise_micro != SCORE_ABSENT && entry->drop_micro > 0 && !entry->newly_failed
        && entry->drop_micro < 2 * entry->noise_micro)
        strbuf_add_text(out, " (within noise)");
    if (entry->is_tested && entry->p_adjusted <= Q_ENTRIES) {
        strbuf_add_text(out, " (more than luck: ");
        add_p(entry->p_fell, out);
        strbuf_printf(out, ", adjusted %.4f)", entry->p_adjusted);
    }
    if (entry->is_signed_off)
        strbuf_printf(out, " (signed off by %.*s)", VIEW_ARG(entry->signed_off_by));
    if (entry->is_quarantined)
        strbuf_printf(out, " (in quarantine until %.*s, decides nothing)",
                      VIEW_ARG(entry->quarantine_until));
}

void gate_words_size(const struct run *run, struct strbuf *out)
{
    size_t answers = 0;

    for (size_t i = 0; i < run->entry_count; i++)
        answers += run->entries[i].sample_count;
    strbuf_printf(out, "%zu entr%s", run->entry_count, run->entry_count == 1 ? "y" : "ies");
    if (run->recorded_answers) {
        strbuf_printf(out, ", %zu recorded answer%s", answers, answers == 1 ? "" : "s");
        return;
    }
    strbuf_printf(out, " × %u", run->repeat);
    if (run->repeat_max == 0)
        return;
    strbuf_printf(out, " to %u (%zu answers in all, %u round%s of asking again)", run->repeat_max,
                  answers, run->rounds, run->rounds == 1 ? "" : "s");
}
