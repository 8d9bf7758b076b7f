/* SPDX-License-Identifier: Apache-2.0
 *
 * bedrock_embeddings: see bedrock_embeddings.h. At most 96 vectors of some thousand numbers: a tree
 * will do. */
#include "provider/bedrock_embeddings.h"

#include <math.h>

#include "provider/families.h"

/* ---- requests ------------------------------------------------------------------------------- */

static int finish(const struct provider_target *target, struct strbuf *body, struct arena *arena,
                  struct http_request *ret_request, struct err *reterr)
{
    struct http_request request = {.method = VIEW("POST")};
    int code = compose_take_body(target, body, arena, &request, reterr);

    if (code == 0)
        code = bedrock_path(target, "invoke", arena, &request, reterr);
    if (code == 0)
        code = compose_headers(target, "application/json", "Authorization", "Bearer ", arena,
                               &request, reterr);
    if (code == 0)
        *ret_request = request;
    return code;
}

/* Begins the body and reads the parameters, of which some are ours to write. */
static int begin(const struct provider_target *target, const struct param_rule *rules,
                 struct arena *arena, struct params *ret_params, struct strbuf *body,
                 struct json_writer *writer, struct err *reterr)
{
    int code = compose_params(target, NULL, rules, arena, ret_params, reterr);

    if (code != 0)
        return code;
    strbuf_init(body, COMPOSE_BODY_BYTES_MAX);
    json_writer_init(writer, body, 0);
    json_write_object(writer);
    return 0;
}

int titan_embeddings_build(const struct provider_target *target, const struct view *texts,
                           size_t count, struct arena *arena, struct http_request *ret_request,
                           struct err *reterr)
{
    static const struct param_rule rules[] = {
        {"inputText", NULL, PARAM_REFUSED, false},
        {"embeddingTypes", NULL, PARAM_REFUSED, false},
        {NULL, NULL, PARAM_TOP, false},
    };
    struct json_writer writer;
    struct params params;
    struct strbuf body;
    int code = begin(target, rules, arena, &params, &body, &writer, reterr);

    (void)count;
    if (code != 0)
        return code;
    json_member_string(&writer, "inputText", texts[0]);
    compose_write_params(&writer, &params, PARAM_TOP);
    json_write_end(&writer, '}');
    return finish(target, &body, arena, ret_request, reterr);
}

int cohere_embeddings_build(const struct provider_target *target, const struct view *texts,
                            size_t count, struct arena *arena, struct http_request *ret_request,
                            struct err *reterr)
{
    static const struct param_rule rules[] = {
        {"texts", NULL, PARAM_REFUSED, false},
        {"embedding_types", NULL, PARAM_REFUSED, false},
        {NULL, NULL, PARAM_TOP, false},
    };
    struct json_writer writer;
    struct params params;
    struct strbuf body;
    int code = begin(target, rules, arena, &params, &body, &writer, reterr);

    if (code != 0)
        return code;
    json_member_array(&writer, "texts");
    for (size_t i = 0; i < count; i++)
        json_write_string(&writer, texts[i]);
    json_write_end(&writer, ']');
    if (!compose_sends(&params, "input_type"))
        json_member_text(&writer, "input_type", "clustering");
    if (!compose_sends(&params, "truncate"))
        json_member_text(&writer, "truncate", "END");
    compose_write_params(&writer, &params, PARAM_TOP);
    json_write_end(&writer, '}');
    return finish(target, &body, arena, ret_request, reterr);
}

/* ---- responses ------------------------------------------------------------------------------ */

/* Puts the numbers of a JSON array to `to`; false where one is no finite number. */
static bool read_vector(const struct json *array, float *to)
{
    for (const struct json *number = array->child; number != NULL; number = number->next) {
        double value = 0;
        if (!json_is(number, JSON_NUMBER) || view_to_double(number->text, &value) != 0
            || !isfinite((float)value))
            return false;
        *to++ = (float)value;
    }
    return true;
}

/* `first` and its followers are `count` arrays of numbers of one length. */
static int read_vectors(const struct provider_target *target, const struct http_response *response,
                        const struct json *first, size_t count, struct arena *arena,
                        struct embeddings *ret_embeddings, struct reply *ret_reply)
{
    size_t dimensions = json_is(first, JSON_ARRAY) ? first->count : 0;
    const struct json *array = first;

    if (dimensions == 0 || dimensions > EMBEDDINGS_DIMENSIONS_MAX) {
        understand_failed(target, response, arena, ret_reply,
                          "the answer has no vector of numbers, or one that is too long");
        return 0;
    }
    float *values = arena_new(arena, count * dimensions, sizeof *values);
    if (values == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++, array = array->next)
        if (!json_is(array, JSON_ARRAY) || array->count != dimensions
            || !read_vector(array, values + i * dimensions)) {
            understand_failed(target, response, arena, ret_reply,
                              "a vector of the answer differs in length or holds no numbers");
            return 0;
        }
    *ret_embeddings =
        (struct embeddings){.values = values, .count = count, .dimensions = dimensions};
    return 0;
}

int titan_embeddings_read(const struct provider_target *target,
                          const struct http_response *response, size_t count, struct arena *arena,
                          struct embeddings *ret_embeddings, struct reply *ret_reply)
{
    struct json *root;
    int code = understand_json(target, response, arena, &root, ret_reply);

    if (code != 0)
        return code == 1 ? 0 : code;
    const struct json *tokens = json_get(root, "inputTextTokenCount");
    ret_reply->usage =
        (struct usage){.tokens_in = understand_count(tokens), .known = tokens != NULL};
    return read_vectors(target, response, json_get(root, "embedding"), count, arena, ret_embeddings,
                        ret_reply);
}

int cohere_embeddings_read(const struct provider_target *target,
                           const struct http_response *response, size_t count, struct arena *arena,
                           struct embeddings *ret_embeddings, struct reply *ret_reply)
{
    struct json *root;
    int code = understand_json(target, response, arena, &root, ret_reply);

    if (code != 0)
        return code == 1 ? 0 : code;
    const struct json *vectors = json_get(root, "embeddings");
    if (json_is(vectors, JSON_OBJECT)) /* newer models: one list a type */
        vectors = json_get(vectors, "float");
    if (!json_is(vectors, JSON_ARRAY) || vectors->count != count) {
        understand_failed(target, response, arena, ret_reply,
                          "the answer has not as many vectors as texts were sent");
        return 0;
    }
    return read_vectors(target, response, vectors->child, count, arena, ret_embeddings, ret_reply);
}
