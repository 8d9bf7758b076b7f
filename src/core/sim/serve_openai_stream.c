/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_openai_stream: chat completions as server-sent events; see serve_parts.h. Source: OpenAI
 * API reference, "Streaming". */
#include "core/sim/serve_parts.h"

enum { EVENT_BYTES_MAX = 1024 * 1024 };

const char *openai_finish_reason(enum stop_reason stop)
{
    return stop == STOP_LENGTH ? "length" : "stop";
}

void openai_write_usage(struct json_writer *writer, int64_t tokens_in, int64_t tokens_out)
{
    json_member_object(writer, "usage");
    json_write_key(writer, "prompt_tokens");
    json_write_int(writer, tokens_in);
    json_write_key(writer, "completion_tokens");
    json_write_int(writer, tokens_out);
    json_write_key(writer, "total_tokens");
    json_write_int(writer, tokens_in + tokens_out);
    json_write_end(writer, '}');
}

/* Opens a chunk up to its choices. */
static void open_chunk(struct serve_stream *stream, struct json_writer *writer, struct strbuf *out)
{
    char id[40];

    snprintf(id, sizeof id, "chatcmpl-%016llx", (unsigned long long)stream->exchange->id);
    strbuf_init(out, EVENT_BYTES_MAX);
    json_writer_init(writer, out, 0);
    json_write_object(writer);
    json_member_text(writer, "id", id);
    json_member_text(writer, "object", "chat.completion.chunk");
    json_member_int(writer, "created", 0);
    json_member_string(writer, "model", stream->model);
    json_member_array(writer, "choices");
}

/* Its end, and what wants usage at the end wants null before. */
static void close_chunk(struct serve_stream *stream, struct json_writer *writer)
{
    json_write_end(writer, '}');
    if (strbuf_status(writer->out) != 0)
        stream->code = ERR_MEMORY;
    strbuf_add_text(&stream->bytes, "data: ");
    strbuf_add(&stream->bytes, strbuf_view(writer->out));
    strbuf_add_text(&stream->bytes, "\n\n");
    strbuf_release(writer->out);
}

static bool wants_usage(const struct serve_stream *stream)
{
    const struct json *options = json_get(stream->exchange->body, "stream_options");

    return json_bool(json_get(options, "include_usage"), false);
}

/* One choice with its delta; `role`, `text` and `stop` where they are said. */
static void write_delta(struct serve_stream *stream, const char *role, struct view text,
                        const char *stop)
{
    struct json_writer writer;
    struct strbuf out;

    open_chunk(stream, &writer, &out);
    json_write_object(&writer);
    json_member_int(&writer, "index", stream->choice);
    json_member_object(&writer, "delta");
    if (role != NULL)
        json_member_text(&writer, "role", role);
    if (text.ptr != NULL)
        json_member_string(&writer, "content", text);
    json_write_end(&writer, '}');
    json_write_key(&writer, "logprobs");
    json_write_null(&writer);
    json_write_key(&writer, "finish_reason");
    if (stop != NULL)
        json_write_text(&writer, stop);
    else
        json_write_null(&writer);
    json_write_end(&writer, '}');
    json_write_end(&writer, ']');
    if (wants_usage(stream)) {
        json_write_key(&writer, "usage");
        json_write_null(&writer);
    }
    close_chunk(stream, &writer);
}

static void begin(struct serve_stream *stream)
{
    write_delta(stream, "assistant", view_of(""), NULL);
}

static void delta(struct serve_stream *stream, struct view text)
{
    write_delta(stream, NULL, text, NULL);
}

static void end(struct serve_stream *stream)
{
    write_delta(stream, NULL, (struct view){NULL, 0}, openai_finish_reason(stream->reply->stop));
}

static void finish(struct serve_stream *stream)
{
    struct json_writer writer;
    struct strbuf out;

    if (wants_usage(stream)) {
        open_chunk(stream, &writer, &out);
        json_write_end(&writer, ']');
        openai_write_usage(&writer, stream->tokens_in, stream->tokens_out);
        close_chunk(stream, &writer);
    }
    strbuf_add_text(&stream->bytes, "data: [DONE]\n\n");
}

static void fault(struct serve_stream *stream, const struct sim_fault *fault)
{
    struct json_writer writer;

    strbuf_add_text(&stream->bytes, "data: ");
    json_writer_init(&writer, &stream->bytes, 0);
    json_write_object(&writer);
    json_member_object(&writer, "error");
    json_member_text(&writer, "message", fault->text);
    json_member_text(&writer, "type", fault->openai_type);
    json_write_key(&writer, "param");
    json_write_null(&writer);
    json_member_text(&writer, "code", fault->openai_code);
    json_write_end(&writer, '}');
    json_write_end(&writer, '}');
    strbuf_add_text(&stream->bytes, "\n\n");
}

static const struct serve_form form = {
    .content_type = "text/event-stream; charset=utf-8",
    .begin = begin,
    .delta = delta,
    .end = end,
    .finish = finish,
    .fault = fault,
};

int serve_openai_stream(struct exchange *exchange, struct view model, const struct reply *replies,
                        size_t count)
{
    char id[32];

    snprintf(id, sizeof id, "req_%016llx", (unsigned long long)exchange->id);
    int code = serve_header(exchange, "x-request-id", view_of(id));
    return code != 0 ? code : serve_stream(exchange, &form, model, replies, count);
}
