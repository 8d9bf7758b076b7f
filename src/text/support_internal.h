/* SPDX-License-Identifier: Apache-2.0
 *
 * support_internal: what support's files share: a set of 64-bit keys, the terms of a text, and what
 * is kept of the sources. */
#ifndef ASSAY_TEXT_SUPPORT_INTERNAL_H
#define ASSAY_TEXT_SUPPORT_INTERNAL_H

#include "text/support.h"

/* ---- a table from keys to small numbers ------------------------------------------------------ */

struct key_table {
    uint64_t *keys; /* 0: free */
    uint32_t *values;
    size_t count;
    size_t room; /* a power of two */
};

void key_table_release(struct key_table *table);
/* The place of the key's value, made with `fresh` where the key is new; NULL: no memory. */
uint32_t *key_table_put(struct key_table *table, uint64_t key, uint32_t fresh);
/* NULL where the key is not there. */
const uint32_t *key_table_get(const struct key_table *table, uint64_t key);

static inline bool key_table_has(const struct key_table *table, uint64_t key)
{
    return key_table_get(table, key) != NULL;
}

/* ---- terms: the content words of a text ------------------------------------------------------ */

/* Told of each term; an error ends the walk. */
typedef int terms_emit(void *context, uint64_t term);

/* Latin words without common endings and stop words, numbers, and of Japanese what the morphology
 * gives or, without one (NULL), runs of katakana and pairs of kanji. */
MUST_CHECK int terms_of(struct view text, const struct morphology *morphology, terms_emit *emit,
                        void *context);

/* ---- folding --------------------------------------------------------------------------------- */

/* Letters and digits alone, in lower case, into `out` (text.len bytes of room); its length. */
size_t support_fold(struct view text, char *out);
uint64_t support_hash(struct view bytes, uint64_t seed);

/* ---- sources --------------------------------------------------------------------------------- */

enum support_key {
    KEY_NUMBER, /* unit and number; without unit: a bare number */
    KEY_SAID,   /* a number as it is said, with any unit or none */
    KEY_CELL,   /* a bare number alone in a cell */
    KEY_DIGITS, /* digits of a bare number in a cell, whatever its power of ten */
    KEY_DATE,   /* year, month and day, 0 for what is not asked for */
    KEY_DAY,    /* month and day of a date whose year is not said */
    KEY_TIME,   /* hour and minute */
    KEY_WEEKDAY,
    KEY_TEXT, /* of a code or an address */
};

/* A number of a source. */
struct source_number {
    struct value value;
    struct view shown; /* as it stands in its source */
    uint32_t source;   /* its number; the count of sources: the question */
    bool was_sought;   /* of an answer's: whether sources have it exactly is known */
    bool is_there;
};

struct source_span {
    uint32_t source;
    size_t start; /* bytes of the source */
    size_t end;
};

struct support_sources {
    struct arena arena;
    const struct view *sources;
    size_t count;
    struct view question;
    bool is_partial;

    struct key_table keys;
    struct source_number *numbers;
    size_t number_count;
    size_t number_room;
    size_t date_count; /* of them */
    bool names_scale;  /* 百万円, thousands … as a heading over bare numbers */
    bool asks_total;   /* of the question, as below */
    bool asks_period;
    bool has_discount; /* a source speaks of one */
    bool says_last_year;
    bool says_next_year;
    char *folded; /* all sources and the question, a NUL between */
    size_t folded_len;
    size_t folded_room;

    struct source_span *spans;
    size_t span_count;
    size_t span_room;
    struct key_table terms; /* term → its number */
    uint32_t *frequency;    /* of term: spans that have it */
    uint32_t *posting_at;   /* of term: where its postings start; term_count + 1 places */
    uint32_t *postings;     /* spans, ascending */
    size_t term_count;
    struct key_table known; /* terms of the question */
};

uint64_t support_key(enum support_key kind, uint64_t a, uint64_t b);
uint64_t support_key_number(enum support_key kind, enum value_unit unit, struct decimal number);
uint64_t support_key_date(enum support_key kind, int year, int month, int day);
/* The key of a code, an address: its folded text. */
uint64_t support_key_text(struct view text);
/* 1 Monday to 7 Sunday; 0 where the date is none. */
int support_weekday(int year, int month, int day);
int64_t support_days(int year, int month, int day);

/* Reads the values of one text into the sources. */
MUST_CHECK int support_read_values(struct support_sources *sources, struct view text,
                                   uint32_t number);
/* Cuts all sources into spans and indexes their terms. */
MUST_CHECK int support_read_terms(struct support_sources *sources,
                                  const struct morphology *morphology);

/* ---- judging --------------------------------------------------------------------------------- */

/* What of an answer may explain its values, and how much work is left to do. */
struct support_answer {
    const struct claims *claims;
    struct source_number *numbers; /* of the answer itself */
    size_t number_count;
    uint64_t search_budget;  /* bytes of folded text that may still be searched */
    uint64_t compare_budget; /* pairs of numbers that may still be compared */
    size_t at;               /* which of its numbers is being judged */
    bool asks_total;         /* the question asks for a sum or mean */
    bool asks_period;        /* the question or the claim speaks of a period */
    bool exact;              /* rounding is not looked for: an operand must be there itself */
    bool is_partial;
};

/* Whether a value of the answer stands in a source, in any form; `text` is where its bytes are. */
bool support_has_value(const struct support_sources *sources, struct support_answer *answer,
                       const struct value *value, struct view text);
/* Whether it follows from values of the sources by arithmetic. */
bool support_follows(const struct support_sources *sources, struct support_answer *answer,
                     const struct value *value);
/* The source's value of the same unit that is most like it; empty: none. */
struct view support_nearest(const struct support_sources *sources, struct support_answer *answer,
                            const struct value *value);
/* Whether so many comparisons may still be made; otherwise the report is partial. */
bool support_spend(struct support_answer *answer, uint64_t comparisons);
/* Whether a text speaks of sums, means and differences; of how long; of a discount. */
bool support_asks_total(struct view text);
bool support_asks_period(struct view text);
bool support_has_discount(struct view text);
/* Whether it speaks of the year before or after the one it names. */
bool support_says_last_year(struct view text);
bool support_says_next_year(struct view text);

MUST_CHECK int support_score_claims(struct arena *arena, const struct support_sources *sources,
                                    const struct morphology *morphology,
                                    const struct support_options *options,
                                    const struct claims *claims, struct support_report *report);

#endif
