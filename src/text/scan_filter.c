/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_filter: see scan_filter.h. The filter is written path by path: where the rule has a choice,
 * each branch is written together with what follows it, until it is rare enough, and ends there. A
 * path may end at any place behind its first character: that only makes it less rare. What is small
 * or repeats without adding to rareness is written in line, with all it may match.
 *
 * In front of the first character of a path nothing optional is written: a match that has it has
 * an end of the filter all the same. */
#include "text/scan_filter.h"

enum {
    COPIES_MAX = 4,  /* of a group that repeats, in line */
    REPEAT_MAX = 32, /* of characters that repeat: beyond there is no upper bound */
    IN_LINE_MAX = 8, /* places of a choice that is not parted into paths */
    DEPTH_MAX = 200, /* elements of a path */
    BITS_SOME = 8,   /* with so many a path rather ends than goes on over a repetition */
};

/* What is still to be written of a path: shapes one behind the other, then those of `next`. */
struct todo {
    const struct shape *shape;
    bool is_single; /* not what stands behind it in its row */
    const struct todo *next;
};

struct path {
    unsigned bits; /* still wanted */
    size_t reach;
    unsigned depth;
    bool is_empty; /* no character is written yet */
};

struct writer {
    struct strbuf *out;
    struct scan_filter filter;
    unsigned bits;
    size_t places;
    bool too_large;
};

/* ---- figures --------------------------------------------------------------------------------- */

static void join_bytes(struct scan_bytes *bytes, const struct scan_bytes *other)
{
    for (size_t i = 0; i < 4; i++)
        bytes->set[i] |= other->set[i];
}

/* Adds the bytes of all that the shape may take. */
static void add_bytes(const struct shape *shape, struct scan_bytes *bytes)
{
    if (shape->kind == SHAPE_CHARS) {
        struct scan_bytes own = scan_chars_bytes(shape->chars);
        join_bytes(bytes, &own);
        return;
    }
    if (shape->kind == SHAPE_AHEAD)
        return;
    for (const struct shape *child = shape->child; child != NULL; child = child->next)
        add_bytes(child, bytes);
}

/* Adds what the shape may start with; true where it may take nothing. */
static bool add_first(const struct shape *shape, struct scan_bytes *first)
{
    bool nothing = shape->kind != SHAPE_CHOICE;

    if (shape->kind == SHAPE_AHEAD)
        return true;
    if (shape->kind == SHAPE_CHARS) {
        struct scan_bytes bytes = scan_chars_first(shape->chars);
        join_bytes(first, &bytes);
        return false;
    }
    if (shape->kind == SHAPE_REPEAT)
        return shape->child == NULL || add_first(shape->child, first) || shape->min == 0;
    for (const struct shape *child = shape->child; child != NULL; child = child->next) {
        bool passes = add_first(child, first);
        if (shape->kind == SHAPE_CHOICE)
            nothing |= passes;
        else if (!passes)
            return false;
    }
    return nothing;
}

static size_t places_of(const struct shape *shape)
{
    size_t places = 0;

    if (shape->kind == SHAPE_CHARS)
        return scan_chars_is_ascii(shape->chars) ? 1 : 3;
    if (shape->kind == SHAPE_AHEAD)
        return 0;
    for (const struct shape *child = shape->child; child != NULL; child = child->next)
        places += places_of(child);
    if (shape->kind == SHAPE_REPEAT)
        places *= shape->max < COPIES_MAX ? shape->max : COPIES_MAX;
    return places;
}

/* The bits that the shape has at least. */
static unsigned bits_of(const struct shape *shape)
{
    unsigned bits = 0;

    if (shape->kind == SHAPE_CHARS)
        return scan_chars_bits(shape->chars);
    if (shape->kind == SHAPE_AHEAD)
        return 0;
    for (const struct shape *child = shape->child; child != NULL; child = child->next) {
        unsigned own = bits_of(child);
        if (shape->kind != SHAPE_CHOICE)
            bits += own;
        else if (child == shape->child || own < bits)
            bits = own;
    }
    return shape->kind == SHAPE_REPEAT ? bits * shape->min : bits;
}

/* ---- in line --------------------------------------------------------------------------------- */

static void write_run(const struct shape *repeat, struct strbuf *out)
{
    struct scan_bytes bytes = scan_chars_bytes(repeat->child->chars);
    unsigned min = repeat->min < REPEAT_MAX ? repeat->min : REPEAT_MAX;

    scan_bytes_write(&bytes, out);
    if (repeat->max > REPEAT_MAX || !scan_chars_is_ascii(repeat->child->chars))
        strbuf_printf(out, "{%u,}", min);
    else
        strbuf_printf(out, "{%u,%u}", min, repeat->max);
}

/* The shape with all that it may match. */
static void write_all(const struct shape *shape, struct strbuf *out)
{
    bool is_repeat = shape->kind == SHAPE_REPEAT;
    const char *before = "(?:";

    if (shape->kind == SHAPE_AHEAD || (is_repeat && shape->child == NULL))
        return;
    if (shape->kind == SHAPE_CHARS) {
        scan_chars_write(shape->chars, out);
        return;
    }
    if (is_repeat && shape->child->kind == SHAPE_CHARS && shape->max > 1) {
        write_run(shape, out);
        return;
    }
    if (is_repeat) {
        unsigned copies = shape->min < COPIES_MAX ? shape->min : COPIES_MAX;
        for (unsigned i = 0; i < copies; i++)
            write_all(shape->child, out);
        if (shape->max == copies)
            return;
    }
    for (const struct shape *child = shape->child; child != NULL; child = child->next) {
        strbuf_add_text(out, before);
        before = shape->kind == SHAPE_CHOICE ? "|" : "";
        write_all(child, out);
    }
    if (shape->child != NULL)
        strbuf_add_text(out, !is_repeat ? ")" : shape->max == 1 ? ")?" : ")*");
}

/* ---- path by path ---------------------------------------------------------------------------- */

static void write_path(struct writer *writer, struct path path, const struct todo *todo);

/* The path ends here. */
static void end_path(struct writer *writer, const struct path *path)
{
    writer->too_large |= path->is_empty;
    if (path->reach > writer->filter.reach)
        writer->filter.reach = path->reach;
}

/* What of a match may stand in the path now, written or not. */
static void pass(struct writer *writer, struct path *path, const struct shape *shape)
{
    size_t width = shape_measure(shape).width_max;

    add_bytes(shape, &writer->filter.bytes);
    path->reach = width > SIZE_MAX / 2 - path->reach ? SIZE_MAX / 2 : path->reach + width;
}

static void gain(struct path *path, unsigned bits)
{
    path->bits = path->bits > bits ? path->bits - bits : 0;
}

/* Writes the whole shape and goes on. */
static void write_in_line(struct writer *writer, struct path *path, const struct shape *shape)
{
    pass(writer, path, shape);
    write_all(shape, writer->out);
    writer->places += places_of(shape);
    gain(path, bits_of(shape));
    path->is_empty &= shape_measure(shape).width_min == 0;
}

/* Each branch with what follows; then all is written. */
static void write_branches(struct writer *writer, const struct path *path,
                           const struct shape *choice, const struct todo *after)
{
    const char *before = "(?:";

    for (const struct shape *child = choice->child; child != NULL; child = child->next) {
        const struct todo branch = {.shape = child, .is_single = true, .next = after};
        strbuf_add_text(writer->out, before);
        before = "|";
        write_path(writer, *path, &branch);
    }
    strbuf_add_text(writer->out, ")");
}

/* Characters that repeat: one class of bytes, as often as it takes. False where the path ended. */
static bool write_characters(struct writer *writer, struct path *path, const struct shape *repeat,
                             const struct todo *after)
{
    unsigned each = scan_chars_bits(repeat->child->chars);
    unsigned enough = each > 0 ? (path->bits + each - 1) / each : REPEAT_MAX;
    bool is_last = after == NULL || repeat->min >= enough;
    struct shape fewest = *repeat;

    if (is_last || path->is_empty) {
        fewest.min = repeat->min < enough ? repeat->min : enough;
        fewest.min = fewest.min < REPEAT_MAX ? fewest.min : REPEAT_MAX;
        fewest.max = fewest.min;
        pass(writer, path, is_last ? &fewest : repeat);
        struct scan_bytes bytes = scan_chars_bytes(repeat->child->chars);
        if (fewest.min > 0) {
            scan_bytes_write(&bytes, writer->out);
            strbuf_printf(writer->out, "{%u}", fewest.min);
            path->is_empty = false;
        }
        writer->places += fewest.min;
        gain(path, each * fewest.min);
    } else {
        write_in_line(writer, path, repeat);
    }
    if (!is_last)
        return true;
    end_path(writer, path);
    return false;
}

/* A group that repeats. False where what follows is written too. */
static bool write_group(struct writer *writer, struct path *path, const struct shape *repeat,
                        const struct todo *after)
{
    if (repeat->min > 0) { /* once, and once less */
        struct shape rest = *repeat;
        rest.min--;
        rest.max -= rest.max != SHAPE_UNBOUNDED;
        const struct todo behind = {.shape = &rest, .is_single = true, .next = after};
        const struct todo once = {.shape = repeat->child, .is_single = true, .next = &behind};
        write_path(writer, *path,
                   rest.max > 0
                       ? &once
                       : &(struct todo){.shape = repeat->child, .is_single = true, .next = after});
        return false;
    }
    if (path->is_empty) {
        pass(writer, path, repeat);
        return true;
    }
    if (after == NULL || (repeat->max > 1 && path->bits + BITS_SOME <= writer->bits)) {
        end_path(writer, path);
        return false;
    }
    if (repeat->max > 1 || places_of(repeat) <= IN_LINE_MAX) {
        write_in_line(writer, path, repeat);
        return true;
    }
    const struct todo with = {.shape = repeat->child, .is_single = true, .next = after};
    strbuf_add_text(writer->out, "(?:");
    write_path(writer, *path, &with);
    strbuf_add_text(writer->out, "|");
    write_path(writer, *path, after);
    strbuf_add_text(writer->out, ")");
    return false;
}

static bool write_choice(struct writer *writer, struct path *path, const struct shape *choice,
                         const struct todo *after)
{
    if (path->is_empty && shape_measure(choice).width_min == 0) {
        pass(writer, path, choice);
        return true;
    }
    if (after != NULL && places_of(choice) <= IN_LINE_MAX) {
        write_in_line(writer, path, choice);
        return true;
    }
    write_branches(writer, path, choice, after);
    return false;
}

/* One shape. False where the path ended or what follows was written too. */
static bool write_shape(struct writer *writer, struct path *path, const struct shape *shape,
                        const struct todo *after)
{
    switch (shape->kind) {
    case SHAPE_CHARS:
        write_in_line(writer, path, shape);
        return true;
    case SHAPE_CHOICE:
        return write_choice(writer, path, shape, after);
    case SHAPE_REPEAT:
        if (shape->child == NULL || shape->max == 0 || shape_measure(shape).width_max == 0)
            return true;
        if (shape->child->kind == SHAPE_CHARS && shape->max > 1)
            return write_characters(writer, path, shape, after);
        return write_group(writer, path, shape, after);
    case SHAPE_ROW:
    case SHAPE_AHEAD:
        break;
    }
    return true;
}

/* What follows in a path, without what takes no character; NULL: nothing. */
static const struct todo *skip_empty(const struct todo *todo, struct todo *room)
{
    while (todo != NULL) {
        const struct shape *shape = todo->shape;
        if (shape == NULL) {
            todo = todo->next;
            continue;
        }
        bool is_empty =
            shape->kind == SHAPE_AHEAD || (shape->kind == SHAPE_ROW && shape->child == NULL);
        if (!is_empty)
            return todo;
        *room = (struct todo){.shape = todo->is_single ? NULL : shape->next, .next = todo->next};
        todo = room;
    }
    return NULL;
}

static void write_path(struct writer *writer, struct path path, const struct todo *todo)
{
    struct todo room;
    struct todo behind;
    struct todo inside;

    todo = skip_empty(todo, &room);
    if (todo == NULL || (path.bits == 0 && !path.is_empty) || ++path.depth > DEPTH_MAX) {
        end_path(writer, &path);
        return;
    }
    if (writer->places > FILTER_PLACES || strbuf_status(writer->out) != 0) {
        writer->too_large = true;
        return;
    }
    behind = (struct todo){.shape = todo->is_single ? NULL : todo->shape->next, .next = todo->next};
    if (todo->shape->kind == SHAPE_ROW) {
        inside = (struct todo){.shape = todo->shape->child, .next = &behind};
        write_path(writer, path, &inside);
        return;
    }
    struct todo after_room;
    const struct todo *after = skip_empty(&behind, &after_room);
    if (write_shape(writer, &path, todo->shape, after))
        write_path(writer, path, after);
}

int scan_filter_make(const struct shape *shape, struct strbuf *out, struct scan_filter *ret_filter)
{
    static const unsigned wanted[] = {FILTER_BITS, 15, 11, 8};
    const struct todo all = {.shape = shape, .is_single = true};
    struct scan_bytes first = {.set = {0}};
    struct writer writer = {.too_large = true};

    (void)add_first(shape, &first);
    for (size_t i = 0; writer.too_large && i < sizeof wanted / sizeof wanted[0]; i++) {
        const struct path path = {.bits = wanted[i], .is_empty = true};
        strbuf_reset(out);
        writer = (struct writer){.out = out, .bits = wanted[i]};
        write_path(&writer, path, &all);
        if (out->status == ERR_MEMORY)
            return ERR_MEMORY;
    }
    if (writer.too_large) { /* its first byte will have to do */
        strbuf_reset(out);
        scan_bytes_write(&first, out);
        writer.filter = (struct scan_filter){.reach = 1, .bytes = first};
    }
    writer.filter.first = first;
    *ret_filter = writer.filter;
    return strbuf_status(out) == 0 ? 0 : ERR_MEMORY;
}
