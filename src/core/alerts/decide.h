/* SPDX-License-Identifier: Apache-2.0
 *
 * decide: what to send after a run, given what was told before, and what is true afterwards.
 *
 *   decide_jobs (under the lock) → send → decide_done for each (under the lock)
 *
 * A kind of trouble is told when it begins; it is not told again while the incident lasts, unless a
 * graver or another kind joins. It is over when a whole run, newer than the last one, no longer has
 * any kind that the channel is told of. What could not be delivered stays untold, and the next run
 * tells it. PagerDuty is always told that an incident is over; where nothing is remembered (a fresh
 * checkout) it is told so too when the gate passes, which it ignores where none is open.
 * Pure: the state is changed, the caller keeps it. Threads: one owner. */
#ifndef ASSAY_CORE_ALERTS_DECIDE_H
#define ASSAY_CORE_ALERTS_DECIDE_H

#include "core/alerts/state.h"

enum { DECIDE_JOBS_MAX = SETTINGS_CHANNELS_MAX * ALERT_TOPICS };

/* Why something is not told. */
enum decide_held {
    DECIDE_SEND,
    DECIDE_CLAIMED,    /* another process is telling it */
    DECIDE_INTERVAL,   /* min_interval */
    DECIDE_HOUR,       /* per_hour_max */
    DECIDE_NOT_BEFORE, /* the service asked to be left alone */
};

struct decide_job {
    size_t channel; /* index into settings->channels */
    enum alert_topic topic;
    enum alert_action action;
    unsigned kinds;        /* to be told */
    unsigned kinds_after;  /* of the incident once it is told */
    enum decide_held held; /* others than SEND are told to nobody; the driver may say so */
    int64_t until_unix_s;  /* of NOT_BEFORE */
};

struct decide_question {
    const struct settings_alerts *settings;
    struct view suite;
    struct view run_id;
    int64_t run_started_unix_s;
    struct alert_facts facts;
    int64_t now_unix_s;
    struct view claim; /* of this process, unlike any other's */
};

/* Fills ret_jobs, claims those to be sent, and settles what needs no message. ERR_MEMORY. */
MUST_CHECK int decide_jobs(struct state *state, const struct decide_question *question,
                           struct decide_job ret_jobs[DECIDE_JOBS_MAX], size_t *ret_count);

/* How a job of held SEND ended: the state follows where it was delivered, the claim goes. A claim
 * that is not ours any more is left alone. not_before: of the channel, 0: none. ERR_MEMORY. */
MUST_CHECK int decide_done(struct state *state, const struct decide_question *question,
                           const struct decide_job *job, bool delivered, int64_t not_before_unix_s);

/* The kinds that rules want told to the channel about the suite, and the least interval. */
unsigned decide_wanted(const struct settings_alerts *settings, size_t channel, struct view suite,
                       uint64_t *ret_min_interval_ns);

#endif
