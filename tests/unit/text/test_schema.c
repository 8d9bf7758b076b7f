/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/schema.h beyond what the public suite asks (test_schema_suite.c): what
 * errors say, what is refused, and limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "text/schema.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 256 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Texts of the tests are written with ' for ". */
static const struct json *parse(const char *text)
{
    char *copy = arena_string(&arena, view_of(text));
    struct json *root = NULL;
    struct err err = {0};

    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    if (json_parse(&arena, view_of(copy), &root, &err) != 0)
        fail_msg("%s: %s", text, err.text);
    return root;
}

static struct schema *compile(const char *text, const struct schema_options *options)
{
    struct schema *schema = NULL;
    struct err err = {0};

    if (schema_new(parse(text), options, &schema, &err) != 0)
        fail_msg("%s: %s", text, err.text);
    return schema;
}

static struct schema_result validate(const struct schema *schema, const char *instance)
{
    struct schema_result result = {0};
    struct err err = {0};

    if (schema_validate(schema, parse(instance), &arena, &result, &err) != 0)
        fail_msg("%s: %s", instance, err.text);
    return result;
}

static bool fits(const char *schema_text, const struct schema_options *options,
                 const char *instance)
{
    struct schema *schema = compile(schema_text, options);
    struct schema_result result = validate(schema, instance);

    schema_free(schema);
    return result.count == 0;
}

static void assert_error(const char *schema_text, const char *instance, const char *text,
                         const char *schema_path)
{
    struct schema *schema = compile(schema_text, NULL);
    struct schema_result result = validate(schema, instance);

    if (result.count != 1)
        fail_msg("%s: %zu errors", instance, result.count);
    assert_string_equal(result.items[0].text, text);
    assert_string_equal(result.items[0].schema_path, schema_path);
    schema_free(schema);
}

static void an_error_names_both_places_and_says_what_must_be(void **state)
{
    (void)state;
    static const char *const cases[][4] = {
        {"{'properties':{'items':{'items':{'properties':{'price':{'type':'number'}}}}}}",
         "{'items':[{},{},{'price':'9'}]}", "/items/2/price: must be a number, is a string",
         "/properties/items/items/properties/price/type"},
        {"{'type':['object','null']}", "[1]",
         "the document: must be null or an object, is an array", "/type"},
        {"{'type':'integer'}", "1.5", "the document: must be an integer, is the number 1.5",
         "/type"},
        {"{'required':['price','title']}", "{'title':1}", "the document: lacks the member 'price'",
         "/required"},
        {"{'enum':['a',1,null]}", "'b'", "the document: must be one of \"a\", 1, null, is \"b\"",
         "/enum"},
        {"{'const':{'a':1}}", "{}", "the document: must be {\"a\":1}, is {}", "/const"},
        {"{'maximum':10}", "10.5", "the document: must be at most 10, is 10.5", "/maximum"},
        {"{'exclusiveMinimum':0}", "0", "the document: must be more than 0, is 0",
         "/exclusiveMinimum"},
        {"{'multipleOf':0.01}", "0.015", "the document: must be a multiple of 0.01, is 0.015",
         "/multipleOf"},
        {"{'maxLength':2}", "'\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e'",
         "the document: must be at most 2 characters long, has 3", "/maxLength"},
        {"{'pattern':'^a'}", "'b'", "the document: must match the pattern ^a, is \"b\"",
         "/pattern"},
        {"{'minItems':1}", "[]", "the document: must have at least 1 elements, has 0", "/minItems"},
        {"{'uniqueItems':true}", "[1,2,{'a':[1]},{'a':[1.0]}]",
         "the document: must have no two equal elements; 2 and 3 are equal", "/uniqueItems"},
        {"{'additionalProperties':false,'properties':{'a':true}}", "{'a':1,'b/~':2}",
         "/b~1~0: is a member that the schema does not name", "/additionalProperties"},
        {"{'prefixItems':[true],'items':false}", "[1,2]", "/1: is one element too many", "/items"},
        {"{'propertyNames':{'maxLength':1}}", "{'ab':1}",
         "/ab: its name must be at most 1 characters long, has 2", "/propertyNames/maxLength"},
        {"{'anyOf':[{'type':'string'},{'minimum':5}]}", "1",
         "the document: must fit at least one of 2 schemas, fits none", "/anyOf"},
        {"{'oneOf':[{'minimum':1},{'minimum':2}]}", "3",
         "the document: must fit exactly one of 2 schemas, fits numbers 0 and 1", "/oneOf"},
        {"{'not':{'type':'null'}}", "null", "the document: fits the schema that it must not fit",
         "/not"},
        {"{'if':true,'then':{'minimum':5}}", "1", "the document: must be at least 5, is 1",
         "/then/minimum"},
        {"{'dependentRequired':{'a':['b']}}", "{'a':1}",
         "the document: has 'a' and lacks the member 'b' that goes with it", "/dependentRequired"},
        {"{'contains':{'const':1},'minContains':2}", "[1]",
         "the document: must have at least 2 elements that fit 'contains', has 1", "/minContains"},
        {"{'$ref':'#/$defs/a','$defs':{'a':{'allOf':[true,{'type':'null'}]}}}", "0",
         "the document: must be null, is the number 0", "/$ref/allOf/1/type"},
        {"{'properties':{'a':false}}", "{'a':1}", "/a: must not be there", "/properties/a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_error(cases[i][0], cases[i][1], cases[i][2], cases[i][3]);
}

static void all_errors_are_listed_with_lines_and_columns(void **state)
{
    (void)state;
    struct schema *schema = compile("{'properties':{'a':{'type':'string'},'b':{'minimum':3}},"
                                    "'required':['c']}",
                                    NULL);
    struct schema_result result = validate(schema, "{'a':1,\n 'b':2}");

    assert_int_equal(result.count, 3);
    assert_string_equal(result.items[0].sentence, "lacks the member 'c'");
    assert_string_equal(result.items[1].instance_path, "/a");
    assert_string_equal(result.items[2].instance_path, "/b");
    assert_int_equal(result.items[2].line, 2);
    assert_int_equal(result.items[2].column, 6);
    assert_false(result.cut);
    schema_free(schema);
}

static void a_long_list_of_errors_is_cut(void **state)
{
    (void)state;
    struct schema *schema = compile("{'items':{'type':'null'}}", NULL);
    struct strbuf text;

    strbuf_init(&text, 1 << 20);
    strbuf_add_text(&text, "[0");
    for (size_t i = 0; i < 1000; i++)
        strbuf_add_text(&text, ",0");
    strbuf_add_byte(&text, ']');
    struct schema_result result = validate(schema, strbuf_text(&text));
    assert_int_equal(result.count, SCHEMA_ERRORS_MAX);
    assert_true(result.cut);
    strbuf_release(&text);
    schema_free(schema);
}

static void a_wrong_schema_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        const char *error;
    } cases[] = {
        {"{'type':'number', 'properties':{'a':{'minimum':'3'}}}", ERR_CONFIG,
         "1:48: /properties/a/minimum: must be a number, is string"},
        {"{'type':'text'}", ERR_CONFIG,
         "1:9: /type: must name types: null, boolean, number, integer, string, array, object"},
        {"{'properties':[]}", ERR_CONFIG, "1:15: /properties: must be an object, is array"},
        {"{'properties':{'x':3}}", ERR_CONFIG,
         "1:20: /properties/x: a schema is an object, true or false; this is number"},
        {"{'allOf':[]}", ERR_CONFIG,
         "1:10: /allOf: must be a list of at least one schema, is "
         "array"},
        {"{'maxLength':-1}", ERR_CONFIG, "1:14: /maxLength: must be a whole number from 0"},
        {"{'multipleOf':0}", ERR_CONFIG, "1:15: /multipleOf: must be above 0"},
        {"{'pattern':'('}", ERR_CONFIG,
         "1:12: /pattern: is no regular expression: missing closing parenthesis"},
        {"{'pattern':'a\\\\Z'}", ERR_CONFIG,
         "1:12: /pattern: is no regular expression: byte 3: an escape that ECMA-262 does not "
         "know"},
        {"{'patternProperties':{'(?i)a':true}}", ERR_CONFIG,
         "1:22: /patternProperties: is no regular expression: byte 1: a group that ECMA-262 does "
         "not know; flags are written (?i:...)"},
        {"{'$ref':'other.json'}", ERR_CONFIG,
         "1:9: /$ref: refers to 'other.json', which is not in this schema and was not handed in"},
        {"{'$ref':'#/$defs/x'}", ERR_CONFIG, "1:9: /$ref: refers to '/$defs/x', where nothing is"},
        {"{'$ref':'#x'}", ERR_CONFIG, "1:9: /$ref: refers to the anchor 'x', which nothing has"},
        {"{'$schema':'http://json-schema.org/draft-04/schema#'}", ERR_UNSUPPORTED,
         "1:12: /$schema: 'http://json-schema.org/draft-04/schema' is not known here; write "
         "https://json-schema.org/draft/2020-12/schema, or hand its document in"},
        {"[]", ERR_CONFIG, "1:1: the schema: a schema is an object, true or false; this is array"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct schema *schema = NULL;
        struct err err = {0};
        assert_int_equal(schema_new(parse(cases[i].text), NULL, &schema, &err), cases[i].code);
        assert_string_equal(err.text, cases[i].error);
        assert_null(schema);
    }
}

static void references_without_end_are_refused(void **state)
{
    (void)state;
    static const char *const loops[] = {
        "{'$ref':'#'}",
        "{'allOf':[{'$ref':'#'}]}",
        "{'anyOf':[{'type':'null'},{'$ref':'#'}]}",
        "{'$defs':{'a':{'$ref':'#/$defs/b'},'b':{'not':{'$ref':'#/$defs/a'}}}}",
        "{'if':true,'then':{'$ref':'#'}}",
        "{'$dynamicAnchor':'x','$dynamicRef':'#x'}",
    };
    for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
        struct schema *schema = NULL;
        struct err err = {0};
        assert_int_equal(schema_new(parse(loops[i]), NULL, &schema, &err), ERR_CONFIG);
        assert_non_null(strstr(err.text, "refers to itself without end"));
    }
}

static void a_loop_that_only_the_dynamic_scope_closes_ends_with_an_error(void **state)
{
    (void)state;
    struct schema *schema = compile("{'$id':'http://x/root','$ref':'inner','$defs':{"
                                    "'outer':{'$dynamicAnchor':'t','$ref':'inner'},"
                                    "'inner':{'$id':'inner','$dynamicRef':'#t',"
                                    "'$defs':{'t':{'$dynamicAnchor':'t'}}}}}",
                                    NULL);
    struct schema_result result;
    struct err err = {0};

    assert_int_equal(schema_validate(schema, parse("1"), &arena, &result, &err), ERR_LIMIT);
    schema_free(schema);
}

static void nesting_to_the_limit_of_json_is_followed(void **state)
{
    (void)state;
    struct schema *schema = compile("{'$ref':'#/$defs/n','$defs':{'n':{'type':['array','null'],"
                                    "'items':{'$ref':'#/$defs/n'}}}}",
                                    NULL);
    char text[2 * JSON_DEPTH_MAX + 5];

    memset(text, '[', JSON_DEPTH_MAX);
    memcpy(text + JSON_DEPTH_MAX, "null", 4);
    memset(text + JSON_DEPTH_MAX + 4, ']', JSON_DEPTH_MAX);
    text[2 * JSON_DEPTH_MAX + 4] = '\0';
    assert_int_equal(validate(schema, text).count, 0);
    text[JSON_DEPTH_MAX] = ' ';
    memcpy(text + JSON_DEPTH_MAX, "   1", 4);
    struct schema_result result = validate(schema, text);
    assert_int_equal(result.count, 1);
    assert_int_equal(strlen(result.items[0].instance_path), 2 * JSON_DEPTH_MAX);
    schema_free(schema);
}

static void deeper_nesting_of_subschemas_is_an_error_and_no_overflow(void **state)
{
    (void)state;
    enum { LINKS = 3000 };
    char text[2 * JSON_DEPTH_MAX + 1];
    struct schema_result result;
    struct schema *schema = NULL;
    struct strbuf chain;
    struct err err = {0};

    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    text[2 * JSON_DEPTH_MAX] = '\0';
    schema = compile("{'items':{'allOf':[{'allOf':[{'anyOf':[{'$ref':'#'}]}]}]}}", NULL);
    assert_int_equal(schema_validate(schema, parse(text), &arena, &result, &err), ERR_LIMIT);
    schema_free(schema);

    strbuf_init(&chain, 1 << 20);
    strbuf_add_text(&chain, "{'$ref':'#/$defs/d0','$defs':{");
    for (int i = 0; i < LINKS; i++)
        strbuf_printf(&chain, "'d%d':{'$ref':'#/$defs/d%d'},", i, i + 1);
    strbuf_printf(&chain, "'d%d':{}}}", LINKS);
    assert_int_equal(schema_new(parse(strbuf_text(&chain)), NULL, &schema, &err), ERR_LIMIT);
    strbuf_release(&chain);
}

static void work_without_end_is_stopped(void **state)
{
    (void)state;
    struct strbuf text;
    struct schema_result result;
    struct err err = {0};

    /* 2^40 ways through forty pairs. */
    strbuf_init(&text, 1 << 20);
    strbuf_add_text(&text, "{'$ref':'#/$defs/d0','$defs':{'d40':{'type':'null'}");
    for (int i = 0; i < 40; i++)
        strbuf_printf(&text, ",'d%d':{'allOf':[{'$ref':'#/$defs/d%d'},{'$ref':'#/$defs/d%d'}]}", i,
                      i + 1, i + 1);
    strbuf_add_text(&text, "}}");
    struct schema *schema = compile(strbuf_text(&text), NULL);
    strbuf_release(&text);
    assert_int_equal(schema_validate(schema, parse("null"), &arena, &result, &err), ERR_LIMIT);
    assert_string_equal(err.text, "the schema takes more than 20000000 steps on this value");
    schema_free(schema);

    schema = compile("{'pattern':'^(a+)+$'}", NULL);
    assert_int_equal(schema_validate(schema, parse("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'"),
                                     &arena, &result, &err),
                     ERR_LIMIT);
    assert_string_equal(err.text, "a pattern of the schema takes more than 1000000 steps");
    schema_free(schema);
}

static void a_long_list_is_searched_for_twins_in_time(void **state)
{
    (void)state;
    enum { ELEMENTS = 100000 };
    struct schema *schema = compile("{'uniqueItems':true}", NULL);
    struct strbuf text;

    strbuf_init(&text, 4 << 20);
    for (int i = 0; i < ELEMENTS; i++)
        strbuf_printf(&text, "%s{'n':%d,'m':[%d.0]}", i == 0 ? "[" : ",", i, i);
    strbuf_add_byte(&text, ']');
    assert_int_equal(validate(schema, strbuf_text(&text)).count, 0);
    strbuf_cut(&text, text.len - 1);
    strbuf_add_text(&text, ",{'m':[7e0],'n':70e-1}]");
    struct schema_result result = validate(schema, strbuf_text(&text));
    assert_int_equal(result.count, 1);
    assert_string_equal(result.items[0].sentence,
                        "must have no two equal elements; 7 and 100000 are equal");
    strbuf_release(&text);
    schema_free(schema);
}

static void numbers_are_exact_whatever_their_size(void **state)
{
    (void)state;
    assert_true(fits("{'type':'integer'}", NULL, "1e400"));
    assert_false(fits("{'maximum':1e400}", NULL, "1.0000001e400"));
    assert_true(fits("{'const':9007199254740993}", NULL, "9007199254740993.0"));
    assert_false(fits("{'const':9007199254740993}", NULL, "9007199254740992"));
    assert_true(fits("{'multipleOf':0.01}", NULL, "19.99"));
    assert_true(fits("{'multipleOf':0.5}", NULL, "1e4000000"));
    assert_false(fits("{'multipleOf':0.7}", NULL, "1e4000000"));
    assert_true(fits("{'minLength':2}", NULL, "'\\ud83d\\ude00\\u0000'"));
}

static void formats_decide_only_where_asked(void **state)
{
    (void)state;
    static const struct schema_options assert_formats = {.assert_formats = true, .uri = VIEW("")};

    assert_true(fits("{'format':'date'}", NULL, "'2026-02-30'"));
    assert_false(fits("{'format':'date'}", &assert_formats, "'2026-02-30'"));
    assert_true(fits("{'format':'date'}", &assert_formats, "'2024-02-29'"));
    assert_true(fits("{'format':'date'}", &assert_formats, "17"));
    assert_true(fits("{'format':'of-our-own'}", &assert_formats, "'x'"));
}

static void further_documents_are_found_by_name(void **state)
{
    (void)state;
    const struct schema_document documents[] = {
        {VIEW("types/price.json"), parse("{'type':'number','$ref':'positive.json'}")},
        {VIEW("types/positive.json"), parse("{'exclusiveMinimum':0}")},
    };
    const struct schema_options options = {
        .uri = VIEW("answer.json"), .documents = documents, .document_count = 2};
    const char *text = "{'properties':{'price':{'$ref':'types/price.json'},"
                       "'again':{'$ref':'answer.json'}}}";

    assert_true(fits(text, &options, "{'price':1,'again':{'price':2}}"));
    assert_false(fits(text, &options, "{'price':0}"));
    assert_false(fits(text, &options, "{'again':{'price':'1'}}"));
}

static void a_schema_can_be_held_against_its_metaschema(void **state)
{
    (void)state;
    static const char *const drafts[] = {"http://json-schema.org/draft-07/schema#",
                                         "https://json-schema.org/draft/2019-09/schema",
                                         "https://json-schema.org/draft/2020-12/schema"};
    for (size_t i = 0; i < 3; i++) {
        char text[256];
        snprintf(text, sizeof text, "{'$schema':'%s','$ref':'%s'}", drafts[i], drafts[i]);
        assert_true(fits(text, NULL, "{'properties':{'a':{'type':['null','array'],'items':{}}}}"));
        assert_false(fits(text, NULL, "{'properties':{'a':{'type':'text'}}}"));
        assert_false(fits(text, NULL, "{'not':{'allOf':[{'maxItems':-1}]}}"));
        assert_false(fits(text, NULL, "{'allOf':[]}"));
        assert_false(fits(text, NULL, "3"));
    }
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    const struct json *text = parse("{'$ref':'https://json-schema.org/draft/2020-12/schema',"
                                    "'properties':{'a':{'pattern':'^\\\\p{Letter}+$'}},"
                                    "'unevaluatedProperties':{'uniqueItems':true}}");
    const struct json *instance = parse("{'a':'x1','b':[1,1],'type':3}");
    struct schema *schema = NULL;
    struct schema_result result;
    unsigned long n = 0;
    int code;

    do {
        mem_fail_at(++n);
        code = schema_new(text, NULL, &schema, NULL);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        assert_true(n < 1000);
    } while (code != 0);
    n = 0;
    do {
        struct arena scratch;
        arena_init(&scratch, 1 << 20);
        mem_fail_at(++n);
        code = schema_validate(schema, instance, &scratch, &result, NULL);
        mem_fail_at(0);
        arena_release(&scratch);
        assert_true(code == 0 || code == ERR_MEMORY);
        assert_true(n < 1000);
    } while (code != 0);
    schema_free(schema);
    schema_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_names_both_places_and_says_what_must_be),
        cmocka_unit_test(all_errors_are_listed_with_lines_and_columns),
        cmocka_unit_test(a_long_list_of_errors_is_cut),
        cmocka_unit_test(a_wrong_schema_is_refused_with_its_place),
        cmocka_unit_test(references_without_end_are_refused),
        cmocka_unit_test(a_loop_that_only_the_dynamic_scope_closes_ends_with_an_error),
        cmocka_unit_test(nesting_to_the_limit_of_json_is_followed),
        cmocka_unit_test(deeper_nesting_of_subschemas_is_an_error_and_no_overflow),
        cmocka_unit_test(work_without_end_is_stopped),
        cmocka_unit_test(a_long_list_is_searched_for_twins_in_time),
        cmocka_unit_test(numbers_are_exact_whatever_their_size),
        cmocka_unit_test(formats_decide_only_where_asked),
        cmocka_unit_test(further_documents_are_found_by_name),
        cmocka_unit_test(a_schema_can_be_held_against_its_metaschema),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
