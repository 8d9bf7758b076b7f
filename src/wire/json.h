/* SPDX-License-Identifier: Apache-2.0
 *
 * json: one strict reader of RFC 8259 for everything (answers, streams, configuration, schemas,
 * history), in three parts: an incremental scanner that allocates nothing and may be fed any
 * pieces, a tree in an arena on top of it, and a writer.
 *
 * Accepts exactly the grammar of RFC 8259: valid UTF-8 only, no byte order mark, no comments, no
 * trailing commas, one value. Duplicate keys are accepted; json_get finds the last. Lone surrogate
 * escapes are accepted and read as U+FFFD in a tree. Numbers keep their spelling.
 * Limits: depth, and in a tree the arena's ceiling. Threads: no shared state. */
#ifndef ASSAY_WIRE_JSON_H
#define ASSAY_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum { JSON_DEPTH_MAX = 512 };

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* ---- the tree ------------------------------------------------------------------------------- */

/* A value and where it stands. Also what YAML is read into (config/yaml.h), so that whoever takes
 * settings takes one form. Everything lives in the arena it was parsed into. */
struct json {
    enum json_kind kind;
    uint32_t line;   /* of the value's first byte; lines and columns count from 1, */
    uint32_t column; /* columns in characters */
    uint32_t key_line;
    uint32_t key_column;
    size_t at;          /* byte offset of the value in its source */
    size_t count;       /* of children */
    struct view key;    /* decoded; of an object's child */
    struct view text;   /* a string decoded, a number as it was written */
    struct json *child; /* first child of an array or object */
    struct json *last;  /* its last child */
    struct json *next;  /* next sibling */
};

/* Parses one whole document. On failure ERR_SYNTAX with reterr "LINE:COLUMN: what was expected",
 * ERR_LIMIT (depth) or ERR_MEMORY (arena). The tree does not refer to `text` afterwards. */
MUST_CHECK int json_parse(struct arena *arena, struct view text, struct json **ret_root,
                          struct err *reterr);

/* True where text is one valid document; otherwise reterr (may be NULL) says where and why. No
 * allocation. */
bool json_valid(struct view text, struct err *reterr);

/* The last member of that name; NULL where object is NULL, no object, or has none. */
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_get_view(const struct json *object, struct view key);

/* Follows "output.message.content[0].text"; a member name may hold anything but . and [. NULL
 * where any step is missing. */
const struct json *json_path(const struct json *root, struct view path);

/* The decoded text of a string; `otherwise` for anything else, NULL included. */
struct view json_text(const struct json *value, struct view otherwise);
/* The number where it is a whole one that fits int64 (1.0 and 1e3 are whole); else `otherwise`. */
int64_t json_int(const struct json *value, int64_t otherwise);
/* The nearest double; `otherwise` also for what is too large for one (1e400). */
double json_double(const struct json *value, double otherwise);
bool json_bool(const struct json *value, bool otherwise);
bool json_is(const struct json *value, enum json_kind kind);

/* "null", "boolean", "number", "string", "array", "object". */
const char *json_kind_name(enum json_kind kind);

/* Makes values by hand in an arena; NULL on failure. json_append adds to an array, json_set to an
 * object (the key is borrowed). */
struct json *json_new(struct arena *arena, enum json_kind kind);
struct json *json_new_text(struct arena *arena, struct view text);
void json_append(struct json *array, struct json *value);
void json_set(struct json *object, struct view key, struct json *value);

/* ---- the scanner ---------------------------------------------------------------------------- */

enum json_event_kind {
    JSON_EVENT_OBJECT_BEGIN,
    JSON_EVENT_OBJECT_END,
    JSON_EVENT_ARRAY_BEGIN,
    JSON_EVENT_ARRAY_END,
    JSON_EVENT_KEY,    /* a member's name; in pieces like a string */
    JSON_EVENT_STRING, /* a piece of a string: bytes decoded, last true on the final piece */
    JSON_EVENT_NUMBER, /* a piece of a number's spelling, last true on the final piece */
    JSON_EVENT_TRUE,
    JSON_EVENT_FALSE,
    JSON_EVENT_NULL,
};

struct json_event {
    enum json_event_kind kind;
    bool last;         /* of KEY, STRING, NUMBER: the value is complete with this piece */
    struct view bytes; /* of KEY, STRING, NUMBER: holds until the next json_scan */
    size_t at;         /* byte offset in the stream where the value (or end) stands */
    uint32_t line;     /* the same place as line and column, both from 1 */
    uint32_t column;   /* in characters */
};

/* The column of a byte is its distance from line_at without the continuation bytes in between, so
 * that nothing has to be counted byte by byte. Do not copy a scanner while an event is in use. */
struct json_scanner {
    uint64_t nesting[JSON_DEPTH_MAX / 64]; /* one bit a level: 1 object, 0 array */
    size_t offset;                         /* bytes taken so far */
    size_t line_at;                        /* where the current line starts */
    size_t continuation;                   /* UTF-8 continuation bytes since then */
    size_t value_at;                       /* of the value or name that is being read */
    uint32_t line;
    uint32_t value_line;
    uint32_t value_column;
    uint16_t depth;
    uint16_t unit; /* a \u escape so far */
    uint16_t high; /* a high surrogate that waits for its low one, 0 where none */
    uint8_t state;
    uint8_t substate;
    uint8_t hex_left; /* digits of a \u escape that are still to come */
    uint8_t is_key;
    uint8_t utf8_left; /* continuation bytes that are still to come */
    uint8_t utf8_low;  /* what the next of them may be */
    uint8_t utf8_high;
    char decoded[9]; /* what escapes stood for */
};

void json_scanner_init(struct json_scanner *scanner);

/* Takes bytes from the front of *rest until one event is there: returns 1 and fills ret_event;
 * returns 0 when *rest is used up without one (feed more); or ERR_SYNTAX, ERR_LIMIT with reterr. */
MUST_CHECK int json_scan(struct json_scanner *scanner, struct view *rest,
                         struct json_event *ret_event, struct err *reterr);

/* At the end of input: a number that only the end completes is still given as an event (1), 0 where
 * the document is complete, ERR_SYNTAX where it is cut short. Call until it does not return 1. */
MUST_CHECK int json_scan_end(struct json_scanner *scanner, struct json_event *ret_event,
                             struct err *reterr);

/* ---- the writer ----------------------------------------------------------------------------- */

/* Writes one value at a time onto a strbuf and takes care of commas and, where `indent` is not 0,
 * of lines. A failure sticks in the strbuf. */
struct json_writer {
    struct strbuf *out;
    unsigned indent;
    unsigned depth;
    bool need_comma;
    bool after_key;
};

void json_writer_init(struct json_writer *writer, struct strbuf *out, unsigned indent);
void json_write_object(struct json_writer *writer);            /* { */
void json_write_array(struct json_writer *writer);             /* [ */
void json_write_end(struct json_writer *writer, char closing); /* '}' or ']' */
void json_write_key(struct json_writer *writer, const char *key);
void json_write_key_view(struct json_writer *writer, struct view key);
/* Escapes what must be; invalid UTF-8 becomes U+FFFD. */
void json_write_string(struct json_writer *writer, struct view text);
void json_write_text(struct json_writer *writer, const char *text);
void json_write_int(struct json_writer *writer, int64_t value);
/* The shortest spelling that reads back the same; NaN and infinities become null. */
void json_write_double(struct json_writer *writer, double value);
/* value / 10^decimals exactly: json_write_fixed(w, 812345, 6) writes 0.812345, 1000000 writes 1. */
void json_write_fixed(struct json_writer *writer, int64_t value, int decimals);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
/* Bytes that are JSON already. */
void json_write_raw(struct json_writer *writer, struct view json);
void json_write_tree(struct json_writer *writer, const struct json *value);

/* A member of an object: its key, then its value as by the function above of the same name; of the
 * last two the opening, which json_write_end closes. */
void json_member_string(struct json_writer *writer, const char *key, struct view text);
void json_member_text(struct json_writer *writer, const char *key, const char *text);
void json_member_int(struct json_writer *writer, const char *key, int64_t value);
void json_member_double(struct json_writer *writer, const char *key, double value);
void json_member_fixed(struct json_writer *writer, const char *key, int64_t value, int decimals);
void json_member_bool(struct json_writer *writer, const char *key, bool value);
void json_member_object(struct json_writer *writer, const char *key);
void json_member_array(struct json_writer *writer, const char *key);

#endif
