/* SPDX-License-Identifier: Apache-2.0
 *
 * similarity: how close two texts are by the built-in embedding model, at once and for any thread:
 * for checks that compare sentence by sentence. Many texts that are known beforehand are the
 * embedder's (embedder.h).
 *
 * Memory: the model's 70 MB, and the last SIMILARITY_KEPT vectors. Threads: any; one embeds at a
 * time (engine/e5.h). */
#ifndef ASSAY_APP_SIMILARITY_H
#define ASSAY_APP_SIMILARITY_H

#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

struct similarity;

enum { SIMILARITY_KEPT = 8192 };

/* Loads the model. ERR_IO with the remedy where it is not installed. */
MUST_CHECK int similarity_open(const char *model_dir, struct similarity **ret_similarity,
                               struct err *reterr);
void similarity_close(struct similarity *similarity); /* NULL is fine */

/* Calibrated, 0 to 1,000,000; -1 where it is unknown: an empty text, no memory. `context` is the
 * struct similarity. */
int64_t similarity_of(void *context, struct view a, struct view b);

#endif
