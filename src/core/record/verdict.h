/* SPDX-License-Identifier: Apache-2.0
 *
 * verdict: what checks found in one answer, with the evidence and where it stands; and how bad a
 * loss is. The same record from a test, a validation or the gateway.
 *
 * Views belong to whoever made the verdict. Threads: values. */
#ifndef ASSAY_CORE_RECORD_VERDICT_H
#define ASSAY_CORE_RECORD_VERDICT_H

#include <stddef.h>

#include "base/view.h"

/* In order of weight: the larger value is the worse. */
enum severity {
    SEVERITY_IMPROVED,
    SEVERITY_NONE,
    SEVERITY_MINOR,
    SEVERITY_MAJOR,
    SEVERITY_CRITICAL,
};

enum { SEVERITY_COUNT = SEVERITY_CRITICAL + 1 };

/* "improved", "none", "minor", "major", "critical". */
const char *severity_name(enum severity severity);

/* One failed check. Offsets are bytes of the answer; start = end where the whole answer is meant or
 * something is missing. */
struct finding {
    struct view check;      /* "format", "keywords", "forbidden", "language", "length", … */
    enum severity severity; /* what it counts for when it newly fails against a baseline */
    struct view evidence;   /* the words at fault, or the missing ones */
    struct view message;    /* for people */
    size_t start;
    size_t end;
};

struct verdict {
    const struct finding *findings;
    size_t count;
};

#endif
