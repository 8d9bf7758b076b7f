/* SPDX-License-Identifier: Apache-2.0
 *
 * guardrail: see guardrail.h. Where each policy of an assessment has its findings is a table. */
#include "provider/guardrail.h"

#include "provider/compose.h"
#include "provider/understand.h"
#include "wire/url.h"

/* ---- the request ---------------------------------------------------------------------------- */

static void write_block(struct json_writer *writer, struct view text, const char *qualifier)
{
    json_write_object(writer);
    json_member_object(writer, "text");
    json_member_string(writer, "text", text);
    if (qualifier != NULL) {
        json_member_array(writer, "qualifiers");
        json_write_text(writer, qualifier);
        json_write_end(writer, ']');
    }
    json_write_end(writer, '}');
    json_write_end(writer, '}');
}

/* All sources as one block: the service puts several together all the same. */
static int write_sources(struct json_writer *writer, const struct guardrail_question *question)
{
    struct strbuf all;

    strbuf_init(&all, COMPOSE_BODY_BYTES_MAX);
    for (size_t i = 0; i < question->source_count; i++) {
        if (i > 0)
            strbuf_add_byte(&all, '\n');
        strbuf_add(&all, question->sources[i]);
    }
    int code = strbuf_status(&all);
    if (code == 0)
        write_block(writer, strbuf_view(&all), "grounding_source");
    strbuf_release(&all);
    return code;
}

static int write_body(struct strbuf *body, const struct guardrail_question *question)
{
    bool is_grounded = question->source_count > 0;
    struct json_writer writer;
    int code = 0;

    json_writer_init(&writer, body, 0);
    json_write_object(&writer);
    json_member_text(&writer, "source", "OUTPUT");
    json_member_array(&writer, "content");
    if (is_grounded)
        code = write_sources(&writer, question);
    if (is_grounded && question->query.len > 0)
        write_block(&writer, question->query, "query");
    write_block(&writer, question->response, is_grounded ? "guard_content" : NULL);
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    return code;
}

static int set_target(const struct provider_target *target,
                      const struct guardrail_question *question, struct arena *arena,
                      struct http_request *request, struct err *reterr)
{
    struct strbuf path;

    strbuf_init(&path, 4 * URL_BYTES_MAX);
    strbuf_add_text(&path, "/guardrail/");
    url_encode(&path, question->id, "");
    strbuf_add_text(&path, "/version/");
    url_encode(&path, question->version, "");
    strbuf_add_text(&path, "/apply");
    int code = strbuf_status(&path);
    if (code != 0)
        code = compose_fail(target, reterr, ERR_CONFIG, "the guardrail's id is too long");
    else
        code = compose_target(target, strbuf_text(&path), arena, &request->target, reterr);
    strbuf_release(&path);
    return code;
}

int guardrail_build(const struct provider_target *target, const struct guardrail_question *question,
                    struct arena *arena, struct http_request *ret_request, struct err *reterr)
{
    struct http_request request = {.method = VIEW("POST")};
    struct strbuf body;

    if (target->kind != PROVIDER_BEDROCK)
        return compose_fail(target, reterr, ERR_CONFIG,
                            "a guardrail is asked of a target of 'kind: bedrock'");
    if (question->id.len == 0 || question->version.len == 0)
        return compose_fail(target, reterr, ERR_CONFIG,
                            "a guardrail needs 'id:' and 'version:' (a number, or DRAFT)");
    strbuf_init(&body, COMPOSE_BODY_BYTES_MAX);
    int code = write_body(&body, question);
    if (code != 0) {
        strbuf_release(&body);
        return compose_fail(target, reterr, code, "the sources are too long for a guardrail");
    }
    code = compose_take_body(target, &body, arena, &request, reterr);
    if (code == 0)
        code = set_target(target, question, arena, &request, reterr);
    if (code == 0)
        code = compose_headers(target, "application/json", "Authorization", "Bearer ", arena,
                               &request, reterr);
    if (code == 0)
        *ret_request = request;
    return code;
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* The lists of findings in an assessment, and what names one of them. */
static const struct {
    const char *policy;
    const char *list;
    const char *name;
} lists[] = {
    {"topicPolicy", "topics", "name"},
    {"contentPolicy", "filters", "type"},
    {"wordPolicy", "customWords", NULL},
    {"wordPolicy", "managedWordLists", "type"},
    {"sensitiveInformationPolicy", "piiEntities", "type"},
    {"sensitiveInformationPolicy", "regexes", "name"},
    {"contextualGroundingPolicy", "filters", "type"},
};

struct collecting {
    struct guardrail_finding *findings;
    size_t count;
};

static void take_finding(struct collecting *collecting, size_t list, const struct json *item)
{
    struct view action = json_text(json_get(item, "action"), view_of(""));
    const struct json *score = json_get(item, "score");

    if (action.len == 0 || view_is(action, "NONE") || collecting->count == GUARDRAIL_FINDINGS_MAX)
        return;
    collecting->findings[collecting->count++] = (struct guardrail_finding){
        .policy = view_of(lists[list].policy),
        .what = lists[list].name != NULL ? json_text(json_get(item, lists[list].name), view_of(""))
                                         : view_of("word"),
        .match = json_text(json_get(item, "match"), view_of("")),
        .action = action,
        .has_score = json_is(score, JSON_NUMBER),
        .score = json_double(score, 0),
        .threshold = json_double(json_get(item, "threshold"), 0),
    };
}

static void take_assessment(struct collecting *collecting, const struct json *assessment)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const struct json *list = json_get(json_get(assessment, lists[i].policy), lists[i].list);
        if (!json_is(list, JSON_ARRAY))
            continue;
        for (const struct json *item = list->child; item != NULL; item = item->next)
            take_finding(collecting, i, item);
    }
}

int guardrail_read(const struct provider_target *target, const struct http_response *response,
                   struct arena *arena, struct guardrail_answer *ret_answer,
                   struct reply *ret_reply)
{
    struct collecting collecting = {0};
    struct json *root = NULL;

    *ret_answer = (struct guardrail_answer){0};
    int code = understand_json(target, response, arena, &root, ret_reply);
    if (code != 0)
        return code == 1 ? 0 : code;
    struct view action = json_text(json_get(root, "action"), view_of(""));
    const struct json *assessments = json_get(root, "assessments");
    bool intervened = view_is(action, "GUARDRAIL_INTERVENED");
    if (!intervened && !view_is(action, "NONE")) {
        understand_failed(target, response, arena, ret_reply,
                          "the answer has no 'action' of a guardrail");
        return 0;
    }
    collecting.findings = arena_new(arena, GUARDRAIL_FINDINGS_MAX, sizeof *collecting.findings);
    if (collecting.findings == NULL)
        return ERR_MEMORY;
    if (json_is(assessments, JSON_ARRAY))
        for (const struct json *one = assessments->child; one != NULL; one = one->next)
            take_assessment(&collecting, one);
    *ret_answer = (struct guardrail_answer){
        .intervened = intervened,
        .reason = json_text(json_get(root, "actionReason"), view_of("")),
        .findings = collecting.findings,
        .count = intervened ? collecting.count : 0,
    };
    return 0;
}
