/* SPDX-License-Identifier: Apache-2.0
 *
 * svg: scales, axes and shapes of small drawings inside a page.
 *
 * Colours and line widths are the style sheet's (classes), never written here, so that a drawing
 * follows the theme. Coordinates have one decimal; what is not finite is drawn at 0.
 * Threads: no state. */
#ifndef ASSAY_REPORT_SVG_H
#define ASSAY_REPORT_SVG_H

#include "base/strbuf.h"
#include "base/view.h"

/* A straight line from a figure to a place. */
struct svg_scale {
    double from, to;  /* figures */
    double low, high; /* places; low may be the larger (downward axes) */
};

enum { SVG_TICKS_MAX = 12 };

/* Where the value lies, kept between both places. The middle where from = to. */
double svg_at(const struct svg_scale *scale, double value);

/* Figures for the axis: multiples of 1, 2 or 5 times a power of ten, within from..to, about
 * `wanted` of them. Returns how many. */
size_t svg_ticks(double from, double to, size_t wanted, double ret_ticks[SVG_TICKS_MAX]);

/* As many decimals as tell neighbouring ticks apart: 0 to 6. */
int svg_decimals(const double *ticks, size_t count);

/* A drawing of that size which fills the width it is given. The title says what it shows, for who
 * cannot see it; the caption beside the drawing says the rest. */
void svg_open(struct strbuf *out, double width, double height, const char *title);
void svg_close(struct strbuf *out);

void svg_line(struct strbuf *out, const char *class_name, double x1, double y1, double x2,
              double y2);
void svg_rect(struct strbuf *out, const char *class_name, double x, double y, double width,
              double height);
void svg_circle(struct strbuf *out, const char *class_name, double x, double y, double radius);
/* `anchor` is "start", "middle" or "end". Of texts of others what cannot be seen is shown. */
void svg_text(struct strbuf *out, const char *class_name, double x, double y, const char *anchor,
              struct view text);

/* A horizontal axis at height y with a grid up to `top`: ticks with their figures. */
void svg_axis_below(struct strbuf *out, const struct svg_scale *scale, double top, double y,
                    size_t wanted, bool is_signed);
/* A vertical axis at x with a grid to `right`. */
void svg_axis_left(struct strbuf *out, const struct svg_scale *scale, double x, double right,
                   size_t wanted);

#endif
