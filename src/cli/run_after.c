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
    {"ci", 0, OPTION_CHOICE, "WHAT", AT(ci), RUN_AFTER_CI_HELP, "auto,none", 0, 0},
    {"no-alerts", 0, OPTION_FLAG, NULL, AT(no_alerts), RUN_AFTER_ALERTS_HELP, NULL, 0, 0},
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

static void tell_ci(const char *ci, const struct run *run)
{
    const struct report_options options = {.assay_version = ASSAY_VERSION};
    struct strbuf text;

    if (ci == NULL || !view_is(view_of(ci), "auto")
        || !view_is(env_get(view_of("GITHUB_ACTIONS")), "true"))
        return;
    strbuf_init(&text, REPORT_BYTES_MAX);
    report_github(run, &options, &text);
    fputs(strbuf_text(&text), stderr);
    strbuf_release(&text);
    add_to(run, "GITHUB_STEP_SUMMARY", report_markdown);
    add_to(run, "GITHUB_OUTPUT", report_dotenv);
}

/* ---- alerts ---------------------------------------------------------------------------------- */

static void warn(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "assay: %s\n", text);
}

static void send_alerts(const struct run_after *after, const struct run *run)
{
    const struct alerts_options alerts = {
        .host = after->host,
        .settings = after->settings,
        .state_dir = after->state_dir,
        .cache = cache_dir_find(after->arena),
        .assay_version = ASSAY_VERSION,
        .is_partial = after->is_partial,
        .tell = warn,
    };

    if (!after->no_alerts && after->host != NULL)
        alerts_send(&alerts, run);
}

void run_after(const struct run_after *after, const struct run *run, int status)
{
    struct run told = *run;

    told.gate.exit_status = status;
    tell_ci(after->ci, &told);
    send_alerts(after, &told);
}
