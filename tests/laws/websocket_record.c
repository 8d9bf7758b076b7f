/* SPDX-License-Identifier: Apache-2.0
 *
 * websocket_record: see websocket_record.h. */
#include "websocket_record.h"

struct recorder {
    struct websocket *websocket;
    struct strbuf *out;
};

void websocket_record_event(const struct websocket_event *event, struct strbuf *out)
{
    static const char *const names[] = {
        [WEBSOCKET_MESSAGE] = "MESSAGE",
        [WEBSOCKET_PING] = "PING",
        [WEBSOCKET_PONG] = "PONG",
        [WEBSOCKET_CLOSE] = "CLOSE",
    };

    strbuf_add_text(out, names[event->kind]);
    if (event->kind == WEBSOCKET_MESSAGE)
        strbuf_add_text(out, event->type == WEBSOCKET_TEXT ? " text" : " binary");
    if (event->kind == WEBSOCKET_CLOSE)
        strbuf_printf(out, " %u", event->code);
    strbuf_add_text(out, " [");
    strbuf_add(out, event->bytes);
    strbuf_add_text(out, "]\n");
}

static int feed(void *context, struct view piece)
{
    struct recorder *recorder = context;
    struct websocket_event event;
    struct err err = {0};
    int code;

    while ((code = websocket_feed(recorder->websocket, &piece, &event, &err)) == 1)
        websocket_record_event(&event, recorder->out);
    if (code < 0)
        strbuf_printf(recorder->out, "%s %s\n", err_name(code), err.text);
    else
        assert_always(piece.len == 0);
    return code;
}

int websocket_record(struct view bytes, enum websocket_side side,
                     const struct websocket_limits *limits, const struct stream_cuts *cuts,
                     struct strbuf *out, struct strbuf *ret_answer)
{
    struct recorder recorder = {.out = out};
    struct strbuf answer;
    struct err err = {0};
    struct rng rng;
    rng_init(&rng, WEBSOCKET_RECORD_SEED);
    strbuf_init(&answer, STREAM_RECORD_BYTES_MAX);
    recorder.websocket = websocket_new(side, limits, &rng);
    assert_always(recorder.websocket != NULL);

    int code = stream_cut(bytes, cuts, feed, &recorder);
    if (code == 0) {
        int ended = websocket_finish(recorder.websocket, &err);
        strbuf_printf(out, "END %s\n", err.text);
        assert_always((ended == 0) == websocket_is_over(recorder.websocket));
    }
    int taken = websocket_take(recorder.websocket, &answer);
    assert_always(taken == 0 && !websocket_wants_write(recorder.websocket));
    strbuf_printf(out, "close %u answer ", websocket_close_code(recorder.websocket));
    strbuf_add(out, strbuf_view(&answer));
    if (ret_answer != NULL)
        strbuf_add(ret_answer, strbuf_view(&answer));
    strbuf_release(&answer);
    websocket_free(recorder.websocket);
    return code;
}
