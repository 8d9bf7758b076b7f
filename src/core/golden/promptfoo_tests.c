/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo_tests: tests from wherever they stand, with what defaultTest and scenarios add, every
 * combination of their variables, for every prompt: entries. */
#include "core/golden/promptfoo_internal.h"

#include "base/path.h"
#include "config/yaml.h"

/* A test with all that counts for it. */
struct merged {
    struct promptfoo_test own;
    const struct json *sources[3]; /* defaultTest, the scenario's, the test itself; NULL: none */
    struct json *vars;
    struct json *options; /* of all of them, the later ones over the earlier */
    const struct json *threshold;
    const struct json *description;
};

int promptfoo_add_test(struct promptfoo *foo, struct promptfoo_tests *tests, const struct json *at,
                       struct view file, uint32_t base)
{
    if (tests->count >= PROMPTFOO_ENTRIES_MAX)
        return fail(foo->reterr, ERR_LIMIT, "%.*s: more than %d tests", VIEW_ARG(file),
                    PROMPTFOO_ENTRIES_MAX);
    if (tests->count == tests->room) {
        size_t room = tests->room > 0 ? tests->room * 2 : 64;
        struct promptfoo_test *items = arena_new(foo->arena, room, sizeof *items);
        if (items == NULL)
            return ERR_MEMORY;
        if (tests->count > 0)
            memcpy(items, tests->items, tests->count * sizeof *items);
        tests->items = items;
        tests->room = room;
    }
    tests->items[tests->count++] = (struct promptfoo_test){at, file, base};
    return 0;
}

/* ---- where tests stand ----------------------------------------------------------------------- */

static int add_lines(struct promptfoo *foo, struct promptfoo_tests *tests, struct view file,
                     struct view text)
{
    struct view rest = text;
    uint32_t line = 0;
    int code = 0;

    while (code == 0 && rest.ptr != NULL) {
        struct view one = view_trim(view_split(&rest, '\n'));
        struct json *tree = NULL;
        struct err err = {.code = 0};
        foo->at_base = line++;
        if (one.len == 0)
            continue;
        code = json_parse(foo->arena, one, &tree, &err);
        if (code == ERR_SYNTAX)
            code = promptfoo_lost(foo, NULL, view_of("tests"), "no JSON: %s", err.text);
        else if (code == 0)
            code = promptfoo_add_test(foo, tests, tree, file, foo->at_base);
    }
    foo->at_base = 0;
    return code;
}

static int add_all(struct promptfoo *foo, struct promptfoo_tests *tests, const struct json *tree,
                   struct view file)
{
    int code = 0;

    if (tree->kind == JSON_OBJECT && json_get(tree, "tests") == NULL)
        return promptfoo_add_test(foo, tests, tree, file, 0);
    const struct json *list = tree->kind == JSON_OBJECT ? json_get(tree, "tests") : tree;
    for (const struct json *item = list->child; code == 0 && item != NULL; item = item->next)
        code = promptfoo_add_test(foo, tests, item, file, 0);
    return code;
}

static int add_test_file(struct promptfoo *foo, struct promptfoo_tests *tests,
                         const struct json *at, struct view path)
{
    struct view file = foo->at_file;
    struct json *tree = NULL;
    struct view text = {.ptr = NULL};
    bool is_csv = view_ends(path, view_of(".csv"));

    if (view_find_byte(path, '*') < path.len)
        return promptfoo_lost(foo, at, path, "patterns of file names are not expanded: name each");
    if (is_csv || view_ends(path, view_of(".jsonl"))) {
        int code = promptfoo_load(foo, at, path, &text);
        if (code != 0 || text.ptr == NULL)
            return code;
        foo->at_file = path;
        code =
            is_csv ? promptfoo_read_csv(foo, path, text, tests) : add_lines(foo, tests, path, text);
        foo->at_file = file;
        return code;
    }
    if (!view_ends(path, view_of(".yaml")) && !view_ends(path, view_of(".yml"))
        && !view_ends(path, view_of(".json")))
        return promptfoo_lost(foo, at, path,
                              "tests that are made by a program, or stand in a sheet, are not "
                              "carried: write them to a file of CSV or JSON Lines");
    int code = promptfoo_load_tree(foo, at, path, &tree);
    if (code != 0 || tree == NULL)
        return code;
    foo->at_file = path;
    code = add_all(foo, tests, tree, path);
    foo->at_file = file;
    return code;
}

static int add_item(struct promptfoo *foo, struct promptfoo_tests *tests, const struct json *item)
{
    struct view path;

    if (item->kind == JSON_OBJECT && json_get(item, "path") == NULL)
        return promptfoo_add_test(foo, tests, item, foo->at_file, foo->at_base);
    struct view text = json_text(item, json_text(json_get(item, "path"), view_of("")));
    if (promptfoo_is_file(text, &path) || (text.len > 0 && view_find_byte(text, ':') == text.len))
        return add_test_file(foo, tests, item, path.len > 0 ? path : text);
    return promptfoo_lost(foo, item, text.len > 0 ? text : view_of("tests"),
                          "tests from elsewhere are not carried: write them to a file");
}

static int collect(struct promptfoo *foo, const struct json *list, struct promptfoo_tests *tests)
{
    int code = 0;

    if (list == NULL || list->kind == JSON_NULL)
        return 0;
    if (list->kind != JSON_ARRAY)
        return add_item(foo, tests, list);
    for (const struct json *item = list->child; code == 0 && item != NULL; item = item->next)
        code = add_item(foo, tests, item);
    return code;
}

/* ---- variables ------------------------------------------------------------------------------- */

/* The members of `vars` of a source over those that are there. */
static int merge_vars(struct promptfoo *foo, const struct json *source, struct json *vars)
{
    const struct json *own = json_get(source, "vars");
    struct view path;
    int code = 0;

    if (json_is(own, JSON_STRING)) {
        struct json *tree = NULL;
        if (!promptfoo_is_file(own->text, &path))
            path = own->text;
        code = promptfoo_load_tree(foo, own, path, &tree);
        own = tree;
    }
    if (code == 0 && own != NULL && own->kind != JSON_OBJECT && own->kind != JSON_NULL)
        code = promptfoo_lost(foo, json_get(source, "vars"), view_of("vars"),
                              "only a mapping of variables, or one file that holds it, is carried");
    for (const struct json *value = json_is(own, JSON_OBJECT) ? own->child : NULL;
         code == 0 && value != NULL; value = value->next)
        code = promptfoo_set_copy(foo, vars, value->key, value);
    return code;
}

/* A variable's value as text: of a file, or as it is. */
static int load_value(struct promptfoo *foo, const struct json *value, struct view *ret_text)
{
    static const char *const texts[] = {".txt", ".md", ".json", ".yaml", ".yml", ".csv", NULL};
    struct view path;

    *ret_text = value->kind == JSON_NULL ? view_of("") : promptfoo_text_of(foo, value);
    if (ret_text->ptr == NULL)
        return ERR_MEMORY;
    if (value->kind != JSON_STRING || !promptfoo_is_file(value->text, &path))
        return 0;
    bool is_text = view_find_byte(path, '*') == path.len;
    for (size_t i = 0; is_text; i++) {
        if (texts[i] == NULL)
            is_text = false;
        else if (view_ends(path, view_of(texts[i])))
            break;
    }
    if (!is_text)
        return promptfoo_lost(foo, value, path,
                              "only files of text are carried as variables, no pictures, programs "
                              "or patterns");
    struct view text;
    int code = promptfoo_load(foo, value, path, &text);
    if (code == 0 && text.ptr != NULL)
        *ret_text = text;
    return code;
}

/* One combination: of every list its element; each text filled with the others. */
static int combine(struct promptfoo *foo, const struct json *vars, size_t number, bool expands,
                   struct json **ret_vars)
{
    struct json *loaded = json_new(foo->arena, JSON_OBJECT);
    struct json *filled = json_new(foo->arena, JSON_OBJECT);

    if (loaded == NULL || filled == NULL)
        return ERR_MEMORY;
    for (const struct json *value = vars->child; value != NULL; value = value->next) {
        const struct json *one = value;
        if (expands && value->kind == JSON_ARRAY && value->count > 0) {
            one = value->child;
            for (size_t i = number % value->count; i > 0; i--)
                one = one->next;
            number /= value->count;
        }
        struct view text;
        int code = load_value(foo, one, &text);
        struct json *copy = code == 0 ? json_new_text(foo->arena, text) : NULL;
        if (copy == NULL)
            return code != 0 ? code : ERR_MEMORY;
        copy->line = one->line;
        json_set(loaded, value->key, copy);
    }
    for (const struct json *value = loaded->child; value != NULL; value = value->next) {
        struct view text;
        int code = promptfoo_fill(foo, value, value->text, loaded, &text);
        struct json *copy = code == 0 ? json_new_text(foo->arena, text) : NULL;
        if (copy == NULL)
            return code != 0 ? code : ERR_MEMORY;
        json_set(filled, value->key, copy);
    }
    *ret_vars = filled;
    return 0;
}

static size_t combinations(const struct json *vars)
{
    size_t count = 1;

    for (const struct json *value = vars->child; value != NULL; value = value->next)
        if (value->kind == JSON_ARRAY && value->count > 0)
            count = count > PROMPTFOO_COMBINATIONS_MAX ? count : count * value->count;
    return count;
}

/* ---- entries --------------------------------------------------------------------------------- */

static int add_tags(struct promptfoo *foo, const struct json *metadata, struct json *tags)
{
    int code = 0;

    for (const struct json *value = json_is(metadata, JSON_OBJECT) ? metadata->child : NULL;
         code == 0 && value != NULL; value = value->next) {
        const struct json *item = value->kind == JSON_ARRAY ? value->child : value;
        bool is_list = view_ends(value->key, view_of("[]"));
        for (; code == 0 && item != NULL; item = value->kind == JSON_ARRAY ? item->next : NULL) {
            struct view rest = promptfoo_text_of(foo, item);
            while (code == 0 && rest.ptr != NULL) {
                struct view tag = view_trim(is_list ? view_split(&rest, ',') : rest);
                rest = is_list ? rest : (struct view){.ptr = NULL};
                struct json *copy = tag.len > 0 ? json_new_text(foo->arena, tag) : NULL;
                if (copy != NULL)
                    json_append(tags, copy);
            }
        }
    }
    return code;
}

/* The text, or with a number where an entry has that id already. */
static struct view fresh_id(struct promptfoo *foo, struct view base)
{
    struct view id = view_of(arena_string(foo->arena, base));
    unsigned *next = id.ptr != NULL ? map_get(&foo->ids, id) : NULL;

    while (next != NULL) {
        id = view_of(arena_printf(foo->arena, "%.*s-%u", VIEW_ARG(base), (*next)++));
        if (id.ptr == NULL || map_get(&foo->ids, id) == NULL)
            break;
    }
    return id;
}

/* From the description, else a number; with the combination and the prompt where there are more. */
static int name_entry(struct promptfoo *foo, const struct merged *test, size_t number,
                      size_t combination, const struct promptfoo_prompt *prompt,
                      struct view *ret_id)
{
    struct view words = json_text(test->description, view_of(""));
    struct view slug = promptfoo_slug(foo, words);
    struct strbuf out;

    strbuf_init(&out, 1 << 12);
    if (words.len > 0 && slug.len > 1)
        strbuf_add(&out, slug);
    else
        strbuf_printf(&out, "test-%zu", number + 1);
    if (combination > 0)
        strbuf_printf(&out, "-%zu", combination + 1);
    if (foo->prompt_count > 1)
        strbuf_printf(&out, "-%.*s", VIEW_ARG(prompt->name));
    struct view id = fresh_id(foo, utf8_cut(strbuf_view(&out), 180));
    unsigned *next = arena_new(foo->arena, 1, sizeof *next);
    strbuf_release(&out);
    int code = id.ptr != NULL && next != NULL ? map_put(&foo->ids, id, next) : ERR_MEMORY;
    if (code == 0)
        *next = 2;
    if (code == 0)
        *ret_id = id;
    return code;
}

static bool has_no_checks(const struct json *expect)
{
    return expect == NULL;
}

static int read_asserts(struct promptfoo *foo, const struct merged *test, const struct json *vars,
                        struct promptfoo_expect *expect)
{
    bool skips_default = json_bool(json_get(test->options, "disableDefaultAsserts"), false);
    int code = 0;

    *expect = (struct promptfoo_expect){
        .vars = vars,
        .options = test->options,
        .threshold = test->threshold,
        .keywords = json_new(foo->arena, JSON_ARRAY),
        .forbidden = json_new(foo->arena, JSON_ARRAY),
        .checks = json_new(foo->arena, JSON_ARRAY),
        .of = test->threshold != NULL ? json_new(foo->arena, JSON_ARRAY) : NULL,
    };
    if (expect->keywords == NULL || expect->forbidden == NULL || expect->checks == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < 3; i++) {
        const struct json *list = json_get(test->sources[i], "assert");
        if (i == 0 && skips_default)
            continue;
        for (const struct json *item = json_is(list, JSON_ARRAY) ? list->child : NULL;
             code == 0 && item != NULL; item = item->next)
            code = promptfoo_assertion(foo, expect, item);
    }
    return code;
}

/* What the prompt needs and the test does not give is empty, as nunjucks has it. */
static int add_missing(struct promptfoo *foo, const struct merged *test,
                       const struct promptfoo_prompt *prompt, struct json *vars)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < prompt->name_count; i++) {
        if (json_get_view(vars, prompt->names[i]) != NULL)
            continue;
        struct json *empty = json_new_text(foo->arena, view_of(""));
        if (empty == NULL)
            return ERR_MEMORY;
        json_set(vars, prompt->names[i], empty);
        code = promptfoo_told(foo, test->own.at, prompt->names[i],
                              "the prompt has this variable and the test does not: it is empty");
    }
    return code;
}

static int set_prompt(struct promptfoo *foo, const struct merged *test,
                      const struct promptfoo_prompt *prompt, struct json *entry)
{
    const struct json *prefix = json_get(test->options, "prefix");
    const struct json *suffix = json_get(test->options, "suffix");
    struct view before = view_of("");
    struct view after = view_of("");

    if (prefix == NULL && suffix == NULL)
        return promptfoo_set_text(foo, entry, "prompt", prompt->name);
    if (prompt->chat != NULL) {
        int code = promptfoo_lost(foo, prefix != NULL ? prefix : suffix, view_of("prefix"),
                                  "prefixes and suffixes are carried for prompts of one text only");
        return code == 0 ? promptfoo_set_text(foo, entry, "prompt", prompt->name) : code;
    }
    int code =
        json_is(prefix, JSON_STRING) ? promptfoo_template(foo, prefix, prefix->text, &before) : 0;
    if (code == 0 && json_is(suffix, JSON_STRING))
        code = promptfoo_template(foo, suffix, suffix->text, &after);
    if (code != 0)
        return code;
    const char *text = arena_printf(foo->arena, "%.*s%.*s%.*s", VIEW_ARG(before),
                                    VIEW_ARG(prompt->text), VIEW_ARG(after));
    return text != NULL ? promptfoo_set_text(foo, entry, "text", view_of(text)) : ERR_MEMORY;
}

static void add_recorded(struct strbuf *out, struct view id, struct view text)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_string(&writer, "id", id);
    json_member_string(&writer, "response", text);
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}

static int add_entry(struct promptfoo *foo, const struct merged *test, const struct json *given,
                     const struct promptfoo_prompt *prompt, struct view id, struct json *expect,
                     struct view reference)
{
    struct json *entry = json_new(foo->arena, JSON_OBJECT);
    struct json *tags = json_new(foo->arena, JSON_ARRAY);
    struct json *vars = json_new(foo->arena, JSON_OBJECT);
    const struct json *answer = json_get(test->own.at, "providerOutput");
    int code = entry != NULL && tags != NULL && vars != NULL ? 0 : ERR_MEMORY;

    for (const struct json *value = given->child; code == 0 && value != NULL; value = value->next)
        code = promptfoo_set_copy(foo, vars, value->key, value);
    if (code == 0)
        code = promptfoo_set_text(foo, entry, "id", id);
    if (code == 0)
        code = set_prompt(foo, test, prompt, entry);
    if (code == 0)
        code = add_missing(foo, test, prompt, vars);
    for (size_t i = 0; code == 0 && i < 3; i++)
        code = add_tags(foo, json_get(test->sources[i], "metadata"), tags);
    if (code != 0)
        return code;
    if (vars->count > 0)
        json_set(entry, view_of("vars"), vars);
    if (!has_no_checks(expect))
        json_set(entry, view_of("expect"), expect);
    if (tags->count > 0)
        json_set(entry, view_of("tags"), tags);
    json_append(foo->entries, entry);
    if (reference.ptr != NULL)
        add_recorded(&foo->references, id, reference);
    if (answer != NULL)
        add_recorded(&foo->answers, id, promptfoo_text_of(foo, answer));
    return 0;
}

/* ---- one test -------------------------------------------------------------------------------- */

/* As promptfoo matches: by label, by the group before a colon, by a pattern with * at its end, by
 * id, or by what the prompt was written as. */
static bool is_named(const struct promptfoo_prompt *prompt, struct view name)
{
    const struct view own[] = {prompt->label, prompt->source, prompt->id};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (own[i].len == 0)
            continue;
        if (view_equal(name, own[i]))
            return true;
        if (view_ends(name, view_of("*")) && view_starts(own[i], view_slice(name, 0, name.len - 1)))
            return true;
        if (view_starts(own[i], name) && own[i].ptr[name.len] == ':')
            return true;
    }
    return false;
}

static bool is_wanted(const struct merged *test, const struct promptfoo_prompt *prompt)
{
    const struct json *filter = json_get(test->own.at, "prompts");

    if (!json_is(filter, JSON_ARRAY))
        return true;
    for (const struct json *item = filter->child; item != NULL; item = item->next)
        if (is_named(prompt, json_text(item, view_of(""))))
            return true;
    return false;
}

/* A filter that matches no prompt makes no entry. */
static int note_filter(struct promptfoo *foo, const struct merged *test)
{
    const struct json *filter = json_get(test->own.at, "prompts");

    for (size_t i = 0; i < foo->prompt_count; i++)
        if (is_wanted(test, &foo->prompts[i]))
            return 0;
    return promptfoo_lost(foo, filter, view_of("prompts"),
                          "the test names none of the prompts: it makes no entry");
}

/* Keys of a test, of defaultTest or of a scenario's config that are not carried. */
static int note_keys(struct promptfoo *foo, const struct json *source)
{
    static const char *const keys[] = {"provider", "providers", "assertScoringFunction", NULL};
    int code = 0;

    for (size_t i = 0; code == 0 && keys[i] != NULL; i++)
        if (json_get(source, keys[i]) != NULL)
            code = promptfoo_lost(foo, json_get(source, keys[i]), view_of(keys[i]),
                                  "this key of a test is not carried: every entry of a suite is "
                                  "asked of the suite's targets");
    return code;
}

static int note_rest(struct promptfoo *foo, const struct merged *test)
{
    static const char *const options[] = {"transform",    "postprocess",   "transformVars",
                                          "rubricPrompt", "storeOutputAs", NULL};
    int code = note_keys(foo, test->own.at);

    for (size_t i = 0; code == 0 && options[i] != NULL; i++)
        if (json_get(test->options, options[i]) != NULL)
            code = promptfoo_lost(foo, json_get(test->options, options[i]), view_of(options[i]),
                                  "answers and variables are not transformed here");
    return code == 0 ? note_filter(foo, test) : code;
}

static int add_combination(struct promptfoo *foo, const struct merged *test, size_t number,
                           size_t combination)
{
    bool expands = !json_bool(json_get(test->options, "disableVarExpansion"), false);
    struct promptfoo_expect expect;
    struct json *result = NULL;
    struct json *vars;

    int code = combine(foo, test->vars, combination, expands, &vars);
    if (code == 0)
        code = read_asserts(foo, test, vars, &expect);
    if (code == 0)
        code = promptfoo_expect_done(foo, &expect, &result);
    for (size_t i = 0; code == 0 && i < foo->prompt_count; i++) {
        struct view id;
        if (!is_wanted(test, &foo->prompts[i]))
            continue;
        if (foo->entries->count >= PROMPTFOO_ENTRIES_MAX)
            return fail(foo->reterr, ERR_LIMIT, "more than %d entries", PROMPTFOO_ENTRIES_MAX);
        code = name_entry(foo, test, number, combination, &foo->prompts[i], &id);
        struct json *own = result != NULL ? json_new(foo->arena, JSON_OBJECT) : NULL;
        if (own != NULL) { /* a value stands in one place of a tree only */
            *own = *result;
            own->next = NULL;
        }
        if (code == 0)
            code = add_entry(foo, test, vars, &foo->prompts[i], id, own, expect.reference);
    }
    return code;
}

/* The members of `options` of a source over those that are there. */
static int merge_options(struct promptfoo *foo, const struct json *source, struct json *options)
{
    const struct json *own = json_get(source, "options");
    int code = 0;

    for (const struct json *value = json_is(own, JSON_OBJECT) ? own->child : NULL;
         code == 0 && value != NULL; value = value->next)
        code = promptfoo_set_copy(foo, options, value->key, value);
    return code;
}

static int add_merged(struct promptfoo *foo, struct merged *test, size_t number)
{
    test->vars = json_new(foo->arena, JSON_OBJECT);
    test->options = json_new(foo->arena, JSON_OBJECT);
    int code = test->vars != NULL && test->options != NULL ? 0 : ERR_MEMORY;

    foo->at_file = test->own.file;
    foo->at_base = test->own.base;
    for (size_t i = 0; code == 0 && i < 3; i++) {
        if (test->sources[i] == NULL)
            continue;
        code = merge_vars(foo, test->sources[i], test->vars);
        if (code == 0)
            code = merge_options(foo, test->sources[i], test->options);
        const struct json *own[] = {json_get(test->sources[i], "threshold"),
                                    json_get(test->sources[i], "description")};
        test->threshold = own[0] != NULL ? own[0] : test->threshold;
        test->description = own[1] != NULL ? own[1] : test->description;
    }
    size_t count = code == 0 ? combinations(test->vars) : 0;
    if (json_bool(json_get(test->options, "disableVarExpansion"), false))
        count = 1;
    if (count > PROMPTFOO_COMBINATIONS_MAX)
        return promptfoo_lost(foo, test->own.at, view_of("vars"),
                              "more than %d combinations of its variables: split the test",
                              PROMPTFOO_COMBINATIONS_MAX);
    if (code == 0)
        code = note_rest(foo, test);
    for (size_t i = 0; code == 0 && i < count; i++)
        code = add_combination(foo, test, number, i);
    return code;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const struct json *default_test(struct promptfoo *foo, int *code)
{
    const struct json *given = json_get(foo->root, "defaultTest");
    struct json *tree = NULL;
    struct view path;

    if (json_is(given, JSON_STRING) && promptfoo_is_file(given->text, &path)) {
        *code = promptfoo_load_tree(foo, given, path, &tree);
        given = tree;
    } else if (given != NULL && given->kind != JSON_OBJECT && given->kind != JSON_NULL) {
        *code = promptfoo_lost(foo, given, view_of("defaultTest"),
                               "only a mapping, or a file named by file://, is carried");
    }
    if (*code == 0)
        *code = note_keys(foo, given);
    return given;
}

static int add_tests(struct promptfoo *foo, const struct json *first, const struct json *second,
                     const struct promptfoo_tests *tests, size_t *number)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < tests->count; i++) {
        struct merged test = {.own = tests->items[i],
                              .sources = {first, second, tests->items[i].at}};
        code = add_merged(foo, &test, (*number)++);
    }
    return code;
}

static int add_scenario(struct promptfoo *foo, const struct json *first, const struct json *at,
                        size_t *number)
{
    const struct json *config = json_get(at, "config");
    struct promptfoo_tests tests = {.items = NULL};
    struct view file = foo->at_file;

    int code = collect(foo, json_get(at, "tests"), &tests);
    if (code == 0 && json_get(at, "tests") == NULL) { /* each of its configs is a test by itself */
        struct json *empty = json_new(foo->arena, JSON_OBJECT);
        code = empty != NULL ? promptfoo_add_test(foo, &tests, empty, foo->at_file, 0) : ERR_MEMORY;
    }
    for (const struct json *item = json_is(config, JSON_ARRAY) ? config->child : NULL;
         code == 0 && item != NULL; item = item->next) {
        foo->at_file = file;
        foo->at_base = 0;
        code = json_is(json_get(item, "vars"), JSON_OBJECT)
                   ? note_keys(foo, item)
                   : promptfoo_lost(foo, item, view_of("config"),
                                    "a scenario's config that is no mapping with vars");
        if (code == 0 && json_is(json_get(item, "vars"), JSON_OBJECT))
            code = add_tests(foo, first, item, &tests, number);
    }
    foo->at_file = file;
    foo->at_base = 0;
    return code;
}

static int add_scenarios(struct promptfoo *foo, const struct json *first, size_t *number)
{
    const struct json *list = json_get(foo->root, "scenarios");
    struct view path;
    int code = 0;

    for (const struct json *item = json_is(list, JSON_ARRAY) ? list->child : NULL;
         code == 0 && item != NULL; item = item->next) {
        if (item->kind != JSON_STRING || !promptfoo_is_file(item->text, &path)) {
            code = add_scenario(foo, first, item, number);
            continue;
        }
        struct json *tree = NULL;
        code = promptfoo_load_tree(foo, item, path, &tree);
        if (code == 0 && tree != NULL && tree->kind == JSON_ARRAY)
            for (const struct json *one = tree->child; code == 0 && one != NULL; one = one->next)
                code = add_scenario(foo, first, one, number);
        else if (code == 0 && tree != NULL)
            code = add_scenario(foo, first, tree, number);
    }
    return code;
}

int promptfoo_read_tests(struct promptfoo *foo)
{
    const struct json *list = json_get(foo->root, "tests");
    struct promptfoo_tests tests = {.items = NULL};
    struct view file = foo->at_file;
    size_t number = 0;
    int code = 0;

    const struct json *first = default_test(foo, &code);
    if (code == 0)
        code = collect(foo, list, &tests);
    if (code == 0 && list == NULL && json_get(foo->root, "scenarios") == NULL) {
        struct json *empty = json_new(foo->arena, JSON_OBJECT);
        code = empty != NULL ? promptfoo_add_test(foo, &tests, empty, foo->at_file, 0) : ERR_MEMORY;
    }
    if (code == 0)
        code = add_tests(foo, first, NULL, &tests, &number);
    foo->at_file = file;
    foo->at_base = 0;
    return code == 0 ? add_scenarios(foo, first, &number) : code;
}
