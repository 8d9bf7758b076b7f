/* SPDX-License-Identifier: Apache-2.0
 *
 * run: a golden run from the first question to the verdict: who asked what, every answer with its
 * scores and findings, how each entry stands against its baseline, and what the gate says. Reports,
 * history and comparisons read this one record.
 *
 * Scores are integers in millionths, so that a sum of parts is exact. A part that has no input is
 * ABSENT, not zero.
 * Memory: everything lives in the arena of whoever builds the run. Threads: one owner. */
#ifndef ASSAY_CORE_RECORD_RUN_H
#define ASSAY_CORE_RECORD_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/record/answer.h"
#include "core/record/verdict.h"
#include "text/fluency.h"

enum { MICRO = 1000000 };

static const int32_t SCORE_ABSENT = -1;

/* The parts of a score (product.md's four), each 0..MICRO or SCORE_ABSENT. */
struct score {
    int32_t similarity_micro; /* calibrated, to the accepted answers */
    int32_t cosine_micro; /* before calibration, to the nearest; -MICRO..MICRO; 2·MICRO: absent */
    int32_t keywords_micro;
    int32_t structure_micro;
    int32_t language_micro;
    int32_t total_micro;
};

/* One answer to an entry. */
struct sample {
    struct answer answer;
    bool asked;   /* false where the run ended before its turn */
    bool scored;  /* true where answer.reply.code is 0 */
    bool is_kept; /* given by an answer cache: nothing was paid for it now */
    struct score score;
    struct verdict verdict; /* failed checks */
    struct view language;   /* what was found: "ja", "en", "mixed", … */
    int64_t cost_nano_usd;  /* 0 where no price is known */
    bool fluency_known;
    struct fluency_change fluency; /* against the accepted answers, or by itself without any */
};

/* The accepted answers of an entry, as the baseline file keeps them. */
struct baseline_answer {
    struct view text;
    struct score score; /* its similarity is leave-one-out */
    struct verdict verdict;
};

struct baseline_entry {
    struct view id;
    struct view target;
    struct view model;
    struct view prompt;      /* its name */
    struct view prompt_hash; /* 12 hex digits */
    struct view params;      /* JSON text, "" for none */
    struct baseline_answer *answers;
    size_t answer_count;
    uint32_t line; /* in the file */
};

/* An entry against one target. */
struct run_entry {
    struct view id;
    struct view target;
    struct view model;
    struct view prompt; /* its prompt's name */
    struct view prompt_hash;
    struct view params; /* JSON text, "" for none */
    struct view file;   /* where the entry stands */
    uint32_t line;
    const struct view *tags;
    size_t tag_count;
    struct view language;       /* expected of its answers: "ja"; empty where any will do */
    struct view question;       /* the last user message, rendered */
    int64_t tokens_in_estimate; /* of the whole question, system and all turns */

    struct sample *samples;
    size_t sample_count;

    const struct baseline_entry *baseline; /* NULL: judged by its checks alone */
    bool prompt_changed;
    bool model_changed;
    bool params_changed;

    /* Filled by the judge (core/golden/judge.h). */
    size_t scored_count;         /* samples with a score */
    struct score score;          /* mean over them */
    struct score baseline_score; /* mean over the accepted answers */
    int32_t drop_micro;    /* baseline − now; SCORE_ABSENT-free: 0 where there is no baseline */
    int32_t counted_micro; /* the drop less what an only accepted answer's unknown noise explains:
                              below 0 where it fell by less than that */
    int32_t noise_micro;   /* one standard error of that drop; SCORE_ABSENT where unknown */
    bool is_tested;        /* p_fell and p_adjusted are known: both sides were repeated */
    double p_fell;         /* one-sided, that this entry's answers score lower than the accepted */
    double p_adjusted;     /* the same among all entries, Benjamini–Hochberg */
    bool is_quarantined;   /* known to be flaky: reported, but decides nothing */
    struct view quarantine_until; /* "2026-12-24"; empty where it is not */
    bool is_signed_off;           /* its major regression was accepted (core/golden/signoff.h) */
    struct view signed_off_by;
    struct view signoff_lapsed; /* why an earlier sign-off holds no more, in words; empty: none */
    enum severity severity;
    bool passed;                  /* no check fails in most of its samples */
    bool baseline_passed;         /* the same of its accepted answers, by today's expectations */
    bool flaky;                   /* some samples fail a check, but not most */
    bool newly_failed;            /* a check fails now that did not fail in the baseline */
    const struct finding *failed; /* the checks that fail in most samples, one example each */
    size_t failed_count;
    bool fluency_known;
    int32_t fluency_micro; /* mean of the samples; no part of the score */
    int32_t
        baseline_fluency_micro; /* of the accepted answers, each against the others; or absent */
    bool register_changed; /* most Japanese answers went from です・ます to だ・である or back */
    struct view fluency_reason; /* what fell, in words; empty where nothing did */
    int code;                   /* the error where no sample could be scored; else 0 */
    struct view error_text;     /* for people */
    struct view reason;         /* why this severity, in words */
};

/* A prompt whose version differs from the one the baseline was recorded with. */
struct prompt_change {
    struct view prompt;
    struct view version;        /* now, 12 hex digits */
    struct view before_version; /* in the baseline */
    struct view text;           /* system and messages as templates, in one text */
    struct view before_text;    /* empty where the baseline does not hold it */
};

enum gate_outcome { GATE_PASS, GATE_FAIL, GATE_SIGNOFF, GATE_INCONCLUSIVE };

/* "pass", "fail", "signoff", "inconclusive". */
const char *gate_outcome_name(enum gate_outcome outcome);

/* What statistics say of one family of entries (core/golden/gate.h). */
struct statistics {
    bool known; /* there were entries to compare */
    size_t entries;
    double mean; /* of score now − baseline, −1..1 */
    double low;  /* two-sided 90 % BCa bootstrap interval */
    double high;
    double p;               /* one-sided, that the scores fell */
    double smallest_effect; /* what this set could have seen at 80 % power; 0 where unknown */
    size_t repeats_needed;  /* to decide an inconclusive outcome; 0 where it is decided */
    enum gate_outcome outcome;
};

/* What a drop of the suite comes from: one part of the score over one group of entries. */
/* How often the gate would fail on answers that did not change: the accepted answers of each entry,
 * divided at random into "before" and "now" (core/golden/gate_check.h). */
struct false_alarms {
    bool known;
    size_t entries;    /* with two accepted answers at least */
    size_t splits;     /* ways of dividing that were tried */
    double statistics; /* share of them in which the statistics fail */
    double critical;   /* in which an entry is critical */
    double major;      /* in which a sign-off would be waited for, or too many are major */
};

enum explanation_group { EXPLAIN_SUITE, EXPLAIN_LANGUAGE, EXPLAIN_TAG };

struct explanation {
    enum explanation_group group;
    struct view value;  /* "ja", "recommendation"; empty for the suite */
    struct view metric; /* "score", "similarity", "keywords", "structure", "language" */
    size_t entries;
    double mean;       /* of score now − baseline, −1..1 */
    double p;          /* one-sided, that it fell */
    double p_adjusted; /* among all explanations of the run, Benjamini–Hochberg */
};

struct gate {
    enum gate_outcome outcome;
    int exit_status;
    size_t counts[SEVERITY_COUNT]; /* entries by severity, those with a baseline */
    size_t compared;               /* entries with a baseline and a score */
    size_t checked_only;           /* entries without a baseline, with a score */
    size_t failed_checks;          /* entries without a baseline that failed */
    size_t errors;                 /* entries without any score */
    struct statistics all;
    struct statistics changed;   /* entries whose prompt, model or parameters changed */
    struct statistics untouched; /* the others */
    size_t checks_broke;         /* entries whose checks passed in the baseline and fail now */
    size_t checks_healed;        /* the other way round */
    double checks_p; /* exact McNemar, one-sided, that more broke than healed; 1 where none */
    const struct explanation *explanations; /* those with p_adjusted <= .05, the gravest first */
    size_t explanation_count;
    size_t quarantined;               /* entries that decide nothing */
    size_t quarantine_expired;        /* entries whose quarantine is over: they decide again */
    size_t signed_off;                /* major regressions that were accepted */
    struct false_alarms false_alarms; /* of `assay baseline --check` alone */
    size_t stale;               /* baseline entries that the golden set does not have any more */
    bool noise_known;           /* A/A was measured, or every entry has several accepted answers */
    bool recorded_ahead;        /* the baseline's date lies after the run's */
    bool max_cost_reached;      /* which ended the asking */
    const struct view *reasons; /* what decided, a sentence each */
    size_t reason_count;
    const struct view *warnings;
    size_t warning_count;
    const struct view *advice; /* what to do, a sentence each */
    size_t advice_count;
};

/* Who ran it, and on what; texts are empty where that is not known. */
struct provenance {
    struct view who;     /* git's user.name, else the login */
    struct view commit;  /* of the golden set's repository, 40 hex digits */
    bool is_dirty;       /* files of the repository differ from that commit */
    struct view program; /* "assay 0.1.0" */
    struct view ci;      /* address of the CI job */
};

struct run {
    struct view id;   /* 2026-11-23T16-33-00Z-1a2b */
    struct view kind; /* "test", "baseline" */
    struct view suite;
    struct view golden_file;
    struct view golden_version; /* of the file's text, 12 hex digits; empty where not known */
    struct view baseline_file;  /* empty where there is none */
    struct view baseline_version;
    int64_t started_unix_s;
    uint64_t elapsed_ns;
    uint64_t seed;
    uint32_t repeat;
    uint32_t
        repeat_max;   /* with --repeat auto: an entry is asked `repeat` to so many times; else 0 */
    uint32_t rounds;  /* of asking again, with --repeat auto */
    size_t undecided; /* entries that more answers could still have moved when asking ended */
    struct view scorer; /* "e5-small-q4/1", "tfidf/1", "none" */
    bool interrupted;
    bool recorded_answers; /* from --responses, not from a target */
    struct provenance provenance;
    uint32_t shard_index; /* which part of the suite this is, from 0 */
    uint32_t shard_count; /* of so many; 0 or 1: the whole */

    struct run_entry *entries;
    size_t entry_count;

    struct score mean; /* over entries */
    bool fluency_known;
    int32_t fluency_micro; /* mean over the entries where it is known */
    int64_t tokens_in;
    int64_t tokens_out;
    bool tokens_estimated;
    int64_t cost_nano_usd;
    bool cost_known;
    size_t asked;
    size_t answered;

    const struct prompt_change *changes;
    size_t change_count;

    struct view pools_json; /* what the targets' pools did: an array of core/pool/account.h's
                             * objects; empty where nothing was connected */

    const struct view *drift; /* slow changes that the history shows, a sentence each */
    size_t drift_count;
    bool drift_known; /* the history was looked at; false: an empty list says nothing */

    struct gate gate;
};

/* The empty score: every part absent. */
struct score score_absent(void);

#endif
