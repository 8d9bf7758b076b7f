/* SPDX-License-Identifier: Apache-2.0
 *
 * settings_tables: the keys of assay.yaml. */
#include "config/settings.h"

#include "config/settings_tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, member) offsetof(struct type, member)

_Static_assert(sizeof(enum settings_kind) == sizeof(unsigned), "CONFIG_CHOICE writes an unsigned");

#define MILLISECOND INT64_C(1000000)
#define HOUR INT64_C(3600000000000)
#define MICRO INT64_C(1000000)

static const char *const kinds[] = {"bedrock",   "anthropic", "openai", "http",
                                    "websocket", "exec",      "sim",    NULL};
static const char *const apis[] = {"default", "invoke", "converse", NULL};
static const char *const versions[] = {"auto", "1.1", "2", NULL};
static const char *const gates[] = {"both", "severity", "statistics", NULL};
static const char *const majors[] = {"signoff", "warn", "fail", NULL};

static const struct config_field pool_fields[] = {
    {.key = "min",
     .type = CONFIG_INT,
     .offset = AT(settings_pool, min),
     .max = 10000,
     .otherwise = "0",
     .help = "connections kept open, from the first question on"},
    {.key = "max",
     .type = CONFIG_INT,
     .offset = AT(settings_pool, max),
     .max = 10000,
     .otherwise = "0",
     .help = "connections at most; 0 means as many as requests at the same time"},
    {.key = "checkout",
     .type = CONFIG_DURATION,
     .offset = AT(settings_pool, checkout_in_ns),
     .max = HOUR,
     .otherwise = "0s",
     .help = "wait for a connection that fails; 0s means as long as the request has"},
    {.key = "idle",
     .type = CONFIG_DURATION,
     .offset = AT(settings_pool, idle_ns),
     .min = MILLISECOND,
     .max = 24 * HOUR,
     .otherwise = "300s",
     .help = "a connection without a request is closed after it"},
    {.key = "lifetime",
     .type = CONFIG_DURATION,
     .offset = AT(settings_pool, lifetime_ns),
     .min = MILLISECOND,
     .max = 24 * HOUR,
     .otherwise = "1h",
     .help = "a connection ends after it, with its last request, a little earlier by chance"},
    {.key = "check",
     .type = CONFIG_DURATION,
     .offset = AT(settings_pool, check_every_ns),
     .min = MILLISECOND,
     .max = 24 * HOUR,
     .otherwise = "60s",
     .help = "idle connections are checked so often"},
    {.key = "auto_size",
     .type = CONFIG_BOOL,
     .offset = AT(settings_pool, auto_size),
     .otherwise = "false",
     .help =
         "let the maximum find itself between min and max: up by a quarter after a busy minute, "
         "down by a tenth after five slack ones, each step told on standard error"},
};
static const struct config_table pool = {"pool", pool_fields, COUNT(pool_fields)};

static const struct config_field price_fields[] = {
    {.key = "input",
     .type = CONFIG_MICRO,
     .offset = AT(settings_price, input_micro),
     .max = 1000000 * MICRO,
     .required = true,
     .help = "dollars for a million input tokens"},
    {.key = "output",
     .type = CONFIG_MICRO,
     .offset = AT(settings_price, output_micro),
     .max = 1000000 * MICRO,
     .required = true,
     .help = "dollars for a million output tokens"},
};
static const struct config_table price = {"price", price_fields, COUNT(price_fields)};

static const struct config_field calibration_fields[] = {
    {.key = "slope",
     .type = CONFIG_NUMBER,
     .offset = AT(settings_calibration, slope),
     .min = 1,
     .max = 10000,
     .required = true,
     .help = "of the logistic"},
    {.key = "middle",
     .type = CONFIG_NUMBER,
     .offset = AT(settings_calibration, middle),
     .min = -2,
     .max = 2,
     .required = true,
     .help = "the cosine that it maps to one half"},
};
static const struct config_table calibration = {"calibration", calibration_fields,
                                                COUNT(calibration_fields)};

static const struct config_field tls_fields[] = {
    {.key = "insecure",
     .type = CONFIG_BOOL,
     .offset = AT(settings_tls, insecure),
     .otherwise = "false",
     .help = "do not verify the server's certificate"},
    {.key = "ca_file",
     .type = CONFIG_PATH,
     .offset = AT(settings_tls, ca_file),
     .help = "PEM file with further trusted authorities"},
};
const struct config_table settings_tls_table = {"tls", tls_fields, COUNT(tls_fields)};

static const struct config_field target_fields[] = {
    {.key = "kind",
     .type = CONFIG_CHOICE,
     .offset = AT(settings_target, kind),
     .choices = kinds,
     .help = "which API the target speaks; may be left out where the target's name is a kind"},
    {.key = "api",
     .type = CONFIG_CHOICE,
     .offset = AT(settings_target, api),
     .choices = apis,
     .otherwise = "default",
     .help = "bedrock: which call, converse unless stated"},
    {.key = "model",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, model),
     .help = "model id, inference profile or ARN"},
    {.key = "region",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, region),
     .help = "bedrock: AWS region; the AWS chain's unless stated"},
    {.key = "url",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, url),
     .help = "endpoint or base URL; the provider's own unless stated"},
    {.key = "endpoint",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, url),
     .help = "the same as url"},
    {.key = "api_key",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, api_key),
     .secret = true,
     .help = "a reference such as ${OPENAI_API_KEY}, never the key itself"},
    {.key = "api_key_file",
     .type = CONFIG_PATH,
     .offset = AT(settings_target, api_key_file),
     .help = "file that holds the key"},
    {.key = "headers",
     .type = CONFIG_TEXT_MAP,
     .offset = AT(settings_target, headers),
     .secret = true,
     .help = "further request headers"},
    {.key = "method",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, method),
     .otherwise = "POST",
     .help = "http: method of the request"},
    {.key = "body",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, body),
     .help = "http: template of the request's body, with {{json prompt}}"},
    {.key = "text",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, text),
     .help = "http, websocket: where the text is in an answer, as in answer.text"},
    {.key = "send",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, send),
     .help = "websocket: template of the message to send"},
    {.key = "done",
     .type = CONFIG_MAP,
     .offset = AT(settings_target, done),
     .help = "websocket: which message ends an answer, as in {path: type, equals: end}"},
    {.key = "command",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(settings_target, command),
     .help = "exec: program and arguments as a list, or one line for a shell"},
    {.key = "seed",
     .type = CONFIG_INT,
     .offset = AT(settings_target, seed),
     .max = INT64_MAX,
     .otherwise = "0",
     .help = "sim: seed of the simulated model"},
    {.key = "profile",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, profile),
     .help = "sim: profile of the simulated model, a name or a file"},
    {.key = "defect",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, defect),
     .help = "sim: defect to plant and how often, as in keyword:0.1"},
    {.key = "params",
     .type = CONFIG_MAP,
     .offset = AT(settings_target, params),
     .help = "parameters of every request, as in {max_tokens: 1024}"},
    {.key = "timeout",
     .type = CONFIG_DURATION,
     .offset = AT(settings_target, timeout_ns),
     .min = MILLISECOND,
     .max = 24 * HOUR,
     .otherwise = "30s",
     .help = "time for one request"},
    {.key = "stream",
     .type = CONFIG_BOOL,
     .offset = AT(settings_target, stream),
     .otherwise = "false",
     .help = "ask for answers in pieces: they are the same, and the time to the first text and "
             "between pieces is measured"},
    {.key = "http",
     .type = CONFIG_CHOICE,
     .offset = AT(settings_target, http),
     .choices = versions,
     .otherwise = "auto",
     .help = "HTTP version; auto: over TLS what the server prefers of 2 and 1.1, else 1.1; 2 "
             "without TLS is spoken without asking"},
    {.key = "pool",
     .type = CONFIG_TABLE,
     .offset = AT(settings_target, pool),
     .nested = &pool,
     .help = "connections"},
    {.key = "max_in_flight",
     .type = CONFIG_INT,
     .offset = AT(settings_target, max_in_flight),
     .max = 10000,
     .otherwise = "0",
     .help = "requests at the same time; 0 means as many as the suite asks"},
    {.key = "attempts",
     .type = CONFIG_INT,
     .offset = AT(settings_target, attempts),
     .min = 1,
     .max = 10,
     .otherwise = "3",
     .help = "how often a request is tried, the first time included"},
    {.key = "quota",
     .type = CONFIG_TABLE,
     .offset = AT(settings_target, quota),
     .nested = &settings_quota_table,
     .help = "what the target admits"},
    {.key = "retry",
     .type = CONFIG_TABLE,
     .offset = AT(settings_target, retry),
     .nested = &settings_retry_table,
     .help = "when a failed request is tried again"},
    {.key = "concurrency",
     .type = CONFIG_TABLE,
     .offset = AT(settings_target, concurrency),
     .nested = &settings_concurrency_table,
     .help = "how many requests are sent at the same time, within max_in_flight"},
    {.key = "breaker",
     .type = CONFIG_TABLE,
     .offset = AT(settings_target, breaker),
     .nested = &settings_breaker_table,
     .help = "when a failing target is left alone for a while"},
    {.key = "price",
     .type = CONFIG_TABLE,
     .offset = AT(settings_target, price),
     .nested = &price,
     .help = "what tokens cost; the built-in list's unless stated"},
    {.key = "calibration",
     .type = CONFIG_TABLE,
     .offset = AT(settings_target, calibration),
     .nested = &calibration,
     .help =
         "of an embedding model: the map from cosine to similarity that 'assay doctor --calibrate' "
         "finds; otherwise found anew whenever a baseline is recorded"},
    {.key = "tls",
     .type = CONFIG_TABLE,
     .offset = AT(settings_target, tls),
     .nested = &settings_tls_table,
     .help = "how the server is verified"},
    {.key = "aws_profile",
     .type = CONFIG_TEXT,
     .offset = AT(settings_target, aws_profile),
     .help = "bedrock: profile of the shared AWS files"},
};
static const struct config_table target = {"target", target_fields, COUNT(target_fields)};

static const struct config_field floor_fields[] = {
    {.key = "similarity",
     .type = CONFIG_MICRO,
     .offset = AT(settings_floors, similarity_micro),
     .max = MICRO,
     .otherwise = "0.75",
     .help = "mean similarity of the run"},
    {.key = "keywords",
     .type = CONFIG_MICRO,
     .offset = AT(settings_floors, keywords_micro),
     .max = MICRO,
     .otherwise = "0.8",
     .help = "mean keyword coverage of the run"},
    {.key = "score",
     .type = CONFIG_MICRO,
     .offset = AT(settings_floors, score_micro),
     .max = MICRO,
     .otherwise = "0.7",
     .help = "score of an entry"},
};
static const struct config_table floors = {"floors mapping", floor_fields, COUNT(floor_fields)};

static const struct config_field threshold_fields[] = {
    {.key = "critical",
     .type = CONFIG_MICRO,
     .offset = AT(settings_thresholds, critical_micro),
     .min = 1,
     .max = MICRO,
     .otherwise = "0.2",
     .help = "drop of a score that is critical"},
    {.key = "major",
     .type = CONFIG_MICRO,
     .offset = AT(settings_thresholds, major_micro),
     .min = 1,
     .max = MICRO,
     .otherwise = "0.1",
     .help = "drop of a score that is major"},
    {.key = "minor",
     .type = CONFIG_MICRO,
     .offset = AT(settings_thresholds, minor_micro),
     .min = 1,
     .max = MICRO,
     .otherwise = "0.05",
     .help = "drop of a score that is minor"},
};
static const struct config_table thresholds = {"thresholds mapping", threshold_fields,
                                               COUNT(threshold_fields)};

static const struct config_field quarantine_fields[] = {
    {.key = "entry",
     .type = CONFIG_TEXT,
     .offset = AT(settings_quarantine, entry),
     .required = true,
     .help = "its id"},
    {.key = "until",
     .type = CONFIG_TEXT,
     .offset = AT(settings_quarantine, until),
     .required = true,
     .help = "the last day on which it decides nothing, like 2026-12-24"},
    {.key = "reason",
     .type = CONFIG_TEXT,
     .offset = AT(settings_quarantine, reason),
     .help = "why, for those who find it later"},
};
static const struct config_table quarantine = {"quarantined entry", quarantine_fields,
                                               COUNT(quarantine_fields)};

static const struct config_field suite_fields[] = {
    {.key = "golden",
     .type = CONFIG_PATH,
     .offset = AT(settings_suite, golden),
     .required = true,
     .help = "the golden set, YAML or JSON Lines"},
    {.key = "target",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(settings_suite, names),
     .help = "which target is asked"},
    {.key = "targets",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(settings_suite, names),
     .help = "which targets are asked, each every prompt"},
    {.key = "embedding",
     .type = CONFIG_TEXT,
     .offset = AT(settings_suite, embedding_name),
     .otherwise = "builtin",
     .help = "builtin, tfidf, none, or a target that embeds"},
    {.key = "repeat",
     .type = CONFIG_RAW,
     .offset = AT(settings_suite, repeat_written),
     .help =
         "how often each entry is asked: 1 (the default) to 1000; auto or auto:MAX: as often as "
         "its verdict needs"},
    {.key = "concurrency",
     .type = CONFIG_INT,
     .offset = AT(settings_suite, concurrency),
     .min = 1,
     .max = 10000,
     .otherwise = "50",
     .help = "requests at the same time"},
    {.key = "gate",
     .type = CONFIG_CHOICE,
     .offset = AT(settings_suite, gate),
     .choices = gates,
     .otherwise = "both",
     .help = "what decides whether a run passes"},
    {.key = "major",
     .type = CONFIG_CHOICE,
     .offset = AT(settings_suite, major),
     .choices = majors,
     .otherwise = "signoff",
     .help = "what a major regression does: wait for a sign-off, warn, or fail"},
    {.key = "strict",
     .type = CONFIG_BOOL,
     .offset = AT(settings_suite, strict),
     .otherwise = "false",
     .help = "fail where a mean is below its floor or nothing is certain"},
    {.key = "floors",
     .type = CONFIG_TABLE,
     .offset = AT(settings_suite, floors),
     .nested = &floors,
     .help = "what a run should not fall below"},
    {.key = "thresholds",
     .type = CONFIG_TABLE,
     .offset = AT(settings_suite, thresholds),
     .nested = &thresholds,
     .help = "how large a drop has which severity"},
    {.key = "seed",
     .type = CONFIG_INT,
     .offset = AT(settings_suite, seed),
     .max = INT64_MAX,
     .otherwise = "0",
     .help = "seed of whatever is drawn in the run"},
    {.key = "params",
     .type = CONFIG_MAP,
     .offset = AT(settings_suite, params),
     .help = "parameters over those of the prompts, as in {temperature: 0}"},
    {.key = "max_cost",
     .type = CONFIG_MICRO,
     .offset = AT(settings_suite, max_cost_micro),
     .max = 1000000 * MICRO,
     .help = "dollars at which a run stops"},
    {.key = "quarantine",
     .type = CONFIG_EACH,
     .offset = AT(settings_suite, quarantine),
     .nested = &quarantine,
     .help = "entries known to be flaky: reported, but they decide nothing until their day"},
    {.key = "signoffs",
     .type = CONFIG_PATH,
     .offset = AT(settings_suite, signoffs),
     .help = "where accepted regressions are kept (default: signoffs.jsonl beside the golden set)"},
};
static const struct config_table suite = {"suite", suite_fields, COUNT(suite_fields)};

static const struct config_field root_fields[] = {
    {.key = "targets",
     .type = CONFIG_NAMED,
     .offset = AT(settings_root, targets),
     .nested = &target,
     .help = "what can be asked, by name"},
    {.key = "suites",
     .type = CONFIG_NAMED,
     .offset = AT(settings_root, suites),
     .nested = &suite,
     .help = "golden sets and how they are run, by name"},
    {.key = "history",
     .type = CONFIG_TEXT,
     .offset = AT(settings_root, history),
     .secret = true,
     .help = "where past runs are kept: a file, or the URL of a PostgreSQL database"},
    {.key = "gateway",
     .type = CONFIG_MAP,
     .offset = AT(settings_root, gateway),
     .help = "the gateway"},
    {.key = "alerts",
     .type = CONFIG_MAP,
     .offset = AT(settings_root, alerts),
     .nested = &settings_alerts_table,
     .help = "who is told of a run that went wrong"},
};
static const struct config_table root = {"configuration", root_fields, COUNT(root_fields)};

const struct config_table *settings_table(void)
{
    return &root;
}

const struct config_table *settings_target_table(void)
{
    return &target;
}

const struct config_table *settings_quarantine_table(void)
{
    return &quarantine;
}

const struct config_table *settings_suite_table(void)
{
    return &suite;
}

const char *settings_kind_name(enum settings_kind kind)
{
    return kinds[kind];
}

int settings_kind_of(struct view name, enum settings_kind *ret_kind)
{
    for (unsigned i = 0; kinds[i] != NULL; i++) {
        if (view_is(name, kinds[i])) {
            *ret_kind = (enum settings_kind)i;
            return 0;
        }
    }
    return ERR_INVALID;
}
