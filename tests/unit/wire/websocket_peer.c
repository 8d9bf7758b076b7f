/* SPDX-License-Identifier: Apache-2.0
 *
 * websocket_peer: our side of tests/e2e/test_websocket.py, which holds another implementation
 * against it. It talks over one file descriptor, a socket that it is given as standard input:
 *
 *     websocket_peer server PIECE [SUBPROTOCOLS]   answers a handshake, then echoes messages
 *     websocket_peer client PIECE [SUBPROTOCOLS]   asks for one, then echoes messages
 *
 * PIECE: how many bytes are read at once. An echo "close 4001 why" is a close instead. At the end
 * it prints a line: how it ended (the peer's close code and reason, or an error), and what was
 * agreed to. */
#include <stdio.h>
#include <unistd.h>

#include "wire/http1.h"
#include "wire/websocket.h"
#include "wire/websocket_handshake.h"

enum { PIECE_BYTES_MAX = 1 << 16, OUT_BYTES_MAX = 64 << 20 };

struct peer {
    enum websocket_side side;
    struct view subprotocols;
    struct rng rng;
    struct strbuf out;
    struct http1_parser *http1;
    struct websocket_key key;
    struct websocket *websocket;
    char agreed[100];
    char ended[200];
};

static int flush(struct peer *peer)
{
    if (peer->websocket != NULL && websocket_wants_write(peer->websocket)) {
        int code = websocket_take(peer->websocket, &peer->out);
        if (code != 0)
            return code;
    }
    while (peer->out.len > 0) {
        ssize_t wrote = write(STDIN_FILENO, peer->out.ptr, peer->out.len);
        if (wrote <= 0)
            return ERR_CLOSED;
        strbuf_consume(&peer->out, (size_t)wrote);
    }
    return 0;
}

static int ask(struct peer *peer, struct err *reterr)
{
    struct http_request request = {.target = VIEW("/")};
    int code = http_header_add(&request.headers, view_of("Host"), view_of("127.0.0.1"));

    websocket_key_draw(&peer->rng, &peer->key);
    if (code == 0)
        code = websocket_request(&request, &peer->key, peer->subprotocols, reterr);
    if (code == 0)
        code = http1_write_request_head(&peer->out, &request, HTTP1_NO_BODY, reterr);
    return code;
}

/* The other side's head has come: the connection is one of WebSocket from here. */
static int upgrade(struct peer *peer, const struct http1_head *head, struct err *reterr)
{
    const struct websocket_limits limits = {
        .message_bytes = 16 << 20, .queue_bytes = 32 << 20, .frame_bytes = 16 << 20};
    struct websocket_answer answer = {.status = 101};
    struct view subprotocol = {0};
    int code;

    if (peer->side == WEBSOCKET_CLIENT) {
        code = websocket_accepted(head, &peer->key, peer->subprotocols, &subprotocol, reterr);
    } else {
        struct http_response response;
        code = websocket_answer(head, peer->subprotocols, &answer, reterr);
        subprotocol = answer.subprotocol;
        websocket_response(&answer, view_of(code != 0 ? reterr->text : ""), &response);
        int wrote = http1_write_response_head(&peer->out, &response,
                                              code == 0 ? HTTP1_NO_BODY : HTTP1_LENGTH, reterr);
        strbuf_add(&peer->out, response.body);
        code = code != 0 ? code : wrote;
    }
    snprintf(peer->agreed, sizeof peer->agreed, "%d [%.*s]",
             peer->side == WEBSOCKET_CLIENT ? head->status : answer.status, VIEW_ARG(subprotocol));
    if (code != 0)
        return code;
    peer->websocket = websocket_new(peer->side, &limits, &peer->rng);
    return peer->websocket != NULL ? 0 : ERR_MEMORY;
}

static int feed_http1(struct peer *peer, struct view *rest, struct err *reterr)
{
    struct http1_event event;
    int code;

    while ((code = http1_feed(peer->http1, rest, &event, reterr)) == 1) {
        if (event.kind == HTTP1_UPGRADE || event.kind == HTTP1_END)
            return upgrade(peer, event.head, reterr);
    }
    return code;
}

static int echo(struct peer *peer, const struct websocket_event *event, struct err *reterr)
{
    static const struct view close = VIEW("close ");
    struct view rest = view_slice(event->bytes, close.len, event->bytes.len);
    int64_t code = 0;

    if (!view_starts(event->bytes, close))
        return websocket_send(peer->websocket, event->type, event->bytes, true, reterr);
    int status = view_to_int(view_split(&rest, ' '), &code);
    if (status != 0)
        return status;
    return websocket_close(peer->websocket, (unsigned)code, rest, reterr);
}

static int feed_websocket(struct peer *peer, struct view *rest, struct err *reterr)
{
    struct websocket_event event;
    int code;

    while ((code = websocket_feed(peer->websocket, rest, &event, reterr)) == 1) {
        if (event.kind == WEBSOCKET_CLOSE)
            snprintf(peer->ended, sizeof peer->ended, "closed %u [%.*s]", event.code,
                     VIEW_ARG(event.bytes));
        code = event.kind == WEBSOCKET_MESSAGE ? echo(peer, &event, reterr) : 0;
        if (code == 0)
            code = flush(peer);
        if (code != 0)
            return code;
    }
    return code;
}

static int run(struct peer *peer, size_t piece, struct err *reterr)
{
    static char bytes[PIECE_BYTES_MAX];
    int code = peer->side == WEBSOCKET_CLIENT ? ask(peer, reterr) : 0;

    while (code == 0 && (peer->websocket == NULL || !websocket_is_over(peer->websocket))) {
        code = flush(peer);
        ssize_t got = code == 0 ? read(STDIN_FILENO, bytes, piece) : 0;
        if (got <= 0)
            break;
        struct view rest = view_make(bytes, (size_t)got);
        if (peer->websocket == NULL)
            code = feed_http1(peer, &rest, reterr);
        if (code == 0 && peer->websocket != NULL)
            code = feed_websocket(peer, &rest, reterr);
    }
    int flushed = flush(peer);
    if (code == 0 && peer->websocket != NULL)
        code = websocket_finish(peer->websocket, reterr);
    return code != 0 ? code : flushed;
}

int main(int argc, char **argv)
{
    struct peer peer = {.side = WEBSOCKET_SERVER};
    struct err err = {0};
    int64_t piece = 0;

    if (argc < 3 || view_to_int(view_of(argv[2]), &piece) != 0 || piece < 1
        || piece > PIECE_BYTES_MAX)
        return err_exit_status(ERR_USAGE);
    if (strcmp(argv[1], "client") == 0)
        peer.side = WEBSOCKET_CLIENT;
    peer.subprotocols = view_of(argv[3]);
    rng_init(&peer.rng, (uint64_t)piece);
    strbuf_init(&peer.out, OUT_BYTES_MAX);
    peer.http1 = http1_parser_new(
        peer.side == WEBSOCKET_CLIENT ? HTTP1_READS_RESPONSES : HTTP1_READS_REQUESTS, NULL);
    int code = peer.http1 != NULL ? run(&peer, (size_t)piece, &err) : ERR_MEMORY;
    if (code != 0)
        printf("%s %s: %s\n", peer.agreed, err_name(code), err.text);
    else
        printf("%s %s\n", peer.agreed, peer.ended);
    strbuf_release(&peer.out);
    http1_parser_free(peer.http1);
    websocket_free(peer.websocket);
    return err_exit_status(code);
}
