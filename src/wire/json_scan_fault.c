/* SPDX-License-Identifier: Apache-2.0
 *
 * json_scan_fault: what the JSON scanner says when a document is malformed: the place, what was
 * expected there, what was found, and for common mistakes the remedy.
 *
 * The texts do not depend on how the input was cut into pieces. Memory: none. Threads: no shared
 * state. */
#include <stdio.h>

#include "wire/json_scan_state.h"

int scan_unexpected_because(struct scan *scan, const char *what, const char *hint)
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
                scan_column(scanner, scan_offset(scan)), what, found, hint);
}

int scan_unexpected(struct scan *scan, const char *what)
{
    return scan_unexpected_because(scan, what, NULL);
}

int scan_refuse(struct scan *scan, int code, const char *what)
{
    struct json_scanner *scanner = scan->scanner;

    scanner->state = FAILED;
    return fail(scan->err, code, "%u:%u: %s", scanner->line,
                scan_column(scanner, scan_offset(scan)), what);
}

int scan_no_value(struct scan *scan)
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
        {'\xef', "if it begins a byte order mark, EF BB BF: remove that"},
        {'\xfe', "save the text as UTF-8"},
        {'\xff', "save the text as UTF-8"},
        {'\0', "save the text as UTF-8, without NUL bytes"},
    };

    if (scan->scanner->state == AT_ELEMENT && *scan->at == ']')
        return scan_refuse(scan, ERR_SYNTAX, "a comma before ']'; remove it, or add an element");
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].byte == *scan->at)
            return scan_unexpected_because(scan, "expected a value", hints[i].hint);
    return scan_unexpected(scan, scan->scanner->state == AT_FIRST_ELEMENT
                                     ? "expected a value or ']'"
                                     : "expected a value");
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

int scan_cut_short(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;

    if (scanner->state != IN_STRING)
        return scan_refuse(scan, ERR_SYNTAX, missing(scanner->state));
    scanner->state = FAILED;
    return fail(scan->err, ERR_SYNTAX,
                "%u:%u: cut short; the string that starts at %u:%u has no end", scanner->line,
                scan_column(scanner, scanner->offset), scanner->value_line, scanner->value_column);
}
