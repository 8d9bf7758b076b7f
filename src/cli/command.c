/* SPDX-License-Identifier: Apache-2.0
 *
 * command: see command.h. */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "report/columns.h"

#define COMMAND(name) extern const struct command command_##name;
#include "cli/commands.def"
#undef COMMAND

static const struct command *const rows[] = {
#define COMMAND(name) &command_##name,
#include "cli/commands.def"
#undef COMMAND
};

static const struct option common_items[] = {
    {"help", 'h', OPTION_FLAG, NULL, offsetof(struct common_options, help), "show this help", NULL,
     0, 0},
    {"quiet", 'q', OPTION_FLAG, NULL, offsetof(struct common_options, quiet),
     "no progress, only the result", NULL, 0, 0},
    {"color", 0, OPTION_CHOICE, "WHEN", offsetof(struct common_options, color),
     "colours: auto (on a terminal, unless NO_COLOR is set), always, never", "auto,always,never", 0,
     0},
    {"log-level", 0, OPTION_CHOICE, "LEVEL", offsetof(struct common_options, log_level),
     "how much is told on standard error; debug: a line an answer", "error,warn,info,debug", 0, 0},
};

const struct options_table common_options_table = {common_items,
                                                   sizeof common_items / sizeof common_items[0]};

const struct command *const *command_all(size_t *ret_count)
{
    *ret_count = sizeof rows / sizeof rows[0];
    return rows;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i]->name, name) == 0)
            return rows[i];
    return NULL;
}

/* What a file or an argument says must not steer the terminal that shows it. */
static void add_shown(struct strbuf *out, struct view text)
{
    for (size_t pos = 0; pos < text.len;) {
        uint32_t codepoint = utf8_next(text, &pos, NULL);
        strbuf_add_codepoint(out, codepoint == '\n' ? codepoint : columns_shown(codepoint));
    }
}

int command_fail(const struct cli *cli, int code, const struct err *err)
{
    const char *text = err != NULL && err->text[0] != '\0' ? err->text : err_text(code);
    struct strbuf shown;

    strbuf_init(&shown, 4 * strlen(text) + 4);
    add_shown(&shown, view_of(text));
    fprintf(stderr, "assay %s: %s\n", cli->command->name,
            strbuf_status(&shown) == 0 ? strbuf_text(&shown) : err_text(code));
    strbuf_release(&shown);
    return err_exit_status(code);
}

int command_print(const struct cli *cli, const struct strbuf *text)
{
    struct view bytes = strbuf_view(text);
    struct err err = {0};

    if (strbuf_status(text) != 0)
        return command_fail(cli, strbuf_status(text), NULL);
    errno = 0;
    if (fwrite(bytes.ptr, 1, bytes.len, stdout) == bytes.len && fflush(stdout) == 0)
        return 0;
    if (errno == EPIPE) /* whoever read it has read enough */
        return 0;
    int code = errno == ENOSPC ? ERR_FULL : ERR_IO;
    fail(&err, code, "standard output: %s", strerror(errno));
    return command_fail(cli, code, &err);
}

size_t command_tables(const struct command *command,
                      struct options_table ret_tables[COMMAND_TABLES_MAX + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < COMMAND_TABLES_MAX && command->tables[i] != NULL; i++)
        ret_tables[count++] = *command->tables[i];
    ret_tables[count++] = common_options_table;
    return count;
}

int command_options(struct cli *cli, int argc, char *const argv[], void *into,
                    struct operands *ret_operands, int *ret_exit)
{
    struct options_table tables[COMMAND_TABLES_MAX + 1];
    size_t table_count = command_tables(cli->command, tables);
    struct common_options *common = into;
    struct err err = {0};

    common->color = "auto";
    common->log_level = "info";
    int code = options_read(tables, table_count, argc, argv, into, ret_operands, &err);
    if (common->help) {
        struct strbuf text;
        strbuf_init(&text, 1 << 20);
        command_page(cli->command, &text);
        *ret_exit = command_print(cli, &text);
        strbuf_release(&text);
        return 1;
    }
    if (code != 0) {
        *ret_exit = command_fail(cli, code, &err);
        return code;
    }
    cli->quiet = common->quiet;
    cli->color = common->color;
    cli->log_level = common->log_level;
    return 0;
}
