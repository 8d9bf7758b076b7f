/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_filter: see scan_filter.h. The shape is walked once, in the order of its places; a choice
 * that is the last thing needed is cut short in each of its branches. */
#include "text/scan_filter.h"

#include <limits.h>

enum {
    COPIES_MAX = 4,           /* of a group that repeats */
    REPEAT_MAX = 32,          /* of characters that repeat: beyond there is no upper bound */
    BITS_NEVER = 1000 * 1000, /* asked for where nothing may be cut short */
};

struct writer {
    struct strbuf *out;
    struct scan_filter filter;
    size_t places;
    bool is_empty;  /* nothing that takes a character is written yet */
    bool too_large; /* it has too many places and could not be cut short */
};

/* Writes the shape, or what it begins with where that has `bits` already. Returns the bits that it
 * has at least; `bits` or more: what follows must not be written. `is_last`: nothing follows in the
 * rule. */
static unsigned write_shape(struct writer *writer, const struct shape *shape, unsigned bits,
                            bool is_last);

static void join_bytes(struct scan_bytes *bytes, const struct scan_bytes *other)
{
    for (size_t i = 0; i < 4; i++)
        bytes->set[i] |= other->set[i];
}

/* Counts what a match may take before the filter ends, written or not. */
static void count_chars(struct writer *writer, const struct scan_chars *chars, size_t times)
{
    struct scan_bytes bytes = scan_chars_bytes(chars);

    if (times > 0)
        join_bytes(&writer->filter.bytes, &bytes);
    writer->filter.reach += scan_chars_width_max(chars) * times;
}

static unsigned write_chars(struct writer *writer, const struct scan_chars *chars)
{
    count_chars(writer, chars, 1);
    scan_chars_write(chars, writer->out);
    writer->places += scan_chars_is_ascii(chars) ? 1 : 3;
    writer->is_empty = false;
    return scan_chars_bits(chars);
}

/* Characters that repeat: one class of bytes. */
static unsigned write_run(struct writer *writer, const struct shape *repeat, unsigned bits,
                          bool is_last)
{
    const struct scan_chars *chars = repeat->child->chars;
    struct scan_bytes bytes = scan_chars_bytes(chars);
    unsigned each = scan_chars_bits(chars);
    unsigned enough = each > 0 ? (bits + each - 1) / each : BITS_NEVER;
    bool is_cut = repeat->min >= enough;
    unsigned min = is_cut ? enough : repeat->min;

    min = min < REPEAT_MAX ? min : REPEAT_MAX;
    count_chars(writer, chars, is_cut || is_last ? min : repeat->max);
    if (writer->is_empty || is_cut || is_last) { /* as few as there may be */
        if (min > 0) {
            scan_bytes_write(&bytes, writer->out);
            strbuf_printf(writer->out, "{%u}", min);
            writer->is_empty = false;
        }
    } else {
        scan_bytes_write(&bytes, writer->out);
        if (repeat->max > REPEAT_MAX || !scan_chars_is_ascii(chars))
            strbuf_printf(writer->out, "{%u,}", min);
        else
            strbuf_printf(writer->out, "{%u,%u}", min, repeat->max);
        writer->is_empty &= min == 0;
    }
    writer->places += min < 8 ? min + 1 : 8;
    return is_cut ? bits : min * each;
}

/* What may follow the copies of a group: any number more. */
static void write_more(struct writer *writer, const struct shape *repeat, unsigned copies)
{
    struct writer more = *writer;

    strbuf_add_text(writer->out, "(?:");
    more.is_empty = false;
    (void)write_shape(&more, repeat->child, BITS_NEVER, false);
    strbuf_add_text(writer->out, repeat->max == 1 ? ")?" : ")*");
    size_t each = more.filter.reach - writer->filter.reach;
    more.filter.reach = writer->filter.reach + each * (repeat->max - copies);
    more.is_empty = writer->is_empty;
    *writer = more;
}

/* A group that repeats: its copies, then any number more. */
static unsigned write_copies(struct writer *writer, const struct shape *repeat, unsigned bits,
                             bool is_last)
{
    bool is_fixed = repeat->max == repeat->min;
    unsigned have = 0;
    unsigned copies = 0;

    for (; copies < repeat->min && copies < COPIES_MAX && have < bits; copies++)
        have += write_shape(writer, repeat->child, bits - have,
                            is_last && is_fixed && copies + 1 == repeat->min);
    bool is_done = copies == repeat->min && (is_fixed || is_last);
    if (have < bits && !is_done)
        write_more(writer, repeat, copies);
    return have;
}

static unsigned write_repeat(struct writer *writer, const struct shape *repeat, unsigned bits,
                             bool is_last)
{
    if (repeat->child == NULL || repeat->max == 0)
        return 0;
    if (repeat->child->kind == SHAPE_CHARS && repeat->max > 1)
        return write_run(writer, repeat, bits, is_last);
    if (repeat->min == 0 && is_last)
        return 0;
    return write_copies(writer, repeat, bits, is_last);
}

/* Whether nothing from here on takes a character. */
static bool takes_nothing(const struct shape *shape)
{
    for (; shape != NULL; shape = shape->next)
        if (shape->kind != SHAPE_AHEAD && (shape->kind != SHAPE_ROW || shape->child != NULL))
            return false;
    return true;
}

static unsigned write_row(struct writer *writer, const struct shape *row, unsigned bits,
                          bool is_last)
{
    unsigned have = 0;

    for (const struct shape *child = row->child; child != NULL && have < bits;
         child = child->next) {
        if (writer->places > FILTER_PLACES) {
            writer->too_large |= bits > BITS_NEVER / 2;
            if (have > 0 && !writer->is_empty)
                return bits;
        }
        have += write_shape(writer, child, bits - have, is_last && takes_nothing(child->next));
    }
    return have;
}

/* Whether every branch has the bits by itself; then each is cut on its own. */
static bool branches_suffice(const struct shape *choice, unsigned bits)
{
    for (const struct shape *child = choice->child; child != NULL; child = child->next) {
        struct strbuf unused;
        struct writer trial = {.out = &unused, .is_empty = true};
        strbuf_init(&unused, 1024 * 1024);
        unsigned have = write_shape(&trial, child, bits, false);
        strbuf_release(&unused);
        if (have < bits)
            return false;
    }
    return true;
}

static unsigned write_choice(struct writer *writer, const struct shape *choice, unsigned bits,
                             bool is_last)
{
    bool is_cut = branches_suffice(choice, bits);
    unsigned least = UINT_MAX;
    struct writer start = *writer;
    const char *before = "(?:";

    for (const struct shape *child = choice->child; child != NULL; child = child->next) {
        struct writer branch = start;
        branch.places = writer->places;
        branch.filter.bytes = writer->filter.bytes;
        strbuf_add_text(writer->out, before);
        before = "|";
        unsigned have = write_shape(&branch, child, is_cut || is_last ? bits : BITS_NEVER, is_last);
        least = have < least ? have : least;
        writer->places = branch.places;
        writer->filter.bytes = branch.filter.bytes;
        if (branch.filter.reach > writer->filter.reach)
            writer->filter.reach = branch.filter.reach;
        writer->is_empty &= branch.is_empty;
        writer->too_large |= branch.too_large;
    }
    strbuf_add_text(writer->out, ")");
    return least;
}

static unsigned write_shape(struct writer *writer, const struct shape *shape, unsigned bits,
                            bool is_last)
{
    switch (shape->kind) {
    case SHAPE_CHARS:
        return write_chars(writer, shape->chars);
    case SHAPE_ROW:
        return write_row(writer, shape, bits, is_last);
    case SHAPE_CHOICE:
        return write_choice(writer, shape, bits, is_last);
    case SHAPE_REPEAT:
        return write_repeat(writer, shape, bits, is_last);
    case SHAPE_AHEAD:
        break;
    }
    return 0;
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

int scan_filter_make(const struct shape *shape, struct strbuf *out, struct scan_filter *ret_filter)
{
    struct writer writer = {.out = out, .is_empty = true};
    struct scan_bytes first = {.set = {0}};

    (void)add_first(shape, &first);
    (void)write_shape(&writer, shape, FILTER_BITS, true);
    if (strbuf_status(out) != 0)
        return ERR_MEMORY;
    if (writer.too_large || writer.is_empty) { /* its first byte will have to do */
        strbuf_reset(out);
        scan_bytes_write(&first, out);
        writer.filter = (struct scan_filter){.reach = 1, .bytes = first};
    }
    writer.filter.first = first;
    *ret_filter = writer.filter;
    return strbuf_status(out) == 0 ? 0 : ERR_MEMORY;
}
