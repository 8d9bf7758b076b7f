/* SPDX-License-Identifier: Apache-2.0
 *
 * gzip_lines: the lines of one file, whether it is compressed by gzip or not: logs as stores keep
 * them. "-" is standard input.
 *
 * Blocking calls. A line ends in LF, with or without CR before it, or with the file; lines of white
 * space alone are skipped, and counted.
 * Memory: one buffer, as large as the longest line so far. Threads: one. Limit: the line's; longer
 * ones are told and passed over. */
#ifndef ASSAY_SHELL_OS_GZIP_LINES_H
#define ASSAY_SHELL_OS_GZIP_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

struct gzip_lines;

/* ERR_MISSING, ERR_DENIED, ERR_IO, ERR_MEMORY. */
MUST_CHECK int gzip_lines_new(const char *path, size_t line_bytes_max,
                              struct gzip_lines **ret_lines, struct err *reterr);
void gzip_lines_free(struct gzip_lines *lines); /* NULL is fine */

/* The next line: 1, holds until the next call. At the end 0. Otherwise a code with reterr:
 * ERR_LIMIT for a line that is too long, after which it goes on; ERR_CORRUPT for compressed bytes
 * that are damaged or cut short, ERR_IO, ERR_MEMORY, which end it. */
MUST_CHECK int gzip_lines_next(struct gzip_lines *lines, struct view *ret_text,
                               uint64_t *ret_number, struct err *reterr);

#endif
