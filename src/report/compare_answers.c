/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_answers: entries of a comparison at a terminal: both answers side by side where there is
 * room for two columns, else as one text with what went and what came. */
#include <stdio.h>

#include "report/compare_parts.h"
#include "report/order.h"
#include "text/difference.h"

enum { SIDE_BY_SIDE_MIN = 100, LINES_MAX = 14, INDENT = 2, NAMES_MAX = 12 };

static void add_scores(struct compare_printing *printing, const struct compared_entry *entry)
{
    struct strbuf *out = printing->out;

    if (!entry->is_known[COMPARE_SCORE])
        return;
    strbuf_add_text(out, "  ");
    report_add_score(out, entry->metrics_micro[COMPARE_A][COMPARE_SCORE]);
    strbuf_add_text(out, " → ");
    report_add_score(out, entry->metrics_micro[COMPARE_B][COMPARE_SCORE]);
    strbuf_add_text(out, " (");
    compare_add_signed(out, entry->difference_micro[COMPARE_SCORE]);
    if (entry->is_tested)
        strbuf_printf(out, ", p = %.3f", entry->p_adjusted);
    strbuf_add_byte(out, ')');
}

static void add_checks(struct compare_printing *printing, const struct compared_entry *entry)
{
    if (!entry->broke && !entry->healed)
        return;
    const struct run_entry *failed = entry->sides[entry->broke ? COMPARE_B : COMPARE_A];
    strbuf_add_text(printing->out, "  ");
    compare_paint(printing, entry->broke ? COLUMN_RED : COLUMN_GREEN,
                  entry->broke ? "fails on B" : "fails on A");
    for (size_t i = 0; i < failed->failed_count && i < 3; i++) {
        strbuf_add_text(printing->out, i == 0 ? ": " : ", ");
        report_add_line(printing->out, failed->failed[i].check, 40);
    }
}

static void add_judge(struct compare_printing *printing, const struct compared_entry *entry)
{
    static const char *const words[] = {
        [PAIRWISE_UNKNOWN] = "the judge gave no verdict",
        [PAIRWISE_A] = "the judge prefers A",
        [PAIRWISE_B] = "the judge prefers B",
        [PAIRWISE_EVEN] = "the judge prefers neither",
    };
    const struct pairwise_pair *pair = entry->pair;

    if (pair == NULL)
        return;
    strbuf_add_repeated(printing->out, ' ', INDENT);
    strbuf_add_text(printing->out, words[pair->winner]);
    if (pair->turned > 0)
        strbuf_printf(printing->out, " (turned with the order in %zu of %zu)", pair->turned,
                      pair->decided);
    struct view said = pair->winner == PAIRWISE_UNKNOWN ? pair->error : pair->reason;
    if (said.len > 0) {
        strbuf_add_text(printing->out, ": ");
        report_add_line(printing->out, said, 2 * printing->width);
    }
    strbuf_add_byte(printing->out, '\n');
}

static void add_title(struct compare_printing *printing, const struct compared_entry *entry)
{
    const struct run_entry *a = entry->sides[COMPARE_A];
    const struct run_entry *b = entry->sides[COMPARE_B];
    struct strbuf name;

    strbuf_init(&name, 4096);
    report_add_line(&name, a->id, printing->width);
    compare_paint(printing, COLUMN_BOLD, strbuf_text(&name));
    strbuf_release(&name);
    if (!view_equal(a->target, b->target)) {
        strbuf_add_text(printing->out, " @");
        report_add_line(printing->out, a->target, 40);
        strbuf_add_text(printing->out, " and @");
        report_add_line(printing->out, b->target, 40);
    } else if (report_has_targets(printing->comparison->sides[COMPARE_A])) {
        strbuf_add_text(printing->out, " @");
        report_add_line(printing->out, a->target, 40);
    }
    add_scores(printing, entry);
    add_checks(printing, entry);
    if (entry->likeness_micro != SCORE_ABSENT && !entry->is_same) {
        strbuf_add_text(printing->out, "  alike ");
        report_add_score(printing->out, entry->likeness_micro);
    }
    strbuf_add_byte(printing->out, '\n');
}

static struct view shown_answer(const struct compared_entry *entry, size_t side)
{
    if (entry->shown[side] < 0)
        return view_of("");
    return entry->sides[side]->samples[entry->shown[side]].answer.reply.text;
}

/* What is only in one text stands between marks where there are no colours. */
static void put_part(struct column *column, const struct difference *part)
{
    static const struct {
        const char *open, *close;
        enum column_style style;
    } marks[] = {
        [DIFFERENCE_SAME] = {"", "", COLUMN_PLAIN},
        [DIFFERENCE_REMOVED] = {"[-", "-]", COLUMN_RED},
        [DIFFERENCE_ADDED] = {"{+", "+}", COLUMN_GREEN},
    };
    bool is_marked = !column->is_colored && part->kind != DIFFERENCE_SAME;

    if (is_marked)
        column_put(column, view_of(marks[part->kind].open), COLUMN_PLAIN);
    column_put(column, part->text, marks[part->kind].style);
    if (is_marked)
        column_put(column, view_of(marks[part->kind].close), COLUMN_PLAIN);
}

static void print_beside(struct compare_printing *printing, const struct difference *parts,
                         size_t count)
{
    struct column columns[2];
    size_t width = (printing->width - INDENT - 3) / 2;

    for (int side = 0; side < 2; side++) {
        enum difference_kind other = side == COMPARE_A ? DIFFERENCE_ADDED : DIFFERENCE_REMOVED;
        column_init(&columns[side], width, printing->options->color);
        columns[side].is_padded = side == COMPARE_A;
        columns[side].lines_max = LINES_MAX;
        for (size_t i = 0; i < count; i++)
            if (parts[i].kind != other)
                put_part(&columns[side], &parts[i]);
        column_end(&columns[side]);
    }
    columns_write(&columns[COMPARE_A], &columns[COMPARE_B], INDENT, printing->out);
    column_release(&columns[COMPARE_A]);
    column_release(&columns[COMPARE_B]);
}

static void print_merged(struct compare_printing *printing, const struct difference *parts,
                         size_t count)
{
    struct column column;

    column_init(&column, printing->width > INDENT + 20 ? printing->width - INDENT : 20,
                printing->options->color);
    column.lines_max = 2 * (size_t)LINES_MAX;
    for (size_t i = 0; i < count; i++)
        put_part(&column, &parts[i]);
    column_end(&column);
    column_write(&column, INDENT, printing->out);
    column_release(&column);
}

static void print_answers(struct compare_printing *printing, const struct compared_entry *entry)
{
    struct view before = shown_answer(entry, COMPARE_A);
    struct view after = shown_answer(entry, COMPARE_B);
    const struct difference *parts;
    struct arena arena;
    size_t count;

    if (entry->is_same) {
        strbuf_add_repeated(printing->out, ' ', INDENT);
        compare_paint(printing, COLUMN_DIM, "the same answers on both sides");
        strbuf_add_byte(printing->out, '\n');
        return;
    }
    arena_init(&arena, COMPARE_ARENA_BYTES_MAX);
    if (difference_of(printing->options->morphology, &arena, before, after, &parts, &count) == 0) {
        if (printing->width >= SIDE_BY_SIDE_MIN)
            print_beside(printing, parts, count);
        else
            print_merged(printing, parts, count);
    }
    arena_release(&arena);
}

static void print_error(struct compare_printing *printing, const struct compared_entry *entry)
{
    for (int side = 0; side < 2; side++) {
        const struct run_entry *of = entry->sides[side];
        if (of->scored_count > 0)
            continue;
        strbuf_add_repeated(printing->out, ' ', INDENT);
        strbuf_printf(printing->out, "no answer on side %c: ", "AB"[side]);
        report_add_line(printing->out,
                        of->error_text.len > 0 ? of->error_text : view_of(err_text(of->code)),
                        2 * printing->width);
        strbuf_add_byte(printing->out, '\n');
    }
}

static void print_only(struct compare_printing *printing, enum compare_which side)
{
    const struct comparison *comparison = printing->comparison;
    size_t count = comparison->only_count[side];

    if (count == 0)
        return;
    strbuf_printf(printing->out, "\nin %c alone (%zu): ", "AB"[side], count);
    for (size_t i = 0; i < count && i < NAMES_MAX; i++) {
        strbuf_add_text(printing->out, i > 0 ? ", " : "");
        report_add_line(printing->out, comparison->only[side][i]->id, 80);
    }
    strbuf_add_text(printing->out, count > NAMES_MAX ? ", …\n" : "\n");
}

void compare_print_entries(struct compare_printing *printing)
{
    const struct comparison *comparison = printing->comparison;
    struct arena arena;

    arena_init(&arena, COMPARE_ARENA_BYTES_MAX);
    const struct compared_entry **order = compare_order(comparison, &arena);
    for (size_t i = 0; order != NULL && i < comparison->count && i < printing->options->limit;
         i++) {
        if (order[i]->shown[COMPARE_A] < 0 && order[i]->shown[COMPARE_B] < 0)
            continue; /* nobody answered: the warnings count it */
        strbuf_add_byte(printing->out, '\n');
        add_title(printing, order[i]);
        add_judge(printing, order[i]);
        if (order[i]->is_judged)
            print_answers(printing, order[i]);
        else
            print_error(printing, order[i]);
    }
    arena_release(&arena);
    if (comparison->count > printing->options->limit && printing->options->limit > 0)
        strbuf_printf(printing->out, "\n… and %zu more entries (--limit N shows more)\n",
                      comparison->count - printing->options->limit);
    print_only(printing, COMPARE_A);
    print_only(printing, COMPARE_B);
}
