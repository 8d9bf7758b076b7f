/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_stream: any bytes read as a streamed answer, of any API, give in two pieces and byte by byte
 * the same deltas and the same reply as whole; deltas are valid UTF-8 and not empty. The first byte
 * says which API, the second which content type, the third where to cut. */
#include <stdint.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "provider/stream.h"

enum { RECORD_BYTES_MAX = 64 << 20, HEAD_BYTES = 3 };

static const struct provider_target targets[] = {
    {.kind = PROVIDER_OPENAI, .model = VIEW("m"), .api_key = VIEW("sk-secret")},
    {.kind = PROVIDER_ANTHROPIC, .model = VIEW("m")},
    {.kind = PROVIDER_BEDROCK, .model = VIEW("m")},
    {.kind = PROVIDER_BEDROCK, .api = PROVIDER_API_INVOKE, .model = VIEW("m")},
    {.kind = PROVIDER_HTTP, .url = VIEW("http://h/")},
    {.kind = PROVIDER_HTTP, .url = VIEW("http://h/"), .text = VIEW("a.b")},
};

static const char *const types[] = {"text/event-stream", "application/vnd.amazon.eventstream",
                                    "application/json"};

static void record_reply(struct provider_stream *stream, struct strbuf *out)
{
    struct arena arena;
    struct reply reply;

    arena_init(&arena, RECORD_BYTES_MAX);
    assert_always(provider_stream_reply(stream, &arena, &reply) == 0);
    assert_always(reply.code != 0 || utf8_valid(reply.text, NULL));
    strbuf_printf(out, "\n%d %d %d %lld %lld ", reply.code, (int)reply.may_retry, (int)reply.stop,
                  (long long)reply.usage.tokens_in, (long long)reply.usage.tokens_out);
    strbuf_add(out, reply.text);
    strbuf_add_byte(out, ' ');
    strbuf_add(out, reply.error_text);
    strbuf_add(out, reply.stop_text);
    strbuf_add(out, reply.model);
    arena_release(&arena);
}

/* All of it in pieces: the first `cut` bytes and the rest, or one by one where that is 0. */
static void record(const struct provider_target *target, const char *type, struct view bytes,
                   size_t cut, struct strbuf *out)
{
    struct http_response head = {.status = 200};
    struct provider_stream *stream = NULL;
    struct stream_event event;
    size_t at = 0;

    assert_always(http_header_add(&head.headers, (struct view)VIEW("content-type"), view_of(type))
                  == 0);
    assert_always(provider_stream_new(target, &head, &stream) == 0);
    while (at < bytes.len) {
        size_t end = cut == 0 ? at + 1 : at < cut ? cut : bytes.len;
        struct view rest = view_slice(bytes, at, end);
        while (provider_stream_feed(stream, &rest, &event) == 1) {
            assert_always(event.kind == STREAM_DONE || event.text.len > 0);
            assert_always(event.kind == STREAM_DONE || utf8_valid(event.text, NULL));
            strbuf_add(out, event.kind == STREAM_TEXT ? event.text : (struct view)VIEW("(done)"));
            strbuf_printf(out, "|%u.%d|", event.choice, event.tool);
        }
        at = end;
    }
    record_reply(stream, out);
    provider_stream_free(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_BYTES)
        return 0;
    const struct provider_target *target = &targets[data[0] % (sizeof targets / sizeof targets[0])];
    const char *type = types[data[1] % (sizeof types / sizeof types[0])];
    struct view bytes = view_make(data + HEAD_BYTES, size - HEAD_BYTES);
    const size_t cuts[] = {bytes.len + 1, (size_t)data[2] + 1, 0};
    struct strbuf first;
    strbuf_init(&first, RECORD_BYTES_MAX);

    record(target, type, bytes, cuts[0], &first);
    for (size_t i = 1; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct strbuf other;
        strbuf_init(&other, RECORD_BYTES_MAX);
        record(target, type, bytes, cuts[i], &other);
        assert_always(view_equal(strbuf_view(&first), strbuf_view(&other)));
        strbuf_release(&other);
    }
    strbuf_release(&first);
    return 0;
}
