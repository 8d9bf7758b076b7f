/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency: whether a text reads as its language is written: by parts, each 0..1 in millionths, and
 * their product.
 *
 * Every text: broken bytes and text that went through a wrong encoding, phrases that loop, brackets
 * that do not match, a last sentence that does not end. Japanese text also: the order of its word
 * classes (fluency_order.h) and the cost of connecting its words (where there is a dictionary),
 * unknown words, simplified glyphs, mixed width, and a register (です・ます, だ・である) that
 * changes. A part that does not apply, or that needs a dictionary that is not there, is absent.
 *
 *     score = Π (1 − loss × (1 − part))      losses in fluency_parts.def
 *
 * docs/scoring.md says how parts and losses were fitted. It is no judge of grammar: a wrong
 * particle, a dropped word, a sentence that says nothing pass.
 *
 * Of JSON the prose in it is judged (structure_prose), without its end.
 * Memory: the caller's arena, some hundred times the text; nothing is kept. Threads: no state.
 * Limit: the first FLUENCY_TEXT_MAX bytes are looked at. */
#ifndef ASSAY_TEXT_FLUENCY_H
#define ASSAY_TEXT_FLUENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "text/morphology.h"

enum { FLUENCY_ABSENT = -1, FLUENCY_TEXT_MAX = MORPHOLOGY_TEXT_MAX, FLUENCY_WORDS_SIZE = 512 };

enum fluency_part {
#define FLUENCY_PART(id, name, loss_micro, is_japanese, words) FLUENCY_##id,
#include "text/fluency_parts.def"
#undef FLUENCY_PART
    FLUENCY_PARTS,
};

/* How sentences end. */
enum fluency_style {
    FLUENCY_STYLE_NONE, /* no sentence says: titles, lists, other languages */
    FLUENCY_POLITE,     /* です・ます */
    FLUENCY_PLAIN,      /* だ・である, verbs in their plain form */
    FLUENCY_STYLE_MIXED,
};

struct fluency {
    bool is_blank; /* nothing to read: the score says nothing */
    int32_t score_micro;
    int32_t parts_micro[FLUENCY_PARTS]; /* FLUENCY_ABSENT where a part does not apply */
    enum fluency_style style;
    uint32_t polite; /* sentences */
    uint32_t plain;
    uint32_t morphemes;  /* of Japanese sentences; 0 without a dictionary */
    int32_t order_milli; /* thousandths of a spread above the mean of ordinary Japanese */
    int32_t cost_milli;
};

/* Judges an answer. Without morphology (NULL) the parts `order`, `cost` and `unknown` are absent.
 * ERR_MEMORY; ERR_CORRUPT where the dictionary is damaged. */
MUST_CHECK int fluency_of(struct arena *arena, struct view answer,
                          const struct morphology *morphology, struct fluency *ret_fluency);

/* A text held against accepted ones: each part relative to theirs, so that what was accepted
 * already does not count again, and a register other than theirs counts in full. */
struct fluency_change {
    int32_t score_micro; /* 1,000,000 where it reads as the accepted ones do */
    int32_t parts_micro[FLUENCY_PARTS];
    enum fluency_style from; /* the register of the accepted ones */
    enum fluency_style to;
    bool style_changed; /* from polite to plain or back; a mixture is not told apart from either */
};

/* Compares with one accepted text or more. */
void fluency_compare(const struct fluency *now, const struct fluency *accepted, size_t count,
                     struct fluency_change *ret_change);

/* What fell below FLUENCY_FALLEN_MICRO, in words: "the register changed from です・ます to
 * だ・である; …"; "" where nothing did. */
enum { FLUENCY_FALLEN_MICRO = 500000 };
void fluency_change_words(const struct fluency_change *change, char ret_words[FLUENCY_WORDS_SIZE]);

/* The same of a text by itself. */
void fluency_words(const struct fluency *fluency, char ret_words[FLUENCY_WORDS_SIZE]);

/* "cost", "register", …; holds for ever. */
const char *fluency_part_name(enum fluency_part part);

/* "polite", "plain", "mixed", "none". */
const char *fluency_style_name(enum fluency_style style);

#endif
