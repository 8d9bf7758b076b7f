/* SPDX-License-Identifier: Apache-2.0
 *
 * words: what the simulated model can see in text: words, numbers, quotations, sentences, scripts.
 * English and Japanese only, by simple rules (no dictionary).
 *
 * "Lowered" text is a copy with A–Z as a–z, so that offsets in it are offsets in the original.
 * Pure. Memory: the caller's arena where one is passed. Threads: no shared state. */
#ifndef ASSAY_CORE_SIM_WORDS_H
#define ASSAY_CORE_SIM_WORDS_H

#include "base/arena.h"
#include "base/view.h"

enum sim_language { SIM_EN, SIM_JA };

/* A copy with ASCII letters in lower case; len 0 and ptr NULL when memory ran out. */
struct view words_lower(struct arena *arena, struct view text);

/* Finds the first of several words ("mention*|include|価格") in lowered[from..to). ASCII words match
 * whole words, with a closing * also longer ones; _ stands for a space. The earliest wins. */
bool words_find(struct view lowered, struct view alternatives, size_t from, size_t to,
                size_t *ret_at, size_t *ret_end);

/* True where any of the words is in the text. */
bool words_any(struct view lowered, const char *alternatives);

/* A number that starts at `at`: digits (also full width, with commas), 一 to 十, one to twenty, and
 * of a range ("2-3", "2 to 3", "2〜3") the larger. */
bool words_number(struct view lowered, size_t at, int64_t *ret_number, size_t *ret_end);

/* The next quotation at or after `from`: "…", “…”, ‘…’, 「…」, 『…』, `…`, at most 200 bytes. */
bool words_quoted(struct view text, size_t from, size_t to, struct view *ret_inside, size_t *ret_at,
                  size_t *ret_end);

/* Where the sentence that starts at `from` ends (one past its closing mark or line end). */
size_t words_sentence_end(struct view text, size_t from);

/* Letters by script. */
struct words_scripts {
    size_t latin;
    size_t kana;
    size_t han;
};
struct words_scripts words_scripts(struct view text);

bool words_is_kana(uint32_t codepoint);
bool words_is_han(uint32_t codepoint);

/* The words that carry the meaning: of English those of three letters and more that are no
 * function words, and numbers; of Japanese runs of kanji or of katakana. In order, each once. */
size_t words_content(struct view text, struct view ret_words[], size_t max);

/* True for a space, tab or line end. */
bool words_is_space(char c);

#endif
