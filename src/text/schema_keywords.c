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

/* clang-format off */
#define CORE VOCABULARY_CORE
#define APPLY VOCABULARY_APPLICATOR
#define CHECK VOCABULARY_VALIDATION
const struct keyword schema_keywords[KEYWORDS] = {
    [K_REF] = {"$ref", ALL, ANYTHING, CORE, SHAPE_REFERENCE, true, schema_check_reference},
    [K_DYNAMIC_REF] = {"$dynamicRef", D20, ANYTHING, CORE, SHAPE_REFERENCE, true, schema_check_reference},
    [K_RECURSIVE_REF] = {"$recursiveRef", D19, ANYTHING, CORE, SHAPE_REFERENCE, true, schema_check_reference},
    [K_DEFS] = {"$defs", ALL, NOTHING, CORE, SHAPE_SCHEMA_MAP, false, NULL},
    [K_DEFINITIONS] = {"definitions", ALL, NOTHING, CORE, SHAPE_SCHEMA_MAP, false, NULL},
    [K_TYPE] = {"type", ALL, ANYTHING, CHECK, SHAPE_TYPE, false, schema_check_type},
    [K_ENUM] = {"enum", ALL, ANYTHING, CHECK, SHAPE_VALUES, false, schema_check_enum},
    [K_CONST] = {"const", ALL, ANYTHING, CHECK, SHAPE_VALUE, false, schema_check_const},
    [K_MULTIPLE_OF] = {"multipleOf", ALL, NUMBERS, CHECK, SHAPE_DIVISOR, false, schema_check_multiple_of},
    [K_MAXIMUM] = {"maximum", ALL, NUMBERS, CHECK, SHAPE_NUMBER, false, schema_check_bound},
    [K_EXCLUSIVE_MAXIMUM] = {"exclusiveMaximum", ALL, NUMBERS, CHECK, SHAPE_NUMBER, false, schema_check_bound},
    [K_MINIMUM] = {"minimum", ALL, NUMBERS, CHECK, SHAPE_NUMBER, false, schema_check_bound},
    [K_EXCLUSIVE_MINIMUM] = {"exclusiveMinimum", ALL, NUMBERS, CHECK, SHAPE_NUMBER, false, schema_check_bound},
    [K_MAX_LENGTH] = {"maxLength", ALL, STRINGS, CHECK, SHAPE_COUNT, false, schema_check_length},
    [K_MIN_LENGTH] = {"minLength", ALL, STRINGS, CHECK, SHAPE_COUNT, false, schema_check_length},
    [K_PATTERN] = {"pattern", ALL, STRINGS, CHECK, SHAPE_PATTERN, false, schema_check_pattern},
    [K_FORMAT] = {"format", ALL, STRINGS, VOCABULARY_FORMAT, SHAPE_FORMAT, false, schema_check_format},
    [K_MAX_ITEMS] = {"maxItems", ALL, ARRAYS, CHECK, SHAPE_COUNT, false, schema_check_size},
    [K_MIN_ITEMS] = {"minItems", ALL, ARRAYS, CHECK, SHAPE_COUNT, false, schema_check_size},
    [K_UNIQUE_ITEMS] = {"uniqueItems", ALL, ARRAYS, CHECK, SHAPE_BOOLEAN, false, schema_check_unique},
    [K_MAX_PROPERTIES] = {"maxProperties", ALL, OBJECTS, CHECK, SHAPE_COUNT, false, schema_check_size},
    [K_MIN_PROPERTIES] = {"minProperties", ALL, OBJECTS, CHECK, SHAPE_COUNT, false, schema_check_size},
    [K_REQUIRED] = {"required", ALL, OBJECTS, CHECK, SHAPE_NAMES, false, schema_check_required},
    [K_DEPENDENT_REQUIRED] = {"dependentRequired", D19_ON, OBJECTS, CHECK, SHAPE_NAMES_MAP, false, schema_check_dependent_required},
    [K_PREFIX_ITEMS] = {"prefixItems", D20, ARRAYS, APPLY, SHAPE_SCHEMAS, false, schema_check_prefix_items},
    [K_ITEMS] = {"items", D20, ARRAYS, APPLY, SHAPE_SCHEMA, false, schema_check_items},
    [K_ITEMS_OLD] = {"items", TO_D19, ARRAYS, APPLY, SHAPE_SCHEMA_OR_SCHEMAS, false, schema_check_items_old},
    [K_ADDITIONAL_ITEMS] = {"additionalItems", TO_D19, ARRAYS, APPLY, SHAPE_SCHEMA, false, schema_check_additional_items},
    [K_MIN_CONTAINS] = {"minContains", D19_ON, NOTHING, CHECK, SHAPE_COUNT, false, NULL},
    [K_MAX_CONTAINS] = {"maxContains", D19_ON, NOTHING, CHECK, SHAPE_COUNT, false, NULL},
    [K_CONTAINS] = {"contains", ALL, ARRAYS, APPLY, SHAPE_SCHEMA, false, schema_check_contains},
    [K_PROPERTIES] = {"properties", ALL, OBJECTS, APPLY, SHAPE_SCHEMA_MAP, false, schema_check_properties},
    [K_PATTERN_PROPERTIES] = {"patternProperties", ALL, OBJECTS, APPLY, SHAPE_PATTERN_MAP, false, schema_check_pattern_properties},
    [K_ADDITIONAL_PROPERTIES] = {"additionalProperties", ALL, OBJECTS, APPLY, SHAPE_SCHEMA, false, schema_check_additional_properties},
    [K_PROPERTY_NAMES] = {"propertyNames", ALL, OBJECTS, APPLY, SHAPE_SCHEMA, false, schema_check_property_names},
    [K_DEPENDENT_SCHEMAS] = {"dependentSchemas", D19_ON, OBJECTS, APPLY, SHAPE_SCHEMA_MAP, true, schema_check_dependencies},
    [K_DEPENDENCIES] = {"dependencies", ALL, OBJECTS, APPLY, SHAPE_DEPENDENCIES, true, schema_check_dependencies},
    [K_ALL_OF] = {"allOf", ALL, ANYTHING, APPLY, SHAPE_SCHEMAS, true, schema_check_all_of},
    [K_ANY_OF] = {"anyOf", ALL, ANYTHING, APPLY, SHAPE_SCHEMAS, true, schema_check_any_of},
    [K_ONE_OF] = {"oneOf", ALL, ANYTHING, APPLY, SHAPE_SCHEMAS, true, schema_check_one_of},
    [K_NOT] = {"not", ALL, ANYTHING, APPLY, SHAPE_SCHEMA, true, schema_check_not},
    [K_THEN] = {"then", ALL, NOTHING, APPLY, SHAPE_SCHEMA, true, NULL},
    [K_ELSE] = {"else", ALL, NOTHING, APPLY, SHAPE_SCHEMA, true, NULL},
    [K_IF] = {"if", ALL, ANYTHING, APPLY, SHAPE_SCHEMA, true, schema_check_if},
    [K_CONTENT_SCHEMA] = {"contentSchema", D19_ON, NOTHING, VOCABULARY_CONTENT, SHAPE_SCHEMA, false, NULL},
    [K_UNEVALUATED_ITEMS] = {"unevaluatedItems", D19_ON, ARRAYS, VOCABULARY_UNEVALUATED, SHAPE_SCHEMA, false, schema_check_unevaluated},
    [K_UNEVALUATED_PROPERTIES] = {"unevaluatedProperties", D19_ON, OBJECTS, VOCABULARY_UNEVALUATED, SHAPE_SCHEMA, false, schema_check_unevaluated},
};
/* clang-format on */

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
