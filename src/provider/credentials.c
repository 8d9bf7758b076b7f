/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials: see credentials.h. */
#include "provider/credentials.h"

#include "wire/url.h"

/* What is being worked out. */
struct way {
    const struct credentials_sources *sources;
    struct credentials found;
    struct view visited[CREDENTIALS_ROLES_MAX + 1]; /* profiles, the asked for first */
    size_t visited_count;
    struct err *reterr;
};

static const struct view container_host = VIEW("http://169.254.170.2");
static const struct view instance_host = VIEW("http://169.254.169.254");
static const struct view instance_host_ipv6 = VIEW("http://[fd00:ec2::254]");

/* ---- saying what is wrong ------------------------------------------------------------------- */

static int wrong(struct way *way, const struct aws_profile *profile, int code, const char *what)
{
    return fail(way->reterr, code, "%.*s:%zu: the AWS profile '%.*s' %s",
                VIEW_ARG(profile->place.path), profile->place.line, VIEW_ARG(profile->name), what);
}

/* The same with a name that the profile gives. */
static int wrong_name(struct way *way, const struct aws_profile *profile, const char *before,
                      struct view name, const char *after)
{
    return fail(way->reterr, ERR_CONFIG, "%.*s:%zu: the AWS profile '%.*s' %s '%.*s'%s",
                VIEW_ARG(profile->place.path), profile->place.line, VIEW_ARG(profile->name), before,
                VIEW_ARG(name), after);
}

/* ---- where a way begins --------------------------------------------------------------------- */

static void begin_static(struct way *way, struct view access_key, struct view secret_key,
                         struct view session_token, const char *source)
{
    way->found.kind = CREDENTIALS_STATIC;
    way->found.source = source;
    way->found.keys = (struct sigv4_credentials){
        .access_key = access_key, .secret_key = secret_key, .session_token = session_token};
}

static void begin_environment(struct way *way)
{
    const struct credentials_sources *sources = way->sources;

    begin_static(way, sources->env_access_key_id, sources->env_secret_access_key,
                 sources->env_session_token, "environment");
}

static struct view first_of(struct view a, struct view b)
{
    return a.len != 0 ? a : b;
}

/* 1: found, 0: not asked for. */
static int begin_web_identity(struct way *way, const struct aws_profile *profile, bool environment)
{
    const struct credentials_sources *sources = way->sources;
    const struct view nothing = {0};
    struct view env_file = environment ? sources->env_web_identity_file : nothing;
    struct view env_role = environment ? sources->env_role_arn : nothing;
    struct view env_name = environment ? sources->env_role_session_name : nothing;

    way->found.token_file = first_of(env_file, profile->web_identity_token_file);
    if (way->found.token_file.len == 0)
        return 0;
    way->found.kind = CREDENTIALS_WEB_IDENTITY;
    way->found.source = "web identity";
    way->found.role = (struct credentials_role){
        .arn = first_of(env_role, profile->role_arn),
        .session_name = first_of(env_name, profile->role_session_name),
        .profile = env_file.len != 0 ? nothing : profile->name,
    };
    if (way->found.role.arn.len != 0)
        return 1;
    if (env_file.len != 0)
        return fail(way->reterr, ERR_CONFIG,
                    "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not; set both or "
                    "neither");
    return wrong(way, profile, ERR_CONFIG,
                 "has web_identity_token_file but no role_arn; add the role to it");
}

/* What the [sso-session …] says and the profile does not; both must agree. */
static int read_session(struct way *way, const struct aws_profile *profile)
{
    struct credentials_sso *sso = &way->found.sso;
    struct aws_sso_session session;

    int code =
        aws_sso_session_read(&way->sources->files, profile->sso_session, &session, way->reterr);
    if (code != 0)
        return code;
    if (!session.found)
        return wrong_name(way, profile, "names an sso_session", profile->sso_session,
                          " that is not there; write [sso-session NAME], or run 'aws configure "
                          "sso'");
    if ((sso->start_url.len != 0 && session.start_url.len != 0
         && !view_equal(sso->start_url, session.start_url))
        || (sso->region.len != 0 && session.region.len != 0
            && !view_equal(sso->region, session.region)))
        return wrong_name(way, profile, "contradicts its sso_session", profile->sso_session,
                          "; take sso_start_url and sso_region out of the profile");
    sso->session = profile->sso_session;
    sso->start_url = first_of(sso->start_url, session.start_url);
    sso->region = first_of(sso->region, session.region);
    return 0;
}

/* 1: found, 0: not asked for. */
static int begin_sso(struct way *way, const struct aws_profile *profile)
{
    struct credentials_sso *sso = &way->found.sso;
    const char *missing = NULL;

    if (profile->sso_account_id.len == 0 && profile->sso_role_name.len == 0)
        return 0;
    sso->start_url = profile->sso_start_url;
    sso->region = profile->sso_region;
    sso->account_id = profile->sso_account_id;
    sso->role_name = profile->sso_role_name;
    int code = profile->sso_session.len != 0 ? read_session(way, profile) : 0;
    if (code != 0)
        return code;
    if (sso->start_url.len == 0)
        missing = "wants SSO but has no sso_start_url; run 'aws configure sso'";
    else if (sso->region.len == 0)
        missing = "wants SSO but has no sso_region; run 'aws configure sso'";
    else if (sso->account_id.len == 0)
        missing = "wants SSO but has no sso_account_id; run 'aws configure sso'";
    else if (sso->role_name.len == 0)
        missing = "wants SSO but has no sso_role_name; run 'aws configure sso'";
    if (missing != NULL)
        return wrong(way, profile, ERR_CONFIG, missing);
    way->found.kind = CREDENTIALS_SSO;
    way->found.source = "SSO";
    return 1;
}

/* What a profile says of itself, in the SDKs' order. 1: found, 0: nothing. */
static int begin_profile(struct way *way, const struct aws_profile *profile, bool environment)
{
    int found = begin_web_identity(way, profile, environment);

    if (found == 0)
        found = begin_sso(way, profile);
    if (found != 0) {
        way->found.profile = profile->name;
        return found;
    }
    if (profile->access_key.len == 0 && profile->login_session.len != 0)
        return fail(way->reterr, ERR_UNSUPPORTED,
                    "the AWS profile '%.*s' wants a session of 'aws login' (login_session), which "
                    "is not supported; export its keys with 'aws configure export-credentials "
                    "--profile %.*s --format env'",
                    VIEW_ARG(profile->name), VIEW_ARG(profile->name));
    if (profile->access_key.len != 0) {
        begin_static(way, profile->access_key, profile->secret_key, profile->session_token,
                     "credentials file");
    } else if (profile->credential_process.len != 0) {
        way->found.kind = CREDENTIALS_PROCESS;
        way->found.process = profile->credential_process;
        way->found.source = "credential_process";
    } else if (profile->config_access_key.len != 0) {
        begin_static(way, profile->config_access_key, profile->config_secret_key,
                     profile->config_session_token, "config file");
    } else {
        return 0;
    }
    way->found.profile = profile->name;
    return 1;
}

/* A key may be sent in the clear to this machine and to the container's agent alone. */
static bool is_allowed_host(const struct url *url)
{
    static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23",
                                        "localhost", "::1"};
    struct view rest = url->host;

    if (url->tls)
        return true;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (view_equal_nocase(url->host, view_of(hosts[i])))
            return true;
    }
    for (size_t parts = 0; rest.ptr != NULL; parts++) { /* 127.0.0.0/8, and no name like 127.x */
        int64_t part = -1;
        if (view_to_int(view_split(&rest, '.'), &part) != 0 || part < 0 || part > 255
            || (parts == 0 && part != 127) || parts > 3)
            return false;
        if (parts == 3)
            return rest.ptr == NULL;
    }
    return false;
}

static int begin_container(struct way *way)
{
    const struct credentials_sources *sources = way->sources;
    bool relative = sources->env_container_path.len != 0;
    struct err why = {0};
    struct url url;

    way->found.kind = CREDENTIALS_CONTAINER;
    way->found.source = "container endpoint";
    way->found.url = relative ? container_host : sources->env_container_url;
    way->found.path = sources->env_container_path;
    way->found.token_file = sources->env_container_token_file;
    way->found.token = sources->env_container_token;
    if (relative && sources->env_container_path.ptr[0] != '/')
        return fail(way->reterr, ERR_CONFIG,
                    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must start with '/'");
    if (url_parse(way->found.url, &url, &why) != 0)
        return fail(way->reterr, ERR_CONFIG, "AWS_CONTAINER_CREDENTIALS_FULL_URI: %s", why.text);
    if (!is_allowed_host(&url))
        return fail(way->reterr, ERR_CONFIG,
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI names the host '%.*s'; without https only "
                    "this machine, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] are asked for "
                    "keys",
                    VIEW_ARG(url.host));
    return 0;
}

static int read_number(struct way *way, const char *variable, struct view text, int64_t max,
                       int64_t *ret_number)
{
    int64_t number = 1;

    if (text.len != 0 && (view_to_int(text, &number) != 0 || number < 1 || number > max))
        return fail(way->reterr, ERR_CONFIG, "%s must be a whole number from 1 to %lld", variable,
                    (long long)max);
    *ret_number = number;
    return 0;
}

static int begin_instance(struct way *way)
{
    const struct credentials_sources *sources = way->sources;
    struct view usual = view_equal_nocase(sources->env_instance_mode, (struct view)VIEW("ipv6"))
                            ? instance_host_ipv6
                            : instance_host;
    struct err why = {0};
    struct url url;

    way->found.kind = CREDENTIALS_INSTANCE;
    way->found.source = "instance metadata";
    way->found.url = first_of(sources->env_instance_url, usual);
    if (url_parse(way->found.url, &url, &why) != 0)
        return fail(way->reterr, ERR_CONFIG, "AWS_EC2_METADATA_SERVICE_ENDPOINT: %s", why.text);
    int code = read_number(way, "AWS_METADATA_SERVICE_TIMEOUT", sources->env_instance_timeout,
                           CREDENTIALS_TIMEOUT_S_MAX, &way->found.timeout_s);
    if (code == 0)
        code = read_number(way, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", sources->env_instance_attempts,
                           CREDENTIALS_ATTEMPTS_MAX, &way->found.attempts);
    return code;
}

/* ---- roles ---------------------------------------------------------------------------------- */

static int begin_named_source(struct way *way, const struct aws_profile *profile)
{
    const struct credentials_sources *sources = way->sources;
    struct view name = profile->credential_source;

    if (view_equal_nocase(name, (struct view)VIEW("Environment"))) {
        if (sources->env_access_key_id.len == 0 || sources->env_secret_access_key.len == 0)
            return wrong(way, profile, ERR_DENIED,
                         "wants the keys of the environment (credential_source), and there are "
                         "none; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
        begin_environment(way);
        return 0;
    }
    if (view_equal_nocase(name, (struct view)VIEW("EcsContainer"))) {
        if (sources->env_container_path.len == 0 && sources->env_container_url.len == 0)
            return wrong(way, profile, ERR_DENIED,
                         "wants the keys of a container (credential_source), and neither "
                         "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
                         "AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
        return begin_container(way);
    }
    if (view_equal_nocase(name, (struct view)VIEW("Ec2InstanceMetadata")))
        return begin_instance(way);
    return wrong_name(way, profile, "has credential_source", name,
                      "; write Environment, EcsContainer or Ec2InstanceMetadata");
}

static int add_role(struct way *way, const struct aws_profile *profile)
{
    struct credentials_role role = {
        .arn = profile->role_arn,
        .session_name = profile->role_session_name,
        .external_id = profile->external_id,
        .profile = profile->name,
    };

    if (profile->mfa_serial.len != 0)
        return fail(way->reterr, ERR_UNSUPPORTED,
                    "%.*s:%zu: the AWS profile '%.*s' wants a code of an MFA device (mfa_serial), "
                    "which nobody can type in here; export its keys with 'aws configure "
                    "export-credentials --profile %.*s --format env'",
                    VIEW_ARG(profile->place.path), profile->place.line, VIEW_ARG(profile->name),
                    VIEW_ARG(profile->name));
    if (profile->duration_seconds.len != 0
        && (view_to_int(profile->duration_seconds, &role.duration_s) != 0 || role.duration_s < 900
            || role.duration_s > 43200))
        return wrong_name(way, profile, "has duration_seconds", profile->duration_seconds,
                          "; write a whole number from 900 to 43200");
    if (profile->source_profile.len != 0 && profile->credential_source.len != 0)
        return wrong(way, profile, ERR_CONFIG,
                     "has both source_profile and credential_source; take one out");
    if (profile->source_profile.len == 0 && profile->credential_source.len == 0)
        return wrong(way, profile, ERR_CONFIG,
                     "has role_arn but neither source_profile nor credential_source; say whose "
                     "keys assume the role");
    if (way->found.role_count == CREDENTIALS_ROLES_MAX)
        return wrong(way, profile, ERR_CONFIG, "comes after 8 other roles; that is the limit");
    way->found.roles[way->found.role_count++] = role;
    return 0;
}

static bool has_keys(const struct aws_profile *profile)
{
    return profile->access_key.len != 0 || profile->config_access_key.len != 0;
}

static bool wants_role(const struct aws_profile *profile)
{
    return profile->role_arn.len != 0 && profile->web_identity_token_file.len == 0;
}

/* "a → b → a". */
static int refuse_cycle(struct way *way, const struct aws_profile *profile)
{
    char names[512];
    size_t len = 0;

    for (size_t i = 0; i < way->visited_count && len < sizeof names; i++)
        len +=
            (size_t)snprintf(names + len, sizeof names - len, "%.*s → ", VIEW_ARG(way->visited[i]));
    return fail(way->reterr, ERR_CONFIG,
                "%.*s:%zu: the AWS profiles go round in a circle: %s%.*s; let the last one name a "
                "source_profile that has keys",
                VIEW_ARG(profile->place.path), profile->place.line, names,
                VIEW_ARG(profile->source_profile));
}

static bool was_visited(const struct way *way, struct view name)
{
    for (size_t i = 0; i < way->visited_count; i++) {
        if (view_equal(way->visited[i], name))
            return true;
    }
    return false;
}

/* The roles were met outermost first, and are assumed innermost first. */
static void turn_roles(struct credentials *found)
{
    for (size_t i = 0; i < found->role_count / 2; i++) {
        struct credentials_role role = found->roles[i];
        found->roles[i] = found->roles[found->role_count - 1 - i];
        found->roles[found->role_count - 1 - i] = role;
    }
}

/* The source of the last role: its own keys, or another role. 1: the way is complete. */
static int step_to_source(struct way *way, struct aws_profile *profile)
{
    struct view name = profile->source_profile;
    struct aws_profile source;

    int code = aws_profile_read(&way->sources->files, name, &source, way->reterr);
    if (code != 0)
        return code;
    if (!source.found)
        return wrong_name(way, profile, "names a source_profile", name,
                          " that is in neither ~/.aws/credentials nor ~/.aws/config");
    if (was_visited(way, name) && !(view_equal(name, profile->name) && has_keys(&source)))
        return refuse_cycle(way, profile);
    if (!has_keys(&source) && wants_role(&source)) {
        way->visited[way->visited_count++] = name;
        *profile = source;
        return 0;
    }
    code = begin_profile(way, &source, false);
    if (code == 0)
        return wrong_name(way, profile, "names a source_profile", name,
                          " that has no keys; add them to it, or a way to them");
    return code;
}

static int follow_roles(struct way *way, struct aws_profile profile)
{
    way->visited[way->visited_count++] = profile.name;
    for (;;) {
        int code = add_role(way, &profile);
        if (code == 0 && profile.credential_source.len != 0) {
            code = begin_named_source(way, &profile);
            code = code == 0 ? 1 : code;
        } else if (code == 0) {
            code = step_to_source(way, &profile);
        }
        if (code < 0)
            return code;
        if (code == 1)
            break;
    }
    turn_roles(&way->found);
    return 0;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static struct view wanted_profile(const struct credentials_sources *sources)
{
    return first_of(first_of(sources->profile, sources->env_profile), (struct view)VIEW("default"));
}

static struct view region_of(const struct credentials_sources *sources,
                             const struct aws_profile *profile)
{
    return first_of(first_of(sources->env_region, sources->env_default_region), profile->region);
}

static bool is_true(struct view text)
{
    return view_equal_nocase(text, (struct view)VIEW("true"));
}

/* Neither the environment nor a profile: the machine this runs on. */
static int begin_machine(struct way *way, const struct aws_profile *profile)
{
    const struct credentials_sources *sources = way->sources;

    if (!profile->found && (sources->profile.len != 0 || sources->env_profile.len != 0))
        return fail(way->reterr, ERR_DENIED, "there is no AWS profile '%.*s' in %.*s or %.*s",
                    VIEW_ARG(profile->name), VIEW_ARG(aws_credentials_path(&sources->files)),
                    VIEW_ARG(aws_config_path(&sources->files)));
    if (sources->env_container_path.len != 0 || sources->env_container_url.len != 0)
        return begin_container(way);
    if (!is_true(sources->env_instance_disabled))
        return begin_instance(way);
    return fail(way->reterr, ERR_DENIED,
                "no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                "AWS_BEARER_TOKEN_BEDROCK, or write the profile '%.*s' into ~/.aws/credentials",
                VIEW_ARG(profile->name));
}

/* Where the services are asked that give keys, as the SDKs' settings say. */
static int find_endpoints(struct way *way, const struct aws_profile *profile)
{
    const struct credentials_sources *sources = way->sources;
    struct credentials *found = &way->found;
    struct aws_services services = {.found = false};

    if (is_true(sources->env_urls_ignored))
        return 0;
    if (profile->services.len != 0) {
        int code = aws_services_read(&sources->files, profile->services, &services, way->reterr);
        if (code != 0)
            return code;
        if (!services.found)
            return wrong_name(way, profile, "names services", profile->services,
                              " that are not there; write [services NAME]");
    }
    struct view general = first_of(sources->env_url, (struct view){0});
    found->sts_url = first_of(first_of(sources->env_sts_url, general),
                              first_of(services.sts_url, profile->endpoint_url));
    found->sso.url = first_of(first_of(sources->env_sso_url, general),
                              first_of(services.sso_url, profile->endpoint_url));
    found->sso.oidc_url = first_of(first_of(sources->env_sso_oidc_url, general),
                                   first_of(services.sso_oidc_url, profile->endpoint_url));
    return 0;
}

static int find_way(struct way *way, const struct aws_profile *profile)
{
    const struct credentials_sources *sources = way->sources;
    bool environment = sources->profile.len == 0;

    if (environment && sources->env_access_key_id.len != 0) {
        begin_environment(way);
        return 0;
    }
    if (wants_role(profile))
        return follow_roles(way, *profile);
    int found = begin_profile(way, profile, environment);
    if (found != 0)
        return found < 0 ? found : 0;
    return begin_machine(way, profile);
}

int credentials_resolve(const struct credentials_sources *sources,
                        struct credentials *ret_credentials, struct err *reterr)
{
    bool has_id = sources->env_access_key_id.len != 0;
    bool has_secret = sources->env_secret_access_key.len != 0;
    struct way way = {.sources = sources, .reterr = reterr};
    struct aws_profile profile;

    if (sources->profile.len == 0 && has_id != has_secret)
        return fail(reterr, ERR_CONFIG, "%s is set but %s is not; set both or neither",
                    has_id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                    has_id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    int code = aws_profile_read(&sources->files, wanted_profile(sources), &profile, reterr);
    if (code == 0)
        code = find_way(&way, &profile);
    if (code == 0)
        code = find_endpoints(&way, &profile);
    if (code != 0)
        return code;
    way.found.ca_file = first_of(sources->env_ca_bundle, profile.ca_bundle);
    way.found.region = region_of(sources, &profile);
    way.found.sts_region = first_of(sources->region, way.found.region);
    *ret_credentials = way.found;
    return 0;
}

int credentials_region(const struct credentials_sources *sources, struct view *ret_region,
                       struct err *reterr)
{
    struct aws_profile profile;
    int code = aws_profile_read(&sources->files, wanted_profile(sources), &profile, reterr);

    if (code == 0)
        *ret_region = region_of(sources, &profile);
    return code;
}
