/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo_prompts: prompts in all their forms → prompts of a golden set. Text prompts become
 * files under prompts/, so that they can be edited and diffed; chats stand in the set itself. */
#include "core/golden/promptfoo_internal.h"

#include <stdio.h>

#include "base/path.h"
#include "wire/template.h"

/* What a prompt is called where it does not say. */
static int name_of(struct promptfoo *foo, struct view label, struct view *ret_name)
{
    char number[32];
    struct view base = promptfoo_slug(foo, label);

    if (label.len == 0 || label.len > 80) {
        snprintf(number, sizeof number, "prompt-%zu", foo->prompt_count + 1);
        base = (struct view){.ptr = arena_string(foo->arena, view_of(number)), .len = 0};
        base = view_of(base.ptr);
    }
    struct view name = base;
    for (unsigned i = 2; name.ptr != NULL; i++) {
        bool taken = false;
        for (size_t j = 0; j < foo->prompt_count; j++)
            taken = taken || view_equal(foo->prompts[j].name, name);
        if (!taken)
            break;
        name = view_of(arena_printf(foo->arena, "%.*s-%u", VIEW_ARG(base), i));
    }
    *ret_name = name;
    return name.ptr != NULL ? 0 : ERR_MEMORY;
}

static int add_names(struct promptfoo *foo, struct promptfoo_prompt *prompt, struct view text)
{
    struct template compiled;
    struct err err = {.code = 0};

    int code = template_compile(foo->arena, text, &compiled, &err);
    if (code == ERR_MEMORY)
        return code;
    if (code != 0)
        return promptfoo_lost(foo, NULL, prompt->label, "its template does not compile: %s",
                              err.text);
    struct view *names =
        arena_new(foo->arena, prompt->name_count + compiled.name_count + 1, sizeof *names);
    if (names == NULL)
        return ERR_MEMORY;
    if (prompt->name_count > 0)
        memcpy(names, prompt->names, prompt->name_count * sizeof *names);
    if (compiled.name_count > 0)
        memcpy(names + prompt->name_count, compiled.names, compiled.name_count * sizeof *names);
    prompt->names = names;
    prompt->name_count += compiled.name_count;
    return 0;
}

/* Room for one more, its name made of the label. */
static int begin_prompt(struct promptfoo *foo, struct view label, struct promptfoo_prompt **ret)
{
    if (foo->prompt_count == PROMPTFOO_PROMPTS_MAX)
        return fail(foo->reterr, ERR_LIMIT, "%.*s: more than %d prompts", VIEW_ARG(foo->at_file),
                    PROMPTFOO_PROMPTS_MAX);
    struct promptfoo_prompt *prompt = &foo->prompts[foo->prompt_count];
    *prompt = (struct promptfoo_prompt){.label = label};
    int code = name_of(foo, label, &prompt->name);
    if (code == 0)
        *ret = prompt;
    return code;
}

static int add_text(struct promptfoo *foo, const struct json *at, struct view label,
                    struct view text)
{
    struct promptfoo_prompt *prompt;

    int code = begin_prompt(foo, label, &prompt);
    if (code == 0)
        code = promptfoo_template(foo, at, text, &prompt->text);
    if (code == 0)
        code = add_names(foo, prompt, prompt->text);
    if (code == 0)
        code = promptfoo_add_file(
            foo, arena_printf(foo->arena, "prompts/%.*s.md", VIEW_ARG(prompt->name)), prompt->text);
    if (code == 0)
        foo->prompt_count++;
    return code;
}

/* ---- chats ----------------------------------------------------------------------------------- */

/* The text of a message: a text, or the texts of its parts. */
static int content_of(struct promptfoo *foo, const struct json *message, struct view *ret_text)
{
    const struct json *content = json_get(message, "content");
    struct strbuf out;

    if (json_is(content, JSON_STRING)) {
        *ret_text = content->text;
        return 0;
    }
    strbuf_init(&out, PROMPTFOO_TEXT_MAX);
    int code = 0;
    for (const struct json *part = json_is(content, JSON_ARRAY) ? content->child : NULL;
         code == 0 && part != NULL; part = part->next) {
        const struct json *text = json_get(part, "text");
        if (json_is(text, JSON_STRING))
            strbuf_add(&out, text->text);
        else
            code = promptfoo_lost(foo, part, view_of("content"),
                                  "only parts of text are carried, no pictures or files");
    }
    if (code == 0)
        code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(foo->arena, strbuf_view(&out), ret_text);
    strbuf_release(&out);
    return code;
}

static int add_message(struct promptfoo *foo, struct promptfoo_prompt *prompt, struct json *chat,
                       struct json *messages, const struct json *message)
{
    struct view role = json_text(json_get(message, "role"), view_of("user"));
    struct view text = {.ptr = NULL};
    struct view converted;

    if (view_is(role, "developer"))
        role = view_of("system");
    if (!view_is(role, "user") && !view_is(role, "system") && !view_is(role, "assistant"))
        return promptfoo_lost(foo, message, role, "messages of this role are not carried");
    int code = content_of(foo, message, &text);
    if (code == 0)
        code = promptfoo_template(foo, message, text, &converted);
    if (code == 0)
        code = add_names(foo, prompt, converted);
    if (code != 0)
        return code;
    if (view_is(role, "system") && messages->count == 0 && json_get(chat, "system_text") == NULL)
        return promptfoo_set_text(foo, chat, "system_text", converted);
    struct json *copy = json_new(foo->arena, JSON_OBJECT);
    if (copy == NULL)
        return ERR_MEMORY;
    code = promptfoo_set_text(foo, copy, "role", role);
    if (code == 0)
        code = promptfoo_set_text(foo, copy, "text", converted);
    json_append(messages, copy);
    return code;
}

static int add_chat(struct promptfoo *foo, struct view label, const struct json *list)
{
    struct json *chat = json_new(foo->arena, JSON_OBJECT);
    struct json *messages = json_new(foo->arena, JSON_ARRAY);
    struct promptfoo_prompt *prompt;

    if (chat == NULL || messages == NULL)
        return ERR_MEMORY;
    int code = begin_prompt(foo, label, &prompt);
    for (const struct json *message = list->child; code == 0 && message != NULL;
         message = message->next)
        code = add_message(foo, prompt, chat, messages, message);
    if (code != 0)
        return code;
    if (messages->count == 0)
        return promptfoo_lost(foo, list, label, "a chat without a message of the user");
    json_set(chat, view_of("messages"), messages);
    prompt->chat = chat;
    foo->prompt_count++;
    return 0;
}

/* A text that is a chat in JSON or YAML; NULL where it is a text. */
static const struct json *chat_of(struct promptfoo *foo, struct view text)
{
    struct json *tree = NULL;
    struct view start = view_trim(text);

    if (!view_starts(start, view_of("[")) || json_parse(foo->arena, start, &tree, NULL) != 0)
        return NULL;
    return tree->kind == JSON_ARRAY && json_get(tree->child, "role") != NULL ? tree : NULL;
}

static int add_any(struct promptfoo *foo, const struct json *at, struct view label,
                   struct view text)
{
    const struct json *chat = chat_of(foo, text);

    return chat != NULL ? add_chat(foo, label, chat) : add_text(foo, at, label, text);
}

/* ---- files ----------------------------------------------------------------------------------- */

static uint32_t lines_before(struct view text, struct view part)
{
    uint32_t lines = 0;

    for (const char *byte = text.ptr; byte < part.ptr; byte++)
        lines += *byte == '\n';
    return lines;
}

/* Parts of a text file, divided by lines "---". */
static int add_parts(struct promptfoo *foo, struct view label, struct view text)
{
    static const struct view divider = VIEW("\n---");
    size_t start = 0;

    for (size_t from = 0; start <= text.len;) {
        size_t end = view_find(text, divider, from);
        size_t after = end + divider.len;
        bool is_line = end == text.len || after >= text.len || text.ptr[after] == '\n'
                       || text.ptr[after] == '\r';
        if (!is_line) {
            from = after;
            continue;
        }
        struct view part = view_trim(view_slice(text, start, end));
        foo->at_base = lines_before(text, part);
        int code = part.len > 0 ? add_any(foo, NULL, label, part) : 0;
        if (code != 0 || end == text.len)
            return code;
        start = from = after;
    }
    return 0;
}

static bool ends_with_any(struct view path, const char *const *ends)
{
    for (; *ends != NULL; ends++)
        if (view_ends(path, view_of(*ends)))
            return true;
    return false;
}

static const char *const text_files[] = {".txt", ".md", ".j2", NULL};
static const char *const tree_files[] = {".json", ".yaml", ".yml", NULL};

static int add_tree_file(struct promptfoo *foo, const struct json *at, struct view label,
                         struct view path)
{
    struct json *tree = NULL;
    struct view text = {.ptr = NULL};

    int code = promptfoo_load(foo, at, path, &text);
    if (code != 0 || text.ptr == NULL)
        return code;
    if (json_parse(foo->arena, text, &tree, NULL) == 0 && tree->kind == JSON_ARRAY)
        return add_chat(foo, label, tree);
    if (view_ends(path, view_of(".json"))) {
        code = promptfoo_told(foo, at, path, "is no chat as it stands: carried as one text");
        return code == 0 ? add_text(foo, at, label, text) : code;
    }
    code = promptfoo_load_tree(foo, at, path, &tree);
    if (code != 0 || tree == NULL)
        return code;
    return tree->kind == JSON_ARRAY ? add_chat(foo, label, tree) : add_text(foo, at, label, text);
}

static int add_file(struct promptfoo *foo, const struct json *at, struct view label,
                    struct view path)
{
    struct view text = {.ptr = NULL};

    if (label.len == 0)
        label = view_slice(path_name(path), 0,
                           path_name(path).len - path_extension(path_name(path)).len);
    if (view_find_byte(path, '*') < path.len)
        return promptfoo_lost(foo, at, path, "patterns of file names are not expanded: name each");
    if (ends_with_any(path, tree_files))
        return add_tree_file(foo, at, label, path);
    if (!ends_with_any(path, text_files))
        return promptfoo_lost(foo, at, path,
                              "prompts that are made by a program are not carried: write what it "
                              "makes into a file");
    int code = promptfoo_load(foo, at, path, &text);
    if (code != 0 || text.ptr == NULL)
        return code;
    struct view file = foo->at_file;
    foo->at_file = path;
    code = add_parts(foo, label, text);
    foo->at_file = file;
    foo->at_base = 0;
    return code;
}

static int add_prompt(struct promptfoo *foo, const struct json *at, struct view label,
                      struct view text)
{
    static const char *const elsewhere[] = {"exec:",   "langfuse://", "portkey://", "helicone://",
                                            "http://", "https://",    NULL};
    struct view path;

    if (promptfoo_is_file(text, &path))
        return add_file(foo, at, label, path);
    for (size_t i = 0; elsewhere[i] != NULL; i++)
        if (view_starts(text, view_of(elsewhere[i])))
            return promptfoo_lost(foo, at, text,
                                  "prompts from elsewhere are not carried: write "
                                  "what they say into a file");
    if (view_find_byte(text, '\n') == text.len && view_find_byte(text, ' ') == text.len
        && (ends_with_any(text, text_files) || ends_with_any(text, tree_files)))
        return add_file(foo, at, label, text);
    return add_any(foo, at, label, text);
}

/* Adds what `text` stands for, one prompt or several of a file. */
static int add_written(struct promptfoo *foo, const struct json *item, struct view label,
                       struct view text, struct view id)
{
    size_t before = foo->prompt_count;
    struct view path;
    int code = add_prompt(foo, item, label, text);

    for (size_t i = before; i < foo->prompt_count; i++) {
        foo->prompts[i].source = promptfoo_is_file(text, &path) ? path : text;
        foo->prompts[i].id = id;
    }
    return code;
}

static int add_item(struct promptfoo *foo, const struct json *item)
{
    if (item->kind == JSON_STRING)
        return add_written(foo, item, view_of(""), item->text, view_of(""));
    const struct json *raw = json_get(item, "raw");
    const struct json *id = json_get(item, "id");
    struct view label = json_text(json_get(item, "label"), view_of(""));
    const struct json *text = raw != NULL ? raw : id;
    if (!json_is(text, JSON_STRING))
        return promptfoo_lost(foo, item, view_of("prompts"), "a prompt that is not understood");
    if (json_get(item, "config") != NULL) {
        int code = promptfoo_lost(foo, json_get(item, "config"), view_of("config"),
                                  "parameters of a prompt are not carried: write 'params:' under "
                                  "it in the golden set");
        if (code != 0)
            return code;
    }
    return add_written(foo, item, label, text->text,
                       raw != NULL ? json_text(id, view_of("")) : view_of(""));
}

int promptfoo_read_prompts(struct promptfoo *foo)
{
    const struct json *prompts = json_get(foo->root, "prompts");
    int code = 0;

    if (prompts == NULL || prompts->kind == JSON_NULL)
        return add_text(foo, NULL, view_of("prompt"), view_of("{{prompt}}"));
    if (prompts->kind == JSON_STRING)
        return add_item(foo, prompts);
    for (const struct json *item = prompts->child; code == 0 && item != NULL; item = item->next)
        code = prompts->kind == JSON_OBJECT
                   ? add_written(foo, item, json_text(item, view_of("")), item->key, view_of(""))
                   : add_item(foo, item);
    return code;
}
