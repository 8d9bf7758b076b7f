/* SPDX-License-Identifier: Apache-2.0
 *
 * settings_limits: the keys of assay.yaml that say how much a target is asked, and when again. */
#include "config/settings.h"

#include "config/settings_tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, member) offsetof(struct type, member)

_Static_assert(sizeof(enum settings_retry_mode) == sizeof(unsigned),
               "CONFIG_CHOICE writes an unsigned");

#define MILLISECOND INT64_C(1000000)
#define HOUR INT64_C(3600000000000)
#define MICRO INT64_C(1000000)
#define A_MINUTE_MAX 50000000
#define A_DAY_MAX INT64_C(1000000000000)

/* In the order of their enums. */
static const char *const modes[] = {"standard", "adaptive", NULL};
static const char *const bys[] = {"fixed", "latency", NULL};

static const struct config_field quota_fields[] = {
    {.key = "rpm",
     .type = CONFIG_INT,
     .offset = AT(settings_quota, rpm),
     .max = A_MINUTE_MAX,
     .help = "requests a minute that the target admits"},
    {.key = "tpm",
     .type = CONFIG_INT,
     .offset = AT(settings_quota, tpm),
     .max = A_MINUTE_MAX,
     .help = "tokens a minute that the target admits"},
    {.key = "rpd",
     .type = CONFIG_INT,
     .offset = AT(settings_quota, rpd),
     .max = A_DAY_MAX,
     .help = "requests in any 24 hours that the target admits"},
    {.key = "tpd",
     .type = CONFIG_INT,
     .offset = AT(settings_quota, tpd),
     .max = A_DAY_MAX,
     .help = "tokens in any 24 hours that the target admits"},
    {.key = "burn_down",
     .type = CONFIG_MICRO,
     .offset = AT(settings_quota, burn_down_micro),
     .min = 1,
     .max = 100 * MICRO,
     .otherwise = "1",
     .help = "tokens of the quota that one token of output takes"},
    {.key = "burn_down_reserved",
     .type = CONFIG_BOOL,
     .offset = AT(settings_quota, burn_down_reserved),
     .otherwise = "false",
     .help = "max_tokens is reserved at the rate of burn_down too"},
    {.key = "model_max_tokens",
     .type = CONFIG_INT,
     .offset = AT(settings_quota, model_max_tokens),
     .min = 1,
     .max = 10000000,
     .otherwise = "4096",
     .help = "what a request without max_tokens reserves"},
};
const struct config_table settings_quota_table = {"quota", quota_fields, COUNT(quota_fields)};

static const struct config_field retry_fields[] = {
    {.key = "mode",
     .type = CONFIG_CHOICE,
     .offset = AT(settings_retry, mode),
     .choices = modes,
     .otherwise = "standard",
     .help = "adaptive also slows down when the target throttles, as the AWS SDKs do"},
    {.key = "base",
     .type = CONFIG_DURATION,
     .offset = AT(settings_retry, base_ns),
     .min = MILLISECOND,
     .max = HOUR,
     .otherwise = "50ms",
     .help = "ceiling of the first delay, doubled with each; DynamoDB's is 25ms"},
    {.key = "throttled_base",
     .type = CONFIG_DURATION,
     .offset = AT(settings_retry, throttled_base_ns),
     .min = MILLISECOND,
     .max = HOUR,
     .otherwise = "1s",
     .help = "the same after throttling"},
    {.key = "max_delay",
     .type = CONFIG_DURATION,
     .offset = AT(settings_retry, delay_ns_max),
     .min = MILLISECOND,
     .max = HOUR,
     .otherwise = "20s",
     .help = "ceiling of any delay"},
};
const struct config_table settings_retry_table = {"retry", retry_fields, COUNT(retry_fields)};

static const struct config_field concurrency_fields[] = {
    {.key = "by",
     .type = CONFIG_CHOICE,
     .offset = AT(settings_concurrency, by),
     .choices = bys,
     .otherwise = "fixed",
     .help = "latency finds by how long answers take how many the target bears"},
    {.key = "min",
     .type = CONFIG_INT,
     .offset = AT(settings_concurrency, min),
     .min = 1,
     .max = 10000,
     .otherwise = "1",
     .help = "latency: at least so many"},
    {.key = "tolerance",
     .type = CONFIG_MICRO,
     .offset = AT(settings_concurrency, tolerance_micro),
     .min = MICRO,
     .max = 100 * MICRO,
     .otherwise = "1",
     .help = "latency: how many times its least the latency may be"},
};
const struct config_table settings_concurrency_table = {"concurrency", concurrency_fields,
                                                        COUNT(concurrency_fields)};

static const struct config_field breaker_fields[] = {
    {.key = "on",
     .type = CONFIG_BOOL,
     .offset = AT(settings_breaker, on),
     .otherwise = "false",
     .help = "leave the target alone for a while when it fails"},
    {.key = "failure_share",
     .type = CONFIG_MICRO,
     .offset = AT(settings_breaker, failure_share_micro),
     .min = 1,
     .max = MICRO,
     .otherwise = "0.5",
     .help = "share of failed requests that opens it"},
    {.key = "requests_min",
     .type = CONFIG_INT,
     .offset = AT(settings_breaker, requests_min),
     .min = 1,
     .max = 1000000,
     .otherwise = "20",
     .help = "requests in the window before their share says anything"},
    {.key = "window",
     .type = CONFIG_DURATION,
     .offset = AT(settings_breaker, window_ns),
     .min = MILLISECOND,
     .max = HOUR,
     .otherwise = "10s",
     .help = "how far back requests count"},
    {.key = "connect_failures",
     .type = CONFIG_INT,
     .offset = AT(settings_breaker, connect_failures),
     .min = 1,
     .max = 1000000,
     .otherwise = "5",
     .help = "connections in a row that could not be made and open it"},
    {.key = "open",
     .type = CONFIG_DURATION,
     .offset = AT(settings_breaker, open_ns),
     .min = MILLISECOND,
     .max = HOUR,
     .otherwise = "5s",
     .help = "how long it stays open at first, doubled with each failed probe"},
    {.key = "open_max",
     .type = CONFIG_DURATION,
     .offset = AT(settings_breaker, open_ns_max),
     .min = MILLISECOND,
     .max = 24 * HOUR,
     .otherwise = "60s",
     .help = "how long it stays open at most"},
    {.key = "probes",
     .type = CONFIG_INT,
     .offset = AT(settings_breaker, probes),
     .min = 1,
     .max = 1000,
     .otherwise = "3",
     .help = "answered probes in a row that close it"},
};
const struct config_table settings_breaker_table = {"breaker", breaker_fields,
                                                    COUNT(breaker_fields)};
