/* SPDX-License-Identifier: Apache-2.0
 *
 * run_after: see run_after.h. GitHub Actions: annotations on standard error, which its runner reads
 * as it reads standard output, so that a report that is piped on stays whole; the summary of the
 * step and its outputs are added to the files that it names. */
#include "cli/run_after.h"

#include <stdio.h>

#include "app/alerts.h"
#include "cli/model_dir.h"
#include "report/report.h"
#include "shell/os/env.h"
#include "shell/os/file.h"

#define AT(member) offsetof(struct golden_options, member)

static const struct option items[] = {
    {"ci", 0, OPTION_CHOICE, "WHAT", AT(ci),
     "auto: in GitHub Actions also annotate the entries, add to the step's summary and set its "
     "outputs (ASSAY_OUTCOME, …); none: do not",
     "auto,none", 0, 0},
    {"no-alerts", 0, OPTION_FLAG, NULL, AT(no_alerts), "send nothing to alert channels", NULL, 0,
     0},
};

const struct options_table run_after_options_table = {items, sizeof items / sizeof items[0]};

/* ---- CI -------------------------------------------------------------------------------------- */

typedef void run_writer(const struct run *run, const struct report_options *options,
                        struct strbuf *out);

static void add_to(const struct run *run, const char *variable, run_writer *writer)
{
    const struct report_options options = {.assay_version = ASSAY_VERSION};
    struct view file = env_get(view_of(variable));
    struct strbuf text;
    struct err err = {0};

    if (file.len == 0)
        return;
    strbuf_init(&text, REPORT_BYTES_MAX);
    writer(run, &options, &text);
    int code = strbuf_status(&text);
    if (code == 0)
        code = file_append(file.ptr, strbuf_view(&text), &err);
    if (code != 0)
        fprintf(stderr, "assay: %s: %s\n", variable, err.code != 0 ? err.text : err_text(code));
    strbuf_release(&text);
}

static void tell_ci(const struct golden_command *command, int status)
{
    const char *ci = command->options->ci;
    const struct report_options options = {.assay_version = ASSAY_VERSION};
    struct run shown = *command->result;
    struct strbuf text;

    if (ci == NULL || !view_is(view_of(ci), "auto")
        || !view_is(env_get(view_of("GITHUB_ACTIONS")), "true"))
        return;
    shown.gate.exit_status = status;
    strbuf_init(&text, REPORT_BYTES_MAX);
    report_github(&shown, &options, &text);
    fputs(strbuf_text(&text), stderr);
    strbuf_release(&text);
    add_to(&shown, "GITHUB_STEP_SUMMARY", report_markdown);
    add_to(&shown, "GITHUB_OUTPUT", report_dotenv);
}

/* ---- alerts ---------------------------------------------------------------------------------- */

static void warn(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "assay: %s\n", text);
}

static void send_alerts(struct golden_command *command, int status)
{
    const struct golden_options *options = command->options;
    struct run told = *command->result;
    struct alerts_options alerts = {
        .host = &command->host,
        .settings = &command->plan.settings,
        .state_dir = command->plan.state_dir,
        .cache = cache_dir_find(&command->plan.arena),
        .assay_version = ASSAY_VERSION,
        .is_partial = options->tags.count > 0 || options->filter_failing,
        .tell = warn,
    };

    if (options->no_alerts)
        return;
    told.gate.exit_status = status;
    alerts_send(&alerts, &told);
}

void run_after(struct golden_command *command, int status)
{
    tell_ci(command, status);
    send_alerts(command, status);
}
