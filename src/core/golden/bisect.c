/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect: see bisect.h. Answers are tallied in cells, one for each distinct question of an entry,
 * and, while probing, on nodes: runs of commits that ask the same of all discordant entries. */
#include "core/golden/bisect_state.h"

#include "base/mem.h"

static const double SHARE_FOUND = .95;

/* ---- life ----------------------------------------------------------------------------------- */

uint64_t bisect_version(const struct bisect *bisect, size_t commit, size_t entry)
{
    return bisect->options.versions[commit * bisect->options.entries + entry];
}

struct bisect_cell *bisect_cell(const struct bisect *bisect, size_t commit, size_t entry)
{
    return &bisect->cells[bisect->cell_of[commit * bisect->options.entries + entry]];
}

/* The cells of one entry: commits with equal versions share one. Versions of an entry are few, but
 * for the worst case the last ones are looked at first. */
static void name_cells(struct bisect *bisect, size_t entry)
{
    const size_t entries = bisect->options.entries;
    size_t first = bisect->cell_count;

    for (size_t commit = 0; commit < bisect->options.commits; commit++) {
        uint64_t version = bisect_version(bisect, commit, entry);
        size_t cell = bisect->cell_count;
        while (cell > first && bisect->cells[cell - 1].version != version)
            cell--;
        if (cell == first)
            bisect->cells[bisect->cell_count++] = (struct bisect_cell){.version = version};
        bisect->cell_of[commit * entries + entry] =
            cell == first ? bisect->cell_count - 1 : cell - 1;
    }
}

static bool is_line(const struct bisect_options *options)
{
    return options->commits >= 2 && options->entries >= 1 && options->versions != NULL
           && options->is_skipped != NULL && !options->is_skipped[0]
           && !options->is_skipped[options->commits - 1];
}

static int make_room(struct bisect *bisect)
{
    const struct bisect_options *options = &bisect->options;
    size_t cells = options->commits * options->entries;

    bisect->cells = mem_new(cells, sizeof *bisect->cells);
    bisect->cell_of = mem_new(cells, sizeof *bisect->cell_of);
    bisect->entries = mem_new(options->entries, sizeof *bisect->entries);
    bisect->nodes = mem_new(options->commits, sizeof *bisect->nodes);
    bisect->node_of = mem_new(options->commits, sizeof *bisect->node_of);
    bisect->turns = mem_new(options->entries, sizeof *bisect->turns);
    return bisect->cells == NULL || bisect->cell_of == NULL || bisect->entries == NULL
                   || bisect->nodes == NULL || bisect->node_of == NULL || bisect->turns == NULL
               ? ERR_MEMORY
               : 0;
}

static void choose_entries(struct bisect *bisect)
{
    const size_t last = bisect->options.commits - 1;

    for (size_t i = 0; i < bisect->options.entries; i++) {
        uint64_t good = bisect_version(bisect, 0, i);
        uint64_t bad = bisect_version(bisect, last, i);
        bisect->entries[i].is_asked = good != 0 && bad != 0 && good != bad;
        bisect->asked_count += bisect->entries[i].is_asked;
    }
    bisect->repeat = bisect->options.repeat;
    if (bisect->repeat == 0 && bisect->asked_count > 0) {
        size_t wanted = (BISECT_CALIBRATION + bisect->asked_count - 1) / bisect->asked_count;
        bisect->repeat = wanted > BISECT_REPEAT_MIN ? (uint32_t)wanted : BISECT_REPEAT_MIN;
    }
}

int bisect_new(const struct bisect_options *options, struct bisect **ret_bisect)
{
    if (!is_line(options))
        return ERR_INVALID;
    if (options->commits > BISECT_CELLS_MAX / options->entries)
        return ERR_LIMIT;
    struct bisect *bisect = mem_new(1, sizeof *bisect);
    if (bisect == NULL)
        return ERR_MEMORY;
    bisect->options = *options;
    rng_init_named(&bisect->rng, options->seed, view_of("bisect"));
    int code = make_room(bisect);
    if (code != 0) {
        bisect_free(bisect);
        return code;
    }
    for (size_t i = 0; i < options->entries; i++)
        name_cells(bisect, i);
    choose_entries(bisect);
    if (bisect->asked_count == 0)
        bisect_end(bisect, BISECT_SAME_ASKED);
    else
        code = bisect_survey(bisect, BISECT_SURVEY_GOOD);
    if (code != 0) {
        bisect_free(bisect);
        return code;
    }
    *ret_bisect = bisect;
    return 0;
}

void bisect_free(struct bisect *bisect)
{
    if (bisect == NULL)
        return;
    if (bisect->is_searching)
        noisy_search_release(&bisect->search);
    mem_free(bisect->cells);
    mem_free(bisect->cell_of);
    mem_free(bisect->entries);
    mem_free(bisect->nodes);
    mem_free(bisect->node_of);
    mem_free(bisect->turns);
    mem_free(bisect->asks);
    mem_free(bisect);
}

uint64_t bisect_survey_calls(const struct bisect *bisect)
{
    return 2 * (uint64_t)bisect->asked_count * bisect->repeat;
}

void bisect_limit(struct bisect *bisect, uint64_t calls_max)
{
    bisect->options.calls_max = calls_max;
}

void bisect_end(struct bisect *bisect, enum bisect_outcome outcome)
{
    bisect->outcome = outcome;
    bisect->phase = BISECT_ENDED;
    bisect->ask_count = bisect->ask_next = 0;
    bisect->awaited = 0;
}

void bisect_stop(struct bisect *bisect, enum bisect_outcome outcome)
{
    if (bisect->phase != BISECT_ENDED)
        bisect_end(bisect, outcome);
}

/* ---- questions ------------------------------------------------------------------------------ */

int bisect_want(struct bisect *bisect, size_t commit, size_t entry)
{
    if (bisect->ask_count == bisect->ask_room) {
        size_t room = bisect->ask_room > 0 ? bisect->ask_room * 2 : 64;
        struct bisect_ask *asks = mem_resize(bisect->asks, room, sizeof *asks);
        if (asks == NULL)
            return ERR_MEMORY;
        bisect->asks = asks;
        bisect->ask_room = room;
    }
    bisect->asks[bisect->ask_count++] = (struct bisect_ask){
        .commit = commit,
        .entry = entry,
        .sample = bisect_cell(bisect, commit, entry)->drawn++,
    };
    return 0;
}

int bisect_survey(struct bisect *bisect, enum bisect_phase phase)
{
    size_t commit = phase == BISECT_SURVEY_GOOD ? 0 : bisect->options.commits - 1;
    int code = 0;

    bisect->phase = phase;
    for (size_t i = 0; i < bisect->options.entries; i++)
        for (uint32_t k = 0; bisect->entries[i].is_asked && k < bisect->repeat && code == 0; k++)
            code = bisect_want(bisect, commit, i);
    return code;
}

bool bisect_next(struct bisect *bisect, struct bisect_ask *ret_ask)
{
    if (bisect->ask_next == bisect->ask_count)
        return false;
    if (bisect->options.calls_max > 0 && bisect->calls >= bisect->options.calls_max) {
        if (bisect->awaited == 0)
            bisect_end(bisect, BISECT_BUDGET);
        return false;
    }
    bisect->calls++;
    bisect->awaited++;
    *ret_ask = bisect->asks[bisect->ask_next++];
    return true;
}

/* An answer that could not be had is drawn again, with a number of its own. */
static int draw_again(struct bisect *bisect, const struct bisect_ask *ask)
{
    if (++bisect->errors < BISECT_ERRORS_MAX)
        return bisect_want(bisect, ask->commit, ask->entry);
    if (bisect->awaited == 0)
        bisect_end(bisect, BISECT_UNANSWERED);
    return 0;
}

static void tally(struct bisect *bisect, const struct bisect_ask *ask, bool passed)
{
    struct bisect_cell *cell = bisect_cell(bisect, ask->commit, ask->entry);

    cell->rate.answers++;
    cell->rate.passes += passed;
    if (bisect->phase == BISECT_CALIBRATE) {
        struct bisect_entry *entry = &bisect->entries[ask->entry];
        struct bisect_rate *side = ask->commit == 0 ? &entry->ends_good : &entry->ends_bad;
        side->answers++;
        side->passes += passed;
    }
    if (bisect->is_searching && bisect->entries[ask->entry].is_discordant)
        noisy_search_saw(&bisect->search, bisect->node_of[ask->commit], passed, !passed);
}

int bisect_feed(struct bisect *bisect, const struct bisect_ask *ask, enum bisect_answer answer)
{
    int code = 0;

    if (bisect->phase == BISECT_ENDED)
        return 0; /* it was stopped meanwhile */
    assert_always(ask->commit < bisect->options.commits && ask->entry < bisect->options.entries
                  && bisect->awaited > 0);
    bisect->awaited--;
    if (answer == BISECT_NO_ANSWER) {
        code = draw_again(bisect, ask);
    } else {
        bisect->errors = 0;
        tally(bisect, ask, answer == BISECT_PASSED);
    }
    if (code != 0 || bisect->phase == BISECT_ENDED || bisect->awaited > 0)
        return code;
    if (bisect->errors >= BISECT_ERRORS_MAX)
        bisect_end(bisect, BISECT_UNANSWERED);
    else if (bisect->ask_next == bisect->ask_count)
        code = bisect_advance(bisect);
    return code;
}

/* ---- phases --------------------------------------------------------------------------------- */

static int probe(struct bisect *bisect)
{
    double posterior = 0;

    noisy_search_update(&bisect->search);
    (void)noisy_search_best(&bisect->search, &posterior);
    if (posterior >= SHARE_FOUND)
        return bisect_confirm(bisect);
    bisect->phase = BISECT_PROBE;
    size_t node = noisy_search_next(&bisect->search);
    if (node == SIZE_MAX) {
        bisect_end(bisect, BISECT_BUDGET);
        return 0;
    }
    return bisect_want(bisect, bisect->nodes[node].first, bisect_turn(bisect));
}

/* Asks each discordant entry at both ends: `each` times, or as often as it was (0). */
static int ask_ends(struct bisect *bisect, size_t each)
{
    int code = 0;

    bisect->phase = BISECT_CALIBRATE;
    for (size_t i = 0; i < bisect->options.entries && code == 0; i++) {
        size_t times = each > 0 ? each : bisect->entries[i].ends_good.answers;
        for (size_t k = 0; bisect->entries[i].is_discordant && k < times && code == 0; k++) {
            code = bisect_want(bisect, 0, i);
            if (code == 0)
                code = bisect_want(bisect, bisect->options.commits - 1, i);
        }
    }
    return code;
}

/* Either what to ask next, or the end. */
static int after_calibration(struct bisect *bisect)
{
    int differ = 0;
    int code = bisect_ends_differ(bisect, &differ);

    if (code == 0 && differ < 0)
        return ask_ends(bisect, 0);
    if (code == 0 && differ == 0)
        bisect_end(bisect, BISECT_SAME_ENDS);
    if (code != 0 || differ == 0)
        return code;
    code = bisect_search(bisect);
    return code == 0 ? probe(bisect) : code;
}

static int after_survey(struct bisect *bisect)
{
    bool any = false;
    int code = bisect_choose(bisect, &any);

    if (code == 0 && !any)
        bisect_end(bisect, BISECT_SAME_ENDS);
    if (code != 0 || !any)
        return code;
    if (bisect->discordant_count == bisect->asked_count) {
        bisect_keep_survey(bisect);
        return after_calibration(bisect);
    }
    bisect->is_calibrated = true;
    return ask_ends(bisect,
                    (BISECT_CALIBRATION + bisect->discordant_count - 1) / bisect->discordant_count);
}

static int after_confirmation(struct bisect *bisect)
{
    double posterior = 0;

    noisy_search_update(&bisect->search);
    size_t best = noisy_search_best(&bisect->search, &posterior);
    if (posterior < SHARE_FOUND || bisect->nodes[best].first != bisect->confirmed_commit)
        return probe(bisect);
    int code = bisect_compare(bisect, bisect_side_confirmation, &bisect->confirmation);
    bisect->is_confirmed = code == 0;
    bisect_end(bisect, BISECT_FOUND);
    return code;
}

int bisect_advance(struct bisect *bisect)
{
    static int (*const after[])(struct bisect *) = {
        [BISECT_CALIBRATE] = after_calibration,
        [BISECT_PROBE] = probe,
        [BISECT_CONFIRM] = after_confirmation,
        [BISECT_SURVEY_BAD] = after_survey,
    };

    bisect->ask_count = bisect->ask_next = 0;
    if (bisect->phase == BISECT_SURVEY_GOOD)
        return bisect_survey(bisect, BISECT_SURVEY_BAD);
    int code = after[bisect->phase](bisect);
    /* a phase may find all its answers there already */
    while (code == 0 && bisect->phase == BISECT_CONFIRM && bisect->ask_count == 0)
        code = after_confirmation(bisect);
    return code;
}
