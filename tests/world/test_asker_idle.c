/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections of an asker that nobody uses for a while: they are kept, checked, found dead, and
 * closed at last. One test a promise, each for HTTP/1.1 and HTTP/2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/asker.h"
#include "scripted_server.h"
#include "world/world.h"

static const uint64_t MILLISECOND = 1000000;
static const uint64_t SECOND = 1000000000;

struct rig {
    struct world *world;
    struct scripted_server *server;
    struct asker *asker;
    struct provider_target target;
    char url[64];
    int done;
    int code;
    uint32_t attempts;
};

static void rig_open(struct rig *rig, enum asker_http http)
{
    const struct world_options world = {.seed = 3};
    struct err err = {0};
    uint16_t port = 0;

    *rig = (struct rig){0};
    assert_int_equal(world_new(&world, &rig->world), 0);
    rig->server = scripted_server_new(world_outside(rig->world), MILLISECOND, &port);
    if (http == ASKER_HTTP_2)
        scripted_server_speak_http2(rig->server);
    snprintf(rig->url, sizeof rig->url, "http://127.0.0.1:%u/v1", port);
    rig->target = (struct provider_target){.kind = PROVIDER_OPENAI,
                                           .name = VIEW("idle"),
                                           .model = VIEW("m"),
                                           .url = view_of(rig->url)};
    const struct asker_options options = {.target = &rig->target, .http = http, .seed = 1};
    assert_int_equal(asker_new(world_outside(rig->world), NULL, &options, &rig->asker, &err), 0);
}

static void rig_close(struct rig *rig)
{
    asker_free(rig->asker);
    scripted_server_free(rig->server);
    world_free(rig->world);
}

static void done(void *context, struct id ask, const struct answer *answer)
{
    struct rig *rig = context;

    (void)ask;
    rig->done++;
    rig->code = answer->reply.code;
    rig->attempts = answer->attempts;
}

static void ask(struct rig *rig)
{
    const struct chat_message message = {.role = CHAT_USER, .text = VIEW("do:answer")};
    const struct chat chat = {.messages = &message, .message_count = 1};
    struct err err = {0};

    assert_int_equal(asker_ask(rig->asker, &chat, done, rig, NULL, &err), 0);
}

static void wait_s(struct rig *rig, uint64_t seconds)
{
    assert_int_equal(world_run(rig->world, world_now(rig->world) + seconds * SECOND), 0);
}

static const enum asker_http versions[] = {ASKER_HTTP_1, ASKER_HTTP_2};

static void a_connection_that_lives_is_kept_for_minutes_and_closed_at_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig rig;
        rig_open(&rig, versions[i]);
        ask(&rig);
        wait_s(&rig, 290);
        assert_int_equal(scripted_server_figures(rig.server).open, 1);
        ask(&rig);
        wait_s(&rig, 10);
        assert_int_equal(rig.done, 2);
        assert_int_equal(rig.code, 0);
        assert_int_equal(scripted_server_figures(rig.server).connections, 1);
        wait_s(&rig, 400);
        assert_int_equal(scripted_server_figures(rig.server).open, 0);
        rig_close(&rig);
    }
}

static void a_connection_that_died_unseen_is_found_before_it_is_needed(void **state)
{
    (void)state;
    struct rig rig;

    rig_open(&rig, ASKER_HTTP_2);
    ask(&rig);
    wait_s(&rig, 1);
    scripted_server_freeze(rig.server, true);
    wait_s(&rig, 80); /* a check, and the time it may take */
    scripted_server_freeze(rig.server, false);
    ask(&rig);
    wait_s(&rig, 5);
    assert_int_equal(rig.done, 2);
    assert_int_equal(rig.code, 0);
    assert_int_equal(rig.attempts, 1);
    assert_int_equal(scripted_server_figures(rig.server).connections, 2);
    rig_close(&rig);
}

static void a_server_that_closes_idle_connections_is_no_trouble(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig rig;
        rig_open(&rig, versions[i]);
        for (int n = 0; n < 5; n++) {
            ask(&rig);
            wait_s(&rig, 5);
            scripted_server_drop(rig.server);
            wait_s(&rig, 5);
            assert_int_equal(rig.done, n + 1);
            assert_int_equal(rig.code, 0);
        }
        assert_int_equal(scripted_server_figures(rig.server).connections, 5);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_lives_is_kept_for_minutes_and_closed_at_last),
        cmocka_unit_test(a_connection_that_died_unseen_is_found_before_it_is_needed),
        cmocka_unit_test(a_server_that_closes_idle_connections_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
