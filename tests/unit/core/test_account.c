/* SPDX-License-Identifier: Apache-2.0
 *
 * What a pool did, written and read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pool/account.h"

static const uint64_t MS = 1000000;

struct rig {
    struct pool pool;
    struct pool_account account;
    struct arena arena;
    struct strbuf text;
};

static uint64_t serve(struct pool *pool, uint64_t now_ns, uint32_t slot)
{
    const struct id ticket = {.slot = slot, .generation = 1};
    struct pool_event want = {.kind = POOL_WANT, .ticket = ticket, .deadline_ns = UINT64_MAX};
    struct pool_effect effect;
    struct id connection = {0};

    assert_int_equal(pool_feed(pool, now_ns, &want), 0);
    while (pool_next(pool, &effect)) {
        connection = effect.connection;
        if (effect.kind == POOL_OPEN) {
            struct pool_event opened = {.kind = POOL_OPENED, .connection = connection};
            now_ns += 30 * MS;
            assert_int_equal(pool_feed(pool, now_ns, &opened), 0);
        }
    }
    struct pool_event done = {
        .kind = POOL_STREAM_DONE, .connection = connection, .ticket = ticket, .reusable = true};
    now_ns += 400 * MS;
    assert_int_equal(pool_feed(pool, now_ns, &done), 0);
    while (pool_next(pool, &effect))
        continue;
    return now_ns;
}

static void rig_start(struct rig *rig)
{
    const struct pool_settings settings = {
        .connections_max = 4, .streams_max = 1, .tickets_max = 8};
    struct json_writer writer;
    uint64_t now_ns = 1000;

    assert_int_equal(pool_init(&rig->pool, &settings, now_ns), 0);
    for (uint32_t i = 0; i < 5; i++)
        now_ns = serve(&rig->pool, now_ns + 100 * MS, i);
    rig->account = (struct pool_account){.name = VIEW("haiku"),
                                         .service = VIEW("bedrock"),
                                         .connections_max = 4,
                                         .streams_max = 1,
                                         .checkout_in_ns = 2000 * MS,
                                         .histograms = *pool_histograms(&rig->pool)};
    pool_metrics(&rig->pool, &rig->account.metrics);
    arena_init(&rig->arena, 8 << 20);
    strbuf_init(&rig->text, 8 << 20);
    json_writer_init(&writer, &rig->text, 2);
    pool_account_write(&writer, &rig->account);
    assert_int_equal(strbuf_status(&rig->text), 0);
}

static void rig_release(struct rig *rig)
{
    pool_release(&rig->pool);
    arena_release(&rig->arena);
    strbuf_release(&rig->text);
}

static void what_was_written_is_read_again_without_loss(void **state)
{
    (void)state;
    struct rig rig;
    struct json *root;
    struct pool_account read;
    struct histogram all;

    rig_start(&rig);
    assert_int_equal(json_parse(&rig.arena, strbuf_view(&rig.text), &root, NULL), 0);
    assert_int_equal(pool_account_read(root, &read, NULL), 0);
    assert_true(view_is(read.name, "haiku") && view_is(read.service, "bedrock"));
    assert_int_equal(read.checkout_in_ns, 2000 * MS);
    assert_int_equal(read.metrics.checkouts, 5);
    assert_int_equal(read.metrics.reused, 4);
    assert_int_equal(read.metrics.utilization_micro, rig.account.metrics.utilization_micro);
    assert_true(read.metrics.utilization_micro > 0);
    assert_int_equal(histogram_max(&read.histograms.service_ns) / MS, 400);
    assert_int_equal(read.histograms.checkout_ns[POOL_WAY_CONNECTED].total, 1);
    assert_int_equal(pool_account_checkout(&read, &all), 0);
    assert_int_equal(all.total, 5);
    histogram_release(&all);
    pool_account_release(&read);
    rig_release(&rig);
}

/* The text with one piece of it replaced. */
static int read_altered(struct rig *rig, const char *from, const char *to, struct err *err)
{
    struct view text = strbuf_view(&rig->text);
    size_t at = view_find(text, view_of(from), 0);
    struct pool_account read;
    struct strbuf altered;
    struct json *root;

    assert_true(at < text.len);
    strbuf_init(&altered, 8 << 20);
    strbuf_add(&altered, view_slice(text, 0, at));
    strbuf_add_text(&altered, to);
    strbuf_add(&altered, view_slice(text, at + strlen(from), text.len));
    assert_int_equal(json_parse(&rig->arena, strbuf_view(&altered), &root, NULL), 0);
    int code = pool_account_read(root, &read, err);
    if (code == 0)
        pool_account_release(&read);
    strbuf_release(&altered);
    return code;
}

static void a_broken_account_names_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        const char *said;
    } wrong[] = {
        {"\"checkouts\": 5", "\"checkouts\": -5", "checkouts: expected a number"},
        {"\"max\": 4", "\"max\": \"many\"", "max: expected a number"},
        {"\"utilization\"", "\"utilisation\"", "utilization: expected a share"},
        {"\"service\": {", "\"services\": {", "times.service: is missing"},
        {"\"hdr_ns\": \"", "\"hdr_ns\": \"!", "times.checkout_reused.hdr_ns: "},
        {"\"elapsed_ms\": ", "\"elapsed_ms\": -", "elapsed_ms: expected milliseconds"},
    };
    struct rig rig;

    rig_start(&rig);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err err = {0};
        assert_int_not_equal(read_altered(&rig, wrong[i].from, wrong[i].to, &err), 0);
        if (strstr(err.text, wrong[i].said) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, wrong[i].said);
    }
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_again_without_loss),
        cmocka_unit_test(a_broken_account_names_its_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
