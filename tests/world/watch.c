/* SPDX-License-Identifier: Apache-2.0
 *
 * watch: see watch.h. */
#include "watch.h"

#include "app/carrier_http.h"

static const uint64_t MINUTE_NS = 60000000000;

/* ---- the ledger ----------------------------------------------------------------------------- */

/* What a bucket that started full can have given by now. */
static double given(int64_t a_minute, uint64_t ns)
{
    return (double)a_minute * (1 + (double)ns / (double)MINUTE_NS) + 1;
}

static void check_ledger(struct watch *watch, uint64_t now_ns, const struct census *census)
{
    const struct asker_options *options = &watch->asker->options;
    uint64_t ns = now_ns - watch->begun_ns;
    uint64_t sent = watch->asker->machine.stats.sent;
    int64_t tokens = watch->spent + census->reserved - watch->overrun;

    HOLDS(watch->problem, now_ns, options->rpm == 0 || (double)sent <= given(options->rpm, ns),
          "%llu requests in %.3f s with an rpm of %lld", (unsigned long long)sent, (double)ns / 1e9,
          (long long)options->rpm);
    HOLDS(watch->problem, now_ns,
          (options->rpd == 0 || sent <= (uint64_t)options->rpd)
              && (options->tpd == 0 || tokens <= options->tpd),
          "%llu requests and %lld tokens in %.3f s, and %lld and %lld a day",
          (unsigned long long)sent, (long long)tokens, (double)ns / 1e9, (long long)options->rpd,
          (long long)options->tpd);
    HOLDS(watch->problem, now_ns, options->tpm == 0 || (double)tokens <= given(options->tpm, ns),
          "%lld tokens in %.3f s with a tpm of %lld", (long long)tokens, (double)ns / 1e9,
          (long long)options->tpm);
}

/* ---- all of it ------------------------------------------------------------------------------ */

void watch_init(struct watch *watch, const struct asker *asker, const struct spy *spy,
                struct problem *problem, uint64_t now_ns)
{
    *watch = (struct watch){.asker = asker, .spy = spy, .problem = problem, .begun_ns = now_ns};
}

/* What the asker holds beside its machine. */
static void check_asker(struct watch *watch, uint64_t now_ns, const struct census *census)
{
    const struct asker *asker = watch->asker;
    const struct carrier_http *http = (const struct carrier_http *)asker->carrier;

    HOLDS(watch->problem, now_ns, http->exchanges.taken == census->streams,
          "%u requests are carried, %u streams are in use", http->exchanges.taken, census->streams);
    HOLDS(watch->problem, now_ns, watch->spy->open == census->connections,
          "the pool believes in %u connections, there are %u", census->connections,
          watch->spy->open);
    HOLDS(watch->problem, now_ns, asker->asks.taken == watch->live && census->held == watch->live,
          "%u questions are open, the asker holds %u, its machine %u", watch->live,
          asker->asks.taken, census->held);
    HOLDS(watch->problem, now_ns,
          asker->asks.taken <= asker->options.max_in_flight + asker->options.waiting_max,
          "%u questions are held", asker->asks.taken);
    HOLDS(watch->problem, now_ns, watch->live == 0 || asker->wake_ns != UINT64_MAX,
          "questions are open and nobody will be woken");
}

void watch_check(struct watch *watch, uint64_t now_ns)
{
    struct census census;

    watch->checks++;
    if (watch->asker->pending.count > 0)
        return; /* what was asked or given up just now is done with the next event, at once */
    machine_check(&watch->asker->machine, now_ns, watch->problem, &census);
    check_asker(watch, now_ns, &census);
    check_ledger(watch, now_ns, &census);
}

void watch_check_rest(struct watch *watch, uint64_t now_ns)
{
    struct asker_stats stats;

    asker_stats(watch->asker, &stats);
    HOLDS(watch->problem, now_ns,
          stats.in_flight == 0 && stats.waiting == 0 && stats.pool.streams == 0,
          "all is done, and %u questions are in flight, %u wait, %u streams are in use",
          stats.in_flight, stats.waiting, stats.pool.streams);
    HOLDS(watch->problem, now_ns, stats.answered + stats.failed == stats.asked,
          "%llu asked, %llu answered, %llu failed", (unsigned long long)stats.asked,
          (unsigned long long)stats.answered, (unsigned long long)stats.failed);
}

int64_t watch_reserved(const struct asker *asker, struct id ask)
{
    const struct ask *found = asker_find(asker, ask);

    return found != NULL ? found->tokens : 0;
}
