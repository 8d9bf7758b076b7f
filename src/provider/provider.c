/* SPDX-License-Identifier: Apache-2.0
 *
 * provider: see provider.h. The table, and where a target's requests go. */
#include "provider/provider.h"

#include "provider/compose.h"
#include "provider/families.h"
#include "wire/url.h"

static const struct provider providers[] = {
    [PROVIDER_BEDROCK] = {"bedrock", "https://bedrock-runtime.{region}.amazonaws.com", true,
                          "bedrock", bedrock_build, bedrock_read},
    [PROVIDER_ANTHROPIC] = {"anthropic", "https://api.anthropic.com", false, NULL, anthropic_build,
                            anthropic_read},
    [PROVIDER_OPENAI] = {"openai", "https://api.openai.com/v1", false, NULL, openai_build,
                         openai_read},
    [PROVIDER_HTTP] = {"http", NULL, false, NULL, http_template_build, http_template_read},
    [PROVIDER_WEBSOCKET] = {"websocket", NULL, false, NULL, NULL, NULL},
    [PROVIDER_EXEC] = {"exec", NULL, false, NULL, exec_build, exec_read},
    [PROVIDER_SIM] = {"sim", NULL, false, NULL, NULL, NULL},
};

enum { PROVIDER_COUNT = sizeof providers / sizeof providers[0] };

const struct provider *provider_of(enum provider_kind kind)
{
    assert_always((size_t)kind < PROVIDER_COUNT);
    return &providers[kind];
}

int provider_kind_of(struct view name, enum provider_kind *ret_kind)
{
    for (size_t i = 0; i < PROVIDER_COUNT; i++) {
        if (view_is(name, providers[i].name)) {
            *ret_kind = (enum provider_kind)i;
            return 0;
        }
    }
    return ERR_INVALID;
}

/* A region becomes part of a host's name, so it may hold nothing else. */
static bool is_region(struct view region)
{
    for (size_t i = 0; i < region.len; i++) {
        char byte = region.ptr[i];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-')
            return false;
    }
    return region.len > 0 && region.len <= 40;
}

static int fill_region(const struct provider_target *target, const char *pattern,
                       struct arena *arena, struct view *ret_url, struct err *reterr)
{
    const struct view slot = VIEW("{region}");
    struct view text = view_of(pattern);
    size_t at = view_find(text, slot, 0);

    *ret_url = text;
    if (at == text.len)
        return 0;
    if (target->region.len == 0)
        return compose_fail(target, reterr, ERR_CONFIG,
                            "no region; add region: to it or set AWS_REGION");
    if (!is_region(target->region))
        return compose_fail(target, reterr, ERR_CONFIG,
                            "'%.*s' is no AWS region; write one such as us-east-1",
                            VIEW_ARG(target->region));
    const char *filled = arena_printf(arena, "%.*s%.*s%s", (int)at, pattern,
                                      VIEW_ARG(target->region), pattern + at + slot.len);
    if (filled == NULL)
        return compose_fail(target, reterr, ERR_MEMORY, "no memory for its address");
    *ret_url = view_of(filled);
    return 0;
}

/* The url up to its path where slots follow: only they are filled for each request. */
static struct view without_slots(struct view url)
{
    size_t after = view_find(url, (struct view)VIEW("://"), 0);

    if (view_find(url, (struct view)VIEW("{{"), 0) == url.len || after == url.len)
        return url;
    for (after += 3; after < url.len && url.ptr[after] != '/' && url.ptr[after] != '?';)
        after++;
    return view_slice(url, 0, after);
}

int provider_address_of(const struct provider_target *target, struct arena *arena,
                        struct provider_address *ret_address, struct err *reterr)
{
    const struct provider *provider = provider_of(target->kind);
    struct view text = target->url;
    struct url url;
    int code = 0;

    if (text.len == 0 && provider->default_url == NULL)
        return compose_fail(target, reterr, ERR_CONFIG, "kind: %s needs a url", provider->name);
    if (text.len == 0)
        code = fill_region(target, provider->default_url, arena, &text, reterr);
    else if (target->kind == PROVIDER_HTTP)
        text = without_slots(text);
    if (code != 0)
        return code;
    struct err why = {0};
    if (url_parse(text, &url, &why) != 0)
        return compose_fail(target, reterr, ERR_CONFIG, "url: %s", why.text);
    if (!view_equal_nocase(url.scheme, (struct view)VIEW("http"))
        && !view_equal_nocase(url.scheme, (struct view)VIEW("https")))
        return compose_fail(target, reterr, ERR_CONFIG,
                            "its url must start with http:// or https://");
    if (url.userinfo.ptr != NULL)
        return compose_fail(target, reterr, ERR_CONFIG,
                            "its url holds a name or password; write them into headers:");
    while (url.path.len > 0 && url.path.ptr[url.path.len - 1] == '/'
           && target->kind != PROVIDER_HTTP)
        url.path.len--;
    *ret_address = (struct provider_address){
        .tls = url.tls, .host = url.host, .port = url.port, .prefix = url.path};
    return 0;
}
