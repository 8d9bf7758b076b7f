/* SPDX-License-Identifier: Apache-2.0
 *
 * state: see state.h. */
#include "core/alerts/state.h"

#include "wire/json.h"

enum { SCHEMA = 1, HOUR_S = 3600 };

void state_init(struct state *state, struct arena *arena)
{
    *state = (struct state){.arena = arena};
}

/* ---- reading --------------------------------------------------------------------------------- */

static int topic_named(struct view name, enum alert_topic *ret_topic)
{
    for (unsigned topic = 0; topic < ALERT_TOPICS; topic++) {
        if (view_is(name, alert_topic_name((enum alert_topic)topic))) {
            *ret_topic = (enum alert_topic)topic;
            return 0;
        }
    }
    return ERR_INVALID;
}

static unsigned kinds_of(const struct json *list)
{
    unsigned kinds = 0;

    for (const struct json *item = json_is(list, JSON_ARRAY) ? list->child : NULL; item != NULL;
         item = item->next)
        for (unsigned kind = 0; kind < SETTINGS_ALERT_KINDS; kind++)
            if (view_is(json_text(item, view_of("")),
                        settings_alert_kind_name((enum settings_alert_kind)kind)))
                kinds |= SETTINGS_ALERT_BIT(kind);
    return kinds;
}

static struct view text_of(const struct json *object, const char *key)
{
    return json_text(json_get(object, key), view_of(""));
}

static int64_t time_of(const struct json *object, const char *key)
{
    int64_t value = json_int(json_get(object, key), 0);
    return value > 0 ? value : 0;
}

static int read_row(struct state *state, const struct json *item)
{
    enum alert_topic topic;

    if (text_of(item, "channel").len == 0 || topic_named(text_of(item, "topic"), &topic) != 0)
        return ERR_CORRUPT;
    struct state_row *row =
        state_row_make(state, text_of(item, "channel"), text_of(item, "suite"), topic);
    if (row == NULL)
        return ERR_MEMORY;
    row->kinds = kinds_of(json_get(item, "open")) & alert_topic_kinds(topic);
    row->run_id = text_of(item, "run");
    row->run_started_unix_s = time_of(item, "run_started_unix_s");
    row->told_unix_s = time_of(item, "told_unix_s");
    row->claim = text_of(item, "claim");
    row->claim_until_unix_s = time_of(item, "claim_until_unix_s");
    return 0;
}

static int read_channel(struct state *state, const struct json *item)
{
    const struct json *sent = json_get(item, "sent_unix_s");

    if (text_of(item, "name").len == 0 || !json_is(sent, JSON_ARRAY)
        || sent->count > STATE_SENT_MAX)
        return ERR_CORRUPT;
    struct state_channel *channel = state_channel_make(state, text_of(item, "name"));
    if (channel == NULL)
        return ERR_MEMORY;
    channel->sent_count = 0;
    for (const struct json *at = sent->child; at != NULL; at = at->next)
        channel->sent_unix_s[channel->sent_count++] = json_int(at, 0);
    channel->not_before_unix_s = time_of(item, "not_before_unix_s");
    return 0;
}

static int read_items(struct state *state, const struct json *root)
{
    const struct json *rows = json_get(root, "rows");
    const struct json *channels = json_get(root, "channels");

    if (!json_is(rows, JSON_ARRAY) || !json_is(channels, JSON_ARRAY) || rows->count > STATE_ROWS_MAX
        || channels->count > STATE_CHANNELS_MAX)
        return ERR_CORRUPT;
    for (const struct json *item = rows->child; item != NULL; item = item->next) {
        int code = read_row(state, item);
        if (code != 0)
            return code;
    }
    for (const struct json *item = channels->child; item != NULL; item = item->next) {
        int code = read_channel(state, item);
        if (code != 0)
            return code;
    }
    return 0;
}

int state_read(struct state *state, struct view text, struct err *reterr)
{
    struct json *root;
    struct err err = {.code = 0};

    int code = json_parse(state->arena, text, &root, &err);
    if (code == ERR_MEMORY)
        return fail(reterr, code, "no memory to read it");
    if (code != 0)
        return fail(reterr, ERR_CORRUPT, "it is no JSON (%s)", err.text);
    if (!view_is(text_of(root, "kind"), "alert-state"))
        return fail(reterr, ERR_CORRUPT, "it is not what alerts keep");
    if (json_int(json_get(root, "schema"), 0) != SCHEMA)
        return fail(reterr, ERR_UNSUPPORTED, "another version of assay wrote it");
    code = read_items(state, root);
    if (code == 0)
        return 0;
    state_init(state, state->arena);
    return code == ERR_MEMORY ? fail(reterr, code, "no memory to read it")
                              : fail(reterr, code, "a part of it is missing or wrong");
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_time(struct json_writer *writer, const char *key, int64_t unix_s)
{
    if (unix_s != 0)
        json_member_int(writer, key, unix_s);
}

static void write_row(struct json_writer *writer, const struct state_row *row)
{
    json_write_object(writer);
    json_member_string(writer, "channel", row->channel);
    json_member_string(writer, "suite", row->suite);
    json_member_text(writer, "topic", alert_topic_name(row->topic));
    json_member_array(writer, "open");
    for (unsigned kind = 0; kind < SETTINGS_ALERT_KINDS; kind++)
        if ((row->kinds & SETTINGS_ALERT_BIT(kind)) != 0)
            json_write_text(writer, settings_alert_kind_name((enum settings_alert_kind)kind));
    json_write_end(writer, ']');
    json_member_string(writer, "run", row->run_id);
    write_time(writer, "run_started_unix_s", row->run_started_unix_s);
    write_time(writer, "told_unix_s", row->told_unix_s);
    if (row->claim.len > 0) {
        json_member_string(writer, "claim", row->claim);
        write_time(writer, "claim_until_unix_s", row->claim_until_unix_s);
    }
    json_write_end(writer, '}');
}

static void write_channel(struct json_writer *writer, const struct state_channel *channel)
{
    json_write_object(writer);
    json_member_string(writer, "name", channel->name);
    json_member_array(writer, "sent_unix_s");
    for (size_t i = 0; i < channel->sent_count; i++)
        json_write_int(writer, channel->sent_unix_s[i]);
    json_write_end(writer, ']');
    write_time(writer, "not_before_unix_s", channel->not_before_unix_s);
    json_write_end(writer, '}');
}

void state_write(const struct state *state, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 1);
    json_write_object(&writer);
    json_member_text(&writer, "kind", "alert-state");
    json_member_int(&writer, "schema", SCHEMA);
    json_member_array(&writer, "rows");
    for (size_t i = 0; i < state->row_count; i++)
        write_row(&writer, &state->rows[i]);
    json_write_end(&writer, ']');
    json_member_array(&writer, "channels");
    for (size_t i = 0; i < state->channel_count; i++)
        write_channel(&writer, &state->channels[i]);
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct state_row *state_row_of(struct state *state, struct view channel, struct view suite,
                               enum alert_topic topic)
{
    for (size_t i = 0; i < state->row_count; i++) {
        struct state_row *row = &state->rows[i];
        if (row->topic == topic && view_equal(row->channel, channel)
            && view_equal(row->suite, suite))
            return row;
    }
    return NULL;
}

/* Room for one more of `count` items of `size` bytes; NULL without memory. */
static void *grown(struct arena *arena, const void *items, size_t count, size_t *capacity,
                   size_t size)
{
    size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *more = arena_new(arena, wanted, size);

    if (more == NULL)
        return NULL;
    if (count > 0)
        memcpy(more, items, count * size);
    *capacity = wanted;
    return more;
}

/* The place of the row that was looked at longest ago, those without an open incident first. */
static struct state_row *oldest(struct state *state)
{
    struct state_row *best = &state->rows[0];

    for (size_t i = 1; i < state->row_count; i++) {
        struct state_row *row = &state->rows[i];
        bool is_closed = row->kinds == 0;
        bool best_is_closed = best->kinds == 0;
        if (is_closed != best_is_closed ? is_closed
                                        : row->run_started_unix_s < best->run_started_unix_s)
            best = row;
    }
    return best;
}

struct state_row *state_row_make(struct state *state, struct view channel, struct view suite,
                                 enum alert_topic topic)
{
    struct state_row *row = state_row_of(state, channel, suite, topic);

    if (row != NULL)
        return row;
    if (state->row_count == STATE_ROWS_MAX) {
        row = oldest(state);
    } else {
        if (state->row_count == state->row_capacity) {
            void *rows = grown(state->arena, state->rows, state->row_count, &state->row_capacity,
                               sizeof *state->rows);
            if (rows == NULL)
                return NULL;
            state->rows = rows;
        }
        row = &state->rows[state->row_count++];
    }
    *row = (struct state_row){
        .channel = channel, .suite = suite, .topic = topic, .run_id = view_of("")};
    return row;
}

struct state_channel *state_channel_make(struct state *state, struct view name)
{
    for (size_t i = 0; i < state->channel_count; i++)
        if (view_equal(state->channels[i].name, name))
            return &state->channels[i];
    if (state->channel_count == STATE_CHANNELS_MAX) /* names that nobody uses any more */
        state->channel_count = 0;
    if (state->channel_count == state->channel_capacity) {
        void *channels = grown(state->arena, state->channels, state->channel_count,
                               &state->channel_capacity, sizeof *state->channels);
        if (channels == NULL)
            return NULL;
        state->channels = channels;
    }
    struct state_channel *channel = &state->channels[state->channel_count++];
    *channel = (struct state_channel){.name = name};
    return channel;
}

size_t state_sent_lately(const struct state_channel *channel, int64_t now_unix_s)
{
    size_t count = 0;

    for (size_t i = 0; i < channel->sent_count; i++)
        count +=
            channel->sent_unix_s[i] <= now_unix_s && channel->sent_unix_s[i] > now_unix_s - HOUR_S;
    return count;
}
