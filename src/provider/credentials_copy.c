/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials_copy: a way to keys as a whole: copied, compared, and told to people. See
 * credentials.h. */
#include "provider/credentials.h"

static const size_t views[] = {
    offsetof(struct credentials, keys.access_key),
    offsetof(struct credentials, keys.secret_key),
    offsetof(struct credentials, keys.session_token),
    offsetof(struct credentials, process),
    offsetof(struct credentials, sso.session),
    offsetof(struct credentials, sso.start_url),
    offsetof(struct credentials, sso.region),
    offsetof(struct credentials, sso.account_id),
    offsetof(struct credentials, sso.role_name),
    offsetof(struct credentials, sso.url),
    offsetof(struct credentials, sso.oidc_url),
    offsetof(struct credentials, url),
    offsetof(struct credentials, path),
    offsetof(struct credentials, token),
    offsetof(struct credentials, token_file),
    offsetof(struct credentials, sts_url),
    offsetof(struct credentials, sts_region),
    offsetof(struct credentials, ca_file),
    offsetof(struct credentials, region),
    offsetof(struct credentials, profile),
};

static const size_t role_views[] = {
    offsetof(struct credentials_role, arn),
    offsetof(struct credentials_role, session_name),
    offsetof(struct credentials_role, external_id),
    offsetof(struct credentials_role, profile),
};

static int copy_views(struct arena *arena, void *into, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct view *view = (struct view *)(void *)((char *)into + offsets[i]);
        int code = view->len != 0 ? arena_copy(arena, *view, view) : 0;
        if (code != 0)
            return code;
        if (view->len == 0)
            *view = (struct view){0};
    }
    return 0;
}

int credentials_copy(struct arena *arena, const struct credentials *credentials,
                     struct credentials *ret_copy)
{
    const size_t role_count = sizeof role_views / sizeof role_views[0];
    struct credentials copy = *credentials;

    int code = copy_views(arena, &copy, views, sizeof views / sizeof views[0]);
    if (code == 0)
        code = copy_views(arena, &copy.role, role_views, role_count);
    for (size_t i = 0; i < copy.role_count && code == 0; i++)
        code = copy_views(arena, &copy.roles[i], role_views, role_count);
    if (code == 0)
        *ret_copy = copy;
    return code;
}

static bool equal_views(const void *a, const void *b, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct view *one = (const struct view *)(const void *)((const char *)a + offsets[i]);
        const struct view *two = (const struct view *)(const void *)((const char *)b + offsets[i]);
        if (!view_equal(*one, *two))
            return false;
    }
    return true;
}

static bool equal_roles(const struct credentials_role *a, const struct credentials_role *b)
{
    return a->duration_s == b->duration_s
           && equal_views(a, b, role_views, sizeof role_views / sizeof role_views[0]);
}

bool credentials_equal(const struct credentials *a, const struct credentials *b)
{
    if (a->kind != b->kind || a->attempts != b->attempts || a->timeout_s != b->timeout_s
        || a->role_count != b->role_count || !equal_roles(&a->role, &b->role)
        || !equal_views(a, b, views, sizeof views / sizeof views[0]))
        return false;
    for (size_t i = 0; i < a->role_count; i++) {
        if (!equal_roles(&a->roles[i], &b->roles[i]))
            return false;
    }
    return true;
}

/* ---- for people ----------------------------------------------------------------------------- */

static void describe_profile(struct strbuf *out, const struct credentials *credentials)
{
    if (credentials->profile.len != 0)
        strbuf_printf(out, " of the profile '%.*s'", VIEW_ARG(credentials->profile));
}

static void describe_static(struct strbuf *out, const struct credentials *credentials)
{
    if (credentials->profile.len == 0)
        strbuf_printf(out, "keys of the %s", credentials->source);
    else
        strbuf_printf(out, "keys of the profile '%.*s' in the %s", VIEW_ARG(credentials->profile),
                      credentials->source);
}

static void describe_process(struct strbuf *out, const struct credentials *credentials)
{
    strbuf_add_text(out, "keys from the credential_process");
    describe_profile(out, credentials);
}

static void describe_sso(struct strbuf *out, const struct credentials *credentials)
{
    strbuf_printf(out, "SSO, account %.*s, role %.*s,", VIEW_ARG(credentials->sso.account_id),
                  VIEW_ARG(credentials->sso.role_name));
    describe_profile(out, credentials);
}

static void describe_web_identity(struct strbuf *out, const struct credentials *credentials)
{
    strbuf_printf(out, "the role %.*s by the web identity in %.*s", VIEW_ARG(credentials->role.arn),
                  VIEW_ARG(credentials->token_file));
}

static void describe_container(struct strbuf *out, const struct credentials *credentials)
{
    (void)credentials;
    strbuf_add_text(out, "keys of this container's role");
}

static void describe_instance(struct strbuf *out, const struct credentials *credentials)
{
    (void)credentials;
    strbuf_add_text(out, "keys of this instance's role");
}

void credentials_describe(struct strbuf *out, const struct credentials *credentials)
{
    static void (*const describers[])(struct strbuf *, const struct credentials *) = {
        [CREDENTIALS_STATIC] = describe_static,
        [CREDENTIALS_PROCESS] = describe_process,
        [CREDENTIALS_SSO] = describe_sso,
        [CREDENTIALS_WEB_IDENTITY] = describe_web_identity,
        [CREDENTIALS_CONTAINER] = describe_container,
        [CREDENTIALS_INSTANCE] = describe_instance,
    };

    for (size_t i = credentials->role_count; i > 0; i--) {
        const struct credentials_role *role = &credentials->roles[i - 1];
        strbuf_printf(out, "the role %.*s of the profile '%.*s', assumed with ",
                      VIEW_ARG(role->arn), VIEW_ARG(role->profile));
    }
    describers[credentials->kind](out, credentials);
}
