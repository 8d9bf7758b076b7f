/* SPDX-License-Identifier: Apache-2.0
 *
 * mecab: the words of Japanese text by MeCab 0.996 (BSD) and the IPADIC dictionary in UTF-8:
 * fulfils text/morphology.h.
 *
 * The program works without a dictionary: what needs words is then absent. Opening looks for the
 * files and checks that the dictionary is one in UTF-8 (a few microseconds); it is mapped into
 * memory at the first analysis. No configuration file of MeCab's is read, so that the same
 * dictionary gives the same words everywhere.
 *
 * MeCab counts lengths in 16 bits and its time and memory grow with a sentence, so a text is cut at
 * line ends and, where a line is longer than MECAB_CHUNK_BYTES_MAX, at its last sentence end in it,
 * else between characters. Words do not cross a cut. Costs are those that MeCab counts from the
 * start of each piece.
 *
 * Memory: the dictionary's 50 MB are mapped and shared by all processes; a reader keeps MeCab's
 * lattice (up to 20 MB after a text of the widest ambiguity); morphemes are in the caller's arena.
 * MeCab allocates for itself. Threads: one mecab for all; a reader has one user at a time. */
#ifndef ASSAY_ENGINE_MECAB_H
#define ASSAY_ENGINE_MECAB_H

#include <stdbool.h>

#include "base/err.h"
#include "text/morphology.h"

enum { MECAB_CHUNK_BYTES_MAX = 4096 };

struct mecab;
struct mecab_reader;

/* The dictionary in `dir`; where that is NULL, in the usual places of Debian, Fedora, Homebrew and
 * MeCab's own build. ERR_IO with the remedy where there is none or it is not in UTF-8; ERR_MEMORY.
 * mecab_close it after its readers. */
MUST_CHECK int mecab_open(const char *dir, struct mecab **ret_mecab, struct err *reterr);
void mecab_close(struct mecab *mecab);

/* Where the dictionary lies; holds until mecab_close. */
const char *mecab_dictionary(const struct mecab *mecab);

/* True where a dictionary is there to be opened (in `dir`, or in a usual place where that is
 * NULL). */
bool mecab_present(const char *dir);

/* Loads the dictionary now rather than at the first analysis. ERR_CORRUPT with MeCab's words where
 * it cannot be. */
MUST_CHECK int mecab_load(struct mecab *mecab, struct err *reterr);

/* A thread's own analyser; ERR_MEMORY. mecab_reader_free it. */
MUST_CHECK int mecab_reader_new(struct mecab *mecab, struct mecab_reader **ret_reader,
                                struct err *reterr);
void mecab_reader_free(struct mecab_reader *reader);

/* The reader as morphology; holds until mecab_reader_free. */
struct morphology mecab_morphology(struct mecab_reader *reader);

#endif
