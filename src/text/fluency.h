/* SPDX-License-Identifier: Apache-2.0
 *
 * fluency: whether a text reads as its language is written: by parts, each 0..1 in millionths, and
 * their product.
 *
 * Every text: broken bytes and text that went through a wrong encoding, phrases that loop, brackets
 * that do not match, a last sentence that does not end. Japanese text also: words in an order that
 * costs too much by the dictionary (where there is one), unknown words, simplified glyphs, mixed
 * width, and a register (です・ます, だ・である) that changes. A part that does not apply, or that
 * needs a dictionary that is not there, is absent.
 *
 *     score = Π (1 − loss × (1 − part))      losses in fluency_parts.def
 *
 * docs/scoring.md says how parts and losses were fitted. It is no judge of grammar: a wrong
 * particle, a dropped word, a sentence that says nothing pass.
 *
 * Code and URLs are not looked at by the Japanese parts. JSON is to be given as the prose in it
 * (structure_prose).
 * Memory: the caller's arena, a hundred times the text; nothing is kept. Threads: no state.
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
enum fluency_register {
    FLUENCY_REGISTER_NONE, /* no sentence says: titles, lists, other languages */
    FLUENCY_POLITE,        /* です・ます */
    FLUENCY_PLAIN,         /* だ・である, verbs in their plain form */
    FLUENCY_REGISTER_MIXED,
};

struct fluency {
    int32_t score_micro;
    int32_t parts_micro[FLUENCY_PARTS]; /* FLUENCY_ABSENT where a part does not apply */
    enum fluency_register register_;
    uint32_t polite; /* sentences */
    uint32_t plain;
    uint32_t morphemes; /* of Japanese sentences; 0 without a dictionary */
    int32_t cost;       /* mean of a morpheme, as the dictionary counts */
    int32_t cost_error; /* its standard error */
};

/* Judges a text. Without morphology (NULL) the parts `cost` and `unknown` are absent and the
 * register is read from endings alone. ERR_MEMORY; ERR_CORRUPT where the dictionary is damaged. */
MUST_CHECK int fluency_of(struct arena *arena, struct view text,
                          const struct morphology *morphology, struct fluency *ret_fluency);

/* What changed against texts that were accepted. */
struct fluency_change {
    int32_t score_micro; /* 0..1: 1 where it reads as the accepted ones do */
    int32_t drop_micro;  /* accepted score − score now, 0 where it rose */
    bool register_changed;
    enum fluency_register from;
    enum fluency_register to;
    int32_t cost_shift_micro; /* rise of the mean cost in spreads of the accepted ones */
    bool part_fell[FLUENCY_PARTS];
};

/* Compares with one accepted text or more. */
void fluency_compare(const struct fluency *now, const struct fluency *accepted, size_t count,
                     struct fluency_change *ret_change);

/* The change in words, "changed from です・ます to だ・である; …"; "" where nothing fell. */
void fluency_change_words(const struct fluency_change *change, char ret_words[FLUENCY_WORDS_SIZE]);

/* "cost", "register", …; holds for ever. */
const char *fluency_part_name(enum fluency_part part);
/* What a low value of the part says, in words. */
const char *fluency_part_words(enum fluency_part part);
/* "polite", "plain", "mixed", "none". */
const char *fluency_register_name(enum fluency_register register_);

#endif
