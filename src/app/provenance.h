/* SPDX-License-Identifier: Apache-2.0
 *
 * provenance: who runs this, on which commit, in which job of a CI: for runs and baselines.
 *
 * git is asked (rev-parse, config, status), each question with a deadline, in the folder of the
 * golden set; where there is no git or no repository those parts stay empty, which is no error. The
 * job's address comes from GITHUB_SERVER_URL with GITHUB_REPOSITORY and GITHUB_RUN_ID, CI_JOB_URL
 * or BUILD_URL, without a user or password that stood in it. Nothing else of the environment is
 * kept, so no secret can be. Blocking: child processes, at most two seconds each. Memory: the
 * caller's arena. Threads: one owner. */
#ifndef ASSAY_APP_PROVENANCE_H
#define ASSAY_APP_PROVENANCE_H

#include "base/arena.h"
#include "core/record/run.h"

/* `folder` NULL or "": the current one. `program` is "assay 0.1.0". ERR_MEMORY. */
MUST_CHECK int provenance_find(const char *folder, const char *program, struct arena *arena,
                               struct provenance *ret_provenance);

/* The address without user and password, in the arena; empty where it is no http address. */
MUST_CHECK int provenance_clean_url(struct arena *arena, struct view url, struct view *ret_url);

#endif
