/* SPDX-License-Identifier: Apache-2.0
 *
 * alignment: see alignment.h. Pairs are taken greedily, the nearest first: with so few sentences,
 * of which most have one clear partner, the best assignment as a whole would say the same. */
#include "text/alignment.h"

#include <stdlib.h>

#include "text/calibration.h"
#include "text/normalise.h"
#include "text/sentence.h"
#include "text/similarity.h"

struct side_sentence {
    struct view text;
    struct view normal; /* folded as keywords are */
    struct ngram_vector grams;
    const struct alignment_item *partner;
};

struct side {
    struct side_sentence *sentences;
    size_t count;
};

struct candidate {
    size_t before;
    size_t after;
    int64_t similarity_micro;
};

static int read_side(struct arena *arena, struct view text, struct side *ret_side)
{
    struct sentence_reader reader;
    struct sentence sentence;
    struct side side = {.count = 0};

    side.sentences = arena_new(arena, ALIGNMENT_SENTENCES_MAX, sizeof *side.sentences);
    if (side.sentences == NULL)
        return ERR_MEMORY;
    sentence_reader_init(&reader, text);
    while (side.count < ALIGNMENT_SENTENCES_MAX && sentence_next(&reader, &sentence)) {
        struct side_sentence *next = &side.sentences[side.count++];
        struct normalised normal;
        next->text = view_trim(view_slice(text, sentence.start, sentence.end));
        int code = normalise_text(arena, next->text, NORMALISE_CASE | NORMALISE_KEYWORD, &normal);
        if (code == 0)
            code = ngram_vector_of(arena, NULL, next->text, &next->grams);
        if (code != 0)
            return code;
        next->normal = view_trim(normal.text);
    }
    *ret_side = side;
    return 0;
}

static int by_similarity(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;

    if (x->similarity_micro != y->similarity_micro)
        return x->similarity_micro < y->similarity_micro ? 1 : -1;
    if (x->before != y->before)
        return x->before < y->before ? -1 : 1;
    return x->after < y->after ? -1 : x->after > y->after;
}

/* Every pair that is near enough, the nearest first. */
static int find_candidates(struct arena *arena, const struct side *before, const struct side *after,
                           struct candidate **ret_candidates, size_t *ret_count)
{
    const struct calibration *map = calibration_find(view_of("tfidf"));
    struct candidate *candidates =
        arena_new(arena, before->count * after->count + 1, sizeof *candidates);
    size_t count = 0;

    assert_always(map != NULL);
    if (candidates == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < before->count; i++)
        for (size_t j = 0; j < after->count; j++) {
            const struct side_sentence *x = &before->sentences[i];
            const struct side_sentence *y = &after->sentences[j];
            int64_t similarity_micro =
                view_equal(x->normal, y->normal)
                    ? 1000000
                    : calibration_map_micro(map, ngram_cosine_micro(&x->grams, &y->grams));
            if (similarity_micro >= ALIGNMENT_REWORDED_MICRO)
                candidates[count++] = (struct candidate){i, j, similarity_micro};
        }
    qsort(candidates, count, sizeof *candidates, by_similarity);
    *ret_candidates = candidates;
    *ret_count = count;
    return 0;
}

static void pair_up(struct side *before, struct side *after, const struct candidate *candidates,
                    size_t count, struct alignment_item *pairs)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        struct side_sentence *x = &before->sentences[candidates[i].before];
        struct side_sentence *y = &after->sentences[candidates[i].after];
        if (x->partner != NULL || y->partner != NULL)
            continue;
        pairs[used] = (struct alignment_item){
            .kind = view_equal(x->normal, y->normal) ? ALIGNMENT_KEPT : ALIGNMENT_REWORDED,
            .before = x->text,
            .after = y->text,
            .similarity_micro = candidates[i].similarity_micro,
        };
        x->partner = y->partner = &pairs[used++];
    }
}

int alignment_of(struct arena *arena, struct view before_text, struct view after_text,
                 struct alignment *ret_alignment)
{
    struct alignment alignment = {.count = 0};
    struct candidate *candidates;
    struct side before;
    struct side after;
    size_t count;
    int code = read_side(arena, before_text, &before);

    if (code == 0)
        code = read_side(arena, after_text, &after);
    if (code == 0)
        code = find_candidates(arena, &before, &after, &candidates, &count);
    if (code != 0)
        return code;
    struct alignment_item *pairs = arena_new(arena, before.count + 1, sizeof *pairs);
    struct alignment_item *items = arena_new(arena, before.count + after.count + 1, sizeof *items);
    if (pairs == NULL || items == NULL)
        return ERR_MEMORY;
    pair_up(&before, &after, candidates, count, pairs);
    for (size_t i = 0; i < before.count; i++) {
        const struct side_sentence *x = &before.sentences[i];
        alignment.lost += x->partner == NULL;
        items[alignment.count++] =
            x->partner != NULL ? *x->partner
                               : (struct alignment_item){ALIGNMENT_LOST, x->text, {NULL, 0}, 0};
    }
    for (size_t i = 0; i < after.count; i++) {
        const struct side_sentence *y = &after.sentences[i];
        if (y->partner != NULL)
            continue;
        alignment.added++;
        items[alignment.count++] = (struct alignment_item){ALIGNMENT_ADDED, {NULL, 0}, y->text, 0};
    }
    alignment.items = items;
    *ret_alignment = alignment;
    return 0;
}
