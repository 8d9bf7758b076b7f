/* SPDX-License-Identifier: Apache-2.0
 *
 * spool: see spool.h. Texts are written with write calls, which say when a disk is full, and read
 * through a shared mapping of the same file, whose pages can be dropped at any time. */
#include "shell/os/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "shell/os/file.h"
#include "shell/os/seed.h"

enum { SEGMENTS_MAX = 1024 };

/* Of address space: a text lies in one segment. */
static const size_t SEGMENT_BYTES = SPOOL_TEXT_MAX;
static const size_t ARENA_BYTES_MAX = SIZE_MAX / 2;

struct spool {
    char directory[PATH_MAX];
    struct arena arena; /* what is kept in memory */
    int descriptor;     /* −1: no file yet, or none to be had */
    bool is_broken;     /* no file can be had, or it is full */
    char *segments[SEGMENTS_MAX];
    size_t segment_count;
    size_t used; /* of the last segment */
};

int spool_new(const char *directory, struct spool **ret_spool)
{
    struct spool *spool = mem_new(1, sizeof *spool);

    if (spool == NULL)
        return ERR_MEMORY;
    spool->descriptor = -1;
    int len = snprintf(spool->directory, sizeof spool->directory, "%s", directory);
    spool->is_broken = len < 0 || (size_t)len >= sizeof spool->directory;
    arena_init(&spool->arena, ARENA_BYTES_MAX);
    *ret_spool = spool;
    return 0;
}

void spool_free(struct spool *spool)
{
    if (spool == NULL)
        return;
    for (size_t i = 0; i < spool->segment_count; i++)
        munmap(spool->segments[i], SEGMENT_BYTES);
    if (spool->descriptor >= 0)
        close(spool->descriptor);
    arena_release(&spool->arena);
    mem_free(spool);
}

/* A file that is gone with the last who has it open. */
static bool open_file(struct spool *spool)
{
    char path[PATH_MAX + 32];
    struct err ignored;

    if (spool->descriptor >= 0)
        return true;
    if (file_make_directories(spool->directory, &ignored) != 0)
        return false;
    snprintf(path, sizeof path, "%s/.texts.%08x.tmp", spool->directory, (unsigned)seed_random());
    spool->descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (spool->descriptor < 0)
        return false;
    unlink(path);
    return true;
}

/* Makes room in the last segment, or maps another. */
static bool make_room(struct spool *spool, size_t len)
{
    if (spool->segment_count > 0 && SEGMENT_BYTES - spool->used >= len)
        return true;
    if (spool->segment_count == SEGMENTS_MAX || len > SEGMENT_BYTES)
        return false;
    void *mapped = mmap(NULL, SEGMENT_BYTES, PROT_READ, MAP_SHARED, spool->descriptor,
                        (off_t)(spool->segment_count * SEGMENT_BYTES));
    if (mapped == MAP_FAILED)
        return false;
    spool->segments[spool->segment_count++] = mapped;
    spool->used = 0;
    return true;
}

static bool write_at(int descriptor, struct view text, size_t at)
{
    while (text.len > 0) {
        ssize_t wrote = pwrite(descriptor, text.ptr, text.len, (off_t)at);
        if (wrote < 0 && errno != EINTR)
            return false;
        if (wrote > 0) {
            text = view_slice(text, (size_t)wrote, text.len);
            at += (size_t)wrote;
        }
    }
    return true;
}

static bool keep_in_file(struct spool *spool, struct view text, struct view *ret_kept)
{
    if (!open_file(spool) || !make_room(spool, text.len))
        return false;
    size_t segment = spool->segment_count - 1;
    if (!write_at(spool->descriptor, text, segment * SEGMENT_BYTES + spool->used))
        return false;
    *ret_kept = view_make(spool->segments[segment] + spool->used, text.len);
    spool->used += text.len;
    return true;
}

int spool_keep(void *context, struct view text, struct view *ret_kept)
{
    struct spool *spool = context;

    if (text.len == 0) {
        *ret_kept = view_of("");
        return 0;
    }
    if (!spool->is_broken && spool->arena.used + text.len > SPOOL_MEMORY_BYTES) {
        if (keep_in_file(spool, text, ret_kept))
            return 0;
        spool->is_broken = true;
    }
    return arena_copy(&spool->arena, text, ret_kept);
}

void spool_trim(struct spool *spool)
{
    for (size_t i = 0; spool != NULL && i < spool->segment_count; i++)
        (void)madvise(spool->segments[i], SEGMENT_BYTES, MADV_DONTNEED);
}

size_t spool_file_bytes(const struct spool *spool)
{
    return spool->segment_count == 0 ? 0 : (spool->segment_count - 1) * SEGMENT_BYTES + spool->used;
}
