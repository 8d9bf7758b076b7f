/* SPDX-License-Identifier: Apache-2.0
 *
 * pairwise: see pairwise.h. */
#include "app/pairwise.h"

#include "app/target.h"
#include "base/mem.h"
#include "core/validate/judge.h"
#include "shell/net/loop.h"
#include "text/tokens.h"

static const size_t ARENA_BYTES_MAX = (size_t)4 << 30;

/* One question: an entry, a round, an order. */
struct asking {
    struct pairwise *pairwise;
    struct compared_entry *entry;
    size_t round;
    size_t order;
    bool is_asked;
};

struct pairwise {
    const struct host *host;
    struct comparison *comparison;
    struct pairwise_options options;
    struct target target;
    struct arena arena;
    struct compared_judging judging;
    struct asking *askings;
    struct view (*reasons)[2]; /* of the comparison's entries: for A, for B */
    bool is_handed_over;
    size_t total;
    size_t next;
    size_t in_flight;
    size_t done;
    size_t verdicts;
    size_t failures_in_a_row;
    struct err failure; /* the last of the judge's */
    bool is_stopped;
    struct loop_task pump;
    void (*ended)(void *context);
    void *ended_context;
};

static struct view shown_of(const struct compared_entry *entry, size_t side)
{
    return entry->sides[side]->samples[entry->shown[side]].answer.reply.text;
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool is_judgeable(const struct compared_entry *entry)
{
    return entry->shown[COMPARE_A] >= 0 && entry->shown[COMPARE_B] >= 0;
}

static bool needs_asking(const struct compared_entry *entry)
{
    return is_judgeable(entry)
           && !view_equal(shown_of(entry, COMPARE_A), shown_of(entry, COMPARE_B));
}

static void list_askings(struct pairwise *pairwise, struct compared_entry *entry)
{
    for (size_t round = 0; round < pairwise->options.rounds; round++)
        for (size_t order = 0; order < 2; order++)
            pairwise->askings[pairwise->total++] = (struct asking){
                .pairwise = pairwise, .entry = entry, .round = round, .order = order};
}

static int list_pairs(struct pairwise *pairwise)
{
    struct comparison *comparison = pairwise->comparison;
    size_t capacity = 2 * comparison->count * pairwise->options.rounds;

    pairwise->askings = arena_new(&pairwise->arena, capacity + 1, sizeof *pairwise->askings);
    pairwise->reasons =
        arena_new(&pairwise->arena, comparison->count + 1, sizeof *pairwise->reasons);
    if (pairwise->askings == NULL || pairwise->reasons == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < comparison->count; i++) {
        struct compared_entry *entry = &comparison->entries[i];
        if (!is_judgeable(entry))
            continue;
        entry->pair = arena_new(&pairwise->arena, 1, sizeof *entry->pair);
        if (entry->pair == NULL)
            return ERR_MEMORY;
        entry->pair->rounds = pairwise->options.rounds;
        if (needs_asking(entry))
            list_askings(pairwise, entry);
        else
            for (size_t round = 0; round < pairwise->options.rounds; round++)
                entry->pair->votes[round][0] = entry->pair->votes[round][1] = PAIRWISE_TIE;
    }
    return 0;
}

static void pump(void *context);

int pairwise_new(const struct host *host, struct comparison *comparison,
                 const struct pairwise_options *options, struct pairwise **ret_pairwise,
                 struct err *reterr)
{
    struct pairwise *pairwise = mem_new(1, sizeof *pairwise);
    struct target_overrides overrides = {.seed = options->seed};

    if (pairwise == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a judge");
    assert_always(options->rounds > 0 && options->rounds <= PAIRWISE_ROUNDS_MAX);
    pairwise->host = host;
    pairwise->comparison = comparison;
    pairwise->options = *options;
    if (pairwise->options.rubric.len == 0)
        pairwise->options.rubric = view_of(pairwise_rubric);
    pairwise->pump = (struct loop_task){.run = pump, .context = pairwise};
    arena_init(&pairwise->arena, ARENA_BYTES_MAX);
    overrides.max_in_flight = options->at_once != 0 ? options->at_once : PAIRWISE_AT_ONCE;
    int code = target_prepare(options->settings, options->target, &overrides, &pairwise->arena,
                              &pairwise->target, reterr);
    if (code == 0)
        code = target_open(&pairwise->target, host, &overrides, reterr);
    if (code == 0 && list_pairs(pairwise) != 0)
        code = fail(reterr, ERR_MEMORY, "no memory for a judge's questions");
    if (code != 0) {
        pairwise_free(pairwise);
        return code;
    }
    *ret_pairwise = pairwise;
    return 0;
}

void pairwise_free(struct pairwise *pairwise)
{
    if (pairwise == NULL)
        return;
    loop_undefer(pairwise->host->loop, &pairwise->pump);
    target_close(&pairwise->target);
    for (size_t i = 0; !pairwise->is_handed_over && i < pairwise->comparison->count; i++)
        pairwise->comparison->entries[i].pair = NULL;
    arena_release(&pairwise->arena);
    mem_free(pairwise);
}

size_t pairwise_total(const struct pairwise *pairwise)
{
    return pairwise->total;
}

static int chat_of(const struct asking *asking, struct arena *arena, struct chat *ret_chat)
{
    struct pairwise_question question = {
        .rubric = asking->pairwise->options.rubric,
        .question = asking->entry->sides[COMPARE_A]->question,
        .sample = asking->round,
    };

    if (question.question.len == 0)
        question.question = asking->entry->sides[COMPARE_B]->question;
    question.answers[asking->order] = shown_of(asking->entry, COMPARE_A);
    question.answers[1 - asking->order] = shown_of(asking->entry, COMPARE_B);
    return pairwise_chat(&question, arena, ret_chat);
}

int pairwise_forecast(const struct pairwise *pairwise, struct strbuf *out)
{
    struct usage usage = {.known = true};
    int64_t nano_usd;

    for (size_t i = 0; i < pairwise->total; i++) {
        struct arena scratch;
        struct chat chat;
        arena_init(&scratch, 4 * (size_t)JUDGE_TEXT_BYTES_MAX);
        int code = chat_of(&pairwise->askings[i], &scratch, &chat);
        if (code == 0)
            usage.tokens_in += (int64_t)tokens_estimate(chat.system)
                               + (int64_t)tokens_estimate(chat.messages[0].text);
        arena_release(&scratch);
        if (code == ERR_MEMORY)
            return code;
    }
    strbuf_printf(out, "judge %.*s: %zu questions, about %lld tokens in",
                  VIEW_ARG(pairwise->options.target->name), pairwise->total,
                  (long long)usage.tokens_in);
    if (target_cost(&pairwise->target, &usage, &nano_usd))
        strbuf_printf(out, ", $%.4f and what the verdicts cost", (double)nano_usd / 1e9);
    strbuf_add_byte(out, '\n');
    return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void keep_view(struct pairwise *pairwise, struct view text, struct view *ret_kept)
{
    struct view kept;

    if (ret_kept->len == 0 && arena_copy(&pairwise->arena, text, &kept) == 0)
        *ret_kept = kept; /* without memory the reason is left out */
}

static void count(struct pairwise *pairwise, const struct answer *answer)
{
    const struct usage *usage = &answer->reply.usage;
    int64_t nano_usd = 0;

    pairwise->judging.asked++;
    if (!usage->known)
        return;
    pairwise->judging.tokens_in += usage->tokens_in;
    pairwise->judging.tokens_out += usage->tokens_out;
    if (target_cost(&pairwise->target, usage, &nano_usd)) {
        pairwise->judging.has_cost = true;
        pairwise->judging.cost_nano_usd += nano_usd;
    }
}

static void note_failure(struct asking *asking, const struct err *err)
{
    struct pairwise *pairwise = asking->pairwise;

    pairwise->judging.failed++;
    pairwise->failure = *err;
    keep_view(pairwise, view_of(err->text), &asking->entry->pair->error);
    if (pairwise->verdicts == 0 && ++pairwise->failures_in_a_row >= PAIRWISE_FAILURES_MAX)
        pairwise->is_stopped = true;
}

/* The first reason for each side is kept: that of the winner is shown. */
static void note_verdict(struct asking *asking, const struct pairwise_verdict *verdict)
{
    struct pairwise *pairwise = asking->pairwise;
    size_t entry = (size_t)(asking->entry - pairwise->comparison->entries);

    asking->entry->pair->votes[asking->round][asking->order] = verdict->choice;
    pairwise->verdicts++;
    if (verdict->choice == PAIRWISE_FIRST)
        keep_view(pairwise, verdict->reason, &pairwise->reasons[entry][asking->order]);
    else if (verdict->choice == PAIRWISE_SECOND)
        keep_view(pairwise, verdict->reason, &pairwise->reasons[entry][1 - asking->order]);
}

static void end_one(struct pairwise *pairwise)
{
    pairwise->in_flight--;
    pairwise->done++;
    if (pairwise->options.progress != NULL)
        pairwise->options.progress(pairwise->options.progress_context, pairwise->done,
                                   pairwise->total);
    loop_defer(pairwise->host->loop, &pairwise->pump);
}

static void on_answer(void *context, struct id ask, const struct answer *answer)
{
    struct asking *asking = context;
    struct pairwise *pairwise = asking->pairwise;
    struct pairwise_verdict verdict;
    struct arena scratch;
    struct err err = {0};

    (void)ask;
    count(pairwise, answer);
    arena_init(&scratch, ARENA_BYTES_MAX);
    if (answer->reply.code != 0)
        fail(&err, answer->reply.code, "%.*s", VIEW_ARG(answer->reply.error_text));
    else if (pairwise_read(answer->reply.text, &scratch, &verdict, &err) == 0)
        note_verdict(asking, &verdict);
    if (err.code != 0)
        note_failure(asking, &err);
    arena_release(&scratch);
    end_one(pairwise);
}

static void ask(struct asking *asking)
{
    struct pairwise *pairwise = asking->pairwise;
    struct arena scratch;
    struct chat chat;
    struct err err = {0};

    asking->is_asked = true;
    pairwise->in_flight++;
    arena_init(&scratch, 4 * (size_t)JUDGE_TEXT_BYTES_MAX);
    int code = chat_of(asking, &scratch, &chat);
    if (code != 0)
        fail(&err, code, "the two answers are too long for a judge");
    else
        code = asker_ask(pairwise->target.asker, &chat, on_answer, asking, NULL, &err);
    arena_release(&scratch);
    if (code == 0)
        return;
    note_failure(asking, &err);
    end_one(pairwise);
}

/* Whether one more question would leave the bound behind, at the mean cost so far. The first is put
 * alone, so that there is a mean. */
static bool is_over_budget(const struct pairwise *pairwise)
{
    int64_t most = pairwise->options.max_cost_nano_usd;
    const struct compared_judging *judging = &pairwise->judging;

    if (most < 0)
        return false;
    if (judging->asked == 0)
        return most == 0 || pairwise->in_flight > 0;
    int64_t mean = judging->cost_nano_usd / (int64_t)judging->asked;
    return judging->cost_nano_usd + mean * (int64_t)(pairwise->in_flight + 1) > most;
}

static void pump(void *context)
{
    struct pairwise *pairwise = context;
    size_t at_once = pairwise->options.at_once != 0 ? pairwise->options.at_once : PAIRWISE_AT_ONCE;

    while (!pairwise->is_stopped && pairwise->next < pairwise->total
           && pairwise->in_flight < at_once && !is_over_budget(pairwise))
        ask(&pairwise->askings[pairwise->next++]);
    if (pairwise->in_flight > 0 || pairwise->ended == NULL)
        return;
    pairwise->judging.is_over_budget = !pairwise->is_stopped && pairwise->next < pairwise->total;
    void (*ended)(void *context) = pairwise->ended;
    pairwise->ended = NULL;
    ended(pairwise->ended_context);
}

void pairwise_start(struct pairwise *pairwise, void (*ended)(void *context), void *context)
{
    pairwise->ended = ended;
    pairwise->ended_context = context;
    loop_defer(pairwise->host->loop, &pairwise->pump);
}

void pairwise_interrupt(struct pairwise *pairwise)
{
    pairwise->is_stopped = true;
    pairwise->judging.is_interrupted = true;
    asker_cancel_all(pairwise->target.asker);
    loop_defer(pairwise->host->loop, &pairwise->pump);
}

/* ---- what it comes to ------------------------------------------------------------------------ */

/* Moves a pair out of our arena; those of which nothing was asked count for nothing. */
static int hand_over(struct pairwise *pairwise, struct arena *arena, size_t entry)
{
    struct compared_entry *compared = &pairwise->comparison->entries[entry];
    struct pairwise_pair *pair = arena_new(arena, 1, sizeof *pair);

    if (pair == NULL)
        return ERR_MEMORY;
    *pair = *compared->pair;
    pairwise_settle(pair);
    if (pair->winner == PAIRWISE_A || pair->winner == PAIRWISE_B)
        pair->reason = pairwise->reasons[entry][pair->winner == PAIRWISE_B];
    int code = arena_copy(arena, pair->reason, &pair->reason);
    if (code == 0)
        code = arena_copy(arena, pair->error, &pair->error);
    compared->pair = code == 0 ? pair : NULL;
    return code;
}

int pairwise_finish(struct pairwise *pairwise, struct arena *arena, struct err *reterr)
{
    struct comparison *comparison = pairwise->comparison;
    int code = 0;

    if (pairwise->total > 0 && pairwise->verdicts == 0 && pairwise->failure.code != 0
        && !pairwise->judging.is_interrupted)
        return fail(reterr, pairwise->failure.code, "the judge '%.*s': %s",
                    VIEW_ARG(pairwise->options.target->name), pairwise->failure.text);
    for (size_t i = 0; i < comparison->count && code == 0; i++)
        if (comparison->entries[i].pair != NULL)
            code = hand_over(pairwise, arena, i);
    pairwise->is_handed_over = code == 0;
    pairwise->judging.target = pairwise->options.target->name;
    pairwise->judging.rubric = pairwise->options.rubric;
    pairwise->judging.rounds = pairwise->options.rounds;
    if (code == 0)
        code = compare_judged(comparison, &pairwise->judging, arena);
    return code == 0 ? 0 : fail(reterr, code, "no memory for the judge's verdicts");
}
