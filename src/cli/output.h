/* SPDX-License-Identifier: Apache-2.0
 *
 * output: results that come one by one, to standard output and to the files of `-o FORMAT=FILE`, in
 * constant memory, and the line of progress on standard error that must not get in their way.
 *
 * Memory: a buffer for each, OUTPUT_BUFFER_BYTES and one result. Threads: the main thread, but
 * output_format and output_is_colored once opened. Limits: OUTPUTS_MAX. */
#ifndef ASSAY_CLI_OUTPUT_H
#define ASSAY_CLI_OUTPUT_H

#include "base/strbuf.h"
#include "cli/options.h"

struct loop;

enum { OUTPUTS_MAX = 16, OUTPUT_BUFFER_BYTES = 256 * 1024 };

struct output {
    struct view format;
    const char *path; /* NULL: standard output */
    struct strbuf buffer;
    bool is_colored;
};

struct outputs {
    struct output items[OUTPUTS_MAX]; /* standard output first */
    size_t count;
    bool is_waiting; /* for the timer that flushes */
    bool has_progress;
    struct err err; /* of a write that failed while nobody could be told */
};

/* Standard output and one for each FORMAT=FILE, whose files are emptied. ERR_USAGE, and codes of
 * file_write. */
MUST_CHECK int outputs_open(struct outputs *outputs, const struct option_list *files,
                            struct err *reterr);
/* Writes what is left. ERR_CLOSED where the reader of standard output went away. */
MUST_CHECK int outputs_close(struct outputs *outputs, struct err *reterr);
/* Frees. The loop may be NULL. */
void outputs_release(struct outputs *outputs, struct loop *loop);

size_t outputs_count(const struct outputs *outputs);
struct output *outputs_at(struct outputs *outputs, size_t i);
struct view output_format(const struct output *output); /* empty: standard output */

/* Whether standard output is written in colours; files never are. */
void outputs_color(struct outputs *outputs, bool is_colored);
bool output_is_colored(const struct output *output);

/* One more result. ERR_CLOSED, ERR_FULL, ERR_IO. */
MUST_CHECK int output_add(struct outputs *outputs, size_t i, struct view text, struct err *reterr);

/* Everything so far goes out in a moment, or now. A failure is told by the next output_add. */
void outputs_flush_soon(struct outputs *outputs, struct loop *loop);
void outputs_flush_now(struct outputs *outputs);

/* The line of progress: shown over the last one, hidden before anything else is said. */
void outputs_show_progress(struct outputs *outputs, const char *format, ...) PRINTF_LIKE(2, 3);
void outputs_hide_progress(struct outputs *outputs);

#endif
