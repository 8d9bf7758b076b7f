/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawings put figures where they belong, whatever the figures are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "report/svg.h"

static const struct svg_scale scale = {.from = -1, .to = 1, .low = 0, .high = 200};

static void values_lie_between_the_ends_in_proportion(void **state)
{
    (void)state;
    assert_float_equal(svg_at(&scale, -1), 0, 1e-9);
    assert_float_equal(svg_at(&scale, 0), 100, 1e-9);
    assert_float_equal(svg_at(&scale, 0.5), 150, 1e-9);
}

static void values_outside_stay_at_the_ends(void **state)
{
    (void)state;
    assert_float_equal(svg_at(&scale, -9), 0, 1e-9);
    assert_float_equal(svg_at(&scale, 9), 200, 1e-9);
    assert_float_equal(svg_at(&scale, NAN), 100, 1e-9); /* drawn as 0 */
    assert_float_equal(svg_at(&scale, INFINITY), 100, 1e-9);
}

static void a_scale_without_span_puts_all_in_the_middle(void **state)
{
    struct svg_scale point = {.from = 3, .to = 3, .low = 10, .high = 30};

    (void)state;
    assert_float_equal(svg_at(&point, 3), 20, 1e-9);
    assert_float_equal(svg_at(&point, 100), 20, 1e-9);
}

static void a_scale_may_run_downwards(void **state)
{
    struct svg_scale down = {.from = 0, .to = 1, .low = 200, .high = 0};

    (void)state;
    assert_float_equal(svg_at(&down, 0.25), 150, 1e-9);
}

static void ticks_are_round_figures_within_the_scale(void **state)
{
    double ticks[SVG_TICKS_MAX];

    (void)state;
    size_t count = svg_ticks(-0.27, 0.1, 5, ticks);
    assert_int_equal(count, 4);
    assert_float_equal(ticks[0], -0.2, 1e-9);
    assert_float_equal(ticks[3], 0.1, 1e-9);
    assert_int_equal(svg_decimals(ticks, count), 1);
    count = svg_ticks(0, 0.02, 5, ticks);
    assert_int_equal(svg_decimals(ticks, count), 3);
    count = svg_ticks(0, 8000, 4, ticks);
    assert_int_equal(svg_decimals(ticks, count), 0);
}

static void ticks_of_a_scale_that_is_none_are_none(void **state)
{
    double ticks[SVG_TICKS_MAX];

    (void)state;
    assert_int_equal(svg_ticks(1, 1, 5, ticks), 0);
    assert_int_equal(svg_ticks(2, 1, 5, ticks), 0);
    assert_int_equal(svg_ticks(0, INFINITY, 5, ticks), 0);
    assert_int_equal(svg_ticks(NAN, 1, 5, ticks), 0);
    assert_int_equal(svg_ticks(0, 1, 0, ticks), 0);
}

static void no_scale_has_more_ticks_than_fit(void **state)
{
    double ticks[SVG_TICKS_MAX];

    (void)state;
    for (double to = 1e-6; to < 1e9; to *= 3.7)
        for (size_t wanted = 1; wanted < 40; wanted++)
            assert_in_range(svg_ticks(-to / 3, to, wanted, ticks), 0, SVG_TICKS_MAX);
}

static void shapes_carry_one_decimal_and_no_figure_that_is_none(void **state)
{
    struct strbuf out;

    (void)state;
    strbuf_init(&out, 4096);
    svg_line(&out, "grid", 1, 2.25, NAN, -INFINITY);
    assert_string_equal(strbuf_text(&out),
                        "<line class=\"grid\" x1=\"1\" y1=\"2.3\" x2=\"0\" y2=\"0\"/>");
    strbuf_reset(&out);
    svg_rect(&out, "column", 0, 0, -5, 3);
    assert_string_equal(strbuf_text(&out),
                        "<rect class=\"column\" x=\"0\" y=\"0\" width=\"0\" height=\"3\"/>");
    strbuf_release(&out);
}

static void texts_in_drawings_are_escaped(void **state)
{
    struct strbuf out;

    (void)state;
    strbuf_init(&out, 4096);
    svg_text(&out, "name", 0, 0, "end", view_of("<b>\xe2\x80\xae&"));
    assert_string_equal(strbuf_text(&out),
                        "<text class=\"name\" x=\"0\" y=\"0\" text-anchor=\"end\">&lt;b&gt;"
                        "‹U+202E›&amp;</text>");
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_lie_between_the_ends_in_proportion),
        cmocka_unit_test(values_outside_stay_at_the_ends),
        cmocka_unit_test(a_scale_without_span_puts_all_in_the_middle),
        cmocka_unit_test(a_scale_may_run_downwards),
        cmocka_unit_test(ticks_are_round_figures_within_the_scale),
        cmocka_unit_test(ticks_of_a_scale_that_is_none_are_none),
        cmocka_unit_test(no_scale_has_more_ticks_than_fit),
        cmocka_unit_test(shapes_carry_one_decimal_and_no_figure_that_is_none),
        cmocka_unit_test(texts_in_drawings_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
