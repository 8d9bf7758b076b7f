/* SPDX-License-Identifier: Apache-2.0
 *
 * sigv4: see sigv4.h. */
#include "wire/sigv4.h"

#include "base/date.h"
#include "wire/url.h"

enum {
    QUERY_PARAMS_MAX = 256,
    TEXT_MAX = 256 * 1024, /* ceiling for a canonical request and its parts */
};

/* Hops and proxies change these; a signature over them would break on the way. */
static const char *const unsigned_names[] = {
    "authorization",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
};

/* A name and value in a scratch buffer, by offset since the buffer may move. */
struct param {
    size_t name_at;
    size_t value_at;
    size_t ends_at;
};

struct params {
    struct strbuf text;
    struct param items[QUERY_PARAMS_MAX];
    size_t count;
};

/* ---- the canonical path and query ----------------------------------------------------------- */

/* Resolves ".", ".." and empty segments (RFC 3986, section 5.2.4, and what AWS adds to it). */
static void add_normalized(struct strbuf *out, struct view path)
{
    size_t from = out->len;
    bool slash_at_end = true;

    while (path.ptr != NULL) {
        struct view segment = view_split(&path, '/');
        slash_at_end = segment.len == 0 || view_is(segment, ".") || view_is(segment, "..");
        if (view_is(segment, "..")) {
            size_t len = out->len;
            while (len > from && out->ptr[len - 1] != '/')
                len--;
            strbuf_cut(out, len > from ? len - 1 : from);
        } else if (!slash_at_end) {
            strbuf_add_byte(out, '/');
            strbuf_add(out, segment);
        }
    }
    if (slash_at_end)
        strbuf_add_byte(out, '/');
}

static int add_path(struct strbuf *out, const struct sigv4_params *params, struct view path)
{
    struct strbuf normalized;
    strbuf_init(&normalized, TEXT_MAX);

    if (params->keep_path)
        strbuf_add(&normalized, path.len != 0 ? path : (struct view)VIEW("/"));
    else
        add_normalized(&normalized, path);
    url_encode(out, strbuf_view(&normalized), params->encode_once ? "/%" : "/");
    int code = strbuf_status(&normalized);
    strbuf_release(&normalized);
    return code;
}

/* Decoded and encoded again, so that every spelling of a character is one spelling. */
static int add_part(struct strbuf *out, struct view part)
{
    struct strbuf decoded;
    strbuf_init(&decoded, TEXT_MAX);

    int code = url_decode(&decoded, part);
    if (code == 0)
        url_encode(out, strbuf_view(&decoded), "");
    strbuf_release(&decoded);
    return code;
}

static int read_params(struct params *params, struct view query)
{
    struct view name;
    struct view value;

    while (url_query_next(&query, &name, &value)) {
        if (view_is(name, "X-Amz-Signature"))
            continue;
        if (params->count == QUERY_PARAMS_MAX)
            return ERR_LIMIT;
        struct param *param = &params->items[params->count++];
        param->name_at = params->text.len;
        int code = add_part(&params->text, name);
        param->value_at = params->text.len;
        if (code == 0)
            code = add_part(&params->text, value);
        param->ends_at = params->text.len;
        if (code != 0)
            return code;
    }
    return strbuf_status(&params->text);
}

static int compare_params(const struct params *params, const struct param *a, const struct param *b)
{
    struct view text = strbuf_view(&params->text);
    int order = view_compare(view_slice(text, a->name_at, a->value_at),
                             view_slice(text, b->name_at, b->value_at));

    return order != 0 ? order
                      : view_compare(view_slice(text, a->value_at, a->ends_at),
                                     view_slice(text, b->value_at, b->ends_at));
}

static void sort_params(struct params *params)
{
    for (size_t i = 1; i < params->count; i++) {
        struct param moving = params->items[i];
        size_t j = i;
        for (; j > 0 && compare_params(params, &moving, &params->items[j - 1]) < 0; j--)
            params->items[j] = params->items[j - 1];
        params->items[j] = moving;
    }
}

static int add_query(struct strbuf *out, struct view query)
{
    struct params params = {.count = 0};
    strbuf_init(&params.text, TEXT_MAX);
    int code = read_params(&params, query);

    if (code == 0) {
        struct view text = strbuf_view(&params.text);
        sort_params(&params);
        for (size_t i = 0; i < params.count; i++) {
            const struct param *param = &params.items[i];
            strbuf_add_text(out, i > 0 ? "&" : "");
            strbuf_add(out, view_slice(text, param->name_at, param->value_at));
            strbuf_add_byte(out, '=');
            strbuf_add(out, view_slice(text, param->value_at, param->ends_at));
        }
    }
    strbuf_release(&params.text);
    return code;
}

/* ---- the canonical headers ------------------------------------------------------------------ */

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

static int compare_nocase(struct view a, struct view b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return (unsigned char)lower(a.ptr[i]) < (unsigned char)lower(b.ptr[i]) ? -1 : 1;
    }
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static bool is_signed(struct view name)
{
    for (size_t i = 0; i < sizeof unsigned_names / sizeof unsigned_names[0]; i++) {
        if (view_equal_nocase(name, view_of(unsigned_names[i])))
            return false;
    }
    return true;
}

void sigv4_signed_headers(struct strbuf *out, const struct http_headers *headers)
{
    struct view last = {0};

    for (;;) {
        struct view next = {0};
        for (size_t i = 0; i < headers->count; i++) {
            struct view name = headers->items[i].name;
            if (is_signed(name) && (last.ptr == NULL || compare_nocase(name, last) > 0)
                && (next.ptr == NULL || compare_nocase(name, next) < 0))
                next = name;
        }
        if (next.ptr == NULL)
            return;
        strbuf_add_text(out, last.ptr != NULL ? ";" : "");
        for (size_t i = 0; i < next.len; i++)
            strbuf_add_byte(out, lower(next.ptr[i]));
        last = next;
    }
}

/* Without spaces at the ends, and with runs of them as one. */
static void add_value(struct strbuf *out, struct view value)
{
    bool after_space = false;

    value = view_trim(value);
    for (size_t i = 0; i < value.len; i++) {
        bool space = value.ptr[i] == ' ' || value.ptr[i] == '\t';
        if (!space || !after_space)
            strbuf_add_byte(out, space ? ' ' : value.ptr[i]);
        after_space = space;
    }
}

static int add_headers(struct strbuf *out, const struct http_headers *headers, struct view names)
{
    while (names.ptr != NULL) {
        struct view name = view_split(&names, ';');
        bool found = false;
        strbuf_add(out, name);
        for (size_t i = 0; i < headers->count; i++) {
            if (!view_equal_nocase(headers->items[i].name, name))
                continue;
            strbuf_add_byte(out, found ? ',' : ':');
            add_value(out, headers->items[i].value);
            found = true;
        }
        if (!found)
            return ERR_INVALID;
        strbuf_add_byte(out, '\n');
    }
    return 0;
}

/* ---- the steps ------------------------------------------------------------------------------ */

int sigv4_canonical(struct strbuf *out, const struct sigv4_params *params,
                    const struct http_request *request, struct view signed_headers,
                    struct view payload_hash)
{
    struct view query = request->target;
    struct view path = view_split(&query, '?');

    strbuf_add(out, request->method);
    strbuf_add_byte(out, '\n');
    int code = add_path(out, params, path);
    strbuf_add_byte(out, '\n');
    if (code == 0)
        code = add_query(out, query);
    strbuf_add_byte(out, '\n');
    if (code == 0)
        code = add_headers(out, &request->headers, signed_headers);
    strbuf_add_byte(out, '\n');
    strbuf_add(out, signed_headers);
    strbuf_add_byte(out, '\n');
    strbuf_add(out, payload_hash);
    return code != 0 ? code : strbuf_status(out);
}

/* "20150830/us-east-1/service/aws4_request" */
static void add_scope(struct strbuf *out, const struct sigv4_params *params)
{
    char date[DATE_BASIC_SIZE];

    date_basic(params->unix_s, date);
    strbuf_add(out, view_make(date, 8));
    strbuf_add_byte(out, '/');
    strbuf_add(out, params->region);
    strbuf_add_byte(out, '/');
    strbuf_add(out, params->service);
    strbuf_add_text(out, "/aws4_request");
}

void sigv4_string_to_sign(struct strbuf *out, const struct sigv4_params *params,
                          struct view canonical)
{
    struct digest digest = digest_of(canonical);
    char date[DATE_BASIC_SIZE];
    char hex[DIGEST_HEX_SIZE];

    date_basic(params->unix_s, date);
    digest_hex(&digest, hex);
    strbuf_printf(out, "AWS4-HMAC-SHA256\n%s\n", date);
    add_scope(out, params);
    strbuf_printf(out, "\n%s", hex);
}

void sigv4_signature(struct view secret_key, const struct sigv4_params *params,
                     struct view string_to_sign, char ret_hex[SIGV4_SIGNATURE_SIZE])
{
    char seed[4 + SIGV4_SECRET_MAX] = {'A', 'W', 'S', '4'};
    char date[DATE_BASIC_SIZE];

    assert_always(secret_key.len <= SIGV4_SECRET_MAX);
    if (secret_key.len != 0)
        memcpy(seed + 4, secret_key.ptr, secret_key.len);
    date_basic(params->unix_s, date);
    struct digest key = digest_hmac(view_make(seed, 4 + secret_key.len), view_make(date, 8));
    key = digest_hmac(digest_view(&key), params->region);
    key = digest_hmac(digest_view(&key), params->service);
    key = digest_hmac(digest_view(&key), (struct view)VIEW("aws4_request"));
    struct digest signature = digest_hmac(digest_view(&key), string_to_sign);
    digest_hex(&signature, ret_hex);
    explicit_bzero(seed, sizeof seed);
    explicit_bzero(&key, sizeof key);
}

/* ---- services ------------------------------------------------------------------------------ */

static const struct sigv4_params services[] = {
    {.service = VIEW("s3"), .encode_once = true, .keep_path = true, .content_sha256 = true},
    {.service = VIEW("aoss"), .content_sha256 = true},
};

struct sigv4_params sigv4_params_of(struct view service, struct view region, int64_t unix_s)
{
    struct sigv4_params params = {.service = service};

    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        if (view_equal(service, services[i].service))
            params = services[i];
    }
    params.service = service;
    params.region = region;
    params.unix_s = unix_s;
    return params;
}

/* ---- signing -------------------------------------------------------------------------------- */

static int check(const struct sigv4_credentials *credentials, const struct sigv4_params *params,
                 const struct http_request *request, struct err *reterr)
{
    if (credentials->access_key.len == 0 || credentials->secret_key.len == 0)
        return fail(reterr, ERR_DENIED,
                    "an AWS request cannot be signed without access key and "
                    "secret; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    if (credentials->secret_key.len > SIGV4_SECRET_MAX)
        return fail(reterr, ERR_INVALID, "the AWS secret key is longer than %d bytes",
                    SIGV4_SECRET_MAX);
    if (params->region.len == 0 || params->service.len == 0)
        return fail(reterr, ERR_INVALID,
                    "an AWS request cannot be signed without a region; set AWS_REGION");
    if (http_header_get(&request->headers, "host").ptr == NULL)
        return fail(reterr, ERR_INVALID, "a request without Host cannot be signed");
    return 0;
}

/* The three steps over the request as it stands, and the names that were signed (into `names`). */
static int make_signature(const struct sigv4_credentials *credentials,
                          const struct sigv4_params *params, const struct http_request *request,
                          struct view payload_hash, struct strbuf *names,
                          char ret_hex[SIGV4_SIGNATURE_SIZE], struct err *reterr)
{
    struct strbuf canonical;
    struct strbuf to_sign;
    strbuf_init(&canonical, TEXT_MAX);
    strbuf_init(&to_sign, TEXT_MAX);
    strbuf_reset(names);
    sigv4_signed_headers(names, &request->headers);

    int code = strbuf_status(names);
    if (code == 0)
        code = sigv4_canonical(&canonical, params, request, strbuf_view(names), payload_hash);
    if (code == 0) {
        sigv4_string_to_sign(&to_sign, params, strbuf_view(&canonical));
        code = strbuf_status(&to_sign);
    }
    if (code == 0)
        sigv4_signature(credentials->secret_key, params, strbuf_view(&to_sign), ret_hex);
    strbuf_release(&canonical);
    strbuf_release(&to_sign);
    return code == 0 ? 0
                     : fail(reterr, code, "the request cannot be signed: %s",
                            code == ERR_INVALID ? "its target has a '%' without two hex digits"
                                                : err_text(code));
}

/* Adds a header whose value is copied into the arena. */
static int add_header(struct http_request *request, struct arena *arena, struct view name,
                      struct view value, struct err *reterr)
{
    struct view kept;
    int code = arena_copy(arena, value, &kept);

    if (code == 0)
        code = http_header_add(&request->headers, name, kept);
    return code == 0 ? 0
                     : fail(reterr, code, "the header %.*s cannot be added for signing: %s",
                            VIEW_ARG(name), err_text(code));
}

static int add_token(struct http_request *request, struct arena *arena, struct view token,
                     struct err *reterr)
{
    if (token.len == 0)
        return 0;
    return add_header(request, arena, (struct view)VIEW("x-amz-security-token"), token, reterr);
}

static void remove_signature(struct http_request *request)
{
    static const char *const names[] = {"authorization", "x-amz-date", "x-amz-security-token",
                                        "x-amz-content-sha256"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        http_header_remove(&request->headers, names[i]);
}

static int add_authorization(const struct sigv4_credentials *credentials,
                             const struct sigv4_params *params, struct arena *arena,
                             struct http_request *request, struct view payload_hash,
                             struct err *reterr)
{
    char signature[SIGV4_SIGNATURE_SIZE];
    struct strbuf names;
    struct strbuf text;
    strbuf_init(&names, TEXT_MAX);
    strbuf_init(&text, TEXT_MAX);

    int code =
        make_signature(credentials, params, request, payload_hash, &names, signature, reterr);
    if (code == 0) {
        strbuf_add_text(&text, "AWS4-HMAC-SHA256 Credential=");
        strbuf_add(&text, credentials->access_key);
        strbuf_add_byte(&text, '/');
        add_scope(&text, params);
        strbuf_add_text(&text, ", SignedHeaders=");
        strbuf_add(&text, strbuf_view(&names));
        strbuf_printf(&text, ", Signature=%s", signature);
        code = strbuf_status(&text);
    }
    if (code == 0)
        code = add_header(request, arena, (struct view)VIEW("authorization"), strbuf_view(&text),
                          reterr);
    strbuf_release(&names);
    strbuf_release(&text);
    return code;
}

int sigv4_sign(const struct sigv4_credentials *credentials, const struct sigv4_params *params,
               struct arena *arena, struct http_request *request, struct err *reterr)
{
    int code = check(credentials, params, request, reterr);
    if (code != 0)
        return code;

    struct http_request copy = *request;
    struct digest digest = digest_of(request->body);
    char hash[DIGEST_HEX_SIZE];
    char date[DATE_BASIC_SIZE];
    digest_hex(&digest, hash);
    date_basic(params->unix_s, date);
    remove_signature(&copy);
    code = add_header(&copy, arena, (struct view)VIEW("x-amz-date"), view_of(date), reterr);
    if (code == 0 && params->content_sha256)
        code = add_header(&copy, arena, (struct view)VIEW("x-amz-content-sha256"), view_of(hash),
                          reterr);
    if (code == 0 && !params->token_unsigned)
        code = add_token(&copy, arena, credentials->session_token, reterr);
    if (code == 0)
        code = add_authorization(credentials, params, arena, &copy, view_of(hash), reterr);
    if (code == 0 && params->token_unsigned)
        code = add_token(&copy, arena, credentials->session_token, reterr);
    if (code == 0)
        *request = copy;
    return code;
}

/* X-Amz-Algorithm to X-Amz-Expires, behind the target. */
static void add_query_params(struct strbuf *out, const struct sigv4_credentials *credentials,
                             const struct sigv4_params *params, int64_t expires_in_s,
                             struct view names, struct view target)
{
    char date[DATE_BASIC_SIZE];
    struct strbuf credential;
    strbuf_init(&credential, TEXT_MAX);

    date_basic(params->unix_s, date);
    strbuf_add(&credential, credentials->access_key);
    strbuf_add_byte(&credential, '/');
    add_scope(&credential, params);
    strbuf_add(out, target);
    strbuf_add_byte(out, view_find_byte(target, '?') < target.len ? '&' : '?');
    strbuf_add_text(out, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    url_encode(out, strbuf_view(&credential), "");
    strbuf_printf(out, "&X-Amz-Date=%s&X-Amz-SignedHeaders=", date);
    url_encode(out, names, "");
    strbuf_printf(out, "&X-Amz-Expires=%lld", (long long)expires_in_s);
    if (strbuf_status(&credential) != 0)
        out->status = strbuf_status(&credential);
    strbuf_release(&credential);
}

static void add_query_token(struct strbuf *out, struct view token)
{
    if (token.len == 0)
        return;
    strbuf_add_text(out, "&X-Amz-Security-Token=");
    url_encode(out, token, "");
}

/* Signs `request`, whose target is `target` already, and ends the target. */
static int end_query(const struct sigv4_credentials *credentials, const struct sigv4_params *params,
                     const struct http_request *request, struct strbuf *target, struct err *reterr)
{
    struct digest digest = digest_of(request->body);
    char hash[DIGEST_HEX_SIZE];
    char signature[SIGV4_SIGNATURE_SIZE];
    struct strbuf names;
    strbuf_init(&names, TEXT_MAX);
    digest_hex(&digest, hash);

    int code =
        make_signature(credentials, params, request, view_of(hash), &names, signature, reterr);
    strbuf_release(&names);
    if (code != 0)
        return code;
    if (params->token_unsigned)
        add_query_token(target, credentials->session_token);
    strbuf_printf(target, "&X-Amz-Signature=%s", signature);
    return 0;
}

int sigv4_presign(const struct sigv4_credentials *credentials, const struct sigv4_params *params,
                  int64_t expires_in_s, struct arena *arena, struct http_request *request,
                  struct err *reterr)
{
    int code = check(credentials, params, request, reterr);
    if (code != 0)
        return code;

    struct http_request copy = *request;
    struct strbuf names;
    struct strbuf target;
    strbuf_init(&names, TEXT_MAX);
    strbuf_init(&target, TEXT_MAX);
    remove_signature(&copy);
    sigv4_signed_headers(&names, &copy.headers);
    add_query_params(&target, credentials, params, expires_in_s, strbuf_view(&names),
                     request->target);
    if (!params->token_unsigned)
        add_query_token(&target, credentials->session_token);
    copy.target = strbuf_view(&target);
    code = end_query(credentials, params, &copy, &target, reterr);
    if (code == 0 && strbuf_status(&target) != 0)
        code = fail(reterr, strbuf_status(&target), "no room for a signed query");
    if (code == 0 && arena_copy(arena, strbuf_view(&target), &copy.target) != 0)
        code = fail(reterr, ERR_MEMORY, "no memory for a signed query");
    strbuf_release(&names);
    strbuf_release(&target);
    if (code == 0)
        *request = copy;
    return code;
}
