/* SPDX-License-Identifier: Apache-2.0
 *
 * sparkline: a series as one line of text: Unicode blocks "▁▂▃▄▅▆▇█", or ".:-=+*#@" where the
 * reader's terminal is not UTF-8.
 *
 * Pure; a failure sticks in the strbuf. Threads: no state. */
#ifndef ASSAY_REPORT_SPARKLINE_H
#define ASSAY_REPORT_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

struct sparkline {
    double low; /* the range that the eight heights divide; low >= high: that of the values */
    double high;
    bool ascii;
    size_t columns; /* the newest (last) so many are shown; 0: all */
};

/* One sign a value; a value that is not finite is a gap (" "). All equal: the middle height. */
void sparkline_add(struct strbuf *out, const double *values, size_t count,
                   const struct sparkline *form);

#endif
