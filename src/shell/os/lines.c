/* SPDX-License-Identifier: Apache-2.0
 *
 * lines: see lines.h. One descriptor at a time, with another beside it in poll() that says stop. */
#include "shell/os/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "shell/os/file.h"

enum { READ_BYTES = 256 * 1024 };

struct lines {
    const char *const *paths;
    size_t count;
    size_t next; /* path to open next */
    size_t line_bytes_max;
    const char *name; /* of the open file */
    int descriptor;   /* −1: none is open */
    int stop;         /* an eventfd */
    uint32_t number;
    struct strbuf buffer;
    size_t start;   /* of the line that is being read */
    size_t scanned; /* no LF before here */
    bool ended;     /* the file has no more bytes */
    bool skipping;  /* the rest of a line that was too long */
    atomic_bool stopped;
    atomic_uint_fast64_t bytes;
};

int lines_new(const char *const *paths, size_t count, size_t line_bytes_max,
              struct lines **ret_lines, struct err *reterr)
{
    struct lines *lines = mem_new(1, sizeof *lines);

    if (lines == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for reading lines");
    *lines = (struct lines){.paths = paths,
                            .count = count,
                            .line_bytes_max = line_bytes_max,
                            .descriptor = -1,
                            .stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    strbuf_init(&lines->buffer, line_bytes_max + 2 * READ_BYTES);
    if (lines->stop < 0) {
        int code = fail(reterr, ERR_IO, "no descriptor for reading lines: too many files are open");
        mem_free(lines);
        return code;
    }
    *ret_lines = lines;
    return 0;
}

static void close_file(struct lines *lines)
{
    if (lines->descriptor > 0)
        close(lines->descriptor);
    lines->descriptor = -1;
    lines->ended = true;
    strbuf_reset(&lines->buffer);
    lines->start = lines->scanned = 0;
    lines->skipping = false;
}

void lines_free(struct lines *lines)
{
    if (lines == NULL)
        return;
    close_file(lines);
    close(lines->stop);
    strbuf_release(&lines->buffer);
    mem_free(lines);
}

void lines_stop(struct lines *lines)
{
    const uint64_t one = 1;

    atomic_store(&lines->stopped, true);
    (void)!write(lines->stop, &one, sizeof one);
}

uint64_t lines_bytes(const struct lines *lines)
{
    return atomic_load(&lines->bytes);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int open_next(struct lines *lines, struct err *reterr)
{
    const char *path = lines->paths[lines->next++];
    struct stat about;

    close_file(lines);
    lines->number = 0;
    lines->name = view_is(view_of(path), "-") ? "standard input" : path;
    lines->descriptor =
        view_is(view_of(path), "-")
            ? STDIN_FILENO
            : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe that nobody writes to yet */
    if (lines->descriptor < 0)
        return file_fail(reterr, errno, false, "read", path);
    if (fstat(lines->descriptor, &about) == 0 && S_ISDIR(about.st_mode)) {
        close_file(lines);
        return file_fail(reterr, EISDIR, false, "read", path);
    }
    lines->ended = false;
    return 0;
}

/* Waits for bytes or the end; ERR_CANCELLED where it was told to stop. */
static int await_bytes(struct lines *lines)
{
    struct pollfd both[2] = {{.fd = lines->descriptor, .events = POLLIN},
                             {.fd = lines->stop, .events = POLLIN}};

    while (poll(both, 2, -1) < 0)
        if (errno != EINTR)
            return 0; /* read() will say what is wrong */
    return both[1].revents != 0 ? ERR_CANCELLED : 0;
}

static int read_more(struct lines *lines, struct err *reterr)
{
    ssize_t got;

    strbuf_consume(&lines->buffer, lines->start);
    lines->scanned -= lines->start;
    lines->start = 0;
    char *room = strbuf_room(&lines->buffer, READ_BYTES);
    if (room == NULL)
        return fail(reterr, ERR_MEMORY, "%s:%u: no memory for this line", lines->name,
                    lines->number + 1);
    if (await_bytes(lines) != 0)
        return fail(reterr, ERR_CANCELLED, "interrupted");
    do
        got = read(lines->descriptor, room, READ_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) /* somebody made it non-blocking */
        return 0;
    if (got < 0) {
        int error_number = errno;
        close_file(lines);
        return file_fail(reterr, error_number, false, "read", lines->name);
    }
    lines->ended = got == 0;
    strbuf_grew(&lines->buffer, (size_t)got);
    atomic_fetch_add(&lines->bytes, (uint_fast64_t)got);
    return 0;
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* The line from start to `end` is over, the next starts at `next`: true where it is one to give. */
static bool take(struct lines *lines, size_t end, size_t next, struct line *ret_line)
{
    static const struct view mark = VIEW("\xef\xbb\xbf");
    struct view text = view_slice(strbuf_view(&lines->buffer), lines->start, end);

    lines->start = lines->scanned = next;
    lines->number++;
    if (lines->skipping) {
        lines->skipping = false;
        return false;
    }
    if (lines->number == 1 && view_starts(text, mark))
        text = view_slice(text, mark.len, text.len);
    if (view_ends(text, view_of("\r")))
        text.len--;
    *ret_line = (struct line){.file = lines->name, .number = lines->number, .text = text};
    return view_trim(text).len > 0;
}

static int too_long(struct lines *lines, struct line *ret_line, struct err *reterr)
{
    lines->skipping = true;
    *ret_line = (struct line){.file = lines->name, .number = lines->number + 1};
    return fail(reterr, ERR_LIMIT, "%s:%u:1: this line is longer than %zu MiB, which is the most",
                lines->name, lines->number + 1, lines->line_bytes_max >> 20);
}

/* What of the buffer belongs to a line that was too long goes. */
static void skip(struct lines *lines)
{
    if (!lines->skipping)
        return;
    lines->start = lines->scanned;
}

/* 1 a line, 0 more bytes are needed, or the code of a line that is too long. */
static int find_line(struct lines *lines, struct line *ret_line, struct err *reterr)
{
    for (;;) {
        struct view all = strbuf_view(&lines->buffer);
        size_t end =
            lines->scanned + view_find_byte(view_slice(all, lines->scanned, all.len), '\n');
        size_t length = end - lines->start;
        if (length > lines->line_bytes_max && !lines->skipping)
            return too_long(lines, ret_line, reterr);
        if (end == all.len) {
            lines->scanned = all.len;
            skip(lines);
            return 0;
        }
        if (take(lines, end, end + 1, ret_line))
            return 1;
    }
}

/* What stands behind the last LF is a line too. */
static bool last_line(struct lines *lines, struct line *ret_line)
{
    size_t end = lines->buffer.len;
    bool given = (lines->start < end || lines->skipping) && take(lines, end, end, ret_line);

    lines->start = lines->scanned = end;
    return given;
}

int lines_next(struct lines *lines, struct line *ret_line, struct err *reterr)
{
    for (;;) {
        if (atomic_load(&lines->stopped))
            return fail(reterr, ERR_CANCELLED, "interrupted");
        int code = lines->descriptor >= 0 ? find_line(lines, ret_line, reterr) : 0;
        if (code != 0)
            return code;
        if (lines->descriptor >= 0 && !lines->ended) {
            code = read_more(lines, reterr);
        } else {
            if (lines->descriptor >= 0 && last_line(lines, ret_line))
                return 1;
            if (lines->next == lines->count)
                return 0;
            code = open_next(lines, reterr);
        }
        if (code != 0)
            return code;
    }
}
