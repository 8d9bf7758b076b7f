/* SPDX-License-Identifier: Apache-2.0
 *
 * values_date: dates by any common form, times of day, weekdays; see values_internal.h.
 *
 * Days are not checked against the calendar beyond 31, since the answer's own words are wanted, not
 * a correction. 4/1 is read as month and day where it can be. */
#include "text/values_internal.h"

#include "base/utf8.h"

enum { YEAR_MIN = 1000, YEAR_MAX = 2999 };

static const struct {
    struct view name;
    int before; /* the year before its first */
} eras[] = {
    {VIEW("令和"), 2018}, {VIEW("平成"), 1988}, {VIEW("昭和"), 1925},
    {VIEW("大正"), 1911}, {VIEW("明治"), 1867},
};

/* A whole number from low to high at *pos, which moves past it; −1 where there is none. */
static int take_number(struct view text, size_t *pos, int low, int high)
{
    struct numeral numeral;

    if (!numeral_at(text, *pos, &numeral) || numeral.is_fraction || numeral.is_scaled
        || numeral.number.exponent < 0 || numeral.number.exponent > 3)
        return -1;
    int64_t value = numeral.number.digits;
    for (int32_t i = 0; i < numeral.number.exponent && value <= high; i++)
        value *= 10;
    if (value < low || value > high)
        return -1;
    *pos = numeral.end;
    return (int)value;
}

/* The same in ASCII digits alone, two at most. */
static int take_small(struct view text, size_t *pos, int low, int high)
{
    int value = 0;
    size_t at = *pos;

    for (; is_digit(byte_at(text, at)); at++) {
        if (at - *pos == 2)
            return -1;
        value = value * 10 + (text.ptr[at] - '0');
    }
    if (at == *pos || value < low || value > high)
        return -1;
    *pos = at;
    return value;
}

static bool take(struct view text, size_t *pos, const char *what)
{
    if (!stands_at(text, *pos, view_of(what)))
        return false;
    *pos += strlen(what);
    return true;
}

static bool done(struct value *value, size_t start, size_t end, int year, int month, int day)
{
    *value = (struct value){
        .kind = VALUE_DATE,
        .start = start,
        .end = end,
        .year = (int16_t)(year > 0 ? year : 0),
        .month = (int8_t)(month > 0 ? month : 0),
        .day = (int8_t)(day > 0 ? day : 0),
    };
    return true;
}

/* 4月 and 4月1日 at *pos, spaces allowed; what there is of it. */
static void take_month_day(struct view text, size_t *pos, int *ret_month, int *ret_day)
{
    size_t at = past_space(text, *pos);
    int month = take_number(text, &at, 1, 12);

    at = past_space(text, at);
    if (month < 0 || !take(text, &at, "月") || stands_at(text, at, view_of("間"))
        || stands_at(text, at, view_of("曜")))
        return;
    *ret_month = month;
    *pos = at;
    at = past_space(text, at);
    int day = take_number(text, &at, 1, 31);
    at = past_space(text, at);
    if (day < 0 || !take(text, &at, "日") || stands_at(text, at, view_of("間")))
        return;
    *ret_day = day;
    *pos = at;
}

/* What follows 年: 度, month, day. A year of two digits counts only where a month follows. */
static bool japanese_date(struct view text, size_t start, struct value *ret_value)
{
    size_t pos = start;
    int before = -1;
    int year = -1;
    int month = 0;
    int day = 0;

    for (size_t i = 0; i < sizeof eras / sizeof eras[0] && before < 0; i++) {
        if (take(text, &pos, eras[i].name.ptr))
            before = eras[i].before;
    }
    pos = past_space(text, pos);
    if (before >= 0 && take(text, &pos, "元"))
        year = 1;
    else
        year = take_number(text, &pos, 1, before >= 0 ? 99 : YEAR_MAX);
    if (year < 0)
        return false;
    pos = past_space(text, pos);
    if (!take(text, &pos, "年")) {
        pos = start;
        take_month_day(text, &pos, &month, &day);
        return before < 0 && month > 0 && done(ret_value, start, pos, 0, month, day);
    }
    if (before < 0 && year >= YEAR_MIN && stands_at(text, pos, view_of("間")))
        return false;
    (void)take(text, &pos, "度");
    take_month_day(text, &pos, &month, &day);
    if (before < 0 && year < YEAR_MIN) /* 24年4月: of which era is not said */
        return month > 0 && done(ret_value, start, pos, 0, month, day);
    return done(ret_value, start, pos, before < 0 ? year : year + before, month, day);
}

/* R6.4.1, H30/12/31 */
static bool era_letter_date(struct view text, size_t start, struct value *ret_value)
{
    static const char letters[] = "RHSTM";
    const char *letter = text.ptr[start] != '\0' ? strchr(letters, text.ptr[start]) : NULL;
    size_t pos = start + 1;

    if (letter == NULL)
        return false;
    int year = take_small(text, &pos, 1, 99);
    char separator = byte_at(text, pos);
    if (year < 0 || (separator != '.' && separator != '/'))
        return false;
    pos++;
    int month = take_small(text, &pos, 1, 12);
    if (month < 0 || byte_at(text, pos) != separator)
        return false;
    pos++;
    int day = take_small(text, &pos, 1, 31);
    if (day < 0 || is_alnum(byte_at(text, pos)))
        return false;
    return done(ret_value, start, pos, year + eras[letter - letters].before, month, day);
}

/* 2024-04-01, 2024/4/1, 2024.4.1, 2024/04, 4/1 */
static bool numeric_date(struct view text, size_t start, struct value *ret_value)
{
    size_t digits = start;
    int year = 0;
    int month = 0;
    int day = 0;

    while (is_digit(byte_at(text, digits)) && digits - start < 5) {
        year = year * 10 + (text.ptr[digits] - '0');
        digits++;
    }
    char separator = byte_at(text, digits);
    size_t pos = digits + 1;
    if (separator != '-' && separator != '/' && separator != '.')
        return false;
    if (digits - start == 4 && year >= YEAR_MIN && year <= YEAR_MAX) {
        month = take_small(text, &pos, 1, 12);
        if (month < 0)
            return false;
        size_t after_month = pos;
        if (byte_at(text, pos) == separator) {
            pos++;
            day = take_small(text, &pos, 1, 31);
        }
        if (day > 0 && !is_digit(byte_at(text, pos)))
            return done(ret_value, start, pos, year, month, day);
        return separator == '/' && day == 0 && done(ret_value, start, after_month, year, month, 0);
    }
    if (separator != '/' || digits - start > 2 || digits == start)
        return false;
    pos = start;
    month = take_small(text, &pos, 1, 12);
    pos = digits + 1;
    day = take_small(text, &pos, 1, 31);
    if (month < 0 || day < 0 || is_latin(byte_at(text, pos)) || byte_at(text, pos) == '%')
        return false;
    if (byte_at(text, pos) == '/') { /* 4/1/2024 */
        pos++;
        year = take_number(text, &pos, YEAR_MIN, YEAR_MAX);
        return year > 0 && done(ret_value, start, pos, year, month, day);
    }
    return done(ret_value, start, pos, 0, month, day);
}

/* ---- English --------------------------------------------------------------------------------- */

static int month_named(struct view word)
{
    static const char *const months[] = {
        "january", "february", "march",     "april",   "may",      "june",
        "july",    "august",   "september", "october", "november", "december",
    };

    if (word.len < 3 || word.ptr[0] < 'A' || word.ptr[0] > 'Z')
        return 0;
    for (int i = 0; i < 12; i++) {
        struct view name = view_of(months[i]);
        if (view_equal_nocase(word, name)
            || ((word.len == 3 || (word.len == 4 && i == 8))
                && view_equal_nocase(word, view_slice(name, 0, word.len))))
            return i + 1;
    }
    return 0;
}

/* A day of the month, 1st and 2nd included, at *pos. */
static int take_day(struct view text, size_t *pos)
{
    size_t at = *pos;
    int day = take_small(text, &at, 1, 31);
    struct view suffix = view_slice(text, at, values_word_end(text, at));

    if (day < 0)
        return -1;
    if (view_is(suffix, "st") || view_is(suffix, "nd") || view_is(suffix, "rd")
        || view_is(suffix, "th"))
        at += 2;
    else if (suffix.len > 0)
        return -1;
    *pos = at;
    return day;
}

static void take_year(struct view text, size_t *pos, int *ret_year)
{
    size_t at = *pos;

    (void)(take(text, &at, ", ") || take(text, &at, ",") || take(text, &at, " "));
    size_t digits = at;
    while (is_digit(byte_at(text, digits)) && digits - at < 5)
        digits++;
    int year = digits - at == 4 ? take_number(text, &at, YEAR_MIN, YEAR_MAX) : -1;
    if (year > 0 && at == digits) {
        *ret_year = year;
        *pos = digits;
    }
}

/* April 1st, 2024 / Apr. 1 / April 2024 / April */
static bool month_first(struct view text, size_t start, struct value *ret_value)
{
    size_t pos = values_word_end(text, start);
    int month = month_named(view_slice(text, start, pos));
    bool is_verb = month == 3 || month == 5;
    int year = 0;

    if (month == 0)
        return false;
    size_t end = pos;
    (void)take(text, &pos, ".");
    size_t at = past_space(text, pos);
    int day = at > pos ? take_day(text, &at) : -1;
    if (day > 0)
        end = at;
    take_year(text, day > 0 ? &end : &pos, &year);
    if (day < 0 && year > 0)
        end = pos;
    done(ret_value, start, end, year, month, day);
    ret_value->is_weak = is_verb && day < 0 && year == 0;
    return true;
}

/* 1 April 2024, 1st of April */
static bool day_first(struct view text, size_t start, struct value *ret_value)
{
    size_t pos = start;
    int year = 0;
    int day = take_day(text, &pos);

    if (day < 0 || !take(text, &pos, " "))
        return false;
    (void)take(text, &pos, "of ");
    size_t end = values_word_end(text, pos);
    int month = month_named(view_slice(text, pos, end));
    if (month == 0)
        return false;
    take_year(text, &end, &year);
    return done(ret_value, start, end, year, month, day);
}

/* 1990s */
static bool decade(struct view text, size_t start, struct value *ret_value)
{
    size_t pos = start;
    int year = take_number(text, &pos, YEAR_MIN, YEAR_MAX);

    if (pos - start != 4 || year < 0 || year % 10 != 0)
        return false;
    if (!(take(text, &pos, "s") || take(text, &pos, "'s") || take(text, &pos, "’s")
          || take(text, &pos, "年代"))
        || is_alnum(byte_at(text, pos)))
        return false;
    done(ret_value, start, pos, year, 0, 0);
    ret_value->is_about = true;
    return true;
}

bool date_at(struct view text, size_t pos, struct value *ret_value)
{
    char first = text.ptr[pos];

    if (is_digit(first))
        return numeric_date(text, pos, ret_value) || decade(text, pos, ret_value)
               || day_first(text, pos, ret_value) || japanese_date(text, pos, ret_value);
    if (is_latin(first))
        return era_letter_date(text, pos, ret_value) || month_first(text, pos, ret_value);
    return japanese_date(text, pos, ret_value);
}

/* ---- times and weekdays ---------------------------------------------------------------------- */

/* AM and PM by any spelling at *pos, which moves past it: 0 or 12 hours more; −1 where none. */
static int take_half(struct view text, size_t *pos)
{
    static const struct {
        const char *spelling;
        int hours;
    } halves[] = {
        {"a.m.", 0}, {"p.m.", 12}, {"am", 0},   {"pm", 12},
        {"AM", 0},   {"PM", 12},   {"A.M.", 0}, {"P.M.", 12},
    };
    size_t at = past_space(text, *pos);

    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        size_t end = at;
        if (take(text, &end, halves[i].spelling) && !is_alnum(byte_at(text, end))) {
            *pos = end;
            return halves[i].hours;
        }
    }
    return -1;
}

/* Minutes behind the hour: :30, 時30分, 時半, 時; false where it is no time. */
static bool take_minutes(struct view text, size_t *pos, int *ret_minute)
{
    size_t at = *pos;

    if (take(text, &at, ":")) {
        size_t start = at;
        *ret_minute = take_small(text, &at, 0, 59);
        if (*ret_minute < 0 || at - start != 2)
            return false;
        size_t second = at;
        if (take(text, &second, ":") && take_small(text, &second, 0, 59) >= 0)
            at = second;
    } else if (take(text, &at, "時")) {
        if (stands_at(text, at, view_of("間")))
            return false;
        size_t minute = at;
        *ret_minute = take_number(text, &minute, 0, 59);
        if (*ret_minute >= 0 && take(text, &minute, "分"))
            at = minute;
        else
            *ret_minute = take(text, &at, "半") ? 30 : 0;
    } else {
        return false;
    }
    *pos = at;
    return true;
}

bool time_at(struct view text, size_t start, struct value *ret_value)
{
    size_t pos = start;
    int minute = 0;
    int half = take(text, &pos, "午前") ? 0 : take(text, &pos, "午後") ? 12 : -1;

    pos = past_space(text, pos);
    int hour = take_number(text, &pos, 0, 25);
    if (hour < 0)
        return false;
    bool has_minutes = take_minutes(text, &pos, &minute);
    if (half < 0)
        half = take_half(text, &pos);
    if (!has_minutes && (half < 0 || !is_digit(text.ptr[start]) || hour > 12))
        return false;
    if (half == 12 && hour < 12)
        hour += 12;
    else if (half == 0 && hour == 12)
        hour = 0;
    *ret_value = (struct value){
        .kind = VALUE_TIME,
        .start = start,
        .end = pos,
        .hour = (int8_t)hour,
        .minute = (int8_t)minute,
    };
    return true;
}

bool weekday_at(struct view text, size_t pos, struct value *ret_value)
{
    static const char *const japanese[] = {"月曜", "火曜", "水曜", "木曜", "金曜", "土曜", "日曜"};
    static const char *const english[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                          "Friday", "Saturday", "Sunday"};
    size_t start = pos;
    int day = 0;

    for (int i = 0; i < 7 && day == 0; i++) {
        if (take(text, &pos, japanese[i])) {
            (void)take(text, &pos, "日");
            day = i + 1;
        } else if (take(text, &pos, english[i])) {
            (void)take(text, &pos, "s");
            day = is_latin(byte_at(text, pos)) ? 0 : i + 1;
        }
    }
    if (day == 0)
        return false;
    *ret_value = (struct value){
        .kind = VALUE_WEEKDAY,
        .start = start,
        .end = pos,
        .day = (int8_t)day,
    };
    return true;
}
