/* SPDX-License-Identifier: Apache-2.0
 *
 * help: the tables of commands and options as a page for a terminal, and as JSON for whatever makes
 * manual pages, shell completion and forms. */
#include <stdio.h>

#include "base/utf8.h"
#include "cli/command.h"
#include "config/settings.h"
#include "core/golden/entries.h"
#include "core/validate/policy.h"
#include "wire/json.h"

enum { OPTION_COLUMN = 28, LINE_COLUMNS = 96 };

/* Wraps text at words into lines that start at `column`, the first one being there already. */
static void add_wrapped(struct strbuf *out, const char *text, size_t column)
{
    struct view rest = view_of(text);
    size_t at = column;
    bool first = true;

    while (rest.ptr != NULL) {
        struct view word = view_split(&rest, ' ');
        size_t width = utf8_count(word);
        if (!first && at + 1 + width > LINE_COLUMNS) {
            strbuf_add_byte(out, '\n');
            strbuf_add_repeated(out, ' ', column);
            at = column;
        } else if (!first) {
            strbuf_add_byte(out, ' ');
            at++;
        }
        strbuf_add(out, word);
        at += width;
        first = false;
    }
    strbuf_add_byte(out, '\n');
}

static void add_option(struct strbuf *out, const struct option *option)
{
    char left[80];

    if (option->letter != 0)
        snprintf(left, sizeof left, "  -%c, --%s%s%s", option->letter, option->name,
                 option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    else
        snprintf(left, sizeof left, "      --%s%s%s", option->name,
                 option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    strbuf_add_text(out, left);
    size_t width = utf8_count(view_of(left));
    if (width + 2 > OPTION_COLUMN) {
        strbuf_add_byte(out, '\n');
        width = 0;
    }
    strbuf_add_repeated(out, ' ', OPTION_COLUMN - width);
    add_wrapped(out, option->help, OPTION_COLUMN);
}

static void add_paragraphs(struct strbuf *out, const char *text)
{
    struct view rest = view_of(text);

    while (rest.ptr != NULL) {
        struct view line = view_split(&rest, '\n');
        char copy[4096];
        snprintf(copy, sizeof copy, "%.*s", VIEW_ARG(line));
        add_wrapped(out, copy, 0);
    }
}

void command_page(const struct command *command, struct strbuf *out)
{
    struct options_table tables[COMMAND_TABLES_MAX + 1];
    size_t table_count = command_tables(command, tables);

    strbuf_printf(out, "usage: assay %s [options]%s%s\n\n", command->name,
                  command->operands[0] != '\0' ? " " : "", command->operands);
    add_paragraphs(out, command->details);
    strbuf_add_text(out, "\noptions\n");
    for (size_t t = 0; t < table_count; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            add_option(out, &tables[t].items[i]);
    if (command->examples[0] != '\0')
        strbuf_printf(out, "\nexamples\n%s", command->examples);
}

void command_overview(struct strbuf *out)
{
    size_t count;
    const struct command *const *all = command_all(&count);

    strbuf_add_text(out, "assay tests applications built on foundation models.\n\n"
                         "usage: assay COMMAND [options]\n\ncommands\n");
    for (size_t i = 0; i < count; i++)
        if (!all[i]->hidden)
            strbuf_printf(out, "  %-10s %s\n", all[i]->name, all[i]->summary);
    strbuf_add_text(out, "\n'assay help COMMAND' or 'assay COMMAND --help' tells more; "
                         "'assay --version' prints the version.\n"
                         "Start with: assay init shop && cd shop && assay test\n");
}

static void dump_table(struct json_writer *writer, const struct options_table *table)
{
    static const char *const kinds[] = {"flag",    "text",   "int", "duration",
                                        "dollars", "choice", "list"};

    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->items[i];
        char letter[2] = {option->letter, '\0'};
        json_write_object(writer);
        json_member_text(writer, "name", option->name);
        json_member_text(writer, "letter", letter);
        json_member_text(writer, "kind", kinds[option->kind]);
        json_member_text(writer, "value", option->value != NULL ? option->value : "");
        json_member_text(writer, "choices", option->choices != NULL ? option->choices : "");
        json_member_text(writer, "help", option->help);
        json_write_end(writer, '}');
    }
}

static void dump_options(struct json_writer *writer, const struct command *command)
{
    json_write_array(writer);
    for (size_t i = 0; i < COMMAND_TABLES_MAX && command->tables[i] != NULL; i++)
        dump_table(writer, command->tables[i]);
    json_write_end(writer, ']');
}

static void dump_command(struct json_writer *writer, const struct command *command)
{
    json_write_object(writer);
    json_member_text(writer, "name", command->name);
    json_member_text(writer, "summary", command->summary);
    json_member_text(writer, "operands", command->operands);
    json_member_text(writer, "details", command->details);
    json_member_text(writer, "examples", command->examples);
    json_write_key(writer, "options");
    dump_options(writer, command);
    json_write_end(writer, '}');
}

/* Each check of a policy: what follows by default, and its table of keys. */
static void dump_checks(struct json_writer *writer)
{
    static const char *const whens[] = {[POLICY_HOLD] = "while it streams",
                                        [POLICY_END] = "at the end",
                                        [POLICY_ASK] = "by others"};

    json_write_array(writer);
    for (unsigned i = 0; i < POLICY_CHECK_KINDS; i++) {
        enum policy_check_kind kind = (enum policy_check_kind)i;
        const struct policy_check row = policy_check_default(kind);
        json_write_object(writer);
        json_member_string(writer, "name", row.name);
        json_member_text(writer, "judged", whens[row.when]);
        json_member_text(writer, "action", policy_action_name(row.action));
        json_member_bool(writer, "log", row.log);
        json_member_text(writer, "severity", severity_name(row.severity));
        json_member_bool(writer, "by_default", policy_check_is_default(kind));
        json_write_key(writer, "table");
        config_dump(policy_check_table(kind), writer);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void dump_errors(struct json_writer *writer)
{
    json_write_array(writer);
    for (int code = -1; code > -(int)ERR_ORDER_END; code--) {
        json_write_object(writer);
        json_member_text(writer, "name", err_name(code));
        json_member_int(writer, "exit_status", err_exit_status(code));
        json_member_int(writer, "http_status", err_http_status(code));
        json_member_text(writer, "text", err_text(code));
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

void command_dump_tables(struct strbuf *out)
{
    struct json_writer writer;
    size_t count;
    const struct command *const *all = command_all(&count);

    json_writer_init(&writer, out, 2);
    json_write_object(&writer);
    json_member_text(&writer, "assay", ASSAY_VERSION);
    json_member_text(&writer, "kind", "tables");
    json_member_int(&writer, "schema", 1);
    json_member_array(&writer, "common_options");
    dump_table(&writer, &common_options_table);
    json_write_end(&writer, ']');
    json_member_array(&writer, "commands");
    for (size_t i = 0; i < count; i++)
        if (!all[i]->hidden)
            dump_command(&writer, all[i]);
    json_write_end(&writer, ']');
    json_write_key(&writer, "configuration");
    config_dump(settings_table(), &writer);
    json_write_key(&writer, "golden");
    config_dump(golden_table(), &writer);
    json_write_key(&writer, "policy");
    config_dump(policy_table(), &writer);
    json_write_key(&writer, "checks");
    dump_checks(&writer);
    json_write_key(&writer, "errors");
    dump_errors(&writer);
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}
