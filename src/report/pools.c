/* SPDX-License-Identifier: Apache-2.0
 *
 * pools: see pools.h; the settings of clients are in pools_clients.c. */
#include "report/pools.h"

#include "wire/json.h"

static const char *const way_names[POOL_WAY_END] = {
    [POOL_WAY_REUSED] = "reused",
    [POOL_WAY_WAITED] = "waited",
    [POOL_WAY_CONNECTED] = "connected",
};

/* What each rule says, given its figures. */
static const struct {
    const char *before; /* the figure in percent */
    const char *after;
} rules[ADVICE_RULES] = {
    [ADVICE_BUSY] = {"in use ", " of the time, over 80 %: raise its maximum"},
    [ADVICE_SLACK] = {"in use ", " of the time, under 20 %: lower its maximum"},
    [ADVICE_TIMEOUTS] = {"", " of checkouts timed out, over 1 %: raise its maximum"},
};

static double percent(uint64_t part, uint64_t whole)
{
    return whole != 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

/* "12.3 ms", or that so many timed out that there is no such percentile. */
static void add_p99(struct strbuf *out, const struct rehearsal *figures)
{
    if (figures->checkout_ns_p99 == UINT64_MAX)
        strbuf_printf(out, "over the timeout");
    else
        strbuf_printf(out, "%.1f ms", ms(figures->checkout_ns_p99));
}

static void add_rule(struct strbuf *out, const struct pool_finding *finding, enum advice_rule rule)
{
    double figure = rule == ADVICE_TIMEOUTS
                        ? (double)finding->advice.timeouts_micro / 1e4
                        : (double)finding->account.metrics.utilization_micro / 1e4;

    strbuf_printf(out, "%s%.1f %%%s from %u to %u", rules[rule].before, figure, rules[rule].after,
                  finding->account.connections_max, finding->advice.propose[rule]);
}

/* ---- text ----------------------------------------------------------------------------------- */

static void add_times(struct strbuf *out, const char *name, const struct histogram *histogram)
{
    if (histogram->total == 0)
        return;
    strbuf_printf(out, "    %-10s %8llu times, mean %.2f ms, p50 %.2f, p99 %.2f, max %.2f\n", name,
                  (unsigned long long)histogram->total, histogram_mean(histogram) / 1e6,
                  ms(histogram_percentile(histogram, 500000)),
                  ms(histogram_percentile(histogram, 990000)), ms(histogram_max(histogram)));
}

static void add_figures(struct strbuf *out, const struct pool_account *account)
{
    const struct pool_metrics *metrics = &account->metrics;

    strbuf_printf(out,
                  "  size %u (%u active, %u idle), opened %llu, failed %llu, checks failed %llu, "
                  "expired %llu\n",
                  metrics->size, metrics->active, metrics->idle,
                  (unsigned long long)metrics->opened, (unsigned long long)metrics->open_failures,
                  (unsigned long long)metrics->check_failures,
                  (unsigned long long)metrics->expired);
    strbuf_printf(out, "  utilization %.1f %% of the largest pool, %.1f %% of what was open\n",
                  (double)metrics->utilization_micro / 1e4,
                  (double)metrics->utilization_open_micro / 1e4);
    strbuf_printf(out,
                  "  checkouts %llu (%.1f %% on a reused connection), check-ins %llu, timed out "
                  "%llu, refused %llu, at most %u waited\n",
                  (unsigned long long)metrics->checkouts,
                  percent(metrics->reused, metrics->checkouts),
                  (unsigned long long)metrics->checkins, (unsigned long long)metrics->timeouts,
                  (unsigned long long)metrics->refused, metrics->waiting_max);
    strbuf_printf(out, "  checkout mean %.3f ms, max %.3f ms\n",
                  metrics->checkouts != 0 ? ms(metrics->checkout_ns_total / metrics->checkouts)
                                          : 0.0,
                  ms(metrics->checkout_ns_max));
    for (int way = 0; way < POOL_WAY_END; way++)
        add_times(out, way_names[way], &account->histograms.checkout_ns[way]);
    strbuf_printf(out, "  workload\n");
    add_times(out, "arrivals", &account->histograms.between_ns);
    add_times(out, "service", &account->histograms.service_ns);
    add_times(out, "connect", &account->histograms.connect_ns);
}

static void add_rehearsal(struct strbuf *out, const char *what, uint32_t connections,
                          const struct rehearsal *figures)
{
    strbuf_printf(out, "    %-8s %5u connections: checkout mean %.2f ms, p99 ", what, connections,
                  ms(figures->checkout_ns_mean));
    add_p99(out, figures);
    strbuf_printf(out, ", timed out %.2f %%, utilization %.1f %%\n",
                  percent(figures->timeouts, figures->arrivals),
                  (double)figures->utilization_micro / 1e4);
}

/* What the proposed size costs and saves. */
static void add_balance(struct strbuf *out, const struct pool_finding *finding)
{
    const struct advice_size *size = &finding->size;
    int64_t more = (int64_t)size->connections - (int64_t)finding->account.connections_max;
    double saved = ms(size->now.checkout_ns_mean) - ms(size->then.checkout_ns_mean);

    if (more == 0) {
        strbuf_printf(out, "    it is as large as it should be\n");
        return;
    }
    strbuf_printf(out,
                  "    costs %lld %s connections, %s %.2f ms of waiting a request on average\n",
                  (long long)(more < 0 ? -more : more), more < 0 ? "fewer" : "more",
                  saved >= 0.0 ? "saves" : "adds", saved >= 0.0 ? saved : -saved);
}

static void add_size(struct strbuf *out, const struct pools_report *report,
                     const struct pool_finding *finding)
{
    const struct advice_size *size = &finding->size;

    if (!finding->has_size) {
        strbuf_printf(out, "  reasoned size: too little was measured to play it again\n");
        return;
    }
    strbuf_printf(out, "  reasoned size for a checkout p99 of %.1f ms: ", ms(report->wanted_ns));
    if (size->possible)
        strbuf_printf(out, "%u connections", size->connections);
    else
        strbuf_printf(out, "not even %u connections are enough", report->connections_bound);
    strbuf_printf(out, " (%llu arrivals rehearsed, seed %llu)\n",
                  (unsigned long long)size->now.arrivals, (unsigned long long)report->seed);
    add_rehearsal(out, "now", finding->account.connections_max, &size->now);
    add_rehearsal(out, "then", size->connections, &size->then);
    add_rehearsal(out, "doubled", 2 * size->connections, &size->doubled);
    if (size->possible)
        add_balance(out, finding);
}

void report_pools_text(const struct pools_report *report, struct strbuf *out)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct pool_finding *finding = &report->items[i];
        const struct pool_account *account = &finding->account;
        bool any = false;
        strbuf_printf(out, "%s%.*s", i != 0 ? "\n" : "", VIEW_ARG(account->name));
        if (account->service.len != 0)
            strbuf_printf(out, " (%.*s)", VIEW_ARG(account->service));
        strbuf_printf(out, ": %u to %u connections, %u stream%s each\n", account->connections_min,
                      account->connections_max, account->streams_max,
                      account->streams_max == 1 ? "" : "s");
        add_figures(out, account);
        for (int rule = 0; rule < ADVICE_RULES; rule++) {
            if (!finding->advice.holds[rule])
                continue;
            any = true;
            strbuf_printf(out, "  advice (%s): ", advice_rule_name((enum advice_rule)rule));
            add_rule(out, finding, (enum advice_rule)rule);
            strbuf_add_byte(out, '\n');
        }
        if (!any)
            strbuf_add_text(out, "  advice: no rule is broken\n");
        add_size(out, report, finding);
    }
}

/* ---- markdown ------------------------------------------------------------------------------- */

/* Names come from a configuration: nothing in them may end a cell or begin markup. */
static void add_cell(struct strbuf *out, struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte < 0x20 || byte == '|' || byte == '<' || byte == '`')
            strbuf_printf(out, "&#%u;", byte);
        else
            strbuf_add_byte(out, (char)byte);
    }
}

void report_pools_markdown(const struct pools_report *report, struct strbuf *out)
{
    strbuf_add_text(out, "| pool | max | in use | checkouts | reused | timed out | checkout mean "
                         "ms | advice | reasoned size |\n"
                         "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < report->count; i++) {
        const struct pool_finding *finding = &report->items[i];
        const struct pool_metrics *metrics = &finding->account.metrics;
        bool any = false;
        strbuf_add_text(out, "| ");
        add_cell(out, finding->account.name);
        strbuf_printf(
            out, " | %u | %.1f %% | %llu | %.1f %% | %llu | %.3f | ",
            finding->account.connections_max, (double)metrics->utilization_micro / 1e4,
            (unsigned long long)metrics->checkouts, percent(metrics->reused, metrics->checkouts),
            (unsigned long long)metrics->timeouts,
            metrics->checkouts != 0 ? ms(metrics->checkout_ns_total / metrics->checkouts) : 0.0);
        for (int rule = 0; rule < ADVICE_RULES; rule++) {
            if (!finding->advice.holds[rule])
                continue;
            strbuf_add_text(out, any ? "; " : "");
            add_rule(out, finding, (enum advice_rule)rule);
            any = true;
        }
        strbuf_add_text(out, any ? " | " : "none | ");
        if (finding->has_size)
            strbuf_printf(out, "%s%u |\n", finding->size.possible ? "" : "more than ",
                          finding->size.connections);
        else
            strbuf_add_text(out, "– |\n");
    }
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void member_rehearsal(struct json_writer *writer, const char *key, uint32_t connections,
                             const struct rehearsal *figures)
{
    json_member_object(writer, key);
    json_member_int(writer, "connections", connections);
    json_member_int(writer, "arrivals", (int64_t)figures->arrivals);
    json_member_int(writer, "checkout_timeouts", (int64_t)figures->timeouts);
    json_member_fixed(writer, "checkout_mean_ms", (int64_t)(figures->checkout_ns_mean / 1000), 3);
    if (figures->checkout_ns_p99 != UINT64_MAX)
        json_member_fixed(writer, "checkout_p99_ms", (int64_t)(figures->checkout_ns_p99 / 1000), 3);
    json_member_fixed(writer, "utilization", figures->utilization_micro, 6);
    json_write_end(writer, '}');
}

static void member_advice(struct json_writer *writer, const struct pool_finding *finding)
{
    json_member_array(writer, "advice");
    for (int rule = 0; rule < ADVICE_RULES; rule++) {
        if (!finding->advice.holds[rule])
            continue;
        struct strbuf text;
        strbuf_init(&text, ERR_TEXT_MAX);
        add_rule(&text, finding, (enum advice_rule)rule);
        json_write_object(writer);
        json_member_text(writer, "rule", advice_rule_name((enum advice_rule)rule));
        json_member_int(writer, "propose", finding->advice.propose[rule]);
        json_member_string(writer, "text", strbuf_view(&text));
        json_write_end(writer, '}');
        strbuf_release(&text);
    }
    json_write_end(writer, ']');
}

static void write_finding(struct json_writer *writer, const struct pool_finding *finding)
{
    json_write_object(writer);
    json_write_key(writer, "pool");
    pool_account_write(writer, &finding->account);
    member_advice(writer, finding);
    if (finding->has_size) {
        const struct advice_size *size = &finding->size;
        json_member_object(writer, "size");
        json_member_bool(writer, "possible", size->possible);
        json_member_int(writer, "connections", size->connections);
        member_rehearsal(writer, "now", finding->account.connections_max, &size->now);
        member_rehearsal(writer, "then", size->connections, &size->then);
        member_rehearsal(writer, "doubled", 2 * size->connections, &size->doubled);
        json_write_end(writer, '}');
    }
    json_write_end(writer, '}');
}

void report_pools_json(const struct pools_report *report, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 2);
    json_write_object(&writer);
    json_member_text(&writer, "assay", report->assay_version);
    json_member_text(&writer, "kind", "pools");
    json_member_int(&writer, "schema", 1);
    json_member_text(&writer, "source", report->source);
    json_member_fixed(&writer, "wanted_checkout_p99_ms", (int64_t)(report->wanted_ns / 1000), 3);
    json_member_int(&writer, "seed", (int64_t)report->seed);
    json_member_array(&writer, "pools");
    for (size_t i = 0; i < report->count; i++)
        write_finding(&writer, &report->items[i]);
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}
