/* SPDX-License-Identifier: Apache-2.0
 *
 * rules: what rules of a scan say of a text, asked of PCRE2 directly and without any machinery for
 * speed: the leftmost match that is accepted, then the next behind it. */
#ifndef ASSAY_TESTS_UNIT_TEXT_RULES_H
#define ASSAY_TESTS_UNIT_TEXT_RULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "text/scan_set.h"
#include "text/spelling.h"

static inline pcre2_code *rule_compiled(const struct scan_rule *rule)
{
    uint32_t flags = PCRE2_UTF | PCRE2_UCP;
    int code = 0;
    PCRE2_SIZE at = 0;

    if (rule->flags & SCAN_CASELESS)
        flags |= PCRE2_CASELESS;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)rule->expression.ptr, rule->expression.len,
                                         flags, &code, &at, NULL);
    if (compiled == NULL)
        fail_msg("%.*s: error %d at %zu", VIEW_ARG(rule->name), code, (size_t)at);
    return compiled;
}

/* Adds "text of the source|", unless it is there already. */
static inline void rule_note(struct view match, struct strbuf *out)
{
    struct view noted = strbuf_view(out);

    if (match.len > 0 && view_find(noted, match, 0) < noted.len)
        return;
    strbuf_add(out, match);
    strbuf_add_byte(out, '|');
}

/* Notes each match of the rule. */
static inline void rule_collect(const struct scan_rule *rule, const struct spelling *spelling,
                                struct view source, struct strbuf *out)
{
    uint64_t window_at = 0;
    struct view text = spelling_window(spelling, &window_at);
    pcre2_code *compiled = rule_compiled(rule);
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(compiled, NULL);
    size_t from = 0;

    assert_int_equal(window_at, 0);
    while (from <= text.len
           && pcre2_match(compiled, (PCRE2_SPTR)text.ptr, text.len, from, 0, match, NULL) >= 0) {
        size_t start = pcre2_get_ovector_pointer(match)[0];
        size_t end = pcre2_get_ovector_pointer(match)[1];
        if (rule->accept != NULL && !rule->accept(text, &start, &end)) {
            from = start + 1;
            while (from < text.len && ((unsigned char)text.ptr[from] & 0xc0) == 0x80)
                from++;
            continue;
        }
        from = end;
        rule_note(view_slice(source, (size_t)spelling_start(spelling, start),
                             (size_t)spelling_end(spelling, end - 1)),
                  out);
    }
    pcre2_match_data_free(match);
    pcre2_code_free(compiled);
}

/* That a scan takes each of them, and none is wider than that. */
static inline void rules_fit(const struct scan_rule *rules, size_t count, size_t width_max)
{
    struct scan_plan *plan = NULL;
    struct err err = {.code = 0};
    uint32_t index = 0;

    assert_int_equal(scan_plan_new(&plan), 0);
    for (size_t i = 0; i < count; i++) {
        if (scan_plan_add(plan, &rules[i], &index, &err) != 0)
            fail_msg("%.*s: %s", VIEW_ARG(rules[i].name), err.text);
        assert_true(plan->entries.list[index].width <= width_max);
    }
    scan_plan_free(plan);
}

/* All that the rules find, each followed by '|', the same text once. */
static inline void rules_collect(const struct scan_rule *rules, size_t count, const char *source,
                                 struct strbuf *out)
{
    struct spelling *spelling = NULL;

    assert_int_equal(spelling_new(0, &spelling), 0);
    assert_int_equal(spelling_feed(spelling, view_of(source)), 0);
    assert_int_equal(spelling_finish(spelling), 0);
    for (size_t i = 0; i < count; i++)
        rule_collect(&rules[i], spelling, view_of(source), out);
    spelling_free(spelling);
}

#endif
