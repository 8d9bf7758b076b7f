/* SPDX-License-Identifier: Apache-2.0
 *
 * sts: what AWS STS is asked for keys, and its answers, which are XML: read by a small strict
 * reader that knows elements, attributes it passes over, and the five entities; no doctype, no
 * comment, no CDATA, which STS never sends.
 *
 * Pure. Memory: results are views into the arena. Threads: no state. Limits: 64 KiB an answer, 16
 * elements deep. Source: "AssumeRole" and "AssumeRoleWithWebIdentity", AWS STS API Reference. */
#ifndef ASSAY_PROVIDER_STS_H
#define ASSAY_PROVIDER_STS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "provider/credentials.h"
#include "provider/credentials_answer.h"
#include "wire/http.h"

/* Asks for a role. `token` empty: AssumeRole, to be signed for the service "sts"; else
 * AssumeRoleWithWebIdentity, which is not signed. `unix_s` makes up a session name where the role
 * has none. The views hold as long as the arena and the role. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int sts_request(const struct credentials_role *role, struct view token, int64_t unix_s,
                           struct arena *arena, struct http_request *ret_request,
                           struct err *reterr);

/* The keys of either answer. ERR_UPSTREAM with what is wrong, never quoting what was read. */
MUST_CHECK int sts_read(struct view text, struct arena *arena,
                        struct credentials_answer *ret_answer, struct err *reterr);

/* "AccessDenied: User … is not authorized …" out of an error's answer; the empty view where it is
 * none. */
struct view sts_read_error(struct view text, struct arena *arena);

#endif
