/* SPDX-License-Identifier: Apache-2.0
 *
 * openai_embeddings: see openai_embeddings.h. A response of a thousand vectors has a million
 * numbers, so it is scanned, twice, and never made a tree: once for order and dimensions, once for
 * the values. */
#include "provider/openai_embeddings.h"

#include <math.h>

#include "provider/compose.h"
#include "provider/understand.h"

static const struct param_rule rules[] = {
    {"model", NULL, PARAM_REFUSED, false},
    {"input", NULL, PARAM_REFUSED, false},
    {"encoding_format", NULL, PARAM_REFUSED, false},
    {NULL, NULL, PARAM_TOP, false},
};

/* ---- the request ---------------------------------------------------------------------------- */

static void write_body(struct json_writer *writer, const struct provider_target *target,
                       const struct view *texts, size_t count, const struct params *params)
{
    json_write_object(writer);
    json_write_key(writer, "model");
    json_write_string(writer, target->model);
    json_write_key(writer, "input");
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        json_write_string(writer, texts[i]);
    json_write_end(writer, ']');
    json_write_key(writer, "encoding_format");
    json_write_text(writer, "float");
    compose_write_params(writer, params, PARAM_TOP);
    json_write_end(writer, '}');
}

int openai_embeddings_build(const struct provider_target *target, const struct view *texts,
                            size_t count, struct arena *arena, struct http_request *ret_request,
                            struct err *reterr)
{
    struct http_request request = {.method = VIEW("POST")};
    struct params params;
    struct strbuf body;
    struct json_writer writer;
    int code = compose_check(target, NULL, true, reterr);

    if (code == 0)
        code = compose_params(target, NULL, rules, arena, &params, reterr);
    if (code != 0)
        return code;
    strbuf_init(&body, COMPOSE_BODY_BYTES_MAX);
    json_writer_init(&writer, &body, 0);
    write_body(&writer, target, texts, count, &params);
    code = compose_take_body(target, &body, arena, &request, reterr);
    if (code == 0)
        code = compose_target(target, "/embeddings", arena, &request.target, reterr);
    if (code == 0)
        code = compose_headers(target, "application/json", "Authorization", "Bearer ", arena,
                               &request, reterr);
    if (code == 0)
        *ret_request = request;
    return code;
}

/* ---- the response --------------------------------------------------------------------------- */

enum { DEPTH_ROOT = 1, DEPTH_DATA = 2, DEPTH_ITEM = 3, DEPTH_VECTOR = 4, KEY_MAX = 24 };

/* Where a walk over the response stands, and what it found. */
struct walk {
    char top_key[KEY_MAX]; /* of the root's member; cut where longer */
    char key[KEY_MAX];     /* of the member of an item, or of usage */
    size_t key_len;
    size_t depth;
    size_t items;   /* begun */
    size_t numbers; /* of the vector of the item so far */
    size_t count;   /* items wanted */
    size_t dimensions;
    size_t *rows;  /* of each item: which text it is for */
    bool *taken;   /* of each text: whether an item is for it */
    float *values; /* NULL in the first walk */
    int64_t tokens;
    bool has_data;
    bool has_tokens;
    const char *problem; /* NULL while all is well */
};

static void take_key(struct walk *walk, const struct json_event *event)
{
    char *key = walk->depth == DEPTH_ROOT ? walk->top_key : walk->key;

    for (size_t i = 0; i < event->bytes.len && walk->key_len < KEY_MAX - 1; i++)
        key[walk->key_len++] = event->bytes.ptr[i];
    key[walk->key_len] = '\0';
    if (event->last)
        walk->key_len = 0;
}

static bool in_data(const struct walk *walk)
{
    return strcmp(walk->top_key, "data") == 0;
}

static void take_value(struct walk *walk, double value)
{
    size_t item = walk->items - 1;

    if (walk->numbers == EMBEDDINGS_DIMENSIONS_MAX || !isfinite((float)value)) {
        walk->problem = "a vector in the answer is too long or holds no finite number";
        return;
    }
    if (walk->values != NULL)
        walk->values[walk->rows[item] * walk->dimensions + walk->numbers] = (float)value;
    walk->numbers++;
}

static void take_index(struct walk *walk, double value)
{
    if (!(value >= 0) || value >= (double)walk->count || value != floor(value)) {
        walk->problem = "a vector in the answer has an index that no text has";
        return;
    }
    walk->rows[walk->items - 1] = (size_t)value;
}

static void take_number(struct walk *walk, const struct json_event *event)
{
    double value = 0;
    bool number = event->last && view_to_double(event->bytes, &value) == 0;

    if (walk->depth == DEPTH_VECTOR && in_data(walk) && strcmp(walk->key, "embedding") == 0) {
        take_value(walk, number ? value : (double)INFINITY);
    } else if (walk->depth == DEPTH_ITEM && in_data(walk) && strcmp(walk->key, "index") == 0) {
        if (walk->values == NULL)
            take_index(walk, number ? value : -1);
    } else if (walk->depth == DEPTH_DATA && strcmp(walk->top_key, "usage") == 0
               && strcmp(walk->key, "prompt_tokens") == 0 && number && value >= 0 && value < 1e15) {
        walk->tokens = (int64_t)value;
        walk->has_tokens = true;
    }
}

static void begin_item(struct walk *walk)
{
    if (walk->items == walk->count) {
        walk->problem = "the answer has more vectors than texts were sent";
        return;
    }
    if (walk->values == NULL)
        walk->rows[walk->items] = walk->items;
    walk->items++;
    walk->numbers = 0;
    walk->key[0] = '\0';
}

static void end_item(struct walk *walk)
{
    size_t row = walk->rows[walk->items - 1];

    if (walk->items == 1 && walk->values == NULL)
        walk->dimensions = walk->numbers;
    if (walk->numbers == 0)
        walk->problem = "an item of the answer has no vector 'embedding' of numbers";
    else if (walk->numbers != walk->dimensions)
        walk->problem = "the vectors in the answer differ in length";
    if (walk->values != NULL)
        return;
    if (walk->taken[row])
        walk->problem = "two vectors in the answer are for the same text";
    walk->taken[row] = true;
}

static void take_event(struct walk *walk, const struct json_event *event)
{
    enum json_event_kind kind = event->kind;
    bool begins = kind == JSON_EVENT_OBJECT_BEGIN || kind == JSON_EVENT_ARRAY_BEGIN;
    bool ends = kind == JSON_EVENT_OBJECT_END || kind == JSON_EVENT_ARRAY_END;

    if (begins)
        walk->depth++;
    if (kind == JSON_EVENT_KEY)
        take_key(walk, event);
    else if (kind == JSON_EVENT_NUMBER)
        take_number(walk, event);
    else if (kind == JSON_EVENT_OBJECT_BEGIN && walk->depth == DEPTH_ITEM && in_data(walk))
        begin_item(walk);
    else if (kind == JSON_EVENT_OBJECT_END && walk->depth == DEPTH_ITEM && in_data(walk))
        end_item(walk);
    else if (kind == JSON_EVENT_ARRAY_BEGIN && walk->depth == DEPTH_DATA && in_data(walk))
        walk->has_data = true;
    if (ends)
        walk->depth--;
}

/* Returns 0 (see walk->problem), or ERR_SYNTAX, ERR_LIMIT with reterr where it is no JSON. */
static int walk_over(struct walk *walk, struct view body, struct err *reterr)
{
    struct json_scanner scanner;
    struct json_event event;
    int code;

    walk->depth = walk->items = 0;
    json_scanner_init(&scanner);
    while ((code = json_scan(&scanner, &body, &event, reterr)) == 1 && walk->problem == NULL)
        take_event(walk, &event);
    if (code < 0 || walk->problem != NULL)
        return code < 0 ? code : 0;
    do
        code = json_scan_end(&scanner, &event, reterr);
    while (code == 1);
    return code;
}

static void set_problem(struct walk *walk)
{
    if (walk->problem != NULL)
        return;
    if (!walk->has_data)
        walk->problem = "the answer has no list 'data'";
    else if (walk->items != walk->count)
        walk->problem = "the answer has fewer vectors than texts were sent";
}

int openai_embeddings_read(const struct provider_target *target,
                           const struct http_response *response, size_t count, struct arena *arena,
                           struct embeddings *ret_embeddings, struct reply *ret_reply)
{
    struct walk walk = {.count = count};
    struct view body;
    struct err err = {0};
    *ret_embeddings = (struct embeddings){.count = 0};
    int code = understand_body(target, response, arena, &body, ret_reply);

    if (code != 0)
        return code == 1 ? 0 : code;
    walk.rows = arena_new(arena, count + 1, sizeof *walk.rows);
    walk.taken = arena_new(arena, count + 1, sizeof *walk.taken);
    if (walk.rows == NULL || walk.taken == NULL)
        return ERR_MEMORY;
    if (walk_over(&walk, body, &err) != 0) {
        understand_not_json(target, response, &err, arena, ret_reply);
        return 0;
    }
    set_problem(&walk);
    if (walk.problem != NULL) {
        understand_failed(target, response, arena, ret_reply, walk.problem);
        return 0;
    }
    walk.values = arena_new(arena, count * walk.dimensions, sizeof *walk.values);
    if (walk.values == NULL)
        return ERR_MEMORY;
    code = walk_over(&walk, body, &err);
    assert_always(code == 0 && walk.problem == NULL);
    *ret_embeddings =
        (struct embeddings){.values = walk.values, .count = count, .dimensions = walk.dimensions};
    ret_reply->usage = (struct usage){.tokens_in = walk.tokens, .known = walk.has_tokens};
    return 0;
}
