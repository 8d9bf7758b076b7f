/* SPDX-License-Identifier: Apache-2.0
 *
 * channels: one answer that comes in several streams at once, each validated by itself: the text of
 * each choice, and the arguments of each tool call. One verdict over all of them.
 *
 * A channel begins with its first byte. The text of a choice is held against the whole policy;
 * arguments of a tool call are JSON of their own, and only what looks for spans (personal data,
 * secrets, leaks, forbidden words, patterns) counts there.
 *
 * Memory: that of one validation a channel, kept for the next answer. Threads: one owner.
 * Limits: VALIDATE_CHANNELS_MAX; a further one is ERR_LIMIT. */
#ifndef ASSAY_CORE_VALIDATE_CHANNELS_H
#define ASSAY_CORE_VALIDATE_CHANNELS_H

#include "core/validate/validate.h"

enum { VALIDATE_CHANNELS_MAX = 64, CHANNEL_TEXT = -1 };

/* Which stream of an answer. */
struct channel_key {
    uint32_t choice; /* among the answers to one question */
    int32_t tool;    /* which tool call's arguments; CHANNEL_TEXT: the text */
};

struct channel_finding {
    struct channel_key channel;
    struct validate_finding found; /* offsets: bytes of that channel */
};

/* The gravest decision of all channels. */
struct channels_validated {
    enum validate_decision decision;
    bool log;
    bool retry_at_zero;
    const struct channel_finding
        *findings; /* by channel (choice, text before tools), then as there */
    size_t count;
    bool is_masked;
};

struct validate_channels;

/* The policy must be bound and hold until free. */
MUST_CHECK int validate_channels_new(const struct policy *policy,
                                     const struct morphology *morphology,
                                     struct scan_scratch *scratch,
                                     struct validate_channels **ret_channels);
void validate_channels_free(struct validate_channels *channels); /* NULL is fine */

/* A new answer. The subject's views must hold until the next begin. */
void validate_channels_begin(struct validate_channels *channels,
                             const struct validate_subject *subject);

/* More of one channel. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int validate_channels_feed(struct validate_channels *channels, struct channel_key key,
                                      struct view text, struct err *reterr);
/* What of that channel may leave, as validation_release; empty for one that has not begun. */
MUST_CHECK int validate_channels_release(struct validate_channels *channels, struct channel_key key,
                                         struct view *ret_text);
/* True once a check has cut any channel off: the answer as a whole will not be accepted. */
bool validate_channels_is_cut(const struct validate_channels *channels);

/* The channels that have begun, in their order. */
size_t validate_channels_count(const struct validate_channels *channels);
struct channel_key validate_channels_key(const struct validate_channels *channels, size_t i);

/* The answer is complete; `subject` as of validation_end. The text of choice 0 is judged even where
 * none came, unless tools are called. */
MUST_CHECK int validate_channels_end(struct validate_channels *channels,
                                     const struct validate_subject *subject, struct err *reterr);
MUST_CHECK int validate_channels_decide(struct validate_channels *channels,
                                        const struct validate_situation *situation,
                                        struct channels_validated *ret_validated,
                                        struct err *reterr);

#endif
