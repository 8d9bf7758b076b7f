/* SPDX-License-Identifier: Apache-2.0
 *
 * account: what a pool did, as one JSON object, written at the end of a run and read again by
 * `assay pools`: its settings, its figures, and the histograms that a rehearsal needs (base64 of
 * HdrHistogram V2, compressed), so that nothing is lost between the two.
 *
 * Pure. Memory: the caller's arena and base/mem for histograms. Threads: one owner. */
#ifndef ASSAY_CORE_POOL_ACCOUNT_H
#define ASSAY_CORE_POOL_ACCOUNT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "core/pool/pool.h"
#include "wire/json.h"

struct pool_account {
    struct view name;    /* of the target, or of the pool */
    struct view service; /* of services.def, "" for any other */
    uint32_t connections_min;
    uint32_t connections_max;
    uint32_t streams_max;
    uint64_t checkout_in_ns; /* 0: as long as the caller had */
    struct pool_metrics metrics;
    struct pool_histograms histograms; /* borrowed when writing, the reader's own when read */
};

/* Writes the object. A failure sticks in the writer's strbuf. */
void pool_account_write(struct json_writer *writer, const struct pool_account *account);

/* Reads one; texts are views of the tree. ERR_CORRUPT with the field that is wrong, ERR_MEMORY;
 * pool_account_release afterwards. */
MUST_CHECK int pool_account_read(const struct json *object, struct pool_account *ret_account,
                                 struct err *reterr);
void pool_account_release(struct pool_account *account);

/* Adds another pool's account, of a process that ran beside: counts, sizes and histograms without
 * loss, the highest values of both, shares weighed by what each pool could carry. ERR_LIMIT where
 * there are more values than a histogram can count; `into` is then of no use. */
MUST_CHECK int pool_account_add(struct pool_account *into, const struct pool_account *from);

/* The time a checkout took, whichever way; the caller releases it. ERR_MEMORY. */
MUST_CHECK int pool_account_checkout(const struct pool_account *account,
                                     struct histogram *ret_histogram);

#endif
