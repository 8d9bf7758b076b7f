/* SPDX-License-Identifier: Apache-2.0
 *
 * path: see path.h. */
#include "shell/os/path.h"

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

struct view path_extension(struct view path)
{
    struct view name = path_name(path);

    for (size_t at = name.len; at > 1; at--) {
        if (name.ptr[at - 1] == '.')
            return view_slice(name, at, name.len);
    }
    return view_slice(name, name.len, name.len);
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
