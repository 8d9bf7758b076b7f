/* SPDX-License-Identifier: Apache-2.0
 *
 * command_run: see command_run.h. */
#include "app/command_run.h"

#include "base/arena.h"
#include "base/utf8.h"

enum { SAID_BYTES_MAX = 400, SCRATCH_BYTES_MAX = 1 << 20 };

static int list_arguments(const struct command_run *command, struct arena *arena,
                          const char *arguments[COMMAND_RUN_ARGUMENTS_MAX])
{
    size_t count = 0;

    if (command->is_line) {
        arguments[count++] = "/bin/sh";
        arguments[count++] = "-c";
    }
    for (size_t i = 0; i < command->command->count && count + 1 < COMMAND_RUN_ARGUMENTS_MAX; i++) {
        arguments[count] = arena_string(arena, command->command->items[i]);
        if (arguments[count++] == NULL)
            return ERR_MEMORY;
    }
    arguments[count] = NULL;
    return 0;
}

int command_run_start(struct processes *processes, const struct command_run *command,
                      process_listener *listener, void *context, struct id *ret_process,
                      struct err *reterr)
{
    const char *arguments[COMMAND_RUN_ARGUMENTS_MAX];
    const struct process_options options = {
        .arguments = arguments, .end_in_ns = command->end_in_ns, .collect = true};
    struct arena scratch;

    arena_init(&scratch, SCRATCH_BYTES_MAX);
    int code = list_arguments(command, &scratch, arguments);
    if (code == 0)
        code = process_start(processes, &options, listener, context, ret_process, reterr);
    else
        fail(reterr, code, "no memory for the arguments of a command");
    if (code == 0) {
        /* a command that does not read its input may still decide: what cannot be written is
         * lost */
        int wrote = process_write(processes, *ret_process, command->input);
        if (wrote == 0 || wrote == ERR_BUSY)
            process_end_input(processes, *ret_process);
    }
    arena_release(&scratch);
    return code;
}

struct view command_run_said(const struct process_event *event)
{
    struct view said = view_trim(event->error_output);

    said = utf8_cut(view_slice(said, 0, view_find_byte(said, '\n')), SAID_BYTES_MAX);
    return said.len > 0 ? said : view_of(event->text);
}
