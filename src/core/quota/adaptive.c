/* SPDX-License-Identifier: Apache-2.0
 *
 * adaptive: see adaptive.h. Times are seconds in double, and every operation stands in botocore's
 * order, so that the two give the same rates to the last bits. */
#include "core/quota/adaptive.h"

#include <math.h>

static const double BETA = 0.7;
static const double SCALE = 0.4;
static const double SMOOTHING = 0.8;
static const double BUCKETS_A_SECOND = 2;
static const double RATE_MIN = 0.5;
static const double RATE_OVER_MEASURED = 2.0;

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

/* ---- the bucket ----------------------------------------------------------------------------- */

static double filled(const struct adaptive *adaptive, double now_s)
{
    double capacity = adaptive->capacity + (now_s - adaptive->filled_s) * adaptive->fill_rate;

    return capacity < adaptive->capacity_max ? capacity : adaptive->capacity_max;
}

static void fill(struct adaptive *adaptive, double now_s)
{
    adaptive->capacity = filled(adaptive, now_s);
    adaptive->filled_s = now_s;
}

static void set_rate(struct adaptive *adaptive, double now_s, double rate)
{
    fill(adaptive, now_s);
    adaptive->fill_rate = rate > RATE_MIN ? rate : RATE_MIN;
    adaptive->capacity_max = rate >= 1 ? rate : 1;
    if (adaptive->capacity > adaptive->capacity_max)
        adaptive->capacity = adaptive->capacity_max;
}

void adaptive_init(struct adaptive *adaptive, uint64_t now_ns)
{
    double now_s = seconds(now_ns);

    *adaptive = (struct adaptive){
        .last_bucket_s = floor(now_s),
        .last_fail_s = now_s,
        .fill_rate = 1,
        .capacity_max = 1,
        .filled_s = now_s,
    };
}

int adaptive_take(struct adaptive *adaptive, uint64_t now_ns)
{
    if (!adaptive->enabled)
        return 0;
    fill(adaptive, seconds(now_ns));
    if (adaptive->capacity < 1)
        return ERR_THROTTLED;
    adaptive->capacity -= 1;
    return 0;
}

uint64_t adaptive_at(const struct adaptive *adaptive, uint64_t now_ns)
{
    if (!adaptive->enabled)
        return now_ns;
    double missing = 1 - filled(adaptive, seconds(now_ns));
    if (missing <= 0)
        return now_ns;
    uint64_t wait_ns = (uint64_t)(missing / adaptive->fill_rate * 1e9) + 1;
    return wait_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + wait_ns;
}

/* ---- the rate ------------------------------------------------------------------------------- */

static double measure(struct adaptive *adaptive, double now_s)
{
    double bucket_s = floor(now_s * BUCKETS_A_SECOND) / BUCKETS_A_SECOND;

    adaptive->count += 1;
    if (bucket_s > adaptive->last_bucket_s) {
        double rate = adaptive->count / (bucket_s - adaptive->last_bucket_s);
        adaptive->measured_rate = (rate * SMOOTHING) + (adaptive->measured_rate * (1 - SMOOTHING));
        adaptive->count = 0;
        adaptive->last_bucket_s = bucket_s;
    }
    return adaptive->measured_rate;
}

static double after_success(const struct adaptive *adaptive, double now_s)
{
    double passed_s = now_s - adaptive->last_fail_s;

    return SCALE * pow(passed_s - adaptive->k_s, 3) + adaptive->w_max;
}

static double after_throttle(struct adaptive *adaptive, double rate, double now_s)
{
    adaptive->w_max = rate;
    adaptive->k_s = pow((adaptive->w_max * (1 - BETA)) / SCALE, 1 / 3.0);
    adaptive->last_fail_s = now_s;
    return rate * BETA;
}

bool adaptive_ended(struct adaptive *adaptive, uint64_t now_ns, bool throttled)
{
    double now_s = seconds(now_ns);
    double measured = measure(adaptive, now_s);
    double before = adaptive->fill_rate;
    bool was_enabled = adaptive->enabled;
    double rate;

    if (throttled) {
        bool limited = was_enabled && adaptive->fill_rate < measured;
        rate = after_throttle(adaptive, limited ? adaptive->fill_rate : measured, now_s);
        adaptive->enabled = true;
    } else {
        rate = after_success(adaptive, now_s);
    }
    double most = RATE_OVER_MEASURED * measured;
    set_rate(adaptive, now_s, rate < most ? rate : most);
    return throttled && (!was_enabled || adaptive->fill_rate < before);
}

double adaptive_rate(const struct adaptive *adaptive)
{
    return adaptive->enabled ? adaptive->fill_rate : 0;
}
