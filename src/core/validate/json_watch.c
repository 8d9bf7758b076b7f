/* SPDX-License-Identifier: Apache-2.0
 *
 * json_watch: see json_watch.h. The scanner (wire/json.h) says what comes, the schema's early half
 * (text/schema_early.h) what may. */
#include "core/validate/json_watch.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "text/schema_early.h"

/* An array or object that is open. */
struct level {
    struct schema_set set; /* of its own value */
    uint64_t count;        /* members or elements begun */
    bool is_array;
};

struct json_watch {
    const struct schema *schema;
    struct json_scanner scanner;
    struct schema_early early;
    struct level levels[JSON_DEPTH_MAX];
    size_t depth;
    struct schema_set set; /* of the value that is being read or comes next */
    bool has_begun;        /* the value's first byte was judged */
    bool is_key;           /* what begins next is a name */
    struct strbuf text;    /* of the scalar or name so far */
    bool is_long;          /* it does not fit `text` */
    uint64_t characters;   /* of a string so far */
    uint64_t characters_most;
    uint64_t looked_from; /* values that begin there or later were not judged */
    uint64_t at;
    int code; /* of the refusal */
    struct err err;
};

int json_watch_new(const struct schema *schema, struct json_watch **ret_watch)
{
    struct json_watch *watch = mem_new(1, sizeof *watch);
    if (watch == NULL)
        return ERR_MEMORY;

    schema_early_init(&watch->early);
    strbuf_init(&watch->text, JSON_WATCH_VALUE_MAX);
    json_watch_begin(watch, schema);
    if (watch->code != 0) {
        json_watch_free(watch);
        return ERR_MEMORY;
    }
    *ret_watch = watch;
    return 0;
}

void json_watch_free(struct json_watch *watch)
{
    if (watch == NULL)
        return;
    schema_early_release(&watch->early);
    strbuf_release(&watch->text);
    mem_free(watch);
}

static void expect_value(struct json_watch *watch)
{
    watch->has_begun = false;
    watch->is_long = false;
    watch->characters = 0;
    strbuf_reset(&watch->text);
}

void json_watch_begin(struct json_watch *watch, const struct schema *schema)
{
    json_scanner_init(&watch->scanner);
    watch->schema = schema;
    watch->depth = 0;
    watch->is_key = false;
    watch->looked_from = 0;
    watch->at = 0;
    watch->err.code = 0;
    expect_value(watch);
    watch->code = schema_early_root(&watch->early, schema, &watch->set);
}

/* ---- values --------------------------------------------------------------------------------- */

/* A refusal of the schema at a place. */
static int refuse(struct json_watch *watch, int code, uint64_t at, uint32_t line, uint32_t column)
{
    if (code == 0)
        return 0;
    watch->at = at;
    return code == ERR_FAILED ? (fail_within)(&watch->err, code, "%u:%u: ", line, column) : code;
}

/* The element that begins gets its set. */
static int begin_element(struct json_watch *watch, struct level *array)
{
    uint64_t most = schema_early_most(&watch->early, array->set, JSON_ARRAY);

    if (array->count >= most)
        return (fail)(&watch->err, ERR_FAILED, "must have at most %llu elements, has more",
                      (unsigned long long)most);
    return schema_early_element(&watch->early, array->set, (size_t)array->count++, &watch->set,
                                &watch->err);
}

/* The first byte of a value is there. */
static int begin_value(struct json_watch *watch, enum json_kind kind)
{
    struct level *above = watch->depth > 0 ? &watch->levels[watch->depth - 1] : NULL;
    int code = 0;

    if (watch->has_begun)
        return 0;
    watch->has_begun = true;
    if (above != NULL && above->is_array)
        code = begin_element(watch, above);
    if (code == 0)
        code = schema_early_begin(&watch->early, watch->set, kind, &watch->err);
    watch->characters_most = schema_early_most(&watch->early, watch->set, JSON_STRING);
    return code;
}

static void end_value(struct json_watch *watch)
{
    schema_early_drop(&watch->early, watch->set);
    if (watch->depth > 0)
        watch->is_key = !watch->levels[watch->depth - 1].is_array;
    expect_value(watch);
}

static int begin_container(struct json_watch *watch, bool is_array)
{
    int code = begin_value(watch, is_array ? JSON_ARRAY : JSON_OBJECT);

    if (code != 0)
        return code;
    watch->levels[watch->depth++] = (struct level){.set = watch->set, .is_array = is_array};
    watch->set = schema_early_any(&watch->early);
    watch->is_key = !is_array;
    expect_value(watch);
    return 0;
}

static int end_container(struct json_watch *watch)
{
    watch->set = watch->levels[--watch->depth].set;
    end_value(watch);
    return 0;
}

static int end_scalar(struct json_watch *watch, enum json_kind kind, uint32_t line, uint32_t column)
{
    struct json value = {
        .kind = kind,
        .text = strbuf_view(&watch->text),
        .line = line,
        .column = column,
    };
    int code = begin_value(watch, kind);

    if (code == 0 && !watch->is_long)
        code = schema_early_value(&watch->early, watch->set, &value, &watch->err);
    if (code == 0)
        end_value(watch);
    return code;
}

/* ---- pieces --------------------------------------------------------------------------------- */

static int keep_piece(struct json_watch *watch, struct view piece)
{
    if (!watch->is_long)
        strbuf_add(&watch->text, piece);
    watch->is_long = watch->is_long || strbuf_status(&watch->text) == ERR_LIMIT;
    return strbuf_status(&watch->text) == ERR_MEMORY ? ERR_MEMORY : 0;
}

static int take_string(struct json_watch *watch, const struct json_event *event)
{
    int code = begin_value(watch, JSON_STRING);

    if (code == 0)
        code = keep_piece(watch, event->bytes);
    for (size_t i = 0; i < event->bytes.len; i++)
        watch->characters += ((unsigned char)event->bytes.ptr[i] & 0xc0) != 0x80;
    if (code == 0 && watch->characters > watch->characters_most)
        code = (fail)(&watch->err, ERR_FAILED, "must be at most %llu characters long, is longer",
                      (unsigned long long)watch->characters_most);
    return code != 0 || !event->last ? code
                                     : end_scalar(watch, JSON_STRING, event->line, event->column);
}

static int take_number(struct json_watch *watch, const struct json_event *event)
{
    int code = begin_value(watch, JSON_NUMBER);

    if (code == 0)
        code = keep_piece(watch, event->bytes);
    return code != 0 || !event->last ? code
                                     : end_scalar(watch, JSON_NUMBER, event->line, event->column);
}

static int take_key(struct json_watch *watch, const struct json_event *event)
{
    struct level *object = &watch->levels[watch->depth - 1];
    int code = keep_piece(watch, event->bytes);

    if (code != 0 || !event->last)
        return code;
    uint64_t most = schema_early_most(&watch->early, object->set, JSON_OBJECT);
    if (object->count++ >= most)
        return (fail)(&watch->err, ERR_FAILED, "must have at most %llu members, has more",
                      (unsigned long long)most);
    if (watch->is_long)
        watch->set = schema_early_any(&watch->early);
    else
        code = schema_early_member(&watch->early, object->set, strbuf_view(&watch->text),
                                   &watch->set, &watch->err);
    watch->is_key = false;
    expect_value(watch);
    return code;
}

static int take_event(struct json_watch *watch, const struct json_event *event)
{
    switch (event->kind) {
    case JSON_EVENT_OBJECT_BEGIN:
    case JSON_EVENT_ARRAY_BEGIN:
        return begin_container(watch, event->kind == JSON_EVENT_ARRAY_BEGIN);
    case JSON_EVENT_OBJECT_END:
    case JSON_EVENT_ARRAY_END:
        return end_container(watch);
    case JSON_EVENT_KEY:
        return take_key(watch, event);
    case JSON_EVENT_STRING:
        return take_string(watch, event);
    case JSON_EVENT_NUMBER:
        return take_number(watch, event);
    case JSON_EVENT_TRUE:
        return end_scalar(watch, JSON_TRUE, event->line, event->column);
    case JSON_EVENT_FALSE:
        return end_scalar(watch, JSON_FALSE, event->line, event->column);
    case JSON_EVENT_NULL:
        break;
    }
    return end_scalar(watch, JSON_NULL, event->line, event->column);
}

/* ---- feeding -------------------------------------------------------------------------------- */

/* The kind that a value's first byte tells; false where no value begins so. */
static bool kind_of(char first, enum json_kind *ret_kind)
{
    static const struct {
        char first;
        enum json_kind kind;
    } kinds[] = {
        {'"', JSON_STRING}, {'t', JSON_TRUE},   {'f', JSON_FALSE},
        {'n', JSON_NULL},   {'-', JSON_NUMBER},
    };

    *ret_kind = JSON_NUMBER;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].first == first) {
            *ret_kind = kinds[i].kind;
            return true;
        }
    return first >= '0' && first <= '9';
}

/* What was scanned ends within a value of which no event came yet: its first byte is judged.
 * `start` is where the piece stands in the text. */
static int judge_unfinished(struct json_watch *watch, struct view piece, uint64_t start)
{
    const struct json_scanner *scanner = &watch->scanner;
    uint64_t at = scanner->value_at;
    enum json_kind kind;

    if (watch->has_begun || watch->is_key || at < watch->looked_from || at < start
        || at >= start + piece.len || !kind_of(piece.ptr[at - start], &kind))
        return 0;
    watch->looked_from = at + 1;
    int code = begin_value(watch, kind);
    return refuse(watch, code, at, scanner->value_line, scanner->value_column);
}

static int scan_events(struct json_watch *watch, struct view *rest, struct json_scanner *before)
{
    struct json_event event;
    struct view left = *rest;
    int got;

    *before = watch->scanner;
    while ((got = json_scan(&watch->scanner, &left, &event, &watch->err)) == 1) {
        *rest = left;
        *before = watch->scanner;
        watch->looked_from = event.at + 1;
        int code = take_event(watch, &event);
        if (code != 0)
            return refuse(watch, code, event.at, event.line, event.column);
    }
    return got;
}

/* What the grammar refuses may be refused by the schema before: the bytes up to there are looked at
 * one by one, so that this does not depend on the cuts. */
static int scan_closely(struct json_watch *watch, struct view rest)
{
    struct json_scanner before;
    int code = 0;

    for (size_t i = 0; i < rest.len && code == 0; i++) {
        struct view byte = view_slice(rest, i, i + 1);
        uint64_t start = watch->scanner.offset;
        code = scan_events(watch, &byte, &before);
        if (code == 0)
            code = judge_unfinished(watch, view_slice(rest, i, i + 1), start);
        else if (code != ERR_FAILED)
            watch->at = start;
    }
    return code;
}

static int scan_piece(struct json_watch *watch, struct view piece)
{
    uint64_t start = watch->scanner.offset;
    struct view rest = piece;
    struct json_scanner before;
    int code = scan_events(watch, &rest, &before);

    if (code == 0)
        return judge_unfinished(watch, piece, start);
    if (code != ERR_SYNTAX && code != ERR_LIMIT)
        return code;
    watch->scanner = before;
    return scan_closely(watch, rest);
}

static int told(const struct json_watch *watch, struct err *reterr)
{
    if (watch->code != 0 && reterr != NULL)
        *reterr = watch->err;
    return watch->code;
}

int json_watch_feed(struct json_watch *watch, struct view text, struct err *reterr)
{
    if (watch->code == 0)
        watch->code = scan_piece(watch, text);
    return told(watch, reterr);
}

int json_watch_end(struct json_watch *watch, struct err *reterr)
{
    struct json_event event;

    while (watch->code == 0) {
        int got = json_scan_end(&watch->scanner, &event, &watch->err);
        if (got == 0)
            break;
        if (got < 0)
            watch->at = watch->scanner.offset;
        watch->code =
            got < 0 ? got
                    : refuse(watch, take_event(watch, &event), event.at, event.line, event.column);
    }
    return told(watch, reterr);
}

uint64_t json_watch_at(const struct json_watch *watch)
{
    return watch->at;
}
