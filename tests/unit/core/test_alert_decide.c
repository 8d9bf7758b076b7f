/* SPDX-License-Identifier: Apache-2.0
 *
 * What is told to whom, given what was told before. */
#include "core/alerts/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BIT(kind) SETTINGS_ALERT_BIT(SETTINGS_ALERT_##kind)

static struct arena arena;
static struct state state;
static struct settings_channel channels[2];
static struct settings_alert_rule rules[2];
static struct settings_alerts settings;
static struct decide_question question;
static struct decide_job jobs[DECIDE_JOBS_MAX];
static size_t count;
static int runs;
static char ids[100][16];

static int set_up(void **unused)
{
    (void)unused;
    arena_init(&arena, 16 << 20);
    state_init(&state, &arena);
    channels[0] = (struct settings_channel){
        .name = VIEW("team"), .kind = SETTINGS_CHANNEL_SLACK, .per_hour_max = 30};
    channels[1] = (struct settings_channel){
        .name = VIEW("page"), .kind = SETTINGS_CHANNEL_PAGERDUTY, .per_hour_max = 30};
    settings = (struct settings_alerts){.channels = channels, .channel_count = 1, .rules = rules};
    runs = 0;
    question = (struct decide_question){
        .settings = &settings,
        .suite = VIEW("shop"),
        .run_started_unix_s = 1000000,
        .now_unix_s = 1000010,
        .claim = VIEW("me"),
    };
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    arena_release(&arena);
    return 0;
}

/* A run with that trouble; returns how many messages go out. */
static size_t run_with(unsigned kinds)
{
    size_t sent = 0;

    snprintf(ids[runs], sizeof ids[runs], "run-%d", runs);
    question.run_id = view_of(ids[runs++]);
    question.run_started_unix_s++;
    question.now_unix_s++;
    question.facts = (struct alert_facts){.kinds = kinds};
    for (unsigned topic = 0; topic < ALERT_TOPICS; topic++)
        question.facts.may_resolve[topic] = true;
    question.facts.may_resolve[ALERT_GATE] = (kinds & BIT(ERROR)) == 0;
    assert_int_equal(decide_jobs(&state, &question, jobs, &count), 0);
    for (size_t i = 0; i < count; i++)
        sent += jobs[i].held == DECIDE_SEND;
    return sent;
}

static void deliver_all(bool delivered)
{
    for (size_t i = 0; i < count; i++)
        if (jobs[i].held == DECIDE_SEND)
            assert_int_equal(decide_done(&state, &question, &jobs[i], delivered, 0), 0);
}

static void a_failing_suite_is_told_once_and_its_recovery_once(void **unused)
{
    (void)unused;
    assert_int_equal(run_with(BIT(CRITICAL)), 1);
    assert_int_equal(jobs[0].action, ALERT_TRIGGER);
    deliver_all(true);
    assert_int_equal(run_with(BIT(CRITICAL)), 0);
    assert_int_equal(run_with(0), 1);
    assert_int_equal(jobs[0].action, ALERT_RESOLVE);
    assert_int_equal(jobs[0].kinds, BIT(CRITICAL));
    deliver_all(true);
    assert_int_equal(run_with(0), 0);
}

static void a_new_kind_of_trouble_is_told_while_the_incident_lasts(void **unused)
{
    (void)unused;
    assert_int_equal(run_with(BIT(MAJOR)), 1);
    deliver_all(true);
    assert_int_equal(run_with(BIT(MAJOR) | BIT(CRITICAL)), 1);
    deliver_all(true);
    assert_int_equal(run_with(BIT(MAJOR)), 0);
    assert_int_equal(run_with(BIT(CRITICAL)), 0); /* the incident knows it already */
}

static void a_rule_that_is_gone_leaves_no_incident_open(void **unused)
{
    (void)unused;
    settings.channels = &channels[1];
    settings.rule_count = 1;
    rules[0].kinds = BIT(DRIFT);
    assert_int_equal(run_with(BIT(DRIFT)), 1);
    deliver_all(true);
    rules[0].kinds = BIT(CRITICAL);
    run_with(BIT(DRIFT));
    for (size_t i = 0; i < count && jobs[0].topic != ALERT_DRIFT; i++)
        jobs[0] = jobs[i];
    assert_int_equal(jobs[0].topic, ALERT_DRIFT);
    assert_int_equal(jobs[0].action, ALERT_RESOLVE);
    assert_int_equal(decide_done(&state, &question, &jobs[0], true, 0), 0);
    run_with(0);
    for (size_t i = 0; i < count; i++)
        assert_int_not_equal(jobs[i].topic, ALERT_DRIFT);
}

static void what_was_not_delivered_is_told_by_the_next_run(void **unused)
{
    (void)unused;
    assert_int_equal(run_with(BIT(FAILED)), 1);
    deliver_all(false);
    assert_int_equal(run_with(BIT(FAILED)), 1);
    deliver_all(true);
    assert_int_equal(run_with(BIT(FAILED)), 0);
}

static void what_is_delivered_late_does_not_undo_what_a_later_run_found(void **unused)
{
    (void)unused;
    assert_int_equal(run_with(BIT(CRITICAL)), 1);
    struct decide_question earlier = question;
    struct decide_job job = jobs[0];
    question.claim = view_of("other");
    question.now_unix_s += STATE_CLAIM_S + 1;
    assert_int_equal(run_with(0), 0);
    assert_int_equal(decide_done(&state, &earlier, &job, true, 0), 0);
    assert_int_equal(run_with(BIT(CRITICAL)), 1); /* a new incident */
}

static void the_same_run_is_told_once(void **unused)
{
    (void)unused;
    assert_int_equal(run_with(BIT(FAILED)), 1);
    deliver_all(true);
    question.facts.kinds |= BIT(CRITICAL);
    assert_int_equal(decide_jobs(&state, &question, jobs, &count), 0);
    assert_int_equal(count, 0);
}

static void an_older_run_that_ends_later_changes_nothing(void **unused)
{
    (void)unused;
    assert_int_equal(run_with(BIT(FAILED)), 1);
    deliver_all(true);
    assert_int_equal(run_with(0), 1);
    deliver_all(true);
    question.run_started_unix_s -= 100;
    assert_int_equal(run_with(BIT(FAILED)), 0);
}

static void a_clock_that_jumped_back_silences_nobody(void **unused)
{
    (void)unused;
    question.run_started_unix_s = question.now_unix_s = 9000000;
    rules[0] = (struct settings_alert_rule){.kinds = SETTINGS_ALERT_DEFAULT_KINDS,
                                            .min_interval_ns = 3600000000000};
    settings.rule_count = 1;
    assert_int_equal(run_with(BIT(FAILED)), 1);
    deliver_all(true);
    question.run_started_unix_s = question.now_unix_s = 1000000;
    assert_int_equal(run_with(BIT(FAILED) | BIT(CRITICAL)), 1);
}

static void another_process_that_is_telling_it_is_left_to_it_until_its_claim_ends(void **unused)
{
    (void)unused;
    question.claim = view_of("other");
    assert_int_equal(run_with(BIT(FAILED)), 1); /* and dies */
    question.claim = view_of("me");
    assert_int_equal(run_with(BIT(FAILED)), 0);
    assert_int_equal(jobs[0].held, DECIDE_CLAIMED);
    question.now_unix_s += STATE_CLAIM_S + 1;
    assert_int_equal(run_with(BIT(FAILED)), 1);
}

static void a_claim_far_in_the_future_is_no_claim(void **unused)
{
    (void)unused;
    struct state_row *row = state_row_make(&state, view_of("team"), view_of("shop"), ALERT_GATE);
    row->claim = view_of("other");
    row->claim_until_unix_s = question.now_unix_s + 100000;
    assert_int_equal(run_with(BIT(FAILED)), 1);
}

static void a_run_with_errors_does_not_say_that_regressions_are_over(void **unused)
{
    (void)unused;
    rules[0] = (struct settings_alert_rule){.kinds = BIT(CRITICAL) | BIT(RECOVERED)};
    settings.rule_count = 1;
    assert_int_equal(run_with(BIT(CRITICAL)), 1);
    deliver_all(true);
    assert_int_equal(run_with(BIT(ERROR)), 0);
    assert_int_equal(run_with(0), 1);
}

static void trouble_that_a_rule_does_not_name_is_not_told(void **unused)
{
    (void)unused;
    rules[0] = (struct settings_alert_rule){.kinds = BIT(CRITICAL)};
    settings.rule_count = 1;
    assert_int_equal(run_with(BIT(MAJOR) | BIT(DRIFT)), 0);
    assert_int_equal(run_with(BIT(CRITICAL)), 1);
    deliver_all(true);
    assert_int_equal(run_with(0), 0); /* recovered is not named */
    assert_int_equal(run_with(BIT(CRITICAL)), 1);
}

static void a_rule_for_other_suites_says_nothing_of_this_one(void **unused)
{
    (void)unused;
    static const struct view other[] = {VIEW("other")};
    rules[0] = (struct settings_alert_rule){.kinds = BIT(CRITICAL), .suites = {other, 1}};
    settings.rule_count = 1;
    assert_int_equal(run_with(BIT(CRITICAL)), 0);
}

static void trouble_waits_for_the_least_interval_but_recovery_does_not(void **unused)
{
    (void)unused;
    rules[0] = (struct settings_alert_rule){.kinds = SETTINGS_ALERT_DEFAULT_KINDS,
                                            .min_interval_ns = 3600000000000};
    settings.rule_count = 1;
    assert_int_equal(run_with(BIT(FAILED)), 1);
    deliver_all(true);
    assert_int_equal(run_with(0), 1);
    deliver_all(true);
    assert_int_equal(run_with(BIT(FAILED)), 0);
    assert_int_equal(jobs[0].held, DECIDE_INTERVAL);
    question.now_unix_s += 3600;
    assert_int_equal(run_with(BIT(FAILED)), 1);
}

static void a_channel_that_asked_for_rest_gets_it(void **unused)
{
    (void)unused;
    assert_int_equal(run_with(BIT(FAILED)), 1);
    assert_int_equal(decide_done(&state, &question, &jobs[0], false, question.now_unix_s + 60), 0);
    assert_int_equal(run_with(BIT(FAILED)), 0);
    assert_int_equal(jobs[0].held, DECIDE_NOT_BEFORE);
    question.now_unix_s += 61;
    assert_int_equal(run_with(BIT(FAILED)), 1);
}

static void pagerduty_is_told_of_recovery_whether_or_not_a_rule_says_so(void **unused)
{
    (void)unused;
    channels[0].kind = SETTINGS_CHANNEL_PAGERDUTY;
    rules[0] = (struct settings_alert_rule){.kinds = BIT(CRITICAL)};
    settings.rule_count = 1;
    assert_int_equal(run_with(0), 1); /* nothing is remembered */
    assert_int_equal(jobs[0].action, ALERT_RESOLVE);
    deliver_all(true);
    assert_int_equal(run_with(0), 0);
    assert_int_equal(run_with(BIT(CRITICAL)), 1);
    deliver_all(true);
    assert_int_equal(run_with(0), 1);
}

static void topics_are_incidents_of_their_own(void **unused)
{
    (void)unused;
    rules[0] = (struct settings_alert_rule){.kinds = (1u << SETTINGS_ALERT_KINDS) - 1};
    settings.rule_count = 1;
    assert_int_equal(run_with(BIT(CRITICAL) | BIT(DRIFT) | BIT(POOL)), 3);
    deliver_all(true);
    assert_int_equal(run_with(BIT(DRIFT)), 2);
}

static void what_is_remembered_survives_being_written(void **unused)
{
    (void)unused;
    struct strbuf text;
    struct state again;
    struct err err = {0};

    assert_int_equal(run_with(BIT(CRITICAL)), 1);
    deliver_all(true);
    strbuf_init(&text, 1 << 20);
    state_write(&state, &text);
    state_init(&again, &arena);
    assert_int_equal(state_read(&again, strbuf_view(&text), &err), 0);
    assert_int_equal(again.row_count, state.row_count);
    state = again;
    assert_int_equal(run_with(BIT(CRITICAL)), 0);
    assert_int_equal(state_sent_lately(&again.channels[0], question.now_unix_s), 1);
    for (size_t len = 0; len < text.len - 1; len++) /* cut anywhere it is refused, and empty */
        assert_int_not_equal(state_read(&again, view_slice(strbuf_view(&text), 0, len), &err), 0);
    assert_int_equal(again.row_count, 1);
    strbuf_release(&text);
}

static void rows_are_bounded_and_open_incidents_go_last(void **unused)
{
    (void)unused;
    struct state_row *first = state_row_make(&state, view_of("team"), view_of("open"), ALERT_GATE);

    first->kinds = BIT(CRITICAL);
    for (int i = 0; i < STATE_ROWS_MAX + 10; i++) {
        const char *suite = arena_printf(&arena, "suite-%d", i);
        assert_non_null(state_row_make(&state, view_of("team"), view_of(suite), ALERT_GATE));
    }
    assert_int_equal(state.row_count, STATE_ROWS_MAX);
    assert_non_null(state_row_of(&state, view_of("team"), view_of("open"), ALERT_GATE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_failing_suite_is_told_once_and_its_recovery_once),
        TEST(a_new_kind_of_trouble_is_told_while_the_incident_lasts),
        TEST(a_rule_that_is_gone_leaves_no_incident_open),
        TEST(what_was_not_delivered_is_told_by_the_next_run),
        TEST(what_is_delivered_late_does_not_undo_what_a_later_run_found),
        TEST(the_same_run_is_told_once),
        TEST(an_older_run_that_ends_later_changes_nothing),
        TEST(a_clock_that_jumped_back_silences_nobody),
        TEST(another_process_that_is_telling_it_is_left_to_it_until_its_claim_ends),
        TEST(a_claim_far_in_the_future_is_no_claim),
        TEST(a_run_with_errors_does_not_say_that_regressions_are_over),
        TEST(trouble_that_a_rule_does_not_name_is_not_told),
        TEST(a_rule_for_other_suites_says_nothing_of_this_one),
        TEST(trouble_waits_for_the_least_interval_but_recovery_does_not),
        TEST(a_channel_that_asked_for_rest_gets_it),
        TEST(pagerduty_is_told_of_recovery_whether_or_not_a_rule_says_so),
        TEST(topics_are_incidents_of_their_own),
        TEST(what_is_remembered_survives_being_written),
        TEST(rows_are_bounded_and_open_incidents_go_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
