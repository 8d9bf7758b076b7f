/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials_answer: what the givers of AWS keys say, read strictly, and what some of them are
 * asked: a credential_process, the SSO portal and its token cache, a container's endpoint, an
 * instance's metadata. STS has a file of its own (sts.h).
 *
 * Every reader refuses what it does not understand with a text that says what is wrong and never
 * quotes what it read, since that may be a secret. Who calls puts the file, command or server
 * before it.
 *
 * Pure. Memory: results are views into the arena. Threads: no state. Source: "Sourcing credentials
 * with an external process", AWS CLI User Guide; botocore's credentials and tokens. */
#ifndef ASSAY_PROVIDER_CREDENTIALS_ANSWER_H
#define ASSAY_PROVIDER_CREDENTIALS_ANSWER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "provider/credentials.h"
#include "wire/http.h"
#include "wire/sigv4.h"

enum { CREDENTIALS_ARGUMENTS_MAX = 64, SSO_CACHE_NAME_SIZE = 46 };

/* Keys and their end. */
struct credentials_answer {
    struct sigv4_credentials keys;
    int64_t expires_s; /* since 1970 UTC; 0: never */
};

/* ---- credential_process --------------------------------------------------------------------- */

/* The command as its words, NULL-ended, as a POSIX shell cuts them: spaces separate, quotes and
 * backslashes keep together, and nothing else is special. ERR_CONFIG for a quote that is not
 * closed, no word at all or more than CREDENTIALS_ARGUMENTS_MAX; ERR_MEMORY. */
MUST_CHECK int credentials_split(struct view command, struct arena *arena,
                                 const char *const **ret_arguments, struct err *reterr);

/* {"Version": 1, "AccessKeyId", "SecretAccessKey", "SessionToken"?, "Expiration"?}. */
MUST_CHECK int credentials_read_process(struct view text, struct arena *arena,
                                        struct credentials_answer *ret_answer, struct err *reterr);

/* ---- container and instance ----------------------------------------------------------------- */

/* {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}; what an instance's metadata says
 * instead with "Code" and "Message" is told. */
MUST_CHECK int credentials_read_metadata(struct view text, struct arena *arena,
                                         struct credentials_answer *ret_answer, struct err *reterr);

/* ---- SSO ------------------------------------------------------------------------------------ */

/* "<SHA-1 of the session's name, or of the start URL, in hex>.json" and a NUL: the file below
 * ~/.aws/sso/cache. */
void sso_cache_name(const struct credentials_sso *sso, char ret_name[SSO_CACHE_NAME_SIZE]);

/* What that file holds. The last four are empty or 0 where it cannot be renewed. */
struct sso_token {
    struct view access_token;
    int64_t expires_s;
    struct view refresh_token;
    struct view client_id;
    struct view client_secret;
    struct view registration_ends; /* as it was written */
    int64_t registration_ends_s;
};

MUST_CHECK int sso_read_token(struct view text, struct arena *arena, struct sso_token *ret_token,
                              struct err *reterr);

/* True where the session of `session` can be renewed without anybody's help. */
bool sso_can_renew(const struct credentials_sso *sso, const struct sso_token *token, int64_t now_s);

/* The request that renews it, and what its answer makes of the token. */
MUST_CHECK int sso_renew_request(const struct sso_token *token, struct arena *arena,
                                 struct http_request *ret_request, struct err *reterr);
MUST_CHECK int sso_read_renewal(struct view text, int64_t now_s, struct arena *arena,
                                struct sso_token *token, struct err *reterr);

/* The file's content for a renewed token, as the AWS CLI writes it. */
void sso_write_token(struct strbuf *out, const struct credentials_sso *sso,
                     const struct sso_token *token);

/* Asks the portal for keys, and reads them. */
MUST_CHECK int sso_keys_request(const struct credentials_sso *sso, struct view access_token,
                                struct arena *arena, struct http_request *ret_request,
                                struct err *reterr);
MUST_CHECK int sso_read_keys(struct view text, struct arena *arena,
                             struct credentials_answer *ret_answer, struct err *reterr);

/* ---- where ---------------------------------------------------------------------------------- */

/* "https://<host>.<region>.<what the partition's names end in>", a C string in the arena.
 * ERR_CONFIG for what is no region, ERR_MEMORY. */
MUST_CHECK int credentials_service_url(const char *host, struct view region, struct arena *arena,
                                       struct view *ret_url, struct err *reterr);

#endif
