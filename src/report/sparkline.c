/* SPDX-License-Identifier: Apache-2.0
 *
 * sparkline: see sparkline.h. */
#include "report/sparkline.h"

#include <math.h>

enum { HEIGHTS = 8 };

static const char *const blocks[HEIGHTS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const signs[HEIGHTS] = {".", ":", "-", "=", "+", "*", "#", "@"};

/* The range of the finite values; false where there is none. */
static bool find_range(const double *values, size_t count, double *low, double *high)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            continue;
        *low = any ? fmin(*low, values[i]) : values[i];
        *high = any ? fmax(*high, values[i]) : values[i];
        any = true;
    }
    return any;
}

static size_t height_of(double value, double low, double high)
{
    if (!(high > low))
        return HEIGHTS / 2 - 1;
    double share = (value - low) / (high - low);
    double height = floor(fmax(0, fmin(1, share)) * HEIGHTS);
    return height < HEIGHTS ? (size_t)height : HEIGHTS - 1;
}

void sparkline_add(struct strbuf *out, const double *values, size_t count,
                   const struct sparkline *form)
{
    size_t from = form->columns != 0 && count > form->columns ? count - form->columns : 0;
    double low = form->low;
    double high = form->high;

    if (!(low < high) && !find_range(values + from, count - from, &low, &high))
        low = high = 0;
    for (size_t i = from; i < count; i++) {
        if (isfinite(values[i]))
            strbuf_add_text(out, (form->ascii ? signs : blocks)[height_of(values[i], low, high)]);
        else
            strbuf_add_byte(out, ' ');
    }
}
