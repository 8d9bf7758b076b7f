/* SPDX-License-Identifier: Apache-2.0
 *
 * overlap: see overlap.h. N-grams are compared by 64-bit hashes of their words, sorted, so that the
 * common ones of two texts are found in one pass over both. */
#include "text/overlap.h"

#include <math.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { GRAM_MAX = 4, WORD_SEED = 11, GRAM_SEED = 12 };

/* ---- edit distance --------------------------------------------------------------------------- */

static int codepoints(struct view text, uint32_t **ret_codepoints, size_t *ret_count)
{
    size_t count = utf8_count(text);
    size_t pos = 0;

    if (count > OVERLAP_CHARS_MAX)
        return ERR_LIMIT;
    uint32_t *items = mem_new(count + 1, sizeof *items);
    if (items == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; pos < text.len; i++)
        items[i] = utf8_next(text, &pos, NULL);
    *ret_codepoints = items;
    *ret_count = count;
    return 0;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t d = a < b ? a : b;
    return d < c ? d : c;
}

/* One row of the table is enough: row[j] is the distance of a[0..i) and b[0..j). */
static size_t distance_of(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
                          size_t *row)
{
    for (size_t j = 0; j <= b_count; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_count; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_count; j++) {
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_count];
}

int overlap_distance(struct view a, struct view b, size_t *ret_distance)
{
    uint32_t *left = NULL;
    uint32_t *right = NULL;
    size_t left_count = 0;
    size_t right_count = 0;
    size_t *row = NULL;

    int code = codepoints(a, &left, &left_count);
    if (code == 0)
        code = codepoints(b, &right, &right_count);
    if (code == 0) {
        row = mem_new(right_count + 1, sizeof *row);
        code = row != NULL ? 0 : ERR_MEMORY;
    }
    if (code == 0)
        *ret_distance = distance_of(left, left_count, right, right_count, row);
    mem_free(row);
    mem_free(right);
    mem_free(left);
    return code;
}

/* ---- words ----------------------------------------------------------------------------------- */

struct words {
    uint64_t *items; /* hashes */
    size_t count;
};

enum class_of_byte { BYTE_SPACE, BYTE_SIGN, BYTE_WORD };

static enum class_of_byte class_of(char byte)
{
    unsigned char c = (unsigned char)byte;

    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return BYTE_SPACE;
    bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                   || c >= 0x80 || c == '_';
    return is_word ? BYTE_WORD : BYTE_SIGN;
}

/* The next word at or after *pos; empty at the end. With `apart` a sign is a word of its own. */
static struct view next_word(struct view text, size_t *pos, bool apart)
{
    size_t start = *pos;

    while (start < text.len && class_of(text.ptr[start]) == BYTE_SPACE)
        start++;
    size_t end = start;
    while (end < text.len && class_of(text.ptr[end]) != BYTE_SPACE
           && (!apart || end == start
               || (class_of(text.ptr[end]) == BYTE_WORD && class_of(text.ptr[start]) == BYTE_WORD)))
        end++;
    *pos = end;
    return view_slice(text, start, end);
}

static uint64_t hash_of_word(struct view word)
{
    uint64_t hash = WORD_SEED;
    char piece[64];

    for (size_t from = 0; from < word.len; from += sizeof piece) {
        size_t len = word.len - from < sizeof piece ? word.len - from : sizeof piece;
        for (size_t i = 0; i < len; i++) {
            char c = word.ptr[from + i];
            piece[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
        hash = map_hash(view_make(piece, len), hash);
    }
    return hash;
}

size_t overlap_words(struct view text)
{
    size_t pos = 0;
    size_t count = 0;

    while (next_word(text, &pos, false).len > 0)
        count++;
    return count;
}

static int words_of(struct view text, bool apart, struct words *ret_words)
{
    size_t pos = 0;
    size_t count = 0;

    while (next_word(text, &pos, apart).len > 0)
        if (++count > OVERLAP_WORDS_MAX)
            return ERR_LIMIT;
    struct words words = {.items = mem_new(count + 1, sizeof *words.items), .count = count};
    if (words.items == NULL)
        return ERR_MEMORY;
    pos = 0;
    for (size_t i = 0; i < count; i++)
        words.items[i] = hash_of_word(next_word(text, &pos, apart));
    *ret_words = words;
    return 0;
}

/* ---- n-grams --------------------------------------------------------------------------------- */

static int compare_hashes(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

static size_t gram_count(const struct words *words, unsigned n)
{
    return words->count >= n ? words->count - n + 1 : 0;
}

static int grams_of(const struct words *words, unsigned n, uint64_t **ret_grams)
{
    size_t count = gram_count(words, n);
    uint64_t *grams = mem_new(count + 1, sizeof *grams);

    if (grams == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        grams[i] = map_hash(view_make(&words->items[i], n * sizeof *words->items), GRAM_SEED);
    qsort(grams, count, sizeof *grams, compare_hashes);
    *ret_grams = grams;
    return 0;
}

/* N-grams that both have, each as often as both have it. */
static int common_grams(const struct words *a, const struct words *b, unsigned n,
                        size_t *ret_common)
{
    uint64_t *left = NULL;
    uint64_t *right = NULL;
    size_t common = 0;

    int code = grams_of(a, n, &left);
    if (code == 0)
        code = grams_of(b, n, &right);
    for (size_t i = 0, j = 0; code == 0 && i < gram_count(a, n) && j < gram_count(b, n);) {
        if (left[i] == right[j]) {
            common++;
            i++;
            j++;
        } else if (left[i] < right[j]) {
            i++;
        } else {
            j++;
        }
    }
    mem_free(left);
    mem_free(right);
    if (code == 0)
        *ret_common = common;
    return code;
}

int overlap_rouge(struct view answer, struct view reference, unsigned n, double *ret_share)
{
    struct words ours = {NULL, 0};
    struct words theirs = {NULL, 0};
    size_t common = 0;

    int code = words_of(answer, true, &ours);
    if (code == 0)
        code = words_of(reference, true, &theirs);
    if (code == 0)
        code = common_grams(&ours, &theirs, n, &common);
    size_t total = gram_count(&theirs, n);
    mem_free(ours.items);
    mem_free(theirs.items);
    if (code == 0)
        *ret_share = total > 0 ? (double)common / (double)total : 0;
    return code;
}

/* ---- BLEU and GLEU --------------------------------------------------------------------------- */

/* Common n-grams of an answer and one reference, by n. */
struct matches {
    size_t common[GRAM_MAX];
    size_t ours[GRAM_MAX];
    size_t theirs[GRAM_MAX];
};

static int match(const struct words *ours, const struct words *theirs, struct matches *ret_matches)
{
    int code = 0;

    for (unsigned n = 1; code == 0 && n <= GRAM_MAX; n++) {
        ret_matches->ours[n - 1] = gram_count(ours, n);
        ret_matches->theirs[n - 1] = gram_count(theirs, n);
        code = common_grams(ours, theirs, n, &ret_matches->common[n - 1]);
    }
    return code;
}

/* What is kept over the references: the most common n-grams, the closest length, the best GLEU. */
struct best {
    struct matches matches;
    size_t length;
    double gleu;
};

static void keep_best(const struct matches *found, struct best *best)
{
    size_t common = 0;
    size_t ours = 0;
    size_t theirs = 0;

    for (size_t n = 0; n < GRAM_MAX; n++) {
        common += found->common[n];
        ours += found->ours[n];
        theirs += found->theirs[n];
        if (found->common[n] > best->matches.common[n])
            best->matches.common[n] = found->common[n];
        best->matches.ours[n] = found->ours[n];
    }
    size_t most = ours > theirs ? ours : theirs;
    double gleu = most > 0 ? (double)common / (double)most : 0;
    if (gleu > best->gleu)
        best->gleu = gleu;
}

static size_t apart(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

static int best_of(struct view answer, const struct view *references, size_t count,
                   struct words *ours, struct best *best)
{
    int code = words_of(answer, false, ours);

    for (size_t i = 0; code == 0 && i < count; i++) {
        struct words theirs = {NULL, 0};
        struct matches found = {.common = {0}};
        code = words_of(references[i], false, &theirs);
        if (code == 0)
            code = match(ours, &theirs, &found);
        if (code == 0)
            keep_best(&found, best);
        if (i == 0 || apart(theirs.count, ours->count) < apart(best->length, ours->count))
            best->length = theirs.count;
        mem_free(theirs.items);
    }
    return code;
}

static double bleu_of(const struct best *best, size_t words)
{
    const double nothing = 1e-7;
    double sum = 0;

    if (words == 0)
        return 0;
    for (size_t n = 0; n < GRAM_MAX; n++) {
        double total = (double)best->matches.ours[n];
        double precision = total > 0 ? (double)best->matches.common[n] / total : 0;
        sum += log(precision > 0 ? precision : nothing) / GRAM_MAX;
    }
    double brevity = words >= best->length ? 1 : exp(1 - (double)best->length / (double)words);
    return brevity * exp(sum);
}

int overlap_bleu(struct view answer, const struct view *references, size_t count, double *ret_score)
{
    struct best best = {.length = 0};
    struct words ours = {NULL, 0};

    int code = best_of(answer, references, count, &ours, &best);
    mem_free(ours.items);
    if (code == 0)
        *ret_score = bleu_of(&best, ours.count);
    return code;
}

int overlap_gleu(struct view answer, const struct view *references, size_t count, double *ret_score)
{
    struct best best = {.length = 0};
    struct words ours = {NULL, 0};

    int code = best_of(answer, references, count, &ours, &best);
    mem_free(ours.items);
    if (code == 0)
        *ret_score = best.gleu;
    return code;
}
