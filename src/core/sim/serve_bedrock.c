/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_bedrock: InvokeModel with Claude bodies and Converse as the Bedrock Runtime has them; see
 * serve_parts.h. Model ids are decoded after the path was split: an ARN is one segment. */
#include "core/sim/serve_parts.h"
#include "wire/url.h"

enum { BODY_MAX_BYTES = 16 * 1024 * 1024, MODEL_MAX_BYTES = 2048 };

/* ---- answers -------------------------------------------------------------------------------- */

static int add_request_id(struct exchange *exchange)
{
    char id[40];
    unsigned long long high = exchange->id;
    unsigned long long low = exchange->id * 0x9e3779b97f4a7c15ull ^ exchange->serial;

    snprintf(id, sizeof id, "%08llx-%04llx-4%03llx-8%03llx-%012llx", high >> 32,
             high >> 16 & 0xffff, high & 0xfff, low >> 52, low & 0xffffffffffffull);
    return serve_header(exchange, "x-amzn-RequestId", view_of(id));
}

static int error(struct exchange *exchange, int status, const char *type, struct view message)
{
    struct strbuf out;
    struct json_writer writer;

    strbuf_init(&out, BODY_MAX_BYTES);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    json_write_key(&writer, "message");
    json_write_string(&writer, message);
    json_write_end(&writer, '}');
    int code = serve_json(exchange, status, &out);
    if (code == 0)
        code = serve_header(exchange, "x-amzn-ErrorType", view_of(type));
    return code != 0 ? code : add_request_id(exchange);
}

static int invalid(struct exchange *exchange, const char *message)
{
    return error(exchange, 400, "ValidationException", view_of(message));
}

static int finish(struct exchange *exchange, struct strbuf *out)
{
    int code = serve_json(exchange, 200, out);

    return code != 0 ? code : add_request_id(exchange);
}

/* ---- which model ---------------------------------------------------------------------------- */

enum family { FAMILY_SIM, FAMILY_CLAUDE, FAMILY_OTHER, FAMILY_UNKNOWN };

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
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (view_starts(bare, view_of(others[i])))
            return FAMILY_OTHER;
    /* the ARN of an application inference profile does not say of which model it is */
    return view_starts(model, view_of("arn:")) ? FAMILY_CLAUDE : FAMILY_UNKNOWN;
}

/* ---- messages ------------------------------------------------------------------------------- */

struct reading {
    struct exchange *exchange;
    struct chat chat;
    struct chat_message *messages;
    const char *problem; /* NULL: none */
    int code;
};

static void read_message(struct reading *reading, const struct json *message, bool strings)
{
    struct view role = json_text(json_get(message, "role"), (struct view){NULL, 0});
    const struct json *content = json_get(message, "content");
    struct chat_message *read = &reading->messages[reading->chat.message_count];
    const struct chat_message *last = reading->chat.message_count > 0 ? read - 1 : NULL;

    if (view_is(role, "user"))
        read->role = CHAT_USER;
    else if (view_is(role, "assistant"))
        read->role = CHAT_ASSISTANT;
    else
        reading->problem = "messages: role must be one of user, assistant";
    if (reading->problem == NULL && (!strings && json_is(content, JSON_STRING)))
        reading->problem = "messages: content must be a list of content blocks";
    if (reading->problem == NULL
        && !serve_content(reading->exchange, content, &read->text, &reading->code))
        reading->problem = "messages: content must be text or a list of content blocks";
    if (reading->problem == NULL && content->count == 0 && read->text.len == 0)
        reading->problem = "messages: content must not be empty, add text and try again";
    if (reading->problem == NULL && last == NULL && read->role != CHAT_USER)
        reading->problem = "A conversation must start with a user message. Try again with a "
                           "conversation that starts with a user message.";
    if (reading->problem == NULL && last != NULL && last->role == read->role)
        reading->problem = "messages: roles must alternate between \"user\" and \"assistant\", but "
                           "found two messages of one role in a row";
    if (reading->problem == NULL)
        reading->chat.message_count++;
}

static void read_messages(struct reading *reading, const struct json *body, bool strings)
{
    const struct json *messages = json_get(body, "messages");

    if (!json_is(messages, JSON_ARRAY))
        reading->problem = "Malformed input request: #: required key [messages] not found, please "
                           "reformat your input and try again.";
    else if (messages->count == 0)
        reading->problem = "messages: at least one message is required";
    else if (messages->count > SERVE_MESSAGES_MAX)
        reading->problem = "messages: this simulator takes at most 10,000 messages";
    if (reading->problem != NULL)
        return;
    reading->messages =
        arena_new(reading->exchange->arena, messages->count, sizeof *reading->messages);
    if (reading->messages == NULL) {
        reading->code = ERR_MEMORY;
        return;
    }
    reading->chat.messages = reading->messages;
    for (const struct json *message = messages->child;
         message != NULL && reading->problem == NULL && reading->code == 0; message = message->next)
        read_message(reading, message, strings);
}

static void read_system(struct reading *reading, const struct json *body)
{
    const struct json *system = json_get(body, "system");

    if (system != NULL && !json_is(system, JSON_NULL) && reading->problem == NULL
        && !serve_content(reading->exchange, system, &reading->chat.system, &reading->code))
        reading->problem = "system: must be text or a list of text blocks";
}

/* A number within its range where it is there. */
static void check_number(struct reading *reading, const struct json *value, double low, double high,
                         const char *problem)
{
    double number = json_double(value, low - 1.0);

    if (reading->problem == NULL && value != NULL
        && (!json_is(value, JSON_NUMBER) || number < low || number > high))
        reading->problem = problem;
}

/* ---- InvokeModel ---------------------------------------------------------------------------- */

static void read_invoke(struct reading *reading, const struct json *body)
{
    if (json_get(body, "anthropic_version") == NULL)
        reading->problem =
            "Malformed input request: #: required key [anthropic_version] not found, "
            "please reformat your input and try again.";
    else if (json_get(body, "max_tokens") == NULL)
        reading->problem =
            "Malformed input request: #: required key [max_tokens] not found, please "
            "reformat your input and try again.";
    else if (json_get(body, "model") != NULL)
        reading->problem = "model: Extra inputs are not permitted";
    else if (json_bool(json_get(body, "stream"), false))
        reading->problem = "stream: streams are not served by this simulator";
    check_number(reading, json_get(body, "max_tokens"), 1, 1e9,
                 "max_tokens: must be an integer of at least 1");
    check_number(reading, json_get(body, "temperature"), 0, 1, "temperature: range: 0..1");
    check_number(reading, json_get(body, "top_p"), 0, 1, "top_p: range: 0..1");
    if (reading->problem == NULL)
        read_messages(reading, body, true);
    read_system(reading, body);
    reading->chat.params = body;
}

static void write_count(struct json_writer *writer, const char *key, int64_t count)
{
    json_write_key(writer, key);
    json_write_int(writer, count);
}

static void write_claude(const struct exchange *exchange, struct view model,
                         const struct reply *reply, struct strbuf *out)
{
    struct json_writer writer;
    char id[40];

    snprintf(id, sizeof id, "msg_bdrk_%016llx", (unsigned long long)exchange->id);
    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_write_key(&writer, "id");
    json_write_text(&writer, id);
    json_write_key(&writer, "type");
    json_write_text(&writer, "message");
    json_write_key(&writer, "role");
    json_write_text(&writer, "assistant");
    json_write_key(&writer, "model");
    json_write_string(&writer, model);
    json_write_key(&writer, "content");
    json_write_array(&writer);
    json_write_object(&writer);
    json_write_key(&writer, "type");
    json_write_text(&writer, "text");
    json_write_key(&writer, "text");
    json_write_string(&writer, reply->text);
    json_write_end(&writer, '}');
    json_write_end(&writer, ']');
    json_write_key(&writer, "stop_reason");
    json_write_string(&writer, reply->stop_text);
    json_write_key(&writer, "stop_sequence");
    json_write_null(&writer);
    json_write_key(&writer, "usage");
    json_write_object(&writer);
    write_count(&writer, "input_tokens", reply->usage.tokens_in);
    write_count(&writer, "output_tokens", reply->usage.tokens_out);
    json_write_end(&writer, '}');
    json_write_end(&writer, '}');
}

static int add_counts(struct exchange *exchange, const struct reply *reply)
{
    const struct {
        const char *name;
        int64_t value;
    } headers[] = {
        {"X-Amzn-Bedrock-Input-Token-Count", reply->usage.tokens_in},
        {"X-Amzn-Bedrock-Output-Token-Count", reply->usage.tokens_out},
        {"X-Amzn-Bedrock-Invocation-Latency", (int64_t)(exchange->latency_ns / 1000000)},
    };
    int code = 0;

    for (size_t i = 0; code == 0 && i < sizeof headers / sizeof headers[0]; i++) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)headers[i].value);
        code = serve_header(exchange, headers[i].name, view_of(text));
    }
    return code;
}

/* Asks, once the request was read; true where there is a reply to write, else *ret_code is how the
 * exchange went. */
static bool ask(struct reading *reading, struct view model, struct reply *ret_reply, int *ret_code)
{
    struct exchange *exchange = reading->exchange;

    *ret_code = reading->code;
    if (*ret_code == 0 && reading->problem != NULL) {
        *ret_code = invalid(exchange, reading->problem);
        return false;
    }
    reading->chat.sample = exchange->sample;
    if (*ret_code == 0)
        *ret_code = serve_ask(exchange, &reading->chat, model, ret_reply);
    if (*ret_code == 0 && ret_reply->code != 0) {
        *ret_code = invalid(exchange, ret_reply->error_text.ptr);
        return false;
    }
    return *ret_code == 0;
}

static int serve_invoke(struct exchange *exchange, struct view model)
{
    struct reading reading = {.exchange = exchange};
    struct reply reply;
    struct strbuf out;
    int code;

    if (family_of(model) == FAMILY_OTHER)
        return invalid(exchange, "This simulator serves InvokeModel for bodies of Anthropic Claude "
                                 "models only; ask this model through Converse.");
    read_invoke(&reading, exchange->body);
    if (!ask(&reading, model, &reply, &code))
        return code;
    strbuf_init(&out, BODY_MAX_BYTES);
    write_claude(exchange, model, &reply, &out);
    code = finish(exchange, &out);
    return code != 0 ? code : add_counts(exchange, &reply);
}

/* ---- Converse ------------------------------------------------------------------------------- */

/* inferenceConfig in the words that the model knows. */
static const struct json *converse_params(struct exchange *exchange, const struct json *config,
                                          int *code)
{
    static const struct {
        const char *theirs;
        const char *ours;
    } names[] = {{"maxTokens", "max_tokens"},
                 {"temperature", "temperature"},
                 {"topP", "top_p"},
                 {"stopSequences", "stop_sequences"}};
    struct json *params = json_new(exchange->arena, JSON_OBJECT);

    for (size_t i = 0; params != NULL && i < sizeof names / sizeof names[0]; i++) {
        const struct json *value = json_get(config, names[i].theirs);
        struct json *copy = value != NULL ? json_new(exchange->arena, value->kind) : NULL;
        if (value == NULL)
            continue;
        if (copy == NULL) {
            params = NULL;
            break;
        }
        *copy = *value;
        copy->next = NULL;
        json_set(params, view_of(names[i].ours), copy);
    }
    if (params == NULL)
        *code = ERR_MEMORY;
    return params;
}

static void read_converse(struct reading *reading, const struct json *body)
{
    const struct json *config = json_get(body, "inferenceConfig");

    check_number(
        reading, json_get(config, "maxTokens"), 1, 1e9,
        "1 validation error detected: Value at 'inferenceConfig.maxTokens' failed to satisfy "
        "constraint: Member must have value greater than or equal to 1");
    check_number(reading, json_get(config, "temperature"), 0, 1,
                 "1 validation error detected: Value at 'inferenceConfig.temperature' failed to "
                 "satisfy constraint: Member must have value from 0 to 1");
    check_number(reading, json_get(config, "topP"), 0, 1,
                 "1 validation error detected: Value at 'inferenceConfig.topP' failed to satisfy "
                 "constraint: Member must have value from 0 to 1");
    if (reading->problem == NULL)
        read_messages(reading, body, false);
    read_system(reading, body);
    reading->chat.params = converse_params(reading->exchange, config, &reading->code);
}

static void write_converse(const struct exchange *exchange, const struct reply *reply,
                           struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_write_key(&writer, "output");
    json_write_object(&writer);
    json_write_key(&writer, "message");
    json_write_object(&writer);
    json_write_key(&writer, "role");
    json_write_text(&writer, "assistant");
    json_write_key(&writer, "content");
    json_write_array(&writer);
    json_write_object(&writer);
    json_write_key(&writer, "text");
    json_write_string(&writer, reply->text);
    json_write_end(&writer, '}');
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    json_write_end(&writer, '}');
    json_write_key(&writer, "stopReason");
    json_write_string(&writer, reply->stop_text);
    json_write_key(&writer, "usage");
    json_write_object(&writer);
    write_count(&writer, "inputTokens", reply->usage.tokens_in);
    write_count(&writer, "outputTokens", reply->usage.tokens_out);
    write_count(&writer, "totalTokens", reply->usage.tokens_in + reply->usage.tokens_out);
    json_write_end(&writer, '}');
    json_write_key(&writer, "metrics");
    json_write_object(&writer);
    write_count(&writer, "latencyMs", (int64_t)(exchange->latency_ns / 1000000));
    json_write_end(&writer, '}');
    json_write_end(&writer, '}');
}

static int serve_converse(struct exchange *exchange, struct view model)
{
    struct reading reading = {.exchange = exchange};
    struct reply reply;
    struct strbuf out;
    int code;

    read_converse(&reading, exchange->body);
    if (!ask(&reading, model, &reply, &code))
        return code;
    strbuf_init(&out, BODY_MAX_BYTES);
    write_converse(exchange, &reply, &out);
    return finish(exchange, &out);
}

/* ---- operations ----------------------------------------------------------------------------- */

static int serve_stream(struct exchange *exchange, struct view model)
{
    (void)model;
    return invalid(exchange, "Streams are not served by this simulator: ask with InvokeModel or "
                             "Converse.");
}

static int unknown_model(struct exchange *exchange, struct view model)
{
    struct strbuf message;

    strbuf_init(&message, BODY_MAX_BYTES);
    strbuf_printf(
        &message,
        "Could not resolve the foundation model from the provided model identifier: "
        "'%.*s'. This simulator knows sim and the identifiers of Bedrock's model families.",
        VIEW_ARG(model));
    int code = error(exchange, 404, "ResourceNotFoundException", strbuf_view(&message));
    strbuf_release(&message);
    return code;
}

static int serve_operation(struct exchange *exchange, struct view operation, struct view model)
{
    static const struct {
        const char *name;
        int (*serve)(struct exchange *exchange, struct view model);
    } operations[] = {
        {"invoke", serve_invoke},
        {"converse", serve_converse},
        {"invoke-with-response-stream", serve_stream},
        {"converse-stream", serve_stream},
    };
    const struct sim_fault *fault = sim_fault_of(model);
    size_t i = 0;

    while (i < sizeof operations / sizeof operations[0] && !view_is(operation, operations[i].name))
        i++;
    if (i == sizeof operations / sizeof operations[0])
        return error(
            exchange, 404, "UnknownOperationException",
            view_of("This simulator serves the operations invoke and converse of a model."));
    if (fault != NULL)
        return error(exchange, fault->http_status, fault->type, view_of(fault->text));
    if (family_of(model) == FAMILY_UNKNOWN)
        return unknown_model(exchange, model);
    if (!json_is(exchange->body, JSON_OBJECT))
        return invalid(exchange,
                       "Malformed input request: the body must be one JSON object, please "
                       "reformat your input and try again.");
    return operations[i].serve(exchange, model);
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
        return invalid(exchange, "The provided model identifier is invalid.");
    return serve_operation(exchange, rest.ptr != NULL ? rest : view_of(""), model);
}
