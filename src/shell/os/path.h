/* SPDX-License-Identifier: Apache-2.0
 *
 * path: names of files taken apart and put together; never looks at a disk.
 *
 * Threads: no state. */
#ifndef ASSAY_SHELL_OS_PATH_H
#define ASSAY_SHELL_OS_PATH_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "base/view.h"

bool path_is_absolute(struct view path);

/* All before the last slash: "golden" of "golden/manga.yaml", "/" of "/etc", "." where there is no
 * slash. A view into the path or a literal. */
struct view path_directory(struct view path);

/* What follows the last slash. */
struct view path_name(struct view path);

/* "yaml" of "a/b.yaml"; empty where the name has no dot past its first byte. */
struct view path_extension(struct view path);

/* Appends `relative` as seen from `directory`: itself where it is absolute or the directory is
 * empty or ".", else directory/relative without "./" and doubled slashes at the seam. */
void path_join(struct strbuf *path, struct view directory, struct view relative);

#endif
