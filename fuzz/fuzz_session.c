/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_session: any bytes, in pieces of any size, as what a client sends to a server's session,
 * while the server answers each request in one of its ways, early or not, or gives it up. What must
 * hold: a stream begins once, ends once and hears nothing after its end; what waits is charged to
 * the budget, and given back. The first byte says which protocol; the second how long the pieces
 * are, 0 for all at once; the third how requests are answered. */
#include "core/server/session.h"

enum {
    BYTES_MAX = 1 << 22,
    STREAMS = 4096,
    STEPS_MAX = 1 << 16,
};

enum fate { UNKNOWN, BEGUN, WHOLE, OVER };

struct run {
    struct session *session;
    unsigned how;
    unsigned char fates[STREAMS];
    struct strbuf out;
};

static void answer(struct run *run, uint32_t stream, bool websocket)
{
    const struct http_response response = {.status = 200, .body = VIEW("an answer")};
    struct err err;

    switch ((run->how + stream) % 7) {
    case 0:
        if (session_respond(run->session, stream, &response, true) == 0)
            (void)!session_piece(run->session, stream, view_of("piece"), false);
        (void)!session_piece(run->session, stream, view_of("last"), true);
        return;
    case 1:
        session_reset(run->session, stream);
        run->fates[stream] = OVER;
        return;
    case 2:
        (void)!session_respond(run->session, stream, &response, true);
        session_cut(run->session, stream);
        run->fates[stream] = OVER;
        return;
    case 3:
        session_shut(run->session);
        return;
    case 4:
        if (websocket && session_upgrade(run->session, stream, &err) == 0)
            return;
        break;
    default:
        break;
    }
    (void)!session_respond(run->session, stream, &response, false);
}

static void hear(struct run *run, const struct session_event *event)
{
    uint32_t stream = event->stream;
    if (stream == 0 || stream >= STREAMS) {
        assert_always(stream != 0 || event->kind == SESSION_REFUSED);
        return;
    }
    unsigned char *fate = &run->fates[stream];

    switch (event->kind) {
    case SESSION_REQUEST:
        assert_always(*fate == UNKNOWN);
        *fate = BEGUN;
        if (run->how % 11 == 0)
            answer(run, stream, false);
        return;
    case SESSION_BODY:
        assert_always(*fate == BEGUN && event->bytes.len != 0);
        return;
    case SESSION_END:
        assert_always(*fate == BEGUN);
        *fate = WHOLE;
        answer(run, stream, event->websocket);
        return;
    case SESSION_MESSAGE:
        assert_always(*fate == WHOLE);
        (void)!session_piece(run->session, stream, view_of("heard"), event->bytes.len % 5 == 0);
        return;
    case SESSION_WRITABLE:
        assert_always(*fate == WHOLE || *fate == BEGUN);
        return;
    case SESSION_RESET:
    case SESSION_SENT:
        assert_always(*fate == WHOLE || *fate == BEGUN);
        *fate = OVER;
        return;
    case SESSION_REFUSED: /* also of a stream that nobody was told of */
        assert_always(*fate != OVER);
        *fate = OVER;
        return;
    }
}

/* Takes all that can be taken; false where the connection is over. */
static bool move_on(struct run *run, struct view *rest)
{
    struct session_event event;
    size_t before;

    do {
        int got;
        unsigned steps = 0;
        while ((got = session_feed(run->session, rest, &event)) == 1) {
            hear(run, &event);
            assert_always(++steps < STEPS_MAX);
        }
        assert_always(got == 0);
        before = run->out.len;
        assert_always(session_output(run->session, &run->out, 1000) == 0);
    } while (run->out.len != before);
    enum session_state state = session_state(run->session);
    return state != SESSION_CLOSING && state != SESSION_BROKEN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct session_limits limits = {.body_bytes = 1000,
                                          .streams = 10,
                                          .requests = 50,
                                          .message_bytes = 1000,
                                          .frame_bytes = 500};
    struct session_budget budget = {.most_bytes = 10000};
    static struct run run;

    if (size < 3 || size > 1 << 14)
        return 0;
    run = (struct run){.how = data[2]};
    run.session = session_new(data[0] % 2 == 0 ? SESSION_HTTP1 : SESSION_HTTP2, &limits, &budget);
    assert_always(run.session != NULL);
    strbuf_init(&run.out, BYTES_MAX);
    struct view left = view_make(data + 3, size - 3);
    size_t piece = data[1] != 0 ? data[1] : left.len;
    for (size_t fed = 0, kept = 0; fed < left.len;) {
        size_t to = fed + kept + piece < left.len ? fed + kept + piece : left.len;
        struct view rest = view_slice(left, fed, to);
        if (!move_on(&run, &rest) || to == left.len)
            break;
        fed = to - rest.len;
        kept = rest.len;
    }
    session_free(run.session);
    assert_always(budget.used_bytes == 0);
    strbuf_release(&run.out);
    return 0;
}
