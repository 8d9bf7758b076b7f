/* SPDX-License-Identifier: Apache-2.0
 *
 * answers: what was answered to a question, by the SHA-256 of the question and the number of its
 * sample, in a SQLite file of its own that may be deleted at any time.
 *
 * What an answer holds is the caller's business (app/answer_cache.h). Each put is on disk when it
 * returns, so that what was paid for outlives a crash.
 * Codes as in store.h. Memory: SQLite's. Threads: one owner. Limit: ANSWERS_BYTES_MAX an answer. */
#ifndef ASSAY_SHELL_STORE_ANSWERS_H
#define ASSAY_SHELL_STORE_ANSWERS_H

#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum { ANSWERS_BYTES_MAX = 64 << 20 };

struct answers;

/* Opens the file, creating it and its folder. */
MUST_CHECK int answers_open(const char *path, struct answers **ret_answers, struct err *reterr);
/* NULL is fine. */
void answers_close(struct answers *answers);

/* Appends the answer to `out`. ERR_MISSING where there is none that was put at `since_unix_s` or
 * later. */
MUST_CHECK int answers_get(struct answers *answers, const struct digest *question, uint32_t sample,
                           int64_t since_unix_s, struct strbuf *out, struct err *reterr);

/* Adds or replaces one. */
MUST_CHECK int answers_put(struct answers *answers, const struct digest *question, uint32_t sample,
                           int64_t now_unix_s, struct view answer, struct err *reterr);

/* Forgets what was put before that time. */
MUST_CHECK int answers_prune(struct answers *answers, int64_t before_unix_s, struct err *reterr);

#endif
