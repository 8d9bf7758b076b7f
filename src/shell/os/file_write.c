/* SPDX-License-Identifier: Apache-2.0
 *
 * file_write: a whole file put in place in one step (see file.h): written beside the old one under
 * another name, brought to disk, renamed over it, and the folder brought to disk. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "shell/os/file.h"
#include "shell/os/seed.h"

struct file_writer {
    char path[PATH_MAX]; /* what the file is called at last, links followed */
    char directory[PATH_MAX];
    char temporary[PATH_MAX]; /* empty: written straight, what is there is no regular file */
    int descriptor;
    bool exists;
    mode_t mode; /* of what is there */
    uid_t owner;
    gid_t group;
};

/* A name beside the target that nobody else has. */
static int name_temporary(struct file_writer *writer, struct err *reterr)
{
    struct view path = view_of(writer->path);
    struct view directory = path_directory(path);
    struct view name = path_name(path);
    int len = snprintf(writer->temporary, sizeof writer->temporary, "%.*s/.%.*s.%08x.tmp",
                       VIEW_ARG(directory), VIEW_ARG(name), (unsigned)seed_random());

    if (len < 0 || (size_t)len >= sizeof writer->temporary)
        return file_fail(reterr, ENAMETOOLONG, true, "write", writer->path);
    snprintf(writer->directory, sizeof writer->directory, "%.*s", VIEW_ARG(directory));
    return 0;
}

/* Sets mode and owner, and brings it to disk. Returns an errno, 0 for success. */
static int settle(const struct file_writer *writer)
{
    if (writer->exists) {
        /* Only root may give a file away; for others it was theirs or becomes theirs. */
        if (fchown(writer->descriptor, writer->owner, writer->group) != 0 && errno != EPERM)
            return errno;
        if (fchmod(writer->descriptor, writer->mode) != 0)
            return errno;
    }
    return fsync(writer->descriptor) != 0 ? errno : 0;
}

/* The rename itself must outlast a crash too. Some file systems cannot sync a folder: no error. */
static void sync_directory(const char *directory)
{
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor < 0)
        return;
    (void)fsync(descriptor);
    close(descriptor);
}

/* Where the file will be, and what is there. */
static int look(struct file_writer *writer, const char *path, bool *ret_straight,
                struct err *reterr)
{
    struct stat found;

    *ret_straight = false;
    if ((size_t)snprintf(writer->path, sizeof writer->path, "%s", path) >= sizeof writer->path)
        return file_fail(reterr, ENAMETOOLONG, true, "write", path);
    if (stat(path, &found) != 0)
        return errno == ENOENT ? 0 : file_fail(reterr, errno, true, "write", path);
    *ret_straight = !S_ISREG(found.st_mode);
    if (*ret_straight)
        return 0;
    /* A file that says "do not write me" is meant, though a rename would get past it. */
    if (access(path, W_OK) != 0 || realpath(path, writer->path) == NULL)
        return file_fail(reterr, errno, true, "write", path);
    writer->exists = true;
    writer->mode = found.st_mode & 07777;
    writer->owner = found.st_uid;
    writer->group = found.st_gid;
    return 0;
}

static int open_either(struct file_writer *writer, const char *path, struct err *reterr)
{
    bool is_straight;

    int code = look(writer, path, &is_straight, reterr);
    if (code == 0 && !is_straight)
        code = name_temporary(writer, reterr);
    if (code != 0)
        return code;
    /* What was for some eyes alone is so while it is being written too. */
    writer->descriptor =
        is_straight ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
                    : open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                           writer->exists ? writer->mode & 0600 : 0666);
    return writer->descriptor >= 0 ? 0 : file_fail(reterr, errno, true, "write", path);
}

int file_writer_open(const char *path, struct file_writer **ret_writer, struct err *reterr)
{
    struct file_writer *writer = mem_new(1, sizeof *writer);

    if (writer == NULL)
        return fail(reterr, ERR_MEMORY, "%s: no memory to write it", path);
    int code = open_either(writer, path, reterr);
    if (code != 0) {
        mem_free(writer);
        return code;
    }
    *ret_writer = writer;
    return 0;
}

int file_writer_add(struct file_writer *writer, struct view piece, struct err *reterr)
{
    if (writer->temporary[0] == '\0')
        return file_write_to(writer->descriptor, writer->path, piece, reterr);
    while (piece.len > 0) {
        ssize_t wrote = write(writer->descriptor, piece.ptr, piece.len);
        if (wrote < 0 && errno != EINTR)
            return file_fail(reterr, errno, true, "write", writer->path);
        if (wrote > 0)
            piece = view_slice(piece, (size_t)wrote, piece.len);
    }
    return 0;
}

int file_writer_close(struct file_writer *writer, struct err *reterr)
{
    bool is_straight = writer->temporary[0] == '\0';
    int error_number = is_straight ? 0 : settle(writer);
    int code = 0;

    if (close(writer->descriptor) != 0 && error_number == 0)
        error_number = errno;
    if (!is_straight && error_number == 0 && rename(writer->temporary, writer->path) != 0)
        error_number = errno;
    if (error_number != 0) {
        if (!is_straight)
            unlink(writer->temporary);
        code = file_fail(reterr, error_number, true, "write", writer->path);
    } else if (!is_straight) {
        sync_directory(writer->directory);
    }
    mem_free(writer);
    return code;
}

void file_writer_abandon(struct file_writer *writer)
{
    if (writer == NULL)
        return;
    close(writer->descriptor);
    if (writer->temporary[0] != '\0')
        unlink(writer->temporary);
    mem_free(writer);
}

int file_write(const char *path, struct view content, struct err *reterr)
{
    struct file_writer *writer;

    int code = file_writer_open(path, &writer, reterr);
    if (code != 0)
        return code;
    code = file_writer_add(writer, content, reterr);
    if (code == 0)
        return file_writer_close(writer, reterr);
    file_writer_abandon(writer);
    return code;
}
