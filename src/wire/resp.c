/* SPDX-License-Identifier: Apache-2.0
 *
 * resp: see resp.h. Lines are taken whole, strings as they come; resp_inline.c splits inline
 * commands into words, resp_write.c writes. */
#include "wire/resp.h"

#include <math.h>

#include "wire/resp_inline.h"

enum {
    END_BYTES = 2, /* CR LF */
    SHOWN_BYTES_MAX = 40,
};

static const struct resp_limits defaults[] = {
    [RESP_READS_COMMANDS] = {.bulk_bytes = UINT64_C(512) << 20,
                             .value_bytes = UINT64_C(1) << 30,
                             .line_bytes = 64 << 10,
                             .elements = UINT64_C(1) << 20,
                             .depth = RESP_DEPTH_MAX},
    [RESP_READS_REPLIES] = {.bulk_bytes = UINT64_C(512) << 20,
                            .value_bytes = UINT64_C(1) << 30,
                            .line_bytes = 64 << 10,
                            .elements = UINT64_C(16) << 20,
                            .depth = RESP_DEPTH_MAX},
};

/* How a line that starts with this byte is understood: takes what follows the byte; 1 where
 * ret_event is filled, 0 where nothing is to be said yet. */
struct kind {
    enum resp_type type;
    int (*take)(struct resp_parser *parser, struct view text, struct resp_event *ret_event,
                struct err *reterr);
};

void resp_parser_init(struct resp_parser *parser, enum resp_side side,
                      const struct resp_limits *limits)
{
    struct resp_limits set = defaults[side];

    if (limits != NULL) {
        set.bulk_bytes = limits->bulk_bytes != 0 ? limits->bulk_bytes : set.bulk_bytes;
        set.value_bytes = limits->value_bytes != 0 ? limits->value_bytes : set.value_bytes;
        set.line_bytes = limits->line_bytes != 0 ? limits->line_bytes : set.line_bytes;
        set.elements = limits->elements != 0 ? limits->elements : set.elements;
        set.depth = limits->depth != 0 && limits->depth < set.depth ? limits->depth : set.depth;
    }
    /* So that no sum below overflows. */
    set.bulk_bytes = set.bulk_bytes < INT64_MAX ? set.bulk_bytes : INT64_MAX;
    set.line_bytes = set.line_bytes < SIZE_MAX / 32 ? set.line_bytes : SIZE_MAX / 32;
    *parser = (struct resp_parser){.side = side, .limits = set};
    strbuf_init(&parser->line, set.line_bytes + END_BYTES);
    strbuf_init(&parser->words, resp_inline_bytes_max(set.line_bytes));
}

void resp_parser_release(struct resp_parser *parser)
{
    strbuf_release(&parser->line);
    strbuf_release(&parser->words);
}

bool resp_in_value(const struct resp_parser *parser)
{
    return parser->elements > 0 || parser->string_left > 0 || parser->in_words
           || (parser->line.len > 0 && !parser->line_given);
}

/* ---- values and what is around them --------------------------------------------------------- */

/* Counts bytes of the command or reply, of which some may only be announced. */
static int add_bytes(struct resp_parser *parser, uint64_t more, struct err *reterr)
{
    uint64_t left = parser->limits.value_bytes - parser->value_bytes;

    if (more > left || END_BYTES > left - more)
        return fail(reterr, ERR_LIMIT, "RESP: a command or reply of more than %llu bytes",
                    (unsigned long long)parser->limits.value_bytes);
    parser->value_bytes += more + END_BYTES;
    return 0;
}

/* Counts a value that begins. */
static int add_element(struct resp_parser *parser, struct err *reterr)
{
    if (parser->elements >= parser->limits.elements)
        return fail(reterr, ERR_LIMIT, "RESP: a command or reply of more than %llu values",
                    (unsigned long long)parser->limits.elements);
    parser->elements++;
    return 0;
}

static void reset_value(struct resp_parser *parser)
{
    parser->elements = 0;
    parser->value_bytes = 0;
}

/* A value is whole, and with it perhaps those around it: true where nothing is around any more. */
static bool end_value(struct resp_parser *parser)
{
    while (parser->depth > 0) {
        struct resp_level *level = &parser->levels[parser->depth - 1];
        level->left--;
        if (level->left > 0)
            return false;
        parser->depth--;
        if (level->attribute)
            return false;
    }
    reset_value(parser);
    return true;
}

/* An aggregate begins, of so many values. */
static int begin_level(struct resp_parser *parser, uint64_t values, struct resp_event *ret_event,
                       struct err *reterr)
{
    bool attribute = ret_event->type == RESP_ATTRIBUTE;

    if (parser->depth >= parser->limits.depth)
        return fail(reterr, ERR_LIMIT, "RESP: aggregates within each other more than %u deep",
                    parser->limits.depth);
    if (ret_event->type == RESP_PUSH && parser->depth > 0)
        return fail(reterr, ERR_PROTOCOL, "RESP: a push within a reply");
    if (values > parser->limits.elements - parser->elements)
        return fail(reterr, ERR_LIMIT,
                    "RESP: %llu values at once, and a command or reply may have %llu values",
                    (unsigned long long)values, (unsigned long long)parser->limits.elements);
    if (values > 0)
        parser->levels[parser->depth++] =
            (struct resp_level){.left = values, .attribute = attribute};
    else if (!attribute)
        ret_event->complete = end_value(parser);
    return 1;
}

/* ---- lines ---------------------------------------------------------------------------------- */

struct shown {
    char text[SHOWN_BYTES_MAX + 4];
};

/* What came, for the text of an error: its beginning, with '?' for what cannot be printed. */
static struct shown show(struct view came)
{
    struct shown shown = {.text = ""};
    size_t len = came.len < SHOWN_BYTES_MAX ? came.len : SHOWN_BYTES_MAX;

    for (size_t i = 0; i < len; i++)
        shown.text[i] = came.ptr[i] >= ' ' && came.ptr[i] <= '~' ? came.ptr[i] : '?';
    if (came.len > len)
        memcpy(shown.text + len, "...", 3);
    return shown;
}

/* Digits without leading zeros, and a minus before them where the number is not zero. */
static bool read_number(struct view text, int64_t *ret_value)
{
    size_t sign = text.len > 0 && text.ptr[0] == '-';

    if (text.len == sign || (text.ptr[sign] == '0' && text.len > 1))
        return false;
    return view_to_int(text, ret_value) == 0;
}

/* The length of a string or the count of an aggregate; -1 where there is none (null). */
static int read_length(struct view text, const char *what, int64_t *ret_length, struct err *reterr)
{
    if (view_is(text, "?"))
        return fail(reterr, ERR_UNSUPPORTED, "RESP: streamed strings and aggregates are not read");
    if (!read_number(text, ret_length) || *ret_length < -1)
        return fail(reterr, ERR_PROTOCOL, "RESP: invalid %s length '%s'", what, show(text).text);
    return 0;
}

static int take_scalar(struct resp_parser *parser, struct view text, struct resp_event *ret_event)
{
    ret_event->text = text;
    ret_event->last = true;
    ret_event->complete = end_value(parser);
    return 1;
}

static int take_text(struct resp_parser *parser, struct view text, struct resp_event *ret_event,
                     struct err *reterr)
{
    (void)reterr;
    return take_scalar(parser, text, ret_event);
}

static int take_integer(struct resp_parser *parser, struct view text, struct resp_event *ret_event,
                        struct err *reterr)
{
    size_t plus = text.len > 1 && text.ptr[0] == '+' && text.ptr[1] != '-';

    if (!read_number(view_slice(text, plus, text.len), &ret_event->integer))
        return fail(reterr, ERR_PROTOCOL, "RESP: ':' with '%s', which is no integer of 64 bits",
                    show(text).text);
    return take_scalar(parser, text, ret_event);
}

static int take_null(struct resp_parser *parser, struct view text, struct resp_event *ret_event,
                     struct err *reterr)
{
    if (text.len > 0)
        return fail(reterr, ERR_PROTOCOL, "RESP: '_' with '%s' after it", show(text).text);
    return take_scalar(parser, text, ret_event);
}

static int take_boolean(struct resp_parser *parser, struct view text, struct resp_event *ret_event,
                        struct err *reterr)
{
    if (!view_is(text, "t") && !view_is(text, "f"))
        return fail(reterr, ERR_PROTOCOL, "RESP: '#' with '%s', which is neither t nor f",
                    show(text).text);
    ret_event->integer = text.ptr[0] == 't';
    return take_scalar(parser, text, ret_event);
}

static int take_double(struct resp_parser *parser, struct view text, struct resp_event *ret_event,
                       struct err *reterr)
{
    static const struct {
        const char *text;
        double value;
    } names[] = {
        {"inf", INFINITY}, {"+inf", INFINITY}, {"-inf", -INFINITY}, {"nan", NAN}, {"-nan", NAN}};
    size_t plus = text.len > 1 && text.ptr[0] == '+' && text.ptr[1] != '-';
    bool named = false;

    for (size_t i = 0; !named && i < sizeof names / sizeof names[0]; i++) {
        named = view_is(text, names[i].text);
        ret_event->number = names[i].value;
    }
    if (!named && view_to_double(view_slice(text, plus, text.len), &ret_event->number) != 0)
        return fail(reterr, ERR_PROTOCOL, "RESP: ',' with '%s', which is no number",
                    show(text).text);
    return take_scalar(parser, text, ret_event);
}

static int take_big_number(struct resp_parser *parser, struct view text,
                           struct resp_event *ret_event, struct err *reterr)
{
    size_t at = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');

    for (size_t i = at; i < text.len || i == at; i++) {
        if (i == text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
            return fail(reterr, ERR_PROTOCOL, "RESP: '(' with '%s', which is no integer",
                        show(text).text);
    }
    return take_scalar(parser, text, ret_event);
}

/* The head of a string; its bytes follow. */
static int take_string(struct resp_parser *parser, struct view text, struct resp_event *ret_event,
                       struct err *reterr)
{
    int64_t length = 0;
    int code = read_length(text, "bulk", &length, reterr);

    if (code != 0)
        return code;
    bool may_be_null = ret_event->type == RESP_BULK && parser->side == RESP_READS_REPLIES;
    if (length < 0 && may_be_null) {
        ret_event->type = RESP_NULL;
        return take_scalar(parser, (struct view){0}, ret_event);
    }
    if (length < (ret_event->type == RESP_VERBATIM ? 4 : 0))
        return fail(reterr, ERR_PROTOCOL, "RESP: invalid bulk length '%s'", show(text).text);
    if ((uint64_t)length > parser->limits.bulk_bytes)
        return fail(reterr, ERR_LIMIT, "RESP: a string of %lld bytes, at most %llu may be",
                    (long long)length, (unsigned long long)parser->limits.bulk_bytes);
    code = add_bytes(parser, (uint64_t)length, reterr);
    parser->string = ret_event->type;
    parser->string_length = (uint64_t)length;
    parser->string_left = (uint64_t)length + END_BYTES;
    return code;
}

static int take_aggregate(struct resp_parser *parser, struct view text,
                          struct resp_event *ret_event, struct err *reterr)
{
    bool pairs = ret_event->type == RESP_MAP || ret_event->type == RESP_ATTRIBUTE;
    int64_t count = 0;
    int code = read_length(text, "multibulk", &count, reterr);

    if (code != 0)
        return code;
    if (count <= 0 && parser->side == RESP_READS_COMMANDS) {
        reset_value(parser); /* an empty command asks for nothing */
        return 0;
    }
    if (count < 0 && ret_event->type == RESP_ARRAY) {
        ret_event->type = RESP_NULL;
        return take_scalar(parser, (struct view){0}, ret_event);
    }
    if (count < 0)
        return fail(reterr, ERR_PROTOCOL, "RESP: invalid multibulk length '%s'", show(text).text);
    ret_event->count = (uint64_t)count;
    /* Twice an int64 is still an uint64. */
    return begin_level(parser, (uint64_t)count * (pairs ? 2 : 1), ret_event, reterr);
}

static const struct kind kinds[] = {
    {RESP_BULK, take_string},           {RESP_ARRAY, take_aggregate},
    {RESP_SIMPLE, take_text},           {RESP_ERROR, take_text},
    {RESP_INTEGER, take_integer},       {RESP_NULL, take_null},
    {RESP_BOOLEAN, take_boolean},       {RESP_DOUBLE, take_double},
    {RESP_BIG_NUMBER, take_big_number}, {RESP_BULK_ERROR, take_string},
    {RESP_VERBATIM, take_string},       {RESP_MAP, take_aggregate},
    {RESP_SET, take_aggregate},         {RESP_PUSH, take_aggregate},
    {RESP_ATTRIBUTE, take_aggregate},
};

static const struct kind *find_kind(char byte)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if ((char)kinds[i].type == byte)
            return &kinds[i];
    }
    return NULL;
}

static bool is_inline(const struct resp_parser *parser, char first)
{
    return parser->side == RESP_READS_COMMANDS && parser->depth == 0 && first != RESP_ARRAY;
}

/* May a line start with this byte here? Asked before the line is whole. */
static int check_first(const struct resp_parser *parser, char first, struct err *reterr)
{
    unsigned char byte = (unsigned char)first;
    bool printable = byte > 0x20 && byte < 0x7f;

    if (is_inline(parser, first)
        || (parser->side == RESP_READS_COMMANDS
                ? first == (parser->depth == 0 ? RESP_ARRAY : RESP_BULK)
                : find_kind(first) != NULL))
        return 0;
    if (parser->side == RESP_READS_COMMANDS)
        return fail(reterr, ERR_PROTOCOL, "RESP: expected '$', got '%c'", printable ? byte : '?');
    return fail(reterr, ERR_PROTOCOL, "RESP: a reply cannot start with byte 0x%02x", byte);
}

/* Without its end, which for all but inline commands is CR LF; no other CR may be in it. */
static int strip_end(const struct resp_parser *parser, struct view *line, struct err *reterr)
{
    size_t carriage = view_find_byte(*line, '\r');

    if (is_inline(parser, line->len > 0 ? line->ptr[0] : '\0')) {
        if (line->len > 0 && line->ptr[line->len - 1] == '\r')
            line->len--;
        return 0;
    }
    if (carriage + 1 != line->len)
        return fail(reterr, ERR_PROTOCOL, "RESP: a line that does not end in CR LF");
    line->len--;
    return 0;
}

/* Takes a line with its end off *rest: 1; 0 where *rest ends before it. */
static int next_line(struct resp_parser *parser, struct view *rest, struct view *ret_line,
                     struct err *reterr)
{
    struct strbuf *collected = &parser->line;

    if (parser->line_given)
        strbuf_reset(collected);
    parser->line_given = false;
    if (rest->len == 0)
        return 0;
    int code = collected->len == 0 ? check_first(parser, rest->ptr[0], reterr) : 0;
    if (code != 0)
        return code;
    size_t ends = view_find_byte(*rest, '\n');
    if (ends > parser->limits.line_bytes + 1 - collected->len)
        return fail(reterr, ERR_LIMIT, "RESP: a line of more than %zu bytes",
                    parser->limits.line_bytes);
    *ret_line = view_slice(*rest, 0, ends);
    if (collected->len > 0 || ends == rest->len)
        strbuf_add(collected, *ret_line);
    if (strbuf_status(collected) != 0)
        return fail(reterr, strbuf_status(collected), "RESP: no memory for a line");
    bool whole = ends < rest->len;
    *rest = view_slice(*rest, ends + 1, rest->len);
    if (!whole)
        return 0;
    if (collected->len > 0) {
        *ret_line = strbuf_view(collected);
        parser->line_given = true;
    }
    code = strip_end(parser, ret_line, reterr);
    return code != 0 ? code : 1;
}

/* ---- inline commands ------------------------------------------------------------------------ */

static int take_inline(struct resp_parser *parser, struct view line, struct resp_event *ret_event,
                       struct err *reterr)
{
    uint64_t count = 0;
    int code = resp_inline_split(line, &parser->words, &count, reterr);

    if (code != 0 || count == 0)
        return code;
    code = add_bytes(parser, line.len, reterr);
    if (code == 0)
        code = add_element(parser, reterr);
    if (code != 0)
        return code;
    *ret_event = (struct resp_event){.type = RESP_ARRAY, .count = count};
    parser->words_at = 0;
    parser->in_words = true;
    return begin_level(parser, count, ret_event, reterr);
}

static int next_word(struct resp_parser *parser, struct resp_event *ret_event)
{
    struct view word = resp_inline_next(&parser->words, &parser->words_at);

    *ret_event = (struct resp_event){
        .type = RESP_BULK, .depth = parser->depth, .text = word, .length = word.len, .last = true};
    parser->elements++; /* begin_level has counted the words against the limit */
    ret_event->complete = end_value(parser);
    parser->in_words = !ret_event->complete;
    return 1;
}

/* ---- strings -------------------------------------------------------------------------------- */

/* A piece of the string, and its end where that is here; 0 where there is nothing to say. */
static int feed_string(struct resp_parser *parser, struct view *rest, struct resp_event *ret_event,
                       struct err *reterr)
{
    uint64_t content = parser->string_left > END_BYTES ? parser->string_left - END_BYTES : 0;
    size_t len = content < rest->len ? (size_t)content : rest->len;
    uint64_t ends = parser->string_left - len;
    struct view after = view_slice(*rest, len, rest->len);

    /* At the end of the content: as much of CR LF as is here and right. */
    while (ends > 0 && ends <= END_BYTES && after.len > 0
           && after.ptr[0] == (ends == END_BYTES ? '\r' : '\n')) {
        after = view_slice(after, 1, after.len);
        ends--;
    }
    if (len == 0 && ends > 0 && after.len > 0)
        return fail(reterr, ERR_PROTOCOL, "RESP: a string that does not end in CR LF");
    *ret_event = (struct resp_event){
        .type = parser->string,
        .depth = parser->depth,
        .text = view_slice(*rest, 0, len),
        .length = parser->string_length,
        .offset = parser->string_length - content,
        .last = ends == 0,
    };
    parser->string_left = ends;
    *rest = after;
    if (ends == 0)
        ret_event->complete = end_value(parser);
    return len > 0 || ends == 0;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int take_line(struct resp_parser *parser, struct view line, struct resp_event *ret_event,
                     struct err *reterr)
{
    if (is_inline(parser, line.len > 0 ? line.ptr[0] : '\0'))
        return take_inline(parser, line, ret_event, reterr);
    const struct kind *kind = find_kind(line.ptr[0]);
    int code = add_bytes(parser, line.len, reterr);

    assert_always(kind != NULL);
    if (code == 0)
        code = add_element(parser, reterr);
    if (code != 0)
        return code;
    *ret_event = (struct resp_event){.type = kind->type, .depth = parser->depth};
    return kind->take(parser, view_slice(line, 1, line.len), ret_event, reterr);
}

int resp_feed(struct resp_parser *parser, struct view *rest, struct resp_event *ret_event,
              struct err *reterr)
{
    struct resp_event event;
    int code = 0;

    if (parser->failed != 0)
        return fail(reterr, parser->failed, "RESP: fed after an error");
    while (code == 0) {
        struct view line = {0};
        if (parser->in_words) {
            code = next_word(parser, &event);
        } else if (parser->string_left > 0) {
            if (rest->len == 0)
                return 0;
            code = feed_string(parser, rest, &event, reterr);
        } else {
            code = next_line(parser, rest, &line, reterr);
            if (code == 0)
                return 0;
            if (code == 1)
                code = take_line(parser, line, &event, reterr);
        }
    }
    if (code == 1)
        *ret_event = event;
    else
        parser->failed = code;
    return code;
}
