/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_hdrlog: by the first byte, any bytes read as one histogram, or as an interval log with the
 * histograms in it; what was read, written again in either form, reads back the same. */
#include "wire/hdrlog.h"

static void check_same(const struct histogram *a, const struct histogram *b)
{
    assert_always(a->len == b->len && a->total == b->total);
    assert_always(memcmp(a->counts, b->counts, a->len * sizeof a->counts[0]) == 0);
    assert_always(a->min == b->min && a->max == b->max);
}

static void check_histogram(const struct histogram *histogram)
{
    struct histogram again;
    struct strbuf out;
    strbuf_init(&out, HDRLOG_COMPRESSED_MAX);

    assert_always(hdrlog_encode(&out, histogram) == 0);
    assert_always(hdrlog_decode(strbuf_view(&out), &again, NULL) == 0);
    check_same(histogram, &again);
    histogram_release(&again);
    strbuf_reset(&out);
    assert_always(hdrlog_encode_compressed(&out, histogram) == 0);
    assert_always(hdrlog_decode(strbuf_view(&out), &again, NULL) == 0);
    check_same(histogram, &again);
    assert_always(histogram_percentile(histogram, 500000) <= histogram_max(histogram));
    histogram_release(&again);
    strbuf_release(&out);
}

static void read_log(struct view text)
{
    struct hdrlog_reader reader;
    struct hdrlog_interval interval;
    struct histogram histogram;
    hdrlog_reader_init(&reader, text);

    while (hdrlog_next(&reader, &interval, NULL) == 1) {
        assert_always(interval.start_in_ms >= 0 && interval.length_ms >= 0);
        if (hdrlog_decode_text(interval.encoded, &histogram, NULL) != 0)
            continue;
        check_histogram(&histogram);
        histogram_release(&histogram);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct histogram histogram;

    if (size < 1)
        return 0;
    struct view text = view_make(data + 1, size - 1);
    if (data[0] % 2 == 1) {
        read_log(text);
    } else if (hdrlog_decode(text, &histogram, NULL) == 0) {
        check_histogram(&histogram);
        histogram_release(&histogram);
    }
    return 0;
}
