/* SPDX-License-Identifier: Apache-2.0
 *
 * validate_run: see validate_run.h. An answer that nobody has to be asked about is decided and
 * rendered by the worker that checked it; the others on the loop, once all who were asked
 * answered. */
#include "app/validate_run.h"

#include <stdio.h>

#include "app/line_run.h"
#include "base/mem.h"

enum { KEPT_BYTES_MAX = 1 << 20 };

static const size_t RENDERED_BYTES_MAX = (size_t)1 << 30;

/* What becomes of one line. */
struct checked {
    struct validate_run *run;
    struct line_job *job;
    struct validate_line line;
    struct validation *validation; /* between take and give */
    uint32_t thread;
    enum validate_decision decision;
    bool log;
    bool is_masked;
    const uint32_t *rows; /* of the policy that it failed, each once */
    size_t row_count;
    struct strbuf outs[VALIDATE_SINKS_MAX];
};

struct validate_run {
    struct validate_run_options options;
    struct line_run *lines;
    struct validate_summary summary;
    uint64_t *failed;
    bool stopped;
};

/* ---- one answer ----------------------------------------------------------------------------- */

/* "FILE:LINE: " before what went wrong inside. */
static void blame(struct line_job *job, int code)
{
    char text[ERR_TEXT_MAX];

    snprintf(text, sizeof text, "%s", job->err.text[0] != '\0' ? job->err.text : err_text(code));
    fail(&job->err, code, "%s:%u: %s", job->file, job->number, text);
}

static int feed(struct checked *checked, struct err *reterr)
{
    size_t piece = checked->run->options.piece_bytes;
    struct view rest = checked->line.response;
    struct view released;
    int code = 0;

    if (piece == 0)
        return validation_feed(checked->validation, rest, reterr);
    for (size_t at = 0; at < rest.len && code == 0; at += piece) {
        code = validation_feed(checked->validation, view_slice(rest, at, at + piece), reterr);
        if (code == 0)
            code = validation_release(checked->validation, &released);
    }
    return code;
}

static int note_rows(struct checked *checked, const struct validated *validated)
{
    uint32_t *rows = arena_new(&checked->job->arena, validated->count + 1, sizeof *rows);
    size_t count = validator_policy(checked->run->options.validator)->check_count;

    if (rows == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < validated->count; i++) {
        uint32_t row = validated->findings[i].order;
        bool known = false;
        if (row > count) /* of the line's own expectation */
            row = (uint32_t)count;
        for (size_t j = 0; j < checked->row_count; j++)
            known = known || rows[j] == row;
        if (!known)
            rows[checked->row_count++] = row;
    }
    checked->rows = rows;
    return 0;
}

static int render(struct checked *checked, const struct validated *validated)
{
    const struct validate_run_options *options = &checked->run->options;
    const struct validate_outcome outcome = {validator_policy(options->validator), &checked->line,
                                             validated};
    int code = 0;

    for (size_t i = 0; i < options->sink_count && code == 0; i++) {
        strbuf_init(&checked->outs[i], RENDERED_BYTES_MAX);
        options->sinks[i].render(options->sinks[i].context, &outcome, &checked->outs[i]);
        code = strbuf_status(&checked->outs[i]);
    }
    return code;
}

static void give_back(struct checked *checked)
{
    if (checked->validation != NULL)
        validator_give(checked->run->options.validator, checked->thread, checked->validation,
                       checked->job->text.len < KEPT_BYTES_MAX);
    checked->validation = NULL;
}

static void decide(struct checked *checked)
{
    const struct validate_situation situation = {.language = checked->line.subject.language};
    struct line_job *job = checked->job;
    struct validated validated;

    int code = validation_decide(checked->validation, &situation, &validated, &job->err);
    if (code == 0)
        code = note_rows(checked, &validated);
    if (code == 0)
        code = render(checked, &validated);
    if (code != 0) {
        blame(job, code);
    } else {
        checked->decision = validated.decision;
        checked->log = validated.log;
        checked->is_masked = validated.is_masked;
    }
    give_back(checked);
}

static int examine_answer(struct checked *checked, struct err *reterr)
{
    struct validate_subject *subject = &checked->line.subject;
    struct validator *validator = checked->run->options.validator;

    validator_equip(validator, subject);
    int code = validator_take(validator, checked->thread, &checked->validation, reterr);
    if (code == 0)
        code = validation_begin(checked->validation, subject, reterr);
    if (code == 0)
        code = feed(checked, reterr);
    if (code == 0)
        code = validation_end(checked->validation, subject, reterr);
    return code;
}

static void work(void *context, uint32_t thread, struct line_job *job)
{
    struct validate_run *run = context;
    struct checked *checked = arena_new(&job->arena, 1, sizeof *checked);
    const struct policy_check *row;

    if (checked == NULL) {
        blame(job, ERR_MEMORY);
        return;
    }
    *checked = (struct checked){.run = run, .job = job, .thread = thread};
    int code =
        validate_line_read(validator_policy(run->options.validator), &job->arena,
                           view_of(job->file), job->number, job->text, &checked->line, &job->err);
    if (code != 0)
        return;
    job->result = checked;
    code = examine_answer(checked, &job->err);
    if (code != 0) {
        blame(job, code);
        give_back(checked);
    } else if (run->options.asks == NULL || validation_asks(checked->validation, &row, 1) == 0) {
        decide(checked);
    }
}

/* ---- others are asked ----------------------------------------------------------------------- */

static void on_asked(void *context, int code, const struct err *err)
{
    struct checked *checked = context;
    struct line_job *job = checked->job;

    if (code != 0) {
        job->err = *err;
        blame(job, code);
        give_back(checked);
    } else {
        decide(checked);
    }
    line_run_settled(checked->run->lines, job);
}

static int on_found(void *context, const struct policy_check *check, const struct finding *finding)
{
    struct checked *checked = context;
    return validation_add(checked->validation, check, finding);
}

static bool settle(void *context, struct line_job *job)
{
    struct validate_run *run = context;
    struct checked *checked = job->result;
    const struct policy_check *rows[POLICY_CHECKS_MAX];
    struct err err = {0};

    if (checked->validation == NULL)
        return true;
    const struct ask_subject subject = {
        .found = on_found,
        .context = checked,
        .id = json_text(checked->line.id, view_of("")),
        .response = checked->line.response,
        .question = checked->line.subject.question,
        .system_prompt = checked->line.subject.system_prompt,
        .sources = checked->line.subject.sources,
        .source_count = checked->line.subject.source_count,
    };
    size_t count = validation_asks(checked->validation, rows, POLICY_CHECKS_MAX);
    int code = ask_checks_start(run->options.asks, &subject, rows, count, on_asked, checked, &err);
    if (code == 0)
        return false;
    job->err = err;
    blame(job, code);
    give_back(checked);
    return true;
}

/* ---- output --------------------------------------------------------------------------------- */

static void count_bad(struct validate_run *run, const struct err *err)
{
    int status = err_exit_status(err->code);

    run->summary.bad++;
    if (status == err_exit_status(ERR_SYNTAX))
        run->summary.has_usage_error = true;
    else
        run->summary.has_trouble = true;
}

static void count_checked(struct validate_run *run, const struct checked *checked)
{
    run->summary.answers++;
    run->summary.decisions[checked->decision]++;
    run->summary.logged += checked->log;
    run->summary.masked += checked->is_masked;
    for (size_t i = 0; i < checked->row_count; i++)
        run->failed[checked->rows[i]]++;
}

/* Output that cannot be written ends the run; a reader that went away ends it quietly. */
static void write_out(struct validate_run *run, const struct checked *checked)
{
    const struct validate_run_options *options = &run->options;

    for (size_t i = 0; i < options->sink_count && !run->stopped; i++) {
        struct err err = {0};
        int code = options->write(options->context, i, strbuf_view(&checked->outs[i]), &err);
        if (code == 0)
            continue;
        run->stopped = true;
        run->summary.is_unwanted = code == ERR_CLOSED;
        if (code != ERR_CLOSED) {
            run->summary.has_trouble = true;
            options->complain(options->context, &err);
        }
        line_run_interrupt(run->lines);
    }
}

static void emit(void *context, struct line_job *job)
{
    struct validate_run *run = context;

    if (run->stopped)
        return;
    if (job->err.code != 0) {
        count_bad(run, &job->err);
        run->options.complain(run->options.context, &job->err);
        return;
    }
    count_checked(run, job->result);
    write_out(run, job->result);
}

static void idle(void *context)
{
    struct validate_run *run = context;

    if (run->options.idle != NULL)
        run->options.idle(run->options.context);
}

static void drop(void *context, struct line_job *job)
{
    struct checked *checked = job->result;

    (void)context;
    if (checked == NULL)
        return;
    give_back(checked);
    validate_line_release(&checked->line);
    for (size_t i = 0; i < VALIDATE_SINKS_MAX; i++)
        strbuf_release(&checked->outs[i]);
}

/* ---- life ----------------------------------------------------------------------------------- */

int validate_run_new(struct loop *loop, const struct validate_run_options *options,
                     struct validate_run **ret_run, struct err *reterr)
{
    struct validate_run *run = mem_new(1, sizeof *run);
    const struct line_run_options lines = {
        .paths = options->paths,
        .path_count = options->path_count,
        .threads = options->threads,
        .user = {.work = work,
                 .settle = options->asks != NULL ? settle : NULL,
                 .emit = emit,
                 .idle = idle,
                 .drop = drop,
                 .context = run},
    };

    assert_always(options->sink_count <= VALIDATE_SINKS_MAX);
    if (run == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for checking answers");
    run->options = *options;
    run->failed =
        mem_new(validator_policy(options->validator)->check_count + 1, sizeof *run->failed);
    int code = run->failed != NULL ? line_run_new(loop, &lines, &run->lines, reterr)
                                   : fail(reterr, ERR_MEMORY, "no memory for checking answers");
    if (code != 0) {
        validate_run_free(run);
        return code;
    }
    *ret_run = run;
    return 0;
}

void validate_run_free(struct validate_run *run)
{
    if (run == NULL)
        return;
    line_run_free(run->lines);
    mem_free(run->failed);
    mem_free(run);
}

int validate_run_go(struct validate_run *run, struct err *reterr)
{
    return line_run_go(run->lines, reterr);
}

void validate_run_interrupt(struct validate_run *run)
{
    run->summary.interrupted = true;
    line_run_interrupt(run->lines);
}

struct validate_summary validate_run_summary(const struct validate_run *run)
{
    struct validate_summary summary = run->summary;

    summary.failed = run->failed;
    return summary;
}

uint64_t validate_run_bytes(const struct validate_run *run)
{
    return line_run_bytes(run->lines);
}
