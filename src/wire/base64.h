/* SPDX-License-Identifier: Apache-2.0
 *
 * base64: RFC 4648, section 4, with padding, strictly: no line ends, no other alphabet, no bits
 * left over. Threads: no state. */
#ifndef ASSAY_WIRE_BASE64_H
#define ASSAY_WIRE_BASE64_H

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

/* Appends the bytes encoded. */
void base64_encode(struct strbuf *out, struct view bytes);

/* Writes the bytes encoded, 4 characters for each 3 begun, without a NUL; returns how many. */
size_t base64_encode_to(char *ret_text, struct view bytes);

/* Appends the text decoded. ERR_INVALID, and nothing appended, where it is not base64; ERR_LIMIT or
 * ERR_MEMORY of the strbuf. */
MUST_CHECK int base64_decode(struct strbuf *out, struct view text);

#endif
