/* SPDX-License-Identifier: Apache-2.0
 *
 * expectation: see expectation.h. A check that newly fails counts as critical where
 * the answer's form is broken, as major otherwise; `severity:` of a check overrides. */
#include "core/validate/expectation_internal.h"

#include "base/mem.h"
#include "base/nearest.h"

enum { ARENA_BYTES_MAX = 64 << 20, SPECS_MAX = KEYWORD_COUNT_MAX };

static const struct {
    const char *name;
    enum severity severity;
} checks[EXPECTATION_CHECKS] = {
    [EXPECTATION_KEYWORDS] = {"keywords", SEVERITY_MAJOR},
    [EXPECTATION_FORBIDDEN] = {"forbidden", SEVERITY_MAJOR},
    [EXPECTATION_FORMAT] = {"format", SEVERITY_CRITICAL},
    [EXPECTATION_LANGUAGE] = {"language", SEVERITY_MAJOR},
    [EXPECTATION_LENGTH] = {"length", SEVERITY_MAJOR},
    [EXPECTATION_PATTERN] = {"pattern", SEVERITY_MAJOR},
};

struct view expectation_check_name(enum expectation_check check)
{
    return view_of(checks[check].name);
}

struct making {
    const struct expect *expect;
    const struct expectation_place *place;
    struct expectation *expectation;
    struct err *reterr;
};

/* An error at a place of the file. */
static int at(const struct making *making, uint32_t line, uint32_t column, int code,
              const char *text)
{
    const struct expectation_place *place = making->place;
    bool named = place->entry.len != 0;

    return fail(making->reterr, code, "%.*s:%u:%u: %s%.*s%s%s", VIEW_ARG(place->file), line, column,
                named ? "entry '" : "", VIEW_ARG(place->entry), named ? "': " : "", text);
}

/* The same about the whole of it. */
static int at_place(const struct making *making, int code, const char *text)
{
    return at(making, making->place->line, making->place->column, code, text);
}

static struct keyword_spec spec_of(const struct expect_keyword *keyword)
{
    struct keyword_spec spec = {
        .kind = keyword->is_pattern       ? KEYWORD_MATCH
                : keyword->text_count > 1 ? KEYWORD_ANY
                                          : KEYWORD_TEXT,
        .text = keyword->texts[0],
        .any = keyword->texts,
        .any_count = keyword->text_count,
        .at_least = (unsigned)keyword->at_least,
        .whole_word = keyword->whole_word,
    };
    return spec;
}

static void add_keywords(struct making *making, const struct expect_keywords *from,
                         enum expectation_check check, struct keyword_spec *specs)
{
    struct expectation *expectation = making->expectation;

    for (size_t i = 0; i < from->count; i++) {
        size_t to = expectation->keyword_count++;
        specs[to] = spec_of(&from->items[i]);
        expectation->keyword_items[to] =
            (struct expected_keyword){.check = check, .shown = from->items[i].texts[0]};
    }
}

static int make_keywords(struct making *making)
{
    const struct expect *expect = making->expect;
    struct expectation *expectation = making->expectation;
    size_t count = expect->keywords.count + expect->forbidden.count;
    struct err err = {0};

    if (count > SPECS_MAX)
        return at_place(making, ERR_CONFIG, "more than 10,000 keywords");
    struct keyword_spec *specs = arena_new(&expectation->arena, count, sizeof *specs);
    expectation->keyword_items =
        arena_new(&expectation->arena, count, sizeof *expectation->keyword_items);
    if (specs == NULL || expectation->keyword_items == NULL)
        return ERR_MEMORY;
    add_keywords(making, &expect->keywords, EXPECTATION_KEYWORDS, specs);
    add_keywords(making, &expect->forbidden, EXPECTATION_FORBIDDEN, specs);
    expectation->expected_count = expect->keywords.count;
    expectation->forbidden_count = expect->forbidden.count;
    int code = keywords_new(specs, count, &expectation->keywords, &err);
    if (code != 0)
        return at_place(making, code, err.text);
    return 0;
}

/* "LINE:COLUMN: what": of a schema in the mapping itself that is a place of the file. */
static int bad_schema(const struct making *making, int code, struct view text)
{
    struct view rest = text;
    struct view line_text = view_split(&rest, ':');
    struct view column_text = view_split(&rest, ':');
    int64_t line;
    int64_t column;

    if (making->expect->schema_file == EXPECT_NO_FILE && view_to_int(line_text, &line) == 0
        && view_to_int(column_text, &column) == 0 && line > 0 && line < UINT32_MAX && column > 0
        && column < UINT32_MAX)
        return at(making, (uint32_t)line, (uint32_t)column, code, view_trim(rest).ptr);
    return at_place(making, code, text.ptr);
}

static int make_structure(struct making *making)
{
    static const enum structure_format formats[] = {
        [EXPECT_FORMAT_NONE] = STRUCTURE_TEXT,
        [EXPECT_FORMAT_TEXT] = STRUCTURE_TEXT,
        [EXPECT_FORMAT_JSON] = STRUCTURE_JSON,
        [EXPECT_FORMAT_MARKDOWN] = STRUCTURE_MARKDOWN,
    };
    const struct expect *expect = making->expect;
    struct err err = {0};

    making->expectation->has_format = expect->format != EXPECT_FORMAT_NONE;
    making->expectation->structure = (struct structure_spec){
        .format = formats[expect->format],
        .fenced = expect->fenced == EXPECT_FENCED_ALLOW,
        .elements = expect->elements,
    };
    if (expect->schema == NULL)
        return 0;
    if (expect->format != EXPECT_FORMAT_JSON)
        return at_place(making, ERR_CONFIG, "a schema needs 'format: json' beside it");
    int code = schema_new(expect->schema, NULL, &making->expectation->schema, &err);
    return code == 0 ? 0 : bad_schema(making, code, view_of(err.text));
}

static int make_language(struct making *making)
{
    struct view language = making->expect->language;

    making->expectation->has_language = json_get(making->expect->at, "language") != NULL;
    making->expectation->language = language.len != 0 ? language : view_of("any");
    if (!language_is_expectation(making->expectation->language))
        return at_place(making, ERR_CONFIG,
                        "language: expected any, mixed or a code of two or three letters like ja");
    return 0;
}

static int make_rest(struct making *making)
{
    const struct expect *expect = making->expect;

    making->expectation->min_chars = expect->min_chars;
    making->expectation->max_chars = expect->max_chars;
    if (expect->tools != NULL)
        return at(making, expect->tools->key_line, expect->tools->key_column, ERR_UNSUPPORTED,
                  "tools: expected tool calls are not judged by this version; remove the key");
    return 0;
}

static enum severity severity_of(const struct expect_check *check, enum severity otherwise)
{
    return check->has_severity ? check->severity : otherwise;
}

static int add_pattern(struct making *making, const struct expect_check *check,
                       struct keyword_spec *ret_spec)
{
    struct expectation *expectation = making->expectation;
    const struct json *must = json_get(check->at, "match");
    const struct json *must_not = json_get(check->at, "not");
    const struct json *given = must != NULL ? must : must_not;

    if ((must == NULL) == (must_not == NULL) || !json_is(given, JSON_STRING))
        return at(making, check->line, check->column, ERR_CONFIG,
                  "a pattern check needs either 'match: EXPRESSION' or 'not: EXPRESSION'");
    *ret_spec = (struct keyword_spec){.kind = KEYWORD_MATCH, .text = given->text};
    expectation->pattern_items[expectation->pattern_count++] = (struct expected_pattern){
        .name = check->name,
        .shown = given->text,
        .is_forbidden = must == NULL,
        .severity = severity_of(check, checks[EXPECTATION_PATTERN].severity),
    };
    return 0;
}

/* True for a check of a policy; which names there are is policy_of_expect's to say. */
static bool is_of_policy(struct view name)
{
    static const char *const starts[] = {"safety.",   "support.", "judge.", "exec.",
                                         "guardrail", "fluency",  "assert."};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (view_starts(name, view_of(starts[i])))
            return true;
    return false;
}

static int other_check(struct making *making, const struct expect_check *check)
{
    char text[ERR_TEXT_MAX];

    if (making->place->has_policy)
        return 0;
    if (is_of_policy(check->name))
        snprintf(text, sizeof text,
                 "check '%.*s' has no place here: list it in a policy (assay validate --policy) or "
                 "in a golden set",
                 VIEW_ARG(check->name));
    else
        snprintf(text, sizeof text,
                 "unknown check '%.*s': there are keywords, forbidden, format, language, length, "
                 "pattern.NAME",
                 VIEW_ARG(check->name));
    return at(making, check->line, check->column, ERR_CONFIG, text);
}

/* One of `checks:`: a pattern of its own, or the severity of a built-in check. */
static int add_check(struct making *making, const struct expect_check *check,
                     struct keyword_spec *specs)
{
    if (view_starts(check->name, view_of("pattern.")))
        return add_pattern(making, check, &specs[making->expectation->pattern_count]);
    for (size_t i = 0; i < EXPECTATION_PATTERN; i++)
        if (view_is(check->name, checks[i].name)) {
            making->expectation->severities[i] = severity_of(check, checks[i].severity);
            return 0;
        }
    return other_check(making, check);
}

static int make_checks(struct making *making)
{
    const struct expect *expect = making->expect;
    struct expectation *expectation = making->expectation;
    struct err err = {0};

    for (size_t i = 0; i < EXPECTATION_CHECKS; i++)
        expectation->severities[i] = checks[i].severity;
    struct keyword_spec *specs = arena_new(&expectation->arena, expect->check_count, sizeof *specs);
    expectation->pattern_items =
        arena_new(&expectation->arena, expect->check_count, sizeof *expectation->pattern_items);
    if (specs == NULL || expectation->pattern_items == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < expect->check_count; i++) {
        int code = add_check(making, &expect->checks[i], specs);
        if (code != 0)
            return code;
    }
    int code = keywords_new(specs, expectation->pattern_count, &expectation->patterns, &err);
    if (code != 0)
        return at_place(making, code, err.text);
    return 0;
}

int expectation_new(const struct expect *expect, const struct expectation_place *place,
                    struct expectation **ret_expectation, struct err *reterr)
{
    static int (*const makers[])(struct making *) = {
        make_keywords, make_checks, make_structure, make_language, make_rest,
    };
    struct expectation *expectation = mem_new(1, sizeof *expectation);
    struct making making = {expect, place, expectation, reterr};

    if (expectation == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for what is expected");
    arena_init(&expectation->arena, ARENA_BYTES_MAX);
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        int code = makers[i](&making);
        if (code == ERR_MEMORY)
            fail(reterr, code, "no memory for what is expected");
        if (code != 0) {
            expectation_free(expectation);
            return code;
        }
    }
    *ret_expectation = expectation;
    return 0;
}

void expectation_free(struct expectation *expectation)
{
    if (expectation == NULL)
        return;
    keywords_free(expectation->keywords);
    keywords_free(expectation->patterns);
    schema_free(expectation->schema);
    arena_release(&expectation->arena);
    mem_free(expectation);
}
