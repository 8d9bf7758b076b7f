/* SPDX-License-Identifier: Apache-2.0
 *
 * file: whole files in and out, with errors that name the path, the reason and what helps.
 *
 * Blocking calls: for start and end of a command, and for jobs off the loop.
 * Codes: ERR_MISSING (no such file or folder), ERR_DENIED (may not be read), ERR_READ_ONLY (may not
 * be written, read-only file system), ERR_FULL (no space, quota), ERR_LIMIT (larger than allowed),
 * ERR_MEMORY, ERR_IO (anything else).
 * Memory: the caller's strbuf or arena. Threads: no state. */
#ifndef ASSAY_SHELL_OS_FILE_H
#define ASSAY_SHELL_OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

/* Appends the whole file. The strbuf's limit is the ceiling: past it ERR_LIMIT, naming it. */
MUST_CHECK int file_read(const char *path, struct strbuf *content, struct err *reterr);

/* The same from an open descriptor up to its end (0: standard input); `name` is for messages. */
MUST_CHECK int file_read_from(int descriptor, const char *name, struct strbuf *content,
                              struct err *reterr);

/* Puts `content` in place of the file in one step: readers see the old or the new, never a part,
 * also after a crash. Keeps the mode of a file that was there (else 0666 less the umask); follows a
 * symbolic link to what it names. Leaves no temporary file behind on failure. A path that is no
 * regular file (a pipe, /dev/stdout) is written straight. */
MUST_CHECK int file_write(const char *path, struct view content, struct err *reterr);

/* The same in pieces, for what need not be in memory at once: the file is in place once it is
 * closed, and nothing of it where it is abandoned. */
struct file_writer;
MUST_CHECK int file_writer_open(const char *path, struct file_writer **ret_writer,
                                struct err *reterr);
MUST_CHECK int file_writer_add(struct file_writer *writer, struct view piece, struct err *reterr);
/* Puts it in place and frees the writer, also on failure. */
MUST_CHECK int file_writer_close(struct file_writer *writer, struct err *reterr);
/* NULL is fine. */
void file_writer_abandon(struct file_writer *writer);

/* Appends in one write where the system allows it; creates the file with mode 0666 less umask. */
MUST_CHECK int file_append(const char *path, struct view content, struct err *reterr);

/* Writes all to an open descriptor (1: standard output), waiting where it must. A reader that went
 * away is ERR_CLOSED. */
MUST_CHECK int file_write_to(int descriptor, const char *name, struct view content,
                             struct err *reterr);

/* Makes the folder and all above it; one that exists is fine. */
MUST_CHECK int file_make_directories(const char *path, struct err *reterr);

bool file_exists(const char *path);
bool file_is_directory(const char *path);

/* Appends the folder that relative names start from, absolute, links resolved. */
MUST_CHECK int file_current_folder(struct strbuf *path, struct err *reterr);

/* Appends the path with all links resolved; its last step need not exist. ERR_MISSING where its
 * folder does not. */
MUST_CHECK int file_resolve_links(const char *path, struct strbuf *resolved, struct err *reterr);

/* What changes when a file does, to see whether it did. ERR_MISSING where there is none. */
struct file_stamp {
    uint64_t size_bytes;
    int64_t changed_ns; /* since 1970 UTC */
};
MUST_CHECK int file_stamp(const char *path, struct file_stamp *ret_stamp, struct err *reterr);

/* Names in a folder without "." and "..", sorted by bytes, with NUL after each, in the arena.
 * At most 65,536. */
MUST_CHECK int file_list(const char *directory, struct arena *arena, struct view **ret_names,
                         size_t *ret_count, struct err *reterr);

/* Deletes one file; one that is not there is fine. */
MUST_CHECK int file_remove(const char *path, struct err *reterr);

/* Makes a folder of its own under $TMPDIR (or /tmp), readable by this user alone, and appends its
 * path. */
MUST_CHECK int file_make_temporary(struct view prefix, struct strbuf *path, struct err *reterr);

/* Deletes a folder and all in it, never following links. */
MUST_CHECK int file_remove_tree(const char *path, struct err *reterr);

/* Stands something in for standard input, output and error where a caller closed them, so that no
 * file, socket or timer gets their numbers: reading or writing there then fails. */
void file_keep_standard(void);

/* The code of ours for an errno; `writing` tells ERR_READ_ONLY from ERR_DENIED. */
int file_code(int error_number, bool writing);

/* Fills reterr with "path: reason; remedy" for an errno and returns the code. `doing` is a verb
 * phrase: "read", "write", "create the folder". */
int file_fail(struct err *reterr, int error_number, bool writing, const char *doing,
              const char *path);

#endif
