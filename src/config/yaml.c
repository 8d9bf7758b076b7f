/* SPDX-License-Identifier: Apache-2.0
 *
 * yaml: see yaml.h. libyaml's events become a tree; a stack of open collections takes the place of
 * recursion, and what can multiply (aliases) is counted like everything else. */
#include "config/yaml.h"

#include <yaml.h>

#include "base/map.h"
#include "base/utf8.h"
#include "config/problems.h"
#include "config/yaml_scalar.h"

/* An open sequence or mapping. */
struct frame {
    struct json *node;
    struct json *merge; /* what a plain << gave, NULL where nothing did */
    struct json key;    /* of the value that comes next: key, key_line, key_column */
    bool have_key;
    bool key_is_merge;
};

struct builder {
    struct arena *arena;
    struct view file;
    struct view text;
    yaml_parser_t parser;
    struct map anchors; /* name → struct json, complete or still open */
    struct frame stack[YAML_DEPTH_MAX];
    size_t depth;
    size_t nodes;
    struct json *root;
    int status; /* why new_node or copy_node gave NULL */
    struct err *reterr;
};

enum { SMALL_MAPPING = 16 };

static int wrong(struct builder *builder, size_t line, size_t column, const char *what)
{
    return fail(builder->reterr, ERR_CONFIG, "%.*s:%zu:%zu: %s", VIEW_ARG(builder->file), line,
                column, what);
}

static int wrong_at(struct builder *builder, const yaml_mark_t *mark, const char *what)
{
    return wrong(builder, mark->line + 1, mark->column + 1, what);
}

static int no_memory(struct builder *builder)
{
    return fail(builder->reterr, ERR_MEMORY, "%.*s: out of memory", VIEW_ARG(builder->file));
}

/* ---- what libyaml complains about ----------------------------------------------------------- */

struct remedy {
    const char *problem; /* how libyaml's text starts */
    const char *remedy;
};

static const struct remedy remedies[] = {
    {"could not find expected ':'",
     "a ':' or a closing quote is missing, or the indentation is off"},
    {"mapping values are not allowed", "check the indentation, or quote a text that holds ': '"},
    {"did not find expected key", "check the indentation of this line and of those before it"},
    {"did not find expected '-'", "check the indentation: list items start in one column"},
    {"block sequence entries are not allowed", "put the list on a line of its own"},
    {"did not find expected ',' or ']'", "close the list with ']', or quote what holds , [ ] { }"},
    {"did not find expected ',' or '}'",
     "close the mapping with '}', or quote what holds , [ ] { }"},
    {"did not find expected node content", "a value is missing, or a text needs quotes"},
    {"found unexpected end of stream", "a quote that was opened is never closed"},
    {"found unexpected document indicator", "a quote that was opened is never closed"},
    {"found unknown escape character", "write \\\\ for a backslash, or use single quotes"},
    {"found undefined tag handle", "remove the tag, or quote a text that starts with '!'"},
    {"found a tab character", "indent with spaces, not with tabs"},
    {"found character that cannot start any token", "quote a text that starts with @, ` or %"},
    {"found incompatible YAML document", "write YAML 1.2, or remove the %YAML line"},
    {"found unknown directive", "remove the line that starts with '%'"},
};

/* True where a tab stands in the white space that starts the line (counted from 0). */
static bool tab_indents(struct view text, size_t line)
{
    struct view rest = text;

    for (size_t i = 0; i < line; i++)
        view_split(&rest, '\n');
    for (size_t i = 0; i < rest.len && (rest.ptr[i] == ' ' || rest.ptr[i] == '\t'); i++)
        if (rest.ptr[i] == '\t')
            return true;
    return false;
}

static const char *remedy_of(const struct builder *builder, const char *problem)
{
    if (tab_indents(builder->text, builder->parser.problem_mark.line))
        return "indent with spaces, not with tabs";
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (view_starts(view_of(problem), view_of(remedies[i].problem)))
            return remedies[i].remedy;
    return "check the indentation and the quotes here";
}

/* The place of a byte. */
static void place_of(struct view text, size_t at, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1;
    size_t start = 0;

    for (size_t i = 0; i < at && i < text.len; i++) {
        if (text.ptr[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = utf8_count(view_slice(text, start, at)) + 1;
}

static int refused_byte(struct builder *builder, size_t at, const char *what)
{
    size_t line;
    size_t column;

    place_of(builder->text, at, &line, &column);
    return wrong(builder, line, column, what);
}

static int parser_failed(struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;

    if (parser->error == YAML_MEMORY_ERROR)
        return no_memory(builder);
    if (parser->error == YAML_READER_ERROR)
        return refused_byte(builder, parser->problem_offset,
                            "a control character stands here: remove it, or write it in double "
                            "quotes as \\xNN");

    const char *problem = parser->problem != NULL ? parser->problem : "malformed YAML";
    size_t line = parser->problem_mark.line + 1;
    size_t column = parser->problem_mark.column + 1;
    if (parser->context != NULL && parser->context_mark.line != parser->problem_mark.line)
        return fail(builder->reterr, ERR_CONFIG, "%.*s:%zu:%zu: %s (%s that began at line %zu): %s",
                    VIEW_ARG(builder->file), line, column, problem, parser->context,
                    parser->context_mark.line + 1, remedy_of(builder, problem));
    return fail(builder->reterr, ERR_CONFIG, "%.*s:%zu:%zu: %s: %s", VIEW_ARG(builder->file), line,
                column, problem, remedy_of(builder, problem));
}

/* ---- nodes ---------------------------------------------------------------------------------- */

/* NULL on failure, and builder->status says why. */
static struct json *new_node(struct builder *builder, const yaml_mark_t *mark, enum json_kind kind)
{
    if (++builder->nodes > YAML_NODES_MAX) {
        builder->status = wrong_at(builder, mark,
                                   "more than 1,000,000 values: split the file, or write a large "
                                   "golden set as JSON Lines");
        return NULL;
    }
    struct json *node = arena_new(builder->arena, 1, sizeof *node);
    if (node == NULL) {
        builder->status = no_memory(builder);
        return NULL;
    }
    node->kind = kind;
    node->line = (uint32_t)mark->line + 1;
    node->column = (uint32_t)mark->column + 1;
    return node;
}

static void link_child(struct json *parent, struct json *child)
{
    child->next = NULL;
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->child = child;
    parent->last = child;
    parent->count++;
}

/* Where a finished value, or a collection that opens, belongs. */
static int place(struct builder *builder, struct json *node)
{
    if (builder->depth == 0) {
        builder->root = node;
        return 0;
    }
    struct frame *frame = &builder->stack[builder->depth - 1];
    if (frame->node->kind == JSON_ARRAY) {
        link_child(frame->node, node);
        return 0;
    }
    frame->have_key = false;
    if (frame->key_is_merge) {
        if (frame->merge != NULL)
            return wrong(builder, frame->key.key_line, frame->key.key_column,
                         "a second '<<' in one mapping: write one with a list, <<: [*a, *b]");
        frame->merge = node;
        node->key_line = frame->key.key_line;
        node->key_column = frame->key.key_column;
        return 0;
    }
    node->key = frame->key.key;
    node->key_line = frame->key.key_line;
    node->key_column = frame->key.key_column;
    link_child(frame->node, node);
    return 0;
}

static int set_anchor(struct builder *builder, const yaml_char_t *anchor, struct json *node)
{
    struct view name;

    if (anchor == NULL)
        return 0;
    if (arena_copy(builder->arena, view_of((const char *)anchor), &name) != 0
        || map_put(&builder->anchors, name, node) != 0)
        return no_memory(builder);
    return 0;
}

static bool is_open(const struct builder *builder, const struct json *node)
{
    for (size_t i = 0; i < builder->depth; i++)
        if (builder->stack[i].node == node)
            return true;
    return false;
}

/* A copy of a whole value, NULL as new_node; recursion is bounded by YAML_DEPTH_MAX. */
static struct json *copy_node(struct builder *builder, const struct json *from,
                              const yaml_mark_t *mark, size_t depth)
{
    if (depth > YAML_DEPTH_MAX) {
        builder->status = wrong_at(builder, mark, "nested more than 100 deep");
        return NULL;
    }
    struct json *copy = new_node(builder, mark, from->kind);
    if (copy == NULL)
        return NULL;
    *copy = *from;
    copy->child = copy->last = copy->next = NULL;
    copy->count = 0;
    for (const struct json *child = from->child; child != NULL; child = child->next) {
        struct json *child_copy = copy_node(builder, child, mark, depth + 1);
        if (child_copy == NULL)
            return NULL;
        link_child(copy, child_copy);
    }
    return copy;
}

/* ---- the end of a mapping: duplicate keys, merge keys ---------------------------------------- */

/* Finds members by name: by a map where there are many. */
struct members {
    const struct json *mapping;
    struct map map;
    bool mapped;
};

static struct json *find_member(const struct members *members, struct view key)
{
    if (members->mapped)
        return map_get(&members->map, key);
    for (struct json *child = members->mapping->child; child != NULL; child = child->next)
        if (view_equal(child->key, key))
            return child;
    return NULL;
}

/* Refuses a key that was there before. */
static int check_duplicates(struct builder *builder, struct members *members)
{
    for (struct json *child = members->mapping->child; child != NULL; child = child->next) {
        struct json *first = find_member(members, child->key);
        if (first != NULL && first != child) {
            struct quoted name = problems_quote(child->key);
            return fail(builder->reterr, ERR_CONFIG,
                        "%.*s:%u:%u: duplicate key %s, first given at line %u: keep one of them",
                        VIEW_ARG(builder->file), (unsigned)child->key_line,
                        (unsigned)child->key_column, name.text, (unsigned)first->key_line);
        }
        if (members->mapped && map_put(&members->map, child->key, child) != 0)
            return no_memory(builder);
    }
    return 0;
}

/* Moves the members of `source`, a private copy, that the mapping lacks. */
static int merge_one(struct builder *builder, struct members *members, struct json *source)
{
    struct json *mapping = builder->stack[builder->depth - 1].node;
    struct json *next;

    for (struct json *child = source->child; child != NULL; child = next) {
        next = child->next;
        if (find_member(members, child->key) != NULL)
            continue;
        link_child(mapping, child);
        if (members->mapped && map_put(&members->map, child->key, child) != 0)
            return no_memory(builder);
    }
    return 0;
}

static int merge_all(struct builder *builder, struct members *members, struct json *merge)
{
    static const char *const what = "'<<' takes a mapping or a list of mappings, as in <<: *name";
    struct json *next;

    if (merge->kind == JSON_OBJECT)
        return merge_one(builder, members, merge);
    if (merge->kind != JSON_ARRAY)
        return wrong(builder, merge->line, merge->column, what);
    for (struct json *source = merge->child; source != NULL; source = next) {
        next = source->next;
        if (source->kind != JSON_OBJECT)
            return wrong(builder, source->line, source->column, what);
        int code = merge_one(builder, members, source);
        if (code != 0)
            return code;
    }
    return 0;
}

static int finish_mapping(struct builder *builder)
{
    struct frame *frame = &builder->stack[builder->depth - 1];
    struct members members = {.mapping = frame->node};
    size_t count = frame->node->count;

    if (frame->merge != NULL)
        count += SMALL_MAPPING + 1;
    members.mapped = count > SMALL_MAPPING;
    if (members.mapped)
        map_init(&members.map, YAML_NODES_MAX, 0);
    int code = check_duplicates(builder, &members);
    if (code == 0 && frame->merge != NULL)
        code = merge_all(builder, &members, frame->merge);
    if (members.mapped)
        map_release(&members.map);
    return code;
}

/* ---- events --------------------------------------------------------------------------------- */

/* A tag of the core schema. */
struct tag {
    const char *name;
    bool of_scalar;
    enum json_kind kind;
};

static const struct tag tags[] = {
    {"!", true, JSON_STRING},
    {"tag:yaml.org,2002:str", true, JSON_STRING},
    {"tag:yaml.org,2002:int", true, JSON_NUMBER},
    {"tag:yaml.org,2002:float", true, JSON_NUMBER},
    {"tag:yaml.org,2002:bool", true, JSON_TRUE},
    {"tag:yaml.org,2002:null", true, JSON_NULL},
    {"tag:yaml.org,2002:seq", false, JSON_ARRAY},
    {"tag:yaml.org,2002:map", false, JSON_OBJECT},
};

static int read_tag(struct builder *builder, const yaml_event_t *event, const yaml_char_t *name,
                    const struct tag **ret_tag)
{
    *ret_tag = NULL;
    if (name == NULL)
        return 0;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (strcmp((const char *)name, tags[i].name) == 0) {
            *ret_tag = &tags[i];
            return 0;
        }
    }
    return wrong_at(builder, &event->start_mark,
                    "this tag is not understood: remove it, or quote a text that starts with '!'");
}

static bool kind_fits(enum json_kind kind, enum json_kind wanted)
{
    return kind == wanted || (wanted == JSON_TRUE && kind == JSON_FALSE);
}

static int copy_scalar(struct builder *builder, const yaml_event_t *event, struct view *ret_text)
{
    struct view bytes = view_make(event->data.scalar.value, event->data.scalar.length);

    return arena_copy(builder->arena, bytes, ret_text) != 0 ? no_memory(builder) : 0;
}

/* Kind and text of a scalar event. */
static int read_scalar(struct builder *builder, const yaml_event_t *event, enum json_kind *ret_kind,
                       struct view *ret_text)
{
    const struct tag *tag;
    struct view text;
    const char *why = NULL;

    int code = read_tag(builder, event, event->data.scalar.tag, &tag);
    if (code == 0)
        code = copy_scalar(builder, event, &text);
    if (code != 0)
        return code;
    if (tag == NULL ? event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE
                    : tag->kind == JSON_STRING) {
        *ret_kind = JSON_STRING;
        *ret_text = text;
        return 0;
    }
    code = yaml_scalar(builder->arena, text, ret_kind, ret_text, &why);
    if (code == ERR_INVALID)
        return wrong_at(builder, &event->start_mark, why);
    if (code != 0)
        return no_memory(builder);
    if (tag != NULL && !kind_fits(*ret_kind, tag->kind))
        return wrong_at(builder, &event->start_mark,
                        "the value does not fit its tag: remove the tag");
    return 0;
}

static int on_key(struct builder *builder, struct view text, bool plain, const yaml_mark_t *mark)
{
    struct frame *frame = &builder->stack[builder->depth - 1];

    frame->key = (struct json){
        .key = text,
        .key_line = (uint32_t)mark->line + 1,
        .key_column = (uint32_t)mark->column + 1,
    };
    frame->have_key = true;
    frame->key_is_merge = plain && view_is(text, "<<");
    return 0;
}

static bool wants_key(const struct builder *builder)
{
    if (builder->depth == 0)
        return false;
    const struct frame *frame = &builder->stack[builder->depth - 1];
    return frame->node->kind == JSON_OBJECT && !frame->have_key;
}

static int on_key_scalar(struct builder *builder, const yaml_event_t *event)
{
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct json *node = new_node(builder, &event->start_mark, JSON_STRING);

    if (node == NULL)
        return builder->status;
    int code = copy_scalar(builder, event, &node->text);
    if (code == 0)
        code = set_anchor(builder, event->data.scalar.anchor, node);
    return code != 0 ? code : on_key(builder, node->text, plain, &event->start_mark);
}

static int on_scalar(struct builder *builder, const yaml_event_t *event)
{
    if (wants_key(builder))
        return on_key_scalar(builder, event);
    struct json *node = new_node(builder, &event->start_mark, JSON_NULL);
    if (node == NULL)
        return builder->status;
    int code = read_scalar(builder, event, &node->kind, &node->text);
    if (code == 0)
        code = set_anchor(builder, event->data.scalar.anchor, node);
    return code != 0 ? code : place(builder, node);
}

static int on_alias(struct builder *builder, const yaml_event_t *event)
{
    struct view name = view_of((const char *)event->data.alias.anchor);
    const struct json *from = map_get(&builder->anchors, name);

    if (from == NULL)
        return wrong_at(builder, &event->start_mark,
                        "this alias names no anchor above it: define it with '&', or quote a text "
                        "that starts with '*'");
    if (is_open(builder, from))
        return wrong_at(builder, &event->start_mark, "this alias stands inside what it names");
    if (wants_key(builder)) {
        if (from->kind != JSON_STRING)
            return wrong_at(builder, &event->start_mark, "a key must be a text");
        return on_key(builder, from->text, false, &event->start_mark);
    }
    struct json *copy = copy_node(builder, from, &event->start_mark, builder->depth);
    if (copy == NULL)
        return builder->status;
    copy->key = (struct view){.ptr = NULL};
    copy->line = (uint32_t)event->start_mark.line + 1;
    copy->column = (uint32_t)event->start_mark.column + 1;
    return place(builder, copy);
}

static int on_begin(struct builder *builder, const yaml_event_t *event, enum json_kind kind)
{
    bool array = kind == JSON_ARRAY;
    const struct tag *tag;

    if (wants_key(builder))
        return wrong_at(builder, &event->start_mark,
                        "a key must be a text, not a list or a mapping: quote it, or add the "
                        "missing value");
    int code =
        read_tag(builder, event,
                 array ? event->data.sequence_start.tag : event->data.mapping_start.tag, &tag);
    if (code != 0)
        return code;
    if (tag != NULL && tag->kind != kind && strcmp(tag->name, "!") != 0)
        return wrong_at(builder, &event->start_mark,
                        "the value does not fit its tag: remove the tag");
    if (builder->depth == YAML_DEPTH_MAX)
        return wrong_at(builder, &event->start_mark, "nested more than 100 deep");
    struct json *node = new_node(builder, &event->start_mark, kind);
    if (node == NULL)
        return builder->status;
    code = set_anchor(builder,
                      array ? event->data.sequence_start.anchor : event->data.mapping_start.anchor,
                      node);
    if (code == 0)
        code = place(builder, node);
    if (code == 0)
        builder->stack[builder->depth++] = (struct frame){.node = node};
    return code;
}

static int on_end(struct builder *builder, enum json_kind kind)
{
    int code = kind == JSON_OBJECT ? finish_mapping(builder) : 0;

    builder->depth--;
    return code;
}

static int on_document(struct builder *builder, const yaml_event_t *event)
{
    if (builder->root != NULL)
        return wrong_at(builder, &event->start_mark,
                        "a second document starts here: a file holds one, so remove the '---' or "
                        "split the file");
    return 0;
}

static int on_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(builder, event);
    case YAML_ALIAS_EVENT:
        return on_alias(builder, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_begin(builder, event, JSON_ARRAY);
    case YAML_MAPPING_START_EVENT:
        return on_begin(builder, event, JSON_OBJECT);
    case YAML_SEQUENCE_END_EVENT:
        return on_end(builder, JSON_ARRAY);
    case YAML_MAPPING_END_EVENT:
        return on_end(builder, JSON_OBJECT);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return 0;
    }
    return 0;
}

static int build(struct builder *builder)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&builder->parser, &event))
            return parser_failed(builder);
        bool done = event.type == YAML_STREAM_END_EVENT;
        int code = on_event(builder, &event);
        yaml_event_delete(&event);
        if (code != 0 || done)
            return code;
    }
}

static int check_bytes(struct builder *builder)
{
    struct view text = builder->text;
    size_t at;

    if (text.len > YAML_SIZE_MAX)
        return wrong(builder, 1, 1, "larger than 64 MiB: split the file");
    if (view_starts(text, view_of("\xff\xfe")) || view_starts(text, view_of("\xfe\xff")))
        return wrong(builder, 1, 1, "this is UTF-16: save the file as UTF-8");
    if (!utf8_valid(text, &at))
        return refused_byte(builder, at, "a byte that is not UTF-8: save the file as UTF-8");
    return 0;
}

static int parse(struct builder *builder)
{
    int code = check_bytes(builder);

    if (code != 0)
        return code;
    if (!yaml_parser_initialize(&builder->parser))
        return no_memory(builder);
    yaml_parser_set_encoding(&builder->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder->parser, (const unsigned char *)builder->text.ptr,
                                 builder->text.len);
    map_init(&builder->anchors, YAML_NODES_MAX, 0);
    code = build(builder);
    map_release(&builder->anchors);
    yaml_parser_delete(&builder->parser);
    return code;
}

int yaml_parse(struct arena *arena, struct view file, struct view text, struct json **ret_root,
               struct err *reterr)
{
    static const yaml_mark_t start = {0, 0, 0};
    struct builder *builder = arena_new(arena, 1, sizeof *builder);

    if (builder == NULL)
        return fail(reterr, ERR_MEMORY, "%.*s: out of memory", VIEW_ARG(file));
    builder->arena = arena;
    builder->file = file;
    builder->text = text.ptr != NULL ? text : view_of("");
    builder->reterr = reterr;
    int code = parse(builder);
    if (code != 0)
        return code;
    if (builder->root == NULL)
        builder->root = new_node(builder, &start, JSON_NULL);
    if (builder->root == NULL)
        return builder->status;
    *ret_root = builder->root;
    return 0;
}
