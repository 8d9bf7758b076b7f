/* SPDX-License-Identifier: Apache-2.0
 *
 * sse: see sse.h. A line that lies whole in the fed bytes is read where it is; only one that a
 * split cuts is collected first. */
#include "wire/sse.h"

struct field {
    const char *name;
    void (*take)(struct sse_parser *parser, struct view value);
};

void sse_parser_init(struct sse_parser *parser, size_t limit)
{
    *parser = (struct sse_parser){
        .limit = limit != 0 ? limit : SSE_EVENT_BYTES_MAX, .retry_ms = -1, .at_start = true};
    strbuf_init(&parser->line, parser->limit);
    strbuf_init(&parser->event, parser->limit);
    strbuf_init(&parser->data, parser->limit);
    strbuf_init(&parser->id, parser->limit);
}

void sse_parser_release(struct sse_parser *parser)
{
    strbuf_release(&parser->line);
    strbuf_release(&parser->event);
    strbuf_release(&parser->data);
    strbuf_release(&parser->id);
}

static void take_event(struct sse_parser *parser, struct view value)
{
    strbuf_reset(&parser->event);
    strbuf_add(&parser->event, value);
}

static void take_data(struct sse_parser *parser, struct view value)
{
    if (parser->has_data)
        strbuf_add_byte(&parser->data, '\n');
    strbuf_add(&parser->data, value);
    parser->has_data = true;
}

static void take_id(struct sse_parser *parser, struct view value)
{
    if (view_find_byte(value, '\0') < value.len)
        return;
    strbuf_reset(&parser->id);
    strbuf_add(&parser->id, value);
}

static void take_retry(struct sse_parser *parser, struct view value)
{
    int64_t retry_ms;

    if (view_to_int(value, &retry_ms) == 0 && value.ptr[0] != '-')
        parser->retry_ms = retry_ms;
}

static const struct field fields[] = {
    {"event", take_event},
    {"data", take_data},
    {"id", take_id},
    {"retry", take_retry},
};

/* One line that is not empty. Comments and unknown fields say nothing. */
static void take_line(struct sse_parser *parser, struct view line)
{
    size_t colon = view_find_byte(line, ':');
    struct view name = view_slice(line, 0, colon);
    struct view value = view_slice(line, colon + 1, line.len);

    if (colon == 0)
        return;
    parser->event_bytes += line.len;
    if (value.len > 0 && value.ptr[0] == ' ')
        value = view_slice(value, 1, value.len);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (view_is(name, fields[i].name))
            fields[i].take(parser, value);
    }
}

/* Forgets the event that was handed out, or one without data. */
static void clear_event(struct sse_parser *parser)
{
    strbuf_reset(&parser->event);
    strbuf_reset(&parser->data);
    parser->event_bytes = 0;
    parser->has_data = false;
    parser->given = false;
}

/* Takes one line with its end off *rest: true and the line (which lies in *rest or in
 * parser->line); false where *rest ends before it. */
static bool next_line(struct sse_parser *parser, struct view *rest, struct view *ret_line)
{
    if (parser->after_cr && rest->len > 0) {
        parser->after_cr = false;
        if (rest->ptr[0] == '\n')
            *rest = view_slice(*rest, 1, rest->len);
    }
    size_t ends = view_find_byte(*rest, '\n');
    ends = view_find_byte(view_slice(*rest, 0, ends), '\r');
    struct view piece = view_slice(*rest, 0, ends);

    if (ends == rest->len || parser->line.len != 0)
        strbuf_add(&parser->line, piece);
    if (ends == rest->len) {
        *rest = view_slice(*rest, rest->len, rest->len);
        return false;
    }
    parser->after_cr = rest->ptr[ends] == '\r';
    *rest = view_slice(*rest, ends + 1, rest->len);
    *ret_line = parser->line.len != 0 ? strbuf_view(&parser->line) : piece;
    return true;
}

/* The first failure of a buffer, or an event past the limit. */
static int check(struct sse_parser *parser, size_t line_bytes, struct err *reterr)
{
    const struct strbuf *buffers[] = {&parser->line, &parser->event, &parser->data, &parser->id};

    for (size_t i = 0; parser->failed == 0 && i < sizeof buffers / sizeof buffers[0]; i++)
        parser->failed = strbuf_status(buffers[i]);
    if (parser->failed == 0 && line_bytes > parser->limit - parser->event_bytes)
        parser->failed = ERR_LIMIT;
    if (parser->failed == ERR_LIMIT)
        return fail(reterr, ERR_LIMIT, "an event of the stream is larger than %zu bytes",
                    parser->limit);
    if (parser->failed != 0)
        return fail(reterr, parser->failed, "no memory for an event of the stream");
    return 0;
}

/* The first line of the stream may start with a byte order mark. */
static struct view without_mark(struct sse_parser *parser, struct view line)
{
    bool first = parser->at_start;

    parser->at_start = false;
    if (first && view_starts(line, (struct view)VIEW("\xef\xbb\xbf")))
        return view_slice(line, 3, line.len);
    return line;
}

int sse_feed(struct sse_parser *parser, struct view *rest, struct sse_event *ret_event,
             struct err *reterr)
{
    int code = check(parser, 0, reterr);
    struct view line;

    if (parser->given)
        clear_event(parser);
    while (code == 0 && next_line(parser, rest, &line)) {
        code = check(parser, line.len, reterr);
        line = without_mark(parser, line);
        if (code == 0 && line.len == 0 && parser->has_data) {
            parser->given = true;
            strbuf_reset(&parser->line);
            *ret_event = (struct sse_event){.event = strbuf_view(&parser->event),
                                            .data = strbuf_view(&parser->data),
                                            .id = strbuf_view(&parser->id),
                                            .retry_ms = parser->retry_ms};
            return 1;
        }
        if (line.len == 0)
            clear_event(parser);
        else if (code == 0)
            take_line(parser, line);
        strbuf_reset(&parser->line);
    }
    return code != 0 ? code : check(parser, parser->line.len, reterr);
}

static bool has_line_end(struct view text)
{
    return view_find_byte(text, '\n') < text.len || view_find_byte(text, '\r') < text.len;
}

/* One data line for each line of the text, however its lines end. */
static void write_data(struct strbuf *out, struct view data)
{
    bool more = true;

    while (more) {
        size_t ends = view_find_byte(data, '\n');
        ends = view_find_byte(view_slice(data, 0, ends), '\r');
        more = ends < data.len;
        strbuf_add_text(out, "data: ");
        strbuf_add(out, view_slice(data, 0, ends));
        strbuf_add_byte(out, '\n');
        bool both =
            more && data.ptr[ends] == '\r' && ends + 1 < data.len && data.ptr[ends + 1] == '\n';
        data = view_slice(data, ends + (both ? 2 : 1), data.len);
    }
}

static void write_field(struct strbuf *out, const char *name, struct view value)
{
    if (value.len == 0)
        return;
    strbuf_add_text(out, name);
    strbuf_add(out, value);
    strbuf_add_byte(out, '\n');
}

int sse_write(struct strbuf *out, const struct sse_event *event)
{
    if (has_line_end(event->event) || has_line_end(event->id)
        || view_find_byte(event->id, '\0') < event->id.len)
        return ERR_INVALID;
    write_field(out, "event: ", event->event);
    write_field(out, "id: ", event->id);
    if (event->retry_ms >= 0)
        strbuf_printf(out, "retry: %lld\n", (long long)event->retry_ms);
    write_data(out, event->data);
    strbuf_add_byte(out, '\n');
    return strbuf_status(out);
}

void sse_write_comment(struct strbuf *out, struct view text)
{
    strbuf_add_text(out, ": ");
    for (size_t i = 0; i < text.len; i++)
        strbuf_add_byte(out, text.ptr[i] == '\n' || text.ptr[i] == '\r' ? ' ' : text.ptr[i]);
    strbuf_add_text(out, "\n\n");
}
