/* SPDX-License-Identifier: Apache-2.0
 *
 * Which AWS keys and region are found, in which order, and what is said where there are none. */
#include "support.h"

#include "provider/credentials.h"

#define KEYS(name) "aws_access_key_id = ID-" name "\naws_secret_access_key=SECRET-" name "\n"

static const struct credentials_sources everything = {
    .env_access_key_id = VIEW("ID-env"),
    .env_secret_access_key = VIEW("SECRET-env"),
    .env_session_token = VIEW("TOKEN-env"),
    .env_region = VIEW("us-west-2"),
    .env_default_region = VIEW("us-west-1"),
    .files =
        {
            .credentials_text = VIEW("# c\n[default]\n" KEYS("shared") "\n[two]\r\n" KEYS(
                "two") "aws_session_token = T ; x\nregion = eu-west-1\n"),
            .credentials_path = VIEW("/h/credentials"),
            .config_text =
                VIEW("[default]\nregion = eu-central-1 # here\ns3 =\n  region = "
                     "nested\n[profile two]\nregion=ap-northeast-1\n"
                     "[profile \"three\"]\n" KEYS("three") "[sso-session two]\nregion = x\n"),
            .config_path = VIEW("/h/config"),
        },
};

static void expect(const struct credentials_sources *sources, const char *id, const char *secret,
                   const char *token, const char *region, const char *source)
{
    struct credentials found;
    struct err err = {0};

    if (credentials_resolve(sources, &found, &err) != 0)
        fail_msg("%s", err.text);
    assert_true(view_is(found.keys.access_key, id));
    assert_true(view_is(found.keys.secret_key, secret));
    assert_true(view_is(found.keys.session_token, token));
    assert_true(view_is(found.region, region));
    assert_string_equal(found.source, source);
}

static void the_environment_comes_before_the_files(void **state)
{
    (void)state;
    struct credentials_sources sources = everything;

    expect(&sources, "ID-env", "SECRET-env", "TOKEN-env", "us-west-2", "environment");
    sources.env_region = (struct view){0};
    sources.env_profile = (struct view)VIEW("two");
    expect(&sources, "ID-env", "SECRET-env", "TOKEN-env", "us-west-1", "environment");
    sources.env_default_region = (struct view){0};
    sources.env_access_key_id = sources.env_secret_access_key = (struct view){0};
    expect(&sources, "ID-two", "SECRET-two", "T", "eu-west-1", "credentials file");
    sources.env_profile = (struct view){0};
    expect(&sources, "ID-shared", "SECRET-shared", "", "eu-central-1", "credentials file");
    sources.files.config_text = (struct view){0};
    expect(&sources, "ID-shared", "SECRET-shared", "", "", "credentials file");
}

static void a_profile_asked_for_comes_before_the_environment(void **state)
{
    (void)state;
    struct credentials_sources sources = everything;

    sources.profile = (struct view)VIEW("three");
    expect(&sources, "ID-three", "SECRET-three", "", "us-west-2", "config file");
    sources.profile = (struct view)VIEW("two");
    expect(&sources, "ID-two", "SECRET-two", "T", "us-west-2", "credentials file");
}

/* What the config file says, and nothing else anywhere. */
#define CONFIG(text) \
    { \
        .files = {.config_text = VIEW(text), .config_path = VIEW("/h/config") } \
    }

#define INSTANCE_DISABLED .env_instance_disabled = VIEW("TRUE")

struct refusal {
    struct credentials_sources sources;
    int code;
    const char *says;
};

static const struct refusal refusals[] = {
    {{INSTANCE_DISABLED}, ERR_DENIED, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
    {{.env_profile = VIEW("nobody"), .files = {.credentials_text = VIEW("[default]\n" KEYS("x"))}},
     ERR_DENIED,
     "no AWS profile 'nobody' in ~/.aws/credentials or ~/.aws/config"},
    {{.env_access_key_id = VIEW("ID")}, ERR_CONFIG, "AWS_SECRET_ACCESS_KEY is not"},
    {{.env_secret_access_key = VIEW("SECRET")}, ERR_CONFIG, "AWS_ACCESS_KEY_ID is not"},
    {{.files = {.credentials_text = VIEW("[default]\naws_access_key_id = ID-a\n"),
                .credentials_path = VIEW("/h/c")}},
     ERR_CONFIG,
     "/h/c:1: the profile has aws_access_key_id but no aws_secret_access_key"},
    {{.files = {.credentials_text = VIEW("\n[default]\naws_secret_access_key = SECRET-a\n")}},
     ERR_CONFIG,
     "~/.aws/credentials:2: the profile has aws_secret_access_key but no"},
    {{.files = {.credentials_text = VIEW("[default]\nSECRET-loose\n")}},
     ERR_CONFIG,
     ":2: expected [section] or name = value"},
    {{.files = {.credentials_text = VIEW("[default\n")}},
     ERR_CONFIG,
     ":1: a section's '[' is never closed"},
    {CONFIG("region = x\n"), ERR_CONFIG, "/h/config:1: a setting stands before"},
    {CONFIG("[default]\nregion = \xff\n"), ERR_CONFIG, ":2: the line is not valid UTF-8"},
    {CONFIG("[default]\nlogin_session = arn:x\n"), ERR_UNSUPPORTED, "login_session"},
    {CONFIG("\n[default]\nrole_arn = arn:x\n"), ERR_CONFIG,
     "/h/config:2: the AWS profile 'default' has role_arn but neither source_profile nor"},
    {CONFIG("[default]\nrole_arn = arn:x\nsource_profile = a\ncredential_source = Environment\n"),
     ERR_CONFIG, "has both source_profile and credential_source"},
    {CONFIG("[default]\nrole_arn = arn:x\nsource_profile = away\n"), ERR_CONFIG,
     "names a source_profile 'away' that is in neither"},
    {CONFIG("[default]\nrole_arn = arn:x\nsource_profile = b\n[profile b]\nregion = x\n"),
     ERR_CONFIG, "names a source_profile 'b' that has no keys"},
    {CONFIG("[default]\nrole_arn = arn:x\nsource_profile = default\n"), ERR_CONFIG,
     "go round in a circle: default → default"},
    {CONFIG("[default]\nrole_arn = arn:x\nsource_profile = b\n[profile b]\nrole_arn = arn:y\n"
            "source_profile = c\n[profile c]\nrole_arn=arn:z\nsource_profile = b\n"),
     ERR_CONFIG, "/h/config:7: the AWS profiles go round in a circle: default → b → c → b"},
    {CONFIG("[default]\nrole_arn = arn:x\nsource_profile = a\nmfa_serial = arn:mfa\n"),
     ERR_UNSUPPORTED, "export-credentials --profile default --format env"},
    {CONFIG("[default]\nrole_arn = arn:x\nsource_profile = a\nduration_seconds = 60\n"), ERR_CONFIG,
     "has duration_seconds '60'; write a whole number from 900 to 43200"},
    {CONFIG("[default]\nrole_arn = arn:x\ncredential_source = Moon\n"), ERR_CONFIG,
     "has credential_source 'Moon'; write Environment, EcsContainer or Ec2InstanceMetadata"},
    {CONFIG("[default]\nrole_arn = arn:x\ncredential_source = Environment\n"), ERR_DENIED,
     "set AWS_ACCESS_KEY_ID"},
    {CONFIG("[default]\nrole_arn = arn:x\ncredential_source = EcsContainer\n"), ERR_DENIED,
     "AWS_CONTAINER_CREDENTIALS_FULL_URI is set"},
    {CONFIG("[default]\nweb_identity_token_file = /x\n"), ERR_CONFIG, "but no role_arn"},
    {{.env_web_identity_file = VIEW("/x")}, ERR_CONFIG, "AWS_ROLE_ARN is not"},
    {CONFIG("[default]\nsso_account_id = 1\nsso_role_name = R\n"), ERR_CONFIG, "no sso_start_url"},
    {CONFIG("[default]\nsso_account_id = 1\nsso_start_url = https://x\nsso_region = r\n"),
     ERR_CONFIG, "no sso_role_name; run 'aws configure sso'"},
    {CONFIG("[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = R\n"), ERR_CONFIG,
     "names an sso_session 's' that is not there"},
    {CONFIG("[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = R\nsso_region = a\n"
            "[sso-session s]\nsso_region = b\nsso_start_url = https://x\n"),
     ERR_CONFIG, "contradicts its sso_session 's'"},
    {CONFIG("[default]\nservices = s\n" KEYS("x")), ERR_CONFIG, "names services 's'"},
    {{.env_container_path = VIEW("x")}, ERR_CONFIG, "must start with '/'"},
    {{.env_container_url = VIEW("http://example.com/x")}, ERR_CONFIG, "the host 'example.com'"},
    {{.env_container_url = VIEW("http://127.0.0.1.example.com/x")}, ERR_CONFIG, "the host"},
    {{.env_container_url = VIEW("http://127.0.0/x")}, ERR_CONFIG, "the host"},
    {{.env_container_url = VIEW("http://128.0.0.1/x")}, ERR_CONFIG, "the host"},
    {{.env_container_url = VIEW("http://127.0.0.1.1/x")}, ERR_CONFIG, "the host"},
    {{.env_container_url = VIEW("nonsense")}, ERR_CONFIG, "AWS_CONTAINER_CREDENTIALS_FULL_URI: "},
    {{.env_instance_url = VIEW("nonsense")}, ERR_CONFIG, "AWS_EC2_METADATA_SERVICE_ENDPOINT: "},
    {{.env_instance_timeout = VIEW("1.5")}, ERR_CONFIG, "AWS_METADATA_SERVICE_TIMEOUT must be"},
    {{.env_instance_attempts = VIEW("0")}, ERR_CONFIG, "AWS_METADATA_SERVICE_NUM_ATTEMPTS must"},
};

static void what_is_missing_or_wrong_is_told_without_a_secret(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct credentials found = {.source = "untouched"};
        struct err err = {0};
        int code = credentials_resolve(&refusals[i].sources, &found, &err);
        if (code != refusals[i].code || strstr(err.text, refusals[i].says) == NULL)
            fail_msg("case %zu: %s: %s", i, err_name(code), err.text);
        assert_null(strstr(err.text, "SECRET-"));
        assert_string_equal(found.source, "untouched");
    }
}

static struct credentials resolved(struct credentials_sources sources)
{
    struct credentials found;
    struct err err = {0};

    if (credentials_resolve(&sources, &found, &err) != 0)
        fail_msg("%s", err.text);
    return found;
}

static void a_process_comes_after_the_credentials_file_and_before_the_config_file(void **state)
{
    (void)state;
    struct credentials_sources sources =
        CONFIG("[default]\ncredential_process = /bin/x a # b\n" KEYS("c"));

    struct credentials found = resolved(sources);
    assert_int_equal(found.kind, CREDENTIALS_PROCESS);
    assert_true(view_is(found.process, "/bin/x a"));
    sources.files.credentials_text = (struct view)VIEW("\xef\xbb\xbf[default]\n" KEYS("x"));
    expect(&sources, "ID-x", "SECRET-x", "", "", "credentials file");
}

static void roles_are_assumed_from_the_innermost_outwards(void **state)
{
    (void)state;
    struct credentials_sources sources =
        CONFIG("[default]\nrole_arn = arn:out\nsource_profile = b\nexternal_id = E\n"
               "duration_seconds = 1800\nrole_session_name = me\nregion = eu-west-1\n"
               "[profile b]\nrole_arn = arn:in\nsource_profile = c\n[profile c]\n" KEYS("c"));

    struct credentials found = resolved(sources);
    assert_int_equal(found.kind, CREDENTIALS_STATIC);
    assert_true(view_is(found.keys.access_key, "ID-c"));
    assert_true(view_is(found.profile, "c"));
    assert_int_equal(found.role_count, 2);
    assert_true(view_is(found.roles[0].arn, "arn:in"));
    assert_true(view_is(found.roles[1].arn, "arn:out"));
    assert_true(view_is(found.roles[1].external_id, "E"));
    assert_true(view_is(found.roles[1].session_name, "me"));
    assert_int_equal(found.roles[1].duration_s, 1800);
    assert_false(credentials_are_static(&found));
    assert_true(view_is(found.sts_region, "eu-west-1"));
    sources.region = (struct view)VIEW("ap-northeast-1");
    found = resolved(sources);
    assert_true(view_is(found.sts_region, "ap-northeast-1"));
}

static void a_profile_may_assume_a_role_with_keys_of_its_own(void **state)
{
    (void)state;
    struct credentials found = resolved((struct credentials_sources)CONFIG(
        "[default]\nrole_arn = arn:x\nsource_profile = default\n" KEYS("own")));

    assert_true(view_is(found.keys.access_key, "ID-own"));
    assert_int_equal(found.role_count, 1);
}

static void a_role_may_begin_at_a_named_source(void **state)
{
    (void)state;
    struct credentials_sources sources =
        CONFIG("[profile p]\nrole_arn = arn:x\ncredential_source = environment\n");

    sources.profile = (struct view)VIEW("p");
    sources.env_access_key_id = (struct view)VIEW("ID-env");
    sources.env_secret_access_key = (struct view)VIEW("SECRET-env");
    struct credentials found = resolved(sources);
    assert_true(view_is(found.keys.access_key, "ID-env"));
    assert_int_equal(found.role_count, 1);

    sources.files.config_text =
        (struct view)VIEW("[profile p]\nrole_arn = arn:x\ncredential_source=Ec2InstanceMetadata\n");
    assert_int_equal(resolved(sources).kind, CREDENTIALS_INSTANCE);
    sources.files.config_text =
        (struct view)VIEW("[profile p]\nrole_arn = arn:x\ncredential_source=EcsContainer\n");
    sources.env_container_url = (struct view)VIEW("http://[::1]:80/x");
    assert_int_equal(resolved(sources).kind, CREDENTIALS_CONTAINER);
}

static void more_roles_than_the_limit_are_refused(void **state)
{
    (void)state;
    struct strbuf text;
    struct credentials found;
    struct err err = {0};

    strbuf_init(&text, 8192);
    for (int i = 0; i <= CREDENTIALS_ROLES_MAX; i++)
        strbuf_printf(&text, "[profile p%d]\nrole_arn = arn:%d\nsource_profile = p%d\n", i, i,
                      i + 1);
    strbuf_printf(&text, "[profile p%d]\n" KEYS("x"), CREDENTIALS_ROLES_MAX + 1);
    struct credentials_sources sources = {.env_profile = VIEW("p0"),
                                          .files = {.config_text = strbuf_view(&text)}};
    assert_int_equal(credentials_resolve(&sources, &found, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "'p8' comes after 8 other roles"));
    sources.env_profile = (struct view)VIEW("p1");
    assert_int_equal(credentials_resolve(&sources, &found, &err), 0);
    assert_int_equal(found.role_count, CREDENTIALS_ROLES_MAX);
    strbuf_release(&text);
}

static void a_web_identity_comes_before_the_profiles_keys(void **state)
{
    (void)state;
    struct credentials_sources sources = {
        .env_web_identity_file = VIEW("/token"),
        .env_role_arn = VIEW("arn:env"),
        .env_role_session_name = VIEW("pod"),
        .files = {.credentials_text = VIEW("[default]\n" KEYS("x"))},
    };

    struct credentials found = resolved(sources);
    assert_int_equal(found.kind, CREDENTIALS_WEB_IDENTITY);
    assert_true(view_is(found.token_file, "/token"));
    assert_true(view_is(found.role.arn, "arn:env"));
    assert_true(view_is(found.role.session_name, "pod"));
    sources.profile = (struct view)VIEW("default"); /* asked for by name: not the environment's */
    assert_int_equal(resolved(sources).kind, CREDENTIALS_STATIC);
    found = resolved((struct credentials_sources)CONFIG(
        "[default]\nweb_identity_token_file = /mine\nrole_arn = arn:mine\n"));
    assert_int_equal(found.kind, CREDENTIALS_WEB_IDENTITY);
    assert_true(view_is(found.role.arn, "arn:mine"));
}

static void both_forms_of_sso_are_found(void **state)
{
    (void)state;
    struct credentials found = resolved((struct credentials_sources)CONFIG(
        "[default]\nsso_session = acme\nsso_account_id = 123\nsso_role_name = Reader\n"
        "[sso-session acme]\nsso_region = us-east-2\nsso_start_url = "
        "https://acme.example/start\n"));

    assert_int_equal(found.kind, CREDENTIALS_SSO);
    assert_true(view_is(found.sso.session, "acme"));
    assert_true(view_is(found.sso.start_url, "https://acme.example/start"));
    assert_true(view_is(found.sso.region, "us-east-2"));
    found = resolved((struct credentials_sources)CONFIG(
        "[default]\nsso_start_url = https://old\nsso_region = us-west-2\nsso_account_id = 123\n"
        "sso_role_name = Reader\n"));
    assert_int_equal(found.kind, CREDENTIALS_SSO);
    assert_int_equal(found.sso.session.len, 0);
    assert_true(view_is(found.sso.account_id, "123"));
    assert_true(view_is(found.sso.role_name, "Reader"));
}

static void the_machine_comes_last(void **state)
{
    (void)state;
    struct credentials_sources sources = {.env_instance_mode = VIEW("IPv6"),
                                          .env_instance_attempts = VIEW("3")};

    struct credentials found = resolved(sources);
    assert_int_equal(found.kind, CREDENTIALS_INSTANCE);
    assert_true(view_is(found.url, "http://[fd00:ec2::254]"));
    assert_int_equal(found.attempts, 3);
    assert_int_equal(found.timeout_s, 1);
    sources.env_container_path = (struct view)VIEW("/v2/credentials/x");
    found = resolved(sources);
    assert_int_equal(found.kind, CREDENTIALS_CONTAINER);
    assert_true(view_is(found.url, "http://169.254.170.2"));
    assert_true(view_is(found.path, "/v2/credentials/x"));
}

static void keys_are_fetched_in_the_clear_from_this_machine_alone(void **state)
{
    (void)state;
    static const char *const fine[] = {
        "http://127.0.0.1:1/x",    "http://127.255.0.9/x",   "http://localhost/x",
        "http://[::1]/x",          "http://169.254.170.2/x", "http://169.254.170.23/x",
        "http://[fd00:ec2::23]/x", "https://example.com/x",
    };

    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        struct credentials_sources sources = {.env_container_url = view_of(fine[i])};
        assert_int_equal(resolved(sources).kind, CREDENTIALS_CONTAINER);
    }
}

static void endpoints_are_the_environments_then_the_profiles(void **state)
{
    (void)state;
    struct credentials_sources sources =
        CONFIG("[default]\nservices = local\nendpoint_url = http://all\n" KEYS(
            "x") "[services local]\nsts =\n  region = no\n  endpoint_url = http://sts # here\n"
                 "bedrock =\n  endpoint_url = http://other\n");

    struct credentials found = resolved(sources);
    assert_true(view_is(found.sts_url, "http://sts"));
    assert_true(view_is(found.sso.url, "http://all"));
    sources.env_url = (struct view)VIEW("http://env");
    sources.env_sso_url = (struct view)VIEW("http://env-sso");
    found = resolved(sources);
    assert_true(view_is(found.sts_url, "http://env"));
    assert_true(view_is(found.sso.url, "http://env-sso"));
    sources.env_urls_ignored = (struct view)VIEW("true");
    assert_int_equal(resolved(sources).sts_url.len, 0);
}

static void a_way_is_copied_whole_and_told_without_a_secret(void **state)
{
    (void)state;
    struct arena arena;
    struct strbuf text;
    struct credentials copy;
    char config[] = "[default]\nrole_arn = arn:out\nsource_profile = c\nca_bundle = /ca\n"
                    "[profile c]\n" KEYS("c");
    struct credentials_sources sources = {
        .files = {.config_text = view_of(config)},
        .env_container_token = VIEW("SECRET-token"),
    };

    arena_init(&arena, 1 << 20);
    strbuf_init(&text, 8192);
    struct credentials found = resolved(sources);
    assert_int_equal(credentials_copy(&arena, &found, &copy), 0);
    memset(config, 'x', sizeof config - 1);
    assert_true(view_is(copy.keys.secret_key, "SECRET-c"));
    assert_true(view_is(copy.roles[0].arn, "arn:out"));
    assert_true(view_is(copy.ca_file, "/ca"));
    credentials_describe(&text, &copy);
    assert_string_equal(strbuf_text(&text),
                        "the role arn:out of the profile 'default', assumed with keys of the "
                        "profile 'c' in the config file");
    for (int kind = CREDENTIALS_STATIC; kind <= CREDENTIALS_INSTANCE; kind++) {
        copy.kind = (enum credentials_kind)kind;
        credentials_describe(&text, &copy);
    }
    assert_null(strstr(strbuf_text(&text), "SECRET-"));
    strbuf_release(&text);
    arena_release(&arena);
}

static void a_region_is_found_without_keys(void **state)
{
    (void)state;
    struct credentials_sources sources = CONFIG("[profile p]\nregion = eu-north-1\n");
    struct view region;

    sources.profile = (struct view)VIEW("p");

    assert_int_equal(credentials_region(&sources, &region, NULL), 0);
    assert_true(view_is(region, "eu-north-1"));
    sources.profile = (struct view){0};
    assert_int_equal(credentials_region(&sources, &region, NULL), 0);
    assert_int_equal(region.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_comes_before_the_files),
        cmocka_unit_test(a_profile_asked_for_comes_before_the_environment),
        cmocka_unit_test(what_is_missing_or_wrong_is_told_without_a_secret),
        cmocka_unit_test(a_process_comes_after_the_credentials_file_and_before_the_config_file),
        cmocka_unit_test(roles_are_assumed_from_the_innermost_outwards),
        cmocka_unit_test(a_profile_may_assume_a_role_with_keys_of_its_own),
        cmocka_unit_test(a_role_may_begin_at_a_named_source),
        cmocka_unit_test(more_roles_than_the_limit_are_refused),
        cmocka_unit_test(a_web_identity_comes_before_the_profiles_keys),
        cmocka_unit_test(both_forms_of_sso_are_found),
        cmocka_unit_test(the_machine_comes_last),
        cmocka_unit_test(keys_are_fetched_in_the_clear_from_this_machine_alone),
        cmocka_unit_test(endpoints_are_the_environments_then_the_profiles),
        cmocka_unit_test(a_way_is_copied_whole_and_told_without_a_secret),
        cmocka_unit_test(a_region_is_found_without_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
