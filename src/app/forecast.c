/* SPDX-License-Identifier: Apache-2.0
 *
 * forecast: see forecast.h. */
#include "app/forecast.h"

#include "app/target.h"
#include "text/tokens.h"

enum { QUESTION_BYTES_MAX = 64 << 20 };

struct forecast {
    size_t questions;
    uint64_t tokens_in;
    uint64_t tokens_out_max; /* where max_tokens is set */
    size_t unbounded;        /* questions without max_tokens */
};

static int add_item(const struct plan *plan, size_t item, struct forecast *forecast,
                    struct err *reterr)
{
    struct arena scratch;
    struct chat chat = {0};
    uint64_t tokens = 0;

    arena_init(&scratch, QUESTION_BYTES_MAX);
    int code = golden_render(&plan->set, plan->items[item].entry, &scratch, &chat, reterr);
    if (code == 0)
        code = golden_merge(&scratch, plan->suite->params, chat.params, &chat.params);
    tokens = tokens_estimate(chat.system);
    for (size_t i = 0; i < chat.message_count; i++)
        tokens += tokens_estimate(chat.messages[i].text);
    int64_t most = json_int(json_get(chat.params, "max_tokens"), 0);
    arena_release(&scratch);
    forecast->questions += plan->repeat;
    forecast->tokens_in += tokens * plan->repeat;
    if (most > 0)
        forecast->tokens_out_max += (uint64_t)most * plan->repeat;
    else
        forecast->unbounded += plan->repeat;
    return code;
}

int forecast_target(const struct plan *plan, size_t target, struct strbuf *out, struct err *reterr)
{
    struct target described = {.settings = plan->targets[target],
                               .provider = {.model = plan->targets[target]->model}};
    struct forecast forecast = {0};
    int64_t nano_usd = 0;
    int code = 0;

    for (size_t i = 0; i < plan->item_count && code == 0; i++)
        if (plan->items[i].target == target)
            code = add_item(plan, i, &forecast, reterr);
    struct usage usage = {.tokens_in = (int64_t)forecast.tokens_in,
                          .tokens_out = (int64_t)forecast.tokens_out_max,
                          .known = true};
    strbuf_printf(out, "%.*s: %zu questions, about %llu tokens in",
                  VIEW_ARG(described.settings->name), forecast.questions,
                  (unsigned long long)forecast.tokens_in);
    if (forecast.tokens_out_max > 0)
        strbuf_printf(out, ", at most %llu tokens out",
                      (unsigned long long)forecast.tokens_out_max);
    if (target_cost(&described, &usage, &nano_usd))
        strbuf_printf(out, ", at most $%.4f", (double)nano_usd / 1e9);
    if (forecast.unbounded > 0)
        strbuf_printf(out, " (%zu questions set no max_tokens)", forecast.unbounded);
    strbuf_add_byte(out, '\n');
    return code;
}
