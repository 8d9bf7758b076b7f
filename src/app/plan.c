/* SPDX-License-Identifier: Apache-2.0
 *
 * plan: see plan.h. Each step is a function; plan_make is their list. */
#include "app/plan.h"

#include "app/plan_checks.h"
#include "app/plan_expectations.h"
#include "app/plan_texts.h"
#include "base/nearest.h"
#include "core/golden/adaptive_repeats.h"
#include "shell/os/env.h"
#include "shell/os/file.h"
#include "shell/os/file_map.h"
#include "base/path.h"
#include "text/calibration.h"

enum {
    CONFIG_BYTES_MAX = 64 << 20,
    GOLDEN_BYTES_MAX = 256 << 20,
    BASELINE_BYTES_MAX = 1 << 30,
    SIGNOFFS_BYTES_MAX = 256 << 20,
    NAMES_MAX = 64,
    OVERRIDES_MAX = 64,
};

static const size_t ARENA_BYTES_MAX = (size_t)4 << 30;

struct planning {
    const struct plan_options *options;
    struct plan *plan;
    struct problems problems;
    struct err *reterr;
};

static int no_memory(struct err *reterr)
{
    return fail(reterr, ERR_MEMORY, "no memory to plan this run");
}

/* The whole file in the arena; `files` NULL: of the file system. */
static int read_into(struct arena *arena, const struct plan_files *files, const char *path,
                     size_t limit, struct view *ret_text, struct err *reterr)
{
    struct strbuf content;

    strbuf_init(&content, limit);
    int code = files != NULL ? files->read(files->context, path, &content, reterr)
                             : file_read(path, &content, reterr);
    if (code == 0 && arena_copy(arena, strbuf_view(&content), ret_text) != 0)
        code = no_memory(reterr);
    strbuf_release(&content);
    return code;
}

/* A file that need not be kept. */
static int open_text(const struct plan_files *files, const char *path, size_t limit,
                     struct file_map *ret_map, struct err *reterr)
{
    if (files == NULL)
        return file_map_open(path, limit, ret_map, reterr);
    *ret_map = (struct file_map){0};
    strbuf_init(&ret_map->content, limit);
    int code = files->read(files->context, path, &ret_map->content, reterr);
    ret_map->text = strbuf_view(&ret_map->content);
    if (code != 0)
        file_map_close(ret_map);
    return code;
}

/* ---- settings ------------------------------------------------------------------------------- */

static bool look_up(void *context, struct view name, struct view *ret_value)
{
    struct view value = env_get(name);

    (void)context;
    if (value.ptr == NULL)
        return false;
    *ret_value = value;
    return true;
}

static int read_settings(struct arena *arena, const struct plan_files *files, const char *config,
                         const char *const *overrides, size_t override_count,
                         struct settings *ret_settings, struct err *reterr)
{
    struct problems problems;
    struct view views[OVERRIDES_MAX];
    struct view text = {"", 0};
    struct view file = {"", 0};

    if (config == NULL && (files != NULL || file_exists("assay.yaml")))
        config = "assay.yaml";
    if (config != NULL) {
        file = view_of(config);
        int code = read_into(arena, files, config, CONFIG_BYTES_MAX, &text, reterr);
        if (code != 0) /* a configuration that is named and missing is a mistake of the user's */
            return code == ERR_MISSING ? fail_within(reterr, ERR_CONFIG, "%s", "") : code;
    }
    if (override_count > OVERRIDES_MAX)
        override_count = OVERRIDES_MAX;
    for (size_t i = 0; i < override_count; i++)
        views[i] = view_of(overrides[i]);
    problems_init(&problems, arena, file);
    int code = settings_load(arena, file, text, views, override_count, look_up, NULL, &problems,
                             ret_settings);
    if (code == 0)
        return 0;
    return problems_status(&problems, reterr) != 0 ? code : no_memory(reterr);
}

int plan_settings(struct arena *arena, const char *config, const char *const *overrides,
                  size_t override_count, struct settings *ret_settings, struct err *reterr)
{
    return read_settings(arena, NULL, config, overrides, override_count, ret_settings, reterr);
}

static int load_settings(struct planning *planning)
{
    const struct plan_options *options = planning->options;

    return read_settings(&planning->plan->arena, options->files, options->config,
                         options->overrides, options->override_count, &planning->plan->settings,
                         planning->reterr);
}

/* ---- suite and targets ---------------------------------------------------------------------- */

static const char *suite_names(struct planning *planning)
{
    const struct settings *settings = &planning->plan->settings;
    struct strbuf names;

    strbuf_init(&names, 4096);
    for (size_t i = 0; i < settings->suite_count; i++)
        strbuf_printf(&names, "%s%.*s", i > 0 ? ", " : "", VIEW_ARG(settings->suites[i].name));
    const char *copy = arena_string(&planning->plan->arena, strbuf_view(&names));
    strbuf_release(&names);
    return copy != NULL ? copy : "";
}

static int choose_suite(struct planning *planning)
{
    struct plan *plan = planning->plan;
    const struct settings *settings = &plan->settings;
    const char *wanted = planning->options->suite;

    if (settings->file.len == 0)
        return fail(planning->reterr, ERR_CONFIG,
                    "there is no assay.yaml here: 'assay init' writes one, -c FILE names one");
    if (settings->suite_count == 0)
        return fail(planning->reterr, ERR_CONFIG,
                    "%.*s: has no suite: add 'suites:' with a golden set and a target",
                    VIEW_ARG(settings->file));
    if (wanted != NULL) {
        plan->suite = settings_suite_of(settings, view_of(wanted));
        if (plan->suite == NULL)
            return fail(planning->reterr, ERR_CONFIG, "%.*s: has no suite '%s'; it has %s",
                        VIEW_ARG(settings->file), wanted, suite_names(planning));
        return 0;
    }
    if (settings->suite_count > 1)
        return fail(planning->reterr, ERR_CONFIG,
                    "%.*s: has several suites: say --suite with one "
                    "of %s",
                    VIEW_ARG(settings->file), suite_names(planning));
    plan->suite = &settings->suites[0];
    return 0;
}

static int no_target(struct planning *planning, const char *name)
{
    const struct settings *settings = &planning->plan->settings;
    struct view names[NAMES_MAX];
    size_t count = 0;

    for (; count < settings->target_count && count < NAMES_MAX; count++)
        names[count] = settings->targets[count].name;
    struct view near = nearest_of(view_of(name), names, count);
    if (near.ptr != NULL)
        return fail(planning->reterr, ERR_CONFIG, "there is no target '%s', did you mean '%.*s'?",
                    name, VIEW_ARG(near));
    return fail(planning->reterr, ERR_CONFIG, "there is no target '%s' in %.*s", name,
                VIEW_ARG(settings->file));
}

static int choose_targets(struct planning *planning)
{
    struct plan *plan = planning->plan;
    const struct settings_suite *suite = plan->suite;
    size_t count = planning->options->target != NULL ? 1 : suite->target_count;

    if (count == 0)
        return fail(planning->reterr, ERR_CONFIG,
                    "%s: suite '%.*s' names no target: add 'target: sim' or another, or say "
                    "--target",
                    settings_place(&plan->settings, suite->at, &plan->arena),
                    VIEW_ARG(suite->name));
    plan->targets = arena_new(&plan->arena, count, sizeof(struct settings_target *));
    if (plan->targets == NULL)
        return no_memory(planning->reterr);
    plan->target_count = count;
    if (planning->options->target != NULL) {
        plan->targets[0] = settings_target_of(&plan->settings, view_of(planning->options->target));
        return plan->targets[0] != NULL ? 0 : no_target(planning, planning->options->target);
    }
    for (size_t i = 0; i < count; i++)
        plan->targets[i] = &plan->settings.targets[suite->targets[i]];
    return 0;
}

static int choose_numbers(struct planning *planning)
{
    const struct plan_options *options = planning->options;
    struct plan *plan = planning->plan;

    bool is_said = options->repeat > 0 || options->repeat_max > 0;
    plan->repeat = (uint32_t)(is_said ? options->repeat : plan->suite->repeat);
    plan->repeat_max = (uint32_t)(is_said ? options->repeat_max : plan->suite->repeat_max);
    if (plan->repeat_max > 0)
        plan->repeat = ADAPTIVE_REPEATS_FIRST;
    plan->max_cost_micro =
        options->max_cost_micro > 0 ? options->max_cost_micro : plan->suite->max_cost_micro;
    plan->concurrency =
        (uint32_t)(options->concurrency > 0 ? options->concurrency : plan->suite->concurrency);
    plan->seed = (uint64_t)(options->seed >= 0 ? options->seed : plan->suite->seed);
    plan->state_dir = plan->settings.folder.len > 0 ? arena_printf(&plan->arena, "%.*s/.assay",
                                                                   VIEW_ARG(plan->settings.folder))
                                                    : ".assay";
    if (plan->state_dir == NULL || plan_texts_new(plan->state_dir, &plan->texts) != 0)
        return no_memory(planning->reterr);
    return 0;
}

/* ---- the golden set ------------------------------------------------------------------------- */

/* A schema came later than the revision, often: today's judges its answers then. */
static int read_named(struct planning *planning, const struct golden_file *file, const char *path,
                      struct view *ret_text, struct err *reterr)
{
    const struct plan_files *files = planning->options->files;
    struct arena *arena = &planning->plan->arena;

    int code = read_into(arena, files, path, GOLDEN_BYTES_MAX, ret_text, reterr);
    if (code == ERR_MISSING && files != NULL && file->kind == GOLDEN_FILE_SCHEMA)
        code = read_into(arena, NULL, path, GOLDEN_BYTES_MAX, ret_text, reterr);
    return code;
}

static int read_files(struct planning *planning)
{
    struct golden_set *set = &planning->plan->set;

    for (size_t i = 0; i < set->file_count; i++) {
        struct err err = {0};
        struct view text;
        const char *path = arena_string(&planning->plan->arena, set->files[i].path);
        if (path == NULL)
            return no_memory(planning->reterr);
        int code = read_named(planning, &set->files[i], path, &text, &err);
        if (code == 0)
            code = golden_file_put(set, i, text);
        else
            code = golden_file_missing(set, i, err.text, &planning->problems) == ERR_MEMORY
                       ? ERR_MEMORY
                       : 0;
        if (code == ERR_MEMORY)
            return no_memory(planning->reterr);
    }
    return 0;
}

/* The set's own text, which is not kept. */
static int read_entries(struct planning *planning, struct view text)
{
    struct plan *plan = planning->plan;
    const struct plan_entries *from = planning->options->entries_from;

    problems_init(&planning->problems, &plan->arena, plan->suite->golden);
    if (from != NULL)
        return golden_load_adopting(&plan->arena, plan->suite->golden, text, from->file, from->text,
                                    &planning->problems, &plan->set, &plan->adopted);
    return golden_load(&plan->arena, plan->suite->golden, text, GOLDEN_FORM_AUTO,
                       &planning->problems, &plan->set);
}

static int load_golden(struct planning *planning)
{
    struct plan *plan = planning->plan;
    const char *path = arena_string(&plan->arena, plan->suite->golden);

    if (path == NULL)
        return no_memory(planning->reterr);
    struct file_map map;
    int code = open_text(planning->options->files, path, GOLDEN_BYTES_MAX, &map, planning->reterr);
    if (code == ERR_MISSING)
        return fail_within(planning->reterr, ERR_CONFIG, "%s: suite '%.*s': ",
                           settings_place(&plan->settings, plan->suite->at, &plan->arena),
                           VIEW_ARG(plan->suite->name));
    if (code != 0)
        return code;
    plan_texts_version(&map, plan->golden_version);
    code = read_entries(planning, map.text);
    file_map_close(&map);
    if (code == ERR_MEMORY)
        return no_memory(planning->reterr);
    code = read_files(planning);
    if (code != 0)
        return code;
    if (golden_resolve(&plan->set, &planning->problems) == ERR_MEMORY)
        return no_memory(planning->reterr);
    return problems_status(&planning->problems, planning->reterr);
}

static int load_quarantine(struct planning *planning)
{
    struct plan *plan = planning->plan;
    struct problems problems;
    struct config_reader reader = {&plan->arena, &problems, plan->settings.folder};

    if (planning->options->files != NULL)
        return 0; /* of a revision: what counts is what its prompts bring about */
    problems_init(&problems, &plan->arena, plan->settings.file);
    int code = quarantine_read(&reader, plan->suite->quarantine, &plan->set, &plan->quarantine);
    if (code == ERR_MEMORY)
        return no_memory(planning->reterr);
    return problems_status(&problems, planning->reterr);
}

static void add_part(struct strbuf *text, const char *role, struct view part)
{
    if (part.len == 0)
        return;
    strbuf_printf(text, "%s[%s]\n", text->len > 0 ? "\n" : "", role);
    strbuf_add(text, part);
    if (!view_ends(part, view_of("\n")))
        strbuf_add_byte(text, '\n');
}

/* A prompt as one text for people: who says what, templates as they stand. */
static int join_prompts(struct planning *planning)
{
    struct plan *plan = planning->plan;
    struct view *texts = arena_new(&plan->arena, plan->set.prompt_count, sizeof *texts);
    struct strbuf text;
    int code = texts != NULL ? 0 : ERR_MEMORY;

    strbuf_init(&text, GOLDEN_BYTES_MAX);
    for (size_t i = 0; i < plan->set.prompt_count && code == 0; i++) {
        const struct golden_prompt *prompt = &plan->set.prompts[i];
        strbuf_reset(&text);
        if (prompt->system.given)
            add_part(&text, "system", prompt->system.text);
        for (size_t j = 0; j < prompt->message_count; j++)
            add_part(&text, prompt->messages[j].role == CHAT_USER ? "user" : "assistant",
                     prompt->messages[j].text);
        code = strbuf_status(&text);
        if (code == 0)
            code = arena_copy(&plan->arena, strbuf_view(&text), &texts[i]);
    }
    strbuf_release(&text);
    plan->prompt_texts = texts;
    return code == 0 ? 0 : no_memory(planning->reterr);
}

/* ---- which entries -------------------------------------------------------------------------- */

static bool wanted(const struct plan_options *options, const struct golden_entry *entry)
{
    bool by_tag = options->tag_count == 0;
    bool by_id = options->id_count == 0;

    for (size_t i = 0; i < options->tag_count && !by_tag; i++)
        by_tag = golden_has_tag(entry, view_of(options->tags[i]));
    for (size_t i = 0; i < options->id_count && !by_id; i++)
        by_id = view_is(entry->id, options->ids[i]);
    return by_tag && by_id;
}

static int unknown_id(struct planning *planning, const char *id)
{
    const struct golden_set *set = &planning->plan->set;
    struct view near = {NULL, 0};
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < set->entry_count; i++) {
        size_t distance = nearest_distance(view_of(id), set->entries[i].id);
        if (distance < best && distance * 3 <= strlen(id)) {
            best = distance;
            near = set->entries[i].id;
        }
    }
    if (near.ptr != NULL)
        return fail(planning->reterr, ERR_USAGE, "%.*s has no entry '%s', did you mean '%.*s'?",
                    VIEW_ARG(set->file), id, VIEW_ARG(near));
    return fail(planning->reterr, ERR_USAGE, "%.*s has no entry '%s'", VIEW_ARG(set->file), id);
}

/* Today's golden set has it, the revision cannot ask it: told in plan->adopted. */
static bool is_left_out(const struct plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->adopted.unmatched_count; i++)
        if (!plan->adopted.unmatched[i].is_extra && view_is(plan->adopted.unmatched[i].id, id))
            return true;
    return false;
}

static int choose_items(struct planning *planning)
{
    struct plan *plan = planning->plan;
    const struct plan_options *options = planning->options;
    size_t room = plan->set.entry_count * plan->target_count;

    for (size_t i = 0; i < options->id_count; i++)
        if (golden_entry_of(&plan->set, view_of(options->ids[i])) == NULL
            && !is_left_out(plan, options->ids[i]))
            return unknown_id(planning, options->ids[i]);
    plan->items = arena_new(&plan->arena, room, sizeof *plan->items);
    if (plan->items == NULL)
        return no_memory(planning->reterr);
    size_t all = 0; /* of every shard */
    for (size_t i = 0; i < plan->set.entry_count; i++)
        for (size_t t = 0; t < plan->target_count; t++)
            if (wanted(options, &plan->set.entries[i]) && shard_has(&options->shard, all++))
                plan->items[plan->item_count++] = (struct plan_item){.entry = i, .target = t};
    plan->shard = options->shard;
    if (all == 0)
        return fail(planning->reterr, ERR_USAGE,
                    "%.*s: no entry has the tag '%s': see 'tags:' of its %zu entries",
                    VIEW_ARG(plan->set.file), options->tag_count > 0 ? options->tags[0] : "",
                    plan->set.entry_count);
    return 0;
}

static int make_expectations(struct planning *planning)
{
    return plan_expectations_make(planning->plan, planning->reterr);
}

static int make_checks(struct planning *planning)
{
    struct plan *plan = planning->plan;

    return plan_checks_new(plan, plan->state_dir, &plan->checks, planning->reterr);
}

/* ---- the baseline --------------------------------------------------------------------------- */

const char *plan_scorer(const struct plan *plan, struct arena *arena)
{
    static const char *const names[] = {
        [SETTINGS_EMBEDDING_BUILTIN] = "e5-small-q4",
        [SETTINGS_EMBEDDING_TFIDF] = "tfidf",
    };
    const struct settings_suite *suite = plan->suite;

    if (suite->embedding == SETTINGS_EMBEDDING_NONE)
        return "none";
    if (suite->embedding == SETTINGS_EMBEDDING_TARGET) {
        struct view model = plan->settings.targets[suite->embedding_target].model;
        return arena_printf(arena, "%.*s/own", VIEW_ARG(model));
    }
    const struct calibration *calibration = calibration_find(view_of(names[suite->embedding]));
    assert_always(calibration != NULL);
    return arena_printf(arena, "%s/%u", calibration->scorer, calibration->version);
}

static int check_scorer(struct planning *planning)
{
    struct plan *plan = planning->plan;
    const char *scorer = plan_scorer(plan, &plan->arena);

    if (scorer == NULL)
        return no_memory(planning->reterr);
    if (planning->options->any_scorer)
        return 0;
    if (!view_is(plan->baseline.scorer, scorer))
        return fail(planning->reterr, ERR_CONFIG,
                    "%s: its similarities were measured by '%.*s', this run uses '%s': run 'assay "
                    "baseline --rescore' (the accepted answers stay)",
                    plan->baseline_path, VIEW_ARG(plan->baseline.scorer), scorer);
    if (!view_is(plan->baseline.examine_scorer, EXAMINE_VERSION))
        return fail(planning->reterr, ERR_CONFIG,
                    "%s: was scored by version %.*s of the checks, this assay has version %s: run "
                    "'assay baseline --rescore' (the accepted answers stay)",
                    plan->baseline_path, VIEW_ARG(plan->baseline.examine_scorer), EXAMINE_VERSION);
    return 0;
}

static int load_baseline(struct planning *planning)
{
    struct plan *plan = planning->plan;
    struct file_map map;

    plan->baseline_path =
        arena_printf(&plan->arena, "%.*s/baselines/%.*s.jsonl",
                     VIEW_ARG(path_directory(plan->suite->golden)), VIEW_ARG(plan->suite->name));
    if (plan->baseline_path == NULL)
        return no_memory(planning->reterr);
    if (planning->options->files != NULL && !planning->options->need_baseline)
        return 0;
    if (!file_exists(plan->baseline_path)) {
        if (!planning->options->need_baseline)
            return 0;
        return fail(planning->reterr, ERR_CONFIG,
                    "%s: there is no baseline yet: record one with 'assay baseline'",
                    plan->baseline_path);
    }
    int code = file_map_open(plan->baseline_path, BASELINE_BYTES_MAX, &map, planning->reterr);
    if (code != 0)
        return code;
    const struct text_keeper keeper = plan_texts_keeper(plan->texts, &map);
    code = baseline_parse_kept(&plan->arena, &keeper, view_of(plan->baseline_path), map.text,
                               &plan->baseline, planning->reterr);
    if (code == 0)
        plan_texts_version(&map, plan->baseline_version);
    file_map_close(&map);
    if (code == ERR_CORRUPT && planning->options->replaces)
        return 0;
    if (code != 0)
        return code;
    plan->has_baseline = true;
    return check_scorer(planning);
}

/* Accepted regressions; where there is no such file, there are none. */
static int load_signoffs(struct planning *planning)
{
    struct plan *plan = planning->plan;
    struct view named = plan->suite->signoffs;
    struct view text;

    plan->signoffs_path = named.len != 0
                              ? arena_string(&plan->arena, named)
                              : arena_printf(&plan->arena, "%.*s/signoffs.jsonl",
                                             VIEW_ARG(path_directory(plan->suite->golden)));
    if (plan->signoffs_path == NULL)
        return no_memory(planning->reterr);
    if (planning->options->files != NULL || !file_exists(plan->signoffs_path))
        return 0;
    int code = read_into(&plan->arena, NULL, plan->signoffs_path, SIGNOFFS_BYTES_MAX, &text,
                         planning->reterr);
    return code != 0 ? code
                     : signoff_parse(&plan->arena, view_of(plan->signoffs_path), text,
                                     &plan->signoffs, planning->reterr);
}

int plan_make(const struct plan_options *options, struct plan *ret_plan, struct err *reterr)
{
    static int (*const steps[])(struct planning *) = {
        load_settings,     choose_suite,    choose_targets, choose_numbers,
        load_golden,       load_quarantine, join_prompts,   choose_items,
        make_expectations, make_checks,     load_baseline,  load_signoffs,
    };
    struct planning planning = {.options = options, .plan = ret_plan, .reterr = reterr};

    *ret_plan = (struct plan){0};
    arena_init(&ret_plan->arena, ARENA_BYTES_MAX);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        int code = steps[i](&planning);
        if (code != 0) {
            plan_release(ret_plan);
            return code;
        }
    }
    return 0;
}

void plan_release(struct plan *plan)
{
    plan_expectations_free(plan);
    plan_checks_free(plan->checks);
    plan_texts_free(plan->texts);
    arena_release(&plan->arena);
    *plan = (struct plan){0};
}
