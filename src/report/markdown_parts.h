/* SPDX-License-Identifier: Apache-2.0
 *
 * markdown_parts: what the files that write Markdown share. Private to report. */
#ifndef ASSAY_REPORT_MARKDOWN_PARTS_H
#define ASSAY_REPORT_MARKDOWN_PARTS_H

#include "base/strbuf.h"

/* Text of others: HTML-escaped, one line, with everything that Markdown or GitHub would act on as
 * an entity. */
void markdown_add_escaped(struct strbuf *out, struct view text);

#endif
