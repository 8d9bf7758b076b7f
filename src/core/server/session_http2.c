/* SPDX-License-Identifier: Apache-2.0
 *
 * session_http2: the row for HTTP/2 (see session.h) over wire/http2, which keeps the queues of
 * answers and the budgets of a peer's mischief. Here: which streams are known to whom, refusals by
 * status where http2 would reset, and the process's budget of waiting bytes. */
#include "base/mem.h"
#include "core/server/session_internal.h"
#include "wire/http2.h"

enum answer {
    ANSWER_NONE,
    ANSWER_IN_PIECES,
    ANSWER_WHOLE,
};

/* A request that the owner of the session was told of and that is not over. */
struct stream {
    uint32_t number; /* 0: a free place */
    enum answer answer;
    uint64_t body_bytes;
    bool whole;
    bool waits_continue;
    bool refused; /* answered here: its events are nobody's */
    bool busy_said;
};

struct http2_session {
    struct session_row row;
    struct http2 *http2;
    struct http_request request; /* the view that REQUEST shows */
    struct stream *streams;
    uint32_t places;
    uint32_t taken;
    uint32_t began;    /* streams so far */
    size_t charged;    /* of the budget */
    bool look_around;  /* some stream may be owed an event */
    bool failed;       /* http2 is of no more use but for its last words */
    bool failure_told; /* by REFUSED */
};

static struct http2_session *own(struct session_row *row)
{
    return (struct http2_session *)row;
}

static struct stream *find(struct http2_session *session, uint32_t number)
{
    for (uint32_t i = 0; number != 0 && i < session->places; i++)
        if (session->streams[i].number == number)
            return &session->streams[i];
    return NULL;
}

static struct stream *take_place(struct http2_session *session, uint32_t number)
{
    for (uint32_t i = 0; i < session->places; i++) {
        struct stream *stream = &session->streams[i];
        if (stream->number == 0) {
            *stream = (struct stream){.number = number};
            session->taken++;
            return stream;
        }
    }
    return NULL;
}

static void give_place(struct http2_session *session, struct stream *stream)
{
    stream->number = 0;
    session->taken--;
}

/* What http2 holds for the peer counts against the budget. Checked before it is given. */
static void charge(struct http2_session *session)
{
    size_t queued = http2_status(session->http2).queued_bytes;

    session_budget_give(session->row.budget, session->charged);
    struct session_budget *budget = session->row.budget;
    size_t room = budget->most_bytes - budget->used_bytes;
    session->charged = queued < room ? queued : room;
    (void)session_budget_take(budget, session->charged);
}

static int fits(const struct http2_session *session, uint32_t number, size_t bytes)
{
    const struct session_budget *budget = session->row.budget;
    size_t waits = http2_queued(session->http2, number);

    return waits > session->row.limits.answer_bytes
                   || bytes > session->row.limits.answer_bytes - waits
                   || bytes > budget->most_bytes - budget->used_bytes
               ? ERR_LIMIT
               : 0;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int busy(struct http2_session *session, struct stream *stream)
{
    charge(session);
    if (http2_queued(session->http2, stream->number) <= SESSION_BUSY_BYTES)
        return 0;
    stream->busy_said = true;
    return ERR_BUSY;
}

/* ERR_BUSY of http2 means that nothing was taken: its queues are set beyond our limits. */
static int as_limit(int code)
{
    return code == ERR_BUSY ? ERR_LIMIT : code;
}

static int send_head(struct http2_session *session, struct stream *stream,
                     const struct http_response *response, bool in_pieces)
{
    struct http_response head = *response;
    struct err err;

    if (in_pieces)
        head.body = (struct view){0};
    int code = fits(session, stream->number, head.body.len);
    if (code == 0)
        code = as_limit(
            http2_send_response_head(session->http2, stream->number, &head, !in_pieces, &err));
    if (code == 0)
        stream->answer = in_pieces ? ANSWER_IN_PIECES : ANSWER_WHOLE;
    return code;
}

static int respond(struct session_row *row, uint32_t number, const struct http_response *response,
                   bool in_pieces)
{
    struct http2_session *session = own(row);
    struct stream *stream = find(session, number);

    if (stream == NULL || stream->answer != ANSWER_NONE || stream->refused)
        return ERR_CLOSED;
    int code = send_head(session, stream, response, in_pieces);
    return code != 0 ? code : busy(session, stream);
}

static int piece(struct session_row *row, uint32_t number, struct view bytes, bool end)
{
    struct http2_session *session = own(row);
    struct stream *stream = find(session, number);
    struct err err;

    if (stream == NULL || stream->answer != ANSWER_IN_PIECES)
        return ERR_CLOSED;
    if (bytes.len == 0 && !end)
        return 0;
    int code = fits(session, number, bytes.len);
    if (code == 0)
        code = as_limit(http2_send_body(session->http2, number, bytes, end, &err));
    if (code != 0)
        return code;
    if (end)
        stream->answer = ANSWER_WHOLE;
    return busy(session, stream);
}

static void reset(struct session_row *row, uint32_t number)
{
    struct http2_session *session = own(row);
    struct stream *stream = find(session, number);

    if (stream == NULL)
        return;
    http2_reset(session->http2, number, HTTP2_INTERNAL_ERROR);
    give_place(session, stream);
    charge(session);
}

static void shut(struct session_row *row)
{
    http2_goaway(own(row)->http2);
}

/* ---- requests ------------------------------------------------------------------------------- */

/* Answers here what goes past a limit. What is left of the request is passed over. */
static int refuse(struct http2_session *session, struct stream *stream, int status, const char *why,
                  struct session_event *ret_event)
{
    struct http_response response;
    struct strbuf body;

    strbuf_init(&body, ERR_TEXT_MAX * 8);
    int code = session_refusal(status, why, &body, &response);
    if (code == 0)
        code = send_head(session, stream, &response, false);
    strbuf_release(&body);
    stream->refused = true;
    charge(session);
    *ret_event = (struct session_event){.kind = SESSION_REFUSED,
                                        .stream = stream->number,
                                        .status = code == 0 ? status : 0,
                                        .why = why};
    if (code != 0) {
        http2_reset(session->http2, stream->number, HTTP2_INTERNAL_ERROR);
        give_place(session, stream);
    }
    return 1;
}

static const char too_long[] = "the request's body is longer than is accepted here";

/* A header "content-length" that http2 has checked to be a number. */
static bool announced(const struct http_headers *headers, uint64_t *ret_length)
{
    struct view text = http_header_get(headers, "content-length");
    int64_t length;

    if (text.ptr == NULL || view_to_int(text, &length) != 0 || length < 0)
        return false;
    *ret_length = (uint64_t)length;
    return true;
}

static int on_head(struct http2_session *session, const struct http2_event *event,
                   struct session_event *ret_event)
{
    const struct http2_head *head = event->head;
    struct stream *stream = take_place(session, event->stream);

    if (stream == NULL) { /* more than http2 lets through at once: places wait for their CLOSED */
        http2_reset(session->http2, event->stream, HTTP2_REFUSED_STREAM);
        return 0;
    }
    session->began++;
    if (session->began == session->row.limits.requests)
        http2_goaway(session->http2);
    session->request.method = head->method;
    session->request.target = head->target;
    session->request.headers = head->headers;
    *ret_event = (struct session_event){
        .kind = SESSION_REQUEST, .stream = event->stream, .request = &session->request, .why = ""};
    ret_event->has_length = announced(&head->headers, &ret_event->length);
    if (ret_event->has_length && ret_event->length > session->row.limits.body_bytes)
        return refuse(session, stream, 413, too_long, ret_event);
    stream->waits_continue =
        view_equal_nocase(http_header_get(&head->headers, "expect"), view_of("100-continue"))
        && !head->no_body;
    session->look_around |= stream->waits_continue;
    return 1;
}

static int on_body(struct http2_session *session, struct stream *stream,
                   const struct http2_event *event, struct session_event *ret_event)
{
    stream->waits_continue = false;
    if (stream->answer != ANSWER_NONE)
        return 0; /* answered early: nobody reads on */
    if (event->body.len > session->row.limits.body_bytes - stream->body_bytes)
        return refuse(session, stream, 413, too_long, ret_event);
    stream->body_bytes += event->body.len;
    ret_event->kind = SESSION_BODY;
    ret_event->bytes = event->body;
    return 1;
}

/* The stream is over; SENT where its answer had been given whole, RESET otherwise. */
static int on_over(struct http2_session *session, struct stream *stream, const char *why,
                   struct session_event *ret_event)
{
    bool told = stream->refused;

    ret_event->kind = stream->answer == ANSWER_WHOLE && why == NULL ? SESSION_SENT : SESSION_RESET;
    ret_event->why = why != NULL ? why : "";
    give_place(session, stream);
    return told ? 0 : 1;
}

/* What http2 says as an event of ours: 1; 0 where it is none. */
static int translate(struct http2_session *session, const struct http2_event *event,
                     struct session_event *ret_event)
{
    struct stream *stream = find(session, event->stream);

    if (event->kind == HTTP2_HEAD)
        return on_head(session, event, ret_event);
    if (stream == NULL)
        return 0;
    ret_event->stream = event->stream;
    switch (event->kind) {
    case HTTP2_BODY:
        return on_body(session, stream, event, ret_event);
    case HTTP2_END:
        stream->whole = true;
        stream->waits_continue = false;
        ret_event->kind = SESSION_END;
        return stream->answer == ANSWER_NONE;
    case HTTP2_RESET:
        return on_over(session, stream,
                       event->by_peer ? "the client gave the request up"
                                      : "the client broke the protocol",
                       ret_event);
    case HTTP2_CLOSED:
        return on_over(session, stream, NULL, ret_event);
    case HTTP2_HEAD:
    case HTTP2_WRITABLE:
    case HTTP2_CAPACITY:
    case HTTP2_GOAWAY:
    case HTTP2_PONG:
        break;
    }
    return 0;
}

/* What one stream is owed: 1 and an event. */
static int owed_to(struct http2_session *session, struct stream *stream,
                   struct session_event *ret_event)
{
    const struct http_response go_on = {.status = 100};
    struct err err;

    ret_event->stream = stream->number;
    if (session->failed)
        return on_over(session, stream, "the client broke the rules of HTTP/2", ret_event);
    if (stream->waits_continue && stream->answer == ANSWER_NONE)
        (void)!http2_send_response_head(session->http2, stream->number, &go_on, false, &err);
    stream->waits_continue = false;
    if (stream->busy_said && http2_queued(session->http2, stream->number) < SESSION_EASY_BYTES) {
        stream->busy_said = false;
        ret_event->kind = SESSION_WRITABLE;
        return stream->answer == ANSWER_IN_PIECES;
    }
    return 0;
}

static int owed(struct http2_session *session, struct session_event *ret_event)
{
    if (!session->look_around)
        return 0;
    for (uint32_t i = 0; session->taken != 0 && i < session->places; i++) {
        struct stream *stream = &session->streams[i];
        if (stream->number != 0 && owed_to(session, stream, ret_event) == 1)
            return 1;
    }
    session->look_around = false;
    return 0;
}

/* http2 is done for; its last words wait in `output`. */
static int fail_connection(struct http2_session *session, const char *why,
                           struct session_event *ret_event)
{
    session->failed = true;
    session->look_around = true;
    if (owed(session, ret_event) == 1)
        return 1;
    if (session->failure_told)
        return 0;
    session->failure_told = true;
    *ret_event = (struct session_event){.kind = SESSION_REFUSED, .why = why};
    return 1;
}

static int feed(struct session_row *row, struct view *rest, struct session_event *ret_event)
{
    struct http2_session *session = own(row);
    struct http2_event event;
    struct err err;

    if (owed(session, ret_event) == 1)
        return 1;
    while (!session->failed) {
        int got = http2_feed(session->http2, rest, &event, &err);
        charge(session);
        if (got == 0)
            return 0;
        if (got == ERR_MEMORY)
            return ERR_MEMORY;
        if (got < 0)
            break;
        if (translate(session, &event, ret_event) == 1)
            return 1;
        *ret_event = (struct session_event){.why = ""};
    }
    *rest = view_slice(*rest, rest->len, rest->len);
    return fail_connection(session, "the client broke the rules of HTTP/2", ret_event);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int output(struct session_row *row, struct strbuf *out, size_t most)
{
    struct http2_session *session = own(row);
    struct err err;
    int code = http2_take(session->http2, out, most, &err);

    charge(session);
    for (uint32_t i = 0; i < session->places && session->taken != 0; i++)
        session->look_around |= session->streams[i].number != 0 && session->streams[i].busy_said;
    return code;
}

static size_t waiting(const struct session_row *row, uint32_t stream)
{
    return http2_queued(((const struct http2_session *)row)->http2, stream);
}

static enum session_state state(const struct session_row *row)
{
    const struct http2_session *session = (const struct http2_session *)row;

    if (session->failed)
        return SESSION_CLOSING;
    if (session->taken != 0)
        return SESSION_AT_WORK;
    struct http2_status status = http2_status(session->http2);
    if (status.done)
        return SESSION_CLOSING;
    return status.cut ? SESSION_READING : SESSION_IDLE;
}

static void tick(struct session_row *row)
{
    http2_tick(own(row)->http2);
}

static void free_row(struct session_row *row)
{
    struct http2_session *session = own(row);

    session_budget_give(row->budget, session->charged);
    http2_free(session->http2);
    mem_free(session->streams);
    mem_free(session);
}

static const struct session_protocol protocol = {
    .kind = SESSION_HTTP2,
    .free = free_row,
    .feed = feed,
    .respond = respond,
    .piece = piece,
    .reset = reset,
    .cut = reset,
    .shut = shut,
    .output = output,
    .waiting = waiting,
    .state = state,
    .tick = tick,
};

struct session_row *session_http2_new(const struct session_limits *limits,
                                      struct session_budget *budget)
{
    const struct http2_limits codec = {
        .streams = limits->streams,
        .body_bytes = UINT64_MAX / 2, /* ours is smaller, and answers 413 */
        .stream_queue = SIZE_MAX / 4, /* ours are smaller, and take what is given whole */
        .connection_queue = SIZE_MAX / 4,
    };
    struct http2_session *session = mem_new(1, sizeof *session);

    if (session == NULL)
        return NULL;
    session->row = (struct session_row){.protocol = &protocol, .limits = *limits, .budget = budget};
    session->places = limits->streams * 2;
    session->streams = mem_new(session->places, sizeof *session->streams);
    session->http2 = http2_new(HTTP2_SERVER, &codec);
    if (session->streams == NULL || session->http2 == NULL) {
        free_row(&session->row);
        return NULL;
    }
    return &session->row;
}
