/* SPDX-License-Identifier: Apache-2.0
 *
 * gate: see gate.h. What decides is a list of rules, each of which looks at the tallied run and may
 * raise the exit status; the contract's order of statuses picks among them. */
#include "core/golden/gate.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "core/golden/explain.h"
#include "core/golden/gate_statistics.h"

enum { SENTENCES_MAX = 48, NAMES_SHOWN = 3, LAPSED_SHOWN = 5, ENTRIES_FEW = 5 };
enum { NAME_BYTES_MAX = 100 };

static const double P_CHECKS = .05;

struct deciding {
    struct run *run;
    struct gate *gate;
    const struct gate_options *options;
    struct arena *arena;
    struct view reasons[SENTENCES_MAX];
    struct view warnings[SENTENCES_MAX];
    bool failed;  /* exit 1 */
    bool signoff; /* exit 4 */
    bool no_memory;
};

static void say(struct deciding *deciding, struct view *sentences, size_t *count,
                const char *format, ...) PRINTF_LIKE(4, 5);

static void say(struct deciding *deciding, struct view *sentences, size_t *count,
                const char *format, ...)
{
    char text[ERR_TEXT_MAX + 4]; /* room for a whole character past the cut */
    va_list args;

    if (*count == SENTENCES_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct view sentence = utf8_cut(view_of(text), ERR_TEXT_MAX - 1);
    if (arena_copy(deciding->arena, sentence, &sentences[*count]) != 0)
        deciding->no_memory = true;
    else
        *count += 1;
}

#define REASON(deciding, ...) \
    say(deciding, (deciding)->reasons, &(deciding)->gate->reason_count, __VA_ARGS__)
#define WARN(deciding, ...) \
    say(deciding, (deciding)->warnings, &(deciding)->gate->warning_count, __VA_ARGS__)

/* A warning, which --strict turns into a failure. */
#define FLOOR(deciding, ...) \
    do { \
        WARN(deciding, __VA_ARGS__); \
        if ((deciding)->options->strict) \
            (deciding)->failed = true; \
    } while (0)

/* As much of an id as a sentence has room for. */
static struct view name_of(const struct run_entry *entry)
{
    return utf8_cut(entry->id, NAME_BYTES_MAX);
}

/* "a, b, c and 4 more" for the entries that the rule picks. */
static const char *names(struct deciding *deciding, bool (*picks)(const struct run_entry *entry))
{
    static const char none[] = "";
    char text[512] = "";
    size_t shown = 0;
    size_t count = 0;

    for (size_t i = 0; i < deciding->run->entry_count; i++) {
        const struct run_entry *entry = &deciding->run->entries[i];
        if (!picks(entry))
            continue;
        count++;
        if (shown == NAMES_SHOWN)
            continue;
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%.*s", shown > 0 ? ", " : "",
                 VIEW_ARG(name_of(entry)));
        shown++;
    }
    if (count > shown)
        snprintf(text + strlen(text), sizeof text - strlen(text), " and %zu more", count - shown);
    const char *copy = arena_string(deciding->arena, view_of(text));
    return copy != NULL ? copy : none;
}

static bool is_compared(const struct run_entry *entry)
{
    return entry->baseline != NULL && entry->scored_count > 0 && !entry->is_quarantined;
}

static bool is_critical(const struct run_entry *entry)
{
    return is_compared(entry) && entry->severity == SEVERITY_CRITICAL;
}

static bool is_major(const struct run_entry *entry)
{
    return is_compared(entry) && entry->severity == SEVERITY_MAJOR;
}

static bool is_waiting(const struct run_entry *entry)
{
    return is_major(entry) && !entry->is_signed_off;
}

static bool is_signed(const struct run_entry *entry)
{
    return is_major(entry) && entry->is_signed_off;
}

static bool is_checked_only(const struct run_entry *entry)
{
    return entry->baseline == NULL && entry->scored_count > 0 && !entry->is_quarantined;
}

static bool is_failed_check(const struct run_entry *entry)
{
    return is_checked_only(entry) && !entry->passed;
}

static bool is_error(const struct run_entry *entry)
{
    return entry->scored_count == 0 && !entry->is_quarantined;
}

static bool is_flaky(const struct run_entry *entry)
{
    return entry->scored_count > 0 && entry->flaky && !entry->is_quarantined;
}

static bool is_in_quarantine(const struct run_entry *entry)
{
    return entry->is_quarantined;
}

static bool has_left_quarantine(const struct run_entry *entry)
{
    return !entry->is_quarantined && entry->quarantine_until.len != 0;
}

static bool has_lost_answers(const struct run_entry *entry)
{
    return entry->scored_count > 0 && entry->scored_count < entry->sample_count;
}

static size_t count_of(const struct run *run, bool (*picks)(const struct run_entry *entry))
{
    size_t count = 0;

    for (size_t i = 0; i < run->entry_count; i++)
        count += picks(&run->entries[i]);
    return count;
}

static const struct run_entry *first_of(const struct run *run,
                                        bool (*picks)(const struct run_entry *entry))
{
    for (size_t i = 0; i < run->entry_count; i++)
        if (picks(&run->entries[i]))
            return &run->entries[i];
    return NULL;
}

static void tally(struct deciding *deciding)
{
    struct gate *gate = deciding->gate;

    for (size_t i = 0; i < deciding->run->entry_count; i++) {
        const struct run_entry *entry = &deciding->run->entries[i];
        if (is_compared(entry))
            gate->counts[entry->severity]++;
        gate->compared += is_compared(entry);
        gate->checked_only += is_checked_only(entry);
        gate->failed_checks += is_failed_check(entry);
        gate->errors += is_error(entry);
        gate->quarantined += is_in_quarantine(entry);
        gate->quarantine_expired += has_left_quarantine(entry);
        gate->signed_off += is_signed(entry);
    }
}

static void rule_critical(struct deciding *deciding)
{
    size_t count = deciding->gate->counts[SEVERITY_CRITICAL];

    if (count == 0 || deciding->options->mode == GATE_STATISTICS)
        return;
    deciding->failed = true;
    REASON(deciding, "%zu critical regression%s: %s", count, count == 1 ? "" : "s",
           names(deciding, is_critical));
}

static void rule_major(struct deciding *deciding)
{
    size_t all = deciding->gate->counts[SEVERITY_MAJOR];
    size_t count = all - deciding->gate->signed_off;
    bool many = all >= 2 && all * 10 >= deciding->gate->compared;

    if (all == 0 || deciding->options->mode == GATE_STATISTICS)
        return;
    if (many) {
        deciding->failed = true;
        REASON(deciding, "%zu of %zu entries are major regressions (a tenth fails%s): %s", all,
               deciding->gate->compared,
               deciding->gate->signed_off > 0 ? ", signed off or not" : "",
               names(deciding, is_major));
        return;
    }
    if (count == 0)
        return;
    if (deciding->options->major == GATE_MAJOR_FAIL)
        deciding->failed = true;
    if (deciding->options->major == GATE_MAJOR_SIGNOFF)
        deciding->signoff = true;
    REASON(deciding, "%zu major regression%s%s: %s", count, count == 1 ? "" : "s",
           deciding->options->major == GATE_MAJOR_SIGNOFF ? " waiting for sign-off" : "",
           names(deciding, is_waiting));
}

/* Sign-offs that count, and those that do not any more. */
static void rule_signoffs(struct deciding *deciding)
{
    const struct run *run = deciding->run;
    size_t signed_off = deciding->gate->signed_off;
    size_t shown = 0;

    if (signed_off > 0)
        WARN(deciding, "%zu major regression%s signed off: %s (by %.*s)", signed_off,
             signed_off == 1 ? " is" : "s are", names(deciding, is_signed),
             VIEW_ARG(first_of(run, is_signed)->signed_off_by));
    for (size_t i = 0; i < run->entry_count && shown < LAPSED_SHOWN; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!is_waiting(entry) || entry->signoff_lapsed.len == 0)
            continue;
        shown++;
        WARN(deciding, "%.*s: its sign-off holds no more: %.*s", VIEW_ARG(name_of(entry)),
             VIEW_ARG(entry->signoff_lapsed));
    }
}

static void rule_quarantine(struct deciding *deciding)
{
    const struct gate *gate = deciding->gate;
    const struct run_entry *first = first_of(deciding->run, is_in_quarantine);

    if (gate->quarantined > 0)
        WARN(deciding, "%zu entr%s in quarantine and decide%s nothing: %s (until %.*s)",
             gate->quarantined, gate->quarantined == 1 ? "y is" : "ies are",
             gate->quarantined == 1 ? "s" : "", names(deciding, is_in_quarantine),
             VIEW_ARG(first->quarantine_until));
    first = first_of(deciding->run, has_left_quarantine);
    if (gate->quarantine_expired > 0)
        WARN(deciding,
             "the quarantine of %zu entr%s is over (%.*s was its last day): %s count%s again; take "
             "it out of 'quarantine:' or give it a new day",
             gate->quarantine_expired, gate->quarantine_expired == 1 ? "y" : "ies",
             VIEW_ARG(first->quarantine_until), names(deciding, has_left_quarantine),
             gate->quarantine_expired == 1 ? "s" : "");
}

static void rule_checks(struct deciding *deciding)
{
    size_t count = deciding->gate->failed_checks;

    if (count == 0)
        return;
    deciding->failed = true;
    REASON(deciding, "%zu entr%s without a baseline failed %s checks: %s", count,
           count == 1 ? "y" : "ies", count == 1 ? "its" : "their",
           names(deciding, is_failed_check));
}

static void weigh_family(struct deciding *deciding, const struct statistics *family,
                         const char *name)
{
    if (!family->known || deciding->options->mode == GATE_SEVERITY)
        return;
    if (family->outcome == GATE_FAIL && !deciding->options->noise_known) {
        FLOOR(
            deciding,
            "%s fell by %.3f on average, but how far unchanged answers fall is unknown: measure it "
            "with 'assay baseline --check'",
            name, -family->mean);
    } else if (family->outcome == GATE_FAIL) {
        deciding->failed = true;
        REASON(
            deciding,
            "%s fell by %.3f on average over %zu entries (p = %.4f, 90 %% interval %.3f to %.3f)",
            name, -family->mean, family->entries, family->p, family->low, family->high);
    } else if (family->outcome == GATE_INCONCLUSIVE) {
        FLOOR(deciding,
              "statistics are inconclusive for %s: mean change %.3f, 90 %% interval %.3f to %.3f%s",
              name, family->mean, family->low, family->high,
              family->repeats_needed > 0 ? arena_printf(
                  deciding->arena, "; --repeat %zu would decide", family->repeats_needed)
                                         : "");
    }
}

static void rule_statistics(struct deciding *deciding)
{
    struct gate *gate = deciding->gate;

    if (gate_statistics(deciding->run, deciding->arena) != 0) {
        deciding->no_memory = true;
        return;
    }
    if (gate->changed.known && gate->untouched.known) {
        weigh_family(deciding, &gate->changed, "entries whose prompt, model or parameters changed");
        weigh_family(deciding, &gate->untouched, "untouched entries");
    } else {
        weigh_family(deciding, &gate->all, "the suite");
    }
}

/* Where the drop comes from. Checks that broke decide by themselves where severities do not: else
 * each newly failed one has counted already. */
static void rule_explanations(struct deciding *deciding)
{
    struct gate *gate = deciding->gate;

    explain_checks(deciding->run);
    if (!gate->all.known)
        return;
    if (explain_suite(deciding->run, deciding->options->noise_known, deciding->arena) != 0
        || explain_entries(deciding->run) != 0) {
        deciding->no_memory = true;
        return;
    }
    if (gate->checks_p >= P_CHECKS)
        return;
    if (deciding->options->mode == GATE_STATISTICS) {
        deciding->failed = true;
        REASON(deciding, "the checks of %zu entries broke and of %zu healed (p = %.4f)",
               gate->checks_broke, gate->checks_healed, gate->checks_p);
    } else {
        WARN(deciding,
             "the checks of %zu entries broke and of %zu healed, more than chance does (p = "
             "%.4f)",
             gate->checks_broke, gate->checks_healed, gate->checks_p);
    }
}

/* What statistics cannot tell of so few entries. */
static void rule_few(struct deciding *deciding)
{
    size_t compared = deciding->gate->compared;

    if (compared > 0 && compared < ENTRIES_FEW && deciding->options->mode != GATE_SEVERITY)
        WARN(deciding,
             "%zu compared entr%s too few for statistics, which need %d to see anything: %s",
             compared, compared == 1 ? "y is" : "ies are", ENTRIES_FEW,
             deciding->options->mode == GATE_BOTH
                 ? "severities decide"
                 : "with 'gate: statistics' no drop of theirs fails, use 'gate: both'");
}

static void rule_floors(struct deciding *deciding)
{
    const struct gate_options *options = deciding->options;
    const struct score *mean = &deciding->run->mean;
    size_t low = 0;

    if (mean->similarity_micro != SCORE_ABSENT
        && mean->similarity_micro < options->similarity_floor_micro)
        FLOOR(deciding, "mean similarity %.3f is below the floor of %.2f",
              (double)mean->similarity_micro / MICRO,
              (double)options->similarity_floor_micro / MICRO);
    if (mean->keywords_micro != SCORE_ABSENT
        && mean->keywords_micro < options->keywords_floor_micro)
        FLOOR(deciding, "mean keyword coverage %.3f is below the floor of %.2f",
              (double)mean->keywords_micro / MICRO, (double)options->keywords_floor_micro / MICRO);
    for (size_t i = 0; i < deciding->run->entry_count; i++) {
        const struct run_entry *entry = &deciding->run->entries[i];
        low += entry->scored_count > 0 && !entry->is_quarantined
               && entry->score.total_micro < options->score_floor_micro;
    }
    if (low > 0)
        FLOOR(deciding, "%zu entr%s below the score floor of %.2f", low,
              low == 1 ? "y is" : "ies are", (double)options->score_floor_micro / MICRO);
}

static size_t wanted(const struct run *run)
{
    size_t count = 0;

    for (size_t i = 0; i < run->entry_count; i++)
        count += run->entries[i].sample_count;
    return count;
}

static void rule_errors(struct deciding *deciding)
{
    const struct run *run = deciding->run;
    size_t partial = count_of(run, has_lost_answers);
    size_t flaky = count_of(run, is_flaky);

    if (deciding->gate->errors > 0 && !run->interrupted)
        REASON(deciding, "%zu entr%s no answer: %s", deciding->gate->errors,
               deciding->gate->errors == 1 ? "y got" : "ies got", names(deciding, is_error));
    if (partial > 0)
        WARN(deciding, "%zu entr%s judged on fewer answers than asked for: %s", partial,
             partial == 1 ? "y was" : "ies were", names(deciding, has_lost_answers));
    if (flaky > 0)
        WARN(deciding, "%zu entr%s in some answers, but not in most: %s", flaky,
             flaky == 1 ? "y is worse" : "ies are worse", names(deciding, is_flaky));
    if (run->interrupted)
        REASON(deciding, "interrupted: %zu of %zu answers came", run->answered, wanted(run));
}

static void rule_baseline(struct deciding *deciding)
{
    const struct gate *gate = deciding->gate;

    if (gate->compared > 0 && gate->checked_only > 0)
        WARN(deciding, "%zu entr%s no baseline yet and %s judged by checks alone",
             gate->checked_only, gate->checked_only == 1 ? "y has" : "ies have",
             gate->checked_only == 1 ? "is" : "are");
    if (deciding->options->stale_count > 0)
        WARN(deciding, "%lld baseline entr%s no longer in the golden set",
             (long long)deciding->options->stale_count,
             deciding->options->stale_count == 1 ? "y is" : "ies are");
    if (gate->compared > 0 && !deciding->options->noise_known)
        WARN(deciding, "entries have one accepted answer, so their own noise is unknown: record "
                       "with 'assay baseline --repeat 3', or measure it with 'assay baseline "
                       "--check'");
    if (deciding->options->recorded_ahead)
        WARN(deciding,
             "the baseline says that it was recorded later than now: is the clock of this "
             "machine right?");
}

/* With --repeat auto: whether asking ended before all was decided. */
static void rule_asked(struct deciding *deciding)
{
    const struct run *run = deciding->run;

    if (run->repeat_max == 0 || run->undecided == 0)
        return;
    WARN(deciding,
         "%zu entr%s so near to a limit that more answers could change the verdict: ask "
         "more often with --repeat auto:N%s",
         run->undecided, run->undecided == 1 ? "y is" : "ies are",
         deciding->options->max_cost_reached ? ", or raise --max-cost, which ended the asking"
                                             : "");
}

static bool has_other_model(const struct run_entry *entry)
{
    return is_compared(entry) && entry->model_changed;
}

static bool has_other_params(const struct run_entry *entry)
{
    return is_compared(entry) && entry->params_changed;
}

static void rule_changes(struct deciding *deciding)
{
    const struct run_entry *model = first_of(deciding->run, has_other_model);
    const struct run_entry *params = first_of(deciding->run, has_other_params);

    if (model != NULL)
        WARN(deciding,
             "%zu entries are compared with answers of another model: '%.*s' now, '%.*s' "
             "in the baseline",
             count_of(deciding->run, has_other_model), VIEW_ARG(model->model),
             VIEW_ARG(model->baseline->model));
    if (params != NULL)
        WARN(deciding,
             "%zu entries are compared with answers to other parameters: %.*s now, %.*s in "
             "the baseline",
             count_of(deciding->run, has_other_params), VIEW_ARG(params->params),
             VIEW_ARG(params->baseline->params));
}

static bool still_fails(const struct run_entry *entry)
{
    return is_compared(entry) && !entry->passed && !entry->newly_failed;
}

static size_t count_cut(const struct run *run)
{
    size_t count = 0;

    for (size_t i = 0; i < run->entry_count; i++)
        for (size_t j = 0; j < run->entries[i].sample_count; j++)
            count += run->entries[i].samples[j].scored
                     && run->entries[i].samples[j].answer.reply.stop == STOP_LENGTH;
    return count;
}

static void rule_quality(struct deciding *deciding)
{
    size_t failing = count_of(deciding->run, still_fails);
    size_t cut = count_cut(deciding->run);

    if (failing > 0)
        WARN(deciding, "%zu entr%s checks that the accepted answers fail too: %s", failing,
             failing == 1 ? "y fails" : "ies fail", names(deciding, still_fails));
    if (cut > 0)
        WARN(deciding, "%zu answer%s cut short by max_tokens", cut, cut == 1 ? " was" : "s were");
}

static bool reads_worse(const struct run_entry *entry)
{
    return entry->fluency_known && entry->fluency_reason.len != 0;
}

/* No part of the score: told, and decides nothing. */
static void rule_fluency(struct deciding *deciding)
{
    size_t count = count_of(deciding->run, reads_worse);
    const struct run_entry *first = first_of(deciding->run, reads_worse);

    if (count > 0)
        WARN(deciding, "%zu entr%s worse than expected: %s (%.*s)", count,
             count == 1 ? "y reads" : "ies read", names(deciding, reads_worse),
             VIEW_ARG(first->fluency_reason));
}

static void find_mean(struct deciding *deciding)
{
    struct run *run = deciding->run;
    struct score *scores = arena_new(deciding->arena, run->entry_count, sizeof *scores);
    size_t count = 0;

    if (scores == NULL) {
        deciding->no_memory = true;
        return;
    }
    for (size_t i = 0; i < run->entry_count; i++)
        if (run->entries[i].scored_count > 0 && !run->entries[i].is_quarantined)
            scores[count++] = run->entries[i].score;
    run->mean = score_mean(scores, count);
}

static bool is_inconclusive(const struct gate *gate)
{
    if (gate->changed.known && gate->untouched.known)
        return gate->changed.outcome == GATE_INCONCLUSIVE
               || gate->untouched.outcome == GATE_INCONCLUSIVE;
    return gate->all.known && gate->all.outcome == GATE_INCONCLUSIVE;
}

/* The order of the contract: 130, 2, 1, 3, 4. */
static void conclude(struct deciding *deciding)
{
    struct gate *gate = deciding->gate;

    gate->outcome = deciding->failed ? GATE_FAIL : deciding->signoff ? GATE_SIGNOFF : GATE_PASS;
    if (gate->outcome == GATE_PASS && deciding->options->mode != GATE_SEVERITY
        && is_inconclusive(gate))
        gate->outcome = GATE_INCONCLUSIVE;
    gate->exit_status = deciding->run->interrupted ? 130
                        : deciding->failed         ? 1
                        : gate->errors > 0         ? 3
                        : deciding->signoff        ? 4
                                                   : 0;
    if (gate->errors > 0 || deciding->run->interrupted)
        gate->outcome = GATE_FAIL;
}

int gate_decide(struct run *run, const struct gate_options *options, struct arena *arena)
{
    static void (*const rules[])(struct deciding *) = {
        find_mean,       tally,           rule_critical,     rule_major, rule_checks,
        rule_errors,     rule_statistics, rule_explanations, rule_few,   rule_signoffs,
        rule_quarantine, rule_floors,     rule_baseline,     rule_asked, rule_changes,
        rule_quality,    rule_fluency,    conclude,
    };
    struct deciding deciding = {.run = run, .gate = &run->gate, .options = options, .arena = arena};

    run->gate = (struct gate){
        .stale = options->stale_count > 0 ? (size_t)options->stale_count : 0,
        .noise_known = options->noise_known,
        .recorded_ahead = options->recorded_ahead,
        .max_cost_reached = options->max_cost_reached,
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        rules[i](&deciding);
    struct view *reasons = arena_new(arena, SENTENCES_MAX, sizeof *reasons);
    struct view *warnings = arena_new(arena, SENTENCES_MAX, sizeof *warnings);
    if (reasons == NULL || warnings == NULL || deciding.no_memory)
        return ERR_MEMORY;
    memcpy(reasons, deciding.reasons, sizeof deciding.reasons);
    memcpy(warnings, deciding.warnings, sizeof deciding.warnings);
    run->gate.reasons = reasons;
    run->gate.warnings = warnings;
    return 0;
}
