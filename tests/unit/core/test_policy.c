/* SPDX-License-Identifier: Apache-2.0
 *
 * Policies as they are read: rows, defaults, options, and everything that is refused. What they
 * find is tested in test_validate.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/validate/extract.h"
#include "core/validate/policy.h"
#include "text/personal.h"

static struct arena arena;
static struct problems problems;
static struct policy policy;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 256 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static bool look_up(void *context, struct view name, struct view *ret_value)
{
    (void)context;
    if (!view_is(name, "API_KEY"))
        return false;
    *ret_value = view_of("s3cr3t-value");
    return true;
}

static int read(const char *yaml)
{
    problems_init(&problems, &arena, view_of("p.yaml"));
    return policy_read(&arena, view_of("p.yaml"), view_of(yaml), look_up, NULL, &problems, &policy);
}

static void read_well(const char *yaml)
{
    if (read(yaml) != 0)
        fail_msg("%s\n  gave: %s", yaml, problems.count > 0 ? problems.items[0].text : "no text");
}

static const struct policy_check *row(const char *name)
{
    for (size_t i = 0; i < policy.check_count; i++)
        if (view_is(policy.checks[i].name, name))
            return &policy.checks[i];
    fail_msg("there is no row '%s'", name);
    return NULL;
}

static void the_default_policy_is_the_products_flow(void **state)
{
    static const struct {
        const char *name;
        enum policy_action action;
        bool log;
    } rows[] = {
        {"format", POLICY_RETRY, true},
        {"keywords", POLICY_ACCEPT, true},
        {"forbidden", POLICY_RETRY, false},
        {"language", POLICY_RETRY, false},
        {"length", POLICY_RETRY, false},
        {"safety.personal_data", POLICY_FALLBACK, true},
        {"safety.secret", POLICY_FALLBACK, true},
        {"safety.injection", POLICY_FALLBACK, true},
        {"safety.prompt_leak", POLICY_FALLBACK, true},
        {"safety.stop_reason", POLICY_FALLBACK, true},
        {"support.value", POLICY_RETRY, true},
        {"support.low", POLICY_RETRY, true},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };

    (void)state;
    assert_int_equal(policy_default(&arena, &policy), 0);
    assert_int_equal(policy.check_count, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        assert_true(view_is(policy.checks[i].name, rows[i].name));
        assert_int_equal(policy.checks[i].action, rows[i].action);
        assert_int_equal(policy.checks[i].log, rows[i].log);
    }
    assert_int_equal(policy.after, POLICY_AFTER_EVENT);
    assert_ptr_equal(policy.extract, extract_default());
}

static void the_default_kinds_of_personal_data_leave_out_what_a_shop_says_itself(void **state)
{
    (void)state;
    assert_int_equal(policy_default(&arena, &policy), 0);
    const struct policy_personal_data *options = row("safety.personal_data")->options;
    assert_true(options->kinds[PERSONAL_EMAIL]);
    assert_true(options->kinds[PERSONAL_MY_NUMBER]);
    assert_false(options->kinds[PERSONAL_URL]);
    assert_false(options->kinds[PERSONAL_IP]);
}

static void a_policy_without_checks_has_the_default_rows(void **state)
{
    (void)state;
    read_well("expect: {language: ja}\nretry_prompt: Answer briefly.\n");
    assert_int_equal(policy.check_count, 12);
    assert_true(view_is(policy.retry_prompt, "Answer briefly."));
    assert_true(view_is(policy.expect.language, "ja"));
    read_well("");
    assert_int_equal(policy.check_count, 12);
}

static void a_policy_with_checks_has_exactly_those_in_their_order(void **state)
{
    (void)state;
    read_well("checks:\n  - language\n  - {check: format, action: fallback, log: false}\n"
              "  - {check: pattern.price, not: '[0-9]{1,9}円', severity: minor}\n");
    assert_int_equal(policy.check_count, 3);
    assert_true(view_is(policy.checks[0].name, "language"));
    assert_int_equal(policy.checks[1].action, POLICY_FALLBACK);
    assert_false(policy.checks[1].log);
    assert_int_equal(policy.checks[2].kind, POLICY_PATTERN);
    assert_int_equal(policy.checks[2].severity, SEVERITY_MINOR);
    assert_int_equal(policy.checks[2].line, 4);
    read_well("checks: []");
    assert_int_equal(policy.check_count, 0);
}

static void options_reach_their_members(void **state)
{
    (void)state;
    read_well("checks:\n"
              "- {check: safety.personal_data, action: mask, kinds: [email, phone],\n"
              "   allow: [03-1234-5678, {match: '.*@shop\\.example'}], allow_sources: true,\n"
              "   order_id: 'ORD-[0-9]{6}', mask: '<{kind}>', actions: {card: block}}\n"
              "- {check: safety.prompt_leak, words: 12, allow_sources: false}\n"
              "- {check: safety.canary, strings: [kumquat-7]}\n"
              "- {check: safety.stop_reason, max_tokens: retry, usage: true}\n"
              "- {check: length, max_words: 100, max_graphemes: 50, max_bytes: 1000}\n"
              "- {check: support.low, floor: 0.3, embedding: tfidf}\n"
              "- {check: judge.tone, target: sonnet, rubric: Be kind, scale: 1-10, repeat: 3}\n"
              "- {check: exec.mine, command: [python3, judge.py], timeout: 5s}\n"
              "- {check: guardrail, id: gr-1, version: '2', region: us-east-1}\n"
              "- {check: fluency, floor: 0.4}\n");
    const struct policy_personal_data *personal = row("safety.personal_data")->options;
    assert_true(personal->kinds[PERSONAL_EMAIL] && personal->kinds[PERSONAL_CARD]);
    assert_false(personal->kinds[PERSONAL_MY_NUMBER]);
    assert_int_equal(personal->kind_actions[PERSONAL_EMAIL], POLICY_MASK);
    assert_int_equal(personal->kind_actions[PERSONAL_CARD], POLICY_BLOCK);
    assert_int_equal(personal->allow.text_count, 1);
    assert_int_equal(personal->allow.pattern_count, 1);
    assert_true(personal->allow_sources && personal->order_id.len > 0);
    const struct policy_prompt_leak *leak = row("safety.prompt_leak")->options;
    assert_int_equal(leak->words, 12);
    assert_false(leak->allow_sources);
    const struct policy_stop_reason *stop = row("safety.stop_reason")->options;
    assert_int_equal(stop->max_tokens, POLICY_RETRY);
    assert_int_equal(stop->content_filtered, POLICY_FALLBACK);
    assert_true(stop->usage);
    const struct policy_length *length = row("length")->options;
    assert_int_equal(length->max_words, 100);
    assert_int_equal(length->max_chars, 50);
    assert_int_equal(length->max_tokens, -1);
    const struct policy_low *low = row("support.low")->options;
    assert_int_equal(low->floor_micro, 300000);
    const struct policy_judge *judge = row("judge.tone")->options;
    assert_int_equal(judge->scale_max, 10);
    assert_int_equal(judge->floor_micro, 5500000);
    const struct policy_exec *exec = row("exec.mine")->options;
    assert_int_equal(exec->command.count, 2);
    assert_int_equal(exec->timeout_ns, 5000000000);
    assert_false(exec->is_line);
}

static void secrets_come_from_the_environment_and_are_never_shown(void **state)
{
    (void)state;
    read_well("checks: [{check: safety.secret, values: ['${API_KEY}']}]");
    const struct policy_secret *secret = row("safety.secret")->options;
    assert_true(view_is(secret->values.items[0], "s3cr3t-value"));
    assert_int_equal(read("checks: [{check: safety.secret, values: ['${API_KEY}', 5.5, [x]]}]"),
                     ERR_CONFIG);
    for (size_t i = 0; i < problems.count; i++)
        assert_null(strstr(problems.items[i].text, "s3cr3t"));
}

static void the_canned_answer_is_in_the_callers_language(void **state)
{
    (void)state;
    read_well("fallback: {en: Sorry, ja: すみません, zh-Hant: 抱歉}");
    assert_true(view_is(policy_fallback(&policy, view_of("ja")), "すみません"));
    assert_true(view_is(policy_fallback(&policy, view_of("ja-JP")), "すみません"));
    assert_true(view_is(policy_fallback(&policy, view_of("ZH-hant")), "抱歉"));
    assert_true(view_is(policy_fallback(&policy, view_of("fr")), "Sorry"));
    assert_true(view_is(policy_fallback(&policy, view_of("")), "Sorry"));
    read_well("fallback: Bitte später");
    assert_true(view_is(policy_fallback(&policy, view_of("ja")), "Bitte später"));
    read_well("");
    assert_true(policy_fallback(&policy, view_of("ja")).len > 0);
}

static void a_schema_in_a_file_is_handed_in(void **state)
{
    struct err err = {0};

    (void)state;
    problems_init(&problems, &arena, view_of("conf/p.yaml"));
    assert_int_equal(policy_read(&arena, view_of("conf/p.yaml"),
                                 view_of("expect: {schema: s.json}"), NULL, NULL, &problems,
                                 &policy),
                     0);
    assert_true(view_is(policy.schema_path, "conf/s.json"));
    assert_null(policy.expect.schema);
    assert_int_equal(policy_schema_put(&policy, &arena, view_of("{\"type\": 1"), &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "conf/s.json:1:"));
    assert_int_equal(policy_schema_put(&policy, &arena, view_of("[]"), &err), ERR_CONFIG);
    assert_int_equal(policy_schema_put(&policy, &arena, view_of("{\"type\": \"object\"}"), &err),
                     0);
    assert_non_null(policy.expect.schema);
}

static const char *const wrong_policies[][2] = {
    {"check: []", "p.yaml:1:1: unknown key 'check', did you mean 'checks'?"},
    {"checks: format", "1:9: 'checks' must be a list"},
    {"checks: [fromat]", "1:10: unknown check 'fromat', did you mean 'format'?"},
    {"checks: [personal_data]", "did you mean 'safety.personal_data'?"},
    {"checks: [xyzzy]", "unknown check 'xyzzy': there are format"},
    {"checks: [pattern.]", "unknown check 'pattern.'"},
    {"checks: ['pattern.a b']", "unknown check"},
    {"checks: [{action: retry}]", "a check is a name, or a mapping with its name"},
    {"checks: [5]", "a check is a name, or a mapping with its name"},
    {"checks: [format, format]", "1:18: 'format' is listed twice, first at line 1"},
    {"checks: [{check: format, acton: retry}]", "did you mean 'action'?"},
    {"checks: [{check: format, action: rety}]", "did you mean 'retry'?"},
    {"checks: [{check: format, log: maybe}]", "'log' must be true or false"},
    {"checks: [{check: format, severity: high}]", "'severity' must be one of"},
    {"checks: [{check: format, words: 5}]", "unknown key 'words'"},
    {"checks: [{check: language, action: block}]",
     "1:36: 'language' can only be judged at the end, when a stream has left already: use "
     "stream: {after: whole}"},
    {"checks: [{check: length, action: mask}]", "finds no places that could be masked"},
    {"checks: [{check: pattern.a, match: x, action: mask}]", "finds no places"},
    {"checks: [{check: pattern.a}]", "needs either 'match: EXPRESSION' or 'not: EXPRESSION'"},
    {"checks: [pattern.a]", "needs either 'match: EXPRESSION' or 'not: EXPRESSION'"},
    {"checks: [{check: pattern.a, match: x, not: y}]", "needs either"},
    {"checks: [{check: pattern.a, not: ''}]", "an expression has 1 to"},
    {"checks: [{check: safety.personal_data, kinds: [emial]}]", "did you mean 'email'?"},
    {"checks: [{check: safety.personal_data, kinds: []}]", "'kinds' is empty"},
    {"checks: [{check: safety.personal_data, kinds: [order_id]}]", "needs an expression"},
    {"checks: [{check: safety.personal_data, actions: {email: hide}}]",
     "an action is one of accept, mask"},
    {"checks: [{check: safety.personal_data, allow: [{mach: x}]}]", "what is allowed is a text"},
    {"checks: [{check: safety.canary}]", "'strings'"},
    {"checks: [safety.canary]", "'strings'"},
    {"checks: [{check: safety.canary, strings: ['']}]", "holds an empty text"},
    {"checks: [{check: safety.secret, values: ['${NOT_SET}']}]", "NOT_SET"},
    {"checks: [{check: safety.prompt_leak, words: 1}]", "'words' must be from 3"},
    {"checks: [{check: safety.stop_reason, max_tokens: no}]", "'max_tokens' must be one of"},
    {"checks: [{check: safety.stop_reason, malformed: mask}]", "1:49: an answer that ended so"},
    {"checks: [{check: length, min_chars: 9, max_chars: 5}]", "no answer can be both"},
    {"checks: [{check: length, max_chars: -1}]", "'max_chars' must be from 0"},
    {"checks: [{check: support.low, floor: 1.5}]", "'floor' must be from 0"},
    {"checks: [{check: judge.x, target: t, rubric: r, scale: five}]", "'scale' must be"},
    {"checks: [{check: judge.x, target: t, rubric: r, floor: 9}]", "outside the scale"},
    {"checks: [{check: judge.x, rubric: r}]", "'target'"},
    {"checks: [{check: guardrail}]", "'id'"},
    {"checks: [{check: exec.x, command: []}]", "'command' is empty"},
    {"expect: {langauge: ja}", "did you mean 'language'?"},
    {"expect: {checks: [format]}", "'checks' has no place here"},
    {"expect: {command: judge.sh}", "'command' has no place here: use a check 'exec.NAME'"},
    {"checks: [format]\nexpect: {forbidden: [x], language: ja}",
     "2:10: no check of this policy looks at 'forbidden': list 'forbidden' under 'checks:'"},
    {"checks: [format]\nexpect: {language: ja}", "list 'language' under"},
    {"checks: [format]\nexpect: {keywords: [x]}", "list 'keywords' under"},
    {"checks: [format]\nexpect: {max_chars: 9}", "looks at 'max_chars': list 'length' under"},
    {"checks: [length]\nexpect: {schema: {}}", "looks at 'schema': list 'format' under"},
    {"checks: [length]\nexpect: {elements: [list]}", "looks at 'elements': list 'format' under"},
    {"stream: {after: sentences}", "did you mean 'sentence'?"},
    {"stream: whole", "must be a mapping"},
    {"fallback: {}", "'fallback' is empty"},
    {"fallback: {en: [x]}", "a canned answer is a text"},
    {"fallback: 5", "'fallback' must be a text"},
    {"extract: {source: []}", "did you mean 'sources'?"},
    {"[]", "must be a mapping"},
    {"a: &x [*x]", "p.yaml:1:"},
    {"checks: [\x80]", "p.yaml:1:"},
    {"{\"checks\": [{\"check\": \"format\"}", "did not find expected"},
};

static void wrong_policies_are_told_with_place_and_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_policies / sizeof wrong_policies[0]; i++) {
        bool found = false;
        if (read(wrong_policies[i][0]) != ERR_CONFIG)
            fail_msg("accepted: %s", wrong_policies[i][0]);
        for (size_t j = 0; j < problems.count; j++)
            found = found || strstr(problems.items[j].text, wrong_policies[i][1]) != NULL;
        if (!found)
            fail_msg("%s\n  gave: %s", wrong_policies[i][0], problems.items[0].text);
    }
}

static void block_is_fine_where_nothing_has_left_before_the_end(void **state)
{
    (void)state;
    read_well("checks: [{check: language, action: block}]\nstream: {after: whole}");
    read_well("checks: [{check: safety.secret, action: block}]");
    assert_int_equal(policy.checks[0].action, POLICY_BLOCK);
}

static void one_mistake_does_not_hide_the_next(void **state)
{
    (void)state;
    assert_int_equal(read("checks:\n- fromat\n- {check: length, action: mask}\nstraem: {}\n"),
                     ERR_CONFIG);
    assert_int_equal(problems.total, 3);
    assert_non_null(strstr(problems.items[0].text, "p.yaml:2:3: "));
    assert_non_null(strstr(problems.items[1].text, "p.yaml:3:27: "));
    assert_non_null(strstr(problems.items[2].text, "p.yaml:4:1: "));
}

static void an_expectation_that_asks_for_nothing_needs_no_row(void **state)
{
    (void)state;
    read_well("checks: [safety.secret]\nexpect: {language: any, format: any, forbidden: []}");
    read_well("checks: [language]\nexpect: {language: ja}");
    read_well("expect: {keywords: [a], forbidden: [b], language: ja, format: json, max_chars: 9}");
}

static void a_misspelled_row_is_told_once(void **state)
{
    (void)state;
    assert_int_equal(read("checks: [langauge]\nexpect: {language: ja}"), ERR_CONFIG);
    assert_int_equal(problems.total, 1);
}

static void too_many_rows_are_refused(void **state)
{
    struct strbuf yaml;

    (void)state;
    strbuf_init(&yaml, 1 << 20);
    strbuf_add_text(&yaml, "checks: [");
    for (unsigned i = 0; i <= POLICY_CHECKS_MAX; i++)
        strbuf_printf(&yaml, "{check: pattern.p%u, not: x%u},", i, i);
    strbuf_add_text(&yaml, "]");
    assert_int_equal(read(strbuf_text(&yaml)), ERR_CONFIG);
    assert_non_null(strstr(problems.items[0].text, "at most 1000"));
    strbuf_release(&yaml);
}

static void checks_of_an_expectation_become_rows_but_those_it_judges_itself(void **state)
{
    static const char json[] =
        "{\"checks\": [\"length\", {\"check\": \"pattern.a\", \"not\": \"x\"}, "
        "\"safety.secret\", {\"check\": \"support.value\", \"severity\": \"minor\"}]}";
    struct json *root = NULL;
    struct err err = {0};
    struct expect expect;

    (void)state;
    problems_init(&problems, &arena, view_of("g.yaml"));
    const struct config_reader config = {&arena, &problems, {NULL, 0}};
    const struct expect_reader reader = {.config = &config};
    assert_int_equal(json_parse(&arena, view_of(json), &root, &err), 0);
    assert_int_equal(expect_read(&reader, root, &expect), 0);
    assert_int_equal(policy_of_expect(&config, &expect, &policy), 0);
    assert_int_equal(policy.check_count, 2);
    assert_true(view_is(policy.checks[0].name, "safety.secret"));
    assert_int_equal(policy.checks[0].severity, SEVERITY_CRITICAL);
    assert_int_equal(policy.checks[1].severity, SEVERITY_MINOR);
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
    static const char yaml[] =
        "checks: [forbidden, {check: safety.personal_data, kinds: [email], allow: [a]}]\n"
        "expect: {forbidden: [x]}\nfallback: {ja: y}\n"
        "extract: {sources: [{tag: t}]}\n";

    (void)state;
    for (unsigned long n = 1; n < 200; n++) {
        struct arena own;
        arena_init(&own, 16 << 20);
        problems_init(&problems, &own, view_of("p.yaml"));
        mem_fail_at(n);
        int code =
            policy_read(&own, view_of("p.yaml"), view_of(yaml), look_up, NULL, &problems, &policy);
        mem_fail_at(0);
        arena_release(&own);
        assert_true(code == 0 || code == ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_default_policy_is_the_products_flow),
        TEST(the_default_kinds_of_personal_data_leave_out_what_a_shop_says_itself),
        TEST(a_policy_without_checks_has_the_default_rows),
        TEST(a_policy_with_checks_has_exactly_those_in_their_order),
        TEST(options_reach_their_members),
        TEST(secrets_come_from_the_environment_and_are_never_shown),
        TEST(the_canned_answer_is_in_the_callers_language),
        TEST(a_schema_in_a_file_is_handed_in),
        TEST(wrong_policies_are_told_with_place_and_remedy),
        TEST(block_is_fine_where_nothing_has_left_before_the_end),
        TEST(one_mistake_does_not_hide_the_next),
        TEST(an_expectation_that_asks_for_nothing_needs_no_row),
        TEST(a_misspelled_row_is_told_once),
        TEST(too_many_rows_are_refused),
        TEST(checks_of_an_expectation_become_rows_but_those_it_judges_itself),
        TEST(a_failed_allocation_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
