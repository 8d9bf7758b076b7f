/* SPDX-License-Identifier: Apache-2.0
 *
 * prices: see prices.h. */
#include "provider/prices.h"

/* Nano-dollars a token: 1,000 is one dollar for a million tokens. */
static const struct price table[] = {
    {"claude-3-haiku", 250, 1250},
    {"claude-3-5-haiku", 800, 4000},
    {"claude-haiku-4-5", 1000, 5000},
    {"claude-3-sonnet", 3000, 15000},
    {"claude-3-5-sonnet", 3000, 15000},
    {"claude-3-7-sonnet", 3000, 15000},
    {"claude-sonnet-4", 3000, 15000},
    {"claude-sonnet-4-5", 3000, 15000},
    {"claude-sonnet-4-6", 3000, 15000},
    {"nova-micro", 35, 140},
    {"nova-lite", 60, 240},
    {"nova-pro", 800, 3200},
    {"titan-embed-text-v2", 20, 0},
};

enum { TABLE_COUNT = sizeof table / sizeof table[0] };

const struct price *prices_table(size_t *ret_count)
{
    *ret_count = TABLE_COUNT;
    return table;
}

/* Cross-region inference profiles. */
static const char *const regions[] = {"us.",   "us-gov.", "eu.", "jp.",
                                      "apac.", "au.",     "ca.", "global."};
static const char *const vendors[] = {"anthropic.", "amazon."};

static struct view without_prefix(struct view id, const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (view_starts(id, view_of(prefixes[i])))
            return view_slice(id, strlen(prefixes[i]), id.len);
    }
    return id;
}

/* The resource of an ARN that names its model; empty for one that does not. */
static struct view resource_of(struct view arn)
{
    static const char *const kinds[] = {":foundation-model/", ":inference-profile/"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t at = view_find(arn, view_of(kinds[i]), 0);
        if (at < arn.len)
            return view_slice(arn, at + strlen(kinds[i]), arn.len);
    }
    return (struct view){0};
}

static bool all_digits(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return text.len != 0;
}

/* What may stand behind a family: "-20240307", "-v1", "-latest", ":0", ":0:200k", in that order. */
static bool is_version(struct view rest)
{
    struct view behind = rest;
    struct view name = view_split(&behind, ':');

    if (name.len >= 9 && name.ptr[0] == '-' && all_digits(view_slice(name, 1, 9)))
        name = view_slice(name, 9, name.len);
    return name.len == 0 || view_is(name, "-latest")
           || (view_starts(name, (struct view)VIEW("-v"))
               && all_digits(view_slice(name, 2, name.len)));
}

const struct price *prices_find(struct view model)
{
    struct view id = model;

    if (view_starts(id, (struct view)VIEW("arn:")))
        id = resource_of(id);
    id = without_prefix(id, regions, sizeof regions / sizeof regions[0]);
    id = without_prefix(id, vendors, sizeof vendors / sizeof vendors[0]);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        struct view family = view_of(table[i].model);
        if (view_starts(id, family) && is_version(view_slice(id, family.len, id.len)))
            return &table[i];
    }
    return NULL;
}

/* *sum += tokens × price × percent; false where it does not fit. */
static bool add(int64_t *sum, int64_t tokens, int64_t price_nano, int64_t percent)
{
    int64_t product;

    return tokens <= 0
           || (!__builtin_mul_overflow(tokens, price_nano * percent, &product)
               && !__builtin_add_overflow(*sum, product, sum));
}

int64_t prices_cost_usd_nano(const struct price *price, const struct usage *usage, bool batch)
{
    int64_t unit = batch ? 100 * PRICES_BATCH_PERCENT : 100 * 100;
    int64_t sum = 0;
    int64_t percent_squared = 100 * 100;

    if (!add(&sum, usage->tokens_in, price->in_nano_usd, unit)
        || !add(&sum, usage->tokens_out, price->out_nano_usd, unit)
        || !add(&sum, usage->cache_read_tokens, price->in_nano_usd,
                unit / 100 * PRICES_CACHE_READ_PERCENT)
        || !add(&sum, usage->cache_write_tokens, price->in_nano_usd,
                unit / 100 * PRICES_CACHE_WRITE_PERCENT)
        || sum > INT64_MAX - percent_squared / 2)
        return INT64_MAX;
    return (sum + percent_squared / 2) / percent_squared;
}
