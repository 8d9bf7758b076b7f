/* SPDX-License-Identifier: Apache-2.0
 *
 * entries: see entries.h. Here the tree becomes prompts and entries; entries_text.c makes the tree,
 * entries_prompt.c reads prompts and core/validate/expect.h what is expected, entries_resolve.c and
 * entries_render.c do what comes after. */
#include "core/golden/entries_internal.h"

#include "base/nearest.h"
#include "base/path.h"

/* ---- prompts --------------------------------------------------------------------------------- */

static int read_named_prompt(struct golden_loader *loader, const struct json *member)
{
    struct golden_set *set = loader->set;
    const struct golden_prompt *first = map_get(&loader->prompt_names, member->key);
    struct golden_prompt_keys keys = {.params = NULL};

    if (first != NULL) {
        problems_at_key(loader->problems, member,
                        "duplicate prompt %s, first given at line %u: rename one of them",
                        problems_quote(member->key).text, (unsigned)first->at->key_line);
        return 0;
    }
    struct golden_prompt *prompt = &set->prompts[set->prompt_count++];
    *prompt = (struct golden_prompt){.name = member->key, .at = member};
    int code = map_put(&loader->prompt_names, member->key, prompt);
    if (code == 0)
        code = config_read(&loader->reader, golden_prompt_table(), member, &keys);
    if (code != 0)
        return code == ERR_CONFIG ? 0 : code;
    if (member->key.len == 0)
        problems_at_key(loader->problems, member, "this prompt has no name");
    code = golden_read_prompt(loader, member, &keys, prompt);
    prompt->name = member->key;
    return code;
}

static int read_prompts(struct golden_loader *loader, const struct json *map)
{
    if (map == NULL)
        return 0;
    if (map->count > GOLDEN_PROMPTS_MAX) {
        problems_at(loader->problems, map, "more than 10,000 prompts: split the golden set");
        return 0;
    }
    for (const struct json *member = map->child; member != NULL; member = member->next) {
        int code = read_named_prompt(loader, member);
        if (code != 0)
            return code;
    }
    return 0;
}

/* ---- an entry's prompt ----------------------------------------------------------------------- */

static int unknown_prompt(struct golden_loader *loader, const struct json *value)
{
    const struct golden_set *set = loader->set;
    struct view near = {.ptr = NULL};
    size_t least = NEAREST_BYTES_MAX;

    for (size_t i = 0; i < loader->prompt_names.count && !problems_full(loader->problems); i++) {
        struct view name = set->prompts[i].name;
        size_t distance = nearest_distance(value->text, name);
        if (distance < least && nearest_of(value->text, &name, 1).ptr != NULL) {
            least = distance;
            near = name;
        }
    }
    problems_at(loader->problems, value, "unknown prompt %s%s%.*s%s",
                problems_quote(value->text).text,
                near.ptr != NULL ? ", did you mean '" : ": add it under 'prompts'", VIEW_ARG(near),
                near.ptr != NULL ? "'?" : "");
    return 0;
}

static const char *const own_keys[] = {"text", "file", "messages", "system", "system_text", NULL};

static const struct json *first_own_key(const struct json *at)
{
    for (size_t i = 0; own_keys[i] != NULL; i++)
        if (json_get(at, own_keys[i]) != NULL)
            return json_get(at, own_keys[i]);
    return NULL;
}

static int read_own_prompt(struct golden_loader *loader, const struct json *at,
                           const struct golden_prompt_keys *keys, struct golden_entry *entry)
{
    struct golden_set *set = loader->set;

    entry->prompt = set->prompt_count++;
    return golden_read_prompt(loader, at, keys, &set->prompts[entry->prompt]);
}

static int read_entry_prompt(struct golden_loader *loader, const struct json *at,
                             const struct golden_entry_keys *keys, struct golden_entry *entry)
{
    const struct json *own = first_own_key(at);
    struct golden_prompt_keys prompt_keys = {.params = NULL};

    if (keys->prompt == NULL) {
        struct golden_prompt_keys without_params = keys->own;
        without_params.params = NULL; /* they are the entry's */
        if (own != NULL)
            return read_own_prompt(loader, at, &without_params, entry);
        problems_at(loader->problems, at,
                    "this entry has no prompt: name one with 'prompt', or give 'text'");
        return 0;
    }
    if (own != NULL) {
        problems_at_key(loader->problems, own,
                        "'prompt' and '%.*s' are both given: keep one of them", VIEW_ARG(own->key));
        return 0;
    }
    if (keys->prompt->kind == JSON_STRING) {
        const struct golden_prompt *prompt = map_get(&loader->prompt_names, keys->prompt->text);
        if (prompt == NULL)
            return unknown_prompt(loader, keys->prompt);
        entry->prompt = (size_t)(prompt - loader->set->prompts);
        return 0;
    }
    if (keys->prompt->kind != JSON_OBJECT) {
        problems_at(loader->problems, keys->prompt,
                    "'prompt' must be the name of a prompt, or a prompt as in {text: …}, found %s",
                    json_kind_name(keys->prompt->kind));
        return 0;
    }
    int code = config_read(&loader->reader, golden_prompt_table(), keys->prompt, &prompt_keys);
    if (code != 0)
        return code == ERR_CONFIG ? 0 : code;
    return read_own_prompt(loader, keys->prompt, &prompt_keys, entry);
}

/* ---- entries --------------------------------------------------------------------------------- */

static int check_id(struct golden_loader *loader, const struct json *at, struct view id)
{
    const struct json *value = json_get(at, "id");
    const struct json *first = map_get(&loader->ids, id);
    bool control = false;

    if (value == NULL || value->kind != JSON_STRING)
        return 0; /* reported already */
    for (size_t i = 0; i < id.len; i++)
        control = control || (unsigned char)id.ptr[i] < 0x20;
    if (id.len == 0 || id.len > GOLDEN_ID_SIZE_MAX || control)
        problems_at(loader->problems, value,
                    "an id has 1 to 200 bytes and no control characters, found %s",
                    problems_quote(id).text);
    if (first == NULL)
        return map_put(&loader->ids, id, (void *)(uintptr_t)value);
    problems_at(loader->problems, value,
                "duplicate id %s, first used at line %u: every entry needs one of its own",
                problems_quote(id).text, (unsigned)first->line);
    return 0;
}

static void check_vars(struct golden_loader *loader, const struct json *vars)
{
    if (vars == NULL)
        return;
    for (const struct json *value = vars->child; value != NULL; value = value->next)
        if (value->kind == JSON_NULL)
            problems_at(loader->problems, value,
                        "the variable %s has no value: write \"\" for an empty text",
                        problems_quote(value->key).text);
}

static int name_schema(void *context, const struct json *value, size_t *ret_file)
{
    return golden_name_file(context, value, GOLDEN_FILE_SCHEMA, ret_file);
}

static int read_entry(struct golden_loader *loader, const struct json *item)
{
    struct golden_set *set = loader->set;
    struct golden_entry_keys keys = {.expect = NULL};
    struct golden_entry entry = {.line = item->line, .column = item->column, .at = item};
    size_t before = loader->problems->total;

    int code = config_read(&loader->reader, golden_entry_table(), item, &keys);
    if (code == ERR_MEMORY || item->kind != JSON_OBJECT)
        return code == ERR_MEMORY ? code : 0;
    entry.id = keys.id;
    entry.vars = keys.vars;
    entry.params = keys.own.params;
    entry.tags = keys.tags;
    code = check_id(loader, item, keys.id);
    if (code == 0)
        code = read_entry_prompt(loader, item, &keys, &entry);
    if (code == 0)
        code = expect_read(&(struct expect_reader){&loader->reader, name_schema, loader},
                           keys.expect, &entry.expect);
    if (code != 0)
        return code;
    check_vars(loader, keys.vars);
    if (loader->problems->total == before)
        set->entries[set->entry_count++] = entry;
    return 0;
}

static int read_entries(struct golden_loader *loader, const struct json *list)
{
    for (const struct json *item = list != NULL ? list->child : NULL; item != NULL;
         item = item->next) {
        int code = read_entry(loader, item);
        if (code != 0)
            return code;
    }
    return 0;
}

/* ---- the set --------------------------------------------------------------------------------- */

/* Room for every named prompt and for one of its own for each entry that names none. */
static int make_room(struct golden_loader *loader, const struct golden_root_keys *keys)
{
    size_t prompts = keys->prompts != NULL ? keys->prompts->count : 0;
    size_t entries = keys->entries != NULL ? keys->entries->count : 0;

    for (const struct json *item = entries > 0 ? keys->entries->child : NULL; item != NULL;
         item = item->next)
        if (!json_is(json_get(item, "prompt"), JSON_STRING))
            prompts++;
    loader->set->prompts = arena_new(loader->arena, prompts + 1, sizeof *loader->set->prompts);
    loader->set->entries = arena_new(loader->arena, entries + 1, sizeof *loader->set->entries);
    return loader->set->prompts != NULL && loader->set->entries != NULL ? 0 : ERR_MEMORY;
}

static int read_root(struct golden_loader *loader, const struct json *root)
{
    struct golden_root_keys keys = {.prompts = NULL};
    int code = config_read(&loader->reader, golden_table(), root, &keys);

    if (code == ERR_MEMORY || (root->kind != JSON_OBJECT && root->kind != JSON_NULL))
        return code;
    if (keys.entries != NULL && keys.entries->count > GOLDEN_ENTRIES_MAX)
        return problems_at(loader->problems, keys.entries,
                           "more than 100,000 entries: split the golden set");
    if (keys.entries == NULL || keys.entries->count == 0) {
        if (loader->problems->total == 0)
            problems_add(loader->problems, 1, 1,
                         "this golden set has no entries: add some under 'entries:', each with an "
                         "id and a prompt");
    }
    code = make_room(loader, &keys);
    if (code == 0)
        code = read_prompts(loader, keys.prompts);
    return code != 0 ? code : read_entries(loader, keys.entries);
}

int golden_load_tree(struct arena *arena, struct view file, const struct json *root,
                     struct problems *problems, struct golden_set *ret_set)
{
    struct golden_set set = {.arena = arena};
    struct golden_loader loader = {
        .arena = arena,
        .problems = problems,
        .reader = {arena, problems, path_folder(file)},
        .set = &set,
    };

    problems->file = file;
    int code = arena_copy(arena, file, &set.file);
    if (code != 0)
        return code;
    map_init(&loader.ids, GOLDEN_ENTRIES_MAX, 0);
    map_init(&loader.prompt_names, GOLDEN_PROMPTS_MAX, 0);
    map_init(&loader.files, SIZE_MAX, 0);
    if (root != NULL)
        code = read_root(&loader, root);
    map_release(&loader.files);
    map_release(&loader.prompt_names);
    map_release(&loader.ids);
    if (code != 0 && code != ERR_CONFIG)
        return code;
    *ret_set = set;
    return problems->code;
}

int golden_load(struct arena *arena, struct view file, struct view text, enum golden_form form,
                struct problems *problems, struct golden_set *ret_set)
{
    struct json *root = NULL;

    problems->file = file;
    int code = golden_read_text(arena, file, text, form, problems, &root);
    if (code == ERR_MEMORY)
        return code;
    return golden_load_tree(arena, file, code == 0 ? root : NULL, problems, ret_set);
}

int golden_file_put(struct golden_set *set, size_t i, struct view text)
{
    assert_always(i < set->file_count);
    int code = arena_copy(set->arena, text, &set->files[i].text);
    if (code == 0)
        set->files[i].put = true;
    return code;
}

int golden_file_missing(struct golden_set *set, size_t i, const char *why,
                        struct problems *problems)
{
    assert_always(i < set->file_count);
    struct golden_file *file = &set->files[i];

    file->missing = true;
    problems->file = set->file;
    return problems_add(problems, file->line, file->column, "%.*s cannot be read: %s",
                        VIEW_ARG(file->path), why);
}

const struct golden_entry *golden_entry_of(const struct golden_set *set, struct view id)
{
    for (size_t i = 0; i < set->entry_count; i++)
        if (view_equal(set->entries[i].id, id))
            return &set->entries[i];
    return NULL;
}

struct expectation_place golden_place(const struct golden_set *set, size_t i)
{
    assert_always(i < set->entry_count);
    const struct golden_entry *entry = &set->entries[i];

    return (struct expectation_place){set->file, entry->line, entry->column, entry->id, true};
}

bool golden_has_tag(const struct golden_entry *entry, struct view tag)
{
    for (size_t i = 0; i < entry->tags.count; i++)
        if (view_equal(entry->tags.items[i], tag))
            return true;
    return false;
}
