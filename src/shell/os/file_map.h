/* SPDX-License-Identifier: Apache-2.0
 *
 * file_map: a whole file as a view that need not fit into memory: large regular files are mapped,
 * anything else (small files, pipes, standard input) is read.
 *
 * Whoever shortens a mapped file while it is read ends the process (SIGBUS); assay itself only ever
 * replaces files. Blocking. Memory: the caller's, freed by file_map_close. Threads: one owner. */
#ifndef ASSAY_SHELL_OS_FILE_MAP_H
#define ASSAY_SHELL_OS_FILE_MAP_H

#include "base/strbuf.h"

struct file_map {
    struct view text;
    void *mapped; /* NULL where the file was read */
    struct strbuf content;
};

/* "-" is standard input. Codes of file_read; what has to be read may have `limit` bytes. */
MUST_CHECK int file_map_open(const char *path, size_t limit, struct file_map *ret_map,
                             struct err *reterr);
/* Gives back the memory of what was read of a mapped file; the view holds on. NULL is fine. */
void file_map_trim(const struct file_map *map);
/* A zeroed one is fine. */
void file_map_close(struct file_map *map);

#endif
