/* SPDX-License-Identifier: Apache-2.0
 *
 * sso: keys of a session that 'aws sso login' began. See credentials_answer.h.
 *
 * Source: botocore's tokens (SSOTokenProvider) and the models of sso and sso-oidc. */
#include <openssl/sha.h>

#include "base/date.h"
#include "provider/credentials_answer.h"
#include "wire/json.h"
#include "wire/url.h"

enum { TOKEN_TEXT_MAX = 64 * 1024 };

static struct view text_of(const struct json *object, const char *key)
{
    return json_text(json_get(object, key), (struct view){0});
}

static int parse_object(struct view text, struct arena *arena, const char *what,
                        const struct json **ret_root, struct err *reterr)
{
    struct json *root;

    if (json_parse(arena, view_trim(text), &root, NULL) != 0 || !json_is(root, JSON_OBJECT))
        return fail(reterr, ERR_UPSTREAM, "%s", what);
    *ret_root = root;
    return 0;
}

void sso_cache_name(const struct credentials_sso *sso, char ret_name[SSO_CACHE_NAME_SIZE])
{
    struct view named = sso->session.len != 0 ? sso->session : sso->start_url;
    unsigned char hash[SHA_DIGEST_LENGTH];

    SHA1((const unsigned char *)named.ptr, named.len, hash);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(ret_name + 2 * i, 3, "%02x", hash[i]);
    snprintf(ret_name + 2 * sizeof hash, SSO_CACHE_NAME_SIZE - 2 * sizeof hash, ".json");
}

int sso_read_token(struct view text, struct arena *arena, struct sso_token *ret_token,
                   struct err *reterr)
{
    const struct json *root;
    struct sso_token token = {.expires_s = 0};

    int code =
        parse_object(text, arena, "the file is no JSON object; run 'aws sso login'", &root, reterr);
    if (code != 0)
        return code;
    token.access_token = text_of(root, "accessToken");
    token.refresh_token = text_of(root, "refreshToken");
    token.client_id = text_of(root, "clientId");
    token.client_secret = text_of(root, "clientSecret");
    token.registration_ends = text_of(root, "registrationExpiresAt");
    if (token.access_token.len == 0)
        return fail(reterr, ERR_DENIED, "accessToken is missing; run 'aws sso login'");
    if (date_parse(text_of(root, "expiresAt"), &token.expires_s) != 0)
        return fail(reterr, ERR_DENIED, "expiresAt is no date; run 'aws sso login'");
    if (date_parse(token.registration_ends, &token.registration_ends_s) != 0)
        token.registration_ends_s = 0;
    *ret_token = token;
    return 0;
}

bool sso_can_renew(const struct credentials_sso *sso, const struct sso_token *token, int64_t now_s)
{
    return sso->session.len != 0 && token->refresh_token.len != 0 && token->client_id.len != 0
           && token->client_secret.len != 0 && token->registration_ends_s > now_s;
}

int sso_renew_request(const struct sso_token *token, struct arena *arena,
                      struct http_request *ret_request, struct err *reterr)
{
    struct http_request request = {.method = VIEW("POST"), .target = VIEW("/token")};
    struct json_writer writer;
    struct strbuf body;

    strbuf_init(&body, TOKEN_TEXT_MAX);
    json_writer_init(&writer, &body, 0);
    json_write_object(&writer);
    json_write_key(&writer, "grantType");
    json_write_text(&writer, "refresh_token");
    json_write_key(&writer, "clientId");
    json_write_string(&writer, token->client_id);
    json_write_key(&writer, "clientSecret");
    json_write_string(&writer, token->client_secret);
    json_write_key(&writer, "refreshToken");
    json_write_string(&writer, token->refresh_token);
    json_write_end(&writer, '}');
    int code = strbuf_status(&body);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&body), &request.body);
    if (code == 0)
        code = http_header_add(&request.headers, (struct view)VIEW("Content-Type"),
                               (struct view)VIEW("application/json"));
    strbuf_release(&body);
    if (code != 0)
        return fail(reterr, code, "the session's token is too large to be renewed");
    *ret_request = request;
    return 0;
}

int sso_read_renewal(struct view text, int64_t now_s, struct arena *arena, struct sso_token *token,
                     struct err *reterr)
{
    const struct json *root;

    int code = parse_object(text, arena, "what came is no JSON object", &root, reterr);
    if (code != 0)
        return code;
    struct view access_token = text_of(root, "accessToken");
    int64_t lasts_s = json_int(json_get(root, "expiresIn"), 0);
    if (access_token.len == 0 || lasts_s <= 0 || lasts_s > 10 * 366 * 86400)
        return fail(reterr, ERR_UPSTREAM, "accessToken or expiresIn is missing");
    token->access_token = access_token;
    token->expires_s = now_s + lasts_s;
    token->refresh_token = text_of(root, "refreshToken");
    return 0;
}

static void write_member(struct json_writer *writer, const char *key, struct view value)
{
    if (value.len == 0)
        return;
    json_write_key(writer, key);
    json_write_string(writer, value);
}

void sso_write_token(struct strbuf *out, const struct credentials_sso *sso,
                     const struct sso_token *token)
{
    struct json_writer writer;
    char expires[DATE_ISO_SIZE];

    date_iso(token->expires_s, expires);
    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    write_member(&writer, "startUrl", sso->start_url);
    write_member(&writer, "region", sso->region);
    write_member(&writer, "accessToken", token->access_token);
    write_member(&writer, "expiresAt", view_of(expires));
    write_member(&writer, "clientId", token->client_id);
    write_member(&writer, "clientSecret", token->client_secret);
    write_member(&writer, "registrationExpiresAt", token->registration_ends);
    write_member(&writer, "refreshToken", token->refresh_token);
    json_write_end(&writer, '}');
}

int sso_keys_request(const struct credentials_sso *sso, struct view access_token,
                     struct arena *arena, struct http_request *ret_request, struct err *reterr)
{
    struct http_request request = {.method = VIEW("GET")};
    struct strbuf target;

    strbuf_init(&target, URL_BYTES_MAX);
    strbuf_add_text(&target, "/federation/credentials?role_name=");
    url_encode(&target, sso->role_name, "");
    strbuf_add_text(&target, "&account_id=");
    url_encode(&target, sso->account_id, "");
    int code = strbuf_status(&target);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&target), &request.target);
    strbuf_release(&target);
    if (code == 0)
        code = http_header_add(&request.headers, (struct view)VIEW("x-amz-sso_bearer_token"),
                               access_token);
    if (code != 0)
        return fail(reterr, code, "the portal cannot be asked: %s; run 'aws sso login'",
                    err_text(code));
    *ret_request = request;
    return 0;
}

int sso_read_keys(struct view text, struct arena *arena, struct credentials_answer *ret_answer,
                  struct err *reterr)
{
    const struct json *root;

    int code = parse_object(text, arena, "what came is no JSON object", &root, reterr);
    if (code != 0)
        return code;
    const struct json *keys = json_get(root, "roleCredentials");
    int64_t expires_ms = json_int(json_get(keys, "expiration"), 0);
    struct credentials_answer answer = {
        .keys =
            {
                .access_key = text_of(keys, "accessKeyId"),
                .secret_key = text_of(keys, "secretAccessKey"),
                .session_token = text_of(keys, "sessionToken"),
            },
        .expires_s = expires_ms / 1000,
    };
    if (answer.keys.access_key.len == 0 || answer.keys.secret_key.len == 0)
        return fail(reterr, ERR_UPSTREAM,
                    "roleCredentials with accessKeyId and secretAccessKey is missing");
    if (expires_ms <= 0)
        return fail(reterr, ERR_UPSTREAM, "roleCredentials has no expiration in milliseconds");
    *ret_answer = answer;
    return 0;
}
