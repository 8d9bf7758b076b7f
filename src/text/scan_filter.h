/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_filter: what every match of a rule begins with, made plain and short enough to look for
 * hundreds of them at once.
 *
 * The filter of a rule is an expression over bytes for Vectorscan, such that every match [s, e) of
 * the rule has an end of the filter in (s, e], at most `reach` behind s. It takes places from the
 * beginning of the rule until it is rare enough (FILTER_BITS), leaves out what looks around, and is
 * coarse where exactness costs states: letters outside ASCII by their first byte, long repetitions
 * without their upper bound.
 *
 * Until the end of the filter is met nothing is known of a match; what may stand there is `bytes`,
 * and what it may start with `first`: that tells streams what they need not hold back.
 *
 * Memory: the caller's string. Threads: no state. */
#ifndef ASSAY_TEXT_SCAN_FILTER_H
#define ASSAY_TEXT_SCAN_FILTER_H

#include "base/strbuf.h"
#include "text/scan_shape.h"

enum {
    FILTER_BITS = 20,     /* how rare: one place in a million, if characters were independent */
    FILTER_PLACES = 1000, /* classes of bytes in a filter, roughly; more: it is made less rare */
};

struct scan_filter {
    size_t reach;
    struct scan_bytes bytes;
    struct scan_bytes first;
};

/* Writes the filter's expression. The shape must have a bounded width of at least 1. ERR_MEMORY. */
MUST_CHECK int scan_filter_make(const struct shape *shape, struct strbuf *out,
                                struct scan_filter *ret_filter);

#endif
