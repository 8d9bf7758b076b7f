/* SPDX-License-Identifier: Apache-2.0
 *
 * What CI systems are given: commands that hostile texts cannot break out of, the worst first,
 * within GitHub's limits; fingerprints; a gate that is never green over a failed run. */
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "wire/json.h"

enum { ENTRIES = 40 };

static struct run_entry entries[ENTRIES];
static struct view reasons[1] = {VIEW("the suite fell by 0.050 on average")};
static struct view warnings[1] = {VIEW("a floor")};
static struct run run;
static struct strbuf out;
static char ids[ENTRIES][16];

static int set_up(void **unused)
{
    static const struct baseline_entry baseline = {.answer_count = 0};

    (void)unused;
    for (size_t i = 0; i < ENTRIES; i++) {
        snprintf(ids[i], sizeof ids[i], "e-%zu", i);
        entries[i] = (struct run_entry){
            .id = view_of(ids[i]),
            .target = view_of("chat"),
            .file = view_of("./golden/shop.yaml"),
            .line = (uint32_t)i + 3,
            .scored_count = 1,
            .baseline = &baseline,
            .severity = SEVERITY_NONE,
            .passed = true,
            .reason = view_of("reason"),
        };
    }
    run = (struct run){
        .id = view_of("run-1"),
        .suite = view_of("shop"),
        .golden_file = view_of("golden/shop.yaml"),
        .entries = entries,
        .entry_count = ENTRIES,
        .gate = {.reasons = reasons, .warnings = warnings},
    };
    strbuf_init(&out, 1 << 24);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    strbuf_release(&out);
    return 0;
}

static struct view written(const char *format)
{
    const struct report_options options = {.assay_version = "1"};

    strbuf_reset(&out);
    report_format_named(view_of(format))->write(&run, &options, &out);
    assert_int_equal(strbuf_status(&out), 0);
    return strbuf_view(&out);
}

static size_t count_of(struct view text, const char *what)
{
    size_t count = 0;

    for (size_t at = 0; (at = view_find(text, view_of(what), at)) < text.len; at++)
        count++;
    return count;
}

static bool holds(struct view text, const char *what)
{
    return count_of(text, what) > 0;
}

static void every_line_is_a_command_whatever_the_texts_hold(void **unused)
{
    (void)unused;
    entries[0].id = view_of("a,b:c%0A\r\n::set-output name=x::y");
    entries[0].severity = SEVERITY_CRITICAL;
    entries[0].file = view_of("dir:x,y\n::error::z");
    entries[0].reason = view_of("100%\r\n::error::fake\n::stop-commands::t\x1b[31m\xff");
    run.gate.outcome = GATE_FAIL;
    run.gate.reason_count = 1;
    struct view rest = written("github");
    size_t lines = 0;

    while (rest.ptr != NULL && rest.len > 0) {
        struct view line = view_split(&rest, '\n');
        lines++;
        assert_true(view_starts(line, view_of("::error ")));
        assert_false(holds(line, "\r"));
        assert_false(holds(line, "\x1b"));
    }
    assert_int_equal(lines, 2);
    struct view text = strbuf_view(&out);
    assert_true(holds(text, "file=dir%3Ax%2Cy%0A%3A%3Aerror%3A%3Az,line=3,"));
    assert_true(holds(text, "title=assay CRITICAL%3A a%2Cb%3Ac%250A%0D%0A%3A%3Aset-output"));
    assert_true(holds(text, "::100%25%0D%0A::error::fake%0A"));
}

static void the_worst_come_first_and_the_rest_is_counted(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ENTRIES; i++)
        entries[i].severity = i % 2 == 0 ? SEVERITY_MAJOR : SEVERITY_CRITICAL;
    entries[31].drop_micro = 900000;
    run.gate.outcome = GATE_FAIL;
    run.gate.reason_count = 1;
    struct view text = written("github");

    assert_int_equal(count_of(text, "::error "), 10);
    assert_int_equal(count_of(text, "::warning "), 10);
    assert_true(view_starts(text, view_of("::error title=assay%3A suite shop failed::")));
    struct view second = view_slice(text, view_find_byte(text, '\n') + 1, text.len);
    assert_true(view_starts(second, view_of("::error file=golden/shop.yaml,line=34,title=assay "
                                            "CRITICAL%3A e-31::reason\n")));
    assert_true(holds(text, "::error title=assay::12 more entries: see the report"));
    assert_true(holds(text, "::warning title=assay::11 more entries"));
}

static void a_passed_run_annotates_nothing(void **unused)
{
    (void)unused;
    assert_int_equal(written("github").len, 0);
}

static void entries_that_were_set_apart_are_not_annotated(void **unused)
{
    (void)unused;
    entries[0].severity = SEVERITY_CRITICAL;
    entries[0].is_quarantined = true;
    entries[1].severity = SEVERITY_MAJOR;
    entries[1].is_signed_off = true;
    assert_int_equal(written("github").len, 0);
}

static void code_quality_has_a_fingerprint_for_each_trouble(void **unused)
{
    (void)unused;
    struct arena arena;
    struct json *first;
    struct json *again;

    arena_init(&arena, 1 << 20);
    entries[0].severity = SEVERITY_CRITICAL;
    entries[1].severity = SEVERITY_MINOR;
    entries[1].reason = view_of("\"quoted\" \n\x01 \xff");
    run.gate.outcome = GATE_FAIL;
    run.gate.reason_count = 1;
    assert_int_equal(json_parse(&arena, written("gitlab"), &first, NULL), 0);
    assert_int_equal(first->count, 3);
    assert_true(
        view_is(json_text(json_path(first->child, view_of("severity")), view_of("")), "blocker"));
    const struct json *entry = first->child->next;
    assert_true(view_is(json_text(json_path(entry, view_of("location.path")), view_of("")),
                        "golden/shop.yaml"));
    assert_int_equal(json_int(json_path(entry, view_of("location.lines.begin")), 0), 3);
    struct view fingerprint = json_text(json_get(entry, "fingerprint"), view_of(""));
    assert_int_equal(fingerprint.len, 64);
    assert_false(
        view_equal(fingerprint, json_text(json_get(entry->next, "fingerprint"), view_of(""))));
    entries[0].reason = view_of("other words");
    entries[0].line = 99;
    assert_int_equal(json_parse(&arena, written("gitlab"), &again, NULL), 0);
    assert_true(view_equal(fingerprint,
                           json_text(json_get(again->child->next, "fingerprint"), view_of(""))));
    arena_release(&arena);
}

static void code_quality_of_a_good_run_is_an_empty_list(void **unused)
{
    (void)unused;
    assert_true(view_is(view_trim(written("gitlab")), "[]"));
}

static void figures_are_lines_that_nothing_breaks(void **unused)
{
    (void)unused;
    run.suite = view_of("a\"b\\c\nd");
    run.mean.total_micro = 812345;
    struct view text = written("metrics");
    assert_true(holds(text, "assay_score{suite=\"a\\\"b\\\\c d\"} 0.812345\n"));
    assert_true(view_ends(text, view_of("# EOF\n")));
    text = written("dotenv");
    assert_true(holds(text, "ASSAY_OUTCOME=pass\nASSAY_SUITE=a\"b\\c d\n"));
    assert_true(holds(text, "ASSAY_SCORE=0.812345\n"));
}

static void junit_has_the_gate_where_it_failed_by_statistics_alone(void **unused)
{
    (void)unused;
    struct view text = written("junit");
    assert_true(holds(text, "tests=\"41\" failures=\"0\""));
    assert_true(holds(text, "name=\"gate\" file=\"golden/shop.yaml\" line=\"1\" time=\"0.000\"/>"));
    run.gate.outcome = GATE_FAIL;
    run.gate.reason_count = 1;
    text = written("junit");
    assert_true(holds(text, "tests=\"41\" failures=\"1\""));
    assert_true(holds(text, "<failure type=\"gate\" message=\"the suite fell by 0.050"));
    entries[0].severity = SEVERITY_CRITICAL;
    text = written("junit");
    assert_true(holds(text, "tests=\"41\" failures=\"1\""));
    assert_false(holds(text, "type=\"gate\""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_line_is_a_command_whatever_the_texts_hold),
        TEST(the_worst_come_first_and_the_rest_is_counted),
        TEST(a_passed_run_annotates_nothing),
        TEST(entries_that_were_set_apart_are_not_annotated),
        TEST(code_quality_has_a_fingerprint_for_each_trouble),
        TEST(code_quality_of_a_good_run_is_an_empty_list),
        TEST(figures_are_lines_that_nothing_breaks),
        TEST(junit_has_the_gate_where_it_failed_by_statistics_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
