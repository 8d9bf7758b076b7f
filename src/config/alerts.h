/* SPDX-License-Identifier: Apache-2.0
 *
 * alerts: the section `alerts:` of assay.yaml, checked: channels by name, and rules that say what
 * is told to which.
 *
 * A webhook's address, a routing key and a signing secret are secrets: they are ${NAME} references
 * or lie in files of their own; written out they are refused (but the address of a channel of kind
 * webhook, which may be an internal one). An address or key that is there and empty
 * (${SLACK_WEBHOOK:-}) switches its channel off. Without rules every channel is told DEFAULT_KINDS
 * of every suite. Memory: the settings' arena. Threads: values. Limits: 32 channels, 100 rules. */
#ifndef ASSAY_CONFIG_ALERTS_H
#define ASSAY_CONFIG_ALERTS_H

#include "config/settings.h"

enum { SETTINGS_CHANNELS_MAX = 32, SETTINGS_ALERT_RULES_MAX = 100 };

/* What is told. The order is that of weight, the gravest first; RECOVERED is no trouble. */
enum settings_alert_kind {
    SETTINGS_ALERT_CRITICAL,   /* an entry regressed critically */
    SETTINGS_ALERT_FAILED,     /* a check of an entry without a baseline failed */
    SETTINGS_ALERT_STATISTICS, /* the suite fell as a whole */
    SETTINGS_ALERT_ERROR,      /* an entry got no answer */
    SETTINGS_ALERT_MAJOR,      /* an entry regressed majorly, and nobody signed it off */
    SETTINGS_ALERT_DRIFT,      /* the history shows a slow change */
    SETTINGS_ALERT_POOL,       /* a pool of connections needs another size */
    SETTINGS_ALERT_RECOVERED,  /* what was told before is over */
    SETTINGS_ALERT_KINDS,
};

#define SETTINGS_ALERT_BIT(kind) (1u << (kind))
#define SETTINGS_ALERT_DEFAULT_KINDS \
    (SETTINGS_ALERT_BIT(SETTINGS_ALERT_CRITICAL) | SETTINGS_ALERT_BIT(SETTINGS_ALERT_FAILED) \
     | SETTINGS_ALERT_BIT(SETTINGS_ALERT_STATISTICS) | SETTINGS_ALERT_BIT(SETTINGS_ALERT_ERROR) \
     | SETTINGS_ALERT_BIT(SETTINGS_ALERT_MAJOR) | SETTINGS_ALERT_BIT(SETTINGS_ALERT_RECOVERED))

enum settings_channel_kind {
    SETTINGS_CHANNEL_SLACK,
    SETTINGS_CHANNEL_PAGERDUTY,
    SETTINGS_CHANNEL_WEBHOOK,
    SETTINGS_CHANNEL_KINDS,
};

struct settings_channel {
    struct view name;
    enum settings_channel_kind kind;
    struct view url; /* secret; of pagerduty its public address unless stated */
    struct view url_file;
    struct view routing_key; /* pagerduty; secret */
    struct view routing_key_file;
    struct view secret; /* webhook: signs the body */
    struct view secret_file;
    const struct json *headers; /* webhook: mapping of texts, may hold secrets; NULL: none */
    int64_t per_hour_max;       /* messages */
    struct settings_tls tls;
    bool is_off; /* its address or key is empty */
    const struct json *at;
};

struct settings_alert_rule {
    struct config_list to;     /* names of channels; none: all */
    struct config_list on;     /* as written */
    struct config_list suites; /* none: all */
    unsigned kinds;            /* of `on`, bits */
    uint64_t min_interval_ns;  /* between two messages about one suite on one channel */
};

/* `always`, or `ci`: only where the environment variable CI is set. */
enum settings_alerts_when { SETTINGS_ALERTS_ALWAYS, SETTINGS_ALERTS_CI };

struct settings_alerts {
    bool is_given;    /* there is such a section */
    struct view name; /* of the project, in titles and keys; empty: the folder's */
    enum settings_alerts_when when;
    uint64_t deadline_ns; /* for all of them together */
    bool answers;         /* show a piece of the worst answer */
    struct view link;     /* where a message leads; empty: the CI job, where there is one */
    struct settings_channel *channels;
    size_t channel_count;
    struct settings_alert_rule *rules;
    size_t rule_count;
};

/* "critical", "failed", … as a rule's `on` has them. */
const char *settings_alert_kind_name(enum settings_alert_kind kind);
/* "slack", "pagerduty", "webhook". */
const char *settings_channel_kind_name(enum settings_channel_kind kind);

/* Reads the section (NULL: there is none) into ret_alerts; what is wrong goes to problems. Suites
 * that rules name must be among settings->suites. 0, ERR_CONFIG or ERR_MEMORY. */
MUST_CHECK int settings_alerts_read(const struct config_reader *reader,
                                    const struct settings *settings, const struct json *section,
                                    struct settings_alerts *ret_alerts);

#endif
