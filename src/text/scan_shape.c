/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_shape: see scan_shape.h. One function for each level of PCRE2's grammar (pcre2pattern):
 * choice, row, piece with its quantifier, atom, class. */
#include "text/scan_shape.h"

#include <math.h>

#include "base/utf8.h"

struct reader {
    struct arena *arena;
    struct view text;
    size_t pos;
    unsigned depth;
    bool caseless;
    bool extended;
    int code;
    const char *refused; /* what cannot be read */
};

static struct shape *read_choice(struct reader *reader);

static struct shape *refuse(struct reader *reader, const char *what)
{
    if (reader->code == 0) {
        reader->code = ERR_CONFIG;
        reader->refused = what;
    }
    return NULL;
}

static struct shape *shape_new(struct reader *reader, enum shape_kind kind)
{
    struct shape *shape = reader->code == 0 ? arena_new(reader->arena, 1, sizeof *shape) : NULL;

    if (shape == NULL) {
        reader->code = reader->code != 0 ? reader->code : ERR_MEMORY;
        return NULL;
    }
    shape->kind = kind;
    return shape;
}

static struct shape *of_chars(struct reader *reader, const struct scan_chars *chars)
{
    struct shape *shape = shape_new(reader, SHAPE_CHARS);

    if (shape == NULL)
        return NULL;
    shape->chars = arena_new(reader->arena, 1, sizeof *shape->chars);
    if (shape->chars == NULL) {
        reader->code = ERR_MEMORY;
        return NULL;
    }
    *shape->chars = *chars;
    return shape;
}

static struct shape *of_codepoint(struct reader *reader, uint32_t codepoint)
{
    struct scan_chars chars = scan_chars_none();

    scan_chars_add(&chars, codepoint, codepoint, reader->caseless);
    return of_chars(reader, &chars);
}

static bool at_end(const struct reader *reader)
{
    return reader->pos >= reader->text.len;
}

static char peek(const struct reader *reader, size_t ahead)
{
    return reader->pos + ahead < reader->text.len ? reader->text.ptr[reader->pos + ahead] : '\0';
}

static bool skip(struct reader *reader, const char *what)
{
    struct view rest = view_slice(reader->text, reader->pos, reader->text.len);

    if (!view_starts(rest, view_of(what)))
        return false;
    reader->pos += strlen(what);
    return true;
}

/* Passes everything up to and with the mark. */
static struct view skip_past(struct reader *reader, const char *mark)
{
    size_t end = view_find(reader->text, view_of(mark), reader->pos);
    struct view passed = view_slice(reader->text, reader->pos, end);

    reader->pos = end + strlen(mark) < reader->text.len ? end + strlen(mark) : reader->text.len;
    return passed;
}

/* ---- escapes --------------------------------------------------------------------------------- */

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a') + 10 : 99;
}

/* Up to `most` digits of the base. */
static uint32_t read_number(struct reader *reader, unsigned base, unsigned most)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < most && digit_of(peek(reader, 0)) < base; i++)
        value = value * base + digit_of(reader->text.ptr[reader->pos++]);
    return value <= 0x10ffff ? value : 0x10ffff;
}

static uint32_t read_braced(struct reader *reader, unsigned base)
{
    reader->pos++;
    uint32_t value = read_number(reader, base, 8);
    skip_past(reader, "}");
    return value;
}

/* The character of an escape that stands for one; behind the letter. False for any other. */
static bool simple_escape(struct reader *reader, char letter, uint32_t *ret_codepoint)
{
    static const char letters[] = "aefnrt";
    static const char meant[] = "\a\x1b\f\n\r\t";
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

    if (found != NULL) {
        *ret_codepoint = (unsigned char)meant[found - letters];
    } else if (letter == 'x') {
        *ret_codepoint =
            peek(reader, 0) == '{' ? read_braced(reader, 16) : read_number(reader, 16, 2);
    } else if (letter == 'o' && peek(reader, 0) == '{') {
        *ret_codepoint = read_braced(reader, 8);
    } else if (letter == '0') {
        *ret_codepoint = read_number(reader, 8, 2);
    } else if (letter == 'c') {
        *ret_codepoint = ((unsigned char)peek(reader, 0) & 0xdfu) ^ 64u;
        reader->pos++;
    } else if (digit_of(letter) > 35 && (letter < 'A' || letter > 'Z')
               && (letter < 'a' || letter > 'z')) {
        reader->pos--; /* a sign stands for itself, and so does what is not ASCII */
        *ret_codepoint = utf8_next(reader->text, &reader->pos, NULL);
    } else {
        return false;
    }
    return true;
}

/* \p{name}, \pL, \P…; behind the letter. */
static struct scan_chars property(struct reader *reader, char letter)
{
    struct view name;

    if (peek(reader, 0) == '{') {
        reader->pos++;
        name = skip_past(reader, "}");
    } else {
        name = view_slice(reader->text, reader->pos, reader->pos + 1);
        reader->pos++;
    }
    if (letter == 'P' || view_starts(name, view_of("^")))
        return scan_chars_all();
    return scan_chars_property(name);
}

/* An escape that stands for a set of characters or for one; behind the letter. */
static bool chars_escape(struct reader *reader, char letter, struct scan_chars *ret_chars)
{
    uint32_t codepoint = 0;

    if (letter == 'p' || letter == 'P') {
        *ret_chars = property(reader, letter);
    } else if (letter == 'N' && peek(reader, 0) == '{') {
        skip_past(reader, "+");
        *ret_chars = scan_chars_none();
        codepoint = read_number(reader, 16, 6);
        skip_past(reader, "}");
        scan_chars_add(ret_chars, codepoint, codepoint, reader->caseless);
    } else if (letter == 'N') {
        *ret_chars = scan_chars_all();
    } else if (!scan_chars_escape(letter, ret_chars)) {
        if (!simple_escape(reader, letter, &codepoint))
            return false;
        *ret_chars = scan_chars_none();
        scan_chars_add(ret_chars, codepoint, codepoint, reader->caseless);
    }
    return true;
}

/* \Q…\E: each character for itself. */
static struct shape *read_quoted(struct reader *reader)
{
    struct view quoted = skip_past(reader, "\\E");
    struct shape *row = shape_new(reader, SHAPE_ROW);
    struct shape **last = row != NULL ? &row->child : NULL;

    for (size_t pos = 0; row != NULL && pos < quoted.len;) {
        struct shape *one = of_codepoint(reader, utf8_next(quoted, &pos, NULL));
        if (one == NULL)
            return NULL;
        *last = one;
        last = &one->next;
    }
    return row;
}

static struct shape *read_escape(struct reader *reader)
{
    struct scan_chars chars = scan_chars_none();

    reader->pos++;
    char letter = peek(reader, 0);
    reader->pos++;
    if (letter != '\0' && strchr("bBAzZG", letter) != NULL)
        return shape_new(reader, SHAPE_ROW);
    if (letter == 'Q')
        return read_quoted(reader);
    if (letter == 'E')
        return shape_new(reader, SHAPE_ROW);
    if (letter == 'R') {
        struct shape *repeat = shape_new(reader, SHAPE_REPEAT);
        (void)scan_chars_escape('v', &chars);
        if (repeat == NULL)
            return NULL;
        repeat->min = 1;
        repeat->max = 2;
        repeat->child = of_chars(reader, &chars);
        return repeat;
    }
    if (letter >= '1' && letter <= '9')
        return refuse(reader, "a reference to what was matched before (\\1)");
    if (letter == 'g' || letter == 'k')
        return refuse(reader, "a reference to a group (\\g, \\k)");
    if (letter == 'K' || letter == 'X' || letter == 'C')
        return refuse(reader, "\\K, \\X or \\C");
    if (!chars_escape(reader, letter, &chars))
        return refuse(reader, "an escape that is not known here");
    return of_chars(reader, &chars);
}

/* ---- classes --------------------------------------------------------------------------------- */

/* One end of a range, or a set; true where it is one character. */
static bool class_item(struct reader *reader, struct scan_chars *set, uint32_t *ret_codepoint)
{
    struct view rest = view_slice(reader->text, reader->pos, reader->text.len);

    if (view_starts(rest, view_of("[:")) && view_find(rest, view_of(":]"), 2) < rest.len) {
        reader->pos += 2;
        struct view name = skip_past(reader, ":]");
        struct scan_chars named =
            view_starts(name, view_of("^")) ? scan_chars_all() : scan_chars_posix(name);
        named.is_exact &= !view_starts(name, view_of("^"));
        scan_chars_join(set, &named);
        return false;
    }
    if (peek(reader, 0) != '\\') {
        *ret_codepoint = utf8_next(reader->text, &reader->pos, NULL);
        return true;
    }
    reader->pos++;
    char letter = peek(reader, 0);
    reader->pos++;
    if (letter == 'b') {
        *ret_codepoint = '\b';
        return true;
    }
    if (letter >= '1' && letter <= '7') {
        reader->pos--;
        *ret_codepoint = read_number(reader, 8, 3);
        return true;
    }
    if (simple_escape(reader, letter, ret_codepoint))
        return true;
    struct scan_chars chars = scan_chars_all();
    if (letter != 'E' && !chars_escape(reader, letter, &chars))
        refuse(reader, "an escape in a class that is not known here");
    if (letter == 'P' || letter == 'p')
        chars.is_exact = false;
    if (letter != 'E')
        scan_chars_join(set, &chars);
    return false;
}

/* What stands between \Q and \E in a class, each for itself. */
static void class_quoted(struct reader *reader, struct scan_chars *set)
{
    struct view quoted = skip_past(reader, "\\E");

    for (size_t pos = 0; pos < quoted.len;) {
        uint32_t codepoint = utf8_next(quoted, &pos, NULL);
        scan_chars_add(set, codepoint, codepoint, reader->caseless);
    }
}

static struct shape *read_class(struct reader *reader)
{
    struct scan_chars set = scan_chars_none();

    reader->pos++;
    bool negated = skip(reader, "^");
    for (bool first = true; !at_end(reader) && reader->code == 0; first = false) {
        uint32_t low = 0;
        uint32_t high = 0;
        if (peek(reader, 0) == ']' && !first)
            break;
        if (skip(reader, "\\Q")) {
            class_quoted(reader, &set);
            continue;
        }
        if (!class_item(reader, &set, &low))
            continue;
        high = low;
        if (peek(reader, 0) == '-' && peek(reader, 1) != ']' && peek(reader, 1) != '\0') {
            size_t dash = reader->pos++;
            struct scan_chars other = scan_chars_none();
            if (!class_item(reader, &other, &high)) { /* [a-\d]: the dash is a dash */
                reader->pos = dash;
                high = low;
                scan_chars_add(&set, '-', '-', false);
                reader->pos++;
            }
        }
        scan_chars_add(&set, low, high >= low ? high : low, reader->caseless);
    }
    reader->pos++;
    if (negated)
        set = scan_chars_negated(&set);
    return of_chars(reader, &set);
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* (?i-x) and its kin; *ret_group is true where a colon begins a group. */
static void read_flags(struct reader *reader, bool *ret_group)
{
    bool on = true;

    *ret_group = false;
    while (!at_end(reader)) {
        char c = reader->text.ptr[reader->pos++];
        if (c == ')')
            return;
        if (c == ':') {
            *ret_group = true;
            return;
        }
        if (c == '^')
            reader->caseless = reader->extended = false;
        else if (c == '-')
            on = false;
        else if (c == 'i')
            reader->caseless = on;
        else if (c == 'x')
            reader->extended = on;
        else if (strchr("smnJU", c) == NULL)
            refuse(reader, "an option that is not known here");
    }
}

/* The inside of a group and its closing bracket; flags set in it end with it. */
static struct shape *read_inside(struct reader *reader, bool caseless, bool extended)
{
    struct shape *inside = read_choice(reader);

    reader->pos++;
    reader->caseless = caseless;
    reader->extended = extended;
    return inside;
}

static struct shape *read_look(struct reader *reader, bool ahead)
{
    struct shape *inside = read_inside(reader, reader->caseless, reader->extended);
    struct shape *look = shape_new(reader, ahead ? SHAPE_AHEAD : SHAPE_ROW);

    if (look != NULL && ahead)
        look->child = inside;
    return look;
}

static struct shape *read_group(struct reader *reader)
{
    bool caseless = reader->caseless;
    bool extended = reader->extended;
    bool has_group = true;

    if (skip(reader, "(?#")) {
        skip_past(reader, ")");
        return shape_new(reader, SHAPE_ROW);
    }
    if (skip(reader, "(?=") || skip(reader, "(?!"))
        return read_look(reader, true);
    if (skip(reader, "(?<=") || skip(reader, "(?<!"))
        return read_look(reader, false);
    if (skip(reader, "(?P<") || skip(reader, "(?<"))
        skip_past(reader, ">");
    else if (skip(reader, "(?'"))
        skip_past(reader, "'");
    else if (skip(reader, "(?>") || skip(reader, "(?|"))
        has_group = true;
    else if (skip(reader, "(*"))
        return refuse(reader, "a verb or a named assertion (*…)");
    else if (peek(reader, 1) == '?' && peek(reader, 2) != '\0'
             && strchr("(RPC0123456789+&", peek(reader, 2)) != NULL)
        return refuse(reader, "a condition, a recursion or a callout (?…)");
    else if (skip(reader, "(?"))
        read_flags(reader, &has_group);
    else
        reader->pos++;
    if (!has_group) /* flags that hold up to the end of the group around */
        return shape_new(reader, SHAPE_ROW);
    return read_inside(reader, caseless, extended);
}

/* ---- rows and choices ------------------------------------------------------------------------ */

static struct shape *read_atom(struct reader *reader)
{
    char c = peek(reader, 0);

    if (c == '\\')
        return read_escape(reader);
    if (c == '[')
        return read_class(reader);
    if (c == '(')
        return read_group(reader);
    if (c == '.') {
        struct scan_chars all = scan_chars_all();
        reader->pos++;
        return of_chars(reader, &all);
    }
    if (c == '^' || c == '$') {
        reader->pos++;
        return shape_new(reader, SHAPE_ROW);
    }
    return of_codepoint(reader, utf8_next(reader->text, &reader->pos, NULL));
}

/* {n}, {n,}, {n,m}; false where the brace is a literal. */
static bool read_bounds(struct reader *reader, unsigned *min, unsigned *max)
{
    size_t start = reader->pos++;

    if (digit_of(peek(reader, 0)) > 9)
        goto literal;
    *min = *max = read_number(reader, 10, 6);
    if (peek(reader, 0) == ',') {
        reader->pos++;
        *max = digit_of(peek(reader, 0)) > 9 ? SHAPE_UNBOUNDED : read_number(reader, 10, 6);
    }
    if (peek(reader, 0) == '}') {
        reader->pos++;
        return true;
    }
literal:
    reader->pos = start;
    return false;
}

static bool read_quantifier(struct reader *reader, unsigned *min, unsigned *max)
{
    char c = peek(reader, 0);

    *min = c == '+';
    *max = c == '?' ? 1 : SHAPE_UNBOUNDED;
    if (c == '{') {
        if (!read_bounds(reader, min, max))
            return false;
    } else if (c == '?' || c == '*' || c == '+') {
        reader->pos++;
    } else {
        return false;
    }
    if (peek(reader, 0) == '?' || peek(reader, 0) == '+')
        reader->pos++;
    return true;
}

/* With (?x): white space and comments. */
static void skip_extended(struct reader *reader)
{
    while (reader->extended && !at_end(reader)) {
        if (peek(reader, 0) == '#')
            skip_past(reader, "\n");
        else if (strchr(" \t\n\v\f\r", peek(reader, 0)) != NULL && peek(reader, 0) != '\0')
            reader->pos++;
        else
            break;
    }
}

static struct shape *read_piece(struct reader *reader)
{
    struct shape *shape = read_atom(reader);
    unsigned min;
    unsigned max;

    skip_extended(reader);
    while (shape != NULL && read_quantifier(reader, &min, &max)) {
        struct shape *repeat = shape_new(reader, SHAPE_REPEAT);
        if (repeat == NULL)
            return NULL;
        repeat->min = min;
        repeat->max = max;
        repeat->child = shape;
        shape = repeat;
        skip_extended(reader);
    }
    return shape;
}

static struct shape *read_row(struct reader *reader)
{
    struct shape *row = shape_new(reader, SHAPE_ROW);
    struct shape **last = row != NULL ? &row->child : NULL;

    skip_extended(reader);
    while (reader->code == 0 && !at_end(reader) && peek(reader, 0) != '|'
           && peek(reader, 0) != ')') {
        struct shape *piece = read_piece(reader);
        if (piece == NULL)
            return NULL;
        *last = piece;
        last = &piece->next;
        skip_extended(reader);
    }
    return row;
}

static struct shape *read_choice(struct reader *reader)
{
    struct shape *first = NULL;

    if (++reader->depth > SHAPE_DEPTH_MAX)
        return refuse(reader, "brackets nested too deep");
    first = read_row(reader);
    if (first != NULL && peek(reader, 0) == '|' && !at_end(reader)) {
        struct shape *choice = shape_new(reader, SHAPE_CHOICE);
        struct shape *last = first;
        if (choice == NULL)
            return NULL;
        choice->child = first;
        while (last != NULL && !at_end(reader) && peek(reader, 0) == '|') {
            reader->pos++;
            last->next = read_row(reader);
            last = last->next;
        }
        first = choice;
    }
    reader->depth--;
    return first;
}

int shape_read(struct arena *arena, struct view expression, bool caseless,
               const struct shape **ret_shape, struct err *reterr)
{
    struct reader reader = {.arena = arena, .text = expression, .caseless = caseless};
    const struct shape *shape = read_choice(&reader);

    if (reader.code == ERR_CONFIG)
        return fail(reterr, ERR_CONFIG, "it uses %s, for which no bounded width is known",
                    reader.refused);
    if (reader.code == 0 && !at_end(&reader))
        return fail(reterr, ERR_CONFIG, "its brackets cannot be read");
    if (reader.code == 0)
        *ret_shape = shape;
    return reader.code;
}
