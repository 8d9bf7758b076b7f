/* SPDX-License-Identifier: Apache-2.0
 *
 * signals: see signals.h. The handler only counts and wakes the loop by an eventfd; a second signal
 * does not ask the loop at all, since the loop may be what is stuck. */
#include "shell/os/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/os/process.h"

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

struct watch {
    uv_poll_t poll;
    int descriptor;
    struct loop *loop;
    signals_listener *listener;
    void *context;
};

/* What the handler needs, and whoever is watching. Signals are the process's: hence static. */
static atomic_int wake_descriptor = -1;
static atomic_int first_number;
static struct watch *watching;
static struct sigaction before[NUMBERS];

static void on_signal(int number)
{
    int saved = errno;
    int none = 0;

    if (!atomic_compare_exchange_strong(&first_number, &none, number)) {
        process_kill_all();
        _exit(128 + number);
    }
    uint64_t one = 1;
    int descriptor = atomic_load(&wake_descriptor);
    if (descriptor >= 0 && write(descriptor, &one, sizeof one) < 0)
        _exit(128 + number); /* nobody can be told: end as the system would have done */
    errno = saved;
}

void signals_ignore_pipe(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGPIPE, &ignore, NULL);
}

static void on_wake(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    uint64_t count;

    (void)status;
    (void)events;
    loop_entered(watch->loop);
    if (read(watch->descriptor, &count, sizeof count) > 0)
        watch->listener(watch->context, atomic_load(&first_number));
}

static void on_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;

    close(watch->descriptor);
    mem_free(watch);
}

static int watch_new(struct loop *loop, struct watch **ret_watch)
{
    struct watch *watch = mem_new(1, sizeof *watch);
    if (watch == NULL)
        return UV_ENOMEM;

    watch->loop = loop;
    watch->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int status = watch->descriptor < 0
                     ? -errno
                     : uv_poll_init(loop_uv(loop), &watch->poll, watch->descriptor);
    if (status != 0) {
        if (watch->descriptor >= 0)
            close(watch->descriptor);
        mem_free(watch);
        return status;
    }
    watch->poll.data = watch;
    uv_poll_start(&watch->poll, UV_READABLE, on_wake);
    uv_unref((uv_handle_t *)&watch->poll);
    *ret_watch = watch;
    return 0;
}

int signals_start(struct loop *loop, signals_listener *listener, void *context, struct err *reterr)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (watching != NULL)
        return fail(reterr, ERR_BUSY, "signals are watched already");
    int status = watch_new(loop, &watching);
    if (status != 0)
        return fail(reterr, ERR_IO, "cannot watch for Ctrl-C: %s", uv_strerror(status));
    watching->listener = listener;
    watching->context = context;
    atomic_store(&first_number, 0);
    atomic_store(&wake_descriptor, watching->descriptor);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < NUMBERS; i++) {
        sigaction(numbers[i], NULL, &before[i]);
        /* What was started with a signal ignored (nohup) keeps ignoring it. */
        if (before[i].sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    return 0;
}

void signals_stop(void)
{
    if (watching == NULL)
        return;
    for (size_t i = 0; i < NUMBERS; i++)
        sigaction(numbers[i], &before[i], NULL);
    atomic_store(&wake_descriptor, -1);
    uv_close((uv_handle_t *)&watching->poll, on_closed);
    watching = NULL;
}
