/* SPDX-License-Identifier: Apache-2.0
 *
 * stream: what of an answer may leave while it is still coming in. A byte is held back until no
 * check that masks or cuts can still find something that starts at or before it; then it leaves as
 * it came, behind a mask, or not at all.
 *
 *   hold_begin ─▶ hold_feed* ─▶ hold_finish      after each: hold_next*, hold_release*
 *
 *        released ─────┐        ┌───── clear: no match that is not told starts before here
 *   ───────────────────┼────────┼───────────────────┐
 *        has left      │ may go │ held back         │ fed
 *
 * Raw deltas go in, however they are cut; a character that is not complete is carried. Each match
 * that the scanner or the leak watch settles is put to the judge once, who says what follows. The
 * law (tests/laws/test_validate_stream.c): the same bytes give the same matches, the same rulings
 * and the same released bytes whatever the cuts; what was released is always the beginning of the
 * final masked text; no byte of a span that was masked or cut ever leaves. Spans that are masked
 * and overlap or touch become one, under the label of the first.
 *
 * Rules that the policy does not hold for (policy->held) are told and never masked or cut: their
 * bytes may have left.
 *
 * Memory: base/mem, kept by hold_begin; of the text only what has not left, at most
 * HOLD_UNDECIDED_MAX of it undecided: what stays undecided longer is dropped, and either turns out
 * to lie within one masked span, or the answer is cut there (HOLD_TOO_LONG). Threads: one owner. */
#ifndef ASSAY_CORE_VALIDATE_STREAM_H
#define ASSAY_CORE_VALIDATE_STREAM_H

#include "core/validate/policy.h"
#include "text/leak.h"

enum {
    HOLD_TEXT_MAX = 32 * 1024 * 1024, /* that waits to be taken: `after: whole`, slow takers */
    HOLD_UNDECIDED_MAX = 128 * 1024,  /* that no check has decided about */
    HOLD_EVIDENCE_MAX = 256,          /* of a dropped span that is kept for the judge */
    HOLD_SENTENCE_MAX = 16 * 1024,    /* a longer sentence counts as ended */
    HOLD_MATCHES_MAX = 200,           /* of one rule that are told; all are judged and counted */
};

enum hold_flag {
    HOLD_JSON = 1, /* the text is JSON: looked at with its escapes resolved, masks are valid JSON */
};

/* Instead of a rule of the set. */
enum hold_rule {
    HOLD_LEAK = 0x7ffffffe,     /* the leak watch */
    HOLD_TOO_LONG = 0x7fffffff, /* undecided for longer than is kept; it always cuts */
};

struct hold_match {
    uint32_t check; /* index among the policy's rows; HOLD_TOO_LONG of HOLD_TOO_LONG */
    uint32_t rule;  /* of the set, or of enum hold_rule */
    uint64_t start; /* bytes of the answer */
    uint64_t end;
    bool too_costly;           /* it could not be decided whether it matches */
    enum policy_action action; /* as ruled */
};

/* What follows from a match. RETRY, FALLBACK and BLOCK cut. */
struct hold_ruling {
    enum policy_action action;
    struct view label; /* of MASK; must hold until the next begin */
};

/* Both may be called from within feed and finish, and must not call the machine. */
struct hold_judge {
    void *context;
    /* Called once for each match and each row that has its rule. `text` is what matched, as it came
     * (with HOLD_JSON: with its escapes); of a long span its beginning; empty where the policy does
     * not hold for the rule: those bytes may be gone. */
    struct hold_ruling (*rule)(void *context, const struct hold_match *match, struct view text);
    /* With POLICY_AFTER_SENTENCE: whether this sentence, as it came (without what was dropped of a
     * long masked span), may leave; false cuts before it. Called once a sentence, in order. NULL:
     * all may. */
    bool (*passes)(void *context, struct view sentence, uint64_t start);
};

struct hold_subject {
    unsigned flags;
    const struct leak_index *leak; /* NULL: no secret text is known */
    uint32_t leak_check;           /* its row */
    struct hold_judge judge;
};

struct hold;

/* The policy must be bound, and hold until hold_free; the scratch is used during calls only. */
MUST_CHECK int hold_new(const struct policy *policy, struct scan_scratch *scratch,
                        struct hold **ret_hold);
void hold_free(struct hold *hold); /* NULL is fine */

/* A new text. ERR_MEMORY. */
MUST_CHECK int hold_begin(struct hold *hold, const struct hold_subject *subject);

/* More of the text. ERR_LIMIT where more than HOLD_TEXT_MAX waits, ERR_MEMORY; a failure stays. */
MUST_CHECK int hold_feed(struct hold *hold, struct view text);
/* The text is complete. */
MUST_CHECK int hold_finish(struct hold *hold);

/* The next match that was judged. Those that are held for come by their start. */
bool hold_next(struct hold *hold, struct hold_match *ret_match);
/* How many there were, told or not. */
uint64_t hold_match_count(const struct hold *hold);

/* What may leave now, never empty; false: nothing. With POLICY_AFTER_WHOLE there is nothing before
 * hold_finish. The view holds until the next call. */
bool hold_release(struct hold *hold, struct view *ret_text);

/* Ends the release by the caller's own judgement: no byte from `at` on leaves. Where some of them
 * wait to be taken already, all that waits is dropped. */
void hold_stop(struct hold *hold, uint64_t at);

/* A match was judged that cuts, or hold_stop was called: the end of what leaves is decided, though
 * not all before it may have left. What is fed on is still judged. */
bool hold_is_doomed(const struct hold *hold);
/* The same, and nothing more will leave. */
bool hold_is_cut(const struct hold *hold);

/* Bytes of the answer: fed, and of them those before which all matches are told. */
uint64_t hold_fed(const struct hold *hold);
uint64_t hold_clear(const struct hold *hold);
/* True where something was masked so far. */
bool hold_is_masked(const struct hold *hold);
/* Bytes of the text that are kept now: for tests and figures. */
size_t hold_kept(const struct hold *hold);

#endif
