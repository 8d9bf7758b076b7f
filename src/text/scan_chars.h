/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_chars: which characters one place of an expression may match, never fewer than PCRE2 (UTF,
 * UCP) takes: ASCII exactly where `is_exact`, others by ranges or all of them.
 *
 * It is what filters are made of (scan_filter.h). The spelling is NFKC: what NFKC turns into ASCII
 * (the Kelvin sign, ſ) does not occur. Threads: values, no state. */
#ifndef ASSAY_TEXT_SCAN_CHARS_H
#define ASSAY_TEXT_SCAN_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

enum { SCAN_RANGES_MAX = 12 };

struct scan_range {
    uint32_t low;
    uint32_t high;
};

struct scan_chars {
    uint64_t ascii[2];
    struct scan_range ranges[SCAN_RANGES_MAX]; /* outside ASCII */
    uint8_t range_count;
    bool all_others; /* all outside ASCII, whatever the ranges say */
    bool is_exact;   /* no ASCII character but those that match */
};

struct scan_bytes {
    uint64_t set[4];
};

static inline bool scan_bytes_has(const struct scan_bytes *bytes, unsigned byte)
{
    return (bytes->set[byte >> 6] >> (byte & 63) & 1) != 0;
}

struct scan_chars scan_chars_none(void);
struct scan_chars scan_chars_all(void);
/* What \\d, \\W, \\h … match, by the letter; none of it (and false) for any other letter. */
bool scan_chars_escape(char letter, struct scan_chars *ret_chars);
/* What \\p{name} or [:name:] may match. */
struct scan_chars scan_chars_property(struct view name);
struct scan_chars scan_chars_posix(struct view name);

/* Adds [low, high]; with caseless their other cases too. */
void scan_chars_add(struct scan_chars *chars, uint32_t low, uint32_t high, bool caseless);
void scan_chars_join(struct scan_chars *chars, const struct scan_chars *other);
/* All that may match where these do not. */
struct scan_chars scan_chars_negated(const struct scan_chars *chars);

/* Bytes of the shortest and of the longest of them. */
size_t scan_chars_width_min(const struct scan_chars *chars);
size_t scan_chars_width_max(const struct scan_chars *chars);
/* How rare one of them is in text, in bits, roughly. */
unsigned scan_chars_bits(const struct scan_chars *chars);
/* The bytes they are made of; those they start with. */
struct scan_bytes scan_chars_bytes(const struct scan_chars *chars);
struct scan_bytes scan_chars_first(const struct scan_chars *chars);
bool scan_chars_disjoint(const struct scan_chars *a, const struct scan_chars *b);
bool scan_chars_is_ascii(const struct scan_chars *chars);

/* Writes an expression over bytes that matches each of them. */
void scan_chars_write(const struct scan_chars *chars, struct strbuf *out);
/* Writes a class of bytes, as [\x30-\x39]. */
void scan_bytes_write(const struct scan_bytes *bytes, struct strbuf *out);

#endif
