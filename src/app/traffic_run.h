/* SPDX-License-Identifier: Apache-2.0
 *
 * traffic_run: reads recorded traffic and proposes a golden set: lines of a log, compressed or not,
 * into core/golden/traffic, and what comes of it, masked.
 *
 * Blocking. Memory: that of traffic, and one line. Threads: one.
 * Limits: TRAFFIC_RUN_LINE_BYTES_MAX a line. */
#ifndef ASSAY_APP_TRAFFIC_RUN_H
#define ASSAY_APP_TRAFFIC_RUN_H

#include "base/arena.h"
#include "core/golden/traffic.h"

enum { TRAFFIC_RUN_LINE_BYTES_MAX = 16 << 20 };

struct traffic_run_options {
    const char *path;  /* "-": standard input */
    const char *cache; /* folder of the program's caches; NULL: none */
    size_t entries;    /* that are proposed at most */
    /* A line that is none, told as it is met: "FILE:LINE: what is wrong". */
    void (*complain)(void *context, const struct err *err);
    /* Now and then: lines read so far. May be NULL. */
    void (*progress)(void *context, uint64_t lines);
    void *context;
};

struct traffic_run_result {
    struct traffic_proposals proposals;
    uint64_t lines;
    uint64_t bad;
    size_t masked; /* places in what is proposed */
};

/* ERR_MISSING where the log has no question at all; codes of gzip_lines; of mask. */
MUST_CHECK int traffic_run(const struct traffic_run_options *options, struct arena *arena,
                           struct traffic_run_result *ret_result, struct err *reterr);

#endif
