/* SPDX-License-Identifier: Apache-2.0
 *
 * file_map: see file_map.h. */
#include "shell/os/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell/os/file.h"

enum { MAPPED_BYTES_MIN = 16 << 20 };

/* True where the file is large and was mapped. */
static bool map_file(const char *path, struct file_map *map)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0)
        return false;
    void *mapped = MAP_FAILED;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)
        && status.st_size >= MAPPED_BYTES_MIN)
        mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    close(descriptor);
    if (mapped == MAP_FAILED)
        return false;
    (void)posix_madvise(mapped, (size_t)status.st_size, POSIX_MADV_SEQUENTIAL);
    map->mapped = mapped;
    map->text = view_make(mapped, (size_t)status.st_size);
    return true;
}

int file_map_open(const char *path, size_t limit, struct file_map *ret_map, struct err *reterr)
{
    struct file_map map = {0};

    strbuf_init(&map.content, limit);
    if (strcmp(path, "-") == 0 || !map_file(path, &map)) {
        int code = strcmp(path, "-") == 0
                       ? file_read_from(0, "standard input", &map.content, reterr)
                       : file_read(path, &map.content, reterr);
        if (code != 0) {
            strbuf_release(&map.content);
            return code;
        }
        map.text = strbuf_view(&map.content);
    }
    *ret_map = map;
    return 0;
}

void file_map_trim(const struct file_map *map)
{
    if (map != NULL && map->mapped != NULL)
        (void)madvise(map->mapped, map->text.len, MADV_DONTNEED);
}

void file_map_close(struct file_map *map)
{
    if (map->mapped != NULL)
        munmap(map->mapped, map->text.len);
    strbuf_release(&map->content);
    *map = (struct file_map){0};
}
