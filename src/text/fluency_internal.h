/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency_internal: the parts of fluency one by one, for fluency.c and its tests. Values are
 * millionths, 1,000,000 where nothing is wrong.
 *
 * Memory: only fluency_loops takes any, from the arena. Threads: no state. */
#ifndef ASSAY_TEXT_FLUENCY_INTERNAL_H
#define ASSAY_TEXT_FLUENCY_INTERNAL_H

#include "text/fluency.h"

enum { FLUENCY_ONE = 1000000 };

/* Bytes that are no UTF-8, U+FFFD, control characters, and what text looks like after it was read
 * in a wrong encoding (UTF-8 as Latin-1, CP1252, CP932, GBK, CP1251, …; escapes never undone). */
int32_t fluency_bytes(struct view text);

/* Brackets and quotes, code left out: 1 / (1 + those without a partner). */
int32_t fluency_brackets(struct view text);

/* Whether the last sentence ends; FLUENCY_ABSENT for an empty text. */
int32_t fluency_ending(struct view text);

/* Full-width and half-width letters, digits and katakana side by side. */
int32_t fluency_width(struct view text);

/* Loops: the share of the text that says again what stands right before it, and of longer passages
 * that stood anywhere before. ERR_MEMORY. */
MUST_CHECK int fluency_repetition(struct arena *arena, struct view text, int32_t *ret_micro);

/* The share of items (hashes of words, 0 for what may repeat) that repeat the two or more right
 * before them. */
uint32_t fluency_repeated_words(const uint32_t *items, size_t count);

/* 1,000,000 where nothing repeats, by the repeated part of a whole. */
int32_t fluency_of_loops(size_t repeated, size_t whole);

/* How one sentence ends, by its last letters. */
enum fluency_style fluency_style_of(struct view sentence);

/* The register of so many sentences of each. */
enum fluency_style fluency_style_by(uint32_t polite, uint32_t plain);

/* Spreads above ordinary Japanese, in thousandths, as a part. */
int32_t fluency_part_of_order(int32_t milli);
int32_t fluency_part_of_cost(int32_t milli);

/* What the parts leave of the score. */
int32_t fluency_product(const int32_t parts_micro[FLUENCY_PARTS]);

/* What a low value of the part says. */
const char *fluency_part_words(enum fluency_part part);

#endif
