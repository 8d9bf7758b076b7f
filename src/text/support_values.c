/* SPDX-License-Identifier: Apache-2.0
 *
 * support_values: whether a value of an answer stands in a source; see support.h.
 *
 * What a unit decides: a number with a unit is found with a unit of the same dimension, or bare
 * where it is alone in a cell (the heading has the unit) or long enough not to be there by chance.
 * A bare number is found with any unit. */
#include "text/support_internal.h"

#include "base/utf8.h"

enum {
    LONG_DIGITS = 100,
    ROUND_DIGITS_MIN = 10,
    HEADED_DIGITS_MIN = 1000,
    DAYS_MAX = 31,
    GENERAL_MAX = 20
};

static bool has(const struct support_sources *sources, uint64_t key)
{
    return key_table_has(&sources->keys, key);
}

static bool has_number(const struct support_sources *sources, enum support_key kind,
                       enum value_unit unit, struct decimal number)
{
    return has(sources, support_key_number(kind, unit, number));
}

static bool has_date(const struct support_sources *sources, int year, int month, int day)
{
    return has(sources, support_key_date(KEY_DATE, year, month, day));
}

/* A whole number that fits; −1 otherwise. */
static int64_t whole(struct decimal number)
{
    int64_t value = number.digits;

    if (number.exponent < 0 || number.exponent > 17)
        return -1;
    for (int32_t i = 0; i < number.exponent; i++) {
        if (__builtin_mul_overflow(value, 10, &value))
            return -1;
    }
    return value;
}

/* Of no unit that is known. */
static bool is_bare(const struct value *value)
{
    return value->unit == UNIT_NONE || value->unit == UNIT_OTHER;
}

static bool is_counter(enum value_unit unit)
{
    return unit >= UNIT_BOOKS;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* 3つ may be said of anything: 3種類, 3社. */
static bool has_any_counter(const struct support_sources *sources, struct decimal number)
{
    for (int unit = UNIT_BOOKS; unit < UNIT_COUNT; unit++) {
        if (has_number(sources, KEY_NUMBER, (enum value_unit)unit, number))
            return true;
    }
    return false;
}

/* Units that are said for one another. */
static bool has_other_unit(const struct support_sources *sources, const struct value *value)
{
    struct decimal years;
    int64_t said = whole(value->said);

    if (value->unit == UNIT_LENGTH) /* 1.2m may be 1.2 million */
        return has_number(sources, KEY_SAID, UNIT_NONE,
                          decimal_of(value->said.digits, value->said.exponent + 6));
    if (value->unit == UNIT_AGE && has_number(sources, KEY_NUMBER, UNIT_NONE, value->said))
        return true; /* John, 25, said */
    if (value->unit == UNIT_AGE)
        return decimal_multiply(value->said, decimal_of(12, 0), &years)
               && has_number(sources, KEY_NUMBER, UNIT_MONTHS, years);
    if (value->unit == UNIT_MONTHS)
        return decimal_multiply(value->said, decimal_of(12, 0), &years)
               && decimal_equal(years, value->number)
               && has_number(sources, KEY_NUMBER, UNIT_AGE, value->said);
    if (value->unit == UNIT_SECONDS) /* 1日 may be a day of the month */
        return said > 0 && said <= DAYS_MAX && has_date(sources, 0, 0, (int)said)
               && decimal_equal(value->number, decimal_of(said * 86400, 0));
    if (value->unit == UNIT_PERCENT)
        return has_number(sources, KEY_NUMBER, UNIT_POINTS, value->said);
    return value->unit == UNIT_PIECES && said > 0 && said <= GENERAL_MAX
           && has_any_counter(sources, value->number);
}

/* Bare in a source: alone in a cell, or long. */
static bool has_bare(const struct support_sources *sources, const struct value *value)
{
    int64_t said = whole(value->said);

    if (has_number(sources, KEY_CELL, UNIT_NONE, value->said))
        return true;
    if (has_number(sources, KEY_NUMBER, UNIT_NONE, value->said)
        && (said < 0 || said >= LONG_DIGITS || value->is_ordinal || value->unit == UNIT_RANK))
        return true;
    if (value->is_scaled && has_number(sources, KEY_CELL, UNIT_NONE, value->plain))
        return true;
    int64_t least = value->is_scaled || (sources->names_scale && value->kind == VALUE_MONEY)
                        ? ROUND_DIGITS_MIN
                        : HEADED_DIGITS_MIN;
    return value->said.digits >= least
           && has(sources, support_key(KEY_DIGITS, (uint64_t)value->said.digits, 0));
}

/* `fine` rounded or cut to as many digits as `coarse` has, two at least. */
static bool is_rounded(struct decimal coarse, struct decimal fine)
{
    int64_t digits = fine.digits;
    int64_t cut = 1;

    if (coarse.exponent <= fine.exponent || coarse.exponent - fine.exponent > 17)
        return false;
    for (int32_t i = fine.exponent; i < coarse.exponent; i++)
        cut *= 10;
    return digits / cut == coarse.digits || (digits + cut / 2) / cut == coarse.digits;
}

/* Within a twentieth: what "about" leaves open. */
static bool is_near(struct decimal a, struct decimal b)
{
    int32_t exponent = a.exponent < b.exponent ? a.exponent : b.exponent;
    double left = (double)a.digits;
    double right = (double)b.digits;

    for (int32_t i = exponent; i < a.exponent && i < exponent + 40; i++)
        left *= 10;
    for (int32_t i = exponent; i < b.exponent && i < exponent + 40; i++)
        right *= 10;
    return left >= 0.95 * right && left <= 1.05 * right;
}

bool support_spend(struct support_answer *answer, uint64_t comparisons)
{
    if (answer->compare_budget < comparisons) {
        answer->is_partial = true;
        return false;
    }
    answer->compare_budget -= comparisons;
    return true;
}

/* A source has it more exactly. Out of work: it is taken as found, since nothing is known. */
static bool has_finer(const struct support_sources *sources, struct support_answer *answer,
                      const struct value *value)
{
    if (!support_spend(answer, sources->number_count))
        return true;
    for (size_t i = 0; i < sources->number_count; i++) {
        const struct value *source = &sources->numbers[i].value;
        if (source->kind == VALUE_DATE || source->is_weak
            || (source->unit != value->unit && !is_bare(source) && !is_bare(value)))
            continue;
        struct decimal there = source->unit == value->unit ? source->number : source->said;
        struct decimal here = source->unit == value->unit ? value->number : value->said;
        if (value->is_about ? is_near(here, there) && here.digits <= there.digits
                            : here.digits >= ROUND_DIGITS_MIN && is_rounded(here, there))
            return true;
    }
    return false;
}

static bool counts_own_list(const struct support_answer *answer, const struct value *value)
{
    int64_t count = whole(value->said);

    return count > 0 && count < 64 && (is_counter(value->unit) || is_bare(value))
           && !value->is_ordinal && (answer->claims->lists >> count & 1) != 0;
}

static bool has_any_number(const struct support_sources *sources, struct support_answer *answer,
                           const struct value *value)
{
    int64_t said = whole(value->said);

    if (is_bare(value)) {
        if (has_number(sources, KEY_SAID, UNIT_NONE, value->said)
            || (said >= 1000 && said < 3000 && has_date(sources, (int)said, 0, 0))
            || (said > 0 && said <= DAYS_MAX && has_date(sources, 0, 0, (int)said)))
            return true;
    } else if (has_number(sources, KEY_NUMBER, value->unit, value->number)
               || has_other_unit(sources, value) || has_bare(sources, value)) {
        return true;
    }
    return counts_own_list(answer, value) || (!answer->exact && has_finer(sources, answer, value));
}

/* ---- dates ----------------------------------------------------------------------------------- */

static bool has_any_date(const struct support_sources *sources, const struct value *value)
{
    int year = value->year;

    if (has_date(sources, year, value->month, value->day))
        return true;
    if (year == 0)
        return false;
    bool has_year = has_date(sources, year, 0, 0)
                    || has_number(sources, KEY_NUMBER, UNIT_NONE, decimal_of(year, 0));
    if (value->month == 0) {
        has_year |= (sources->says_last_year && has_date(sources, year + 1, 0, 0))
                    || (sources->says_next_year && has_date(sources, year - 1, 0, 0));
        for (int i = 1; value->is_about && i < 10 && !has_year; i++)
            has_year = has_date(sources, year + i, 0, 0)
                       || has_number(sources, KEY_NUMBER, UNIT_NONE, decimal_of(year + i, 0));
        return has_year;
    }
    return has_year && has(sources, support_key_date(KEY_DAY, 0, value->month, value->day));
}

static bool has_time(const struct support_sources *sources, const struct value *value)
{
    for (int shift = -12; shift <= 12; shift += 12) {
        int hour = value->hour + shift;
        if (hour >= 0 && hour <= 25
            && has(sources, support_key(KEY_TIME, (uint64_t)hour, (uint64_t)value->minute)))
            return true;
    }
    return false;
}

/* A weekday that is said, or that a date of the sources falls on. */
static bool has_weekday(const struct support_sources *sources, struct support_answer *answer,
                        int day)
{
    if (has(sources, support_key(KEY_WEEKDAY, (uint64_t)day, 0)))
        return true;
    if (!support_spend(answer, sources->number_count))
        return true;
    for (size_t i = 0; i < sources->number_count; i++) {
        const struct value *date = &sources->numbers[i].value;
        if (date->kind == VALUE_DATE && support_weekday(date->year, date->month, date->day) == day)
            return true;
    }
    return false;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool has_text(const struct support_sources *sources, struct support_answer *answer,
                     struct view text, size_t shortest)
{
    char folded[VALUES_QUOTE_MAX];
    struct view cut = utf8_cut(text, sizeof folded);
    size_t len = support_fold(cut, folded);

    if (len == 0 || cut.len < text.len)
        return len == 0;
    if (len < shortest)
        return false;
    if (answer->search_budget < sources->folded_len) {
        answer->is_partial = true;
        return true;
    }
    answer->search_budget -= sources->folded_len;
    return memmem(sources->folded, sources->folded_len, folded, len) != NULL;
}

enum { CODE_PART_MIN = 5 };

bool support_has_value(const struct support_sources *sources, struct support_answer *answer,
                       const struct value *value, struct view text)
{
    struct view inner = view_slice(text, value->inner_start, value->inner_end);

    switch (value->kind) {
    case VALUE_NUMBER:
    case VALUE_MONEY:
        return has_any_number(sources, answer, value);
    case VALUE_DATE:
        return has_any_date(sources, value);
    case VALUE_TIME:
        return has_time(sources, value);
    case VALUE_WEEKDAY:
        return has_weekday(sources, answer, value->day);
    case VALUE_CODE:
    case VALUE_ADDRESS:
        return has(sources, support_key_text(inner))
               || has_text(sources, answer, inner, CODE_PART_MIN);
    case VALUE_TITLE:
        return has_text(sources, answer, inner, 0);
    }
    return true;
}

struct view support_nearest(const struct support_sources *sources, struct support_answer *answer,
                            const struct value *value)
{
    struct view nearest = {0};
    double best = 0;

    if ((value->kind != VALUE_NUMBER && value->kind != VALUE_MONEY && value->kind != VALUE_DATE)
        || !support_spend(answer, sources->number_count))
        return nearest;
    for (size_t i = 0; i < sources->number_count; i++) {
        const struct value *source = &sources->numbers[i].value;
        double likeness = 0;
        if (source->kind != value->kind || source->unit != value->unit)
            continue;
        if (value->kind == VALUE_DATE) {
            likeness = 1 + 4 * (source->year == value->year) + 2 * (source->month == value->month)
                       + (source->day == value->day);
        } else if (value->number.digits > 0 && source->number.digits > 0) {
            double ratio = (double)source->said.digits / (double)value->said.digits;
            for (int32_t n = source->said.exponent; n < value->said.exponent && n < 40; n++)
                ratio /= 10;
            for (int32_t n = value->said.exponent; n < source->said.exponent && n < 40; n++)
                ratio *= 10;
            likeness = ratio < 1 ? ratio : 1 / ratio;
        }
        if (likeness > best) {
            best = likeness;
            nearest = sources->numbers[i].shown;
        }
    }
    return nearest;
}
