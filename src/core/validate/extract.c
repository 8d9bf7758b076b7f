/* SPDX-License-Identifier: Apache-2.0
 *
 * extract: see extract.h. Each kind of rule has one function that hands every value it finds to a
 * list; extract_rules.c reads the rules, extract_language.c follows a question. */
#include "core/validate/extract.h"

#include "text/language.h"
#include "text/structure.h"

struct list {
    struct view *items;
    size_t count;
    size_t room;
};

struct extracting {
    const struct extract_input *input;
    struct arena *arena;
    struct list *list;
    struct view *stretches; /* of the question that were blocks of sources: left out of it */
    size_t stretch_count;
};

/* Unclosed blocks are looked at a few times only, so that the time stays linear. */
enum {
    STRETCHES_MAX = 64,
    NAME_BYTES_MAX = 100,
    ATTRIBUTES_BYTES_MAX = 1000,
    UNCLOSED_MAX = 16,
    JSON_VALUE_MAX = 16 * 1024 * 1024
};

static void put(struct list *list, struct view value)
{
    value = view_trim(value);
    if (value.len > 0 && list->count < list->room)
        list->items[list->count++] = value;
}

/* ---- values of headers and metadata --------------------------------------------------------- */

static int put_texts(struct list *list, const struct json *array)
{
    for (const struct json *item = array->child; item != NULL; item = item->next)
        put(list, json_text(item, (struct view){NULL, 0}));
    return 0;
}

/* A text, or a JSON array of texts. */
static int put_text(struct extracting *extracting, struct view text)
{
    struct json *tree;
    struct err err = {.code = 0};
    struct view trimmed = view_trim(text);

    if (trimmed.len > 1 && trimmed.len < JSON_VALUE_MAX && trimmed.ptr[0] == '['
        && json_valid(trimmed, NULL)) {
        int code = json_parse(extracting->arena, trimmed, &tree, &err);
        return code == 0 ? put_texts(extracting->list, tree) : code;
    }
    put(extracting->list, trimmed);
    return 0;
}

static int from_header(struct extracting *extracting, const struct extract_rule *rule)
{
    const struct extract_input *input = extracting->input;
    int code = 0;

    for (size_t i = 0; code == 0 && i < input->header_count; i++)
        if (view_equal_nocase(input->headers[i].name, rule->name))
            code = put_text(extracting, input->headers[i].value);
    return code;
}

static int from_metadata(struct extracting *extracting, const struct extract_rule *rule)
{
    const struct json *metadata = extracting->input->metadata;
    const struct json *value = json_get_view(metadata, rule->name);

    if (value == NULL && metadata != NULL)
        value = json_path(metadata, rule->name);
    if (json_is(value, JSON_ARRAY))
        return put_texts(extracting->list, value);
    return put_text(extracting, json_text(value, (struct view){NULL, 0}));
}

/* ---- tagged blocks --------------------------------------------------------------------------- */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '-' || c == ':' || c == '.' || (unsigned char)c >= 0x80;
}

/* The next opening tag at or after *pos: its name; *pos moves past it. False: none. */
static bool next_tag(struct view text, size_t *pos, struct view *ret_name, size_t *ret_start)
{
    size_t at = *pos;

    while (at < text.len) {
        const char *open = memchr(text.ptr + at, '<', text.len - at);
        if (open == NULL)
            return false;
        size_t start = (size_t)(open - text.ptr);
        size_t end = start + 1;
        while (end < text.len && end - start <= NAME_BYTES_MAX && is_name_byte(text.ptr[end]))
            end++;
        struct view name = view_slice(text, start + 1, end);
        struct view attributes = view_slice(text, end, end + ATTRIBUTES_BYTES_MAX);
        const char *close = attributes.len > 0 ? memchr(attributes.ptr, '>', attributes.len) : NULL;
        at = start + 1;
        if (name.len == 0 || close == NULL
            || (text.ptr[end] != '>' && text.ptr[end] != ' ' && text.ptr[end] != '\n'
                && text.ptr[end] != '\t'))
            continue;
        *ret_name = name;
        *ret_start = start;
        *pos = (size_t)(close - text.ptr) + 1;
        return true;
    }
    return false;
}

/* Where "</name>" stands that closes a block opened before `from`, blocks of the same name within
 * it counted; text.len where it is not closed. */
static size_t closing_of(struct view text, struct view name, size_t from)
{
    size_t depth = 1;

    for (size_t at = from; at < text.len; at++) {
        const char *open = memchr(text.ptr + at, '<', text.len - at);
        if (open == NULL)
            return text.len;
        at = (size_t)(open - text.ptr);
        bool closes = at + 1 < text.len && text.ptr[at + 1] == '/';
        size_t name_at = at + (closes ? 2 : 1);
        struct view here = view_slice(text, name_at, name_at + name.len);
        size_t behind = name_at + name.len;
        if (!view_equal(here, name) || behind >= text.len || is_name_byte(text.ptr[behind]))
            continue;
        depth = closes ? depth - 1 : depth + 1;
        if (depth == 0)
            return at;
    }
    return text.len;
}

/* A block is as many sources as it has blocks of one inner tag and nothing else of weight beside
 * them; otherwise it is one. */
static void put_block(struct list *list, struct view block)
{
    size_t pos = 0;
    size_t start;
    size_t inside = 0;
    size_t unclosed = 0;
    struct view name;
    struct view first = {NULL, 0};
    size_t before = list->count;

    while (unclosed < UNCLOSED_MAX && next_tag(block, &pos, &name, &start)) {
        size_t end = closing_of(block, name, pos);
        if (end == block.len) {
            unclosed++;
            continue;
        }
        if (first.ptr == NULL)
            first = name;
        if (!view_equal(name, first))
            break;
        put(list, view_slice(block, pos, end));
        inside += end - start;
        pos = end;
    }
    if (list->count == before || inside * 2 < block.len) {
        list->count = before;
        put(list, block);
    }
}

static void blocks_of(struct extracting *extracting, struct view text, struct view wanted)
{
    size_t pos = 0;
    size_t start;
    size_t unclosed = 0;
    struct view name;

    while (unclosed < UNCLOSED_MAX && next_tag(text, &pos, &name, &start)) {
        if (!view_equal_nocase(name, wanted))
            continue;
        size_t end = closing_of(text, name, pos);
        if (end == text.len) {
            unclosed++;
            continue;
        }
        put_block(extracting->list, view_slice(text, pos, end));
        if (extracting->stretch_count < STRETCHES_MAX)
            extracting->stretches[extracting->stretch_count++] =
                view_slice(text, start, end + name.len + 3);
        pos = end;
    }
}

static int from_tag(struct extracting *extracting, const struct extract_rule *rule)
{
    const struct chat *chat = extracting->input->chat;

    if (chat == NULL)
        return 0;
    blocks_of(extracting, chat->system, rule->name);
    for (size_t i = 0; i < chat->message_count; i++)
        if (chat->messages[i].role == CHAT_USER)
            blocks_of(extracting, chat->messages[i].text, rule->name);
    return 0;
}

/* ---- results of tools ------------------------------------------------------------------------ */

static int put_json(struct extracting *extracting, const struct json *value)
{
    struct json_writer writer;
    struct strbuf out;
    struct view copy;

    strbuf_init(&out, JSON_VALUE_MAX);
    json_writer_init(&writer, &out, 0);
    json_write_tree(&writer, value);
    int code = strbuf_status(&out) == ERR_MEMORY ? ERR_MEMORY : 0;
    if (code == 0)
        code = arena_copy(extracting->arena, strbuf_view(&out), &copy);
    strbuf_release(&out);
    if (code == 0)
        put(extracting->list, copy);
    return code;
}

/* "text", [{"text": …} or {"type": "text", "text": …} or {"json": …}, …] */
static int put_content(struct extracting *extracting, const struct json *content)
{
    int code = 0;

    if (json_is(content, JSON_STRING))
        put(extracting->list, content->text);
    if (!json_is(content, JSON_ARRAY))
        return 0;
    for (const struct json *part = content->child; code == 0 && part != NULL; part = part->next) {
        const struct json *value = json_get(part, "json");
        if (value != NULL)
            code = put_json(extracting, value);
        else
            put(extracting->list, json_text(json_get(part, "text"), (struct view){NULL, 0}));
    }
    return code;
}

/* One part of a message: Anthropic's {"type": "tool_result", "content": …}, Converse's
 * {"toolResult": {"content": …}}, and its search results and documents. */
static int from_part(struct extracting *extracting, const struct json *part)
{
    struct view type = json_text(json_get(part, "type"), (struct view){NULL, 0});
    const struct json *result = json_get(part, "toolResult");

    if (view_is(type, "tool_result") || view_is(type, "search_result"))
        return put_content(extracting, json_get(part, "content"));
    if (view_is(type, "document")) {
        put(extracting->list,
            json_text(json_path(part, view_of("source.data")), (struct view){NULL, 0}));
        return put_content(extracting, json_path(part, view_of("source.content")));
    }
    if (result == NULL)
        result = json_get(part, "searchResult");
    return result != NULL ? put_content(extracting, json_get(result, "content")) : 0;
}

static int from_tool_results(struct extracting *extracting, const struct extract_rule *rule)
{
    const struct json *messages = extracting->input->messages;
    int code = 0;

    (void)rule;
    if (!json_is(messages, JSON_ARRAY))
        return 0;
    for (const struct json *message = messages->child; code == 0 && message != NULL;
         message = message->next) {
        struct view role = json_text(json_get(message, "role"), (struct view){NULL, 0});
        const struct json *content = json_get(message, "content");
        if (view_is(role, "tool") || view_is(role, "function"))
            code = put_content(extracting, content);
        else if (json_is(content, JSON_ARRAY))
            for (const struct json *part = content->child; code == 0 && part != NULL;
                 part = part->next)
                code = from_part(extracting, part);
    }
    return code;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static int from_nothing(struct extracting *extracting, const struct extract_rule *rule)
{
    (void)extracting;
    (void)rule;
    return 0;
}

static int (*const finders[])(struct extracting *, const struct extract_rule *) = {
    [EXTRACT_TAG] = from_tag,           [EXTRACT_HEADER] = from_header,
    [EXTRACT_METADATA] = from_metadata, [EXTRACT_TOOL_RESULTS] = from_tool_results,
    [EXTRACT_FOLLOW] = from_nothing, /* once the question is known */
};

static int collect(struct extracting *extracting, const struct extract_rules *rules, size_t room,
                   struct list *ret_list)
{
    struct list list = {.items = arena_new(extracting->arena, room, sizeof(struct view)),
                        .room = room};
    int code = 0;

    if (list.items == NULL)
        return ERR_MEMORY;
    extracting->list = &list;
    for (size_t i = 0; code == 0 && i < rules->count; i++)
        code = finders[rules->items[i].kind](extracting, &rules->items[i]);
    extracting->list = NULL;
    *ret_list = list;
    return code;
}

/* The last message of the user without what was taken for sources. */
static int find_question(struct extracting *extracting, struct view *ret_question)
{
    const struct chat *chat = extracting->input->chat;
    struct view text = {NULL, 0};
    struct strbuf left;
    size_t from = 0;

    for (size_t i = chat != NULL ? chat->message_count : 0; i > 0 && text.ptr == NULL; i--)
        if (chat->messages[i - 1].role == CHAT_USER)
            text = chat->messages[i - 1].text;
    *ret_question = view_trim(text);
    if (extracting->stretch_count == 0 || text.len == 0)
        return 0;
    strbuf_init(&left, text.len);
    while (from < text.len) {
        const char *next = text.ptr + text.len;
        const char *behind = next;
        for (size_t i = 0; i < extracting->stretch_count; i++) {
            struct view stretch = extracting->stretches[i];
            if (stretch.ptr >= text.ptr + from && stretch.ptr < next) {
                next = stretch.ptr;
                behind = stretch.ptr + stretch.len;
            }
        }
        strbuf_add(&left, view_slice(text, from, (size_t)(next - text.ptr)));
        from = (size_t)(behind - text.ptr);
    }
    int code = strbuf_status(&left);
    if (code == 0)
        code = arena_copy(extracting->arena, view_trim(strbuf_view(&left)), ret_question);
    strbuf_release(&left);
    return code;
}

static int find_language(struct extracting *extracting, const struct extract_rules *rules,
                         struct extracted *extracted)
{
    struct list list;

    for (size_t i = 0; i < rules->count && extracted->language.len == 0; i++) {
        const struct extract_rules one = {&rules->items[i], 1};
        int code = collect(extracting, &one, 1, &list);
        if (code != 0)
            return code;
        if (list.count > 0 && language_is_expectation(list.items[0]))
            extracted->language = list.items[0];
        if (rules->items[i].kind != EXTRACT_FOLLOW)
            continue;
        code = extract_followed(extracted->question, &extracted->language);
        extracted->is_followed = extracted->language.len > 0;
        if (code != 0)
            return code;
    }
    return 0;
}

static int find_format(struct extracting *extracting, const struct extract_rules *rules,
                       enum expect_format *ret_format)
{
    static const enum expect_format formats[] = {
        [STRUCTURE_TEXT] = EXPECT_FORMAT_TEXT,
        [STRUCTURE_JSON] = EXPECT_FORMAT_JSON,
        [STRUCTURE_MARKDOWN] = EXPECT_FORMAT_MARKDOWN,
    };
    enum structure_format format;
    struct list list;

    int code = collect(extracting, rules, EXTRACT_RULES_MAX, &list);
    for (size_t i = 0; code == 0 && i < list.count && *ret_format == EXPECT_FORMAT_NONE; i++)
        if (structure_format_named(list.items[i], &format) == 0)
            *ret_format = formats[format];
    return code;
}

/* "a, b" in a header is two tags. */
static void split_tags(const struct list *from, struct list *to)
{
    for (size_t i = 0; i < from->count; i++)
        for (struct view rest = from->items[i]; rest.ptr != NULL;)
            put(to, view_split(&rest, ','));
}

int extract_run(const struct policy_extract *rules, const struct extract_input *input,
                struct arena *arena, struct extracted *ret_extracted)
{
    struct view stretches[STRETCHES_MAX];
    struct extracting extracting = {.input = input, .arena = arena, .stretches = stretches};
    struct extracted extracted = {.language = {NULL, 0}};
    struct list sources;
    struct list tags;

    int code = collect(&extracting, &rules->sources, EXTRACT_SOURCES_MAX, &sources);
    if (code == 0)
        code = find_question(&extracting, &extracted.question);
    if (code == 0)
        code = find_language(&extracting, &rules->language, &extracted);
    if (code == 0)
        code = find_format(&extracting, &rules->format, &extracted.format);
    if (code == 0)
        code = collect(&extracting, &rules->tags, EXTRACT_TAGS_MAX, &tags);
    if (code != 0)
        return code;
    struct list split = {.items = arena_new(arena, EXTRACT_TAGS_MAX, sizeof(struct view)),
                         .room = EXTRACT_TAGS_MAX};
    if (split.items == NULL)
        return ERR_MEMORY;
    split_tags(&tags, &split);
    extracted.sources = sources.items;
    extracted.source_count = sources.count;
    extracted.tags = split.items;
    extracted.tag_count = split.count;
    *ret_extracted = extracted;
    return 0;
}
