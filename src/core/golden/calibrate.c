/* SPDX-License-Identifier: Apache-2.0
 *
 * calibrate: see calibrate.h. */
#include "core/golden/calibrate.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "text/similarity.h"

struct measuring {
    const struct baseline *baseline;
    const float *(*vector)(void *context, struct view text, size_t *ret_count);
    void *context;
    int64_t *cosines;
    size_t count;
};

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Equal texts say nothing about the model. */
static void add_pair(struct measuring *measuring, struct view a, struct view b)
{
    struct err ignored;
    size_t a_count;
    size_t b_count;

    if (measuring->count == CALIBRATE_PAIRS || a.len == 0 || b.len == 0 || view_equal(a, b))
        return;
    const float *x = measuring->vector(measuring->context, a, &a_count);
    const float *y = measuring->vector(measuring->context, b, &b_count);
    if (x != NULL && y != NULL
        && similarity_cosine_micro(x, a_count, y, b_count, &measuring->cosines[measuring->count],
                                   &ignored)
               == 0)
        measuring->count++;
}

static void unrelated(struct measuring *measuring)
{
    const struct baseline *baseline = measuring->baseline;
    struct rng rng;

    rng_init(&rng, 1);
    for (size_t i = 0; i < CALIBRATE_PAIRS && baseline->entry_count > 1; i++) {
        const struct baseline_entry *a = &baseline->entries[rng_below(&rng, baseline->entry_count)];
        const struct baseline_entry *b = &baseline->entries[rng_below(&rng, baseline->entry_count)];
        if (a != b && a->answer_count > 0 && b->answer_count > 0)
            add_pair(measuring, a->answers[0].text, b->answers[0].text);
    }
}

static void rewordings(struct measuring *measuring)
{
    for (size_t e = 0; e < measuring->baseline->entry_count; e++) {
        const struct baseline_entry *entry = &measuring->baseline->entries[e];
        for (size_t i = 0; i < entry->answer_count; i++)
            for (size_t j = i + 1; j < entry->answer_count; j++)
                add_pair(measuring, entry->answers[i].text, entry->answers[j].text);
    }
}

/* Both sides sorted. */
static int64_t auroc_micro(const struct measuring *low, const struct measuring *high)
{
    double wins = 0;
    size_t below = 0;
    size_t up_to = 0;

    for (size_t i = 0; i < high->count; i++) {
        while (below < low->count && low->cosines[below] < high->cosines[i])
            below++;
        while (up_to < low->count && low->cosines[up_to] <= high->cosines[i])
            up_to++;
        wins += (double)below + (double)(up_to - below) / 2;
    }
    double pairs = (double)low->count * (double)high->count;
    return pairs > 0 ? (int64_t)(wins / pairs * 1e6) : 0;
}

static int conclude(const struct measuring *low, const struct measuring *high,
                    struct calibrate_found *found, struct err *reterr)
{
    if (low->count < CALIBRATE_UNRELATED_MIN)
        return fail(reterr, ERR_CONFIG,
                    "an embeddings target is calibrated from the accepted answers of at least five "
                    "entries: add entries, or use 'embedding: builtin'");
    qsort(low->cosines, low->count, sizeof *low->cosines, by_value);
    qsort(high->cosines, high->count, sizeof *high->cosines, by_value);
    found->unrelated_pairs = low->count;
    found->rewording_pairs = high->count;
    found->unrelated_micro = low->cosines[low->count / 2];
    found->auroc_micro = auroc_micro(low, high);
    found->rewording_is_a_guess = high->count < CALIBRATE_REWORDINGS_MIN;
    found->rewording_micro =
        found->rewording_is_a_guess
            ? found->unrelated_micro + (MICRO - found->unrelated_micro) * 6 / 10
            : high->cosines[high->count / 10];
    if (found->rewording_micro > found->unrelated_micro)
        return 0;
    return fail(
        reterr, ERR_CONFIG,
        "this embedding model does not tell accepted answers of one entry (cosine %.3f) from "
        "those of different entries (%.3f): use another model",
        (double)found->rewording_micro / MICRO, (double)found->unrelated_micro / MICRO);
}

int calibrate_measure(const struct baseline *baseline,
                      const float *(*vector)(void *context, struct view text, size_t *ret_count),
                      void *context, struct calibrate_found *ret_found, struct err *reterr)
{
    int64_t *cosines = mem_new(2 * (size_t)CALIBRATE_PAIRS, sizeof *cosines);
    struct measuring low = {baseline, vector, context, cosines, 0};
    struct measuring high = low;

    if (cosines == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a calibration");
    high.cosines = cosines + CALIBRATE_PAIRS;
    *ret_found = (struct calibrate_found){.unrelated_pairs = 0};
    unrelated(&low);
    rewordings(&high);
    int code = conclude(&low, &high, ret_found, reterr);
    mem_free(cosines);
    return code;
}
