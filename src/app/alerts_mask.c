/* SPDX-License-Identifier: Apache-2.0
 *
 * alerts_mask: see alerts_mask.h. */
#include "app/alerts_mask.h"

#include "engine/patterns.h"
#include "shell/os/env.h"
#include "wire/url.h"

enum {
    STEP_BYTES_MIN = 12, /* of an address: shorter ones are words */
    STEPS_MAX = 16,
};

static const char *const variables[] = {
    "OPENAI_API_KEY",    "ANTHROPIC_API_KEY",        "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK",
};

struct listing {
    struct view *items;
    size_t count;
    size_t capacity;
};

static void add(struct listing *listing, struct view secret)
{
    if (secret.len > 0 && listing->count < listing->capacity)
        listing->items[listing->count++] = secret;
}

/* Names of headers whose values are no secrets. */
static void add_headers(struct listing *listing, const struct json *headers)
{
    for (const struct json *item = headers != NULL ? headers->child : NULL; item != NULL;
         item = item->next) {
        if (view_equal_nocase(item->key, view_of("content-type"))
            || view_equal_nocase(item->key, view_of("accept")))
            continue;
        struct view rest = item->text;
        struct view scheme = view_split(&rest, ' ');
        add(listing, item->text);
        if (view_equal_nocase(scheme, view_of("bearer"))
            || view_equal_nocase(scheme, view_of("basic")))
            add(listing, rest);
    }
}

static void add_post(struct listing *listing, const struct post *post)
{
    struct url url;

    add(listing, post->routing_key);
    add(listing, post->secret);
    add_headers(listing, post->channel->headers);
    if (post->url.len == 0 || url_parse(post->url, &url, NULL) != 0)
        return;
    if (url.path.len <= 1 && url.query.ptr == NULL && url.userinfo.ptr == NULL)
        return; /* a host alone is no secret */
    add(listing, post->url);
    add(listing, url.userinfo);
    add(listing, url.query);
    if (post->channel->kind == SETTINGS_CHANNEL_PAGERDUTY)
        return; /* its path is everybody's */
    add(listing, url.path);
    struct view rest = url.path;
    for (size_t i = 0; i < STEPS_MAX && rest.ptr != NULL; i++) {
        struct view step = view_split(&rest, '/');
        if (step.len >= STEP_BYTES_MIN)
            add(listing, step);
    }
}

static size_t count_most(const struct settings *settings, const struct post *posts, size_t count)
{
    size_t most = sizeof variables / sizeof variables[0];

    for (size_t i = 0; i < count; i++)
        most += 6 + STEPS_MAX
                + (posts[i].channel->headers != NULL ? 2 * posts[i].channel->headers->count : 0);
    for (size_t i = 0; i < settings->target_count; i++)
        most +=
            1
            + (settings->targets[i].headers != NULL ? 2 * settings->targets[i].headers->count : 0);
    return most;
}

static int list_secrets(struct alerts_mask *mask, const struct settings *settings,
                        const struct post *posts, size_t count, struct arena *arena)
{
    struct listing listing = {.capacity = count_most(settings, posts, count)};

    listing.items = arena_new(arena, listing.capacity, sizeof *listing.items);
    if (listing.items == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        add_post(&listing, &posts[i]);
    for (size_t i = 0; i < settings->target_count; i++) {
        add(&listing, settings->targets[i].api_key);
        add_headers(&listing, settings->targets[i].headers);
    }
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        add(&listing, env_get(view_of(variables[i])));
    mask->mask.secrets = listing.items;
    mask->mask.secret_count = listing.count;
    return 0;
}

int alerts_mask_open(struct alerts_mask *mask, const struct settings *settings,
                     const struct post *posts, size_t post_count, const char *cache,
                     struct arena *arena)
{
    struct scan_plan *plan = NULL;
    struct err err = {0};

    *mask = (struct alerts_mask){.set = NULL};
    int code = list_secrets(mask, settings, posts, post_count, arena);
    if (code == 0)
        code = scan_plan_new(&plan);
    if (code == 0)
        code = mask_plan(plan, &err);
    if (code == 0)
        code = patterns_compile(plan, cache, &mask->set, NULL, &err);
    scan_plan_free(plan);
    if (code == 0)
        code = patterns_scratch_new(mask->set, &mask->mask.scratch);
    mask->mask.set = mask->set;
    return code;
}

void alerts_mask_close(struct alerts_mask *mask)
{
    patterns_scratch_free(mask->mask.scratch);
    patterns_free(mask->set);
    *mask = (struct alerts_mask){.set = NULL};
}
