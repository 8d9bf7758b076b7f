/* SPDX-License-Identifier: Apache-2.0
 *
 * lines: the lines of files one after the other, read as they come: constant memory for input of
 * any size, standard input by "-".
 *
 * Blocking calls, for a thread of its own: lines_stop ends its waiting from another.
 * A line ends in LF, with or without CR before it, or with the file; a byte order mark at the start
 * of a file is passed over; lines of white space alone are skipped, and counted.
 * Memory: one buffer, as large as the longest line so far. Threads: one reads, any stops.
 * Limits: the line's, given at lines_new; longer ones are told and passed over. */
#ifndef ASSAY_SHELL_OS_LINES_H
#define ASSAY_SHELL_OS_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

struct lines;

struct line {
    const char *file; /* as messages name it: its path, "standard input" */
    uint32_t number;  /* from 1 in each file */
    struct view text; /* without its end; holds until the next call */
};

/* Nothing is opened yet. The paths hold until lines_free. ERR_MEMORY, ERR_IO. */
MUST_CHECK int lines_new(const char *const *paths, size_t count, size_t line_bytes_max,
                         struct lines **ret_lines, struct err *reterr);
/* Not while lines_next runs. NULL is fine. */
void lines_free(struct lines *lines);

/* The next line: 1. At the end of the last file 0. Otherwise a code with reterr, after which it
 * goes on: ERR_LIMIT for a line that is too long, which is passed over (ret_line says which);
 * ERR_MISSING, ERR_DENIED, ERR_IO for a file that cannot be read (the rest of it is left);
 * ERR_MEMORY, and ERR_CANCELLED once stopped, end it. */
MUST_CHECK int lines_next(struct lines *lines, struct line *ret_line, struct err *reterr);

/* Bytes read so far, of all files. From any thread. */
uint64_t lines_bytes(const struct lines *lines);

/* Lines_next returns ERR_CANCELLED from now on, also where it is waiting. From any thread. */
void lines_stop(struct lines *lines);

#endif
