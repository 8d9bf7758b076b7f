/* SPDX-License-Identifier: Apache-2.0
 *
 * What channels are sent: within their limits whatever the texts hold, and nothing of a secret. */
#include "core/alerts/body.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "engine/patterns.h"
#include "wire/json.h"

enum { ENTRIES = 500 };

static struct arena arena;
static struct strbuf out;
static struct scan_set *set;
static struct mask mask;
static const struct view own_secrets[] = {VIEW("/services/T0/B0/hush-hush"), VIEW("short"),
                                          VIEW("hush-hush")};

static int set_up(void **unused)
{
    struct scan_plan *plan = NULL;
    struct err err = {0};

    (void)unused;
    arena_init(&arena, 64 << 20);
    strbuf_init(&out, BODY_BYTES_MAX);
    assert_int_equal(scan_plan_new(&plan), 0);
    assert_int_equal(mask_plan(plan, &err), 0);
    assert_int_equal(patterns_compile(plan, NULL, &set, NULL, &err), 0);
    scan_plan_free(plan);
    mask = (struct mask){.set = set, .secrets = own_secrets, .secret_count = 3};
    return patterns_scratch_new(set, &mask.scratch);
}

static int tear_down(void **unused)
{
    (void)unused;
    patterns_scratch_free(mask.scratch);
    patterns_free(set);
    strbuf_release(&out);
    arena_release(&arena);
    return 0;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static struct run_entry entries[ENTRIES];
static struct sample samples[ENTRIES];
static struct view reasons[1];

static struct run run_of(struct view text, size_t count)
{
    reasons[0] = text;
    for (size_t i = 0; i < count; i++) {
        samples[i] = (struct sample){.scored = true, .answer = {.reply = {.text = text}}};
        entries[i] = (struct run_entry){
            .id = text,
            .target = view_of("chat"),
            .samples = &samples[i],
            .sample_count = 1,
            .scored_count = 1,
            .score = {.total_micro = 412345},
            .reason = text,
        };
    }
    return (struct run){
        .id = view_of("run-1"),
        .suite = view_of("shop"),
        .entries = entries,
        .entry_count = count,
        .gate = {.outcome = GATE_FAIL, .exit_status = 1, .reasons = reasons, .reason_count = 1},
    };
}

static struct alert alert_of(const struct run *run, bool answers)
{
    const struct alert_wish wish = {
        .action = ALERT_TRIGGER,
        .topic = ALERT_GATE,
        .kinds = alert_facts_of(run, false, false, 0).kinds,
        .project = view_of("demo"),
        .link = view_of("https://ci.example/job/1?a=b&c=d"),
        .answers = answers,
    };
    struct alert alert;

    assert_int_equal(alert_make(run, &wish, &mask, &arena, &alert), 0);
    return alert;
}

static const struct json *written(body_writer *writer, const struct alert *alert)
{
    const struct body_context context = {.assay_version = "1",
                                         .routing_key = view_of("routing-key")};
    struct json *root;
    struct err err = {0};

    strbuf_reset(&out);
    writer(alert, &context, &out);
    assert_int_equal(strbuf_status(&out), 0);
    if (json_parse(&arena, strbuf_view(&out), &root, &err) != 0)
        fail_msg("%s", err.text);
    return root;
}

static bool holds(struct view text, const char *what)
{
    return view_find(text, view_of(what), 0) < text.len;
}

/* ---- Slack ----------------------------------------------------------------------------------- */

static void check_slack(const struct json *root)
{
    const struct json *blocks = json_get(root, "blocks");

    assert_true(blocks->count <= BODY_SLACK_BLOCKS_MAX);
    for (const struct json *block = blocks->child; block != NULL; block = block->next) {
        struct view text = json_text(json_path(block, view_of("text.text")), view_of(""));
        bool is_header = view_is(json_text(json_get(block, "type"), view_of("")), "header");
        assert_true(text.len
                    <= (size_t)(is_header ? BODY_SLACK_HEADER_MAX : BODY_SLACK_SECTION_MAX));
        assert_true(is_header || text.len > 0
                    || view_is(json_text(json_get(block, "type"), view_of("")), "context"));
    }
}

static void hostile_texts_stay_within_slacks_limits_and_act_on_nothing(void **unused)
{
    (void)unused;
    static const char *const texts[] = {
        "<!channel> <@U123> <https://evil.example|click> & `code` @here",
        "&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&"
        "&&",
        "\"}],\"blocks\":[{\"type\":\"actions\"}]\\\n\r\x01\x1b[31m",
        "\xff\xfe\x80 broken \xe3\x81",
        "鬼滅の刃👨‍👩‍👧‍👦",
        "",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct strbuf large;
        strbuf_init(&large, 1 << 20);
        for (size_t n = 0; n < 50; n++)
            strbuf_add_text(&large, texts[i]);
        struct run run = run_of(strbuf_view(&large), ENTRIES);
        struct alert alert = alert_of(&run, true);
        const struct json *root = written(body_slack, &alert);
        check_slack(root);
        assert_false(holds(strbuf_view(&out), "<!"));
        assert_false(holds(strbuf_view(&out), "<@"));
        assert_false(holds(strbuf_view(&out), "<https://evil"));
        assert_false(holds(strbuf_view(&out), "`"));
        assert_true(holds(strbuf_view(&out), "more"));
        strbuf_release(&large);
    }
}

static void a_link_is_escaped(void **unused)
{
    (void)unused;
    struct run run = run_of(view_of("x"), 1);
    struct alert alert = alert_of(&run, false);

    written(body_slack, &alert);
    assert_true(holds(strbuf_view(&out), "<https://ci.example/job/1?a=b&amp;c=d|Open the run>"));
}

static void an_address_that_is_none_is_no_link(void **unused)
{
    (void)unused;
    static const char *const links[] = {"javascript:alert(1)", "https://a/|x>",
                                        "https://user:pw@host/", "ftp://x/", "https://a b/"};

    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        struct run run = run_of(view_of("x"), 1);
        run.provenance.ci = view_of(links[i]);
        const struct alert_wish wish = {.kinds = 1, .project = view_of("p")};
        struct alert alert;
        assert_int_equal(alert_make(&run, &wish, &mask, &arena, &alert), 0);
        assert_int_equal(alert.link.len, 0);
    }
}

/* ---- PagerDuty ------------------------------------------------------------------------------- */

static void pagerduty_gets_its_fields_within_their_limits(void **unused)
{
    (void)unused;
    struct strbuf large;

    strbuf_init(&large, 1 << 20);
    strbuf_add_repeated(&large, 'x', 5000);
    struct run run = run_of(strbuf_view(&large), ENTRIES);
    run.suite = strbuf_view(&large);
    struct alert alert = alert_of(&run, true);
    const struct json *root = written(body_pagerduty, &alert);
    assert_true(json_text(json_get(root, "dedup_key"), view_of("")).len <= ALERT_KEY_BYTES_MAX);
    assert_true(json_text(json_path(root, view_of("payload.summary")), view_of("")).len
                <= BODY_PAGERDUTY_SUMMARY_MAX);
    assert_true(out.len < BODY_PAGERDUTY_BYTES_MAX);
    assert_true(view_is(json_text(json_get(root, "routing_key"), view_of("")), "routing-key"));
    strbuf_release(&large);
}

static void suites_with_long_names_keep_keys_of_their_own(void **unused)
{
    (void)unused;
    struct strbuf name;
    struct view first;

    strbuf_init(&name, 1 << 20);
    strbuf_add_repeated(&name, 'x', 1000);
    struct run run = run_of(view_of("x"), 1);
    run.suite = strbuf_view(&name);
    first = alert_of(&run, false).key;
    strbuf_add_byte(&name, 'y');
    run.suite = strbuf_view(&name);
    assert_false(view_equal(first, alert_of(&run, false).key));
    strbuf_release(&name);
}

static void severities_are_pagerdutys_words(void **unused)
{
    (void)unused;
    static const struct {
        unsigned kinds;
        const char *word;
    } rows[] = {
        {SETTINGS_ALERT_BIT(SETTINGS_ALERT_CRITICAL) | SETTINGS_ALERT_BIT(SETTINGS_ALERT_MAJOR),
         "critical"},
        {SETTINGS_ALERT_BIT(SETTINGS_ALERT_FAILED), "error"},
        {SETTINGS_ALERT_BIT(SETTINGS_ALERT_STATISTICS), "error"},
        {SETTINGS_ALERT_BIT(SETTINGS_ALERT_MAJOR), "warning"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run run = run_of(view_of("x"), 1);
        struct alert alert = alert_of(&run, false);
        alert.kinds = rows[i].kinds;
        const struct json *root = written(body_pagerduty, &alert);
        assert_true(view_is(json_text(json_path(root, view_of("payload.severity")), view_of("")),
                            rows[i].word));
    }
}

/* ---- what leaves ----------------------------------------------------------------------------- */

static const char hostile[] = "Harmless. taro.yamada@example.com 4111 1111 1111 1111 "
                              "AKIAIOSFODNN7EXAMPLQ ghp_0123456789abcdefghijABCDEFGHIJ012345 "
                              "https://h.example/services/T0/B0/hush-hush hush-hush";
static const char *const leaks[] = {"taro.yamada", "4111 1111", "AKIAIOSFODNN", "ghp_0123",
                                    "hush-hush"};

static void nothing_secret_is_in_any_body(void **unused)
{
    (void)unused;
    static body_writer *const writers[] = {body_slack, body_pagerduty, body_webhook};
    struct run run = run_of(view_of(hostile), 3);
    run.provenance.who = view_of(hostile);
    struct alert alert = alert_of(&run, true);

    for (size_t w = 0; w < 3; w++) {
        written(writers[w], &alert);
        assert_true(holds(strbuf_view(&out), "Harmless."));
        for (size_t i = 0; i < sizeof leaks / sizeof leaks[0]; i++)
            if (holds(strbuf_view(&out), leaks[i]))
                fail_msg("body %zu shows %s: %s", w, leaks[i], strbuf_text(&out));
    }
}

static void without_the_mask_the_same_test_sees_every_one_of_them(void **unused)
{
    (void)unused;
    struct run run = run_of(view_of(hostile), 3);
    mask = (struct mask){.scratch = mask.scratch};
    struct alert alert = alert_of(&run, true);

    written(body_webhook, &alert);
    for (size_t i = 0; i < sizeof leaks / sizeof leaks[0]; i++)
        assert_true(holds(strbuf_view(&out), leaks[i]));
}

static void a_secret_at_the_cut_is_no_half_secret(void **unused)
{
    (void)unused;
    struct view shown;

    for (size_t before = 0; before < 80; before++) {
        struct strbuf text;
        strbuf_init(&text, 4096);
        strbuf_add_repeated(&text, 'a', before);
        strbuf_add_text(&text, " taro.yamada@example.com and more words follow here, many of them");
        assert_int_equal(mask_text(&mask, strbuf_view(&text), 40, &arena, &shown), 0);
        assert_true(shown.len <= 40);
        assert_false(holds(shown, "taro"));
        strbuf_release(&text);
    }
}

static void texts_are_one_line_of_valid_utf8(void **unused)
{
    (void)unused;
    struct view shown;

    assert_int_equal(mask_text(&mask, view_of("a\r\n\tb\x01\x1b[31mc\xff"), 100, &arena, &shown),
                     0);
    assert_true(view_is(shown, "a b [31mc\xef\xbf\xbd"));
}

static void addresses_are_shown_without_their_secret_parts(void **unused)
{
    (void)unused;
    static const struct {
        const char *url;
        const char *shown;
    } rows[] = {
        {"https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com/…"},
        {"https://u:p@h.example:8443/a?b", "https://h.example:8443/…"},
        {"https://h.example", "https://h.example"},
        {"hush-hush", "(no address)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(view_is(mask_url(view_of(rows[i].url), &arena), rows[i].shown));
}

static void a_signature_is_that_of_time_and_body(void **unused)
{
    (void)unused;
    char text[BODY_SIGNATURE_SIZE];

    /* printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac signing-secret */
    body_sign(view_of("signing-secret"), 1700000000, view_of("{\"a\":1}"), text);
    assert_string_equal(
        text, "t=1700000000,v1=8ca5221428c4b93d4ae4544da031735322fa553401ca9fbe7cbeb0cae1b8b55b");
}

/* ---- facts ----------------------------------------------------------------------------------- */

static void quarantined_and_signed_off_entries_are_no_trouble(void **unused)
{
    (void)unused;
    static const struct baseline_entry baseline = {.answer_count = 0};
    struct run run = run_of(view_of("x"), 2);

    entries[0].is_quarantined = true;
    entries[1].baseline = &baseline;
    entries[1].severity = SEVERITY_MAJOR;
    assert_int_equal(alert_facts_of(&run, false, false, 0).kinds,
                     SETTINGS_ALERT_BIT(SETTINGS_ALERT_MAJOR));
    entries[1].is_signed_off = true;
    assert_int_equal(alert_facts_of(&run, false, false, 0).kinds, 0);
}

static void a_fall_of_the_whole_suite_alone_is_trouble(void **unused)
{
    (void)unused;
    struct run run = run_of(view_of("x"), 1);

    entries[0].passed = true;
    run.gate.all = (struct statistics){.known = true, .outcome = GATE_FAIL};
    assert_int_equal(alert_facts_of(&run, false, false, 0).kinds,
                     SETTINGS_ALERT_BIT(SETTINGS_ALERT_STATISTICS));
}

static void an_interrupted_or_partial_run_calls_nothing_over(void **unused)
{
    (void)unused;
    struct run run = run_of(view_of("x"), 1);

    entries[0].passed = true;
    assert_true(alert_facts_of(&run, false, false, 0).may_resolve[ALERT_GATE]);
    assert_false(alert_facts_of(&run, true, false, 0).may_resolve[ALERT_GATE]);
    run.interrupted = true;
    assert_false(alert_facts_of(&run, false, false, 0).may_resolve[ALERT_GATE]);
}

static void drift_is_over_only_where_the_history_was_looked_at(void **unused)
{
    (void)unused;
    struct run run = run_of(view_of("x"), 1);

    assert_false(alert_facts_of(&run, false, false, 0).may_resolve[ALERT_DRIFT]);
    run.drift_known = true;
    assert_true(alert_facts_of(&run, false, false, 0).may_resolve[ALERT_DRIFT]);
    assert_false(alert_facts_of(&run, true, false, 0).may_resolve[ALERT_DRIFT]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hostile_texts_stay_within_slacks_limits_and_act_on_nothing),
        TEST(a_link_is_escaped),
        TEST(an_address_that_is_none_is_no_link),
        TEST(pagerduty_gets_its_fields_within_their_limits),
        TEST(suites_with_long_names_keep_keys_of_their_own),
        TEST(severities_are_pagerdutys_words),
        TEST(nothing_secret_is_in_any_body),
        TEST(without_the_mask_the_same_test_sees_every_one_of_them),
        TEST(a_secret_at_the_cut_is_no_half_secret),
        TEST(texts_are_one_line_of_valid_utf8),
        TEST(addresses_are_shown_without_their_secret_parts),
        TEST(a_signature_is_that_of_time_and_body),
        TEST(quarantined_and_signed_off_entries_are_no_trouble),
        TEST(a_fall_of_the_whole_suite_alone_is_trouble),
        TEST(an_interrupted_or_partial_run_calls_nothing_over),
        TEST(drift_is_over_only_where_the_history_was_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
