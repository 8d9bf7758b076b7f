/* SPDX-License-Identifier: Apache-2.0
 *
 * entries_tables: the keys of a golden set. */
#include "core/golden/entries_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, member) offsetof(struct type, member)

_Static_assert(sizeof(enum golden_format) == sizeof(unsigned), "CONFIG_CHOICE writes an unsigned");

enum { CHARS_MAX = 100000000 };

static const char *const roles[] = {"user", "assistant", "system", NULL};
static const char *const formats[] = {"any", "text", "json", "markdown", NULL};
static const char *const fenced[] = {"forbid", "allow", NULL};
const char *const golden_elements[] = {"heading", "list", "table", "code", "link", NULL};

static const struct config_field message_fields[] = {
    {.key = "role",
     .type = CONFIG_CHOICE,
     .offset = AT(golden_message_keys, role),
     .choices = roles,
     .required = true,
     .help = "who speaks"},
    {.key = "text",
     .type = CONFIG_TEXT,
     .offset = AT(golden_message_keys, text),
     .help = "template of what is said"},
    {.key = "content",
     .type = CONFIG_TEXT,
     .offset = AT(golden_message_keys, text),
     .help = "the same as text"},
    {.key = "file",
     .type = CONFIG_TEXT,
     .offset = AT(golden_message_keys, file),
     .help = "file that holds the template"},
};
static const struct config_table message = {"message", message_fields, COUNT(message_fields)};

/* Both a prompt and an entry that carries its own have these keys. */
#define PROMPT_FIELDS(at) \
    {.key = "text", \
     .type = CONFIG_TEXT, \
     .offset = (at) + AT(golden_prompt_keys, text), \
     .help = "template of the one user message"}, \
        {.key = "file", \
         .type = CONFIG_TEXT, \
         .offset = (at) + AT(golden_prompt_keys, file), \
         .help = "file that holds that template, relative to the golden set"}, \
        {.key = "messages", \
         .type = CONFIG_EACH, \
         .offset = (at) + AT(golden_prompt_keys, messages), \
         .nested = &message, \
         .help = "several turns instead of text"}, \
        {.key = "system", \
         .type = CONFIG_TEXT, \
         .offset = (at) + AT(golden_prompt_keys, system), \
         .help = "file that holds the template of the system prompt"}, \
        {.key = "system_text", \
         .type = CONFIG_TEXT, \
         .offset = (at) + AT(golden_prompt_keys, system_text), \
         .help = "template of the system prompt"}, \
    { \
        .key = "params", .type = CONFIG_MAP, .offset = (at) + AT(golden_prompt_keys, params), \
        .help = "parameters, as in {max_tokens: 1024, temperature: 0.2}" \
    }

static const struct config_field prompt_fields[] = {PROMPT_FIELDS(0)};
static const struct config_table prompt = {"prompt", prompt_fields, COUNT(prompt_fields)};

static const struct config_field keyword_fields[] = {
    {.key = "text",
     .type = CONFIG_TEXT,
     .offset = AT(golden_keyword_keys, text),
     .help = "the keyword"},
    {.key = "any",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(golden_keyword_keys, any),
     .help = "spellings of which one is enough"},
    {.key = "match",
     .type = CONFIG_TEXT,
     .offset = AT(golden_keyword_keys, match),
     .help = "a regular expression"},
    {.key = "at_least",
     .type = CONFIG_INT,
     .offset = AT(golden_keyword_keys, at_least),
     .min = 1,
     .max = 1000000,
     .otherwise = "1",
     .help = "how often it must be there"},
    {.key = "whole_word",
     .type = CONFIG_BOOL,
     .offset = AT(golden_keyword_keys, whole_word),
     .help = "only whole words count"},
};
static const struct config_table keyword = {"keyword", keyword_fields, COUNT(keyword_fields)};

static const struct config_field expect_fields[] = {
    {.key = "keywords",
     .type = CONFIG_RAW,
     .offset = AT(golden_expect_keys, keywords),
     .nested = &keyword,
     .help = "what must appear: texts, or mappings with any, match, at_least"},
    {.key = "forbidden",
     .type = CONFIG_RAW,
     .offset = AT(golden_expect_keys, forbidden),
     .nested = &keyword,
     .help = "what must not appear"},
    {.key = "whole_words",
     .type = CONFIG_BOOL,
     .offset = AT(golden_expect_keys, whole_words),
     .otherwise = "false",
     .help = "keywords count as whole words only"},
    {.key = "language",
     .type = CONFIG_TEXT,
     .offset = AT(golden_expect_keys, language),
     .otherwise = "any",
     .help = "en, ja, zh, ko, another code, mixed, or any"},
    {.key = "format",
     .type = CONFIG_CHOICE,
     .offset = AT(golden_expect_keys, format),
     .choices = formats,
     .otherwise = "any",
     .help = "what the answer is written in"},
    {.key = "fenced",
     .type = CONFIG_CHOICE,
     .offset = AT(golden_expect_keys, fenced),
     .choices = fenced,
     .otherwise = "forbid",
     .help = "whether JSON may stand in a fenced block"},
    {.key = "schema",
     .type = CONFIG_RAW,
     .offset = AT(golden_expect_keys, schema),
     .help = "JSON Schema: a file relative to the golden set, or the schema itself"},
    {.key = "min_chars",
     .type = CONFIG_INT,
     .offset = AT(golden_expect_keys, min_chars),
     .max = CHARS_MAX,
     .help = "characters at least"},
    {.key = "max_chars",
     .type = CONFIG_INT,
     .offset = AT(golden_expect_keys, max_chars),
     .max = CHARS_MAX,
     .help = "characters at most"},
    {.key = "elements",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(golden_expect_keys, elements),
     .help = "elements of Markdown that must be there: heading, list, table, code, link"},
    {.key = "tools",
     .type = CONFIG_RAW,
     .offset = AT(golden_expect_keys, tools),
     .help = "tool calls that are expected"},
    {.key = "command",
     .type = CONFIG_ONE_OR_LIST,
     .offset = AT(golden_expect_keys, command),
     .help = "a command of your own that judges: a list, or one line for a shell"},
    {.key = "checks",
     .type = CONFIG_RAW,
     .offset = AT(golden_expect_keys, checks),
     .help = "further checks: names, or mappings with check, its options and severity"},
};
static const struct config_table expect = {"expect mapping", expect_fields, COUNT(expect_fields)};

static const struct config_field entry_fields[] = {
    {.key = "id",
     .type = CONFIG_TEXT,
     .offset = AT(golden_entry_keys, id),
     .required = true,
     .help = "a name of its own for every entry"},
    {.key = "prompt",
     .type = CONFIG_RAW,
     .offset = AT(golden_entry_keys, prompt),
     .nested = &prompt,
     .help = "the name of a prompt, or a prompt of its own"},
    PROMPT_FIELDS(AT(golden_entry_keys, own)),
    {.key = "vars",
     .type = CONFIG_MAP,
     .offset = AT(golden_entry_keys, vars),
     .help = "values for the template's variables"},
    {.key = "expect",
     .type = CONFIG_TABLE,
     .offset = AT(golden_entry_keys, expect),
     .nested = &expect,
     .help = "what the answer must be like"},
    {.key = "tags",
     .type = CONFIG_LIST,
     .offset = AT(golden_entry_keys, tags),
     .help = "tags to select and group by"},
};
static const struct config_table entry = {"entry", entry_fields, COUNT(entry_fields)};

static const struct config_field root_fields[] = {
    {.key = "prompts",
     .type = CONFIG_NAMED,
     .offset = AT(golden_root_keys, prompts),
     .nested = &prompt,
     .help = "templates, by name"},
    {.key = "entries",
     .type = CONFIG_EACH,
     .offset = AT(golden_root_keys, entries),
     .nested = &entry,
     .help = "what is asked, and what is expected"},
};
static const struct config_table root = {"golden set", root_fields, COUNT(root_fields)};

const struct config_table *golden_table(void)
{
    return &root;
}

const struct config_table *golden_prompt_table(void)
{
    return &prompt;
}

const struct config_table *golden_message_table(void)
{
    return &message;
}

const struct config_table *golden_entry_table(void)
{
    return &entry;
}

const struct config_table *golden_keyword_table(void)
{
    return &keyword;
}
