/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_yaml: any bytes read as YAML are a tree within its limits whose places are set, whose texts
 * are UTF-8 and whose numbers JSON reads, or an error that names the file. */
#include "config/yaml.h"

#include "base/utf8.h"

enum { ARENA_MAX = 64 * 1024 * 1024 };

static size_t check_node(const struct json *node, size_t depth)
{
    size_t nodes = 1;
    size_t children = 0;
    double ignored;

    assert_always(depth <= YAML_DEPTH_MAX);
    assert_always(node->line > 0 && node->column > 0);
    assert_always(utf8_valid(node->key, NULL) && utf8_valid(node->text, NULL));
    if (node->kind == JSON_NUMBER)
        assert_always(json_valid(node->text, NULL) && view_to_double(node->text, &ignored) == 0);
    for (const struct json *child = node->child; child != NULL; child = child->next) {
        assert_always(node->kind != JSON_OBJECT || child->key_line > 0);
        assert_always(child->next != NULL || child == node->last);
        nodes += check_node(child, depth + 1);
        children++;
    }
    assert_always(children == node->count);
    return nodes;
}

static void check_written(const struct json *root)
{
    struct strbuf buf;
    struct json_writer writer;

    strbuf_init(&buf, ARENA_MAX);
    json_writer_init(&writer, &buf, 0);
    json_write_tree(&writer, root);
    assert_always(strbuf_status(&buf) != 0 || json_valid(strbuf_view(&buf), NULL));
    strbuf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct json *root;
    struct err err = {.code = 0};

    arena_init(&arena, ARENA_MAX);
    int code = yaml_parse(&arena, view_of("f"), view_make(data, size), &root, &err);
    if (code == 0) {
        assert_always(check_node(root, 0) <= YAML_NODES_MAX);
        check_written(root);
    } else {
        assert_always((code == ERR_CONFIG || code == ERR_MEMORY) && err.code == code);
        assert_always(view_starts(view_of(err.text), view_of("f:")));
    }
    arena_release(&arena);
    return 0;
}
