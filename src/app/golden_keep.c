/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_keep: see golden_keep.h. */
#include "app/golden_keep.h"

#include "app/answer_cache.h"

int golden_keep_prepare(struct golden_run *run)
{
    const struct plan *plan = run->plan;
    int code = 0;

    if (run->options.answers == NULL || run->targets == NULL)
        return 0;
    run->target_digests = arena_new(&run->arena, plan->target_count, sizeof *run->target_digests);
    if (run->target_digests == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < plan->target_count && code == 0; i++)
        code = answer_cache_target(plan->targets[i], plan->seed, run->options.defect,
                                   &run->target_digests[i]);
    return code;
}

bool golden_keep_find(struct golden_run *run, struct ask *ask, const struct chat *chat,
                      struct arena *scratch, struct answer *ret_answer)
{
    struct err ignored;

    if (run->target_digests == NULL)
        return false;
    if (answer_cache_question(&run->target_digests[run->plan->items[ask->item].target], chat,
                              &ask->question)
        != 0)
        return false;
    ask->is_named = true;
    return answer_cache_get(run->options.answers, &ask->question, chat->sample, scratch, ret_answer,
                            &ignored)
           == 0;
}

void golden_keep_put(struct golden_run *run, const struct ask *ask, const struct answer *answer)
{
    struct err ignored;

    if (ask->is_named)
        (void)!answer_cache_put(run->options.answers, &ask->question,
                                run->options.first_sample + ask->sample, answer, &ignored);
}
