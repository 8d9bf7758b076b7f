/* SPDX-License-Identifier: Apache-2.0
 *
 * expect: see expect.h. */
#include "core/validate/expect_internal.h"

#include "base/nearest.h"

/* ---- keywords -------------------------------------------------------------------------------- */

static int keyword_of_text(const struct expect_reader *reader, const struct json *item,
                           struct expect_keyword *keyword)
{
    struct view *text = arena_new(reader->config->arena, 1, sizeof *text);

    if (text == NULL)
        return ERR_MEMORY;
    *text = item->text;
    keyword->texts = text;
    keyword->text_count = 1;
    return 0;
}

static int keyword_of_mapping(const struct expect_reader *reader, const struct json *item,
                              struct expect_keyword *keyword)
{
    struct expect_keyword_keys keys = {.whole_word = keyword->whole_word};
    int code = config_read(reader->config, &expect_keyword_table, item, &keys);

    if (code != 0)
        return code == ERR_MEMORY ? code : 0;
    const struct json *text = json_get(item, "text");
    const struct json *any = json_get(item, "any");
    const struct json *match = json_get(item, "match");
    if ((text != NULL) + (any != NULL) + (match != NULL) != 1) {
        problems_at(reader->config->problems, item,
                    "a keyword has one of 'text', 'any' and 'match', as in {any: [one, other]}");
        return 0;
    }
    keyword->at_least = keys.at_least;
    keyword->whole_word = keys.whole_word;
    keyword->is_pattern = match != NULL;
    if (any == NULL)
        return keyword_of_text(reader, match != NULL ? match : text, keyword);
    keyword->texts = keys.any.items;
    keyword->text_count = keys.any.count;
    if (keyword->text_count == 0)
        problems_at(reader->config->problems, any, "'any' is empty: give at least one spelling");
    return 0;
}

static int read_keyword(const struct expect_reader *reader, const struct json *item,
                        bool whole_words, struct expect_keyword *keyword)
{
    int code = 0;

    *keyword = (struct expect_keyword){
        .whole_word = whole_words, .at_least = 1, .line = item->line, .column = item->column};
    if (item->kind == JSON_STRING)
        code = keyword_of_text(reader, item, keyword);
    else if (item->kind == JSON_OBJECT)
        code = keyword_of_mapping(reader, item, keyword);
    else
        problems_at(reader->config->problems, item,
                    "a keyword must be a text (put it in quotes) or a mapping with any, match or "
                    "at_least, found %s",
                    json_kind_name(item->kind));
    for (size_t i = 0; code == 0 && i < keyword->text_count; i++)
        if (keyword->texts[i].len == 0)
            problems_at(reader->config->problems, item, "this keyword is empty");
    return code;
}

static int read_keywords(const struct expect_reader *reader, const struct json *value,
                         const char *key, bool whole_words, struct expect_keywords *ret_keywords)
{
    if (value == NULL)
        return 0;
    bool list = value->kind == JSON_ARRAY;
    if (!list && value->kind != JSON_STRING) {
        problems_at(reader->config->problems, value,
                    "'%s' must be a list, as in [one, other], found %s", key,
                    json_kind_name(value->kind));
        return 0;
    }
    size_t count = list ? value->count : 1;
    struct expect_keyword *items = arena_new(reader->config->arena, count + 1, sizeof *items);
    if (items == NULL)
        return ERR_MEMORY;
    size_t i = 0;
    for (const struct json *item = list ? value->child : value; i < count; item = item->next) {
        int code = read_keyword(reader, item, whole_words, &items[i++]);
        if (code != 0)
            return code;
    }
    *ret_keywords = (struct expect_keywords){.items = items, .count = count};
    return 0;
}

/* ---- checks ---------------------------------------------------------------------------------- */

void expect_read_severity(struct problems *problems, const struct json *value, bool *has_severity,
                          enum severity *severity)
{
    static const enum severity severities[] = {SEVERITY_CRITICAL, SEVERITY_MAJOR, SEVERITY_MINOR,
                                               SEVERITY_NONE};

    if (value == NULL || value->kind == JSON_NULL)
        return;
    for (size_t i = 0; i < sizeof severities / sizeof severities[0]; i++) {
        if (view_is(json_text(value, view_of("")), severity_name(severities[i]))) {
            *has_severity = true;
            *severity = severities[i];
            return;
        }
    }
    problems_at(problems, value, "'severity' must be one of critical, major, minor, none, found %s",
                problems_quote(json_text(value, view_of(json_kind_name(value->kind)))).text);
}

static void read_check(const struct expect_reader *reader, const struct json *item,
                       struct expect_check *check)
{
    const struct json *name = item->kind == JSON_OBJECT ? json_get(item, "check") : item;

    *check = (struct expect_check){.at = item, .line = item->line, .column = item->column};
    if (name == NULL || name->kind != JSON_STRING || name->text.len == 0) {
        problems_at(reader->config->problems, item,
                    "a check is a name, or a mapping with its name, as in {check: length, "
                    "severity: major}");
        return;
    }
    check->name = name->text;
    if (item->kind == JSON_OBJECT)
        expect_read_severity(reader->config->problems, json_get(item, "severity"),
                             &check->has_severity, &check->severity);
}

static int read_checks(const struct expect_reader *reader, const struct json *value,
                       struct expect *expect)
{
    if (value == NULL)
        return 0;
    if (value->kind != JSON_ARRAY) {
        problems_at(reader->config->problems, value, "'checks' must be a list, found %s",
                    json_kind_name(value->kind));
        return 0;
    }
    struct expect_check *checks =
        arena_new(reader->config->arena, value->count + 1, sizeof *checks);
    if (checks == NULL)
        return ERR_MEMORY;
    for (const struct json *item = value->child; item != NULL; item = item->next)
        read_check(reader, item, &checks[expect->check_count++]);
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

static void read_elements(const struct expect_reader *reader, const struct json *at,
                          const struct config_list *names, struct expect *expect)
{
    const struct json *value = json_get(at, "elements");

    for (size_t i = 0; i < names->count; i++) {
        unsigned bit = 0;
        while (expect_elements[bit] != NULL && !view_is(names->items[i], expect_elements[bit]))
            bit++;
        if (expect_elements[bit] != NULL) {
            expect->elements |= 1u << bit;
            continue;
        }
        struct view near = nearest_text(names->items[i], expect_elements);
        problems_at(reader->config->problems, value,
                    "unknown element %s%s%.*s%s: there are heading, list, table, code, link",
                    problems_quote(names->items[i]).text,
                    near.ptr != NULL ? ", did you mean '" : "", VIEW_ARG(near),
                    near.ptr != NULL ? "'?" : "");
    }
}

/* A format that another key implies; one that contradicts it is refused. */
static void imply_format(const struct expect_reader *reader, const struct json *at, const char *key,
                         enum expect_format format, struct expect *expect)
{
    if (expect->format == EXPECT_FORMAT_NONE)
        expect->format = format;
    if (expect->format != format)
        problems_at_key(reader->config->problems, json_get(at, key), "'%s' asks for 'format: %s'",
                        key, format == EXPECT_FORMAT_JSON ? "json" : "markdown");
}

static int name_file(const struct expect_reader *reader, const struct json *value, size_t *ret_file)
{
    if (reader->name_file != NULL)
        return reader->name_file(reader->context, value, ret_file);
    problems_at(reader->config->problems, value,
                "%s cannot be read: files are not read here: write the schema inline",
                problems_quote(value->text).text);
    return 0;
}

static int read_schema(const struct expect_reader *reader, const struct json *value,
                       struct expect *expect)
{
    expect->schema_file = EXPECT_NO_FILE;
    if (value == NULL)
        return 0;
    if (value->kind == JSON_STRING && value->text.len > 0)
        return name_file(reader, value, &expect->schema_file);
    if (value->kind == JSON_OBJECT || value->kind == JSON_TRUE || value->kind == JSON_FALSE)
        expect->schema = value;
    else
        problems_at(reader->config->problems, value,
                    "'schema' must be a file, or a JSON Schema itself, found %s",
                    json_kind_name(value->kind));
    return 0;
}

static void check_lengths(const struct expect_reader *reader, const struct json *at,
                          const struct expect *expect)
{
    if (expect->max_chars >= 0 && expect->min_chars > expect->max_chars)
        problems_at(reader->config->problems, json_get(at, "min_chars"),
                    "min_chars %lld is more than max_chars %lld: no answer can be both",
                    (long long)expect->min_chars, (long long)expect->max_chars);
}

struct expect expect_none(void)
{
    return (struct expect){
        .language = VIEW("any"),
        .schema_file = EXPECT_NO_FILE,
        .min_chars = -1,
        .max_chars = -1,
    };
}

/* What needs a look at more than one key. */
static void check_together(const struct expect_reader *reader, const struct json *at,
                           const struct expect_keys *keys, struct expect *expect)
{
    if (!is_language(expect->language))
        problems_at(reader->config->problems, json_get(at, "language"),
                    "'language' must be any, mixed, or a code such as en, ja, zh or ko, found %s",
                    problems_quote(expect->language).text);
    read_elements(reader, at, &keys->elements, expect);
    if (keys->elements.count > 0)
        imply_format(reader, at, "elements", EXPECT_FORMAT_MARKDOWN, expect);
    if (keys->schema != NULL)
        imply_format(reader, at, "schema", EXPECT_FORMAT_JSON, expect);
    check_lengths(reader, at, expect);
}

int expect_read(const struct expect_reader *reader, const struct json *at,
                struct expect *ret_expect)
{
    struct expect_keys keys = {.min_chars = -1, .max_chars = -1};
    struct expect expect = expect_none();

    int code = config_read(reader->config, &expect_table, at, &keys);
    if (code == ERR_MEMORY)
        return code;
    expect.language = keys.language;
    expect.format = keys.format;
    expect.fenced = keys.fenced;
    expect.min_chars = keys.min_chars;
    expect.max_chars = keys.max_chars;
    expect.tools = keys.tools;
    expect.command = keys.command;
    expect.command_is_line = json_is(json_get(at, "command"), JSON_STRING);
    expect.at = at;
    code = read_keywords(reader, keys.keywords, "keywords", keys.whole_words, &expect.keywords);
    if (code == 0)
        code =
            read_keywords(reader, keys.forbidden, "forbidden", keys.whole_words, &expect.forbidden);
    if (code == 0)
        code = read_checks(reader, keys.checks, &expect);
    if (code == 0)
        code = read_schema(reader, keys.schema, &expect);
    if (code != 0)
        return code;
    check_together(reader, at, &keys, &expect);
    *ret_expect = expect;
    return 0;
}
