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
    enum latin_word kind;
};

/* In alphabetical order. */
static const struct entry words[] = {
    {"a", LATIN_ARTICLE},    {"about", LATIN_VERBAL},  {"all", LATIN_ARTICLE},
    {"also", LATIN_VERBAL},  {"an", LATIN_ARTICLE},    {"and", LATIN_ARTICLE},
    {"any", LATIN_VERBAL},   {"are", LATIN_VERBAL},    {"as", LATIN_ARTICLE},
    {"at", LATIN_ARTICLE},   {"be", LATIN_VERBAL},     {"been", LATIN_VERBAL},
    {"but", LATIN_VERBAL},   {"by", LATIN_ARTICLE},    {"can", LATIN_VERBAL},
    {"could", LATIN_VERBAL}, {"did", LATIN_VERBAL},    {"do", LATIN_VERBAL},
    {"does", LATIN_VERBAL},  {"enjoy", LATIN_VERBAL},  {"for", LATIN_ARTICLE},
    {"from", LATIN_ARTICLE}, {"had", LATIN_VERBAL},    {"has", LATIN_VERBAL},
    {"have", LATIN_VERBAL},  {"he", LATIN_VERBAL},     {"here", LATIN_VERBAL},
    {"how", LATIN_VERBAL},   {"i", LATIN_VERBAL},      {"if", LATIN_VERBAL},
    {"in", LATIN_ARTICLE},   {"is", LATIN_VERBAL},     {"it", LATIN_VERBAL},
    {"its", LATIN_VERBAL},   {"may", LATIN_VERBAL},    {"my", LATIN_VERBAL},
    {"not", LATIN_VERBAL},   {"of", LATIN_ARTICLE},    {"on", LATIN_ARTICLE},
    {"or", LATIN_VERBAL},    {"our", LATIN_VERBAL},    {"please", LATIN_VERBAL},
    {"she", LATIN_VERBAL},   {"should", LATIN_VERBAL}, {"so", LATIN_VERBAL},
    {"some", LATIN_VERBAL},  {"sorry", LATIN_VERBAL},  {"than", LATIN_VERBAL},
    {"thank", LATIN_VERBAL}, {"that", LATIN_VERBAL},   {"the", LATIN_ARTICLE},
    {"their", LATIN_VERBAL}, {"there", LATIN_VERBAL},  {"these", LATIN_VERBAL},
    {"they", LATIN_VERBAL},  {"this", LATIN_VERBAL},   {"to", LATIN_ARTICLE},
    {"was", LATIN_VERBAL},   {"we", LATIN_VERBAL},     {"were", LATIN_VERBAL},
    {"what", LATIN_VERBAL},  {"when", LATIN_VERBAL},   {"where", LATIN_VERBAL},
    {"which", LATIN_VERBAL}, {"who", LATIN_VERBAL},    {"will", LATIN_VERBAL},
    {"with", LATIN_ARTICLE}, {"would", LATIN_VERBAL},  {"yes", LATIN_VERBAL},
    {"you", LATIN_VERBAL},   {"your", LATIN_VERBAL},
};

static int compare_words(const void *a, const void *b)
{
    return strcmp(a, ((const struct entry *)b)->word);
}

enum latin_word latin_word_of(struct view word)
{
    char lower[WORD_MAX] = "";

    if (word.len == 0 || word.len >= sizeof lower)
        return LATIN_OTHER;
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    const struct entry *found =
        bsearch(lower, words, sizeof words / sizeof words[0], sizeof words[0], compare_words);
    return found != NULL ? found->kind : LATIN_OTHER;
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
