/* SPDX-License-Identifier: Apache-2.0
 *
 * body: see body.h: the table of channels, PagerDuty, the general webhook, signatures. */
#include "core/alerts/body.h"

#include <stdio.h>

#include "base/date.h"
#include "base/utf8.h"
#include "wire/json.h"

static const struct body_kind kinds[SETTINGS_CHANNEL_KINDS] = {
    [SETTINGS_CHANNEL_SLACK] = {body_slack, NULL},
    [SETTINGS_CHANNEL_PAGERDUTY] = {body_pagerduty, "https://events.pagerduty.com/v2/enqueue"},
    [SETTINGS_CHANNEL_WEBHOOK] = {body_webhook, NULL},
};

const struct body_kind *body_kind_of(enum settings_channel_kind kind)
{
    return &kinds[kind];
}

/* critical, error, warning, info: PagerDuty's words. */
static const char *severity_of(const struct alert *alert)
{
    static const char *const words[SETTINGS_ALERT_KINDS + 1] = {
        [SETTINGS_ALERT_CRITICAL] = "critical", [SETTINGS_ALERT_FAILED] = "error",
        [SETTINGS_ALERT_STATISTICS] = "error",  [SETTINGS_ALERT_ERROR] = "error",
        [SETTINGS_ALERT_MAJOR] = "warning",     [SETTINGS_ALERT_DRIFT] = "warning",
        [SETTINGS_ALERT_POOL] = "warning",      [SETTINGS_ALERT_RECOVERED] = "info",
        [SETTINGS_ALERT_KINDS] = "info",
    };
    return words[alert->action == ALERT_TRIGGER ? alert_gravest(alert->kinds)
                                                : SETTINGS_ALERT_KINDS];
}

static void write_score(struct json_writer *writer, const char *key, int32_t score_micro)
{
    if (score_micro != SCORE_ABSENT)
        json_member_fixed(writer, key, score_micro, 6);
}

static void write_lines(struct json_writer *writer, const char *key, const struct alert *alert)
{
    json_member_array(writer, key);
    for (size_t i = 0; i < alert->line_count; i++)
        json_write_string(writer, alert->lines[i]);
    json_write_end(writer, ']');
}

static void write_entries(struct json_writer *writer, const struct alert *alert)
{
    json_member_array(writer, "entries");
    for (size_t i = 0; i < alert->entry_count; i++) {
        const struct alert_entry *entry = &alert->entries[i];
        json_write_object(writer);
        json_member_string(writer, "id", entry->id);
        json_member_string(writer, "target", entry->target);
        json_member_text(writer, "kind", entry->word);
        write_score(writer, "score", entry->score_micro);
        write_score(writer, "baseline_score", entry->baseline_score_micro);
        json_member_string(writer, "reason", entry->reason);
        if (entry->answer.len > 0)
            json_member_string(writer, "answer", entry->answer);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
    json_member_int(writer, "entries_total", (int64_t)alert->entries_total);
}

static void write_known(struct json_writer *writer, const char *key, struct view text)
{
    if (text.len > 0)
        json_member_string(writer, key, text);
}

/* ---- PagerDuty ------------------------------------------------------------------------------- */

static void write_details(struct json_writer *writer, const struct alert *alert)
{
    json_member_object(writer, "custom_details");
    write_known(writer, "run", alert->run_id);
    write_known(writer, "gate", alert->outcome);
    write_known(writer, "commit", alert->commit);
    write_known(writer, "who", alert->who);
    write_lines(writer, "why", alert);
    if (alert->entries_total > 0)
        write_entries(writer, alert);
    json_write_end(writer, '}');
}

static void write_payload(struct json_writer *writer, const struct alert *alert)
{
    char date[DATE_ISO_SIZE];

    date_iso(alert->started_unix_s, date);
    json_member_object(writer, "payload");
    json_member_string(writer, "summary", utf8_cut(alert->title, BODY_PAGERDUTY_SUMMARY_MAX));
    json_member_text(writer, "severity", severity_of(alert));
    json_member_string(writer, "source", alert->project);
    json_member_text(writer, "timestamp", date);
    write_known(writer, "component", alert->suite);
    json_member_text(writer, "group", "assay");
    json_member_text(writer, "class", alert_topic_name(alert->topic));
    write_details(writer, alert);
    json_write_end(writer, '}');
}

void body_pagerduty(const struct alert *alert, const struct body_context *context,
                    struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_string(&writer, "routing_key", context->routing_key);
    json_member_text(&writer, "event_action",
                     alert->action == ALERT_RESOLVE ? "resolve" : "trigger");
    json_member_string(&writer, "dedup_key", alert->key);
    if (alert->action != ALERT_RESOLVE) {
        json_member_text(&writer, "client", "assay");
        write_known(&writer, "client_url", alert->link);
        write_payload(&writer, alert);
    }
    if (alert->link.len > 0) {
        json_member_array(&writer, "links");
        json_write_object(&writer);
        json_member_string(&writer, "href", alert->link);
        json_member_text(&writer, "text", "the run");
        json_write_end(&writer, '}');
        json_write_end(&writer, ']');
    }
    json_write_end(&writer, '}');
}

/* ---- the general webhook --------------------------------------------------------------------- */

static void write_run(struct json_writer *writer, const struct alert *alert)
{
    char date[DATE_ISO_SIZE];

    date_iso(alert->started_unix_s, date);
    json_member_object(writer, "run");
    json_member_string(writer, "id", alert->run_id);
    json_member_text(writer, "started", date);
    json_member_string(writer, "outcome", alert->outcome);
    json_member_int(writer, "exit_status", alert->exit_status);
    write_known(writer, "commit", alert->commit);
    write_known(writer, "who", alert->who);
    json_write_end(writer, '}');
}

void body_webhook(const struct alert *alert, const struct body_context *context, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_text(&writer, "assay", context->assay_version);
    json_member_text(&writer, "kind", "alert");
    json_member_int(&writer, "schema", 1);
    json_member_text(&writer, "action", alert_action_name(alert->action));
    json_member_string(&writer, "project", alert->project);
    json_member_string(&writer, "key", alert->key);
    json_member_string(&writer, "title", alert->title);
    json_member_text(&writer, "severity", severity_of(alert));
    write_lines(&writer, "text", alert);
    if (alert->action != ALERT_TEST) {
        json_member_string(&writer, "suite", alert->suite);
        json_member_text(&writer, "topic", alert_topic_name(alert->topic));
        json_member_array(&writer, "on");
        for (unsigned kind = 0; kind < SETTINGS_ALERT_KINDS; kind++)
            if ((alert->kinds & SETTINGS_ALERT_BIT(kind)) != 0)
                json_write_text(&writer, settings_alert_kind_name((enum settings_alert_kind)kind));
        json_write_end(&writer, ']');
        write_entries(&writer, alert);
        write_run(&writer, alert);
    }
    write_known(&writer, "link", alert->link);
    json_write_end(&writer, '}');
}

void body_sign(struct view secret, int64_t now_unix_s, struct view body,
               char ret_text[BODY_SIGNATURE_SIZE])
{
    char hex[DIGEST_HEX_SIZE] = "";
    struct strbuf signed_text;

    strbuf_init(&signed_text, body.len + 64);
    strbuf_printf(&signed_text, "%lld.", (long long)now_unix_s);
    strbuf_add(&signed_text, body);
    struct digest digest = digest_hmac(secret, strbuf_view(&signed_text));
    if (strbuf_status(&signed_text) == 0)
        digest_hex(&digest, hex);
    strbuf_release(&signed_text);
    snprintf(ret_text, BODY_SIGNATURE_SIZE, "t=%lld,v1=%s", (long long)now_unix_s, hex);
}
