/* SPDX-License-Identifier: Apache-2.0
 *
 * history_ask: what is asked in a history, and what must hold of each answer (see history.h). */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "history_state.h"

enum { PIECES_BYTES_MAX = 1 << 20, SYSTEM_BYTES_MAX = 500000 };

static const uint64_t SECOND = 1000000000;

void history_say(const struct history *history, const char *format, ...)
{
    va_list args;

    if (!history->trace)
        return;
    printf("%15.9f  ", (double)world_now(history->world) / 1e9);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static struct view filler(size_t bytes)
{
    static char text[SYSTEM_BYTES_MAX];

    if (text[0] == '\0')
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = i % 6 == 5 ? ' ' : (char)('a' + i % 7);
    return view_make(text, bytes);
}

/* The simulator says the same to the same question, wherever it is asked. */
static void check_text(struct history *history, struct question *question, struct view text)
{
    struct chat_message message = {.role = CHAT_USER, .text = view_of(question->text)};
    struct chat chat = {.system = filler(question->system_bytes),
                        .messages = &message,
                        .message_count = 1,
                        .params = history->target.params};
    struct reply reply;
    struct arena arena;
    uint64_t latency_ns = 0;

    if (history->scripted != NULL) {
        if (!view_is(text, "hello"))
            PROBLEM(history, "an answer is not what the peer said");
        return;
    }
    arena_init(&arena, (size_t)1 << 30);
    if (sim_answer(&history->scene.server.service.sim, &chat, history->target.model, &arena, &reply,
                   &latency_ns)
            != 0
        || !view_equal(text, reply.text))
        PROBLEM(history, "the answer to '%s' is another: '%.*s'", question->text, VIEW_ARG(text));
    if (question->in_pieces && !view_equal(strbuf_view(&question->pieces), text))
        PROBLEM(history, "the pieces of an answer are not the answer");
    arena_release(&arena);
}

static void count_tokens(struct watch *watch, const struct question *question,
                         const struct usage *usage)
{
    if (!usage->known)
        return;
    int64_t used = usage->tokens_in + usage->cache_write_tokens + usage->tokens_out;
    watch->spent += used;
    if (used > question->reserved)
        watch->overrun += used - question->reserved;
}

static void done(void *context, struct id ask, const struct answer *answer)
{
    struct question *question = context;
    struct history *history = question->history;
    uint64_t now_ns = world_now(history->world);
    const struct reply *reply = &answer->reply;

    history_say(history, "question %u.%u done: %s %.*s", ask.slot, ask.generation,
                err_name(reply->code),
                VIEW_ARG(reply->code == 0 ? view_slice(reply->text, 0, 40) : reply->error_text));
    history->done++;
    history->watches[question->asker].live--;
    question->outcomes++;
    question->code = reply->code;
    history->played->by_code[-reply->code]++;
    if (question->outcomes > 1 || !id_equal(ask, question->id))
        PROBLEM(history, "a question was answered %d times", question->outcomes);
    if (now_ns > question->deadline_ns)
        PROBLEM(history, "an answer came %.9f s after its deadline",
                (double)(now_ns - question->deadline_ns) / 1e9);
    if (reply->code != 0 && reply->error_text.len == 0)
        PROBLEM(history, "an error says nothing");
    if (reply->code == ERR_CANCELLED && !question->cancelled)
        PROBLEM(history, "a question was cancelled and nobody did it");
    if (reply->code == 0) {
        check_text(history, question, reply->text);
        count_tokens(&history->watches[question->asker], question, &reply->usage);
    }
    if (history->recovering)
        history->recovered += reply->code == 0 ? 1 : 0;
}

static void resume(void *context, uint64_t now_ns)
{
    const struct question *question = context;

    (void)now_ns;
    asker_pause(question->history->askers[question->asker], question->id, false);
}

/* A listener that now and then cannot follow. */
static void piece(void *context, struct id ask, struct view text)
{
    struct question *question = context;
    struct history *history = question->history;
    struct outside *outside = world_outside(history->world);

    strbuf_add(&question->pieces, text);
    if (question->outcomes > 0)
        PROBLEM(history, "a piece came after its answer was done");
    if (rng_below(&history->rng, 10) > 0)
        return;
    asker_pause(history->askers[question->asker], ask, true);
    (void)!outside->ops->wake_at(outside,
                                 outside->ops->now(outside) + rng_below(&history->rng, 2 * SECOND),
                                 resume, question);
}

static void write_question(struct history *history, struct question *question)
{
    static const char *const troubles[] = {
        "do:throttle", "do:once", "do:fail",  "do:deny", "do:cut",    "do:close",
        "do:silence",  "do:last", "do:leave", "do:drip", "do:babble",
    };
    const char *what = "do:answer";

    if (history->scripted == NULL) {
        snprintf(question->text, sizeof question->text,
                 "Recommend %u manga like number %u and tell me about parcel %" PRIu64 ".",
                 1 + history->asked % 5, history->asked, rng_below(&history->rng, UINT32_MAX));
        return;
    }
    if (!history->scene.healthy && !history->recovering && rng_below(&history->rng, 3) == 0)
        what = troubles[rng_below(&history->rng, sizeof troubles / sizeof troubles[0])];
    snprintf(question->text, sizeof question->text, "%s", what);
}

void history_ask(struct history *history, uint32_t which, uint64_t timeout_ns)
{
    struct question *question = &history->questions[history->asked];
    struct asker *asker = history->askers[which];
    struct chat_message message = {.role = CHAT_USER};
    struct err err = {0};

    *question = (struct question){.history = history, .asker = which};
    strbuf_init(&question->pieces, PIECES_BYTES_MAX);
    write_question(history, question);
    history->asked++;
    message.text = view_of(question->text);
    if (history->scene.lengthy && !history->recovering && rng_below(&history->rng, 30) == 0)
        question->system_bytes = rng_below(&history->rng, SYSTEM_BYTES_MAX);
    struct chat chat = {
        .system = filler(question->system_bytes), .messages = &message, .message_count = 1};
    chat.stream = history->scene.in_pieces && rng_below(&history->rng, 2) == 0;
    question->in_pieces = chat.stream || history->scene.askers[which].stream;
    struct asker_question put = {
        .chat = &chat,
        .done = done,
        .piece = question->in_pieces ? piece : NULL,
        .context = question,
        .timeout_ns = timeout_ns,
        .caller = rng_below(&history->rng, 4),
        .weight = (uint32_t)rng_below(&history->rng, 3),
    };
    int code = asker_put(asker, &put, &question->id, &err);
    history_say(history, "question %u.%u of asker %u: %s (%s)", question->id.slot,
                question->id.generation, which, question->text, err_name(code));
    if (code != 0 && code != ERR_BUSY && code != ERR_LIMIT)
        PROBLEM(history, "a question was not taken: %s", err.text);
    if (code != 0)
        return;
    question->taken = true;
    question->reserved = watch_reserved(asker, question->id);
    if (timeout_ns == 0)
        timeout_ns = history->scene.askers[which].timeout_ns;
    question->deadline_ns = world_now(history->world) + timeout_ns;
    history->watches[which].live++;
}

void history_forget(struct history *history, struct question *question)
{
    struct outside *outside = world_outside(history->world);

    (void)!outside->ops->wake_at(outside, UINT64_MAX, resume, question);
    strbuf_release(&question->pieces);
}
