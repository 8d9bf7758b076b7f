/* SPDX-License-Identifier: Apache-2.0
 *
 * ask_guardrail: one of Bedrock's guardrails is asked; each of its policies that acted is a
 * finding, placed where the words it names stand in the answer. */
#include <stdio.h>

#include "app/ask_state.h"
#include "base/utf8.h"
#include "provider/guardrail.h"

enum { MESSAGE_SIZE_MAX = 512, SCORE_SIZE_MAX = 64, NAME_BYTES_MAX = 150, SHOWN_CHARACTERS = 4 };

static const size_t EXCHANGE_BYTES_MAX = (size_t)64 << 20;

/* What may be shown as it stands of the kinds of personal data; of others the end alone is. */
static bool is_showable(const struct guardrail_finding *finding)
{
    static const char *const kinds[] = {"EMAIL", "NAME", "PHONE", "ADDRESS", "AGE", "URL"};

    if (!view_is(finding->policy, "sensitiveInformationPolicy"))
        return true;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (view_is(finding->what, kinds[i]))
            return true;
    return false;
}

/* The evidence, in the arena: where it must not be seen, stars but for its last bytes. */
static struct view evidence_of(struct arena *arena, const struct guardrail_finding *finding)
{
    struct view match = finding->match;

    if (is_showable(finding) || match.len == 0)
        return match;
    char *text = arena_string(arena, match);
    for (size_t i = 0; text != NULL && i + SHOWN_CHARACTERS < match.len; i++)
        text[i] = '*';
    for (size_t i = 0; text != NULL && i < match.len; i++)
        if ((unsigned char)text[i] >= 0x80)
            text[i] = '*';
    return text != NULL ? view_make(text, match.len) : view_of("");
}

static void tell(struct ask_question *question, struct arena *arena,
                 const struct guardrail_finding *found)
{
    struct view response = question->answer->subject.response;
    struct finding finding = {.evidence = evidence_of(arena, found)};
    char text[MESSAGE_SIZE_MAX];
    size_t at = found->match.len > 0 ? view_find(response, found->match, 0) : response.len;

    if (at < response.len) {
        finding.start = at;
        finding.end = at + found->match.len;
    }
    char scored[SCORE_SIZE_MAX] = "";
    if (found->has_score)
        snprintf(scored, sizeof scored, " (score %.4g, threshold %.4g)", found->score,
                 found->threshold);
    snprintf(text, sizeof text, "the guardrail acted: %.*s %.*s, %.*s%s", VIEW_ARG(found->policy),
             VIEW_ARG(utf8_cut(found->what, NAME_BYTES_MAX)),
             VIEW_ARG(utf8_cut(found->action, NAME_BYTES_MAX)), scored);
    finding.message = view_of(text);
    ask_found(question, finding);
}

static void take(struct ask_question *question, struct arena *arena,
                 const struct guardrail_answer *answer)
{
    char text[MESSAGE_SIZE_MAX];

    if (!answer->intervened)
        return;
    for (size_t i = 0; i < answer->count && i < ASK_CHECKS_FINDINGS_MAX; i++)
        tell(question, arena, &answer->findings[i]);
    if (answer->count > 0)
        return;
    snprintf(text, sizeof text, "the guardrail intervened%s%.*s",
             answer->reason.len > 0 ? ": " : "", VIEW_ARG(answer->reason));
    ask_found(question, (struct finding){.message = view_of(text), .evidence = view_of("")});
}

static void on_answer(void *context, struct id ask, const struct http_response *response,
                      const struct answer *answer)
{
    struct ask_question *question = context;
    const struct provider_target *target = &question->row->place->target.provider;
    struct reply reply = answer->reply;
    struct guardrail_answer found = {0};
    struct arena arena;

    (void)ask;
    question->row->figures.attempts += answer->attempts;
    arena_init(&arena, EXCHANGE_BYTES_MAX);
    int code = reply.code;
    if (code == 0)
        code = guardrail_read(target, response, &arena, &found, &reply);
    if (code == 0)
        code = reply.code;
    if (code != 0)
        ask_silent(question, reply.error_text.len > 0 ? reply.error_text : view_of(err_text(code)));
    else
        take(question, &arena, &found);
    arena_release(&arena);
    ask_ended(question);
}

int ask_guardrail_start(struct ask_question *question, struct err *reterr)
{
    const struct policy_guardrail *guardrail = question->row->figures.check->options;
    const struct ask_subject *subject = &question->answer->subject;
    const struct target *target = &question->row->place->target;
    const struct guardrail_question put = {
        .id = guardrail->id,
        .version = guardrail->version,
        .response = subject->response,
        .sources = subject->sources,
        .source_count = subject->source_count,
        .query = subject->question,
    };
    struct http_request request;
    struct arena arena;

    arena_init(&arena, EXCHANGE_BYTES_MAX);
    int code = guardrail_build(&target->provider, &put, &arena, &request, reterr);
    if (code == 0)
        code = asker_ask_raw(target->asker, &request, on_answer, question, NULL, reterr);
    arena_release(&arena);
    return code;
}
