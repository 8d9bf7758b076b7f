/* SPDX-License-Identifier: Apache-2.0
 *
 * path: names of files by their letters alone; no file system is asked.
 *
 * Threads: no state. */
#ifndef ASSAY_BASE_PATH_H
#define ASSAY_BASE_PATH_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

/* The folder part of a file's name, without a closing slash: "a/b" of "a/b/c", "" of "c", "/" of
 * "/c". A view into `file`. */
struct view path_folder(struct view file);

/* `path` as seen from `folder`: itself where it is absolute or the folder is empty, otherwise both
 * joined; "." and empty steps dropped, "x/.." folded. An empty path stays empty. */
MUST_CHECK int path_resolve(struct arena *arena, struct view folder, struct view path,
                            struct view *ret_path);

/* The part from the last dot of the last step, ".yaml"; empty where there is none. */
struct view path_extension(struct view path);

bool path_is_absolute(struct view path);

/* All before the last slash, to be opened: "golden" of "golden/manga.yaml", "/" of "/etc", "."
 * where there is no slash. A view into the path or a literal. */
struct view path_directory(struct view path);

/* What follows the last slash. */
struct view path_name(struct view path);

/* Appends `relative` as seen from `directory`: itself where it is absolute or the directory is
 * empty or ".", else directory/relative without "./" and doubled slashes at the seam. */
void path_join(struct strbuf *path, struct view directory, struct view relative);

#endif
