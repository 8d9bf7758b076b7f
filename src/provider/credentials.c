/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials: see credentials.h. Source: "Configuration and credential file settings", AWS CLI
 * User Guide. */
#include "provider/credentials.h"

#include "base/utf8.h"

/* What one profile of one file says. */
struct profile {
    bool found;
    size_t line; /* of its header */
    struct view access_key;
    struct view secret_key;
    struct view session_token;
    struct view region;
    const char *wants; /* what it wants and is not supported, or NULL */
    bool before_keys;  /* the SDKs would do that rather than use the profile's keys */
};

struct field {
    const char *name;
    size_t offset;
};

static const struct field fields[] = {
    {"aws_access_key_id", offsetof(struct profile, access_key)},
    {"aws_secret_access_key", offsetof(struct profile, secret_key)},
    {"aws_session_token", offsetof(struct profile, session_token)},
    {"region", offsetof(struct profile, region)},
};

struct later {
    const char *name;
    const char *what;
    bool before_keys;
};

static const struct later laters[] = {
    {"role_arn", "an assumed role (role_arn)", true},
    {"web_identity_token_file", "a web identity (web_identity_token_file)", true},
    {"sso_session", "AWS SSO (sso_session)", true},
    {"sso_start_url", "AWS SSO (sso_start_url)", true},
    {"credential_process", "credential_process", false},
};

/* One of the two files. */
struct file {
    struct view text;
    struct view path;
    const char *fallback_path; /* for messages where path is empty */
    bool is_config;            /* headers read [profile NAME], but [default] */
};

static int refuse(const struct file *file, size_t line, struct err *reterr, const char *what)
{
    struct view path = file->path.len != 0 ? file->path : view_of(file->fallback_path);

    return fail(reterr, ERR_CONFIG, "%.*s:%zu: %s", VIEW_ARG(path), line, what);
}

/* The profile a header names; empty for other sections ([sso-session x], [services y]). */
static struct view profile_of_header(const struct file *file, struct view header)
{
    const struct view prefix = VIEW("profile");

    header = view_trim(header);
    if (!file->is_config || view_is(header, "default"))
        return header;
    if (!view_starts(header, prefix) || header.len == prefix.len
        || (header.ptr[prefix.len] != ' ' && header.ptr[prefix.len] != '\t'))
        return (struct view){0};
    return view_trim(view_slice(header, prefix.len, header.len));
}

static void take_setting(struct profile *profile, struct view name, struct view value)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (view_equal_nocase(name, view_of(fields[i].name)))
            *(struct view *)(void *)((char *)profile + fields[i].offset) = value;
    }
    for (size_t i = 0; i < sizeof laters / sizeof laters[0]; i++) {
        if (view_equal_nocase(name, view_of(laters[i].name)) && !profile->before_keys) {
            profile->wants = laters[i].what;
            profile->before_keys = laters[i].before_keys;
        }
    }
}

/* A comment starts a line, or follows a space inside one. */
static struct view without_comment(struct view value)
{
    for (size_t i = 1; i < value.len; i++) {
        if ((value.ptr[i] == '#' || value.ptr[i] == ';')
            && (value.ptr[i - 1] == ' ' || value.ptr[i - 1] == '\t'))
            return view_trim(view_slice(value, 0, i));
    }
    return value;
}

/* One line that is neither empty nor a comment. */
static int take_line(const struct file *file, struct view line, size_t number, struct view wanted,
                     bool *inside, bool *any_section, struct profile *profile, struct err *reterr)
{
    bool indented = line.ptr[0] == ' ' || line.ptr[0] == '\t';

    line = view_trim(line);
    if (line.ptr[0] == '[') {
        size_t closing = view_find_byte(line, ']');
        if (closing == line.len)
            return refuse(file, number, reterr, "a section's '[' is never closed with ']'");
        struct view name = profile_of_header(file, view_slice(line, 1, closing));
        *any_section = true;
        *inside = name.len != 0 && view_equal(name, wanted);
        if (*inside && !profile->found)
            profile->line = number;
        profile->found = profile->found || *inside;
        return 0;
    }
    if (indented && *any_section)
        return 0; /* nested settings, as under "s3 =" */
    size_t equals = view_find_byte(line, '=');
    if (equals == line.len || equals == 0)
        return refuse(file, number, reterr, "expected [section] or name = value");
    if (!*any_section)
        return refuse(file, number, reterr, "a setting stands before the first [section]");
    if (*inside)
        take_setting(profile, view_trim(view_slice(line, 0, equals)),
                     without_comment(view_trim(view_slice(line, equals + 1, line.len))));
    return 0;
}

static int read_profile(const struct file *file, struct view wanted, struct profile *ret_profile,
                        struct err *reterr)
{
    struct profile profile = {.found = false};
    struct view rest = file->text;
    bool inside = false;
    bool any_section = false;
    size_t number = 0;

    if (view_starts(rest, (struct view)VIEW("\xef\xbb\xbf")))
        rest = view_slice(rest, 3, rest.len);
    while (rest.ptr != NULL) {
        struct view line = view_split(&rest, '\n');
        struct view trimmed = view_trim(line);
        number++;
        if (trimmed.len == 0 || trimmed.ptr[0] == '#' || trimmed.ptr[0] == ';')
            continue;
        if (!utf8_valid(trimmed, NULL))
            return refuse(file, number, reterr, "the line is not valid UTF-8");
        int code = take_line(file, line, number, wanted, &inside, &any_section, &profile, reterr);
        if (code != 0)
            return code;
    }
    if ((profile.access_key.len != 0) != (profile.secret_key.len != 0))
        return refuse(file, profile.line, reterr,
                      profile.access_key.len != 0
                          ? "the profile has aws_access_key_id but no aws_secret_access_key"
                          : "the profile has aws_secret_access_key but no aws_access_key_id");
    *ret_profile = profile;
    return 0;
}

static struct view wanted_profile(const struct credentials_sources *sources)
{
    if (sources->profile.len != 0)
        return sources->profile;
    return sources->env_profile.len != 0 ? sources->env_profile : (struct view)VIEW("default");
}

/* Both files' words on the wanted profile. */
static int read_files(const struct credentials_sources *sources, struct profile *ret_shared,
                      struct profile *ret_config, struct err *reterr)
{
    const struct file shared = {.text = sources->credentials_text,
                                .path = sources->credentials_path,
                                .fallback_path = "~/.aws/credentials"};
    const struct file config = {.text = sources->config_text,
                                .path = sources->config_path,
                                .fallback_path = "~/.aws/config",
                                .is_config = true};
    struct view wanted = wanted_profile(sources);
    int code = read_profile(&shared, wanted, ret_shared, reterr);

    return code != 0 ? code : read_profile(&config, wanted, ret_config, reterr);
}

static struct view region_of(const struct credentials_sources *sources,
                             const struct profile *shared, const struct profile *config)
{
    const struct view all[] = {sources->env_region, sources->env_default_region, config->region,
                               shared->region};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].len != 0)
            return all[i];
    }
    return (struct view){0};
}

/* No keys anywhere: says what there is instead, or what to do. */
static int nothing_found(const struct credentials_sources *sources, const struct profile *shared,
                         const struct profile *config, struct err *reterr)
{
    struct view name = wanted_profile(sources);
    const char *wants = config->wants != NULL ? config->wants : shared->wants;

    if (shared->before_keys)
        wants = shared->wants;
    if (wants != NULL)
        return fail(reterr, ERR_UNSUPPORTED,
                    "the AWS profile '%.*s' wants %s, which is not supported; export its keys with "
                    "'aws configure export-credentials --profile %.*s --format env'",
                    VIEW_ARG(name), wants, VIEW_ARG(name));
    if (!shared->found && !config->found
        && (sources->profile.len != 0 || sources->env_profile.len != 0))
        return fail(reterr, ERR_DENIED,
                    "there is no AWS profile '%.*s' in ~/.aws/credentials or ~/.aws/config",
                    VIEW_ARG(name));
    if (sources->env_web_identity_file.len != 0)
        return fail(reterr, ERR_UNSUPPORTED,
                    "AWS_WEB_IDENTITY_TOKEN_FILE asks for a web identity, which is not supported; "
                    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    if (sources->env_container_uri.len != 0)
        return fail(reterr, ERR_UNSUPPORTED,
                    "AWS_CONTAINER_CREDENTIALS_*_URI asks for container credentials, which are not "
                    "supported; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    return fail(reterr, ERR_DENIED,
                "no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                "AWS_BEARER_TOKEN_BEDROCK, or write the profile '%.*s' into ~/.aws/credentials",
                VIEW_ARG(name));
}

int credentials_resolve(const struct credentials_sources *sources,
                        struct credentials *ret_credentials, struct err *reterr)
{
    bool has_id = sources->env_access_key_id.len != 0;
    bool has_secret = sources->env_secret_access_key.len != 0;
    struct profile shared;
    struct profile config;
    struct credentials found = {.source = "environment"};

    if (sources->profile.len == 0 && has_id != has_secret)
        return fail(reterr, ERR_CONFIG, "%s is set but %s is not; set both or neither",
                    has_id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                    has_id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    int code = read_files(sources, &shared, &config, reterr);
    if (code != 0)
        return code;
    found.region = region_of(sources, &shared, &config);
    if (sources->profile.len == 0 && has_id) {
        found.keys = (struct sigv4_credentials){.access_key = sources->env_access_key_id,
                                                .secret_key = sources->env_secret_access_key,
                                                .session_token = sources->env_session_token};
    } else if (!shared.before_keys && !config.before_keys
               && (shared.access_key.len != 0
                   || (config.access_key.len != 0 && config.wants == NULL))) {
        const struct profile *from = shared.access_key.len != 0 ? &shared : &config;
        found.source = from == &shared ? "credentials file" : "config file";
        found.keys = (struct sigv4_credentials){.access_key = from->access_key,
                                                .secret_key = from->secret_key,
                                                .session_token = from->session_token};
    } else {
        return nothing_found(sources, &shared, &config, reterr);
    }
    *ret_credentials = found;
    return 0;
}

int credentials_region(const struct credentials_sources *sources, struct view *ret_region,
                       struct err *reterr)
{
    struct profile shared;
    struct profile config;
    int code = read_files(sources, &shared, &config, reterr);

    if (code == 0)
        *ret_region = region_of(sources, &shared, &config);
    return code;
}
