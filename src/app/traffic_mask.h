/* SPDX-License-Identifier: Apache-2.0
 *
 * traffic_mask: personal data and secrets in a text, replaced by their kinds: what may be kept of
 * traffic.
 *
 * What is recognised is what text/personal.h and text/secrets.h know; names of people, and what is
 * told in words, are not.
 * Memory: base/mem and an arena. Threads: one owner. */
#ifndef ASSAY_APP_TRAFFIC_MASK_H
#define ASSAY_APP_TRAFFIC_MASK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

struct traffic_mask;

/* `cache` is the folder of the program's caches; NULL: none. ERR_UNSUPPORTED, ERR_MEMORY. */
MUST_CHECK int traffic_mask_new(const char *cache, struct traffic_mask **ret_mask,
                                struct err *reterr);
void traffic_mask_free(struct traffic_mask *mask); /* NULL is fine */

/* The text, or a copy of it in the arena with masks in it; ret_count (may be NULL) grows by how
 * many places were found. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int traffic_mask_text(struct traffic_mask *mask, struct arena *arena, struct view text,
                                 struct view *ret_text, size_t *ret_count, struct err *reterr);

#endif
