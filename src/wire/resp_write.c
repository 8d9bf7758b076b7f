/* SPDX-License-Identifier: Apache-2.0
 *
 * resp_write: the writer of resp.h. */
#include "wire/resp.h"

static void write_head(struct strbuf *out, enum resp_type type, uint64_t number)
{
    strbuf_printf(out, "%c%llu\r\n", (char)type, (unsigned long long)number);
}

void resp_write_command(struct strbuf *out, const struct view *words, size_t count)
{
    write_head(out, RESP_ARRAY, count);
    for (size_t i = 0; i < count; i++)
        resp_write_string(out, RESP_BULK, words[i]);
}

void resp_write_aggregate(struct strbuf *out, enum resp_type type, uint64_t count)
{
    write_head(out, type, count);
}

void resp_write_string(struct strbuf *out, enum resp_type type, struct view text)
{
    write_head(out, type, text.len);
    strbuf_add(out, text);
    strbuf_add_text(out, "\r\n");
}

void resp_write_line(struct strbuf *out, enum resp_type type, struct view text)
{
    strbuf_add_byte(out, (char)type);
    for (size_t i = 0; i < text.len; i++)
        strbuf_add_byte(out, text.ptr[i] == '\n' || text.ptr[i] == '\r' ? ' ' : text.ptr[i]);
    strbuf_add_text(out, "\r\n");
}

void resp_write_integer(struct strbuf *out, int64_t value)
{
    strbuf_printf(out, ":%lld\r\n", (long long)value);
}
