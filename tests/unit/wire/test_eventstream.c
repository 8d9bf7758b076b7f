/* SPDX-License-Identifier: Apache-2.0
 *
 * The event stream against AWS's own vectors, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mem.h"
#include "wire/base64.h"
#include "wire/eventstream.h"
#include "wire/json.h"

enum { FILE_BYTES_MAX = 4096 };

struct vector {
    char encoded[FILE_BYTES_MAX];
    size_t encoded_len;
    char decoded[FILE_BYTES_MAX];
    size_t decoded_len;
};

static const char *const positive[] = {"all_headers", "empty_message", "int32_header",
                                       "payload_no_headers", "payload_one_str_header"};
static const char *const negative[] = {"corrupted_header_len", "corrupted_headers",
                                       "corrupted_length", "corrupted_payload"};

static bool read_file(const char *kind, const char *sign, const char *name, char *ret_bytes,
                      size_t *ret_len)
{
    const char *shared = getenv("ASSAY_SHARED");
    char path[500];
    snprintf(path, sizeof path, "%s/data/aws-event-stream/%s/%s/%s",
             shared != NULL ? shared : "../shared", kind, sign, name);
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        print_message("skipped: no %s (set ASSAY_SHARED)\n", path);
        return false;
    }
    *ret_len = fread(ret_bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return true;
}

static void load(const char *sign, const char *name, struct vector *ret_vector)
{
    if (!read_file("encoded", sign, name, ret_vector->encoded, &ret_vector->encoded_len)
        || !read_file("decoded", sign, name, ret_vector->decoded, &ret_vector->decoded_len))
        skip();
}

/* The value of a header as the vectors write it: bytes of any kind in base64. */
static void check_value(const struct eventstream_header *header, const struct json *value)
{
    struct strbuf bytes;

    if (value->kind == JSON_STRING) {
        strbuf_init(&bytes, 1000);
        assert_int_equal(base64_decode(&bytes, json_text(value, (struct view){0})), 0);
        assert_true(view_equal(strbuf_view(&bytes), header->bytes));
        strbuf_release(&bytes);
    } else if (header->type == EVENTSTREAM_TRUE || header->type == EVENTSTREAM_FALSE) {
        assert_int_equal(header->integer, json_bool(value, header->type == EVENTSTREAM_FALSE));
    } else {
        assert_int_equal(header->integer, json_int(value, INT64_MIN));
    }
}

static void check_message(const struct eventstream_message *message, struct view decoded)
{
    struct arena arena;
    struct json *root;
    struct strbuf payload;
    struct view rest = message->headers;
    struct eventstream_header header;
    size_t count = 0;
    arena_init(&arena, 1 << 20);
    strbuf_init(&payload, 1000);

    assert_int_equal(json_parse(&arena, decoded, &root, NULL), 0);
    const struct json *headers = json_get(root, "headers");
    assert_int_equal(json_int(json_get(root, "headers_length"), -1), message->headers.len);
    const struct json *expected = headers->child;
    for (; eventstream_next_header(&rest, &header); count++) {
        assert_non_null(expected);
        assert_true(
            view_equal(json_text(json_get(expected, "name"), (struct view){0}), header.name));
        assert_int_equal(json_int(json_get(expected, "type"), -1), header.type);
        check_value(&header, json_get(expected, "value"));
        expected = expected->next;
    }
    assert_int_equal(rest.len, 0);
    assert_int_equal(count, headers->count);
    assert_int_equal(
        base64_decode(&payload, json_text(json_get(root, "payload"), (struct view){0})), 0);
    assert_true(view_equal(strbuf_view(&payload), message->payload));
    strbuf_release(&payload);
    arena_release(&arena);
}

/* Feeds `len` bytes in pieces of `first` and then of `step` bytes until something comes. */
static int feed_in_pieces(struct eventstream_decoder *decoder, const char *bytes, size_t len,
                          size_t first, size_t step, struct eventstream_message *ret_message,
                          struct err *reterr)
{
    size_t at = 0;
    int code = 0;

    for (size_t piece = first; code == 0 && at < len; piece = step) {
        size_t until = at + piece < len ? at + piece : len;
        struct view rest = view_make(bytes + at, until - at);
        code = eventstream_feed(decoder, &rest, ret_message, reterr);
        at = until - rest.len;
    }
    assert_true(code != 1 || at == len);
    return code;
}

static void every_good_vector_is_read_whole_and_however_it_is_cut(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++) {
        struct vector vector;
        load("positive", positive[i], &vector);
        for (size_t first = 1; first <= vector.encoded_len; first++) {
            for (int every = 0; every < 2; every++) {
                struct eventstream_decoder decoder;
                struct eventstream_message message;
                eventstream_decoder_init(&decoder);
                assert_int_equal(feed_in_pieces(&decoder, vector.encoded, vector.encoded_len, first,
                                                every ? 1 : FILE_BYTES_MAX, &message, NULL),
                                 1);
                check_message(&message, view_make(vector.decoded, vector.decoded_len));
                assert_int_equal(eventstream_finish(&decoder, NULL), 0);
                eventstream_decoder_release(&decoder);
            }
        }
    }
}

static void every_bad_vector_is_refused_with_its_reason_however_it_is_cut(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof negative / sizeof negative[0]; i++) {
        struct vector vector;
        load("negative", negative[i], &vector);
        for (size_t first = 1; first <= vector.encoded_len; first++) {
            struct eventstream_decoder decoder;
            struct eventstream_message message;
            struct err err = {0};
            eventstream_decoder_init(&decoder);
            assert_int_equal(feed_in_pieces(&decoder, vector.encoded, vector.encoded_len, first,
                                            FILE_BYTES_MAX, &message, &err),
                             ERR_PROTOCOL);
            /* "Prelude checksum mismatch", but for the first letter */
            vector.decoded[vector.decoded_len] = '\0';
            assert_non_null(strstr(err.text, vector.decoded + 1));
            struct view more = view_make(vector.encoded, 1);
            assert_int_equal(eventstream_feed(&decoder, &more, &message, NULL), ERR_PROTOCOL);
            assert_int_equal(eventstream_finish(&decoder, NULL), ERR_PROTOCOL);
            eventstream_decoder_release(&decoder);
        }
    }
}

static void every_good_vector_is_written_byte_for_byte(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++) {
        struct vector vector;
        struct eventstream_decoder decoder;
        struct eventstream_message message;
        struct eventstream_header headers[20];
        struct strbuf out;
        size_t count = 0;
        load("positive", positive[i], &vector);
        eventstream_decoder_init(&decoder);
        strbuf_init(&out, 10000);
        struct view rest = view_make(vector.encoded, vector.encoded_len);
        assert_int_equal(eventstream_feed(&decoder, &rest, &message, NULL), 1);
        while (eventstream_next_header(&message.headers, &headers[count]))
            count++;
        assert_int_equal(eventstream_write(&out, headers, count, message.payload, NULL), 0);
        assert_true(view_equal(strbuf_view(&out), view_make(vector.encoded, vector.encoded_len)));
        strbuf_release(&out);
        eventstream_decoder_release(&decoder);
    }
}

static void the_text_of_a_header_is_found_by_name(void **state)
{
    (void)state;
    const struct eventstream_header headers[] = {
        {.name = VIEW(":message-type"), .type = EVENTSTREAM_STRING, .bytes = VIEW("event")},
        {.name = VIEW("n"), .type = EVENTSTREAM_INT8, .integer = -128},
        {.name = VIEW("yes"), .type = EVENTSTREAM_TRUE},
    };
    struct eventstream_decoder decoder;
    struct eventstream_message message;
    struct eventstream_header header;
    struct strbuf out;
    eventstream_decoder_init(&decoder);
    strbuf_init(&out, 1000);

    assert_int_equal(eventstream_write(&out, headers, 3, view_of("{}"), NULL), 0);
    struct view rest = strbuf_view(&out);
    assert_int_equal(eventstream_feed(&decoder, &rest, &message, NULL), 1);
    assert_true(view_is(eventstream_text(&message, ":message-type"), "event"));
    assert_int_equal(eventstream_text(&message, "n").len, 0);
    assert_int_equal(eventstream_text(&message, "absent").len, 0);
    assert_true(eventstream_find(&message, "n", &header));
    assert_int_equal(header.integer, -128);
    assert_true(eventstream_find(&message, "yes", &header));
    assert_int_equal(header.integer, 1);
    assert_true(view_is(message.payload, "{}"));
    strbuf_release(&out);
    eventstream_decoder_release(&decoder);
}

static void what_does_not_fit_is_not_written(void **state)
{
    (void)state;
    static char big[EVENTSTREAM_PAYLOAD_MAX + 1];
    const struct eventstream_header bad[] = {
        {.name = VIEW(""), .type = EVENTSTREAM_TRUE},
        {.name = {big, 256}, .type = EVENTSTREAM_TRUE},
        {.name = VIEW("a"), .type = EVENTSTREAM_INT8, .integer = 128},
        {.name = VIEW("a"), .type = EVENTSTREAM_INT16, .integer = -32769},
        {.name = VIEW("a"), .type = EVENTSTREAM_INT32, .integer = INT64_C(1) << 31},
        {.name = VIEW("a"), .type = EVENTSTREAM_STRING, .bytes = {big, 65536}},
        {.name = VIEW("a"), .type = EVENTSTREAM_UUID, .bytes = {big, 15}},
        {.name = VIEW("a"), .type = EVENTSTREAM_TYPE_END},
    };
    struct eventstream_header many[3];
    struct strbuf out;
    struct strbuf tight;
    struct err err = {0};
    strbuf_init(&out, EVENTSTREAM_MESSAGE_MAX);
    strbuf_init(&tight, 20);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(eventstream_write(&out, &bad[i], 1, (struct view){0}, &err), ERR_INVALID);
    for (size_t i = 0; i < 3; i++)
        many[i] = (struct eventstream_header){
            .name = VIEW("a"), .type = EVENTSTREAM_BYTES, .bytes = {big, 65535}};
    assert_int_equal(eventstream_write(&out, many, 2, (struct view){0}, &err), ERR_LIMIT);
    assert_int_equal(eventstream_write(&out, NULL, 0, view_make(big, sizeof big), &err), ERR_LIMIT);
    assert_int_equal(out.len, 0);
    assert_int_equal(eventstream_write(&out, many, 1, view_make(big, sizeof big - 1), &err), 0);
    assert_int_equal(eventstream_write(&tight, NULL, 0, view_of("12345"), &err), ERR_LIMIT);
    assert_int_equal(tight.len, 0);
    strbuf_release(&out);
    strbuf_release(&tight);
}

static void the_largest_message_reads_back_in_pieces(void **state)
{
    (void)state;
    static char big[EVENTSTREAM_PAYLOAD_MAX];
    const struct eventstream_header header = {
        .name = VIEW("a"), .type = EVENTSTREAM_STRING, .bytes = {big, 65535}};
    struct eventstream_decoder decoder;
    struct eventstream_message message;
    struct strbuf out;
    eventstream_decoder_init(&decoder);
    strbuf_init(&out, EVENTSTREAM_MESSAGE_MAX);

    assert_int_equal(eventstream_write(&out, &header, 1, view_make(big, sizeof big), NULL), 0);
    assert_int_equal(feed_in_pieces(&decoder, out.ptr, out.len, 7, 65536, &message, NULL), 1);
    assert_int_equal(message.payload.len, EVENTSTREAM_PAYLOAD_MAX);
    strbuf_release(&out);
    eventstream_decoder_release(&decoder);
}

/* Prelude and checksum for lengths as wanted, without headers and payload. */
static struct view prelude(uint32_t total, uint32_t headers, uint32_t crc, char *ret_bytes)
{
    const uint32_t words[] = {total, headers, crc};

    for (size_t i = 0; i < 12; i++)
        ret_bytes[i] = (char)(unsigned char)(words[i / 4] >> (24 - 8 * (i % 4)));
    return view_make(ret_bytes, 12);
}

static void lengths_that_cannot_be_are_refused_at_once(void **state)
{
    (void)state;
    /* python3 -c 'import struct,zlib;print(hex(zlib.crc32(struct.pack(">II",TOTAL,HEADERS))))' */
    static const struct {
        uint32_t total;
        uint32_t headers;
        uint32_t crc;
        int code;
    } cases[] = {
        {0x0, 0x0, 0x6522df69, ERR_PROTOCOL},
        {0xf, 0x0, 0xe77248b8, ERR_PROTOCOL},
        {0x10, 0x1, 0x72c5787d, ERR_PROTOCOL},
        {0x1e, 0xf, 0x2a4deb1b, ERR_PROTOCOL},
        {0xffffffff, 0xffffffff, 0x2144df1c, ERR_PROTOCOL},
        {0x20011, 0x20001, 0xdbbe948a, ERR_LIMIT},
        {0x1000011, 0x0, 0xf40861c5, ERR_LIMIT},
        {0xffffffff, 0x0, 0xffffffff, ERR_LIMIT},
        {0x1020010, 0x20000, 0x5d738d32, 0},

    };
    char bytes[12];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct eventstream_decoder decoder;
        struct eventstream_message message;
        eventstream_decoder_init(&decoder);
        struct view rest = prelude(cases[i].total, cases[i].headers, cases[i].crc, bytes);
        assert_int_equal(eventstream_feed(&decoder, &rest, &message, NULL), cases[i].code);
        eventstream_decoder_release(&decoder);
    }
}

static void memory_grows_with_what_came_and_not_with_what_was_announced(void **state)
{
    (void)state;
    struct eventstream_decoder decoder;
    struct eventstream_message message;
    struct err err = {0};
    char bytes[12];
    eventstream_decoder_init(&decoder);

    struct view rest = prelude(EVENTSTREAM_MESSAGE_MAX, EVENTSTREAM_HEADERS_MAX, 0x5d738d32, bytes);
    assert_int_equal(eventstream_feed(&decoder, &rest, &message, NULL), 0);
    assert_true(decoder.collected.capacity < 1000);
    assert_int_equal(eventstream_finish(&decoder, &err), ERR_CLOSED);
    assert_non_null(strstr(err.text, "12 bytes into a message"));
    eventstream_decoder_release(&decoder);
}

static void without_memory_it_fails_and_stays_failed(void **state)
{
    (void)state;
    struct eventstream_decoder decoder;
    struct eventstream_message message;
    eventstream_decoder_init(&decoder);

    mem_fail_at(1);
    struct view rest = view_of("abc");
    assert_int_equal(eventstream_feed(&decoder, &rest, &message, NULL), ERR_MEMORY);
    mem_fail_at(0);
    assert_int_equal(eventstream_feed(&decoder, &rest, &message, NULL), ERR_MEMORY);
    eventstream_decoder_release(&decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_good_vector_is_read_whole_and_however_it_is_cut),
        cmocka_unit_test(every_bad_vector_is_refused_with_its_reason_however_it_is_cut),
        cmocka_unit_test(every_good_vector_is_written_byte_for_byte),
        cmocka_unit_test(the_text_of_a_header_is_found_by_name),
        cmocka_unit_test(what_does_not_fit_is_not_written),
        cmocka_unit_test(the_largest_message_reads_back_in_pieces),
        cmocka_unit_test(lengths_that_cannot_be_are_refused_at_once),
        cmocka_unit_test(memory_grows_with_what_came_and_not_with_what_was_announced),
        cmocka_unit_test(without_memory_it_fails_and_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
