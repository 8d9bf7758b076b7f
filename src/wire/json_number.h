/* SPDX-License-Identifier: Apache-2.0
 *
 * json_number: a JSON number's spelling as an exact decimal, so that 1, 1.0 and 10e-1 are equal,
 * 9007199254740993 is not 9007199254740992, and 1e400 has a place in the order.
 *
 * A decimal borrows the spelling and copies nothing: its digits are those of the spelling from the
 * first to the last that is not 0. Exponents are clamped to ±10^15, far past what a spelling of any
 * length that fits memory can tell apart. Threads: values, no shared state. */
#ifndef ASSAY_WIRE_JSON_NUMBER_H
#define ASSAY_WIRE_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"

enum { JSON_DIVISOR_DIGITS_MAX = 18 };

/* value = ± 0.D1 D2 D3 ... × 10^exponent; zero has no digits. */
struct json_decimal {
    struct view digits; /* from the first to the last significant one; may hold the point */
    size_t count;       /* of digits without the point */
    int64_t exponent;
    bool negative;
};

/* Reads JSON's number grammar, whole view; ERR_INVALID for anything else. */
MUST_CHECK int json_decimal_read(struct view text, struct json_decimal *ret_decimal);

/* Less than, equal to or greater than 0. Zeros are equal, whatever their sign. */
int json_decimal_compare(const struct json_decimal *a, const struct json_decimal *b);

/* True where the value has no fraction. */
bool json_decimal_is_whole(const struct json_decimal *decimal);

/* The value where it is whole and fits, else ERR_INVALID. */
MUST_CHECK int json_decimal_to_int(const struct json_decimal *decimal, int64_t *ret_value);

/* The nearest double; ERR_INVALID where it is too large for one. */
MUST_CHECK int json_decimal_to_double(const struct json_decimal *decimal, double *ret_value);

/* True where value / divisor is whole; exact for any spelling. The divisor must not be zero;
 * ERR_LIMIT where it has more than JSON_DIVISOR_DIGITS_MAX significant digits. */
MUST_CHECK int json_decimal_is_multiple(const struct json_decimal *value,
                                        const struct json_decimal *divisor, bool *ret_is_multiple);

#endif
