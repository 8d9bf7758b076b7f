/* SPDX-License-Identifier: Apache-2.0
 *
 * recorded: see recorded.h. */
#include "app/recorded.h"

#include <stdio.h>

#include "base/utf8.h"
#include "wire/json.h"

enum { ENTRIES_MAX = 1000000 };

static const size_t SCRATCH_BYTES_MAX = (size_t)1 << 30;

struct reading {
    struct arena *arena;
    struct arena scratch; /* of one line */
    const struct text_keeper *keeper;
    struct view file;
    uint32_t line;
    struct recorded *recorded;
};

static int bad(struct reading *reading, const char *what)
{
    if (reading->recorded->bad_lines++ == 0)
        fail(&reading->recorded->first_bad, ERR_SYNTAX, "%.*s:%u: %s", VIEW_ARG(reading->file),
             reading->line, what);
    return 0;
}

static struct recorded_entry *add_entry(struct reading *reading, struct view id)
{
    struct recorded *recorded = reading->recorded;
    struct recorded_entry *entry = arena_new(reading->arena, 1, sizeof *entry);

    if (entry == NULL)
        return NULL;
    if (recorded->count == recorded->room) {
        size_t room = recorded->room != 0 ? recorded->room * 2 : 64;
        struct recorded_entry **grown = arena_new(reading->arena, room, sizeof(void *));
        if (grown == NULL)
            return NULL;
        if (recorded->count != 0)
            memcpy(grown, recorded->entries, recorded->count * sizeof(void *));
        recorded->entries = grown;
        recorded->room = room;
    }
    *entry = (struct recorded_entry){.line = reading->line};
    if (arena_copy(reading->arena, id, &entry->id) != 0)
        return NULL;
    recorded->entries[recorded->count++] = entry;
    return map_put(&recorded->index, entry->id, entry) == 0 ? entry : NULL;
}

static struct usage usage_of(const struct json *usage)
{
    static const char *const in_names[] = {"tokens_in", "input_tokens", "prompt_tokens",
                                           "inputTokens"};
    static const char *const out_names[] = {"tokens_out", "output_tokens", "completion_tokens",
                                            "outputTokens"};
    struct usage result = {0};

    for (size_t i = 0; i < 4; i++) {
        int64_t in = json_int(json_get(usage, in_names[i]), -1);
        int64_t out = json_int(json_get(usage, out_names[i]), -1);
        if (in >= 0)
            result.tokens_in = in;
        if (out >= 0)
            result.tokens_out = out;
        result.known = result.known || in >= 0 || out >= 0;
    }
    return result;
}

static struct answer answer_of(const struct json *line, struct view text)
{
    struct view none = {NULL, 0};
    double latency_ms = json_double(json_get(line, "latency_ms"), 0);
    struct view stop = json_text(json_get(line, "stop_reason"), none);

    return (struct answer){
        .reply = {.text = text,
                  .usage = usage_of(json_get(line, "usage")),
                  .stop = stop_reason_read(stop),
                  .stop_text = stop,
                  .model = json_text(json_get(line, "model"), none)},
        .latency_ns = latency_ms > 0 && latency_ms < 1e9 ? (uint64_t)(latency_ms * 1e6) : 0,
        .attempts = 1,
    };
}

/* What was a view of the line's tree. */
static int keep_word(struct arena *arena, struct view *word)
{
    return word->len == 0 ? 0 : arena_copy(arena, *word, word);
}

/* Room for just the answers of the first line, as long as no other line has more. */
static int make_room(struct reading *reading, struct recorded_entry *entry, size_t more)
{
    size_t wanted =
        entry->count + more < RECORDED_EACH_MAX ? entry->count + more : RECORDED_EACH_MAX;
    size_t room = 2 * entry->room > wanted ? 2 * entry->room : wanted;

    if (wanted <= entry->room)
        return 0;
    struct answer *grown = arena_new(reading->arena, room, sizeof *grown);
    if (grown == NULL)
        return ERR_MEMORY;
    if (entry->count != 0)
        memcpy(grown, entry->answers, entry->count * sizeof *grown);
    entry->answers = grown;
    entry->room = room;
    return 0;
}

static int add_answer(struct reading *reading, struct recorded_entry *entry,
                      const struct json *line, struct view text)
{
    if (entry->count == RECORDED_EACH_MAX)
        return bad(reading, "is past the 1,000 answers that an id may have");
    struct answer *answer = &entry->answers[entry->count++];
    *answer = answer_of(line, text);
    int code = text_keep(reading->keeper, reading->arena, text, &answer->reply.text);
    if (code == 0)
        code = keep_word(reading->arena, &answer->reply.stop_text);
    if (code == 0)
        code = keep_word(reading->arena, &answer->reply.model);
    return code;
}

static int add_line(struct reading *reading, const struct json *line)
{
    const struct json *id = json_get(line, "id");
    const struct json *one = json_get(line, "response");
    const struct json *several = json_get(line, "responses");

    if (!json_is(id, JSON_STRING))
        return bad(reading, "has no \"id\" (a text)");
    if (!json_is(one, JSON_STRING) && !json_is(several, JSON_ARRAY))
        return bad(reading,
                   "has neither \"response\" (a text) nor \"responses\" (a list of texts)");
    for (const struct json *text = several != NULL ? several->child : NULL; text != NULL;
         text = text->next)
        if (text->kind != JSON_STRING)
            return bad(reading, "\"responses\" holds something that is no text");
    struct recorded_entry *entry = map_get(&reading->recorded->index, id->text);
    if (entry == NULL)
        entry = add_entry(reading, id->text);
    if (entry == NULL
        || make_room(reading, entry, json_is(one, JSON_STRING) ? 1 : several->count) != 0)
        return ERR_MEMORY;
    if (json_is(one, JSON_STRING))
        return add_answer(reading, entry, line, one->text);
    int code = 0;
    for (const struct json *text = several->child; text != NULL && code == 0; text = text->next)
        code = add_answer(reading, entry, line, text->text);
    return code;
}

static int read_line(struct reading *reading, struct view text)
{
    struct json *line;
    struct err err = {0};
    char what[ERR_TEXT_MAX + 32];

    int code = json_parse(&reading->scratch, text, &line, &err);
    if (code == ERR_MEMORY)
        return code;
    if (code != 0) {
        snprintf(what, sizeof what, "is no JSON: %s", err.text);
        return bad(reading, what);
    }
    return add_line(reading, line);
}

int recorded_parse(struct arena *arena, struct view file, struct view text,
                   struct recorded *ret_recorded)
{
    return recorded_parse_kept(arena, NULL, file, text, ret_recorded);
}

int recorded_parse_kept(struct arena *arena, const struct text_keeper *keeper, struct view file,
                        struct view text, struct recorded *ret_recorded)
{
    struct reading reading = {
        .arena = arena, .keeper = keeper, .file = file, .recorded = ret_recorded};
    struct view rest = text;
    int code = 0;

    *ret_recorded = (struct recorded){0};
    map_init(&ret_recorded->index, ENTRIES_MAX, 4);
    arena_init(&reading.scratch, SCRATCH_BYTES_MAX);
    while (rest.len > 0 && code == 0) {
        struct view line = view_split(&rest, '\n');
        reading.line++;
        if (view_trim(line).len != 0)
            code = read_line(&reading, line);
        arena_release(&reading.scratch);
    }
    if (code != 0)
        recorded_release(ret_recorded);
    return code;
}

void recorded_release(struct recorded *recorded)
{
    map_release(&recorded->index);
}

struct recorded_entry *recorded_find(const struct recorded *recorded, struct view id)
{
    return map_get(&recorded->index, id);
}
