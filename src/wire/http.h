/* SPDX-License-Identifier: Apache-2.0
 *
 * http: what an HTTP message is, whichever version carries it.
 *
 * Views only: whoever makes a message says how long its bytes live. Header names compare without
 * case. Threads: values. */
#ifndef ASSAY_WIRE_HTTP_H
#define ASSAY_WIRE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { HTTP_HEADERS_MAX = 100 };

struct http_header {
    struct view name;
    struct view value;
};

struct http_headers {
    struct http_header items[HTTP_HEADERS_MAX];
    size_t count;
};

struct http_request {
    struct view method;
    struct view target; /* path and query as they go on the wire */
    struct http_headers headers;
    struct view body;
};

struct http_response {
    int status;
    struct http_headers headers;
    struct view body;
};

/* The value of the first header of that name; the empty view with ptr NULL where there is none. */
struct view http_header_get(const struct http_headers *headers, const char *name);

/* Adds one. ERR_LIMIT past HTTP_HEADERS_MAX; ERR_INVALID for bytes that no header may hold (RFC
 * 9110, section 5: CR, LF, NUL in values, anything but token characters in names). */
MUST_CHECK int http_header_add(struct http_headers *headers, struct view name, struct view value);

/* Removes every header of that name. */
void http_header_remove(struct http_headers *headers, const char *name);

/* True for one or more token characters (RFC 9110, section 5.6.2): names of headers, methods. */
bool http_is_token(struct view text);

/* True where no byte is a control character but tab: what a header's value may hold. */
bool http_is_value(struct view text);

/* "Not Found" for 404; "" for a status without a registered phrase. */
const char *http_reason(int status);

#endif
