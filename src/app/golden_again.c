/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_again: --repeat auto. When all answers of a round are there, entries are judged, and those
 * whose further answers can still change the verdict (core/golden/adaptive_repeats) are asked
 * again. The gate is applied once, by golden_run_finish. */
#include "app/golden_run_state.h"
#include "core/golden/adaptive_repeats.h"

static bool is_adaptive(const struct golden_run *run)
{
    return run->plan->repeat_max > 0 && !run->is_given && view_is(run->result.kind, "test");
}

/* Questions that were planned and not put, since the money ended, are as though they had never been
 * planned. */
static void forget_unasked(struct golden_run *run)
{
    for (size_t i = 0; i < run->result.entry_count; i++) {
        struct run_entry *entry = &run->result.entries[i];
        while (entry->sample_count > run->plan->repeat
               && !entry->samples[entry->sample_count - 1].asked)
            entry->sample_count--;
    }
}

bool golden_again(struct golden_run *run)
{
    struct adaptive_repeats machine = {
        .most = run->plan->repeat_max,
        .mode = run->options.gate.mode,
        .limits = {.critical_micro = (int32_t)run->plan->suite->thresholds.critical_micro,
                   .major_micro = (int32_t)run->plan->suite->thresholds.major_micro,
                   .minor_micro = (int32_t)run->plan->suite->thresholds.minor_micro},
    };
    struct adaptive_round round;

    if (!is_adaptive(run) || run->failure.code != 0)
        return false;
    run->result.repeat_max = run->plan->repeat_max;
    forget_unasked(run);
    if (run->result.interrupted)
        return false;
    if (run->extra == NULL)
        run->extra = arena_new(&run->arena, run->result.entry_count, sizeof *run->extra);
    if (run->extra == NULL) {
        golden_run_broken(run, ERR_MEMORY, err_text(ERR_MEMORY));
        return false;
    }
    golden_run_judge(run);
    adaptive_repeats_next(&machine, &run->result, run->extra, &round);
    run->result.undecided = round.ended == ADAPTIVE_FAILED ? 0 : round.undecided;
    if (round.ended != ADAPTIVE_GOES_ON || run->stopping)
        return false;
    if (golden_ask_more(run, run->extra) != 0) {
        golden_run_broken(run, ERR_MEMORY, err_text(ERR_MEMORY));
        return false;
    }
    run->result.rounds++;
    loop_defer(run->host->loop, &run->pump);
    return true;
}
