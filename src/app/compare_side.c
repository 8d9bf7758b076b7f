/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_side: see compare_side.h. */
#include "app/compare_side.h"

#include "app/run_find.h"
#include "base/map.h"
#include "shell/os/file.h"

enum { FIRST_LINE_BYTES_MAX = 1 << 20, GOLDEN_BYTES_MAX = 1 << 28 };

static const size_t ARENA_BYTES_MAX = (size_t)16 << 30;
static const size_t RECORDED_BYTES_MAX = (size_t)1 << 30;

static int no_memory(const char *name, struct err *reterr)
{
    return fail(reterr, ERR_MEMORY, "%s: no memory for this side", name);
}

/* ---- what a name means ----------------------------------------------------------------------- */

static const char *const prefixes[] = {"target:", "rev:", "set:"};
enum { PREFIX_TARGET, PREFIX_REV, PREFIX_SET, PREFIXES };

static int prefix_of(struct view text)
{
    for (int i = 0; i < PREFIXES; i++)
        if (view_starts(text, view_of(prefixes[i])))
            return i;
    return PREFIXES;
}

/* The parts of a live side's name. */
struct live {
    const char *target;
    const char *rev;
    const char *overrides[COMPARE_SIDE_OVERRIDES_MAX];
    size_t override_count;
};

static int put_part(struct live *live, struct arena *arena, const char *name, struct view part,
                    struct err *reterr)
{
    int prefix = prefix_of(part);
    struct view value = view_slice(part, strlen(prefixes[prefix]), part.len);
    const char *text = arena_string(arena, value);

    if (text == NULL)
        return no_memory(name, reterr);
    if (value.len == 0)
        return fail(reterr, ERR_USAGE, "%s: nothing stands after '%s'", name, prefixes[prefix]);
    if (prefix == PREFIX_SET) {
        if (view_find_byte(value, '=') == value.len)
            return fail(reterr, ERR_USAGE, "%s: '%s' must be KEY=VALUE, like suites.manga.repeat=5",
                        name, text);
        if (live->override_count == COMPARE_SIDE_OVERRIDES_MAX)
            return fail(reterr, ERR_USAGE, "%s: more than %d settings", name,
                        COMPARE_SIDE_OVERRIDES_MAX);
        live->overrides[live->override_count++] = text;
        return 0;
    }
    const char **place = prefix == PREFIX_TARGET ? &live->target : &live->rev;
    if (*place != NULL)
        return fail(reterr, ERR_USAGE, "%s: names two of '%s'", name, prefixes[prefix]);
    *place = text;
    return 0;
}

/* A comma separates parts only where a prefix follows: values may hold commas. */
static size_t part_end(struct view rest)
{
    for (size_t at = 0; at < rest.len; at++)
        if (rest.ptr[at] == ',' && prefix_of(view_slice(rest, at + 1, rest.len)) != PREFIXES)
            return at;
    return rest.len;
}

static int read_name(struct live *live, struct arena *arena, const char *name, struct err *reterr)
{
    struct view rest = view_of(name);
    int code = 0;

    while (code == 0 && rest.len > 0) {
        size_t end = part_end(rest);
        code = put_part(live, arena, name, view_slice(rest, 0, end), reterr);
        rest = view_slice(rest, end + 1, rest.len);
    }
    return code;
}

/* True where the first line that is not blank is an answer of recorded.h. */
static bool is_recorded(struct view text)
{
    struct view line = view_of("");
    struct json *root = NULL;
    struct arena arena;

    while (line.len == 0 && text.ptr != NULL)
        line = view_trim(view_split(&text, '\n'));
    if (line.len == 0 || line.ptr[0] != '{' || line.len > FIRST_LINE_BYTES_MAX)
        return false;
    arena_init(&arena, 64 * (size_t)FIRST_LINE_BYTES_MAX);
    bool is = json_parse(&arena, line, &root, NULL) == 0 && json_get(root, "id") != NULL
              && (json_get(root, "response") != NULL || json_get(root, "responses") != NULL);
    arena_release(&arena);
    return is;
}

/* ---- planning -------------------------------------------------------------------------------- */

static struct plan_options plan_options_of(const struct compare_side_options *options)
{
    return (struct plan_options){
        .config = options->config,
        .suite = options->suite,
        .tags = options->tags,
        .tag_count = options->tag_count,
        .overrides = options->overrides,
        .override_count = options->override_count,
        .repeat = options->repeat,
        .concurrency = options->concurrency,
        .seed = options->seed,
        .max_cost_micro = options->max_cost_micro,
    };
}

static int plan_side(struct compare_side *side, const struct plan_options *options,
                     struct err *reterr)
{
    int code = plan_make(options, &side->plan, reterr);

    side->has_plan = code == 0;
    return code;
}

/* The entries of today, which the revision is asked. */
static int read_entries(struct compare_side *side, const struct plan_options *options,
                        struct err *reterr)
{
    struct settings settings;

    int code = plan_settings(&side->arena, options->config, options->overrides,
                             options->override_count, &settings, reterr);
    if (code != 0)
        return code;
    const struct settings_suite *suite = options->suite != NULL
                                             ? settings_suite_of(&settings, view_of(options->suite))
                                         : settings.suite_count == 1 ? &settings.suites[0]
                                                                     : NULL;
    if (suite == NULL)
        return fail(reterr, ERR_CONFIG, "%s: %s", side->name,
                    options->suite != NULL ? "there is no suite of that name"
                                           : "there is not exactly one suite: say --suite");
    const char *path = arena_string(&side->arena, suite->golden);
    if (path == NULL)
        return no_memory(side->name, reterr);
    strbuf_init(&side->entries_text, GOLDEN_BYTES_MAX);
    code = file_read(path, &side->entries_text, reterr);
    side->entries = (struct plan_entries){suite->golden, strbuf_view(&side->entries_text)};
    return code;
}

static int open_revision(struct compare_side *side, const char *rev, struct plan_options *options,
                         struct err *reterr)
{
    struct view commit = view_of("");

    int code = git_open(".", 0, &side->git, reterr);
    if (code == 0)
        code = git_resolve(side->git, rev, &side->arena, &commit, reterr);
    if (code == 0)
        code = read_entries(side, options, reterr);
    if (code == 0)
        code = git_files_open(side->git, commit, &side->files, reterr);
    if (code != 0)
        return code;
    options->files = git_files_reader(side->files);
    options->entries_from = &side->entries;
    return 0;
}

static int open_live(struct compare_side *side, const struct compare_side_options *given,
                     struct err *reterr)
{
    struct plan_options options = plan_options_of(given);
    struct live *live = arena_new(&side->arena, 1, sizeof *live);
    size_t capacity = given->override_count + COMPARE_SIDE_OVERRIDES_MAX;
    const char **overrides = arena_new(&side->arena, capacity, sizeof *overrides);

    if (live == NULL || overrides == NULL)
        return no_memory(side->name, reterr);
    int code = read_name(live, &side->arena, side->name, reterr);
    if (code != 0)
        return code;
    for (size_t i = 0; i < given->override_count; i++)
        overrides[i] = given->overrides[i];
    for (size_t i = 0; i < live->override_count; i++)
        overrides[given->override_count + i] = live->overrides[i];
    options.overrides = overrides;
    options.override_count = given->override_count + live->override_count;
    options.target = live->target;
    if (live->rev != NULL)
        code = open_revision(side, live->rev, &options, reterr);
    if (code == 0)
        code = plan_side(side, &options, reterr);
    side->is_live = code == 0;
    return code;
}

static int open_recorded(struct compare_side *side, struct view text,
                         const struct compare_side_options *options, struct err *reterr)
{
    struct plan_options plan_options = plan_options_of(options);

    int code = plan_side(side, &plan_options, reterr);
    if (code != 0)
        return code;
    if (recorded_parse(&side->arena, view_of(side->name), text, &side->recorded) != 0)
        return no_memory(side->name, reterr);
    side->has_recorded = true;
    if (side->recorded.bad_lines > 0)
        return fail(reterr, ERR_SYNTAX, "%s", side->recorded.first_bad.text);
    return 0;
}

static int open_found(struct compare_side *side, const struct compare_side_options *options,
                      struct err *reterr)
{
    struct run_find where = {
        .config = options->config,
        .suite = options->suite,
        .overrides = options->overrides,
        .override_count = options->override_count,
    };

    int code = run_find(&where, side->name, &side->arena, &side->stored, reterr);
    if (code == 0)
        side->result = &side->stored;
    return code;
}

/* Recorded answers are told from reports by their first line. */
static int open_file(struct compare_side *side, const struct compare_side_options *options,
                     struct err *reterr)
{
    bool is_input = view_is(view_of(side->name), "-");
    struct strbuf text;

    strbuf_init(&text, RECORDED_BYTES_MAX);
    int code = is_input ? file_read_from(0, "standard input", &text, reterr)
                        : file_read(side->name, &text, reterr);
    bool is = code == 0 && is_recorded(strbuf_view(&text));
    if (is)
        code = open_recorded(side, strbuf_view(&text), options, reterr);
    else if (code == 0 && is_input)
        code =
            fail(reterr, ERR_SYNTAX,
                 "standard input: holds no recorded answers (JSON Lines {\"id\", \"response\"})");
    strbuf_release(&text);
    return code == 0 && !is ? open_found(side, options, reterr) : code;
}

int compare_side_open(struct compare_side *side, const char *name,
                      const struct compare_side_options *options, struct err *reterr)
{
    side->name = name;
    arena_init(&side->arena, ARENA_BYTES_MAX);
    if (name[0] == '\0')
        return fail(reterr, ERR_USAGE, "a side of the comparison has an empty name");
    if (prefix_of(view_of(name)) != PREFIXES)
        return open_live(side, options, reterr);
    if (view_is(view_of(name), "-") || (name[0] != '@' && file_exists(name)))
        return open_file(side, options, reterr);
    return open_found(side, options, reterr);
}

void compare_side_release(struct compare_side *side)
{
    golden_run_free(side->run);
    if (side->has_recorded)
        recorded_release(&side->recorded);
    if (side->has_plan)
        plan_release(&side->plan);
    git_files_close(side->files);
    git_close(side->git);
    strbuf_release(&side->entries_text);
    arena_release(&side->arena);
    *side = (struct compare_side){0};
}

/* ---- the run --------------------------------------------------------------------------------- */

int compare_side_prepare(struct compare_side *side, const struct host *host,
                         const struct golden_run_options *options, struct err *reterr)
{
    struct golden_run_options own = *options;

    if (!side->has_plan)
        return 0;
    own.recorded = side->has_recorded ? &side->recorded : NULL;
    return golden_run_new(&side->plan, host, &own, &side->run, reterr);
}

int compare_side_finish(struct compare_side *side, struct err *reterr)
{
    if (side->run == NULL)
        return 0;
    return golden_run_finish(side->run, &side->result, reterr);
}

/* ---- --filter -------------------------------------------------------------------------------- */

bool compare_side_has_tags(const struct run *run)
{
    for (size_t i = 0; i < run->entry_count; i++)
        if (run->entries[i].tag_count > 0)
            return true;
    return false;
}

static bool has_tag(const struct run_entry *entry, const char *const *tags, size_t tag_count)
{
    for (size_t i = 0; i < entry->tag_count; i++)
        for (size_t t = 0; t < tag_count; t++)
            if (view_is(entry->tags[i], tags[t]))
                return true;
    return false;
}

int compare_side_filter(struct compare_side *side, const struct run *other, const char *const *tags,
                        size_t tag_count)
{
    struct run *filtered = arena_new(&side->arena, 1, sizeof *filtered);
    const struct run *run = side->result;
    struct map ids;
    int code = 0;

    if (filtered == NULL)
        return ERR_MEMORY;
    *filtered = *run;
    filtered->entries = arena_new(&side->arena, run->entry_count + 1, sizeof *filtered->entries);
    filtered->entry_count = 0;
    if (filtered->entries == NULL)
        return ERR_MEMORY;
    map_init(&ids, SIZE_MAX, 11);
    for (size_t i = 0; other != NULL && i < other->entry_count && code == 0; i++)
        code = map_put(&ids, other->entries[i].id, filtered);
    for (size_t i = 0; i < run->entry_count; i++)
        if (other != NULL ? map_get(&ids, run->entries[i].id) != NULL
                          : has_tag(&run->entries[i], tags, tag_count))
            filtered->entries[filtered->entry_count++] = run->entries[i];
    map_release(&ids);
    side->result = filtered;
    return code;
}
