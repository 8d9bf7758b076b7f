/* SPDX-License-Identifier: Apache-2.0
 *
 * aws_profile: see aws_profile.h. */
#include "provider/aws_profile.h"

#include "base/utf8.h"

/* A setting and where in its structure its value goes; "outer.inner" for a nested one. */
struct field {
    const char *name;
    size_t offset;
};

/* What is looked for in one of the two files. */
struct search {
    struct view text;
    struct view path;
    const char *prefix; /* of the header: "profile"; NULL: the header is the name */
    struct view name;
    const struct field *fields;
    size_t field_count;
    void *into;
};

/* Where the reading stands. */
struct reading {
    const struct search *search;
    size_t number;     /* of the line */
    size_t line;       /* of the section's first header; 0: not found */
    bool inside;       /* of the section */
    bool any_section;  /* before this line */
    struct view outer; /* the setting whose nested ones follow */
};

static const struct field profile_fields[] = {
    {"region", offsetof(struct aws_profile, region)},
    {"role_arn", offsetof(struct aws_profile, role_arn)},
    {"source_profile", offsetof(struct aws_profile, source_profile)},
    {"credential_source", offsetof(struct aws_profile, credential_source)},
    {"external_id", offsetof(struct aws_profile, external_id)},
    {"duration_seconds", offsetof(struct aws_profile, duration_seconds)},
    {"role_session_name", offsetof(struct aws_profile, role_session_name)},
    {"mfa_serial", offsetof(struct aws_profile, mfa_serial)},
    {"web_identity_token_file", offsetof(struct aws_profile, web_identity_token_file)},
    {"credential_process", offsetof(struct aws_profile, credential_process)},
    {"sso_session", offsetof(struct aws_profile, sso_session)},
    {"sso_start_url", offsetof(struct aws_profile, sso_start_url)},
    {"sso_region", offsetof(struct aws_profile, sso_region)},
    {"sso_account_id", offsetof(struct aws_profile, sso_account_id)},
    {"sso_role_name", offsetof(struct aws_profile, sso_role_name)},
    {"login_session", offsetof(struct aws_profile, login_session)},
    {"endpoint_url", offsetof(struct aws_profile, endpoint_url)},
    {"services", offsetof(struct aws_profile, services)},
    {"ca_bundle", offsetof(struct aws_profile, ca_bundle)},
    {"aws_access_key_id", offsetof(struct aws_profile, access_key)},
    {"aws_secret_access_key", offsetof(struct aws_profile, secret_key)},
    {"aws_session_token", offsetof(struct aws_profile, session_token)},
};

static const struct field session_fields[] = {
    {"sso_start_url", offsetof(struct aws_sso_session, start_url)},
    {"sso_region", offsetof(struct aws_sso_session, region)},
};

static const struct field services_fields[] = {
    {"sts.endpoint_url", offsetof(struct aws_services, sts_url)},
    {"sso.endpoint_url", offsetof(struct aws_services, sso_url)},
    {"sso_oidc.endpoint_url", offsetof(struct aws_services, sso_oidc_url)},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static struct view *slot_of(void *into, const struct field *field)
{
    return (struct view *)(void *)((char *)into + field->offset);
}

static int refuse(struct view path, size_t line, struct err *reterr, const char *what)
{
    return fail(reterr, ERR_CONFIG, "%.*s:%zu: %s", VIEW_ARG(path), line, what);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct view without_quotes(struct view name)
{
    if (name.len >= 2 && (name.ptr[0] == '"' || name.ptr[0] == '\'')
        && name.ptr[name.len - 1] == name.ptr[0])
        return view_slice(name, 1, name.len - 1);
    return name;
}

/* The name in a header of the kind looked for; empty for other sections. */
static struct view name_of_header(const struct search *search, struct view header)
{
    struct view prefix = view_of(search->prefix);

    header = view_trim(header);
    if (search->prefix == NULL || (view_is(prefix, "profile") && view_is(header, "default")))
        return header;
    if (!view_starts(header, prefix) || header.len == prefix.len
        || !is_space(header.ptr[prefix.len]))
        return (struct view){0};
    return without_quotes(view_trim(view_slice(header, prefix.len, header.len)));
}

/* A comment starts a line, or follows a space inside one. */
static struct view without_comment(struct view value)
{
    for (size_t i = 1; i < value.len; i++) {
        if ((value.ptr[i] == '#' || value.ptr[i] == ';') && is_space(value.ptr[i - 1]))
            return view_trim(view_slice(value, 0, i));
    }
    return value;
}

/* "outer.inner" without putting it together. */
static bool is_nested(const char *field, struct view outer, struct view inner)
{
    struct view whole = view_of(field);

    return whole.len == outer.len + 1 + inner.len && whole.ptr[outer.len] == '.'
           && view_equal_nocase(view_slice(whole, 0, outer.len), outer)
           && view_equal_nocase(view_slice(whole, outer.len + 1, whole.len), inner);
}

static void take_setting(const struct reading *reading, bool nested, struct view name,
                         struct view value)
{
    const struct search *search = reading->search;

    for (size_t i = 0; i < search->field_count; i++) {
        const struct field *field = &search->fields[i];
        if (nested ? is_nested(field->name, reading->outer, name)
                   : view_equal_nocase(name, view_of(field->name)))
            *slot_of(search->into, field) = value;
    }
}

static int take_header(struct reading *reading, struct view line, struct err *reterr)
{
    const struct search *search = reading->search;
    size_t closing = view_find_byte(line, ']');
    if (closing == line.len)
        return refuse(search->path, reading->number, reterr,
                      "a section's '[' is never closed with ']'");

    struct view name = name_of_header(search, view_slice(line, 1, closing));
    reading->any_section = true;
    reading->outer = (struct view){0};
    reading->inside = name.len != 0 && view_equal(name, search->name);
    if (reading->inside && reading->line == 0)
        reading->line = reading->number;
    return 0;
}

/* One line that is neither empty nor a comment. */
static int take_line(struct reading *reading, struct view line, struct err *reterr)
{
    struct view path = reading->search->path;
    bool indented = is_space(line.ptr[0]);

    line = view_trim(line);
    if (line.ptr[0] == '[')
        return take_header(reading, line, reterr);
    size_t equals = view_find_byte(line, '=');
    if (indented && reading->any_section && (equals == line.len || reading->outer.len == 0))
        return 0; /* more of a setting that is none of ours */
    if (equals == line.len || equals == 0)
        return refuse(path, reading->number, reterr, "expected [section] or name = value");
    if (!reading->any_section)
        return refuse(path, reading->number, reterr, "a setting stands before the first [section]");
    struct view name = view_trim(view_slice(line, 0, equals));
    struct view value = without_comment(view_trim(view_slice(line, equals + 1, line.len)));
    if (reading->inside)
        take_setting(reading, indented, name, value);
    if (!indented)
        reading->outer = value.len == 0 ? name : (struct view){0};
    return 0;
}

/* Reads one file; *ret_line is the section's, 0 where it is not there. */
static int read_section(const struct search *search, size_t *ret_line, struct err *reterr)
{
    struct reading reading = {.search = search};
    struct view rest = search->text;

    if (view_starts(rest, (struct view)VIEW("\xef\xbb\xbf")))
        rest = view_slice(rest, 3, rest.len);
    while (rest.ptr != NULL) {
        struct view line = view_split(&rest, '\n');
        struct view trimmed = view_trim(line);
        reading.number++;
        if (trimmed.len == 0 || trimmed.ptr[0] == '#' || trimmed.ptr[0] == ';')
            continue;
        if (!utf8_valid(trimmed, NULL))
            return refuse(search->path, reading.number, reterr, "the line is not valid UTF-8");
        int code = take_line(&reading, line, reterr);
        if (code != 0)
            return code;
    }
    *ret_line = reading.line;
    return 0;
}

struct view aws_credentials_path(const struct aws_files *files)
{
    return files->credentials_path.len != 0 ? files->credentials_path
                                            : (struct view)VIEW("~/.aws/credentials");
}

struct view aws_config_path(const struct aws_files *files)
{
    return files->config_path.len != 0 ? files->config_path : (struct view)VIEW("~/.aws/config");
}

static int check_pair(const struct aws_profile *profile, struct view path, size_t line,
                      struct err *reterr)
{
    bool has_id = profile->access_key.len != 0;

    if (has_id == (profile->secret_key.len != 0))
        return 0;
    return refuse(path, line, reterr,
                  has_id ? "the profile has aws_access_key_id but no aws_secret_access_key"
                         : "the profile has aws_secret_access_key but no aws_access_key_id");
}

/* The profile in one file. */
static int read_profile(struct view text, struct view path, bool is_config, struct view name,
                        struct aws_profile *ret_profile, struct err *reterr)
{
    const struct search search = {
        .text = text,
        .path = path,
        .prefix = is_config ? "profile" : NULL,
        .name = name,
        .fields = profile_fields,
        .field_count = COUNT(profile_fields),
        .into = ret_profile,
    };
    size_t line = 0;

    int code = read_section(&search, &line, reterr);
    if (code != 0)
        return code;
    ret_profile->found = line != 0;
    ret_profile->place = (struct aws_place){.path = path, .line = line};
    return check_pair(ret_profile, path, line, reterr);
}

int aws_profile_read(const struct aws_files *files, struct view name,
                     struct aws_profile *ret_profile, struct err *reterr)
{
    struct aws_profile shared = {.name = name};
    struct aws_profile config = {.name = name};

    int code = read_profile(files->credentials_text, aws_credentials_path(files), false, name,
                            &shared, reterr);
    if (code == 0)
        code =
            read_profile(files->config_text, aws_config_path(files), true, name, &config, reterr);
    if (code != 0)
        return code;

    for (size_t i = 0; i < COUNT(profile_fields); i++) {
        const struct field *field = &profile_fields[i];
        bool is_key = field->offset == offsetof(struct aws_profile, access_key)
                      || field->offset == offsetof(struct aws_profile, secret_key)
                      || field->offset == offsetof(struct aws_profile, session_token);
        struct view *own = slot_of(&shared, field);
        if (!is_key && own->len == 0)
            *own = *slot_of(&config, field);
    }
    shared.config_access_key = config.access_key;
    shared.config_secret_key = config.secret_key;
    shared.config_session_token = config.session_token;
    if (config.found)
        shared.place = config.place;
    shared.found = shared.found || config.found;
    *ret_profile = shared;
    return 0;
}

/* A section of the config file that is no profile. */
static int read_other(const struct aws_files *files, const char *prefix, struct view name,
                      const struct field *fields, size_t field_count, void *into,
                      struct aws_place *ret_place, struct err *reterr)
{
    const struct search search = {
        .text = files->config_text,
        .path = aws_config_path(files),
        .prefix = prefix,
        .name = name,
        .fields = fields,
        .field_count = field_count,
        .into = into,
    };
    size_t line = 0;

    int code = read_section(&search, &line, reterr);
    if (code == 0)
        *ret_place = (struct aws_place){.path = search.path, .line = line};
    return code;
}

int aws_sso_session_read(const struct aws_files *files, struct view name,
                         struct aws_sso_session *ret_session, struct err *reterr)
{
    struct aws_sso_session session = {.found = false};

    int code = read_other(files, "sso-session", name, session_fields, COUNT(session_fields),
                          &session, &session.place, reterr);
    if (code != 0)
        return code;
    session.found = session.place.line != 0;
    *ret_session = session;
    return 0;
}

int aws_services_read(const struct aws_files *files, struct view name,
                      struct aws_services *ret_services, struct err *reterr)
{
    struct aws_services services = {.found = false};

    int code = read_other(files, "services", name, services_fields, COUNT(services_fields),
                          &services, &services.place, reterr);
    if (code != 0)
        return code;
    services.found = services.place.line != 0;
    *ret_services = services;
    return 0;
}
