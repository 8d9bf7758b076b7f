/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_ask: the questions of a golden run, and what becomes of each answer. All entries are asked
 * once before any is asked a second time, so that an interrupted run knows a little of each. */
#include <stdio.h>

#include "app/golden_exec.h"
#include "app/golden_keep.h"
#include "app/golden_others.h"
#include "app/golden_run_state.h"
#include "app/plan_texts.h"
#include "core/golden/judge.h"
#include "shell/os/env.h"
#include "text/tokens.h"

enum { FAILURES_MAX = 10, RECORDED_AT_ONCE = 64, TOKENS_MAX = 1000000000, FILES_SPARED = 64 };

static const int64_t COST_NANO_USD_MAX = (int64_t)1 << 60;
static const size_t QUESTION_BYTES_MAX = (size_t)64 << 20;

static void take_answer(struct golden_run *run, size_t item, size_t sample,
                        const struct answer *answer);
static void on_checked(struct golden_run *run, size_t item, size_t sample);

/* ---- what is asked -------------------------------------------------------------------------- */

static int copy_params(struct arena *arena, const struct json *params, struct view *ret_text)
{
    struct json_writer writer;
    struct strbuf text;
    int code = 0;

    *ret_text = (struct view){"", 0};
    if (params == NULL || params->count == 0)
        return 0;
    strbuf_init(&text, 1 << 20);
    json_writer_init(&writer, &text, 0);
    json_write_tree(&writer, params);
    code = strbuf_status(&text);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&text), ret_text);
    strbuf_release(&text);
    return code;
}

/* The chat of an item, in a scratch arena of the caller's. */
static int render(const struct golden_run *run, size_t item, size_t sample, struct arena *scratch,
                  struct chat *ret_chat, struct err *reterr)
{
    const struct plan *plan = run->plan;

    int code = golden_render(&plan->set, plan->items[item].entry, scratch, ret_chat, reterr);
    if (code == 0)
        code = golden_merge(scratch, plan->suite->params, ret_chat->params, &ret_chat->params);
    ret_chat->sample = run->options.first_sample + sample;
    return code;
}

static int describe_chat(struct golden_run *run, size_t item, struct run_entry *entry,
                         struct err *reterr)
{
    const struct text_keeper keeper = plan_texts_keeper(run->plan->texts, NULL);
    struct arena scratch;
    struct chat chat = {0};

    arena_init(&scratch, QUESTION_BYTES_MAX);
    int code = render(run, item, 0, &scratch, &chat, reterr);
    if (code == 0)
        code = copy_params(&run->arena, chat.params, &entry->params);
    entry->tokens_in_estimate = (int64_t)tokens_estimate(chat.system);
    for (size_t i = 0; i < chat.message_count; i++)
        entry->tokens_in_estimate += (int64_t)tokens_estimate(chat.messages[i].text);
    if (code == 0 && chat.message_count > 0)
        code = text_keep(&keeper, &run->arena, chat.messages[chat.message_count - 1].text,
                         &entry->question);
    arena_release(&scratch);
    return code;
}

static void compare_with_baseline(struct golden_run *run, struct run_entry *entry)
{
    const struct plan *plan = run->plan;

    if (!plan->has_baseline || !view_is(run->result.kind, "test"))
        return;
    entry->baseline = baseline_find(&plan->baseline, entry->id, entry->target);
    if (entry->baseline == NULL && plan->target_count == 1)
        entry->baseline = baseline_find_any(&plan->baseline, entry->id);
    if (entry->baseline == NULL)
        return;
    entry->prompt_changed = !view_equal(entry->baseline->prompt_hash, entry->prompt_hash);
    if (run->is_given)
        return; /* recorded answers say neither which model gave them nor how it was asked */
    entry->model_changed = !view_equal(entry->baseline->model, entry->model);
    entry->params_changed = !view_equal(entry->baseline->params, entry->params);
}

/* The accepted answers of the baseline as given ones. */
static int find_accepted(struct golden_run *run, size_t item, const struct run_entry *entry)
{
    const struct baseline_entry *accepted =
        baseline_find(&run->plan->baseline, entry->id, entry->target);

    if (accepted == NULL)
        return 0;
    struct recorded_entry *given = arena_new(&run->arena, 1, sizeof *given);
    struct answer *answers = arena_new(&run->arena, accepted->answer_count, sizeof *answers);
    if (given == NULL || answers == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < accepted->answer_count; i++)
        answers[i].reply.text = accepted->answers[i].text;
    *given = (struct recorded_entry){
        .id = entry->id, .answers = answers, .count = accepted->answer_count};
    run->given[item] = given;
    return 0;
}

static int find_given(struct golden_run *run, size_t item, const struct run_entry *entry)
{
    if (run->options.rescore)
        return find_accepted(run, item, entry);
    if (run->options.recorded != NULL)
        run->given[item] = recorded_find(run->options.recorded, entry->id);
    return 0;
}

static int fill_entry(struct golden_run *run, size_t item, struct err *reterr)
{
    const struct plan *plan = run->plan;
    const struct golden_entry *golden = &plan->set.entries[plan->items[item].entry];
    const struct golden_prompt *prompt = &plan->set.prompts[golden->prompt];
    const struct settings_target *target = plan->targets[plan->items[item].target];
    struct run_entry *entry = &run->result.entries[item];

    *entry = (struct run_entry){
        .id = golden->id,
        .target = target->name,
        .model = run->targets != NULL ? run->targets[plan->items[item].target].provider.model
                                      : target->model,
        .prompt = prompt->name.len != 0 ? prompt->name : golden->id,
        .prompt_hash = view_of(prompt->version),
        .file = plan->set.file,
        .line = golden->line,
        .tags = golden->tags.items,
        .tag_count = golden->tags.count,
        .language = view_is(golden->expect.language, "any") ? view_of("") : golden->expect.language,
    };
    int code = find_given(run, item, entry);
    if (code != 0)
        return code;
    entry->sample_count = !run->is_given             ? plan->repeat
                          : run->given[item] != NULL ? run->given[item]->count
                                                     : 1;
    entry->samples = arena_new(&run->arena, entry->sample_count, sizeof *entry->samples);
    if (entry->samples == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < entry->sample_count; i++)
        entry->samples[i].score = score_absent();
    code = describe_chat(run, item, entry, reterr);
    compare_with_baseline(run, entry);
    return code;
}

/* The order of questions: each entry's first, then each entry's second, … */
static int list_asks(struct golden_run *run)
{
    size_t deepest = 0;

    for (size_t i = 0; i < run->result.entry_count; i++) {
        size_t count = run->result.entries[i].sample_count;
        run->total += count;
        deepest = count > deepest ? count : deepest;
    }
    run->asks = arena_new(&run->arena, run->total, sizeof *run->asks);
    if (run->asks == NULL)
        return ERR_MEMORY;
    size_t at = 0;
    for (size_t sample = 0; sample < deepest; sample++)
        for (size_t item = 0; item < run->result.entry_count; item++)
            if (sample < run->result.entries[item].sample_count)
                run->asks[at++] = (struct ask){.run = run, .item = item, .sample = sample};
    return 0;
}

/* Room for more answers to an entry; those that are there are copied. */
static int grow_samples(struct golden_run *run, struct run_entry *entry, size_t count)
{
    struct sample *samples = arena_new(&run->arena, count, sizeof *samples);

    if (samples == NULL)
        return ERR_MEMORY;
    memcpy(samples, entry->samples, entry->sample_count * sizeof *samples);
    for (size_t i = entry->sample_count; i < count; i++)
        samples[i].score = score_absent();
    entry->samples = samples;
    entry->sample_count = count;
    return 0;
}

int golden_ask_more(struct golden_run *run, const uint32_t *extra)
{
    size_t total = 0;
    uint32_t deepest = 0;
    size_t at = 0;

    for (size_t item = 0; item < run->result.entry_count; item++) {
        total += extra[item];
        deepest = extra[item] > deepest ? extra[item] : deepest;
    }
    struct ask *asks = arena_new(&run->arena, total, sizeof *asks);
    if (asks == NULL)
        return ERR_MEMORY;
    for (uint32_t turn = 0; turn < deepest; turn++)
        for (size_t item = 0; item < run->result.entry_count; item++)
            if (turn < extra[item])
                asks[at++] = (struct ask){.run = run,
                                          .item = item,
                                          .sample = run->result.entries[item].sample_count + turn};
    for (size_t item = 0; item < run->result.entry_count; item++) {
        struct run_entry *entry = &run->result.entries[item];
        if (extra[item] > 0 && grow_samples(run, entry, entry->sample_count + extra[item]) != 0)
            return ERR_MEMORY;
    }
    for (size_t i = 0; i < run->plan->target_count; i++)
        run->queues[i].next = 0;
    run->asks = asks;
    run->total = total;
    run->progress.total += total;
    return 0;
}

/* A target may take fewer questions at once than the suite. */
static int open_queues(struct golden_run *run)
{
    const struct plan *plan = run->plan;

    run->queues = arena_new(&run->arena, plan->target_count, sizeof *run->queues);
    if (run->queues == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < plan->target_count; i++) {
        int64_t own = plan->targets[i]->max_in_flight;
        run->queues[i].in_flight_max =
            own > 0 && own < plan->concurrency ? (size_t)own : plan->concurrency;
    }
    return 0;
}

int golden_ask_prepare(struct golden_run *run, struct err *reterr)
{
    size_t count = run->plan->item_count;
    struct err err = {0};
    int code = 0;

    run->is_given = run->options.rescore || run->options.recorded != NULL;
    if (golden_keep_prepare(run) != 0)
        return fail(reterr, ERR_MEMORY, "no memory for %zu entries", count);
    run->given = arena_new(&run->arena, count, sizeof *run->given);
    run->result.entries = arena_new(&run->arena, count, sizeof *run->result.entries);
    if (run->result.entries == NULL || run->given == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for %zu entries", count);
    run->result.entry_count = count;
    for (size_t item = 0; item < count && code == 0; item++)
        code = fill_entry(run, item, &err);
    if (code == 0)
        code = list_asks(run);
    run->progress.total = run->total;
    code = code == 0 ? open_queues(run) : code;
    run->in_flight_max = run->plan->concurrency;
    uint64_t files = env_open_files_max();
    if (files > 2 * FILES_SPARED && run->in_flight_max > files - 2 * FILES_SPARED)
        run->in_flight_max = (size_t)(files - 2 * FILES_SPARED); /* each question is a socket */
    for (size_t item = 0; item < count; item++)
        if (golden_exec_wanted(run, item) && run->in_flight_max > GOLDEN_EXEC_AT_ONCE)
            run->in_flight_max = GOLDEN_EXEC_AT_ONCE;
    if (code != 0)
        return fail(reterr, code, "%s", err.text[0] != '\0' ? err.text : err_text(code));
    return 0;
}

/* ---- what comes back ------------------------------------------------------------------------ */

static void estimate_usage(const struct run_entry *entry, struct reply *reply)
{
    if (reply->usage.known || reply->code != 0)
        return;
    reply->usage.tokens_in = entry->tokens_in_estimate;
    reply->usage.tokens_out = (int64_t)tokens_estimate(reply->text);
    reply->usage.known = true;
    reply->usage.estimated = true;
}

/* What a server says of itself is bounded before it is added up. */
static int64_t tokens_of(int64_t said)
{
    return said < 0 ? 0 : said < TOKENS_MAX ? said : TOKENS_MAX;
}

static void account(struct golden_run *run, struct sample *sample, size_t item)
{
    const struct usage *usage = &sample->answer.reply.usage;
    struct run *result = &run->result;

    if (sample->is_kept)
        return; /* was paid for before */
    result->tokens_in += tokens_of(usage->tokens_in);
    result->tokens_out += tokens_of(usage->tokens_out);
    result->tokens_estimated = result->tokens_estimated || usage->estimated;
    if (run->targets == NULL
        || !target_cost(&run->targets[run->plan->items[item].target], usage,
                        &sample->cost_nano_usd))
        return;
    if (sample->cost_nano_usd < 0 || sample->cost_nano_usd > COST_NANO_USD_MAX)
        sample->cost_nano_usd = COST_NANO_USD_MAX;
    if (result->cost_nano_usd < COST_NANO_USD_MAX)
        result->cost_nano_usd += sample->cost_nano_usd;
    result->cost_known = true;
    int64_t most_micro = run->plan->max_cost_micro;
    if (most_micro >= 0 && result->cost_nano_usd / 1000 >= most_micro && !run->stopping) {
        run->stopping = true;
        fail(&run->stop_reason, ERR_LIMIT,
             "not asked: the run reached its max_cost of %.2f dollars", (double)most_micro / MICRO);
    }
}

/* Failures that asking again will not cure. */
static bool is_hopeless(int code)
{
    return code == ERR_UNREACHABLE || code == ERR_TLS || code == ERR_DENIED || code == ERR_GONE
           || code == ERR_CONFIG || code == ERR_MISSING;
}

static void watch_failures(struct golden_run *run, const struct reply *reply)
{
    if (reply->code == 0) {
        run->any_success = true;
        run->failures_in_a_row = 0;
        return;
    }
    run->progress.errors++;
    if (run->any_success || !is_hopeless(reply->code) || run->is_given)
        return;
    if (++run->failures_in_a_row == FAILURES_MAX && !run->stopping) {
        run->stopping = true;
        fail(&run->stop_reason, reply->code, "not asked: the first %d questions all failed (%.*s)",
             FAILURES_MAX, VIEW_ARG(reply->error_text));
    }
}

/* An answer that cannot be examined (a pattern that runs too long on it) is no answer; the others
 * go on. */
static int cannot_judge(struct golden_run *run, struct sample *sample, int code,
                        const struct err *err)
{
    struct view why;

    if (arena_copy(&run->arena, view_of(err->text), &why) != 0) {
        golden_run_broken(run, ERR_MEMORY, err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    sample->scored = false;
    sample->answer.reply.code = code;
    sample->answer.reply.error_text = why;
    return 0;
}

/* Recorded answers hold as long as the run; the text of one that was asked for goes where long
 * texts lie. */
static int keep_answer(struct golden_run *run, const struct answer *answer, struct answer *ret_kept)
{
    const struct text_keeper keeper = plan_texts_keeper(run->plan->texts, NULL);
    struct answer rest = *answer;

    if (run->is_given) {
        *ret_kept = *answer;
        return 0;
    }
    rest.reply.text = view_of("");
    int code = answer_copy(&run->arena, &rest, ret_kept);
    return code == 0 ? text_keep(&keeper, &run->arena, answer->reply.text, &ret_kept->reply.text)
                     : code;
}

static void take_answer(struct golden_run *run, size_t item, size_t at, const struct answer *answer)
{
    struct run_entry *entry = &run->result.entries[item];
    struct sample *sample = &entry->samples[at];
    struct err err = {0};

    if (answer->reply.code == ERR_CANCELLED)
        return; /* as though it had not been asked */
    sample->asked = true;
    int code = keep_answer(run, answer, &sample->answer);
    if (code == 0) {
        estimate_usage(entry, &sample->answer.reply);
        code = judge_sample(run->plan->expectations[run->plan->items[item].entry], sample,
                            &run->arena, &err);
    }
    if (code == ERR_MEMORY) {
        golden_run_broken(run, code, err.text[0] != '\0' ? err.text : err_text(code));
        return;
    }
    if (code != 0 && cannot_judge(run, sample, code, &err) != 0)
        return;
    run->progress.answered++;
    run->result.answered += sample->scored;
    plan_texts_passed(run->plan->texts);
    watch_failures(run, &sample->answer.reply);
    account(run, sample, item);
    golden_embed_want(run, entry, sample);
    if (run->options.answered != NULL)
        run->options.answered(run->options.progress_context, entry, sample);
    if (sample->scored && golden_exec_wanted(run, item)) {
        run->in_flight++;
        golden_exec_start(run, item, at, on_checked);
    }
    if (sample->scored && golden_others_wanted(run, item)
        && golden_others_start(run, item, at, on_checked))
        run->in_flight++;
    golden_run_tell(run);
}

/* The command that checks an answer has said what it thinks. Deferred, since a command that cannot
 * be started is done at once. */
static void on_checked(struct golden_run *run, size_t item, size_t sample)
{
    (void)item;
    (void)sample;
    run->in_flight--;
    loop_defer(run->host->loop, &run->pump);
}

static void on_answer(void *context, struct id id, const struct answer *answer)
{
    struct ask *ask = context;
    struct golden_run *run = ask->run;

    (void)id;
    run->in_flight--;
    run->queues[run->plan->items[ask->item].target].in_flight--;
    golden_keep_put(run, ask, answer);
    take_answer(run, ask->item, ask->sample, answer);
    golden_ask_pump(run);
}

static void not_taken(struct golden_run *run, const struct ask *ask, int code, const char *text)
{
    struct answer answer = {.reply = {.code = code, .error_text = view_of(text)}};
    take_answer(run, ask->item, ask->sample, &answer);
}

static void ask_target(struct golden_run *run, struct ask *ask)
{
    struct target *target = &run->targets[run->plan->items[ask->item].target];
    struct answer known;
    struct arena scratch;
    struct chat chat;
    struct err err = {0};

    arena_init(&scratch, QUESTION_BYTES_MAX);
    int code = render(run, ask->item, ask->sample, &scratch, &chat, &err);
    bool is_known = code == 0 && golden_keep_find(run, ask, &chat, &scratch, &known);
    if (is_known) {
        run->result.entries[ask->item].samples[ask->sample].is_kept = true;
        take_answer(run, ask->item, ask->sample, &known);
    } else if (code == 0) {
        code = asker_ask(target->asker, &chat, on_answer, ask, NULL, &err);
    }
    arena_release(&scratch);
    if (is_known)
        return;
    if (code != 0) {
        not_taken(run, ask, code, err.text);
        return;
    }
    run->in_flight++;
    run->queues[run->plan->items[ask->item].target].in_flight++;
}

static void take_recorded(struct golden_run *run, struct ask *ask)
{
    struct recorded_entry *given = run->given[ask->item];

    if (given == NULL) {
        not_taken(run, ask, ERR_MISSING, "there is no recorded answer for this entry");
        return;
    }
    given->used = true;
    take_answer(run, ask->item, ask->sample, &given->answers[ask->sample]);
}

/* What was not asked says why. */
static void close_unasked(struct golden_run *run)
{
    if (run->result.rounds > 0)
        return; /* what was to be asked again and was not is nobody's loss (golden_again.c) */
    for (size_t i = 0; run->stop_reason.code != 0 && i < run->total; i++) {
        struct ask *ask = &run->asks[i];
        struct sample *sample = &run->result.entries[ask->item].samples[ask->sample];
        if (ask->taken)
            continue;
        ask->taken = true;
        sample->asked = true;
        sample->answer.reply.code = run->stop_reason.code;
        sample->answer.reply.error_text = view_of(run->stop_reason.text);
    }
}

/* With a max_cost, no more questions are under way than what is left would pay for at the mean cost
 * so far; the first goes alone. So the run passes its bound by one answer at the most. */
static bool is_affordable(const struct golden_run *run)
{
    int64_t most_micro = run->plan->max_cost_micro;
    const struct run *result = &run->result;

    if (most_micro < 0 || run->is_given)
        return true;
    if (result->answered == 0)
        return run->in_flight == 0;
    int64_t mean_nano = result->cost_nano_usd / (int64_t)result->answered;
    int64_t left_nano = most_micro * 1000 - result->cost_nano_usd;
    return run->in_flight == 0 || (int64_t)(run->in_flight + 1) * mean_nano <= left_nano;
}

/* The next question to that target; NULL where there is none, or no room for one. */
static struct ask *next_ask(struct golden_run *run, size_t target)
{
    struct ask_queue *queue = &run->queues[target];

    if (run->stopping || run->in_flight >= run->in_flight_max || !is_affordable(run)
        || queue->in_flight >= queue->in_flight_max)
        return NULL;
    while (queue->next < run->total
           && run->plan->items[run->asks[queue->next].item].target != target)
        queue->next++;
    return queue->next < run->total ? &run->asks[queue->next++] : NULL;
}

static void put(struct golden_run *run, struct ask *ask)
{
    ask->taken = true;
    run->progress.asked++;
    run->result.asked++;
    if (run->is_given)
        take_recorded(run, ask);
    else
        ask_target(run, ask);
}

void golden_ask_pump(void *context)
{
    struct golden_run *run = context;
    size_t taken = 0;

    for (bool more = true; more;) {
        more = false;
        for (size_t target = 0; target < run->plan->target_count; target++) {
            struct ask *ask = next_ask(run, target);
            if (ask == NULL)
                continue;
            more = true;
            put(run, ask);
            if ((run->is_given || run->options.answers != NULL) && ++taken == RECORDED_AT_ONCE) {
                loop_defer(run->host->loop, &run->pump); /* let Ctrl-C be heard in between */
                return;
            }
        }
    }
    if (run->in_flight > 0)
        return;
    close_unasked(run);
    golden_run_answered(run);
}
