/* SPDX-License-Identifier: Apache-2.0
 *
 * assay init: writes a starter project that is green at once on the simulator. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/starter.h"
#include "shell/os/file.h"
#include "base/path.h"

struct init_options {
    struct common_options common;
};

static const char *path_in(struct arena *arena, const char *dir, const struct starter_file *file)
{
    return arena_printf(arena, "%s/%s", dir, file->path);
}

/* Nothing is written where anything would be overwritten. */
static int check_free(struct arena *arena, const char *dir, struct err *reterr)
{
    for (size_t i = 0; i < starter_file_count; i++) {
        const char *path = path_in(arena, dir, &starter_files[i]);
        if (path == NULL)
            return fail(reterr, ERR_MEMORY, "no memory");
        if (file_exists(path))
            return fail(reterr, ERR_USAGE,
                        "%s: exists already, and nothing is overwritten: name another folder, like "
                        "'assay init shop'",
                        path);
    }
    return 0;
}

static int write_files(struct arena *arena, const char *dir, struct err *reterr)
{
    int code = 0;

    for (size_t i = 0; i < starter_file_count && code == 0; i++) {
        const struct starter_file *file = &starter_files[i];
        const char *path = path_in(arena, dir, file);
        const char *folder =
            path != NULL ? arena_string(arena, path_directory(view_of(path))) : NULL;
        if (folder == NULL)
            return fail(reterr, ERR_MEMORY, "no memory");
        code = file_make_directories(folder, reterr);
        if (code == 0)
            code = file_write(path, view_make(file->bytes, file->size), reterr);
    }
    return code;
}

static void tell(const char *dir)
{
    bool here = view_is(view_of(dir), ".");

    printf("wrote %zu files in %s\n\nNext:\n", starter_file_count, here ? "this folder" : dir);
    if (!here)
        printf("  cd %s\n", dir);
    printf("  assay test              # green at once, on the built-in simulator\n"
           "  assay baseline          # accept today's answers\n"
           "  assay test --target openai   # your own model: see assay.yaml\n");
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct init_options options = {0};
    struct operands operands;
    struct arena arena;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    const char *dir = operands.count > 0 ? operands.items[0] : ".";
    arena_init(&arena, 1 << 20);
    int code = operands.count > 1 ? fail(&err, ERR_USAGE, "takes one folder") : 0;
    if (code == 0)
        code = check_free(&arena, dir, &err);
    if (code == 0)
        code = write_files(&arena, dir, &err);
    arena_release(&arena);
    if (code != 0)
        return command_fail(cli, code, &err);
    if (!cli->quiet)
        tell(dir);
    return 0;
}

const struct command command_init = {
    .name = "init",
    .summary = "writes a starter project",
    .operands = "[DIR]",
    .details =
        "Writes assay.yaml, a golden set, its prompts and schema, and a traffic mix into DIR "
        "(default: this folder). Nothing is overwritten. 'assay test' is green there at once, "
        "on the built-in simulator; assay.yaml says how to ask a model of your own.",
    .examples = "  assay init shop && cd shop && assay test\n",
    .run = run,
};
