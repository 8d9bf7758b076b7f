/* SPDX-License-Identifier: Apache-2.0
 *
 * Promises of text/fluency.h that need the IPADIC dictionary; skipped without it. Figures on public
 * data are in docs/accuracy.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "engine/mecab.h"
#include "text/fluency.h"

struct rig {
    struct mecab *mecab;
    struct mecab_reader *reader;
    struct morphology morphology;
};

static void rig_open(struct rig *rig)
{
    struct err err;

    if (!mecab_present(NULL)) {
        print_message("no MeCab dictionary on this machine\n");
        skip();
    }
    assert_int_equal(mecab_open(NULL, &rig->mecab, &err), 0);
    assert_int_equal(mecab_reader_new(rig->mecab, &rig->reader, &err), 0);
    rig->morphology = mecab_morphology(rig->reader);
}

static void rig_close(struct rig *rig)
{
    mecab_reader_free(rig->reader);
    mecab_close(rig->mecab);
}

static struct fluency read_text(struct rig *rig, const char *text)
{
    struct arena arena;
    struct fluency fluency;

    arena_init(&arena, (size_t)64 << 20);
    assert_int_equal(fluency_of(&arena, view_of(text), &rig->morphology, &fluency), 0);
    arena_release(&arena);
    return fluency;
}

static void good_japanese_is_fluent(void **state)
{
    static const char *const texts[] = {
        "昨日は図書館で本を読んでいました。",
        "「鬼滅の刃」は、大正時代を舞台にした少年漫画です。全23巻で完結しています。",
        "ご注文ありがとうございます。商品は明日発送いたします。",
        "**おすすめ**は次の通りです。\n\n1. 絵が美しい作品です。\n2. 物語が面白い作品です。",
    };
    struct rig rig;

    (void)state;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct fluency fluency = read_text(&rig, texts[i]);
        if (fluency.score_micro < 850000)
            print_error("'%s': %d\n", texts[i], fluency.score_micro);
        assert_true(fluency.score_micro >= 850000);
    }
    rig_close(&rig);
}

static void shuffled_words_are_not(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    struct fluency fluency = read_text(&rig, "で読んはたを本昨日まし図書館い。");
    assert_true(fluency.score_micro < 300000);
    assert_true(fluency.parts_micro[FLUENCY_ORDER] < 300000);
    rig_close(&rig);
}

static void one_garbled_sentence_among_many_shows(void **state)
{
    static const char good[] =
        "昨日は図書館で本を読んでいました。とても面白い本でした。天気もよかったです。"
        "夕方には友達と食事をしました。家に帰ってから音楽を聞きました。";
    static const char bad[] =
        "昨日は図書館で本を読んでいました。とても面白い本でした。天気もよかったです。"
        "食事友達を夕方と、はにしましたが。家に帰ってから音楽を聞きました。";
    struct rig rig;

    (void)state;
    rig_open(&rig);
    struct fluency whole = read_text(&rig, good);
    struct fluency garbled = read_text(&rig, bad);
    assert_true(garbled.parts_micro[FLUENCY_ORDER] + 100000 < whole.parts_micro[FLUENCY_ORDER]);
    rig_close(&rig);
}

static void words_that_no_dictionary_knows_are_counted(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    struct fluency known = read_text(&rig, "昨日は図書館で本を読みました。");
    struct fluency unknown = read_text(&rig, "ゾブラはメヌケリでガポをヴレトンました。");
    assert_int_equal(known.parts_micro[FLUENCY_UNKNOWN], 1000000);
    assert_true(unknown.parts_micro[FLUENCY_UNKNOWN] < 700000);
    rig_close(&rig);
}

static void a_short_phrase_said_twice_is_a_loop_by_its_words(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    assert_true(read_text(&rig, "犬が犬が公園を走っています。").parts_micro[FLUENCY_REPETITION]
                < 1000000);
    rig_close(&rig);
}

static void an_accepted_oddity_weighs_less(void **state)
{
    static const char odd[] = "在庫あり即日発送全巻セット漫画本まとめ買い特価。";
    struct rig rig;
    struct fluency_change change;

    (void)state;
    rig_open(&rig);
    struct fluency fluency = read_text(&rig, odd);
    fluency_compare(&fluency, &fluency, 1, &change);
    assert_true(change.score_micro >= fluency.score_micro);
    rig_close(&rig);
}

/* A dictionary that describes words as no table here knows them. */
static int foreign(void *context, struct arena *arena, struct view text,
                   const struct morpheme **ret_morphemes, size_t *ret_count)
{
    size_t count = text.len / 3;
    struct morpheme *morphemes = arena_new(arena, count + 1, sizeof *morphemes);

    (void)context;
    assert_non_null(morphemes);
    for (size_t i = 0; i < count; i++)
        morphemes[i] = (struct morpheme){.start = 3 * i,
                                         .end = 3 * i + 3,
                                         .kind = MORPHEME_NOUN,
                                         .feature = view_of("Substantiv,m,sg")};
    *ret_morphemes = morphemes;
    *ret_count = count;
    return 0;
}

static void another_dictionary_leaves_the_order_out(void **state)
{
    struct rig rig = {.morphology = {.analyse = foreign}};

    (void)state;
    struct fluency fluency = read_text(&rig, "昨日は図書館で本を読みました。");
    assert_int_equal(fluency.parts_micro[FLUENCY_ORDER], FLUENCY_ABSENT);
    assert_true(fluency.parts_micro[FLUENCY_COST] != FLUENCY_ABSENT);
}

static int damaged(void *context, struct arena *arena, struct view text,
                   const struct morpheme **ret_morphemes, size_t *ret_count)
{
    (void)context;
    (void)arena;
    (void)text;
    *ret_morphemes = NULL;
    *ret_count = 0;
    return ERR_CORRUPT;
}

static void a_damaged_dictionary_is_an_error(void **state)
{
    const struct morphology morphology = {.analyse = damaged};
    struct arena arena;
    struct fluency fluency;

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(fluency_of(&arena, view_of("これは本です。"), &morphology, &fluency),
                     ERR_CORRUPT);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_japanese_is_fluent),
        cmocka_unit_test(shuffled_words_are_not),
        cmocka_unit_test(one_garbled_sentence_among_many_shows),
        cmocka_unit_test(words_that_no_dictionary_knows_are_counted),
        cmocka_unit_test(a_short_phrase_said_twice_is_a_loop_by_its_words),
        cmocka_unit_test(an_accepted_oddity_weighs_less),
        cmocka_unit_test(another_dictionary_leaves_the_order_out),
        cmocka_unit_test(a_damaged_dictionary_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
