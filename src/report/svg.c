/* SPDX-License-Identifier: Apache-2.0
 *
 * svg: see svg.h. */
#include "report/svg.h"

#include <math.h>
#include <stdio.h>

#include "report/html.h"

enum { NUMBER_SIZE = 64 };

static double kept_finite(double value)
{
    return isfinite(value) ? value : 0;
}

double svg_at(const struct svg_scale *scale, double value)
{
    double span = scale->to - scale->from;
    double share = span > 0 || span < 0 ? (kept_finite(value) - scale->from) / span : 0.5;

    share = share < 0 ? 0 : share > 1 ? 1 : share;
    return scale->low + share * (scale->high - scale->low);
}

size_t svg_ticks(double from, double to, size_t wanted, double ret_ticks[SVG_TICKS_MAX])
{
    static const double steps[] = {1, 2, 5, 10};
    size_t count = 0;
    size_t pick = 0;

    if (!(to > from) || !isfinite(to - from) || wanted == 0)
        return 0;
    double rough = (to - from) / (double)wanted;
    double power = pow(10, floor(log10(rough)));
    while (pick < 3 && steps[pick] * power < rough)
        pick++;
    double step = steps[pick] * power;
    double first = ceil(from / step - 1e-9);
    for (size_t i = 0; i < SVG_TICKS_MAX; i++) {
        double tick = (first + (double)i) * step;
        if (tick > to + step * 1e-9)
            break;
        ret_ticks[count++] = tick;
    }
    return count;
}

int svg_decimals(const double *ticks, size_t count)
{
    double step = count > 1 ? ticks[1] - ticks[0] : 1;
    int decimals = 0;

    while (decimals < 6 && fabs(step - round(step)) > 1e-6 * (step < 1 ? 1 : step)) {
        step *= 10;
        decimals++;
    }
    return decimals;
}

/* One decimal, none where it is zero: " x=12.5". */
static void number(struct strbuf *out, const char *name, double value)
{
    char text[NUMBER_SIZE];
    double rounded = round(kept_finite(value) * 10) / 10;

    if (fabs(rounded) > 1e9)
        rounded = 0;
    if (fabs(rounded - round(rounded)) < 0.01)
        snprintf(text, sizeof text, " %s=\"%.0f\"", name, round(rounded) + 0.0);
    else
        snprintf(text, sizeof text, " %s=\"%.1f\"", name, rounded);
    strbuf_add_text(out, text);
}

static void open_shape(struct strbuf *out, const char *shape, const char *class_name)
{
    strbuf_printf(out, "<%s class=\"%s\"", shape, class_name);
}

void svg_open(struct strbuf *out, double width, double height, const char *title)
{
    strbuf_printf(out, "<svg role=\"img\" viewBox=\"0 0 %.0f %.0f\"><title>", kept_finite(width),
                  kept_finite(height));
    html_say(out, title);
    strbuf_add_text(out, "</title>");
}

void svg_close(struct strbuf *out)
{
    strbuf_add_text(out, "</svg>");
}

void svg_line(struct strbuf *out, const char *class_name, double x1, double y1, double x2,
              double y2)
{
    open_shape(out, "line", class_name);
    number(out, "x1", x1);
    number(out, "y1", y1);
    number(out, "x2", x2);
    number(out, "y2", y2);
    strbuf_add_text(out, "/>");
}

void svg_rect(struct strbuf *out, const char *class_name, double x, double y, double width,
              double height)
{
    open_shape(out, "rect", class_name);
    number(out, "x", x);
    number(out, "y", y);
    number(out, "width", width > 0 ? width : 0);
    number(out, "height", height > 0 ? height : 0);
    strbuf_add_text(out, "/>");
}

void svg_circle(struct strbuf *out, const char *class_name, double x, double y, double radius)
{
    open_shape(out, "circle", class_name);
    number(out, "cx", x);
    number(out, "cy", y);
    number(out, "r", radius);
    strbuf_add_text(out, "/>");
}

void svg_text(struct strbuf *out, const char *class_name, double x, double y, const char *anchor,
              struct view text)
{
    open_shape(out, "text", class_name);
    number(out, "x", x);
    number(out, "y", y);
    strbuf_printf(out, " text-anchor=\"%s\">", anchor);
    html_add_attribute(out, text); /* no boxes: a drawing has no <i> */
    strbuf_add_text(out, "</text>");
}

static struct view tick_text(char text[NUMBER_SIZE], double tick, int decimals, bool is_signed)
{
    double value = fabs(tick) < 1e-12 ? 0 : tick;
    const char *sign = value < 0 ? "−" : is_signed && value > 0 ? "+" : "";

    snprintf(text, NUMBER_SIZE, "%s%.*f", sign, decimals, fabs(value));
    return view_of(text);
}

void svg_axis_below(struct strbuf *out, const struct svg_scale *scale, double top, double y,
                    size_t wanted, bool is_signed)
{
    double ticks[SVG_TICKS_MAX];
    char text[NUMBER_SIZE];
    size_t count = svg_ticks(scale->from, scale->to, wanted, ticks);
    int decimals = svg_decimals(ticks, count);

    for (size_t i = 0; i < count; i++) {
        double x = svg_at(scale, ticks[i]);
        svg_line(out, "grid", x, top, x, y);
        svg_text(out, "tick", x, y + 16, "middle", tick_text(text, ticks[i], decimals, is_signed));
    }
    svg_line(out, "axis", scale->low, y, scale->high, y);
}

void svg_axis_left(struct strbuf *out, const struct svg_scale *scale, double x, double right,
                   size_t wanted)
{
    double ticks[SVG_TICKS_MAX];
    char text[NUMBER_SIZE];
    size_t count = svg_ticks(scale->from, scale->to, wanted, ticks);
    int decimals = svg_decimals(ticks, count);

    for (size_t i = 0; i < count; i++) {
        double y = svg_at(scale, ticks[i]);
        svg_line(out, "grid", x, y, right, y);
        svg_text(out, "tick", x - 6, y + 4, "end", tick_text(text, ticks[i], decimals, false));
    }
}
