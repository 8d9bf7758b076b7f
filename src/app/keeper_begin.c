/* SPDX-License-Identifier: Apache-2.0
 *
 * keeper_begin: where a fetch of keys begins: a command, an SSO session, a container's endpoint, an
 * instance's metadata. See keeper_fetch_state.h. */
#include "app/keeper_fetch_state.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "wire/url.h"

enum {
    PROCESS_OUTPUT_MAX = 256 * 1024,
    SAID_BYTES_MAX = 300,
    TOKEN_BYTES_MAX = 64 * 1024,
    CONTAINER_ATTEMPTS = 3,
    SSO_ATTEMPTS = 3,
    SSO_RENEW_AHEAD_S = 900,
    INSTANCE_EXTRA_S = 900, /* how long keys are used that the metadata could not renew in time */
};

static const uint64_t PROCESS_NS = 60 * FETCH_SECOND_NS;
static const uint64_t CONTAINER_TIMEOUT_NS = 10 * FETCH_SECOND_NS;
static const uint64_t CONTAINER_CONNECT_IN_NS = 2 * FETCH_SECOND_NS;
static const uint64_t SSO_TIMEOUT_NS = 20 * FETCH_SECOND_NS;
static const uint64_t SSO_CONNECT_IN_NS = 5 * FETCH_SECOND_NS;

static int64_t now_s(const struct fetch *fetch)
{
    return fetch->host->outside->ops->unix_s(fetch->host->outside);
}

/* The root's keys are there: on to the roles, or the end. */
static int root_answer(struct fetch *fetch, int code, const struct err *why, struct err *reterr)
{
    return code != 0 ? fetch_refuse(fetch, code, reterr, why->text)
                     : fetch_next_role(fetch, reterr);
}

static int begin_static(struct fetch *fetch, struct err *reterr)
{
    fetch->answer.keys = fetch->credentials->keys;
    return fetch_next_role(fetch, reterr);
}

/* ---- credential_process --------------------------------------------------------------------- */

static int take_process(struct fetch *fetch, struct err *reterr)
{
    struct err why = fetch->failure;
    int code = why.code;

    if (code == 0)
        code = credentials_read_process(fetch->body, &fetch->arena, &fetch->answer, &why);
    return root_answer(fetch, code, &why, reterr);
}

static void on_process(void *context, const struct process_event *event)
{
    struct fetch *fetch = context;
    struct view rest = view_trim(event->error_output);

    if (event->kind != PROCESS_ENDED)
        return;
    fetch->process = (struct id){0};
    fetch->failure = (struct err){0};
    struct view said = utf8_cut(view_trim(view_split(&rest, '\n')), SAID_BYTES_MAX);
    if (event->code != 0)
        fail(&fetch->failure, event->code == ERR_FAILED ? ERR_DENIED : event->code, "%s%s%.*s",
             event->text, said.len != 0 ? ": " : "", VIEW_ARG(said));
    else if (arena_copy(&fetch->arena, event->bytes, &fetch->body) != 0)
        fail(&fetch->failure, ERR_MEMORY, "no memory for what it printed");
    fetch_later(fetch, take_process);
}

static int begin_process(struct fetch *fetch, struct err *reterr)
{
    struct process_options options = {
        .end_in_ns = PROCESS_NS,
        .collect = true,
        .output_bytes_max = PROCESS_OUTPUT_MAX,
    };
    struct err why = {0};

    fetch_name(fetch, arena_printf(&fetch->arena, "the credential_process of the profile '%.*s'",
                                   VIEW_ARG(fetch->credentials->profile)));
    int code =
        credentials_split(fetch->credentials->process, &fetch->arena, &options.arguments, &why);
    if (code == 0)
        code = process_start(fetch->host->processes, &options, on_process, fetch, &fetch->process,
                             &why);
    if (code != 0)
        return fetch_refuse(fetch, code, reterr, why.text);
    process_end_input(fetch->host->processes, fetch->process);
    return FETCH_WAITS;
}

/* ---- SSO ------------------------------------------------------------------------------------ */

static int take_sso(struct fetch *fetch, struct err *reterr)
{
    const char *remedy = fetch->status == 0     ? ""
                         : fetch->status == 401 ? "; the session has ended: run 'aws sso login'"
                                                : "; check sso_account_id and sso_role_name";
    struct err why = {0};

    int code = fetch_check(fetch, (struct view){0}, remedy, reterr);
    if (code != 0)
        return code;
    code = sso_read_keys(fetch->body, &fetch->arena, &fetch->answer, &why);
    return root_answer(fetch, code, &why, reterr);
}

static int sso_url(struct fetch *fetch, const char *host, struct view configured,
                   struct view *ret_url, struct err *reterr)
{
    *ret_url = configured;
    return configured.len != 0 ? 0
                               : credentials_service_url(host, fetch->credentials->sso.region,
                                                         &fetch->arena, ret_url, reterr);
}

static int ask_portal(struct fetch *fetch, struct err *reterr)
{
    const struct credentials_sso *sso = &fetch->credentials->sso;
    struct fetch_question question = {.timeout_ns = SSO_TIMEOUT_NS,
                                      .connect_in_ns = SSO_CONNECT_IN_NS,
                                      .attempts = SSO_ATTEMPTS,
                                      .proxied = true};
    struct http_request request;

    int code = sso_url(fetch, "portal.sso", sso->url, &question.url, reterr);
    if (code == 0)
        code = sso_keys_request(sso, fetch->token.access_token, &fetch->arena, &request, reterr);
    if (code != 0)
        return code;
    fetch_name(fetch, arena_printf(&fetch->arena,
                                   "the SSO portal at %.*s, asked for account %.*s, role "
                                   "%.*s",
                                   VIEW_ARG(question.url), VIEW_ARG(sso->account_id),
                                   VIEW_ARG(sso->role_name)));
    return fetch_ask(fetch, &question, &request, take_sso, reterr);
}

static int refuse_ended(struct fetch *fetch, struct err *reterr)
{
    return fetch_refuse(fetch, ERR_DENIED, reterr,
                        "the session has ended; run 'aws sso login' (with --profile where it is "
                        "not the default one)");
}

/* Kept for the AWS CLI and others who share the session; the keys do not depend on it. */
static void keep_token(struct fetch *fetch)
{
    struct strbuf text;

    strbuf_init(&text, TOKEN_BYTES_MAX);
    sso_write_token(&text, &fetch->credentials->sso, &fetch->token);
    if (strbuf_status(&text) == 0)
        (void)!file_write(fetch->token_path, strbuf_view(&text), NULL);
    strbuf_release(&text);
}

/* A session that cannot be renewed is used up to its end. */
static int take_renewal(struct fetch *fetch, struct err *reterr)
{
    struct err why = fetch->failure;
    int code = why.code;

    if (code == 0 && fetch->status == 200)
        code = sso_read_renewal(fetch->body, now_s(fetch), &fetch->arena, &fetch->token, &why);
    if (code == 0 && fetch->status == 200)
        keep_token(fetch);
    if (fetch->token.expires_s > now_s(fetch))
        return ask_portal(fetch, reterr);
    return code != 0 ? fetch_refuse(fetch, code, reterr, why.text) : refuse_ended(fetch, reterr);
}

static int renew(struct fetch *fetch, struct err *reterr)
{
    struct fetch_question question = {.timeout_ns = SSO_TIMEOUT_NS,
                                      .connect_in_ns = SSO_CONNECT_IN_NS,
                                      .attempts = SSO_ATTEMPTS,
                                      .proxied = true};
    struct http_request request;

    int code = sso_url(fetch, "oidc", fetch->credentials->sso.oidc_url, &question.url, reterr);
    if (code == 0)
        code = sso_renew_request(&fetch->token, &fetch->arena, &request, reterr);
    if (code != 0)
        return code;
    fetch_name(fetch, arena_printf(&fetch->arena, "the SSO session, renewed at %.*s",
                                   VIEW_ARG(question.url)));
    return fetch_ask(fetch, &question, &request, take_renewal, reterr);
}

static int begin_sso(struct fetch *fetch, struct err *reterr)
{
    const struct credentials_sso *sso = &fetch->credentials->sso;
    char name[SSO_CACHE_NAME_SIZE];
    struct view home = env_home();
    struct view text;
    struct err why = {0};

    sso_cache_name(sso, name);
    fetch->token_path = arena_printf(&fetch->arena, "%.*s/.aws/sso/cache/%s", VIEW_ARG(home), name);
    fetch_name(fetch, arena_printf(&fetch->arena, "the SSO session in %s", fetch->token_path));
    if (fetch->token_path == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    if (!file_exists(fetch->token_path))
        return fetch_refuse(fetch, ERR_DENIED, reterr,
                            "there is none; run 'aws sso login' (with --profile where it is not "
                            "the default one)");
    int code = fetch_read_file(fetch, view_of(fetch->token_path), &text, &why);
    if (code == 0)
        code = sso_read_token(text, &fetch->arena, &fetch->token, &why);
    if (code != 0)
        return fetch_refuse(fetch, code, reterr, why.text);
    if (fetch->token.expires_s - now_s(fetch) < SSO_RENEW_AHEAD_S
        && sso_can_renew(sso, &fetch->token, now_s(fetch)))
        return renew(fetch, reterr);
    if (fetch->token.expires_s <= now_s(fetch))
        return refuse_ended(fetch, reterr);
    return ask_portal(fetch, reterr);
}

/* ---- a container's endpoint ----------------------------------------------------------------- */

static int take_container(struct fetch *fetch, struct err *reterr)
{
    struct err why = {0};

    int code = fetch_check(fetch, (struct view){0}, "", reterr);
    if (code != 0)
        return code;
    code = credentials_read_metadata(fetch->body, &fetch->arena, &fetch->answer, &why);
    return root_answer(fetch, code, &why, reterr);
}

/* The token's file is read again each time, since the agent renews it. */
static int add_container_token(struct fetch *fetch, struct http_request *request,
                               struct err *reterr)
{
    const struct credentials *credentials = fetch->credentials;
    struct view token = credentials->token;

    int code = 0;
    if (credentials->token_file.len != 0)
        code = fetch_read_file(fetch, credentials->token_file, &token, reterr);
    if (code != 0 || token.len == 0)
        return code;
    code = http_header_add(&request->headers, (struct view)VIEW("Authorization"), token);
    return code != 0 ? fail(reterr, code, "the authorization token is no value of a header") : 0;
}

static int begin_container(struct fetch *fetch, struct err *reterr)
{
    const struct credentials *credentials = fetch->credentials;
    struct fetch_question question = {
        .url = credentials->url,
        .timeout_ns = CONTAINER_TIMEOUT_NS,
        .connect_in_ns = CONTAINER_CONNECT_IN_NS,
        .attempts = CONTAINER_ATTEMPTS,
    };
    struct http_request request = {.method = VIEW("GET"), .target = credentials->path};
    struct err why = {0};
    struct url url;

    fetch_name(fetch, arena_printf(&fetch->arena, "the container's endpoint at %.*s%.*s",
                                   VIEW_ARG(credentials->url), VIEW_ARG(credentials->path)));
    int code = url_parse(credentials->url, &url, &why);
    if (code == 0 && url.query.ptr != NULL) /* from its '?' on: it goes behind the path */
        request.target = view_make(url.query.ptr - 1, url.query.len + 1);
    if (code == 0)
        code = add_container_token(fetch, &request, &why);
    if (code != 0)
        return fetch_refuse(fetch, code, reterr, why.text);
    if (http_header_add(&request.headers, (struct view)VIEW("Accept"),
                        (struct view)VIEW("application/json"))
        != 0)
        return fetch_refuse(fetch, ERR_LIMIT, reterr, "too many headers");
    return fetch_ask(fetch, &question, &request, take_container, reterr);
}

/* ---- an instance's metadata ----------------------------------------------------------------- */

#define INSTANCE_REMEDY \
    "; where this is no EC2 instance, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " \
    "AWS_BEARER_TOKEN_BEDROCK or AWS_PROFILE"

static int ask_instance(struct fetch *fetch, const char *method, const char *target,
                        fetch_step *then, struct err *reterr)
{
    const struct credentials *credentials = fetch->credentials;
    uint64_t timeout_ns = (uint64_t)credentials->timeout_s * FETCH_SECOND_NS;
    struct fetch_question question = {
        .url = credentials->url,
        .timeout_ns = (timeout_ns + FETCH_SECOND_NS) * (uint64_t)credentials->attempts,
        .connect_in_ns = timeout_ns,
        .attempts = (uint32_t)credentials->attempts,
    };
    struct http_request request = {.method = view_of(method), .target = view_of(target)};
    bool has_token = fetch->instance_token.len != 0;
    struct view name = has_token ? (struct view)VIEW("x-aws-ec2-metadata-token")
                                 : (struct view)VIEW("x-aws-ec2-metadata-token-ttl-seconds");

    if (http_header_add(&request.headers, name,
                        has_token ? fetch->instance_token : (struct view)VIEW("21600"))
        != 0)
        return fetch_refuse(fetch, ERR_PROTOCOL, reterr, "its token is no value of a header");
    return fetch_ask(fetch, &question, &request, then, reterr);
}

static int take_instance_keys(struct fetch *fetch, struct err *reterr)
{
    struct err why = {0};

    int code = fetch_check(fetch, (struct view){0}, INSTANCE_REMEDY, reterr);
    if (code != 0)
        return code;
    code = credentials_read_metadata(fetch->body, &fetch->arena, &fetch->answer, &why);
    /* The service that renews them is down and says that they hold longer than they say. */
    if (code == 0 && fetch->answer.expires_s != 0 && fetch->answer.expires_s <= now_s(fetch))
        fetch->answer.expires_s = now_s(fetch) + INSTANCE_EXTRA_S;
    return root_answer(fetch, code, &why, reterr);
}

static int take_instance_role(struct fetch *fetch, struct err *reterr)
{
    struct view rest = view_trim(fetch->body);
    struct view name = view_trim(view_split(&rest, '\n'));
    struct strbuf target;

    int code = fetch->status == 404 ? fetch_refuse(fetch, ERR_DENIED, reterr,
                                                   "the instance has no role; attach an instance "
                                                   "profile to it")
                                    : fetch_check(fetch, (struct view){0}, INSTANCE_REMEDY, reterr);
    if (code != 0)
        return code;
    if (name.len == 0)
        return fetch_refuse(fetch, ERR_DENIED, reterr,
                            "the instance has no role; attach an instance profile to it");
    strbuf_init(&target, URL_BYTES_MAX);
    strbuf_add_text(&target, "/latest/meta-data/iam/security-credentials/");
    url_encode(&target, name, "");
    const char *path =
        strbuf_status(&target) == 0 ? arena_string(&fetch->arena, strbuf_view(&target)) : NULL;
    strbuf_release(&target);
    if (path == NULL)
        return fetch_refuse(fetch, ERR_MEMORY, reterr, "no memory for its role");
    return ask_instance(fetch, "GET", path, take_instance_keys, reterr);
}

static int take_instance_token(struct fetch *fetch, struct err *reterr)
{
    int code = fetch_check(fetch, (struct view){0}, INSTANCE_REMEDY, reterr);

    if (code != 0)
        return code;
    fetch->instance_token = view_trim(fetch->body);
    if (fetch->instance_token.len == 0)
        return fetch_refuse(fetch, ERR_UPSTREAM, reterr, "its token is empty" INSTANCE_REMEDY);
    return ask_instance(fetch, "GET", "/latest/meta-data/iam/security-credentials/",
                        take_instance_role, reterr);
}

static int begin_instance(struct fetch *fetch, struct err *reterr)
{
    fetch_name(fetch, arena_printf(&fetch->arena, "%sthe instance's metadata at %.*s",
                                   fetch->credentials->role_count == 0
                                       ? "neither the environment nor a profile has any, and "
                                       : "",
                                   VIEW_ARG(fetch->credentials->url)));
    return ask_instance(fetch, "PUT", "/latest/api/token", take_instance_token, reterr);
}

/* ---- the first step ------------------------------------------------------------------------- */

int fetch_begin(struct fetch *fetch, struct err *reterr)
{
    static fetch_step *const steps[] = {
        [CREDENTIALS_STATIC] = begin_static,
        [CREDENTIALS_PROCESS] = begin_process,
        [CREDENTIALS_SSO] = begin_sso,
        [CREDENTIALS_WEB_IDENTITY] = fetch_web_identity,
        [CREDENTIALS_CONTAINER] = begin_container,
        [CREDENTIALS_INSTANCE] = begin_instance,
    };

    return steps[fetch->credentials->kind](fetch, reterr);
}
