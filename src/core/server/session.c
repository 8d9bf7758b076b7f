/* SPDX-License-Identifier: Apache-2.0
 *
 * session: see session.h. Which row answers, and what all rows share. */
#include "base/mem.h"
#include "core/server/session_internal.h"
#include "wire/json.h"

struct session {
    struct session_row *row;
};

static struct session_limits with_defaults(const struct session_limits *given)
{
    static const struct session_limits defaults = {
        .body_bytes = 25 * 1000 * 1000,
        .streams = 100,
        .requests = 100 * 1000,
        .answer_bytes = (size_t)64 * 1024 * 1024,
        .message_bytes = (size_t)128 * 1024,
        .frame_bytes = (size_t)32 * 1024,
    };
    struct session_limits limits = *given;

    if (limits.body_bytes == 0)
        limits.body_bytes = defaults.body_bytes;
    if (limits.streams == 0)
        limits.streams = defaults.streams;
    if (limits.requests == 0)
        limits.requests = defaults.requests;
    if (limits.answer_bytes == 0)
        limits.answer_bytes = defaults.answer_bytes;
    if (limits.message_bytes == 0)
        limits.message_bytes = defaults.message_bytes;
    if (limits.frame_bytes == 0)
        limits.frame_bytes = defaults.frame_bytes;
    return limits;
}

struct session *session_new(enum session_kind kind, const struct session_limits *limits,
                            struct session_budget *budget)
{
    struct session_limits filled = with_defaults(limits);
    struct session *session = mem_new(1, sizeof *session);

    assert_always(kind != SESSION_WEBSOCKET);
    if (session == NULL)
        return NULL;
    session->row = kind == SESSION_HTTP2 ? session_http2_new(&filled, budget)
                                         : session_http1_new(&filled, budget);
    if (session->row == NULL) {
        mem_free(session);
        return NULL;
    }
    return session;
}

void session_free(struct session *session)
{
    if (session == NULL)
        return;
    session->row->protocol->free(session->row);
    mem_free(session);
}

enum session_kind session_kind(const struct session *session)
{
    return session->row->protocol->kind;
}

int session_feed(struct session *session, struct view *rest, struct session_event *ret_event)
{
    *ret_event = (struct session_event){.why = ""};
    return session->row->protocol->feed(session->row, rest, ret_event);
}

int session_respond(struct session *session, uint32_t stream, const struct http_response *response,
                    bool in_pieces)
{
    if (response->status < 200 || response->status > 599)
        return ERR_INVALID;
    return session->row->protocol->respond(session->row, stream, response, in_pieces);
}

int session_piece(struct session *session, uint32_t stream, struct view bytes, bool end)
{
    return session->row->protocol->piece(session->row, stream, bytes, end);
}

void session_reset(struct session *session, uint32_t stream)
{
    session->row->protocol->reset(session->row, stream);
}

void session_cut(struct session *session, uint32_t stream)
{
    session->row->protocol->cut(session->row, stream);
}

int session_upgrade(struct session *session, uint32_t stream, struct err *reterr)
{
    const struct session_protocol *protocol = session->row->protocol;
    struct session_row *fresh = NULL;

    if (protocol->upgrade == NULL)
        return fail(reterr, ERR_CLOSED, "only a connection of HTTP/1.1 becomes a WebSocket");
    int code = protocol->upgrade(session->row, stream, &fresh, reterr);
    if (code != 0)
        return code;
    protocol->free(session->row);
    session->row = fresh;
    return 0;
}

void session_shut(struct session *session)
{
    session->row->protocol->shut(session->row);
}

int session_output(struct session *session, struct strbuf *out, size_t most)
{
    return session->row->protocol->output(session->row, out, most);
}

size_t session_waiting(const struct session *session, uint32_t stream)
{
    return session->row->protocol->waiting(session->row, stream);
}

void session_tick(struct session *session)
{
    if (session->row->protocol->tick != NULL)
        session->row->protocol->tick(session->row);
}

enum session_state session_state(const struct session *session)
{
    return session->row->protocol->state(session->row);
}

/* ---- what rows share ------------------------------------------------------------------------ */

bool session_status_has_no_body(int status)
{
    return status / 100 == 1 || status == 204 || status == 304;
}

int session_refusal(int status, const char *why, struct strbuf *body,
                    struct http_response *ret_response)
{
    struct json_writer writer;

    json_writer_init(&writer, body, 0);
    json_write_object(&writer);
    json_write_key(&writer, "message");
    json_write_text(&writer, why);
    json_write_end(&writer, '}');
    *ret_response = (struct http_response){.status = status, .body = strbuf_view(body)};
    int code = strbuf_status(body);
    if (code == 0)
        code = http_header_add(&ret_response->headers, view_of("content-type"),
                               view_of("application/json"));
    return code;
}
