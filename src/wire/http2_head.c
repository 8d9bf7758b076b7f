/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_head: collects the fields of a head as nghttp2 decodes them and puts the head together.
 * nghttp2 has checked by then what RFC 9113, section 8 says about pseudo-headers, their order, and
 * headers that belong to a connection. */
#include "wire/http2_state.h"

enum { FIELD_OVERHEAD = 32 }; /* section 6.5.2 */

void http2_incoming_init(struct http2_incoming *incoming)
{
    /* The fields, and once more for cookies joined. */
    strbuf_init(&incoming->bytes, UINT32_MAX);
}

void http2_incoming_release(struct http2_incoming *incoming)
{
    strbuf_release(&incoming->bytes);
}

void http2_incoming_begin(struct http2_incoming *incoming)
{
    strbuf_reset(&incoming->bytes);
    incoming->count = 0;
    incoming->fields = 0;
    incoming->list_bytes = 0;
    incoming->too_large = false;
    incoming->method = incoming->scheme = incoming->authority = (struct http2_span){0};
    incoming->path = incoming->status = (struct http2_span){0};
}

static struct http2_span *pseudo(struct http2_incoming *incoming, struct view name)
{
    struct {
        const char *name;
        struct http2_span *span;
    } const names[] = {
        {":method", &incoming->method},       {":scheme", &incoming->scheme},
        {":authority", &incoming->authority}, {":path", &incoming->path},
        {":status", &incoming->status},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (view_is(name, names[i].name))
            return names[i].span;
    }
    return NULL;
}

int http2_incoming_add(struct http2_incoming *incoming, const struct http2_limits *limits,
                       struct view name, struct view value)
{
    struct http2_span *span = pseudo(incoming, name);

    incoming->list_bytes += name.len + value.len + FIELD_OVERHEAD;
    if (span == NULL || span == &incoming->authority) /* which becomes `host` */
        incoming->fields++;
    if (incoming->list_bytes > limits->header_bytes || incoming->fields > limits->headers)
        incoming->too_large = true;
    if (incoming->too_large)
        return 0;
    if (span == NULL)
        span = &incoming->spans[incoming->count++];
    *span = (struct http2_span){
        .name_from = (uint32_t)incoming->bytes.len,
        .name_len = (uint32_t)name.len,
        .value_len = (uint32_t)value.len,
    };
    strbuf_add(&incoming->bytes, name);
    strbuf_add(&incoming->bytes, value);
    return strbuf_status(&incoming->bytes);
}

static struct view name_of(const struct http2_incoming *incoming, const struct http2_span *span)
{
    return view_make(strbuf_text(&incoming->bytes) + span->name_from, span->name_len);
}

static struct view value_of(const struct http2_incoming *incoming, const struct http2_span *span)
{
    return view_make(strbuf_text(&incoming->bytes) + span->name_from + span->name_len,
                     span->value_len);
}

int http2_incoming_status(const struct http2_incoming *incoming)
{
    int64_t status;

    if (view_to_int(value_of(incoming, &incoming->status), &status) != 0)
        return 0;
    return (int)status;
}

static bool is_cookie(const struct http2_incoming *incoming, const struct http2_span *span)
{
    return view_is(name_of(incoming, span), "cookie");
}

/* Section 8.2.3: cookies come in crumbs; HTTP elsewhere knows one header. Its bytes are put behind
 * all others, so that the views made afterwards hold. */
static void join_cookies(struct http2_incoming *incoming)
{
    size_t first = incoming->count;
    size_t kept = 0;
    struct http2_span whole = {.name_len = sizeof "cookie" - 1};

    for (size_t i = 0; i < incoming->count; i++) {
        if (is_cookie(incoming, &incoming->spans[i]) && first == incoming->count)
            first = i;
        else if (is_cookie(incoming, &incoming->spans[i]))
            kept++;
    }
    if (kept == 0)
        return;

    kept = 0;
    whole.name_from = (uint32_t)incoming->bytes.len;
    strbuf_add_text(&incoming->bytes, "cookie");
    for (size_t i = 0; i < incoming->count; i++) {
        struct http2_span span = incoming->spans[i];
        if (!is_cookie(incoming, &span)) {
            incoming->spans[kept++] = span;
            continue;
        }
        if (i == first)
            kept++;
        else
            strbuf_add_text(&incoming->bytes, "; ");
        /* Room first: the value lies in the same buffer. */
        if (strbuf_room(&incoming->bytes, span.value_len) != NULL)
            strbuf_add(&incoming->bytes, value_of(incoming, &span));
    }
    whole.value_len = (uint32_t)(incoming->bytes.len - whole.name_from - whole.name_len);
    incoming->spans[first] = whole;
    incoming->count = kept;
}

static const char *put_headers(struct http2_incoming *incoming)
{
    struct http2_head *head = &incoming->head;

    for (size_t i = 0; i < incoming->count; i++) {
        struct view name = name_of(incoming, &incoming->spans[i]);
        struct view value = value_of(incoming, &incoming->spans[i]);
        if (head->authority.len > 0 && view_is(name, "host")) {
            if (!view_equal_nocase(value, head->authority))
                return "the header `host` names another than `:authority`";
            continue;
        }
        assert_always(head->headers.count < HTTP_HEADERS_MAX);
        head->headers.items[head->headers.count++] = (struct http_header){name, value};
    }
    return NULL;
}

const char *http2_incoming_finish(struct http2_incoming *incoming, bool request)
{
    struct http2_head *head = &incoming->head;

    join_cookies(incoming);
    if (strbuf_status(&incoming->bytes) != 0)
        return "no memory for its head";
    head->headers.count = 0;
    head->status = request ? 0 : http2_incoming_status(incoming);
    head->method = value_of(incoming, &incoming->method);
    head->scheme = value_of(incoming, &incoming->scheme);
    head->authority = value_of(incoming, &incoming->authority);
    head->target = value_of(incoming, &incoming->path);
    if (!request)
        return put_headers(incoming);

    if (view_is(head->method, "CONNECT"))
        head->target = head->authority;
    if (head->authority.len > 0)
        head->headers.items[head->headers.count++] =
            (struct http_header){VIEW("host"), head->authority};
    return put_headers(incoming);
}
