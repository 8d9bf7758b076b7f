/* SPDX-License-Identifier: Apache-2.0
 *
 * url: absolute URLs taken apart strictly (RFC 3986), and percent encoding.
 *
 * What it does not do: relative references, international host names (write xn--…), IPv6 zones.
 * Memory: views into the text given. Threads: no state. Limit: 8 KiB a URL. */
#ifndef ASSAY_WIRE_URL_H
#define ASSAY_WIRE_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum { URL_BYTES_MAX = 8192 };

struct url {
    struct view scheme;   /* as written: "https" */
    bool tls;             /* https, wss, rediss */
    struct view userinfo; /* before '@', still encoded, a secret; ptr NULL where there is none */
    struct view host;     /* name or address, IPv6 without its brackets */
    bool host_is_ipv6;
    uint16_t port;     /* as written, or the scheme's own */
    struct view path;  /* from '/' on, still encoded; "" where there is none */
    struct view query; /* after '?', still encoded; ptr NULL where there is none */
};

/* ERR_INVALID with a text that quotes the URL without its userinfo, names what is wrong and at
 * which character, and says what to write. Schemes: http, https, ws, wss, redis, rediss; a fragment
 * is refused, since it never reaches a server. */
MUST_CHECK int url_parse(struct view text, struct url *ret_url, struct err *reterr);

/* The port a scheme means where none is written; 0 for a scheme that is not known. */
uint16_t url_default_port(struct view scheme);

/* Appends "host" or "host:port" as the Host header wants it: brackets around IPv6, the port only
 * where it is not the one that tls (443) or its absence (80) means. */
void url_add_authority(struct strbuf *out, struct view host, uint16_t port, bool tls);

/* Appends the bytes percent-encoded, upper-case hex; letters, digits and -._~ stay, and so do the
 * characters of `keep` ("/" for a path; "" for one segment or a query value). */
void url_encode(struct strbuf *out, struct view bytes, const char *keep);

/* Appends the bytes decoded. ERR_INVALID, and nothing appended, where a '%' is not followed by two
 * hex digits. '+' stays '+'. */
MUST_CHECK int url_decode(struct strbuf *out, struct view text);

/* Cuts the next "name=value" off a query: false at its end. Both still encoded; empty parts ("&&")
 * are passed over; a name without '=' has a value with ptr NULL. */
bool url_query_next(struct view *rest, struct view *ret_name, struct view *ret_value);

#endif
