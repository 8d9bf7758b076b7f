/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_server: see sim_server.h. An exchange is a request, or a WebSocket with the message that is
 * being answered; it goes from head to pieces to its ending, and waits by server_wake_at. */
#include "app/sim_server.h"

#include "base/arena.h"
#include "base/mem.h"

enum { MESSAGES_MAX_BYTES = 1024 * 1024 };

static const size_t ARENA_MAX_BYTES = (size_t)256 * 1024 * 1024;

struct exchange {
    struct id id;                    /* of the server's request */
    const struct http_request *http; /* until a head was given */
    struct arena arena;
    struct sim_served served;
    size_t piece;       /* the next */
    uint64_t due_at_ns; /* of the next step */
    struct strbuf
        queued; /* of a WebSocket: messages behind the present one, each with its length */
    bool websocket;
    bool answering;  /* `served` is being carried out */
    bool head_given; /* and its head has gone */
    bool full;       /* `writable` goes on */
    bool silent;     /* nothing more will be said */
    bool leaving;    /* a WebSocket that was said goodbye */
};

struct sim_server {
    struct outside *outside;
    struct server *server;
    struct sim_service *service;
    struct exchange **exchanges; /* by the slot of the server's request */
    size_t exchange_count;
    uint64_t answers;
    uint64_t errors;
};

static uint64_t now(const struct sim_server *sim)
{
    return sim->outside->ops->now(sim->outside);
}

/* ---- exchanges ------------------------------------------------------------------------------- */

static struct exchange *find(const struct sim_server *sim, struct id id)
{
    struct exchange *exchange = id.slot < sim->exchange_count ? sim->exchanges[id.slot] : NULL;

    return exchange != NULL && id_equal(exchange->id, id) ? exchange : NULL;
}

static struct exchange *begin(struct sim_server *sim, struct id id)
{
    if (id.slot >= sim->exchange_count) {
        size_t count = (size_t)id.slot + 64;
        struct exchange **grown = mem_resize(sim->exchanges, count, sizeof(struct exchange *));
        if (grown == NULL)
            return NULL;
        for (size_t i = sim->exchange_count; i < count; i++)
            grown[i] = NULL;
        sim->exchanges = grown;
        sim->exchange_count = count;
    }
    struct exchange *exchange = mem_new(1, sizeof *exchange);
    if (exchange == NULL)
        return NULL;
    exchange->id = id;
    arena_init(&exchange->arena, ARENA_MAX_BYTES);
    strbuf_init(&exchange->queued, MESSAGES_MAX_BYTES);
    sim->exchanges[id.slot] = exchange;
    return exchange;
}

/* The present answer is over, however it ended. */
static void settle(struct sim_server *sim, struct exchange *exchange)
{
    if (!exchange->answering)
        return;
    sim_service_settle(sim->service, now(sim), &exchange->served.bill);
    exchange->answering = false;
    arena_release(&exchange->arena);
}

static void forget(struct sim_server *sim, struct exchange *exchange)
{
    settle(sim, exchange);
    arena_release(&exchange->arena);
    strbuf_release(&exchange->queued);
    sim->exchanges[exchange->id.slot] = NULL;
    mem_free(exchange);
}

/* Ends the request from our side: no `over` follows. */
static void abandon(struct sim_server *sim, struct exchange *exchange, bool by_reset)
{
    struct id id = exchange->id;

    forget(sim, exchange);
    if (by_reset)
        server_reset(sim->server, id);
    else
        server_cut(sim->server, id);
}

/* ---- carrying out ---------------------------------------------------------------------------- */

static void count(struct sim_server *sim, int status)
{
    sim->answers += status == 200;
    sim->errors += status != 200;
}

/* What was served is to be carried out from now on. */
static void begin_answer(struct sim_server *sim, struct exchange *exchange)
{
    exchange->answering = true;
    exchange->head_given = false;
    exchange->piece = 0;
    exchange->due_at_ns = now(sim) + exchange->served.latency_ns;
}

/* Begins to answer the next message that waits, each behind its length. False where there is none,
 * or the exchange is gone. */
static bool next_message(struct sim_server *sim, struct exchange *exchange)
{
    struct view queued = strbuf_view(&exchange->queued);
    uint32_t len;

    if (queued.len == 0)
        return false;
    memcpy(&len, queued.ptr, sizeof len);
    int code = sim_service_message(sim->service, now(sim),
                                   view_slice(queued, sizeof len, sizeof len + len),
                                   &exchange->arena, &exchange->served);
    strbuf_consume(&exchange->queued, sizeof len + len);
    if (code != 0) {
        abandon(sim, exchange, true);
        return false;
    }
    begin_answer(sim, exchange);
    return true;
}

/* What was given is given; how does it end? True where a WebSocket goes on. */
static bool finish(struct sim_server *sim, struct exchange *exchange)
{
    switch (exchange->served.ending) {
    case SIM_ENDS_RESET:
        abandon(sim, exchange, true);
        return false;
    case SIM_ENDS_CUT:
        abandon(sim, exchange, false);
        return false;
    case SIM_ENDS_SILENT: /* the request stays until its peer goes */
        exchange->silent = true;
        return false;
    case SIM_ENDS_WELL:
        break;
    }
    settle(sim, exchange);
    sim->answers += exchange->websocket;
    return exchange->websocket;
}

/* There is no room for the answer, and nothing of it was said: says that. False where even this
 * does not fit, and the exchange is gone. */
static bool refuse(struct sim_server *sim, struct exchange *exchange)
{
    settle(sim, exchange);
    arena_release(&exchange->arena);
    int code =
        sim_service_refuse(sim->service, exchange->http, &exchange->arena, &exchange->served);
    exchange->answering = code == 0;
    if (code == 0)
        code = server_respond(sim->server, exchange->id, &exchange->served.response, false);
    if (code == 0 || code == ERR_BUSY)
        return true;
    abandon(sim, exchange, true);
    return false;
}

/* The head, and with it the body where it goes whole. False where the exchange is gone. */
static bool give_head(struct sim_server *sim, struct exchange *exchange)
{
    const struct sim_served *served = &exchange->served;
    bool whole = served->piece_count == 0 && served->ending == SIM_ENDS_WELL;

    exchange->head_given = true;
    if (served->without_head || exchange->websocket)
        return true;
    int code = server_respond(sim->server, exchange->id, &served->response, !whole);
    if (code == ERR_LIMIT || code == ERR_MEMORY)
        return refuse(sim, exchange);
    if ((code == 0 || code == ERR_BUSY) && !whole && served->piece_count == 0)
        code = server_piece(sim->server, exchange->id,
                            view_slice(served->response.body, 0, served->cut_bytes), false);
    exchange->full = code == ERR_BUSY && !whole;
    if (code == 0 || code == ERR_BUSY)
        return true;
    abandon(sim, exchange, true);
    return false;
}

/* False where the exchange is gone. */
static bool give_piece(struct sim_server *sim, struct exchange *exchange)
{
    const struct sim_served *served = &exchange->served;
    const struct sim_piece *piece = &served->pieces[exchange->piece++];
    bool last = exchange->piece == served->piece_count && served->ending == SIM_ENDS_WELL
                && !exchange->websocket;
    int code = server_piece(sim->server, exchange->id, piece->bytes, last);

    exchange->full = code == ERR_BUSY;
    if (code == 0 || code == ERR_BUSY)
        return true;
    abandon(sim, exchange, true);
    return false;
}

/* Gives what is due now: head or piece. False where the exchange is gone. */
static bool give_next(struct sim_server *sim, struct exchange *exchange)
{
    if (!exchange->head_given)
        return give_head(sim, exchange);
    return exchange->piece == exchange->served.piece_count || give_piece(sim, exchange);
}

/* Does all that is due, then waits for what comes next. */
static void carry_on(struct sim_server *sim, struct exchange *exchange)
{
    while (!exchange->full && !exchange->silent) {
        const struct sim_served *served = &exchange->served;
        if (!exchange->answering && !(exchange->websocket && next_message(sim, exchange)))
            return;
        if (exchange->due_at_ns > now(sim)) {
            server_wake_at(sim->server, exchange->id, exchange->due_at_ns);
            return;
        }
        if (!give_next(sim, exchange))
            return;
        if (exchange->piece < served->piece_count && !served->without_head)
            exchange->due_at_ns += served->pieces[exchange->piece].after_ns;
        else if (!finish(sim, exchange))
            return;
    }
}

/* ---- what the server tells ------------------------------------------------------------------- */

static bool is_socket_path(struct view target)
{
    return view_is(sim_service_path(target), "/ws");
}

static void on_request(void *context, const struct server_request *request)
{
    struct sim_server *sim = context;
    struct exchange *exchange = begin(sim, request->id);

    if (exchange == NULL) {
        server_reset(sim->server, request->id);
        return;
    }
    if (is_socket_path(request->http->target) && request->kind == SESSION_HTTP1) {
        exchange->websocket = true;
        int code = server_upgrade(sim->server, request->id);
        if (code == ERR_REFUSED)
            sim->errors++;
        else if (code != 0)
            abandon(sim, exchange, true);
        return;
    }
    exchange->http = request->http;
    if (sim_service_serve(sim->service, now(sim), request->http, &exchange->arena,
                          &exchange->served)
        != 0) {
        if (refuse(sim, exchange))
            settle(sim, exchange);
        return;
    }
    begin_answer(sim, exchange);
    carry_on(sim, exchange);
}

static void on_over(void *context, struct id request, bool sent)
{
    struct sim_server *sim = context;
    struct exchange *exchange = find(sim, request);

    if (exchange == NULL)
        return;
    if (sent && !exchange->websocket)
        count(sim, exchange->served.response.status);
    forget(sim, exchange);
}

static void on_writable(void *context, struct id request)
{
    struct sim_server *sim = context;
    struct exchange *exchange = find(sim, request);

    if (exchange == NULL || !exchange->full)
        return;
    exchange->full = false;
    carry_on(sim, exchange);
}

static void on_due(void *context, struct id request)
{
    struct sim_server *sim = context;
    struct exchange *exchange = find(sim, request);

    if (exchange != NULL)
        carry_on(sim, exchange);
}

/* More messages wait than may: the peer is told, and the WebSocket closed. */
static void turn_out(struct sim_server *sim, struct exchange *exchange)
{
    static const struct view goodbye =
        VIEW("{\"type\":\"error\",\"error\":\"LimitExceeded\",\"message\":\"messages of more than "
             "1 MiB wait for their answers: send fewer at once\"}");

    settle(sim, exchange);
    strbuf_release(&exchange->queued);
    exchange->silent = true;
    exchange->leaving = true;
    int code = server_piece(sim->server, exchange->id, goodbye, true);
    if (code != 0 && code != ERR_BUSY)
        abandon(sim, exchange, false);
}

static void on_message(void *context, struct id request, struct view bytes, bool is_text)
{
    struct sim_server *sim = context;
    struct exchange *exchange = find(sim, request);
    uint32_t len = (uint32_t)bytes.len;

    (void)is_text; /* binary that is JSON is as good, as API Gateway has it */
    if (exchange == NULL || !exchange->websocket || exchange->leaving)
        return;
    strbuf_add(&exchange->queued, view_make(&len, sizeof len));
    strbuf_add(&exchange->queued, bytes);
    if (strbuf_status(&exchange->queued) != 0)
        turn_out(sim, exchange);
    else if (!exchange->answering)
        carry_on(sim, exchange);
}

/* ---- life ------------------------------------------------------------------------------------ */

int sim_server_new(struct outside *outside, const struct sim_server_options *options,
                   struct sim_server **ret_server, uint16_t *ret_port, struct err *reterr)
{
    static const struct server_handler handler = {.request = on_request,
                                                  .over = on_over,
                                                  .writable = on_writable,
                                                  .due = on_due,
                                                  .message = on_message};
    struct server_options carried = options->server;
    struct sim_server *sim = mem_new(1, sizeof *sim);

    if (sim == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the simulator's server");
    sim->outside = outside;
    carried.name = view_of("assay-sim");
    int code = sim_service_new(&options->service, now(sim), &sim->service);
    if (code != 0)
        fail(reterr, code, "no simulator with these quotas: %s", err_text(code));
    else
        code = server_new(outside, &carried, &handler, sim, &sim->server, ret_port, reterr);
    if (code != 0) {
        sim_server_free(sim);
        return code;
    }
    *ret_server = sim;
    return 0;
}

void sim_server_free(struct sim_server *sim)
{
    if (sim == NULL)
        return;
    server_free(sim->server); /* says `over` of all that is under way */
    sim_service_free(sim->service);
    mem_free(sim->exchanges);
    mem_free(sim);
}

void sim_server_drain(struct sim_server *sim, uint64_t in_ns, void (*done)(void *context),
                      void *context)
{
    server_drain(sim->server, in_ns, done, context);
}

struct sim_server_figures sim_server_figures(const struct sim_server *sim)
{
    struct sim_server_figures figures = {
        .server = server_figures(sim->server), .answers = sim->answers, .errors = sim->errors};

    figures.errors += figures.server.refused;
    return figures;
}
