/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo_text: templates of nunjucks, as far as they are slots. {{ name }} is carried, with the
 * filters that change nothing here (safe, string) and with dump, which is our {{json name}}.
 * Comments {# … #} vanish. Everything else is noted and stands in the text as it was written. */
#include "core/golden/promptfoo_internal.h"

/* One piece of a template. */
enum piece_kind { PIECE_TEXT, PIECE_SLOT, PIECE_TAG, PIECE_COMMENT };

struct piece {
    enum piece_kind kind;
    struct view whole; /* with its braces */
    struct view inner;
};

/* Cuts the next piece off the front. */
static struct piece next_piece(struct view *rest)
{
    static const struct {
        const char *open;
        const char *close;
        enum piece_kind kind;
    } forms[] = {{"{{", "}}", PIECE_SLOT}, {"{%", "%}", PIECE_TAG}, {"{#", "#}", PIECE_COMMENT}};
    bool is_open[sizeof forms / sizeof forms[0]] = {false}; /* none of its closes follows */
    size_t brace = 0;

    for (;; brace++) {
        brace += view_find_byte(view_slice(*rest, brace, rest->len), '{');
        if (brace >= rest->len)
            break;
        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
            if (is_open[i]
                || !view_starts(view_slice(*rest, brace, rest->len), view_of(forms[i].open)))
                continue;
            size_t end = view_find(*rest, view_of(forms[i].close), brace + 2);
            is_open[i] = end >= rest->len;
            if (is_open[i])
                continue;
            if (brace > 0)
                goto text;
            struct piece piece = {forms[i].kind, view_slice(*rest, 0, end + 2),
                                  view_slice(*rest, 2, end)};
            *rest = view_slice(*rest, end + 2, rest->len);
            return piece;
        }
    }
text:;
    struct piece piece = {.kind = PIECE_TEXT, .whole = view_slice(*rest, 0, brace)};
    *rest = view_slice(*rest, brace, rest->len);
    return piece;
}

static bool is_name(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        if (!letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '.' || c == '-')))
            return false;
    }
    return text.len > 0;
}

/* "- name | safe -" → the name, and whether as JSON. False for what is more than that; then
 * *ret_why says what. */
static bool read_slot(struct view inner, struct view *ret_name, bool *ret_json,
                      const char **ret_why)
{
    struct view rest = view_trim(inner);

    if (view_starts(rest, view_of("-")))
        rest = view_trim(view_slice(rest, 1, rest.len));
    if (view_ends(rest, view_of("-")))
        rest = view_trim(view_slice(rest, 0, rest.len - 1));
    struct view name = view_trim(view_split(&rest, '|'));
    *ret_json = false;
    *ret_name = name;
    *ret_why = "an expression: write the text itself, or give it as a variable";
    if (view_starts(name, view_of("env.")))
        *ret_why = "templates do not read the environment: give it as a variable";
    if (!is_name(name) || view_starts(name, view_of("env.")))
        return false;
    while (rest.ptr != NULL) {
        struct view filter = view_trim(view_split(&rest, '|'));
        if (view_is(filter, "dump") || view_is(filter, "tojson"))
            *ret_json = true;
        else if (!view_is(filter, "safe") && !view_is(filter, "string") && filter.len > 0) {
            *ret_why = "filters are not carried: give the filtered text as a variable";
            return false;
        }
    }
    return true;
}

static void add_escaped(struct strbuf *out, struct view text)
{
    for (size_t at = 0; at < text.len;) {
        size_t brace = view_find(text, view_of("{{"), at);
        strbuf_add(out, view_slice(text, at, brace));
        if (brace < text.len)
            strbuf_add_text(out, "\\{{");
        at = brace < text.len ? brace + 2 : brace;
    }
}

static int finish(struct promptfoo *foo, struct strbuf *out, struct view *ret_text)
{
    int code = strbuf_status(out);

    if (code == 0)
        code = arena_copy(foo->arena, strbuf_view(out), ret_text);
    strbuf_release(out);
    return code;
}

static int convert(struct promptfoo *foo, const struct json *at, const struct piece *piece,
                   bool *is_raw, struct strbuf *out)
{
    struct view name;
    bool as_json;
    const char *why = NULL;
    struct view tag = view_trim(piece->inner);

    if (piece->kind == PIECE_TAG && (view_is(tag, "raw") || view_is(tag, "endraw"))) {
        *is_raw = view_is(tag, "raw");
        return 0;
    }
    if (*is_raw || piece->kind == PIECE_TEXT) {
        add_escaped(out, piece->whole);
        return 0;
    }
    if (piece->kind == PIECE_COMMENT)
        return 0;
    if (piece->kind == PIECE_SLOT && read_slot(piece->inner, &name, &as_json, &why)) {
        strbuf_printf(out, as_json ? "{{json %.*s}}" : "{{%.*s}}", VIEW_ARG(name));
        return 0;
    }
    if (piece->kind == PIECE_TAG)
        why = "templates have no conditions, loops or assignments: write one prompt for each case";
    add_escaped(out, piece->whole);
    return promptfoo_lost(foo, at, piece->whole, "%s", why);
}

int promptfoo_template(struct promptfoo *foo, const struct json *at, struct view text,
                       struct view *ret_text)
{
    struct view rest = text;
    struct strbuf out;
    bool is_raw = false;
    int code = 0;

    strbuf_init(&out, PROMPTFOO_TEXT_MAX);
    uint32_t base = foo->at_base;
    while (code == 0 && rest.len > 0) {
        struct piece piece = next_piece(&rest);
        code = convert(foo, at, &piece, &is_raw, &out);
        for (size_t i = 0; at == NULL && i < piece.whole.len; i++)
            foo->at_base += piece.whole.ptr[i] == '\n';
    }
    foo->at_base = base;
    if (code != 0) {
        strbuf_release(&out);
        return code;
    }
    return finish(foo, &out, ret_text);
}

int promptfoo_fill(struct promptfoo *foo, const struct json *at, struct view text,
                   const struct json *vars, struct view *ret_text)
{
    struct view rest = text;
    struct strbuf out;
    int code = 0;

    strbuf_init(&out, PROMPTFOO_TEXT_MAX);
    while (code == 0 && rest.len > 0) {
        struct piece piece = next_piece(&rest);
        struct view name;
        bool as_json;
        const char *why = "templates have no conditions, loops or assignments";
        if (piece.kind == PIECE_TEXT) {
            strbuf_add(&out, piece.whole);
            continue;
        }
        const struct json *value = NULL;
        if (piece.kind == PIECE_SLOT && read_slot(piece.inner, &name, &as_json, &why)) {
            value = json_get_view(vars, name);
            why = "no variable of that name";
        }
        if (value == NULL) {
            strbuf_add(&out, piece.whole);
            code = promptfoo_lost(foo, at, piece.whole, "%s", why);
            continue;
        }
        strbuf_add(&out, promptfoo_text_of(foo, value));
    }
    if (code != 0) {
        strbuf_release(&out);
        return code;
    }
    return finish(foo, &out, ret_text);
}
