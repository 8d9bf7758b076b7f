/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_word: a word as an expression, see scan.h: what keywords.c folds away in word and text is
 * here allowed to vary. */
#include "base/mem.h"
#include "base/utf8.h"
#include "text/chars.h"
#include "text/scan.h"

#define DASHES "[ー\\-~‐-―−─〜]"
#define MIDDLE_DOTS "[・·•‧∙⋅゠]"
#define KATAKANA "[ァ-ヺー]"
#define NO_LETTER "[^\\W\\p{Han}\\p{Hiragana}\\p{Katakana}ー]"

enum {
    LONG_VOWEL_MARK = 0x30fc,
    TRAILING_MARK_MIN = 4, /* katakana in a row, the mark included, before it may be missing */
};

struct word {
    uint32_t characters[SCAN_WORD_MAX];
    size_t count;
    bool dotted[SCAN_WORD_MAX]; /* a middle dot stood before */
};

static bool is_kana(uint32_t c)
{
    return (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a1 && c <= 0x30fa) || c == LONG_VOWEL_MARK;
}

static bool is_dash(uint32_t c)
{
    return c == '-' || c == '~' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x2500
           || c == 0x301c || c == LONG_VOWEL_MARK;
}

static bool is_middle_dot(uint32_t c)
{
    return c == 0x30fb || c == 0xb7 || c == 0x2022 || c == 0x2027 || c == 0x2219 || c == 0x22c5
           || c == 0x30a0;
}

static bool is_space(uint32_t c)
{
    return char_kind_of(c) == CHAR_SPACE;
}

/* The characters that count; a run of white space is one space. */
static int read_word(struct view text, struct word *word)
{
    bool dotted = false;

    for (size_t pos = 0; pos < text.len;) {
        uint32_t c = utf8_next(text, &pos, NULL);
        bool after_space = word->count > 0 && word->characters[word->count - 1] == ' ';
        if (is_middle_dot(c)) {
            dotted = true;
            continue;
        }
        if (is_space(c) && (after_space || word->count == 0))
            continue;
        if (word->count == SCAN_WORD_MAX)
            return ERR_LIMIT;
        word->dotted[word->count] = dotted;
        word->characters[word->count++] = is_space(c) ? ' ' : c;
        dotted = false;
    }
    if (word->count > 0 && word->characters[word->count - 1] == ' ')
        word->count--;
    return word->count > 0 ? 0 : ERR_CONFIG;
}

static void write_character(uint32_t c, struct strbuf *out)
{
    enum char_kind kind = char_kind_of(c);

    if (c < 0x20 || c == 0x7f) {
        strbuf_printf(out, "\\x%02x", c);
        return;
    }
    if (c < 0x80 && kind != CHAR_LATIN && kind != CHAR_DIGIT)
        strbuf_add_text(out, "\\");
    strbuf_add_codepoint(out, c);
}

/* Whether the word ends in so many katakana that their long-vowel mark may be missing. */
static bool may_lose_mark(const struct word *word)
{
    size_t row = 0;

    while (row < word->count
           && char_kind_of(word->characters[word->count - 1 - row]) == CHAR_KATAKANA)
        row++;
    return row >= TRAILING_MARK_MIN && word->characters[word->count - 1] == LONG_VOWEL_MARK;
}

/* What must not stand on that side of a whole word, by its character there. */
static void write_edge(uint32_t c, const char *look, struct strbuf *out)
{
    enum char_kind kind = char_kind_of(c);

    if (kind == CHAR_KATAKANA)
        strbuf_printf(out, "%s" KATAKANA ")", look);
    else if (kind != CHAR_HAN && kind != CHAR_HIRAGANA)
        strbuf_printf(out, "%s" NO_LETTER ")", look);
}

static void write_word(const struct word *word, struct strbuf *out)
{
    for (size_t i = 0; i < word->count; i++) {
        uint32_t c = word->characters[i];
        uint32_t before = i > 0 ? word->characters[i - 1] : ' ';
        bool after_kana = is_kana(before);
        if (before != ' ' && c != ' ' && (word->dotted[i] || (before >= 0x80 && c >= 0x80)))
            strbuf_add_text(out, MIDDLE_DOTS "?");
        if (c == ' ')
            strbuf_add_text(out, "\\s{1,8}");
        else if (i + 1 == word->count && may_lose_mark(word))
            strbuf_add_text(out, "(?:" DASHES "|(?!" KATAKANA "))");
        else if (after_kana && is_dash(c))
            strbuf_add_text(out, DASHES);
        else
            write_character(c, out);
    }
}

int scan_word_expression(struct view word, bool whole_word, struct strbuf *out)
{
    struct spelling *spelling = NULL;
    struct word read = {.count = 0};
    uint64_t at;

    int code = spelling_new(0, &spelling);
    if (code == 0)
        code = spelling_feed(spelling, word);
    if (code == 0)
        code = spelling_finish(spelling);
    if (code == 0)
        code = read_word(spelling_window(spelling, &at), &read);
    spelling_free(spelling);
    if (code != 0)
        return code;
    if (whole_word)
        write_edge(read.characters[0], "(?<!", out);
    write_word(&read, out);
    if (whole_word)
        write_edge(read.characters[read.count - 1], "(?!", out);
    return strbuf_status(out);
}
