/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_record: see scan_record.h. The oracle shares nothing with the scanner but the rewriting of
 * expressions and the spelling. */
#include "scan_record.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "text/pattern_rewrite.h"

enum { ROOM = 16 * 1024 * 1024, STEPS_MAX = 100 * 1000 };

struct matches {
    struct scan_match *list;
    size_t count;
    size_t capacity;
};

static int by_rule_and_place(const void *a, const void *b)
{
    const struct scan_match *first = a;
    const struct scan_match *second = b;

    if (first->rule != second->rule)
        return first->rule < second->rule ? -1 : 1;
    if (first->start != second->start)
        return first->start < second->start ? -1 : 1;
    return first->end < second->end ? -1 : first->end > second->end;
}

static void matches_write(struct matches *matches, struct strbuf *out)
{
    if (matches->count > 0)
        qsort(matches->list, matches->count, sizeof *matches->list, by_rule_and_place);
    for (size_t i = 0; i < matches->count; i++)
        strbuf_printf(out, "%u %llu %llu%s\n", matches->list[i].rule,
                      (unsigned long long)matches->list[i].start,
                      (unsigned long long)matches->list[i].end,
                      matches->list[i].too_costly ? " too costly" : "");
}

static void matches_add(struct matches *matches, const struct scan_match *match)
{
    if (matches->count == matches->capacity) {
        matches->capacity = matches->capacity > 0 ? 2 * matches->capacity : 16;
        matches->list = mem_resize(matches->list, matches->capacity, sizeof *matches->list);
        assert_always(matches->list != NULL);
    }
    matches->list[matches->count++] = *match;
}

/* ---- the scanner ----------------------------------------------------------------------------- */

static void advance(struct scanner *scanner, const bool *held, struct spelling *spelling,
                    struct matches *matches, struct scan_record *record)
{
    struct scan_match match;
    uint64_t at;

    assert_always(scanner_advance(scanner, spelling) == 0);
    while (scanner_next(scanner, &match)) {
        if (match.start < record->clear && (held == NULL || held[match.rule]))
            record->broken = "a match starts before what was clear";
        if (match.end <= match.start)
            record->broken = "a match ends where it starts";
        record->too_costly |= match.too_costly;
        matches_add(matches, &match);
    }
    uint64_t clear = scanner_clear(scanner, spelling);
    if (clear < record->clear)
        record->broken = "what is clear went back";
    record->clear = clear;
    size_t len = spelling_window(spelling, &at).len;
    if (clear > spelling_start(spelling, at + len))
        record->broken = "more is clear than is spelled";
    spelling_forget(spelling, scanner_needs(scanner));
}

void scan_record_make(struct scanner *scanner, const bool *held, struct spelling *spelling,
                      struct view text, scan_cut *cut, void *context,
                      struct scan_record *ret_record)
{
    struct matches matches = {0};

    *ret_record = (struct scan_record){0};
    strbuf_init(&ret_record->matches, ROOM);
    spelling_reset(spelling);
    scanner_reset(scanner);
    for (size_t pos = 0; pos < text.len;) {
        struct view piece = view_slice(text, pos, pos + cut(context));
        assert_always(piece.len > 0 && spelling_feed(spelling, piece) == 0);
        advance(scanner, held, spelling, &matches, ret_record);
        pos += piece.len;
    }
    assert_always(spelling_finish(spelling) == 0);
    advance(scanner, held, spelling, &matches, ret_record);
    if (ret_record->clear != text.len)
        ret_record->broken = "at the end not everything is clear";
    matches_write(&matches, &ret_record->matches);
    mem_free(matches.list);
}

void scan_record_release(struct scan_record *record)
{
    strbuf_release(&record->matches);
}

/* ---- the oracle ------------------------------------------------------------------------------ */

static pcre2_code *compile(const struct scan_rule *rule)
{
    struct pattern_rewrite rewrite = {
        .source = rule->expression,
        .is_spelled = true,
        .spelling_flags = (rule->flags & SCAN_LOOKALIKES) != 0 ? SPELLING_LOOKALIKES : 0};
    uint32_t options = PCRE2_UTF | PCRE2_UCP;
    int error;
    size_t offset;

    if ((rule->flags & SCAN_CASELESS) != 0)
        options |= PCRE2_CASELESS;
    assert_always(pattern_rewrite(&rewrite) == 0);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)rewrite.out.ptr, rewrite.out.len, options, &error, &offset, NULL);
    pattern_rewrite_release(&rewrite);
    return code;
}

static bool accepts(const struct scan_rule *rule, struct view text, size_t *start, size_t *end)
{
    size_t from = *start > SCAN_CONTEXT ? *start - SCAN_CONTEXT : 0;
    size_t to = text.len - *end > SCAN_CONTEXT ? *end + SCAN_CONTEXT : text.len;

    if (rule->accept == NULL)
        return true;
    while ((text.ptr[from] & 0xc0) == 0x80)
        from++;
    while (to < text.len && (text.ptr[to] & 0xc0) == 0x80)
        to--;
    size_t first = *start - from;
    size_t last = *end - from;
    if (!rule->accept(view_slice(text, from, to), &first, &last) || first >= last)
        return false;
    *start = from + first;
    *end = from + last;
    return true;
}

static size_t tail_end(const struct scan_rule *rule, struct view text, size_t end)
{
    static const char token[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.=+/~";

    if (rule->tail == SCAN_TAIL_TOKEN)
        while (end < text.len && text.ptr[end] != '\0' && strchr(token, text.ptr[end]) != NULL)
            end++;
    if (rule->tail == SCAN_TAIL_BLOCK) {
        size_t mark = view_find(text, view_of("-----END"), end);
        size_t close = mark < text.len ? view_find(text, view_of("-----"), mark + 8) : text.len;
        end = close < text.len ? close + 5 : text.len;
    }
    return end;
}

/* All matches of one rule; false where PCRE2 met its limit. */
static bool find_all(const struct scan_rule *rule, uint32_t index, struct spelling *spelling,
                     struct matches *matches)
{
    uint64_t at;
    struct view text = spelling_window(spelling, &at);
    pcre2_code *code = compile(rule);
    assert_always(code != NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    int said = 0;
    assert_always(data != NULL && limits != NULL);
    pcre2_set_match_limit(limits, STEPS_MAX);

    for (size_t from = 0; from < text.len;) {
        said =
            pcre2_match(code, (PCRE2_SPTR)text.ptr, text.len, from, PCRE2_NO_UTF_CHECK, data, NULL);
        if (said < 0)
            break;
        size_t start = pcre2_get_ovector_pointer(data)[0];
        size_t end = pcre2_get_ovector_pointer(data)[1];
        from = start;
        (void)utf8_next(text, &from, NULL);
        if (!accepts(rule, text, &start, &end))
            continue;
        end = tail_end(rule, text, end);
        const struct scan_match match = {.rule = index,
                                         .start = spelling_start(spelling, start),
                                         .end = spelling_end(spelling, end - 1)};
        matches_add(matches, &match);
        from = end;
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
    return said >= 0 || said == PCRE2_ERROR_NOMATCH;
}

bool scan_record_oracle(const struct scan_rule *rules, const bool *wanted, size_t count,
                        struct view text, struct strbuf *ret_matches)
{
    struct matches matches = {0};
    struct spelling *spelling;
    bool decided = true;

    assert_always(spelling_new(0, &spelling) == 0);
    assert_always(spelling_feed(spelling, text) == 0 && spelling_finish(spelling) == 0);
    strbuf_init(ret_matches, ROOM);
    for (uint32_t i = 0; decided && i < count; i++)
        if (wanted == NULL || wanted[i])
            decided = find_all(&rules[i], i, spelling, &matches);
    matches_write(&matches, ret_matches);
    mem_free(matches.list);
    spelling_free(spelling);
    return decided;
}
