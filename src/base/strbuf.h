/* SPDX-License-Identifier: Apache-2.0
 *
 * strbuf: a growing string with a ceiling.
 *
 * Appending never has to be checked piece by piece: the first failure sticks, later appends do
 * nothing, and strbuf_status tells. The bytes always end in NUL (not counted).
 *
 * Memory: its own block, from base/mem; strbuf_release frees it. Threads: one owner. */
#ifndef ASSAY_BASE_STRBUF_H
#define ASSAY_BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

struct strbuf {
    char *ptr; /* NULL while nothing was appended */
    size_t len;
    size_t capacity;
    size_t limit; /* ceiling for len */
    int status;   /* 0, ERR_LIMIT or ERR_MEMORY; sticks */
};

/* Empty, at most `limit` bytes. Nothing is allocated yet. */
void strbuf_init(struct strbuf *buf, size_t limit);
void strbuf_release(struct strbuf *buf);

/* Empties it and forgets a failure; keeps its memory. */
void strbuf_reset(struct strbuf *buf);

void strbuf_add(struct strbuf *buf, struct view bytes);
void strbuf_add_text(struct strbuf *buf, const char *text);
void strbuf_add_byte(struct strbuf *buf, char byte);
void strbuf_add_repeated(struct strbuf *buf, char byte, size_t count);
/* The code point in UTF-8; surrogates and what lies past U+10FFFF become U+FFFD. */
void strbuf_add_codepoint(struct strbuf *buf, uint32_t codepoint);
void strbuf_printf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void strbuf_vprintf(struct strbuf *buf, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Makes room for `more` bytes past len and returns where they go (NULL on failure); the caller
 * writes some of them and says so with strbuf_grew. */
char *strbuf_room(struct strbuf *buf, size_t more);
void strbuf_grew(struct strbuf *buf, size_t by);

/* Removes the first `count` bytes (clamped). */
void strbuf_consume(struct strbuf *buf, size_t count);
/* Shortens to `len` bytes where it is longer. */
void strbuf_cut(struct strbuf *buf, size_t len);

/* 0, or the first failure: ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int strbuf_status(const struct strbuf *buf);

/* The content; holds until the next change. */
static inline struct view strbuf_view(const struct strbuf *buf)
{
    return view_make(buf->ptr != NULL ? buf->ptr : "", buf->len);
}

/* The content as a C string; holds until the next change. */
static inline const char *strbuf_text(const struct strbuf *buf)
{
    return buf->ptr != NULL ? buf->ptr : "";
}

/* Hands the block to the caller (mem_free it); the strbuf is empty afterwards. NULL where nothing
 * was appended. */
char *strbuf_take(struct strbuf *buf);

#endif
