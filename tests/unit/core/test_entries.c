/* SPDX-License-Identifier: Apache-2.0
 *
 * Golden sets: what is read from which form, what is refused and where, versions, variables, and
 * the question that comes of an entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/settings.h"
#include "core/golden/entries.h"
#include "provider/provider.h"

enum { TEST_ARENA_MAX = 512 * 1024 * 1024 };

/* What a test needs, and the "files" of the set: pairs of path and text, ended by NULL. */
struct bench {
    struct arena arena;
    struct problems problems;
    struct golden_set set;
    const char *const *files;
};

static int setup(void **state)
{
    static struct bench bench;
    bench = (struct bench){.files = NULL};
    arena_init(&bench.arena, TEST_ARENA_MAX);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    arena_release(&bench->arena);
    return 0;
}

static void assert_contains(const char *whole, const char *part)
{
    if (strstr(whole, part) == NULL)
        fail_msg("\n  %s\nis not in\n  %s", part, whole);
}

static const char *all_problems(struct bench *bench)
{
    const char *all = "";
    for (size_t i = 0; i < bench->problems.count; i++)
        all = arena_printf(&bench->arena, "%s%s\n", all, bench->problems.items[i].text);
    return all;
}

static int hand_in_files(struct bench *bench)
{
    for (size_t i = 0; i < bench->set.file_count; i++) {
        const char *text = NULL;
        for (size_t j = 0; bench->files != NULL && bench->files[j] != NULL; j += 2)
            if (view_is(bench->set.files[i].path, bench->files[j]))
                text = bench->files[j + 1];
        if (text == NULL)
            golden_file_missing(&bench->set, i, "no such file", &bench->problems);
        else if (golden_file_put(&bench->set, i, view_of(text)) != 0)
            return ERR_MEMORY;
    }
    return 0;
}

static int load_from(struct bench *bench, const char *file, const char *text)
{
    problems_init(&bench->problems, &bench->arena, view_of(file));
    int code = golden_load(&bench->arena, view_of(file), view_of(text), GOLDEN_FORM_AUTO,
                           &bench->problems, &bench->set);
    if (code != 0 && code != ERR_CONFIG)
        return code;
    code = hand_in_files(bench);
    return code != 0 ? code : golden_resolve(&bench->set, &bench->problems);
}

static const struct golden_set *load(struct bench *bench, const char *file, const char *text)
{
    int code = load_from(bench, file, text);
    if (code != 0)
        fail_msg("%s", all_problems(bench));
    return &bench->set;
}

static const char *problems_of(struct bench *bench, const char *text)
{
    if (load_from(bench, "g/set.yaml", text) != ERR_CONFIG)
        fail_msg("accepted: %s", text);
    return all_problems(bench);
}

static struct chat render(struct bench *bench, size_t i)
{
    struct chat chat;
    struct err err = {.code = 0};
    if (golden_render(&bench->set, i, &bench->arena, &chat, &err) != 0)
        fail_msg("%s", err.text);
    return chat;
}

static const char *text_of(struct bench *bench, struct view text)
{
    return arena_string(&bench->arena, text);
}

static const char *as_json(struct bench *bench, const struct json *value)
{
    struct strbuf buf;
    struct json_writer writer;
    strbuf_init(&buf, TEST_ARENA_MAX);
    json_writer_init(&writer, &buf, 0);
    json_write_tree(&writer, value);
    const char *text = text_of(bench, strbuf_view(&buf));
    strbuf_release(&buf);
    return text;
}

static const char *const manga_files[] = {
    "prompts/recommend.md",
    "Recommend a manga like {{title}} for {{customer}}.\n",
    "prompts/system.md",
    "You are MangaAssist.\n",
    "schemas/rec.json",
    "{\"type\": \"object\"}",
    NULL,
};

static const char manga[] =
    "prompts:\n"
    "  recommend: {file: ../prompts/recommend.md, system: ../prompts/system.md, params: "
    "{max_tokens: 1024, temperature: 0.2}}\n"
    "entries:\n"
    "  - id: rec-ja-001\n"
    "    prompt: recommend\n"
    "    vars: {title: 鬼滅の刃, customer: \"高校生\"}\n"
    "    expect: {keywords: [少年], forbidden: [在庫切れ], language: ja, format: json, schema: "
    "../schemas/rec.json, max_chars: 1200}\n"
    "    tags: [ja, recommendation]\n";

/* ---- what is read ---------------------------------------------------------------------------- */

static void the_example_of_the_manual_becomes_a_question(void **state)
{
    struct bench *bench = *state;
    bench->files = manga_files;
    const struct golden_set *set = load(bench, "golden/manga.yaml", manga);
    const struct golden_entry *entry = &set->entries[0];
    struct chat chat = render(bench, 0);

    assert_int_equal(set->entry_count, 1);
    assert_true(view_is(entry->id, "rec-ja-001"));
    assert_int_equal(entry->line, 4);
    assert_int_equal(entry->column, 5);
    assert_true(golden_has_tag(entry, view_of("ja")));
    assert_false(golden_has_tag(entry, view_of("en")));
    assert_true(view_is(entry->expect.keywords.items[0].texts[0], "少年"));
    assert_true(view_is(entry->expect.forbidden.items[0].texts[0], "在庫切れ"));
    assert_true(view_is(entry->expect.language, "ja"));
    assert_int_equal(entry->expect.format, EXPECT_FORMAT_JSON);
    assert_int_equal(entry->expect.max_chars, 1200);
    assert_int_equal(entry->expect.min_chars, -1);
    assert_int_equal(entry->expect.schema->kind, JSON_OBJECT);
    assert_true(view_is(chat.system, "You are MangaAssist.\n"));
    assert_int_equal(chat.message_count, 1);
    assert_int_equal(chat.messages[0].role, CHAT_USER);
    assert_true(view_is(chat.messages[0].text, "Recommend a manga like 鬼滅の刃 for 高校生.\n"));
    assert_string_equal(as_json(bench, chat.params), "{\"max_tokens\":1024,\"temperature\":0.2}");
    assert_ptr_equal(golden_entry_of(set, view_of("rec-ja-001")), entry);
    assert_null(golden_entry_of(set, view_of("nobody")));
}

static void every_file_is_listed_once_with_the_place_that_named_it_first(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(
        load_from(bench, "golden/x.yaml",
                  "prompts:\n  a: {file: p.md, system: ../s.md}\n  b: {file: ../golden/p.md}\n"
                  "entries:\n  - {id: 1x, prompt: a, expect: {schema: ./p.md}}\n"),
        ERR_CONFIG);
    assert_int_equal(bench->set.file_count, 3);
    assert_true(view_is(bench->set.files[0].path, "s.md"));
    assert_true(view_is(bench->set.files[0].named, "../s.md"));
    assert_int_equal(bench->set.files[0].line, 2);
    assert_int_equal(bench->set.files[0].column, 27);
    assert_true(view_is(bench->set.files[1].path, "golden/p.md"));
    assert_int_equal(bench->set.files[1].kind, GOLDEN_FILE_TEMPLATE);
    assert_int_equal(bench->set.files[2].kind, GOLDEN_FILE_SCHEMA);
}

static void a_missing_file_is_told_at_the_place_that_named_it(void **state)
{
    assert_string_equal(
        problems_of(*state, "prompts:\n  a: {file: nope.md}\nentries:\n  - {id: x, prompt: a}\n"),
        "g/set.yaml:2:13: g/nope.md cannot be read: no such file\n");
}

static void messages_make_several_turns(void **state)
{
    struct bench *bench = *state;
    load(bench, "g.yaml",
         "prompts:\n  chat:\n    messages:\n      - {role: system, text: 'Be {{tone}}.'}\n"
         "      - {role: user, content: Hello}\n      - {role: assistant, text: 'Hi.'}\n"
         "      - {role: user, text: '{{question}}'}\n"
         "entries: [{id: x, prompt: chat, vars: {tone: kind, question: Why?}}]\n");
    struct chat chat = render(bench, 0);

    assert_true(view_is(chat.system, "Be kind."));
    assert_int_equal(chat.message_count, 3);
    assert_int_equal(chat.messages[1].role, CHAT_ASSISTANT);
    assert_true(view_is(chat.messages[2].text, "Why?"));
    assert_int_equal(bench->set.prompts[0].variables.count, 2);
}

static void an_entry_may_carry_its_prompt_itself(void **state)
{
    struct bench *bench = *state;
    load(bench, "g.yaml",
         "entries:\n"
         "  - {id: a, prompt: {text: 'One {{x}}', params: {top_p: 1}}, vars: {x: 1}}\n"
         "  - {id: b, text: Two, system_text: Sys, params: {max_tokens: 5}}\n"
         "  - {id: c, messages: [{role: user, text: Three}]}\n");
    struct chat a = render(bench, 0);
    struct chat b = render(bench, 1);
    struct chat c = render(bench, 2);

    assert_true(view_is(a.messages[0].text, "One 1"));
    assert_string_equal(as_json(bench, a.params), "{\"top_p\":1}");
    assert_true(view_is(b.system, "Sys"));
    assert_string_equal(as_json(bench, b.params), "{\"max_tokens\":5}");
    assert_true(view_is(c.messages[0].text, "Three"));
    assert_null(c.params);
}

static void an_entrys_parameters_go_over_those_of_its_prompt(void **state)
{
    struct bench *bench = *state;
    load(bench, "g.yaml",
         "prompts: {p: {text: x, params: {a: 1, b: 2, c: 3}}}\n"
         "entries: [{id: x, prompt: p, params: {b: 5, c: ~, d: [4]}}]\n");

    assert_string_equal(as_json(bench, render(bench, 0).params), "{\"a\":1,\"b\":5,\"d\":[4]}");
}

static void variables_of_any_kind_are_written_out(void **state)
{
    struct bench *bench = *state;
    load(bench, "g.yaml",
         "entries:\n  - id: x\n    text: '{{n}} {{t}} {{f}} {{l}} {{m}} {{json s}} {{e}}'\n"
         "    vars: {n: 1200, t: true, f: false, l: [1, 少], m: {k: v}, s: \"a\\\"b\", e: \"\"}\n");

    assert_string_equal(text_of(bench, render(bench, 0).messages[0].text),
                        "1200 true false [1,\"少\"] {\"k\":\"v\"} \"a\\\"b\" ");
}

static void a_variable_that_no_template_uses_is_no_error(void **state)
{
    load(*state, "g.yaml", "entries: [{id: x, text: hello, vars: {unused: 1}}]\n");
}

static void keywords_take_all_their_forms(void **state)
{
    struct bench *bench = *state;
    load(bench, "g.yaml",
         "entries:\n  - id: x\n    text: t\n    expect:\n      whole_words: true\n"
         "      keywords:\n        - plain\n        - {any: [鬼滅の刃, Demon Slayer]}\n"
         "        - {match: '[0-9]+円', whole_word: false}\n        - {text: vol, at_least: 3}\n"
         "      forbidden: [bad]\n");
    const struct expect_keywords *keywords = &bench->set.entries[0].expect.keywords;

    assert_int_equal(keywords->count, 4);
    assert_true(keywords->items[0].whole_word);
    assert_int_equal(keywords->items[0].at_least, 1);
    assert_int_equal(keywords->items[1].text_count, 2);
    assert_true(view_is(keywords->items[1].texts[1], "Demon Slayer"));
    assert_int_equal(keywords->items[1].line, 8);
    assert_int_equal(keywords->items[1].column, 11);
    assert_true(keywords->items[2].is_pattern);
    assert_false(keywords->items[2].whole_word);
    assert_int_equal(keywords->items[3].at_least, 3);
    assert_int_equal(bench->set.entries[0].expect.forbidden.count, 1);
}

static void the_other_expectations_reach_their_members(void **state)
{
    struct bench *bench = *state;
    load(
        bench, "g.yaml",
        "entries:\n"
        "  - {id: a, text: t, expect: {elements: [list, link], min_chars: 1, command: ./judge x}}\n"
        "  - {id: b, text: t, expect: {schema: {type: object}, fenced: allow, tools: [{name: s}],"
        " command: [./judge, x]}}\n"
        "  - {id: c, text: t, expect: {format: text, checks: [safety.secret,"
        " {check: length, max: 5, severity: minor}]}}\n"
        "  - {id: d, text: t}\n  - {id: e, text: t, expect: {language: zh-Hant}}\n");
    const struct golden_entry *entries = bench->set.entries;

    assert_int_equal(entries[0].expect.elements, EXPECT_LIST | EXPECT_LINK);
    assert_int_equal(entries[0].expect.format, EXPECT_FORMAT_MARKDOWN);
    assert_int_equal(entries[0].expect.min_chars, 1);
    assert_true(entries[0].expect.command_is_line);
    assert_int_equal(entries[1].expect.format, EXPECT_FORMAT_JSON);
    assert_int_equal(entries[1].expect.fenced, EXPECT_FENCED_ALLOW);
    assert_int_equal(entries[1].expect.schema_file, GOLDEN_NO_FILE);
    assert_int_equal(entries[1].expect.schema->count, 1);
    assert_int_equal(entries[1].expect.tools->count, 1);
    assert_int_equal(entries[1].expect.command.count, 2);
    assert_false(entries[1].expect.command_is_line);
    assert_int_equal(entries[2].expect.format, EXPECT_FORMAT_TEXT);
    assert_int_equal(entries[2].expect.check_count, 2);
    assert_true(view_is(entries[2].expect.checks[0].name, "safety.secret"));
    assert_int_equal(entries[2].expect.checks[0].at->kind, JSON_STRING);
    assert_int_equal(entries[2].expect.checks[1].severity, SEVERITY_MINOR);
    assert_int_equal(json_int(json_get(entries[2].expect.checks[1].at, "max"), 0), 5);
    assert_true(view_is(entries[3].expect.language, "any"));
    assert_int_equal(entries[3].expect.format, EXPECT_FORMAT_NONE);
    assert_int_equal(entries[3].expect.schema_file, GOLDEN_NO_FILE);
    assert_null(entries[3].expect.at);
    assert_true(view_is(entries[4].expect.language, "zh-Hant"));
}

static void schemas_may_be_yaml_files(void **state)
{
    static const char *const files[] = {"s.yaml", "type: object\n", NULL};
    struct bench *bench = *state;
    bench->files = files;
    load(bench, "g.yaml", "entries: [{id: x, text: t, expect: {schema: s.yaml}}]");

    assert_string_equal(as_json(bench, bench->set.entries[0].expect.schema),
                        "{\"type\":\"object\"}");
}

/* ---- forms ----------------------------------------------------------------------------------- */

static const char lines[] =
    "{\"prompts\": {\"p\": {\"text\": \"Say {{x}}\"}}}\n"
    "\n"
    "{\"id\": \"a\", \"prompt\": \"p\", \"vars\": {\"x\": \"1\"}}\r\n"
    "{\"id\": \"b\", \"prompt\": \"q\", \"expect\": {\"language\": \"ja\"}}\n"
    "{\"prompt\": {\"name\": \"q\", \"text\": \"Late \\ud83d\\ude00\"}}\n"
    "{\"id\": \"c\", \"prompt\": {\"text\": \"Own\"}}";

static void json_lines_hold_prompts_and_entries_in_any_order(void **state)
{
    struct bench *bench = *state;
    const struct golden_set *set = load(bench, "g.jsonl", lines);

    assert_int_equal(set->entry_count, 3);
    assert_int_equal(set->prompt_count, 3);
    assert_int_equal(set->entries[1].line, 4);
    assert_int_equal(set->entries[1].column, 1);
    assert_true(view_is(render(bench, 0).messages[0].text, "Say 1"));
    assert_true(view_is(render(bench, 1).messages[0].text, "Late 😀"));
    assert_true(view_is(render(bench, 2).messages[0].text, "Own"));
}

static void without_an_extension_the_first_line_decides(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(load(bench, "-", lines)->entry_count, 3);
    assert_int_equal(load(bench, "-", "\xef\xbb\xbf{\"id\": \"a\", \"text\": \"t\"}")->entry_count,
                     1);
    assert_int_equal(load(bench, "-", "entries: [{id: x, text: t}]")->entry_count, 1);
    assert_int_equal(
        load(bench, "-", "{\"entries\": [{\"id\": \"x\", \"text\": \"t\"}]}")->entry_count, 1);
    assert_int_equal(load(bench, "-", "{entries: [{id: x, text: t}]}")->entry_count, 1);
}

static void json_is_read_as_json(void **state)
{
    struct bench *bench = *state;
    load(bench, "g.json", "{\"entries\": [{\"id\": \"x\", \"text\": \"\\/ \\ud83d\\ude00\"}]}");

    assert_true(view_is(render(bench, 0).messages[0].text, "/ 😀"));
    assert_int_equal(load_from(bench, "g.json", "{\"entries\":\n [x]}"), ERR_CONFIG);
    assert_contains(all_problems(bench), "g.json:2:3: ");
}

static void a_bad_line_is_told_with_its_number_and_the_others_are_read(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(load_from(bench, "g.jsonl",
                               "{\"id\": \"a\", \"text\": \"t\"}\n{\"id\": \"b\", oops}\n[1]\n"
                               "{\"prompt\": {\"text\": \"nameless\"}}\n{\"prompts\": 5}\n"
                               "{\"id\": \"c\", \"text\": \"t\", \"tgas\": [\"x\"]}\n"
                               "{\"id\": \"d\", \"text\": \"t\"}\n"),
                     ERR_CONFIG);
    const char *text = all_problems(bench);
    assert_contains(text, "g.jsonl:2:13: ");
    assert_contains(text, "g.jsonl:3:1: each line must be a JSON object, found array");
    assert_contains(text, "g.jsonl:4:12: a prompt on a line of its own needs its name");
    assert_contains(text, "g.jsonl:5:13: 'prompts' must be a mapping");
    assert_contains(text, "g.jsonl:6:26: unknown key 'tgas', did you mean 'tags'?");
    assert_int_equal(bench->set.entry_count, 2);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void check_problems(struct bench *bench, const char *const pairs[][2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_contains(problems_of(bench, pairs[i][0]), pairs[i][1]);
}

static void wrong_sets_and_entries_are_told_with_place_and_remedy(void **state)
{
    static const char *const pairs[][2] = {
        {"", "g/set.yaml:1:1: this golden set has no entries: add some under 'entries:'"},
        {"entries: []", "has no entries"},
        {"prompts: {p: {text: t}}", "has no entries"},
        {"[a]", "g/set.yaml:1:1: this golden set must be a mapping of keys, found array"},
        {"entires: []", "unknown key 'entires', did you mean 'entries'?"},
        {"entries: {a: {}}", "'entries' must be a list of mappings, found a mapping"},
        {"entries: [5]", "1:11: this entry must be a mapping of keys, found number"},
        {"entries: [{text: t}]", "1:11: this entry lacks 'id'"},
        {"entries: [{id: 7, text: t}]", "'id' must be text (put it in quotes), found number '7'"},
        {"entries: [{id: '', text: t}]", "an id has 1 to 200 bytes and no control characters"},
        {"entries: [{id: \"a\\tb\", text: t}]", "an id has 1 to 200 bytes"},
        {"entries:\n- {id: a, text: t}\n- {id: b, text: t}\n- {id: a, text: t}",
         "g/set.yaml:4:8: duplicate id 'a', first used at line 2"},
        {"entries: [{id: a}]", "1:11: this entry has no prompt: name one with 'prompt', or give"},
        {"prompts: {recommend: {text: t}}\nentries: [{id: a, prompt: recomend}]",
         "2:27: unknown prompt 'recomend', did you mean 'recommend'?"},
        {"entries: [{id: a, prompt: x}]", "unknown prompt 'x': add it under 'prompts'"},
        {"entries: [{id: a, prompt: [x]}]", "'prompt' must be the name of a prompt, or a prompt"},
        {"prompts: {p: {text: t}}\nentries: [{id: a, prompt: p, text: t}]",
         "2:30: 'prompt' and 'text' are both given"},
    };
    check_problems(*state, pairs, sizeof pairs / sizeof pairs[0]);
}

static void wrong_prompts_are_told_with_place_and_remedy(void **state)
{
    static const char *const pairs[][2] = {
        {"prompts: {p: {}}\nentries: [{id: a, prompt: p}]",
         "1:14: this prompt has no 'text', 'file' or 'messages'"},
        {"prompts: {p: {text: t, file: f}}\nentries: [{id: a, prompt: p}]",
         "1:24: 'text' and 'file' are both given"},
        {"prompts: {p: {text: t, system: f, system_text: t}}\nentries: [{id: a, prompt: p}]",
         "'system' and 'system_text' are both given"},
        {"prompts: {p: {text: ' '}}\nentries: [{id: a, prompt: p}]", "1:21: this text is empty"},
        {"prompts: {p: {file: ''}}\nentries: [{id: a, prompt: p}]", "name a file here"},
        {"prompts: {p: {text: 5}}\nentries: [{id: a, prompt: p}]", "'text' must be text"},
        {"prompts: {p: {text: t, parms: {}}}\nentries: [{id: a, prompt: p}]",
         "unknown key 'parms', did you mean 'params'?"},
        {"prompts: {p: {text: t}, p: {text: u}}\nentries: [{id: a, prompt: p}]",
         "duplicate key 'p', first given at line 1"},
        {"entries: [{id: a, messages: []}]", "'messages' is empty"},
        {"entries: [{id: a, messages: [{role: usr, text: t}]}]", "did you mean 'user'?"},
        {"entries: [{id: a, messages: [{text: t}]}]", "this message lacks 'role'"},
        {"entries: [{id: a, messages: [{role: user}]}]", "this message has no 'text' or 'file'"},
        {"entries: [{id: a, messages: [{role: user, text: t, content: u}]}]",
         "'text' and 'content' are both given"},
        {"entries: [{id: a, messages: [{role: assistant, text: t}]}]", "holds none of role user"},
        {"entries: [{id: a, messages: [{role: user, text: t}, {role: system, text: s}]}]",
         "the system prompt stands before the other messages"},
        {"entries: [{id: a, system_text: s, messages: [{role: system, text: s}, "
         "{role: user, text: t}]}]",
         "a second system prompt"},
        {"entries: [{id: a, text: t, vars: {x: ~}}]", "the variable 'x' has no value: write \"\""},
        {"entries: [{id: a, text: t, vars: [x]}]", "'vars' must be a mapping"},
        {"entries: [{id: a, text: t, tags: x}]", "'tags' must be a list"},
    };
    check_problems(*state, pairs, sizeof pairs / sizeof pairs[0]);
}

static void wrong_expectations_are_told_with_place_and_remedy(void **state)
{
    static const char *const pairs[][2] = {
        {"entries: [{id: a, text: t, expect: [x]}]", "1:36: 'expect' must be a mapping"},
        {"entries: [{id: a, text: t, expect: {keyword: [x]}}]", "did you mean 'keywords'?"},
        {"entries: [{id: a, text: t, expect: {keywords: [5]}}]",
         "a keyword must be a text (put it in quotes) or a mapping"},
        {"entries: [{id: a, text: t, expect: {keywords: {any: [x]}}}]",
         "'keywords' must be a list"},
        {"entries: [{id: a, text: t, expect: {keywords: ['']}}]", "this keyword is empty"},
        {"entries: [{id: a, text: t, expect: {keywords: [{any: []}]}}]", "'any' is empty"},
        {"entries: [{id: a, text: t, expect: {keywords: [{any: [x], match: y}]}}]",
         "a keyword has one of 'text', 'any' and 'match'"},
        {"entries: [{id: a, text: t, expect: {keywords: [{at_least: 2}]}}]",
         "a keyword has one of 'text', 'any' and 'match'"},
        {"entries: [{id: a, text: t, expect: {keywords: [{text: x, at_least: 0}]}}]",
         "'at_least' must be from 1"},
        {"entries: [{id: a, text: t, expect: {language: japanese}}]",
         "1:47: 'language' must be any, mixed, or a code such as en, ja, zh or ko, found "
         "'japanese'"},
        {"entries: [{id: a, text: t, expect: {format: jsn}}]", "did you mean 'json'?"},
        {"entries: [{id: a, text: t, expect: {format: text, schema: {}}}]",
         "1:51: 'schema' asks for 'format: json'"},
        {"entries: [{id: a, text: t, expect: {format: json, elements: [list]}}]",
         "'elements' asks for 'format: markdown'"},
        {"entries: [{id: a, text: t, expect: {elements: [lst]}}]",
         "unknown element 'lst', did you mean 'list'?: there are heading"},
        {"entries: [{id: a, text: t, expect: {schema: 5}}]", "'schema' must be a file, or a JSON"},
        {"entries: [{id: a, text: t, expect: {min_chars: 5, max_chars: 4}}]",
         "1:48: min_chars 5 is more than max_chars 4"},
        {"entries: [{id: a, text: t, expect: {max_chars: -1}}]", "'max_chars' must be from 0"},
        {"entries: [{id: a, text: t, expect: {checks: x}}]", "'checks' must be a list"},
        {"entries: [{id: a, text: t, expect: {checks: [{severity: major}]}}]",
         "a check is a name, or a mapping with its name"},
        {"entries: [{id: a, text: t, expect: {checks: [{check: x, severity: high}]}}]",
         "'severity' must be one of critical, major, minor, none, found 'high'"},
    };
    check_problems(*state, pairs, sizeof pairs / sizeof pairs[0]);
}

static void wrong_templates_and_variables_are_told_with_place_and_remedy(void **state)
{
    static const char *const pairs[][2] = {
        {"entries:\n- id: a\n  text: 'Hello {{name'",
         "g/set.yaml:3:9: line 1, column 7 of this text: "},
        {"entries:\n- {id: a, text: 'Hello {{titel}}', vars: {title: x}}",
         "g/set.yaml:2:3: entry 'a' does not give the variable 'titel' that its prompt uses, but "
         "'title': did you mean 'titel'?"},
        {"entries:\n- {id: a, text: 'Hello {{name}}'}",
         "entry 'a' does not give the variable 'name' that its prompt uses: add it under 'vars'"},
    };
    check_problems(*state, pairs, sizeof pairs / sizeof pairs[0]);
}

static void what_is_wrong_in_a_file_names_that_file(void **state)
{
    static const char *const files[] = {
        "g/open.md",  "One\n少 {{open", "g/empty.md",  " \n", "g/bytes.md", "a\xff",
        "g/bad.json", "{\n  \"a\": x}", "g/list.json", "[1]", "g/bad.yaml", "a: [",
        NULL,
    };
    struct bench *bench = *state;
    bench->files = files;
    const char *text = problems_of(
        bench, "entries:\n- {id: a, file: open.md}\n- {id: b, file: empty.md}\n"
               "- {id: c, file: bytes.md}\n- {id: d, text: t, expect: {schema: bad.json}}\n"
               "- {id: e, text: t, expect: {schema: list.json}}\n"
               "- {id: f, text: t, expect: {schema: bad.yaml}}\n");

    assert_contains(text, "g/open.md:2:3: ");
    assert_contains(text, "g/set.yaml:3:17: g/empty.md is empty");
    assert_contains(text, "g/set.yaml:4:17: g/bytes.md: byte 2 is not UTF-8");
    assert_contains(text, "g/bad.json:2:8: ");
    assert_contains(text, "g/set.yaml:6:37: g/list.json is no JSON Schema");
    assert_contains(text, "g/bad.yaml:");
}

static void duplicate_prompts_of_json_lines_name_both_lines(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(load_from(bench, "g.jsonl",
                               "{\"prompt\": {\"name\": \"p\", \"text\": \"a\"}}\n"
                               "{\"id\": \"x\", \"prompt\": \"p\"}\n"
                               "{\"prompts\": {\"p\": {\"text\": \"b\"}}}\n"),
                     ERR_CONFIG);
    assert_string_equal(all_problems(bench),
                        "g.jsonl:3:14: duplicate prompt 'p', first given at line 1: rename one of "
                        "them\n");
}

static void one_mistake_does_not_hide_the_next(void **state)
{
    const char *text = problems_of(
        *state, "prompts:\n  p: {text: '{{open'}\nentries:\n- {id: a, prompt: q}\n"
                "- {id: b, prompt: p, expect: {format: jsn}}\n- {id: c, text: '{{x}}'}\n");

    assert_contains(text, "g/set.yaml:2:13: ");
    assert_contains(text, "g/set.yaml:4:19: unknown prompt 'q'");
    assert_contains(text, "g/set.yaml:5:39: 'format'");
    assert_contains(text, "g/set.yaml:6:3: entry 'c' does not give");
}

static void twenty_problems_are_kept_and_all_are_counted(void **state)
{
    struct bench *bench = *state;
    struct strbuf text;

    strbuf_init(&text, 100000);
    strbuf_add_text(&text, "entries:\n");
    for (int i = 0; i < 50; i++)
        strbuf_printf(&text, "- {id: e%d, text: '{{x}}'}\n", i);
    assert_int_equal(load_from(bench, "g.yaml", strbuf_text(&text)), ERR_CONFIG);
    assert_int_equal(bench->problems.count, 20);
    assert_int_equal(bench->problems.total, 50);
    strbuf_release(&text);
}

/* ---- versions -------------------------------------------------------------------------------- */

static const char *version_of(struct bench *bench, const char *text)
{
    return load(bench, "g.yaml", text)->prompts[0].version;
}

static void the_version_of_one_text_is_its_sha256(void **state)
{
    /* printf 'Hello' | sha256sum */
    assert_string_equal(version_of(*state, "entries: [{id: a, text: Hello}]"), "185f8db32271");
}

static void the_version_of_several_parts_is_that_of_the_parts_with_role_and_length(void **state)
{
    static const char joined[] = "system 3\nSys\nuser 5\nHello\nassistant 2\nHi\nuser 1\n?\n";
    char expected[DIGEST_SHORT_SIZE];

    digest_short(view_of(joined), expected);
    assert_string_equal(
        version_of(*state, "entries: [{id: a, system_text: Sys, messages: [{role: user, text: "
                           "Hello}, {role: assistant, text: Hi}, {role: user, text: '?'}]}]"),
        expected);
}

static void the_version_changes_with_the_system_prompt_and_not_with_parameters(void **state)
{
    const char *plain = version_of(*state, "entries: [{id: a, text: Hello, system_text: S}]");

    assert_string_not_equal(plain,
                            version_of(*state, "entries: [{id: a, text: Hello, system_text: T}]"));
    assert_string_equal(plain, version_of(*state, "entries: [{id: b, text: Hello, system_text: S,"
                                                  " params: {temperature: 1}}]"));
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void a_hundred_thousand_entries_fit_and_one_more_does_not(void **state)
{
    struct bench *bench = *state;
    struct strbuf text;

    strbuf_init(&text, 64 * 1024 * 1024);
    strbuf_add_text(&text, "{\"prompts\": {\"p\": {\"text\": \"Say {{x}}\"}}}\n");
    for (int i = 0; i < 100000; i++)
        strbuf_printf(&text, "{\"id\": \"e%d\", \"prompt\": \"p\", \"vars\": {\"x\": \"%d\"}}\n", i,
                      i);
    assert_int_equal(load(bench, "g.jsonl", strbuf_text(&text))->entry_count, 100000);
    assert_true(view_is(render(bench, 99999).messages[0].text, "Say 99999"));
    arena_release(&bench->arena);
    strbuf_add_text(&text, "{\"id\": \"more\", \"text\": \"t\"}\n");
    assert_int_equal(load_from(bench, "g.jsonl", strbuf_text(&text)), ERR_CONFIG);
    assert_contains(all_problems(bench), "more than 100,000 entries: split the golden set");
    strbuf_release(&text);
}

static void an_id_of_200_bytes_fits_and_one_of_201_does_not(void **state)
{
    char id[202];
    char text[300];
    struct bench *bench = *state;

    memset(id, 'a', sizeof id);
    id[200] = '\0';
    snprintf(text, sizeof text, "entries: [{id: %s, text: t}]", id);
    load(bench, "g.yaml", text);
    id[200] = 'a';
    id[201] = '\0';
    snprintf(text, sizeof text, "entries: [{id: %s, text: t}]", id);
    assert_contains(problems_of(bench, text), "an id has 1 to 200 bytes");
}

static void a_question_past_16_mib_is_refused_with_its_entry(void **state)
{
    struct bench *bench = *state;
    struct strbuf text;
    struct chat chat;
    struct err err;

    strbuf_init(&text, 64 * 1024 * 1024);
    strbuf_add_text(&text, "{\"id\": \"big\", \"text\": \"{{x}}{{x}}{{x}}\", \"vars\": {\"x\": \"");
    strbuf_add_repeated(&text, 'a', 8 * 1024 * 1024);
    strbuf_add_text(&text, "\"}}\n");
    load(bench, "g.jsonl", strbuf_text(&text));
    assert_int_equal(golden_render(&bench->set, 0, &bench->arena, &chat, &err), ERR_LIMIT);
    assert_string_equal(err.text, "g.jsonl:1:1: entry 'big': longer than 16 MiB once rendered: "
                                  "shorten a variable");
    strbuf_release(&text);
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
    int failures = 0;
    struct bench *bench = *state;

    bench->files = manga_files;
    for (unsigned long n = 1; n < 40; n++) {
        struct chat chat;
        mem_fail_at(n);
        int code = load_from(bench, "golden/manga.yaml", manga);
        if (code == 0)
            code = golden_render(&bench->set, 0, &bench->arena, &chat, NULL);
        mem_fail_at(0);
        arena_release(&bench->arena);
        assert_true(code == 0 || code == ERR_MEMORY);
        failures += code != 0;
    }
    assert_true(failures > 2);
}

/* ---- agreements ------------------------------------------------------------------------------ */

static void the_kinds_of_settings_are_those_of_the_providers(void **state)
{
    (void)state;
    for (int i = PROVIDER_BEDROCK; i <= PROVIDER_SIM; i++) {
        enum settings_kind kind;
        const char *name = settings_kind_name((enum settings_kind)i);
        assert_int_equal(settings_kind_of(view_of(name), &kind), 0);
        assert_int_equal(kind, i);
    }
    assert_string_equal(settings_kind_name((enum settings_kind)PROVIDER_BEDROCK), "bedrock");
    assert_string_equal(settings_kind_name((enum settings_kind)PROVIDER_ANTHROPIC), "anthropic");
    assert_string_equal(settings_kind_name((enum settings_kind)PROVIDER_OPENAI), "openai");
    assert_string_equal(settings_kind_name((enum settings_kind)PROVIDER_HTTP), "http");
    assert_string_equal(settings_kind_name((enum settings_kind)PROVIDER_WEBSOCKET), "websocket");
    assert_string_equal(settings_kind_name((enum settings_kind)PROVIDER_EXEC), "exec");
    assert_string_equal(settings_kind_name((enum settings_kind)PROVIDER_SIM), "sim");
    assert_int_equal((int)SETTINGS_API_CONVERSE, (int)PROVIDER_API_CONVERSE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_example_of_the_manual_becomes_a_question),
        TEST(every_file_is_listed_once_with_the_place_that_named_it_first),
        TEST(a_missing_file_is_told_at_the_place_that_named_it),
        TEST(messages_make_several_turns),
        TEST(an_entry_may_carry_its_prompt_itself),
        TEST(an_entrys_parameters_go_over_those_of_its_prompt),
        TEST(variables_of_any_kind_are_written_out),
        TEST(a_variable_that_no_template_uses_is_no_error),
        TEST(keywords_take_all_their_forms),
        TEST(the_other_expectations_reach_their_members),
        TEST(schemas_may_be_yaml_files),
        TEST(json_lines_hold_prompts_and_entries_in_any_order),
        TEST(without_an_extension_the_first_line_decides),
        TEST(json_is_read_as_json),
        TEST(a_bad_line_is_told_with_its_number_and_the_others_are_read),
        TEST(wrong_sets_and_entries_are_told_with_place_and_remedy),
        TEST(wrong_prompts_are_told_with_place_and_remedy),
        TEST(wrong_expectations_are_told_with_place_and_remedy),
        TEST(wrong_templates_and_variables_are_told_with_place_and_remedy),
        TEST(what_is_wrong_in_a_file_names_that_file),
        TEST(duplicate_prompts_of_json_lines_name_both_lines),
        TEST(one_mistake_does_not_hide_the_next),
        TEST(twenty_problems_are_kept_and_all_are_counted),
        TEST(the_version_of_one_text_is_its_sha256),
        TEST(the_version_of_several_parts_is_that_of_the_parts_with_role_and_length),
        TEST(the_version_changes_with_the_system_prompt_and_not_with_parameters),
        TEST(a_hundred_thousand_entries_fit_and_one_more_does_not),
        TEST(an_id_of_200_bytes_fits_and_one_of_201_does_not),
        TEST(a_question_past_16_mib_is_refused_with_its_entry),
        TEST(a_failed_allocation_is_an_error_and_leaks_nothing),
        TEST(the_kinds_of_settings_are_those_of_the_providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
