/* SPDX-License-Identifier: Apache-2.0
 *
 * prices: what models cost, as a dated table, and exact arithmetic over it.
 *
 * One dollar for a million tokens is 1,000 nano-dollars a token, so every listed price is a whole
 * number of nano-dollars. The table is what third parties published at PRICES_AS_OF; a target's own
 * `price` setting comes before it. Threads: no state. */
#ifndef ASSAY_PROVIDER_PRICES_H
#define ASSAY_PROVIDER_PRICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"
#include "provider/chat.h"

#define PRICES_AS_OF "2026-11"

enum {
    PRICES_CACHE_WRITE_PERCENT = 125, /* of the input price, for the 5-minute cache */
    PRICES_CACHE_READ_PERCENT = 10,
    PRICES_BATCH_PERCENT = 50,
};

struct price {
    const char *model;   /* family as the table names it: "claude-3-haiku"; NULL for a user's own */
    int64_t in_nano_usd; /* a token of input */
    int64_t out_nano_usd;
};

/* The row for a model id: with or without provider ("anthropic."), inference profile prefix ("us.",
 * "eu.", "jp.", "apac.", "global.", …), date, version ("-v1:0") and as an ARN of a foundation model
 * or inference profile. NULL for a model that the table does not have; an application inference
 * profile does not say its model, so it is NULL too. */
const struct price *prices_find(struct view model);

/* tokens_in, tokens_out and cache tokens at that price, in nano-dollars, rounded half up once;
 * INT64_MAX where the sum does not fit. Negative counts count as 0. */
int64_t prices_cost_usd_nano(const struct price *price, const struct usage *usage, bool batch);

/* The table, for printing. */
const struct price *prices_table(size_t *ret_count);

#endif
