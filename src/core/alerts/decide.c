/* SPDX-License-Identifier: Apache-2.0
 *
 * decide: see decide.h. */
#include "core/alerts/decide.h"

#define SECOND_NS UINT64_C(1000000000)

#define RECOVERED SETTINGS_ALERT_BIT(SETTINGS_ALERT_RECOVERED)

struct deciding {
    struct state *state;
    const struct decide_question *question;
    struct decide_job *jobs;
    size_t count;
};

/* ---- rules ----------------------------------------------------------------------------------- */

static bool names(const struct config_list *list, struct view name)
{
    for (size_t i = 0; i < list->count; i++)
        if (view_equal(list->items[i], name))
            return true;
    return list->count == 0;
}

unsigned decide_wanted(const struct settings_alerts *settings, size_t channel, struct view suite,
                       uint64_t *ret_min_interval_ns)
{
    uint64_t interval_ns = UINT64_MAX;
    unsigned kinds = 0;

    for (size_t i = 0; i < settings->rule_count; i++) {
        const struct settings_alert_rule *rule = &settings->rules[i];
        if (!names(&rule->to, settings->channels[channel].name) || !names(&rule->suites, suite))
            continue;
        kinds |= rule->kinds;
        if (rule->min_interval_ns < interval_ns)
            interval_ns = rule->min_interval_ns;
    }
    if (settings->rule_count == 0)
        kinds = SETTINGS_ALERT_DEFAULT_KINDS;
    *ret_min_interval_ns = interval_ns != UINT64_MAX ? interval_ns : 0;
    return kinds;
}

/* ---- one channel, one topic ------------------------------------------------------------------ */

/* Of a clock that may have jumped: a time in the future is none. */
static int64_t past(const struct decide_question *question, int64_t unix_s)
{
    return unix_s <= question->now_unix_s ? unix_s : 0;
}

static bool is_claimed(const struct decide_question *question, const struct state_row *row)
{
    return row->claim.len > 0 && !view_equal(row->claim, question->claim)
           && row->claim_until_unix_s > question->now_unix_s
           && row->claim_until_unix_s <= question->now_unix_s + STATE_CLAIM_S;
}

/* True where the row knows of this run or of a later one. */
static bool is_stale(const struct decide_question *question, const struct state_row *row)
{
    return (row->run_id.len > 0 && view_equal(row->run_id, question->run_id))
           || past(question, row->run_started_unix_s) > question->run_started_unix_s;
}

static void settle(const struct decide_question *question, struct state_row *row, unsigned kinds)
{
    row->kinds = kinds;
    row->run_id = question->run_id;
    row->run_started_unix_s = question->run_started_unix_s;
}

/* Why a message that is due must wait. */
static enum decide_held held_of(const struct deciding *deciding, const struct state_row *row,
                                const struct state_channel *channel, size_t pending,
                                const struct decide_job *job, uint64_t interval_ns)
{
    const struct decide_question *question = deciding->question;
    int64_t told = past(question, row->told_unix_s);
    int64_t per_hour = question->settings->channels[job->channel].per_hour_max;

    if (is_claimed(question, row))
        return DECIDE_CLAIMED;
    if (job->until_unix_s > 0)
        return DECIDE_NOT_BEFORE;
    if (job->action == ALERT_TRIGGER && told > 0
        && (uint64_t)(question->now_unix_s - told) < interval_ns / SECOND_NS)
        return DECIDE_INTERVAL;
    /* the end of an incident is told whatever was told before: who was woken may sleep again */
    if (job->action == ALERT_TRIGGER
        && state_sent_lately(channel, question->now_unix_s) + pending >= (size_t)per_hour)
        return DECIDE_HOUR;
    return DECIDE_SEND;
}

/* What is due of a topic; false: nothing is to be told. */
static bool due(const struct decide_question *question, const struct state_row *row,
                unsigned wanted, struct decide_job *job)
{
    unsigned trouble = question->facts.kinds & wanted & alert_topic_kinds(job->topic);
    bool is_pagerduty =
        question->settings->channels[job->channel].kind == SETTINGS_CHANNEL_PAGERDUTY;

    if (trouble != 0) {
        job->action = ALERT_TRIGGER;
        job->kinds = trouble;
        job->kinds_after = row->kinds | trouble;
        return (trouble & ~row->kinds) != 0;
    }
    if (!question->facts.may_resolve[job->topic]) {
        job->kinds_after = row->kinds;
        return false;
    }
    job->action = ALERT_RESOLVE;
    job->kinds = row->kinds;
    job->kinds_after = 0;
    /* of an incident that a changed rule no longer speaks of only a pager needs to hear */
    bool is_spoken_of = (wanted & alert_topic_kinds(job->topic)) != 0;
    if (row->kinds != 0)
        return is_pagerduty || (is_spoken_of && (wanted & RECOVERED) != 0);
    return is_pagerduty && is_spoken_of && job->topic == ALERT_GATE && row->run_id.len == 0;
}

static size_t pending_of(const struct deciding *deciding, size_t channel)
{
    size_t count = 0;

    for (size_t i = 0; i < deciding->count; i++)
        count += deciding->jobs[i].channel == channel && deciding->jobs[i].held == DECIDE_SEND;
    return count;
}

static int decide_topic(struct deciding *deciding, size_t channel, enum alert_topic topic)
{
    const struct decide_question *question = deciding->question;
    const struct settings_channel *of = &question->settings->channels[channel];
    struct decide_job job = {.channel = channel, .topic = topic};
    uint64_t interval_ns;

    unsigned wanted = decide_wanted(question->settings, channel, question->suite, &interval_ns);
    const struct state_row *known = state_row_of(deciding->state, of->name, question->suite, topic);
    bool is_open = known != NULL && known->kinds != 0;
    if ((wanted & alert_topic_kinds(topic)) == 0 && !is_open)
        return 0;
    struct state_row *row = state_row_make(deciding->state, of->name, question->suite, topic);
    const struct state_channel *sent = state_channel_make(deciding->state, of->name);
    if (row == NULL || sent == NULL)
        return ERR_MEMORY;
    if (is_stale(question, row))
        return 0;
    if (!due(question, row, wanted, &job)) {
        if (!is_claimed(question, row))
            settle(question, row, job.kinds_after);
        return 0;
    }
    /* a service that asked for more than an hour, or a clock that jumped, is not believed */
    if (sent->not_before_unix_s > question->now_unix_s
        && sent->not_before_unix_s <= question->now_unix_s + 3600)
        job.until_unix_s = sent->not_before_unix_s;
    job.held = held_of(deciding, row, sent, pending_of(deciding, channel), &job, interval_ns);
    if (job.held == DECIDE_SEND) {
        row->claim = question->claim;
        row->claim_until_unix_s = question->now_unix_s + STATE_CLAIM_S;
    }
    deciding->jobs[deciding->count++] = job;
    return 0;
}

int decide_jobs(struct state *state, const struct decide_question *question,
                struct decide_job ret_jobs[DECIDE_JOBS_MAX], size_t *ret_count)
{
    struct deciding deciding = {.state = state, .question = question, .jobs = ret_jobs};

    for (size_t i = 0; i < question->settings->channel_count; i++) {
        if (question->settings->channels[i].is_off)
            continue;
        for (unsigned topic = 0; topic < ALERT_TOPICS; topic++) {
            int code = decide_topic(&deciding, i, (enum alert_topic)topic);
            if (code != 0)
                return code;
        }
    }
    *ret_count = deciding.count;
    return 0;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

static void remember_sent(struct state_channel *channel, int64_t now_unix_s)
{
    if (channel->sent_count == STATE_SENT_MAX) {
        channel->sent_count--;
        memmove(channel->sent_unix_s, channel->sent_unix_s + 1,
                channel->sent_count * sizeof channel->sent_unix_s[0]);
    }
    channel->sent_unix_s[channel->sent_count++] = now_unix_s;
}

int decide_done(struct state *state, const struct decide_question *question,
                const struct decide_job *job, bool delivered, int64_t not_before_unix_s)
{
    struct view name = question->settings->channels[job->channel].name;
    struct state_row *row = state_row_make(state, name, question->suite, job->topic);
    struct state_channel *channel = state_channel_make(state, name);

    if (row == NULL || channel == NULL)
        return ERR_MEMORY;
    channel->not_before_unix_s = not_before_unix_s;
    if (delivered)
        remember_sent(channel, question->now_unix_s);
    if (row->claim.len > 0 && !view_equal(row->claim, question->claim))
        return 0;
    row->claim = view_of("");
    row->claim_until_unix_s = 0;
    if (delivered && !is_stale(question, row)) {
        settle(question, row, job->kinds_after);
        row->told_unix_s = question->now_unix_s;
    }
    return 0;
}
