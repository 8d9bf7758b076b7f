/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_schema: a list [schema, value] in any bytes: compiling and validating end, with the same
 * answer twice, and no error without its texts. The first byte chooses draft and formats. */
#include "text/schema.h"

enum { FUZZ_BYTES_MAX = 64 << 20 };

static void hold(struct arena *arena, const struct schema *schema, const struct json *value)
{
    struct schema_result first;
    struct schema_result second;
    struct err err;
    int code = schema_validate(schema, value, arena, &first, &err);

    if (code != 0) {
        assert_always(err.code == code && err.text[0] != '\0');
        return;
    }
    assert_always(schema_validate(schema, value, arena, &second, &err) == 0);
    assert_always(first.count == second.count && first.count <= SCHEMA_ERRORS_MAX);
    for (size_t i = 0; i < first.count; i++) {
        const struct schema_error *error = &first.items[i];
        assert_always(error->sentence[0] != '\0');
        assert_always(error->instance_path[0] == '\0' || error->instance_path[0] == '/');
        assert_always(strcmp(error->text, second.items[i].text) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct schema *schema;
    struct json *root;
    struct err err;

    if (size == 0)
        return 0;
    const struct schema_options options = {
        .draft = (enum schema_draft)(data[0] % 3),
        .assert_formats = data[0] / 3 % 2 == 1,
        .uri = VIEW("http://fuzz/root"),
    };
    arena_init(&arena, FUZZ_BYTES_MAX);
    struct view text = view_make((const char *)data + 1, size - 1);
    if (json_parse(&arena, text, &root, &err) == 0 && root->kind == JSON_ARRAY
        && root->count == 2) {
        int code = schema_new(root->child, &options, &schema, &err);
        if (code == 0) {
            hold(&arena, schema, root->last);
            schema_free(schema);
        } else {
            assert_always(err.code == code && err.text[0] != '\0');
        }
    }
    arena_release(&arena);
    return 0;
}
