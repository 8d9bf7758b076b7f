/* SPDX-License-Identifier: Apache-2.0
 *
 * embeddings: see embeddings.h: the table of who embeds how. */
#include "provider/embeddings.h"

#include "provider/bedrock_embeddings.h"
#include "provider/compose.h"
#include "provider/openai_embeddings.h"

struct family {
    enum provider_kind kind;
    const char *model; /* stands in the model's id; "": any */
    size_t batch;
    int (*build)(const struct provider_target *target, const struct view *texts, size_t count,
                 struct arena *arena, struct http_request *ret_request, struct err *reterr);
    int (*read)(const struct provider_target *target, const struct http_response *response,
                size_t count, struct arena *arena, struct embeddings *ret_embeddings,
                struct reply *ret_reply);
};

static const struct family families[] = {
    {PROVIDER_OPENAI, "", EMBEDDINGS_TEXTS_MAX, openai_embeddings_build, openai_embeddings_read},
    {PROVIDER_BEDROCK, "titan-embed", 1, titan_embeddings_build, titan_embeddings_read},
    {PROVIDER_BEDROCK, "cohere.embed", COHERE_EMBEDDINGS_TEXTS_MAX, cohere_embeddings_build,
     cohere_embeddings_read},
};

static const struct family *family_of(const struct provider_target *target)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (families[i].kind == target->kind
            && (families[i].model[0] == '\0'
                || view_find(target->model, view_of(families[i].model), 0) < target->model.len))
            return &families[i];
    return NULL;
}

size_t embeddings_batch(const struct provider_target *target, struct err *reterr)
{
    const struct family *family = family_of(target);

    if (family == NULL)
        (void)compose_fail(target, reterr, ERR_UNSUPPORTED,
                           "embeddings come from targets of kind openai, or of kind bedrock with a "
                           "model amazon.titan-embed-… or cohere.embed-…");
    return family != NULL ? family->batch : 0;
}

int embeddings_build(const struct provider_target *target, const struct view *texts, size_t count,
                     struct arena *arena, struct http_request *ret_request, struct err *reterr)
{
    const struct family *family = family_of(target);

    if (embeddings_batch(target, reterr) == 0)
        return ERR_UNSUPPORTED;
    if (count == 0 || count > family->batch)
        return compose_fail(target, reterr, ERR_LIMIT, "%zu texts in one request; 1 to %zu fit",
                            count, family->batch);
    return family->build(target, texts, count, arena, ret_request, reterr);
}

int embeddings_read(const struct provider_target *target, const struct http_response *response,
                    size_t count, struct arena *arena, struct embeddings *ret_embeddings,
                    struct reply *ret_reply)
{
    const struct family *family = family_of(target);

    assert_always(family != NULL); /* whoever reads has built */
    *ret_embeddings = (struct embeddings){.count = 0};
    return family->read(target, response, count, arena, ret_embeddings, ret_reply);
}
