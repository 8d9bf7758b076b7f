/* SPDX-License-Identifier: Apache-2.0
 *
 * retry: see retry.h. */
#include "core/quota/retry.h"

enum { COST = 14, COST_THROTTLED = 5, DOUBLINGS_MAX = 16 };

static const double BASE_NS = 50e6;
static const double BASE_THROTTLED_NS = 1e9;
static const double DELAY_NS_MAX = 20e9;
static const uint64_t RETRY_AFTER_MORE_NS = 5000000000;

void retry_init(struct retry *retry, uint32_t attempts_max, uint64_t seed)
{
    *retry = (struct retry){
        .attempts_max = attempts_max == 0 ? 1 : attempts_max,
        .tokens = RETRY_TOKENS_MAX,
    };
    rng_init_named(&retry->rng, seed, (struct view)VIEW("retry"));
}

/* Before retry number i, from 0, with what the server asked for. */
static uint64_t delay_ns(struct retry *retry, const struct retry_question *question)
{
    uint32_t i = question->attempts - 1;
    double ceiling = question->throttled ? BASE_THROTTLED_NS : BASE_NS;

    ceiling *= (double)(1u << (i < DOUBLINGS_MAX ? i : DOUBLINGS_MAX));
    if (ceiling > DELAY_NS_MAX)
        ceiling = DELAY_NS_MAX;
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
    if (question->attempts >= retry->attempts_max)
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
    };

    return texts[verdict];
}
