/* SPDX-License-Identifier: Apache-2.0
 *
 * alerts_mask: what alerts must not show, ready to be looked for: the rules of personal data and
 * secrets compiled, and all secrets that this process knows by their letters: those of alert
 * channels, keys of targets, and the environment's keys of services.
 *
 * Private to alerts.c. Blocking. Memory: the caller's arena; the engine's until close. Threads: one
 * owner. */
#ifndef ASSAY_APP_ALERTS_MASK_H
#define ASSAY_APP_ALERTS_MASK_H

#include "app/alerts_post.h"
#include "config/settings.h"
#include "core/alerts/mask.h"

struct alerts_mask {
    struct mask mask;
    struct scan_set *set;
};

/* ERR_MEMORY, ERR_UNSUPPORTED and others of engine/patterns.h: without the rules nothing is to be
 * sent. */
MUST_CHECK int alerts_mask_open(struct alerts_mask *mask, const struct settings *settings,
                                const struct post *posts, size_t post_count, const char *cache,
                                struct arena *arena);
/* A zeroed one is fine. */
void alerts_mask_close(struct alerts_mask *mask);

#endif
