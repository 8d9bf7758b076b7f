/* SPDX-License-Identifier: Apache-2.0
 *
 * validate_internal: a validation, shared by validate.c, which leads it, and the families of
 * checks: check_safety.c (spans, while the answer comes), check_response.c and check_support.c
 * (once it is there), validate_sentence.c (sentence by sentence).
 *
 * Threads: one owner. */
#ifndef ASSAY_CORE_VALIDATE_VALIDATE_INTERNAL_H
#define ASSAY_CORE_VALIDATE_VALIDATE_INTERNAL_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "core/validate/expectation_internal.h"
#include "core/validate/json_watch.h"
#include "core/validate/policy_internal.h"
#include "core/validate/stream.h"
#include "core/validate/validate.h"
#include "core/record/run.h"
#include "text/injection.h"
#include "text/normalise.h"
#include "text/support.h"

/* A row that no policy has: checks of patterns that an answer's own expectation lists. */
static const uint32_t VALIDATE_OWN_ROW = UINT32_MAX;

struct validation {
    const struct policy *policy;
    const struct morphology *morphology;
    struct arena arena;
    struct validate_subject subject;

    struct hold *hold;
    struct strbuf text;     /* the answer so far */
    struct strbuf released; /* of it, what may leave, masked */
    size_t taken;           /* of that, what validation_release has given */
    size_t held_from;       /* of the text, the first byte that the hold has not seen */
    struct injection_watch hidden;
    size_t hidden_seen; /* of the text */
    bool watches_hidden;

    struct leak_index *leak;
    uint64_t leak_key; /* of the texts that it was made of */
    struct support_sources *sources;
    const struct folded *folded; /* the sources, for allow-lists; NULL: not made yet */

    struct json_watch *watch;
    bool is_watching;
    bool is_refused; /* the watch has refused */

    struct validate_finding *findings;
    size_t count;
    size_t room;
    struct validate_secret *secrets; /* all, also those that are no findings any more */
    size_t secret_count;
    size_t secret_room;
    uint32_t *word_counts; /* of the policy's forbidden words */
    size_t chars_so_far;   /* while sentences are released */
    uint32_t failed_row;   /* the row for which a sentence was not released */
    uint64_t failed_at;
    bool has_failed_row;

    bool has_ended;
    bool is_open; /* what the hold gives may leave */
    bool is_stopped;
    int code; /* a failure inside a callback */
};

/* One finding on its way. */
struct found {
    uint32_t row;      /* of the policy; VALIDATE_OWN_ROW */
    struct view check; /* empty: the row's name */
    bool has_action;
    enum policy_action action;
    bool is_secret;
    bool is_untold; /* a secret of which not even the last characters are told */
    bool quotes;    /* evidence and message may quote any part of the answer */
    size_t start;
    size_t end;
    struct view evidence; /* copied, and cut */
    const char *message;  /* in the arena; NULL: no memory */
};

/* Adds it: past VALIDATE_FINDINGS_MAX only where its row has none yet that is as grave.
 * ERR_MEMORY. */
MUST_CHECK int validation_found(struct validation *validation, const struct found *found);

/* True where the row has a finding that shares a byte with start..end; of an empty span: any. */
bool validation_has(const struct validation *validation, uint32_t row, size_t start, size_t end);

static inline const struct policy_check *validation_row(const struct validation *validation,
                                                        uint32_t row)
{
    return &validation->policy->checks[row];
}

/* The row of that kind; the number of rows where there is none. */
uint32_t validation_row_of(const struct validation *validation, enum policy_check_kind kind);

/* Whether a failure of the row ends a stream. */
static inline bool validation_cuts(const struct policy_check *row)
{
    return row->action >= POLICY_RETRY;
}

/* The bytes of the answer. */
struct view validation_span(const struct validation *validation, size_t start, size_t end);

/* ---- check_safety.c -------------------------------------------------------------------------- */

/* The judge of the hold machine: `context` is the validation. */
struct hold_ruling safety_rule(void *context, const struct hold_match *match, struct view text);

/* What is hidden in the bytes, up to the end of the text so far; at_end: no more will come. */
MUST_CHECK int safety_hidden(struct validation *validation, bool at_end);

/* True where the text stands in the row's allow-list. */
bool safety_allows(const struct policy_check *row, const struct policy_allow *allow,
                   struct view text);

/* ---- validate_hide.c ------------------------------------------------------------------------- */

/* The characters as stars, with_tail: all but the last few; in the arena. ERR_MEMORY. */
MUST_CHECK int hide_stars(struct arena *arena, struct view text, bool with_tail,
                          struct view *ret_stars);
/* Keeps where a secret stands. ERR_MEMORY. */
MUST_CHECK int hide_note(struct validation *validation, const struct found *found);
/* Makes unreadable what findings quote of secrets. ERR_MEMORY. */
MUST_CHECK int hide_secrets(struct validation *validation);

/* ---- check_response.c, check_support.c: one function a kind, once the answer is there ------- */

MUST_CHECK int check_format(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_keywords(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_forbidden(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_language(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_length(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_stop_reason(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_pattern(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_assert(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_fluency(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_value(struct validation *validation, uint32_t row, struct err *reterr);
MUST_CHECK int check_low(struct validation *validation, uint32_t row, struct err *reterr);
/* `checks: [{check: pattern.NAME, …}]` of the answer's own expectation. */
MUST_CHECK int check_own_patterns(struct validation *validation, struct err *reterr);

/* What is asked of the form, whoever asks: the answer's own expectation, what was extracted, the
 * policy. */
struct format_wanted {
    struct structure_spec spec;
    const struct schema *schema; /* NULL: none */
    bool is_asked;
};
struct format_wanted validation_format(const struct validation *validation);

/* The same for the language; "any": none is asked for. */
struct view validation_language(const struct validation *validation, bool *ret_is_guess);

/* How far the language of a text is the one that is wanted. */
MUST_CHECK int language_fails(struct arena *arena, struct view text, struct view wanted,
                              bool is_guess, bool *ret_fails, char ret_detected[]);

/* Values of the text, which is of the answer, that no source has; the report is the arena's. */
MUST_CHECK int support_values(struct validation *validation, struct arena *arena, struct view text,
                              struct support_report *ret_report);

/* ---- validate_sentence.c --------------------------------------------------------------------- */

/* The hold machine's passes(): whether a sentence may leave. */
bool sentence_passes(void *context, struct view sentence, uint64_t start);

#endif
