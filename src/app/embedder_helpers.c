/* SPDX-License-Identifier: Apache-2.0
 *
 * embedder_helpers: the built-in model in helper processes of this program, one text at a time
 * each; frames as engine/embed_helper.h draws them. A helper is started when there is work for it.
 *
 * Deadlines: 60 s to load the model, 120 s a text. A helper that dies or hangs is replaced; after
 * RESTARTS_MAX of those it is over. */
#include "app/embedder_backend.h"

#include <endian.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "engine/e5.h"
#include "shell/net/loop.h"
#include "shell/os/env.h"
#include "shell/os/process.h"

enum { HELPERS_MAX = 64, RESTARTS_MAX = 3, FRAME_BYTES_MAX = 1 << 20, HELLO_BYTES = 8 };

static const uint64_t LOAD_IN_NS = 60000000000;
static const uint64_t TEXT_IN_NS = 120000000000;

enum helper_state { HELPER_DOWN, HELPER_LOADING, HELPER_READY, HELPER_BUSY };

struct helpers;

struct helper {
    struct helpers *all;
    enum helper_state state;
    struct id process;
    struct embedder_item *item; /* while BUSY */
    struct strbuf in;
};

struct helpers {
    struct embedder_backend backend;
    struct embedder *embedder;
    struct loop *loop;
    struct processes *processes;
    const char *program;
    const char *model_dir;
    uint32_t restarts;
    uint32_t count;
    struct helper items[HELPERS_MAX];
};

static void work(struct embedder_backend *backend);

/* The helper is gone: its text goes back, and too many of these end it all. */
static void lost(struct helper *helper, const char *why)
{
    struct helpers *all = helper->all;
    char text[ERR_TEXT_MAX];

    loop_wake_never(all->loop, helper);
    strbuf_reset(&helper->in);
    if (helper->item != NULL)
        embedder_again(all->embedder, helper->item);
    helper->item = NULL;
    helper->state = HELPER_DOWN;
    if (++all->restarts > RESTARTS_MAX) {
        snprintf(text, sizeof text,
                 "the embedding helper keeps failing: %s (or use 'embedding: "
                 "tfidf')",
                 why);
        embedder_failed(all->embedder, ERR_UPSTREAM, text);
        return;
    }
    work(&all->backend);
}

static void too_late(void *context, uint64_t now_ns)
{
    struct helper *helper = context;

    (void)now_ns;
    process_abandon(helper->all->processes, helper->process);
    lost(helper, "it did not answer in time");
}

static void deadline(struct helper *helper, uint64_t in_ns)
{
    if (loop_wake_at(helper->all->loop, loop_now(helper->all->loop) + in_ns, too_late, helper) != 0)
        embedder_failed(helper->all->embedder, ERR_LIMIT, "too many timers for embedding helpers");
}

static void send_text(struct helper *helper, struct embedder_item *item)
{
    struct view text = utf8_cut(item->text, E5_TEXT_MAX_BYTES);
    uint32_t wire = htole32((uint32_t)text.len);
    struct processes *processes = helper->all->processes;

    helper->item = item;
    helper->state = HELPER_BUSY;
    deadline(helper, TEXT_IN_NS);
    int code = process_write(processes, helper->process, view_make(&wire, sizeof wire));
    if (code == 0 || code == ERR_BUSY)
        code = process_write(processes, helper->process, text);
    if (code != 0 && code != ERR_BUSY) {
        process_abandon(processes, helper->process);
        lost(helper, "it does not take its texts");
    }
}

static void next_text(struct helper *helper)
{
    struct embedder_item *item = embedder_next(helper->all->embedder);

    helper->state = HELPER_READY;
    loop_wake_never(helper->all->loop, helper);
    if (item != NULL)
        send_text(helper, item);
}

static uint32_t number_at(const struct strbuf *in, size_t at)
{
    uint32_t wire;

    memcpy(&wire, in->ptr + at, sizeof wire);
    return le32toh(wire);
}

/* Takes one whole frame from the input; false where it is not all there yet. */
static bool take_hello(struct helper *helper)
{
    if (helper->in.len < HELLO_BYTES)
        return false;
    bool good = memcmp(helper->in.ptr, "E5H1", 4) == 0;
    strbuf_consume(&helper->in, HELLO_BYTES);
    if (!good) {
        process_abandon(helper->all->processes, helper->process);
        lost(helper, "it does not speak our protocol");
        return false;
    }
    next_text(helper);
    return true;
}

static bool take_refusal(struct helper *helper)
{
    char why[ERR_TEXT_MAX];
    size_t len = helper->in.len >= 8 ? number_at(&helper->in, 4) : 0;

    if (helper->in.len < 8 || helper->in.len < 8 + len)
        return false;
    snprintf(why, sizeof why, "%.*s", VIEW_ARG(view_make(helper->in.ptr + 8, len)));
    embedder_failed(helper->all->embedder, ERR_UPSTREAM, why);
    return false;
}

static bool take_answer(struct helper *helper)
{
    if (helper->in.len < 4)
        return false;
    size_t count = number_at(&helper->in, 0);
    if (count == 0)
        return take_refusal(helper);
    size_t bytes = count * sizeof(float);
    if (bytes > FRAME_BYTES_MAX - 4 || helper->in.len < 4 + bytes)
        return false;
    float *vector = mem_new(count, sizeof *vector);
    if (vector == NULL) {
        embedder_failed(helper->all->embedder, ERR_MEMORY, "no memory for embeddings");
        return false;
    }
    memcpy(vector, helper->in.ptr + 4, bytes);
    strbuf_consume(&helper->in, 4 + bytes);
    struct embedder_item *item = helper->item;
    helper->item = NULL;
    embedder_done(helper->all->embedder, item, vector, count);
    mem_free(vector);
    next_text(helper);
    return true;
}

static void on_process(void *context, const struct process_event *event)
{
    struct helper *helper = context;
    char why[ERR_TEXT_MAX];

    if (event->kind == PROCESS_ENDED) {
        struct view said = view_trim(event->error_output);
        snprintf(why, sizeof why, "%.*s", VIEW_ARG(said.len > 0 ? said : view_of(event->text)));
        lost(helper, why);
        return;
    }
    if (event->kind != PROCESS_OUTPUT)
        return;
    strbuf_add(&helper->in, event->bytes);
    if (strbuf_status(&helper->in) != 0) {
        process_abandon(helper->all->processes, helper->process);
        lost(helper, "it sends too much");
        return;
    }
    for (bool more = true; more;)
        more = helper->state == HELPER_LOADING ? take_hello(helper)
               : helper->state == HELPER_BUSY  ? take_answer(helper)
                                               : false;
}

static void start(struct helper *helper)
{
    struct helpers *all = helper->all;
    const char *arguments[] = {all->program, "embed-helper", all->model_dir, NULL};
    struct process_options options = {.arguments = arguments};
    struct err err = {0};

    int code = process_start(all->processes, &options, on_process, helper, &helper->process, &err);
    if (code != 0) {
        embedder_failed(all->embedder, code, err.text);
        return;
    }
    helper->state = HELPER_LOADING;
    deadline(helper, LOAD_IN_NS);
}

/* Gives waiting texts to helpers that are free, and starts one more where all are busy. */
static void work(struct embedder_backend *backend)
{
    struct helpers *all = (struct helpers *)backend;
    struct err ignored;

    for (uint32_t i = 0; i < all->count; i++) {
        struct helper *helper = &all->items[i];
        if (embedder_stats(all->embedder).pending == 0
            || embedder_status(all->embedder, &ignored) != 0)
            return;
        if (helper->state == HELPER_READY)
            next_text(helper);
        else if (helper->state == HELPER_DOWN && embedder_stats(all->embedder).pending > i)
            start(helper);
    }
}

static void release(struct embedder_backend *backend)
{
    struct helpers *all = (struct helpers *)backend;

    for (uint32_t i = 0; i < all->count; i++) {
        loop_wake_never(all->loop, &all->items[i]);
        if (all->items[i].state != HELPER_DOWN)
            process_abandon(all->processes, all->items[i].process);
        strbuf_release(&all->items[i].in);
    }
    mem_free(all);
}

int embedder_helpers_new(struct embedder *embedder, struct loop *loop,
                         const struct embedder_options *options,
                         struct embedder_backend **ret_backend)
{
    struct helpers *all = mem_new(1, sizeof *all);
    uint32_t wanted = options->helpers != 0 ? options->helpers : env_cores();

    if (all == NULL)
        return ERR_MEMORY;
    *all = (struct helpers){
        .backend = {.work = work, .free = release},
        .embedder = embedder,
        .loop = loop,
        .processes = options->processes,
        .program = options->program,
        .model_dir = options->model_dir,
        .count = wanted < HELPERS_MAX ? wanted : HELPERS_MAX,
    };
    for (uint32_t i = 0; i < all->count; i++) {
        all->items[i].all = all;
        strbuf_init(&all->items[i].in, FRAME_BYTES_MAX);
    }
    *ret_backend = &all->backend;
    return 0;
}
