/* SPDX-License-Identifier: Apache-2.0
 *
 * adopt: see adopt.h. Works on the trees, before anything is read out of them. */
#include "core/golden/adopt.h"

#include "core/golden/entries_internal.h"

struct adopting {
    struct arena *arena;
    const struct json *former;  /* root of the former set */
    const struct json *present; /* root whose entries count */
    struct map ids;             /* of former entries → struct json */
    struct adopted adopted;
};

/* Keys of an entry that make its question; of the others today's count. */
static const char *const prompt_keys[] = {"prompt", "text",        "file",   "messages",
                                          "system", "system_text", "params", NULL};

static bool is_prompt_key(struct view key)
{
    for (size_t i = 0; prompt_keys[i] != NULL; i++)
        if (view_is(key, prompt_keys[i]))
            return true;
    return false;
}

/* The same value under the same key once more; what lies below it is shared. */
static int add_copy(struct arena *arena, struct json *object, const struct json *member)
{
    struct json *copy = arena_new(arena, 1, sizeof *copy);

    if (copy == NULL)
        return ERR_MEMORY;
    *copy = *member;
    copy->next = NULL;
    json_set(object, member->key, copy);
    return 0;
}

static bool names_prompt(const struct json *root, const struct json *name)
{
    return json_get_view(json_get(root, "prompts"), name->text) != NULL;
}

static int tell(struct adopting *adopting, struct view id, bool is_extra, const char *why)
{
    if (why == NULL)
        return ERR_MEMORY;
    adopting->adopted.unmatched[adopting->adopted.unmatched_count++] =
        (struct adopt_unmatched){.id = id, .is_extra = is_extra, .why = view_of(why)};
    return 0;
}

/* The former variables, today's over them. */
static int add_vars(struct arena *arena, const struct json *present, const struct json *former,
                    struct json *entry)
{
    const struct json *here = json_get(present, "vars");
    const struct json *there = json_get(former, "vars");
    const struct json *merged = NULL;

    if (!json_is(there, JSON_OBJECT) || (here != NULL && here->kind != JSON_OBJECT))
        return here != NULL ? add_copy(arena, entry, here) : 0;
    int code = golden_merge(arena, there, here, &merged);
    if (code != 0)
        return code;
    struct json *copy = arena_new(arena, 1, sizeof *copy);
    if (copy == NULL)
        return ERR_MEMORY;
    *copy = *merged;
    copy->next = NULL;
    json_set(entry, view_of("vars"), copy);
    return 0;
}

/* What both entries say of the question: a prompt of that name where the former set has one, else
 * what the former entry used. */
static int add_prompt(struct adopting *adopting, const struct json *present,
                      const struct json *former, struct json *entry)
{
    const struct json *name = json_get(present, "prompt");
    const struct json *params = former != NULL ? json_get(former, "params") : NULL;
    bool by_name = json_is(name, JSON_STRING) && names_prompt(adopting->former, name);
    int code = 0;

    if (by_name) {
        code = add_copy(adopting->arena, entry, name);
        if (former == NULL)
            params = json_get(present, "params");
        return code == 0 && params != NULL ? add_copy(adopting->arena, entry, params) : code;
    }
    for (const struct json *member = former->child; member != NULL && code == 0;
         member = member->next)
        if (is_prompt_key(member->key))
            code = add_copy(adopting->arena, entry, member);
    return code;
}

static int adopt_entry(struct adopting *adopting, const struct json *present, struct json *entries)
{
    const struct json *id = json_get(present, "id");
    const struct json *name = json_get(present, "prompt");
    const struct json *former = json_is(id, JSON_STRING) ? map_get(&adopting->ids, id->text) : NULL;
    struct json *entry = json_new(adopting->arena, JSON_OBJECT);
    int code = 0;

    if (entry == NULL)
        return ERR_MEMORY;
    entry->line = present->line;
    entry->column = present->column;
    if (json_is(id, JSON_STRING) && former == NULL
        && !(json_is(name, JSON_STRING) && names_prompt(adopting->former, name)))
        return tell(
            adopting, id->text, false,
            json_is(name, JSON_STRING)
                ? arena_printf(adopting->arena, "there is no prompt '%.*s'", VIEW_ARG(name->text))
                : "there is no such entry, which carries its prompt itself");
    for (const struct json *member = present->child; member != NULL && code == 0;
         member = member->next)
        if (!is_prompt_key(member->key) && !view_is(member->key, "vars"))
            code = add_copy(adopting->arena, entry, member);
    if (code == 0)
        code = add_vars(adopting->arena, present, former, entry);
    if (code == 0 && json_is(id, JSON_STRING))
        code = add_prompt(adopting, present, former, entry);
    if (code == 0)
        json_append(entries, entry);
    return code;
}

static int tell_extra(struct adopting *adopting, const struct json *present_entries)
{
    struct map ids;
    int code = 0;

    map_init(&ids, GOLDEN_ENTRIES_MAX, 0);
    for (const struct json *item = present_entries->child; item != NULL && code == 0;
         item = item->next) {
        const struct json *id = json_get(item, "id");
        if (json_is(id, JSON_STRING))
            code = map_put(&ids, id->text, (void *)(uintptr_t)item);
    }
    for (size_t i = 0; i < adopting->ids.count && code == 0; i++)
        if (map_get(&ids, adopting->ids.entries[i].key) == NULL)
            code = tell(adopting, adopting->ids.entries[i].key, true, "");
    map_release(&ids);
    return code;
}

static int adopt_entries(struct adopting *adopting, struct json *root)
{
    const struct json *former = json_get(adopting->former, "entries");
    const struct json *present = json_get(adopting->present, "entries");
    struct json *entries = json_new(adopting->arena, JSON_ARRAY);
    int code = entries != NULL ? 0 : ERR_MEMORY;

    if (present == NULL || present->kind != JSON_ARRAY)
        return present != NULL ? add_copy(adopting->arena, root, present) : 0;
    for (const struct json *item = json_is(former, JSON_ARRAY) ? former->child : NULL;
         item != NULL && code == 0; item = item->next) {
        const struct json *id = json_get(item, "id");
        if (json_is(id, JSON_STRING) && adopting->ids.count < GOLDEN_ENTRIES_MAX)
            code = map_put(&adopting->ids, id->text, (void *)(uintptr_t)item);
    }
    adopting->adopted.unmatched = arena_new(adopting->arena, adopting->ids.count + present->count,
                                            sizeof *adopting->adopted.unmatched);
    if (code != 0
        || (adopting->adopted.unmatched == NULL && adopting->ids.count + present->count > 0))
        return ERR_MEMORY;
    for (const struct json *item = present->child; item != NULL && code == 0; item = item->next)
        code = adopt_entry(adopting, item, entries);
    if (code == 0)
        code = tell_extra(adopting, present);
    entries->line = present->line;
    entries->column = present->column;
    if (code == 0)
        json_set(root, view_of("entries"), entries);
    return code;
}

static int adopt_root(struct adopting *adopting, struct json **ret_root)
{
    struct json *root = json_new(adopting->arena, JSON_OBJECT);
    int code = root != NULL ? 0 : ERR_MEMORY;

    for (const struct json *member = code == 0 ? adopting->former->child : NULL;
         member != NULL && code == 0; member = member->next)
        if (!view_is(member->key, "entries"))
            code = add_copy(adopting->arena, root, member);
    map_init(&adopting->ids, GOLDEN_ENTRIES_MAX, 0);
    if (code == 0)
        code = adopt_entries(adopting, root);
    map_release(&adopting->ids);
    *ret_root = root;
    return code;
}

int golden_load_adopting(struct arena *arena, struct view file, struct view text,
                         struct view entries_file, struct view entries_text,
                         struct problems *problems, struct golden_set *ret_set,
                         struct adopted *ret_adopted)
{
    struct adopting adopting = {.arena = arena};
    struct json *former = NULL;
    struct json *present = NULL;
    struct json *root = NULL;

    problems->file = entries_file;
    int code =
        golden_read_text(arena, entries_file, entries_text, GOLDEN_FORM_AUTO, problems, &present);
    if (code == 0) {
        problems->file = file;
        code = golden_read_text(arena, file, text, GOLDEN_FORM_AUTO, problems, &former);
    }
    if (code == ERR_MEMORY)
        return code;
    adopting.former = former;
    adopting.present = present;
    if (code == 0)
        code = adopt_root(&adopting, &root);
    if (code == ERR_MEMORY)
        return code;
    code = golden_load_tree(arena, file, root, problems, ret_set);
    if (code != ERR_MEMORY)
        *ret_adopted = adopting.adopted;
    return code;
}
