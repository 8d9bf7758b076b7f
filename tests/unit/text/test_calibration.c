/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/calibration.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "text/calibration.h"

static const struct calibration *e5(void)
{
    return calibration_find(view_of("e5-small-q4"));
}

static void identical_texts_score_one_exactly_and_nothing_falls_below_zero(void **state)
{
    (void)state;

    for (size_t i = 0; calibration_at(i) != NULL; i++) {
        assert_int_equal(calibration_map_micro(calibration_at(i), 1000000), 1000000);
        assert_int_equal(calibration_map_micro(calibration_at(i), 2000000), 1000000);
        assert_in_range(calibration_map_micro(calibration_at(i), -1000000), 0, 1000);
    }
}

static void a_map_never_changes_a_rank(void **state)
{
    (void)state;

    for (size_t i = 0; calibration_at(i) != NULL; i++) {
        int64_t last = -1;
        for (int64_t cosine = -1000000; cosine <= 1000000; cosine += 100) {
            int64_t mapped = calibration_map_micro(calibration_at(i), cosine);
            assert_true(mapped >= last);
            /* strictly where the model's cosines lie */
            if (cosine > 700000)
                assert_true(mapped > last);
            last = mapped;
        }
    }
}

/* docs/calibration.md: medians of human-judged pairs, and the cosine nine in ten rewordings reach.
 * */
static void unrelated_is_near_zero_and_a_rewording_well_above_the_floor(void **state)
{
    (void)state;

    assert_true(calibration_map_micro(e5(), 805000) < 100000);
    assert_true(calibration_map_micro(e5(), 832000) < 100000);
    assert_true(calibration_map_micro(e5(), 930200) > 790000);
    assert_true(calibration_map_micro(e5(), 964000) > 930000);
    assert_true(calibration_map_micro(e5(), 985000) > 980000);
}

static void a_fitted_map_goes_through_its_anchors(void **state)
{
    struct calibration map;
    struct err err = {0};
    (void)state;

    assert_int_equal(calibration_fit(view_of("titan"), 3, 200000, 700000, &map, &err), 0);
    assert_string_equal(map.scorer, "titan");
    assert_int_equal(map.version, 3);
    assert_in_range(calibration_map_micro(&map, 200000), 49999, 50001);
    assert_in_range(calibration_map_micro(&map, 700000), 799999, 800001);
    assert_int_equal(calibration_map_micro(&map, 1000000), 1000000);
    assert_int_equal(calibration_fit(view_of("close"), 1, 900000, 990000, &map, &err), 0);
    assert_in_range(calibration_map_micro(&map, 990000), 799999, 800001);
}

static void the_shipped_maps_are_those_of_the_anchors(void **state)
{
    struct calibration map;
    struct err err = {0};
    (void)state;

    assert_int_equal(calibration_fit(view_of("e5-small-q4"), 2, 816700, 930400, &map, &err), 0);
    assert_true(fabs(map.slope / e5()->slope - 1) < 0.002);
    assert_true(fabs(map.middle - e5()->middle) < 0.0005);
}

static void what_is_no_map_is_refused(void **state)
{
    struct calibration map;
    struct err err = {0};
    char name[CALIBRATION_NAME_SIZE + 1];
    (void)state;

    memset(name, 'x', sizeof name);
    assert_null(calibration_find(view_of("unknown")));
    assert_int_equal(calibration_make(view_of(""), 1, 1, 0, &map, &err), ERR_INVALID);
    assert_int_equal(calibration_make(view_make(name, sizeof name), 1, 1, 0, &map, &err),
                     ERR_INVALID);
    assert_int_equal(calibration_make(view_of("a"), 1, 0, 0, &map, &err), ERR_INVALID);
    assert_int_equal(calibration_make(view_of("a"), 1, NAN, 0, &map, &err), ERR_INVALID);
    assert_int_equal(calibration_make(view_of("a"), 1, 5, 2.5, &map, &err), ERR_INVALID);
    assert_int_equal(calibration_fit(view_of("a"), 1, 700000, 700000, &map, &err), ERR_INVALID);
    assert_int_equal(calibration_fit(view_of("a"), 1, 700000, 1000000, &map, &err), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identical_texts_score_one_exactly_and_nothing_falls_below_zero),
        cmocka_unit_test(a_map_never_changes_a_rank),
        cmocka_unit_test(unrelated_is_near_zero_and_a_rewording_well_above_the_floor),
        cmocka_unit_test(a_fitted_map_goes_through_its_anchors),
        cmocka_unit_test(the_shipped_maps_are_those_of_the_anchors),
        cmocka_unit_test(what_is_no_map_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
