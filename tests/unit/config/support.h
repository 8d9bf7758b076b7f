/* SPDX-License-Identifier: Apache-2.0
 *
 * support: what the tests of config share: an arena for each test, trees as text, problems as text.
 *
 * Threads: one. */
#ifndef ASSAY_TESTS_CONFIG_SUPPORT_H
#define ASSAY_TESTS_CONFIG_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/problems.h"
#include "config/yaml.h"

enum { TEST_ARENA_MAX = 512 * 1024 * 1024 };

/* Setup and teardown of a test: *state is an arena. */
static inline int arena_setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, TEST_ARENA_MAX);
    *state = &arena;
    return 0;
}

static inline int arena_teardown(void **state)
{
    arena_release(*state);
    return 0;
}

#define ARENA_TEST(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

/* A tree as compact JSON. */
static inline const char *as_json(struct arena *arena, const struct json *value)
{
    struct strbuf buf;
    struct json_writer writer;

    strbuf_init(&buf, TEST_ARENA_MAX);
    json_writer_init(&writer, &buf, 0);
    json_write_tree(&writer, value);
    assert_int_equal(strbuf_status(&buf), 0);
    const char *text = arena_string(arena, strbuf_view(&buf));
    strbuf_release(&buf);
    return text;
}

/* All problems, one a line. */
static inline const char *all_problems(struct arena *arena, const struct problems *problems)
{
    const char *all = "";
    for (size_t i = 0; i < problems->count; i++)
        all = arena_printf(arena, "%s%s\n", all, problems->items[i].text);
    return all;
}

/* Fails with both texts where `whole` does not hold `part`. */
static inline void assert_contains(const char *whole, const char *part)
{
    if (strstr(whole, part) == NULL)
        fail_msg("\n  %s\nis not in\n  %s", part, whole);
}

static inline struct json *yaml_of(struct arena *arena, const char *text)
{
    struct json *root = NULL;
    struct err err = {.code = 0};
    if (yaml_parse(arena, view_of("t.yaml"), view_of(text), &root, &err) != 0)
        fail_msg("%s", err.text);
    return root;
}

#endif
