/* SPDX-License-Identifier: Apache-2.0
 *
 * json_scan_state: what the parts of the JSON scanner share: its states, the piece one call works
 * on, and how places and events are made. For json_scan*.c and json_tree.c only.
 *
 * Small functions stand here to be inlined: they run once an event. Threads: no shared state. */
#ifndef ASSAY_WIRE_JSON_SCAN_STATE_H
#define ASSAY_WIRE_JSON_SCAN_STATE_H

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

static inline size_t scan_offset(const struct scan *scan)
{
    return scan->scanner->offset + (size_t)(scan->at - scan->begin);
}

static inline uint32_t scan_column(const struct json_scanner *scanner, size_t offset)
{
    return (uint32_t)(offset - scanner->line_at - scanner->continuation) + 1;
}

/* A value, a name or a closing bracket stands at the current byte. */
static inline void scan_mark(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;

    scanner->value_at = scan_offset(scan);
    scanner->value_line = scanner->line;
    scanner->value_column = scan_column(scanner, scanner->value_at);
}

static inline int scan_emit(struct scan *scan, enum json_event_kind kind, bool last,
                            struct view bytes)
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

static inline bool scan_in_object(const struct json_scanner *scanner)
{
    unsigned level = scanner->depth - 1u;
    return scanner->nesting[level / 64] >> level % 64 & 1;
}

static inline void scan_value_done(struct json_scanner *scanner)
{
    scanner->state = scanner->depth == 0       ? AT_END
                     : scan_in_object(scanner) ? AFTER_MEMBER
                                               : AFTER_ELEMENT;
}

/* A value ends before the current byte. The comma that mostly follows is taken at once, which
 * saves a turn of the machine; the states passed are the same. */
static inline void scan_value_done_before(struct scan *scan)
{
    struct json_scanner *scanner = scan->scanner;

    scan_value_done(scanner);
    if (scan->at < scan->end && *scan->at == ',' && scanner->state != AT_END) {
        scan->at++;
        scanner->state = scanner->state == AFTER_MEMBER ? AT_KEY : AT_ELEMENT;
    }
}

static inline void scan_key_done_before(struct scan *scan)
{
    scan->scanner->state = AT_COLON;
    if (scan->at < scan->end && *scan->at == ':') {
        scan->at++;
        scan->scanner->state = AT_MEMBER;
    }
}

/* A scanner at the start of a whole document, and the one piece that it is. */
static inline struct scan scan_whole(struct json_scanner *scanner, struct view text,
                                     struct json_event *event, struct err *err)
{
    json_scanner_init(scanner);
    return (struct scan){
        .scanner = scanner,
        .begin = text.ptr,
        .at = text.ptr,
        .end = text.len != 0 ? text.ptr + text.len : text.ptr,
        .event = event,
        .err = err,
    };
}

/* The machine: as json_scan, but on a piece that is set up once. */
int scan_next(struct scan *scan);

/* A string begins at the current byte; the rest of one goes on there. */
int scan_string_begin(struct scan *scan, bool is_key);
int scan_string(struct scan *scan);

/* Fail at the current byte: "LINE:COLUMN: what was expected, found 'x'", with the hint in brackets
 * where there is one; or with a text that says it all. */
int scan_unexpected(struct scan *scan, const char *what);
int scan_unexpected_because(struct scan *scan, const char *what, const char *hint);
int scan_refuse(struct scan *scan, int code, const char *what);

/* Fails where a value should begin, with a hint for common mistakes. */
int scan_no_value(struct scan *scan);

/* Fails at the end of input, which came too early. */
int scan_cut_short(struct scan *scan);

#endif
