/* SPDX-License-Identifier: Apache-2.0
 *
 * policy: see policy.h. Here a tree becomes rows; policy_plan.c has what comes after. */
#include "core/validate/policy_internal.h"

#include "base/nearest.h"
#include "base/path.h"
#include "config/yaml.h"
#include "core/record/run.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *policy_action_name(enum policy_action action)
{
    return policy_actions[action];
}

bool policy_check_is_default(enum policy_check_kind kind)
{
    return policy_kinds[kind].by_default;
}

struct policy_check policy_check_default(enum policy_check_kind kind)
{
    const struct policy_kind *row = &policy_kinds[kind];

    return (struct policy_check){
        .kind = kind,
        .when = row->when,
        .name = view_of(row->name),
        .action = row->action,
        .log = row->log,
        .severity = row->severity,
    };
}

/* ---- the canned answers ---------------------------------------------------------------------- */

static const struct policy_text default_fallbacks[] = {
    {VIEW("en"), VIEW("I'm sorry, I can't answer that right now. Please try again in a moment.")},
    {VIEW("ja"), VIEW("申し訳ございません。ただいまお答えできません。"
                      "しばらくしてからもう一度お試しください。")},
};

static int read_fallback(const struct config_reader *reader, const struct json *value,
                         struct policy *policy)
{
    policy->fallbacks = default_fallbacks;
    policy->fallback_count = COUNT(default_fallbacks);
    if (value == NULL)
        return 0;
    bool one = value->kind == JSON_STRING;
    if ((!one && value->kind != JSON_OBJECT) || value->count > POLICY_FALLBACKS_MAX) {
        problems_at(reader->problems, value,
                    "'fallback' must be a text, or texts by language, as in {en: …, ja: …}");
        return 0;
    }
    struct policy_text *texts = arena_new(reader->arena, value->count + 1, sizeof *texts);
    if (texts == NULL)
        return ERR_MEMORY;
    size_t count = 0;
    for (const struct json *item = one ? value : value->child; item != NULL; item = item->next) {
        if (item->kind != JSON_STRING || item->text.len == 0)
            problems_at(reader->problems, item, "a canned answer is a text that is not empty");
        texts[count++] = (struct policy_text){one ? view_of("en") : item->key, item->text};
        if (one)
            break;
    }
    if (count == 0)
        problems_at(reader->problems, value, "'fallback' is empty: leave it out for the default");
    policy->fallbacks = texts;
    policy->fallback_count = count;
    return 0;
}

static const struct policy_text *fallback_of(const struct policy *policy, struct view language)
{
    for (size_t i = 0; i < policy->fallback_count; i++)
        if (view_equal_nocase(policy->fallbacks[i].language, language))
            return &policy->fallbacks[i];
    return NULL;
}

struct view policy_fallback(const struct policy *policy, struct view language)
{
    struct view rest = language;
    const struct policy_text *found = fallback_of(policy, language);

    if (found == NULL)
        found = fallback_of(policy, view_split(&rest, '-'));
    if (found == NULL)
        found = fallback_of(policy, view_of("en"));
    return found != NULL ? found->text : policy->fallbacks[0].text;
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct rows {
    const struct config_reader *reader;
    struct policy_check *items;
    size_t count;
    enum policy_after after;
};

static bool takes_name(const struct policy_kind *kind)
{
    return view_ends(view_of(kind->name), view_of("."));
}

/* A name behind "pattern.": letters, digits, _ and -. */
static bool is_own_name(struct view name)
{
    enum { NAME_MAX = 100 };

    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')
            && c != '_' && c != '-')
            return false;
    }
    return name.len > 0 && name.len <= NAME_MAX;
}

static bool kind_of(struct view name, enum policy_check_kind *ret_kind)
{
    for (size_t i = 0; i < COUNT(policy_kinds); i++) {
        struct view known = view_of(policy_kinds[i].name);
        if (takes_name(&policy_kinds[i])
                ? view_starts(name, known) && is_own_name(view_slice(name, known.len, name.len))
                : view_equal(name, known)) {
            *ret_kind = (enum policy_check_kind)i;
            return true;
        }
    }
    return false;
}

static void unknown_check(const struct config_reader *reader, const struct json *at,
                          struct view name)
{
    struct view names[POLICY_CHECK_KINDS];
    struct view near;

    for (size_t i = 0; i < COUNT(policy_kinds); i++)
        names[i] = view_of(policy_kinds[i].name);
    near = nearest_of(name, names, COUNT(names));
    for (size_t i = 0; near.ptr == NULL && i < COUNT(names); i++) {
        size_t dot = view_find_byte(names[i], '.');
        if (view_equal(view_slice(names[i], dot + 1, names[i].len), name))
            near = names[i]; /* "personal_data" for "safety.personal_data" */
    }
    if (near.ptr != NULL)
        problems_at(reader->problems, at, "unknown check %s, did you mean '%.*s%s'?",
                    problems_quote(name).text, VIEW_ARG(near),
                    view_ends(near, view_of(".")) ? "NAME" : "");
    else
        problems_at(reader->problems, at,
                    "unknown check %s: there are format, keywords, forbidden, language, length, "
                    "safety.…, support.…, pattern.NAME, assert.NAME, judge.NAME, exec.NAME, "
                    "guardrail, fluency",
                    problems_quote(name).text);
}

/* The name in a row that is one, or a mapping with `check:`; NULL where there is none. */
static const struct json *name_of(const struct config_reader *reader, const struct json *item)
{
    const struct json *name = item->kind == JSON_OBJECT ? json_get(item, "check") : item;

    if (json_is(name, JSON_STRING) && name->text.len > 0)
        return name;
    problems_at(reader->problems, item,
                "a check is a name, or a mapping with its name, as in {check: length, "
                "action: retry}");
    return NULL;
}

static bool can_mask(const struct policy_check *row, const void *keys)
{
    if (row->kind == POLICY_PATTERN)
        return ((const struct policy_pattern_keys *)keys)->options.not_.len != 0;
    return row->when == POLICY_HOLD;
}

/* What the action asks of the check. */
static void check_action(const struct rows *rows, const struct policy_check *row,
                         const struct json *at, const void *keys)
{
    const struct json *value = at->kind == JSON_OBJECT ? json_get(at, "action") : NULL;
    bool is_held = can_mask(row, keys);

    value = value != NULL ? value : at;
    if (row->action == POLICY_MASK && !is_held)
        problems_at(rows->reader->problems, value,
                    "'%.*s' finds no places that could be masked: use accept, retry or fallback",
                    VIEW_ARG(row->name));
    if (row->action == POLICY_BLOCK && !is_held && rows->after == POLICY_AFTER_EVENT)
        problems_at(rows->reader->problems, value,
                    "'%.*s' can only be judged at the end, when a stream has left already: use "
                    "stream: {after: whole}",
                    VIEW_ARG(row->name));
}

static void check_twice(const struct rows *rows, const struct policy_check *row,
                        const struct json *at)
{
    for (size_t i = 0; i < rows->count; i++)
        if (view_equal(rows->items[i].name, row->name))
            problems_at(rows->reader->problems, at,
                        "'%.*s' is listed twice, first at line %u: keep one of them",
                        VIEW_ARG(row->name), (unsigned)rows->items[i].line);
}

/* One row; `at` is its mapping or its name, NULL for a row of the default policy. */
static int add_row(struct rows *rows, enum policy_check_kind kind, struct view name,
                   const struct json *at)
{
    const struct policy_kind *known = &policy_kinds[kind];
    struct policy_check row = policy_check_default(kind);
    const struct json *map = json_is(at, JSON_OBJECT) ? at : NULL;
    bool has_severity = false;

    struct policy_row_keys *keys = arena_new(rows->reader->arena, 1, known->keys_size);
    if (keys == NULL)
        return ERR_MEMORY;
    policy_begin_options(kind, keys);
    int code = config_read(rows->reader, known->table, map, keys);
    if (code != 0)
        return code == ERR_MEMORY ? code : 0;
    row.name = name;
    if (json_get(map, "action") != NULL && json_get(map, "action")->kind != JSON_NULL)
        row.action = keys->action;
    if (json_get(map, "log") != NULL && json_get(map, "log")->kind != JSON_NULL)
        row.log = keys->log;
    expect_read_severity(rows->reader->problems, keys->severity, &has_severity, &row.severity);
    if (at != NULL) {
        row.line = at->line;
        row.column = at->column;
        check_action(rows, &row, at, keys);
        check_twice(rows, &row, at);
    }
    code = policy_finish_options(rows->reader, &row, at, keys);
    if (code != 0)
        return code;
    row.options = known->options_at != 0 ? (const char *)keys + known->options_at : NULL;
    rows->items[rows->count++] = row;
    return 0;
}

static int add_listed(struct rows *rows, const struct json *item)
{
    enum policy_check_kind kind;
    const struct json *name = name_of(rows->reader, item);

    if (name == NULL)
        return 0;
    if (!kind_of(name->text, &kind)) {
        unknown_check(rows->reader, name, name->text);
        return 0;
    }
    /* A name alone that needs options goes through its table like an empty mapping. */
    if (item->kind != JSON_OBJECT) {
        struct json *map = json_new(rows->reader->arena, JSON_OBJECT);
        struct json *copy = json_new_text(rows->reader->arena, name->text);
        if (map == NULL || copy == NULL)
            return ERR_MEMORY;
        json_set(map, view_of("check"), copy);
        map->line = copy->line = copy->key_line = item->line;
        map->column = copy->column = copy->key_column = item->column;
        item = map;
    }
    return add_row(rows, kind, name->text, item);
}

static int make_room(struct rows *rows, size_t count)
{
    rows->items = arena_new(rows->reader->arena, count + 1, sizeof *rows->items);
    return rows->items != NULL ? 0 : ERR_MEMORY;
}

static int add_default_rows(struct rows *rows)
{
    int code = make_room(rows, POLICY_CHECK_KINDS);

    for (size_t i = 0; code == 0 && i < COUNT(policy_kinds); i++)
        if (policy_kinds[i].by_default)
            code = add_row(rows, (enum policy_check_kind)i, view_of(policy_kinds[i].name), NULL);
    return code;
}

static int read_rows(struct rows *rows, const struct json *list)
{
    if (list == NULL)
        return add_default_rows(rows);
    if (list->kind != JSON_ARRAY || list->count > POLICY_CHECKS_MAX) {
        problems_at(rows->reader->problems, list, "'checks' must be a list of at most %d, found %s",
                    POLICY_CHECKS_MAX, json_kind_name(list->kind));
        return 0;
    }
    int code = make_room(rows, list->count);
    for (const struct json *item = list->child; code == 0 && item != NULL; item = item->next)
        code = add_listed(rows, item);
    return code;
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct naming {
    const struct config_reader *reader;
    struct policy *policy;
};

static int name_schema(void *context, const struct json *value, size_t *ret_file)
{
    struct naming *naming = context;

    *ret_file = 0;
    return path_resolve(naming->reader->arena, naming->reader->folder, value->text,
                        &naming->policy->schema_path);
}

static int read_expect(const struct config_reader *reader, const struct json *at,
                       struct policy *policy)
{
    static const char *const elsewhere[][2] = {
        {"checks", "list them under the policy's own 'checks:'"},
        {"command", "use a check 'exec.NAME'"},
        {"tools", "tool calls are not judged by a policy"},
    };
    struct naming naming = {reader, policy};
    const struct expect_reader expect = {reader, name_schema, &naming};

    for (size_t i = 0; i < COUNT(elsewhere); i++)
        if (json_get(at, elsewhere[i][0]) != NULL)
            problems_at_key(reader->problems, json_get(at, elsewhere[i][0]),
                            "'%s' has no place here: %s", elsewhere[i][0], elsewhere[i][1]);
    return expect_read(&expect, at, &policy->expect);
}

static bool has_row(const struct policy *policy, enum policy_check_kind kind)
{
    for (size_t i = 0; i < policy->check_count; i++)
        if (policy->checks[i].kind == kind)
            return true;
    return false;
}

/* An expectation that no listed row checks would be passed over in silence. */
static void check_is_judged(const struct config_reader *reader, const struct json *at,
                            const struct policy *policy)
{
    const struct expect *expect = &policy->expect;
    const struct {
        const char *key;
        enum policy_check_kind kind;
        bool asks;
    } keys[] = {
        {"keywords", POLICY_KEYWORDS, expect->keywords.count > 0},
        {"forbidden", POLICY_FORBIDDEN, expect->forbidden.count > 0},
        {"language", POLICY_LANGUAGE, !view_is(expect->language, "any")},
        {"format", POLICY_FORMAT, expect->format != EXPECT_FORMAT_NONE},
        {"schema", POLICY_FORMAT, true},
        {"elements", POLICY_FORMAT, expect->elements != 0},
        {"min_chars", POLICY_LENGTH, expect->min_chars >= 0},
        {"max_chars", POLICY_LENGTH, expect->max_chars >= 0},
    };

    for (size_t i = 0; i < COUNT(keys); i++) {
        const struct json *value = json_get(at, keys[i].key);
        if (value != NULL && value->kind != JSON_NULL && keys[i].asks
            && !has_row(policy, keys[i].kind))
            problems_at_key(reader->problems, value,
                            "no check of this policy looks at '%s': list '%s' under 'checks:'",
                            keys[i].key, policy_kinds[keys[i].kind].name);
    }
}

static int read_root(const struct config_reader *reader, const struct json *root,
                     struct policy *policy)
{
    struct policy_root_keys keys = {.checks = NULL};
    struct rows rows = {.reader = reader};
    size_t before = reader->problems->total;

    if (root != NULL && root->kind == JSON_NULL)
        root = NULL;
    int code = config_read(reader, &policy_root_table, root, &keys);
    if (code == ERR_MEMORY || (root != NULL && root->kind != JSON_OBJECT))
        return code == ERR_MEMORY ? code : 0;
    rows.after = policy->after = keys.stream.after;
    policy->retry_prompt = keys.retry_prompt;
    policy->lookalikes = keys.lookalikes;
    code = read_rows(&rows, keys.checks);
    policy->checks = rows.items;
    policy->check_count = rows.count;
    if (code == 0)
        code = read_expect(reader, keys.expect, policy);
    if (code == 0 && reader->problems->total == before) /* a row may be misspelled */
        check_is_judged(reader, keys.expect, policy);
    if (code == 0)
        code = read_fallback(reader, keys.fallback, policy);
    return code == 0 ? extract_read(reader, keys.extract, &policy->extract) : code;
}

int policy_default(struct arena *arena, struct policy *ret_policy)
{
    struct problems problems;
    const struct config_reader reader = {arena, &problems, {NULL, 0}};
    struct policy policy = {.file = VIEW("default")};

    problems_init(&problems, arena, policy.file);
    int code = read_root(&reader, NULL, &policy);
    if (code != 0)
        return code;
    assert_always(problems.total == 0);
    *ret_policy = policy;
    return 0;
}

int policy_read(struct arena *arena, struct view file, struct view text, config_lookup *lookup,
                void *context, struct problems *problems, struct policy *ret_policy)
{
    const struct config_reader reader = {arena, problems, path_folder(file)};
    struct policy policy = {.file = file};
    struct err err = {.code = 0};
    struct json *root;

    if (yaml_parse(arena, file, text, &root, &err) != 0)
        return err.code == ERR_MEMORY ? ERR_MEMORY : problems_take(problems, &err);
    int code = arena_copy(arena, file, &policy.file);
    if (code == 0)
        code = config_expand(arena, root, lookup, context, problems);
    if (code == 0 || code == ERR_CONFIG)
        code = read_root(&reader, root, &policy);
    if (code != 0)
        return code;
    if (problems->code == 0)
        *ret_policy = policy;
    return problems->code;
}

int policy_schema_put(struct policy *policy, struct arena *arena, struct view text,
                      struct err *reterr)
{
    struct json *schema;
    struct view extension = path_extension(policy->schema_path);
    struct err err = {.code = 0};

    if (view_is(extension, ".yaml") || view_is(extension, ".yml")) {
        int code = yaml_parse(arena, policy->schema_path, text, &schema, &err);
        if (code != 0)
            return fail(reterr, code, "%s", err.text);
    } else if (json_parse(arena, text, &schema, &err) != 0) {
        return fail(reterr, err.code == ERR_MEMORY ? ERR_MEMORY : ERR_CONFIG, "%.*s:%s",
                    VIEW_ARG(policy->schema_path), err.text);
    }
    if (schema->kind != JSON_OBJECT && schema->kind != JSON_TRUE && schema->kind != JSON_FALSE)
        return fail(reterr, ERR_CONFIG, "%.*s:1:1: is no JSON Schema: a schema is an object",
                    VIEW_ARG(policy->schema_path));
    policy->expect.schema = schema;
    return 0;
}

/* True for the checks that expectation.h judges itself. */
static bool is_of_expectation(struct view name)
{
    static const char *const names[] = {"keywords", "forbidden", "format", "language", "length"};

    for (size_t i = 0; i < COUNT(names); i++)
        if (view_is(name, names[i]))
            return true;
    return view_starts(name, view_of("pattern."));
}

int policy_of_expect(const struct config_reader *reader, const struct expect *expect,
                     struct policy *ret_policy)
{
    struct policy policy = {
        .file = reader->problems->file,
        .expect = expect_none(),
        .fallbacks = default_fallbacks,
        .fallback_count = COUNT(default_fallbacks),
        .after = POLICY_AFTER_WHOLE,
        .lookalikes = true,
        .extract = extract_default(),
    };
    struct rows rows = {.reader = reader, .after = POLICY_AFTER_WHOLE};
    size_t before = reader->problems->total;

    int code = make_room(&rows, expect->check_count);
    for (size_t i = 0; code == 0 && i < expect->check_count; i++)
        if (expect->checks[i].name.len > 0 && !is_of_expectation(expect->checks[i].name))
            code = add_listed(&rows, expect->checks[i].at);
    if (code != 0)
        return code;
    policy.checks = rows.items;
    policy.check_count = rows.count;
    if (reader->problems->total != before)
        return reader->problems->code;
    *ret_policy = policy;
    return 0;
}
