/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/alignment.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "text/alignment.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 256 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* One line an item: "= same", "~ before > after", "- lost", "+ added". */
static void aligns(const char *before, const char *after, const char *expected)
{
    struct alignment alignment;
    struct strbuf out;

    strbuf_init(&out, 10000);
    assert_int_equal(alignment_of(&arena, view_of(before), view_of(after), &alignment), 0);
    for (size_t i = 0; i < alignment.count; i++) {
        const struct alignment_item *item = &alignment.items[i];
        switch (item->kind) {
        case ALIGNMENT_KEPT:
            strbuf_printf(&out, "= %.*s\n", VIEW_ARG(item->before));
            break;
        case ALIGNMENT_REWORDED:
            strbuf_printf(&out, "~ %.*s > %.*s\n", VIEW_ARG(item->before), VIEW_ARG(item->after));
            break;
        case ALIGNMENT_LOST:
            strbuf_printf(&out, "- %.*s\n", VIEW_ARG(item->before));
            break;
        case ALIGNMENT_ADDED:
            strbuf_printf(&out, "+ %.*s\n", VIEW_ARG(item->after));
            break;
        }
    }
    assert_string_equal(strbuf_text(&out), expected);
    strbuf_release(&out);
}

static void test_a_sentence_that_is_gone_is_lost_and_a_new_one_added(void **state)
{
    (void)state;
    aligns(
        "ご注文ありがとうございます。返品は30日以内に承ります。またのご利用をお待ちしております。",
        "ご注文ありがとうございます。またのご利用をお待ちしております。ポイントは来月失効します。",
        "= ご注文ありがとうございます。\n"
        "- 返品は30日以内に承ります。\n"
        "= またのご利用をお待ちしております。\n"
        "+ ポイントは来月失効します。\n");
    aligns("Volume 3 is in stock. Shipping takes two days.",
           "Volume 3 is in stock. Please visit our shop in Osaka.",
           "= Volume 3 is in stock.\n"
           "- Shipping takes two days.\n"
           "+ Please visit our shop in Osaka.\n");
}

static void test_a_rewording_is_neither_lost_nor_added(void **state)
{
    (void)state;
    aligns("返品は30日以内に承ります。", "返品は３０日以内であれば承ります。",
           "~ 返品は30日以内に承ります。 > 返品は３０日以内であれば承ります。\n");
    aligns("You can return items within 30 days.", "Items can be returned within 30 days.",
           "~ You can return items within 30 days. > Items can be returned within 30 days.\n");
}

static void test_width_and_case_and_order_change_nothing(void **state)
{
    (void)state;
    aligns("ＯＮＥ　ＰＩＥＣＥは人気です。在庫があります。",
           "在庫があります。ONE PIECEは人気です。",
           "= ＯＮＥ　ＰＩＥＣＥは人気です。\n= 在庫があります。\n");
}

static void test_list_items_are_sentences(void **state)
{
    (void)state;
    aligns("- 鬼滅の刃\n- 呪術廻戦\n", "- 鬼滅の刃\n- スパイファミリー\n",
           "= - 鬼滅の刃\n- - 呪術廻戦\n+ - スパイファミリー\n");
}

static void test_empty_texts_align_with_nothing(void **state)
{
    (void)state;
    aligns("", "", "");
    aligns("", "在庫があります。", "+ 在庫があります。\n");
    aligns("在庫があります。", "", "- 在庫があります。\n");
}

static void test_a_text_of_very_many_sentences_is_cut(void **state)
{
    struct alignment alignment;
    struct strbuf text;

    (void)state;
    strbuf_init(&text, 10 << 20);
    for (int i = 0; i < 100000; i++)
        strbuf_printf(&text, "%d番の文です。", i);
    assert_int_equal(alignment_of(&arena, strbuf_view(&text), strbuf_view(&text), &alignment), 0);
    assert_int_equal(alignment.count, ALIGNMENT_SENTENCES_MAX);
    assert_int_equal(alignment.lost, 0);
    strbuf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sentence_that_is_gone_is_lost_and_a_new_one_added),
        cmocka_unit_test(test_a_rewording_is_neither_lost_nor_added),
        cmocka_unit_test(test_width_and_case_and_order_change_nothing),
        cmocka_unit_test(test_list_items_are_sentences),
        cmocka_unit_test(test_empty_texts_align_with_nothing),
        cmocka_unit_test(test_a_text_of_very_many_sentences_is_cut),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
