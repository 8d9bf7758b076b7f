/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency_style: です・ます against だ・である, by how a sentence ends. See fluency_internal.h.
 *
 * What stands after the predicate (full stops, closing brackets, ね, か, よ, remarks in parentheses)
 * is taken off; then the endings below decide, the polite ones first. A noun at the end says
 * nothing, nor does a quotation. */
#include "base/utf8.h"
#include "text/fluency_internal.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static const char *const after_the_end[] = {
    "。", "．", "！", "？", "!",  "?",    ".",      "…",  "♪",  "〜", "～",
    "：", ":",  "*",  "_",  "`",  " ",    "　",     "\n", "\r", "\t", "よね",
    "ね", "よ", "か", "な", "わ", "けど", "けれど", "が", "し",
};

static const char *const quotes[] = {"」", "』", "”", "\""};

static const char *const polite[] = {
    "です",       "ます",     "でした",   "ました", "ません",       "ませんでした",
    "ましょう",   "でしょう", "ください", "下さい", "くださいませ", "ませ",
    "ございます", "まし",     "でし",     "なさい",
};

/* Ends that look plain and say nothing of the register. */
static const char *const neutral[] = {
    "はい",     "いいえ",     "ありがとう", "おはよう",   "おめでとう",
    "ようこそ", "こんばんは", "こんにちは", "さようなら",
};

static const char *const plain[] = {
    "だ", "である", "であろう", "だろう", "だった", "であった", "る", "た",   "い",   "う",   "く",
    "す", "む",     "ぶ",       "ぐ",     "つ",     "ぬ",       "ず", "せよ", "こと", "もの",
};

/* The longest of the ends that the text has; 0 where it has none. */
static size_t end_length(struct view text, const char *const *ends, size_t count)
{
    size_t longest = 0;

    for (size_t i = 0; i < count; i++) {
        struct view end = view_of(ends[i]);
        if (end.len > longest && view_ends(text, end))
            longest = end.len;
    }
    return longest;
}

/* Without （笑） at the end. */
static struct view without_remark(struct view text)
{
    if (!view_ends(text, view_of("）")))
        return text;
    size_t at = text.len;
    while (at > 0 && !view_ends(view_slice(text, 0, at), view_of("（")))
        at--;
    return at > 0 ? view_slice(text, 0, at - strlen("（")) : text;
}

enum fluency_style fluency_style_of(struct view sentence)
{
    struct view text = sentence;

    for (;;) {
        if (end_length(text, polite, LENGTH(polite)) != 0)
            return FLUENCY_POLITE;
        struct view shorter = without_remark(text);
        size_t off = end_length(shorter, after_the_end, LENGTH(after_the_end));
        shorter = view_slice(shorter, 0, shorter.len - off);
        if (shorter.len == text.len)
            break;
        text = shorter;
    }
    if (end_length(text, quotes, LENGTH(quotes)) != 0
        || end_length(text, neutral, LENGTH(neutral)) != 0)
        return FLUENCY_STYLE_NONE;
    return end_length(text, plain, LENGTH(plain)) != 0 ? FLUENCY_PLAIN : FLUENCY_STYLE_NONE;
}
