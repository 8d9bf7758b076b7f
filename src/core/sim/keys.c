/* SPDX-License-Identifier: Apache-2.0
 *
 * keys: reads which keys a JSON answer must have, of which types; see brief.h. Forms:
 *   … with these keys: title, volumes (number), genres (a list of strings).
 *   … with the keys "title" and "recommendations" (a list of objects with title and reason)
 *   keys:                      {"title": "…", "price": 0, "tags": []}
 *   - title: string
 *   title、reason をキーとするJSON */
#include "core/sim/brief.h"

enum { KEY_NAME_MAX_BYTES = 64, DESCRIPTION_MAX_BYTES = 300 };

static bool is_name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
           || (!first && ((c >= '0' && c <= '9') || c == '-'));
}

static bool starts_with(struct view text, size_t at, const char *word)
{
    return view_starts(view_slice(text, at, text.len), view_of(word));
}

/* Passes any of the words at *pos; true where it passed one. */
static bool pass_any(struct view text, size_t *pos, const char *const words[])
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (starts_with(text, *pos, words[i])) {
            *pos += strlen(words[i]);
            return true;
        }
    return false;
}

static enum slot_type type_of(struct view lowered)
{
    static const struct {
        const char *words;
        enum slot_type type;
    } types[] = {
        {"objects|object|オブジェクトの配列|オブジェクトのリスト|オブジェクト", SLOT_OBJECTS},
        {"list|array|lists|arrays|配列|リスト|一覧", SLOT_LIST},
        {"number|integer|numeric|float|whole_number|数値|数字|整数", SLOT_NUMBER},
        {"boolean|bool|true_or_false|真偽値|真偽", SLOT_BOOL},
        {"string|text|sentence|sentences|文字列|文", SLOT_STRING},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (words_any(lowered, types[i].words))
            return types[i].type;
    return SLOT_UNSTATED;
}

/* A name, perhaps wrapped in quotes or stars. */
static bool read_name(struct view text, size_t *pos, struct view *ret_name)
{
    static const char *const wraps[] = {"\"", "'", "`", "**", "*", "“", "”", "「", "」", NULL};
    size_t at = *pos;

    while (pass_any(text, &at, wraps))
        continue;
    size_t start = at;
    while (at < text.len && is_name_byte(text.ptr[at], at == start))
        at++;
    if (at == start || at - start > KEY_NAME_MAX_BYTES)
        return false;
    *ret_name = view_slice(text, start, at);
    while (pass_any(text, &at, wraps))
        continue;
    *pos = at;
    return true;
}

static bool is_function_word(struct view name)
{
    static const char *const words[] = {
        "and",   "or",        "the",     "with",  "in",    "as",     "each", "exactly", "only",
        "no",    "other",     "nothing", "plus",  "a",     "an",     "be",   "are",     "is",
        "these", "following", "called",  "named", "where", "which",  "that", "this",    "for",
        "of",    "JSON",      "json",    "do",    "must",  "should", "if",   "not"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (view_equal_nocase(name, view_of(words[i])))
            return true;
    return false;
}

static struct brief_part part_of(struct view name, struct view description)
{
    return (struct brief_part){.name = name, .slot = slot_like(name), .type = type_of(description)};
}

/* The keys of the objects in a list: "(a list of objects with title and reason)". */
static void read_parts(struct view original, struct view lowered, struct brief_key *key)
{
    size_t at = 0;
    size_t end;

    if (!words_find(lowered, view_of("with|having|containing|keys|each|それぞれ|を持つ"), 0,
                    lowered.len, &at, &end))
        at = end = 0;
    if (starts_with(lowered, at, "を持つ")) /* the names stand before it */
        end = 0;
    for (size_t pos = end; pos < original.len && key->part_count < BRIEF_PARTS_MAX;) {
        struct view name;
        if (!read_name(original, &pos, &name)) {
            pos++;
            continue;
        }
        size_t stop = view_find_byte(view_slice(original, pos, original.len), ',') + pos;
        if (!is_function_word(name)
            && type_of(view_slice(lowered, pos - name.len, pos)) == SLOT_UNSTATED
            && !view_equal_nocase(name, view_of("keys"))
            && !view_equal_nocase(name, view_of("key")))
            key->parts[key->part_count++] = part_of(name, view_slice(lowered, pos, stop));
    }
}

static void add_key(struct brief *brief, struct view name, size_t from, size_t to)
{
    struct brief_key *key = NULL;

    for (size_t i = 0; i < brief->key_count; i++)
        if (view_equal(brief->keys[i].self.name, name))
            key = &brief->keys[i];
    if (key == NULL && brief->key_count < BRIEF_KEYS_MAX)
        key = &brief->keys[brief->key_count++];
    if (key == NULL)
        return;
    *key = (struct brief_key){.self = part_of(name, view_slice(brief->lowered, from, to))};
    if (key->self.type == SLOT_OBJECTS)
        read_parts(view_slice(brief->instructions, from, to), view_slice(brief->lowered, from, to),
                   key);
}

/* Where the description of a key ends that starts at `pos` with ( or a colon; pos where there is
 * none. */
static size_t description_end(struct view text, size_t pos, size_t to)
{
    static const struct {
        const char *open;
        const char *close;
    } brackets[] = {{"(", ")"}, {"（", "）"}, {"[", "]"}};
    size_t at = pos;
    struct view part = view_slice(text, 0, to);

    while (at < to && text.ptr[at] == ' ')
        at++;
    for (size_t i = 0; i < sizeof brackets / sizeof brackets[0]; i++) {
        if (!starts_with(part, at, brackets[i].open))
            continue;
        size_t close = view_find(part, view_of(brackets[i].close), at);
        if (close < part.len && close - at < DESCRIPTION_MAX_BYTES)
            return close + strlen(brackets[i].close);
    }
    if (starts_with(part, at, ":") || starts_with(part, at, "：") || starts_with(part, at, "-")
        || starts_with(part, at, "–") || starts_with(part, at, "—")) {
        while (at < to && text.ptr[at] != '\n' && text.ptr[at] != ',' && text.ptr[at] != ';'
               && !starts_with(part, at, "、") && !starts_with(part, at, "。")
               && at - pos < DESCRIPTION_MAX_BYTES)
            at++;
        return at;
    }
    return pos;
}

/* Passes what separates two keys; false at the end of the list. */
static bool pass_separator(struct view text, size_t *pos, size_t to)
{
    static const char *const separators[] = {
        ",",      "、", "，", ";", " and ", " or ",  " plus ",      "and ", "と",
        "および", "・", "&",  "+", "/",     "then ", "as well as ", NULL};
    static const char *const bullets[] = {"- ", "* ", "• ", "・", NULL};
    struct view part = view_slice(text, 0, to);
    bool passed = false;
    size_t at = *pos;

    for (;;) {
        if (pass_any(part, &at, separators)) {
            passed = true;
        } else if (at < to && text.ptr[at] == '\n') {
            at++;
            while (at < to && text.ptr[at] == ' ')
                at++;
            if (pass_any(part, &at, bullets))
                passed = true;
        } else if (at < to && text.ptr[at] == ' ') {
            at++;
        } else {
            break;
        }
    }
    *pos = at;
    return passed;
}

/* Passes the words between "keys" and the first name. */
static void pass_lead(struct view text, size_t *pos, size_t to)
{
    static const char *const leads[] = {":",          "：",      "\n",         " ",
                                        "は",         "を",      "として",     "are ",
                                        "named ",     "called ", "exactly ",   "only ",
                                        "following ", "the ",    "as follows", "must be ",
                                        "- ",         "* ",      "(",          "in this order",
                                        "、",         NULL};

    while (*pos < to && pass_any(view_slice(text, 0, to), pos, leads))
        continue;
}

void brief_read_keys(struct brief *brief, size_t from, size_t to)
{
    struct view text = view_slice(brief->instructions, 0, to);
    size_t pos = from;

    pass_lead(text, &pos, to);
    for (;;) {
        struct view name;
        size_t start = pos;
        if (!read_name(text, &pos, &name) || is_function_word(name) || !(pos > start))
            return;
        size_t described = description_end(text, pos, to);
        add_key(brief, name, pos, described);
        pos = described;
        if (!pass_separator(text, &pos, to))
            return;
    }
}

void brief_read_keys_before(struct brief *brief, size_t from, size_t to)
{
    struct view text = view_slice(brief->instructions, 0, to);

    for (size_t pos = from; pos < to;) {
        struct view name;
        if (!read_name(text, &pos, &name)) {
            pos++;
            continue;
        }
        size_t described = description_end(text, pos, to);
        if (!is_function_word(name))
            add_key(brief, name, pos, described);
        pos = described;
    }
}

/* ---- an example object ---------------------------------------------------------------------- */

static enum slot_type type_of_example(struct view lowered, size_t at)
{
    while (at < lowered.len && (lowered.ptr[at] == ' ' || lowered.ptr[at] == '\n'))
        at++;
    char c = at < lowered.len ? lowered.ptr[at] : ' ';
    if (c == '[')
        return SLOT_LIST;
    if (c == '"')
        return SLOT_STRING;
    if ((c >= '0' && c <= '9') || c == '-')
        return SLOT_NUMBER;
    if (starts_with(lowered, at, "true") || starts_with(lowered, at, "false"))
        return SLOT_BOOL;
    size_t end = view_find_byte(view_slice(lowered, at, lowered.len), ',') + at;
    return type_of(view_slice(lowered, at, end));
}

/* One "name": of the object; keys inside a list of objects become parts of the key before. */
static void add_example(struct brief *brief, struct view name, size_t after, int depth)
{
    struct brief_part part = {
        .name = name, .slot = slot_like(name), .type = type_of_example(brief->lowered, after)};
    struct brief_key *last = brief->key_count > 0 ? &brief->keys[brief->key_count - 1] : NULL;

    if (depth == 1 && brief->key_count < BRIEF_KEYS_MAX) {
        brief->keys[brief->key_count++] = (struct brief_key){.self = part};
    } else if (depth == 2 && last != NULL && last->part_count < BRIEF_PARTS_MAX) {
        last->self.type = SLOT_OBJECTS;
        last->parts[last->part_count++] = part;
    }
}

/* The end of the string that opens at `at`, one past its closing quote. */
static size_t string_end(struct view text, size_t at)
{
    for (at++; at < text.len && text.ptr[at] != '"' && text.ptr[at] != '\n'; at++)
        at += text.ptr[at] == '\\';
    return at < text.len ? at + 1 : text.len;
}

void brief_read_skeleton(struct brief *brief)
{
    struct view text = brief->instructions;
    int depth = 0;

    if (brief->key_count != 0)
        return;
    for (size_t at = 0; at < text.len;) {
        char c = text.ptr[at];
        if (c == '"' && depth > 0) {
            size_t end = string_end(text, at);
            size_t after = end;
            while (after < text.len && text.ptr[after] == ' ')
                after++;
            if (after < text.len && text.ptr[after] == ':')
                add_example(brief, view_slice(text, at + 1, end - 1), after + 1, depth);
            at = end;
            continue;
        }
        depth += c == '{' ? 1 : c == '}' && depth > 0 ? -1 : 0;
        if (c == '}' && depth == 0 && brief->key_count != 0)
            return;
        at++;
    }
}
