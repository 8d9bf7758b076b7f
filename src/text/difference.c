/* SPDX-License-Identifier: Apache-2.0
 *
 * difference: see difference.h. The furthest-reaching points of every round are kept, d + 1 of them
 * in round d, so that the way back can be walked; the bound on rounds bounds that memory to some
 * four megabytes. */
#include "text/difference.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/chars.h"

struct piece {
    struct view text;
    uint64_t hash;
};

struct pieces {
    struct piece *list;
    size_t count;
    size_t capacity;
};

/* The middle parts that differ, and which piece of the one is which of the other. */
struct comparison {
    const struct piece *before;
    const struct piece *after;
    long before_count;
    long after_count;
    long **rounds; /* round d: x of the furthest point on diagonals −d..d, at index k + d */
    long round_count;
    size_t *match; /* of each piece before: 1 + its piece after; 0 where it was removed */
};

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Pieces of one kind run on; signs and line ends stand alone. */
static bool runs_on(enum char_kind kind)
{
    return kind != CHAR_ASCII_SIGN && kind != CHAR_OTHER;
}

static enum char_kind piece_kind(uint32_t codepoint)
{
    enum char_kind kind = char_kind_of(codepoint);

    if (codepoint == '\n')
        return CHAR_OTHER;
    return kind == CHAR_DIGIT ? CHAR_LATIN : kind;
}

static int pieces_add(struct pieces *pieces, struct view text)
{
    if (pieces->count == pieces->capacity) {
        size_t capacity = pieces->capacity > 0 ? 2 * pieces->capacity : 64;
        struct piece *list = mem_resize(pieces->list, capacity, sizeof *list);
        if (list == NULL)
            return ERR_MEMORY;
        pieces->list = list;
        pieces->capacity = capacity;
    }
    pieces->list[pieces->count++] = (struct piece){.text = text, .hash = map_hash(text, 0)};
    return 0;
}

static int pieces_cut(struct pieces *pieces, struct view text)
{
    int code = 0;

    for (size_t pos = 0; code == 0 && pos < text.len;) {
        size_t start = pos;
        enum char_kind kind = piece_kind(utf8_next(text, &pos, NULL));
        while (pos < text.len && runs_on(kind)) {
            size_t after = pos;
            if (piece_kind(utf8_next(text, &after, NULL)) != kind)
                break;
            pos = after;
        }
        code = pieces_add(pieces, view_slice(text, start, pos));
    }
    return code;
}

static bool same(const struct piece *a, const struct piece *b)
{
    return a->hash == b->hash && view_equal(a->text, b->text);
}

/* ---- the shortest way ------------------------------------------------------------------------ */

/* x of the furthest point on diagonal k that round d − 1 reached; −1 where it did not go there. */
static long reached(const struct comparison *comparison, long d, long k)
{
    return d < 0 || k < -d || k > d || ((k + d) & 1) != 0 ? -1 : comparison->rounds[d][k + d];
}

/* Whether the way to diagonal k in round d comes from the diagonal above (a piece added). */
static bool comes_down(const struct comparison *comparison, long d, long k)
{
    return k == -d
           || (k != d && reached(comparison, d - 1, k - 1) < reached(comparison, d - 1, k + 1));
}

/* Where the way enters diagonal k in round d, before it slides. */
static long enters_at(const struct comparison *comparison, long d, long k)
{
    if (d == 0)
        return 0;
    return comes_down(comparison, d, k) ? reached(comparison, d - 1, k + 1)
                                        : reached(comparison, d - 1, k - 1) + 1;
}

static long slide(const struct comparison *comparison, long x, long k)
{
    while (x < comparison->before_count && x - k < comparison->after_count
           && same(&comparison->before[x], &comparison->after[x - k]))
        x++;
    return x;
}

/* Goes forward until the end is reached: 1 and *ret_d, 0 where the bound was met first, or
 * ERR_MEMORY. */
static int search(struct comparison *comparison, long *ret_d)
{
    long most = comparison->before_count + comparison->after_count;

    if (most > DIFFERENCE_EDITS_MAX)
        most = DIFFERENCE_EDITS_MAX;
    comparison->rounds = mem_new((size_t)most + 1, sizeof *comparison->rounds);
    if (comparison->rounds == NULL)
        return ERR_MEMORY;
    for (long d = 0; d <= most; d++) {
        long *round = mem_new(2 * (size_t)d + 1, sizeof *round);
        if (round == NULL)
            return ERR_MEMORY;
        comparison->rounds[d] = round;
        comparison->round_count = d + 1;
        for (long k = -d; k <= d; k += 2) {
            long x = slide(comparison, enters_at(comparison, d, k), k);
            round[k + d] = x;
            if (x >= comparison->before_count && x - k >= comparison->after_count) {
                *ret_d = d;
                return 1;
            }
        }
    }
    return 0;
}

/* Walks back from the end and notes the pieces that slid together. */
static void walk_back(struct comparison *comparison, long d)
{
    long x = comparison->before_count;
    long k = comparison->before_count - comparison->after_count;

    for (; d >= 0; d--) {
        long entry = enters_at(comparison, d, k);
        for (; x > entry; x--)
            comparison->match[x - 1] = (size_t)(x - k);
        if (d > 0 && comes_down(comparison, d, k)) {
            k++;
        } else if (d > 0) {
            k--;
            x--;
        }
    }
}

static int compare(struct comparison *comparison, bool *ret_is_coarse)
{
    long d = 0;
    int found = search(comparison, &d);

    if (found == 1)
        walk_back(comparison, d);
    *ret_is_coarse = found == 0;
    for (long i = 0; i < comparison->round_count; i++)
        mem_free(comparison->rounds[i]);
    mem_free(comparison->rounds);
    return found < 0 ? found : 0;
}

/* ---- spans ----------------------------------------------------------------------------------- */

struct writer {
    struct difference_span *spans;
    size_t count;
};

/* Appends pieces [from, to), to the last span where it is of that kind. */
static void write(struct writer *writer, enum difference_kind kind, const struct pieces *pieces,
                  size_t from, size_t to)
{
    if (from >= to)
        return;
    const struct piece *last = &pieces->list[to - 1];
    const char *start = pieces->list[from].text.ptr;
    const char *end = last->text.ptr + last->text.len;
    struct difference_span *previous = writer->count > 0 ? &writer->spans[writer->count - 1] : NULL;
    if (previous != NULL && previous->kind == kind) {
        previous->text.len = (size_t)(end - previous->text.ptr);
        return;
    }
    writer->spans[writer->count++] =
        (struct difference_span){.kind = kind, .text = view_make(start, (size_t)(end - start))};
}

/* match[i] is 1 + the piece after that piece i before is, over the whole texts. */
static int write_spans(struct arena *arena, const struct pieces *before, const struct pieces *after,
                       const size_t *match, struct difference *difference)
{
    struct writer writer = {
        .spans = arena_new(arena, before->count + after->count + 1, sizeof *writer.spans)};
    size_t removed_from = 0, added_from = 0;

    if (writer.spans == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < before->count; i++) {
        if (match[i] == 0)
            continue;
        size_t j = match[i] - 1;
        write(&writer, DIFFERENCE_REMOVED, before, removed_from, i);
        write(&writer, DIFFERENCE_ADDED, after, added_from, j);
        write(&writer, DIFFERENCE_SAME, after, j, j + 1);
        removed_from = i + 1;
        added_from = j + 1;
    }
    write(&writer, DIFFERENCE_REMOVED, before, removed_from, before->count);
    write(&writer, DIFFERENCE_ADDED, after, added_from, after->count);
    difference->spans = writer.spans;
    difference->count = writer.count;
    return 0;
}

/* Matches the common ends, and what lies between them by comparison. */
static int match_all(const struct pieces *before, const struct pieces *after, size_t *match,
                     bool *ret_is_coarse)
{
    size_t shorter = before->count < after->count ? before->count : after->count;
    size_t head = 0, tail = 0;

    *ret_is_coarse = before->count > DIFFERENCE_PIECES_MAX || after->count > DIFFERENCE_PIECES_MAX;
    if (shorter == 0)
        return 0;
    while (head < shorter && same(&before->list[head], &after->list[head])) {
        match[head] = head + 1;
        head++;
    }
    while (
        tail < shorter - head
        && same(&before->list[before->count - 1 - tail], &after->list[after->count - 1 - tail])) {
        match[before->count - 1 - tail] = after->count - tail;
        tail++;
    }
    struct comparison comparison = {
        .before = before->list + head,
        .after = after->list + head,
        .before_count = (long)(before->count - head - tail),
        .after_count = (long)(after->count - head - tail),
        .match = match + head,
    };
    if (*ret_is_coarse || comparison.before_count == 0 || comparison.after_count == 0)
        return 0;
    int code = compare(&comparison, ret_is_coarse);
    for (long i = 0; i < comparison.before_count; i++)
        if (comparison.match[i] != 0)
            comparison.match[i] += head;
    return code;
}

int difference_of(struct arena *arena, struct view before, struct view after,
                  struct difference *ret_difference)
{
    struct pieces a = {0}, b = {0};
    struct difference difference = {0};
    size_t *match = NULL;
    int code = pieces_cut(&a, before);

    if (code == 0)
        code = pieces_cut(&b, after);
    if (code == 0) {
        match = mem_new(a.count + 1, sizeof *match);
        code = match != NULL ? match_all(&a, &b, match, &difference.is_coarse) : ERR_MEMORY;
    }
    if (code == 0)
        code = write_spans(arena, &a, &b, match, &difference);
    mem_free(match);
    mem_free(a.list);
    mem_free(b.list);
    if (code == 0)
        *ret_difference = difference;
    return code;
}
