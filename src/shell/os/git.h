/* SPDX-License-Identifier: Apache-2.0
 *
 * git: what a git repository holds, asked of the git program itself as a child process.
 *
 * Reads only: nothing here writes to the repository, its index, HEAD, stash or work tree, runs a
 * hook, a filter, a pager or a text conversion, asks for a password or goes to the network. Git is
 * started by its arguments, never through a shell, with an environment of a few named variables
 * (no GIT_* of ours), settings of the repository that start programs switched off, and optional
 * locks not taken. Names that a user gives stand where git cannot read them as options.
 * File texts are what the repository holds: no smudge filter, no change of line ends; a pointer of
 * Git LFS is refused by name. Symbolic links inside a revision are followed.
 *
 * Blocking: every call waits, on a loop of its own, at most its timeout.
 * Memory: base/mem and the caller's arena. Threads: one owner.
 * Limits: GIT_OUTPUT_BYTES_MAX of output, GIT_COMMITS_MAX commits in a list. */
#ifndef ASSAY_SHELL_OS_GIT_H
#define ASSAY_SHELL_OS_GIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum { GIT_OUTPUT_BYTES_MAX = 64 << 20, GIT_COMMITS_MAX = 100000, GIT_NAME_SIZE = 65 };

struct git;

struct git_commit {
    struct view name;    /* 40 hex digits (64 in a repository of SHA-256) */
    struct view parents; /* their names with a space between; empty: a first commit */
    size_t parent_count;
    struct view author;  /* "Name <address>" */
    struct view date;    /* of the author, "2026-11-24T02:10:00+09:00" */
    struct view subject; /* one line; valid UTF-8 */
};

/* The repository that `folder` lies in. `timeout_ns` bounds each later question; 0: 60 s.
 * ERR_MISSING (no git program, no repository there) and ERR_UNSUPPORTED (a bare one) with the
 * remedy; ERR_DENIED where git refuses a repository of somebody else's; ERR_MEMORY. */
MUST_CHECK int git_open(const char *folder, uint64_t timeout_ns, struct git **ret_git,
                        struct err *reterr);
/* NULL is fine. */
void git_close(struct git *git);

/* The folder of its work tree, absolute, links resolved. Holds until git_close. */
struct view git_top(const struct git *git);

/* The full name of the commit that `revision` (a branch, a tag, HEAD~3, …) stands for. In the
 * arena. ERR_MISSING with the remedy where there is none. */
MUST_CHECK int git_resolve(struct git *git, const char *revision, struct arena *arena,
                           struct view *ret_name, struct err *reterr);

/* True where `ancestor` is `commit` or one of those it descends from. */
MUST_CHECK int git_is_ancestor(struct git *git, struct view ancestor, struct view commit,
                               bool *ret_is, struct err *reterr);

/* The last commit that both descend from, in the arena; empty where there is none. */
MUST_CHECK int git_merge_base(struct git *git, struct view one, struct view other,
                              struct arena *arena, struct view *ret_name, struct err *reterr);

/* The commits of bad that good has not, the oldest first: along first parents (a merge stands for
 * all it brought), or all of them, each after its parents. In the arena. ERR_LIMIT. */
MUST_CHECK int git_list(struct git *git, struct view good, struct view bad, bool first_parent,
                        struct arena *arena, struct git_commit **ret_commits, size_t *ret_count,
                        struct err *reterr);

/* One commit. */
MUST_CHECK int git_describe(struct git *git, struct view name, struct arena *arena,
                            struct git_commit *ret_commit, struct err *reterr);

/* Appends the text of a file as it is in a commit; `path` is relative to git_top, with slashes.
 * ERR_MISSING where the commit has no such file; ERR_UNSUPPORTED for a pointer of Git LFS. */
MUST_CHECK int git_read(struct git *git, struct view commit, struct view path, struct strbuf *out,
                        struct err *reterr);

/* The object name of that file, "" where there is none: equal names are equal texts. */
MUST_CHECK int git_object(struct git *git, struct view commit, struct view path,
                          char ret_name[GIT_NAME_SIZE], struct err *reterr);

/* Appends a unified diff of what changed from one commit to the other in those paths (relative to
 * git_top; none: everywhere), without colour. Cut after `limit` bytes, with a line that says so. */
MUST_CHECK int git_diff(struct git *git, struct view from, struct view to, const struct view *paths,
                        size_t path_count, size_t limit, struct strbuf *out, struct err *reterr);

/* True where the work tree or the index differ from HEAD in files that git follows. */
MUST_CHECK int git_is_dirty(struct git *git, bool *ret_is, struct err *reterr);

/* A setting, like user.name, in the arena; empty where there is none. */
MUST_CHECK int git_setting(struct git *git, const char *key, struct arena *arena,
                           struct view *ret_value, struct err *reterr);

#endif
