/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency: see fluency.h.
 *
 * Order and cost are means over a text's morphemes, in spreads above the mean of ordinary Japanese.
 * Their variance is that between texts and that between morphemes, divided by their number. The
 * worst single sentence counts too, less what the worst of so many is expected to be. */
#include "text/fluency.h"

#include <math.h>

#include "base/map.h"
#include "base/utf8.h"
#include "text/chars.h"
#include "text/fluency_internal.h"
#include "text/fluency_order.h"
#include "text/han.h"
#include "text/language.h"
#include "text/structure.h"

enum {
    MILLI = 1000,
    SPREADS_MAX = 30 * MILLI,
    SENTENCE_MIN = 5,         /* morphemes of a sentence that is judged alone */
    JAPANESE_MICRO = 200000,  /* share of the letters that makes a text Japanese */
    UNSEEN_SHARE = 5,         /* one class of so many unseen: another dictionary than IPADIC */
    UNKNOWN_ALLOWED = 100000, /* share of unknown words that costs nothing */
    UNKNOWN_FACTOR = 3,
    CODE_MIN = 4,        /* letters and signs */
    MINORITY_FACTOR = 2, /* half of the sentences in the other register leave nothing */
};

static const uint64_t word_seed = 0x776f726473u;

/* A measure of words: what it is in ordinary Japanese (develop halves of JSTS, JNLI, JSQuAD,
 * rakuda), and how spreads become a part: 1 / (1 + exp(steepness × (spreads − middle))). */
struct measure {
    double mean;
    double variance_texts;
    double variance_words;
    double steepness;
    double middle;
};

static const struct measure order_measure = {2.2, 0.08, 5.5, 1.2, 3.0};
static const struct measure cost_measure = {-3250, 53000, 3000000, 0.8, 4.5};

struct reading {
    struct arena *arena;
    const struct morphology *morphology;
    struct order_sum order;
    int64_t cost;       /* of connections */
    uint32_t morphemes; /* of sentences that are long enough */
    uint32_t words;     /* of all */
    uint32_t unknown;
    uint32_t repeated;
    uint32_t sentences;
    double worst_order; /* spreads of the worst sentence */
    double worst_cost;
    uint32_t styles[2][FLUENCY_STYLE_MIXED]; /* sentences in prose and in items of lists */
    uint32_t simplified;
};

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static double spreads(const struct measure *measure, double mean, size_t count)
{
    return (mean - measure->mean)
           / sqrt(measure->variance_texts + measure->variance_words / (double)count);
}

static double order_spreads(const struct order_sum *sum)
{
    return spreads(&order_measure, (double)sum->cost / 16 / sum->count, sum->count);
}

/* ---- a sentence ----------------------------------------------------------------------------- */

static bool is_among(char byte, const char *set)
{
    return byte != '\0' && strchr(set, byte) != NULL;
}

/* The end of the run of ASCII signs and letters that starts at `at`. */
static size_t run_end(struct view text, size_t at)
{
    while (at < text.len && text.ptr[at] > ' ' && text.ptr[at] < 0x7f)
        at++;
    return at;
}

/* Addresses, names of code and the like, which are no words. */
static bool is_code(struct view run)
{
    bool has_letter = false, has_sign = false;

    for (size_t i = 0; i < run.len; i++) {
        has_letter = has_letter || ((run.ptr[i] | 0x20) >= 'a' && (run.ptr[i] | 0x20) <= 'z');
        has_sign = has_sign || is_among(run.ptr[i], "/_=@{}<>");
    }
    return has_letter && has_sign && run.len >= CODE_MIN;
}

/* Past the bullet or number of a list's item. */
static size_t marker_end(struct view sentence)
{
    size_t at = 0;

    while (at < sentence.len && is_among(sentence.ptr[at], "-+> \t\n"))
        at++;
    size_t end = at;
    while (end < sentence.len && sentence.ptr[end] >= '0' && sentence.ptr[end] <= '9')
        end++;
    return end > at && end < sentence.len && is_among(sentence.ptr[end], ".)") ? end + 1 : at;
}

/* A copy as it is read aloud: a pronoun for code, without the marks of Markdown, which no
 * dictionary knows. */
static int as_read(struct arena *arena, struct view sentence, struct view *ret_plain)
{
    const struct view pronoun = VIEW("それ");
    char *plain = arena_new(arena, 2 * sentence.len + 1, 1);
    size_t len = 0, at = 0;

    if (plain == NULL)
        return ERR_MEMORY;
    at = marker_end(sentence);
    while (at < sentence.len) {
        size_t end = run_end(sentence, at);
        if (is_code(view_slice(sentence, at, end))) {
            memcpy(plain + len, pronoun.ptr, pronoun.len);
            len += pronoun.len;
            at = end;
            continue;
        }
        for (end = end > at ? end : at + 1; at < end; at++)
            if (!is_among(sentence.ptr[at], "*_`#|~"))
                plain[len++] = sentence.ptr[at];
    }
    *ret_plain = view_trim(view_make(plain, len));
    return 0;
}

static bool is_japanese_word(struct view word)
{
    for (size_t pos = 0; pos < word.len;) {
        enum char_kind kind = char_kind_of(utf8_next(word, &pos, NULL));
        if (kind == CHAR_HAN || kind == CHAR_HIRAGANA || kind == CHAR_KATAKANA)
            return true;
    }
    return false;
}

static bool has_end(struct view sentence)
{
    return view_ends(sentence, view_of("。")) || view_ends(sentence, view_of("！"))
           || view_ends(sentence, view_of("？"));
}

static int count_repeated(struct reading *reading, struct view text,
                          const struct morpheme *morphemes, size_t count)
{
    uint32_t *items = arena_new(reading->arena, count + 1, sizeof *items);

    if (items == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        bool may = morphemes[i].kind == MORPHEME_SIGN || morphemes[i].kind == MORPHEME_NUMBER;
        struct view word = view_slice(text, morphemes[i].start, morphemes[i].end);
        items[i] = may ? 0 : (uint32_t)map_hash(word, word_seed) | 1u;
    }
    reading->repeated += fluency_repeated_words(items, count);
    return 0;
}

static void add_sentence(struct reading *reading, const struct order_sum *order, int64_t cost,
                         size_t count)
{
    double mean = (double)cost / (double)count;

    reading->order.count += order->count;
    reading->order.unseen += order->unseen;
    reading->order.cost += order->cost;
    reading->cost += cost;
    reading->morphemes += (uint32_t)count;
    reading->sentences++;
    reading->worst_order = larger(reading->worst_order, order_spreads(order));
    reading->worst_cost = larger(reading->worst_cost, spreads(&cost_measure, mean, count));
}

static int read_words(struct reading *reading, struct view text)
{
    const struct morpheme *morphemes;
    struct order_sum order = {0};
    size_t count;
    int64_t cost = 0;

    int code = reading->morphology->analyse(reading->morphology->context, reading->arena, text,
                                            &morphemes, &count);
    if (code != 0 || count == 0)
        return code;
    for (size_t i = 0; i < count; i++) {
        cost += morphemes[i].cost - morphemes[i].word_cost;
        reading->unknown +=
            morphemes[i].is_unknown
            && is_japanese_word(view_slice(text, morphemes[i].start, morphemes[i].end));
    }
    reading->words += (uint32_t)count;
    if (count >= SENTENCE_MIN) {
        order_add(&order, text, morphemes, count, has_end(text));
        add_sentence(reading, &order, cost, count);
    }
    return count_repeated(reading, text, morphemes, count);
}

static bool is_item(struct view text, size_t start)
{
    static const char *const marks[] = {"-", "*", "+", "・", "•", "|", "#", ">", "●", "■", "○"};
    size_t at = start;

    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\n'))
        at++;
    struct view rest = view_slice(text, at, text.len);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (view_starts(rest, view_of(marks[i])))
            return true;
    return marker_end(rest) > 0;
}

static int read_sentence(struct reading *reading, struct view text, size_t start, size_t end)
{
    struct view sentence = view_slice(text, start, end);
    struct view plain;

    for (size_t pos = 0; pos < sentence.len;)
        reading->simplified += (han_signs(utf8_next(sentence, &pos, NULL)) & HAN_SIMPLIFIED) != 0;
    reading->styles[is_item(text, start)][fluency_style_of(view_trim(sentence))]++;
    int code = as_read(reading->arena, sentence, &plain);
    return code != 0 || reading->morphology == NULL ? code : read_words(reading, plain);
}

/* Without kana there is no Japanese sentence to judge: most texts in other languages end here. */
static bool has_kana(struct view text)
{
    for (size_t i = 0; i + 2 < text.len; i++) {
        const unsigned char *at = (const unsigned char *)text.ptr + i;
        if (at[0] == 0xe3 && at[1] >= 0x81 && at[1] <= 0x83)
            return true;
        if (at[0] == 0xef && (at[1] == 0xbd || at[1] == 0xbe)) /* half-width */
            return true;
    }
    return false;
}

/* Reads the Japanese sentences; *ret_is_japanese where they make a good part of the text. */
static int read_japanese(struct reading *reading, struct view text, bool *ret_is_japanese)
{
    struct language_segment *segments;
    size_t count;
    uint64_t japanese = 0, all = 0;

    if (!has_kana(text))
        return 0;
    int code = language_segments(reading->arena, text, (struct view){NULL, 0}, &segments, &count);
    for (size_t i = 0; code == 0 && i < count; i++) {
        all += segments[i].weight;
        if (strcmp(segments[i].code, "ja") != 0)
            continue;
        japanese += segments[i].weight;
        code = read_sentence(reading, text, segments[i].start, segments[i].end);
    }
    *ret_is_japanese = japanese != 0 && japanese * FLUENCY_ONE >= all * JAPANESE_MICRO;
    return code;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static int32_t part_of_spreads(const struct measure *measure, int32_t milli)
{
    double x = measure->steepness * ((double)milli / MILLI - measure->middle);

    return (int32_t)lround(FLUENCY_ONE / (1 + exp(x)));
}

int32_t fluency_part_of_order(int32_t milli)
{
    return part_of_spreads(&order_measure, milli);
}

int32_t fluency_part_of_cost(int32_t milli)
{
    return part_of_spreads(&cost_measure, milli);
}

/* The text's spreads, or those of its worst sentence less what the worst of so many has. */
static int32_t milli_of(double whole, double worst, uint32_t sentences)
{
    double expected = sentences > 1 ? 0.7 * sqrt(2 * log(sentences)) : 0;
    double value = larger(whole, sentences > 1 ? worst - expected : whole);

    return (int32_t)lround(larger(-SPREADS_MAX, smaller(SPREADS_MAX, value * MILLI)));
}

static void judge_sentences(const struct reading *reading, struct fluency *fluency)
{
    double mean = (double)reading->cost / reading->morphemes;

    fluency->cost_milli = milli_of(spreads(&cost_measure, mean, reading->morphemes),
                                   reading->worst_cost, reading->sentences);
    fluency->parts_micro[FLUENCY_COST] = fluency_part_of_cost(fluency->cost_milli);
    if (reading->order.unseen * UNSEEN_SHARE > reading->order.count)
        return;
    fluency->order_milli =
        milli_of(order_spreads(&reading->order), reading->worst_order, reading->sentences);
    fluency->parts_micro[FLUENCY_ORDER] = fluency_part_of_order(fluency->order_milli);
}

static void judge_words(const struct reading *reading, struct fluency *fluency)
{
    int32_t *part = fluency->parts_micro;

    fluency->morphemes = reading->words;
    if (reading->morphemes > 0)
        judge_sentences(reading, fluency);
    if (reading->words == 0)
        return;
    int64_t unknown = (int64_t)FLUENCY_ONE * reading->unknown / reading->words;
    int64_t taken = unknown > UNKNOWN_ALLOWED ? (unknown - UNKNOWN_ALLOWED) * UNKNOWN_FACTOR : 0;
    part[FLUENCY_UNKNOWN] = taken >= FLUENCY_ONE ? 0 : (int32_t)(FLUENCY_ONE - taken);
    int32_t loops = fluency_of_loops(reading->repeated, reading->words);
    if (loops < part[FLUENCY_REPETITION])
        part[FLUENCY_REPETITION] = loops;
}

enum fluency_style fluency_style_by(uint32_t polite, uint32_t plain)
{
    if (polite + plain == 0)
        return FLUENCY_STYLE_NONE;
    if (polite * 4 >= (polite + plain) * 3)
        return FLUENCY_POLITE;
    return plain * 4 >= (polite + plain) * 3 ? FLUENCY_PLAIN : FLUENCY_STYLE_MIXED;
}

static void judge_japanese(const struct reading *reading, struct view text, struct fluency *fluency)
{
    /* Lists are often terse in polite prose: they count where there is nothing else. */
    bool has_prose = reading->styles[0][FLUENCY_POLITE] + reading->styles[0][FLUENCY_PLAIN] > 0;
    uint32_t polite = reading->styles[!has_prose][FLUENCY_POLITE];
    uint32_t plain = reading->styles[!has_prose][FLUENCY_PLAIN];
    uint32_t minority = polite < plain ? polite : plain;
    uint32_t decided = polite + plain;

    fluency->polite = polite;
    fluency->plain = plain;
    fluency->style = fluency_style_by(polite, plain);
    fluency->parts_micro[FLUENCY_GLYPHS] = FLUENCY_ONE / (int32_t)(1 + reading->simplified);
    fluency->parts_micro[FLUENCY_WIDTH] = fluency_width(text);
    if (decided > 0)
        fluency->parts_micro[FLUENCY_REGISTER] =
            (int32_t)(FLUENCY_ONE - (int64_t)FLUENCY_ONE * MINORITY_FACTOR * minority / decided);
    judge_words(reading, fluency);
}

static const struct {
    const char *name;
    const char *words;
    int32_t loss_micro;
} parts[] = {
#define FLUENCY_PART(id, name, loss_micro, is_japanese, words) {name, words, loss_micro},
#include "text/fluency_parts.def"
#undef FLUENCY_PART
};

int32_t fluency_product(const int32_t parts_micro[FLUENCY_PARTS])
{
    int64_t score = FLUENCY_ONE;

    for (size_t i = 0; i < FLUENCY_PARTS; i++) {
        if (parts_micro[i] == FLUENCY_ABSENT)
            continue;
        int64_t taken = (int64_t)parts[i].loss_micro * (FLUENCY_ONE - parts_micro[i]) / FLUENCY_ONE;
        score = score * (FLUENCY_ONE - taken) / FLUENCY_ONE;
    }
    return (int32_t)score;
}

int fluency_of(struct arena *arena, struct view answer, const struct morphology *morphology,
               struct fluency *ret_fluency)
{
    struct view prose;
    int code = structure_prose(arena, answer, &prose);
    struct view seen = utf8_cut(prose, FLUENCY_TEXT_MAX);
    struct reading reading = {
        .arena = arena, .morphology = morphology, .worst_order = -1e9, .worst_cost = -1e9};
    struct fluency fluency = {.style = FLUENCY_STYLE_NONE};
    bool is_japanese = false;

    if (code != 0)
        return code;
    for (size_t i = 0; i < FLUENCY_PARTS; i++)
        fluency.parts_micro[i] = FLUENCY_ABSENT;
    fluency.parts_micro[FLUENCY_BYTES] = fluency_bytes(seen);
    fluency.parts_micro[FLUENCY_BRACKETS] = fluency_brackets(seen);
    fluency.is_blank = view_trim(prose).len == 0;
    bool is_whole = view_equal(seen, answer); /* a value of JSON ends where it ends */
    fluency.parts_micro[FLUENCY_ENDING] = is_whole ? fluency_ending(seen) : FLUENCY_ABSENT;
    code = fluency_repetition(arena, seen, &fluency.parts_micro[FLUENCY_REPETITION]);
    if (code == 0)
        code = read_japanese(&reading, seen, &is_japanese);
    if (code != 0)
        return code;
    if (is_japanese)
        judge_japanese(&reading, seen, &fluency);
    fluency.score_micro = fluency_product(fluency.parts_micro);
    *ret_fluency = fluency;
    return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

const char *fluency_part_name(enum fluency_part part)
{
    assert_always(part < FLUENCY_PARTS);
    return parts[part].name;
}

const char *fluency_part_words(enum fluency_part part)
{
    assert_always(part < FLUENCY_PARTS);
    return parts[part].words;
}

const char *fluency_style_name(enum fluency_style style)
{
    static const char *const names[] = {"none", "polite", "plain", "mixed"};

    assert_always((size_t)style < sizeof names / sizeof names[0]);
    return names[style];
}
