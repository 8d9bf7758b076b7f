/* SPDX-License-Identifier: Apache-2.0
 *
 * extract_rules: `extract:` of a policy → rules, and the rules that hold without it. */
#include "core/validate/extract.h"

#include "config/problems.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the default ----------------------------------------------------------------------------- */

static const struct extract_rule default_sources[] = {
    {EXTRACT_TAG, VIEW("documents")},
    {EXTRACT_TAG, VIEW("sources")},
    {EXTRACT_TAG, VIEW("context")},
    {EXTRACT_TAG, VIEW("search_results")},
    {EXTRACT_TOOL_RESULTS, VIEW("")},
    {EXTRACT_HEADER, VIEW("x-assay-sources")},
    {EXTRACT_METADATA, VIEW("assay_sources")},
};
static const struct extract_rule default_language[] = {
    {EXTRACT_HEADER, VIEW("x-assay-language")},
    {EXTRACT_METADATA, VIEW("assay_language")},
    {EXTRACT_FOLLOW, VIEW("question")},
};
static const struct extract_rule default_format[] = {
    {EXTRACT_HEADER, VIEW("x-assay-format")},
    {EXTRACT_METADATA, VIEW("assay_format")},
};
static const struct extract_rule default_tags[] = {
    {EXTRACT_HEADER, VIEW("x-assay-tags")},
    {EXTRACT_METADATA, VIEW("assay_tags")},
};
static const struct policy_extract default_extract = {
    .sources = {default_sources, COUNT(default_sources)},
    .language = {default_language, COUNT(default_language)},
    .format = {default_format, COUNT(default_format)},
    .tags = {default_tags, COUNT(default_tags)},
};

const struct policy_extract *extract_default(void)
{
    return &default_extract;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct rule_keys {
    struct view tag;
    struct view header;
    struct view metadata;
    bool tool_results;
    unsigned follow;
};

struct extract_keys {
    const struct json *sources;
    const struct json *language;
    const struct json *format;
    const struct json *tags;
};

static const char *const followed[] = {"question", NULL};

static const struct config_field rule_fields[] = {
    {.key = "tag",
     .type = CONFIG_TEXT,
     .offset = offsetof(struct rule_keys, tag),
     .help = "the name of a tagged block of the prompt, as in documents for <documents>"},
    {.key = "header",
     .type = CONFIG_TEXT,
     .offset = offsetof(struct rule_keys, header),
     .help = "the name of a header of the request"},
    {.key = "metadata",
     .type = CONFIG_TEXT,
     .offset = offsetof(struct rule_keys, metadata),
     .help = "a member of the request's metadata; dots lead inwards"},
    {.key = "tool_results",
     .type = CONFIG_BOOL,
     .offset = offsetof(struct rule_keys, tool_results),
     .help = "what tools answered"},
    {.key = "follow",
     .type = CONFIG_CHOICE,
     .offset = offsetof(struct rule_keys, follow),
     .choices = followed,
     .help = "the language of the question"},
};
static const struct config_table rule_table = {"rule", rule_fields, COUNT(rule_fields)};

#define RULES(name, words) \
    { \
        .key = #name, .type = CONFIG_RAW, .offset = offsetof(struct extract_keys, name), \
        .nested = &rule_table, .help = (words) \
    }

static const struct config_field extract_fields[] = {
    RULES(sources, "where the sources of an answer stand; all rules count"),
    RULES(language, "where the language of an answer is said; the first that says counts"),
    RULES(format, "where its format is said: text, json or markdown"),
    RULES(tags, "where the tags of a request stand"),
};
const struct config_table extract_table = {"extract mapping", extract_fields,
                                           COUNT(extract_fields)};

/* Which kinds make sense for what. */
enum {
    FOR_SOURCES =
        1 << EXTRACT_TAG | 1 << EXTRACT_HEADER | 1 << EXTRACT_METADATA | 1 << EXTRACT_TOOL_RESULTS,
    FOR_LANGUAGE =
        1 << EXTRACT_TAG | 1 << EXTRACT_HEADER | 1 << EXTRACT_METADATA | 1 << EXTRACT_FOLLOW,
    FOR_OTHERS = 1 << EXTRACT_TAG | 1 << EXTRACT_HEADER | 1 << EXTRACT_METADATA,
};

static const char *const kind_keys[] = {"tag", "header", "metadata", "tool_results", "follow"};

static int read_rule(const struct config_reader *reader, const struct json *item, unsigned kinds,
                     struct extract_rule *ret_rule)
{
    struct rule_keys keys = {.tag = {NULL, 0}};
    unsigned given = 0;

    int code = config_read(reader, &rule_table, item, &keys);
    if (code != 0)
        return code == ERR_MEMORY ? code : 0;
    for (unsigned i = 0; i < COUNT(kind_keys); i++)
        if (json_get(item, kind_keys[i]) != NULL)
            given |= 1u << i;
    if (given == 0 || (given & (given - 1)) != 0) {
        problems_at(reader->problems, item,
                    "a rule has one of tag, header, metadata, tool_results and follow, as in "
                    "{tag: documents}");
        return 0;
    }
    if ((given & kinds) == 0) {
        problems_at(reader->problems, item, "this rule has no use here: %s",
                    (given & 1u << EXTRACT_FOLLOW) != 0 ? "'follow' tells the language alone"
                                                        : "'tool_results' are sources alone");
        return 0;
    }
    while ((given & 1u << ret_rule->kind) == 0)
        ret_rule->kind++;
    const struct view names[] = {keys.tag, keys.header, keys.metadata};
    if (ret_rule->kind < COUNT(names)) {
        ret_rule->name = names[ret_rule->kind];
        if (ret_rule->name.len == 0)
            problems_at(reader->problems, item, "this rule names nothing");
    }
    return 0;
}

static int read_rules(const struct config_reader *reader, const struct json *value, unsigned kinds,
                      struct extract_rules *ret_rules)
{
    if (value == NULL)
        return 0;
    bool list = value->kind == JSON_ARRAY;
    size_t count = list ? value->count : 1;
    if ((!list && value->kind != JSON_OBJECT) || count > EXTRACT_RULES_MAX) {
        problems_at(
            reader->problems, value,
            "rules are a mapping, or a list of at most %d of them, as in [{tag: documents}]",
            EXTRACT_RULES_MAX);
        return 0;
    }
    struct extract_rule *rules = arena_new(reader->arena, count + 1, sizeof *rules);
    const struct json *item = list ? value->child : value;
    if (rules == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++, item = item->next) {
        int code = read_rule(reader, item, kinds, &rules[i]);
        if (code != 0)
            return code;
    }
    *ret_rules = (struct extract_rules){rules, count};
    return 0;
}

int extract_read(const struct config_reader *reader, const struct json *at,
                 const struct policy_extract **ret_extract)
{
    struct extract_keys keys = {.sources = NULL};

    if (at == NULL) {
        *ret_extract = &default_extract;
        return 0;
    }
    struct policy_extract *extract = arena_new(reader->arena, 1, sizeof *extract);
    if (extract == NULL)
        return ERR_MEMORY;
    *extract = default_extract;
    extract->is_stated = true;
    int code = config_read(reader, &extract_table, at, &keys);
    if (code != ERR_MEMORY)
        code = read_rules(reader, keys.sources, FOR_SOURCES, &extract->sources);
    if (code == 0)
        code = read_rules(reader, keys.language, FOR_LANGUAGE, &extract->language);
    if (code == 0)
        code = read_rules(reader, keys.format, FOR_OTHERS, &extract->format);
    if (code == 0)
        code = read_rules(reader, keys.tags, FOR_OTHERS, &extract->tags);
    if (code != 0)
        return code;
    *ret_extract = extract;
    return 0;
}
