/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of engine/patterns.h, and those of text/scan.h that need a compiled set. That cuts
 * change nothing is shown in tests/laws/test_scan.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/patterns.h"

/* ---- one rule, one text ---------------------------------------------------------------------- */

struct bench {
    struct scan_set *set;
    struct scan_scratch *scratch;
    struct scanner *scanner;
    struct spelling *spelling;
};

static void compile(const struct scan_rule *rules, size_t count, const char *cache,
                    struct bench *bench, enum patterns_origin *ret_origin)
{
    struct scan_plan *plan;
    struct err err;
    uint32_t index;

    assert_int_equal(scan_plan_new(&plan), 0);
    for (size_t i = 0; i < count; i++)
        if (scan_plan_add(plan, &rules[i], &index, &err) != 0)
            fail_msg("%.*s: %s", VIEW_ARG(rules[i].expression), err.text);
    assert_int_equal(patterns_compile(plan, cache, &bench->set, ret_origin, &err), 0);
    assert_int_equal(scan_plan_count(plan), 0);
    scan_plan_free(plan);
    assert_int_equal(patterns_scratch_new(bench->set, &bench->scratch), 0);
    assert_int_equal(scanner_new(bench->set, NULL, NULL, bench->scratch, &bench->scanner), 0);
    assert_int_equal(spelling_new(0, &bench->spelling), 0);
}

static void bench_release(struct bench *bench)
{
    scanner_free(bench->scanner);
    patterns_scratch_free(bench->scratch);
    patterns_free(bench->set);
    spelling_free(bench->spelling);
}

/* Writes what is found in the text, "rule:start-end " each, "!" behind what was too costly. */
static void find(struct bench *bench, struct view text, char *found, size_t room)
{
    struct scan_match match;
    size_t len = 0;

    found[0] = '\0';
    spelling_reset(bench->spelling);
    scanner_reset(bench->scanner);
    assert_int_equal(spelling_feed(bench->spelling, text), 0);
    assert_int_equal(scanner_advance(bench->scanner, bench->spelling), 0);
    assert_int_equal(spelling_finish(bench->spelling), 0);
    assert_int_equal(scanner_advance(bench->scanner, bench->spelling), 0);
    while (scanner_next(bench->scanner, &match))
        len += (size_t)snprintf(found + len, room - len, "%u:%u-%u%s ", match.rule,
                                (unsigned)match.start, (unsigned)match.end,
                                match.too_costly ? "!" : "");
}

static void rule_finds(const struct scan_rule *rule, const char *text, const char *expected)
{
    struct bench bench;
    char found[1024];

    compile(rule, 1, NULL, &bench, NULL);
    find(&bench, view_of(text), found, sizeof found);
    assert_string_equal(found, expected);
    bench_release(&bench);
}

static void finds(const char *expression, unsigned flags, const char *text, const char *expected)
{
    const struct scan_rule rule = {
        .name = VIEW("test"), .expression = view_of(expression), .flags = flags};

    rule_finds(&rule, text, expected);
}

static void the_leftmost_match_counts_and_the_next_stands_behind_it(void **state)
{
    (void)state;

    finds("[0-9]{3}", 0, "12345678", "0:0-3 0:3-6 ");
    finds("[0-9]{2,4}", 0, "12345 6 78", "0:0-4 0:8-10 ");
    finds("ab|abc", 0, "abc", "0:0-2 ");
    finds("abc", 0, "ab", "");
}

static void texts_are_found_in_any_spelling(void **state)
{
    (void)state;

    finds("03-[0-9]{4}", 0, "電話０３-１２３４。", "0:6-25 ");
    finds("ガンダム", 0, "ｶﾞﾝﾀﾞﾑ", "0:0-18 ");
    finds("ガンダム", 0,
          "ガン\xe2\x80\x8b"
          "ダム",
          "0:0-15 ");
    finds("\\bONE\\b", 0, "これはONEです BONE", "0:9-12 ");
    finds("café", SCAN_CASELESS, "CAFÉ", "0:0-5 ");
    finds("a.b(c)", SCAN_LITERAL, "axb(c) a.b(c)", "0:7-13 ");
}

static void what_stands_around_decides(void **state)
{
    (void)state;

    finds("(?<![0-9])[0-9]{4}(?![0-9])", 0, "12345 1234 日1234年", "0:6-10 0:14-18 ");
    finds("(?<=日)本", 0, "本日本", "0:6-9 ");
    finds("^a|b$", 0, "aa bb", "0:0-1 0:4-5 ");
}

static bool accept_second_half(struct view text, size_t *start, size_t *end)
{
    if (text.ptr[*start] == 'x')
        return false;
    *start += (*end - *start) / 2;
    return true;
}

static void a_rule_has_the_last_word_and_may_narrow_it(void **state)
{
    (void)state;
    const struct scan_rule rule = {
        .name = VIEW("test"), .expression = VIEW("[a-z]{4}"), .accept = accept_second_half};

    rule_finds(&rule, "abcd xbcdefg", "0:2-4 0:8-10 ");
}

static void a_tail_goes_on_over_its_class(void **state)
{
    (void)state;
    const struct scan_rule token = {
        .name = VIEW("test"), .expression = VIEW("eyJ"), .tail = SCAN_TAIL_TOKEN};
    const struct scan_rule block = {
        .name = VIEW("test"), .expression = VIEW("-----BEGIN KEY-----"), .tail = SCAN_TAIL_BLOCK};

    rule_finds(&token, "a eyJabc.def-_= eyJ eyJx", "0:2-15 0:16-19 0:20-24 ");
    rule_finds(&block, "-----BEGIN KEY-----\nabc\n------END KEY----- rest", "0:0-42 ");
    rule_finds(&block, "-----BEGIN KEY-----\nabc\n-----EN", "0:0-31 ");
}

static void a_rule_without_bounds_is_looked_for_in_the_whole_text(void **state)
{
    (void)state;

    finds("<b>.*</b>", SCAN_WIDE, "x <b>1</b> <b>2</b>", "0:2-19 ");
    finds("(['\"]).*?\\1", SCAN_WIDE, "say 'it' \"so\"", "0:4-8 0:9-13 ");
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void is_refused(const char *expression, unsigned flags, const char *why)
{
    const struct scan_rule rule = {
        .name = VIEW("test"), .expression = view_of(expression), .flags = flags};
    struct scan_plan *plan;
    struct err err;
    uint32_t index;

    assert_int_equal(scan_plan_new(&plan), 0);
    assert_int_not_equal(scan_plan_add(plan, &rule, &index, &err), 0);
    if (strstr(err.text, why) == NULL)
        fail_msg("'%s' is refused with: %s", expression, err.text);
    assert_int_equal(scan_plan_count(plan), 0);
    scan_plan_free(plan);
}

static void what_cannot_be_done_in_a_stream_is_refused_with_its_remedy(void **state)
{
    (void)state;

    is_refused("a+", 0, "give every repetition a bound");
    is_refused("a.*b", 0, "any length");
    is_refused("a{2000}", 0, "the most is");
    is_refused("a?", 0, "at least one character");
    is_refused("(?=a)", 0, "at least one character");
    is_refused("a?", SCAN_WIDE, "at least one character");
    is_refused("a(?=.{40})", 0, "looks ahead farther");
    is_refused("a(?!.*b)", 0, "looks ahead farther");
    is_refused("(?<=b{40})a", 0, "looks back farther");
    is_refused("(a)\\1", 0, "a reference to what was matched before");
    is_refused("(a|b(?1)?)c", 0, "recursion");
    is_refused("a\\Kb", 0, "\\K");
    is_refused("(*LIMIT_MATCH=9)a", 0, "a verb");
    is_refused("", 0, "empty");
    is_refused("a\xff", 0, "not valid UTF-8");
    is_refused("日本(", 0, "character 4: missing closing parenthesis");
}

static void what_could_take_for_ever_is_refused(void **state)
{
    (void)state;

    is_refused("(a+)+$", SCAN_WIDE, "too many ways");
    is_refused("(.*)*x", SCAN_WIDE, "too many ways");
    is_refused("(a|b+)+c", SCAN_WIDE, "too many ways");
    is_refused("(?:a{1,16}){1,16}b", 0, "too many ways");
    is_refused("((a{1,100}){1,100}){1,100}", 0, "too large");
    finds("(?:[a-z]{1,10}\\.){1,5}[a-z]{2,6}", 0, "www.example.com", "0:0-15 ");
    finds("(?:\\d{1,4}[- ]?){2,4}x", 0, "12-34 5x", "0:0-8 ");
}

static void a_long_expression_is_bounded(void **state)
{
    (void)state;
    char *long_one = mem_new(SCAN_EXPRESSION_MAX + 2, 1);

    assert_non_null(long_one);
    memset(long_one, 'a', SCAN_EXPRESSION_MAX + 1);
    is_refused(long_one, 0, "longer than");
    long_one[SCAN_EXPRESSION_MAX] = '\0';
    is_refused(long_one, 0, "the most is");
    mem_free(long_one);
}

static void what_costs_too_much_in_a_text_is_told_not_passed(void **state)
{
    (void)state;
    char text[600];
    char found[256];
    struct bench bench;
    const struct scan_rule rule = {.name = VIEW("test"),
                                   .expression =
                                       VIEW("x[ab]{0,60}[ab]{0,60}[ab]{0,60}[ab]{0,60}c(?!d)")};

    memset(text, 'a', sizeof text);
    text[300] = 'x';
    memcpy(text + 420, "cd xc", 5);
    compile(&rule, 1, NULL, &bench, NULL);
    find(&bench, view_make(text, sizeof text), found, sizeof found);
    assert_string_equal(found, "0:300-301! ");
    bench_release(&bench);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void word_finds(const char *word, bool whole, const char *text, const char *expected)
{
    struct strbuf expression;

    strbuf_init(&expression, 16 * 1024);
    assert_int_equal(scan_word_expression(view_of(word), whole, &expression), 0);
    finds(strbuf_text(&expression), SCAN_CASELESS, text, expected);
    strbuf_release(&expression);
}

static void words_vary_as_keywords_do(void **state)
{
    (void)state;

    word_finds("One Piece", false, "ＯＮＥ　ＰＩＥＣＥ, one\n piece", "0:0-27 0:29-39 ");
    word_finds("スパイダーマン", false, "スパイダー・マン", "0:0-24 ");
    word_finds("スパイダー・マン", false, "スパイダーマン", "0:0-21 ");
    word_finds("コーヒー", false, "コ－ヒ－", "0:0-12 ");
    word_finds("サーバー", false, "サーバが サーバーが サーバント", "0:0-9 0:13-25 ");
    word_finds("a.b*", false, "aab a.b*", "0:4-8 ");
    word_finds("art", true, "part art artの", "0:5-8 0:9-12 ");
    word_finds("アート", true, "スマアート アートは", "0:16-25 ");
}

static void empty_and_endless_words_are_refused(void **state)
{
    (void)state;
    struct strbuf expression;

    strbuf_init(&expression, 16 * 1024);
    assert_int_equal(scan_word_expression(view_of(" ・ "), false, &expression), ERR_CONFIG);
    char word[SCAN_WORD_MAX + 2];
    memset(word, 'a', sizeof word);
    assert_int_equal(scan_word_expression(view_make(word, SCAN_WORD_MAX + 1), false, &expression),
                     ERR_LIMIT);
    strbuf_release(&expression);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void equal_rules_are_one(void **state)
{
    (void)state;
    const struct scan_rule first = {.name = VIEW("a"), .expression = VIEW("abc")};
    const struct scan_rule second = {.name = VIEW("a"), .expression = VIEW("abcd")};
    struct scan_plan *plan;
    uint32_t index = 9;

    assert_int_equal(scan_plan_new(&plan), 0);
    assert_int_equal(scan_plan_add(plan, &first, &index, NULL), 0);
    assert_int_equal(scan_plan_add(plan, &second, &index, NULL), 0);
    assert_int_equal(scan_plan_add(plan, &first, &index, NULL), 0);
    assert_int_equal(index, 0);
    assert_int_equal(scan_plan_count(plan), 2);
    scan_plan_free(plan);
}

static void an_empty_set_finds_nothing_and_compiles_nothing(void **state)
{
    (void)state;
    struct bench bench;
    enum patterns_origin origin;
    char found[64];

    compile(NULL, 0, "/nowhere", &bench, &origin);
    assert_int_equal(origin, PATTERNS_EMPTY);
    find(&bench, view_of("anything"), found, sizeof found);
    assert_string_equal(found, "");
    bench_release(&bench);
}

static void only_wanted_rules_are_told(void **state)
{
    (void)state;
    const struct scan_rule rules[] = {{.name = VIEW("a"), .expression = VIEW("aaa")},
                                      {.name = VIEW("b"), .expression = VIEW("bbb")}};
    const bool wanted[] = {false, true};
    struct bench bench;
    char found[64];

    compile(rules, 2, NULL, &bench, NULL);
    scanner_free(bench.scanner);
    assert_int_equal(scanner_new(bench.set, wanted, NULL, bench.scratch, &bench.scanner), 0);
    find(&bench, view_of("aaa bbb"), found, sizeof found);
    assert_string_equal(found, "1:4-7 ");
    assert_true(view_is(scan_set_name(bench.set, 1), "b"));
    assert_int_equal(scan_set_width(bench.set, 1), 3);
    bench_release(&bench);
}

/* ---- Vectorscan itself ----------------------------------------------------------------------- */

/* See engine/patterns.c: with AVX-512, Vectorscan's own choice of code overlooks one in ten. */
static void nothing_is_overlooked_wherever_it_stands(void **state)
{
    (void)state;
    const struct scan_rule rule = {.name = VIEW("test"), .expression = VIEW("0|1\\d")};
    struct bench bench;
    char text[256];
    char found[64];
    char expected[64];

    compile(&rule, 1, NULL, &bench, NULL);
    for (size_t at = 2; at + 2 < 200; at++)
        for (size_t behind = 0; behind < 40; behind += 4) {
            memset(text, 'a', sizeof text);
            memcpy(text, "x0", 2);
            memcpy(text + at, "12", 2);
            find(&bench, view_make(text, at + 2 + behind), found, sizeof found);
            snprintf(expected, sizeof expected, "0:1-2 0:%zu-%zu ", at, at + 2);
            assert_string_equal(found, expected);
        }
    bench_release(&bench);
}

/* ---- the cache ------------------------------------------------------------------------------- */

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/assay-patterns-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

/* The path of the one file in the cache, or of none. */
static bool cached_file(char *path, size_t room)
{
    char patterns[96];
    bool there = false;

    snprintf(patterns, sizeof patterns, "%s/patterns", folder);
    DIR *open = opendir(patterns);
    for (struct dirent *entry = open != NULL ? readdir(open) : NULL; entry != NULL;
         entry = readdir(open))
        if (entry->d_name[0] != '.') {
            snprintf(path, room, "%s/%s", patterns, entry->d_name);
            there = true;
        }
    if (open != NULL)
        closedir(open);
    return there;
}

static int remove_folder(void **state)
{
    (void)state;
    char path[512];

    while (cached_file(path, sizeof path))
        unlink(path);
    snprintf(path, sizeof path, "%s/patterns", folder);
    rmdir(path);
    return rmdir(folder);
}

static enum patterns_origin origin_of(const char *cache)
{
    const struct scan_rule rule = {.name = VIEW("test"), .expression = VIEW("hello[0-9]{2}")};
    enum patterns_origin origin;
    struct bench bench;
    char found[64];

    compile(&rule, 1, cache, &bench, &origin);
    find(&bench, view_of("say hello42"), found, sizeof found);
    assert_string_equal(found, "0:4-11 ");
    bench_release(&bench);
    return origin;
}

static void a_compiled_set_is_kept_and_read_again(void **state)
{
    (void)state;
    char path[512];

    assert_int_equal(origin_of(folder), PATTERNS_WRITTEN);
    assert_true(cached_file(path, sizeof path));
    assert_non_null(strstr(path, ".hsdb"));
    assert_int_equal(origin_of(folder), PATTERNS_READ);
}

static void a_damaged_file_is_made_anew(void **state)
{
    (void)state;
    char path[512];

    for (long at = 0; at < 2000; at += 97) {
        (void)origin_of(folder);
        assert_true(cached_file(path, sizeof path));
        FILE *file = fopen(path, "r+");
        assert_non_null(file);
        fseek(file, at, SEEK_SET);
        int byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        if (byte != EOF)
            fputc(byte ^ 1, file);
        else
            at = 2000;
        fclose(file);
        assert_int_equal(origin_of(folder), byte != EOF ? PATTERNS_WRITTEN : PATTERNS_READ);
    }
    for (long len = 0; len < 300; len += 7) {
        (void)origin_of(folder);
        assert_int_equal(truncate(path, len), 0);
        assert_int_equal(origin_of(folder), PATTERNS_WRITTEN);
    }
}

/* Opening a pipe for reading waits for whoever writes into it. */
static void a_pipe_in_its_place_holds_nobody_up(void **state)
{
    (void)state;
    char path[512];

    (void)origin_of(folder);
    assert_true(cached_file(path, sizeof path));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(origin_of(folder), PATTERNS_WRITTEN);
    assert_int_equal(origin_of(folder), PATTERNS_READ);
}

/* Whoever moves files about in the folder: the numbers of a larger set's rules are not ours. */
static void a_file_of_another_set_is_made_anew(void **state)
{
    (void)state;
    static const struct scan_rule others[] = {
        {.name = VIEW("a"), .expression = VIEW("nothing")},
        {.name = VIEW("b"), .expression = VIEW("hello[0-9]{2}")},
    };
    enum patterns_origin origin;
    struct bench bench;
    char own[512];
    char foreign[512];

    (void)origin_of(folder);
    assert_true(cached_file(own, sizeof own));
    assert_int_equal(unlink(own), 0);
    compile(others, 2, folder, &bench, &origin);
    bench_release(&bench);
    assert_true(cached_file(foreign, sizeof foreign));
    assert_string_not_equal(foreign, own);
    assert_int_equal(rename(foreign, own), 0);
    assert_int_equal(origin_of(folder), PATTERNS_WRITTEN);
}

static void a_folder_that_cannot_be_written_is_no_error(void **state)
{
    (void)state;

    assert_int_equal(origin_of("/proc/nowhere"), PATTERNS_COMPILED);
    assert_int_equal(origin_of(NULL), PATTERNS_COMPILED);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static int try_all(void)
{
    const struct scan_rule rules[] = {
        {.name = VIEW("a"), .expression = VIEW("[a-c]{2,5}日"), .flags = SCAN_CASELESS},
        {.name = VIEW("b"), .expression = VIEW("b.*c"), .flags = SCAN_WIDE},
        {.name = VIEW("c"), .expression = VIEW("(?:x|日)[0-9]"), .tail = SCAN_TAIL_TOKEN}};
    struct bench bench = {0};
    struct scan_plan *plan = NULL;
    struct scan_match match;
    uint32_t index;
    struct err err;

    int code = scan_plan_new(&plan);
    for (size_t i = 0; code == 0 && i < 3; i++)
        code = scan_plan_add(plan, &rules[i], &index, &err);
    if (code == 0)
        code = patterns_compile(plan, NULL, &bench.set, NULL, &err);
    if (code == 0)
        code = patterns_scratch_new(bench.set, &bench.scratch);
    if (code == 0)
        code = scanner_new(bench.set, NULL, NULL, bench.scratch, &bench.scanner);
    if (code == 0)
        code = spelling_new(0, &bench.spelling);
    if (code == 0)
        code = spelling_feed(bench.spelling, view_of("abc日 bbc x1aa 日2"));
    if (code == 0)
        code = spelling_finish(bench.spelling);
    if (code == 0)
        code = scanner_advance(bench.scanner, bench.spelling);
    unsigned count = 0;
    while (code == 0 && scanner_next(bench.scanner, &match))
        count++;
    if (code == 0)
        assert_int_equal(count, 4);
    bench_release(&bench);
    scan_plan_free(plan);
    return code;
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    int code = ERR_MEMORY;

    for (unsigned long n = 1; code != 0; n++) {
        mem_fail_at(n);
        code = try_all();
        mem_fail_at(0);
        if (code != 0)
            assert_int_equal(code, ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_leftmost_match_counts_and_the_next_stands_behind_it),
        cmocka_unit_test(texts_are_found_in_any_spelling),
        cmocka_unit_test(what_stands_around_decides),
        cmocka_unit_test(a_rule_has_the_last_word_and_may_narrow_it),
        cmocka_unit_test(a_tail_goes_on_over_its_class),
        cmocka_unit_test(a_rule_without_bounds_is_looked_for_in_the_whole_text),
        cmocka_unit_test(what_cannot_be_done_in_a_stream_is_refused_with_its_remedy),
        cmocka_unit_test(what_could_take_for_ever_is_refused),
        cmocka_unit_test(a_long_expression_is_bounded),
        cmocka_unit_test(what_costs_too_much_in_a_text_is_told_not_passed),
        cmocka_unit_test(words_vary_as_keywords_do),
        cmocka_unit_test(empty_and_endless_words_are_refused),
        cmocka_unit_test(equal_rules_are_one),
        cmocka_unit_test(an_empty_set_finds_nothing_and_compiles_nothing),
        cmocka_unit_test(only_wanted_rules_are_told),
        cmocka_unit_test(nothing_is_overlooked_wherever_it_stands),
        cmocka_unit_test_setup_teardown(a_compiled_set_is_kept_and_read_again, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_pipe_in_its_place_holds_nobody_up, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_made_anew, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_of_another_set_is_made_anew, make_folder,
                                        remove_folder),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_no_error),
        cmocka_unit_test(every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
