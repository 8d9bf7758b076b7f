/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials: reads the environment and the AWS files for provider/credentials.h, which
 * understands them: how keys for AWS are come by, and which region is meant.
 *
 * Secrets are never part of a message. Memory: all texts and results live in the caller's arena
 * (1 MiB a file at most). Threads: reads the environment, so nobody may change it meanwhile. */
#ifndef ASSAY_APP_CREDENTIALS_H
#define ASSAY_APP_CREDENTIALS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "provider/credentials.h"

/* What a configuration asks for. */
struct credentials_wanted {
    struct view profile; /* empty: what AWS_PROFILE says, or "default" */
    struct view region;  /* where STS is asked; empty: what the environment or the profile says */
};

/* What the environment and the files say now. A file that is not there is an empty text; one that
 * cannot be read is an error. */
MUST_CHECK int credentials_gather(const struct credentials_wanted *wanted, struct arena *arena,
                                  struct credentials_sources *ret_sources, struct err *reterr);

/* Gathers and resolves. ERR_DENIED with the remedy where there is no way to keys; see
 * credentials_resolve. */
MUST_CHECK int credentials_find(const struct credentials_wanted *wanted, struct arena *arena,
                                struct credentials *ret_credentials, struct err *reterr);

/* The region alone; empty where nothing names one. */
MUST_CHECK int credentials_find_region(struct view profile, struct arena *arena,
                                       struct view *ret_region, struct err *reterr);

#endif
