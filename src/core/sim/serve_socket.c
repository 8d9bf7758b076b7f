/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_socket: the chatbot behind a WebSocket: a message {"action": "message", "text": "…"} is
 * answered by messages, one for each few tokens and one at the end; see service.h. */
#include "base/map.h"
#include "core/sim/serve_parts.h"

static void write_message(struct serve_stream *stream, const char *type, const char *key,
                          struct view text)
{
    struct json_writer writer;

    json_writer_init(&writer, &stream->bytes, 0);
    json_write_object(&writer);
    json_member_text(&writer, "type", type);
    json_member_string(&writer, key, text);
    json_write_end(&writer, '}');
}

static void begin(struct serve_stream *stream)
{
    (void)stream; /* the first token is the beginning */
}

static void delta(struct serve_stream *stream, struct view text)
{
    write_message(stream, "token", "text", text);
}

static void end(struct serve_stream *stream)
{
    const struct usage *usage = &stream->reply->usage;
    struct json_writer writer;

    json_writer_init(&writer, &stream->bytes, 0);
    json_write_object(&writer);
    json_member_text(&writer, "type", "end");
    json_member_string(&writer, "stop_reason", stream->reply->stop_text);
    json_member_int(&writer, "tokens_in", usage->tokens_in);
    json_member_int(&writer, "tokens_out", usage->tokens_out);
    json_write_end(&writer, '}');
}

static void write_error(struct json_writer *writer, struct view type, struct view message)
{
    json_write_object(writer);
    json_member_text(writer, "type", "error");
    json_member_string(writer, "error", type);
    json_member_string(writer, "message", message);
    json_write_end(writer, '}');
}

static void fault(struct serve_stream *stream, const struct sim_fault *fault)
{
    struct json_writer writer;

    json_writer_init(&writer, &stream->bytes, 0);
    write_error(&writer, view_of(fault->type), view_of(fault->text));
}

static const struct serve_form form = {
    .content_type = "application/json",
    .begin = begin,
    .delta = delta,
    .end = end,
    .fault = fault,
};

/* One message that says what is wrong. */
static int refuse(struct exchange *exchange, const char *type, struct view message)
{
    struct sim_piece *piece = arena_new(exchange->arena, 1, sizeof *piece);
    struct json_writer writer;
    struct strbuf out;

    strbuf_init(&out, SERVE_BYTES_MAX);
    json_writer_init(&writer, &out, 0);
    write_error(&writer, view_of(type), message);
    int code = piece == NULL || strbuf_status(&out) != 0
                   ? ERR_MEMORY
                   : arena_copy(exchange->arena, strbuf_view(&out), &piece->bytes);
    strbuf_release(&out);
    if (code != 0)
        return code;
    exchange->served->pieces = exchange->pieces = piece;
    exchange->served->piece_count = 1;
    return 0;
}

int serve_message(struct exchange *exchange)
{
    const struct json *body = exchange->body;
    struct view action = json_text(json_get(body, "action"), view_of("message"));
    const struct json *model_name = json_get(body, "model");
    struct view model = json_text(model_name, view_of("sim"));
    const struct json *text = json_get(body, "text");
    struct chat_message message = {CHAT_USER, json_text(text, view_of(""))};
    struct chat chat = {.system = json_text(json_get(body, "system"), view_of("")),
                        .messages = &message,
                        .message_count = 1,
                        .params = body,
                        .sample = exchange->sample};
    const struct sim_fault *met = serve_fault(exchange, model);
    struct reply reply;

    if (!json_is(body, JSON_OBJECT))
        return refuse(exchange, "BadRequest", view_of("a message is one JSON object"));
    if (!view_is(action, "message"))
        return refuse(exchange, "BadRequest",
                      view_of("this action is unknown: send {\"action\": \"message\", \"text\": "
                              "\"…\"}"));
    if (!json_is(text, JSON_STRING))
        return refuse(exchange, "BadRequest", view_of("text: a string is needed"));
    if (model_name != NULL && !json_is(model_name, JSON_STRING))
        return refuse(exchange, "BadRequest", view_of("model: a string is needed"));
    int code = met == NULL ? serve_ask(exchange, &chat, model, &reply, &met) : 0;
    if (code != 0)
        return code;
    if (met != NULL)
        return refuse(exchange, met->type, view_of(met->text));
    if (reply.code != 0)
        return refuse(exchange, "BadRequest", reply.error_text);
    return serve_stream(exchange, &form, model, &reply, 1);
}
