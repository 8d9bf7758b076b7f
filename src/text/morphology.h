/* SPDX-License-Identifier: Apache-2.0
 *
 * morphology: the words of Japanese text, by whatever dictionary the program brings: a row of
 * functions, so that what needs words stays pure. engine/mecab.h fulfils it with MeCab. Who gets a
 * NULL morphology leaves out what needs words and says so.
 *
 * Memory: morphemes live in the caller's arena. Threads: an analyser has one user at a time. */
#ifndef ASSAY_TEXT_MORPHOLOGY_H
#define ASSAY_TEXT_MORPHOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { MORPHOLOGY_TEXT_MAX = 256 * 1024 }; /* bytes that one call looks at, whole characters */

enum morpheme_class {
    MORPHEME_NOUN,      /* 名詞 that carries meaning: general, proper, verbal, adjectival */
    MORPHEME_NUMBER,    /* 名詞,数 */
    MORPHEME_WEAK_NOUN, /* 名詞 that does not: pronouns, 非自立 (こと, もの), suffixes */
    MORPHEME_VERB,      /* 動詞,自立 */
    MORPHEME_WEAK_VERB, /* 動詞,非自立 and 接尾 (いる, れる) */
    MORPHEME_ADJECTIVE, /* 形容詞,自立 */
    MORPHEME_ADVERB,
    MORPHEME_PARTICLE,  /* 助詞 */
    MORPHEME_AUXILIARY, /* 助動詞 */
    MORPHEME_SIGN,      /* 記号 */
    MORPHEME_OTHER,
};

struct morpheme {
    size_t start; /* bytes of the text */
    size_t end;
    struct view base; /* dictionary form; the surface where there is none */
    enum morpheme_class kind;
    bool is_unknown;   /* not in the dictionary */
    int32_t cost;      /* of the word and of its connection to the one before, as the dictionary
                          counts; what a sentence's end costs is not in it */
    int32_t word_cost; /* the word's own part of it */
    struct view feature; /* what the dictionary says of the word (IPADIC: 品詞,細分類1,2,3,活用型,
                            活用形,原形,読み,発音); holds while the dictionary is open */
};

struct morphology {
    /* The morphemes in order; white space lies between them. Any bytes may come: invalid UTF-8 and
     * U+0000 are unknown words. What lies past MORPHOLOGY_TEXT_MAX is not looked at. ERR_MEMORY;
     * ERR_CORRUPT where the dictionary turned out to be damaged at its first use. */
    int (*analyse)(void *context, struct arena *arena, struct view text,
                   const struct morpheme **ret_morphemes, size_t *ret_count);
    void *context;
};

#endif
