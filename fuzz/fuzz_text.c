/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_text: any bytes, the first line a keyword or expression, the rest an answer, go through
 * everything that reads answers. Places lie inside the answer and come in order, normal forms are
 * valid UTF-8, shares are shares. */
#include "base/utf8.h"
#include "text/chars.h"
#include "text/fluency.h"
#include "text/keywords.h"
#include "text/language.h"
#include "text/normalise.h"
#include "text/similarity.h"
#include "text/structure.h"
#include "text/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 64 * 1024 * 1024, MATCHED_MAX = 200, ONE_MICRO = 1000000 };

static void check_normal_form(struct arena *arena, struct view text, unsigned flags)
{
    struct normalised normal;

    assert_always(normalise_text(arena, text, flags | NORMALISE_OFFSETS, &normal) == 0);
    assert_always(utf8_valid(normal.text, NULL));
    for (size_t i = 0; i < normal.text.len; i++) {
        assert_always(normal.start_at[i] < normal.end_at[i] && normal.end_at[i] <= text.len);
        assert_always(i == 0 || normal.start_at[i] >= normal.start_at[i - 1]);
    }
}

static void check_keyword(const struct keyword_spec *spec, struct view text)
{
    struct keywords *keywords = NULL;
    struct keyword_found found;
    struct err err = {0};

    if (keywords_new(spec, 1, &keywords, &err) != 0) {
        assert_always(err.text[0] != '\0');
        return;
    }
    if (keywords_find(keywords, text, &found, &err) == 0)
        assert_always(found.start <= found.end && found.end <= text.len
                      && found.found == (found.count > 0));
    else
        assert_always(err.code == ERR_LIMIT || err.code == ERR_INVALID);
    keywords_free(keywords);
}

static void check_language(struct arena *arena, struct view text)
{
    struct language_result result;
    struct language_segment *segments = NULL;
    size_t count = 0, end = 0;
    int64_t sum = 0, score = 0;

    assert_always(language_detect(text, view_of("ja"), &result) == 0);
    for (size_t i = 0; i < result.share_count; i++)
        sum += result.shares[i].share_micro;
    assert_always(sum <= ONE_MICRO + LANGUAGE_SHARES_MAX);
    assert_always(result.undecided_micro >= 0 && result.undecided_micro <= ONE_MICRO);
    assert_always(result.simplified_count == 0 || result.simplified_at < text.len);
    bool fits = language_matches(view_of("ja"), &result, &score);
    assert_always(score >= 0 && score <= ONE_MICRO && fits == (score == ONE_MICRO));
    assert_always(language_segments(arena, text, view_of(""), &segments, &count) == 0);
    for (size_t i = 0; i < count; i++) {
        assert_always(segments[i].start >= end && segments[i].end > segments[i].start);
        end = segments[i].end;
    }
    assert_always(end <= text.len);
}

static void check_structure(struct arena *arena, struct view text)
{
    struct structure_result result;
    struct view prose;

    for (unsigned i = 0; i <= STRUCTURE_MARKDOWN; i++) {
        const struct structure_spec spec = {
            .format = (enum structure_format)i, .fenced = true, .elements = i % 2 * STRUCTURE_LIST};
        structure_check(&spec, text, &result);
        assert_always(result.ok == (result.score_micro == ONE_MICRO));
        assert_always(result.ok == (result.why[0] == '\0'));
        assert_always(utf8_valid(view_of(result.why), NULL));
    }
    assert_always(structure_prose(arena, text, &prose) == 0);
}

/* Shares are shares, and a text reads as itself. */
static void check_fluency(struct arena *arena, struct view text)
{
    struct fluency fluency;
    struct fluency_change change;

    assert_always(fluency_of(arena, text, NULL, &fluency) == 0);
    fluency_compare(&fluency, &fluency, 1, &change);
    for (unsigned i = 0; i < FLUENCY_PARTS; i++) {
        int32_t part = fluency.parts_micro[i];
        assert_always(part >= FLUENCY_ABSENT && part <= ONE_MICRO);
        assert_always(part == FLUENCY_ABSENT || change.parts_micro[i] == ONE_MICRO);
    }
    assert_always(fluency.score_micro >= 0 && fluency.score_micro <= ONE_MICRO);
    assert_always(change.score_micro == ONE_MICRO && !change.style_changed);
}

static void check_counts(struct view text)
{
    size_t chars = 0, words = 0;
    int64_t cosine = 0;

    assert_always(chars_count(text, &chars) == 0 && chars <= text.len);
    assert_always(chars_words(text, &words) == 0 && words <= text.len);
    assert_always((tokens_estimate(text) == 0) == (text.len == 0));
    assert_always(ngram_similarity_micro(NULL, text, text, &cosine) == 0 && cosine == ONE_MICRO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_make(data, size);
    struct view first = view_split(&rest, '\n');
    struct view text = rest.ptr != NULL ? rest : view_make("", 0);
    struct arena arena;

    arena_init(&arena, ROOM);
    check_normal_form(&arena, text, 0);
    check_normal_form(&arena, text, NORMALISE_CASE | NORMALISE_KEYWORD);
    check_keyword(&(struct keyword_spec){.kind = KEYWORD_TEXT, .text = first}, text);
    check_keyword(
        &(struct keyword_spec){
            .kind = KEYWORD_ANY, .any = &first, .any_count = 1, .whole_word = true},
        text);
    check_keyword(
        &(struct keyword_spec){.kind = KEYWORD_MATCH, .text = utf8_cut(first, MATCHED_MAX)},
        utf8_cut(text, MATCHED_MAX));
    check_language(&arena, text);
    check_structure(&arena, text);
    check_fluency(&arena, text);
    check_counts(text);
    arena_release(&arena);
    return 0;
}
