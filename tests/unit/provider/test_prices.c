/* SPDX-License-Identifier: Apache-2.0
 *
 * Prices: every way to write a model's id, and exact sums. */
#include "support.h"

#include "provider/prices.h"

struct id {
    const char *id;
    const char *family; /* NULL: not in the table */
};

static const struct id ids[] = {
    {"anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku"},
    {"anthropic.claude-3-haiku-20240307-v1:0:200k", "claude-3-haiku"},
    {"us.anthropic.claude-3-5-haiku-20241022-v1:0", "claude-3-5-haiku"},
    {"global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"},
    {"claude-haiku-4-5", "claude-haiku-4-5"},
    {"claude-3-5-sonnet-latest", "claude-3-5-sonnet"},
    {"claude-3-sonnet-20240229", "claude-3-sonnet"},
    {"eu.anthropic.claude-3-7-sonnet-20250219-v1:0", "claude-3-7-sonnet"},
    {"apac.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4"},
    {"jp.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"},
    {"us.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"},
    {"us.anthropic.claude-sonnet-4-6-v1", "claude-sonnet-4-6"},
    {"amazon.nova-micro-v1:0", "nova-micro"},
    {"us.amazon.nova-lite-v1:0", "nova-lite"},
    {"amazon.nova-pro-v1:0:300k", "nova-pro"},
    {"amazon.titan-embed-text-v2:0", "titan-embed-text-v2"},
    {"arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
     "claude-3-haiku"},
    {"arn:aws:bedrock:us-east-1:123456789012:inference-profile/"
     "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
     "claude-sonnet-4-5"},
    {"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", NULL},
    {"anthropic.claude-sonnet-4-7", NULL},
    {"anthropic.claude-3-haiku-mini", NULL},
    {"anthropic.claude-3-opus-20240229-v1:0", NULL},
    {"meta.llama3-8b-instruct-v1:0", NULL},
    {"gpt-4o", NULL},
    {"claude-3-haiku2", NULL},
    {"", NULL},
    {"arn:", NULL},
};

static void a_model_is_known_however_its_id_is_written(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const struct price *price = prices_find(view_of(ids[i].id));
        const char *got = price != NULL ? price->model : "none";
        if (strcmp(got, ids[i].family != NULL ? ids[i].family : "none") != 0)
            fail_msg("%s: %s", ids[i].id, got);
    }
}

static void costs_are_exact_to_the_nano_dollar(void **state)
{
    (void)state;
    const struct price *haiku = prices_find(view_of("claude-3-haiku"));
    const struct price *sonnet = prices_find(view_of("claude-3-sonnet"));
    const struct usage query = {.tokens_in = 500, .tokens_out = 200};

    assert_int_equal(prices_cost_usd_nano(haiku, &query, false), 375000);   /* 0.000375 dollars */
    assert_int_equal(prices_cost_usd_nano(sonnet, &query, false), 4500000); /* 0.0045 dollars */
    assert_int_equal(prices_cost_usd_nano(sonnet, &query, true), 2250000);
    const struct usage cached = {
        .tokens_in = 1, .tokens_out = 1, .cache_read_tokens = 10, .cache_write_tokens = 4};
    assert_int_equal(prices_cost_usd_nano(sonnet, &cached, false), 3000 + 15000 + 3000 + 15000);
    const struct price micro = {.in_nano_usd = 35, .out_nano_usd = 140};
    const struct usage one = {.cache_read_tokens = 1};
    assert_int_equal(prices_cost_usd_nano(&micro, &one, false), 4); /* 3.5, half up */
    assert_int_equal(prices_cost_usd_nano(&micro, &one, true), 2);  /* 1.75 */
}

static void sums_that_do_not_fit_are_said_and_nonsense_costs_nothing(void **state)
{
    (void)state;
    const struct price *sonnet = prices_find(view_of("claude-3-sonnet"));
    const struct usage huge = {.tokens_in = INT64_MAX, .tokens_out = 1};
    const struct usage wrong = {.tokens_in = -5, .tokens_out = -1};
    const struct usage day = {.tokens_in = 500000000000, .tokens_out = 200000000000};

    assert_int_equal(prices_cost_usd_nano(sonnet, &huge, false), INT64_MAX);
    assert_int_equal(prices_cost_usd_nano(sonnet, &wrong, false), 0);
    assert_int_equal(prices_cost_usd_nano(prices_find(view_of("nova-micro")), &day, false),
                     500000000000 * 35 + 200000000000 * 140);
}

static void the_table_has_no_row_twice(void **state)
{
    (void)state;
    size_t count = 0;
    const struct price *table = prices_table(&count);

    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(prices_find(view_of(table[i].model)), &table[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_known_however_its_id_is_written),
        cmocka_unit_test(costs_are_exact_to_the_nano_dollar),
        cmocka_unit_test(sums_that_do_not_fit_are_said_and_nonsense_costs_nothing),
        cmocka_unit_test(the_table_has_no_row_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
