/* SPDX-License-Identifier: Apache-2.0
 *
 * What a template renders, and what each mistake in one is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/template.h"

struct value {
    const char *name;
    const char *text;
};

static const struct value known[] = {
    {"title", "鬼滅の刃"}, {"customer", "a \"b\"\n"}, {"題名", "X"}, {"a.b-c_1", "Y"},
    {"json", "J"},         {"braces", "{{title}}"},
};
static const struct view names[] = {VIEW("title"),   VIEW("customer"), VIEW("題名"),
                                    VIEW("a.b-c_1"), VIEW("json"),     VIEW("braces")};

static bool look(void *context, struct view name, struct view *ret_value)
{
    (void)context;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (view_is(name, known[i].name)) {
            *ret_value = view_of(known[i].text);
            return true;
        }
    }
    return false;
}

static const struct template_values values = {
    .lookup = look, .names = names, .name_count = sizeof names / sizeof names[0]};

static int render(const char *text, struct strbuf *out, struct err *reterr)
{
    struct arena arena;
    struct template template;
    arena_init(&arena, 100000);
    strbuf_reset(out);

    int code = template_compile(&arena, view_of(text), &template, reterr);
    if (code == 0)
        code = template_render(&template, &values, out, reterr);
    arena_release(&arena);
    return code;
}

struct pair {
    const char *text;
    const char *expected;
};

static const struct pair rendered[] = {
    {"", ""},
    {"plain } text }} { x", "plain } text }} { x"},
    {"{{title}}", "鬼滅の刃"},
    {"a{{ title }}b{{\ttitle}}c", "a鬼滅の刃b鬼滅の刃c"},
    {"{\"q\":{{json customer}}}", "{\"q\":\"a \\\"b\\\"\\n\"}"},
    {"{{json  title }}", "\"鬼滅の刃\""},
    {"{{json}}", "J"},
    {"{{json json}}", "\"J\""},
    {"{{題名}}{{a.b-c_1}}", "XY"},
    {"\\{{title}}", "{{title}}"},
    {"a\\\\{{題名}}", "a\\X"},
    {"\\\\\\{{題名}}", "\\{{題名}}"},
    {"C:\\dir\\ \\n", "C:\\dir\\ \\n"},
    {"{{braces}}", "{{title}}"},
    {"{ {{題名}} }", "{ X }"},
    {"{{題名}}}}", "X}}"},
};

static void slots_take_values_and_braces_can_be_literal(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 10000);

    for (size_t i = 0; i < sizeof rendered / sizeof rendered[0]; i++) {
        struct err err = {0};
        int code = render(rendered[i].text, &out, &err);
        if (code != 0)
            fail_msg("%s: %s", rendered[i].text, err.text);
        assert_string_equal(strbuf_text(&out), rendered[i].expected);
    }
    strbuf_release(&out);
}

static const struct pair refused[] = {
    {"{{unclosed", "1:1: '{{' is never closed"},
    {"a\nbc {{title\n}}", "2:4: '{{' is never closed"},
    {"漫画{{", "1:3: '{{' is never closed"},
    {"{{}}", "1:1: '{{}}' names no variable"},
    {"{{  }}", "names no variable"},
    {"x {{ti*tle}}", "1:7: '*' cannot be part"},
    {"{{{title}}}", "1:3: '{' cannot be part"},
    {"{{a\x01}}", "1:4: a control character"},
    {"{{upper title}}", "'upper' is not understood"},
    {"{{json a b}}", "one name"},
    {"{{a b c}}", "one name"},
    {"{{\xff}}", "UTF-8"},
};

static void each_mistake_is_told_with_line_column_and_remedy(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 10000);

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct err err = {0};
        assert_int_equal(render(refused[i].text, &out, &err), ERR_SYNTAX);
        if (strstr(err.text, refused[i].expected) == NULL)
            fail_msg("'%s' says: %s", refused[i].text, err.text);
    }
    strbuf_release(&out);
}

static void an_unknown_variable_is_named_with_its_place_and_the_nearest_name(void **state)
{
    (void)state;
    struct strbuf out;
    struct err err = {0};
    strbuf_init(&out, 10000);

    assert_int_equal(render("\n漫画 {{titel}}", &out, &err), ERR_MISSING);
    assert_string_equal(err.text, "2:4: unknown variable 'titel', did you mean 'title'?");
    assert_int_equal(render("{{qqqqqqqq}}", &out, &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "1:1: unknown variable 'qqqqqqqq'; give it a value"));
    strbuf_release(&out);
}

static void the_variables_used_are_listed_once_in_order(void **state)
{
    (void)state;
    struct arena arena;
    struct template template;
    arena_init(&arena, 100000);

    assert_int_equal(template_compile(&arena, view_of("{{b}} {{a}} {{json b}}"), &template, NULL),
                     0);
    assert_int_equal(template.name_count, 2);
    assert_true(view_is(template.names[0], "b"));
    assert_true(view_is(template.names[1], "a"));
    assert_true(template_uses(&template, view_of("a")));
    assert_false(template_uses(&template, view_of("c")));
    arena_release(&arena);
}

static void a_full_buffer_and_a_full_arena_are_errors(void **state)
{
    (void)state;
    struct arena arena;
    struct template template;
    struct strbuf out;
    struct err err = {0};
    arena_init(&arena, 100000);
    strbuf_init(&out, 5);

    assert_int_equal(template_compile(&arena, view_of("{{title}}"), &template, NULL), 0);
    assert_int_equal(template_render(&template, &values, &out, &err), ERR_LIMIT);
    assert_non_null(strstr(err.text, "longer than 5 bytes"));
    strbuf_release(&out);
    arena_release(&arena);
    arena_init(&arena, 1);
    assert_int_equal(template_compile(&arena, view_of("{{title}}"), &template, &err), ERR_MEMORY);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_take_values_and_braces_can_be_literal),
        cmocka_unit_test(each_mistake_is_told_with_line_column_and_remedy),
        cmocka_unit_test(an_unknown_variable_is_named_with_its_place_and_the_nearest_name),
        cmocka_unit_test(the_variables_used_are_listed_once_in_order),
        cmocka_unit_test(a_full_buffer_and_a_full_arena_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
