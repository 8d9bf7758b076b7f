/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_stream: an answer in pieces of a few tokens, each with the time it is due: the first after
 * a quarter of the answer's time (or as `--latency tokens:` says), the rest spread over what is
 * left, unevenly as the seed draws. See serve_parts.h. */
#include "base/utf8.h"
#include "core/sim/serve_parts.h"

enum { PIECES_FIRST = 64, PIECE_BYTES_MAX = 24, PIECES_BEFORE_FAULT = 3 };

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n';
}

/* A word with the space behind it, or two characters of a script without spaces. */
static struct view next_text(struct view *rest)
{
    size_t len = 0;
    bool wide = (unsigned char)rest->ptr[0] >= 0x80;

    while (len < rest->len && len < PIECE_BYTES_MAX) {
        if (((unsigned char)rest->ptr[len] >= 0x80) != wide)
            break;
        len++;
        if ((!wide && is_space(rest->ptr[len - 1])) || (wide && len == 6))
            break;
    }
    struct view text = utf8_cut(*rest, len);
    if (text.len == 0)
        text = view_slice(*rest, 0, rest->len < 4 ? rest->len : 4);
    *rest = view_slice(*rest, text.len, rest->len);
    return text;
}

static bool make_room(struct serve_stream *stream)
{
    if (stream->count < stream->capacity)
        return true;
    size_t capacity = stream->capacity != 0 ? stream->capacity * 2 : PIECES_FIRST;
    struct sim_piece *grown = arena_new(stream->exchange->arena, capacity, sizeof *grown);
    if (grown == NULL)
        return false;
    if (stream->count != 0)
        memcpy(grown, stream->pieces, stream->count * sizeof *grown);
    stream->pieces = grown;
    stream->capacity = capacity;
    return true;
}

/* What was written since the last piece is one; its weight stands in after_ns until all are
 * there. */
static void close_piece(struct serve_stream *stream, uint64_t weight)
{
    struct view bytes;

    if (stream->bytes.len == 0)
        return;
    if (strbuf_status(&stream->bytes) != 0 || !make_room(stream)
        || arena_copy(stream->exchange->arena, strbuf_view(&stream->bytes), &bytes) != 0) {
        stream->code = ERR_MEMORY;
        return;
    }
    stream->pieces[stream->count++] = (struct sim_piece){.after_ns = weight, .bytes = bytes};
    strbuf_reset(&stream->bytes);
}

/* Draws 50 to 150: gaps differ by as much around their mean. */
static uint64_t draw_weight(struct serve_stream *stream)
{
    return 50 + rng_below(&stream->rng, 101);
}

/* True where the stream was ended by a fault. */
static bool write_reply(struct serve_stream *stream, const struct serve_form *form,
                        const struct sim_fault *fault)
{
    struct view rest = stream->reply->text;
    bool is_first = stream->count == 0;

    form->begin(stream);
    while (rest.len != 0 && stream->code == 0) {
        form->delta(stream, next_text(&rest));
        close_piece(stream, is_first ? 0 : draw_weight(stream));
        is_first = false;
        if (fault != NULL && stream->count >= PIECES_BEFORE_FAULT)
            break;
    }
    if (fault != NULL) {
        form->fault(stream, fault);
        close_piece(stream, draw_weight(stream));
        return true;
    }
    form->end(stream);
    close_piece(stream, is_first ? 0 : draw_weight(stream));
    return false;
}

/* Weights become times that add up to what is left after the first. */
static void spread(struct serve_stream *stream, uint64_t left_ns)
{
    uint64_t weights = 0;

    for (size_t i = 0; i < stream->count; i++)
        weights += stream->pieces[i].after_ns;
    for (size_t i = 0; i < stream->count && weights != 0; i++)
        stream->pieces[i].after_ns =
            (uint64_t)((double)left_ns * (double)stream->pieces[i].after_ns / (double)weights);
}

int serve_stream(struct exchange *exchange, const struct serve_form *form, struct view model,
                 const struct reply *replies, size_t count)
{
    const struct sim_fault *fault = serve_stream_fault(exchange, model);
    struct sim_served *served = exchange->served;
    uint64_t first_ns = sim_latency_first(&exchange->sim->latency, served->latency_ns);
    struct serve_stream stream = {.exchange = exchange, .model = model};
    bool faulty = false;

    rng_init_named(&stream.rng, exchange->id, view_of("stream"));
    strbuf_init(&stream.bytes, SERVE_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        stream.tokens_in = replies[i].usage.tokens_in;
        stream.tokens_out += replies[i].usage.tokens_out;
    }
    stream.first_ns = first_ns;
    stream.whole_ns = served->latency_ns;
    served->latency_ns = first_ns;
    for (size_t i = 0; i < count && stream.code == 0 && !faulty; i++) {
        stream.reply = &replies[i];
        stream.choice = (int64_t)i;
        faulty = write_reply(&stream, form, fault);
    }
    if (!faulty && form->finish != NULL) {
        form->finish(&stream);
        close_piece(&stream, 0);
    }
    spread(&stream, stream.whole_ns - first_ns);
    strbuf_release(&stream.bytes);
    served->response.status = 200;
    served->pieces = exchange->pieces = stream.pieces;
    served->piece_count = stream.count;
    return stream.code != 0 ? stream.code
                            : serve_header(exchange, "content-type", view_of(form->content_type));
}
