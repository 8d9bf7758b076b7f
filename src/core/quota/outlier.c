/* SPDX-License-Identifier: Apache-2.0
 *
 * outlier: see outlier.h. */
#include "core/quota/outlier.h"

#include <math.h>

#include "base/mem.h"

struct outlier_host {
    uint64_t good; /* in this interval; likewise below */
    uint64_t bad;
    uint32_t failures; /* in a row */
    uint32_t times;    /* ejected, less the intervals in which it behaved */
    bool ejected;
    bool changed; /* was ejected, or came back, in this interval: it says nothing of behaviour */
    uint64_t until_ns;
};

static const int64_t MICRO = 1000000;

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static uint64_t later(uint64_t a_ns, uint64_t b_ns)
{
    return b_ns > UINT64_MAX - a_ns ? UINT64_MAX : a_ns + b_ns;
}

int outlier_init(struct outlier *outlier, const struct outlier_settings *settings, uint64_t now_ns)
{
    struct outlier_settings own = *settings;

    if (own.hosts < 1 || own.hosts > OUTLIER_HOSTS_MAX || own.ejected_share_micro < 0
        || own.ejected_share_micro > MICRO || own.deviations_micro < 0)
        return ERR_LIMIT;
    own.failures_in_a_row = (uint32_t)or_default(own.failures_in_a_row, 5);
    own.interval_ns = or_default(own.interval_ns, 10000000000);
    own.ejection_ns = or_default(own.ejection_ns, 30000000000);
    own.ejection_ns_max = or_default(own.ejection_ns_max, 300000000000);
    own.ejected_share_micro = (int64_t)or_default((uint64_t)own.ejected_share_micro, 100000);
    own.hosts_min = (uint32_t)or_default(own.hosts_min, 5);
    own.requests_min = (uint32_t)or_default(own.requests_min, 100);
    own.deviations_micro = (int64_t)or_default((uint64_t)own.deviations_micro, 1900000);
    if (own.ejection_ns_max < own.ejection_ns)
        own.ejection_ns_max = own.ejection_ns;

    struct outlier_host *hosts = mem_new(own.hosts, sizeof *hosts);
    if (hosts == NULL)
        return ERR_MEMORY;
    *outlier = (struct outlier){
        .settings = own,
        .hosts = hosts,
        .interval_end_ns = later(now_ns, own.interval_ns),
        .success_below = -1,
    };
    return 0;
}

void outlier_release(struct outlier *outlier)
{
    mem_free(outlier->hosts);
    *outlier = (struct outlier){0};
}

bool outlier_is_ejected(const struct outlier *outlier, uint32_t host)
{
    assert_always(host < outlier->settings.hosts);
    return outlier->hosts[host].ejected;
}

/* ---- ejecting ------------------------------------------------------------------------------- */

/* One may always be out; more only while their share stays within the limit. */
static bool may_eject(const struct outlier *outlier)
{
    return outlier->ejected == 0
           || (int64_t)(outlier->ejected + 1) * MICRO
                  <= outlier->settings.ejected_share_micro * (int64_t)outlier->settings.hosts;
}

static bool eject(struct outlier *outlier, uint64_t now_ns, uint32_t number,
                  enum outlier_reason reason, struct outlier_change *ret_change)
{
    struct outlier_host *host = &outlier->hosts[number];
    const struct outlier_settings *settings = &outlier->settings;

    host->failures = 0;
    if (host->ejected || !may_eject(outlier))
        return false;
    host->times++;
    host->ejected = true;
    host->changed = true;
    uint64_t out_ns = settings->ejection_ns > settings->ejection_ns_max / host->times
                          ? settings->ejection_ns_max
                          : settings->ejection_ns * host->times;
    host->until_ns = later(now_ns, out_ns);
    outlier->ejected++;
    *ret_change = (struct outlier_change){
        .host = number,
        .reason = reason,
        .until_ns = host->until_ns,
    };
    return true;
}

bool outlier_ended(struct outlier *outlier, uint64_t now_ns, uint32_t number, bool good,
                   struct outlier_change *ret_change)
{
    assert_always(number < outlier->settings.hosts);
    struct outlier_host *host = &outlier->hosts[number];

    host->good += good ? 1 : 0;
    host->bad += good ? 0 : 1;
    host->failures = good ? 0 : host->failures + 1;
    if (host->failures < outlier->settings.failures_in_a_row)
        return false;
    return eject(outlier, now_ns, number, OUTLIER_IN_A_ROW, ret_change);
}

/* ---- intervals ------------------------------------------------------------------------------ */

static double success_rate(const struct outlier_host *host)
{
    return (double)host->good / (double)(host->good + host->bad);
}

static bool counts(const struct outlier *outlier, const struct outlier_host *host)
{
    return !host->ejected && host->good + host->bad >= outlier->settings.requests_min;
}

/* The success rate below which a host is ejected; below 0 where too few can be compared. */
static double threshold(const struct outlier *outlier)
{
    uint32_t many = 0;
    double sum = 0;
    double squares = 0;

    for (uint32_t i = 0; i < outlier->settings.hosts; i++) {
        const struct outlier_host *host = &outlier->hosts[i];
        if (!counts(outlier, host))
            continue;
        many++;
        sum += success_rate(host);
    }
    if (many < outlier->settings.hosts_min)
        return -1;
    double mean = sum / many;
    for (uint32_t i = 0; i < outlier->settings.hosts; i++) {
        const struct outlier_host *host = &outlier->hosts[i];
        if (counts(outlier, host))
            squares += (success_rate(host) - mean) * (success_rate(host) - mean);
    }
    return mean - (double)outlier->settings.deviations_micro / (double)MICRO * sqrt(squares / many);
}

/* One host's interval is over. */
static bool judge(struct outlier *outlier, uint64_t now_ns, uint32_t number,
                  struct outlier_change *ret_change)
{
    struct outlier_host *host = &outlier->hosts[number];
    bool is_bad = counts(outlier, host) && success_rate(host) < outlier->success_below;

    if (!host->ejected && !host->changed && !is_bad && host->times > 0)
        host->times--;
    host->good = 0;
    host->bad = 0;
    host->changed = false;
    return is_bad && eject(outlier, now_ns, number, OUTLIER_SUCCESS_RATE, ret_change);
}

bool outlier_tick(struct outlier *outlier, uint64_t now_ns, struct outlier_change *ret_change)
{
    for (uint32_t i = 0; i < outlier->settings.hosts && outlier->ejected > 0; i++) {
        struct outlier_host *host = &outlier->hosts[i];
        if (!host->ejected || now_ns < host->until_ns)
            continue;
        host->ejected = false;
        host->changed = true;
        outlier->ejected--;
        *ret_change = (struct outlier_change){.host = i, .reason = OUTLIER_BACK};
        return true;
    }
    if (now_ns < outlier->interval_end_ns)
        return false;
    if (outlier->judged == 0)
        outlier->success_below = threshold(outlier);
    while (outlier->judged < outlier->settings.hosts)
        if (judge(outlier, now_ns, outlier->judged++, ret_change))
            return true;
    outlier->judged = 0;
    outlier->interval_end_ns = later(now_ns, outlier->settings.interval_ns);
    return false;
}

uint64_t outlier_deadline(const struct outlier *outlier)
{
    uint64_t at_ns = outlier->interval_end_ns;

    for (uint32_t i = 0; i < outlier->settings.hosts && outlier->ejected > 0; i++)
        if (outlier->hosts[i].ejected && outlier->hosts[i].until_ns < at_ns)
            at_ns = outlier->hosts[i].until_ns;
    return at_ns;
}
