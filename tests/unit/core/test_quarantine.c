/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries that decide nothing for a while, and what the gate makes of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "config/yaml.h"
#include "core/golden/quarantine.h"
#include "gate_rig.h"

static int set_up(void **state)
{
    struct rig *rig = mem_new(1, sizeof *rig);

    if (rig == NULL)
        return -1;
    arena_init(&rig->arena, 64 << 20);
    rig->noise = .005;
    rig_begin(rig, 1, 12, 3, 3);
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

/* Two entries, entry-0 and entry-1. */
static int read_list(struct rig *rig, const char *yaml, struct quarantine *ret_quarantine,
                     struct err *reterr)
{
    struct golden_entry *entries = arena_new(&rig->arena, 2, sizeof *entries);
    struct golden_set set = {.file = view_of("g.yaml"), .entries = entries, .entry_count = 2};
    struct problems problems;
    struct config_reader reader = {&rig->arena, &problems, view_of("")};
    struct json *root;
    struct err err = {0};

    entries[0].id = view_of("entry-0");
    entries[1].id = view_of("entry-1");
    assert_int_equal(yaml_parse(&rig->arena, view_of("assay.yaml"), view_of(yaml), &root, &err), 0);
    problems_init(&problems, &rig->arena, view_of("assay.yaml"));
    int code = quarantine_read(&reader, root, &set, ret_quarantine);
    assert_int_equal(problems_status(&problems, reterr), code);
    return code;
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    static const struct {
        const char *yaml;
        const char *said;
    } cases[] = {
        {"- {entry: entry-x, until: 2026-12-24}", "assay.yaml:1:11: g.yaml has no entry 'entry-x'"},
        {"- {entry: entry-0, until: soon}", "'until' must be a day like 2026-12-24, found 'soon'"},
        {"- {entry: entry-0, until: 2026-02-30}", "found '2026-02-30'"},
        {"- {entry: entry-0}", "until"},
        {"- {until: 2026-12-24}", "entry"},
        {"- {entry: entry-0, until: 2026-12-24}\n- {entry: entry-0, until: 2026-12-25}",
         "assay.yaml:2:11: entry 'entry-0' is in quarantine twice"},
        {"- {entry: entry-0, untill: 2026-12-24}", "did you mean 'until'"},
        {"- entry-0", "mapping"},
    };
    struct rig *rig = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct quarantine quarantine;
        struct err err = {0};
        assert_int_equal(read_list(rig, cases[i].yaml, &quarantine, &err), ERR_CONFIG);
        if (strstr(err.text, cases[i].said) == NULL)
            print_message("case %zu: %s\n", i, err.text);
        assert_non_null(strstr(err.text, cases[i].said));
    }
}

static void it_holds_to_its_last_day_and_is_over_then(void **state)
{
    struct rig *rig = *state;
    struct quarantine quarantine;
    struct err err = {0};

    assert_int_equal(
        read_list(rig, "- {entry: entry-1, until: 2026-12-24, reason: x}", &quarantine, &err), 0);
    assert_int_equal(quarantine_apply(&quarantine, &rig->run, "2026-12-24"), 0);
    assert_true(rig->entries[1].is_quarantined);
    assert_false(rig->entries[0].is_quarantined);
    assert_int_equal(quarantine_apply(&quarantine, &rig->run, "2026-12-25"), 0);
    assert_false(rig->entries[1].is_quarantined);
    assert_true(view_is(rig->entries[1].quarantine_until, "2026-12-24"));
}

static const struct gate *decide(struct rig *rig)
{
    struct gate_options options = {.limits = rig_limits(), .noise_known = true};

    assert_int_equal(gate_decide(&rig->run, &options, &rig->arena), 0);
    return &rig->run.gate;
}

static void fall(struct rig *rig, size_t entry, double drop)
{
    rig->shift[entry] = drop;
    rig->entries[entry].sample_count = 0;
    rig_answer(rig, entry, 3);
    rig_judge(rig, entry);
}

static bool warns(const struct gate *gate, const char *what)
{
    for (size_t i = 0; i < gate->warning_count; i++)
        if (view_find(gate->warnings[i], view_of(what), 0) < gate->warnings[i].len)
            return true;
    return false;
}

static void an_entry_in_quarantine_decides_nothing_and_is_told(void **state)
{
    struct rig *rig = *state;

    fall(rig, 1, .4);
    assert_int_equal(decide(rig)->exit_status, 1);
    rig->entries[1].is_quarantined = true;
    rig->entries[1].quarantine_until = view_of("2026-12-24");
    const struct gate *gate = decide(rig);
    assert_int_equal(gate->exit_status, 0);
    assert_int_equal(gate->quarantined, 1);
    assert_int_equal(gate->compared, 11);
    assert_int_equal(gate->counts[SEVERITY_CRITICAL], 0);
    assert_int_equal(gate->all.entries, 11);
    assert_true(warns(gate, "1 entry is in quarantine and decides nothing: entry-1"));

    rig->entries[1].scored_count = 0; /* nor does its silence */
    assert_int_equal(decide(rig)->exit_status, 0);
    rig->entries[1].baseline = NULL;
    rig->entries[1].scored_count = 3;
    rig->entries[1].passed = false;
    assert_int_equal(decide(rig)->exit_status, 0);
}

static void one_whose_quarantine_is_over_decides_again_and_is_told(void **state)
{
    struct rig *rig = *state;

    fall(rig, 1, .4);
    rig->entries[1].quarantine_until = view_of("2026-11-01");
    const struct gate *gate = decide(rig);
    assert_int_equal(gate->exit_status, 1);
    assert_int_equal(gate->quarantine_expired, 1);
    assert_true(warns(gate, "is over (2026-11-01 was its last day): entry-1 counts again"));
}

static void signed_off_majors_pass_and_still_count_towards_the_tenth(void **state)
{
    struct rig *rig = *state;

    fall(rig, 1, .14);
    assert_int_equal(decide(rig)->exit_status, 4);
    rig->entries[1].is_signed_off = true;
    rig->entries[1].signed_off_by = view_of("Aki");
    const struct gate *gate = decide(rig);
    assert_int_equal(gate->exit_status, 0);
    assert_int_equal(gate->signed_off, 1);
    assert_true(warns(gate, "signed off: entry-1 (by Aki)"));
    fall(rig, 2, .14);
    rig->entries[2].is_signed_off = true;
    rig->entries[2].signed_off_by = view_of("Aki");
    assert_int_equal(decide(rig)->exit_status, 1);
}

static void a_signoff_that_lapsed_is_told_with_its_cause(void **state)
{
    struct rig *rig = *state;

    fall(rig, 1, .14);
    rig->entries[1].signoff_lapsed = view_of("its template changed since");
    const struct gate *gate = decide(rig);
    assert_int_equal(gate->exit_status, 4);
    assert_true(warns(gate, "entry-1: its sign-off holds no more: its template changed since"));
}

static void a_single_entry_is_told_to_be_too_few(void **state)
{
    struct rig *rig = *state;

    rig->run.entry_count = 1;
    const struct gate *gate = decide(rig);
    assert_int_equal(gate->exit_status, 0);
    assert_true(warns(gate, "1 compared entry is too few for statistics"));
}

static void scores_that_are_all_equal_pass_with_a_p_of_one(void **state)
{
    struct rig *rig = *state;

    rig->noise = 0;
    rig_begin(rig, 1, 12, 3, 3);
    const struct gate *gate = decide(rig);
    assert_int_equal(gate->exit_status, 0);
    assert_int_equal(gate->all.outcome, GATE_PASS);
    assert_true(gate->all.p >= 1);
    assert_true(gate->all.smallest_effect <= 0);
}

static void broken_checks_decide_where_only_statistics_do(void **state)
{
    struct rig *rig = *state;
    struct gate_options options = {
        .limits = rig_limits(), .noise_known = true, .mode = GATE_STATISTICS};

    for (size_t i = 0; i < 5; i++)
        rig->entries[i].passed = false;
    assert_int_equal(gate_decide(&rig->run, &options, &rig->arena), 0);
    assert_int_equal(rig->run.gate.exit_status, 1);
    rig->entries[4].passed = true; /* four prove nothing: 1 in 16 */
    assert_int_equal(gate_decide(&rig->run, &options, &rig->arena), 0);
    assert_int_equal(rig->run.gate.exit_status, 0);
}

static void
where_only_statistics_decide_too_few_entries_do_not_claim_that_severities_do(void **state)
{
    struct rig *rig = *state;
    struct gate_options options = {
        .limits = rig_limits(), .noise_known = true, .mode = GATE_STATISTICS};

    rig->run.entry_count = 1;
    assert_int_equal(gate_decide(&rig->run, &options, &rig->arena), 0);
    assert_false(warns(&rig->run.gate, "severities decide"));
    assert_true(warns(&rig->run.gate, "use 'gate: both'"));
}

static void checks_without_a_baseline_prove_nothing(void **state)
{
    struct rig *rig = *state;

    for (size_t i = 0; i < rig->run.entry_count; i++)
        rig->entries[i].baseline = NULL;
    assert_true(decide(rig)->checks_p >= 1);
}

static void long_names_are_cut_between_characters(void **state)
{
    static char id[3 * 60 + 1];
    struct rig *rig = *state;

    for (size_t i = 0; i < 60; i++)
        memcpy(id + 3 * i, "鬼", 3);
    for (size_t i = 0; i < 3; i++) {
        rig->entries[i].id = view_of(id);
        fall(rig, i, .4);
    }
    rig->entries[4].signoff_lapsed = view_of(id);
    fall(rig, 4, .14);
    const struct gate *gate = decide(rig);
    assert_true(gate->reason_count > 0);
    for (size_t i = 0; i < gate->reason_count; i++)
        assert_true(utf8_valid(gate->reasons[i], NULL));
    for (size_t i = 0; i < gate->warning_count; i++)
        assert_true(utf8_valid(gate->warnings[i], NULL));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_is_wrong_is_told_with_its_place),
        CASE(it_holds_to_its_last_day_and_is_over_then),
        CASE(an_entry_in_quarantine_decides_nothing_and_is_told),
        CASE(one_whose_quarantine_is_over_decides_again_and_is_told),
        CASE(signed_off_majors_pass_and_still_count_towards_the_tenth),
        CASE(a_signoff_that_lapsed_is_told_with_its_cause),
        CASE(a_single_entry_is_told_to_be_too_few),
        CASE(scores_that_are_all_equal_pass_with_a_p_of_one),
        CASE(broken_checks_decide_where_only_statistics_do),
        CASE(where_only_statistics_decide_too_few_entries_do_not_claim_that_severities_do),
        CASE(checks_without_a_baseline_prove_nothing),
        CASE(long_names_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
