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

#include "shell/os/file.h"
#include "base/path.h"
#include "shell/os/seed.h"

struct replacement {
    const char *path; /* what the file is called at last, links followed */
    char directory[PATH_MAX];
    char temporary[PATH_MAX];
    bool exists;
    mode_t mode; /* of what is there */
    uid_t owner;
    gid_t group;
};

/* A name beside the target that nobody else has. */
static int name_temporary(struct replacement *replacement, struct err *reterr)
{
    struct view path = view_of(replacement->path);
    struct view directory = path_directory(path);
    struct view name = path_name(path);
    int len = snprintf(replacement->temporary, sizeof replacement->temporary, "%.*s/.%.*s.%08x.tmp",
                       VIEW_ARG(directory), VIEW_ARG(name), (unsigned)seed_random());

    if (len < 0 || (size_t)len >= sizeof replacement->temporary)
        return file_fail(reterr, ENAMETOOLONG, true, "write", replacement->path);
    snprintf(replacement->directory, sizeof replacement->directory, "%.*s", VIEW_ARG(directory));
    return 0;
}

/* Writes, sets mode and owner, and brings it to disk. Returns an errno, 0 for success. */
static int fill(int descriptor, const struct replacement *replacement, struct view content)
{
    while (content.len > 0) {
        ssize_t wrote = write(descriptor, content.ptr, content.len);
        if (wrote < 0 && errno != EINTR)
            return errno;
        if (wrote > 0)
            content = view_slice(content, (size_t)wrote, content.len);
    }
    if (replacement->exists) {
        /* Only root may give a file away; for others it was theirs or becomes theirs. */
        if (fchown(descriptor, replacement->owner, replacement->group) != 0 && errno != EPERM)
            return errno;
        if (fchmod(descriptor, replacement->mode) != 0)
            return errno;
    }
    return fsync(descriptor) != 0 ? errno : 0;
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

static int replace(struct replacement *replacement, struct view content, struct err *reterr)
{
    int code = name_temporary(replacement, reterr);
    if (code != 0)
        return code;
    /* What was for some eyes alone is so while it is being written too. */
    int descriptor =
        open(replacement->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
             replacement->exists ? replacement->mode & 0600 : 0666);
    if (descriptor < 0)
        return file_fail(reterr, errno, true, "write", replacement->path);

    int error_number = fill(descriptor, replacement, content);
    if (close(descriptor) != 0 && error_number == 0)
        error_number = errno;
    if (error_number == 0 && rename(replacement->temporary, replacement->path) != 0)
        error_number = errno;
    if (error_number != 0) {
        unlink(replacement->temporary);
        return file_fail(reterr, error_number, true, "write", replacement->path);
    }
    sync_directory(replacement->directory);
    return 0;
}

static int write_straight(const char *path, struct view content, struct err *reterr)
{
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

    if (descriptor < 0)
        return file_fail(reterr, errno, true, "write", path);
    int code = file_write_to(descriptor, path, content, reterr);
    if (close(descriptor) != 0 && code == 0)
        code = file_fail(reterr, errno, true, "write", path);
    return code;
}

int file_write(const char *path, struct view content, struct err *reterr)
{
    struct replacement replacement = {.path = path};
    char resolved[PATH_MAX];
    struct stat found;

    if (stat(path, &found) == 0) {
        if (!S_ISREG(found.st_mode))
            return write_straight(path, content, reterr);
        /* A file that says "do not write me" is meant, though a rename would get past it. */
        if (access(path, W_OK) != 0)
            return file_fail(reterr, errno, true, "write", path);
        replacement.exists = true;
        replacement.mode = found.st_mode & 07777;
        replacement.owner = found.st_uid;
        replacement.group = found.st_gid;
        if (realpath(path, resolved) == NULL)
            return file_fail(reterr, errno, true, "write", path);
        replacement.path = resolved;
    } else if (errno != ENOENT) {
        return file_fail(reterr, errno, true, "write", path);
    }
    return replace(&replacement, content, reterr);
}
