/* SPDX-License-Identifier: Apache-2.0
 *
 * json_number: see json_number.h. */
#include "wire/json_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t EXPONENT_MAX = 1000000000000000;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Passes digits and returns whether there was one. */
static bool pass_digits(struct view text, size_t *at)
{
    size_t from = *at;

    while (*at < text.len && is_digit(text.ptr[*at]))
        ++*at;
    return *at > from;
}

/* The exponent after e or E, clamped; false where it is malformed. */
static bool read_exponent(struct view text, size_t *at, int64_t *ret_exponent)
{
    bool negative = *at < text.len && text.ptr[*at] == '-';
    int64_t value = 0;

    if (*at < text.len && (text.ptr[*at] == '-' || text.ptr[*at] == '+'))
        ++*at;
    size_t from = *at;
    if (!pass_digits(text, at))
        return false;
    for (size_t i = from; i < *at; i++)
        value = value >= EXPONENT_MAX ? EXPONENT_MAX : value * 10 + (text.ptr[i] - '0');
    if (value > EXPONENT_MAX)
        value = EXPONENT_MAX;
    *ret_exponent = negative ? -value : value;
    return true;
}

/* Cuts zeros (and the point) off both ends of the mantissa and says where the point stands. */
static void normalise(struct json_decimal *decimal, size_t whole_digits, int64_t exponent)
{
    struct view digits = decimal->digits;
    int64_t point = (int64_t)whole_digits;
    bool has_point = digits.len > whole_digits;

    while (digits.len > 0 && (digits.ptr[0] == '0' || digits.ptr[0] == '.')) {
        if (digits.ptr[0] == '.')
            has_point = false;
        else
            point--;
        digits = view_slice(digits, 1, digits.len);
    }
    while (digits.len > 0
           && (digits.ptr[digits.len - 1] == '0' || digits.ptr[digits.len - 1] == '.')) {
        if (digits.ptr[digits.len - 1] == '.')
            has_point = false;
        digits.len--;
    }
    decimal->digits = digits;
    decimal->count = digits.len - (has_point && digits.len > 0 ? 1 : 0);
    decimal->exponent = digits.len > 0 ? point + exponent : 0;
}

int json_decimal_read(struct view text, struct json_decimal *ret_decimal)
{
    struct json_decimal decimal = {.negative = text.len > 0 && text.ptr[0] == '-'};
    size_t at = decimal.negative;
    size_t from = at;
    int64_t exponent = 0;

    if (!pass_digits(text, &at) || (text.ptr[from] == '0' && at - from > 1))
        return ERR_INVALID;
    size_t whole_digits = at - from;
    if (at < text.len && text.ptr[at] == '.') {
        at++;
        if (!pass_digits(text, &at))
            return ERR_INVALID;
    }
    decimal.digits = view_slice(text, from, at);
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at++;
        if (!read_exponent(text, &at, &exponent))
            return ERR_INVALID;
    }
    if (at != text.len)
        return ERR_INVALID;
    normalise(&decimal, whole_digits, exponent);
    *ret_decimal = decimal;
    return 0;
}

/* The next digit of the mantissa; 0 for ever after its end. */
static int next_digit(struct view *digits)
{
    if (digits->len > 0 && digits->ptr[0] == '.')
        *digits = view_slice(*digits, 1, digits->len);
    if (digits->len == 0)
        return 0;
    int digit = digits->ptr[0] - '0';
    *digits = view_slice(*digits, 1, digits->len);
    return digit;
}

static int compare_magnitude(const struct json_decimal *a, const struct json_decimal *b)
{
    if (a->count == 0 || b->count == 0)
        return (a->count != 0) - (b->count != 0);
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    struct view left = a->digits;
    struct view right = b->digits;
    while (left.len > 0 || right.len > 0) {
        int difference = next_digit(&left) - next_digit(&right);
        if (difference != 0)
            return difference;
    }
    return 0;
}

int json_decimal_compare(const struct json_decimal *a, const struct json_decimal *b)
{
    bool a_below_zero = a->negative && a->count != 0;
    bool b_below_zero = b->negative && b->count != 0;

    if (a_below_zero != b_below_zero)
        return a_below_zero ? -1 : 1;
    return a_below_zero ? compare_magnitude(b, a) : compare_magnitude(a, b);
}

bool json_decimal_is_whole(const struct json_decimal *decimal)
{
    return decimal->count == 0
           || (decimal->exponent > 0 && (uint64_t)decimal->exponent >= decimal->count);
}

int json_decimal_to_int(const struct json_decimal *decimal, int64_t *ret_value)
{
    uint64_t limit = (uint64_t)INT64_MAX + (decimal->negative ? 1 : 0);
    struct view digits = decimal->digits;
    uint64_t value = 0;

    if (!json_decimal_is_whole(decimal) || decimal->exponent > 19)
        return ERR_INVALID;
    for (int64_t i = 0; i < decimal->exponent; i++) {
        uint64_t digit = (uint64_t)next_digit(&digits);
        if (value > (limit - digit) / 10)
            return ERR_INVALID;
        value = value * 10 + digit;
    }
    *ret_value = decimal->negative ? (int64_t)(0 - value) : (int64_t)value;
    return 0;
}

int json_decimal_to_double(const struct json_decimal *decimal, double *ret_value)
{
    /* Digits past the 780th cannot change the nearest double, but one that is not 0 can break a
     * tie; then a 1 stands for all of them. */
    enum { DIGITS_KEPT = 780 };
    char text[DIGITS_KEPT + 64];
    struct view digits = decimal->digits;
    size_t len = 0;

    if (decimal->count == 0 || decimal->exponent < -400) {
        *ret_value = decimal->negative ? -0.0 : 0.0;
        return 0;
    }
    if (decimal->exponent > 400)
        return ERR_INVALID;
    if (decimal->negative)
        text[len++] = '-';
    text[len++] = '0';
    text[len++] = '.';
    for (size_t i = 0; i < decimal->count && i < DIGITS_KEPT; i++)
        text[len++] = (char)('0' + next_digit(&digits));
    if (decimal->count > DIGITS_KEPT)
        text[len++] = '1';
    snprintf(text + len, sizeof text - len, "e%d", (int)decimal->exponent);
    double value = strtod(text, NULL); /* the house never calls setlocale: the point is a point */
    if (!isfinite(value))
        return ERR_INVALID;
    *ret_value = value;
    return 0;
}

/* a × b modulo m, where all are below 2^60; by doubling, since 64 bits do not hold the product. */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t modulus)
{
    uint64_t product = 0;

    for (a %= modulus; b != 0; b >>= 1) {
        if (b & 1)
            product = (product + a) % modulus;
        a = (a + a) % modulus;
    }
    return product;
}

static uint64_t power_of_ten(uint64_t exponent, uint64_t modulus)
{
    uint64_t power = 1 % modulus;
    uint64_t base = 10 % modulus;

    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1)
            power = multiply(power, base, modulus);
        base = multiply(base, base, modulus);
    }
    return power;
}

int json_decimal_is_multiple(const struct json_decimal *value, const struct json_decimal *divisor,
                             bool *ret_is_multiple)
{
    struct view digits = divisor->digits;
    uint64_t unit = 0;
    uint64_t remainder = 0;

    assert_always(divisor->count != 0);
    if (divisor->count > JSON_DIVISOR_DIGITS_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < divisor->count; i++)
        unit = unit * 10 + (uint64_t)next_digit(&digits);
    /* Both as whole numbers of 10^(the divisor's last place): the value's digits, then zeros. A
     * value with digits past that place has a fraction there, which no multiple has. */
    int64_t zeros =
        value->exponent - (int64_t)value->count - (divisor->exponent - (int64_t)divisor->count);
    if (value->count != 0 && zeros < 0) {
        *ret_is_multiple = false;
        return 0;
    }
    digits = value->digits;
    for (size_t i = 0; i < value->count; i++)
        remainder = (remainder * 10 + (uint64_t)next_digit(&digits)) % unit; /* < 10^19 */
    if (value->count != 0)
        remainder = multiply(remainder, power_of_ten((uint64_t)zeros, unit), unit);
    *ret_is_multiple = remainder == 0;
    return 0;
}
