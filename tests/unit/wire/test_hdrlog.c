/* SPDX-License-Identifier: Apache-2.0
 *
 * Histograms as HdrHistogram's Python port wrote them, and logs. tests/e2e/test_hdrlog.py shows the
 * port what we write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/base64.h"
#include "wire/hdrlog.h"

struct vector {
    const char *name;
    uint64_t highest;
    uint64_t total;
    uint64_t min;
    uint64_t max;
    double mean;
    uint64_t percentiles[3]; /* 50, 99, 99.9 */
    const char *text;
};

/* pip install hdrhistogram==0.10.3, then
 *
 *     from hdrh.histogram import HdrHistogram
 *     h = HdrHistogram(1, highest, 3); h.record_value(value, count) …; h.encode()
 *
 * with the values of record_vector below; percentiles by 100 × rank / total, since that port rounds
 * a rank to the nearest. */
static const struct vector vectors[] = {
    {"empty",
     UINT64_C(3600000000),
     UINT64_C(0),
     UINT64_C(0),
     UINT64_C(0),
     0.0,
     {UINT64_C(0), UINT64_C(0), UINT64_C(0)},
     "HISTFAAAABx4nJNpmSzMgADMUJoRRFybvITB/gNEAABQ2gSH"},
    {"zeros",
     UINT64_C(3600000000),
     UINT64_C(5),
     UINT64_C(0),
     UINT64_C(0),
     0.0,
     {UINT64_C(0), UINT64_C(0), UINT64_C(0)},
     "HISTFAAAACB4nJNpmSzMwMDAyAABzFAazL82eQmD/QeIABcAVY0Ekg=="},
    {"spread",
     UINT64_C(3600000000),
     UINT64_C(1313),
     UINT64_C(1),
     UINT64_C(3600809983),
     3503412.561309977,
     {UINT64_C(1000447), UINT64_C(1000447), UINT64_C(1000447)},
     "HISTFAAAADR4nJNpmSzMwMAgwgABzFCaEURcm7yEwf4DVICJ6QbLV3k+poPCLL+rLvAv3sPIBADt"
     "pQsu"},
    {"squares",
     UINT64_C(1099511627776),
     UINT64_C(19900),
     UINT64_C(1),
     UINT64_C(39615),
     19903.651457286433,
     {UINT64_C(19887), UINT64_C(39231), UINT64_C(39615)},
     "HISTFAAAAid4nC2IDUgTAQBG/b6LioqK1mWU6zqv61prrbXWWsuWmZmZmZnZn5WVlZWZlZX9ig0T"
     "ExMVExMTExMTExEREREREREREREREREREREREREpyseDB8/Lna3z8KC3x3+EpeKff3FNLQ0Ky1Ys"
     "X71y3SrdGs+1W9dLG5SN2ibjZvMWq5d9m3O7y9tvR8DOoF0hu8P2ROy9uu/G/tsH7h18eCju8LMj"
     "L4++Ofbh+Eec+ISTn3HqC05n48xXnP2Gc99x/gcu/MTFX7j0G1firl2+Hnkz8lbUnai70fejH8Q8"
     "inkc+yT2afzz+BcJrxJeJ75NfP8uCT7JcLnhSoFvKnzT4JcOvwz4Z8I/CwE5CMhFYB4C8xFUgKBC"
     "BBchuBghJQgpRWgZQssRVoGwSoRXIbwaETXwrYWxDsZ6GBtgaoSpCaZmmFpgboW5DeZ2mDtg6YSl"
     "C5ZuWHpg7YW1D9Z+WAdgG4RtCLZh2EZgH4V9DPZx2CfgmIRjCo5pOGbgnIVzDs55OBfgswifJOqT"
     "qXdTn0Iplfo0SumUMihlUsqilEMpl3IepXzKBZQLKRdRLqZcQrmUShnlcioVVCqpVFGpplJDpZZq"
     "HZV6qg1UG6k2UW2m2kK1lVob1XZqHdQ6qXVR66bWQ62Xhj5q/TQM0DBIwxANwzSM0DBK4xgN4xQn"
     "qJukOEXdNMUZ6mYpzlGcp7hAcZFikiAmC6JbEFMEMVUQ0wTPdEHMEP4AVGOmUg=="},
    {"large",
     UINT64_C(4611686018427387904),
     UINT64_C(2305843009213693953),
     UINT64_C(12344),
     UINT64_C(4616189618054758399),
     4.613937818241073e+18,
     {UINT64_C(4616189618054758399), UINT64_C(4616189618054758399), UINT64_C(4616189618054758399)},
     "HISTFAAAACZ4nJNpmSzMwMDAzwABzFCa0QHKsP8AoXs9mN63szVAgQMAnZkJXA=="},
};

enum { VECTORS = sizeof vectors / sizeof vectors[0] };

static void record(struct histogram *histogram, uint64_t value, uint64_t count)
{
    assert_int_equal(histogram_record_n(histogram, value, count), 0);
}

static void record_vector(size_t i, struct histogram *histogram)
{
    static const uint64_t spread[][2] = {{1, 1},    {2, 1},    {3, 300},        {2047, 7},
                                         {2048, 1}, {5000, 2}, {1000000, 1000}, {3599999999, 1}};

    if (i == 1)
        record(histogram, 0, 5);
    for (size_t j = 0; i == 2 && j < sizeof spread / sizeof spread[0]; j++)
        record(histogram, spread[j][0], spread[j][1]);
    for (uint64_t j = 1; i == 3 && j < 200; j++)
        record(histogram, j * j, j);
    if (i == 4) {
        record(histogram, UINT64_C(1) << 62, UINT64_C(1) << 61);
        record(histogram, 12345, 1);
    }
}

static bool near(double a, double b)
{
    return a >= b * (1 - 1e-12) && a <= b * (1 + 1e-12);
}

static void what_hdrhistogram_wrote_reads_as_it_read_it(void **state)
{
    (void)state;

    for (size_t i = 0; i < VECTORS; i++) {
        const struct vector *vector = &vectors[i];
        struct histogram read;
        struct histogram made;
        assert_int_equal(hdrlog_decode_text(view_of(vector->text), &read, NULL), 0);
        assert_int_equal(read.highest, vector->highest);
        assert_int_equal(read.total, vector->total);
        assert_int_equal(histogram_min(&read), vector->min);
        assert_int_equal(histogram_max(&read), vector->max);
        assert_true(near(histogram_mean(&read), vector->mean));
        assert_int_equal(histogram_percentile(&read, 500000), vector->percentiles[0]);
        assert_int_equal(histogram_percentile(&read, 990000), vector->percentiles[1]);
        assert_int_equal(histogram_percentile(&read, 999000), vector->percentiles[2]);
        assert_int_equal(histogram_init(&made, vector->highest), 0);
        record_vector(i, &made);
        assert_int_equal(made.len, read.len);
        assert_memory_equal(made.counts, read.counts, made.len * sizeof made.counts[0]);
        histogram_release(&read);
        histogram_release(&made);
    }
}

static void what_we_write_unpacks_to_the_bytes_hdrhistogram_wrote(void **state)
{
    (void)state;

    for (size_t i = 0; i < VECTORS; i++) {
        struct histogram made;
        struct histogram theirs;
        struct strbuf ours_plain;
        struct strbuf theirs_plain;
        strbuf_init(&ours_plain, HDRLOG_V2_MAX);
        strbuf_init(&theirs_plain, HDRLOG_V2_MAX);
        assert_int_equal(histogram_init(&made, vectors[i].highest), 0);
        record_vector(i, &made);
        assert_int_equal(hdrlog_decode_text(view_of(vectors[i].text), &theirs, NULL), 0);
        assert_int_equal(hdrlog_encode(&ours_plain, &made), 0);
        assert_int_equal(hdrlog_encode(&theirs_plain, &theirs), 0);
        assert_true(view_equal(strbuf_view(&ours_plain), strbuf_view(&theirs_plain)));
        strbuf_release(&ours_plain);
        strbuf_release(&theirs_plain);
        histogram_release(&made);
        histogram_release(&theirs);
    }
}

static void the_plain_encoding_is_laid_out_as_documented(void **state)
{
    (void)state;
    /* 0: once; 1: never; 2: 300 times; 3 and 4: never; 5: once */
    static const unsigned char expected[] = {
        0x1c, 0x84, 0x93, 0x13, 0, 0, 0, 6, 0, 0, 0,    0,    0, 0, 0, 3,
        0,    0,    0,    0,    0, 0, 0, 1, 0, 0, 0,    0,    0, 0, 3, 0xe8,
        0x3f, 0xf0, 0,    0,    0, 0, 0, 0, 2, 0, 0xd8, 0x04, 3, 2};
    struct histogram histogram;
    struct strbuf out;
    strbuf_init(&out, 1000);
    assert_int_equal(histogram_init(&histogram, 1000), 0);
    record(&histogram, 0, 1);
    record(&histogram, 2, 300);
    record(&histogram, 5, 1);

    assert_int_equal(hdrlog_encode(&out, &histogram), 0);
    assert_int_equal(out.len, sizeof expected);
    assert_memory_equal(out.ptr, expected, sizeof expected);
    histogram_release(&histogram);
    strbuf_release(&out);
}

static void either_form_reads_back_with_every_size_of_count(void **state)
{
    (void)state;
    struct histogram histogram;
    struct histogram read;
    struct strbuf out;
    strbuf_init(&out, HDRLOG_COMPRESSED_MAX);
    assert_int_equal(histogram_init(&histogram, HISTOGRAM_HIGHEST_MAX), 0);
    for (unsigned bit = 0; bit < 62; bit++)
        record(&histogram, UINT64_C(1) << bit, UINT64_C(1) << (61 - bit));

    for (int packed = 0; packed < 2; packed++) {
        strbuf_reset(&out);
        assert_int_equal(packed ? hdrlog_encode_compressed(&out, &histogram)
                                : hdrlog_encode(&out, &histogram),
                         0);
        assert_int_equal(hdrlog_decode(strbuf_view(&out), &read, NULL), 0);
        assert_int_equal(read.total, histogram.total);
        assert_memory_equal(read.counts, histogram.counts, read.len * sizeof read.counts[0]);
        histogram_release(&read);
    }
    histogram_release(&histogram);
    strbuf_release(&out);
}

/* A small plain encoding, to be broken. */
static void make_plain(struct strbuf *out)
{
    struct histogram histogram;
    strbuf_init(out, HDRLOG_V2_MAX);
    assert_int_equal(histogram_init(&histogram, 1000), 0);
    record(&histogram, 7, 1000);
    assert_int_equal(hdrlog_encode(out, &histogram), 0);
    histogram_release(&histogram);
}

static void what_is_damaged_or_of_another_kind_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        unsigned char byte;
        int code;
        const char *says;
    } cases[] = {
        {3, 0x03, ERR_UNSUPPORTED, "encoding V2"}, {7, 9, ERR_CORRUPT, "said to be 9"},
        {11, 1, ERR_UNSUPPORTED, "scaled"},        {15, 2, ERR_UNSUPPORTED, "2 digits"},
        {23, 0, ERR_UNSUPPORTED, "from 0"},        {32, 0x40, ERR_UNSUPPORTED, "scaled"},
        {42, 0x8f, ERR_CORRUPT, "cut short"},
    };
    struct histogram histogram;
    struct err err = {0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct strbuf out;
        make_plain(&out);
        assert_int_equal(out.len, 43);
        out.ptr[cases[i].at] = (char)cases[i].byte;
        assert_int_equal(hdrlog_decode(strbuf_view(&out), &histogram, &err), cases[i].code);
        assert_non_null(strstr(err.text, cases[i].says));
        strbuf_release(&out);
    }
    assert_int_equal(hdrlog_decode((struct view)VIEW(""), &histogram, NULL), ERR_CORRUPT);
    assert_int_equal(hdrlog_decode_text(view_of("HIST!"), &histogram, NULL), ERR_CORRUPT);
    assert_int_equal(hdrlog_decode_text(view_of("HISTFAAAAAA="), &histogram, NULL), ERR_CORRUPT);
}

static void counts_past_the_range_or_too_many_are_refused(void **state)
{
    (void)state;
    /* runs of empty buckets and counts: -2048 and 1; the most negative; 2^62 and 1 */
    static const char *const counts[] = {
        "\xff\x1f\x02",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02",
    };
    struct histogram histogram;
    struct err err = {0};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct strbuf out;
        make_plain(&out);
        strbuf_cut(&out, HDRLOG_HEAD_BYTES);
        strbuf_add_text(&out, counts[i]);
        out.ptr[7] = (char)(out.len - HDRLOG_HEAD_BYTES);
        assert_int_equal(hdrlog_decode(strbuf_view(&out), &histogram, &err), ERR_CORRUPT);
        assert_non_null(strstr(err.text, i < 2 ? "past its highest" : "more values"));
        strbuf_release(&out);
    }
}

static void what_unpacks_to_too_much_is_refused(void **state)
{
    (void)state;
    struct histogram histogram;
    struct strbuf bomb;
    struct err err = {0};
    strbuf_init(&bomb, 1 << 20);
    strbuf_add(&bomb, view_make("\x1c\x84\x93\x14", 4));
    strbuf_add(&bomb, view_make("\0\0\0\0", 4));
    strbuf_add(&bomb, view_make("\x78\x01", 2));
    /* stored blocks of 65,535 zeros each, more than any histogram has */
    for (int i = 0; i < 8; i++) {
        strbuf_add(&bomb, view_make("\0\xff\xff\0\0", 5));
        strbuf_add_repeated(&bomb, '\0', 65535);
    }
    for (size_t i = 0; i < 4; i++)
        bomb.ptr[4 + i] = (char)(unsigned char)((bomb.len - 8) >> (24 - 8 * i));

    assert_int_equal(hdrlog_decode(strbuf_view(&bomb), &histogram, &err), ERR_CORRUPT);
    strbuf_release(&bomb);
}

static void a_log_reads_back_with_tags_and_times(void **state)
{
    (void)state;
    const struct hdrlog_interval written[] = {
        {.start_in_ms = 0, .length_ms = 1000},
        {.tag = VIEW("first-token"), .start_in_ms = 1007, .length_ms = 999},
    };
    struct hdrlog_reader reader;
    struct hdrlog_interval interval;
    struct histogram histogram;
    struct histogram read;
    struct strbuf out;
    strbuf_init(&out, 100000);
    assert_int_equal(histogram_init(&histogram, 1000000), 0);
    record(&histogram, 2500, 3);

    assert_int_equal(hdrlog_write_head(&out, view_of("assay"), INT64_C(1795000000123)), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(hdrlog_write_interval(&out, &written[i], &histogram, 1000), 0);
    assert_non_null(strstr(out.ptr, "#[StartTime: 1795000000.123 (seconds since epoch), 2026-"));
    assert_non_null(strstr(out.ptr, "\n0.000,1.000,2.500,HISTF"));
    assert_non_null(strstr(out.ptr, "\nTag=first-token,1.007,0.999,2.500,HISTF"));

    hdrlog_reader_init(&reader, strbuf_view(&out));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(hdrlog_next(&reader, &interval, NULL), 1);
        assert_true(view_equal(interval.tag, written[i].tag));
        assert_int_equal(interval.start_in_ms, written[i].start_in_ms);
        assert_int_equal(interval.length_ms, written[i].length_ms);
        assert_true(near(interval.max, 2.5));
        assert_int_equal(hdrlog_decode_text(interval.encoded, &read, NULL), 0);
        assert_int_equal(histogram_merge(&histogram, &read), 0);
        histogram_release(&read);
    }
    assert_int_equal(histogram.total, 9);
    assert_int_equal(hdrlog_next(&reader, &interval, NULL), 0);
    assert_true(reader.has_start);
    assert_int_equal(reader.start_at_ms, INT64_C(1795000000123));
    histogram_release(&histogram);
    strbuf_release(&out);
}

static void a_line_that_is_none_is_refused_by_its_number(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "#\n\nx,1,1,HIST",
        "#\n\n1,-1,1,HIST",
        "#\n\n1,1,x,HIST",
        "#\n\n1,1,1",
        "#\n\n1,1,1,",
        "#\n\nTag=a",
        "\"legend\"\r\n#c\r\n1e99,1,1,HIST",
    };
    struct hdrlog_reader reader;
    struct hdrlog_interval interval;
    struct err err = {0};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hdrlog_reader_init(&reader, view_of(bad[i]));
        assert_int_equal(hdrlog_next(&reader, &interval, &err), ERR_SYNTAX);
        assert_non_null(strstr(err.text, "line 3: "));
    }
}

static void what_would_break_a_log_is_not_written(void **state)
{
    (void)state;
    struct histogram histogram;
    struct strbuf out;
    struct strbuf tight;
    const struct hdrlog_interval good = {.length_ms = 1};
    strbuf_init(&out, 100000);
    strbuf_init(&tight, 20);
    assert_int_equal(histogram_init(&histogram, 1000), 0);

    assert_int_equal(hdrlog_write_head(&out, view_of("a\nb"), 0), ERR_INVALID);
    assert_int_equal(hdrlog_write_head(&out, view_of("a"), -1), ERR_INVALID);
    assert_int_equal(
        hdrlog_write_interval(&out, &(struct hdrlog_interval){.tag = VIEW("a,b")}, &histogram, 1),
        ERR_INVALID);
    assert_int_equal(
        hdrlog_write_interval(&out, &(struct hdrlog_interval){.length_ms = -1}, &histogram, 1),
        ERR_INVALID);
    assert_int_equal(hdrlog_write_interval(&out, &good, &histogram, 0), ERR_INVALID);
    assert_int_equal(out.len, 0);
    assert_int_equal(hdrlog_write_interval(&tight, &good, &histogram, 1), ERR_LIMIT);
    assert_int_equal(tight.len, 0);
    histogram_release(&histogram);
    strbuf_release(&tight);
    strbuf_release(&out);
}

static void without_memory_nothing_is_written_or_read_and_nothing_leaks(void **state)
{
    (void)state;
    struct histogram histogram;
    struct histogram read;
    assert_int_equal(histogram_init(&histogram, 1000), 0);
    record(&histogram, 7, 1000);

    for (unsigned long n = 1; n < 30; n++) {
        struct strbuf out;
        strbuf_init(&out, HDRLOG_COMPRESSED_MAX);
        mem_fail_at(n);
        int code = hdrlog_encode_compressed(&out, &histogram);
        mem_fail_at(0);
        assert_true(code == 0 || (code == ERR_MEMORY && out.len == 0));
        strbuf_release(&out);
        mem_fail_at(n);
        code = hdrlog_decode_text(view_of(vectors[2].text), &read, NULL);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        if (code == 0)
            histogram_release(&read);
    }
    histogram_release(&histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_hdrhistogram_wrote_reads_as_it_read_it),
        cmocka_unit_test(what_we_write_unpacks_to_the_bytes_hdrhistogram_wrote),
        cmocka_unit_test(the_plain_encoding_is_laid_out_as_documented),
        cmocka_unit_test(either_form_reads_back_with_every_size_of_count),
        cmocka_unit_test(what_is_damaged_or_of_another_kind_is_refused_by_name),
        cmocka_unit_test(counts_past_the_range_or_too_many_are_refused),
        cmocka_unit_test(what_unpacks_to_too_much_is_refused),
        cmocka_unit_test(a_log_reads_back_with_tags_and_times),
        cmocka_unit_test(a_line_that_is_none_is_refused_by_its_number),
        cmocka_unit_test(what_would_break_a_log_is_not_written),
        cmocka_unit_test(without_memory_nothing_is_written_or_read_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
