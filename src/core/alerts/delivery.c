/* SPDX-License-Identifier: Apache-2.0
 *
 * delivery: see delivery.h. */
#include "core/alerts/delivery.h"

#define SECOND_NS UINT64_C(1000000000)

static const uint64_t base_ns = SECOND_NS / 4;
static const uint64_t delay_ns_max = 4 * SECOND_NS;

void delivery_init(struct delivery *delivery, uint64_t now_ns, uint64_t deadline_ns, size_t count,
                   uint64_t seed)
{
    *delivery = (struct delivery){
        .state = count > 0 ? DELIVERY_WAITING : DELIVERY_ENDED,
        .count = count,
        .at_ns = now_ns,
        .deadline_ns = deadline_ns,
    };
    rng_init_named(&delivery->rng, seed, view_of("delivery"));
}

bool delivery_next(struct delivery *delivery, uint64_t now_ns, size_t *ret_message)
{
    if (delivery->state != DELIVERY_WAITING || now_ns < delivery->at_ns
        || now_ns >= delivery->deadline_ns)
        return false;
    delivery->state = DELIVERY_ASKING;
    delivery->attempts++;
    *ret_message = delivery->current;
    return true;
}

static void give_up(struct delivery *delivery)
{
    for (size_t i = delivery->current; i < delivery->count; i++)
        delivery->fates[i] = DELIVERY_GIVEN_UP;
    delivery->state = DELIVERY_ENDED;
}

static void go_on(struct delivery *delivery, uint64_t now_ns, enum delivery_fate fate)
{
    delivery->fates[delivery->current++] = fate;
    delivery->attempts = 0;
    delivery->at_ns = now_ns;
    delivery->state = delivery->current < delivery->count ? DELIVERY_WAITING : DELIVERY_ENDED;
}

static bool is_final_for_channel(int status)
{
    return status == 401 || status == 403 || status == 404 || status == 410;
}

static bool may_come_right(int status)
{
    return status == 0 || status == 408 || status == 429 || status >= 500;
}

static void try_again(struct delivery *delivery, uint64_t now_ns,
                      const struct delivery_event *event)
{
    uint64_t delay_ns = base_ns << (delivery->attempts - 1);

    if (delay_ns > delay_ns_max)
        delay_ns = delay_ns_max;
    uint64_t half_ns = delay_ns / 2;
    delay_ns = half_ns + (uint64_t)((double)half_ns * rng_unit(&delivery->rng));
    if (event->retry_after_ns > delay_ns)
        delay_ns = event->retry_after_ns;
    bool is_late = delivery->deadline_ns <= now_ns || delay_ns >= delivery->deadline_ns - now_ns;
    if (is_late && event->retry_after_ns > 0)
        delivery->not_before_in_ns = event->retry_after_ns;
    if (is_late || delivery->attempts >= DELIVERY_ATTEMPTS_MAX) {
        give_up(delivery);
        return;
    }
    delivery->at_ns = now_ns + delay_ns;
    delivery->state = DELIVERY_WAITING;
}

void delivery_feed(struct delivery *delivery, uint64_t now_ns, const struct delivery_event *event)
{
    if (delivery->state != DELIVERY_ASKING)
        return;
    if (event->status >= 200 && event->status < 300) {
        go_on(delivery, now_ns, DELIVERY_DELIVERED);
    } else if (may_come_right(event->status)) {
        try_again(delivery, now_ns, event);
    } else if (is_final_for_channel(event->status)) {
        for (size_t i = delivery->current; i < delivery->count; i++)
            delivery->fates[i] = DELIVERY_REFUSED;
        delivery->state = DELIVERY_ENDED;
    } else {
        go_on(delivery, now_ns, DELIVERY_REFUSED);
    }
}

void delivery_tick(struct delivery *delivery, uint64_t now_ns)
{
    if (delivery->state != DELIVERY_ENDED && now_ns >= delivery->deadline_ns)
        give_up(delivery);
}

uint64_t delivery_deadline(const struct delivery *delivery)
{
    if (delivery->state == DELIVERY_ENDED)
        return UINT64_MAX;
    if (delivery->state == DELIVERY_ASKING)
        return delivery->deadline_ns;
    return delivery->at_ns < delivery->deadline_ns ? delivery->at_ns : delivery->deadline_ns;
}
