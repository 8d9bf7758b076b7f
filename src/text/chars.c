/* SPDX-License-Identifier: Apache-2.0
 *
 * chars: see chars.h. What never joins its neighbours is counted without ICU. */
#include "text/chars.h"

#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utext.h>

#include "base/utf8.h"

static enum char_kind ascii_kind(uint32_t c)
{
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return CHAR_SPACE;
    if (c >= '0' && c <= '9')
        return CHAR_DIGIT;
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        return CHAR_LATIN;
    return c < 0x20 || c == 0x7f ? CHAR_OTHER : CHAR_ASCII_SIGN;
}

/* The rest, by Unicode's script property. */
static enum char_kind script_kind(uint32_t codepoint)
{
    static const struct {
        UScriptCode script;
        enum char_kind kind;
    } kinds[] = {
        {USCRIPT_LATIN, CHAR_LATIN},       {USCRIPT_HIRAGANA, CHAR_HIRAGANA},
        {USCRIPT_KATAKANA, CHAR_KATAKANA}, {USCRIPT_HAN, CHAR_HAN},
        {USCRIPT_HANGUL, CHAR_HANGUL},
    };
    UErrorCode status = U_ZERO_ERROR;

    if (u_isUWhiteSpace((UChar32)codepoint))
        return CHAR_SPACE;
    if (!u_isalpha((UChar32)codepoint))
        return u_charType((UChar32)codepoint) == U_NON_SPACING_MARK
                       || u_charType((UChar32)codepoint) == U_COMBINING_SPACING_MARK
                   ? CHAR_LETTER
                   : CHAR_OTHER;
    UScriptCode script = uscript_getScript((UChar32)codepoint, &status);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].script == script)
            return kinds[i].kind;
    return CHAR_LETTER;
}

enum char_kind char_kind_of(uint32_t codepoint)
{
    if (codepoint < 0x80)
        return ascii_kind(codepoint);
    if (codepoint >= 0x4e00 && codepoint <= 0x9fff)
        return CHAR_HAN;
    if (codepoint >= 0x3041 && codepoint <= 0x3096)
        return CHAR_HIRAGANA;
    if ((codepoint >= 0x30a1 && codepoint <= 0x30fa) || codepoint == 0x30fc || codepoint == 0xff70)
        return CHAR_KATAKANA;
    return script_kind(codepoint);
}

/* Steps through the boundaries of one kind; counts those segments whose rule status is at least
 * `low`. */
static int count_segments(struct view text, UBreakIteratorType type, int32_t low, size_t *ret_count)
{
    UErrorCode status = U_ZERO_ERROR;
    UText *utext = utext_openUTF8(NULL, text.ptr, (int64_t)text.len, &status);
    UBreakIterator *iterator = ubrk_open(type, "", NULL, 0, &status);
    size_t count = 0;

    ubrk_setUText(iterator, utext, &status);
    if (U_SUCCESS(status))
        while (ubrk_next(iterator) != UBRK_DONE)
            count += ubrk_getRuleStatus(iterator) >= low;
    if (iterator != NULL)
        ubrk_close(iterator);
    if (utext != NULL)
        utext_close(utext);
    if (U_FAILURE(status))
        return ERR_MEMORY;
    *ret_count = count;
    return 0;
}

/* Characters that never join their neighbours: ASCII but CR, Latin 1, kana, ideographs, CJK and
 * full-width signs. */
static bool stands_alone(uint32_t codepoint)
{
    return (codepoint < 0x80 && codepoint != '\r') || (codepoint >= 0x3001 && codepoint <= 0x3029)
           || (codepoint >= 0x3041 && codepoint <= 0x3096)
           || (codepoint >= 0x30a0 && codepoint <= 0x30ff)
           || (codepoint >= 0x4e00 && codepoint <= 0x9fff)
           || (codepoint >= 0xff01 && codepoint <= 0xff9d)
           || (codepoint >= 0xc0 && codepoint <= 0x17f);
}

/* True where all of the text stands alone; then its characters are its code points. */
static bool simple_count(struct view text, size_t *ret_count)
{
    size_t count = 0;

    for (size_t pos = 0; pos < text.len; count++)
        if (!stands_alone(utf8_next(text, &pos, NULL)))
            return false;
    *ret_count = count;
    return true;
}

int chars_count(struct view text, size_t *ret_count)
{
    if (simple_count(text, ret_count))
        return 0;
    return count_segments(text, UBRK_CHARACTER, INT32_MIN, ret_count);
}

int chars_words(struct view text, size_t *ret_count)
{
    if (text.len == 0) {
        *ret_count = 0;
        return 0;
    }
    return count_segments(text, UBRK_WORD, UBRK_WORD_NONE_LIMIT, ret_count);
}
