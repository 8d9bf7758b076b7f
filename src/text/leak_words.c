/* SPDX-License-Identifier: Apache-2.0
 *
 * leak_words: cuts a spelling into the words that leak.h compares. */
#include <unicode/uchar.h>

#include "base/utf8.h"
#include "text/chars.h"
#include "text/leak_internal.h"

enum part {
    PART_SIGN,
    PART_MARK,    /* passed over */
    PART_LETTER,  /* of a word */
    PART_HALF,    /* a word of its own, half a word heavy */
    PART_QUARTER, /* the same, a quarter */
};

/* Letters of any other script than Latin, kana, Han and Hangul. */
static enum part part_of_letter(uint32_t codepoint)
{
    int8_t type = u_charType((UChar32)codepoint);

    if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK)
        return PART_MARK;
    if (u_getIntPropertyValue((UChar32)codepoint, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT)
        return PART_QUARTER;
    return PART_LETTER;
}

static enum part part_of(uint32_t codepoint)
{
    switch (char_kind_of(codepoint)) {
    case CHAR_LATIN:
    case CHAR_DIGIT:
    case CHAR_HANGUL:
        return PART_LETTER;
    case CHAR_HIRAGANA:
    case CHAR_KATAKANA:
    case CHAR_HAN:
        return PART_HALF;
    case CHAR_LETTER:
        return part_of_letter(codepoint);
    case CHAR_OTHER:
        if (u_charType((UChar32)codepoint) == U_ENCLOSING_MARK)
            return PART_MARK;
        return u_isdigit((UChar32)codepoint) ? PART_LETTER : PART_SIGN;
    case CHAR_SPACE:
    case CHAR_ASCII_SIGN:
        break;
    }
    return PART_SIGN;
}

/* Appends one letter, folded, to the word; at most LEAK_WORD_LETTERS of four bytes fit. */
static void add_letter(struct leak_reader *reader, uint32_t codepoint)
{
    uint32_t folded = (uint32_t)u_foldCase((UChar32)codepoint, U_FOLD_CASE_DEFAULT);
    unsigned char *to = (unsigned char *)reader->word + reader->len;

    if (folded < 0x80) {
        to[0] = (unsigned char)folded;
        reader->len += 1;
    } else if (folded < 0x800) {
        to[0] = (unsigned char)(0xc0 | folded >> 6);
        to[1] = (unsigned char)(0x80 | (folded & 0x3f));
        reader->len += 2;
    } else if (folded < 0x10000) {
        to[0] = (unsigned char)(0xe0 | folded >> 12);
        to[1] = (unsigned char)(0x80 | (folded >> 6 & 0x3f));
        to[2] = (unsigned char)(0x80 | (folded & 0x3f));
        reader->len += 3;
    } else {
        to[0] = (unsigned char)(0xf0 | folded >> 18);
        to[1] = (unsigned char)(0x80 | (folded >> 12 & 0x3f));
        to[2] = (unsigned char)(0x80 | (folded >> 6 & 0x3f));
        to[3] = (unsigned char)(0x80 | (folded & 0x3f));
        reader->len += 4;
    }
    reader->letters++;
}

static bool tell(struct leak_reader *reader, unsigned quarters, struct leak_word *ret_word)
{
    reader->is_told = true;
    *ret_word = (struct leak_word){.text = view_make(reader->word, reader->len),
                                   .quarters = quarters,
                                   .start = reader->start,
                                   .end = reader->end};
    return true;
}

/* Takes the character [from, to) in; true where it, or what stood before it, is a complete word.
 * A character that only ends a word is left for the next call. */
static bool take(struct leak_reader *reader, uint32_t codepoint, uint64_t to,
                 struct leak_word *ret_word)
{
    enum part part = part_of(codepoint);
    bool is_letter = part == PART_LETTER;

    if (reader->len > 0 && part != PART_MARK
        && (!is_letter || reader->letters == LEAK_WORD_LETTERS))
        return tell(reader, LEAK_QUARTERS, ret_word);
    if (part == PART_SIGN || part == PART_MARK) {
        reader->at = to;
        return false;
    }
    if (reader->len == 0)
        reader->start = reader->at;
    add_letter(reader, codepoint);
    reader->at = reader->end = to;
    if (is_letter)
        return false;
    return tell(reader, part == PART_HALF ? LEAK_QUARTERS / 2 : LEAK_QUARTERS / 4, ret_word);
}

bool leak_reader_next(struct leak_reader *reader, const struct spelling *spelling,
                      struct leak_word *ret_word)
{
    uint64_t window_at = 0;
    struct view window = spelling_window(spelling, &window_at);
    bool is_finished = spelling_is_finished(spelling);

    if (reader->is_told) {
        reader->len = 0;
        reader->letters = 0;
        reader->is_told = false;
    }
    assert_always(reader->at >= window_at && reader->at <= window_at + window.len);
    struct view whole =
        is_finished ? window : view_slice(window, 0, window.len - utf8_tail(window));
    size_t pos = (size_t)(reader->at - window_at);
    while (pos < whole.len) {
        uint32_t codepoint = utf8_next(whole, &pos, NULL);
        if (take(reader, codepoint, window_at + pos, ret_word))
            return true;
    }
    return is_finished && reader->len > 0 && tell(reader, LEAK_QUARTERS, ret_word);
}

struct view leak_reader_unfinished(const struct leak_reader *reader)
{
    return view_make(reader->word, reader->is_told ? 0 : reader->len);
}
