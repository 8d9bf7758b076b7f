/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_decide: PCRE2's part of scanning, see scan.h and scan_state.h.
 *
 * A lead says that matches of a rule may start before `last`. PCRE2 looks for the leftmost, with
 * partial matching: where it would have had to look behind the text's end it says so, and the rule
 * waits there. So what is decided is what PCRE2 would find in the whole text. */
#include "text/scan_state.h"

/* What PCRE2 said about starting points [from, until). */
enum verdict { VERDICT_NONE, VERDICT_MATCH, VERDICT_PARTIAL, VERDICT_COSTLY, VERDICT_MEMORY };

uint64_t scan_back_to_character(const struct scan_text *text, uint64_t at)
{
    while (at > text->at && at < text->end
           && ((unsigned char)text->window.ptr[at - text->at] & 0xc0u) == 0x80u)
        at--;
    return at;
}

uint64_t scan_on_to_character(const struct scan_text *text, uint64_t at)
{
    while (at >= text->at && at < text->end
           && ((unsigned char)text->window.ptr[at - text->at] & 0xc0u) == 0x80u)
        at++;
    return at;
}

/* Machine code and PCRE2's interpreter do not count steps alike: what the one gave up the other
 * must have room for, or it would depend on the cuts who is asked first. */
enum { SLOW_STEPS_MAX = 4 * SCAN_STEPS_MAX };

/* One call of PCRE2 for starting points from `from` up to but without `until`. */
static enum verdict look(const struct scanner *scanner, const struct scan_text *text,
                         const struct scan_entry *entry, uint64_t from, uint64_t until,
                         uint32_t options, uint64_t *ret_start, uint64_t *ret_end)
{
    struct scan_scratch *scratch = scanner->scratch;
    PCRE2_SPTR subject = (PCRE2_SPTR)text->window.ptr;
    size_t len = text->window.len;
    size_t offset = (size_t)(from - text->at);

    options |= PCRE2_NO_UTF_CHECK;
    pcre2_set_offset_limit(scratch->limits, (size_t)(until - text->at) - 1);
    int said =
        pcre2_match(entry->code, subject, len, offset, options, scratch->match, scratch->limits);
    if (said == PCRE2_ERROR_JIT_STACKLIMIT)
        said = pcre2_match(entry->code, subject, len, offset, options | PCRE2_NO_JIT,
                           scratch->match, scratch->limits);
    if (said == PCRE2_ERROR_NOMATCH)
        return VERDICT_NONE;
    if (said == PCRE2_ERROR_NOMEMORY)
        return VERDICT_MEMORY;
    if (said < 0 && said != PCRE2_ERROR_PARTIAL)
        return VERDICT_COSTLY;
    const PCRE2_SIZE *place = pcre2_get_ovector_pointer(scratch->match);
    *ret_start = text->at + place[0];
    *ret_end = text->at + place[1];
    return said == PCRE2_ERROR_PARTIAL ? VERDICT_PARTIAL : VERDICT_MATCH;
}

/* The same, where the text has ended: a match that reaches its end is whole. */
static enum verdict look_last(const struct scanner *scanner, const struct scan_text *text,
                              const struct scan_entry *entry, uint64_t from, uint64_t until,
                              uint64_t *ret_start, uint64_t *ret_end)
{
    for (;;) {
        uint64_t start = 0;
        enum verdict verdict =
            look(scanner, text, entry, from, until, PCRE2_PARTIAL_HARD, ret_start, ret_end);
        if (verdict != VERDICT_PARTIAL)
            return verdict;
        start = *ret_start;
        verdict = look(scanner, text, entry, start, start + 1, PCRE2_ANCHORED, ret_start, ret_end);
        if (verdict == VERDICT_COSTLY)
            *ret_start = start;
        if (verdict != VERDICT_NONE)
            return verdict;
        from = scan_on_to_character(text, start + 1);
        if (from >= until)
            return VERDICT_NONE;
    }
}

static enum verdict look_where(const struct scanner *scanner, const struct scan_text *text,
                               const struct scan_entry *entry, uint64_t from, uint64_t until,
                               uint64_t *ret_start, uint64_t *ret_end)
{
    if (entry->width == SIZE_MAX)
        return look(scanner, text, entry, from, until, 0, ret_start, ret_end);
    if (text->is_finished)
        return look_last(scanner, text, entry, from, until, ret_start, ret_end);
    return look(scanner, text, entry, from, until, PCRE2_PARTIAL_HARD, ret_start, ret_end);
}

/* PCRE2 met its limit at one of the starting points: the first of them, or what comes before it.
 * It is tried at each alone, since on its own it may pass over points, and over the last one,
 * before it counts. */
static enum verdict look_slowly(const struct scanner *scanner, const struct scan_text *text,
                                const struct scan_entry *entry, uint64_t from, uint64_t until,
                                uint64_t *ret_start, uint64_t *ret_end)
{
    bool is_partial = entry->width != SIZE_MAX;
    enum verdict verdict = VERDICT_NONE;

    pcre2_set_match_limit(scanner->scratch->limits, SLOW_STEPS_MAX);
    for (; from < until && verdict == VERDICT_NONE; from = scan_on_to_character(text, from + 1)) {
        verdict = look(scanner, text, entry, from, from + 1,
                       PCRE2_ANCHORED | (is_partial ? PCRE2_PARTIAL_HARD : 0), ret_start, ret_end);
        if (verdict == VERDICT_PARTIAL && text->is_finished)
            verdict =
                look(scanner, text, entry, from, from + 1, PCRE2_ANCHORED, ret_start, ret_end);
        if (verdict == VERDICT_COSTLY)
            *ret_start = from;
    }
    pcre2_set_match_limit(scanner->scratch->limits, SCAN_STEPS_MAX);
    return verdict;
}

/* ---- what follows ---------------------------------------------------------------------------- */

/* The match with what is around it, for the rule's own word. */
static bool accepts(const struct scan_text *text, const struct scan_entry *entry, uint64_t *start,
                    uint64_t *end)
{
    uint64_t from = *start - text->at > SCAN_CONTEXT ? *start - SCAN_CONTEXT : text->at;
    uint64_t to = text->end - *end > SCAN_CONTEXT ? *end + SCAN_CONTEXT : text->end;

    from = scan_on_to_character(text, from);
    to = scan_back_to_character(text, to);
    size_t first = (size_t)(*start - from);
    size_t last = (size_t)(*end - from);
    struct view around = view_make(text->window.ptr + (from - text->at), (size_t)(to - from));
    if (!entry->accept(around, &first, &last) || first >= last || from + last > *end)
        return false;
    *start = from + first;
    *end = from + last;
    return true;
}

/* The match is certain: told, or its tail gone over. */
static int settle(struct scanner *scanner, const struct scan_text *text, uint32_t rule,
                  uint64_t start, uint64_t end)
{
    const struct scan_entry *entry = &scanner->set->entries.list[rule];
    struct scan_rule_state *state = &scanner->rules[rule];
    uint64_t source = spelling_start(text->spelling, start);

    state->from = end;
    if (entry->tail == SCAN_TAIL_NONE) {
        const struct scan_match match = {
            .rule = rule, .start = source, .end = spelling_end(text->spelling, end - 1)};
        return scan_tell(scanner, &match);
    }
    state->tail = (struct scan_tail_state){.is_open = true, .at = end, .start = source};
    scanner->tails[scanner->tail_count++] = rule;
    return scan_go_on(scanner, text, rule);
}

/* PCRE2 gave up at `start`: the rule is off for this text. */
static int give_up(struct scanner *scanner, const struct scan_text *text, uint32_t rule,
                   uint64_t start)
{
    const struct scan_match match = {.rule = rule,
                                     .start = spelling_start(text->spelling, start),
                                     .end = spelling_end(text->spelling, start),
                                     .too_costly = true};

    scanner->rules[rule].is_off = true;
    return scan_tell(scanner, &match);
}

/* A match was found: settles it, passes it by, or waits for what is around it. */
static int found(struct scanner *scanner, const struct scan_text *text, uint32_t rule,
                 uint64_t start, uint64_t end, bool *ret_wait)
{
    const struct scan_entry *entry = &scanner->set->entries.list[rule];
    uint64_t match_start = start;

    *ret_wait = false;
    if (entry->accept != NULL) {
        if (!text->is_finished && text->end - end < SCAN_CONTEXT) {
            scanner->rules[rule].from = start;
            *ret_wait = true;
            return 0;
        }
        if (!accepts(text, entry, &match_start, &end)) {
            scanner->rules[rule].from = scan_on_to_character(text, start + 1);
            return 0;
        }
    }
    return settle(scanner, text, rule, match_start, end);
}

/* Decides about starting points up to `until`; the rule's `from` says how far it came. */
static int decide_until(struct scanner *scanner, const struct scan_text *text, uint32_t rule,
                        uint64_t from, uint64_t until, bool *ret_done)
{
    const struct scan_entry *entry = &scanner->set->entries.list[rule];
    struct scan_rule_state *state = &scanner->rules[rule];
    uint64_t start = 0;
    uint64_t end = 0;
    bool wait = false;

    *ret_done = true;
    state->from = from > state->from ? from : state->from;
    while (state->from < until && !state->is_off && !state->tail.is_open) {
        int code = 0;
        enum verdict verdict = look_where(scanner, text, entry, state->from, until, &start, &end);
        if (verdict == VERDICT_COSTLY)
            verdict = look_slowly(scanner, text, entry, state->from, until, &start, &end);
        if (verdict == VERDICT_NONE) {
            state->from = until;
        } else if (verdict == VERDICT_PARTIAL) {
            state->from = start;
            wait = true;
        } else if (verdict == VERDICT_MATCH) {
            code = found(scanner, text, rule, start, end, &wait);
        } else {
            code = verdict == VERDICT_MEMORY ? ERR_MEMORY : give_up(scanner, text, rule, start);
        }
        if (code != 0)
            return code;
        if (wait) {
            *ret_done = false;
            return 0;
        }
    }
    *ret_done = !state->tail.is_open || state->is_off;
    return 0;
}

int scan_decide(struct scanner *scanner, const struct scan_text *text, const struct scan_lead *lead,
                bool *ret_done)
{
    const struct scan_entry *entry = &scanner->set->entries.list[lead->rule];
    struct scan_rule_state *state = &scanner->rules[lead->rule];
    uint64_t from = lead->first > entry->filter.reach ? lead->first - entry->filter.reach : 0;

    from = scan_back_to_character(text, from > text->at ? from : text->at);
    if (state->from > from)
        from = scan_on_to_character(text, state->from);
    return decide_until(scanner, text, lead->rule, from, lead->last, ret_done);
}

int scan_decide_wide(struct scanner *scanner, const struct scan_text *text, uint32_t rule)
{
    bool done = false;
    struct scan_rule_state *state = &scanner->rules[rule];
    int code = 0;

    while (code == 0 && !done && !state->is_off)
        code = decide_until(scanner, text, rule, 0, text->end, &done);
    return code;
}
