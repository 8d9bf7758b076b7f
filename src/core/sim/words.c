/* SPDX-License-Identifier: Apache-2.0
 *
 * words: see words.h. */
#include "core/sim/words.h"

#include "base/utf8.h"

enum { QUOTATION_MAX_BYTES = 200, SENTENCE_MAX_BYTES = 4000 };

bool words_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool words_is_kana(uint32_t codepoint)
{
    return (codepoint >= 0x3041 && codepoint <= 0x30ff && codepoint != 0x30fb)
           || (codepoint >= 0xff66 && codepoint <= 0xff9f);
}

bool words_is_han(uint32_t codepoint)
{
    return (codepoint >= 0x4e00 && codepoint <= 0x9fff)
           || (codepoint >= 0x3400 && codepoint <= 0x4dbf) || codepoint == 0x3005;
}

struct view words_lower(struct arena *arena, struct view text)
{
    char *copy = arena_new(arena, text.len + 1, 1);

    if (copy == NULL)
        return (struct view){NULL, 0};
    for (size_t i = 0; i < text.len; i++)
        copy[i] = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? (char)(text.ptr[i] - 'A' + 'a')
                                                           : text.ptr[i];
    return view_make(copy, text.len);
}

/* Does the word stand at `at`? An underscore in the word is a space in the text. */
static bool stands_at(struct view lowered, struct view word, size_t at)
{
    if (lowered.len - at < word.len)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (lowered.ptr[at + i] != (word.ptr[i] == '_' ? ' ' : word.ptr[i]))
            return false;
    return true;
}

static bool find_one(struct view lowered, struct view word, size_t from, size_t to, size_t *ret_at,
                     size_t *ret_end)
{
    bool open_end = word.len > 1 && word.ptr[word.len - 1] == '*';

    if (open_end)
        word.len--;
    if (to > lowered.len)
        to = lowered.len;
    while (word.len != 0 && from + word.len <= to) {
        const char *hit = memchr(lowered.ptr + from, word.ptr[0], to - from - word.len + 1);
        if (hit == NULL)
            return false;
        size_t at = (size_t)(hit - lowered.ptr);
        size_t end = at + word.len;
        bool starts = !is_word_byte(word.ptr[0]) || at == 0 || !is_word_byte(lowered.ptr[at - 1]);
        bool ends = open_end || !is_word_byte(word.ptr[word.len - 1]) || end == lowered.len
                    || !is_word_byte(lowered.ptr[end]);
        if (starts && ends && stands_at(lowered, word, at)) {
            while (open_end && end < lowered.len && is_word_byte(lowered.ptr[end]))
                end++;
            *ret_at = at;
            *ret_end = end;
            return true;
        }
        from = at + 1;
    }
    return false;
}

bool words_find(struct view lowered, struct view alternatives, size_t from, size_t to,
                size_t *ret_at, size_t *ret_end)
{
    bool found = false;
    struct view rest = alternatives;

    while (rest.ptr != NULL) {
        size_t at;
        size_t end;
        struct view word = view_split(&rest, '|');
        if (find_one(lowered, word, from, to, &at, &end) && (!found || at < *ret_at)) {
            *ret_at = at;
            *ret_end = end;
            found = true;
        }
    }
    return found;
}

bool words_any(struct view lowered, const char *alternatives)
{
    size_t at;
    size_t end;

    return words_find(lowered, view_of(alternatives), 0, lowered.len, &at, &end);
}

/* ---- numbers -------------------------------------------------------------------------------- */

static bool digit_at(struct view text, size_t *pos, int64_t *ret_digit)
{
    if (*pos >= text.len)
        return false;
    size_t next = *pos;
    uint32_t codepoint = utf8_next(text, &next, NULL);
    if (codepoint >= '0' && codepoint <= '9')
        *ret_digit = (int64_t)(codepoint - '0');
    else if (codepoint >= 0xff10 && codepoint <= 0xff19)
        *ret_digit = (int64_t)(codepoint - 0xff10);
    else
        return false;
    *pos = next;
    return true;
}

static bool digits_at(struct view text, size_t at, int64_t *ret_number, size_t *ret_end)
{
    size_t pos = at;
    int64_t digit;
    int64_t number = 0;

    if (!digit_at(text, &pos, &digit))
        return false;
    do {
        number = number > 100000000000 ? number : number * 10 + digit;
        size_t after = pos + 1;
        if (pos < text.len && text.ptr[pos] == ',' && digit_at(text, &after, &digit))
            pos++;
    } while (digit_at(text, &pos, &digit));
    *ret_number = number;
    *ret_end = pos;
    return true;
}

static bool number_word_at(struct view lowered, size_t at, int64_t *ret_number, size_t *ret_end)
{
    static const struct {
        const char *word;
        int number;
    } number_words[] = {
        {"one", 1},     {"two", 2},      {"three", 3}, {"four", 4}, {"five", 5},    {"six", 6},
        {"seven", 7},   {"eight", 8},    {"nine", 9},  {"ten", 10}, {"twelve", 12}, {"fifteen", 15},
        {"twenty", 20}, {"a single", 1}, {"一", 1},    {"二", 2},   {"三", 3},      {"四", 4},
        {"五", 5},      {"六", 6},       {"七", 7},    {"八", 8},   {"九", 9},      {"十", 10},
    };

    for (size_t i = 0; i < sizeof number_words / sizeof number_words[0]; i++) {
        struct view word = view_of(number_words[i].word);
        size_t end = at + word.len;
        if (!stands_at(lowered, word, at))
            continue;
        if (is_word_byte(word.ptr[0])
            && ((at > 0 && is_word_byte(lowered.ptr[at - 1]))
                || (end < lowered.len && is_word_byte(lowered.ptr[end]))))
            continue;
        *ret_number = number_words[i].number;
        *ret_end = end;
        return true;
    }
    return false;
}

/* Can a number start at `at`? Most places are ruled out by a look at one or two bytes. */
static bool may_be_number(struct view lowered, size_t at)
{
    char c = at < lowered.len ? lowered.ptr[at] : ' ';

    if ((c >= '0' && c <= '9') || (unsigned char)c >= 0xe0)
        return true;
    return c >= 'a' && c <= 't' && (at == 0 || !is_word_byte(lowered.ptr[at - 1]));
}

static bool plain_number(struct view lowered, size_t at, int64_t *ret_number, size_t *ret_end)
{
    return may_be_number(lowered, at)
           && (digits_at(lowered, at, ret_number, ret_end)
               || number_word_at(lowered, at, ret_number, ret_end));
}

bool words_number(struct view lowered, size_t at, int64_t *ret_number, size_t *ret_end)
{
    static const char *const between[] = {"-", "–", " to ", " or ", "〜", "～", "から"};

    if (at >= lowered.len || !plain_number(lowered, at, ret_number, ret_end))
        return false;
    for (size_t i = 0; i < sizeof between / sizeof between[0]; i++) {
        int64_t upper;
        size_t end;
        struct view mark = view_of(between[i]);
        if (stands_at(lowered, mark, *ret_end)
            && plain_number(lowered, *ret_end + mark.len, &upper, &end) && upper > *ret_number) {
            *ret_number = upper;
            *ret_end = end;
            break;
        }
    }
    return true;
}

/* ---- quotations, sentences ------------------------------------------------------------------ */

bool words_quoted(struct view text, size_t from, size_t to, struct view *ret_inside, size_t *ret_at,
                  size_t *ret_end)
{
    static const struct {
        struct view open;
        struct view close;
    } marks[] = {
        {VIEW("\""), VIEW("\"")}, {VIEW("“"), VIEW("”")},   {VIEW("‘"), VIEW("’")},
        {VIEW("「"), VIEW("」")}, {VIEW("『"), VIEW("』")}, {VIEW("`"), VIEW("`")},
    };
    struct view part = view_slice(text, 0, to);

    for (size_t at = from; at < part.len; at++) {
        unsigned char first = (unsigned char)part.ptr[at];
        if (first != '"' && first != '`' && first != 0xe2 && first != 0xe3)
            continue; /* no mark starts with it */
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
            if (!stands_at(part, marks[i].open, at))
                continue;
            size_t start = at + marks[i].open.len;
            size_t end = view_find(part, marks[i].close, start);
            if (end == part.len || end == start || end - start > QUOTATION_MAX_BYTES)
                continue;
            *ret_inside = view_slice(part, start, end);
            *ret_at = at;
            *ret_end = end + marks[i].close.len;
            return true;
        }
    }
    return false;
}

size_t words_sentence_end(struct view text, size_t from)
{
    size_t pos = from;

    while (pos < text.len && pos - from < SENTENCE_MAX_BYTES) {
        char c = text.ptr[pos];
        size_t before = pos;
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        if (c == '\n' || codepoint == 0x3002 || codepoint == 0xff01 || codepoint == 0xff1f)
            return pos;
        if ((c == '.' || c == '!' || c == '?') && before > from
            && (pos == text.len || words_is_space(text.ptr[pos])))
            return pos;
    }
    return pos;
}

/* ---- scripts and content -------------------------------------------------------------------- */

struct words_scripts words_scripts(struct view text)
{
    struct words_scripts counts = {0};
    size_t pos = 0;

    while (pos < text.len) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        counts.kana += words_is_kana(codepoint);
        counts.han += words_is_han(codepoint);
        counts.latin += (codepoint >= 'a' && codepoint <= 'z')
                        || (codepoint >= 'A' && codepoint <= 'Z')
                        || (codepoint >= 0xc0 && codepoint <= 0x24f);
    }
    return counts;
}

/* 1: Latin letters and digits, 2: kanji, 3: katakana, 0: what separates words. */
static int content_class(uint32_t codepoint)
{
    if (codepoint < 0x80)
        return is_word_byte((char)codepoint) || codepoint == '-' || codepoint == '\'' ? 1 : 0;
    if (codepoint >= 0xc0 && codepoint <= 0x24f)
        return 1;
    if (words_is_han(codepoint))
        return 2;
    return codepoint >= 0x30a1 && codepoint <= 0x30fe && codepoint != 0x30fb ? 3 : 0;
}

static bool is_function_word(struct view word)
{
    static const char *const function_words[] = {
        "about", "also",  "and",     "are",     "ask",      "been",      "before",   "between",
        "but",   "can",   "could",   "does",    "each",     "every",     "for",      "from",
        "give",  "have",  "how",     "into",    "its",      "just",      "like",     "list",
        "make",  "many",  "more",    "most",    "much",     "must",      "need",     "not",
        "only",  "over",  "please",  "really",  "should",   "some",      "such",     "tell",
        "than",  "thank", "that",    "the",     "their",    "them",      "then",     "there",
        "these", "they",  "this",    "those",   "under",    "very",      "want",     "was",
        "were",  "what",  "when",    "where",   "which",    "while",     "will",     "with",
        "would", "write", "you",     "your",    "answer",   "explain",   "describe", "using",
        "why",   "who",   "whether", "because", "anything", "something", "question", "customer",
        "hello", "here",  "know",    "looking", "user",     "any",       "all",      "has",
        "had",   "his",   "her",     "she",     "him",      "our",       "out",      "off",
        "did",   "get",   "let",     "may",     "way",      "use",       "too",      "one",
        "got",   "say",   "see",     "set",     "put",      "yes",
    };

    for (size_t i = 0; i < sizeof function_words / sizeof function_words[0]; i++)
        if (view_equal_nocase(word, view_of(function_words[i])))
            return true;
    return false;
}

static bool carries_meaning(struct view word, int class)
{
    if (class == 1) {
        bool number = word.ptr[0] >= '0' && word.ptr[0] <= '9';
        return (word.len >= 3 || number) && !is_function_word(word);
    }
    return utf8_count(word) >= 2;
}

static bool is_among(struct view word, const struct view words[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (view_equal_nocase(word, words[i]))
            return true;
    return false;
}

size_t words_content(struct view text, struct view ret_words[], size_t max)
{
    size_t count = 0;
    size_t start = 0;
    size_t pos = 0;
    int class = 0;

    while (pos <= text.len && count < max) {
        size_t at = pos;
        int next = pos < text.len ? content_class(utf8_next(text, &pos, NULL)) : 0;
        if (next != class) {
            struct view word = view_slice(text, start, at);
            if (class != 0 && carries_meaning(word, class) && !is_among(word, ret_words, count))
                ret_words[count++] = word;
            start = at;
            class = next;
        }
        if (at == text.len)
            break;
    }
    return count;
}
