/* SPDX-License-Identifier: Apache-2.0
 *
 * mailbox: messages of one fixed size from any threads to the one thread of a loop, bounded. The
 * way loops talk to one another: each key has one owner, others post to it.
 *
 * Messages of one producer arrive in the order they were posted; those of different producers in
 * any order. A full mailbox refuses at once: the producer decides what that means.
 * Memory: all of it at mailbox_new. Threads: mailbox_post from any; the rest, and the listener, on
 * the loop's. Limits: a message up to MAILBOX_MESSAGE_BYTES_MAX, 2^20 of them waiting.
 * Source: the bounded queue with a sequence number in each cell, by D. Vyukov. */
#ifndef ASSAY_SHELL_OS_MAILBOX_H
#define ASSAY_SHELL_OS_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct mailbox;

enum { MAILBOX_MESSAGE_BYTES_MAX = 4096 };

/* `message` holds until the listener returns. */
typedef void mailbox_listener(void *context, const void *message);

/* A mailbox of messages of message_bytes each, with room for messages_max (rounded up to a power of
 * two, 2 at least) that wait. Its loop runs on, even with nothing else to do, as long as it exists.
 * ERR_LIMIT, ERR_MEMORY, ERR_IO. */
MUST_CHECK int mailbox_new(struct loop *loop, size_t message_bytes, uint32_t messages_max,
                           mailbox_listener *listener, void *context, struct mailbox **ret_mailbox,
                           struct err *reterr);

/* Drops what waits. No thread may begin to post any more: join them, or tell them, before; one
 * whose message was heard and that is not yet back from mailbox_post is awaited. Not from inside
 * the listener. NULL is fine. */
void mailbox_free(struct mailbox *mailbox);

/* Copies the message and wakes the loop. ERR_BUSY where the mailbox is full. */
MUST_CHECK int mailbox_post(struct mailbox *mailbox, const void *message);

/* How many posts were refused so far. From any thread. */
uint64_t mailbox_refused(const struct mailbox *mailbox);

#endif
