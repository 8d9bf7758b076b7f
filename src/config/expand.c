/* SPDX-License-Identifier: Apache-2.0
 *
 * expand: see expand.h. */
#include "config/expand.h"

#include "base/strbuf.h"

enum { VALUE_MAX = 1024 * 1024 };

struct expansion {
    struct arena *arena;
    config_lookup *lookup;
    void *context;
    struct problems *problems;
    struct strbuf out;
};

bool config_has_reference(struct view text)
{
    for (size_t at = view_find(text, view_of("${"), 0); at < text.len;
         at = view_find(text, view_of("${"), at + 2))
        if (at == 0 || text.ptr[at - 1] != '$')
            return true;
    return false;
}

static bool is_name(struct view name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.len > 0;
}

/* What stands between ${ and }. */
static int add_reference(struct expansion *expansion, const struct json *value,
                         struct view reference)
{
    size_t colon = view_find(reference, view_of(":-"), 0);
    struct view name = view_slice(reference, 0, colon);
    struct view found = {.ptr = NULL};

    if (!is_name(name))
        return problems_at(expansion->problems, value,
                           "${...} takes the name of an environment variable, as in ${HOME} or "
                           "${PORT:-8000}; for the characters as they are write $${");
    bool set = expansion->lookup != NULL && expansion->lookup(expansion->context, name, &found);
    if (colon < reference.len && (!set || found.len == 0)) {
        strbuf_add(&expansion->out, view_slice(reference, colon + 2, reference.len));
        return 0;
    }
    if (!set) {
        struct quoted shown = problems_quote(name);
        return problems_at(expansion->problems, value,
                           "the environment variable %s is not set: set it, or give a default as "
                           "in ${NAME:-default}",
                           shown.text);
    }
    strbuf_add(&expansion->out, found);
    return 0;
}

static int expand_text(struct expansion *expansion, struct json *value)
{
    struct view text = value->text;
    struct view open = view_of("${");
    size_t from = 0;

    strbuf_reset(&expansion->out);
    for (;;) {
        size_t at = view_find(text, open, from);
        bool escaped = at < text.len && at > from && text.ptr[at - 1] == '$';
        strbuf_add(&expansion->out, view_slice(text, from, escaped ? at - 1 : at));
        if (at >= text.len)
            break;
        from = at + 2;
        if (escaped) {
            strbuf_add(&expansion->out, open);
            continue;
        }
        size_t close = view_find(text, view_of("}"), from);
        if (close == text.len)
            return problems_at(expansion->problems, value,
                               "${ without }: close it, or write $${ for the characters as they "
                               "are");
        int code = add_reference(expansion, value, view_slice(text, from, close));
        if (code != 0)
            return code;
        from = close + 1;
    }
    int code = strbuf_status(&expansion->out);
    if (code == ERR_LIMIT)
        return problems_at(expansion->problems, value, "longer than 1 MiB once expanded");
    if (code != 0)
        return code;
    return arena_copy(expansion->arena, strbuf_view(&expansion->out), &value->text);
}

/* Recursion is bounded by the depth of the tree (YAML_DEPTH_MAX). */
static int expand_all(struct expansion *expansion, struct json *value)
{
    int first = 0;

    if (value->kind == JSON_STRING && view_find(value->text, view_of("${"), 0) < value->text.len)
        first = expand_text(expansion, value);
    for (struct json *child = value->child; child != NULL; child = child->next) {
        int code = expand_all(expansion, child);
        if (code == ERR_MEMORY)
            return code;
        if (first == 0)
            first = code;
    }
    return first;
}

int config_expand(struct arena *arena, struct json *root, config_lookup *lookup, void *context,
                  struct problems *problems)
{
    struct expansion expansion = {
        .arena = arena,
        .lookup = lookup,
        .context = context,
        .problems = problems,
    };

    strbuf_init(&expansion.out, VALUE_MAX);
    int code = root != NULL ? expand_all(&expansion, root) : 0;
    strbuf_release(&expansion.out);
    return code;
}
