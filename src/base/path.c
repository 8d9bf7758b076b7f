/* SPDX-License-Identifier: Apache-2.0
 *
 * path: see path.h. */
#include "base/path.h"

static size_t last_byte(struct view text, char byte)
{
    for (size_t i = text.len; i > 0; i--)
        if (text.ptr[i - 1] == byte)
            return i - 1;
    return text.len;
}

struct view path_folder(struct view file)
{
    size_t slash = last_byte(file, '/');

    if (slash == file.len)
        return view_make(file.ptr, 0);
    return view_make(file.ptr, slash == 0 ? 1 : slash);
}

struct view path_extension(struct view path)
{
    size_t slash = last_byte(path, '/');
    struct view name = slash == path.len ? path : view_slice(path, slash + 1, path.len);
    size_t dot = last_byte(name, '.');

    return dot == 0 ? view_make(name.ptr, 0) : view_slice(name, dot, name.len);
}

/* Appends one step to the path that is built in `out`. */
static size_t add_step(char *out, size_t len, struct view step)
{
    if (step.len == 0 || view_is(step, "."))
        return len;
    size_t slash = last_byte(view_make(out, len), '/');
    struct view last =
        slash == len ? view_make(out, len) : view_make(out + slash + 1, len - slash - 1);
    bool absolute = len > 0 && out[0] == '/';
    if (view_is(step, "..") && last.len > 0 && !view_is(last, ".."))
        return slash == len ? 0 : slash == 0 ? 1 : slash;
    if (view_is(step, "..") && absolute && last.len == 0)
        return len;
    if (len > 0 && out[len - 1] != '/')
        out[len++] = '/';
    memcpy(out + len, step.ptr, step.len);
    return len + step.len;
}

int path_resolve(struct arena *arena, struct view folder, struct view path, struct view *ret_path)
{
    if (path.len == 0) {
        *ret_path = path;
        return 0;
    }
    char *out = arena_new(arena, folder.len + path.len + 3, 1);
    if (out == NULL)
        return ERR_MEMORY;

    bool absolute = path.ptr[0] == '/';
    struct view parts[] = {absolute ? view_make(NULL, 0) : folder, path};
    size_t len = 0;
    if (absolute || view_starts(folder, view_of("/")))
        out[len++] = '/';
    for (size_t i = 0; i < 2; i++)
        for (struct view rest = parts[i]; rest.ptr != NULL;)
            len = add_step(out, len, view_split(&rest, '/'));
    if (len == 0)
        out[len++] = '.';
    *ret_path = view_make(out, len);
    return 0;
}

/* The offset past the last slash, 0 where there is none. */
static size_t name_at(struct view path)
{
    size_t at = path.len;

    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return at;
}

bool path_is_absolute(struct view path)
{
    return path.len != 0 && path.ptr[0] == '/';
}

struct view path_directory(struct view path)
{
    size_t at = name_at(path);

    if (at == 0)
        return view_of(".");
    while (at > 1 && path.ptr[at - 1] == '/')
        at--;
    return view_slice(path, 0, at);
}

struct view path_name(struct view path)
{
    return view_slice(path, name_at(path), path.len);
}

void path_join(struct strbuf *path, struct view directory, struct view relative)
{
    static const struct view here = VIEW("./");

    while (view_starts(relative, here)) {
        relative = view_slice(relative, 2, relative.len);
        while (path_is_absolute(relative))
            relative = view_slice(relative, 1, relative.len);
    }
    if (!path_is_absolute(relative) && directory.len != 0 && !view_is(directory, ".")) {
        strbuf_add(path, directory);
        if (directory.ptr[directory.len - 1] != '/')
            strbuf_add_byte(path, '/');
    }
    strbuf_add(path, relative);
}
