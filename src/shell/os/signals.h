/* SPDX-License-Identifier: Apache-2.0
 *
 * signals: Ctrl-C, SIGTERM and SIGHUP as an event of the loop; SIGPIPE ignored.
 *
 * The first asks the driver to end in order; a second one ends the process at once with status 130
 * (or 128 + the signal), after killing all children, even where the loop is stuck.
 * Threads: one object a process (signals are the process's), owned by the loop's thread. */
#ifndef ASSAY_SHELL_OS_SIGNALS_H
#define ASSAY_SHELL_OS_SIGNALS_H

#include "base/err.h"

struct loop;

/* `number` is SIGINT, SIGTERM or SIGHUP. */
typedef void signals_listener(void *context, int number);

/* A write to a pipe nobody reads is an error code from now on, not the end of the process. */
void signals_ignore_pipe(void);

/* From now on the loop hears of signals. They keep no loop alive. ERR_BUSY where it was called
 * already, ERR_IO. */
MUST_CHECK int signals_start(struct loop *loop, signals_listener *listener, void *context,
                             struct err *reterr);

/* Back to what the system does by default. Safe where none was started. */
void signals_stop(void);

#endif
