/* SPDX-License-Identifier: Apache-2.0
 *
 * alert: what is told to people when a run went wrong, or right again: one record, from which the
 * body for each kind of channel is written (body.h).
 *
 * A run has up to three topics, each an incident of its own: its gate, drift, pools. Texts that
 * users, models or servers wrote are masked (mask.h) and cut before they come in here.
 * Pure. Memory: the caller's arena; views of the run are copied. Threads: no state. */
#ifndef ASSAY_CORE_ALERTS_ALERT_H
#define ASSAY_CORE_ALERTS_ALERT_H

#include "base/arena.h"
#include "config/alerts.h"
#include "core/alerts/mask.h"
#include "core/record/run.h"

enum {
    ALERT_ENTRIES_MAX = 10, /* named one by one, the worst first */
    ALERT_LINES_MAX = 12,
    ALERT_TEXT_BYTES_MAX = 300, /* of a line, a reason, a piece of an answer */
    ALERT_KEY_BYTES_MAX = 255,  /* PagerDuty's limit of a dedup_key */
};

enum alert_topic { ALERT_GATE, ALERT_DRIFT, ALERT_POOL, ALERT_TOPICS };

enum alert_action { ALERT_TRIGGER, ALERT_RESOLVE, ALERT_TEST };

/* "gate", "drift", "pool"; "trigger", "resolve", "test". */
const char *alert_topic_name(enum alert_topic topic);
const char *alert_action_name(enum alert_action action);

/* The kinds that belong to a topic, bits of enum settings_alert_kind. */
unsigned alert_topic_kinds(enum alert_topic topic);

/* What a run says, as far as alerts care. */
struct alert_facts {
    unsigned kinds;                 /* of trouble, bits */
    bool may_resolve[ALERT_TOPICS]; /* the run is a whole one and saw enough to call it over */
};

/* `is_partial`: entries were left out by the command line. `pool_lines`: what pools need, a
 * sentence each; `pools_known`: pools were measured. */
struct alert_facts alert_facts_of(const struct run *run, bool is_partial, bool pools_known,
                                  size_t pool_line_count);

struct alert_entry {
    struct view id;
    struct view target;
    const char *word;             /* "critical", "major", "failed", "error" */
    int32_t score_micro;          /* or SCORE_ABSENT */
    int32_t baseline_score_micro; /* or SCORE_ABSENT */
    struct view reason;
    struct view answer; /* a piece; empty where it is not to be shown */
};

struct alert {
    enum alert_action action;
    enum alert_topic topic;
    unsigned kinds; /* of a trigger: what is the matter; of a resolve: what was */
    struct view project;
    struct view suite;
    struct view key; /* the same for all messages of one incident */
    struct view title;
    const struct view *lines;
    size_t line_count;
    const struct alert_entry *entries;
    size_t entry_count;
    size_t entries_total; /* that are bad */
    struct view run_id;
    struct view outcome; /* of the gate */
    int exit_status;
    int64_t started_unix_s;
    struct view commit;
    struct view who;
    struct view link; /* http or https; empty: none */
};

struct alert_wish {
    enum alert_action action;
    enum alert_topic topic;
    unsigned kinds;
    struct view project;
    struct view link; /* empty: the run's CI job */
    bool answers;
    const struct view *pool_lines;
    size_t pool_line_count;
};

/* Every text is masked by `mask` and cut. ERR_MEMORY. */
MUST_CHECK int alert_make(const struct run *run, const struct alert_wish *wish,
                          const struct mask *mask, struct arena *arena, struct alert *ret_alert);

/* The message of `assay doctor --alerts-test`. ERR_MEMORY. */
MUST_CHECK int alert_make_test(struct view project, int64_t now_unix_s, struct arena *arena,
                               struct alert *ret_alert);

/* The gravest of the kinds; SETTINGS_ALERT_KINDS for none. */
enum settings_alert_kind alert_gravest(unsigned kinds);

#endif
