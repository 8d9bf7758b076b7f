/* SPDX-License-Identifier: Apache-2.0
 *
 * signoff: major regressions that somebody accepted, as the file signoffs.jsonl keeps them.
 *
 * JSON Lines, appended to and kept in version control, one decision a line:
 *   {"assay":"0.1.0","kind":"signoff","schema":1,"run":ID,"suite","by","reason","at":RFC3339,
 *    "expires"?:"2026-12-24","entries":[{"id","target","version":HASH12,"model","params":HASH12,
 *    "drop":0.12,"failed":["keywords"]}]}
 * A sign-off holds while the entry's template, model and parameters are those that were signed, its
 * drop is at most .05 more, no other check fails newly, and the day it expires on has not passed. A
 * critical regression cannot be signed off.
 *
 * Pure: text in, text out. Memory: the caller's arena. Threads: values.
 * Limits: 100,000 lines of 16 MiB, 10,000 entries each. */
#ifndef ASSAY_CORE_GOLDEN_SIGNOFF_H
#define ASSAY_CORE_GOLDEN_SIGNOFF_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/strbuf.h"
#include "core/record/run.h"

enum { SIGNOFF_SCHEMA = 1, SIGNOFF_LINES_MAX = 100000, SIGNOFF_ENTRIES_MAX = 10000 };
enum { SIGNOFF_TOLERANCE_MICRO = 50000, SIGNOFF_DATE_SIZE = 11 };

struct signoff_entry {
    struct view id;
    struct view target;
    struct view version; /* of the template, 12 hex digits */
    struct view model;
    struct view params; /* the first 12 hex digits of the parameters' digest */
    int32_t drop_micro;
    const struct view *failed; /* checks that newly failed */
    size_t failed_count;
};

struct signoff {
    struct view run;
    struct view suite;
    struct view by;
    struct view reason;
    struct view at;      /* RFC 3339 */
    struct view expires; /* the last day on which it holds, "2026-12-24"; empty: none */
    const struct signoff_entry *entries;
    size_t entry_count;
    uint32_t line;
};

struct signoffs {
    struct view file;
    const struct signoff
        *items; /* in the order of the file: a later one counts before an earlier */
    size_t count;
};

/* Reads a file's text; an empty one has none. ERR_CORRUPT with "FILE:LINE: …" and the remedy,
 * ERR_UNSUPPORTED for a later schema, ERR_MEMORY. */
MUST_CHECK int signoff_parse(struct arena *arena, struct view file, struct view text,
                             struct signoffs *ret_signoffs, struct err *reterr);

/* One line, with its line break; `assay_version` goes into it. */
void signoff_write(const struct signoff *signoff, const char *assay_version, struct strbuf *out);

/* The major regressions of a judged run, or those named among them, into ret_signoff->entries; the
 * rest of it is the caller's. ERR_CONFIG with the remedy: an entry named is unknown, not major, or
 * critical; the run does not say with which template it was asked; there is none at all.
 * ERR_MEMORY. */
MUST_CHECK int signoff_from_run(struct arena *arena, const struct run *run, const char *const *ids,
                                size_t id_count, struct signoff *ret_signoff, struct err *reterr);

/* Marks the run's major regressions that are signed off, and says of others why theirs holds no
 * more. `today` is "2026-11-24". ERR_MEMORY. */
MUST_CHECK int signoff_apply(const struct signoffs *signoffs, struct run *run, const char *today,
                             struct arena *arena);

/* True for 12 hex digits, as a template's version has. */
bool signoff_is_version(struct view text);

/* "2026-11-24" and a NUL. */
void signoff_date(int64_t unix_s, char ret_date[SIGNOFF_DATE_SIZE]);

/* True for a day of the calendar, "2026-12-24". */
bool signoff_is_date(struct view text);

#endif
