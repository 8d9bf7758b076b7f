/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_tail: how far a match goes on over its tail, see scan.h: byte for byte, so that it does not
 * matter how the text comes. */
#include "text/scan_state.h"

enum { DASHES = 5 };

static const char END_MARK[] = "-----END";

static bool is_token(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
           || (c != '\0' && strchr("_-.=+/~", c) != NULL);
}

/* One byte of a block; true where it is the last one: -----END …----- */
static bool block_ends(struct scan_tail_state *tail, unsigned char c)
{
    if (tail->in_end) {
        tail->dashes = c == '-' ? tail->dashes + 1 : 0;
        return tail->dashes == DASHES;
    }
    if (c == (unsigned char)END_MARK[tail->dashes])
        tail->dashes++;
    else if (c != '-' || tail->dashes != DASHES) /* a sixth dash still follows five */
        tail->dashes = c == '-';
    if (END_MARK[tail->dashes] == '\0') {
        tail->in_end = true;
        tail->dashes = 0;
    }
    return false;
}

/* Goes on to the first byte that is no part of the tail; true where there is one. */
static bool reaches_end(struct scan_tail_state *tail, const struct scan_text *text, bool is_block)
{
    while (tail->at < text->end) {
        unsigned char c = (unsigned char)text->window.ptr[tail->at - text->at];
        if (!is_block && !is_token(c))
            return true;
        tail->at++;
        if (is_block && block_ends(tail, c))
            return true;
    }
    return text->is_finished;
}

int scan_go_on(struct scanner *scanner, const struct scan_text *text, uint32_t rule)
{
    struct scan_rule_state *state = &scanner->rules[rule];
    bool is_block = scanner->set->entries.list[rule].tail == SCAN_TAIL_BLOCK;

    if (!reaches_end(&state->tail, text, is_block))
        return 0;
    const struct scan_match match = {.rule = rule,
                                     .start = state->tail.start,
                                     .end = spelling_end(text->spelling, state->tail.at - 1)};
    state->from = state->tail.at;
    state->tail.is_open = false;
    for (size_t i = 0; i < scanner->tail_count; i++)
        if (scanner->tails[i] == rule) {
            scanner->tails[i] = scanner->tails[--scanner->tail_count];
            break;
        }
    return scan_tell(scanner, &match);
}
