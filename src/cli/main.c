/* SPDX-License-Identifier: Apache-2.0
 *
 * main: finds the command and hands it its words. Everything else is in the commands. */
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/command.h"
#include "shell/os/file.h"

enum { HELP_BYTES_MAX = 1 << 20, COMMANDS_MAX = 64 };

static int print_with(const struct cli *cli, void (*make)(struct strbuf *out))
{
    struct strbuf text;

    strbuf_init(&text, HELP_BYTES_MAX);
    make(&text);
    int status = command_print(cli, &text);
    strbuf_release(&text);
    return status;
}

static void add_version(struct strbuf *out)
{
    strbuf_add_text(out, "assay " ASSAY_VERSION "\n");
}

static int unknown_command(const char *name)
{
    size_t count;
    const struct command *const *all = command_all(&count);
    struct view names[COMMANDS_MAX];
    size_t listed = 0;

    for (size_t i = 0; i < count && listed < COMMANDS_MAX; i++)
        if (!all[i]->hidden)
            names[listed++] = view_of(all[i]->name);
    struct view near = nearest_of(view_of(name), names, listed);
    if (near.ptr != NULL)
        fprintf(stderr, "assay: unknown command '%s', did you mean '%.*s'?\n", name,
                VIEW_ARG(near));
    else
        fprintf(stderr, "assay: unknown command '%s' ('assay help' lists them)\n", name);
    return err_exit_status(ERR_USAGE);
}

/* What stands in place of a command: --help, --version, --dump-tables. */
static int run_global(struct cli *cli, const char *word)
{
    static const struct {
        const char *word;
        void (*make)(struct strbuf *out);
    } words[] = {
        {"--help", command_overview},
        {"-h", command_overview},
        {"--version", add_version},
        {"-V", add_version},
        {"--dump-tables", command_dump_tables},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, word) == 0)
            return print_with(cli, words[i].make);
    fprintf(stderr,
            "assay: unknown option %s (options of a command come after it; "
            "'assay help' lists the commands)\n",
            word);
    return err_exit_status(ERR_USAGE);
}

int main(int argc, char *argv[])
{
    struct cli cli = {.program = argv[0], .command = command_find("help")};

    file_keep_standard();
    if (argc < 2) {
        print_with(&cli, command_overview);
        return err_exit_status(ERR_USAGE);
    }
    if (argv[1][0] == '-')
        return run_global(&cli, argv[1]);
    cli.command = command_find(argv[1]);
    if (cli.command == NULL)
        return unknown_command(argv[1]);
    return cli.command->run(&cli, argc - 1, argv + 1);
}
