/* SPDX-License-Identifier: Apache-2.0
 *
 * report: the table of formats. */
#include "report/report.h"

static const struct report_format formats[] = {
    {.name = "text", .write = report_text},
    {.name = "json", .write = report_json, .write_pieces = report_json_pieces},
    {.name = "markdown", .write = report_markdown},
    {.name = "junit", .write = report_junit},
    {.name = "html", .write = report_html},
    {.name = "github", .write = report_github},
    {.name = "github-summary", .write = report_markdown, .appends = true},
    {.name = "gitlab", .write = report_gitlab},
    {.name = "metrics", .write = report_metrics},
    {.name = "dotenv", .write = report_dotenv},
};

const struct report_format *report_format_named(struct view name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (view_is(name, formats[i].name))
            return &formats[i];
    return NULL;
}

const char *report_format_names(void)
{
    return "text, json, markdown, junit, html, github, github-summary, gitlab, metrics, dotenv";
}

int report_write(const struct report_format *format, const struct run *run,
                 const struct report_options *options, const struct report_sink *sink,
                 struct err *reterr)
{
    struct strbuf text;

    if (format->write_pieces != NULL)
        return format->write_pieces(run, options, sink, reterr);
    strbuf_init(&text, REPORT_BYTES_MAX);
    format->write(run, options, &text);
    int code = strbuf_status(&text);
    if (code == 0)
        code = sink->take(sink->context, strbuf_view(&text), reterr);
    else
        fail(reterr, code, "this report is too large");
    strbuf_release(&text);
    return code;
}
