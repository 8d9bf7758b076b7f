/* SPDX-License-Identifier: Apache-2.0
 *
 * forecast: what a plan is going to ask and what that may cost, before anything is asked.
 *
 * Tokens are estimated (text/tokens.h); the price is an upper bound where max_tokens bounds every
 * answer. Threads: no state. */
#ifndef ASSAY_APP_FORECAST_H
#define ASSAY_APP_FORECAST_H

#include "app/plan.h"

/* Appends a line: "sonnet: 120 questions, about 4,000 tokens in, at most …". Codes of
 * golden_render. */
MUST_CHECK int forecast_target(const struct plan *plan, size_t target, struct strbuf *out,
                               struct err *reterr);

#endif
