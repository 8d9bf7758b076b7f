/* SPDX-License-Identifier: Apache-2.0
 *
 * server_request: a request (see server_internal.h): collecting it, handing it over, its answer,
 * its progress. */
#include <stdio.h>

#include "app/server_internal.h"
#include "base/date.h"

enum { HEAD_MAX_BYTES = 512 * 1024 }; /* of a head as it is kept */

static uint32_t alarm_of(const struct server *server, const struct request *request)
{
    return server->peers.capacity + request->id.slot;
}

static void set_alarm(struct server *server, struct request *request)
{
    uint64_t at_ns =
        request->due_at_ns < request->check_at_ns ? request->due_at_ns : request->check_at_ns;

    alarms_set(&server->alarms, alarm_of(server, request), at_ns);
}

static struct request *find(const struct peer *peer, uint32_t stream)
{
    struct request *request = peer->requests;

    while (request != NULL && request->stream != stream)
        request = request->next;
    return request;
}

/* ---- its memory ------------------------------------------------------------------------------ */

static void release_bytes(struct server *server, struct request *request)
{
    session_budget_give(&server->budget, request->charged);
    request->charged = 0;
    request->http = NULL;
    arena_release(&request->arena);
    strbuf_release(&request->body);
}

static bool charge(struct server *server, struct request *request, size_t bytes)
{
    if (!session_budget_take(&server->budget, bytes))
        return false;
    request->charged += bytes;
    return true;
}

static int copy_head(struct server *server, struct request *request,
                     const struct http_request *from)
{
    struct arena *arena = &request->arena;
    struct http_request *http;

    arena_init(arena, HEAD_MAX_BYTES);
    http = arena_new(arena, 1, sizeof *http);
    if (http == NULL)
        return ERR_MEMORY;
    int code = arena_copy(arena, from->method, &http->method);
    if (code == 0)
        code = arena_copy(arena, from->target, &http->target);
    for (size_t i = 0; code == 0 && i < from->headers.count; i++) {
        struct http_header *header = &http->headers.items[http->headers.count++];
        code = arena_copy(arena, from->headers.items[i].name, &header->name);
        if (code == 0)
            code = arena_copy(arena, from->headers.items[i].value, &header->value);
    }
    if (code == 0 && !charge(server, request, arena->used))
        code = ERR_LIMIT;
    request->http = http;
    return code;
}

static void unlink_request(struct request *request)
{
    struct request **at = &request->peer->requests;

    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
}

/* Gives its place back; nobody is told. */
static void drop(struct server *server, struct request *request)
{
    release_bytes(server, request);
    unlink_request(request);
    alarms_set(&server->alarms, alarm_of(server, request), UINT64_MAX);
    slots_give(&server->requests, request->id);
}

/* It is over, and whoever was told of it hears so. */
static void end(struct server *server, struct request *request, bool sent)
{
    struct id id = request->id;
    bool told = request->state == REQUEST_TOLD;

    server->figures.sent += told && sent;
    server->figures.lost += told && !sent;
    drop(server, request);
    if (told)
        server->handler.over(server->context, id, sent);
}

void request_lose_all(struct server *server, struct peer *peer)
{
    while (peer->requests != NULL)
        end(server, peer->requests, false);
}

/* ---- answers of ours ------------------------------------------------------------------------- */

/* Answers in the handler's place; the request is nobody's from now on. */
static void refuse(struct server *server, struct peer *peer, struct request *request,
                   uint32_t stream, int status, const char *body)
{
    struct http_response response = {.status = status, .body = view_of(body)};
    int code =
        http_header_add(&response.headers, view_of("content-type"), view_of("application/json"));

    server->figures.refused++;
    if (request != NULL) {
        release_bytes(server, request);
        request->state = REQUEST_REFUSED;
        request->check_at_ns = server_now(server) + server->options.stall_in_ns;
        set_alarm(server, request);
    }
    if (code == 0)
        code = session_respond(peer->session, stream, &response, false);
    if (code != 0 && code != ERR_BUSY) {
        session_reset(peer->session, stream);
        if (request != NULL)
            drop(server, request);
    } else if (request != NULL) {
        request->given_bytes = session_waiting(peer->session, stream);
        request->seen_bytes = request->seen_given_bytes = 0;
    }
    server_mark(server, peer);
}

static const char too_much[] =
    "{\"message\":\"The server holds too many requests, try again later.\"}";
static const char too_slow[] =
    "{\"message\":\"The body of the request came too slowly, send it again.\"}";

/* ---- requests -------------------------------------------------------------------------------- */

static void on_head(struct server *server, struct peer *peer, const struct session_event *event)
{
    const struct session_budget *budget = &server->budget;
    struct id id;
    struct request *request = slots_take(&server->requests, &id);

    if (request == NULL) {
        refuse(server, peer, NULL, event->stream, 503, too_much);
        return;
    }
    request->id = id;
    request->peer = peer;
    request->next = peer->requests;
    peer->requests = request;
    request->stream = event->stream;
    request->began_at_ns = server_now(server);
    request->due_at_ns = UINT64_MAX;
    request->check_at_ns = request->began_at_ns + server->options.body_in_ns;
    strbuf_init(&request->body, SIZE_MAX / 2); /* the session has the limit */
    set_alarm(server, request);
    int code = copy_head(server, request, event->request);
    if (code != 0 || (event->has_length && event->length > budget->most_bytes - budget->used_bytes))
        refuse(server, peer, request, event->stream, 503, too_much);
}

static void on_body(struct server *server, struct request *request, struct view bytes)
{
    bool fits = charge(server, request, bytes.len);

    if (fits) {
        strbuf_add(&request->body, bytes);
        fits = strbuf_status(&request->body) == 0;
    }
    if (!fits)
        refuse(server, request->peer, request, request->stream, 503, too_much);
}

static void on_end(struct server *server, struct request *request, bool websocket)
{
    const struct peer *peer = request->peer;

    request->state = REQUEST_TOLD;
    request->check_at_ns = UINT64_MAX;
    set_alarm(server, request);
    request->http->body = strbuf_view(&request->body);
    server->figures.requests++;
    const struct server_request told = {
        .id = request->id,
        .http = request->http,
        .kind = session_kind(peer->session),
        .tls = peer->tls,
        .websocket = websocket,
        .began_at_ns = request->began_at_ns,
    };
    server->handler.request(server->context, &told);
}

/* What comes of a request whose record is there. */
static void on_known(struct server *server, struct request *request,
                     const struct session_event *event)
{
    const struct server_handler *handler = &server->handler;
    bool told = request->state == REQUEST_TOLD;

    switch (event->kind) {
    case SESSION_BODY:
        if (request->state == REQUEST_COLLECTING)
            on_body(server, request, event->bytes);
        return;
    case SESSION_END:
        if (request->state == REQUEST_COLLECTING)
            on_end(server, request, event->websocket);
        return;
    case SESSION_WRITABLE:
        if (told && handler->writable != NULL)
            handler->writable(server->context, request->id);
        return;
    case SESSION_MESSAGE:
        if (told && handler->message != NULL)
            handler->message(server->context, request->id, event->bytes, event->is_text);
        return;
    case SESSION_RESET:
    case SESSION_REFUSED:
    case SESSION_SENT:
        end(server, request, event->kind == SESSION_SENT);
        return;
    case SESSION_REQUEST:
        return;
    }
}

void request_event(struct server *server, struct peer *peer, const struct session_event *event)
{
    struct request *request = find(peer, event->stream);

    if (event->kind == SESSION_REFUSED)
        server->figures.refused++;
    if (event->kind == SESSION_REQUEST)
        on_head(server, peer, event);
    else if (request != NULL)
        on_known(server, request, event);
}

/* ---- progress -------------------------------------------------------------------------------- */

static bool body_stands_still(struct request *request)
{
    bool still = request->body.len - request->seen_bytes < SERVER_PROGRESS_BYTES;

    request->seen_bytes = request->body.len;
    return still;
}

/* True where what was given before the last look has not left, or too little of it. */
static bool answer_stands_still(struct request *request)
{
    size_t waiting = session_waiting(request->peer->session, request->stream);
    uint64_t left_bytes = request->given_bytes - waiting;
    bool still = left_bytes < request->seen_given_bytes
                 && left_bytes - request->seen_bytes < SERVER_PROGRESS_BYTES;

    request->seen_bytes = left_bytes;
    request->seen_given_bytes = request->given_bytes;
    return still;
}

static void check_progress(struct server *server, struct request *request)
{
    struct peer *peer = request->peer;
    bool collecting = request->state == REQUEST_COLLECTING;
    bool still = collecting ? body_stands_still(request) : answer_stands_still(request);

    request->check_at_ns =
        server_now(server)
        + (collecting ? server->options.body_in_ns : server->options.stall_in_ns);
    set_alarm(server, request);
    if (!still)
        return;
    server->figures.timeouts++;
    if (collecting) {
        refuse(server, peer, request, request->stream, 408, too_slow);
        return;
    }
    session_reset(peer->session, request->stream);
    server_mark(server, peer);
    end(server, request, false);
}

void request_alarm(struct server *server, struct request *request)
{
    uint64_t now_ns = server_now(server);
    struct id id = request->id;

    if (request->due_at_ns <= now_ns) {
        request->due_at_ns = UINT64_MAX;
        set_alarm(server, request);
        if (server->handler.due != NULL)
            server->handler.due(server->context, id);
        request = slots_get(&server->requests, id);
    }
    if (request != NULL && request->check_at_ns <= now_ns)
        check_progress(server, request);
}

/* ---- what the handler does ------------------------------------------------------------------- */

static struct request *find_told(const struct server *server, struct id id)
{
    struct request *request = slots_get(&server->requests, id);

    return request != NULL && request->state == REQUEST_TOLD ? request : NULL;
}

/* "Mon, 23 Nov 2026 16:33:00 GMT" (RFC 9110, section 5.6.7). */
static struct view date_of(struct server *server)
{
    static const char days[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t unix_s = server->outside->ops->unix_s(server->outside);
    char iso[DATE_ISO_SIZE];

    if (unix_s != server->date_unix_s) {
        date_iso(unix_s, iso);
        int month = (iso[5] - '0') * 10 + iso[6] - '0' - 1;
        snprintf(server->date, sizeof server->date, "%.3s, %.2s %.3s %.4s %.8s GMT",
                 days + unix_s / 86400 % 7 * 3, iso + 8, months + month * 3, iso, iso + 11);
        server->date_unix_s = unix_s;
    }
    return view_of(server->date);
}

/* What the answer has given to the session since `before`. */
static void count_given(struct server *server, struct request *request, size_t before)
{
    size_t waiting = session_waiting(request->peer->session, request->stream);

    request->given_bytes += waiting > before ? waiting - before : 0;
    if (request->check_at_ns == UINT64_MAX) {
        request->check_at_ns = server_now(server) + server->options.stall_in_ns;
        set_alarm(server, request);
    }
    server_mark(server, request->peer);
}

int server_respond(struct server *server, struct id id, const struct http_response *response,
                   bool in_pieces)
{
    struct request *request = find_told(server, id);
    struct http_response full = *response;
    int code = request == NULL || request->answered ? ERR_CLOSED : 0;

    if (code == 0 && http_header_get(&full.headers, "date").ptr == NULL)
        code = http_header_add(&full.headers, view_of("date"), date_of(server));
    if (code == 0 && server->options.name.len != 0)
        code = http_header_add(&full.headers, view_of("server"), server->options.name);
    if (code == 0)
        code = session_respond(request->peer->session, request->stream, &full, in_pieces);
    if (code != 0 && code != ERR_BUSY)
        return code;
    request->answered = true;
    request->seen_bytes = 0;
    release_bytes(server, request);
    count_given(server, request, 0);
    return code;
}

int server_piece(struct server *server, struct id id, struct view bytes, bool last)
{
    struct request *request = find_told(server, id);

    if (request == NULL || !request->answered)
        return ERR_CLOSED;
    size_t before = session_waiting(request->peer->session, request->stream);
    int code = session_piece(request->peer->session, request->stream, bytes, last);
    if (code == 0 || code == ERR_BUSY)
        count_given(server, request, before);
    return code;
}

int server_upgrade(struct server *server, struct id id)
{
    struct request *request = find_told(server, id);
    struct err err;

    if (request == NULL || request->answered)
        return ERR_CLOSED;
    int code = session_upgrade(request->peer->session, request->stream, &err);
    if (code != 0 && code != ERR_REFUSED)
        return code;
    request->answered = true;
    release_bytes(server, request);
    request->peer->websocket_at_ns = server_now(server);
    request->peer->waits_for = PEER_WAITS_ANEW;
    count_given(server, request, 0);
    return code;
}

static void give_up(struct server *server, struct id id,
                    void (*how)(struct session *session, uint32_t stream))
{
    struct request *request = find_told(server, id);

    if (request == NULL)
        return;
    how(request->peer->session, request->stream);
    server_mark(server, request->peer);
    server->figures.lost++;
    drop(server, request);
}

void server_reset(struct server *server, struct id id)
{
    give_up(server, id, session_reset);
}

void server_cut(struct server *server, struct id id)
{
    give_up(server, id, session_cut);
}

void server_wake_at(struct server *server, struct id id, uint64_t at_ns)
{
    struct request *request = find_told(server, id);
    uint64_t soon_ns = server_now(server) + 1; /* never within the present round of alarms */

    if (request == NULL)
        return;
    request->due_at_ns = at_ns > soon_ns ? at_ns : soon_ns;
    set_alarm(server, request);
    server_mark(server, request->peer);
}
