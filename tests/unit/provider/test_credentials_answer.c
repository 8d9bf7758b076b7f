/* SPDX-License-Identifier: Apache-2.0
 *
 * What the givers of AWS keys say: commands, containers, instances, SSO. One test a promise; no
 * text that is made of an answer may hold a secret ("SECRET-…") of it. */
#include "support.h"

#include "provider/credentials_answer.h"

enum { ARENA_MAX = 1 << 20 };

typedef int reader(struct view text, struct arena *arena, struct credentials_answer *ret_answer,
                   struct err *reterr);

struct refusal {
    reader *read;
    const char *text;
    int code;
    const char *says;
};

#define PAIR "\"AccessKeyId\":\"ID\",\"SecretAccessKey\":\"SECRET-x\""
#define PORTAL(more) "{\"roleCredentials\":{\"accessKeyId\":\"ID\"," more "}}"

static const struct refusal refusals[] = {
    {credentials_read_process, "", ERR_UPSTREAM, "no JSON object"},
    {credentials_read_process, "SECRET-x", ERR_UPSTREAM, "no JSON object"},
    {credentials_read_process, "[1]", ERR_UPSTREAM, "no JSON object"},
    {credentials_read_process, "{\"Version\":1,\"SECRET-x", ERR_UPSTREAM, "no JSON object"},
    {credentials_read_process, "{" PAIR "}", ERR_UPSTREAM, "Version is not 1"},
    {credentials_read_process, "{\"Version\":2," PAIR "}", ERR_UPSTREAM, "Version is not 1"},
    {credentials_read_process, "{\"Version\":\"1\"," PAIR "}", ERR_UPSTREAM, "Version is not 1"},
    {credentials_read_process, "{\"Version\":1,\"SecretAccessKey\":\"SECRET-x\"}", ERR_UPSTREAM,
     "AccessKeyId is missing"},
    {credentials_read_process, "{\"Version\":1,\"AccessKeyId\":7}", ERR_UPSTREAM,
     "AccessKeyId is missing"},
    {credentials_read_process, "{\"Version\":1,\"AccessKeyId\":\"ID\"}", ERR_UPSTREAM,
     "SecretAccessKey is missing"},
    {credentials_read_process, "{\"Version\":1," PAIR ",\"Expiration\":\"soon\"}", ERR_UPSTREAM,
     "Expiration is no date"},
    {credentials_read_process, "{\"Version\":1," PAIR ",\"Expiration\":17}", ERR_UPSTREAM,
     "Expiration is no date"},
    {credentials_read_metadata, "<html>", ERR_UPSTREAM, "no JSON object"},
    {credentials_read_metadata,
     "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 may "
     "not\"}",
     ERR_DENIED, "AssumeRoleUnauthorizedAccess: EC2 may not"},
    {credentials_read_metadata, "{\"AccessKeyId\":\"ID\"}", ERR_UPSTREAM, "SecretAccessKey"},
    {sso_read_keys, "{}", ERR_UPSTREAM, "roleCredentials"},
    {sso_read_keys, "nonsense", ERR_UPSTREAM, "no JSON object"},
    {sso_read_keys, PORTAL("\"expiration\":1"), ERR_UPSTREAM, "secretAccessKey"},
    {sso_read_keys, PORTAL("\"secretAccessKey\":\"SECRET-x\""), ERR_UPSTREAM, "no expiration"},
};

static void what_cannot_be_understood_is_refused_and_never_quoted(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct credentials_answer answer = {.expires_s = -7};
        struct arena arena;
        struct err err = {0};
        arena_init(&arena, ARENA_MAX);
        int code = refusals[i].read(view_of(refusals[i].text), &arena, &answer, &err);
        if (code != refusals[i].code || strstr(err.text, refusals[i].says) == NULL)
            fail_msg("case %zu: %s: %s", i, err_name(code), err.text);
        assert_null(strstr(err.text, "SECRET-"));
        assert_int_equal(answer.expires_s, -7);
        arena_release(&arena);
    }
}

static void expect(reader *read, const char *text, const char *token, int64_t expires_s)
{
    struct credentials_answer answer;
    struct arena arena;
    struct err err = {0};

    arena_init(&arena, ARENA_MAX);
    if (read(view_of(text), &arena, &answer, &err) != 0)
        fail_msg("%s", err.text);
    assert_true(view_is(answer.keys.access_key, "ID"));
    assert_true(view_is(answer.keys.secret_key, "SECRET-x"));
    assert_true(view_is(answer.keys.session_token, token));
    assert_int_equal(answer.expires_s, expires_s);
    arena_release(&arena);
}

static void every_form_of_keys_is_read(void **state)
{
    (void)state;

    expect(credentials_read_process, "{\"Version\":1," PAIR "}\n", "", 0);
    expect(credentials_read_process,
           "{\"Version\":1," PAIR ",\"SessionToken\":\"T\",\"Expiration\":"
           "\"2026-11-23T20:00:00+01:00\"}",
           "T", 1795460400);
    expect(credentials_read_process, "{\"Version\":1," PAIR ",\"Expiration\":null}", "", 0);
    expect(credentials_read_metadata,
           "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\"," PAIR
           ",\"Token\":\"T\",\"Expiration\":\"2026-11-23T19:00:00Z\"}",
           "T", 1795460400);
    expect(sso_read_keys,
           PORTAL("\"secretAccessKey\":\"SECRET-x\",\"sessionToken\":\"T\",\"expiration\":"
                  "1795460400999"),
           "T", 1795460400);
}

struct words {
    const char *command;
    const char *words[6];
};

static void a_command_is_cut_into_words_as_a_shell_does(void **state)
{
    (void)state;
    static const struct words cases[] = {
        {"/bin/x", {"/bin/x"}},
        {"  /bin/x  a\tb ", {"/bin/x", "a", "b"}},
        {"x 'a b' \"c d\"", {"x", "a b", "c d"}},
        {"x a'b'\"c\"d", {"x", "abcd"}},
        {"x a\\ b \\'", {"x", "a b", "'"}},
        {"x \"a\\\"b\\\\c\\d\"", {"x", "a\"b\\c\\d"}},
        {"x 'a\\b'", {"x", "a\\b"}},
        {"x ''", {"x", ""}},
        {"x $HOME;y|z #no", {"x", "$HOME;y|z", "#no"}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const *words;
        struct arena arena;
        struct err err = {0};
        size_t n = 0;
        arena_init(&arena, ARENA_MAX);
        if (credentials_split(view_of(cases[i].command), &arena, &words, &err) != 0)
            fail_msg("case %zu: %s", i, err.text);
        for (; cases[i].words[n] != NULL; n++) {
            assert_non_null(words[n]);
            assert_string_equal(words[n], cases[i].words[n]);
        }
        assert_null(words[n]);
        arena_release(&arena);
    }
}

static void a_command_that_is_none_is_refused(void **state)
{
    (void)state;
    char many[4 * CREDENTIALS_ARGUMENTS_MAX];
    const char *const *words;
    struct arena arena;
    struct err err = {0};

    arena_init(&arena, ARENA_MAX);
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 2 == 0 ? 'x' : ' ';
    assert_int_equal(credentials_split(view_of("x 'a"), &arena, &words, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "never closed"));
    assert_int_equal(credentials_split(view_of("  "), &arena, &words, &err), ERR_CONFIG);
    assert_int_equal(credentials_split(view_make(many, sizeof many), &arena, &words, &err),
                     ERR_CONFIG);
    assert_non_null(strstr(err.text, "more than 64 words"));
    arena_release(&arena);
}

static void the_token_cache_has_the_names_that_the_aws_cli_gives(void **state)
{
    (void)state;
    char name[SSO_CACHE_NAME_SIZE];
    struct credentials_sso sso = {.session = VIEW("my-sso"), .start_url = VIEW("https://x/start")};

    sso_cache_name(&sso, name); /* sha1sum */
    assert_string_equal(name, "0ad374308c5a4e22f723adf10145eafad7c4031c.json");
    sso.session = (struct view){0};
    sso_cache_name(&sso, name);
    assert_string_equal(name, "f9bd89c67fef27fcb5df8d2e4b64eabe5bae45a4.json");
}

#define TOKEN \
    "{\"accessToken\":\"SECRET-a\",\"expiresAt\":\"2026-11-23T19:00:00Z\",\"refreshToken\":" \
    "\"SECRET-r\",\"clientId\":\"C\",\"clientSecret\":\"SECRET-c\",\"registrationExpiresAt\":" \
    "\"2026-12-23T19:00:00Z\"}"

static void a_session_is_renewed_and_written_back(void **state)
{
    (void)state;
    const struct credentials_sso sso = {
        .session = VIEW("s"), .start_url = VIEW("https://x"), .region = VIEW("us-east-1")};
    const int64_t now_s = 1795460000;
    struct http_request request;
    struct sso_token token;
    struct sso_token again;
    struct arena arena;
    struct strbuf text;
    struct err err = {0};

    arena_init(&arena, ARENA_MAX);
    strbuf_init(&text, 65536);
    assert_int_equal(sso_read_token(view_of(TOKEN), &arena, &token, &err), 0);
    assert_int_equal(token.expires_s, 1795460400);
    assert_true(sso_can_renew(&sso, &token, now_s));
    assert_false(sso_can_renew(&sso, &token, now_s + 40 * 86400));
    assert_false(
        sso_can_renew(&(struct credentials_sso){.start_url = VIEW("https://x")}, &token, now_s));
    assert_int_equal(sso_renew_request(&token, &arena, &request, &err), 0);
    assert_true(view_is(request.body, "{\"grantType\":\"refresh_token\",\"clientId\":\"C\","
                                      "\"clientSecret\":\"SECRET-c\",\"refreshToken\":"
                                      "\"SECRET-r\"}"));
    assert_int_equal(sso_read_renewal(view_of("{\"accessToken\":\"SECRET-b\",\"expiresIn\":3600,"
                                              "\"refreshToken\":\"SECRET-s\"}"),
                                      now_s, &arena, &token, &err),
                     0);
    assert_int_equal(token.expires_s, now_s + 3600);
    sso_write_token(&text, &sso, &token);
    assert_int_equal(sso_read_token(strbuf_view(&text), &arena, &again, &err), 0);
    assert_true(view_is(again.access_token, "SECRET-b"));
    assert_true(view_is(again.refresh_token, "SECRET-s"));
    assert_true(view_is(again.registration_ends, "2026-12-23T19:00:00Z"));
    assert_int_equal(again.expires_s, now_s + 3600);
    assert_int_equal(
        sso_read_renewal(view_of("{\"accessToken\":\"SECRET-b\"}"), now_s, &arena, &token, &err),
        ERR_UPSTREAM);
    assert_null(strstr(err.text, "SECRET-"));
    strbuf_release(&text);
    arena_release(&arena);
}

static void a_token_file_that_is_none_says_how_to_log_in(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "SECRET-x", "{\"accessToken\":\"SECRET-x\"}",
                                        "{\"expiresAt\":\"2026-11-23T19:00:00Z\"}",
                                        "{\"accessToken\":\"SECRET-x\",\"expiresAt\":\"later\"}"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sso_token token;
        struct arena arena;
        struct err err = {0};
        arena_init(&arena, ARENA_MAX);
        assert_int_not_equal(sso_read_token(view_of(texts[i]), &arena, &token, &err), 0);
        assert_non_null(strstr(err.text, "run 'aws sso login'"));
        assert_null(strstr(err.text, "SECRET-"));
        arena_release(&arena);
    }
}

static void the_portal_is_asked_with_the_token_in_its_header(void **state)
{
    (void)state;
    const struct credentials_sso sso = {.account_id = VIEW("123"), .role_name = VIEW("A b&c")};
    struct http_request request;
    struct arena arena;
    struct err err = {0};

    arena_init(&arena, ARENA_MAX);
    assert_int_equal(sso_keys_request(&sso, view_of("T"), &arena, &request, &err), 0);
    assert_true(
        view_is(request.target, "/federation/credentials?role_name=A%20b%26c&account_id=123"));
    assert_true(view_is(http_header_get(&request.headers, "X-Amz-Sso_Bearer_Token"), "T"));
    assert_int_equal(sso_keys_request(&sso, view_of("SECRET-x\r\n"), &arena, &request, &err),
                     ERR_INVALID);
    assert_null(strstr(err.text, "SECRET-"));
    arena_release(&arena);
}

static void addresses_are_those_of_the_regions_partition(void **state)
{
    (void)state;
    static const struct {
        const char *region;
        const char *url;
    } cases[] = {
        {"us-east-1", "https://sts.us-east-1.amazonaws.com"},
        {"us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com"},
        {"cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"},
        {"eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu"},
        {"us-isob-east-1", "https://sts.us-isob-east-1.sc2s.sgov.gov"},
    };
    struct arena arena;
    struct view url;

    arena_init(&arena, ARENA_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            credentials_service_url("sts", view_of(cases[i].region), &arena, &url, NULL), 0);
        assert_true(view_is(url, cases[i].url));
    }
    assert_int_equal(credentials_service_url("sts", view_of("evil.com/"), &arena, &url, NULL),
                     ERR_CONFIG);
    assert_int_equal(credentials_service_url("sts", view_of(""), &arena, &url, NULL), ERR_CONFIG);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_understood_is_refused_and_never_quoted),
        cmocka_unit_test(every_form_of_keys_is_read),
        cmocka_unit_test(a_command_is_cut_into_words_as_a_shell_does),
        cmocka_unit_test(a_command_that_is_none_is_refused),
        cmocka_unit_test(the_token_cache_has_the_names_that_the_aws_cli_gives),
        cmocka_unit_test(a_session_is_renewed_and_written_back),
        cmocka_unit_test(a_token_file_that_is_none_says_how_to_log_in),
        cmocka_unit_test(the_portal_is_asked_with_the_token_in_its_header),
        cmocka_unit_test(addresses_are_those_of_the_regions_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
