/* SPDX-License-Identifier: Apache-2.0
 *
 * gate: see gate.h. What decides is a list of rules, each of which looks at the tallied run and may
 * raise the exit status; the contract's order of statuses picks among them. */
#include "core/golden/gate.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/golden/gate_statistics.h"

enum { SENTENCES_MAX = 32, NAMES_SHOWN = 3 };

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
    char text[ERR_TEXT_MAX];
    va_list args;

    if (*count == SENTENCES_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (arena_copy(deciding->arena, view_of(text), &sentences[*count]) != 0)
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
        snprintf(text + len, sizeof text - len, "%s%.100s", shown > 0 ? ", " : "",
                 arena_string(deciding->arena, entry->id) != NULL
                     ? arena_string(deciding->arena, entry->id)
                     : "?");
        shown++;
    }
    if (count > shown)
        snprintf(text + strlen(text), sizeof text - strlen(text), " and %zu more", count - shown);
    const char *copy = arena_string(deciding->arena, view_of(text));
    return copy != NULL ? copy : none;
}

static bool is_compared(const struct run_entry *entry)
{
    return entry->baseline != NULL && entry->scored_count > 0;
}

static bool is_critical(const struct run_entry *entry)
{
    return is_compared(entry) && entry->severity == SEVERITY_CRITICAL;
}

static bool is_major(const struct run_entry *entry)
{
    return is_compared(entry) && entry->severity == SEVERITY_MAJOR;
}

static bool is_failed_check(const struct run_entry *entry)
{
    return entry->baseline == NULL && entry->scored_count > 0 && !entry->passed;
}

static bool is_error(const struct run_entry *entry)
{
    return entry->scored_count == 0;
}

static bool is_flaky(const struct run_entry *entry)
{
    return entry->scored_count > 0 && entry->flaky;
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

static void tally(struct deciding *deciding)
{
    struct gate *gate = deciding->gate;

    for (size_t i = 0; i < deciding->run->entry_count; i++) {
        const struct run_entry *entry = &deciding->run->entries[i];
        if (is_compared(entry))
            gate->counts[entry->severity]++;
        gate->compared += is_compared(entry);
        gate->checked_only += entry->baseline == NULL && entry->scored_count > 0;
        gate->failed_checks += is_failed_check(entry);
        gate->errors += is_error(entry);
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
    size_t count = deciding->gate->counts[SEVERITY_MAJOR];
    bool many = count >= 2 && count * 10 >= deciding->gate->compared;

    if (count == 0 || deciding->options->mode == GATE_STATISTICS)
        return;
    if (many) {
        deciding->failed = true;
        REASON(deciding, "%zu of %zu entries are major regressions (a tenth fails): %s", count,
               deciding->gate->compared, names(deciding, is_major));
        return;
    }
    if (deciding->options->major == GATE_MAJOR_FAIL)
        deciding->failed = true;
    if (deciding->options->major == GATE_MAJOR_SIGNOFF)
        deciding->signoff = true;
    REASON(deciding, "%zu major regression%s%s: %s", count, count == 1 ? "" : "s",
           deciding->options->major == GATE_MAJOR_SIGNOFF ? " waiting for sign-off" : "",
           names(deciding, is_major));
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
        low += entry->scored_count > 0 && entry->score.total_micro < options->score_floor_micro;
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
}

static bool has_other_model(const struct run_entry *entry)
{
    return is_compared(entry) && entry->model_changed;
}

static bool has_other_params(const struct run_entry *entry)
{
    return is_compared(entry) && entry->params_changed;
}

static const struct run_entry *first_of(const struct run *run,
                                        bool (*picks)(const struct run_entry *entry))
{
    for (size_t i = 0; i < run->entry_count; i++)
        if (picks(&run->entries[i]))
            return &run->entries[i];
    return NULL;
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
        if (run->entries[i].scored_count > 0)
            scores[count++] = run->entries[i].score;
    run->mean = score_mean(scores, count);
}

/* The order of the contract: 130, 2, 1, 3, 4. */
static void conclude(struct deciding *deciding)
{
    struct gate *gate = deciding->gate;

    gate->outcome = deciding->failed ? GATE_FAIL : deciding->signoff ? GATE_SIGNOFF : GATE_PASS;
    if (gate->outcome == GATE_PASS && deciding->options->mode != GATE_SEVERITY
        && (gate->all.known && gate->all.outcome == GATE_INCONCLUSIVE))
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
        find_mean,    tally,           rule_critical, rule_major,    rule_checks,
        rule_errors,  rule_statistics, rule_floors,   rule_baseline, rule_changes,
        rule_quality, rule_fluency,    conclude,
    };
    struct deciding deciding = {.run = run, .gate = &run->gate, .options = options, .arena = arena};

    run->gate = (struct gate){0};
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
