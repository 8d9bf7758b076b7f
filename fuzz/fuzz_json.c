/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_json: any bytes read as JSON, whole and in two pieces, give the same events and errors; the
 * tree agrees with the scanner; what the writer writes of the tree reads back the same. The first
 * byte says where to cut. */
#include "json_record.h"

static void check_tree(struct view text, int code)
{
    struct arena arena;
    struct strbuf written;
    struct json_writer writer;
    struct json *root;
    struct json *again;
    struct err err;

    arena_init(&arena, RECORD_BYTES_MAX);
    strbuf_init(&written, RECORD_BYTES_MAX);
    assert_always(json_parse(&arena, text, &root, &err) == code);
    assert_always(json_valid(text, NULL) == (code == 0));
    if (code == 0) {
        json_writer_init(&writer, &written, (unsigned)(text.len % 3));
        json_write_tree(&writer, root);
        assert_always(strbuf_status(&written) == 0);
        assert_always(json_parse(&arena, strbuf_view(&written), &again, &err) == 0);
        assert_always(json_same_tree(root, again));
    }
    strbuf_release(&written);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf whole;
    struct strbuf cut;

    if (size == 0)
        return 0;
    struct view text = view_make((const char *)data + 1, size - 1);
    size_t at = data[0] < text.len ? data[0] : text.len;
    strbuf_init(&whole, RECORD_BYTES_MAX);
    strbuf_init(&cut, RECORD_BYTES_MAX);
    int code = json_record(text, NULL, 0, &whole);
    assert_always(json_record(text, &at, 1, &cut) == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    strbuf_reset(&cut);
    assert_always(json_record_bytes(text, &cut) == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    check_tree(text, code);
    strbuf_release(&whole);
    strbuf_release(&cut);
    return 0;
}
