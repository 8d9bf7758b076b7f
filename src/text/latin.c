/* SPDX-License-Identifier: Apache-2.0
 *
 * latin: see latin.h. */
#include "text/latin.h"

#include <limits.h>
#include <stdlib.h>

/* CLD2::ExtDetectLanguageSummary(const char *, int, bool, Language *, int *, int *, bool *) and
 * CLD2::LanguageCode(Language), as libcld2 0.0.197 exports them. */
extern int cld2_detect(
    const char *text, int len, bool is_plain_text, int *languages3, int *percents3, int *text_bytes,
    bool *is_reliable) __asm__("_ZN4CLD224ExtDetectLanguageSummaryEPKcibPNS_8LanguageEPiS4_Pb");
extern const char *cld2_code(int language) __asm__("_ZN4CLD212LanguageCodeENS_8LanguageE");

enum { WORD_MAX = 8, CODE_MAX = 8 };

struct entry {
    char word[WORD_MAX];
    unsigned kind;
};

enum {
    ARTICLE = LATIN_ARTICLE,
    VERBAL = LATIN_VERBAL,
    ENGLISH_ARTICLE = LATIN_ARTICLE | LATIN_ENGLISH,
    ENGLISH_VERBAL = LATIN_VERBAL | LATIN_ENGLISH,
};

/* In alphabetical order. */
static const struct entry words[] = {
    {"a", ARTICLE},
    {"about", ENGLISH_VERBAL},
    {"all", ARTICLE},
    {"also", ENGLISH_VERBAL},
    {"an", ARTICLE},
    {"and", ENGLISH_ARTICLE},
    {"any", VERBAL},
    {"are", ENGLISH_VERBAL},
    {"as", ARTICLE},
    {"at", ARTICLE},
    {"be", VERBAL},
    {"been", ENGLISH_VERBAL},
    {"but", VERBAL},
    {"by", ARTICLE},
    {"can", VERBAL},
    {"could", ENGLISH_VERBAL},
    {"did", VERBAL},
    {"do", VERBAL},
    {"does", VERBAL},
    {"enjoy", ENGLISH_VERBAL},
    {"for", ARTICLE},
    {"from", ENGLISH_ARTICLE},
    {"had", VERBAL},
    {"has", ENGLISH_VERBAL},
    {"have", ENGLISH_VERBAL},
    {"he", VERBAL},
    {"here", ENGLISH_VERBAL},
    {"how", ENGLISH_VERBAL},
    {"i", VERBAL},
    {"if", VERBAL},
    {"in", ARTICLE},
    {"is", VERBAL},
    {"it", VERBAL},
    {"its", ENGLISH_VERBAL},
    {"may", VERBAL},
    {"my", VERBAL},
    {"not", VERBAL},
    {"of", ARTICLE},
    {"on", ARTICLE},
    {"or", VERBAL},
    {"our", VERBAL},
    {"please", ENGLISH_VERBAL},
    {"she", VERBAL},
    {"should", ENGLISH_VERBAL},
    {"so", VERBAL},
    {"some", VERBAL},
    {"sorry", ENGLISH_VERBAL},
    {"than", ENGLISH_VERBAL},
    {"thank", ENGLISH_VERBAL},
    {"that", ENGLISH_VERBAL},
    {"the", ENGLISH_ARTICLE},
    {"their", ENGLISH_VERBAL},
    {"there", ENGLISH_VERBAL},
    {"these", ENGLISH_VERBAL},
    {"they", ENGLISH_VERBAL},
    {"this", ENGLISH_VERBAL},
    {"to", ARTICLE},
    {"was", VERBAL},
    {"we", VERBAL},
    {"were", ENGLISH_VERBAL},
    {"what", ENGLISH_VERBAL},
    {"when", ENGLISH_VERBAL},
    {"where", ENGLISH_VERBAL},
    {"which", ENGLISH_VERBAL},
    {"who", ENGLISH_VERBAL},
    {"will", VERBAL},
    {"with", ENGLISH_ARTICLE},
    {"would", ENGLISH_VERBAL},
    {"yes", ENGLISH_VERBAL},
    {"you", ENGLISH_VERBAL},
    {"your", ENGLISH_VERBAL},
};

static int compare_words(const void *a, const void *b)
{
    return strcmp(a, ((const struct entry *)b)->word);
}

unsigned latin_word_of(struct view word)
{
    char lower[WORD_MAX] = "";

    if (word.len == 0 || word.len >= sizeof lower || view_is(word, "i"))
        return 0;
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    const struct entry *found =
        bsearch(lower, words, sizeof words / sizeof words[0], sizeof words[0], compare_words);
    return found != NULL ? found->kind : 0;
}

bool latin_detect(struct view text, char ret_code[CODE_MAX])
{
    int languages[3] = {0}, percents[3] = {0}, text_bytes = 0;
    bool is_reliable = false;
    int len = text.len < INT_MAX ? (int)text.len : INT_MAX;

    (void)cld2_detect(text.ptr, len, true, languages, percents, &text_bytes, &is_reliable);
    struct view code = view_of(cld2_code(languages[0]));
    if (!is_reliable || code.len < 2 || code.len >= CODE_MAX || view_is(code, "un"))
        return false;
    memcpy(ret_code, code.ptr, code.len);
    ret_code[code.len] = '\0';
    return true;
}
