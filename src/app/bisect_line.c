/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect_line: the commits between good and bad, and what each asks of each entry, as numbers. */
#include "app/bisect_parts.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/path.h"
#include "shell/os/file.h"

enum { ENTRIES_BYTES_MAX = 256 << 20, KEY_BYTES_MAX = 1 << 16 };

static const size_t QUESTION_BYTES_MAX = (size_t)64 << 20;

/* ---- the work tree -------------------------------------------------------------------------- */

static int read_today(struct bisect_run *run, struct err *reterr)
{
    struct plan_options options = *run->options.plan;
    struct strbuf text;

    options.need_baseline = false;
    options.replaces = options.any_scorer = true; /* its baseline plays no part */
    int code = plan_make(&options, &run->today, reterr);
    if (code != 0)
        return code;
    run->has_today = true;
    const char *path = arena_string(&run->arena, run->today.suite->golden);
    if (path == NULL)
        return bisect_no_memory(reterr);
    strbuf_init(&text, ENTRIES_BYTES_MAX);
    code = file_read(path, &text, reterr);
    if (code == 0 && arena_copy(&run->arena, strbuf_view(&text), &run->entries_text) != 0)
        code = bisect_no_memory(reterr);
    strbuf_release(&text);
    run->entries =
        (struct plan_entries){.file = run->today.suite->golden, .text = run->entries_text};
    run->item_count = run->today.item_count;
    return code;
}

/* ---- the ends ------------------------------------------------------------------------------- */

static int refuse_ends(struct bisect_run *run, struct view good, struct view bad,
                       struct err *reterr)
{
    struct view base = {"", 0};
    bool swapped = false;

    int code = git_is_ancestor(run->git, bad, good, &swapped, reterr);
    if (code == 0 && swapped)
        return fail(reterr, ERR_USAGE,
                    "--good %s comes after --bad %s: the good commit is the earlier one",
                    run->options.good, run->options.bad);
    if (code == 0)
        code = git_merge_base(run->git, good, bad, &run->arena, &base, reterr);
    if (code != 0)
        return code;
    if (base.len == 0)
        return fail(reterr, ERR_USAGE, "--good %s and --bad %s have no history in common",
                    run->options.good, run->options.bad);
    return fail(reterr, ERR_USAGE,
                "--good %s is no ancestor of --bad %s: name the commit where they part, --good "
                "%.12s, if it was good",
                run->options.good, run->options.bad, base.ptr);
}

static int find_ends(struct bisect_run *run, struct view *ret_good, struct view *ret_bad,
                     struct err *reterr)
{
    bool is_line = false;
    int code = git_resolve(run->git, run->options.good, &run->arena, ret_good, reterr);

    if (code == 0)
        code = git_resolve(run->git, run->options.bad, &run->arena, ret_bad, reterr);
    if (code == 0 && view_equal(*ret_good, *ret_bad))
        return fail(reterr, ERR_USAGE, "--good %s and --bad %s are the same commit %.12s",
                    run->options.good, run->options.bad, ret_good->ptr);
    if (code == 0)
        code = git_is_ancestor(run->git, *ret_good, *ret_bad, &is_line, reterr);
    return code != 0 || is_line ? code : refuse_ends(run, *ret_good, *ret_bad, reterr);
}

static void note_line(struct bisect_run *run)
{
    const struct git_commit *commits = run->commits;
    size_t merges = 0;
    bool dirty = false;
    struct err ignored;

    for (size_t i = 1; i < run->commit_count; i++)
        merges += commits[i].parent_count > 1;
    if (merges > 0)
        bisect_note(run,
                    "%zu of the commits are merges: the line follows first parents, and a merge "
                    "stands for all that it brought",
                    merges);
    if (!view_starts(commits[1].parents, commits[0].name))
        bisect_note(run,
                    "the good commit is not on the line of first parents: what its first commit "
                    "%.12s differs in counts as that commit's",
                    commits[1].name.ptr);
    if (git_is_dirty(run->git, &dirty, &ignored) == 0 && dirty)
        bisect_note(run, "the work tree has changes that are not committed: its entries and what "
                         "they expect are used as they stand, its prompts are not asked");
}

static int read_commits(struct bisect_run *run, struct err *reterr)
{
    struct git_commit *between = NULL;
    size_t count = 0;
    struct view good;
    struct view bad;

    int code = find_ends(run, &good, &bad, reterr);
    if (code == 0)
        code = git_list(run->git, good, bad, true, &run->arena, &between, &count, reterr);
    if (code != 0)
        return code;
    run->commits = arena_new(&run->arena, count + 1, sizeof *run->commits);
    if (run->commits == NULL)
        return bisect_no_memory(reterr);
    code = git_describe(run->git, good, &run->arena, &run->commits[0], reterr);
    if (code != 0)
        return code;
    memcpy(run->commits + 1, between, count * sizeof *between);
    run->commit_count = count + 1;
    note_line(run);
    return 0;
}

/* ---- what a commit asks --------------------------------------------------------------------- */

/* Today's rules of judging over the commit's own settings. */
static int judge_as_today(struct bisect_run *run, struct plan *plan, struct err *reterr)
{
    const struct settings_suite *today = run->today.suite;
    struct settings_suite *suite = arena_new(&plan->arena, 1, sizeof *suite);

    if (suite == NULL)
        return bisect_no_memory(reterr);
    *suite = *plan->suite;
    suite->thresholds = today->thresholds;
    suite->embedding = today->embedding;
    suite->embedding_name = today->embedding_name;
    if (today->embedding == SETTINGS_EMBEDDING_TARGET) {
        struct view name = run->today.settings.targets[today->embedding_target].name;
        const struct settings_target *target = settings_target_of(&plan->settings, name);
        if (target == NULL)
            return fail(reterr, ERR_CONFIG, "it has no target '%.*s', which measures similarity",
                        VIEW_ARG(name));
        suite->embedding_target = (size_t)(target - plan->settings.targets);
    }
    plan->suite = suite;
    plan->repeat_max = 0;
    plan->max_cost_micro = -1;
    plan->quarantine = (struct quarantine){0};
    return 0;
}

static int make_plan(struct bisect_run *run, size_t commit, struct git_files *files,
                     struct plan *ret_plan, struct err *reterr)
{
    struct plan_options options = *run->options.plan;

    options.files = git_files_reader(files);
    options.entries_from = &run->entries;
    options.need_baseline = false;
    int code = plan_make(&options, ret_plan, reterr);
    if (code != 0)
        return code;
    code = judge_as_today(run, ret_plan, reterr);
    if (code != 0)
        plan_release(ret_plan);
    (void)commit;
    return code;
}

int bisect_line_plan(struct bisect_run *run, size_t commit, struct plan *ret_plan,
                     struct err *reterr)
{
    struct git_files *files = NULL;

    int code = git_files_open(run->git, run->commits[commit].name, &files, reterr);
    if (code == 0)
        code = make_plan(run, commit, files, ret_plan, reterr);
    git_files_close(files);
    return code;
}

/* The question with what judges its answer, as a number that is not 0. */
static int number_of(const struct plan *plan, size_t entry, size_t target, uint64_t *ret_version,
                     struct err *reterr)
{
    const struct golden_entry *golden = &plan->set.entries[entry];
    struct arena scratch;
    struct chat chat;
    struct digest parts[3] = {0}; /* of the target, the question, the schema */

    arena_init(&scratch, QUESTION_BYTES_MAX);
    int code = golden_render(&plan->set, entry, &scratch, &chat, reterr);
    if (code == 0
        && (golden_merge(&scratch, plan->suite->params, chat.params, &chat.params) != 0
            || answer_cache_target(plan->targets[target], plan->seed, NULL, &parts[0]) != 0
            || answer_cache_question(&parts[0], &chat, &parts[1]) != 0))
        code = bisect_no_memory(reterr);
    if (code == 0 && golden->expect.schema_file != EXPECT_NO_FILE)
        parts[2] = digest_of(plan->set.files[golden->expect.schema_file].text);
    arena_release(&scratch);
    if (code != 0)
        return code;
    struct digest whole = digest_of(view_make(parts, sizeof parts));
    memcpy(ret_version, whole.bytes, sizeof *ret_version);
    if (*ret_version == 0)
        *ret_version = 1;
    return 0;
}

static size_t target_named(const struct plan *plan, struct view name)
{
    for (size_t i = 0; i < plan->target_count; i++)
        if (view_equal(plan->targets[i]->name, name))
            return i;
    return SIZE_MAX;
}

static int number_items(struct bisect_run *run, const struct plan *plan, uint64_t *ret_versions,
                        struct err *reterr)
{
    const struct plan *today = &run->today;
    struct map ids;
    int code = 0;

    map_init(&ids, GOLDEN_ENTRIES_MAX, 13);
    for (size_t i = 0; i < plan->set.entry_count && code == 0; i++)
        code = map_put(&ids, plan->set.entries[i].id, &plan->set.entries[i]);
    if (code != 0)
        code = bisect_no_memory(reterr);
    for (size_t i = 0; i < run->item_count && code == 0; i++) {
        const struct plan_item *item = &today->items[i];
        const struct golden_entry *entry = map_get(&ids, today->set.entries[item->entry].id);
        size_t target = target_named(plan, today->targets[item->target]->name);
        if (entry != NULL && target != SIZE_MAX)
            code = number_of(plan, (size_t)(entry - plan->set.entries), target, &ret_versions[i],
                             reterr);
    }
    map_release(&ids);
    return code;
}

/* ---- the line ------------------------------------------------------------------------------- */

static bool asks_anything(const struct bisect_run *run, const uint64_t *versions)
{
    for (size_t i = 0; i < run->item_count; i++)
        if (versions[i] != 0)
            return true;
    return false;
}

/* A commit that does not load is skipped, but for the ends. */
static int skip(struct bisect_run *run, size_t commit, int code, struct err *err,
                struct err *reterr)
{
    if (code == ERR_MEMORY || code == ERR_TIMEOUT)
        return fail(reterr, code, "%s", err->text);
    if (commit == 0 || commit + 1 == run->commit_count)
        return fail(reterr, ERR_CONFIG, "%s %.12s does not load: %s",
                    commit == 0 ? "--good" : "--bad", run->commits[commit].name.ptr, err->text);
    struct view why = view_of(err->text);
    why = view_split(&why, '\n');
    run->is_skipped[commit] = true;
    return arena_copy(&run->arena, why, &run->skipped[commit]) == 0 ? 0 : bisect_no_memory(reterr);
}

static int read_commit(struct bisect_run *run, size_t commit, struct git_files *files,
                       struct err *reterr)
{
    uint64_t *versions = &run->versions[commit * run->item_count];
    struct err err = {0};
    struct plan plan;

    int code = make_plan(run, commit, files, &plan, &err);
    if (code == 0) {
        code = number_items(run, &plan, versions, &err);
        if (code == 0 && !asks_anything(run, versions))
            code = fail(&err, ERR_CONFIG, "none of today's entries can be asked there");
        plan_release(&plan);
    }
    return code == 0 ? 0 : skip(run, commit, code, &err, reterr);
}

static int copy_commit(struct bisect_run *run, size_t commit, struct err *reterr)
{
    size_t n = run->item_count;

    memcpy(&run->versions[commit * n], &run->versions[(commit - 1) * n], n * sizeof *run->versions);
    run->is_skipped[commit] = run->is_skipped[commit - 1];
    run->skipped[commit] = run->skipped[commit - 1];
    if (run->is_skipped[commit] && commit + 1 == run->commit_count)
        return fail(reterr, ERR_CONFIG, "--bad %.12s does not load: %.*s",
                    run->commits[commit].name.ptr, VIEW_ARG(run->skipped[commit]));
    return 0;
}

/* Most commits change nothing that a plan reads: only the others are planned. */
static int read_versions(struct bisect_run *run, struct err *reterr)
{
    struct git_files *files = NULL;
    int code = 0;

    for (size_t i = 0; i < run->commit_count && code == 0; i++) {
        bool same = false;
        if (files != NULL)
            code = git_files_same(files, run->commits[i].name, &same, reterr);
        if (code == 0 && same) {
            code = copy_commit(run, i, reterr);
            continue;
        }
        git_files_close(files);
        files = NULL;
        if (code == 0)
            code = git_files_open(run->git, run->commits[i].name, &files, reterr);
        if (code == 0)
            code = read_commit(run, i, files, reterr);
    }
    git_files_close(files);
    return code;
}

/* Of the ends: an entry that one of them cannot ask is not compared. */
static void note_entries(struct bisect_run *run)
{
    const uint64_t *good = run->versions;
    const uint64_t *bad = &run->versions[(run->commit_count - 1) * run->item_count];
    size_t lacking = 0;
    size_t same = 0;
    struct view first = {"", 0};

    for (size_t i = 0; i < run->item_count; i++) {
        same += good[i] != 0 && good[i] == bad[i];
        if (good[i] != 0 && bad[i] != 0)
            continue;
        if (lacking++ == 0)
            first = run->today.set.entries[run->today.items[i].entry].id;
    }
    if (lacking > 0)
        bisect_note(run,
                    "%zu of %zu entries cannot be asked at one of the ends and are left out: "
                    "'%.*s'%s",
                    lacking, run->item_count, VIEW_ARG(first), lacking > 1 ? " and others" : "");
    if (same > 0)
        bisect_note(run, "%zu of %zu entries ask the same at both ends and are left out", same,
                    run->item_count);
}

int bisect_line_read(struct bisect_run *run, struct err *reterr)
{
    const char *config = run->options.plan->config;
    const char *folder = ".";
    int code = read_today(run, reterr);

    if (code == 0 && config != NULL) {
        folder = arena_string(&run->arena, path_directory(view_of(config)));
        if (folder == NULL)
            return bisect_no_memory(reterr);
    }
    if (code == 0)
        code = git_open(folder, 0, &run->git, reterr);
    if (code == 0)
        code = read_commits(run, reterr);
    if (code != 0)
        return code;
    size_t count = run->commit_count;
    if (count > BISECT_CELLS_MAX / run->item_count)
        return fail(reterr, ERR_LIMIT,
                    "%zu commits with %zu entries are too much: choose closer "
                    "ends, or entries with --entry",
                    count, run->item_count);
    run->versions = arena_new(&run->arena, count * run->item_count, sizeof *run->versions);
    run->skipped = arena_new(&run->arena, count, sizeof *run->skipped);
    run->is_skipped = arena_new(&run->arena, count, sizeof *run->is_skipped);
    if (run->versions == NULL || run->skipped == NULL || run->is_skipped == NULL)
        return bisect_no_memory(reterr);
    code = read_versions(run, reterr);
    if (code == 0)
        note_entries(run);
    return code;
}

/* ---- differences ---------------------------------------------------------------------------- */

static int paths_of(struct bisect_run *run, size_t commit, struct view *paths, size_t room,
                    size_t *count, struct err *reterr)
{
    struct git_files *files = NULL;
    struct plan plan;
    size_t read_count = 0;
    int code = git_files_open(run->git, run->commits[commit].name, &files, reterr);

    if (code != 0)
        return code;
    code = make_plan(run, commit, files, &plan, reterr);
    if (code == 0)
        plan_release(&plan);
    const struct view *read = git_files_paths(files, &read_count);
    for (size_t i = 0; i < read_count && code == 0 && *count < room; i++) {
        bool known = false;
        for (size_t j = 0; j < *count && !known; j++)
            known = view_equal(paths[j], read[i]);
        if (!known && arena_copy(&run->arena, read[i], &paths[(*count)++]) != 0)
            code = bisect_no_memory(reterr);
    }
    git_files_close(files);
    return code;
}

int bisect_line_diff(struct bisect_run *run, size_t before, size_t after, struct strbuf *out,
                     struct err *reterr)
{
    enum { PATHS_MAX = 20, DIFF_BYTES_MAX = 16 << 10 };
    struct view paths[PATHS_MAX];
    size_t count = 0;

    int code = paths_of(run, after, paths, PATHS_MAX, &count, reterr);
    if (code == 0)
        code = paths_of(run, before, paths, PATHS_MAX, &count, reterr);
    if (code == 0)
        code = git_diff(run->git, run->commits[before].name, run->commits[after].name, paths,
                        count < PATHS_MAX ? count : 0, DIFF_BYTES_MAX, out, reterr);
    return code;
}
