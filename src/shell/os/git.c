/* SPDX-License-Identifier: Apache-2.0
 *
 * git: see git.h. One short-lived child for each question, but two that live as long as the object
 * and answer what is asked of files (cat-file --batch and --batch-check): a plan reads many. */
#include "shell/os/git.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "shell/net/loop.h"
#include "shell/os/clock.h"
#include "shell/os/env.h"
#include "shell/os/process.h"

enum {
    ARGUMENTS_MAX = 192,
    FILTERS_MAX = 32, /* settings of filters that a status passes over */
    ENVIRONMENT_MAX = 32,
    CHILDREN_MAX = 4,
    ERROR_BYTES_MAX = 4096,
    FILE_BYTES_MAX = 256 << 20,
    HEAD_BYTES_MAX = 8192,
};

static const uint64_t TIMEOUT_NS = (uint64_t)60 * 1000000000;

/* What git may know of our environment; HOME and XDG_CONFIG_HOME for safe.directory and user.name.
 */
static const char *const kept_names[] = {"PATH",    "HOME",   "XDG_CONFIG_HOME", "USER",
                                         "LOGNAME", "TMPDIR", "SSL_CERT_FILE",   NULL};

static const char *const fixed_environment[] = {
    "LC_ALL=C",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_OPTIONAL_LOCKS=0",
    "GIT_NO_LAZY_FETCH=1",
    "GIT_NO_REPLACE_OBJECTS=1",
    "GIT_PAGER=cat",
    "GIT_LITERAL_PATHSPECS=1",
    "GIT_FLUSH=1",
    NULL,
};

/* Settings of a repository that would start a program or change what is printed. */
static const char *const fixed_arguments[] = {
    "git", "--no-pager",
    "-c",  "core.fsmonitor=false",
    "-c",  "core.hooksPath=/dev/null",
    "-c",  "core.quotePath=false",
    "-c",  "core.untrackedCache=false",
    "-c",  "diff.external=",
    "-c",  "log.showSignature=false",
    "-c",  "log.mailmap=true",
    "-c",  "protocol.allow=never",
    "-c",  "color.ui=false",
    "-c",  "gc.auto=0",
    "-c",  "maintenance.auto=false",
    NULL,
};

/* A child that lives and answers questions of a line each. */
struct helper {
    const char *mode; /* "--batch" or "--batch-check" */
    struct id process;
    bool started;
    bool ended;
    struct strbuf output; /* what it said and nobody took yet */
    struct git *git;
};

struct git {
    struct loop *loop;
    struct processes *processes;
    char *folder; /* where children are started: the top once it is known */
    char *environment[ENVIRONMENT_MAX];
    uint64_t timeout_ns;
    bool timed_out;
    struct helper contents;
    struct helper names;
};

/* ---- one question, one child ---------------------------------------------------------------- */

struct question {
    struct git *git;
    struct strbuf *out; /* NULL: nobody wants it */
    size_t limit;
    bool cut; /* more came than `limit`; only where `may_cut` */
    bool may_cut;
    int code;
    int exit_status;
    struct strbuf error;
    struct id process;
};

static void take_output(struct question *question, struct view bytes)
{
    size_t room = question->limit - question->out->len;

    if (bytes.len > room) {
        question->cut = true;
        bytes.len = room;
    }
    strbuf_add(question->out, bytes);
    if (question->cut || strbuf_status(question->out) != 0)
        process_end(question->git->processes, question->process);
}

static void on_question(void *context, const struct process_event *event)
{
    struct question *question = context;

    if (event->kind == PROCESS_OUTPUT && !question->cut)
        take_output(question, event->bytes);
    if (event->kind != PROCESS_ENDED)
        return;
    question->code = event->code;
    question->exit_status = event->exit_status;
    strbuf_add(&question->error, view_trim(event->error_output));
    if (question->error.len == 0)
        strbuf_add_text(&question->error, event->text);
    loop_stop(question->git->loop);
}

static void fill_arguments(const char *const *more, const char **ret_arguments)
{
    size_t count = 0;

    for (size_t i = 0; fixed_arguments[i] != NULL; i++)
        ret_arguments[count++] = fixed_arguments[i];
    for (size_t i = 0; more[i] != NULL; i++) {
        assert_always(count + 1 < ARGUMENTS_MAX);
        ret_arguments[count++] = more[i];
    }
    ret_arguments[count] = NULL;
}

static int start(struct git *git, const char *const *more, process_listener *listener,
                 void *context, bool has_end, struct id *ret_process, struct err *reterr)
{
    const char *arguments[ARGUMENTS_MAX];
    struct process_options options = {
        .arguments = arguments,
        .environment = (const char *const *)git->environment,
        .directory = git->folder,
        .end_in_ns = has_end ? git->timeout_ns : 0,
        .error_bytes_max = ERROR_BYTES_MAX,
    };

    fill_arguments(more, arguments);
    int code = process_start(git->processes, &options, listener, context, ret_process, reterr);
    if (code == ERR_MISSING)
        return fail(reterr, code,
                    "there is no 'git' program in PATH: install git, the history is read by it");
    return code;
}

/* Runs git with these arguments to its end; `out` gets what it prints. Its exit status 1 is an
 * answer (ret_said_no) where that is asked for. */
static int ask(struct git *git, const char *const *arguments, struct question *question,
               bool *ret_said_no, struct err *reterr)
{
    struct strbuf nothing;

    strbuf_init(&nothing, GIT_OUTPUT_BYTES_MAX);
    question->git = git;
    question->out = question->out != NULL ? question->out : &nothing;
    question->limit = question->limit != 0 ? question->out->len + question->limit
                                           : question->out->len + GIT_OUTPUT_BYTES_MAX;
    strbuf_init(&question->error, ERROR_BYTES_MAX + 512);
    int code = start(git, arguments, on_question, question, true, &question->process, reterr);
    if (code == 0) {
        process_end_input(git->processes, question->process);
        loop_run(git->loop);
        code = question->code;
        if (question->cut)
            code = question->may_cut ? 0
                                     : fail(reterr, ERR_LIMIT, "git %s: more than %d MiB",
                                            arguments[0], GIT_OUTPUT_BYTES_MAX >> 20);
        else if (strbuf_status(question->out) != 0)
            code = fail(reterr, strbuf_status(question->out), "git %s: %s", arguments[0],
                        err_text(strbuf_status(question->out)));
        else if (code == ERR_FAILED && ret_said_no != NULL && question->exit_status == 1)
            code = 0;
        else if (code != 0)
            fail(reterr, code, "git %s: %s", arguments[0], strbuf_text(&question->error));
        if (ret_said_no != NULL)
            *ret_said_no = question->exit_status == 1;
    }
    strbuf_release(&question->error);
    strbuf_release(&nothing);
    return code;
}

/* The same where only a text is wanted. */
static int ask_text(struct git *git, const char *const *arguments, struct strbuf *out,
                    struct err *reterr)
{
    struct question question = {.out = out};
    return ask(git, arguments, &question, NULL, reterr);
}

/* The one line that git prints, in the arena. */
static int ask_line(struct git *git, const char *const *arguments, struct arena *arena,
                    struct view *ret_line, bool *ret_said_no, struct err *reterr)
{
    struct strbuf out;
    struct question question = {.out = &out};

    strbuf_init(&out, GIT_OUTPUT_BYTES_MAX);
    int code = ask(git, arguments, &question, ret_said_no, reterr);
    if (code == 0) {
        struct view line = strbuf_view(&out);
        if (view_ends(line, view_of("\n")))
            line.len--;
        if (arena_copy(arena, line, ret_line) != 0)
            code = fail(reterr, ERR_MEMORY, "no memory for what git said");
    }
    strbuf_release(&out);
    return code;
}

/* ---- life ----------------------------------------------------------------------------------- */

static char *copy_text(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = mem_new(len, 1);

    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

static int fill_environment(struct git *git)
{
    size_t count = 0;

    for (size_t i = 0; kept_names[i] != NULL; i++) {
        struct view value = env_get(view_of(kept_names[i]));
        struct strbuf pair;
        if (value.ptr == NULL)
            continue;
        strbuf_init(&pair, 1 << 20);
        strbuf_printf(&pair, "%s=%.*s", kept_names[i], VIEW_ARG(value));
        if (strbuf_status(&pair) != 0) {
            strbuf_release(&pair);
            return ERR_MEMORY;
        }
        git->environment[count++] = strbuf_take(&pair);
    }
    for (size_t i = 0; fixed_environment[i] != NULL; i++) {
        git->environment[count] = copy_text(fixed_environment[i]);
        if (git->environment[count++] == NULL)
            return ERR_MEMORY;
    }
    return 0;
}

/* What git says of a folder that is in no repository, or in one it will not touch. */
static int explain_top(const char *folder, int code, struct err *reterr)
{
    struct view said = view_of(reterr->text);

    if (code != ERR_FAILED)
        return code;
    if (view_find(said, view_of("dubious ownership"), 0) < said.len)
        return fail(reterr, ERR_DENIED,
                    "%s: git does not trust this repository, which belongs to somebody else: 'git "
                    "config --global --add safe.directory' with its path allows it",
                    folder);
    if (view_find(said, view_of("work tree"), 0) < said.len)
        return fail(reterr, ERR_UNSUPPORTED,
                    "%s: a bare repository has no files: work in a clone of it", folder);
    return fail(reterr, ERR_MISSING,
                "%s: is in no git repository: the history of prompts is read from git", folder);
}

static int find_top(struct git *git, struct err *reterr)
{
    static const char *const arguments[] = {"rev-parse", "--show-toplevel", NULL};
    struct arena arena;
    struct view top = {"", 0};

    arena_init(&arena, 1 << 20);
    int code = ask_line(git, arguments, &arena, &top, NULL, reterr);
    if (code != 0)
        code = explain_top(git->folder, code, reterr);
    else if (top.len == 0)
        code = fail(reterr, ERR_UNSUPPORTED, "%s: this repository has no work tree", git->folder);
    if (code == 0) {
        char *copy = copy_text(top.ptr);
        if (copy != NULL) {
            mem_free(git->folder);
            git->folder = copy;
        } else {
            code = fail(reterr, ERR_MEMORY, "no memory for git");
        }
    }
    arena_release(&arena);
    return code;
}

int git_open(const char *folder, uint64_t timeout_ns, struct git **ret_git, struct err *reterr)
{
    struct git *git = mem_new(1, sizeof *git);

    if (git == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for git");
    git->timeout_ns = timeout_ns != 0 ? timeout_ns : TIMEOUT_NS;
    git->contents = (struct helper){.mode = "--batch", .git = git};
    git->names = (struct helper){.mode = "--batch-check", .git = git};
    strbuf_init(&git->contents.output, FILE_BYTES_MAX);
    strbuf_init(&git->names.output, HEAD_BYTES_MAX * 2);
    git->folder = copy_text(folder);
    int code = git->folder == NULL || fill_environment(git) != 0
                   ? fail(reterr, ERR_MEMORY, "no memory for git")
                   : 0;
    if (code == 0)
        code = loop_new(&git->loop, reterr);
    if (code == 0)
        code = processes_new(git->loop, CHILDREN_MAX, &git->processes, reterr);
    if (code == 0)
        code = find_top(git, reterr);
    if (code != 0) {
        git_close(git);
        return code;
    }
    *ret_git = git;
    return 0;
}

void git_close(struct git *git)
{
    if (git == NULL)
        return;
    processes_free(git->processes);
    loop_free(git->loop);
    strbuf_release(&git->contents.output);
    strbuf_release(&git->names.output);
    for (size_t i = 0; i < ENVIRONMENT_MAX; i++)
        mem_free(git->environment[i]);
    mem_free(git->folder);
    mem_free(git);
}

struct view git_top(const struct git *git)
{
    return view_of(git->folder);
}

/* ---- commits -------------------------------------------------------------------------------- */

int git_resolve(struct git *git, const char *revision, struct arena *arena, struct view *ret_name,
                struct err *reterr)
{
    const char *wanted = arena_printf(arena, "%s^{commit}", revision);
    const char *const arguments[] = {"rev-parse",        "--quiet", "--verify",
                                     "--end-of-options", wanted,    NULL};
    bool said_no = false;

    if (wanted == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a revision");
    int code = ask_line(git, arguments, arena, ret_name, &said_no, reterr);
    /* "^HEAD" is all that is not of HEAD, and printed with its sign */
    if (code == ERR_FAILED
        || (code == 0 && (said_no || ret_name->len < 40 || ret_name->ptr[0] == '^')))
        return fail(reterr, ERR_MISSING,
                    "git knows no commit '%s': name a branch, a tag or a commit of this repository "
                    "(of a shallow clone 'git fetch --unshallow' brings the rest)",
                    revision);
    return code;
}

int git_is_ancestor(struct git *git, struct view ancestor, struct view commit, bool *ret_is,
                    struct err *reterr)
{
    const char *const arguments[] = {"merge-base", "--is-ancestor", ancestor.ptr, commit.ptr, NULL};
    struct question question = {0};
    bool said_no = false;

    int code = ask(git, arguments, &question, &said_no, reterr);
    if (code == 0)
        *ret_is = !said_no;
    return code;
}

int git_merge_base(struct git *git, struct view one, struct view other, struct arena *arena,
                   struct view *ret_name, struct err *reterr)
{
    const char *const arguments[] = {"merge-base", one.ptr, other.ptr, NULL};
    bool said_no = false;

    return ask_line(git, arguments, arena, ret_name, &said_no, reterr);
}

/* Fields with NUL between, and after the last. */
static const char FORMAT[] = "--format=%H%x00%P%x00%aN <%aE>%x00%aI%x00%s";

/* Text of any bytes as valid UTF-8 without control characters. */
static int clean(struct arena *arena, struct view text, struct view *ret_text)
{
    struct strbuf out;

    strbuf_init(&out, GIT_OUTPUT_BYTES_MAX);
    while (text.len > 0) {
        size_t at = 0;
        struct view good = text;
        if (!utf8_valid(text, &at))
            good.len = at;
        for (size_t i = 0; i < good.len; i++)
            strbuf_add_byte(&out, (unsigned char)good.ptr[i] < 0x20 ? ' ' : good.ptr[i]);
        if (good.len < text.len) {
            strbuf_add_codepoint(&out, 0xfffd);
            good.len++;
        }
        text = view_slice(text, good.len, text.len);
    }
    int code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&out), ret_text);
    strbuf_release(&out);
    return code;
}

static int read_commit(struct arena *arena, struct view *rest, struct git_commit *ret_commit)
{
    struct view *const fields[] = {&ret_commit->name, &ret_commit->parents, &ret_commit->author,
                                   &ret_commit->date, &ret_commit->subject};
    int code = 0;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && code == 0; i++)
        code = clean(arena, view_split(rest, '\0'), fields[i]);
    ret_commit->parent_count = ret_commit->parents.len > 0;
    for (size_t i = 0; i < ret_commit->parents.len; i++)
        ret_commit->parent_count += ret_commit->parents.ptr[i] == ' ';
    return code;
}

static size_t count_commits(struct view text)
{
    size_t zeros = 0;

    for (size_t i = 0; i < text.len; i++)
        zeros += text.ptr[i] == '\0';
    return zeros / 5;
}

static int read_commits(struct view text, struct arena *arena, struct git_commit **ret_commits,
                        size_t *ret_count, struct err *reterr)
{
    size_t count = count_commits(text);
    struct git_commit *commits = arena_new(arena, count + 1, sizeof *commits);
    int code = commits != NULL ? 0 : ERR_MEMORY;

    if (count > GIT_COMMITS_MAX)
        return fail(reterr, ERR_LIMIT, "more than %d commits between them: choose closer ends",
                    GIT_COMMITS_MAX);
    for (size_t i = 0; i < count && code == 0; i++)
        code = read_commit(arena, &text, &commits[i]);
    if (code != 0)
        return fail(reterr, code, "no memory for %zu commits", count);
    *ret_commits = commits;
    *ret_count = count;
    return 0;
}

int git_list(struct git *git, struct view good, struct view bad, bool first_parent,
             struct arena *arena, struct git_commit **ret_commits, size_t *ret_count,
             struct err *reterr)
{
    const char *range = arena_printf(arena, "%.*s..%.*s", VIEW_ARG(good), VIEW_ARG(bad));
    const char *const arguments[] = {"log",
                                     "-z",
                                     "--no-patch",
                                     "--reverse",
                                     "--topo-order",
                                     FORMAT,
                                     first_parent ? "--first-parent" : "--full-history",
                                     range,
                                     "--",
                                     NULL};
    struct strbuf out;

    if (range == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a list of commits");
    strbuf_init(&out, GIT_OUTPUT_BYTES_MAX);
    int code = ask_text(git, arguments, &out, reterr);
    if (code == 0)
        code = read_commits(strbuf_view(&out), arena, ret_commits, ret_count, reterr);
    strbuf_release(&out);
    return code;
}

int git_describe(struct git *git, struct view name, struct arena *arena,
                 struct git_commit *ret_commit, struct err *reterr)
{
    const char *const arguments[] = {"log",  "-z",     "--no-patch", "--max-count=1",
                                     FORMAT, name.ptr, "--",         NULL};
    struct git_commit *commits = NULL;
    struct strbuf out;
    size_t count = 0;

    strbuf_init(&out, GIT_OUTPUT_BYTES_MAX);
    int code = ask_text(git, arguments, &out, reterr);
    if (code == 0)
        code = read_commits(strbuf_view(&out), arena, &commits, &count, reterr);
    strbuf_release(&out);
    if (code == 0 && count == 0)
        return fail(reterr, ERR_MISSING, "git knows no commit '%.*s'", VIEW_ARG(name));
    if (code == 0)
        *ret_commit = commits[0];
    return code;
}

/* ---- files ---------------------------------------------------------------------------------- */

static void on_helper(void *context, const struct process_event *event)
{
    struct helper *helper = context;

    if (event->kind == PROCESS_OUTPUT)
        strbuf_add(&helper->output, event->bytes);
    helper->ended = helper->ended || event->kind == PROCESS_ENDED;
    loop_stop(helper->git->loop);
}

static void on_late(void *context, uint64_t now_ns)
{
    struct git *git = context;

    (void)now_ns;
    git->timed_out = true;
    loop_stop(git->loop);
}

/* What went wrong leaves a half-read answer behind: the next question gets a new child. */
static int give_up(struct helper *helper, int code, const char *why, struct err *reterr)
{
    process_abandon(helper->git->processes, helper->process);
    helper->started = helper->ended = false;
    strbuf_reset(&helper->output);
    return fail(reterr, code, "git cat-file: %s", why);
}

/* Waits until so many bytes came, or, for 0, a whole line. */
static int await_bytes(struct helper *helper, size_t count, struct err *reterr)
{
    struct git *git = helper->git;
    bool is_there = false;

    git->timed_out = false;
    if (loop_wake_at(git->loop, clock_now_ns() + git->timeout_ns, on_late, git) != 0)
        return give_up(helper, ERR_MEMORY, err_text(ERR_MEMORY), reterr);
    while (true) {
        struct view output = strbuf_view(&helper->output);
        is_there = count > 0 ? output.len >= count : view_find_byte(output, '\n') < output.len;
        if (is_there || helper->ended || git->timed_out || strbuf_status(&helper->output) != 0)
            break;
        loop_run(git->loop);
    }
    loop_wake_never(git->loop, git);
    if (is_there)
        return 0;
    if (strbuf_status(&helper->output) != 0)
        return give_up(helper, strbuf_status(&helper->output), "a file is too large", reterr);
    return helper->ended ? give_up(helper, ERR_IO, "it ended without an answer", reterr)
                         : give_up(helper, ERR_TIMEOUT, "it did not answer in time", reterr);
}

static int put_question(struct helper *helper, struct view commit, struct view path,
                        struct err *reterr)
{
    const char *const arguments[] = {"cat-file", helper->mode, "--follow-symlinks", NULL};
    struct git *git = helper->git;
    struct strbuf line;
    int code = 0;

    if (!helper->started) {
        code = start(git, arguments, on_helper, helper, false, &helper->process, reterr);
        helper->started = code == 0;
        if (code != 0)
            return code;
    }
    strbuf_init(&line, HEAD_BYTES_MAX);
    strbuf_printf(&line, "%.*s:%.*s\n", VIEW_ARG(commit), VIEW_ARG(path));
    code = strbuf_status(&line);
    if (code == 0)
        code = process_write(git->processes, helper->process, strbuf_view(&line));
    strbuf_release(&line);
    return code == 0 || code == ERR_BUSY ? 0 : give_up(helper, code, err_text(code), reterr);
}

struct object {
    char name[GIT_NAME_SIZE]; /* empty: there is none, and no content follows */
    size_t size;
};

/* "NAME TYPE SIZE", or what there is instead: "… missing", and for what links lead to nothing or
 * out of the repository "dangling SIZE", "symlink SIZE", "loop SIZE", "notdir SIZE" with a line of
 * that size behind. */
static int read_head(struct helper *helper, struct object *ret_object, struct err *reterr)
{
    struct view rest;
    int64_t size = 0;

    *ret_object = (struct object){0};
    int code = await_bytes(helper, 0, reterr);
    if (code != 0)
        return code;
    rest = strbuf_view(&helper->output);
    struct view line = view_split(&rest, '\n');
    size_t taken = line.len + 1;
    bool is_missing =
        view_ends(line, view_of(" missing")) || view_ends(line, view_of(" ambiguous"));
    struct view words = line;
    struct view name = view_split(&words, ' ');
    struct view type = view_split(&words, ' ');
    if (!is_missing && view_is(type, "blob") && name.len < GIT_NAME_SIZE
        && view_to_int(words, &size) == 0 && size >= 0) {
        memcpy(ret_object->name, name.ptr, name.len);
        ret_object->size = (size_t)size;
    } else if (!is_missing && words.ptr == NULL && view_to_int(type, &size) == 0 && size >= 0) {
        code = await_bytes(helper, taken + (size_t)size + 1, reterr); /* a link's odd end */
        taken += (size_t)size + 1;
    } else if (!is_missing && view_to_int(words, &size) == 0 && size >= 0
               && view_is(view_of(helper->mode), "--batch")) {
        code = await_bytes(helper, taken + (size_t)size + 1, reterr); /* a folder's content */
        taken += (size_t)size + 1;
    }
    if (code == 0)
        strbuf_consume(&helper->output, taken);
    return code;
}

/* Git ends over a path that leaves the repository. */
static bool is_askable(struct view path)
{
    return path.len > 0 && path.ptr[0] != '/' && !view_starts(path, view_of("./"))
           && !view_starts(path, view_of("..")) && path.len < HEAD_BYTES_MAX / 2
           && view_find_byte(path, '\n') == path.len && view_find_byte(path, '\0') == path.len;
}

static int no_file(struct view commit, struct view path, struct err *reterr)
{
    return fail(reterr, ERR_MISSING, "%.*s: is not in commit %.*s", VIEW_ARG(path),
                (int)(commit.len < 12 ? commit.len : 12), commit.ptr);
}

static int refuse_pointer(struct view commit, struct view path, struct view text,
                          struct err *reterr)
{
    if (!view_starts(text, view_of("version https://git-lfs.github.com/spec/")))
        return 0;
    return fail(reterr, ERR_UNSUPPORTED,
                "%.*s: commit %.*s keeps it in Git LFS, which is not read: keep prompts in git "
                "itself",
                VIEW_ARG(path), (int)(commit.len < 12 ? commit.len : 12), commit.ptr);
}

int git_read(struct git *git, struct view commit, struct view path, struct strbuf *out,
             struct err *reterr)
{
    struct helper *helper = &git->contents;
    struct object object;

    if (!is_askable(path))
        return no_file(commit, path, reterr);
    int code = put_question(helper, commit, path, reterr);
    if (code == 0)
        code = read_head(helper, &object, reterr);
    if (code == 0 && object.name[0] == '\0')
        return no_file(commit, path, reterr);
    if (code == 0)
        code = await_bytes(helper, object.size + 1, reterr);
    if (code != 0)
        return code;
    struct view text = view_slice(strbuf_view(&helper->output), 0, object.size);
    code = refuse_pointer(commit, path, text, reterr);
    if (code == 0) {
        strbuf_add(out, text);
        code = strbuf_status(out);
        if (code != 0)
            fail(reterr, code, "%.*s: larger than %zu bytes in commit %.*s", VIEW_ARG(path),
                 out->limit, (int)(commit.len < 12 ? commit.len : 12), commit.ptr);
    }
    strbuf_consume(&helper->output, object.size + 1);
    return code;
}

int git_object(struct git *git, struct view commit, struct view path, char ret_name[GIT_NAME_SIZE],
               struct err *reterr)
{
    struct object object;

    ret_name[0] = '\0';
    if (!is_askable(path))
        return 0;
    int code = put_question(&git->names, commit, path, reterr);
    if (code == 0)
        code = read_head(&git->names, &object, reterr);
    if (code == 0)
        memcpy(ret_name, object.name, GIT_NAME_SIZE);
    return code;
}

/* ---- differences and the rest --------------------------------------------------------------- */

int git_diff(struct git *git, struct view from, struct view to, const struct view *paths,
             size_t path_count, size_t limit, struct strbuf *out, struct err *reterr)
{
    const char *arguments[ARGUMENTS_MAX] = {"diff",          "--no-color",  "--no-ext-diff",
                                            "--no-textconv", "--no-prefix", from.ptr,
                                            to.ptr,          "--"};
    size_t count = 8;
    struct question question = {.out = out, .limit = limit, .may_cut = true};
    size_t room = ARGUMENTS_MAX - count - sizeof fixed_arguments / sizeof fixed_arguments[0] - 1;

    for (size_t i = 0; i < path_count && path_count <= room; i++)
        arguments[count++] = paths[i].ptr;
    int code = ask(git, arguments, &question, NULL, reterr);
    if (code == 0 && question.cut) {
        while (out->len > 0 && out->ptr[out->len - 1] != '\n')
            strbuf_cut(out, out->len - 1);
        strbuf_add_text(out, "… (cut here)\n");
    }
    return code;
}

/* Fills "-c filter.NAME.clean=" for what settings would have a status run, and that it may be
 * missing. What "-c" cannot say is refused. */
static int pass_over_filters(struct git *git, struct arena *arena, const char **arguments,
                             size_t *ret_count, struct err *reterr)
{
    static const char *const question[] = {
        "config", "-z", "--name-only", "--get-regexp", "^filter\\..*\\.(clean|process)$", NULL};
    struct view rest;
    bool said_no = false;
    size_t count = 0;

    int code = ask_line(git, question, arena, &rest, &said_no, reterr);
    while (code == 0 && rest.len > 0) {
        struct view key = view_split(&rest, '\0');
        size_t name_len = view_ends(key, view_of(".clean")) ? key.len - 5 : key.len - 7;
        if (count == FILTERS_MAX * 4 || view_find_byte(key, '=') < key.len)
            return fail(reterr, ERR_UNSUPPORTED, "git: filters that cannot be passed over");
        const char *off = arena_printf(arena, "%.*s=", VIEW_ARG(key));
        const char *missing = arena_printf(arena, "%.*srequired=no", (int)name_len, key.ptr);
        if (off == NULL || missing == NULL)
            return fail(reterr, ERR_MEMORY, "no memory for git's settings");
        arguments[count++] = "-c";
        arguments[count++] = off;
        arguments[count++] = "-c";
        arguments[count++] = missing;
    }
    *ret_count = count;
    return code;
}

int git_is_dirty(struct git *git, bool *ret_is, struct err *reterr)
{
    static const char *const status[] = {
        "status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules", NULL};
    const char *arguments[FILTERS_MAX * 4 + sizeof status / sizeof status[0]];
    struct arena arena;
    struct strbuf out;
    size_t count = 0;

    arena_init(&arena, 1 << 20);
    strbuf_init(&out, GIT_OUTPUT_BYTES_MAX);
    int code = pass_over_filters(git, &arena, arguments, &count, reterr);
    if (code == 0) {
        memcpy(arguments + count, status, sizeof status);
        code = ask_text(git, arguments, &out, reterr);
    }
    if (code == 0)
        *ret_is = out.len > 0;
    strbuf_release(&out);
    arena_release(&arena);
    return code;
}

int git_setting(struct git *git, const char *key, struct arena *arena, struct view *ret_value,
                struct err *reterr)
{
    const char *const arguments[] = {"config", "--get", key, NULL};
    bool said_no = false;

    return ask_line(git, arguments, arena, ret_value, &said_no, reterr);
}
