/* SPDX-License-Identifier: Apache-2.0
 *
 * calibrate: see calibrate.h. */
#include "app/calibrate.h"

#include "app/embedder.h"
#include "app/target.h"
#include "provider/embeddings.h"
#include "shell/net/loop.h"

struct calibrating {
    const struct plan *plan;
    struct host *host;
    struct arena arena;
    struct target target;
    struct embedder *embedder;
};

static const float *vector_of(void *context, struct view text, size_t *ret_count)
{
    return embedder_vector(context, text, ret_count);
}

static void stop(void *context)
{
    loop_stop(context);
}

static int open_target(struct calibrating *calibrating, struct err *reterr)
{
    const struct plan *plan = calibrating->plan;
    const struct settings_target *from = &plan->settings.targets[plan->suite->embedding_target];
    struct target_overrides overrides = {0};
    int code = target_prepare(&plan->settings, from, &overrides, &calibrating->arena,
                              &calibrating->target, reterr);

    if (code == 0 && embeddings_batch(&calibrating->target.provider, reterr) == 0)
        code = ERR_UNSUPPORTED;
    if (code == 0)
        code = target_open(&calibrating->target, calibrating->host, &overrides, reterr);
    return code;
}

/* Asks for the vector of every accepted answer and waits for them. */
static int embed(struct calibrating *calibrating, struct err *reterr)
{
    const struct baseline *baseline = &calibrating->plan->baseline;
    struct embedder_options options = {
        .scorer = calibrating->target.provider.model,
        .asker = calibrating->target.asker,
        .target = &calibrating->target.provider,
    };
    int code = embedder_new(calibrating->host->loop, &options, &calibrating->embedder, reterr);

    for (size_t e = 0; e < baseline->entry_count && code == 0; e++)
        for (size_t i = 0; i < baseline->entries[e].answer_count && code == 0; i++)
            code =
                embedder_want(calibrating->embedder, baseline->entries[e].answers[i].text, reterr);
    if (code != 0)
        return code;
    embedder_when_idle(calibrating->embedder, stop, calibrating->host->loop);
    loop_run(calibrating->host->loop);
    code = embedder_status(calibrating->embedder, reterr);
    if (code == 0 && embedder_stats(calibrating->embedder).pending > 0)
        code = fail(reterr, ERR_CANCELLED, "interrupted");
    return code;
}

int calibrate_suite(const struct plan *plan, struct host *host, struct calibrate_result *ret_result,
                    struct err *reterr)
{
    struct calibrating calibrating = {.plan = plan, .host = host};

    arena_init(&calibrating.arena, 64 << 20);
    int code = open_target(&calibrating, reterr);
    if (code == 0)
        code = embed(&calibrating, reterr);
    if (code == 0)
        code = calibrate_measure(&plan->baseline, vector_of, calibrating.embedder,
                                 &ret_result->found, reterr);
    if (code == 0)
        code =
            calibration_fit(calibrating.target.provider.model, 1, ret_result->found.unrelated_micro,
                            ret_result->found.rewording_micro, &ret_result->map, reterr);
    embedder_free(calibrating.embedder);
    target_close(&calibrating.target);
    arena_release(&calibrating.arena);
    return code;
}
