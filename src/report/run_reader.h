/* SPDX-License-Identifier: Apache-2.0
 *
 * run_reader: what the files of run_read share: values out of a JSON tree into the run's own
 * memory. A failure sticks, so that it is looked at once. Private to report. */
#ifndef ASSAY_REPORT_RUN_READER_H
#define ASSAY_REPORT_RUN_READER_H

#include "base/map.h"
#include "report/run_read.h"
#include "wire/json.h"

struct run_reader {
    struct arena *arena;
    const struct text_keeper *keeper; /* NULL: the arena */
    struct view file;
    uint32_t line;      /* of the tree that is being read in the file, less 1 */
    struct map words;   /* short texts that come again and again, once each */
    int code;           /* the first failure; sticks */
    struct err *reterr; /* filled with it */
};

void run_reader_init(struct run_reader *reader, struct arena *arena,
                     const struct text_keeper *keeper, struct view file, struct err *reterr);
void run_reader_release(struct run_reader *reader);

/* "FILE:LINE:COLUMN: …" of a value that may not be so. */
void run_reader_refuse(struct run_reader *reader, const struct json *at, const char *what);

/* Zeroed items; NULL without memory, and where count is 0. */
void *run_reader_new(struct run_reader *reader, size_t count, size_t size);

/* The text of a string, "" for anything else: copied, a word (names, versions) once only, a long
 * text to the keeper. */
struct view run_reader_text(struct run_reader *reader, const struct json *value);
struct view run_reader_word(struct run_reader *reader, const struct json *value);
struct view run_reader_long(struct run_reader *reader, const struct json *value);

/* A list of strings; each a word. */
const struct view *run_reader_words(struct run_reader *reader, const struct json *list,
                                    size_t *ret_count);

/* value × 10^decimals, exactly as json_write_fixed wrote it; `otherwise` where it is no number or
 * outside low..high. */
int64_t run_reader_fixed(const struct json *value, int decimals, int64_t low, int64_t high,
                         int64_t otherwise);
/* A count that is not negative. */
size_t run_reader_count(const struct json *value);
/* A double as json_write_double wrote it: null is not a number. */
double run_reader_double(const struct json *value, double otherwise);
/* Which of the names the string is; `otherwise` for none. */
int run_reader_choice(const struct json *value, const char *(*name)(int), int count, int otherwise);

struct score run_reader_score(const struct json *scores);

/* run_read_entry.c: an entry out of its object. */
void run_reader_entry(struct run_reader *reader, const struct json *object,
                      struct run_entry *entry);

#endif
