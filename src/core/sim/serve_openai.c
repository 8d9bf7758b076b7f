/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_openai: chat completions and models as OpenAI's API has them; see serve_parts.h. */
#include <math.h>

#include "core/sim/serve_parts.h"

enum { CHOICES_MAX = 16, SCHEMA_KEYS_MAX = 32, STOPS_MAX = 4 };

static const char *const models[] = {"sim", "sim-small"};

enum { MODELS = sizeof models / sizeof models[0] };

static int add_request_id(struct exchange *exchange)
{
    char id[32];

    snprintf(id, sizeof id, "req_%016llx", (unsigned long long)exchange->id);
    return serve_header(exchange, "x-request-id", view_of(id));
}

int serve_openai_finish(struct exchange *exchange, int status, struct strbuf *out)
{
    int code = serve_json(exchange, status, out);

    return code != 0 ? code : add_request_id(exchange);
}

static void write_or_null(struct json_writer *writer, const char *text)
{
    if (text != NULL)
        json_write_text(writer, text);
    else
        json_write_null(writer);
}

int serve_openai_error(struct exchange *exchange, int status, const char *type, const char *param,
                       const char *code, struct view message)
{
    struct strbuf out;
    struct json_writer writer;

    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    json_member_object(&writer, "error");
    json_write_key(&writer, "message");
    json_write_string(&writer, message);
    json_write_key(&writer, "type");
    json_write_text(&writer, type);
    json_write_key(&writer, "param");
    write_or_null(&writer, param);
    json_write_key(&writer, "code");
    write_or_null(&writer, code);
    json_write_end(&writer, '}');
    json_write_end(&writer, '}');
    return serve_openai_finish(exchange, status, &out);
}

int serve_openai_fault(struct exchange *exchange, const struct sim_fault *fault)
{
    int code = 0;

    if (fault->openai_status == 429) /* as long as a bucket of a minute needs for most requests */
        code = serve_header(exchange, "retry-after", view_of("1"));
    return code != 0 ? code
                     : serve_openai_error(exchange, fault->openai_status, fault->openai_type, NULL,
                                          fault->openai_code, view_of(fault->text));
}

static int invalid(struct exchange *exchange, const char *param, const char *code,
                   const char *message)
{
    return serve_openai_error(exchange, 400, "invalid_request_error", param, code,
                              view_of(message));
}

static int model_missing(struct exchange *exchange, struct view model)
{
    struct strbuf message;

    strbuf_init(&message, SERVE_BYTES_MAX);
    strbuf_printf(&message, "The model '%.*s' does not exist or you do not have access to it.",
                  VIEW_ARG(model));
    int code = serve_openai_error(exchange, 404, "invalid_request_error", NULL, "model_not_found",
                                  strbuf_view(&message));
    strbuf_release(&message);
    return code;
}

/* ---- models --------------------------------------------------------------------------------- */

static void write_model(struct json_writer *writer, struct view id)
{
    json_write_object(writer);
    json_write_key(writer, "id");
    json_write_string(writer, id);
    json_write_key(writer, "object");
    json_write_text(writer, "model");
    json_write_key(writer, "created");
    json_write_int(writer, 0);
    json_write_key(writer, "owned_by");
    json_write_text(writer, "assay");
    json_write_end(writer, '}');
}

int serve_openai_models(struct exchange *exchange)
{
    struct strbuf out;
    struct json_writer writer;

    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    json_write_key(&writer, "object");
    json_write_text(&writer, "list");
    json_member_array(&writer, "data");
    for (size_t i = 0; i < MODELS; i++)
        write_model(&writer, view_of(models[i]));
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    return serve_openai_finish(exchange, 200, &out);
}

int serve_openai_model(struct exchange *exchange)
{
    struct view id = view_slice(exchange->path, strlen("/v1/models/"), exchange->path.len);
    struct strbuf out;
    struct json_writer writer;

    for (size_t i = 0; i < MODELS; i++) {
        if (!view_is(id, models[i]))
            continue;
        strbuf_init(&out, SERVE_BYTES_MAX);
        json_writer_init(&writer, &out, 0);
        write_model(&writer, id);
        return serve_openai_finish(exchange, 200, &out);
    }
    return model_missing(exchange, id);
}

/* ---- reading a request ---------------------------------------------------------------------- */

struct chat_reading {
    struct exchange *exchange;
    struct chat_message *messages;
    size_t count;
    struct strbuf system;
    const char *problem; /* what is wrong with the request; NULL: nothing */
    const char *param;
    int code;
};

static void read_message(struct chat_reading *reading, const struct json *message)
{
    struct view role = json_text(json_get(message, "role"), (struct view){NULL, 0});
    const struct json *content = json_get(message, "content");
    struct view text = VIEW("");

    if (view_is(role, "assistant") && (content == NULL || json_is(content, JSON_NULL)))
        content = NULL; /* tool calls alone */
    else if (!serve_content(reading->exchange, content, &text, &reading->code)) {
        reading->problem = "Invalid value for 'content': expected a string or an array of parts.";
        reading->param = "messages";
        return;
    }
    if (view_is(role, "system") || view_is(role, "developer")) {
        if (reading->system.len != 0)
            strbuf_add_byte(&reading->system, '\n');
        strbuf_add(&reading->system, text);
    } else if (view_is(role, "user") || view_is(role, "tool") || view_is(role, "function")) {
        reading->messages[reading->count++] = (struct chat_message){CHAT_USER, text};
    } else if (view_is(role, "assistant")) {
        reading->messages[reading->count++] = (struct chat_message){CHAT_ASSISTANT, text};
    } else {
        reading->problem = "Invalid value for 'role': supported values are 'system', 'developer', "
                           "'assistant', 'user', 'tool' and 'function'.";
        reading->param = "messages";
    }
}

/* response_format says what an instruction would: one is added. */
static void read_format(struct chat_reading *reading, const struct json *format)
{
    struct view type = json_text(json_get(format, "type"), (struct view){NULL, 0});
    const struct json *properties =
        json_path(format, (struct view)VIEW("json_schema.schema.properties"));
    const struct json *property = json_is(properties, JSON_OBJECT) ? properties->child : NULL;

    if (!view_is(type, "json_object") && !view_is(type, "json_schema"))
        return;
    strbuf_add_text(&reading->system, "\nRespond with a JSON object");
    for (size_t i = 0; property != NULL && i < SCHEMA_KEYS_MAX; i++, property = property->next) {
        struct view kind = json_text(json_get(property, "type"), (struct view)VIEW("string"));
        strbuf_printf(&reading->system, "%s\"%.*s\" (%.*s)", i == 0 ? " with these keys: " : ", ",
                      VIEW_ARG(property->key), VIEW_ARG(kind));
    }
    strbuf_add_text(&reading->system, ".\n");
}

static void read_messages(struct chat_reading *reading, const struct json *body)
{
    const struct json *messages = json_get(body, "messages");

    reading->param = "messages";
    if (messages == NULL)
        reading->problem = "Missing required parameter: 'messages'.";
    else if (!json_is(messages, JSON_ARRAY))
        reading->problem = "Invalid type for 'messages': expected an array of objects.";
    else if (messages->count == 0)
        reading->problem = "Invalid 'messages': empty array. Expected an array with minimum length "
                           "1, but got an empty array instead.";
    else if (messages->count > SERVE_MESSAGES_MAX)
        reading->problem = "Invalid 'messages': this simulator takes at most 10,000 messages.";
    if (reading->problem != NULL)
        return;
    reading->messages =
        arena_new(reading->exchange->arena, messages->count + 1, sizeof *reading->messages);
    if (reading->messages == NULL) {
        reading->code = ERR_MEMORY;
        return;
    }
    for (const struct json *message = messages->child;
         message != NULL && reading->problem == NULL && reading->code == 0; message = message->next)
        read_message(reading, message);
    if (reading->problem == NULL && reading->count == 0)
        reading->messages[reading->count++] = (struct chat_message){CHAT_USER, VIEW("")};
}

/* Numbers within their ranges, as the real service checks them. */
static void read_params(struct chat_reading *reading, const struct json *body)
{
    static const struct {
        const char *name;
        double low;
        double high;
        const char *problem;
        bool integer;
    } ranges[] = {
        {"temperature", 0.0, 2.0, "Invalid 'temperature': expected a number from 0 to 2.", false},
        {"top_p", 0.0, 1.0, "Invalid 'top_p': expected a number from 0 to 1.", false},
        {"max_tokens", 1.0, 1e9, "Invalid 'max_tokens': expected an integer of at least 1.", true},
        {"max_completion_tokens", 1.0, 1e9,
         "Invalid 'max_completion_tokens': expected an integer of at least 1.", true},
        {"n", 1.0, CHOICES_MAX, "Invalid 'n': expected an integer from 1 to 16.", true},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const struct json *value = json_get(body, ranges[i].name);
        double number = json_double(value, -1.0);
        if (value == NULL || json_is(value, JSON_NULL))
            continue;
        if (!json_is(value, JSON_NUMBER) || number < ranges[i].low || number > ranges[i].high
            || (ranges[i].integer && number != trunc(number))) {
            reading->problem = ranges[i].problem;
            reading->param = ranges[i].name;
            return;
        }
    }
}

static void read_stop(struct chat_reading *reading, const struct json *stop)
{
    if (stop == NULL || json_is(stop, JSON_NULL) || json_is(stop, JSON_STRING))
        return;
    reading->param = "stop";
    if (!json_is(stop, JSON_ARRAY))
        reading->problem = "Invalid type for 'stop': expected a string or an array of strings.";
    else if (stop->count > STOPS_MAX)
        reading->problem = "Invalid 'stop': array too long. Expected an array with maximum length "
                           "4.";
    for (const struct json *one = stop->child; one != NULL && reading->problem == NULL;
         one = one->next)
        if (!json_is(one, JSON_STRING))
            reading->problem = "Invalid type for 'stop': expected a string or an array of strings.";
}

/* ---- answering ------------------------------------------------------------------------------ */

static void write_choice(struct json_writer *writer, int64_t index, const struct reply *reply)
{
    json_write_object(writer);
    json_write_key(writer, "index");
    json_write_int(writer, index);
    json_member_object(writer, "message");
    json_write_key(writer, "role");
    json_write_text(writer, "assistant");
    json_write_key(writer, "content");
    json_write_string(writer, reply->text);
    json_write_key(writer, "refusal");
    json_write_null(writer);
    json_write_end(writer, '}');
    json_write_key(writer, "logprobs");
    json_write_null(writer);
    json_write_key(writer, "finish_reason");
    json_write_text(writer, openai_finish_reason(reply->stop));
    json_write_end(writer, '}');
}

/* Created is 0: the simulator knows no time. */
static int complete(struct exchange *exchange, struct view model, const struct reply *replies,
                    size_t count)
{
    struct strbuf out;
    struct json_writer writer;
    int64_t tokens_out = 0;
    char id[40];

    snprintf(id, sizeof id, "chatcmpl-%016llx", (unsigned long long)exchange->id);
    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    json_member_text(&writer, "id", id);
    json_member_text(&writer, "object", "chat.completion");
    json_member_int(&writer, "created", 0);
    json_member_string(&writer, "model", model);
    json_member_array(&writer, "choices");
    for (size_t i = 0; i < count; i++) {
        tokens_out += replies[i].usage.tokens_out;
        write_choice(&writer, (int64_t)i, &replies[i]);
    }
    json_write_end(&writer, ']');
    openai_write_usage(&writer, replies[0].usage.tokens_in, tokens_out);
    json_write_end(&writer, '}');
    return serve_openai_finish(exchange, 200, &out);
}

/* Asks for as many choices as were wanted. */
static int ask_all(struct exchange *exchange, struct chat *chat, struct view model)
{
    size_t count = (size_t)json_int(json_get(exchange->body, "n"), 1);
    struct reply replies[CHOICES_MAX];
    const struct sim_fault *fault = NULL;

    for (size_t i = 0; i < count; i++) {
        chat->sample = exchange->sample + i;
        int code = serve_ask(exchange, chat, model, &replies[i], &fault);
        if (code != 0)
            return code;
        if (fault != NULL)
            return serve_openai_fault(exchange, fault);
        if (replies[i].code != 0)
            return serve_openai_error(exchange, 400, "invalid_request_error", "messages",
                                      "context_length_exceeded", replies[i].error_text);
    }
    return json_bool(json_get(exchange->body, "stream"), false)
               ? serve_openai_stream(exchange, model, replies, count)
               : complete(exchange, model, replies, count);
}

static int answer_request(struct exchange *exchange, struct chat_reading *reading,
                          struct view model)
{
    const struct json *body = exchange->body;

    read_messages(reading, body);
    if (reading->problem == NULL && reading->code == 0)
        read_params(reading, body);
    if (reading->problem == NULL && reading->code == 0)
        read_stop(reading, json_get(body, "stop"));
    if (reading->code == 0 && reading->problem == NULL)
        read_format(reading, json_get(body, "response_format"));
    if (reading->code != 0 || strbuf_status(&reading->system) != 0)
        return ERR_MEMORY;
    if (reading->problem != NULL)
        return invalid(exchange, reading->param, "invalid_value", reading->problem);
    struct chat chat = {.system = strbuf_view(&reading->system),
                        .messages = reading->messages,
                        .message_count = reading->count,
                        .params = body};
    return ask_all(exchange, &chat, model);
}

int serve_openai_chat(struct exchange *exchange)
{
    struct view model = json_text(json_get(exchange->body, "model"), (struct view){NULL, 0});
    const struct sim_fault *fault = serve_fault(exchange, model);
    struct chat_reading reading = {.exchange = exchange};

    if (!json_is(exchange->body, JSON_OBJECT))
        return invalid(
            exchange, NULL, NULL,
            "We could not parse the JSON body of your request: expected one JSON object.");
    if (model.len == 0)
        return invalid(exchange, "model", NULL, "you must provide a model parameter");
    if (view_starts(model, view_of("no-such-model")))
        return model_missing(exchange, model);
    if (fault != NULL)
        return serve_openai_fault(exchange, fault);
    strbuf_init(&reading.system, SERVE_BYTES_MAX);
    int code = answer_request(exchange, &reading, model);
    strbuf_release(&reading.system);
    return code;
}
