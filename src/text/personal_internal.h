/* SPDX-License-Identifier: Apache-2.0
 *
 * personal_internal: what the parts of `personal` share: reading digits out of a candidate, the
 * words around it, check digits, and the accept functions that personal_rules.def names.
 *
 * An accept function sees a window of the spelling; it looks at SCAN_CONTEXT bytes before and
 * behind at the most, so that its answer does not depend on how much of the text is there.
 * Memory: none. Threads: no state. */
#ifndef ASSAY_TEXT_PERSONAL_INTERNAL_H
#define ASSAY_TEXT_PERSONAL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "text/scan.h"

enum { PERSONAL_DIGITS_MAX = 24 };

/* ---- personal_digits.c: numbers -------------------------------------------------------------- */

/* The ASCII digits of a candidate, and the lengths of their groups as other characters part them.
 * What is past PERSONAL_DIGITS_MAX is counted in neither. */
struct digits {
    unsigned char digit[PERSONAL_DIGITS_MAX]; /* 0 to 9 */
    size_t count;
    size_t group[PERSONAL_DIGITS_MAX];
    size_t group_count;
};

struct digits digits_of(struct view text, size_t start, size_t end);
/* Whether the groups have these lengths, written as digits: "344". */
bool digits_grouped(const struct digits *digits, const char *lengths);
bool digits_start(const struct digits *digits, const char *prefix);
bool digits_all_same(const struct digits *digits);
/* The value of `len` digits from `from`. */
unsigned digits_value(const struct digits *digits, size_t from, size_t len);

/* Cards (ISO/IEC 7812-1, annex B), My Number, EAN-13 and ISBN-10 by their check digits. */
bool digits_luhn(const struct digits *digits);
bool digits_my_number(const struct digits *digits);
bool digits_ean13(const struct digits *digits);
bool digits_isbn10(const struct digits *digits);

/* ---- personal_context.c: what stands around -------------------------------------------------- */

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* At most SCAN_CONTEXT bytes before `start`, or behind `end`. */
struct view context_before(struct view text, size_t start);
struct view context_behind(struct view text, size_t end);
/* Whether one of the words (NULL ends them) stands in it, ASCII letters without case. */
bool context_has(struct view context, const char *const *words);
bool context_starts(struct view context, const char *const *words);
bool context_ends(struct view context, const char *const *words);

/* Words that say that a number is one of an order, a parcel, an article or an account. */
extern const char *const context_other_numbers[];
extern const char *const context_phone[];
extern const char *const context_counters[]; /* 円, 年, 個: a quantity, if they follow */

/* Whether an ASCII letter or digit stands directly before, or behind. */
bool context_glued_before(struct view text, size_t start);
bool context_glued_behind(struct view text, size_t end);

/* ---- accept functions ------------------------------------------------------------------------ */

bool accept_email(struct view text, size_t *start, size_t *end);
bool accept_phone_japan(struct view text, size_t *start, size_t *end);
bool accept_phone_kanji(struct view text, size_t *start, size_t *end);
bool accept_phone_world(struct view text, size_t *start, size_t *end);
bool accept_phone_america(struct view text, size_t *start, size_t *end);
bool accept_phone_abroad(struct view text, size_t *start, size_t *end);
bool accept_phone_beside_word(struct view text, size_t *start, size_t *end);
bool accept_postal_code(struct view text, size_t *start, size_t *end);
bool accept_address(struct view text, size_t *start, size_t *end);
bool accept_address_kanji(struct view text, size_t *start, size_t *end);
bool accept_address_of_city(struct view text, size_t *start, size_t *end);
bool accept_address_of_city_kanji(struct view text, size_t *start, size_t *end);
bool accept_my_number(struct view text, size_t *start, size_t *end);
bool accept_card(struct view text, size_t *start, size_t *end);
bool accept_iban(struct view text, size_t *start, size_t *end);
bool accept_us_ssn(struct view text, size_t *start, size_t *end);
bool accept_ip4(struct view text, size_t *start, size_t *end);
bool accept_ip6(struct view text, size_t *start, size_t *end);
bool accept_url(struct view text, size_t *start, size_t *end);
/* The expression starts with the word that gives it away; only what follows it is told. */
bool accept_after_word(struct view text, size_t *start, size_t *end);
bool accept_birth_date(struct view text, size_t *start, size_t *end);

#endif
