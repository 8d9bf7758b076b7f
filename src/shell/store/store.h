/* SPDX-License-Identifier: Apache-2.0
 *
 * store: the history of runs: runs, results of their entries, template versions, in one SQLite file
 * or in a PostgreSQL database.
 *
 * What it holds for people and programs is JSON text in columns; what lists and trends need has
 * columns of its own, so that neither reads the JSON. Runs are in the order in which they were
 * first recorded (`sequence`), whatever their clocks say.
 * SQLite: WAL mode, so that readers (a dashboard, a second command) and one writer do not wait for
 * each other; a writer waits for another one, five seconds to put and thirty to begin. PostgreSQL
 * 12 or later: the schema `assay` of the database, libpq opened at run time; five seconds to
 * connect (connect_timeout of the URL overrides), thirty for a statement or a lock.
 * Blocking: call it off the loop or between waits.
 * Codes: ERR_CONFIG (a URL of no PostgreSQL database), ERR_LOCKED, ERR_READ_ONLY, ERR_FULL,
 * ERR_CORRUPT, ERR_UNSUPPORTED (written by a newer assay, or no libpq), ERR_MISSING, ERR_LIMIT,
 * ERR_MEMORY, ERR_IO, and of a server ERR_UNREACHABLE, ERR_DENIED, ERR_TIMEOUT, ERR_BUSY; each text
 * names the file or database, never its password, and what helps.
 * Memory: the engine's; lists are copied into the caller's arena. Threads: one owner a store. */
#ifndef ASSAY_SHELL_STORE_STORE_H
#define ASSAY_SHELL_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

struct store;

enum { STORE_HASH_MIN = 12 };

/* Opens a path, or the database of a URL (postgres://…, postgresql://…); makes the file with its
 * folder, or the schema, and brings its tables up to date. */
MUST_CHECK int store_open(const char *where, struct store **ret_store, struct err *reterr);

/* Folds the WAL into the file and closes it. An open transaction is rolled back. NULL is fine. */
void store_close(struct store *store);

/* The path, or the URL without its password; holds as long as the store. */
const char *store_label(const struct store *store);

/* Many puts as one step on disk: without, each put is one. A rollback forgets what was put since
 * begin. Do not nest. */
MUST_CHECK int store_begin(struct store *store, struct err *reterr);
MUST_CHECK int store_commit(struct store *store, struct err *reterr);
void store_rollback(struct store *store);

/* ---- runs ----------------------------------------------------------------------------------- */

struct store_run {
    struct view id;
    int64_t sequence; /* given by the store when the run is first put, rising; ignored by put */
    struct view kind; /* "test", "baseline", "load", … */
    struct view suite;
    struct view target;
    int64_t started_unix_s;
    int64_t finished_unix_s; /* 0 while it runs, or where it was cut short */
    int32_t exit_status;     /* -1 while it runs */
    struct view outcome;     /* "pass", "fail", …; empty where unknown */
    bool has_score;          /* mean_micro is known */
    int64_t mean_micro;      /* mean score over entries */
    bool has_cost;           /* cost_nano_usd is known */
    int64_t cost_nano_usd;
    int64_t entry_count;
    int64_t failing_count;      /* entries that are critical, major, failed or without an answer */
    struct view scorer;         /* "e5-small-q4/1" */
    struct view family;         /* runs are comparable where it is equal; empty: unknown */
    struct view templates_json; /* object: prompt name → hash */
    struct view summary_json;   /* empty where a list was asked to be brief */
};

/* Adds the run, or replaces what is known of it (its results and its sequence stay). */
MUST_CHECK int store_put_run(struct store *store, const struct store_run *run, struct err *reterr);

struct store_filter {
    struct view kind;    /* empty: all */
    struct view suite;   /* empty: all */
    struct view family;  /* empty: all */
    struct view version; /* of a template, 12 hex digits or more, that the run used; empty: all */
    int64_t before_sequence; /* 0: no bound */
    uint32_t limit;          /* newest first; 0: 1,000 */
    bool finished;           /* only those that came to their end */
    bool brief;              /* without summary_json: lists are many times as fast */
};

/* Runs, newest first (the highest sequence), copied into the arena. ERR_INVALID for a version that
 * is no hash. */
MUST_CHECK int store_list_runs(struct store *store, const struct store_filter *filter,
                               struct arena *arena, struct store_run **ret_runs, size_t *ret_count,
                               struct err *reterr);

/* One run. ERR_MISSING with the remedy where there is none of that id. */
MUST_CHECK int store_get_run(struct store *store, struct view id, struct arena *arena,
                             struct store_run *ret_run, struct err *reterr);

/* The one run whose id is or begins so. ERR_MISSING as above; ERR_INVALID where several begin so,
 * naming two of them. */
MUST_CHECK int store_find_run(struct store *store, struct view prefix, struct arena *arena,
                              struct store_run *ret_run, struct err *reterr);

/* ---- results -------------------------------------------------------------------------------- */

struct store_result {
    struct view run_id;
    struct view entry_id;
    int32_t sample; /* which repeat, from 0; -1: the entry over all its repeats */
    bool has_score;
    int64_t score_micro;  /* millionths, where has_score */
    struct view severity; /* "critical" … "improved"; empty: none */
    int64_t latency_ns;   /* -1: unknown */
    struct view family;   /* results of an entry are comparable where it is equal; empty: unknown */
    struct view result_json;
};

/* Adds or replaces the results of (run, entry, sample), no such triple twice. ERR_MISSING where
 * there is no such run. As many as fit the caller's memory: a database far away is asked once for
 * some hundred of them. */
MUST_CHECK int store_put_results(struct store *store, const struct store_result *results,
                                 size_t count, struct err *reterr);
MUST_CHECK int store_put_result(struct store *store, const struct store_result *result,
                                struct err *reterr);

/* The results of a run by entry and sample, copied into the arena. */
MUST_CHECK int store_list_results(struct store *store, struct view run_id, struct arena *arena,
                                  struct store_result **ret_results, size_t *ret_count,
                                  struct err *reterr);

/* The same one by one, in constant memory: `visit` gets views that hold until it returns, and ends
 * the walk with a code other than 0, which comes back. It may not use the store. */
MUST_CHECK int store_visit_results(struct store *store, struct view run_id,
                                   int (*visit)(void *context, const struct store_result *result),
                                   void *context, struct err *reterr);

/* ---- trends --------------------------------------------------------------------------------- */

/* An entry in one run, over all its repeats (sample -1). */
struct store_point {
    struct view entry_id;
    struct view run_id;
    int64_t sequence;
    int64_t started_unix_s;
    bool has_score;
    int64_t score_micro;
    struct view severity;
    int64_t latency_ns; /* -1: unknown */
    struct view family;
    struct view outcome; /* of the run */
};

struct store_series {
    struct view suite;        /* empty: any */
    struct view entry_prefix; /* how entry_id begins; empty: all */
    struct view kind;         /* empty: all */
    struct view family;       /* of the run; empty: all */
    int64_t before_sequence;  /* 0: no bound */
    uint32_t runs;            /* the newest so many finished runs; 0: 1,000 */
};

/* Points by entry (bytes), oldest first, copied into the arena; no JSON is read. */
MUST_CHECK int store_list_points(struct store *store, const struct store_series *series,
                                 struct arena *arena, struct store_point **ret_points,
                                 size_t *ret_count, struct err *reterr);

/* ---- pruning -------------------------------------------------------------------------------- */

/* What is kept: runs that started since, or the newest so many of each suite. */
struct store_keep {
    struct view suite;    /* empty: of all suites */
    int64_t since_unix_s; /* used where newest is 0 */
    uint32_t newest;      /* of each suite and kind */
    bool dry_run;         /* only count */
};

/* Deletes the other runs with their results, oldest first, a hundred at a time, so that nobody
 * waits long for the store; what was deleted stays deleted where it fails midway. Template versions
 * are kept. The count is right after a failure too. */
MUST_CHECK int store_prune(struct store *store, const struct store_keep *keep, size_t *ret_count,
                           struct err *reterr);

/* ---- template versions ---------------------------------------------------------------------- */

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
