/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_load: documents into nodes, resources and anchors, and references to the nodes they mean;
 * see schema_internal.h.
 *
 * A document is loaded when a reference first needs it. Memory: the schema's arena and maps.
 * Threads: one compile at a time, each with a schema of its own. Limits: the arena's. */
#include <stdarg.h>
#include <stdio.h>

#include "text/schema_internal.h"

enum { URI_TEXT_MAX = 4096 };

/* ---- errors --------------------------------------------------------------------------------- */

static void add_pointer_token(struct strbuf *out, struct view token)
{
    strbuf_add_byte(out, '/');
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] == '~')
            strbuf_add_text(out, "~0");
        else if (token.ptr[i] == '/')
            strbuf_add_text(out, "~1");
        else
            strbuf_add_byte(out, token.ptr[i]);
    }
}

static void add_node_path(struct strbuf *out, const struct schema_node *node)
{
    if (node == NULL || node->parent == NULL)
        return;
    add_node_path(out, node->parent);
    add_pointer_token(out, node->keyword);
    if (node->token.ptr != NULL)
        add_pointer_token(out, node->token);
}

int schema_wrong(struct compile *compile, const struct schema_node *node, const struct json *value,
                 int code, const char *format, ...)
{
    struct strbuf text;
    va_list args;

    strbuf_init(&text, ERR_TEXT_MAX);
    if (value != NULL && value->line != 0)
        strbuf_printf(&text, "%u:%u: ", value->line, value->column);
    size_t before = text.len;
    add_node_path(&text, node);
    if (value != NULL && value->key.len != 0 && (node == NULL || value != node->json))
        add_pointer_token(&text, value->key);
    strbuf_add_text(&text, text.len != before ? ": " : "the schema: ");
    va_start(args, format);
    strbuf_vprintf(&text, format, args);
    va_end(args);
    code = fail(compile->err, code, "%s", strbuf_text(&text));
    strbuf_release(&text);
    return code;
}

static int no_memory(struct compile *compile)
{
    return fail(compile->err, ERR_MEMORY, "no room to compile the schema (limit %d MiB)",
                SCHEMA_BYTES_MAX >> 20);
}

/* ---- dialects ------------------------------------------------------------------------------- */

enum {
    ALL_VOCABULARIES = VOCABULARY_CORE | VOCABULARY_APPLICATOR | VOCABULARY_UNEVALUATED
                       | VOCABULARY_VALIDATION | VOCABULARY_FORMAT | VOCABULARY_CONTENT,
};

static const struct {
    const char *uri;
    enum schema_draft draft;
} known_drafts[] = {
    {"https://json-schema.org/draft/2020-12/schema", SCHEMA_2020_12},
    {"https://json-schema.org/draft/2019-09/schema", SCHEMA_2019_09},
    {"http://json-schema.org/draft-07/schema", SCHEMA_DRAFT_7},
    {"https://json-schema.org/draft-07/schema", SCHEMA_DRAFT_7},
};

static unsigned vocabulary_bit(struct view uri)
{
    static const struct {
        const char *name;
        unsigned bits;
    } vocabularies[] = {
        {"/vocab/core", VOCABULARY_CORE},
        {"/vocab/applicator", VOCABULARY_APPLICATOR},
        {"/vocab/unevaluated", VOCABULARY_UNEVALUATED},
        {"/vocab/validation", VOCABULARY_VALIDATION},
        {"/vocab/format", VOCABULARY_FORMAT},
        {"/vocab/format-annotation", VOCABULARY_FORMAT},
        {"/vocab/format-assertion", VOCABULARY_FORMAT | VOCABULARY_FORMAT_ASSERTION},
        {"/vocab/content", VOCABULARY_CONTENT},
    };
    for (size_t i = 0; i < sizeof vocabularies / sizeof vocabularies[0]; i++)
        if (view_ends(uri, view_of(vocabularies[i].name)))
            return vocabularies[i].bits;
    return 0;
}

static const struct json *find_document(const struct compile *compile, struct view uri)
{
    const struct schema_options *options = compile->options;

    for (size_t i = 0; i < options->document_count; i++) {
        struct view known = options->documents[i].uri;
        if (view_equal(view_slice(known, 0, view_find_byte(known, '#')), uri))
            return options->documents[i].root;
    }
    return NULL;
}

/* What $schema says; a metaschema of the user's is looked up for its own $schema and
 * $vocabulary. */
static int read_dialect(struct compile *compile, const struct json *root, unsigned levels,
                        struct dialect *dialect)
{
    const struct json *value = json_get(root, "$schema");

    if (value == NULL)
        return 0;
    if (value->kind != JSON_STRING)
        return schema_wrong(compile, NULL, value, ERR_CONFIG, "must be a string, is %s",
                            json_kind_name(value->kind));
    struct view uri = view_slice(value->text, 0, view_find_byte(value->text, '#'));
    for (size_t i = 0; i < sizeof known_drafts / sizeof known_drafts[0]; i++) {
        if (view_is(uri, known_drafts[i].uri)) {
            *dialect = (struct dialect){known_drafts[i].draft, ALL_VOCABULARIES};
            return 0;
        }
    }
    const struct json *metaschema = find_document(compile, uri);
    if (metaschema == NULL || levels == 0)
        return schema_wrong(compile, NULL, value, ERR_UNSUPPORTED,
                            "'%.*s' is not known here; write %s, or hand its document in",
                            VIEW_ARG(uri), known_drafts[0].uri);
    int code = read_dialect(compile, metaschema, levels - 1, dialect);
    const struct json *vocabularies = json_get(metaschema, "$vocabulary");
    if (code != 0 || !json_is(vocabularies, JSON_OBJECT))
        return code;
    dialect->vocabularies = VOCABULARY_CORE;
    for (const struct json *one = vocabularies->child; one != NULL; one = one->next) {
        unsigned bits = vocabulary_bit(one->key);
        if (bits == 0 && one->kind == JSON_TRUE && !view_ends(one->key, view_of("meta-data")))
            return schema_wrong(compile, NULL, value, ERR_UNSUPPORTED,
                                "its metaschema requires the vocabulary '%.*s', unknown here",
                                VIEW_ARG(one->key));
        dialect->vocabularies |= bits;
    }
    return 0;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

struct schema_node *schema_find_node(const struct schema *schema, const struct json *json)
{
    return map_get(&schema->nodes, view_make(&json, sizeof json));
}

static int add_anchor(struct compile *compile, struct schema_node *node, struct view name,
                      bool dynamic)
{
    struct schema_anchor *anchor = arena_new(&compile->schema->arena, 1, sizeof *anchor);

    if (anchor == NULL)
        return no_memory(compile);
    anchor->name = name;
    anchor->node = node;
    anchor->dynamic = dynamic;
    anchor->next = node->resource->anchors;
    node->resource->anchors = anchor;
    return 0;
}

static int add_resource(struct compile *compile, struct view uri, const struct json *root,
                        const struct dialect *dialect, struct schema_resource **ret_resource)
{
    struct schema_resource *resource = arena_new(&compile->schema->arena, 1, sizeof *resource);

    if (resource == NULL)
        return no_memory(compile);
    resource->uri = uri;
    resource->root = root;
    resource->dialect = *dialect;
    if (map_get(&compile->schema->resources, uri) == NULL) {
        int code = map_put(&compile->schema->resources, uri, resource);
        if (code != 0)
            return no_memory(compile);
    }
    *ret_resource = resource;
    return 0;
}

/* $id: a resource of its own, or in draft 7 ("#name") an anchor. */
static int read_id(struct compile *compile, struct schema_node *node)
{
    const struct json *id = json_get(node->json, "$id");
    struct schema_resource *resource = node->resource;
    struct dialect dialect = resource->dialect;
    struct view uri;

    if (id == NULL)
        return 0;
    if (id->kind != JSON_STRING)
        return schema_wrong(compile, node, id, ERR_CONFIG, "must be a string, is %s",
                            json_kind_name(id->kind));
    size_t hash = view_find_byte(id->text, '#');
    if (hash > 0) {
        int code = schema_uri_resolve(&compile->schema->arena, resource->uri, id->text, &uri);
        if (code != 0)
            return no_memory(compile);
        code = read_dialect(compile, node->json, 2, &dialect);
        if (code == 0)
            code = add_resource(compile, uri, node->json, &dialect, &node->resource);
        if (code != 0)
            return code;
    }
    if (dialect.draft == SCHEMA_DRAFT_7 && hash + 1 < id->text.len)
        return add_anchor(compile, node, view_slice(id->text, hash + 1, id->text.len), false);
    return 0;
}

static int read_anchors(struct compile *compile, struct schema_node *node)
{
    static const struct {
        const char *keyword;
        unsigned drafts;
        bool dynamic;
    } kinds[] = {
        {"$anchor", 1u << SCHEMA_2020_12 | 1u << SCHEMA_2019_09, false},
        {"$dynamicAnchor", 1u << SCHEMA_2020_12, true},
    };
    enum schema_draft draft = node->resource->dialect.draft;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct json *name = json_get(node->json, kinds[i].keyword);
        if (name == NULL || (kinds[i].drafts >> draft & 1) == 0)
            continue;
        if (name->kind != JSON_STRING || name->text.len == 0)
            return schema_wrong(compile, node, name, ERR_CONFIG, "must be a name");
        int code = add_anchor(compile, node, name->text, kinds[i].dynamic);
        if (code != 0)
            return code;
    }
    if (draft == SCHEMA_2019_09 && json_bool(json_get(node->json, "$recursiveAnchor"), false))
        return add_anchor(compile, node, view_of(""), true);
    return 0;
}

static int visit(struct compile *compile, const struct json *json, const struct schema_node *parent,
                 struct view keyword, struct view token, struct schema_resource *resource,
                 struct schema_node **ret_node);

/* The subschemas in the value of one keyword. */
static int visit_value(struct compile *compile, const struct schema_node *node,
                       const struct json *value, enum shape shape)
{
    bool one =
        shape == SHAPE_SCHEMA || (shape == SHAPE_SCHEMA_OR_SCHEMAS && value->kind != JSON_ARRAY);
    bool list = shape == SHAPE_SCHEMAS || shape == SHAPE_SCHEMA_OR_SCHEMAS;
    bool names =
        shape == SHAPE_SCHEMA_MAP || shape == SHAPE_PATTERN_MAP || shape == SHAPE_DEPENDENCIES;
    struct schema_node *ignored;

    if (one)
        return visit(compile, value, node, value->key, (struct view){NULL, 0}, node->resource,
                     &ignored);
    if ((!list || value->kind != JSON_ARRAY) && (!names || value->kind != JSON_OBJECT))
        return 0;
    size_t index = 0;
    for (const struct json *child = value->child; child != NULL; child = child->next, index++) {
        struct view token = child->key;
        if (shape == SHAPE_DEPENDENCIES && child->kind == JSON_ARRAY)
            continue;
        if (list)
            token = view_of(arena_printf(&compile->schema->arena, "%zu", index));
        if (token.ptr == NULL && list)
            return no_memory(compile);
        int code = visit(compile, child, node, value->key, token.ptr != NULL ? token : view_of(""),
                         node->resource, &ignored);
        if (code != 0)
            return code;
    }
    return 0;
}

static int visit_keywords(struct compile *compile, const struct schema_node *node)
{
    for (size_t i = 0; i < KEYWORDS; i++) {
        const struct keyword *keyword = &schema_keywords[i];
        const struct json *value = json_get(node->json, keyword->name);
        if (value == NULL || (keyword->drafts >> node->resource->dialect.draft & 1) == 0)
            continue;
        int code = visit_value(compile, node, value, keyword->shape);
        if (code != 0)
            return code;
    }
    return 0;
}

static int visit(struct compile *compile, const struct json *json, const struct schema_node *parent,
                 struct view keyword, struct view token, struct schema_resource *resource,
                 struct schema_node **ret_node)
{
    struct schema *schema = compile->schema;
    struct schema_node *node = schema_find_node(schema, json);

    *ret_node = node;
    if (node != NULL)
        return 0;
    node = arena_new(&schema->arena, 1, sizeof *node);
    if (node == NULL)
        return no_memory(compile);
    *node = (struct schema_node){
        .json = json, .resource = resource, .parent = parent, .keyword = keyword, .token = token};
    if (json->kind != JSON_OBJECT && json->kind != JSON_TRUE && json->kind != JSON_FALSE)
        return schema_wrong(compile, node, json, ERR_CONFIG,
                            "a schema is an object, true or false; this is %s",
                            json_kind_name(json->kind));
    if (map_put(&schema->nodes, view_make(&node->json, sizeof node->json), node) != 0)
        return no_memory(compile);
    if (schema->last != NULL)
        schema->last->next = node;
    else
        schema->first = node;
    schema->last = node;
    schema->node_count++;
    *ret_node = node;
    if (json->kind != JSON_OBJECT)
        return 0;
    int code = 0;
    if (resource->dialect.draft != SCHEMA_DRAFT_7 || json_get(json, "$ref") == NULL)
        code = read_id(compile, node);
    if (code == 0)
        code = read_anchors(compile, node);
    return code != 0 ? code : visit_keywords(compile, node);
}

int schema_node_at(struct compile *compile, const struct json *json,
                   struct schema_resource *resource, struct schema_node **ret_node)
{
    return visit(compile, json, NULL, (struct view){NULL, 0}, (struct view){NULL, 0}, resource,
                 ret_node);
}

int schema_load(struct compile *compile, struct view uri, const struct json *root,
                const struct dialect *dialect, struct schema_node **ret_root)
{
    struct dialect own = *dialect;
    struct schema_resource *resource;
    int code = read_dialect(compile, root, 2, &own);

    if (code == 0)
        code = add_resource(compile, uri, root, &own, &resource);
    if (code != 0)
        return code;
    return schema_node_at(compile, root, resource, ret_root);
}

/* ---- references ----------------------------------------------------------------------------- */

/* A metaschema of the library: its text has ' where JSON has ". */
static int parse_meta(struct compile *compile, struct view uri, const char *text,
                      struct json **ret_root)
{
    char *copy = arena_string(&compile->schema->arena, view_of(text));

    if (copy == NULL)
        return no_memory(compile);
    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    int code = json_parse(&compile->schema->arena, view_of(copy), ret_root, compile->err);
    return code != 0 ? fail_within(compile->err, code, "%.*s: ", VIEW_ARG(uri)) : 0;
}

static int find_resource(struct compile *compile, const struct schema_node *node,
                         const struct json *value, struct view uri,
                         struct schema_resource **ret_resource)
{
    struct dialect dialect = {compile->options->draft, ALL_VOCABULARIES};
    struct schema_node *root;
    struct json *parsed;

    const struct schema_resource *known = map_get(&compile->schema->resources, uri);
    if (known != NULL) { /* by the $id it has inside, where that is another */
        *ret_resource = schema_find_node(compile->schema, known->root)->resource;
        return 0;
    }
    const struct json *document = find_document(compile, uri);
    const char *meta = document == NULL ? schema_meta_text(uri) : NULL;
    if (meta != NULL) {
        int code = parse_meta(compile, uri, meta, &parsed);
        if (code != 0)
            return code;
        document = parsed;
    }
    if (document == NULL)
        return schema_wrong(compile, node, value, ERR_CONFIG,
                            "refers to '%.*s', which is not in this schema and was not handed in",
                            VIEW_ARG(uri));
    int code = schema_load(compile, uri, document, &dialect, &root);
    if (code != 0)
        return code;
    *ret_resource = root->resource;
    return 0;
}

/* One reference token, ~1 and ~0 taken out. */
static const struct json *pointer_step(struct arena *arena, const struct json *at,
                                       struct view token)
{
    char *name = arena_new(arena, token.len + 1, 1);
    size_t len = 0;
    int64_t index;

    if (name == NULL)
        return NULL;
    for (size_t i = 0; i < token.len; i++) {
        bool escape = token.ptr[i] == '~' && i + 1 < token.len;
        char c = token.ptr[i];
        if (escape)
            c = token.ptr[++i] == '1' ? '/' : '~';
        name[len++] = c;
    }
    if (at->kind == JSON_OBJECT)
        return json_get_view(at, view_make(name, len));
    if (at->kind != JSON_ARRAY || view_to_int(view_make(name, len), &index) != 0 || index < 0)
        return NULL;
    const struct json *child = at->child;
    while (child != NULL && index-- > 0)
        child = child->next;
    return child;
}

static int follow_pointer(struct compile *compile, const struct schema_node *node,
                          const struct json *value, struct schema_resource *resource,
                          struct view pointer, struct schema_node **ret_node)
{
    const struct json *at = resource->root;
    struct view rest = view_slice(pointer, 1, pointer.len);
    struct view whole = pointer;

    while (pointer.len != 0 && rest.ptr != NULL && at != NULL) {
        at = pointer_step(&compile->schema->arena, at, view_split(&rest, '/'));
        const struct schema_node *known = at != NULL ? schema_find_node(compile->schema, at) : NULL;
        if (known != NULL)
            resource = known->resource;
    }
    if (at == NULL)
        return schema_wrong(compile, node, value, ERR_CONFIG, "refers to '%.*s', where nothing is",
                            VIEW_ARG(whole));
    return schema_node_at(compile, at, resource, ret_node);
}

static const struct schema_anchor *find_anchor(const struct schema_resource *resource,
                                               struct view name)
{
    for (const struct schema_anchor *one = resource->anchors; one != NULL; one = one->next)
        if (view_equal(one->name, name))
            return one;
    return NULL;
}

static bool has_dynamic_anchor(const struct schema_resource *resource, struct view name,
                               const struct schema_node *node)
{
    for (const struct schema_anchor *one = resource->anchors; one != NULL; one = one->next)
        if (one->dynamic && view_equal(one->name, name) && one->node == node)
            return true;
    return false;
}

int schema_resolve(struct compile *compile, const struct schema_node *node,
                   struct schema_rule *rule)
{
    struct arena *arena = &compile->schema->arena;
    struct view reference = rule->value->text;
    size_t hash = view_find_byte(reference, '#');
    struct view fragment = view_slice(reference, hash + 1, reference.len);
    struct schema_resource *resource;
    struct schema_node *target = NULL;
    struct view uri;

    if (reference.len > URI_TEXT_MAX)
        return schema_wrong(compile, node, rule->value, ERR_LIMIT, "is longer than %d bytes",
                            URI_TEXT_MAX);
    if (schema_uri_resolve(arena, node->resource->uri, reference, &uri) != 0
        || schema_uri_decode(arena, fragment, &fragment) != 0)
        return no_memory(compile);
    resource = node->resource; /* the same document, even where another has its URI */
    int code = 0;
    if (!view_equal(uri, resource->uri))
        code = find_resource(compile, node, rule->value, uri, &resource);
    if (code != 0)
        return code;
    if (fragment.len == 0 || fragment.ptr[0] == '/') {
        code = follow_pointer(compile, node, rule->value, resource, fragment, &target);
    } else {
        const struct schema_anchor *anchor = find_anchor(resource, fragment);
        if (anchor == NULL)
            return schema_wrong(compile, node, rule->value, ERR_CONFIG,
                                "refers to the anchor '%.*s', which nothing has",
                                VIEW_ARG(fragment));
        target = anchor->node;
    }
    if (code != 0)
        return code;
    rule->children[0].node = target;
    bool by_anchor = rule->id == K_DYNAMIC_REF && fragment.len != 0 && fragment.ptr[0] != '/';
    rule->anchor = by_anchor ? fragment : view_of("");
    rule->dynamic = (by_anchor || rule->id == K_RECURSIVE_REF)
                    && has_dynamic_anchor(target->resource, rule->anchor, target);
    return 0;
}
