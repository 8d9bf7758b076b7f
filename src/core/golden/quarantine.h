/* SPDX-License-Identifier: Apache-2.0
 *
 * quarantine: entries known to be flaky. `quarantine:` of a suite lists them, each with the last
 * day on which it holds:
 *   quarantine:
 *     - {entry: rec-ja-001, until: 2026-12-24, reason: the shop's search is being rebuilt}
 * Such an entry is asked and reported, but decides nothing. Once its day has passed it decides
 * again, and every report says that the quarantine is over.
 *
 * Pure. Memory: the caller's arena. Threads: values. */
#ifndef ASSAY_CORE_GOLDEN_QUARANTINE_H
#define ASSAY_CORE_GOLDEN_QUARANTINE_H

#include "config/settings.h"
#include "core/golden/entries.h"
#include "core/record/run.h"

enum { QUARANTINE_MAX = 10000 };

struct quarantine {
    const struct settings_quarantine *items;
    size_t count;
};

/* Reads the list (NULL: none) and holds it against the golden set; what is wrong goes to problems:
 * an entry that the set does not have, one that is listed twice, a day that is none. Returns 0,
 * ERR_CONFIG, ERR_MEMORY. */
MUST_CHECK int quarantine_read(const struct config_reader *reader, const struct json *list,
                               const struct golden_set *set, struct quarantine *ret_quarantine);

/* Fills is_quarantined and quarantine_until of the run's entries. `today` is "2026-11-24". */
MUST_CHECK int quarantine_apply(const struct quarantine *quarantine, struct run *run,
                                const char *today);

#endif
