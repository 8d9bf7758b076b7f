/* SPDX-License-Identifier: Apache-2.0
 *
 * json_parts: what the files that write a run as JSON share. Private to report. */
#ifndef ASSAY_REPORT_JSON_PARTS_H
#define ASSAY_REPORT_JSON_PARTS_H

#include "core/record/run.h"
#include "wire/json.h"

/* Nothing where the text is empty. */
void json_optional_text(struct json_writer *writer, const char *key, struct view value);

/* Nothing where the value is false. */
void json_optional_true(struct json_writer *writer, const char *key, bool value);

/* The parts that are there. */
void json_score(struct json_writer *writer, const char *key, const struct score *score);

void json_sentences(struct json_writer *writer, const char *key, const struct view *items,
                    size_t count);

#endif
