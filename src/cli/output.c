/* SPDX-License-Identifier: Apache-2.0
 *
 * output: see output.h. */
#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>

#include "shell/net/loop.h"
#include "shell/os/file.h"
#include "shell/os/terminal.h"

static const uint64_t FLUSH_IN_NS = 2000000;
static const size_t RESULT_BYTES_MAX = (size_t)2 << 30;

/* ---- opening and closing -------------------------------------------------------------------- */

static int open_file(struct outputs *outputs, const char *item, struct err *reterr)
{
    struct view rest = view_of(item);
    struct view format = view_split(&rest, '=');

    if (rest.len == 0)
        return fail(reterr, ERR_USAGE, "--output: '%s' must be FORMAT=FILE, like json=out.jsonl",
                    item);
    if (outputs->count == OUTPUTS_MAX)
        return fail(reterr, ERR_USAGE, "--output: more than %d files", OUTPUTS_MAX - 1);
    for (size_t i = 1; i < outputs->count; i++)
        if (view_is(rest, outputs->items[i].path))
            return fail(reterr, ERR_USAGE, "--output: two reports go to '%.*s'", VIEW_ARG(rest));
    struct output *output = &outputs->items[outputs->count++];
    *output = (struct output){.format = format, .path = rest.ptr};
    strbuf_init(&output->buffer, RESULT_BYTES_MAX);
    return file_write(output->path, view_of(""), reterr);
}

int outputs_open(struct outputs *outputs, const struct option_list *files, struct err *reterr)
{
    int code = 0;

    *outputs = (struct outputs){.count = 1};
    strbuf_init(&outputs->items[0].buffer, RESULT_BYTES_MAX);
    for (size_t i = 0; i < files->count && code == 0; i++)
        code = open_file(outputs, files->items[i], reterr);
    return code;
}

size_t outputs_count(const struct outputs *outputs)
{
    return outputs->count;
}

struct output *outputs_at(struct outputs *outputs, size_t i)
{
    return &outputs->items[i];
}

struct view output_format(const struct output *output)
{
    return output->format;
}

void outputs_color(struct outputs *outputs, bool is_colored)
{
    outputs->items[0].is_colored = is_colored;
}

bool output_is_colored(const struct output *output)
{
    return output->is_colored;
}

/* ---- writing -------------------------------------------------------------------------------- */

static int flush(struct outputs *outputs, struct output *output, struct err *reterr)
{
    int code = strbuf_status(&output->buffer);

    if (code != 0)
        return fail(reterr, code, "no memory for the output");
    if (output->buffer.len == 0)
        return 0;
    if (output->path == NULL && terminal_is(1))
        outputs_hide_progress(outputs);
    code = output->path != NULL
               ? file_append(output->path, strbuf_view(&output->buffer), reterr)
               : file_write_to(1, "standard output", strbuf_view(&output->buffer), reterr);
    strbuf_cut(&output->buffer, 0);
    return code;
}

int output_add(struct outputs *outputs, size_t i, struct view text, struct err *reterr)
{
    struct output *output = &outputs->items[i];

    if (outputs->err.code != 0) {
        *reterr = outputs->err;
        return reterr->code;
    }
    strbuf_add(&output->buffer, text);
    return output->buffer.len < OUTPUT_BUFFER_BYTES ? 0 : flush(outputs, output, reterr);
}

void outputs_flush_now(struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->count && outputs->err.code == 0; i++) {
        struct err err = {0};
        if (flush(outputs, &outputs->items[i], &err) != 0)
            outputs->err = err;
    }
}

static void on_time(void *context, uint64_t now_ns)
{
    struct outputs *outputs = context;

    (void)now_ns;
    outputs->is_waiting = false;
    outputs_flush_now(outputs);
}

void outputs_flush_soon(struct outputs *outputs, struct loop *loop)
{
    if (outputs->is_waiting)
        return;
    outputs->is_waiting = true;
    if (loop_wake_at(loop, loop_now(loop) + FLUSH_IN_NS, on_time, outputs) != 0)
        on_time(outputs, 0);
}

int outputs_close(struct outputs *outputs, struct err *reterr)
{
    outputs_flush_now(outputs);
    if (outputs->err.code == 0)
        return 0;
    *reterr = outputs->err;
    return reterr->code;
}

void outputs_release(struct outputs *outputs, struct loop *loop)
{
    if (loop != NULL)
        loop_wake_never(loop, outputs);
    for (size_t i = 0; i < outputs->count; i++)
        strbuf_release(&outputs->items[i].buffer);
    outputs->count = 0;
}

/* ---- progress ------------------------------------------------------------------------------- */

void outputs_show_progress(struct outputs *outputs, const char *format, ...)
{
    va_list args;

    outputs->has_progress = true;
    fputs("\r", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\033[K", stderr);
    fflush(stderr);
}

void outputs_hide_progress(struct outputs *outputs)
{
    if (outputs->has_progress)
        fputs("\r\033[K", stderr);
    outputs->has_progress = false;
}
