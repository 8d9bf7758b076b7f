/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_keywords: the table of keywords, and a node's keywords made into rules; see
 * schema_internal.h.
 *
 * The order of the table is the order of evaluation: what marks members and elements as looked at
 * stands before what asks for the rest. Memory: the schema's arena. Threads: as schema_load. */
#include <stdlib.h>

#include "text/schema_internal.h"

enum {
    D7 = 1u << SCHEMA_DRAFT_7,
    D19 = 1u << SCHEMA_2019_09,
    D20 = 1u << SCHEMA_2020_12,
    ALL = D7 | D19 | D20,
    D19_ON = D19 | D20,
    TO_D19 = D7 | D19,
};

enum {
    NUMBERS = 1u << JSON_NUMBER,
    STRINGS = 1u << JSON_STRING,
    ARRAYS = 1u << JSON_ARRAY,
    OBJECTS = 1u << JSON_OBJECT,
    ANYTHING =
        1u << JSON_NULL | 1u << JSON_FALSE | 1u << JSON_TRUE | NUMBERS | STRINGS | ARRAYS | OBJECTS,
    NOTHING = 0,
};

/* Rows: what looks at the same value (HERE), what does not (ROW), and what another keyword reads
 * (PART, its subschemas in place where it says so). */
#define ENTRY(id, name, drafts, kinds, vocabulary, shape, in_place, check) \
    [K_##id] = {name, drafts, kinds, VOCABULARY_##vocabulary, SHAPE_##shape, in_place, check}
#define HERE(id, name, drafts, kinds, vocabulary, shape, check) \
    ENTRY(id, name, drafts, kinds, vocabulary, shape, true, schema_check_##check)
#define ROW(id, name, drafts, kinds, vocabulary, shape, check) \
    ENTRY(id, name, drafts, kinds, vocabulary, shape, false, schema_check_##check)
#define PART(id, name, drafts, vocabulary, shape, in_place) \
    ENTRY(id, name, drafts, NOTHING, vocabulary, shape, in_place, NULL)

const struct keyword schema_keywords[KEYWORDS] = {
    HERE(REF, "$ref", ALL, ANYTHING, CORE, REFERENCE, reference),
    HERE(DYNAMIC_REF, "$dynamicRef", D20, ANYTHING, CORE, REFERENCE, reference),
    HERE(RECURSIVE_REF, "$recursiveRef", D19, ANYTHING, CORE, REFERENCE, reference),
    PART(DEFS, "$defs", ALL, CORE, SCHEMA_MAP, false),
    PART(DEFINITIONS, "definitions", ALL, CORE, SCHEMA_MAP, false),
    ROW(TYPE, "type", ALL, ANYTHING, VALIDATION, TYPE, type),
    ROW(ENUM, "enum", ALL, ANYTHING, VALIDATION, VALUES, enum),
    ROW(CONST, "const", ALL, ANYTHING, VALIDATION, VALUE, const),
    ROW(MULTIPLE_OF, "multipleOf", ALL, NUMBERS, VALIDATION, DIVISOR, multiple_of),
    ROW(MAXIMUM, "maximum", ALL, NUMBERS, VALIDATION, NUMBER, bound),
    ROW(EXCLUSIVE_MAXIMUM, "exclusiveMaximum", ALL, NUMBERS, VALIDATION, NUMBER, bound),
    ROW(MINIMUM, "minimum", ALL, NUMBERS, VALIDATION, NUMBER, bound),
    ROW(EXCLUSIVE_MINIMUM, "exclusiveMinimum", ALL, NUMBERS, VALIDATION, NUMBER, bound),
    ROW(MAX_LENGTH, "maxLength", ALL, STRINGS, VALIDATION, COUNT, length),
    ROW(MIN_LENGTH, "minLength", ALL, STRINGS, VALIDATION, COUNT, length),
    ROW(PATTERN, "pattern", ALL, STRINGS, VALIDATION, PATTERN, pattern),
    ROW(FORMAT, "format", ALL, STRINGS, FORMAT, FORMAT, format),
    ROW(MAX_ITEMS, "maxItems", ALL, ARRAYS, VALIDATION, COUNT, size),
    ROW(MIN_ITEMS, "minItems", ALL, ARRAYS, VALIDATION, COUNT, size),
    ROW(UNIQUE_ITEMS, "uniqueItems", ALL, ARRAYS, VALIDATION, BOOLEAN, unique),
    ROW(MAX_PROPERTIES, "maxProperties", ALL, OBJECTS, VALIDATION, COUNT, size),
    ROW(MIN_PROPERTIES, "minProperties", ALL, OBJECTS, VALIDATION, COUNT, size),
    ROW(REQUIRED, "required", ALL, OBJECTS, VALIDATION, NAMES, required),
    ROW(DEPENDENT_REQUIRED, "dependentRequired", D19_ON, OBJECTS, VALIDATION, NAMES_MAP,
        dependent_required),
    ROW(PREFIX_ITEMS, "prefixItems", D20, ARRAYS, APPLICATOR, SCHEMAS, prefix_items),
    ROW(ITEMS, "items", D20, ARRAYS, APPLICATOR, SCHEMA, items),
    ROW(ITEMS_OLD, "items", TO_D19, ARRAYS, APPLICATOR, SCHEMA_OR_SCHEMAS, items_old),
    ROW(ADDITIONAL_ITEMS, "additionalItems", TO_D19, ARRAYS, APPLICATOR, SCHEMA, additional_items),
    PART(MIN_CONTAINS, "minContains", D19_ON, VALIDATION, COUNT, false),
    PART(MAX_CONTAINS, "maxContains", D19_ON, VALIDATION, COUNT, false),
    ROW(CONTAINS, "contains", ALL, ARRAYS, APPLICATOR, SCHEMA, contains),
    ROW(PROPERTIES, "properties", ALL, OBJECTS, APPLICATOR, SCHEMA_MAP, properties),
    ROW(PATTERN_PROPERTIES, "patternProperties", ALL, OBJECTS, APPLICATOR, PATTERN_MAP,
        pattern_properties),
    ROW(ADDITIONAL_PROPERTIES, "additionalProperties", ALL, OBJECTS, APPLICATOR, SCHEMA,
        additional_properties),
    ROW(PROPERTY_NAMES, "propertyNames", ALL, OBJECTS, APPLICATOR, SCHEMA, property_names),
    HERE(DEPENDENT_SCHEMAS, "dependentSchemas", D19_ON, OBJECTS, APPLICATOR, SCHEMA_MAP,
         dependencies),
    HERE(DEPENDENCIES, "dependencies", ALL, OBJECTS, APPLICATOR, DEPENDENCIES, dependencies),
    HERE(ALL_OF, "allOf", ALL, ANYTHING, APPLICATOR, SCHEMAS, all_of),
    HERE(ANY_OF, "anyOf", ALL, ANYTHING, APPLICATOR, SCHEMAS, any_of),
    HERE(ONE_OF, "oneOf", ALL, ANYTHING, APPLICATOR, SCHEMAS, one_of),
    HERE(NOT, "not", ALL, ANYTHING, APPLICATOR, SCHEMA, opposite),
    PART(THEN, "then", ALL, APPLICATOR, SCHEMA, true),
    PART(ELSE, "else", ALL, APPLICATOR, SCHEMA, true),
    HERE(IF, "if", ALL, ANYTHING, APPLICATOR, SCHEMA, if),
    PART(CONTENT_SCHEMA, "contentSchema", D19_ON, CONTENT, SCHEMA, false),
    ROW(UNEVALUATED_ITEMS, "unevaluatedItems", D19_ON, ARRAYS, UNEVALUATED, SCHEMA, unevaluated),
    ROW(UNEVALUATED_PROPERTIES, "unevaluatedProperties", D19_ON, OBJECTS, UNEVALUATED, SCHEMA,
        unevaluated),
};

bool schema_keyword_holds(const struct keyword *keyword, const struct dialect *dialect)
{
    unsigned vocabulary = keyword->vocabulary;

    if (dialect->draft == SCHEMA_2019_09 && vocabulary == VOCABULARY_UNEVALUATED)
        vocabulary = VOCABULARY_APPLICATOR; /* where 2019-09 has it */
    return (keyword->drafts >> dialect->draft & 1) != 0
           && (dialect->vocabularies & vocabulary) != 0;
}

/* ---- reading values ------------------------------------------------------------------------- */

struct reading {
    struct compile *compile;
    struct schema_node *node;
    struct schema_rule *rule;
};

static int wrong(const struct reading *reading, const struct json *value, const char *expected)
{
    return schema_wrong(reading->compile, reading->node, value, ERR_CONFIG, "must be %s, is %s",
                        expected, json_kind_name(value->kind));
}

static int no_memory(const struct reading *reading)
{
    return schema_wrong(reading->compile, reading->node, NULL, ERR_MEMORY,
                        "no room to compile the schema");
}

static int make_children(const struct reading *reading, size_t count)
{
    struct schema_rule *rule = reading->rule;

    rule->children = arena_new(&reading->compile->schema->arena, count, sizeof *rule->children);
    rule->child_count = count;
    return rule->children != NULL ? 0 : no_memory(reading);
}

static int read_schema(const struct reading *reading)
{
    int code = make_children(reading, 1);

    if (code == 0)
        reading->rule->children[0].node =
            schema_find_node(reading->compile->schema, reading->rule->value);
    return code;
}

static int read_schemas(const struct reading *reading)
{
    const struct json *value = reading->rule->value;
    size_t index = 0;

    if (value->kind != JSON_ARRAY || (value->count == 0 && reading->rule->id != K_ITEMS_OLD))
        return wrong(reading, value, "a list of at least one schema");
    int code = make_children(reading, value->count);
    for (const struct json *one = value->child; code == 0 && one != NULL; one = one->next) {
        struct view token = view_of(arena_printf(&reading->compile->schema->arena, "%zu", index));
        if (token.ptr == NULL)
            return no_memory(reading);
        reading->rule->children[index++] = (struct schema_child){
            .name = token, .node = schema_find_node(reading->compile->schema, one)};
    }
    return code;
}

static int read_schema_or_schemas(const struct reading *reading)
{
    reading->rule->is_list = reading->rule->value->kind == JSON_ARRAY;
    return reading->rule->is_list ? read_schemas(reading) : read_schema(reading);
}

static int check_names(const struct reading *reading, const struct json *list)
{
    if (list->kind != JSON_ARRAY)
        return wrong(reading, list, "a list of strings");
    for (const struct json *name = list->child; name != NULL; name = name->next)
        if (name->kind != JSON_STRING)
            return wrong(reading, name, "a string");
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return view_compare(((const struct schema_child *)a)->name,
                        ((const struct schema_child *)b)->name);
}

/* Members: schemas, lists of names, or in `dependencies` either. Of two with one name the last
 * counts, as json_get has it. */
static int read_map(const struct reading *reading)
{
    const struct json *value = reading->rule->value;
    enum shape shape = schema_keywords[reading->rule->id].shape;
    size_t count = 0;

    if (value->kind != JSON_OBJECT)
        return wrong(reading, value, "an object");
    int code = make_children(reading, value->count);
    for (const struct json *one = value->child; code == 0 && one != NULL; one = one->next) {
        bool names =
            shape == SHAPE_NAMES_MAP || (shape == SHAPE_DEPENDENCIES && one->kind == JSON_ARRAY);
        if (json_get_view(value, one->key) != one)
            continue;
        struct schema_child *child = &reading->rule->children[count++];
        child->name = one->key.ptr != NULL ? one->key : view_of("");
        if (names) {
            child->names = one;
            code = check_names(reading, one);
        } else {
            child->node = schema_find_node(reading->compile->schema, one);
        }
    }
    reading->rule->child_count = count;
    if (code == 0)
        qsort(reading->rule->children, count, sizeof *reading->rule->children, by_name);
    return code;
}

static int compile_pattern(const struct reading *reading, const struct json *where,
                           struct view source, const struct pcre2_real_code_8 **ret_pattern)
{
    struct err err;
    int code = schema_pattern_compile(&reading->compile->schema->arena, source, ret_pattern, &err);

    if (code == 0)
        return 0;
    return schema_wrong(reading->compile, reading->node, where, code, "%s", err.text);
}

static int read_pattern_map(const struct reading *reading)
{
    int code = read_map(reading);

    for (size_t i = 0; code == 0 && i < reading->rule->child_count; i++)
        code = compile_pattern(reading, reading->rule->value, reading->rule->children[i].name,
                               &reading->rule->children[i].pattern);
    return code;
}

static int read_reference(const struct reading *reading)
{
    const struct json *value = reading->rule->value;

    if (value->kind != JSON_STRING)
        return wrong(reading, value, "a string");
    int code = make_children(reading, 1);
    return code != 0 ? code : schema_resolve(reading->compile, reading->node, reading->rule);
}

static int read_type(const struct reading *reading)
{
    static const struct {
        const char *name;
        unsigned kinds;
    } types[] = {
        {"null", 1u << JSON_NULL},
        {"boolean", 1u << JSON_FALSE | 1u << JSON_TRUE},
        {"number", 1u << JSON_NUMBER | TYPE_INTEGER},
        {"integer", TYPE_INTEGER},
        {"string", 1u << JSON_STRING},
        {"array", 1u << JSON_ARRAY},
        {"object", 1u << JSON_OBJECT},
    };
    const struct json *value = reading->rule->value;
    const struct json *one = value->kind == JSON_ARRAY ? value->child : value;

    if (one == NULL)
        return wrong(reading, value, "a type or a list of at least one");
    for (; one != NULL; one = value->kind == JSON_ARRAY ? one->next : NULL) {
        unsigned kinds = 0;
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            if (one->kind == JSON_STRING && view_is(one->text, types[i].name))
                kinds = types[i].kinds;
        if (kinds == 0)
            return schema_wrong(reading->compile, reading->node, value, ERR_CONFIG,
                                "must name types: null, boolean, number, integer, string, array, "
                                "object");
        reading->rule->kinds |= kinds;
    }
    return 0;
}

static int read_values(const struct reading *reading)
{
    if (reading->rule->value->kind != JSON_ARRAY)
        return wrong(reading, reading->rule->value, "a list of values");
    return 0;
}

static int read_anything(const struct reading *reading)
{
    (void)reading;
    return 0;
}

static int read_number(const struct reading *reading)
{
    const struct json *value = reading->rule->value;

    if (value->kind != JSON_NUMBER || json_decimal_read(value->text, &reading->rule->number) != 0)
        return wrong(reading, value, "a number");
    return 0;
}

static int read_divisor(const struct reading *reading)
{
    int code = read_number(reading);

    if (code != 0)
        return code;
    if (reading->rule->number.count == 0 || reading->rule->number.negative)
        return schema_wrong(reading->compile, reading->node, reading->rule->value, ERR_CONFIG,
                            "must be above 0");
    if (reading->rule->number.count > JSON_DIVISOR_DIGITS_MAX)
        return schema_wrong(reading->compile, reading->node, reading->rule->value, ERR_LIMIT,
                            "has more than %d digits", JSON_DIVISOR_DIGITS_MAX);
    return 0;
}

static int read_count(const struct reading *reading)
{
    struct json_decimal decimal;
    const struct json *value = reading->rule->value;
    int64_t count = INT64_MAX;

    if (value->kind != JSON_NUMBER || json_decimal_read(value->text, &decimal) != 0)
        return wrong(reading, value, "a whole number");
    if (!json_decimal_is_whole(&decimal) || (decimal.negative && decimal.count != 0))
        return schema_wrong(reading->compile, reading->node, value, ERR_CONFIG,
                            "must be a whole number from 0");
    if (json_decimal_to_int(&decimal, &count) != 0)
        count = INT64_MAX; /* nothing is longer either way */
    reading->rule->count = (uint64_t)count;
    return 0;
}

static int read_pattern(const struct reading *reading)
{
    const struct json *value = reading->rule->value;

    if (value->kind != JSON_STRING)
        return wrong(reading, value, "a string");
    return compile_pattern(reading, value, value->text, &reading->rule->pattern);
}

static int read_format(const struct reading *reading)
{
    const struct dialect *dialect = &reading->node->resource->dialect;
    const struct json *value = reading->rule->value;

    if (value->kind != JSON_STRING)
        return wrong(reading, value, "a string");
    if (reading->compile->options->assert_formats
        || (dialect->vocabularies & VOCABULARY_FORMAT_ASSERTION) != 0)
        reading->rule->format = schema_format_named(value->text);
    return 0;
}

static int read_names(const struct reading *reading)
{
    return check_names(reading, reading->rule->value);
}

static int read_boolean(const struct reading *reading)
{
    const struct json *value = reading->rule->value;

    if (value->kind != JSON_TRUE && value->kind != JSON_FALSE)
        return wrong(reading, value, "true or false");
    return 0;
}

static int (*const readers[SHAPES])(const struct reading *) = {
    [SHAPE_SCHEMA] = read_schema,
    [SHAPE_SCHEMAS] = read_schemas,
    [SHAPE_SCHEMA_MAP] = read_map,
    [SHAPE_PATTERN_MAP] = read_pattern_map,
    [SHAPE_SCHEMA_OR_SCHEMAS] = read_schema_or_schemas,
    [SHAPE_DEPENDENCIES] = read_map,
    [SHAPE_NAMES_MAP] = read_map,
    [SHAPE_REFERENCE] = read_reference,
    [SHAPE_TYPE] = read_type,
    [SHAPE_VALUES] = read_values,
    [SHAPE_VALUE] = read_anything,
    [SHAPE_NUMBER] = read_number,
    [SHAPE_DIVISOR] = read_divisor,
    [SHAPE_COUNT] = read_count,
    [SHAPE_PATTERN] = read_pattern,
    [SHAPE_FORMAT] = read_format,
    [SHAPE_NAMES] = read_names,
    [SHAPE_BOOLEAN] = read_boolean,
};

/* ---- rules ---------------------------------------------------------------------------------- */

int schema_compile_node(struct compile *compile, struct schema_node *node)
{
    const struct dialect *dialect = &node->resource->dialect;
    struct schema_rule rules[KEYWORDS];
    size_t count = 0;
    bool only_ref = dialect->draft == SCHEMA_DRAFT_7 && json_get(node->json, "$ref") != NULL;

    if (node->json->kind != JSON_OBJECT)
        return 0;
    for (size_t i = 0; i < (only_ref ? 1 : (size_t)KEYWORDS); i++) {
        const struct json *value = json_get(node->json, schema_keywords[i].name);
        if (value == NULL || !schema_keyword_holds(&schema_keywords[i], dialect))
            continue;
        struct schema_rule *rule = &rules[count++];
        *rule = (struct schema_rule){.id = (enum keyword_id)i, .value = value};
        struct reading reading = {compile, node, rule};
        int code = readers[schema_keywords[i].shape](&reading);
        if (code != 0)
            return code;
        if (i == K_UNEVALUATED_ITEMS || i == K_UNEVALUATED_PROPERTIES)
            node->looks_for_unevaluated = true;
    }
    if (count == 0)
        return 0;
    node->rules = arena_new(&compile->schema->arena, count, sizeof *node->rules);
    if (node->rules == NULL)
        return schema_wrong(compile, node, NULL, ERR_MEMORY, "no room to compile the schema");
    memcpy(node->rules, rules, count * sizeof *rules);
    node->rule_count = count;
    return 0;
}

const struct schema_rule *schema_sibling(const struct schema_node *node, enum keyword_id id)
{
    for (size_t i = 0; i < node->rule_count; i++)
        if (node->rules[i].id == id)
            return &node->rules[i];
    return NULL;
}

const struct schema_child *schema_child_named(const struct schema_rule *rule, struct view name)
{
    size_t from = 0;
    size_t to = rule->child_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = view_compare(rule->children[middle].name, name);
        if (order == 0)
            return &rule->children[middle];
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}
