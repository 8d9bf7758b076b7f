/* SPDX-License-Identifier: Apache-2.0
 *
 * text_keeper: where long texts (answers, accepted answers, questions) are kept, other than in an
 * arena: in a file that is mapped, say (shell/os/spool.h), so that a large run's texts need not fit
 * into memory.
 *
 * Threads: the keeper's. */
#ifndef ASSAY_CORE_RECORD_TEXT_KEEPER_H
#define ASSAY_CORE_RECORD_TEXT_KEEPER_H

#include "base/arena.h"

struct text_keeper {
    /* A copy that holds as long as the keeper. ERR_MEMORY. */
    int (*keep)(void *context, struct view text, struct view *ret_kept);
    void *context;
};

/* A copy from the keeper; without one (NULL) from the arena. ERR_MEMORY. */
MUST_CHECK static inline int text_keep(const struct text_keeper *keeper, struct arena *arena,
                                       struct view text, struct view *ret_kept)
{
    return keeper != NULL ? keeper->keep(keeper->context, text, ret_kept)
                          : arena_copy(arena, text, ret_kept);
}

#endif
