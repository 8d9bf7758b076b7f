/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_scan: any expressions over any text, cut anywhere: planning and scanning end, and the cuts
 * and the spelling change nothing of what is found, which is what PCRE2 finds.
 *
 *     rule TAB rule … NEWLINE text
 *
 * The first byte of a rule chooses its flags and tail. The first byte of all chooses the cuts. */
#include "base/mem.h"
#include "scan_record.h"

#include <stdlib.h>

enum { RULES_MAX = 6, TEXT_MAX = 2000, CUTS = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct cuts {
    uint32_t state; /* 0: all at once */
    size_t all;
};

static size_t cut(void *context)
{
    struct cuts *cuts = context;

    if (cuts->state == 0)
        return cuts->all + 1;
    cuts->state = cuts->state * 1664525u + 1013904223u;
    return 1 + (cuts->state >> 27);
}

/* The signature is that of scan_rule's accept. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static bool accept_odd(struct view text, size_t *start, size_t *end)
{
    (void)text;
    return (*end - *start) % 2 == 1;
}

static void rule_of(struct view text, struct scan_rule *rule)
{
    unsigned char byte = text.len > 0 ? (unsigned char)text.ptr[0] : 0;

    *rule = (struct scan_rule){.name = VIEW("fuzz"),
                               .expression = view_slice(text, 1, text.len),
                               .flags = byte & (SCAN_CASELESS | SCAN_WIDE),
                               .tail = (byte >> 4 & 3) % 3,
                               .accept = (byte & 8) != 0 ? accept_odd : NULL};
}

static void scan(struct scan_set *set, const struct scan_rule *rules, struct view text,
                 uint32_t seed)
{
    struct scan_scratch *scratch;
    struct scanner *scanner;
    struct spelling *spelling;
    struct strbuf oracle;
    struct scan_record whole;
    struct cuts at_once = {.all = text.len};
    bool held[RULES_MAX];

    for (size_t i = 0; i < RULES_MAX; i++)
        held[i] = (rules[i].flags & SCAN_WIDE) == 0;
    assert_always(patterns_scratch_new(set, &scratch) == 0);
    assert_always(scanner_new(set, NULL, held, scratch, &scanner) == 0);
    assert_always(spelling_new(0, &spelling) == 0);
    scan_record_make(scanner, held, spelling, text, cut, &at_once, &whole);
    assert_always(whole.broken == NULL);
    bool decided = scan_record_oracle(rules, NULL, scan_set_count(set), text, &oracle);
    assert_always(whole.too_costly || !decided
                  || view_equal(strbuf_view(&oracle), strbuf_view(&whole.matches)));
    for (uint32_t i = 1; i <= CUTS; i++) {
        struct scan_record pieces;
        struct cuts cuts = {.state = seed * CUTS + i};
        scan_record_make(scanner, held, spelling, text, cut, &cuts, &pieces);
        assert_always(pieces.broken == NULL);
        assert_always(view_equal(strbuf_view(&whole.matches), strbuf_view(&pieces.matches)));
        scan_record_release(&pieces);
    }
    scan_record_release(&whole);
    strbuf_release(&oracle);
    spelling_free(spelling);
    scanner_free(scanner);
    patterns_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_make(data, size);
    struct view head = view_split(&text, '\n');
    struct scan_rule rules[RULES_MAX];
    struct scan_plan *plan;
    struct scan_set *set;
    struct err err;
    size_t count = 0;

    text = text.ptr != NULL ? view_slice(text, 0, TEXT_MAX) : view_make("", 0);
    assert_always(scan_plan_new(&plan) == 0);
    while (head.ptr != NULL && count < RULES_MAX) {
        uint32_t index;
        rule_of(view_split(&head, '\t'), &rules[count]);
        if (scan_plan_add(plan, &rules[count], &index, &err) == 0 && index == count)
            count++;
    }
    for (size_t i = count; i < RULES_MAX; i++)
        rules[i] = (struct scan_rule){.name = VIEW("none")};
    assert_always(patterns_compile(plan, NULL, &set, NULL, &err) == 0);
    scan(set, rules, text, size > 0 ? data[0] : 1);
    patterns_free(set);
    scan_plan_free(plan);
    return 0;
}
