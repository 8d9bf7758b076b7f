/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency_loops: what a text says again. See fluency_internal.h.
 *
 * The text becomes a row of items: a Latin word, or one character of another script; signs and
 * white space are left out, numbers never repeat. A loop is a stretch that equals the stretch of
 * the same length right before it; passages of PASSAGE items that stood anywhere before count
 * beyond what lists and forms repeat (TOLERATED). */
#include "base/map.h"
#include "base/utf8.h"
#include "text/chars.h"
#include "text/fluency_internal.h"

enum {
    PERIOD_MAX = 120,   /* items */
    WEIGHT_MIN = 4,     /* of a stretch that stands twice: a Latin word 2, a character 1 */
    WEIGHT_MIXED = 3,   /* where it holds kana and Han */
    WEIGHT_THREE = 2,   /* of one that stands three times */
    COPIES_OF_ONE = 6,  /* of a single character */
    PASSAGE = 12,       /* items */
    LOOP_FACTOR = 4,    /* a quarter of a text in loops leaves nothing */
    TOLERATED = 300000, /* share of passages, in millionths */
};

static const uint64_t hash_seed = 0x666c75656e6379u;

struct items {
    uint32_t *hash; /* 0: equal to nothing */
    uint8_t *weight;
    uint8_t *kind; /* enum char_kind */
    size_t count;
};

/* ---- items ---------------------------------------------------------------------------------- */

static bool is_wordlike(enum char_kind kind)
{
    return kind == CHAR_LATIN || kind == CHAR_LETTER || kind == CHAR_DIGIT;
}

static void add_item(struct items *items, struct view bytes, enum char_kind kind, bool has_digit)
{
    uint32_t hash = (uint32_t)map_hash(bytes, hash_seed) | 1u;

    items->hash[items->count] = has_digit ? 0 : hash;
    items->weight[items->count] = is_wordlike(kind) ? 2 : 1;
    items->kind[items->count] = (uint8_t)kind;
    items->count++;
}

static int read_items(struct arena *arena, struct view text, struct items *ret_items)
{
    struct items items = {.hash = arena_new(arena, text.len + 1, sizeof *items.hash),
                          .weight = arena_new(arena, text.len + 1, 1),
                          .kind = arena_new(arena, text.len + 1, 1)};
    size_t word_at = 0, word_end = 0;
    bool has_digit = false;
    enum char_kind word_kind = CHAR_LATIN;

    if (items.hash == NULL || items.weight == NULL || items.kind == NULL)
        return ERR_MEMORY;
    for (size_t pos = 0; pos <= text.len;) {
        size_t at = pos;
        enum char_kind kind =
            pos < text.len ? char_kind_of(utf8_next(text, &pos, NULL)) : CHAR_SPACE;
        if (is_wordlike(kind)) {
            if (word_end == word_at)
                word_at = at;
            word_end = pos;
            word_kind = kind;
            has_digit = has_digit || kind == CHAR_DIGIT;
            continue;
        }
        if (word_end > word_at)
            add_item(&items, view_slice(text, word_at, word_end), word_kind, has_digit);
        word_at = word_end = pos;
        has_digit = false;
        if (kind == CHAR_HAN || kind == CHAR_HIRAGANA || kind == CHAR_KATAKANA
            || kind == CHAR_HANGUL)
            add_item(&items, view_slice(text, at, pos), kind, false);
        if (at == text.len)
            break;
    }
    *ret_items = items;
    return 0;
}

/* ---- loops ---------------------------------------------------------------------------------- */

/* Whether `run` items that equal those `period` before them, ending before `end`, are a loop. */
static bool is_loop(const struct items *items, size_t end, size_t run, size_t period)
{
    size_t weight = 0;
    bool has_han = false, has_kana = false;
    size_t copies = run / period + 1;

    for (size_t i = end - period; i < end; i++) {
        weight += items->weight[i];
        has_han = has_han || items->kind[i] == CHAR_HAN;
        has_kana = has_kana || items->kind[i] == CHAR_HIRAGANA;
    }
    if (copies < 2)
        return false;
    if (copies >= COPIES_OF_ONE)
        return true;
    if (copies >= 3 && weight >= WEIGHT_THREE)
        return true;
    return weight >= (has_han && has_kana ? WEIGHT_MIXED : WEIGHT_MIN);
}

/* Marks what repeats its neighbour. */
static void mark_loops(const struct items *items, uint8_t *marked)
{
    for (size_t period = 1; period <= PERIOD_MAX && period < items->count; period++) {
        size_t run = 0;
        for (size_t i = period; i <= items->count; i++) {
            if (i < items->count && items->hash[i] != 0
                && items->hash[i] == items->hash[i - period]) {
                run++;
                continue;
            }
            if (run >= period && is_loop(items, i, run, period))
                memset(marked + i - run, 1, run);
            run = 0;
        }
    }
}

/* ---- passages ------------------------------------------------------------------------------- */

/* How many items lie in passages that stood before. */
static int count_passages(struct arena *arena, const struct items *items, size_t *ret_count)
{
    size_t room = 64;
    size_t covered_to = 0, covered = 0;

    while (room < items->count * 2)
        room *= 2;
    uint64_t *seen = arena_new(arena, room, sizeof *seen);
    if (seen == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i + PASSAGE <= items->count; i++) {
        uint64_t hash =
            map_hash(view_make(items->hash + i, PASSAGE * sizeof *items->hash), hash_seed) | 1u;
        size_t slot = (size_t)hash & (room - 1);
        while (seen[slot] != 0 && seen[slot] != hash)
            slot = (slot + 1) & (room - 1);
        if (seen[slot] == hash) {
            size_t from = i > covered_to ? i : covered_to;
            covered += i + PASSAGE - from;
            covered_to = i + PASSAGE;
        }
        seen[slot] = hash;
    }
    *ret_count = covered;
    return 0;
}

/* ---- both ----------------------------------------------------------------------------------- */

int32_t fluency_of_loops(size_t repeated, size_t whole)
{
    if (repeated == 0)
        return FLUENCY_ONE;
    uint64_t taken = (uint64_t)LOOP_FACTOR * FLUENCY_ONE * repeated / whole;
    return taken >= FLUENCY_ONE ? 0 : (int32_t)(FLUENCY_ONE - taken);
}

static int32_t of_passages(size_t repeated, size_t whole)
{
    int64_t share = whole != 0 ? (int64_t)FLUENCY_ONE * (int64_t)repeated / (int64_t)whole : 0;

    if (share <= TOLERATED)
        return FLUENCY_ONE;
    return (int32_t)(FLUENCY_ONE
                     - (share - TOLERATED) * FLUENCY_ONE / (FLUENCY_ONE - (int64_t)TOLERATED));
}

int fluency_repetition(struct arena *arena, struct view text, int32_t *ret_micro)
{
    struct items items;
    size_t looped = 0, passages = 0;

    int code = read_items(arena, text, &items);
    if (code != 0)
        return code;
    uint8_t *marked = arena_new(arena, items.count + 1, 1);
    if (marked == NULL)
        return ERR_MEMORY;
    mark_loops(&items, marked);
    for (size_t i = 0; i < items.count; i++)
        looped += marked[i];
    code = count_passages(arena, &items, &passages);
    if (code != 0)
        return code;
    int32_t by_loops = fluency_of_loops(looped, items.count);
    int32_t by_passages = of_passages(passages, items.count);
    *ret_micro = by_loops < by_passages ? by_loops : by_passages;
    return 0;
}

uint32_t fluency_repeated_words(const uint32_t *items, size_t count)
{
    uint32_t repeated = 0;

    for (size_t i = 0; i < count;) {
        size_t longest = 0;
        for (size_t period = 2; period <= PERIOD_MAX / 4 && period <= i; period++) {
            size_t run = 0;
            while (i + run < count && items[i + run] != 0
                   && items[i + run] == items[i + run - period])
                run++;
            if (run >= period && run > longest)
                longest = run;
        }
        repeated += (uint32_t)longest;
        i += longest > 0 ? longest : 1;
    }
    return repeated;
}
