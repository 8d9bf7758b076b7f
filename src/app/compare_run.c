/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_run: see compare_run.h. */
#include "app/compare_run.h"

#include "app/forecast.h"
#include "base/map.h"
#include "shell/os/file.h"
#include "shell/store/cache.h"

enum { VECTOR_NUMBERS_MAX = 65536 };

static const size_t ARENA_BYTES_MAX = (size_t)16 << 30;

/* ---- life ------------------------------------------------------------------------------------ */

int compare_run_open(struct compare_run *run, const char *const names[2],
                     const struct compare_side_options *options, struct err *reterr)
{
    run->options = options;
    arena_init(&run->arena, ARENA_BYTES_MAX);
    for (int i = 0; i < 2; i++) {
        int code = compare_side_open(&run->sides[i], names[i], options, reterr);
        if (code != 0)
            return code;
    }
    return 0;
}

void compare_run_release(struct compare_run *run)
{
    for (int i = 0; i < 2; i++)
        compare_side_release(&run->sides[i]);
    arena_release(&run->arena);
}

bool compare_run_is_pending(const struct compare_run *run)
{
    return run->sides[0].has_plan || run->sides[1].has_plan;
}

int compare_run_forecast(const struct compare_run *run, struct strbuf *out, struct err *reterr)
{
    int code = 0;

    for (int i = 0; i < 2 && code == 0; i++) {
        const struct compare_side *side = &run->sides[i];
        strbuf_printf(out, "%c  %s: ", "AB"[i], side -> name);
        if (!side->is_live) {
            strbuf_printf(out, "nothing is asked, %s\n",
                          side->has_recorded ? "recorded answers are scored"
                                             : "it was had already");
            continue;
        }
        strbuf_printf(out, "suite %.*s: %zu entries × %u\n", VIEW_ARG(side->plan.suite->name),
                      side->plan.item_count, side->plan.repeat);
        for (size_t target = 0; target < side->plan.target_count && code == 0; target++) {
            strbuf_add_text(out, "   ");
            code = forecast_target(&side->plan, target, out, reterr);
        }
    }
    return code;
}

static void on_ended(void *context)
{
    struct compare_run *run = context;

    if (--run->pending == 0)
        run->ended(run->ended_context);
}

static void tell(struct compare_run *run, size_t side, const struct golden_progress *progress)
{
    struct golden_progress sum = {0};

    run->sides[side].progress = *progress;
    for (int i = 0; i < 2; i++) {
        const struct golden_progress *own = &run->sides[i].progress;
        sum.asked += own->asked;
        sum.answered += own->answered;
        sum.errors += own->errors;
        sum.total += own->total;
        sum.embedding = sum.embedding || own->embedding;
    }
    run->asking.progress(run->asking.progress_context, &sum);
}

static void told_of_a(void *context, const struct golden_progress *progress)
{
    tell(context, COMPARE_A, progress);
}

static void told_of_b(void *context, const struct golden_progress *progress)
{
    tell(context, COMPARE_B, progress);
}

static void (*const told[2])(void *context, const struct golden_progress *progress) = {told_of_a,
                                                                                       told_of_b};

int compare_run_start(struct compare_run *run, struct host *host,
                      const struct golden_run_options *options, void (*ended)(void *context),
                      void *context, struct err *reterr)
{
    struct golden_run_options own = *options;

    run->asking = *options;
    run->ended = ended;
    run->ended_context = context;
    for (int i = 0; i < 2; i++) {
        own.progress = options->progress != NULL ? told[i] : NULL;
        own.progress_context = run;
        int code = compare_side_prepare(&run->sides[i], host, &own, reterr);
        if (code != 0)
            return code;
        run->pending += run->sides[i].run != NULL;
    }
    for (int i = 0; i < 2; i++)
        if (run->sides[i].run != NULL)
            golden_run_start(run->sides[i].run, on_ended, run);
    return 0;
}

void compare_run_interrupt(struct compare_run *run)
{
    for (int i = 0; i < 2; i++)
        if (run->sides[i].run != NULL)
            golden_run_interrupt(run->sides[i].run);
}

/* ---- likeness -------------------------------------------------------------------------------- */

struct kept_vector {
    const float *numbers;
    size_t count;
};

struct vectors {
    struct map of_texts; /* struct kept_vector */
    struct arena *arena;
    struct cache *cache;
    struct view scorer;
    float *room;
};

static const float *vector_of(void *context, struct view text, size_t *ret_count)
{
    const struct vectors *vectors = context;
    const struct kept_vector *kept = map_get(&vectors->of_texts, text);

    if (kept == NULL)
        return NULL;
    *ret_count = kept->count;
    return kept->numbers;
}

/* ERR_MISSING where the cache does not have it. */
static int fetch(struct vectors *vectors, struct view text)
{
    struct digest digest = digest_of(text);
    struct err ignored;
    size_t count;

    if (text.len == 0 || map_get(&vectors->of_texts, text) != NULL)
        return 0;
    int code = cache_get_vector(vectors->cache, vectors->scorer, &digest, vectors->room,
                                VECTOR_NUMBERS_MAX, &count, &ignored);
    if (code != 0)
        return ERR_MISSING;
    struct kept_vector *kept = arena_new(vectors->arena, 1, sizeof *kept);
    float *numbers = arena_new(vectors->arena, count, sizeof *numbers);
    if (kept == NULL || numbers == NULL)
        return ERR_MEMORY;
    memcpy(numbers, vectors->room, count * sizeof *numbers);
    *kept = (struct kept_vector){numbers, count};
    return map_put(&vectors->of_texts, text, kept);
}

static int fetch_all(struct vectors *vectors, const struct run *run)
{
    int code = 0;

    for (size_t i = 0; i < run->entry_count && code == 0; i++)
        for (size_t s = 0; s < run->entries[i].sample_count && code == 0; s++)
            if (run->entries[i].samples[s].scored)
                code = fetch(vectors, run->entries[i].samples[s].answer.reply.text);
    return code;
}

/* .assay/cache.db of the configuration in use; NULL where it is not there. */
static const char *cache_path(struct compare_run *run)
{
    struct settings settings;
    struct err ignored;
    const char *path = NULL;

    for (int i = 0; i < 2 && path == NULL; i++)
        if (run->sides[i].has_plan)
            path = arena_printf(&run->arena, "%s/cache.db", run->sides[i].plan.state_dir);
    if (path == NULL
        && plan_settings(&run->arena, run->options->config, run->options->overrides,
                         run->options->override_count, &settings, &ignored)
               == 0)
        path = settings.folder.len > 0
                   ? arena_printf(&run->arena, "%.*s/.assay/cache.db", VIEW_ARG(settings.folder))
                   : ".assay/cache.db";
    return path != NULL && file_exists(path) ? path : NULL;
}

/* Vectors where the runs' own scorer left one of every answer. */
static bool open_vectors(struct compare_run *run, struct vectors *vectors)
{
    const struct run *a = run->sides[0].result;
    const struct run *b = run->sides[1].result;
    const char *path = cache_path(run);
    struct err ignored;

    vectors->scorer = b->scorer;
    if (path == NULL || !view_equal(a->scorer, b->scorer)
        || !view_starts(b->scorer, view_of("e5-small-q4/"))
        || cache_open(path, &vectors->cache, &ignored) != 0)
        return false;
    vectors->room = arena_new(&run->arena, VECTOR_NUMBERS_MAX, sizeof *vectors->room);
    return vectors->room != NULL && fetch_all(vectors, a) == 0 && fetch_all(vectors, b) == 0;
}

static int compare(struct compare_run *run, bool no_cache, struct err *reterr)
{
    const struct run *a = run->sides[0].result;
    const struct run *b = run->sides[1].result;
    struct vectors vectors = {.arena = &run->arena};
    struct similar similar = {.vector = vector_of, .context = &vectors};

    map_init(&vectors.of_texts, SIZE_MAX, 12);
    bool has_vectors = !no_cache && open_vectors(run, &vectors);
    similar.kind = has_vectors ? SIMILAR_VECTOR : SIMILAR_NGRAM;
    similar.calibration = calibration_find(view_of(has_vectors ? "e5-small-q4" : "tfidf"));
    struct compare_options options = {
        .names = {view_of(run->sides[0].name), view_of(run->sides[1].name)},
        .similar = &similar,
        .likeness_measure = has_vectors ? vectors.scorer : view_of("character n-grams"),
        .seed = b->seed,
    };
    int code = compare_runs(a, b, &options, &run->arena, &run->comparison, reterr);
    cache_close(vectors.cache);
    map_release(&vectors.of_texts);
    return code;
}

/* ---- finish ---------------------------------------------------------------------------------- */

static int filter(struct compare_run *run, struct err *reterr)
{
    const struct compare_side_options *options = run->options;
    bool has_tags[2];
    int code = 0;

    if (options->tag_count == 0)
        return 0;
    for (int i = 0; i < 2; i++)
        has_tags[i] = compare_side_has_tags(run->sides[i].result);
    for (int i = 0; i < 2 && code == 0; i++)
        if (has_tags[i] || !has_tags[1 - i])
            code = compare_side_filter(&run->sides[i], NULL, options->tags, options->tag_count);
    for (int i = 0; i < 2 && code == 0; i++)
        if (!has_tags[i] && has_tags[1 - i])
            code = compare_side_filter(&run->sides[i], run->sides[1 - i].result, options->tags,
                                       options->tag_count);
    return code == 0 ? 0 : fail(reterr, code, "no memory for --filter");
}

int compare_run_finish(struct compare_run *run, bool no_cache, struct err *reterr)
{
    int code = 0;

    for (int i = 0; i < 2 && code == 0; i++)
        code = compare_side_finish(&run->sides[i], reterr);
    if (code == 0)
        code = filter(run, reterr);
    return code == 0 ? compare(run, no_cache, reterr) : code;
}
