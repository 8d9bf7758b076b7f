/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency_surface: what single characters tell: wrong encodings, brackets, endings, width. See
 * fluency_internal.h. */
#include "base/utf8.h"
#include "text/chars.h"
#include "text/fluency_internal.h"

enum {
    BROKEN_AT_LEAST = 300000, /* what any broken character takes of the part */
    BROKEN_FACTOR = 6,
    MARKS_MIN = 5, /* so many question marks in a row stand for lost characters */
    LATIN_RUN_MIN = 3,
    HALF_RUN_MIN = 3,
    OPEN_MAX = 64,
    ESCAPE_CHARACTERS = 4,
    SENTENCE_WORDS_MIN = 8,
};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static bool is_one_of(uint32_t codepoint, const uint32_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == codepoint)
            return true;
    return false;
}

/* ---- broken bytes --------------------------------------------------------------------------- */

/* Runs of characters that are broken only together. */
struct breakage {
    size_t broken;
    size_t characters;
    size_t latin_run; /* beyond ASCII, as CP1252 has them */
    size_t latin_letters;
    bool latin_leads; /* the run begins as three bytes of UTF-8 do */
    size_t half_run;  /* half-width kana */
    size_t half_dots;
    size_t marks; /* question marks */
    uint32_t before;
};

/* What CP1252 has between 0x80 and 0x9F. */
static bool is_cp1252_sign(uint32_t codepoint)
{
    static const uint32_t signs[] = {0x20ac, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                     0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x017d, 0x2018,
                                     0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc,
                                     0x2122, 0x0161, 0x203a, 0x0153, 0x017e, 0x0178};

    return is_one_of(codepoint, signs, LENGTH(signs));
}

/* The first character of a kana's three bytes, read as another encoding. */
static bool is_kana_lead(uint32_t before, uint32_t codepoint)
{
    static const uint32_t alone[] = {0x7e3a, 0x7e67, 0x7e5d, 0x7e32,  /* 縺繧繝縲 by CP932 */
                                     0x9287, 0x9288, 0x9289, 0x9286}; /* 銇銈銉銆 by GBK */
    static const struct {
        uint32_t first;
        uint32_t second;
    } pairs[] = {
        {0x201e, 0xc5},  {0x201e, 0xc7},   {0x201e, 0xc9},  {0x201e, 0xc4},  /* Mac Roman */
        {0x0433, 0x403}, {0x0433, 0x201a}, {0x0433, 0x453}, {0x0433, 0x402}, /* CP1251 */
        {0x03c0, 0xfc},  {0x03c0, 0xe9},   {0x03c0, 0xe2},  {0x03c0, 0xc7},  /* CP437 */
    };

    if (is_one_of(codepoint, alone, LENGTH(alone)))
        return true;
    for (size_t i = 0; i < LENGTH(pairs); i++)
        if (pairs[i].first == before && pairs[i].second == codepoint)
            return true;
    return false;
}

static bool is_never_text(uint32_t codepoint)
{
    return codepoint == 0xfffd || (codepoint < 0x20 && (codepoint < '\t' || codepoint > '\r'))
           || (codepoint >= 0x7f && codepoint < 0xa0 && codepoint != 0x85)
           || (codepoint >= 0xe000 && codepoint <= 0xf8ff) || (codepoint & 0xfffe) == 0xfffe;
}

static void end_latin(struct breakage *state)
{
    if (state->latin_run >= LATIN_RUN_MIN && (state->latin_letters >= 2 || state->latin_leads))
        state->broken += state->latin_run;
    state->latin_run = 0;
    state->latin_letters = 0;
}

static void end_half(struct breakage *state)
{
    if (state->half_run >= HALF_RUN_MIN && state->half_dots * 3 >= state->half_run)
        state->broken += state->half_run;
    state->half_run = 0;
    state->half_dots = 0;
}

static void end_marks(struct breakage *state)
{
    if (state->marks >= MARKS_MIN)
        state->broken += state->marks;
    state->marks = 0;
}

static void see_run(struct breakage *state, uint32_t codepoint)
{
    bool is_high = codepoint >= 0xa0 && codepoint <= 0xff;
    bool is_control = codepoint >= 0x80 && codepoint < 0xa0;

    if (is_high || is_control || is_cp1252_sign(codepoint)) {
        if (state->latin_run++ == 0)
            state->latin_leads = codepoint >= 0xe0 && codepoint <= 0xef;
        state->latin_letters += codepoint >= 0xc0 && codepoint <= 0xff;
    } else {
        end_latin(state);
    }
    if (codepoint >= 0xff61 && codepoint <= 0xff9f) {
        state->half_run++;
        state->half_dots += codepoint == 0xff64 || codepoint == 0xff65;
    } else {
        end_half(state);
    }
    if (codepoint == '?' || codepoint == 0xff1f)
        state->marks++;
    else
        end_marks(state);
}

static size_t hex_digits(struct view text, size_t at)
{
    size_t end = at;

    while (end < text.len
           && ((text.ptr[end] >= '0' && text.ptr[end] <= '9')
               || ((text.ptr[end] | 0x20) >= 'a' && (text.ptr[end] | 0x20) <= 'f')))
        end++;
    return end - at;
}

/* \u3042 and &#12354; as letters of the text. */
static bool is_escape(struct view text, size_t at)
{
    struct view rest = view_slice(text, at, text.len);

    if (view_starts(rest, view_of("\\u")))
        return hex_digits(text, at + 2) >= 4;
    if (!view_starts(rest, view_of("&#")))
        return false;
    size_t from = at + 2 + (rest.len > 2 && (rest.ptr[2] | 0x20) == 'x');
    size_t digits = hex_digits(text, from);
    return digits >= 2 && from + digits < text.len && text.ptr[from + digits] == ';';
}

/* A letter, digit or space that is never at fault. */
static bool is_plain(char byte)
{
    return byte >= ' ' && byte < 0x7f && byte != '?' && byte != '\\' && byte != '&';
}

int32_t fluency_bytes(struct view text)
{
    struct breakage state = {0};

    for (size_t pos = 0; pos < text.len;) {
        bool is_bad = false;
        if (is_plain(text.ptr[pos]) && state.latin_run + state.half_run + state.marks == 0) {
            state.characters++;
            state.before = (unsigned char)text.ptr[pos++];
            continue;
        }
        if (is_escape(text, pos))
            state.broken += ESCAPE_CHARACTERS;
        uint32_t codepoint = utf8_next(text, &pos, &is_bad);
        state.characters++;
        see_run(&state, codepoint);
        if (is_bad || is_never_text(codepoint))
            state.broken++;
        else if (is_kana_lead(state.before, codepoint))
            state.broken += 2;
        state.before = codepoint;
    }
    end_latin(&state);
    end_half(&state);
    end_marks(&state);
    if (state.broken == 0)
        return FLUENCY_ONE;
    int64_t taken =
        BROKEN_AT_LEAST
        + (int64_t)BROKEN_FACTOR * FLUENCY_ONE * (int64_t)state.broken / (int64_t)state.characters;
    return taken >= FLUENCY_ONE ? 0 : (int32_t)(FLUENCY_ONE - taken);
}

/* ---- brackets ------------------------------------------------------------------------------- */

/* Full and half width close each other. */
static const struct {
    uint32_t open;
    uint32_t close;
    unsigned kind;
} brackets[] = {
    {0x300c, 0x300d, 1},  {0x300e, 0x300f, 2}, {'(', ')', 3},       {0xff08, 0xff09, 3},
    {0x3010, 0x3011, 4},  {0x3014, 0x3015, 5}, {'[', ']', 6},       {0xff3b, 0xff3d, 6},
    {'{', '}', 7},        {0xff5b, 0xff5d, 7}, {0x3008, 0x3009, 8}, {0x300a, 0x300b, 9},
    {0x201c, 0x201d, 10}, {0xff62, 0xff63, 1},
};

struct nesting {
    unsigned open[OPEN_MAX];
    size_t depth;
    size_t unmatched;
};

static void see_bracket(struct nesting *nesting, uint32_t codepoint, bool is_marker)
{
    for (size_t i = 0; i < LENGTH(brackets); i++) {
        if (brackets[i].open == codepoint) {
            if (nesting->depth < OPEN_MAX)
                nesting->open[nesting->depth++] = brackets[i].kind;
            return;
        }
        if (brackets[i].close != codepoint)
            continue;
        size_t at = nesting->depth;
        while (at > 0 && nesting->open[at - 1] != brackets[i].kind)
            at--;
        if (at > 0) {
            nesting->unmatched += nesting->depth - at; /* opened inside, never closed */
            nesting->depth = at - 1;
        } else {
            nesting->unmatched += !is_marker;
        }
        return;
    }
}

/* "1)", "a)", ":)" close nothing. */
static bool is_list_or_smile(struct view text, size_t at)
{
    if (text.ptr[at] != ')' || at == 0)
        return text.ptr[at] == ')';
    char before = text.ptr[at - 1];
    bool is_first = at < 2 || text.ptr[at - 2] == '\n' || text.ptr[at - 2] == ' ';
    bool is_sign = before == ':' || before == ';' || before == '-' || before == '=';

    return is_sign || (before >= '0' && before <= '9') || is_first;
}

int32_t fluency_brackets(struct view text)
{
    struct nesting nesting = {.depth = 0};
    bool in_code = false;

    for (size_t pos = 0; pos < text.len;) {
        size_t at = pos;
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        if (codepoint < 0x80 && strchr("()[]{}`", (int)codepoint) == NULL)
            continue;
        if (codepoint == '`')
            in_code = !in_code; /* three of them too */
        if (!in_code)
            see_bracket(&nesting, codepoint, is_list_or_smile(text, at));
    }
    return (int32_t)(FLUENCY_ONE / (1 + nesting.unmatched + nesting.depth));
}

/* ---- the end -------------------------------------------------------------------------------- */

static bool is_closer(uint32_t codepoint)
{
    static const uint32_t closers[] = {'"',    '\'',   ')',    ']',    '}',    '*',    '_',
                                       '`',    '>',    '|',    0x300d, 0x300f, 0xff09, 0x3011,
                                       0x3015, 0x300b, 0x3009, 0x201d, 0x2019, 0xbb};

    return is_one_of(codepoint, closers, LENGTH(closers));
}

static bool is_full_stop(uint32_t codepoint)
{
    static const uint32_t stops[] = {'.',    '!',    '?',    ':',    0x3002, 0xff0e,
                                     0xff01, 0xff1f, 0xff61, 0x2026, 0x301c, 0xff5e,
                                     0x266a, 0xff1a, 0x2605, 0x2606, ';'};

    return is_one_of(codepoint, stops, LENGTH(stops)) || codepoint >= 0x1f000;
}

/* The last character before `end`, and where it starts. */
static uint32_t last_character(struct view text, size_t end, size_t *ret_start)
{
    size_t start = end - 1;

    while (start > 0 && end - start < 4 && ((unsigned char)text.ptr[start] & 0xc0u) == 0x80u)
        start--;
    *ret_start = start;
    size_t pos = start;
    return utf8_next(view_slice(text, 0, end), &pos, NULL);
}

/* Words and particles after which a sentence goes on. */
static bool goes_on(struct view line)
{
    static const char *const ends[] = {
        "、",   "，",    "が",   "を",   "に",    "は",   "の",    "と",   "へ",
        "も",   "や",    "で",   "ので", "から",  "ため", ",",     " the", " a",
        " an",  " of",   " and", " or",  " to",   " in",  " with", " for", " is",
        " are", " that", " by",  " on",  " from", " as",  " was",  " but", "-",
    };

    for (size_t i = 0; i < LENGTH(ends); i++)
        if (view_ends(line, view_of(ends[i])))
            return true;
    return false;
}

static bool is_item(struct view line)
{
    static const char *const starts[] = {"- ", "* ",  "・", "• ", "+ ", "#", "|",
                                         ">",  "```", "■",  "●",  "○",  "◆", "※"};

    for (size_t i = 0; i < LENGTH(starts); i++)
        if (view_starts(line, view_of(starts[i])))
            return true;
    return line.len > 1 && line.ptr[0] >= '0' && line.ptr[0] <= '9';
}

static size_t count_words(struct view line)
{
    size_t words = 0;

    for (size_t i = 0; i < line.len; i++)
        words += line.ptr[i] == ' ';
    return words + utf8_count(line) / 3 * (words == 0);
}

int32_t fluency_ending(struct view text)
{
    struct view rest = view_trim(text);
    size_t end = rest.len;
    size_t start = 0;

    if (rest.len == 0)
        return FLUENCY_ABSENT;
    size_t line_at = rest.len;
    while (line_at > 0 && rest.ptr[line_at - 1] != '\n')
        line_at--;
    struct view line = view_trim(view_slice(rest, line_at, rest.len));
    uint32_t last = last_character(rest, end, &start);
    while (is_closer(last) && start > 0) {
        end = start;
        last = last_character(rest, end, &start);
    }
    if (is_full_stop(last) || end < rest.len)
        return FLUENCY_ONE;
    if (goes_on(line))
        return 0;
    bool has_stops = view_find(rest, view_of("。"), 0) < rest.len
                     || view_find(rest, view_of(". "), 0) < rest.len;
    bool is_long = count_words(line) >= SENTENCE_WORDS_MIN;
    return is_item(line) || !has_stops || !is_long ? FLUENCY_ONE : FLUENCY_ONE / 2;
}

/* ---- width ---------------------------------------------------------------------------------- */

int32_t fluency_width(struct view text)
{
    enum { DIGITS, LETTERS, KANA, SORTS };
    size_t full[SORTS] = {0}, half[SORTS] = {0};
    size_t all = 0, minor = 0;

    for (size_t pos = 0; pos < text.len;) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        uint32_t narrow =
            codepoint >= 0xff01 && codepoint <= 0xff5e ? codepoint - 0xfee0 : codepoint;
        bool is_digit = narrow >= '0' && narrow <= '9';
        bool is_letter = (narrow | 0x20) >= 'a' && (narrow | 0x20) <= 'z' && narrow < 0x7f;
        if (is_digit || is_letter)
            (narrow != codepoint ? full : half)[is_digit ? DIGITS : LETTERS]++;
        else if (char_kind_of(codepoint) == CHAR_KATAKANA)
            (codepoint < 0xff00 ? full : half)[KANA]++;
    }
    for (size_t i = 0; i < SORTS; i++) {
        all += full[i] + half[i];
        minor += full[i] < half[i] && i != KANA   ? full[i]
                 : half[i] < full[i] || i == KANA ? half[i]
                                                  : full[i];
    }
    if (minor == 0)
        return FLUENCY_ONE;
    size_t taken = 2 * minor * FLUENCY_ONE / all;
    return taken >= FLUENCY_ONE ? 0 : (int32_t)(FLUENCY_ONE - taken);
}
