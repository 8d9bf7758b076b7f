/* SPDX-License-Identifier: Apache-2.0
 *
 * base64: see base64.h. */
#include "wire/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode_to(char *ret_text, struct view bytes)
{
    size_t wrote = 0;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = 0;
        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (j < have ? (unsigned char)bytes.ptr[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            ret_text[wrote++] = j <= have ? alphabet[group >> (18 - 6 * j) & 63] : '=';
    }
    return wrote;
}

void base64_encode(struct strbuf *out, struct view bytes)
{
    char *room = strbuf_room(out, (bytes.len + 2) / 3 * 4);

    if (room != NULL)
        strbuf_grew(out, base64_encode_to(room, bytes));
}

/* 0 to 63, or -1. */
static int value_of(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/* Decodes four characters, of which `have` count, into have - 1 bytes. */
static bool decode_group(const char *text, size_t have, char *ret_bytes)
{
    uint32_t group = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < have ? value_of(text[i]) : 0;
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t)value;
    }
    if (have < 4 && (group & (have == 2 ? 0xffffu : 0xffu)) != 0)
        return false;
    for (size_t i = 0; i + 1 < have; i++)
        ret_bytes[i] = (char)(group >> (16 - 8 * i) & 0xff);
    return true;
}

int base64_decode(struct strbuf *out, struct view text)
{
    if (text.len % 4 != 0)
        return ERR_INVALID;
    if (text.len == 0)
        return 0;

    size_t padding = text.ptr[text.len - 1] != '=' ? 0 : text.ptr[text.len - 2] != '=' ? 1 : 2;
    char *room = strbuf_room(out, text.len / 4 * 3);
    size_t wrote = 0;

    if (room == NULL)
        return strbuf_status(out);
    for (size_t i = 0; i < text.len; i += 4) {
        size_t have = i + 4 == text.len ? 4 - padding : 4;
        if (!decode_group(text.ptr + i, have, room + wrote))
            return ERR_INVALID;
        wrote += have - 1;
    }
    strbuf_grew(out, wrote);
    return 0;
}
