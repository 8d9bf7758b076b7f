/* SPDX-License-Identifier: Apache-2.0
 *
 * starter: the files of a starter project (src/cli/starter/), carried inside the program.
 *
 * Threads: constant data. */
#ifndef ASSAY_CLI_STARTER_H
#define ASSAY_CLI_STARTER_H

#include "base/view.h"

struct starter_file {
    const char *path; /* within the project */
    const unsigned char *bytes;
    size_t size;
};

extern const struct starter_file starter_files[];
extern const size_t starter_file_count;

#endif
