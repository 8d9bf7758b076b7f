/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_anthropic: messages, whole and as a stream, and their token counts as Anthropic's API has
 * them; see serve_parts.h. Source: Anthropic API reference. */
#include "core/sim/serve_parts.h"

static int add_request_id(struct exchange *exchange)
{
    char id[32];

    snprintf(id, sizeof id, "req_%016llx", (unsigned long long)exchange->id);
    return serve_header(exchange, "request-id", view_of(id));
}

static int finish(struct exchange *exchange, int status, struct strbuf *out)
{
    int code = serve_json(exchange, status, out);

    return code != 0 ? code : add_request_id(exchange);
}

static void write_error(struct json_writer *writer, const char *type, struct view message)
{
    json_write_object(writer);
    json_member_text(writer, "type", "error");
    json_member_object(writer, "error");
    json_member_text(writer, "type", type);
    json_member_string(writer, "message", message);
    json_write_end(writer, '}');
    json_write_end(writer, '}');
}

static int error(struct exchange *exchange, int status, const char *type, struct view message)
{
    struct strbuf out;
    struct json_writer writer;

    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    write_error(&writer, type, message);
    return finish(exchange, status, &out);
}

static int invalid(struct exchange *exchange, const char *message)
{
    return error(exchange, 400, "invalid_request_error", view_of(message));
}

int serve_anthropic_fault(struct exchange *exchange, const struct sim_fault *fault)
{
    int code =
        fault->anthropic_status == 429 ? serve_header(exchange, "retry-after", view_of("1")) : 0;

    return code != 0 ? code
                     : error(exchange, fault->anthropic_status, fault->anthropic_type,
                             view_of(fault->text));
}

/* ---- the stream ----------------------------------------------------------------------------- */

static void write_event(struct serve_stream *stream, const char *name, struct view json)
{
    strbuf_printf(&stream->bytes, "event: %s\ndata: ", name);
    strbuf_add(&stream->bytes, json);
    strbuf_add_text(&stream->bytes, "\n\n");
}

static void begin(struct serve_stream *stream)
{
    claude_begin(stream, "msg_", write_event);
}

static void delta(struct serve_stream *stream, struct view text)
{
    claude_delta(stream, text, write_event);
}

static void end(struct serve_stream *stream)
{
    claude_end(stream, false, write_event);
}

static void fault(struct serve_stream *stream, const struct sim_fault *fault)
{
    struct json_writer writer;

    strbuf_add_text(&stream->bytes, "event: error\ndata: ");
    json_writer_init(&writer, &stream->bytes, 0);
    write_error(&writer, fault->anthropic_type, view_of(fault->text));
    strbuf_add_text(&stream->bytes, "\n\n");
}

static const struct serve_form form = {
    .content_type = "text/event-stream; charset=utf-8",
    .begin = begin,
    .delta = delta,
    .end = end,
    .fault = fault,
};

/* ---- messages ------------------------------------------------------------------------------- */

/* Reads the body but for what is to be answered; true where the exchange was answered already. */
static bool refused(struct exchange *exchange, struct reading *reading, bool wants_max_tokens,
                    struct view *ret_model, int *ret_code)
{
    const struct json *body = exchange->body;
    struct view model = json_text(json_get(body, "model"), (struct view){NULL, 0});
    const struct sim_fault *asked = serve_fault(exchange, model);

    *ret_model = model;
    if (!json_is(body, JSON_OBJECT))
        *ret_code = invalid(exchange, "The request body is not valid JSON: expected one object.");
    else if (http_header_get(&exchange->request->headers, "anthropic-version").ptr == NULL)
        *ret_code = invalid(exchange, "anthropic-version: header is required");
    else if (model.len == 0)
        *ret_code = invalid(exchange, "model: Field required");
    else if (view_starts(model, view_of("no-such-model")))
        *ret_code = error(exchange, 404, "not_found_error", model);
    else if (asked != NULL)
        *ret_code = serve_anthropic_fault(exchange, asked);
    else if (wants_max_tokens && json_get(body, "max_tokens") == NULL)
        *ret_code = invalid(exchange, "max_tokens: Field required");
    else {
        claude_read(reading, body);
        *ret_code = reading->code;
        if (reading->code == 0 && reading->problem != NULL)
            *ret_code = invalid(exchange, reading->problem);
        return reading->code != 0 || reading->problem != NULL;
    }
    return true;
}

int serve_anthropic_messages(struct exchange *exchange)
{
    struct reading reading = {.exchange = exchange};
    const struct sim_fault *met = NULL;
    struct view model;
    struct reply reply;
    struct strbuf out;
    int code;

    if (refused(exchange, &reading, true, &model, &code))
        return code;
    reading.chat.sample = exchange->sample;
    code = serve_ask(exchange, &reading.chat, model, &reply, &met);
    if (code != 0)
        return code;
    if (met != NULL)
        return serve_anthropic_fault(exchange, met);
    if (reply.code != 0)
        return invalid(exchange, reply.error_text.ptr);
    if (json_bool(json_get(exchange->body, "stream"), false)) {
        code = add_request_id(exchange);
        return code != 0 ? code : serve_stream(exchange, &form, model, &reply, 1);
    }
    strbuf_init(&out, SERVE_BYTES_MAX);
    claude_write(exchange, "msg_", model, &reply, &out);
    return finish(exchange, 200, &out);
}

int serve_anthropic_count(struct exchange *exchange)
{
    struct reading reading = {.exchange = exchange};
    struct json_writer writer;
    struct strbuf out;
    struct view model;
    int code;

    if (refused(exchange, &reading, false, &model, &code))
        return code;
    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_object(&writer);
    json_member_int(&writer, "input_tokens", claude_tokens(&reading.chat));
    json_write_end(&writer, '}');
    return finish(exchange, 200, &out);
}
