/* SPDX-License-Identifier: Apache-2.0
 *
 * spool: texts that are kept as long as a run, as views, without being in memory: an append-only
 * file without a name, mapped to be read.
 *
 * The first SPOOL_MEMORY_BYTES stay in memory, so that a small run makes no file. A file that
 * cannot be had, or a disk that fills up, costs memory instead: texts go to an arena again.
 * Blocking: a write for each text. Memory: SPOOL_MEMORY_BYTES, and the pages that were read since
 * the last spool_trim. Threads: one owner. Limit: a text of SPOOL_TEXT_MAX bytes. */
#ifndef ASSAY_SHELL_OS_SPOOL_H
#define ASSAY_SHELL_OS_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/view.h"

enum { SPOOL_MEMORY_BYTES = 16 << 20, SPOOL_TEXT_MAX = 1 << 30 };

struct spool;

/* The file will be made in the folder once it is needed, the folder too. ERR_MEMORY. */
MUST_CHECK int spool_new(const char *directory, struct spool **ret_spool);
/* Every view ends here. NULL is fine. */
void spool_free(struct spool *spool);

/* A copy that holds until spool_free; `spool` is a struct spool, so that this is a text_keeper's
 * function. ERR_MEMORY. */
MUST_CHECK int spool_keep(void *spool, struct view text, struct view *ret_kept);

/* Gives back the memory of pages that were read; every view holds on. NULL is fine. */
void spool_trim(struct spool *spool);

/* Whether texts went to a file, and how many bytes. */
size_t spool_file_bytes(const struct spool *spool);

#endif
