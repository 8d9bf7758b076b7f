/* SPDX-License-Identifier: Apache-2.0
 *
 * mailbox: see mailbox.h. A ring of cells; a cell's turn says whose it is:
 *
 *     turn == n            the producer that takes place n may write
 *     turn == n + 1        the message of place n lies there for the consumer
 *     turn == n + cells    read: free for place n + cells
 *
 * Producers take places by compare and swap, so a producer that stalls between taking and writing
 * holds back those behind it but corrupts nothing. Who wrote wakes the loop, which libuv does at
 * most once for all who come before it woke. */
#include "shell/os/mailbox.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

#include "base/mem.h"
#include "shell/net/loop.h"

enum { MESSAGES_MAX = 1 << 20, CACHE_LINE = 64 };

struct mailbox {
    uv_async_t wake;
    struct loop *loop;
    mailbox_listener *listener;
    void *context;
    _Atomic uint64_t *turns;
    unsigned char *messages;
    unsigned char *taken; /* the message the listener is looking at */
    size_t message_bytes;
    uint64_t cells; /* a power of two */
    uint64_t next_read;
    /* Producers write here, the consumer above: apart, so that neither takes the other's line. */
    char apart[CACHE_LINE];
    _Atomic uint64_t next_write;
    _Atomic uint64_t refused;
    _Atomic uint32_t posting; /* producers that may still touch this after their message was read */
};

static void free_all(struct mailbox *mailbox)
{
    mem_free((void *)mailbox->turns);
    mem_free(mailbox->messages);
    mem_free(mailbox->taken);
    mem_free(mailbox);
}

/* The message of the next place, copied out so that its cell is free before the listener runs. */
static bool take(struct mailbox *mailbox)
{
    uint64_t cell = mailbox->next_read & (mailbox->cells - 1);

    if (atomic_load_explicit(&mailbox->turns[cell], memory_order_acquire) != mailbox->next_read + 1)
        return false;
    memcpy(mailbox->taken, mailbox->messages + cell * mailbox->message_bytes,
           mailbox->message_bytes);
    atomic_store_explicit(&mailbox->turns[cell], mailbox->next_read + mailbox->cells,
                          memory_order_release);
    mailbox->next_read++;
    return true;
}

/* At most a ring's worth: the loop has other things to do as well. */
static void on_wake(uv_async_t *wake)
{
    struct mailbox *mailbox = wake->data;
    uint64_t left = mailbox->cells;

    loop_entered(mailbox->loop);
    while (left > 0 && take(mailbox)) {
        left--;
        mailbox->listener(mailbox->context, mailbox->taken);
    }
    if (left == 0)
        uv_async_send(&mailbox->wake);
}

/* Two at least: with one cell alone, a turn could not tell a message that lies there from a place
 * that is free. */
static uint64_t power_of_two(uint32_t at_least)
{
    uint64_t power = 2;

    while (power < at_least)
        power *= 2;
    return power;
}

int mailbox_new(struct loop *loop, size_t message_bytes, uint32_t messages_max,
                mailbox_listener *listener, void *context, struct mailbox **ret_mailbox,
                struct err *reterr)
{
    if (message_bytes == 0 || message_bytes > MAILBOX_MESSAGE_BYTES_MAX || messages_max == 0
        || messages_max > MESSAGES_MAX)
        return fail(reterr, ERR_LIMIT, "a mailbox of %u messages of %zu bytes is past its limits",
                    messages_max, message_bytes);
    struct mailbox *mailbox = mem_new(1, sizeof *mailbox);
    if (mailbox == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory for a mailbox");

    mailbox->loop = loop;
    mailbox->listener = listener;
    mailbox->context = context;
    mailbox->message_bytes = message_bytes;
    mailbox->cells = power_of_two(messages_max);
    mailbox->turns = mem_new(mailbox->cells, sizeof *mailbox->turns);
    mailbox->messages = mem_new(mailbox->cells, message_bytes);
    mailbox->taken = mem_new(1, message_bytes);
    if (mailbox->turns == NULL || mailbox->messages == NULL || mailbox->taken == NULL) {
        free_all(mailbox);
        return fail(reterr, ERR_MEMORY, "out of memory for a mailbox");
    }
    for (uint64_t i = 0; i < mailbox->cells; i++)
        atomic_init(&mailbox->turns[i], i);
    int status = uv_async_init(loop_uv(loop), &mailbox->wake, on_wake);
    if (status != 0) {
        free_all(mailbox);
        return fail(reterr, ERR_IO, "cannot make a mailbox: %s", uv_strerror(status));
    }
    mailbox->wake.data = mailbox;
    *ret_mailbox = mailbox;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free_all(handle->data);
}

void mailbox_free(struct mailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    /* The last message may have been read before its producer came to wake the loop. */
    while (atomic_load_explicit(&mailbox->posting, memory_order_acquire) != 0)
        sched_yield();
    uv_close((uv_handle_t *)&mailbox->wake, on_closed);
}

static int post(struct mailbox *mailbox, const void *message)
{
    uint64_t place = atomic_load_explicit(&mailbox->next_write, memory_order_relaxed);
    uint64_t cell;

    for (;;) {
        cell = place & (mailbox->cells - 1);
        uint64_t turn = atomic_load_explicit(&mailbox->turns[cell], memory_order_acquire);
        if (turn == place) {
            if (atomic_compare_exchange_weak_explicit(&mailbox->next_write, &place, place + 1,
                                                      memory_order_relaxed, memory_order_relaxed))
                break;
        } else if (turn < place) {
            atomic_fetch_add_explicit(&mailbox->refused, 1, memory_order_relaxed);
            return ERR_BUSY;
        } else {
            place = atomic_load_explicit(&mailbox->next_write, memory_order_relaxed);
        }
    }
    memcpy(mailbox->messages + cell * mailbox->message_bytes, message, mailbox->message_bytes);
    atomic_store_explicit(&mailbox->turns[cell], place + 1, memory_order_release);
    uv_async_send(&mailbox->wake);
    return 0;
}

int mailbox_post(struct mailbox *mailbox, const void *message)
{
    atomic_fetch_add_explicit(&mailbox->posting, 1, memory_order_relaxed);
    int code = post(mailbox, message);
    atomic_fetch_sub_explicit(&mailbox->posting, 1, memory_order_release);
    return code;
}

uint64_t mailbox_refused(const struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->refused, memory_order_relaxed);
}
