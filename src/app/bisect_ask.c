/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect_ask: the questions of a bisection put by golden runs: those of one commit and one range of
 * samples together. The first run, of the good end, makes the answers that all others are held
 * against. */
#include "app/bisect_parts.h"

#include "base/mem.h"
#include "shell/net/loop.h"

/* Questions of one commit: `count` samples from `first` on of each of the items. */
struct group {
    size_t commit;
    uint32_t first;
    uint32_t samples;
    struct plan_item *items; /* of that commit's plan */
    size_t *of_today;        /* the same, in the order of today's items */
    size_t item_count;
};

static int32_t major_of(const struct bisect_run *run)
{
    return (int32_t)run->today.suite->thresholds.major_micro;
}

static void on_ended(void *context)
{
    loop_stop(context);
}

/* ---- from questions to a plan --------------------------------------------------------------- */

/* Takes the questions of the next group out of the list; `taken` marks them. */
static void take_group(const struct bisect_ask *asks, size_t count, bool *taken,
                       struct group *group)
{
    size_t at = 0;

    while (taken[at])
        at++;
    group->commit = asks[at].commit;
    group->first = asks[at].sample;
    group->samples = 0;
    group->item_count = 0;
    /* the run of samples of the first entry sets the range that others must have */
    for (size_t i = at; i < count; i++)
        if (!taken[i] && asks[i].commit == group->commit && asks[i].entry == asks[at].entry
            && asks[i].sample == group->first + group->samples)
            group->samples++;
    for (size_t i = at; i < count; i++) {
        uint32_t found = 0;
        if (taken[i] || asks[i].commit != group->commit || asks[i].sample != group->first)
            continue;
        for (size_t j = i; j < count; j++)
            found += !taken[j] && asks[j].commit == group->commit && asks[j].entry == asks[i].entry
                     && asks[j].sample >= group->first
                     && asks[j].sample < group->first + group->samples;
        if (found != group->samples)
            continue;
        for (size_t j = i; j < count; j++)
            if (asks[j].commit == group->commit && asks[j].entry == asks[i].entry
                && asks[j].sample >= group->first && asks[j].sample < group->first + group->samples)
                taken[j] = true;
        group->of_today[group->item_count++] = asks[i].entry;
    }
}

/* Today's items as those of the commit's plan. */
static int find_items(const struct bisect_run *run, const struct plan *plan, struct group *group,
                      struct err *reterr)
{
    for (size_t i = 0; i < group->item_count; i++) {
        const struct plan_item *today = &run->today.items[group->of_today[i]];
        struct view id = run->today.set.entries[today->entry].id;
        struct view target = run->today.targets[today->target]->name;
        bool found = false;
        for (size_t j = 0; j < plan->item_count && !found; j++) {
            const struct plan_item *item = &plan->items[j];
            found = view_equal(plan->set.entries[item->entry].id, id)
                    && view_equal(plan->targets[item->target]->name, target);
            if (found)
                group->items[i] = *item;
        }
        if (!found)
            return fail(reterr, ERR_CONFIG,
                        "commit %.12s has no entry '%.*s' any more: was the "
                        "history rewritten?",
                        run->commits[group->commit].name.ptr, VIEW_ARG(id));
    }
    return 0;
}

/* ---- from a run to answers ------------------------------------------------------------------ */

static const struct baseline_entry *good_of(const struct bisect_run *run,
                                            const struct run_entry *entry)
{
    return run->has_baseline ? baseline_find(&run->baseline, entry->id, entry->target) : NULL;
}

/* The answers of the good end were scored each against the others: those scores count. */
static struct bisect_heard hear(struct bisect_run *run, const struct run_entry *entry,
                                size_t sample_at, bool is_baseline)
{
    const struct severity_limits limits = {.major_micro = major_of(run)};
    const struct baseline_entry *good = good_of(run, entry);
    const struct sample *sample = &entry->samples[sample_at];
    const struct score *score = &sample->score;
    struct bisect_heard heard = {.is_there = sample->asked, .cost_nano_usd = sample->cost_nano_usd};

    if (!sample->asked || (sample->scored && !run->has_baseline))
        return (struct bisect_heard){0}; /* without the good end's answers nothing is judged */
    if (!sample->scored) {
        heard.answer = BISECT_NO_ANSWER;
        fail(&run->last_error, sample->answer.reply.code, "%.*s",
             VIEW_ARG(sample->answer.reply.error_text));
        return heard;
    }
    if (is_baseline && good != NULL) {
        size_t nth = 0;
        for (size_t i = 0; i < sample_at; i++)
            nth += entry->samples[i].scored;
        if (nth < good->answer_count)
            score = &good->answers[nth].score;
    }
    heard.answer =
        bisect_passes(score, &sample->verdict, good, &limits) ? BISECT_PASSED : BISECT_FAILED;
    return heard;
}

static bool is_over_cost(const struct bisect_run *run, const struct sample *sample)
{
    return run->options.cost_nano_usd_max > 0 && sample->answer.reply.code == ERR_LIMIT
           && sample->answer.attempts == 0;
}

/* Whether the bound of the cost ended the run before all was asked. */
static bool is_cut_short(const struct bisect_run *run, const struct run *result)
{
    for (size_t i = 0; i < result->entry_count; i++)
        for (size_t j = 0; j < result->entries[i].sample_count; j++)
            if (is_over_cost(run, &result->entries[i].samples[j]))
                return true;
    return false;
}

static void hear_all(struct bisect_run *run, const struct run *result, const struct group *group,
                     bool is_baseline, const struct bisect_ask *asks, size_t count,
                     struct bisect_heard *ret_heard)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t sample = asks[i].sample - group->first;
        if (asks[i].commit != group->commit || asks[i].sample < group->first
            || sample >= group->samples || ret_heard[i].is_there)
            continue;
        for (size_t j = 0; j < group->item_count; j++) {
            const struct run_entry *entry = &result->entries[j];
            if (group->of_today[j] != asks[i].entry || sample >= entry->sample_count)
                continue;
            if (!is_over_cost(run, &entry->samples[sample]))
                ret_heard[i] = hear(run, entry, sample, is_baseline);
            break;
        }
    }
    run->cost_nano_usd += result->cost_nano_usd;
    run->cost_known = run->cost_known || result->cost_known;
}

/* ---- one golden run ------------------------------------------------------------------------- */

static int64_t cost_left_micro(const struct bisect_run *run)
{
    int64_t left = run->options.cost_nano_usd_max - run->cost_nano_usd;

    if (run->options.cost_nano_usd_max <= 0)
        return -1;
    return left > 1000 ? left / 1000 : 1;
}

static int finish(struct bisect_run *run, bool is_baseline, const struct run **ret_result,
                  struct err *reterr)
{
    struct baseline baseline;

    int code = golden_run_finish(run->golden, ret_result, reterr);
    if (code != 0 || !is_baseline || (*ret_result)->interrupted || (*ret_result)->answered == 0)
        return code;
    if (is_cut_short(run, *ret_result))
        return 0; /* all others are held against the whole of it: its answers are kept till then */
    code = golden_run_baseline(run->golden, &baseline, reterr);
    return code == 0 ? bisect_memory_keep_baseline(run, &baseline, reterr) : code;
}

static int run_plan(struct bisect_run *run, const struct plan *plan, const struct group *group,
                    const struct bisect_ask *asks, size_t count, struct bisect_heard *ret_heard,
                    struct err *reterr)
{
    bool is_baseline = !run->has_baseline;
    const struct run *result = NULL;
    struct golden_run_options options = {
        .kind = is_baseline ? "baseline" : "test",
        .model_dir = run->options.model_dir,
        .dictionary_dir = run->options.dictionary_dir,
        .program = run->options.program,
        .answers = run->answers,
        .first_sample = group->first,
    };

    int code = golden_run_new(plan, run->host, &options, &run->golden, reterr);
    if (code != 0)
        return code;
    golden_run_start(run->golden, on_ended, run->host->loop);
    if (run->interrupted)
        golden_run_interrupt(run->golden);
    loop_run(run->host->loop);
    code = finish(run, is_baseline, &result, reterr);
    if (code == 0)
        hear_all(run, result, group, is_baseline, asks, count, ret_heard);
    golden_run_free(run->golden);
    run->golden = NULL;
    return code;
}

static int ask_group(struct bisect_run *run, struct group *group, const struct bisect_ask *asks,
                     size_t count, struct bisect_heard *ret_heard, struct err *reterr)
{
    struct plan plan;

    int code = bisect_line_plan(run, group->commit, &plan, reterr);
    if (code != 0)
        return code;
    code = find_items(run, &plan, group, reterr);
    if (code == 0) {
        plan.items = group->items;
        plan.item_count = group->item_count;
        plan.repeat = group->samples;
        plan.max_cost_micro = cost_left_micro(run);
        plan.baseline = run->baseline;
        plan.has_baseline = run->has_baseline;
        code = run_plan(run, &plan, group, asks, count, ret_heard, reterr);
    }
    plan_release(&plan);
    return code;
}

/* The cost of a run may end it before all were asked: then no more are. */
static bool all_heard(const struct bisect_heard *heard, const bool *taken, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (taken[i] && !heard[i].is_there)
            return false;
    return true;
}

static int ask_rest(struct bisect_run *run, const struct bisect_ask *asks, size_t count,
                    struct bisect_heard *ret_heard, struct err *reterr)
{
    struct group group = {.items = mem_new(count, sizeof *group.items),
                          .of_today = mem_new(count, sizeof *group.of_today)};
    bool *taken = mem_new(count, sizeof *taken);
    size_t left = count;
    int code = group.items == NULL || group.of_today == NULL || taken == NULL
                   ? bisect_no_memory(reterr)
                   : 0;

    while (code == 0 && left > 0 && !run->interrupted) {
        take_group(asks, count, taken, &group);
        code = ask_group(run, &group, asks, count, ret_heard, reterr);
        left = 0;
        for (size_t i = 0; i < count; i++)
            left += !taken[i];
        if (code == 0 && !all_heard(ret_heard, taken, count))
            break;
    }
    mem_free(taken);
    mem_free(group.items);
    mem_free(group.of_today);
    return code;
}

int bisect_ask_all(struct bisect_run *run, const struct bisect_ask *asks, size_t count,
                   struct bisect_heard *ret_heard, struct err *reterr)
{
    struct bisect_ask *rest = mem_new(count, sizeof *rest);
    struct bisect_heard *heard = mem_new(count, sizeof *heard);
    size_t *place = mem_new(count, sizeof *place);
    size_t left = 0;
    int code = rest == NULL || heard == NULL || place == NULL ? bisect_no_memory(reterr) : 0;

    for (size_t i = 0; i < count && code == 0; i++) {
        ret_heard[i] = (struct bisect_heard){0};
        if (bisect_memory_recall(run, &asks[i], &ret_heard[i]))
            continue;
        place[left] = i;
        rest[left++] = asks[i];
    }
    if (code == 0 && left > 0)
        code = ask_rest(run, rest, left, heard, reterr);
    if (code == 0 && left > 0)
        code = bisect_memory_keep(run, rest, left, heard, reterr);
    for (size_t i = 0; i < left && code == 0; i++)
        ret_heard[place[i]] = heard[i];
    mem_free(rest);
    mem_free(heard);
    mem_free(place);
    return code;
}
