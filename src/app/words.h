/* SPDX-License-Identifier: Apache-2.0
 *
 * words: the Japanese dictionary of a program, where there is one, with a reader for each of its
 * threads. Without a dictionary what needs words is left out.
 *
 * Memory: see engine/mecab.h; nothing is loaded before the first Japanese text. Threads: each takes
 * the morphology of its own number. */
#ifndef ASSAY_APP_WORDS_H
#define ASSAY_APP_WORDS_H

#include <stdint.h>

#include "base/err.h"
#include "text/morphology.h"

struct words;

/* `dir` is the folder that the user named ($ASSAY_MECAB_DIR), NULL for the usual places. A named
 * folder without a dictionary is ERR_IO with the remedy; nothing in the usual places is no error,
 * and *ret_words has no morphology. ERR_MEMORY. words_close it. */
MUST_CHECK int words_open(const char *dir, uint32_t threads, struct words **ret_words,
                          struct err *reterr);
void words_close(struct words *words);

/* For thread 0..threads−1; NULL where there is no dictionary, or no words. */
const struct morphology *words_morphology(const struct words *words, uint32_t thread);

#endif
