/* SPDX-License-Identifier: Apache-2.0
 *
 * What findings quote of secrets is made unreadable, by whichever way it comes. */
#include "validate_rig.h"

static struct rig rig;

static int tear_down(void **state)
{
    (void)state;
    rig_free(&rig);
    return 0;
}

/* No finding tells any of the pieces. */
static void assert_untold(const char *const pieces[])
{
    for (size_t i = 0; i < rig.result.count; i++)
        for (size_t j = 0; pieces[j] != NULL; j++) {
            const struct finding *finding = &rig.result.findings[i].finding;
            struct view piece = view_of(pieces[j]);
            assert_int_equal(view_find(finding->evidence, piece, 0), finding->evidence.len);
            assert_int_equal(view_find(finding->message, piece, 0), finding->message.len);
        }
}

static void what_quotes_a_piece_of_a_secret_tells_nothing_of_it(void **state)
{
    static const char *const pieces[] = {"23", "56", "89", "abc", NULL};
    const struct view source = VIEW("It costs 484円.");

    (void)state;
    rig_new(&rig, NULL);
    rig.subject.sources = &source;
    rig.subject.source_count = 1;
    rig_check(&rig, "password=abc123-def456-ghi789-jkl012-mno345 is it");
    assert_non_null(rig_find(&rig, "safety.secret"));
    assert_non_null(rig_find(&rig, "support.value"));
    assert_untold(pieces);
}

static void what_a_schema_or_a_judge_says_tells_nothing_of_a_secret(void **state)
{
    static const char *const pieces[] = {"AKIAQ3", NULL};
    static const char secret[] = "AKIAQ3EGRTYU7PLMNB2C";
    const struct finding finding = {.message = VIEW("AKIAQ3EGRTYU7PLMNB2C is a key")};
    const struct validate_situation first = {.is_retry = false};
    const struct policy_check *asks[2];
    char answer[200];

    (void)state;
    rig_new(&rig, "checks: [format, {check: safety.secret, action: mask}, "
                  "{check: judge.tone, target: t, rubric: r}]");
    rig_expect(&rig, "{\"format\": \"json\", \"schema\": {\"additionalProperties\": false, "
                     "\"properties\": {\"a\": {\"enum\": [\"x\"]}}}}");
    snprintf(answer, sizeof answer, "{\"a\": \"%s\", \"%s\": 1}", secret, secret);
    rig_check(&rig, answer);
    assert_non_null(rig_find(&rig, "format"));
    assert_untold(pieces);
    rig_check(&rig, "{\"a\": \"y\"}");
    assert_int_equal(rig.result.count, 1);
    assert_true(view_starts(rig.result.findings[0].finding.message,
                            view_of("does not fit the schema: /a")));
    rig.subject.expectation = NULL;
    assert_int_equal(validation_begin(rig.validation, &rig.subject, &rig.err), 0);
    assert_int_equal(validation_feed(rig.validation, view_of(secret), &rig.err), 0);
    assert_int_equal(validation_end(rig.validation, &rig.subject, &rig.err), 0);
    assert_int_equal(validation_asks(rig.validation, asks, 2), 1);
    assert_int_equal(validation_add(rig.validation, asks[0], &finding), 0);
    assert_int_equal(validation_decide(rig.validation, &first, &rig.result, &rig.err), 0);
    assert_non_null(rig_find(&rig, "judge.tone"));
    assert_untold(pieces);
}

static void secrets_past_the_most_findings_are_hidden_too(void **state)
{
    struct strbuf text;

    (void)state;
    rig_new(&rig, "checks: [safety.secret, {check: pattern.last, not: 'last [A-Z0-9]{1,40}'}]");
    strbuf_init(&text, 1 << 20);
    for (unsigned i = 0; i <= VALIDATE_FINDINGS_MAX; i++)
        strbuf_printf(&text, "%s AKIAQ3EGRTYU7PLMNB%c%c. ",
                      i == VALIDATE_FINDINGS_MAX ? "last" : "", (char)('A' + i % 26),
                      (char)('A' + i / 26));
    assert_int_equal(rig_run(&rig, strbuf_view(&text), 0, NULL), 0);
    assert_int_equal(rig.result.secret_count, VALIDATE_FINDINGS_MAX + 1);
    assert_non_null(rig_find(&rig, "pattern.last"));
    assert_untold((const char *const[]){"AKIAQ3", NULL});
    strbuf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_quotes_a_piece_of_a_secret_tells_nothing_of_it, tear_down),
        cmocka_unit_test_teardown(what_a_schema_or_a_judge_says_tells_nothing_of_a_secret,
                                  tear_down),
        cmocka_unit_test_teardown(secrets_past_the_most_findings_are_hidden_too, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
