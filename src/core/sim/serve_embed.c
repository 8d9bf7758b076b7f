/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_embed: embeddings as Titan and Cohere have them on Bedrock, and OpenAI at its own API; see
 * serve_parts.h.
 *
 * A vector is the text's weighted character n-grams (text/similarity.h), each added with a sign to
 * a few places drawn from its hash (feature hashing: Weinberger et al., ICML 2009), so cosines are
 * about those of the n-grams: near for texts that share words, in any language, and about 0 for
 * others. It cannot cross languages.
 * Source: Bedrock User Guide, "Amazon Titan Text Embeddings", "Cohere Embed"; OpenAI API
 * reference. */
#include <math.h>

#include "base/utf8.h"
#include "core/sim/serve_parts.h"
#include "text/similarity.h"
#include "text/tokens.h"
#include "wire/base64.h"

enum {
    PLACES = 4, /* of one n-gram */
    PLACE_BITS = 15,
    NUMBER_DECIMALS = 7, /* as precise as the numbers are */
    OPENAI_DIMENSIONS = 1536,
    OPENAI_DIMENSIONS_MAX = 3072,
    OPENAI_TEXTS_MAX = 2048,
    OPENAI_INPUT_TOKENS_MAX = 8192,
    OPENAI_TOKENS_MAX = 300000,
    OPENAI_BYTES_MAX = 64 * 1024 * 1024, /* of an answer: the most vectors of the most numbers */
    COHERE_DIMENSIONS = 1024,
    COHERE_TEXTS_MAX = 96,
    COHERE_CHARACTERS_MAX = 2048, /* of one text */
    TITAN_TOKENS_MAX = 8192,
};

/* The finalizer of splitmix64: all places of an n-gram come from this one hash. */
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

int serve_embed(struct arena *arena, struct view text, size_t dimensions, float **ret_vector)
{
    static const uint64_t place_mask = (UINT64_C(1) << PLACE_BITS) - 1;
    struct ngram_vector grams;
    float *vector = arena_new(arena, dimensions, sizeof *vector);
    double square = 0.0;

    if (vector == NULL || ngram_vector_of(arena, NULL, text, &grams) != 0)
        return ERR_MEMORY;
    for (size_t i = 0; i < grams.count; i++) {
        uint64_t draw = mix(grams.keys[i]);
        for (int place = 0; place < PLACES; place++, draw >>= PLACE_BITS + 1)
            vector[((draw >> 1 & place_mask) * dimensions) >> PLACE_BITS] +=
                (draw & 1) != 0 ? grams.weights[i] : -grams.weights[i];
    }
    for (size_t i = 0; i < dimensions; i++)
        square += (double)vector[i] * (double)vector[i];
    if (square == 0.0)
        vector[0] = 1.0f; /* of an empty text */
    double length = sqrt(square);
    for (size_t i = 0; i < dimensions && square > 0.0; i++)
        vector[i] = (float)((double)vector[i] / length);
    *ret_vector = vector;
    return 0;
}

/* As json_write_fixed would, without its formats: answers have millions of them. The number is of a
 * vector of length 1: -1..1. */
static void write_number(struct json_writer *writer, float number)
{
    char text[NUMBER_DECIMALS + 3]; /* "-0." before the decimals */
    int64_t scaled = (int64_t)llround((double)number * 1e7);
    uint64_t rest = (uint64_t)(scaled < 0 ? -scaled : scaled);
    int decimals = NUMBER_DECIMALS;
    size_t at = sizeof text;

    for (; decimals > 0 && rest % 10 == 0; decimals--)
        rest /= 10;
    for (int i = 0; i < decimals; i++, rest /= 10)
        text[--at] = (char)('0' + rest % 10);
    if (decimals != 0)
        text[--at] = '.';
    text[--at] = (char)('0' + rest % 10);
    if (scaled < 0)
        text[--at] = '-';
    json_write_raw(writer, view_make(text + at, sizeof text - at));
}

void serve_write_vector(struct json_writer *writer, const float *vector, size_t count)
{
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        write_number(writer, vector[i]);
    json_write_end(writer, ']');
}

/* int8, binary and their kin: one number for each dimension, or for each eight. */
static void write_numbers(struct json_writer *writer, const float *vector, size_t count, bool bits)
{
    json_write_array(writer);
    for (size_t i = 0; i < count; i++) {
        long value = lround((double)vector[i] * 127.0 * 8.0);
        json_write_int(writer, bits           ? vector[i] > 0.0f
                               : value > 127  ? 127
                               : value < -128 ? -128
                                              : value);
    }
    json_write_end(writer, ']');
}

/* Takes the tokens from the quota: true where the exchange was answered with a fault. */
static const struct sim_fault *charge(struct exchange *exchange, struct view model, int64_t tokens)
{
    const struct sim_fault *fault = serve_reserve(exchange, model, tokens, 1);
    struct usage usage = {.tokens_in = tokens};

    if (fault == NULL)
        serve_used(exchange, model, &usage);
    return fault;
}

/* ---- Titan ---------------------------------------------------------------------------------- */

static bool wants_type(const struct json *types, const char *type)
{
    for (const struct json *one = json_is(types, JSON_ARRAY) ? types->child : NULL; one != NULL;
         one = one->next)
        if (view_is(json_text(one, view_of("")), type))
            return true;
    return false;
}

static int write_titan(struct exchange *exchange, struct view text, size_t dimensions,
                       int64_t tokens)
{
    const struct json *types = json_get(exchange->body, "embeddingTypes");
    bool wants_float = types == NULL || wants_type(types, "float");
    struct json_writer writer;
    struct strbuf out;
    float *vector;

    if (serve_embed(exchange->arena, text, dimensions, &vector) != 0)
        return ERR_MEMORY;
    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    if (wants_float) {
        json_write_key(&writer, "embedding");
        serve_write_vector(&writer, vector, dimensions);
    }
    json_member_object(&writer, "embeddingsByType");
    if (wants_float) {
        json_write_key(&writer, "float");
        serve_write_vector(&writer, vector, dimensions);
    }
    if (wants_type(types, "binary")) {
        json_write_key(&writer, "binary");
        write_numbers(&writer, vector, dimensions, true);
    }
    json_write_end(&writer, '}');
    json_member_int(&writer, "inputTextTokenCount", tokens);
    json_write_end(&writer, '}');
    return serve_bedrock_finish(exchange, &out);
}

static int serve_titan(struct exchange *exchange, struct view model)
{
    const struct json *input = json_get(exchange->body, "inputText");
    bool first_version = view_find(model, view_of("titan-embed-text-v1"), 0) < model.len
                         || view_find(model, view_of("titan-embed-g1"), 0) < model.len;
    int64_t dimensions =
        json_int(json_get(exchange->body, "dimensions"), first_version ? 1536 : 1024);

    if (!json_is(input, JSON_STRING) || input->text.len == 0)
        return serve_bedrock_invalid(exchange,
                                     "Malformed input request: #: required key [inputText] not "
                                     "found, please reformat your input and try again.");
    if (first_version ? dimensions != 1536
                      : dimensions != 256 && dimensions != 512 && dimensions != 1024)
        return serve_bedrock_invalid(
            exchange, "Malformed input request: #/dimensions: is not a valid enum value, please "
                      "reformat your input and try again.");
    int64_t tokens = (int64_t)tokens_estimate(input->text);
    if (tokens > TITAN_TOKENS_MAX)
        return serve_bedrock_invalid(
            exchange, "Too many input tokens. Max input tokens: 8192, please reformat your input "
                      "and try again.");
    const struct sim_fault *fault = charge(exchange, model, tokens);
    if (fault != NULL)
        return serve_bedrock_fault(exchange, fault);
    int code = write_titan(exchange, input->text, (size_t)dimensions, tokens);
    return code != 0 ? code : serve_bedrock_counts(exchange, &(struct usage){.tokens_in = tokens});
}

/* ---- Cohere --------------------------------------------------------------------------------- */

static const char *cohere_problem(const struct json *body)
{
    static const char *const input_types[] = {"search_document", "search_query", "classification",
                                              "clustering", "image"};
    const struct json *texts = json_get(body, "texts");
    struct view input_type = json_text(json_get(body, "input_type"), view_of(""));
    bool known = false;

    for (size_t i = 0; i < sizeof input_types / sizeof input_types[0]; i++)
        known = known || view_is(input_type, input_types[i]);
    if (!json_is(texts, JSON_ARRAY) || texts->count == 0)
        return "Malformed input request: #: required key [texts] not found, please reformat your "
               "input and try again.";
    if (texts->count > COHERE_TEXTS_MAX)
        return "Malformed input request: #/texts: expected maximum item count: 96, please reformat "
               "your input and try again.";
    if (!known)
        return "Malformed input request: #/input_type: is not a valid enum value, please reformat "
               "your input and try again.";
    for (const struct json *text = texts->child; text != NULL; text = text->next)
        if (!json_is(text, JSON_STRING) || text->text.len == 0)
            return "Malformed input request: #/texts: expected minLength: 1, please reformat your "
                   "input and try again.";
    return NULL;
}

/* Answers where a text is too long: true; the first of them is named. */
static bool cohere_too_long(struct exchange *exchange, int *ret_code)
{
    const struct json *text = json_get(exchange->body, "texts")->child;
    char message[200];

    for (size_t i = 0; text != NULL; text = text->next, i++) {
        size_t count = utf8_count(text->text);
        if (count <= COHERE_CHARACTERS_MAX)
            continue;
        snprintf(
            message, sizeof message,
            "Malformed input request: #/texts/%zu: expected maxLength: %d, actual: %zu, please "
            "reformat your input and try again.",
            i, COHERE_CHARACTERS_MAX, count);
        *ret_code = serve_bedrock_invalid(exchange, message);
        return true;
    }
    return false;
}

static int write_cohere_vectors(struct exchange *exchange, struct json_writer *writer,
                                const char *type)
{
    const struct json *texts = json_get(exchange->body, "texts");
    bool bits = strcmp(type, "binary") == 0 || strcmp(type, "ubinary") == 0;

    json_write_array(writer);
    for (const struct json *text = texts->child; text != NULL; text = text->next) {
        float *vector;
        if (serve_embed(exchange->arena, text->text, COHERE_DIMENSIONS, &vector) != 0)
            return ERR_MEMORY;
        if (strcmp(type, "float") == 0)
            serve_write_vector(writer, vector, COHERE_DIMENSIONS);
        else
            write_numbers(writer, vector, bits ? COHERE_DIMENSIONS / 8 : COHERE_DIMENSIONS, bits);
    }
    json_write_end(writer, ']');
    return 0;
}

static int write_cohere(struct exchange *exchange)
{
    static const char *const types[] = {"float", "int8", "uint8", "binary", "ubinary"};
    const struct json *wanted = json_get(exchange->body, "embedding_types");
    struct json_writer writer;
    struct strbuf out;
    int code = 0;

    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    char *id = arena_printf(exchange->arena, "%016llx", (unsigned long long)exchange->id);
    json_member_text(&writer, "id", id != NULL ? id : "");
    json_member_text(&writer, "response_type",
                     wanted == NULL ? "embeddings_floats" : "embeddings_by_type");
    json_write_key(&writer, "texts");
    json_write_tree(&writer, json_get(exchange->body, "texts"));
    json_write_key(&writer, "embeddings");
    if (wanted == NULL) {
        code = write_cohere_vectors(exchange, &writer, "float");
    } else {
        json_write_object(&writer);
        for (size_t i = 0; i < sizeof types / sizeof types[0] && code == 0; i++)
            if (wants_type(wanted, types[i])) {
                json_write_key(&writer, types[i]);
                code = write_cohere_vectors(exchange, &writer, types[i]);
            }
        json_write_end(&writer, '}');
    }
    json_write_end(&writer, '}');
    if (code == 0)
        return serve_bedrock_finish(exchange, &out);
    strbuf_release(&out);
    return code;
}

static int serve_cohere(struct exchange *exchange, struct view model)
{
    const char *problem = cohere_problem(exchange->body);
    int64_t tokens = 0;

    int code;

    if (problem != NULL)
        return serve_bedrock_invalid(exchange, problem);
    if (cohere_too_long(exchange, &code))
        return code;
    for (const struct json *text = json_get(exchange->body, "texts")->child; text != NULL;
         text = text->next)
        tokens += (int64_t)tokens_estimate(text->text);
    const struct sim_fault *fault = charge(exchange, model, tokens);
    if (fault != NULL)
        return serve_bedrock_fault(exchange, fault);
    code = write_cohere(exchange);
    return code != 0 ? code : serve_bedrock_counts(exchange, &(struct usage){.tokens_in = tokens});
}

int serve_bedrock_embedding(struct exchange *exchange, struct view model)
{
    return view_find(model, view_of("cohere."), 0) < model.len ? serve_cohere(exchange, model)
                                                               : serve_titan(exchange, model);
}

/* ---- OpenAI --------------------------------------------------------------------------------- */

static bool wants_base64(const struct json *body)
{
    return view_is(json_text(json_get(body, "encoding_format"), view_of("float")), "base64");
}

static const char *openai_problem(const struct json *body, const char **ret_param)
{
    const struct json *input = json_get(body, "input");
    const struct json *dimensions = json_get(body, "dimensions");
    int64_t count = json_int(dimensions, OPENAI_DIMENSIONS);

    *ret_param = "input";
    if (input == NULL)
        return "Missing required parameter: 'input'.";
    if (json_is(input, JSON_STRING) && input->text.len == 0)
        return "Invalid 'input': must not be an empty string.";
    if (!json_is(input, JSON_STRING) && !json_is(input, JSON_ARRAY))
        return "Invalid type for 'input': expected a string or an array of strings.";
    if (json_is(input, JSON_ARRAY) && (input->count == 0 || input->count > OPENAI_TEXTS_MAX))
        return "Invalid 'input': expected an array of 1 to 2048 strings.";
    for (const struct json *one = json_is(input, JSON_ARRAY) ? input->child : NULL; one != NULL;
         one = one->next)
        if (!json_is(one, JSON_STRING))
            return "Invalid type for 'input': this simulator reads strings, not tokens.";
    *ret_param = "dimensions";
    if (dimensions != NULL && (count < 1 || count > OPENAI_DIMENSIONS_MAX))
        return "Invalid value for 'dimensions': expected an integer from 1 to 3072.";
    return NULL;
}

/* Counts the tokens of all inputs; past a limit it answers and says true. */
static bool openai_too_long(struct exchange *exchange, const struct json *input,
                            int64_t *ret_tokens, int *ret_code)
{
    const struct json *one = json_is(input, JSON_ARRAY) ? input->child : input;
    char message[240];

    for (*ret_tokens = 0; one != NULL; one = json_is(input, JSON_ARRAY) ? one->next : NULL) {
        int64_t tokens = (int64_t)tokens_estimate(one->text);
        *ret_tokens += tokens;
        if (tokens <= OPENAI_INPUT_TOKENS_MAX)
            continue;
        snprintf(message, sizeof message,
                 "This model's maximum context length is %d tokens, however you requested %lld "
                 "tokens (%lld in your prompt; 0 for the completion). Please reduce your prompt; "
                 "or completion length.",
                 OPENAI_INPUT_TOKENS_MAX, (long long)tokens, (long long)tokens);
        *ret_code = serve_openai_error(exchange, 400, "invalid_request_error", NULL, NULL,
                                       view_of(message));
        return true;
    }
    if (*ret_tokens <= OPENAI_TOKENS_MAX)
        return false;
    snprintf(message, sizeof message, "Requested %lld tokens, max %d tokens per request",
             (long long)*ret_tokens, OPENAI_TOKENS_MAX);
    *ret_code = serve_openai_error(exchange, 400, "max_tokens_per_request", NULL,
                                   "max_tokens_per_request", view_of(message));
    return true;
}

static int write_openai_one(struct exchange *exchange, struct json_writer *writer, size_t index,
                            struct view text)
{
    const struct json *body = exchange->body;
    size_t dimensions = (size_t)json_int(json_get(body, "dimensions"), OPENAI_DIMENSIONS);
    struct strbuf bytes;
    float *vector;

    if (serve_embed(exchange->arena, text, dimensions, &vector) != 0)
        return ERR_MEMORY;
    json_write_object(writer);
    json_member_text(writer, "object", "embedding");
    json_member_int(writer, "index", (int64_t)index);
    json_write_key(writer, "embedding");
    if (wants_base64(body)) { /* floats as they lie in memory, little-endian */
        strbuf_init(&bytes, SERVE_BYTES_MAX);
        base64_encode(&bytes, view_make(vector, dimensions * sizeof *vector));
        json_write_string(writer, strbuf_view(&bytes));
        strbuf_release(&bytes);
    } else {
        serve_write_vector(writer, vector, dimensions);
    }
    json_write_end(writer, '}');
    return 0;
}

static int write_openai(struct exchange *exchange, struct view model, int64_t tokens)
{
    const struct json *input = json_get(exchange->body, "input");
    const struct json *one = json_is(input, JSON_ARRAY) ? input->child : input;
    struct json_writer writer;
    struct strbuf out;
    int code = 0;

    strbuf_init(&out, OPENAI_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    json_member_text(&writer, "object", "list");
    json_member_array(&writer, "data");
    for (size_t i = 0; one != NULL && code == 0; i++) {
        code = write_openai_one(exchange, &writer, i, one->text);
        one = json_is(input, JSON_ARRAY) ? one->next : NULL;
    }
    json_write_end(&writer, ']');
    json_member_string(&writer, "model", model);
    json_member_object(&writer, "usage");
    json_member_int(&writer, "prompt_tokens", tokens);
    json_member_int(&writer, "total_tokens", tokens);
    json_write_end(&writer, '}');
    json_write_end(&writer, '}');
    if (code == 0)
        return serve_openai_finish(exchange, 200, &out);
    strbuf_release(&out);
    return code;
}

int serve_openai_embeddings(struct exchange *exchange)
{
    const struct json *body = exchange->body;
    struct view model = json_text(json_get(body, "model"), (struct view){NULL, 0});
    const struct sim_fault *fault = serve_fault(exchange, model);
    const char *param = NULL;
    int64_t tokens;
    int code;

    if (!json_is(body, JSON_OBJECT) || model.len == 0)
        return serve_openai_error(exchange, 400, "invalid_request_error", "model", NULL,
                                  view_of("you must provide a model parameter"));
    const char *problem = openai_problem(body, &param);
    if (problem != NULL)
        return serve_openai_error(exchange, 400, "invalid_request_error", param, "invalid_value",
                                  view_of(problem));
    if (openai_too_long(exchange, json_get(body, "input"), &tokens, &code))
        return code;
    if (fault == NULL)
        fault = charge(exchange, model, tokens);
    return fault != NULL ? serve_openai_fault(exchange, fault)
                         : write_openai(exchange, model, tokens);
}
