/* SPDX-License-Identifier: Apache-2.0
 *
 * embedder: see embedder.h. Here: which texts are known, the queue, the cache. */
#include "app/embedder.h"

#include "app/embedder_backend.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/store/cache.h"

enum { DIMENSIONS_MAX = 16384 };

static const size_t VECTORS_BYTES_MAX = (size_t)8 << 30;

struct embedder {
    struct loop *loop;
    struct embedder_options options;
    struct embedder_backend *backend;
    struct arena items; /* items and vectors */
    struct map known;   /* digest → item */
    struct embedder_item *first;
    struct embedder_item *last;
    size_t pending; /* wanted, and neither done nor cached */
    size_t computed;
    size_t cached;
    size_t dimensions; /* 0 until the first vector */
    bool uncommitted;
    struct err err;
    struct loop_task idle_task;
    void (*idle)(void *context);
    void *idle_context;
};

static void run_idle(void *context)
{
    struct embedder *embedder = context;
    void (*idle)(void *) = embedder->idle;

    if (idle == NULL || (embedder->pending > 0 && embedder->err.code == 0))
        return;
    embedder->idle = NULL;
    idle(embedder->idle_context);
}

static void commit(struct embedder *embedder)
{
    struct err ignored;

    if (!embedder->uncommitted)
        return;
    embedder->uncommitted = false;
    /* a cache that cannot be written costs time, not truth: the vectors are in memory */
    if (cache_commit(embedder->options.cache, &ignored) != 0)
        embedder->options.cache = NULL;
}

static void check_idle(struct embedder *embedder)
{
    if (embedder->pending > 0 && embedder->err.code == 0)
        return;
    commit(embedder);
    loop_defer(embedder->loop, &embedder->idle_task);
}

int embedder_new(struct loop *loop, const struct embedder_options *options,
                 struct embedder **ret_embedder, struct err *reterr)
{
    struct embedder *embedder = mem_new(1, sizeof *embedder);

    if (embedder == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for embeddings");
    embedder->loop = loop;
    embedder->options = *options;
    embedder->idle_task = (struct loop_task){.run = run_idle, .context = embedder};
    arena_init(&embedder->items, VECTORS_BYTES_MAX);
    map_init(&embedder->known, EMBEDDER_TEXTS_MAX, 1);
    int code = options->asker != NULL
                   ? embedder_endpoint_new(embedder, options, &embedder->backend)
                   : embedder_helpers_new(embedder, loop, options, &embedder->backend);
    if (code != 0) {
        embedder_free(embedder);
        return fail(reterr, code, "no memory for embeddings");
    }
    *ret_embedder = embedder;
    return 0;
}

void embedder_free(struct embedder *embedder)
{
    if (embedder == NULL)
        return;
    if (embedder->backend != NULL)
        embedder->backend->free(embedder->backend);
    commit(embedder);
    loop_undefer(embedder->loop, &embedder->idle_task);
    for (size_t i = 0; i < embedder->known.count; i++) {
        struct embedder_item *item = embedder->known.entries[i].value;
        mem_free((void *)(uintptr_t)item->text.ptr);
    }
    map_release(&embedder->known);
    arena_release(&embedder->items);
    mem_free(embedder);
}

void embedder_forget(struct embedder *embedder)
{
    assert_always(embedder->pending == 0 && embedder->first == NULL);
    map_release(&embedder->known);
    map_init(&embedder->known, EMBEDDER_TEXTS_MAX, 1);
    arena_release(&embedder->items);
}

static struct embedder_item *find(const struct embedder *embedder, const struct digest *digest)
{
    return map_get(&embedder->known, digest_view(digest));
}

/* Reads the vector from the cache; false where it is not there. */
static bool from_cache(struct embedder *embedder, struct embedder_item *item)
{
    float vector[DIMENSIONS_MAX];
    struct err ignored;
    size_t count;

    if (embedder->options.cache == NULL
        || cache_get_vector(embedder->options.cache, embedder->options.scorer, &item->digest,
                            vector, DIMENSIONS_MAX, &count, &ignored)
               != 0
        || count == 0 || (embedder->dimensions != 0 && count != embedder->dimensions))
        return false;
    embedder->dimensions = count;
    item->vector = arena_new(&embedder->items, count, sizeof *vector);
    if (item->vector == NULL)
        return false;
    memcpy(item->vector, vector, count * sizeof *vector);
    item->count = count;
    embedder->cached++;
    return true;
}

static int add_item(struct embedder *embedder, const struct digest *digest,
                    struct embedder_item **ret_item)
{
    struct embedder_item *item = arena_new(&embedder->items, 1, sizeof *item);

    if (item == NULL)
        return ERR_MEMORY;
    item->digest = *digest;
    int code = map_put(&embedder->known, digest_view(&item->digest), item);
    if (code == 0)
        *ret_item = item;
    return code;
}

static int queue_copy(struct embedder *embedder, struct embedder_item *item, struct view text)
{
    char *copy = mem_new(text.len, 1);

    if (copy == NULL)
        return ERR_MEMORY;
    memcpy(copy, text.ptr, text.len);
    item->text = view_make(copy, text.len);
    embedder->pending++;
    if (embedder->last != NULL)
        embedder->last->next = item;
    else
        embedder->first = item;
    embedder->last = item;
    return 0;
}

int embedder_want(struct embedder *embedder, struct view text, struct err *reterr)
{
    struct digest digest = digest_of(text);
    struct embedder_item *item;

    if (text.len == 0 || find(embedder, &digest) != NULL)
        return 0;
    int code = add_item(embedder, &digest, &item);
    if (code == 0 && !from_cache(embedder, item)) {
        code = queue_copy(embedder, item, text);
        if (code == 0)
            embedder->backend->work(embedder->backend);
    }
    if (code != 0)
        return fail(reterr, code, "embedding %zu texts: %s", embedder->known.count, err_text(code));
    return 0;
}

void embedder_when_idle(struct embedder *embedder, void (*idle)(void *context), void *context)
{
    embedder->idle = idle;
    embedder->idle_context = context;
    check_idle(embedder);
}

int embedder_status(const struct embedder *embedder, struct err *reterr)
{
    if (embedder->err.code != 0)
        return fail(reterr, embedder->err.code, "%s", embedder->err.text);
    return 0;
}

const float *embedder_vector(const struct embedder *embedder, struct view text, size_t *ret_count)
{
    struct digest digest = digest_of(text);
    const struct embedder_item *item = find(embedder, &digest);

    if (item == NULL || item->vector == NULL)
        return NULL;
    *ret_count = item->count;
    return item->vector;
}

struct embedder_stats embedder_stats(const struct embedder *embedder)
{
    return (struct embedder_stats){
        .pending = embedder->pending, .computed = embedder->computed, .cached = embedder->cached};
}

/* ---- for the backends ----------------------------------------------------------------------- */

struct embedder_item *embedder_next(struct embedder *embedder)
{
    struct embedder_item *item = embedder->first;

    if (item == NULL || embedder->err.code != 0)
        return NULL;
    embedder->first = item->next;
    if (embedder->first == NULL)
        embedder->last = NULL;
    item->next = NULL;
    return item;
}

void embedder_again(struct embedder *embedder, struct embedder_item *item)
{
    item->next = embedder->first;
    embedder->first = item;
    if (embedder->last == NULL)
        embedder->last = item;
}

static void keep(struct embedder *embedder, const struct embedder_item *item)
{
    struct err ignored;

    if (embedder->options.cache == NULL)
        return;
    if (!embedder->uncommitted && cache_begin(embedder->options.cache, &ignored) != 0) {
        embedder->options.cache = NULL;
        return;
    }
    embedder->uncommitted = true;
    if (cache_put_vector(embedder->options.cache, embedder->options.scorer, &item->digest,
                         item->vector, item->count, &ignored)
        != 0)
        commit(embedder);
}

void embedder_done(struct embedder *embedder, struct embedder_item *item, const float *vector,
                   size_t count)
{
    item->vector = arena_new(&embedder->items, count, sizeof *vector);
    if (item->vector == NULL || (embedder->dimensions != 0 && count != embedder->dimensions)) {
        embedder_failed(embedder, ERR_PROTOCOL,
                        "the embedding model gave vectors of different lengths");
        return;
    }
    memcpy(item->vector, vector, count * sizeof *vector);
    item->count = count;
    embedder->dimensions = count;
    mem_free((void *)(uintptr_t)item->text.ptr);
    item->text = (struct view){NULL, 0};
    embedder->pending--;
    embedder->computed++;
    keep(embedder, item);
    check_idle(embedder);
}

void embedder_failed(struct embedder *embedder, int code, const char *text)
{
    if (embedder->err.code == 0)
        fail(&embedder->err, code, "%s", text);
    check_idle(embedder);
}
