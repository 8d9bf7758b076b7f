/* SPDX-License-Identifier: Apache-2.0
 *
 * columns: see columns.h. */
#include "report/columns.h"

#include <unicode/uchar.h>

#include "base/utf8.h"

size_t columns_of(uint32_t codepoint)
{
    if (codepoint < 0x300)
        return 1;
    if (u_hasBinaryProperty((UChar32)codepoint, UCHAR_GRAPHEME_EXTEND) || codepoint == 0x200d)
        return 0;
    int wide = u_getIntPropertyValue((UChar32)codepoint, UCHAR_EAST_ASIAN_WIDTH);
    return wide == U_EA_WIDE || wide == U_EA_FULLWIDTH ? 2 : 1;
}

void column_init(struct column *column, size_t width, bool is_colored)
{
    *column = (struct column){.width = width > 4 ? width : 4, .is_colored = is_colored};
    strbuf_init(&column->text, COLUMN_BYTES_MAX);
}

void column_release(struct column *column)
{
    strbuf_release(&column->text);
}

static void paint(struct column *column, enum column_style style)
{
    static const char *const codes[] = {"\033[0m", "\033[31m", "\033[32m", "\033[2m", "\033[1m"};

    if (column->is_colored && column->style != style)
        strbuf_add_text(&column->text, codes[style]);
    column->style = style;
}

/* Each line is painted by itself, so that lines can stand beside each other. */
static void break_line(struct column *column)
{
    enum column_style style = column->style;

    while (!column->is_padded && view_ends(strbuf_view(&column->text), view_of(" ")))
        strbuf_cut(&column->text, column->text.len - 1);
    paint(column, COLUMN_PLAIN);
    if (column->is_padded && column->used < column->width)
        strbuf_add_repeated(&column->text, ' ', column->width - column->used);
    strbuf_add_byte(&column->text, '\n');
    column->used = 0;
    column->lines++;
    column->style = COLUMN_PLAIN;
    paint(column, style);
}

static bool is_last_line(const struct column *column)
{
    return column->lines_max > 0 && column->lines + 1 >= column->lines_max;
}

/* No more fits: the text ends here. */
static void cut(struct column *column)
{
    strbuf_add_text(&column->text, "…");
    column->used++;
    column->is_full = true;
}

uint32_t columns_shown(uint32_t codepoint)
{
    bool turns = (codepoint >= 0x202a && codepoint <= 0x202e)
                 || (codepoint >= 0x2066 && codepoint <= 0x2069) || codepoint == 0x200e
                 || codepoint == 0x200f || codepoint == 0x61c;

    if (codepoint == '\t')
        return ' ';
    return codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0) || turns ? 0xfffd
                                                                                : codepoint;
}

/* The columns of the word that starts there: up to a space or to a script without spaces. */
static size_t word_columns(struct view text, size_t pos, size_t enough)
{
    size_t columns = 0;

    while (pos < text.len && columns <= enough) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        size_t own = columns_of(codepoint);
        if (codepoint <= ' ' || own == 2)
            break;
        columns += own;
    }
    return columns;
}

static void put_character(struct column *column, struct view text, size_t at, uint32_t codepoint,
                          bool starts_word)
{
    size_t own = columns_of(columns_shown(codepoint));
    size_t room = column->width - (is_last_line(column) ? 1 : 0); /* for "…" */
    size_t wanted = starts_word ? word_columns(text, at, column->width) : own;

    if (wanted > column->width)
        wanted = own;
    if (column->used > 0 && column->used + (wanted > own ? wanted : own) > room) {
        if (is_last_line(column)) {
            cut(column);
            return;
        }
        break_line(column);
        if (codepoint == ' ')
            return;
    }
    strbuf_add_codepoint(&column->text, columns_shown(codepoint));
    column->used += own;
}

void column_put(struct column *column, struct view text, enum column_style style)
{
    bool after_space = true;

    if (!column->is_full)
        paint(column, style);
    for (size_t pos = 0; pos < text.len && !column->is_full;) {
        size_t at = pos;
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        if (codepoint == '\r')
            continue;
        if (codepoint == '\n' && is_last_line(column))
            cut(column);
        else if (codepoint == '\n')
            break_line(column);
        else
            put_character(column, text, at, codepoint, after_space && codepoint > ' ');
        after_space = codepoint <= ' ' || columns_of(codepoint) == 2;
    }
    paint(column, COLUMN_PLAIN);
}

void column_end(struct column *column)
{
    if (column->used > 0 || column->lines == 0)
        break_line(column);
}

void column_write(const struct column *column, size_t indent, struct strbuf *out)
{
    struct view rest = strbuf_view(&column->text);

    while (rest.len > 0) {
        struct view line = view_split(&rest, '\n');
        strbuf_add_repeated(out, ' ', indent);
        strbuf_add(out, line);
        strbuf_add_byte(out, '\n');
    }
}

void columns_write(const struct column *left, const struct column *right, size_t indent,
                   struct strbuf *out)
{
    struct view first = strbuf_view(&left->text);
    struct view second = strbuf_view(&right->text);

    while (first.len > 0 || second.len > 0) {
        strbuf_add_repeated(out, ' ', indent);
        if (first.len > 0)
            strbuf_add(out, view_split(&first, '\n'));
        else
            strbuf_add_repeated(out, ' ', left->width);
        strbuf_add_text(out, " │");
        struct view line = second.len > 0 ? view_split(&second, '\n') : view_of("");
        if (line.len > 0)
            strbuf_add_byte(out, ' ');
        strbuf_add(out, line);
        strbuf_add_byte(out, '\n');
    }
}
