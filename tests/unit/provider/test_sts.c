/* SPDX-License-Identifier: Apache-2.0
 *
 * What STS is asked, and its answers in XML. One test a promise; no text that is made of an answer
 * may hold a secret ("SECRET-…") of it. */
#include "support.h"

#include "base/rng.h"
#include "provider/sts.h"

enum { ARENA_MAX = 1 << 20 };

#define KEYS "<AccessKeyId>ID</AccessKeyId><SecretAccessKey>SECRET-x</SecretAccessKey>"
#define REST "<SessionToken>T</SessionToken><Expiration>2026-11-23T19:00:00Z</Expiration>"
#define ANSWER(credentials) \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n" \
    "  <AssumeRoleResult><AssumedRoleUser><Arn>a</Arn></AssumedRoleUser><Credentials>" credentials \
    "</Credentials><PackedPolicySize>6</PackedPolicySize></AssumeRoleResult>\n" \
    "  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\n</AssumeRoleResponse>\n"

static void keys_are_read_out_of_an_answer(void **state)
{
    (void)state;
    static const char *const texts[] = {
        ANSWER(KEYS REST),
        "<?xml version=\"1.0\"?>\n" ANSWER(REST "\n " KEYS),
        "<a><Empty/><Credentials >" KEYS REST "</Credentials ></a>",
        "<a><Credentials>" KEYS "<SessionToken>\n T \n</SessionToken><Expiration>"
        "2026-11-23T19:00:00.123Z</Expiration></Credentials></a>",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct credentials_answer answer;
        struct arena arena;
        struct err err = {0};
        arena_init(&arena, ARENA_MAX);
        if (sts_read(view_of(texts[i]), &arena, &answer, &err) != 0)
            fail_msg("case %zu: %s", i, err.text);
        assert_true(view_is(answer.keys.access_key, "ID"));
        assert_true(view_is(answer.keys.secret_key, "SECRET-x"));
        assert_true(view_is(answer.keys.session_token, "T"));
        assert_int_equal(answer.expires_s, 1795460400);
        arena_release(&arena);
    }
}

static void entities_are_read_as_what_they_stand_for(void **state)
{
    (void)state;
    struct credentials_answer answer;
    struct arena arena;

    arena_init(&arena, ARENA_MAX);
    assert_int_equal(
        sts_read(view_of(ANSWER("<AccessKeyId>&lt;&amp;&gt;&quot;&apos;</AccessKeyId>"
                                "<SecretAccessKey>a&amp;lt;/+=</SecretAccessKey>" REST)),
                 &arena, &answer, NULL),
        0);
    assert_true(view_is(answer.keys.access_key, "<&>\"'"));
    assert_true(view_is(answer.keys.secret_key, "a&lt;/+="));
    arena_release(&arena);
}

static void what_sts_never_sends_is_refused_and_never_quoted(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{\"AssumeRoleResponse\":{}}",
        "SECRET-x",
        "<a>",
        "<a></b>",
        "</a>",
        "<a/><b/>",
        "<a>x<b/></a>",
        "<a><b/>x</a>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a/>",
        "<!-- c --><a/>",
        "<a><![CDATA[x]]></a>",
        "<a><?x?></a>",
        "<>",
        "< a/>",
        "<a",
        "<a>&</a",
        ANSWER("<AccessKeyId>&#65;</AccessKeyId><SecretAccessKey>SECRET-x</SecretAccessKey>" REST),
        ANSWER(KEYS KEYS REST),
        ANSWER(KEYS),
        ANSWER(REST),
        ANSWER("<AccessKeyId></AccessKeyId><SecretAccessKey>SECRET-x</SecretAccessKey>" REST),
        ANSWER(KEYS "<SessionToken>T</SessionToken><Expiration>soon</Expiration>"),
        "<a>" KEYS REST "</a>",
        "<a>\xff</a>",
        "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct credentials_answer answer = {.expires_s = -7};
        struct arena arena;
        struct err err = {0};
        arena_init(&arena, ARENA_MAX);
        if (sts_read(view_of(texts[i]), &arena, &answer, &err) != ERR_UPSTREAM)
            fail_msg("case %zu", i);
        assert_null(strstr(err.text, "SECRET-"));
        assert_int_equal(answer.expires_s, -7);
        arena_release(&arena);
    }
}

static void no_damaged_answer_is_read_beyond_its_bytes(void **state)
{
    (void)state;
    static const char whole[] = ANSWER(KEYS REST);
    struct rng rng;

    rng_init(&rng, 7);
    print_message("seed 7\n");
    for (int round = 0; round < 20000; round++) {
        size_t len = (size_t)rng_below(&rng, sizeof whole);
        char *damaged = malloc(len + 1);
        struct credentials_answer answer;
        struct arena arena;
        memcpy(damaged, whole, len);
        for (uint64_t i = rng_below(&rng, 4); i > 0 && len > 0; i--)
            damaged[rng_below(&rng, len)] = "<>/&;!? \"a\xff"[rng_below(&rng, 11)];
        arena_init(&arena, ARENA_MAX);
        int code = sts_read(view_make(damaged, len), &arena, &answer, NULL);
        assert_true(code == 0 || code == ERR_UPSTREAM);
        (void)sts_read_error(view_make(damaged, len), &arena);
        arena_release(&arena);
        free(damaged);
    }
}

static void an_error_is_told_by_its_code_and_message(void **state)
{
    (void)state;
    struct arena arena;

    arena_init(&arena, ARENA_MAX);
    struct view said = sts_read_error(
        view_of("<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                "<Message>User: arn:x is not authorized</Message></Error><RequestId>r</RequestId>"
                "</ErrorResponse>"),
        &arena);
    assert_true(view_is(said, "AccessDenied: User: arn:x is not authorized"));
    assert_int_equal(sts_read_error(view_of("<html>"), &arena).len, 0);
    assert_int_equal(sts_read_error(view_of(ANSWER(KEYS REST)), &arena).len, 0);
    arena_release(&arena);
}

static void a_role_is_asked_for_with_all_that_its_profile_says(void **state)
{
    (void)state;
    struct credentials_role role = {
        .arn = VIEW("arn:aws:iam::1:role/x y"), .external_id = VIEW("a+b"), .duration_s = 1800};
    struct http_request request;
    struct arena arena;

    arena_init(&arena, ARENA_MAX);
    assert_int_equal(sts_request(&role, (struct view){0}, 42, &arena, &request, NULL), 0);
    assert_true(view_is(request.method, "POST"));
    assert_true(view_is(request.body,
                        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3A"
                        "role%2Fx%20y&RoleSessionName=assay-42&DurationSeconds=1800&ExternalId="
                        "a%2Bb"));
    role = (struct credentials_role){.arn = VIEW("arn"), .session_name = VIEW("me")};
    assert_int_equal(sts_request(&role, (struct view)VIEW("a.b"), 42, &arena, &request, NULL), 0);
    assert_true(view_is(request.body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn="
                                      "arn&RoleSessionName=me&WebIdentityToken=a.b"));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_read_out_of_an_answer),
        cmocka_unit_test(entities_are_read_as_what_they_stand_for),
        cmocka_unit_test(what_sts_never_sends_is_refused_and_never_quoted),
        cmocka_unit_test(no_damaged_answer_is_read_beyond_its_bytes),
        cmocka_unit_test(an_error_is_told_by_its_code_and_message),
        cmocka_unit_test(a_role_is_asked_for_with_all_that_its_profile_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
