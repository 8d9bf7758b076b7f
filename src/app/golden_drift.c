/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_drift: golden_run_watch (golden_run.h): what history shows of scores, and whether the
 * answers as a set have moved away from the accepted ones.
 *
 * Of entries whose prompt, model and parameters are those of the baseline alone; their vectors are
 * there already, since similarity was measured with them. A suite without a baseline or without
 * embeddings has none to compare. */
#include "app/golden_run_state.h"
#include "app/history.h"
#include "core/golden/drift.h"

static const double ALPHA = .01;

/* Vectors of one size found so far. */
struct collecting {
    struct golden_run *run;
    struct arena arena;
    struct drift_vectors *entries;
    size_t count;
    size_t size; /* of a vector; 0 before the first */
};

enum { ARENA_BYTES_MAX = 64 << 20 };

/* The vector of a text, where there is one of the right size. */
static const float *find_vector(struct collecting *collecting, struct view text)
{
    const struct similar *similar = &collecting->run->similar;
    size_t size = 0;
    const float *vector = text.len > 0 ? similar->vector(similar->context, text, &size) : NULL;

    if (vector == NULL || size == 0 || (collecting->size != 0 && size != collecting->size))
        return NULL;
    collecting->size = size;
    return vector;
}

static int collect_entry(struct collecting *collecting, const struct run_entry *entry)
{
    const struct baseline_entry *baseline = entry->baseline;
    const float **now = arena_new(&collecting->arena, entry->sample_count + 1, sizeof *now);
    const float **before =
        arena_new(&collecting->arena, baseline->answer_count + 1, sizeof *before);
    struct drift_vectors vectors = {.now = now, .before = before};

    if (now == NULL || before == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < entry->sample_count; i++)
        if (entry->samples[i].scored) {
            now[vectors.now_count] = find_vector(collecting, entry->samples[i].answer.reply.text);
            vectors.now_count += now[vectors.now_count] != NULL;
        }
    for (size_t i = 0; i < baseline->answer_count; i++) {
        before[vectors.before_count] = find_vector(collecting, baseline->answers[i].text);
        vectors.before_count += before[vectors.before_count] != NULL;
    }
    collecting->entries[collecting->count++] = vectors;
    return 0;
}

static bool is_same_side(const struct run_entry *entry)
{
    return entry->baseline != NULL && !entry->prompt_changed && !entry->model_changed
           && !entry->params_changed;
}

/* Each of a few hundred answers weighs the same: the first entries stand for the others. */
static int collect(struct collecting *collecting)
{
    const struct run *result = &collecting->run->result;
    int code = 0;

    collecting->entries =
        arena_new(&collecting->arena, DRIFT_VECTORS_MAX, sizeof *collecting->entries);
    if (collecting->entries == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < result->entry_count && code == 0; i++)
        if (collecting->count < DRIFT_VECTORS_MAX && is_same_side(&result->entries[i]))
            code = collect_entry(collecting, &result->entries[i]);
    return code;
}

static int say(struct golden_run *run, const struct energy *energy)
{
    struct run *result = &run->result;
    struct view *sentences = arena_new(&run->arena, result->drift_count + 1, sizeof *sentences);
    const char *text =
        arena_printf(&run->arena,
                     "the answers as a set have moved away from the accepted ones (energy distance "
                     "%.4f, p = %.3f) though their prompts, model and parameters are the same",
                     energy->distance, energy->p);

    if (sentences == NULL || text == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < result->drift_count; i++)
        sentences[i] = result->drift[i];
    sentences[result->drift_count++] = view_of(text);
    result->drift = sentences;
    return 0;
}

static int watch_answers(struct golden_run *run)
{
    struct collecting collecting = {.run = run};
    struct energy energy;

    arena_init(&collecting.arena, ARENA_BYTES_MAX);
    int code = collect(&collecting);
    if (code == 0) {
        code = drift_vectors_test(collecting.entries, collecting.count, collecting.size,
                                  run->result.seed, &energy);
        if (code == 0 && energy.p < ALPHA)
            code = say(run, &energy);
    }
    arena_release(&collecting.arena);
    return code == ERR_MISSING ? 0 : code;
}

int golden_run_watch(struct golden_run *run, struct err *reterr)
{
    if (run->result.interrupted)
        return 0;
    int code = history_drift(run->plan, &run->result, &run->arena);
    if (code == 0 && run->similar.kind == SIMILAR_VECTOR)
        code = watch_answers(run);
    return code == 0 ? 0 : fail(reterr, code, "no memory to look for slow change");
}
