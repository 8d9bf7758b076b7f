/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_run_read: any bytes as the report of a run. What is accepted can be written, and what was
 * written is read as the same run: it writes the same text. */
#include "report/report.h"
#include "report/run_read.h"

enum { ARENA_MAX = 64 * 1024 * 1024, WRITTEN_MAX = 64 * 1024 * 1024 };

static const struct report_options options = {.assay_version = "0"};

/* Reads and writes; false where there is no memory for it. */
static bool again(struct view text, struct strbuf *ret_written, struct err *reterr)
{
    struct arena arena;
    struct run run;

    arena_init(&arena, ARENA_MAX);
    strbuf_init(ret_written, WRITTEN_MAX);
    int code = run_read(&arena, view_of("fuzz"), text, &run, reterr);
    if (code == 0)
        report_json(&run, &options, ret_written);
    arena_release(&arena);
    return code == 0 && strbuf_status(ret_written) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf first, second;
    struct err err = {0};

    if (again(view_make(data, size), &first, &err)) {
        bool is_read = again(strbuf_view(&first), &second, &err);
        assert_always(is_read || err.code == ERR_MEMORY);
        assert_always(!is_read || view_equal(strbuf_view(&first), strbuf_view(&second)));
        strbuf_release(&second);
    } else {
        assert_always(err.code == 0 || err.text[0] != '\0');
    }
    strbuf_release(&first);
    return 0;
}
