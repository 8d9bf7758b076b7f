/* SPDX-License-Identifier: Apache-2.0
 *
 * git_files: see git_files.h. */
#include "app/git_files.h"

#include "base/mem.h"
#include "base/path.h"
#include "shell/os/file.h"

enum { PATHS_MAX = 200000, NAMES_BYTES_MAX = 256 << 20 };

/* A file that was asked for. */
struct known {
    struct view path;         /* within the repository */
    char name[GIT_NAME_SIZE]; /* of the object; empty: there was none */
};

struct git_files {
    struct git *git;
    struct view commit;
    struct plan_files reader;
    struct arena arena;
    struct view folder; /* the process's, below the top: "" or "shop/prompts" */
    bool is_below;      /* false: the process stands outside of the repository */
    struct known *known;
    struct view *paths; /* the same, for git_diff */
    size_t count;
    size_t capacity;
};

static int no_memory(struct err *reterr)
{
    return fail(reterr, ERR_MEMORY, "no memory for the files of a commit");
}

/* An absolute path below the top of the work tree, as it stands or once its links are resolved. */
static bool below_top(struct git_files *files, struct view path, struct view *ret_path)
{
    struct view top = git_top(files->git);
    size_t skip = top.len + (view_ends(top, view_of("/")) ? 0 : 1);

    if (!view_starts(path, top) || path.len <= skip || path.ptr[skip - 1] != '/')
        return false;
    return arena_copy(&files->arena, view_slice(path, skip, path.len), ret_path) == 0;
}

/* `path` relative to the top of the work tree; false where it lies elsewhere. */
static bool within(struct git_files *files, const char *path, struct view *ret_path)
{
    struct strbuf resolved;
    struct err ignored;
    bool is_within = false;

    if (!path_is_absolute(view_of(path)))
        return files->is_below
               && path_resolve(&files->arena, files->folder, view_of(path), ret_path) == 0
               && !view_is(*ret_path, "..") && !view_starts(*ret_path, view_of("../"));
    if (below_top(files, view_of(path), ret_path))
        return true;
    strbuf_init(&resolved, NAMES_BYTES_MAX);
    if (file_resolve_links(path, &resolved, &ignored) == 0)
        is_within = below_top(files, strbuf_view(&resolved), ret_path);
    strbuf_release(&resolved);
    return is_within;
}

static int grow(struct git_files *files)
{
    size_t capacity = files->capacity > 0 ? files->capacity * 2 : 64;

    if (files->count < files->capacity)
        return 0;
    if (capacity > PATHS_MAX)
        return ERR_LIMIT;
    struct known *known = mem_resize(files->known, capacity, sizeof *known);
    if (known == NULL)
        return ERR_MEMORY;
    files->known = known;
    struct view *paths = mem_resize(files->paths, capacity, sizeof *paths);
    if (paths == NULL)
        return ERR_MEMORY;
    files->paths = paths;
    files->capacity = capacity;
    return 0;
}

static int remember(struct git_files *files, struct view path, struct err *reterr)
{
    struct view copy;

    for (size_t i = 0; i < files->count; i++)
        if (view_equal(files->paths[i], path))
            return 0;
    if (grow(files) != 0 || arena_copy(&files->arena, path, &copy) != 0)
        return no_memory(reterr);
    struct known *known = &files->known[files->count];
    known->path = copy;
    int code = git_object(files->git, files->commit, copy, known->name, reterr);
    if (code == 0)
        files->paths[files->count++] = copy;
    return code;
}

static int read_file(void *context, const char *path, struct strbuf *out, struct err *reterr)
{
    struct git_files *files = context;
    struct view inside;

    if (!within(files, path, &inside))
        return file_read(path, out, reterr);
    int code = remember(files, inside, reterr);
    return code == 0 ? git_read(files->git, files->commit, inside, out, reterr) : code;
}

/* Where the process stands below the top. */
static int find_folder(struct git_files *files, struct err *reterr)
{
    struct view top = git_top(files->git);
    struct strbuf here;

    strbuf_init(&here, 1 << 16);
    int code = file_current_folder(&here, reterr);
    struct view folder = strbuf_view(&here);
    files->is_below = code == 0 && view_starts(folder, top)
                      && (folder.len == top.len || folder.ptr[top.len] == '/' || view_is(top, "/"));
    if (files->is_below) {
        struct view rest = view_slice(folder, top.len, folder.len);
        if (view_starts(rest, view_of("/")))
            rest = view_slice(rest, 1, rest.len);
        if (arena_copy(&files->arena, rest, &files->folder) != 0)
            code = no_memory(reterr);
    }
    strbuf_release(&here);
    return code;
}

int git_files_open(struct git *git, struct view commit, struct git_files **ret_files,
                   struct err *reterr)
{
    struct git_files *files = mem_new(1, sizeof *files);

    if (files == NULL)
        return no_memory(reterr);
    files->git = git;
    files->reader = (struct plan_files){.read = read_file, .context = files};
    arena_init(&files->arena, NAMES_BYTES_MAX);
    int code = arena_copy(&files->arena, commit, &files->commit) != 0 ? no_memory(reterr) : 0;
    if (code == 0)
        code = find_folder(files, reterr);
    if (code != 0) {
        git_files_close(files);
        return code;
    }
    *ret_files = files;
    return 0;
}

void git_files_close(struct git_files *files)
{
    if (files == NULL)
        return;
    mem_free(files->known);
    mem_free(files->paths);
    arena_release(&files->arena);
    mem_free(files);
}

const struct plan_files *git_files_reader(struct git_files *files)
{
    return &files->reader;
}

int git_files_same(struct git_files *files, struct view commit, bool *ret_same, struct err *reterr)
{
    *ret_same = false;
    for (size_t i = 0; i < files->count; i++) {
        char name[GIT_NAME_SIZE];
        int code = git_object(files->git, commit, files->known[i].path, name, reterr);
        if (code != 0)
            return code;
        if (strcmp(name, files->known[i].name) != 0)
            return 0;
    }
    *ret_same = true;
    return 0;
}

const struct view *git_files_paths(const struct git_files *files, size_t *ret_count)
{
    *ret_count = files->count;
    return files->paths;
}
