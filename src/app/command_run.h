/* SPDX-License-Identifier: Apache-2.0
 *
 * command_run: a command of the user's own that checks an answer: started with a text on its
 * standard input, its output collected.
 *
 * Threads: the loop's. Limits: COMMAND_RUN_ARGUMENTS_MAX arguments, and those of
 * shell/os/process.h. */
#ifndef ASSAY_APP_COMMAND_RUN_H
#define ASSAY_APP_COMMAND_RUN_H

#include "config/spec.h"
#include "shell/os/process.h"

enum { COMMAND_RUN_ARGUMENTS_MAX = 256 };

struct command_run {
    const struct config_list *command; /* program and arguments, or one line */
    bool is_line;                      /* for /bin/sh */
    struct view input;
    uint64_t end_in_ns;
};

/* The listener hears PROCESS_ENDED with what the command wrote (PROCESS_WRITABLE means nothing
 * here). A command that does not read its input may decide all the same. Codes as process_start. */
MUST_CHECK int command_run_start(struct processes *processes, const struct command_run *command,
                                 process_listener *listener, void *context, struct id *ret_process,
                                 struct err *reterr);

/* Why a command failed, in its own words where it had any: the first line of its standard error. A
 * view of the event. */
struct view command_run_said(const struct process_event *event);

#endif
