/* SPDX-License-Identifier: Apache-2.0
 *
 * ask: one ask's beginning and end: the copy of what is asked, and the answer with, where it
 * failed, a text that says what went wrong and what to do. See carrier.h. */
#include <inttypes.h>

#include "app/carrier.h"
#include "base/strbuf.h"
#include "text/tokens.h"

enum { TEXT_BYTES_MAX = 8192, PARAMS_BYTES_MAX = 16 * 1024 * 1024 };

/* ---- taking --------------------------------------------------------------------------------- */

static int no_memory(struct err *reterr)
{
    return fail(reterr, ERR_MEMORY, "no memory for the question");
}

static int copy_params(struct arena *arena, const struct json *params, const struct json **ret_copy)
{
    struct json_writer writer;
    struct json *copy = NULL;
    struct strbuf text;

    if (params == NULL)
        return 0;
    strbuf_init(&text, PARAMS_BYTES_MAX);
    json_writer_init(&writer, &text, 0);
    json_write_tree(&writer, params);
    int code = strbuf_status(&text);
    if (code == 0)
        code = json_parse(arena, strbuf_view(&text), &copy, NULL);
    strbuf_release(&text);
    if (code == 0)
        *ret_copy = copy;
    return code;
}

static int copy_chat(struct arena *arena, const struct chat *chat, const struct chat **ret_copy)
{
    struct chat *copy = arena_new(arena, 1, sizeof *copy);
    struct chat_message *messages = arena_new(arena, chat->message_count + 1, sizeof *messages);
    if (copy == NULL || messages == NULL)
        return ERR_MEMORY;

    *copy = *chat;
    copy->messages = messages;
    int code = arena_copy(arena, chat->system, &copy->system);
    for (size_t i = 0; i < chat->message_count && code == 0; i++) {
        messages[i].role = chat->messages[i].role;
        code = arena_copy(arena, chat->messages[i].text, &messages[i].text);
    }
    if (code == 0)
        code = copy_params(arena, chat->params, &copy->params);
    if (code == 0)
        *ret_copy = copy;
    return code;
}

static int64_t max_tokens_of(const struct json *params)
{
    int64_t max_tokens = json_int(json_get(params, "max_tokens"), 0);
    return max_tokens != 0 ? max_tokens : json_int(json_get(params, "max_completion_tokens"), 0);
}

static bool counts_tokens(const struct asker *asker)
{
    return asker->options.tpm != 0 || asker->options.tpd != 0;
}

/* What the provider will count when the request starts: its input and the longest answer. */
static int64_t tokens_of(const struct asker *asker, const struct chat *chat)
{
    struct burn_tokens tokens = {.output = max_tokens_of(chat->params)};

    if (!counts_tokens(asker))
        return 0;
    if (tokens.output <= 0)
        tokens.output = max_tokens_of(asker->options.target->params);
    if (tokens.output <= 0)
        tokens.output = -1;
    tokens.input = (int64_t)tokens_estimate(chat->system);
    for (size_t i = 0; i < chat->message_count; i++)
        tokens.input += (int64_t)tokens_estimate(chat->messages[i].text);
    return burn_reserved(&asker->options.burn, &tokens);
}

int ask_take_chat(const struct asker *asker, struct ask *ask, const struct chat *chat,
                  struct err *reterr)
{
    struct arena *arena = &ask->request_arena;
    struct chat asked = *chat;

    asked.stream = chat->stream || asker->options.stream;
    ask->in_pieces = asked.stream;
    ask->tokens = tokens_of(asker, chat);
    if (asker->provider->build == NULL) {
        int code = copy_chat(arena, &asked, &ask->chat);
        return code != 0 ? no_memory(reterr) : 0;
    }
    struct http_request *request = arena_new(arena, 1, sizeof *request);
    if (request == NULL)
        return no_memory(reterr);
    int code = asker->provider->build(asker->options.target, &asked, arena, request, reterr);
    ask->request = request;
    return code;
}

int ask_take_request(const struct asker *asker, struct ask *ask, const struct http_request *request,
                     struct err *reterr)
{
    struct arena *arena = &ask->request_arena;
    struct http_request *copy = arena_new(arena, 1, sizeof *copy);
    if (copy == NULL)
        return no_memory(reterr);

    *copy = *request;
    int code = arena_copy(arena, request->method, &copy->method);
    if (code == 0)
        code = arena_copy(arena, request->target, &copy->target);
    if (code == 0)
        code = arena_copy(arena, request->body, &copy->body);
    for (size_t i = 0; i < request->headers.count && code == 0; i++) {
        struct http_header *header = &copy->headers.items[i];
        code = arena_copy(arena, header->name, &header->name);
        if (code == 0)
            code = arena_copy(arena, header->value, &header->value);
    }
    if (code != 0)
        return no_memory(reterr);
    ask->request = copy;
    ask->tokens = !counts_tokens(asker) ? 0 : (int64_t)tokens_estimate(request->body);
    return 0;
}

/* ---- the end -------------------------------------------------------------------------------- */

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

/* What the peer did of what it should have done. */
static void say_silence(const struct asker *asker, const struct ask *ask,
                        const struct call_effect *done, struct strbuf *out)
{
    if (asker->peer.len > 0)
        strbuf_printf(out, "%.*s: ", VIEW_ARG(asker->peer));
    if (ask->stalled) {
        strbuf_add_text(out, "it did not take all of the request; is the server overloaded?");
        return;
    }
    strbuf_printf(out, "%s; a longer `timeout:` or a lower max_tokens may help",
                  done->first_byte_ns != 0 ? "the answer began and did not end"
                                           : "the request was sent and nothing came back");
}

/* Why the last connection could not be opened knows more than that this one hangs. */
static void say_connecting(const struct asker *asker, struct strbuf *out)
{
    if (asker->open_failure.code != 0) {
        strbuf_add_text(out, asker->open_failure.text);
        return;
    }
    strbuf_add_text(out, "it was still connecting");
    if (asker->peer.len > 0)
        strbuf_printf(out, " to %.*s", VIEW_ARG(asker->peer));
    if (asker->options.proxy_host.len > 0)
        strbuf_printf(out, " through the proxy %.*s:%u", VIEW_ARG(asker->options.proxy_host),
                      asker->options.proxy_port);
    strbuf_add_text(out, "; is the address right and the server up?");
}

/* What the attempt ended with. What was read of an answer does not say whose it is. */
static void say_reply(const struct asker *asker, const struct reply *reply, struct strbuf *out)
{
    if (reply->http_status != 0 && asker->peer.len > 0
        && !view_starts(reply->error_text, asker->peer))
        strbuf_printf(out, "%.*s: ", VIEW_ARG(asker->peer));
    strbuf_add(out, reply->error_text);
}

/* No answer in time: what it waited for, and what would help. */
static void say_timeout(const struct asker *asker, const struct ask *ask,
                        const struct call_effect *done, struct strbuf *out)
{
    const struct asker_options *options = &asker->options;

    strbuf_printf(out, "no answer within %g s: ", seconds(ask->timeout_ns));
    switch (done->where) {
    case CALL_STATE_QUEUED:
        strbuf_printf(out, "it waited for its turn (%" PRIu32 " in flight", options->max_in_flight);
        if (options->rpm != 0)
            strbuf_printf(out, ", rpm %" PRId64, options->rpm);
        if (options->tpm != 0)
            strbuf_printf(out, ", tpm %" PRId64, options->tpm);
        strbuf_add_text(out, "); raise the limit that holds it back, or the timeout");
        break;
    case CALL_STATE_WAITING:
        say_connecting(asker, out);
        break;
    case CALL_STATE_SENT:
        say_silence(asker, ask, done, out);
        break;
    case CALL_STATE_ABSENT:
    case CALL_STATE_BACKOFF:
    case CALL_STATE_END:
        strbuf_add_text(out, "it waited to be tried again");
        break;
    }
    if (done->where != CALL_STATE_SENT && ask->reply.code != 0) {
        strbuf_add_text(out, "; the attempt before: ");
        say_reply(asker, &ask->reply, out);
    }
}

/* Why it was not tried again, where that is not plain. */
static void say_verdict(const struct call_effect *done, struct strbuf *out)
{
    if (done->verdict == RETRY_ATTEMPTS && done->attempt > 1)
        strbuf_printf(out, " (%" PRIu32 " attempts)", done->attempt);
    else if (done->verdict == RETRY_BUDGET || done->verdict == RETRY_DEADLINE)
        strbuf_printf(out, " (not tried again: %s)", retry_verdict_text(done->verdict));
}

static void say_failure(const struct asker *asker, const struct ask *ask,
                        const struct call_effect *done, struct strbuf *out)
{
    if (done->code == ERR_CANCELLED) {
        strbuf_add_text(out, "cancelled");
    } else if (done->code == ERR_TIMEOUT && done->verdict == RETRY_DEADLINE
               && (done->where != CALL_STATE_SENT || ask->reply.code == 0)) {
        say_timeout(asker, ask, done, out);
        return;
    } else if (done->where == CALL_STATE_WAITING) {
        strbuf_add_text(out, asker->open_failure.code == done->code ? asker->open_failure.text
                                                                    : err_text(done->code));
    } else if (ask->reply.error_text.len > 0) {
        say_reply(asker, &ask->reply, out);
    } else {
        strbuf_add_text(out, err_text(done->code));
    }
    say_verdict(done, out);
}

/* The reply of an ask that failed: the server's where it sent one, with our text. */
static struct reply failed_reply(const struct asker *asker, struct ask *ask,
                                 const struct call_effect *done)
{
    bool is_servers = done->where == CALL_STATE_SENT && ask->reply.code == done->code;
    struct reply reply = is_servers ? ask->reply : (struct reply){0};
    struct strbuf out;

    strbuf_init(&out, TEXT_BYTES_MAX);
    say_failure(asker, ask, done, &out);
    const char *text = strbuf_status(&out) == 0 || out.len > 0
                           ? arena_string(&ask->answer_arena, strbuf_view(&out))
                           : NULL;
    strbuf_release(&out);
    reply.code = done->code;
    reply.error_text = view_of(text != NULL ? text : err_text(done->code));
    return reply;
}

void ask_answer(const struct asker *asker, struct ask *ask, const struct call_effect *done,
                struct answer *ret_answer)
{
    *ret_answer = (struct answer){
        .reply = done->code == 0 ? ask->reply : failed_reply(asker, ask, done),
        .latency_ns = asker_now(asker) - ask->asked_ns,
        .first_byte_ns = done->first_byte_ns,
        .waited_ns = done->waited_ns,
        .ttft_ns = ask->first_text_ns != 0 ? ask->first_text_ns - ask->sent_ns : 0,
        .gaps = ask->gaps,
        .attempts = done->attempt,
    };
}
