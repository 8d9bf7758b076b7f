/* SPDX-License-Identifier: Apache-2.0
 *
 * entries_render: an entry of a resolved golden set as the question that is asked. */
#include "core/golden/entries_internal.h"

#include "base/strbuf.h"
#include "wire/template.h"

enum { RENDERED_MAX = 16 * 1024 * 1024 };

struct rendering {
    const struct json *vars;
    struct arena *arena;
    struct strbuf out;
    int code; /* of a lookup that failed for another reason than a missing name */
};

/* Lists and mappings appear as JSON. */
static int as_json(struct rendering *rendering, const struct json *value, struct view *ret_text)
{
    struct strbuf buf;
    struct json_writer writer;

    strbuf_init(&buf, RENDERED_MAX);
    json_writer_init(&writer, &buf, 0);
    json_write_tree(&writer, value);
    int code = strbuf_status(&buf);
    if (code == 0)
        code = arena_copy(rendering->arena, strbuf_view(&buf), ret_text);
    strbuf_release(&buf);
    return code;
}

static bool lookup(void *context, struct view name, struct view *ret_value)
{
    struct rendering *rendering = context;
    const struct json *value = json_get_view(rendering->vars, name);

    if (value == NULL)
        return false;
    if (value->kind == JSON_STRING || value->kind == JSON_NUMBER) {
        *ret_value = value->text;
        return true;
    }
    int code = as_json(rendering, value, ret_value);
    if (code != 0)
        rendering->code = code;
    return code == 0;
}

static int render_part(struct rendering *rendering, const struct golden_part *part,
                       struct view *ret_text, struct err *reterr)
{
    const struct template_values values = {.lookup = lookup, .context = rendering};

    assert_always(part->template != NULL);
    if (part->template->piece_count == 1 && part->template->pieces[0].kind == TEMPLATE_TEXT) {
        *ret_text = part->template->pieces[0].text;
        return 0;
    }
    strbuf_reset(&rendering->out);
    int code = template_render(part->template, &values, &rendering->out, reterr);
    if (rendering->code != 0)
        code = rendering->code;
    if (code == 0)
        code = arena_copy(rendering->arena, strbuf_view(&rendering->out), ret_text);
    if (code == ERR_LIMIT)
        return fail(reterr, code, "longer than 16 MiB once rendered: shorten a variable");
    return code != 0 && code != ERR_MISSING ? fail(reterr, code, "%s", err_text(code)) : code;
}

static int render(struct rendering *rendering, const struct golden_prompt *prompt,
                  struct chat *chat, struct err *reterr)
{
    struct chat_message *messages =
        arena_new(rendering->arena, prompt->message_count + 1, sizeof *messages);
    int code = 0;

    if (messages == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory");
    if (prompt->system.given)
        code = render_part(rendering, &prompt->system, &chat->system, reterr);
    for (size_t i = 0; code == 0 && i < prompt->message_count; i++) {
        messages[i].role = prompt->messages[i].role;
        code = render_part(rendering, &prompt->messages[i], &messages[i].text, reterr);
    }
    chat->messages = messages;
    chat->message_count = prompt->message_count;
    return code;
}

int golden_render(const struct golden_set *set, size_t i, struct arena *arena,
                  struct chat *ret_chat, struct err *reterr)
{
    assert_always(i < set->entry_count);
    const struct golden_entry *entry = &set->entries[i];
    const struct golden_prompt *prompt = &set->prompts[entry->prompt];
    struct rendering rendering = {.vars = entry->vars, .arena = arena};
    struct chat chat = {.sample = 0};

    strbuf_init(&rendering.out, RENDERED_MAX);
    int code = render(&rendering, prompt, &chat, reterr);
    strbuf_release(&rendering.out);
    if (code != 0)
        return fail_within(reterr, code, "%.*s:%u:%u: entry %s: ", VIEW_ARG(set->file),
                           (unsigned)entry->line, (unsigned)entry->column,
                           problems_quote(entry->id).text);
    code = golden_merge(arena, prompt->params, entry->params, &chat.params);
    if (code != 0)
        return fail(reterr, code, "out of memory");
    *ret_chat = chat;
    return 0;
}

/* A member that shares what is below it with the original. */
static int add_shared(struct arena *arena, struct json *object, const struct json *member)
{
    struct json *copy = json_new(arena, member->kind);

    if (copy == NULL)
        return ERR_MEMORY;
    *copy = *member;
    copy->next = NULL;
    json_set(object, member->key, copy);
    return 0;
}

int golden_merge(struct arena *arena, const struct json *base, const struct json *over,
                 const struct json **ret_merged)
{
    const struct json *const sources[] = {base, over};

    if (base == NULL && over == NULL) {
        *ret_merged = NULL;
        return 0;
    }
    struct json *merged = json_new(arena, JSON_OBJECT);
    if (merged == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < 2; i++) {
        for (const struct json *member = sources[i] != NULL ? sources[i]->child : NULL;
             member != NULL; member = member->next) {
            bool hidden = i == 0 && json_get_view(over, member->key) != NULL;
            if (hidden || member->kind == JSON_NULL)
                continue;
            int code = add_shared(arena, merged, member);
            if (code != 0)
                return code;
        }
    }
    *ret_merged = merged;
    return 0;
}
