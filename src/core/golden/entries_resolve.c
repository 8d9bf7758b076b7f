/* SPDX-License-Identifier: Apache-2.0
 *
 * entries_resolve: the second half of loading, once the files are there: templates, variables,
 * versions, schemas. */
#include "core/golden/entries_internal.h"

#include "base/nearest.h"
#include "base/utf8.h"
#include "base/path.h"
#include "config/yaml.h"
#include "wire/template.h"

enum { VERSION_TEXT_MAX = 512 * 1024 * 1024 };

/* "3:14: what" → "FILE:3:14: what". */
static int take_within(struct problems *problems, struct view file, struct err *err)
{
    if (err->code == ERR_MEMORY)
        return ERR_MEMORY;
    (void)fail_within(err, ERR_CONFIG, "%.*s:", VIEW_ARG(file));
    problems_take(problems, err);
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int resolve_template_file(struct golden_set *set, struct golden_file *file,
                                 struct problems *problems, struct template **ret_template)
{
    struct template *template = arena_new(set->arena, 1, sizeof *template);
    struct err err = {.code = 0};
    size_t at;

    if (template == NULL)
        return ERR_MEMORY;
    if (!utf8_valid(file->text, &at)) {
        problems_add(problems, file->line, file->column,
                     "%.*s: byte %zu is not UTF-8: save the file as UTF-8", VIEW_ARG(file->path),
                     at + 1);
        return 0;
    }
    if (view_trim(file->text).len == 0) {
        problems_add(problems, file->line, file->column, "%.*s is empty", VIEW_ARG(file->path));
        return 0;
    }
    if (template_compile(set->arena, file->text, template, &err) != 0)
        return take_within(problems, file->path, &err);
    *ret_template = template;
    return 0;
}

static int resolve_schema_file(struct golden_set *set, struct golden_file *file,
                               struct problems *problems)
{
    struct view extension = path_extension(file->path);
    struct err err = {.code = 0};
    struct json *schema;

    if (view_is(extension, ".yaml") || view_is(extension, ".yml")) {
        if (yaml_parse(set->arena, file->path, file->text, &schema, &err) != 0)
            return err.code == ERR_MEMORY ? ERR_MEMORY : problems_take(problems, &err);
    } else if (json_parse(set->arena, file->text, &schema, &err) != 0) {
        return take_within(problems, file->path, &err);
    }
    if (schema->kind == JSON_OBJECT || schema->kind == JSON_TRUE || schema->kind == JSON_FALSE)
        file->schema = schema;
    else
        problems_add(problems, file->line, file->column,
                     "%.*s is no JSON Schema: a schema is an object, found %s",
                     VIEW_ARG(file->path), json_kind_name(schema->kind));
    return 0;
}

static int resolve_files(struct golden_set *set, struct problems *problems,
                         struct template **templates)
{
    for (size_t i = 0; i < set->file_count; i++) {
        struct golden_file *file = &set->files[i];
        assert_always(file->put || file->missing);
        if (!file->put)
            continue;
        int code = file->kind == GOLDEN_FILE_TEMPLATE
                       ? resolve_template_file(set, file, problems, &templates[i])
                       : resolve_schema_file(set, file, problems);
        if (code == ERR_MEMORY)
            return code;
    }
    return 0;
}

/* ---- prompts --------------------------------------------------------------------------------- */

/* "2:14: what" about a text inside the golden set. */
static int bad_inline(struct problems *problems, const struct json *at, const struct err *err)
{
    struct view rest = view_of(err->text);

    if (err->code == ERR_MEMORY)
        return ERR_MEMORY;
    struct view line = view_split(&rest, ':');
    struct view column = view_split(&rest, ':');
    problems_at(problems, at, "line %.*s, column %.*s of this text:%.*s", VIEW_ARG(line),
                VIEW_ARG(column), VIEW_ARG(rest));
    return 0;
}

static int resolve_part(struct golden_set *set, struct template *const *templates,
                        struct problems *problems, struct golden_part *part)
{
    struct err err = {.code = 0};

    if (!part->given)
        return 0;
    if (part->file != GOLDEN_NO_FILE) {
        part->text = set->files[part->file].text;
        part->template = templates[part->file];
        return 0;
    }
    struct template *template = arena_new(set->arena, 1, sizeof *template);
    if (template == NULL)
        return ERR_MEMORY;
    if (template_compile(set->arena, part->text, template, &err) != 0)
        return bad_inline(problems, part->at, &err);
    part->template = template;
    return 0;
}

/* Part 0 is the system prompt, the others are the messages. */
static struct golden_part *part_at(struct golden_prompt *prompt, size_t i)
{
    return i == 0 ? &prompt->system : &prompt->messages[i - 1];
}

static void add_version_text(struct strbuf *buf, const char *role, struct view text)
{
    strbuf_printf(buf, "%s %zu\n", role, text.len);
    strbuf_add(buf, text);
    strbuf_add_byte(buf, '\n');
}

static int set_version(struct golden_prompt *prompt)
{
    struct strbuf buf;

    if (!prompt->system.given && prompt->message_count == 1
        && prompt->messages[0].role == CHAT_USER) {
        digest_short(prompt->messages[0].text, prompt->version);
        return 0;
    }
    strbuf_init(&buf, VERSION_TEXT_MAX);
    if (prompt->system.given)
        add_version_text(&buf, "system", prompt->system.text);
    for (size_t i = 0; i < prompt->message_count; i++)
        add_version_text(&buf, prompt->messages[i].role == CHAT_USER ? "user" : "assistant",
                         prompt->messages[i].text);
    int code = strbuf_status(&buf);
    if (code == 0)
        digest_short(strbuf_view(&buf), prompt->version);
    strbuf_release(&buf);
    return code;
}

static bool listed(const struct config_list *list, struct view name)
{
    for (size_t i = 0; i < list->count; i++)
        if (view_equal(list->items[i], name))
            return true;
    return false;
}

static int list_variables(struct golden_set *set, struct golden_prompt *prompt)
{
    size_t count = 0;

    for (size_t i = 0; i <= prompt->message_count; i++)
        if (part_at(prompt, i)->given)
            count += part_at(prompt, i)->template->name_count;
    struct view *names = arena_new(set->arena, count + 1, sizeof *names);
    if (names == NULL)
        return ERR_MEMORY;
    prompt->variables = (struct config_list){.items = names};
    for (size_t i = 0; i <= prompt->message_count; i++) {
        const struct golden_part *part = part_at(prompt, i);
        for (size_t j = 0; part->given && j < part->template->name_count; j++)
            if (!listed(&prompt->variables, part->template->names[j]))
                names[prompt->variables.count++] = part->template->names[j];
    }
    return 0;
}

/* A prompt any part of which is wrong stays without a version, and its entries are not checked. */
static int resolve_prompt(struct golden_set *set, struct template *const *templates,
                          struct problems *problems, struct golden_prompt *prompt)
{
    bool whole = prompt->message_count > 0;

    for (size_t i = 0; i <= prompt->message_count; i++) {
        int code = resolve_part(set, templates, problems, part_at(prompt, i));
        if (code != 0)
            return code;
        whole = whole && (!part_at(prompt, i)->given || part_at(prompt, i)->template != NULL);
    }
    if (!whole)
        return 0;
    int code = list_variables(set, prompt);
    return code != 0 ? code : set_version(prompt);
}

/* ---- entries --------------------------------------------------------------------------------- */

static void missing_variable(const struct golden_set *set, const struct golden_entry *entry,
                             struct view name, struct problems *problems)
{
    const struct golden_prompt *prompt = &set->prompts[entry->prompt];
    struct view near = {.ptr = NULL};
    size_t least = NEAREST_BYTES_MAX;

    const struct json *first = entry->vars != NULL ? entry->vars->child : NULL;
    for (const struct json *value = problems_full(problems) ? NULL : first; value != NULL;
         value = value->next) {
        size_t distance = nearest_distance(name, value->key);
        if (distance < least && !listed(&prompt->variables, value->key)
            && nearest_of(name, &value->key, 1).ptr != NULL) {
            near = value->key;
            least = distance;
        }
    }
    const struct quoted id = problems_quote(entry->id);
    const struct quoted wanted = problems_quote(name);
    if (near.ptr != NULL)
        problems_add(problems, entry->line, entry->column,
                     "entry %s does not give the variable %s that its prompt uses, but %s: did you "
                     "mean %s?",
                     id.text, wanted.text, problems_quote(near).text, wanted.text);
    else
        problems_add(problems, entry->line, entry->column,
                     "entry %s does not give the variable %s that its prompt uses: add it under "
                     "'vars'",
                     id.text, wanted.text);
}

static void resolve_entry(struct golden_set *set, struct golden_entry *entry,
                          struct problems *problems)
{
    const struct golden_prompt *prompt = &set->prompts[entry->prompt];

    if (entry->expect.schema_file != EXPECT_NO_FILE)
        entry->expect.schema = set->files[entry->expect.schema_file].schema;
    for (size_t i = 0; i < prompt->variables.count; i++)
        if (json_get_view(entry->vars, prompt->variables.items[i]) == NULL)
            missing_variable(set, entry, prompt->variables.items[i], problems);
}

int golden_resolve(struct golden_set *set, struct problems *problems)
{
    struct template **templates = arena_new(set->arena, set->file_count + 1, sizeof *templates);

    if (templates == NULL)
        return ERR_MEMORY;
    problems->file = set->file;
    int code = resolve_files(set, problems, templates);
    for (size_t i = 0; code == 0 && i < set->prompt_count; i++)
        code = resolve_prompt(set, templates, problems, &set->prompts[i]);
    if (code != 0)
        return code;
    for (size_t i = 0; i < set->entry_count; i++)
        resolve_entry(set, &set->entries[i], problems);
    return problems->code;
}
