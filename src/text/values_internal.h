/* SPDX-License-Identifier: Apache-2.0
 *
 * values_internal: the parts of the reader of values.h: numerals, units, dates. Each looks at one
 * place of a text and says how far it goes; none looks further than a few words, so that reading
 * stays linear. */
#ifndef ASSAY_TEXT_VALUES_INTERNAL_H
#define ASSAY_TEXT_VALUES_INTERNAL_H

#include "text/values.h"

struct numeral {
    struct decimal number;
    struct decimal plain; /* without its scale, where it has one scale at most */
    size_t end;
    unsigned digits;  /* of the whole part, where it is written digit by digit */
    bool is_scaled;   /* 万, million */
    bool is_word;     /* no ASCII digit in it */
    bool is_plain;    /* ASCII digits and nothing else: 24, 2024 */
    bool is_ordinal;  /* third */
    bool is_fraction; /* has a decimal point */
};

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool is_latin(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static inline bool is_alnum(char byte)
{
    return is_digit(byte) || is_latin(byte);
}

static inline char byte_at(struct view text, size_t pos)
{
    return pos < text.len ? text.ptr[pos] : '\0';
}

static inline bool stands_at(struct view text, size_t pos, struct view what)
{
    return pos <= text.len && text.len - pos >= what.len
           && memcmp(text.ptr + pos, what.ptr, what.len) == 0;
}

/* Past at most one space. */
static inline size_t past_space(struct view text, size_t pos)
{
    return byte_at(text, pos) == ' ' ? pos + 1 : pos;
}

/* The end of the run of Latin letters at pos. */
size_t values_word_end(struct view text, size_t pos);

/* A number in ASCII or Japanese digits at pos: 1,800 / 2.5 / 1万2千 / 六百 / 二〇二四 / 650百万. */
bool numeral_at(struct view text, size_t pos, struct numeral *ret_numeral);
/* A number in English words at pos: twenty-five, two million, third. */
bool numeral_words(struct view text, size_t pos, struct numeral *ret_numeral);
/* A scale in English behind a number (thousand, million, bn; k and, for money, m glued to it):
 * its power of ten, and *pos moves past it; 0 where there is none. */
int numeral_scale(struct view text, size_t *pos, bool is_money);
/* The digit that a Japanese numeral stands for, −1 for anything else (十 and 万 included). */
int numeral_kanji_digit(uint32_t codepoint);
/* True for any character that a Japanese numeral may start with. */
bool numeral_kanji_starts(uint32_t codepoint);

/* The unit that stands at pos (no space before it): its length in bytes, 0 for none. */
size_t unit_at(struct view text, size_t pos, enum value_unit *ret_unit, struct decimal *ret_scale);
/* A unit that stands before its number (vol., chapter, page): likewise. */
size_t unit_before(struct view word, enum value_unit *ret_unit);

/* A date, a time of day or a weekday at pos; fills kind, fields, start and end. */
bool date_at(struct view text, size_t pos, struct value *ret_value);
bool time_at(struct view text, size_t pos, struct value *ret_value);
bool weekday_at(struct view text, size_t pos, struct value *ret_value);

#endif
