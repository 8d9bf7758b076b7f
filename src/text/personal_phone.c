/* SPDX-License-Identifier: Apache-2.0
 *
 * personal_phone: which numbers are telephone numbers, by the plans that they are taken from.
 *
 *   Japan  総務省 電気通信番号計画 and 市外局番の一覧: 10 digits for a fixed line (area code,
 *          exchange and subscriber; 0AB-J), 11 for mobiles (060, 070, 080, 090), 050 and 0800;
 *          0120, 0570 and 0990 have 10.
 *   USA    North American Numbering Plan: NXX-NXX-XXXX, N is 2 to 9, no N9X or N11 area.
 *   world  ITU-T E.164: a country code and 15 digits at the most.
 *
 * Digits without separators that could be an ISBN, an order or a parcel count only where no word
 * beside them says so. Memory: none. Threads: no state. */
#include "text/personal_internal.h"

#include <string.h>

/* The signature is that of scan_rule's accept, whether or not one narrows the match. */
/* NOLINTBEGIN(readability-non-const-parameter) */

/* Area codes of three digits, whose exchange has three; what starts otherwise has four or five. */
static const char *const areas_of_3[] = {
    "011", "015", "017", "018", "019", "022", "023", "024", "025", "026", "027", "028", "029",
    "042", "043", "044", "045", "046", "047", "048", "049", "052", "053", "054", "055", "058",
    "059", "072", "073", "075", "076", "077", "078", "079", "082", "083", "084", "086", "087",
    "088", "089", "092", "093", "095", "096", "097", "098", "099", NULL,
};

static const char *const areas_of_5[] = {
    "01267", "01372", "01374", "01377", "01392", "01397", "01398", "01456", "01457",
    "01466", "01547", "01558", "01564", "01586", "01587", "01632", "01634", "01635",
    "01648", "01654", "01655", "01656", "01658", "04992", "04994", "04996", "04998",
    "05769", "05979", "07468", "08387", "08388", "08396", "08477", "08512", "08514",
    "09496", "09802", "09912", "09913", "09969", NULL,
};

/* No area codes: services and mobiles. */
static const char *const not_areas[] = {
    "020",  "050",  "060",  "070",  "080",  "090",  "0120",
    "0170", "0180", "0570", "0800", "0910", "0990", NULL,
};

/* Country codes, ITU-T E.164 annex D: of one digit, of two, and the starts of those of three. */
static const char *const countries_of_2[] = {
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
    "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
    "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98", NULL,
};

static const char *const countries_of_3[] = {
    "21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50",
    "59", "67", "68", "69", "80", "85", "87", "88", "96", "97", "99", NULL,
};

static bool starts_with_any(const struct digits *digits, const char *const *prefixes)
{
    for (; *prefixes != NULL; prefixes++)
        if (digits_start(digits, *prefixes))
            return true;
    return false;
}

/* The digits without the first `count`. */
static struct digits without(const struct digits *digits, size_t count)
{
    struct digits rest = {.count = digits->count - count};

    memcpy(rest.digit, digits->digit + count, rest.count);
    return rest;
}

/* ---- Japan ----------------------------------------------------------------------------------- */

/* 090, 050 and their kin: 11 digits, 3-4-4. */
static bool is_mobile(const struct digits *digits)
{
    return digits->count == 11 && digits->digit[0] == 0 && digits->digit[2] == 0
           && strchr("56789", '0' + digits->digit[1]) != NULL && digits->digit[1] != 0;
}

static bool is_service(const struct digits *digits)
{
    if (digits_start(digits, "0800"))
        return digits->count == 11;
    return digits->count == 10
           && (digits_start(digits, "0120") || digits_start(digits, "0570")
               || digits_start(digits, "0990"));
}

static bool is_fixed(const struct digits *digits)
{
    return digits->count == 10 && digits->digit[0] == 0 && digits->digit[1] != 0
           && !starts_with_any(digits, not_areas);
}

/* Whether the groups stand where this number's plan has them. */
static bool is_japanese_grouping(const struct digits *digits)
{
    if (is_service(digits))
        return digits_grouped(digits, "433") || digits_grouped(digits, "424")
               || digits_grouped(digits, "434") || digits_grouped(digits, "46");
    if (is_mobile(digits))
        return digits_grouped(digits, "344") || digits_grouped(digits, "38");
    if (!is_fixed(digits))
        return false;
    if (digits_grouped(digits, "244") || digits_grouped(digits, "28"))
        return strchr("346", '0' + digits->digit[1]) != NULL;
    if (digits_grouped(digits, "334"))
        return starts_with_any(digits, areas_of_3);
    if (digits_grouped(digits, "514"))
        return starts_with_any(digits, areas_of_5);
    return digits_grouped(digits, "424") && !digits_start(digits, "03")
           && !digits_start(digits, "06");
}

/* What stands directly before may be the word itself: TEL03-1234-5678. */
static bool is_cut_off_before(struct view text, size_t start)
{
    return !context_glued_before(text, start)
           || context_ends(context_before(text, start), context_phone);
}

/* (03-1234-5678): the bracket is the sentence's, not the number's. */
static void drop_lone_bracket(struct view text, size_t *start, size_t end)
{
    struct view match = view_slice(text, *start, end);

    if (match.ptr[0] == '(' && view_find_byte(match, ')') == match.len)
        *start += 1;
}

/* 10 or 11 digits in one run are also what an order or a book has. */
static bool is_plain_phone(struct view text, size_t start, const struct digits *digits)
{
    struct view before = context_before(text, start);

    if (context_has(before, context_phone))
        return true;
    if (context_has(before, context_other_numbers) || digits_all_same(digits))
        return false;
    return !(digits->count == 10 && digits_isbn10(digits));
}

bool accept_phone_japan(struct view text, size_t *start, size_t *end)
{
    struct digits digits = digits_of(text, *start, *end);

    drop_lone_bracket(text, start, *end);
    if (!is_cut_off_before(text, *start) || context_glued_behind(text, *end))
        return false;
    if (digits.group_count > 1)
        return is_japanese_grouping(&digits);
    if (!is_mobile(&digits) && !is_service(&digits) && !is_fixed(&digits))
        return false;
    return is_plain_phone(text, *start, &digits);
}

/* 〇三-一二三四-五六七八, as it is written downwards. */
bool accept_phone_kanji(struct view text, size_t *start, size_t *end)
{
    static const char *const numerals[] = {"〇", "一", "二", "三", "四", "五",
                                           "六", "七", "八", "九", "零"};
    char spelled[PERSONAL_DIGITS_MAX];
    size_t len = 0;

    for (size_t at = *start; at < *end && len < sizeof spelled; at += 3) {
        struct view sign = view_slice(text, at, at + 3);
        size_t value = 0;
        while (value < 11 && !view_is(sign, numerals[value]))
            value++;
        spelled[len++] = value == 11 ? '-' : (char)('0' + value % 10);
        if ((unsigned char)sign.ptr[0] < 0x80)
            at -= 2;
    }
    struct digits digits = digits_of(view_make(spelled, len), 0, len);
    return is_japanese_grouping(&digits);
}

/* ---- the world ------------------------------------------------------------------------------- */

static bool is_american(const struct digits *digits)
{
    const unsigned char *digit = digits->digit;

    return digits->count >= 10 && digit[0] >= 2 && digit[1] != 9 && digit[3] >= 2
           && !(digit[1] == 1 && digit[2] == 1);
}

static bool has_country(const struct digits *digits)
{
    return digits_start(digits, "1") || digits_start(digits, "7")
           || starts_with_any(digits, countries_of_2) || starts_with_any(digits, countries_of_3);
}

/* After +81: with or without the 0 of the area code. */
static bool is_japanese_abroad(const struct digits *digits)
{
    struct digits rest = without(digits, 2);

    if (rest.count > 0 && rest.digit[0] == 0)
        return rest.count == 10 || rest.count == 11;
    return rest.count == 9 || rest.count == 10;
}

/* 001-…, 0044 …: the country code stands by itself, and more follows. */
static bool is_dialled_abroad(const struct digits *digits)
{
    struct digits country = without(digits, 2);
    size_t len = digits->group[0] - 2;

    country.count = len;
    return digits->group_count >= 3 && digits->group[0] > 2 && !digits_grouped(digits, "444")
           && has_country(&country)
           && len
                  == (size_t)(starts_with_any(&country, countries_of_3)   ? 3
                              : starts_with_any(&country, countries_of_2) ? 2
                                                                          : 1);
}

/* 81-90-1234-5678, without the sign that says so: only in the groups of a number. */
static bool is_81_alone(const struct digits *digits)
{
    return digits_grouped(digits, "2244") || digits_grouped(digits, "2144")
           || digits_grouped(digits, "2234") || digits_grouped(digits, "2324");
}

bool accept_phone_world(struct view text, size_t *start, size_t *end)
{
    struct digits digits = digits_of(text, *start, *end);

    if (digits_start(&digits, "00")) {
        if (!is_dialled_abroad(&digits)
            || context_has(context_before(text, *start), context_other_numbers))
            return false;
        digits = without(&digits, 2);
    }
    if (context_glued_before(text, *start) || context_glued_behind(text, *end))
        return false;
    if (digits.count < 9 || digits.count > 16 || !has_country(&digits))
        return false;
    if (context_starts(context_behind(text, *end), context_counters))
        return false;
    if (digits_start(&digits, "81"))
        return is_japanese_abroad(&digits) && (text.ptr[*start] != '8' || is_81_alone(&digits));
    return digits_start(&digits, "1") ? digits.count >= 11 : true;
}

bool accept_phone_america(struct view text, size_t *start, size_t *end)
{
    static const char *const country[] = {"+", "+1", "+1 ", "+1-", "+1.", NULL};
    struct digits digits = digits_of(text, *start, *end);

    if (digits_start(&digits, "1"))
        digits = without(&digits, 1);
    if (!is_cut_off_before(text, *start) || context_glued_behind(text, *end))
        return false;
    struct view before = context_before(text, *start);
    return is_american(&digits) && !context_ends(before, country)
           && !context_has(before, context_other_numbers);
}

/* 07700 063 966, 03.93.92.16.85: as elsewhere in the world a number is dialled at home. A row of
 * pairs behind spaces is a list of anything. */
bool accept_phone_abroad(struct view text, size_t *start, size_t *end)
{
    struct digits digits = digits_of(text, *start, *end);
    bool in_pairs = digits_grouped(&digits, "22222") || digits_grouped(&digits, "222");

    if (digits.count < 9 || digits.count > 11 || is_japanese_grouping(&digits))
        return false;
    if (in_pairs && view_find_byte(view_slice(text, *start, *end), '.') == *end - *start)
        return false;
    return is_cut_off_before(text, *start) && !context_glued_behind(text, *end)
           && !context_starts(context_behind(text, *end), context_counters)
           && !context_has(context_before(text, *start), context_other_numbers);
}

/* ---- beside a word --------------------------------------------------------------------------- */

static bool is_date_or_price(struct view text, size_t end, const struct digits *digits)
{
    unsigned first = digits_value(digits, 0, digits->group[0]);

    if (context_starts(context_behind(text, end), context_counters))
        return true;
    return digits->group[0] == 4 && first >= 1900 && first < 2100 && digits->group_count > 1
           && digits->group[1] <= 2;
}

/* What the rules above find without the word. */
static bool is_told_already(struct view match, const struct digits *digits)
{
    if (match.ptr[0] == '+' || is_japanese_grouping(digits) || is_81_alone(digits))
        return true;
    if (digits->group_count == 1)
        return is_mobile(digits) || is_service(digits) || is_fixed(digits);
    return view_find_byte(match, ' ') == match.len && digits_grouped(digits, "334")
           && is_american(digits);
}

/* 電話は781-1704: a number of no plan that a word says is one. */
bool accept_phone_beside_word(struct view text, size_t *start, size_t *end)
{
    size_t at = *start;

    while (at < *end && !is_digit(text.ptr[at]) && text.ptr[at] != '+' && text.ptr[at] != '(')
        at++;
    drop_lone_bracket(text, &at, *end);
    struct digits digits = digits_of(text, at, *end);
    if (digits.count < 7 || digits.count > 12 || context_glued_behind(text, *end)
        || is_date_or_price(text, *end, &digits)
        || is_told_already(view_slice(text, at, *end), &digits))
        return false;
    *start = at;
    return true;
}

/* NOLINTEND(readability-non-const-parameter) */
