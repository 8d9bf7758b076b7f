/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_run: see golden_run.h. Life and judgement; golden_ask.c asks, golden_embed.c embeds. */
#include "app/golden_run.h"

#include <stdio.h>

#include "app/golden_exec.h"
#include "app/golden_others.h"
#include "app/golden_run_state.h"
#include "app/plan_texts.h"
#include "app/words.h"
#include "base/date.h"
#include "base/map.h"
#include "base/mem.h"
#include "core/golden/fluent.h"
#include "core/golden/gate_check.h"
#include "core/golden/judge.h"
#include "core/pool/account.h"
#include "shell/os/clock.h"
#include "shell/os/seed.h"

enum { POOLS_BYTES_MAX = 64 << 20 };

static const size_t RUN_BYTES_MAX = (size_t)16 << 30;

/* ---- life ----------------------------------------------------------------------------------- */

/* Two runs of one second, of one history on two machines, must not be one: letters too, since of 50
 * jobs that start together two have the same four hex digits in every fiftieth such second. */
static int name_run(struct golden_run *run)
{
    static const char signs[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    enum { NUMBER = 4, SIGNS = sizeof signs - 1 };
    char number[NUMBER + 1] = "";
    uint64_t random = seed_random();
    char date[DATE_ISO_SIZE];

    date_iso(run->result.started_unix_s, date);
    for (char *at = date; *at != '\0'; at++)
        if (*at == ':')
            *at = '-';
    for (size_t i = 0; i < NUMBER; i++, random /= SIGNS)
        number[i] = signs[random % SIGNS];
    const char *id = arena_printf(&run->arena, "%s-%s", date, number);
    if (id == NULL)
        return ERR_MEMORY;
    run->result.id = view_of(id);
    return 0;
}

static int open_targets(struct golden_run *run, struct err *reterr)
{
    const struct plan *plan = run->plan;
    int code = 0;

    if (run->options.recorded != NULL || run->options.rescore)
        return 0;
    run->targets = arena_new(&run->arena, plan->target_count, sizeof *run->targets);
    if (run->targets == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for targets");
    for (size_t i = 0; i < plan->target_count && code == 0; i++) {
        code = target_prepare(&plan->settings, plan->targets[i], &run->overrides, &run->arena,
                              &run->targets[i], reterr);
        if (code == 0)
            code = target_open(&run->targets[i], run->host, &run->overrides, reterr);
    }
    return code;
}

static int set_apart(struct golden_run *run)
{
    char today[SIGNOFF_DATE_SIZE];

    if (!view_is(run->result.kind, "test"))
        return 0; /* nothing is decided */
    signoff_date(run->result.started_unix_s, today);
    return quarantine_apply(&run->plan->quarantine, &run->result, today);
}

static int begin(struct golden_run *run, struct err *reterr)
{
    const struct plan *plan = run->plan;

    run->result = (struct run){
        .kind = view_of(run->options.kind),
        .suite = plan->suite->name,
        .golden_file = plan->set.file,
        .golden_version = view_of(plan->golden_version),
        .baseline_file = plan->has_baseline ? view_of(plan->baseline_path) : (struct view){"", 0},
        .baseline_version = view_of(plan->baseline_version),
        .started_unix_s = clock_unix_s(),
        .seed = plan->seed,
        .repeat = plan->repeat,
        .provenance = run->options.provenance,
        .shard_index = plan->shard.index,
        .shard_count = plan->shard.count,
        .recorded_answers = run->options.recorded != NULL || run->options.rescore,
        .mean = score_absent(),
    };
    if (name_run(run) != 0)
        return fail(reterr, ERR_MEMORY, "no memory for a run");
    int code = golden_embed_prepare(run, reterr);
    if (code == 0)
        code = open_targets(run, reterr);
    if (code == 0)
        code = golden_others_prepare(run, reterr);
    if (code == 0)
        code = golden_ask_prepare(run, reterr);
    if (code == 0 && set_apart(run) != 0)
        code = fail(reterr, ERR_MEMORY, "no memory for a run");
    return code;
}

int golden_run_new(const struct plan *plan, const struct host *host,
                   const struct golden_run_options *options, struct golden_run **ret_run,
                   struct err *reterr)
{
    struct golden_run *run = mem_new(1, sizeof *run);

    if (run == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a run");
    run->plan = plan;
    run->host = host;
    run->options = *options;
    run->overrides = (struct target_overrides){
        .max_in_flight = plan->concurrency,
        .defect = options->defect,
        .seed = plan->seed,
        .resized = options->resized,
    };
    run->pump = (struct loop_task){.run = golden_ask_pump, .context = run};
    run->started_ns = clock_now_ns();
    arena_init(&run->arena, RUN_BYTES_MAX);
    int code = begin(run, reterr);
    if (code != 0) {
        golden_run_free(run);
        return code;
    }
    *ret_run = run;
    return 0;
}

void golden_run_free(struct golden_run *run)
{
    if (run == NULL)
        return;
    golden_exec_release(run);
    golden_others_release(run);
    loop_undefer(run->host->loop, &run->pump);
    for (size_t i = 0; run->targets != NULL && i < run->plan->target_count; i++)
        target_close(&run->targets[i]);
    golden_embed_release(run);
    arena_release(&run->arena);
    mem_free(run);
}

void golden_run_start(struct golden_run *run, void (*ended)(void *context), void *context)
{
    run->ended = ended;
    run->ended_context = context;
    loop_defer(run->host->loop, &run->pump);
}

static void end(void *context)
{
    struct golden_run *run = context;

    if (run->has_ended || golden_again(run))
        return;
    run->has_ended = true;
    run->result.elapsed_ns = clock_now_ns() - run->started_ns;
    run->ended(run->ended_context);
}

void golden_run_answered(struct golden_run *run)
{
    if (run->embedder == NULL || run->failure.code != 0 || run->result.interrupted) {
        end(run);
        return;
    }
    run->progress.embedding = true;
    golden_run_tell(run);
    run->progress.embedding = false;
    embedder_when_idle(run->embedder, end, run);
}

void golden_run_broken(struct golden_run *run, int code, const char *text)
{
    if (run->failure.code == 0)
        fail(&run->failure, code, "%s", text);
    run->stopping = true;
}

void golden_run_tell(struct golden_run *run)
{
    if (run->options.progress != NULL)
        run->options.progress(run->options.progress_context, &run->progress);
}

const struct target *golden_run_unpriced(const struct golden_run *run, size_t *index)
{
    while (run->targets != NULL && !run->is_given && *index < run->plan->target_count) {
        const struct target *target = &run->targets[(*index)++];
        if (!target_has_price(target))
            return target;
    }
    return NULL;
}

void golden_run_interrupt(struct golden_run *run)
{
    run->result.interrupted = true;
    run->stopping = true;
    for (size_t i = 0; run->targets != NULL && i < run->plan->target_count; i++)
        asker_cancel_all(run->targets[i].asker);
    golden_exec_interrupt(run);
    golden_others_interrupt(run);
    if (run->in_flight == 0)
        loop_defer(run->host->loop, &run->pump);
}

/* ---- judgement ------------------------------------------------------------------------------ */

static struct severity_limits limits_of(const struct settings_suite *suite)
{
    return (struct severity_limits){
        .critical_micro = (int32_t)suite->thresholds.critical_micro,
        .major_micro = (int32_t)suite->thresholds.major_micro,
        .minor_micro = (int32_t)suite->thresholds.minor_micro,
    };
}

/* An entry that cannot be judged (no vector for it, say) counts as one without an answer. */
static void judge_one(struct golden_run *run, const struct judge *judge, size_t item)
{
    struct run_entry *entry = &run->result.entries[item];
    struct err err = {0};

    int code = judge_entry(judge, run->plan->expectations[run->plan->items[item].entry], entry,
                           &run->arena, &err);
    if (code != 0 && run->result.interrupted && entry->baseline != NULL) {
        entry->baseline = NULL; /* no time to compare: the checks can still tell */
        code = judge_entry(judge, run->plan->expectations[run->plan->items[item].entry], entry,
                           &run->arena, &err);
    }
    if (code == 0)
        return;
    struct err why = {0};
    if (run->embedder != NULL && embedder_status(run->embedder, &why) != 0)
        err = why;
    entry->scored_count = 0;
    entry->code = code;
    entry->error_text = view_of("could not be judged");
    if (arena_copy(&run->arena, view_of(err.text), &entry->error_text) != 0)
        entry->code = ERR_MEMORY;
}

/* How the answers read, beside their scores. */
static int judge_fluency(struct golden_run *run, struct err *reterr)
{
    struct words *words;

    int code = words_open(run->options.dictionary_dir, 1, &words, reterr);
    if (code != 0)
        return code;
    for (size_t i = 0; i < run->result.entry_count && code == 0; i++) {
        code = fluent_entry(words_morphology(words, 0), &run->result.entries[i], &run->arena);
        plan_texts_passed(run->plan->texts);
    }
    words_close(words);
    fluent_mean(&run->result);
    return code == 0 ? 0 : fail(reterr, code, "the fluency of answers: %s", err_text(code));
}

static size_t count_stale(const struct plan *plan)
{
    struct map ids;
    size_t stale = 0;
    int code = 0;

    map_init(&ids, plan->set.entry_count, 5);
    for (size_t i = 0; i < plan->set.entry_count && code == 0; i++)
        code = map_put(&ids, plan->set.entries[i].id, &plan->set.entries[i]);
    for (size_t i = 0; plan->has_baseline && code == 0 && i < plan->baseline.entry_count; i++)
        stale += map_get(&ids, plan->baseline.entries[i].id) == NULL;
    map_release(&ids);
    return stale;
}

/* An only accepted answer is similar to itself, which no other answer can be; where similarity is
 * no part of the score, one answer stands against one like any pair. */
static bool is_noise_known(const struct golden_run *run)
{
    if (run->similar.kind == SIMILAR_NONE)
        return true;
    if (run->plan->has_baseline && run->plan->baseline.noise_micro != SCORE_ABSENT)
        return true;
    for (size_t i = 0; i < run->result.entry_count; i++) {
        const struct baseline_entry *baseline = run->result.entries[i].baseline;
        if (baseline != NULL && baseline->answer_count < 2)
            return false;
    }
    return true;
}

/* Whether this change of a prompt is a new one; noted then. */
static int note_change(struct golden_run *run, const struct run_entry *entry, struct map *seen,
                       bool *ret_is_new)
{
    const char *key = arena_printf(&run->arena, "%.*s\n%.*s", VIEW_ARG(entry->prompt_hash),
                                   VIEW_ARG(entry->baseline->prompt_hash));

    if (key == NULL)
        return ERR_MEMORY;
    *ret_is_new = map_get(seen, view_of(key)) == NULL;
    return *ret_is_new ? map_put(seen, view_of(key), run) : 0;
}

static struct prompt_change change_of(const struct golden_run *run, size_t item)
{
    const struct plan *plan = run->plan;
    const struct run_entry *entry = &run->result.entries[item];

    return (struct prompt_change){
        .prompt = entry->prompt,
        .version = entry->prompt_hash,
        .before_version = entry->baseline->prompt_hash,
        .text = plan->prompt_texts[plan->set.entries[plan->items[item].entry].prompt],
        .before_text = baseline_prompt_text(&plan->baseline, entry->baseline->prompt_hash),
    };
}

static int find_changes(struct golden_run *run)
{
    struct run *result = &run->result;
    struct prompt_change *changes = arena_new(&run->arena, result->entry_count, sizeof *changes);
    struct map seen;
    size_t count = 0;
    int code = changes != NULL ? 0 : ERR_MEMORY;

    map_init(&seen, result->entry_count + 1, 14);
    for (size_t i = 0; i < result->entry_count && code == 0; i++) {
        bool is_new = false;
        if (!result->entries[i].prompt_changed || result->entries[i].baseline == NULL)
            continue;
        code = note_change(run, &result->entries[i], &seen, &is_new);
        if (code == 0 && is_new)
            changes[count++] = change_of(run, i);
    }
    map_release(&seen);
    result->changes = changes;
    result->change_count = count;
    return code;
}

/* What the targets' pools did, for the report. */
static int write_pools(struct golden_run *run)
{
    struct json_writer writer;
    struct strbuf out;
    bool any = false;
    int code = 0;

    strbuf_init(&out, POOLS_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_array(&writer);
    for (size_t i = 0; run->targets != NULL && i < run->plan->target_count; i++) {
        struct pool_account account;
        if (run->targets[i].asker == NULL || !asker_account(run->targets[i].asker, &account))
            continue;
        pool_account_write(&writer, &account);
        any = true;
    }
    json_write_end(&writer, ']');
    if (any)
        code = strbuf_status(&out) != 0
                   ? strbuf_status(&out)
                   : arena_copy(&run->arena, strbuf_view(&out), &run->result.pools_json);
    strbuf_release(&out);
    return code;
}

void golden_run_judge(struct golden_run *run)
{
    int32_t noise_micro = run->plan->has_baseline ? run->plan->baseline.noise_micro : SCORE_ABSENT;
    struct judge judge = {
        .limits = limits_of(run->plan->suite),
        .similar = &run->similar,
        .allowance_micro = noise_micro == SCORE_ABSENT ? 0 : noise_micro,
    };

    for (size_t item = 0; item < run->result.entry_count; item++) {
        judge_one(run, &judge, item);
        plan_texts_passed(run->plan->texts);
    }
}

/* A baseline of tomorrow: a clock that was set back, here or where it was recorded. */
static bool is_recorded_ahead(const struct golden_run *run)
{
    enum { SLACK_S = 600 };
    int64_t recorded_unix_s;

    return run->plan->has_baseline
           && date_parse(run->plan->baseline.recorded, &recorded_unix_s) == 0
           && recorded_unix_s > run->result.started_unix_s + SLACK_S;
}

static int weigh_signoffs(struct golden_run *run)
{
    char today[SIGNOFF_DATE_SIZE];

    signoff_date(run->result.started_unix_s, today);
    return signoff_apply(&run->plan->signoffs, &run->result, today, &run->arena);
}

int golden_run_check(struct golden_run *run, struct err *reterr)
{
    struct severity_limits limits = limits_of(run->plan->suite);

    return gate_check(&run->result, &limits, &run->similar, &run->result.gate.false_alarms, reterr);
}

int golden_run_finish(struct golden_run *run, const struct run **ret_result, struct err *reterr)
{
    struct gate_options gate = run->options.gate;

    if (run->failure.code != 0)
        return fail(reterr, run->failure.code, "%s", run->failure.text);
    golden_run_judge(run);
    int code = judge_fluency(run, reterr);
    if (code != 0)
        return code;
    judge_noise(&run->result);
    gate.limits = limits_of(run->plan->suite);
    gate.recorded_ahead = is_recorded_ahead(run);
    gate.max_cost_reached = run->stop_reason.code == ERR_LIMIT;
    gate.stale_count = (int64_t)count_stale(run->plan);
    gate.noise_known = is_noise_known(run);
    if (weigh_signoffs(run) != 0 || gate_decide(&run->result, &gate, &run->arena) != 0
        || find_changes(run) != 0 || write_pools(run) != 0)
        return fail(reterr, ERR_MEMORY, "no memory to judge the run");
    *ret_result = &run->result;
    return 0;
}

/* Measures an entry of the new baseline; those that this run did not ask are as they were. A
 * rescored one keeps where its answers came from. */
static int accept(struct golden_run *run, struct baseline_entry *entry, struct err *reterr)
{
    const struct baseline_entry *before =
        run->plan->has_baseline ? baseline_find(&run->plan->baseline, entry->id, entry->target)
                                : NULL;

    if (before != NULL && before->answers == entry->answers)
        return 0;
    if (run->options.rescore && before != NULL) {
        entry->model = before->model;
        entry->prompt = before->prompt;
        entry->prompt_hash = before->prompt_hash;
        entry->params = before->params;
    }
    return similar_accept(&run->similar, entry, reterr);
}

/* The baseline that was, without entries that left the golden set. */
static int without_stale(struct golden_run *run, struct baseline *ret_kept)
{
    const struct plan *plan = run->plan;
    struct baseline kept = plan->baseline;
    struct map ids;
    int code = 0;

    kept.entries = arena_new(&run->arena, kept.entry_count, sizeof *kept.entries);
    kept.entry_count = 0;
    if (kept.entries == NULL)
        return ERR_MEMORY;
    map_init(&ids, plan->set.entry_count, 6);
    for (size_t i = 0; i < plan->set.entry_count && code == 0; i++)
        code = map_put(&ids, plan->set.entries[i].id, &plan->set.entries[i]);
    for (size_t i = 0; i < plan->baseline.entry_count && code == 0; i++)
        if (map_get(&ids, plan->baseline.entries[i].id) != NULL)
            kept.entries[kept.entry_count++] = plan->baseline.entries[i];
    map_release(&ids);
    *ret_kept = kept;
    return code;
}

/* The prompt text that goes with an entry's answers: of a rescored one the text they were accepted
 * with, and its version. */
static struct view accepted_text(struct golden_run *run, size_t item)
{
    const struct plan *plan = run->plan;
    struct run_entry *entry = &run->result.entries[item];
    const struct baseline_entry *before =
        run->options.rescore ? baseline_find(&plan->baseline, entry->id, entry->target) : NULL;

    if (before == NULL)
        return plan->prompt_texts[plan->set.entries[plan->items[item].entry].prompt];
    entry->prompt = before->prompt;
    entry->prompt_hash = before->prompt_hash;
    return baseline_prompt_text(&plan->baseline, before->prompt_hash);
}

static size_t count_answered(const struct golden_run *run)
{
    size_t count = 0;

    for (size_t i = 0; i < run->result.entry_count; i++)
        count += run->result.entries[i].scored_count > 0;
    return count;
}

static bool is_scored_alike(const struct baseline *before, const struct baseline *now)
{
    return view_equal(before->scorer, now->scorer)
           && view_equal(before->examine_scorer, now->examine_scorer);
}

int golden_run_baseline(struct golden_run *run, struct baseline *ret_baseline, struct err *reterr)
{
    const struct plan *plan = run->plan;
    struct view *texts = arena_new(&run->arena, run->result.entry_count, sizeof *texts);
    struct baseline made;

    if (texts == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a baseline");
    for (size_t i = 0; i < run->result.entry_count; i++)
        texts[i] = accepted_text(run, i);
    struct baseline kept;
    if ((plan->has_baseline && without_stale(run, &kept) != 0)
        || baseline_from_run(&run->arena, &run->result, texts, plan->has_baseline ? &kept : NULL,
                             &made)
               != 0)
        return fail(reterr, ERR_MEMORY, "no memory for a baseline");
    int code = run->embedder != NULL ? embedder_status(run->embedder, reterr) : 0;
    bool keeps = plan->has_baseline && made.entry_count > count_answered(run);
    if (code == 0 && keeps && !is_scored_alike(&plan->baseline, &made))
        code =
            fail(reterr, ERR_CONFIG,
                 "%s: other entries of it were scored otherwise ('%.*s', now '%.*s'): run 'assay "
                 "baseline --rescore' without a filter first",
                 plan->baseline_path, VIEW_ARG(plan->baseline.scorer), VIEW_ARG(made.scorer));
    if (code == 0 && !keeps)
        code = golden_embed_calibrate(run, &made, reterr);
    if (run->options.rescore && plan->has_baseline && is_scored_alike(&plan->baseline, &made))
        made.noise_micro = plan->baseline.noise_micro;
    for (size_t i = 0; i < made.entry_count && code == 0; i++)
        code = accept(run, &made.entries[i], reterr);
    made.file = view_of(plan->baseline_path);
    if (code == 0)
        *ret_baseline = made;
    return code;
}
