/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect_parts: what the files of app/bisect share: bisect.c (life and the turn of questions),
 * bisect_line.c (commits and what they ask), bisect_ask.c (questions put by golden runs),
 * bisect_memory.c (.assay/bisect), bisect_tell.c (the report).
 *
 * Threads: the loop's. */
#ifndef ASSAY_APP_BISECT_PARTS_H
#define ASSAY_APP_BISECT_PARTS_H

#include "app/answer_cache.h"
#include "app/bisect.h"
#include "app/git_files.h"
#include "app/golden_run.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "shell/os/lock.h"

enum { BISECT_NOTES_MAX = 32, BISECT_KEY_SIZE = 640 };

/* What came of one question. */
struct bisect_heard {
    enum bisect_answer answer;
    bool is_there;
    int64_t cost_nano_usd;
};

struct bisect_run {
    struct bisect_run_options options;
    const struct host *host;
    struct arena arena;
    struct plan today; /* of the work tree */
    bool has_today;
    struct view entries_text;
    struct plan_entries entries;
    struct git *git;

    /* the line */
    struct git_commit *commits;
    size_t commit_count;
    struct view *skipped; /* of commits: why; empty: it loads */
    bool *is_skipped;
    uint64_t *versions; /* [commit × item_count + item] */
    size_t item_count;  /* of today.items */

    struct bisect *machine;
    struct answer_cache *answers;

    /* memory */
    const char *folder;       /* .assay/bisect */
    struct lock lock;         /* one search at a time writes there */
    struct map heard;         /* key of a question → struct bisect_heard */
    struct baseline baseline; /* the good end's answers */
    bool has_baseline;
    bool is_resumed;
    int64_t started_unix_s;
    int64_t cost_nano_usd;
    bool cost_known;
    uint64_t calls_before;

    struct golden_run *golden; /* while one runs */
    bool interrupted;
    struct err last_error; /* of an answer that could not be had */

    struct bisect_report report;
    struct view notes[BISECT_NOTES_MAX];
};

int bisect_no_memory(struct err *reterr);

/* A sentence for the report; without memory, or past the room, it is not told. */
void bisect_note(struct bisect_run *run, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- bisect_line.c */
MUST_CHECK int bisect_line_read(struct bisect_run *run, struct err *reterr);
/* Makes the plan of a commit anew. */
MUST_CHECK int bisect_line_plan(struct bisect_run *run, size_t commit, struct plan *ret_plan,
                                struct err *reterr);
/* The differences of what the plans of two commits read. */
MUST_CHECK int bisect_line_diff(struct bisect_run *run, size_t before, size_t after,
                                struct strbuf *out, struct err *reterr);

/* ---- bisect_ask.c: asks those of the questions that no one heard of yet. Fills heard[i]; those
 * not there were not asked (interrupted, or the budget was reached). */
MUST_CHECK int bisect_ask_all(struct bisect_run *run, const struct bisect_ask *asks, size_t count,
                              struct bisect_heard *ret_heard, struct err *reterr);

/* ---- bisect_memory.c */
/* Takes up what an earlier search left, or begins. */
MUST_CHECK int bisect_memory_open(struct bisect_run *run, struct err *reterr);
void bisect_memory_release(struct bisect_run *run);
/* What is known of the question; false where nothing is. */
bool bisect_memory_recall(struct bisect_run *run, const struct bisect_ask *ask,
                          struct bisect_heard *ret_heard);
/* Keeps what came, on disk before it returns. */
MUST_CHECK int bisect_memory_keep(struct bisect_run *run, const struct bisect_ask *asks,
                                  size_t count, const struct bisect_heard *heard,
                                  struct err *reterr);
/* The good end's answers. */
MUST_CHECK int bisect_memory_keep_baseline(struct bisect_run *run, const struct baseline *baseline,
                                           struct err *reterr);
/* The search has ended by itself: other arguments may begin another. */
MUST_CHECK int bisect_memory_close(struct bisect_run *run, struct err *reterr);

/* ---- bisect_tell.c */
MUST_CHECK int bisect_tell(struct bisect_run *run, struct err *reterr);

#endif
