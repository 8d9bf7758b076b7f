/* SPDX-License-Identifier: Apache-2.0
 *
 * json_tree: the scanner's events as a tree in an arena, and how the tree is read; see json.h.
 *
 * The document is copied once; strings and numbers are views into the copy, strings with escapes
 * are decoded in place (what an escape stands for is never longer than the escape), and each is
 * followed by a NUL where its quote or delimiter was.
 *
 * Memory: the arena's: the text once and one struct json a value. Threads: no shared state. */
#include "wire/json_number.h"
#include "wire/json_scan_state.h"

struct build {
    struct arena *arena;
    const char *text; /* the document as given */
    char *copy;       /* and in the arena */
    struct json *open[JSON_DEPTH_MAX];
    size_t depth;
    struct json *root;
    struct json *value; /* the string or number that is being read; NULL between them */
    struct view key; /* of the member that comes next, so far; ptr NULL where none is being read */
    uint32_t key_line;
    uint32_t key_column;
};

static inline void append(struct json *parent, struct json *value)
{
    if (parent->last != NULL)
        parent->last->next = value;
    else
        parent->child = value;
    parent->last = value;
    parent->count++;
}

/* A value where the event says, hung under what is open. */
static inline struct json *add_value(struct build *build, const struct json_event *event,
                                     enum json_kind kind)
{
    struct json *value = arena_new(build->arena, 1, sizeof *value);

    if (value == NULL)
        return NULL;
    value->kind = kind;
    value->line = event->line;
    value->column = event->column;
    value->at = event->at;
    if (build->depth == 0) {
        build->root = value;
        return value;
    }
    struct json *parent = build->open[build->depth - 1];
    if (parent->kind == JSON_OBJECT) {
        value->key = build->key;
        value->key_line = build->key_line;
        value->key_column = build->key_column;
        build->key.ptr = NULL;
    }
    append(parent, value);
    return value;
}

/* Puts a piece of a string or number behind what is decoded already. Pieces of the text lie in the
 * copy at the same offset, mostly at their place already. */
static inline void add_piece(struct build *build, struct view *decoded, size_t start,
                             const struct json_event *event)
{
    if (decoded->ptr == NULL)
        *decoded = view_make(build->copy + start, 0);
    char *to = build->copy + (decoded->ptr - build->copy) + decoded->len;
    if (event->bytes.len != 0 && event->bytes.ptr != build->text + (to - build->copy))
        memcpy(to, event->bytes.ptr, event->bytes.len);
    decoded->len += event->bytes.len;
    if (event->last)
        to[event->bytes.len] = '\0';
}

static inline int take_event(struct build *build, const struct json_event *event)
{
    static const enum json_kind kinds[] = {
        [JSON_EVENT_OBJECT_BEGIN] = JSON_OBJECT, [JSON_EVENT_ARRAY_BEGIN] = JSON_ARRAY,
        [JSON_EVENT_STRING] = JSON_STRING,       [JSON_EVENT_NUMBER] = JSON_NUMBER,
        [JSON_EVENT_TRUE] = JSON_TRUE,           [JSON_EVENT_FALSE] = JSON_FALSE,
        [JSON_EVENT_NULL] = JSON_NULL,
    };
    enum json_event_kind kind = event->kind;

    if (kind == JSON_EVENT_OBJECT_END || kind == JSON_EVENT_ARRAY_END) {
        build->depth--;
        return 0;
    }
    if (kind == JSON_EVENT_KEY) {
        build->key_line = event->line;
        build->key_column = event->column;
        add_piece(build, &build->key, event->at + 1, event);
        return 0;
    }
    struct json *value = build->value;
    if (value == NULL)
        value = add_value(build, event, kinds[kind]);
    if (value == NULL)
        return ERR_MEMORY;
    if (kind == JSON_EVENT_STRING || kind == JSON_EVENT_NUMBER) {
        add_piece(build, &value->text, event->at + (kind == JSON_EVENT_STRING), event);
        build->value = event->last ? NULL : value;
    } else if (value->kind >= JSON_ARRAY) {
        build->open[build->depth++] = value;
    }
    return 0;
}

int json_parse(struct arena *arena, struct view text, struct json **ret_root, struct err *reterr)
{
    struct json_scanner scanner;
    struct json_event event;
    struct build build; /* not cleared: its stack is larger than most documents */
    struct scan scan = scan_whole(&scanner, text, &event, reterr);
    int result;

    build.arena = arena;
    build.text = text.ptr;
    build.copy = arena_string(arena, text);
    build.depth = 0;
    build.root = NULL;
    build.value = NULL;
    build.key.ptr = NULL;
    result = build.copy != NULL ? 0 : ERR_MEMORY;

    while (result == 0 && (result = scan_next(&scan)) == 1)
        result = take_event(&build, &event);
    scanner.offset = text.len;
    while (result == 0 && (result = json_scan_end(&scanner, &event, reterr)) == 1)
        result = take_event(&build, &event);
    if (result == ERR_MEMORY)
        return fail(reterr, result, "no room for a JSON document of %zu bytes", text.len);
    if (result == 0)
        *ret_root = build.root;
    return result;
}

/* ---- reading -------------------------------------------------------------------------------- */

const struct json *json_get_view(const struct json *object, struct view key)
{
    const struct json *found = NULL;

    if (!json_is(object, JSON_OBJECT))
        return NULL;
    for (const struct json *child = object->child; child != NULL; child = child->next)
        if (view_equal(child->key, key))
            found = child;
    return found;
}

const struct json *json_get(const struct json *object, const char *key)
{
    return json_get_view(object, view_of(key));
}

/* The element whose number stands before ']' at the start of *path, which moves past it. */
static const struct json *element(const struct json *array, struct view *path)
{
    size_t end = view_find_byte(*path, ']');
    int64_t index;

    if (end == path->len || view_to_int(view_slice(*path, 0, end), &index) != 0 || index < 0
        || !json_is(array, JSON_ARRAY) || (uint64_t)index >= array->count)
        return NULL;
    *path = view_slice(*path, end + 1, path->len);
    const struct json *child = array->child;
    while (index-- > 0)
        child = child->next;
    return child;
}

const struct json *json_path(const struct json *root, struct view path)
{
    bool first = true;

    for (; root != NULL && path.len != 0; first = false) {
        if (path.ptr[0] == '[') {
            path = view_slice(path, 1, path.len);
            root = element(root, &path);
            continue;
        }
        if (!first && path.ptr[0] != '.')
            return NULL;
        path = view_slice(path, first ? 0 : 1, path.len);
        size_t dot = view_find_byte(path, '.');
        size_t bracket = view_find_byte(path, '[');
        size_t end = dot < bracket ? dot : bracket;
        root = json_get_view(root, view_slice(path, 0, end));
        path = view_slice(path, end, path.len);
    }
    return root;
}

struct view json_text(const struct json *value, struct view otherwise)
{
    return json_is(value, JSON_STRING) ? value->text : otherwise;
}

int64_t json_int(const struct json *value, int64_t otherwise)
{
    struct json_decimal decimal;
    int64_t whole;

    if (!json_is(value, JSON_NUMBER) || json_decimal_read(value->text, &decimal) != 0
        || json_decimal_to_int(&decimal, &whole) != 0)
        return otherwise;
    return whole;
}

double json_double(const struct json *value, double otherwise)
{
    struct json_decimal decimal;
    double nearest;

    if (!json_is(value, JSON_NUMBER) || json_decimal_read(value->text, &decimal) != 0
        || json_decimal_to_double(&decimal, &nearest) != 0)
        return otherwise;
    return nearest;
}

bool json_bool(const struct json *value, bool otherwise)
{
    if (json_is(value, JSON_TRUE))
        return true;
    return json_is(value, JSON_FALSE) ? false : otherwise;
}

bool json_is(const struct json *value, enum json_kind kind)
{
    return value != NULL && value->kind == kind;
}

const char *json_kind_name(enum json_kind kind)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_FALSE] = "boolean", [JSON_TRUE] = "boolean",
        [JSON_NUMBER] = "number", [JSON_STRING] = "string", [JSON_ARRAY] = "array",
        [JSON_OBJECT] = "object",
    };
    return names[kind];
}

/* ---- making --------------------------------------------------------------------------------- */

struct json *json_new(struct arena *arena, enum json_kind kind)
{
    struct json *value = arena_new(arena, 1, sizeof *value);

    if (value != NULL)
        value->kind = kind;
    return value;
}

struct json *json_new_text(struct arena *arena, struct view text)
{
    struct json *value = json_new(arena, JSON_STRING);

    if (value == NULL || arena_copy(arena, text, &value->text) != 0)
        return NULL;
    return value;
}

void json_append(struct json *array, struct json *value)
{
    assert_always(array->kind == JSON_ARRAY);
    append(array, value);
}

void json_set(struct json *object, struct view key, struct json *value)
{
    assert_always(object->kind == JSON_OBJECT);
    value->key = key;
    append(object, value);
}
