/* SPDX-License-Identifier: Apache-2.0
 *
 * sigv4: AWS Signature Version 4 (AWS4-HMAC-SHA256), in headers and in the query.
 *
 *     request ──▶ canonical request ──▶ string to sign ──▶ signature ──▶ Authorization
 *
 * The three steps stand alone, so that a server can make the same signature and compare. The secret
 * is never part of a message or of a step's text.
 *
 * What it does not do: SigV4a, chunk signatures, finding credentials (provider/credentials.h).
 * Memory: what is added to a request lives in the caller's arena. Threads: no state.
 * Source: "Create a signed AWS API request", IAM User Guide; the vectors of aws-c-auth. */
#ifndef ASSAY_WIRE_SIGV4_H
#define ASSAY_WIRE_SIGV4_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "wire/http.h"

enum { SIGV4_SIGNATURE_SIZE = DIGEST_HEX_SIZE, SIGV4_SECRET_MAX = 256 };

struct sigv4_credentials {
    struct view access_key;
    struct view secret_key;
    struct view session_token; /* empty: none */
};

/* All false is right for every service but S3 and OpenSearch Serverless: sigv4_params_of knows. */
struct sigv4_params {
    struct view region;
    struct view service; /* signing name: "bedrock" */
    int64_t unix_s;
    bool encode_once;    /* S3: the path is signed as it is on the wire, not encoded again */
    bool keep_path;      /* S3: "." , ".." and empty segments are not resolved */
    bool content_sha256; /* adds x-amz-content-sha256, which S3 and aoss want */
    bool token_unsigned; /* the session token is added after signing */
};

/* The parameters that the service wants, by its signing name. */
struct sigv4_params sigv4_params_of(struct view service, struct view region, int64_t unix_s);

/* Signs: adds x-amz-date, x-amz-security-token, x-amz-content-sha256 and authorization, and
 * replaces those that are there. Every header of the request is signed but those that change on the
 * way (connection and what goes with it, expect, user-agent, x-amzn-trace-id: botocore's list). The
 * request must have its final target, headers and body, and a Host. ERR_INVALID with reterr,
 * ERR_LIMIT, ERR_MEMORY.
 */
MUST_CHECK int sigv4_sign(const struct sigv4_credentials *credentials,
                          const struct sigv4_params *params, struct arena *arena,
                          struct http_request *request, struct err *reterr);

/* Signs in the query instead: the target gets X-Amz-Algorithm to X-Amz-Signature, good for
 * `expires_in_s` seconds. Only Host and other headers that are there already are signed. */
MUST_CHECK int sigv4_presign(const struct sigv4_credentials *credentials,
                             const struct sigv4_params *params, int64_t expires_in_s,
                             struct arena *arena, struct http_request *request, struct err *reterr);

/* ---- the steps ------------------------------------------------------------------------------ */

/* "host;x-amz-date": the names of the headers that signing takes, lower case, sorted, each once. */
void sigv4_signed_headers(struct strbuf *out, const struct http_headers *headers);

/* The canonical request. `signed_headers` as above (a verifier takes it from the Authorization
 * header); X-Amz-Signature is left out of the query; `payload_hash` is the hex SHA-256 of the body
 * or "UNSIGNED-PAYLOAD". ERR_INVALID where a signed header is not there or the path cannot be
 * decoded. */
MUST_CHECK int sigv4_canonical(struct strbuf *out, const struct sigv4_params *params,
                               const struct http_request *request, struct view signed_headers,
                               struct view payload_hash);

/* "AWS4-HMAC-SHA256\n<date>\n<scope>\n<hash of the canonical request>". */
void sigv4_string_to_sign(struct strbuf *out, const struct sigv4_params *params,
                          struct view canonical);

/* The signature in hex and a NUL, of a string to sign under a secret (at most
 * SIGV4_SECRET_MAX bytes) for a day, region and service. */
void sigv4_signature(struct view secret_key, const struct sigv4_params *params,
                     struct view string_to_sign, char ret_hex[SIGV4_SIGNATURE_SIZE]);

#endif
