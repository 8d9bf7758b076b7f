/* SPDX-License-Identifier: Apache-2.0
 *
 * entries_text: the text of a golden set in any of its forms → one tree {prompts, entries}. */
#include "core/golden/entries_internal.h"

#include "base/path.h"
#include "config/yaml.h"

static struct view without_mark(struct view text)
{
    return view_starts(text, view_of("\xef\xbb\xbf")) ? view_slice(text, 3, text.len) : text;
}

/* ---- which form ----------------------------------------------------------------------------- */

struct extension {
    const char *text;
    enum golden_form form;
};

static const struct extension extensions[] = {
    {".yaml", GOLDEN_FORM_YAML},   {".yml", GOLDEN_FORM_YAML},     {".json", GOLDEN_FORM_JSON},
    {".jsonl", GOLDEN_FORM_LINES}, {".ndjson", GOLDEN_FORM_LINES},
};

static struct view first_line(struct view text)
{
    struct view rest = text;
    struct view line = {.ptr = NULL};

    while (rest.ptr != NULL && line.len == 0)
        line = view_trim(view_split(&rest, '\n'));
    return line;
}

static enum golden_form form_of(struct view file, struct view text)
{
    struct view extension = path_extension(file);

    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
        if (view_equal_nocase(extension, view_of(extensions[i].text)))
            return extensions[i].form;
    struct view line = first_line(without_mark(text));
    bool object = view_starts(line, view_of("{")) && json_valid(line, NULL);
    bool whole = object && view_trim(without_mark(text)).len == line.len
                 && view_find(line, view_of("\"entries\""), 0) < line.len;
    return whole ? GOLDEN_FORM_JSON : object ? GOLDEN_FORM_LINES : GOLDEN_FORM_YAML;
}

/* ---- JSON Lines ------------------------------------------------------------------------------ */

/* The golden set that lines add up to. */
struct lines {
    struct arena *arena;
    struct problems *problems;
    struct json *prompts;
    struct json *entries;
};

/* Lines of a value that was parsed as line 1. Recursion is bounded by JSON_DEPTH_MAX. */
static void move_to_line(struct json *value, uint32_t line)
{
    value->line += line - 1;
    if (value->key_line != 0)
        value->key_line += line - 1;
    for (struct json *child = value->child; child != NULL; child = child->next)
        move_to_line(child, line);
}

/* Takes the member out, where it is there. */
static struct json *take_member(struct json *object, const char *key)
{
    struct json *before = NULL;

    for (struct json *child = object->child; child != NULL; before = child, child = child->next) {
        if (!view_is(child->key, key))
            continue;
        if (before != NULL)
            before->next = child->next;
        else
            object->child = child->next;
        if (object->last == child)
            object->last = before;
        object->count--;
        child->next = NULL;
        return child;
    }
    return NULL;
}

static void add_prompts(struct lines *lines, struct json *value)
{
    struct json *next;

    if (value->kind != JSON_OBJECT) {
        problems_at(lines->problems, value, "'prompts' must be a mapping of names to prompts");
        return;
    }
    for (struct json *prompt = value->child; prompt != NULL; prompt = next) {
        next = prompt->next;
        prompt->next = NULL;
        json_set(lines->prompts, prompt->key, prompt);
    }
}

static void add_prompt(struct lines *lines, struct json *prompt)
{
    struct json *name = take_member(prompt, "name");

    if (name == NULL || name->kind != JSON_STRING || name->text.len == 0) {
        problems_at(lines->problems, prompt,
                    "a prompt on a line of its own needs its name: {\"prompt\": {\"name\": \"…\", "
                    "\"text\": \"…\"}}; an entry needs an \"id\"");
        return;
    }
    prompt->next = NULL;
    prompt->key_line = name->line;
    prompt->key_column = name->column;
    json_set(lines->prompts, name->text, prompt);
}

static void add_line(struct lines *lines, struct json *line)
{
    struct json *member;

    if (line->kind != JSON_OBJECT) {
        problems_at(lines->problems, line, "each line must be a JSON object, found %s",
                    json_kind_name(line->kind));
    } else if (json_get(line, "prompts") != NULL && line->count == 1) {
        member = take_member(line, "prompts");
        add_prompts(lines, member);
    } else if (json_is(json_get(line, "prompt"), JSON_OBJECT) && line->count == 1) {
        member = take_member(line, "prompt");
        add_prompt(lines, member);
    } else {
        json_append(lines->entries, line);
    }
}

/* "1:17: what" of the one line → the line in the file. */
static int bad_line(struct problems *problems, uint32_t line, const struct err *err)
{
    struct view rest = view_of(err->text);
    int64_t column = 1;

    view_split(&rest, ':');
    if (view_to_int(view_split(&rest, ':'), &column) != 0 || rest.ptr == NULL)
        return problems_add(problems, line, 1, "%s", err->text);
    rest = view_trim(rest);
    return problems_add(problems, line, (uint32_t)column, "%.*s", VIEW_ARG(rest));
}

static int read_lines(struct arena *arena, struct view text, struct problems *problems,
                      struct json *root)
{
    struct lines lines = {
        .arena = arena,
        .problems = problems,
        .prompts = json_new(arena, JSON_OBJECT),
        .entries = json_new(arena, JSON_ARRAY),
    };
    uint32_t number = 0;

    if (lines.prompts == NULL || lines.entries == NULL)
        return ERR_MEMORY;
    for (struct view rest = text; rest.ptr != NULL;) {
        struct view line = view_split(&rest, '\n');
        struct json *value;
        struct err err = {.code = 0};
        number++;
        if (view_trim(line).len == 0)
            continue;
        int code = json_parse(arena, line, &value, &err);
        if (code == ERR_MEMORY)
            return code;
        if (code != 0) {
            bad_line(problems, number, &err);
            continue;
        }
        move_to_line(value, number);
        add_line(&lines, value);
    }
    lines.entries->line = lines.entries->column = 1;
    json_set(root, view_of("prompts"), lines.prompts);
    json_set(root, view_of("entries"), lines.entries);
    return 0;
}

/* ---- all forms ------------------------------------------------------------------------------- */

static int read_json(struct arena *arena, struct view text, struct problems *problems,
                     struct json **ret_root)
{
    struct err err = {.code = 0};
    int code = json_parse(arena, text, ret_root, &err);

    if (code == 0 || code == ERR_MEMORY)
        return code;
    (void)fail_within(&err, ERR_CONFIG, "%.*s:", VIEW_ARG(problems->file));
    return problems_take(problems, &err);
}

static int read_yaml(struct arena *arena, struct view file, struct view text,
                     struct problems *problems, struct json **ret_root)
{
    struct err err = {.code = 0};
    int code = yaml_parse(arena, file, text, ret_root, &err);

    if (code == 0 || code == ERR_MEMORY)
        return code;
    return problems_take(problems, &err);
}

int golden_read_text(struct arena *arena, struct view file, struct view text, enum golden_form form,
                     struct problems *problems, struct json **ret_root)
{
    if (form == GOLDEN_FORM_AUTO)
        form = form_of(file, text);
    if (form == GOLDEN_FORM_YAML)
        return read_yaml(arena, file, text, problems, ret_root);
    if (form == GOLDEN_FORM_JSON)
        return read_json(arena, without_mark(text), problems, ret_root);
    *ret_root = json_new(arena, JSON_OBJECT);
    return *ret_root != NULL ? read_lines(arena, without_mark(text), problems, *ret_root)
                             : ERR_MEMORY;
}
