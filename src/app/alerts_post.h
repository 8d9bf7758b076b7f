/* SPDX-License-Identifier: Apache-2.0
 *
 * alerts_post: messages on their way to channels: each channel's delivery machine
 * (core/alerts/delivery.h) over an asker of its own, all channels at the same time.
 *
 * Private to alerts.c. Blocking: post_run runs the loop, until the deadline at most.
 * Memory: the caller's arena; askers. Threads: the loop's. */
#ifndef ASSAY_APP_ALERTS_POST_H
#define ASSAY_APP_ALERTS_POST_H

#include "app/asker.h"
#include "app/host.h"
#include "core/alerts/body.h"
#include "core/alerts/delivery.h"

struct posts;

/* A channel with its messages. */
struct post {
    const struct settings_channel *channel;
    struct view url;         /* secret */
    struct view routing_key; /* secret */
    struct view secret;
    struct view shown;                         /* the address, masked */
    struct view bodies[DELIVERY_MESSAGES_MAX]; /* JSON */
    struct view keys[DELIVERY_MESSAGES_MAX];   /* the same for a message that is sent again */
    size_t count;
    struct delivery delivery;
    struct err err; /* the last failure, for people; may hold a server's words */
    int code;       /* of a channel that cannot be asked at all */
    /* post_run's own */
    struct posts *posts;
    struct provider_target target;
    struct strbuf proxy; /* a secret */
    struct asker *asker;
    bool has_ended;
};

/* Finds address and keys, from settings or files; what is wrong is in err, code. */
void post_prepare(struct post *post, const struct settings_channel *channel, struct arena *arena);

/* Brings them all out. Their deliveries say how each ended. */
void post_run(const struct host *host, struct post *posts, size_t count, uint64_t deadline_ns,
              struct arena *arena);

#endif
