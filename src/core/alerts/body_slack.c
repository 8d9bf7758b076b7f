/* SPDX-License-Identifier: Apache-2.0
 *
 * body_slack: a message for an incoming webhook of Slack: a header, what the gate says, the worst
 * entries, which run it was; see body.h for limits and sources. */
#include "base/date.h"
#include "base/utf8.h"
#include "core/alerts/body.h"
#include "wire/json.h"

enum { ITEM_BYTES_MAX = 1200 };

/* & < > as Slack wants them; a backtick would begin code that swallows what follows. */
static void add_escaped(struct strbuf *out, struct view text)
{
    for (size_t pos = 0; pos < text.len;) {
        uint32_t c = utf8_next(text, &pos, NULL);
        if (c == '&')
            strbuf_add_text(out, "&amp;");
        else if (c == '<')
            strbuf_add_text(out, "&lt;");
        else if (c == '>')
            strbuf_add_text(out, "&gt;");
        else
            strbuf_add_codepoint(out, c == '`' ? 0x2019 : c);
    }
}

static void write_text(struct json_writer *writer, struct view text)
{
    json_write_object(writer);
    json_member_text(writer, "type", "mrkdwn");
    json_member_string(writer, "text", text);
    json_member_bool(writer, "verbatim", true);
    json_write_end(writer, '}');
}

static void write_section(struct json_writer *writer, struct view text)
{
    if (text.len == 0)
        return;
    json_write_object(writer);
    json_member_text(writer, "type", "section");
    json_write_key(writer, "text");
    write_text(writer, text);
    json_write_end(writer, '}');
}

static void write_header(struct json_writer *writer, const struct alert *alert)
{
    static const char *const marks[] = {"🔴 ", "🟢 ", "🔔 "};
    struct strbuf text;

    strbuf_init(&text, BODY_SLACK_SECTION_MAX);
    strbuf_add_text(&text, marks[alert->action]);
    strbuf_add(&text, alert->title);
    json_write_object(writer);
    json_member_text(writer, "type", "header");
    json_member_object(writer, "text");
    json_member_text(writer, "type", "plain_text");
    json_member_string(writer, "text", utf8_cut(strbuf_view(&text), BODY_SLACK_HEADER_MAX));
    json_write_end(writer, '}');
    json_write_end(writer, '}');
    strbuf_release(&text);
}

/* ---- sections that never exceed their limit -------------------------------------------------- */

struct section {
    struct strbuf text;
    size_t left_out;
};

/* Adds a whole item or none: a cut one could end inside an escape. */
static void add_item(struct section *section, const struct strbuf *item)
{
    static const size_t spare = 40; /* for "… and N more" */

    if (section->left_out > 0 || strbuf_status(item) != 0
        || section->text.len + item->len + 1 + spare > BODY_SLACK_SECTION_MAX) {
        section->left_out++;
        return;
    }
    if (section->text.len > 0)
        strbuf_add_byte(&section->text, '\n');
    strbuf_add(&section->text, strbuf_view(item));
}

static void end_section(struct json_writer *writer, struct section *section)
{
    if (section->left_out > 0)
        strbuf_printf(&section->text, "\n… and %zu more", section->left_out);
    write_section(writer, strbuf_view(&section->text));
    strbuf_release(&section->text);
}

static void write_lines(struct json_writer *writer, const struct alert *alert)
{
    struct section section = {.left_out = 0};
    struct strbuf item;

    strbuf_init(&section.text, BODY_SLACK_SECTION_MAX);
    strbuf_init(&item, ALERT_TEXT_BYTES_MAX * 6);
    for (size_t i = 0; i < alert->line_count; i++) {
        strbuf_reset(&item);
        strbuf_add_text(&item, "• ");
        add_escaped(&item, alert->lines[i]);
        add_item(&section, &item);
    }
    strbuf_release(&item);
    end_section(writer, &section);
}

static void add_score(struct strbuf *out, int32_t score_micro)
{
    strbuf_printf(out, "%.3f", (double)score_micro / MICRO);
}

static void add_entry(struct strbuf *out, const struct alert_entry *entry)
{
    strbuf_printf(out, "*%s* ", entry->word);
    add_escaped(out, entry->id);
    strbuf_add_text(out, " @");
    add_escaped(out, entry->target);
    if (entry->score_micro != SCORE_ABSENT) {
        strbuf_add_text(out, "  ");
        if (entry->baseline_score_micro != SCORE_ABSENT) {
            add_score(out, entry->baseline_score_micro);
            strbuf_add_text(out, " → ");
        }
        add_score(out, entry->score_micro);
    }
    if (entry->reason.len > 0) {
        strbuf_add_text(out, "\n    ");
        add_escaped(out, utf8_cut(entry->reason, ALERT_TEXT_BYTES_MAX));
    }
    if (entry->answer.len > 0) {
        strbuf_add_text(out, "\n&gt; ");
        add_escaped(out, utf8_cut(entry->answer, ALERT_TEXT_BYTES_MAX));
    }
}

static void write_entries(struct json_writer *writer, const struct alert *alert)
{
    struct section section = {.left_out = 0};
    struct strbuf item;

    strbuf_init(&section.text, BODY_SLACK_SECTION_MAX);
    strbuf_init(&item, ITEM_BYTES_MAX * 4);
    for (size_t i = 0; i < alert->entry_count; i++) {
        strbuf_reset(&item);
        add_entry(&item, &alert->entries[i]);
        add_item(&section, &item);
    }
    section.left_out += alert->entries_total - alert->entry_count;
    strbuf_release(&item);
    end_section(writer, &section);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void write_footer(struct json_writer *writer, const struct alert *alert)
{
    char date[DATE_ISO_SIZE];
    struct strbuf text;

    strbuf_init(&text, BODY_SLACK_SECTION_MAX);
    date_iso(alert->started_unix_s, date);
    strbuf_add_text(&text, date);
    if (alert->run_id.len > 0) {
        strbuf_add_text(&text, " · run ");
        add_escaped(&text, alert->run_id);
    }
    if (alert->commit.len > 0) {
        strbuf_add_text(&text, " · commit ");
        add_escaped(&text, utf8_cut(alert->commit, 12));
    }
    json_write_object(writer);
    json_member_text(writer, "type", "context");
    json_member_array(writer, "elements");
    write_text(writer, strbuf_view(&text));
    json_write_end(writer, ']');
    json_write_end(writer, '}');
    strbuf_release(&text);
}

static void write_link(struct json_writer *writer, const struct alert *alert)
{
    struct strbuf text;

    if (alert->link.len == 0)
        return;
    strbuf_init(&text, BODY_SLACK_SECTION_MAX);
    strbuf_add_byte(&text, '<');
    add_escaped(&text, alert->link); /* which holds neither | nor > nor a space: alert.c */
    strbuf_add_text(&text, "|Open the run>");
    if (strbuf_status(&text) == 0)
        write_section(writer, strbuf_view(&text));
    strbuf_release(&text);
}

void body_slack(const struct alert *alert, const struct body_context *context, struct strbuf *out)
{
    struct json_writer writer;
    struct strbuf fallback;

    (void)context;
    strbuf_init(&fallback, BODY_SLACK_SECTION_MAX);
    add_escaped(&fallback, alert->title);
    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_string(&writer, "text", strbuf_view(&fallback));
    json_member_array(&writer, "blocks");
    write_header(&writer, alert);
    write_lines(&writer, alert);
    write_entries(&writer, alert);
    write_link(&writer, alert);
    write_footer(&writer, alert);
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    strbuf_release(&fallback);
}
