/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo: see promptfoo.h. The parts: promptfoo_prompts, _targets, _tests (with _csv), _assert,
 * _text; here the whole, its notes and its files. */
#include "core/golden/promptfoo_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/path.h"
#include "config/yaml.h"
#include "config/yaml_write.h"

enum { SLUG_MAX = 60, MESSAGE_MAX = 2000 };

/* ---- notes ----------------------------------------------------------------------------------- */

/* The same thing at the same place is told once, however many entries are made of it. */
static bool is_told(const struct promptfoo *foo, const struct promptfoo_note *note)
{
    for (size_t i = foo->note_count; i > 0; i--) {
        const struct promptfoo_note *other = &foo->notes[i - 1];
        if (other->line == note->line && view_equal(other->what, note->what)
            && view_equal(other->file, note->file) && strcmp(other->why, note->why) == 0)
            return true;
        if (foo->note_count - i > 200)
            break;
    }
    return false;
}

static int add_note(struct promptfoo *foo, const struct json *at, struct view what, bool is_lost,
                    const char *format, va_list args) PRINTF_LIKE(5, 0);

static int add_note(struct promptfoo *foo, const struct json *at, struct view what, bool is_lost,
                    const char *format, va_list args)
{
    char text[MESSAGE_MAX];
    struct promptfoo_note note = {
        .file = foo->at_file,
        .line = foo->at_base + (at != NULL && at->line > 0 ? at->line : 1),
        .is_lost = is_lost,
    };

    vsnprintf(text, sizeof text, format, args);
    note.why = arena_string(foo->arena, utf8_cut(view_of(text), sizeof text));
    if (note.why == NULL || arena_copy(foo->arena, utf8_cut(what, 200), &note.what) != 0)
        return ERR_MEMORY;
    if (is_told(foo, &note))
        return 0;
    foo->lost_count += is_lost;
    if (foo->note_count == PROMPTFOO_NOTES_MAX)
        return 0;
    if (foo->note_count == foo->note_room) {
        size_t room = foo->note_room > 0 ? foo->note_room * 2 : 64;
        struct promptfoo_note *notes = arena_new(foo->arena, room, sizeof *notes);
        if (notes == NULL)
            return ERR_MEMORY;
        if (foo->note_count > 0)
            memcpy(notes, foo->notes, foo->note_count * sizeof *notes);
        foo->notes = notes;
        foo->note_room = room;
    }
    foo->notes[foo->note_count++] = note;
    return 0;
}

int promptfoo_lost(struct promptfoo *foo, const struct json *at, struct view what,
                   const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int code = add_note(foo, at, what, true, format, args);
    va_end(args);
    return code;
}

int promptfoo_told(struct promptfoo *foo, const struct json *at, struct view what,
                   const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int code = add_note(foo, at, what, false, format, args);
    va_end(args);
    return code;
}

/* ---- small things ---------------------------------------------------------------------------- */

struct view promptfoo_slug(struct promptfoo *foo, struct view text)
{
    char *slug = arena_new(foo->arena, SLUG_MAX + 1, 1);
    size_t len = 0;

    for (size_t i = 0; slug != NULL && i < text.len && len < SLUG_MAX; i++) {
        char c = text.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_good)
            slug[len++] = c;
        else if (len > 0 && slug[len - 1] != '-')
            slug[len++] = '-';
    }
    while (len > 0 && slug[len - 1] == '-')
        len--;
    return slug != NULL && len > 0 ? view_make(slug, len) : view_of("x");
}

struct view promptfoo_text_of(struct promptfoo *foo, const struct json *value)
{
    struct json_writer writer;
    struct strbuf out;
    struct view text = {.ptr = NULL};

    if (value->kind == JSON_STRING || value->kind == JSON_NUMBER)
        return value->text;
    strbuf_init(&out, PROMPTFOO_TEXT_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_tree(&writer, value);
    if (strbuf_status(&out) != 0 || arena_copy(foo->arena, strbuf_view(&out), &text) != 0)
        text.ptr = NULL;
    strbuf_release(&out);
    return text;
}

int promptfoo_set_text(struct promptfoo *foo, struct json *object, const char *key,
                       struct view text)
{
    struct json *value = key != NULL ? json_new_text(foo->arena, text) : NULL;

    if (value == NULL)
        return ERR_MEMORY;
    json_set(object, view_of(key), value);
    return 0;
}

/* Shares what is below it with the original. */
static struct json *shallow(struct promptfoo *foo, const struct json *value)
{
    struct json *copy = json_new(foo->arena, value->kind);

    if (copy == NULL)
        return NULL;
    *copy = *value;
    copy->next = NULL;
    copy->key = view_of("");
    return copy;
}

int promptfoo_set_copy(struct promptfoo *foo, struct json *object, struct view key,
                       const struct json *value)
{
    struct json *copy = shallow(foo, value);

    if (copy == NULL)
        return ERR_MEMORY;
    for (struct json *member = object->child; member != NULL; member = member->next)
        if (view_equal(member->key, key)) { /* in its place */
            struct json *next = member->next;
            struct view old = member->key;
            *member = *copy;
            member->next = next;
            member->key = old;
            return 0;
        }
    json_set(object, key, copy);
    return 0;
}

int promptfoo_append_copy(struct promptfoo *foo, struct json *array, const struct json *value)
{
    struct json *copy = shallow(foo, value);

    if (copy == NULL)
        return ERR_MEMORY;
    json_append(array, copy);
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

int promptfoo_add_file(struct promptfoo *foo, const char *path, struct view text)
{
    if (path == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < foo->file_count; i++)
        if (view_is(foo->files[i].path, path))
            return 0;
    if (foo->file_count == foo->file_room) {
        size_t room = foo->file_room > 0 ? foo->file_room * 2 : 16;
        struct promptfoo_file *files = arena_new(foo->arena, room, sizeof *files);
        if (files == NULL)
            return ERR_MEMORY;
        if (foo->file_count > 0)
            memcpy(files, foo->files, foo->file_count * sizeof *files);
        foo->files = files;
        foo->file_room = room;
    }
    foo->files[foo->file_count++] = (struct promptfoo_file){view_of(path), text};
    return 0;
}

bool promptfoo_is_file(struct view value, struct view *ret_path)
{
    static const struct view start = VIEW("file://");

    *ret_path = (struct view){.ptr = NULL};
    if (!view_starts(value, start) || value.len == start.len)
        return false;
    *ret_path = view_slice(value, start.len, value.len);
    return true;
}

int promptfoo_load(struct promptfoo *foo, const struct json *at, struct view path,
                   struct view *ret_text)
{
    struct err err = {.code = 0};
    struct view resolved;

    *ret_text = (struct view){.ptr = NULL};
    int code = path_resolve(foo->arena, foo->folder, path, &resolved);
    if (code != 0)
        return code;
    code = foo->options->read(foo->options->context, resolved, ret_text, &err);
    if (code == ERR_MEMORY)
        return code;
    if (code != 0) {
        *ret_text = (struct view){.ptr = NULL};
        return promptfoo_lost(foo, at, path, "%s", err.text[0] != '\0' ? err.text : err_text(code));
    }
    return 0;
}

int promptfoo_load_tree(struct promptfoo *foo, const struct json *at, struct view path,
                        struct json **ret_tree)
{
    struct err err = {.code = 0};
    struct view text;

    *ret_tree = NULL;
    int code = promptfoo_load(foo, at, path, &text);
    if (code != 0 || text.ptr == NULL)
        return code;
    if (view_ends(path, view_of(".json")))
        code = json_parse(foo->arena, text, ret_tree, &err);
    else
        code = yaml_parse(foo->arena, path, text, ret_tree, &err);
    if (code == 0 || code == ERR_MEMORY)
        return code;
    *ret_tree = NULL;
    return promptfoo_lost(foo, at, path, "cannot be read: %s", err.text);
}

/* ---- what is written ------------------------------------------------------------------------- */

static int add_tree_file(struct promptfoo *foo, const char *path, const char *head,
                         const struct json *tree)
{
    struct strbuf out;
    struct view text;

    strbuf_init(&out, PROMPTFOO_TEXT_MAX);
    strbuf_add_text(&out, head);
    yaml_write(&out, tree, 0);
    int code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(foo->arena, strbuf_view(&out), &text);
    strbuf_release(&out);
    return code == 0 ? promptfoo_add_file(foo, path, text) : code;
}

static int add_lines_file(struct promptfoo *foo, const char *path, const struct strbuf *lines)
{
    struct view text;

    int code = strbuf_status(lines);
    if (code != 0 || lines->len == 0)
        return code;
    code = arena_copy(foo->arena, strbuf_view(lines), &text);
    return code == 0 ? promptfoo_add_file(foo, path, text) : code;
}

/* A prompt of one text names its file. */
static int write_prompt(struct promptfoo *foo, struct json *prompts,
                        const struct promptfoo_prompt *prompt)
{
    struct json *mapping = json_new(foo->arena, JSON_OBJECT);

    if (prompt->chat != NULL)
        return promptfoo_set_copy(foo, prompts, prompt->name, prompt->chat);
    if (mapping == NULL)
        return ERR_MEMORY;
    int code = promptfoo_set_text(
        foo, mapping, "file",
        view_of(arena_printf(foo->arena, "../prompts/%.*s.md", VIEW_ARG(prompt->name))));
    json_set(prompts, prompt->name, mapping);
    return code;
}

static int write_golden(struct promptfoo *foo)
{
    struct json *root = json_new(foo->arena, JSON_OBJECT);
    struct json *prompts = json_new(foo->arena, JSON_OBJECT);
    struct view description = json_text(json_get(foo->root, "description"), view_of(""));
    int code = root != NULL && prompts != NULL ? 0 : ERR_MEMORY;

    for (size_t i = 0; code == 0 && i < foo->prompt_count; i++)
        code = write_prompt(foo, prompts, &foo->prompts[i]);
    if (code != 0)
        return code;
    json_set(root, view_of("prompts"), prompts);
    json_set(root, view_of("entries"), foo->entries);
    struct view rest = description;
    struct view line = view_split(&rest, '\n');
    const char *head = arena_printf(foo->arena, "# Imported from promptfoo%s%.*s\n",
                                    line.len > 0 ? ": " : ".", VIEW_ARG(line));
    return head != NULL ? add_tree_file(foo, "golden/promptfoo.yaml", head, root) : ERR_MEMORY;
}

/* Whole numbers of evaluateOptions. */
static int set_count(struct promptfoo *foo, struct json *suite, const char *from, const char *to)
{
    const struct json *value = json_get(json_get(foo->root, "evaluateOptions"), from);

    return json_int(value, 0) > 0 ? promptfoo_set_copy(foo, suite, view_of(to), value) : 0;
}

static int write_settings(struct promptfoo *foo)
{
    struct json *root = json_new(foo->arena, JSON_OBJECT);
    struct json *suites = json_new(foo->arena, JSON_OBJECT);
    struct json *suite = json_new(foo->arena, JSON_OBJECT);

    if (root == NULL || suites == NULL || suite == NULL)
        return ERR_MEMORY;
    int code = promptfoo_set_text(foo, suite, "golden", view_of("golden/promptfoo.yaml"));
    if (foo->suite_targets->count == 1)
        json_set(suite, view_of("target"), foo->suite_targets->child);
    else
        json_set(suite, view_of("targets"), foo->suite_targets);
    if (code == 0)
        code = set_count(foo, suite, "repeat", "repeat");
    if (code == 0)
        code = set_count(foo, suite, "maxConcurrency", "concurrency");
    if (foo->targets->count > 0)
        json_set(root, view_of("targets"), foo->targets);
    json_set(suites, view_of("promptfoo"), suite);
    json_set(root, view_of("suites"), suites);
    return code == 0 ? add_tree_file(foo, "assay.yaml", "# Imported from promptfoo.\n", root)
                     : code;
}

static int write_files(struct promptfoo *foo)
{
    int code = write_golden(foo);

    if (code == 0)
        code = write_settings(foo);
    if (code == 0)
        code = add_lines_file(foo, "golden/promptfoo-references.jsonl", &foo->references);
    if (code == 0)
        code = add_lines_file(foo, "golden/promptfoo-answers.jsonl", &foo->answers);
    for (size_t i = 0; code == 0 && i < 2; i++)
        if (foo->scripts[i])
            code = promptfoo_add_file(
                foo, arena_printf(foo->arena, "checks/%s", promptfoo_script_names[i]),
                view_of(promptfoo_scripts[i]));
    return code;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Keys of a configuration that are carried, or that are about promptfoo itself. */
static const char *const root_keys[] = {
    "description", "prompts",   "providers", "targets",         "tests",
    "defaultTest", "scenarios", "$schema",   "evaluateOptions", "assertionTemplates",
    "outputPath",  "sharing",   "tags",      "metadata",        "commandLineOptions",
    NULL,
};

static int note_keys(struct promptfoo *foo)
{
    int code = 0;

    for (const struct json *member = foo->root->child; code == 0 && member != NULL;
         member = member->next) {
        bool is_known = view_starts(member->key, view_of("x-"));
        for (size_t i = 0; root_keys[i] != NULL; i++)
            is_known = is_known || view_is(member->key, root_keys[i]);
        if (!is_known)
            code = promptfoo_lost(foo, member, member->key,
                                  "this key of a configuration is not carried");
    }
    return code;
}

/* Nothing is left to carry: told with the last thing that was left behind, and why. */
static int fail_empty(struct promptfoo *foo, const char *what)
{
    for (size_t i = foo->note_count; i > 0; i--) {
        const struct promptfoo_note *note = &foo->notes[i - 1];
        if (note->is_lost)
            return fail(foo->reterr, ERR_CONFIG,
                        "%.*s:%u:1: none of its %s can be carried: %.*s: %s", VIEW_ARG(note->file),
                        note->line, what, VIEW_ARG(note->what), note->why);
    }
    return fail(foo->reterr, ERR_CONFIG, "%.*s:1:1: it has no %s", VIEW_ARG(foo->at_file), what);
}

static int run(struct promptfoo *foo)
{
    int code = note_keys(foo);

    if (code == 0)
        code = promptfoo_read_prompts(foo);
    if (code == 0)
        code = promptfoo_read_targets(foo);
    if (code == 0)
        code = promptfoo_read_tests(foo);
    if (code == 0 && foo->prompt_count == 0)
        return fail_empty(foo, "prompts");
    if (code == 0 && foo->entries->count == 0)
        return fail_empty(foo, "tests");
    return code == 0 ? write_files(foo) : code;
}

static int parse(struct arena *arena, struct view file, struct view text, struct json **ret_root,
                 struct err *reterr)
{
    struct err err = {.code = 0};
    int code = view_ends(file, view_of(".json")) ? json_parse(arena, text, ret_root, &err)
                                                 : yaml_parse(arena, file, text, ret_root, &err);

    if (code == ERR_SYNTAX)
        return fail(reterr, ERR_CONFIG, "%.*s:%s", VIEW_ARG(file), err.text);
    if (code != 0)
        return fail(reterr, code, "%s", err.text[0] != '\0' ? err.text : err_text(code));
    if ((*ret_root)->kind != JSON_OBJECT)
        return fail(reterr, ERR_CONFIG,
                    "%.*s:1:1: a promptfoo configuration is a mapping with prompts, providers and "
                    "tests, found %s",
                    VIEW_ARG(file), json_kind_name((*ret_root)->kind));
    return 0;
}

int promptfoo_import(struct arena *arena, struct view file, struct view text,
                     const struct promptfoo_options *options,
                     struct promptfoo_imported *ret_imported, struct err *reterr)
{
    struct promptfoo *foo = arena_new(arena, 1, sizeof *foo);
    struct json *root;

    if (foo == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    int code = parse(arena, file, text, &root, reterr);
    if (code != 0)
        return code;
    struct err err = {.code = 0};
    *foo = (struct promptfoo){
        .arena = arena,
        .options = options,
        .folder = path_folder(file),
        .root = root,
        .reterr = &err,
        .at_file = file,
        .targets = json_new(arena, JSON_OBJECT),
        .suite_targets = json_new(arena, JSON_ARRAY),
        .entries = json_new(arena, JSON_ARRAY),
    };
    strbuf_init(&foo->references, PROMPTFOO_TEXT_MAX);
    strbuf_init(&foo->answers, PROMPTFOO_TEXT_MAX);
    map_init(&foo->ids, PROMPTFOO_ENTRIES_MAX, 0);
    code = foo->targets == NULL || foo->suite_targets == NULL || foo->entries == NULL ? ERR_MEMORY
                                                                                      : run(foo);
    map_release(&foo->ids);
    strbuf_release(&foo->answers);
    strbuf_release(&foo->references);
    if (code != 0)
        return fail(reterr, code, "%s", err.text[0] != '\0' ? err.text : err_text(code));
    *ret_imported =
        (struct promptfoo_imported){foo->files,        foo->file_count,     foo->notes,
                                    foo->note_count,   foo->lost_count,     foo->entries->count,
                                    foo->prompt_count, foo->targets->count, foo->assertions};
    return 0;
}
