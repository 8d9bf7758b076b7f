/* SPDX-License-Identifier: Apache-2.0
 *
 * account: see account.h. Each figure is one row of a table that writer and reader share. */
#include "core/pool/account.h"

#include <stddef.h>

#include "wire/base64.h"
#include "wire/hdrlog.h"

enum { ENCODED_BYTES_MAX = 4 * 1024 * 1024 };

static const uint64_t HIGHEST_NS = 3600000000000;

#define METRIC(member) offsetof(struct pool_metrics, member)

static const struct {
    const char *key;
    size_t at;
} counts32[] = {
    {"size", METRIC(size)},
    {"active", METRIC(active)},
    {"idle", METRIC(idle)},
    {"waiting_max", METRIC(waiting_max)},
    {"connections_max", METRIC(connections_max)},
};

static const struct {
    const char *key;
    size_t at;
} counts64[] = {
    {"arrivals", METRIC(arrivals)}, {"checkouts", METRIC(checkouts)},
    {"checkins", METRIC(checkins)}, {"reused", METRIC(reused)},
    {"refused", METRIC(refused)},   {"checkout_timeouts", METRIC(timeouts)},
    {"opened", METRIC(opened)},     {"open_failures", METRIC(open_failures)},
    {"checks", METRIC(checks)},     {"check_failures", METRIC(check_failures)},
    {"expired", METRIC(expired)},
};

#define HISTOGRAM(member) offsetof(struct pool_histograms, member)

static const struct {
    const char *key;
    size_t at;
} histograms[] = {
    {"checkout_reused", HISTOGRAM(checkout_ns[POOL_WAY_REUSED])},
    {"checkout_waited", HISTOGRAM(checkout_ns[POOL_WAY_WAITED])},
    {"checkout_connected", HISTOGRAM(checkout_ns[POOL_WAY_CONNECTED])},
    {"between_arrivals", HISTOGRAM(between_ns)},
    {"service", HISTOGRAM(service_ns)},
    {"connect", HISTOGRAM(connect_ns)},
};

enum {
    COUNTS32 = sizeof counts32 / sizeof counts32[0],
    COUNTS64 = sizeof counts64 / sizeof counts64[0],
    HISTOGRAMS = sizeof histograms / sizeof histograms[0],
};

static const struct histogram *histogram_at(const struct pool_histograms *all, size_t i)
{
    return (const struct histogram *)((const char *)all + histograms[i].at);
}

/* ---- writing -------------------------------------------------------------------------------- */

static void member_int(struct json_writer *writer, const char *key, uint64_t value)
{
    json_member_int(writer, key, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

/* Nanoseconds as milliseconds with three decimals. */
static void member_ms(struct json_writer *writer, const char *key, uint64_t ns)
{
    json_member_fixed(writer, key, (int64_t)(ns / 1000), 3);
}

static void write_encoded(struct json_writer *writer, const struct histogram *histogram)
{
    struct strbuf bytes;
    struct strbuf text;

    strbuf_init(&bytes, ENCODED_BYTES_MAX);
    strbuf_init(&text, ENCODED_BYTES_MAX);
    if (hdrlog_encode_compressed(&bytes, histogram) == 0)
        base64_encode(&text, strbuf_view(&bytes));
    if (strbuf_status(&bytes) == 0 && strbuf_status(&text) == 0)
        json_write_string(writer, strbuf_view(&text));
    else
        json_write_null(writer);
    strbuf_release(&bytes);
    strbuf_release(&text);
}

static void write_histogram(struct json_writer *writer, const struct histogram *histogram)
{
    json_write_object(writer);
    member_int(writer, "count", histogram->total);
    if (histogram->total != 0) {
        member_ms(writer, "mean_ms", (uint64_t)histogram_mean(histogram));
        member_ms(writer, "p50_ms", histogram_percentile(histogram, 500000));
        member_ms(writer, "p99_ms", histogram_percentile(histogram, 990000));
        member_ms(writer, "max_ms", histogram_max(histogram));
        json_write_key(writer, "hdr_ns");
        write_encoded(writer, histogram);
    }
    json_write_end(writer, '}');
}

static void write_metrics(struct json_writer *writer, const struct pool_metrics *metrics)
{
    const char *base = (const char *)metrics;

    for (size_t i = 0; i < COUNTS32; i++)
        member_int(writer, counts32[i].key, *(const uint32_t *)(base + counts32[i].at));
    for (size_t i = 0; i < COUNTS64; i++)
        member_int(writer, counts64[i].key, *(const uint64_t *)(base + counts64[i].at));
    member_ms(writer, "checkout_mean_ms",
              metrics->checkouts != 0 ? metrics->checkout_ns_total / metrics->checkouts : 0);
    member_ms(writer, "checkout_max_ms", metrics->checkout_ns_max);
    member_ms(writer, "elapsed_ms", metrics->elapsed_ns);
    json_member_fixed(writer, "utilization", metrics->utilization_micro, 6);
    json_member_fixed(writer, "utilization_of_open", metrics->utilization_open_micro, 6);
}

void pool_account_write(struct json_writer *writer, const struct pool_account *account)
{
    json_write_object(writer);
    json_member_string(writer, "name", account->name);
    if (account->service.len != 0)
        json_member_string(writer, "service", account->service);
    member_int(writer, "min", account->connections_min);
    member_int(writer, "max", account->connections_max);
    member_int(writer, "streams_max", account->streams_max);
    if (account->checkout_in_ns != 0)
        member_ms(writer, "checkout_timeout_ms", account->checkout_in_ns);
    write_metrics(writer, &account->metrics);
    json_member_object(writer, "times");
    for (size_t i = 0; i < HISTOGRAMS; i++) {
        json_write_key(writer, histograms[i].key);
        write_histogram(writer, histogram_at(&account->histograms, i));
    }
    json_write_end(writer, '}');
    json_write_end(writer, '}');
}

/* ---- reading -------------------------------------------------------------------------------- */

/* A whole number from 0 to `most`. */
static int read_count(const struct json *object, const char *key, uint64_t most,
                      uint64_t *ret_value, struct err *reterr)
{
    const struct json *value = json_get(object, key);
    int64_t number = json_int(value, -1);

    if (number < 0 || (uint64_t)number > most)
        return fail(reterr, ERR_CORRUPT, "%s: expected a number from 0 to %llu", key,
                    (unsigned long long)most);
    *ret_value = (uint64_t)number;
    return 0;
}

static int read_count32(const struct json *object, const char *key, uint32_t *ret_value,
                        struct err *reterr)
{
    uint64_t value = 0;
    int code = read_count(object, key, UINT32_MAX, &value, reterr);

    if (code == 0)
        *ret_value = (uint32_t)value;
    return code;
}

/* Milliseconds as nanoseconds; absent: 0. */
static int read_ms(const struct json *object, const char *key, uint64_t *ret_ns, struct err *reterr)
{
    const struct json *value = json_get(object, key);
    double ms = json_double(value, -1.0);

    if (value == NULL)
        ms = 0.0;
    if (!(ms >= 0.0 && ms <= 1e15))
        return fail(reterr, ERR_CORRUPT, "%s: expected milliseconds, 0 or more", key);
    *ret_ns = (uint64_t)(ms * 1e6 + 0.5);
    return 0;
}

static int read_share(const struct json *object, const char *key, uint32_t *ret_micro,
                      struct err *reterr)
{
    double share = json_double(json_get(object, key), -1.0);

    if (!(share >= 0.0 && share <= 1.0))
        return fail(reterr, ERR_CORRUPT, "%s: expected a share from 0 to 1", key);
    *ret_micro = (uint32_t)(share * 1e6 + 0.5);
    return 0;
}

static int read_metrics(const struct json *object, struct pool_metrics *metrics, struct err *reterr)
{
    char *base = (char *)metrics;
    uint64_t mean_ns = 0;
    int code = 0;

    for (size_t i = 0; i < COUNTS32 && code == 0; i++)
        code = read_count32(object, counts32[i].key, (uint32_t *)(base + counts32[i].at), reterr);
    for (size_t i = 0; i < COUNTS64 && code == 0; i++)
        code = read_count(object, counts64[i].key, INT64_MAX, (uint64_t *)(base + counts64[i].at),
                          reterr);
    if (code == 0)
        code = read_ms(object, "checkout_mean_ms", &mean_ns, reterr);
    if (code == 0)
        code = read_ms(object, "checkout_max_ms", &metrics->checkout_ns_max, reterr);
    if (code == 0)
        code = read_ms(object, "elapsed_ms", &metrics->elapsed_ns, reterr);
    if (code == 0)
        code = read_share(object, "utilization", &metrics->utilization_micro, reterr);
    if (code == 0)
        code = read_share(object, "utilization_of_open", &metrics->utilization_open_micro, reterr);
    if (__builtin_mul_overflow(mean_ns, metrics->checkouts, &metrics->checkout_ns_total))
        metrics->checkout_ns_total = UINT64_MAX;
    return code;
}

static int read_histogram(const struct json *times, size_t i, struct histogram *histogram,
                          struct err *reterr)
{
    const struct json *object = json_get(times, histograms[i].key);
    const struct json *encoded = json_get(object, "hdr_ns");
    struct err err = {0};

    if (!json_is(object, JSON_OBJECT))
        return fail(reterr, ERR_CORRUPT, "times.%s: is missing", histograms[i].key);
    if (encoded == NULL && json_int(json_get(object, "count"), -1) == 0)
        return histogram_init(histogram, HIGHEST_NS);
    if (!json_is(encoded, JSON_STRING))
        return fail(reterr, ERR_CORRUPT, "times.%s.hdr_ns: is missing", histograms[i].key);
    int code = hdrlog_decode_text(encoded->text, histogram, &err);
    return code != 0 ? fail(reterr, code, "times.%s.hdr_ns: %s", histograms[i].key, err.text) : 0;
}

void pool_account_release(struct pool_account *account)
{
    for (size_t i = 0; i < HISTOGRAMS; i++)
        histogram_release((struct histogram *)((char *)&account->histograms + histograms[i].at));
}

int pool_account_read(const struct json *object, struct pool_account *ret_account,
                      struct err *reterr)
{
    struct pool_account account = {
        .name = json_text(json_get(object, "name"), view_of("")),
        .service = json_text(json_get(object, "service"), view_of("")),
    };
    const struct json *times = json_get(object, "times");

    if (!json_is(object, JSON_OBJECT))
        return fail(reterr, ERR_CORRUPT, "a pool is one JSON object");
    int code = read_count32(object, "min", &account.connections_min, reterr);
    if (code == 0)
        code = read_count32(object, "max", &account.connections_max, reterr);
    if (code == 0)
        code = read_count32(object, "streams_max", &account.streams_max, reterr);
    if (code == 0)
        code = read_ms(object, "checkout_timeout_ms", &account.checkout_in_ns, reterr);
    if (code == 0)
        code = read_metrics(object, &account.metrics, reterr);
    for (size_t i = 0; i < HISTOGRAMS && code == 0; i++)
        code = read_histogram(
            times, i, (struct histogram *)((char *)&account.histograms + histograms[i].at), reterr);
    if (code != 0) {
        pool_account_release(&account);
        return code;
    }
    *ret_account = account;
    return 0;
}

int pool_account_checkout(const struct pool_account *account, struct histogram *ret_histogram)
{
    struct histogram all;
    int code = histogram_init(&all, HISTOGRAM_HIGHEST_MAX);

    for (size_t i = 0; i < POOL_WAY_END && code == 0; i++)
        code = histogram_merge(&all, &account->histograms.checkout_ns[i]);
    if (code != 0) {
        histogram_release(&all);
        return code;
    }
    *ret_histogram = all;
    return 0;
}
