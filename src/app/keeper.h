/* SPDX-License-Identifier: Apache-2.0
 *
 * keeper: who signs: AWS keys, fetched once for all that wait for them and refreshed ahead of their
 * end. The driver that marries core/call/keys (when to fetch) and provider/credentials (where from)
 * with the outside: servers of STS, SSO, containers and instances, and credential_process.
 *
 *     int code = keeper_keys(keeper, &ask->waiter, &keys, &err);
 *     if (code == ERR_BUSY) return;             // waiter.ready comes later: ask again from there
 *     if (code == 0) sigv4_sign(&keys, …);
 *
 * Keys that stand in the environment or in a file are there at once and never waited for. While
 * keys that are still good are being refreshed, the old ones are given. A refresh that fails leaves
 * them in use, and is tried again with growing delays; only where none are good any more is its
 * reason told, with the remedy. Secrets are never part of a text.
 *
 * Memory: an arena for how keys are come by (1 MiB), one for the keys (64 KiB), one connection
 * while fetching. Threads: the loop's. */
#ifndef ASSAY_APP_KEEPER_H
#define ASSAY_APP_KEEPER_H

#include <stdint.h>

#include "app/host.h"
#include "base/err.h"
#include "base/view.h"
#include "wire/sigv4.h"

struct credentials; /* provider/credentials.h */
struct keeper;
struct keepers;

/* One that waits. Lies in its owner's storage, which must stay until `ready` was called or
 * keeper_forget was; zeroed but for the first two. */
struct keeper_waiter {
    /* Called once, from the loop, never from inside a call of the keeper: 0: ask keeper_keys again;
     * else why there are no keys, for people, and with the remedy. */
    void (*ready)(void *context, int code, const char *text);
    void *context;
    struct keeper_waiter *next; /* these are the keeper's */
    struct keeper_waiter *previous;
    struct keeper *keeper; /* NULL: it does not wait */
};

struct keeper_options {
    const struct credentials *credentials; /* how keys are come by; copied */
    uint64_t seed;                         /* of delays; 0: a random one */
};

/* The keepers of one host, so that the same keys are fetched once. */
MUST_CHECK int keepers_new(struct keepers **ret_keepers, struct err *reterr);
/* All of them must have been freed before. NULL is fine. */
void keepers_free(struct keepers *keepers);

/* Fetches nothing yet. One of the host's keepers that goes the same way is given once more, and is
 * to be freed as often as it was given. Of the host only `outside` is needed, `processes` besides
 * where a credential_process is to be run. ERR_UNSUPPORTED where that is missing, ERR_MEMORY. */
MUST_CHECK int keeper_new(const struct host *host, const struct keeper_options *options,
                          struct keeper **ret_keeper, struct err *reterr);

/* The last time: ends what is under way, and nobody may wait any more: keeper_forget them first.
 * Not from inside `ready`. NULL is fine. */
void keeper_free(struct keeper *keeper);

/* Keys that are good now: 0; their views hold until control returns to the loop. ERR_BUSY: they are
 * being fetched, and waiter->ready is called once. Any other code: there are none, and reterr says
 * why and what to do. A waiter that waits already may ask again and goes on waiting. */
MUST_CHECK int keeper_keys(struct keeper *keeper, struct keeper_waiter *waiter,
                           struct sigv4_credentials *ret_keys, struct err *reterr);

/* It waits no more; fine where it does not. */
void keeper_forget(struct keeper *keeper, struct keeper_waiter *waiter);

#endif
