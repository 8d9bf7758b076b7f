/* SPDX-License-Identifier: Apache-2.0
 *
 * gradient: see gradient.h. */
#include "core/quota/gradient.h"

#include <math.h>

enum { LIMIT_MAX = 1 << 20, LIMIT_FIRST = 20, WINDOW_SAMPLES = 100 };

static const uint64_t BASE_EVERY_NS = 30000000000;
static const int64_t MICRO = 1000000;
static const int64_t SMOOTHING_MICRO = 200000;
static const double BASE_JITTER = 0.15;
static const double FALL_MIN = 0.5;
static const double OVERLOAD_CUT = 0.9;
static const double HEADROOM_OF_ROOT = 0.5;
static const double BASE_SMOOTHING = 0.5;

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static void plan_base(struct gradient *gradient, uint64_t now_ns)
{
    double jitter = 1 + BASE_JITTER * (2 * rng_unit(&gradient->rng) - 1);
    uint64_t in_ns = (uint64_t)((double)gradient->settings.base_every_ns * jitter);

    gradient->base_due_ns = in_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + in_ns;
}

static void begin_window(struct gradient *gradient, uint64_t now_ns)
{
    gradient->window_from_ns = now_ns;
    gradient->samples = 0;
    gradient->overloads = 0;
    gradient->in_flight_max = 0;
    gradient->latency_sum_ns = 0;
    gradient->backed_off = false;
}

int gradient_init(struct gradient *gradient, const struct gradient_settings *settings,
                  uint64_t now_ns)
{
    struct gradient_settings own = *settings;

    own.limit_min = (uint32_t)or_default(own.limit_min, 1);
    if (own.limit_first == 0)
        own.limit_first = (uint32_t)clamp(LIMIT_FIRST, own.limit_min, own.limit_max);
    own.window_samples = (uint32_t)or_default(own.window_samples, WINDOW_SAMPLES);
    own.base_every_ns = or_default(own.base_every_ns, BASE_EVERY_NS);
    own.tolerance_micro = (int64_t)or_default((uint64_t)own.tolerance_micro, (uint64_t)MICRO);
    own.smoothing_micro =
        (int64_t)or_default((uint64_t)own.smoothing_micro, (uint64_t)SMOOTHING_MICRO);
    if (own.limit_max < 1 || own.limit_max > LIMIT_MAX || own.limit_min > own.limit_max
        || own.limit_first < own.limit_min || own.limit_first > own.limit_max
        || own.smoothing_micro < 1 || own.smoothing_micro > MICRO || own.tolerance_micro < MICRO)
        return ERR_LIMIT;

    *gradient = (struct gradient){.settings = own, .limit = own.limit_first, .measuring = true};
    rng_init_named(&gradient->rng, own.seed, (struct view)VIEW("gradient"));
    plan_base(gradient, now_ns);
    begin_window(gradient, now_ns);
    return 0;
}

uint32_t gradient_limit(const struct gradient *gradient)
{
    const struct gradient_settings *settings = &gradient->settings;
    double limit = gradient->measuring ? gradient->limit / 2 : gradient->limit;

    return (uint32_t)clamp(limit + 0.5, settings->limit_min, settings->limit_max);
}

/* ---- windows -------------------------------------------------------------------------------- */

static void learn_base(struct gradient *gradient)
{
    double base_ns = gradient->latency_ns;

    if (gradient->base_ns > 0 && !gradient->measuring) /* for free: trusted less */
        base_ns = gradient->base_ns * (1 - BASE_SMOOTHING) + base_ns * BASE_SMOOTHING;
    gradient->base_ns = base_ns;
}

static void move_limit(struct gradient *gradient)
{
    const struct gradient_settings *settings = &gradient->settings;
    double tolerance = (double)settings->tolerance_micro / (double)MICRO;
    double smoothing = (double)settings->smoothing_micro / (double)MICRO;
    double slope = clamp(tolerance * gradient->base_ns / gradient->latency_ns, FALL_MIN, 1);
    double aim = gradient->limit * slope + HEADROOM_OF_ROOT * sqrt(gradient->limit);

    gradient->limit = clamp(gradient->limit * (1 - smoothing) + aim * smoothing,
                            settings->limit_min, settings->limit_max);
}

static void end_window(struct gradient *gradient, uint64_t now_ns)
{
    bool used = gradient->in_flight_max * 2 > gradient_limit(gradient);

    gradient->latency_ns = gradient->latency_sum_ns / gradient->samples;
    if (gradient->latency_ns < 1)
        gradient->latency_ns = 1;
    if (gradient->measuring || !used) {
        learn_base(gradient);
        plan_base(gradient, now_ns);
    } else if (!gradient->backed_off) {
        move_limit(gradient);
    }
    gradient->measuring = now_ns >= gradient->base_due_ns;
    begin_window(gradient, now_ns);
}

bool gradient_add(struct gradient *gradient, uint64_t now_ns, const struct gradient_sample *sample)
{
    uint32_t before = gradient_limit(gradient);

    if (sample->overloaded && !gradient->backed_off) {
        gradient->limit = clamp(gradient->limit * OVERLOAD_CUT, gradient->settings.limit_min,
                                gradient->settings.limit_max);
        gradient->backed_off = true;
    }
    /* What was sent before the window began met another limit. */
    if (!sample->overloaded && sample->sent_ns >= gradient->window_from_ns) {
        gradient->samples++;
        gradient->latency_sum_ns += (double)sample->latency_ns;
        if (sample->in_flight > gradient->in_flight_max)
            gradient->in_flight_max = sample->in_flight;
    }
    gradient->overloads += sample->overloaded ? 1 : 0;
    if (gradient->samples >= gradient->settings.window_samples)
        end_window(gradient, now_ns);
    else if (gradient->overloads >= gradient->settings.window_samples)
        begin_window(gradient, now_ns); /* it tells no latency, but the next takes a tenth more */
    return gradient_limit(gradient) != before;
}
