/* SPDX-License-Identifier: Apache-2.0
 *
 * spec: see spec.h. One reader a type, in a table; defaults go through the same readers, so that a
 * default cannot mean anything a user could not have written. */
#include "config/spec.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/nearest.h"
#include "base/path.h"

enum { FIELDS_MAX = 64, BOUND_SIZE = 32 };

/* One value on its way into one member. */
struct reading {
    const struct config_reader *reader;
    const struct config_field *field;
    const struct json *value;
    unsigned char *member;
};

struct type_row {
    const char *name;
    int (*read)(const struct reading *reading);
};

/* ---- messages ------------------------------------------------------------------------------- */

/* What was found, for a message: "text 'three'", "a list". */
struct found {
    char text[80];
};

static struct found found_value(const struct reading *reading)
{
    static const char *const kinds[] = {
        [JSON_NULL] = "nothing",     [JSON_FALSE] = "false", [JSON_TRUE] = "true",
        [JSON_NUMBER] = "number",    [JSON_STRING] = "text", [JSON_ARRAY] = "a list",
        [JSON_OBJECT] = "a mapping",
    };
    const struct json *value = reading->value;
    struct found found;

    if (reading->field->secret || (value->kind != JSON_NUMBER && value->kind != JSON_STRING))
        snprintf(found.text, sizeof found.text, "%s", kinds[value->kind]);
    else
        snprintf(found.text, sizeof found.text, "%s %s", kinds[value->kind],
                 problems_quote(value->text).text);
    return found;
}

static int must_be(const struct reading *reading, const char *what)
{
    return problems_at(reading->reader->problems, reading->value, "'%s' must be %s, found %s",
                       reading->field->key, what, found_value(reading).text);
}

static int out_of_bounds(const struct reading *reading, const char *min, const char *max)
{
    return problems_at(reading->reader->problems, reading->value,
                       "'%s' must be from %s to %s, found %s", reading->field->key, min, max,
                       found_value(reading).text);
}

static bool has_bounds(const struct config_field *field)
{
    return field->min != 0 || field->max != 0;
}

/* ---- text ----------------------------------------------------------------------------------- */

static int read_text(const struct reading *reading)
{
    if (reading->value->kind == JSON_NUMBER || json_is(reading->value, JSON_TRUE)
        || json_is(reading->value, JSON_FALSE))
        return must_be(reading, "text (put it in quotes)");
    if (reading->value->kind != JSON_STRING)
        return must_be(reading, "text");
    memcpy(reading->member, &reading->value->text, sizeof reading->value->text);
    return 0;
}

static int read_path(const struct reading *reading)
{
    struct view path;
    int code = read_text(reading);

    if (code != 0)
        return code;
    if (reading->value->text.len == 0)
        return must_be(reading, "the path of a file");
    code =
        path_resolve(reading->reader->arena, reading->reader->folder, reading->value->text, &path);
    if (code == 0)
        memcpy(reading->member, &path, sizeof path);
    return code;
}

static int read_choice(const struct reading *reading)
{
    const char *const *choices = reading->field->choices;
    bool is_word = json_is(reading->value, JSON_STRING) || json_is(reading->value, JSON_NUMBER);
    struct view word = is_word ? reading->value->text : view_of("");
    char all[256] = "";
    unsigned i;

    for (i = 0; choices[i] != NULL; i++) {
        if (view_is(word, choices[i])) {
            memcpy(reading->member, &i, sizeof i);
            return 0;
        }
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s", i > 0 ? ", " : "", choices[i]);
    }
    struct view near = nearest_text(word, choices);
    if (near.ptr == NULL)
        return problems_at(reading->reader->problems, reading->value,
                           "'%s' must be one of %s, found %s", reading->field->key, all,
                           found_value(reading).text);
    return problems_at(reading->reader->problems, reading->value,
                       "'%s' must be one of %s, found %s, did you mean '%.*s'?",
                       reading->field->key, all, found_value(reading).text, VIEW_ARG(near));
}

/* ---- numbers -------------------------------------------------------------------------------- */

static int read_bool(const struct reading *reading)
{
    const struct json *value = reading->value;
    struct view text = json_text(value, view_of(""));
    bool is_true = value->kind == JSON_TRUE || view_is(text, "true");

    if (!is_true && value->kind != JSON_FALSE && !view_is(text, "false"))
        return must_be(reading, "true or false");
    memcpy(reading->member, &is_true, sizeof is_true);
    return 0;
}

static int read_int(const struct reading *reading)
{
    const struct config_field *field = reading->field;
    int64_t number = json_int(reading->value, INT64_MIN);
    char min[BOUND_SIZE];
    char max[BOUND_SIZE];

    if (reading->value->kind == JSON_STRING && view_to_int(reading->value->text, &number) != 0)
        number = INT64_MIN;
    if (number == INT64_MIN)
        return must_be(reading, "a whole number");
    if (has_bounds(field) && (number < field->min || number > field->max)) {
        snprintf(min, sizeof min, "%" PRId64, field->min);
        snprintf(max, sizeof max, "%" PRId64, field->max);
        return out_of_bounds(reading, min, max);
    }
    memcpy(reading->member, &number, sizeof number);
    return 0;
}

static int read_double(const struct reading *reading)
{
    const struct config_field *field = reading->field;
    double number;
    char min[BOUND_SIZE];
    char max[BOUND_SIZE];

    if ((reading->value->kind != JSON_NUMBER && reading->value->kind != JSON_STRING)
        || view_to_double(reading->value->text, &number) != 0)
        return must_be(reading, "a number");
    if (has_bounds(field) && (number < (double)field->min || number > (double)field->max)) {
        snprintf(min, sizeof min, "%" PRId64, field->min);
        snprintf(max, sizeof max, "%" PRId64, field->max);
        return out_of_bounds(reading, min, max);
    }
    memcpy(reading->member, &number, sizeof number);
    return 0;
}

static void print_micro(char text[BOUND_SIZE], int64_t micro)
{
    int len = snprintf(text, BOUND_SIZE, "%" PRId64 ".%06" PRId64, micro / 1000000,
                       (micro < 0 ? -micro : micro) % 1000000);

    while (len > 0 && text[len - 1] == '0')
        text[--len] = '\0';
    if (len > 0 && text[len - 1] == '.')
        text[--len] = '\0';
}

static int read_micro(const struct reading *reading)
{
    const struct config_field *field = reading->field;
    int64_t micro;
    char min[BOUND_SIZE];
    char max[BOUND_SIZE];

    if ((reading->value->kind != JSON_NUMBER && reading->value->kind != JSON_STRING)
        || config_micro(reading->value->text, &micro) != 0)
        return must_be(reading, "a number with at most six decimals");
    if (has_bounds(field) && (micro < field->min || micro > field->max)) {
        print_micro(min, field->min);
        print_micro(max, field->max);
        return out_of_bounds(reading, min, max);
    }
    memcpy(reading->member, &micro, sizeof micro);
    return 0;
}

struct scale {
    const char *unit;
    int64_t factor;
};

static const struct scale duration_scales[] = {
    {"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000},
    {"ms", 1000000},      {"us", 1000},       {"ns", 1},
};

static const struct scale size_scales[] = {
    {"GB", 1000000000}, {"MB", 1000000}, {"KB", 1000}, {"B", 1}};

/* In the largest unit that divides it. */
static void print_amount(char text[BOUND_SIZE], int64_t amount, const struct scale *scales)
{
    while (scales->factor > 1 && (amount == 0 || amount % scales->factor != 0))
        scales++;
    snprintf(text, BOUND_SIZE, "%" PRId64 "%s", amount / scales->factor, scales->unit);
}

static int store_amount(const struct reading *reading, uint64_t amount, const struct scale *scales)
{
    const struct config_field *field = reading->field;
    char min[BOUND_SIZE];
    char max[BOUND_SIZE];

    if (amount > INT64_MAX
        || (has_bounds(field)
            && (amount < (uint64_t)field->min || amount > (uint64_t)field->max))) {
        print_amount(min, field->min, scales);
        print_amount(max, has_bounds(field) ? field->max : INT64_MAX, scales);
        return out_of_bounds(reading, min, max);
    }
    memcpy(reading->member, &amount, sizeof amount);
    return 0;
}

static int read_duration(const struct reading *reading)
{
    uint64_t ns;
    int64_t bare;
    struct view text = reading->value->text;

    if (reading->value->kind == JSON_NUMBER
        || (reading->value->kind == JSON_STRING && view_to_int(text, &bare) == 0))
        return must_be(reading, "a duration with its unit, as in 30s, 250ms or 5m");
    if (reading->value->kind != JSON_STRING || config_duration(text, &ns) != 0)
        return must_be(reading, "a duration, as in 30s, 250ms, 5m or 1h");
    return store_amount(reading, ns, duration_scales);
}

static int read_size(const struct reading *reading)
{
    uint64_t bytes;

    if ((reading->value->kind != JSON_NUMBER && reading->value->kind != JSON_STRING)
        || config_size(reading->value->text, &bytes) != 0)
        return must_be(reading, "a size, as in 512, 64KB or 10MB");
    return store_amount(reading, bytes, size_scales);
}

/* ---- lists and mappings --------------------------------------------------------------------- */

static int read_items(const struct reading *reading)
{
    struct config_list list = {.count = reading->value->count};
    struct view *items = arena_new(reading->reader->arena, list.count + 1, sizeof *items);
    size_t i = 0;
    int first = 0;

    if (items == NULL)
        return ERR_MEMORY;
    for (const struct json *item = reading->value->child; item != NULL; item = item->next) {
        struct reading one = *reading;
        one.value = item;
        one.member = (unsigned char *)&items[i++];
        int code = read_text(&one);
        if (first == 0)
            first = code;
    }
    list.items = items;
    if (first == 0)
        memcpy(reading->member, &list, sizeof list);
    return first;
}

static int read_list(const struct reading *reading)
{
    if (reading->value->kind != JSON_ARRAY)
        return must_be(reading, "a list, as in [a, b]");
    return read_items(reading);
}

static int read_one_or_list(const struct reading *reading)
{
    if (reading->value->kind == JSON_ARRAY)
        return read_items(reading);
    if (reading->value->kind == JSON_OBJECT)
        return must_be(reading, "a text or a list of texts");

    struct view *item = arena_new(reading->reader->arena, 1, sizeof *item);
    struct config_list list = {.items = item, .count = 1};
    struct reading one = *reading;
    if (item == NULL)
        return ERR_MEMORY;
    one.member = (unsigned char *)item;
    int code = read_text(&one);
    if (code == 0)
        memcpy(reading->member, &list, sizeof list);
    return code;
}

static int read_raw(const struct reading *reading)
{
    memcpy(reading->member, &reading->value, sizeof reading->value);
    return 0;
}

static int read_map(const struct reading *reading)
{
    if (reading->value->kind != JSON_OBJECT)
        return must_be(reading, "a mapping, as in {name: value}");
    return read_raw(reading);
}

static int read_text_map(const struct reading *reading)
{
    int first = read_map(reading);

    if (first != 0)
        return first;
    for (const struct json *member = reading->value->child; member != NULL; member = member->next) {
        struct view ignored;
        struct reading one = *reading;
        one.value = member;
        one.member = (unsigned char *)&ignored;
        int code = read_text(&one);
        if (first == 0)
            first = code;
    }
    return first;
}

static int read_table(const struct reading *reading)
{
    return config_read(reading->reader, reading->field->nested, reading->value, reading->member);
}

static int read_named(const struct reading *reading)
{
    if (reading->value->kind != JSON_OBJECT)
        return must_be(reading, "a mapping of names to mappings of keys");
    return read_raw(reading);
}

static int read_each(const struct reading *reading)
{
    if (reading->value->kind != JSON_ARRAY)
        return must_be(reading, "a list of mappings");
    return read_raw(reading);
}

static const struct type_row types[] = {
    [CONFIG_TEXT] = {"text", read_text},
    [CONFIG_PATH] = {"path", read_path},
    [CONFIG_BOOL] = {"boolean", read_bool},
    [CONFIG_INT] = {"whole number", read_int},
    [CONFIG_NUMBER] = {"number", read_double},
    [CONFIG_MICRO] = {"decimal number", read_micro},
    [CONFIG_DURATION] = {"duration", read_duration},
    [CONFIG_SIZE] = {"size", read_size},
    [CONFIG_CHOICE] = {"choice", read_choice},
    [CONFIG_LIST] = {"list of texts", read_list},
    [CONFIG_ONE_OR_LIST] = {"text or list of texts", read_one_or_list},
    [CONFIG_TEXT_MAP] = {"mapping of texts", read_text_map},
    [CONFIG_MAP] = {"mapping", read_map},
    [CONFIG_RAW] = {"any", read_raw},
    [CONFIG_TABLE] = {"table", read_table},
    [CONFIG_NAMED] = {"named tables", read_named},
    [CONFIG_EACH] = {"list of tables", read_each},
};

const char *config_type_name(enum config_type type)
{
    return types[type].name;
}

/* ---- a mapping against its table ------------------------------------------------------------- */

static int set_default(const struct config_reader *reader, const struct config_field *field,
                       unsigned char *member)
{
    if (field->type == CONFIG_TABLE)
        return config_read(reader, field->nested, NULL, member);
    if (field->otherwise == NULL)
        return 0;
    struct json value = {.kind = JSON_STRING, .text = view_of(field->otherwise)};
    struct reading reading = {.reader = reader, .field = field, .value = &value, .member = member};
    int code = types[field->type].read(&reading);
    assert_always(code == 0 || code == ERR_MEMORY);
    return code;
}

static int unknown_key(const struct config_reader *reader, const struct config_table *table,
                       const struct json *member)
{
    struct view names[FIELDS_MAX];
    struct quoted key = problems_quote(member->key);

    if (problems_full(reader->problems))
        return problems_at_key(reader->problems, member, "unknown key %s", key.text);
    for (size_t i = 0; i < table->count; i++)
        names[i] = view_of(table->fields[i].key);
    struct view near = nearest_of(member->key, names, table->count);
    if (near.ptr != NULL)
        return problems_at_key(reader->problems, member, "unknown key %s, did you mean '%.*s'?",
                               key.text, VIEW_ARG(near));

    char all[400] = "";
    for (size_t i = 0; i < table->count; i++) {
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s", i > 0 ? ", " : "", table->fields[i].key);
    }
    return problems_at_key(reader->problems, member, "unknown key %s: this %s takes %s", key.text,
                           table->name, all);
}

static int read_member(const struct config_reader *reader, const struct config_table *table,
                       const struct json *member, const struct json **seen, void *ret_struct)
{
    size_t i = 0;

    while (i < table->count && !view_is(member->key, table->fields[i].key))
        i++;
    if (i == table->count)
        return unknown_key(reader, table, member);
    if (seen[i] != NULL)
        return problems_at_key(reader->problems, member,
                               "'%s' is given twice, first at line %u: keep one of them",
                               table->fields[i].key, (unsigned)seen[i]->key_line);
    seen[i] = member;
    if (member->kind == JSON_NULL)
        return 0;
    struct reading reading = {
        .reader = reader,
        .field = &table->fields[i],
        .value = member,
        .member = (unsigned char *)ret_struct + table->fields[i].offset,
    };
    return types[table->fields[i].type].read(&reading);
}

static int check_required(const struct config_reader *reader, const struct config_table *table,
                          const struct json *map, const struct json *const *seen)
{
    int first = 0;

    for (size_t i = 0; i < table->count; i++) {
        if (!table->fields[i].required || (seen[i] != NULL && seen[i]->kind != JSON_NULL))
            continue;
        int code = problems_at(reader->problems, map, "this %s lacks '%s': %s", table->name,
                               table->fields[i].key, table->fields[i].help);
        if (first == 0)
            first = code;
    }
    return first;
}

int config_read(const struct config_reader *reader, const struct config_table *table,
                const struct json *map, void *ret_struct)
{
    const struct json *seen[FIELDS_MAX] = {NULL};
    int first = 0;

    assert_always(table->count <= FIELDS_MAX);
    for (size_t i = 0; i < table->count; i++) {
        int code = set_default(reader, &table->fields[i],
                               (unsigned char *)ret_struct + table->fields[i].offset);
        if (code != 0)
            return code;
    }
    if (map == NULL)
        return 0;
    if (map->kind != JSON_OBJECT && map->kind != JSON_NULL)
        return problems_at(reader->problems, map, "this %s must be a mapping of keys, found %s",
                           table->name, json_kind_name(map->kind));
    for (const struct json *member = map->child; member != NULL; member = member->next) {
        int code = read_member(reader, table, member, seen, ret_struct);
        if (code == ERR_MEMORY)
            return code;
        if (first == 0)
            first = code;
    }
    int code = check_required(reader, table, map, seen);
    return first != 0 ? first : code;
}
