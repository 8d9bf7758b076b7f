/* SPDX-License-Identifier: Apache-2.0
 *
 * date: see date.h. */
#include "base/date.h"

#include <stdio.h>

enum { DAY_S = 86400 };

static const int64_t YEAR_1_S = -62135596800;
static const int64_t YEAR_9999_S = 253402300799;

struct calendar {
    unsigned year, month, day, hour, minute, second;
};

static void civil(int64_t days, struct calendar *ret_calendar)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * of_year + 2) / 153;

    ret_calendar->day = (unsigned)(of_year - (153 * shifted + 2) / 5 + 1);
    ret_calendar->month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
    ret_calendar->year = (unsigned)(year + era * 400 + (ret_calendar->month <= 2));
}

static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t days_in(int64_t year, int64_t month)
{
    return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

static struct calendar calendar_of(int64_t unix_s)
{
    int64_t at = unix_s < YEAR_1_S ? YEAR_1_S : unix_s > YEAR_9999_S ? YEAR_9999_S : unix_s;
    int64_t days = at >= 0 ? at / DAY_S : (at - DAY_S + 1) / DAY_S;
    unsigned second = (unsigned)(at - days * DAY_S);
    struct calendar calendar = {
        .hour = second / 3600 % 24, .minute = second / 60 % 60, .second = second % 60};

    civil(days, &calendar);
    return calendar;
}

/* The clamped range keeps every width as the callers' sizes have it; % tells the compiler so. */
void date_iso(int64_t unix_s, char ret_text[DATE_ISO_SIZE])
{
    struct calendar at = calendar_of(unix_s);

    snprintf(ret_text, DATE_ISO_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", at.year % 10000,
             at.month % 100, at.day % 100, at.hour % 100, at.minute % 100, at.second % 100);
}

void date_basic(int64_t unix_s, char ret_text[DATE_BASIC_SIZE])
{
    struct calendar at = calendar_of(unix_s);

    snprintf(ret_text, DATE_BASIC_SIZE, "%04u%02u%02uT%02u%02u%02uZ", at.year % 10000,
             at.month % 100, at.day % 100, at.hour % 100, at.minute % 100, at.second % 100);
}

/* The number in text[from..to), ERR_INVALID unless all are digits and it lies in low..high. */
static int field(struct view text, size_t from, size_t to, int64_t low, int64_t high,
                 int64_t *ret_value)
{
    if (text.len < to || text.ptr[from] == '-'
        || view_to_int(view_slice(text, from, to), ret_value))
        return ERR_INVALID;
    return *ret_value >= low && *ret_value <= high ? 0 : ERR_INVALID;
}

static int zone(struct view text, int64_t *ret_offset_s)
{
    int64_t hours;
    int64_t minutes;

    if (view_is(text, "Z") || view_is(text, "z")) {
        *ret_offset_s = 0;
        return 0;
    }
    if (text.len != 6 || (text.ptr[0] != '+' && text.ptr[0] != '-') || text.ptr[3] != ':'
        || field(text, 1, 3, 0, 23, &hours) != 0 || field(text, 4, 6, 0, 59, &minutes) != 0)
        return ERR_INVALID;
    *ret_offset_s = (hours * 60 + minutes) * (text.ptr[0] == '-' ? -60 : 60);
    return 0;
}

int date_parse(struct view text, int64_t *ret_unix_s)
{
    int64_t part[6];
    int64_t offset_s;
    static const struct {
        size_t from, to;
        int64_t low, high;
        char after;
    } fields[6] = {{0, 4, 1, 9999, '-'}, {5, 7, 1, 12, '-'},   {8, 10, 1, 31, 'T'},
                   {11, 13, 0, 23, ':'}, {14, 16, 0, 59, ':'}, {17, 19, 0, 60, '\0'}};

    for (size_t i = 0; i < 6; i++) {
        if (field(text, fields[i].from, fields[i].to, fields[i].low, fields[i].high, &part[i]) != 0)
            return ERR_INVALID;
        char after = text.len > fields[i].to ? text.ptr[fields[i].to] : '\0';
        if (fields[i].after == 'T' ? after != 'T' && after != 't' && after != ' '
                                   : fields[i].after != '\0' && after != fields[i].after)
            return ERR_INVALID;
    }
    size_t at = 19;
    if (at < text.len && text.ptr[at] == '.') {
        do
            at++;
        while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9');
        if (at == 20)
            return ERR_INVALID;
    }
    if (part[2] > days_in(part[0], part[1]) || zone(view_slice(text, at, text.len), &offset_s) != 0)
        return ERR_INVALID;
    int64_t unix_s = days_of(part[0], part[1], part[2]) * DAY_S + part[3] * 3600 + part[4] * 60
                     + part[5] - offset_s;
    if (unix_s < YEAR_1_S || unix_s > YEAR_9999_S) /* by its offset */
        return ERR_INVALID;
    *ret_unix_s = unix_s;
    return 0;
}

static int month_of(struct view name, int64_t *ret_month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int64_t month = 1; month <= 12; month++)
        if (view_equal(name, view_make(names + 3 * (month - 1), 3))) {
            *ret_month = month;
            return 0;
        }
    return ERR_INVALID;
}

int date_parse_http(struct view text, int64_t *ret_unix_s)
{
    enum { YEAR, DAY, HOUR, MINUTE, SECOND, PARTS };
    static const struct {
        size_t from, to;
        int64_t low, high;
    } fields[PARTS] = {
        {12, 16, 1, 9999}, {5, 7, 1, 31}, {17, 19, 0, 23}, {20, 22, 0, 59}, {23, 25, 0, 60}};
    int64_t part[PARTS];
    int64_t month;

    if (text.len != 29 || !view_is(view_slice(text, 3, 5), ", ") || text.ptr[7] != ' '
        || text.ptr[11] != ' ' || text.ptr[16] != ' ' || text.ptr[19] != ':' || text.ptr[22] != ':'
        || !view_is(view_slice(text, 25, 29), " GMT")
        || month_of(view_slice(text, 8, 11), &month) != 0)
        return ERR_INVALID;
    for (size_t i = 0; i < PARTS; i++)
        if (field(text, fields[i].from, fields[i].to, fields[i].low, fields[i].high, &part[i]) != 0)
            return ERR_INVALID;
    if (part[DAY] > days_in(part[YEAR], month))
        return ERR_INVALID;
    *ret_unix_s = days_of(part[YEAR], month, part[DAY]) * DAY_S + part[HOUR] * 3600
                  + part[MINUTE] * 60 + part[SECOND];
    return 0;
}
