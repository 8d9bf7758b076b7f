/* SPDX-License-Identifier: Apache-2.0
 *
 * similarity: see similarity.h. N-grams are packed into 64 bits, sorted and counted; two sorted
 * lists are multiplied by merging them. */
#include "text/similarity.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "text/chars.h"
#include "text/normalise.h"

enum { GRAM_MAX = 3, KEY_BITS = 21, ARENA_MAX = 512 * 1024 * 1024, RADIX_MIN = 128 };

static const double ONE_MICRO = 1e6;

/* Kinds of character, as far as their commonness goes. */
enum gram_kind { GRAM_LATIN, GRAM_HIRAGANA, GRAM_DENSE, GRAM_KINDS };

/* weight[kind of the n-gram][n - 1]; figures in docs/calibration.md. */
static const double gram_weight[GRAM_KINDS][GRAM_MAX] = {
    [GRAM_LATIN] = {0.1, 0.4, 1.0},
    [GRAM_HIRAGANA] = {0.2, 0.4, 0.6},
    [GRAM_DENSE] = {2.0, 1.5, 1.5},
};

struct ngram_corpus {
    uint64_t *keys; /* ascending, distinct */
    uint32_t *holding;
    size_t count;
    size_t documents;
};

/* A list of keys that grows. */
struct key_list {
    uint64_t *keys;
    size_t count;
    size_t capacity;
};

int similarity_cosine_micro(const float *a, size_t a_count, const float *b, size_t b_count,
                            int64_t *ret_cosine_micro, struct err *reterr)
{
    double dot = 0, aa = 0, bb = 0;

    if (a_count != b_count || a_count == 0)
        return fail(reterr, ERR_INVALID,
                    "embeddings of %zu and %zu numbers cannot be compared: they are of different "
                    "models; embed both texts with one",
                    a_count, b_count);
    for (size_t i = 0; i < a_count; i++) {
        dot += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    if (!isfinite(aa) || !isfinite(bb))
        return fail(reterr, ERR_INVALID, "an embedding holds a number that is not finite");
    if (aa <= 0 || bb <= 0)
        return fail(reterr, ERR_INVALID, "an embedding is all zeros: the model gave no answer");
    double cosine = dot / (sqrt(aa) * sqrt(bb));
    cosine = cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
    *ret_cosine_micro = llround(cosine * ONE_MICRO);
    return 0;
}

/* ---- n-grams of one text --------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* One pass of a radix sort: by one byte of the keys, in the order they had. False where they all
 * have the same there: nothing was moved. */
static bool sort_by_byte(const uint64_t *keys, size_t count, unsigned byte, uint64_t *ret_sorted)
{
    size_t starts[257] = {0};

    for (size_t i = 0; i < count; i++)
        starts[(keys[i] >> (8 * byte) & 0xff) + 1]++;
    if (starts[(keys[0] >> (8 * byte) & 0xff) + 1] == count)
        return false;
    for (unsigned i = 1; i < 257; i++)
        starts[i] += starts[i - 1];
    for (size_t i = 0; i < count; i++)
        ret_sorted[starts[keys[i] >> (8 * byte) & 0xff]++] = keys[i];
    return true;
}

/* Ascending: by radix, which needs as much memory again; without it, or for a few, by comparing. */
static void sort_keys(struct key_list *list)
{
    uint64_t *other = list->count >= RADIX_MIN ? mem_new(list->capacity, sizeof *other) : NULL;

    if (other == NULL) {
        if (list->count > 1)
            qsort(list->keys, list->count, sizeof *list->keys, compare_keys);
        return;
    }
    for (unsigned byte = 0; byte < sizeof *list->keys; byte++)
        if (sort_by_byte(list->keys, list->count, byte, other)) {
            uint64_t *sorted = other;
            other = list->keys;
            list->keys = sorted;
        }
    mem_free(other);
}

static int key_list_add(struct key_list *list, uint64_t key)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? 2 * list->capacity : 256;
        uint64_t *keys = mem_resize(list->keys, capacity, sizeof *keys);
        if (keys == NULL)
            return ERR_MEMORY;
        list->keys = keys;
        list->capacity = capacity;
    }
    list->keys[list->count++] = key;
    return 0;
}

/* Every n-gram of the text once for each time it occurs, ascending. */
static int collect_keys(struct view text, struct key_list *list)
{
    struct arena arena;
    struct normalised normal;
    uint64_t window = 0; /* the last three code points, each plus 1 so that none is 0 */
    size_t seen = 0;

    arena_init(&arena, ARENA_MAX);
    int code = normalise_text(&arena, utf8_cut(text, SIMILARITY_TEXT_MAX),
                              NORMALISE_CASE | NORMALISE_KEYWORD, &normal);
    for (size_t pos = 0; code == 0 && pos < normal.text.len;) {
        window = window << KEY_BITS | (utf8_next(normal.text, &pos, NULL) + 1u);
        seen++;
        for (unsigned n = 1; code == 0 && n <= GRAM_MAX && n <= seen; n++)
            code = key_list_add(list, window & ((UINT64_C(1) << (n * KEY_BITS)) - 1));
    }
    arena_release(&arena);
    if (code == 0)
        sort_keys(list);
    return code;
}

static enum gram_kind kind_of(uint32_t codepoint)
{
    switch (char_kind_of(codepoint)) {
    case CHAR_SPACE:
    case CHAR_DIGIT:
    case CHAR_ASCII_SIGN:
    case CHAR_LATIN:
        return GRAM_LATIN;
    case CHAR_HIRAGANA:
        return GRAM_HIRAGANA;
    case CHAR_KATAKANA:
    case CHAR_HAN:
    case CHAR_HANGUL:
    case CHAR_LETTER:
    case CHAR_OTHER:
        break;
    }
    return GRAM_DENSE;
}

/* The weight of an n-gram: dense where any character is, hiragana where all are. */
static double weight_of(uint64_t key)
{
    static const uint64_t mask = (UINT64_C(1) << KEY_BITS) - 1;
    bool of_kind[GRAM_KINDS] = {false};
    size_t n = 0;

    for (; key != 0; key >>= KEY_BITS, n++)
        of_kind[kind_of((uint32_t)(key & mask) - 1)] = true;
    enum gram_kind kind = of_kind[GRAM_DENSE]   ? GRAM_DENSE
                          : of_kind[GRAM_LATIN] ? GRAM_LATIN
                                                : GRAM_HIRAGANA;
    return gram_weight[kind][n - 1];
}

static double idf_of(const struct ngram_corpus *corpus, uint64_t key)
{
    if (corpus == NULL || corpus->documents == 0)
        return 1;
    const uint64_t *at = corpus->count > 0
                             ? bsearch(&key, corpus->keys, corpus->count, sizeof key, compare_keys)
                             : NULL;
    double holding = at != NULL ? (double)corpus->holding[at - corpus->keys] : 0;
    return 1 + log((1 + (double)corpus->documents) / (1 + holding));
}

static int vector_make(struct arena *arena, const struct ngram_corpus *corpus,
                       const struct key_list *list, struct ngram_vector *ret_vector)
{
    uint64_t *keys = arena_new(arena, list->count + 1, sizeof *keys);
    float *weights = arena_new(arena, list->count + 1, sizeof *weights);
    size_t count = 0;
    double length = 0;

    if (keys == NULL || weights == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < list->count;) {
        size_t next = i + 1;
        while (next < list->count && list->keys[next] == list->keys[i])
            next++;
        double weight = (1 + log((double)(next - i))) * weight_of(list->keys[i])
                        * idf_of(corpus, list->keys[i]);
        keys[count] = list->keys[i];
        weights[count++] = (float)weight;
        length += weight * weight;
        i = next;
    }
    for (size_t i = 0; i < count; i++)
        weights[i] = (float)(weights[i] / sqrt(length));
    *ret_vector = (struct ngram_vector){.keys = keys, .weights = weights, .count = count};
    return 0;
}

int ngram_vector_of(struct arena *arena, const struct ngram_corpus *corpus, struct view text,
                    struct ngram_vector *ret_vector)
{
    struct key_list list = {0};
    int code = collect_keys(text, &list);

    if (code == 0)
        code = vector_make(arena, corpus, &list, ret_vector);
    mem_free(list.keys);
    return code;
}

int64_t ngram_cosine_micro(const struct ngram_vector *a, const struct ngram_vector *b)
{
    double dot = 0;

    if (a->count == 0 && b->count == 0)
        return (int64_t)ONE_MICRO;
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (a->keys[i] == b->keys[j])
            dot += (double)a->weights[i++] * (double)b->weights[j++];
        else if (a->keys[i] < b->keys[j])
            i++;
        else
            j++;
    }
    return llround((dot > 1 ? 1 : dot) * ONE_MICRO);
}

int ngram_similarity_micro(const struct ngram_corpus *corpus, struct view a, struct view b,
                           int64_t *ret_cosine_micro)
{
    struct arena arena;
    struct ngram_vector x, y;

    arena_init(&arena, ARENA_MAX);
    int code = ngram_vector_of(&arena, corpus, a, &x);
    if (code == 0)
        code = ngram_vector_of(&arena, corpus, b, &y);
    if (code == 0)
        *ret_cosine_micro = ngram_cosine_micro(&x, &y);
    arena_release(&arena);
    return code;
}

/* ---- a corpus -------------------------------------------------------------------------------- */

/* Adds each distinct key of the document once. */
static int add_document(struct key_list *all, struct view document)
{
    struct key_list list = {0};
    int code = collect_keys(document, &list);

    for (size_t i = 0; code == 0 && i < list.count; i++)
        if (i == 0 || list.keys[i] != list.keys[i - 1])
            code = key_list_add(all, list.keys[i]);
    mem_free(list.keys);
    return code;
}

/* Counts equal neighbours of the sorted list in place. */
static int count_documents(struct ngram_corpus *corpus, struct key_list *all)
{
    sort_keys(all);
    corpus->keys = all->keys;
    if (all->count == 0)
        return 0;
    corpus->holding = mem_new(all->count, sizeof *corpus->holding);
    if (corpus->holding == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < all->count; i++) {
        if (i == 0 || all->keys[i] != corpus->keys[corpus->count - 1])
            corpus->keys[corpus->count++] = all->keys[i];
        corpus->holding[corpus->count - 1]++;
    }
    return 0;
}

int ngram_corpus_new(const struct view *documents, size_t count, struct ngram_corpus **ret_corpus)
{
    struct ngram_corpus *corpus = mem_new(1, sizeof *corpus);
    struct key_list all = {0};
    int code = corpus != NULL ? 0 : ERR_MEMORY;

    for (size_t i = 0; code == 0 && i < count; i++)
        code = add_document(&all, documents[i]);
    if (code != 0) {
        mem_free(all.keys);
        mem_free(corpus);
        return code;
    }
    corpus->documents = count;
    code = count_documents(corpus, &all);
    if (code != 0) {
        ngram_corpus_free(corpus);
        return code;
    }
    *ret_corpus = corpus;
    return 0;
}

void ngram_corpus_free(struct ngram_corpus *corpus)
{
    if (corpus == NULL)
        return;
    mem_free(corpus->keys);
    mem_free(corpus->holding);
    mem_free(corpus);
}
