/* SPDX-License-Identifier: Apache-2.0
 *
 * json_scan_string: the part of the JSON scanner that runs inside strings.
 *
 * Plain bytes are passed eight at a time and given as pieces of the input; what an escape stands
 * for is a piece of its own. Memory: none. Threads: no shared state.
 * Source: RFC 8259, section 7; RFC 3629 for UTF-8. */
#include <endian.h>

#include "wire/json_scan_state.h"

static inline int emit_string(struct scan *scan, bool last, const char *ptr, size_t len)
{
    struct json_scanner *scanner = scan->scanner;
    bool is_key = scanner->is_key;

    if (last) {
        if (is_key)
            scan_key_done_before(scan);
        else
            scan_value_done_before(scan);
    }
    return scan_emit(scan, is_key ? JSON_EVENT_KEY : JSON_EVENT_STRING, last, view_make(ptr, len));
}

/* One byte of a character outside ASCII: the slow way, for what the piece cuts or what is wrong. */
static int take_utf8_byte(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;
    unsigned char c = (unsigned char)*scan->at;

    if (scanner->utf8_left != 0) {
        if (c < scanner->utf8_low || c > scanner->utf8_high)
            return scan_unexpected(scan, "invalid UTF-8: expected the rest of a character");
        scanner->utf8_left--;
        scanner->continuation++;
    } else {
        if (c < 0xc2 || c > 0xf4)
            return scan_unexpected(scan, "invalid UTF-8: expected a character");
        scanner->utf8_left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    }
    scanner->utf8_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    scanner->utf8_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    scan->at++;
    return 0;
}

/* Passes whole characters outside ASCII while they are complete and right. */
static inline const char *skip_characters(const char *at, const char *end, size_t *continuation)
{
    for (; end - at >= 4;) {
        unsigned char a = (unsigned char)at[0];
        unsigned char b = (unsigned char)at[1];
        bool c = ((unsigned char)at[2] & 0xc0) == 0x80;
        if (a >= 0xe1 && a <= 0xef && b >= 0x80 && b <= (a == 0xed ? 0x9f : 0xbf) && c) {
            at += 3;
            *continuation += 2;
        } else if (a >= 0xc2 && a <= 0xdf && (b & 0xc0) == 0x80) {
            at += 2;
            *continuation += 1;
        } else {
            break;
        }
    }
    return at;
}

/* The top bit of each byte that ends a run of plain ASCII: a quote, a backslash, a control
 * character or what lies outside ASCII. The lowest is right; a borrow can have spoilt those above
 * it. */
static inline uint64_t not_plain(const char *at)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t word;

    memcpy(&word, at, sizeof word);
    word = le64toh(word);
    return (((word ^ ones * '"') - ones) | ((word ^ ones * '\\') - ones) | (word - ones * 0x20)
            | word)
           & ones * 0x80;
}

/* Passes plain ASCII, eight bytes at a time while there are eight. */
static inline const char *skip_ascii(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t found = not_plain(at);
        if (found != 0)
            return at + __builtin_ctzll(found) / 8;
        at += 8;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at - 0x20u < 0x60u)
        at++;
    return at;
}

/* Passes plain bytes: stops at a quote, a backslash, a control character, the end or an error. */
static inline int skip_plain(struct scan *scan)
{
    const char *end = scan->end;

    while (scan->at < end) {
        if (scan->scanner->utf8_left == 0) {
            const char *at = skip_ascii(scan->at, end);
            if (at < end && (unsigned char)*at >= 0xc2)
                at = skip_characters(at, end, &scan->scanner->continuation);
            scan->at = at;
            if (at == end || *at == '"' || *at == '\\' || (unsigned char)*at < 0x20)
                return 0;
            if ((unsigned char)*at < 0x80)
                continue;
        }
        int code = take_utf8_byte(scan);
        if (code != 0)
            return code;
    }
    return 0;
}

static int plain_part(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;
    const char *from = scan->at;

    if (scanner->high != 0 && *from != '\\') {
        scanner->high = 0;
        return emit_string(scan, false, "\xef\xbf\xbd", 3);
    }
    int code = skip_plain(scan);
    size_t len = (size_t)(scan->at - from);
    if (code != 0)
        return code;
    if (scan->at == scan->end)
        return emit_string(scan, false, from, len);
    if (*scan->at == '"') {
        scan->at++;
        return emit_string(scan, true, from, len);
    }
    if (len != 0)
        return emit_string(scan, false, from, len);
    if (*scan->at != '\\')
        return scan_unexpected_because(scan, "expected a character or the string's end quote",
                                       *scan->at == '\n' ? "write a line feed in a string as \\n"
                                                         : "write control characters as \\u00XX");
    scan->at++;
    scanner->substate = ESCAPE;
    return 0;
}

/* Writes the code point as UTF-8 and returns its length. */
static size_t encode(char *out, uint32_t codepoint)
{
    if (codepoint < 0x80) {
        out[0] = (char)codepoint;
        return 1;
    }
    size_t len = codepoint < 0x800 ? 2 : codepoint < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[len] | codepoint >> 6 * (len - 1));
    for (size_t i = 1; i < len; i++)
        out[i] = (char)(0x80 | (codepoint >> 6 * (len - 1 - i) & 0x3f));
    return len;
}

/* A UTF-16 unit or a simple escape is complete: gives what can be given. A high surrogate waits
 * for its low one; surrogates that stay alone read as U+FFFD. */
static int escape_done(struct scan *scan, uint16_t unit)
{
    struct json_scanner *scanner = scan->scanner;
    bool is_high = unit >= 0xd800 && unit <= 0xdbff;
    bool is_low = unit >= 0xdc00 && unit <= 0xdfff;
    uint32_t high = scanner->high;
    size_t len = 0;

    scanner->substate = PLAIN;
    scanner->high = is_high ? unit : 0;
    if (high != 0 && is_low) {
        len = encode(scanner->decoded, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00u));
    } else {
        if (high != 0)
            len = encode(scanner->decoded, 0xfffd);
        if (!is_high)
            len += encode(scanner->decoded + len, is_low ? 0xfffdu : unit);
    }
    return len != 0 ? emit_string(scan, false, scanner->decoded, len) : 0;
}

static int escape_part(struct scan *scan)
{
    static const char meaning[128] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    struct json_scanner *scanner = scan->scanner;
    unsigned char c = (unsigned char)*scan->at;

    if (c == 'u') {
        scanner->substate = HEX;
        scanner->hex_left = 4;
        scanner->unit = 0;
        scan->at++;
        return 0;
    }
    if (c >= sizeof meaning || meaning[c] == '\0')
        return scan_unexpected(scan, "expected one of \" \\ / b f n r t u after '\\'");
    scan->at++;
    if (scanner->high != 0)
        return escape_done(scan, (uint16_t)meaning[c]);
    scanner->substate = PLAIN;
    return emit_string(scan, false, &meaning[c], 1);
}

static int hex_part(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;
    char c = *scan->at;
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;

    if (digit < 0)
        return scan_unexpected(scan, "expected a hexadecimal digit of \\uXXXX");
    scan->at++;
    scanner->unit = (uint16_t)(scanner->unit << 4 | digit);
    return --scanner->hex_left == 0 ? escape_done(scan, scanner->unit) : 0;
}

int scan_string(struct scan *scan)
{
    int result = 0;

    while (result == 0 && scan->at < scan->end) {
        if (scan->scanner->substate == PLAIN)
            result = plain_part(scan);
        else if (scan->scanner->substate == ESCAPE)
            result = escape_part(scan);
        else
            result = hex_part(scan);
    }
    return result;
}

int scan_string_begin(struct scan *scan, bool is_key)
{
    struct json_scanner *scanner = scan->scanner;

    scan_mark(scan);
    scan->at++;
    scanner->state = IN_STRING;
    scanner->substate = PLAIN;
    scanner->is_key = is_key;
    return scan_string(scan);
}
