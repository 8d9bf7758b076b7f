/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_guard: see http2_guard.h. */
#include "wire/http2_guard.h"

#include "wire/http2.h"

enum frame_type {
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH_PROMISE,
    PING,
    GOAWAY,
    WINDOW_UPDATE,
    CONTINUATION,
};

enum frame_flag {
    ACK = 0x1,
    END_STREAM = 0x1,
    END_HEADERS = 0x4,
    PADDED = 0x8,
};

/* A budget: what it begins with and never exceeds, and what gives how much back. */
struct budget {
    uint32_t most;
    uint32_t earned[HTTP2_EARNED_END];
    struct http2_wrong wrong;
};

#define CALM(words) \
    { \
        .code = ERR_LIMIT, .goaway = HTTP2_ENHANCE_YOUR_CALM, .text = (words) \
    }

/* earned: by a head, a body frame that came, one that went, a stream that ended well, a second.
 * Peers that read in small pieces open both windows for each, so a body frame that went is worth
 * many of their frames. */
static const struct budget budgets[HTTP2_SPENT_END] = {
    [HTTP2_SPENT_RESETS] = {200,
                            {0, 0, 0, 1, 10},
                            CALM("opened and cancelled more than 200 requests beyond those that it"
                                 " let end")},
    [HTTP2_SPENT_PINGS] = {1000,
                           {1, 1, 1, 0, 10},
                           CALM("sent more than 1,000 PING frames and little else")},
    [HTTP2_SPENT_SETTINGS] = {100,
                              {0, 0, 0, 1, 1},
                              CALM("sent more than 100 SETTINGS frames and little else")},
    [HTTP2_SPENT_PRIORITIES] = {500,
                                {4, 0, 0, 0, 10},
                                CALM("sent more than 500 PRIORITY frames and little else")},
    [HTTP2_SPENT_WINDOWS] = {4000,
                             {2, 0, 40, 0, 50},
                             CALM("sent more than 4,000 WINDOW_UPDATE frames beyond what it"
                                  " read")},
    [HTTP2_SPENT_EMPTY] = {200,
                           {0, 0, 0, 1, 1},
                           CALM("sent more than 200 DATA frames that carry and end nothing")},
    [HTTP2_SPENT_OTHER] = {1000,
                           {2, 1, 0, 0, 10},
                           CALM("sent more than 1,000 frames that change nothing, and little"
                                " else")},
};

/* What is wrong whatever the budgets say. */
enum breach {
    PUSHED,
    AFTER_END,
    BACKWARDS,
    PRIORITY_ON_CONNECTION,
    PRIORITY_ON_ITSELF,
    CONTINUATIONS,
    BLOCK_BYTES,
    SPEAKS_HTTP1,
};

static const struct http2_wrong breaches[] = {
    [PUSHED] = {ERR_PROTOCOL, HTTP2_PROTOCOL_ERROR, "pushed a stream, which nobody asked for"},
    [AFTER_END] = {ERR_PROTOCOL, HTTP2_STREAM_CLOSED, "sent on a stream that it had ended itself"},
    [BACKWARDS] = {ERR_PROTOCOL, HTTP2_PROTOCOL_ERROR,
                   "opened a stream with a lower number than one before"},
    [PRIORITY_ON_CONNECTION] = {ERR_PROTOCOL, HTTP2_PROTOCOL_ERROR,
                                "gave a priority to stream 0, the connection"},
    [PRIORITY_ON_ITSELF] = {ERR_PROTOCOL, HTTP2_PROTOCOL_ERROR, "made a stream depend on itself"},
    [CONTINUATIONS] = CALM("sent more than 8 CONTINUATION frames for one head"),
    [BLOCK_BYTES] = CALM("sent a head that is more than twice as large as is allowed"),
    [SPEAKS_HTTP1] = {ERR_PROTOCOL, HTTP2_PROTOCOL_ERROR,
                      "seems to speak HTTP/1.1: write `http: 1.1` or `http: auto`"},
};

void http2_guard_init(struct http2_guard *guard, bool server, size_t block_bytes_max)
{
    *guard = (struct http2_guard){
        .server = server,
        .block_bytes_max = block_bytes_max,
        .preface_left = server ? HTTP2_PREFACE_BYTES : 0,
    };
    for (size_t i = 0; i < HTTP2_SPENT_END; i++)
        guard->budget[i] = budgets[i].most;
}

const struct http2_wrong *http2_guard_spend(struct http2_guard *guard, enum http2_spent what)
{
    if (guard->budget[what] == 0)
        return &budgets[what].wrong;
    guard->budget[what]--;
    return NULL;
}

void http2_guard_earn(struct http2_guard *guard, enum http2_earned what)
{
    for (size_t i = 0; i < HTTP2_SPENT_END; i++) {
        uint32_t budget = guard->budget[i] + budgets[i].earned[what];
        guard->budget[i] = budget < budgets[i].most ? budget : budgets[i].most;
    }
}

/* ---- streams that were opened --------------------------------------------------------------- */

void http2_guard_opened(struct http2_guard *guard, uint32_t stream)
{
    guard->seen[guard->opened++ % HTTP2_SEEN_MAX] = (struct http2_seen){.stream = stream};
}

static struct http2_seen *find_seen(struct http2_guard *guard, uint32_t stream)
{
    size_t count = guard->opened < HTTP2_SEEN_MAX ? guard->opened : HTTP2_SEEN_MAX;

    for (size_t i = 1; i <= count; i++) {
        struct http2_seen *seen = &guard->seen[(guard->opened - i) % HTTP2_SEEN_MAX];
        if (seen->stream == stream)
            return seen;
        if (seen->stream < stream)
            return NULL;
    }
    return NULL;
}

static uint32_t highest(const struct http2_guard *guard)
{
    return guard->opened > 0 ? guard->seen[(guard->opened - 1) % HTTP2_SEEN_MAX].stream : 0;
}

/* True where this number lies below one that was opened, and was certainly never opened itself. */
static bool goes_backwards(const struct http2_guard *guard, uint32_t stream)
{
    uint32_t lowest =
        guard->opened < HTTP2_SEEN_MAX ? 0 : guard->seen[guard->opened % HTTP2_SEEN_MAX].stream;
    return stream < highest(guard) && stream > lowest;
}

/* ---- frames --------------------------------------------------------------------------------- */

static const struct http2_wrong *judge_message_frame(struct http2_guard *guard)
{
    const struct http2_frame *frame = &guard->frame;
    struct http2_seen *seen = find_seen(guard, frame->stream);

    if (seen != NULL && seen->ended)
        return &breaches[AFTER_END];
    if (seen == NULL && guard->server && frame->type == HEADERS && frame->stream % 2 == 1) {
        if (goes_backwards(guard, frame->stream))
            return &breaches[BACKWARDS];
        if (frame->stream > highest(guard)) {
            http2_guard_opened(guard, frame->stream);
            seen = find_seen(guard, frame->stream);
        }
    }
    if (frame->flags & END_STREAM) {
        if (seen != NULL)
            seen->ended = true;
        return NULL;
    }
    if (frame->type == DATA && frame->length == 0)
        return http2_guard_spend(guard, HTTP2_SPENT_EMPTY);
    return NULL;
}

static const struct http2_wrong *judge_block_frame(struct http2_guard *guard)
{
    const struct http2_frame *frame = &guard->frame;

    if (frame->type == HEADERS) {
        guard->block_bytes = 0;
        guard->continuations = 0;
    } else if (++guard->continuations > HTTP2_CONTINUATIONS_MAX) {
        return &breaches[CONTINUATIONS];
    }
    guard->block_bytes += frame->length;
    if (guard->block_bytes > guard->block_bytes_max)
        return &breaches[BLOCK_BYTES];
    return NULL;
}

static const struct http2_wrong *judge_reset(struct http2_guard *guard)
{
    struct http2_seen *seen = find_seen(guard, guard->frame.stream);

    if (seen != NULL)
        seen->ended = true;
    return http2_guard_spend(guard, guard->server ? HTTP2_SPENT_RESETS : HTTP2_SPENT_OTHER);
}

/* Before the rest of the frame is looked at: its header alone. */
static const struct http2_wrong *judge_frame(struct http2_guard *guard)
{
    const struct http2_frame *frame = &guard->frame;
    const struct http2_wrong *wrong;

    switch (frame->type) {
    case HEADERS:
        wrong = judge_block_frame(guard);
        return wrong != NULL ? wrong : judge_message_frame(guard);
    case DATA:
        return judge_message_frame(guard);
    case CONTINUATION:
        return judge_block_frame(guard);
    case PUSH_PROMISE:
        return &breaches[PUSHED];
    case PRIORITY:
        if (frame->stream == 0)
            return &breaches[PRIORITY_ON_CONNECTION];
        return http2_guard_spend(guard, HTTP2_SPENT_PRIORITIES);
    case RST_STREAM:
        return judge_reset(guard);
    case SETTINGS:
        return frame->flags & ACK ? NULL : http2_guard_spend(guard, HTTP2_SPENT_SETTINGS);
    case PING:
        return http2_guard_spend(guard, HTTP2_SPENT_PINGS);
    case WINDOW_UPDATE:
        return http2_guard_spend(guard, HTTP2_SPENT_WINDOWS);
    default:
        return http2_guard_spend(guard, HTTP2_SPENT_OTHER);
    }
}

static uint32_t read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static const struct http2_wrong *header_complete(struct http2_guard *guard)
{
    const unsigned char *header = guard->header;

    guard->header_len = 0;
    if (!guard->server && memcmp(header, "HTTP/1.", 7) == 0) /* as a frame: of 4.7 MB */
        return &breaches[SPEAKS_HTTP1];
    guard->frame = (struct http2_frame){
        .length = read_u32(header) >> 8,
        .type = header[3],
        .flags = header[4],
        .stream = read_u32(header + 5) & 0x7fffffff,
    };
    guard->payload_left = guard->frame.length;
    return judge_frame(guard);
}

/* A stream's dependency, which may come in pieces. */
static const struct http2_wrong *judge_priority(struct http2_guard *guard, struct view piece,
                                                size_t offset)
{
    for (size_t i = 0; i < piece.len && offset + i < sizeof guard->priority; i++) {
        guard->priority[offset + i] = (unsigned char)piece.ptr[i];
        if (offset + i + 1 == sizeof guard->priority
            && (read_u32(guard->priority) & 0x7fffffff) == guard->frame.stream)
            return &breaches[PRIORITY_ON_ITSELF];
    }
    return NULL;
}

/* What only a frame's first bytes tell. */
static const struct http2_wrong *judge_payload(struct http2_guard *guard, struct view piece,
                                               size_t offset)
{
    const struct http2_frame *frame = &guard->frame;

    if (frame->type == PRIORITY)
        return judge_priority(guard, piece, offset);
    if (frame->type == DATA && (frame->flags & PADDED) && !(frame->flags & END_STREAM)
        && offset == 0 && piece.len > 0 && (unsigned char)piece.ptr[0] + 1u >= frame->length)
        return http2_guard_spend(guard, HTTP2_SPENT_EMPTY);
    return NULL;
}

static struct view cut(struct view *rest, size_t most)
{
    struct view piece = view_slice(*rest, 0, most);
    *rest = view_slice(*rest, piece.len, rest->len);
    return piece;
}

const struct http2_wrong *http2_guard_next(struct http2_guard *guard, struct view *rest,
                                           struct view *ret_piece)
{
    if (guard->preface_left > 0) {
        *ret_piece = cut(rest, guard->preface_left);
        guard->preface_left -= ret_piece->len;
        return NULL;
    }
    if (guard->payload_left > 0) {
        size_t offset = guard->frame.length - guard->payload_left;
        *ret_piece = cut(rest, guard->payload_left);
        guard->payload_left -= (uint32_t)ret_piece->len;
        return judge_payload(guard, *ret_piece, offset);
    }
    struct view start = cut(rest, HTTP2_FRAME_HEADER_BYTES - guard->header_len);
    memcpy(guard->header + guard->header_len, start.ptr, start.len);
    guard->header_len += start.len;
    *ret_piece = (struct view){0};
    if (guard->header_len < HTTP2_FRAME_HEADER_BYTES)
        return NULL;
    *ret_piece = view_make(guard->header, HTTP2_FRAME_HEADER_BYTES);
    return header_complete(guard);
}

bool http2_guard_cut(const struct http2_guard *guard)
{
    bool in_preface = guard->preface_left > 0 && guard->preface_left < HTTP2_PREFACE_BYTES;
    return in_preface || guard->header_len > 0 || guard->payload_left > 0;
}

bool http2_guard_in_block(const struct http2_guard *guard)
{
    bool is_head = guard->frame.type == HEADERS || guard->frame.type == CONTINUATION;

    return is_head && (guard->frame.flags & END_HEADERS) == 0;
}

bool http2_guard_in_payload(const struct http2_guard *guard)
{
    return guard->payload_left > 0 && guard->payload_left < guard->frame.length;
}
