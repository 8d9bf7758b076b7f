/* SPDX-License-Identifier: Apache-2.0
 *
 * resp: Redis's protocol, versions 2 and 3, as events, both directions, and its writer.
 *
 *     *2␍␊ $3␍␊GET␍␊ $1␍␊k␍␊   ──▶  ARRAY 2 │ BULK "GET" │ BULK "k", complete
 *     GET k␍␊  (a command)     ──▶  the same
 *     %1␍␊ +a␍␊ :1␍␊           ──▶  MAP 1 │ SIMPLE "a" │ INTEGER 1, complete
 *
 * One event for each value and for each opening of an aggregate, whose elements follow it; the last
 * event of a whole reply or command has `complete`. What was taken off *rest up to there are its
 * bytes, for those who pass them on. Strings are handed out as they arrive, never copied and never
 * collected, so that memory does not depend on what a peer announces.
 *
 * Strict: lines end in CR LF (inline commands also in LF), numbers are canonical, a command is an
 * array of bulk strings. Refused by name: streamed strings and aggregates ($?, *?), which no Redis
 * sends. Empty commands (*0, *-1, an empty line) are passed over, as Redis does.
 *
 * What it does not do: match replies to commands, know what a command means.
 * Memory: a line of at most line_bytes, where a split cuts it. Threads: one owner.
 * Limits: struct resp_limits, RESP_DEPTH_MAX. Source: Redis, "RESP3 specification"; redis 7.0,
 * src/networking.c and sds.c for inline commands. */
#ifndef ASSAY_WIRE_RESP_H
#define ASSAY_WIRE_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum { RESP_DEPTH_MAX = 32 };

enum resp_side {
    RESP_READS_COMMANDS, /* a server's parser */
    RESP_READS_REPLIES,  /* a client's parser */
};

/* The byte on the wire. */
enum resp_type {
    RESP_SIMPLE = '+',
    RESP_ERROR = '-',
    RESP_INTEGER = ':',
    RESP_BULK = '$',
    RESP_ARRAY = '*',
    RESP_NULL = '_',
    RESP_BOOLEAN = '#',
    RESP_DOUBLE = ',',
    RESP_BIG_NUMBER = '(',
    RESP_BULK_ERROR = '!',
    RESP_VERBATIM = '=', /* three letters, a colon, text; only its length is checked */
    RESP_MAP = '%',
    RESP_SET = '~',
    RESP_PUSH = '>',
    RESP_ATTRIBUTE = '|', /* says something about the value that follows it */
};

/* 0 in any field: the default in brackets. Past one of them feed returns ERR_LIMIT. */
struct resp_limits {
    uint64_t bulk_bytes;  /* [512 MiB] one string */
    uint64_t value_bytes; /* [1 GiB] a whole command or reply */
    size_t line_bytes;    /* [64 KiB] a line: simple string, number, inline command */
    uint64_t elements;    /* [1 Mi for commands, 16 Mi for replies] values within one, at all
                           * depths */
    unsigned depth;       /* [RESP_DEPTH_MAX, also the most] aggregates within each other */
};

struct resp_event {
    enum resp_type type; /* RESP_NULL also for $-1 and *-1 */
    unsigned depth;      /* aggregates around it */
    struct view text;    /* of the kinds that are text, and of numbers as written; of BULK,
                          * BULK_ERROR and VERBATIM one piece. Holds until the next feed, and no
                          * longer than the fed bytes */
    uint64_t length;     /* of BULK, BULK_ERROR and VERBATIM: the whole string's */
    uint64_t offset;     /* of them: where in it this piece begins */
    bool last;           /* false: more pieces of this string follow (the last may be empty) */
    uint64_t count;      /* of aggregates: elements, or pairs of MAP and ATTRIBUTE */
    int64_t integer;     /* of INTEGER; 0 or 1 of BOOLEAN */
    double number;       /* of DOUBLE */
    bool complete;       /* this ends a whole command or reply */
};

struct resp_level {
    uint64_t left;  /* values that are still to come */
    bool attribute; /* does not count as a value of the level around it */
};

struct resp_parser {
    enum resp_side side;
    struct resp_limits limits;
    struct strbuf line; /* one that is not complete yet */
    struct resp_level levels[RESP_DEPTH_MAX];
    unsigned depth;
    uint64_t elements;      /* of the command or reply so far */
    uint64_t value_bytes;   /* likewise, announced ones included */
    enum resp_type string;  /* the kind of string that is being read, where string_left > 0 */
    uint64_t string_length; /* its length */
    uint64_t string_left;   /* its bytes that are still to come, CR LF included */
    struct strbuf words;    /* of an inline command: each a size_t and its bytes */
    size_t words_at;        /* how far they were handed out */
    bool in_words;
    bool line_given; /* the event handed out lies in `line` */
    int failed;      /* the error that every further feed returns */
};

/* limits may be NULL: the defaults. */
void resp_parser_init(struct resp_parser *parser, enum resp_side side,
                      const struct resp_limits *limits);
void resp_parser_release(struct resp_parser *parser);

/* Takes bytes from the front of *rest until one event is there: 1 and ret_event filled; 0 when
 * *rest is used up without one; ERR_PROTOCOL, ERR_LIMIT, ERR_UNSUPPORTED, ERR_MEMORY with reterr
 * (may be NULL), and then for ever. The words of an inline command need no bytes of their own: call
 * until it returns 0, also where *rest is empty already. */
MUST_CHECK int resp_feed(struct resp_parser *parser, struct view *rest,
                         struct resp_event *ret_event, struct err *reterr);

/* True from the first byte of a command or reply until its end: a connection that closes meanwhile
 * has lost something. */
bool resp_in_value(const struct resp_parser *parser);

/* ---- the writer ----------------------------------------------------------------------------- */

/* Appends a command: an array of bulk strings. Failures stick in `out`. */
void resp_write_command(struct strbuf *out, const struct view *words, size_t count);

/* Appends the opening of an aggregate; `count` as in struct resp_event. Its elements follow. */
void resp_write_aggregate(struct strbuf *out, enum resp_type type, uint64_t count);

/* Appends a BULK, BULK_ERROR or VERBATIM whole. */
void resp_write_string(struct strbuf *out, enum resp_type type, struct view text);

/* Appends a value of one line (SIMPLE, ERROR, numbers, BOOLEAN as "t" or "f", NULL as ""); line
 * ends in the text become spaces. */
void resp_write_line(struct strbuf *out, enum resp_type type, struct view text);

void resp_write_integer(struct strbuf *out, int64_t value);

#endif
