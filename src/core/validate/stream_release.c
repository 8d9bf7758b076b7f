/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_release: how text leaves the hold-back machine: as it came, masked, by sentences, not past
 * the cut. */
#include "base/utf8.h"
#include "core/validate/stream_state.h"
#include "wire/json.h"

/* ---- sentences ------------------------------------------------------------------------------ */

enum sign { SIGN_NONE, SIGN_WIDE, SIGN_NARROW, SIGN_CLOSING, SIGN_SPACE, SIGN_LINE };

static enum sign sign_of(uint32_t codepoint)
{
    static const struct {
        uint32_t codepoint;
        enum sign sign;
    } signs[] = {
        {0x3002, SIGN_WIDE}, /* 。 */
        {0xff01, SIGN_WIDE}, /* ！ */
        {0xff1f, SIGN_WIDE}, /* ？ */
        {0xff61, SIGN_WIDE}, /* ｡ */
        {'.', SIGN_NARROW},     {'!', SIGN_NARROW},     {'?', SIGN_NARROW},
        {')', SIGN_CLOSING},    {']', SIGN_CLOSING},    {'"', SIGN_CLOSING},
        {'\'', SIGN_CLOSING},   {0x2019, SIGN_CLOSING}, {0x201d, SIGN_CLOSING},
        {0x300d, SIGN_CLOSING}, /* 」 */
        {0x300f, SIGN_CLOSING}, /* 』 */
        {0x3011, SIGN_CLOSING}, /* 】 */
        {0xff09, SIGN_CLOSING}, /* ） */
        {' ', SIGN_SPACE},      {'\t', SIGN_SPACE},     {'\r', SIGN_SPACE},
        {0x3000, SIGN_SPACE},   {'\n', SIGN_LINE},
    };

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (signs[i].codepoint == codepoint)
            return signs[i].sign;
    return SIGN_NONE;
}

enum { ENDS_BEFORE = 1, ENDS_BEHIND = 2 };

/* Whether the sentence ends before or behind this character; the state moves on. */
static unsigned sentence_step(enum sentence_part *part, enum sign sign)
{
    static const enum sentence_part behind[] = {
        [SIGN_WIDE] = SENTENCE_AFTER_WIDE,
        [SIGN_NARROW] = SENTENCE_AFTER_NARROW,
    };
    enum sentence_part was = *part;

    if (sign == SIGN_LINE) {
        *part = SENTENCE_WITHIN;
        return ENDS_BEHIND;
    }
    if (sign == SIGN_CLOSING && was != SENTENCE_WITHIN)
        return 0;
    *part = sign == SIGN_WIDE || sign == SIGN_NARROW ? behind[sign] : SENTENCE_WITHIN;
    if (was == SENTENCE_AFTER_WIDE && sign == SIGN_NARROW)
        *part = SENTENCE_AFTER_WIDE;
    if (was == SENTENCE_WITHIN || *part != SENTENCE_WITHIN)
        return 0;
    return was == SENTENCE_AFTER_WIDE || sign == SIGN_SPACE ? ENDS_BEFORE : 0;
}

/* The sentence that ends there may leave, or the answer is cut before it. */
static void judge_sentence(struct hold *hold, uint64_t end)
{
    const struct hold_judge *judge = &hold->subject.judge;
    uint64_t start = hold->sentence_from;

    if (end <= start || hold->cut_at < end)
        return;
    hold->sentence_from = end;
    if (judge->passes == NULL
        || judge->passes(judge->context, held_view(&hold->text, start, end), start))
        hold->sentences_to = end;
    else
        hold->cut_at = start;
}

/* Looks for ends in what is clear. A masked stretch that was dropped is one character. */
static void find_sentences(struct hold *hold, uint64_t limit)
{
    const struct held_text *text = &hold->text;

    while (hold->sentence_at < limit) {
        uint64_t at = hold->sentence_at;
        if (held_has_hole(text) && at >= text->hole_start && at < text->hole_end) {
            hold->sentence_at = text->hole_end;
            hold->part = SENTENCE_WITHIN;
            continue;
        }
        struct view view = held_view(text, at, limit < text->hole_start ? limit : at + 4);
        size_t len = 0;
        unsigned ends = sentence_step(&hold->part, sign_of(utf8_next(view, &len, NULL)));
        if (ends & ENDS_BEFORE)
            judge_sentence(hold, at);
        hold->sentence_at = at + len;
        if (ends & ENDS_BEHIND || hold->sentence_at - hold->sentence_from >= HOLD_SENTENCE_MAX)
            judge_sentence(hold, hold->sentence_at);
    }
    if (hold->is_finished)
        judge_sentence(hold, limit);
}

/* ---- leaving -------------------------------------------------------------------------------- */

/* With HOLD_JSON: whether the bytes that go by leave us within a string. */
static void follow_json(struct hold *hold, uint64_t from, uint64_t to)
{
    const struct held_text *text = &hold->text;

    if (held_has_hole(text) && to > text->hole_start) {
        hold->in_string = hold->hole_in_string;
        hold->escaped = false;
        from = text->hole_end;
    }
    struct view bytes = from < to ? held_view(text, from, to) : (struct view){0};
    for (size_t i = 0; i < bytes.len; i++) {
        if (hold->escaped)
            hold->escaped = false;
        else if (bytes.ptr[i] == '\\')
            hold->escaped = true;
        else if (bytes.ptr[i] == '"')
            hold->in_string = !hold->in_string;
    }
}

static void pass(struct hold *hold, uint64_t to)
{
    if (hold->subject.flags & HOLD_JSON)
        follow_json(hold, hold->text.at, to);
    held_pass(&hold->text, to);
}

/* A mask in JSON is a part of a string, or a string. */
static void put_json_label(struct hold *hold, struct view label)
{
    struct json_writer writer;
    size_t start = hold->out.len;

    json_writer_init(&writer, &hold->out, 0);
    json_write_string(&writer, label);
    if (!hold->in_string || strbuf_status(&hold->out) != 0)
        return;
    size_t len = hold->out.len - start - 2;
    memmove(hold->out.ptr + start, hold->out.ptr + start + 1, len);
    strbuf_cut(&hold->out, start + len);
}

/* A masked span starts at or before the first byte that is kept: its label leaves, unless it goes
 * on with the mask before it. */
static void enter_mask(struct hold *hold, const struct mask_span *span)
{
    bool goes_on = hold->masked_to != 0 && span->start <= hold->masked_to;

    if (!goes_on && hold->subject.flags & HOLD_JSON)
        put_json_label(hold, span->label);
    else if (!goes_on)
        strbuf_add(&hold->out, span->label);
    hold->masked_to = goes_on && hold->masked_to > span->end ? hold->masked_to : span->end;
    hold->is_masked = true;
    spans_pop(&hold->spans);
}

static void let_out_until(struct hold *hold, uint64_t limit)
{
    while (hold->text.at < limit) {
        const struct mask_span *span = spans_front(&hold->spans);
        uint64_t at = hold->text.at;
        if (hold->masked_to > at) {
            pass(hold, hold->masked_to < limit ? hold->masked_to : limit);
        } else if (span != NULL && span->start <= at) {
            enter_mask(hold, span);
        } else {
            uint64_t end = span != NULL && span->start < limit ? span->start : limit;
            strbuf_add(&hold->out, held_view(&hold->text, at, end));
            pass(hold, end);
        }
    }
}

/* Behind the cut nothing leaves: what is clear there is not needed any more. */
static void discard(struct hold *hold)
{
    const struct mask_span *span = spans_front(&hold->spans);

    held_pass(&hold->text, hold->clear);
    for (; span != NULL && span->end <= hold->clear; span = spans_front(&hold->spans))
        spans_pop(&hold->spans);
    hold->is_over = true;
}

int hold_let_out(struct hold *hold)
{
    uint64_t limit = hold->clear;

    if (hold->is_taken)
        strbuf_reset(&hold->out);
    hold->is_taken = false;
    if (hold->is_over) {
        discard(hold);
        return 0;
    }
    if (held_has_hole(&hold->text) && !hold->hole_covered && hold->text.hole_start < limit)
        limit = hold->text.hole_start;
    if (hold->policy->after == POLICY_AFTER_SENTENCE) {
        find_sentences(hold, limit);
        limit = hold->sentences_to < limit ? hold->sentences_to : limit;
    }
    let_out_until(hold, hold->cut_at < limit ? hold->cut_at : limit);
    if (hold->cut_at <= hold->clear)
        discard(hold);
    return strbuf_status(&hold->out);
}

bool hold_release(struct hold *hold, struct view *ret_text)
{
    bool may = hold->policy->after != POLICY_AFTER_WHOLE || hold->is_finished;

    if (hold->is_taken || hold->out.len == 0 || !may)
        return false;
    hold->is_taken = true;
    *ret_text = strbuf_view(&hold->out);
    return true;
}

void hold_stop(struct hold *hold, uint64_t at)
{
    hold->cut_at = at < hold->cut_at ? at : hold->cut_at;
    if (at < hold->text.at && !hold->is_taken)
        strbuf_reset(&hold->out);
    if (hold->cut_at <= hold->clear)
        discard(hold);
}
