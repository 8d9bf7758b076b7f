/* SPDX-License-Identifier: Apache-2.0
 *
 * terminal: the run for people at a terminal: the worst first, both answers, what changed in the
 * prompt, the verdict last, where the eye rests. */
#include <stdio.h>

#include "base/utf8.h"
#include "report/changes.h"
#include "report/gate_words.h"
#include "report/losses.h"
#include "report/order.h"
#include "report/report.h"

enum { SHOWN_EACH_MAX = 10, ANSWERS_SHOWN_MAX = 5, ADVICE_MAX = 6, COLUMNS_DEFAULT = 80 };
enum { SENTENCES_SHOWN_MAX = 3, TEXT_BYTES_MAX = 64 << 20 };
enum { INDENT = 11, LINES_SHOWN_MAX = 12, REASON_COLUMNS_MAX = 800 };

struct printing {
    const struct run *run;
    const struct report_options *options;
    struct strbuf *out;
    size_t shown;   /* of the group */
    size_t answers; /* pairs shown in all */
};

enum color { PLAIN, RED, YELLOW, GREEN, DIM, BOLD };

static void paint(struct printing *printing, enum color color)
{
    static const char *const codes[] = {"\033[0m",  "\033[31m", "\033[33m",
                                        "\033[32m", "\033[2m",  "\033[1m"};
    if (printing->options->color)
        strbuf_add_text(printing->out, codes[color]);
}

static void painted(struct printing *printing, enum color color, const char *text)
{
    paint(printing, color);
    strbuf_add_text(printing->out, text);
    paint(printing, PLAIN);
}

static void add_line(struct printing *printing, struct view text, size_t room)
{
    report_add_line(printing->out, text, room);
}

static size_t width_of(const struct printing *printing)
{
    return printing->options->columns != 0 ? printing->options->columns : COLUMNS_DEFAULT;
}

static void add_answer(struct printing *printing, const char *label, struct view text)
{
    strbuf_add_repeated(printing->out, ' ', INDENT);
    paint(printing, DIM);
    strbuf_printf(printing->out, "%-9s", label);
    paint(printing, PLAIN);
    add_line(printing, text,
             width_of(printing) > INDENT + 30 ? width_of(printing) - INDENT - 9 : 30);
    strbuf_add_byte(printing->out, '\n');
}

static void add_sentences(struct printing *printing, const char *label,
                          const struct view *sentences, size_t count)
{
    for (size_t i = 0; i < count && i < SENTENCES_SHOWN_MAX; i++)
        add_answer(printing, label, sentences[i]);
    if (count > SENTENCES_SHOWN_MAX) {
        strbuf_add_repeated(printing->out, ' ', INDENT);
        strbuf_printf(printing->out, "%-9sand %zu more\n", label, count - SENTENCES_SHOWN_MAX);
    }
}

/* The answer that was accepted, the one of now, and, of long ones, the sentences that went and
 * came. */
static void add_answers(struct printing *printing, const struct run_entry *entry)
{
    const struct sample *worst = report_worst_sample(entry);
    struct losses losses;
    struct arena arena;

    if (printing->answers == ANSWERS_SHOWN_MAX || worst == NULL)
        return;
    printing->answers++;
    arena_init(&arena, TEXT_BYTES_MAX);
    if (entry->baseline != NULL && entry->baseline->answer_count > 0)
        add_answer(printing, "accepted",
                   report_nearest_accepted(entry, worst->answer.reply.text, &arena));
    add_answer(printing, "now", worst->answer.reply.text);
    if (report_losses(entry, &arena, &losses) == 0) {
        add_sentences(printing, "lost", losses.lost, losses.lost_count);
        add_sentences(printing, "added", losses.added, losses.added_count);
    }
    arena_release(&arena);
}

static enum color color_of(enum report_group group)
{
    static const enum color colors[GROUP_COUNT] = {RED, YELLOW, RED, RED, DIM, GREEN, GREEN};
    return colors[group];
}

static void add_words(struct printing *printing, enum color color, const struct run_entry *entry)
{
    struct strbuf words;

    strbuf_init(&words, REASON_COLUMNS_MAX);
    gate_words_entry(entry, &words);
    paint(printing, color);
    if (words.len > 0) {
        strbuf_add_byte(printing->out, ' ');
        add_line(printing, view_trim(strbuf_view(&words)), REASON_COLUMNS_MAX);
    }
    paint(printing, PLAIN);
    strbuf_release(&words);
}

static void add_reason(struct printing *printing, const struct run_entry *entry)
{
    struct view reason = entry->scored_count == 0 ? entry->error_text : entry->reason;

    add_line(printing, reason, REASON_COLUMNS_MAX);
    add_words(printing, DIM, entry);
    strbuf_add_byte(printing->out, '\n');
}

static void add_fluency(struct printing *printing, const struct run_entry *entry)
{
    struct strbuf words;

    strbuf_init(&words, REASON_COLUMNS_MAX);
    report_add_fluency(&words, entry);
    if (words.len > 0) {
        strbuf_add_repeated(printing->out, ' ', INDENT);
        add_line(printing, strbuf_view(&words), REASON_COLUMNS_MAX);
        strbuf_add_byte(printing->out, '\n');
    }
    strbuf_release(&words);
}

static void print_entry(void *context, const struct run_entry *entry)
{
    struct printing *printing = context;
    enum report_group group = report_group_of(entry);

    if (printing->shown++ >= SHOWN_EACH_MAX && !printing->options->verbose)
        return;
    paint(printing, color_of(group));
    strbuf_printf(printing->out, "%-*s", INDENT, report_group_name(group));
    paint(printing, BOLD);
    add_line(printing, entry->id, width_of(printing));
    if (report_has_targets(printing->run)) {
        strbuf_add_text(printing->out, " @");
        add_line(printing, entry->target, width_of(printing));
    }
    paint(printing, PLAIN);
    strbuf_add_text(printing->out, "  ");
    add_reason(printing, entry);
    add_fluency(printing, entry);
    if (group == GROUP_CRITICAL || group == GROUP_MAJOR || group == GROUP_FAILED)
        add_answers(printing, entry);
}

static void print_groups(struct printing *printing)
{
    bool any = false;

    for (int group = GROUP_CRITICAL; group < GROUP_COUNT; group++) {
        if ((group == GROUP_FINE || group == GROUP_IMPROVED || group == GROUP_MINOR)
            && !printing->options->verbose)
            continue;
        size_t before = printing->out->len;
        printing->shown = 0;
        if (!any)
            strbuf_add_byte(printing->out, '\n');
        report_visit(printing->run, (enum report_group)group, print_entry, printing);
        if (printing->shown == 0)
            strbuf_cut(printing->out, before);
        any = any || printing->shown > 0;
        if (printing->shown > SHOWN_EACH_MAX && !printing->options->verbose)
            strbuf_printf(printing->out, "%*s… and %zu more\n", INDENT, "",
                          printing->shown - SHOWN_EACH_MAX);
    }
}

static void print_group(void *context, const struct changes_group *group)
{
    struct printing *printing = context;
    struct view rest = group->removed_and_added;
    size_t shown = 0;

    strbuf_printf(printing->out, "\nprompt%s ", group->count > 1 ? "s" : "");
    add_line(printing, group->names, 2 * width_of(printing));
    strbuf_printf(printing->out, " changed: version %.*s → %.*s%s\n",
                  VIEW_ARG(group->first->before_version), VIEW_ARG(group->first->version),
                  group->count > 1 ? ", …" : "");
    while (rest.len > 0) {
        struct view line = view_split(&rest, '\n');
        if (shown++ >= LINES_SHOWN_MAX)
            continue;
        paint(printing, line.ptr[0] == '-' ? RED : GREEN);
        strbuf_printf(printing->out, "  %c ", line.ptr[0]);
        add_line(printing, view_slice(line, 2, line.len), 2 * width_of(printing));
        paint(printing, PLAIN);
        strbuf_add_byte(printing->out, '\n');
    }
    if (shown > LINES_SHOWN_MAX)
        strbuf_printf(printing->out, "    … and %zu more lines\n", shown - LINES_SHOWN_MAX);
}

static void print_means(struct printing *printing)
{
    const struct run *run = printing->run;
    const struct statistics *all = &run->gate.all;

    strbuf_add_text(printing->out, "\nscore ");
    report_add_score(printing->out, run->mean.total_micro);
    strbuf_add_text(printing->out, "  similarity ");
    report_add_score(printing->out, run->mean.similarity_micro);
    strbuf_add_text(printing->out, "  keywords ");
    report_add_score(printing->out, run->mean.keywords_micro);
    strbuf_add_text(printing->out, "  structure ");
    report_add_score(printing->out, run->mean.structure_micro);
    strbuf_add_text(printing->out, "  language ");
    report_add_score(printing->out, run->mean.language_micro);
    if (run->fluency_known) {
        strbuf_add_text(printing->out, "  (fluency ");
        report_add_score(printing->out, run->fluency_micro);
        strbuf_add_byte(printing->out, ')');
    }
    strbuf_add_byte(printing->out, '\n');
    if (!all->known)
        return;
    gate_words_statistics(all, printing->out);
    strbuf_add_byte(printing->out, '\n');
    if (run->gate.changed.known && run->gate.untouched.known) {
        strbuf_printf(printing->out, "  the %zu changed entries: ", run->gate.changed.entries);
        gate_words_statistics(&run->gate.changed, printing->out);
        strbuf_printf(printing->out, "\n  the %zu others: ", run->gate.untouched.entries);
        gate_words_statistics(&run->gate.untouched, printing->out);
        strbuf_add_byte(printing->out, '\n');
    }
}

/* Where the drop comes from, what the checks did, and what both sides of the gate say. */
static void print_gate(struct printing *printing)
{
    const struct gate *gate = &printing->run->gate;
    struct strbuf words;

    strbuf_init(&words, TEXT_BYTES_MAX);
    for (size_t i = 0; i < gate->explanation_count && i < GATE_WORDS_EXPLANATIONS_MAX; i++) {
        strbuf_reset(&words);
        gate_words_explanation(&gate->explanations[i], &words);
        painted(printing, YELLOW, "fell:    ");
        add_line(printing, strbuf_view(&words), 4 * width_of(printing));
        strbuf_add_byte(printing->out, '\n');
    }
    if (gate->explanation_count > GATE_WORDS_EXPLANATIONS_MAX)
        strbuf_printf(printing->out, "         and %zu more\n",
                      gate->explanation_count - GATE_WORDS_EXPLANATIONS_MAX);
    gate_words_checks(gate, printing->out);
    if (gate->checks_broke + gate->checks_healed > 0)
        strbuf_add_byte(printing->out, '\n');
    if (gate->all.known) {
        gate_words_sides(gate, printing->out);
        strbuf_add_byte(printing->out, '\n');
    }
    strbuf_release(&words);
}

static void print_counts(struct printing *printing)
{
    const struct run *run = printing->run;
    const struct gate *gate = &run->gate;

    if (gate->compared > 0)
        strbuf_printf(
            printing->out,
            "%zu compared: %zu critical, %zu major, %zu minor, %zu improved, %zu unchanged",
            gate->compared, gate->counts[SEVERITY_CRITICAL], gate->counts[SEVERITY_MAJOR],
            gate->counts[SEVERITY_MINOR], gate->counts[SEVERITY_IMPROVED],
            gate->counts[SEVERITY_NONE]);
    if (gate->checked_only > 0)
        strbuf_printf(printing->out, "%s%zu without a baseline: %zu passed, %zu failed",
                      gate->compared > 0 ? "; " : "", gate->checked_only,
                      gate->checked_only - gate->failed_checks, gate->failed_checks);
    if (gate->errors > 0)
        strbuf_printf(printing->out, "%s%zu without an answer",
                      gate->compared + gate->checked_only > 0 ? "; " : "", gate->errors);
    if (gate->quarantined > 0)
        strbuf_printf(printing->out, "%s%zu in quarantine",
                      gate->compared + gate->checked_only + gate->errors > 0 ? "; " : "",
                      gate->quarantined);
    strbuf_printf(printing->out, "\n%zu answer%s in %.1f s", run->answered,
                  run->answered == 1 ? "" : "s", (double)run->elapsed_ns / 1e9);
    if (run->tokens_out > 0)
        strbuf_printf(printing->out, ", %lld tokens in and %lld out%s", (long long)run->tokens_in,
                      (long long)run->tokens_out, run->tokens_estimated ? " (estimated)" : "");
    if (run->cost_known) {
        strbuf_add_text(printing->out, ", ");
        report_add_dollars(printing->out, run->cost_nano_usd);
    }
    strbuf_add_byte(printing->out, '\n');
}

static void print_sentences(struct printing *printing, enum color color, const char *label,
                            const struct view *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        painted(printing, color, label);
        add_line(printing, items[i], 4 * width_of(printing));
        strbuf_add_byte(printing->out, '\n');
    }
}

static void print_advice(struct printing *printing)
{
    struct strbuf said;
    strbuf_init(&said, 1 << 16);
    size_t count = report_advice(printing->run, &said, ADVICE_MAX);
    struct view rest = strbuf_view(&said);

    for (size_t i = 0; i < count; i++) {
        struct view line = view_split(&rest, '\n');
        print_sentences(printing, GREEN, "advice:  ", &line, 1);
    }
    strbuf_release(&said);
}

static void print_verdict(struct printing *printing)
{
    const struct gate *gate = &printing->run->gate;
    static const char *const words[] = {"PASS", "FAIL", "WAITS FOR SIGN-OFF",
                                        "PASS (inconclusive)"};
    enum color color = gate->outcome == GATE_FAIL      ? RED
                       : gate->outcome == GATE_SIGNOFF ? YELLOW
                                                       : GREEN;

    if (view_is(printing->run->kind, "baseline"))
        return; /* nothing is gated */
    paint(printing, BOLD);
    painted(printing, color, words[gate->outcome]);
    strbuf_printf(printing->out, "  (exit %d)\n", gate->exit_status);
}

void report_text(const struct run *run, const struct report_options *options, struct strbuf *out)
{
    struct printing printing = {.run = run, .options = options, .out = out};

    strbuf_add_text(out, "suite ");
    add_line(&printing, run->suite, width_of(&printing));
    strbuf_add_text(out, ": ");
    gate_words_size(run, out);
    strbuf_add_text(out, ", scored by ");
    add_line(&printing, run->scorer, width_of(&printing));
    strbuf_add_text(out, "\n");
    print_groups(&printing);
    changes_visit(run, print_group, &printing);
    print_means(&printing);
    print_gate(&printing);
    print_counts(&printing);
    print_sentences(&printing, YELLOW, "warning: ", run->gate.warnings, run->gate.warning_count);
    print_sentences(&printing, YELLOW, "drift: ", run->drift, run->drift_count);
    print_advice(&printing);
    print_sentences(&printing, RED, "because: ", run->gate.reasons, run->gate.reason_count);
    print_verdict(&printing);
}
