/* SPDX-License-Identifier: Apache-2.0
 *
 * alerts: after a run, tells those whom `alerts:` of assay.yaml names what went wrong or right
 * again: marries core/alerts with files, locks and HTTP.
 *
 * Nothing here fails a run: whatever goes wrong is told as a line of warning with addresses
 * masked, and sending takes no longer than the section's deadline. Before and after it a lock is
 * waited for, two seconds at most, and before the first message patterns are compiled or taken from
 * the cache. What was told is remembered in .assay/alerts/state.json under the lock; where that
 * cannot be written, messages go out all the same and may go out twice. A message that was
 * delivered just before this process died may go out once more: at least once, not exactly once.
 * Blocking. Memory: an arena while it works. Threads: the loop's. */
#ifndef ASSAY_APP_ALERTS_H
#define ASSAY_APP_ALERTS_H

#include "app/host.h"
#include "config/alerts.h"
#include "core/record/run.h"

struct alerts_options {
    const struct host *host;
    const struct settings *settings;
    const char *state_dir; /* .assay beside assay.yaml */
    const char *cache;     /* folder of the program's caches; NULL: none */
    const char *assay_version;
    bool is_partial; /* entries were left out by the command line: nothing is called over */
    /* A line for people, without its end. */
    void (*tell)(void *context, const char *text);
    void *context;
};

/* Sends what is due after this run. Nothing for a run that was interrupted, or for a part of one
 * (shard_count > 1). */
void alerts_send(const struct alerts_options *options, const struct run *run);

/* How a channel took a test message; code 0: it was delivered. `shown` is its masked address. */
typedef void alerts_tested(void *context, const struct settings_channel *channel, struct view shown,
                           int code, const char *text);

/* Whether each channel's address and keys can be had; nothing is sent. */
void alerts_check(const struct alerts_options *options, alerts_tested *tested, void *context);

/* Sends each channel a test message; nothing is remembered. Every channel gets one call. */
void alerts_test(const struct alerts_options *options, alerts_tested *tested, void *context);

#endif
