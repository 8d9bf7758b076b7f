/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials: see credentials.h. */
#include "app/credentials.h"

#include "base/strbuf.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "base/path.h"

enum { FILE_BYTES_MAX = 1024 * 1024, PATH_BYTES_MAX = 4096 };

/* Which variable of the environment goes where. */
static const struct {
    const char *name;
    size_t offset;
} variables[] = {
#define AT(member) offsetof(struct credentials_sources, member)
    {"AWS_ACCESS_KEY_ID", AT(env_access_key_id)},
    {"AWS_SECRET_ACCESS_KEY", AT(env_secret_access_key)},
    {"AWS_SESSION_TOKEN", AT(env_session_token)},
    {"AWS_PROFILE", AT(env_profile)},
    {"AWS_REGION", AT(env_region)},
    {"AWS_DEFAULT_REGION", AT(env_default_region)},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", AT(env_web_identity_file)},
    {"AWS_ROLE_ARN", AT(env_role_arn)},
    {"AWS_ROLE_SESSION_NAME", AT(env_role_session_name)},
    {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", AT(env_container_path)},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", AT(env_container_url)},
    {"AWS_CONTAINER_AUTHORIZATION_TOKEN", AT(env_container_token)},
    {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", AT(env_container_token_file)},
    {"AWS_EC2_METADATA_DISABLED", AT(env_instance_disabled)},
    {"AWS_EC2_METADATA_SERVICE_ENDPOINT", AT(env_instance_url)},
    {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", AT(env_instance_mode)},
    {"AWS_METADATA_SERVICE_TIMEOUT", AT(env_instance_timeout)},
    {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", AT(env_instance_attempts)},
    {"AWS_ENDPOINT_URL", AT(env_url)},
    {"AWS_ENDPOINT_URL_STS", AT(env_sts_url)},
    {"AWS_ENDPOINT_URL_SSO", AT(env_sso_url)},
    {"AWS_ENDPOINT_URL_SSO_OIDC", AT(env_sso_oidc_url)},
    {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", AT(env_urls_ignored)},
    {"AWS_CA_BUNDLE", AT(env_ca_bundle)},
#undef AT
};

/* The path that the variable names, "~/" being the home folder, else the one below that folder,
 * else empty. */
static int find_path(const char *name, const char *below_home, struct arena *arena,
                     struct view *ret_path)
{
    struct view path = env_get(view_of(name));
    struct view home = env_home();
    struct strbuf joined;

    if (path.len > 0 && !view_starts(path, (struct view)VIEW("~/")))
        return arena_copy(arena, path, ret_path);
    if (home.len == 0)
        return 0;
    strbuf_init(&joined, PATH_BYTES_MAX);
    path_join(&joined, home, path.len > 0 ? view_slice(path, 2, path.len) : view_of(below_home));
    int code = strbuf_status(&joined);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&joined), ret_path);
    strbuf_release(&joined);
    return code;
}

/* Reads the file there; one that does not exist is an empty text. */
static int read_text(struct view path, struct arena *arena, struct view *ret_text,
                     struct err *reterr)
{
    struct strbuf content;

    if (path.len == 0 || !file_exists(path.ptr))
        return 0;
    strbuf_init(&content, FILE_BYTES_MAX);
    int code = file_read(path.ptr, &content, reterr);
    if (code == 0 && arena_copy(arena, strbuf_view(&content), ret_text) != 0)
        code = fail(reterr, ERR_MEMORY, "%s: no memory to read it", path.ptr);
    strbuf_release(&content);
    return code;
}

int credentials_gather(const struct credentials_wanted *wanted, struct arena *arena,
                       struct credentials_sources *ret_sources, struct err *reterr)
{
    struct credentials_sources sources = {.profile = wanted->profile, .region = wanted->region};
    struct aws_files *files = &sources.files;

    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        *(struct view *)(void *)((char *)&sources + variables[i].offset) =
            env_get(view_of(variables[i].name));
    int code = find_path("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", arena,
                         &files->credentials_path);
    if (code == 0)
        code = find_path("AWS_CONFIG_FILE", ".aws/config", arena, &files->config_path);
    if (code != 0)
        return fail(reterr, code, "no memory for the names of the AWS files");
    code = read_text(files->credentials_path, arena, &files->credentials_text, reterr);
    if (code == 0)
        code = read_text(files->config_path, arena, &files->config_text, reterr);
    if (code == 0)
        *ret_sources = sources;
    return code;
}

int credentials_find(const struct credentials_wanted *wanted, struct arena *arena,
                     struct credentials *ret_credentials, struct err *reterr)
{
    struct credentials_sources sources;
    int code = credentials_gather(wanted, arena, &sources, reterr);

    return code != 0 ? code : credentials_resolve(&sources, ret_credentials, reterr);
}

int credentials_find_region(struct view profile, struct arena *arena, struct view *ret_region,
                            struct err *reterr)
{
    const struct credentials_wanted wanted = {.profile = profile};
    struct credentials_sources sources;
    int code = credentials_gather(&wanted, arena, &sources, reterr);

    return code != 0 ? code : credentials_region(&sources, ret_region, reterr);
}
