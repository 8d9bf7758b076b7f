/* SPDX-License-Identifier: Apache-2.0
 *
 * session_http1: the row for HTTP/1.1 and 1.0 (see session.h). One request at a time:
 *
 *     between ──REQUEST──▶ open, reading ──END──▶ open, whole ──answer left──▶ between
 *                              └──answered early──▶ the rest is dropped, then closing
 *
 * Streams are numbered from 1. */
#include <stdio.h>

#include "base/mem.h"
#include "core/server/session_internal.h"
#include "wire/websocket_handshake.h"

enum {
    HEAD_MAX_BYTES = 128 * 1024, /* of a response */
    LENGTH_SIZE = 24,
};

enum answer {
    ANSWER_NONE,
    ANSWER_IN_PIECES, /* its head was given, pieces follow */
    ANSWER_WHOLE,     /* all of it was given */
};

struct http1_session {
    struct session_row row;
    struct http1_parser *parser;
    const struct http1_head *head; /* of the open stream; holds until the parser is fed again */
    struct http_request request;   /* the view that REQUEST shows */
    struct outbox outbox;
    uint32_t stream; /* the last that began */
    enum answer answer;
    enum http1_framing framing; /* of the answer in pieces */
    bool open;                  /* the stream is not over */
    bool whole;                 /* its END came */
    bool keep_alive;            /* after its END the connection could go on */
    bool without_body;          /* of the answer: HEAD and its kin */
    bool waits_continue;        /* the peer sends its body after 100 Continue */
    bool busy_said;
    bool last;    /* the answer that waits is the last of this connection */
    bool shut;    /* no request after the present one */
    bool closing; /* nothing follows what waits */
    bool breaks;  /* and then a reset */
};

static struct http1_session *own(struct session_row *row)
{
    return (struct http1_session *)row;
}

static bool is_open(const struct http1_session *http1, uint32_t stream)
{
    return http1->open && http1->stream == stream;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* True where the connection goes on after the answer to the open stream. */
static bool keeps(const struct http1_session *http1)
{
    return http1->whole && http1->keep_alive && !http1->shut
           && http1->stream < http1->row.limits.requests;
}

static enum http1_framing framing_of(const struct http1_session *http1, bool in_pieces)
{
    if (http1->without_body)
        return HTTP1_NO_BODY;
    if (!in_pieces)
        return HTTP1_LENGTH;
    return http1->head->version_minor == 0 ? HTTP1_UNTIL_CLOSE : HTTP1_CHUNKED;
}

/* Puts head and body into the outbox, both or neither. */
static int put_response(struct http1_session *http1, const struct http_response *response,
                        enum http1_framing framing)
{
    bool with_body = framing == HTTP1_LENGTH;
    struct strbuf head;
    struct err err;

    strbuf_init(&head, HEAD_MAX_BYTES);
    int code = http1_write_response_head(&head, response, framing, &err);
    if (code == 0)
        code = outbox_fits(&http1->outbox, head.len + (with_body ? response->body.len : 0));
    if (code == 0 && with_body)
        strbuf_room(&http1->outbox.bytes, head.len + response->body.len);
    if (code == 0)
        code = outbox_add(&http1->outbox, strbuf_view(&head));
    if (code == 0 && with_body) {
        size_t before = http1->outbox.bytes.len - head.len;
        code = outbox_add(&http1->outbox, response->body);
        if (code != 0) {
            strbuf_cut(&http1->outbox.bytes, before);
            session_budget_give(http1->row.budget, head.len);
        }
    }
    strbuf_release(&head);
    return code;
}

/* Adds what only the connection knows. `length` must live as long as the response. */
static int add_headers(const struct http1_session *http1, struct http_response *response,
                       enum http1_framing framing, bool in_pieces, char length[LENGTH_SIZE])
{
    bool head_only = framing == HTTP1_NO_BODY && !session_status_has_no_body(response->status);
    int code = 0;

    if (http1->last && framing != HTTP1_UNTIL_CLOSE)
        code = http_header_add(&response->headers, view_of("connection"), view_of("close"));
    else if (!http1->last && http1->head->version_minor == 0)
        code = http_header_add(&response->headers, view_of("connection"), view_of("keep-alive"));
    if (code == 0 && head_only && !in_pieces) {
        snprintf(length, LENGTH_SIZE, "%zu", response->body.len);
        code = http_header_add(&response->headers, view_of("content-length"), view_of(length));
    }
    return code;
}

static int busy(struct http1_session *http1)
{
    if (outbox_waiting(&http1->outbox) <= SESSION_BUSY_BYTES)
        return 0;
    http1->busy_said = true;
    return ERR_BUSY;
}

static int respond(struct session_row *row, uint32_t stream, const struct http_response *response,
                   bool in_pieces)
{
    struct http1_session *http1 = own(row);
    struct http_response full = *response;
    char length[LENGTH_SIZE];

    if (!is_open(http1, stream) || http1->answer != ANSWER_NONE)
        return ERR_CLOSED;
    http1->without_body =
        view_is(http1->head->method, "HEAD") || session_status_has_no_body(response->status);
    enum http1_framing framing = framing_of(http1, in_pieces);
    http1->last = !keeps(http1) || framing == HTTP1_UNTIL_CLOSE;
    int code = add_headers(http1, &full, framing, in_pieces, length);
    if (code == 0)
        code = put_response(http1, &full, framing);
    if (code != 0)
        return code;
    http1->framing = framing;
    http1->answer = in_pieces ? ANSWER_IN_PIECES : ANSWER_WHOLE;
    return busy(http1);
}

static int put_piece(struct http1_session *http1, struct view bytes, bool end)
{
    struct strbuf chunk;
    struct err err;
    int code;

    if (http1->framing != HTTP1_CHUNKED)
        return http1->without_body ? 0 : outbox_add(&http1->outbox, bytes);
    strbuf_init(&chunk, bytes.len + 64);
    http1_write_chunk(&chunk, bytes);
    code = end ? http1_write_last_chunk(&chunk, NULL, &err) : 0;
    if (code == 0)
        code = strbuf_status(&chunk);
    if (code == 0)
        code = outbox_add(&http1->outbox, strbuf_view(&chunk));
    strbuf_release(&chunk);
    return code;
}

static int piece(struct session_row *row, uint32_t stream, struct view bytes, bool end)
{
    struct http1_session *http1 = own(row);

    if (!is_open(http1, stream) || http1->answer != ANSWER_IN_PIECES)
        return ERR_CLOSED;
    int code = put_piece(http1, bytes, end);
    if (code != 0)
        return code;
    if (end)
        http1->answer = ANSWER_WHOLE;
    return busy(http1);
}

static void end_stream(struct session_row *row, uint32_t stream, bool breaks)
{
    struct http1_session *http1 = own(row);

    if (!is_open(http1, stream))
        return;
    http1->open = false;
    http1->closing = true;
    http1->breaks = breaks;
}

static void reset(struct session_row *row, uint32_t stream)
{
    end_stream(row, stream, true);
}

static void cut(struct session_row *row, uint32_t stream)
{
    end_stream(row, stream, false);
}

static void shut(struct session_row *row)
{
    struct http1_session *http1 = own(row);

    http1->shut = true;
    if (!http1->open && !http1_in_message(http1->parser))
        http1->closing = true;
}

/* ---- requests ------------------------------------------------------------------------------- */

/* Answers what cannot be read; the connection ends. */
static int refuse(struct http1_session *http1, const char *why, struct session_event *ret_event)
{
    struct http_response response;
    struct strbuf body;
    int status = http1_error_status(http1->parser);

    status = status != 0 ? status : 400;
    http1->closing = true;
    strbuf_init(&body, ERR_TEXT_MAX * 8);
    int code = session_refusal(status, why, &body, &response);
    if (code == 0)
        code = http_header_add(&response.headers, view_of("connection"), view_of("close"));
    if (code == 0)
        code = put_response(http1, &response, HTTP1_LENGTH);
    strbuf_release(&body);
    *ret_event = (struct session_event){.kind = SESSION_REFUSED,
                                        .stream = http1->open ? http1->stream : 0,
                                        .status = code == 0 ? status : 0,
                                        .why = "the request cannot be read"};
    http1->open = false;
    return 1;
}

static void begin_stream(struct http1_session *http1, const struct http1_head *head,
                         struct session_event *ret_event)
{
    http1->stream++;
    http1->head = head;
    http1->answer = ANSWER_NONE;
    http1->open = true;
    http1->whole = false;
    http1->waits_continue = head->expects_continue;
    http1->request.method = head->method;
    http1->request.target = head->target;
    http1->request.headers = head->headers;
    *ret_event = (struct session_event){
        .kind = SESSION_REQUEST,
        .stream = http1->stream,
        .request = &http1->request,
        .has_length = head->has_length,
        .length = head->length,
        .websocket = head->upgrade && websocket_is_asked_for(head),
        .why = "",
    };
}

/* What the parser says as an event of ours; false where it is none. */
static bool translate(struct http1_session *http1, const struct http1_event *event,
                      struct session_event *ret_event)
{
    switch (event->kind) {
    case HTTP1_HEAD:
        begin_stream(http1, event->head, ret_event);
        return true;
    case HTTP1_BODY:
        ret_event->kind = SESSION_BODY;
        ret_event->bytes = event->body;
        break;
    case HTTP1_TRAILERS:
        return false;
    case HTTP1_END:
    case HTTP1_UPGRADE:
        http1->whole = true;
        http1->keep_alive = event->keep_alive && !view_is(event->head->method, "CONNECT");
        ret_event->kind = SESSION_END;
        ret_event->websocket = event->kind == HTTP1_UPGRADE && websocket_is_asked_for(event->head);
        break;
    }
    ret_event->stream = http1->stream;
    return true;
}

static int parse(struct http1_session *http1, struct view *rest, struct session_event *ret_event)
{
    struct http1_event event;
    struct err err;

    for (;;) {
        int got = http1_feed(http1->parser, rest, &event, &err);
        if (got == ERR_MEMORY)
            return ERR_MEMORY;
        if (got < 0)
            return refuse(http1, err.text, ret_event);
        if (got == 0 || translate(http1, &event, ret_event))
            return got;
    }
}

/* What is owed besides the bytes that came: 1 and an event, or 0. */
static int owed(struct http1_session *http1, struct session_event *ret_event)
{
    size_t waiting = outbox_waiting(&http1->outbox);

    if (!http1->open)
        return 0;
    ret_event->stream = http1->stream;
    if (http1->answer == ANSWER_WHOLE && waiting == 0) {
        ret_event->kind = SESSION_SENT;
        http1->open = false;
        http1->busy_said = false;
        http1->closing = http1->last || http1->shut;
        return 1;
    }
    if (http1->busy_said && http1->answer == ANSWER_IN_PIECES && waiting < SESSION_EASY_BYTES) {
        ret_event->kind = SESSION_WRITABLE;
        http1->busy_said = false;
        return 1;
    }
    return 0;
}

static void drop(struct view *rest)
{
    *rest = view_slice(*rest, rest->len, rest->len);
}

static int feed(struct session_row *row, struct view *rest, struct session_event *ret_event)
{
    struct http1_session *http1 = own(row);

    if (owed(http1, ret_event) == 1)
        return 1;
    if (http1->closing || (http1->open && !http1->whole && http1->answer != ANSWER_NONE)) {
        drop(rest);
        return 0;
    }
    if (http1->open && http1->whole)
        return 0;
    if (http1->open && http1->waits_continue) {
        http1->waits_continue = false;
        if (rest->len == 0
            && outbox_add(&http1->outbox, view_of("HTTP/1.1 100 Continue\r\n\r\n")) != 0)
            return ERR_MEMORY;
    }
    return parse(http1, rest, ret_event);
}

/* ---- the upgrade ---------------------------------------------------------------------------- */

static int refuse_upgrade(struct http1_session *http1, const struct websocket_answer *answer,
                          struct err *reterr)
{
    struct http_response response;

    websocket_response(answer, view_of(reterr->text), &response);
    int code = respond(&http1->row, http1->stream, &response, false);
    return code != 0 && code != ERR_BUSY ? code : ERR_REFUSED;
}

static int upgrade(struct session_row *row, uint32_t stream, struct session_row **ret_row,
                   struct err *reterr)
{
    struct http1_session *http1 = own(row);
    struct websocket_answer answer;
    struct http_response response;
    struct strbuf greeting;
    struct err err = {0};

    if (!is_open(http1, stream) || !http1->whole || http1->answer != ANSWER_NONE)
        return fail(reterr, ERR_CLOSED, "no such request waits for an answer");
    int code = websocket_answer(http1->head, view_of(""), &answer, &err);
    if (code != 0) {
        code = refuse_upgrade(http1, &answer, &err);
        return fail(reterr, code, "%s", err.text);
    }
    websocket_response(&answer, view_of(""), &response);
    strbuf_init(&greeting, HEAD_MAX_BYTES);
    code = http1_write_response_head(&greeting, &response, HTTP1_NO_BODY, &err);
    if (code == 0) {
        *ret_row = session_websocket_new(&row->limits, row->budget, stream, strbuf_view(&greeting));
        if (*ret_row == NULL)
            code = fail(&err, ERR_MEMORY, "no memory for a WebSocket");
    }
    strbuf_release(&greeting);
    return code == 0 ? 0 : fail(reterr, code, "%s", err.text);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int output(struct session_row *row, struct strbuf *out, size_t most)
{
    return outbox_move(&own(row)->outbox, out, most);
}

static size_t waiting_of(const struct session_row *row, uint32_t stream)
{
    const struct http1_session *http1 = (const struct http1_session *)row;

    return is_open(http1, stream) ? outbox_waiting(&http1->outbox) : 0;
}

static enum session_state state(const struct session_row *row)
{
    const struct http1_session *http1 = (const struct http1_session *)row;

    if (http1->closing && http1->breaks && outbox_waiting(&http1->outbox) == 0)
        return SESSION_BROKEN;
    if (http1->open)
        return http1->whole ? SESSION_ANSWERING : SESSION_AT_WORK;
    if (http1->closing)
        return SESSION_CLOSING;
    return http1_in_message(http1->parser) ? SESSION_READING : SESSION_IDLE;
}

static void free_row(struct session_row *row)
{
    struct http1_session *http1 = own(row);

    http1_parser_free(http1->parser);
    outbox_release(&http1->outbox);
    mem_free(http1);
}

static const struct session_protocol protocol = {
    .kind = SESSION_HTTP1,
    .free = free_row,
    .feed = feed,
    .respond = respond,
    .piece = piece,
    .reset = reset,
    .cut = cut,
    .shut = shut,
    .output = output,
    .waiting = waiting_of,
    .state = state,
    .upgrade = upgrade,
};

struct session_row *session_http1_new(const struct session_limits *limits,
                                      struct session_budget *budget)
{
    const struct http1_limits parser_limits = {.body_bytes = limits->body_bytes};
    struct http1_session *http1 = mem_new(1, sizeof *http1);

    if (http1 == NULL)
        return NULL;
    http1->row = (struct session_row){.protocol = &protocol, .limits = *limits, .budget = budget};
    outbox_init(&http1->outbox, limits->answer_bytes + HEAD_MAX_BYTES, budget);
    http1->parser = http1_parser_new(HTTP1_READS_REQUESTS, &parser_limits);
    if (http1->parser == NULL) {
        free_row(&http1->row);
        return NULL;
    }
    return &http1->row;
}
