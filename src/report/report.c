/* SPDX-License-Identifier: Apache-2.0
 *
 * report: the table of formats. */
#include "report/report.h"

static const struct report_format formats[] = {
    {"text", report_text},
    {"json", report_json},
    {"markdown", report_markdown},
    {"junit", report_junit},
    {"html", report_html},
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
    return "text, json, markdown, junit, html";
}
