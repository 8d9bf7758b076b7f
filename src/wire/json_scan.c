/* SPDX-License-Identifier: Apache-2.0
 *
 * json_scan: the incremental scanner of json.h, and json_valid on top of it.
 *
 * A state for each place between tokens and one for each kind of token, so that input may be cut
 * anywhere. Events and errors do not depend on where it was cut, except that strings and numbers
 * come in more pieces. Strings are in json_scan_string.c, the texts of errors in json_scan_fault.c.
 *
 * Memory: none. Threads: no shared state. Limits: JSON_DEPTH_MAX levels.
 * Source: RFC 8259. */
#include "wire/json_scan_state.h"

/* ---- between tokens ------------------------------------------------------------------------- */

/* Passes white space; false where the piece ends with it. */
static inline bool skip_space(struct scan *scan)
{
    for (; scan->at < scan->end; scan->at++) {
        char c = *scan->at;
        if (c == '\n') {
            scan->scanner->line++;
            scan->scanner->line_at = scan_offset(scan) + 1;
            scan->scanner->continuation = 0;
        } else if (c != ' ' && c != '\r' && c != '\t') {
            return true;
        }
    }
    return false;
}

static inline int open_level(struct scan *scan, bool object)
{
    struct json_scanner *scanner = scan->scanner;
    unsigned level = scanner->depth;
    uint64_t bit = (uint64_t)1 << level % 64;

    if (level == JSON_DEPTH_MAX)
        return scan_refuse(scan, ERR_LIMIT, "nested deeper than 512 levels");
    scan_mark(scan);
    scan->at++;
    if (object)
        scanner->nesting[level / 64] |= bit;
    else
        scanner->nesting[level / 64] &= ~bit;
    scanner->depth++;
    scanner->state = object ? AT_FIRST_KEY : AT_FIRST_ELEMENT;
    return scan_emit(scan, object ? JSON_EVENT_OBJECT_BEGIN : JSON_EVENT_ARRAY_BEGIN, false,
                     (struct view){NULL, 0});
}

static inline int close_level(struct scan *scan, enum json_event_kind kind)
{
    scan_mark(scan);
    scan->at++;
    scan->scanner->depth--;
    scan_value_done_before(scan);
    return scan_emit(scan, kind, false, (struct view){NULL, 0});
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

/* The rest of a number; `from` is where its bytes in this piece begin. */
static inline int number_rest(struct scan *scan, const char *from)
{
    struct json_scanner *scanner = scan->scanner;
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
        return scan_emit(scan, JSON_EVENT_NUMBER, false, bytes);
    if (!number_may_end(part))
        return scan_unexpected(scan, number_lacks(part));
    if (part == ZERO && *scan->at >= '0' && *scan->at <= '9')
        return scan_refuse(scan, ERR_SYNTAX, "a number must not start with 0 and further digits");
    scan_value_done_before(scan);
    return scan_emit(scan, JSON_EVENT_NUMBER, true, bytes);
}

static inline int number_begin(struct scan *scan)
{
    char c = *scan->at;

    scan_mark(scan);
    scan->scanner->state = IN_NUMBER;
    scan->scanner->substate = c == '-' ? MINUS : c == '0' ? ZERO : WHOLE;
    const char *from = scan->at++;
    return number_rest(scan, from);
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
            return scan_unexpected(scan, words[which].lacks);
        scanner->substate++;
        if (words[which].word[scanner->substate] == '\0') {
            scan->at++;
            scan_value_done_before(scan);
            return scan_emit(scan, words[which].kind, false, (struct view){NULL, 0});
        }
    }
    return 0;
}

static int word_begin(struct scan *scan, enum state state)
{
    scan_mark(scan);
    scan->scanner->state = (uint8_t)state;
    scan->scanner->substate = 0;
    return in_word(scan);
}

/* ---- the machine ---------------------------------------------------------------------------- */

static inline int at_value(struct scan *scan)
{
    if (*scan->at == '"') /* by far the most common */
        return scan_string_begin(scan, false);
    switch (*scan->at) {
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
        return scan_no_value(scan);
    default:
        if (*scan->at == '-' || (*scan->at >= '0' && *scan->at <= '9'))
            return number_begin(scan);
        return scan_no_value(scan);
    }
}

static inline int at_key(struct scan *scan)
{
    bool first = scan->scanner->state == AT_FIRST_KEY;

    if (*scan->at == '"')
        return scan_string_begin(scan, true);
    if (*scan->at != '}')
        return scan_unexpected(scan, first ? "expected a member name in double quotes or '}'"
                                           : "expected a member name in double quotes");
    if (!first)
        return scan_refuse(scan, ERR_SYNTAX, "a comma before '}'; remove it, or add a member");
    return close_level(scan, JSON_EVENT_OBJECT_END);
}

static inline int at_colon(struct scan *scan)
{
    if (*scan->at != ':')
        return scan_unexpected(scan, "expected ':' after a member name");
    scan->at++;
    scan->scanner->state = AT_MEMBER;
    return 0;
}

static inline int after_member(struct scan *scan)
{
    if (*scan->at == '}')
        return close_level(scan, JSON_EVENT_OBJECT_END);
    if (*scan->at != ',')
        return scan_unexpected(scan, "expected ',' or '}' after a member");
    scan->at++;
    scan->scanner->state = AT_KEY;
    return 0;
}

static inline int after_element(struct scan *scan)
{
    if (*scan->at == ']')
        return close_level(scan, JSON_EVENT_ARRAY_END);
    if (*scan->at != ',')
        return scan_unexpected(scan, "expected ',' or ']' after an element");
    scan->at++;
    scan->scanner->state = AT_ELEMENT;
    return 0;
}

static inline int between_tokens(struct scan *scan)
{
    if (scan->scanner->state == AT_MEMBER) /* by far the most common */
        return at_value(scan);
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
        return scan_unexpected(scan, "expected nothing more after the document");
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
        return scan_string(scan);
    case IN_NUMBER:
        return number_rest(scan, scan->at);
    case FAILED:
        return fail(scan->err, ERR_SYNTAX, "the document was found malformed earlier");
    default:
        return in_word(scan);
    }
}

int scan_next(struct scan *scan)
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
    int result = scan_next(&scan);

    scanner->offset = scan_offset(&scan);
    *rest = view_make(scan.at, (size_t)(scan.end - scan.at));
    return result;
}

int json_scan_end(struct json_scanner *scanner, struct json_event *ret_event, struct err *reterr)
{
    struct scan scan = {
        .scanner = scanner, .begin = "", .at = "", .event = ret_event, .err = reterr};

    if (scanner->state == AT_END)
        return 0;
    if (scanner->state == IN_NUMBER && number_may_end(scanner->substate)) {
        scan_value_done(scanner);
        return scan_emit(&scan, JSON_EVENT_NUMBER, true, view_make("", 0));
    }
    return scan_cut_short(&scan);
}

bool json_valid(struct view text, struct err *reterr)
{
    struct json_scanner scanner;
    struct json_event event;
    struct scan scan = scan_whole(&scanner, text, &event, reterr);
    int result;

    do
        result = scan_next(&scan);
    while (result == 1);
    scanner.offset = text.len;
    while (result == 0 && (result = json_scan_end(&scanner, &event, reterr)) == 1)
        result = 0;
    return result == 0;
}
