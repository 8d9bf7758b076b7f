/* SPDX-License-Identifier: Apache-2.0
 *
 * schema_uri: references of a schema against the URI it has.
 *
 * Strings are taken apart, put together and compared as they are; nothing is looked up. Memory: the
 * arena. Threads: no state. Source: RFC 3986, 5.2. */
#include "text/schema_internal.h"

struct parts {
    struct view scheme;    /* with ':' */
    struct view authority; /* with "//" */
    struct view path;
    struct view query; /* with '?' */
};

static bool is_scheme_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+'
           || c == '-' || c == '.';
}

/* Cuts the first `len` bytes off. */
static struct view take(struct view *rest, size_t len)
{
    struct view taken = view_slice(*rest, 0, len);
    *rest = view_slice(*rest, len, rest->len);
    return taken;
}

static struct parts split(struct view uri)
{
    struct parts parts;
    size_t len = 0;

    uri = view_slice(uri, 0, view_find_byte(uri, '#'));
    while (len < uri.len && is_scheme_byte(uri.ptr[len]))
        len++;
    bool has_scheme = len > 0 && len < uri.len && uri.ptr[len] == ':';
    parts.scheme = take(&uri, has_scheme ? len + 1 : 0);
    len = 0;
    if (view_starts(uri, view_of("//")))
        for (len = 2; len < uri.len && uri.ptr[len] != '/' && uri.ptr[len] != '?';)
            len++;
    parts.authority = take(&uri, len);
    parts.path = take(&uri, view_find_byte(uri, '?'));
    parts.query = uri;
    return parts;
}

/* Appends a path without its "." and ".." segments to what starts at `from` in `out`. */
static size_t add_path(char *out, size_t len, size_t from, struct view path)
{
    while (path.ptr != NULL) {
        struct view segment = view_split(&path, '/');
        bool last = path.ptr == NULL;
        if (view_is(segment, ".") || view_is(segment, "..")) {
            if (segment.len == 2 && len > from) {
                len--; /* the slash after the segment that goes */
                while (len > from && out[len - 1] != '/')
                    len--;
                if (len == from) /* nothing above the root */
                    out[len++] = '/';
            }
            continue;
        }
        if (segment.len != 0)
            memcpy(out + len, segment.ptr, segment.len);
        len += segment.len;
        if (!last)
            out[len++] = '/';
    }
    return len;
}

static size_t add(char *out, size_t len, struct view part)
{
    if (part.len != 0)
        memcpy(out + len, part.ptr, part.len);
    return len + part.len;
}

int schema_uri_resolve(struct arena *arena, struct view base, struct view reference,
                       struct view *ret_uri)
{
    struct parts from = split(base);
    struct parts to = split(reference);
    char *out = arena_new(arena, base.len + reference.len + 4, 1);
    bool same_document = to.scheme.len == 0 && to.authority.len == 0 && to.path.len == 0;

    if (out == NULL)
        return ERR_MEMORY;
    size_t len = add(out, 0, to.scheme.len != 0 ? to.scheme : from.scheme);
    bool own_authority = to.scheme.len != 0 || to.authority.len != 0;
    len = add(out, len, own_authority ? to.authority : from.authority);
    size_t path_at = len;
    if (same_document) {
        len = add(out, len, from.path);
        len = add(out, len, to.query.len != 0 ? to.query : from.query);
    } else {
        bool merge = !own_authority && to.path.ptr != NULL && to.path.ptr[0] != '/';
        if (merge && from.path.len == 0 && from.authority.len != 0)
            out[len++] = '/';
        if (merge) {
            size_t keep = from.path.len;
            while (keep > 0 && from.path.ptr[keep - 1] != '/')
                keep--;
            len = add(out, len, view_slice(from.path, 0, keep));
        }
        if (to.path.len != 0)
            len = add_path(out, len, path_at, to.path);
        len = add(out, len, to.query);
    }
    *ret_uri = view_make(out, len);
    return 0;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int schema_uri_decode(struct arena *arena, struct view text, struct view *ret_decoded)
{
    char *out = arena_new(arena, text.len + 1, 1);
    size_t len = 0;

    if (out == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < text.len; i++) {
        bool escape = text.ptr[i] == '%' && i + 2 < text.len && hex(text.ptr[i + 1]) >= 0
                      && hex(text.ptr[i + 2]) >= 0;
        out[len++] =
            escape ? (char)(hex(text.ptr[i + 1]) * 16 + hex(text.ptr[i + 2])) : text.ptr[i];
        i += escape ? 2 : 0;
    }
    *ret_decoded = view_make(out, len);
    return 0;
}
