/* SPDX-License-Identifier: Apache-2.0
 *
 * support: one answer held against its sources; see support.h. */
#include "text/support_internal.h"

#include "base/mem.h"
#include "base/utf8.h"

enum { SHOWN_MAX = 120, FIRST_ROOM = 16 };

static const uint64_t SEARCH_BUDGET = (uint64_t)512 * 1024 * 1024;
static const uint64_t COMPARE_BUDGET = (uint64_t)100 * 1000 * 1000;

/* What one pass over the values of an answer needs. */
struct judge {
    struct arena *arena;
    const struct support_sources *sources;
    struct support_answer answer;
    struct support_value *found;
    struct support_report *report;
    size_t number_room;
};

/* ---- the answer's own numbers ---------------------------------------------------------------- */

static int keep_number(struct judge *judge, const struct value *value)
{
    struct support_answer *answer = &judge->answer;

    if (answer->number_count == SUPPORT_VALUES_MAX)
        return 0;
    if (answer->number_count == judge->number_room) {
        size_t room = judge->number_room == 0 ? FIRST_ROOM : 2 * judge->number_room;
        struct source_number *numbers = mem_resize(answer->numbers, room, sizeof *numbers);
        if (numbers == NULL)
            return ERR_MEMORY;
        answer->numbers = numbers;
        judge->number_room = room;
    }
    answer->numbers[answer->number_count++] = (struct source_number){.value = *value};
    return 0;
}

static int read_numbers(struct judge *judge, const struct normalised *spelled)
{
    struct value_reader reader;
    struct value value;
    int status = 0;

    value_reader_init(&reader, spelled->text);
    while (status == 0 && value_next(&reader, &value)) {
        if (value.kind == VALUE_NUMBER || value.kind == VALUE_MONEY)
            status = keep_number(judge, &value);
    }
    return status;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void add_finding(struct judge *judge, const struct normalised *spelled, size_t claim,
                        const struct value *value)
{
    struct support_report *report = judge->report;
    const struct claim *from = &judge->answer.claims->items[claim];
    size_t start = value->start;
    size_t end = value->end;

    report->value_total++;
    if (report->value_count == SUPPORT_FINDINGS_MAX)
        return;
    struct support_value *found = &judge->found[report->value_count++];
    *found = (struct support_value){
        .value = *value,
        .claim = claim,
        .nearest = support_nearest(judge->sources, &judge->answer, value),
    };
    if (spelled->start_at != NULL)
        normalised_source(spelled, value->start, value->end, &start, &end);
    claim_source(from, start, end, &found->value.start, &found->value.end);
}

static bool holds(struct judge *judge, const struct value *value, struct view text)
{
    return support_has_value(judge->sources, &judge->answer, value, text)
           || support_follows(judge->sources, &judge->answer, value);
}

static void judge_values(struct judge *judge, struct normalised *spelled, size_t claim)
{
    struct value_reader reader;
    struct value value;

    judge->answer.asks_period = judge->sources->asks_period || support_asks_period(spelled->text);
    value_reader_init(&reader, spelled->text);
    while (value_next(&reader, &value)) {
        bool is_number = value.kind == VALUE_NUMBER || value.kind == VALUE_MONEY;
        judge->report->checked += !value.is_weak;
        if (!value.is_weak && !holds(judge, &value, spelled->text))
            add_finding(judge, spelled, claim, &value);
        judge->answer.at += is_number;
    }
}

static int judge_all_values(struct judge *judge)
{
    const struct claims *claims = judge->answer.claims;
    struct normalised *spelled = arena_new(judge->arena, claims->count + 1, sizeof *spelled);
    int status = 0;

    judge->found = arena_new(judge->arena, SUPPORT_FINDINGS_MAX, sizeof *judge->found);
    if (judge->found == NULL || spelled == NULL)
        return ERR_MEMORY;
    judge->report->values = judge->found;
    for (size_t i = 0; i < claims->count && status == 0; i++) {
        status = values_spell(judge->arena, claims->items[i].text, &spelled[i]);
        if (status == 0)
            status = read_numbers(judge, &spelled[i]);
    }
    for (size_t i = 0; i < claims->count && status == 0; i++)
        judge_values(judge, &spelled[i], i);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

int support_judge(struct arena *arena, const struct support_sources *sources, struct view answer,
                  const struct morphology *morphology, const struct support_options *options,
                  struct support_report *ret_report)
{
    struct support_report report = {.lowest_micro = -1, .mean_micro = -1};
    struct view text = utf8_cut(answer, SUPPORT_ANSWER_MAX);
    struct claims claims;
    struct judge judge = {.arena = arena, .sources = sources, .report = &report};

    if (sources->count == 0) {
        *ret_report = report;
        return 0;
    }
    int status = claims_of(arena, text, &claims);
    if (status != 0)
        return status;
    judge.answer = (struct support_answer){
        .claims = &claims,
        .search_budget = SEARCH_BUDGET,
        .compare_budget = COMPARE_BUDGET,
        .asks_total = sources->asks_total,
    };
    if (options->values)
        status = judge_all_values(&judge);
    mem_free(judge.answer.numbers);
    if (status == 0)
        status = support_score_claims(arena, sources, morphology, options, &claims, &report);
    if (status != 0)
        return status;
    report.is_partial = sources->is_partial || judge.answer.is_partial || claims.is_partial
                        || text.len < answer.len;
    *ret_report = report;
    return 0;
}

char *support_value_message(struct arena *arena, struct view answer,
                            const struct support_value *found)
{
    struct view said =
        utf8_cut(view_slice(answer, found->value.start, found->value.end), SHOWN_MAX);
    struct view nearest = utf8_cut(found->nearest, SHOWN_MAX);

    if (nearest.len == 0)
        return arena_printf(arena, "%.*s (%s) stands in no source", VIEW_ARG(said),
                            value_kind_name(found->value.kind));
    return arena_printf(arena, "%.*s (%s) stands in no source; the nearest is %.*s", VIEW_ARG(said),
                        value_kind_name(found->value.kind), VIEW_ARG(nearest));
}

char *support_claim_message(struct arena *arena, const struct support_claim *found)
{
    return arena_printf(arena, "the sources carry %d %% of the words of this claim",
                        (int)(found->score_micro / 10000));
}
