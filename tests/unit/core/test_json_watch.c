/* SPDX-License-Identifier: Apache-2.0
 *
 * An answer that must be JSON, watched while it comes in: what is refused, where, and never what
 * the whole check accepts. The random documents and schemas print their seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "core/validate/json_watch.h"

enum { ARENA_MAX = 1 << 26, TEXT_MAX = 1 << 20, ROUNDS = 20000, SEED = 20261123 };

struct compiled {
    struct arena arena;
    struct schema *schema;
};

static bool compile(struct view text, enum schema_draft draft, struct compiled *compiled)
{
    const struct schema_options options = {.draft = draft, .uri = VIEW("")};
    struct json *root = NULL;

    arena_init(&compiled->arena, ARENA_MAX);
    compiled->schema = NULL;
    int code = json_parse(&compiled->arena, text, &root, NULL);
    if (code == 0)
        code = schema_new(root, &options, &compiled->schema, NULL);
    if (code != 0)
        arena_release(&compiled->arena);
    return code == 0;
}

static void release(struct compiled *compiled)
{
    schema_free(compiled->schema);
    arena_release(&compiled->arena);
}

struct outcome {
    int code;
    uint64_t at;
    uint64_t fed; /* when it was refused */
    char text[ERR_TEXT_MAX];
};

static struct outcome watch_in_pieces(const struct schema *schema, struct view text, size_t piece)
{
    struct outcome outcome = {0};
    struct json_watch *watch = NULL;
    struct err err = {0};

    assert_int_equal(json_watch_new(schema, &watch), 0);
    for (size_t at = 0; at < text.len && outcome.code == 0; at += piece) {
        struct view part = view_slice(text, at, at + piece);
        outcome.code = json_watch_feed(watch, part, &err);
        outcome.fed = at + part.len;
    }
    if (outcome.code == 0)
        outcome.code = json_watch_end(watch, &err);
    outcome.at = json_watch_at(watch);
    if (outcome.code != 0)
        snprintf(outcome.text, sizeof outcome.text, "%s", err.text);
    json_watch_free(watch);
    return outcome;
}

static void expect(const char *schema, const char *text, int code, uint64_t at, uint64_t fed,
                   const char *says)
{
    struct compiled compiled;

    assert_true(compile(view_of(schema), SCHEMA_2020_12, &compiled));
    struct outcome outcome = watch_in_pieces(compiled.schema, view_of(text), 1);
    if (outcome.code != code || strstr(outcome.text, says) == NULL)
        fail_msg("%s: %s: %d %s", schema, text, outcome.code, outcome.text);
    assert_int_equal(outcome.at, at);
    if (code == ERR_FAILED)
        assert_int_equal(outcome.fed, fed);
    release(&compiled);
}

static void the_grammar_is_refused_at_its_first_wrong_byte(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t at;
    } cases[] = {
        {"Sure! {", 0}, {"{\"a\" 1}", 5}, {"[1,]", 3},        {"{\"a\":tru3}", 8},
        {"[1] x", 4},   {"\"a\nb\"", 2},  {"```json\n{}", 0}, {"{'a':1}", 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outcome outcome = watch_in_pieces(NULL, view_of(cases[i].text), 1);
        assert_int_equal(outcome.code, ERR_SYNTAX);
        assert_int_equal(outcome.at, cases[i].at);
        assert_int_equal(outcome.fed, cases[i].at + 1);
    }
    assert_int_equal(watch_in_pieces(NULL, (struct view)VIEW("{\"a\":[1,2"), 3).code, ERR_SYNTAX);
    assert_int_equal(watch_in_pieces(NULL, (struct view)VIEW(""), 3).code, ERR_SYNTAX);
}

static void a_type_is_refused_at_the_first_byte_of_a_value(void **state)
{
    (void)state;
    const char *schema = "{\"type\":\"object\",\"properties\":{\"price\":{\"type\":\"integer\"},"
                         "\"tags\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/tag\"}}},"
                         "\"$defs\":{\"tag\":{\"type\":\"string\"}}}";

    expect(schema, "[", ERR_FAILED, 0, 1, "1:1: must be an object, is an array");
    expect(schema, " \"no\"", ERR_FAILED, 1, 2, "must be an object, is a string");
    expect(schema, "{\"price\": \"980\"}", ERR_FAILED, 10, 11, "1:11: must be an integer");
    expect(schema, "{\"price\": 9.5}", ERR_FAILED, 10, 14, "must be an integer, is the number 9.5");
    expect(schema, "{\"price\": 9.0, \"tags\": [\"a\", null]}", ERR_FAILED, 29, 30, "is null");
    expect(schema, "{\"price\": 980, \"tags\": [\"a\"]}", 0, 0, 0, "");
}

static void names_that_the_schema_forbids_are_refused_at_the_name(void **state)
{
    (void)state;
    const char *schema = "{\"properties\":{\"a\":true,\"gone\":false},"
                         "\"patternProperties\":{\"^x-\":{\"type\":\"string\"}},"
                         "\"additionalProperties\":false}";

    expect(schema, "{\"a\":{\"b\":1},\"b\":2}", ERR_FAILED, 13, 16, "does not allow");
    expect(schema, "{\"gone\":1}", ERR_FAILED, 1, 7, "does not allow");
    expect(schema, "{\"x-y\":1}", ERR_FAILED, 7, 8, "must be a string");
    expect(schema, "{\"x-y\":\"\\u0061\",\"a\":[]}", 0, 0, 0, "");
    expect("{\"propertyNames\":{\"maxLength\":2}}", "{\"abc\":1}", ERR_FAILED, 1, 6, "its name");
}

static void values_and_sizes_are_refused_as_soon_as_they_are_known(void **state)
{
    (void)state;

    expect("{\"enum\":[\"ja\",\"en\"]}", "\"fr\" ", ERR_FAILED, 0, 4, "must be one of");
    expect("{\"enum\":[\"ja\",\"en\"]}", "12", ERR_FAILED, 0, 1, "'enum' has none of that type");
    expect("{\"const\":1.0}", "1", 0, 0, 0, "");
    expect("{\"const\":1.0}", "[1]", ERR_FAILED, 0, 1, "'const'");
    expect("{\"items\":{\"maximum\":5}}", "[5,6]", ERR_FAILED, 3, 5, "at most 5");
    expect("{\"maxItems\":1}", "[1, {}]", ERR_FAILED, 4, 5, "at most 1 elements");
    expect("{\"maxProperties\":1}", "{\"a\":1,\"a\":2}", ERR_FAILED, 7, 10, "at most 1 members");
    expect("{\"maxLength\":2}", "\"\\u3042漫画\"", ERR_FAILED, 0, 11, "at most 2 characters");
    expect("{\"prefixItems\":[{\"type\":\"null\"}],\"items\":false}", "[null,1]", ERR_FAILED, 6, 7,
           "too many");
    expect("{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "12 ", ERR_FAILED, 0, 3,
           "at least one of 2");
    expect("{\"allOf\":[{\"$ref\":\"#/$defs/n\"}],\"$defs\":{\"n\":{\"type\":\"number\"}}}", "{",
           ERR_FAILED, 0, 1, "must be a number");
}

/* ---- random schemas and documents ----------------------------------------------------------- */

static const char *const names[] = {"a", "b", "x-1", "あ"};

static void write_value(struct strbuf *out, struct rng *rng, unsigned levels);

static void write_members(struct strbuf *out, struct rng *rng, unsigned levels)
{
    size_t count = rng_below(rng, 4);

    for (size_t i = 0; i < count; i++) {
        strbuf_printf(out, "%s\"%s\": ", i > 0 ? "," : "", names[rng_below(rng, 4)]);
        write_value(out, rng, levels);
    }
}

static void write_value(struct strbuf *out, struct rng *rng, unsigned levels)
{
    static const char *const scalars[] = {
        "null",
        "true",
        "false",
        "1",
        "1.0",
        "2",
        "-3.5",
        "1e2",
        "\"a\"",
        "\"ja\"",
        "\"\"",
        "\"\\u3042い\"",
        "\"\\ud83d\\ude00\"",
        "\"long enough\"",
        "\"\\ud800\"",
    };
    size_t pick = rng_below(rng, levels == 0 ? 15 : 22);

    if (pick < 15) {
        strbuf_add_text(out, scalars[pick]);
    } else if (pick < 18) {
        size_t count = rng_below(rng, 4);
        strbuf_add_byte(out, '[');
        for (size_t i = 0; i < count; i++) {
            strbuf_add_text(out, i > 0 ? ", " : "");
            write_value(out, rng, levels - 1);
        }
        strbuf_add_byte(out, ']');
    } else {
        strbuf_add_byte(out, '{');
        write_members(out, rng, levels - 1);
        strbuf_add_byte(out, '}');
    }
}

static void write_schema(struct strbuf *out, struct rng *rng, unsigned levels);

static void write_schemas(struct strbuf *out, struct rng *rng, unsigned levels)
{
    size_t count = 1 + rng_below(rng, 3);

    strbuf_add_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(out, i > 0 ? "," : "");
        write_schema(out, rng, levels);
    }
    strbuf_add_byte(out, ']');
}

static void write_map(struct strbuf *out, struct rng *rng, unsigned levels)
{
    size_t count = rng_below(rng, 3);

    strbuf_add_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        strbuf_printf(out, "%s\"%s\":", i > 0 ? "," : "", names[rng_below(rng, 4)]);
        write_schema(out, rng, levels);
    }
    strbuf_add_byte(out, '}');
}

static void write_keyword(struct strbuf *out, struct rng *rng, unsigned levels)
{
    static const char *const types[] = {"null",   "boolean", "integer", "number",
                                        "string", "array",   "object"};
    static const char *const simple[] = {
        "\"maxItems\":1",
        "\"minItems\":2",
        "\"maxProperties\":1",
        "\"maxLength\":1",
        "\"minLength\":3",
        "\"maximum\":1",
        "\"multipleOf\":2",
        "\"required\":[\"a\"]",
        "\"pattern\":\"^a\"",
        "\"uniqueItems\":true",
        "\"unevaluatedProperties\":false",
        "\"enum\":[\"a\",1,null,[]]",
        "\"const\":\"ja\"",
        "\"enum\":[{\"a\":1},true]",
        "\"$ref\":\"#/$defs/one\"",
        "\"$ref\":\"#/$defs/two\"",
        "\"$dynamicRef\":\"#dyn\"",
        "\"propertyNames\":{\"maxLength\":1}",
        "\"additionalProperties\":false",
        "\"items\":false",
    };
    static const char *const one[] = {
        "items",           "additionalProperties", "not", "contains", "if", "then", "else",
        "additionalItems", "unevaluatedItems"};
    static const char *const several[] = {"allOf", "anyOf", "oneOf", "prefixItems"};
    static const char *const maps[] = {"properties", "patternProperties", "dependentSchemas"};
    size_t pick = rng_below(rng, levels == 0 ? 2 : 6);

    if (pick == 0) {
        strbuf_printf(out, "\"type\":[\"%s\",\"%s\"]", types[rng_below(rng, 3)],
                      types[3 + rng_below(rng, 4)]);
    } else if (pick == 1) {
        strbuf_add_text(out, simple[rng_below(rng, sizeof simple / sizeof simple[0])]);
    } else if (pick == 2) {
        strbuf_printf(out, "\"%s\":", one[rng_below(rng, 9)]);
        write_schema(out, rng, levels - 1);
    } else if (pick == 3) {
        strbuf_printf(out, "\"%s\":", several[rng_below(rng, 4)]);
        write_schemas(out, rng, levels - 1);
    } else {
        strbuf_printf(out, "\"%s\":", maps[rng_below(rng, 3)]);
        write_map(out, rng, levels - 1);
    }
}

static void write_schema(struct strbuf *out, struct rng *rng, unsigned levels)
{
    size_t count = rng_below(rng, 4);

    if (rng_below(rng, 12) == 0) {
        strbuf_add_text(out, rng_below(rng, 3) == 0 ? "false" : "true");
        return;
    }
    strbuf_add_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(out, i > 0 ? "," : "");
        write_keyword(out, rng, levels);
    }
    strbuf_add_byte(out, '}');
}

static void write_root(struct strbuf *out, struct rng *rng)
{
    strbuf_add_text(out, "{\"$defs\":{\"one\":");
    write_schema(out, rng, 1);
    strbuf_add_text(out, ",\"two\":");
    write_schema(out, rng, 1);
    strbuf_add_text(out, ",\"dyn\":{\"$dynamicAnchor\":\"dyn\",\"maxItems\":2}},\"allOf\":[");
    write_schema(out, rng, 3);
    strbuf_add_text(out, "],");
    write_keyword(out, rng, 3);
    strbuf_add_byte(out, '}');
}

/* A byte changed, dropped or cut off, now and then. */
static void damage(struct strbuf *text, struct rng *rng)
{
    static const char bytes[] = "{}[],:\"\\ u1et\xe3\x80\n";

    if (rng_below(rng, 4) != 0 || text->len == 0)
        return;
    size_t at = rng_below(rng, text->len);
    if (rng_below(rng, 3) == 0)
        strbuf_cut(text, at);
    else
        text->ptr[at] = bytes[rng_below(rng, sizeof bytes - 1)];
}

static bool whole_check(const struct schema *schema, struct view text)
{
    struct arena arena;
    struct json *root = NULL;
    struct schema_result result = {0};

    arena_init(&arena, ARENA_MAX);
    bool fits = json_parse(&arena, text, &root, NULL) == 0
                && schema_validate(schema, root, &arena, &result, NULL) == 0 && result.count == 0;
    arena_release(&arena);
    return fits;
}

struct tally {
    unsigned schemas;
    unsigned accepted;
    unsigned refused_early;
    unsigned refused_late;
    unsigned missed;
};

static void check_document(const struct schema *schema, struct view text, struct rng *rng,
                           struct tally *tally)
{
    bool fits = whole_check(schema, text);
    bool valid = json_valid(text, NULL);
    struct outcome whole = watch_in_pieces(schema, text, text.len + 1);
    struct outcome bytes = watch_in_pieces(schema, text, 1);
    struct outcome pieces = watch_in_pieces(schema, text, 1 + rng_below(rng, 9));

    assert_int_equal(watch_in_pieces(NULL, text, 1).code == 0, valid);
    if (whole.code != 0 && fits)
        fail_msg("refused though it fits: %.*s: %s", VIEW_ARG(text), whole.text);
    if (!valid)
        assert_true(whole.code != 0);
    if (whole.code != bytes.code || whole.at != bytes.at || strcmp(whole.text, bytes.text) != 0)
        fail_msg("%.*s: %s at %d in one piece, %s at %d by bytes", VIEW_ARG(text), whole.text,
                 (int)whole.at, bytes.text, (int)bytes.at);
    assert_int_equal(whole.code, pieces.code);
    assert_int_equal(whole.at, pieces.at);
    tally->accepted += fits;
    tally->refused_early += whole.code == ERR_FAILED && bytes.fed < text.len;
    tally->refused_late += whole.code == ERR_FAILED && bytes.fed == text.len;
    tally->missed += valid && !fits && whole.code == 0;
}

static void what_is_refused_early_is_refused_by_the_whole_check(void **state)
{
    (void)state;
    struct tally tally = {0};
    struct rng rng;
    struct strbuf text;

    printf("seed %d\n", SEED);
    rng_init(&rng, SEED);
    strbuf_init(&text, TEXT_MAX);
    for (int round = 0; round < ROUNDS; round++) {
        struct compiled compiled;
        strbuf_reset(&text);
        write_root(&text, &rng);
        if (!compile(strbuf_view(&text), (enum schema_draft)rng_below(&rng, 3), &compiled))
            continue;
        tally.schemas++;
        for (int i = 0; i < 4; i++) {
            struct strbuf document;
            strbuf_init(&document, TEXT_MAX);
            write_value(&document, &rng, 3);
            damage(&document, &rng);
            check_document(compiled.schema, strbuf_view(&document), &rng, &tally);
            strbuf_release(&document);
        }
        release(&compiled);
    }
    strbuf_release(&text);
    printf(
        "%u schemas; %u documents fit; refused: %u early, %u at their end, %u by the whole check "
        "alone\n",
        tally.schemas, tally.accepted, tally.refused_early, tally.refused_late, tally.missed);
    assert_true(tally.schemas > ROUNDS / 2);
    assert_true(tally.accepted > 1000 && tally.refused_early > 1000);
}

static void running_out_of_memory_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    static const struct view text = VIEW("{\"a\":[1,{\"b\":\"x\"}],\"c\":{\"d\":null}}");
    struct compiled compiled;

    assert_true(compile((struct view)VIEW("{\"properties\":{\"a\":{\"items\":{\"properties\":{}}}},"
                                          "\"additionalProperties\":{\"maxProperties\":1}}"),
                        SCHEMA_2020_12, &compiled));
    for (unsigned long n = 1; n < 40; n++) {
        struct json_watch *watch = NULL;
        mem_fail_at(n);
        int code = json_watch_new(compiled.schema, &watch);
        if (code == 0)
            code = json_watch_feed(watch, text, NULL);
        if (code == 0)
            code = json_watch_end(watch, NULL);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        json_watch_free(watch);
    }
    release(&compiled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grammar_is_refused_at_its_first_wrong_byte),
        cmocka_unit_test(a_type_is_refused_at_the_first_byte_of_a_value),
        cmocka_unit_test(names_that_the_schema_forbids_are_refused_at_the_name),
        cmocka_unit_test(values_and_sizes_are_refused_as_soon_as_they_are_known),
        cmocka_unit_test(what_is_refused_early_is_refused_by_the_whole_check),
        cmocka_unit_test(running_out_of_memory_is_told_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
