/* SPDX-License-Identifier: Apache-2.0
 *
 * embed_helper: see embed_helper.h. Blocking reads and writes: it has nothing else to do. */
#include "engine/embed_helper.h"

#include <endian.h>
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/view.h"
#include "engine/e5.h"

/* 1 when all came, 0 at the end of input before the first byte, ERR_IO otherwise. */
static int read_all(int fd, void *into, size_t len)
{
    char *at = into;
    size_t have = 0;

    while (have < len) {
        ssize_t got = read(fd, at + have, len - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 && have == 0)
            return 0;
        if (got <= 0)
            return ERR_IO;
        have += (size_t)got;
    }
    return 1;
}

static int write_all(int fd, const void *from, size_t len)
{
    const char *at = from;

    while (len > 0) {
        ssize_t wrote = write(fd, at, len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return ERR_IO;
        at += wrote;
        len -= (size_t)wrote;
    }
    return 0;
}

static int write_number(int fd, size_t number)
{
    uint32_t wire = htole32((uint32_t)number);
    return write_all(fd, &wire, sizeof wire);
}

static int answer(struct e5 *e5, struct view text, float *vector, int out_fd)
{
    struct err err;
    int code = e5_vector(e5, text, vector, &err);

    if (code == 0) {
        code = write_number(out_fd, e5_dimension(e5));
        return code != 0 ? code : write_all(out_fd, vector, e5_dimension(e5) * sizeof *vector);
    }
    struct view why = view_of(err.text);
    code = write_number(out_fd, 0);
    if (code == 0)
        code = write_number(out_fd, why.len);
    return code != 0 ? code : write_all(out_fd, why.ptr, why.len);
}

/* One request; 1 to go on, 0 at the end of input. */
static int serve_one(struct e5 *e5, char *text, float *vector, int in_fd, int out_fd)
{
    uint32_t wire;
    int got = read_all(in_fd, &wire, sizeof wire);

    if (got <= 0)
        return got;
    size_t len = le32toh(wire);
    if (len > E5_TEXT_MAX_BYTES)
        return ERR_LIMIT;
    if (len > 0 && read_all(in_fd, text, len) != 1)
        return ERR_IO;
    int code = answer(e5, view_make(text, len), vector, out_fd);
    return code != 0 ? code : 1;
}

int embed_helper_serve(const char *dir, int in_fd, int out_fd, struct err *reterr)
{
    struct e5 *e5;
    int code = e5_open(dir, &e5, reterr);
    if (code != 0)
        return code;

    char *text = mem_new(E5_TEXT_MAX_BYTES, 1);
    float *vector = mem_new(e5_dimension(e5), sizeof *vector);
    code = text != NULL && vector != NULL ? write_all(out_fd, "E5H1", 4) : ERR_MEMORY;
    if (code == 0)
        code = write_number(out_fd, e5_dimension(e5));
    if (code == 0)
        do
            code = serve_one(e5, text, vector, in_fd, out_fd);
        while (code == 1);
    mem_free(text);
    mem_free(vector);
    e5_close(e5);
    return code == 0 ? 0 : fail(reterr, code, "embedding helper: %s", err_text(code));
}
