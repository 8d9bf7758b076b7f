/* SPDX-License-Identifier: Apache-2.0
 *
 * signoff: see signoff.h. The file: reading and writing; signoff_run.c holds it against a run. */
#include "core/golden/signoff.h"

#include <stdio.h>

#include "base/date.h"
#include "wire/json.h"

static const size_t LINE_BYTES_MAX = (size_t)16 << 20;

struct parsing {
    struct arena *arena;
    struct view file;
    struct signoff *items;
    size_t count;
    size_t room;
    uint32_t line;
    struct err *reterr;
};

static const struct view none = {"", 0};

static int damaged(const struct parsing *parsing, const char *what)
{
    return fail(parsing->reterr, ERR_CORRUPT,
                "%.*s:%u: %s: restore the file from version control, or take this line out",
                VIEW_ARG(parsing->file), parsing->line, what);
}

static int no_memory(const struct parsing *parsing)
{
    return fail(parsing->reterr, ERR_MEMORY, "%.*s: no memory for these sign-offs",
                VIEW_ARG(parsing->file));
}

void signoff_date(int64_t unix_s, char ret_date[SIGNOFF_DATE_SIZE])
{
    char iso[DATE_ISO_SIZE];

    date_iso(unix_s, iso);
    memcpy(ret_date, iso, SIGNOFF_DATE_SIZE - 1);
    ret_date[SIGNOFF_DATE_SIZE - 1] = '\0';
}

bool signoff_is_date(struct view text)
{
    char iso[DATE_ISO_SIZE] = "";
    int64_t unix_s;

    if (text.len != SIGNOFF_DATE_SIZE - 1)
        return false;
    snprintf(iso, sizeof iso, "%.*sT00:00:00Z", VIEW_ARG(text));
    return date_parse(view_of(iso), &unix_s) == 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

bool signoff_is_version(struct view text)
{
    if (text.len != DIGEST_SHORT_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] < '0' || text.ptr[i] > '9') && (text.ptr[i] < 'a' || text.ptr[i] > 'f'))
            return false;
    return true;
}

static bool read_drop(const struct json *value, int32_t *ret_micro)
{
    double drop = json_double(value, 2);

    if (!json_is(value, JSON_NUMBER) || !(drop >= -1 && drop <= 1))
        return false;
    double scaled = drop * MICRO;
    *ret_micro = (int32_t)(scaled < 0 ? scaled - .5 : scaled + .5);
    return true;
}

static int read_failed(const struct parsing *parsing, const struct json *list,
                       struct signoff_entry *entry)
{
    struct view *failed;
    size_t count = 0;

    if (list == NULL)
        return 0;
    if (!json_is(list, JSON_ARRAY))
        return damaged(parsing, "\"failed\" is no list of checks");
    failed = arena_new(parsing->arena, list->count, sizeof *failed);
    if (failed == NULL)
        return no_memory(parsing);
    for (const struct json *check = list->child; check != NULL; check = check->next) {
        if (!json_is(check, JSON_STRING))
            return damaged(parsing, "\"failed\" is no list of checks");
        failed[count++] = check->text;
    }
    entry->failed = failed;
    entry->failed_count = count;
    return 0;
}

static int read_entry(const struct parsing *parsing, const struct json *from,
                      struct signoff_entry *ret_entry)
{
    struct signoff_entry entry = {
        .id = json_text(json_get(from, "id"), none),
        .target = json_text(json_get(from, "target"), none),
        .version = json_text(json_get(from, "version"), none),
        .model = json_text(json_get(from, "model"), none),
        .params = json_text(json_get(from, "params"), none),
    };

    if (entry.id.len == 0)
        return damaged(parsing, "an entry has no \"id\"");
    if (!signoff_is_version(entry.version) || !signoff_is_version(entry.params))
        return damaged(parsing, "\"version\" and \"params\" must be 12 hex digits");
    if (!read_drop(json_get(from, "drop"), &entry.drop_micro))
        return damaged(parsing, "\"drop\" must be a number from -1 to 1");
    int code = read_failed(parsing, json_get(from, "failed"), &entry);
    if (code == 0)
        *ret_entry = entry;
    return code;
}

static int read_entries(const struct parsing *parsing, const struct json *list,
                        struct signoff *signoff)
{
    struct signoff_entry *entries;
    size_t count = 0;
    int code = 0;

    if (!json_is(list, JSON_ARRAY) || list->count == 0)
        return damaged(parsing, "says of no entry that it is signed off");
    if (list->count > SIGNOFF_ENTRIES_MAX)
        return damaged(parsing, "signs off more than 10,000 entries");
    entries = arena_new(parsing->arena, list->count, sizeof *entries);
    if (entries == NULL)
        return no_memory(parsing);
    for (const struct json *from = list->child; from != NULL && code == 0; from = from->next)
        code = read_entry(parsing, from, &entries[count++]);
    signoff->entries = entries;
    signoff->entry_count = count;
    return code;
}

static int read_signoff(struct parsing *parsing, const struct json *line)
{
    struct signoff signoff = {
        .run = json_text(json_get(line, "run"), none),
        .suite = json_text(json_get(line, "suite"), none),
        .by = json_text(json_get(line, "by"), none),
        .reason = json_text(json_get(line, "reason"), none),
        .at = json_text(json_get(line, "at"), none),
        .expires = json_text(json_get(line, "expires"), none),
        .line = parsing->line,
    };
    int64_t at;

    if (!view_is(json_text(json_get(line, "kind"), none), "signoff"))
        return damaged(parsing, "is no sign-off (it has no \"kind\": \"signoff\")");
    int64_t schema = json_int(json_get(line, "schema"), 0);
    if (schema > SIGNOFF_SCHEMA)
        return fail(parsing->reterr, ERR_UNSUPPORTED,
                    "%.*s:%u: was written by a newer assay (schema %lld, this one knows %d): "
                    "update assay",
                    VIEW_ARG(parsing->file), parsing->line, (long long)schema, SIGNOFF_SCHEMA);
    if (schema != SIGNOFF_SCHEMA)
        return damaged(parsing, "does not say \"schema\": 1");
    if (signoff.suite.len == 0 || signoff.by.len == 0 || signoff.reason.len == 0)
        return damaged(parsing, "lacks \"suite\", \"by\" or \"reason\"");
    if (date_parse(signoff.at, &at) != 0)
        return damaged(parsing, "\"at\" is no date like 2026-11-24T02:00:00Z");
    if (signoff.expires.len != 0 && !signoff_is_date(signoff.expires))
        return damaged(parsing, "\"expires\" is no day like 2026-12-24");
    int code = read_entries(parsing, json_get(line, "entries"), &signoff);
    if (code == 0)
        parsing->items[parsing->count++] = signoff;
    return code;
}

static int make_room(struct parsing *parsing)
{
    if (parsing->count < parsing->room)
        return 0;
    if (parsing->count == SIGNOFF_LINES_MAX)
        return damaged(parsing, "is past the 100,000 lines that such a file may have");
    size_t room = parsing->room != 0 ? parsing->room * 2 : 16;
    struct signoff *items = arena_new(parsing->arena, room, sizeof *items);
    if (items == NULL)
        return no_memory(parsing);
    if (parsing->count != 0)
        memcpy(items, parsing->items, parsing->count * sizeof *items);
    parsing->items = items;
    parsing->room = room;
    return 0;
}

static int parse_line(struct parsing *parsing, struct view text)
{
    struct json *line;
    struct err err = {0};

    if (text.len > LINE_BYTES_MAX)
        return damaged(parsing, "is longer than 16 MiB");
    int code = json_parse(parsing->arena, text, &line, &err);
    if (code == ERR_MEMORY)
        return no_memory(parsing);
    if (code != 0 || !json_is(line, JSON_OBJECT))
        return damaged(parsing, "is no JSON object (a merge that was not resolved?)");
    code = make_room(parsing);
    return code == 0 ? read_signoff(parsing, line) : code;
}

int signoff_parse(struct arena *arena, struct view file, struct view text,
                  struct signoffs *ret_signoffs, struct err *reterr)
{
    struct parsing parsing = {.arena = arena, .file = file, .reterr = reterr};
    struct view rest = text;
    int code = 0;

    while (rest.len > 0 && code == 0) {
        struct view line = view_trim(view_split(&rest, '\n'));
        parsing.line++;
        if (line.len != 0)
            code = parse_line(&parsing, line);
    }
    if (code == 0)
        *ret_signoffs =
            (struct signoffs){.file = file, .items = parsing.items, .count = parsing.count};
    return code;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void write_entry(struct json_writer *writer, const struct signoff_entry *entry)
{
    json_write_object(writer);
    json_member_string(writer, "id", entry->id);
    json_member_string(writer, "target", entry->target);
    json_member_string(writer, "version", entry->version);
    json_member_string(writer, "model", entry->model);
    json_member_string(writer, "params", entry->params);
    json_member_fixed(writer, "drop", entry->drop_micro, 6);
    json_member_array(writer, "failed");
    for (size_t i = 0; i < entry->failed_count; i++)
        json_write_string(writer, entry->failed[i]);
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}

void signoff_write(const struct signoff *signoff, const char *assay_version, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_text(&writer, "assay", assay_version);
    json_member_text(&writer, "kind", "signoff");
    json_member_int(&writer, "schema", SIGNOFF_SCHEMA);
    json_member_string(&writer, "run", signoff->run);
    json_member_string(&writer, "suite", signoff->suite);
    json_member_string(&writer, "by", signoff->by);
    json_member_string(&writer, "reason", signoff->reason);
    json_member_string(&writer, "at", signoff->at);
    if (signoff->expires.len != 0)
        json_member_string(&writer, "expires", signoff->expires);
    json_member_array(&writer, "entries");
    for (size_t i = 0; i < signoff->entry_count; i++)
        write_entry(&writer, &signoff->entries[i]);
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}
