/* SPDX-License-Identifier: Apache-2.0
 *
 * patterns_cache: see patterns_cache.h. */
#include "engine/patterns_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, CHUNK = 256 * 1024, FOLDER_MODE = 0755, FILE_MODE = 0644 };

static const struct view MAGIC = VIEW("assay patterns 2\n");

static int path_of(const char *cache, const char *key, struct strbuf *path)
{
    strbuf_init(path, PATH_ROOM);
    strbuf_printf(path, "%s/patterns/%s.hsdb", cache, key);
    return strbuf_status(path) == 0 ? 0 : ERR_IO;
}

static int read_all(int file, struct strbuf *bytes)
{
    for (;;) {
        char *room = strbuf_room(bytes, CHUNK);
        if (room == NULL)
            return strbuf_status(bytes);
        ssize_t got = read(file, room, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            return 0;
        strbuf_grew(bytes, (size_t)got);
    }
}

/* Whether the file is what it says, and what its name says; then its head is taken off. */
static int check(struct strbuf *bytes, struct view key)
{
    struct view all = strbuf_view(bytes);
    size_t head = MAGIC.len + key.len + DIGEST_SIZE;

    if (!view_starts(all, MAGIC) || all.len < head)
        return ERR_CORRUPT;
    struct view key_said = view_slice(all, MAGIC.len, MAGIC.len + key.len);
    struct view said = view_slice(all, head - DIGEST_SIZE, head);
    struct digest is = digest_of(view_slice(all, head, all.len));
    if (!view_equal(key_said, key) || !view_equal(said, digest_view(&is)))
        return ERR_CORRUPT;
    strbuf_consume(bytes, head);
    return 0;
}

int patterns_cache_read(const char *cache, const char *key, struct strbuf *ret_bytes)
{
    struct strbuf path;
    int code = path_of(cache, key, &path);
    int file = code == 0 ? open(strbuf_text(&path), O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    struct stat status;

    strbuf_release(&path);
    if (file < 0)
        return ERR_MISSING;
    code = fstat(file, &status) == 0 && S_ISREG(status.st_mode) ? read_all(file, ret_bytes)
                                                                : ERR_MISSING;
    close(file);
    return code == 0 ? check(ret_bytes, view_of(key)) : code;
}

static int write_all(int file, struct view bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(file, bytes.ptr, bytes.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return ERR_IO;
        bytes = view_slice(bytes, (size_t)put, bytes.len);
    }
    return 0;
}

/* Makes every folder of the path but its last part. */
static void make_folders(struct strbuf *path)
{
    for (size_t i = 1; i < path->len; i++)
        if (path->ptr[i] == '/') {
            path->ptr[i] = '\0';
            (void)mkdir(path->ptr, FOLDER_MODE);
            path->ptr[i] = '/';
        }
}

static int write_file(const char *name, struct view key, struct view bytes)
{
    int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    struct digest digest = digest_of(bytes);

    if (file < 0)
        return ERR_IO;
    int code = write_all(file, MAGIC);
    if (code == 0)
        code = write_all(file, key);
    if (code == 0)
        code = write_all(file, digest_view(&digest));
    if (code == 0)
        code = write_all(file, bytes);
    if (close(file) != 0)
        code = ERR_IO;
    if (code != 0)
        (void)unlink(name);
    return code;
}

int patterns_cache_write(const char *cache, const char *key, struct view bytes)
{
    struct strbuf path;
    struct strbuf draft;
    int code = path_of(cache, key, &path);

    strbuf_init(&draft, PATH_ROOM);
    strbuf_printf(&draft, "%s.%ld", strbuf_text(&path), (long)getpid());
    if (code == 0 && strbuf_status(&draft) != 0)
        code = ERR_IO;
    if (code == 0) {
        make_folders(&path);
        code = write_file(strbuf_text(&draft), view_of(key), bytes);
        if (code == 0 && rename(strbuf_text(&draft), strbuf_text(&path)) != 0) {
            code = ERR_IO;
            (void)unlink(strbuf_text(&draft));
        }
    }
    strbuf_release(&draft);
    strbuf_release(&path);
    return code;
}
