/* SPDX-License-Identifier: Apache-2.0
 *
 * language: see language.h. Sentences are read and decided one by one; those that their script
 * leaves open wait, take CLD2's verdict on their line, then their neighbours', then the hint. */
#include "text/language.h"

#include <stdio.h>

#include <unicode/uscript.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "text/han.h"
#include "text/latin.h"
#include "text/sentence.h"

static const int64_t ONE_MICRO = 1000000;

enum standing {
    DECIDED,
    OPEN_LATIN, /* Latin letters that wait for CLD2 or a neighbour */
    OPEN_TITLE, /* Latin words that look like a title: neighbours first, then CLD2 */
    OPEN_HAN,
    OPEN_OTHER, /* waits for CLD2 */
};

/* A sentence and what became of it. */
struct verdict {
    struct sentence sentence;
    enum standing standing;
    char code[LANGUAGE_CODE_SIZE];
    bool is_split; /* its Latin part is English and counts by itself */
    uint64_t weight;
};

struct verdicts {
    struct verdict *list;
    size_t count;
    size_t capacity;
};

static void name(char code[LANGUAGE_CODE_SIZE], const char *text)
{
    (void)snprintf(code, LANGUAGE_CODE_SIZE, "%s", text);
}

static void decide(struct verdict *verdict, const char *code)
{
    verdict->standing = DECIDED;
    name(verdict->code, code);
}

/* ---- one sentence ---------------------------------------------------------------------------- */

/* Scripts that one language writes, nearly. */
static const char *language_of_script(uint32_t codepoint)
{
    static const struct {
        UScriptCode script;
        const char *code;
    } only[] = {
        {USCRIPT_THAI, "th"},     {USCRIPT_GREEK, "el"},    {USCRIPT_HEBREW, "iw"},
        {USCRIPT_ARMENIAN, "hy"}, {USCRIPT_GEORGIAN, "ka"}, {USCRIPT_KHMER, "km"},
        {USCRIPT_LAO, "lo"},      {USCRIPT_MYANMAR, "my"},  {USCRIPT_TAMIL, "ta"},
        {USCRIPT_TELUGU, "te"},   {USCRIPT_KANNADA, "kn"},  {USCRIPT_MALAYALAM, "ml"},
        {USCRIPT_GUJARATI, "gu"}, {USCRIPT_GURMUKHI, "pa"}, {USCRIPT_SINHALA, "si"},
        {USCRIPT_BOPOMOFO, "zh"},
    };
    UErrorCode status = U_ZERO_ERROR;
    UScriptCode script = uscript_getScript((UChar32)codepoint, &status);

    for (size_t i = 0; i < sizeof only / sizeof only[0]; i++)
        if (only[i].script == script)
            return only[i].code;
    return NULL;
}

/* Han without kana. Glyphs of Traditional Chinese count only where two of them make a fifth of the
 * text (old forms stand in Japanese names too); a single one leaves it open. */
static void decide_han(struct verdict *verdict, const struct letter_tally *tally)
{
    if (tally->simplified > 0)
        decide(verdict, "zh");
    else if (tally->traditional >= 2 && tally->han >= 4 && 5 * tally->traditional >= tally->han)
        decide(verdict, "zh");
    else if (tally->japanese > 0 && (tally->traditional == 0 || tally->japanese >= 3))
        decide(verdict, "ja");
    else
        verdict->standing = OPEN_HAN;
}

/* Han and kana together; few kana among simplified glyphs are a name in a Chinese sentence. */
static void decide_japanese(struct verdict *verdict, const struct letter_tally *tally)
{
    uint32_t kana = tally->hiragana + tally->katakana;

    if (kana == 0)
        decide_han(verdict, tally);
    else if (tally->simplified >= 2 && 10 * kana < tally->han)
        decide(verdict, "zh");
    else
        decide(verdict, "ja");
}

/* Whether the sentence ends as a Japanese one does, or holds a particle after Latin, or a comma. */
static bool is_japanese_clause(const struct letter_tally *tally)
{
    static const char *const endings[] = {"です", "ます", "した", "ない", "ある", "いる", "さい",
                                          "ませ", "せん", "だよ", "よね", "すか", "すね", "すよ",
                                          "ょう", "いい", "った", "する", "れる", "のか", "たい"};
    if (tally->hiragana_after_latin || (tally->has_comma && tally->hiragana > 0))
        return true;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct view ending = view_of(endings[i]);
        size_t pos = 0;
        if (utf8_next(ending, &pos, NULL) == tally->before_last
            && utf8_next(ending, &pos, NULL) == tally->last)
            return true;
    }
    return false;
}

static bool is_english_clause(const struct letter_tally *tally)
{
    return (tally->verbal >= 1 && tally->words >= 2) || (tally->articles >= 2 && tally->words >= 5);
}

/* Japanese or Chinese letters and Latin ones: which of them carries the sentence. */
static void decide_mixed(struct verdict *verdict, const struct letter_tally *tally)
{
    bool japanese = is_japanese_clause(tally);
    bool english = is_english_clause(tally);
    uint64_t dense = 2 * ((uint64_t)tally->hiragana + tally->katakana + tally->han);

    if (japanese || (!english && dense >= tally->latin)) {
        decide_japanese(verdict, tally);
        verdict->is_split = tally->longest_words >= 6 && tally->longest_verbal >= 2;
    } else {
        verdict->standing = OPEN_LATIN;
    }
}

/* A third of the words are small English ones, several of them of no other language: nobody has to
 * be asked. */
static bool is_plain_english(const struct letter_tally *tally)
{
    return tally->words >= 6 && tally->english >= 2
           && 3 * (tally->verbal + tally->articles) >= tally->words;
}

/* Words with capitals, no clause: a name or a title. */
static bool looks_like_title(const struct letter_tally *tally)
{
    return tally->long_words > 0 && 10 * tally->capital_words >= 7 * tally->long_words
           && tally->verbal <= 1 + tally->words / 6;
}

/* By script alone. */
static void judge(struct verdict *verdict)
{
    const struct sentence *sentence = &verdict->sentence;
    bool quoted_mostly = 3 * letter_weight(&sentence->open) < letter_weight(&sentence->all);
    const struct letter_tally *tally = quoted_mostly ? &sentence->all : &sentence->open;
    uint64_t dense = 2 * ((uint64_t)tally->hiragana + tally->katakana + tally->han);
    uint64_t korean = 2 * (uint64_t)tally->hangul;

    verdict->weight = letter_weight(&sentence->all);
    if (korean > 0 && korean >= dense && 2 * korean >= tally->latin) {
        decide(verdict, "ko");
    } else if (tally->other > 0 && tally->other >= tally->latin && tally->other >= dense) {
        const char *code = language_of_script(sentence->first_other);
        verdict->standing = OPEN_OTHER;
        if (code != NULL)
            decide(verdict, code);
    } else if (dense > 0 && tally->latin > 0) {
        decide_mixed(verdict, tally);
    } else if (dense > 0) {
        decide_japanese(verdict, tally);
        if (verdict->standing == OPEN_HAN) /* then what is quoted may tell */
            decide_japanese(verdict, &sentence->all);
    } else if (is_plain_english(tally)) {
        decide(verdict, "en");
    } else {
        verdict->standing = looks_like_title(tally) ? OPEN_TITLE : OPEN_LATIN;
    }
}

/* ---- what waits ------------------------------------------------------------------------------ */

/* Asks CLD2 about sentences [from, to) together; true where it knew. */
static bool ask(struct verdict *list, size_t from, size_t to, struct view text,
                enum standing standing, char ret_code[LANGUAGE_CODE_SIZE])
{
    struct letter_sample sample = {.len = 0};

    for (size_t i = from; i < to; i++)
        if (list[i].standing == standing)
            sentence_sample(text, &list[i].sentence, &sample);
    return sample.letters >= LANGUAGE_LATIN_MIN
           && latin_detect(view_make(sample.text, sample.len), ret_code);
}

/* Sentences of one line that wait in the same way are asked about together. */
static void ask_lines(struct verdicts *verdicts, struct view text, enum standing standing)
{
    struct verdict *list = verdicts->list;

    for (size_t from = 0, to; from < verdicts->count; from = to) {
        char code[LANGUAGE_CODE_SIZE];
        bool waits = false;
        for (to = from; to < verdicts->count && list[to].sentence.line == list[from].sentence.line;
             to++)
            waits |= list[to].standing == standing;
        if (!waits || !ask(list, from, to, text, standing, code))
            continue;
        for (size_t i = from; i < to; i++)
            if (list[i].standing == standing)
                decide(&list[i], code);
    }
}

static bool is_dense_language(const char *code)
{
    return view_is(view_of(code), "ja") || view_is(view_of(code), "zh");
}

/* Languages that are not written in Latin letters, so that no Latin text takes them from a hint. */
static bool is_latin_language(struct view code)
{
    static const char *const others[] = {"ja", "zh", "ko", "th", "el",    "iw", "he", "hy", "ka",
                                         "km", "lo", "my", "ta", "te",    "kn", "ml", "gu", "pa",
                                         "si", "ru", "uk", "bg", "ar",    "fa", "ur", "hi", "mr",
                                         "ne", "bn", "mn", "am", "mixed", "any"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (view_is(code, others[i]))
            return false;
    return code.len == 2 || code.len == 3;
}

static bool may_take(const struct verdict *waiting, const struct verdict *neighbour)
{
    if (neighbour->standing != DECIDED)
        return false;
    return waiting->standing != OPEN_HAN || is_dense_language(neighbour->code);
}

/* The nearest neighbour that was decided by itself; the one before wins where both are as near. */
static const struct verdict *neighbour_of(const struct verdict *list, size_t count, size_t at,
                                          const size_t *before, const size_t *after)
{
    size_t left = before[at], right = after[at];
    bool has_left = left < count && may_take(&list[at], &list[left]);
    bool has_right = right < count && may_take(&list[at], &list[right]);

    if (has_left && has_right)
        return right - at < at - left ? &list[right] : &list[left];
    return has_left ? &list[left] : has_right ? &list[right] : NULL;
}

static bool is_usable(const struct verdict *verdict, bool dense_only)
{
    return verdict->standing == DECIDED && (!dense_only || is_dense_language(verdict->code));
}

/* Gives those that wait in this way their neighbours' language. Nearest decided places are found in
 * one pass from each side; verdicts are written afterwards, so that nothing spreads. */
static int take_from_neighbours(struct verdicts *verdicts, enum standing standing)
{
    size_t count = verdicts->count;
    size_t *before = mem_new(2 * count + 1, sizeof *before);
    size_t *after = before != NULL ? before + count : NULL;
    bool dense_only = standing == OPEN_HAN;

    if (before == NULL)
        return ERR_MEMORY;
    for (size_t i = 0, nearest = count; i < count; i++) {
        before[i] = nearest;
        nearest = is_usable(&verdicts->list[i], dense_only) ? i : nearest;
    }
    for (size_t i = count, nearest = count; i > 0; i--) {
        after[i - 1] = nearest;
        nearest = is_usable(&verdicts->list[i - 1], dense_only) ? i - 1 : nearest;
    }
    for (size_t i = 0; i < count; i++) {
        struct verdict *waiting = &verdicts->list[i];
        const struct verdict *neighbour =
            waiting->standing == standing ? neighbour_of(verdicts->list, count, i, before, after)
                                          : NULL;
        if (neighbour != NULL)
            name(waiting->code, neighbour->code);
    }
    for (size_t i = 0; i < count; i++)
        if (verdicts->list[i].standing == standing && verdicts->list[i].code[0] != '\0')
            verdicts->list[i].standing = DECIDED;
    mem_free(before);
    return 0;
}

/* Han words that one of the two languages has far more often. One character is no word to go by. */
static const char *lean_of(const struct letter_tally *tally)
{
    if (tally->han < 2)
        return NULL;
    if (tally->lean >= han_leans_japanese(tally->han))
        return "ja";
    return tally->lean <= han_leans_chinese(tally->han) ? "zh" : NULL;
}

static void take_lean(struct verdict *verdict)
{
    const char *code = verdict->standing == OPEN_HAN ? lean_of(&verdict->sentence.all) : NULL;

    if (code != NULL)
        decide(verdict, code);
}

static void take_hint(struct verdict *verdict, struct view hint)
{
    char code[LANGUAGE_CODE_SIZE];
    bool fits = (verdict->standing == OPEN_HAN && (view_is(hint, "ja") || view_is(hint, "zh")))
                || ((verdict->standing == OPEN_LATIN || verdict->standing == OPEN_TITLE)
                    && is_latin_language(hint));

    if (!fits || hint.len >= sizeof code)
        return;
    (void)snprintf(code, sizeof code, "%.*s", VIEW_ARG(hint));
    decide(verdict, code);
}

/* A short Latin sentence that has the words of an English clause. */
static void take_english(struct verdicts *verdicts)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        struct verdict *verdict = &verdicts->list[i];
        const struct letter_tally *all = &verdict->sentence.all;
        if (verdict->standing == OPEN_LATIN && all->verbal >= 1 && all->words >= 3
            && 3 * (all->verbal + all->articles) >= all->words)
            decide(verdict, "en");
    }
}

static int settle(struct verdicts *verdicts, struct view text, struct view hint)
{
    static const enum standing waiting[] = {OPEN_HAN, OPEN_LATIN, OPEN_TITLE};
    int code = 0;

    ask_lines(verdicts, text, OPEN_LATIN);
    ask_lines(verdicts, text, OPEN_OTHER);
    take_english(verdicts);
    for (size_t i = 0; code == 0 && i < sizeof waiting / sizeof waiting[0]; i++)
        code = take_from_neighbours(verdicts, waiting[i]);
    ask_lines(verdicts, text, OPEN_TITLE);
    for (size_t i = 0; i < verdicts->count; i++) {
        take_lean(&verdicts->list[i]);
        take_hint(&verdicts->list[i], hint);
    }
    for (size_t i = 0; i < verdicts->count; i++)
        if (verdicts->list[i].standing != DECIDED)
            name(verdicts->list[i].code, "und");
    return code;
}

static int verdicts_add(struct verdicts *verdicts, const struct sentence *sentence)
{
    if (verdicts->count == verdicts->capacity) {
        size_t capacity = verdicts->capacity > 0 ? 2 * verdicts->capacity : 16;
        struct verdict *list = mem_resize(verdicts->list, capacity, sizeof *list);
        if (list == NULL)
            return ERR_MEMORY;
        verdicts->list = list;
        verdicts->capacity = capacity;
    }
    struct verdict *verdict = &verdicts->list[verdicts->count++];
    *verdict = (struct verdict){.sentence = *sentence};
    judge(verdict);
    return 0;
}

/* Reads, judges and settles; release verdicts->list afterwards in any case. */
static int read_all(struct verdicts *verdicts, struct view text, struct view hint)
{
    struct sentence_reader reader;
    struct sentence sentence;
    int code = 0;

    sentence_reader_init(&reader, utf8_cut(text, LANGUAGE_TEXT_MAX));
    while (code == 0 && sentence_next(&reader, &sentence))
        code = verdicts_add(verdicts, &sentence);
    return code != 0 ? code : settle(verdicts, reader.text, hint);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Languages and their weight while they are added up; more than these are dropped from the shares.
 * */
enum { SUMS_MAX = 32 };

struct sums {
    char codes[SUMS_MAX][LANGUAGE_CODE_SIZE];
    uint64_t weights[SUMS_MAX];
    size_t count;
    uint64_t decided;
    uint64_t undecided;
};

static void add_weight(struct sums *sums, const char *code, uint64_t weight)
{
    size_t i = 0;

    if (weight == 0)
        return;
    sums->decided += weight;
    while (i < sums->count && !view_is(view_of(code), sums->codes[i]))
        i++;
    if (i == SUMS_MAX)
        return;
    if (i == sums->count)
        name(sums->codes[sums->count++], code);
    sums->weights[i] += weight;
}

static void add_verdict(struct sums *sums, const struct verdict *verdict)
{
    uint64_t english = verdict->is_split ? verdict->sentence.all.latin : 0;

    if (verdict->standing != DECIDED) {
        sums->undecided += verdict->weight;
        return;
    }
    add_weight(sums, "en", english);
    add_weight(sums, verdict->code, verdict->weight - english);
}

static int64_t share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (int64_t)((part * (uint64_t)ONE_MICRO + whole / 2) / whole) : 0;
}

/* Shares by falling weight. */
static void fill_shares(struct sums *sums, struct language_result *result)
{
    while (result->share_count < LANGUAGE_SHARES_MAX) {
        size_t best = 0;
        for (size_t i = 1; i < sums->count; i++)
            if (sums->weights[i] > sums->weights[best])
                best = i;
        if (sums->count == 0 || sums->weights[best] == 0)
            break;
        struct language_share *to = &result->shares[result->share_count++];
        name(to->code, sums->codes[best]);
        to->share_micro = share(sums->weights[best], sums->decided);
        sums->weights[best] = 0;
    }
}

static void fill_detected(struct language_result *result)
{
    if (result->share_count == 0)
        name(result->detected, "und");
    else if (result->share_count > 1 && result->shares[1].share_micro >= LANGUAGE_SECOND_MICRO)
        name(result->detected, "mixed");
    else
        name(result->detected, result->shares[0].code);
}

/* Simplified glyphs inside sentences that are Japanese. */
static void note_glyphs(const struct verdict *verdict, struct language_result *result)
{
    size_t glyphs = verdict->sentence.all.simplified;

    if (glyphs == 0 || !view_is(view_of(verdict->code), "ja"))
        return;
    if (result->simplified_count == 0)
        result->simplified_at = verdict->sentence.simplified_at;
    result->simplified_count += glyphs;
}

static void sum_up(const struct verdicts *verdicts, struct language_result *result)
{
    struct sums sums = {.count = 0};
    uint64_t japanese = 0, latin = 0;

    for (size_t i = 0; i < verdicts->count; i++) {
        const struct letter_tally *all = &verdicts->list[i].sentence.all;
        add_verdict(&sums, &verdicts->list[i]);
        note_glyphs(&verdicts->list[i], result);
        japanese += 2 * ((uint64_t)all->hiragana + all->katakana + all->han);
        latin += all->latin;
        result->weight += verdicts->list[i].weight;
    }
    result->undecided_micro = share(sums.undecided, result->weight);
    result->japanese_micro = share(japanese, result->weight);
    result->latin_micro = share(latin, result->weight);
    fill_shares(&sums, result);
    fill_detected(result);
}

int language_detect(struct view text, struct view hint, struct language_result *ret_result)
{
    struct verdicts verdicts = {0};
    struct language_result result = {.is_blank = view_trim(text).len == 0};
    int code = read_all(&verdicts, text, hint);

    if (code == 0) {
        sum_up(&verdicts, &result);
        *ret_result = result;
    }
    mem_free(verdicts.list);
    return code;
}

int language_segments(struct arena *arena, struct view text, struct view hint,
                      struct language_segment **ret_segments, size_t *ret_count)
{
    struct verdicts verdicts = {0};
    int code = read_all(&verdicts, text, hint);
    struct language_segment *segments =
        code == 0 ? arena_new(arena, verdicts.count + 1, sizeof *segments) : NULL;

    if (code == 0 && segments == NULL)
        code = ERR_MEMORY;
    for (size_t i = 0; code == 0 && i < verdicts.count; i++) {
        const struct verdict *verdict = &verdicts.list[i];
        segments[i] = (struct language_segment){.start = verdict->sentence.start,
                                                .end = verdict->sentence.end,
                                                .weight = verdict->weight};
        name(segments[i].code, verdict->code);
    }
    if (code == 0) {
        *ret_segments = segments;
        *ret_count = verdicts.count;
    }
    mem_free(verdicts.list);
    return code;
}

void language_of_piece(struct view text, char ret_code[LANGUAGE_CODE_SIZE])
{
    struct sentence_reader reader;
    struct verdict verdict = {.standing = OPEN_LATIN};

    name(ret_code, "und");
    sentence_reader_init(&reader, utf8_cut(text, LANGUAGE_TEXT_MAX));
    if (!sentence_next(&reader, &verdict.sentence))
        return;
    judge(&verdict);
    take_lean(&verdict);
    if (verdict.standing == DECIDED)
        name(ret_code, verdict.code);
    else if (verdict.standing != OPEN_HAN)
        (void)ask(&verdict, 0, 1, reader.text, verdict.standing, ret_code);
}

/* ---- what was asked for ---------------------------------------------------------------------- */

bool language_is_expectation(struct view expected)
{
    if (view_is(expected, "any") || view_is(expected, "mixed"))
        return true;
    for (size_t i = 0; i < expected.len; i++)
        if (expected.ptr[i] < 'a' || expected.ptr[i] > 'z')
            return false;
    return expected.len == 2 || expected.len == 3;
}

/* How far a text goes towards both scripts: the smaller share against what is asked. */
static int64_t mixed_score(const struct language_result *result)
{
    int64_t least =
        result->japanese_micro < result->latin_micro ? result->japanese_micro : result->latin_micro;
    return least >= LANGUAGE_MIXED_MICRO ? ONE_MICRO : least * ONE_MICRO / LANGUAGE_MIXED_MICRO;
}

static int64_t single_score(struct view expected, const struct language_result *result)
{
    if (result->weight == 0)
        return ONE_MICRO;
    if (result->share_count == 0) {
        bool han = result->japanese_micro > 0 && result->japanese_micro >= result->latin_micro;
        bool fits = han ? view_is(expected, "ja") || view_is(expected, "zh")
                        : result->latin_micro > 0 && is_latin_language(expected);
        return fits ? ONE_MICRO : 0;
    }
    for (size_t i = 0; i < result->share_count; i++)
        if (view_is(expected, result->shares[i].code))
            return result->shares[i].share_micro >= LANGUAGE_PURE_MICRO
                       ? ONE_MICRO
                       : result->shares[i].share_micro;
    return 0;
}

bool language_matches(struct view expected, const struct language_result *result,
                      int64_t *ret_score_micro)
{
    int64_t score = ONE_MICRO;

    if (!view_is(expected, "any")) {
        if (result->is_blank)
            score = 0;
        else if (view_is(expected, "mixed"))
            score = mixed_score(result);
        else
            score = single_score(expected, result);
    }
    if (ret_score_micro != NULL)
        *ret_score_micro = score;
    return score == ONE_MICRO;
}
