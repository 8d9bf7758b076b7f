/* SPDX-License-Identifier: Apache-2.0
 *
 * file: see file.h. Reading, appending, and what went wrong; file_write.c puts whole files in place
 * and folder.c handles folders. */
#include "shell/os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 65536 };

struct reason {
    int error_number;
    int code_reading;
    int code_writing;
    const char *remedy; /* NULL: the reason says it all */
};

static const struct reason reasons[] = {
    {ENOENT, ERR_MISSING, ERR_MISSING, "check the path"},
    {ENOTDIR, ERR_MISSING, ERR_MISSING, "a part of the path is a file, not a folder"},
    {EISDIR, ERR_INVALID, ERR_INVALID, "name a file in it"},
    {ELOOP, ERR_INVALID, ERR_INVALID, "its symbolic links go in circles"},
    {ENAMETOOLONG, ERR_INVALID, ERR_INVALID, "choose a shorter name"},
    {EACCES, ERR_DENIED, ERR_READ_ONLY, "check its owner and mode (ls -l)"},
    {EPERM, ERR_DENIED, ERR_READ_ONLY, "check its owner, mode and attributes"},
    {EROFS, ERR_READ_ONLY, ERR_READ_ONLY, "choose a place on a writable file system"},
    {ENOSPC, ERR_FULL, ERR_FULL, "free some space or choose another place"},
    {EDQUOT, ERR_FULL, ERR_FULL, "free some space: your quota is used up"},
    {EFBIG, ERR_FULL, ERR_FULL, "raise the limit of file sizes (ulimit -f)"},
    {EMFILE, ERR_LIMIT, ERR_LIMIT, "lower the concurrency or raise 'ulimit -n'"},
    {ENFILE, ERR_LIMIT, ERR_LIMIT, "the whole machine has too many files open"},
    {ENOMEM, ERR_MEMORY, ERR_MEMORY, NULL},
    {EPIPE, ERR_CLOSED, ERR_CLOSED, NULL},
};

static const struct reason *reason_of(int error_number)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].error_number == error_number)
            return &reasons[i];
    }
    return NULL;
}

void file_keep_standard(void)
{
    static const int wrong_ways[] = {O_WRONLY, O_RDONLY, O_RDONLY};

    for (int number = 0; number < 3; number++)
        if (fcntl(number, F_GETFD) < 0 && open("/dev/null", wrong_ways[number]) != number)
            return; /* no /dev/null: as it was */
}

int file_code(int error_number, bool writing)
{
    const struct reason *reason = reason_of(error_number);

    if (reason == NULL)
        return ERR_IO;
    return writing ? reason->code_writing : reason->code_reading;
}

int file_fail(struct err *reterr, int error_number, bool writing, const char *doing,
              const char *path)
{
    const struct reason *reason = reason_of(error_number);
    const char *remedy = reason != NULL ? reason->remedy : NULL;

    return fail(reterr, file_code(error_number, writing), "%s: cannot %s: %s%s%s", path, doing,
                strerror(error_number), remedy != NULL ? "; " : "", remedy != NULL ? remedy : "");
}

/* Waits where somebody made the descriptor non-blocking (a shared terminal or pipe). */
static bool try_again(int descriptor, short events)
{
    struct pollfd wait = {.fd = descriptor, .events = events};

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN)
        return false;
    return poll(&wait, 1, -1) >= 0 || errno == EINTR;
}

int file_read_from(int descriptor, const char *name, struct strbuf *content, struct err *reterr)
{
    for (;;) {
        size_t left = content->limit - content->len;
        char *room = strbuf_room(content, left < READ_BYTES ? left : READ_BYTES);
        if (room == NULL)
            return fail(reterr, strbuf_status(content), "%s: out of memory", name);

        char extra; /* one byte past the ceiling tells full from too large */
        ssize_t got = read(descriptor, left > 0 ? room : &extra,
                           left == 0           ? 1
                           : left < READ_BYTES ? left
                                               : READ_BYTES);
        if (got == 0)
            return 0;
        if (got < 0 && try_again(descriptor, POLLIN))
            continue;
        if (got < 0)
            return file_fail(reterr, errno, false, "read", name);
        if (left == 0)
            return fail(reterr, ERR_LIMIT, "%s: larger than the %zu bytes that may be read", name,
                        content->limit);
        strbuf_grew(content, (size_t)got);
    }
}

int file_read(const char *path, struct strbuf *content, struct err *reterr)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (descriptor < 0)
        return file_fail(reterr, errno, false, "read", path);
    int code = file_read_from(descriptor, path, content, reterr);
    close(descriptor);
    return code;
}

int file_write_to(int descriptor, const char *name, struct view content, struct err *reterr)
{
    while (content.len > 0) {
        ssize_t wrote = write(descriptor, content.ptr, content.len);
        if (wrote < 0 && try_again(descriptor, POLLOUT))
            continue;
        if (wrote < 0)
            return file_fail(reterr, errno, true, "write", name);
        content = view_slice(content, (size_t)wrote, content.len);
    }
    return 0;
}

int file_append(const char *path, struct view content, struct err *reterr)
{
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);

    if (descriptor < 0)
        return file_fail(reterr, errno, true, "write", path);
    int code = file_write_to(descriptor, path, content, reterr);
    if (close(descriptor) != 0 && code == 0)
        code = file_fail(reterr, errno, true, "write", path);
    return code;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_directory(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

int file_stamp(const char *path, struct file_stamp *ret_stamp, struct err *reterr)
{
    struct stat found;

    if (stat(path, &found) != 0)
        return file_fail(reterr, errno, false, "look at it", path);
    *ret_stamp = (struct file_stamp){
        .size_bytes = (uint64_t)found.st_size,
        .changed_ns = (int64_t)found.st_mtim.tv_sec * 1000000000 + found.st_mtim.tv_nsec,
    };
    return 0;
}

int file_remove(const char *path, struct err *reterr)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return file_fail(reterr, errno, true, "delete", path);
    return 0;
}
