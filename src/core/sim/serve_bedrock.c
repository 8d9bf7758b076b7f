/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_bedrock: the Bedrock Runtime's operations on a model: routing, errors, InvokeModel with
 * Claude bodies whole and as a stream, CountTokens; see serve_parts.h. Model ids are decoded after
 * the path was split: an ARN is one segment. */
#include "core/sim/serve_parts.h"
#include "wire/base64.h"
#include "wire/eventstream.h"
#include "wire/url.h"

enum { MODEL_MAX_BYTES = 2048 };

/* ---- answers -------------------------------------------------------------------------------- */

int serve_bedrock_request_id(struct exchange *exchange)
{
    char id[40];
    unsigned long long high = exchange->id;
    unsigned long long low = exchange->id * 0x9e3779b97f4a7c15ull ^ exchange->serial;

    snprintf(id, sizeof id, "%08llx-%04llx-4%03llx-8%03llx-%012llx", high >> 32,
             high >> 16 & 0xffff, high & 0xfff, low >> 52, low & 0xffffffffffffull);
    return serve_header(exchange, "x-amzn-RequestId", view_of(id));
}

int serve_bedrock_error(struct exchange *exchange, int status, const char *type,
                        struct view message)
{
    struct strbuf out;
    struct json_writer writer;

    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    json_member_string(&writer, "message", message);
    json_write_end(&writer, '}');
    int code = serve_json(exchange, status, &out);
    if (code == 0)
        code = serve_header(exchange, "x-amzn-ErrorType", view_of(type));
    return code != 0 ? code : serve_bedrock_request_id(exchange);
}

int serve_bedrock_invalid(struct exchange *exchange, const char *message)
{
    return serve_bedrock_error(exchange, 400, "ValidationException", view_of(message));
}

int serve_bedrock_fault(struct exchange *exchange, const struct sim_fault *fault)
{
    return serve_bedrock_error(exchange, fault->http_status, fault->type, view_of(fault->text));
}

int serve_bedrock_finish(struct exchange *exchange, struct strbuf *out)
{
    int code = serve_json(exchange, 200, out);

    return code != 0 ? code : serve_bedrock_request_id(exchange);
}

int serve_bedrock_counts(struct exchange *exchange, const struct usage *usage)
{
    const struct {
        const char *name;
        int64_t value;
    } headers[] = {
        {"X-Amzn-Bedrock-Input-Token-Count", usage->tokens_in},
        {"X-Amzn-Bedrock-Output-Token-Count", usage->tokens_out},
        {"X-Amzn-Bedrock-Invocation-Latency", (int64_t)(exchange->served->latency_ns / 1000000)},
    };
    int code = 0;

    for (size_t i = 0; code == 0 && i < sizeof headers / sizeof headers[0]; i++) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)headers[i].value);
        code = serve_header(exchange, headers[i].name, view_of(text));
    }
    return code;
}

/* ---- which model ---------------------------------------------------------------------------- */

enum family { FAMILY_SIM, FAMILY_CLAUDE, FAMILY_EMBEDDING, FAMILY_OTHER, FAMILY_UNKNOWN };

/* The id without what stands before it: an ARN, the region of an inference profile. */
static struct view bare_model(struct view model)
{
    static const char *const regions[] = {"us.",   "eu.",     "jp.",    "au.",
                                          "apac.", "us-gov.", "global."};
    size_t slash = view_find_byte(model, '/');

    if (view_starts(model, view_of("arn:")) && slash < model.len)
        model = view_slice(model, slash + 1, model.len);
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++)
        if (view_starts(model, view_of(regions[i])))
            return view_slice(model, strlen(regions[i]), model.len);
    return model;
}

static enum family family_of(struct view model)
{
    static const char *const others[] = {"amazon.",    "meta.",   "mistral.",  "cohere.",
                                         "ai21.",      "openai.", "deepseek.", "qwen.",
                                         "stability.", "writer."};
    struct view bare = bare_model(model);

    if (view_is(bare, "sim") || view_starts(bare, view_of("sim."))
        || view_starts(bare, view_of("sim-")))
        return FAMILY_SIM;
    if (view_starts(bare, view_of("anthropic.claude")))
        return FAMILY_CLAUDE;
    if (view_starts(bare, view_of("amazon.titan-embed"))
        || view_starts(bare, view_of("cohere.embed")))
        return FAMILY_EMBEDDING;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (view_starts(bare, view_of(others[i])))
            return FAMILY_OTHER;
    /* the ARN of an application inference profile does not say of which model it is */
    return view_starts(model, view_of("arn:")) ? FAMILY_CLAUDE : FAMILY_UNKNOWN;
}

/* ---- InvokeModel ---------------------------------------------------------------------------- */

static void read_invoke(struct reading *reading, const struct json *body)
{
    const struct json *version = json_get(body, "anthropic_version");

    if (version != NULL && !json_is(version, JSON_STRING))
        reading->problem = "Malformed input request: #/anthropic_version: expected type: String, "
                           "please reformat your input and try again.";
    else if (version == NULL)
        reading->problem =
            "Malformed input request: #: required key [anthropic_version] not found, "
            "please reformat your input and try again.";
    else if (json_get(body, "max_tokens") == NULL)
        reading->problem =
            "Malformed input request: #: required key [max_tokens] not found, please "
            "reformat your input and try again.";
    else if (json_get(body, "model") != NULL)
        reading->problem = "model: Extra inputs are not permitted";
    else if (json_get(body, "stream") != NULL)
        reading->problem = "stream: Extra inputs are not permitted";
    claude_read(reading, body);
}

static int invoke_claude(struct exchange *exchange, struct view model, struct reply *ret_reply,
                         bool *ret_told)
{
    struct reading reading = {.exchange = exchange};
    const struct sim_fault *fault = NULL;

    *ret_told = true;
    read_invoke(&reading, exchange->body);
    if (reading.code != 0)
        return reading.code;
    if (reading.problem != NULL)
        return serve_bedrock_invalid(exchange, reading.problem);
    reading.chat.sample = exchange->sample;
    int code = serve_ask(exchange, &reading.chat, model, ret_reply, &fault);
    if (code != 0)
        return code;
    if (fault != NULL)
        return serve_bedrock_fault(exchange, fault);
    if (ret_reply->code != 0)
        return serve_bedrock_invalid(exchange, ret_reply->error_text.ptr);
    *ret_told = false;
    return 0;
}

static int serve_invoke(struct exchange *exchange, struct view model, bool is_other)
{
    struct reply reply;
    struct strbuf out;
    bool told;

    if (is_other)
        return serve_bedrock_invalid(
            exchange, "This simulator serves InvokeModel for bodies of Anthropic Claude models "
                      "only; ask this model through Converse.");
    int code = invoke_claude(exchange, model, &reply, &told);
    if (code != 0 || told)
        return code;
    strbuf_init(&out, SERVE_BYTES_MAX);
    claude_write(exchange, "msg_bdrk_", model, &reply, &out);
    code = serve_bedrock_finish(exchange, &out);
    return code != 0 ? code : serve_bedrock_counts(exchange, &reply.usage);
}

/* ---- InvokeModelWithResponseStream ---------------------------------------------------------- */

/* "abc…": as long as the seed draws, so that a frame's length does not tell the text's. */
struct view serve_padding(struct serve_stream *stream)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    return view_make(letters, 1 + rng_below(&stream->rng, sizeof letters - 1));
}

void serve_frame(struct serve_stream *stream, const char *message_type, struct view type,
                 struct strbuf *json)
{
    bool is_event = strcmp(message_type, "event") == 0;
    const struct eventstream_header headers[] = {
        {.name = is_event ? view_of(":event-type") : view_of(":exception-type"),
         .type = EVENTSTREAM_STRING,
         .bytes = type},
        {.name = VIEW(":content-type"),
         .type = EVENTSTREAM_STRING,
         .bytes = VIEW("application/json")},
        {.name = VIEW(":message-type"), .type = EVENTSTREAM_STRING, .bytes = view_of(message_type)},
    };

    if (strbuf_status(json) != 0
        || eventstream_write(&stream->bytes, headers, sizeof headers / sizeof headers[0],
                             strbuf_view(json), NULL)
               != 0)
        stream->code = ERR_MEMORY;
    strbuf_release(json);
}

/* One chunk: {"bytes": …, "p": padding}. */
static void write_chunk(struct serve_stream *stream, const char *name, struct view json)
{
    struct strbuf out;

    (void)name; /* the JSON has it too */
    strbuf_init(&out, SERVE_BYTES_MAX);
    strbuf_add_text(&out, "{\"bytes\":\"");
    base64_encode(&out, json);
    strbuf_add_text(&out, "\",\"p\":\"");
    strbuf_add(&out, serve_padding(stream));
    strbuf_add_text(&out, "\"}");
    serve_frame(stream, "event", view_of("chunk"), &out);
}

static void begin_invoke(struct serve_stream *stream)
{
    claude_begin(stream, "msg_bdrk_", write_chunk);
}

static void delta_invoke(struct serve_stream *stream, struct view text)
{
    claude_delta(stream, text, write_chunk);
}

static void end_invoke(struct serve_stream *stream)
{
    claude_end(stream, true, write_chunk);
}

void serve_exception_frame(struct serve_stream *stream, const struct sim_fault *fault)
{
    char type[64];
    struct strbuf out;
    struct json_writer writer;

    snprintf(type, sizeof type, "%s", fault->type);
    type[0] = (char)(type[0] | 0x20); /* "throttlingException" */
    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    json_member_text(&writer, "message", fault->text);
    json_write_end(&writer, '}');
    serve_frame(stream, "exception", view_of(type), &out);
}

static const struct serve_form invoke_form = {
    .content_type = "application/vnd.amazon.eventstream",
    .begin = begin_invoke,
    .delta = delta_invoke,
    .end = end_invoke,
    .fault = serve_exception_frame,
};

static int serve_invoke_stream(struct exchange *exchange, struct view model, bool is_other)
{
    struct reply reply;
    bool told;

    if (is_other)
        return serve_invoke(exchange, model, is_other);
    int code = invoke_claude(exchange, model, &reply, &told);
    if (code != 0 || told)
        return code;
    code = serve_header(exchange, "X-Amzn-Bedrock-Content-Type", view_of("application/json"));
    if (code == 0)
        code = serve_bedrock_request_id(exchange);
    return code != 0 ? code : serve_stream(exchange, &invoke_form, model, &reply, 1);
}

/* ---- CountTokens ---------------------------------------------------------------------------- */

/* The body that `input` holds for the operation it names, read; NULL where there is none. */
static const struct json *count_body(struct exchange *exchange, bool *ret_strings, int *code)
{
    const struct json *input = json_get(exchange->body, "input");
    const struct json *invoke = json_get(json_get(input, "invokeModel"), "body");
    struct json *read = NULL;
    struct strbuf decoded;
    struct view kept;

    *ret_strings = invoke != NULL;
    if (!json_is(invoke, JSON_STRING))
        return json_get(input, "converse");
    strbuf_init(&decoded, SERVE_BYTES_MAX);
    if (base64_decode(&decoded, invoke->text) == 0) {
        *code = arena_copy(exchange->arena, strbuf_view(&decoded), &kept);
        if (*code == 0 && json_parse(exchange->arena, kept, &read, NULL) != 0)
            read = NULL;
    }
    strbuf_release(&decoded);
    return read;
}

static int serve_count(struct exchange *exchange, struct view model, bool is_other)
{
    struct reading reading = {.exchange = exchange};
    struct json_writer writer;
    struct strbuf out;
    bool strings = false;

    (void)model;
    (void)is_other;
    const struct json *body = count_body(exchange, &strings, &reading.code);
    if (!json_is(body, JSON_OBJECT) && reading.code == 0)
        return serve_bedrock_invalid(exchange,
                                     "1 validation error detected: Value at 'input' failed to "
                                     "satisfy constraint: Member must hold invokeModel.body (the "
                                     "body, in base64) or converse");
    reading_messages(&reading, body, strings);
    reading_system(&reading, body);
    if (reading.code != 0)
        return reading.code;
    if (reading.problem != NULL)
        return serve_bedrock_invalid(exchange, reading.problem);
    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    json_member_int(&writer, "inputTokens", claude_tokens(&reading.chat));
    json_write_end(&writer, '}');
    return serve_bedrock_finish(exchange, &out);
}

/* ---- operations ----------------------------------------------------------------------------- */

static int converse_whole(struct exchange *exchange, struct view model, bool is_other)
{
    (void)is_other;
    return serve_converse(exchange, model, false);
}

static int converse_stream(struct exchange *exchange, struct view model, bool is_other)
{
    (void)is_other;
    return serve_converse(exchange, model, true);
}

static int unknown_model(struct exchange *exchange, struct view model)
{
    struct strbuf message;

    strbuf_init(&message, SERVE_BYTES_MAX);
    strbuf_printf(
        &message,
        "Could not resolve the foundation model from the provided model identifier: "
        "'%.*s'. This simulator knows sim and the identifiers of Bedrock's model families.",
        VIEW_ARG(model));
    int code =
        serve_bedrock_error(exchange, 404, "ResourceNotFoundException", strbuf_view(&message));
    strbuf_release(&message);
    return code;
}

static int serve_operation(struct exchange *exchange, struct view operation, struct view model)
{
    static const struct {
        const char *name;
        int (*serve)(struct exchange *exchange, struct view model, bool is_other);
        bool embeds; /* models of embeddings are asked by it too */
    } operations[] = {
        {"invoke", serve_invoke, true},
        {"converse", converse_whole, false},
        {"invoke-with-response-stream", serve_invoke_stream, false},
        {"converse-stream", converse_stream, false},
        {"count-tokens", serve_count, false},
    };
    const struct sim_fault *fault = serve_fault(exchange, model);
    enum family family = family_of(model);
    size_t i = 0;

    while (i < sizeof operations / sizeof operations[0] && !view_is(operation, operations[i].name))
        i++;
    if (i == sizeof operations / sizeof operations[0])
        return serve_bedrock_error(exchange, 404, "UnknownOperationException",
                                   view_of("This simulator serves the operations invoke, converse, "
                                           "invoke-with-response-stream, converse-stream and "
                                           "count-tokens of a model."));
    if (fault != NULL)
        return serve_bedrock_fault(exchange, fault);
    if (family == FAMILY_UNKNOWN)
        return unknown_model(exchange, model);
    if (!json_is(exchange->body, JSON_OBJECT))
        return serve_bedrock_invalid(
            exchange, "Malformed input request: the body must be one JSON object, please reformat "
                      "your input and try again.");
    if (family == FAMILY_EMBEDDING)
        return operations[i].embeds
                   ? serve_bedrock_embedding(exchange, model)
                   : serve_bedrock_invalid(
                       exchange, "The model is one of embeddings: ask it by InvokeModel.");
    return operations[i].serve(exchange, model, family == FAMILY_OTHER);
}

int serve_bedrock(struct exchange *exchange)
{
    struct view rest = view_slice(exchange->path, strlen("/model/"), exchange->path.len);
    struct view encoded = view_split(&rest, '/');
    struct view model = {NULL, 0};
    struct strbuf decoded;

    strbuf_init(&decoded, MODEL_MAX_BYTES);
    bool readable =
        encoded.len != 0 && url_decode(&decoded, encoded) == 0 && strbuf_status(&decoded) == 0;
    int code = arena_copy(exchange->arena, strbuf_view(&decoded), &model);
    strbuf_release(&decoded);
    if (code != 0)
        return code;
    if (!readable)
        return serve_bedrock_invalid(exchange, "The provided model identifier is invalid.");
    return serve_operation(exchange, rest.ptr != NULL ? rest : view_of(""), model);
}
