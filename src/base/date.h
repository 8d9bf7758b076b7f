/* SPDX-License-Identifier: Apache-2.0
 *
 * date: seconds since 1970 UTC ↔ calendar text, by arithmetic alone (Hinnant, "chrono-compatible
 * low-level date algorithms"); no time zone, no locale, no clock.
 *
 * Threads: no state. Range: years 1 to 9999. */
#ifndef ASSAY_BASE_DATE_H
#define ASSAY_BASE_DATE_H

#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

enum { DATE_ISO_SIZE = 21, DATE_BASIC_SIZE = 17 };

/* "2026-11-23T16:33:00Z" and a NUL (RFC 3339). */
void date_iso(int64_t unix_s, char ret_text[DATE_ISO_SIZE]);

/* "20261123T163300Z" and a NUL (ISO 8601 basic, as AWS signs it). */
void date_basic(int64_t unix_s, char ret_text[DATE_BASIC_SIZE]);

/* Reads RFC 3339 with Z or an offset, seconds' fractions dropped. ERR_INVALID otherwise. */
MUST_CHECK int date_parse(struct view text, int64_t *ret_unix_s);

/* Reads "Sun, 06 Nov 1994 08:49:37 GMT", the one form that RFC 9110, section 5.6.7, lets anybody
 * send (the day's name is not compared). ERR_INVALID otherwise. */
MUST_CHECK int date_parse_http(struct view text, int64_t *ret_unix_s);

#endif
