/* SPDX-License-Identifier: Apache-2.0
 *
 * embedder_endpoint: vectors from a target that embeds (provider/embeddings.h), as many texts a
 * request as it takes, EMBEDDER_BATCH at most, several requests at once; retries, deadlines and
 * credentials are the asker's. */
#include "app/embedder_backend.h"

#include <stdio.h>

#include "app/asker.h"
#include "base/mem.h"
#include "provider/embeddings.h"

enum { REQUESTS_MAX = 4, REQUEST_BYTES_MAX = 64 * 1024 * 1024 };

struct endpoint;

struct batch {
    struct endpoint *endpoint;
    struct embedder_item *items[EMBEDDER_BATCH];
    size_t count; /* 0: free */
};

struct endpoint {
    struct embedder_backend backend;
    struct embedder *embedder;
    struct asker *asker;
    struct provider_target target;
    size_t batch_max; /* texts of one request */
    struct batch batches[REQUESTS_MAX];
};

static void work(struct embedder_backend *backend);

static void on_vectors(void *context, struct id ask, const struct http_response *response,
                       const struct answer *answer)
{
    struct batch *batch = context;
    struct endpoint *endpoint = batch->endpoint;
    struct embeddings embeddings;
    struct reply reply = answer->reply;
    struct arena arena;
    char text[ERR_TEXT_MAX];

    (void)ask;
    arena_init(&arena, REQUEST_BYTES_MAX);
    int code = reply.code;
    if (code == 0)
        code =
            embeddings_read(&endpoint->target, response, batch->count, &arena, &embeddings, &reply);
    if (code == 0)
        code = reply.code;
    if (code != 0) {
        snprintf(text, sizeof text, "embeddings: %.*s", VIEW_ARG(reply.error_text));
        embedder_failed(endpoint->embedder, code, text);
    }
    for (size_t i = 0; i < batch->count && code == 0; i++)
        embedder_done(endpoint->embedder, batch->items[i],
                      embeddings.values + i * embeddings.dimensions, embeddings.dimensions);
    batch->count = 0;
    arena_release(&arena);
    work(&endpoint->backend);
}

static void send_batch(struct endpoint *endpoint, struct batch *batch)
{
    struct view texts[EMBEDDER_BATCH];
    struct http_request request;
    struct arena arena;
    struct err err = {0};

    for (size_t i = 0; i < batch->count; i++)
        texts[i] = batch->items[i]->text;
    arena_init(&arena, REQUEST_BYTES_MAX);
    int code = embeddings_build(&endpoint->target, texts, batch->count, &arena, &request, &err);
    if (code == 0)
        code = asker_ask_raw(endpoint->asker, &request, on_vectors, batch, NULL, &err);
    arena_release(&arena);
    if (code != 0)
        embedder_failed(endpoint->embedder, code, err.text);
}

static void work(struct embedder_backend *backend)
{
    struct endpoint *endpoint = (struct endpoint *)backend;

    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        struct batch *batch = &endpoint->batches[i];
        if (batch->count != 0)
            continue;
        while (batch->count < endpoint->batch_max) {
            struct embedder_item *item = embedder_next(endpoint->embedder);
            if (item == NULL)
                break;
            batch->items[batch->count++] = item;
        }
        if (batch->count == 0)
            return;
        send_batch(endpoint, batch);
    }
}

static void release(struct embedder_backend *backend)
{
    mem_free(backend);
}

int embedder_endpoint_new(struct embedder *embedder, const struct embedder_options *options,
                          struct embedder_backend **ret_backend)
{
    struct endpoint *endpoint = mem_new(1, sizeof *endpoint);
    size_t fit = embeddings_batch(options->target, NULL);

    if (endpoint == NULL)
        return ERR_MEMORY;
    assert_always(fit > 0); /* whoever prepares the embedder has asked */
    *endpoint = (struct endpoint){
        .backend = {.work = work, .free = release},
        .embedder = embedder,
        .asker = options->asker,
        .target = *options->target,
        .batch_max = fit < EMBEDDER_BATCH ? fit : EMBEDDER_BATCH,
    };
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        endpoint->batches[i].endpoint = endpoint;
    *ret_backend = &endpoint->backend;
    return 0;
}
