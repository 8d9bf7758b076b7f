/* SPDX-License-Identifier: Apache-2.0
 *
 * yaml_scalar: see yaml_scalar.h. */
#include "config/yaml_scalar.h"

struct word {
    const char *text;
    enum json_kind kind;
};

static const struct word words[] = {
    {"", JSON_NULL},       {"~", JSON_NULL},      {"null", JSON_NULL},   {"Null", JSON_NULL},
    {"NULL", JSON_NULL},   {"true", JSON_TRUE},   {"True", JSON_TRUE},   {"TRUE", JSON_TRUE},
    {"false", JSON_FALSE}, {"False", JSON_FALSE}, {"FALSE", JSON_FALSE},
};

static const char *const no_numbers[] = {
    ".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf", "+.INF",
    "-.inf", "-.Inf", "-.INF", ".nan",  ".NaN",  ".NAN",
};

/* A decimal number in its parts: sign, whole digits, digits after the point, exponent. */
struct decimal {
    bool negative;
    struct view whole;
    struct view fraction;
    struct view exponent; /* "e-3", with its letter; empty: none */
};

static struct view digits(struct view *rest)
{
    size_t n = 0;
    while (n < rest->len && rest->ptr[n] >= '0' && rest->ptr[n] <= '9')
        n++;
    struct view taken = view_slice(*rest, 0, n);
    *rest = view_slice(*rest, n, rest->len);
    return taken;
}

static bool take(struct view *rest, const char *any_of)
{
    if (rest->len == 0 || strchr(any_of, rest->ptr[0]) == NULL || rest->ptr[0] == '\0')
        return false;
    *rest = view_slice(*rest, 1, rest->len);
    return true;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool read_decimal(struct view text, struct decimal *ret_decimal)
{
    struct decimal decimal = {.negative = view_starts(text, view_of("-"))};
    struct view rest = text;

    take(&rest, "+-");
    decimal.whole = digits(&rest);
    if (take(&rest, "."))
        decimal.fraction = digits(&rest);
    if (decimal.whole.len == 0 && decimal.fraction.len == 0)
        return false;
    struct view exponent = rest;
    if (take(&rest, "eE")) {
        take(&rest, "+-");
        if (digits(&rest).len == 0)
            return false;
        decimal.exponent = exponent;
    }
    if (rest.len != 0)
        return false;
    *ret_decimal = decimal;
    return true;
}

/* As JSON writes it: no plus, no zeros before the first digit, digits on both sides of a point. */
static int write_decimal(struct arena *arena, const struct decimal *decimal, struct view *ret_text)
{
    struct view whole = decimal->whole;
    while (whole.len > 1 && whole.ptr[0] == '0')
        whole = view_slice(whole, 1, whole.len);
    if (whole.len == 0)
        whole = view_of("0");
    char *text = arena_printf(arena, "%s%.*s%s%.*s%.*s", decimal->negative ? "-" : "",
                              VIEW_ARG(whole), decimal->fraction.len > 0 ? "." : "",
                              VIEW_ARG(decimal->fraction), VIEW_ARG(decimal->exponent));
    if (text == NULL)
        return ERR_MEMORY;
    *ret_text = view_of(text);
    return 0;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

/* 0o17 and 0x1F. False where the text is neither. */
static bool read_based(struct view plain, uint64_t *ret_value, bool *ret_too_large)
{
    if (plain.len < 3 || plain.ptr[0] != '0' || (plain.ptr[1] != 'o' && plain.ptr[1] != 'x'))
        return false;

    int base = plain.ptr[1] == 'x' ? 16 : 8;
    uint64_t value = 0;
    bool too_large = false;
    for (size_t i = 2; i < plain.len; i++) {
        int digit = digit_value(plain.ptr[i]);
        if (digit >= base)
            return false;
        too_large = too_large || value > (UINT64_MAX - (uint64_t)digit) / (uint64_t)base;
        value = value * (uint64_t)base + (uint64_t)digit;
    }
    *ret_value = value;
    *ret_too_large = too_large;
    return true;
}

static int read_number(struct arena *arena, struct view plain, enum json_kind *ret_kind,
                       struct view *ret_text, const char **ret_why)
{
    struct decimal decimal;
    uint64_t value;
    bool too_large;

    if (read_decimal(plain, &decimal)) {
        int code = write_decimal(arena, &decimal, ret_text);
        if (code == 0)
            *ret_kind = JSON_NUMBER;
        return code;
    }
    if (!read_based(plain, &value, &too_large))
        return 0;
    if (too_large) {
        *ret_why = "this number needs more than 64 bits; if a text is meant, put it in quotes";
        return ERR_INVALID;
    }
    char *text = arena_printf(arena, "%llu", (unsigned long long)value);
    if (text == NULL)
        return ERR_MEMORY;
    *ret_kind = JSON_NUMBER;
    *ret_text = view_of(text);
    return 0;
}

int yaml_scalar(struct arena *arena, struct view plain, enum json_kind *ret_kind,
                struct view *ret_text, const char **ret_why)
{
    *ret_kind = JSON_STRING;
    *ret_text = plain;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (view_is(plain, words[i].text)) {
            *ret_kind = words[i].kind;
            *ret_text = (struct view){.ptr = NULL};
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof no_numbers / sizeof no_numbers[0]; i++) {
        if (view_is(plain, no_numbers[i])) {
            *ret_why =
                "infinity and not-a-number are no values here; write a number, or quote a text";
            return ERR_INVALID;
        }
    }
    return read_number(arena, plain, ret_kind, ret_text, ret_why);
}
