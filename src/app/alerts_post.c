/* SPDX-License-Identifier: Apache-2.0
 *
 * alerts_post: see alerts_post.h. */
#include "app/alerts_post.h"

#include "base/strbuf.h"
#include "core/alerts/mask.h"
#include "shell/net/loop.h"
#include "shell/net/proxy.h"
#include "shell/os/file.h"
#include "shell/os/seed.h"
#include "wire/url.h"

enum {
    SECRET_BYTES_MAX = 64 * 1024,
    PROXY_BYTES_MAX = 16 * 1024,
    TARGET_BYTES_MAX = URL_BYTES_MAX + 1,
};

static const uint64_t attempt_ns_max = 5 * UINT64_C(1000000000); /* one that hangs is tried again */

struct posts {
    const struct host *host;
    struct arena *arena;
    size_t running;
};

/* ---- address and keys ------------------------------------------------------------------------ */

static int from_file(struct post *post, struct view path, struct arena *arena,
                     struct view *ret_text)
{
    struct strbuf content;
    const char *name = arena_string(arena, path);

    if (name == NULL)
        return fail(&post->err, ERR_MEMORY, "no memory");
    strbuf_init(&content, SECRET_BYTES_MAX);
    int code = file_read(name, &content, &post->err);
    if (code == 0 && arena_copy(arena, view_trim(strbuf_view(&content)), ret_text) != 0)
        code = fail(&post->err, ERR_MEMORY, "no memory");
    if (code == 0 && ret_text->len == 0)
        code = fail(&post->err, ERR_CONFIG, "%s: this file is empty", name);
    strbuf_release(&content);
    return code;
}

static int find(struct post *post, struct view given, struct view file, struct arena *arena,
                struct view *ret_text)
{
    *ret_text = given;
    return file.len > 0 ? from_file(post, file, arena, ret_text) : 0;
}

void post_prepare(struct post *post, const struct settings_channel *channel, struct arena *arena)
{
    const char *own = body_kind_of(channel->kind)->url;
    struct url parts;

    *post = (struct post){.channel = channel, .shown = view_of("")};
    int code = find(post, channel->url, channel->url_file, arena, &post->url);
    if (code == 0 && post->url.len == 0 && own != NULL)
        post->url = view_of(own);
    if (code == 0)
        code =
            find(post, channel->routing_key, channel->routing_key_file, arena, &post->routing_key);
    if (code == 0)
        code = find(post, channel->secret, channel->secret_file, arena, &post->secret);
    post->shown = mask_url(post->url, arena);
    /* url_parse quotes what it refuses, and this is a secret */
    if (code == 0
        && (url_parse(post->url, &parts, NULL) != 0
            || (!view_is(parts.scheme, "https") && !view_is(parts.scheme, "http"))))
        code = fail(&post->err, ERR_CONFIG, "its address is no URL with https:// or http://");
    post->code = code;
}

/* ---- the request ----------------------------------------------------------------------------- */

static int add_header(struct http_request *request, const char *name, struct view value)
{
    return http_header_add(&request->headers, view_of(name), value);
}

static int add_signature(const struct post *post, struct view body, struct arena *arena,
                         int64_t now_unix_s, struct http_request *request)
{
    char text[BODY_SIGNATURE_SIZE];
    struct view copy;

    if (post->secret.len == 0)
        return 0;
    body_sign(post->secret, now_unix_s, body, text);
    int code = arena_copy(arena, view_of(text), &copy);
    return code == 0 ? add_header(request, "X-Assay-Signature", copy) : code;
}

static int add_headers(const struct post *post, size_t message, const struct url *url,
                       struct arena *arena, struct http_request *request)
{
    struct outside *outside = post->posts->host->outside;
    struct strbuf authority;
    struct view host = {0};

    strbuf_init(&authority, URL_BYTES_MAX);
    url_add_authority(&authority, url->host, url->port, url->tls);
    int code = strbuf_status(&authority);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&authority), &host);
    strbuf_release(&authority);
    if (code == 0)
        code = add_header(request, "Host", host);
    if (code == 0)
        code = add_header(request, "Content-Type", view_of("application/json; charset=utf-8"));
    if (code == 0)
        code = add_header(request, "User-Agent", view_of("assay"));
    if (code == 0 && post->channel->kind == SETTINGS_CHANNEL_WEBHOOK)
        code = add_header(request, "X-Assay-Delivery", post->keys[message]);
    if (code == 0)
        code = add_signature(post, request->body, arena, outside->ops->unix_s(outside), request);
    const struct json *own = post->channel->headers;
    for (const struct json *item = own != NULL ? own->child : NULL; item != NULL && code == 0;
         item = item->next) {
        char *name = arena_string(arena, item->key);
        code = name == NULL ? ERR_MEMORY : add_header(request, name, item->text);
    }
    return code;
}

static int build(struct post *post, size_t message, struct arena *arena,
                 struct http_request *request, struct err *reterr)
{
    struct strbuf target;
    struct url url;

    int code = url_parse(post->url, &url, NULL);
    strbuf_init(&target, TARGET_BYTES_MAX);
    if (code == 0) {
        strbuf_add(&target, url.path.len > 0 ? url.path : view_of("/"));
        if (url.query.ptr != NULL) {
            strbuf_add_byte(&target, '?');
            strbuf_add(&target, url.query);
        }
        code = strbuf_status(&target);
    }
    *request = (struct http_request){.method = VIEW("POST"), .body = post->bodies[message]};
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&target), &request->target);
    strbuf_release(&target);
    if (code == 0)
        code = add_headers(post, message, &url, arena, request);
    return code != 0 ? fail(reterr, code, "its request cannot be made: %s", err_text(code)) : 0;
}

/* ---- one channel ----------------------------------------------------------------------------- */

static void woken(void *context, uint64_t now_ns);

static void on_response(void *context, struct id ask, const struct http_response *response,
                        const struct answer *answer)
{
    struct post *post = context;
    struct outside *outside = post->posts->host->outside;
    struct delivery_event event = {
        .status = response != NULL ? response->status : 0,
        .retry_after_ns = answer->reply.retry_after_ns,
    };

    (void)ask;
    if (event.status >= 300)
        fail(&post->err, ERR_UPSTREAM, "status %d (%s)%s%.*s", event.status,
             http_reason(event.status), response->body.len > 0 ? ": " : "",
             VIEW_ARG(view_slice(response->body, 0, 200)));
    else if (event.status == 0)
        fail(&post->err, answer->reply.code != 0 ? answer->reply.code : ERR_UPSTREAM, "%.*s",
             VIEW_ARG(answer->reply.error_text));
    delivery_feed(&post->delivery, outside->ops->now(outside), &event);
    (void)!outside->ops->wake_at(outside, outside->ops->now(outside), woken, post);
}

static int ask(struct post *post, size_t message)
{
    struct http_request request;

    int code = build(post, message, post->posts->arena, &request, &post->err);
    if (code == 0)
        code = asker_ask_raw(post->asker, &request, on_response, post, NULL, &post->err);
    return code;
}

static void end(struct post *post)
{
    if (post->has_ended)
        return;
    post->has_ended = true;
    if (--post->posts->running == 0)
        loop_stop(post->posts->host->loop);
}

static void woken(void *context, uint64_t now_ns)
{
    struct post *post = context;
    struct outside *outside = post->posts->host->outside;
    size_t message;

    delivery_tick(&post->delivery, now_ns);
    while (delivery_next(&post->delivery, now_ns, &message))
        if (ask(post, message) != 0)
            delivery_feed(&post->delivery, now_ns, &(struct delivery_event){.status = 0});
    uint64_t at_ns = delivery_deadline(&post->delivery);
    if (at_ns == UINT64_MAX)
        end(post);
    else if (outside->ops->wake_at(outside, at_ns, woken, post) != 0)
        end(post);
}

static int open_asker(struct post *post, uint64_t deadline_in_ns)
{
    struct posts *posts = post->posts;
    struct proxy_choice choice;
    struct url url;
    uint64_t last_ns = deadline_in_ns - deadline_in_ns / 10; /* ends before all end, to say why */
    struct asker_options options = {
        .target = &post->target,
        .timeout_ns = last_ns < attempt_ns_max ? last_ns : attempt_ns_max,
        .max_in_flight = 1,
        .waiting_max = 1,
        .attempts = 1, /* when to try again is the delivery's to say */
        .tls_ca_file = post->channel->tls.ca_file,
        .tls_insecure = post->channel->tls.insecure,
    };

    post->target = (struct provider_target){
        .kind = PROVIDER_HTTP,
        .name = post->channel->name,
        .url = post->url,
    };
    int code = url_parse(post->url, &url, NULL);
    if (code == 0)
        code = host_proxy(url.tls, url.host, url.port, &post->proxy, &choice, &post->err);
    if (code != 0)
        return code;
    options.proxy_host = choice.host;
    options.proxy_port = choice.port;
    options.proxy_user = choice.user;
    return asker_new(posts->host->outside, posts->host->loop, &options, &post->asker, &post->err);
}

static void begin(struct post *post, uint64_t now_ns, uint64_t deadline_ns)
{
    struct outside *outside = post->posts->host->outside;

    strbuf_init(&post->proxy, PROXY_BYTES_MAX);
    delivery_init(&post->delivery, now_ns, deadline_ns, post->count, seed_random());
    if (post->code != 0 || post->count == 0)
        return;
    post->code = open_asker(post, deadline_ns - now_ns);
    if (post->code == 0)
        post->code = outside->ops->wake_at(outside, now_ns, woken, post);
    if (post->code == 0)
        post->posts->running++;
}

static void finish(struct post *post)
{
    struct outside *outside = post->posts->host->outside;

    (void)!outside->ops->wake_at(outside, UINT64_MAX, woken, post);
    asker_free(post->asker);
    post->asker = NULL;
    strbuf_release(&post->proxy);
}

void post_run(const struct host *host, struct post *items, size_t count, uint64_t deadline_ns,
              struct arena *arena)
{
    struct posts posts = {.host = host, .arena = arena};
    uint64_t now_ns = host->outside->ops->now(host->outside);

    for (size_t i = 0; i < count; i++) {
        items[i].posts = &posts;
        begin(&items[i], now_ns, deadline_ns);
    }
    if (posts.running > 0)
        loop_run(host->loop);
    for (size_t i = 0; i < count; i++)
        finish(&items[i]);
}
