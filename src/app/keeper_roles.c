/* SPDX-License-Identifier: Apache-2.0
 *
 * keeper_roles: what STS is asked for: roles, one after another, and a role for a web identity. See
 * keeper_fetch_state.h. */
#include "app/keeper_fetch_state.h"
#include "provider/sts.h"

static const uint64_t STS_TIMEOUT_NS = 20 * FETCH_SECOND_NS;
static const uint64_t STS_CONNECT_IN_NS = 5 * FETCH_SECOND_NS;
enum { STS_ATTEMPTS = 3 };

struct view fetch_sts_region(const struct fetch *fetch)
{
    struct view region = fetch->credentials->sts_region;

    return region.len != 0 ? region : (struct view)VIEW("us-east-1");
}

/* Asks for the role, with a token or signed by the keys so far. */
static int ask_role(struct fetch *fetch, const struct credentials_role *role, struct view token,
                    fetch_step *then, struct err *reterr)
{
    struct fetch_question question = {
        .url = fetch->credentials->sts_url,
        .timeout_ns = STS_TIMEOUT_NS,
        .connect_in_ns = STS_CONNECT_IN_NS,
        .attempts = STS_ATTEMPTS,
        .proxied = true,
        .sign = token.len == 0,
    };
    struct outside *outside = fetch->host->outside;
    struct http_request request;

    int code = question.url.len != 0
                   ? 0
                   : credentials_service_url("sts", fetch_sts_region(fetch), &fetch->arena,
                                             &question.url, reterr);
    if (code == 0)
        code = sts_request(role, token, outside->ops->unix_s(outside), &fetch->arena, &request,
                           reterr);
    if (code != 0)
        return code;
    fetch_name(fetch, arena_printf(&fetch->arena, "STS at %.*s, asked for the role %.*s",
                                   VIEW_ARG(question.url), VIEW_ARG(role->arn)));
    return fetch_ask(fetch, &question, &request, then, reterr);
}

static int take_role(struct fetch *fetch, struct err *reterr)
{
    struct credentials_answer answer;
    const char *remedy =
        fetch->status == 0 ? "" : "; check the role's trust policy and who asks for it";
    struct err why = {0};

    int code = fetch_check(fetch, sts_read_error(fetch->body, &fetch->arena), remedy, reterr);
    if (code != 0)
        return code;
    code = sts_read(fetch->body, &fetch->arena, &answer, &why);
    if (code != 0)
        return fetch_refuse(fetch, code, reterr, why.text);
    fetch->answer = answer;
    return 0;
}

/* ---- roles ---------------------------------------------------------------------------------- */

static int take_next_role(struct fetch *fetch, struct err *reterr)
{
    int code = take_role(fetch, reterr);

    return code != 0 ? code : fetch_next_role(fetch, reterr);
}

int fetch_next_role(struct fetch *fetch, struct err *reterr)
{
    if (fetch->role == fetch->credentials->role_count)
        return 0;
    return ask_role(fetch, &fetch->credentials->roles[fetch->role++], (struct view){0},
                    take_next_role, reterr);
}

/* ---- web identity --------------------------------------------------------------------------- */

int fetch_web_identity(struct fetch *fetch, struct err *reterr)
{
    struct view token;
    struct err why = {0};

    fetch_name(fetch, "the web identity's token");
    int code = fetch_read_file(fetch, fetch->credentials->token_file, &token, &why);
    if (code == 0 && token.len == 0)
        code = fail(&why, ERR_DENIED, "%.*s is empty", VIEW_ARG(fetch->credentials->token_file));
    if (code != 0)
        return fetch_refuse(fetch, code, reterr, why.text);
    return ask_role(fetch, &fetch->credentials->role, token, take_next_role, reterr);
}
