/* SPDX-License-Identifier: Apache-2.0
 *
 * entries_tables: the keys of a golden set. */
#include "core/golden/entries_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, member) offsetof(struct type, member)

static const char *const roles[] = {"user", "assistant", "system", NULL};

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
     .type = CONFIG_MAP,
     .offset = AT(golden_entry_keys, expect),
     .nested = &expect_table,
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
