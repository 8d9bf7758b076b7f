/* SPDX-License-Identifier: Apache-2.0
 *
 * Accepted regressions: the file, whose they are, and when they hold no more. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/golden/signoff.h"
#include "gate_rig.h"

#define LINE(members) \
    "{\"assay\":\"0.1.0\",\"kind\":\"signoff\",\"schema\":1,\"run\":\"r\",\"suite\":\"shop\"," \
    "\"by\":\"Aki\",\"reason\":\"shorter\",\"at\":\"2026-11-24T02:00:00Z\"" members "}\n"
#define ENTRY \
    "{\"id\":\"entry-1\",\"target\":\"t\",\"version\":\"0123456789ab\",\"model\":\"m\"," \
    "\"params\":\"e3b0c44298fc\",\"drop\":0.12}"

static int set_up(void **state)
{
    struct rig *rig = mem_new(1, sizeof *rig);

    if (rig == NULL)
        return -1;
    arena_init(&rig->arena, 64 << 20);
    rig->noise = .001;
    rig_begin(rig, 1, 12, 3, 3);
    rig->run.suite = view_of("shop");
    rig->run.id = view_of("r");
    rig->shift[1] = .12;
    rig->entries[1].sample_count = 0;
    rig_answer(rig, 1, 3);
    rig_judge_all(rig);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    arena_release(&rig->arena);
    mem_free(rig);
    return 0;
}

static struct signoffs parse(struct rig *rig, const char *text)
{
    struct signoffs signoffs = {.count = 0};
    struct err err = {0};

    int code =
        signoff_parse(&rig->arena, view_of("signoffs.jsonl"), view_of(text), &signoffs, &err);
    if (code != 0)
        print_message("%s\n", err.text);
    assert_int_equal(code, 0);
    return signoffs;
}

static struct signoffs signed_now(struct rig *rig, const char *expires)
{
    struct signoff signoff = {.run = rig->run.id,
                              .suite = rig->run.suite,
                              .by = view_of("Aki"),
                              .reason = view_of("shorter \"answers\"\nwere asked for"),
                              .at = view_of("2026-11-24T02:00:00Z"),
                              .expires = view_of(expires)};
    struct strbuf line;
    struct err err = {0};

    assert_int_equal(signoff_from_run(&rig->arena, &rig->run, NULL, 0, &signoff, &err), 0);
    strbuf_init(&line, 1 << 20);
    signoff_write(&signoff, "0.1.0", &line);
    struct signoffs signoffs = parse(rig, strbuf_text(&line));
    strbuf_release(&line);
    return signoffs;
}

static bool holds(struct rig *rig, const struct signoffs *signoffs, const char *today)
{
    assert_int_equal(signoff_apply(signoffs, &rig->run, today, &rig->arena), 0);
    return rig->entries[1].is_signed_off;
}

static bool says(const struct run_entry *entry, const char *what)
{
    return view_find(entry->signoff_lapsed, view_of(what), 0) < entry->signoff_lapsed.len;
}

static void what_was_written_is_read_back_and_holds(void **state)
{
    struct rig *rig = *state;
    struct signoffs signoffs = signed_now(rig, "");

    assert_int_equal(signoffs.count, 1);
    assert_true(view_is(signoffs.items[0].reason, "shorter \"answers\"\nwere asked for"));
    assert_int_equal(signoffs.items[0].entry_count, 1);
    assert_true(view_is(signoffs.items[0].entries[0].id, "entry-1"));
    assert_true(holds(rig, &signoffs, "2027-01-01"));
    assert_true(view_is(rig->entries[1].signed_off_by, "Aki"));
    assert_false(rig->entries[0].is_signed_off);
}

static void it_lapses_when_what_was_signed_is_no_more(void **state)
{
    struct rig *rig = *state;
    struct signoffs signoffs = signed_now(rig, "2026-12-24");
    struct run_entry *entry = &rig->entries[1];
    struct run_entry before = *entry;
    static const struct finding failed = {.check = {"format", 6}, .message = {"no JSON", 7}};

    assert_true(holds(rig, &signoffs, "2026-12-24"));
    assert_false(holds(rig, &signoffs, "2026-12-25"));
    assert_true(says(entry, "expired on 2026-12-24"));

    entry->prompt_hash = view_of("ba9876543210");
    assert_false(holds(rig, &signoffs, "2026-12-01"));
    assert_true(says(entry, "template changed"));
    *entry = before;
    entry->model = view_of("other");
    assert_false(holds(rig, &signoffs, "2026-12-01"));
    *entry = before;
    entry->params = view_of("{\"temperature\":1}");
    assert_false(holds(rig, &signoffs, "2026-12-01"));
    *entry = before;
    entry->drop_micro += SIGNOFF_TOLERANCE_MICRO + 1;
    assert_false(holds(rig, &signoffs, "2026-12-01"));
    assert_true(says(entry, "fell further"));
    *entry = before;
    entry->failed = &failed;
    entry->failed_count = 1;
    assert_false(holds(rig, &signoffs, "2026-12-01"));
    *entry = before;
    assert_true(holds(rig, &signoffs, "2026-12-01"));
}

static void a_signoff_of_another_suite_or_target_does_not_hold(void **state)
{
    struct rig *rig = *state;
    struct signoffs signoffs = signed_now(rig, "");

    rig->run.suite = view_of("other");
    assert_false(holds(rig, &signoffs, "2026-12-01"));
    rig->run.suite = view_of("shop");
    rig->entries[1].target = view_of("other");
    assert_false(holds(rig, &signoffs, "2026-12-01"));
    assert_int_equal(rig->entries[1].signoff_lapsed.len, 0);
}

static void the_last_word_on_an_entry_counts(void **state)
{
    struct rig *rig = *state;
    struct signoffs signoffs =
        parse(rig, LINE(",\"entries\":[" ENTRY
                        "]") "\n" LINE(",\"expires\":\"2026-11-30\",\"entries\":[" ENTRY "]"));

    assert_int_equal(signoffs.count, 2);
    assert_true(holds(rig, &signoffs, "2026-11-30"));
    assert_false(holds(rig, &signoffs, "2026-12-01"));
}

static void a_critical_regression_cannot_be_signed(void **state)
{
    struct rig *rig = *state;
    const char *const named[] = {"entry-1"};
    struct signoff signoff = {.by = view_of("Aki")};
    struct err err = {0};

    rig->entries[1].severity = SEVERITY_CRITICAL;
    assert_int_equal(signoff_from_run(&rig->arena, &rig->run, named, 1, &signoff, &err),
                     ERR_CONFIG);
    assert_non_null(strstr(err.text, "critical"));
    assert_non_null(strstr(err.text, "baseline --update entry-1"));
    assert_int_equal(signoff_from_run(&rig->arena, &rig->run, NULL, 0, &signoff, &err), ERR_CONFIG);
}

static void what_is_not_major_or_unknown_is_refused_by_name(void **state)
{
    struct rig *rig = *state;
    const char *const fine[] = {"entry-2"};
    const char *const unknown[] = {"entry-x"};
    struct signoff signoff = {.by = view_of("Aki")};
    struct err err = {0};

    assert_int_equal(signoff_from_run(&rig->arena, &rig->run, fine, 1, &signoff, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "entry-2"));
    assert_int_equal(signoff_from_run(&rig->arena, &rig->run, unknown, 1, &signoff, &err),
                     ERR_CONFIG);
    assert_non_null(strstr(err.text, "entry-x"));
}

static void a_run_that_names_no_template_cannot_be_signed(void **state)
{
    static const char *const versions[] = {"", "0123456789a", "0123456789aX"};
    struct rig *rig = *state;
    struct signoff signoff = {.by = view_of("Aki")};
    struct err err = {0};

    for (size_t i = 0; i < 3; i++) {
        rig->entries[1].prompt_hash = view_of(versions[i]);
        assert_int_equal(signoff_from_run(&rig->arena, &rig->run, NULL, 0, &signoff, &err),
                         ERR_CONFIG);
        assert_non_null(strstr(err.text, "entry-1"));
    }
}

static void damage_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *said;
    } cases[] = {
        {"<<<<<<< HEAD\n", "signoffs.jsonl:1: is no JSON object (a merge that was not resolved?)"},
        {LINE(",\"entries\":[" ENTRY "]") "[]\n", "signoffs.jsonl:2: is no JSON object"},
        {"{\"kind\":\"baseline\"}\n", "signoffs.jsonl:1: is no sign-off"},
        {"\n\n{\"kind\":\"signoff\",\"schema\":2}\n", "signoffs.jsonl:3: was written by a newer"},
        {"{\"kind\":\"signoff\"}\n", "does not say \"schema\": 1"},
        {"{\"kind\":\"signoff\",\"schema\":1,\"suite\":\"s\",\"by\":\"\"}\n", "lacks"},
        {LINE(""), "says of no entry"},
        {LINE(",\"entries\":[]"), "says of no entry"},
        {LINE(",\"entries\":[{\"id\":\"\"}]"), "no \"id\""},
        {LINE(",\"entries\":[{\"id\":\"a\",\"version\":\"x\"}]"), "12 hex digits"},
        {LINE(
             ",\"entries\":[{\"id\":\"a\",\"version\":\"0123456789ab\",\"params\":\"0123456789ab\","
             "\"drop\":7}]"),
         "\"drop\" must be"},
        {LINE(
             ",\"entries\":[{\"id\":\"a\",\"version\":\"0123456789ab\",\"params\":\"0123456789ab\","
             "\"drop\":0.1,\"failed\":[1]}]"),
         "\"failed\""},
        {LINE(",\"expires\":\"2026-13-01\",\"entries\":[" ENTRY "]"), "\"expires\""},
    };
    struct rig *rig = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signoffs signoffs;
        struct err err = {0};
        int code = signoff_parse(&rig->arena, view_of("signoffs.jsonl"), view_of(cases[i].text),
                                 &signoffs, &err);
        if (strstr(err.text, cases[i].said) == NULL)
            print_message("case %zu: %s\n", i, err.text);
        assert_true(code == ERR_CORRUPT || code == ERR_UNSUPPORTED);
        assert_non_null(strstr(err.text, cases[i].said));
    }
}

static void an_empty_file_has_none(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(parse(rig, "").count, 0);
    assert_int_equal(parse(rig, "\n \n").count, 0);
}

static void days_are_days_of_the_calendar(void **state)
{
    char date[SIGNOFF_DATE_SIZE];

    (void)state;
    assert_true(signoff_is_date(view_of("2028-02-29")));
    assert_false(signoff_is_date(view_of("2027-02-29")));
    assert_false(signoff_is_date(view_of("2026-1-01")));
    assert_false(signoff_is_date(view_of("tomorrow")));
    signoff_date(1795486800, date);
    assert_string_equal(date, "2026-11-24");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_was_written_is_read_back_and_holds),
        CASE(it_lapses_when_what_was_signed_is_no_more),
        CASE(a_signoff_of_another_suite_or_target_does_not_hold),
        CASE(the_last_word_on_an_entry_counts),
        CASE(a_critical_regression_cannot_be_signed),
        CASE(what_is_not_major_or_unknown_is_refused_by_name),
        CASE(a_run_that_names_no_template_cannot_be_signed),
        CASE(damage_is_told_with_its_line),
        CASE(an_empty_file_has_none),
        CASE(days_are_days_of_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
