/* SPDX-License-Identifier: Apache-2.0
 *
 * settings_tables: what settings.c shares with its tables and nobody else needs.
 *
 * Threads: no state. */
#ifndef ASSAY_CONFIG_SETTINGS_TABLES_H
#define ASSAY_CONFIG_SETTINGS_TABLES_H

#include "config/settings.h"

/* assay.yaml as its table reads it. */
struct settings_root {
    const struct json *targets;
    const struct json *suites;
    struct view history;
    const struct json *gateway;
    const struct json *alerts;
};

const struct config_table *settings_suite_table(void);

/* How much a target is asked, and when again: settings_limits.c. */
extern const struct config_table settings_quota_table;
extern const struct config_table settings_retry_table;
extern const struct config_table settings_concurrency_table;
extern const struct config_table settings_breaker_table;

/* How a server is verified. */
extern const struct config_table settings_tls_table;
/* The section `alerts`: alerts.c. */
extern const struct config_table settings_alerts_table;

/* 1 to 64 of A-Z a-z 0-9 . _ -, as names of targets, suites and channels are. */
bool settings_is_name(struct view name);

#endif
