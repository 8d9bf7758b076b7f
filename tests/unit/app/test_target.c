/* SPDX-License-Identifier: Apache-2.0
 *
 * What a target's settings become: the options of its asker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/carrier.h"
#include "app/target.h"
#include "config/problems.h"
#include "world/world.h"

/* Opens the only target of the text and calls `look` with its asker's options. */
static void open_and_look(const char *yaml, void (*look)(const struct asker *asker))
{
    const struct world_options world_options = {.seed = 1};
    const struct target_overrides overrides = {.max_in_flight = 7};
    struct world *world = NULL;
    struct arena arena;
    struct problems problems;
    struct settings settings = {0};
    struct target target = {0};
    struct err err = {0};

    arena_init(&arena, 1 << 20);
    problems_init(&problems, &arena, view_of("assay.yaml"));
    assert_int_equal(settings_load(&arena, view_of("assay.yaml"), view_of(yaml), NULL, 0, NULL,
                                   NULL, &problems, &settings),
                     0);
    assert_int_equal(world_new(&world_options, &world), 0);
    const struct host host = {.outside = world_outside(world)};
    if (target_prepare(&settings, &settings.targets[0], &overrides, &arena, &target, &err) != 0
        || target_open(&target, &host, &overrides, &err) != 0)
        fail_msg("%s", err.text);
    look(target.asker);
    target_close(&target);
    world_free(world);
    arena_release(&arena);
}

static void expect_all(const struct asker *asker)
{
    assert_true(asker->options.stream);
    assert_int_equal(asker->options.http, ASKER_HTTP_2);
    assert_int_equal(asker->options.max_in_flight, 3);
    assert_int_equal(asker->options.attempts, 5);
    assert_int_equal(asker->options.rpm, 60);
    assert_true(asker->options.timeout_ns == 9000000000);
    assert_true(asker->options.tls_insecure);
    assert_int_equal(asker->options.proxy_host.len, 0);
}

static void what_is_said_of_a_target_reaches_its_asker(void **state)
{
    (void)state;
    open_and_look("targets:\n"
                  "  local: {kind: openai, url: 'http://127.0.0.1:1/v1', model: m, stream: true,\n"
                  "          http: 2, max_in_flight: 3, attempts: 5, timeout: 9s,\n"
                  "          quota: {rpm: 60}, tls: {insecure: true}}\n",
                  expect_all);
}

static void expect_proxy(const struct asker *asker)
{
    assert_false(asker->options.stream);
    assert_int_equal(asker->options.http, ASKER_HTTP_AUTO);
    assert_int_equal(asker->options.max_in_flight, 7);
    assert_true(view_is(asker->options.proxy_host, "proxy.example"));
    assert_int_equal(asker->options.proxy_port, 3128);
    assert_true(view_is(asker->options.proxy_user, "me:secret"));
}

static void the_environments_proxy_reaches_its_asker(void **state)
{
    (void)state;
    setenv("https_proxy", "http://me:secret@proxy.example:3128", 1);
    open_and_look("targets:\n"
                  "  far: {kind: openai, url: 'https://api.example/v1', model: m, api_key: ''}\n",
                  expect_proxy);
    unsetenv("https_proxy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_of_a_target_reaches_its_asker),
        cmocka_unit_test(the_environments_proxy_reaches_its_asker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
