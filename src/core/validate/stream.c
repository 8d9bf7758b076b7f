/* SPDX-License-Identifier: Apache-2.0
 *
 * stream: see stream.h. The text comes in and is judged; how it leaves is in stream_release.c. */
#include "core/validate/stream.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/validate/stream_state.h"

/* A feed is worked off in slices that end at multiples of this, so that memory is bounded by the
 * text that is held, and so that what is dropped does not depend on the cuts. */
enum { SLICE = 4096, MATCHES_MIN = 16 };

/* ---- life ----------------------------------------------------------------------------------- */

/* Which rows have each rule. */
static int index_rows(struct hold *hold)
{
    const struct policy *policy = hold->policy;
    size_t total = 0;

    for (size_t i = 0; i < policy->check_count; i++)
        total += policy->checks[i].rule_count;
    hold->row_at = mem_new(hold->rule_count + 1, sizeof *hold->row_at);
    hold->rows = mem_new(total + 1, sizeof *hold->rows);
    hold->told = mem_new(hold->rule_count + 1, sizeof *hold->told);
    if (hold->row_at == NULL || hold->rows == NULL || hold->told == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < policy->check_count; i++)
        for (size_t k = 0; k < policy->checks[i].rule_count; k++)
            hold->row_at[policy->checks[i].rules[k]]++;
    for (size_t rule = 1; rule <= hold->rule_count; rule++)
        hold->row_at[rule] += hold->row_at[rule - 1];
    for (size_t i = policy->check_count; i-- > 0;)
        for (size_t k = 0; k < policy->checks[i].rule_count; k++)
            hold->rows[--hold->row_at[policy->checks[i].rules[k]]] = (uint32_t)i;
    return 0;
}

int hold_new(const struct policy *policy, struct scan_scratch *scratch, struct hold **ret_hold)
{
    struct hold *hold = mem_new(1, sizeof *hold);
    if (hold == NULL)
        return ERR_MEMORY;

    hold->policy = policy;
    hold->rule_count = policy->set != NULL ? scan_set_count(policy->set) : 0;
    held_init(&hold->text, HOLD_TEXT_MAX);
    escapes_init(&hold->escapes);
    strbuf_init(&hold->out, HOLD_TEXT_MAX);
    int code = index_rows(hold);
    if (code == 0)
        code = spelling_new(policy->lookalikes ? SPELLING_LOOKALIKES : 0, &hold->spelling);
    if (code == 0 && hold->rule_count > 0)
        code = scanner_new(policy->set, policy->wanted, policy->held, scratch, &hold->scanner);
    if (code != 0) {
        hold_free(hold);
        return code;
    }
    *ret_hold = hold;
    return 0;
}

void hold_free(struct hold *hold)
{
    if (hold == NULL)
        return;
    leak_watch_free(hold->leaks);
    scanner_free(hold->scanner);
    spelling_free(hold->spelling);
    held_release(&hold->text);
    escapes_release(&hold->escapes);
    strbuf_release(&hold->out);
    spans_release(&hold->spans);
    mem_free(hold->waiting.items);
    mem_free(hold->ready.items);
    mem_free(hold->row_at);
    mem_free(hold->rows);
    mem_free(hold->told);
    mem_free(hold);
}

static void forget_text(struct hold *hold)
{
    held_reset(&hold->text);
    escapes_reset(&hold->escapes);
    spans_reset(&hold->spans);
    strbuf_reset(&hold->out);
    hold->waiting.first = hold->waiting.count = 0;
    hold->ready.first = hold->ready.count = 0;
    hold->match_count = 0;
    hold->clear = 0;
    hold->cut_at = UINT64_MAX;
    hold->is_finished = false;
    hold->is_over = false;
    hold->failed = 0;
    hold->masked_to = 0;
    hold->is_masked = false;
    hold->hole_covered = false;
    hold->in_string = false;
    hold->escaped = false;
    hold->part = SENTENCE_WITHIN;
    hold->sentence_at = hold->sentence_from = hold->sentences_to = 0;
    hold->is_taken = true;
    memset(hold->told, 0, (hold->rule_count + 1) * sizeof *hold->told);
}

int hold_begin(struct hold *hold, const struct hold_subject *subject)
{
    hold->subject = *subject;
    forget_text(hold);
    spelling_reset(hold->spelling);
    if (hold->scanner != NULL)
        scanner_reset(hold->scanner);
    leak_watch_free(hold->leaks);
    hold->leaks = NULL;
    if (subject->leak != NULL)
        hold->failed = leak_watch_new(subject->leak, &hold->leaks);
    return hold->failed;
}

/* ---- matches -------------------------------------------------------------------------------- */

static int list_add(struct match_list *list, size_t at, const struct hold_match *match)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? MATCHES_MIN : list->capacity * 2;
        struct hold_match *grown = mem_resize(list->items, capacity, sizeof *grown);
        if (grown == NULL)
            return ERR_MEMORY;
        list->items = grown;
        list->capacity = capacity;
    }
    memmove(&list->items[at + 1], &list->items[at], (list->count - at) * sizeof *list->items);
    list->items[at] = *match;
    list->count++;
    return 0;
}

static bool list_take(struct match_list *list, struct hold_match *ret_match)
{
    if (list->first == list->count)
        return false;
    *ret_match = list->items[list->first++];
    if (list->first == list->count)
        list->first = list->count = 0;
    return true;
}

static bool stands_before(const struct hold_match *a, const struct hold_match *b)
{
    if (a->start != b->start)
        return a->start < b->start;
    return a->check != b->check ? a->check < b->check : a->rule < b->rule;
}

/* Has it told: at once, or by its start where others may still come before it. */
static int tell(struct hold *hold, const struct hold_match *match, bool is_held)
{
    uint32_t *told = &hold->told[match->rule < hold->rule_count ? match->rule : hold->rule_count];

    hold->match_count++;
    if (++*told > HOLD_MATCHES_MAX) {
        *told = HOLD_MATCHES_MAX;
        return 0;
    }
    if (!is_held)
        return list_add(&hold->ready, hold->ready.count, match);
    size_t at = hold->waiting.count;
    while (at > hold->waiting.first && stands_before(match, &hold->waiting.items[at - 1]))
        at--;
    return list_add(&hold->waiting, at, match);
}

/* What the ruling means for what leaves. */
static int apply(struct hold *hold, const struct hold_match *match, struct view label)
{
    if (match->action >= POLICY_RETRY)
        hold->cut_at = match->start < hold->cut_at ? match->start : hold->cut_at;
    if (match->action != POLICY_MASK)
        return 0;
    struct mask_span span = {
        .start = match->start,
        .end = match->end,
        .label = label,
        .rank = (uint64_t)match->check << 32 | match->rule,
    };
    return spans_add(&hold->spans, &span);
}

static int judge(struct hold *hold, struct hold_match match, bool is_held)
{
    const struct hold_judge *judge = &hold->subject.judge;
    uint64_t end = match.start < hold->text.hole_start && match.end > hold->text.hole_start
                       ? hold->text.hole_start
                       : match.end;
    struct view text = is_held ? held_view(&hold->text, match.start, end) : (struct view){0};
    struct hold_ruling ruling = judge->rule(judge->context, &match, text);

    match.action = ruling.action;
    int code = is_held ? apply(hold, &match, ruling.label) : 0;
    return code != 0 ? code : tell(hold, &match, is_held);
}

/* From the text that was looked at to the answer. */
static uint64_t source_start(const struct hold *hold, uint64_t at)
{
    return hold->subject.flags & HOLD_JSON ? escapes_start(&hold->escapes, at) : at;
}

static uint64_t source_end(const struct hold *hold, uint64_t end)
{
    return hold->subject.flags & HOLD_JSON && end > 0 ? escapes_end(&hold->escapes, end - 1) : end;
}

static int take_match(struct hold *hold, const struct scan_match *found)
{
    bool is_held = hold->policy->held == NULL || hold->policy->held[found->rule];
    struct hold_match match = {
        .rule = found->rule,
        .start = source_start(hold, found->start),
        .end = source_end(hold, found->end),
        .too_costly = found->too_costly,
    };

    assert_always(!is_held || match.start >= hold->clear);
    for (uint32_t i = hold->row_at[found->rule]; i < hold->row_at[found->rule + 1]; i++) {
        match.check = hold->rows[i];
        int code = judge(hold, match, is_held);
        if (code != 0)
            return code;
    }
    return 0;
}

static int take_leak(struct hold *hold, uint64_t start, uint64_t end)
{
    struct hold_match match = {
        .rule = HOLD_LEAK,
        .check = hold->subject.leak_check,
        .start = source_start(hold, start),
        .end = source_end(hold, end),
    };

    assert_always(match.start >= hold->clear);
    return judge(hold, match, true);
}

/* ---- looking -------------------------------------------------------------------------------- */

static int look_for_rules(struct hold *hold, uint64_t *clear, uint64_t *needs)
{
    struct scan_match match;
    int code = scanner_advance(hold->scanner, hold->spelling);

    while (code == 0 && scanner_next(hold->scanner, &match))
        code = take_match(hold, &match);
    *clear = scanner_clear(hold->scanner, hold->spelling);
    *needs = scanner_needs(hold->scanner);
    return code;
}

static int look_for_leaks(struct hold *hold, uint64_t *clear, uint64_t *needs)
{
    uint64_t start;
    uint64_t end;
    int code = leak_watch_advance(hold->leaks, hold->spelling);

    while (code == 0 && leak_watch_next(hold->leaks, &start, &end))
        code = take_leak(hold, start, end);
    uint64_t at = leak_watch_clear(hold->leaks, hold->spelling);
    *clear = at < *clear ? at : *clear;
    at = leak_watch_needs(hold->leaks);
    *needs = at < *needs ? at : *needs;
    return code;
}

/* The matches before `clear` are all there: they can be told in their order. */
static int settle(struct hold *hold, uint64_t clear)
{
    int code = 0;

    hold->clear = clear > hold->clear ? clear : hold->clear;
    while (code == 0 && hold->waiting.first < hold->waiting.count
           && (hold->is_finished || hold->waiting.items[hold->waiting.first].start < hold->clear)) {
        struct hold_match match;
        if (list_take(&hold->waiting, &match))
            code = list_add(&hold->ready, hold->ready.count, &match);
    }
    return code;
}

/* Nothing looks at the spelling: only whole characters leave. */
static int pass_unseen(struct hold *hold)
{
    size_t tail = utf8_tail(held_view(&hold->text, hold->clear, hold->text.end));

    return settle(hold, hold->is_finished ? hold->text.end : hold->text.end - tail);
}

static int look(struct hold *hold, struct view text)
{
    uint64_t clear = UINT64_MAX;
    uint64_t needs = UINT64_MAX;

    if (hold->scanner == NULL && hold->leaks == NULL)
        return pass_unseen(hold);
    int code = text.len > 0 ? spelling_feed(hold->spelling, text) : 0;
    if (code == 0 && hold->is_finished)
        code = spelling_finish(hold->spelling);
    if (code == 0 && hold->scanner != NULL)
        code = look_for_rules(hold, &clear, &needs);
    if (code == 0 && hold->leaks != NULL)
        code = look_for_leaks(hold, &clear, &needs);
    if (code != 0)
        return code;
    if (hold->subject.flags & HOLD_JSON)
        escapes_forget(&hold->escapes, source_start(hold, spelling_start(hold->spelling, needs)));
    spelling_forget(hold->spelling, needs);
    return settle(hold, hold->is_finished ? hold->text.end : source_start(hold, clear));
}

/* ---- what stays undecided too long ---------------------------------------------------------- */

/* All matches that could cover the hole are there: one does, or the answer ends before it. */
static int judge_hole(struct hold *hold)
{
    const struct held_text *text = &hold->text;
    uint64_t from = hold->masked_to > text->hole_start ? hold->masked_to : text->hole_start;

    if (!held_has_hole(text) || hold->hole_covered || hold->clear < text->hole_end)
        return 0;
    if (hold->masked_to >= text->hole_end || spans_cover(&hold->spans, from, text->hole_end)) {
        hold->hole_covered = true;
        return 0;
    }
    if (hold->cut_at <= text->hole_start)
        return 0;
    struct hold_match match = {
        .check = HOLD_TOO_LONG,
        .rule = HOLD_TOO_LONG,
        .start = text->hole_start,
        .end = text->hole_end,
        .action = POLICY_BLOCK,
    };
    hold->cut_at = match.start;
    hold->match_count++;
    return list_add(&hold->ready, hold->ready.count, &match);
}

static void drop_undecided(struct hold *hold)
{
    struct held_text *text = &hold->text;
    bool has_hole = held_has_hole(text);

    if (has_hole && hold->hole_covered)
        return; /* it is about to leave */
    uint64_t from = has_hole ? text->hole_end : hold->clear;
    if (text->end - from <= HOLD_UNDECIDED_MAX)
        return;
    if (hold->subject.flags & HOLD_JSON)
        hold->hole_in_string = hold->escapes.in_string;
    held_drop(text, has_hole ? from : from + HOLD_EVIDENCE_MAX);
    if (hold->subject.flags & HOLD_JSON)
        escapes_join(&hold->escapes, text->hole_start, text->hole_end);
    hold->hole_covered = false;
}

/* ---- feeding -------------------------------------------------------------------------------- */

/* The text as it is looked at. */
static int resolve(struct hold *hold, struct view text, struct view *ret_text)
{
    *ret_text = text;
    if (!(hold->subject.flags & HOLD_JSON))
        return 0;
    return hold->is_finished ? escapes_finish(&hold->escapes, ret_text)
                             : escapes_feed(&hold->escapes, text, ret_text);
}

static int step(struct hold *hold, struct view text)
{
    struct view seen;
    int code = held_add(&hold->text, text);

    if (code == 0)
        code = resolve(hold, text, &seen);
    if (code == 0)
        code = look(hold, seen);
    if (code == 0)
        code = judge_hole(hold);
    if (code == 0)
        code = hold_let_out(hold);
    if (code == 0 && hold->text.end % SLICE == 0)
        drop_undecided(hold);
    return code;
}

int hold_feed(struct hold *hold, struct view text)
{
    assert_always(!hold->is_finished);
    while (hold->failed == 0 && text.len > 0) {
        size_t room = SLICE - (size_t)(hold->text.end % SLICE);
        struct view slice = view_slice(text, 0, room);
        text = view_slice(text, slice.len, text.len);
        hold->failed = step(hold, slice);
    }
    return hold->failed;
}

int hold_finish(struct hold *hold)
{
    if (hold->failed != 0 || hold->is_finished)
        return hold->failed;
    hold->is_finished = true;
    hold->failed = step(hold, (struct view){0});
    return hold->failed;
}

/* ---- what is known -------------------------------------------------------------------------- */

bool hold_next(struct hold *hold, struct hold_match *ret_match)
{
    return list_take(&hold->ready, ret_match);
}

uint64_t hold_match_count(const struct hold *hold)
{
    return hold->match_count;
}

bool hold_is_doomed(const struct hold *hold)
{
    return hold->cut_at != UINT64_MAX;
}

bool hold_is_cut(const struct hold *hold)
{
    return hold->is_over && (hold->is_taken || hold->out.len == 0);
}

uint64_t hold_fed(const struct hold *hold)
{
    return hold->text.end;
}

uint64_t hold_clear(const struct hold *hold)
{
    return hold->clear;
}

bool hold_is_masked(const struct hold *hold)
{
    return hold->is_masked;
}

size_t hold_kept(const struct hold *hold)
{
    return held_kept(&hold->text);
}
