/* SPDX-License-Identifier: Apache-2.0
 *
 * assay embed-helper MODEL_DIR: a helper process of another assay; embeds texts from standard
 * input.
 */
#include "cli/command.h"
#include "engine/embed_helper.h"

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct err err = {0};

    if (argc != 2) {
        fail(&err, ERR_USAGE, "is started by assay itself");
        return command_fail(cli, ERR_USAGE, &err);
    }
    int code = embed_helper_serve(argv[1], 0, 1, &err);
    return code == 0 ? 0 : command_fail(cli, code, &err);
}

const struct command command_embed_helper = {
    .name = "embed-helper",
    .summary = "embeds texts for another assay",
    .operands = "MODEL_DIR",
    .details = "Started by assay itself.",
    .examples = "",
    .hidden = true,
    .run = run,
};
