/* SPDX-License-Identifier: Apache-2.0
 *
 * tunnel: asking an HTTP proxy for a way through (see connection.h):
 *
 *     CONNECT host:port ──▶ proxy
 *     200 + empty line  ◀──           from here on all bytes are the peer's
 *
 * Any other answer ends the attempt with its status and what helps; its body is not read. User and
 * password go to the proxy alone and into no text. Source: RFC 9110, 9.3.6. */
#include "shell/net/connection.h"
#include "wire/http1.h"
#include "wire/url.h"

enum { REQUEST_MAX = 8192 };

/* What a proxy's refusal means, and what helps. */
static const struct {
    int status;
    const char *remedy;
} refusals[] = {
    {400, "it did not understand CONNECT; is it an HTTP proxy?"},
    {401, "set user and password in the proxy's url: http://user:password@host:port"},
    {403, "it does not allow this host or port; ask who runs it, or name the host in NO_PROXY"},
    {404, "it does not know CONNECT; is it an HTTP proxy?"},
    {405, "it does not allow CONNECT; is it an HTTP proxy?"},
    {407, "set user and password in the proxy's url: http://user:password@host:port"},
    {429, "it is asked too often; lower the rate of new connections"},
    {501, "it does not know CONNECT; is it an HTTP proxy?"},
    {502, "it could not reach the host; is the url right, and is the server up?"},
    {503, "it could not reach the host; is the url right, and is the server up?"},
    {504, "the host did not answer it; is the url right, and is the server up?"},
};

static const char *remedy_of(int status)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].status == status)
            return refusals[i].remedy;
    }
    return "look into the proxy's log";
}

static int write_request(const struct net_opening *opening, struct strbuf *out, struct err *reterr)
{
    static const struct view method = VIEW("CONNECT"), host = VIEW("Host"),
                             authorization = VIEW("Proxy-Authorization");
    struct http_request request = {.method = method};
    struct strbuf target;

    strbuf_init(&target, NET_HOST_SIZE + 16);
    /* With the port, also where it is the scheme's own. */
    strbuf_printf(&target, strchr(opening->host, ':') != NULL ? "[%s]:%u" : "%s:%u", opening->host,
                  opening->port);
    request.target = strbuf_view(&target);
    int code = strbuf_status(&target);
    if (code == 0)
        code = http_header_add(&request.headers, host, request.target);
    if (code == 0 && opening->authorization != NULL)
        code = http_header_add(&request.headers, authorization, view_of(opening->authorization));
    if (code == 0)
        code = http1_write_request_head(out, &request, HTTP1_NO_BODY, reterr);
    strbuf_release(&target);
    return code;
}

void net_tunnel_start(struct net_connection *connection)
{
    static const struct view method = VIEW("CONNECT");
    struct net_opening *opening = connection->opening;
    struct err err = {0};

    net_set_state(connection, NET_TUNNELLING);
    http1_parser_answers(opening->answer, method);
    int code = write_request(opening, &connection->sending, &err);
    if (code != 0) {
        net_end(connection, code == ERR_MEMORY ? ERR_CLOSED : ERR_UNREACHABLE,
                "'%s' cannot be asked of a proxy: %s; correct the url", opening->host,
                code == ERR_INVALID ? "it is no host name" : err_text(code));
        return;
    }
    net_stream_read_start(connection);
    if (connection->state == NET_TUNNELLING)
        net_stream_flush(connection);
}

void net_tunnel_feed(struct net_connection *connection, struct view bytes)
{
    struct net_opening *opening = connection->opening;
    struct http1_event event;
    struct err err = {0};
    int code;

    while ((code = http1_feed(opening->answer, &bytes, &event, &err)) == 1) {
        int status = event.head != NULL ? event.head->status : 0;
        if (event.kind == HTTP1_UPGRADE) {
            net_connect_through(connection, bytes);
            return;
        }
        if (event.kind == HTTP1_HEAD && (status < 200 || status > 299)) {
            net_end(connection, ERR_UNREACHABLE,
                    "the proxy %s:%u refused the way to %s:%u: %d %s; %s", opening->proxy_host,
                    opening->proxy_port, opening->host, opening->port, status, http_reason(status),
                    remedy_of(status));
            return;
        }
    }
    if (code < 0)
        net_end(connection, ERR_UNREACHABLE,
                "the proxy %s:%u gave no answer of HTTP: %s; is it an HTTP proxy?",
                opening->proxy_host, opening->proxy_port, err.text);
}
