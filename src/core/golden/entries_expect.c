/* SPDX-License-Identifier: Apache-2.0
 *
 * entries_expect: what an entry expects of an answer, checked as far as that goes without one. */
#include "core/golden/entries_internal.h"

#include "base/nearest.h"

/* ---- keywords -------------------------------------------------------------------------------- */

static int keyword_of_text(struct golden_loader *loader, const struct json *item,
                           struct golden_keyword *keyword)
{
    struct view *text = arena_new(loader->arena, 1, sizeof *text);

    if (text == NULL)
        return ERR_MEMORY;
    *text = item->text;
    keyword->texts = text;
    keyword->text_count = 1;
    return 0;
}

static int keyword_of_mapping(struct golden_loader *loader, const struct json *item,
                              struct golden_keyword *keyword)
{
    struct golden_keyword_keys keys = {.whole_word = keyword->whole_word};
    int code = config_read(&loader->reader, golden_keyword_table(), item, &keys);

    if (code != 0)
        return code == ERR_MEMORY ? code : 0;
    const struct json *text = json_get(item, "text");
    const struct json *any = json_get(item, "any");
    const struct json *match = json_get(item, "match");
    if ((text != NULL) + (any != NULL) + (match != NULL) != 1) {
        problems_at(loader->problems, item,
                    "a keyword has one of 'text', 'any' and 'match', as in {any: [one, other]}");
        return 0;
    }
    keyword->at_least = keys.at_least;
    keyword->whole_word = keys.whole_word;
    keyword->is_pattern = match != NULL;
    if (any == NULL)
        return keyword_of_text(loader, match != NULL ? match : text, keyword);
    keyword->texts = keys.any.items;
    keyword->text_count = keys.any.count;
    if (keyword->text_count == 0)
        problems_at(loader->problems, any, "'any' is empty: give at least one spelling");
    return 0;
}

static int read_keyword(struct golden_loader *loader, const struct json *item, bool whole_words,
                        struct golden_keyword *keyword)
{
    int code = 0;

    *keyword = (struct golden_keyword){
        .whole_word = whole_words, .at_least = 1, .line = item->line, .column = item->column};
    if (item->kind == JSON_STRING)
        code = keyword_of_text(loader, item, keyword);
    else if (item->kind == JSON_OBJECT)
        code = keyword_of_mapping(loader, item, keyword);
    else
        problems_at(loader->problems, item,
                    "a keyword must be a text (put it in quotes) or a mapping with any, match or "
                    "at_least, found %s",
                    json_kind_name(item->kind));
    for (size_t i = 0; code == 0 && i < keyword->text_count; i++)
        if (keyword->texts[i].len == 0)
            problems_at(loader->problems, item, "this keyword is empty");
    return code;
}

static int read_keywords(struct golden_loader *loader, const struct json *value, const char *key,
                         bool whole_words, struct golden_keywords *ret_keywords)
{
    if (value == NULL)
        return 0;
    bool list = value->kind == JSON_ARRAY;
    if (!list && value->kind != JSON_STRING) {
        problems_at(loader->problems, value, "'%s' must be a list, as in [one, other], found %s",
                    key, json_kind_name(value->kind));
        return 0;
    }
    size_t count = list ? value->count : 1;
    struct golden_keyword *items = arena_new(loader->arena, count + 1, sizeof *items);
    if (items == NULL)
        return ERR_MEMORY;
    size_t i = 0;
    for (const struct json *item = list ? value->child : value; i < count; item = item->next) {
        int code = read_keyword(loader, item, whole_words, &items[i++]);
        if (code != 0)
            return code;
    }
    *ret_keywords = (struct golden_keywords){.items = items, .count = count};
    return 0;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static const char *const severities[] = {"critical", "major", "minor", "none", NULL};

static void read_severity(struct golden_loader *loader, const struct json *value,
                          struct golden_check *check)
{
    if (value == NULL || value->kind == JSON_NULL)
        return;
    for (unsigned i = 0; severities[i] != NULL; i++) {
        if (view_is(json_text(value, view_of("")), severities[i])) {
            check->severity = (enum golden_severity)(GOLDEN_SEVERITY_CRITICAL + i);
            return;
        }
    }
    problems_at(loader->problems, value,
                "'severity' must be one of critical, major, minor, none, found %s",
                problems_quote(json_text(value, view_of(json_kind_name(value->kind)))).text);
}

static void read_check(struct golden_loader *loader, const struct json *item,
                       struct golden_check *check)
{
    const struct json *name = item->kind == JSON_OBJECT ? json_get(item, "check") : item;

    *check = (struct golden_check){.line = item->line, .column = item->column};
    if (name == NULL || name->kind != JSON_STRING || name->text.len == 0) {
        problems_at(loader->problems, item,
                    "a check is a name, or a mapping with its name, as in {check: length, "
                    "severity: major}");
        return;
    }
    check->name = name->text;
    if (item->kind != JSON_OBJECT)
        return;
    check->options = item;
    read_severity(loader, json_get(item, "severity"), check);
}

static int read_checks(struct golden_loader *loader, const struct json *value,
                       struct golden_expect *expect)
{
    if (value == NULL)
        return 0;
    if (value->kind != JSON_ARRAY) {
        problems_at(loader->problems, value, "'checks' must be a list, found %s",
                    json_kind_name(value->kind));
        return 0;
    }
    struct golden_check *checks = arena_new(loader->arena, value->count + 1, sizeof *checks);
    if (checks == NULL)
        return ERR_MEMORY;
    for (const struct json *item = value->child; item != NULL; item = item->next)
        read_check(loader, item, &checks[expect->check_count++]);
    expect->checks = checks;
    return 0;
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* any, mixed, or a code of two or three small letters with parts after it, as zh-Hant. */
static bool is_language(struct view text)
{
    size_t small = 0;

    if (view_is(text, "any") || view_is(text, "mixed"))
        return true;
    while (small < text.len && text.ptr[small] >= 'a' && text.ptr[small] <= 'z')
        small++;
    if (small < 2 || small > 3)
        return false;
    return small == text.len || (text.ptr[small] == '-' && text.len > small + 1 && text.len < 36);
}

static void read_elements(struct golden_loader *loader, const struct json *at,
                          const struct config_list *names, struct golden_expect *expect)
{
    const struct json *value = json_get(at, "elements");

    for (size_t i = 0; i < names->count; i++) {
        unsigned bit = 0;
        while (golden_elements[bit] != NULL && !view_is(names->items[i], golden_elements[bit]))
            bit++;
        if (golden_elements[bit] != NULL) {
            expect->elements |= 1u << bit;
            continue;
        }
        struct view near = nearest_text(names->items[i], golden_elements);
        problems_at(loader->problems, value,
                    "unknown element %s%s%.*s%s: there are heading, list, table, code, link",
                    problems_quote(names->items[i]).text,
                    near.ptr != NULL ? ", did you mean '" : "", VIEW_ARG(near),
                    near.ptr != NULL ? "'?" : "");
    }
}

/* A format that another key implies; one that contradicts it is refused. */
static void imply_format(struct golden_loader *loader, const struct json *at, const char *key,
                         enum golden_format format, struct golden_expect *expect)
{
    if (expect->format == GOLDEN_FORMAT_NONE)
        expect->format = format;
    if (expect->format != format)
        problems_at_key(loader->problems, json_get(at, key), "'%s' asks for 'format: %s'", key,
                        format == GOLDEN_FORMAT_JSON ? "json" : "markdown");
}

static int read_schema(struct golden_loader *loader, const struct json *value,
                       struct golden_expect *expect)
{
    expect->schema_file = GOLDEN_NO_FILE;
    if (value == NULL)
        return 0;
    if (value->kind == JSON_STRING && value->text.len > 0)
        return golden_name_file(loader, value, GOLDEN_FILE_SCHEMA, &expect->schema_file);
    if (value->kind == JSON_OBJECT || value->kind == JSON_TRUE || value->kind == JSON_FALSE)
        expect->schema = value;
    else
        problems_at(loader->problems, value,
                    "'schema' must be a file, or a JSON Schema itself, found %s",
                    json_kind_name(value->kind));
    return 0;
}

static void check_lengths(struct golden_loader *loader, const struct json *at,
                          const struct golden_expect *expect)
{
    if (expect->max_chars >= 0 && expect->min_chars > expect->max_chars)
        problems_at(loader->problems, json_get(at, "min_chars"),
                    "min_chars %lld is more than max_chars %lld: no answer can be both",
                    (long long)expect->min_chars, (long long)expect->max_chars);
}

int golden_read_expect(struct golden_loader *loader, const struct json *at,
                       const struct golden_expect_keys *keys, struct golden_expect *ret_expect)
{
    struct golden_expect expect = {
        .language = keys->language,
        .format = keys->format,
        .fenced = keys->fenced,
        .min_chars = keys->min_chars,
        .max_chars = keys->max_chars,
        .tools = keys->tools,
        .command = keys->command,
        .command_is_line = json_is(json_get(at, "command"), JSON_STRING),
        .at = at,
    };
    int code =
        read_keywords(loader, keys->keywords, "keywords", keys->whole_words, &expect.keywords);
    if (code == 0)
        code = read_keywords(loader, keys->forbidden, "forbidden", keys->whole_words,
                             &expect.forbidden);
    if (code == 0)
        code = read_checks(loader, keys->checks, &expect);
    if (code == 0)
        code = read_schema(loader, keys->schema, &expect);
    if (code != 0)
        return code;
    if (!is_language(expect.language))
        problems_at(loader->problems, json_get(at, "language"),
                    "'language' must be any, mixed, or a code such as en, ja, zh or ko, found %s",
                    problems_quote(expect.language).text);
    read_elements(loader, at, &keys->elements, &expect);
    if (keys->elements.count > 0)
        imply_format(loader, at, "elements", GOLDEN_FORMAT_MARKDOWN, &expect);
    if (keys->schema != NULL)
        imply_format(loader, at, "schema", GOLDEN_FORMAT_JSON, &expect);
    check_lengths(loader, at, &expect);
    *ret_expect = expect;
    return 0;
}
