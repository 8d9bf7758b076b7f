/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/secrets.h. Keys are put together here from a prefix and a body, so that no
 * line of this file has the form of one. */
#include "rules.h"

#include <stdio.h>
#include <string.h>

#include "text/secrets.h"

#define BODY "q7Rk2VbX9wLmT4sYp8ZcH3nJd6FgA1eU5oKi0rBv"

static struct strbuf found;

static int set_up(void **state)
{
    (void)state;
    strbuf_init(&found, 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    strbuf_release(&found);
    return 0;
}

static const char *search(const char *text)
{
    size_t count = 0;
    const struct scan_rule *rules = secret_rules(&count);

    strbuf_reset(&found);
    rules_collect(rules, count, text, &found);
    strbuf_add_byte(&found, '\0');
    assert_int_equal(strbuf_status(&found), 0);
    return strbuf_text(&found);
}

static void ignores(const char *text)
{
    if (strcmp(search(text), "") != 0)
        fail_msg("in \"%s\": \"%s\"", text, strbuf_text(&found));
}

/* That the key is found from its first byte on, between kana. */
static void knows(const char *prefix, const char *body)
{
    char text[512];
    char key[256];

    snprintf(key, sizeof key, "%s%s", prefix, body);
    snprintf(text, sizeof text, "鍵は%sです", key);
    const char *first = search(text);
    size_t len = strcspn(first, "|");
    if (len == 0 || strncmp(first, key, len) != 0)
        fail_msg("in \"%s\": \"%s\"", text, first);
}

static void keys_with_a_prefix_of_their_own_are_known(void **state)
{
    (void)state;

    knows("AKIA", "Q7RK2VBX5WLMT4SY");
    knows("AKIA", "IOSFODNN7EXAMPLE");
    knows("ASIA", "Q7RK2VBX5WLMT4SY");
    knows("ABSK", BODY "q7");
    knows("ghp_", BODY);
    knows("github_pat_", "11ABCDEFG0q7Rk2VbX9wLm_T4sYp8ZcH3nJd6FgA1eU5");
    knows("xoxb-", "271828182845-3141592653589-q7Rk2VbX9wLm");
    knows("sk-ant-", "api03-" BODY);
    knows("sk-proj-", BODY);
    knows("sk-", BODY);
    knows("AIza", "Syq7Rk2VbX9wLmT4sYp8ZcH3nJd6FgA1eU5");
    knows("sk_live_", "q7Rk2VbX9wLmT4sYp8ZcH3nJ");
    knows("npm_", "q7Rk2VbX9wLmT4sYp8ZcH3nJd6FgA1eU5oKi");
    knows("pypi-", "AgEIcHlwaS5vcmcCJq7Rk2VbX9wLmT4sYp8ZcH3nJd6");
    knows("hf_", "qRkVbXwLmTsYpZcHnJdFgAeUoKirBvMxNz");
}

static void long_shapes_are_known_by_their_beginning(void **state)
{
    size_t count = 0;
    const struct scan_rule *rules = secret_rules(&count);
    size_t tails = 0;
    (void)state;

    knows("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.q7Rk2VbX9w");
    knows("-----BEGIN ", "RSA PRIVATE KEY-----\nMIIE");
    knows("-----BEGIN ", "PRIVATE KEY-----");
    knows("-----BEGIN ", "OPENSSH PRIVATE KEY-----");
    rules_fit(rules, count, SECRETS_WIDTH_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_true(rules[i].flags & SCAN_SECRET);
        tails += rules[i].tail == SCAN_TAIL_BLOCK;
    }
    assert_int_equal(tails, 1);
}

static void a_word_before_it_gives_a_value_away(void **state)
{
    (void)state;

    assert_string_equal(search("aws_secret_access_key = " BODY), BODY "|");
    assert_string_equal(search("シークレットアクセスキーは" BODY "です"), BODY "|");
    assert_string_equal(search("api_key: \"q7Rk2VbX9wLmT4sY\""), "q7Rk2VbX9wLmT4sY|");
    assert_string_equal(search("パスワードはq7Rk2VbX9wLmです"), "q7Rk2VbX9wLm|");
    assert_string_equal(search("Authorization: Bearer q7Rk2VbX9wLmT4sYp8Zc"),
                        "Bearer q7Rk2VbX9wLmT4sYp8Zc|");
}

static void passwords_in_connection_strings_are_known(void **state)
{
    (void)state;

    assert_string_equal(search("postgres://shop:q7Rk2Vb@db.internal/manga"),
                        "postgres://shop:q7Rk2Vb@|");
    assert_string_equal(search("rediss://:q7Rk2Vb@cache:6379"), "rediss://:q7Rk2Vb@|");
    ignores("postgres://user:password@localhost/manga");
    ignores("postgres://user:${PASSWORD}@localhost/manga");
    ignores("postgres://localhost:5432/manga");
    ignores("https://example.com:8080/@manga");
}

static void words_that_share_a_prefix_are_no_keys(void **state)
{
    (void)state;

    ignores("sk-learn and sk-learn-contrib-extensions-for-everyone-2");
    ignores("AKIAで始まる鍵。AKIA is the prefix of access key ids");
    ignores("AKIA"
            "XXXXXXXXXXXXXXXX");
    ignores("sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    ignores("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    ignores("ghp_は個人用アクセストークンです");
    ignores("task-management-and-risk-assessment-for-large-teams");
    ignores("Bearer authentication is described in RFC 6750");
    ignores("Bearer <your-token-goes-here-please>");
    ignores("token: the smallest unit of text");
    ignores("パスワードは8文字以上にしてください");
    ignores("password: correct-horse-battery-staple");
    ignores("eyJの意味");
    ignores("-----BEGIN CERTIFICATE-----");
    ignores("-----BEGIN PUBLIC KEY-----");
    ignores("secret_access_key = os.environ[\"AWS_SECRET_ACCESS_KEY\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_with_a_prefix_of_their_own_are_known),
        cmocka_unit_test(long_shapes_are_known_by_their_beginning),
        cmocka_unit_test(a_word_before_it_gives_a_value_away),
        cmocka_unit_test(passwords_in_connection_strings_are_known),
        cmocka_unit_test(words_that_share_a_prefix_are_no_keys),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
