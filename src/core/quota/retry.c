/* SPDX-License-Identifier: Apache-2.0
 *
 * retry: see retry.h. */
#include "core/quota/retry.h"

enum { COST = 14, COST_THROTTLED = 5, DOUBLINGS_MAX = 16 };

static const uint64_t BASE_NS = 50000000;
static const uint64_t BASE_THROTTLED_NS = 1000000000;
static const uint64_t DELAY_NS_MAX = 20000000000;
static const uint64_t RETRY_AFTER_MORE_NS = 5000000000;

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

void retry_init(struct retry *retry, const struct retry_settings *settings, uint64_t seed)
{
    *retry = (struct retry){
        .settings =
            {
                .attempts = settings->attempts == 0 ? 1 : settings->attempts,
                .base_ns = or_default(settings->base_ns, BASE_NS),
                .base_throttled_ns = or_default(settings->base_throttled_ns, BASE_THROTTLED_NS),
                .delay_ns_max = or_default(settings->delay_ns_max, DELAY_NS_MAX),
            },
        .tokens = RETRY_TOKENS_MAX,
    };
    rng_init_named(&retry->rng, seed, (struct view)VIEW("retry"));
}

/* Before retry number i, from 0, with what the server asked for. */
static uint64_t delay_ns(struct retry *retry, const struct retry_question *question)
{
    const struct retry_settings *settings = &retry->settings;
    uint32_t i = question->attempts - 1;
    double ceiling =
        (double)(question->throttled ? settings->base_throttled_ns : settings->base_ns);
    double ceiling_max = (double)settings->delay_ns_max;

    ceiling *= (double)(1u << (i < DOUBLINGS_MAX ? i : DOUBLINGS_MAX));
    if (ceiling > ceiling_max)
        ceiling = ceiling_max;
    uint64_t own_ns = (uint64_t)(rng_unit(&retry->rng) * ceiling);
    if (question->retry_after_ns <= own_ns)
        return own_ns;
    return question->retry_after_ns > own_ns + RETRY_AFTER_MORE_NS ? own_ns + RETRY_AFTER_MORE_NS
                                                                   : question->retry_after_ns;
}

enum retry_verdict retry_decide(struct retry *retry, uint64_t now_ns,
                                const struct retry_question *question, uint64_t *ret_at_ns,
                                int32_t *ret_cost)
{
    assert_always(question->attempts > 0);
    if (!question->may_retry)
        return RETRY_FINAL;
    if (question->begun)
        return RETRY_BEGUN;
    if (question->attempts >= retry->settings.attempts)
        return RETRY_ATTEMPTS;

    int32_t cost = question->throttled ? COST_THROTTLED : COST;
    if (retry->tokens < cost)
        return RETRY_BUDGET;
    uint64_t in_ns = delay_ns(retry, question);
    if (now_ns >= question->deadline_ns || in_ns >= question->deadline_ns - now_ns)
        return RETRY_DEADLINE;

    retry->tokens -= cost;
    *ret_at_ns = now_ns + in_ns;
    *ret_cost = cost;
    return RETRY_AGAIN;
}

void retry_succeeded(struct retry *retry, int32_t cost)
{
    retry->tokens += cost > 0 ? cost : 1;
    if (retry->tokens > RETRY_TOKENS_MAX)
        retry->tokens = RETRY_TOKENS_MAX;
}

const char *retry_verdict_text(enum retry_verdict verdict)
{
    static const char *const texts[] = {
        [RETRY_AGAIN] = "it is tried again",
        [RETRY_FINAL] = "the error would come again",
        [RETRY_ATTEMPTS] = "all attempts were made",
        [RETRY_DEADLINE] = "no time was left for another attempt",
        [RETRY_BUDGET] = "too many requests had to be repeated lately",
        [RETRY_BEGUN] = "a part of the answer had gone out",
        [RETRY_BROKEN] = "the service failed too often lately and is not asked for a while",
        [RETRY_CROWDED] = "its caller has as many requests waiting as it may",
    };

    return texts[verdict];
}
