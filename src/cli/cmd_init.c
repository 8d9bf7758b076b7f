/* SPDX-License-Identifier: Apache-2.0
 *
 * assay init: writes a starter project that is green at once on the simulator. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/init_from_log.h"
#include "cli/starter.h"
#include "shell/os/file.h"
#include "base/path.h"

struct init_options {
    struct common_options common;
    const char *from_log;
    int64_t entries;
};

#define AT(member) offsetof(struct init_options, member)

enum { ENTRIES = 50, ENTRIES_MAX = 2000 };

static const struct option items[] = {
    {"from-log", 0, OPTION_TEXT, "FILE", AT(from_log),
     "propose a golden set from recorded requests (JSON Lines, also gzip; - for standard input)",
     NULL, 0, 0},
    {"entries", 0, OPTION_INT, "N", AT(entries), "with --from-log: entries at most (50)", NULL, 1,
     ENTRIES_MAX},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

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
    printf("  assay test                   # green at once, on the built-in simulator\n"
           "  assay baseline --repeat 3    # accept today's answers, three of each\n"
           "  assay test --target openai   # your own model: see assay.yaml\n");
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct init_options options = {.entries = ENTRIES};
    struct operands operands;
    struct arena arena;
    struct err err = {0};
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    const char *dir = operands.count > 0 ? operands.items[0] : ".";
    if (options.from_log != NULL && operands.count <= 1)
        return init_from_log(cli, options.from_log, dir, (size_t)options.entries);
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
        "on the built-in simulator; assay.yaml says how to ask a model of your own.\n"
        "\n"
        "With --from-log it proposes a golden set from recorded traffic instead: Bedrock's model "
        "invocation logs (of S3 or CloudWatch, also compressed), requests and answers of the "
        "OpenAI and Anthropic APIs, or lines {\"question\", \"response\"}. Questions of "
        "near-equal wording become one entry, the most asked first, each language with its share; "
        "personal data and secrets that are recognised are masked; what is expected is proposed "
        "from the recorded answers and marked so. Lines that are none are told with their number "
        "(docs/import.md).",
    .examples = "  assay init shop && cd shop && assay test\n"
                "  assay init --from-log invocations.json.gz shop\n",
    .tables = {&table},
    .run = run,
};
