/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_peer: our side of tests/e2e/test_http2.py, which holds another implementation against it.
 * It talks over one file descriptor, a socket that it is given as standard input:
 *
 *     http2_peer server PIECE           answers each request with its method, path and body
 *     http2_peer client PIECE COUNT     sends COUNT requests, the i-th with a body of i × 300
 *                                       bytes, as many at a time as the server takes, and then
 *                                       prints how many came back as they went
 *
 * PIECE: how many bytes are read at once. At the end it prints a line: how it ended. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "wire/http2.h"

enum { PIECE_BYTES_MAX = 1 << 16, OUT_BYTES_MAX = 64 << 20, STREAMS_MAX = 1 << 16 };

struct peer {
    struct http2 *http2;
    struct strbuf out;
    struct strbuf *answers; /* by stream: what is to be sent back, or what came back */
    uint32_t asked;
    uint32_t count;
    uint32_t good;
    uint32_t ended;
};

static int flush(struct peer *peer)
{
    for (;;) {
        int code = http2_take(peer->http2, &peer->out, HTTP2_TAKE_BYTES, NULL);
        if (code != 0 || peer->out.len == 0)
            return code;
        while (peer->out.len > 0) {
            ssize_t wrote = send(STDIN_FILENO, peer->out.ptr, peer->out.len, MSG_NOSIGNAL);
            if (wrote <= 0)
                return ERR_CLOSED;
            strbuf_consume(&peer->out, (size_t)wrote);
        }
    }
}

static void fill(struct strbuf *body, uint32_t i)
{
    strbuf_printf(body, "POST /%u ", i);
    strbuf_add_repeated(body, (char)('a' + i % 26), i * 300);
}

/* Requests as long as streams are free; the server says first how many there are. */
static int ask(struct peer *peer, struct err *reterr)
{
    while (peer->asked < peer->count && http2_status(peer->http2).free > 0) {
        struct http_request request = {.method = VIEW("POST")};
        struct strbuf body;
        char target[20];
        uint32_t stream;
        snprintf(target, sizeof target, "/%u", peer->asked);
        request.target = view_of(target);
        strbuf_init(&body, OUT_BYTES_MAX);
        fill(&body, peer->asked);
        request.body =
            view_slice(strbuf_view(&body), strlen("POST ") + strlen(target) + 1, body.len);
        request.headers.items[0] = (struct http_header){VIEW("host"), VIEW("127.0.0.1")};
        request.headers.count = 1;
        int code = http2_send_request(peer->http2, &request, true, &stream, reterr);
        strbuf_release(&body);
        if (code != 0)
            return code == ERR_BUSY ? 0 : code;
        peer->asked++;
    }
    return 0;
}

static void compare(struct peer *peer, uint32_t stream)
{
    struct strbuf expected;

    strbuf_init(&expected, OUT_BYTES_MAX);
    fill(&expected, stream / 2);
    peer->good += view_equal(strbuf_view(&expected), strbuf_view(&peer->answers[stream]));
    strbuf_release(&expected);
}

static int answer(struct peer *peer, uint32_t stream, struct err *reterr)
{
    const struct http_response response = {.status = 200,
                                           .body = strbuf_view(&peer->answers[stream])};

    int code = http2_send_response_head(peer->http2, stream, &response, true, reterr);
    return code == ERR_BUSY ? 0 : code; /* WRITABLE comes */
}

static int look_at(struct peer *peer, const struct http2_event *event, struct err *reterr)
{
    struct strbuf *text = &peer->answers[event->stream % STREAMS_MAX];
    bool server = peer->count == 0;

    if (event->kind == HTTP2_HEAD && server) {
        strbuf_printf(text, "%.*s %.*s ", VIEW_ARG(event->head->method),
                      VIEW_ARG(event->head->target));
    }
    if (event->kind == HTTP2_BODY)
        strbuf_add(text, event->body);
    if ((event->kind == HTTP2_END || event->kind == HTTP2_WRITABLE) && server)
        return answer(peer, event->stream, reterr);
    if (event->kind == HTTP2_END)
        compare(peer, event->stream);
    peer->ended += event->kind == HTTP2_CLOSED || event->kind == HTTP2_RESET;
    if (event->kind == HTTP2_CLOSED || event->kind == HTTP2_RESET)
        strbuf_release(text);
    return server ? 0 : ask(peer, reterr);
}

static int feed(struct peer *peer, struct view bytes, struct err *reterr)
{
    struct http2_event event;
    int code;

    while ((code = http2_feed(peer->http2, &bytes, &event, reterr)) == 1) {
        code = look_at(peer, &event, reterr);
        if (code == 0)
            code = flush(peer);
        if (code != 0)
            return code;
    }
    return code;
}

static int talk(struct peer *peer, size_t piece, struct err *reterr)
{
    static char bytes[PIECE_BYTES_MAX];
    int code = 0;

    while (code == 0 && !http2_status(peer->http2).done) {
        code = flush(peer);
        if (code != 0)
            break;
        if (peer->count > 0 && peer->ended == peer->count)
            return 0;
        ssize_t came = read(STDIN_FILENO, bytes, piece);
        if (came <= 0)
            return http2_finish(peer->http2, reterr);
        code = feed(peer, view_make(bytes, (size_t)came), reterr);
        if (code == 0)
            code = flush(peer);
        if (code == 0)
            code = feed(peer, (struct view){0}, reterr);
    }
    (void)!flush(peer);
    int why = feed(peer, (struct view){0}, reterr); /* the connection's own error says more */
    return why != 0 ? why : code;
}

int main(int argc, char **argv)
{
    struct peer peer = {.count = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0};
    struct err err = {0};
    size_t piece = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    if (argc < 3 || piece == 0 || piece > PIECE_BYTES_MAX)
        return 2;
    peer.http2 =
        http2_new(strcmp(argv[1], "server") == 0 ? HTTP2_SERVER : HTTP2_CLIENT_PLAIN, NULL);
    peer.answers = mem_new(STREAMS_MAX, sizeof *peer.answers);
    if (peer.http2 == NULL || peer.answers == NULL)
        return 2;
    strbuf_init(&peer.out, OUT_BYTES_MAX);
    for (size_t i = 0; i < STREAMS_MAX; i++)
        strbuf_init(&peer.answers[i], OUT_BYTES_MAX);
    int code = talk(&peer, piece, &err);
    printf("%s %s good=%u ended=%u\n", code == 0 ? "OK" : err_name(code), code == 0 ? "" : err.text,
           peer.good, peer.ended);
    for (size_t i = 0; i < STREAMS_MAX; i++)
        strbuf_release(&peer.answers[i]);
    mem_free(peer.answers);
    strbuf_release(&peer.out);
    http2_free(peer.http2);
    return 0;
}
