/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_exec: see golden_exec.h. */
#include "app/golden_exec.h"

#include "app/command_run.h"
#include "app/golden_others.h"
#include "base/mem.h"

enum { INPUT_BYTES_MAX = 256 << 20 };

static const uint64_t GOLDEN_EXEC_IN_NS = 30000000000;

struct exec {
    struct golden_run *run;
    size_t item;
    size_t sample;
    struct id process;
    struct exec *next; /* of those that run */
    void (*done)(struct golden_run *run, size_t item, size_t sample);
};

static const struct expect *expect_of(const struct golden_run *run, size_t item)
{
    return &run->plan->set.entries[run->plan->items[item].entry].expect;
}

bool golden_exec_wanted(const struct golden_run *run, size_t item)
{
    return expect_of(run, item)->command.count > 0;
}

static void finish(struct exec *exec, const char *failure)
{
    struct golden_run *run = exec->run;
    struct sample *sample = &run->result.entries[exec->item].samples[exec->sample];

    for (struct exec **at = &run->execs; *at != NULL; at = &(*at)->next)
        if (*at == exec) {
            *at = exec->next;
            break;
        }
    if (run->result.interrupted)
        failure = NULL; /* it was ended by us: what it would have said is unknown */
    if (failure != NULL) {
        const struct finding finding = {
            .check = view_of("exec"), .severity = SEVERITY_MAJOR, .message = view_of(failure)};
        golden_others_add(run, sample, &finding);
    }
    exec->done(run, exec->item, exec->sample);
    mem_free(exec);
}

static void on_process(void *context, const struct process_event *event)
{
    struct exec *exec = context;
    char failure[ERR_TEXT_MAX];

    if (event->kind != PROCESS_ENDED)
        return;
    snprintf(failure, sizeof failure, "%.*s", VIEW_ARG(command_run_said(event)));
    finish(exec, event->code == 0 ? NULL : failure);
}

static void write_question(const struct exec *exec, struct strbuf *out)
{
    const struct run_entry *entry = &exec->run->result.entries[exec->item];
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_write_key(&writer, "id");
    json_write_string(&writer, entry->id);
    json_write_key(&writer, "target");
    json_write_string(&writer, entry->target);
    json_write_key(&writer, "sample");
    json_write_int(&writer, (int64_t)exec->sample);
    json_write_key(&writer, "question");
    json_write_string(&writer, entry->question);
    json_write_key(&writer, "response");
    json_write_string(&writer, entry->samples[exec->sample].answer.reply.text);
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}

static int start(struct exec *exec, struct err *reterr)
{
    const struct expect *expect = expect_of(exec->run, exec->item);
    struct command_run command = {.command = &expect->command,
                                  .is_line = expect->command_is_line,
                                  .end_in_ns = GOLDEN_EXEC_IN_NS};
    struct strbuf input;

    strbuf_init(&input, INPUT_BYTES_MAX);
    write_question(exec, &input);
    command.input = strbuf_view(&input);
    int code = command_run_start(exec->run->host->processes, &command, on_process, exec,
                                 &exec->process, reterr);
    strbuf_release(&input);
    return code;
}

void golden_exec_start(struct golden_run *run, size_t item, size_t sample,
                       void (*done)(struct golden_run *run, size_t item, size_t sample))
{
    struct exec *exec = mem_new(1, sizeof *exec);
    struct err err = {0};

    if (exec == NULL) {
        golden_run_broken(run, ERR_MEMORY, "no memory for a check");
        done(run, item, sample);
        return;
    }
    *exec =
        (struct exec){.run = run, .item = item, .sample = sample, .next = run->execs, .done = done};
    run->execs = exec;
    if (start(exec, &err) != 0)
        finish(exec, err.text[0] != '\0' ? err.text : "cannot be started");
}

void golden_exec_interrupt(struct golden_run *run)
{
    for (struct exec *exec = run->execs; exec != NULL; exec = exec->next)
        process_end(run->host->processes, exec->process);
}

void golden_exec_release(struct golden_run *run)
{
    while (run->execs != NULL) {
        struct exec *exec = run->execs;
        run->execs = exec->next;
        process_abandon(run->host->processes, exec->process);
        mem_free(exec);
    }
}
