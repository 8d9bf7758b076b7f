/* SPDX-License-Identifier: Apache-2.0
 *
 * spec_units: durations, sizes and millionths, read exactly, in integers. */
#include "config/spec.h"

#include "wire/json_number.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit durations[] = {
    {"ns", 1},
    {"us", 1000},
    {"µs", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", 60000000000},
    {"min", 60000000000},
    {"h", 3600000000000},
    {"d", 86400000000000},
    {NULL, 0},
};

static const struct unit sizes[] = {
    {"", 1},          {"B", 1},          {"K", 1000},        {"KB", 1000},
    {"kB", 1000},     {"KiB", 1024},     {"M", 1000000},     {"MB", 1000000},
    {"MiB", 1048576}, {"G", 1000000000}, {"GB", 1000000000}, {"GiB", 1073741824},
    {NULL, 0},
};

static size_t count_digits(struct view text)
{
    size_t n = 0;
    while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9')
        n++;
    return n;
}

static bool add_product(uint64_t *sum, uint64_t a, uint64_t b)
{
    uint64_t product;
    return !__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(*sum, product, sum);
}

/* The digits as one number; false where it does not fit. */
static bool read_digits(struct view digits, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (size_t i = 0; i < digits.len; i++) {
        uint64_t sum = (uint64_t)(digits.ptr[i] - '0');
        if (!add_product(&sum, value, 10))
            return false;
        value = sum;
    }
    *ret_value = value;
    return true;
}

/* digits [. digits] unit; what is finer than one is dropped. */
static int read_amount(struct view text, const struct unit *units, uint64_t *ret_amount)
{
    enum { DECIMALS_MAX = 5 }; /* so that decimals times the largest factor fit 64 bits */
    struct view whole = view_slice(text, 0, count_digits(text));
    struct view rest = view_slice(text, whole.len, text.len);
    struct view decimals = {.ptr = NULL};

    if (view_starts(rest, view_of("."))) {
        rest = view_slice(rest, 1, rest.len);
        decimals = view_slice(rest, 0, count_digits(rest));
        rest = view_slice(rest, decimals.len, rest.len);
        if (decimals.len == 0 || decimals.len > DECIMALS_MAX)
            return ERR_INVALID;
    }
    while (units->name != NULL && !view_is(rest, units->name))
        units++;
    if (units->name == NULL || whole.len == 0)
        return ERR_INVALID;

    uint64_t amount = 0;
    uint64_t part = 0;
    uint64_t value;
    if (!read_digits(whole, &value) || !add_product(&amount, value, units->factor)
        || !read_digits(decimals, &part))
        return ERR_INVALID;
    part *= units->factor;
    for (size_t i = 0; i < decimals.len; i++)
        part /= 10;
    if (!add_product(&amount, part, 1))
        return ERR_INVALID;
    *ret_amount = amount;
    return 0;
}

int config_duration(struct view text, uint64_t *ret_ns)
{
    return read_amount(text, durations, ret_ns);
}

int config_size(struct view text, uint64_t *ret_bytes)
{
    return read_amount(text, sizes, ret_bytes);
}

int config_micro(struct view text, int64_t *ret_micro)
{
    struct json_decimal decimal;
    int64_t micro = 0;

    if (json_decimal_read(text, &decimal) != 0)
        return ERR_INVALID;
    if (decimal.count == 0) {
        *ret_micro = 0;
        return 0;
    }
    /* How many digits stand before the point once everything is in millionths. */
    int64_t kept = decimal.exponent + 6;
    if (kept > 19 || (int64_t)decimal.count > kept)
        return ERR_INVALID;
    size_t at = 0;
    for (int64_t i = 0; i < kept; i++) {
        while (at < decimal.digits.len && decimal.digits.ptr[at] == '.')
            at++;
        int digit = at < decimal.digits.len ? decimal.digits.ptr[at++] - '0' : 0;
        if (__builtin_mul_overflow(micro, 10, &micro)
            || __builtin_add_overflow(micro, digit, &micro))
            return ERR_INVALID;
    }
    *ret_micro = decimal.negative ? -micro : micro;
    return 0;
}
