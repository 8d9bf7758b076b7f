/* SPDX-License-Identifier: Apache-2.0
 *
 * keywords: see keywords.h. A text is folded once for all literal keywords and brought to NFKC once
 * for all expressions; what is found there is carried back by the offsets that normalising keeps.
 * */
#include "text/keywords.h"

#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/chars.h"
#include "text/normalise.h"
#include "text/pattern.h"

enum {
    FOLDED = NORMALISE_CASE | NORMALISE_KEYWORD,
    OWN_MEMORY_MAX = 64 * 1024 * 1024,
    TRAILING_MARK_MIN = 4, /* katakana in a row, the mark included, before it may be missing */
};

static const struct view LONG_VOWEL = VIEW("\xe3\x83\xbc");

struct needle {
    struct view text;
    struct view stem; /* without its last long-vowel mark; empty where that must be there */
};

struct keyword {
    struct needle *needles;
    size_t needle_count;
    struct pattern *pattern; /* instead of needles */
    unsigned at_least;
    bool whole_word;
};

struct keywords {
    struct arena arena;
    struct keyword *list;
    size_t count;
    bool has_needles;
    bool has_patterns;
    bool has_whole_words;
};

/* What is looked through. */
struct haystack {
    struct normalised folded;
    struct normalised nfkc;
    UBreakIterator *words; /* over folded, where whole words are asked for */
    UText *text;
};

/* Occurrences in the normal form. */
struct tally {
    uint32_t count;
    size_t start;
    size_t end;
};

/* ---- compiling ------------------------------------------------------------------------------- */

/* The needle without its last mark, where it ends in enough katakana. */
static struct view stem_of(struct view text)
{
    size_t pos = 0;
    size_t row = 0;

    while (pos < text.len)
        row = char_kind_of(utf8_next(text, &pos, NULL)) == CHAR_KATAKANA ? row + 1 : 0;
    if (row < TRAILING_MARK_MIN || !view_ends(text, LONG_VOWEL))
        return view_make("", 0);
    return view_slice(text, 0, text.len - LONG_VOWEL.len);
}

static int needle_make(struct arena *arena, struct view text, size_t number, struct needle *needle,
                       struct err *reterr)
{
    struct normalised folded;
    int code = normalise_text(arena, text, FOLDED, &folded);

    if (code != 0)
        return code;
    needle->text = view_trim(folded.text);
    if (needle->text.len == 0)
        return fail(reterr, ERR_CONFIG,
                    "keyword %zu is empty: write the text that is to be looked for", number);
    needle->stem = stem_of(needle->text);
    return 0;
}

static int compile_literal(struct keywords *keywords, const struct keyword_spec *spec,
                           struct keyword *keyword, size_t number, struct err *reterr)
{
    const struct view *texts = spec->kind == KEYWORD_ANY ? spec->any : &spec->text;
    size_t count = spec->kind == KEYWORD_ANY ? spec->any_count : 1;

    if (count == 0)
        return fail(reterr, ERR_CONFIG, "keyword %zu: 'any' lists no alternative", number);
    keyword->needles = arena_new(&keywords->arena, count, sizeof *keyword->needles);
    if (keyword->needles == NULL)
        return ERR_MEMORY;
    keyword->needle_count = count;
    for (size_t i = 0; i < count; i++) {
        int code = needle_make(&keywords->arena, texts[i], number, &keyword->needles[i], reterr);
        if (code != 0)
            return code;
    }
    keywords->has_needles = true;
    keywords->has_whole_words |= spec->whole_word;
    return 0;
}

static int compile_keyword(struct keywords *keywords, const struct keyword_spec *spec,
                           struct keyword *keyword, size_t number, struct err *reterr)
{
    keyword->at_least = spec->at_least > 0 ? spec->at_least : 1;
    keyword->whole_word = spec->whole_word;
    if (spec->kind != KEYWORD_MATCH)
        return compile_literal(keywords, spec, keyword, number, reterr);
    if (spec->text.len == 0)
        return fail(reterr, ERR_CONFIG, "keyword %zu: the regular expression is empty", number);
    int code = pattern_new(spec->text, &keyword->pattern, reterr);
    if (code == ERR_CONFIG || code == ERR_LIMIT)
        return fail_within(reterr, code, "keyword %zu: regular expression '%.*s': ", number,
                           VIEW_ARG(utf8_cut(spec->text, 200)));
    keywords->has_patterns = true;
    return code;
}

int keywords_new(const struct keyword_spec *specs, size_t count, struct keywords **ret_keywords,
                 struct err *reterr)
{
    if (count > KEYWORD_COUNT_MAX)
        return fail(reterr, ERR_LIMIT, "more than %d keywords", (int)KEYWORD_COUNT_MAX);
    struct keywords *keywords = mem_new(1, sizeof *keywords);
    if (keywords == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory");
    arena_init(&keywords->arena, OWN_MEMORY_MAX);
    if (count > 0)
        keywords->list = arena_new(&keywords->arena, count, sizeof *keywords->list);
    int code = count == 0 || keywords->list != NULL ? 0 : ERR_MEMORY;
    for (size_t i = 0; code == 0 && i < count; i++) {
        keywords->count = i + 1;
        code = compile_keyword(keywords, &specs[i], &keywords->list[i], i + 1, reterr);
    }
    if (code != 0) {
        keywords_free(keywords);
        return code == ERR_MEMORY ? fail(reterr, code, "out of memory") : code;
    }
    *ret_keywords = keywords;
    return 0;
}

void keywords_free(struct keywords *keywords)
{
    if (keywords == NULL)
        return;
    for (size_t i = 0; i < keywords->count && keywords->list != NULL; i++)
        pattern_free(keywords->list[i].pattern);
    arena_release(&keywords->arena);
    mem_free(keywords);
}

size_t keywords_count(const struct keywords *keywords)
{
    return keywords->count;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* Whether the word that stops at `end` without its mark really stops there: a mark that follows
 * belongs to it, any other katakana makes it another word. */
static bool stem_ends(struct view text, size_t *end)
{
    if (*end >= text.len)
        return true;
    size_t after = *end;
    uint32_t next = utf8_next(text, &after, NULL);
    if (next == 0x30fc) {
        *end = after;
        return true;
    }
    return char_kind_of(next) != CHAR_KATAKANA;
}

static bool is_whole(const struct haystack *haystack, size_t start, size_t end)
{
    return ubrk_isBoundary(haystack->words, (int32_t)start)
           && ubrk_isBoundary(haystack->words, (int32_t)end);
}

/* The first occurrence of the needle at or after `from`; start == text.len where there is none. */
static void needle_find(const struct haystack *haystack, const struct needle *needle,
                        bool whole_word, size_t from, size_t *ret_start, size_t *ret_end)
{
    struct view text = haystack->folded.text;
    struct view wanted = needle->stem.len > 0 ? needle->stem : needle->text;

    for (; from < text.len; from++) {
        size_t start = view_find(text, wanted, from);
        if (start >= text.len)
            break;
        size_t end = start + wanted.len;
        bool fits = needle->stem.len == 0 || stem_ends(text, &end);
        if (fits && (!whole_word || is_whole(haystack, start, end))) {
            *ret_start = start;
            *ret_end = end;
            return;
        }
        from = start;
    }
    *ret_start = text.len;
    *ret_end = text.len;
}

/* Counts from left to right, the longest alternative where several start in one place. Each
 * alternative's next place is kept, so that the text is gone through once for each. */
static int literal_find(const struct haystack *haystack, const struct keyword *keyword,
                        struct tally *tally)
{
    size_t *starts = mem_new(2 * keyword->needle_count, sizeof *starts);
    size_t *ends = starts != NULL ? starts + keyword->needle_count : NULL;
    size_t text_len = haystack->folded.text.len;

    if (starts == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < keyword->needle_count; i++)
        needle_find(haystack, &keyword->needles[i], keyword->whole_word, 0, &starts[i], &ends[i]);
    for (;;) {
        size_t best = 0;
        for (size_t i = 1; i < keyword->needle_count; i++)
            if (starts[i] < starts[best] || (starts[i] == starts[best] && ends[i] > ends[best]))
                best = i;
        if (starts[best] >= text_len)
            break;
        if (tally->count++ == 0) {
            tally->start = starts[best];
            tally->end = ends[best];
        }
        size_t from = ends[best];
        for (size_t i = 0; i < keyword->needle_count; i++)
            if (starts[i] < from)
                needle_find(haystack, &keyword->needles[i], keyword->whole_word, from, &starts[i],
                            &ends[i]);
    }
    mem_free(starts);
    return 0;
}

static int words_open(struct haystack *haystack)
{
    UErrorCode status = U_ZERO_ERROR;

    haystack->text = utext_openUTF8(NULL, haystack->folded.text.ptr,
                                    (int64_t)haystack->folded.text.len, &status);
    haystack->words = ubrk_open(UBRK_WORD, "", NULL, 0, &status);
    ubrk_setUText(haystack->words, haystack->text, &status);
    return U_SUCCESS(status) ? 0 : ERR_MEMORY;
}

static int haystack_make(const struct keywords *keywords, struct view text, struct arena *arena,
                         struct haystack *haystack)
{
    int code = 0;

    if (keywords->has_needles)
        code = normalise_text(arena, text, FOLDED | NORMALISE_OFFSETS, &haystack->folded);
    if (code == 0 && keywords->has_patterns)
        code = normalise_text(arena, text, NORMALISE_OFFSETS, &haystack->nfkc);
    if (code == 0 && keywords->has_whole_words)
        code = words_open(haystack);
    return code;
}

static void haystack_release(struct haystack *haystack)
{
    if (haystack->words != NULL)
        ubrk_close(haystack->words);
    if (haystack->text != NULL)
        utext_close(haystack->text);
}

/* Where an empty match stands in the source. */
static size_t point_of(const struct normalised *normalised, size_t at, size_t source_len)
{
    return at < normalised->text.len ? normalised->start_at[at] : source_len;
}

static int keyword_find(const struct keyword *keyword, const struct haystack *haystack,
                        size_t source_len, struct keyword_found *found, struct err *reterr)
{
    struct tally tally = {0};
    const struct normalised *where = &haystack->folded;
    int code = 0;

    if (keyword->pattern != NULL) {
        struct pattern_hits hits = {0};
        where = &haystack->nfkc;
        code = pattern_find(keyword->pattern, where->text, &hits, reterr);
        tally = (struct tally){.count = hits.count, .start = hits.start, .end = hits.end};
    } else {
        code = literal_find(haystack, keyword, &tally);
    }
    if (code != 0)
        return code;
    *found =
        (struct keyword_found){.found = tally.count >= keyword->at_least, .count = tally.count};
    if (tally.end > tally.start)
        normalised_source(where, tally.start, tally.end, &found->start, &found->end);
    else if (tally.count > 0)
        found->start = found->end = point_of(where, tally.start, source_len);
    return 0;
}

int keywords_find(const struct keywords *keywords, struct view text,
                  struct keyword_found *ret_found, struct err *reterr)
{
    if (text.len > NORMALISE_SOURCE_MAX)
        return fail(reterr, ERR_LIMIT, "the text has more than %d bytes",
                    (int)NORMALISE_SOURCE_MAX);
    struct arena arena;
    struct haystack haystack = {.folded = {.text = {.ptr = ""}}, .nfkc = {.text = {.ptr = ""}}};
    arena_init(&arena, 256 * text.len + OWN_MEMORY_MAX);
    int code = haystack_make(keywords, text, &arena, &haystack);
    for (size_t i = 0; code == 0 && i < keywords->count; i++) {
        code = keyword_find(&keywords->list[i], &haystack, text.len, &ret_found[i], reterr);
        if (code == ERR_LIMIT)
            code = fail_within(reterr, code, "keyword %zu: ", i + 1);
    }
    haystack_release(&haystack);
    arena_release(&arena);
    return code == ERR_MEMORY ? fail(reterr, code, "out of memory") : code;
}

/* ---- the figure ------------------------------------------------------------------------------ */

int64_t keywords_coverage_micro(size_t expected_found, size_t expected_total,
                                size_t forbidden_found, size_t forbidden_total)
{
    static const uint64_t ONE = 1000000;

    assert_always(expected_found <= expected_total && expected_total <= 2 * KEYWORD_COUNT_MAX);
    assert_always(forbidden_found <= forbidden_total && forbidden_total <= 2 * KEYWORD_COUNT_MAX);
    uint64_t kept = forbidden_total - forbidden_found;
    uint64_t above = expected_found;
    uint64_t below = expected_total;
    if (expected_total == 0 && forbidden_total == 0)
        return (int64_t)ONE;
    if (expected_total == 0) {
        above = kept;
        below = forbidden_total;
    } else if (forbidden_total > 0) {
        above = expected_found * forbidden_total + kept * expected_total;
        below = 2 * expected_total * forbidden_total;
    }
    return (int64_t)((above * ONE + below / 2) / below);
}
