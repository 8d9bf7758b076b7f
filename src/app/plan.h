/* SPDX-License-Identifier: Apache-2.0
 *
 * plan: what a golden run is going to do: settings, golden set, files, baseline, which entries
 * against which targets, how often. Made before anything is asked, so that every mistake in a
 * file is told first, with its place.
 *
 * Blocking: reads files. Memory: one arena, freed by plan_release. Threads: one owner. */
#ifndef ASSAY_APP_PLAN_H
#define ASSAY_APP_PLAN_H

#include "base/digest.h"
#include "config/settings.h"
#include "core/golden/adopt.h"
#include "core/golden/baseline.h"
#include "core/golden/entries.h"
#include "core/golden/shard.h"
#include "core/golden/quarantine.h"
#include "core/golden/signoff.h"
#include "core/validate/examine.h"

/* Where a plan's files come from, other than the file system: a git revision, say
 * (app/git_files.h). */
struct plan_files {
    /* Appends the file's text. ERR_MISSING where there is none. */
    int (*read)(void *context, const char *path, struct strbuf *out, struct err *reterr);
    void *context;
};

/* A golden set's own text, whose entries stand in for another one's (core/golden/adopt.h). */
struct plan_entries {
    struct view file; /* its path; what it names lies relative to it */
    struct view text; /* holds as long as the plan */
};

/* As the command line has it; NULL and 0 where it says nothing. */
struct plan_options {
    const char *config; /* NULL: assay.yaml where it is, else none */
    const char *suite;
    const char *target;
    const char *const *tags; /* any of them */
    size_t tag_count;
    const char *const *ids; /* these entries alone */
    size_t id_count;
    const char *const *overrides; /* KEY=VALUE */
    size_t override_count;
    const struct plan_files *files; /* settings, golden set, templates, system prompts and schemas
                                       come from there (a schema that is not there from the file
                                       system), and no baseline is read unless needed; NULL: all
                                       from the file system */
    const struct plan_entries *entries_from; /* with `files`: these entries are asked, matched by
                                                id, prompts by name; NULL: the set's own */
    struct shard shard;                      /* these of the items alone */
    int64_t repeat;
    int64_t repeat_max;     /* of --repeat auto, with a repeat of 0; else 0 */
    int64_t max_cost_micro; /* millionths of a dollar; 0: the suite's */
    int64_t concurrency;
    int64_t seed;       /* −1: the suite's */
    bool need_baseline; /* ERR_MISSING with the remedy where there is none */
    bool replaces;      /* a damaged baseline is as good as none: it is recorded anew */
    bool any_scorer;    /* a baseline made by other scorers is fine (it is made anew) */
};

struct plan_item {
    size_t entry;  /* index into set.entries */
    size_t target; /* index into targets */
};

struct plan_checks; /* plan_checks.h */

struct plan {
    struct arena arena;
    struct settings settings;
    const struct settings_suite *suite;
    struct golden_set set;
    struct expectation **expectations; /* of set.entries; NULL for those not asked */
    struct expectation **compiled;     /* each once (plan_expectations.h) */
    size_t compiled_count;
    struct plan_checks *checks; /* of a policy that entries list; NULL: none do */
    const struct settings_target **targets;
    size_t target_count;
    struct plan_item *items;
    size_t item_count;
    const struct view *prompt_texts; /* of set.prompts: system and messages in one text */
    struct adopted adopted;          /* of entries_from: what does not match */
    struct baseline baseline;
    bool has_baseline;
    const char *baseline_path;
    struct shard shard;
    char golden_version[DIGEST_SHORT_SIZE];   /* of the golden set's own text */
    char baseline_version[DIGEST_SHORT_SIZE]; /* of the baseline's; "" where there is none */
    const char *state_dir;                    /* .assay beside assay.yaml */
    struct plan_texts *texts;                 /* where long texts lie (plan_texts.h) */
    struct quarantine quarantine;
    struct signoffs signoffs; /* none where there is no such file */
    const char *signoffs_path;
    uint32_t repeat;
    uint32_t repeat_max;    /* above 0: entries are asked `repeat` to so many times */
    int64_t max_cost_micro; /* -1: no bound */
    uint32_t concurrency;
    uint64_t seed;
};

/* Reads and checks everything. ERR_CONFIG and others with all that is wrong, a line each. */
MUST_CHECK int plan_make(const struct plan_options *options, struct plan *ret_plan,
                         struct err *reterr);
void plan_release(struct plan *plan);

/* Settings alone, for commands that need no suite. Lives in the arena. */
MUST_CHECK int plan_settings(struct arena *arena, const char *config, const char *const *overrides,
                             size_t override_count, struct settings *ret_settings,
                             struct err *reterr);

/* The version of the scorer a suite uses, as baselines name it: "e5-small-q4/1", "tfidf/1", "none";
 * of an embeddings target "MODEL/own". In the arena; NULL without memory. */
const char *plan_scorer(const struct plan *plan, struct arena *arena);

#endif
