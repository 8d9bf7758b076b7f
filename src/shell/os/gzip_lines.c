/* SPDX-License-Identifier: Apache-2.0
 *
 * gzip_lines: see gzip_lines.h. zlib reads what is not compressed as it is. */
#include "shell/os/gzip_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "shell/os/file.h"

enum { PIECE_BYTES = 256 * 1024 };

struct gzip_lines {
    gzFile file;
    const char *path;
    struct strbuf buffer; /* what is read and not given yet */
    size_t given;         /* of it */
    size_t limit;
    uint64_t number;
    bool at_end;
    bool is_passing; /* over a line that is too long */
};

int gzip_lines_new(const char *path, size_t line_bytes_max, struct gzip_lines **ret_lines,
                   struct err *reterr)
{
    bool is_input = strcmp(path, "-") == 0;
    struct gzip_lines *lines = mem_new(1, sizeof *lines);

    if (lines == NULL)
        return fail(reterr, ERR_MEMORY, "%s: no memory", path);
    if (!is_input && file_is_directory(path)) {
        mem_free(lines);
        return file_fail(reterr, EISDIR, false, "read", path);
    }
    int descriptor = is_input ? dup(0) : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        mem_free(lines);
        return file_fail(reterr, errno, false, "read", path);
    }
    *lines =
        (struct gzip_lines){.path = is_input ? "standard input" : path, .limit = line_bytes_max};
    lines->file = gzdopen(descriptor, "rb");
    if (lines->file == NULL) {
        (void)close(descriptor);
        mem_free(lines);
        return fail(reterr, ERR_MEMORY, "%s: no memory", path);
    }
    strbuf_init(&lines->buffer, line_bytes_max + 2 * PIECE_BYTES);
    *ret_lines = lines;
    return 0;
}

void gzip_lines_free(struct gzip_lines *lines)
{
    if (lines == NULL)
        return;
    (void)gzclose_r(lines->file);
    strbuf_release(&lines->buffer);
    mem_free(lines);
}

static int read_more(struct gzip_lines *lines, struct err *reterr)
{
    strbuf_consume(&lines->buffer, lines->given);
    lines->given = 0;
    char *room = strbuf_room(&lines->buffer, PIECE_BYTES);
    if (room == NULL)
        return fail(reterr, ERR_MEMORY, "%s: no memory", lines->path);
    int count = gzread(lines->file, room, PIECE_BYTES);
    int number = Z_OK;
    const char *text = gzerror(lines->file, &number);
    if (count < 0 || (count < PIECE_BYTES && number == Z_BUF_ERROR)) {
        lines->at_end = true;
        if (number == Z_ERRNO)
            return file_fail(reterr, errno, false, "read", lines->path);
        return fail(reterr, ERR_CORRUPT, "%s: damaged or cut short after line %llu (%s)",
                    lines->path, (unsigned long long)lines->number, text);
    }
    lines->at_end = count == 0;
    strbuf_grew(&lines->buffer, (size_t)count);
    return 0;
}

/* The next line of what is read; false where there is no whole one yet. */
static bool cut_line(struct gzip_lines *lines, struct view *ret_text)
{
    struct view rest = view_slice(strbuf_view(&lines->buffer), lines->given, lines->buffer.len);
    size_t end = view_find_byte(rest, '\n');

    if (end == rest.len && !(lines->at_end && rest.len > 0))
        return false;
    *ret_text = view_slice(rest, 0, end);
    lines->given += end < rest.len ? end + 1 : end;
    lines->number++;
    return true;
}

static int fail_long(const struct gzip_lines *lines, struct err *reterr)
{
    return fail(reterr, ERR_LIMIT, "%s:%llu: this line is longer than %zu MiB", lines->path,
                (unsigned long long)lines->number, lines->limit >> 20);
}

int gzip_lines_next(struct gzip_lines *lines, struct view *ret_text, uint64_t *ret_number,
                    struct err *reterr)
{
    for (;;) {
        struct view text;
        if (cut_line(lines, &text)) {
            bool is_passed = lines->is_passing || text.len > lines->limit;
            lines->is_passing = false;
            *ret_number = lines->number;
            if (is_passed)
                return fail_long(lines, reterr);
            *ret_text = view_trim(text);
            if (ret_text->len > 0)
                return 1;
            continue;
        }
        if (lines->at_end && lines->is_passing) { /* the long one was the last, without an end */
            lines->is_passing = false;
            *ret_number = ++lines->number;
            return fail_long(lines, reterr);
        }
        if (lines->at_end)
            return 0;
        if (lines->buffer.len - lines->given > lines->limit) { /* the line goes on and on */
            lines->is_passing = true;
            lines->given = lines->buffer.len;
        }
        int code = read_more(lines, reterr);
        if (code != 0)
            return code;
    }
}
