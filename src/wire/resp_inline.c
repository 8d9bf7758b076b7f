/* SPDX-License-Identifier: Apache-2.0
 *
 * resp_inline: see resp_inline.h. Each word is stored as its length (a size_t) and its bytes. */
#include "wire/resp_inline.h"

size_t resp_inline_bytes_max(size_t line_bytes)
{
    /* A word takes a byte and a space of the line, or two quotes, at the least. */
    return line_bytes + (line_bytes / 2 + 1) * sizeof(size_t);
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
        return (byte | 0x20) - 'a' + 10;
    return -1;
}

/* What a backslash within double quotes stands for; takes it and what it escapes off *rest, which
 * has two bytes at least. */
static char take_escape(struct view *rest)
{
    static const char from[] = "nrtba";
    static const char to[] = "\n\r\t\b\a";
    const char *bytes = rest->ptr;
    const char *found = strchr(from, bytes[1]);
    bool hex =
        bytes[1] == 'x' && rest->len >= 4 && hex_digit(bytes[2]) >= 0 && hex_digit(bytes[3]) >= 0;

    *rest = view_slice(*rest, hex ? 4 : 2, rest->len);
    if (hex)
        return (char)(unsigned char)(hex_digit(bytes[2]) * 16 + hex_digit(bytes[3]));
    return found != NULL ? to[found - from] : bytes[1];
}

/* What stands between quotes, with *rest after the first of them; false where they are not closed
 * or something follows them at once. */
static bool take_quoted(char quote, struct view *rest, struct strbuf *words)
{
    while (rest->len > 0) {
        char byte = rest->ptr[0];
        bool escapes = byte == '\\' && rest->len > 1 && (quote == '"' || rest->ptr[1] == quote);
        if (byte == quote) {
            *rest = view_slice(*rest, 1, rest->len);
            return rest->len == 0 || is_space(rest->ptr[0]);
        }
        if (escapes) {
            strbuf_add_byte(words, take_escape(rest));
        } else {
            strbuf_add_byte(words, byte);
            *rest = view_slice(*rest, 1, rest->len);
        }
    }
    return false;
}

static bool take_word(struct view *rest, struct strbuf *words)
{
    size_t start = words->len;
    size_t len = 0;
    bool good = true;
    strbuf_add(words, view_make(&len, sizeof len));

    while (good && rest->len > 0 && !is_space(rest->ptr[0])) {
        char byte = rest->ptr[0];
        *rest = view_slice(*rest, 1, rest->len);
        if (byte == '"' || byte == '\'')
            good = take_quoted(byte, rest, words);
        else
            strbuf_add_byte(words, byte);
    }
    if (strbuf_status(words) == 0) {
        len = words->len - start - sizeof len;
        memcpy(words->ptr + start, &len, sizeof len);
    }
    return good;
}

int resp_inline_split(struct view line, struct strbuf *words, uint64_t *ret_count,
                      struct err *reterr)
{
    uint64_t count = 0;

    strbuf_reset(words);
    if (view_find_byte(line, '\0') < line.len)
        return fail(reterr, ERR_PROTOCOL, "RESP: NUL in an inline command");
    while (line.len > 0) {
        if (is_space(line.ptr[0])) {
            line = view_slice(line, 1, line.len);
            continue;
        }
        if (!take_word(&line, words))
            return fail(reterr, ERR_PROTOCOL, "RESP: unbalanced quotes in request");
        count++;
    }
    if (strbuf_status(words) != 0)
        return fail(reterr, strbuf_status(words), "RESP: no memory for an inline command");
    *ret_count = count;
    return 0;
}

struct view resp_inline_next(const struct strbuf *words, size_t *at)
{
    size_t len;

    memcpy(&len, words->ptr + *at, sizeof len);
    struct view word = view_make(words->ptr + *at + sizeof len, len);
    *at += sizeof len + len;
    return word;
}
