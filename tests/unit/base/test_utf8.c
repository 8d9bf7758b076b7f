/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/utf8.h, against a table of RFC 3629 written another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/utf8.h"

/* RFC 3629, section 4, as ranges of bytes: the reference that utf8.c is held against. */
static const struct {
    unsigned char low[4], high[4];
    size_t len;
} forms[] = {
    {{0x00}, {0x7f}, 1},
    {{0xc2, 0x80}, {0xdf, 0xbf}, 2},
    {{0xe0, 0xa0, 0x80}, {0xe0, 0xbf, 0xbf}, 3},
    {{0xe1, 0x80, 0x80}, {0xec, 0xbf, 0xbf}, 3},
    {{0xed, 0x80, 0x80}, {0xed, 0x9f, 0xbf}, 3},
    {{0xee, 0x80, 0x80}, {0xef, 0xbf, 0xbf}, 3},
    {{0xf0, 0x90, 0x80, 0x80}, {0xf0, 0xbf, 0xbf, 0xbf}, 4},
    {{0xf1, 0x80, 0x80, 0x80}, {0xf3, 0xbf, 0xbf, 0xbf}, 4},
    {{0xf4, 0x80, 0x80, 0x80}, {0xf4, 0x8f, 0xbf, 0xbf}, 4},
};

/* How many of the bytes are the start of a form, and whether they are all of it. */
static size_t reference(const unsigned char *bytes, size_t len, bool *ret_whole)
{
    size_t longest = 0;

    *ret_whole = false;
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        size_t fits = 0;
        while (fits < forms[f].len && fits < len && bytes[fits] >= forms[f].low[fits]
               && bytes[fits] <= forms[f].high[fits])
            fits++;
        if (fits == forms[f].len)
            *ret_whole = true;
        if (fits > longest)
            longest = fits;
    }
    return longest;
}

static void every_sequence_of_up_to_three_bytes_is_judged_as_the_rfc_does(void **state)
{
    (void)state;
    unsigned char bytes[3];

    for (uint32_t i = 0; i < 1u << 24; i++) {
        bytes[0] = (unsigned char)(i >> 16);
        bytes[1] = (unsigned char)(i >> 8);
        bytes[2] = (unsigned char)i;
        if (bytes[0] < 0x80 && i % 251 != 0)
            continue; /* ASCII first: a sample is enough */
        bool whole;
        size_t fits = reference(bytes, 3, &whole);
        size_t pos = 0;
        bool bad;
        uint32_t codepoint = utf8_next(view_make(bytes, 3), &pos, &bad);
        if (bad == whole || pos != (whole ? fits : 1) || (bad && codepoint != 0xfffd))
            fail_msg("%02x %02x %02x", bytes[0], bytes[1], bytes[2]);
    }
}

static void every_four_byte_form_is_judged_at_its_edges(void **state)
{
    (void)state;
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90,
                                          0x9f, 0xa0, 0xbf, 0xc0, 0xff};

    for (unsigned first = 0xf0; first <= 0xff; first++)
        for (unsigned i = 0; i < 1000; i++) {
            unsigned char bytes[4] = {(unsigned char)first, edges[i / 100], edges[i / 10 % 10],
                                      edges[i % 10]};
            bool whole;
            bool bad;
            size_t pos = 0;
            (void)reference(bytes, 4, &whole);
            utf8_next(view_make(bytes, 4), &pos, &bad);
            assert_int_equal(bad, !whole);
            assert_int_equal(pos, whole ? 4 : 1);
        }
}

static void the_first_bad_byte_is_named(void **state)
{
    (void)state;
    size_t at = 99;

    assert_true(utf8_valid(view_of("鬼滅の刃 ok \xf0\x9f\x98\x80"), &at));
    assert_int_equal(at, 99);
    assert_false(utf8_valid(view_of("ab\xe3\x81"), &at));
    assert_int_equal(at, 2);
    assert_false(utf8_valid(view_of("\xe3\x81\x82\xc0\x80"), &at));
    assert_int_equal(at, 3);
    assert_false(utf8_valid(view_of("\xed\xa0\x80"), NULL));
    assert_true(utf8_valid(view_make(NULL, 0), NULL));
}

static void counting_counts_characters_and_each_bad_byte(void **state)
{
    (void)state;

    assert_int_equal(utf8_count(view_of("鬼滅の刃")), 4);
    assert_int_equal(utf8_count(view_of("a\xff\xfe\xe3\x81")), 5);
    assert_int_equal(utf8_count(view_make("\0\0", 2)), 2);
    assert_int_equal(utf8_count(view_make(NULL, 0)), 0);
}

static void cutting_never_ends_inside_a_character(void **state)
{
    (void)state;
    struct view text = view_of("aé刃\xf0\x9f\x98\x80z");
    static const size_t ends[] = {0, 1, 3, 6, 10, 11};

    for (size_t max = 0; max < 20; max++) {
        size_t expected = 0;
        for (size_t i = 0; i < 6; i++)
            if (ends[i] <= max)
                expected = ends[i];
        assert_int_equal(utf8_cut(text, max).len, expected);
        assert_ptr_equal(utf8_cut(text, max).ptr, text.ptr);
    }
}

static void a_tail_is_the_start_of_a_character_that_may_still_come(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t tail;
    } cases[] = {{"", 0},
                 {"a", 0},
                 {"刃", 0},
                 {"a\xe5", 1},
                 {"a\xe5\x88", 2},
                 {"\xf0\x9f\x98", 3},
                 {"\xf0\x9f", 2},
                 {"\xf0\x9f\x98\x80", 0},
                 {"\xff", 0},
                 {"\x80", 0},
                 {"\xc0", 0},
                 {"\xe0\x80", 0}, /* overlong: no character starts so */
                 {"\xed\xa0", 0}, /* a surrogate */
                 {"\xf4\x90", 0}, /* past U+10FFFF */
                 {"a\x80\x80\x80", 0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(utf8_tail(view_of(cases[i].text)), cases[i].tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sequence_of_up_to_three_bytes_is_judged_as_the_rfc_does),
        cmocka_unit_test(every_four_byte_form_is_judged_at_its_edges),
        cmocka_unit_test(the_first_bad_byte_is_named),
        cmocka_unit_test(counting_counts_characters_and_each_bad_byte),
        cmocka_unit_test(cutting_never_ends_inside_a_character),
        cmocka_unit_test(a_tail_is_the_start_of_a_character_that_may_still_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
