/* SPDX-License-Identifier: Apache-2.0
 *
 * store: the history of runs in one SQLite file: runs, results of their entries, template versions.
 *
 * WAL mode, so that readers (a dashboard, a second command) and one writer do not wait for each
 * other; a writer waits up to five seconds for another one. What the file holds for people and
 * programs is JSON text in columns; what lists and trends need has columns of its own.
 * Blocking: call it off the loop or between waits.
 * Codes: ERR_LOCKED, ERR_READ_ONLY, ERR_FULL, ERR_CORRUPT, ERR_UNSUPPORTED (written by a newer
 * assay), ERR_MISSING, ERR_LIMIT, ERR_MEMORY, ERR_IO; each text names the file and what helps.
 * Memory: SQLite's; lists are copied into the caller's arena. Threads: one owner a store. */
#ifndef ASSAY_SHELL_STORE_STORE_H
#define ASSAY_SHELL_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

struct store;

/* Opens the file, creating it and its folder, and brings its tables up to date. */
MUST_CHECK int store_open(const char *path, struct store **ret_store, struct err *reterr);

/* Folds the WAL into the file and closes it. An open transaction is rolled back. NULL is fine. */
void store_close(struct store *store);

/* Many puts as one step on disk: without, each put is one. A rollback forgets what was put since
 * begin. Do not nest. */
MUST_CHECK int store_begin(struct store *store, struct err *reterr);
MUST_CHECK int store_commit(struct store *store, struct err *reterr);
void store_rollback(struct store *store);

struct store_run {
    struct view id;
    struct view kind; /* "test", "baseline", "load", … */
    struct view suite;
    struct view target;
    int64_t started_unix_s;
    int64_t finished_unix_s;    /* 0 while it runs, or where it was cut short */
    int32_t exit_status;        /* -1 while it runs */
    struct view templates_json; /* object: prompt name → hash */
    struct view summary_json;
};

/* Adds the run, or replaces what is known of it (its results stay). */
MUST_CHECK int store_put_run(struct store *store, const struct store_run *run, struct err *reterr);

struct store_result {
    struct view run_id;
    struct view entry_id;
    int32_t sample; /* which repeat, from 0; -1: the entry over all its repeats */
    bool has_score;
    int64_t score_micro;  /* millionths, where has_score */
    struct view severity; /* "critical" … "improved"; empty: none */
    int64_t latency_ns;   /* -1: unknown */
    struct view result_json;
};

/* Adds or replaces the result of (run, entry, sample). ERR_MISSING where there is no such run. */
MUST_CHECK int store_put_result(struct store *store, const struct store_result *result,
                                struct err *reterr);

struct store_filter {
    struct view kind;  /* empty: all */
    struct view suite; /* empty: all */
    uint32_t limit;    /* newest first; 0: 1,000 */
    bool finished;     /* only those that came to their end */
};

/* Runs, newest first, copied into the arena. */
MUST_CHECK int store_list_runs(struct store *store, const struct store_filter *filter,
                               struct arena *arena, struct store_run **ret_runs, size_t *ret_count,
                               struct err *reterr);

/* One run. ERR_MISSING with the remedy where there is none of that id. */
MUST_CHECK int store_get_run(struct store *store, struct view id, struct arena *arena,
                             struct store_run *ret_run, struct err *reterr);

/* The results of a run by entry and sample, copied into the arena. */
MUST_CHECK int store_list_results(struct store *store, struct view run_id, struct arena *arena,
                                  struct store_result **ret_results, size_t *ret_count,
                                  struct err *reterr);

struct store_template {
    struct view hash; /* of base/digest: 64 hex digits; the first 12 are its short name */
    struct view prompt;
    int64_t first_seen_unix_s;
    struct view text;
};

/* Adds the version; one that is known keeps its first_seen. */
MUST_CHECK int store_put_template(struct store *store, const struct store_template *version,
                                  struct err *reterr);

/* The version whose hash begins so (at least 12 digits). ERR_MISSING. */
MUST_CHECK int store_get_template(struct store *store, struct view hash, struct arena *arena,
                                  struct store_template *ret_version, struct err *reterr);

#endif
