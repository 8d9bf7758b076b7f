/* SPDX-License-Identifier: Apache-2.0
 *
 * What core/validate/validate.h promises of answers with very much in them: what is kept is
 * bounded, the verdict is not touched by that. */
#include "validate_rig.h"

#include "base/mem.h"
#include "text/support.h"

static struct rig rig;

static int tear_down(void **state)
{
    (void)state;
    rig_free(&rig);
    return 0;
}

static void the_gravest_finding_counts_however_many_stand_before_it(void **state)
{
    struct strbuf text;

    (void)state;
    rig_new(&rig, "checks: [{check: safety.personal_data, action: fallback, "
                  "actions: {email: mask, phone: accept}}]");
    strbuf_init(&text, 1 << 20);
    for (unsigned i = 0; i < VALIDATE_FINDINGS_MAX; i++)
        strbuf_printf(&text, "user%u@example.com ", i);
    strbuf_add_text(&text, "4111 1111 1111 1111");
    for (size_t step = 0; step <= 100; step += 50) {
        assert_int_equal(rig_run(&rig, strbuf_view(&text), step, NULL), 0);
        assert_int_equal(rig.result.decision, VALIDATE_FALLBACK);
        assert_int_equal(rig.result.count, VALIDATE_FINDINGS_MAX + 1);
    }
    strbuf_release(&text);
}

static void no_secret_is_shown_however_many_stand_before_it(void **state)
{
    struct strbuf text;

    (void)state;
    rig_new(&rig, "checks: [safety.secret, {check: pattern.p, not: 'zz AKIA[A-Z0-9]{16}'}]");
    strbuf_init(&text, 1 << 20);
    for (unsigned i = 0; i < VALIDATE_FINDINGS_MAX; i++)
        strbuf_add_text(&text, "AKIAQ3EGRTYU7PLMNB2C ");
    strbuf_add_text(&text, "zz AKIAQ3EGRTYU7PLMNB2D");
    assert_int_equal(rig_run(&rig, strbuf_view(&text), 0, NULL), 0);
    const struct validate_finding *pattern = rig_find(&rig, "pattern.p");
    assert_non_null(pattern);
    struct view shown = pattern->finding.evidence;
    assert_true(shown.len > 0 && view_find(shown, view_of("NB2D"), 0) == shown.len);
    assert_true(view_find(shown, view_of("AKIA"), 0) == shown.len);
    strbuf_release(&text);
}

/* Each of them is looked at, and what that takes is given back. */
static void hundreds_of_thousands_of_sentences_are_judged(void **state)
{
    enum { SENTENCES = 300000, WORDS = 100 };
    struct strbuf text;

    (void)state;
    rig_new(&rig, "stream: {after: sentence}");
    strbuf_init(&text, SENTENCES + 8);
    strbuf_add_text(&text, "{\"forbidden\": [\"w\"");
    for (unsigned i = 0; i < WORDS; i++)
        strbuf_printf(&text, ", \"w%u\"", i);
    strbuf_add_text(&text, "]}");
    rig_expect(&rig, strbuf_text(&text));
    strbuf_reset(&text);
    memset(strbuf_room(&text, SENTENCES), '\n', SENTENCES);
    strbuf_grew(&text, SENTENCES);
    strbuf_add_text(&text, "fine.");
    assert_int_equal(rig_run(&rig, strbuf_view(&text), 65536, NULL), 0);
    assert_int_equal(rig.result.decision, VALIDATE_ACCEPT);
    strbuf_release(&text);
}

static void claims_past_the_limit_are_told_where_support_alone_is_asked(void **state)
{
    const size_t len = (size_t)SUPPORT_SOURCE_MAX + 4096;
    char *text = mem_new(len, 1);
    const struct view source = {text, len};

    (void)state;
    assert_non_null(text);
    memset(text, ' ', len);
    rig_new(&rig, "checks: [support.low]");
    rig.subject.sources = &source;
    rig.subject.source_count = 1;
    rig_check(&rig, "在庫があります。");
    const struct validate_finding *low = rig_find(&rig, "support.low");
    assert_non_null(low);
    assert_int_equal(low->action, POLICY_ACCEPT);
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
        TEST(the_gravest_finding_counts_however_many_stand_before_it),
        TEST(no_secret_is_shown_however_many_stand_before_it),
        TEST(hundreds_of_thousands_of_sentences_are_judged),
        TEST(claims_past_the_limit_are_told_where_support_alone_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
