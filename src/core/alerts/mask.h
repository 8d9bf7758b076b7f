/* SPDX-License-Identifier: Apache-2.0
 *
 * mask: takes out of a text what must not leave the house by an alert: personal data and secrets of
 * machines, found as validation finds them (text/personal, text/secrets), and the very secrets that
 * the configuration holds, letter by letter.
 *
 * What is found becomes [EMAIL], [SECRET], …. Where the rules cannot say (too costly, no memory)
 * the rest of the text is left out: an alert may say less, never more.
 * Memory: base/mem while it works; results in the caller's arena. Threads: a scratch has one
 * owner. */
#ifndef ASSAY_CORE_ALERTS_MASK_H
#define ASSAY_CORE_ALERTS_MASK_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "text/scan.h"

struct mask {
    const struct scan_set *set; /* of mask_plan's rules; NULL: only `secrets` are looked for */
    struct scan_scratch *scratch;
    const struct view *secrets; /* that the configuration holds; those under 6 bytes are passed
                                   over, since they stand in any text */
    size_t secret_count;
};

/* Adds the rules that mask_text looks for, in the order that it expects. */
MUST_CHECK int mask_plan(struct scan_plan *plan, struct err *reterr);

/* The text without them, cut to `max` bytes with "…" behind where it was longer, control characters
 * as spaces. The text is cut only after it was masked, so that half a secret is none either.
 * ERR_MEMORY of the arena. */
MUST_CHECK int mask_text(const struct mask *mask, struct view text, size_t max, struct arena *arena,
                         struct view *ret_text);

/* The address as messages may show it: "https://hooks.slack.com/…", without user, path and query;
 * "(no address)" for what is none. In the arena; a literal without memory. */
struct view mask_url(struct view url, struct arena *arena);

#endif
