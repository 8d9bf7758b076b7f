/* SPDX-License-Identifier: Apache-2.0
 *
 * render: a run's JSON report from standard input, as a page on standard output: how the tests in a
 * browser get pages of runs that no model would give them.
 *
 *     render [FORMAT [MEAN…]]      MEAN: scores of past runs, in millionths, the oldest first */
#include <stdio.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "report/report.h"
#include "report/run_read.h"

enum { INPUT_BYTES_MAX = 512 << 20, PAST_MAX = 100 };

static int read_input(struct strbuf *text)
{
    size_t got = 1;

    while (got > 0) {
        char *room = strbuf_room(text, 1 << 16);
        if (room == NULL)
            return strbuf_status(text);
        got = fread(room, 1, 1 << 16, stdin);
        strbuf_grew(text, got);
    }
    return 0;
}

static int render(const char *format, const struct report_options *options, struct view text)
{
    struct run run = {.kind = view_of("")};
    struct arena arena;
    struct strbuf out;
    struct err err = {0};

    arena_init(&arena, (size_t)2 << 30);
    strbuf_init(&out, INPUT_BYTES_MAX);
    int code = run_read(&arena, view_of("standard input"), text, &run, &err);
    if (code == 0) {
        report_format_named(view_of(format))->write(&run, options, &out);
        code = strbuf_status(&out);
        fwrite(out.ptr, 1, out.len, stdout);
    } else {
        fprintf(stderr, "render: %s\n", err.text);
    }
    strbuf_release(&out);
    arena_release(&arena);
    return code;
}

int main(int argc, char **argv)
{
    struct report_past past[PAST_MAX] = {{.mean_micro = 0}};
    struct report_options options = {.assay_version = ASSAY_VERSION, .past = past};
    struct strbuf text;

    strbuf_init(&text, INPUT_BYTES_MAX);
    for (int i = 2; i < argc && i - 2 < PAST_MAX; i++)
        past[options.past_count++].mean_micro = (int32_t)strtol(argv[i], NULL, 10);
    int code = read_input(&text);
    if (code == 0)
        code = render(argc > 1 ? argv[1] : "html", &options, strbuf_view(&text));
    strbuf_release(&text);
    return code == 0 ? 0 : 1;
}
