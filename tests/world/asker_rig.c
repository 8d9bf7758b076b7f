/* SPDX-License-Identifier: Apache-2.0
 *
 * asker_rig: see asker_rig.h. */
#include "asker_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t MILLISECOND = 1000000;
static const uint64_t SECOND = 1000000000;

enum asker_http rig_http;

void rig_open(struct rig *rig)
{
    *rig = (struct rig){.stage = stage_new()};
    rig->server = scripted_server_new(rig->stage->outside, MILLISECOND, &rig->port);
    snprintf(rig->url, sizeof rig->url, "http://127.0.0.1:%u/v1", rig->port);
    rig->target = (struct provider_target){
        .kind = PROVIDER_OPENAI,
        .name = VIEW("local"),
        .model = VIEW("tiny"),
        .url = view_of(rig->url),
    };
    rig->options = (struct asker_options){
        .target = &rig->target,
        .timeout_ns = 20 * SECOND,
        .seed = 1,
        .http = rig_http,
    };
    if (rig_http == ASKER_HTTP_2)
        scripted_server_speak_http2(rig->server);
}

void rig_start(struct rig *rig)
{
    struct err err = {0};
    if (asker_new(rig->stage->outside, NULL, &rig->options, &rig->asker, &err) != 0)
        fail_msg("%s", err.text);
}

void rig_close(struct rig *rig)
{
    asker_free(rig->asker);
    scripted_server_free(rig->server);
    stage_free(rig->stage);
}

static void take(struct outcome *outcome, const struct answer *answer)
{
    const struct reply *reply = &answer->reply;
    struct view text = reply->code == 0 ? reply->text : reply->error_text;

    outcome->count++;
    outcome->code = reply->code;
    outcome->attempts = answer->attempts;
    outcome->latency_ns = answer->latency_ns;
    outcome->first_byte_ns = answer->first_byte_ns;
    outcome->text_len = text.len;
    outcome->text_repaired = reply->text_repaired;
    outcome->http_status = reply->http_status;
    outcome->tokens_out = reply->usage.tokens_out;
    snprintf(outcome->text, sizeof outcome->text, "%.*s", VIEW_ARG(text));
    assert_true(reply->code == 0 || text.len > 0); /* an error always says something */
}

static void end_of(struct outcome *outcome)
{
    struct rig *rig = outcome->rig;

    if (rig->on_done != NULL)
        rig->on_done(rig, outcome);
    if (++rig->done == rig->asked)
        rig->stage->stop(rig->stage);
}

void done(void *context, struct id ask, const struct answer *answer)
{
    (void)ask;
    take(context, answer);
    end_of(context);
}

void raw_done(void *context, struct id ask, const struct http_response *response,
              const struct answer *answer)
{
    struct outcome *outcome = context;

    (void)ask;
    take(outcome, answer);
    if (answer->reply.code == 0) {
        assert_non_null(response);
        snprintf(outcome->text, sizeof outcome->text, "%.*s", VIEW_ARG(response->body));
    }
    end_of(outcome);
}

int try_ask(struct rig *rig, const char *question, struct id *ret_ask, struct err *reterr)
{
    struct outcome *outcome = &rig->outcomes[rig->asked];
    char text[TEXT_MAX];
    struct chat_message message = {.role = CHAT_USER};
    struct chat chat = {.messages = &message, .message_count = 1};

    snprintf(text, sizeof text, "%s", question);
    message.text = view_of(text);
    outcome->rig = rig;
    int code = asker_ask(rig->asker, &chat, done, outcome, ret_ask, reterr);
    memset(text, '#', sizeof text); /* it was copied */
    if (code == 0)
        rig->asked++;
    assert_int_equal(outcome->count, 0); /* never from inside asker_ask */
    return code;
}

struct id ask(struct rig *rig, const char *question)
{
    struct err err = {0};
    struct id id = {0};

    if (try_ask(rig, question, &id, &err) != 0)
        fail_msg("%s", err.text);
    return id;
}

/* Waits until all that was asked is done, each exactly once. */
void await(struct rig *rig)
{
    rig->stage->run(rig->stage);
    assert_int_equal(rig->done, rig->asked);
    for (int i = 0; i < rig->asked; i++)
        assert_int_equal(rig->outcomes[i].count, 1);
}

void expect_text(const struct outcome *outcome, const char *part)
{
    if (strstr(outcome->text, part) == NULL)
        fail_msg("'%s' is not in: %s", part, outcome->text);
}
