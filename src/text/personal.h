/* SPDX-License-Identifier: Apache-2.0
 *
 * personal: what personal data looks like in Japanese and English text, as rules of a scan.
 *
 * One kind is a label and a few rules: an expression that finds candidates and an `accept` that
 * knows what no expression does: check digits, number plans, the words before and behind. They
 * work in text without spaces, because they never ask for a word boundary between a letter and a
 * kana. A shape that is common to harmless numbers (seven digits, twelve digits) counts only with
 * its check digit or beside a word that says what it is.
 *
 * Not seen: names of people, addresses outside Japan, buildings and rooms behind an address, mail
 * with letters outside ASCII, anything told in words ("zero nine zero"), numbers whose kind nothing
 * in the text betrays.
 *
 * Memory: none; tables. Threads: no state. Limits: the widest rule is PERSONAL_WIDTH_MAX bytes.
 * Sources of formats, plans and check digits: in the files that decide, personal_digits.c,
 * personal_phone.c, personal_address.c, personal_accept.c. Figures: docs/accuracy.md. */
#ifndef ASSAY_TEXT_PERSONAL_H
#define ASSAY_TEXT_PERSONAL_H

#include <stdbool.h>
#include <stddef.h>

#include "text/scan.h"

enum { PERSONAL_WIDTH_MAX = 160 };

enum personal_kind {
#define KIND(id, ...) PERSONAL_##id,
#include "text/personal_kinds.def"
#undef KIND
    PERSONAL_KIND_COUNT,
};

/* "email", as policies and reports write it. */
struct view personal_kind_name(enum personal_kind kind);
bool personal_kind_named(struct view name, enum personal_kind *ret_kind);
/* Whether it is looked for where a policy names no kinds. */
bool personal_kind_is_default(enum personal_kind kind);
/* "EMAIL", for masks: [EMAIL] */
struct view personal_label(enum personal_kind kind);
/* Whether evidence of it is shown with all but its last characters as stars. */
bool personal_kind_is_secret(enum personal_kind kind);

/* The rules that find it; constant. Every one of them is named "personal_data.<kind>". */
const struct scan_rule *personal_rules(enum personal_kind kind, size_t *ret_count);

#endif
