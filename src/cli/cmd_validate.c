/* SPDX-License-Identifier: Apache-2.0
 *
 * assay validate: answers held against a policy: JSON Lines in, a decision a line out, in order. */
#include <stdio.h>

#include "app/host.h"
#include "app/plan.h"
#include "app/validate_run.h"
#include "cli/command.h"
#include "cli/model_dir.h"
#include "cli/output.h"
#include "report/verdicts.h"
#include "shell/net/loop.h"
#include "shell/os/clock.h"
#include "shell/os/env.h"
#include "shell/os/signals.h"
#include "shell/os/terminal.h"
#include "shell/os/workers.h"

static const size_t ARENA_BYTES_MAX = (size_t)256 << 20;
static const uint64_t PROGRESS_EVERY_NS = 100000000;

struct validate_options {
    struct common_options common;
    const char *policy;
    const char *config;
    const char *format;
    struct option_list outputs;
    int64_t piece_bytes;
    int64_t threads;
    bool explain;
    bool dry_run;
};

#define AT(member) offsetof(struct validate_options, member)

static const struct option items[] = {
    {"policy", 'p', OPTION_TEXT, "FILE", AT(policy),
     "the policy (default: the one of docs/validation.md)", NULL, 0, 0},
    {"explain", 0, OPTION_FLAG, NULL, AT(explain),
     "for people: every check with its evidence in its place", NULL, 0, 0},
    {"format", 0, OPTION_CHOICE, "FORMAT", AT(format),
     "json (a line of JSON an answer, the default) or text (a line for people)", "json,text", 0, 0},
    {"output", 'o', OPTION_LIST, "FORMAT=FILE", AT(outputs),
     "also write json, text or explain to a file; repeatable", NULL, 0, 0},
    {"stream", 0, OPTION_INT, "N", AT(piece_bytes),
     "feed each answer in pieces of N bytes, as a stream would; no verdict changes", NULL, 1,
     1 << 30},
    {"jobs", 'j', OPTION_INT, "N", AT(threads), "threads (default: one a core)", NULL, 1,
     WORKERS_MAX},
    {"config", 'c', OPTION_TEXT, "FILE", AT(config),
     "assay.yaml, for the targets of judges and guardrails", NULL, 0, 0},
    {"dry-run", 0, OPTION_FLAG, NULL, AT(dry_run),
     "show the policy's checks and what follows from each; read no answer", NULL, 0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct validating {
    struct cli *cli;
    const struct validate_options *options;
    struct arena arena;
    struct settings settings;
    struct host host;
    struct validator *validator;
    struct ask_checks *asks;
    struct validate_run *run;
    struct outputs outputs;
    struct validate_sink sinks[VALIDATE_SINKS_MAX];
    bool is_colored;
};

/* ---- forms of a verdict --------------------------------------------------------------------- */

static void render_json(void *context, const struct validate_outcome *outcome, struct strbuf *out)
{
    (void)context;
    validate_line_write(outcome->line, outcome->validated, out);
}

static void render_text(void *context, const struct validate_outcome *outcome, struct strbuf *out)
{
    verdict_add_line(out, outcome->line, outcome->validated, output_is_colored(context));
}

static void render_explained(void *context, const struct validate_outcome *outcome,
                             struct strbuf *out)
{
    verdict_add_explained(out, outcome->policy, outcome->line, outcome->validated,
                          output_is_colored(context));
}

static const struct {
    const char *name;
    void (*render)(void *context, const struct validate_outcome *outcome, struct strbuf *out);
} forms[] = {
    {"json", render_json},
    {"text", render_text},
    {"explain", render_explained},
};

static int form_named(struct view name, size_t *ret_form)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (view_is(name, forms[i].name)) {
            *ret_form = i;
            return 0;
        }
    return ERR_INVALID;
}

static int write_out(void *context, size_t sink, struct view text, struct err *reterr)
{
    struct validating *validating = context;
    return output_add(&validating->outputs, sink, text, reterr);
}

/* Standard output first, then every -o. */
static int open_outputs(struct validating *validating, struct err *reterr)
{
    const struct validate_options *options = validating->options;
    const char *standard = options->explain          ? "explain"
                           : options->format != NULL ? options->format
                                                     : "json";
    enum terminal_color color = TERMINAL_COLOR_AUTO;
    size_t form = 0;

    int code = terminal_color_read(view_of(validating->cli->color), &color, reterr);
    if (code == 0)
        code = outputs_open(&validating->outputs, &options->outputs, reterr);
    if (code != 0)
        return code;
    outputs_color(&validating->outputs, terminal_colored(1, color));
    for (size_t i = 0; i < outputs_count(&validating->outputs) && code == 0; i++) {
        struct view name =
            i == 0 ? view_of(standard) : output_format(outputs_at(&validating->outputs, i));
        code = form_named(name, &form);
        if (code != 0)
            return fail(reterr, ERR_USAGE,
                        "--output: there is no format '%.*s', only json, text, explain",
                        VIEW_ARG(name));
        validating->sinks[i] = (struct validate_sink){
            .render = forms[form].render, .context = outputs_at(&validating->outputs, i)};
    }
    return 0;
}

/* ---- progress ------------------------------------------------------------------------------- */

static void show_progress(void *context, uint64_t now_ns)
{
    struct validating *validating = context;
    const struct validate_summary summary = validate_run_summary(validating->run);

    outputs_show_progress(
        &validating->outputs, "%llu checked, %llu not accepted",
        (unsigned long long)summary.answers,
        (unsigned long long)(summary.answers - summary.decisions[VALIDATE_ACCEPT]));
    int code =
        loop_wake_at(validating->host.loop, now_ns + PROGRESS_EVERY_NS, show_progress, validating);
    (void)code; /* without a timer there is no progress to see */
}

static void complain(void *context, const struct err *err)
{
    struct validating *validating = context;

    outputs_flush_now(&validating->outputs);
    outputs_hide_progress(&validating->outputs);
    command_fail(validating->cli, err->code, err);
}

static void on_idle(void *context)
{
    struct validating *validating = context;
    outputs_flush_soon(&validating->outputs, validating->host.loop);
}

static void on_signal(void *context, int number)
{
    struct validating *validating = context;

    (void)number;
    outputs_hide_progress(&validating->outputs);
    fputs("assay: stopping; what was checked is printed (Ctrl-C again ends at once)\n", stderr);
    validate_run_interrupt(validating->run);
}

/* ---- the summary ---------------------------------------------------------------------------- */

static void add_asked(struct strbuf *out, const struct ask_figures *figures)
{
    strbuf_printf(out, "  %.*s: %llu asked", VIEW_ARG(figures->check->name),
                  (unsigned long long)figures->asked);
    if (figures->failed > 0)
        strbuf_printf(out, ", %llu without a verdict", (unsigned long long)figures->failed);
    if (figures->agreement_micro >= 0)
        strbuf_printf(out, ", repeats agree by %.1f %%", (double)figures->agreement_micro / 1e4);
    if (figures->tokens_in + figures->tokens_out > 0)
        strbuf_printf(out, ", %llu tokens in and %llu out", (unsigned long long)figures->tokens_in,
                      (unsigned long long)figures->tokens_out);
    if (figures->has_cost)
        strbuf_printf(out, ", $%.4f", (double)figures->cost_nano_usd / 1e9);
    strbuf_add_byte(out, '\n');
}

static void add_counts(struct strbuf *out, const struct validate_summary *summary)
{
    strbuf_printf(out, "%llu answer%s: %llu accepted, %llu to retry, %llu to fall back",
                  (unsigned long long)summary->answers, summary->answers == 1 ? "" : "s",
                  (unsigned long long)summary->decisions[VALIDATE_ACCEPT],
                  (unsigned long long)summary->decisions[VALIDATE_RETRY],
                  (unsigned long long)summary->decisions[VALIDATE_FALLBACK]);
    if (summary->masked > 0)
        strbuf_printf(out, "; %llu masked", (unsigned long long)summary->masked);
    if (summary->logged > 0)
        strbuf_printf(out, "; %llu to log", (unsigned long long)summary->logged);
    if (summary->bad > 0)
        strbuf_printf(out, "; %llu line%s could not be read", (unsigned long long)summary->bad,
                      summary->bad == 1 ? "" : "s");
    strbuf_add_byte(out, '\n');
}

static void print_summary(struct validating *validating, const struct validate_summary *summary)
{
    const struct policy *policy = validator_policy(validating->validator);
    struct ask_figures figures;
    struct strbuf out;

    if (validating->cli->quiet)
        return;
    strbuf_init(&out, 1 << 20);
    add_counts(&out, summary);
    for (size_t i = 0; i < policy->check_count; i++)
        if (summary->failed[i] > 0)
            strbuf_printf(&out, "  %.*s: %llu failed\n", VIEW_ARG(policy->checks[i].name),
                          (unsigned long long)summary->failed[i]);
    if (summary->failed[policy->check_count] > 0)
        strbuf_printf(&out, "  checks of the lines' own: %llu failed\n",
                      (unsigned long long)summary->failed[policy->check_count]);
    for (size_t i = 0;
         validating->asks != NULL && ask_checks_figures(validating->asks, i, &figures); i++)
        add_asked(&out, &figures);
    fputs(strbuf_text(&out), stderr);
    strbuf_release(&out);
}

/* The first of 130, 2, 1, 3 that holds. */
static int exit_status_of(struct validating *validating, const struct validate_summary *summary)
{
    struct ask_figures figures;
    bool has_silent = false;

    for (size_t i = 0;
         validating->asks != NULL && ask_checks_figures(validating->asks, i, &figures); i++)
        has_silent = has_silent || figures.failed > 0;
    if (summary->interrupted)
        return err_exit_status(ERR_CANCELLED);
    if (summary->has_usage_error)
        return err_exit_status(ERR_SYNTAX);
    if (summary->answers > summary->decisions[VALIDATE_ACCEPT])
        return err_exit_status(ERR_FAILED);
    return summary->has_trouble || has_silent ? err_exit_status(ERR_IO) : 0;
}

/* ---- the run -------------------------------------------------------------------------------- */

static uint32_t threads_of(const struct validate_options *options)
{
    uint32_t cores = env_cores();

    if (options->threads > 0)
        return (uint32_t)options->threads;
    return cores < WORKERS_MAX ? cores : WORKERS_MAX;
}

static int prepare(struct validating *validating, struct err *reterr)
{
    const struct validator_options options = {
        .policy = validating->options->policy,
        .cache = cache_dir_find(&validating->arena),
        .model_dir = model_dir_find(&validating->arena),
        .dictionary_dir = dictionary_dir_named(&validating->arena),
        .threads = threads_of(validating->options),
    };

    return validator_new(&options, &validating->validator, reterr);
}

/* Nobody to ask: a loop is enough. */
static int open_host(struct validating *validating, struct err *reterr)
{
    const struct policy *policy = validator_policy(validating->validator);

    if (!ask_checks_wanted(policy))
        return loop_new(&validating->host.loop, reterr);
    int code = plan_settings(&validating->arena, validating->options->config, NULL, 0,
                             &validating->settings, reterr);
    if (code == 0)
        code = host_open(&validating->host, reterr);
    if (code == 0)
        code = ask_checks_new(&validating->host, &validating->settings, &policy, 1,
                              &validating->asks, reterr);
    return code;
}

static int start(struct validating *validating, const struct operands *operands, struct err *reterr)
{
    static const char *const standard_input[] = {"-"};
    const struct validate_run_options options = {
        .paths = operands->count > 0 ? operands->items : standard_input,
        .path_count = operands->count > 0 ? operands->count : 1,
        .threads = threads_of(validating->options),
        .piece_bytes = (size_t)validating->options->piece_bytes,
        .validator = validating->validator,
        .asks = validating->asks,
        .sinks = validating->sinks,
        .sink_count = outputs_count(&validating->outputs),
        .write = write_out,
        .complain = complain,
        .idle = on_idle,
        .context = validating,
    };
    struct loop *loop = validating->host.loop;

    int code = validate_run_new(loop, &options, &validating->run, reterr);
    if (code == 0)
        code = signals_start(loop, on_signal, validating, reterr);
    if (code == 0 && !validating->cli->quiet && terminal_is(2))
        code = loop_wake_at(loop, loop_now(loop) + PROGRESS_EVERY_NS, show_progress, validating);
    return code == 0 ? validate_run_go(validating->run, reterr) : code;
}

static int finish(struct validating *validating)
{
    struct err err = {0};

    signals_stop(); /* from here on nobody would hear one: the system's default ends us */
    outputs_hide_progress(&validating->outputs);
    int written = outputs_close(&validating->outputs, &err);
    const struct validate_summary summary = validate_run_summary(validating->run);
    int status = exit_status_of(validating, &summary);
    print_summary(validating, &summary);
    if (written == 0 || written == ERR_CLOSED)
        return status;
    int trouble = command_fail(validating->cli, written, &err);
    return status != 0 ? status : trouble;
}

static int run_all(struct validating *validating, const struct operands *operands)
{
    struct err err = {0};
    struct strbuf text;

    int code = prepare(validating, &err);
    if (code == 0 && validating->options->dry_run) {
        strbuf_init(&text, 1 << 20);
        verdict_add_policy(&text, validator_policy(validating->validator));
        int printed = command_print(validating->cli, &text);
        strbuf_release(&text);
        return printed;
    }
    if (code == 0)
        code = open_outputs(validating, &err);
    if (code == 0)
        code = open_host(validating, &err);
    if (code == 0)
        code = start(validating, operands, &err);
    if (code != 0)
        return command_fail(validating->cli, code, &err);
    signals_ignore_pipe();
    loop_run(validating->host.loop);
    return finish(validating);
}

static void release(struct validating *validating)
{
    signals_stop();
    ask_checks_free(validating->asks);
    validate_run_free(validating->run);
    outputs_release(&validating->outputs, validating->host.loop);
    validator_free(validating->validator);
    host_close(&validating->host);
    arena_release(&validating->arena);
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct validate_options options = {0};
    struct validating validating = {.cli = cli, .options = &options};
    struct operands operands;
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    arena_init(&validating.arena, ARENA_BYTES_MAX);
    status = run_all(&validating, &operands);
    release(&validating);
    return status;
}

const struct command command_validate = {
    .name = "validate",
    .summary = "checks answers against a policy and prints decisions",
    .operands = "[FILE…]",
    .details =
        "Reads JSON Lines {\"id\"?, \"response\", \"expect\"?, \"sources\"?, \"system_prompt\"?, "
        "\"prompt\"?, \"stop_reason\"?, \"usage\"?} from the files or standard input and prints a "
        "line of JSON for each, in order: {\"id\", \"decision\": \"accept\", \"retry\" or "
        "\"fallback\", \"log\", \"failed\": [{\"check\", \"evidence\", \"start\", \"end\", "
        "\"message\"}], \"masked\"?}. Offsets are bytes of the response. \"expect\" takes what a "
        "golden set's 'expect:' takes; what it does not say is the policy's. Other members are "
        "passed over.\n"
        "\n"
        "Without --policy the default holds: the format (retry), keywords, forbidden words "
        "(retry), "
        "language (retry), length (retry), personal data, secrets, text that gives orders to a "
        "model, leaked system prompts and bad stop reasons (fall back), values and sentences that "
        "no source supports (retry). --dry-run shows any policy's checks; docs/validation.md "
        "explains them and how to write one.\n"
        "\n"
        "Input may be larger than memory; a line may have 64 MiB, a response 32 MiB. Judges, "
        "guardrails and commands of a policy are asked many at once, within their targets' "
        "limits; one that gives no verdict fails its check.\n"
        "\n"
        "Exit status: 0 all accepted; 1 an answer is not; 2 a line or file that could not be read "
        "(the others are checked), or a mistake in the policy; 3 a judge, guardrail, command or "
        "file that could not be used; 130 interrupted. Where several hold: 130, 2, 1, 3.",
    .examples =
        "  echo '{\"id\": \"a\", \"response\": \"Mail me: a@example.com\"}' | assay validate\n"
        "  assay validate --policy policy.yaml --explain answers.jsonl\n",
    .tables = {&table},
    .run = run,
};
