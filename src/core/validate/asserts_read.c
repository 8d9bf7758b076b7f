/* SPDX-License-Identifier: Apache-2.0
 *
 * asserts_read: the demands of `assert.NAME`, read and checked: what each type needs. */
#include "core/validate/asserts.h"

#include "text/pattern.h"
#include "text/schema.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum needs {
    NEEDS_VALUE,
    NEEDS_TEXT,
    NEEDS_TEXTS,
    NEEDS_TREE,
    NEEDS_BOUNDS,
    NEEDS_NOTHING,
    NEEDS_SET
};

static const struct {
    enum needs needs;
    double threshold;
} types[ASSERT_TYPE_COUNT] = {
#define ASSERT(id, name, what, level, lacks, has) \
    [ASSERT_##id] = {.needs = NEEDS_##what, .threshold = (level)},
#include "core/validate/asserts.def"
#undef ASSERT
};

const char *const assert_type_names[] = {
#define ASSERT(id, name, what, level, lacks, has) [ASSERT_##id] = (name),
#include "core/validate/asserts.def"
#undef ASSERT
    [ASSERT_TYPE_COUNT] = NULL,
};

static const struct config_field item_fields[] = {ASSERT_FIELDS(0)};
static const struct config_table item_table = {"demand", item_fields, COUNT(item_fields)};

const char *assert_type_name(enum assert_type type)
{
    return assert_type_names[type];
}

struct reading {
    const struct config_reader *reader;
    const struct json *at;
    const struct assert_item_keys *keys;
    struct assert_item *item;
    unsigned depth;
};

static int read_item(struct reading *reading);

static int wrong(const struct reading *reading, const struct json *value, const char *what)
{
    problems_at(reading->reader->problems, value != NULL ? value : reading->at, "'%s': %s",
                assert_type_name(reading->item->type), what);
    return 0;
}

static void read_number(const struct reading *reading, const struct json *value, bool *ret_has,
                        double *ret_number)
{
    double number;

    if (value == NULL || value->kind == JSON_NULL)
        return;
    if ((value->kind != JSON_NUMBER && value->kind != JSON_STRING)
        || view_to_double(value->text, &number) != 0 || !(number >= 0 && number < 1e15)) {
        wrong(reading, value, "expected a number that is not negative");
        return;
    }
    *ret_has = true;
    *ret_number = number;
}

static bool is_plain(const struct json *value)
{
    return value->kind == JSON_STRING || value->kind == JSON_NUMBER;
}

/* Texts that stand in the value: itself, or the elements of a list. */
static int read_texts(struct reading *reading, bool several)
{
    const struct json *value = reading->keys->value;
    bool list = several && json_is(value, JSON_ARRAY);

    if (value == NULL || (!list && !is_plain(value)) || (list && value->count == 0))
        return wrong(reading, value,
                     several ? "needs 'value': a text, or a list of texts"
                             : "needs 'value': a text");
    size_t count = list ? value->count : 1;
    struct view *texts = arena_new(reading->reader->arena, count, sizeof *texts);
    if (texts == NULL)
        return ERR_MEMORY;
    const struct json *element = list ? value->child : value;
    for (size_t i = 0; i < count; i++, element = element->next) {
        if (!is_plain(element))
            return wrong(reading, element, "expected a text");
        texts[i] = element->text;
    }
    reading->item->texts = texts;
    reading->item->text_count = count;
    return 0;
}

/* Compiled once to tell what is wrong with it, and again where an answer is judged. */
static int check_regex(struct reading *reading)
{
    struct pattern *pattern = NULL;
    struct err err = {.code = 0};

    if (reading->item->text_count == 0)
        return 0;
    int code = pattern_new(reading->item->texts[0], &pattern, &err);
    pattern_free(pattern);
    if (code == ERR_MEMORY)
        return code;
    return code == 0 ? 0 : wrong(reading, reading->keys->value, err.text);
}

static int read_schema(struct reading *reading)
{
    const struct json *value = reading->keys->value;
    struct schema *schema = NULL;
    struct err err = {.code = 0};

    if (value == NULL || value->kind == JSON_NULL)
        return 0;
    int code = schema_new(value, NULL, &schema, &err);
    schema_free(schema);
    if (code == ERR_MEMORY)
        return code;
    if (code != 0)
        return wrong(reading, value, err.text);
    reading->item->tree = value;
    return 0;
}

static int read_set(struct reading *reading)
{
    const struct json *list = reading->keys->of;

    if (!json_is(list, JSON_ARRAY) || list->count == 0)
        return wrong(reading, list, "needs 'of': a list of demands");
    if (reading->depth == ASSERT_DEPTH_MAX)
        return wrong(reading, list, "too many sets within each other");
    struct assert_item *items = arena_new(reading->reader->arena, list->count, sizeof *items);
    if (items == NULL)
        return ERR_MEMORY;
    size_t count = 0;
    for (const struct json *at = list->child; at != NULL; at = at->next) {
        struct assert_item_keys keys = {.type = 0};
        struct reading inner = {reading->reader, at, &keys, &items[count++], reading->depth + 1};
        int code = config_read(reading->reader, &item_table, at, &keys);
        if (code == 0)
            code = read_item(&inner);
        if (code == ERR_MEMORY)
            return code;
    }
    reading->item->of = items;
    reading->item->of_count = count;
    return 0;
}

static int read_value(struct reading *reading)
{
    const struct json *value = reading->keys->value;

    switch (types[reading->item->type].needs) {
    case NEEDS_VALUE:
        reading->item->tree = value != NULL && !is_plain(value) ? value : NULL;
        return reading->item->tree != NULL ? 0 : read_texts(reading, false);
    case NEEDS_TEXT:
        return read_texts(reading, false);
    case NEEDS_TEXTS:
        return read_texts(reading, true);
    case NEEDS_TREE:
        return read_schema(reading);
    case NEEDS_SET:
        return read_set(reading);
    case NEEDS_BOUNDS:
        if (!reading->item->has_min && !reading->item->has_max)
            return wrong(reading, NULL, "needs 'min' or 'max'");
        return 0;
    case NEEDS_NOTHING:
        return reading->item->has_max ? 0 : wrong(reading, NULL, "needs 'max'");
    }
    return 0;
}

static int read_item(struct reading *reading)
{
    const struct assert_item_keys *keys = reading->keys;
    struct assert_item *item = reading->item;
    bool has_weight = false;

    *item = (struct assert_item){
        .type = keys->of != NULL ? ASSERT_ALL : (enum assert_type)keys->type,
        .ignore_case = keys->ignore_case,
        .is_not = keys->is_not,
        .weight = 1,
    };
    item->threshold = types[item->type].threshold;
    if (keys->of == NULL && json_get(reading->at, "type") == NULL)
        return wrong(reading, NULL, "a demand needs its 'type', as in {type: contains, value: …}");
    read_number(reading, keys->min, &item->has_min, &item->min);
    read_number(reading, keys->max, &item->has_max, &item->max);
    read_number(reading, keys->threshold, &item->has_threshold, &item->threshold);
    read_number(reading, keys->weight, &has_weight, &item->weight);
    int code = read_value(reading);
    return code == 0 && item->type == ASSERT_REGEX ? check_regex(reading) : code;
}

int assert_read(const struct config_reader *reader, const struct json *at,
                const struct assert_item_keys *keys, struct assert_item *ret_item)
{
    struct reading reading = {reader, at, keys, ret_item, 0};

    return read_item(&reading);
}
