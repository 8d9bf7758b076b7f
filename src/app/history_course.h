/* SPDX-License-Identifier: Apache-2.0
 *
 * history_course: series of suites and entries with what drifts in them. Private to
 * history_look.c.
 *
 * Threads: one owner. */
#ifndef ASSAY_APP_HISTORY_COURSE_H
#define ASSAY_APP_HISTORY_COURSE_H

#include "app/history_look.h"

struct history_looking {
    const struct history_wish *wish;
    struct store *store;
    struct arena *arena;
    struct err *reterr;
};

int history_no_memory(const struct history_looking *looking);

/* The suite's mean over its test runs. */
MUST_CHECK int history_course_suite(struct history_looking *looking, struct view suite,
                                    struct history_series *ret_series);

/* Adds the entries of the suite that drift to the report, the gravest first, or a note that there
 * are too many to watch. `entry_count` of the last run. */
MUST_CHECK int history_course_entries(struct history_looking *looking, struct view suite,
                                      size_t entry_count, struct history_report *report);

/* The points of one entry of whatever suite was asked for, oldest first whatever their target. */
MUST_CHECK int history_course_points(struct history_looking *looking, struct view entry,
                                     struct store_point **ret_points, size_t *ret_count);

/* A series for each target of those points. */
MUST_CHECK int history_course_entry(struct history_looking *looking,
                                    const struct store_point *points, size_t count,
                                    struct history_report *report);

#endif
