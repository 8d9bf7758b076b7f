/* SPDX-License-Identifier: Apache-2.0
 *
 * When messages are sent, sent again and given up. */
#include "core/alerts/delivery.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static struct delivery delivery;
static uint64_t now;
static size_t message;

static void begin(size_t count)
{
    now = 5 * SECOND;
    delivery_init(&delivery, now, now + 10 * SECOND, count, 7);
}

static void answer(int status, uint64_t retry_after_ns)
{
    const struct delivery_event event = {status, retry_after_ns};

    assert_true(delivery_next(&delivery, now, &message));
    assert_false(delivery_next(&delivery, now, &message)); /* one at a time */
    delivery_feed(&delivery, now, &event);
}

static void messages_go_out_one_after_another(void **unused)
{
    (void)unused;
    begin(3);
    for (size_t i = 0; i < 3; i++) {
        answer(i == 1 ? 202 : 200, 0);
        assert_int_equal(message, i);
        assert_int_equal(delivery.fates[i], DELIVERY_DELIVERED);
    }
    assert_int_equal(delivery.state, DELIVERY_ENDED);
    assert_true(delivery_deadline(&delivery) == UINT64_MAX);
}

static void what_may_come_right_is_tried_again_later_and_later(void **unused)
{
    (void)unused;
    static const int statuses[] = {0, 500, 503, 408, 429};
    uint64_t least = 0;

    begin(1);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        answer(statuses[i], 0);
        if (delivery.state == DELIVERY_ENDED)
            break;
        uint64_t wait = delivery_deadline(&delivery) - now;
        assert_true(wait >= (SECOND / 4 << i) / 2 || wait >= 2 * SECOND);
        assert_true(wait <= SECOND / 4 << i);
        assert_true(wait > least);
        least = wait / 2;
        assert_false(delivery_next(&delivery, now + wait - 1, &message));
        now += wait;
    }
    assert_int_equal(delivery.attempts, 5);
}

static void retry_after_is_honoured(void **unused)
{
    (void)unused;
    begin(1);
    answer(429, 3 * SECOND);
    assert_true(delivery_deadline(&delivery) == now + 3 * SECOND);
    now += 3 * SECOND;
    answer(200, 0);
    assert_int_equal(delivery.fates[0], DELIVERY_DELIVERED);
    assert_true(delivery.not_before_in_ns == 0);
}

static void retry_after_beyond_the_deadline_is_not_waited_for(void **unused)
{
    (void)unused;
    begin(2);
    answer(429, 60 * SECOND);
    assert_int_equal(delivery.state, DELIVERY_ENDED);
    assert_int_equal(delivery.fates[0], DELIVERY_GIVEN_UP);
    assert_int_equal(delivery.fates[1], DELIVERY_GIVEN_UP);
    assert_true(delivery.not_before_in_ns == 60 * SECOND);
}

static void a_refused_message_does_not_hold_up_the_next(void **unused)
{
    (void)unused;
    begin(2);
    answer(400, 0);
    answer(200, 0);
    assert_int_equal(delivery.fates[0], DELIVERY_REFUSED);
    assert_int_equal(delivery.fates[1], DELIVERY_DELIVERED);
}

static void a_refused_channel_is_asked_no_more(void **unused)
{
    (void)unused;
    static const int statuses[] = {401, 403, 404, 410};

    for (size_t i = 0; i < 4; i++) {
        begin(2);
        answer(statuses[i], 0);
        assert_int_equal(delivery.state, DELIVERY_ENDED);
        assert_int_equal(delivery.fates[1], DELIVERY_REFUSED);
    }
}

static void redirects_are_not_followed(void **unused)
{
    (void)unused;
    begin(1);
    answer(302, 0);
    assert_int_equal(delivery.fates[0], DELIVERY_REFUSED);
}

static void the_deadline_ends_what_is_under_way(void **unused)
{
    (void)unused;
    begin(2);
    assert_true(delivery_next(&delivery, now, &message));
    assert_true(delivery_deadline(&delivery) == now + 10 * SECOND);
    delivery_tick(&delivery, now + 10 * SECOND - 1);
    assert_int_equal(delivery.state, DELIVERY_ASKING);
    delivery_tick(&delivery, now + 10 * SECOND);
    assert_int_equal(delivery.state, DELIVERY_ENDED);
    delivery_feed(&delivery, now + 11 * SECOND, &(struct delivery_event){.status = 200});
    assert_int_equal(delivery.fates[0], DELIVERY_GIVEN_UP);
}

static void nothing_to_send_ends_at_once(void **unused)
{
    (void)unused;
    begin(0);
    assert_int_equal(delivery.state, DELIVERY_ENDED);
    assert_false(delivery_next(&delivery, now, &message));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_out_one_after_another),
        cmocka_unit_test(what_may_come_right_is_tried_again_later_and_later),
        cmocka_unit_test(retry_after_is_honoured),
        cmocka_unit_test(retry_after_beyond_the_deadline_is_not_waited_for),
        cmocka_unit_test(a_refused_message_does_not_hold_up_the_next),
        cmocka_unit_test(a_refused_channel_is_asked_no_more),
        cmocka_unit_test(redirects_are_not_followed),
        cmocka_unit_test(the_deadline_ends_what_is_under_way),
        cmocka_unit_test(nothing_to_send_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
