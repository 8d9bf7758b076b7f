/* SPDX-License-Identifier: Apache-2.0
 *
 * process: children of ours, with pipes to all three of their streams: one question to one command
 * (`exec` targets and checks) as well as helpers that live long and are spoken to in frames.
 *
 * A child is started by its arguments (never through a shell), in a process group of its own, so
 * that Ctrl-C reaches us alone and all it started ends with it. Its deadline brings SIGTERM, then
 * after the grace SIGKILL, to the group. It inherits no descriptor but its three pipes. Every child
 * is awaited: no zombie stays.
 * Memory: places for the children at processes_new; buffers under each child's ceilings.
 * Threads: the loop's. Limit: PROCESSES_MAX children in the whole program. */
#ifndef ASSAY_SHELL_OS_PROCESS_H
#define ASSAY_SHELL_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slots.h"
#include "base/view.h"

struct loop;
struct processes;

enum { PROCESSES_MAX = 256 };

enum process_event_kind {
    PROCESS_OUTPUT,   /* bytes came from its standard output (not where `collect` is set) */
    PROCESS_WRITABLE, /* what was queued fell low after process_write said BUSY */
    PROCESS_ENDED,    /* it is gone and all its output was heard; the id is dead now */
};

struct process_event {
    enum process_event_kind kind;
    struct id process;
    struct view bytes; /* of OUTPUT; of ENDED: all of standard output where `collect` is set */
    struct view error_output; /* of ENDED: the start of standard error, up to its ceiling */
    int code;         /* of ENDED: 0: status 0; ERR_FAILED: another status or a signal of its own;
                 ERR_TIMEOUT: its deadline; ERR_LIMIT: too much output; ERR_MEMORY */
    int exit_status;  /* of ENDED: 0 to 255; -1 where a signal ended it */
    int signal;       /* of ENDED: which one, 0 where none */
    const char *text; /* of ENDED: what happened, for people; never NULL */
};

typedef void process_listener(void *context, const struct process_event *event);

struct process_options {
    const char *const *arguments;   /* NULL-ended; the first is looked up in PATH */
    const char *const *environment; /* NULL-ended NAME=VALUE; NULL: ours */
    const char *directory;          /* NULL: ours */
    uint64_t end_in_ns;             /* deadline of its life; 0: none */
    uint64_t grace_ns;              /* from SIGTERM to SIGKILL; 0: one second */
    bool collect;                   /* keep standard output for ENDED */
    size_t output_bytes_max;        /* ceiling for collected standard output; 0: 16 MiB */
    size_t error_bytes_max;         /* how much of standard error is kept; 0: 8 KiB */
};

/* At most `capacity` children at once. */
MUST_CHECK int processes_new(struct loop *loop, uint32_t capacity, struct processes **ret_processes,
                             struct err *reterr);

/* Kills what still runs, with no event. NULL is fine. */
void processes_free(struct processes *processes);

/* Starts a child. Arguments and environment are copied. Events come from the loop, never from
 * inside a call. ERR_MISSING (no such program), ERR_DENIED (not executable), ERR_LIMIT (all places
 * taken, too many open files), ERR_MEMORY, ERR_IO; text in reterr. */
MUST_CHECK int process_start(struct processes *processes, const struct process_options *options,
                             process_listener *listener, void *context, struct id *ret_process,
                             struct err *reterr);

/* Queues a copy of the bytes for its standard input. ERR_BUSY: taken, but wait for WRITABLE before
 * more; ERR_LIMIT: not taken, 64 MiB wait already; ERR_CLOSED: the id is dead or its input is
 * closed. */
MUST_CHECK int process_write(struct processes *processes, struct id process, struct view bytes);

/* Ends its standard input after what is queued. */
void process_end_input(struct processes *processes, struct id process);

/* Stops or resumes reading its standard output, for back-pressure. */
void process_pause(struct processes *processes, struct id process, bool paused);

/* Asks it to end: SIGTERM now, SIGKILL after its grace; ENDED follows. A dead id is fine. */
void process_end(struct processes *processes, struct id process);

/* Kills it and forgets it; no event follows. A dead id is fine. */
void process_abandon(struct processes *processes, struct id process);

/* Its process id, 0 for a dead one: for messages. */
int process_number(struct processes *processes, struct id process);

/* SIGKILL to every child of this program. Safe in a signal handler. */
void process_kill_all(void);

#endif
