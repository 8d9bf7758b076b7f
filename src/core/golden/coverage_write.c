/* SPDX-License-Identifier: Apache-2.0
 *
 * coverage_write: coverage as text and as JSON. */
#include "core/golden/coverage.h"

#include "base/utf8.h"

enum { NAME_COLUMNS = 24, GAPS_SHOWN = 100 };

/* Controls, and what turns the direction of writing. */
static bool is_odd(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e)
           || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x61c;
}

/* Names come from files: nothing odd reaches a terminal. */
static void add_name(struct strbuf *out, struct view name, size_t columns)
{
    size_t shown = 0;

    for (size_t pos = 0; pos < name.len; shown++) {
        uint32_t codepoint = utf8_next(name, &pos, NULL);
        strbuf_add_codepoint(out, is_odd(codepoint) ? '?' : codepoint);
    }
    strbuf_add_repeated(out, ' ', shown < columns ? columns - shown : 1);
}

static void add_row(struct strbuf *out, const struct coverage_cell *cell)
{
    strbuf_add_text(out, "  ");
    add_name(out, cell->language, 8);
    add_name(out, cell->type, NAME_COLUMNS);
    add_name(out, cell->format, 10);
    strbuf_printf(out, "%7zu %9zu %10zu   %.2f\n", cell->entries, cell->with_keywords,
                  cell->with_forbidden, (double)cell->least_micro / 1e6);
}

void coverage_text(const struct coverage *coverage, struct strbuf *out)
{
    struct coverage_cell all = coverage->all;

    strbuf_add_text(out, "  language type                    format    entries  keywords  "
                         "forbidden   smallest loss seen\n");
    for (size_t i = 0; i < coverage->cell_count; i++)
        add_row(out, &coverage->cells[i]);
    all.language = view_of("all");
    add_row(out, &all);
    strbuf_printf(out, "  with %u %s an entry; the noise of one answer is %s%.3f\n",
                  (unsigned)coverage->repeat, coverage->repeat == 1 ? "answer" : "answers",
                  coverage->noise_is_assumed ? "assumed to be " : "measured as ",
                  (double)coverage->noise_micro / 1e6);
    if (coverage->gap_count == 0) {
        strbuf_add_text(out, "nothing is thin\n");
        return;
    }
    strbuf_printf(out, "thin (%zu):\n", coverage->gap_count);
    for (size_t i = 0; i < coverage->gap_count && i < GAPS_SHOWN; i++) {
        const struct coverage_gap *gap = &coverage->gaps[i];
        strbuf_add_text(out, "  ");
        add_name(out, view_of(coverage_rule_name(gap->rule)), 20);
        add_name(out, view_of(gap->message), 0);
        strbuf_cut(out, out->len - 1);
        if (gap->line > 0)
            strbuf_printf(out, " (line %u)", (unsigned)gap->line);
        strbuf_add_byte(out, '\n');
    }
    if (coverage->gap_count > GAPS_SHOWN)
        strbuf_printf(out, "  and %zu more: see --format json\n", coverage->gap_count - GAPS_SHOWN);
}

static void write_cell(const struct coverage_cell *cell, struct json_writer *writer)
{
    json_write_object(writer);
    if (cell->language.len > 0)
        json_member_string(writer, "language", cell->language);
    if (cell->type.len > 0)
        json_member_string(writer, "type", cell->type);
    if (cell->format.len > 0)
        json_member_string(writer, "format", cell->format);
    json_member_int(writer, "entries", (int64_t)cell->entries);
    json_member_int(writer, "with_keywords", (int64_t)cell->with_keywords);
    json_member_int(writer, "with_forbidden", (int64_t)cell->with_forbidden);
    json_member_int(writer, "with_checks", (int64_t)cell->with_checks);
    json_member_fixed(writer, "smallest_loss", cell->least_micro, 6);
    json_write_end(writer, '}');
}

static void write_cells(const char *key, const struct coverage_cell *cells, size_t count,
                        struct json_writer *writer)
{
    json_member_array(writer, key);
    for (size_t i = 0; i < count; i++)
        write_cell(&cells[i], writer);
    json_write_end(writer, ']');
}

void coverage_json(const struct coverage *coverage, struct json_writer *writer)
{
    json_member_object(writer, "coverage");
    json_member_int(writer, "entries", (int64_t)coverage->all.entries);
    json_member_int(writer, "repeat", coverage->repeat);
    json_member_fixed(writer, "noise", coverage->noise_micro, 6);
    json_member_bool(writer, "noise_is_assumed", coverage->noise_is_assumed);
    json_member_fixed(writer, "smallest_loss", coverage->all.least_micro, 6);
    write_cells("cells", coverage->cells, coverage->cell_count, writer);
    write_cells("languages", coverage->languages, coverage->language_count, writer);
    write_cells("types", coverage->types, coverage->type_count, writer);
    json_member_array(writer, "thin");
    for (size_t i = 0; i < coverage->gap_count; i++) {
        const struct coverage_gap *gap = &coverage->gaps[i];
        json_write_object(writer);
        json_member_text(writer, "rule", coverage_rule_name(gap->rule));
        json_member_string(writer, "subject", gap->subject);
        if (gap->line > 0)
            json_member_int(writer, "line", gap->line);
        json_member_text(writer, "message", gap->message);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
    json_write_end(writer, '}');
}
