/* SPDX-License-Identifier: Apache-2.0
 *
 * values_units: what a number counts or measures: the table of values_units.def, looked up by the
 * first byte. */
#include "text/values_internal.h"

struct form {
    enum value_unit unit;
    int64_t digits;
    int32_t exponent;
    struct view spelling;
};

static const struct form forms[] = {
#define FORM(dimension, scale_digits, scale_exponent, text) \
    {UNIT_##dimension, scale_digits, scale_exponent, VIEW(text)},
#include "text/values_units.def"
};

static const char *const unit_names[] = {
    [UNIT_NONE] = "",
#define DIMENSION(id, name) [UNIT_##id] = (name),
#include "text/values_units.def"
};

const char *value_unit_name(enum value_unit unit)
{
    assert_always(unit < UNIT_COUNT);
    return unit_names[unit];
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* Whether the form stands at pos and ends there. */
static bool form_at(struct view text, size_t pos, const struct form *form)
{
    struct view spelling = form->spelling;
    struct view here = view_slice(text, pos, pos + spelling.len);

    if (here.len < spelling.len)
        return false;
    if (!is_latin(spelling.ptr[spelling.len - 1]))
        return view_equal_nocase(here, spelling);
    if (spelling.len == 1 ? here.ptr[0] != spelling.ptr[0] : !view_equal_nocase(here, spelling))
        return false;
    return !is_alnum(byte_at(text, pos + spelling.len));
}

/* Whether a unit may start so: most numbers are followed by a particle, a comma or a space. */
static bool may_start(struct view text, size_t pos)
{
    unsigned char first = (unsigned char)text.ptr[pos];
    unsigned char second = (unsigned char)byte_at(text, pos + 1);

    if (first < 0x80)
        return is_latin((char)first) || first == '%';
    if (first != 0xe3 || second > 0x82)
        return true;
    return second != 0x80
           && (stands_at(text, pos, view_of("か")) || stands_at(text, pos, view_of("つ"))
               || (second == 0x82 && (unsigned char)byte_at(text, pos + 2) >= 0xa1));
}

size_t unit_at(struct view text, size_t pos, enum value_unit *ret_unit, struct decimal *ret_scale)
{
    const struct form *best = NULL;

    if (pos >= text.len || !may_start(text, pos))
        return 0;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct form *form = &forms[i];
        if (lower(form->spelling.ptr[0]) == lower(text.ptr[pos])
            && (best == NULL || form->spelling.len > best->spelling.len)
            && form_at(text, pos, form))
            best = form;
    }
    if (best == NULL)
        return 0;
    *ret_unit = best->unit;
    *ret_scale = decimal_of(best->digits, best->exponent);
    return best->spelling.len;
}

size_t unit_before(struct view word, enum value_unit *ret_unit)
{
    static const struct {
        struct view word;
        enum value_unit unit;
    } prefixes[] = {
        {VIEW("vol"), UNIT_VOLUMES},      {VIEW("vols"), UNIT_VOLUMES},
        {VIEW("volume"), UNIT_VOLUMES},   {VIEW("volumes"), UNIT_VOLUMES},
        {VIEW("chapter"), UNIT_CHAPTERS}, {VIEW("chapters"), UNIT_CHAPTERS},
        {VIEW("episode"), UNIT_EPISODES}, {VIEW("page"), UNIT_PAGES},
        {VIEW("pages"), UNIT_PAGES},      {VIEW("issue"), UNIT_ISSUES},
        {VIEW("step"), UNIT_STEPS},       {VIEW("FY"), UNIT_NONE},
        {VIEW("JPY"), UNIT_YEN},          {VIEW("USD"), UNIT_DOLLAR},
        {VIEW("US"), UNIT_DOLLAR},        {VIEW("EUR"), UNIT_EURO},
        {VIEW("GBP"), UNIT_POUND},
    };

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (view_equal_nocase(word, prefixes[i].word)) {
            *ret_unit = prefixes[i].unit;
            return word.len;
        }
    }
    return 0;
}
