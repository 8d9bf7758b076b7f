/* SPDX-License-Identifier: Apache-2.0
 *
 * resp_inline: the words of an inline command, as a person types it; for resp.c only.
 *
 * Quotes as in redis-cli: "…" with \n \r \t \b \a \xHH and \ before anything else, '…' with \'
 * only; a closing quote ends its word. Memory: the strbuf's. */
#ifndef ASSAY_WIRE_RESP_INLINE_H
#define ASSAY_WIRE_RESP_INLINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

/* The most bytes that resp_inline_split makes of a line of so many. */
size_t resp_inline_bytes_max(size_t line_bytes);

/* Replaces *words by the words of the line, unquoted, for resp_inline_next. ERR_PROTOCOL for quotes
 * that are not closed, text that follows a closing quote, or NUL; ERR_MEMORY. */
MUST_CHECK int resp_inline_split(struct view line, struct strbuf *words, uint64_t *ret_count,
                                 struct err *reterr);

/* The word at *at, which moves on to the next; holds until the next split. */
struct view resp_inline_next(const struct strbuf *words, size_t *at);

#endif
