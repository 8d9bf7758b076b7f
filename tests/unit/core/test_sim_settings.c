/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said about a simulated model in words: defects, latencies, profiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sim/settings.h"

static void defects_are_read_with_their_rates(void **state)
{
    (void)state;
    double rates[SIM_DEFECT_COUNT] = {0};

    assert_int_equal(sim_defects_parse(view_of("keyword:0.5"), rates, NULL), 0);
    assert_int_equal(sim_defects_parse(view_of("language:1, garbled:0.001"), rates, NULL), 0);
    assert_float_equal(rates[SIM_DEFECT_KEYWORD], 0.5, 0);
    assert_float_equal(rates[SIM_DEFECT_LANGUAGE], 1.0, 0);
    assert_float_equal(rates[SIM_DEFECT_GARBLED], 0.001, 0);
    assert_float_equal(rates[SIM_DEFECT_REFUSAL], 0.0, 0);
}

static void a_wrong_defect_says_what_to_write_and_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *remedy;
    } wrong[] = {
        {"keywrod:0.5", "give one of keyword, language"},
        {"keyword", "needs a rate from 0 to 1"},
        {"keyword:2", "needs a rate from 0 to 1"},
        {"keyword:-0.1", "needs a rate"},
        {"keyword:x", "as in keyword:0.1"},
        {"", "unknown defect ''"},
        {"language:0.5,", "unknown defect ''"},
        {"format:nan", "needs a rate"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double rates[SIM_DEFECT_COUNT] = {0};
        struct err err;
        assert_int_equal(sim_defects_parse(view_of(wrong[i].text), rates, &err), ERR_USAGE);
        assert_non_null(strstr(err.text, wrong[i].remedy));
        for (int d = 0; d < SIM_DEFECT_COUNT; d++)
            assert_float_equal(rates[d], 0.0, 0);
    }
}

static void latencies_are_read_in_every_form(void **state)
{
    (void)state;
    struct sim_latency latency;

    assert_int_equal(sim_latency_parse(view_of("none"), &latency, NULL), 0);
    assert_int_equal(latency.kind, SIM_LATENCY_NONE);
    assert_int_equal(sim_latency_parse(view_of("1.5s"), &latency, NULL), 0);
    assert_int_equal(latency.kind, SIM_LATENCY_FIXED);
    assert_int_equal(latency.low_ns, 1500000000);
    assert_int_equal(sim_latency_parse(view_of("fixed:20us"), &latency, NULL), 0);
    assert_int_equal(latency.low_ns, 20000);
    assert_int_equal(sim_latency_parse(view_of("uniform:1ms:2m"), &latency, NULL), 0);
    assert_int_equal(latency.high_ns, 120000000000);
    assert_int_equal(sim_latency_parse(view_of("lognormal:800ms:0.4"), &latency, NULL), 0);
    assert_int_equal(latency.low_ns, 800000000);
    assert_float_equal(latency.sigma, 0.4, 0);
}

static void a_wrong_latency_shows_the_forms(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "800",
                                        "ms",
                                        "fixed",
                                        "61m",
                                        "-1s",
                                        "uniform:1s",
                                        "uniform:2s:1s",
                                        "lognormal",
                                        "lognormal:1s",
                                        "lognormal:1s:4",
                                        "lognormal:1s:0.4:1",
                                        "none:1s",
                                        "poisson:1s"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct sim_latency latency;
        struct err err;
        assert_int_equal(sim_latency_parse(view_of(wrong[i]), &latency, &err), ERR_USAGE);
        assert_non_null(strstr(err.text, "lognormal:800ms:0.4"));
    }
}

static int read_profile(const char *text, struct sim_profile *profile, struct err *reterr)
{
    struct arena arena;
    struct json *root;

    arena_init(&arena, 1 << 20);
    assert_int_equal(json_parse(&arena, view_of(text), &root, NULL), 0);
    int code = sim_profile_read(root, profile, reterr);
    arena_release(&arena);
    return code;
}

static void a_profile_changes_what_it_names_and_nothing_else(void **state)
{
    (void)state;
    struct sim_profile profile = sim_profile_default();
    struct err err;

    assert_int_equal(
        read_profile("{\"reliability\": {\"json\": 0.5}, \"wording\": 0}", &profile, &err), 0);
    assert_float_equal(profile.reliability[SIM_RULE_JSON], 0.5, 0);
    assert_float_equal(profile.reliability[SIM_RULE_LANGUAGE],
                       sim_profile_default().reliability[SIM_RULE_LANGUAGE], 0);
    assert_float_equal(profile.wording, 0.0, 0);
}

static void a_wrong_profile_names_the_place_and_the_nearest_key(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *said;
    } wrong[] = {
        {"{\"reliability\": {\"jsno\": 0.5}}",
         "1:18: unknown key 'jsno' in the profile, did you mean 'json'?"},
        {"{\"wordin\": 1}", "did you mean 'wording'?"},
        {"{\"wording\": 1.5}", "1:13: 'wording' must be a number from 0 to 1"},
        {"{\"wording\": \"1\"}", "must be a number"},
        {"{\"reliability\": 1}", "must be a mapping"},
        {"[]", "a profile is a mapping"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct sim_profile profile = sim_profile_default();
        struct err err;
        assert_int_equal(read_profile(wrong[i].text, &profile, &err), ERR_CONFIG);
        if (strstr(err.text, wrong[i].said) == NULL)
            fail_msg("%s: %s", wrong[i].text, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defects_are_read_with_their_rates),
        cmocka_unit_test(a_wrong_defect_says_what_to_write_and_changes_nothing),
        cmocka_unit_test(latencies_are_read_in_every_form),
        cmocka_unit_test(a_wrong_latency_shows_the_forms),
        cmocka_unit_test(a_profile_changes_what_it_names_and_nothing_else),
        cmocka_unit_test(a_wrong_profile_names_the_place_and_the_nearest_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
