/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo: tables, templates and notes, one promise a test. Verdicts stand in
 * tests/e2e/test_import.py, whole projects in tests/golden/import. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "core/golden/promptfoo.h"

struct rig {
    struct arena arena;
    const char *table; /* what every file holds; NULL: there is none */
    struct promptfoo_imported imported;
    struct err err;
};

static int read_table(void *context, struct view path, struct view *ret_text, struct err *reterr)
{
    const struct rig *rig = context;

    (void)path;
    if (rig->table == NULL)
        return (fail)(reterr, ERR_MISSING, "no such file");
    *ret_text = view_of(rig->table);
    return 0;
}

static int import(struct rig *rig, const char *yaml, const char *table)
{
    const struct promptfoo_options options = {read_table, rig};

    arena_init(&rig->arena, 256 << 20);
    rig->table = table;
    rig->err.text[0] = '\0';
    return promptfoo_import(&rig->arena, view_of("c.yaml"), view_of(yaml), &options, &rig->imported,
                            &rig->err);
}

static struct view file_of(const struct rig *rig, const char *path)
{
    for (size_t i = 0; i < rig->imported.file_count; i++)
        if (view_is(rig->imported.files[i].path, path))
            return rig->imported.files[i].text;
    fail_msg("no file %s", path);
    return view_of("");
}

static bool holds(struct view text, const char *part)
{
    return view_find(text, view_of(part), 0) < text.len;
}

static void templates_are_carried_as_far_as_they_are_slots(void **state)
{
    static const struct {
        const char *theirs;
        const char *ours;
        size_t lost;
    } rows[] = {
        {"a {{ b }} c", "a {{b}} c", 0},
        {"{{b}}{{- c -}}", "{{b}}{{c}}", 0},
        {"{{ b | dump | safe }}", "{{json b}}", 0},
        {"{# no #}x", "x", 0},
        {"{% raw %}{{b}}{% endraw %}", "\\{{b}}", 0},
        {"{{ b | upper }}", "\\{{ b | upper }}", 1},
        {"{{ b + 1 }}", "\\{{ b + 1 }}", 1},
        {"{{ env.KEY }}", "\\{{ env.KEY }}", 1},
        {"{% if b %}x{% endif %}", "{% if b %}x{% endif %}", 2},
        {"{ b } {{", "{ b } \\{{", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char yaml[256];
        struct rig rig;
        snprintf(yaml, sizeof yaml, "prompts: ['%s']\n", rows[i].theirs);
        if (import(&rig, yaml, NULL) != 0)
            fail_msg("%s", rig.err.text);
        struct view text = file_of(&rig, "prompts/prompt-1.md");
        if (!view_is(text, rows[i].ours) || rig.imported.lost_count != rows[i].lost)
            fail_msg("%s became %.*s with %zu lost", rows[i].theirs, VIEW_ARG(text),
                     rig.imported.lost_count);
        arena_release(&rig.arena);
    }
}

static void a_table_is_read_with_quotes_and_line_ends_inside(void **state)
{
    struct rig rig;

    (void)state;
    assert_int_equal(import(&rig, "prompts: ['{{q}}']\ntests: file://t.csv\n",
                            "\xef\xbb\xbfq,__expected,__expected2,__threshold\r\n"
                            "\"a \"\"b\"\",\nc\",\"contains-any: x, \"\"y, z\"\"\",plain,\r\n"
                            ",,,\r\n"
                            "d,similar(0.9):e,,0.5\r\n"),
                     0);
    struct view golden = file_of(&rig, "golden/promptfoo.yaml");
    assert_int_equal(rig.imported.entries, 2);
    assert_true(holds(golden, "q: \"a \\\"b\\\",\\nc\""));
    assert_true(holds(golden, "type: contains_any, value: [x, \"y, z\"]"));
    assert_true(holds(golden, "type: equals, value: plain"));
    assert_true(holds(file_of(&rig, "golden/promptfoo-references.jsonl"), "\"response\":\"e\""));
    arena_release(&rig.arena);
}

static void a_quote_that_does_not_end_is_said_with_its_line(void **state)
{
    struct rig rig;

    (void)state;
    assert_int_equal(import(&rig, "prompts: ['{{q}}']\ntests: file://t.csv\n",
                            "q,__expected\na,b\nc,\"d\ne,f\ng,h\n"),
                     ERR_SYNTAX);
    assert_true(view_starts(view_of(rig.err.text), view_of("t.csv:3: the quote of this field")));
    arena_release(&rig.arena);
}

static void braces_without_an_end_are_read_once(void **state)
{
    enum { BRACES = 1 << 20 };
    struct strbuf yaml;
    struct rig rig;

    (void)state;
    strbuf_init(&yaml, 4 * BRACES);
    strbuf_add_text(&yaml, "prompts: ['");
    for (size_t i = 0; i < BRACES; i++)
        strbuf_add_text(&yaml, i % 2 == 0 ? "{{" : "{#");
    strbuf_add_text(&yaml, "']\n");
    assert_int_equal(import(&rig, strbuf_text(&yaml), NULL), 0); /* a moment; anew: hours */
    strbuf_release(&yaml);
    arena_release(&rig.arena);
}

static void every_combination_of_values_is_an_entry(void **state)
{
    struct rig rig;

    (void)state;
    assert_int_equal(import(&rig,
                            "prompts: ['{{a}} {{b}}', 'x {{a}}']\n"
                            "tests:\n"
                            "- {vars: {a: [1, 2, 3], b: [x, y]}}\n"
                            "- {vars: {a: [1, 2, 3]}, options: {disableVarExpansion: true}}\n",
                            NULL),
                     0);
    assert_int_equal(rig.imported.entries, 2 * (6 + 1));
    arena_release(&rig.arena);
}

static void too_many_combinations_are_listed_and_not_made(void **state)
{
    struct strbuf yaml;
    struct rig rig;

    (void)state;
    strbuf_init(&yaml, 1 << 20);
    strbuf_add_text(&yaml, "prompts: ['{{a0}}']\ntests:\n- {vars: {}}\n- vars:\n");
    for (unsigned i = 0; i < 40; i++)
        strbuf_printf(&yaml, "    a%u: [1, 2, 3, 4, 5, 6, 7, 8]\n", i);
    assert_int_equal(import(&rig, strbuf_text(&yaml), NULL), 0);
    assert_int_equal(rig.imported.entries, 1);
    assert_int_equal(rig.imported.lost_count, 1);
    assert_int_equal(rig.imported.notes[rig.imported.note_count - 1].line, 4);
    strbuf_release(&yaml);
    arena_release(&rig.arena);
}

static void options_of_a_test_add_to_the_defaults(void **state)
{
    static const char yaml[] =
        "prompts: ['{{q}}']\ndefaultTest: {options: {prefix: 'Before. ', suffix: ' Default.'}}\n"
        "tests: [{vars: {q: a}, options: {suffix: ' After.'}}]\n";
    struct rig rig;

    (void)state;
    assert_int_equal(import(&rig, yaml, NULL), 0);
    assert_true(holds(file_of(&rig, "golden/promptfoo.yaml"), "Before. {{q}} After."));
    arena_release(&rig.arena);
}

static void a_scenario_without_tests_is_a_test_for_each_config(void **state)
{
    static const char yaml[] =
        "prompts: ['{{q}}']\nscenarios: [{config: [{vars: {q: a}, assert: [{type: equals, value: "
        "a}]}, {vars: {q: b}}]}]\n";
    struct rig rig;

    (void)state;
    assert_int_equal(import(&rig, yaml, NULL), 0);
    assert_int_equal(rig.imported.entries, 2);
    assert_int_equal(rig.imported.assertions, 1);
    arena_release(&rig.arena);
}

static void a_filter_finds_prompts_by_group_path_and_id(void **state)
{
    static const char yaml[] =
        "prompts: [{raw: 'A {{q}}', label: 'group:one'}, {raw: 'B {{q}}', label: two, id: b-1}, "
        "file://p.txt]\n"
        "tests: [{vars: {q: a}, prompts: [group]}, {vars: {q: b}, prompts: [b-1]}, "
        "{vars: {q: c}, prompts: [p.txt]}, {vars: {q: d}, prompts: [grou]}]\n";
    struct rig rig;

    (void)state;
    assert_int_equal(import(&rig, yaml, "C {{q}}"), 0);
    assert_int_equal(rig.imported.entries, 3);
    assert_int_equal(rig.imported.lost_count, 1); /* and what makes no entry is listed */
    assert_string_equal(rig.imported.notes[rig.imported.note_count - 1].why,
                        "the test names none of the prompts: it makes no entry");
    arena_release(&rig.arena);
}

/* A golden set refuses an empty keyword; every answer holds an empty text. */
static void an_empty_text_is_no_keyword(void **state)
{
    static const char yaml[] =
        "prompts: ['{{q}}']\ntests: [{vars: {q: a}, assert: [{type: icontains, value: ''}, {type: "
        "icontains-all, value: [b, ' ']}, {type: icontains, value: c}]}]\n";
    struct rig rig;

    (void)state;
    assert_int_equal(import(&rig, yaml, NULL), 0);
    struct view golden = file_of(&rig, "golden/promptfoo.yaml");
    assert_true(holds(golden, "keywords: [c]"));
    assert_true(holds(golden, "type: contains, value: \"\", ignore_case: true"));
    assert_true(holds(golden, "value: [b, \" \"], ignore_case: true"));
    arena_release(&rig.arena);
}

static void variables_that_cannot_be_had_are_listed(void **state)
{
    static const char *const yamls[] = {
        "prompts: ['{{q}}']\ntests: [{vars: none.yaml}]\n",
        "prompts: ['{{q}}']\ntests: [{vars: [a.yaml, b.yaml]}]\n",
        "prompts: ['{{q}}']\ndefaultTest: none\ntests: [{vars: {q: a}}]\n",
        "prompts: ['{{q}}']\ndefaultTest: {provider: openai:m}\ntests: [{vars: {q: a}}]\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof yamls / sizeof yamls[0]; i++) {
        struct rig rig;
        assert_int_equal(import(&rig, yamls[i], NULL), 0);
        assert_int_equal(rig.imported.lost_count, 1);
        arena_release(&rig.arena);
    }
}

static void lists_that_are_not_expanded_are_no_combinations(void **state)
{
    struct strbuf yaml;
    struct rig rig;

    (void)state;
    strbuf_init(&yaml, 1 << 20);
    strbuf_add_text(&yaml, "prompts: ['{{a0}}']\ntests:\n- options: {disableVarExpansion: true}\n"
                           "  vars:\n");
    for (unsigned i = 0; i < 40; i++)
        strbuf_printf(&yaml, "    a%u: [1, 2, 3, 4, 5, 6, 7, 8]\n", i);
    assert_int_equal(import(&rig, strbuf_text(&yaml), NULL), 0);
    assert_int_equal(rig.imported.entries, 1);
    assert_int_equal(rig.imported.lost_count, 0);
    strbuf_release(&yaml);
    arena_release(&rig.arena);
}

/* Numbered one after another, not each from the first on. */
static void many_tests_of_one_description_take_little_time_and_memory(void **state)
{
    struct strbuf yaml;
    struct rig rig;

    (void)state;
    strbuf_init(&yaml, 8 << 20);
    strbuf_add_text(&yaml, "prompts: ['{{q}}']\ndefaultTest: {description: same}\ntests:\n");
    for (unsigned i = 0; i < 8000; i++)
        strbuf_printf(&yaml, "- {vars: {q: %u}}\n", i);
    assert_int_equal(import(&rig, strbuf_text(&yaml), NULL), 0);
    assert_int_equal(rig.imported.entries, 8000);
    assert_true(holds(file_of(&rig, "golden/promptfoo.yaml"), "id: same-8000"));
    strbuf_release(&yaml);
    arena_release(&rig.arena);
}

static void what_is_no_configuration_is_refused_with_its_place(void **state)
{
    static const char *const bad[] = {"- a\n", "a: [", "", "prompts: []\n", "prompts: [exec:x]\n"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rig rig;
        assert_int_equal(import(&rig, bad[i], NULL), ERR_CONFIG);
        assert_non_null(strstr(rig.err.text, "c.yaml:"));
        arena_release(&rig.arena);
    }
}

static void no_memory_at_any_point_is_told(void **state)
{
    static const char yaml[] =
        "prompts: ['{{q}}', file://c.json]\nproviders: [openai:m]\n"
        "tests: [{vars: {q: [a, b]}, threshold: 1, assert: [{type: contains, value: '{{q}}'}, "
        "{type: llm-rubric, value: x}]}]\n";
    struct rig rig;

    (void)state;
    for (unsigned long n = 1; n < 60; n++) {
        mem_fail_at(n);
        int code = import(&rig, yaml, "[{\"role\": \"user\", \"content\": \"{{q}}\"}]");
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        arena_release(&rig.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_are_carried_as_far_as_they_are_slots),
        cmocka_unit_test(a_table_is_read_with_quotes_and_line_ends_inside),
        cmocka_unit_test(a_quote_that_does_not_end_is_said_with_its_line),
        cmocka_unit_test(braces_without_an_end_are_read_once),
        cmocka_unit_test(every_combination_of_values_is_an_entry),
        cmocka_unit_test(too_many_combinations_are_listed_and_not_made),
        cmocka_unit_test(options_of_a_test_add_to_the_defaults),
        cmocka_unit_test(a_scenario_without_tests_is_a_test_for_each_config),
        cmocka_unit_test(a_filter_finds_prompts_by_group_path_and_id),
        cmocka_unit_test(an_empty_text_is_no_keyword),
        cmocka_unit_test(variables_that_cannot_be_had_are_listed),
        cmocka_unit_test(lists_that_are_not_expanded_are_no_combinations),
        cmocka_unit_test(many_tests_of_one_description_take_little_time_and_memory),
        cmocka_unit_test(what_is_no_configuration_is_refused_with_its_place),
        cmocka_unit_test(no_memory_at_any_point_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
