/* SPDX-License-Identifier: Apache-2.0
 *
 * support_reckon: whether a value follows from others by arithmetic; see support.h.
 *
 * With n numbers there are n² sums: where sources are long, some pair makes any value. So the
 * operands must stand near each other in a source, or be named: by the answer itself (3冊×600円), by
 * the question (4 hours at so much for 30 minutes), by a discount, by two dates where a period is
 * asked for. Where the question asks for a total or a mean, what was reckoned cannot be followed in
 * general, and a number that stands in no source is let pass. In both cases not where it looks like
 * a source's number gone wrong: the same digits with another unit, or one of three or more
 * changed. */
#include "text/support_internal.h"

#include <math.h>

enum {
    FACTOR_MAX = 1000,
    NEIGHBOURS_MAX = 64, /* of an answer's numbers: operands before and behind the value */
    DISCOUNTS_MAX = 16,
    DAY_SECONDS = 86400,
    NEIGHBOURS = 8, /* numbers of a source that stand near each other */
};

static bool holds_any(struct view text, const struct view *words, size_t count)
{
    for (size_t i = 0; i < count && text.len > 0; i++) {
        if (memmem(text.ptr, text.len, words[i].ptr, words[i].len) != NULL)
            return true;
    }
    return false;
}

bool support_asks_total(struct view text)
{
    static const struct view words[] = {
        VIEW("合計"),       VIEW("総額"),   VIEW("総計"),    VIEW("合わせ"),     VIEW("平均"),
        VIEW("差額"),       VIEW("の差"),   VIEW("何倍"),    VIEW("計算"),       VIEW("合算"),
        VIEW("最も多い"),   VIEW("total"),  VIEW("average"), VIEW("altogether"), VIEW("combined"),
        VIEW("difference"), VIEW("sum of"),
    };

    return holds_any(text, words, sizeof words / sizeof words[0]);
}

bool support_asks_period(struct view text)
{
    static const struct view words[] = {
        VIEW("期間"),          VIEW("何日"),          VIEW("日数"),     VIEW("何週間"),
        VIEW("何年"),          VIEW("何か月"),        VIEW("how long"), VIEW("How long"),
        VIEW("how many days"), VIEW("How many days"),
    };

    return holds_any(text, words, sizeof words / sizeof words[0]);
}

bool support_has_discount(struct view text)
{
    static const struct view words[] = {
        VIEW("割引"), VIEW("%引"), VIEW("％引"),     VIEW("OFF"), VIEW("オフ"),
        VIEW("値引"), VIEW("off"), VIEW("discount"), VIEW("税"),
    };

    return holds_any(text, words, sizeof words / sizeof words[0]);
}

bool support_says_last_year(struct view text)
{
    static const struct view words[] = {
        VIEW("昨年"),          VIEW("去年"),       VIEW("前年"),       VIEW("last year"),
        VIEW("previous year"), VIEW("prior year"), VIEW("a year ago"), VIEW("a year earlier"),
    };

    return holds_any(text, words, sizeof words / sizeof words[0]);
}

bool support_says_next_year(struct view text)
{
    static const struct view words[] = {VIEW("来年"), VIEW("翌年"), VIEW("next year"),
                                        VIEW("following year")};

    return holds_any(text, words, sizeof words / sizeof words[0]);
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static bool is_amount(const struct value *value)
{
    return (value->kind == VALUE_NUMBER || value->kind == VALUE_MONEY) && value->number.digits > 0;
}

static bool product_is(struct decimal a, struct decimal b, struct decimal product)
{
    struct decimal found;
    return decimal_multiply(a, b, &found) && decimal_equal(found, product);
}

/* Sum, difference, product or quotient. */
static bool pair_makes(const struct value *a, const struct value *b, const struct value *value)
{
    struct decimal sum;
    bool same = a->unit == b->unit && a->unit == value->unit;

    if (same
        && ((decimal_add(a->number, b->number, &sum) && decimal_equal(sum, value->number))
            || (decimal_add(value->number, b->number, &sum) && decimal_equal(sum, a->number))
            || (decimal_add(value->number, a->number, &sum) && decimal_equal(sum, b->number))))
        return true;
    if (a->unit == value->unit && b->unit != a->unit)
        return product_is(a->number, b->said, value->number)
               || product_is(value->number, b->said, a->number);
    if (b->unit == value->unit && a->unit != b->unit)
        return product_is(b->number, a->said, value->number)
               || product_is(value->number, a->said, b->number);
    return false;
}

/* Whether sources have one of the answer's own numbers exactly; looked up once for each. */
static bool is_there(const struct support_sources *sources, struct support_answer *answer, size_t i)
{
    struct source_number *number = &answer->numbers[i];

    if (!number->was_sought) {
        answer->exact = true;
        number->is_there = support_has_value(sources, answer, &number->value, (struct view){0});
        number->was_sought = true;
        answer->exact = false;
    }
    return number->is_there;
}

/* The operands that the answer names near the value and that sources have. */
static size_t named_operands(const struct support_sources *sources, struct support_answer *answer,
                             const struct value *value, const struct value **ret_operands)
{
    size_t count = 0;
    size_t from = answer->at > NEIGHBOURS_MAX / 2 ? answer->at - NEIGHBOURS_MAX / 2 : 0;

    size_t to =
        from + NEIGHBOURS_MAX < answer->number_count ? from + NEIGHBOURS_MAX : answer->number_count;

    for (size_t i = from; i < to; i++) {
        const struct value *number = &answer->numbers[i].value;
        if (i != answer->at && is_amount(number) && !number->is_weak
            && !(decimal_equal(number->number, value->number) && number->unit == value->unit)
            && is_there(sources, answer, i))
            ret_operands[count++] = number;
    }
    return count;
}

static bool follows_from_named(const struct support_sources *sources, struct support_answer *answer,
                               const struct value *value)
{
    const struct value *operands[NEIGHBOURS_MAX];
    struct decimal sum = {0};
    if (!support_spend(answer, NEIGHBOURS_MAX * NEIGHBOURS_MAX))
        return true;
    size_t count = named_operands(sources, answer, value, operands);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            if (pair_makes(operands[i], operands[j], value))
                return true;
        }
        if (operands[i]->unit == value->unit && !decimal_add(sum, operands[i]->number, &sum))
            return false;
    }
    return count > 2 && decimal_equal(sum, value->number);
}

/* ---- what the question names ----------------------------------------------------------------- */

static int64_t whole(struct decimal number)
{
    int64_t value = number.digits;

    for (int32_t i = 0; i < number.exponent && value <= FACTOR_MAX; i++)
        value *= 10;
    return number.exponent < 0 || value > FACTOR_MAX ? 0 : value;
}

/* value = a source's price × factor. */
static bool is_multiple(const struct support_sources *sources, const struct value *value,
                        int64_t factor)
{
    for (size_t i = 0; i < sources->number_count; i++) {
        const struct value *price = &sources->numbers[i].value;
        if (is_amount(price) && price->unit == value->unit
            && product_is(price->number, decimal_of(factor, 0), value->number))
            return true;
    }
    return false;
}

/* 4 hours of a source's 30 minutes: 8; 0 where it is no whole number from 2 to FACTOR_MAX. */
static int64_t ratio_of(const struct value *asked, const struct value *step)
{
    double ratio = (double)asked->number.digits / (double)step->number.digits
                   * pow(10, asked->number.exponent - step->number.exponent);

    if (!(ratio > 1.5 && ratio < FACTOR_MAX))
        return 0;
    int64_t factor = (int64_t)(ratio + 0.5);
    return product_is(step->number, decimal_of(factor, 0), asked->number) ? factor : 0;
}

static bool follows_from_question(const struct support_sources *sources,
                                  struct support_answer *answer, const struct value *value)
{
    for (size_t i = sources->number_count; i > 0; i--) {
        const struct value *asked = &sources->numbers[i - 1].value;
        if (sources->numbers[i - 1].source < sources->count)
            break; /* the question is read last */
        int64_t factor = is_amount(asked) ? whole(asked->said) : 0;
        if (factor < 2 || asked->unit == value->unit || asked->kind == VALUE_MONEY)
            continue;
        if (!support_spend(answer, sources->number_count))
            return true;
        if (is_multiple(sources, value, factor))
            return true;
        for (size_t j = 0; j < sources->number_count && asked->unit != UNIT_NONE; j++) {
            const struct value *step = &sources->numbers[j].value;
            int64_t steps =
                is_amount(step) && step->unit == asked->unit ? ratio_of(asked, step) : 0;
            if (steps > 1 && !support_spend(answer, sources->number_count))
                return true;
            if (steps > 1 && is_multiple(sources, value, steps))
                return true;
        }
    }
    return false;
}

/* ---- discounts ------------------------------------------------------------------------------- */

static bool is_share(const struct value *price, struct decimal percent, const struct value *value)
{
    struct decimal hundred = decimal_of(100, 0);
    struct decimal negative = {.digits = -percent.digits, .exponent = percent.exponent};
    struct decimal rest;
    struct decimal more;
    struct decimal target = decimal_of(value->number.digits, value->number.exponent + 2);

    return (decimal_add(hundred, negative, &rest) && product_is(price->number, rest, target))
           || (decimal_add(hundred, percent, &more) && product_is(price->number, more, target))
           || product_is(price->number, percent, target);
}

static bool follows_from_discount(const struct support_sources *sources,
                                  struct support_answer *answer, const struct value *value)
{
    size_t discounts = 0;

    if (value->kind != VALUE_MONEY || !sources->has_discount)
        return false;
    for (size_t i = 0; i < sources->number_count && discounts < DISCOUNTS_MAX; i++) {
        const struct value *percent = &sources->numbers[i].value;
        if (percent->unit != UNIT_PERCENT || percent->number.digits == 0)
            continue;
        discounts++;
        if (!support_spend(answer, sources->number_count))
            return true;
        for (size_t j = 0; j < sources->number_count; j++) {
            const struct value *price = &sources->numbers[j].value;
            if (is_amount(price) && price->unit == value->unit
                && is_share(price, percent->number, value))
                return true;
        }
    }
    return false;
}

/* ---- periods --------------------------------------------------------------------------------- */

static bool is_full_date(const struct value *value)
{
    return value->kind == VALUE_DATE && value->year > 0 && value->month > 0 && value->day > 0;
}

/* Days between two dates of the sources, both ends counted or not; years between two years. */
static bool follows_from_dates(const struct support_sources *sources, struct support_answer *answer,
                               const struct value *value)
{
    bool days = value->unit == UNIT_SECONDS;

    if (!answer->asks_period || (!days && value->unit != UNIT_MONTHS && value->unit != UNIT_AGE))
        return false;
    if (!support_spend(answer, (uint64_t)sources->date_count * sources->number_count))
        return true;
    for (size_t i = 0; i < sources->number_count; i++) {
        const struct value *a = &sources->numbers[i].value;
        for (size_t j = i + 1; j < sources->number_count && a->kind == VALUE_DATE; j++) {
            const struct value *b = &sources->numbers[j].value;
            if (!days && b->kind == VALUE_DATE && a->year > 0 && b->year > 0) {
                int years = a->year > b->year ? a->year - b->year : b->year - a->year;
                if (decimal_equal(value->number,
                                  decimal_of(value->unit == UNIT_AGE ? years : 12 * years, 0)))
                    return true;
            }
            if (!days || !is_full_date(a) || !is_full_date(b))
                continue;
            int64_t apart =
                support_days(a->year, a->month, a->day) - support_days(b->year, b->month, b->day);
            for (int64_t ends = -1; ends <= 1; ends++) {
                int64_t count = (apart < 0 ? -apart : apart) + ends;
                if (decimal_equal(value->number, decimal_of(count * DAY_SECONDS, 0)))
                    return true;
            }
        }
    }
    return false;
}

/* ---- neighbours in a source ------------------------------------------------------------------ */

/* a as a share of b, rounded as the value is. */
static bool is_ratio(const struct value *a, const struct value *b, const struct value *value)
{
    double part = (double)a->said.digits * pow(10, a->said.exponent);
    double all = (double)b->said.digits * pow(10, b->said.exponent);
    double share = (double)value->number.digits * pow(10, value->number.exponent);
    double half = value->number.exponent < 0 ? 0.5 * pow(10, value->number.exponent) : 0.5;

    return a->unit == b->unit && a->unit != UNIT_PERCENT && part < all
           && fabs(100 * part / all - share) <= half;
}

/* Years that a duration or an age says; 0 where it is none. */
static int64_t years_of(const struct value *value)
{
    if (value->unit == UNIT_AGE)
        return whole(value->said);
    return value->unit == UNIT_MONTHS && whole(value->number) % 12 == 0 ? whole(value->number) / 12
                                                                        : 0;
}

/* One operation on two numbers of a source that stand near each other. */
static bool neighbours_make(const struct value *a, const struct value *b, const struct value *value)
{
    struct decimal sum;

    if (value->kind == VALUE_DATE) {
        int64_t years = a->kind == VALUE_DATE && a->year > 0 && is_amount(b) ? years_of(b) : 0;
        return years > 0 && value->month == 0
               && (a->year + years == value->year || a->year - years == value->year);
    }
    if (a->kind == VALUE_DATE && b->kind == VALUE_DATE && a->year > 0 && b->year > 0)
        return years_of(value) > 0
               && (a->year - b->year == years_of(value) || b->year - a->year == years_of(value));
    if (!is_amount(a) || !is_amount(b))
        return false;
    if (value->unit == UNIT_PERCENT && is_ratio(a, b, value))
        return true;
    if (value->unit == UNIT_RANK && a->unit == UNIT_RANK && b->unit != UNIT_RANK
        && b->unit != UNIT_PERCENT && whole(b->said) > 0 && whole(b->said) <= NEIGHBOURS)
        return whole(a->said) + whole(b->said) == whole(value->said)
               || whole(a->said) - whole(b->said) == whole(value->said);
    if (a->unit != b->unit || a->unit != value->unit || a->unit <= UNIT_OTHER)
        return false;
    return (decimal_add(a->number, b->number, &sum) && decimal_equal(sum, value->number))
           || (decimal_add(value->number, b->number, &sum) && decimal_equal(sum, a->number));
}

static bool follows_from_neighbours(const struct support_sources *sources,
                                    struct support_answer *answer, const struct value *value)
{
    if (!support_spend(answer, 2 * NEIGHBOURS * (uint64_t)sources->number_count))
        return true;
    for (size_t i = 0; i < sources->number_count; i++) {
        const struct source_number *a = &sources->numbers[i];
        size_t from = i > NEIGHBOURS ? i - NEIGHBOURS : 0;
        for (size_t j = from; j <= i + NEIGHBOURS && j < sources->number_count; j++) {
            if (j != i && sources->numbers[j].source == a->source
                && neighbours_make(&a->value, &sources->numbers[j].value, value))
                return true;
        }
    }
    return false;
}

/* ---- what looks wrong ------------------------------------------------------------------------ */

/* Digits of equal length, three at least, of which one differs. */
static bool differs_in_one_digit(struct decimal a, struct decimal b)
{
    int64_t left = a.digits;
    int64_t right = b.digits;
    unsigned digits = 0;
    unsigned different = 0;

    while (a.exponent > b.exponent && left < INT64_MAX / 10) {
        left *= 10;
        a.exponent--;
    }
    while (b.exponent > a.exponent && right < INT64_MAX / 10) {
        right *= 10;
        b.exponent--;
    }
    if (a.exponent != b.exponent)
        return false;
    for (; left > 0 && right > 0; digits++) {
        different += left % 10 != right % 10;
        left /= 10;
        right /= 10;
    }
    for (int32_t i = 0; i < a.exponent; i++)
        digits++;
    return left == 0 && right == 0 && digits >= 3 && different == 1;
}

static bool looks_wrong(const struct support_sources *sources, struct support_answer *answer,
                        const struct value *value)
{
    if (!support_spend(answer, sources->number_count))
        return false;
    for (size_t i = 0; i < sources->number_count; i++) {
        const struct value *source = &sources->numbers[i].value;
        if (!is_amount(source) || source->is_weak)
            continue;
        if (source->unit != value->unit && source->unit > UNIT_OTHER && value->unit > UNIT_OTHER
            && decimal_equal(source->said, value->said))
            return true;
        if ((source->unit == value->unit || source->unit == UNIT_NONE)
            && differs_in_one_digit(source->said, value->said))
            return true;
    }
    return false;
}

bool support_follows(const struct support_sources *sources, struct support_answer *answer,
                     const struct value *value)
{
    if (value->kind == VALUE_DATE && value->year > 0 && value->month == 0)
        return follows_from_neighbours(sources, answer, value);
    if (!is_amount(value))
        return false;
    if (follows_from_neighbours(sources, answer, value)
        || follows_from_named(sources, answer, value)
        || follows_from_question(sources, answer, value)
        || follows_from_discount(sources, answer, value)
        || follows_from_dates(sources, answer, value))
        return true;
    return answer->asks_total && !looks_wrong(sources, answer, value);
}
