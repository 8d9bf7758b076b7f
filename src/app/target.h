/* SPDX-License-Identifier: Apache-2.0
 *
 * target: a target of assay.yaml, ready to be asked: its provider, its key from wherever it is
 * kept, the way to its AWS keys and who keeps them, its asker.
 *
 * Memory: everything lives in the arena but keeper and asker, which target_close frees. Secrets are
 * read here and never printed. Threads: the loop's. */
#ifndef ASSAY_APP_TARGET_H
#define ASSAY_APP_TARGET_H

#include "app/asker.h"
#include "app/host.h"
#include "base/strbuf.h"
#include "app/keeper.h"
#include "config/settings.h"
#include "core/sim/sim.h"

struct target {
    const struct settings_target *settings;
    struct provider_target provider;
    struct credentials *credentials; /* the way to its keys; NULL where nobody signs */
    struct keeper *keeper;           /* who goes it; between target_open and target_close */
    struct asker *asker;
    struct strbuf proxy; /* what the environment says of the way there; holds a secret */
    struct sim sim;
    struct view line[3]; /* exec: a command that is one line, for the shell */
};

/* What a command may say about a target beyond its settings; zeroed: nothing. */
struct target_overrides {
    /* As struct asker_options has them. */
    void (*resized)(void *context, const struct asker *asker, uint32_t from, uint32_t to,
                    const char *why);
    void *resized_context;
    uint32_t max_in_flight; /* 0: the target's, or 50 */
    const char *defect;     /* of sim; NULL: the target's */
    uint64_t seed;          /* of retry delays; 0 leaves a simulator its own draw */
};

/* Fills in everything but the asker. ERR_CONFIG with "FILE:LINE:COLUMN: …" where the settings do
 * not make a target, ERR_DENIED with the remedy where its credentials cannot be found,
 * ERR_MEMORY. */
MUST_CHECK int target_prepare(const struct settings *settings, const struct settings_target *from,
                              const struct target_overrides *overrides, struct arena *arena,
                              struct target *ret_target, struct err *reterr);

/* Makes its keeper and its asker. The target must stay where it is until target_close. */
MUST_CHECK int target_open(struct target *target, const struct host *host,
                           const struct target_overrides *overrides, struct err *reterr);
void target_close(struct target *target);

/* Whether the target's answers have a price, its own or the table's. */
bool target_has_price(const struct target *target);

/* What an answer cost at the target's own price, or the table's; false where no price is known. */
bool target_cost(const struct target *target, const struct usage *usage, int64_t *ret_nano_usd);

#endif
