/* SPDX-License-Identifier: Apache-2.0
 *
 * sentence: see sentence.h. */
#include "text/sentence.h"

#include "base/utf8.h"
#include "text/han.h"
#include "text/latin.h"

enum { LONG_WORD = 4, TAG_MAX = 200 };

/* Where the reader stands within a sentence. */
struct cursor {
    struct sentence *sentence; /* NULL while only sampling */
    struct letter_sample *sample;
    unsigned quotes; /* open Japanese or curly ones */
    bool in_plain_quotes;
    enum char_kind before; /* kind of the last letter, CHAR_OTHER where something else came since */
};

void sentence_reader_init(struct sentence_reader *reader, struct view text)
{
    *reader = (struct sentence_reader){.text = text};
}

uint64_t letter_weight(const struct letter_tally *tally)
{
    return (uint64_t)tally->latin + tally->other
           + 2 * ((uint64_t)tally->hiragana + tally->katakana + tally->han + tally->hangul);
}

/* ---- counting -------------------------------------------------------------------------------- */

static void end_run(struct letter_tally *tally)
{
    tally->run_words = 0;
    tally->run_verbal = 0;
}

static void tally_word(struct letter_tally *tally, struct view word, uint32_t letters,
                       unsigned kind)
{
    bool verbal = (kind & LATIN_VERBAL) != 0;

    tally->latin += letters;
    tally->words++;
    tally->run_words++;
    tally->articles += (kind & LATIN_ARTICLE) != 0;
    tally->english += (kind & LATIN_ENGLISH) != 0;
    tally->verbal += verbal;
    tally->run_verbal += verbal;
    if (letters >= LONG_WORD) {
        tally->long_words++;
        tally->capital_words += word.ptr[0] >= 'A' && word.ptr[0] <= 'Z';
    }
    if (tally->run_words > tally->longest_words)
        tally->longest_words = tally->run_words;
    if (tally->run_verbal > tally->longest_verbal)
        tally->longest_verbal = tally->run_verbal;
    tally->before_last = tally->last;
    tally->last = 'a';
}

static void tally_letter(struct letter_tally *tally, enum char_kind kind, uint32_t codepoint,
                         enum char_kind before)
{
    unsigned signs = kind == CHAR_HAN ? han_signs(codepoint) : 0;

    end_run(tally);
    if (kind == CHAR_HAN)
        tally->lean += han_weight(codepoint)
                       + (before == CHAR_HAN ? han_pair_weight(tally->last, codepoint) : 0);
    tally->hiragana += kind == CHAR_HIRAGANA;
    tally->katakana += kind == CHAR_KATAKANA;
    tally->han += kind == CHAR_HAN;
    tally->hangul += kind == CHAR_HANGUL;
    tally->other += kind == CHAR_LETTER;
    tally->simplified += (signs & HAN_SIMPLIFIED) != 0;
    tally->japanese += (signs & HAN_JAPANESE) != 0;
    tally->traditional += (signs & HAN_TRADITIONAL) != 0;
    tally->hiragana_after_latin |= kind == CHAR_HIRAGANA && before == CHAR_LATIN;
    tally->before_last = tally->last;
    tally->last = codepoint;
}

static bool is_quoted(const struct cursor *cursor)
{
    return cursor->quotes > 0 || cursor->in_plain_quotes;
}

static void sample_add(struct letter_sample *sample, struct view bytes, size_t letters, bool space)
{
    if (sample->letters >= SENTENCE_LETTERS_MAX
        || sample->len + bytes.len + 1 > sizeof sample->text)
        return;
    if (space && sample->len > 0)
        sample->text[sample->len++] = ' ';
    memcpy(sample->text + sample->len, bytes.ptr, bytes.len);
    sample->len += bytes.len;
    sample->letters += letters;
}

static void saw_word(struct cursor *cursor, struct view word, uint32_t letters)
{
    if (cursor->sample != NULL) {
        sample_add(cursor->sample, word, letters, true);
        return;
    }
    unsigned kind = latin_word_of(word);
    tally_word(&cursor->sentence->all, word, letters, kind);
    if (!is_quoted(cursor))
        tally_word(&cursor->sentence->open, word, letters, kind);
    cursor->before = CHAR_LATIN;
}

static void saw_letter(struct cursor *cursor, struct view bytes, enum char_kind kind,
                       uint32_t codepoint, size_t at)
{
    if (cursor->sample != NULL) {
        sample_add(cursor->sample, bytes, 1, cursor->before != kind);
        cursor->before = kind;
        return;
    }
    struct sentence *sentence = cursor->sentence;
    if (kind == CHAR_LETTER && sentence->first_other == 0)
        sentence->first_other = codepoint;
    if (kind == CHAR_HAN && sentence->all.simplified == 0)
        sentence->simplified_at = at;
    tally_letter(&sentence->all, kind, codepoint, cursor->before);
    if (!is_quoted(cursor))
        tally_letter(&sentence->open, kind, codepoint, cursor->before);
    cursor->before = kind;
}

/* ---- what is left out ------------------------------------------------------------------------ */

static bool is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word_byte(char c)
{
    return is_ascii_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/* The end of the run of printable ASCII at pos, without quotes and brackets that close. */
static size_t ascii_run(struct view text, size_t pos)
{
    while (pos < text.len && text.ptr[pos] > ' ' && text.ptr[pos] < 0x7f && text.ptr[pos] != '"'
           && text.ptr[pos] != '<' && text.ptr[pos] != '>' && text.ptr[pos] != ')'
           && text.ptr[pos] != ']')
        pos++;
    return pos;
}

/* How many bytes at pos are a URL, an address or a name with digits; 0 where it is a word. */
static size_t skip_name(struct view text, size_t pos)
{
    struct view run = view_slice(text, pos, ascii_run(text, pos));
    size_t len = 0;
    bool is_name = false;

    if (view_find(run, view_of("://"), 0) < run.len || view_starts(run, view_of("www."))
        || view_find_byte(run, '@') < run.len)
        return run.len;
    while (len < run.len && is_word_byte(run.ptr[len])) {
        is_name |= run.ptr[len] == '_' || (run.ptr[len] >= '0' && run.ptr[len] <= '9');
        len++;
    }
    return is_name ? len : 0;
}

/* Inline code or a markup tag at pos: the bytes to pass, 0 where there is none. */
static size_t skip_markup(struct view text, size_t pos)
{
    if (text.ptr[pos] != '`' && text.ptr[pos] != '<')
        return 0;
    char close = text.ptr[pos] == '`' ? '`' : '>';
    struct view rest = view_slice(text, pos + 1, pos + TAG_MAX);
    size_t end = view_find_byte(rest, close);
    if (end >= rest.len || view_find_byte(rest, '\n') < end)
        return 0;
    if (close == '>' && (end == 0 || (!is_word_byte(rest.ptr[0]) && rest.ptr[0] != '/')))
        return 0;
    return end + 2;
}

static bool is_fence(struct view line)
{
    struct view trimmed = view_trim(line);
    return view_starts(trimmed, view_of("```")) || view_starts(trimmed, view_of("~~~"));
}

/* At the start of a line: passes fences and what stands between them. False where a line of text
 * begins. */
static bool skip_fenced(struct sentence_reader *reader)
{
    size_t end = view_find(reader->text, view_of("\n"), reader->pos);
    bool fence = is_fence(view_slice(reader->text, reader->pos, end));

    if (!fence && !reader->in_fence)
        return false;
    if (fence)
        reader->in_fence = !reader->in_fence;
    reader->pos = end < reader->text.len ? end + 1 : end;
    reader->line++;
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool opens_quote(uint32_t codepoint)
{
    return codepoint == 0x300c || codepoint == 0x300e || codepoint == 0x300a || codepoint == 0x3008
           || codepoint == 0x201c;
}

static bool closes_quote(uint32_t codepoint)
{
    return codepoint == 0x300d || codepoint == 0x300f || codepoint == 0x300b || codepoint == 0x3009
           || codepoint == 0x201d;
}

static void saw_sign(struct cursor *cursor, uint32_t codepoint)
{
    cursor->before = codepoint == ' ' && cursor->before == CHAR_LATIN ? CHAR_LATIN : CHAR_OTHER;
    if (opens_quote(codepoint))
        cursor->quotes++;
    else if (closes_quote(codepoint))
        cursor->quotes -= cursor->quotes > 0;
    else if (codepoint == '"')
        cursor->in_plain_quotes = !cursor->in_plain_quotes;
    if (cursor->sentence != NULL && (codepoint == 0x3001 || codepoint == 0x3002))
        cursor->sentence->all.has_comma = cursor->sentence->open.has_comma = true;
    if (cursor->sentence != NULL && codepoint != ' ' && codepoint != '\'' && codepoint != ',') {
        end_run(&cursor->sentence->all);
        end_run(&cursor->sentence->open);
    }
}

static bool ends_sentence(const struct cursor *cursor, struct view text, uint32_t codepoint,
                          size_t next)
{
    if (codepoint == '\n')
        return true;
    if (cursor->quotes > 0)
        return false;
    if (codepoint == 0x3002 || codepoint == 0xff01 || codepoint == 0xff1f || codepoint == 0xff0e)
        return true;
    return (codepoint == '.' || codepoint == '!' || codepoint == '?')
           && (next >= text.len || text.ptr[next] == ' ' || text.ptr[next] == '\n'
               || text.ptr[next] == '\r');
}

/* A Latin word at *pos, apostrophes inside it included. */
static void read_word(struct cursor *cursor, struct view text, size_t *pos)
{
    size_t start = *pos;
    uint32_t letters = 0;

    while (*pos < text.len) {
        size_t after = *pos;
        if (is_ascii_letter(text.ptr[*pos])) { /* nearly always */
            letters++;
            (*pos)++;
            continue;
        }
        uint32_t codepoint = utf8_next(text, &after, NULL);
        bool apostrophe = codepoint == '\'' || codepoint == 0x2019;
        bool combining = codepoint >= 0x300 && codepoint <= 0x36f;
        if (char_kind_of(codepoint) == CHAR_LATIN)
            letters++;
        else if (!combining && !apostrophe)
            break;
        *pos = after;
    }
    saw_word(cursor, view_slice(text, start, *pos), letters);
}

/* Passes or counts what stands at *pos; true where the sentence ends with it. */
static bool read_one(struct cursor *cursor, struct view text, size_t *pos)
{
    size_t start = *pos;
    char first = text.ptr[start];
    size_t skipped = is_word_byte(first) ? skip_name(text, start) : skip_markup(text, start);

    if (skipped > 0) {
        *pos += skipped;
        saw_sign(cursor, is_word_byte(first) ? 'a' : ' ');
        cursor->before = CHAR_LATIN;
        return false;
    }
    uint32_t codepoint = utf8_next(text, pos, NULL);
    enum char_kind kind = char_kind_of(codepoint);
    if (kind == CHAR_LATIN) {
        *pos = start;
        read_word(cursor, text, pos);
    } else if (kind == CHAR_SPACE || kind == CHAR_DIGIT || kind == CHAR_ASCII_SIGN
               || kind == CHAR_OTHER) {
        saw_sign(cursor, codepoint);
        return ends_sentence(cursor, text, codepoint, *pos);
    } else {
        saw_letter(cursor, view_slice(text, start, *pos), kind, codepoint, start);
    }
    return false;
}

bool sentence_next(struct sentence_reader *reader, struct sentence *ret_sentence)
{
    struct view text = reader->text;

    while (reader->pos < text.len) {
        if ((reader->pos == 0 || text.ptr[reader->pos - 1] == '\n') && skip_fenced(reader))
            continue;
        struct sentence sentence = {.start = reader->pos, .line = reader->line};
        struct cursor cursor = {.sentence = &sentence, .before = CHAR_OTHER};
        bool ended = false;
        while (!ended && reader->pos < text.len)
            ended = read_one(&cursor, text, &reader->pos);
        sentence.end = reader->pos;
        reader->line += text.ptr[reader->pos - 1] == '\n';
        if (letter_weight(&sentence.all) > 0) {
            *ret_sentence = sentence;
            return true;
        }
    }
    return false;
}

void sentence_sample(struct view text, const struct sentence *sentence,
                     struct letter_sample *sample)
{
    struct cursor cursor = {.sample = sample, .before = CHAR_OTHER};

    for (size_t pos = sentence->start; pos < sentence->end;)
        (void)read_one(&cursor, text, &pos);
}
