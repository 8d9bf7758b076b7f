/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo_csv: tables of tests: RFC 4180 (quotes doubled, line ends inside quotes), a header of
 * variable names, columns with two underscores that mean more:
 *   __expected, __expected1 …  an assertion as "type(threshold): value"; without a type, equals
 *   __description __prefix __suffix __providerOutput __metric __threshold
 *   __metadata:KEY, __metadata:KEY[]     __config:__expected[N]:KEY */
#include "core/golden/promptfoo_internal.h"

#include <stdio.h>

enum { COLUMNS_MAX = 1000, FIELD_BYTES_MAX = 4 << 20 };

struct table {
    struct promptfoo *foo;
    struct view file;
    struct view text;
    size_t at;
    uint32_t line; /* of the byte at `at` */
    struct view columns[COLUMNS_MAX];
    size_t column_count;
    struct strbuf field;
};

/* The next field of the row; *ret_last where its row ends behind it. */
static int read_field(struct table *table, struct view *ret_field, bool *ret_last)
{
    struct view text = table->text;
    uint32_t line = table->line;
    bool quoted = table->at < text.len && text.ptr[table->at] == '"';

    strbuf_reset(&table->field);
    table->at += quoted;
    while (table->at < text.len) {
        char c = text.ptr[table->at];
        if (quoted && c == '"') {
            bool doubled = table->at + 1 < text.len && text.ptr[table->at + 1] == '"';
            table->at += doubled ? 2 : 1;
            if (!doubled)
                quoted = false;
            else
                strbuf_add_byte(&table->field, '"');
            continue;
        }
        if (!quoted && (c == ',' || c == '\n' || c == '\r'))
            break;
        table->line += c == '\n';
        strbuf_add_byte(&table->field, c);
        table->at++;
    }
    *ret_last = table->at >= text.len || text.ptr[table->at] != ',';
    if (table->at < text.len && text.ptr[table->at] == '\r')
        table->at++;
    if (table->at < text.len && (text.ptr[table->at] == ',' || text.ptr[table->at] == '\n'))
        table->line += text.ptr[table->at++] == '\n';
    int code = strbuf_status(&table->field);
    if (code == 0 && quoted)
        return fail(table->foo->reterr, ERR_SYNTAX,
                    "%.*s:%u: the quote of this field does not end: double the quotes within",
                    VIEW_ARG(table->file), (unsigned)line);
    return code == 0 ? arena_copy(table->foo->arena, strbuf_view(&table->field), ret_field) : code;
}

/* ---- assertions in a cell -------------------------------------------------------------------- */

static bool is_type_byte(char c)
{
    return (c >= 'a' && c <= 'z') || c == '-' || (c >= '0' && c <= '9');
}

/* "contains-any: a, b" → type, threshold, value. A text that names no type is an `equals`. */
static void split_cell(struct view cell, struct view *ret_type, struct view *ret_threshold,
                       struct view *ret_value)
{
    static const char *const types[] = {
#define PROMPTFOO(type, way, detail) type,
#include "core/golden/promptfoo_asserts.def"
#undef PROMPTFOO
    };
    size_t end = 0;

    *ret_type = view_of("equals");
    *ret_threshold = (struct view){.ptr = NULL};
    *ret_value = cell;
    while (end < cell.len && is_type_byte(cell.ptr[end]))
        end++;
    struct view name = view_slice(cell, 0, end);
    struct view rest = view_slice(cell, end, cell.len);
    struct view threshold = {.ptr = NULL};
    if (view_starts(rest, view_of("("))) {
        size_t close = view_find_byte(rest, ')');
        threshold = view_slice(rest, 1, close);
        rest = view_slice(rest, close + 1, rest.len);
    }
    if (rest.len > 0 && rest.ptr[0] != ':')
        return;
    struct view bare = view_starts(name, view_of("not-")) ? view_slice(name, 4, name.len) : name;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (view_is(bare, types[i])) {
            *ret_type = name;
            *ret_threshold = threshold;
            *ret_value = view_trim(view_slice(rest, 1, rest.len));
        }
    if (view_is(name, "fn") || view_is(name, "eval"))
        *ret_type = view_of("javascript");
    else if (view_is(name, "grade"))
        *ret_type = view_of("llm-rubric");
    else
        return;
    *ret_value = view_trim(view_slice(rest, 1, rest.len));
}

static struct json *placed(struct table *table, struct json *value, uint32_t line)
{
    if (value != NULL) {
        value->line = line;
        value->column = 1;
    }
    (void)table;
    return value;
}

static int set_at(struct table *table, struct json *object, const char *key, struct view text,
                  uint32_t line)
{
    struct json *value = placed(table, json_new_text(table->foo->arena, text), line);

    if (value == NULL)
        return ERR_MEMORY;
    json_set(object, view_of(key), value);
    return 0;
}

static int add_assertion(struct table *table, struct json *asserts, struct view cell, uint32_t line)
{
    struct json *item = placed(table, json_new(table->foo->arena, JSON_OBJECT), line);
    struct view type;
    struct view threshold;
    struct view value;

    if (view_trim(cell).len == 0)
        return 0;
    if (item == NULL)
        return ERR_MEMORY;
    split_cell(cell, &type, &threshold, &value);
    int code = set_at(table, item, "type", type, line);
    if (code == 0 && value.len > 0)
        code = set_at(table, item, "value", value, line);
    if (code == 0 && threshold.ptr != NULL)
        code = set_at(table, item, "threshold", threshold, line);
    json_append(asserts, item);
    return code;
}

/* ---- a row ----------------------------------------------------------------------------------- */

struct row {
    struct json *test;
    struct json *vars;
    struct json *asserts;
    struct json *options;
    struct json *metadata;
    struct json *config; /* of assertions: mappings of "threshold" and others, by "" or number */
    struct view metric;
    uint32_t line;
};

static int add_metadata(struct table *table, struct row *row, struct view key, struct view cell)
{
    if (cell.len == 0)
        return 0;
    return set_at(table, row->metadata, arena_string(table->foo->arena, key), cell, row->line);
}

/* "__config:__expected2:threshold" is kept as "2:threshold". */
static int add_config(struct table *table, struct row *row, struct view column, struct view cell)
{
    static const struct view start = VIEW("__config:__expected");
    struct view key = view_slice(column, start.len, column.len);

    if (cell.len == 0)
        return 0;
    if (!view_starts(column, start))
        return promptfoo_lost(table->foo, row->test, column, "a column that is not understood");
    return set_at(table, row->config, arena_string(table->foo->arena, key), cell, row->line);
}

static int add_cell(struct table *table, struct row *row, struct view column, struct view cell)
{
    static const struct {
        const char *column;
        const char *key;
        bool in_options;
    } special[] = {{"__description", "description", false},
                   {"__providerOutput", "providerOutput", false},
                   {"__threshold", "threshold", false},
                   {"__prefix", "prefix", true},
                   {"__suffix", "suffix", true}};
    static const struct view metadata = VIEW("__metadata:");

    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (view_is(column, special[i].column))
            return cell.len == 0 ? 0
                                 : set_at(table, special[i].in_options ? row->options : row->test,
                                          special[i].key, cell, row->line);
    if (view_starts(column, view_of("__expected")))
        return add_assertion(table, row->asserts, cell, row->line);
    if (view_starts(column, metadata))
        return add_metadata(table, row, view_slice(column, metadata.len, column.len), cell);
    if (view_starts(column, view_of("__config:")))
        return add_config(table, row, column, cell);
    if (view_is(column, "__metric")) {
        row->metric = cell;
        return 0;
    }
    if (view_starts(column, view_of("__")))
        return cell.len == 0 ? 0
                             : promptfoo_lost(table->foo, row->test, column,
                                              "a column that is not understood");
    struct json *value = placed(table, json_new_text(table->foo->arena, cell), row->line);
    if (value == NULL)
        return ERR_MEMORY;
    json_set(row->vars, column, value);
    return 0;
}

/* What __config and __metric say goes into the assertions. */
static int finish_asserts(struct table *table, struct row *row)
{
    char number[24];
    size_t i = 0;
    int code = 0;

    for (struct json *item = row->asserts->child; code == 0 && item != NULL; item = item->next) {
        snprintf(number, sizeof number, "%zu", ++i);
        if (row->metric.len > 0)
            code = set_at(table, item, "metric", row->metric, row->line);
        for (const struct json *member = row->config->child; code == 0 && member != NULL;
             member = member->next) {
            struct view rest = member->key;
            struct view which = view_split(&rest, ':');
            if ((which.len == 0 || view_is(which, number)) && rest.len > 0)
                code = set_at(table, item, arena_string(table->foo->arena, rest), member->text,
                              row->line);
        }
    }
    return code;
}

static int begin_row(struct table *table, struct row *row)
{
    struct json **const parts[] = {&row->test,    &row->vars,     &row->asserts,
                                   &row->options, &row->metadata, &row->config};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i] = placed(
            table,
            json_new(table->foo->arena, parts[i] == &row->asserts ? JSON_ARRAY : JSON_OBJECT),
            row->line);
        if (*parts[i] == NULL)
            return ERR_MEMORY;
    }
    json_set(row->test, view_of("vars"), row->vars);
    json_set(row->test, view_of("assert"), row->asserts);
    json_set(row->test, view_of("options"), row->options);
    json_set(row->test, view_of("metadata"), row->metadata);
    return 0;
}

static int read_row(struct table *table, struct view file, struct promptfoo_tests *tests)
{
    struct row row = {.line = table->line};
    bool last = false;
    bool is_blank = true;

    int code = begin_row(table, &row);
    for (size_t i = 0; code == 0 && !last; i++) {
        struct view cell;
        code = read_field(table, &cell, &last);
        if (code != 0)
            break;
        is_blank = is_blank && cell.len == 0;
        if (i < table->column_count)
            code = add_cell(table, &row, table->columns[i], cell);
        else if (cell.len > 0)
            code = promptfoo_lost(table->foo, row.test, cell, "a field without a column");
    }
    if (code != 0 || is_blank)
        return code;
    code = finish_asserts(table, &row);
    return code == 0 ? promptfoo_add_test(table->foo, tests, row.test, file, 0) : code;
}

static int read_header(struct table *table)
{
    bool last = false;

    while (!last && table->column_count < COLUMNS_MAX) {
        struct view name;
        int code = read_field(table, &name, &last);
        if (code != 0)
            return code;
        table->columns[table->column_count++] = view_trim(name);
    }
    return last ? 0
                : fail(table->foo->reterr, ERR_LIMIT, "%.*s:1: more than %d columns",
                       VIEW_ARG(table->foo->at_file), COLUMNS_MAX);
}

int promptfoo_read_csv(struct promptfoo *foo, struct view file, struct view text,
                       struct promptfoo_tests *tests)
{
    struct table *table = arena_new(foo->arena, 1, sizeof *table);

    if (table == NULL)
        return ERR_MEMORY;
    *table = (struct table){.foo = foo, .file = file, .text = text, .line = 1};
    if (view_starts(text, view_of("\xef\xbb\xbf")))
        table->at = 3;
    strbuf_init(&table->field, FIELD_BYTES_MAX);
    int code = read_header(table);
    while (code == 0 && table->at < text.len)
        code = read_row(table, file, tests);
    strbuf_release(&table->field);
    return code == ERR_LIMIT && foo->reterr->code == 0
               ? fail(foo->reterr, code, "%.*s:%u: a field of more than %d MiB", VIEW_ARG(file),
                      (unsigned)table->line, FIELD_BYTES_MAX >> 20)
               : code;
}
