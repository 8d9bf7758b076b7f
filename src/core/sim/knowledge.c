/* SPDX-License-Identifier: Apache-2.0
 *
 * knowledge: see knowledge.h. */
#include "core/sim/knowledge.h"

enum { NAME_MAX_BYTES = 60 };

static const struct title title_rows[] = {
#define TITLE(ja, en, also, author_ja, author_en, volumes, group, genre_ja, genre_en, plot_ja, \
              plot_en, appeal_ja, appeal_en) \
    {{en, ja}, \
     also, \
     {author_en, author_ja}, \
     volumes, \
     TITLE_##group, \
     {genre_en, genre_ja}, \
     {plot_en, plot_ja}, \
     {appeal_en, appeal_ja}},
#include "core/sim/titles.def"
#undef TITLE
};

enum { TITLE_ROWS = sizeof title_rows / sizeof title_rows[0] };

static const struct slot_row slot_rows[SLOT_COUNT] = {
#define SLOT(name, type, need, names_en, names_ja) \
    {SLOT_##type, SLOT_NEEDS_##need, {names_en, names_ja}},
#include "core/sim/slots.def"
#undef SLOT
};

const struct title *titles(size_t *ret_count)
{
    *ret_count = TITLE_ROWS;
    return title_rows;
}

/* Calls nothing, allocates nothing: the i-th spelling of a title, ptr NULL past the last. */
static struct view spelling(const struct title *title, size_t i)
{
    if (i < 2)
        return view_of(title->name[i]);
    struct view rest = view_of(title->also);
    struct view word = view_split(&rest, '|');
    for (i -= 2; i > 0 && rest.ptr != NULL; i--)
        word = view_split(&rest, '|');
    return i == 0 && word.len != 0 ? word : (struct view){NULL, 0};
}

const struct title *title_named(struct view name)
{
    for (size_t t = 0; t < TITLE_ROWS; t++) {
        struct view word;
        for (size_t i = 0; (word = spelling(&title_rows[t], i)).ptr != NULL; i++)
            if (view_equal_nocase(word, name))
                return &title_rows[t];
    }
    return NULL;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Where the spelling stands as a whole word; text.len where it does not. */
static size_t find_spelling(struct view text, struct view word, size_t from)
{
    for (size_t at = view_find(text, word, from); at < text.len;
         at = view_find(text, word, at + 1)) {
        size_t end = at + word.len;
        bool starts = at == 0 || !is_letter(word.ptr[0]) || !is_letter(text.ptr[at - 1]);
        bool ends =
            end == text.len || !is_letter(word.ptr[word.len - 1]) || !is_letter(text.ptr[end]);
        if (starts && ends)
            return at;
    }
    return text.len;
}

const struct title *title_in(struct view text, size_t from, size_t *ret_at, size_t *ret_end)
{
    const struct title *found = NULL;
    size_t best_at = text.len;
    size_t best_end = 0;

    for (size_t t = 0; t < TITLE_ROWS; t++) {
        struct view word;
        for (size_t i = 0; (word = spelling(&title_rows[t], i)).ptr != NULL; i++) {
            size_t at = find_spelling(text, word, from);
            if (at < best_at || (at == best_at && at < text.len && at + word.len > best_end)) {
                found = &title_rows[t];
                best_at = at;
                best_end = at + word.len;
            }
        }
    }
    if (found != NULL) {
        *ret_at = best_at;
        *ret_end = best_end;
    }
    return found;
}

const struct slot_row *slot_row(enum slot slot)
{
    assert_always(slot < SLOT_COUNT);
    return &slot_rows[slot];
}

bool slot_is_fact(enum slot slot)
{
    return slot_row(slot)->need != SLOT_NEEDS_NONE;
}

static bool is_among(struct view name, const char *names)
{
    struct view rest = view_of(names);

    while (rest.ptr != NULL)
        if (view_equal_nocase(name, view_split(&rest, '|')))
            return true;
    return false;
}

/* The name with _ and - as spaces, cut where it is longer than any name of a slot. */
static struct view spaced(struct view name, char room[NAME_MAX_BYTES])
{
    size_t len = name.len < NAME_MAX_BYTES ? name.len : NAME_MAX_BYTES;

    for (size_t i = 0; i < len; i++)
        room[i] = name.ptr[i] == '_' || name.ptr[i] == '-' ? ' ' : name.ptr[i];
    return view_trim(view_make(room, len));
}

static enum slot slot_exact(struct view name)
{
    for (int slot = 0; slot < SLOT_OTHER && name.len != 0; slot++)
        if (is_among(name, slot_rows[slot].names[SIM_EN])
            || is_among(name, slot_rows[slot].names[SIM_JA]))
            return (enum slot)slot;
    return SLOT_OTHER;
}

enum slot slot_named(struct view name)
{
    char room[NAME_MAX_BYTES];

    return slot_exact(spaced(name, room));
}

enum slot slot_like(struct view name)
{
    char room[NAME_MAX_BYTES];
    struct view words = spaced(name, room);
    enum slot slot = slot_exact(words);
    size_t last = words.len;

    if (slot != SLOT_OTHER)
        return slot;
    while (last > 0 && words.ptr[last - 1] != ' ')
        last--;
    if (last != 0)
        slot = slot_exact(view_slice(words, last, words.len));
    if (slot == SLOT_OTHER && last != 0)
        slot = slot_exact(view_slice(words, 0, view_find_byte(words, ' ')));
    return slot;
}
