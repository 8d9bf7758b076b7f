/* SPDX-License-Identifier: Apache-2.0
 *
 * baseline: the accepted answers of a suite, as the file baselines/<suite>.jsonl keeps them.
 *
 * JSON Lines, so that a change of one answer is a change of one line:
 *   {"assay","kind":"baseline","schema":1,"suite","recorded","provenance":{"who","commit","dirty",
 *    "program","ci"},"models":[…],"params":[…],"scorers":{…},"noise","calibration","answers":N}
 *   {"prompt":NAME,"version":HASH12,"text":…}                        each prompt version in use
 *   {"id","target","model","version","params","n":1,"of":3,"response":…,"scores":{…},"failed":[…],
 *    "embedding":HASH12}                                             each accepted answer
 * "recorded" and "provenance" are of the last recording; "models" and "params" say at a glance what
 * the answers' own lines say (eight of each at most).
 * The count in the first line shows a file that was cut short. An answer's similarity is
 * leave-one-out; its other scores are what the answer had when it was accepted (a run judges it
 * anew by today's golden set).
 *
 * Pure: text in, text out. Memory: the caller's arena. Threads: values.
 * Limits: 1,000,000 answers, 1,000 an entry. */
#ifndef ASSAY_CORE_GOLDEN_BASELINE_H
#define ASSAY_CORE_GOLDEN_BASELINE_H

#include "base/arena.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "core/record/run.h"
#include "core/record/text_keeper.h"

enum { BASELINE_SCHEMA = 1, BASELINE_ANSWERS_MAX = 1000000, BASELINE_ANSWERS_EACH_MAX = 1000 };

struct baseline_prompt {
    struct view name;
    struct view version;
    struct view text;
};

struct baseline {
    struct view file; /* for messages */
    struct view suite;
    struct view recorded; /* RFC 3339 */
    struct provenance provenance;
    struct view scorer;         /* of similarity: "e5-small-q4/1", "none" */
    struct view examine_scorer; /* EXAMINE_VERSION when it was recorded */
    int32_t noise_micro;        /* the drop that an unchanged run typically shows; SCORE_ABSENT */
    double
        slope; /* calibration of an embeddings target, 0 where none is held (text/calibration.h) */
    double middle;
    struct baseline_prompt *prompts;
    size_t prompt_count;
    struct baseline_entry *entries;
    size_t entry_count;
    struct baseline_entry **sorted;      /* the entries by id and target, for finding */
    struct baseline_prompt **by_version; /* the prompts, for finding */
};

/* Reads a file's text. ERR_CORRUPT with "FILE:LINE: …" and the remedy where it is cut short or no
 * baseline; ERR_UNSUPPORTED for a later schema; ERR_MEMORY. */
MUST_CHECK int baseline_parse(struct arena *arena, struct view file, struct view text,
                              struct baseline *ret_baseline, struct err *reterr);

/* The same with the answers' texts in a keeper, which may be NULL. */
MUST_CHECK int baseline_parse_kept(struct arena *arena, const struct text_keeper *keeper,
                                   struct view file, struct view text,
                                   struct baseline *ret_baseline, struct err *reterr);

/* Sorts entries and prompts for finding; to be called anew when some were added. ERR_MEMORY. */
MUST_CHECK int baseline_index(struct arena *arena, struct baseline *baseline);

/* The entry of that id and target, NULL where there is none. Needs baseline_index. */
struct baseline_entry *baseline_find(const struct baseline *baseline, struct view id,
                                     struct view target);

/* The entry of that id where it has one target only, whichever that is: another model is compared
 * with what was accepted from the first. NULL where there is none, or several. */
struct baseline_entry *baseline_find_any(const struct baseline *baseline, struct view id);

/* The text of a prompt's version, empty where it is not there. Needs baseline_index. */
struct view baseline_prompt_text(const struct baseline *baseline, struct view version);

/* Writes the file's text; `assay_version` goes into its first line. */
void baseline_write(const struct baseline *baseline, const char *assay_version, struct strbuf *out);

/* The same in pieces of whole lines, which joined are the file: no piece is longer than a prompt or
 * the accepted answers of one entry. */
size_t baseline_piece_count(const struct baseline *baseline);
void baseline_write_piece(const struct baseline *baseline, size_t piece, const char *assay_version,
                          struct strbuf *out);

/* The baseline that a judged run makes: every entry with an answer; those of `before` (may be NULL)
 * that the run did not ask stay. `texts` has the prompt text of each run entry. ERR_MEMORY. */
MUST_CHECK int baseline_from_run(struct arena *arena, const struct run *run,
                                 const struct view *texts, const struct baseline *before,
                                 struct baseline *ret_baseline);

#endif
