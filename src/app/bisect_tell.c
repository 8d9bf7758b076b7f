/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect_tell: the report of a bisection. */
#include "app/bisect_parts.h"

#include "base/mem.h"

static bool changes(const struct bisect_run *run, size_t commit)
{
    const size_t n = run->item_count;
    size_t before = commit;

    if (commit == 0 || run->is_skipped[commit])
        return false;
    while (before-- > 0 && run->is_skipped[before])
        continue;
    return memcmp(&run->versions[before * n], &run->versions[commit * n], n * sizeof *run->versions)
           != 0;
}

/* The tip that a merge brought: its second parent. */
static struct view merged_by(const struct git_commit *commit)
{
    struct view rest = commit->parents;

    if (commit->parent_count < 2)
        return view_of("");
    (void)view_split(&rest, ' ');
    return view_split(&rest, ' ');
}

static int tell_commits(struct bisect_run *run)
{
    struct bisect_commit *told = arena_new(&run->arena, run->commit_count, sizeof *told);

    if (told == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < run->commit_count; i++)
        told[i] = (struct bisect_commit){
            .name = run->commits[i].name,
            .subject = run->commits[i].subject,
            .author = run->commits[i].author,
            .date = run->commits[i].date,
            .merged = merged_by(&run->commits[i]),
            .skipped = run->skipped[i],
            .is_changed = changes(run, i),
            .posterior = bisect_posterior(run->machine, i),
            .seen = bisect_seen(run->machine, i),
        };
    run->report.commits = told;
    run->report.commit_count = run->commit_count;
    return 0;
}

static int tell_entries(struct bisect_run *run)
{
    struct view *ids = arena_new(&run->arena, run->item_count, sizeof *ids);
    size_t count = 0;

    if (ids == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < run->item_count; i++)
        if (bisect_is_discordant(run->machine, i))
            ids[count++] = run->today.set.entries[run->today.items[i].entry].id;
    run->report.discordant = ids;
    run->report.discordant_count = count;
    return 0;
}

static int tell_diff(struct bisect_run *run, struct err *reterr)
{
    const struct bisect_result *result = &run->report.result;
    struct strbuf text;

    if (!result->is_searched)
        return 0;
    strbuf_init(&text, 1 << 20);
    int code = bisect_line_diff(run, result->before, result->best, &text, reterr);
    if (code == 0 && arena_copy(&run->arena, strbuf_view(&text), &run->report.diff) != 0)
        code = bisect_no_memory(reterr);
    strbuf_release(&text);
    return code;
}

static void note_skipped(struct bisect_run *run)
{
    const struct bisect_result *result = &run->report.result;
    size_t skipped = 0;
    size_t between = 0;

    for (size_t i = 0; i < run->commit_count; i++)
        skipped += run->is_skipped[i];
    if (skipped > 0)
        bisect_note(run, "%zu commits do not load and were skipped", skipped);
    for (size_t i = result->before + 1; result->is_searched && i < result->best; i++)
        between += run->is_skipped[i];
    if (between > 0)
        bisect_note(run,
                    "%zu of them come right before %.12s: the fault may have come with one of "
                    "them",
                    between, run->commits[result->best].name.ptr);
}

static void note_merge(struct bisect_run *run)
{
    const struct bisect_result *result = &run->report.result;
    struct view base = {"", 0};
    struct err ignored;

    if (!result->is_searched || result->outcome != BISECT_FOUND)
        return;
    const char *tip = arena_string(&run->arena, merged_by(&run->commits[result->best]));
    if (tip == NULL || tip[0] == '\0'
        || git_merge_base(run->git, run->commits[result->best - 1].name, view_of(tip), &run->arena,
                          &base, &ignored)
               != 0
        || base.len == 0)
        return;
    bisect_note(run,
                "%.12s is a merge: 'assay bisect --good %.12s --bad %.12s' looks inside what it "
                "brought",
                run->commits[result->best].name.ptr, base.ptr, tip);
}

static int exit_status(const struct bisect_result *result)
{
    return result->outcome == BISECT_FOUND ? 0 : result->outcome == BISECT_INTERRUPTED ? 130 : 1;
}

int bisect_tell(struct bisect_run *run, struct err *reterr)
{
    struct bisect_report *report = &run->report;

    report->suite = run->today.suite->name;
    report->golden_file = run->today.suite->golden;
    report->target = run->options.plan->target;
    report->result = bisect_result(run->machine);
    report->calls_before = run->calls_before;
    report->calls_max = run->options.calls_max;
    report->cost_nano_usd = run->cost_nano_usd;
    report->cost_known = run->cost_known;
    report->cost_nano_usd_max = run->options.cost_nano_usd_max;
    report->exit_status = exit_status(&report->result);
    report->credible = arena_new(&run->arena, run->commit_count, sizeof *report->credible);
    if (report->credible == NULL || tell_commits(run) != 0 || tell_entries(run) != 0)
        return bisect_no_memory(reterr);
    report->credible_count = bisect_credible(run->machine, .95, report->credible);
    note_skipped(run);
    note_merge(run);
    if (run->is_resumed)
        bisect_note(run, "an earlier search was taken up again: %llu answers were known",
                    (unsigned long long)run->calls_before);
    return tell_diff(run, reterr);
}
