/* SPDX-License-Identifier: Apache-2.0
 *
 * assay score: scores texts offline, without a target: JSON Lines in, JSON Lines out, in order. */
#include <stdio.h>

#include "app/embedder.h"
#include "app/host.h"
#include "app/words.h"
#include "cli/command.h"
#include "cli/model_dir.h"
#include "core/golden/offline.h"
#include "engine/e5.h"
#include "shell/net/loop.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "shell/os/signals.h"

enum { INPUT_BYTES_MAX = 1 << 30, OUTPUT_BYTES_MAX = 1 << 30 };

static const size_t ARENA_BYTES_MAX = (size_t)8 << 30;

struct score_options {
    struct common_options common;
    const char *embedding;
};

#define AT(member) offsetof(struct score_options, member)

static const struct option items[] = {
    {"embedding", 'e', OPTION_CHOICE, "SCORER", AT(embedding),
     "how similarity to the reference is measured: builtin (default), tfidf, none",
     "builtin,tfidf,none", 0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct scoring {
    struct cli *cli;
    struct arena arena;
    struct host host;
    struct similar similar;
    struct embedder *embedder;
    struct words *words;
    const char *scorer;
    struct offline_line *lines;
    size_t count;
    size_t room;
    size_t bad;
};

/* ---- input ---------------------------------------------------------------------------------- */

static int add_line(struct scoring *scoring, const struct offline_line *line, struct err *reterr)
{
    if (scoring->count == scoring->room) {
        size_t room = scoring->room != 0 ? scoring->room * 2 : 256;
        struct offline_line *grown = arena_new(&scoring->arena, room, sizeof *grown);
        if (grown == NULL)
            return fail(reterr, ERR_MEMORY, "no memory for these texts");
        if (scoring->count != 0)
            memcpy(grown, scoring->lines, scoring->count * sizeof *grown);
        scoring->lines = grown;
        scoring->room = room;
    }
    scoring->lines[scoring->count++] = *line;
    return 0;
}

/* A bad line is told with its number; the others still count. */
static int read_lines(struct scoring *scoring, struct view name, struct view text,
                      struct err *reterr)
{
    struct view rest = text;
    uint32_t number = 0;

    while (rest.len > 0) {
        struct offline_line line = {0};
        struct err err = {0};
        struct view json = view_split(&rest, '\n');
        number++;
        if (view_trim(json).len == 0)
            continue;
        int code = offline_read(&scoring->arena, name, number, json, &line, &err);
        if (code == 0)
            code = add_line(scoring, &line, &err);
        if (code == ERR_MEMORY)
            return fail(reterr, code, "%s", err.text);
        if (code != 0) {
            scoring->bad++;
            command_fail(scoring->cli, code, &err);
        }
    }
    return 0;
}

static int read_file(struct scoring *scoring, const char *path, struct err *reterr)
{
    bool is_input = view_is(view_of(path), "-");
    struct strbuf content;

    strbuf_init(&content, INPUT_BYTES_MAX);
    int code = is_input ? file_read_from(0, "standard input", &content, reterr)
                        : file_read(path, &content, reterr);
    if (code == 0)
        code = read_lines(scoring, view_of(is_input ? "standard input" : path),
                          strbuf_view(&content), reterr);
    strbuf_release(&content);
    return code;
}

/* ---- vectors -------------------------------------------------------------------------------- */

static const float *vector_of(void *context, struct view text, size_t *ret_count)
{
    return embedder_vector(context, text, ret_count);
}

static bool needs_vectors(const struct scoring *scoring)
{
    for (size_t i = 0; i < scoring->count; i++)
        if (scoring->lines[i].has_reference
            && !view_equal(scoring->lines[i].text, scoring->lines[i].reference))
            return true;
    return false;
}

static void stop(void *context)
{
    loop_stop(context);
}

static void on_signal(void *context, int number)
{
    (void)number;
    loop_stop(context);
}

static int embed_all(struct scoring *scoring, struct err *reterr)
{
    struct strbuf program;
    struct err ignored;

    strbuf_init(&program, 4096);
    int code = env_program(&program, reterr);
    struct embedder_options options = {
        .scorer = view_of(scoring->scorer),
        .processes = scoring->host.processes,
        .program = arena_string(&scoring->arena, strbuf_view(&program)),
        .model_dir = model_dir_find(&scoring->arena),
    };
    strbuf_release(&program);
    if (code == 0 && (options.model_dir == NULL || !e5_present(options.model_dir)))
        code = fail(reterr, ERR_IO,
                    "the built-in embedding model is not installed: run scripts/setup, set "
                    "ASSAY_MODEL_DIR, or use --embedding tfidf");
    if (code == 0)
        code = embedder_new(scoring->host.loop, &options, &scoring->embedder, reterr);
    for (size_t i = 0; i < scoring->count && code == 0; i++) {
        if (!scoring->lines[i].has_reference)
            continue;
        code = embedder_want(scoring->embedder, scoring->lines[i].text, reterr);
        if (code == 0)
            code = embedder_want(scoring->embedder, scoring->lines[i].reference, reterr);
    }
    if (code != 0)
        return code;
    embedder_when_idle(scoring->embedder, stop, scoring->host.loop);
    loop_run(scoring->host.loop);
    if (embedder_status(scoring->embedder, &ignored) == 0
        && embedder_stats(scoring->embedder).pending > 0)
        return fail(reterr, ERR_CANCELLED, "interrupted");
    return embedder_status(scoring->embedder, reterr);
}

static int prepare_similar(struct scoring *scoring, const char *embedding, struct err *reterr)
{
    bool builtin = view_is(view_of(embedding), "builtin");

    scoring->similar.kind = view_is(view_of(embedding), "none") ? SIMILAR_NONE
                            : builtin                           ? SIMILAR_VECTOR
                                                                : SIMILAR_NGRAM;
    if (scoring->similar.kind == SIMILAR_NONE)
        return 0;
    scoring->similar.calibration = calibration_find(view_of(builtin ? "e5-small-q4" : "tfidf"));
    assert_always(scoring->similar.calibration != NULL);
    scoring->scorer = scoring->similar.calibration->scorer;
    if (!builtin || !needs_vectors(scoring))
        return 0;
    int code = embed_all(scoring, reterr);
    scoring->similar.vector = vector_of;
    scoring->similar.context = scoring->embedder;
    return code;
}

/* ---- output --------------------------------------------------------------------------------- */

static int print_scores(struct scoring *scoring)
{
    struct strbuf out;
    int status = 0;

    strbuf_init(&out, OUTPUT_BYTES_MAX);
    for (size_t i = 0; i < scoring->count; i++) {
        struct arena scratch;
        struct err err = {0};
        size_t before = out.len;
        arena_init(&scratch, ARENA_BYTES_MAX);
        int code = offline_score(&scoring->lines[i], &scoring->similar, view_of(scoring->scorer),
                                 words_morphology(scoring->words, 0), &scratch, &out, &err);
        arena_release(&scratch);
        if (code != 0) {
            strbuf_cut(&out, before);
            status = command_fail(scoring->cli, code, &err);
        }
    }
    int printed = command_print(scoring->cli, &out);
    strbuf_release(&out);
    return printed != 0 ? printed : status;
}

static int score_files(struct scoring *scoring, const struct score_options *options,
                       const struct operands *operands)
{
    static const struct operands standard_input = {.items = {"-"}, .count = 1};
    const struct operands *files = operands->count > 0 ? operands : &standard_input;
    struct err err = {0};
    int code = 0;

    for (size_t i = 0; i < files->count && code == 0; i++)
        code = read_file(scoring, files->items[i], &err);
    if (code == 0)
        code = host_open(&scoring->host, &err);
    if (code == 0)
        code = signals_start(scoring->host.loop, on_signal, scoring->host.loop, &err);
    if (code == 0)
        code = prepare_similar(scoring, options->embedding, &err);
    if (code == 0)
        code = words_open(dictionary_dir_named(&scoring->arena), 1, &scoring->words, &err);
    if (code != 0)
        return command_fail(scoring->cli, code, &err);
    int status = print_scores(scoring);
    return scoring->bad > 0 ? err_exit_status(ERR_SYNTAX) : status;
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct score_options options = {.embedding = "builtin"};
    struct scoring scoring = {.cli = cli, .scorer = "none"};
    struct operands operands;
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    arena_init(&scoring.arena, ARENA_BYTES_MAX);
    status = score_files(&scoring, &options, &operands);
    embedder_free(scoring.embedder);
    words_close(scoring.words);
    signals_stop();
    host_close(&scoring.host);
    for (size_t i = 0; i < scoring.count; i++)
        offline_release(&scoring.lines[i]);
    arena_release(&scoring.arena);
    return status;
}

const struct command command_score = {
    .name = "score",
    .summary = "scores texts offline, without a target",
    .operands = "[FILE…]",
    .details = "Reads JSON Lines {\"id\", \"text\", \"reference\"?, \"expect\"?} from the files or "
               "standard "
               "input and prints one line of JSON for each: similarity to the reference, keyword "
               "coverage, "
               "structure, language, failed checks and the score composed of what there is. "
               "\"expect\" takes "
               "what a golden set's 'expect:' takes. What has no input is absent, not zero.\n"
               "\n"
               "Exit status: 0; 2 where a line could not be read (the others are scored); 3 where "
               "a file or "
               "the embedding model could not be used.",
    .examples =
        "  echo '{\"id\": \"a\", \"text\": \"こんにちは\", \"expect\": {\"language\": \"ja\"}}' | "
        "assay score\n",
    .tables = {&table},
    .run = run,
};
