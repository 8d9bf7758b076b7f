/* SPDX-License-Identifier: Apache-2.0
 *
 * expect_tables: the keys of what is expected of an answer. */
#include "core/validate/expect_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, member) offsetof(struct type, member)

_Static_assert(sizeof(enum expect_format) == sizeof(unsigned), "CONFIG_CHOICE writes an unsigned");

enum { CHARS_MAX = 100000000 };

static const char *const formats[] = {"any", "text", "json", "markdown", NULL};
static const char *const fenced[] = {"forbid", "allow", NULL};
const char *const expect_elements[] = {"heading", "list", "table", "code", "link", NULL};

static const struct config_field keyword_fields[] = {
    {.key = "text",
     .type = CONFIG_TEXT,
     .offset = AT(expect_keyword_keys, text),
     .help = "the keyword"},
    {.key = "any",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(expect_keyword_keys, any),
     .help = "spellings of which one is enough"},
    {.key = "match",
     .type = CONFIG_TEXT,
     .offset = AT(expect_keyword_keys, match),
     .help = "a regular expression"},
    {.key = "at_least",
     .type = CONFIG_INT,
     .offset = AT(expect_keyword_keys, at_least),
     .min = 1,
     .max = 1000000,
     .otherwise = "1",
     .help = "how often it must be there"},
    {.key = "whole_word",
     .type = CONFIG_BOOL,
     .offset = AT(expect_keyword_keys, whole_word),
     .help = "only whole words count"},
};
const struct config_table expect_keyword_table = {"keyword", keyword_fields, COUNT(keyword_fields)};

static const struct config_field expect_fields[] = {
    {.key = "keywords",
     .type = CONFIG_RAW,
     .offset = AT(expect_keys, keywords),
     .nested = &expect_keyword_table,
     .help = "what must appear: texts, or mappings with any, match, at_least"},
    {.key = "forbidden",
     .type = CONFIG_RAW,
     .offset = AT(expect_keys, forbidden),
     .nested = &expect_keyword_table,
     .help = "what must not appear"},
    {.key = "whole_words",
     .type = CONFIG_BOOL,
     .offset = AT(expect_keys, whole_words),
     .otherwise = "false",
     .help = "keywords count as whole words only"},
    {.key = "language",
     .type = CONFIG_TEXT,
     .offset = AT(expect_keys, language),
     .otherwise = "any",
     .help = "en, ja, zh, ko, another code, mixed, or any"},
    {.key = "format",
     .type = CONFIG_CHOICE,
     .offset = AT(expect_keys, format),
     .choices = formats,
     .otherwise = "any",
     .help = "what the answer is written in"},
    {.key = "fenced",
     .type = CONFIG_CHOICE,
     .offset = AT(expect_keys, fenced),
     .choices = fenced,
     .otherwise = "forbid",
     .help = "whether JSON may stand in a fenced block"},
    {.key = "schema",
     .type = CONFIG_RAW,
     .offset = AT(expect_keys, schema),
     .help = "JSON Schema: a file relative to the golden set, or the schema itself"},
    {.key = "min_chars",
     .type = CONFIG_INT,
     .offset = AT(expect_keys, min_chars),
     .max = CHARS_MAX,
     .help = "characters at least"},
    {.key = "max_chars",
     .type = CONFIG_INT,
     .offset = AT(expect_keys, max_chars),
     .max = CHARS_MAX,
     .help = "characters at most"},
    {.key = "elements",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(expect_keys, elements),
     .help = "elements of Markdown that must be there: heading, list, table, code, link"},
    {.key = "tools",
     .type = CONFIG_RAW,
     .offset = AT(expect_keys, tools),
     .help = "tool calls that are expected"},
    {.key = "command",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(expect_keys, command),
     .help = "a command of your own that judges: a list, or one line for a shell"},
    {.key = "checks",
     .type = CONFIG_RAW,
     .offset = AT(expect_keys, checks),
     .help = "further checks: names, or mappings with check, its options and severity"},
};
const struct config_table expect_table = {"expect mapping", expect_fields, COUNT(expect_fields)};
