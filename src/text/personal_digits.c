/* SPDX-License-Identifier: Apache-2.0
 *
 * personal_digits: see personal_internal.h. Check digits, each from its own source:
 *
 *   My Number  行政手続における特定の個人を識別するための番号の利用等に関する法律の規定による通知
 *              カード及び個人番号カード並びに情報提供ネットワークシステムによる特定個人情報の提供
 *              等に関する省令 (平成26年総務省令第85号), article 5: with P(n) the n-th digit from the
 *              right, the check digit not counted, and Q(n) = n + 1 for n ≤ 6, n − 5 for n ≥ 7:
 *              11 − (Σ P(n)·Q(n) mod 11), and 0 where that remainder is 0 or 1.
 *   cards      ISO/IEC 7812-1, annex B (Luhn).
 *   EAN-13     GS1 General Specifications, 7.9: weights 1 and 3 from the left.
 *   ISBN-10    ISO 2108:1992: weights 10 … 1, modulo 11. */
#include "text/personal_internal.h"

#include <string.h>

struct digits digits_of(struct view text, size_t start, size_t end)
{
    struct digits digits = {.count = 0};
    bool in_group = false;

    for (size_t i = start; i < end && i < text.len && digits.count < PERSONAL_DIGITS_MAX; i++) {
        char byte = text.ptr[i];
        if (!is_digit(byte)) {
            in_group = false;
            continue;
        }
        if (!in_group)
            digits.group_count++;
        in_group = true;
        digits.group[digits.group_count - 1]++;
        digits.digit[digits.count++] = (unsigned char)(byte - '0');
    }
    return digits;
}

bool digits_grouped(const struct digits *digits, const char *lengths)
{
    if (strlen(lengths) != digits->group_count)
        return false;
    for (size_t i = 0; i < digits->group_count; i++)
        if (digits->group[i] != (size_t)(lengths[i] - '0'))
            return false;
    return true;
}

bool digits_start(const struct digits *digits, const char *prefix)
{
    size_t len = strlen(prefix);

    if (len > digits->count)
        return false;
    for (size_t i = 0; i < len; i++)
        if (digits->digit[i] != prefix[i] - '0')
            return false;
    return true;
}

bool digits_all_same(const struct digits *digits)
{
    for (size_t i = 1; i < digits->count; i++)
        if (digits->digit[i] != digits->digit[0])
            return false;
    return true;
}

unsigned digits_value(const struct digits *digits, size_t from, size_t len)
{
    unsigned value = 0;

    for (size_t i = from; i < from + len && i < digits->count; i++)
        value = value * 10 + (unsigned)digits->digit[i];
    return value;
}

bool digits_luhn(const struct digits *digits)
{
    int sum = 0;

    for (size_t i = 0; i < digits->count; i++) {
        int digit = digits->digit[digits->count - 1 - i];
        if (i % 2 == 1)
            digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
        sum += digit;
    }
    return digits->count > 0 && sum % 10 == 0;
}

bool digits_my_number(const struct digits *digits)
{
    int sum = 0;

    if (digits->count != 12)
        return false;
    for (int n = 1; n <= 11; n++)
        sum += digits->digit[11 - n] * (n <= 6 ? n + 1 : n - 5);
    int check = sum % 11 <= 1 ? 0 : 11 - sum % 11;
    return digits->digit[11] == check;
}

bool digits_ean13(const struct digits *digits)
{
    int sum = 0;

    for (size_t i = 0; i < digits->count; i++)
        sum += digits->digit[i] * (i % 2 == 0 ? 1 : 3);
    return digits->count == 13 && sum % 10 == 0;
}

bool digits_isbn10(const struct digits *digits)
{
    int sum = 0;

    for (int i = 0; i < 10 && digits->count == 10; i++)
        sum += digits->digit[i] * (10 - i);
    return digits->count == 10 && sum % 11 == 0;
}
