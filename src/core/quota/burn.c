/* SPDX-License-Identifier: Apache-2.0
 *
 * burn: see burn.h. Fractions of a token count as a whole one. */
#include "core/quota/burn.h"

static const int64_t MICRO = 1000000;
static const int64_t MAX_TOKENS = 4096;

static int64_t sum(int64_t a, int64_t b)
{
    int64_t result;

    if (b <= 0)
        return a;
    return __builtin_add_overflow(a, b, &result) ? INT64_MAX : result;
}

static int64_t burnt(const struct burn_rates *rates, int64_t output)
{
    int64_t micro = rates->output_micro <= 0 ? MICRO : rates->output_micro;
    int64_t product;

    if (output <= 0)
        return 0;
    if (__builtin_mul_overflow(output, micro, &product))
        return INT64_MAX;
    return product / MICRO + (product % MICRO != 0 ? 1 : 0);
}

int64_t burn_reserved(const struct burn_rates *rates, const struct burn_tokens *tokens)
{
    int64_t most = rates->max_tokens > 0 ? rates->max_tokens : MAX_TOKENS;
    int64_t output = tokens->output >= 0 ? tokens->output : most;

    if (rates->reserve_burns)
        output = burnt(rates, output);
    return sum(sum(sum(sum(0, tokens->input), tokens->cache_read), tokens->cache_write), output);
}

int64_t burn_used(const struct burn_rates *rates, const struct burn_tokens *tokens)
{
    return sum(sum(sum(0, tokens->input), tokens->cache_write), burnt(rates, tokens->output));
}
