/* SPDX-License-Identifier: Apache-2.0
 *
 * values: the numbers, prices, dates, times, codes, addresses and quoted titles of a text, each
 * with the bytes where it stands and in one form in which equal things are equal: 六百円, ６００円 and
 * ¥600; 2024年 and 令和6年; 1週間 and 7 days.
 *
 * A reader walks once over the text and keeps nothing. Numbers are exact decimals, never floating.
 * Read are: full-width and Japanese numerals (大字, 二〇二四, 1万2千), separators, decimals, percent, 割
 * and 分, fractions, ordinals, English number words; money with its scale; dates by any common
 * form, with eras; times of day; weekdays; durations, measures and counters by values_units.def;
 * codes of letters and digits; URLs and e-mail addresses; texts in quotes. Signs are not read: −3
 * is 3. Citation marks ([1], 【2】) are passed over.
 *
 * `is_weak` marks what looks like a value and often is none: a Japanese numeral without a counter
 * (一般), 一 with one, "one". It may support a value; by itself it claims nothing.
 *
 * Memory: none; text that is not in Unicode's compatibility form is brought into it first
 * (values_spell). Threads: a reader has one owner. Time: linear. Limits: numbers of 18 digits
 * (longer runs are codes), quotes of VALUES_QUOTE_MAX bytes. */
#ifndef ASSAY_TEXT_VALUES_H
#define ASSAY_TEXT_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "text/normalise.h"

enum { VALUES_QUOTE_MAX = 300, VALUES_CODE_MAX = 128 };

/* digits × 10^exponent; no zeros at the end of digits, and zero is {0, 0}: equal numbers have equal
 * fields. */
struct decimal {
    int64_t digits;
    int32_t exponent;
};

enum value_kind {
    VALUE_NUMBER,  /* with unit: an amount, a count, a duration, a measure, a percentage */
    VALUE_MONEY,   /* unit: the currency */
    VALUE_DATE,    /* year, month, day: those that are said */
    VALUE_TIME,    /* hour, minute */
    VALUE_WEEKDAY, /* day: 1 Monday to 7 Sunday */
    VALUE_CODE,    /* letters with digits, or digits in groups: A325, BN-2041, 03-1234-5678 */
    VALUE_ADDRESS, /* a URL or an e-mail address */
    VALUE_TITLE,   /* a text in quotes */
};

/* What a unit measures; units of one dimension are compared after scaling. */
enum value_unit {
    UNIT_NONE,
#define DIMENSION(id, name) UNIT_##id,
#include "text/values_units.def"
    UNIT_COUNT
};

struct value {
    enum value_kind kind;
    size_t start; /* bytes of the text that the reader was given, unit and prefix included */
    size_t end;
    size_t inner_start; /* of TITLE without its quotes, of CODE and ADDRESS all */
    size_t inner_end;
    enum value_unit unit;
    struct decimal number; /* NUMBER, MONEY: scaled to the dimension's own unit */
    struct decimal said;   /* after 万 and million, before kg → g: 3 of 3 weeks */
    struct decimal plain;  /* before 万 and million too: 500 of 500百万円 */
    int16_t year;          /* 0: not said */
    int8_t month;          /* 0: not said */
    int8_t day;            /* 0: not said */
    int8_t hour;           /* TIME: 0 to 24 */
    int8_t minute;         /* TIME: −1 where not said */
    bool is_weak;
    bool is_about;   /* 約, およそ, about, roughly: rounding is allowed */
    bool is_ordinal; /* 第3巻, 3位, 3rd */
    bool is_scaled;  /* 万, 百万, million was said */
    bool is_word;    /* written in words (twenty, 二十) rather than digits */
};

/* "number", "money", "date", "time", "weekday", "code", "address", "title" */
const char *value_kind_name(enum value_kind kind);
/* "yen", "day", "book" …; "" for UNIT_NONE. */
const char *value_unit_name(enum value_unit unit);

struct value_reader {
    struct view text;
    size_t pos;
};

void value_reader_init(struct value_reader *reader, struct view text);
/* The next value in the order of the text; false at the end. Values do not overlap, but for what
 * stands in quotes, which comes after its title. */
bool value_next(struct value_reader *reader, struct value *ret_value);

/* The text in the form that the reader expects: itself where it is (nearly always), otherwise its
 * NFKC in the arena with the way back. start_at is NULL where it is itself. ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK int values_spell(struct arena *arena, struct view text, struct normalised *ret_spelled);

bool decimal_equal(struct decimal a, struct decimal b);
/* Brings digits × 10^exponent into its one form. */
struct decimal decimal_of(int64_t digits, int32_t exponent);
/* False where the result has more than 18 digits. */
bool decimal_add(struct decimal a, struct decimal b, struct decimal *ret_sum);
bool decimal_multiply(struct decimal a, struct decimal b, struct decimal *ret_product);

#endif
