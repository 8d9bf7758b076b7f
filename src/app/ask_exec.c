/* SPDX-License-Identifier: Apache-2.0
 *
 * ask_exec: a command of the user's own judges an answer; see ask_checks.h for what it reads and
 * writes. A command that fails, or writes something else, has given no verdict. */
#include <stdio.h>

#include "app/ask_state.h"
#include "app/command_run.h"
#include "base/strbuf.h"

enum { INPUT_BYTES_MAX = 256 << 20, SAID_SIZE_MAX = 512 };

static const size_t VERDICT_BYTES_MAX = (size_t)64 << 20;
static const uint64_t EXEC_IN_NS = 30000000000;

static void write_input(const struct ask_subject *subject, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_string(&writer, "id", subject->id);
    json_member_string(&writer, "response", subject->response);
    if (subject->question.len > 0)
        json_member_string(&writer, "prompt", subject->question);
    if (subject->system_prompt.len > 0)
        json_member_string(&writer, "system_prompt", subject->system_prompt);
    if (subject->source_count > 0) {
        json_member_array(&writer, "sources");
        for (size_t i = 0; i < subject->source_count; i++)
            json_write_string(&writer, subject->sources[i]);
        json_write_end(&writer, ']');
    }
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}

/* Bytes of the answer; what lies outside is brought in. */
static size_t offset_of(const struct json *verdict, const char *key, size_t otherwise, size_t most)
{
    int64_t at = json_int(json_get(verdict, key), (int64_t)otherwise);

    return at < 0 ? 0 : (size_t)at > most ? most : (size_t)at;
}

static void take(struct ask_question *question, const struct json *verdict)
{
    struct view response = question->answer->subject.response;
    struct finding finding = {
        .message = json_text(json_get(verdict, "message"), view_of("the command says no")),
        .start = offset_of(verdict, "start", 0, response.len),
    };

    if (json_bool(json_get(verdict, "pass"), false))
        return;
    finding.end = offset_of(verdict, "end", finding.start, response.len);
    if (finding.end < finding.start)
        finding.end = finding.start;
    finding.evidence =
        json_text(json_get(verdict, "evidence"), view_slice(response, finding.start, finding.end));
    ask_found(question, finding);
}

static void read_verdict(struct ask_question *question, struct view output)
{
    struct json *verdict = NULL;
    struct arena arena;
    struct err err = {0};
    char why[ERR_TEXT_MAX + SAID_SIZE_MAX];

    arena_init(&arena, VERDICT_BYTES_MAX);
    int code = json_parse(&arena, view_trim(output), &verdict, &err);
    const struct json *pass = json_get(verdict, "pass");
    if (code == 0 && (json_is(pass, JSON_TRUE) || json_is(pass, JSON_FALSE))) {
        take(question, verdict);
    } else {
        snprintf(why, sizeof why,
                 "the command must write one JSON object with \"pass\": true or false%s%s",
                 code != 0 ? "; what it wrote is no JSON: " : "", code != 0 ? err.text : "");
        ask_silent(question, view_of(why));
    }
    arena_release(&arena);
}

static void on_process(void *context, const struct process_event *event)
{
    struct ask_question *question = context;

    if (event->kind != PROCESS_ENDED)
        return;
    if (event->code != 0)
        ask_silent(question, command_run_said(event));
    else
        read_verdict(question, event->bytes);
    ask_ended(question);
}

int ask_exec_start(struct ask_question *question, struct err *reterr)
{
    const struct policy_exec *exec = question->row->figures.check->options;
    struct command_run command = {
        .command = &exec->command,
        .is_line = exec->is_line,
        .end_in_ns = exec->timeout_ns > 0 ? exec->timeout_ns : EXEC_IN_NS,
    };
    struct strbuf input;

    strbuf_init(&input, INPUT_BYTES_MAX);
    write_input(&question->answer->subject, &input);
    command.input = strbuf_view(&input);
    question->row->figures.attempts++;
    int code = strbuf_status(&input);
    if (code == 0)
        code = command_run_start(question->answer->checks->host->processes, &command, on_process,
                                 question, &question->process, reterr);
    strbuf_release(&input);
    return code;
}
