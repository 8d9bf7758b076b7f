/* SPDX-License-Identifier: Apache-2.0
 *
 * The law of scanning: however a text is cut, the same matches, those that PCRE2 finds in the whole
 * of it, none of them starting before what was said to be clear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "scan_record.h"

enum { RULE_SETS = 30, RULES_MAX = 12, TEXTS = 12, EXPRESSION_ROOM = 512, TEXT_ROOM = 200 };

/* ---- making rules ---------------------------------------------------------------------------- */

static const char *const ATOMS[] = {
    "a",        "b",          "ab",      "[a-c]",       "[0-9]",   "\\d",       "@",
    "日",       "本",         "[日本]",  "[ぁ-ん]",     "[一-龯]", "\\p{Han}",  "-",
    " ",        "\\s",        ".",       "[^a]",        "é",       "[-‐-―ー−]", "\\w",
    "(?:ab|b)", "(?:日|a-b)", "(?<!a)",  "(?![0-9])",   "\\b",     "(?=.b)",    "(?<![0-9A-Za-z])",
    "ー",       "[àéü]",      "(?i:K)",  "[[:alpha:]]", "\\.",     "(?>a|ab)",  "x?",
    "\\h",      "(?:0|1\\d)", "(?<=日)", "[^\\s日]",    "👍",
};

static const char *const QUANTIFIERS[] = {"",      "",      "",     "",       "?",     "{2}",
                                          "{1,3}", "{0,4}", "{2,}", "{1,3}?", "{1,8}+"};

static void random_row(struct rng *rng, unsigned depth, struct strbuf *out)
{
    size_t count = 1 + rng_below(rng, 4);

    for (size_t i = 0; i < count; i++) {
        const char *quantifier =
            QUANTIFIERS[rng_below(rng, sizeof QUANTIFIERS / sizeof QUANTIFIERS[0])];
        if (depth > 0 && rng_below(rng, 4) == 0) {
            strbuf_add_text(out, "(?:");
            random_row(rng, depth - 1, out);
            if (rng_below(rng, 2) == 0) {
                strbuf_add_text(out, "|");
                random_row(rng, depth - 1, out);
            }
            strbuf_add_text(out, ")");
        } else {
            strbuf_printf(out, "(?:%s)", ATOMS[rng_below(rng, sizeof ATOMS / sizeof ATOMS[0])]);
        }
        strbuf_add_text(out, quantifier);
    }
}

static bool accept_even(struct view text, size_t *start, size_t *end)
{
    (void)text;
    return (*end - *start) % 2 == 0;
}

/* Looks at all that it is shown, and takes the last character off where it can. */
static bool accept_by_sum(struct view text, size_t *start, size_t *end)
{
    unsigned sum = 0;

    for (size_t i = 0; i < text.len; i++)
        sum += (unsigned char)text.ptr[i];
    if (*end - *start > 1 && (unsigned char)text.ptr[*end - 1] < 0x80)
        *end -= 1;
    return sum % 3 != 0;
}

static void random_rule(struct rng *rng, char *expression, struct scan_rule *rule)
{
    struct strbuf out;

    strbuf_init(&out, EXPRESSION_ROOM - 1);
    random_row(rng, 2, &out);
    memcpy(expression, strbuf_text(&out), out.len);
    *rule = (struct scan_rule){.name = VIEW("random"),
                               .expression = view_make(expression, out.len),
                               .flags = rng_below(rng, 3) == 0 ? SCAN_CASELESS : 0};
    if (rng_below(rng, 6) == 0)
        rule->flags |= SCAN_WIDE;
    if (rng_below(rng, 6) == 0)
        rule->tail = rng_below(rng, 2) == 0 ? SCAN_TAIL_TOKEN : SCAN_TAIL_BLOCK;
    if (rng_below(rng, 4) == 0)
        rule->accept = rng_below(rng, 2) == 0 ? accept_even : accept_by_sum;
    strbuf_release(&out);
}

/* ---- making texts ---------------------------------------------------------------------------- */

static const char *const PIECES[] = {
    "a",
    "b",
    "ab",
    "ab-",
    "abc",
    "0",
    "12",
    "3",
    "@",
    "日",
    "本",
    "日本",
    "あ",
    "ー",
    "−",
    " ",
    "\n",
    "é",
    "e",
    "\xcc\x81",
    ".",
    "x",
    "Ａ",
    "ｶﾞ",
    "k",
    "K",
    "👍",
    "-",
    "\xff",
    "\xe6\x97",
    "-----END X-----",
    "eyJ",
    "  ",
    "aaaa",
};

static struct view random_text(struct rng *rng, char *text)
{
    size_t len = 0;
    size_t room = 8 + rng_below(rng, TEXT_ROOM - 32);

    while (len < room) {
        struct view piece = view_of(PIECES[rng_below(rng, sizeof PIECES / sizeof PIECES[0])]);
        memcpy(text + len, piece.ptr, piece.len);
        len += piece.len;
    }
    return view_make(text, len);
}

/* ---- cuts ------------------------------------------------------------------------------------ */

struct cuts {
    size_t first; /* 0: as `step` */
    size_t step;
};

static size_t cut_by(void *context)
{
    struct cuts *cuts = context;
    size_t first = cuts->first;

    cuts->first = 0;
    return first > 0 ? first : cuts->step;
}

/* ---- the law --------------------------------------------------------------------------------- */

struct bench {
    char expressions[RULES_MAX][EXPRESSION_ROOM];
    struct scan_rule rules[RULES_MAX];
    bool held[RULES_MAX];
    size_t count;
    struct scan_set *set;
    struct scan_scratch *scratch;
    struct scanner *scanner;
    struct spelling *spelling;
};

static void bench_make(struct rng *rng, struct bench *bench)
{
    struct scan_plan *plan;
    struct err err;

    memset(bench, 0, sizeof *bench);
    assert_int_equal(scan_plan_new(&plan), 0);
    for (int i = 0; i < RULES_MAX; i++) {
        struct scan_rule *rule = &bench->rules[bench->count];
        uint32_t index;
        random_rule(rng, bench->expressions[bench->count], rule);
        bench->held[bench->count] = (rule->flags & SCAN_WIDE) == 0 && rng_below(rng, 3) > 0;
        if (scan_plan_add(plan, rule, &index, &err) == 0 && index == bench->count)
            bench->count++;
    }
    if (patterns_compile(plan, NULL, &bench->set, NULL, &err) != 0)
        fail_msg("%s", err.text);
    scan_plan_free(plan);
    assert_int_equal(patterns_scratch_new(bench->set, &bench->scratch), 0);
    assert_int_equal(scanner_new(bench->set, NULL, bench->held, bench->scratch, &bench->scanner),
                     0);
    assert_int_equal(spelling_new(0, &bench->spelling), 0);
}

static void bench_release(struct bench *bench)
{
    scanner_free(bench->scanner);
    patterns_scratch_free(bench->scratch);
    patterns_free(bench->set);
    spelling_free(bench->spelling);
}

static void expect_same(const struct bench *bench, struct view text, struct cuts cuts,
                        const struct strbuf *expected)
{
    struct scan_record record;
    struct cuts left = cuts;

    scan_record_make(bench->scanner, bench->held, bench->spelling, text, cut_by, &left, &record);
    if (record.broken == NULL && view_equal(strbuf_view(expected), strbuf_view(&record.matches))) {
        scan_record_release(&record);
        return;
    }
    for (size_t i = 0; i < bench->count; i++)
        print_message("rule %zu, flags %u, tail %d: %.*s\n", i, bench->rules[i].flags,
                      (int)bench->rules[i].tail, VIEW_ARG(bench->rules[i].expression));
    print_message("text: %.*s\n", VIEW_ARG(text));
    print_message("cut at %zu, then every %zu bytes; %s\nexpected:\n%s\nfound:\n%s\n", cuts.first,
                  cuts.step, record.broken != NULL ? record.broken : "other matches",
                  strbuf_text(expected), strbuf_text(&record.matches));
    scan_record_release(&record);
    assert_true(false);
}

/* What is found in the text given whole, and whether a rule was too costly there. */
static bool whole_record(const struct bench *bench, struct view text, struct strbuf *ret_matches)
{
    struct cuts whole = {.step = text.len};
    struct scan_record record;

    scan_record_make(bench->scanner, bench->held, bench->spelling, text, cut_by, &whole, &record);
    *ret_matches = record.matches;
    return record.too_costly;
}

static void holds_for(const struct bench *bench, struct view text)
{
    struct strbuf whole;
    struct strbuf expected;

    bool too_costly = whole_record(bench, text, &whole);
    bool decided = scan_record_oracle(bench->rules, NULL, bench->count, text, &expected);
    const struct strbuf *right = too_costly || !decided ? &whole : &expected;
    expect_same(bench, text, (struct cuts){.step = text.len}, right);
    for (size_t cut = 1; cut < text.len; cut++) {
        expect_same(bench, text, (struct cuts){.first = cut, .step = text.len}, right);
        expect_same(bench, text, (struct cuts){.step = cut}, right);
    }
    strbuf_release(&whole);
    strbuf_release(&expected);
}

static void every_cut_finds_what_pcre2_finds_in_the_whole(void **state)
{
    (void)state;
    const char *from_outside = getenv("SCAN_SEED");
    uint64_t seed = from_outside != NULL ? strtoull(from_outside, NULL, 10) : 20240611;

    print_message("seed %llu\n", (unsigned long long)seed);
    for (uint64_t i = 0; i < RULE_SETS; i++) {
        struct bench *bench = mem_new(1, sizeof *bench);
        struct rng rng;
        char text[TEXT_ROOM];
        assert_non_null(bench);
        rng_init(&rng, seed + i);
        bench_make(&rng, bench);
        for (int j = 0; j < TEXTS; j++)
            holds_for(bench, random_text(&rng, text));
        bench_release(bench);
        mem_free(bench);
    }
}

/* ---- that the law can be broken -------------------------------------------------------------- */

/* A scanner of which nothing is held back, said to hold everything. */
static void a_scanner_that_clears_too_much_is_caught(void **state)
{
    (void)state;
    bool caught = false;

    for (uint64_t seed = 1; seed <= RULE_SETS && !caught; seed++) {
        struct bench *bench = mem_new(1, sizeof *bench);
        struct rng rng;
        char room[TEXT_ROOM];
        assert_non_null(bench);
        rng_init(&rng, seed);
        bench_make(&rng, bench);
        const bool none[RULES_MAX] = {false};
        scanner_free(bench->scanner);
        assert_int_equal(scanner_new(bench->set, NULL, none, bench->scratch, &bench->scanner), 0);
        struct cuts one = {.step = 1};
        struct scan_record record;
        scan_record_make(bench->scanner, NULL, bench->spelling, random_text(&rng, room), cut_by,
                         &one, &record);
        caught = record.broken != NULL;
        scan_record_release(&record);
        bench_release(bench);
        mem_free(bench);
    }
    assert_true(caught);
}

/* One rule of the scanner's is another than the oracle's. */
static void a_scanner_that_overlooks_a_match_is_caught(void **state)
{
    (void)state;
    struct bench *bench = mem_new(1, sizeof *bench);
    const struct scan_rule meant = {.name = VIEW("meant"), .expression = VIEW("ab?")};
    const struct scan_rule made = {.name = VIEW("made"), .expression = VIEW("ab")};
    struct scan_plan *plan;
    struct strbuf expected;
    struct strbuf found;
    uint32_t index;

    assert_non_null(bench);
    assert_int_equal(scan_plan_new(&plan), 0);
    assert_int_equal(scan_plan_add(plan, &made, &index, NULL), 0);
    assert_int_equal(patterns_compile(plan, NULL, &bench->set, NULL, NULL), 0);
    scan_plan_free(plan);
    assert_int_equal(patterns_scratch_new(bench->set, &bench->scratch), 0);
    assert_int_equal(scanner_new(bench->set, NULL, NULL, bench->scratch, &bench->scanner), 0);
    assert_int_equal(spelling_new(0, &bench->spelling), 0);
    bench->held[0] = true;
    assert_true(scan_record_oracle(&meant, NULL, 1, view_of("ab a"), &expected));
    assert_false(whole_record(bench, view_of("ab a"), &found));
    assert_string_equal(strbuf_text(&expected), "0 0 2\n0 3 4\n");
    assert_string_equal(strbuf_text(&found), "0 0 2\n");
    strbuf_release(&expected);
    strbuf_release(&found);
    bench_release(bench);
    mem_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_finds_what_pcre2_finds_in_the_whole),
        cmocka_unit_test(a_scanner_that_clears_too_much_is_caught),
        cmocka_unit_test(a_scanner_that_overlooks_a_match_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
