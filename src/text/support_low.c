/* SPDX-License-Identifier: Apache-2.0
 *
 * support_low: how well the sources carry a claim: the weighted share of its terms that the best
 * window of a source has; see support.h.
 *
 * A term weighs log((spans + 1) / (spans that have it + 0.5)); one that no span has weighs most. A
 * window is WINDOW spans of one source that follow each other. Terms of the question that no source
 * has say nothing new and weigh nothing. A term of more than POSTINGS_MAX spans counts as present
 * in every window, so that the work is bounded. */
#include "text/support_internal.h"

#include <math.h>

#include "base/mem.h"

enum { WINDOW = 3, TERMS_MIN = 3, POSTINGS_MAX = 512, FIRST_ROOM = 64, TOUCHED_MAX = 1 << 20 };

static const int64_t MILLION = 1000000;

/* The terms of one claim. */
struct term_list {
    uint64_t *items;
    size_t count;
    size_t room;
};

static int add_term(void *context, uint64_t term)
{
    struct term_list *list = context;

    if (list->count == list->room) {
        size_t room = list->room == 0 ? FIRST_ROOM : 2 * list->room;
        uint64_t *items = mem_resize(list->items, room, sizeof *items);
        if (items == NULL)
            return ERR_MEMORY;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = term;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void drop_repeated(struct term_list *list)
{
    size_t kept = 0;

    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, by_number);
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || list->items[i] != list->items[i - 1])
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

/* What scoring needs from claim to claim. */
struct scorer {
    const struct support_sources *sources;
    const struct morphology *morphology;
    struct term_list terms;
    int64_t *weight;   /* of a window: what it has of the claim */
    uint64_t *last;    /* of a window: the term that was added last, + 1, over all claims */
    uint32_t *touched; /* windows with a weight */
    size_t touched_count;
    uint64_t stamp;
};

static int64_t weight_of(const struct support_sources *sources, uint32_t frequency)
{
    double spans = (double)sources->span_count;
    return (int64_t)llround(1000.0 * log((spans + 1) / (frequency + 0.5)));
}

static void add_postings(struct scorer *scorer, uint32_t term, int64_t weight)
{
    const struct support_sources *sources = scorer->sources;

    scorer->stamp++;
    for (uint32_t i = sources->posting_at[term]; i < sources->posting_at[term + 1]; i++) {
        uint32_t span = sources->postings[i];
        for (uint32_t back = 0; back < WINDOW && back <= span; back++) {
            uint32_t window = span - back;
            if (sources->spans[window].source != sources->spans[span].source)
                break;
            if (scorer->last[window] == scorer->stamp)
                continue;
            scorer->last[window] = scorer->stamp;
            if (scorer->weight[window] == 0)
                scorer->touched[scorer->touched_count++] = window;
            scorer->weight[window] += weight;
        }
    }
}

/* The best window and its weight; forgets all weights. */
static int64_t take_best(struct scorer *scorer, uint32_t *ret_window)
{
    int64_t best = 0;

    for (size_t i = 0; i < scorer->touched_count; i++) {
        uint32_t window = scorer->touched[i];
        if (scorer->weight[window] > best
            || (scorer->weight[window] == best && best > 0 && window < *ret_window)) {
            best = scorer->weight[window];
            *ret_window = window;
        }
        scorer->weight[window] = 0;
    }
    scorer->touched_count = 0;
    return best;
}

static struct view window_text(const struct support_sources *sources, uint32_t window)
{
    uint32_t last = window;
    const struct source_span *spans = sources->spans;

    while (last + 1 < sources->span_count && last + 1 < window + WINDOW
           && spans[last + 1].source == spans[window].source)
        last++;
    return view_slice(sources->sources[spans[window].source], spans[window].start, spans[last].end);
}

/* Scores the claim; ret_weight is what its terms weigh together, 0: nothing to judge. */
static int score(struct scorer *scorer, struct arena *arena, struct support_claim *claim,
                 int64_t *ret_weight)
{
    const struct support_sources *sources = scorer->sources;
    struct normalised spelled;
    int64_t total = 0;
    int64_t everywhere = 0;
    uint32_t window = 0;
    unsigned judged = 0;
    int status = values_spell(arena, claim->claim.text, &spelled);

    scorer->terms.count = 0;
    if (status == 0)
        status = terms_of(spelled.text, scorer->morphology, add_term, &scorer->terms);
    if (status != 0)
        return status;
    drop_repeated(&scorer->terms);
    for (size_t i = 0; i < scorer->terms.count; i++) {
        uint64_t term = scorer->terms.items[i];
        const uint32_t *number = key_table_get(&sources->terms, term);
        if (number == NULL && key_table_has(&sources->known, term))
            continue;
        int64_t weight = weight_of(sources, number == NULL ? 0 : sources->frequency[*number]);
        total += weight;
        judged++;
        if (number != NULL && sources->frequency[*number] > POSTINGS_MAX)
            everywhere += weight;
        else if (number != NULL)
            add_postings(scorer, *number, weight);
    }
    int64_t best = take_best(scorer, &window) + everywhere;
    if (judged < TERMS_MIN)
        return 0;
    *ret_weight = total;
    claim->score_micro = best * MILLION / total;
    if (best > everywhere) {
        claim->best = window_text(sources, window);
        claim->source = sources->spans[window].source;
    }
    return 0;
}

static void summarise(struct support_report *report, const struct support_claim *claim,
                      int64_t weight, int64_t *weights, int64_t *sum)
{
    report->judged++;
    report->low_count += claim->is_low;
    if (report->lowest_micro < 0 || claim->score_micro < report->lowest_micro)
        report->lowest_micro = claim->score_micro;
    *weights += weight;
    *sum += weight * (claim->score_micro / 1000);
}

static int score_all(struct scorer *scorer, struct arena *arena,
                     const struct support_options *options, struct support_claim *claims,
                     struct support_report *report)
{
    int64_t weights = 0;
    int64_t sum = 0;
    int status = 0;

    report->lowest_micro = -1;
    report->mean_micro = -1;
    for (size_t i = 0; i < report->claim_count && status == 0; i++) {
        struct support_claim *claim = &claims[i];
        int64_t weight = 0;
        if (claim->claim.role != CLAIM_STATEMENT)
            continue;
        status = score(scorer, arena, claim, &weight);
        if (status != 0 || weight == 0)
            continue;
        if (options->similarity != NULL && claim->best.len > 0) {
            int64_t similar = options->similarity(options->context, claim->claim.text, claim->best);
            if (similar > claim->score_micro)
                claim->score_micro = similar;
        }
        claim->is_low = claim->score_micro < options->floor_micro;
        summarise(report, claim, weight, &weights, &sum);
    }
    if (weights > 0)
        report->mean_micro = sum / weights * 1000;
    return status;
}

int support_score_claims(struct arena *arena, const struct support_sources *sources,
                         const struct morphology *morphology, const struct support_options *options,
                         const struct claims *claims, struct support_report *report)
{
    struct scorer scorer = {.sources = sources, .morphology = morphology};
    struct support_claim *scored = arena_new(arena, claims->count + 1, sizeof *scored);

    if (scored == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < claims->count; i++)
        scored[i] = (struct support_claim){.claim = claims->items[i], .score_micro = -1};
    report->claims = scored;
    report->claim_count = claims->count;
    report->lowest_micro = -1;
    report->mean_micro = -1;
    if (!options->low || sources->span_count == 0)
        return 0;
    scorer.weight = mem_new(sources->span_count, sizeof *scorer.weight);
    scorer.last = mem_new(sources->span_count, sizeof *scorer.last);
    scorer.touched = mem_new(sources->span_count, sizeof *scorer.touched);
    int status = ERR_MEMORY;
    if (scorer.weight != NULL && scorer.last != NULL && scorer.touched != NULL)
        status = score_all(&scorer, arena, options, scored, report);
    mem_free(scorer.terms.items);
    mem_free(scorer.weight);
    mem_free(scorer.last);
    mem_free(scorer.touched);
    return status;
}
