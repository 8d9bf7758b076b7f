/* SPDX-License-Identifier: Apache-2.0
 *
 * settings_set: one value from the command line into the tree, "suites.manga.repeat=5". */
#include "config/settings.h"

#include "config/yaml.h"

enum { STEPS_MAX = 16 };

/* What came from the command line has no place in a file: line 0. Bounded by YAML_DEPTH_MAX. */
static void forget_places(struct json *value)
{
    value->line = value->column = value->key_line = value->key_column = 0;
    for (struct json *child = value->child; child != NULL; child = child->next)
        forget_places(child);
}

/* The longest member whose name starts the path and ends at a dot or the end. */
static struct json *longest_member(struct json *map, struct view path, size_t *ret_len)
{
    struct json *best = NULL;

    for (struct json *child = map->child; child != NULL; child = child->next) {
        size_t len = child->key.len;
        if (!view_starts(path, child->key) || (len < path.len && path.ptr[len] != '.'))
            continue;
        if (best == NULL || len > best->key.len)
            best = child;
    }
    if (best != NULL)
        *ret_len = best->key.len;
    return best;
}

static struct json *add_member(struct arena *arena, struct json *map, struct view key)
{
    struct json *member = json_new(arena, JSON_NULL);
    struct view copy;

    if (member == NULL || arena_copy(arena, key, &copy) != 0)
        return NULL;
    json_set(map, copy, member);
    return member;
}

/* Takes one step into `map`, makes it where it is missing. */
static int step_into(struct arena *arena, struct json *map, struct view *path,
                     struct problems *problems, struct view whole, struct json **ret_member)
{
    size_t len = view_find_byte(*path, '.');
    struct json *member = longest_member(map, *path, &len);

    if (len == 0)
        return problems_add(problems, 0, 0,
                            "%s has an empty step: write as in "
                            "suites.manga.repeat=5",
                            problems_quote(whole).text);
    if (member == NULL) {
        member = add_member(arena, map, view_slice(*path, 0, len));
        if (member == NULL)
            return ERR_MEMORY;
    }
    bool last = len == path->len;
    *path = last ? view_make(NULL, 0) : view_slice(*path, len + 1, path->len);
    if (!last && member->kind == JSON_NULL)
        member->kind = JSON_OBJECT;
    if (!last && member->kind != JSON_OBJECT)
        return problems_add(problems, 0, 0, "%s leads through '%.*s', which is no mapping but %s",
                            problems_quote(whole).text, VIEW_ARG(member->key),
                            json_kind_name(member->kind));
    *ret_member = member;
    return 0;
}

static int parse_value(struct arena *arena, struct view path, struct view text,
                       struct problems *problems, struct json **ret_value)
{
    struct err err = {.code = 0};

    if (text.len == 0) {
        *ret_value = json_new_text(arena, view_of(""));
        return *ret_value != NULL ? 0 : ERR_MEMORY;
    }
    int code = yaml_parse(arena, view_of(""), text, ret_value, &err);
    if (code == ERR_MEMORY)
        return code;
    if (code != 0) {
        /* ":LINE:COLUMN: what": the place inside a word of the command line helps nobody. */
        struct view what = view_of(err.text);
        what = view_slice(what, view_find(what, view_of(": "), 0) + 2, what.len);
        return problems_add(problems, 0, 0, "the value of %s is no YAML: %.*s",
                            problems_quote(path).text, VIEW_ARG(what));
    }
    forget_places(*ret_value);
    return 0;
}

int settings_set(struct arena *arena, struct json *root, struct view override,
                 struct problems *problems)
{
    size_t equals = view_find_byte(override, '=');
    struct view path = view_slice(override, 0, equals);
    struct view whole = path;
    struct json *member = root;
    struct json *value;

    if (equals == override.len || path.len == 0)
        return problems_add(problems, 0, 0,
                            "%s is not of the form KEY=VALUE: write as in suites.manga.repeat=5",
                            problems_quote(path).text);
    int code =
        parse_value(arena, path, view_slice(override, equals + 1, override.len), problems, &value);
    for (size_t steps = 0; code == 0 && path.ptr != NULL; steps++) {
        if (steps == STEPS_MAX)
            return problems_add(problems, 0, 0, "%s has more than 16 steps",
                                problems_quote(whole).text);
        code = step_into(arena, member, &path, problems, whole, &member);
    }
    if (code != 0)
        return code;
    value->key = member->key;
    value->next = member->next;
    *member = *value;
    return 0;
}
