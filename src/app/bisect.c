/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect: see bisect.h. Life, and the turn of questions between machine, memory and golden runs. */
#include "app/bisect.h"

#include <stdio.h>

#include "app/bisect_parts.h"
#include "base/mem.h"

enum { CALLS_BESIDES = 500 };

static const size_t ARENA_BYTES_MAX = (size_t)2 << 30;

int bisect_no_memory(struct err *reterr)
{
    return fail(reterr, ERR_MEMORY, "no memory to bisect");
}

void bisect_note(struct bisect_run *run, const char *format, ...)
{
    struct strbuf text;
    va_list args;

    if (run->report.note_count == BISECT_NOTES_MAX)
        return;
    strbuf_init(&text, 4096);
    va_start(args, format);
    strbuf_vprintf(&text, format, args);
    va_end(args);
    if (strbuf_status(&text) == 0
        && arena_copy(&run->arena, strbuf_view(&text), &run->notes[run->report.note_count]) == 0)
        run->report.note_count++;
    strbuf_release(&text);
}

static int make_machine(struct bisect_run *run, struct err *reterr)
{
    struct bisect_options options = {
        .commits = run->commit_count,
        .entries = run->item_count,
        .versions = run->versions,
        .is_skipped = run->is_skipped,
        .repeat = run->options.repeat,
        .calls_max = run->options.calls_max,
        .seed = run->today.seed,
    };

    int code = bisect_new(&options, &run->machine);
    if (code == 0 && options.calls_max == 0) {
        bisect_limit(run->machine, bisect_survey_calls(run->machine) + CALLS_BESIDES);
        run->options.calls_max = bisect_survey_calls(run->machine) + CALLS_BESIDES;
    }
    if (code == ERR_LIMIT)
        return fail(reterr, code,
                    "%zu commits with %zu entries are too much: choose closer ends, "
                    "or entries with --entry",
                    run->commit_count, run->item_count);
    if (code != 0)
        return fail(reterr, code, "cannot bisect: %s", err_text(code));
    uint64_t needed = bisect_survey_calls(run->machine);
    if (run->options.calls_max < needed)
        return fail(reterr, ERR_USAGE,
                    "--max-calls %llu: comparing the ends alone takes %llu questions: allow more, "
                    "ask fewer entries (--entry, --filter) or say a smaller --repeat",
                    (unsigned long long)run->options.calls_max, (unsigned long long)needed);
    return 0;
}

static int begin(struct bisect_run *run, struct err *reterr)
{
    int code = bisect_line_read(run, reterr);

    if (code == 0)
        code = make_machine(run, reterr);
    if (code == 0)
        code = answer_cache_open(run->today.state_dir, &run->answers, reterr);
    if (code == 0)
        code = bisect_memory_open(run, reterr);
    if (code == 0)
        answer_cache_since(run->answers, run->started_unix_s);
    return code;
}

int bisect_run_new(const struct bisect_run_options *options, const struct host *host,
                   struct bisect_run **ret_run, struct err *reterr)
{
    struct bisect_run *run = mem_new(1, sizeof *run);

    if (run == NULL)
        return bisect_no_memory(reterr);
    run->options = *options;
    run->host = host;
    run->lock.descriptor = -1;
    arena_init(&run->arena, ARENA_BYTES_MAX);
    map_init(&run->heard, (size_t)1 << 24, 11);
    run->report.notes = run->notes;
    int code = begin(run, reterr);
    if (code != 0) {
        bisect_run_free(run);
        return code;
    }
    *ret_run = run;
    return 0;
}

void bisect_run_free(struct bisect_run *run)
{
    if (run == NULL)
        return;
    bisect_memory_release(run);
    answer_cache_close(run->answers);
    bisect_free(run->machine);
    git_close(run->git);
    if (run->has_today)
        plan_release(&run->today);
    map_release(&run->heard);
    arena_release(&run->arena);
    mem_free(run);
}

void bisect_run_interrupt(struct bisect_run *run)
{
    run->interrupted = true;
    if (run->golden != NULL)
        golden_run_interrupt(run->golden);
}

/* ---- the turn of questions ------------------------------------------------------------------ */

struct turn {
    struct bisect_ask *asks;
    struct bisect_heard *heard;
    size_t count;
    size_t room;
};

/* All questions that the machine has now. */
static int collect(struct bisect *machine, struct turn *turn)
{
    struct bisect_ask ask;

    turn->count = 0;
    while (bisect_next(machine, &ask)) {
        if (turn->count == turn->room) {
            size_t room = turn->room > 0 ? turn->room * 2 : 64;
            struct bisect_ask *asks = mem_resize(turn->asks, room, sizeof *asks);
            if (asks == NULL)
                return ERR_MEMORY;
            turn->asks = asks;
            struct bisect_heard *heard = mem_resize(turn->heard, room, sizeof *heard);
            if (heard == NULL)
                return ERR_MEMORY;
            turn->heard = heard;
            turn->room = room;
        }
        turn->asks[turn->count++] = ask;
    }
    return 0;
}

static void tell_progress(struct bisect_run *run)
{
    struct bisect_result result = bisect_result(run->machine);
    struct bisect_progress progress = {
        .phase = result.phase, .calls = result.calls, .posterior = result.posterior};

    if (run->options.progress == NULL)
        return;
    size_t *members = mem_new(run->commit_count, sizeof *members);
    if (members != NULL && result.is_searched)
        progress.credible = bisect_credible(run->machine, .95, members);
    mem_free(members);
    run->options.progress(run->options.progress_context, &progress);
}

static bool is_spent(const struct bisect_run *run)
{
    return run->options.cost_nano_usd_max > 0
           && run->cost_nano_usd >= run->options.cost_nano_usd_max;
}

/* Answers in the order of the questions, so that a search taken up again goes the same way. */
static int feed(struct bisect_run *run, const struct turn *turn, struct err *reterr)
{
    bool whole = true;
    int code = 0;

    for (size_t i = 0; i < turn->count; i++)
        whole = whole && turn->heard[i].is_there;
    for (size_t i = 0; whole && i < turn->count && code == 0; i++)
        code = bisect_feed(run->machine, &turn->asks[i], turn->heard[i].answer);
    if (code == ERR_LIMIT)
        return fail(reterr, code, "more than %d commits change what is asked: choose closer ends",
                    NOISY_SEARCH_MAX);
    if (code != 0)
        return bisect_no_memory(reterr);
    if (run->interrupted)
        bisect_stop(run->machine, BISECT_INTERRUPTED);
    else if (!whole || is_spent(run))
        bisect_stop(run->machine, BISECT_BUDGET);
    return 0;
}

static int take_turns(struct bisect_run *run, struct turn *turn, struct err *reterr)
{
    int code = 0;

    while (code == 0 && bisect_result(run->machine).phase != BISECT_ENDED) {
        tell_progress(run);
        if (collect(run->machine, turn) != 0)
            return bisect_no_memory(reterr);
        if (turn->count == 0)
            break;
        code = bisect_ask_all(run, turn->asks, turn->count, turn->heard, reterr);
        if (code == 0)
            code = feed(run, turn, reterr);
    }
    return code;
}

int bisect_run_go(struct bisect_run *run, struct err *reterr)
{
    struct turn turn = {0};
    int code = take_turns(run, &turn, reterr);

    mem_free(turn.asks);
    mem_free(turn.heard);
    if (code != 0)
        return code;
    enum bisect_outcome outcome = bisect_result(run->machine).outcome;
    if (outcome == BISECT_UNANSWERED)
        return fail(reterr, run->last_error.code != 0 ? run->last_error.code : ERR_UPSTREAM,
                    "%d answers in a row could not be had: %s", BISECT_ERRORS_MAX,
                    run->last_error.text);
    if (outcome != BISECT_FOUND && outcome != BISECT_SAME_ENDS && outcome != BISECT_SAME_ASKED)
        return 0;
    return bisect_memory_close(run, reterr);
}

int bisect_run_report(struct bisect_run *run, const struct bisect_report **ret_report,
                      struct err *reterr)
{
    int code = bisect_tell(run, reterr);

    if (code == 0)
        *ret_report = &run->report;
    return code;
}
