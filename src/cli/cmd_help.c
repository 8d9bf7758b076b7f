/* SPDX-License-Identifier: Apache-2.0
 *
 * assay help [COMMAND] */
#include <stdio.h>

#include "cli/command.h"

enum { HELP_BYTES_MAX = 1 << 20 };

struct help_options {
    struct common_options common;
};

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct help_options options = {0};
    struct operands operands;
    struct strbuf text;
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    const struct command *asked = operands.count > 0 ? command_find(operands.items[0]) : NULL;
    if (operands.count > 0 && asked == NULL) {
        fprintf(stderr, "assay help: there is no command '%s' ('assay help' lists them)\n",
                operands.items[0]);
        return err_exit_status(ERR_USAGE);
    }
    strbuf_init(&text, HELP_BYTES_MAX);
    if (asked != NULL)
        command_page(asked, &text);
    else
        command_overview(&text);
    status = command_print(cli, &text);
    strbuf_release(&text);
    return status;
}

const struct command command_help = {
    .name = "help",
    .summary = "explains a command",
    .operands = "[COMMAND]",
    .details = "Without a command it lists them all. The same texts are the manual pages "
               "assay(1) and assay-COMMAND(1).",
    .examples = "  assay help test\n",
    .run = run,
};
