/* SPDX-License-Identifier: Apache-2.0
 *
 * values_numeral: exact decimals, and numbers as people write them; see values_internal.h.
 *
 * A number is a sum of sections, each a part below 10,000 times 万, 億 or 兆; a part is written in
 * ASCII digits (with separators and a point), digit by digit in 〇 to 九, or with 十百千, and the ways
 * mix: 1万2千, 76億1,600万, 650百万. */
#include "text/values_internal.h"

#include "base/utf8.h"

enum { DIGITS_MAX = 18, WORD_MAX = 12 };

/* ---- decimals -------------------------------------------------------------------------------- */

struct decimal decimal_of(int64_t digits, int32_t exponent)
{
    if (digits == 0)
        return (struct decimal){0};
    while (digits % 10 == 0) {
        digits /= 10;
        exponent++;
    }
    return (struct decimal){.digits = digits, .exponent = exponent};
}

bool decimal_equal(struct decimal a, struct decimal b)
{
    return a.digits == b.digits && a.exponent == b.exponent;
}

/* digits × 10^by without loss. */
static bool shift(int64_t digits, int32_t by, int64_t *ret_digits)
{
    if (by > DIGITS_MAX)
        return digits == 0 && (*ret_digits = 0, true);
    for (; by > 0; by--) {
        if (__builtin_mul_overflow(digits, 10, &digits))
            return false;
    }
    *ret_digits = digits;
    return true;
}

bool decimal_add(struct decimal a, struct decimal b, struct decimal *ret_sum)
{
    int32_t exponent = a.exponent < b.exponent ? a.exponent : b.exponent;
    int64_t left = 0;
    int64_t right = 0;
    int64_t sum = 0;

    if (a.digits == 0 || b.digits == 0) {
        *ret_sum = a.digits == 0 ? b : a;
        return true;
    }
    if (!shift(a.digits, a.exponent - exponent, &left)
        || !shift(b.digits, b.exponent - exponent, &right)
        || __builtin_add_overflow(left, right, &sum))
        return false;
    *ret_sum = decimal_of(sum, exponent);
    return true;
}

bool decimal_multiply(struct decimal a, struct decimal b, struct decimal *ret_product)
{
    int64_t digits = 0;

    if (__builtin_mul_overflow(a.digits, b.digits, &digits))
        return false;
    *ret_product = decimal_of(digits, a.exponent + b.exponent);
    return true;
}

static struct decimal scaled(struct decimal number, int32_t power)
{
    return decimal_of(number.digits, number.exponent + power);
}

/* ---- Japanese and ASCII digits --------------------------------------------------------------- */

static const struct {
    uint16_t codepoint;
    int8_t digit; /* −1: a power */
    int8_t power;
} kanji_numerals[] = {
    {0x3007, 0, 0},   {0x4e00, 1, 0},  {0x4e03, 7, 0},  {0x4e07, -1, 4}, {0x4e09, 3, 0},
    {0x4e5d, 9, 0},   {0x4e8c, 2, 0},  {0x4e94, 5, 0},  {0x4f0d, 5, 0},  {0x5104, -1, 8},
    {0x5146, -1, 12}, {0x516b, 8, 0},  {0x516d, 6, 0},  {0x5341, -1, 1}, {0x5343, -1, 3},
    {0x53c2, 3, 0},   {0x56db, 4, 0},  {0x58f1, 1, 0},  {0x5f10, 2, 0},  {0x62fe, -1, 1},
    {0x767e, -1, 2},  {0x842c, -1, 4}, {0x9621, -1, 3}, {0x96f6, 0, 0},
};

/* The row of a character; −1 where it is none. */
static int kanji_row(uint32_t codepoint)
{
    int low = 0;
    int high = (int)(sizeof kanji_numerals / sizeof kanji_numerals[0]) - 1;

    while (low <= high) {
        int middle = (low + high) / 2;
        if (kanji_numerals[middle].codepoint == codepoint)
            return middle;
        if (kanji_numerals[middle].codepoint < codepoint)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

int numeral_kanji_digit(uint32_t codepoint)
{
    int row = kanji_row(codepoint);
    return row < 0 ? -1 : kanji_numerals[row].digit;
}

bool numeral_kanji_starts(uint32_t codepoint)
{
    return kanji_row(codepoint) >= 0;
}

/* The Japanese numeral at *pos, which moves past it: its row, −1 where there is none. */
static int take_kanji(struct view text, size_t *pos)
{
    size_t after = *pos;

    if (after >= text.len || (unsigned char)text.ptr[after] < 0xe3)
        return -1;
    int row = kanji_row(utf8_next(text, &after, NULL));
    if (row >= 0)
        *pos = after;
    return row;
}

/* The power at *pos where it is within the bounds (1 to 3: 十百千; 4 to 12: 万億兆), 0 otherwise. */
static int take_power(struct view text, size_t *pos, int least, int most)
{
    size_t after = *pos;
    int row = take_kanji(text, &after);

    if (row < 0 || kanji_numerals[row].digit >= 0 || kanji_numerals[row].power < least
        || kanji_numerals[row].power > most)
        return 0;
    *pos = after;
    return kanji_numerals[row].power;
}

static bool is_group(struct view text, size_t pos)
{
    return byte_at(text, pos) == ',' && is_digit(byte_at(text, pos + 1))
           && is_digit(byte_at(text, pos + 2)) && is_digit(byte_at(text, pos + 3))
           && !is_digit(byte_at(text, pos + 4));
}

/* ASCII digits at *pos; false where there are none or too many. */
static bool take_ascii(struct view text, size_t *pos, struct numeral *numeral,
                       struct decimal *ret_number)
{
    size_t at = *pos;
    int64_t digits = 0;
    unsigned count = 0;
    unsigned whole = 0;
    bool plain = true;

    for (; is_digit(byte_at(text, at)) || (count > 0 && is_group(text, at)); at++) {
        if (text.ptr[at] == ',') {
            plain = false;
            continue;
        }
        if (++count > DIGITS_MAX)
            return false;
        digits = digits * 10 + (text.ptr[at] - '0');
    }
    if (count == 0)
        return false;
    whole = count;
    if (byte_at(text, at) == '.' && is_digit(byte_at(text, at + 1))) {
        numeral->is_fraction = true;
        for (at++; is_digit(byte_at(text, at)); at++) {
            if (++count > DIGITS_MAX)
                return false;
            digits = digits * 10 + (text.ptr[at] - '0');
        }
    }
    numeral->digits = whole;
    numeral->is_plain = plain && count == whole;
    numeral->is_word = false;
    *ret_number = decimal_of(digits, -(int32_t)(count - whole));
    *pos = at;
    return true;
}

/* Digits written one by one at *pos: 二〇二四; their count, 0 where there are none. */
static unsigned take_row(struct view text, size_t *pos, int64_t *ret_digits)
{
    unsigned count = 0;
    int64_t digits = 0;

    while (count < DIGITS_MAX) {
        size_t after = *pos;
        int row = take_kanji(text, &after);
        if (row < 0 || kanji_numerals[row].digit < 0)
            break;
        digits = digits * 10 + kanji_numerals[row].digit;
        count++;
        *pos = after;
    }
    *ret_digits = digits;
    return count;
}

/* A part below 万 at *pos. */
static bool take_part(struct view text, size_t *pos, struct numeral *numeral,
                      struct decimal *ret_part)
{
    struct decimal part = {0};
    int most = 3;
    bool found = false;

    while (most >= 0) {
        struct decimal number = decimal_of(1, 0);
        int64_t row = 0;
        size_t start = *pos;
        unsigned count = 0;
        bool ascii = take_ascii(text, pos, numeral, &number);
        if (!ascii && (count = take_row(text, pos, &row)) > 0) {
            number = decimal_of(row, 0);
            numeral->digits = count;
        }
        int power = most > 0 ? take_power(text, pos, 1, most) : 0;
        if (!ascii && count == 0 && power == 0)
            break;
        if (found && power == 0 && count > 1) { /* 千二〇: no number */
            *pos = start;
            break;
        }
        if (power > 0)
            numeral->is_plain = false;
        numeral->plain = number;
        if (!decimal_add(part, scaled(number, power), &part))
            return false;
        found = true;
        most = power - 1;
    }
    if (found)
        *ret_part = part;
    return found;
}

bool numeral_at(struct view text, size_t pos, struct numeral *ret_numeral)
{
    struct numeral numeral = {.is_word = true};
    int most = 12;
    bool found = false;

    while (most >= 0) {
        struct decimal part = decimal_of(1, 0);
        size_t at = pos;
        bool has_part = take_part(text, &at, &numeral, &part);
        int power = most > 0 ? take_power(text, &at, 4, most) : 0;
        if (!has_part && (power == 0 || found))
            break;
        if (power > 0) {
            numeral.is_scaled = true;
            numeral.is_plain = false;
        }
        if (!decimal_add(numeral.number, scaled(part, power), &numeral.number))
            return false;
        if (found)
            numeral.plain = numeral.number;
        found = true;
        pos = at;
        most = power - 4;
        if (power == 4)
            most = 0;
        if (power == 0)
            break;
    }
    numeral.end = pos;
    if (found)
        *ret_numeral = numeral;
    return found;
}

/* ---- English words --------------------------------------------------------------------------- */

size_t values_word_end(struct view text, size_t pos)
{
    while (pos < text.len && is_latin(text.ptr[pos]))
        pos++;
    return pos;
}

enum word_class { WORD_ONES, WORD_TENS, WORD_HUNDRED, WORD_SCALE, WORD_ORDINAL };

/* In the order of the alphabet. */
static const struct {
    const char *word;
    int value; /* of WORD_SCALE the power of ten */
    enum word_class kind;
} number_words[] = {
    {"billion", 9, WORD_SCALE},
    {"dozen", 12, WORD_ONES},
    {"eight", 8, WORD_ONES},
    {"eighteen", 18, WORD_ONES},
    {"eighteenth", 18, WORD_ORDINAL},
    {"eighth", 8, WORD_ORDINAL},
    {"eighty", 80, WORD_TENS},
    {"eleven", 11, WORD_ONES},
    {"eleventh", 11, WORD_ORDINAL},
    {"fifteen", 15, WORD_ONES},
    {"fifteenth", 15, WORD_ORDINAL},
    {"fifth", 5, WORD_ORDINAL},
    {"fifty", 50, WORD_TENS},
    {"first", 1, WORD_ORDINAL},
    {"five", 5, WORD_ONES},
    {"forty", 40, WORD_TENS},
    {"four", 4, WORD_ONES},
    {"fourteen", 14, WORD_ONES},
    {"fourteenth", 14, WORD_ORDINAL},
    {"fourth", 4, WORD_ORDINAL},
    {"hundred", 2, WORD_HUNDRED},
    {"million", 6, WORD_SCALE},
    {"nine", 9, WORD_ONES},
    {"nineteen", 19, WORD_ONES},
    {"nineteenth", 19, WORD_ORDINAL},
    {"ninety", 90, WORD_TENS},
    {"ninth", 9, WORD_ORDINAL},
    {"one", 1, WORD_ONES},
    {"second", 2, WORD_ORDINAL},
    {"seven", 7, WORD_ONES},
    {"seventeen", 17, WORD_ONES},
    {"seventeenth", 17, WORD_ORDINAL},
    {"seventh", 7, WORD_ORDINAL},
    {"seventy", 70, WORD_TENS},
    {"six", 6, WORD_ONES},
    {"sixteen", 16, WORD_ONES},
    {"sixteenth", 16, WORD_ORDINAL},
    {"sixth", 6, WORD_ORDINAL},
    {"sixty", 60, WORD_TENS},
    {"ten", 10, WORD_ONES},
    {"tenth", 10, WORD_ORDINAL},
    {"third", 3, WORD_ORDINAL},
    {"thirteen", 13, WORD_ONES},
    {"thirteenth", 13, WORD_ORDINAL},
    {"thirty", 30, WORD_TENS},
    {"thousand", 3, WORD_SCALE},
    {"three", 3, WORD_ONES},
    {"trillion", 12, WORD_SCALE},
    {"twelfth", 12, WORD_ORDINAL},
    {"twelve", 12, WORD_ONES},
    {"twentieth", 20, WORD_ORDINAL},
    {"twenty", 20, WORD_TENS},
    {"two", 2, WORD_ONES},
    {"zero", 0, WORD_ONES},
};

/* The row of the word at pos and where it ends; −1 where it is no number. */
static int number_word(struct view text, size_t pos, size_t *ret_end)
{
    size_t end = values_word_end(text, pos);
    char word[WORD_MAX + 1] = "";
    int low = 0;
    int high = (int)(sizeof number_words / sizeof number_words[0]) - 1;

    if (end == pos || end - pos > WORD_MAX)
        return -1;
    for (size_t i = pos; i < end; i++)
        word[i - pos] = (char)(text.ptr[i] | 0x20);
    while (low <= high) {
        int middle = (low + high) / 2;
        int order = strcmp(number_words[middle].word, word);
        if (order == 0) {
            *ret_end = end;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

/* Where the next word of the number starts: behind a space, a hyphen or " and ". */
static size_t next_word(struct view text, size_t pos)
{
    if (stands_at(text, pos, view_of(" and ")))
        return pos + 5;
    return byte_at(text, pos) == ' ' || byte_at(text, pos) == '-' ? pos + 1 : text.len;
}

/* Adds one word; false where it cannot follow. */
static bool add_word(int row, int64_t *total, int64_t *section, struct numeral *numeral)
{
    int value = number_words[row].value;

    switch (number_words[row].kind) {
    case WORD_ORDINAL:
        numeral->is_ordinal = true;
        if (*section % 10 != 0)
            return false;
        *section += value;
        break;
    case WORD_ONES:
        if (*section % 10 != 0 || (value >= 10 && *section % 100 != 0))
            return false;
        *section += value;
        break;
    case WORD_TENS:
        if (*section % 100 != 0)
            return false;
        *section += value;
        break;
    case WORD_HUNDRED:
        if (*section >= 100)
            return false;
        *section = (*section == 0 ? 1 : *section) * 100;
        break;
    case WORD_SCALE:
        if (*section >= 1000 || (numeral->is_scaled && *section == 0))
            return false;
        for (int i = 0; i < value && *section < INT64_MAX / 1000; i++)
            *section = (*section == 0 ? 1 : *section) * 10;
        *total += *section;
        *section = 0;
        numeral->is_scaled = true;
        break;
    }
    return true;
}

bool numeral_words(struct view text, size_t pos, struct numeral *ret_numeral)
{
    struct numeral numeral = {.is_word = true, .end = pos};
    size_t start = pos;
    int64_t total = 0;
    int64_t section = 0;

    for (int words = 0; words < 16 && pos < text.len; words++) {
        size_t end = 0;
        int row = number_word(text, pos, &end);
        if (row < 0 || !add_word(row, &total, &section, &numeral))
            break;
        numeral.end = end;
        if (numeral.is_ordinal)
            break;
        pos = next_word(text, end);
    }
    if (numeral.end == start || (total == 0 && section == 0))
        return false;
    numeral.number = decimal_of(total + section, 0);
    numeral.plain = numeral.number;
    *ret_numeral = numeral;
    return true;
}

int numeral_scale(struct view text, size_t *pos, bool is_money)
{
    static const struct {
        const char *word;
        int power;
        bool glued; /* nothing between it and the number */
        bool money;
    } scales[] = {
        {"thousand", 3, false, false},  {"million", 6, false, false}, {"billion", 9, false, false},
        {"trillion", 12, false, false}, {"mn", 6, false, true},       {"bn", 9, false, false},
        {"k", 3, true, false},          {"m", 6, true, true},         {"b", 9, true, true},
    };
    size_t start = *pos;
    if (byte_at(text, start) == ' ' || byte_at(text, start) == '-')
        start++;
    struct view word = view_slice(text, start, values_word_end(text, start));

    for (size_t i = 0; word.len > 0 && i < sizeof scales / sizeof scales[0]; i++) {
        if (view_equal_nocase(word, view_of(scales[i].word)) && (!scales[i].glued || start == *pos)
            && (!scales[i].money || is_money)) {
            *pos = start + word.len;
            return scales[i].power;
        }
    }
    return 0;
}
