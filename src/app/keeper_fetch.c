/* SPDX-License-Identifier: Apache-2.0
 *
 * keeper_fetch: see keeper_fetch.h. A step begins from the fetch's one timer, so that the asker of
 * the step before, which told its end from inside itself, can be freed; the same timer is the
 * fetch's deadline while a step waits. */
#include "app/keeper_fetch.h"

#include "app/asker.h"
#include "app/keeper_fetch_state.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "shell/net/proxy.h"
#include "shell/os/file.h"
#include "wire/url.h"

enum {
    ARENA_BYTES_MAX = 2 * 1024 * 1024,
    TARGET_BYTES_MAX = 16 * 1024,
    TOKEN_BYTES_MAX = 64 * 1024,
    PROXY_BYTES_MAX = 16 * 1024,
};

static const uint64_t FETCH_NS = 120 * FETCH_SECOND_NS;

/* ---- its timer and its end ------------------------------------------------------------------ */

static void woken(void *context, uint64_t now_ns);

static int arm(struct fetch *fetch, uint64_t at_ns)
{
    struct outside *outside = fetch->host->outside;

    return outside->ops->wake_at(outside, at_ns, woken, fetch);
}

static void end_question(struct fetch *fetch)
{
    asker_free(fetch->asker);
    fetch->asker = NULL;
    if (!id_is_none(fetch->process))
        process_abandon(fetch->host->processes, fetch->process);
    fetch->process = (struct id){0};
}

static void finish(struct fetch *fetch, int code, const char *text)
{
    fetch_done *done = fetch->done;

    end_question(fetch);
    (void)!arm(fetch, UINT64_MAX);
    done(fetch->context, code, text, code == 0 ? &fetch->answer : NULL);
}

void fetch_later(struct fetch *fetch, fetch_step *step)
{
    fetch->step = step;
    /* There is a timer for the deadline, and moving it cannot fail. */
    (void)!arm(fetch, fetch->host->outside->ops->now(fetch->host->outside));
}

static void woken(void *context, uint64_t now_ns)
{
    struct fetch *fetch = context;
    fetch_step *step = fetch->step;
    struct err err = {0};
    int code;

    fetch->step = NULL;
    if (step == NULL || now_ns >= fetch->deadline_ns)
        code = fail(&err, ERR_TIMEOUT, "no AWS keys within 2 minutes");
    else if (arm(fetch, fetch->deadline_ns) != 0)
        code = fail(&err, ERR_LIMIT, "no timer is left to wait for AWS keys");
    else
        code = step(fetch, &err);
    if (code == FETCH_WAITS)
        return;
    finish(fetch, code, err.text);
}

/* ---- asking a server ------------------------------------------------------------------------ */

static void on_response(void *context, struct id ask, const struct http_response *response,
                        const struct answer *answer)
{
    struct fetch *fetch = context;

    (void)ask;
    fetch->status = response != NULL ? response->status : 0;
    fetch->body = (struct view){0};
    fetch->failure = (struct err){0};
    if (response == NULL)
        fail(&fetch->failure, answer->reply.code != 0 ? answer->reply.code : ERR_UPSTREAM, "%.*s",
             VIEW_ARG(answer->reply.error_text));
    else if (arena_copy(&fetch->arena, response->body, &fetch->body) != 0)
        fail(&fetch->failure, ERR_MEMORY, "no memory for the answer");
    fetch_later(fetch, fetch->then);
}

/* The request with the path that the address begins with, and its Host. */
static int address_request(struct fetch *fetch, struct view url_text, struct http_request *request,
                           struct err *reterr)
{
    struct strbuf text;
    struct view host = {0};
    struct url url;

    int code = url_parse(url_text, &url, reterr);
    if (code != 0)
        return code;
    bool has_path = request->target.len > 0 && request->target.ptr[0] == '/';
    while (has_path && url.path.len > 0 && url.path.ptr[url.path.len - 1] == '/')
        url.path.len--;
    strbuf_init(&text, TARGET_BYTES_MAX);
    if (!has_path && url.path.len == 0)
        strbuf_add_byte(&text, '/');
    strbuf_add(&text, url.path);
    strbuf_add(&text, request->target);
    code = strbuf_status(&text);
    if (code == 0)
        code = arena_copy(&fetch->arena, strbuf_view(&text), &request->target);
    strbuf_reset(&text);
    url_add_authority(&text, url.host, url.port, url.tls);
    if (code == 0)
        code = strbuf_status(&text);
    if (code == 0)
        code = arena_copy(&fetch->arena, strbuf_view(&text), &host);
    if (code == 0)
        code = http_header_add(&request->headers, (struct view)VIEW("Host"), host);
    strbuf_release(&text);
    return code != 0 ? fail(reterr, code, "the request is too long") : 0;
}

static int sign(struct fetch *fetch, struct http_request *request, struct err *reterr)
{
    const struct outside *outside = fetch->host->outside;
    struct sigv4_params params = {
        .region = fetch_sts_region(fetch),
        .service = VIEW("sts"),
        .unix_s = outside->ops->unix_s(fetch->host->outside),
    };

    return sigv4_sign(&fetch->answer.keys, &params, &fetch->arena, request, reterr);
}

static int choose_proxy(struct fetch *fetch, struct view url_text, struct asker_options *options,
                        struct err *reterr)
{
    struct proxy_choice choice;
    struct url url;

    int code = url_parse(url_text, &url, reterr);
    if (code == 0)
        code = host_proxy(url.tls, url.host, url.port, &fetch->proxy, &choice, reterr);
    if (code != 0)
        return code;
    options->proxy_host = choice.host;
    options->proxy_port = choice.port;
    options->proxy_user = choice.user;
    return 0;
}

int fetch_ask(struct fetch *fetch, const struct fetch_question *question,
              struct http_request *request, fetch_step *then, struct err *reterr)
{
    struct asker_options options = {
        .target = &fetch->target,
        .timeout_ns = question->timeout_ns,
        .connect_in_ns = question->connect_in_ns,
        .max_in_flight = 1,
        .waiting_max = 1,
        .attempts = question->attempts,
        .tls_ca_file = fetch->credentials->ca_file,
    };

    end_question(fetch);
    fetch->target = (struct provider_target){
        .kind = PROVIDER_HTTP,
        .name = VIEW("AWS keys"),
        .url = question->url,
    };
    fetch->then = then;
    int code = address_request(fetch, question->url, request, reterr);
    if (code == 0 && question->sign)
        code = sign(fetch, request, reterr);
    if (code == 0 && question->proxied)
        code = choose_proxy(fetch, question->url, &options, reterr);
    if (code == 0)
        code = asker_new(fetch->host->outside, fetch->host->loop, &options, &fetch->asker, reterr);
    if (code == 0)
        code = asker_ask_raw(fetch->asker, request, on_response, fetch, NULL, reterr);
    return code != 0 ? fail_within(reterr, code, "no AWS keys: %s: ", fetch->asked) : FETCH_WAITS;
}

/* ---- for all steps -------------------------------------------------------------------------- */

int fetch_refuse(struct fetch *fetch, int code, struct err *reterr, const char *what)
{
    return fail(reterr, code, "no AWS keys: %s: %s", fetch->asked, what);
}

int fetch_check(struct fetch *fetch, struct view said, const char *remedy, struct err *reterr)
{
    int code = fetch->status == 401 || fetch->status == 403 || fetch->status == 400 ? ERR_DENIED
                                                                                    : ERR_UPSTREAM;

    if (fetch->failure.code != 0)
        return fail(reterr, fetch->failure.code, "no AWS keys: %s: %s%s", fetch->asked,
                    fetch->failure.text, remedy);
    if (fetch->status == 200)
        return 0;
    if (said.len != 0)
        return fail(reterr, code, "no AWS keys: %s: %.*s%s", fetch->asked, VIEW_ARG(said), remedy);
    return fail(reterr, code, "no AWS keys: %s: the answer has status %d (%s)%s", fetch->asked,
                fetch->status, http_reason(fetch->status), remedy);
}

int fetch_read_file(struct fetch *fetch, struct view path, struct view *ret_content,
                    struct err *reterr)
{
    struct strbuf content;
    const char *name = arena_string(&fetch->arena, path);

    if (name == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    strbuf_init(&content, TOKEN_BYTES_MAX);
    int code = file_read(name, &content, reterr);
    if (code == 0 && arena_copy(&fetch->arena, view_trim(strbuf_view(&content)), ret_content) != 0)
        code = fail(reterr, ERR_MEMORY, "no memory to read %s", name);
    strbuf_release(&content);
    return code;
}

void fetch_name(struct fetch *fetch, const char *text)
{
    fetch->asked = text != NULL ? text : "AWS";
}

/* ---- its life ------------------------------------------------------------------------------- */

int fetch_new(const struct host *host, const struct credentials *credentials, fetch_done *done,
              void *context, struct fetch **ret_fetch)
{
    struct fetch *fetch = mem_new(1, sizeof *fetch);
    if (fetch == NULL)
        return ERR_MEMORY;

    fetch->host = host;
    fetch->credentials = credentials;
    fetch->done = done;
    fetch->context = context;
    fetch->asked = "AWS";
    fetch->step = fetch_begin;
    fetch->deadline_ns = host->outside->ops->now(host->outside) + FETCH_NS;
    arena_init(&fetch->arena, ARENA_BYTES_MAX);
    strbuf_init(&fetch->proxy, PROXY_BYTES_MAX);
    int code = arm(fetch, host->outside->ops->now(host->outside));
    if (code != 0) {
        mem_free(fetch);
        return code;
    }
    *ret_fetch = fetch;
    return 0;
}

void fetch_free(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    end_question(fetch);
    (void)!arm(fetch, UINT64_MAX);
    strbuf_release(&fetch->proxy);
    arena_release(&fetch->arena);
    mem_free(fetch);
}
