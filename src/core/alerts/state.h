/* SPDX-License-Identifier: Apache-2.0
 *
 * state: what was told to whom, so that a suite that goes on failing pages once: for each channel,
 * suite and topic whether an incident is open, of which kinds, since which run; and for each
 * channel what it was sent lately and whether it asked to be left alone.
 *
 * Kept as JSON in one small file that its driver replaces in one step under a lock (app/alerts).
 * A claim marks what a process is about to send, so that two that end at once send it once; it runs
 * out by itself, should that process die. Times are seconds since 1970 of a clock that may jump: a
 * time in the future counts as none.
 * Pure. Memory: the arena it was made in. Threads: one owner. Limits: 4,096 rows, the oldest go. */
#ifndef ASSAY_CORE_ALERTS_STATE_H
#define ASSAY_CORE_ALERTS_STATE_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "core/alerts/alert.h"

enum {
    STATE_ROWS_MAX = 4096,
    STATE_CHANNELS_MAX = 256,
    STATE_SENT_MAX = 128, /* remembered for a channel */
    STATE_BYTES_MAX = 8 << 20,
    STATE_CLAIM_S = 120, /* the longest that a claim holds */
};

struct state_row {
    struct view channel;
    struct view suite;
    enum alert_topic topic;
    unsigned kinds; /* of the open incident; 0: none is open */
    struct view run_id;
    int64_t run_started_unix_s;
    int64_t told_unix_s; /* the last message about it; 0: none */
    struct view claim;   /* who is about to send; empty: nobody */
    int64_t claim_until_unix_s;
};

struct state_channel {
    struct view name;
    int64_t sent_unix_s[STATE_SENT_MAX]; /* the newest last */
    size_t sent_count;
    int64_t not_before_unix_s; /* the service asked for it */
};

struct state {
    struct arena *arena;
    struct state_row *rows;
    size_t row_count;
    size_t row_capacity;
    struct state_channel *channels;
    size_t channel_count;
    size_t channel_capacity;
};

/* Empty. */
void state_init(struct state *state, struct arena *arena);

/* Reads what state_write wrote. ERR_CORRUPT with what is wrong (the state is empty then),
 * ERR_UNSUPPORTED for a later schema, ERR_MEMORY. */
MUST_CHECK int state_read(struct state *state, struct view text, struct err *reterr);
void state_write(const struct state *state, struct strbuf *out);

/* NULL where there is none. */
struct state_row *state_row_of(struct state *state, struct view channel, struct view suite,
                               enum alert_topic topic);
/* The same, made where it is missing; NULL without memory. Rows move when one is made. */
struct state_row *state_row_make(struct state *state, struct view channel, struct view suite,
                                 enum alert_topic topic);
struct state_channel *state_channel_make(struct state *state, struct view name);

/* Messages that the channel was sent in the hour before now. */
size_t state_sent_lately(const struct state_channel *channel, int64_t now_unix_s);

#endif
