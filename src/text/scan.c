/* SPDX-License-Identifier: Apache-2.0
 *
 * scan: see scan.h. The scanner's own part: what is new goes through Vectorscan, which calls back
 * with leads; leads are decided in their order, one rule's one after the other; what cannot be
 * decided yet stays. */
#include "base/mem.h"
#include "text/scan_state.h"

size_t scan_set_count(const struct scan_set *set)
{
    return set->entries.count;
}

struct view scan_set_name(const struct scan_set *set, uint32_t rule)
{
    assert_always(rule < set->entries.count);
    return set->entries.list[rule].name;
}

size_t scan_set_width(const struct scan_set *set, uint32_t rule)
{
    assert_always(rule < set->entries.count);
    return set->entries.list[rule].width;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void choose_rules(struct scanner *scanner, const bool *wanted, const bool *held)
{
    for (size_t i = 0; i < scanner->set->entries.count; i++) {
        const struct scan_entry *entry = &scanner->set->entries.list[i];
        struct scan_rule_state *state = &scanner->rules[i];
        bool is_wide = entry->width == SIZE_MAX;
        state->is_wanted = wanted == NULL || wanted[i];
        state->is_held = state->is_wanted && (held == NULL || held[i]);
        scanner->has_wide |= state->is_wanted && is_wide;
        scanner->wide_held |= state->is_held && is_wide;
        if (state->is_wanted && !is_wide && entry->filter.reach > scanner->reach_max)
            scanner->reach_max = entry->filter.reach;
        if (state->is_held && !is_wide)
            scan_groups_add(&scanner->held, &entry->filter);
    }
}

int scanner_new(const struct scan_set *set, const bool *wanted, const bool *held,
                struct scan_scratch *scratch, struct scanner **ret_scanner)
{
    struct scanner *scanner = mem_new(1, sizeof *scanner);
    size_t room = set->entries.count > 0 ? set->entries.count : 1;

    if (scanner == NULL)
        return ERR_MEMORY;
    scanner->set = set;
    scanner->scratch = scratch;
    scanner->rules = mem_new(room, sizeof *scanner->rules);
    scanner->tails = mem_new(room, sizeof *scanner->tails);
    bool failed = scanner->rules == NULL || scanner->tails == NULL;
    if (!failed && set->database != NULL)
        failed = hs_open_stream(set->database, 0, &scanner->stream) != HS_SUCCESS;
    if (failed) {
        scanner_free(scanner);
        return ERR_MEMORY;
    }
    choose_rules(scanner, wanted, held);
    *ret_scanner = scanner;
    return 0;
}

void scanner_free(struct scanner *scanner)
{
    if (scanner == NULL)
        return;
    if (scanner->stream != NULL)
        (void)hs_close_stream(scanner->stream, NULL, NULL, NULL);
    mem_free(scanner->rules);
    mem_free(scanner->tails);
    mem_free(scanner->leads);
    mem_free(scanner->matches);
    mem_free(scanner);
}

void scanner_reset(struct scanner *scanner)
{
    for (size_t i = 0; i < scanner->set->entries.count; i++) {
        bool is_wanted = scanner->rules[i].is_wanted;
        bool is_held = scanner->rules[i].is_held;
        scanner->rules[i] = (struct scan_rule_state){.is_wanted = is_wanted, .is_held = is_held};
    }
    if (scanner->stream != NULL)
        (void)hs_reset_stream(scanner->stream, 0, NULL, NULL, NULL);
    scanner->at = 0;
    scanner->is_finished = false;
    scanner->failed = 0;
    scanner->lead_count = 0;
    scanner->tail_count = 0;
    scanner->match_head = 0;
    scanner->match_count = 0;
}

/* ---- matches --------------------------------------------------------------------------------- */

int scan_tell(struct scanner *scanner, const struct scan_match *match)
{
    if (scanner->match_count == scanner->match_capacity) {
        size_t capacity = scanner->match_capacity > 0 ? 2 * scanner->match_capacity : 16;
        struct scan_match *matches = mem_resize(scanner->matches, capacity, sizeof *matches);
        if (matches == NULL)
            return ERR_MEMORY;
        scanner->matches = matches;
        scanner->match_capacity = capacity;
    }
    scanner->matches[scanner->match_count++] = *match;
    return 0;
}

bool scanner_next(struct scanner *scanner, struct scan_match *ret_match)
{
    if (scanner->match_head == scanner->match_count)
        return false;
    *ret_match = scanner->matches[scanner->match_head++];
    if (scanner->match_head == scanner->match_count)
        scanner->match_head = scanner->match_count = 0;
    return true;
}

/* ---- leads ----------------------------------------------------------------------------------- */

/* Vectorscan met the filter of a rule; it ends before `to`. */
static int on_filter(unsigned rule, unsigned long long from, unsigned long long to, unsigned flags,
                     void *context)
{
    enum { NEAR = 64 }; /* PCRE2 passes over so many bytes more cheaply than it is called again */
    struct scanner *scanner = context;
    struct scan_rule_state *state = &scanner->rules[rule];

    (void)from;
    (void)flags;
    if (!state->is_wanted || state->is_off)
        return 0;
    if (state->lead > 0) {
        struct scan_lead *lead = &scanner->leads[state->lead - 1];
        if (to <= lead->last + NEAR + scanner->set->entries.list[rule].filter.reach) {
            lead->last = to > lead->last ? to : lead->last;
            return 0;
        }
    }
    if (scanner->lead_count == scanner->lead_capacity) {
        size_t capacity = scanner->lead_capacity > 0 ? 2 * scanner->lead_capacity : 32;
        struct scan_lead *leads = mem_resize(scanner->leads, capacity, sizeof *leads);
        if (leads == NULL) {
            scanner->failed = ERR_MEMORY;
            return 1;
        }
        scanner->leads = leads;
        scanner->lead_capacity = capacity;
    }
    scanner->leads[scanner->lead_count++] =
        (struct scan_lead){.rule = rule, .first = to, .last = to};
    state->lead = (uint32_t)scanner->lead_count;
    return 0;
}

/* Decides leads in their order; keeps those that wait, and the later ones of their rules. */
static int decide_leads(struct scanner *scanner, const struct scan_text *text)
{
    size_t kept = 0;
    int code = 0;

    for (size_t i = 0; i < scanner->lead_count; i++)
        scanner->rules[scanner->leads[i].rule].lead = 0;
    for (size_t i = 0; i < scanner->lead_count; i++) {
        struct scan_lead lead = scanner->leads[i];
        struct scan_rule_state *state = &scanner->rules[lead.rule];
        bool done = false;
        if (code == 0 && state->lead == 0)
            code = scan_decide(scanner, text, &lead, &done);
        if (done)
            continue;
        scanner->leads[kept++] = lead;
        state->lead = (uint32_t)kept;
    }
    scanner->lead_count = kept;
    return code;
}

static int go_on_over_tails(struct scanner *scanner, const struct scan_text *text)
{
    int code = 0;

    for (size_t i = scanner->tail_count; code == 0 && i > 0; i--)
        code = scan_go_on(scanner, text, scanner->tails[i - 1]);
    return code;
}

static int decide_wide_rules(struct scanner *scanner, const struct scan_text *text)
{
    int code = 0;

    for (uint32_t i = 0; code == 0 && i < scanner->set->entries.count; i++)
        if (scanner->rules[i].is_wanted && scanner->set->entries.list[i].width == SIZE_MAX)
            code = scan_decide_wide(scanner, text, i);
    return code;
}

static struct scan_text text_of(const struct spelling *spelling)
{
    struct scan_text text = {.spelling = spelling, .is_finished = spelling_is_finished(spelling)};

    text.window = spelling_window(spelling, &text.at);
    text.end = text.at + text.window.len;
    return text;
}

/* What is new goes through Vectorscan. */
static int find_leads(struct scanner *scanner, const struct scan_text *text)
{
    const struct scan_scratch *scratch = scanner->scratch;

    while (scanner->at < text->end) {
        size_t from = (size_t)(scanner->at - text->at);
        size_t left = text->window.len - from;
        unsigned len = left < scratch->piece_max ? (unsigned)left : scratch->piece_max;
        if (scanner->stream != NULL
            && scratch->scan(scanner->stream, text->window.ptr + from, len, 0, scratch->filters,
                             on_filter, scanner)
                   != HS_SUCCESS)
            return scanner->failed != 0 ? scanner->failed : ERR_MEMORY;
        scanner->at += len;
    }
    return 0;
}

int scanner_advance(struct scanner *scanner, const struct spelling *spelling)
{
    struct scan_text text = text_of(spelling);
    bool is_new = text.end > scanner->at || (text.is_finished && !scanner->is_finished);

    if (!is_new)
        return 0;
    assert_always(scanner->at >= text.at);
    int code = find_leads(scanner, &text);
    if (code == 0 && scanner->tail_count > 0)
        code = go_on_over_tails(scanner, &text);
    if (code == 0 && scanner->lead_count > 0)
        code = decide_leads(scanner, &text);
    if (code == 0 && text.is_finished && !scanner->is_finished && scanner->has_wide)
        code = decide_wide_rules(scanner, &text);
    scanner->is_finished = text.is_finished;
    return code;
}

/* ---- what is clear --------------------------------------------------------------------------- */

/* Where the first match of the lead may start. */
static uint64_t lead_start(const struct scanner *scanner, const struct scan_lead *lead)
{
    size_t reach = scanner->set->entries.list[lead->rule].filter.reach;
    uint64_t from = lead->first > reach ? lead->first - reach : 0;

    return from > scanner->rules[lead->rule].from ? from : scanner->rules[lead->rule].from;
}

uint64_t scanner_clear(const struct scanner *scanner, const struct spelling *spelling)
{
    struct scan_text text = text_of(spelling);
    uint64_t clear = text.end;

    if (scanner->wide_held && !scanner->is_finished)
        return 0;
    if (!text.is_finished)
        clear = scan_groups_clear(&scanner->held, &text);
    for (size_t i = 0; i < scanner->lead_count; i++) {
        uint64_t start = lead_start(scanner, &scanner->leads[i]);
        if (scanner->rules[scanner->leads[i].rule].is_held && start < clear)
            clear = start;
    }
    clear = scan_back_to_character(&text, clear < text.at ? text.at : clear);
    uint64_t source = spelling_start(spelling, clear);
    for (size_t i = 0; i < scanner->tail_count; i++) {
        const struct scan_rule_state *state = &scanner->rules[scanner->tails[i]];
        if (state->is_held && state->tail.start < source)
            source = state->tail.start;
    }
    for (size_t i = scanner->match_head; i < scanner->match_count; i++)
        if (scanner->rules[scanner->matches[i].rule].is_held && scanner->matches[i].start < source)
            source = scanner->matches[i].start;
    return source;
}

uint64_t scanner_needs(const struct scanner *scanner)
{
    size_t behind = scanner->set->behind;
    uint64_t needs = scanner->at > scanner->reach_max ? scanner->at - scanner->reach_max : 0;

    if (scanner->has_wide)
        return 0;
    for (size_t i = 0; i < scanner->lead_count; i++) {
        uint64_t start = lead_start(scanner, &scanner->leads[i]);
        needs = start < needs ? start : needs;
    }
    for (size_t i = 0; i < scanner->tail_count; i++) {
        uint64_t at = scanner->rules[scanner->tails[i]].tail.at;
        at = at > 0 ? at - 1 : 0;
        needs = at < needs ? at : needs;
    }
    behind = behind > SCAN_CONTEXT ? behind : SCAN_CONTEXT;
    behind += 4;
    return needs > behind ? needs - behind : 0;
}
