/* SPDX-License-Identifier: Apache-2.0
 *
 * assay baseline: the same run as `assay test`, its answers recorded as the accepted ones. */
#include <stdio.h>

#include "app/history.h"
#include "app/plan_texts.h"
#include "cli/golden.h"
#include "report/order.h"
#include "core/golden/baseline.h"
#include "shell/os/file.h"
#include "base/path.h"
#include "base/utf8.h"
#include "core/golden/adaptive_repeats.h"
#include "shell/os/terminal.h"
#include "text/difference.h"

enum { BASELINE_BYTES_MAX = 1 << 30, TEXT_SHOWN_MAX = 160, ANSWER_SHOWN_MAX = 4000 };
enum { SAME_SHOWN_MAX = 60 };

static const double FALSE_ALARMS_MANY = .05;

#define AT(member) offsetof(struct golden_options, member)

static const struct option items[] = {
    {"update", 'u', OPTION_LIST, "ENTRY", AT(updates),
     "record this entry alone, the others stay; repeatable, further ENTRYs may follow as operands",
     NULL, 0, 0},
    {"rescore", 0, OPTION_FLAG, NULL, AT(rescore),
     "keep the accepted answers, score them anew with today's scorers and golden set", NULL, 0, 0},
    {"check", 0, OPTION_FLAG, NULL, AT(check),
     "ask again and compare with the baseline (A/A): how much do unchanged answers vary? The "
     "figure "
     "is kept in the baseline; the accepted answers are divided A/A as well, for the gate's own "
     "false alarms",
     NULL, 0, 0},
    {"yes", 'y', OPTION_FLAG, NULL, AT(yes), "with --update: write without asking", NULL, 0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

/* A piece at a time: the whole need not be in memory. */
static int write_pieces(const struct golden_command *command, const struct baseline *baseline,
                        struct file_writer *writer, struct err *reterr)
{
    size_t written = 0;
    struct strbuf piece;
    int code = 0;

    strbuf_init(&piece, BASELINE_BYTES_MAX);
    for (size_t i = 0; i < baseline_piece_count(baseline) && code == 0; i++) {
        strbuf_reset(&piece);
        baseline_write_piece(baseline, i, ASSAY_VERSION, &piece);
        written += piece.len;
        code = strbuf_status(&piece);
        if (code != 0 || written > BASELINE_BYTES_MAX)
            code = fail(reterr, code != 0 ? code : ERR_LIMIT, "%s: the baseline is too large",
                        command->plan.baseline_path);
        else
            code = file_writer_add(writer, strbuf_view(&piece), reterr);
        plan_texts_passed(command->plan.texts);
    }
    strbuf_release(&piece);
    return code;
}

static int write_baseline(struct golden_command *command, const struct baseline *baseline)
{
    const char *path = command->plan.baseline_path;
    const char *folder = arena_string(&command->plan.arena, path_directory(view_of(path)));
    struct file_writer *writer = NULL;
    struct err err = {0};

    int code = folder != NULL ? file_make_directories(folder, &err)
                              : fail(&err, ERR_MEMORY, "no memory to write %s", path);
    if (code == 0)
        code = file_writer_open(path, &writer, &err);
    if (code == 0)
        code = write_pieces(command, baseline, writer, &err);
    if (code == 0)
        code = file_writer_close(writer, &err);
    else
        file_writer_abandon(writer);
    return code == 0 ? 0 : command_fail(command->cli, code, &err);
}

/* ---- what an update changes ----------------------------------------------------------------- */

/* What models said may hold anything: control characters become spaces. */
static void add_plain(struct strbuf *out, struct view text)
{
    for (size_t pos = 0; pos < text.len;) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        bool is_control = codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0)
                          || (codepoint >= 0x2028 && codepoint <= 0x202e)
                          || (codepoint >= 0x2066 && codepoint <= 0x2069);
        strbuf_add_codepoint(out, is_control ? ' ' : codepoint);
    }
}

enum paint { PAINT_NONE, PAINT_REMOVED, PAINT_ADDED };

static void add_painted(const struct golden_command *command, struct strbuf *out, enum paint paint,
                        struct view text)
{
    static const char *const colors[] = {"", "\033[31m", "\033[32m"};
    static const char *const open[] = {"", "[-", "{+"};
    static const char *const close[] = {"", "-]", "+}"};
    enum terminal_color color = TERMINAL_COLOR_AUTO;
    struct err ignored;

    if (terminal_color_read(view_of(command->cli->color), &color, &ignored) != 0)
        color = TERMINAL_COLOR_AUTO;
    bool is_colored = paint != PAINT_NONE && terminal_colored(2, color);
    strbuf_add_text(out, is_colored ? colors[paint] : open[paint]);
    add_plain(out, text);
    strbuf_add_text(out, is_colored ? "\033[0m" : close[paint]);
}

/* What both have is cut in its middle where it is long. */
static void add_same(const struct golden_command *command, struct strbuf *out, struct view text)
{
    if (text.len <= 2 * SAME_SHOWN_MAX) {
        add_painted(command, out, PAINT_NONE, text);
        return;
    }
    add_painted(command, out, PAINT_NONE, utf8_cut(text, SAME_SHOWN_MAX));
    strbuf_add_text(out, " … ");
    size_t from = text.len - SAME_SHOWN_MAX;
    while (from < text.len && ((unsigned char)text.ptr[from] & 0xc0) == 0x80)
        from++;
    add_painted(command, out, PAINT_NONE, view_slice(text, from, text.len));
}

static void show_difference(const struct golden_command *command, struct view before,
                            struct view now)
{
    const struct difference *parts;
    struct arena arena;
    struct strbuf out;
    size_t count;

    arena_init(&arena, 64 << 20);
    strbuf_init(&out, 1 << 20);
    if (difference_of(NULL, &arena, utf8_cut(before, ANSWER_SHOWN_MAX),
                      utf8_cut(now, ANSWER_SHOWN_MAX), &parts, &count)
        != 0)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].kind == DIFFERENCE_SAME)
            add_same(command, &out, parts[i].text);
        else
            add_painted(command, &out,
                        parts[i].kind == DIFFERENCE_REMOVED ? PAINT_REMOVED : PAINT_ADDED,
                        parts[i].text);
    }
    fprintf(stderr, "  %s\n", strbuf_text(&out));
    strbuf_release(&out);
    arena_release(&arena);
}

static void show_line(const char *before, struct view text)
{
    struct strbuf line;

    strbuf_init(&line, 1 << 16);
    report_add_line(&line, text, TEXT_SHOWN_MAX);
    fprintf(stderr, "%s%s\n", before, strbuf_text(&line));
    strbuf_release(&line);
}

static void show_change(const char *what, struct view before, struct view now)
{
    struct strbuf line;

    if (view_equal(before, now))
        return;
    strbuf_init(&line, 1 << 16);
    report_add_line(&line, before, TEXT_SHOWN_MAX);
    strbuf_add_text(&line, " → ");
    report_add_line(&line, now, TEXT_SHOWN_MAX);
    fprintf(stderr, "  %s: %s\n", what, strbuf_text(&line));
    strbuf_release(&line);
}

static int32_t mean_of(const struct baseline_entry *entry)
{
    int64_t sum = 0;

    for (size_t i = 0; i < entry->answer_count; i++)
        sum += entry->answers[i].score.total_micro;
    return entry->answer_count > 0 ? (int32_t)(sum / (int64_t)entry->answer_count) : 0;
}

static void show_entry(const struct golden_command *command, const struct baseline_entry *before,
                       const struct baseline_entry *now)
{
    show_line("", now->id);
    if (before == NULL) {
        show_line("  new: ", now->answers[0].text);
        return;
    }
    show_change("template", before->prompt_hash, now->prompt_hash);
    show_change("model", before->model, now->model);
    show_change("parameters", before->params, now->params);
    fprintf(stderr, "  score %.3f → %.3f; %zu accepted answer%s → %zu\n",
            (double)mean_of(before) / MICRO, (double)mean_of(now) / MICRO, before->answer_count,
            before->answer_count == 1 ? "" : "s", now->answer_count);
    show_difference(command, before->answers[0].text, now->answers[0].text);
}

/* What an update replaces, before it is written. */
static void show_update(const struct golden_command *command, const struct baseline *made)
{
    for (size_t i = 0; i < made->entry_count; i++) {
        const struct baseline_entry *now = &made->entries[i];
        const struct baseline_entry *before =
            command->plan.has_baseline
                ? baseline_find(&command->plan.baseline, now->id, now->target)
                : NULL;
        if (before == NULL || before->answers != now->answers)
            show_entry(command, before, now);
    }
}

/* At a terminal the change is asked about; elsewhere it was shown, and is made. */
static bool is_wanted(const struct golden_command *command)
{
    if (command->options->yes || !terminal_is(0) || !terminal_is(2))
        return true;
    fprintf(stderr, "write this to %s? [y/N] ", command->plan.baseline_path);
    fflush(stderr);
    int answer = getc(stdin);
    return answer == 'y' || answer == 'Y';
}

static int record(struct golden_command *command, bool *ret_declined)
{
    struct baseline made;
    struct err err = {0};

    int code = golden_run_baseline(command->run, &made, &err);
    if (code != 0)
        return command_fail(command->cli, code, &err);
    size_t answered = 0;
    for (size_t i = 0; i < command->result->entry_count; i++)
        answered += command->result->entries[i].scored_count > 0;
    if (answered == 0) {
        fail(&err, ERR_FAILED, "nothing was recorded: no entry got an answer");
        command_fail(command->cli, ERR_FAILED, &err);
        return err_exit_status(ERR_UPSTREAM);
    }
    if (command->options->updates.count > 0) {
        show_update(command, &made);
        if (!is_wanted(command)) {
            fputs("nothing was written\n", stderr);
            *ret_declined = true;
            return 0;
        }
    }
    int status = write_baseline(command, &made);
    if (status == 0 && !command->cli->quiet)
        fprintf(stderr, "recorded %zu entr%s with %zu answer%s in %s\n", answered,
                answered == 1 ? "y" : "ies", command->result->answered,
                command->result->answered == 1 ? "" : "s", command->plan.baseline_path);
    return status;
}

/* The drops of entries that were answered with the prompt, model and parameters of the baseline. */
struct drops {
    size_t count;
    int64_t sum_micro;
};

struct measured {
    struct drops all;
    struct drops
        single; /* of entries with one accepted answer, whose noise is not known otherwise */
};

static struct measured measure_noise(const struct run *run)
{
    struct measured measured = {0};

    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (entry->baseline == NULL || entry->scored_count == 0 || entry->prompt_changed
            || entry->model_changed || entry->params_changed)
            continue;
        measured.all.count++;
        measured.all.sum_micro += entry->drop_micro;
        if (entry->baseline->answer_count == 1) {
            measured.single.count++;
            measured.single.sum_micro += entry->drop_micro;
        }
    }
    return measured;
}

/* Keeps the mean drop of unchanged entries: of those with one accepted answer where there are any,
 * since only they need it. */
static int keep_noise(struct golden_command *command, const struct measured *measured)
{
    const struct drops *drops = measured->single.count > 0 ? &measured->single : &measured->all;
    struct baseline updated = command->plan.baseline;

    updated.noise_micro =
        drops->sum_micro > 0 ? (int32_t)(drops->sum_micro / (int64_t)drops->count) : 0;
    int wrote = write_baseline(command, &updated);
    if (wrote == 0 && !command->cli->quiet)
        fprintf(stderr,
                "unchanged answers score %.3f below their baseline on average; kept in %s\n",
                (double)updated.noise_micro / MICRO, command->plan.baseline_path);
    return wrote;
}

/* How the gate fares on the accepted answers alone. */
static void tell_false_alarms(const struct golden_command *command)
{
    const struct false_alarms *alarms = &command->result->gate.false_alarms;

    if (command->cli->quiet)
        return;
    if (!alarms->known) {
        fputs("the gate's false alarms on unchanged answers are unknown: they need three accepted "
              "answers an entry, as 'assay baseline --repeat 3' records\n",
              stderr);
        return;
    }
    fprintf(stderr,
            "false alarms on unchanged answers, over %zu random divisions of the accepted answers "
            "of %zu entr%s: statistics fail in %.1f %%, an entry is critical in %.1f %%, major in "
            "%.1f %%\n",
            alarms->splits, alarms->entries, alarms->entries == 1 ? "y" : "ies",
            100 * alarms->statistics, 100 * alarms->critical, 100 * alarms->major);
    if (alarms->critical > FALSE_ALARMS_MANY || alarms->statistics > FALSE_ALARMS_MANY)
        fputs("that is more than one in twenty: record more answers (--repeat 5), lower the "
              "temperature, or widen the suite's thresholds\n",
              stderr);
}

static int check(struct golden_command *command)
{
    struct err check_err = {0};
    int status = 0;

    if (golden_execute(command, "test", false, &status) != 0)
        return status;
    if (!command->result->interrupted && golden_run_check(command->run, &check_err) != 0)
        return command_fail(command->cli, check_err.code, &check_err);
    status = golden_write_outputs(command);
    if (command->result->interrupted)
        status = command->result->gate.exit_status;
    int printed = golden_print(command, status);
    if (command->result->interrupted || printed != 0)
        return printed != 0 ? printed : status;
    struct measured measured = measure_noise(command->result);
    struct err err = {0};
    if (measured.all.count == 0) {
        int code = command->result->gate.errors > 0 ? ERR_UPSTREAM : ERR_CONFIG;
        fail(&err, code,
             "no unchanged entry was answered, so nothing was measured: use the prompts, model and "
             "parameters that the baseline was recorded with");
        return command_fail(command->cli, code, &err);
    }
    int wrote = keep_noise(command, &measured);
    if (wrote != 0)
        return wrote;
    tell_false_alarms(command);
    return status == 0 && command->result->gate.errors > 0 ? err_exit_status(ERR_UPSTREAM) : status;
}

/* Everything the run leaves behind; the exit status. */
static int keep(struct golden_command *command)
{
    struct err err = {0};
    bool declined = false;
    int status = golden_write_outputs(command);

    if (command->result->interrupted)
        return command->result->gate.exit_status;
    int recorded = record(command, &declined);
    if (recorded != 0 || declined)
        return recorded != 0 ? recorded : status;
    if (command->has_recorded && command->recorded.bad_lines > 0)
        status = command_fail(command->cli, ERR_SYNTAX, &command->recorded.first_bad);
    if (history_save(&command->plan, command->result, ASSAY_VERSION, &err) != 0) {
        command_fail(command->cli, ERR_IO, &err);
        status = status != 0 ? status : err_exit_status(ERR_IO);
    }
    return status == 0 && command->result->gate.errors > 0 ? err_exit_status(ERR_UPSTREAM) : status;
}

static int run_planned(struct golden_command *command)
{
    int status = 0;

    if (command->options->dry_run)
        return golden_dry_run(command);
    if (command->options->check)
        return check(command);
    if (golden_execute(command, "baseline", command->options->rescore, &status) != 0)
        return status;
    status = keep(command);
    int printed = golden_print(command, status);
    return printed != 0 ? printed : status;
}

/* ENTRYs may follow --update as operands. */
static int take_operands(struct golden_options *options, const struct operands *operands,
                         struct err *reterr)
{
    if (operands->count > 0 && options->updates.count == 0)
        return fail(reterr, ERR_USAGE, "'%s' is not understood here: did you mean --update %s?",
                    operands->items[0], operands->items[0]);
    for (size_t i = 0; i < operands->count; i++) {
        if (options->updates.count == OPTION_LIST_MAX)
            return fail(reterr, ERR_USAGE, "--update: more than %d entries", OPTION_LIST_MAX);
        options->updates.items[options->updates.count++] = operands->items[i];
    }
    if (options->rescore && (options->check || options->responses != NULL))
        return fail(reterr, ERR_USAGE, "--rescore goes with neither --check nor --responses");
    if (options->check && options->updates.count > 0)
        return fail(reterr, ERR_USAGE,
                    "--check records no answers, so it does not go with --update");
    if (options->yes && options->updates.count == 0)
        return fail(reterr, ERR_USAGE, "--yes goes with --update");
    if (options->filter_failing)
        return fail(reterr, ERR_USAGE, "--filter-failing belongs to 'assay test'");
    if (options->shard != NULL)
        return fail(reterr, ERR_USAGE,
                    "--shard belongs to 'assay test': shards would write over one another's "
                    "baseline; record the whole in one process, and divide tests of it with 'assay "
                    "test --shard %s' and 'assay merge'",
                    options->shard);
    return 0;
}

/* How often each entry is asked: nothing is decided, so repeats that adapt need not; and entries
 * that are updated keep as many accepted answers as they had, unless --repeat says otherwise. */
static void choose_repeats(struct golden_command *command)
{
    struct plan *plan = &command->plan;

    if (plan->repeat_max > 0)
        plan->repeat = ADAPTIVE_REPEATS_BASELINE;
    plan->repeat_max = 0;
    if (command->options->updates.count == 0 || command->options->repeat != NULL
        || !plan->has_baseline)
        return;
    for (size_t i = 0; i < plan->item_count; i++) {
        const struct baseline_entry *before =
            baseline_find(&plan->baseline, plan->set.entries[plan->items[i].entry].id,
                          plan->targets[plan->items[i].target]->name);
        if (before != NULL && before->answer_count > plan->repeat)
            plan->repeat = (uint32_t)before->answer_count;
    }
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct golden_options options = golden_options_default();
    struct golden_command command = {.cli = cli, .options = &options};
    struct operands operands;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    int code = take_operands(&options, &operands, &err);
    if (code != 0)
        return command_fail(cli, code, &err);
    struct plan_options plan_options = golden_plan_options(&options);
    plan_options.ids = options.updates.items;
    plan_options.id_count = options.updates.count;
    plan_options.need_baseline = options.check || options.rescore;
    plan_options.any_scorer = !options.check;
    plan_options.replaces =
        !options.check && !options.rescore && options.updates.count == 0 && options.tags.count == 0;
    if (golden_open(&command, &plan_options, &status) == 0) {
        if (!options.check)
            choose_repeats(&command);
        status = run_planned(&command);
    }
    golden_close(&command);
    return status;
}

const struct command command_baseline = {
    .name = "baseline",
    .summary = "records the answers of a golden set as the accepted ones",
    .operands = "[ENTRY…]",
    .details =
        "Runs the golden set as 'assay test' does and writes its answers to "
        "baselines/SUITE.jsonl beside it: JSON Lines, one accepted answer a line, to be kept in "
        "version control. With --repeat 3 an entry has three accepted answers, and the noise of "
        "the "
        "model is known; --repeat auto records three.\n"
        "\n"
        "--update shows what it replaces, word by word, before it writes; at a terminal it asks "
        "first. "
        "The file's first line says who recorded it, when, on which commit, with which models and "
        "parameters.\n"
        "\n"
        "Exit status: 0 whatever the checks say; 2 usage or configuration; 3 a target, store or "
        "file "
        "could not be used; 130 interrupted (nothing is recorded then).",
    .examples = "  assay baseline --repeat 3\n"
                "  assay baseline --update rec-ja-001 price-en-002\n"
                "  assay baseline --check\n"
                "  assay baseline --rescore\n",
    .tables = {&golden_options_table, &table},
    .run = run,
};
