/* SPDX-License-Identifier: Apache-2.0
 *
 * What is written as YAML is read back as the same tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"
#include "config/yaml.h"
#include "config/yaml_write.h"

static bool same(const struct json *a, const struct json *b)
{
    if (a->kind != b->kind || a->count != b->count || !view_equal(a->key, b->key))
        return false;
    if ((a->kind == JSON_STRING || a->kind == JSON_NUMBER) && !view_equal(a->text, b->text))
        return false;
    const struct json *other = b->child;
    for (const struct json *child = a->child; child != NULL; child = child->next) {
        if (!same(child, other))
            return false;
        other = other->next;
    }
    return true;
}

static void round_trip(struct arena *arena, const struct json *tree)
{
    struct strbuf out;
    struct json *back;
    struct err err = {.code = 0};

    strbuf_init(&out, 1 << 24);
    yaml_write(&out, tree, 0);
    assert_int_equal(strbuf_status(&out), 0);
    if (yaml_parse(arena, view_of("t"), strbuf_view(&out), &back, &err) != 0)
        fail_msg("%s\n%s", err.text, strbuf_text(&out));
    if (!same(tree, back))
        fail_msg("differs:\n%s", strbuf_text(&out));
    strbuf_release(&out);
}

static void texts_that_yaml_reads_otherwise_are_quoted(void **state)
{
    static const char *const texts[] = {
        "",
        "no",
        "true",
        "Null",
        "~",
        "1",
        "0x1F",
        "-1.5e3",
        "a: b",
        "- x",
        "# c",
        "a #b",
        "x ",
        " x",
        "line\ntwo",
        "'",
        "\"",
        "{a}",
        "[b]",
        "&a",
        "*a",
        "!t",
        "%x",
        "@x",
        "`x",
        "日本語",
        "12:30",
        "\x01",
        "\t",
        "x\x7f",
        "\xc2\x85",
        "\xef\xbb\xbf",
        "\xe2\x80\xa8",
        "a\\b",
        "|",
        ">",
        "?",
        "=",
        "<<",
        "...",
        "---",
        "\xf0\x9f\x98\x80",
        "on",
        "2001-01-01",
        "key: [",
        ".inf",
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 24);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct json *object = json_new(&arena, JSON_OBJECT);
        struct json *list = json_new(&arena, JSON_ARRAY);
        json_append(list, json_new_text(&arena, view_of(texts[i])));
        json_set(object, view_of("in"), list);
        json_set(object, view_of(texts[i][0] != '\0' ? texts[i] : "k"),
                 json_new_text(&arena, view_of(texts[i])));
        round_trip(&arena, object);
    }
    arena_release(&arena);
}

static struct json *any_tree(struct arena *arena, struct rng *rng, unsigned depth)
{
    static const char *const texts[] = {"a",
                                        "b c",
                                        "1",
                                        "x: y",
                                        "日本",
                                        "",
                                        "long text to fill a "
                                        "line so that it does not stand on one line with others"};
    uint64_t kind = rng_below(rng, depth < 5 ? 4 : 2);

    if (kind < 2)
        return json_new_text(arena, view_of(texts[rng_below(rng, 7)]));
    struct json *node = json_new(arena, kind == 2 ? JSON_ARRAY : JSON_OBJECT);
    uint64_t count = rng_below(rng, 5);
    for (uint64_t i = 0; i < count; i++) {
        struct json *child = any_tree(arena, rng, depth + 1);
        if (kind == 2)
            json_append(node, child);
        else
            json_set(node, view_of(arena_printf(arena, "key %d", (int)i)), child);
    }
    return node;
}

static void any_tree_comes_back(void **state)
{
    struct arena arena;
    struct rng rng;

    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        arena_init(&arena, 1 << 26);
        rng_init(&rng, seed);
        round_trip(&arena, any_tree(&arena, &rng, 0));
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_yaml_reads_otherwise_are_quoted),
        cmocka_unit_test(any_tree_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
