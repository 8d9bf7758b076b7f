/* SPDX-License-Identifier: Apache-2.0
 *
 * carrier_exec: attempts as processes: one for each, the request on its standard input, the answer
 * on its standard output. A connection is but a place for a process. See carrier.h.
 *
 * Status 75 (EX_TEMPFAIL of sysexits.h) says that the same question may be answered later and is
 * tried again; any other failure is final. */
#include "app/carrier.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "shell/os/process.h"

enum {
    COMMAND_BYTES_MAX = 1024 * 1024,
    STATUS_TRY_AGAIN = 75,
    ERROR_SHOWN_BYTES = 300,
};

struct carrier_exec;

struct place {
    struct carrier_exec *exec;
    struct id process;
    struct id ask;
};

struct carrier_exec {
    struct carrier carrier;
    struct asker *asker;
    struct processes *processes;
    struct arena arena;
    const char **arguments;
    struct place places[ASKER_PROCESSES_MAX];
};

static struct carrier_exec *exec_of(struct carrier *carrier)
{
    return (struct carrier_exec *)carrier;
}

static void exec_open(struct carrier *carrier, struct id connection)
{
    asker_opened(exec_of(carrier)->asker, connection, 1);
}

static void exec_close(struct carrier *carrier, struct id connection)
{
    struct carrier_exec *exec = exec_of(carrier);
    struct place *place = &exec->places[connection.slot];

    process_abandon(exec->processes, place->process);
    place->process = (struct id){0};
    place->ask = (struct id){0};
}

static void exec_abandon(struct carrier *carrier, struct ask *ask, struct id connection)
{
    (void)ask;
    exec_close(carrier, connection);
}

/* The first line of what it said on standard error, cut where it is long. */
static struct view first_line(struct view text)
{
    struct view rest = view_trim(text);
    return utf8_cut(view_trim(view_split(&rest, '\n')), ERROR_SHOWN_BYTES);
}

static void tell_failure(struct carrier_exec *exec, struct ask *ask,
                         const struct process_event *event)
{
    struct view said = first_line(event->error_output);
    bool again = event->exit_status == STATUS_TRY_AGAIN;
    int code = event->code == ERR_FAILED ? ERR_UPSTREAM : event->code;

    ask->reply = (struct reply){.code = code, .may_retry = again};
    const char *text = arena_printf(&ask->answer_arena, "command %s%s%.*s", event->text,
                                    said.len > 0 ? ": " : "", VIEW_ARG(said));
    ask->reply.error_text = view_of(text != NULL ? text : event->text);
    asker_responded(exec->asker, ask, NULL, true);
}

static void listen_to_process(void *context, const struct process_event *event)
{
    struct place *place = context;
    struct carrier_exec *exec = place->exec;

    if (event->kind != PROCESS_ENDED || !id_equal(place->process, event->process))
        return;
    struct ask *ask = asker_find(exec->asker, place->ask);
    place->process = (struct id){0};
    place->ask = (struct id){0};
    if (ask == NULL)
        return;
    if (event->code != 0) {
        tell_failure(exec, ask, event);
        return;
    }
    struct http_response response = {.status = 200, .body = event->bytes};
    int code = exec->asker->provider->read(exec->asker->options.target, &response,
                                           &ask->answer_arena, &ask->reply);
    if (code != 0)
        ask->reply =
            (struct reply){.code = code, .error_text = VIEW("no memory to read the answer")};
    asker_responded(exec->asker, ask, NULL, true);
}

static void exec_send(struct carrier *carrier, struct ask *ask, struct id connection)
{
    struct carrier_exec *exec = exec_of(carrier);
    struct place *place = &exec->places[connection.slot];
    struct process_options options = {
        .arguments = exec->arguments,
        .collect = true,
        .output_bytes_max = ASKER_ANSWER_BYTES_MAX,
    };
    struct err err = {0};

    int code =
        process_start(exec->processes, &options, listen_to_process, place, &place->process, &err);
    if (code != 0) {
        asker_lost(exec->asker, ask,
                   &(struct ask_loss){.code = code, .may_retry = code == ERR_LIMIT}, "%s",
                   err.text);
        return;
    }
    place->ask = ask->id;
    code = process_write(exec->processes, place->process, ask->request->body);
    process_end_input(exec->processes, place->process);
    if (code == 0 || code == ERR_BUSY || code == ERR_CLOSED) /* it need not read its input */
        return;
    exec_close(carrier, connection);
    asker_lost(exec->asker, ask, &(struct ask_loss){.code = code},
               "command '%s' cannot be given its input: %s", exec->arguments[0], err_text(code));
}

static void exec_free(struct carrier *carrier)
{
    struct carrier_exec *exec = exec_of(carrier);

    processes_free(exec->processes);
    arena_release(&exec->arena);
    mem_free(exec);
}

static const struct carrier_ops exec_ops = {
    .open = exec_open,
    .close = exec_close,
    .send = exec_send,
    .abandon = exec_abandon,
    .free = exec_free,
};

static int take_command(struct carrier_exec *exec, struct err *reterr)
{
    const struct asker_options *options = &exec->asker->options;

    exec->arguments = arena_new(&exec->arena, options->command_count + 1, sizeof *exec->arguments);
    if (exec->arguments == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    for (size_t i = 0; i < options->command_count; i++) {
        exec->arguments[i] = arena_string(&exec->arena, options->command[i]);
        if (exec->arguments[i] == NULL)
            return fail(reterr, ERR_LIMIT, "the command is longer than %d bytes",
                        COMMAND_BYTES_MAX);
    }
    return 0;
}

int carrier_exec_new(struct asker *asker, struct loop *loop, struct carrier **ret_carrier,
                     struct err *reterr)
{
    const struct asker_options *options = &asker->options;
    if (options->command_count == 0)
        return fail(reterr, ERR_CONFIG, "target '%.*s': a target of kind exec needs a `command:`",
                    VIEW_ARG(options->target->name));
    if (loop == NULL)
        return fail(reterr, ERR_UNSUPPORTED, "no processes can be started here");

    struct carrier_exec *exec = mem_new(1, sizeof *exec);
    if (exec == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    exec->carrier.ops = &exec_ops;
    exec->asker = asker;
    arena_init(&exec->arena, COMMAND_BYTES_MAX);
    for (size_t i = 0; i < ASKER_PROCESSES_MAX; i++)
        exec->places[i].exec = exec;
    int code = take_command(exec, reterr);
    if (code == 0)
        code = processes_new(loop, options->max_in_flight, &exec->processes, reterr);
    if (code != 0) {
        exec_free(&exec->carrier);
        return code;
    }
    *ret_carrier = &exec->carrier;
    return 0;
}
