/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of `assay validate`: what each member may be, what its absence means, and every complaint
 * with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/validate/line.h"

struct fixture {
    struct arena arena;
    struct policy policy;
    struct validate_line line;
    struct err err;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){0};
    arena_init(&fixture.arena, 64 << 20);
    assert_int_equal(policy_default(&fixture.arena, &fixture.policy), 0);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    validate_line_release(&fixture->line);
    arena_release(&fixture->arena);
    return 0;
}

static int read_text(struct fixture *fixture, const char *json)
{
    validate_line_release(&fixture->line);
    fixture->line = (struct validate_line){0};
    fixture->err = (struct err){0};
    return validate_line_read(&fixture->policy, &fixture->arena, view_of("in.jsonl"), 7,
                              view_of(json), &fixture->line, &fixture->err);
}

static void reads(struct fixture *fixture, const char *json)
{
    assert_int_equal(read_text(fixture, json), 0);
}

static void refuses(struct fixture *fixture, const char *json, int code, const char *text)
{
    assert_int_equal(read_text(fixture, json), code);
    assert_string_equal(fixture->err.text, text);
}

static void a_response_alone_is_a_line(void **state)
{
    struct fixture *fixture = *state;

    reads(fixture, "{\"response\": \"\", \"other\": [{}], \"id\": null, \"sources\": null, "
                   "\"expect\": null, \"stop_reason\": null}");
    assert_null(fixture->line.id);
    assert_null(fixture->line.expectation);
    assert_int_equal(fixture->line.response.len, 0);
    assert_false(fixture->line.subject.has_stop);
    assert_false(fixture->line.subject.usage_is_due);
    assert_int_equal(fixture->line.subject.source_count, 0);
}

static void all_that_is_said_reaches_the_subject(void **state)
{
    struct fixture *fixture = *state;

    reads(fixture, "{\"id\": 12, \"response\": \"a\\u0000b\", \"sources\": [\"s\", \"t\"], "
                   "\"system_prompt\": \"p\", \"prompt\": \"q\", \"stop_reason\": \"length\", "
                   "\"usage\": {\"prompt_tokens\": 5, \"completion_tokens\": 6}}");
    const struct validate_subject *subject = &fixture->line.subject;
    assert_true(view_is(fixture->line.id->text, "12"));
    assert_int_equal(fixture->line.response.len, 3);
    assert_int_equal(subject->source_count, 2);
    assert_true(view_is(subject->sources[1], "t"));
    assert_true(view_is(subject->system_prompt, "p"));
    assert_true(view_is(subject->question, "q"));
    assert_int_equal(subject->stop, STOP_LENGTH);
    assert_true(subject->has_usage);
    assert_int_equal(subject->usage.tokens_in, 5);
    assert_int_equal(subject->usage.tokens_out, 6);
}

static void usage_is_due_where_its_member_is_there(void **state)
{
    struct fixture *fixture = *state;
    static const char *const known[] = {
        "{\"response\": \"\", \"usage\": {\"input_tokens\": 1, \"output_tokens\": 2}}",
        "{\"response\": \"\", \"usage\": {\"inputTokens\": 1, \"outputTokens\": 2}}",
        "{\"response\": \"\", \"usage\": {\"tokens_in\": 1, \"tokens_out\": 2}}",
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        reads(fixture, known[i]);
        assert_true(fixture->line.subject.has_usage && fixture->line.subject.usage_is_due);
    }
    reads(fixture, "{\"response\": \"\", \"usage\": null}");
    assert_true(!fixture->line.subject.has_usage && fixture->line.subject.usage_is_due);
    reads(fixture, "{\"response\": \"\", \"usage\": {\"input_tokens\": 1}}");
    assert_true(!fixture->line.subject.has_usage && fixture->line.subject.usage_is_due);
}

static void documents_in_the_prompt_are_sources_where_none_are_given(void **state)
{
    struct fixture *fixture = *state;

    reads(fixture,
          "{\"response\": \"\", \"prompt\": \"<documents>484円</documents> いくらですか？\"}");
    assert_int_equal(fixture->line.subject.source_count, 1);
    assert_true(view_is(view_trim(fixture->line.subject.sources[0]), "484円"));
    assert_true(view_is(fixture->line.subject.language, "ja"));
    assert_true(fixture->line.subject.language_is_guess);
    reads(fixture, "{\"response\": \"\", \"sources\": [], "
                   "\"prompt\": \"<documents>484円</documents> いくらですか？\"}");
    assert_int_equal(fixture->line.subject.source_count, 0);
}

static void every_complaint_has_file_line_and_column(void **state)
{
    struct fixture *fixture = *state;

    refuses(fixture, "{\"id\": 1}", ERR_SYNTAX,
            "in.jsonl:7:1: has no \"response\" (the answer to check, a text)");
    refuses(fixture, "{\"response\": 5}", ERR_SYNTAX,
            "in.jsonl:7:14: has no \"response\" (the answer to check, a text)");
    refuses(fixture, "{\"response\": \"\", \"id\": []}", ERR_SYNTAX,
            "in.jsonl:7:24: \"id\" must be a text or a number");
    refuses(fixture, "{\"response\": \"\", \"sources\": [\"a\", 1]}", ERR_SYNTAX,
            "in.jsonl:7:35: \"sources\" must be a list of texts");
    refuses(fixture, "{\"response\": \"\", \"usage\": 3}", ERR_SYNTAX,
            "in.jsonl:7:27: \"usage\" must be an object");
    refuses(fixture, "[1]", ERR_SYNTAX, "in.jsonl:7:1: must be an object with a \"response\"");
    refuses(fixture, "{\"response\": \"\", \"expect\": {\"command\": \"true\"}}", ERR_CONFIG,
            "in.jsonl:7:40: \"command\" has no place here: list the command as exec.NAME in a "
            "policy");
    assert_int_equal(read_text(fixture, "{\"response\": \"漫"), ERR_SYNTAX);
    assert_memory_equal(fixture->err.text, "in.jsonl:7:1", 12);
}

static void a_verdict_is_a_line_of_json(void **state)
{
    struct fixture *fixture = *state;
    const struct validate_finding findings[] = {
        {.finding = {.check = VIEW("forbidden"),
                     .evidence = VIEW("\""),
                     .message = VIEW("holds it"),
                     .start = 3,
                     .end = 4}},
    };
    const struct validated validated = {.decision = VALIDATE_RETRY,
                                        .log = true,
                                        .findings = findings,
                                        .count = 1,
                                        .is_masked = true,
                                        .masked = VIEW("x")};
    struct strbuf out;

    strbuf_init(&out, 4096);
    reads(fixture, "{\"response\": \"\", \"id\": 1e3}");
    validate_line_write(&fixture->line, &validated, &out);
    assert_string_equal(strbuf_text(&out),
                        "{\"id\":1e3,\"decision\":\"retry\",\"log\":true,\"failed\":[{\"check\":"
                        "\"keywords\",\"evidence\":\"\\\"\",\"start\":3,\"end\":4,\"message\":"
                        "\"holds it\"}],\"masked\":\"x\"}\n");
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        PROMISE(a_response_alone_is_a_line),
        PROMISE(all_that_is_said_reaches_the_subject),
        PROMISE(usage_is_due_where_its_member_is_there),
        PROMISE(documents_in_the_prompt_are_sources_where_none_are_given),
        PROMISE(every_complaint_has_file_line_and_column),
        PROMISE(a_verdict_is_a_line_of_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
