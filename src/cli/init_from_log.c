/* SPDX-License-Identifier: Apache-2.0
 *
 * init_from_log: see init_from_log.h. */
#include "cli/init_from_log.h"

#include <stdio.h>
#include <unistd.h>

#include "app/traffic_run.h"
#include "base/path.h"
#include "cli/model_dir.h"
#include "shell/os/file.h"

enum { FILES_MAX = 8, TEXT_BYTES_MAX = 256 << 20, COMPLAINTS_MAX = 20 };

static const size_t ARENA_BYTES_MAX = (size_t)1 << 30;

struct proposing {
    struct cli *cli;
    const char *log;
    const char *dir;
    struct arena arena;
    struct traffic_run_result result;
    struct {
        const char *path;
        struct view text;
    } files[FILES_MAX];
    size_t file_count;
    uint64_t complaints;
    bool shows_progress;
    struct err err;
};

static void clear_progress(struct proposing *proposing)
{
    if (proposing->shows_progress)
        fputs("\r\033[K", stderr);
}

static void complain(void *context, const struct err *err)
{
    struct proposing *proposing = context;

    clear_progress(proposing);
    if (++proposing->complaints <= COMPLAINTS_MAX)
        fprintf(stderr, "assay init: %s\n", err->text);
}

static void progress(void *context, uint64_t lines)
{
    struct proposing *proposing = context;

    if (proposing->shows_progress)
        fprintf(stderr, "\r%llu lines", (unsigned long long)lines);
}

/* ---- what is written ------------------------------------------------------------------------- */

static const char settings_unknown[] =
    "# A golden set proposed from recorded traffic. The simulator answers until you name a model:\n"
    "#   targets:\n"
    "#     chat: {kind: bedrock, model: MODEL, region: us-east-1}\n"
    "#   and under the suite: target: chat\n"
    "suites:\n"
    "  from-log: {golden: golden/from-log.yaml, target: sim}\n";

/* The log says which model of Bedrock answered. */
static const char settings_bedrock[] =
    "# A golden set proposed from recorded traffic, and the model that answered most of it.\n"
    "# 'assay doctor' looks for its credentials in the environment and in ~/.aws.\n"
    "targets:\n"
    "  chat: {kind: bedrock, model: \"%.*s\", region: \"%.*s\"}\n"
    "suites:\n"
    "  from-log: {golden: golden/from-log.yaml, target: chat}\n";

/* Whether a name from a log may stand in YAML as it is. */
static bool is_plain(struct view name)
{
    struct view signs = view_of("-_.:/");

    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
              || view_find_byte(signs, c) < signs.len))
            return false;
    }
    return name.len > 0 && name.len <= 2048;
}

static bool has_model(const struct traffic_proposals *proposals)
{
    return is_plain(proposals->model) && is_plain(proposals->region);
}

static int add(struct proposing *proposing, const char *name, struct view text)
{
    struct strbuf path;

    strbuf_init(&path, 1 << 16);
    path_join(&path, view_of(proposing->dir), view_of(name));
    const char *full = arena_string(&proposing->arena, strbuf_view(&path));
    strbuf_release(&path);
    if (full == NULL)
        return fail(&proposing->err, ERR_MEMORY, "no memory");
    if (file_exists(full))
        return fail(&proposing->err, ERR_USAGE,
                    "%s: exists already, and nothing is overwritten: name another folder, like "
                    "'assay init --from-log %s shop'",
                    full, proposing->log);
    proposing->files[proposing->file_count].path = full;
    proposing->files[proposing->file_count++].text = text;
    return 0;
}

static int add_written(struct proposing *proposing, const char *name, const struct strbuf *out)
{
    struct view text;

    int code = strbuf_status(out);
    if (code == 0)
        code = arena_copy(&proposing->arena, strbuf_view(out), &text);
    if (code != 0)
        return fail(&proposing->err, code, "%s: %s", name, err_text(code));
    return text.len > 0 ? add(proposing, name, text) : 0;
}

static int add_files(struct proposing *proposing)
{
    const struct traffic_proposals *proposals = &proposing->result.proposals;
    struct strbuf out;

    strbuf_init(&out, TEXT_BYTES_MAX);
    if (has_model(proposals))
        strbuf_printf(&out, settings_bedrock, VIEW_ARG(proposals->model),
                      VIEW_ARG(proposals->region));
    else
        strbuf_add_text(&out, settings_unknown);
    int code = add_written(proposing, "assay.yaml", &out);
    strbuf_reset(&out);
    if (code == 0)
        code = add(proposing, "prompts/answer.md", proposals->template);
    if (code == 0 && proposals->system.len > 0)
        code = add(proposing, "prompts/system.md", proposals->system);
    if (code == 0) {
        traffic_write_golden(proposals, path_name(view_of(proposing->log)), &out);
        code = add_written(proposing, "golden/from-log.yaml", &out);
    }
    strbuf_reset(&out);
    if (code == 0) {
        traffic_write_answers(proposals, &out);
        code = add_written(proposing, "golden/from-log-answers.jsonl", &out);
    }
    strbuf_release(&out);
    return code;
}

static int write_files(struct proposing *proposing)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < proposing->file_count; i++) {
        const char *path = proposing->files[i].path;
        const char *folder = arena_string(&proposing->arena, path_directory(view_of(path)));
        if (folder == NULL)
            return fail(&proposing->err, ERR_MEMORY, "no memory");
        code = file_make_directories(folder, &proposing->err);
        if (code == 0)
            code = file_write(path, proposing->files[i].text, &proposing->err);
    }
    return code;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell(const struct proposing *proposing)
{
    const struct traffic_proposals *proposals = &proposing->result.proposals;

    printf("%llu questions, %llu different ones: %zu entries proposed\n",
           (unsigned long long)proposals->questions, (unsigned long long)proposals->clusters,
           proposals->count);
    if (proposals->systems > 1)
        printf("%llu different system prompts; the one of %.0f %% of the questions was taken\n",
               (unsigned long long)proposals->systems, (double)proposals->system_share_micro / 1e4);
    if (proposals->with_turns > 0)
        printf("%llu questions had turns before them, which their entries do not have\n",
               (unsigned long long)proposals->with_turns);
    if (proposals->uncounted > 0)
        printf("%llu rare questions were not looked at any more\n",
               (unsigned long long)proposals->uncounted);
    printf("%zu place%s of personal data or secrets masked; names of people are not "
           "recognised\n\nwrote:\n",
           proposing->result.masked, proposing->result.masked == 1 ? "" : "s");
    for (size_t i = 0; i < proposing->file_count; i++)
        printf("  %s\n", proposing->files[i].path);
    printf("\nNext: read the entries, then\n");
    if (!view_is(view_of(proposing->dir), "."))
        printf("  cd %s\n", proposing->dir);
    printf("  assay baseline --responses golden/from-log-answers.jsonl   # accept what was "
           "answered\n"
           "  assay test%s\n",
           has_model(proposals) ? "   # asks the model of the log: 'assay doctor' first"
                                : "   # once assay.yaml names your model");
}

int init_from_log(struct cli *cli, const char *log, const char *dir, size_t entries)
{
    struct proposing proposing = {.cli = cli, .log = log, .dir = dir};

    proposing.shows_progress = !cli->quiet && isatty(2);
    arena_init(&proposing.arena, ARENA_BYTES_MAX);
    const struct traffic_run_options options = {
        .path = log,
        .cache = cache_dir_find(&proposing.arena),
        .entries = entries,
        .complain = complain,
        .progress = progress,
        .context = &proposing,
    };
    int code = traffic_run(&options, &proposing.arena, &proposing.result, &proposing.err);
    clear_progress(&proposing);
    if (code == 0)
        code = add_files(&proposing);
    if (code == 0)
        code = write_files(&proposing);
    int status = code != 0 ? command_fail(cli, code, &proposing.err) : 0;
    if (code == 0 && !cli->quiet)
        tell(&proposing);
    if (proposing.complaints > COMPLAINTS_MAX)
        fprintf(stderr, "assay init: and %llu more lines that are none\n",
                (unsigned long long)(proposing.complaints - COMPLAINTS_MAX));
    if (status == 0 && proposing.result.bad > 0)
        status = err_exit_status(ERR_USAGE);
    arena_release(&proposing.arena);
    return status;
}
