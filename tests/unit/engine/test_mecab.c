/* SPDX-License-Identifier: Apache-2.0
 *
 * Promises of engine/mecab.h. They need the IPADIC dictionary and are skipped without it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "engine/mecab.h"

struct rig {
    struct mecab *mecab;
    struct mecab_reader *reader;
    struct morphology morphology;
    struct arena arena;
    const struct morpheme *words;
    size_t count;
};

static void rig_open(struct rig *rig)
{
    struct err err;

    memset(rig, 0, sizeof *rig);
    if (!mecab_present(NULL)) {
        print_message("no MeCab dictionary on this machine\n");
        skip();
    }
    arena_init(&rig->arena, (size_t)1 << 30);
    assert_int_equal(mecab_open(NULL, &rig->mecab, &err), 0);
    assert_int_equal(mecab_reader_new(rig->mecab, &rig->reader, &err), 0);
    rig->morphology = mecab_morphology(rig->reader);
}

static void rig_close(struct rig *rig)
{
    arena_release(&rig->arena);
    mecab_reader_free(rig->reader);
    mecab_close(rig->mecab);
}

static void read_text(struct rig *rig, struct view text)
{
    assert_int_equal(rig->morphology.analyse(rig->morphology.context, &rig->arena, text,
                                             &rig->words, &rig->count),
                     0);
}

/* Words lie in order, inside the text, between characters. */
static void assert_in_order(const struct rig *rig, struct view text)
{
    size_t before = 0;

    for (size_t i = 0; i < rig->count; i++) {
        assert_true(rig->words[i].start >= before);
        assert_true(rig->words[i].end > rig->words[i].start);
        assert_true(rig->words[i].end <= text.len);
        before = rig->words[i].end;
    }
}

static void words_have_their_class_and_dictionary_form(void **state)
{
    static const struct {
        const char *surface;
        const char *base;
        enum morpheme_class kind;
    } expected[] = {
        {"鬼", "鬼", MORPHEME_NOUN},
        {"を", "を", MORPHEME_PARTICLE},
        {"読ん", "読む", MORPHEME_VERB},
        {"で", "で", MORPHEME_PARTICLE},
        {"い", "いる", MORPHEME_WEAK_VERB},
        {"まし", "ます", MORPHEME_AUXILIARY},
        {"た", "た", MORPHEME_AUXILIARY},
        {"。", "。", MORPHEME_SIGN},
        {"１", "１", MORPHEME_NUMBER},
        {"冊", "冊", MORPHEME_WEAK_NOUN},
        {"こと", "こと", MORPHEME_WEAK_NOUN},
        {"美しい", "美しい", MORPHEME_ADJECTIVE},
        {"(", "(", MORPHEME_SIGN},
    };
    const struct view text = VIEW("鬼を読んでいました。１冊こと美しい(");
    struct rig rig;

    (void)state;
    rig_open(&rig);
    read_text(&rig, text);
    assert_int_equal(rig.count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < rig.count; i++) {
        assert_true(
            view_is(view_slice(text, rig.words[i].start, rig.words[i].end), expected[i].surface));
        assert_true(view_is(rig.words[i].base, expected[i].base));
        assert_int_equal(rig.words[i].kind, expected[i].kind);
    }
    rig_close(&rig);
}

static void an_unknown_word_is_told(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    read_text(&rig, (struct view)VIEW("ブンゾラレを読む"));
    assert_true(rig.words[0].is_unknown);
    assert_false(rig.words[1].is_unknown);
    assert_true(view_is(rig.words[0].base, "ブンゾラレ"));
    rig_close(&rig);
}

static int64_t mean_cost(struct rig *rig, const char *text)
{
    int64_t sum = 0;

    read_text(rig, view_of(text));
    assert_true(rig->count > 0);
    for (size_t i = 0; i < rig->count; i++)
        sum += rig->words[i].cost;
    return sum / (int64_t)rig->count;
}

static void shuffled_words_cost_more(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    assert_true(mean_cost(&rig, "昨日は図書館で本を読んでいました。")
                < mean_cost(&rig, "で読んはたを本昨日まし図書館い。で"));
    rig_close(&rig);
}

static void bytes_that_are_no_text_are_unknown_words(void **state)
{
    static const char text[] = "本\0を\xff\xfe読む\xe3\x81";
    const struct view view = {text, sizeof text - 1};
    struct rig rig;
    size_t unknown = 0;

    (void)state;
    rig_open(&rig);
    read_text(&rig, view);
    assert_in_order(&rig, view);
    for (size_t i = 0; i < rig.count; i++)
        unknown += rig.words[i].is_unknown;
    assert_true(unknown >= 3);
    rig_close(&rig);
}

static void behind_a_last_space_nothing_is_read(void **state)
{
    static char text[MECAB_CHUNK_BYTES_MAX];
    struct rig rig;

    (void)state;
    rig_open(&rig);
    read_text(&rig, view_of("  日本語"));
    read_text(&rig, view_of("  "));
    assert_int_equal(rig.count, 0);
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = ' ';
    read_text(&rig, view_make(text, sizeof text));
    assert_in_order(&rig, view_make(text, sizeof text));
    rig_close(&rig);
}

static void any_bytes_are_read(void **state)
{
    const uint64_t seed = 20261123;
    struct rng rng;
    struct rig rig;
    char text[700];

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rig_open(&rig);
    rng_init(&rng, seed);
    for (size_t round = 0; round < 300; round++) {
        size_t len = (size_t)rng_below(&rng, sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(round % 2 == 0 ? rng_below(&rng, 256) : 0xe3 - rng_below(&rng, 100));
        read_text(&rig, view_make(text, len));
        assert_in_order(&rig, view_make(text, len));
    }
    rig_close(&rig);
}

static void ten_megabytes_without_a_line_end_are_bounded(void **state)
{
    const size_t size = (size_t)10 << 20;
    struct rig rig;
    struct strbuf text;

    (void)state;
    rig_open(&rig);
    strbuf_init(&text, size + 16);
    while (text.len < size)
        strbuf_add_text(&text, text.len % 2 == 0 ? "ア" : "すもももももも");
    read_text(&rig, strbuf_view(&text));
    assert_in_order(&rig, strbuf_view(&text));
    assert_true(rig.words[rig.count - 1].end <= MORPHOLOGY_TEXT_MAX);
    assert_true(rig.words[rig.count - 1].end > MORPHOLOGY_TEXT_MAX - 8);
    strbuf_release(&text);
    rig_close(&rig);
}

static void a_long_line_is_cut_at_a_sentence_end(void **state)
{
    const struct view sentence = VIEW("東京都の図書館で本を借りました。");
    struct rig rig;
    struct strbuf text;

    (void)state;
    rig_open(&rig);
    strbuf_init(&text, 1 << 20);
    for (size_t i = 0; i < 1000; i++)
        strbuf_add(&text, sentence);
    read_text(&rig, sentence);
    size_t each = rig.count;
    read_text(&rig, strbuf_view(&text));
    assert_int_equal(rig.count, 1000 * each); /* no word was cut */
    strbuf_release(&text);
    rig_close(&rig);
}

static void an_empty_text_has_no_words(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    read_text(&rig, (struct view){NULL, 0});
    assert_int_equal(rig.count, 0);
    read_text(&rig, (struct view)VIEW(" \n\t\n"));
    assert_int_equal(rig.count, 0);
    rig_close(&rig);
}

static void an_absent_dictionary_is_an_error_with_the_remedy(void **state)
{
    struct mecab *mecab = NULL;
    struct err err;

    (void)state;
    assert_int_equal(mecab_open("/nonexistent/dictionary", &mecab, &err), ERR_IO);
    assert_non_null(strstr(err.text, "/nonexistent/dictionary"));
    assert_non_null(strstr(err.text, "mecab-ipadic-utf8"));
    assert_false(mecab_present("/nonexistent/dictionary"));
    assert_null(mecab);
}

static void *read_many(void *context)
{
    struct mecab_reader *reader;
    struct arena arena;
    struct err err;
    size_t sum = 0;

    assert_int_equal(mecab_reader_new(context, &reader, &err), 0);
    struct morphology morphology = mecab_morphology(reader);
    for (size_t i = 0; i < 50; i++) {
        const struct morpheme *words;
        size_t count = 0;
        arena_init(&arena, 1 << 20);
        assert_int_equal(morphology.analyse(morphology.context, &arena,
                                            (struct view)VIEW("昨日は図書館で本を読みました。"),
                                            &words, &count),
                         0);
        sum += count;
        arena_release(&arena);
    }
    mecab_reader_free(reader);
    return (void *)(uintptr_t)sum; // NOLINT(performance-no-int-to-ptr): a count for the join
}

static void threads_read_with_readers_of_their_own(void **state)
{
    struct rig rig;
    pthread_t threads[4];
    void *sums[4];

    (void)state;
    rig_open(&rig);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, rig.mecab), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], &sums[i]), 0);
    for (size_t i = 1; i < 4; i++)
        assert_ptr_equal(sums[i], sums[0]);
    rig_close(&rig);
}

static void no_memory_is_an_error(void **state)
{
    struct rig rig;
    const struct morpheme *words;
    size_t count;

    (void)state;
    rig_open(&rig);
    read_text(&rig, (struct view)VIEW("本"));
    struct arena small;
    arena_init(&small, 64);
    assert_int_equal(rig.morphology.analyse(rig.morphology.context, &small,
                                            (struct view)VIEW("本を読む"), &words, &count),
                     ERR_MEMORY);
    arena_release(&small);
    read_text(&rig, (struct view)VIEW("本を読む")); /* and it works afterwards */
    assert_int_equal(rig.count, 3);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_have_their_class_and_dictionary_form),
        cmocka_unit_test(an_unknown_word_is_told),
        cmocka_unit_test(shuffled_words_cost_more),
        cmocka_unit_test(bytes_that_are_no_text_are_unknown_words),
        cmocka_unit_test(behind_a_last_space_nothing_is_read),
        cmocka_unit_test(any_bytes_are_read),
        cmocka_unit_test(ten_megabytes_without_a_line_end_are_bounded),
        cmocka_unit_test(a_long_line_is_cut_at_a_sentence_end),
        cmocka_unit_test(an_empty_text_has_no_words),
        cmocka_unit_test(an_absent_dictionary_is_an_error_with_the_remedy),
        cmocka_unit_test(threads_read_with_readers_of_their_own),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
