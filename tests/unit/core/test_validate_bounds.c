/* SPDX-License-Identifier: Apache-2.0
 *
 * What core/validate/validate.h promises of answers with very much in them: what is kept is
 * bounded, the verdict is not touched by that. */
#include "validate_rig.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
        TEST(the_gravest_finding_counts_however_many_stand_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
