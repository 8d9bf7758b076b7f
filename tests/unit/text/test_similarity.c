/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/similarity.h, and its figure on human-judged Japanese pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "shared.h"
#include "text/similarity.h"
#include "wire/json.h"

static int64_t ngrams(const char *a, const char *b)
{
    int64_t cosine = -1;
    assert_int_equal(ngram_similarity_micro(NULL, view_of(a), view_of(b), &cosine), 0);
    return cosine;
}

static void cosines_are_exact_at_the_ends(void **state)
{
    const float a[] = {3, 4}, b[] = {-3, -4}, c[] = {4, -3}, d[] = {30, 40};
    int64_t cosine = 0;
    (void)state;

    assert_int_equal(similarity_cosine_micro(a, 2, a, 2, &cosine, NULL), 0);
    assert_int_equal(cosine, 1000000);
    assert_int_equal(similarity_cosine_micro(a, 2, d, 2, &cosine, NULL), 0);
    assert_int_equal(cosine, 1000000);
    assert_int_equal(similarity_cosine_micro(a, 2, b, 2, &cosine, NULL), 0);
    assert_int_equal(cosine, -1000000);
    assert_int_equal(similarity_cosine_micro(a, 2, c, 2, &cosine, NULL), 0);
    assert_int_equal(cosine, 0);
}

static void what_cannot_be_compared_is_an_error_not_zero(void **state)
{
    const float a[] = {1, 2}, zero[] = {0, 0}, bad[] = {1, NAN}, large[] = {INFINITY, 1};
    int64_t cosine = 77;
    struct err err = {0};
    (void)state;

    assert_int_equal(similarity_cosine_micro(a, 2, a, 1, &cosine, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "embeddings of 2 and 1 numbers"));
    assert_int_equal(similarity_cosine_micro(a, 0, a, 0, &cosine, &err), ERR_INVALID);
    assert_int_equal(similarity_cosine_micro(a, 2, zero, 2, &cosine, &err), ERR_INVALID);
    assert_int_equal(similarity_cosine_micro(bad, 2, a, 2, &cosine, &err), ERR_INVALID);
    assert_int_equal(similarity_cosine_micro(a, 2, large, 2, &cosine, &err), ERR_INVALID);
    assert_int_equal(cosine, 77);
}

static void the_same_text_has_one_however_it_is_typed(void **state)
{
    (void)state;

    assert_int_equal(ngrams("鬼滅の刃は人気です。", "鬼滅の刃は人気です。"), 1000000);
    assert_int_equal(ngrams("ＡＢＣ ｶﾞﾝﾀﾞﾑ", "abc ガンダム"), 1000000);
    assert_int_equal(ngrams("", ""), 1000000);
    assert_int_equal(ngrams("", "x"), 0);
    assert_int_equal(ngrams("アイウ", "xyz"), 0);
}

static void closer_texts_have_more(void **state)
{
    const char *base = "在庫がありますので、すぐに発送できます。";
    (void)state;

    int64_t reworded = ngrams(base, "在庫がありますので、すぐにお送りできます。");
    int64_t unrelated = ngrams(base, "本日の天気は晴れ、気温は20度です。");
    assert_true(reworded > 600000);
    assert_true(unrelated < 250000);
}

static void a_corpus_makes_common_words_count_less(void **state)
{
    const struct view documents[] = {VIEW("商品 鬼滅"), VIEW("商品 呪術"), VIEW("商品 進撃"),
                                     VIEW("商品 海賊")};
    struct ngram_corpus *corpus = NULL;
    int64_t with = 0;
    (void)state;

    assert_int_equal(ngram_corpus_new(documents, 4, &corpus), 0);
    assert_int_equal(
        ngram_similarity_micro(corpus, view_of("商品 鬼滅"), view_of("商品 呪術"), &with), 0);
    assert_true(with < ngrams("商品 鬼滅", "商品 呪術"));
    ngram_corpus_free(corpus);
    assert_int_equal(ngram_corpus_new(NULL, 0, &corpus), 0);
    ngram_corpus_free(corpus);
}

/* ---- Spearman's correlation with people's judgement, JSTS valid -------------------------------
 * */

struct pair {
    double value;
    double rank;
    size_t index;
};

static int compare_values(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static int compare_indices(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

static void give_ranks(struct pair *pairs, size_t count)
{
    qsort(pairs, count, sizeof *pairs, compare_values);
    for (size_t i = 0, j; i < count; i = j) {
        for (j = i; j < count && pairs[j].value <= pairs[i].value; j++)
            ;
        for (size_t k = i; k < j; k++)
            pairs[k].rank = (double)(i + j - 1) / 2;
    }
    qsort(pairs, count, sizeof *pairs, compare_indices);
}

static double spearman(struct pair *a, struct pair *b, size_t count)
{
    double mean = (double)(count - 1) / 2, ab = 0, aa = 0, bb = 0;

    give_ranks(a, count);
    give_ranks(b, count);
    for (size_t i = 0; i < count; i++) {
        ab += (a[i].rank - mean) * (b[i].rank - mean);
        aa += (a[i].rank - mean) * (a[i].rank - mean);
        bb += (b[i].rank - mean) * (b[i].rank - mean);
    }
    return ab / sqrt(aa * bb);
}

static void ngrams_agree_with_people_on_jsts(void **state)
{
    enum { PAIRS_MAX = 2000 };
    static struct pair scores[PAIRS_MAX], labels[PAIRS_MAX];
    struct arena arena;
    size_t count = 0;
    (void)state;

    arena_init(&arena, 64 * 1024 * 1024);
    struct view rest = shared_file(&arena, "jsts/valid-v1.3.json");
    if (rest.ptr == NULL) {
        arena_release(&arena);
        skip();
    }
    while (rest.ptr != NULL && count < PAIRS_MAX) {
        struct view line = view_split(&rest, '\n');
        struct json *row = NULL;
        int64_t cosine = 0;
        if (line.len == 0)
            continue;
        assert_int_equal(json_parse(&arena, line, &row, NULL), 0);
        assert_int_equal(ngram_similarity_micro(NULL, json_text(json_get(row, "sentence1"), rest),
                                                json_text(json_get(row, "sentence2"), rest),
                                                &cosine),
                         0);
        scores[count] = (struct pair){.value = (double)cosine, .index = count};
        labels[count] =
            (struct pair){.value = json_double(json_get(row, "label"), 0), .index = count};
        count++;
    }
    double correlation = spearman(scores, labels, count);
    print_message("Spearman on %zu pairs of JSTS valid: %.3f\n", count, correlation);
    assert_true(correlation > 0.70);
    arena_release(&arena);
}

static void no_memory_is_an_error(void **state)
{
    const struct view documents[] = {VIEW("ab"), VIEW("bc")};
    bool done = false;
    (void)state;

    for (unsigned long at = 1; !done && at < 100; at++) {
        struct ngram_corpus *corpus = NULL;
        int64_t cosine = 0;
        mem_fail_at(at);
        int code = ngram_corpus_new(documents, 2, &corpus);
        if (code == 0)
            code = ngram_similarity_micro(corpus, documents[0], documents[1], &cosine);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        done = code == 0;
        ngram_corpus_free(corpus);
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cosines_are_exact_at_the_ends),
        cmocka_unit_test(what_cannot_be_compared_is_an_error_not_zero),
        cmocka_unit_test(the_same_text_has_one_however_it_is_typed),
        cmocka_unit_test(closer_texts_have_more),
        cmocka_unit_test(a_corpus_makes_common_words_count_less),
        cmocka_unit_test(ngrams_agree_with_people_on_jsts),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
