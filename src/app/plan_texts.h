/* SPDX-License-Identifier: Apache-2.0
 *
 * plan_texts: where the long texts of a run lie (answers, accepted answers, questions): in a spool
 * (shell/os/spool.h) under .assay/, so that 100,000 entries need not fit into memory, whatever
 * their answers say.
 *
 * Views hold until plan_texts_free. What was read is in memory until the next plan_texts_trim, to
 * be called in between wherever all texts are gone through.
 * Threads: one owner. */
#ifndef ASSAY_APP_PLAN_TEXTS_H
#define ASSAY_APP_PLAN_TEXTS_H

#include "base/digest.h"
#include "core/record/text_keeper.h"
#include "shell/os/file_map.h"

struct plan_texts;

/* ERR_MEMORY. */
MUST_CHECK int plan_texts_new(const char *state_dir, struct plan_texts **ret_texts);
/* NULL is fine. */
void plan_texts_free(struct plan_texts *texts);

/* Keeps texts; `reading` (may be NULL) is the file they are read from, whose pages are given back
 * on the way. Holds as long as both, or until the next call. */
struct text_keeper plan_texts_keeper(struct plan_texts *texts, const struct file_map *reading);

/* Gives back memory of texts that were looked at. The second gives it back every PLAN_TEXTS_STEP
 * calls, for loops over entries. NULL is fine. */
enum { PLAN_TEXTS_STEP = 2048 };
void plan_texts_trim(struct plan_texts *texts);
void plan_texts_passed(struct plan_texts *texts);

/* 12 hex digits that change with the file: as digest_short for files up to PLAN_TEXTS_PIECE, of
 * larger ones piece by piece. */
enum { PLAN_TEXTS_PIECE = 16 << 20 };
void plan_texts_version(const struct file_map *map, char ret_version[DIGEST_SHORT_SIZE]);

#endif
