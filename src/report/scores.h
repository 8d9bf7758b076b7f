/* SPDX-License-Identifier: Apache-2.0
 *
 * scores: a line of `assay score` for people: each part on a line of its own, and what failed.
 *
 * Pure: the line of JSON goes in, text comes out. Texts of others are shown as data (verdicts.h).
 * Threads: no state. */
#ifndef ASSAY_REPORT_SCORES_H
#define ASSAY_REPORT_SCORES_H

#include "base/strbuf.h"

enum { SCORE_SHOWN_BYTES_MAX = 256 << 20 };

void score_add_explained(struct strbuf *out, struct view line, bool color);

#endif
