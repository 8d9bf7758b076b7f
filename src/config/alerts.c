/* SPDX-License-Identifier: Apache-2.0
 *
 * alerts: see alerts.h. The tables check each key by itself; what concerns several together follows
 * them. */
#include "config/alerts.h"

#include <stdio.h>

#include "base/nearest.h"
#include "config/settings_tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, member) offsetof(struct type, member)

#define SECOND INT64_C(1000000000)
#define DAY (INT64_C(86400) * SECOND)

static const char *const alert_kinds[] = {"critical", "failed", "statistics", "error",
                                          "major",    "drift",  "pool",       "recovered"};
static const char *const channel_kinds[] = {"slack", "pagerduty", "webhook", NULL};
static const char *const whens[] = {"always", "ci", NULL};

_Static_assert(COUNT(alert_kinds) == SETTINGS_ALERT_KINDS, "a name for each kind");
_Static_assert(COUNT(channel_kinds) == SETTINGS_CHANNEL_KINDS + 1, "and for each channel");

static const struct config_field channel_fields[] = {
    {.key = "kind",
     .type = CONFIG_CHOICE,
     .offset = AT(settings_channel, kind),
     .required = true,
     .choices = channel_kinds,
     .help = "what takes the messages"},
    {.key = "url",
     .type = CONFIG_TEXT,
     .offset = AT(settings_channel, url),
     .secret = true,
     .help = "address; of slack a reference such as ${SLACK_WEBHOOK}; of pagerduty its own unless "
             "stated; empty switches the channel off"},
    {.key = "url_file",
     .type = CONFIG_PATH,
     .offset = AT(settings_channel, url_file),
     .help = "file that holds the address"},
    {.key = "routing_key",
     .type = CONFIG_TEXT,
     .offset = AT(settings_channel, routing_key),
     .secret = true,
     .help = "pagerduty: a reference such as ${PAGERDUTY_ROUTING_KEY}; empty switches the channel "
             "off"},
    {.key = "routing_key_file",
     .type = CONFIG_PATH,
     .offset = AT(settings_channel, routing_key_file),
     .help = "pagerduty: file that holds the key"},
    {.key = "secret",
     .type = CONFIG_TEXT,
     .offset = AT(settings_channel, secret),
     .secret = true,
     .help = "webhook: signs each message in the header X-Assay-Signature; a reference such as "
             "${HOOK_SECRET}"},
    {.key = "secret_file",
     .type = CONFIG_PATH,
     .offset = AT(settings_channel, secret_file),
     .help = "webhook: file that holds that secret"},
    {.key = "headers",
     .type = CONFIG_TEXT_MAP,
     .offset = AT(settings_channel, headers),
     .secret = true,
     .help = "webhook: further request headers"},
    {.key = "per_hour",
     .type = CONFIG_INT,
     .offset = AT(settings_channel, per_hour_max),
     .min = 1,
     .max = 100,
     .otherwise = "30",
     .help = "messages at most in any hour; what is held back is told by a later run"},
    {.key = "tls",
     .type = CONFIG_TABLE,
     .offset = AT(settings_channel, tls),
     .nested = &settings_tls_table,
     .help = "how the server is verified"},
};
static const struct config_table channel = {"channel", channel_fields, COUNT(channel_fields)};

static const struct config_field rule_fields[] = {
    {.key = "to",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(settings_alert_rule, to),
     .help = "which channels; all unless stated"},
    {.key = "on",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(settings_alert_rule, on),
     .help =
         "what is told: critical, failed, statistics, error, major, drift, pool, recovered; all "
         "but drift and pool unless stated"},
    {.key = "suites",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(settings_alert_rule, suites),
     .help = "about which suites; all unless stated"},
    {.key = "min_interval",
     .type = CONFIG_DURATION,
     .offset = AT(settings_alert_rule, min_interval_ns),
     .max = 30 * DAY,
     .otherwise = "0s",
     .help = "least time between two messages of trouble about one suite on one channel"},
};
static const struct config_table rule = {"rule", rule_fields, COUNT(rule_fields)};

/* The section as its table reads it. */
struct written {
    struct settings_alerts alerts;
    const struct json *channels;
    const struct json *rules;
};

static const struct config_field alerts_fields[] = {
    {.key = "name",
     .type = CONFIG_TEXT,
     .offset = AT(written, alerts.name),
     .help = "the project, in titles and in the keys of incidents; the name of assay.yaml's folder "
             "unless stated"},
    {.key = "when",
     .type = CONFIG_CHOICE,
     .offset = AT(written, alerts.when),
     .choices = whens,
     .otherwise = "always",
     .help = "after every run of 'assay test', or only where the environment variable CI is set"},
    {.key = "deadline",
     .type = CONFIG_DURATION,
     .offset = AT(written, alerts.deadline_ns),
     .min = SECOND / 10,
     .max = 100 * SECOND,
     .otherwise = "10s",
     .help = "time for all messages of a run together, after its report was printed"},
    {.key = "answers",
     .type = CONFIG_BOOL,
     .offset = AT(written, alerts.answers),
     .otherwise = "false",
     .help = "show a piece of each bad entry's answer, personal data and secrets masked"},
    {.key = "link",
     .type = CONFIG_TEXT,
     .offset = AT(written, alerts.link),
     .help = "address that a message leads to; the CI job's unless stated"},
    {.key = "channels",
     .type = CONFIG_NAMED,
     .offset = AT(written, channels),
     .nested = &channel,
     .required = true,
     .help = "where messages go, by name"},
    {.key = "rules",
     .type = CONFIG_EACH,
     .offset = AT(written, rules),
     .nested = &rule,
     .help = "what is told to which channel; what several rules say of one channel adds up"},
};
const struct config_table settings_alerts_table = {"alerts section", alerts_fields,
                                                   COUNT(alerts_fields)};

struct building {
    const struct config_reader *reader;
    const struct settings *settings;
    struct settings_alerts alerts;
};

/* ---- channels -------------------------------------------------------------------------------- */

#define KIND(kind) (1u << (kind))

static const struct {
    const char *key;
    unsigned kinds;
} key_kinds[] = {
    {"routing_key", KIND(SETTINGS_CHANNEL_PAGERDUTY)},
    {"routing_key_file", KIND(SETTINGS_CHANNEL_PAGERDUTY)},
    {"secret", KIND(SETTINGS_CHANNEL_WEBHOOK)},
    {"secret_file", KIND(SETTINGS_CHANNEL_WEBHOOK)},
    {"headers", KIND(SETTINGS_CHANNEL_WEBHOOK)},
};

/* What a kind cannot do without, or its file. */
static const char *const needs[] = {
    [SETTINGS_CHANNEL_SLACK] = "url",
    [SETTINGS_CHANNEL_PAGERDUTY] = "routing_key",
    [SETTINGS_CHANNEL_WEBHOOK] = "url",
};

static bool is_written(const struct json *map, const char *key)
{
    const struct json *value = json_get(map, key);
    return value != NULL && value->kind != JSON_NULL;
}

static void check_pair(struct building *building, const struct json *map, const char *one,
                       const char *other)
{
    if (is_written(map, one) && is_written(map, other))
        problems_at_key(building->reader->problems, json_get(map, other),
                        "'%s' and '%s' are both given: keep one of them", one, other);
}

static void check_address(struct building *building, const struct json *map,
                          const struct settings_channel *from)
{
    if (from->url.len == 0 || json_get(map, "url") == NULL)
        return;
    if (!view_starts(from->url, view_of("https://")) && !view_starts(from->url, view_of("http://")))
        problems_at(building->reader->problems, json_get(map, "url"),
                    "the url of a channel must start with https:// or http://");
}

static void check_channel(struct building *building, const struct json *map,
                          struct settings_channel *from)
{
    struct problems *problems = building->reader->problems;
    const char *need = needs[from->kind];
    char file[32];

    for (size_t i = 0; i < COUNT(key_kinds); i++)
        if (is_written(map, key_kinds[i].key) && (key_kinds[i].kinds & KIND(from->kind)) == 0)
            problems_at_key(problems, json_get(map, key_kinds[i].key),
                            "'%s' is not for channels of kind %s: remove it or correct the kind",
                            key_kinds[i].key, settings_channel_kind_name(from->kind));
    check_pair(building, map, "url", "url_file");
    check_pair(building, map, "routing_key", "routing_key_file");
    check_pair(building, map, "secret", "secret_file");
    check_address(building, map, from);
    snprintf(file, sizeof file, "%s_file", need);
    if (!is_written(map, need) && !is_written(map, file))
        problems_at(problems, map, "a channel of kind %s needs '%s' or '%s'",
                    settings_channel_kind_name(from->kind), need, file);
    else
        from->is_off =
            is_written(map, need) && json_text(json_get(map, need), view_of("")).len == 0;
}

static int read_channels(struct building *building, const struct json *map)
{
    struct settings_alerts *alerts = &building->alerts;

    if (map == NULL)
        return 0;
    if (map->count > SETTINGS_CHANNELS_MAX)
        return problems_at(building->reader->problems, map, "more than %d channels",
                           SETTINGS_CHANNELS_MAX);
    alerts->channels = arena_new(building->reader->arena, map->count + 1, sizeof *alerts->channels);
    if (alerts->channels == NULL)
        return ERR_MEMORY;
    for (const struct json *member = map->child; member != NULL; member = member->next) {
        struct settings_channel *into = &alerts->channels[alerts->channel_count++];
        *into = (struct settings_channel){.name = member->key, .at = member};
        int code = config_read(building->reader, &channel, member, into);
        if (code == ERR_MEMORY)
            return code;
        if (!settings_is_name(member->key))
            problems_at_key(building->reader->problems, member,
                            "%s is no name for a channel: take 1 to 64 of A-Z a-z 0-9 . _ -",
                            problems_quote(member->key).text);
        if (code == 0)
            check_channel(building, member, into);
    }
    return 0;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* The i-th item of a text or a list of texts, for its place. */
static const struct json *item_at(const struct json *value, size_t i)
{
    const struct json *item = json_is(value, JSON_ARRAY) ? value->child : value;

    while (i-- > 0 && item != NULL && item->next != NULL)
        item = item->next;
    return item;
}

static void unknown(struct building *building, const struct json *where, const char *what,
                    struct view name, const struct view *names, size_t count)
{
    struct view near = nearest_of(name, names, count);

    if (near.ptr != NULL)
        problems_at(building->reader->problems, where, "unknown %s %s, did you mean '%.*s'?", what,
                    problems_quote(name).text, VIEW_ARG(near));
    else
        problems_at(building->reader->problems, where, "unknown %s %s", what,
                    problems_quote(name).text);
}

static void check_names(struct building *building, const struct json *value,
                        const struct config_list *list, const char *what, const struct view *names,
                        size_t count)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t found = 0;
        while (found < count && !view_equal(names[found], list->items[i]))
            found++;
        if (found == count)
            unknown(building, item_at(value, i), what, list->items[i], names, count);
    }
}

static unsigned kinds_of(struct building *building, const struct json *value,
                         const struct config_list *on)
{
    struct view names[SETTINGS_ALERT_KINDS];
    unsigned kinds = 0;

    for (size_t i = 0; i < SETTINGS_ALERT_KINDS; i++)
        names[i] = view_of(alert_kinds[i]);
    check_names(building, value, on, "kind of alert", names, SETTINGS_ALERT_KINDS);
    for (size_t i = 0; i < on->count; i++)
        for (unsigned kind = 0; kind < SETTINGS_ALERT_KINDS; kind++)
            if (view_is(on->items[i], alert_kinds[kind]))
                kinds |= SETTINGS_ALERT_BIT(kind);
    return on->count > 0 ? kinds : SETTINGS_ALERT_DEFAULT_KINDS;
}

/* Names that rules may use: of channels and of suites. */
static int names_of(struct building *building, struct view **ret_channels, struct view **ret_suites)
{
    struct arena *arena = building->reader->arena;
    struct view *channels = arena_new(arena, building->alerts.channel_count + 1, sizeof *channels);
    struct view *suites = arena_new(arena, building->settings->suite_count + 1, sizeof *suites);

    if (channels == NULL || suites == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < building->alerts.channel_count; i++)
        channels[i] = building->alerts.channels[i].name;
    for (size_t i = 0; i < building->settings->suite_count; i++)
        suites[i] = building->settings->suites[i].name;
    *ret_channels = channels;
    *ret_suites = suites;
    return 0;
}

static int read_rules(struct building *building, const struct json *list)
{
    struct settings_alerts *alerts = &building->alerts;
    struct view *channels;
    struct view *suites;

    if (list == NULL)
        return 0;
    if (list->count > SETTINGS_ALERT_RULES_MAX)
        return problems_at(building->reader->problems, list, "more than %d rules",
                           SETTINGS_ALERT_RULES_MAX);
    alerts->rules = arena_new(building->reader->arena, list->count + 1, sizeof *alerts->rules);
    if (alerts->rules == NULL || names_of(building, &channels, &suites) != 0)
        return ERR_MEMORY;
    for (const struct json *item = list->child; item != NULL; item = item->next) {
        struct settings_alert_rule *into = &alerts->rules[alerts->rule_count++];
        *into = (struct settings_alert_rule){.kinds = 0};
        int code = config_read(building->reader, &rule, item, into);
        if (code == ERR_MEMORY)
            return code;
        check_names(building, json_get(item, "to"), &into->to, "channel", channels,
                    alerts->channel_count);
        check_names(building, json_get(item, "suites"), &into->suites, "suite", suites,
                    building->settings->suite_count);
        into->kinds = kinds_of(building, json_get(item, "on"), &into->on);
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void check_link(struct building *building, const struct json *section)
{
    struct view link = building->alerts.link;

    if (link.len != 0 && !view_starts(link, view_of("https://"))
        && !view_starts(link, view_of("http://")))
        problems_at(building->reader->problems, json_get(section, "link"),
                    "'link' must start with https:// or http://");
}

int settings_alerts_read(const struct config_reader *reader, const struct settings *settings,
                         const struct json *section, struct settings_alerts *ret_alerts)
{
    struct building building = {.reader = reader, .settings = settings};
    struct written written = {.channels = NULL};
    size_t before = reader->problems->total;

    int code = config_read(reader, &settings_alerts_table, section, &written);
    if (code == ERR_MEMORY)
        return code;
    building.alerts = written.alerts;
    building.alerts.is_given = section != NULL;
    check_link(&building, section);
    code = read_channels(&building, written.channels);
    if (code != ERR_MEMORY)
        code = read_rules(&building, written.rules);
    if (code == ERR_MEMORY)
        return code;
    *ret_alerts = building.alerts;
    return reader->problems->total != before ? ERR_CONFIG : 0;
}

const char *settings_alert_kind_name(enum settings_alert_kind kind)
{
    return alert_kinds[kind];
}

const char *settings_channel_kind_name(enum settings_channel_kind kind)
{
    return channel_kinds[kind];
}
