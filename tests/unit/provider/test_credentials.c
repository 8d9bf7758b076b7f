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
    .credentials_text = VIEW("# c\n[default]\n" KEYS(
        "shared") "region = eu-west-1\n\n[two]\r\n" KEYS("two") "aws_session_token = T ; x\n"),
    .credentials_path = VIEW("/h/credentials"),
    .config_text = VIEW("[default]\nregion = eu-central-1 # here\ns3 =\n  region = "
                        "nested\n[profile two]\nregion=ap-northeast-1\n"
                        "[profile three]\n" KEYS("three") "[sso-session two]\nregion = x\n"),
    .config_path = VIEW("/h/config"),
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
    expect(&sources, "ID-two", "SECRET-two", "T", "ap-northeast-1", "credentials file");
    sources.env_profile = (struct view){0};
    expect(&sources, "ID-shared", "SECRET-shared", "", "eu-central-1", "credentials file");
    sources.config_text = (struct view){0};
    expect(&sources, "ID-shared", "SECRET-shared", "", "eu-west-1", "credentials file");
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

struct refusal {
    struct credentials_sources sources;
    int code;
    const char *says;
};

static const struct refusal refusals[] = {
    {{.profile = {0}}, ERR_DENIED, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
    {{.env_profile = VIEW("nobody"), .credentials_text = VIEW("[default]\n" KEYS("x"))},
     ERR_DENIED,
     "no AWS profile 'nobody'"},
    {{.env_access_key_id = VIEW("ID")}, ERR_CONFIG, "AWS_SECRET_ACCESS_KEY is not"},
    {{.env_secret_access_key = VIEW("SECRET")}, ERR_CONFIG, "AWS_ACCESS_KEY_ID is not"},
    {{.config_text = VIEW("[default]\nrole_arn = arn:x\nsource_profile = y\n")},
     ERR_UNSUPPORTED,
     "an assumed role (role_arn)"},
    {{.config_text = VIEW("[default]\nrole_arn = arn:x\n" KEYS("x"))}, ERR_UNSUPPORTED, "role_arn"},
    {{.config_text = VIEW("[default]\ncredential_process = /bin/x\n")},
     ERR_UNSUPPORTED,
     "credential_process"},
    {{.config_text = VIEW("[default]\nsso_session = x\n"),
      .credentials_text = VIEW("[default]\n" KEYS("x"))},
     ERR_UNSUPPORTED,
     "AWS SSO (sso_session)"},
    {{.config_text = VIEW("[profile p]\nsso_start_url = https://x\n"), .env_profile = VIEW("p")},
     ERR_UNSUPPORTED,
     "export-credentials --profile p"},
    {{.config_text = VIEW("[default]\nweb_identity_token_file = /x\n")},
     ERR_UNSUPPORTED,
     "a web identity"},
    {{.env_web_identity_file = VIEW("/x")}, ERR_UNSUPPORTED, "AWS_WEB_IDENTITY_TOKEN_FILE"},
    {{.env_container_uri = VIEW("/x")}, ERR_UNSUPPORTED, "container credentials"},
    {{.credentials_text = VIEW("[default]\naws_access_key_id = ID-a\n"),
      .credentials_path = VIEW("/h/c")},
     ERR_CONFIG,
     "/h/c:1: the profile has aws_access_key_id but no aws_secret_access_key"},
    {{.credentials_text = VIEW("\n[default]\naws_secret_access_key = SECRET-a\n")},
     ERR_CONFIG,
     "~/.aws/credentials:2: the profile has aws_secret_access_key but no"},
    {{.credentials_text = VIEW("[default]\nSECRET-loose\n")},
     ERR_CONFIG,
     ":2: expected [section] or name = value"},
    {{.credentials_text = VIEW("[default\n")}, ERR_CONFIG, ":1: a section's '[' is never closed"},
    {{.config_text = VIEW("region = x\n"), .config_path = VIEW("/h/config")},
     ERR_CONFIG,
     "/h/config:1: a setting stands before"},
    {{.config_text = VIEW("[default]\nregion = \xff\n")},
     ERR_CONFIG,
     ":2: the line is not valid UTF-8"},
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

static void a_process_is_passed_over_where_the_credentials_file_has_keys(void **state)
{
    (void)state;
    const struct credentials_sources sources = {
        .config_text = VIEW("[default]\ncredential_process = /bin/x\n"),
        .credentials_text = VIEW("\xef\xbb\xbf[default]\n" KEYS("x"))};

    expect(&sources, "ID-x", "SECRET-x", "", "", "credentials file");
}

static void a_region_is_found_without_keys(void **state)
{
    (void)state;
    struct credentials_sources sources = {.config_text = VIEW("[profile p]\nregion = eu-north-1\n"),
                                          .profile = VIEW("p")};
    struct view region;

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
        cmocka_unit_test(a_process_is_passed_over_where_the_credentials_file_has_keys),
        cmocka_unit_test(a_region_is_found_without_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
