/* SPDX-License-Identifier: Apache-2.0
 *
 * difference: see difference.h. Both texts are cut into words; ways from both corners of the grid
 * of words meet in the middle of a shortest path, which halves the problem (Myers, section 4b).
 * What was met is noted as a flag for each word that both texts have. */
#include "text/difference.h"

#include <limits.h>
#include <unicode/uchar.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/chars.h"

struct word {
    struct view text;
    uint64_t hash;
};

struct words {
    struct word *list;
    size_t count;
    size_t capacity;
    bool *is_kept; /* which words the other text has, too, in this order */
};

/* ---- words ----------------------------------------------------------------------------------- */

enum { ZERO_WIDTH_JOINER = 0x200d };

static enum char_kind kind_of(uint32_t codepoint)
{
    enum char_kind kind = char_kind_of(codepoint);

    if (codepoint == '\n')
        return CHAR_OTHER;
    return kind == CHAR_DIGIT ? CHAR_LATIN : kind;
}

/* Words of one kind run on; signs and line ends stand alone. */
static bool runs_on(enum char_kind kind)
{
    return kind != CHAR_ASCII_SIGN && kind != CHAR_OTHER;
}

static bool is_japanese(enum char_kind kind)
{
    return kind == CHAR_HIRAGANA || kind == CHAR_KATAKANA || kind == CHAR_HAN;
}

/* Marks, variation selectors, skin tones and what a joiner joins. */
static bool is_attached(uint32_t codepoint, uint32_t previous)
{
    return codepoint >= 0x80
           && (codepoint == ZERO_WIDTH_JOINER || previous == ZERO_WIDTH_JOINER
               || u_hasBinaryProperty((UChar32)codepoint, UCHAR_GRAPHEME_EXTEND)
               || u_hasBinaryProperty((UChar32)codepoint, UCHAR_EMOJI_MODIFIER));
}

/* Where the dictionary says that words of Japanese begin and end, read along with the text. */
struct cuts {
    const struct morpheme *list;
    size_t count;
    size_t at;
    bool is_known;
    size_t known_until; /* the dictionary looked no further */
};

static bool is_cut(struct cuts *cuts, size_t pos)
{
    while (cuts->at < cuts->count && cuts->list[cuts->at].end < pos)
        cuts->at++;
    return cuts->at < cuts->count
           && (cuts->list[cuts->at].end == pos || cuts->list[cuts->at].start == pos);
}

static bool joins(struct cuts *cuts, size_t pos, enum char_kind before, enum char_kind after)
{
    if (!runs_on(before))
        return false;
    if (cuts->is_known && pos < cuts->known_until && is_japanese(before) && is_japanese(after))
        return !is_cut(cuts, pos);
    return before == after;
}

static int words_add(struct words *words, struct view text)
{
    if (words->count == words->capacity) {
        size_t capacity = words->capacity > 0 ? 2 * words->capacity : 64;
        struct word *list = mem_resize(words->list, capacity, sizeof *list);
        if (list == NULL)
            return ERR_MEMORY;
        words->list = list;
        words->capacity = capacity;
    }
    words->list[words->count++] = (struct word){.text = text, .hash = map_hash(text, 0)};
    return 0;
}

static int words_cut(struct words *words, struct view text, struct cuts *cuts)
{
    size_t start = 0;
    size_t pos = 0;
    uint32_t previous = 0;
    enum char_kind kind = CHAR_OTHER;
    int code = 0;

    while (code == 0 && pos < text.len) {
        size_t at = pos;
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        bool attached = at > start && is_attached(codepoint, previous);
        enum char_kind own = attached ? kind : kind_of(codepoint);
        if (at > start && !attached && !joins(cuts, at, kind, own)) {
            code = words_add(words, view_slice(text, start, at));
            start = at;
        }
        kind = own;
        previous = codepoint;
    }
    if (code == 0 && start < text.len)
        code = words_add(words, view_slice(text, start, text.len));
    return code;
}

static int words_of(const struct morphology *morphology, struct view text, struct words *words)
{
    struct cuts cuts = {.is_known = morphology != NULL, .known_until = MORPHOLOGY_TEXT_MAX};
    struct arena arena;
    int code = 0;

    arena_init(&arena, SIZE_MAX);
    if (morphology != NULL)
        code = morphology->analyse(morphology->context, &arena, text, &cuts.list, &cuts.count);
    if (code == 0)
        code = words_cut(words, text, &cuts);
    arena_release(&arena);
    if (code == 0) {
        words->is_kept = mem_new(words->count + 1, sizeof *words->is_kept);
        code = words->is_kept != NULL ? 0 : ERR_MEMORY;
    }
    return code;
}

static void words_release(struct words *words)
{
    mem_free(words->list);
    mem_free(words->is_kept);
}

/* ---- the shortest way ------------------------------------------------------------------------ */

/* A part of the grid: words [left, right) of the first text, [top, bottom) of the second. */
struct box {
    long left;
    long top;
    long right;
    long bottom;
};

static const long NOWHERE = LONG_MIN / 4;

struct search {
    struct words *before;
    struct words *after;
    long *forward;  /* the furthest x on diagonal k, at index middle + k */
    long *backward; /* from the other corner, distances from right */
    long middle;
    long rounds_max;
};

/* Where a box is cut in two or, where nobody met, in three. */
struct meeting {
    long x;
    long y;
    long end_x;
    long end_y;
};

static bool same(const struct search *search, long x, long y)
{
    const struct word *a = &search->before->list[x];
    const struct word *b = &search->after->list[y];

    return a->hash == b->hash && view_equal(a->text, b->text);
}

static void keep(struct search *search, long x, long y)
{
    search->before->is_kept[x] = true;
    search->after->is_kept[y] = true;
}

/* One step of round d onto diagonal k, and as far as it slides from there; NOWHERE where both ways
 * onto it lead out of the box. From the lower corner where `mirrored`. */
static void step(const struct search *search, const struct box *box, bool mirrored, long d, long k)
{
    long *furthest = (mirrored ? search->backward : search->forward) + search->middle;
    long width = box->right - box->left;
    long height = box->bottom - box->top;
    long down = k < d || d == 0 ? furthest[k + 1] : NOWHERE;
    long right = k > -d ? furthest[k - 1] + 1 : NOWHERE;

    if (down - k > height)
        down = NOWHERE;
    if (right > width)
        right = NOWHERE;
    long x = down > right ? down : right;
    while (x >= 0 && x < width && x - k < height
           && (mirrored ? same(search, box->right - 1 - x, box->bottom - 1 - (x - k))
                        : same(search, box->left + x, box->top + x - k)))
        x++;
    furthest[k] = x >= 0 ? x : NOWHERE;
}

/* Whether the way on diagonal k has met the other one, which did `rounds` rounds. */
static bool meets(const struct search *search, const struct box *box, bool mirrored, long k,
                  long rounds)
{
    const long *own = (mirrored ? search->backward : search->forward) + search->middle;
    const long *other = (mirrored ? search->forward : search->backward) + search->middle;
    long width = box->right - box->left;
    long opposite = width - (box->bottom - box->top) - k;

    return opposite >= -rounds && opposite <= rounds && own[k] + other[opposite] >= width;
}

/* The point that a way got to, in words from the two texts' starts. */
static void point_of(const struct search *search, const struct box *box, bool mirrored, long k,
                     long *ret_x, long *ret_y)
{
    long x = (mirrored ? search->backward : search->forward)[search->middle + k];

    *ret_x = mirrored ? box->right - x : box->left + x;
    *ret_y = mirrored ? box->bottom - (x - k) : box->top + (x - k);
}

/* Of the ways from one corner after `rounds` rounds, the point that passed most words. */
static void furthest_point(const struct search *search, const struct box *box, bool mirrored,
                           long rounds, long *ret_x, long *ret_y)
{
    long most = -1;

    for (long k = -rounds; k <= rounds; k += 2) {
        long x;
        long y;
        if ((mirrored ? search->backward : search->forward)[search->middle + k] < 0)
            continue;
        point_of(search, box, mirrored, k, &x, &y);
        long passed =
            mirrored ? (box->right - x) + (box->bottom - y) : x - box->left + y - box->top;
        if (passed > most) {
            most = passed;
            *ret_x = x;
            *ret_y = y;
        }
    }
}

/* Finds a point of a shortest way through the box. Past the bound on rounds, how far the two sides
 * got; where they passed each other, only the first side counts. */
static struct meeting find_middle(const struct search *search, const struct box *box)
{
    struct meeting meeting = {box->left, box->top, box->right, box->bottom};
    bool is_odd = (((box->right - box->left) - (box->bottom - box->top)) & 1) != 0;
    long d = 0;

    search->forward[search->middle + 1] = 0;
    search->backward[search->middle + 1] = 0;
    for (; d <= search->rounds_max; d++) {
        for (int mirrored = 0; mirrored < 2; mirrored++)
            for (long k = -d; k <= d; k += 2) {
                step(search, box, mirrored, d, k);
                if (is_odd == (mirrored == 1) || !meets(search, box, mirrored, k, d - !mirrored))
                    continue;
                point_of(search, box, mirrored, k, &meeting.x, &meeting.y);
                meeting.end_x = meeting.x;
                meeting.end_y = meeting.y;
                return meeting;
            }
    }
    furthest_point(search, box, false, d - 1, &meeting.x, &meeting.y);
    furthest_point(search, box, true, d - 1, &meeting.end_x, &meeting.end_y);
    if (meeting.end_x < meeting.x || meeting.end_y < meeting.y) {
        meeting.end_x = box->right;
        meeting.end_y = box->bottom;
    }
    return meeting;
}

/* Recursion is bounded: a box has at most half its parent's changes, and the first one's are
 * bounded by DIFFERENCE_EDITS_MAX where it could be crossed at all. */
static void cross(struct search *search, struct box box)
{
    while (box.left < box.right && box.top < box.bottom && same(search, box.left, box.top))
        keep(search, box.left++, box.top++);
    while (box.left < box.right && box.top < box.bottom
           && same(search, box.right - 1, box.bottom - 1))
        keep(search, --box.right, --box.bottom);
    if (box.left == box.right || box.top == box.bottom)
        return;
    struct meeting meeting = find_middle(search, &box);
    struct box first = {box.left, box.top, meeting.x, meeting.y};
    struct box second = {meeting.end_x, meeting.end_y, box.right, box.bottom};
    cross(search, first);
    cross(search, second);
}

static int compare(struct words *before, struct words *after)
{
    long sum = (long)(before->count + after->count);
    struct search search = {.before = before, .after = after};

    search.rounds_max = (sum + 1) / 2;
    if (search.rounds_max > DIFFERENCE_EDITS_MAX / 2)
        search.rounds_max = DIFFERENCE_EDITS_MAX / 2;
    search.middle = search.rounds_max + 1;
    size_t diagonals = 2 * (size_t)search.middle + 1;
    search.forward = mem_new(diagonals, sizeof *search.forward);
    search.backward = mem_new(diagonals, sizeof *search.backward);
    bool fits = search.forward != NULL && search.backward != NULL;
    if (fits)
        cross(&search, (struct box){0, 0, (long)before->count, (long)after->count});
    mem_free(search.forward);
    mem_free(search.backward);
    return fits ? 0 : ERR_MEMORY;
}

/* ---- parts ----------------------------------------------------------------------------------- */

struct writer {
    struct difference *parts; /* NULL: only counts */
    size_t count;
};

static void write_part(struct writer *writer, enum difference_kind kind, const struct words *words,
                       size_t from, size_t to)
{
    if (from >= to)
        return;
    const struct word *last = &words->list[to - 1];
    const char *start = words->list[from].text.ptr;
    if (writer->parts != NULL)
        writer->parts[writer->count] = (struct difference){
            .kind = kind,
            .text = view_make(start, (size_t)(last->text.ptr + last->text.len - start)),
        };
    writer->count++;
}

/* The first word from `from` on that is (not) kept. */
static size_t run_end(const struct words *words, size_t from, bool is_kept)
{
    while (from < words->count && words->is_kept[from] == is_kept)
        from++;
    return from;
}

/* A run that both have may stand beside two runs, when only one text has something between. */
static void write_parts(struct writer *writer, const struct words *before,
                        const struct words *after)
{
    size_t i = 0;
    size_t j = 0;

    while (i < before->count || j < after->count) {
        size_t removed = run_end(before, i, false);
        size_t added = run_end(after, j, false);
        write_part(writer, DIFFERENCE_REMOVED, before, i, removed);
        write_part(writer, DIFFERENCE_ADDED, after, j, added);
        size_t kept_before = run_end(before, removed, true) - removed;
        size_t kept_after = run_end(after, added, true) - added;
        size_t kept = kept_before < kept_after ? kept_before : kept_after;
        write_part(writer, DIFFERENCE_SAME, before, removed, removed + kept);
        i = removed + kept;
        j = added + kept;
    }
}

static int parts_of(struct arena *arena, const struct words *before, const struct words *after,
                    const struct difference **ret_parts, size_t *ret_count)
{
    struct writer writer = {0};

    write_parts(&writer, before, after);
    writer.parts = arena_new(arena, writer.count + 1, sizeof *writer.parts);
    if (writer.parts == NULL)
        return ERR_MEMORY;
    writer.count = 0;
    write_parts(&writer, before, after);
    *ret_parts = writer.parts;
    *ret_count = writer.count;
    return 0;
}

int difference_of(const struct morphology *morphology, struct arena *arena, struct view before,
                  struct view after, const struct difference **ret_parts, size_t *ret_count)
{
    struct words first = {0};
    struct words second = {0};
    int code = words_of(morphology, before, &first);

    if (code == 0)
        code = words_of(morphology, after, &second);
    if (code == 0)
        code = compare(&first, &second);
    if (code == 0)
        code = parts_of(arena, &first, &second, ret_parts, ret_count);
    words_release(&first);
    words_release(&second);
    return code;
}
