/* SPDX-License-Identifier: Apache-2.0
 *
 * burn: how many tokens of a quota a request takes: reserved when it starts, settled when it ends.
 *
 * Amazon Bedrock reserves input + cache reads + cache writes + max_tokens, and settles on input +
 * cache writes + output × burn-down rate; cache reads are not counted then. Some models burn 5
 * tokens for one of output. Whether the reservation burns down too is not documented, so it is a
 * setting. A max_tokens that is not set reserves the most that the model can give.
 *
 * Threads: no state. Source: Amazon Bedrock User Guide, "Understand token burndown rates". */
#ifndef ASSAY_CORE_QUOTA_BURN_H
#define ASSAY_CORE_QUOTA_BURN_H

#include <stdbool.h>
#include <stdint.h>

struct burn_rates {
    int64_t output_micro; /* tokens of quota for a token of output, in millionths; 0: one */
    bool reserve_burns;   /* the reservation counts max_tokens at that rate too */
    int64_t max_tokens;   /* what an unset max_tokens reserves; 0: 4096 */
};

struct burn_tokens {
    int64_t input;
    int64_t cache_read;
    int64_t cache_write;
    int64_t output; /* of a reservation max_tokens, below 0: not set */
};

/* Parts below 0 count as 0; sums beyond int64_t as INT64_MAX. */
int64_t burn_reserved(const struct burn_rates *rates, const struct burn_tokens *tokens);
int64_t burn_used(const struct burn_rates *rates, const struct burn_tokens *tokens);

#endif
