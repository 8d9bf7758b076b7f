/* SPDX-License-Identifier: Apache-2.0
 *
 * URLs that are taken apart, URLs that are refused with a reason, and percent encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/url.h"

struct good {
    const char *text;
    const char *host;
    int port;
    bool tls;
    const char *path;
    const char *query; /* NULL: none */
    const char *userinfo;
};

static const struct good good_urls[] = {
    {"http://example.com", "example.com", 80, false, "", NULL, NULL},
    {"https://example.com/", "example.com", 443, true, "/", NULL, NULL},
    {"HTTPS://Example.com:8443/v1/?a=b&c", "Example.com", 8443, true, "/v1/", "a=b&c", NULL},
    {"ws://127.0.0.1:1?x", "127.0.0.1", 1, false, "", "x", NULL},
    {"wss://h_x.example/a%20b", "h_x.example", 443, true, "/a%20b", NULL, NULL},
    {"http://[::1]:8080/v1", "::1", 8080, false, "/v1", NULL, NULL},
    {"http://[2001:db8::192.0.2.1]/", "2001:db8::192.0.2.1", 80, false, "/", NULL, NULL},
    {"redis://user:p%40ss@cache:6380/0", "cache", 6380, false, "/0", NULL, "user:p%40ss"},
    {"rediss://cache", "cache", 6379, true, "", NULL, NULL},
    {"http://h/?", "h", 80, false, "/", "", NULL},
    {"http://h:65535/a?b?c/d", "h", 65535, false, "/a", "b?c/d", NULL},
};

static void absolute_urls_are_taken_apart(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof good_urls / sizeof good_urls[0]; i++) {
        const struct good *good = &good_urls[i];
        struct url url;
        struct err err = {0};
        int code = url_parse(view_of(good->text), &url, &err);
        if (code != 0)
            fail_msg("%s: %s", good->text, err.text);
        assert_true(view_is(url.host, good->host));
        assert_int_equal(url.port, good->port);
        assert_int_equal(url.tls, good->tls);
        assert_true(view_is(url.path, good->path));
        assert_int_equal(url.query.ptr != NULL, good->query != NULL);
        assert_true(view_is(url.query, good->query != NULL ? good->query : ""));
        assert_true(view_is(url.userinfo, good->userinfo != NULL ? good->userinfo : ""));
    }
}

struct bad {
    const char *text;
    const char *says;
};

static const struct bad bad_urls[] = {
    {"", "empty"},
    {"example.com", "scheme"},
    {"//example.com", "scheme"},
    {"ftp://example.com", "scheme must be"},
    {"http://", "host must follow"},
    {"http:///path", "host must follow"},
    {"http://:80/", "host must follow"},
    {"http://h:/", "port"},
    {"http://h:0/", "port"},
    {"http://h:65536/", "port"},
    {"http://h:-1/", "port"},
    {"http://h:8a/", "port"},
    {"http://::1/", "brackets"},
    {"http://[::1/", "never closed"},
    {"http://[::1]x/", "']'"},
    {"http://[::1::2]/", "IPv6"},
    {"http://[1:2:3]/", "IPv6"},
    {"http://[fe80::1%25eth0]/", "IPv6"},
    {"http://[1:2:3:4:5:6:7:8:9]/", "IPv6"},
    {"http://[::256.0.0.1]/", "IPv6"},
    {"http://b\xc3\xbc"
     "cher.example/",
     "xn--"},
    {"http://a b/", "cannot be part of a host"},
    {"http://h/a b", "character 11: this character must be percent-encoded"},
    {"http://h/%zz", "two hex digits"},
    {"http://h/a#b", "fragment"},
    {"http://h/\xe6\xbc\xab", "percent-encoded"},
    {"http://h/a\\b", "percent-encoded"},
    {"http://h/?a|b", "percent-encoded"},
};

static void anything_else_is_refused_with_the_place_and_a_remedy(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof bad_urls / sizeof bad_urls[0]; i++) {
        struct url url = {.port = 99};
        struct err err = {0};
        assert_int_equal(url_parse(view_of(bad_urls[i].text), &url, &err), ERR_INVALID);
        if (strstr(err.text, bad_urls[i].says) == NULL)
            fail_msg("'%s' says: %s", bad_urls[i].text, err.text);
        assert_int_equal(url.port, 99);
    }
}

static void a_password_is_never_part_of_a_message(void **state)
{
    (void)state;
    const char *const urls[] = {"http://user:hunter2@h:0/",
                                "user:hunter2@h/",
                                "x://user:hunter2@h",
                                "http://user:hunter2@h/a b",
                                "http://user:hu/nter2:hunter2@h:0/",
                                "http://u:hunter2\x01@h/"};

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct url url;
        struct err err = {0};
        assert_int_equal(url_parse(view_of(urls[i]), &url, &err), ERR_INVALID);
        assert_null(strstr(err.text, "nter2"));
        assert_non_null(strstr(err.text, "***@h"));
    }
}

static void a_url_without_end_is_refused(void **state)
{
    (void)state;
    static char text[URL_BYTES_MAX + 2];
    struct url url;
    struct err err = {0};

    memset(text, 'a', sizeof text);
    memcpy(text, "http://h/", 9);
    assert_int_equal(url_parse(view_make(text, URL_BYTES_MAX), &url, NULL), 0);
    assert_int_equal(url_parse(view_make(text, URL_BYTES_MAX + 1), &url, &err), ERR_INVALID);
}

static void the_host_header_leaves_out_the_usual_port(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 200);

    url_add_authority(&out, view_of("h"), 443, true);
    strbuf_add_byte(&out, ' ');
    url_add_authority(&out, view_of("h"), 443, false);
    strbuf_add_byte(&out, ' ');
    url_add_authority(&out, view_of("::1"), 8080, false);
    assert_string_equal(strbuf_text(&out), "h h:443 [::1]:8080");
    strbuf_release(&out);
}

static void a_model_id_is_one_segment(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 400);

    url_encode(&out, view_of("arn:aws:bedrock:us-east-1::foundation-model/a.b-v1:0"), "");
    assert_string_equal(strbuf_text(&out),
                        "arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Fa.b-v1%3A0");
    strbuf_release(&out);
}

static void any_bytes_come_back_from_percent_encoding(void **state)
{
    (void)state;
    struct rng rng;
    struct strbuf text;
    struct strbuf back;
    unsigned char bytes[64];
    rng_init(&rng, 11);
    strbuf_init(&text, 400);
    strbuf_init(&back, 400);

    for (int round = 0; round < 500; round++) {
        size_t len = (size_t)rng_below(&rng, sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (unsigned char)rng_next(&rng);
        strbuf_reset(&text);
        strbuf_reset(&back);
        url_encode(&text, view_make(bytes, len), round % 2 == 0 ? "/" : "");
        assert_int_equal(url_decode(&back, strbuf_view(&text)), 0);
        assert_true(view_equal(strbuf_view(&back), view_make(bytes, len)));
    }
    strbuf_reset(&back);
    assert_int_equal(url_decode(&back, view_of("a%2")), ERR_INVALID);
    assert_int_equal(url_decode(&back, view_of("a%g0")), ERR_INVALID);
    assert_int_equal(url_decode(&back, view_of("%")), ERR_INVALID);
    assert_int_equal(back.len, 0);
    strbuf_release(&text);
    strbuf_release(&back);
}

static void a_query_is_cut_into_names_and_values(void **state)
{
    (void)state;
    struct view rest = view_of("a=1&&b&c=x=y&=z");
    struct view name;
    struct view value;

    assert_true(url_query_next(&rest, &name, &value));
    assert_true(view_is(name, "a") && view_is(value, "1"));
    assert_true(url_query_next(&rest, &name, &value));
    assert_true(view_is(name, "b") && value.ptr == NULL);
    assert_true(url_query_next(&rest, &name, &value));
    assert_true(view_is(name, "c") && view_is(value, "x=y"));
    assert_true(url_query_next(&rest, &name, &value));
    assert_true(view_is(name, "") && view_is(value, "z"));
    assert_false(url_query_next(&rest, &name, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_urls_are_taken_apart),
        cmocka_unit_test(anything_else_is_refused_with_the_place_and_a_remedy),
        cmocka_unit_test(a_password_is_never_part_of_a_message),
        cmocka_unit_test(a_url_without_end_is_refused),
        cmocka_unit_test(the_host_header_leaves_out_the_usual_port),
        cmocka_unit_test(a_model_id_is_one_segment),
        cmocka_unit_test(any_bytes_come_back_from_percent_encoding),
        cmocka_unit_test(a_query_is_cut_into_names_and_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
