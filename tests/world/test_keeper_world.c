/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper of AWS keys over the simulated world: hours in an instant, over a network that loses
 * things. The server here is a container's endpoint, an instance's metadata and STS in one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/keeper.h"
#include "base/date.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "provider/credentials.h"
#include "world/world.h"

static const uint64_t SECOND = 1000000000;

enum { CONNECTIONS = 64, WAITERS = 8, TEXT_MAX = 64 * 1024 };

struct rig;

struct conversation {
    struct rig *rig;
    struct id id;
    struct strbuf heard;
};

struct asking {
    struct rig *rig;
    struct keeper_waiter waiter;
    int readies;
    int code;
    char text[1024];
};

struct rig {
    struct world *world;
    struct outside *outside;
    struct host host;
    uint16_t port;
    struct conversation conversations[CONNECTIONS];
    struct strbuf requests; /* all that were heard, one behind another */
    int served;
    int lasts_s; /* the keys that it gives */
    int fails;   /* so many of the next requests get status 500 */
    bool denies; /* 403 for all */
    char url[64];
    struct credentials way;
    struct keeper *keeper;
    struct asking askings[WAITERS];
};

static int64_t unix_s(struct rig *rig)
{
    return rig->outside->ops->unix_s(rig->outside);
}

/* ---- the server ----------------------------------------------------------------------------- */

static void add_keys(struct rig *rig, struct strbuf *body, bool xml)
{
    char expires[DATE_ISO_SIZE];

    date_iso(unix_s(rig) + rig->lasts_s, expires);
    if (xml)
        strbuf_printf(body,
                      "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ID-%d"
                      "</AccessKeyId><SecretAccessKey>SECRET</SecretAccessKey><SessionToken>T"
                      "</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult>"
                      "</AssumeRoleResponse>",
                      rig->served, expires);
    else
        strbuf_printf(body,
                      "{\"AccessKeyId\":\"ID-%d\",\"SecretAccessKey\":\"SECRET\",\"Token\":\"T\","
                      "\"Expiration\":\"%s\"}",
                      rig->served, expires);
}

static void answer(struct conversation *conversation)
{
    struct rig *rig = conversation->rig;
    struct view heard = strbuf_view(&conversation->heard);
    struct strbuf body;
    struct strbuf out;
    int status = rig->fails > 0 ? 500 : rig->denies ? 403 : 200;

    strbuf_init(&body, TEXT_MAX);
    strbuf_init(&out, TEXT_MAX);
    strbuf_add(&rig->requests, heard);
    rig->fails -= rig->fails > 0;
    rig->served++;
    if (status == 403)
        strbuf_add_text(&body, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no"
                               "</Message></Error></ErrorResponse>");
    else if (view_starts(heard, view_of("PUT /latest/api/token ")))
        strbuf_add_text(&body, "session");
    else if (view_starts(heard, view_of("GET /latest/meta-data/iam/security-credentials/ ")))
        strbuf_add_text(&body, "my-role\n");
    else
        add_keys(rig, &body, view_starts(heard, view_of("POST ")));
    strbuf_printf(&out, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", status, body.len,
                  strbuf_text(&body));
    (void)!rig->outside->ops->write(rig->outside, conversation->id, strbuf_view(&out));
    strbuf_reset(&conversation->heard);
    strbuf_release(&body);
    strbuf_release(&out);
}

static bool is_whole(struct view heard)
{
    size_t end = view_find(heard, view_of("\r\n\r\n"), 0);
    size_t at = view_find(heard, view_of("Content-Length: "), 0);
    int64_t length = 0;

    if (end == heard.len)
        return false;
    if (at < end) {
        struct view rest = view_slice(heard, at + 16, heard.len);
        assert_int_equal(view_to_int(view_trim(view_split(&rest, '\n')), &length), 0);
    }
    return heard.len >= end + 4 + (size_t)length;
}

static void listen_to_client(void *context, const struct outside_event *event)
{
    struct rig *rig = context;

    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct conversation *conversation = &rig->conversations[i];
        if (event->kind == OUTSIDE_ACCEPTED && id_is_none(conversation->id)) {
            conversation->rig = rig;
            conversation->id = event->connection;
            strbuf_init(&conversation->heard, TEXT_MAX);
            return;
        }
        if (!id_equal(conversation->id, event->connection))
            continue;
        if (event->kind == OUTSIDE_CLOSED) {
            strbuf_release(&conversation->heard);
            conversation->id = (struct id){0};
        } else if (event->kind == OUTSIDE_BYTES) {
            strbuf_add(&conversation->heard, event->bytes);
            if (is_whole(strbuf_view(&conversation->heard)))
                answer(conversation);
        }
        return;
    }
}

/* ---- the rig -------------------------------------------------------------------------------- */

static void rig_open(struct rig *rig, uint64_t seed, const struct world_link *link)
{
    const struct world_options options = {.seed = seed};

    *rig = (struct rig){.lasts_s = 3600};
    strbuf_init(&rig->requests, 16 * 1024 * 1024);
    assert_int_equal(world_new(&options, &rig->world), 0);
    if (link != NULL)
        assert_int_equal(world_set_link(rig->world, (struct view){0}, 0, link), 0);
    rig->outside = world_outside(rig->world);
    rig->host.outside = rig->outside;
    const struct outside_port port = {.host = VIEW("127.0.0.1")};
    struct id listening;
    assert_int_equal(rig->outside->ops->listen(rig->outside, &port, listen_to_client, rig,
                                               &listening, &rig->port, NULL),
                     0);
    snprintf(rig->url, sizeof rig->url, "http://127.0.0.1:%u", rig->port);
    rig->way = (struct credentials){
        .kind = CREDENTIALS_CONTAINER,
        .source = "container endpoint",
        .url = view_of(rig->url),
        .path = VIEW("/keys"),
        .token = VIEW("agent"),
        .sts_url = view_of(rig->url),
        .attempts = 1,
        .timeout_s = 1,
    };
}

static void rig_start(struct rig *rig)
{
    const struct keeper_options options = {.credentials = &rig->way, .seed = 7};
    struct err err = {0};

    if (keeper_new(&rig->host, &options, &rig->keeper, &err) != 0)
        fail_msg("%s", err.text);
}

static void rig_close(struct rig *rig)
{
    for (size_t i = 0; i < WAITERS; i++)
        keeper_forget(rig->keeper, &rig->askings[i].waiter);
    keeper_free(rig->keeper);
    world_free(rig->world);
    for (size_t i = 0; i < CONNECTIONS; i++)
        strbuf_release(&rig->conversations[i].heard);
    strbuf_release(&rig->requests);
}

static void run_for(struct rig *rig, uint64_t ns)
{
    assert_int_equal(world_run(rig->world, world_now(rig->world) + ns), 0);
}

static void ready(void *context, int code, const char *text)
{
    struct asking *asking = context;

    asking->readies++;
    asking->code = code;
    snprintf(asking->text, sizeof asking->text, "%s", text);
}

static int ask(struct rig *rig, size_t i, struct sigv4_credentials *ret_keys)
{
    struct asking *asking = &rig->askings[i];
    struct err err = {0};

    asking->rig = rig;
    asking->waiter.ready = ready;
    asking->waiter.context = asking;
    asking->code = 1;
    int before = asking->readies;
    int code = keeper_keys(rig->keeper, &asking->waiter, ret_keys, &err);
    assert_int_equal(asking->readies, before); /* never from inside */
    snprintf(asking->text, sizeof asking->text, "%s", err.text);
    return code;
}

static bool heard(const struct rig *rig, const char *text)
{
    struct view all = strbuf_view(&rig->requests);

    return view_find(all, view_of(text), 0) < all.len;
}

static void expect_keys(struct rig *rig, const char *id)
{
    struct sigv4_credentials keys = {0};

    assert_int_equal(ask(rig, 0, &keys), 0);
    assert_true(view_is(keys.access_key, id));
    assert_true(view_is(keys.session_token, "T"));
}

/* ---- promises ------------------------------------------------------------------------------- */

static void all_that_wait_are_told_once_and_one_fetch_serves_them(void **state)
{
    (void)state;
    struct rig rig;
    struct sigv4_credentials keys;

    rig_open(&rig, 1, NULL);
    rig_start(&rig);
    for (size_t i = 0; i < WAITERS; i++)
        assert_int_equal(ask(&rig, i, &keys), ERR_BUSY);
    assert_int_equal(ask(&rig, 0, &keys), ERR_BUSY); /* again: it goes on waiting */
    keeper_forget(rig.keeper, &rig.askings[3].waiter);
    run_for(&rig, SECOND);
    for (size_t i = 0; i < WAITERS; i++) {
        assert_int_equal(rig.askings[i].readies, i == 3 ? 0 : 1);
        assert_int_equal(rig.askings[i].code, i == 3 ? 1 : 0);
    }
    assert_int_equal(rig.served, 1);
    assert_true(heard(&rig, "GET /keys HTTP/1.1\r\n"));
    assert_true(heard(&rig, "Authorization: agent\r\n"));
    expect_keys(&rig, "ID-1");
    rig_close(&rig);
}

static void keys_that_stand_there_are_given_at_once(void **state)
{
    (void)state;
    struct rig rig;
    struct sigv4_credentials keys;

    rig_open(&rig, 1, NULL);
    rig.way = (struct credentials){
        .kind = CREDENTIALS_STATIC,
        .keys = {.access_key = VIEW("ID"), .secret_key = VIEW("SECRET")},
        .source = "environment",
    };
    rig_start(&rig);
    assert_int_equal(ask(&rig, 0, &keys), 0);
    assert_true(view_is(keys.access_key, "ID"));
    assert_int_equal(world_run(rig.world, UINT64_MAX), 0); /* and nothing is left to be done */
    rig_close(&rig);
}

static void an_instance_is_asked_for_a_session_a_role_and_its_keys(void **state)
{
    (void)state;
    struct rig rig;
    struct sigv4_credentials keys;

    rig_open(&rig, 1, NULL);
    rig.way.kind = CREDENTIALS_INSTANCE;
    rig_start(&rig);
    assert_int_equal(ask(&rig, 0, &keys), ERR_BUSY);
    run_for(&rig, SECOND);
    expect_keys(&rig, "ID-3");
    assert_true(heard(&rig, "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    assert_true(heard(&rig, "x-aws-ec2-metadata-token: session\r\n"));
    assert_true(heard(&rig, "GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1\r\n"));
    rig_close(&rig);
}

static void roles_are_assumed_one_after_another_and_signed(void **state)
{
    (void)state;
    struct rig rig;
    struct sigv4_credentials keys;

    rig_open(&rig, 1, NULL);
    rig.way.roles[0] = (struct credentials_role){.arn = VIEW("arn:one")};
    rig.way.roles[1] = (struct credentials_role){.arn = VIEW("arn:two"), .external_id = VIEW("E")};
    rig.way.role_count = 2;
    rig.way.sts_region = (struct view)VIEW("eu-west-1");
    rig_start(&rig);
    assert_int_equal(ask(&rig, 0, &keys), ERR_BUSY);
    run_for(&rig, SECOND);
    expect_keys(&rig, "ID-3");
    assert_true(heard(&rig, "RoleArn=arn%3Aone"));
    assert_true(heard(&rig, "RoleArn=arn%3Atwo"));
    assert_true(heard(&rig, "ExternalId=E"));
    assert_true(heard(&rig, "Credential=ID-1/20260101/eu-west-1/sts/aws4_request"));
    assert_true(heard(&rig, "Credential=ID-2/20260101/eu-west-1/sts/aws4_request"));
    assert_false(heard(&rig, "SECRET"));
    rig_close(&rig);
}

static void a_refusal_is_told_with_its_reason_and_not_asked_again_at_once(void **state)
{
    (void)state;
    struct rig rig;
    struct sigv4_credentials keys;

    rig_open(&rig, 1, NULL);
    rig.way.kind = CREDENTIALS_STATIC;
    rig.way.keys = (struct sigv4_credentials){.access_key = VIEW("ID"), .secret_key = VIEW("SEC")};
    rig.way.roles[0] = (struct credentials_role){.arn = VIEW("arn:one")};
    rig.way.role_count = 1;
    rig.denies = true;
    rig_start(&rig);
    assert_int_equal(ask(&rig, 0, &keys), ERR_BUSY);
    run_for(&rig, SECOND / 2);
    assert_int_equal(rig.askings[0].code, ERR_DENIED);
    assert_non_null(strstr(rig.askings[0].text, "asked for the role arn:one: AccessDenied: no; "));
    assert_int_equal(ask(&rig, 0, &keys), ERR_DENIED);
    assert_non_null(strstr(rig.askings[0].text, "AccessDenied: no"));
    assert_int_equal(rig.served, 1);
    rig.denies = false;
    run_for(&rig, 3 * SECOND);
    assert_int_equal(ask(&rig, 0, &keys), ERR_BUSY);
    run_for(&rig, SECOND);
    expect_keys(&rig, "ID-2");
    rig_close(&rig);
}

static void a_server_that_fails_is_asked_again_within_the_fetch(void **state)
{
    (void)state;
    struct rig rig;
    struct sigv4_credentials keys;

    rig_open(&rig, 1, NULL);
    rig.fails = 2;
    rig_start(&rig);
    assert_int_equal(ask(&rig, 0, &keys), ERR_BUSY);
    run_for(&rig, 10 * SECOND);
    expect_keys(&rig, "ID-3");
    rig_close(&rig);
}

static void a_machine_that_is_no_instance_is_told_so_soon(void **state)
{
    (void)state;
    const struct world_link hangs = {.hang_micro = 1000000};
    struct rig rig;
    struct sigv4_credentials keys;

    rig_open(&rig, 1, &hangs);
    rig.way.kind = CREDENTIALS_INSTANCE;
    rig_start(&rig);
    assert_int_equal(ask(&rig, 0, &keys), ERR_BUSY);
    run_for(&rig, 3 * SECOND);
    assert_int_equal(rig.askings[0].readies, 1);
    assert_int_not_equal(rig.askings[0].code, 0);
    assert_non_null(strstr(rig.askings[0].text, "the instance's metadata at http://127.0.0.1"));
    assert_non_null(strstr(rig.askings[0].text, "set AWS_ACCESS_KEY_ID"));
    rig_close(&rig);
}

static void keys_in_use_are_fresh_for_days_though_the_server_fails_often(void **state)
{
    (void)state;
    const struct world_link bad = {.latency_ns = 1000000,
                                   .jitter_ns = 1000000,
                                   .piece_bytes = 50,
                                   .refuse_micro = 200000,
                                   .hang_micro = 50000,
                                   .reset_micro = 200000,
                                   .cut_micro = 100000};
    struct rng rng;

    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct rig rig;
        struct sigv4_credentials keys;
        int given = 0;
        rig_open(&rig, seed, &bad);
        rig_start(&rig);
        rng_init(&rng, seed);
        for (int minute = 0; minute < 2 * 24 * 60; minute++) {
            rig.fails = rng_below(&rng, 4) == 0 ? 3 : 0;
            int code = ask(&rig, rng_below(&rng, WAITERS), &keys);
            assert_true(code == 0 || code == ERR_BUSY || minute < 10);
            given += code == 0;
            run_for(&rig, 60 * SECOND);
        }
        if (given < 2 * 24 * 60 - 20 || rig.served > 600)
            fail_msg("seed %d: given %d times, asked %d", (int)seed, given, rig.served);
        rig_close(&rig);
    }
}

static void all_that_sign_the_same_way_share_a_keeper(void **state)
{
    (void)state;
    struct rig rig;
    struct keeper *second;
    struct keeper *other;
    struct keeper_options options = {.seed = 7};
    struct sigv4_credentials keys;

    rig_open(&rig, 1, NULL);
    assert_int_equal(keepers_new(&rig.host.keepers, NULL), 0);
    rig_start(&rig);
    struct credentials way = rig.way;
    options.credentials = &way;
    assert_int_equal(keeper_new(&rig.host, &options, &second, NULL), 0);
    assert_ptr_equal(second, rig.keeper);
    way.roles[way.role_count++] = (struct credentials_role){.arn = VIEW("arn:one")};
    assert_int_equal(keeper_new(&rig.host, &options, &other, NULL), 0);
    assert_ptr_not_equal(other, rig.keeper);
    keeper_free(second);
    keeper_free(other);
    assert_int_equal(ask(&rig, 0, &keys), ERR_BUSY);
    run_for(&rig, SECOND);
    expect_keys(&rig, "ID-1");
    struct keepers *keepers = rig.host.keepers;
    rig_close(&rig);
    keepers_free(keepers);
}

static void one_that_is_freed_while_it_fetches_leaves_nothing(void **state)
{
    (void)state;

    for (uint64_t pause = 0; pause < 20; pause++) {
        struct rig rig;
        struct sigv4_credentials keys;
        rig_open(&rig, 1, NULL);
        rig.way.roles[0] = (struct credentials_role){.arn = VIEW("arn:one")};
        rig.way.role_count = 1;
        rig_start(&rig);
        assert_int_equal(ask(&rig, 0, &keys), ERR_BUSY);
        run_for(&rig, pause * 50000);
        rig_close(&rig);
    }
}

static void without_memory_there_are_no_keys_but_a_reason(void **state)
{
    (void)state;
    int refused = 0;
    int fetched = 0;

    for (unsigned long n = 1; n < 60; n++) {
        struct rig rig;
        struct sigv4_credentials keys;
        struct err err = {0};
        rig_open(&rig, 1, NULL);
        rig.way.roles[0] = (struct credentials_role){.arn = VIEW("arn:one")};
        rig.way.role_count = 1;
        const struct keeper_options options = {.credentials = &rig.way, .seed = 7};
        mem_fail_at(n);
        int code = keeper_new(&rig.host, &options, &rig.keeper, &err);
        if (code == 0)
            code = ask(&rig, 0, &keys);
        mem_fail_at(0);
        assert_true(code == ERR_BUSY || code == ERR_MEMORY || code == ERR_LIMIT);
        refused += code != ERR_BUSY;
        assert_true(code == ERR_BUSY || err.text[0] != '\0' || rig.askings[0].text[0] != '\0');
        if (code == ERR_BUSY) { /* and now while it fetches */
            mem_fail_at(n);
            (void)!world_run(rig.world, world_now(rig.world) + 100000);
            mem_fail_at(0); /* the world itself may have found none */
            if (world_run(rig.world, world_now(rig.world) + 130 * SECOND) == 0) {
                assert_int_equal(rig.askings[0].readies, 1);
                fetched++;
            }
        }
        rig_close(&rig);
    }
    assert_in_range(refused, 3, 50);
    assert_in_range(fetched, 3, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_wait_are_told_once_and_one_fetch_serves_them),
        cmocka_unit_test(keys_that_stand_there_are_given_at_once),
        cmocka_unit_test(an_instance_is_asked_for_a_session_a_role_and_its_keys),
        cmocka_unit_test(roles_are_assumed_one_after_another_and_signed),
        cmocka_unit_test(a_refusal_is_told_with_its_reason_and_not_asked_again_at_once),
        cmocka_unit_test(a_server_that_fails_is_asked_again_within_the_fetch),
        cmocka_unit_test(a_machine_that_is_no_instance_is_told_so_soon),
        cmocka_unit_test(keys_in_use_are_fresh_for_days_though_the_server_fails_often),
        cmocka_unit_test(all_that_sign_the_same_way_share_a_keeper),
        cmocka_unit_test(without_memory_there_are_no_keys_but_a_reason),
        cmocka_unit_test(one_that_is_freed_while_it_fetches_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
