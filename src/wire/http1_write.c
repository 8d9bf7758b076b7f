/* SPDX-License-Identifier: Apache-2.0
 *
 * http1_write: the writer of http1.h. Everything is checked before the first byte is written. */
#include "wire/http1.h"

/* The headers that say how long a body is, and which framing lets the caller write them itself. */
static int check_framing(const struct http_headers *headers, enum http1_framing framing,
                         bool response, struct err *reterr)
{
    bool length = http_header_get(headers, "content-length").ptr != NULL;
    bool coding = http_header_get(headers, "transfer-encoding").ptr != NULL;
    struct view connection = http_header_get(headers, "connection");

    if (coding || (length && !(framing == HTTP1_NO_BODY && response)))
        return fail(reterr, ERR_INVALID,
                    "the header %s is written by the framing and cannot be given beside it",
                    coding ? "Transfer-Encoding" : "Content-Length");
    if (framing == HTTP1_UNTIL_CLOSE && !response)
        return fail(reterr, ERR_INVALID, "a request's body cannot end with the connection");
    if (framing == HTTP1_UNTIL_CLOSE && connection.ptr != NULL
        && !view_equal_nocase(connection, (struct view)VIEW("close")))
        return fail(reterr, ERR_INVALID,
                    "the body ends with the connection, but the header Connection is '%.*s'",
                    VIEW_ARG(connection));
    return 0;
}

static int check_headers(const struct http_headers *headers, struct err *reterr)
{
    for (size_t i = 0; i < headers->count; i++) {
        const struct http_header *header = &headers->items[i];
        if (!http_is_token(header->name))
            return fail(reterr, ERR_INVALID, "header %zu has a name that is no token", i + 1);
        if (!http_is_value(header->value))
            return fail(reterr, ERR_INVALID,
                        "the header %.*s holds a control character (a line end, perhaps)",
                        VIEW_ARG(header->name));
    }
    return 0;
}

static void write_headers(struct strbuf *out, const struct http_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        strbuf_add(out, headers->items[i].name);
        strbuf_add_text(out, ": ");
        strbuf_add(out, headers->items[i].value);
        strbuf_add_text(out, "\r\n");
    }
}

static void write_framing(struct strbuf *out, const struct http_headers *headers,
                          enum http1_framing framing, size_t length)
{
    if (framing == HTTP1_LENGTH)
        strbuf_printf(out, "Content-Length: %zu\r\n", length);
    else if (framing == HTTP1_CHUNKED)
        strbuf_add_text(out, "Transfer-Encoding: chunked\r\n");
    else if (framing == HTTP1_UNTIL_CLOSE && http_header_get(headers, "connection").ptr == NULL)
        strbuf_add_text(out, "Connection: close\r\n");
    strbuf_add_text(out, "\r\n");
}

/* What the strbuf says; where it failed nothing of the head stays. */
static int settle(struct strbuf *out, size_t before, struct err *reterr)
{
    int code = strbuf_status(out);

    if (code == 0)
        return 0;
    strbuf_cut(out, before);
    return fail(reterr, code, "no room for an HTTP/1.1 head");
}

int http1_write_request_head(struct strbuf *out, const struct http_request *request,
                             enum http1_framing framing, struct err *reterr)
{
    size_t before = out->len;

    if (!http_is_token(request->method))
        return fail(reterr, ERR_INVALID, "the method of a request is no token");
    for (size_t i = 0; i < request->target.len; i++) {
        unsigned char byte = (unsigned char)request->target.ptr[i];
        if (byte <= ' ' || byte >= 0x7f)
            return fail(reterr, ERR_INVALID,
                        "the target of a request must be percent-encoded at byte %zu", i + 1);
    }
    if (request->target.len == 0)
        return fail(reterr, ERR_INVALID, "the target of a request is empty; write '/'");
    if (http_header_get(&request->headers, "host").ptr == NULL)
        return fail(reterr, ERR_INVALID, "a request needs the header Host");
    int code = check_headers(&request->headers, reterr);
    if (code == 0)
        code = check_framing(&request->headers, framing, false, reterr);
    if (code != 0)
        return code;
    strbuf_add(out, request->method);
    strbuf_add_byte(out, ' ');
    strbuf_add(out, request->target);
    strbuf_add_text(out, " HTTP/1.1\r\n");
    write_headers(out, &request->headers);
    write_framing(out, &request->headers, framing, request->body.len);
    return settle(out, before, reterr);
}

int http1_write_response_head(struct strbuf *out, const struct http_response *response,
                              enum http1_framing framing, struct err *reterr)
{
    size_t before = out->len;
    int status = response->status;

    if (status < 100 || status > 599)
        return fail(reterr, ERR_INVALID, "%d is no HTTP status", status);
    if (framing != HTTP1_NO_BODY && (status / 100 == 1 || status == 204 || status == 304))
        return fail(reterr, ERR_INVALID, "a response with status %d has no body", status);
    int code = check_headers(&response->headers, reterr);
    if (code == 0)
        code = check_framing(&response->headers, framing, true, reterr);
    if (code != 0)
        return code;
    strbuf_printf(out, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
    write_headers(out, &response->headers);
    write_framing(out, &response->headers, framing, response->body.len);
    return settle(out, before, reterr);
}

void http1_write_chunk(struct strbuf *out, struct view piece)
{
    if (piece.len == 0)
        return;
    strbuf_printf(out, "%zx\r\n", piece.len);
    strbuf_add(out, piece);
    strbuf_add_text(out, "\r\n");
}

int http1_write_last_chunk(struct strbuf *out, const struct http_headers *trailers,
                           struct err *reterr)
{
    size_t before = out->len;
    int code = trailers != NULL ? check_headers(trailers, reterr) : 0;

    if (code == 0 && trailers != NULL)
        code = check_framing(trailers, HTTP1_CHUNKED, true, reterr);
    if (code != 0)
        return code;
    strbuf_add_text(out, "0\r\n");
    if (trailers != NULL)
        write_headers(out, trailers);
    strbuf_add_text(out, "\r\n");
    return settle(out, before, reterr);
}
