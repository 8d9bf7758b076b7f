/* SPDX-License-Identifier: Apache-2.0
 *
 * similarity: see similarity.h. Vectors are kept by the digest of their text; once there are
 * SIMILARITY_KEPT all of them are forgotten, which costs less than keeping book. */
#include "app/similarity.h"

#include <math.h>
#include <pthread.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/map.h"
#include "base/mem.h"
#include "engine/e5.h"
#include "text/calibration.h"

static const size_t VECTORS_BYTES_MAX = (size_t)64 << 20;

struct vector {
    struct digest digest;
    float values[];
};

struct similarity {
    pthread_mutex_t lock;
    struct e5 *e5;
    const struct calibration *calibration;
    struct arena arena;
    struct map known; /* digest → vector */
};

int similarity_open(const char *model_dir, struct similarity **ret_similarity, struct err *reterr)
{
    if (model_dir == NULL || !e5_present(model_dir))
        return fail(reterr, ERR_IO,
                    "the built-in embedding model is not installed: run scripts/setup, set "
                    "ASSAY_MODEL_DIR, or use 'embedding: tfidf'");
    struct similarity *similarity = mem_new(1, sizeof *similarity);
    if (similarity == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the embedding model");
    int code = e5_open(model_dir, &similarity->e5, reterr);
    if (code != 0) {
        mem_free(similarity);
        return code;
    }
    similarity->calibration = calibration_find(view_of("e5-small-q4"));
    assert_always(similarity->calibration != NULL);
    pthread_mutex_init(&similarity->lock, NULL);
    arena_init(&similarity->arena, VECTORS_BYTES_MAX);
    map_init(&similarity->known, SIMILARITY_KEPT, 1);
    *ret_similarity = similarity;
    return 0;
}

void similarity_close(struct similarity *similarity)
{
    if (similarity == NULL)
        return;
    map_release(&similarity->known);
    arena_release(&similarity->arena);
    pthread_mutex_destroy(&similarity->lock);
    e5_close(similarity->e5);
    mem_free(similarity);
}

static void forget(struct similarity *similarity)
{
    map_release(&similarity->known);
    map_init(&similarity->known, SIMILARITY_KEPT, 1);
    arena_release(&similarity->arena);
}

/* NULL where there is none. */
static const struct vector *vector_of(struct similarity *similarity, struct view text)
{
    struct digest digest = digest_of(text);
    struct err ignored;

    struct vector *known = map_get(&similarity->known, digest_view(&digest));
    if (known != NULL)
        return known;
    struct vector *made =
        arena_new(&similarity->arena, 1,
                  sizeof *made + e5_dimension(similarity->e5) * sizeof made->values[0]);
    if (made == NULL || e5_vector(similarity->e5, text, made->values, &ignored) != 0)
        return NULL;
    made->digest = digest;
    return map_put(&similarity->known, digest_view(&made->digest), made) == 0 ? made : NULL;
}

int64_t similarity_of(void *context, struct view a, struct view b)
{
    struct similarity *similarity = context;
    double cosine = 0;

    if (a.len == 0 || b.len == 0)
        return -1;
    pthread_mutex_lock(&similarity->lock);
    if (similarity->known.count + 2 > SIMILARITY_KEPT)
        forget(similarity);
    const struct vector *left = vector_of(similarity, a);
    const struct vector *right = vector_of(similarity, b);
    bool known = left != NULL && right != NULL;
    for (size_t i = 0; known && i < e5_dimension(similarity->e5); i++)
        cosine += (double)left->values[i] * (double)right->values[i];
    pthread_mutex_unlock(&similarity->lock);
    return known ? calibration_map_micro(similarity->calibration, llround(cosine * 1e6)) : -1;
}
