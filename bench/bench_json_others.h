/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_json_others: the readers that bench_json compares ours with, apart from it because jansson
 * gives its own meaning to names that json.h uses too. */
#ifndef BENCH_JSON_OTHERS_H
#define BENCH_JSON_OTHERS_H

#include <stddef.h>

/* Each parses the answer, returns the length of content[0].text, and frees all; 0 on failure. */
size_t jansson_reads_text(const char *answer, size_t len);
size_t cjson_reads_text(const char *answer, size_t len);

#endif
