/* SPDX-License-Identifier: Apache-2.0
 *
 * settings: assay.yaml, checked: targets, suites, where history lies, alerts; the section of the
 * gateway is kept as it is and checked by the tables of whoever uses it.
 *
 * Reads no file and no environment: text and lookup are handed in. Paths are resolved by their
 * letters against the folder of assay.yaml. A secret (api_key, a header named authorization,
 * x-api-key or api-key) must be a ${NAME} reference, or come from a file: one written out is
 * refused. Memory: everything lives in the arena. Threads: values, read-only once read.
 * Limits: those of config/yaml.h; 1,000 targets, 1,000 suites. */
#ifndef ASSAY_CONFIG_SETTINGS_H
#define ASSAY_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "config/expand.h"
#include "config/problems.h"
#include "config/spec.h"
#include "wire/json.h"

enum { SETTINGS_NAMES_MAX = 1000, SETTINGS_NAME_SIZE_MAX = 64 };

/* The same words in the same order as enum provider_kind, which this layer may not include. */
enum settings_kind {
    SETTINGS_BEDROCK,
    SETTINGS_ANTHROPIC,
    SETTINGS_OPENAI,
    SETTINGS_HTTP,
    SETTINGS_WEBSOCKET,
    SETTINGS_EXEC,
    SETTINGS_SIM,
};

/* The same order as enum provider_api. */
enum settings_api { SETTINGS_API_DEFAULT, SETTINGS_API_INVOKE, SETTINGS_API_CONVERSE };

/* The same order as enum asker_http. */
enum settings_http { SETTINGS_HTTP_AUTO, SETTINGS_HTTP_1, SETTINGS_HTTP_2 };

struct settings_pool {
    int64_t min;             /* connections kept open */
    int64_t max;             /* 0: as many as may be in flight */
    uint64_t checkout_in_ns; /* 0: as long as the request has */
    uint64_t idle_ns;
    uint64_t lifetime_ns;
    uint64_t check_every_ns;
    bool auto_size;
};

struct settings_quota {
    int64_t rpm;              /* requests a minute, 0: none stated */
    int64_t tpm;              /* tokens a minute */
    int64_t rpd;              /* requests a day */
    int64_t tpd;              /* tokens a day */
    int64_t burn_down_micro;  /* tokens of quota for one of output, in millionths */
    bool burn_down_reserved;  /* max_tokens is reserved at that rate too */
    int64_t model_max_tokens; /* what a request without max_tokens reserves */
};

/* The same order as in settings_limits.c. */
enum settings_retry_mode { SETTINGS_RETRY_STANDARD, SETTINGS_RETRY_ADAPTIVE };

struct settings_retry {
    enum settings_retry_mode mode;
    uint64_t base_ns;
    uint64_t throttled_base_ns;
    uint64_t delay_ns_max;
};

enum settings_concurrency_by { SETTINGS_CONCURRENCY_FIXED, SETTINGS_CONCURRENCY_LATENCY };

struct settings_concurrency {
    enum settings_concurrency_by by;
    int64_t min;
    int64_t tolerance_micro;
};

struct settings_breaker {
    bool on;
    int64_t failure_share_micro;
    int64_t requests_min;
    uint64_t window_ns;
    int64_t connect_failures;
    uint64_t open_ns;
    uint64_t open_ns_max;
    int64_t probes;
};

struct settings_price {
    int64_t input_micro; /* millionths of a dollar for a million tokens, -1: not stated */
    int64_t output_micro;
};

/* The map from an embedding model's cosine to a similarity (text/calibration.h). */
struct settings_calibration {
    double slope; /* 0: not stated */
    double middle;
};

struct settings_tls {
    bool insecure;
    struct view ca_file; /* resolved; empty: the system's authorities alone */
};

struct settings_target {
    struct view name;
    enum settings_kind kind;
    enum settings_api api;
    struct view model;
    struct view region;
    struct view url;            /* from `url` or `endpoint` */
    struct view api_key;        /* secret */
    struct view api_key_file;   /* resolved */
    const struct json *headers; /* mapping of texts, may hold secrets; NULL: none */
    struct view method;         /* http */
    struct view body;           /* http: template */
    struct view text;           /* http, websocket: where the answer's text is */
    struct view send;           /* websocket: template */
    const struct json *done;    /* websocket: how an answer ends; NULL: not stated */
    struct config_list command; /* exec: program and arguments, or one line for a shell */
    bool command_is_line;       /* command was one text */
    int64_t seed;               /* sim */
    struct view profile;        /* sim: name of a profile, or of a file */
    struct view defect;         /* sim: "keyword:0.1" */
    const struct json *params;  /* NULL: none */
    uint64_t timeout_ns;
    bool stream;
    enum settings_http http;
    struct settings_pool pool;
    int64_t max_in_flight; /* 0: the suite's concurrency */
    int64_t attempts;
    struct settings_quota quota;
    struct settings_retry retry;
    struct settings_concurrency concurrency;
    struct settings_breaker breaker;
    struct settings_price price;
    struct settings_tls tls;
    struct settings_calibration calibration;
    struct view aws_profile;
    const struct json *at; /* its mapping, for messages; NULL: `sim` that nobody wrote */
};

enum settings_embedding {
    SETTINGS_EMBEDDING_BUILTIN,
    SETTINGS_EMBEDDING_TFIDF,
    SETTINGS_EMBEDDING_NONE,
    SETTINGS_EMBEDDING_TARGET,
};

enum settings_gate { SETTINGS_GATE_BOTH, SETTINGS_GATE_SEVERITY, SETTINGS_GATE_STATISTICS };

/* What a major regression does: waits for a sign-off (exit 4), passes with a warning, fails. */
enum settings_major { SETTINGS_MAJOR_SIGNOFF, SETTINGS_MAJOR_WARN, SETTINGS_MAJOR_FAIL };

struct settings_floors {
    int64_t similarity_micro;
    int64_t keywords_micro;
    int64_t score_micro;
};

struct settings_thresholds {
    int64_t critical_micro;
    int64_t major_micro;
    int64_t minor_micro;
};

struct settings_suite {
    struct view name;
    struct view golden;         /* resolved */
    struct config_list names;   /* as written under `target` or `targets`; use targets */
    const size_t *targets;      /* indices into settings.targets */
    size_t target_count;        /* 0: the suite names none */
    struct view embedding_name; /* as written */
    enum settings_embedding embedding;
    size_t embedding_target;           /* index, of SETTINGS_EMBEDDING_TARGET */
    const struct json *repeat_written; /* as written under `repeat`; use the next two */
    int64_t repeat;                    /* 0: auto */
    int64_t repeat_max;                /* of auto; else 0 */
    int64_t concurrency;
    enum settings_gate gate;
    enum settings_major major;
    bool strict;
    struct settings_floors floors;
    struct settings_thresholds thresholds;
    int64_t seed;
    const struct json *params;     /* NULL: none */
    int64_t max_cost_micro;        /* millionths of a dollar, -1: no bound */
    const struct json *quarantine; /* list of settings_quarantine; NULL: none */
    struct view signoffs;          /* resolved; empty: beside the baselines */
    const struct json *at;
};

/* An entry that decides nothing for a while. */
struct settings_quarantine {
    struct view entry;
    struct view until; /* the last day */
    struct view reason;
};

struct settings {
    struct view file;                /* assay.yaml as it was named; empty: there is none */
    struct view folder;              /* its folder, "" for the current one */
    struct settings_target *targets; /* as in the file; `sim` last where nobody wrote it */
    size_t target_count;
    struct settings_suite *suites;
    size_t suite_count;
    struct view history; /* resolved path or postgres URL; empty: the default place */
    bool history_is_url;
    const struct json *gateway;           /* NULL: none */
    const struct settings_alerts *alerts; /* config/alerts.h; never NULL */
};

/* The whole way: YAML → overrides ("suites.manga.repeat=5") → references expanded → checked.
 * Empty `file`: there is no assay.yaml, text is ignored, and what is not overridden has its
 * default.
 * Everything that is wrong goes to problems (initialised by the caller; its arena keeps the
 * texts). Returns 0, ERR_CONFIG or ERR_MEMORY; ret_settings is untouched on failure. */
MUST_CHECK int settings_load(struct arena *arena, struct view file, struct view text,
                             const struct view *overrides, size_t override_count,
                             config_lookup *lookup, void *context, struct problems *problems,
                             struct settings *ret_settings);

/* The last step alone, on a tree (NULL: an empty one) whose references are expanded. */
MUST_CHECK int settings_read(struct arena *arena, struct view file, const struct json *root,
                             struct problems *problems, struct settings *ret_settings);

/* Sets one value in a tree as though it stood in the file: "suites.manga.repeat=5". Steps are
 * divided by dots, the longest name that is there counts (names may hold dots), and mappings that
 * are missing are made. The value is YAML: 5, true, text, [a, b], {kind: sim}; an empty one is the
 * empty text. What is wrong goes to problems at line 0. Returns 0, ERR_CONFIG or ERR_MEMORY. */
MUST_CHECK int settings_set(struct arena *arena, struct json *root, struct view override,
                            struct problems *problems);

/* By name; NULL where there is none. */
const struct settings_target *settings_target_of(const struct settings *settings, struct view name);
const struct settings_suite *settings_suite_of(const struct settings *settings, struct view name);

/* "FILE:LINE:COLUMN" of a target or suite, for later messages. C string in the arena, NULL on
 * failure. */
const char *settings_place(const struct settings *settings, const struct json *at,
                           struct arena *arena);

/* "3", "auto" (of 2 to SETTINGS_REPEAT_AUTO answers), "auto:12"; the numbers as in settings_suite.
 * ERR_INVALID otherwise. */
enum { SETTINGS_REPEAT_MAX = 1000, SETTINGS_REPEAT_AUTO = 10, SETTINGS_REPEAT_AUTO_MAX = 100 };
MUST_CHECK int settings_repeat(struct view text, int64_t *ret_repeat, int64_t *ret_max);

/* "bedrock", … */
const char *settings_kind_name(enum settings_kind kind);

/* The kind of that name; ERR_INVALID for none. */
MUST_CHECK int settings_kind_of(struct view name, enum settings_kind *ret_kind);

/* The tables, for `assay --dump-tables`: of assay.yaml as a whole (the others hang below it). */
const struct config_table *settings_table(void);
/* The keys of one item of a suite's `quarantine`. */
const struct config_table *settings_quarantine_table(void);
/* The keys of a target, which an upstream of the gateway takes too. */
const struct config_table *settings_target_table(void);

#endif
