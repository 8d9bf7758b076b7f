/* SPDX-License-Identifier: Apache-2.0
 *
 * score_run: see score_run.h. Threads never look into the embedder, which the loop keeps filling:
 * a job gets its two vectors when both are there. */
#include "app/score_run.h"

#include <stdio.h>

#include "app/line_run.h"
#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/os/mailbox.h"
#include "shell/os/workers.h"

enum { MAILS_MAX = 4 };

static const uint64_t LOOK_EVERY_NS = 5000000;
static const size_t SCORED_BYTES_MAX = (size_t)1 << 30;

struct scored {
    struct score_run *run;
    struct line_job *job;
    struct offline_line line;
    struct strbuf out;
    bool needs_vectors;
    const float *vectors[2]; /* of the text and of its reference */
    size_t vector_size;
};

struct score_run {
    struct loop *loop;
    struct score_run_options options;
    struct line_run *lines;
    struct workers *scorers; /* what waited for vectors */
    struct mailbox *mailbox; /* from them */
    struct embedder *embedder;
    size_t texts; /* in the embedder, about */
    bool is_full; /* the embedder has as many texts as it shall: it is emptied before more */
    struct score_summary summary;
    struct err broken; /* the embedder cannot go on */
    bool stopped;
};

/* ---- scoring -------------------------------------------------------------------------------- */

static const float *vector_of(void *context, struct view text, size_t *ret_count)
{
    const struct scored *scored = context;

    *ret_count = scored->vector_size;
    return view_equal(text, scored->line.text) ? scored->vectors[0] : scored->vectors[1];
}

static void blame(struct line_job *job, int code)
{
    char text[ERR_TEXT_MAX];

    snprintf(text, sizeof text, "%s", job->err.text[0] != '\0' ? job->err.text : err_text(code));
    fail(&job->err, code, "%s:%u: %s", job->file, job->number, text);
}

static void score(struct scored *scored, uint32_t thread)
{
    const struct score_run_options *options = &scored->run->options;
    struct line_job *job = scored->job;
    struct similar similar = options->similar;
    struct arena scratch;

    similar.vector = vector_of;
    similar.context = scored;
    arena_init(&scratch, LINE_RUN_JOB_BYTES_MAX);
    strbuf_init(&scored->out, SCORED_BYTES_MAX);
    int code =
        offline_score(&scored->line, &similar, view_of(options->scorer),
                      words_morphology(options->words, thread), &scratch, &scored->out, &job->err);
    arena_release(&scratch);
    if (code != 0)
        blame(job, code);
}

static bool needs_vectors(const struct score_run *run, const struct offline_line *line)
{
    return run->options.similar.kind == SIMILAR_VECTOR && line->has_reference && line->text.len > 0
           && line->reference.len > 0 && !view_equal(line->text, line->reference);
}

static void work(void *context, uint32_t thread, struct line_job *job)
{
    struct score_run *run = context;
    struct scored *scored = arena_new(&job->arena, 1, sizeof *scored);

    if (scored == NULL) {
        blame(job, ERR_MEMORY);
        return;
    }
    *scored = (struct scored){.run = run, .job = job};
    int code = offline_read(&job->arena, view_of(job->file), job->number, job->text, &scored->line,
                            &job->err);
    if (code != 0)
        return;
    job->result = scored;
    scored->needs_vectors = needs_vectors(run, &scored->line);
    if (!scored->needs_vectors)
        score(scored, thread);
}

static void work_with_vectors(void *context, uint32_t thread, void *item)
{
    struct score_run *run = context;

    score(item, run->options.threads + thread); /* a reader of words has one user */
}

/* ---- vectors -------------------------------------------------------------------------------- */

static void look(void *context, uint64_t now_ns);

static void look_soon(struct score_run *run)
{
    int code = loop_wake_at(run->loop, loop_now(run->loop) + LOOK_EVERY_NS, look, run);
    (void)code; /* a timer that is set is only moved */
}

/* Both vectors are there: on to the scorers. */
static bool take_vectors(struct scored *scored)
{
    struct score_run *run = scored->run;

    const float *text = embedder_vector(run->embedder, scored->line.text, &scored->vector_size);
    const float *reference =
        embedder_vector(run->embedder, scored->line.reference, &scored->vector_size);
    if (text == NULL || reference == NULL)
        return false;
    scored->vectors[0] = text;
    scored->vectors[1] = reference;
    if (workers_try_put(run->scorers, scored, 0) == 0)
        return true;
    scored->vectors[0] = scored->vectors[1] = NULL; /* the next look finds room */
    return false;
}

static bool is_ready(void *context, struct line_job *job)
{
    struct score_run *run = context;
    struct scored *scored = job->result;

    if (scored->vectors[0] != NULL)
        return true; /* is being scored: look at the next */
    if (run->broken.code != 0) {
        job->err = run->broken;
        line_run_settled(run->lines, job);
        return true;
    }
    return take_vectors(scored);
}

static void on_scored(void *context, const void *message)
{
    struct score_run *run = context;
    void *item = NULL;

    (void)message;
    while (workers_take(run->scorers, false, &item) == WORKERS_DONE)
        line_run_settled(run->lines, ((struct scored *)item)->job);
    look_soon(run);
}

static void tell(void *context)
{
    struct score_run *run = context;
    const char mail = 0;
    int code = mailbox_post(run->mailbox, &mail);
    (void)code; /* full: the loop will look anyway */
}

/* The vectors of what is done are in nobody's way once nothing waits. */
static void look(void *context, uint64_t now_ns)
{
    struct score_run *run = context;
    struct err err = {0};

    (void)now_ns;
    if (run->embedder != NULL && run->broken.code == 0 && embedder_status(run->embedder, &err) != 0)
        run->broken = err;
    line_run_each(run->lines, is_ready);
    if (run->is_full && line_run_waiting(run->lines) == 0) {
        embedder_forget(run->embedder);
        run->texts = 0;
        run->is_full = false;
        line_run_pause(run->lines, false);
    }
    if (run->is_full || line_run_waiting(run->lines) > 0)
        look_soon(run);
}

static int want(struct score_run *run, const struct scored *scored, struct err *reterr)
{
    int code = 0;

    if (!run->options.has_embedder)
        return fail(reterr, ERR_IO,
                    "the built-in embedding model is not installed: run scripts/setup, set "
                    "ASSAY_MODEL_DIR, or use --embedding tfidf");
    if (run->embedder == NULL)
        code = embedder_new(run->loop, &run->options.embedder, &run->embedder, reterr);
    if (code == 0)
        code = embedder_want(run->embedder, scored->line.text, reterr);
    if (code == 0)
        code = embedder_want(run->embedder, scored->line.reference, reterr);
    run->texts += 2;
    if (code == 0 && run->texts >= SCORE_RUN_TEXTS) {
        run->is_full = true;
        line_run_pause(run->lines, true);
    }
    return code;
}

static bool settle(void *context, struct line_job *job)
{
    struct score_run *run = context;
    struct scored *scored = job->result;
    struct err err = {0};

    if (!scored->needs_vectors)
        return true;
    int code = run->broken.code != 0 ? run->broken.code : want(run, scored, &err);
    if (code != 0) {
        if (run->broken.code == 0)
            run->broken = err;
        job->err = run->broken;
        return true;
    }
    look_soon(run);
    return false;
}

/* ---- output --------------------------------------------------------------------------------- */

static void stop(struct score_run *run, const struct err *err)
{
    run->stopped = true;
    if (err->code != ERR_CLOSED) {
        run->summary.has_trouble = true;
        run->options.complain(run->options.context, err);
    }
    line_run_interrupt(run->lines);
}

static void take_bad(struct score_run *run, const struct line_job *job)
{
    if (run->broken.code != 0 && job->result != NULL) { /* said once */
        stop(run, &run->broken);
        return;
    }
    run->summary.bad++;
    if (err_exit_status(job->err.code) == err_exit_status(ERR_SYNTAX))
        run->summary.has_usage_error = true;
    else
        run->summary.has_trouble = true;
    run->options.complain(run->options.context, &job->err);
}

static void emit(void *context, struct line_job *job)
{
    struct score_run *run = context;
    struct scored *scored = job->result;
    struct err err = {0};

    if (run->stopped)
        return;
    if (job->err.code != 0) {
        take_bad(run, job);
        return;
    }
    run->summary.scored++;
    if (run->options.write(run->options.context, strbuf_view(&scored->out), &err) != 0)
        stop(run, &err);
}

static void idle(void *context)
{
    struct score_run *run = context;
    run->options.idle(run->options.context);
}

static void drop(void *context, struct line_job *job)
{
    struct scored *scored = job->result;

    (void)context;
    if (scored == NULL)
        return;
    offline_release(&scored->line);
    strbuf_release(&scored->out);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int make(struct score_run *run, struct err *reterr)
{
    const struct line_run_options lines = {
        .paths = run->options.paths,
        .path_count = run->options.path_count,
        .threads = run->options.threads,
        .user = {.work = work,
                 .settle = settle,
                 .emit = emit,
                 .idle = idle,
                 .drop = drop,
                 .context = run},
    };
    const struct workers_options scorers = {
        .threads = run->options.threads,
        .work = work_with_vectors,
        .ready = tell,
        .context = run,
    };

    int code = line_run_new(run->loop, &lines, &run->lines, reterr);
    if (code == 0 && run->options.similar.kind == SIMILAR_VECTOR)
        code = mailbox_new(run->loop, 1, MAILS_MAX, on_scored, run, &run->mailbox, reterr);
    if (code == 0 && run->options.similar.kind == SIMILAR_VECTOR)
        code = workers_new(&scorers, &run->scorers, reterr);
    return code;
}

int score_run_new(struct loop *loop, const struct score_run_options *options,
                  struct score_run **ret_run, struct err *reterr)
{
    struct score_run *run = mem_new(1, sizeof *run);

    if (run == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for scoring");
    run->loop = loop;
    run->options = *options;
    int code = make(run, reterr);
    if (code != 0) {
        score_run_free(run);
        return code;
    }
    *ret_run = run;
    return 0;
}

void score_run_free(struct score_run *run)
{
    if (run == NULL)
        return;
    loop_wake_never(run->loop, run);
    workers_free(run->scorers, NULL);
    line_run_free(run->lines);
    mailbox_free(run->mailbox);
    embedder_free(run->embedder);
    mem_free(run);
}

int score_run_go(struct score_run *run, struct err *reterr)
{
    return line_run_go(run->lines, reterr);
}

void score_run_interrupt(struct score_run *run)
{
    run->summary.interrupted = true;
    line_run_interrupt(run->lines);
}

struct score_summary score_run_summary(const struct score_run *run)
{
    return run->summary;
}
