/* SPDX-License-Identifier: Apache-2.0
 *
 * view: see view.h. */
#include "base/view.h"

#include <math.h>
#include <stdlib.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool view_equal_nocase(struct view a, struct view b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

int view_compare(struct view a, struct view b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common != 0 ? memcmp(a.ptr, b.ptr, common) : 0;

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool view_starts(struct view whole, struct view prefix)
{
    return whole.len >= prefix.len && view_equal(view_slice(whole, 0, prefix.len), prefix);
}

bool view_ends(struct view whole, struct view suffix)
{
    return whole.len >= suffix.len
           && view_equal(view_slice(whole, whole.len - suffix.len, whole.len), suffix);
}

struct view view_slice(struct view whole, size_t from, size_t to)
{
    if (to > whole.len)
        to = whole.len;
    if (from > to)
        from = to;
    return view_make(whole.ptr != NULL ? whole.ptr + from : NULL, to - from);
}

size_t view_find(struct view whole, struct view needle, size_t from)
{
    if (needle.len == 0)
        return from < whole.len ? from : whole.len;
    while (from <= whole.len && needle.len <= whole.len - from) {
        const char *at = memchr(whole.ptr + from, needle.ptr[0], whole.len - from - needle.len + 1);
        if (at == NULL)
            return whole.len;
        from = (size_t)(at - whole.ptr);
        if (memcmp(at, needle.ptr, needle.len) == 0)
            return from;
        from++;
    }
    return whole.len;
}

size_t view_find_byte(struct view whole, char byte)
{
    const char *at = whole.len != 0 ? memchr(whole.ptr, byte, whole.len) : NULL;
    return at != NULL ? (size_t)(at - whole.ptr) : whole.len;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct view view_trim(struct view whole)
{
    size_t from = 0;
    size_t to = whole.len;

    while (from < to && is_space(whole.ptr[from]))
        from++;
    while (to > from && is_space(whole.ptr[to - 1]))
        to--;
    return view_slice(whole, from, to);
}

struct view view_split(struct view *rest, char separator)
{
    size_t at = view_find_byte(*rest, separator);
    struct view before = view_slice(*rest, 0, at);

    *rest = at < rest->len ? view_slice(*rest, at + 1, rest->len) : (struct view){NULL, 0};
    return before;
}

int view_to_int(struct view text, int64_t *ret_value)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;

    if (text.len == (negative ? 1u : 0u))
        return ERR_INVALID;
    for (size_t i = negative; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return ERR_INVALID;
        uint64_t digit = (uint64_t)(text.ptr[i] - '0');
        if (value > (limit - digit) / 10)
            return ERR_INVALID;
        value = value * 10 + digit;
    }
    *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    return 0;
}

static size_t digits(struct view text, size_t at)
{
    size_t from = at;
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at - from;
}

/* The length of a JSON number at the start of text, 0 where there is none. */
static size_t number_length(struct view text)
{
    size_t at = text.len > 0 && text.ptr[0] == '-';
    size_t whole = digits(text, at);

    if (whole == 0 || (whole > 1 && text.ptr[at] == '0'))
        return 0;
    at += whole;
    if (at < text.len && text.ptr[at] == '.') {
        size_t fraction = digits(text, at + 1);
        if (fraction == 0)
            return 0;
        at += 1 + fraction;
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at++;
        if (at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-'))
            at++;
        size_t exponent = digits(text, at);
        if (exponent == 0)
            return 0;
        at += exponent;
    }
    return at;
}

int view_to_double(struct view text, double *ret_value)
{
    char copy[512];

    if (text.len == 0 || text.len >= sizeof copy || number_length(text) != text.len)
        return ERR_INVALID;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *ret_value = strtod(copy, NULL); /* the house never calls setlocale: the point is a point */
    return 0;
}
