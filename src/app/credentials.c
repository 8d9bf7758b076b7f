/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials: see credentials.h. */
#include "app/credentials.h"

#include "base/strbuf.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "base/path.h"

enum { FILE_BYTES_MAX = 1024 * 1024, PATH_BYTES_MAX = 4096 };

static struct view variable(const char *name)
{
    return env_get(view_of(name));
}

/* The path that the variable names, else the one below the home folder, else empty. */
static int find_path(const char *name, const char *below_home, struct arena *arena,
                     struct view *ret_path)
{
    struct view path = variable(name);
    struct view home = env_home();
    struct strbuf joined;

    if (path.len > 0)
        return arena_copy(arena, path, ret_path);
    if (home.len == 0)
        return 0;
    strbuf_init(&joined, PATH_BYTES_MAX);
    path_join(&joined, home, view_of(below_home));
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

int credentials_gather(struct view profile, struct arena *arena,
                       struct credentials_sources *ret_sources, struct err *reterr)
{
    struct credentials_sources sources = {
        .profile = profile,
        .env_access_key_id = variable("AWS_ACCESS_KEY_ID"),
        .env_secret_access_key = variable("AWS_SECRET_ACCESS_KEY"),
        .env_session_token = variable("AWS_SESSION_TOKEN"),
        .env_profile = variable("AWS_PROFILE"),
        .env_region = variable("AWS_REGION"),
        .env_default_region = variable("AWS_DEFAULT_REGION"),
        .env_web_identity_file = variable("AWS_WEB_IDENTITY_TOKEN_FILE"),
        .env_container_uri = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    };

    if (sources.env_container_uri.len == 0)
        sources.env_container_uri = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    int code = find_path("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", arena,
                         &sources.credentials_path);
    if (code == 0)
        code = find_path("AWS_CONFIG_FILE", ".aws/config", arena, &sources.config_path);
    if (code != 0)
        return fail(reterr, code, "no memory for the names of the AWS files");
    code = read_text(sources.credentials_path, arena, &sources.credentials_text, reterr);
    if (code == 0)
        code = read_text(sources.config_path, arena, &sources.config_text, reterr);
    if (code == 0)
        *ret_sources = sources;
    return code;
}

int credentials_find(struct view profile, struct arena *arena, struct credentials *ret_credentials,
                     struct err *reterr)
{
    struct credentials_sources sources;
    int code = credentials_gather(profile, arena, &sources, reterr);

    return code != 0 ? code : credentials_resolve(&sources, ret_credentials, reterr);
}

int credentials_find_region(struct view profile, struct arena *arena, struct view *ret_region,
                            struct err *reterr)
{
    struct credentials_sources sources;
    int code = credentials_gather(profile, arena, &sources, reterr);

    return code != 0 ? code : credentials_region(&sources, ret_region, reterr);
}
