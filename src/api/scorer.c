/* SPDX-License-Identifier: Apache-2.0
 *
 * scorer: see assay/scorer.h. Vectors of the two texts at hand are kept for the one call. */
#include <assay/scorer.h>

#include <stdio.h>

#include "base/mem.h"
#include "core/golden/offline.h"
#include "engine/e5.h"
#include "engine/mecab.h"

enum { RESULT_BYTES_MAX = 64 << 20 };

static const size_t SCRATCH_BYTES_MAX = (size_t)1 << 30;

struct vector {
    struct view text;
    float *numbers;
};

struct assay_scorer {
    struct similar similar;
    struct e5 *e5;
    struct mecab *mecab; /* NULL without a dictionary */
    struct mecab_reader *reader;
    struct morphology morphology;
    struct vector vectors[2]; /* of the text and the reference that are being scored */
};

static int refuse(int code, const struct err *err, char *error, size_t size)
{
    if (error != NULL && size != 0)
        snprintf(error, size, "%s", err->text[0] != '\0' ? err->text : err_text(code));
    return code;
}

static const float *vector_of(void *context, struct view text, size_t *ret_count)
{
    const struct assay_scorer *scorer = context;

    for (size_t i = 0; i < 2; i++)
        if (scorer->vectors[i].numbers != NULL && view_equal(scorer->vectors[i].text, text)) {
            *ret_count = e5_dimension(scorer->e5);
            return scorer->vectors[i].numbers;
        }
    return NULL;
}

int assay_scorer_new(enum assay_similarity similarity, const char *model_dir,
                     struct assay_scorer **ret_scorer, char *error, size_t size)
{
    static const struct {
        enum similar_kind kind;
        const char *calibration;
    } kinds[] = {
        [ASSAY_SIMILARITY_NONE] = {SIMILAR_NONE, ""},
        [ASSAY_SIMILARITY_NGRAMS] = {SIMILAR_NGRAM, "tfidf"},
        [ASSAY_SIMILARITY_MODEL] = {SIMILAR_VECTOR, "e5-small-q4"},
    };
    struct err err = {0};

    if ((unsigned)similarity >= sizeof kinds / sizeof kinds[0])
        return refuse(fail(&err, ERR_INVALID, "there is no such similarity"), &err, error, size);
    struct assay_scorer *scorer = mem_new(1, sizeof *scorer);
    if (scorer == NULL)
        return refuse(ERR_MEMORY, &err, error, size);
    scorer->similar = (struct similar){
        .kind = kinds[similarity].kind,
        .calibration = calibration_find(view_of(kinds[similarity].calibration)),
        .vector = vector_of,
        .context = scorer,
    };
    int code = 0;
    if (similarity == ASSAY_SIMILARITY_MODEL)
        code = model_dir != NULL
                   ? e5_open(model_dir, &scorer->e5, &err)
                   : fail(&err, ERR_INVALID, "a folder that holds the model must be named");
    if (code != 0) {
        assay_scorer_free(scorer);
        return refuse(code, &err, error, size);
    }
    *ret_scorer = scorer;
    return 0;
}

int assay_scorer_dictionary(struct assay_scorer *scorer, const char *dir, char *error, size_t size)
{
    struct mecab *mecab = NULL;
    struct mecab_reader *reader = NULL;
    struct err err = {0};

    int code = mecab_open(dir, &mecab, &err);
    if (code == 0)
        code = mecab_load(mecab, &err);
    if (code == 0)
        code = mecab_reader_new(mecab, &reader, &err);
    if (code != 0) {
        mecab_close(mecab);
        return refuse(code, &err, error, size);
    }
    mecab_reader_free(scorer->reader);
    mecab_close(scorer->mecab);
    scorer->mecab = mecab;
    scorer->reader = reader;
    scorer->morphology = mecab_morphology(reader);
    return 0;
}

void assay_scorer_free(struct assay_scorer *scorer)
{
    if (scorer == NULL)
        return;
    e5_close(scorer->e5);
    mecab_reader_free(scorer->reader);
    mecab_close(scorer->mecab);
    mem_free(scorer);
}

static int embed(struct assay_scorer *scorer, const struct offline_line *line, struct arena *arena,
                 struct err *reterr)
{
    const struct view texts[2] = {line->text, line->reference};
    int code = 0;

    memset(scorer->vectors, 0, sizeof scorer->vectors);
    if (scorer->e5 == NULL || !line->has_reference || view_equal(texts[0], texts[1]))
        return 0;
    for (size_t i = 0; i < 2 && code == 0; i++) {
        if (texts[i].len == 0)
            continue;
        scorer->vectors[i].text = texts[i];
        scorer->vectors[i].numbers = arena_new(arena, e5_dimension(scorer->e5), sizeof(float));
        code = scorer->vectors[i].numbers != NULL
                   ? e5_vector(scorer->e5, texts[i], scorer->vectors[i].numbers, reterr)
                   : ERR_MEMORY;
    }
    return code;
}

int assay_scorer_score(struct assay_scorer *scorer, const char *json, size_t len, char **ret_json,
                       char *error, size_t size)
{
    struct offline_line line = {0};
    struct arena arena;
    struct strbuf out;
    struct err err = {0};
    const char *name =
        scorer->similar.calibration != NULL ? scorer->similar.calibration->scorer : "none";

    arena_init(&arena, SCRATCH_BYTES_MAX);
    strbuf_init(&out, RESULT_BYTES_MAX);
    int code = offline_read(&arena, view_of("json"), 1, view_make(json, len), &line, &err);
    if (code == 0)
        code = embed(scorer, &line, &arena, &err);
    if (code == 0)
        code =
            offline_score(&line, &scorer->similar, view_of(name),
                          scorer->reader != NULL ? &scorer->morphology : NULL, &arena, &out, &err);
    memset(scorer->vectors, 0, sizeof scorer->vectors);
    if (code == 0)
        *ret_json = strbuf_take(&out);
    offline_release(&line);
    strbuf_release(&out);
    arena_release(&arena);
    return code == 0 ? 0 : refuse(code, &err, error, size);
}

void assay_text_free(char *text)
{
    mem_free(text);
}
