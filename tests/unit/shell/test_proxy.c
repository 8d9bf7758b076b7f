/* SPDX-License-Identifier: Apache-2.0
 *
 * Which proxy for which host. The rows marked P are what Python 3's urllib.request says too
 * (proxy_bypass_environment), those marked C what curl 7.88 does; the others are where the two part
 * or say nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shell/net/proxy.h"

static void no_proxy_names_hosts_by_the_rules_of_curl_and_python(void **state)
{
    static const struct {
        const char *no_proxy;
        const char *host;
        uint16_t port;
        bool bypassed;
    } rows[] = {
        {"", "example.com", 443, false},                         /* P C */
        {"*", "example.com", 443, true},                         /* P C */
        {"example.com", "example.com", 443, true},               /* P C */
        {"example.com", "EXAMPLE.com", 443, true},               /* P C */
        {"EXAMPLE.COM", "api.example.com", 443, true},           /* P C */
        {"example.com", "api.example.com", 443, true},           /* P C */
        {".example.com", "api.example.com", 443, true},          /* P C */
        {".example.com", "example.com", 443, true},              /* P C */
        {"example.com", "notexample.com", 443, false},           /* P C */
        {"example.com", "example.com.evil.org", 443, false},     /* P C */
        {"a.org, example.com ,b.org", "example.com", 443, true}, /* P C */
        {"a.org example.com", "example.com", 443, true},         /* C */
        {"a.org,,b.org,", "example.com", 443, false},            /* P C */
        {"example.com.", "example.com", 443, true},              /* C */
        {"example.com", "example.com.", 443, true},              /* C */
        {"example.com:443", "example.com", 443, true},           /* P */
        {"example.com:443", "example.com", 8443, false},         /* P */
        {"example.com:443", "api.example.com", 443, true},       /* P */
        {"example.com:x", "example.com", 443, false},
        {"*.example.com", "api.example.com", 443, true},
        {"a.org,*", "example.com", 443, true},
        {"com", "example.com", 443, true},                /* P C */
        {"10.0.0.1", "10.0.0.1", 443, true},              /* P C */
        {"10.0.0.1", "10.0.0.10", 443, false},            /* P C */
        {"10.0.0.1:443", "10.0.0.1", 443, true},          /* P */
        {"10.0.0.1:80", "10.0.0.1", 443, false},          /* P */
        {"0.0.1", "10.0.0.1", 443, false},                /* C */
        {"10.0.0.0/8", "10.200.3.4", 443, true},          /* C */
        {"10.0.0.0/8", "11.0.0.1", 443, false},           /* C */
        {"192.168.0.0/15", "192.169.255.255", 443, true}, /* C */
        {"192.168.0.0/15", "192.170.0.0", 443, false},    /* C */
        {"10.1.2.3/32", "10.1.2.3", 443, true},           /* C */
        {"10.1.2.3/32", "10.1.2.2", 443, false},          /* C */
        {"0.0.0.0/0", "8.8.8.8", 443, true},
        {"0.0.0.0/0", "example.com", 443, false},
        {"10.0.0.0/33", "10.0.0.0", 443, false}, /* C */
        {"10.0.0.0/", "10.0.0.0", 443, false},
        {"10.0.0.0/-1", "10.0.0.0", 443, false},
        {"/8", "10.0.0.0", 443, false},
        {"fe80::/10", "fe80::1", 443, true},
        {"fe80::/10", "fec0::1", 443, false},           /* C */
        {"2001:db8::1", "2001:0db8:0:0::1", 443, true}, /* C */
        {"[2001:db8::1]", "2001:db8::1", 443, true},
        {"[2001:db8::1]:443", "2001:db8::1", 443, true},
        {"[2001:db8::1]:80", "2001:db8::1", 443, false},
        {"[2001:db8::1", "2001:db8::1", 443, false},
        {"[]", "2001:db8::1", 443, false},
        {"::/0", "10.0.0.1", 443, false},
        {":", "example.com", 443, false},
        {".", "example.com", 443, false},
        {"*.", "example.com", 443, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (proxy_is_bypassed(view_of(rows[i].no_proxy), view_of(rows[i].host), rows[i].port)
            != rows[i].bypassed)
            fail_msg("no_proxy='%s' and %s:%u: not %d", rows[i].no_proxy, rows[i].host,
                     rows[i].port, rows[i].bypassed);
    }
}

/* "host port user" of a choice, "-" for a direct way. */
static const char *choose(const struct proxy_settings *settings, bool tls, const char *host)
{
    static char said[ERR_TEXT_MAX];
    struct proxy_choice choice;
    struct strbuf room;
    struct err err = {0};

    strbuf_init(&room, 4096);
    int code = proxy_choose(settings, tls, view_of(host), 443, &room, &choice, &err);
    if (code != 0)
        snprintf(said, sizeof said, "%s", err.text);
    else if (choice.host.len == 0)
        snprintf(said, sizeof said, "-");
    else
        snprintf(said, sizeof said, "%.*s %u %.*s", VIEW_ARG(choice.host), choice.port,
                 VIEW_ARG(choice.user));
    strbuf_release(&room);
    return said;
}

static void each_scheme_has_its_variable_and_all_proxy_stands_in(void **state)
{
    struct proxy_settings settings = {.http_proxy = VIEW("http://plain:1"),
                                      .https_proxy = VIEW("http://secure:2"),
                                      .all_proxy = VIEW("http://all:3")};

    (void)state;
    assert_string_equal(choose(&settings, false, "example.com"), "plain 1 ");
    assert_string_equal(choose(&settings, true, "example.com"), "secure 2 ");
    settings.https_proxy = view_of("");
    assert_string_equal(choose(&settings, true, "example.com"), "all 3 ");
    settings.all_proxy = view_of("  ");
    assert_string_equal(choose(&settings, true, "example.com"), "-");
    assert_string_equal(choose(&settings, false, "example.com"), "plain 1 ");
    settings.no_proxy = view_of("example.com");
    assert_string_equal(choose(&settings, false, "api.example.com"), "-");
}

static void what_is_on_this_machine_is_reached_directly(void **state)
{
    struct proxy_settings settings = {.all_proxy = VIEW("http://proxy:3128")};
    static const char *const here[] = {"localhost", "LOCALHOST", "localhost.", "a.localhost",
                                       "127.0.0.1", "127.9.9.9", "::1",        "0:0:0:0:0:0:0:1"};
    static const char *const there[] = {"localhost.example.com", "128.0.0.1", "::2",
                                        "notlocalhost"};

    (void)state;
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        assert_string_equal(choose(&settings, true, here[i]), "-");
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++)
        assert_string_equal(choose(&settings, true, there[i]), "proxy 3128 ");
}

static void a_proxy_is_written_as_a_url_or_as_a_host(void **state)
{
    static const struct {
        const char *text;
        const char *said;
    } rows[] = {
        {"http://proxy.example:3128", "proxy.example 3128 "},
        {"http://proxy.example:3128/", "proxy.example 3128 "},
        {"proxy.example:3128", "proxy.example 3128 "},
        {"proxy.example", "proxy.example 80 "},
        {"HTTP://proxy.example", "proxy.example 80 "},
        {"http://[2001:db8::1]:8080", "2001:db8::1 8080 "},
        {"http://user:pass@proxy:1", "proxy 1 user:pass"},
        {"http://us%40er:p%3Ass%20@proxy:1", "proxy 1 us@er:p:ss "},
        {"user@proxy:1", "proxy 1 user"},
    };
    struct proxy_settings settings = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        settings.https_proxy = view_of(rows[i].text);
        assert_string_equal(choose(&settings, true, "example.com"), rows[i].said);
    }
}

static void a_proxy_that_cannot_be_is_refused_by_name_and_without_its_password(void **state)
{
    static const char *const bad[] = {
        "socks5://proxy:1080", "https://proxy:1",         "ws://proxy", "http://", "proxy:99999",
        "http://a b:1",        "http://u:s3cret@pro xy:1"};
    struct proxy_settings settings = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        settings.https_proxy = view_of(bad[i]);
        const char *said = choose(&settings, true, "example.com");
        if (strstr(said, "https_proxy: ") != said || strstr(said, "write http://") == NULL
            || strstr(said, "s3cret") != NULL)
            fail_msg("'%s' gives '%s'", bad[i], said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_proxy_names_hosts_by_the_rules_of_curl_and_python),
        cmocka_unit_test(each_scheme_has_its_variable_and_all_proxy_stands_in),
        cmocka_unit_test(what_is_on_this_machine_is_reached_directly),
        cmocka_unit_test(a_proxy_is_written_as_a_url_or_as_a_host),
        cmocka_unit_test(a_proxy_that_cannot_be_is_refused_by_name_and_without_its_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
