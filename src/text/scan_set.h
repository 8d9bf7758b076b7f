/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_set: what a compiled rule, a set and a scratch are inside: for scan*.c, which plan and scan,
 * and engine/patterns.c, which compiles. Nobody else looks in here.
 *
 * Memory: as scan.h and engine/patterns.h say. */
#ifndef ASSAY_TEXT_SCAN_SET_H
#define ASSAY_TEXT_SCAN_SET_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <hs/hs_runtime.h>

#include "text/scan.h"
#include "text/scan_filter.h"

struct scan_entry {
    char *block; /* owns name, expression and filter_text */
    struct view name;
    struct view expression;
    unsigned flags;
    enum scan_tail tail;
    bool (*accept)(struct view text, size_t *start, size_t *end);
    pcre2_code *code;
    size_t width;  /* SIZE_MAX: no bound, it has no filter */
    size_t behind; /* bytes before a match that it may look at */
    struct scan_filter filter;
    const char *filter_text;
};

struct scan_entries {
    struct scan_entry *list;
    size_t count;
    size_t capacity;
    pcre2_general_context *memory; /* of the codes */
};

struct scan_plan {
    struct scan_entries entries;
};

struct scan_set {
    struct scan_entries entries;
    hs_database_t *database; /* of the filters, by number of the rule; NULL where there are none */
    size_t behind;           /* the most that any rule may look at before a match */
    bool has_wide;
};

/* As hs_scan_stream. */
typedef hs_error_t scan_function(hs_stream_t *stream, const char *bytes, unsigned len,
                                 unsigned flags, hs_scratch_t *scratch,
                                 match_event_handler on_match, void *context);

/* For one thread at a time. */
struct scan_scratch {
    hs_scratch_t *filters; /* NULL where the set has no database */
    scan_function *scan;   /* the one of Vectorscan's that is right on this processor */
    unsigned piece_max;    /* bytes that it may get at once */
    pcre2_general_context *memory;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack;
};

void scan_entries_release(struct scan_entries *entries);

/* PCRE2's memory is base/mem's. NULL: out of memory. */
pcre2_general_context *scan_memory_new(void);

#endif
