/* SPDX-License-Identifier: Apache-2.0
 *
 * folder: folders made, listed and deleted (see file.h). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "base/path.h"
#include "shell/os/seed.h"

enum { NAMES_MAX = 65536, TREE_DESCRIPTORS = 16, TEMPORARY_TRIES = 100 };

int file_current_folder(struct strbuf *path, struct err *reterr)
{
    char here[PATH_MAX];

    if (getcwd(here, sizeof here) == NULL)
        return file_fail(reterr, errno, false, "read", "the current folder");
    strbuf_add_text(path, here);
    return strbuf_status(path);
}

int file_resolve_links(const char *path, struct strbuf *resolved, struct err *reterr)
{
    char whole[PATH_MAX];
    char folder[PATH_MAX];

    if (realpath(path, whole) != NULL) {
        strbuf_add_text(resolved, whole);
        return strbuf_status(resolved);
    }
    struct view above = path_directory(view_of(path));
    if (errno != ENOENT || above.len >= sizeof folder)
        return file_fail(reterr, errno, false, "read", path);
    memcpy(folder, above.ptr, above.len);
    folder[above.len] = '\0';
    if (realpath(folder, whole) == NULL)
        return file_fail(reterr, errno, false, "read", path);
    path_join(resolved, view_of(whole), path_name(view_of(path)));
    return strbuf_status(resolved);
}

int file_make_directories(const char *path, struct err *reterr)
{
    char partial[PATH_MAX];
    size_t len = strlen(path);

    if (len >= sizeof partial)
        return file_fail(reterr, ENAMETOOLONG, true, "create the folder", path);
    memcpy(partial, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (partial[i] != '/' && partial[i] != '\0')
            continue;
        partial[i] = '\0';
        int error_number = mkdir(partial, 0777) != 0 ? errno : 0;
        if (error_number != 0 && !file_is_directory(partial))
            return file_fail(reterr, error_number == EEXIST ? ENOTDIR : error_number, true,
                             "create the folder", partial);
        partial[i] = path[i];
    }
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    return view_compare(*(const struct view *)a, *(const struct view *)b);
}

/* Copies the names into a growing block that the caller frees. */
static int collect(DIR *folder, const char *directory, struct arena *arena, struct view **names,
                   size_t *count, struct err *reterr)
{
    size_t capacity = 0;

    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL)
            return errno != 0 ? file_fail(reterr, errno, false, "list", directory) : 0;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (*count == NAMES_MAX)
            return fail(reterr, ERR_LIMIT, "%s: more than %d names in this folder", directory,
                        NAMES_MAX);
        if (*count == capacity) {
            capacity = capacity != 0 ? capacity * 2 : 64;
            struct view *grown = mem_resize(*names, capacity, sizeof *grown);
            if (grown == NULL)
                return fail(reterr, ERR_MEMORY, "%s: out of memory", directory);
            *names = grown;
        }
        if (arena_copy(arena, view_of(entry->d_name), &(*names)[*count]) != 0)
            return fail(reterr, ERR_MEMORY, "%s: out of memory", directory);
        (*count)++;
    }
}

int file_list(const char *directory, struct arena *arena, struct view **ret_names,
              size_t *ret_count, struct err *reterr)
{
    struct view *names = NULL;
    size_t count = 0;
    DIR *folder = opendir(directory);

    if (folder == NULL)
        return file_fail(reterr, errno, false, "list", directory);
    int code = collect(folder, directory, arena, &names, &count, reterr);
    closedir(folder);
    struct view *kept = code == 0 ? arena_new(arena, count + 1, sizeof *kept) : NULL;
    if (code == 0 && kept == NULL)
        code = fail(reterr, ERR_MEMORY, "%s: out of memory", directory);
    if (code == 0) {
        if (count > 0) {
            memcpy(kept, names, count * sizeof *kept);
            qsort(kept, count, sizeof *kept, by_bytes);
        }
        *ret_names = kept;
        *ret_count = count;
    }
    mem_free(names);
    return code;
}

int file_make_temporary(struct view prefix, struct strbuf *path, struct err *reterr)
{
    static const struct view variable = VIEW("TMPDIR");
    struct view parent = env_get(variable);
    size_t start = path->len;

    if (parent.len == 0)
        parent = view_of("/tmp");
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        strbuf_cut(path, start);
        path_join(path, parent, prefix);
        strbuf_printf(path, "-%016llx", (unsigned long long)seed_random());
        int code = strbuf_status(path);
        if (code != 0)
            return fail(reterr, code, "the path of a temporary folder is too long");
        if (mkdir(strbuf_text(path) + start, 0700) == 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    return file_fail(reterr, errno, true, "create the folder", strbuf_text(path) + start);
}

static int remove_entry(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)place;
    return (kind == FTW_DP ? rmdir(path) : unlink(path)) != 0 ? errno : 0;
}

int file_remove_tree(const char *path, struct err *reterr)
{
    int status = nftw(path, remove_entry, TREE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

    if (status == 0)
        return 0;
    int error_number = status > 0 ? status : errno;
    return error_number == ENOENT ? 0 : file_fail(reterr, error_number, true, "delete", path);
}
