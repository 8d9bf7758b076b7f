/* SPDX-License-Identifier: Apache-2.0
 *
 * session_websocket: the row for WebSocket (see session.h) over wire/websocket: messages as long as
 * the one stream lives, which began as a request of HTTP/1.1. */
#include "base/mem.h"
#include "core/server/session_internal.h"
#include "wire/websocket.h"

enum { FRAME_HEAD_BYTES = 14 };

struct websocket_session {
    struct session_row row;
    struct websocket *websocket;
    struct outbox outbox;
    uint32_t stream;
    bool open;   /* the stream is not over for its owner */
    bool ending; /* its owner said the last word */
    bool lost;   /* RESET is to be told */
    bool busy_said;
    bool closing; /* nothing follows what waits */
    bool breaks;  /* and then a reset */
};

static struct websocket_session *own(struct session_row *row)
{
    return (struct websocket_session *)row;
}

static bool is_open(const struct websocket_session *session, uint32_t stream)
{
    return session->open && !session->lost && session->stream == stream;
}

/* Moves frames that are ready to the outbox. */
static int collect(struct websocket_session *session)
{
    struct strbuf frames;

    if (!websocket_wants_write(session->websocket))
        return 0;
    strbuf_init(&frames, SIZE_MAX / 4);
    int code = websocket_take(session->websocket, &frames);
    if (code == 0)
        code = outbox_add(&session->outbox, strbuf_view(&frames));
    strbuf_release(&frames);
    return code;
}

/* ---- what is said --------------------------------------------------------------------------- */

static int respond(struct session_row *row, uint32_t stream, const struct http_response *response,
                   bool in_pieces)
{
    (void)row;
    (void)stream;
    (void)response;
    (void)in_pieces;
    return ERR_CLOSED;
}

static int send_message(struct websocket_session *session, struct view bytes)
{
    size_t frames = bytes.len / session->row.limits.frame_bytes + 1;
    struct err err;
    int code = outbox_fits(&session->outbox, bytes.len + frames * FRAME_HEAD_BYTES);

    if (code == 0)
        code = websocket_send(session->websocket, WEBSOCKET_TEXT, bytes, true, &err);
    if (code == 0)
        code = collect(session);
    return code == ERR_BUSY ? ERR_LIMIT : code;
}

static int piece(struct session_row *row, uint32_t stream, struct view bytes, bool end)
{
    struct websocket_session *session = own(row);
    struct err err;

    if (!is_open(session, stream) || session->ending)
        return ERR_CLOSED;
    int code = bytes.len != 0 ? send_message(session, bytes) : 0;
    if (code == 0 && end) {
        session->ending = true;
        code = websocket_close(session->websocket, WEBSOCKET_NORMAL, view_of(""), &err);
    }
    if (code != 0)
        return code;
    if (outbox_waiting(&session->outbox) <= SESSION_BUSY_BYTES)
        return 0;
    session->busy_said = true;
    return ERR_BUSY;
}

static void end_stream(struct session_row *row, uint32_t stream, bool breaks)
{
    struct websocket_session *session = own(row);

    if (!is_open(session, stream))
        return;
    session->open = false;
    session->closing = true;
    session->breaks = breaks;
}

static void reset(struct session_row *row, uint32_t stream)
{
    end_stream(row, stream, true);
}

static void cut(struct session_row *row, uint32_t stream)
{
    end_stream(row, stream, false);
}

/* The owner learns of it by SENT, once goodbye has left. */
static void shut(struct session_row *row)
{
    struct websocket_session *session = own(row);
    struct err err;

    session->ending = true;
    if (websocket_close(session->websocket, WEBSOCKET_GOING_AWAY, view_of("the server ends"), &err)
        != 0)
        session->closing = true;
}

/* ---- what is heard -------------------------------------------------------------------------- */

static int owed(struct websocket_session *session, struct session_event *ret_event)
{
    size_t waiting = outbox_waiting(&session->outbox);

    if (!session->open)
        return 0;
    ret_event->stream = session->stream;
    if (session->lost) {
        ret_event->kind = SESSION_RESET;
        ret_event->why = "the client closed the WebSocket";
        session->open = false;
        return 1;
    }
    if (session->ending && waiting == 0 && !websocket_wants_write(session->websocket)) {
        ret_event->kind = SESSION_SENT;
        session->open = false;
        return 1;
    }
    if (session->busy_said && waiting < SESSION_EASY_BYTES) {
        ret_event->kind = SESSION_WRITABLE;
        session->busy_said = false;
        return 1;
    }
    return 0;
}

static int over(struct websocket_session *session, struct session_event *ret_event)
{
    session->closing = true;
    session->lost = session->open && !session->ending;
    return owed(session, ret_event);
}

static int feed(struct session_row *row, struct view *rest, struct session_event *ret_event)
{
    struct websocket_session *session = own(row);
    struct websocket_event event;
    struct err err;

    if (owed(session, ret_event) == 1)
        return 1;
    while (!session->closing) {
        int got = websocket_feed(session->websocket, rest, &event, &err);
        if (got == ERR_MEMORY)
            return ERR_MEMORY;
        if (got == 0)
            return 0;
        if (got < 0 || event.kind == WEBSOCKET_CLOSE)
            return over(session, ret_event);
        if (event.kind == WEBSOCKET_MESSAGE && session->open && !session->ending) {
            ret_event->kind = SESSION_MESSAGE;
            ret_event->stream = session->stream;
            ret_event->bytes = event.bytes;
            ret_event->is_text = event.type == WEBSOCKET_TEXT;
            return 1;
        }
    }
    *rest = view_slice(*rest, rest->len, rest->len);
    return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int output(struct session_row *row, struct strbuf *out, size_t most)
{
    struct websocket_session *session = own(row);
    int code = collect(session);

    if (code == ERR_LIMIT) { /* goodbye or a pong finds the budget used up: not worth a memory */
        session->closing = session->breaks = true;
        code = 0;
    }
    return code != 0 ? code : outbox_move(&session->outbox, out, most);
}

static size_t waiting(const struct session_row *row, uint32_t stream)
{
    const struct websocket_session *session = (const struct websocket_session *)row;

    return is_open(session, stream) ? outbox_waiting(&session->outbox) : 0;
}

static enum session_state state(const struct session_row *row)
{
    const struct websocket_session *session = (const struct websocket_session *)row;

    if (session->breaks && outbox_waiting(&session->outbox) == 0)
        return SESSION_BROKEN;
    if (session->open)
        return SESSION_AT_WORK;
    /* Our goodbye was said; the peer's is waited for, not long. */
    return session->closing ? SESSION_CLOSING : SESSION_READING;
}

static void free_row(struct session_row *row)
{
    struct websocket_session *session = own(row);

    websocket_free(session->websocket);
    outbox_release(&session->outbox);
    mem_free(session);
}

static const struct session_protocol protocol = {
    .kind = SESSION_WEBSOCKET,
    .free = free_row,
    .feed = feed,
    .respond = respond,
    .piece = piece,
    .reset = reset,
    .cut = cut,
    .shut = shut,
    .output = output,
    .waiting = waiting,
    .state = state,
};

struct session_row *session_websocket_new(const struct session_limits *limits,
                                          struct session_budget *budget, uint32_t stream,
                                          struct view greeting)
{
    const struct websocket_limits codec = {
        .message_bytes = limits->message_bytes,
        .frame_bytes = limits->frame_bytes,
        .queue_bytes = limits->answer_bytes,
    };
    struct websocket_session *session = mem_new(1, sizeof *session);

    if (session == NULL)
        return NULL;
    session->row = (struct session_row){.protocol = &protocol, .limits = *limits, .budget = budget};
    session->stream = stream;
    session->open = true;
    outbox_init(&session->outbox, limits->answer_bytes, budget);
    session->websocket = websocket_new(WEBSOCKET_SERVER, &codec, NULL);
    if (session->websocket == NULL || outbox_add(&session->outbox, greeting) != 0) {
        free_row(&session->row);
        return NULL;
    }
    return &session->row;
}
