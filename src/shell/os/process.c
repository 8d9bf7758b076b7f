/* SPDX-License-Identifier: Apache-2.0
 *
 * process: see process.h. A child has a place with an id; libuv's handles live in a block of their
 * own (struct child_io), which outlasts the place until the kernel has given the child back, so
 * that nothing stays a zombie. Real pipes, not libuv's socket pairs: scripts open /dev/stderr. */
#include "shell/os/process.h"

#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "shell/net/loop.h"
#include "shell/os/signals.h"

enum {
    READ_BYTES = 65536,
    QUEUE_LOW = 64 * 1024,
    QUEUE_HIGH = 256 * 1024,
    QUEUE_LIMIT = 64 * 1024 * 1024,
    OUTPUT_DEFAULT = 16 * 1024 * 1024,
    ERROR_DEFAULT = 8 * 1024,
    NAME_SIZE = 64,
};

static const uint64_t GRACE_NS = 1000 * 1000 * 1000;
static const uint64_t LINGER_NS = 500 * 1000 * 1000; /* for output after the end of the child */

enum stream { STREAM_INPUT, STREAM_OUTPUT, STREAM_ERROR, STREAMS };

struct child_io {
    uv_process_t process;
    uv_pipe_t streams[STREAMS];
    uv_write_t write;
    struct processes *processes; /* NULL once nobody listens */
    struct id child;
    int handles;     /* not closed yet */
    int alive_place; /* in the table of living groups */
};

struct child {
    struct processes *processes;
    struct id id;
    struct child_io *io;
    process_listener *listener;
    void *context;
    struct loop_task task; /* flushes input, says WRITABLE */
    struct strbuf input;   /* queued */
    struct strbuf sending; /* libuv holds it while `writing` */
    struct strbuf output;  /* collected */
    struct strbuf errors;
    uint64_t grace_ns;
    uint64_t end_in_ns;
    int verdict; /* why it was ended by us: ERR_TIMEOUT, ERR_LIMIT, ERR_MEMORY; 0 */
    int exit_status;
    int signal;
    bool collect;
    bool paused;
    bool open[STREAMS];
    bool exited;
    bool asked; /* SIGTERM was sent */
    bool writing;
    bool input_ends; /* close it after what is queued */
    bool busy_said;
    char deadline; /* its address names a timer, as below */
    char kill_at;
    char linger;
    char name[NAME_SIZE];
};

struct processes {
    struct loop *loop;
    struct slots children;
    char bytes[READ_BYTES];
};

/* Groups that live, for a signal handler; 0 where free. */
static atomic_int alive[PROCESSES_MAX];

void process_kill_all(void)
{
    for (size_t i = 0; i < PROCESSES_MAX; i++) {
        int group = atomic_load(&alive[i]);
        if (group > 0)
            kill(-group, SIGKILL);
    }
}

static int alive_reserve(void)
{
    for (int i = 0; i < PROCESSES_MAX; i++) {
        int none = 0;
        if (atomic_compare_exchange_strong(&alive[i], &none, -1))
            return i;
    }
    return -1;
}

static struct child *find(const struct processes *processes, struct id id)
{
    return slots_get(&processes->children, id);
}

static struct child *owner_of(const struct child_io *io)
{
    if (io->processes == NULL)
        return NULL;
    loop_entered(io->processes->loop);
    return find(io->processes, io->child);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct child_io *io = handle->data;

    io->handles--;
    if (io->handles == 0)
        mem_free(io);
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_handle_closed);
}

static void send_signal(const struct child *child, int number)
{
    /* The group may be empty already; its number stays ours until the child was awaited. */
    if (!child->exited)
        (void)kill(-child->io->process.pid, number);
}

/* Forgets the child; its handles end when the kernel has given the process back. */
static void release(struct child *child)
{
    struct processes *processes = child->processes;
    struct loop *loop = processes->loop;
    struct child_io *io = child->io;

    if (io != NULL) {
        io->processes = NULL;
        for (size_t i = 0; i < STREAMS; i++)
            close_handle(&io->streams[i]);
        if (child->exited)
            close_handle(&io->process);
    }
    loop_undefer(loop, &child->task);
    loop_wake_never(loop, &child->deadline);
    loop_wake_never(loop, &child->kill_at);
    loop_wake_never(loop, &child->linger);
    strbuf_release(&child->input);
    strbuf_release(&child->sending);
    strbuf_release(&child->output);
    strbuf_release(&child->errors);
    slots_give(&processes->children, child->id);
}

/* What happened, for people, and the code for it. */
static int judge(const struct child *child, char *text, size_t size)
{
    if (child->verdict == ERR_TIMEOUT) {
        snprintf(text, size, "'%s' took longer than %.3g s and was ended", child->name,
                 (double)child->end_in_ns / 1e9);
    } else if (child->verdict == ERR_LIMIT) {
        snprintf(text, size, "'%s' wrote more than the %zu bytes allowed and was ended",
                 child->name, child->output.limit);
    } else if (child->verdict != 0) {
        snprintf(text, size, "'%s' was ended: %s", child->name, err_text(child->verdict));
    } else if (child->signal != 0) {
        snprintf(text, size, "'%s' was ended by signal %d (%s)", child->name, child->signal,
                 strsignal(child->signal));
        return ERR_FAILED;
    } else {
        snprintf(text, size, "'%s' ended with status %d", child->name, child->exit_status);
        return child->exit_status == 0 ? 0 : ERR_FAILED;
    }
    return child->verdict;
}

static void finish(struct child *child)
{
    char text[NAME_SIZE + 128];
    process_listener *listener = child->listener;
    void *context = child->context;
    struct strbuf output = child->output;
    struct strbuf errors = child->errors;
    struct process_event event = {
        .kind = PROCESS_ENDED,
        .process = child->id,
        .bytes = strbuf_view(&output),
        .error_output = strbuf_view(&errors),
        .code = judge(child, text, sizeof text),
        .exit_status = child->signal != 0 ? -1 : child->exit_status,
        .signal = child->signal,
        .text = text,
    };

    strbuf_init(&child->output, 0);
    strbuf_init(&child->errors, 0);
    release(child);
    listener(context, &event);
    strbuf_release(&output);
    strbuf_release(&errors);
}

static void on_linger(void *context, uint64_t now_ns)
{
    struct child *child = (struct child *)((char *)context - offsetof(struct child, linger));

    (void)now_ns;
    /* Something it started still holds its output: it ends with its group. */
    (void)kill(-child->io->process.pid, SIGKILL);
    finish(child);
}

/* Ends the child's life here once it is gone and its output was heard. */
static void finish_if_done(struct child *child)
{
    struct loop *loop = child->processes->loop;

    if (!child->exited)
        return;
    if (!child->open[STREAM_OUTPUT] && !child->open[STREAM_ERROR])
        finish(child);
    else if (!child->paused
             && loop_wake_at(loop, loop_now(loop) + LINGER_NS, on_linger, &child->linger) != 0)
        finish(child);
}

static void on_ended(uv_process_t *process, int64_t exit_status, int signal)
{
    struct child_io *io = process->data;
    struct child *child = owner_of(io);

    atomic_store(&alive[io->alive_place], 0);
    if (child == NULL) {
        close_handle(process);
        return;
    }
    child->exited = true;
    child->exit_status = (int)exit_status;
    child->signal = signal;
    loop_wake_never(child->processes->loop, &child->deadline);
    loop_wake_never(child->processes->loop, &child->kill_at);
    finish_if_done(child);
}

/* Ending it. */

static void on_kill(void *context, uint64_t now_ns)
{
    struct child *child = (struct child *)((char *)context - offsetof(struct child, kill_at));

    (void)now_ns;
    send_signal(child, SIGKILL);
}

static void ask_to_end(struct child *child)
{
    struct loop *loop = child->processes->loop;

    if (child->asked || child->exited)
        return;
    child->asked = true;
    send_signal(child, SIGTERM);
    if (loop_wake_at(loop, loop_now(loop) + child->grace_ns, on_kill, &child->kill_at) != 0)
        send_signal(child, SIGKILL);
}

static void condemn(struct child *child, int verdict)
{
    if (child->verdict == 0 && !child->exited)
        child->verdict = verdict;
    ask_to_end(child);
}

static void on_deadline(void *context, uint64_t now_ns)
{
    struct child *child = (struct child *)((char *)context - offsetof(struct child, deadline));

    (void)now_ns;
    condemn(child, ERR_TIMEOUT);
}

void process_end(struct processes *processes, struct id process)
{
    struct child *child = find(processes, process);

    if (child != NULL)
        ask_to_end(child);
}

void process_abandon(struct processes *processes, struct id process)
{
    struct child *child = find(processes, process);

    if (child == NULL)
        return;
    send_signal(child, SIGKILL);
    release(child);
}

int process_number(struct processes *processes, struct id process)
{
    const struct child *child = find(processes, process);

    return child != NULL ? child->io->process.pid : 0;
}

/* Its output. */

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_room)
{
    const struct child_io *io = handle->data;

    (void)wanted;
    *ret_room = io->processes != NULL ? uv_buf_init(io->processes->bytes, READ_BYTES)
                                      : uv_buf_init(NULL, 0);
}

static void keep_output(struct child *child, struct view bytes)
{
    if (child->verdict != 0)
        return;
    strbuf_add(&child->output, bytes);
    int code = strbuf_status(&child->output);
    if (code != 0)
        condemn(child, code);
}

static void keep_errors(struct child *child, struct view bytes)
{
    size_t room = child->errors.limit - child->errors.len;

    strbuf_add(&child->errors, view_slice(bytes, 0, room));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *room)
{
    struct child_io *io = stream->data;
    struct child *child = owner_of(io);
    enum stream which =
        stream == (uv_stream_t *)&io->streams[STREAM_ERROR] ? STREAM_ERROR : STREAM_OUTPUT;

    if (child == NULL || len == 0)
        return;
    if (len < 0) {
        close_handle(stream);
        child->open[which] = false;
        finish_if_done(child);
        return;
    }
    struct view bytes = view_make(room->base, (size_t)len);
    if (which == STREAM_ERROR) {
        keep_errors(child, bytes);
    } else if (child->collect) {
        keep_output(child, bytes);
    } else {
        struct process_event event = {
            .kind = PROCESS_OUTPUT, .process = child->id, .bytes = bytes, .text = ""};
        child->listener(child->context, &event);
    }
}

void process_pause(struct processes *processes, struct id process, bool paused)
{
    struct child *child = find(processes, process);

    if (child == NULL || child->paused == paused || !child->open[STREAM_OUTPUT])
        return;
    child->paused = paused;
    uv_stream_t *stream = (uv_stream_t *)&child->io->streams[STREAM_OUTPUT];
    if (paused) {
        uv_read_stop(stream);
        loop_wake_never(processes->loop, &child->linger);
    } else {
        uv_read_start(stream, on_room, on_read);
        loop_defer(processes->loop, &child->task);
    }
}

/* Its input. */

static void input_over(struct child *child)
{
    child->open[STREAM_INPUT] = false;
    strbuf_release(&child->input);
    close_handle(&child->io->streams[STREAM_INPUT]);
}

static void flush(struct child *child);

static void on_written(uv_write_t *request, int status)
{
    struct child *child = owner_of(request->data);

    if (child == NULL)
        return;
    child->writing = false;
    strbuf_reset(&child->sending);
    if (status != 0 && child->open[STREAM_INPUT])
        input_over(child);
    flush(child);
}

static void write_batch(struct child *child)
{
    struct strbuf held = child->sending;

    child->sending = child->input;
    child->input = held;
    uv_buf_t buf = uv_buf_init(child->sending.ptr, (unsigned)child->sending.len);
    if (uv_write(&child->io->write, (uv_stream_t *)&child->io->streams[STREAM_INPUT], &buf, 1,
                 on_written)
        == 0)
        child->writing = true;
    else
        input_over(child);
}

static void flush(struct child *child)
{
    if (child->open[STREAM_INPUT] && !child->writing) {
        if (child->input.len != 0)
            write_batch(child);
        else if (child->input_ends)
            input_over(child);
    }
    if (child->busy_said && !child->writing && child->input.len < QUEUE_LOW) {
        struct process_event event = {.kind = PROCESS_WRITABLE, .process = child->id, .text = ""};
        child->busy_said = false;
        child->listener(child->context, &event);
    }
}

static void on_task(void *context)
{
    struct child *child = context;
    struct processes *processes = child->processes;
    struct id id = child->id;

    flush(child);
    if (find(processes, id) != NULL)
        finish_if_done(child);
}

int process_write(struct processes *processes, struct id process, struct view bytes)
{
    struct child *child = find(processes, process);

    if (child == NULL || !child->open[STREAM_INPUT] || child->input_ends)
        return ERR_CLOSED;
    size_t waiting = child->input.len + (child->writing ? child->sending.len : 0);
    if (bytes.len > QUEUE_LIMIT - (waiting < QUEUE_LIMIT ? waiting : QUEUE_LIMIT)
        || strbuf_room(&child->input, bytes.len) == NULL) {
        child->input.status = 0;
        return ERR_LIMIT;
    }
    strbuf_add(&child->input, bytes);
    loop_defer(processes->loop, &child->task);
    if (waiting + bytes.len <= QUEUE_HIGH)
        return 0;
    child->busy_said = true;
    return ERR_BUSY;
}

void process_end_input(struct processes *processes, struct id process)
{
    struct child *child = find(processes, process);

    if (child == NULL || !child->open[STREAM_INPUT])
        return;
    child->input_ends = true;
    loop_defer(processes->loop, &child->task);
}

/* Starting it. */

/* Three pipes: `theirs` for the child, ours opened as streams. Returns libuv's code. */
static int make_pipes(struct child_io *io, uv_loop_t *uv, uv_file theirs[STREAMS])
{
    for (int i = 0; i < STREAMS; i++) {
        uv_file ends[2]; /* to read, to write */
        bool input = i == STREAM_INPUT;
        int status = uv_pipe(ends, input ? 0 : UV_NONBLOCK_PIPE, input ? UV_NONBLOCK_PIPE : 0);
        if (status != 0)
            return status;
        theirs[i] = input ? ends[0] : ends[1];
        uv_pipe_init(uv, &io->streams[i], 0);
        io->streams[i].data = io;
        io->handles++;
        status = uv_pipe_open(&io->streams[i], input ? ends[1] : ends[0]);
        if (status != 0) {
            close(input ? ends[1] : ends[0]);
            return status;
        }
    }
    return 0;
}

static int spawn(struct child_io *io, uv_loop_t *uv, const struct process_options *options)
{
    uv_file theirs[STREAMS] = {-1, -1, -1};
    uv_stdio_container_t containers[STREAMS];
    int status = make_pipes(io, uv, theirs);

    if (status == 0) {
        for (int i = 0; i < STREAMS; i++)
            containers[i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = theirs[i]};
        uv_process_options_t wish = {
            .exit_cb = on_ended,
            .file = options->arguments[0],
            .args = (char **)(uintptr_t)options->arguments,
            .env = (char **)(uintptr_t)options->environment,
            .cwd = options->directory,
            .flags = UV_PROCESS_DETACHED,
            .stdio_count = STREAMS,
            .stdio = containers,
        };
        status = uv_spawn(uv, &io->process, &wish);
        io->process.data = io;
        io->handles++;
    }
    for (int i = 0; i < STREAMS; i++) {
        if (theirs[i] >= 0)
            close(theirs[i]);
    }
    return status;
}

static int fail_start(const struct process_options *options, int status, struct err *reterr)
{
    const char *name = options->arguments[0];

    switch (status) {
    case UV_ENOENT:
    case UV_ENOTDIR:
        return fail(reterr, ERR_MISSING,
                    "cannot start '%s': no such program%s%s; check its path and PATH", name,
                    options->directory != NULL ? ", or no folder " : "",
                    options->directory != NULL ? options->directory : "");
    case UV_EACCES:
    case UV_EPERM:
        return fail(reterr, ERR_DENIED, "cannot start '%s': not executable; chmod +x helps", name);
    case UV_EMFILE:
    case UV_ENFILE:
        return fail(reterr, ERR_LIMIT, "cannot start '%s': too many open files; raise 'ulimit -n'",
                    name);
    case UV_ENOMEM:
        return fail(reterr, ERR_MEMORY, "cannot start '%s': out of memory", name);
    default:
        return fail(reterr, ERR_IO, "cannot start '%s': %s", name, uv_strerror(status));
    }
}

/* Closes the handles of a child that never came to life. */
static void discard(struct child_io *io, bool process_known)
{
    io->processes = NULL;
    atomic_store(&alive[io->alive_place], 0);
    if (io->handles == 0) {
        mem_free(io);
        return;
    }
    int pipes = io->handles - (process_known ? 1 : 0);
    for (int i = 0; i < pipes; i++)
        close_handle(&io->streams[i]);
    if (process_known)
        close_handle(&io->process);
}

static struct child *take(struct processes *processes, const struct process_options *options,
                          process_listener *listener, void *context)
{
    struct id id;
    struct child *child = slots_take(&processes->children, &id);
    if (child == NULL)
        return NULL;

    child->processes = processes;
    child->id = id;
    child->listener = listener;
    child->context = context;
    child->task = (struct loop_task){.run = on_task, .context = child};
    child->collect = options->collect;
    child->grace_ns = options->grace_ns != 0 ? options->grace_ns : GRACE_NS;
    child->end_in_ns = options->end_in_ns;
    snprintf(child->name, sizeof child->name, "%s", options->arguments[0]);
    strbuf_init(&child->input, QUEUE_LIMIT);
    strbuf_init(&child->sending, QUEUE_LIMIT);
    strbuf_init(&child->output,
                options->output_bytes_max != 0 ? options->output_bytes_max : OUTPUT_DEFAULT);
    strbuf_init(&child->errors,
                options->error_bytes_max != 0 ? options->error_bytes_max : ERROR_DEFAULT);
    return child;
}

/* Listens to a child that lives. */
static int attend(struct child *child)
{
    struct loop *loop = child->processes->loop;

    for (int i = 0; i < STREAMS; i++)
        child->open[i] = true;
    for (int i = STREAM_OUTPUT; i < STREAMS; i++) {
        if (uv_read_start((uv_stream_t *)&child->io->streams[i], on_room, on_read) != 0)
            return ERR_IO;
    }
    if (child->end_in_ns == 0)
        return 0;
    return loop_wake_at(loop, loop_now(loop) + child->end_in_ns, on_deadline, &child->deadline);
}

int process_start(struct processes *processes, const struct process_options *options,
                  process_listener *listener, void *context, struct id *ret_process,
                  struct err *reterr)
{
    int place = alive_reserve();
    struct child_io *io = place >= 0 ? mem_new(1, sizeof *io) : NULL;
    struct child *child = io != NULL ? take(processes, options, listener, context) : NULL;

    if (child == NULL) {
        bool full = place < 0 || io != NULL;
        if (place >= 0)
            atomic_store(&alive[place], 0);
        mem_free(io);
        return fail(reterr, full ? ERR_LIMIT : ERR_MEMORY, "cannot start '%s': %s",
                    options->arguments[0],
                    full ? "too many processes run already" : "out of memory");
    }
    io->write.data = io;
    io->alive_place = place;
    io->child = child->id;
    int status = spawn(io, loop_uv(processes->loop), options);
    if (status != 0) {
        discard(io, io->handles > STREAMS);
        release(child);
        return fail_start(options, status, reterr);
    }
    atomic_store(&alive[place], io->process.pid);
    io->processes = processes;
    child->io = io;
    int code = attend(child);
    if (code != 0) {
        process_abandon(processes, child->id);
        return fail(reterr, code, "cannot listen to '%s': %s", options->arguments[0],
                    err_text(code));
    }
    *ret_process = child->id;
    return 0;
}

int processes_new(struct loop *loop, uint32_t capacity, struct processes **ret_processes,
                  struct err *reterr)
{
    struct processes *processes = mem_new(1, sizeof *processes);
    if (processes == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory for child processes");

    int code = slots_init(&processes->children, capacity, sizeof(struct child));
    if (code != 0) {
        mem_free(processes);
        return fail(reterr, code, "no room for %u child processes", capacity);
    }
    signals_ignore_pipe(); /* writing to a child that is gone is an error code */
    /* What we were started with stays ours; libuv's way for kernels before 5.11 finds most. */
    if (close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) != 0)
        uv_disable_stdio_inheritance();
    processes->loop = loop;
    *ret_processes = processes;
    return 0;
}

void processes_free(struct processes *processes)
{
    struct id id;

    if (processes == NULL)
        return;
    for (uint32_t slot = 0; slot < processes->children.capacity; slot++) {
        if (slots_at(&processes->children, slot, &id) != NULL)
            process_abandon(processes, id);
    }
    slots_release(&processes->children);
    mem_free(processes);
}
