/* SPDX-License-Identifier: Apache-2.0
 *
 * keeper_fetch: one fetch of AWS keys: goes the way that provider/credentials worked out, from
 * where it begins (a command, a token in a file, a server) through its roles, one question after
 * another. Private to keeper.c.
 *
 * Every server is asked through an asker of its own, which lives as long as the question.
 * Threads: the loop's. Limits: two minutes a fetch, one for a credential_process, 256 KiB of what a
 * command prints. */
#ifndef ASSAY_APP_KEEPER_FETCH_H
#define ASSAY_APP_KEEPER_FETCH_H

#include "app/host.h"
#include "base/err.h"
#include "provider/credentials.h"
#include "provider/credentials_answer.h"

struct fetch;

/* Called once, from the loop. Code 0: the keys, whose views hold until it returns; else why there
 * are none. It may free the fetch. */
typedef void fetch_done(void *context, int code, const char *text,
                        const struct credentials_answer *answer);

/* `host` and `credentials` hold until fetch_free. ERR_LIMIT or ERR_MEMORY. */
MUST_CHECK int fetch_new(const struct host *host, const struct credentials *credentials,
                         fetch_done *done, void *context, struct fetch **ret_fetch);

/* Ends what is under way, with no call of done. NULL is fine. */
void fetch_free(struct fetch *fetch);

#endif
