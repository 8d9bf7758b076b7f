/* SPDX-License-Identifier: Apache-2.0
 *
 * history_past: see history_past.h. */
#include "app/history_past.h"

#include "app/history.h"

static enum gate_outcome outcome_named(struct view name)
{
    for (int outcome = GATE_PASS; outcome <= GATE_INCONCLUSIVE; outcome++)
        if (view_is(name, gate_outcome_name((enum gate_outcome)outcome)))
            return (enum gate_outcome)outcome;
    return GATE_FAIL;
}

/* Another scorer's scores are other figures. */
static bool belongs(const struct store_run *past, const struct run *run)
{
    return past->has_score && view_equal(past->scorer, run->scorer)
           && !view_equal(past->id, run->id) && past->started_unix_s <= run->started_unix_s;
}

/* Where the history knows the run, only what it holds before it. */
static int64_t sequence_of(struct store *store, const struct run *run, struct arena *arena)
{
    struct store_run known;
    struct err ignored;

    return store_get_run(store, run->id, arena, &known, &ignored) == 0 ? known.sequence : 0;
}

/* The store's runs, which is closed then. */
static int past_of(struct store *store, int64_t before_sequence, const struct run *run,
                   struct arena *arena, const struct report_past **ret_past, size_t *ret_count)
{
    struct store_filter filter = {.kind = view_of("test"),
                                  .suite = run->suite,
                                  .before_sequence = before_sequence,
                                  .limit = HISTORY_PAST_MAX + 1,
                                  .finished = true,
                                  .brief = true};
    struct store_run *runs = NULL;
    struct err ignored;
    size_t found = 0, count = 0;

    int code = store_list_runs(store, &filter, arena, &runs, &found, &ignored);
    store_close(store);
    if (code != 0)
        return 0;
    struct report_past *past = arena_new(arena, found + 1, sizeof *past);
    if (past == NULL)
        return ERR_MEMORY;
    for (size_t i = found; i-- > 0;)
        if (belongs(&runs[i], run))
            past[count++] = (struct report_past){.run = runs[i].id,
                                                 .started_unix_s = runs[i].started_unix_s,
                                                 .mean_micro = (int32_t)runs[i].mean_micro,
                                                 .outcome = outcome_named(runs[i].outcome)};
    *ret_past = past;
    *ret_count = count;
    return 0;
}

int history_past(const struct plan *plan, const struct run *run, struct arena *arena,
                 const struct report_past **ret_past, size_t *ret_count)
{
    struct store *store = NULL;
    struct err ignored;

    *ret_past = NULL;
    *ret_count = 0;
    if (history_open(plan, &store, &ignored) != 0)
        return 0;
    return past_of(store, 0, run, arena, ret_past, ret_count);
}

int history_past_configured(const char *config, const char *const *overrides, size_t override_count,
                            const struct run *run, struct arena *arena,
                            const struct report_past **ret_past, size_t *ret_count)
{
    struct store *store = NULL;
    struct err ignored;

    *ret_past = NULL;
    *ret_count = 0;
    if (history_open_configured(config, overrides, override_count, &store, &ignored) != 0)
        return 0;
    return past_of(store, sequence_of(store, run, arena), run, arena, ret_past, ret_count);
}
