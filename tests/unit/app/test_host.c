/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of the environment's variables name a proxy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/host.h"
#include "shell/net/proxy.h"

static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                    "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};

static void forget_all(void)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

/* The proxy for a host, "-" for none. */
static const char *proxy_for(bool tls, const char *name)
{
    static char said[256];
    struct proxy_choice choice;
    struct strbuf room;
    struct err err;

    strbuf_init(&room, 4096);
    assert_int_equal(host_proxy(tls, view_of(name), 443, &room, &choice, &err), 0);
    snprintf(said, sizeof said, "%.*s", VIEW_ARG(choice.host));
    strbuf_release(&room);
    return said[0] != '\0' ? said : "-";
}

static void lower_case_counts_before_upper_case_and_http_proxy_only_so(void **state)
{
    (void)state;
    forget_all();
    assert_string_equal(proxy_for(true, "example.com"), "-");
    setenv("HTTP_PROXY", "http://header", 1);
    assert_string_equal(proxy_for(false, "example.com"), "-");
    setenv("http_proxy", "http://plain", 1);
    assert_string_equal(proxy_for(false, "example.com"), "plain");
    setenv("HTTPS_PROXY", "http://upper", 1);
    assert_string_equal(proxy_for(true, "example.com"), "upper");
    setenv("https_proxy", "http://lower", 1);
    assert_string_equal(proxy_for(true, "example.com"), "lower");
    setenv("https_proxy", "", 1);
    assert_string_equal(proxy_for(true, "example.com"), "upper");
    unsetenv("HTTPS_PROXY");
    setenv("ALL_PROXY", "http://all", 1);
    assert_string_equal(proxy_for(true, "example.com"), "all");
    setenv("NO_PROXY", "example.com", 1);
    assert_string_equal(proxy_for(true, "api.example.com"), "-");
    assert_string_equal(proxy_for(true, "example.org"), "all");
    assert_string_equal(proxy_for(true, "127.0.0.1"), "-");
    forget_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lower_case_counts_before_upper_case_and_http_proxy_only_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
