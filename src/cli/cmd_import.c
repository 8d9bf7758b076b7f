/* SPDX-License-Identifier: Apache-2.0
 *
 * assay import: a golden set out of another tool's tests. One row a source; a source is a function
 * from a text to files and notes. */
#include <stdio.h>

#include "base/path.h"
#include "cli/command.h"
#include "core/golden/promptfoo.h"
#include "shell/os/file.h"
#include "wire/json.h"

enum { FILE_BYTES_MAX = 64 << 20 };

static const size_t ARENA_BYTES_MAX = (size_t)4 << 30;

struct import_options {
    struct common_options common;
    const char *folder;
    const char *format;
    bool dry_run;
    bool strict;
};

#define AT(member) offsetof(struct import_options, member)

static const struct option items[] = {
    {"output", 'o', OPTION_TEXT, "DIR", AT(folder),
     "where files are written (default: this folder)", NULL, 0, 0},
    {"format", 0, OPTION_CHOICE, "FORMAT", AT(format), "how the result is told: text or json",
     "text,json", 0, 0},
    {"dry-run", 0, OPTION_FLAG, NULL, AT(dry_run), "write nothing, say what would be written", NULL,
     0, 0},
    {"strict", 0, OPTION_FLAG, NULL, AT(strict), "exit 1 where anything could not be carried", NULL,
     0, 0},
};

static const struct options_table table = {items, sizeof items / sizeof items[0]};

struct importing {
    struct cli *cli;
    const struct import_options *options;
    const char *source;
    const char *path;
    struct arena arena;
    struct promptfoo_imported result;
    bool has_settings; /* an assay.yaml stands there already, and stays */
    struct err err;
};

static int read_file(void *context, struct view path, struct view *ret_text, struct err *reterr)
{
    struct importing *importing = context;
    const char *name = arena_string(&importing->arena, path);
    struct strbuf content;

    if (name == NULL)
        return ERR_MEMORY;
    strbuf_init(&content, FILE_BYTES_MAX);
    int code = file_read(name, &content, reterr);
    if (code == 0)
        code = arena_copy(&importing->arena, strbuf_view(&content), ret_text);
    strbuf_release(&content);
    return code;
}

/* ---- sources --------------------------------------------------------------------------------- */

static int import_promptfoo(struct importing *importing, struct view text)
{
    const struct promptfoo_options options = {read_file, importing};

    return promptfoo_import(&importing->arena, view_of(importing->path), text, &options,
                            &importing->result, &importing->err);
}

static const struct source {
    const char *name;
    int (*import)(struct importing *importing, struct view text);
} sources[] = {
    {"promptfoo", import_promptfoo},
};

static const struct source *source_named(const char *name)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (strcmp(sources[i].name, name) == 0)
            return &sources[i];
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static const char *path_in(struct importing *importing, struct view path)
{
    struct strbuf out;

    strbuf_init(&out, 1 << 16);
    path_join(&out, view_of(importing->options->folder), path);
    const char *name = arena_string(&importing->arena, strbuf_view(&out));
    strbuf_release(&out);
    return name;
}

static bool is_settings(const struct promptfoo_file *file)
{
    return view_is(file->path, "assay.yaml");
}

/* Nothing is written where anything would be overwritten; assay.yaml alone may stay. */
static int check_free(struct importing *importing)
{
    for (size_t i = 0; i < importing->result.file_count; i++) {
        const struct promptfoo_file *file = &importing->result.files[i];
        const char *path = path_in(importing, file->path);
        if (path == NULL)
            return fail(&importing->err, ERR_MEMORY, "no memory");
        if (!file_exists(path))
            continue;
        if (!is_settings(file))
            return fail(&importing->err, ERR_USAGE,
                        "%s: exists already, and nothing is overwritten: name another folder with "
                        "-o DIR",
                        path);
        importing->has_settings = true;
    }
    return 0;
}

static int write_file(struct importing *importing, const struct promptfoo_file *file)
{
    const char *path = path_in(importing, file->path);
    const char *folder =
        path != NULL ? arena_string(&importing->arena, path_directory(view_of(path))) : NULL;

    if (folder == NULL)
        return fail(&importing->err, ERR_MEMORY, "no memory");
    int code = file_make_directories(folder, &importing->err);
    return code == 0 ? file_write(path, file->text, &importing->err) : code;
}

static int write_files(struct importing *importing)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < importing->result.file_count; i++)
        if (!(is_settings(&importing->result.files[i]) && importing->has_settings))
            code = write_file(importing, &importing->result.files[i]);
    return code;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell_notes(const struct promptfoo_imported *result, bool is_lost, struct strbuf *out)
{
    for (size_t i = 0; i < result->note_count; i++) {
        const struct promptfoo_note *note = &result->notes[i];
        if (note->is_lost != is_lost)
            continue;
        strbuf_printf(out, "  %.*s:%u: ", VIEW_ARG(note->file), (unsigned)note->line);
        for (size_t at = 0; at < note->what.len; at++)
            strbuf_add_byte(out,
                            (unsigned char)note->what.ptr[at] < 0x20 ? ' ' : note->what.ptr[at]);
        strbuf_printf(out, ": %s\n", note->why);
    }
}

static void tell_text(const struct importing *importing, struct strbuf *out)
{
    const struct promptfoo_imported *result = &importing->result;

    strbuf_printf(out, "%s: %zu %s, %zu prompt%s, %zu target%s, %zu assertion%s carried\n",
                  importing->path, result->entries, result->entries == 1 ? "entry" : "entries",
                  result->prompts, result->prompts == 1 ? "" : "s", result->targets,
                  result->targets == 1 ? "" : "s", result->assertions,
                  result->assertions == 1 ? "" : "s");
    if (result->lost_count > 0) {
        strbuf_printf(out, "\nnot carried (%zu):\n", result->lost_count);
        tell_notes(result, true, out);
    }
    if (result->note_count > result->lost_count) {
        strbuf_add_text(out, "\ncarried, and worth knowing:\n");
        tell_notes(result, false, out);
    }
    strbuf_add_text(out, importing->options->dry_run ? "\nwould write:\n" : "\nwrote:\n");
    for (size_t i = 0; i < result->file_count; i++) {
        bool stays = is_settings(&result->files[i]) && importing->has_settings;
        strbuf_printf(out, "  %.*s%s\n", VIEW_ARG(result->files[i].path),
                      stays ? " stands there already and was left as it is; add to it:" : "");
        if (stays)
            strbuf_add(out, result->files[i].text);
    }
    if (importing->options->dry_run)
        return;
    strbuf_add_text(out, "\nNext:\n");
    if (importing->options->folder != NULL && strcmp(importing->options->folder, ".") != 0)
        strbuf_printf(out, "  cd %s\n", importing->options->folder);
    strbuf_add_text(out, "  assay doctor    # are the targets reachable, and their keys there?\n"
                         "  assay test\n");
}

static void write_notes(const struct promptfoo_imported *result, bool is_lost,
                        struct json_writer *writer)
{
    for (size_t i = 0; i < result->note_count; i++) {
        const struct promptfoo_note *note = &result->notes[i];
        if (note->is_lost != is_lost)
            continue;
        json_write_object(writer);
        json_member_string(writer, "file", note->file);
        json_member_int(writer, "line", note->line);
        json_member_string(writer, "what", note->what);
        json_member_text(writer, "why", note->why);
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void tell_json(const struct importing *importing, struct strbuf *out)
{
    const struct promptfoo_imported *result = &importing->result;
    struct json_writer writer;

    json_writer_init(&writer, out, 2);
    json_write_object(&writer);
    json_member_text(&writer, "assay", ASSAY_VERSION);
    json_member_text(&writer, "kind", "import");
    json_member_int(&writer, "schema", 1);
    json_member_text(&writer, "source", importing->source);
    json_member_text(&writer, "file", importing->path);
    json_member_bool(&writer, "dry_run", importing->options->dry_run);
    json_member_int(&writer, "entries", (int64_t)result->entries);
    json_member_int(&writer, "prompts", (int64_t)result->prompts);
    json_member_int(&writer, "targets", (int64_t)result->targets);
    json_member_int(&writer, "assertions", (int64_t)result->assertions);
    json_member_int(&writer, "lost", (int64_t)result->lost_count);
    json_member_array(&writer, "files");
    for (size_t i = 0; i < result->file_count; i++)
        json_write_string(&writer, result->files[i].path);
    json_write_end(&writer, ']');
    json_member_array(&writer, "not_carried");
    write_notes(result, true, &writer);
    json_member_array(&writer, "notes");
    write_notes(result, false, &writer);
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}

static int tell(struct importing *importing)
{
    struct strbuf out;

    strbuf_init(&out, FILE_BYTES_MAX);
    if (strcmp(importing->options->format, "json") == 0)
        tell_json(importing, &out);
    else if (!importing->cli->quiet || importing->result.lost_count > 0)
        tell_text(importing, &out);
    int status = command_print(importing->cli, &out);
    strbuf_release(&out);
    return status;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int import(struct importing *importing, const struct source *source)
{
    struct view text;

    int code = read_file(importing, view_of(importing->path), &text, &importing->err);
    if (code == 0)
        code = source->import(importing, text);
    if (code == 0)
        code = check_free(importing);
    if (code == 0 && !importing->options->dry_run)
        code = write_files(importing);
    return code;
}

static int run(struct cli *cli, int argc, char *const argv[])
{
    struct import_options options = {.folder = ".", .format = "text"};
    struct importing importing = {.cli = cli, .options = &options};
    struct operands operands;
    int status;

    if (command_options(cli, argc, argv, &options, &operands, &status) != 0)
        return status;
    const struct source *source = operands.count > 0 ? source_named(operands.items[0]) : NULL;
    if (operands.count != 2 || source == NULL) {
        fail(&importing.err, ERR_USAGE,
             operands.count == 2 ? "'%s' is no source that is known: there is promptfoo"
                                 : "takes a source and a file, as in 'assay import promptfoo "
                                   "promptfooconfig.yaml'%.0s",
             operands.count > 0 ? operands.items[0] : "");
        return command_fail(cli, ERR_USAGE, &importing.err);
    }
    importing.source = source->name;
    importing.path = operands.items[1];
    arena_init(&importing.arena, ARENA_BYTES_MAX);
    int code = import(&importing, source);
    status = code != 0 ? command_fail(cli, code, &importing.err) : tell(&importing);
    if (status == 0 && options.strict && importing.result.lost_count > 0)
        status = 1;
    arena_release(&importing.arena);
    return status;
}

const struct command command_import = {
    .name = "import",
    .summary = "makes a golden set out of another tool's tests",
    .operands = "promptfoo FILE",
    .details =
        "Reads a promptfoo configuration (YAML or JSON) and the files that it names, and writes a "
        "golden set, prompts and an assay.yaml: prompts, providers, tests (also of CSV, JSON and "
        "JSON Lines), defaultTest, scenarios, every combination of variables with several values, "
        "and assertions, the negated and weighed ones included. Nothing is overwritten; where an "
        "assay.yaml stands already, what to add to it is printed.\n"
        "\n"
        "What cannot be carried is listed with file, line and reason, and never dropped silently. "
        "docs/import.md has the table of assertions.\n"
        "\n"
        "Exit status: 0 imported, with or without losses; 1 with --strict where anything was lost; "
        "2 the file is no such configuration, or a file would be overwritten; 3 a file cannot be "
        "read or written.",
    .examples = "  assay import promptfoo promptfooconfig.yaml -o imported\n"
                "  assay import promptfoo promptfooconfig.yaml --dry-run --strict\n",
    .tables = {&table},
    .run = run,
};
