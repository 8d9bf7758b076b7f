/* SPDX-License-Identifier: Apache-2.0
 *
 * extract_language: the language that an answer to a question should have, where the question
 * leaves no doubt. Questions that speak of languages or of translating are left alone. */
#include "core/validate/extract.h"

#include "text/language.h"
#include "text/normalise.h"

enum {
    WEIGHT_JA_MIN = 8,  /* four characters */
    WEIGHT_EN_MIN = 12, /* letters */
    FOLD_BYTES_MAX = 1 << 20,
    QUESTION_BYTES_MAX = 64 * 1024,
};

/* Folded. Where one of these stands the answer may well be in another language. */
static const char *const doubts[] = {
    "english",    "japanese", "chinese", "korean",   "french", "german",  "spanish",    "language",
    "translat",   "romaji",   "英語",    "日本語",   "中国語", "韓国語",  "フランス語", "ドイツ語",
    "スペイン語", "訳",       "言語",    "ローマ字", "eigo",   "nihongo", "bilingual",
};

static int is_doubtful(struct view question, bool *ret_doubtful)
{
    struct arena arena;
    struct normalised folded;

    arena_init(&arena, FOLD_BYTES_MAX * 8);
    int code = normalise_text(&arena, question, NORMALISE_CASE, &folded);
    for (size_t i = 0; code == 0 && i < sizeof doubts / sizeof doubts[0]; i++)
        if (view_find(folded.text, view_of(doubts[i]), 0) < folded.text.len)
            *ret_doubtful = true;
    arena_release(&arena);
    return code;
}

int extract_followed(struct view question, struct view *ret_language)
{
    struct language_result result;
    bool doubtful = false;

    *ret_language = (struct view){NULL, 0};
    question = view_slice(question, 0, QUESTION_BYTES_MAX);
    int code = language_detect(question, (struct view){NULL, 0}, &result);
    if (code == 0)
        code = is_doubtful(question, &doubtful);
    if (code != 0 || doubtful || result.share_count == 0
        || result.shares[0].share_micro < LANGUAGE_PURE_MICRO
        || result.undecided_micro > LANGUAGE_MIXED_MICRO)
        return code;
    if (view_is(view_of(result.detected), "ja") && result.weight >= WEIGHT_JA_MIN)
        *ret_language = view_of("ja");
    if (view_is(view_of(result.detected), "en") && result.weight >= WEIGHT_EN_MIN)
        *ret_language = view_of("en");
    return 0;
}
