/* SPDX-License-Identifier: Apache-2.0
 *
 * report_output: see report_output.h. */
#include "cli/report_output.h"

#include <errno.h>
#include <stdio.h>

#include "shell/os/file.h"
#include "shell/os/terminal.h"

int report_output_check(const struct option_list *files, struct err *reterr)
{
    for (size_t i = 0; i < files->count; i++) {
        struct view rest = view_of(files->items[i]);
        struct view format = view_split(&rest, '=');
        if (rest.len == 0)
            return fail(reterr, ERR_USAGE, "--output: '%s' must be FORMAT=FILE, like junit=out.xml",
                        files->items[i]);
        if (report_format_named(format) == NULL)
            return fail(reterr, ERR_USAGE, "--output: there is no format '%.*s', only %s",
                        VIEW_ARG(format), report_format_names());
        for (size_t j = 0; j < i; j++)
            if (view_ends(view_of(files->items[j]), view_make(rest.ptr - 1, rest.len + 1)))
                return fail(reterr, ERR_USAGE, "--output: two reports go to '%.*s'",
                            VIEW_ARG(rest));
    }
    return 0;
}

bool report_output_wants_past(const struct report_output *output)
{
    bool is_wanted = view_is(view_of(output->format), "html");

    for (size_t i = 0; i < output->files->count; i++)
        is_wanted |= view_starts(view_of(output->files->items[i]), view_of("html="));
    return is_wanted;
}

static struct report_options options_of(const struct report_output *output)
{
    enum terminal_color color = TERMINAL_COLOR_AUTO;
    struct err ignored;

    if (terminal_color_read(view_of(output->cli->color), &color, &ignored) != 0)
        color = TERMINAL_COLOR_AUTO;
    return (struct report_options){
        .assay_version = ASSAY_VERSION,
        .color = terminal_colored(1, color),
        .columns = terminal_columns(1),
        .verbose = output->verbose,
        .past = output->past,
        .past_count = output->past_count,
    };
}

/* ---- files ---------------------------------------------------------------------------------- */

struct file_sink {
    struct file_writer *writer;
    struct plan_texts *texts;
};

static int take_for_file(void *context, struct view piece, struct err *reterr)
{
    struct file_sink *to = context;

    plan_texts_trim(to->texts);
    return file_writer_add(to->writer, piece, reterr);
}

static int write_file(const struct report_output *output, const char *file, const struct run *run,
                      struct err *reterr)
{
    struct view rest = view_of(file);
    struct view format = view_split(&rest, '=');
    struct report_options options = options_of(output);
    struct file_sink to = {.texts = output->texts};
    const struct report_sink sink = {take_for_file, &to};

    options.color = false;
    int code = file_writer_open(rest.ptr, &to.writer, reterr);
    if (code != 0)
        return code;
    code = report_write(report_format_named(format), run, &options, &sink, reterr);
    if (code == 0)
        return file_writer_close(to.writer, reterr);
    file_writer_abandon(to.writer);
    return code == ERR_LIMIT || code == ERR_MEMORY ? fail_within(reterr, code, "%s: ", rest.ptr)
                                                   : code;
}

int report_output_files(const struct report_output *output, const struct run *run)
{
    int status = 0;

    for (size_t i = 0; i < output->files->count; i++) {
        struct err err = {0};
        int code = write_file(output, output->files->items[i], run, &err);
        if (code == 0)
            continue;
        command_fail(output->cli, code, &err);
        status = err_exit_status(ERR_IO); /* a file that could not be used */
    }
    return status;
}

/* ---- standard output ------------------------------------------------------------------------ */

static int take_for_standard_output(void *context, struct view piece, struct err *reterr)
{
    plan_texts_trim(context);
    errno = 0;
    if (fwrite(piece.ptr, 1, piece.len, stdout) == piece.len && fflush(stdout) == 0)
        return 0;
    int code = errno == EPIPE ? ERR_CLOSED : errno == ENOSPC ? ERR_FULL : ERR_IO;
    return fail(reterr, code, "standard output: %s", strerror(errno));
}

int report_output_print(const struct report_output *output, const struct run *run, int exit_status)
{
    const struct report_format *format = report_format_named(view_of(output->format));
    const struct report_sink sink = {take_for_standard_output, output->texts};
    struct report_options options = options_of(output);
    struct run shown = *run;
    struct err err = {0};

    shown.gate.exit_status = exit_status;
    int code = report_write(format, &shown, &options, &sink, &err);
    if (code == 0 || code == ERR_CLOSED) /* whoever read it has read enough */
        return 0;
    return command_fail(output->cli, code, &err);
}

int report_output_worse(int a, int b)
{
    static const int order[] = {130, 2, 1, 3, 4};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return a != 0 ? a : b;
}
