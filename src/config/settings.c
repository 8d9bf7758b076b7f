/* SPDX-License-Identifier: Apache-2.0
 *
 * settings: see settings.h. The tables (settings_tables.c) check each key by itself; what concerns
 * several keys together is checked here. */
#include "config/settings.h"

#include "base/nearest.h"
#include "base/path.h"
#include "config/alerts.h"
#include "config/settings_tables.h"
#include "config/yaml.h"

struct building {
    struct arena *arena;
    struct problems *problems;
    struct config_reader reader;
    struct settings settings;
};

/* ---- secrets -------------------------------------------------------------------------------- */

static bool is_secret(struct view key)
{
    static const char *const names[] = {"api_key",       "api-key",  "x-api-key",
                                        "authorization", "password", "secret_access_key",
                                        "routing_key",   "secret"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (view_equal_nocase(key, view_of(names[i])))
            return true;
    return false;
}

/* The key that names a file instead. */
static const char *file_key(struct view key)
{
    static const char *const names[] = {"url", "routing_key", "secret"};
    static const char *const files[] = {"url_file", "routing_key_file", "secret_file"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (view_is(key, names[i]))
            return files[i];
    return "api_key_file";
}

/* Addresses of which whoever knows them may post. */
static bool is_secret_address(struct view text)
{
    return view_starts(text, view_of("https://hooks.slack.com/"));
}

/* Recursion is bounded by the depth of the tree. */
static void check_secrets(struct problems *problems, const struct json *value)
{
    for (const struct json *child = value->child; child != NULL; child = child->next) {
        if (child->kind == JSON_STRING && child->text.len > 0
            && (is_secret(child->key) || is_secret_address(child->text))
            && !config_has_reference(child->text))
            problems_at(problems, child,
                        "%s is a secret and does not belong in a file: write a reference such as "
                        "${NAME}, or name a file with %s",
                        problems_quote(child->key).text, file_key(child->key));
        check_secrets(problems, child);
    }
}

/* ---- names ---------------------------------------------------------------------------------- */

bool settings_is_name(struct view name)
{
    if (name.len == 0 || name.len > SETTINGS_NAME_SIZE_MAX || view_is(name, ".")
        || view_is(name, ".."))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')
            && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

static void check_name(struct building *building, const struct json *member, const char *what)
{
    if (!settings_is_name(member->key))
        problems_at_key(building->problems, member,
                        "%s is no name for a %s: take 1 to 64 of A-Z a-z 0-9 . _ -",
                        problems_quote(member->key).text, what);
}

/* The index of the target of that name; target_count where there is none. */
static size_t find_target(const struct settings *settings, struct view name)
{
    size_t i = 0;
    while (i < settings->target_count && !view_equal(settings->targets[i].name, name))
        i++;
    return i;
}

static int unknown_target(struct building *building, const struct json *where, struct view name,
                          const char *otherwise)
{
    const struct settings *settings = &building->settings;
    struct view *names = arena_new(building->arena, settings->target_count, sizeof *names);

    if (names == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < settings->target_count; i++)
        names[i] = settings->targets[i].name;
    struct view near = nearest_of(name, names, settings->target_count);
    if (near.ptr != NULL)
        return problems_at(building->problems, where, "unknown target %s, did you mean '%.*s'?",
                           problems_quote(name).text, VIEW_ARG(near));
    return problems_at(building->problems, where, "unknown target %s: %s",
                       problems_quote(name).text, otherwise);
}

/* ---- targets -------------------------------------------------------------------------------- */

#define KIND(kind) (1u << (kind))
#define ANY_KIND (KIND(SETTINGS_SIM + 1) - 1u)
#define WITH_URL (ANY_KIND & ~(KIND(SETTINGS_EXEC) | KIND(SETTINGS_SIM)))

/* Keys that only some kinds understand. */
struct key_kinds {
    const char *key;
    unsigned kinds;
    const char *of; /* for the message */
};

static const struct key_kinds key_kinds[] = {
    {"api", KIND(SETTINGS_BEDROCK), "bedrock"},
    {"region", KIND(SETTINGS_BEDROCK), "bedrock"},
    {"aws_profile", KIND(SETTINGS_BEDROCK), "bedrock"},
    {"calibration", KIND(SETTINGS_BEDROCK) | KIND(SETTINGS_OPENAI), "bedrock and openai"},
    {"method", KIND(SETTINGS_HTTP), "http"},
    {"body", KIND(SETTINGS_HTTP), "http"},
    {"text", KIND(SETTINGS_HTTP) | KIND(SETTINGS_WEBSOCKET), "http and websocket"},
    {"send", KIND(SETTINGS_WEBSOCKET), "websocket"},
    {"done", KIND(SETTINGS_WEBSOCKET), "websocket"},
    {"command", KIND(SETTINGS_EXEC), "exec"},
    {"seed", KIND(SETTINGS_SIM), "sim"},
    {"profile", KIND(SETTINGS_SIM), "sim"},
    {"defect", KIND(SETTINGS_SIM), "sim"},
    {"url", WITH_URL, "every kind but exec and sim"},
    {"endpoint", WITH_URL, "every kind but exec and sim"},
};

/* Keys of which a kind needs one. */
struct kind_needs {
    const char *one;
    const char *other; /* NULL: none */
};

static const struct kind_needs kind_needs[] = {
    [SETTINGS_BEDROCK] = {"model", NULL}, [SETTINGS_ANTHROPIC] = {"model", NULL},
    [SETTINGS_OPENAI] = {"model", "url"}, [SETTINGS_HTTP] = {"url", NULL},
    [SETTINGS_WEBSOCKET] = {"url", NULL}, [SETTINGS_EXEC] = {"command", NULL},
    [SETTINGS_SIM] = {NULL, NULL},
};

static bool given(const struct json *map, const char *key)
{
    const struct json *value = json_get(map, key);
    return value != NULL && value->kind != JSON_NULL
           && !(value->kind == JSON_STRING && value->text.len == 0);
}

/* `name:` with nothing after it is an empty mapping. */
static bool is_mapping(const struct json *value)
{
    return value->kind == JSON_OBJECT || value->kind == JSON_NULL;
}

static void check_both(struct building *building, const struct json *map, const char *one,
                       const char *other)
{
    if (given(map, one) && given(map, other))
        problems_at_key(building->problems, json_get(map, other),
                        "'%s' and '%s' are both given: keep one of them", one, other);
}

static void check_kind(struct building *building, const struct json *map,
                       const struct settings_target *target)
{
    const struct kind_needs *needs = &kind_needs[target->kind];
    const char *kind = settings_kind_name(target->kind);

    for (size_t i = 0; i < sizeof key_kinds / sizeof key_kinds[0]; i++)
        if (given(map, key_kinds[i].key) && (key_kinds[i].kinds & KIND(target->kind)) == 0)
            problems_at_key(building->problems, json_get(map, key_kinds[i].key),
                            "'%s' belongs to targets of %s, and this one is of kind %s: remove it "
                            "or correct the kind",
                            key_kinds[i].key, key_kinds[i].of, kind);
    if (needs->one == NULL || given(map, needs->one))
        return;
    bool url = strcmp(needs->one, "url") == 0;
    if (needs->other != NULL || url) {
        if (given(map, "url") || given(map, "endpoint"))
            return;
    }
    problems_at(building->problems, map, "a target of kind %s needs '%s'%s%s%s", kind, needs->one,
                needs->other != NULL ? " or '" : "", needs->other != NULL ? needs->other : "",
                needs->other != NULL ? "'" : "");
}

static void check_url(struct building *building, const struct json *map,
                      const struct settings_target *target)
{
    const struct json *value = given(map, "url") ? json_get(map, "url") : json_get(map, "endpoint");
    bool socket = target->kind == SETTINGS_WEBSOCKET;

    if (target->url.len == 0 || value == NULL)
        return;
    if (!view_starts(target->url, view_of(socket ? "ws://" : "http://"))
        && !view_starts(target->url, view_of(socket ? "wss://" : "https://")))
        problems_at(building->problems, value, "the url of this target must start with %s",
                    socket ? "ws:// or wss://" : "http:// or https://");
}

static int find_kind(struct building *building, const struct json *member,
                     struct settings_target *target)
{
    if (given(member, "kind") || settings_kind_of(target->name, &target->kind) == 0)
        return 0;
    return problems_at(building->problems, member,
                       "this target lacks 'kind': one of bedrock, anthropic, openai, http, "
                       "websocket, exec, sim");
}

static int read_target(struct building *building, const struct json *member,
                       struct settings_target *target)
{
    size_t before = building->problems->total;
    const struct json *command = json_get(member, "command");

    *target = (struct settings_target){
        .name = member != NULL ? member->key : (struct view)VIEW("sim"),
        .kind = SETTINGS_SIM,
        .price = {.input_micro = -1, .output_micro = -1},
        .at = member,
    };
    int code = config_read(&building->reader, settings_target_table(), member, target);
    if (member == NULL || code == ERR_MEMORY || !is_mapping(member))
        return code;
    check_name(building, member, "target");
    if (view_is(target->name, "builtin") || view_is(target->name, "tfidf")
        || view_is(target->name, "none"))
        problems_at_key(building->problems, member,
                        "'%.*s' names an embedding: call the target otherwise",
                        VIEW_ARG(target->name));
    check_both(building, member, "url", "endpoint");
    check_both(building, member, "api_key", "api_key_file");
    target->command_is_line = json_is(command, JSON_STRING);
    if (find_kind(building, member, target) == 0 && before == building->problems->total) {
        check_kind(building, member, target);
        check_url(building, member, target);
    }
    if (target->pool.max != 0 && target->pool.min > target->pool.max)
        problems_at(building->problems, json_get(member, "pool"),
                    "the pool's min %lld is more than its max %lld", (long long)target->pool.min,
                    (long long)target->pool.max);
    return 0;
}

static int check_count(struct building *building, const struct json *map, const char *what)
{
    if (map != NULL && map->count > SETTINGS_NAMES_MAX)
        return problems_at(building->problems, map, "more than 1,000 %s: split the file", what);
    return 0;
}

static int read_targets(struct building *building, const struct json *map)
{
    struct settings *settings = &building->settings;
    size_t count = map != NULL ? map->count : 0;
    int code = check_count(building, map, "targets");

    if (code != 0)
        return code;
    settings->targets = arena_new(building->arena, count + 1, sizeof *settings->targets);
    if (settings->targets == NULL)
        return ERR_MEMORY;
    for (const struct json *member = map != NULL ? map->child : NULL; member != NULL;
         member = member->next) {
        code = read_target(building, member, &settings->targets[settings->target_count++]);
        if (code == ERR_MEMORY)
            return code;
    }
    if (find_target(settings, view_of("sim")) < settings->target_count)
        return 0;
    return read_target(building, NULL, &settings->targets[settings->target_count++]);
}

/* ---- suites --------------------------------------------------------------------------------- */

static int find_targets(struct building *building, const struct json *member,
                        struct settings_suite *suite)
{
    const struct settings *settings = &building->settings;
    const struct json *value =
        given(member, "targets") ? json_get(member, "targets") : json_get(member, "target");
    size_t *targets = arena_new(building->arena, suite->names.count + 1, sizeof *targets);

    if (targets == NULL)
        return ERR_MEMORY;
    suite->targets = targets;
    if (json_is(value, JSON_ARRAY) && value->count == 0)
        return problems_at(building->problems, value, "the list of targets is empty: name one");
    const struct json *item = json_is(value, JSON_ARRAY) ? value->child : value;
    for (size_t i = 0; i < suite->names.count; i++, item = item->next) {
        size_t found = find_target(settings, suite->names.items[i]);
        bool twice = false;
        for (size_t j = 0; j < suite->target_count; j++)
            twice = twice || targets[j] == found;
        if (twice)
            problems_at(building->problems, item, "the target '%.*s' is named twice",
                        VIEW_ARG(suite->names.items[i]));
        else if (found < settings->target_count)
            targets[suite->target_count++] = found;
        else if (unknown_target(building, item, suite->names.items[i],
                                "add it under targets, or name one that is there")
                 == ERR_MEMORY)
            return ERR_MEMORY;
    }
    return 0;
}

static int find_embedding(struct building *building, const struct json *member,
                          struct settings_suite *suite)
{
    static const char *const words[] = {"builtin", "tfidf", "none"};

    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (view_is(suite->embedding_name, words[i])) {
            suite->embedding = (enum settings_embedding)i;
            return 0;
        }
    }
    suite->embedding = SETTINGS_EMBEDDING_TARGET;
    suite->embedding_target = find_target(&building->settings, suite->embedding_name);
    if (suite->embedding_target < building->settings.target_count)
        return 0;
    struct view near =
        nearest_of(suite->embedding_name,
                   (const struct view[]){VIEW("builtin"), VIEW("tfidf"), VIEW("none")}, 3);
    if (near.ptr != NULL)
        return problems_at(building->problems, json_get(member, "embedding"),
                           "unknown embedding %s, did you mean '%.*s'?",
                           problems_quote(suite->embedding_name).text, VIEW_ARG(near));
    return unknown_target(building, json_get(member, "embedding"), suite->embedding_name,
                          "an embedding is builtin, tfidf, none or one of the targets");
}

int settings_repeat(struct view text, int64_t *ret_repeat, int64_t *ret_max)
{
    int64_t repeat = 0;
    int64_t most = 0;
    struct view rest = text;

    if (view_is(text, "auto")) {
        most = SETTINGS_REPEAT_AUTO;
    } else if (view_is(view_split(&rest, ':'), "auto")) {
        if (view_to_int(rest, &most) != 0 || most < 2 || most > SETTINGS_REPEAT_AUTO_MAX)
            return ERR_INVALID;
    } else if (view_to_int(text, &repeat) != 0 || repeat < 1 || repeat > SETTINGS_REPEAT_MAX) {
        return ERR_INVALID;
    }
    *ret_repeat = repeat;
    *ret_max = most;
    return 0;
}

static int read_repeat(struct building *building, struct settings_suite *suite)
{
    const struct json *written = suite->repeat_written;

    suite->repeat = 1;
    if (written == NULL)
        return 0;
    if ((json_is(written, JSON_NUMBER) || json_is(written, JSON_STRING))
        && settings_repeat(written->text, &suite->repeat, &suite->repeat_max) == 0)
        return 0;
    int64_t number;
    if (json_is(written, JSON_NUMBER) && view_to_int(written->text, &number) == 0)
        return problems_at(building->problems, written, "'repeat' must be from 1 to %d, found %s",
                           SETTINGS_REPEAT_MAX, problems_quote(written->text).text);
    return problems_at(building->problems, written,
                       "'repeat' must be a whole number, found text %s: it may also be auto, or "
                       "auto:MAX with MAX from 2 to %d",
                       problems_quote(written->text).text, SETTINGS_REPEAT_AUTO_MAX);
}

static int read_suite(struct building *building, const struct json *member,
                      struct settings_suite *suite)
{
    *suite = (struct settings_suite){.name = member->key, .max_cost_micro = -1, .at = member};
    int code = config_read(&building->reader, settings_suite_table(), member, suite);
    if (code == ERR_MEMORY || !is_mapping(member))
        return code;
    check_name(building, member, "suite");
    check_both(building, member, "target", "targets");
    if (read_repeat(building, suite) == ERR_MEMORY)
        return ERR_MEMORY;
    const struct settings_thresholds *thresholds = &suite->thresholds;
    if (thresholds->critical_micro < thresholds->major_micro
        || thresholds->major_micro < thresholds->minor_micro)
        problems_at(building->problems, json_get(member, "thresholds"),
                    "thresholds must fall from critical over major to minor");
    code = find_targets(building, member, suite);
    if (code == ERR_MEMORY)
        return code;
    return find_embedding(building, member, suite);
}

static int read_suites(struct building *building, const struct json *map)
{
    struct settings *settings = &building->settings;
    int code = check_count(building, map, "suites");

    if (code != 0 || map == NULL)
        return code;
    settings->suites = arena_new(building->arena, map->count + 1, sizeof *settings->suites);
    if (settings->suites == NULL)
        return ERR_MEMORY;
    for (const struct json *member = map->child; member != NULL; member = member->next) {
        code = read_suite(building, member, &settings->suites[settings->suite_count++]);
        if (code == ERR_MEMORY)
            return code;
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* A file, or a URL of PostgreSQL. What other URLs hold is not repeated: a password may be in it. */
static int read_history(struct building *building, const struct json *root, struct view history)
{
    struct settings *settings = &building->settings;
    size_t scheme_len = view_find(history, view_of("://"), 0);

    settings->history_is_url = view_starts(history, view_of("postgres://"))
                               || view_starts(history, view_of("postgresql://"));
    if (settings->history_is_url) {
        settings->history = history;
        return 0;
    }
    if (scheme_len < history.len)
        return problems_at(building->problems, json_get(root, "history"),
                           "%.*s:// is no history that is known: name a file, or a database by "
                           "postgres://",
                           (int)(scheme_len < 20 ? scheme_len : 20), history.ptr);
    return path_resolve(building->arena, settings->folder, history, &settings->history);
}

int settings_read(struct arena *arena, struct view file, const struct json *root,
                  struct problems *problems, struct settings *ret_settings)
{
    struct settings_root top = {.targets = NULL};
    struct settings_alerts *alerts = arena_new(arena, 1, sizeof *alerts);
    struct building building = {
        .arena = arena,
        .problems = problems,
        .settings = {.file = file, .folder = path_folder(file)},
    };
    building.reader = (struct config_reader){arena, problems, building.settings.folder};

    if (alerts == NULL)
        return ERR_MEMORY;
    int code = config_read(&building.reader, settings_table(), root, &top);
    if (code != ERR_MEMORY)
        code = read_targets(&building, top.targets);
    if (code != ERR_MEMORY)
        code = read_suites(&building, top.suites);
    if (code != ERR_MEMORY)
        code = read_history(&building, root, top.history);
    if (code == ERR_MEMORY)
        return code;
    building.settings.gateway = top.gateway;
    if (settings_alerts_read(&building.reader, &building.settings, top.alerts, alerts)
        == ERR_MEMORY)
        return ERR_MEMORY;
    building.settings.alerts = alerts;
    if (problems->code != 0)
        return problems->code;
    *ret_settings = building.settings;
    return 0;
}

static int parse_root(struct arena *arena, struct view file, struct view text,
                      struct problems *problems, struct json **ret_root)
{
    struct err err = {.code = 0};

    if (file.len == 0) {
        *ret_root = json_new(arena, JSON_OBJECT);
        return *ret_root != NULL ? 0 : ERR_MEMORY;
    }
    if (yaml_parse(arena, file, text, ret_root, &err) != 0)
        return problems_take(problems, &err);
    if ((*ret_root)->kind == JSON_NULL)
        (*ret_root)->kind = JSON_OBJECT;
    if ((*ret_root)->kind != JSON_OBJECT)
        return problems_at(problems, *ret_root,
                           "a configuration is a mapping with targets and suites, found %s",
                           json_kind_name((*ret_root)->kind));
    return 0;
}

int settings_load(struct arena *arena, struct view file, struct view text,
                  const struct view *overrides, size_t override_count, config_lookup *lookup,
                  void *context, struct problems *problems, struct settings *ret_settings)
{
    struct json *root = NULL;
    int code = parse_root(arena, file, text, problems, &root);

    if (code != 0)
        return code;
    for (size_t i = 0; i < override_count; i++) {
        code = settings_set(arena, root, overrides[i], problems);
        if (code == ERR_MEMORY)
            return code;
    }
    check_secrets(problems, root);
    code = config_expand(arena, root, lookup, context, problems);
    if (code == ERR_MEMORY)
        return code;
    return settings_read(arena, file, root, problems, ret_settings);
}

const struct settings_target *settings_target_of(const struct settings *settings, struct view name)
{
    size_t i = find_target(settings, name);
    return i < settings->target_count ? &settings->targets[i] : NULL;
}

const struct settings_suite *settings_suite_of(const struct settings *settings, struct view name)
{
    for (size_t i = 0; i < settings->suite_count; i++)
        if (view_equal(settings->suites[i].name, name))
            return &settings->suites[i];
    return NULL;
}

const char *settings_place(const struct settings *settings, const struct json *at,
                           struct arena *arena)
{
    if (at == NULL)
        return arena_printf(arena, "built in");
    if (at->line == 0)
        return arena_printf(arena, "--set");
    return arena_printf(arena, "%.*s:%u:%u", VIEW_ARG(settings->file), (unsigned)at->key_line,
                        (unsigned)at->key_column);
}
