/* SPDX-License-Identifier: Apache-2.0
 *
 * json_scan: the incremental scanner of json.h, and json_valid on top of it.
 *
 * A state for each place between tokens and one for each kind of token, so that input may be cut
 * anywhere; inside one piece plain string bytes are passed eight at a time. Events and errors do
 * not depend on where the input was cut, except that strings and numbers come in more pieces.
 *
 * Memory: none. Threads: no shared state. Limits: JSON_DEPTH_MAX levels.
 * Source: RFC 8259; RFC 3629 for UTF-8. */
#include <endian.h>
#include <stdio.h>

#include "wire/json.h"

enum state {
    AT_DOCUMENT,      /* the one value of the document */
    AT_FIRST_ELEMENT, /* after [ */
    AT_ELEMENT,       /* after , in an array */
    AT_FIRST_KEY,     /* after { */
    AT_KEY,           /* after , in an object */
    AT_COLON,
    AT_MEMBER, /* after : */
    AFTER_ELEMENT,
    AFTER_MEMBER,
    AT_END, /* after the document */
    IN_STRING,
    IN_NUMBER,
    IN_TRUE,
    IN_FALSE,
    IN_NULL,
    FAILED,
};

enum string_part { PLAIN, ESCAPE, HEX };

/* What a number may be cut into; from those marked it may end. */
enum number_part { MINUS, ZERO, WHOLE, POINT, FRACTION, EXPONENT, SIGN, POWER, BROKEN };

/* One call: the scanner and the piece it was given. */
struct scan {
    struct json_scanner *scanner;
    const char *begin;
    const char *at;
    const char *end;
    struct json_event *event;
    struct err *err;
};

static size_t offset_of(const struct scan *scan)
{
    return scan->scanner->offset + (size_t)(scan->at - scan->begin);
}

static uint32_t column_of(const struct json_scanner *scanner, size_t offset)
{
    return (uint32_t)(offset - scanner->line_at - scanner->continuation) + 1;
}

/* ---- errors --------------------------------------------------------------------------------- */

/* Fails at the current byte: "LINE:COLUMN: what was expected, found 'x'", and the hint in brackets
 * where there is one. */
static int unexpected_because(struct scan *scan, const char *what, const char *hint)
{
    struct json_scanner *scanner = scan->scanner;
    unsigned byte = (unsigned char)*scan->at;
    char found[16];

    if (byte > ' ' && byte < 0x7f)
        snprintf(found, sizeof found, "'%c'", (int)byte);
    else
        snprintf(found, sizeof found, "byte 0x%02X", byte);
    scanner->state = FAILED;
    return fail(scan->err, ERR_SYNTAX,
                hint != NULL ? "%u:%u: %s, found %s (%s)" : "%u:%u: %s, found %s", scanner->line,
                column_of(scanner, offset_of(scan)), what, found, hint);
}

static int unexpected(struct scan *scan, const char *what)
{
    return unexpected_because(scan, what, NULL);
}

/* Fails at the current byte with a text that says it all. */
static int refuse(struct scan *scan, int code, const char *what)
{
    struct json_scanner *scanner = scan->scanner;

    scanner->state = FAILED;
    return fail(scan->err, code, "%u:%u: %s", scanner->line, column_of(scanner, offset_of(scan)),
                what);
}

/* Common mistakes by the byte that stands where a value should. */
static int no_value(struct scan *scan)
{
    static const struct {
        char byte;
        const char *hint;
    } hints[] = {
        {'N', "NaN, None and NULL are not JSON, write null"},
        {'I', "Infinity is not JSON, write null"},
        {'u', "undefined is not JSON, write null"},
        {'T', "JSON writes true in lower case"},
        {'F', "JSON writes false in lower case"},
        {'\'', "strings take double quotes"},
        {'+', "a number takes no '+' in front"},
        {'.', "a number needs a digit before its point"},
        {'/', "JSON has no comments"},
        {'#', "JSON has no comments"},
        {'`', "a Markdown fence is not JSON"},
        {'\xef', "remove the byte order mark"},
        {'\xfe', "save the text as UTF-8"},
        {'\xff', "save the text as UTF-8"},
        {'\0', "save the text as UTF-8, without NUL bytes"},
    };

    if (scan->scanner->state == AT_ELEMENT && *scan->at == ']')
        return refuse(scan, ERR_SYNTAX, "a comma before ']'; remove it, or add an element");
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].byte == *scan->at)
            return unexpected_because(scan, "expected a value", hints[i].hint);
    return unexpected(scan, scan->scanner->state == AT_FIRST_ELEMENT ? "expected a value or ']'"
                                                                     : "expected a value");
}

/* ---- between tokens ------------------------------------------------------------------------- */

/* Passes white space; false where the piece ends with it. */
static inline bool skip_space(struct scan *scan)
{
    for (; scan->at < scan->end; scan->at++) {
        char c = *scan->at;
        if (c == '\n') {
            scan->scanner->line++;
            scan->scanner->line_at = offset_of(scan) + 1;
            scan->scanner->continuation = 0;
        } else if (c != ' ' && c != '\r' && c != '\t') {
            return true;
        }
    }
    return false;
}

/* A value, a name or a closing bracket stands at the current byte. */
static inline void mark(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;

    scanner->value_at = offset_of(scan);
    scanner->value_line = scanner->line;
    scanner->value_column = column_of(scanner, scanner->value_at);
}

static inline int emit(struct scan *scan, enum json_event_kind kind, bool last, struct view bytes)
{
    const struct json_scanner *scanner = scan->scanner;

    *scan->event = (struct json_event){
        .kind = kind,
        .last = last,
        .bytes = bytes,
        .at = scanner->value_at,
        .line = scanner->value_line,
        .column = scanner->value_column,
    };
    return 1;
}

static inline void value_done(struct json_scanner *scanner)
{
    unsigned level = scanner->depth - 1u;

    if (scanner->depth == 0)
        scanner->state = AT_END;
    else
        scanner->state =
            scanner->nesting[level / 64] >> level % 64 & 1 ? AFTER_MEMBER : AFTER_ELEMENT;
}

static inline int open_level(struct scan *scan, bool object)
{
    struct json_scanner *scanner = scan->scanner;
    unsigned level = scanner->depth;
    uint64_t bit = (uint64_t)1 << level % 64;

    if (level == JSON_DEPTH_MAX)
        return refuse(scan, ERR_LIMIT, "nested deeper than 512 levels");
    mark(scan);
    scan->at++;
    if (object)
        scanner->nesting[level / 64] |= bit;
    else
        scanner->nesting[level / 64] &= ~bit;
    scanner->depth++;
    scanner->state = object ? AT_FIRST_KEY : AT_FIRST_ELEMENT;
    return emit(scan, object ? JSON_EVENT_OBJECT_BEGIN : JSON_EVENT_ARRAY_BEGIN, false,
                (struct view){NULL, 0});
}

static inline int close_level(struct scan *scan, enum json_event_kind kind)
{
    mark(scan);
    scan->at++;
    scan->scanner->depth--;
    value_done(scan->scanner);
    return emit(scan, kind, false, (struct view){NULL, 0});
}

/* ---- strings -------------------------------------------------------------------------------- */

static inline int emit_string(struct scan *scan, bool last, const char *ptr, size_t len)
{
    struct json_scanner *scanner = scan->scanner;
    bool is_key = scanner->is_key;

    if (last) {
        if (is_key)
            scanner->state = AT_COLON;
        else
            value_done(scanner);
    }
    return emit(scan, is_key ? JSON_EVENT_KEY : JSON_EVENT_STRING, last, view_make(ptr, len));
}

/* One byte of a character outside ASCII: the slow way, for what the piece cuts or what is wrong. */
static int take_utf8_byte(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;
    unsigned char c = (unsigned char)*scan->at;

    if (scanner->utf8_left != 0) {
        if (c < scanner->utf8_low || c > scanner->utf8_high)
            return unexpected(scan, "invalid UTF-8: expected the rest of a character");
        scanner->utf8_left--;
        scanner->continuation++;
    } else {
        if (c < 0xc2 || c > 0xf4)
            return unexpected(scan, "invalid UTF-8: expected a character");
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

/* Passes plain bytes: stops at a quote, a backslash, a control character, the end or an error. */
static inline int skip_plain(struct scan *scan)
{
    const uint64_t ones = 0x0101010101010101;

    for (;;) {
        if (scan->scanner->utf8_left == 0) {
            uint64_t found = 0;
            while (scan->end - scan->at >= 8 && found == 0) {
                uint64_t word;
                memcpy(&word, scan->at, sizeof word);
                word = le64toh(word);
                found = ((((word ^ ones * '"') - ones) | ((word ^ ones * '\\') - ones)
                          | (word - ones * 0x20) | word)
                         & ones * 0x80);
                scan->at += found == 0 ? 8 : __builtin_ctzll(found) / 8;
            }
            if (scan->at == scan->end)
                return 0;
            if ((unsigned char)*scan->at >= 0xc2)
                scan->at = skip_characters(scan->at, scan->end, &scan->scanner->continuation);
        }
        if (scan->at == scan->end)
            return 0;
        unsigned char c = (unsigned char)*scan->at;
        if (c >= 0x80 || scan->scanner->utf8_left != 0) {
            int code = take_utf8_byte(scan);
            if (code != 0)
                return code;
        } else if (c == '"' || c == '\\' || c < 0x20) {
            return 0;
        } else {
            scan->at++;
        }
    }
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
        return unexpected_because(scan, "expected a character or the string's end quote",
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
    static const char names[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    char c = *scan->at;
    const char *found = c != '\0' ? strchr(names, c) : NULL;

    if (c == 'u') {
        scan->scanner->substate = HEX;
        scan->scanner->hex_left = 4;
        scan->scanner->unit = 0;
        scan->at++;
        return 0;
    }
    if (found == NULL)
        return unexpected(scan, "expected one of \" \\ / b f n r t u after '\\'");
    scan->at++;
    return escape_done(scan, (uint16_t)bytes[found - names]);
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
        return unexpected(scan, "expected a hexadecimal digit of \\uXXXX");
    scan->at++;
    scanner->unit = (uint16_t)(scanner->unit << 4 | digit);
    return --scanner->hex_left == 0 ? escape_done(scan, scanner->unit) : 0;
}

static inline int in_string(struct scan *scan)
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

static inline int string_begin(struct scan *scan, bool is_key)
{
    struct json_scanner *scanner = scan->scanner;

    mark(scan);
    scan->at++;
    scanner->state = IN_STRING;
    scanner->substate = PLAIN;
    scanner->is_key = is_key;
    return in_string(scan);
}

/* ---- numbers and words ---------------------------------------------------------------------- */

static inline uint8_t number_next(uint8_t part, char c)
{
    enum { DIGIT_0, DIGIT, DOT, LETTER_E, PLUS, DASH, CLASSES };
    static const uint8_t next[BROKEN][CLASSES] = {
        /*             0         1-9       .       e         +       -     */
        [MINUS] = {ZERO, WHOLE, BROKEN, BROKEN, BROKEN, BROKEN},
        [ZERO] = {BROKEN, BROKEN, POINT, EXPONENT, BROKEN, BROKEN},
        [WHOLE] = {WHOLE, WHOLE, POINT, EXPONENT, BROKEN, BROKEN},
        [POINT] = {FRACTION, FRACTION, BROKEN, BROKEN, BROKEN, BROKEN},
        [FRACTION] = {FRACTION, FRACTION, BROKEN, EXPONENT, BROKEN, BROKEN},
        [EXPONENT] = {POWER, POWER, BROKEN, BROKEN, SIGN, SIGN},
        [SIGN] = {POWER, POWER, BROKEN, BROKEN, BROKEN, BROKEN},
        [POWER] = {POWER, POWER, BROKEN, BROKEN, BROKEN, BROKEN},
    };
    if (c >= '0' && c <= '9')
        return next[part][c == '0' ? DIGIT_0 : DIGIT];
    if (c == '.')
        return next[part][DOT];
    if (c == 'e' || c == 'E')
        return next[part][LETTER_E];
    return c == '+' ? next[part][PLUS] : c == '-' ? next[part][DASH] : BROKEN;
}

static bool number_may_end(uint8_t part)
{
    return part == ZERO || part == WHOLE || part == FRACTION || part == POWER;
}

/* What a number lacks when the part it is in may not be the last. */
static const char *number_lacks(uint8_t part)
{
    static const char *const lacks[BROKEN] = {
        [MINUS] = "expected a digit after '-'",
        [POINT] = "expected a digit after the number's point",
        [EXPONENT] = "expected a digit in the number's exponent",
        [SIGN] = "expected a digit in the number's exponent",
    };
    return lacks[part];
}

static inline int in_number(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;
    const char *from = scan->at;
    uint8_t part = scanner->substate;

    for (; scan->at < scan->end; scan->at++) {
        uint8_t next = number_next(part, *scan->at);
        if (next == BROKEN)
            break;
        part = next;
    }
    scanner->substate = part;
    struct view bytes = view_make(from, (size_t)(scan->at - from));
    if (scan->at == scan->end)
        return emit(scan, JSON_EVENT_NUMBER, false, bytes);
    if (!number_may_end(part))
        return unexpected(scan, number_lacks(part));
    if (part == ZERO && *scan->at >= '0' && *scan->at <= '9')
        return refuse(scan, ERR_SYNTAX, "a number must not start with 0 and further digits");
    value_done(scanner);
    return emit(scan, JSON_EVENT_NUMBER, true, bytes);
}

static inline int number_begin(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;
    char c = *scan->at;

    mark(scan);
    scanner->state = IN_NUMBER;
    scanner->substate = c == '-' ? MINUS : c == '0' ? ZERO : WHOLE;
    const char *from = scan->at++;
    int result = 1;
    if (scan->at < scan->end)
        result = in_number(scan);
    else
        emit(scan, JSON_EVENT_NUMBER, false, (struct view){NULL, 0});
    if (result == 1)
        scan->event->bytes = view_make(from, (size_t)(scan->at - from));
    return result;
}

static int in_word(struct scan *scan)
{
    static const struct {
        const char *word;
        const char *lacks;
        enum json_event_kind kind;
    } words[] = {
        {"true", "expected the word true", JSON_EVENT_TRUE},
        {"false", "expected the word false", JSON_EVENT_FALSE},
        {"null", "expected the word null", JSON_EVENT_NULL},
    };
    struct json_scanner *scanner = scan->scanner;
    unsigned which = scanner->state - IN_TRUE;

    for (; scan->at < scan->end; scan->at++) {
        if (*scan->at != words[which].word[scanner->substate])
            return unexpected(scan, words[which].lacks);
        scanner->substate++;
        if (words[which].word[scanner->substate] == '\0') {
            scan->at++;
            value_done(scanner);
            return emit(scan, words[which].kind, false, (struct view){NULL, 0});
        }
    }
    return 0;
}

static int word_begin(struct scan *scan, enum state state)
{
    mark(scan);
    scan->scanner->state = (uint8_t)state;
    scan->scanner->substate = 0;
    return in_word(scan);
}

/* ---- the machine ---------------------------------------------------------------------------- */

static inline int at_value(struct scan *scan)
{
    switch (*scan->at) {
    case '"':
        return string_begin(scan, false);
    case '{':
        return open_level(scan, true);
    case '[':
        return open_level(scan, false);
    case 't':
        return word_begin(scan, IN_TRUE);
    case 'f':
        return word_begin(scan, IN_FALSE);
    case 'n':
        return word_begin(scan, IN_NULL);
    case ']':
        if (scan->scanner->state == AT_FIRST_ELEMENT)
            return close_level(scan, JSON_EVENT_ARRAY_END);
        return no_value(scan);
    default:
        if (*scan->at == '-' || (*scan->at >= '0' && *scan->at <= '9'))
            return number_begin(scan);
        return no_value(scan);
    }
}

static inline int at_key(struct scan *scan)
{
    bool first = scan->scanner->state == AT_FIRST_KEY;

    if (*scan->at == '"')
        return string_begin(scan, true);
    if (*scan->at != '}')
        return unexpected(scan, first ? "expected a member name in double quotes or '}'"
                                      : "expected a member name in double quotes");
    if (!first)
        return refuse(scan, ERR_SYNTAX, "a comma before '}'; remove it, or add a member");
    return close_level(scan, JSON_EVENT_OBJECT_END);
}

static inline int at_colon(struct scan *scan)
{
    if (*scan->at != ':')
        return unexpected(scan, "expected ':' after a member name");
    scan->at++;
    scan->scanner->state = AT_MEMBER;
    return 0;
}

static inline int after_member(struct scan *scan)
{
    if (*scan->at == '}')
        return close_level(scan, JSON_EVENT_OBJECT_END);
    if (*scan->at != ',')
        return unexpected(scan, "expected ',' or '}' after a member");
    scan->at++;
    scan->scanner->state = AT_KEY;
    return 0;
}

static inline int after_element(struct scan *scan)
{
    if (*scan->at == ']')
        return close_level(scan, JSON_EVENT_ARRAY_END);
    if (*scan->at != ',')
        return unexpected(scan, "expected ',' or ']' after an element");
    scan->at++;
    scan->scanner->state = AT_ELEMENT;
    return 0;
}

static inline int between_tokens(struct scan *scan)
{
    switch ((enum state)scan->scanner->state) {
    case AT_FIRST_KEY:
    case AT_KEY:
        return at_key(scan);
    case AT_COLON:
        return at_colon(scan);
    case AFTER_MEMBER:
        return after_member(scan);
    case AFTER_ELEMENT:
        return after_element(scan);
    case AT_END:
        return unexpected(scan, "expected nothing more after the document");
    case AT_DOCUMENT:
    case AT_FIRST_ELEMENT:
    case AT_ELEMENT:
    case AT_MEMBER:
    case IN_STRING:
    case IN_NUMBER:
    case IN_TRUE:
    case IN_FALSE:
    case IN_NULL:
    case FAILED:
        break;
    }
    return at_value(scan);
}

static int in_token(struct scan *scan)
{
    switch (scan->scanner->state) {
    case IN_STRING:
        return in_string(scan);
    case IN_NUMBER:
        return in_number(scan);
    case FAILED:
        return fail(scan->err, ERR_SYNTAX, "the document was found malformed earlier");
    default:
        return in_word(scan);
    }
}

static inline int next_event(struct scan *scan)
{
    int result = 0;

    while (result == 0 && scan->at < scan->end) {
        if (scan->scanner->state >= IN_STRING)
            result = in_token(scan);
        else if (skip_space(scan))
            result = between_tokens(scan);
    }
    return result;
}

void json_scanner_init(struct json_scanner *scanner)
{
    *scanner = (struct json_scanner){.line = 1, .state = AT_DOCUMENT};
}

int json_scan(struct json_scanner *scanner, struct view *rest, struct json_event *ret_event,
              struct err *reterr)
{
    struct scan scan = {
        .scanner = scanner,
        .begin = rest->ptr,
        .at = rest->ptr,
        .end = rest->len != 0 ? rest->ptr + rest->len : rest->ptr,
        .event = ret_event,
        .err = reterr,
    };
    int result = next_event(&scan);

    scanner->offset = offset_of(&scan);
    *rest = view_make(scan.at, (size_t)(scan.end - scan.at));
    return result;
}

/* What is missing when the input ends in each state. */
static const char *missing(uint8_t state)
{
    static const char *const what[] = {
        [AT_DOCUMENT] = "there is nothing here; expected a value",
        [AT_FIRST_ELEMENT] = "cut short; expected a value or ']'",
        [AT_ELEMENT] = "cut short; expected a value",
        [AT_FIRST_KEY] = "cut short; expected a member name or '}'",
        [AT_KEY] = "cut short; expected a member name",
        [AT_COLON] = "cut short; expected ':' after a member name",
        [AT_MEMBER] = "cut short; expected a value after ':'",
        [AFTER_ELEMENT] = "cut short; expected ',' or ']' after an element",
        [AFTER_MEMBER] = "cut short; expected ',' or '}' after a member",
        [IN_NUMBER] = "cut short inside a number",
        [IN_TRUE] = "cut short; expected the word true",
        [IN_FALSE] = "cut short; expected the word false",
        [IN_NULL] = "cut short; expected the word null",
        [FAILED] = "the document was found malformed earlier",
    };
    return what[state];
}

int json_scan_end(struct json_scanner *scanner, struct json_event *ret_event, struct err *reterr)
{
    struct scan scan = {
        .scanner = scanner, .begin = "", .at = "", .event = ret_event, .err = reterr};

    if (scanner->state == AT_END)
        return 0;
    if (scanner->state == IN_NUMBER && number_may_end(scanner->substate)) {
        value_done(scanner);
        return emit(&scan, JSON_EVENT_NUMBER, true, view_make("", 0));
    }
    if (scanner->state != IN_STRING)
        return refuse(&scan, ERR_SYNTAX, missing(scanner->state));
    scanner->state = FAILED;
    return fail(reterr, ERR_SYNTAX, "%u:%u: cut short; the string that starts at %u:%u has no end",
                scanner->line, column_of(scanner, scanner->offset), scanner->value_line,
                scanner->value_column);
}

bool json_valid(struct view text, struct err *reterr)
{
    struct json_scanner scanner;
    struct json_event event;
    int result;

    json_scanner_init(&scanner);
    struct scan scan = {
        .scanner = &scanner,
        .begin = text.ptr,
        .at = text.ptr,
        .end = text.len != 0 ? text.ptr + text.len : text.ptr,
        .event = &event,
        .err = reterr,
    };
    do
        result = next_event(&scan);
    while (result == 1);
    scanner.offset = offset_of(&scan);
    while (result == 0 && (result = json_scan_end(&scanner, &event, reterr)) == 1)
        result = 0;
    return result == 0;
}
