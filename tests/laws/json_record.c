/* SPDX-License-Identifier: Apache-2.0
 *
 * json_record: see json_record.h. */
#include "json_record.h"

#include "base/mem.h"

static const char *const kind_names[] = {
    [JSON_EVENT_OBJECT_BEGIN] = "{", [JSON_EVENT_OBJECT_END] = "}", [JSON_EVENT_ARRAY_BEGIN] = "[",
    [JSON_EVENT_ARRAY_END] = "]",    [JSON_EVENT_KEY] = "key",      [JSON_EVENT_STRING] = "string",
    [JSON_EVENT_NUMBER] = "number",  [JSON_EVENT_TRUE] = "true",    [JSON_EVENT_FALSE] = "false",
    [JSON_EVENT_NULL] = "null",
};

struct recording {
    struct json_scanner scanner;
    struct json_event event;
    struct strbuf *out;
    struct err err;
    size_t line_at; /* where the line of the last event starts in out */
    bool inside;    /* that event's last piece has not come */
    bool places;
};

static void start_line(struct strbuf *out, const char *kind, size_t at, unsigned line,
                       unsigned column, bool place)
{
    strbuf_add_text(out, kind);
    if (place)
        strbuf_printf(out, " %zu %u:%u", at, line, column);
    strbuf_add_byte(out, ' ');
}

static void take(struct recording *recording)
{
    const struct json_event *event = &recording->event;
    bool in_pieces = event->kind == JSON_EVENT_KEY || event->kind == JSON_EVENT_STRING
                     || event->kind == JSON_EVENT_NUMBER;
    bool place = recording->places
                 || (event->kind != JSON_EVENT_KEY && event->kind != JSON_EVENT_OBJECT_END
                     && event->kind != JSON_EVENT_ARRAY_END);

    if (!recording->inside) {
        recording->line_at = recording->out->len;
        start_line(recording->out, kind_names[event->kind], event->at, event->line, event->column,
                   place);
    }
    if (in_pieces)
        strbuf_add(recording->out, event->bytes);
    recording->inside = in_pieces && !event->last;
    if (!recording->inside)
        strbuf_add_byte(recording->out, '\n');
}

static int feed(struct recording *recording, struct view piece)
{
    enum { COPIED_MAX = 4096 };
    char *copy = piece.len != 0 && piece.len <= COPIED_MAX ? mem_new(piece.len, 1) : NULL;
    struct view rest = piece;
    int result;

    if (copy != NULL) {
        memcpy(copy, piece.ptr, piece.len);
        rest.ptr = copy;
    }
    while ((result = json_scan(&recording->scanner, &rest, &recording->event, &recording->err))
           == 1)
        take(recording);
    assert_always(result != 0 || rest.len == 0);
    mem_free(copy);
    return result;
}

static int finish(struct recording *recording, int result)
{
    while (result == 0
           && (result = json_scan_end(&recording->scanner, &recording->event, &recording->err))
                  == 1) {
        take(recording);
        result = 0;
    }
    if (result < 0 && recording->inside) /* how much of it came depends on the cuts */
        strbuf_cut(recording->out, recording->line_at);
    if (result < 0)
        strbuf_printf(recording->out, "%s %s\n", err_name(result), recording->err.text);
    else
        assert_always(!recording->inside);
    return result;
}

static void begin(struct recording *recording, struct strbuf *out, bool places)
{
    *recording = (struct recording){.out = out, .places = places};
    json_scanner_init(&recording->scanner);
}

int json_record(struct view text, const size_t *cuts, size_t cut_count, struct strbuf *out)
{
    struct recording recording;
    size_t from = 0;
    int result = 0;

    begin(&recording, out, true);
    for (size_t i = 0; i <= cut_count && result == 0; i++) {
        size_t to = i < cut_count ? cuts[i] : text.len;
        result = feed(&recording, view_slice(text, from, to));
        from = to;
    }
    return finish(&recording, result);
}

int json_record_bytes(struct view text, struct strbuf *out)
{
    struct recording recording;
    int result = 0;

    begin(&recording, out, true);
    for (size_t i = 0; i < text.len && result == 0; i++)
        result = feed(&recording, view_slice(text, i, i + 1));
    return finish(&recording, result);
}

void json_record_without_places(struct view text, struct strbuf *out)
{
    struct recording recording;

    begin(&recording, out, false);
    finish(&recording, feed(&recording, text));
}

void json_record_tree(const struct json *root, struct strbuf *out)
{
    static const enum json_event_kind kinds[] = {
        [JSON_NULL] = JSON_EVENT_NULL,           [JSON_FALSE] = JSON_EVENT_FALSE,
        [JSON_TRUE] = JSON_EVENT_TRUE,           [JSON_NUMBER] = JSON_EVENT_NUMBER,
        [JSON_STRING] = JSON_EVENT_STRING,       [JSON_ARRAY] = JSON_EVENT_ARRAY_BEGIN,
        [JSON_OBJECT] = JSON_EVENT_OBJECT_BEGIN,
    };
    start_line(out, kind_names[kinds[root->kind]], root->at, root->line, root->column, true);
    strbuf_add(out, root->text);
    strbuf_add_byte(out, '\n');
    size_t count = 0;
    for (const struct json *child = root->child; child != NULL; child = child->next) {
        if (root->kind == JSON_OBJECT) {
            start_line(out, "key", 0, 0, 0, false);
            strbuf_add(out, child->key);
            strbuf_add_byte(out, '\n');
        }
        json_record_tree(child, out);
        count++;
    }
    assert_always(count == root->count);
    if (root->kind >= JSON_ARRAY)
        strbuf_add_text(out, root->kind == JSON_OBJECT ? "} \n" : "] \n");
}

bool json_same_tree(const struct json *a, const struct json *b)
{
    if (a->kind != b->kind || a->count != b->count || !view_equal(a->text, b->text)
        || !view_equal(a->key, b->key))
        return false;
    const struct json *other = b->child;
    for (const struct json *child = a->child; child != NULL; child = child->next) {
        if (other == NULL || !json_same_tree(child, other))
            return false;
        other = other->next;
    }
    return other == NULL;
}

/* ---- random documents ----------------------------------------------------------------------- */

static const char *one_of(struct rng *rng, const char *const *choices, size_t count)
{
    return choices[rng_below(rng, count)];
}

#define ONE_OF(rng, choices) one_of(rng, choices, sizeof(choices) / sizeof((choices)[0]))

static void random_space(struct rng *rng, struct strbuf *out)
{
    static const char *const spaces[] = {"", "", "", "", " ", "\n", "\r\n\t", "  ", "\n      "};
    strbuf_add_text(out, ONE_OF(rng, spaces));
}

static void random_string(struct rng *rng, struct strbuf *out)
{
    static const char *const parts[] = {
        "a",
        "plain text that is long enough to be passed in words",
        "\xc3\xa9",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\b\\f\\r\\t",
        "\\u0041",
        "\\u00e9",
        "\\u20AC",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\ude00",
        "\\ud83d\\n",
        "\\ud83d\\ud83d\\ude00",
        "\\u0000",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
        "\xf0\x9f\x98\x80",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xf4\x8f\xbf\xbf",
        "\x7f",
        "0123456",
        "'",
        "{[,:]}",
    };
    strbuf_add_byte(out, '"');
    for (uint64_t n = rng_below(rng, 8); n > 0; n--)
        strbuf_add_text(out, ONE_OF(rng, parts));
    strbuf_add_byte(out, '"');
}

static void random_value(struct rng *rng, struct strbuf *out, unsigned levels)
{
    static const char *const scalars[] = {
        "true", "false",    "null",  "0",      "-0",      "12",
        "-7",   "0.5",      "1e9",   "1E+400", "2.5e-10", "12345678901234567890123",
        "-0.0", "1.000000", "10e-1", "\"\"",
    };
    uint64_t choice = rng_below(rng, levels > 0 ? 5 : 2);
    bool object = choice == 2;

    random_space(rng, out);
    if (choice == 0) {
        strbuf_add_text(out, ONE_OF(rng, scalars));
    } else if (choice == 1) {
        random_string(rng, out);
    } else {
        strbuf_add_byte(out, object ? '{' : '[');
        uint64_t count = rng_below(rng, 5);
        for (uint64_t i = 0; i < count; i++) {
            random_space(rng, out);
            if (object) {
                random_string(rng, out);
                random_space(rng, out);
                strbuf_add_byte(out, ':');
            }
            random_value(rng, out, levels - 1);
            if (i + 1 < count)
                strbuf_add_byte(out, ',');
        }
        random_space(rng, out);
        strbuf_add_byte(out, object ? '}' : ']');
    }
    random_space(rng, out);
}

void json_random(struct rng *rng, struct strbuf *out)
{
    static const char damage[] = {'"', '\\', ',',  ':',    '{',    '}',    '[', ']', '0', 'e',
                                  '-', '\n', '\0', '\x80', '\xe3', '\xff', 'n', ' ', 'u', '.'};
    size_t from = out->len;

    random_value(rng, out, 4);
    if (out->len > from && rng_below(rng, 3) == 0)
        out->ptr[from + rng_below(rng, out->len - from)] = damage[rng_below(rng, sizeof damage)];
}
