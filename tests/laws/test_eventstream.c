/* SPDX-License-Identifier: Apache-2.0
 *
 * The laws of the AWS event-stream codec: any cut gives the same messages and the same error, what
 * is written reads back, and no byte that was changed goes unnoticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame_record.h"

enum { HEADERS_MAX = 12, BYTES_MAX = 300, MESSAGES = 3 };

struct drawn {
    struct eventstream_header headers[HEADERS_MAX];
    size_t count;
    struct view payload;
};

static char noise[BYTES_MAX];

/* A number of any size that fits so many bytes. */
static int64_t any_number(struct rng *rng, unsigned bytes)
{
    unsigned unused = 64 - 8 * bytes;

    return (int64_t)(rng_next(rng) << unused) >> (unused + rng_below(rng, 8 * bytes));
}

static void draw(struct rng *rng, struct drawn *drawn)
{
    static const unsigned widths[] = {
        [EVENTSTREAM_INT8] = 1,  [EVENTSTREAM_INT16] = 2,     [EVENTSTREAM_INT32] = 4,
        [EVENTSTREAM_INT64] = 8, [EVENTSTREAM_TIMESTAMP] = 8,
    };

    for (size_t i = 0; i < BYTES_MAX; i++)
        noise[i] = (char)rng_below(rng, 256);
    drawn->count = (size_t)rng_below(rng, HEADERS_MAX + 1);
    for (size_t i = 0; i < drawn->count; i++) {
        struct eventstream_header *header = &drawn->headers[i];
        *header = (struct eventstream_header){
            .name = {noise, 1 + (size_t)rng_below(rng, 30)},
            .type = (enum eventstream_type)rng_below(rng, EVENTSTREAM_TYPE_END)};
        unsigned width = header->type < EVENTSTREAM_UUID ? widths[header->type] : 0;
        if (width > 0)
            header->integer = any_number(rng, width);
        else if (header->type == EVENTSTREAM_UUID)
            header->bytes = view_make(noise, 16);
        else if (header->type == EVENTSTREAM_BYTES || header->type == EVENTSTREAM_STRING)
            header->bytes = view_make(noise, (size_t)rng_below(rng, BYTES_MAX));
        else
            header->integer = header->type == EVENTSTREAM_TRUE;
    }
    drawn->payload = view_make(noise, (size_t)rng_below(rng, BYTES_MAX));
}

/* Appends a few messages and, to `record`, what reading them must say. */
static void write_some(struct rng *rng, struct strbuf *out, struct strbuf *record)
{
    for (int i = 0; i < MESSAGES; i++) {
        struct drawn drawn;
        draw(rng, &drawn);
        assert_int_equal(eventstream_write(out, drawn.headers, drawn.count, drawn.payload, NULL),
                         0);
        strbuf_add_text(record, "MESSAGE\n");
        for (size_t j = 0; j < drawn.count; j++) {
            strbuf_add_text(record, "  ");
            strbuf_add(record, drawn.headers[j].name);
            strbuf_printf(record, " %d %lld [", (int)drawn.headers[j].type,
                          (long long)drawn.headers[j].integer);
            strbuf_add(record, drawn.headers[j].bytes);
            strbuf_add_text(record, "]\n");
        }
        strbuf_add_text(record, "  [");
        strbuf_add(record, drawn.payload);
        strbuf_add_text(record, "]\n");
    }
}

static void compare(struct view text, const struct strbuf *expected, int code)
{
    struct strbuf got;
    strbuf_init(&got, STREAM_RECORD_BYTES_MAX);

    for (size_t at = 0; at <= text.len; at++) {
        /* 0: whole; the length: byte by byte */
        struct stream_cuts cuts = {
            .at = &at, .count = at > 0 && at < text.len, .every_byte = at == text.len};
        strbuf_reset(&got);
        assert_int_equal(frame_record_eventstream(text, &cuts, &got), code);
        assert_true(view_equal(strbuf_view(&got), strbuf_view(expected)));
    }
    strbuf_release(&got);
}

static void what_is_written_reads_back_however_it_is_cut(void **state)
{
    (void)state;
    const uint64_t seed = 20261123;
    struct rng rng;
    rng_init(&rng, seed);
    print_message("seed %llu\n", (unsigned long long)seed);

    for (int round = 0; round < 40; round++) {
        struct strbuf out;
        struct strbuf record;
        strbuf_init(&out, STREAM_RECORD_BYTES_MAX);
        strbuf_init(&record, STREAM_RECORD_BYTES_MAX);
        write_some(&rng, &out, &record);
        strbuf_add_text(&record, "END \n");
        compare(strbuf_view(&out), &record, 0);
        strbuf_release(&out);
        strbuf_release(&record);
    }
}

static void any_changed_byte_is_an_error_however_it_is_cut(void **state)
{
    (void)state;
    const uint64_t seed = 31;
    struct rng rng;
    rng_init(&rng, seed);
    print_message("seed %llu\n", (unsigned long long)seed);

    for (int round = 0; round < 40; round++) {
        struct strbuf out;
        struct strbuf record;
        strbuf_init(&out, STREAM_RECORD_BYTES_MAX);
        strbuf_init(&record, STREAM_RECORD_BYTES_MAX);
        write_some(&rng, &out, &record);
        out.ptr[rng_below(&rng, out.len)] ^= (char)(1 << rng_below(&rng, 8));
        strbuf_reset(&record);
        int code =
            frame_record_eventstream(strbuf_view(&out), &(struct stream_cuts){.count = 0}, &record);
        assert_int_equal(code, ERR_PROTOCOL);
        compare(strbuf_view(&out), &record, code);
        strbuf_release(&out);
        strbuf_release(&record);
    }
}

static void any_end_within_a_message_is_noticed(void **state)
{
    (void)state;
    struct rng rng;
    struct strbuf out;
    struct strbuf record;
    rng_init(&rng, 37);
    strbuf_init(&out, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&record, STREAM_RECORD_BYTES_MAX);
    struct drawn drawn;
    draw(&rng, &drawn);

    assert_int_equal(eventstream_write(&out, drawn.headers, drawn.count, drawn.payload, NULL), 0);
    for (size_t len = 1; len < out.len; len++) {
        strbuf_reset(&record);
        assert_int_equal(frame_record_eventstream(view_make(out.ptr, len),
                                                  &(struct stream_cuts){.every_byte = true},
                                                  &record),
                         ERR_CLOSED);
    }
    strbuf_release(&out);
    strbuf_release(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back_however_it_is_cut),
        cmocka_unit_test(any_changed_byte_is_an_error_however_it_is_cut),
        cmocka_unit_test(any_end_within_a_message_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
