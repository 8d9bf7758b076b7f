/* SPDX-License-Identifier: Apache-2.0
 *
 * strbuf: see strbuf.h. */
#include "base/strbuf.h"

#include <stdio.h>

#include "base/mem.h"

enum { CAPACITY_MIN = 64 };

void strbuf_init(struct strbuf *buf, size_t limit)
{
    *buf = (struct strbuf){.limit = limit};
}

void strbuf_release(struct strbuf *buf)
{
    mem_free(buf->ptr);
    *buf = (struct strbuf){.limit = buf->limit};
}

void strbuf_reset(struct strbuf *buf)
{
    buf->len = 0;
    buf->status = 0;
    if (buf->ptr != NULL)
        buf->ptr[0] = '\0';
}

char *strbuf_room(struct strbuf *buf, size_t more)
{
    if (buf->status != 0)
        return NULL;
    if (more > buf->limit - buf->len || more >= SIZE_MAX / 2) {
        buf->status = more > buf->limit - buf->len ? ERR_LIMIT : ERR_MEMORY;
        return NULL;
    }
    if (buf->ptr == NULL || buf->capacity - buf->len <= more) {
        size_t wanted = buf->len + more + 1;
        size_t capacity = buf->capacity < CAPACITY_MIN ? CAPACITY_MIN : buf->capacity * 2;
        if (capacity < wanted)
            capacity = wanted;
        char *grown = mem_resize(buf->ptr, capacity, 1);
        if (grown == NULL) {
            buf->status = ERR_MEMORY;
            return NULL;
        }
        buf->ptr = grown;
        buf->capacity = capacity;
        buf->ptr[buf->len] = '\0';
    }
    return buf->ptr + buf->len;
}

void strbuf_grew(struct strbuf *buf, size_t by)
{
    assert_always(by < buf->capacity - buf->len);
    buf->len += by;
    buf->ptr[buf->len] = '\0';
}

void strbuf_add(struct strbuf *buf, struct view bytes)
{
    char *room = strbuf_room(buf, bytes.len);

    if (room == NULL)
        return;
    if (bytes.len != 0)
        memcpy(room, bytes.ptr, bytes.len);
    strbuf_grew(buf, bytes.len);
}

void strbuf_add_text(struct strbuf *buf, const char *text)
{
    strbuf_add(buf, view_of(text));
}

void strbuf_add_byte(struct strbuf *buf, char byte)
{
    strbuf_add(buf, view_make(&byte, 1));
}

void strbuf_add_repeated(struct strbuf *buf, char byte, size_t count)
{
    char *room = strbuf_room(buf, count);

    if (room == NULL)
        return;
    memset(room, byte, count);
    strbuf_grew(buf, count);
}

void strbuf_add_codepoint(struct strbuf *buf, uint32_t codepoint)
{
    char bytes[4];
    size_t len;

    if (codepoint > 0x10ffff || (codepoint >= 0xd800 && codepoint <= 0xdfff))
        codepoint = 0xfffd;
    if (codepoint < 0x80) {
        bytes[0] = (char)codepoint;
        len = 1;
    } else if (codepoint < 0x800) {
        bytes[0] = (char)(0xc0 | codepoint >> 6);
        len = 2;
    } else if (codepoint < 0x10000) {
        bytes[0] = (char)(0xe0 | codepoint >> 12);
        len = 3;
    } else {
        bytes[0] = (char)(0xf0 | codepoint >> 18);
        len = 4;
    }
    for (size_t i = 1; i < len; i++)
        bytes[i] = (char)(0x80 | (codepoint >> (6 * (len - 1 - i)) & 0x3f));
    strbuf_add(buf, view_make(bytes, len));
}

void strbuf_vprintf(struct strbuf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int wanted = vsnprintf(NULL, 0, format, args);
    char *room = wanted >= 0 ? strbuf_room(buf, (size_t)wanted) : NULL;

    if (room != NULL) {
        vsnprintf(room, (size_t)wanted + 1, format, again);
        strbuf_grew(buf, (size_t)wanted);
    }
    va_end(again);
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    strbuf_vprintf(buf, format, args);
    va_end(args);
}

void strbuf_consume(struct strbuf *buf, size_t count)
{
    if (count > buf->len)
        count = buf->len;
    if (count == 0)
        return;
    memmove(buf->ptr, buf->ptr + count, buf->len - count + 1);
    buf->len -= count;
}

void strbuf_cut(struct strbuf *buf, size_t len)
{
    if (len >= buf->len)
        return;
    buf->len = len;
    buf->ptr[len] = '\0';
}

int strbuf_status(const struct strbuf *buf)
{
    return buf->status;
}

char *strbuf_take(struct strbuf *buf)
{
    char *ptr = buf->ptr;
    *buf = (struct strbuf){.limit = buf->limit};
    return ptr;
}
