/* SPDX-License-Identifier: Apache-2.0
 *
 * hdrlog_peer: our side of tests/e2e/test_hdrlog.py, which holds another implementation against it.
 *
 *     hdrlog_peer write HIGHEST < "VALUE COUNT" a line     prints an interval log
 *     hdrlog_peer read < interval log                      prints each interval's figures
 *
 * Values are integers; the figures are tag, start and length in ms, total, minimum, maximum,
 * percentiles 50, 99 and 99.9, mean. */
#include <inttypes.h>

#include "wire/hdrlog.h"

enum { INPUT_BYTES_MAX = 16 << 20, PIECE_BYTES = 65536 };

static int write_log(struct view input, struct view highest, struct strbuf *out)
{
    struct histogram histogram;
    const struct hdrlog_interval interval = {
        .tag = VIEW("peer"), .start_in_ms = 127, .length_ms = 1007};
    int64_t value;
    int64_t count;
    int code = view_to_int(highest, &value);

    if (code == 0)
        code = histogram_init(&histogram, (uint64_t)value);
    if (code != 0)
        return code;
    while (code == 0 && input.len > 0) {
        struct view line = view_split(&input, '\n');
        code = view_to_int(view_split(&line, ' '), &value);
        if (code == 0)
            code = view_to_int(line, &count);
        if (code == 0)
            code = histogram_record_n(&histogram, (uint64_t)value, (uint64_t)count);
    }
    if (code == 0)
        code = hdrlog_write_head(out, view_of("hdrlog_peer"), INT64_C(1795000000123));
    if (code == 0)
        code = hdrlog_write_interval(out, &interval, &histogram, 1000);
    histogram_release(&histogram);
    return code;
}

static int read_log(struct view input, struct strbuf *out, struct err *reterr)
{
    struct hdrlog_reader reader;
    struct hdrlog_interval interval;
    struct histogram histogram;
    int code;
    hdrlog_reader_init(&reader, input);

    while ((code = hdrlog_next(&reader, &interval, reterr)) == 1) {
        code = hdrlog_decode_text(interval.encoded, &histogram, reterr);
        if (code != 0)
            return code;
        strbuf_printf(out, "[%.*s] %" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
                      VIEW_ARG(interval.tag), interval.start_in_ms, interval.length_ms,
                      histogram.total, histogram_min(&histogram), histogram_max(&histogram));
        strbuf_printf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %.17g\n",
                      histogram_percentile(&histogram, 500000),
                      histogram_percentile(&histogram, 990000),
                      histogram_percentile(&histogram, 999000), histogram_mean(&histogram));
        histogram_release(&histogram);
    }
    return code;
}

int main(int argc, char **argv)
{
    struct strbuf input;
    struct strbuf out;
    struct err err = {0};
    int code = ERR_USAGE;
    strbuf_init(&input, INPUT_BYTES_MAX);
    strbuf_init(&out, INPUT_BYTES_MAX);

    for (char *room; (room = strbuf_room(&input, PIECE_BYTES)) != NULL;) {
        size_t got = fread(room, 1, PIECE_BYTES, stdin);
        strbuf_grew(&input, got);
        if (got == 0)
            break;
    }
    if (argc == 3 && strcmp(argv[1], "write") == 0)
        code = write_log(strbuf_view(&input), view_of(argv[2]), &out);
    else if (argc == 2 && strcmp(argv[1], "read") == 0)
        code = read_log(strbuf_view(&input), &out, &err);
    fwrite(strbuf_text(&out), 1, out.len, stdout);
    if (code != 0)
        fprintf(stderr, "hdrlog_peer: %s %s\n", err_name(code), err.text);
    strbuf_release(&input);
    strbuf_release(&out);
    return err_exit_status(code);
}
