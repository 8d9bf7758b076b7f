/* SPDX-License-Identifier: Apache-2.0
 *
 * assay score: scores texts offline, without a target: JSON Lines in, JSON Lines out, in order. */
#include <stdio.h>

#include "app/host.h"
#include "app/score_run.h"
#include "app/words.h"
#include "cli/command.h"
#include "cli/model_dir.h"
#include "cli/output.h"
#include "engine/e5.h"
#include "report/scores.h"
#include "shell/net/loop.h"
#include "shell/os/env.h"
#include "shell/os/signals.h"
#include "shell/os/terminal.h"
#include "shell/os/workers.h"

static const size_t ARENA_BYTES_MAX = (size_t)64 << 20;
static const uint64_t PROGRESS_EVERY_NS = 100000000;

struct score_options {
    struct common_options common;
    const char *embedding;
    struct option_list outputs;
    int64_t threads;
    bool explain;
};

#define AT(member) offsetof(struct score_options, member)

static const struct option items[] = {
    {"embedding", 'e', OPTION_CHOICE, "SCORER", AT(embedding),
     "how similarity to the reference is measured: builtin (default), tfidf, none",
     "builtin,tfidf,none", 0, 0},
    {"explain", 0, OPTION_FLAG, NULL, AT(explain),
     "for people: every part of each score, and what failed", NULL, 0, 0},
    {"output", 'o', OPTION_LIST, "FORMAT=FILE", AT(outputs),
     "also write json or explain to a file; repeatable", NULL, 0, 0},
    {"jobs", 'j', OPTION_INT, "N", AT(threads), "threads (default: one a core)", NULL, 1,
     WORKERS_MAX},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct scoring {
    struct cli *cli;
    const struct score_options *options;
    struct arena arena;
    struct host host;
    struct words *words;
    struct score_run *run;
    struct outputs outputs;
    bool explains[OUTPUTS_MAX]; /* of each output: for people */
    struct strbuf shown;
};

/* ---- output --------------------------------------------------------------------------------- */

static int open_outputs(struct scoring *scoring, struct err *reterr)
{
    enum terminal_color color = TERMINAL_COLOR_AUTO;

    int code = terminal_color_read(view_of(scoring->cli->color), &color, reterr);
    if (code == 0)
        code = outputs_open(&scoring->outputs, &scoring->options->outputs, reterr);
    if (code != 0)
        return code;
    outputs_color(&scoring->outputs, terminal_colored(1, color));
    scoring->explains[0] = scoring->options->explain;
    for (size_t i = 1; i < outputs_count(&scoring->outputs); i++) {
        struct view format = output_format(outputs_at(&scoring->outputs, i));
        scoring->explains[i] = view_is(format, "explain");
        if (!scoring->explains[i] && !view_is(format, "json"))
            return fail(reterr, ERR_USAGE,
                        "--output: there is no format '%.*s', only json, explain",
                        VIEW_ARG(format));
    }
    return 0;
}

static int write_out(void *context, struct view line, struct err *reterr)
{
    struct scoring *scoring = context;
    int code = 0;

    for (size_t i = 0; i < outputs_count(&scoring->outputs) && code == 0; i++) {
        bool is_colored = output_is_colored(outputs_at(&scoring->outputs, i));
        struct view text = line;
        if (scoring->explains[i]) {
            strbuf_cut(&scoring->shown, 0);
            score_add_explained(&scoring->shown, line, is_colored);
            text = strbuf_view(&scoring->shown);
        }
        code = output_add(&scoring->outputs, i, text, reterr);
    }
    return code;
}

static void complain(void *context, const struct err *err)
{
    struct scoring *scoring = context;

    outputs_flush_now(&scoring->outputs);
    outputs_hide_progress(&scoring->outputs);
    command_fail(scoring->cli, err->code, err);
}

static void on_idle(void *context)
{
    struct scoring *scoring = context;
    outputs_flush_soon(&scoring->outputs, scoring->host.loop);
}

static void show_progress(void *context, uint64_t now_ns)
{
    struct scoring *scoring = context;

    outputs_show_progress(&scoring->outputs, "%llu scored",
                          (unsigned long long)score_run_summary(scoring->run).scored);
    int code = loop_wake_at(scoring->host.loop, now_ns + PROGRESS_EVERY_NS, show_progress, scoring);
    (void)code; /* without a timer there is no progress to see */
}

static void on_signal(void *context, int number)
{
    struct scoring *scoring = context;

    (void)number;
    outputs_hide_progress(&scoring->outputs);
    fputs("assay: stopping; what was scored is printed (Ctrl-C again ends at once)\n", stderr);
    score_run_interrupt(scoring->run);
}

/* ---- the run -------------------------------------------------------------------------------- */

static uint32_t threads_of(const struct score_options *options)
{
    uint32_t cores = env_cores();

    if (options->threads > 0)
        return (uint32_t)options->threads;
    return cores < WORKERS_MAX ? cores : WORKERS_MAX;
}

/* What measures similarity; without a reference in any line none of it is started. */
static int choose_similar(struct scoring *scoring, struct score_run_options *options,
                          struct err *reterr)
{
    struct view embedding = view_of(scoring->options->embedding);
    bool builtin = view_is(embedding, "builtin");
    struct strbuf program;

    options->scorer = "none";
    if (view_is(embedding, "none"))
        return 0;
    options->similar.kind = builtin ? SIMILAR_VECTOR : SIMILAR_NGRAM;
    options->similar.calibration = calibration_find(view_of(builtin ? "e5-small-q4" : "tfidf"));
    assert_always(options->similar.calibration != NULL);
    options->scorer = options->similar.calibration->scorer;
    if (!builtin)
        return 0;
    strbuf_init(&program, 4096);
    int code = env_program(&program, reterr);
    options->embedder = (struct embedder_options){
        .scorer = view_of(options->scorer),
        .processes = scoring->host.processes,
        .program = arena_string(&scoring->arena, strbuf_view(&program)),
        .model_dir = model_dir_find(&scoring->arena),
        .helpers = (uint32_t)scoring->options->threads,
    };
    options->has_embedder =
        options->embedder.model_dir != NULL && e5_present(options->embedder.model_dir);
    strbuf_release(&program);
    return code;
}

static int start(struct scoring *scoring, const struct operands *operands, struct err *reterr)
{
    static const char *const standard_input[] = {"-"};
    struct score_run_options options = {
        .paths = operands->count > 0 ? operands->items : standard_input,
        .path_count = operands->count > 0 ? operands->count : 1,
        .threads = threads_of(scoring->options),
        .words = scoring->words,
        .write = write_out,
        .complain = complain,
        .idle = on_idle,
        .context = scoring,
    };
    struct loop *loop = scoring->host.loop;

    int code = choose_similar(scoring, &options, reterr);
    if (code == 0)
        code = score_run_new(loop, &options, &scoring->run, reterr);
    if (code == 0)
        code = signals_start(loop, on_signal, scoring, reterr);
    if (code == 0 && !scoring->cli->quiet && terminal_is(2))
        code = loop_wake_at(loop, loop_now(loop) + PROGRESS_EVERY_NS, show_progress, scoring);
    return code == 0 ? score_run_go(scoring->run, reterr) : code;
}

static int finish(struct scoring *scoring)
{
    struct err err = {0};

    signals_stop(); /* from here on nobody would hear one: the system's default ends us */
    outputs_hide_progress(&scoring->outputs);
    int written = outputs_close(&scoring->outputs, &err);
    const struct score_summary summary = score_run_summary(scoring->run);
    int trouble =
        written != 0 && written != ERR_CLOSED ? command_fail(scoring->cli, written, &err) : 0;
    if (summary.interrupted)
        return err_exit_status(ERR_CANCELLED);
    if (summary.has_usage_error)
        return err_exit_status(ERR_SYNTAX);
    return summary.has_trouble ? err_exit_status(ERR_IO) : trouble;
}

static int run_all(struct scoring *scoring, const struct operands *operands)
{
    struct err err = {0};

    int code = open_outputs(scoring, &err);
    if (code == 0)
        code = host_open(&scoring->host, &err);
    if (code == 0)
        code = words_open(dictionary_dir_named(&scoring->arena), 2 * threads_of(scoring->options),
                          &scoring->words, &err);
    if (code == 0)
        code = start(scoring, operands, &err);
    if (code != 0)
        return command_fail(scoring->cli, code, &err);
    signals_ignore_pipe();
    loop_run(scoring->host.loop);
    return finish(scoring);
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct score_options options = {.embedding = "builtin"};
    struct scoring scoring = {.cli = cli, .options = &options};
    struct operands operands;
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    arena_init(&scoring.arena, ARENA_BYTES_MAX);
    strbuf_init(&scoring.shown, SCORE_SHOWN_BYTES_MAX);
    status = run_all(&scoring, &operands);
    signals_stop();
    score_run_free(scoring.run);
    outputs_release(&scoring.outputs, scoring.host.loop);
    words_close(scoring.words);
    host_close(&scoring.host);
    strbuf_release(&scoring.shown);
    arena_release(&scoring.arena);
    return status;
}

const struct command command_score = {
    .name = "score",
    .summary = "scores texts offline, without a target",
    .operands = "[FILE…]",
    .details =
        "Reads JSON Lines {\"id\", \"text\", \"reference\"?, \"expect\"?} from the files or "
        "standard "
        "input and prints a line of JSON for each, in order: similarity to the reference, keyword "
        "coverage, structure, language, fluency, failed checks and the score composed of what "
        "there "
        "is. \"expect\" takes what a golden set's 'expect:' takes. What has no input is absent, "
        "not "
        "zero. Input may be larger than memory.\n"
        "\n"
        "Exit status: 0; 2 where a line or a file could not be read (the others are scored); 3 "
        "where "
        "the embedding model or a file could not be used; 130 interrupted, what was scored is "
        "printed.",
    .examples =
        "  echo '{\"id\": \"a\", \"text\": \"こんにちは\", \"expect\": {\"language\": \"ja\"}}' | "
        "assay score\n"
        "  assay score --explain -e tfidf answers.jsonl\n",
    .tables = {&table},
    .run = run,
};
