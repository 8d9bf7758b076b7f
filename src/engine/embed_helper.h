/* SPDX-License-Identifier: Apache-2.0
 *
 * embed_helper: the inside of an embedding helper process: texts come in on one descriptor, vectors
 * go out on another, one after the other.
 *
 *     hello    "E5H1" | u32 dimension
 *     request  u32 length | text
 *     answer   u32 dimension | floats        or, where it failed,   u32 0 | u32 length | why
 *
 * All numbers are little-endian. It ends when its input ends.
 * Memory: the model and one text. Threads: one. Limit: E5_TEXT_MAX_BYTES a text; who asks cuts. */
#ifndef ASSAY_ENGINE_EMBED_HELPER_H
#define ASSAY_ENGINE_EMBED_HELPER_H

#include "base/err.h"

/* Opens the model in dir and serves until in_fd ends. 0, or why it could not go on. */
MUST_CHECK int embed_helper_serve(const char *dir, int in_fd, int out_fd, struct err *reterr);

#endif
