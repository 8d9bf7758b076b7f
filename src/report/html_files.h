/* SPDX-License-Identifier: Apache-2.0
 *
 * html_files: the style sheet and the script of pages, from web/report/, as the build embeds them
 * (tools/embed_files.py). Threads: constant. */
#ifndef ASSAY_REPORT_HTML_FILES_H
#define ASSAY_REPORT_HTML_FILES_H

#include <stddef.h>

struct html_file {
    const char *name;
    const unsigned char *content;
    size_t len;
};

extern const struct html_file html_files[];
extern const size_t html_file_count;

#endif
