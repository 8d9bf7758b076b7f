/* SPDX-License-Identifier: Apache-2.0
 *
 * golden: see golden.h. options → plan → run → print. */
#include "cli/golden.h"

#include <stdio.h>

#include "app/forecast.h"
#include "app/history_past.h"
#include "app/plan_texts.h"
#include "app/provenance.h"
#include "base/path.h"
#include "cli/gate_settings.h"
#include "cli/model_dir.h"
#include "cli/report_output.h"
#include "shell/net/loop.h"
#include "shell/os/clock.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "shell/os/file_map.h"
#include "shell/os/signals.h"
#include "shell/os/terminal.h"

enum { RECORDED_BYTES_MAX = 1 << 30, PROGRESS_EVERY_NS = 100000000 };

#define AT(member) offsetof(struct golden_options, member)

/* what a JSON number keeps in every language */
#define SEED_MAX (((int64_t)1 << 53) - 1)

static const struct option items[] = {
    {"config", 'c', OPTION_TEXT, "FILE", AT(config),
     "the configuration (default: assay.yaml in this folder)", NULL, 0, 0},
    {"suite", 's', OPTION_TEXT, "SUITE", AT(suite), "which suite, where there are several", NULL, 0,
     0},
    {"target", 't', OPTION_TEXT, "TARGET", AT(target),
     "ask this target instead of the suite's; 'sim' is always there", NULL, 0, 0},
    {"filter", 0, OPTION_LIST, "TAG", AT(tags),
     "only entries with this tag; repeatable, any counts", NULL, 0, 0},
    {"repeat", 'n', OPTION_TEXT, "N", AT(repeat),
     "ask every entry so often; auto or auto:MAX: 2 to MAX times (10), those again whose answers "
     "can "
     "still change the verdict",
     NULL, 0, 0},
    {"max-cost", 0, OPTION_DOLLARS, "DOLLARS", AT(max_cost_nano_usd),
     "ask nothing more once the run has cost so much (default: the suite's max_cost)", NULL, 0, 0},
    {"responses", 0, OPTION_TEXT, "FILE", AT(responses),
     "take recorded answers (JSON Lines {\"id\", \"response\"}) instead of asking; - is standard "
     "input",
     NULL, 0, 0},
    {"set", 0, OPTION_LIST, "KEY=VALUE", AT(overrides),
     "override one setting, like suites.manga.repeat=5; repeatable", NULL, 0, 0},
    {"jobs", 'j', OPTION_INT, "N", AT(concurrency), "at most so many questions at once", NULL, 1,
     10000},
    {"seed", 0, OPTION_INT, "N", AT(seed), "of everything that is drawn by chance", NULL, 0,
     SEED_MAX},
    {"format", 'f', OPTION_CHOICE, "FORMAT", AT(format),
     "what goes to standard output: text, json, markdown, junit, html, github, gitlab, metrics, "
     "dotenv",
     "text,json,markdown,junit,html,github,gitlab,metrics,dotenv", 0, 0},
    {"output", 'o', OPTION_LIST, "FORMAT=FILE", AT(outputs),
     "also write a report to a file, like junit=report.xml; repeatable; github-summary adds to it",
     NULL, 0, 0},
    {"no-cache", 0, OPTION_FLAG, NULL, AT(no_cache), "neither read nor keep embeddings", NULL, 0,
     0},
    {"strict", 0, OPTION_FLAG, NULL, AT(strict),
     "fail also below a floor and where statistics are inconclusive", NULL, 0, 0},
    {"major", 0, OPTION_CHOICE, "WHAT", AT(major),
     "what a major regression does without a sign-off: warn (exit 0), fail (exit 1); default: exit "
     "4",
     "warn,fail", 0, 0},
    {"filter-failing", 0, OPTION_FLAG, NULL, AT(filter_failing),
     "only entries that failed in the suite's last run", NULL, 0, 0},
    {"shard", 0, OPTION_TEXT, "I/N", AT(shard),
     "only part I (from 0) of N; auto or auto/N: as Kubernetes, AWS Batch, Slurm, MPI or GitLab "
     "number this process; 'assay merge' joins the reports",
     NULL, 0, 0},
    {"dry-run", 0, OPTION_FLAG, NULL, AT(dry_run),
     "tell what would be asked, how often and at what cost; ask nothing", NULL, 0, 0},
    {"verbose", 'v', OPTION_FLAG, NULL, AT(verbose), "show entries that are fine too", NULL, 0, 0},
};

const struct options_table golden_options_table = {items, sizeof items / sizeof items[0]};

struct golden_options golden_options_default(void)
{
    return (struct golden_options){.format = "text", .seed = -1, .max_cost_nano_usd = -1};
}

struct plan_options golden_plan_options(const struct golden_options *options)
{
    int64_t repeat = 0;
    int64_t repeat_max = 0;

    if (options->repeat != NULL && settings_repeat(view_of(options->repeat), &repeat, &repeat_max))
        repeat = repeat_max = 0; /* told by golden_open */
    return (struct plan_options){
        .config = options->config,
        .suite = options->suite,
        .target = options->target,
        .tags = options->tags.items,
        .tag_count = options->tags.count,
        .overrides = options->overrides.items,
        .override_count = options->overrides.count,
        .repeat = repeat,
        .repeat_max = repeat_max,
        .max_cost_micro = options->max_cost_nano_usd > 0 && options->max_cost_nano_usd < 1000
                              ? 1
                              : options->max_cost_nano_usd / 1000,
        .concurrency = options->concurrency,
        .seed = options->seed,
    };
}

static int refuse(struct golden_command *command, int code, const struct err *err, int *ret_exit)
{
    *ret_exit = command_fail(command->cli, code, err);
    return code;
}

static int check_numbers(const struct golden_options *options, struct err *reterr)
{
    int64_t repeat;
    int64_t most;

    if (options->repeat != NULL && settings_repeat(view_of(options->repeat), &repeat, &most) != 0)
        return fail(reterr, ERR_USAGE,
                    "--repeat: '%s' must be from 1 to %d, or auto, or auto:MAX with MAX from 2 to "
                    "%d",
                    options->repeat, SETTINGS_REPEAT_MAX, SETTINGS_REPEAT_AUTO_MAX);
    if (options->max_cost_nano_usd == 0)
        return fail(reterr, ERR_USAGE, "--max-cost: must be above 0: --dry-run asks nothing");
    return 0;
}

static int read_recorded(struct golden_command *command, struct err *reterr)
{
    const char *path = command->options->responses;
    struct file_map map;

    if (path == NULL)
        return 0;
    int code = file_map_open(path, RECORDED_BYTES_MAX, &map, reterr);
    if (code != 0)
        return code;
    const struct text_keeper keeper = plan_texts_keeper(command->plan.texts, &map);
    if (recorded_parse_kept(&command->plan.arena, &keeper, view_of(path), map.text,
                            &command->recorded)
        != 0)
        code = fail(reterr, ERR_MEMORY, "%s: no memory for these answers", path);
    file_map_close(&map);
    command->has_recorded = code == 0;
    return code;
}

static struct view look_up(void *context, struct view name)
{
    (void)context;
    return env_get(name);
}

int golden_open(struct golden_command *command, const struct plan_options *plan_options,
                int *ret_exit)
{
    struct plan_options wanted = *plan_options;
    struct err err = {0};

    int code = check_numbers(command->options, &err);
    if (code == 0 && command->options->shard != NULL)
        code = shard_read(view_of(command->options->shard), look_up, NULL, &wanted.shard, &err);
    if (code == 0)
        code = report_output_check(&command->options->outputs, &err);
    if (code == 0)
        code = plan_make(&wanted, &command->plan, &err);
    if (code == 0)
        code = read_recorded(command, &err);
    if (code == 0)
        code = host_open(&command->host, &err);
    return code == 0 ? 0 : refuse(command, code, &err, ret_exit);
}

void golden_close(struct golden_command *command)
{
    golden_run_free(command->run);
    signals_stop();
    host_close(&command->host);
    if (command->has_recorded)
        recorded_release(&command->recorded);
    plan_release(&command->plan);
}

/* ---- the run -------------------------------------------------------------------------------- */

static void clear_progress(struct golden_command *command)
{
    if (command->shown > 0)
        fputs("\r\033[K", stderr);
    command->shown = 0;
}

static void show_progress(void *context, const struct golden_progress *progress)
{
    struct golden_command *command = context;
    uint64_t now_ns = clock_now_ns();

    if (command->cli->quiet || !terminal_is(2) || now_ns - command->told_ns < PROGRESS_EVERY_NS)
        return;
    command->told_ns = now_ns;
    command->shown = 1;
    fprintf(stderr, "\r%zu of %zu answers", progress->answered, progress->total);
    if (progress->errors > 0)
        fprintf(stderr, ", %zu errors", progress->errors);
    if (progress->embedding)
        fputs(", comparing", stderr);
    fputs("\033[K", stderr);
    fflush(stderr);
}

/* --log-level debug: a line an answer. */
static void log_answer(void *context, const struct run_entry *entry, const struct sample *sample)
{
    struct golden_command *command = context;
    const struct reply *reply = &sample->answer.reply;
    struct view error = reply->code != 0 ? reply->error_text : view_of("");

    clear_progress(command);
    fprintf(stderr, "debug: %.*s @%.*s #%zu: %s in %.0f ms, %u attempt%s%s%.*s\n",
            VIEW_ARG(entry->id), VIEW_ARG(entry->target), (size_t)(sample - entry->samples) + 1,
            reply->code == 0 ? "answered" : err_name(reply->code),
            (double)sample->answer.latency_ns / 1e6, sample->answer.attempts,
            sample->answer.attempts == 1 ? "" : "s", error.len != 0 ? ": " : "", VIEW_ARG(error));
}

static void on_signal(void *context, int number)
{
    struct golden_command *command = context;

    (void)number;
    clear_progress(command);
    fputs("assay: stopping; what was measured is reported (Ctrl-C again ends at once)\n", stderr);
    golden_run_interrupt(command->run);
}

static void on_ended(void *context)
{
    struct golden_command *command = context;
    loop_stop(command->host.loop);
}

static int run_loop(struct golden_command *command, struct err *reterr)
{
    int code = signals_start(command->host.loop, on_signal, command, reterr);

    if (code != 0)
        return code;
    golden_run_start(command->run, on_ended, command);
    loop_run(command->host.loop);
    signals_stop(); /* from here on nobody would hear one: the system's default ends us */
    clear_progress(command);
    return golden_run_finish(command->run, &command->result, reterr);
}

static bool logs_info(const struct cli *cli)
{
    struct view level = view_of(cli->log_level);

    return !cli->quiet && (view_is(level, "info") || view_is(level, "debug"));
}

static void log_resized(void *context, const struct asker *asker, uint32_t from, uint32_t to,
                        const char *why)
{
    struct view name = asker_target(asker)->name;

    (void)context;
    if (from != to)
        fprintf(stderr, "assay: target '%.*s': %u instead of %u connections at most: %s\n",
                VIEW_ARG(name), to, from, why);
    else
        fprintf(stderr, "assay: target '%.*s': %u connections: %s\n", VIEW_ARG(name), from, why);
}

/* A bound that cannot hold is told before anything is asked. */
static void tell_unpriced(const struct golden_command *command)
{
    size_t index = 0;

    if (command->plan.max_cost_micro < 0)
        return;
    for (const struct target *target = golden_run_unpriced(command->run, &index); target != NULL;
         target = golden_run_unpriced(command->run, &index))
        fprintf(stderr,
                "assay: no price of target '%.*s' is known, so --max-cost does not bound what it "
                "is asked: set its price, like price: {input: 3, output: 15}\n",
                VIEW_ARG(target->settings->name));
}

static int find_provenance(struct golden_command *command, struct provenance *ret_provenance,
                           struct err *reterr)
{
    struct arena *arena = &command->plan.arena;
    const char *folder = arena_string(arena, path_directory(command->plan.suite->golden));

    if (folder == NULL
        || provenance_find(folder, "assay " ASSAY_VERSION, arena, ret_provenance) != 0)
        return fail(reterr, ERR_MEMORY, "no memory for a run");
    return 0;
}

int golden_execute(struct golden_command *command, const char *kind, bool rescore, int *ret_exit)
{
    struct err err = {0};
    struct strbuf program;
    struct golden_run_options options = {
        .kind = kind,
        .model_dir = model_dir_find(&command->plan.arena),
        .dictionary_dir = dictionary_dir_named(&command->plan.arena),
        .recorded = command->has_recorded ? &command->recorded : NULL,
        .rescore = rescore,
        .gate =
            gate_settings(command->plan.suite, command->options->strict, command->options->major),
        .no_cache = command->options->no_cache,
        .progress = show_progress,
        .progress_context = command,
        .resized = logs_info(command->cli) ? log_resized : NULL,
        .answered = view_is(view_of(command->cli->log_level), "debug") ? log_answer : NULL,
    };

    strbuf_init(&program, 4096);
    int code = env_program(&program, &err);
    if (code == 0)
        code = find_provenance(command, &options.provenance, &err);
    options.program = arena_string(&command->plan.arena, strbuf_view(&program));
    strbuf_release(&program);
    if (code == 0)
        code = golden_run_new(&command->plan, &command->host, &options, &command->run, &err);
    if (code == 0) {
        tell_unpriced(command);
        code = run_loop(command, &err);
    }
    return code == 0 ? 0 : refuse(command, code, &err, ret_exit);
}

/* ---- reports -------------------------------------------------------------------------------- */

static void add_past(struct golden_command *command, struct report_output *output)
{
    if (report_output_wants_past(output)
        && history_past(&command->plan, command->result, &command->plan.arena, &output->past,
                        &output->past_count)
               != 0)
        output->past_count = 0;
}

static struct report_output output_of(struct golden_command *command)
{
    struct report_output output = {
        .cli = command->cli,
        .files = &command->options->outputs,
        .format = command->options->format,
        .verbose = command->options->verbose,
        .texts = command->plan.texts,
    };

    add_past(command, &output);
    return output;
}

int golden_write_outputs(struct golden_command *command)
{
    struct report_output output = output_of(command);
    return report_output_files(&output, command->result);
}

int golden_print(struct golden_command *command, int exit_status)
{
    struct report_output output = output_of(command);
    return report_output_print(&output, command->result, exit_status);
}

/* ---- --dry-run ------------------------------------------------------------------------------ */

int golden_dry_run(struct golden_command *command)
{
    const struct plan *plan = &command->plan;
    struct err err = {0};
    struct strbuf out;
    char more[48] = "";
    int code = 0;

    strbuf_init(&out, 1 << 20);
    if (plan->repeat_max > 0)
        snprintf(more, sizeof more, " to %u, as far as needed", plan->repeat_max);
    strbuf_printf(&out, "suite %.*s: %zu entries × %u%s, baseline: %s\n",
                  VIEW_ARG(plan->suite->name), plan->item_count, plan->repeat, more,
                  plan->has_baseline ? plan->baseline_path : "none");
    for (size_t i = 0; i < plan->target_count && code == 0; i++)
        code = forecast_target(plan, i, &out, &err);
    int status =
        code == 0 ? command_print(command->cli, &out) : command_fail(command->cli, code, &err);
    strbuf_release(&out);
    return status;
}
