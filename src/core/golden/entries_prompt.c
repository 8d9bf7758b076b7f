/* SPDX-License-Identifier: Apache-2.0
 *
 * entries_prompt: one prompt of a golden set: system and messages, each a text or a file. */
#include "core/golden/entries_internal.h"

#include "base/path.h"

static bool given(const struct json *map, const char *key)
{
    const struct json *value = json_get(map, key);
    return value != NULL && value->kind != JSON_NULL;
}

static int grow_files(struct golden_loader *loader)
{
    enum { FIRST_CAPACITY = 16 };
    struct golden_set *set = loader->set;
    size_t capacity = loader->file_capacity != 0 ? loader->file_capacity * 2 : FIRST_CAPACITY;

    if (set->file_count < loader->file_capacity)
        return 0;
    struct golden_file *files = arena_new(loader->arena, capacity, sizeof *files);
    if (files == NULL)
        return ERR_MEMORY;
    if (set->file_count != 0)
        memcpy(files, set->files, set->file_count * sizeof *files);
    set->files = files;
    loader->file_capacity = capacity;
    return 0;
}

int golden_name_file(struct golden_loader *loader, const struct json *value,
                     enum golden_file_kind kind, size_t *ret_index)
{
    struct golden_set *set = loader->set;
    struct view path;

    int code = path_resolve(loader->arena, loader->reader.folder, value->text, &path);
    if (code != 0)
        return code;
    char *key = arena_printf(loader->arena, "%d %.*s", (int)kind, VIEW_ARG(path));
    if (key == NULL)
        return ERR_MEMORY;
    const size_t *known = map_get(&loader->files, view_of(key));
    if (known != NULL) {
        *ret_index = *known;
        return 0;
    }
    size_t *index = arena_new(loader->arena, 1, sizeof *index);
    if (index == NULL || grow_files(loader) != 0)
        return ERR_MEMORY;
    *index = set->file_count;
    code = map_put(&loader->files, view_of(key), index);
    if (code != 0)
        return code;
    set->files[set->file_count++] = (struct golden_file){
        .path = path,
        .named = value->text,
        .kind = kind,
        .line = value->line,
        .column = value->column,
    };
    *ret_index = *index;
    return 0;
}

/* One part from the value that gives it; an empty text or file name is refused. */
static int read_part(struct golden_loader *loader, const struct json *value, bool is_file,
                     enum chat_role role, struct golden_part *ret_part)
{
    *ret_part = (struct golden_part){
        .given = true, .role = role, .file = GOLDEN_NO_FILE, .text = value->text, .at = value};
    if (value->kind != JSON_STRING)
        return 0; /* reported already */
    if (view_trim(value->text).len == 0) {
        problems_at(loader->problems, value, is_file ? "name a file here" : "this text is empty");
        return 0;
    }
    if (!is_file)
        return 0;
    ret_part->text = (struct view){.ptr = NULL};
    return golden_name_file(loader, value, GOLDEN_FILE_TEMPLATE, &ret_part->file);
}

static int read_text_or_file(struct golden_loader *loader, const struct json *map,
                             enum chat_role role, struct golden_part *ret_part)
{
    static const char *const sources[] = {"text", "content", "file"};
    const char *source = NULL;

    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (!given(map, sources[i]))
            continue;
        if (source != NULL)
            problems_at_key(loader->problems, json_get(map, sources[i]),
                            "'%s' and '%s' are both given: keep one of them", source, sources[i]);
        source = sources[i];
    }
    if (source == NULL) {
        problems_at(loader->problems, map, "this message has no 'text' or 'file'");
        return 0;
    }
    return read_part(loader, json_get(map, source), strcmp(source, "file") == 0, role, ret_part);
}

static int read_message(struct golden_loader *loader, const struct json *item,
                        struct golden_prompt *prompt)
{
    struct golden_message_keys keys = {.role = GOLDEN_ROLE_USER};
    int code = config_read(&loader->reader, golden_message_table(), item, &keys);

    if (code == ERR_MEMORY || code == ERR_CONFIG)
        return code == ERR_MEMORY ? code : 0;
    if (keys.role != GOLDEN_ROLE_SYSTEM) {
        enum chat_role role = keys.role == GOLDEN_ROLE_USER ? CHAT_USER : CHAT_ASSISTANT;
        return read_text_or_file(loader, item, role, &prompt->messages[prompt->message_count++]);
    }
    if (prompt->system.given || prompt->message_count != 0) {
        problems_at(loader->problems, item,
                    prompt->system.given
                        ? "a second system prompt: keep one of them"
                        : "the system prompt stands before the other messages, or under 'system'");
        return 0;
    }
    return read_text_or_file(loader, item, CHAT_USER, &prompt->system);
}

static int read_messages(struct golden_loader *loader, const struct json *list,
                         struct golden_prompt *prompt)
{
    bool user = false;

    if (list->count == 0 || list->count > GOLDEN_MESSAGES_MAX) {
        problems_at(loader->problems, list,
                    list->count == 0 ? "'messages' is empty: give at least one of role user"
                                     : "more than 1,000 messages in one prompt");
        return 0;
    }
    prompt->messages = arena_new(loader->arena, list->count, sizeof *prompt->messages);
    if (prompt->messages == NULL)
        return ERR_MEMORY;
    size_t before = loader->problems->total;
    for (const struct json *item = list->child; item != NULL; item = item->next) {
        int code = read_message(loader, item, prompt);
        if (code != 0)
            return code;
    }
    for (size_t i = 0; i < prompt->message_count; i++)
        user = user || prompt->messages[i].role == CHAT_USER;
    if (!user && before == loader->problems->total)
        problems_at(loader->problems, list, "'messages' holds none of role user: add one");
    return 0;
}

static int read_system(struct golden_loader *loader, const struct json *at,
                       struct golden_prompt *prompt)
{
    bool file = given(at, "system");
    bool text = given(at, "system_text");

    if (file && text)
        problems_at_key(loader->problems, json_get(at, "system_text"),
                        "'system' and 'system_text' are both given: keep one of them");
    if (!file && !text)
        return 0;
    const struct json *value = json_get(at, file ? "system" : "system_text");
    if (!file && value->kind == JSON_STRING && value->text.len == 0)
        return 0;
    return read_part(loader, value, file, CHAT_USER, &prompt->system);
}

int golden_read_prompt(struct golden_loader *loader, const struct json *at,
                       const struct golden_prompt_keys *keys, struct golden_prompt *ret_prompt)
{
    static const char *const sources[] = {"text", "file", "messages"};
    const char *first = NULL;

    *ret_prompt = (struct golden_prompt){.params = keys->params, .at = at};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (!given(at, sources[i]))
            continue;
        if (first != NULL)
            problems_at_key(loader->problems, json_get(at, sources[i]),
                            "'%s' and '%s' are both given: keep one of them", first, sources[i]);
        else
            first = sources[i];
    }
    int code = read_system(loader, at, ret_prompt);
    if (code != 0)
        return code;
    if (first == NULL) {
        problems_at(loader->problems, at, "this prompt has no 'text', 'file' or 'messages'");
        return 0;
    }
    if (strcmp(first, "messages") == 0)
        return keys->messages != NULL ? read_messages(loader, keys->messages, ret_prompt) : 0;
    ret_prompt->messages = arena_new(loader->arena, 1, sizeof *ret_prompt->messages);
    if (ret_prompt->messages == NULL)
        return ERR_MEMORY;
    ret_prompt->message_count = 1;
    return read_part(loader, json_get(at, first), strcmp(first, "file") == 0, CHAT_USER,
                     &ret_prompt->messages[0]);
}
