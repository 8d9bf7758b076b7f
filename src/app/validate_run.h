/* SPDX-License-Identifier: Apache-2.0
 *
 * validate_run: carries `assay validate` out: lines in, verdicts out in order, on all cores
 * (line_run), with what others must be asked about an answer asked for several answers at once
 * (ask_checks). What a verdict looks like is up to its sinks.
 *
 * Memory: that of line_run, and one validation for each answer under way. Threads: the loop's; a
 * sink's `render` is called on workers too, for one answer at a time each. */
#ifndef ASSAY_APP_VALIDATE_RUN_H
#define ASSAY_APP_VALIDATE_RUN_H

#include "app/ask_checks.h"
#include "app/validator.h"
#include "core/validate/line.h"

struct loop;
struct validate_run;

enum { VALIDATE_SINKS_MAX = 16 };

/* One answer and its verdict. */
struct validate_outcome {
    const struct policy *policy;
    const struct validate_line *line;
    const struct validated *validated;
};

struct validate_sink {
    /* Appends the verdict in this sink's form. */
    void (*render)(void *context, const struct validate_outcome *outcome, struct strbuf *out);
    void *context;
};

struct validate_summary {
    uint64_t answers; /* that have a verdict */
    uint64_t decisions[3];
    uint64_t logged;
    uint64_t masked;
    uint64_t bad;           /* lines that are none, and files that cannot be read */
    const uint64_t *failed; /* answers that failed each of the policy's rows; behind them,
                               * those that failed checks of their own lines */
    bool has_usage_error;   /* of the bad: the input's or user's fault (exit status 2) */
    bool has_trouble;       /* what could not be used, asked or written (exit status 3) */
    bool interrupted;
    bool is_unwanted; /* whoever read the output went away */
};

struct validate_run_options {
    const char *const *paths;
    size_t path_count;
    uint32_t threads;
    size_t piece_bytes; /* each response is fed in pieces of so many bytes; 0: whole */
    struct validator *validator;
    struct ask_checks *asks; /* NULL: nobody is asked */
    const struct validate_sink *sinks;
    size_t sink_count;
    /* On the loop, in order: one verdict in the form of that sink. A failure ends the run;
     * ERR_CLOSED, quietly. */
    int (*write)(void *context, size_t sink, struct view text, struct err *reterr);
    /* On the loop, in order: a line that is none, with its place. */
    void (*complain)(void *context, const struct err *err);
    /* On the loop: everything that can be written is. */
    void (*idle)(void *context);
    void *context;
};

MUST_CHECK int validate_run_new(struct loop *loop, const struct validate_run_options *options,
                                struct validate_run **ret_run, struct err *reterr);
void validate_run_free(struct validate_run *run); /* NULL is fine; after ask_checks_free */

/* Begins; the loop is stopped at the end. */
MUST_CHECK int validate_run_go(struct validate_run *run, struct err *reterr);
void validate_run_interrupt(struct validate_run *run);

/* How it stands; at the end, how it went. Views hold until free. */
struct validate_summary validate_run_summary(const struct validate_run *run);
uint64_t validate_run_bytes(const struct validate_run *run);

#endif
