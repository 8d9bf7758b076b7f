/* SPDX-License-Identifier: Apache-2.0
 *
 * git_files: the files of a git revision as a plan reads them (struct plan_files of plan.h), so
 * that settings, prompts, templates and schemas of any commit can be asked without a checkout.
 *
 *   git_open → git_files_open → plan_make with options.files = git_files_reader(files) →
 *   git_files_close
 *
 * A path is taken relative to the process's folder, as the plan has it, and looked for in the
 * revision; what lies outside of the repository is read from the file system, where no revision
 * keeps it. Which files were read, found or not, is remembered: a commit in which they all are the
 * same needs no plan of its own (git_files_same).
 *
 * Blocking. Memory: base/mem. Threads: one owner, the one of the git. */
#ifndef ASSAY_APP_GIT_FILES_H
#define ASSAY_APP_GIT_FILES_H

#include "app/plan.h"
#include "shell/os/git.h"

struct git_files;

/* `commit` is a full name, as git_resolve gives it. */
MUST_CHECK int git_files_open(struct git *git, struct view commit, struct git_files **ret_files,
                              struct err *reterr);
/* NULL is fine. */
void git_files_close(struct git_files *files);

/* For plan_options.files; holds as long as the files. */
const struct plan_files *git_files_reader(struct git_files *files);

/* True where every file that was read (or looked for in vain) is the same in that other commit. */
MUST_CHECK int git_files_same(struct git_files *files, struct view commit, bool *ret_same,
                              struct err *reterr);

/* Paths within the repository of the files that were read, for git_diff. Hold until the next read
 * or close. */
const struct view *git_files_paths(const struct git_files *files, size_t *ret_count);

#endif
