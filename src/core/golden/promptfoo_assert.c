/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo_assert: assertions → what an entry expects. Without a threshold each must hold:
 * icontains become keywords, not-icontains forbidden words, the rest a check each. With a threshold
 * of the test they become one assert.NAME that weighs them. */
#include "core/golden/promptfoo_internal.h"

#include "config/yaml.h"

enum way { WAY_ASSERT, WAY_JUDGE, WAY_SCRIPT, WAY_REFERENCE, WAY_SET, WAY_LOST };

static const struct row {
    const char *type;
    enum way way;
    const char *detail;
} rows[] = {
#define PROMPTFOO(type, way, detail) {type, WAY_##way, detail},
#include "core/golden/promptfoo_asserts.def"
#undef PROMPTFOO
};

struct asserting {
    struct promptfoo *foo;
    struct promptfoo_expect *expect;
    const struct json *at;
    const struct row *row;
    struct view type; /* as written */
    bool is_not;
    struct json *into; /* of the set that it stands in; NULL: none */
};

static int carry(struct promptfoo *foo, struct promptfoo_expect *expect, const struct json *at,
                 struct json *into);

/* ---- values ---------------------------------------------------------------------------------- */

/* The value with its slots filled; of a file its text or tree. NULL in *ret_value where it has none
 * or it cannot be had (noted). */
static int value_of(struct asserting *asserting, const struct json **ret_value)
{
    struct promptfoo *foo = asserting->foo;
    const struct json *value = json_get(asserting->at, "value");
    struct view path;
    struct view text;

    *ret_value = value;
    if (!json_is(value, JSON_STRING))
        return 0;
    if (promptfoo_is_file(value->text, &path) && asserting->row->way != WAY_SCRIPT) {
        struct json *tree = NULL;
        *ret_value = NULL;
        if (!view_ends(path, view_of(".txt")) && !view_ends(path, view_of(".md"))) {
            int code = promptfoo_load_tree(foo, value, path, &tree);
            *ret_value = tree;
            return code;
        }
        int code = promptfoo_load(foo, value, path, &text);
        if (code != 0 || text.ptr == NULL)
            return code;
        tree = json_new_text(foo->arena, text);
        *ret_value = tree;
        return tree != NULL ? 0 : ERR_MEMORY;
    }
    int code = promptfoo_fill(foo, value, value->text, asserting->expect->vars, &text);
    struct json *filled = code == 0 ? json_new_text(foo->arena, text) : NULL;
    if (filled == NULL)
        return code != 0 ? code : ERR_MEMORY;
    filled->line = value->line;
    *ret_value = filled;
    return 0;
}

static int set_filled(struct asserting *asserting, struct json *object, struct view key,
                      const struct json *value)
{
    struct view text;

    if (!json_is(value, JSON_STRING))
        return promptfoo_set_copy(asserting->foo, object, key, value);
    int code = promptfoo_fill(asserting->foo, value, value->text, asserting->expect->vars, &text);
    struct json *copy = code == 0 ? json_new_text(asserting->foo->arena, text) : NULL;
    if (copy == NULL)
        return code != 0 ? code : ERR_MEMORY;
    json_set(object, key, copy);
    return 0;
}

static bool is_list_type(const char *type)
{
    return view_ends(view_of(type), view_of("-all")) || view_ends(view_of(type), view_of("-any"));
}

/* "a, \"b, c\"" → [a, "b, c"]. */
static struct json *split_list(struct asserting *asserting, struct view text)
{
    struct json *list = json_new(asserting->foo->arena, JSON_ARRAY);

    for (size_t at = 0; list != NULL && at <= text.len;) {
        while (at < text.len && text.ptr[at] == ' ')
            at++;
        bool quoted =
            at < text.len && text.ptr[at] == '"'
            && view_find_byte(view_slice(text, at + 1, text.len), '"') < text.len - at - 1;
        size_t start = at + quoted;
        size_t end = start + view_find_byte(view_slice(text, start, text.len), quoted ? '"' : ',');
        struct json *item =
            json_new_text(asserting->foo->arena, quoted ? view_slice(text, start, end)
                                                        : view_trim(view_slice(text, start, end)));
        if (item == NULL)
            return NULL;
        json_append(list, item);
        at = end + view_find_byte(view_slice(text, end, text.len), ',') + 1;
    }
    return list;
}

/* Texts of a list type, each filled. */
static int list_of(struct asserting *asserting, const struct json *value, struct json **ret_list)
{
    struct json *list = json_new(asserting->foo->arena, JSON_ARRAY);
    int code = list != NULL ? 0 : ERR_MEMORY;

    if (json_is(value, JSON_STRING)) {
        *ret_list = split_list(asserting, value->text);
        return *ret_list != NULL ? 0 : ERR_MEMORY;
    }
    for (const struct json *item = json_is(value, JSON_ARRAY) ? value->child : NULL;
         code == 0 && item != NULL; item = item->next) {
        struct view text = promptfoo_text_of(asserting->foo, item);
        code = text.ptr != NULL
                   ? promptfoo_fill(asserting->foo, item, text, asserting->expect->vars, &text)
                   : ERR_MEMORY;
        struct json *copy = code == 0 ? json_new_text(asserting->foo->arena, text) : NULL;
        if (copy == NULL)
            return code != 0 ? code : ERR_MEMORY;
        json_append(list, copy);
    }
    *ret_list = list;
    return code;
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* "assert.accuracy", "assert.regex-2": one a check. */
static int name_check(struct asserting *asserting, const char *family, struct json *check)
{
    struct promptfoo *foo = asserting->foo;
    struct view metric = json_text(json_get(asserting->at, "metric"), asserting->type);
    struct view slug = promptfoo_slug(foo, metric);
    const char *name = arena_printf(foo->arena, "%s%.*s-%u", family, VIEW_ARG(slug),
                                    ++asserting->expect->checks_named);

    return name != NULL ? promptfoo_set_text(foo, check, "check", view_of(name)) : ERR_MEMORY;
}

static int set_flag(struct promptfoo *foo, struct json *object, const char *key)
{
    struct json *value = json_new(foo->arena, JSON_TRUE);

    if (value == NULL)
        return ERR_MEMORY;
    json_set(object, view_of(key), value);
    return 0;
}

/* Into the set where it stands in one, else a check of its own. */
static int place(struct asserting *asserting, struct json *item)
{
    struct promptfoo *foo = asserting->foo;
    const struct json *weight = json_get(asserting->at, "weight");
    int code = 0;

    foo->assertions++;
    if (asserting->into != NULL) {
        if (weight != NULL)
            code = promptfoo_set_copy(foo, item, view_of("weight"), weight);
        json_append(asserting->into, item);
        return code;
    }
    struct json *check = json_new(foo->arena, JSON_OBJECT);
    if (check == NULL)
        return ERR_MEMORY;
    code = name_check(asserting, "assert.", check);
    for (const struct json *member = item->child; code == 0 && member != NULL;
         member = member->next)
        code = promptfoo_set_copy(foo, check, member->key, member);
    json_append(asserting->expect->checks, check);
    return code;
}

/* ---- keywords -------------------------------------------------------------------------------- */

static bool is_row(const struct asserting *asserting, const char *type)
{
    return strcmp(asserting->row->type, type) == 0;
}

static bool is_blank(const struct json *value)
{
    return json_is(value, JSON_STRING) && view_trim(value->text).len == 0;
}

/* icontains and its kin outside of sets are what keywords are for; a golden set refuses a keyword
 * that is empty, which every answer holds. `list`: of a list type, else NULL. */
static bool is_keyword(const struct asserting *asserting, const struct json *list,
                       const struct json *value)
{
    if (asserting->into != NULL || asserting->row->detail[0] != '+' || is_blank(value))
        return false;
    for (const struct json *item = list != NULL ? list->child : NULL; item != NULL;
         item = item->next)
        if (is_blank(item))
            return false;
    return !asserting->is_not || !is_row(asserting, "icontains-all");
}

static int add_keywords(struct asserting *asserting, struct json *list)
{
    struct promptfoo *foo = asserting->foo;
    struct json *into =
        asserting->is_not ? asserting->expect->forbidden : asserting->expect->keywords;
    bool is_any = is_row(asserting, "icontains-any") && !asserting->is_not;
    struct json *any = json_new(foo->arena, JSON_OBJECT);

    foo->assertions++;
    if (any == NULL)
        return ERR_MEMORY;
    if (is_any && list->count > 1) {
        json_set(any, view_of("any"), list);
        json_append(into, any);
        return 0;
    }
    for (const struct json *item = list->child; item != NULL; item = item->next) {
        int code = promptfoo_append_copy(foo, into, item);
        if (code != 0)
            return code;
    }
    return 0;
}

/* ---- demands --------------------------------------------------------------------------------- */

static int set_bounds(struct asserting *asserting, struct json *item, const struct json *value)
{
    const struct json *min = value;
    const struct json *max = value;

    if (json_is(value, JSON_OBJECT)) {
        min = json_get(value, "min");
        max = json_get(value, "max");
    }
    int code = min != NULL ? set_filled(asserting, item, view_of("min"), min) : 0;
    if (code == 0 && max != NULL)
        code = set_filled(asserting, item, view_of("max"), max);
    return code;
}

/* Words of promptfoo for how an answer ended, in ours. */
static struct view stop_of(struct view text)
{
    static const char *const words[][2] = {{"stop", "end_turn"},
                                           {"length", "max_tokens"},
                                           {"content_filter", "content_filtered"},
                                           {"tool_calls", "tool_use"}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (view_is(text, words[i][0]))
            return view_of(words[i][1]);
    return text;
}

static int set_value(struct asserting *asserting, struct json *item, const struct json *value)
{
    struct promptfoo *foo = asserting->foo;
    const char *type = asserting->row->detail;
    const struct json *threshold = json_get(asserting->at, "threshold");

    if (strcmp(type, "latency") == 0 || strcmp(type, "cost") == 0)
        return threshold != NULL ? set_filled(asserting, item, view_of("max"), threshold) : 0;
    if (threshold != NULL) {
        int code = set_filled(asserting, item, view_of("threshold"), threshold);
        if (code != 0)
            return code;
    }
    if (strcmp(type, "words") == 0)
        return set_bounds(asserting, item, value);
    if (value == NULL)
        return 0;
    if (strcmp(type, "stop_reason") == 0)
        return promptfoo_set_text(foo, item, "value", stop_of(promptfoo_text_of(foo, value)));
    bool is_schema = strcmp(type, "json") == 0 || strcmp(type, "contains_json") == 0;
    if (is_schema && value->kind == JSON_STRING) {
        struct json *tree = NULL;
        int code = yaml_parse(foo->arena, foo->at_file, value->text, &tree, NULL);
        if (code == ERR_MEMORY)
            return code;
        if (code != 0 || tree == NULL)
            return promptfoo_lost(foo, asserting->at, asserting->type, "its schema is none");
        value = tree;
    }
    return promptfoo_set_copy(foo, item, view_of("value"), value);
}

/* Why a demand cannot be carried although its type can; NULL: it can. */
static const char *missing(const struct asserting *asserting, const struct json *value)
{
    const char *type = asserting->row->detail;

    if (strcmp(type, "latency") == 0 || strcmp(type, "cost") == 0)
        return json_get(asserting->at, "threshold") == NULL ? "it has no threshold to be held to"
                                                            : NULL;
    bool is_schema = strcmp(type, "json") == 0 || strcmp(type, "contains_json") == 0;
    return value == NULL && !is_schema ? "it has no value" : NULL;
}

static int carry_demand(struct asserting *asserting)
{
    struct promptfoo *foo = asserting->foo;
    const struct json *value = NULL;
    struct json *list = NULL;

    int code = value_of(asserting, &value);
    const char *why = code == 0 ? missing(asserting, value) : NULL;
    if (why != NULL)
        return promptfoo_lost(foo, asserting->at, asserting->type, "%s", why);
    if (code == 0 && is_list_type(asserting->row->type)) {
        code = list_of(asserting, value, &list);
        value = list;
    }
    if (code == 0 && is_keyword(asserting, list, value)) {
        struct json *one = json_new(foo->arena, JSON_ARRAY);
        if (list == NULL && one != NULL)
            code = promptfoo_append_copy(foo, one, value);
        return one == NULL ? ERR_MEMORY
               : code != 0 ? code
                           : add_keywords(asserting, list != NULL ? list : one);
    }
    bool no_case = asserting->row->detail[0] == '+';
    struct json *item = json_new(foo->arena, JSON_OBJECT);
    if (item == NULL)
        return ERR_MEMORY;
    if (code == 0)
        code = promptfoo_set_text(foo, item, "type", view_of(asserting->row->detail + no_case));
    if (code == 0)
        code = set_value(asserting, item, value);
    if (code == 0 && no_case)
        code = set_flag(foo, item, "ignore_case");
    if (code == 0 && asserting->is_not)
        code = set_flag(foo, item, "not");
    return code == 0 ? place(asserting, item) : code;
}

/* ---- judges ---------------------------------------------------------------------------------- */

/* The provider that judges: the assertion's, the test's, else the suite's first target. */
static int grader_of(struct asserting *asserting, struct view *ret_name)
{
    struct promptfoo *foo = asserting->foo;
    const struct json *provider = json_get(asserting->at, "provider");

    if (provider == NULL)
        provider = json_get(asserting->expect->options, "provider");
    if (provider != NULL && foo->grader.len == 0) {
        int code = promptfoo_target(foo, provider, &foo->grader);
        if (code != 0)
            return code;
    }
    if (foo->grader.len == 0) {
        foo->grader = json_text(foo->suite_targets->child, view_of("sim"));
        int code = promptfoo_told(foo, asserting->at, asserting->type,
                                  "no judge is named: '%.*s' judges; name another under 'target:'",
                                  VIEW_ARG(foo->grader));
        if (code != 0)
            return code;
    }
    *ret_name = foo->grader;
    return 0;
}

/* A threshold of 0..1 on the scale of 1 to 5. */
static int set_floor(struct asserting *asserting, struct json *check)
{
    const struct json *threshold = json_get(asserting->at, "threshold");
    double share;

    if (threshold == NULL || view_to_double(threshold->text, &share) != 0 || !(share > 0)
        || share > 1)
        return 0;
    const char *text = arena_printf(asserting->foo->arena, "%.6g", 1 + 4 * share);
    struct json *value = json_new(asserting->foo->arena, JSON_NUMBER);
    if (text == NULL || value == NULL)
        return ERR_MEMORY;
    value->text = view_of(text);
    json_set(check, view_of("floor"), value);
    return 0;
}

static int carry_judge(struct asserting *asserting)
{
    struct promptfoo *foo = asserting->foo;
    const struct json *value = NULL;
    struct view grader;
    struct json *check = json_new(foo->arena, JSON_OBJECT);

    int code = check != NULL ? value_of(asserting, &value) : ERR_MEMORY;
    if (code == 0)
        code = grader_of(asserting, &grader);
    if (code != 0)
        return code;
    struct view text = value != NULL ? promptfoo_text_of(foo, value) : view_of("");
    const char *rubric =
        arena_printf(foo->arena, "%s%s%.*s", asserting->is_not ? "This must NOT be true: " : "",
                     asserting->row->detail, VIEW_ARG(text));
    if (rubric == NULL)
        return ERR_MEMORY;
    if (rubric[0] == '\0')
        return promptfoo_lost(foo, asserting->at, asserting->type, "it has no value");
    if (asserting->into != NULL)
        code = promptfoo_lost(foo, asserting->at, asserting->type,
                              "judges are not weighed in a set: it became a check that must pass");
    if (code == 0)
        code = name_check(asserting, "judge.", check);
    if (code == 0)
        code = promptfoo_set_text(foo, check, "target", grader);
    if (code == 0)
        code = promptfoo_set_text(foo, check, "rubric", view_of(rubric));
    if (code == 0)
        code = set_floor(asserting, check);
    json_append(asserting->expect->checks, check);
    foo->assertions++;
    return code;
}

/* ---- scripts --------------------------------------------------------------------------------- */

/* The program goes into checks/, with the file it names. */
static int script_code(struct asserting *asserting, struct view value, struct view *ret_code)
{
    struct promptfoo *foo = asserting->foo;
    struct view path;
    struct view text;

    *ret_code = value;
    if (!promptfoo_is_file(value, &path))
        return 0;
    struct view rest = path;
    struct view file = view_split(&rest, ':');
    struct view name = file;
    for (size_t slash = view_find_byte(name, '/'); slash < name.len;
         slash = view_find_byte(name, '/'))
        name = view_slice(name, slash + 1, name.len);
    int code = promptfoo_load(foo, asserting->at, file, &text);
    if (code != 0 || text.ptr == NULL) {
        *ret_code = view_of("");
        return code;
    }
    const char *to = arena_printf(foo->arena, "checks/%.*s", VIEW_ARG(name));
    const char *reference = arena_printf(foo->arena, "file:checks/%.*s:%.*s", VIEW_ARG(name),
                                         VIEW_ARG(rest.ptr != NULL ? rest : view_of("")));
    if (to == NULL || reference == NULL)
        return ERR_MEMORY;
    *ret_code = view_of(reference);
    code = promptfoo_add_file(foo, to, text);
    return code == 0 ? promptfoo_told(foo, asserting->at, path,
                                      "copied to %s; files that it reads itself are not", to)
                     : code;
}

static int carry_script(struct asserting *asserting)
{
    struct promptfoo *foo = asserting->foo;
    bool is_js = is_row(asserting, "javascript");
    const struct json *given = json_get(asserting->at, "value");
    const struct json *threshold = json_get(asserting->at, "threshold");
    struct json *check = json_new(foo->arena, JSON_OBJECT);
    struct json *command = json_new(foo->arena, JSON_ARRAY);
    struct view script;

    if (check == NULL || command == NULL)
        return ERR_MEMORY;
    if (!json_is(given, JSON_STRING))
        return promptfoo_lost(foo, asserting->at, asserting->type, "it has no value");
    int code = script_code(asserting, given->text, &script);
    if (code != 0 || script.len == 0)
        return code;
    const char *program =
        arena_printf(foo->arena, "checks/%s", promptfoo_script_names[is_js ? 1 : 0]);
    const struct view parts[] = {
        view_of(asserting->row->detail),
        view_of(program),
        script,
        promptfoo_text_of(foo, asserting->expect->vars),
        threshold != NULL ? promptfoo_text_of(foo, threshold) : view_of(""),
        asserting->is_not ? view_of("not") : view_of(""),
    };
    size_t count = sizeof parts / sizeof parts[0];
    for (size_t i = 0; i < count; i++) {
        struct json *part = json_new_text(foo->arena, parts[i].len > 0 ? parts[i] : view_of("-"));
        if (part == NULL)
            return ERR_MEMORY;
        json_append(command, part);
    }
    if (asserting->into != NULL)
        code = promptfoo_lost(foo, asserting->at, asserting->type,
                              "programs are not weighed in a set: it became a check that must "
                              "pass");
    if (!foo->scripts[is_js] && code == 0)
        code = promptfoo_told(foo, asserting->at, asserting->type,
                              "runs as a program (%s): read it before you run the suite",
                              asserting->row->detail);
    foo->scripts[is_js] = true;
    if (code == 0)
        code = name_check(asserting, "exec.", check);
    json_set(check, view_of("command"), command);
    json_append(asserting->expect->checks, check);
    foo->assertions++;
    return code;
}

/* ---- the others ------------------------------------------------------------------------------ */

static int carry_reference(struct asserting *asserting)
{
    const struct json *value = NULL;

    int code = value_of(asserting, &value);
    if (code != 0)
        return code;
    if (json_is(value, JSON_ARRAY))
        value = value->child;
    if (value == NULL || asserting->is_not)
        return promptfoo_lost(asserting->foo, asserting->at, asserting->type,
                              asserting->is_not ? "unlikeness is not judged" : "it has no value");
    asserting->expect->reference = promptfoo_text_of(asserting->foo, value);
    asserting->foo->assertions++;
    return promptfoo_told(asserting->foo, asserting->at, asserting->type,
                          "the reference becomes the accepted answer: record it with 'assay "
                          "baseline --responses golden/promptfoo-references.jsonl'; the gate then "
                          "judges likeness, not this threshold");
}

static int carry_set(struct asserting *asserting)
{
    struct promptfoo *foo = asserting->foo;
    const struct json *list = json_get(asserting->at, "assert");
    const struct json *threshold = json_get(asserting->at, "threshold");
    struct json *item = json_new(foo->arena, JSON_OBJECT);
    struct json *of = json_new(foo->arena, JSON_ARRAY);
    int code = item != NULL && of != NULL ? 0 : ERR_MEMORY;

    for (const struct json *inner = json_is(list, JSON_ARRAY) ? list->child : NULL;
         code == 0 && inner != NULL; inner = inner->next)
        code = carry(foo, asserting->expect, inner, of);
    if (code != 0 || of->count == 0)
        return code;
    json_set(item, view_of("of"), of);
    if (threshold != NULL)
        code = promptfoo_set_copy(foo, item, view_of("threshold"), threshold);
    foo->assertions--; /* the set itself is none */
    return code == 0 ? place(asserting, item) : code;
}

static int carry_lost(struct asserting *asserting)
{
    return promptfoo_lost(asserting->foo, asserting->at, asserting->type, "%s",
                          asserting->row->detail);
}

static int (*const ways[])(struct asserting *) = {
    [WAY_ASSERT] = carry_demand,       [WAY_JUDGE] = carry_judge, [WAY_SCRIPT] = carry_script,
    [WAY_REFERENCE] = carry_reference, [WAY_SET] = carry_set,     [WAY_LOST] = carry_lost,
};

/* "#/assertionTemplates/short" in the configuration. */
static const struct json *resolve(struct promptfoo *foo, const struct json *at)
{
    struct view rest = json_text(json_get(at, "$ref"), view_of(""));
    const struct json *found = foo->root;

    if (rest.len == 0)
        return at;
    if (!view_starts(rest, view_of("#/")))
        return NULL;
    rest = view_slice(rest, 2, rest.len);
    while (rest.ptr != NULL && found != NULL)
        found = json_get_view(found, view_split(&rest, '/'));
    return found != NULL && json_get(found, "$ref") == NULL ? found : NULL;
}

static int note_transform(struct asserting *asserting)
{
    static const char *const keys[] = {"transform", "contextTransform", "rubricPrompt", "config",
                                       NULL};
    int code = 0;

    for (size_t i = 0; code == 0 && keys[i] != NULL; i++)
        if (json_get(asserting->at, keys[i]) != NULL)
            code = promptfoo_lost(asserting->foo, json_get(asserting->at, keys[i]),
                                  view_of(keys[i]), "this key of an assertion is not carried");
    return code;
}

static const struct row *row_of(struct view type)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (view_is(type, rows[i].type))
            return &rows[i];
    return NULL;
}

static int carry(struct promptfoo *foo, struct promptfoo_expect *expect, const struct json *at,
                 struct json *into)
{
    const struct json *found = resolve(foo, at);
    struct asserting asserting = {.foo = foo, .expect = expect, .at = found, .into = into};
    const struct json *weight = json_get(found, "weight");
    double weighs = 1;

    if (found == NULL || json_get(found, "type") == NULL)
        return promptfoo_lost(foo, at, view_of("assert"),
                              "an assertion that is not understood: a reference to nothing, or "
                              "without a type");
    asserting.type = json_text(json_get(found, "type"), view_of(""));
    asserting.is_not = view_starts(asserting.type, view_of("not-"));
    asserting.row = row_of(asserting.is_not ? view_slice(asserting.type, 4, asserting.type.len)
                                            : asserting.type);
    if (asserting.row == NULL)
        return promptfoo_lost(foo, found, asserting.type,
                              "no check of ours is like it: see exec.NAME and judge.NAME");
    if (weight != NULL && view_to_double(weight->text, &weighs) == 0 && weighs == 0)
        return promptfoo_told(foo, found, asserting.type,
                              "with a weight of 0 it decides nothing, and was left out");
    int code = note_transform(&asserting);
    return code == 0 ? ways[asserting.row->way](&asserting) : code;
}

int promptfoo_assertion(struct promptfoo *foo, struct promptfoo_expect *expect,
                        const struct json *at)
{
    return carry(foo, expect, at, expect->of);
}

int promptfoo_expect_done(struct promptfoo *foo, struct promptfoo_expect *expect,
                          struct json **ret_expect)
{
    struct json *result = json_new(foo->arena, JSON_OBJECT);

    if (result == NULL)
        return ERR_MEMORY;
    if (expect->of != NULL && expect->of->count > 0) {
        struct json *check = json_new(foo->arena, JSON_OBJECT);
        if (check == NULL)
            return ERR_MEMORY;
        int code = promptfoo_set_text(foo, check, "check", view_of("assert.test"));
        if (code == 0)
            code = promptfoo_set_copy(foo, check, view_of("threshold"), expect->threshold);
        if (code != 0)
            return code;
        json_set(check, view_of("of"), expect->of);
        json_append(expect->checks, check);
    }
    if (expect->keywords->count > 0)
        json_set(result, view_of("keywords"), expect->keywords);
    if (expect->forbidden->count > 0)
        json_set(result, view_of("forbidden"), expect->forbidden);
    if (expect->checks->count > 0)
        json_set(result, view_of("checks"), expect->checks);
    *ret_expect = result->count > 0 ? result : NULL;
    return 0;
}
