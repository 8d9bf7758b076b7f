/* SPDX-License-Identifier: Apache-2.0
 *
 * leak_index: the secret text, numbered and sorted, and the tail of another text that stands in it;
 * see leak_internal.h. */
#include <stdlib.h>

#include "base/mem.h"
#include "text/leak_internal.h"

enum {
    TEXT_FIRST = 64,   /* words that there is room for at first */
    PIECE = 64 * 1024, /* bytes that are spelled at once */
    SPELLED_TIMES = 16 /* NFKC makes at most 11 bytes of one */
};

static const uint64_t WORD_SEED = 0x6c65616b;

struct leak_entry {
    uint32_t id;
};

/* ---- making it ------------------------------------------------------------------------------- */

struct maker {
    struct leak_index *index;
    size_t room;
    uint64_t quarters; /* of the whole text */
    unsigned lightest;
};

/* Whoever wants the words of a text: told each. */
typedef int word_taker(void *context, const struct leak_word *word);

/* Spells the text and hands its words out. */
static int each_word(struct view text, unsigned flags, word_taker *taker, void *context)
{
    struct spelling *spelling = NULL;
    struct leak_reader reader = {0};
    struct leak_word word;
    int code = spelling_new(flags, &spelling);

    for (size_t at = 0; code == 0 && !spelling_is_finished(spelling);) {
        struct view piece = view_slice(text, at, at + PIECE);
        code = piece.len > 0 ? spelling_feed(spelling, piece) : spelling_finish(spelling);
        at += piece.len;
        while (code == 0 && leak_reader_next(&reader, spelling, &word))
            code = taker(context, &word);
        if (code == 0)
            spelling_forget(spelling, reader.at);
    }
    spelling_free(spelling);
    return code;
}

/* The entry of a word, made where it is new; its number is that of its coming. */
static struct leak_entry *entry_of(struct leak_index *index, struct view word)
{
    struct leak_entry *entry = map_get(&index->ids, word);
    struct view copy;

    if (entry != NULL)
        return entry;
    entry = arena_new(&index->arena, 1, sizeof *entry);
    if (entry == NULL || arena_copy(&index->arena, word, &copy) != 0)
        return NULL;
    entry->id = (uint32_t)index->ids.count;
    return map_put(&index->ids, copy, entry) == 0 ? entry : NULL;
}

static int append_word(void *context, const struct leak_word *word)
{
    struct maker *maker = context;
    struct leak_index *index = maker->index;

    if (index->count == maker->room) {
        size_t room = maker->room > 0 ? 2 * maker->room : TEXT_FIRST;
        uint32_t *text = mem_resize(index->text, room, sizeof *text);
        if (text == NULL)
            return ERR_MEMORY;
        index->text = text;
        maker->room = room;
    }
    const struct leak_entry *entry = entry_of(index, word->text);
    if (entry == NULL)
        return ERR_MEMORY;
    index->text[index->count++] = entry->id;
    maker->quarters += word->quarters;
    if (word->quarters < maker->lightest)
        maker->lightest = word->quarters;
    return 0;
}

static int compare_keys(const void *a, const void *b)
{
    return view_compare(*(const struct view *)a, *(const struct view *)b);
}

/* Numbers the words in the order of their bytes, and the text with them. */
static int number_words(struct leak_index *index)
{
    size_t count = index->ids.count;
    struct view *sorted = arena_new(&index->arena, count, sizeof *sorted);
    uint32_t *fresh = mem_new(count, sizeof *fresh); /* by the number of coming */

    if (sorted == NULL || fresh == NULL) {
        mem_free(fresh);
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = index->ids.entries[i].key;
    qsort(sorted, count, sizeof *sorted, compare_keys);
    for (size_t i = 0; i < count; i++) {
        struct leak_entry *entry = map_get(&index->ids, sorted[i]);
        fresh[entry->id] = (uint32_t)i;
        entry->id = (uint32_t)i;
    }
    for (size_t i = 0; i < index->count; i++)
        index->text[i] = fresh[index->text[i]];
    index->sorted = sorted;
    mem_free(fresh);
    return 0;
}

/* The run: what was asked for, or the whole of a shorter text; 0 where that is too short. */
static unsigned run_of(unsigned words, uint64_t quarters)
{
    unsigned wanted = words * LEAK_QUARTERS;
    unsigned least = LEAK_WORDS_LEAST * LEAK_QUARTERS;

    if (quarters >= wanted)
        return wanted;
    return quarters >= least ? (unsigned)quarters : 0;
}

static int fill(struct leak_index *index, struct view secret, unsigned words, unsigned flags)
{
    struct maker maker = {.index = index, .lightest = LEAK_QUARTERS};
    int code = each_word(secret, flags, append_word, &maker);

    if (code == 0)
        index->quarters = run_of(words, maker.quarters);
    if (code != 0 || index->quarters == 0)
        return code;
    code = number_words(index);
    index->suffixes = mem_new(index->count, sizeof *index->suffixes);
    if (code == 0 && index->suffixes == NULL)
        code = ERR_MEMORY;
    if (code == 0)
        code = leak_sort(index->text, index->count, (uint32_t)index->ids.count,
                         (index->quarters - 1) / maker.lightest + 1, index->suffixes);
    return code;
}

/* ---- what is excused ------------------------------------------------------------------------- */

struct excuser {
    struct leak_index *index;
    struct leak_tail tail;
};

static int excuse_word(void *context, const struct leak_word *word)
{
    struct excuser *excuser = context;
    uint64_t start, end;
    uint32_t place;

    leak_tail_add(&excuser->tail, word->text, (struct leak_place){.quarters = word->quarters});
    while (leak_tail_run(&excuser->tail, &start, &end, &place))
        excuser->index->excused[place / 8] |= (unsigned char)(1U << place % 8);
    return 0;
}

static int excuse(struct leak_index *index, unsigned flags, const struct view *texts, size_t count)
{
    struct excuser excuser = {.index = index};
    int code = 0;

    if (count == 0 || index->quarters == 0)
        return 0;
    index->excused = mem_new(index->count / 8 + 1, 1);
    if (index->excused == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; code == 0 && i < count; i++) {
        code = leak_tail_init(&excuser.tail, index);
        if (code == 0)
            code = each_word(texts[i], flags, excuse_word, &excuser);
        leak_tail_release(&excuser.tail);
    }
    return code;
}

bool leak_index_is_excused(const struct leak_index *index, uint32_t place)
{
    return index->excused != NULL && (index->excused[place / 8] >> place % 8 & 1) != 0;
}

/* ---- its life -------------------------------------------------------------------------------- */

int leak_index_new(struct view secret, unsigned words, unsigned spelling_flags,
                   const struct view *excused, size_t excused_count, struct leak_index **ret_index,
                   struct err *reterr)
{
    if (secret.len > LEAK_SECRET_MAX)
        return fail(reterr, ERR_LIMIT,
                    "the system prompt has %zu bytes: leaks are looked for in at most %d",
                    secret.len, LEAK_SECRET_MAX);
    if (words > LEAK_WORDS_MAX)
        return fail(reterr, ERR_LIMIT, "a leak of %u words: at most %d can be asked for", words,
                    LEAK_WORDS_MAX);
    struct leak_index *index = mem_new(1, sizeof *index);
    if (index == NULL)
        return ERR_MEMORY;
    arena_init(&index->arena, (size_t)SPELLED_TIMES * LEAK_SECRET_MAX * 8);
    map_init(&index->ids, SIZE_MAX, WORD_SEED);
    int code = fill(index, secret, words > 0 ? words : LEAK_WORDS, spelling_flags);
    if (code == 0)
        code = excuse(index, spelling_flags, excused, excused_count);
    if (code != 0) {
        leak_index_free(index);
        return code;
    }
    *ret_index = index;
    return 0;
}

void leak_index_free(struct leak_index *index)
{
    if (index == NULL)
        return;
    mem_free(index->text);
    mem_free(index->suffixes);
    mem_free(index->excused);
    map_release(&index->ids);
    arena_release(&index->arena);
    mem_free(index);
}

bool leak_index_is_empty(const struct leak_index *index)
{
    return index->quarters == 0;
}

/* ---- asking it ------------------------------------------------------------------------------- */

uint32_t leak_index_id(const struct leak_index *index, struct view word)
{
    const struct leak_entry *entry = map_get(&index->ids, word);

    return entry != NULL ? entry->id : LEAK_NOWHERE;
}

/* The first number whose word, cut to the prefix's length where `past`, is not less than the prefix
 * (not less or equal where `past`). */
static uint32_t bound(const struct leak_index *index, struct view prefix, bool past)
{
    size_t low = 0, high = index->ids.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct view word = index->sorted[middle];
        int order = view_compare(past ? view_slice(word, 0, prefix.len) : word, prefix);
        if (order < 0 || (past && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t)low;
}

void leak_index_prefix(const struct leak_index *index, struct view prefix, uint32_t *ret_low,
                       uint32_t *ret_high)
{
    *ret_low = bound(index, prefix, false);
    *ret_high = bound(index, prefix, true);
}

/* How the secret text from `at` on stands to ids[0, count) and a word of [low, high): less than 0
 * where it comes before all such, 0 where it is one, more than 0 where it comes after. */
static int compare_at(const struct leak_index *index, size_t at, const uint32_t *ids, size_t count,
                      uint32_t low, uint32_t high)
{
    for (size_t i = 0; i < count; i++) {
        if (at + i >= index->count || index->text[at + i] < ids[i])
            return -1;
        if (index->text[at + i] > ids[i])
            return 1;
    }
    if (at + count >= index->count || index->text[at + count] < low)
        return -1;
    return index->text[at + count] >= high;
}

uint32_t leak_index_find(const struct leak_index *index, const uint32_t *ids, size_t count,
                         uint32_t low, uint32_t high)
{
    size_t from = 0, to = index->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (compare_at(index, index->suffixes[middle], ids, count, low, high) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == index->count
        || compare_at(index, index->suffixes[from], ids, count, low, high) != 0)
        return LEAK_NOWHERE;
    return (uint32_t)from;
}

/* ---- the tail -------------------------------------------------------------------------------- */

int leak_tail_init(struct leak_tail *tail, const struct leak_index *index)
{
    size_t room = 2 * ((size_t)index->quarters + 1); /* a word weighs at least a quarter */

    *tail = (struct leak_tail){.index = index,
                               .ids = mem_new(room, sizeof *tail->ids),
                               .places = mem_new(room, sizeof *tail->places),
                               .room = room};
    if (tail->ids != NULL && tail->places != NULL)
        return 0;
    leak_tail_release(tail);
    return ERR_MEMORY;
}

void leak_tail_release(struct leak_tail *tail)
{
    mem_free(tail->ids);
    mem_free(tail->places);
    tail->ids = NULL;
    tail->places = NULL;
}

void leak_tail_reset(struct leak_tail *tail)
{
    tail->first = tail->count = 0;
    tail->quarters = 0;
}

static void drop(struct leak_tail *tail, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tail->quarters -= tail->places[tail->first + i].quarters;
    tail->first += count;
    tail->count -= count;
}

/* Where the tail without its first `skipped` words stands. */
static uint32_t find_tail(const struct leak_tail *tail, size_t skipped)
{
    const uint32_t *ids = tail->ids + tail->first + skipped;
    size_t count = tail->count - skipped;

    return leak_index_find(tail->index, ids, count - 1, ids[count - 1], ids[count - 1] + 1);
}

void leak_tail_add(struct leak_tail *tail, struct view word, struct leak_place place)
{
    uint32_t id = leak_index_id(tail->index, word);

    if (id == LEAK_NOWHERE) {
        leak_tail_reset(tail);
        return;
    }
    if (tail->first + tail->count == tail->room) {
        memmove(tail->ids, tail->ids + tail->first, tail->count * sizeof *tail->ids);
        memmove(tail->places, tail->places + tail->first, tail->count * sizeof *tail->places);
        tail->first = 0;
    }
    assert_always(tail->first + tail->count < tail->room);
    tail->ids[tail->first + tail->count] = id;
    tail->places[tail->first + tail->count++] = place;
    tail->quarters += place.quarters;
    if (find_tail(tail, 0) != LEAK_NOWHERE)
        return;
    size_t low = 1, high = tail->count - 1; /* the word alone does stand there */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (find_tail(tail, middle) == LEAK_NOWHERE)
            low = middle + 1;
        else
            high = middle;
    }
    drop(tail, low);
}

bool leak_tail_run(struct leak_tail *tail, uint64_t *ret_start, uint64_t *ret_end,
                   uint32_t *ret_place)
{
    if (tail->quarters < tail->index->quarters || tail->count == 0)
        return false;
    *ret_start = tail->places[tail->first].start;
    *ret_end = tail->places[tail->first + tail->count - 1].end;
    *ret_place = tail->index->excused != NULL ? find_tail(tail, 0) : 0;
    drop(tail, 1);
    return true;
}

bool leak_tail_before(const struct leak_tail *tail, struct view prefix, size_t *ret_count)
{
    uint32_t low, high;

    leak_index_prefix(tail->index, prefix, &low, &high);
    if (low == high)
        return false;
    size_t from = 0, to = tail->count; /* words to leave out */
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (leak_index_find(tail->index, tail->ids + tail->first + middle, tail->count - middle,
                            low, high)
            == LEAK_NOWHERE)
            from = middle + 1;
        else
            to = middle;
    }
    *ret_count = tail->count - from;
    return true;
}
