/* SPDX-License-Identifier: Apache-2.0
 *
 * traffic_write: proposals as a golden set that says of each entry where it comes from. */
#include "core/golden/traffic.h"

#include "config/yaml_write.h"

static void add_id(struct strbuf *out, size_t number)
{
    strbuf_printf(out, "q-%03zu", number + 1);
}

static void add_expect(struct strbuf *out, const struct traffic_proposal *item)
{
    const char *comma = "";

    if (item->answer_count == 0)
        return;
    strbuf_add_text(out, "    expect: {");
    if (item->answer_language.len > 0) {
        strbuf_printf(out, "language: %.*s", VIEW_ARG(item->answer_language));
        comma = ", ";
    }
    if (item->answers_are_json) {
        strbuf_printf(out, "%sformat: json", comma);
        comma = ", ";
    }
    if (item->max_chars > 0)
        strbuf_printf(out, "%smax_chars: %lld", comma, (long long)item->max_chars);
    strbuf_add_text(out, "}\n");
}

static void add_entry(struct strbuf *out, const struct traffic_proposals *proposals, size_t i)
{
    const struct traffic_proposal *item = &proposals->items[i];
    bool has_language = item->language.len == 2;

    strbuf_printf(
        out, "  # asked %llu times (%.1f %%), first in line %llu", (unsigned long long)item->count,
        100.0 * (double)item->count / (double)proposals->questions, (unsigned long long)item->line);
    if (item->answer_count > 0)
        strbuf_printf(out, "; expect is proposed from %zu recorded %s", item->answer_count,
                      item->answer_count == 1 ? "answer" : "answers");
    strbuf_add_text(out, "\n  - id: ");
    add_id(out, i);
    strbuf_add_text(out, "\n    prompt: answer\n    vars: {question: ");
    yaml_write_text(out, item->question);
    strbuf_add_text(out, "}\n");
    add_expect(out, item);
    strbuf_printf(out, "    tags: [%.*s%sproposed]\n",
                  VIEW_ARG(has_language ? item->language : view_of("")), has_language ? ", " : "");
}

void traffic_write_golden(const struct traffic_proposals *proposals, struct view source,
                          struct strbuf *out)
{
    strbuf_add_text(out, "# Proposed by 'assay init --from-log' from ");
    for (size_t i = 0; i < source.len; i++)
        strbuf_add_byte(out, (unsigned char)source.ptr[i] < 0x20 ? '?' : source.ptr[i]);
    strbuf_printf(out,
                  ": %llu questions, %llu different ones.\n"
                  "# Personal data and secrets are masked as far as they were recognised; names of "
                  "people are not.\n"
                  "# Read every entry: keep what you would accept, correct what is expected, and "
                  "take out the tag 'proposed'.\n\n"
                  "prompts:\n"
                  "  answer: {file: ../prompts/answer.md%s}\n\n"
                  "entries:\n",
                  (unsigned long long)proposals->questions, (unsigned long long)proposals->clusters,
                  proposals->system.len > 0 ? ", system: ../prompts/system.md" : "");
    for (size_t i = 0; i < proposals->count; i++)
        add_entry(out, proposals, i);
}

void traffic_write_answers(const struct traffic_proposals *proposals, struct strbuf *out)
{
    struct json_writer writer;
    struct strbuf id;

    strbuf_init(&id, 64);
    for (size_t i = 0; i < proposals->count; i++) {
        const struct traffic_proposal *item = &proposals->items[i];
        if (item->answer_count == 0)
            continue;
        strbuf_reset(&id);
        add_id(&id, i);
        json_writer_init(&writer, out, 0);
        json_write_object(&writer);
        json_member_string(&writer, "id", strbuf_view(&id));
        json_member_array(&writer, "responses");
        for (size_t j = 0; j < item->answer_count; j++)
            json_write_string(&writer, item->answers[j]);
        json_write_end(&writer, ']');
        json_write_end(&writer, '}');
        strbuf_add_byte(out, '\n');
    }
    strbuf_release(&id);
}
