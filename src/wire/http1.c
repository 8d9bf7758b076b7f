/* SPDX-License-Identifier: Apache-2.0
 *
 * http1: see http1.h.
 *
 * A phase says what the next bytes are; its handler takes one unit (a head, a piece of body, a
 * chunk's line, trailers), has llhttp read the same bytes, and compares. llhttp starts afresh with
 * every message, so nothing of one message can colour the next. */
#include "wire/http1.h"

#include <llhttp.h>

#include "base/mem.h"

enum {
    START_LINE_BYTES = 16 * 1024,
    HEADER_BYTES = 64 * 1024,
    CHUNK_LINE_BYTES = 4 * 1024,
    BODY_BYTES = 32 * 1024 * 1024,
    INFORMATIONAL_MAX = 16, /* 1xx responses before one answer */
    GO_ON = 2,              /* of a handler: the phase changed, go on with the next one */
};

enum phase {
    PHASE_HEAD,
    PHASE_BODY,       /* `left` bytes */
    PHASE_TO_CLOSE,   /* all bytes until the connection ends */
    PHASE_CHUNK_LINE, /* a chunk's size */
    PHASE_CHUNK,      /* `left` bytes of a chunk */
    PHASE_CHUNK_END,  /* the line end after a chunk's bytes */
    PHASE_TRAILERS,
    PHASE_COMPLETE, /* END or UPGRADE is due */
    PHASE_OVER,     /* no further message on this connection */
    PHASE_UPGRADED, /* the bytes are no HTTP/1.1 any more */
    PHASE_FAILED,
};

struct http1_parser {
    llhttp_t llhttp;
    enum http1_side side;
    enum phase phase;
    struct http1_limits limits;
    struct strbuf head_lines; /* the views of head point here */
    struct strbuf tail_lines; /* a chunk's line, or the trailers, whose views point here */
    struct strbuf *lines;     /* the one that is being collected into */
    size_t line_at;           /* where in it the line that is being collected starts */
    size_t head_at;           /* where the head starts, behind empty lines */
    size_t start_line_ends;   /* 0 until the start line is complete */
    struct http1_head head;
    struct http_headers trailers;
    struct http_headers *filling; /* head.headers or trailers */
    uint64_t left;
    uint64_t body_seen;
    int informational;
    bool answers_head;
    bool answers_connect;
    bool head_complete;    /* llhttp says so */
    bool message_complete; /* the same */
    bool keep_alive;
    int error_status;
    struct err err;
};

/* Every refusal goes through here: code and status are remembered, the phase ends it all. */
static int refuse(struct http1_parser *parser, int code, int status, const char *what)
{
    parser->phase = PHASE_FAILED;
    parser->error_status = status;
    return fail(&parser->err, code, "malformed HTTP/1.1 %s: %s",
                parser->side == HTTP1_READS_REQUESTS ? "request" : "response", what);
}

static int refuse_size(struct http1_parser *parser, int status, const char *what, uint64_t limit)
{
    parser->phase = PHASE_FAILED;
    parser->error_status = status;
    return fail(&parser->err, ERR_LIMIT, "HTTP/1.1 %s: %s than the limit of %llu",
                parser->side == HTTP1_READS_REQUESTS ? "request" : "response", what,
                (unsigned long long)limit);
}

static int refuse_memory(struct http1_parser *parser)
{
    parser->phase = PHASE_FAILED;
    parser->error_status = 503;
    return fail(&parser->err, ERR_MEMORY, "no memory for an HTTP/1.1 head");
}

/* ---- what llhttp tells ---------------------------------------------------------------------- */

static struct http1_parser *parser_of(llhttp_t *llhttp)
{
    return llhttp->data;
}

static int on_method(llhttp_t *llhttp, const char *at, size_t len)
{
    parser_of(llhttp)->head.method = view_make(at, len);
    return 0;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
    parser_of(llhttp)->head.target = view_make(at, len);
    return 0;
}

static int on_status(llhttp_t *llhttp, const char *at, size_t len)
{
    parser_of(llhttp)->head.reason = view_make(at, len);
    return 0;
}

static int on_field(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http1_parser *parser = parser_of(llhttp);
    struct http_headers *headers = parser->filling;

    if (headers->count == parser->limits.headers) {
        refuse_size(parser, 431, "more headers", parser->limits.headers);
        return -1;
    }
    headers->items[headers->count++] = (struct http_header){.name = view_make(at, len)};
    return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_headers *headers = parser_of(llhttp)->filling;

    assert_always(headers->count > 0);
    struct http_header *header = &headers->items[headers->count - 1];
    assert_always(header->value.ptr == NULL || header->value.ptr + header->value.len == at);
    header->value =
        view_make(header->value.ptr != NULL ? header->value.ptr : at, header->value.len + len);
    return 0;
}

static int on_chunk_header(llhttp_t *llhttp)
{
    parser_of(llhttp)->left = llhttp->content_length;
    return 0;
}

static int on_complete(llhttp_t *llhttp)
{
    struct http1_parser *parser = parser_of(llhttp);

    parser->message_complete = true;
    parser->keep_alive = parser->keep_alive && llhttp_should_keep_alive(llhttp) != 0;
    return 0;
}

/* ---- the head ------------------------------------------------------------------------------- */

static size_t count_headers(const struct http_headers *headers, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < headers->count; i++)
        count += view_equal_nocase(headers->items[i].name, view_of(name));
    return count;
}

/* Names and values by RFC 9110, whatever llhttp lets pass; values lose the spaces around them. */
static int check_headers(struct http1_parser *parser, struct http_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        struct http_header *header = &headers->items[i];
        header->value = view_trim(header->value);
        if (!http_is_token(header->name))
            return refuse(parser, ERR_PROTOCOL, 400, "a header's name holds a forbidden character");
        if (!http_is_value(header->value))
            return refuse(parser, ERR_PROTOCOL, 400, "a header's value holds a control character");
    }
    return 0;
}

/* How long the body is, said once and in one way. */
static int check_framing(struct http1_parser *parser)
{
    struct http1_head *head = &parser->head;
    size_t lengths = count_headers(&head->headers, "content-length");
    size_t codings = count_headers(&head->headers, "transfer-encoding");
    struct view coding = http_header_get(&head->headers, "transfer-encoding");

    if (lengths > 0 && codings > 0)
        return refuse(
            parser, ERR_PROTOCOL, 400,
            "both Content-Length and Transfer-Encoding, which is how requests are smuggled");
    if (lengths > 1)
        return refuse(parser, ERR_PROTOCOL, 400, "more than one Content-Length");
    if (codings > 1 || (codings == 1 && !view_equal_nocase(coding, (struct view)VIEW("chunked"))))
        return refuse(parser, ERR_PROTOCOL, 501, "a Transfer-Encoding other than 'chunked'");
    if (codings == 1 && head->version_minor == 0)
        return refuse(parser, ERR_PROTOCOL, 400, "a Transfer-Encoding in HTTP/1.0");
    head->chunked = codings == 1;
    if (lengths == 0)
        return 0;

    struct view text = http_header_get(&head->headers, "content-length");
    int64_t length = 0;
    if (text.len == 0 || text.ptr[0] == '-' || view_to_int(text, &length) != 0)
        return refuse(parser, ERR_PROTOCOL, 400, "a Content-Length that is no number");
    head->has_length = true;
    head->length = (uint64_t)length;
    return 0;
}

static int check_request(struct http1_parser *parser)
{
    struct http1_head *head = &parser->head;
    size_t hosts = count_headers(&head->headers, "host");
    struct view expect = http_header_get(&head->headers, "expect");

    for (size_t i = 0; i < head->target.len; i++) {
        unsigned char byte = (unsigned char)head->target.ptr[i];
        if (byte <= ' ' || byte >= 0x7f || byte == '#')
            return refuse(parser, ERR_PROTOCOL, 400, "the target holds a forbidden character");
    }
    if (hosts > 1)
        return refuse(parser, ERR_PROTOCOL, 400, "more than one Host");
    if (hosts == 0 && head->version_minor == 1)
        return refuse(parser, ERR_PROTOCOL, 400, "no Host");
    head->expects_continue =
        head->version_minor == 1 && view_equal_nocase(expect, (struct view)VIEW("100-continue"));
    return 0;
}

static bool has_no_body(const struct http1_parser *parser)
{
    int status = parser->head.status;

    return parser->answers_head || status / 100 == 1 || status == 204 || status == 304;
}

static int check_response(struct http1_parser *parser)
{
    struct http1_head *head = &parser->head;
    bool framed = head->chunked || (head->has_length && head->length > 0);

    if (head->status < 100)
        return refuse(parser, ERR_PROTOCOL, 400, "a status below 100");
    if (head->status == 101 && !parser->llhttp.upgrade)
        return refuse(parser, ERR_PROTOCOL, 400, "101 without Upgrade and Connection: upgrade");
    if (framed && head->status / 100 == 1)
        return refuse(parser, ERR_PROTOCOL, 400, "a 1xx response that announces a body");
    if (framed && head->status == 204)
        parser->keep_alive = false; /* who knows what follows */
    return 0;
}

/* What the body will be, for the caller and for the next phase. */
static void settle_body(struct http1_parser *parser)
{
    struct http1_head *head = &parser->head;
    bool response = parser->side == HTTP1_READS_RESPONSES;
    bool connected = response && parser->answers_connect && head->status / 100 == 2;

    head->upgrade = connected || parser->llhttp.upgrade;
    if ((response && has_no_body(parser)) || connected) {
        head->chunked = false;
        head->has_length = true;
        head->length = 0;
    } else if (response && !head->chunked && !head->has_length) {
        head->until_close = true;
    } else if (!head->chunked) {
        head->has_length = true;
    }
}

/* 0: a body as announced; 1: no body; 2: no body, another protocol; -1: refused. */
static int on_headers_complete(llhttp_t *llhttp)
{
    struct http1_parser *parser = parser_of(llhttp);
    struct http1_head *head = &parser->head;

    head->status = llhttp->status_code;
    head->version_minor = llhttp->http_minor;
    if (llhttp->http_major != 1 || llhttp->http_minor > 1) {
        refuse(parser, ERR_PROTOCOL, 505, "a version other than 1.0 and 1.1");
        return -1;
    }
    if (check_headers(parser, &head->headers) != 0 || check_framing(parser) != 0)
        return -1;
    bool response = parser->side == HTTP1_READS_RESPONSES;
    if ((response ? check_response(parser) : check_request(parser)) != 0)
        return -1;
    settle_body(parser);
    parser->head_complete = true;
    if (!head->chunked && head->length > parser->limits.body_bytes) {
        refuse_size(parser, 413, "a longer body", parser->limits.body_bytes);
        return -1;
    }
    if (!response)
        return 0;
    return head->upgrade ? 2 : has_no_body(parser) ? 1 : 0;
}

static const llhttp_settings_t settings = {
    .on_method = on_method,
    .on_url = on_url,
    .on_status = on_status,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_chunk_header = on_chunk_header,
    .on_message_complete = on_complete,
};

/* Lets llhttp read one unit. */
static int execute(struct http1_parser *parser, struct view bytes)
{
    llhttp_errno_t outcome = llhttp_execute(&parser->llhttp, bytes.ptr, bytes.len);

    if (parser->phase == PHASE_FAILED)
        return parser->err.code;
    if (outcome == HPE_OK || outcome == HPE_PAUSED_UPGRADE)
        return 0;
    const char *reason = llhttp_get_error_reason(&parser->llhttp);
    return refuse(parser, ERR_PROTOCOL, outcome == HPE_INVALID_VERSION ? 505 : 400,
                  reason != NULL && reason[0] != '\0' ? reason : llhttp_errno_name(outcome));
}

/* ---- lines ---------------------------------------------------------------------------------- */

static struct view current_line(const struct http1_parser *parser)
{
    return view_slice(strbuf_view(parser->lines), parser->line_at, parser->lines->len);
}

/* The lines to come are collected into `lines`, from its start. */
static void begin_lines(struct http1_parser *parser, struct strbuf *lines)
{
    strbuf_reset(lines);
    parser->lines = lines;
    parser->line_at = 0;
}

/* What to say of lines that are too long. */
struct line_limit {
    uint64_t bytes;
    int status;
    const char *says;
};

/* Collects one line, its CR LF included, of at most `left` bytes: 1, 0 (feed more), or an error. */
static int collect_line(struct http1_parser *parser, struct view *rest, uint64_t left,
                        const struct line_limit *limit)
{
    size_t ends = view_find_byte(*rest, '\n');
    bool whole = ends < rest->len;
    struct view piece = view_slice(*rest, 0, ends + whole);

    if (piece.len > left - (parser->lines->len - parser->line_at))
        return refuse_size(parser, limit->status, limit->says, limit->bytes);
    strbuf_add(parser->lines, piece);
    if (strbuf_status(parser->lines) != 0)
        return refuse_memory(parser);
    *rest = view_slice(*rest, piece.len, rest->len);
    if (!whole)
        return 0;
    struct view line = current_line(parser);
    if (line.len < 2 || view_find_byte(line, '\r') != line.len - 2)
        return refuse(parser, ERR_PROTOCOL, 400,
                      "a line that does not end in CR LF, or a stray CR");
    if (view_find_byte(line, '\0') < line.len)
        return refuse(parser, ERR_PROTOCOL, 400, "a NUL byte");
    return 1;
}

/* Collects header lines up to the empty one: 1 when it is there. */
static int collect_headers(struct http1_parser *parser, struct view *rest, size_t from)
{
    const struct line_limit limit = {parser->limits.header_bytes, 431, "longer header lines"};

    for (;;) {
        int code = collect_line(parser, rest, limit.bytes + 2 - (parser->line_at - from), &limit);
        if (code != 1)
            return code;
        struct view line = current_line(parser);
        parser->line_at = parser->lines->len;
        if (line.len == 2)
            return 1;
        if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
            return refuse(parser, ERR_PROTOCOL, 400, "a header folded over two lines");
    }
}

/* ---- phases --------------------------------------------------------------------------------- */

/* Forgets the message before. */
static void begin_message(struct http1_parser *parser)
{
    bool requests = parser->side == HTTP1_READS_REQUESTS;

    llhttp_init(&parser->llhttp, requests ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    parser->llhttp.data = parser;
    begin_lines(parser, &parser->head_lines);
    parser->head_at = parser->start_line_ends = 0;
    memset(&parser->head, 0, offsetof(struct http1_head, headers));
    parser->head.headers.count = 0;
    parser->trailers.count = 0;
    parser->filling = &parser->head.headers;
    parser->left = parser->body_seen = 0;
    parser->head_complete = parser->message_complete = false;
    parser->keep_alive = true;
    parser->phase = PHASE_HEAD;
}

/* Its shape: llhttp would also take other protocols and more spaces. 1 where it is right. */
static int check_start_line(struct http1_parser *parser, struct view line)
{
    size_t spaces = 0;

    for (size_t i = 0; i < line.len; i++)
        spaces += line.ptr[i] == ' ';
    if (view_is(line, "PRI * HTTP/2.0"))
        return refuse(parser, ERR_PROTOCOL, 505, "an HTTP/2 preface");
    if (parser->side == HTTP1_READS_RESPONSES && !view_starts(line, (struct view)VIEW("HTTP/")))
        return refuse(parser, ERR_PROTOCOL, 400, "the first line is no status line of HTTP/1.1");
    struct view version = view_slice(line, line.len < 9 ? 0 : line.len - 9, line.len);
    if (parser->side == HTTP1_READS_REQUESTS
        && (spaces != 2 || !view_starts(version, (struct view)VIEW(" HTTP/"))))
        return refuse(parser, ERR_PROTOCOL, 400, "the first line is no request line of HTTP/1.1");
    return 1;
}

/* A response's first bytes may be another protocol's: said at once, since no line may ever end. */
static int check_protocol(struct http1_parser *parser)
{
    const unsigned char *first = (const unsigned char *)parser->head_lines.ptr;
    size_t len = parser->head_lines.len;
    const char *what = NULL;

    if (parser->side != HTTP1_READS_RESPONSES || parser->head_at != 0)
        return 0;
    if (len >= 3 && (first[0] == 0x15 || first[0] == 0x16) && first[1] == 3 && first[2] <= 4)
        what = "the server seems to speak TLS: write https:// in the url";
    else if (len >= 4 && first[0] == 0 && first[1] == 0 && first[3] == 4) /* SETTINGS */
        what = "the server seems to speak HTTP/2 alone: write `http: 2`";
    if (what == NULL)
        return 0;
    parser->phase = PHASE_FAILED;
    parser->error_status = 400;
    return fail(&parser->err, ERR_PROTOCOL, "%s", what);
}

/* The start line: 1 when it is complete. Empty lines before a request are passed over (RFC 9112,
 * section 2.2). */
static int collect_start_line(struct http1_parser *parser, struct view *rest)
{
    const struct line_limit limit = {parser->limits.start_line_bytes, 414, "a longer start line"};

    for (;;) {
        int code = collect_line(parser, rest, limit.bytes + 2 - parser->line_at, &limit);
        if (check_protocol(parser) != 0)
            return ERR_PROTOCOL;
        if (code != 1)
            return code;
        struct view line = view_slice(current_line(parser), 0, current_line(parser).len - 2);
        parser->line_at = parser->lines->len;
        if (line.len != 0) {
            parser->start_line_ends = parser->line_at;
            return check_start_line(parser, line);
        }
        parser->head_at = parser->line_at;
        if (parser->side == HTTP1_READS_RESPONSES)
            return refuse(parser, ERR_PROTOCOL, 400, "an empty line before the status line");
    }
}

static enum phase phase_after_head(const struct http1_parser *parser)
{
    if (parser->message_complete)
        return PHASE_COMPLETE;
    if (parser->head.chunked)
        return PHASE_CHUNK_LINE;
    return parser->head.until_close ? PHASE_TO_CLOSE : PHASE_BODY;
}

static int feed_head(struct http1_parser *parser, struct view *rest, struct http1_event *ret_event)
{
    int code = parser->start_line_ends == 0 ? collect_start_line(parser, rest) : 1;

    if (code == 1)
        code = collect_headers(parser, rest, parser->start_line_ends);
    if (code != 1)
        return code;
    struct view head = strbuf_view(&parser->head_lines);
    code = execute(parser, view_slice(head, parser->head_at, head.len));
    if (code != 0)
        return code;
    if (!parser->head_complete)
        return refuse(parser, ERR_PROTOCOL, 400, "a head that does not end where it should");
    int status = parser->head.status;
    if (parser->side == HTTP1_READS_RESPONSES && status / 100 == 1 && status != 101) {
        if (++parser->informational > INFORMATIONAL_MAX)
            return refuse(parser, ERR_PROTOCOL, 400, "1xx responses without end");
        begin_message(parser);
        return GO_ON;
    }
    begin_lines(parser, &parser->tail_lines);
    parser->left = parser->head.length;
    parser->phase = phase_after_head(parser);
    *ret_event = (struct http1_event){.kind = HTTP1_HEAD, .head = &parser->head};
    return 1;
}

/* Hands out what *rest holds of the next `most` bytes of body. */
static int give_body(struct http1_parser *parser, struct view *rest, uint64_t most,
                     struct http1_event *ret_event)
{
    struct view piece = view_slice(*rest, 0, most < rest->len ? (size_t)most : rest->len);

    if (piece.len == 0)
        return 0;
    int code = execute(parser, piece);
    if (code != 0)
        return code;
    *rest = view_slice(*rest, piece.len, rest->len);
    parser->body_seen += piece.len;
    parser->left -= parser->phase == PHASE_TO_CLOSE ? 0 : piece.len;
    *ret_event = (struct http1_event){.kind = HTTP1_BODY, .body = piece};
    return 1;
}

static int feed_body(struct http1_parser *parser, struct view *rest, struct http1_event *ret_event)
{
    int code = give_body(parser, rest, parser->left, ret_event);

    if (code == 1 && parser->left == 0) {
        assert_always(parser->message_complete);
        parser->phase = PHASE_COMPLETE;
    }
    return code;
}

static int feed_to_close(struct http1_parser *parser, struct view *rest,
                         struct http1_event *ret_event)
{
    uint64_t room = parser->limits.body_bytes - parser->body_seen;

    if (room == 0 && rest->len > 0)
        return refuse_size(parser, 413, "a longer body", parser->limits.body_bytes);
    return give_body(parser, rest, room, ret_event);
}

static int feed_chunk_line(struct http1_parser *parser, struct view *rest,
                           struct http1_event *ret_event)
{
    (void)ret_event;
    const struct line_limit limit = {parser->limits.chunk_line_bytes, 400,
                                     "a longer chunk size line"};
    int code = collect_line(parser, rest, limit.bytes, &limit);

    if (code != 1)
        return code;
    code = execute(parser, current_line(parser));
    if (code != 0)
        return code;
    begin_lines(parser, &parser->tail_lines);
    if (parser->left > parser->limits.body_bytes - parser->body_seen)
        return refuse_size(parser, 413, "a longer body", parser->limits.body_bytes);
    parser->phase = parser->left == 0 ? PHASE_TRAILERS : PHASE_CHUNK;
    return GO_ON;
}

static int feed_chunk(struct http1_parser *parser, struct view *rest, struct http1_event *ret_event)
{
    int code = give_body(parser, rest, parser->left, ret_event);

    if (code == 1 && parser->left == 0)
        parser->phase = PHASE_CHUNK_END;
    return code;
}

static int feed_chunk_end(struct http1_parser *parser, struct view *rest,
                          struct http1_event *ret_event)
{
    (void)ret_event;
    if (rest->len == 0)
        return 0;
    /* Byte by byte, so that what stands there instead is refused and not collected. */
    size_t have = current_line(parser).len;
    if (rest->ptr[0] != "\r\n"[have])
        return refuse(parser, ERR_PROTOCOL, 400, "a chunk that is longer than its size says");
    strbuf_add_byte(parser->lines, rest->ptr[0]);
    if (strbuf_status(parser->lines) != 0)
        return refuse_memory(parser);
    *rest = view_slice(*rest, 1, rest->len);
    if (have == 0)
        return GO_ON;
    int code = execute(parser, current_line(parser));
    if (code != 0)
        return code;
    begin_lines(parser, &parser->tail_lines);
    parser->phase = PHASE_CHUNK_LINE;
    return GO_ON;
}

static int feed_trailers(struct http1_parser *parser, struct view *rest,
                         struct http1_event *ret_event)
{
    static const char *const forbidden[] = {"content-length", "transfer-encoding", "host"};
    int code = collect_headers(parser, rest, 0);

    if (code != 1)
        return code;
    parser->filling = &parser->trailers;
    code = execute(parser, strbuf_view(&parser->tail_lines));
    if (code == 0)
        code = check_headers(parser, &parser->trailers);
    for (size_t i = 0; code == 0 && i < sizeof forbidden / sizeof forbidden[0]; i++) {
        if (count_headers(&parser->trailers, forbidden[i]) > 0)
            code = refuse(parser, ERR_PROTOCOL, 400, "a trailer that belongs into the head");
    }
    if (code != 0)
        return code;
    assert_always(parser->message_complete);
    parser->phase = PHASE_COMPLETE;
    if (parser->trailers.count == 0)
        return GO_ON;
    *ret_event = (struct http1_event){.kind = HTTP1_TRAILERS, .trailers = &parser->trailers};
    return 1;
}

static int give_end(struct http1_parser *parser, struct view *rest, struct http1_event *ret_event)
{
    (void)rest;
    bool upgrade = parser->head.upgrade;
    bool declinable = upgrade && parser->side == HTTP1_READS_REQUESTS;

    *ret_event = (struct http1_event){.kind = upgrade ? HTTP1_UPGRADE : HTTP1_END,
                                      .head = &parser->head,
                                      .keep_alive = parser->keep_alive};
    parser->answers_head = parser->answers_connect = false;
    parser->informational = 0;
    parser->phase = upgrade && !declinable ? PHASE_UPGRADED
                    : parser->keep_alive   ? PHASE_HEAD
                                           : PHASE_OVER;
    return 1;
}

/* Nothing may follow; what does is dropped unread. */
static int feed_over(struct http1_parser *parser, struct view *rest, struct http1_event *ret_event)
{
    (void)parser;
    (void)ret_event;
    *rest = view_slice(*rest, rest->len, rest->len);
    return 0;
}

static int feed_upgraded(struct http1_parser *parser, struct view *rest,
                         struct http1_event *ret_event)
{
    (void)rest;
    (void)ret_event;
    return refuse(parser, ERR_PROTOCOL, 400, "the connection speaks another protocol now");
}

static int feed_failed(struct http1_parser *parser, struct view *rest,
                       struct http1_event *ret_event)
{
    (void)rest;
    (void)ret_event;
    return parser->err.code;
}

static int (*const handlers[])(struct http1_parser *, struct view *, struct http1_event *) = {
    [PHASE_HEAD] = feed_head,         [PHASE_BODY] = feed_body,
    [PHASE_TO_CLOSE] = feed_to_close, [PHASE_CHUNK_LINE] = feed_chunk_line,
    [PHASE_CHUNK] = feed_chunk,       [PHASE_CHUNK_END] = feed_chunk_end,
    [PHASE_TRAILERS] = feed_trailers, [PHASE_COMPLETE] = give_end,
    [PHASE_OVER] = feed_over,         [PHASE_UPGRADED] = feed_upgraded,
    [PHASE_FAILED] = feed_failed,
};

/* ---- the parser ----------------------------------------------------------------------------- */

struct http1_parser *http1_parser_new(enum http1_side side, const struct http1_limits *limits)
{
    const struct http1_limits given = limits != NULL ? *limits : (struct http1_limits){0};
    struct http1_parser *parser = mem_new(1, sizeof *parser);

    if (parser == NULL)
        return NULL;
    parser->side = side;
    parser->limits = (struct http1_limits){
        .start_line_bytes = given.start_line_bytes != 0 ? given.start_line_bytes : START_LINE_BYTES,
        .header_bytes = given.header_bytes != 0 ? given.header_bytes : HEADER_BYTES,
        .headers = given.headers != 0 && given.headers < HTTP_HEADERS_MAX ? given.headers
                                                                          : HTTP_HEADERS_MAX,
        .chunk_line_bytes = given.chunk_line_bytes != 0 ? given.chunk_line_bytes : CHUNK_LINE_BYTES,
        .body_bytes = given.body_bytes != 0 ? given.body_bytes : BODY_BYTES,
    };
    strbuf_init(&parser->head_lines,
                parser->limits.start_line_bytes + parser->limits.header_bytes + 4);
    strbuf_init(&parser->tail_lines,
                parser->limits.chunk_line_bytes + parser->limits.header_bytes + 2);
    begin_message(parser);
    return parser;
}

void http1_parser_free(struct http1_parser *parser)
{
    if (parser == NULL)
        return;
    strbuf_release(&parser->head_lines);
    strbuf_release(&parser->tail_lines);
    mem_free(parser);
}

void http1_parser_reset(struct http1_parser *parser)
{
    begin_message(parser);
    parser->answers_head = parser->answers_connect = false;
    parser->informational = 0;
    parser->error_status = 0;
}

void http1_parser_answers(struct http1_parser *parser, struct view method)
{
    parser->answers_head = view_is(method, "HEAD");
    parser->answers_connect = view_is(method, "CONNECT");
}

static int told(const struct http1_parser *parser, int code, struct err *reterr)
{
    return code < 0 ? fail(reterr, code, "%s", parser->err.text) : code;
}

int http1_feed(struct http1_parser *parser, struct view *rest, struct http1_event *ret_event,
               struct err *reterr)
{
    int code = GO_ON;

    /* The first bytes after END: only now is the message before forgotten. */
    if (parser->phase == PHASE_HEAD && parser->message_complete && rest->len > 0)
        begin_message(parser);
    while (code == GO_ON)
        code = handlers[parser->phase](parser, rest, ret_event);
    return told(parser, code, reterr);
}

int http1_finish(struct http1_parser *parser, struct http1_event *ret_event, struct err *reterr)
{
    struct view nothing = {0};

    if (parser->phase == PHASE_FAILED)
        return told(parser, parser->err.code, reterr);
    if (parser->phase == PHASE_COMPLETE)
        return give_end(parser, &nothing, ret_event);
    if (!http1_in_message(parser))
        return 0;
    if (parser->phase != PHASE_TO_CLOSE)
        return fail(reterr, ERR_CLOSED, "the connection closed in the middle of %s",
                    parser->side == HTTP1_READS_REQUESTS ? "a request" : "a response");
    parser->keep_alive = false;
    return give_end(parser, &nothing, ret_event);
}

bool http1_in_message(const struct http1_parser *parser)
{
    if (parser->phase == PHASE_HEAD)
        return !parser->message_complete && parser->head_lines.len > parser->head_at;
    return parser->phase < PHASE_OVER;
}

int http1_error_status(const struct http1_parser *parser)
{
    return parser->phase == PHASE_FAILED ? parser->error_status : 0;
}
