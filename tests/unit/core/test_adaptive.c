/* SPDX-License-Identifier: Apache-2.0
 *
 * Against botocore's own classes, over the history in adaptive_vectors.def; then what is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "core/quota/adaptive.h"

struct row {
    uint64_t at_ns;
    char what;
    int refused;
    double measured;
    double rate;
    double capacity;
};

#define ROW(at, what, refused, measured, rate, capacity) \
    {at, what, refused, measured, rate, capacity},
static const struct row rows[] = {
#include "adaptive_vectors.def"
};
#undef ROW

static const uint64_t START_NS = 1000123456789;
static const uint64_t SECOND = 1000000000;

static void assert_near(double ours, double theirs)
{
    assert_true(fabs(ours - theirs) <= 1e-9 * fabs(theirs));
}

static void it_has_the_rates_of_botocore_over_the_same_history(void **state)
{
    (void)state;
    struct adaptive adaptive;
    int refused = 0;

    adaptive_init(&adaptive, START_NS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        if (row->what == 't') {
            int code = adaptive_take(&adaptive, row->at_ns);
            assert_int_equal(code, row->refused ? ERR_THROTTLED : 0);
            refused += row->refused;
        } else {
            adaptive_ended(&adaptive, row->at_ns, row->what == 'b');
        }
        assert_near(adaptive.measured_rate, row->measured);
        assert_near(adaptive.fill_rate, row->rate);
        assert_near(adaptive.capacity, row->capacity);
    }
    assert_true(refused > 20); /* the history says something about waiting */
}

static void nothing_waits_before_the_first_throttle(void **state)
{
    (void)state;
    struct adaptive adaptive;

    adaptive_init(&adaptive, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(adaptive_take(&adaptive, 0), 0);
    assert_true(adaptive_at(&adaptive, 0) == 0);
    assert_true(adaptive_rate(&adaptive) == 0);
    assert_true(adaptive_ended(&adaptive, SECOND, true));
    assert_true(adaptive_rate(&adaptive) > 0);
}

static void a_promised_wait_is_kept(void **state)
{
    (void)state;
    struct adaptive adaptive;
    uint64_t now_ns = 0;

    adaptive_init(&adaptive, 0);
    for (int i = 0; i < 100; i++)
        adaptive_ended(&adaptive, now_ns += SECOND / 13, i % 9 == 8);
    for (int i = 0; i < 1000; i++) {
        uint64_t at_ns = adaptive_at(&adaptive, now_ns);
        if (at_ns > now_ns)
            assert_int_equal(adaptive_take(&adaptive, now_ns), ERR_THROTTLED);
        now_ns = at_ns;
        assert_int_equal(adaptive_take(&adaptive, now_ns), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_the_rates_of_botocore_over_the_same_history),
        cmocka_unit_test(nothing_waits_before_the_first_throttle),
        cmocka_unit_test(a_promised_wait_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
