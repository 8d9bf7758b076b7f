/* SPDX-License-Identifier: Apache-2.0
 *
 * Bedrock's guardrails: what is asked, with and without something to be grounded in, and what is
 * read out of every policy's findings. */
#include "support.h"

#include "provider/guardrail.h"

static const struct provider_target target = {
    .kind = PROVIDER_BEDROCK, .name = VIEW("guard"), .region = VIEW("us-east-1")};

static int build(struct fixture *fixture, const struct provider_target *with,
                 const struct guardrail_question *question)
{
    return guardrail_build(with, question, &fixture->arena, &fixture->request, &fixture->err);
}

static void an_answer_alone_is_guarded_as_output(void **state)
{
    (void)state;
    struct fixture fixture;
    const struct guardrail_question question = {
        .id = VIEW("arn:aws:bedrock:us-east-1:1:guardrail/abc"),
        .version = VIEW("DRAFT"),
        .response = VIEW("漫画\n\"x\""),
        .query = VIEW("not sent without sources"),
    };
    fixture_init(&fixture);

    assert_int_equal(build(&fixture, &target, &question), 0);
    assert_true(view_is(fixture.request.method, "POST"));
    assert_true(view_is(fixture.request.target,
                        "/guardrail/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aguardrail%2Fabc/version/"
                        "DRAFT/apply"));
    assert_true(view_is(fixture.request.body,
                        "{\"source\":\"OUTPUT\",\"content\":[{\"text\":{\"text\":"
                        "\"漫画\\n\\\"x\\\"\"}}]}"));
    fixture_release(&fixture);
}

static void sources_and_query_come_under_their_qualifiers(void **state)
{
    (void)state;
    struct fixture fixture;
    const struct view sources[] = {VIEW("one"), VIEW("two")};
    const struct guardrail_question question = {.id = VIEW("g"),
                                                .version = VIEW("1"),
                                                .response = VIEW("a"),
                                                .sources = sources,
                                                .source_count = 2,
                                                .query = VIEW("q")};
    fixture_init(&fixture);

    assert_int_equal(build(&fixture, &target, &question), 0);
    assert_true(view_is(fixture.request.body,
                        "{\"source\":\"OUTPUT\",\"content\":["
                        "{\"text\":{\"text\":\"one\\ntwo\",\"qualifiers\":[\"grounding_source\"]}},"
                        "{\"text\":{\"text\":\"q\",\"qualifiers\":[\"query\"]}},"
                        "{\"text\":{\"text\":\"a\",\"qualifiers\":[\"guard_content\"]}}]}"));
    fixture_release(&fixture);
}

static void what_cannot_be_asked_is_refused_with_the_remedy(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target other = target;
    const struct guardrail_question nameless = {.response = VIEW("a"), .version = VIEW("1")};
    const struct guardrail_question question = {
        .id = VIEW("g"), .version = VIEW("1"), .response = VIEW("a")};
    fixture_init(&fixture);

    assert_int_equal(build(&fixture, &target, &nameless), ERR_CONFIG);
    assert_non_null(strstr(fixture.err.text, "'id:'"));
    other.kind = PROVIDER_OPENAI;
    assert_int_equal(build(&fixture, &other, &question), ERR_CONFIG);
    assert_non_null(strstr(fixture.err.text, "kind: bedrock"));
    fixture_release(&fixture);
}

static struct guardrail_answer read(struct fixture *fixture, int status, const char *body)
{
    struct http_response response = {.status = status, .body = view_of(body)};
    struct guardrail_answer answer;

    assert_int_equal(guardrail_read(&target, &response, &fixture->arena, &answer, &fixture->reply),
                     0);
    return answer;
}

static void every_policy_that_acted_is_a_finding(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    struct guardrail_answer answer = read(
        &fixture, 200,
        "{\"usage\":{},\"action\":\"GUARDRAIL_INTERVENED\",\"actionReason\":\"Guardrail blocked.\","
        "\"outputs\":[{\"text\":\"Sorry\"}],\"assessments\":[{"
        "\"topicPolicy\":{\"topics\":[{\"name\":\"Finance\",\"type\":\"DENY\",\"action\":"
        "\"BLOCKED\"}]},"
        "\"contentPolicy\":{\"filters\":[{\"type\":\"HATE\",\"confidence\":\"LOW\",\"action\":"
        "\"NONE\",\"detected\":true}]},"
        "\"wordPolicy\":{\"customWords\":[{\"match\":\"bad\",\"action\":\"BLOCKED\"}],"
        "\"managedWordLists\":[]},"
        "\"sensitiveInformationPolicy\":{\"piiEntities\":[{\"match\":\"a@b.jp\",\"type\":\"EMAIL\","
        "\"action\":\"ANONYMIZED\"}],\"regexes\":[{\"name\":\"order\",\"match\":\"ORD-1\","
        "\"action\":\"BLOCKED\"}]},"
        "\"contextualGroundingPolicy\":{\"filters\":[{\"type\":\"GROUNDING\",\"threshold\":0.75,"
        "\"score\":0.31,\"action\":\"BLOCKED\"},{\"type\":\"RELEVANCE\",\"threshold\":0.5,"
        "\"score\":0.9,\"action\":\"NONE\"}]}}]}");
    assert_int_equal(fixture.reply.code, 0);
    assert_true(answer.intervened);
    assert_true(view_is(answer.reason, "Guardrail blocked."));
    assert_int_equal(answer.count, 5);
    assert_true(view_is(answer.findings[0].what, "Finance"));
    assert_true(view_is(answer.findings[1].match, "bad"));
    assert_true(view_is(answer.findings[2].what, "EMAIL"));
    assert_true(view_is(answer.findings[2].action, "ANONYMIZED"));
    assert_true(view_is(answer.findings[3].what, "order"));
    assert_true(view_is(answer.findings[4].policy, "contextualGroundingPolicy"));
    assert_true(answer.findings[4].has_score);
    assert_true(answer.findings[4].score < answer.findings[4].threshold);
    fixture_release(&fixture);
}

static void nothing_found_is_nothing_found(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    struct guardrail_answer answer =
        read(&fixture, 200,
             "{\"action\":\"NONE\",\"outputs\":[],\"assessments\":[{\"wordPolicy\":{"
             "\"customWords\":[{\"match\":\"x\",\"action\":\"NONE\",\"detected\":true}]}}]}");
    assert_int_equal(fixture.reply.code, 0);
    assert_false(answer.intervened);
    assert_int_equal(answer.count, 0);
    fixture_release(&fixture);
}

static void an_error_is_a_reply_with_its_code_and_never_a_pass(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    read(&fixture, 429, "{\"message\":\"slow down\"}");
    assert_int_equal(fixture.reply.code, ERR_THROTTLED);
    read(&fixture, 200, "{}");
    assert_int_equal(fixture.reply.code, ERR_PROTOCOL);
    read(&fixture, 200, "no JSON");
    assert_int_equal(fixture.reply.code, ERR_PROTOCOL);
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_alone_is_guarded_as_output),
        cmocka_unit_test(sources_and_query_come_under_their_qualifiers),
        cmocka_unit_test(what_cannot_be_asked_is_refused_with_the_remedy),
        cmocka_unit_test(every_policy_that_acted_is_a_finding),
        cmocka_unit_test(nothing_found_is_nothing_found),
        cmocka_unit_test(an_error_is_a_reply_with_its_code_and_never_a_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
