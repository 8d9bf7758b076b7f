/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials: finds who signs requests to AWS: the environment first, then the shared files and
 * profiles. Reads here, understands in provider/credentials.h.
 *
 * Secrets stay in this block, are wiped when it is freed, and are never printed.
 * Memory: base/mem. Threads: one owner; reads the environment, so nobody may change it meanwhile. */
#ifndef ASSAY_APP_CREDENTIALS_H
#define ASSAY_APP_CREDENTIALS_H

#include "base/err.h"
#include "base/view.h"

struct credentials;

/* ERR_DENIED with every place that was looked in and the remedy where there are none; ERR_SYNTAX
 * with FILE:LINE for a file that cannot be understood. `profile` empty: AWS_PROFILE or "default". */
MUST_CHECK int credentials_find(struct view profile, struct credentials **ret_credentials,
                                struct err *reterr);
void credentials_free(struct credentials *credentials);

#endif
