/* SPDX-License-Identifier: Apache-2.0
 *
 * terminal: what stands at the other end of standard output and error.
 *
 * Threads: no state. */
#ifndef ASSAY_SHELL_OS_TERMINAL_H
#define ASSAY_SHELL_OS_TERMINAL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/view.h"

/* True where the descriptor (1: standard output, 2: standard error) is a terminal. */
bool terminal_is(int descriptor);

/* Columns, 20 to 500; 80 where unknown. */
unsigned terminal_columns(int descriptor);

/* `--color`. */
enum terminal_color { TERMINAL_COLOR_AUTO, TERMINAL_COLOR_ALWAYS, TERMINAL_COLOR_NEVER };

/* "auto", "always", "never". ERR_USAGE otherwise. */
MUST_CHECK int terminal_color_read(struct view word, enum terminal_color *ret_color,
                                   struct err *reterr);

/* Whether to colour: always and never decide; auto colours a terminal unless NO_COLOR is set and
 * not empty or TERM is "dumb". */
bool terminal_colored(int descriptor, enum terminal_color color);

#endif
