/* SPDX-License-Identifier: Apache-2.0
 *
 * template: see template.h. Compiled in two passes over the same reader: one counts pieces, one
 * fills them. */
#include "wire/template.h"

#include "base/nearest.h"
#include "base/utf8.h"
#include "wire/json.h"

struct reader {
    struct view text;
    size_t at;
    uint32_t line;
    uint32_t column;
};

/* Moves on to `to` and keeps count of line and column. */
static void advance(struct reader *reader, size_t to)
{
    while (reader->at < to) {
        unsigned char byte = (unsigned char)reader->text.ptr[reader->at++];
        if (byte == '\n') {
            reader->line++;
            reader->column = 1;
        } else if ((byte & 0xc0u) != 0x80u) {
            reader->column++;
        }
    }
}

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')
           || (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '.'
           || ((unsigned char)byte & 0x80u) != 0;
}

static int refuse(const struct reader *reader, struct err *reterr, const char *what)
{
    return fail(reterr, ERR_SYNTAX, "%u:%u: %s", reader->line, reader->column, what);
}

/* A byte in a slot that belongs to no name. */
static int refuse_byte(struct reader *reader, size_t at, struct err *reterr)
{
    struct view character = view_make(reader->text.ptr + at, 1);

    advance(reader, at);
    if ((unsigned char)character.ptr[0] < 0x20 || character.ptr[0] == 0x7f)
        return refuse(reader, reterr, "a control character cannot be part of a variable's name");
    return fail(reterr, ERR_SYNTAX,
                "%u:%u: '%.*s' cannot be part of a variable's name (letters, digits, '_', '-', "
                "'.'); literal braces are written \\{{",
                reader->line, reader->column, VIEW_ARG(character));
}

/* The inside of a slot: "name" or "json name". */
static int read_inside(struct reader *reader, struct view inside, struct template_piece *piece,
                       struct err *reterr)
{
    for (size_t i = 0; i < inside.len; i++) {
        if (!is_name_byte(inside.ptr[i]) && inside.ptr[i] != ' ' && inside.ptr[i] != '\t')
            return refuse_byte(reader, (size_t)(inside.ptr - reader->text.ptr) + i, reterr);
    }
    if (!utf8_valid(inside, NULL))
        return refuse(reader, reterr, "the variable's name is not valid UTF-8");
    struct view name = view_trim(inside);
    if (name.len == 0)
        return refuse(reader, reterr, "'{{}}' names no variable; literal braces are written \\{{");

    size_t word_ends = 0;
    while (word_ends < name.len && is_name_byte(name.ptr[word_ends]))
        word_ends++;
    piece->kind = TEMPLATE_SLOT;
    piece->text = name;
    if (word_ends == name.len)
        return 0;
    struct view word = view_slice(name, 0, word_ends);
    struct view second = view_trim(view_slice(name, word_ends, name.len));
    for (size_t i = 0; i < second.len; i++) {
        if (!is_name_byte(second.ptr[i]))
            return refuse(reader, reterr,
                          "a slot holds one name, {{name}}, or {{json name}}, and no more words");
    }
    if (!view_is(word, "json"))
        return fail(
            reterr, ERR_SYNTAX,
            "%u:%u: '%.*s' is not understood before a name; write {{name}} or {{json name}}",
            reader->line, reader->column, VIEW_ARG(word));
    piece->kind = TEMPLATE_JSON;
    piece->text = second;
    return 0;
}

/* A slot, whose "{{" stands at reader->at. */
static int read_slot(struct reader *reader, struct template_piece *ret_piece, struct err *reterr)
{
    struct view rest = view_slice(reader->text, reader->at, reader->text.len);
    struct template_piece piece = {.line = reader->line, .column = reader->column};
    size_t closing = view_find(rest, (struct view)VIEW("}}"), 2);

    if (closing == rest.len || view_find_byte(view_slice(rest, 0, closing), '\n') < closing)
        return refuse(
            reader, reterr,
            "'{{' is never closed with '}}' on its line; literal braces are written \\{{");
    int code = read_inside(reader, view_slice(rest, 2, closing), &piece, reterr);
    if (code != 0)
        return code;
    advance(reader, reader->at + closing + 2);
    *ret_piece = piece;
    return 0;
}

static struct template_piece text_piece(const struct reader *reader, size_t from, size_t to)
{
    return (struct template_piece){.kind = TEMPLATE_TEXT,
                                   .text = view_slice(reader->text, from, to)};
}

/* The next piece: 1, 0 at the end, or an error. Text before "{{" ends where its backslashes start:
 * half of them stand for themselves, and an odd one makes the braces literal. */
static int read_piece(struct reader *reader, struct template_piece *ret_piece, struct err *reterr)
{
    size_t from = reader->at;

    if (from == reader->text.len)
        return 0;
    size_t braces = view_find(reader->text, (struct view)VIEW("{{"), from);
    size_t slashes = 0;
    if (braces < reader->text.len) {
        while (braces - slashes > from && reader->text.ptr[braces - slashes - 1] == '\\')
            slashes++;
    }
    if (braces - slashes > from) {
        *ret_piece = text_piece(reader, from, braces - slashes);
        advance(reader, braces - slashes);
        return 1;
    }
    if (slashes > 1) {
        *ret_piece = text_piece(reader, from, from + slashes / 2);
        advance(reader, from + slashes - slashes % 2);
        return 1;
    }
    if (slashes == 1) {
        *ret_piece = text_piece(reader, braces, braces + 2);
        advance(reader, braces + 2);
        return 1;
    }
    int code = read_slot(reader, ret_piece, reterr);
    return code != 0 ? code : 1;
}

static void add_name(struct template *template, struct view name)
{
    if (!template_uses(template, name))
        template->names[template->name_count++] = name;
}

/* Counts the pieces and finds every error. */
static int count_pieces(struct view text, size_t *ret_pieces, size_t *ret_slots, struct err *reterr)
{
    struct reader reader = {.text = text, .line = 1, .column = 1};
    struct template_piece piece;
    size_t pieces = 0;
    size_t slots = 0;
    int code;

    while ((code = read_piece(&reader, &piece, reterr)) == 1) {
        pieces++;
        slots += piece.kind != TEMPLATE_TEXT;
    }
    *ret_pieces = pieces;
    *ret_slots = slots;
    return code;
}

int template_compile(struct arena *arena, struct view text, struct template *ret_template,
                     struct err *reterr)
{
    struct template template = {0};
    size_t pieces = 0;
    size_t slots = 0;
    int code = count_pieces(text, &pieces, &slots, reterr);

    if (code != 0)
        return code;
    template.pieces = arena_new(arena, pieces + 1, sizeof *template.pieces);
    template.names = arena_new(arena, slots + 1, sizeof *template.names);
    if (template.pieces == NULL || template.names == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a template of %zu bytes", text.len);

    struct reader reader = {.text = text, .line = 1, .column = 1};
    while (template.piece_count < pieces) {
        struct template_piece *piece = &template.pieces[template.piece_count++];
        code = read_piece(&reader, piece, NULL);
        assert_always(code == 1);
        if (piece->kind != TEMPLATE_TEXT)
            add_name(&template, piece->text);
    }
    *ret_template = template;
    return 0;
}

static int refuse_unknown(const struct template_piece *piece, const struct template_values *values,
                          struct err *reterr)
{
    struct view meant = nearest_of(piece->text, values->names, values->name_count);

    if (meant.ptr != NULL)
        return fail(reterr, ERR_MISSING, "%u:%u: unknown variable '%.*s', did you mean '%.*s'?",
                    piece->line, piece->column, VIEW_ARG(piece->text), VIEW_ARG(meant));
    return fail(reterr, ERR_MISSING,
                "%u:%u: unknown variable '%.*s'; give it a value, or write \\{{ for literal braces",
                piece->line, piece->column, VIEW_ARG(piece->text));
}

int template_render(const struct template *template, const struct template_values *values,
                    struct strbuf *out, struct err *reterr)
{
    for (size_t i = 0; i < template->piece_count; i++) {
        const struct template_piece *piece = &template->pieces[i];
        struct view value = piece->text;

        if (piece->kind != TEMPLATE_TEXT && !values->lookup(values->context, piece->text, &value))
            return refuse_unknown(piece, values, reterr);
        if (piece->kind == TEMPLATE_JSON) {
            struct json_writer writer;
            json_writer_init(&writer, out, 0);
            json_write_string(&writer, value);
        } else {
            strbuf_add(out, value);
        }
    }
    int code = strbuf_status(out);
    if (code == ERR_LIMIT)
        return fail(reterr, code, "the filled template is longer than %zu bytes", out->limit);
    return code != 0 ? fail(reterr, code, "no memory to fill a template") : 0;
}

bool template_uses(const struct template *template, struct view name)
{
    for (size_t i = 0; i < template->name_count; i++) {
        if (view_equal(template->names[i], name))
            return true;
    }
    return false;
}
