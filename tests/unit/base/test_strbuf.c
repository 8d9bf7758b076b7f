/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/strbuf.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"

static void what_is_appended_is_there_and_ends_in_nul(void **state)
{
    (void)state;
    struct strbuf buf;

    strbuf_init(&buf, 1000);
    assert_string_equal(strbuf_text(&buf), "");
    assert_int_equal(strbuf_view(&buf).len, 0);
    strbuf_add_text(&buf, "one");
    strbuf_add_byte(&buf, ' ');
    strbuf_add(&buf, view_make("t\0o", 3));
    strbuf_add_repeated(&buf, '!', 3);
    strbuf_printf(&buf, "%d%%", 42);
    assert_int_equal(buf.len, 13);
    assert_memory_equal(buf.ptr, "one t\0o!!!42%", 14);
    assert_int_equal(strbuf_status(&buf), 0);
    strbuf_release(&buf);
}

static void it_fills_to_its_ceiling_and_not_a_byte_further(void **state)
{
    (void)state;

    for (size_t limit = 0; limit < 200; limit++) {
        struct strbuf buf;
        strbuf_init(&buf, limit);
        for (size_t i = 0; i < limit; i++)
            strbuf_add_byte(&buf, 'x');
        assert_int_equal(strbuf_status(&buf), 0);
        strbuf_add_byte(&buf, 'y');
        assert_int_equal(strbuf_status(&buf), ERR_LIMIT);
        assert_int_equal(buf.len, limit);
        strbuf_release(&buf);
    }
}

static void the_first_failure_sticks_and_later_appends_do_nothing(void **state)
{
    (void)state;
    struct strbuf buf;

    strbuf_init(&buf, 4);
    strbuf_add_text(&buf, "abc");
    strbuf_add_text(&buf, "de");
    strbuf_add_text(&buf, "f");
    strbuf_printf(&buf, "%d", 1);
    strbuf_add_codepoint(&buf, 'g');
    assert_string_equal(strbuf_text(&buf), "abc");
    assert_int_equal(strbuf_status(&buf), ERR_LIMIT);
    assert_null(strbuf_room(&buf, 1));
    strbuf_reset(&buf);
    assert_int_equal(strbuf_status(&buf), 0);
    strbuf_add_text(&buf, "f");
    assert_string_equal(strbuf_text(&buf), "f");
    strbuf_release(&buf);
}

static void an_impossible_length_is_a_failure_and_no_overflow(void **state)
{
    (void)state;
    struct strbuf buf;

    strbuf_init(&buf, SIZE_MAX);
    strbuf_add_byte(&buf, 'x');
    assert_null(strbuf_room(&buf, SIZE_MAX - 1));
    assert_int_equal(strbuf_status(&buf), ERR_MEMORY);
    strbuf_release(&buf);
}

static void running_out_of_memory_sticks_and_keeps_what_was_there(void **state)
{
    (void)state;
    struct strbuf buf;

    strbuf_init(&buf, 1 << 20);
    strbuf_add_text(&buf, "kept");
    mem_fail_at(1);
    strbuf_add_repeated(&buf, 'x', 1000);
    mem_fail_at(0);
    strbuf_add_text(&buf, "more");
    assert_int_equal(strbuf_status(&buf), ERR_MEMORY);
    assert_string_equal(strbuf_text(&buf), "kept");
    strbuf_release(&buf);
}

static void code_points_are_written_as_utf8_and_surrogates_replaced(void **state)
{
    (void)state;
    struct strbuf buf;

    strbuf_init(&buf, 100);
    for (uint32_t codepoint = 0; codepoint < 0x110400; codepoint++) {
        bool legal = codepoint < 0xd800 || (codepoint > 0xdfff && codepoint <= 0x10ffff);
        size_t pos = 0;
        bool bad = true;
        strbuf_reset(&buf);
        strbuf_add_codepoint(&buf, codepoint);
        uint32_t read = utf8_next(strbuf_view(&buf), &pos, &bad);
        if (bad || pos != buf.len || read != (legal ? codepoint : 0xfffd))
            fail_msg("U+%04X came back as U+%04X", codepoint, read);
    }
    strbuf_release(&buf);
}

static void room_is_written_by_the_caller_and_counted_when_said(void **state)
{
    (void)state;
    struct strbuf buf;

    strbuf_init(&buf, 100);
    char *room = strbuf_room(&buf, 10);
    assert_non_null(room);
    memcpy(room, "abcdefghij", 10);
    strbuf_grew(&buf, 4);
    assert_string_equal(strbuf_text(&buf), "abcd");
    strbuf_release(&buf);
}

static void consuming_and_cutting_clamp(void **state)
{
    (void)state;
    struct strbuf buf;

    strbuf_init(&buf, 100);
    strbuf_consume(&buf, 5);
    strbuf_cut(&buf, 0);
    strbuf_add_text(&buf, "0123456789");
    strbuf_consume(&buf, 3);
    assert_string_equal(strbuf_text(&buf), "3456789");
    strbuf_cut(&buf, 20);
    strbuf_cut(&buf, 4);
    assert_string_equal(strbuf_text(&buf), "3456");
    strbuf_consume(&buf, 100);
    assert_string_equal(strbuf_text(&buf), "");
    strbuf_release(&buf);
}

static void taking_hands_over_the_block_and_leaves_an_empty_one(void **state)
{
    (void)state;
    struct strbuf buf;

    strbuf_init(&buf, 10);
    assert_null(strbuf_take(&buf));
    strbuf_add_text(&buf, "mine");
    char *taken = strbuf_take(&buf);
    assert_string_equal(taken, "mine");
    assert_int_equal(buf.len, 0);
    strbuf_add_repeated(&buf, 'x', 10);
    assert_int_equal(strbuf_status(&buf), 0);
    mem_free(taken);
    strbuf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_there_and_ends_in_nul),
        cmocka_unit_test(it_fills_to_its_ceiling_and_not_a_byte_further),
        cmocka_unit_test(the_first_failure_sticks_and_later_appends_do_nothing),
        cmocka_unit_test(an_impossible_length_is_a_failure_and_no_overflow),
        cmocka_unit_test(running_out_of_memory_sticks_and_keeps_what_was_there),
        cmocka_unit_test(code_points_are_written_as_utf8_and_surrogates_replaced),
        cmocka_unit_test(room_is_written_by_the_caller_and_counted_when_said),
        cmocka_unit_test(consuming_and_cutting_clamp),
        cmocka_unit_test(taking_hands_over_the_block_and_leaves_an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
