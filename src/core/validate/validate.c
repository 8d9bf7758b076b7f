/* SPDX-License-Identifier: Apache-2.0
 *
 * validate: see validate.h. Here one validation is led from its beginning to the decision; the
 * families of checks have files of their own (validate_internal.h). */
#include "core/validate/validate_internal.h"

#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/validate/decide.h"
#include "text/leak.h"

enum {
    ARENA_BYTES_MAX = 512 << 20,
    EVIDENCE_BYTES_MAX = 200,
    FINDINGS_FIRST = 16,
};

static int no_memory(struct err *reterr)
{
    return fail(reterr, ERR_MEMORY, "no memory to validate an answer");
}

/* ---- findings -------------------------------------------------------------------------------- */

struct view validation_span(const struct validation *validation, size_t start, size_t end)
{
    return view_slice(strbuf_view(&validation->text), start, end);
}

bool validation_has(const struct validation *validation, uint32_t row, size_t start, size_t end)
{
    for (size_t i = 0; i < validation->count; i++) {
        const struct validate_finding *known = &validation->findings[i];
        if (known->order == row
            && (start == end || (known->finding.start < end && start < known->finding.end)))
            return true;
    }
    return false;
}

uint32_t validation_row_of(const struct validation *validation, enum policy_check_kind kind)
{
    uint32_t row = 0;

    while (row < validation->policy->check_count && validation->policy->checks[row].kind != kind)
        row++;
    return row;
}

static int grow_findings(struct validation *validation)
{
    size_t room = validation->room != 0 ? validation->room * 2 : FINDINGS_FIRST;

    if (validation->count < validation->room)
        return 0;
    struct validate_finding *findings =
        mem_resize(validation->findings, room, sizeof *validation->findings);
    if (findings == NULL)
        return ERR_MEMORY;
    validation->findings = findings;
    validation->room = room;
    return 0;
}

static int evidence_of(struct validation *validation, const struct found *found,
                       struct view *ret_evidence)
{
    if (found->is_secret)
        return hide_stars(&validation->arena, found->evidence, !found->is_untold, ret_evidence);
    return arena_copy(&validation->arena, utf8_cut(found->evidence, EVIDENCE_BYTES_MAX),
                      ret_evidence);
}

/* Whether one more finding of the row would change no verdict: as grave a one is there. */
static bool is_told(const struct validation *validation, const struct validate_finding *finding)
{
    for (size_t i = 0; i < validation->count; i++)
        if (validation->findings[i].order == finding->order
            && validation->findings[i].action >= finding->action)
            return true;
    return false;
}

int validation_found(struct validation *validation, const struct found *found)
{
    bool is_own = found->row == VALIDATE_OWN_ROW;
    const struct policy_check *row = is_own ? NULL : validation_row(validation, found->row);
    struct validate_finding finding = {
        .action = found->has_action ? found->action
                  : is_own          ? POLICY_RETRY
                                    : row->action,
        .log = is_own ? false : row->log,
        .is_secret = found->is_secret,
        .quotes = found->quotes,
        .order = found->row,
    };

    if (found->message == NULL)
        return ERR_MEMORY;
    if (found->is_secret && hide_note(validation, found) != 0)
        return ERR_MEMORY;
    if (validation->count >= VALIDATE_FINDINGS_MAX && is_told(validation, &finding))
        return 0;
    finding.finding = (struct finding){
        .check = found->check.len != 0 ? found->check : row->name,
        .severity = is_own ? SEVERITY_MAJOR : row->severity,
        .message = view_of(found->message),
        .start = found->start,
        .end = found->end,
    };
    int code = grow_findings(validation);
    if (code == 0)
        code = evidence_of(validation, found, &finding.finding.evidence);
    if (code == 0)
        validation->findings[validation->count++] = finding;
    return code;
}

/* ---- beginning ------------------------------------------------------------------------------- */

int validation_new(const struct policy *policy, const struct morphology *morphology,
                   struct scan_scratch *scratch, struct validation **ret_validation)
{
    struct validation *validation = mem_new(1, sizeof *validation);

    if (validation == NULL)
        return ERR_MEMORY;
    validation->policy = policy;
    validation->morphology = morphology;
    arena_init(&validation->arena, ARENA_BYTES_MAX);
    strbuf_init(&validation->text, VALIDATE_TEXT_MAX);
    strbuf_init(&validation->released, (size_t)VALIDATE_TEXT_MAX * 4);
    size_t words = policy->expect.forbidden.count;
    validation->word_counts = mem_new(words + 1, sizeof *validation->word_counts);
    int code = validation->word_counts != NULL ? 0 : ERR_MEMORY;
    if (code == 0)
        code = hold_new(policy, scratch, &validation->hold);
    if (code != 0) {
        validation_free(validation);
        return code;
    }
    *ret_validation = validation;
    return 0;
}

void validation_free(struct validation *validation)
{
    if (validation == NULL)
        return;
    hold_free(validation->hold);
    leak_index_free(validation->leak);
    support_sources_free(validation->sources);
    json_watch_free(validation->watch);
    mem_free(validation->findings);
    mem_free(validation->secrets);
    mem_free(validation->word_counts);
    strbuf_release(&validation->text);
    strbuf_release(&validation->released);
    arena_release(&validation->arena);
    mem_free(validation);
}

static uint64_t key_of(uint64_t seed, struct view text)
{
    return map_hash(text, seed ^ text.len);
}

/* The index of what must not leak, kept while the texts are the same. */
static int make_leak(struct validation *validation, uint32_t row, struct err *reterr)
{
    const struct validate_subject *subject = &validation->subject;
    const struct policy_prompt_leak *options = validation_row(validation, row)->options;
    size_t count = options->allow_sources ? subject->source_count + 1 : 0;
    uint64_t key = key_of(1, subject->system_prompt);

    struct view *excused = arena_new(&validation->arena, count + 1, sizeof *excused);
    if (excused == NULL)
        return no_memory(reterr);
    for (size_t i = 0; i < count; i++) {
        excused[i] = i == 0 ? subject->question : subject->sources[i - 1];
        key = key_of(key, excused[i]);
    }
    if (validation->leak != NULL && validation->leak_key == key)
        return 0;
    leak_index_free(validation->leak);
    validation->leak = NULL;
    validation->leak_key = key;
    return leak_index_new(subject->system_prompt, (unsigned)options->words,
                          validation->policy->lookalikes ? SPELLING_LOOKALIKES : 0, excused, count,
                          &validation->leak, reterr);
}

static int begin_leak(struct validation *validation, struct hold_subject *held, struct err *reterr)
{
    uint32_t row = validation_row_of(validation, POLICY_PROMPT_LEAK);

    if (row == validation->policy->check_count || validation->subject.system_prompt.len == 0)
        return 0;
    int code = make_leak(validation, row, reterr);
    held->leak = validation->leak;
    held->leak_check = row;
    return code;
}

/* JSON is watched where it counts before the end. */
static int begin_watch(struct validation *validation, const struct format_wanted *wanted)
{
    uint32_t row = validation_row_of(validation, POLICY_FORMAT);
    bool is_json = wanted->is_asked && wanted->spec.format == STRUCTURE_JSON && !wanted->spec.fenced
                   && row < validation->policy->check_count;
    int code = 0;

    validation->is_watching = is_json && (validation->subject.flags & VALIDATE_TOOL) == 0;
    if (!validation->is_watching)
        return 0;
    if (validation->watch == NULL)
        code = json_watch_new(wanted->schema, &validation->watch);
    else
        json_watch_begin(validation->watch, wanted->schema);
    return code;
}

static int check_subject(const struct validation *validation, struct err *reterr)
{
    uint32_t row = validation_row_of(validation, POLICY_LOW);

    if (row == validation->policy->check_count)
        return 0;
    const struct policy_low *options = validation_row(validation, row)->options;
    if (options->embedding == POLICY_EMBEDDING_BUILTIN && validation->subject.similarity == NULL)
        return fail(reterr, ERR_UNSUPPORTED,
                    "support.low: 'embedding: builtin' needs the embedding model, which is not at "
                    "hand here: use 'embedding: tfidf' or none");
    return 0;
}

static void forget(struct validation *validation)
{
    arena_release(&validation->arena);
    arena_init(&validation->arena, ARENA_BYTES_MAX);
    strbuf_reset(&validation->text);
    strbuf_reset(&validation->released);
    memset(validation->word_counts, 0,
           validation->policy->expect.forbidden.count * sizeof *validation->word_counts);
    validation->taken = validation->held_from = validation->hidden_seen = 0;
    validation->hidden = (struct injection_watch){.at = 0};
    validation->folded = NULL;
    support_sources_free(validation->sources); /* it holds views of the last subject */
    validation->sources = NULL;
    validation->is_refused = validation->has_ended = validation->is_stopped = false;
    validation->has_failed_row = false;
    validation->count = validation->secret_count = validation->chars_so_far = 0;
    validation->code = 0;
}

int validation_begin(struct validation *validation, const struct validate_subject *subject,
                     struct err *reterr)
{
    struct hold_subject held = {
        .judge = {validation, safety_rule, sentence_passes},
    };

    forget(validation);
    validation->subject = *subject;
    validation->is_open = validation->policy->after != POLICY_AFTER_WHOLE;
    validation->watches_hidden =
        validation_row_of(validation, POLICY_INJECTION) < validation->policy->check_count;
    const struct format_wanted wanted = validation_format(validation);
    if ((subject->flags & VALIDATE_TOOL) != 0
        || (wanted.is_asked && wanted.spec.format == STRUCTURE_JSON && !wanted.spec.fenced))
        held.flags = HOLD_JSON;
    if ((subject->flags & VALIDATE_TOOL) != 0)
        held.judge.passes = NULL;
    int code = check_subject(validation, reterr);
    if (code == 0)
        code = begin_leak(validation, &held, reterr);
    if (code != 0)
        return code;
    code = begin_watch(validation, &wanted);
    if (code == 0)
        code = hold_begin(validation->hold, &held);
    return code == 0 ? 0 : no_memory(reterr);
}

/* ---- feeding --------------------------------------------------------------------------------- */

static int refuse(struct validation *validation, int code, struct err *reterr)
{
    validation->code = code;
    if (code == ERR_LIMIT)
        return fail(reterr, code, "the answer is longer than %d MiB",
                    VALIDATE_TEXT_MAX / 1024 / 1024);
    return no_memory(reterr);
}

/* Gives the hold what is certain to hide nothing. */
static int feed_hold(struct validation *validation, bool at_end)
{
    int code = validation->watches_hidden ? safety_hidden(validation, at_end) : 0;
    size_t clear = validation->text.len;

    if (validation->watches_hidden && !at_end)
        clear = (size_t)injection_watch_clear(&validation->hidden);
    if (code == 0 && clear > validation->held_from) {
        code =
            hold_feed(validation->hold, validation_span(validation, validation->held_from, clear));
        validation->held_from = clear;
    }
    return code;
}

/* With sentences the watch is fed by each of them (validate_sentence.c). */
static int feed_watch(struct validation *validation, struct view text)
{
    struct err err = {.code = 0};

    if (!validation->is_watching || validation->is_refused
        || validation->policy->after == POLICY_AFTER_SENTENCE)
        return 0;
    int code = json_watch_feed(validation->watch, text, &err);
    validation->is_refused = code != 0;
    return code == ERR_MEMORY ? code : 0;
}

int validation_feed(struct validation *validation, struct view text, struct err *reterr)
{
    assert_always(!validation->has_ended);
    if (validation->code != 0)
        return refuse(validation, validation->code, reterr);
    strbuf_add(&validation->text, text);
    int code = strbuf_status(&validation->text);
    if (code == 0)
        code = feed_hold(validation, false);
    if (code == 0)
        code = feed_watch(validation, text);
    if (code == 0)
        code = validation->code;
    return code == 0 ? 0 : refuse(validation, code, reterr);
}

/* ---- what may leave -------------------------------------------------------------------------- */

/* Something began that no check could tell the end of: the answer is cut there. */
static int too_long(struct validation *validation, const struct hold_match *match)
{
    uint32_t row = 0;

    while (validation_row(validation, row)->when != POLICY_HOLD)
        row++;
    return validation_found(validation,
                            &(struct found){
                                .row = row,
                                .has_action = true,
                                .action = POLICY_FALLBACK,
                                .start = (size_t)match->start,
                                .end = (size_t)match->start,
                                .evidence = view_of(""),
                                .message = "holds a span without an end: nothing behind its "
                                           "beginning can be judged",
                            });
}

/* Takes what the hold gives. */
static int drain(struct validation *validation)
{
    struct hold_match match;
    struct view piece;

    while (hold_next(validation->hold, &match))
        if (match.check == HOLD_TOO_LONG && too_long(validation, &match) != 0)
            return ERR_MEMORY;
    while (hold_release(validation->hold, &piece))
        strbuf_add(&validation->released, piece);
    return strbuf_status(&validation->released);
}

int validation_release(struct validation *validation, struct view *ret_text)
{
    int code = validation->is_stopped ? 0 : drain(validation);

    *ret_text = (struct view){.ptr = "", .len = 0};
    if (code != 0 || !validation->is_open)
        return code;
    struct view all = strbuf_view(&validation->released);
    *ret_text = view_slice(all, validation->taken, all.len);
    validation->taken = all.len;
    return 0;
}

bool validation_is_cut(const struct validation *validation)
{
    return validation->is_stopped || hold_is_cut(validation->hold);
}

bool validation_is_doomed(const struct validation *validation)
{
    uint32_t row = validation_row_of(validation, POLICY_FORMAT);

    if (validation->is_refused && validation_cuts(validation_row(validation, row)))
        return true;
    return validation->is_stopped || hold_is_doomed(validation->hold);
}

/* ---- the end --------------------------------------------------------------------------------- */

static int (*const enders[POLICY_CHECK_KINDS])(struct validation *, uint32_t, struct err *) = {
    [POLICY_FORMAT] = check_format,       [POLICY_KEYWORDS] = check_keywords,
    [POLICY_FORBIDDEN] = check_forbidden, [POLICY_LANGUAGE] = check_language,
    [POLICY_LENGTH] = check_length,       [POLICY_STOP_REASON] = check_stop_reason,
    [POLICY_VALUE] = check_value,         [POLICY_LOW] = check_low,
    [POLICY_PATTERN] = check_pattern,     [POLICY_FLUENCY] = check_fluency,
    [POLICY_ASSERT] = check_assert,
};

static int end_checks(struct validation *validation, struct err *reterr)
{
    int code = 0;

    if ((validation->subject.flags & VALIDATE_TOOL) != 0)
        return 0;
    for (uint32_t i = 0; code == 0 && i < validation->policy->check_count; i++) {
        const struct policy_check *row = validation_row(validation, i);
        if (enders[row->kind] != NULL)
            code = enders[row->kind](validation, i, reterr);
    }
    return code == 0 ? check_own_patterns(validation, reterr) : code;
}

/* A sentence was held back for a reason that the whole answer does not show. */
static int tell_held_sentence(struct validation *validation)
{
    size_t at = (size_t)validation->failed_at;

    if (!validation->has_failed_row || validation_has(validation, validation->failed_row, 0, 0))
        return 0;
    return validation_found(validation, &(struct found){
                                            .row = validation->failed_row,
                                            .start = at,
                                            .end = at,
                                            .message = "failed while the answer came: the sentence "
                                                       "that begins here was held back",
                                        });
}

static enum policy_action gravest_of(const struct validation *validation)
{
    enum policy_action gravest = POLICY_ACCEPT;

    for (size_t i = 0; i < validation->count; i++)
        if (validation->findings[i].action > gravest)
            gravest = validation->findings[i].action;
    return gravest;
}

/* With `after: whole` all or nothing leaves. */
static void open_or_stop(struct validation *validation)
{
    if (validation->is_open)
        return;
    if (gravest_of(validation) >= POLICY_RETRY) {
        validation->is_stopped = true;
        strbuf_reset(&validation->released);
    } else {
        validation->is_open = true;
    }
}

static bool has_asks(const struct validation *validation)
{
    for (size_t i = 0; i < validation->policy->check_count; i++)
        if (validation->policy->checks[i].when == POLICY_ASK)
            return true;
    return false;
}

int validation_end(struct validation *validation, const struct validate_subject *subject,
                   struct err *reterr)
{
    struct validate_subject *own = &validation->subject;

    assert_always(!validation->has_ended);
    if (validation->code != 0)
        return refuse(validation, validation->code, reterr);
    own->has_stop = subject->has_stop;
    own->stop = subject->stop;
    own->usage_is_due = subject->usage_is_due;
    own->has_usage = subject->has_usage;
    own->usage = subject->usage;
    validation->has_ended = true;
    int code = feed_hold(validation, true);
    if (code == 0)
        code = hold_finish(validation->hold);
    if (code == 0)
        code = drain(validation);
    if (code == 0)
        code = validation->code;
    if (code != 0)
        return refuse(validation, code, reterr);
    code = end_checks(validation, reterr);
    if (code == 0)
        code = tell_held_sentence(validation);
    if (code == 0 && !has_asks(validation))
        open_or_stop(validation);
    if (code != 0)
        validation->code = code;
    return code == ERR_MEMORY ? no_memory(reterr) : code;
}

/* ---- what others are asked ------------------------------------------------------------------- */

size_t validation_asks(const struct validation *validation, const struct policy_check **ret_checks,
                       size_t room)
{
    size_t count = 0;

    if (gravest_of(validation) >= POLICY_FALLBACK || (validation->subject.flags & VALIDATE_TOOL))
        return 0; /* nothing that they say would change what is done */
    for (uint32_t i = 0; i < validation->policy->check_count; i++) {
        const struct policy_check *row = validation_row(validation, i);
        if (row->when != POLICY_ASK)
            continue;
        if (count < room)
            ret_checks[count] = row;
        count++;
    }
    return count < room ? count : room;
}

int validation_add(struct validation *validation, const struct policy_check *check,
                   const struct finding *finding)
{
    struct view message;
    ptrdiff_t row = check - validation->policy->checks;

    assert_always(row >= 0 && (size_t)row < validation->policy->check_count);
    int code = arena_copy(&validation->arena, finding->message, &message);
    if (code != 0)
        return code;
    return validation_found(validation, &(struct found){
                                            .row = (uint32_t)row,
                                            .quotes = true,
                                            .start = finding->start,
                                            .end = finding->end,
                                            .evidence = finding->evidence,
                                            .message = message.ptr,
                                        });
}

/* ---- the decision ---------------------------------------------------------------------------- */

static bool comes_after(const struct validate_finding *a, const struct validate_finding *b)
{
    if (a->order != b->order)
        return a->order > b->order;
    if (a->finding.start != b->finding.start)
        return a->finding.start > b->finding.start;
    if (a->finding.end != b->finding.end)
        return a->finding.end > b->finding.end;
    return view_compare(a->finding.message, b->finding.message) > 0;
}

/* By the policy's order, then by place, then by what is said: never by when it was found, which
 * depends on the cuts of a stream. */
static void sort_findings(struct validation *validation)
{
    for (size_t i = 1; i < validation->count; i++) {
        struct validate_finding moved = validation->findings[i];
        size_t to = i;
        for (; to > 0 && comes_after(&validation->findings[to - 1], &moved); to--)
            validation->findings[to] = validation->findings[to - 1];
        validation->findings[to] = moved;
    }
}

static void result_of(const struct validation *validation,
                      const struct validate_situation *situation, struct validated *ret_validated)
{
    const struct decided decided = decide(gravest_of(validation), situation);

    *ret_validated = (struct validated){
        .decision = decided.decision,
        .retry_at_zero = decided.retry_at_zero,
        .findings = validation->findings,
        .count = validation->count,
        .secrets = validation->secrets,
        .secret_count = validation->secret_count,
        .is_masked = hold_is_masked(validation->hold) && !validation_is_cut(validation),
    };
    for (size_t i = 0; i < validation->count; i++)
        if (validation->findings[i].log)
            ret_validated->log = true;
    if (ret_validated->is_masked)
        ret_validated->masked = strbuf_view(&validation->released);
}

int validation_decide(struct validation *validation, const struct validate_situation *situation,
                      struct validated *ret_validated, struct err *reterr)
{
    assert_always(validation->has_ended);
    if (validation->code != 0)
        return refuse(validation, validation->code, reterr);
    sort_findings(validation);
    if (hide_secrets(validation) != 0)
        return no_memory(reterr);
    open_or_stop(validation);
    result_of(validation, situation, ret_validated);
    return 0;
}
